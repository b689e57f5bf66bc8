/* SPDX-License-Identifier: MIT */
/* expr_fold - values of constant expressions, computed by the machine's own
 * operators, so that folding can never mean something else than running.
 *
 * An error is a value here, too: false && 1 / 0 > 0 is false.  Only an error
 * that remains is not folded; the code then gives it at run time, where an
 * operator around it may absorb it. */
#include "../vm/arith.h"
#include "../vm/compare.h"
#include "../vm/convert.h"
#include "../vm/functions.h"
#include "../vm/logic.h"
#include "../vm/select.h"
#include "expr_code.h"

static mf_value fold(mf_call *call, const mf_expr *e);

/* Stands for "cannot be folded"; ends the fold like an exceeded budget. */
static mf_value give_up(mf_call *call) { return mf_call_end(call, MF_UNSUPPORTED); }

static mf_value fold_binary(mf_call *call, const mf_expr *e) {
  mf_value x = fold(call, e->first), y = fold(call, e->first->next);
  switch (e->op) {
    case MF_OP_AND: return mf_and(call, &x, &y);
    case MF_OP_OR: return mf_or(call, &x, &y);
    case MF_OP_IN: return mf_in(call, &x, &y);
    case MF_OP_EQ:
    case MF_OP_NE:
    case MF_OP_LT:
    case MF_OP_LE:
    case MF_OP_GT:
    case MF_OP_GE: return mf_compare(call, (mf_relation)(e->op - MF_OP_EQ), &x, &y);
    default: return mf_arith(call, (mf_operation)(e->op - MF_OP_ADD), &x, &y);
  }
}

static mf_value fold_unary(mf_call *call, const mf_expr *e) {
  mf_value x = fold(call, e->first);
  return e->op == MF_OP_NOT ? mf_not(call, &x) : mf_negate(call, &x);
}

static mf_value fold_choose(mf_call *call, const mf_expr *e) {
  mf_value c = fold(call, e->first);
  if (c.kind != MF_BOOL) return mf_no_condition(call, &c);
  const mf_expr *then = e->first->next;
  return fold(call, c.as.i ? then : then->next);
}

static mf_value fold_index(mf_call *call, const mf_expr *e) {
  mf_value x = fold(call, e->first), i = fold(call, e->first->next);
  return mf_index(call, &x, &i);
}

static mf_value name_of(const mf_expr *select) { return mf_string(select->name); }

static mf_value fold_select(mf_call *call, const mf_expr *e) {
  mf_value x = fold(call, e->first), name = name_of(e);
  return mf_field(call, &x, &name);
}

/* The values of siblings; NULL when out of memory. */
static mf_value *fold_all(mf_call *call, const mf_expr *first, uint32_t *count) {
  mf_value *items = mf_call_get(call, mf_expr_count(first) * sizeof *items);
  *count = 0;
  if (items == NULL) return NULL;
  for (const mf_expr *e = first; e && call->status == MF_OK; e = e->next) {
    if (e->flags & MF_EXPR_ELEMENT) give_up(call);
    items[(*count)++] = fold(call, e);
  }
  return items;
}

static mf_value fold_items(mf_call *call, const mf_expr *e) {
  uint32_t n;
  mf_value *items = fold_all(call, e->first, &n);
  if (items == NULL || call->status != MF_OK) return mf_null();
  if (e->kind == MF_EXPR_JOIN) return mf_concat(call, items, n);
  return e->kind == MF_EXPR_LIST ? mf_make_list(call, items, n) : mf_make_map(call, items, n / 2);
}

static mf_value fold_has(mf_call *call, const mf_expr *e) {
  const mf_expr *of = e->first;
  if (of == NULL || of->next || of->kind != MF_EXPR_SELECT || of->flags & MF_EXPR_OPTIONAL)
    return give_up(call);
  mf_value x = fold(call, of->first), name = name_of(of);
  return mf_has_field(call, &x, &name);
}

static mf_value fold_call(mf_call *call, const mf_expr *e) {
  if (mf_expr_is_has(e)) return fold_has(call, e);
  const mf_expr *args;
  uint32_t n, code = mf_expr_function(e, &args, &n);
  if (code == MF_ABSENT) return give_up(call);
  mf_value *values = fold_all(call, args, &n);
  if (values == NULL || call->status != MF_OK) return mf_null();
  return mf_function_call(call, code, values, n);
}

