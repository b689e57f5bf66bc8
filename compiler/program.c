/* SPDX-License-Identifier: MIT */
/* program - mf_program_compile: one expression over names that the embedder
 * binds, as an image with one pure chunk. */
#include "../vm/program.h"
#include "../base/limits.h"
#include "../vm/value.h"
#include "expr.h"

typedef struct compilation {
  mf_arena arena;
  mf_diags diags;
  mf_builder *builder;
  mf_names free_names; /* to slot */
  bool has_dots;       /* in any of them */
} compilation;

/* ---- names ---- */

/* names[0..count-1] joined by dots. */
static mf_str dotted(mf_arena *arena, const mf_str *names, uint32_t count) {
  size_t n = count - 1, at = 0;
  for (uint32_t i = 0; i < count; i++) n += names[i].n;
  char *text = mf_arena_get(arena, n);
  for (uint32_t i = 0; text && i < count; i++) {
    if (i > 0) text[at++] = '.';
    memcpy(text + at, names[i].p, names[i].n);
    at += names[i].n;
  }
  return (mf_str){text, at};
}

static uint32_t slot_of(compilation *c, const mf_str *names, uint32_t count) {
  return mf_names_get(&c->free_names, count == 1 ? names[0] : dotted(&c->arena, names, count));
}

/* Names of types are values; a variable of that name hides one. */
static bool type_named(mf_str name, mf_value *out) {
  static const uint8_t kinds[] = {MF_NULL,   MF_BOOL,  MF_INT,  MF_UINT, MF_DOUBLE,
                                  MF_STRING, MF_BYTES, MF_LIST, MF_MAP,  MF_TYPE};
  for (size_t i = 0; i < sizeof kinds; i++) {
    *out = mf_type_value(kinds[i]);
    if (mf_str_eq(name, mf_value_str(*out))) return true;
  }
  return false;
}

static void report_unknown(compilation *c, mf_str name, mf_span span) {
  mf_near near;
  mf_near_init(&near, name);
  for (uint32_t i = 0; i < c->free_names.count; i++)
    mf_near_offer(&near, c->free_names.entries[i].name);
  mf_str best = mf_near_best(&near);
  const char *hint = best.n
                         ? mf_arena_printf(&c->arena, "did you mean '%.*s'?", (int)best.n, best.p)
                         : NULL;
  mf_diag_add_hint(&c->diags, MF_E_UNKNOWN_NAME, span, hint, (int)name.n, name.p);
}

/* The longest prefix that is a name wins, as CEL has it. */
static mf_ref resolve(void *ctx, const mf_str *names, const mf_span *spans, uint32_t count) {
  compilation *c = ctx;
  for (uint32_t used = c->has_dots ? count : 1; used > 0; used--) {
    uint32_t slot = slot_of(c, names, used);
    if (slot != MF_NAMES_NONE) return (mf_ref){.kind = MF_REF_SLOT, .used = used, .slot = slot};
  }
  mf_ref ref = {.kind = MF_REF_CONSTANT, .used = 1};
  if (type_named(names[0], &ref.value)) return ref;
  report_unknown(c, names[0], spans[0]);
  return (mf_ref){.kind = MF_REF_UNKNOWN, .used = count};
}

static void add_names(compilation *c, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    mf_str name = mf_str_of(names[i]);
    uint32_t fields[3] = {mf_builder_string(c->builder, name), MF_SLOT_KIND_FREE, 0};
    c->has_dots |= name.n > 0 && memchr(name.p, '.', name.n) != NULL;
    mf_names_set(&c->free_names, name, mf_builder_row(c->builder, MF_TABLE_SLOT, fields));
  }
}

/* ---- code ---- */

