/* SPDX-License-Identifier: MIT */
/* Fuzzes the reader of comma-separated values.
 *
 * Beside memory errors it checks laws: it always gets on, fields lie in the text in
 * order, and what it read, written with quotes around every field, is read the same. */
#include "../base/buffer.h"
#include "../stdlib/csv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool law) {
  if (!law) abort();
}

static void write_field(mf_buf *out, mf_str text, bool last) {
  mf_buf_putc(out, '"');
  for (size_t i = 0; i < text.n; i++) {
    if (text.p[i] == '"') mf_buf_putc(out, '"');
    mf_buf_putc(out, text.p[i]);
  }
  mf_buf_puts(out, last ? "\"\n" : "\",");
}

/* Reads `text` and writes it in the other form; returns the number of fields. */
static size_t rewrite(mf_arena *arena, mf_str text, mf_buf *out, bool *whole) {
  mf_csv csv = {.text = text, .line = 1};
  mf_csv_field field;
  size_t fields = 0;
  while (mf_csv_row(&csv)) {
    for (field.last = false; !field.last; fields++) {
      const size_t before = csv.at;
      const uint32_t line = csv.line;
      if (!mf_csv_next(&csv, &field)) break;
      check(csv.at > before || (field.last && csv.at == text.n));
      check(csv.at <= text.n && csv.line >= line);
      check(field.text.p >= text.p && field.text.p + field.text.n <= text.p + text.n);
      mf_str said = mf_csv_text(arena, &field);
      check(said.n <= field.text.n);
      write_field(out, said, field.last);
    }
    if (csv.error) break;
  }
  *whole = csv.error == NULL;
  return fields;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mf_alloc alloc = mf_alloc_default();
  mf_arena arena;
  mf_buf once, twice;
  bool whole;
  mf_arena_init(&arena, &alloc, 0);
  mf_buf_init(&once, &alloc, 0);
  mf_buf_init(&twice, &alloc, 0);
  size_t fields = rewrite(&arena, (mf_str){(const char *)data, size}, &once, &whole);
  if (whole && fields > 0) {
    check(rewrite(&arena, mf_buf_str(&once), &twice, &whole) == fields && whole);
    check(once.n == twice.n && memcmp(once.p, twice.p, once.n) == 0);
  }
  mf_buf_fini(&once);
  mf_buf_fini(&twice);
  mf_arena_fini(&arena);
  return 0;
}
