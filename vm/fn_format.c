/* SPDX-License-Identifier: MIT */
/* s.format(list): clauses %s %d %f %e %x %X %o %b %%, with a precision for %f
 * and %e. */
#include "fn_kit.h"

#include "../base/limits.h"

#include <math.h>
#include <stdio.h>

typedef struct formatter {
  mf_call *call;
  mf_buf text;
  mf_value error; /* UNSET: none so far */
  uint32_t flags; /* of all that was written */
} formatter;

static bool fail(formatter *f, const char *message) {
  if (f->error.kind == MF_UNSET) f->error = mf_error(MF_EVAL_BAD_FORMAT, mf_str_of(message));
  return false;
}

static bool wrong_kind(formatter *f, char clause, const mf_value *v) {
  f->error = mf_call_error(f->call, MF_EVAL_BAD_FORMAT, "%%%c takes no value of type %s", clause,
                           mf_kind_name(v->kind));
  return false;
}

/* ---- Numbers ---- */

static const char *word_of(double d) {
  if (isnan(d)) return "NaN";
  return d > 0 ? "Infinity" : "-Infinity";
}

/* The digits of "-1.5e-07" without an exponent: "-0.00000015". */
static void put_unscaled(mf_buf *text, const char *scientific) {
  char digits[32];
  int count = 0, exponent, place;
  const char *p = scientific;
  if (*p == '-') mf_buf_putc(text, *p++);
  for (; *p != 'e'; p++)
    if (*p != '.') digits[count++] = *p;
  bool small = p[1] == '-';
  for (exponent = 0, p += 2; *p; p++) exponent = exponent * 10 + (*p - '0');
  if (small) {
    mf_buf_puts(text, "0.");
    for (place = 1; place < exponent; place++) mf_buf_putc(text, '0');
    mf_buf_add(text, digits, (size_t)count);
    return;
  }
  for (place = 0; place < count || place <= exponent; place++) {
    if (place == exponent + 1) mf_buf_putc(text, '.');
    mf_buf_putc(text, place < count ? digits[place] : '0');
  }
}

/* All digits that are needed to read d back, never an exponent. */
static void put_double(mf_buf *text, double d) {
  char shortest[32];
  mf_format_double(d, shortest);
  if (isfinite(d) && strchr(shortest, 'e'))
    put_unscaled(text, shortest);
  else
    mf_buf_puts(text, shortest);
}

static bool as_double(const mf_value *v, double *out) {
  switch (v->kind) {
    case MF_INT: *out = (double)v->as.i; return true;
    case MF_UINT: *out = (double)v->as.u; return true;
    case MF_DOUBLE: *out = v->as.d; return true;
    default: return false;
  }
}

/* printf rounds the decimal value half to even; its point may be the locale's. */
static bool put_rounded(formatter *f, char clause, uint32_t precision, double d) {
  size_t size = precision + 400u;
  char *digits = mf_charge(f->call, precision) ? mf_call_get(f->call, size) : NULL;
  if (digits == NULL) return false;
  snprintf(digits, size, clause == 'f' ? "%.*f" : "%.*e", (int)precision, d);
  bool in_point = false;
  for (const char *p = digits; *p; p++) {
    bool plain = (*p >= '0' && *p <= '9') || *p == '-' || *p == '+' || *p == 'e';
    if (plain || !in_point) mf_buf_putc(&f->text, plain ? *p : '.');
    in_point = !plain;
  }
  return true;
}

static bool put_float(formatter *f, char clause, uint32_t precision, const mf_value *v) {
  double d;
  if (!as_double(v, &d)) return wrong_kind(f, clause, v);
  if (isfinite(d)) return put_rounded(f, clause, precision, d);
  mf_buf_puts(&f->text, word_of(d));
  return true;
}

