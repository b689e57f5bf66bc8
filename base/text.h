/* text - slices, UTF-8, numbers as text, near names. */
#ifndef MF_BASE_TEXT_H
#define MF_BASE_TEXT_H
#include "arena.h"
#include "buffer.h"
#include <string.h>

#define MF_STR(lit) ((mf_str){"" lit, sizeof(lit) - 1})
static inline mf_str mf_str_of(const char *s) {
  mf_str r = {s, s ? strlen(s) : 0};
  return r;
}
static inline bool mf_str_eq(mf_str a, mf_str b) {
  return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool mf_str_is(mf_str a, const char *s) { return mf_str_eq(a, mf_str_of(s)); }
bool mf_str_starts(mf_str s, mf_str prefix);
bool mf_str_ends(mf_str s, mf_str suffix);
/* Byte order, which is code point order for UTF-8. */
int mf_str_cmp(mf_str a, mf_str b);
/* Position of needle at or after `from`, SIZE_MAX if none. */
size_t mf_str_find(mf_str s, mf_str needle, size_t from);
/* "b.c" of "a.b.c"; without a dot the whole. */
mf_str mf_str_after_dot(mf_str s);
uint64_t mf_str_hash(mf_str s); /* XXH3-64, seed 0 */

/* The length of the valid UTF-8 prefix (n when all is valid; surrogates,
 * overlong forms and > U+10FFFF are invalid). */
size_t mf_utf8_valid(const char *p, size_t n);
/* The length 1..4 of the code point at p; 0 if it is invalid or n is 0. */
size_t mf_utf8_length(const char *p, size_t n);
/* Decodes one code point of *valid* UTF-8 at p; returns its length 1..4. */
size_t mf_utf8_decode(const char *p, uint32_t *code_point);
/* Writes 1..4 bytes to out; 0 if code_point is a surrogate or > U+10FFFF. */
size_t mf_utf8_encode(uint32_t code_point, char out[4]);
/* Code points in valid UTF-8. */
size_t mf_utf8_count(const char *p, size_t n);

/* Decimal text to int64 / uint64: optional sign (int only), digits only.
 * False when malformed or out of range. */
bool mf_parse_int(mf_str s, int64_t *out);
bool mf_parse_uint(mf_str s, uint64_t *out);
/* The text of an integer; `out` needs 24 bytes with the NUL. */
size_t mf_format_uint(uint64_t u, char *out);
size_t mf_format_int(int64_t i, char *out);
/* Decimal text to the nearest double, independent of locale: an optional sign,
 * digits with at most one point among, before or after them, an optional
 * exponent.  Also accepts "inf", "Infinity", "NaN" (any case) with a sign when
 * `special`.  False when malformed; *overflow (may be NULL) tells a finite text
 * that is too large, whose double is an infinity. */
bool mf_parse_double(mf_str s, bool special, double *out, bool *overflow);
/* The shortest text that reads back as d, at most 32 bytes with NUL.  Integral
 * doubles print without a point ("5"); callers that need a kind add ".0".
 * Not finite: "NaN", "Infinity", "-Infinity". */
size_t mf_format_double(double d, char out[32]);
/* "250ms" "0.1s" "5m" "1h30m" "2d" to nanoseconds; units d h m s ms us ns,
 * fractions allowed, one or more pairs, one sign before them.  False when
 * malformed or out of range. */
bool mf_parse_duration(mf_str s, int64_t *ns);
/* Nanoseconds as such text without needless parts or zeros: "1h30m", "1.5s",
 * "250ms", "0s"; at most 40 bytes with NUL. */
size_t mf_format_duration(int64_t ns, char out[40]);
/* Seconds since 1970 and nanoseconds as RFC 3339 in UTC, fraction without
 * trailing zeros; at most 40 bytes with NUL; 0 and "" outside years 1..9999.
 * And back (any offset; digits after the ninth are dropped).  False when
 * malformed or outside years 1..9999. */
size_t mf_format_timestamp(int64_t seconds, uint32_t nanos, char out[40]);
bool mf_parse_timestamp(mf_str s, int64_t *seconds, uint32_t *nanos);
/* The date and time of day that is `seconds` after 1970, years 0..10000. */
typedef struct mf_civil {
  int year, month, day; /* month and day from 1 */
  int hour, minute, second;
  int day_of_year; /* from 0 */
  int day_of_week; /* 0: Sunday */
} mf_civil;
mf_civil mf_civil_of(int64_t seconds);
/* Days from 1970-01-01 to a date. */
int64_t mf_civil_days(int year, int month, int day);

/* Standard base64 with padding.  Decoding accepts missing padding; SIZE_MAX on
 * malformed input.  `out` needs mf_base64_size(n) bytes / n*3/4 + 3 bytes. */
static inline size_t mf_base64_size(size_t n) { return (n + 2) / 3 * 4; }
size_t mf_base64_encode(const uint8_t *p, size_t n, char *out);
size_t mf_base64_decode(mf_str s, uint8_t *out);

/* Damerau-Levenshtein distance for suggestions, in bytes, blind to ASCII case,
 * at most `limit`; limit + 1 when it is larger. */
unsigned mf_edit_distance(mf_str a, mf_str b, unsigned limit);
/* Keeps the nearest candidate: start with mf_near_init, offer each name. */
typedef struct mf_near {
  mf_str want, best;
  unsigned distance;
} mf_near;
void mf_near_init(mf_near *near, mf_str want);
void mf_near_offer(mf_near *near, mf_str candidate);
/* The nearest name, or n == 0 when none is near enough (a third of its length,
 * at least 1, at most 3). */
mf_str mf_near_best(const mf_near *near);
#endif
