/* SPDX-License-Identifier: MIT */
#include "loops.h"

#include "../base/limits.h"
#include "../image/image.h"
#include "../image/keys.h"
#include "compare.h"
#include "fn_kit.h"
#include "logic.h"

/* ---- Turns ---- */

static void put_pair(mf_value *s, uint32_t at, unsigned elements) {
  const mf_value *range = &s[MF_LOOP_RANGE];
  const mf_pair *pair = &range->as.map->pairs[at];
  s[MF_LOOP_ELEMENT] = mf_with_taint(pair->key, range->flags);
  if (elements == 2) s[MF_LOOP_ELEMENT + 1] = mf_with_taint(pair->value, range->flags);
}

static void put_item(mf_value *s, uint32_t at, unsigned elements) {
  const mf_value *range = &s[MF_LOOP_RANGE];
  if (elements == 2) s[MF_LOOP_ELEMENT] = mf_int(at);
  s[MF_LOOP_ELEMENT + elements - 1] = mf_with_taint(range->as.list[at], range->flags);
}

static bool put_elements(mf_value *s, uint32_t at, unsigned elements) {
  if (at >= s[MF_LOOP_RANGE].len) return false;
  if (s[MF_LOOP_RANGE].kind == MF_LIST)
    put_item(s, at, elements);
  else
    put_pair(s, at, elements);
  return true;
}

bool mf_loop_next(mf_value *s, unsigned elements) {
  return put_elements(s, (uint32_t)++s[MF_LOOP_AT].as.i, elements);
}

/* ---- Begin ---- */

static mf_value no_range(mf_call *call, uint32_t kind, const mf_value *range) {
  if (range->kind == MF_ERROR) return *range;
  return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "%s cannot go over a value of type %s",
                       kind == MF_LOOP_KIND_SORT ? "sortBy" : "a macro", mf_kind_name(range->kind));
}

static mf_value empty_list(mf_call *call, uint32_t n) {
  mf_value list = {.kind = MF_LIST};
  list.as.list = mf_call_get(call, sizeof(mf_value) * n);
  return list;
}

static mf_value empty_pairs(mf_call *call, uint32_t n) {
  mf_map_builder *b = mf_call_get(call, sizeof *b);
  mf_pair *pairs = mf_call_get(call, sizeof *pairs * (size_t)n);
  if (b == NULL || pairs == NULL) return mf_null();
  mf_map_build(b, call->arena);
  b->pairs = pairs;
  b->cap = n;
  return (mf_value){.kind = MF_NULL, .as.s = (const char *)b};
}

static mf_value nothing_yet(mf_call *call, uint32_t kind, uint32_t n) {
  switch (kind) {
    case MF_LOOP_KIND_ALL: return mf_bool(true);
    case MF_LOOP_KIND_EXISTS: return mf_bool(false);
    case MF_LOOP_KIND_ONE: return mf_int(0);
    default: break;
  }
  if (n > MF_LIMIT_LIST_ELEMENTS) return mf_call_end(call, MF_VALUE_TOO_LARGE);
  bool is_list = kind == MF_LOOP_KIND_LIST || kind == MF_LOOP_KIND_FILTER;
  return is_list ? empty_list(call, n) : empty_pairs(call, n);
}

bool mf_loop_begin(mf_call *call, uint32_t kind, mf_value *s, unsigned elements) {
  const mf_value range = s[0];
  s[MF_LOOP_AT] = mf_int(0);
  s[MF_LOOP_RANGE] = range;
  if (range.kind != MF_LIST && (range.kind != MF_MAP || kind == MF_LOOP_KIND_SORT)) {
    s[MF_LOOP_RESULT] = no_range(call, kind, &range);
    s[MF_LOOP_RANGE] = mf_null();
    return false;
  }
  s[MF_LOOP_RESULT] = nothing_yet(call, kind, range.len);
  return put_elements(s, 0, elements);
}

/* ---- Step ---- */

static bool fail(mf_value *s, mf_value error) {
  s[MF_LOOP_RESULT] = error;
  return false;
}

void mf_loop_refuse(mf_call *call, mf_value *s, const mf_value *predicate) {
  fail(s, mf_no_condition(call, predicate));
}

static bool add_truth(mf_call *call, mf_value *s, const mf_value *x, bool deciding) {
  if (x->kind != MF_BOOL) {
    if (s[MF_LOOP_RESULT].kind == MF_BOOL) s[MF_LOOP_RESULT] = mf_no_condition(call, x);
    return true;
  }
  if ((x->as.i != 0) != deciding) return true;
  s[MF_LOOP_RESULT] = mf_bool(deciding);
  return false;
}

/* There is room for as many as the range has.  The verifier does not prove that
 * STEP comes no more often. */
static bool add_item(mf_value *s, const mf_value *x) {
  mf_value *list = &s[MF_LOOP_RESULT], *items = (mf_value *)(uintptr_t)list->as.list;
  if (x->kind == MF_ERROR) return fail(s, *x);
  if (list->len >= s[MF_LOOP_RANGE].len) return false;
  items[list->len++] = *x;
  list->flags |= x->flags & MF_TAINTED;
  return true;
}

