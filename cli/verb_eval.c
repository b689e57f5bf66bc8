/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Names and slot values side by side, each name once (the last one wins). */
static size_t collect(const cli_variables *v, char **names, mf_value *values) {
  size_t count = 0;
  for (size_t i = 0; i < v->count; i++) {
    mf_str name = v->items[i].name;
    size_t at = 0;
    while (at < count && (strlen(names[at]) != name.n || memcmp(names[at], name.p, name.n))) at++;
    if (at == count) names[count++] = strndup(name.p, name.n);
    values[at] = v->items[i].value;
  }
  return count;
}

static int print_result(const mf_value *result) {
  if (result->kind == MF_ERROR) return cli_fail(CLI_FAILED, "%.*s", (int)result->len, result->as.s);
  mf_value_print(result, true, cli_stdout());
  putchar('\n');
  return CLI_OK;
}

static int evaluate(const char *text, char **names, const mf_value *values, size_t count) {
  mf_alloc alloc = mf_alloc_default();
  mf_program *program = NULL;
  mf_evaluator *evaluator = NULL;
  char message[512] = "";
  mf_value result;
  mf_status status = mf_program_compile(&alloc, (mf_str){text, strlen(text)},
                                        (const char *const *)names, count, &program, message,
                                        sizeof message);
  if (status != MF_OK)
    return cli_fail(CLI_INVALID, "%s", message[0] ? message : mf_status_text(status));
  status = mf_evaluator_new(&alloc, &evaluator);
  if (status == MF_OK) status = mf_eval(program, evaluator, values, &result);
  int code = status == MF_OK ? print_result(&result) : cli_fail(6, "%s", mf_status_text(status));
  mf_evaluator_free(evaluator);
  mf_program_free(program);
  return code;
}

int verb_eval(int argc, char **argv) {
  static const struct option longs[] = {{"var", required_argument, NULL, 'v'},
                                        {"vars", required_argument, NULL, 'f'},
                                        {NULL, 0, NULL, 0}};
  cli_variables variables = {.items = NULL};
  int option, code = CLI_OK;
  while (code == CLI_OK && (option = getopt_long(argc, argv, "", longs, NULL)) != -1)
    code = option == 'v'   ? cli_variable_add(&variables, optarg)
           : option == 'f' ? cli_variables_file(&variables, optarg)
                           : CLI_USAGE;
  if (code == CLI_OK && optind + 1 != argc) code = cli_fail(CLI_USAGE, "eval: give one expression");
  if (code == CLI_OK) {
    char **names = calloc(variables.count + 1, sizeof *names);
    mf_value *values = calloc(variables.count + 1, sizeof *values);
    size_t count = names && values ? collect(&variables, names, values) : 0;
    code = names && values ? evaluate(argv[optind], names, values, count)
                           : cli_fail(CLI_BUG, "out of memory");
    for (size_t i = 0; i < count; i++) free(names[i]);
    free(names);
    free(values);
  }
  cli_variables_free(&variables);
  return code;
}

int verb_explain(int argc, char **argv) {
  const char *explanation = NULL;
  if (argc != 2) return cli_fail(CLI_USAGE, "explain: give one code, such as MF-E0203");
  if (!mf_explain(argv[1], &explanation))
    return cli_fail(CLI_USAGE, "no diagnostic has the code '%s'", argv[1]);
  printf("%s: %s\n", argv[1], explanation);
  return CLI_OK;
}
