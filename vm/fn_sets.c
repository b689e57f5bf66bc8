/* SPDX-License-Identifier: MIT */
/* sets: lists looked at as sets, by CEL's equality. */
#include "compare.h"
#include "fn_kit.h"

static bool has(mf_call *call, const mf_value *list, const mf_value *item) {
  for (uint32_t i = 0; i < list->len && mf_charge(call, 1); i++)
    if (mf_equal(call, &list->as.list[i], item)) return true;
  return false;
}

static bool has_all(mf_call *call, const mf_value *list, const mf_value *items) {
  for (uint32_t i = 0; i < items->len; i++)
    if (!has(call, list, &items->as.list[i])) return false;
  return true;
}

mf_value mf_fn_sets_contains(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "ll")) return mf_no_function(call, "sets.contains", args, n);
  return mf_bool(has_all(call, &args[0], &args[1]));
}

mf_value mf_fn_sets_equivalent(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "ll")) return mf_no_function(call, "sets.equivalent", args, n);
  return mf_bool(has_all(call, &args[0], &args[1]) && has_all(call, &args[1], &args[0]));
}

mf_value mf_fn_sets_intersects(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "ll")) return mf_no_function(call, "sets.intersects", args, n);
  for (uint32_t i = 0; i < args[1].len; i++)
    if (has(call, &args[0], &args[1].as.list[i])) return mf_bool(true);
  return mf_bool(false);
}