static bool put_decimal(formatter *f, const mf_value *v) {
  char text[32];
  switch (v->kind) {
    case MF_INT: mf_format_int(v->as.i, text); break;
    case MF_UINT: mf_format_uint(v->as.u, text); break;
    case MF_DOUBLE: put_double(&f->text, v->as.d); return true;
    default: return wrong_kind(f, 'd', v);
  }
  mf_buf_puts(&f->text, text);
  return true;
}

/* `bits` bits a digit: 1, 3 or 4. */
static void put_power(mf_buf *text, uint64_t u, unsigned bits, const char *digits) {
  char out[64];
  size_t at = sizeof out;
  do out[--at] = digits[u & ((1u << bits) - 1)];
  while ((u >>= bits) != 0);
  mf_buf_add(text, out + at, sizeof out - at);
}

static bool put_bits(formatter *f, char clause, unsigned bits, const mf_value *v) {
  const char *digits = clause == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  bool negative = v->kind == MF_INT && v->as.i < 0;
  if (v->kind != MF_INT && v->kind != MF_UINT && !(clause == 'b' && v->kind == MF_BOOL))
    return wrong_kind(f, clause, v);
  if (negative) mf_buf_putc(&f->text, '-');
  put_power(&f->text, negative ? 0 - v->as.u : v->as.u, bits, digits);
  return true;
}

static bool put_hex(formatter *f, char clause, const mf_value *v) {
  const char *digits = clause == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  if (v->kind != MF_STRING && v->kind != MF_BYTES) return put_bits(f, clause, 4, v);
  for (uint32_t i = 0; i < v->len && !f->text.failed; i++) {
    unsigned char c = (unsigned char)v->as.s[i];
    mf_buf_putc(&f->text, digits[c >> 4]);
    mf_buf_putc(&f->text, digits[c & 15]);
  }
  return true;
}

/* ---- %s ---- */

static bool put_text(formatter *f, const mf_value *v, unsigned depth);

/* Bytes that are no UTF-8 become U+FFFD, one each. */
static bool put_bytes(formatter *f, const mf_value *v) {
  for (size_t at = 0; at < v->len && !f->text.failed;) {
    size_t good = mf_utf8_valid(v->as.s + at, v->len - at);
    mf_buf_add(&f->text, v->as.s + at, good);
    at += good;
    if (at++ < v->len) mf_buf_puts(&f->text, "\xef\xbf\xbd");
  }
  return true;
}

static bool put_list(formatter *f, const mf_value *v, unsigned depth) {
  mf_buf_putc(&f->text, '[');
  for (uint32_t i = 0; i < v->len; i++) {
    if (i > 0) mf_buf_puts(&f->text, ", ");
    if (!put_text(f, &v->as.list[i], depth)) return false;
  }
  mf_buf_putc(&f->text, ']');
  return true;
}

/* The text of a key alone. */
static mf_str key_text(formatter *f, const mf_value *key) {
  formatter alone = {.call = f->call};
  mf_call_text(f->call, &alone.text);
  put_text(&alone, key, 1);
  return mf_value_str(mf_call_text_done(f->call, &alone.text));
}

static bool key_is_less(void *ctx, uint32_t a, uint32_t b) {
  const mf_str *keys = ctx;
  return mf_str_cmp(keys[a], keys[b]) < 0;
}

/* In the order of the keys' texts. */
static bool put_map(formatter *f, const mf_map *map, unsigned depth) {
  mf_str *keys = mf_call_get(f->call, sizeof *keys * map->count);
  uint32_t *order = keys ? mf_call_positions(f->call, map->count) : NULL;
  for (uint32_t i = 0; order && i < map->count; i++) keys[i] = key_text(f, &map->pairs[i].key);
  if (f->call->status != MF_OK) return false;
  if (!mf_sort_positions(f->call, order, map->count, key_is_less, keys)) return false;
  mf_buf_putc(&f->text, '{');
  for (uint32_t i = 0; i < map->count; i++) {
    if (i > 0) mf_buf_puts(&f->text, ", ");
    mf_buf_add_str(&f->text, keys[order[i]]);
    mf_buf_puts(&f->text, ": ");
    if (!put_text(f, &map->pairs[order[i]].value, depth)) return false;
  }
  mf_buf_putc(&f->text, '}');
  return true;
}

