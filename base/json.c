/* SPDX-License-Identifier: MIT */
#include "json.h"

/* ---- Plain runs: shared by reading and writing ---- */

static bool is_plain(char c) {
  unsigned char u = (unsigned char)c;
  return u >= 0x20 && u < 0x80 && u != '"' && u != '\\';
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Are all eight bytes ASCII that a string shows as itself?  Each term sets the
 * top bit of a byte that is not; borrows only ever reach past such a byte. */
static bool word_plain(uint64_t w) {
  uint64_t quote = w ^ EACH('"'), backslash = w ^ EACH('\\');
  uint64_t bad = w | (w - EACH(0x20)) | (quote - EACH(1)) | (backslash - EACH(1));
  return (bad & EACH(0x80)) == 0;
}

static bool eight_plain(const char *p) {
  uint64_t w;
  memcpy(&w, p, sizeof w);
  return word_plain(w);
}

/* Is all of it plain?  Words that reach into each other leave no rest. */
static bool all_plain(mf_str s) {
  uint32_t first, last;
  size_t i = 0;
  if (s.n < 4) {
    while (i < s.n && is_plain(s.p[i])) i++;
    return i == s.n;
  }
  if (s.n < 8) {
    memcpy(&first, s.p, sizeof first);
    memcpy(&last, s.p + s.n - 4, sizeof last);
    return word_plain(first | (uint64_t)last << 32);
  }
  while (s.n - i >= 8 && eight_plain(s.p + i)) i += 8;
  return s.n - i < 8 && eight_plain(s.p + s.n - 8);
}

/* How many bytes at p need neither an escape nor a closer look. */
static size_t plain_run(const char *p, size_t n) {
  size_t i = 0;
  while (n - i >= 8 && eight_plain(p + i)) i += 8;
  while (i < n && is_plain(p[i])) i++;
  return i;
}

/* ---- Scanner ---- */

enum {
  WANT_VALUE,
  WANT_VALUE_OR_CLOSE,
  WANT_KEY,
  WANT_KEY_OR_CLOSE,
  WANT_COLON,
  WANT_COMMA_OR_CLOSE,
  WANT_NOTHING,
  BROKEN,
};

enum { DEEPEST = 256 };

void mf_json_scan_init(mf_json_scanner *s, mf_arena *arena, mf_str source, uint32_t max_depth) {
  *s = (mf_json_scanner){.source = source, .arena = arena, .state = WANT_VALUE};
  s->max_depth = max_depth < DEEPEST ? max_depth : DEEPEST;
  if (mf_str_starts(source, MF_STR("\xEF\xBB\xBF"))) s->at = 3;
}

static mf_json_kind fail(mf_json_scanner *s, size_t offset, size_t length, const char *why) {
  s->state = BROKEN;
  s->error = why;
  s->span = (mf_span){(uint32_t)offset, (uint32_t)length};
  return s->kind = MF_JSON_ERROR;
}

static bool refuse(mf_json_scanner *s, size_t offset, size_t length, const char *why) {
  fail(s, offset, length, why);
  return false;
}

static mf_json_kind fail_here(mf_json_scanner *s, const char *why) {
  if (s->at == s->source.n) return fail(s, s->at, 0, "the document ends before it is complete");
  return fail(s, s->at, 1, why);
}

/* The byte at the current place; 0, which no JSON begins with, at the end. */
static char peek(const mf_json_scanner *s) { return s->at < s->source.n ? s->source.p[s->at] : 0; }

static void skip_blanks(mf_json_scanner *s) {
  for (; s->at < s->source.n; s->at++) {
    char c = s->source.p[s->at];
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') break;
  }
}

/* Depth counts the open containers; the innermost has bit depth - 1. */
static bool in_map(const mf_json_scanner *s) {
  uint32_t level = s->depth - 1;
  return s->stack[level / 64] >> level % 64 & 1;
}

/* Ends a token that began at `from` and was a value. */
static mf_json_kind value_done(mf_json_scanner *s, mf_json_kind kind, size_t from) {
  s->span = (mf_span){(uint32_t)from, (uint32_t)(s->at - from)};
  s->state = s->depth ? WANT_COMMA_OR_CLOSE : WANT_NOTHING;
  return s->kind = kind;
}

static mf_json_kind open_container(mf_json_scanner *s, bool map) {
  if (s->depth == s->max_depth) return fail_here(s, "lists and objects are nested too deeply");
  uint64_t bit = (uint64_t)1 << s->depth % 64, *word = &s->stack[s->depth / 64];
  *word = map ? *word | bit : *word & ~bit;
  s->depth++;
  s->span = (mf_span){(uint32_t)s->at++, 1};
  s->state = map ? WANT_KEY_OR_CLOSE : WANT_VALUE_OR_CLOSE;
  return s->kind = map ? MF_JSON_MAP_OPEN : MF_JSON_LIST_OPEN;
}

static mf_json_kind close_container(mf_json_scanner *s) {
  mf_json_kind kind = in_map(s) ? MF_JSON_MAP_CLOSE : MF_JSON_LIST_CLOSE;
  s->depth--;
  s->at++;
  return value_done(s, kind, s->at - 1);
}

/* ---- Strings ---- */

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of a \u escape at p. */
static bool read_hex(const char *p, const char *end, uint32_t *out) {
  *out = 0;
  if (end - p < 4) return false;
  for (unsigned i = 0; i < 4; i++) {
    int digit = hex_value(p[i]);
    if (digit < 0) return false;
    *out = *out << 4 | (uint32_t)digit;
  }
  return true;
}

/* Decodes the \u escape whose digits begin at *p, with the second half of a
 * surrogate pair; moves *p past it.  Returns what is wrong, or NULL. */
static const char *decode_unicode(const char **p, const char *end, char **to) {
  uint32_t c, low;
  if (!read_hex(*p, end, &c)) return "\\u needs four hexadecimal digits";
  *p += 4;
  if (c >= 0xD800 && c <= 0xDBFF) {
    bool paired = end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u' &&
                  read_hex(*p + 2, end, &low) && low >= 0xDC00 && low <= 0xDFFF;
    if (!paired) return "the first half of a surrogate pair stands alone";
    *p += 6;
    c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
  }
  size_t length = mf_utf8_encode(c, *to);
  *to += length;
  return length ? NULL : "the second half of a surrogate pair stands alone";
}

/* Decodes the escape after the backslash at *p - 1. */
static const char *decode_escape(const char **p, const char *end, char **to) {
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  char c = *(*p)++;
  if (c == 'u') return decode_unicode(p, end, to);
  const char *name = c ? strchr(names, c) : NULL;
  if (name == NULL) return "no such escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX";
  *(*to)++ = values[name - names];
  return NULL;
}

/* Replaces s->text, which has escapes, by what they stand for. */
static bool decode_string(mf_json_scanner *s) {
  const char *p = s->text.p, *end = p + s->text.n;
  char *text = mf_arena_get(s->arena, s->text.n); /* decoding never lengthens */
  char *to = text;
  if (text == NULL) return refuse(s, s->at, 0, "out of memory");
  while (p < end) {
    const char *backslash = memchr(p, '\\', (size_t)(end - p));
    size_t plain = (size_t)((backslash ? backslash : end) - p);
    memcpy(to, p, plain);
    to += plain;
    p += plain;
    if (backslash == NULL) break;
    p++;
    const char *why = decode_escape(&p, end, &to);
    size_t at = (size_t)(backslash - s->source.p);
    if (why) return refuse(s, at, (size_t)(p - backslash), why);
  }
  s->text = (mf_str){text, (size_t)(to - text)};
  return true;
}

/* Finds the closing quote: s->at comes to stand on it. */
static bool skip_string(mf_json_scanner *s, size_t open) {
  const char *p = s->source.p;
  size_t n = s->source.n;
  s->escaped = false;
  for (s->at = open + 1;;) {
    s->at += plain_run(p + s->at, n - s->at);
    if (s->at == n) return refuse(s, open, 1, "a string is not closed");
    if (p[s->at] == '"') return true;
    if (p[s->at] == '\\') {
      s->escaped = true;
      s->at += n - s->at < 2 ? 1 : 2;
      continue;
    }
    if ((unsigned char)p[s->at] < 0x20)
      return refuse(s, s->at, 1, "a control character in a string must be escaped");
    size_t length = mf_utf8_length(p + s->at, n - s->at);
    if (length == 0) return refuse(s, s->at, 1, "a string is not valid UTF-8");
    s->at += length;
  }
}

static mf_json_kind scan_string(mf_json_scanner *s, mf_json_kind kind) {
  size_t open = s->at;
  if (!skip_string(s, open)) return MF_JSON_ERROR;
  s->text = (mf_str){s->source.p + open + 1, s->at - open - 1};
  if (s->escaped && !decode_string(s)) return MF_JSON_ERROR;
  s->at++;
  value_done(s, kind, open);
  if (kind == MF_JSON_KEY) s->state = WANT_COLON;
  return kind;
}

/* ---- Numbers and words ---- */

static size_t skip_digits(mf_json_scanner *s) {
  size_t from = s->at;
  while (peek(s) >= '0' && peek(s) <= '9') s->at++;
  return s->at - from;
}

/* The part after the integer; *is_double when there is one. */
static const char *skip_fraction(mf_json_scanner *s, bool *is_double) {
  if (peek(s) == '.') {
    s->at++;
    *is_double = true;
    if (skip_digits(s) == 0) return "a digit must follow the decimal point";
  }
  if (peek(s) == 'e' || peek(s) == 'E') {
    s->at++;
    *is_double = true;
    if (peek(s) == '+' || peek(s) == '-') s->at++;
    if (skip_digits(s) == 0) return "a digit must follow the e of an exponent";
  }
  return NULL;
}

/* Sets i or u from the text of an integer; DOUBLE when it fits in neither. */
static mf_json_kind integer_kind(mf_json_scanner *s, mf_str text) {
  if (mf_parse_int(text, &s->i)) return MF_JSON_INT;
  return mf_parse_uint(text, &s->u) ? MF_JSON_UINT : MF_JSON_DOUBLE;
}

static mf_json_kind scan_number(mf_json_scanner *s) {
  size_t from = s->at;
  bool is_double = false, overflow;
  if (peek(s) == '-') s->at++;
  size_t first = s->at, digits = skip_digits(s);
  if (digits == 0) return fail_here(s, "a digit must follow the minus sign");
  if (digits > 1 && s->source.p[first] == '0')
    return fail(s, from, s->at - from, "a number may not begin with 0");
  const char *why = skip_fraction(s, &is_double);
  if (why) return fail_here(s, why);
  mf_str text = {s->source.p + from, s->at - from};
  mf_json_kind kind = is_double ? MF_JSON_DOUBLE : integer_kind(s, text);
  if (kind == MF_JSON_DOUBLE) {
    mf_parse_double(text, false, &s->d, &overflow);
    if (overflow) return fail(s, from, text.n, "a number is too large for a double");
  }
  return value_done(s, kind, from);
}

static bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* true, false, null; else an error about the whole word. */
static mf_json_kind scan_word(mf_json_scanner *s) {
  size_t from = s->at;
  while (is_word_byte(peek(s))) s->at++;
  mf_str word = {s->source.p + from, s->at - from};
  s->i = mf_str_is(word, "true");
  if (s->i || mf_str_is(word, "false")) return value_done(s, MF_JSON_BOOL, from);
  if (mf_str_is(word, "null")) return value_done(s, MF_JSON_NULL, from);
  return fail(s, from, word.n, "not a JSON value; text must stand in double quotes");
}

static const char *why_no_value(char c) {
  switch (c) {
    case '\'': return "text must stand in double quotes";
    case '/':
    case '#': return "JSON has no comments";
    case ',': return "a value is missing before the comma";
    case ']':
    case '}': return "a value is missing before the bracket";
    case '+':
    case '.': return "a number begins with a digit or a minus sign";
    default: return "not a JSON value";
  }
}

/* ---- The grammar ---- */

static mf_json_kind scan_value(mf_json_scanner *s) {
  char c = peek(s);
  if (c == '"') return scan_string(s, MF_JSON_STRING);
  if (c == '-' || (c >= '0' && c <= '9')) return scan_number(s);
  if (c == '{' || c == '[') return open_container(s, c == '{');
  return is_word_byte(c) ? scan_word(s) : fail_here(s, why_no_value(c));
}

static mf_json_kind scan_key(mf_json_scanner *s) {
  if (peek(s) == '"') return scan_string(s, MF_JSON_KEY);
  if (peek(s) == '}') return fail_here(s, "a comma may not stand before the closing brace");
  return fail_here(s, "a key in double quotes is missing here");
}

static mf_json_kind after_comma(mf_json_scanner *s) {
  s->at++;
  skip_blanks(s);
  if (in_map(s)) return scan_key(s);
  if (peek(s) == ']') return fail_here(s, "a comma may not stand before the closing bracket");
  return scan_value(s);
}

static mf_json_kind scan_end(mf_json_scanner *s) {
  if (s->at < s->source.n) return fail_here(s, "only blanks may follow the value");
  s->span = (mf_span){(uint32_t)s->at, 0};
  return s->kind = MF_JSON_END;
}

mf_json_kind mf_json_next(mf_json_scanner *s) {
  if (s->source.n >= UINT32_MAX) return fail(s, 0, 0, "the document is too large");
  if (s->state == BROKEN) return MF_JSON_ERROR;
  skip_blanks(s);
  char c = peek(s);
  switch (s->state) {
    case WANT_VALUE_OR_CLOSE: return c == ']' ? close_container(s) : scan_value(s);
    case WANT_KEY_OR_CLOSE: return c == '}' ? close_container(s) : scan_key(s);
    case WANT_COLON:
      if (c != ':') return fail_here(s, "a colon must follow the key");
      s->at++;
      skip_blanks(s);
      return scan_value(s);
    case WANT_COMMA_OR_CLOSE:
      if (c == ',') return after_comma(s);
      if (c == (in_map(s) ? '}' : ']')) return close_container(s);
      return fail_here(s, in_map(s) ? "a comma or } is missing" : "a comma or ] is missing");
    case WANT_NOTHING: return scan_end(s);
    default: return scan_value(s);
  }
}

/* ---- Tree ---- */

/* A node for the current token. */
static mf_json *new_node(mf_json_scanner *s, mf_str key) {
  mf_json *node = MF_NEW(s->arena, mf_json);
  if (node == NULL) return NULL;
  node->kind = s->kind;
  node->span = s->span;
  node->key = key;
  switch (s->kind) {
    case MF_JSON_BOOL: node->as.b = s->i != 0; break;
    case MF_JSON_INT: node->as.i = s->i; break;
    case MF_JSON_UINT: node->as.u = s->u; break;
    case MF_JSON_DOUBLE: node->as.d = s->d; break;
    case MF_JSON_STRING: node->as.s = s->text; break;
    case MF_JSON_LIST_OPEN: node->kind = MF_JSON_LIST; break;
    case MF_JSON_MAP_OPEN: node->kind = MF_JSON_MAP; break;
    default: break;
  }
  return node;
}

/* Builds until the scanner ends.  `tail` is where the next node is hung up. */
static mf_json *build(mf_json_scanner *s) {
  mf_json *root = NULL, **tail = &root, *open[DEEPEST];
  uint32_t depth = 0;
  mf_str key = {NULL, 0};
  for (;;) {
    switch (mf_json_next(s)) {
      case MF_JSON_END: return root;
      case MF_JSON_ERROR: return NULL;
      case MF_JSON_KEY: key = s->text; continue;
      case MF_JSON_LIST_CLOSE:
      case MF_JSON_MAP_CLOSE:
        depth--;
        open[depth]->span = mf_span_join(open[depth]->span, s->span);
        tail = &open[depth]->next;
        continue;
      default: break;
    }
    mf_json *node = new_node(s, key);
    if (node == NULL) {
      fail(s, s->at, 0, "out of memory");
      return NULL;
    }
    *tail = node;
    tail = &node->next;
    key = (mf_str){NULL, 0};
    if (node->kind == MF_JSON_LIST || node->kind == MF_JSON_MAP) {
      open[depth++] = node;
      tail = &node->as.first;
    }
  }
}

mf_json *mf_json_parse(mf_arena *arena, mf_str source, const char **error, uint32_t *offset) {
  mf_json_scanner s;
  mf_str copy = {mf_arena_copy(arena, source.p, source.n), source.n};
  if (copy.p == NULL) copy.n = 0;
  mf_json_scan_init(&s, arena, copy, DEEPEST);
  mf_json *root = build(&s);
  if (root) return root;
  if (error) *error = copy.p ? s.error : "out of memory";
  if (offset) *offset = s.span.offset;
  return NULL;
}

mf_json *mf_json_get(const mf_json *map, const char *key) {
  mf_json *found = NULL;
  if (map == NULL || map->kind != MF_JSON_MAP) return NULL;
  for (mf_json *m = map->as.first; m; m = m->next)
    if (mf_str_is(m->key, key)) found = m;
  return found;
}

mf_str mf_json_str(const mf_json *node, const char *fallback) {
  return node && node->kind == MF_JSON_STRING ? node->as.s : mf_str_of(fallback);
}

int64_t mf_json_int(const mf_json *node, int64_t fallback) {
  return node && node->kind == MF_JSON_INT ? node->as.i : fallback;
}

double mf_json_double(const mf_json *node, double fallback) {
  if (node == NULL) return fallback;
  switch (node->kind) {
    case MF_JSON_INT: return (double)node->as.i;
    case MF_JSON_UINT: return (double)node->as.u;
    case MF_JSON_DOUBLE: return node->as.d;
    default: return fallback;
  }
}

bool mf_json_bool(const mf_json *node, bool fallback) {
  return node && node->kind == MF_JSON_BOOL ? node->as.b : fallback;
}

/* ---- Writer ---- */

void mf_json_write_init(mf_json_writer *w, mf_buf *out, uint32_t indent) {
  *w = (mf_json_writer){.out = out, .indent = indent};
}

static void new_line(mf_json_writer *w) {
  mf_buf_putc(w->out, '\n');
  for (uint32_t i = w->depth * w->indent; i > 0; i--) mf_buf_putc(w->out, ' ');
}

/* What must stand before an element, a member or a member's value. */
static void separate(mf_json_writer *w) {
  if (w->after_key) {
    w->after_key = false;
    return;
  }
  if (w->need_comma) mf_buf_putc(w->out, ',');
  if (w->indent && w->depth) new_line(w);
  w->need_comma = w->depth > 0;
}

static void open_with(mf_json_writer *w, char bracket) {
  separate(w);
  mf_buf_putc(w->out, bracket);
  w->depth++;
  w->need_comma = false;
}

static void close_with(mf_json_writer *w, char bracket) {
  w->depth--;
  if (w->indent && w->need_comma) new_line(w);
  mf_buf_putc(w->out, bracket);
  w->need_comma = w->depth > 0;
}

void mf_json_open_map(mf_json_writer *w) { open_with(w, '{'); }
void mf_json_close_map(mf_json_writer *w) { close_with(w, '}'); }
void mf_json_open_list(mf_json_writer *w) { open_with(w, '['); }
void mf_json_close_list(mf_json_writer *w) { close_with(w, ']'); }

static mf_str filtered(const mf_json_writer *w, mf_str s) {
  return w->filter ? w->filter->text(w->filter->ctx, s) : s;
}

/* Most lines of a journal are keys: room is made, and its end marked, once for each. */
static bool put_plain_key(mf_json_writer *w, mf_str key) {
  if (w->indent || !all_plain(key)) return false;
  if (!mf_buf_reserve(w->out, key.n + 3 + w->need_comma)) return false;
  char *p = w->out->p + w->out->n;
  if (w->need_comma) *p++ = ',';
  *p++ = '"';
  if (key.n) memcpy(p, key.p, key.n);
  p += key.n;
  memcpy(p, "\":", 3);
  w->out->n = (size_t)(p + 2 - w->out->p);
  w->need_comma = w->after_key = true;
  return true;
}

static void put_key(mf_json_writer *w, mf_str key) {
  if (put_plain_key(w, key)) return;
  separate(w);
  mf_json_quote(w->out, key);
  mf_buf_puts(w->out, w->indent ? ": " : ":");
  w->after_key = true;
}

void mf_json_key_str(mf_json_writer *w, mf_str key) { put_key(w, filtered(w, key)); }
void mf_json_key(mf_json_writer *w, const char *key) { put_key(w, mf_str_of(key)); }

void mf_json_put_raw(mf_json_writer *w, mf_str json) {
  separate(w);
  mf_buf_add_str(w->out, json);
}

void mf_json_null(mf_json_writer *w) { mf_json_put_raw(w, MF_STR("null")); }

void mf_json_put_bool(mf_json_writer *w, bool b) {
  mf_json_put_raw(w, b ? MF_STR("true") : MF_STR("false"));
}

void mf_json_put_int(mf_json_writer *w, int64_t i) {
  char text[24];
  mf_json_put_raw(w, (mf_str){text, mf_format_int(i, text)});
}

void mf_json_put_uint(mf_json_writer *w, uint64_t u) {
  char text[24];
  mf_json_put_raw(w, (mf_str){text, mf_format_uint(u, text)});
}

void mf_json_put_double(mf_json_writer *w, double d) {
  char text[40];
  if (d - d != 0) { /* infinities and NaNs */
    mf_json_null(w);
    return;
  }
  size_t n = mf_format_double(d, text);
  if (memchr(text, '.', n) == NULL && memchr(text, 'e', n) == NULL) {
    memcpy(text + n, ".0", 2);
    n += 2;
  }
  mf_json_put_raw(w, (mf_str){text, n});
}

void mf_json_put_str(mf_json_writer *w, mf_str s) {
  separate(w);
  mf_json_quote(w->out, filtered(w, s));
}

void mf_json_put_word(mf_json_writer *w, mf_str word) {
  separate(w);
  mf_json_quote(w->out, word);
}

/* Writes the character at p, which is not plain; returns its length. */
static size_t quote_one(mf_buf *out, const char *p, size_t n) {
  static const char special[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
  size_t length = mf_utf8_length(p, n);
  const char *found = *p ? strchr(special, *p) : NULL;
  if (length == 0) {
    mf_buf_puts(out, "\xEF\xBF\xBD");
    return 1;
  }
  if (found) {
    mf_buf_putc(out, '\\');
    mf_buf_putc(out, names[found - special]);
  } else if ((unsigned char)*p < 0x20) {
    mf_buf_printf(out, "\\u%04x", (unsigned)*p);
  } else {
    mf_buf_add(out, p, length);
  }
  return length;
}

static bool quote_plain(mf_buf *out, mf_str s) {
  if (!all_plain(s) || !mf_buf_reserve(out, s.n + 2)) return false;
  char *p = out->p + out->n;
  *p++ = '"';
  if (s.n) memcpy(p, s.p, s.n);
  memcpy(p + s.n, "\"", 2);
  out->n += s.n + 2;
  return true;
}

void mf_json_quote(mf_buf *out, mf_str s) {
  if (quote_plain(out, s)) return;
  mf_buf_putc(out, '"');
  for (size_t i = 0; i < s.n;) {
    size_t plain = plain_run(s.p + i, s.n - i);
    mf_buf_add(out, s.p + i, plain);
    i += plain;
    if (i < s.n) i += quote_one(out, s.p + i, s.n - i);
  }
  mf_buf_putc(out, '"');
}
