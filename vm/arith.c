/* SPDX-License-Identifier: MIT */
#include "arith.h"
#include "../base/limits.h"

static const char *const operation_words[] = {"+", "-", "*", "/", "%"};

static mf_value no_overload(mf_call *call, mf_operation op, const mf_value *x, const mf_value *y) {
  return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "no overload for %s %s %s", mf_kind_name(x->kind),
                       operation_words[op], mf_kind_name(y->kind));
}

static mf_value overflow(uint8_t kind) {
  switch (kind) {
    case MF_INT: return mf_error(MF_EVAL_OVERFLOW, MF_STR("int overflow"));
    case MF_UINT: return mf_error(MF_EVAL_OVERFLOW, MF_STR("uint overflow"));
    case MF_DURATION: return mf_error(MF_EVAL_OVERFLOW, MF_STR("duration out of range"));
    default: return mf_error(MF_EVAL_OVERFLOW, MF_STR("timestamp out of range"));
  }
}

static mf_value by_zero(void) {
  return mf_error(MF_EVAL_DIVIDE_BY_ZERO, MF_STR("division by zero"));
}

/* ---- Overflow ---- */

static bool add_ints(int64_t x, int64_t y, int64_t *out) {
#if defined(__GNUC__)
  return !__builtin_add_overflow(x, y, out);
#else
  if (y > 0 ? x > INT64_MAX - y : x < INT64_MIN - y) return false;
  *out = x + y;
  return true;
#endif
}

static bool subtract_ints(int64_t x, int64_t y, int64_t *out) {
#if defined(__GNUC__)
  return !__builtin_sub_overflow(x, y, out);
#else
  if (y > 0 ? x < INT64_MIN + y : x > INT64_MAX + y) return false;
  *out = x - y;
  return true;
#endif
}

static bool multiply_ints(int64_t x, int64_t y, int64_t *out) {
#if defined(__GNUC__)
  return !__builtin_mul_overflow(x, y, out);
#else
  if (x == 0 || y == 0) {
    *out = 0;
    return true;
  }
  if ((x == -1 && y == INT64_MIN) || (y == -1 && x == INT64_MIN)) return false;
  if (y != -1 &&
      (y > 0 ? x > INT64_MAX / y || x < INT64_MIN / y : x > INT64_MIN / y || x < INT64_MAX / y))
    return false;
  *out = x * y;
  return true;
#endif
}

/* ---- Numbers ---- */

static mf_value int_arith(mf_operation op, int64_t x, int64_t y) {
  int64_t out = 0;
  bool fits = true;
  switch (op) {
    case MF_ADD: fits = add_ints(x, y, &out); break;
    case MF_SUBTRACT: fits = subtract_ints(x, y, &out); break;
    case MF_MULTIPLY: fits = multiply_ints(x, y, &out); break;
    case MF_DIVIDE:
      if (y == 0) return by_zero();
      if ((fits = !(x == INT64_MIN && y == -1))) out = x / y;
      break;
    case MF_REMAINDER:
      if (y == 0) return by_zero();
      if ((fits = !(x == INT64_MIN && y == -1))) out = x % y;
      break;
  }
  return fits ? mf_int(out) : overflow(MF_INT);
}

static mf_value uint_arith(mf_operation op, uint64_t x, uint64_t y) {
  switch (op) {
    case MF_ADD: return x > UINT64_MAX - y ? overflow(MF_UINT) : mf_uint(x + y);
    case MF_SUBTRACT: return x < y ? overflow(MF_UINT) : mf_uint(x - y);
    case MF_MULTIPLY: return y && x > UINT64_MAX / y ? overflow(MF_UINT) : mf_uint(x * y);
    case MF_DIVIDE: return y == 0 ? by_zero() : mf_uint(x / y);
    case MF_REMAINDER: return y == 0 ? by_zero() : mf_uint(x % y);
  }
  return mf_null();
}

/* Division by zero gives an infinity or NaN, as IEEE 754 says. */
static mf_value double_arith(mf_operation op, double x, double y) {
  switch (op) {
    case MF_ADD: return mf_double(x + y);
    case MF_SUBTRACT: return mf_double(x - y);
    case MF_MULTIPLY: return mf_double(x * y);
    case MF_DIVIDE: return mf_double(x / y);
    case MF_REMAINDER: break;
  }
  return mf_null();
}

static bool as_double(const mf_value *v, double *out) {
  switch (v->kind) {
    case MF_INT: *out = (double)v->as.i; return true;
    case MF_UINT: *out = (double)v->as.u; return true;
    case MF_DOUBLE: *out = v->as.d; return true;
    default: return false;
  }
}

static mf_value mixed_arith(mf_call *call, mf_operation op, const mf_value *x, const mf_value *y) {
  double a, b;
  bool one_double = x->kind == MF_DOUBLE || y->kind == MF_DOUBLE;
  if (op == MF_REMAINDER || !one_double || !as_double(x, &a) || !as_double(y, &b))
    return no_overload(call, op, x, y);
  return double_arith(op, a, b);
}

/* ---- Joining ---- */

static mf_value join_text(mf_call *call, const mf_value *x, const mf_value *y) {
  uint64_t n = (uint64_t)x->len + y->len;
  if (n > MF_LIMIT_STRING_BYTES) return mf_call_end(call, MF_VALUE_TOO_LARGE);
  char *text = mf_charge(call, n) ? mf_call_get(call, (size_t)n) : NULL;
  if (text == NULL) return mf_null();
  if (x->len) memcpy(text, x->as.s, x->len);
  if (y->len) memcpy(text + x->len, y->as.s, y->len);
  return (mf_value){.kind = x->kind, .len = (uint32_t)n, .as.s = text};
}

