/* SPDX-License-Identifier: MIT */
/* expr_kind - the kind that an expression certainly has when it is no error. */
#include "expr_checker.h"

/* What is added to one of these, or to it, gives the same kind or an error. */
static bool keeps_kind(mf_kind kind) {
  return kind == MF_STRING || kind == MF_BYTES || kind == MF_LIST || kind == MF_DOUBLE;
}

/* int beside an unknown kind may become a double. */
static mf_kind kind_of_sum(uint8_t op, mf_kind left, mf_kind right) {
  if (op == MF_OP_ADD && keeps_kind(left)) return left;
  if (op == MF_OP_ADD && keeps_kind(right)) return right;
  if (left == MF_DOUBLE || right == MF_DOUBLE) return op == MF_OP_REMAINDER ? MF_UNSET : MF_DOUBLE;
  if (left == right && (left == MF_INT || left == MF_UINT)) return left;
  return MF_UNSET;
}

bool mf_expr_is_arithmetic(const mf_expr *e) {
  if (e->kind != MF_EXPR_BINARY) return false;
  return e->op == MF_OP_ADD || e->op == MF_OP_SUBTRACT || e->op == MF_OP_MULTIPLY ||
         e->op == MF_OP_DIVIDE || e->op == MF_OP_REMAINDER;
}

static mf_kind kind_of_binary(const mf_expr *e) {
  if (!mf_expr_is_arithmetic(e)) return MF_BOOL;
  return kind_of_sum(e->op, mf_expr_kind_of(e->first), mf_expr_kind_of(e->first->next));
}

static mf_kind kind_of_call(const mf_expr *e) {
  const mf_expr *args;
  uint32_t argc;
  if (mf_expr_is_has(e)) return MF_BOOL;
  uint32_t code = mf_expr_function(e, &args, &argc);
  return code == MF_ABSENT ? MF_UNSET : mf_function_kind(code);
}

static mf_kind kind_of_loop(const mf_expr *e) {
  switch (e->op) {
    case MF_LOOP_KIND_ALL:
    case MF_LOOP_KIND_EXISTS:
    case MF_LOOP_KIND_ONE: return MF_BOOL;
    case MF_LOOP_KIND_MAP:
    case MF_LOOP_KIND_ENTRIES: return MF_MAP;
    default: return MF_LIST;
  }
}

static mf_kind kind_of_last(const mf_expr *e) {
  for (e = e->first; e->next;) e = e->next;
  return mf_expr_kind_of(e);
}

mf_kind mf_expr_kind_of(const mf_expr *e) {
  switch ((mf_expr_kind)e->kind) {
    case MF_EXPR_LITERAL: return (mf_kind)e->value.kind;
    case MF_EXPR_BINARY: return kind_of_binary(e);
    case MF_EXPR_UNARY: return e->op == MF_OP_NOT ? MF_BOOL : mf_expr_kind_of(e->first);
    case MF_EXPR_JOIN: return MF_STRING;
    case MF_EXPR_LIST: return MF_LIST;
    case MF_EXPR_MAP: return MF_MAP;
    case MF_EXPR_CALL: return kind_of_call(e);
    case MF_EXPR_CHOOSE: {
      mf_kind kind = mf_expr_kind_of(e->first->next);
      return kind == mf_expr_kind_of(e->first->next->next) ? kind : MF_UNSET;
    }
    case MF_EXPR_LOOP: return kind_of_loop(e);
    case MF_EXPR_BIND: return kind_of_last(e);
    case MF_EXPR_OPT_MAP: return MF_OPTIONAL;
    case MF_EXPR_IDENT:
    case MF_EXPR_SELECT:
    case MF_EXPR_INDEX:
    case MF_EXPR_VAR:
    case MF_EXPR_LOCAL:
    case MF_EXPR_MESSAGE:
    case MF_EXPR_ERROR: break;
  }
  return MF_UNSET;
}
