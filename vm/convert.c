/* SPDX-License-Identifier: MIT */
/* Conversions: the functions named after types, and values as text. */
#include "convert.h"

#include "fn_kit.h"

#include <math.h>

static mf_value bad_conversion(mf_call *call, const mf_value *v, const char *to) {
  char text[MF_QUOTED_SIZE];
  return mf_call_error(call, MF_EVAL_BAD_CONVERSION, "cannot convert %s to %s", mf_quoted(v, text),
                       to);
}

static mf_value out_of_range(mf_call *call, const mf_value *v, const char *to) {
  char text[MF_QUOTED_SIZE];
  return mf_call_error(call, MF_EVAL_OVERFLOW, "%s is out of range of %s", mf_quoted(v, text), to);
}

/* ---- Numbers ---- */

mf_value mf_fn_int(mf_call *call, const mf_value *args, uint32_t n) {
  mf_value v = mf_int(0);
  switch (args[0].kind) {
    case MF_INT: return args[0];
    case MF_UINT:
      if (args[0].as.u > INT64_MAX) return out_of_range(call, args, "int");
      return mf_int((int64_t)args[0].as.u);
    case MF_DOUBLE: /* both ends are errors: they may have been rounded into */
      if (!(args[0].as.d > -0x1p63 && args[0].as.d < 0x1p63))
        return out_of_range(call, args, "int");
      return mf_int((int64_t)args[0].as.d);
    case MF_STRING:
      if (!mf_charge(call, args[0].len)) return v;
      return mf_parse_int(mf_value_str(args[0]), &v.as.i) ? v : bad_conversion(call, args, "int");
    case MF_TIMESTAMP: return mf_int(args[0].as.i);
    default: return mf_no_function(call, "int", args, n);
  }
}

mf_value mf_fn_uint(mf_call *call, const mf_value *args, uint32_t n) {
  mf_value v = mf_uint(0);
  switch (args[0].kind) {
    case MF_UINT: return args[0];
    case MF_INT: return args[0].as.i < 0 ? out_of_range(call, args, "uint") : mf_uint(args[0].as.u);
    case MF_DOUBLE:
      if (!(args[0].as.d > -1.0 && args[0].as.d < 0x1p64)) return out_of_range(call, args, "uint");
      return mf_uint((uint64_t)args[0].as.d);
    case MF_STRING:
      if (!mf_charge(call, args[0].len)) return v;
      return mf_parse_uint(mf_value_str(args[0]), &v.as.u) ? v : bad_conversion(call, args, "uint");
    default: return mf_no_function(call, "uint", args, n);
  }
}

mf_value mf_fn_double(mf_call *call, const mf_value *args, uint32_t n) {
  mf_value v = mf_double(0);
  bool overflow = false;
  switch (args[0].kind) {
    case MF_DOUBLE: return args[0];
    case MF_INT: return mf_double((double)args[0].as.i);
    case MF_UINT: return mf_double((double)args[0].as.u);
    case MF_STRING:
      if (!mf_charge(call, args[0].len)) return v;
      if (!mf_parse_double(mf_value_str(args[0]), true, &v.as.d, &overflow))
        return bad_conversion(call, args, "double");
      return overflow ? out_of_range(call, args, "double") : v;
    default: return mf_no_function(call, "double", args, n);
  }
}

mf_value mf_fn_bool(mf_call *call, const mf_value *args, uint32_t n) {
  static const char *const words[] = {"1", "t", "true",  "TRUE",  "True",
                                      "0", "f", "false", "FALSE", "False"};
  if (args[0].kind == MF_BOOL) return args[0];
  if (args[0].kind != MF_STRING) return mf_no_function(call, "bool", args, n);
  for (unsigned i = 0; i < 10; i++)
    if (mf_str_is(mf_value_str(args[0]), words[i])) return mf_bool(i < 5);
  return bad_conversion(call, args, "bool");
}

/* ---- Text ---- */

