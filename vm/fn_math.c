/* SPDX-License-Identifier: MIT */
/* math: CEL's math extension. */
#include "compare.h"
#include "fn_kit.h"

#include <math.h>

/* ---- Greatest and least ---- */

static bool is_number(const mf_value *v) {
  return v->kind == MF_INT || v->kind == MF_UINT || v->kind == MF_DOUBLE;
}

/* The number of n that `relation` holds for against the others; the first of
 * equals, which keeps its kind. */
static mf_value extreme(mf_call *call, const char *name, mf_relation relation,
                        const mf_value *items, uint32_t n) {
  const mf_value *best = items;
  for (uint32_t i = 0; i < n; i++) {
    if (!is_number(&items[i])) return mf_no_function(call, name, &items[i], 1);
    if (!mf_charge(call, 1)) return mf_null();
    if (mf_compare(call, relation, &items[i], best).as.i) best = &items[i];
  }
  return *best;
}

static mf_value extreme_of(mf_call *call, const char *name, mf_relation relation,
                           const mf_value *args, uint32_t n) {
  if (n != 1 || args[0].kind != MF_LIST) return extreme(call, name, relation, args, n);
  if (args[0].len == 0)
    return mf_call_error(call, MF_EVAL_BAD_ARGUMENT, "%s of an empty list", name);
  return extreme(call, name, relation, args[0].as.list, args[0].len);
}

mf_value mf_fn_math_greatest(mf_call *call, const mf_value *args, uint32_t n) {
  return extreme_of(call, "math.greatest", MF_GT, args, n);
}

mf_value mf_fn_math_least(mf_call *call, const mf_value *args, uint32_t n) {
  return extreme_of(call, "math.least", MF_LT, args, n);
}

/* ---- Doubles ---- */

#define ROUNDING(name, function)                                                        \
  mf_value mf_fn_math_##name(mf_call *call, const mf_value *args, uint32_t n) {         \
    if (args[0].kind != MF_DOUBLE) return mf_no_function(call, "math." #name, args, n); \
    return mf_double(function(args[0].as.d));                                           \
  }
ROUNDING(ceil, ceil)
ROUNDING(floor, floor)
ROUNDING(round, round)
ROUNDING(trunc, trunc)

#define QUESTION(name, answer)                                                          \
  mf_value mf_fn_math_##name(mf_call *call, const mf_value *args, uint32_t n) {         \
    if (args[0].kind != MF_DOUBLE) return mf_no_function(call, "math." #name, args, n); \
    return mf_bool(answer(args[0].as.d));                                               \
  }
QUESTION(isNaN, isnan)
QUESTION(isInf, isinf)
QUESTION(isFinite, isfinite)

mf_value mf_fn_math_sqrt(mf_call *call, const mf_value *args, uint32_t n) {
  switch (args[0].kind) {
    case MF_INT: return mf_double(sqrt((double)args[0].as.i));
    case MF_UINT: return mf_double(sqrt((double)args[0].as.u));
    case MF_DOUBLE: return mf_double(sqrt(args[0].as.d));
    default: return mf_no_function(call, "math.sqrt", args, n);
  }
}

/* ---- Signs ---- */

mf_value mf_fn_math_abs(mf_call *call, const mf_value *args, uint32_t n) {
  switch (args[0].kind) {
    case MF_INT:
      if (args[0].as.i == INT64_MIN) return mf_error(MF_EVAL_OVERFLOW, MF_STR("int overflow"));
      return mf_int(args[0].as.i < 0 ? -args[0].as.i : args[0].as.i);
    case MF_UINT: return args[0];
    case MF_DOUBLE: return mf_double(fabs(args[0].as.d));
    default: return mf_no_function(call, "math.abs", args, n);
  }
}

static double sign_of(double d) {
  if (d > 0) return 1;
  return d < 0 ? -1 : d; /* zeros and NaN are their own signs */
}

mf_value mf_fn_math_sign(mf_call *call, const mf_value *args, uint32_t n) {
  switch (args[0].kind) {
    case MF_INT: return mf_int((args[0].as.i > 0) - (args[0].as.i < 0));
    case MF_UINT: return mf_uint(args[0].as.u > 0);
    case MF_DOUBLE: return mf_double(sign_of(args[0].as.d));
    default: return mf_no_function(call, "math.sign", args, n);
  }
}

/* ---- Bits ---- */

static bool has_bits(const mf_value *v) { return v->kind == MF_INT || v->kind == MF_UINT; }

static mf_value of_bits(uint8_t kind, uint64_t bits) {
  return (mf_value){.kind = kind, .as.u = bits};
}

#define BITWISE(name, op)                                                       \
  mf_value mf_fn_math_##name(mf_call *call, const mf_value *args, uint32_t n) { \
    if (!has_bits(&args[0]) || args[0].kind != args[1].kind)                    \
      return mf_no_function(call, "math." #name, args, n);                      \
    return of_bits(args[0].kind, args[0].as.u op args[1].as.u);                 \
  }
BITWISE(bitAnd, &)
BITWISE(bitOr, |)
BITWISE(bitXor, ^)

mf_value mf_fn_math_bitNot(mf_call *call, const mf_value *args, uint32_t n) {
  if (!has_bits(args)) return mf_no_function(call, "math.bitNot", args, n);
  return of_bits(args[0].kind, ~args[0].as.u);
}

/* Right shifts bring in zeros, of ints too. */
static mf_value shift(mf_call *call, const char *name, bool left, const mf_value *args,
                      uint32_t n) {
  if (!has_bits(args) || args[1].kind != MF_INT) return mf_no_function(call, name, args, n);
  int64_t by = args[1].as.i;
  uint64_t bits = args[0].as.u;
  if (by < 0) return mf_call_error(call, MF_EVAL_BAD_ARGUMENT, "%s by a negative number", name);
  if (by >= 64) return of_bits(args[0].kind, 0);
  return of_bits(args[0].kind, left ? bits << by : bits >> by);
}

mf_value mf_fn_math_bitShiftLeft(mf_call *call, const mf_value *args, uint32_t n) {
  return shift(call, "math.bitShiftLeft", true, args, n);
}

mf_value mf_fn_math_bitShiftRight(mf_call *call, const mf_value *args, uint32_t n) {
  return shift(call, "math.bitShiftRight", false, args, n);
}
