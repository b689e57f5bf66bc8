/* SPDX-License-Identifier: MIT */
#include "address.h"

/* ---- IPv4 ---- */

/* A number up to 255 without leading zeros: some readers take those as octal. */
static bool take_octet(mf_str *s, uint8_t *out) {
  unsigned value = 0;
  size_t n = 0;
  while (n < s->n && n < 4 && s->p[n] >= '0' && s->p[n] <= '9')
    value = value * 10 + (unsigned)(s->p[n++] - '0');
  if (n == 0 || value > 255 || (n > 1 && s->p[0] == '0')) return false;
  s->p += n;
  s->n -= n;
  *out = (uint8_t)value;
  return true;
}

static bool take_char(mf_str *s, char c) {
  if (s->n == 0 || s->p[0] != c) return false;
  s->p++;
  s->n--;
  return true;
}

static bool parse_v4(mf_str s, uint8_t out[4]) {
  for (unsigned i = 0; i < 4; i++)
    if ((i > 0 && !take_char(&s, '.')) || !take_octet(&s, &out[i])) return false;
  return s.n == 0;
}

/* ---- IPv6 ---- */

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A group of one to four hexadecimal digits. */
static bool take_group(mf_str *s, uint8_t out[2]) {
  unsigned value = 0;
  size_t n = 0;
  while (n < s->n && n < 5 && hex_value(s->p[n]) >= 0)
    value = value * 16 + (unsigned)hex_value(s->p[n++]);
  if (n == 0 || n > 4) return false;
  s->p += n;
  s->n -= n;
  out[0] = (uint8_t)(value >> 8);
  out[1] = (uint8_t)value;
  return true;
}

/* The groups of s into bytes; *gap is where "::" stood (SIZE_MAX: nowhere).  Returns
 * the bytes written, SIZE_MAX when malformed. */
static size_t take_groups(mf_str s, uint8_t bytes[16], size_t *gap, bool *dotted) {
  size_t n = 0;
  *gap = SIZE_MAX;
  while (s.n > 0) {
    if (s.n >= 2 && s.p[0] == ':' && s.p[1] == ':') {
      if (*gap != SIZE_MAX) return SIZE_MAX;
      *gap = n;
      s.p += 2;
      s.n -= 2;
      continue;
    }
    if (n > 0 && *gap != n && !take_char(&s, ':')) return SIZE_MAX;
    if (n <= 12 && parse_v4(s, bytes + n)) {
      *dotted = true;
      return n + 4;
    }
    if (n > 14 || !take_group(&s, bytes + n)) return SIZE_MAX;
    n += 2;
  }
  return n;
}

static bool parse_v6(mf_str s, uint8_t out[16], bool *dotted) {
  uint8_t bytes[16];
  size_t gap, n = take_groups(s, bytes, &gap, dotted);
  if (n == SIZE_MAX || (gap == SIZE_MAX ? n != 16 : n > 14)) return false;
  if (gap == SIZE_MAX) gap = n;
  memset(out, 0, 16);
  memcpy(out, bytes, gap);
  memcpy(out + 16 - (n - gap), bytes + gap, n - gap);
  return true;
}

