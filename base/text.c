/* SPDX-License-Identifier: MIT */
#include "text.h"

#include "hash.h"

/* ---- Slices ---- */

bool mf_str_starts(mf_str s, mf_str prefix) {
  return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool mf_str_ends(mf_str s, mf_str suffix) {
  if (suffix.n == 0) return true;
  return s.n >= suffix.n && memcmp(s.p + (s.n - suffix.n), suffix.p, suffix.n) == 0;
}

int mf_str_cmp(mf_str a, mf_str b) {
  size_t n = a.n < b.n ? a.n : b.n;
  int order = n ? memcmp(a.p, b.p, n) : 0;
  return order ? order : (a.n > b.n) - (a.n < b.n);
}

uint64_t mf_str_hash(mf_str s) { return mf_hash64(s.p, s.n, 0); }

/* The greatest suffix of x by byte order (by its reverse when `reversed`): its
 * start, and in *period the period of that suffix. */
static size_t greatest_suffix(const char *x, size_t n, bool reversed, size_t *period) {
  size_t start = 0, at = 0, k = 1;
  *period = 1;
  while (at + k < n) {
    unsigned char a = (unsigned char)x[at + k];
    unsigned char b = (unsigned char)x[start + k - 1];
    if (a == b && k < *period) {
      k++;
    } else if (a == b) {
      at += k;
      k = 1;
    } else if ((a < b) != reversed) {
      at += k;
      k = 1;
      *period = at + 1 - start;
    } else {
      start = ++at;
      k = *period = 1;
    }
  }
  return start;
}

/* Crochemore and Perrin's two-way search: linear time, no memory.  A naive
 * search would let a document spend minutes in one contains().  The needle is
 * cut in two; its right half is compared forwards, then its left half
 * backwards, and the cut is chosen so that a mismatch allows a long step. */
static size_t find_two_way(mf_str s, mf_str needle) {
  size_t period, other_period;
  size_t cut = greatest_suffix(needle.p, needle.n, false, &period);
  size_t other = greatest_suffix(needle.p, needle.n, true, &other_period);
  if (other > cut) {
    cut = other;
    period = other_period;
  }
  bool periodic = memcmp(needle.p, needle.p + period, cut) == 0;
  if (!periodic) period = (cut > needle.n - cut ? cut : needle.n - cut) + 1;

  size_t known = 0; /* leading bytes of needle that match already */
  for (size_t at = 0; at + needle.n <= s.n;) {
    size_t i = cut > known ? cut : known;
    while (i < needle.n && needle.p[i] == s.p[at + i]) i++;
    if (i < needle.n) {
      at += i - cut + 1;
      known = 0;
      continue;
    }
    i = cut;
    while (i > known && needle.p[i - 1] == s.p[at + i - 1]) i--;
    if (i <= known) return at;
    at += period;
    known = periodic ? needle.n - period : 0;
  }
  return SIZE_MAX;
}

/* For needles short enough that the worst case does not hurt. */
static size_t find_short(mf_str s, mf_str needle) {
  size_t last = s.n - needle.n;
  for (size_t at = 0; at <= last; at++) {
    const char *hit = memchr(s.p + at, needle.p[0], last - at + 1);
    if (hit == NULL) break;
    at = (size_t)(hit - s.p);
    if (memcmp(hit, needle.p, needle.n) == 0) return at;
  }
  return SIZE_MAX;
}

size_t mf_str_find(mf_str s, mf_str needle, size_t from) {
  if (from > s.n || needle.n > s.n - from) return SIZE_MAX;
  if (needle.n == 0) return from;
  mf_str rest = {s.p + from, s.n - from};
  size_t at = needle.n <= 32 ? find_short(rest, needle) : find_two_way(rest, needle);
  return at == SIZE_MAX ? at : at + from;
}

mf_str mf_str_after_dot(mf_str s) {
  size_t dot = mf_str_find(s, MF_STR("."), 0);
  return dot == SIZE_MAX ? s : (mf_str){s.p + dot + 1, s.n - dot - 1};
}

/* ---- UTF-8 ---- */

static bool continues(unsigned char c) { return (c & 0xC0) == 0x80; }

/* The second byte decides about overlong forms, surrogates and the upper end
 * (Unicode 15, table 3-7). */
static bool second_byte_ok(unsigned char first, unsigned char second) {
  switch (first) {
    case 0xE0: return second >= 0xA0 && second <= 0xBF;
    case 0xED: return second >= 0x80 && second <= 0x9F;
    case 0xF0: return second >= 0x90 && second <= 0xBF;
    case 0xF4: return second >= 0x80 && second <= 0x8F;
    default: return continues(second);
  }
}

size_t mf_utf8_length(const char *p, size_t n) {
  const unsigned char *s = (const unsigned char *)p;
  if (n == 0) return 0;
  if (s[0] < 0x80) return 1;
  if (s[0] < 0xC2 || s[0] > 0xF4) return 0;
  size_t length = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
  if (n < length || !second_byte_ok(s[0], s[1])) return 0;
  if (length > 2 && !continues(s[2])) return 0;
  if (length > 3 && !continues(s[3])) return 0;
  return length;
}

static bool eight_ascii(const char *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return (word & 0x8080808080808080U) == 0;
}

size_t mf_utf8_valid(const char *p, size_t n) {
  size_t at = 0;
  while (at < n) {
    if (n - at >= 8 && eight_ascii(p + at)) {
      at += 8;
      continue;
    }
    size_t length = mf_utf8_length(p + at, n - at);
    if (length == 0) break;
    at += length;
  }
  return at;
}

size_t mf_utf8_decode(const char *p, uint32_t *code_point) {
  const unsigned char *s = (const unsigned char *)p;
  if (s[0] < 0x80) {
    *code_point = s[0];
    return 1;
  }
  size_t length = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
  uint32_t c = s[0] & (0x7FU >> length);
  for (size_t i = 1; i < length; i++) c = c << 6 | (s[i] & 0x3FU);
  *code_point = c;
  return length;
}

size_t mf_utf8_encode(uint32_t code_point, char out[4]) {
  static const unsigned char first[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
  if ((code_point >= 0xD800 && code_point <= 0xDFFF) || code_point > 0x10FFFF) return 0;
  size_t length = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
  for (size_t i = length; i-- > 1; code_point >>= 6)
    out[i] = (char)(unsigned char)(0x80 | (code_point & 0x3F));
  out[0] = (char)(unsigned char)(first[length] | code_point);
  return length;
}

size_t mf_utf8_count(const char *p, size_t n) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  size_t i = 0, more = 0;
  for (; i + 8 <= n; i += 8) { /* bytes 10xxxxxx, eight at once */
    uint64_t word;
    memcpy(&word, p + i, sizeof word);
    more += (size_t)(((word >> 7 & ~word >> 6 & ones) * ones) >> 56);
  }
  for (; i < n; i++) more += continues((unsigned char)p[i]);
  return n - more;
}

/* ---- Base64 ---- */

size_t mf_base64_encode(const uint8_t *p, size_t n, char *out) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char *to = out;
  for (size_t i = 0; i < n; i += 3) {
    size_t have = n - i < 3 ? n - i : 3;
    uint32_t group = (uint32_t)p[i] << 16;
    if (have > 1) group |= (uint32_t)p[i + 1] << 8;
    if (have > 2) group |= p[i + 2];
    for (unsigned k = 0; k < 4; k++) *to++ = k <= have ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return (size_t)(to - out);
}

static int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The text without its padding; padding counts only where it completes a group
 * of four. */
static size_t base64_digits(mf_str s) {
  size_t n = s.n;
  if (s.n % 4 != 0) return n;
  for (unsigned i = 0; i < 2 && n > 0 && s.p[n - 1] == '='; i++) n--;
  return n;
}

size_t mf_base64_decode(mf_str s, uint8_t *out) {
  uint8_t *to = out;
  size_t n = base64_digits(s);
  uint32_t bits = 0;
  if (n % 4 == 1) return SIZE_MAX;
  for (size_t i = 0; i < n; i++) {
    int value = base64_value(s.p[i]);
    if (value < 0) return SIZE_MAX;
    bits = bits << 6 | (uint32_t)value;
    switch (i % 4) { /* each digit but a group's first completes a byte */
      case 1: *to++ = (uint8_t)(bits >> 4); break;
      case 2: *to++ = (uint8_t)(bits >> 2); break;
      case 3: *to++ = (uint8_t)bits; break;
    }
  }
  return (size_t)(to - out);
}
