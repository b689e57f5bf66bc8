/* SPDX-License-Identifier: MIT */
#include "span.h"

static size_t byte_order_mark(mf_str source) {
  return mf_str_starts(source, MF_STR("\xEF\xBB\xBF")) ? 3 : 0;
}

static const char *after_newline(const char *p, const char *end) {
  const char *newline = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
  return newline ? newline + 1 : NULL;
}

static bool is_ascii(mf_str s) {
  unsigned char high = 0;
  for (size_t i = 0; i < s.n; i++) high |= (unsigned char)s.p[i];
  return high < 0x80;
}

/* Room for `want` numbers: the starts, and the latest line found behind them. */
static bool reserve(mf_lines *lines, mf_arena *arena, size_t *cap, size_t want) {
  const size_t size = sizeof *lines->starts;
  uint32_t *starts = mf_arena_grow(arena, lines->starts, *cap * size, want * size);
  if (starts == NULL) return false;
  lines->starts = starts;
  *cap = want;
  return true;
}

bool mf_lines_init(mf_lines *lines, mf_arena *arena, mf_str source) {
  enum { USUAL_LINE = 24 }; /* bytes */
  size_t cap = 0;
  *lines = (mf_lines){.source = source};
  if (source.n > UINT32_MAX) return false;
  if (!reserve(lines, arena, &cap, source.n / USUAL_LINE + 8)) return false;
  const char *end = source.n ? source.p + source.n : source.p;
  lines->ascii = is_ascii(source);
  /* A byte order mark is no column of the first line. */
  lines->starts[lines->count++] = (uint32_t)byte_order_mark(source);
  for (const char *p = source.p; (p = after_newline(p, end)) != NULL;) {
    if (lines->count + 1 == cap && !reserve(lines, arena, &cap, cap * 2)) return false;
    lines->starts[lines->count++] = (uint32_t)(p - source.p);
  }
  lines->starts[lines->count] = 0;
  return true;
}

static bool is_on(const mf_lines *lines, uint32_t line, uint32_t offset) {
  return lines->starts[line] <= offset &&
         (line + 1 == lines->count || offset < lines->starts[line + 1]);
}

/* Places are mostly asked for near each other: from the latest line on, a few
 * lines up or down.  False when it is farther. */
static bool is_near(const mf_lines *lines, uint32_t offset, uint32_t *line) {
  uint32_t at = lines->starts[lines->count];
  for (int tries = 0; tries < 8; tries++) {
    if (is_on(lines, at, offset)) {
      *line = at;
      return true;
    }
    if (lines->starts[at] > offset ? at == 0 : at + 1 == lines->count) return false;
    at = lines->starts[at] > offset ? at - 1 : at + 1;
  }
  return false;
}

/* The number of the last line that starts at or before offset, from 0. */
static uint32_t line_at(const mf_lines *lines, uint32_t offset) {
  uint32_t low = 0, high = lines->count;
  if (is_near(lines, offset, &low)) return low;
  low = 0;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (lines->starts[middle] <= offset)
      low = middle;
    else
      high = middle;
  }
  return low;
}

void mf_lines_find(const mf_lines *lines, uint32_t offset, uint32_t *line, uint32_t *column) {
  *line = *column = 1;
  if (lines->count == 0) return;
  if (offset > lines->source.n) offset = (uint32_t)lines->source.n;
  uint32_t at = line_at(lines, offset);
  lines->starts[lines->count] = at;
  *line = at + 1;
  if (lines->ascii && offset >= lines->starts[at]) {
    *column = offset - lines->starts[at] + 1;
    return;
  }
  for (size_t i = lines->starts[at]; i < offset; ++*column) {
    /* The source may be invalid: then each bad byte is a column. */
    size_t length = mf_utf8_length(lines->source.p + i, lines->source.n - i);
    i += length ? length : 1;
  }
}

mf_str mf_lines_text(const mf_lines *lines, uint32_t line) {
  if (line == 0 || line > lines->count) return (mf_str){NULL, 0};
  size_t start = lines->starts[line - 1];
  size_t end = line < lines->count ? lines->starts[line] : lines->source.n;
  const char *p = lines->source.p;
  if (line < lines->count) end--; /* the newline */
  if (end > start && p[end - 1] == '\r') end--;
  return (mf_str){p ? p + start : NULL, end - start};
}
