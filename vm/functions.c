/* SPDX-License-Identifier: MIT */
#include "functions.h"

const mf_function mf_functions[] = {
#define MF_FUNCTION(id, spelling, code, min_args, max_args, signatures, cost, doc) \
  [code] = mf_fn_##id,
#include "functions.def"
#undef MF_FUNCTION
};

/* An argument that is an error is the result, unless nobody asks for it: what
 * stands in for an optional's value does not matter when there is one. */
static mf_value error_argument(uint32_t code, const mf_value *args, uint32_t i) {
  bool stands_in = (code == MF_FUNCTION_or || code == MF_FUNCTION_orValue) && i == 1 &&
                   args[0].kind == MF_OPTIONAL && args[0].as.list;
  if (!stands_in) return args[i];
  return code == MF_FUNCTION_or ? args[0] : mf_with_taint(*args[0].as.list, args[0].flags);
}

mf_value mf_function_call(mf_call *call, uint32_t code, const mf_value *args, uint32_t n) {
  uint32_t flags = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (args[i].kind == MF_ERROR) return error_argument(code, args, i);
    flags |= args[i].flags;
  }
  return mf_with_taint(mf_functions[code](call, args, n), flags);
}

mf_value mf_no_function(mf_call *call, const char *name, const mf_value *args, uint32_t n) {
  char kinds[256] = "";
  size_t at = 0;
  for (uint32_t i = 0; i < n && at + 40 < sizeof kinds; i++) {
    mf_str kind = mf_str_of(mf_kind_name(args[i].kind));
    if (i > 0) memcpy(kinds + at, ", ", 2), at += 2;
    memcpy(kinds + at, kind.p, kind.n + 1);
    at += kind.n;
  }
  return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "no overload for %s(%s)", name, kinds);
}

/* ---- Any value ---- */

mf_value mf_fn_dyn(mf_call *call, const mf_value *args, uint32_t n) {
  (void)call, (void)n;
  return args[0];
}

mf_value mf_fn_type(mf_call *call, const mf_value *args, uint32_t n) {
  (void)call, (void)n;
  return mf_type_value(args[0].kind);
}

mf_value mf_fn_size(mf_call *call, const mf_value *args, uint32_t n) {
  switch (args[0].kind) {
    case MF_STRING:
      if (!mf_charge(call, args[0].len)) return mf_null();
      return mf_int((int64_t)mf_utf8_count(args[0].as.s, args[0].len));
    case MF_BYTES:
    case MF_LIST:
    case MF_MAP: return mf_int(args[0].len);
    default: return mf_no_function(call, "size", args, n);
  }
}

/* ---- Strings ---- */

static bool two_strings(const mf_value *args) {
  return args[0].kind == MF_STRING && args[1].kind == MF_STRING;
}

mf_value mf_fn_contains(mf_call *call, const mf_value *args, uint32_t n) {
  if (!two_strings(args)) return mf_no_function(call, "contains", args, n);
  if (!mf_charge(call, (uint64_t)args[0].len + args[1].len)) return mf_null();
  return mf_bool(mf_str_find(mf_value_str(args[0]), mf_value_str(args[1]), 0) != SIZE_MAX);
}

mf_value mf_fn_startsWith(mf_call *call, const mf_value *args, uint32_t n) {
  if (!two_strings(args)) return mf_no_function(call, "startsWith", args, n);
  if (!mf_charge(call, args[1].len)) return mf_null();
  return mf_bool(mf_str_starts(mf_value_str(args[0]), mf_value_str(args[1])));
}

mf_value mf_fn_endsWith(mf_call *call, const mf_value *args, uint32_t n) {
  if (!two_strings(args)) return mf_no_function(call, "endsWith", args, n);
  if (!mf_charge(call, args[1].len)) return mf_null();
  return mf_bool(mf_str_ends(mf_value_str(args[0]), mf_value_str(args[1])));
}