/* False ends the formatting: an error, or the evaluation is over. */
static bool put_text(formatter *f, const mf_value *v, unsigned depth) {
  if (depth == 0) mf_call_end(f->call, MF_VALUE_TOO_LARGE);
  if (!mf_charge(f->call, 1) || f->call->status != MF_OK || f->text.failed) return false;
  f->flags |= v->flags;
  switch (v->kind) {
    case MF_DOUBLE: put_double(&f->text, v->as.d); return true;
    case MF_BYTES: return put_bytes(f, v);
    case MF_LIST: return put_list(f, v, depth - 1);
    case MF_MAP: return put_map(f, v->as.map, depth - 1);
    case MF_NULL:
    case MF_BOOL:
    case MF_INT:
    case MF_UINT:
    case MF_STRING:
    case MF_TIMESTAMP:
    case MF_DURATION:
    case MF_IP:
    case MF_CIDR:
    case MF_TYPE: mf_value_write_text(&f->text, v); return true;
    default: return wrong_kind(f, 's', v);
  }
}

/* ---- Clauses ---- */

/* ".3" at *at; without one `precision` stays as it is. */
static bool take_precision(formatter *f, mf_str s, size_t *at, uint32_t *precision) {
  if (*at == s.n || s.p[*at] != '.') return true;
  size_t first = ++*at;
  for (*precision = 0; *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9'; ++*at) {
    *precision = *precision * 10 + (uint32_t)(s.p[*at] - '0');
    if (*precision > MF_LIMIT_STRING_BYTES) {
      mf_call_end(f->call, MF_VALUE_TOO_LARGE);
      return false;
    }
  }
  return *at > first || fail(f, "a precision has no digits");
}

static bool put_clause(formatter *f, char clause, uint32_t precision, const mf_value *v) {
  f->flags |= v->flags;
  switch (clause) {
    case 's': return put_text(f, v, MF_VALUE_DEPTH);
    case 'd': return put_decimal(f, v);
    case 'f':
    case 'e': return put_float(f, clause, precision, v);
    case 'x':
    case 'X': return put_hex(f, clause, v);
    case 'o': return put_bits(f, clause, 3, v);
    case 'b': return put_bits(f, clause, 1, v);
    default: return fail(f, "a clause of a format is none of %s %d %f %e %x %X %o %b %%");
  }
}

static void format(formatter *f, mf_str s, const mf_value *list) {
  uint32_t used = 0;
  for (size_t at = 0; at < s.n && !f->text.failed;) {
    uint32_t precision = 6;
    size_t percent = mf_str_find(s, MF_STR("%"), at);
    if (percent == SIZE_MAX) percent = s.n;
    mf_buf_add(&f->text, s.p + at, percent - at);
    at = percent + 1;
    if (percent == s.n) return;
    if (at < s.n && s.p[at] == '%') {
      mf_buf_putc(&f->text, '%');
      at++;
      continue;
    }
    if (!take_precision(f, s, &at, &precision)) return;
    if (at == s.n) {
      fail(f, "a format ends in the middle of a clause");
      return;
    }
    if (used == list->len) {
      fail(f, "a format has more clauses than arguments");
      return;
    }
    if (!put_clause(f, s.p[at++], precision, &list->as.list[used++])) return;
  }
}

mf_value mf_fn_format(mf_call *call, const mf_value *args, uint32_t n) {
  formatter f = {.call = call};
  if (!mf_args_are(args, n, "sl")) return mf_no_function(call, "format", args, n);
  if (!mf_charge(call, args[0].len)) return mf_null();
  mf_call_text(call, &f.text);
  format(&f, mf_value_str(args[0]), &args[1]);
  if (f.error.kind != MF_UNSET) return f.error;
  return mf_with_taint(mf_call_text_done(call, &f.text), f.flags);
}
