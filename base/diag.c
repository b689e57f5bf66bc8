/* SPDX-License-Identifier: MIT */
#include "diag.h"

#include "json.h"
#include "limits.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- The rows of errors.def ---- */

typedef struct code_row {
  mf_code code;
  bool warning;
  const char *stage, *text, *explanation;
} code_row;

static const code_row rows[] = {
#define MF_ERR(code, name, stage, text, explanation) {MF_E_##name, false, stage, text, explanation},
#define MF_WARN(code, name, stage, text, explanation) {MF_W_##name, true, stage, text, explanation},
#include "errors.def"
#undef MF_ERR
#undef MF_WARN
    {MF_CODE_NONE, false, "", "unknown error", ""},
};

/* Unknown codes get the last row. */
static const code_row *row_of(mf_code code) {
  const code_row *row = rows;
  while (row->code != code && row->code != MF_CODE_NONE) row++;
  return row;
}

bool mf_code_is_warning(mf_code code) { return row_of(code)->warning; }
const char *mf_code_stage(mf_code code) { return row_of(code)->stage; }
const char *mf_code_explanation(mf_code code) { return row_of(code)->explanation; }

void mf_code_text(mf_code code, char out[16]) {
  unsigned number = (unsigned)code;
  memcpy(out, mf_code_is_warning(code) ? "MF-W0000" : "MF-E0000", 9);
  for (unsigned i = 7; i >= 4; i--, number /= 10) out[i] = (char)('0' + number % 10);
}

mf_code mf_code_of_text(const char *text) {
  unsigned number = 0;
  if (strlen(text) != 8) return MF_CODE_NONE;
  for (unsigned i = 4; i < 8; i++) number = number * 10 + (unsigned)(text[i] - '0');
  return (mf_code)number;
}

/* ---- Collecting ---- */

void mf_diags_init(mf_diags *diags, mf_arena *arena) { *diags = (mf_diags){.arena = arena}; }

static bool already_told(const mf_diags *diags, mf_code code, mf_span span) {
  for (uint32_t i = 0; i < diags->count; i++) {
    const mf_diag *d = &diags->items[i];
    if (d->code == code && d->source == diags->source && d->span.offset == span.offset &&
        d->span.length == span.length)
      return true;
  }
  return false;
}

/* Counts one more; says whether it is still to be kept. */
static bool counted(mf_diags *diags, mf_severity severity) {
  uint32_t *count = severity == MF_SEVERITY_WARNING ? &diags->warnings : &diags->errors;
  return (*count)++ < MF_LIMIT_DIAGNOSTICS;
}

static mf_diag *new_item(mf_diags *diags) {
  if (diags->count == diags->cap) {
    uint32_t cap = diags->cap ? diags->cap * 2 : 8;
    mf_diag *items = MF_NEW_ARRAY(diags->arena, mf_diag, cap);
    if (items == NULL) return NULL;
    if (diags->count) memcpy(items, diags->items, sizeof *items * diags->count);
    diags->items = items;
    diags->cap = cap;
  }
  return &diags->items[diags->count++];
}

/* A message quotes names from the document, which may be of any length: past
 * this many bytes it is cut, between two characters. */
enum { LONGEST_MESSAGE = 500 };

static const char *format(mf_arena *arena, const char *fmt, va_list args) {
  char text[LONGEST_MESSAGE + 4];
  int n = vsnprintf(text, LONGEST_MESSAGE + 1, fmt, args);
  size_t length = n > 0 ? (size_t)n : 0;
  if (length > LONGEST_MESSAGE) {
    length = mf_utf8_valid(text, LONGEST_MESSAGE);
    memcpy(text + length, "...", 3);
    length += 3;
  }
  const char *copy = mf_arena_copy(arena, text, length);
  return copy ? copy : "out of memory";
}

static void add(mf_diags *diags, mf_code code, mf_span span, const char *suggestion, va_list args) {
  const code_row *row = row_of(code);
  mf_severity severity = row->warning ? MF_SEVERITY_WARNING : MF_SEVERITY_ERROR;
  if (already_told(diags, code, span) || !counted(diags, severity)) return;
  mf_diag *d = new_item(diags);
  if (d == NULL) return;
  *d = (mf_diag){.code = code, .severity = severity, .span = span, .source = diags->source};
  d->message = format(diags->arena, row->text, args);
  if (suggestion) d->suggestion = mf_arena_copy(diags->arena, suggestion, strlen(suggestion));
}

