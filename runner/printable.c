/* SPDX-License-Identifier: MIT */
#include "printable.h"

/* Marks that reorder what is shown, and invisible line ends. */
static bool turns_text(uint32_t c) {
  return (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
         c == 0x200f || c == 0x061c || c == 0xfeff;
}

static void escape_code_point(mf_buf *out, uint32_t c) {
  static const char letters[] = "abtnvfr"; /* 7 .. 13 */
  if (c >= 7 && c <= 13)
    mf_buf_printf(out, "\\%c", letters[c - 7]);
  else
    mf_buf_printf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
}

/* Handles the character at p, which is not plain ASCII; returns its length. */
static size_t print_one(mf_buf *out, const char *p, size_t n) {
  uint32_t c = (unsigned char)*p;
  size_t length = mf_utf8_length(p, n);
  if (length > 0) mf_utf8_decode(p, &c);
  if (length == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) || turns_text(c))
    escape_code_point(out, c);
  else
    mf_buf_add(out, p, length);
  return length ? length : 1;
}

static bool is_plain(char c) { return c >= 0x20 && c < 0x7f; }

void mf_print_safe(mf_buf *out, mf_str s) {
  for (size_t i = 0; i < s.n;) {
    size_t plain = 0;
    while (i + plain < s.n && is_plain(s.p[i + plain])) plain++;
    mf_buf_add(out, s.p + i, plain);
    i += plain;
    if (i < s.n) i += print_one(out, s.p + i, s.n - i);
  }
}
