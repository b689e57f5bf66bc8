/* SPDX-License-Identifier: MIT */
#include "report_escape.h"

/* What a format writes for a character that means something in it; NULL: itself. */
typedef const char *(*special_fn)(const char *p, size_t n);

/* Directional marks, embeddings, overrides and isolates; line and paragraph
 * separators; the byte order mark; U+FFFE and the like. */
static bool is_deceptive(uint32_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF || (c & 0xFFFE) == 0xFFFE ||
         (c >= 0xFDD0 && c <= 0xFDEF) || (c >= 0x80 && c < 0xA0);
}

static bool is_control(char c) {
  return ((unsigned char)c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
}

/* U+2400 and on are the pictures of the control characters. */
static void put_picture(mf_buf *out, uint32_t c) {
  char utf8[4];
  mf_buf_add(out, utf8, mf_utf8_encode(c == 0x7F ? 0x2421 : 0x2400 + c, utf8));
}

/* Writes the character at p; returns its length. */
static size_t put_character(mf_buf *out, const char *p, size_t n, special_fn special) {
  const char *instead = special(p, n);
  size_t length = mf_utf8_length(p, n);
  uint32_t c;
  if (instead || is_control(*p)) {
    if (instead)
      mf_buf_puts(out, instead);
    else
      put_picture(out, (unsigned char)*p);
    return 1;
  }
  if (length == 0) {
    mf_buf_puts(out, "\xEF\xBF\xBD");
    return 1;
  }
  mf_utf8_decode(p, &c);
  if (is_deceptive(c))
    mf_buf_printf(out, "[U+%04X]", (unsigned)c);
  else
    mf_buf_add(out, p, length);
  return length;
}

static void put_all(mf_buf *out, mf_str s, special_fn special) {
  for (size_t i = 0; i < s.n;) i += put_character(out, s.p + i, s.n - i, special);
}

/* ---- The formats ---- */

static const char *in_markup(const char *p, size_t n) {
  (void)n;
  switch (*p) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
  }
}

void mf_escape_markup(mf_buf *out, mf_str s) { put_all(out, s, in_markup); }

static bool follows(const char *p, size_t n, const char *what) {
  size_t m = strlen(what);
  return n > m && memcmp(p + 1, what, m) == 0;
}

/* An empty comment ends what would become a mention, a reference or a link, and is
 * not shown. */
static const char *in_markdown(const char *p, size_t n) {
  static const char escapes[] = "\\`*_[]|~$";
  static const char *const escaped[] = {"\\\\", "\\`", "\\*", "\\_", "\\[",
                                        "\\]",  "\\|", "\\~", "\\$"};
  switch (*p) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '\n':
    case '\t': return " ";
    case '@': return "@<!-- -->";
    case '#': return "\\#<!-- -->";
    case ':': return follows(p, n, "//") ? ":<!-- -->" : NULL;
    case 'w':
    case 'W': return n > 1 && p[1] == '.' ? (*p == 'w' ? "w<!-- -->" : "W<!-- -->") : NULL;
    default: break;
  }
  const char *at = *p ? strchr(escapes, *p) : NULL;
  return at ? escaped[at - escapes] : NULL;
}

/* Bytes up to the sign that would make a list of the text: SIZE_MAX: it is none. */
static size_t list_sign(mf_str s) {
  size_t at = 0;
  while (at < s.n && s.p[at] >= '0' && s.p[at] <= '9') at++;
  bool sign = at < s.n && strchr(at ? ".)" : "+-", s.p[at]) != NULL && s.p[at] != '\0';
  return sign && (at + 1 == s.n || s.p[at + 1] == ' ') ? at : SIZE_MAX;
}

void mf_escape_markdown(mf_buf *out, mf_str s) {
  size_t at = list_sign(s);
  if (at != SIZE_MAX) {
    mf_buf_add(out, s.p, at);
    mf_buf_putc(out, '\\');
    mf_buf_putc(out, s.p[at++]);
    s = (mf_str){s.p + at, s.n - at};
  }
  put_all(out, s, in_markdown);
}

static const char *in_csv(const char *p, size_t n) {
  (void)n;
  return *p == '"' ? "\"\"" : NULL;
}

void mf_escape_csv(mf_buf *out, mf_str s) {
  if (s.n == 0) return;
  bool formula = strchr("=+-@\t\r\n", s.p[0]) != NULL && s.p[0] != '\0';
  bool quoted = s.p[0] == ' ' || s.p[s.n - 1] == ' ';
  for (size_t i = 0; i < s.n && !quoted; i++)
    quoted = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == ';' || s.p[i] == '\n' || s.p[i] == '\t';
  if (quoted) mf_buf_putc(out, '"');
  if (formula) mf_buf_putc(out, '\'');
  put_all(out, s, in_csv);
  if (quoted) mf_buf_putc(out, '"');
}

static const char *in_text(const char *p, size_t n) {
  (void)p, (void)n;
  return NULL;
}

void mf_escape_text(mf_buf *out, mf_str s) { put_all(out, s, in_text); }

static const char *in_json(const char *p, size_t n) {
  (void)n;
  switch (*p) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\t': return "\\t";
    default: return NULL;
  }
}

void mf_escape_json(mf_buf *out, mf_str s) { put_all(out, s, in_json); }

void (*mf_escape_of(mf_report_format format))(mf_buf *out, mf_str s) {
  switch (format) {
    case MF_REPORT_FORMAT_HTML:
    case MF_REPORT_FORMAT_JUNIT: return mf_escape_markup;
    case MF_REPORT_FORMAT_MARKDOWN: return mf_escape_markdown;
    case MF_REPORT_FORMAT_CSV: return mf_escape_csv;
    case MF_REPORT_FORMAT_JSON: return mf_escape_json;
    case MF_REPORT_FORMAT_TEXT:
    case MF_REPORT_FORMAT_COUNT: break;
  }
  return mf_escape_text;
}