static bool add_if(mf_call *call, mf_value *s, const mf_value *x) {
  if (x->kind != MF_BOOL) return fail(s, mf_no_condition(call, x));
  return x->as.i ? add_item(s, &s[MF_LOOP_ELEMENT]) : true;
}

static bool add_one(mf_call *call, mf_value *s, const mf_value *x) {
  if (x->kind != MF_BOOL) return fail(s, mf_no_condition(call, x));
  s[MF_LOOP_RESULT].as.i += x->as.i != 0;
  return true;
}

static mf_map_builder *pairs_of(const mf_value *s) {
  return (mf_map_builder *)(uintptr_t)s[MF_LOOP_RESULT].as.s;
}

static bool add_pair(mf_call *call, mf_value *s, const mf_value *key, const mf_value *value) {
  if (key->kind == MF_ERROR) return fail(s, *key);
  if (value->kind == MF_ERROR) return fail(s, *value);
  mf_map_builder *b = pairs_of(s);
  if (b->count >= MF_LIMIT_LIST_ELEMENTS) mf_call_end(call, MF_VALUE_TOO_LARGE);
  mf_charge(call, mf_key_cost(key));
  mf_map_add_value(b, *key, *value);
  if (b->failed) mf_call_end(call, MF_OUT_OF_MEMORY);
  s[MF_LOOP_RESULT].flags |= (key->flags | value->flags) & MF_TAINTED;
  return call->status == MF_OK;
}

static bool add_key(mf_call *call, mf_value *s, const mf_value *key, const mf_value *value) {
  if (mf_key_kind_ok(key->kind)) return add_pair(call, s, key, value);
  return fail(s, mf_call_error(call, MF_EVAL_BAD_KEY, "a map key cannot be of type %s",
                               mf_kind_name(key->kind)));
}

static bool add_entries(mf_call *call, mf_value *s, const mf_value *x) {
  if (x->kind == MF_ERROR) return fail(s, *x);
  if (x->kind != MF_MAP)
    return fail(s, mf_call_error(call, MF_EVAL_NO_OVERLOAD,
                                 "transformMapEntry wants a map, not a value of type %s",
                                 mf_kind_name(x->kind)));
  s[MF_LOOP_RESULT].flags |= x->flags & MF_TAINTED;
  for (uint32_t i = 0; i < x->len; i++) {
    const mf_pair *pair = &x->as.map->pairs[i];
    if (!mf_charge(call, 1) || !add_pair(call, s, &pair->key, &pair->value)) return false;
  }
  return true;
}

static bool add(mf_call *call, uint32_t kind, mf_value *s, const mf_value *x) {
  switch (kind) {
    case MF_LOOP_KIND_ALL: return add_truth(call, s, x, false);
    case MF_LOOP_KIND_EXISTS: return add_truth(call, s, x, true);
    case MF_LOOP_KIND_LIST: return add_item(s, x);
    case MF_LOOP_KIND_FILTER: return add_if(call, s, x);
    case MF_LOOP_KIND_ONE: return add_one(call, s, x);
    case MF_LOOP_KIND_MAP: return add_key(call, s, &s[MF_LOOP_ELEMENT], x);
    case MF_LOOP_KIND_ENTRIES: return add_entries(call, s, x);
    default: return add_pair(call, s, x, &s[MF_LOOP_ELEMENT]); /* SORT */
  }
}

/* An error is the end of all kinds but two; code that steps on is no compiler's. */
bool mf_loop_step(mf_call *call, uint32_t kind, mf_value *s, unsigned elements) {
  if (s[MF_LOOP_RESULT].kind == MF_ERROR && kind > MF_LOOP_KIND_EXISTS) return false;
  return add(call, kind, s, &s[MF_LOOP_ELEMENT + elements]) && mf_loop_next(s, elements);
}

/* ---- End: maps and sorted lists ---- */

static mf_value finish_map(mf_call *call, mf_map_builder *b) {
  mf_value map = mf_map_done(b);
  if (map.kind == MF_UNSET) return mf_call_end(call, MF_OUT_OF_MEMORY);
  if (b->repeated) return mf_error(MF_EVAL_BAD_KEY, MF_STR("a map key is repeated"));
  return map;
}

static bool can_be_sorted(uint8_t kind) {
  return kind == MF_BOOL || kind == MF_INT || kind == MF_UINT || kind == MF_DOUBLE ||
         kind == MF_STRING || kind == MF_BYTES || kind == MF_TIMESTAMP || kind == MF_DURATION;
}

/* The first key that cannot stand beside the first one; NULL if none. */
static const mf_value *odd_key(const mf_map_builder *b) {
  for (uint32_t i = 0; i < b->count; i++) {
    const mf_value *key = &b->pairs[i].key;
    if (!can_be_sorted(key->kind) || key->kind != b->pairs[0].key.kind) return key;
  }
  return NULL;
}

typedef struct sorting {
  mf_call *call;
  const mf_pair *pairs;
} sorting;

