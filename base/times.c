/* SPDX-License-Identifier: MIT */
/* times - durations ("1h30m") and timestamps (RFC 3339) as text. */
#include "text.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* ---- Durations ---- */

static const struct {
  const char *name;
  uint64_t ns;
} units[] = {
    {"d", 86400000000000}, {"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000},
    {"ms", 1000000},       {"us", 1000},         {"ns", 1},
};
enum { UNITS = sizeof units / sizeof units[0], SECONDS = 3 };

/* The unit written at `at`, its nanoseconds; 0 if none.  Letters are taken
 * together: "m" is not the unit of "5ms". */
static uint64_t scan_unit(mf_str s, size_t *at) {
  size_t from = *at;
  while (*at < s.n && s.p[*at] >= 'a' && s.p[*at] <= 'z') ++*at;
  mf_str word = {s.p + from, *at - from};
  for (unsigned i = 0; i < UNITS; i++)
    if (mf_str_is(word, units[i].name)) return units[i].ns;
  return 0;
}

/* floor(0.ddd * unit), exactly, from the last digit to the first. */
static uint64_t fraction_of(mf_str digits, uint64_t unit) {
  uint64_t part = 0;
  for (size_t i = digits.n; i-- > 0;) part = ((uint64_t)(digits.p[i] - '0') * unit + part) / 10;
  return part;
}

static mf_str scan_digits(mf_str s, size_t *at) {
  mf_str digits = {s.p + *at, 0};
  while (*at + digits.n < s.n && is_digit(digits.p[digits.n])) digits.n++;
  *at += digits.n;
  return digits;
}

/* One number and its unit, added to *total. */
static bool scan_pair(mf_str s, size_t *at, uint64_t *total) {
  mf_str fraction = {NULL, 0};
  uint64_t count = 0;
  mf_str whole = scan_digits(s, at);
  if (*at < s.n && s.p[*at] == '.') {
    ++*at;
    fraction = scan_digits(s, at);
    if (fraction.n == 0) return false;
  }
  if (whole.n + fraction.n == 0) return false;
  if (whole.n != 0 && !mf_parse_uint(whole, &count)) return false;
  uint64_t unit = scan_unit(s, at);
  if (unit == 0 || count > ((uint64_t)1 << 63) / unit) return false;
  uint64_t sum = *total + count * unit + fraction_of(fraction, unit);
  if (sum < *total) return false;
  *total = sum;
  return true;
}

bool mf_parse_duration(mf_str s, int64_t *ns) {
  bool negative = s.n > 0 && s.p[0] == '-';
  size_t at = negative || (s.n > 0 && s.p[0] == '+');
  uint64_t limit = (uint64_t)INT64_MAX + negative, total = 0;
  if (at == s.n) return false;
  while (at < s.n)
    if (!scan_pair(s, &at, &total) || total > limit) return false;
  *ns = (int64_t)(negative ? 0 - total : total);
  return true;
}

/* ".250" of a second's nanoseconds and the like, without trailing zeros. */
static size_t put_fraction(uint64_t part, uint64_t unit, char *out) {
  size_t n = 0;
  if (part == 0) return 0;
  out[n++] = '.';
  while (part != 0) {
    unit /= 10;
    out[n++] = (char)('0' + part / unit);
    part %= unit;
  }
  return n;
}

static size_t put_unit(unsigned unit, char *out) {
  size_t n = strlen(units[unit].name);
  memcpy(out, units[unit].name, n + 1);
  return n;
}

/* From a second on, days to seconds; below, one unit. */
static size_t put_duration(uint64_t ns, char *out) {
  size_t n = 0;
  unsigned unit = 0;
  for (; unit < SECONDS; unit++) {
    if (ns < units[unit].ns) continue;
    n += mf_format_uint(ns / units[unit].ns, out + n);
    n += put_unit(unit, out + n);
    ns %= units[unit].ns;
  }
  if (ns == 0) return n;
  while (n == 0 && ns < units[unit].ns) unit++;
  n += mf_format_uint(ns / units[unit].ns, out + n);
  n += put_fraction(ns % units[unit].ns, units[unit].ns, out + n);
  return n + put_unit(unit, out + n);
}

size_t mf_format_duration(int64_t ns, char out[40]) {
  size_t sign = ns < 0 ? 1 : 0;
  if (ns == 0) {
    memcpy(out, "0s", 3);
    return 2;
  }
  out[0] = '-';
  return sign + put_duration(sign ? 0 - (uint64_t)ns : (uint64_t)ns, out + sign);
}

/* ---- Timestamps ---- */

#define DAY INT64_C(86400)
#define FIRST_SECOND INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST_SECOND INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

typedef struct civil {
  int64_t year, month, day, hour, minute, second;
} civil;

/* Howard Hinnant's days_from_civil: years begin in March, so that the leap day
 * is the last; 400 years are 146097 days. */
static int64_t days_of(const civil *c) {
  int64_t year = c->month <= 2 ? c->year - 1 : c->year; /* >= 0 here */
  int64_t month = (c->month + 9) % 12;
  int64_t in_era = year % 400;
  int64_t in_year = (153 * month + 2) / 5 + c->day - 1;
  return year / 400 * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static void set_date(civil *c, int64_t days) {
  days += 719468;
  int64_t in_era = days % 146097; /* days >= 0 here */
  int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
  int64_t month = (5 * in_year + 2) / 153;
  c->day = in_year - (153 * month + 2) / 5 + 1;
  c->month = month < 10 ? month + 3 : month - 9;
  c->year = year + days / 146097 * 400 + (c->month <= 2);
}

static int64_t month_length(int64_t year, int64_t month) {
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (month == 2) return leap ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int64_t mf_civil_days(int year, int month, int day) {
  civil c = {.year = year, .month = month, .day = day};
  return days_of(&c);
}

mf_civil mf_civil_of(int64_t seconds) {
  const int64_t before = 1000 * DAY * 366; /* what % is given must not be negative */
  int64_t in_day = (seconds + before * 10) % DAY, days = (seconds - in_day) / DAY;
  civil c = {0}, first = {.month = 1, .day = 1};
  set_date(&c, days);
  first.year = c.year;
  return (mf_civil){
      .year = (int)c.year,
      .month = (int)c.month,
      .day = (int)c.day,
      .hour = (int)(in_day / 3600),
      .minute = (int)(in_day / 60 % 60),
      .second = (int)(in_day % 60),
      .day_of_year = (int)(days - days_of(&first)),
      .day_of_week = (int)((days + 4 + 7 * 1000000) % 7), /* 1970 began on a Thursday */
  };
}

static char *put_padded(char *to, int64_t value, unsigned digits, char after) {
  for (unsigned i = digits; i-- > 0; value /= 10) to[i] = (char)('0' + value % 10);
  to[digits] = after;
  return to + digits + 1;
}

size_t mf_format_timestamp(int64_t seconds, uint32_t nanos, char out[40]) {
  civil c;
  char *to = out;
  *to = '\0';
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos > 999999999) return 0;
  int64_t in_day = (seconds - FIRST_SECOND) % DAY;
  set_date(&c, (seconds - in_day) / DAY);
  to = put_padded(to, c.year, 4, '-');
  to = put_padded(to, c.month, 2, '-');
  to = put_padded(to, c.day, 2, 'T');
  to = put_padded(to, in_day / 3600, 2, ':');
  to = put_padded(to, in_day / 60 % 60, 2, ':');
  to = put_padded(to, in_day % 60, 2, '\0') - 1;
  to += put_fraction(nanos, 1000000000, to);
  *to++ = 'Z';
  *to = '\0';
  return (size_t)(to - out);
}

/* A number of exactly `digits` digits at s, then one of the characters of
 * `after`, if it has any. */
static bool take_number(mf_str *s, unsigned digits, const char *after, int64_t *out) {
  size_t more = after[0] != '\0';
  *out = 0;
  if (s->n < digits + more) return false;
  for (unsigned i = 0; i < digits; i++) {
    if (!is_digit(s->p[i])) return false;
    *out = *out * 10 + (s->p[i] - '0');
  }
  if (more && memchr(after, s->p[digits], strlen(after)) == NULL) return false;
  s->p += digits + more;
  s->n -= digits + more;
  return true;
}

static bool take_civil(mf_str *s, civil *c) {
  return take_number(s, 4, "-", &c->year) && take_number(s, 2, "-", &c->month) &&
         take_number(s, 2, "Tt", &c->day) && take_number(s, 2, ":", &c->hour) &&
         take_number(s, 2, ":", &c->minute) && take_number(s, 2, "", &c->second);
}

static bool civil_ok(const civil *c) {
  return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
         c->day <= month_length(c->year, c->month) && c->hour <= 23 && c->minute <= 59 &&
         c->second <= 59;
}

static bool take_nanos(mf_str *s, uint32_t *nanos) {
  size_t at = 1;
  *nanos = 0;
  if (s->n == 0 || s->p[0] != '.') return true;
  mf_str digits = scan_digits(*s, &at);
  if (digits.n == 0) return false;
  *nanos = (uint32_t)fraction_of(digits, 1000000000);
  s->p += at;
  s->n -= at;
  return true;
}

/* "Z" or "+05:30", and nothing behind it. */
static bool take_offset(mf_str s, int64_t *seconds) {
  int64_t hours, minutes;
  *seconds = 0;
  if (mf_str_is(s, "Z") || mf_str_is(s, "z")) return true;
  if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-')) return false;
  bool west = s.p[0] == '-';
  s.p++;
  s.n--;
  if (!take_number(&s, 2, ":", &hours) || !take_number(&s, 2, "", &minutes)) return false;
  *seconds = (hours * 60 + minutes) * (west ? -60 : 60);
  return hours <= 23 && minutes <= 59;
}

bool mf_parse_timestamp(mf_str s, int64_t *seconds, uint32_t *nanos) {
  civil c;
  uint32_t fraction;
  int64_t offset;
  if (!take_civil(&s, &c) || !civil_ok(&c)) return false;
  if (!take_nanos(&s, &fraction) || !take_offset(s, &offset)) return false;
  int64_t at = days_of(&c) * DAY + c.hour * 3600 + c.minute * 60 + c.second - offset;
  if (at < FIRST_SECOND || at > LAST_SECOND) return false;
  *seconds = at;
  *nanos = fraction;
  return true;
}