static mf_value fold(mf_call *call, const mf_expr *e) {
  if (call->status != MF_OK) return mf_null();
  bool is_optional = e->kind == MF_EXPR_SELECT || e->kind == MF_EXPR_INDEX;
  if (is_optional && e->flags & MF_EXPR_OPTIONAL) return give_up(call);
  switch ((mf_expr_kind)e->kind) {
    case MF_EXPR_LITERAL: return e->value;
    case MF_EXPR_UNARY: return fold_unary(call, e);
    case MF_EXPR_BINARY: return fold_binary(call, e);
    case MF_EXPR_CHOOSE: return fold_choose(call, e);
    case MF_EXPR_INDEX: return fold_index(call, e);
    case MF_EXPR_SELECT: return fold_select(call, e);
    case MF_EXPR_LIST:
    case MF_EXPR_MAP:
    case MF_EXPR_JOIN: return fold_items(call, e);
    case MF_EXPR_CALL: return fold_call(call, e);
    case MF_EXPR_IDENT:
    case MF_EXPR_MESSAGE:
    case MF_EXPR_LOOP:
    case MF_EXPR_BIND:
    case MF_EXPR_OPT_MAP:
    case MF_EXPR_VAR:
    case MF_EXPR_LOCAL:
    case MF_EXPR_ERROR: break;
  }
  return give_up(call);
}

/* Loops, and what has variables, are left to the machine. */
static bool may_be_constant(const mf_expr *e) {
  return e->kind != MF_EXPR_IDENT && e->kind != MF_EXPR_MESSAGE && e->kind < MF_EXPR_LOOP;
}

bool mf_expr_mark_constant(mf_expr *e) {
  bool constant = may_be_constant(e);
  for (mf_expr *child = e->first; child; child = child->next)
    constant &= mf_expr_mark_constant(child);
  if (constant) e->flags |= MF_EXPR_CONSTANT;
  return constant;
}

static bool is_number(mf_kind kind) {
  return kind == MF_INT || kind == MF_UINT || kind == MF_DOUBLE;
}

bool mf_expr_may_mix(const mf_expr *e) {
  bool mixes = e->kind == MF_EXPR_BINARY && (e->op == MF_OP_ADD || e->op == MF_OP_SUBTRACT ||
                                             e->op == MF_OP_MULTIPLY || e->op == MF_OP_DIVIDE);
  if (!mixes) return false;
  mf_kind left = mf_expr_kind_of(e->first), right = mf_expr_kind_of(e->first->next);
  if (left == MF_UNSET || right == MF_UNSET)
    return (left == MF_UNSET || is_number(left)) && (right == MF_UNSET || is_number(right));
  return left != right && is_number(left) && is_number(right);
}

bool mf_expr_unmark_mixed(mf_expr *e) {
  bool constant = e->flags & MF_EXPR_CONSTANT && !mf_expr_may_mix(e);
  for (mf_expr *child = e->first; child; child = child->next)
    constant &= mf_expr_unmark_mixed(child);
  if (!constant) e->flags &= (uint8_t)~MF_EXPR_CONSTANT;
  return constant;
}

/* Whether an image can hold v: optionals and addresses are made when the code
 * runs, and so is what is much larger than its text. */
static bool can_be_constant(const mf_value *v) {
  bool ok = v->kind != MF_OPTIONAL && v->kind != MF_IP && v->kind != MF_CIDR;
  for (uint32_t i = 0; v->kind == MF_LIST && ok && i < v->len; i++)
    ok = can_be_constant(&v->as.list[i]);
  for (uint32_t i = 0; v->kind == MF_MAP && ok && i < v->len; i++)
    ok = can_be_constant(&v->as.map->pairs[i].value);
  return ok;
}

static bool is_foldable(const mf_value *v) {
  return v->kind != MF_ERROR && mf_value_size(v, 1 << 20) != SIZE_MAX && can_be_constant(v);
}

mf_value mf_expr_constant(mf_arena *arena, const mf_expr *e) {
  mf_value unset = {.kind = MF_UNSET};
  if (e->kind == MF_EXPR_LITERAL) return e->value;
  if (!(e->flags & MF_EXPR_CONSTANT)) return unset;
  mf_call call = {.arena = arena, .fuel = 1 << 20};
  mf_value v = fold(&call, e);
  return call.status == MF_OK && is_foldable(&v) ? v : unset;
}

mf_value mf_expr_fold(mf_expr_emitter *em, const mf_expr *e) {
  mf_expr root = *e;
  if (mf_expr_is_too_deep(e)) return (mf_value){.kind = MF_UNSET};
  mf_expr_mark_constant(&root);
  return mf_expr_constant(em->arena, &root);
}
