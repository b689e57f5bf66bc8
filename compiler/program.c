/* SPDX-License-Identifier: MIT */
/* program - mf_program_compile: one expression over names that the embedder
 * binds, as an image with one pure chunk. */
#include "program.h"
#include "../base/limits.h"
#include "../vm/program.h"
#include "expr_types.h"

/* ---- units ---- */

void mf_unit_close(mf_unit *u) { mf_arena_fini(&u->arena); }

/* Too large is no mistake of a place, and out of memory neither. */
mf_status mf_unit_open(mf_unit *u, const mf_program_options *options, mf_str expr) {
  mf_alloc alloc = mf_alloc_or_default(options->alloc.fn ? &options->alloc : NULL);
  memset(u, 0, sizeof *u);
  u->options = options;
  u->text = expr;
  mf_arena_init(&u->arena, &alloc, 0);
  mf_diags_init(&u->diags, &u->arena);
  mf_names_init(&u->slots, &u->arena);
  if (expr.n > UINT32_MAX / 2 || options->count > MF_LIMIT_SLOTS) return MF_EXPRESSION_INVALID;
  u->builder = mf_builder_new(&u->arena);
  if (u->builder == NULL) return MF_OUT_OF_MEMORY;
  mf_unit_declare(u);
  u->emitter = (mf_expr_emitter){.arena = &u->arena,
                                 .builder = u->builder,
                                 .diags = &u->diags,
                                 .env = &u->env,
                                 .strict_cel = options->strict_cel,
                                 .unchecked = options->unchecked,
                                 .regex = options->regex};
  return MF_OK;
}

static mf_status state_of(const mf_unit *u) {
  if (mf_arena_oom(&u->arena)) return MF_OUT_OF_MEMORY;
  return u->diags.errors ? MF_EXPRESSION_INVALID : MF_OK;
}

mf_expr *mf_unit_parse(mf_unit *u) {
  mf_expr_source source = {.text = u->text, .exact = true, .whole = {0, (uint32_t)u->text.n}};
  mf_expr *e = mf_expr_parse(&u->arena, &u->diags, &source);
  if (e && (u->container.n || u->emitter.declared_count)) mf_unit_name_functions(u, e);
  return e;
}

/* ---- code ---- */

static mf_status emit(mf_unit *u, const mf_expr *e) {
  if (e == NULL) return MF_OUT_OF_MEMORY;
  mf_builder_chunk_begin(u->builder, MF_STR("expr"), MF_CHUNK_KIND_PURE);
  mf_expr_emit(&u->emitter, e);
  mf_builder_emit(u->builder, MF_OP_RETURN, 0, 0, 0);
  mf_builder_chunk_end(u->builder);
  return state_of(u);
}

/* The code is used at once: no image is laid out for it. */
static mf_status finish(mf_unit *u, mf_program **out) {
  mf_image *image;
  const mf_status status = mf_builder_open(u->builder, &u->arena.alloc, &image);
  return status == MF_OK ? mf_program_of(&u->arena.alloc, image, out) : status;
}

/* ---- reporting ---- */

static void report_one(const mf_unit *u, const mf_lines *lines, const mf_diag *diag) {
  char code[16];
  mf_code_text(diag->code, code);
  mf_diagnostic d = {.severity = diag->severity,
                     .code = code,
                     .message = diag->message,
                     .suggestion = diag->suggestion,
                     .offset = diag->span.offset,
                     .length = diag->span.length};
  if (diag->span.length) mf_lines_find(lines, d.offset, &d.line, &d.column);
  u->options->report(u->options->report_ctx, &d);
}

void mf_unit_report(mf_unit *u) {
  mf_lines lines;
  if (u->options->report == NULL || u->diags.count == 0) return;
  mf_diags_sort(&u->diags);
  if (!mf_lines_init(&lines, &u->arena, u->text)) return;
  for (uint32_t i = 0; i < u->diags.count; i++) report_one(u, &lines, &u->diags.items[i]);
}

mf_status mf_program_compile_with(const mf_program_options *options, mf_str expr,
                                  mf_program **out) {
  mf_unit u;
  *out = NULL;
  mf_status status = mf_unit_open(&u, options, expr);
  if (status == MF_OK) status = emit(&u, mf_unit_parse(&u));
  if (status == MF_OK) status = finish(&u, out);
  mf_unit_report(&u);
  mf_unit_close(&u);
  return status;
}

/* `as_noted`: the values of e's constant parts are as they were noted before. */
static mf_status program_of(const mf_program_options *options, mf_str text, const mf_expr *e,
                            bool as_noted, mf_program **out) {
  mf_unit u;
  *out = NULL;
  mf_status status = mf_unit_open(&u, options, text);
  u.emitter.as_noted = as_noted;
  if (status == MF_OK) status = emit(&u, e);
  if (status == MF_OK) status = finish(&u, out);
  mf_unit_report(&u);
  mf_unit_close(&u);
  return status;
}

mf_status mf_program_of_part(const mf_program_options *options, mf_str text, const mf_expr *e,
                             mf_program **out) {
  return program_of(options, text, e, false, out);
}

mf_status mf_program_of_tree(const mf_program_options *options, const mf_expr *e,
                             mf_program **out) {
  return program_of(options, MF_STR(""), e, true, out);
}

