/* SPDX-License-Identifier: MIT */
/* template - text with interpolations in it, each expression a program. */
#include "../base/limits.h"
#include "../include/mfvm_tools.h"
#include "program.h"

typedef struct piece {
  mf_str text;
  mf_program *program;
  uint32_t line, column;
} piece;

struct mf_template {
  mf_alloc alloc;
  mf_arena arena; /* the text and the pieces */
  piece *pieces;
  size_t count;
};

void mf_template_free(mf_template *t) {
  if (t == NULL) return;
  mf_alloc alloc = t->alloc;
  for (size_t i = 0; i < t->count; i++) mf_program_free(t->pieces[i].program);
  mf_arena_fini(&t->arena);
  mf_realloc(&alloc, t, sizeof *t, 0);
}

size_t mf_template_count(const mf_template *t) { return t->count; }

mf_template_part mf_template_get(const mf_template *t, size_t i) {
  const piece *p = &t->pieces[i];
  return (mf_template_part){p->text, p->program, p->line, p->column};
}

/* TOO_LARGE when there are too many expressions. */
static mf_status make_pieces(mf_template *t, const mf_part *parts) {
  size_t count = 0, expressions = 0;
  for (const mf_part *p = parts; p; p = p->next) {
    count++;
    expressions += p->expr != NULL;
  }
  if (expressions > MF_LIMIT_TEMPLATE_EXPRESSIONS) return MF_TOO_LARGE;
  if (count == 0) return MF_OK;
  t->pieces = MF_NEW_ARRAY(&t->arena, piece, count);
  if (t->pieces == NULL) return MF_OUT_OF_MEMORY;
  memset(t->pieces, 0, count * sizeof *t->pieces);
  t->count = count;
  return MF_OK;
}

static bool keep_text(mf_template *t, piece *to, mf_str text) {
  char *copy = mf_arena_copy(&t->arena, text.p, text.n);
  to->text = (mf_str){copy, text.n};
  return copy != NULL;
}

/* All mistakes are reported, not the first one alone. */
static mf_status compile_pieces(mf_template *t, mf_unit *u, const mf_part *parts) {
  mf_lines lines;
  mf_status status = MF_OK;
  size_t i = 0;
  if (!mf_lines_init(&lines, &u->arena, u->text)) return MF_OUT_OF_MEMORY;
  for (const mf_part *p = parts; p && status != MF_OUT_OF_MEMORY; p = p->next, i++) {
    piece *to = &t->pieces[i];
    if (p->expr == NULL) {
      if (!keep_text(t, to, p->text)) status = MF_OUT_OF_MEMORY;
      continue;
    }
    mf_lines_find(&lines, p->expr->span.offset, &to->line, &to->column);
    mf_status made = mf_program_of_part(u->options, u->text, p->expr, &to->program);
    if (made != MF_OK) status = made;
  }
  return status;
}

static mf_status fill(mf_template *t, mf_unit *u) {
  mf_expr_source source = {.text = u->text, .exact = true, .whole = {0, (uint32_t)u->text.n}};
  mf_part *parts = mf_interpolation_parse(&u->arena, &u->diags, &source);
  mf_unit_report(u);
  if (mf_arena_oom(&u->arena)) return MF_OUT_OF_MEMORY;
  if (u->diags.errors) return MF_EXPRESSION_INVALID;
  mf_status status = make_pieces(t, parts);
  return status == MF_OK ? compile_pieces(t, u, parts) : status;
}

mf_status mf_template_compile(const mf_program_options *options, mf_str text, mf_template **out) {
  mf_unit u;
  *out = NULL;
  if (text.n > MF_LIMIT_TEMPLATE_BYTES) return MF_TOO_LARGE;
  mf_status status = mf_unit_open(&u, options, text);
  const mf_alloc *alloc = &u.arena.alloc;
  mf_template *t = status == MF_OK ? mf_realloc(alloc, NULL, 0, sizeof *t) : NULL;
  if (t) {
    *t = (mf_template){.alloc = *alloc};
    mf_arena_init(&t->arena, alloc, 0);
    status = fill(t, &u);
  } else if (status == MF_OK) {
    status = MF_OUT_OF_MEMORY;
  }
  if (status == MF_OK)
    *out = t;
  else
    mf_template_free(t);
  mf_unit_close(&u);
  return status;
}
