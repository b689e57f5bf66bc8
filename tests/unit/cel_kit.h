/* SPDX-License-Identifier: MIT */
/* cel_kit - evaluating an expression in two ways: as it is, and with every
 * literal moved into a variable.  So what the compiler folds must be what the
 * machine computes. */
#ifndef MF_TESTS_CEL_KIT_H
#define MF_TESTS_CEL_KIT_H
#include <stdio.h>
#include <stdlib.h>

#include "../../compiler/expr.h"
#include "../../vm/evaluator.h"
#include "../../vm/value.h"

#define CEL_FUEL 1000000
enum { CEL_MAX_NAMES = 400 };

/* One expression and what it is evaluated over. */
typedef struct cel_subject {
  mf_str expr;
  const char *names[CEL_MAX_NAMES];
  mf_value slots[CEL_MAX_NAMES];
  uint32_t count;
} cel_subject;

/* ---- results as text ---- */

static inline const char *cel_error_name(uint16_t code) {
  static const char *const names[] = {
      "NONE",         "NO_VALUE", "NO_OVERLOAD",    "OVERFLOW",     "DIVIDE_BY_ZERO", "NO_KEY",
      "OUT_OF_RANGE", "BAD_KEY",  "BAD_CONVERSION", "BAD_ARGUMENT", "BAD_FORMAT",
  };
  return code < sizeof names / sizeof names[0] ? names[code] : "?";
}

static inline void cel_write_result(mf_buf *out, mf_status status, const mf_value *v) {
  mf_json_writer w;
  mf_json_write_init(&w, out, 0);
  if (status != MF_OK)
    mf_buf_printf(out, "status: %s", mf_status_name(status));
  else if (v->kind == MF_ERROR)
    mf_buf_printf(out, "error: %s", cel_error_name(v->aux));
  else
    mf_value_write_json(&w, v);
}

/* What the image's instructions say, if it is not what fast code said; results have no
 * line ends of their own. */
static inline void cel_add_difference(const mf_program *program, mf_evaluator *evaluator,
                                      const mf_value *slots, mf_buf *out) {
  mf_buf generic;
  mf_value result = {.kind = MF_UNSET};
  mf_buf_init(&generic, NULL, 0);
  mf_status status = mf_eval_generic(program, evaluator, slots, &result);
  cel_write_result(&generic, status, &result);
  if (strcmp(generic.p, out->p) != 0) mf_buf_printf(out, "\nbut not by fast code: %s", generic.p);
  mf_buf_fini(&generic);
}

/* The same of many rows at once: whole blocks, and a rest.  Memory is for all of them:
 * where it, or the fuel of a row, ended either way there is nothing to compare. */
static inline void cel_add_block_difference(const mf_program *program, mf_evaluator *evaluator,
                                            const mf_value *slots, mf_buf *out) {
  enum { ROWS = 66 };
  const mf_value *rows[ROWS];
  mf_value results[ROWS];
  mf_buf one;
  for (unsigned i = 0; i < ROWS; i++) rows[i] = slots;
  if (mf_eval_rows(program, evaluator, rows, ROWS, results) != MF_OK) return;
  mf_buf_init(&one, NULL, 0);
  for (unsigned i = 0; i < ROWS; i += 13) {
    mf_buf_clear(&one);
    cel_write_result(&one, MF_OK, &results[i]);
    if (strcmp(one.p, out->p) == 0) continue;
    mf_buf_printf(out, "\nbut not by fast code of rows: %s", one.p);
    break;
  }
  mf_buf_fini(&one);
}

static inline void cel_evaluate(const mf_program *program, const mf_value *slots, mf_buf *out) {
  mf_evaluator *evaluator;
  mf_value result = {.kind = MF_UNSET};
  mf_status status = mf_evaluator_new(NULL, &evaluator);
  if (status != MF_OK) return;
  mf_evaluator_set_fuel(evaluator, CEL_FUEL);
  mf_evaluator_set_regex(evaluator, mf_regex_re2());
  status = mf_eval(program, evaluator, slots, &result);
  cel_write_result(out, status, &result);
  if (status == MF_OK) cel_add_block_difference(program, evaluator, slots, out);
  cel_add_difference(program, evaluator, slots, out);
  mf_evaluator_free(evaluator);
}

/* ---- with nothing to fold ---- */