void mf_diag_add(mf_diags *diags, mf_code code, mf_span span, ...) {
  va_list args;
  va_start(args, span);
  add(diags, code, span, NULL, args);
  va_end(args);
}

void mf_diag_add_hint(mf_diags *diags, mf_code code, mf_span span, const char *suggestion, ...) {
  va_list args;
  va_start(args, suggestion);
  add(diags, code, span, suggestion, args);
  va_end(args);
}

static bool is_after(const mf_diag *a, const mf_diag *b) {
  uint32_t source_a = a->source ? a->source->number : 0;
  uint32_t source_b = b->source ? b->source->number : 0;
  return source_a != source_b ? source_a > source_b : a->span.offset > b->span.offset;
}

/* By insertion: it is stable, and there are few. */
void mf_diags_sort(mf_diags *diags) {
  for (uint32_t i = 1; i < diags->count; i++) {
    mf_diag d = diags->items[i];
    uint32_t at = i;
    for (; at > 0 && is_after(&diags->items[at - 1], &d); at--)
      diags->items[at] = diags->items[at - 1];
    diags->items[at] = d;
  }
}

/* ---- Rendering ---- */

/* Name and lines of the file that it is about. */
static void find_source(const char **name, const mf_lines **lines, const mf_diag *diag) {
  if (diag->source) {
    *name = diag->source->name;
    *lines = &diag->source->lines;
  }
  if (*name == NULL) *name = "<input>";
}

static bool has_place(const mf_lines *lines, mf_span span) {
  return lines && lines->count != 0 && (span.offset != 0 || span.length != 0);
}

/* The length of the character at p, at least 1; *visible is false for bytes that
 * are not UTF-8 and for control characters, which could drive a terminal. */
static size_t character(const char *p, size_t n, bool *visible) {
  size_t length = mf_utf8_length(p, n);
  uint32_t c = 0;
  if (length) mf_utf8_decode(p, &c);
  *visible = c == '\t' || (c >= 0x20 && c < 0x7F) || c >= 0xA0;
  return length ? length : 1;
}

static void write_visible(mf_buf *out, mf_str s) {
  bool visible;
  for (size_t i = 0, length; i < s.n; i += length) {
    length = character(s.p + i, s.n - i, &visible);
    if (visible)
      mf_buf_add(out, s.p + i, length);
    else
      mf_buf_puts(out, "\xEF\xBF\xBD");
  }
}

/* The byte offset of column `column` (from 0) of a line, or its length. */
static size_t column_at(mf_str line, size_t column) {
  size_t i = 0;
  bool visible;
  for (; column > 0 && i < line.n; column--) i += character(line.p + i, line.n - i, &visible);
  return i;
}

static size_t columns_in(mf_str s) {
  size_t count = 0;
  bool visible;
  for (size_t i = 0; i < s.n; count++) i += character(s.p + i, s.n - i, &visible);
  return count;
}

/* What is shown of a long line: some of it before the place and more after. */
enum { WINDOW = 120, BEFORE = 40 };

/* One line and the marked part of it, in bytes. */
typedef struct excerpt {
  mf_str line;
  size_t from, to;       /* shown */
  size_t mark, mark_end; /* underlined */
} excerpt;

static excerpt excerpt_of(const mf_lines *lines, uint32_t number, mf_span span) {
  excerpt e = {.line = mf_lines_text(lines, number)};
  size_t start = lines->starts[number - 1];
  size_t at = span.offset > start ? span.offset - start : 0;
  e.mark = at < e.line.n ? at : e.line.n;
  e.mark_end = span.length < e.line.n - e.mark ? e.mark + span.length : e.line.n;
  e.to = e.line.n;
  size_t columns = columns_in(e.line);
  if (columns <= WINDOW) return e;
  size_t column = columns_in((mf_str){e.line.p, e.mark});
  size_t first = column > BEFORE ? column - BEFORE : 0;
  if (first > columns - WINDOW) first = columns - WINDOW;
  e.from = column_at(e.line, first);
  e.to = column_at(e.line, first + WINDOW);
  if (e.mark_end > e.to) e.mark_end = e.to;
  return e;
}

