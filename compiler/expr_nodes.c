/* SPDX-License-Identifier: MIT */
/* expr_nodes - makes the nodes of an expression's tree.
 *
 * Once a parse has failed every maker returns p->spare, so that the grammar's
 * actions need no tests; nothing then follows its links. */
#include "cel_tokens.h"
#include "expr_parse.h"

static unsigned deepest(const mf_expr *e) {
  unsigned depth = 0;
  for (; e; e = e->next)
    if (e->depth > depth) depth = e->depth;
  return depth;
}

mf_expr *mf_cel_node(mf_cel *p, mf_expr_kind kind, mf_span place, mf_expr *children) {
  if (p->failed) return &p->spare;
  unsigned depth = 1 + deepest(children);
  if (depth > MF_LIMIT_EXPRESSION_DEPTH) {
    mf_cel_too_deep(p, p->last.span);
    return &p->spare;
  }
  mf_expr *e = mf_arena_get(p->arena, sizeof *e);
  if (e == NULL) {
    p->failed = true;
    return &p->spare;
  }
  *e = (mf_expr){.kind = (uint8_t)kind,
                 .depth = (uint8_t)depth,
                 .span = mf_cel_place(p, place),
                 .first = children};
  return e;
}

mf_expr *mf_cel_bad(mf_cel *p, mf_span token) { return mf_cel_node(p, MF_EXPR_ERROR, token, NULL); }

mf_expr *mf_cel_push(mf_expr *list, mf_expr *e) {
  e->next = list;
  return e;
}

static mf_expr *turned(const mf_cel *p, mf_expr *list) {
  mf_expr *front = NULL;
  if (p->failed) return NULL;
  while (list) {
    mf_expr *next = list->next;
    list->next = front;
    front = list;
    list = next;
  }
  return front;
}

/* A node over children whose places are in the document's terms already. */
static mf_expr *node_from(mf_cel *p, mf_expr_kind kind, mf_span from, mf_span to,
                          mf_expr *children) {
  mf_expr *e = mf_cel_node(p, kind, (mf_span){0, 0}, children);
  e->span = mf_span_join(from, to);
  return e;
}

/* Back quotes only let a name contain other characters. */
static void set_name(mf_cel *p, mf_expr *e, mf_span name) {
  e->name = mf_cel_slice(p, name);
  if (e->name.n && e->name.p[0] == '`') e->name = (mf_str){e->name.p + 1, e->name.n - 2};
  e->name_span = mf_cel_place(p, name);
}

mf_expr *mf_cel_ident(mf_cel *p, mf_span name, uint8_t flags) {
  mf_expr *e = mf_cel_node(p, MF_EXPR_IDENT, name, NULL);
  e->flags = flags;
  set_name(p, e, name);
  return e;
}

mf_expr *mf_cel_select(mf_cel *p, mf_expr *of, mf_span name, uint8_t flags) {
  mf_expr *e = node_from(p, MF_EXPR_SELECT, of->span, mf_cel_place(p, name), of);
  e->flags |= flags;
  set_name(p, e, name);
  return e;
}

mf_expr *mf_cel_index(mf_cel *p, mf_expr *of, mf_expr *index, mf_span close, uint8_t flags) {
  of->next = index;
  mf_expr *e = node_from(p, MF_EXPR_INDEX, of->span, mf_cel_place(p, close), of);
  e->flags |= flags;
  return e;
}

mf_expr *mf_cel_call(mf_cel *p, mf_span name, mf_expr *args, mf_span close, uint8_t flags) {
  mf_expr *e = mf_cel_node(p, MF_EXPR_CALL, mf_span_join(name, close), turned(p, args));
  e->flags |= flags;
  set_name(p, e, name);
  return mf_cel_macro(p, e);
}

mf_expr *mf_cel_method(mf_cel *p, mf_expr *receiver, mf_span name, mf_expr *args, mf_span close) {
  receiver->next = turned(p, args);
  mf_expr *e = node_from(p, MF_EXPR_CALL, receiver->span, mf_cel_place(p, close), receiver);
  e->flags |= MF_EXPR_RECEIVER;
  set_name(p, e, name);
  return mf_cel_macro(p, e);
}