/* The slot named names[0].names[1]..., MF_ABSENT if none. */
static inline uint32_t cel_slot_named(const cel_subject *s, const mf_str *names, uint32_t count) {
  char dotted[500] = "";
  size_t n = 0;
  for (uint32_t i = 0; i < count && n < sizeof dotted; i++)
    n += (size_t)snprintf(dotted + n, sizeof dotted - n, "%s%.*s", i ? "." : "", (int)names[i].n,
                          names[i].p);
  for (uint32_t i = 0; i < s->count; i++)
    if (strcmp(dotted, s->names[i]) == 0) return i;
  return MF_ABSENT;
}

static inline uint32_t cel_dots(const char *name) {
  uint32_t dots = 0;
  for (; *name; name++) dots += *name == '.';
  return dots;
}

/* Whether names[0].names[1]... is `name`. */
static inline bool cel_is_name(const mf_str *names, uint32_t count, const char *name) {
  size_t at = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (i > 0 && name[at++] != '.') return false;
    if (strncmp(name + at, names[i].p, names[i].n) != 0) return false;
    at += names[i].n;
  }
  return name[at] == '\0';
}

static inline mf_ref cel_resolve(void *ctx, const mf_str *names, const mf_span *spans,
                                 uint32_t count) {
  const cel_subject *s = ctx;
  (void)spans;
  for (uint32_t used = count; used > 0; used--) {
    uint32_t slot = cel_slot_named(s, names, used);
    if (slot != MF_ABSENT) return (mf_ref){.kind = MF_REF_SLOT, .used = used, .slot = slot};
  }
  for (uint8_t kind = MF_NULL; kind <= MF_CIDR; kind++) {
    uint32_t used = cel_dots(mf_kind_name(kind)) + 1;
    if (used <= count && cel_is_name(names, used, mf_kind_name(kind)))
      return (mf_ref){.kind = MF_REF_CONSTANT, .used = used, .value = mf_type_value(kind)};
  }
  return (mf_ref){.kind = MF_REF_CONSTANT, .used = 1, .value = mf_null()};
}

static inline void cel_move_literals(mf_arena *arena, cel_subject *s, mf_expr *e) {
  for (mf_expr *child = e->first; child; child = child->next) cel_move_literals(arena, s, child);
  if (e->kind != MF_EXPR_LITERAL || s->count == CEL_MAX_NAMES) return;
  s->names[s->count] = mf_arena_printf(arena, "literal %u", s->count);
  s->slots[s->count++] = e->value;
  e->kind = MF_EXPR_IDENT;
  e->name = mf_str_of(s->names[s->count - 1]);
}

static inline mf_program *cel_compile_unfolded(mf_arena *arena, cel_subject *s) {
  mf_diags diags;
  mf_buf image;
  mf_program *program = NULL;
  mf_expr_source source = {.text = s->expr, .exact = true};
  mf_builder *builder = mf_builder_new(arena);
  mf_names_env env = {.resolve = cel_resolve, .ctx = s};
  mf_expr_emitter em = {
      .arena = arena, .builder = builder, .diags = &diags, .env = &env, .unchecked = true};
  mf_diags_init(&diags, arena);
  mf_expr *e = mf_expr_parse(arena, &diags, &source);
  cel_move_literals(arena, s, e);
  for (uint32_t i = 0; i < s->count; i++) {
    uint32_t fields[3] = {mf_builder_string(builder, mf_str_of(s->names[i])), MF_SLOT_KIND_FREE, 0};
    mf_builder_row(builder, MF_TABLE_SLOT, fields);
  }
  mf_builder_chunk_begin(builder, MF_STR("expr"), MF_CHUNK_KIND_PURE);
  mf_expr_emit(&em, e);
  mf_builder_emit(builder, MF_OP_RETURN, 0, 0, 0);
  mf_builder_chunk_end(builder);
  mf_buf_init(&image, NULL, 0);
  mf_status status = mf_builder_finish(builder, &image, NULL, 0);
  uint8_t *bytes = status == MF_OK && diags.errors == 0 ? malloc(image.n) : NULL;
  if (bytes) {
    memcpy(bytes, image.p, image.n);
    mf_program_from_image(NULL, bytes, image.n, &program);
  }
  mf_buf_fini(&image);
  return program;
}
#endif
