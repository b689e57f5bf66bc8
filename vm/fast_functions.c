/* SPDX-License-Identifier: MIT */
/* Functions of one or two values that fast code computes itself, for the kinds
 * they are usually given.  For others the function is called. */
#include "fast_kernel.h"
#include "functions.h"

#include <math.h>

/* False: these values are for the function itself. */
#define QUICK(name)                                                                     \
  static bool quick_##name(const mf_evaluator *e, const mf_value *x, const mf_value *y, \
                           mf_value *out)
#define UNUSED (void)e, (void)y

QUICK(size) {
  (void)y;
  if (x->flags & MF_TAINTED) return false;
  switch (x->kind) {
    case MF_STRING:
      if (is_much(e, x->len)) return false;
      put(out, MF_INT, mf_utf8_count(x->as.s, x->len));
      return true;
    case MF_LIST:
    case MF_MAP: put(out, MF_INT, x->len); return true;
    default: return false;
  }
}

QUICK(type) {
  UNUSED;
  if (!is_value(x) || x->flags & MF_TAINTED) return false;
  *out = mf_type_value(x->kind);
  return true;
}

QUICK(double) {
  UNUSED;
  if (!is_clean(x, MF_DOUBLE) && !is_clean(x, MF_INT)) return false;
  *out = mf_double(x->kind == MF_INT ? (double)x->as.i : x->as.d);
  return true;
}

QUICK(math_abs) {
  UNUSED;
  if (is_clean(x, MF_DOUBLE))
    *out = mf_double(fabs(x->as.d));
  else if (is_clean(x, MF_INT) && x->as.i != INT64_MIN)
    *out = mf_int(x->as.i < 0 ? -x->as.i : x->as.i);
  else
    return false;
  return true;
}

/* The first of equals, and a NaN that comes first, stay. */
static bool choose(unsigned second, const mf_value *x, const mf_value *y, mf_value *out) {
  if (second == MF_FAST_NO || x->flags || y->flags) return false;
  mf_value_move(out, second ? y : x);
  return true;
}
QUICK(math_greatest) {
  (void)e;
  const unsigned more = GT_numbers(y, x);
  return choose(more == MF_FAST_NO ? GT_mixed_numbers(y, x) : more, x, y, out);
}
QUICK(math_least) {
  (void)e;
  const unsigned less = LT_numbers(y, x);
  return choose(less == MF_FAST_NO ? LT_mixed_numbers(y, x) : less, x, y, out);
}

/* Texts that are no constants. */
static bool are_texts(const mf_evaluator *e, const mf_value *x, const mf_value *y) {
  return x->kind == MF_STRING && y->kind == MF_STRING && !is_much(e, (uint64_t)x->len + y->len);
}
QUICK(startsWith) {
  if (!are_texts(e, x, y)) return false;
  put(out, MF_BOOL, mf_str_starts(mf_value_str(*x), mf_value_str(*y)));
  return true;
}
QUICK(endsWith) {
  if (!are_texts(e, x, y)) return false;
  put(out, MF_BOOL, mf_str_ends(mf_value_str(*x), mf_value_str(*y)));
  return true;
}
QUICK(contains) {
  if (!are_texts(e, x, y)) return false;
  const bool found = y->len == 0 ||
                     (y->len <= x->len && mf_fast_find(x->as.s, x->len, y->as.s, y->len));
  put(out, MF_BOOL, found);
  return true;
}

const mf_quick_function mf_quick_functions[] = {
#define ROW(name, count) \
  { quick_##name, MF_FUNCTION_##name, count }
    ROW(size, 1),       ROW(type, 1),          ROW(double, 1),
    ROW(math_abs, 1),   ROW(math_greatest, 2), ROW(math_least, 2),
    ROW(startsWith, 2), ROW(endsWith, 2),      ROW(contains, 2),
};

uint32_t mf_quick_function_of(uint32_t code, uint32_t count) {
  for (uint32_t i = 0; i < sizeof mf_quick_functions / sizeof *mf_quick_functions; i++)
    if (mf_quick_functions[i].code == code && mf_quick_functions[i].count == count) return i;
  return UINT32_MAX;
}
