/* SPDX-License-Identifier: MIT */
/* expr_loops - code for macros.
 *
 * Variables are places on the stack: above a loop's state, or where a bound value
 * was left.  They are addressed from the top, so that an expression is the same
 * code wherever it stands. */
#include "expr_code.h"

/* Where the variable is, counted from the top. */
static uint32_t place_of(const mf_coder *x, const mf_expr *e) {
  const mf_scope *s = x->scope;
  while (s && s->variable != e->variable) s = s->up;
  return s ? x->depth - 1 - s->at : 0;
}

void mf_code_local(mf_coder *x, const mf_expr *e) { mf_code_op(x, MF_OP_LOCAL, place_of(x, e), 0); }

void mf_code_local_relation(mf_coder *x, const mf_expr *e, mf_opcode relation, const mf_value *k) {
  mf_opcode code = (mf_opcode)(MF_OP_LOCAL_EQ + (relation - MF_OP_EQ));
  mf_code_op(x, code, place_of(x, e), mf_builder_constant(x->b, k));
}

/* e, with a variable in scope. */
static void code_within(mf_coder *x, const mf_scope *scope, const mf_expr *e) {
  const mf_scope *outer = x->scope;
  x->scope = scope;
  mf_code_value(x, e);
  x->scope = outer;
}

/* ---- loops ---- */

/* x op k, or k op x, where x is the variable and k a constant. */
typedef struct comparison {
  mf_value k;
  uint32_t relation;
} comparison;

static uint32_t mirrored(uint32_t relation) {
  static const uint8_t others[] = {
      [MF_RELATION_EQ] = MF_RELATION_EQ, [MF_RELATION_NE] = MF_RELATION_NE,
      [MF_RELATION_LT] = MF_RELATION_GT, [MF_RELATION_LE] = MF_RELATION_GE,
      [MF_RELATION_GT] = MF_RELATION_LT, [MF_RELATION_GE] = MF_RELATION_LE,
  };
  return others[relation];
}

static bool is_comparison(const mf_expr *e, const mf_expr *variable, comparison *out) {
  if (e->kind != MF_EXPR_BINARY || e->op < MF_OP_EQ || e->op > MF_OP_GE) return false;
  const mf_expr *left = e->first, *right = left->next;
  bool is_left = left->kind == MF_EXPR_LOCAL && left->variable == variable;
  if (!is_left && !(right->kind == MF_EXPR_LOCAL && right->variable == variable)) return false;
  out->relation = (uint32_t)(e->op - MF_OP_EQ);
  if (!is_left) out->relation = mirrored(out->relation);
  out->k = mf_expr_constant(is_left ? right : left);
  return out->k.kind != MF_UNSET;
}

/* all or exists with a comparison is one instruction. */
static bool code_quantifier(mf_coder *x, const mf_expr *e, const mf_expr *variable,
                            const mf_expr *body) {
  comparison c;
  bool one_by_one = e->op != MF_LOOP_KIND_ALL && e->op != MF_LOOP_KIND_EXISTS;
  if (one_by_one || body == variable || !is_comparison(body, variable, &c)) return false;
  mf_code_mark(x, e->span);
  mf_code_op(x, e->op == MF_LOOP_KIND_ALL ? MF_OP_ALL_COMPARE : MF_OP_EXISTS_COMPARE,
             mf_builder_constant(x->b, &c.k), c.relation);
  return true;
}

/* The body, one turn's worth: LOOP has left the elements on the stack. */
static void code_turn(mf_coder *x, const mf_expr *e, const mf_expr *body, bool two, uint32_t end) {
  uint32_t again = mf_builder_label(x->b);
  mf_builder_place(x->b, again);
  mf_code_value(x, body);
  if (body->next) {
    mf_code_mark(x, body->span);
    mf_code_op(x, two ? MF_OP_TEST2 : MF_OP_TEST, again, end);
    mf_code_value(x, body->next);
  }
  mf_code_mark(x, e->span);
  mf_code_op(x, two ? MF_OP_STEP2 : MF_OP_STEP, again, e->op);
}

void mf_code_loop(mf_coder *x, const mf_expr *e) {
  const mf_expr *range = e->first, *first = range->next;
  const mf_expr *second = first->next->kind == MF_EXPR_VAR ? first->next : first;
  const bool two = second != first;
  mf_code_value(x, range);
  if (!two && code_quantifier(x, e, first, first->next)) return;
  const mf_scope *outer = x->scope;
  uint32_t end = mf_builder_label(x->b);
  mf_code_mark(x, e->span);
  mf_code_op(x, two ? MF_OP_LOOP2 : MF_OP_LOOP, end, e->op);
  mf_code_parts *parts = x->parts; /* in a turn there are too many */
  x->parts = NULL;
  const mf_scope one = {outer, first, x->depth - 1u - two}, other = {&one, second, x->depth - 1};
  x->scope = &other;
  code_turn(x, e, second->next, two, end);
  x->scope = outer;
  x->parts = parts;
  mf_builder_place(x->b, end);
  mf_code_op(x, MF_OP_LOOP_END, e->op, 0);
}

/* ---- bound values ---- */

/* Values stay where they are pushed until the expression over them is done. */
static void code_bound(mf_coder *x, const mf_expr *variable, uint32_t count) {
  if (variable->kind != MF_EXPR_VAR) {
    mf_code_value(x, variable);
    mf_code_op(x, MF_OP_SLIDE, count, 0);
    return;
  }
  const mf_expr *value = variable->next;
  mf_code_value(x, value);
  const mf_scope *outer = x->scope, scope = {outer, variable, x->depth - 1};
  x->scope = &scope;
  code_bound(x, value->next, count + 1);
  x->scope = outer;
}

void mf_code_bind(mf_coder *x, const mf_expr *e) { code_bound(x, e->first, 0); }

void mf_code_opt_map(mf_coder *x, const mf_expr *e) {
  const mf_expr *variable = e->first->next;
  uint32_t end = mf_builder_label(x->b);
  mf_code_value(x, e->first);
  mf_code_mark(x, e->span);
  mf_code_op(x, MF_OP_OPT_OPEN, end, 0);
  const mf_scope scope = {x->scope, variable, x->depth - 1};
  code_within(x, &scope, variable->next);
  mf_code_op(x, MF_OP_SLIDE, 1, 0);
  mf_code_mark(x, e->span);
  mf_code_op(x, e->op ? MF_OP_OPT_CHECK : MF_OP_OPT_WRAP, 0, 0);
  mf_builder_place(x->b, end);
}
