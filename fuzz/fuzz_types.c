/* SPDX-License-Identifier: MIT */
/* Any bytes as an expression over typed names: the checker ends, what it accepts
 * comes out with the type it said, as it does unchecked, and an explanation
 * begins with the same value. */
#include <stdlib.h>

#include "../compiler/program.h"
#include "../tests/unit/cel_types.h"
#include "../vm/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert: this must hold in release builds as well. */
static void must(bool holds) {
  if (!holds) abort();
}

enum { FUEL = 200000, NAMES = 8 };

static const mf_schema_entry schema[NAMES] = {
    {"a", "int"},  {"b", "double"},      {"c", "string"},           {"d", NULL},
    {"e", "bool"}, {"f.g", "list(int)"}, {"m", "map(string, int)"}, {"n", "number"},
};

static const mf_value items[] = {{.kind = MF_INT, .as.i = 1}, {.kind = MF_INT, .as.i = 2}};
static const mf_pair pairs[] = {
    {{.kind = MF_STRING, .len = 1, .as.s = "k"}, {.kind = MF_INT, .as.i = 7}}};
static const mf_map map = {.count = 1, .pairs = pairs};
static const mf_value slots[NAMES] = {
    {.kind = MF_INT, .as.i = 5},
    {.kind = MF_DOUBLE, .as.d = 2.5},
    {.kind = MF_STRING, .len = 4, .as.s = "text"},
    {.kind = MF_UNSET},
    {.kind = MF_BOOL, .as.i = 1},
    {.kind = MF_LIST, .len = 2, .as.list = items},
    {.kind = MF_MAP, .len = 1, .as.map = &map},
    {.kind = MF_UINT, .as.u = 3},
};

static void check_place(void *ctx, const mf_diagnostic *d) {
  const size_t *size = ctx;
  must((size_t)d->offset + d->length <= *size + 1);
}

static void write_value(mf_buf *out, const mf_value *v) {
  mf_json_writer w;
  mf_json_write_init(&w, out, 0);
  if (v->kind == MF_ERROR)
    mf_buf_printf(out, "error %u", v->aux);
  else
    mf_value_write_json(&w, v);
}

/* The result as text, empty if there is none; it has the type, if one is given. */
static void evaluate(const mf_program_options *options, mf_evaluator *e, mf_str text,
                     const mf_buf *type, mf_buf *out) {
  mf_program *program;
  mf_value result;
  if (mf_program_compile_with(options, text, &program) != MF_OK) return;
  if (mf_eval(program, e, slots, &result) == MF_OK) {
    write_value(out, &result);
    must(type == NULL || cel_has_type_text(&result, mf_buf_str(type)));
  }
  mf_program_free(program);
}

static void explain(const mf_program_options *options, mf_evaluator *e, mf_str text,
                    const mf_buf *want) {
  mf_explanation *explanation;
  if (mf_eval_explain(options, text, e, slots, &explanation) != MF_OK) return;
  mf_buf got;
  mf_buf_init(&got, NULL, 0);
  mf_reason whole = mf_explanation_get(explanation, 0);
  write_value(&got, &whole.value);
  must(mf_str_eq(mf_buf_str(&got), mf_buf_str(want)));
  mf_buf_fini(&got);
  mf_explanation_free(explanation);
}

static void compare(mf_program_options *options, mf_evaluator *e, mf_str text) {
  mf_buf checked, unchecked, type;
  mf_buf_init(&checked, NULL, 0);
  mf_buf_init(&unchecked, NULL, 0);
  mf_buf_init(&type, NULL, 0);
  if (mf_program_check_over(options, NULL, 0, text, &type) == MF_OK)
    evaluate(options, e, text, &type, &checked);
  if (checked.n) {
    explain(options, e, text, &checked);
    options->unchecked = true;
    evaluate(options, e, text, NULL, &unchecked);
    must(unchecked.n == 0 || mf_str_eq(mf_buf_str(&checked), mf_buf_str(&unchecked)));
  }
  mf_buf_fini(&type);
  mf_buf_fini(&unchecked);
  mf_buf_fini(&checked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mf_evaluator *e;
  mf_str text = {(const char *)data, size};
  mf_program_options options = {
      .schema = schema, .count = NAMES, .report = check_place, .report_ctx = &size};
  if (size > 4096 || mf_evaluator_new(NULL, &e) != MF_OK) return 0;
  mf_evaluator_set_fuel(e, FUEL);
  for (int strict = 0; strict < 2; strict++) {
    options.strict_cel = strict;
    options.unchecked = false;
    compare(&options, e, text);
  }
  mf_evaluator_free(e);
  return 0;
}
