/* SPDX-License-Identifier: MIT */
#include "core_schema.h"

/* ---- words ---- */

static bool is_any(mf_str s, const char *lower, const char *title, const char *upper) {
  return mf_str_is(s, lower) || mf_str_is(s, title) || mf_str_is(s, upper);
}

bool mf_core_is_null(mf_str s) {
  return s.n == 0 || mf_str_is(s, "~") || is_any(s, "null", "Null", "NULL");
}

bool mf_core_read_bool(mf_str s, bool *value) {
  *value = is_any(s, "true", "True", "TRUE");
  return *value || is_any(s, "false", "False", "FALSE");
}

/* ---- numbers ---- */

static int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

/* 0x1F and 0o17, which have no sign. */
static mf_core_kind read_radix(mf_str digits, unsigned radix, mf_core_number *out) {
  if (digits.n == 0) return MF_CORE_NO_NUMBER;
  bool large = false;
  out->u = 0;
  for (size_t i = 0; i < digits.n; i++) {
    unsigned digit = (unsigned)digit_value(digits.p[i]);
    if (digit >= radix) return MF_CORE_NO_NUMBER;
    large |= out->u > (UINT64_MAX - digit) / radix;
    out->u = out->u * radix + digit;
  }
  if (large) return MF_CORE_TOO_LARGE;
  out->i = (int64_t)out->u;
  return out->u <= INT64_MAX ? MF_CORE_INT : MF_CORE_UINT;
}

static bool is_decimal(mf_str s) {
  size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
  if (i == s.n) return false;
  for (; i < s.n; i++)
    if (s.p[i] < '0' || s.p[i] > '9') return false;
  return true;
}

static mf_core_kind read_decimal(mf_str s, mf_core_number *out) {
  if (mf_parse_int(s, &out->i)) return MF_CORE_INT;
  if (s.p[0] == '+') s = (mf_str){s.p + 1, s.n - 1};
  return s.p[0] != '-' && mf_parse_uint(s, &out->u) ? MF_CORE_UINT : MF_CORE_TOO_LARGE;
}

static mf_core_kind read_special(mf_str s, mf_core_number *out) {
  bool negative = s.p[0] == '-';
  if (is_any(s, ".nan", ".NaN", ".NAN"))
    return mf_parse_double(MF_STR("nan"), true, &out->d, NULL) ? MF_CORE_DOUBLE : MF_CORE_NO_NUMBER;
  if (s.p[0] == '-' || s.p[0] == '+') s = (mf_str){s.p + 1, s.n - 1};
  if (!is_any(s, ".inf", ".Inf", ".INF")) return MF_CORE_NO_NUMBER;
  mf_parse_double(negative ? MF_STR("-inf") : MF_STR("inf"), true, &out->d, NULL);
  return MF_CORE_DOUBLE;
}

mf_core_kind mf_core_read_number(mf_str s, mf_core_number *out) {
  bool overflow;
  if (s.n > 2 && s.p[0] == '0' && s.p[1] == 'x')
    return read_radix((mf_str){s.p + 2, s.n - 2}, 16, out);
  if (s.n > 2 && s.p[0] == '0' && s.p[1] == 'o')
    return read_radix((mf_str){s.p + 2, s.n - 2}, 8, out);
  if (is_decimal(s)) return read_decimal(s, out);
  if (mf_parse_double(s, false, &out->d, &overflow))
    return overflow ? MF_CORE_TOO_LARGE : MF_CORE_DOUBLE;
  return read_special(s, out);
}
