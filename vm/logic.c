/* SPDX-License-Identifier: MIT */
#include "logic.h"

static bool is_bool(const mf_value *v, bool b) { return v->kind == MF_BOOL && (v->as.i != 0) == b; }

mf_value mf_not(mf_call *call, const mf_value *x) {
  if (x->kind == MF_BOOL) return mf_bool(x->as.i == 0);
  if (x->kind == MF_ERROR) return *x;
  return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "no overload for !%s", mf_kind_name(x->kind));
}

static mf_value merge(mf_call *call, const mf_value *x, const mf_value *y, bool deciding,
                      const char *word) {
  if (is_bool(x, deciding) || is_bool(y, deciding)) return mf_bool(deciding);
  if (is_bool(x, !deciding) && is_bool(y, !deciding)) return mf_bool(!deciding);
  if (x->kind == MF_ERROR) return *x;
  if (y->kind == MF_ERROR) return *y;
  return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "no overload for %s %s %s", mf_kind_name(x->kind),
                       word, mf_kind_name(y->kind));
}

mf_value mf_and(mf_call *call, const mf_value *x, const mf_value *y) {
  return merge(call, x, y, false, "&&");
}

mf_value mf_or(mf_call *call, const mf_value *x, const mf_value *y) {
  return merge(call, x, y, true, "||");
}

mf_value mf_no_condition(mf_call *call, const mf_value *c) {
  if (c->kind == MF_ERROR) return *c;
  return mf_call_error(call, MF_EVAL_NO_OVERLOAD,
                       "a condition must be a bool, not a value of type %s", mf_kind_name(c->kind));
}
