/* SPDX-License-Identifier: MIT */
/* expr_literal - what stands in numbers, texts and bytes.
 *
 * The scanner has settled where a literal ends; here it becomes a value.  Texts
 * without escapes stay slices of the parsed text. */
#include "expr_parse.h"

static mf_expr *literal(mf_cel *p, mf_span token, mf_value value) {
  mf_expr *e = mf_cel_node(p, MF_EXPR_LITERAL, token, NULL);
  e->value = value;
  return e;
}

mf_expr *mf_cel_simple(mf_cel *p, mf_span token, mf_value value) {
  return literal(p, token, value);
}

/* ---- numbers ---- */

static mf_expr *out_of_range(mf_cel *p, mf_span token, const char *kind) {
  mf_str text = mf_cel_slice(p, token);
  mf_diag_add(p->diags, MF_E_NUMBER_RANGE, mf_cel_place(p, token), (int)(text.n < 40 ? text.n : 40),
              text.p, kind);
  return mf_cel_bad(p, token);
}

static unsigned hex_digit(char c) { return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); }

/* Digits, or 0x and hex digits. */
static bool magnitude(mf_str s, uint64_t *out) {
  if (s.n < 2 || s.p[1] != 'x') return mf_parse_uint(s, out);
  *out = 0;
  for (size_t i = 2; i < s.n; i++) {
    if (*out >> 60) return false;
    *out = *out << 4 | hex_digit(s.p[i]);
  }
  return true;
}

/* 2^63 is an int once the grammar has put a minus sign before it. */
mf_expr *mf_cel_int(mf_cel *p, mf_span token) {
  uint64_t u;
  if (!magnitude(mf_cel_slice(p, token), &u) || u > (uint64_t)INT64_MAX + 1)
    return out_of_range(p, token, "an int");
  if (u <= INT64_MAX) return literal(p, token, (mf_value){.kind = MF_INT, .as.i = (int64_t)u});
  mf_expr *e = literal(p, token, (mf_value){.kind = MF_INT, .as.i = INT64_MIN});
  e->flags |= MF_EXPR_HUGE;
  e->name_span = token;
  return e;
}

mf_expr *mf_cel_uint(mf_cel *p, mf_span token) {
  mf_str text = mf_cel_slice(p, token);
  uint64_t u;
  text.n--;
  if (!magnitude(text, &u)) return out_of_range(p, token, "a uint");
  return literal(p, token, (mf_value){.kind = MF_UINT, .as.u = u});
}

mf_expr *mf_cel_double(mf_cel *p, mf_span token) {
  double d;
  bool overflow = false;
  if (!mf_parse_double(mf_cel_slice(p, token), false, &d, &overflow) || overflow)
    return out_of_range(p, token, "a double");
  return literal(p, token, (mf_value){.kind = MF_DOUBLE, .as.d = d});
}

mf_expr *mf_cel_signed(mf_cel *p, mf_span minus, mf_expr *number) {
  if (p->failed || number->kind != MF_EXPR_LITERAL) return number;
  if (number->value.kind == MF_DOUBLE)
    number->value.as.d = -number->value.as.d;
  else if (!(number->flags & MF_EXPR_HUGE))
    number->value.as.i = -number->value.as.i;
  number->flags &= (uint8_t)~MF_EXPR_HUGE;
  number->span = mf_span_join(mf_cel_place(p, minus), number->span);
  return number;
}

mf_expr *mf_cel_unsigned(mf_cel *p, mf_expr *number) {
  return number->flags & MF_EXPR_HUGE ? out_of_range(p, number->name_span, "an int") : number;
}

/* ---- texts ---- */

/* A literal being decoded: from `at` to `end`, into out. */
typedef struct decoder {
  mf_cel *p;
  const char *at, *end;
  char *out;
  size_t n;
  bool is_bytes;
} decoder;

static bool bad_escape(const decoder *d, const char *from, size_t n) {
  size_t left = (size_t)(d->end - from);
  if (n > left) n = left;
  mf_span token = {(uint32_t)(from - d->p->text), (uint32_t)n};
  mf_diag_add(d->p->diags, MF_E_BAD_ESCAPE, mf_cel_place(d->p, token), (int)n, from,
              d->is_bytes ? "bytes" : "a text");
  return false;
}