static void write_source(mf_buf *out, const excerpt *e, uint32_t number) {
  mf_buf_printf(out, "%5u | %s", (unsigned)number, e->from ? "..." : "");
  if (e->line.n) write_visible(out, (mf_str){e->line.p + e->from, e->to - e->from});
  mf_buf_puts(out, e->to < e->line.n ? "...\n" : "\n");
}

/* Tabs before the mark are repeated, so that it stands right whatever their
 * width. */
static void write_blank(mf_buf *out, mf_str before) {
  bool visible;
  for (size_t i = 0; i < before.n; i += character(before.p + i, before.n - i, &visible))
    mf_buf_putc(out, before.p[i] == '\t' ? '\t' : ' ');
}

static void write_carets(mf_buf *out, const excerpt *e, uint32_t number) {
  mf_buf_puts(out, "     ");
  for (uint32_t rest = number / 100000; rest > 0; rest /= 10) mf_buf_putc(out, ' ');
  mf_buf_puts(out, e->from ? " |    " : " | ");
  if (e->mark > e->from) write_blank(out, (mf_str){e->line.p + e->from, e->mark - e->from});
  mf_buf_putc(out, '^');
  if (e->mark_end > e->mark) {
    size_t width = columns_in((mf_str){e->line.p + e->mark, e->mark_end - e->mark});
    while (--width > 0) mf_buf_putc(out, '~');
  }
  mf_buf_putc(out, '\n');
}

static const char *severity_word(const mf_diag *diag) {
  return diag->severity == MF_SEVERITY_WARNING ? "warning" : "error";
}

void mf_diag_write_text(mf_buf *out, const char *name, const mf_lines *lines, const mf_diag *diag) {
  char code[16];
  uint32_t line = 0, column = 0;
  find_source(&name, &lines, diag);
  write_visible(out, mf_str_of(name));
  if (has_place(lines, diag->span)) {
    mf_lines_find(lines, diag->span.offset, &line, &column);
    mf_buf_printf(out, ":%u:%u", (unsigned)line, (unsigned)column);
  }
  mf_code_text(diag->code, code);
  mf_buf_printf(out, ": %s[%s]: ", severity_word(diag), code);
  write_visible(out, mf_str_of(diag->message));
  if (diag->suggestion) {
    mf_buf_puts(out, "; ");
    write_visible(out, mf_str_of(diag->suggestion));
  }
  mf_buf_putc(out, '\n');
  if (line == 0) return;
  excerpt e = excerpt_of(lines, line, diag->span);
  write_source(out, &e, line);
  write_carets(out, &e, line);
}

static void put_text(mf_json_writer *w, const char *key, const char *value) {
  mf_json_key(w, key);
  mf_json_put_str(w, mf_str_of(value));
}

static void put_number(mf_json_writer *w, const char *key, uint32_t value) {
  mf_json_key(w, key);
  mf_json_put_uint(w, value);
}

static void put_place(mf_json_writer *w, const mf_lines *lines, mf_span span) {
  uint32_t line, column;
  if (!has_place(lines, span)) return;
  mf_lines_find(lines, span.offset, &line, &column);
  put_number(w, "line", line);
  put_number(w, "column", column);
  put_number(w, "offset", span.offset);
  put_number(w, "length", span.length);
}

void mf_diag_write_json(mf_buf *out, const char *name, const mf_lines *lines, const mf_diag *diag) {
  mf_json_writer w;
  char code[16];
  find_source(&name, &lines, diag);
  mf_code_text(diag->code, code);
  mf_json_write_init(&w, out, 0);
  mf_json_open_map(&w);
  put_text(&w, "file", name);
  put_place(&w, lines, diag->span);
  put_text(&w, "severity", severity_word(diag));
  put_text(&w, "code", code);
  put_text(&w, "stage", mf_code_stage(diag->code));
  put_text(&w, "message", diag->message);
  if (diag->suggestion) put_text(&w, "suggestion", diag->suggestion);
  mf_json_close_map(&w);
}
