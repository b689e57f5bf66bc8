/* SPDX-License-Identifier: MIT */
/* Text in columns, for reports in plain text. */
#include "report_model.h"

enum { COLUMNS = 12, BETWEEN = 2 };

static size_t width_of(mf_str cell) { return mf_utf8_count(cell.p, cell.n); }

static mf_str take_until(mf_str *rest, char end) {
  const char *at = memchr(rest->p, end, rest->n);
  mf_str part = {rest->p, at ? (size_t)(at - rest->p) : rest->n};
  size_t used = part.n + (at != NULL);
  *rest = (mf_str){rest->p + used, rest->n - used};
  return part;
}

static void measure(mf_str rows, size_t widths[COLUMNS]) {
  while (rows.n > 0) {
    mf_str row = take_until(&rows, '\n');
    for (unsigned i = 0; i < COLUMNS && row.n > 0; i++) {
      size_t width = width_of(take_until(&row, '\t'));
      if (width > widths[i]) widths[i] = width;
    }
  }
}

static void put_blanks(mf_buf *out, size_t n) {
  while (n-- > 0) mf_buf_putc(out, ' ');
}

/* Blanks are put when something follows them: no line ends with any. */
static void put_row(mf_buf *out, mf_str row, const size_t widths[COLUMNS], uint32_t right) {
  size_t owed = BETWEEN;
  for (unsigned i = 0; i < COLUMNS && row.n > 0; i++) {
    mf_str cell = take_until(&row, '\t');
    size_t pad = widths[i] - width_of(cell);
    if (cell.n == 0) {
      owed += pad + BETWEEN;
      continue;
    }
    bool to_right = (right >> i & 1) != 0;
    put_blanks(out, owed + (to_right ? pad : 0));
    mf_buf_add_str(out, cell);
    owed = BETWEEN + (to_right ? 0 : pad);
  }
  mf_buf_putc(out, '\n');
}

void mf_report_columns(mf_buf *out, mf_str rows, uint32_t right) {
  size_t widths[COLUMNS] = {0};
  measure(rows, widths);
  while (rows.n > 0) put_row(out, take_until(&rows, '\n'), widths, right);
}
