/* SPDX-License-Identifier: MIT */
/* Compiles one expression and evaluates it over many rows: what a load generator
 * does with every response.
 *
 *   cc compile_and_eval.c -lmfvm && ./a.out */
#include <mfvm.h>
#include <stdio.h>
#include <string.h>

static void print_mistake(void *ctx, const mf_diagnostic *d) {
  fprintf(ctx, "%u:%u: %s [%s]\n", d->line, d->column, d->message, d->code);
}

int main(void) {
  static const mf_schema_entry schema[] = {{"latency", "double"}, {"error_rate", "double"}};
  const mf_program_options options = {
      .schema = schema, .count = 2, .report = print_mistake, .report_ctx = stderr};
  const char *text = "latency > 500.0 && error_rate < 0.05";
  mf_alloc alloc = mf_alloc_default();
  mf_program *program = NULL;
  mf_evaluator *evaluator = NULL;
  int slow = 0;

  mf_status status = mf_program_compile_with(&options, (mf_str){text, strlen(text)}, &program);
  if (status != MF_OK) return 1; /* and print_mistake has said why */
  status = mf_evaluator_new(&alloc, &evaluator);
  for (int i = 0; status == MF_OK && i < 1000; i++) {
    mf_value result;
    const mf_value slots[] = {{.kind = MF_DOUBLE, .as.d = (double)i},
                              {.kind = MF_DOUBLE, .as.d = 0.01}};
    status = mf_eval(program, evaluator, slots, &result);
    if (status != MF_OK || result.kind != MF_BOOL) break;
    slow += (int)result.as.i;
  }
  printf("%d of 1000 rows are slow\n", slow);
  mf_evaluator_free(evaluator);
  mf_program_free(program);
  return status == MF_OK && slow == 499 ? 0 : 1;
}