static bool is_less(void *ctx, uint32_t a, uint32_t b) {
  const sorting *s = ctx;
  return mf_compare(s->call, MF_LT, &s->pairs[a].key, &s->pairs[b].key).as.i == 1;
}

static mf_value finish_sort(mf_call *call, const mf_map_builder *b) {
  const mf_value *odd = odd_key(b);
  if (odd)
    return mf_call_error(call, MF_EVAL_NO_OVERLOAD,
                         "sortBy wants keys of one kind that has an order, not %s and %s",
                         mf_kind_name(b->pairs[0].key.kind), mf_kind_name(odd->kind));
  sorting s = {call, b->pairs};
  uint32_t *order = mf_call_positions(call, b->count);
  mf_value *items = mf_call_get(call, sizeof *items * b->count);
  if (!order || !items || !mf_sort_positions(call, order, b->count, is_less, &s)) return mf_null();
  for (uint32_t i = 0; i < b->count; i++) items[i] = b->pairs[order[i]].value;
  return mf_list_value(items, b->count);
}

mf_value mf_loop_end(mf_call *call, uint32_t kind, mf_value *s) {
  const mf_value *result = &s[MF_LOOP_RESULT];
  if (result->kind == MF_ERROR) return *result;
  switch (kind) {
    case MF_LOOP_KIND_ONE: return mf_bool(result->as.i == 1);
    case MF_LOOP_KIND_MAP:
    case MF_LOOP_KIND_ENTRIES: return mf_with_taint(finish_map(call, pairs_of(s)), result->flags);
    case MF_LOOP_KIND_SORT: return mf_with_taint(finish_sort(call, pairs_of(s)), result->flags);
    default: return *result;
  }
}

/* ---- One comparison for every element ---- */

/* LOCAL, CONST, the comparison and STEP. */
enum { FUEL_OF_TURN = 4 };

/* How far the elements are of k's kind and compare as wanted: four at a time, for
 * they nearly always are, then one at a time.  What is left is for the general
 * way. */
#define FITS(at, type, field, op, want) \
  ((items[at].kind == (type)) & ((items[at].as.field op x) == (want)))
#define RUN(...)                                                              \
  while (i + 4 <= n && (FITS(i, __VA_ARGS__) & FITS(i + 1, __VA_ARGS__) &     \
                        FITS(i + 2, __VA_ARGS__) & FITS(i + 3, __VA_ARGS__))) \
    i += 4;                                                                   \
  while (i < n && FITS(i, __VA_ARGS__)) i++
#define RUN_OF(type, field, op) \
  if (wanted) {                 \
    RUN(type, field, op, 1);    \
  } else {                      \
    RUN(type, field, op, 0);    \
  }                             \
  break
#define RUN_OVER(type, field, c_type)      \
  do {                                     \
    const c_type x = k->as.field;          \
    switch (relation) {                    \
      case MF_EQ: RUN_OF(type, field, ==); \
      case MF_NE: RUN_OF(type, field, !=); \
      case MF_LT: RUN_OF(type, field, <);  \
      case MF_LE: RUN_OF(type, field, <=); \
      case MF_GT: RUN_OF(type, field, >);  \
      default: RUN_OF(type, field, >=);    \
    }                                      \
  } while (0)

static uint32_t run(const mf_value *items, uint32_t i, uint32_t n, uint32_t relation,
                    const mf_value *k, bool wanted) {
  if (k->kind == MF_DOUBLE) RUN_OVER(MF_DOUBLE, d, double);
  if (k->kind == MF_INT) RUN_OVER(MF_INT, i, int64_t);
  return i;
}

/* Fuel may end in the middle of a run: then no more than it pays for is done. */
static uint32_t affordable(const mf_call *call, uint32_t i, uint32_t n) {
  const int64_t turns = call->fuel / FUEL_OF_TURN + 1;
  return turns < n - i ? i + (uint32_t)turns : n;
}

static mf_value element_at(const mf_value *range, uint32_t i) {
  return range->kind == MF_LIST ? range->as.list[i] : range->as.map->pairs[i].key;
}

mf_value mf_quantify(mf_call *call, bool all, uint32_t relation, const mf_value *range,
                     const mf_value *k) {
  if (range->kind != MF_LIST && range->kind != MF_MAP)
    return mf_charge(call, 1) ? no_range(call, MF_LOOP_KIND_ALL, range) : mf_null();
  mf_value result = mf_bool(all);
  for (uint32_t i = 0; i < range->len; i++) {
    if (range->kind == MF_LIST) {
      const uint32_t from = i;
      i = run(range->as.list, i, affordable(call, i, range->len), relation, k, all);
      if (!mf_charge(call, (uint64_t)(i - from) * FUEL_OF_TURN) || i == range->len) break;
    }
    if (!mf_charge(call, FUEL_OF_TURN)) break;
    const mf_value x = element_at(range, i), truth = mf_compare(call, (mf_relation)relation, &x, k);
    if (truth.kind != MF_BOOL) {
      if (result.kind == MF_BOOL) result = truth;
    } else if ((truth.as.i != 0) != all) {
      result = mf_bool(!all);
      break;
    }
  }
  mf_charge(call, 1);
  return result;
}