static bool is_mapped(const uint8_t bytes[16]) {
  static const uint8_t head[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return memcmp(bytes, head, sizeof head) == 0;
}

mf_address_error mf_parse_address(mf_str s, mf_address *out) {
  bool dotted = false;
  *out = (mf_address){.n = 4};
  if (parse_v4(s, out->bytes)) return MF_ADDRESS_OK;
  if (s.n && memchr(s.p, '%', s.n)) return MF_ADDRESS_ZONE;
  if (!parse_v6(s, out->bytes, &dotted)) return MF_ADDRESS_MALFORMED;
  out->n = 16;
  if (!is_mapped(out->bytes)) return MF_ADDRESS_OK;
  if (dotted) return MF_ADDRESS_MAPPED;
  memmove(out->bytes, out->bytes + 12, 4);
  out->n = 4;
  return MF_ADDRESS_OK;
}

mf_address_error mf_parse_block(mf_str s, mf_address *out, unsigned *prefix) {
  uint64_t bits;
  size_t slash = mf_str_find(s, MF_STR("/"), 0);
  if (slash == SIZE_MAX) return MF_ADDRESS_MALFORMED;
  mf_str digits = {s.p + slash + 1, s.n - slash - 1};
  mf_address_error error = mf_parse_address((mf_str){s.p, slash}, out);
  if (error != MF_ADDRESS_OK) return error;
  if (out->n == 4 && memchr(s.p, ':', slash)) return MF_ADDRESS_MAPPED;
  bool leading = digits.n > 1 && digits.p[0] == '0';
  if (leading || !mf_parse_uint(digits, &bits) || bits > out->n * 8u) return MF_ADDRESS_MALFORMED;
  *prefix = (unsigned)bits;
  return MF_ADDRESS_OK;
}

/* ---- Text ---- */

static size_t format_v4(const uint8_t *bytes, char *out) {
  size_t n = 0;
  for (unsigned i = 0; i < 4; i++) {
    if (i > 0) out[n++] = '.';
    n += mf_format_uint(bytes[i], out + n);
  }
  return n;
}

static unsigned group(const uint8_t *bytes, unsigned i) {
  return (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

/* The first longest run of two zero groups or more: *from and its length. */
static unsigned zero_run(const uint8_t *bytes, unsigned *from) {
  unsigned best = 1, length = 0;
  *from = 8;
  for (unsigned i = 0; i < 8; i++) {
    length = group(bytes, i) == 0 ? length + 1 : 0;
    if (length <= best) continue;
    best = length;
    *from = i + 1 - length;
  }
  return *from < 8 ? best : 0;
}

static size_t put_hex(unsigned value, char *out) {
  size_t n = 0;
  bool begun = false;
  for (int shift = 12; shift >= 0; shift -= 4) {
    unsigned digit = value >> shift & 15;
    begun |= digit != 0 || shift == 0;
    if (begun) out[n++] = "0123456789abcdef"[digit];
  }
  return n;
}

static size_t format_v6(const uint8_t *bytes, char *out) {
  unsigned from, length = zero_run(bytes, &from);
  size_t n = 0;
  for (unsigned i = 0; i < 8; i++) {
    if (i == from) {
      out[n++] = ':';
      out[n++] = ':';
      i += length - 1;
      continue;
    }
    if (i > 0 && i != from + length) out[n++] = ':';
    n += put_hex(group(bytes, i), out + n);
  }
  return n;
}

size_t mf_format_address(const mf_address *a, char out[MF_ADDRESS_TEXT]) {
  size_t n = a->n == 4 ? format_v4(a->bytes, out) : format_v6(a->bytes, out);
  out[n] = '\0';
  return n;
}

size_t mf_format_block(const mf_address *a, unsigned prefix, char out[MF_ADDRESS_TEXT]) {
  size_t n = mf_format_address(a, out);
  out[n++] = '/';
  return n + mf_format_uint(prefix, out + n);
}

/* ---- Prefixes ---- */

bool mf_address_shares(const mf_address *a, const mf_address *b, unsigned bits) {
  if (a->n != b->n || memcmp(a->bytes, b->bytes, bits / 8) != 0) return false;
  unsigned rest = bits % 8;
  return rest == 0 || ((a->bytes[bits / 8] ^ b->bytes[bits / 8]) >> (8 - rest)) == 0;
}

void mf_address_mask(mf_address *a, unsigned prefix) {
  for (unsigned i = 0; i < a->n; i++) {
    unsigned kept = prefix > 8 * i ? prefix - 8 * i : 0;
    if (kept < 8) a->bytes[i] &= (uint8_t)(0xff00u >> kept);
  }
}
