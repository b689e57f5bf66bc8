/* SPDX-License-Identifier: MIT */
/* Lists: CEL's lists extension. */
#include "compare.h"
#include "fn_kit.h"

mf_value mf_fn_slice(mf_call *call, const mf_value *args, uint32_t n) {
  char one[MF_QUOTED_SIZE], two[MF_QUOTED_SIZE];
  if (!mf_args_are(args, n, "lii")) return mf_no_function(call, "slice", args, n);
  int64_t from = args[1].as.i, to = args[2].as.i;
  if (from < 0 || from > to || to > args[0].len)
    return mf_call_error(call, MF_EVAL_OUT_OF_RANGE, "no slice(%s, %s) of a list of %u",
                         mf_quoted(&args[1], one), mf_quoted(&args[2], two), args[0].len);
  /* Values are never changed in place: a part of a list may lie in the whole. */
  return mf_list_value(args[0].as.list ? args[0].as.list + from : NULL, (uint64_t)(to - from));
}

/* ---- Flattening ---- */

/* Counts the elements, and copies them when `items` is not NULL. */
static uint64_t flatten(mf_call *call, const mf_value *list, int64_t depth, mf_value *items) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < list->len && mf_charge(call, 1); i++) {
    const mf_value *item = &list->as.list[i];
    if (item->kind == MF_LIST && depth > 0) {
      count += flatten(call, item, depth - 1, items ? items + count : NULL);
    } else {
      if (items) items[count] = *item;
      count++;
    }
  }
  return count;
}

mf_value mf_fn_flatten(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "li")) return mf_no_function(call, "flatten", args, n);
  int64_t depth = n == 2 ? args[1].as.i : 1;
  if (depth < 0) return mf_error(MF_EVAL_BAD_ARGUMENT, MF_STR("flatten to a negative depth"));
  if (depth > MF_VALUE_DEPTH) depth = MF_VALUE_DEPTH;
  uint64_t count = flatten(call, args, depth, NULL);
  mf_value *items = call->status == MF_OK ? mf_call_items(call, count) : NULL;
  if (items == NULL) return mf_null();
  flatten(call, args, depth, items);
  return mf_list_value(items, count);
}

/* ---- Elements ---- */

mf_value mf_fn_distinct(mf_call *call, const mf_value *args, uint32_t n) {
  uint32_t count = 0;
  if (!mf_args_are(args, n, "l")) return mf_no_function(call, "distinct", args, n);
  mf_value *items = mf_call_items(call, args[0].len);
  for (uint32_t i = 0; items && i < args[0].len; i++) {
    uint32_t at = 0;
    while (at < count && mf_charge(call, 1) && !mf_equal(call, &items[at], &args[0].as.list[i]))
      at++;
    if (call->status != MF_OK) return mf_null();
    if (at == count) items[count++] = args[0].as.list[i];
  }
  return mf_list_value(items, count);
}

mf_value mf_fn_lists_range(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "i")) return mf_no_function(call, "lists.range", args, n);
  if (args[0].as.i < 0)
    return mf_error(MF_EVAL_BAD_ARGUMENT, MF_STR("lists.range of a negative number"));
  mf_value *items = mf_call_items(call, args[0].as.u);
  if (items == NULL) return mf_null();
  for (int64_t i = 0; i < args[0].as.i; i++) items[i] = mf_int(i);
  return mf_list_value(items, args[0].as.u);
}

mf_value mf_fn_first(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "l")) return mf_no_function(call, "first", args, n);
  return mf_optional_of(call, args[0].len ? &args[0].as.list[0] : NULL);
}

mf_value mf_fn_last(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "l")) return mf_no_function(call, "last", args, n);
  return mf_optional_of(call, args[0].len ? &args[0].as.list[args[0].len - 1] : NULL);
}

/* ---- Sorting ---- */

typedef struct keys {
  mf_call *call;
  const mf_value *items;
} keys;

static bool key_is_less(void *ctx, uint32_t a, uint32_t b) {
  keys *k = ctx;
  mf_value less = mf_compare(k->call, MF_LT, &k->items[a], &k->items[b]);
  return less.kind == MF_BOOL && less.as.i;
}

static bool has_order(uint8_t kind) {
  return kind == MF_BOOL || kind == MF_INT || kind == MF_UINT || kind == MF_DOUBLE ||
         kind == MF_STRING || kind == MF_BYTES || kind == MF_TIMESTAMP || kind == MF_DURATION;
}

/* The error of keys that cannot be sorted; kind UNSET when they can. */
static mf_value bad_keys(mf_call *call, const mf_value *list) {
  for (uint32_t i = 0; i < list->len; i++) {
    const mf_value *item = &list->as.list[i];
    if (!has_order(item->kind)) return mf_no_function(call, "sort", item, 1);
    if (item->kind != list->as.list[0].kind)
      return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "sort of %s beside %s",
                           mf_kind_name(list->as.list[0].kind), mf_kind_name(item->kind));
  }
  return (mf_value){.kind = MF_UNSET};
}

mf_value mf_fn_sort(mf_call *call, const mf_value *args, uint32_t n) {
  const mf_value *list = &args[0];
  if (!mf_args_are(args, n, "l")) return mf_no_function(call, "sort", args, n);
  keys k = {call, list->as.list};
  if (!mf_charge(call, list->len)) return mf_null();
  mf_value error = bad_keys(call, list);
  if (error.kind != MF_UNSET) return error;
  uint32_t *order = mf_call_positions(call, list->len);
  mf_value *items = order ? mf_call_items(call, list->len) : NULL;
  if (items == NULL || !mf_sort_positions(call, order, list->len, key_is_less, &k))
    return mf_null();
  for (uint32_t i = 0; i < list->len; i++) items[i] = list->as.list[order[i]];
  return mf_list_value(items, list->len);
}