/* ---- types ---- */

/* The tree, checked if it is right so far; NULL with *status otherwise. */
static mf_expr *look(mf_unit *u, bool typed, mf_status *status) {
  mf_expr *e = *status == MF_OK ? mf_unit_parse(u) : NULL;
  if (*status == MF_OK) *status = e ? state_of(u) : MF_OUT_OF_MEMORY;
  if (*status == MF_OK && typed) {
    mf_expr_prepare(&u->emitter, e);
    *status = state_of(u);
  }
  return *status == MF_OK ? e : NULL;
}

mf_status mf_program_look(const mf_program_options *options, mf_str expr, bool typed, mf_buf *out,
                          void (*view)(mf_buf *out, mf_str text, const mf_expr *e)) {
  mf_unit u;
  mf_buf_init(out, options->alloc.fn ? &options->alloc : NULL, 0);
  mf_status status = mf_unit_open(&u, options, expr);
  const mf_expr *e = look(&u, typed, &status);
  if (e) view(out, expr, e);
  mf_unit_report(&u);
  mf_unit_close(&u);
  return status;
}

mf_status mf_program_check_over(const mf_program_options *options,
                                const mf_declared_function *functions, size_t count, mf_str expr,
                                mf_buf *type) {
  mf_unit u;
  mf_status status = mf_unit_open(&u, options, expr);
  u.emitter.declared = functions;
  u.emitter.declared_count = count;
  const mf_expr *e = look(&u, true, &status);
  if (e) mf_type_write(type, e->type);
  mf_unit_report(&u);
  mf_unit_close(&u);
  return status;
}

static void copy_text(mf_str text, char *out, size_t size) {
  size_t n = text.n < size ? text.n : size - 1;
  while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80) n--;
  if (n) memcpy(out, text.p, n);
  out[n] = '\0';
}

mf_status mf_program_check(const mf_program_options *options, mf_str expr, char *type,
                           size_t size) {
  mf_buf text;
  mf_buf_init(&text, options->alloc.fn ? &options->alloc : NULL, 0);
  mf_status status = mf_program_check_over(options, NULL, 0, expr, &text);
  if (size) copy_text(mf_buf_str(&text), type, size);
  mf_buf_fini(&text);
  return status;
}

/* ---- the message ---- */

/* "12: no variable ...", then the line and its carets as diagnostics show them. */
static void write_message(mf_unit *u, char *message, size_t size) {
  mf_lines lines;
  uint32_t line = 0, column = 0;
  mf_buf out, shown;
  mf_buf_init(&out, &u->arena.alloc, 0);
  mf_buf_init(&shown, &u->arena.alloc, 0);
  mf_diags_sort(&u->diags);
  const mf_diag *diag = &u->diags.items[0];
  while (diag->severity == MF_SEVERITY_WARNING && diag + 1 < u->diags.items + u->diags.count)
    diag++;
  if (mf_lines_init(&lines, &u->arena, u->text)) {
    mf_lines_find(&lines, diag->span.offset, &line, &column);
    mf_buf_printf(&out, "%u: %s", (unsigned)column, diag->message);
    if (diag->suggestion) mf_buf_printf(&out, "; %s", diag->suggestion);
    mf_diag_write_text(&shown, "", &lines, diag);
    mf_str text = mf_buf_str(&shown);
    size_t end = mf_str_find(text, MF_STR("\n"), 0);
    if (end != SIZE_MAX) mf_buf_add(&out, text.p + end, text.n - end - 1);
  }
  copy_text(mf_buf_str(&out), message, size);
  mf_buf_fini(&shown);
  mf_buf_fini(&out);
}

/* Names without types, as a schema. */
static mf_status untyped(const mf_alloc *alloc, const char *const *names, size_t count,
                         mf_schema_entry **out) {
  *out = NULL;
  if (count > MF_LIMIT_SLOTS) return MF_EXPRESSION_INVALID;
  if (count == 0) return MF_OK;
  *out = mf_realloc(alloc, NULL, 0, count * sizeof **out);
  if (*out == NULL) return MF_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++) (*out)[i] = (mf_schema_entry){names[i], NULL};
  return MF_OK;
}

static mf_status compile(const mf_program_options *options, mf_str expr, mf_program **out,
                         char *message, size_t size) {
  mf_unit u;
  mf_status status = mf_unit_open(&u, options, expr);
  if (status == MF_OK) status = emit(&u, mf_unit_parse(&u));
  if (status == MF_OK) status = finish(&u, out);
  if (status == MF_EXPRESSION_INVALID && size && u.diags.count) write_message(&u, message, size);
  mf_unit_close(&u);
  return status;
}

mf_status mf_program_compile(const mf_alloc *alloc, mf_str expr, const char *const *names,
                             size_t count, mf_program **out, char *message, size_t message_size) {
  mf_program_options options = {.alloc = mf_alloc_or_default(alloc), .count = count};
  mf_schema_entry *schema;
  size_t size = message ? message_size : 0;
  *out = NULL;
  if (size) message[0] = '\0';
  mf_status status = untyped(&options.alloc, names, count, &schema);
  options.schema = schema;
  if (status == MF_OK) status = compile(&options, expr, out, message, size);
  if (schema) mf_realloc(&options.alloc, schema, count * sizeof *schema, 0);
  return status;
}