/* Reads `digits` digits of `base` (8 or 16) at p; false if there are fewer. */
static bool read_digits(const char *p, const char *end, unsigned digits, unsigned base,
                        uint32_t *out) {
  *out = 0;
  if ((size_t)(end - p) < digits) return false;
  for (unsigned i = 0; i < digits; i++) {
    bool is_hex = (p[i] >= '0' && p[i] <= '9') || ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f');
    unsigned digit = is_hex ? hex_digit(p[i]) : base;
    if (digit >= base) return false;
    *out = *out * base + digit;
  }
  return true;
}

/* \x and octal escapes are code points in a text, octets in bytes; \u and \U
 * are code points and have no place in bytes. */
static bool numbered_escape(decoder *d, const char *digits, unsigned count, unsigned base) {
  uint32_t code;
  size_t whole = (size_t)(digits - d->at) + count;
  bool octet = count <= 3;
  if (d->is_bytes && !octet) return bad_escape(d, d->at, 2);
  if (!read_digits(digits, d->end, count, base, &code)) return bad_escape(d, d->at, whole);
  if (octet && code > 0xff) return bad_escape(d, d->at, whole);
  size_t n = 1;
  if (d->is_bytes)
    d->out[d->n] = (char)(unsigned char)code;
  else
    n = mf_utf8_encode(code, d->out + d->n);
  if (n == 0) return bad_escape(d, d->at, whole);
  d->n += n;
  d->at += whole;
  return true;
}

static bool plain_escape(decoder *d, char c) {
  static const char from[] = "abfnrtv\\?\"'`", to[] = "\a\b\f\n\r\t\v\\?\"'`";
  const char *found = c ? strchr(from, c) : NULL;
  if (found == NULL) {
    size_t n = mf_utf8_length(d->at + 1, (size_t)(d->end - d->at - 1));
    return bad_escape(d, d->at, 1 + (n ? n : 1));
  }
  d->out[d->n++] = to[found - from];
  d->at += 2;
  return true;
}

static bool decode_escape(decoder *d) {
  char c = d->at[1];
  switch (c) {
    case 'x':
    case 'X': return numbered_escape(d, d->at + 2, 2, 16);
    case 'u': return numbered_escape(d, d->at + 2, 4, 16);
    case 'U': return numbered_escape(d, d->at + 2, 8, 16);
    case '0':
    case '1':
    case '2':
    case '3': return numbered_escape(d, d->at + 1, 3, 8);
    default: return plain_escape(d, c);
  }
}

/* Every mistake in the literal is told; the rest is decoded around it. */
static bool decode(decoder *d) {
  bool ok = true;
  while (d->at < d->end) {
    if (*d->at != '\\')
      d->out[d->n++] = *d->at++;
    else if (!decode_escape(d))
      ok = false, d->at += 2;
  }
  return ok;
}

/* Strips prefix and quotes; tells whether the literal is raw. */
static bool strip(mf_str *text) {
  bool raw = false;
  while (text->p[0] != '\'' && text->p[0] != '"') {
    raw |= (text->p[0] | 0x20) == 'r';
    text->p++, text->n--;
  }
  size_t quotes = text->n >= 6 && text->p[1] == text->p[0] && text->p[2] == text->p[0] ? 3 : 1;
  text->p += quotes;
  text->n -= 2 * quotes;
  return raw;
}

mf_expr *mf_cel_text(mf_cel *p, mf_span token, mf_kind kind) {
  if (p->failed) return &p->spare;
  mf_str text = mf_cel_slice(p, token);
  bool raw = strip(&text);
  if (kind == MF_STRING && mf_utf8_valid(text.p, text.n) != text.n) {
    mf_diag_add(p->diags, MF_E_BAD_TEXT, mf_cel_place(p, token));
    return mf_cel_bad(p, token);
  }
  if (!raw && text.n && memchr(text.p, '\\', text.n)) {
    /* No escape grows: the longest, \UHHHHHHHH, gives four bytes. */
    decoder d = {p, text.p, text.p + text.n, mf_arena_get(p->arena, text.n), 0, kind == MF_BYTES};
    if (d.out == NULL) return p->failed = true, &p->spare;
    if (!decode(&d)) return mf_cel_bad(p, token);
    text = (mf_str){d.out, d.n};
  }
  return literal(p, token,
                 (mf_value){.kind = (uint8_t)kind, .len = (uint32_t)text.n, .as.s = text.p});
}
