/* SPDX-License-Identifier: MIT */
/* Fuzzes the reader of .env files.
 *
 * Laws: it ends; names are names and texts are UTF-8; an error has its place in
 * the source; and what was read, written in double quotes, reads the same. */
#include "../base/buffer.h"
#include "../compiler/env_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
  if (!holds) abort();
}

static bool is_name(mf_str s) {
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return s.n > 0;
}

static void write_line(mf_buf *out, mf_str name, mf_str text) {
  mf_buf_add_str(out, name);
  mf_buf_puts(out, "=\"");
  for (size_t i = 0; i < text.n; i++) {
    if (text.p[i] == '"' || text.p[i] == '\\') mf_buf_putc(out, '\\');
    mf_buf_putc(out, text.p[i]);
  }
  mf_buf_puts(out, "\"\n");
}

/* Reads all; writes it again to `out`, if that is not NULL. */
static void read_all(mf_arena *arena, mf_str source, mf_buf *out) {
  mf_env_reader r;
  mf_str name, text;
  size_t at = 0;
  mf_env_open(&r, arena, source);
  while (mf_env_next(&r, &name, &text)) {
    must(r.at > at && r.at <= source.n);
    at = r.at;
    must(is_name(name) && mf_utf8_valid(text.p, text.n) == text.n);
    write_line(out, name, text);
  }
  must(r.error == NULL || r.error_at <= source.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mf_alloc alloc = mf_alloc_default();
  mf_arena arena;
  mf_buf once, twice;
  mf_arena_init(&arena, &alloc, 0);
  mf_buf_init(&once, &alloc, 0);
  mf_buf_init(&twice, &alloc, 0);
  read_all(&arena, (mf_str){(const char *)data, size}, &once);
  read_all(&arena, mf_buf_str(&once), &twice);
  must(mf_str_eq(mf_buf_str(&once), mf_buf_str(&twice)));
  mf_buf_fini(&twice);
  mf_buf_fini(&once);
  mf_arena_fini(&arena);
  return 0;
}
