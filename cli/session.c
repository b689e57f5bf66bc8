/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <stdlib.h>
#include <string.h>

static void print_mistake(void *ctx, const mf_diagnostic *d) {
  const cli_session *s = ctx;
  mf_diagnostic_print(d, s->source, s->expr, cli_stderr());
}

int cli_session_open(cli_session *s) {
  *s = (cli_session){.source = "expression"};
  s->options = (mf_program_options){
      .report = print_mistake, .report_ctx = s, .regex = mf_regex_re2()};
  if (mf_evaluator_new(NULL, &s->evaluator) != MF_OK) return cli_fail(CLI_BUG, "out of memory");
  mf_evaluator_set_regex(s->evaluator, mf_regex_re2());
  return CLI_OK;
}

void cli_session_close(cli_session *s) {
  for (size_t i = 0; i < s->options.count; i++) free((void *)(uintptr_t)s->schema[i].name);
  free(s->schema);
  free(s->slots);
  mf_evaluator_free(s->evaluator);
}

/* ---- names ---- */

static bool grow(cli_session *s) {
  size_t cap = s->cap ? s->cap * 2 : 16;
  mf_schema_entry *schema = realloc(s->schema, cap * sizeof *schema);
  if (schema) s->schema = schema;
  mf_value *slots = realloc(s->slots, cap * sizeof *slots);
  if (slots) s->slots = slots;
  if (!schema || !slots) return false;
  s->cap = cap;
  s->options.schema = s->schema;
  return true;
}

/* The place of a name; SIZE_MAX when out of memory. */
static size_t slot_of(cli_session *s, mf_str name) {
  for (size_t i = 0; i < s->options.count; i++)
    if (!strncmp(s->schema[i].name, name.p, name.n) && !s->schema[i].name[name.n]) return i;
  char *copy = strndup(name.p, name.n);
  if (!copy || (s->options.count == s->cap && !grow(s))) {
    free(copy);
    return SIZE_MAX;
  }
  s->schema[s->options.count] = (mf_schema_entry){copy, NULL};
  s->slots[s->options.count] = (mf_value){.kind = MF_UNSET};
  return s->options.count++;
}

int cli_session_set(cli_session *s, mf_str name, mf_value value) {
  size_t at = slot_of(s, name);
  if (at == SIZE_MAX) return cli_fail(CLI_BUG, "out of memory");
  s->slots[at] = value;
  return CLI_OK;
}

int cli_session_type(cli_session *s, mf_str name, const char *type) {
  size_t at = slot_of(s, name);
  if (at == SIZE_MAX) return cli_fail(CLI_BUG, "out of memory");
  s->schema[at].type = type;
  return CLI_OK;
}

/* ---- evaluating ---- */

int cli_session_status(mf_status status) {
  enum { BUDGET = 6 };
  if (status == MF_OK) return CLI_OK;
  if (status == MF_EXPRESSION_INVALID) return CLI_INVALID;
  return cli_fail(BUDGET, "%s", mf_status_text(status));
}

int cli_session_compile(cli_session *s, mf_str expr, mf_program **out) {
  s->expr = expr;
  return cli_session_status(mf_program_compile_with(&s->options, expr, out));
}

int cli_session_run(cli_session *s, const mf_program *program, mf_value *result) {
  return cli_session_status(mf_eval(program, s->evaluator, s->slots, result));
}

int cli_print_value(const mf_value *value) {
  if (value->kind == MF_ERROR) return cli_fail(CLI_FAILED, "%.*s", (int)value->len, value->as.s);
  mf_status status = mf_value_print(value, true, cli_stdout());
  if (status == MF_OK) putchar('\n');
  return cli_session_status(status);
}

int cli_session_evaluate(cli_session *s, mf_str expr) {
  mf_program *program = NULL;
  mf_value result;
  int code = cli_session_compile(s, expr, &program);
  if (code == CLI_OK) code = cli_session_run(s, program, &result);
  if (code == CLI_OK) code = cli_print_value(&result);
  mf_program_free(program);
  return code;
}

int cli_session_explain(cli_session *s, mf_str expr) {
  mf_explanation *explanation = NULL;
  s->expr = expr;
  int code = cli_session_status(
      mf_eval_explain(&s->options, expr, s->evaluator, s->slots, &explanation));
  if (code != CLI_OK) return code;
  mf_explanation_print(explanation, expr, cli_stdout());
  bool failed = mf_explanation_get(explanation, 0).value.kind == MF_ERROR;
  mf_explanation_free(explanation);
  return failed ? CLI_FAILED : CLI_OK;
}
