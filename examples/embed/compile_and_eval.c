/* SPDX-License-Identifier: MIT */
/* Compiles one expression and evaluates it over many rows: what a load generator
 * does with every response.
 *
 *   cc compile_and_eval.c -lmfvm && ./a.out */
#include <mfvm.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  static const char *const names[] = {"latency", "error_rate"}; /* slots 0 and 1 */
  const char *text = "latency > 500.0 && error_rate < 0.05";
  mf_alloc alloc = mf_alloc_default();
  mf_program *program = NULL;
  mf_evaluator *evaluator = NULL;
  char message[256] = "";
  int slow = 0;

  mf_status status = mf_program_compile(&alloc, (mf_str){text, strlen(text)}, names, 2, &program,
                                        message, sizeof message);
  if (status != MF_OK) {
    fprintf(stderr, "%s: %s\n", mf_status_text(status), message);
    return 1;
  }
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