static mf_value join_lists(mf_call *call, const mf_value *x, const mf_value *y) {
  uint64_t n = (uint64_t)x->len + y->len;
  if (n > MF_LIMIT_LIST_ELEMENTS) return mf_call_end(call, MF_VALUE_TOO_LARGE);
  mf_value *items = mf_charge(call, n) ? mf_call_get(call, sizeof *items * (size_t)n) : NULL;
  if (items == NULL) return mf_null();
  if (x->len) memcpy(items, x->as.list, sizeof *items * x->len);
  if (y->len) memcpy(items + x->len, y->as.list, sizeof *items * y->len);
  return (mf_value){.kind = MF_LIST, .len = (uint32_t)n, .as.list = items};
}

/* ---- Time ---- */

#define SECOND INT64_C(1000000000)
#define FIRST_SECOND INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST_SECOND INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

static mf_value shift_timestamp(const mf_value *t, int64_t seconds, int64_t nanos) {
  int64_t n = (int64_t)t->len + nanos, s;
  if (n < 0) n += SECOND, seconds--;
  if (n >= SECOND) n -= SECOND, seconds++;
  if (!add_ints(t->as.i, seconds, &s) || s < FIRST_SECOND || s > LAST_SECOND)
    return overflow(MF_TIMESTAMP);
  return mf_timestamp_value(s, (uint32_t)n);
}

static mf_value between_timestamps(const mf_value *x, const mf_value *y) {
  int64_t seconds, ns, rest = (int64_t)x->len - (int64_t)y->len;
  if (!subtract_ints(x->as.i, y->as.i, &seconds)) return overflow(MF_DURATION);
  if (seconds < 0 && rest > 0)
    seconds++, rest -= SECOND; /* else the product might overflow alone */
  if (!multiply_ints(seconds, SECOND, &ns) || !add_ints(ns, rest, &ns))
    return overflow(MF_DURATION);
  return mf_duration_value(ns);
}

static mf_value duration_arith(mf_operation op, int64_t x, int64_t y) {
  int64_t ns;
  bool fits = op == MF_ADD ? add_ints(x, y, &ns) : subtract_ints(x, y, &ns);
  return fits ? mf_duration_value(ns) : overflow(MF_DURATION);
}

static mf_value time_arith(mf_call *call, mf_operation op, const mf_value *x, const mf_value *y) {
  bool x_time = x->kind == MF_TIMESTAMP, y_time = y->kind == MF_TIMESTAMP;
  bool x_span = x->kind == MF_DURATION, y_span = y->kind == MF_DURATION;
  if (op <= MF_SUBTRACT && x_span && y_span) return duration_arith(op, x->as.i, y->as.i);
  if (op == MF_SUBTRACT && x_time && y_time) return between_timestamps(x, y);
  if (op == MF_ADD && x_span && y_time) return time_arith(call, op, y, x);
  if (op > MF_SUBTRACT || !x_time || !y_span) return no_overload(call, op, x, y);
  int64_t sign = op == MF_ADD ? 1 : -1; /* seconds and rest negate safely, ns might not */
  return shift_timestamp(x, sign * (y->as.i / SECOND), sign * (y->as.i % SECOND));
}

/* ---- The operators ---- */

static mf_value arith(mf_call *call, mf_operation op, const mf_value *x, const mf_value *y) {
  if (x->kind != y->kind) {
    bool time = x->kind == MF_TIMESTAMP || x->kind == MF_DURATION;
    return time ? time_arith(call, op, x, y) : mixed_arith(call, op, x, y);
  }
  switch (x->kind) {
    case MF_INT: return int_arith(op, x->as.i, y->as.i);
    case MF_UINT: return uint_arith(op, x->as.u, y->as.u);
    case MF_DOUBLE:
      return op == MF_REMAINDER ? no_overload(call, op, x, y) : double_arith(op, x->as.d, y->as.d);
    case MF_STRING:
    case MF_BYTES: return op == MF_ADD ? join_text(call, x, y) : no_overload(call, op, x, y);
    case MF_LIST: return op == MF_ADD ? join_lists(call, x, y) : no_overload(call, op, x, y);
    case MF_TIMESTAMP:
    case MF_DURATION: return time_arith(call, op, x, y);
    default: return no_overload(call, op, x, y);
  }
}

mf_value mf_arith(mf_call *call, mf_operation op, const mf_value *x, const mf_value *y) {
  if (x->kind == MF_ERROR) return *x;
  if (y->kind == MF_ERROR) return *y;
  return mf_with_taint(arith(call, op, x, y), x->flags | y->flags);
}

mf_value mf_negate(mf_call *call, const mf_value *x) {
  switch (x->kind) {
    case MF_ERROR: return *x;
    case MF_INT:
      if (x->as.i == INT64_MIN) return overflow(MF_INT);
      return mf_with_taint(mf_int(-x->as.i), x->flags);
    case MF_DOUBLE: return mf_with_taint(mf_double(-x->as.d), x->flags);
    default:
      return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "no overload for -%s", mf_kind_name(x->kind));
  }
}

static bool is_whole(const mf_value *v) { return v->kind == MF_INT || v->kind == MF_UINT; }

mf_value mf_alike(mf_call *call, const mf_value *x, const mf_value *y) {
  bool mixed = (x->kind == MF_DOUBLE && is_whole(y)) || (is_whole(x) && y->kind == MF_DOUBLE);
  if (!mixed) return *y;
  return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "no arithmetic on %s and %s under --strict-cel",
                       mf_kind_name(x->kind), mf_kind_name(y->kind));
}
