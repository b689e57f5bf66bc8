/* SPDX-License-Identifier: MIT */
/* Optionals as functions; their syntax is the compiler's business. */
#include "fn_kit.h"

mf_value mf_fn_optional_of(mf_call *call, const mf_value *args, uint32_t n) {
  (void)n;
  return mf_optional_of(call, args);
}

mf_value mf_fn_optional_none(mf_call *call, const mf_value *args, uint32_t n) {
  (void)args, (void)n;
  return mf_optional_of(call, NULL);
}

static bool is_zero(const mf_value *v) {
  switch (v->kind) {
    case MF_NULL: return true;
    case MF_BOOL:
    case MF_INT:
    case MF_UINT:
    case MF_DURATION: return v->as.i == 0;
    case MF_DOUBLE: return v->as.d == 0;
    case MF_STRING:
    case MF_BYTES:
    case MF_LIST:
    case MF_MAP: return v->len == 0;
    case MF_OPTIONAL: return v->as.list == NULL;
    default: return false;
  }
}

mf_value mf_fn_optional_ofNonZeroValue(mf_call *call, const mf_value *args, uint32_t n) {
  (void)n;
  return mf_optional_of(call, is_zero(args) ? NULL : args);
}

mf_value mf_fn_hasValue(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "o")) return mf_no_function(call, "hasValue", args, n);
  return mf_bool(args[0].as.list != NULL);
}

mf_value mf_fn_value(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "o")) return mf_no_function(call, "value", args, n);
  if (args[0].as.list) return *args[0].as.list;
  return mf_error(MF_EVAL_NO_VALUE, MF_STR("an optional has no value"));
}

mf_value mf_fn_or(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "oo")) return mf_no_function(call, "or", args, n);
  return args[0].as.list ? args[0] : args[1];
}

mf_value mf_fn_orValue(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, 1, "o")) return mf_no_function(call, "orValue", args, n);
  return args[0].as.list ? *args[0].as.list : args[1];
}

/* The values of the optionals in a list. */
static mf_value unwrap(mf_call *call, const char *name, const mf_value *args, uint32_t n) {
  uint32_t count = 0;
  if (!mf_args_are(args, n, "l")) return mf_no_function(call, name, args, n);
  mf_value *items = mf_call_items(call, args[0].len);
  for (uint32_t i = 0; items && i < args[0].len; i++) {
    const mf_value *item = &args[0].as.list[i];
    if (item->kind != MF_OPTIONAL) return mf_no_function(call, name, item, 1);
    if (item->as.list) items[count++] = *item->as.list;
  }
  return mf_list_value(items, count);
}

mf_value mf_fn_optional_unwrap(mf_call *call, const mf_value *args, uint32_t n) {
  return unwrap(call, "optional.unwrap", args, n);
}

mf_value mf_fn_unwrapOpt(mf_call *call, const mf_value *args, uint32_t n) {
  return unwrap(call, "unwrapOpt", args, n);
}
