/* SPDX-License-Identifier: MIT */
/* interpolation - texts with ${e} and {{e}} in them.
 *
 * One pass over a copy.  Literal text is moved to the front of what has been
 * read (escapes only shrink it), expressions are read where they stand; both
 * keep slices of the copy. */
#include "expr_parse.h"

typedef struct splitter {
  mf_arena *arena;
  mf_diags *diags;
  const mf_expr_source *source;
  char *text;
  size_t n, at;    /* read up to here */
  size_t from, to; /* literal text not yet made into a part */
  mf_part *first, **last;
} splitter;

static void add_part(splitter *s, mf_str text, mf_expr *expr) {
  mf_part *part = MF_NEW(s->arena, mf_part);
  if (part == NULL) return;
  part->text = text;
  part->expr = expr;
  *s->last = part;
  s->last = &part->next;
}

static void end_literal(splitter *s) {
  if (s->to > s->from) add_part(s, (mf_str){s->text + s->from, s->to - s->from}, NULL);
  s->from = s->to = s->at;
}

static bool looking_at(const splitter *s, const char *what) {
  size_t n = strlen(what);
  return s->n - s->at >= n && memcmp(s->text + s->at, what, n) == 0;
}

static void keep(splitter *s, size_t n) {
  memmove(s->text + s->to, s->text + s->at, n);
  s->to += n;
  s->at += n;
}

/* At least one byte, and all that follow it and cannot begin anything. */
static size_t plain_run(const splitter *s) {
  size_t n = 1;
  while (s->at + n < s->n && strchr("$\\{", s->text[s->at + n]) == NULL) n++;
  return n;
}

static mf_span place_of(const splitter *s, size_t offset, size_t n) {
  if (!s->source->exact) return s->source->whole;
  return (mf_span){s->source->offset + (uint32_t)offset, (uint32_t)n};
}

/* One mistake, one diagnostic: an expression that was reported has often
 * swallowed its closing sign. */
static void read_expression(splitter *s, const char *open, const char *close) {
  size_t began = s->at;
  bool ok;
  end_literal(s);
  mf_expr *e = mf_cel_parse_at(s->arena, s->diags, s->source, s->text, began + 2, &s->at, &ok);
  if (looking_at(s, close)) {
    s->at += strlen(close);
  } else {
    if (ok) mf_diag_add(s->diags, MF_E_INTERPOLATION_OPEN, place_of(s, began, 2), open, close);
    if (looking_at(s, "}")) s->at++;
  }
  s->from = s->to = s->at;
  add_part(s, (mf_str){NULL, 0}, e);
}

static void split(splitter *s) {
  while (s->at < s->n && !mf_arena_oom(s->arena)) {
    if (looking_at(s, "$${"))
      s->at++, keep(s, 2);
    else if (looking_at(s, "\\{{"))
      s->at++, keep(s, 2);
    else if (looking_at(s, "${"))
      read_expression(s, "${", "}");
    else if (looking_at(s, "{{"))
      read_expression(s, "{{", "}}");
    else
      keep(s, plain_run(s));
  }
  end_literal(s);
}

mf_part *mf_interpolation_parse(mf_arena *arena, mf_diags *diags, const mf_expr_source *source) {
  mf_str text = source->text;
  char *copy = mf_arena_copy(arena, text.p, text.n);
  if (copy == NULL) return NULL;
  splitter s = {arena, diags, source, copy, text.n, 0, 0, 0, NULL, NULL};
  s.last = &s.first;
  split(&s);
  return s.first;
}
