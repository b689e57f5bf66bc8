/* SPDX-License-Identifier: MIT */
/* numbers - integers and doubles as decimal text, and back. */
#include "text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Takes a sign off the front; true if it is a minus. */
static bool take_sign(mf_str *s) {
  if (s->n == 0 || (s->p[0] != '-' && s->p[0] != '+')) return false;
  s->n--;
  return *s->p++ == '-';
}

/* ---- Integers ---- */

bool mf_parse_uint(mf_str s, uint64_t *out) {
  uint64_t value = 0;
  if (s.n == 0) return false;
  for (size_t i = 0; i < s.n; i++) {
    if (!is_digit(s.p[i])) return false;
    uint64_t digit = (uint64_t)(s.p[i] - '0');
    if (value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

bool mf_parse_int(mf_str s, int64_t *out) {
  bool negative = take_sign(&s);
  uint64_t value;
  if (!mf_parse_uint(s, &value)) return false;
  if (value > (uint64_t)INT64_MAX + negative) return false;
  *out = (int64_t)(negative ? 0 - value : value);
  return true;
}

size_t mf_format_uint(uint64_t u, char *out) {
  static const char pairs[] =
      "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445"
      "46"
      "47484950515253545556575859606162636465666768697071727374757677787980818283848586878889909192"
      "93"
      "949596979899";
  char text[20], *p = text + sizeof text;
  for (; u >= 100; u /= 100) memcpy(p -= 2, pairs + u % 100 * 2, 2);
  if (u >= 10)
    memcpy(p -= 2, pairs + u * 2, 2);
  else
    *--p = (char)('0' + u);
  const size_t n = (size_t)(text + sizeof text - p);
  memcpy(out, p, n);
  out[n] = '\0';
  return n;
}

size_t mf_format_int(int64_t i, char *out) {
  if (i >= 0) return mf_format_uint((uint64_t)i, out);
  out[0] = '-';
  return mf_format_uint(0 - (uint64_t)i, out + 1) + 1;
}

/* ---- Text to double ---- */

enum {
  WORD_DIGITS = 19, /* fit in 64 bits whatever they are */
  /* No double needs more than 767 significant digits to be told from the
   * middle between two others; of the rest it only matters whether any is not
   * zero. */
  EXACT_DIGITS = 800,
};

/* mantissa * 10^exponent; `more` when a digit that is not zero did not fit. */
typedef struct decimal {
  uint64_t mantissa;
  int64_t exponent;
  unsigned digits; /* significant ones in mantissa */
  bool seen, more;
} decimal;

static size_t scan_digits(mf_str s, size_t at, bool fraction, decimal *d) {
  for (; at < s.n && is_digit(s.p[at]); at++) {
    unsigned digit = (unsigned)(s.p[at] - '0');
    d->seen = true;
    if (d->digits < WORD_DIGITS) {
      d->mantissa = d->mantissa * 10 + digit;
      if (d->mantissa != 0) d->digits++;
      if (fraction) d->exponent--;
    } else {
      if (digit != 0) d->more = true;
      if (!fraction) d->exponent++;
    }
  }
  return at;
}

/* The exponent after an e, if there is one; SIZE_MAX when malformed. */
static size_t scan_exponent(mf_str s, size_t at, decimal *d) {
  if (at == s.n || (s.p[at] != 'e' && s.p[at] != 'E')) return at;
  at++;
  bool negative = at < s.n && s.p[at] == '-';
  if (negative || (at < s.n && s.p[at] == '+')) at++;
  if (at == s.n || !is_digit(s.p[at])) return SIZE_MAX;
  int64_t value = 0;
  for (; at < s.n && is_digit(s.p[at]); at++)
    if (value < INT64_MAX / 100) value = value * 10 + (s.p[at] - '0');
  d->exponent += negative ? -value : value;
  return at;
}

static bool scan_decimal(mf_str s, decimal *d) {
  size_t at = scan_digits(s, 0, false, d);
  if (at < s.n && s.p[at] == '.') at = scan_digits(s, at + 1, true, d);
  return d->seen && scan_exponent(s, at, d) == s.n;
}

/* Clinger's fast path: both factors are exact, so one operation rounds once. */
static bool double_at_once(const decimal *d, double *out) {
  static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (d->more || d->mantissa > (uint64_t)1 << 53 || FLT_EVAL_METHOD != 0) return false;
  double m = (double)d->mantissa;
  if (m == 0)
    *out = 0;
  else if (d->exponent < -22 || d->exponent > 22)
    return false;
  else
    *out = d->exponent < 0 ? m / power[-d->exponent] : m * power[d->exponent];
  return true;
}

/* Writes the significant digits of s, at most EXACT_DIGITS and one that stands
 * for the rest.  Returns how many. */
static size_t copy_digits(mf_str s, char *out) {
  size_t n = 0;
  bool rest = false;
  for (size_t i = 0; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
    if (s.p[i] == '.' || (n == 0 && s.p[i] == '0')) continue;
    if (n < EXACT_DIGITS)
      out[n++] = s.p[i];
    else if (s.p[i] != '0')
      rest = true;
  }
  if (rest) out[n++] = '1';
  return n;
}

/* strtod rounds correctly in every C library we build for.  It gets an integer
 * and an exponent, hence never meets the locale's decimal point. */
static double double_by_library(mf_str s, const decimal *d) {
  char text[EXACT_DIGITS + 32];
  size_t n;
  int64_t exponent = d->exponent;
  if (d->more) {
    n = copy_digits(s, text);
    /* d->exponent is that of the last digit in the word, not in the text. */
    exponent -= (int64_t)n - WORD_DIGITS;
  } else {
    n = mf_format_uint(d->mantissa, text);
  }
  if (exponent > 9999) exponent = 9999;
  if (exponent < -9999) exponent = -9999;
  text[n++] = 'e';
  mf_format_int(exponent, text + n);
  return strtod(text, NULL);
}

static bool is_word(mf_str s, const char *word) {
  size_t i = 0;
  for (; i < s.n && word[i] != '\0'; i++)
    if ((s.p[i] | 0x20) != word[i]) return false;
  return i == s.n && word[i] == '\0';
}

static bool special_double(mf_str s, double *out) {
  if (is_word(s, "inf") || is_word(s, "infinity"))
    *out = (double)INFINITY;
  else if (is_word(s, "nan"))
    *out = (double)NAN;
  else
    return false;
  return true;
}

bool mf_parse_double(mf_str s, bool special, double *out, bool *overflow) {
  decimal d = {0};
  double value;
  bool negative = take_sign(&s);
  if (overflow) *overflow = false;
  if (scan_decimal(s, &d)) {
    if (!double_at_once(&d, &value)) value = double_by_library(s, &d);
    if (overflow) *overflow = isinf(value);
  } else if (!special || !special_double(s, &value)) {
    return false;
  }
  *out = negative ? -value : value;
  return true;
}

/* ---- Double to text ---- */

/* `value` with `places` of its digits behind a point, the last one not 0. */
static size_t put_fixed(uint64_t value, unsigned places, uint64_t scale, char *out) {
  size_t n = mf_format_uint(value / scale, out);
  uint64_t fraction = value % scale;
  out[n] = '.';
  for (unsigned i = places; i > 0; i--, fraction /= 10) out[n + i] = (char)('0' + fraction % 10);
  n += places + 1;
  out[n] = '\0';
  return n;
}

/* Most numbers people write have few places.  value / scale rounds once, so the
 * text reads back as d; with at most 15 digits the first such text is the
 * shortest.  0 when d is not of this sort. */
static size_t format_few_places(double d, char *out) {
  uint64_t scale = 1;
  if (d < 1e-4 || FLT_EVAL_METHOD != 0) return 0;
  for (unsigned places = 0; places <= 9; places++, scale *= 10) {
    double scaled = d * (double)scale + 0.5;
    if (scaled >= 1e15) return 0;
    uint64_t value = (uint64_t)scaled;
    if ((double)value / (double)scale != d) continue;
    return places ? put_fixed(value, places, scale, out) : mf_format_uint(value, out);
  }
  return 0;
}

/* digits[0].digits[1]... * 10^exponent. */
typedef struct digit_text {
  char digits[20];
  size_t count;
  int exponent;
} digit_text;

/* printf's digits of d at this precision, without trailing zeros.  Of its text
 * only digits and exponent are used: the point between depends on the locale. */
static void print_digits(double d, int precision, digit_text *t) {
  char text[40];
  snprintf(text, sizeof text, "%.*e", precision - 1, d);
  const char *p = text;
  for (t->count = 0; *p != 'e'; p++)
    if (is_digit(*p)) t->digits[t->count++] = *p;
  while (t->count > 1 && t->digits[t->count - 1] == '0') t->count--;
  t->exponent = (int)strtol(p + 1, NULL, 10);
}

static double read_digits(const digit_text *t) {
  char text[48];
  double d = 0;
  size_t n = t->count;
  memcpy(text, t->digits, n);
  text[n++] = 'e';
  n += mf_format_int(t->exponent - (int)t->count + 1, text + n);
  mf_parse_double((mf_str){text, n}, false, &d, NULL);
  return d;
}

/* Seventeen digits always read back; fifteen always survive, except that
 * subnormals have fewer digits of their own. */
static void shortest_digits(double d, digit_text *t) {
  for (int precision = d < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
    print_digits(d, precision, t);
    if (read_digits(t) == d) return;
  }
}

/* "1.5e-07": two digits of exponent at least, as in C and Go. */
static size_t put_scientific(const digit_text *t, char *out) {
  size_t n = 0;
  out[n++] = t->digits[0];
  if (t->count > 1) out[n++] = '.';
  memcpy(out + n, t->digits + 1, t->count - 1);
  n += t->count - 1;
  out[n++] = 'e';
  out[n++] = t->exponent < 0 ? '-' : '+';
  unsigned exponent = (unsigned)(t->exponent < 0 ? -t->exponent : t->exponent);
  if (exponent < 10) out[n++] = '0';
  return n + mf_format_uint(exponent, out + n);
}

/* All digits in place: "0.00012", "123.4", "1234567890123456". */
static size_t put_plain(const digit_text *t, char *out) {
  size_t n = 0;
  int first = t->exponent < 0 ? t->exponent : 0;
  for (int i = first; i < (int)t->count || i <= t->exponent; i++) {
    /* i counts digits from the first significant one; places left of it, and
     * right of the last, are zeros. */
    if (i == t->exponent + 1 && n > 0) out[n++] = '.';
    out[n++] = i >= 0 && i < (int)t->count ? t->digits[i] : '0';
  }
  out[n] = '\0';
  return n;
}

/* The layout of printf's %g, with room for fifteen digits before the point. */
static size_t put_digits(const digit_text *t, char *out) {
  int room = t->count > 15 ? (int)t->count : 15;
  bool plain = t->exponent >= -4 && t->exponent < room;
  return plain ? put_plain(t, out) : put_scientific(t, out);
}

static size_t put_word(const char *word, char *out) {
  size_t n = strlen(word);
  memcpy(out, word, n + 1);
  return n;
}

size_t mf_format_double(double d, char out[32]) {
  if (isnan(d)) return put_word("NaN", out);
  size_t sign = signbit(d) ? 1 : 0;
  out[0] = '-';
  out += sign;
  if (sign) d = -d;
  if (isinf(d)) return sign + put_word("Infinity", out);
  if (d == 0) return sign + put_word("0", out);
  size_t n = format_few_places(d, out);
  if (n != 0) return sign + n;
  digit_text t;
  shortest_digits(d, &t);
  return sign + put_digits(&t, out);
}