static mf_status emit(compilation *c, mf_str expr) {
  mf_expr_source source = {.text = expr, .exact = true, .whole = {0, (uint32_t)expr.n}};
  mf_names_env env = {resolve, c};
  mf_expr_emitter em = {.arena = &c->arena, .builder = c->builder, .diags = &c->diags, .env = &env};
  mf_expr *e = mf_expr_parse(&c->arena, &c->diags, &source);
  if (e == NULL) return MF_OUT_OF_MEMORY;
  mf_builder_chunk_begin(c->builder, MF_STR("expr"), MF_CHUNK_KIND_PURE);
  mf_expr_emit(&em, e);
  mf_builder_emit(c->builder, MF_OP_RETURN, 0, 0, 0);
  mf_builder_chunk_end(c->builder);
  if (mf_arena_oom(&c->arena)) return MF_OUT_OF_MEMORY;
  return c->diags.errors ? MF_EXPRESSION_INVALID : MF_OK;
}

/* Hands the image to a program, in a block of its own size. */
static mf_status finish(compilation *c, const mf_alloc *alloc, mf_program **out) {
  mf_buf image;
  mf_buf_init(&image, alloc, (size_t)MF_LIMIT_IMAGE_BYTES);
  mf_status status = mf_builder_finish(c->builder, &image, NULL, 0);
  uint8_t *bytes = status == MF_OK ? mf_realloc(alloc, NULL, 0, image.n) : NULL;
  if (bytes)
    memcpy(bytes, image.p, image.n);
  else if (status == MF_OK)
    status = MF_OUT_OF_MEMORY;
  if (status == MF_OK) status = mf_program_from_image(alloc, bytes, image.n, out);
  mf_buf_fini(&image);
  return status;
}

/* ---- the message ---- */

static void copy_message(mf_str text, char *message, size_t size) {
  size_t n = text.n < size ? text.n : size - 1;
  while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80) n--;
  if (n) memcpy(message, text.p, n);
  message[n] = '\0';
}

/* "12: no variable ...", then the line and its carets as diagnostics show them. */
static void write_message(compilation *c, mf_str expr, char *message, size_t size) {
  mf_lines lines;
  uint32_t line = 0, column = 0;
  mf_buf out, shown;
  mf_buf_init(&out, &c->arena.alloc, 0);
  mf_buf_init(&shown, &c->arena.alloc, 0);
  mf_diags_sort(&c->diags);
  const mf_diag *diag = &c->diags.items[0];
  if (mf_lines_init(&lines, &c->arena, expr)) {
    mf_lines_find(&lines, diag->span.offset, &line, &column);
    mf_buf_printf(&out, "%u: %s", (unsigned)column, diag->message);
    if (diag->suggestion) mf_buf_printf(&out, "; %s", diag->suggestion);
    mf_diag_write_text(&shown, "", &lines, diag);
    mf_str text = mf_buf_str(&shown);
    size_t end = mf_str_find(text, MF_STR("\n"), 0);
    if (end != SIZE_MAX) mf_buf_add(&out, text.p + end, text.n - end - 1);
  }
  copy_message(mf_buf_str(&out), message, size);
  mf_buf_fini(&shown);
  mf_buf_fini(&out);
}

static bool is_too_large(mf_str expr, size_t count) {
  return expr.n > UINT32_MAX / 2 || count > MF_LIMIT_SLOTS;
}

mf_status mf_program_compile(const mf_alloc *alloc, mf_str expr, const char *const *names,
                             size_t count, mf_program **out, char *message, size_t message_size) {
  mf_alloc use = mf_alloc_or_default(alloc);
  compilation c = {.has_dots = false};
  bool wants_message = message && message_size;
  mf_status status = MF_OUT_OF_MEMORY;
  *out = NULL;
  if (wants_message) message[0] = '\0';
  if (is_too_large(expr, count)) return MF_EXPRESSION_INVALID;
  mf_arena_init(&c.arena, &use, 0);
  mf_diags_init(&c.diags, &c.arena);
  mf_names_init(&c.free_names, &c.arena);
  c.builder = mf_builder_new(&c.arena);
  if (c.builder) {
    add_names(&c, names, count);
    status = emit(&c, expr);
  }
  if (status == MF_OK) status = finish(&c, &use, out);
  if (status == MF_EXPRESSION_INVALID && wants_message && c.diags.count)
    write_message(&c, expr, message, message_size);
  mf_arena_fini(&c.arena);
  return status;
}
