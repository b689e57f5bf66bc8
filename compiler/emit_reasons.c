/* SPDX-License-Identifier: MIT */
/* emit_reasons - what the condition of an assertion, an entry or an action consists of.
 *
 * The condition is coded once more, as a chunk that is evaluated only when it did not
 * hold, with a row for each part that has a value of its own.  Nothing is
 * fused there, so that each value stands on the stack at some time.  One evaluation
 * gives all values, and parts that && || ?: do not reach have none.
 *
 * Left out: constants, what has() asks for, the turns of loops, what is past
 * MF_LIMIT_ASSERTION_REASONS, and conditions that ask chance, which would answer
 * otherwise in another place. */
#include "compiler.h"
#include "expr_code.h"

static bool asks_chance(const mf_expr *e) {
  const mf_expr *args;
  uint32_t argc;
  if (e->kind == MF_EXPR_CALL && mf_expr_is_chance(mf_expr_function(e, &args, &argc))) return true;
  for (const mf_expr *child = e->first; child; child = child->next)
    if (asks_chance(child)) return true;
  return false;
}

static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

static bool is_line(mf_str s) {
  return memchr(s.p, '\n', s.n) == NULL && memchr(s.p, '\r', s.n) == NULL &&
         memchr(s.p, '\t', s.n) == NULL;
}

static bool is_quoted_name(const mf_expr *e, mf_str s) {
  bool name = e->kind == MF_EXPR_IDENT || e->kind == MF_EXPR_SELECT;
  return name && s.n > 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0];
}

/* The string that is s on one line, and cut. */
static uint32_t flattened(mf_compiler *c, mf_str s) {
  char *out = c->parts->text;
  size_t n = 0;
  if (s.n <= MF_LIMIT_REASON_BYTES && is_line(s)) return mf_compile_string(c, s);
  for (size_t i = 0; i < s.n && n < MF_LIMIT_REASON_BYTES; i++) {
    bool space = is_space(s.p[i]);
    if (!space || (n && out[n - 1] != ' ')) out[n++] = space ? ' ' : s.p[i];
  }
  if (n && out[n - 1] == ' ') n--;
  return mf_compile_string(c, (mf_str){out, mf_utf8_valid(out, n)});
}

static mf_str slice(mf_str source, const mf_expr *e) {
  if ((size_t)e->span.offset + e->span.length > source.n) return MF_STR("");
  mf_str s = {source.p + e->span.offset, e->span.length};
  return is_quoted_name(e, s) ? (mf_str){s.p + 1, s.n - 2} : s;
}

/* A comparison whose sides are values of keys, in whatever order they stand. */
static bool is_of_keys(const mf_expr *e, mf_str source) {
  if (e->kind != MF_EXPR_BINARY || e->op < MF_OP_EQ || e->op > MF_OP_GE) return false;
  mf_span left = e->first->span, right = e->first->next->span;
  if (right.offset + right.length <= left.offset) return true;
  if (left.offset + left.length > right.offset || right.offset > source.n) return false;
  for (uint32_t i = left.offset + left.length; i < right.offset; i++)
    if (source.p[i] == ':' || source.p[i] == ',') return true;
  return false;
}

static uint32_t text_of(mf_compiler *c, const mf_expr *e, mf_str source) {
  static const char *const relations[] = {"==", "!=", "<", "<=", ">", ">="};
  if (!is_of_keys(e, source)) return flattened(c, slice(source, e));
  mf_str left = slice(source, e->first), right = slice(source, e->first->next);
  return flattened(c, mf_compile_path(c, "%.*s %s %.*s", (int)left.n, left.p,
                                      relations[e->op - MF_OP_EQ], (int)right.n, right.p));
}

static void add_rows(mf_compiler *c, const mf_explained *x, uint32_t chunk) {
  for (uint32_t i = 0; i < c->parts->count; i++) {
    const mf_code_part *part = &c->parts->part[i];
    uint32_t text = i || !x->whole.n ? text_of(c, part->e, x->source) : flattened(c, x->whole);
    const mf_row_reason row = {x->owner,   x->row,   x->number,   chunk,
                               part->from, part->at, part->depth, text};
    mf_builder_row(c->b, MF_TABLE_REASON, &row.owner);
  }
}

static bool open_parts(mf_compiler *c) {
  if (c->parts) return true;
  mf_code_parts *parts = MF_NEW(c->arena, mf_code_parts);
  if (parts == NULL) return false;
  parts->part = MF_NEW_ARRAY(c->arena, mf_code_part, MF_LIMIT_ASSERTION_REASONS);
  parts->text = mf_arena_get(c->arena, MF_LIMIT_REASON_BYTES);
  if (parts->part && parts->text) c->parts = parts;
  return c->parts != NULL;
}

/* The whole alone tells no more than an assertion does. */
static void emit_chunk(mf_compiler *c, const mf_explained *x, mf_expr *root) {
  mf_builder_aside_begin(c->b, MF_STR("reasons"));
  mf_code_with_parts(&c->expr, root, c->parts);
  MF_EMIT(c, RETURN, 0, 0);
  bool keep = c->parts->count > (x->owner == MF_OWNER_ASSERTION);
  uint32_t chunk = mf_builder_aside_end(c->b, keep);
  if (keep && chunk != MF_ABSENT) add_rows(c, x, chunk);
}

void mf_emit_reasons(mf_compiler *c, const mf_explained *x) {
  if (!x->condition || c->diags->errors || !open_parts(c)) return;
  mf_expr root = *x->condition;
  if (root.kind == MF_EXPR_LITERAL || mf_expr_is_too_deep(&root) || asks_chance(&root)) return;
  const mf_diags told = *c->diags; /* all there is to say was said of the code before */
  if (x->prepared || mf_expr_prepare(&c->expr, &root)) emit_chunk(c, x, &root);
  *c->diags = told;
}

/* Where the text is not what the source has, its parts are found in the text. */
mf_explained mf_explained_of(mf_compiler *c, const mf_node *node, mf_expr *condition) {
  bool is_text = node->shape == MF_SHAPE_TEXT;
  mf_explained x = {.condition = condition, .source = c->source, .prepared = true};
  if (is_text) x.whole = mf_node_text(node);
  if (!is_text || node->flags & MF_NODE_VERBATIM || c->diags->errors) return x;
  mf_expr_source source = {.text = mf_node_text(node), .exact = true};
  x.condition = mf_condition_of_text(c, &source);
  x.source = source.text;
  x.prepared = false;
  return x;
}

/* What is emitted in many places has other names in each. */
void mf_emit_why(mf_compiler *c, const mf_node *node, mf_expr *condition, uint32_t owner,
                 uint32_t row, uint32_t number) {
  if (!condition || c->anywhere) return;
  mf_explained x = mf_explained_of(c, node, condition);
  x.owner = owner;
  x.row = row;
  x.number = number;
  mf_emit_reasons(c, &x);
}