mf_expr *mf_cel_unary(mf_cel *p, uint8_t op, mf_span sign, mf_expr *operand) {
  mf_expr *e = node_from(p, MF_EXPR_UNARY, mf_cel_place(p, sign), operand->span, operand);
  e->op = op;
  e->name_span = mf_cel_place(p, sign);
  return e;
}

mf_expr *mf_cel_binary(mf_cel *p, uint8_t op, mf_span sign, mf_expr *left, mf_expr *right) {
  left->next = right;
  mf_expr *e = node_from(p, MF_EXPR_BINARY, left->span, right->span, left);
  e->op = op;
  e->name_span = mf_cel_place(p, sign);
  return e;
}

mf_expr *mf_cel_choose(mf_cel *p, mf_expr *condition, mf_expr *then, mf_expr *otherwise) {
  condition->next = then;
  then->next = otherwise;
  return node_from(p, MF_EXPR_CHOOSE, condition->span, otherwise->span, condition);
}

/* No node of its own; the place grows, so that carets show the parentheses. */
mf_expr *mf_cel_parentheses(mf_cel *p, mf_span open, mf_expr *e, mf_span close) {
  e->flags |= MF_EXPR_PARENTHESES;
  e->span = mf_cel_place(p, mf_span_join(open, close));
  return e;
}

mf_expr *mf_cel_list(mf_cel *p, mf_span open, mf_expr *elements, mf_span close) {
  return mf_cel_node(p, MF_EXPR_LIST, mf_span_join(open, close), turned(p, elements));
}

mf_expr *mf_cel_map(mf_cel *p, mf_span open, mf_expr *entries, mf_span close) {
  return mf_cel_node(p, MF_EXPR_MAP, mf_span_join(open, close), turned(p, entries));
}

mf_expr *mf_cel_optional(mf_expr *e) {
  e->flags |= MF_EXPR_ELEMENT;
  return e;
}

mf_expr *mf_cel_field(mf_cel *p, mf_span name, mf_expr *value, uint8_t flags) {
  mf_expr *e = node_from(p, MF_EXPR_IDENT, mf_cel_place(p, name), value->span, value);
  e->flags = flags;
  set_name(p, e, name);
  return e;
}

/* The bytes of a chain's dotted name; 0 when it is none. */
static size_t type_name_length(const mf_expr *e) {
  size_t n = e->name.n;
  for (; e->kind == MF_EXPR_SELECT; e = e->first, n += e->name.n + 1)
    if (e->flags & (MF_EXPR_PARENTHESES | MF_EXPR_OPTIONAL)) return 0;
  return e->kind == MF_EXPR_IDENT && !(e->flags & MF_EXPR_PARENTHESES) ? n : 0;
}

/* "a.b.C", written from its end. */
static mf_str type_name(mf_cel *p, const mf_expr *e, size_t n) {
  char *name = mf_arena_get(p->arena, n), *at = name + n;
  if (name == NULL) return (mf_str){NULL, 0};
  for (;; e = e->first) {
    at -= e->name.n;
    memcpy(at, e->name.p, e->name.n);
    if (e->kind != MF_EXPR_SELECT) break;
    *--at = '.';
  }
  return (mf_str){name, n};
}

mf_expr *mf_cel_message(mf_cel *p, mf_expr *type, mf_expr *fields, mf_span open, mf_span close) {
  size_t n = p->failed ? 0 : type_name_length(type);
  if (n == 0) {
    mf_cel_unexpected_instead(p, MF_CEL_LBRACE, open, "an operator");
    return &p->spare;
  }
  mf_expr *e = node_from(p, MF_EXPR_MESSAGE, type->span, mf_cel_place(p, close), turned(p, fields));
  e->name = type_name(p, type, n);
  e->name_span = type->span;
  return e;
}