mf_value mf_concat(mf_call *call, const mf_value *items, uint32_t n) {
  mf_buf text;
  uint32_t flags = 0;
  for (uint32_t i = 0; i < n; i++)
    if (items[i].kind == MF_ERROR) return items[i];
  mf_call_text(call, &text);
  for (uint32_t i = 0; i < n && !text.failed; i++) {
    mf_value_write_text(&text, &items[i]);
    flags |= items[i].flags;
  }
  return mf_with_taint(mf_call_text_done(call, &text), flags);
}

mf_value mf_text_of(mf_call *call, const mf_value *v) {
  return v->kind == MF_STRING ? *v : mf_concat(call, v, 1);
}

static mf_value string_of_bytes(mf_call *call, const mf_value *v) {
  if (!mf_charge(call, v->len)) return mf_null();
  if (mf_utf8_valid(v->as.s, v->len) != v->len)
    return mf_error(MF_EVAL_BAD_CONVERSION, MF_STR("bytes that are not UTF-8 are no string"));
  return mf_string(mf_value_str(*v));
}

mf_value mf_fn_string(mf_call *call, const mf_value *args, uint32_t n) {
  switch (args[0].kind) {
    case MF_STRING: return args[0];
    case MF_BYTES: return string_of_bytes(call, args);
    case MF_BOOL:
    case MF_INT:
    case MF_UINT:
    case MF_DOUBLE:
    case MF_TIMESTAMP:
    case MF_IP:
    case MF_CIDR:
    case MF_DURATION: return mf_concat(call, args, 1);
    default: return mf_no_function(call, "string", args, n);
  }
}

mf_value mf_fn_bytes(mf_call *call, const mf_value *args, uint32_t n) {
  if (args[0].kind == MF_BYTES) return args[0];
  if (args[0].kind != MF_STRING) return mf_no_function(call, "bytes", args, n);
  return mf_bytes(mf_value_str(args[0]));
}

/* ---- Time ---- */

mf_value mf_fn_timestamp(mf_call *call, const mf_value *args, uint32_t n) {
  mf_value v = mf_timestamp_value(0, 0);
  switch (args[0].kind) {
    case MF_TIMESTAMP: return args[0];
    case MF_INT:
      if (args[0].as.i < INT64_C(-62135596800) || args[0].as.i > INT64_C(253402300799))
        return out_of_range(call, args, "timestamp");
      return mf_timestamp_value(args[0].as.i, 0);
    case MF_STRING:
      if (!mf_charge(call, args[0].len)) return v;
      if (!mf_parse_timestamp(mf_value_str(args[0]), &v.as.i, &v.len))
        return bad_conversion(call, args, "timestamp");
      return v;
    default: return mf_no_function(call, "timestamp", args, n);
  }
}

/* CEL's units: no days, and a micro sign of either kind.  False when there is
 * another unit, or the text is too long to be a duration. */
static bool plain_units(mf_str s, char *out, size_t size, size_t *n) {
  *n = 0;
  for (size_t i = 0; i < s.n; i++) {
    bool micro = i + 1 < s.n &&
                 (memcmp(s.p + i, "\xc2\xb5", 2) == 0 || memcmp(s.p + i, "\xce\xbc", 2) == 0);
    if (s.p[i] == 'd' || *n == size) return false;
    out[(*n)++] = micro ? 'u' : s.p[i];
    i += micro;
  }
  return true;
}

static bool parse_duration(mf_str s, int64_t *ns) {
  char text[128];
  size_t n;
  return plain_units(s, text, sizeof text, &n) && mf_parse_duration((mf_str){text, n}, ns);
}

mf_value mf_fn_duration(mf_call *call, const mf_value *args, uint32_t n) {
  mf_value v = mf_duration_value(0);
  if (args[0].kind == MF_DURATION) return args[0];
  if (args[0].kind != MF_STRING) return mf_no_function(call, "duration", args, n);
  mf_str s = mf_value_str(args[0]);
  if (s.n == 2 && (s.p[0] == '-' || s.p[0] == '+')) s.p++, s.n--;
  if (mf_str_is(s, "0")) return v; /* the one number without a unit */
  if (!mf_charge(call, args[0].len)) return v;
  if (!parse_duration(mf_value_str(args[0]), &v.as.i))
    return bad_conversion(call, args, "duration");
  return v;
}
