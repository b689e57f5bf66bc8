/* SPDX-License-Identifier: MIT */
#include "compare.h"

#include <math.h>

/* Values that expressions build from values of MF_VALUE_DEPTH are deeper by at
 * most the nesting of an expression. */
enum { DEEPEST = 2 * MF_VALUE_DEPTH };

typedef enum order { LESS = -1, SAME = 0, MORE = 1, UNORDERED = 2, NO_ORDER = 3 } order;

/* ---- Numbers ---- */

static bool is_number(uint8_t kind) { return kind >= MF_INT && kind <= MF_DOUBLE; }

static order order_doubles(double x, double y) {
  if (x < y) return LESS;
  if (x > y) return MORE;
  return x == y ? SAME : UNORDERED;
}

/* CEL's own conformance tests pin the lossy rule: outside the integers' range the
 * range decides, inside the integer becomes a double.  So the greatest int
 * equals 2^63 as a double; an exact comparison fails those tests. */
static order order_int_double(int64_t i, double d) {
  if (d < -0x1p63) return MORE;
  if (d > 0x1p63) return LESS;
  return order_doubles((double)i, d);
}

static order order_uint_double(uint64_t u, double d) {
  if (d < 0) return MORE;
  if (d > 0x1p64) return LESS;
  return order_doubles((double)u, d);
}

static order order_ints(int64_t x, int64_t y) { return x < y ? LESS : x > y ? MORE : SAME; }
static order order_uints(uint64_t x, uint64_t y) { return x < y ? LESS : x > y ? MORE : SAME; }

static order order_int_uint(int64_t i, uint64_t u) {
  return i < 0 ? LESS : order_uints((uint64_t)i, u);
}

static order reversed(order o) { return o == LESS ? MORE : o == MORE ? LESS : o; }

static order order_numbers(const mf_value *x, const mf_value *y) {
  if (x->kind > y->kind) return reversed(order_numbers(y, x));
  if (x->kind == MF_DOUBLE) return order_doubles(x->as.d, y->as.d);
  if (x->kind == MF_UINT)
    return y->kind == MF_UINT ? order_uints(x->as.u, y->as.u) : order_uint_double(x->as.u, y->as.d);
  if (y->kind == MF_INT) return order_ints(x->as.i, y->as.i);
  return y->kind == MF_UINT ? order_int_uint(x->as.i, y->as.u) : order_int_double(x->as.i, y->as.d);
}

/* ---- Equality ---- */

static bool equal(mf_call *call, const mf_value *x, const mf_value *y, unsigned depth);

static bool equal_text(mf_call *call, const mf_value *x, const mf_value *y) {
  if (x->len != y->len) return false;
  if (x->as.s == y->as.s) return true;
  return mf_charge(call, x->len) && mf_str_eq(mf_value_str(*x), mf_value_str(*y));
}

static bool equal_lists(mf_call *call, const mf_value *x, const mf_value *y, unsigned depth) {
  if (x->len != y->len) return false;
  for (uint32_t i = 0; i < x->len; i++)
    if (!mf_charge(call, 1) || !equal(call, &x->as.list[i], &y->as.list[i], depth)) return false;
  return true;
}

static bool equal_maps(mf_call *call, const mf_map *x, const mf_map *y, unsigned depth) {
  if (x->count != y->count) return false;
  for (uint32_t i = 0; i < x->count; i++) {
    const mf_value *key = &x->pairs[i].key;
    if (!mf_charge(call, mf_map_find_cost(y, key))) return false;
    const mf_value *other = mf_map_find(y, *key);
    if (other == NULL || !equal(call, &x->pairs[i].value, other, depth)) return false;
  }
  return true;
}

static bool equal_optionals(mf_call *call, const mf_value *x, const mf_value *y, unsigned depth) {
  if (x->as.list == NULL || y->as.list == NULL) return x->as.list == y->as.list;
  return equal(call, x->as.list, y->as.list, depth);
}

static bool equal(mf_call *call, const mf_value *x, const mf_value *y, unsigned depth) {
  if (is_number(x->kind) && is_number(y->kind)) return order_numbers(x, y) == SAME;
  if (x->kind != y->kind) return false;
  if (depth-- == 0) {
    mf_call_end(call, MF_VALUE_TOO_LARGE);
    return false;
  }
  switch (x->kind) {
    case MF_NULL: return true;
    case MF_BOOL:
    case MF_DURATION: return x->as.i == y->as.i;
    case MF_TIMESTAMP: return x->as.i == y->as.i && x->len == y->len;
    case MF_STRING:
    case MF_BYTES:
    case MF_TYPE:
    case MF_IP: return equal_text(call, x, y);
    case MF_CIDR: return x->aux == y->aux && equal_text(call, x, y);
    case MF_LIST: return equal_lists(call, x, y, depth);
    case MF_MAP: return equal_maps(call, x->as.map, y->as.map, depth);
    case MF_OPTIONAL: return equal_optionals(call, x, y, depth);
    default: return false;
  }
}

bool mf_equal(mf_call *call, const mf_value *x, const mf_value *y) {
  return equal(call, x, y, DEEPEST);
}

/* ---- Order ---- */

static order order_text(mf_call *call, const mf_value *x, const mf_value *y) {
  if (!mf_charge(call, x->len < y->len ? x->len : y->len)) return SAME;
  int o = mf_str_cmp(mf_value_str(*x), mf_value_str(*y));
  return o < 0 ? LESS : o > 0 ? MORE : SAME;
}

static order order_timestamps(const mf_value *x, const mf_value *y) {
  return x->as.i != y->as.i ? order_ints(x->as.i, y->as.i) : order_uints(x->len, y->len);
}

static order order_values(mf_call *call, const mf_value *x, const mf_value *y) {
  if (is_number(x->kind) && is_number(y->kind)) return order_numbers(x, y);
  if (x->kind != y->kind) return NO_ORDER;
  switch (x->kind) {
    case MF_BOOL:
    case MF_DURATION: return order_ints(x->as.i, y->as.i);
    case MF_STRING:
    case MF_BYTES: return order_text(call, x, y);
    case MF_TIMESTAMP: return order_timestamps(x, y);
    default: return NO_ORDER;
  }
}

static const char *const relation_words[] = {"==", "!=", "<", "<=", ">", ">="};

static bool holds(mf_relation relation, order o) {
  switch (relation) {
    case MF_EQ: return o == SAME;
    case MF_NE: return o != SAME;
    case MF_LT: return o == LESS;
    case MF_LE: return o == LESS || o == SAME;
    case MF_GT: return o == MORE;
    case MF_GE: return o == MORE || o == SAME;
  }
  return false;
}

mf_value mf_compare(mf_call *call, mf_relation relation, const mf_value *x, const mf_value *y) {
  if (x->kind == MF_ERROR) return *x;
  if (y->kind == MF_ERROR) return *y;
  if (relation <= MF_NE) return mf_bool(mf_equal(call, x, y) == (relation == MF_EQ));
  order o = order_values(call, x, y);
  if (o != NO_ORDER) return mf_bool(holds(relation, o));
  return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "no overload for %s %s %s", mf_kind_name(x->kind),
                       relation_words[relation], mf_kind_name(y->kind));
}
