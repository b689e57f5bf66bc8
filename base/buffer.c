/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void mf_buf_init(mf_buf *buf, const mf_alloc *alloc, size_t max) {
  *buf = (mf_buf){.alloc = mf_alloc_or_default(alloc), .max = max ? max : SIZE_MAX - 1};
}

void mf_buf_fini(mf_buf *buf) {
  if (buf->p) mf_realloc(&buf->alloc, buf->p, buf->cap, 0);
  buf->p = NULL;
  buf->n = buf->cap = 0;
}

/* Makes room for `need` bytes and the NUL; need <= max. */
static bool grow(mf_buf *buf, size_t need) {
  size_t cap = buf->cap > buf->max / 2 ? buf->max + 1 : buf->cap * 2;
  if (cap < 64) cap = 64;
  if (cap <= need) cap = need + 1; /* much at once: probably all there will be */
  char *p = mf_realloc(&buf->alloc, buf->p, buf->cap, cap);
  if (p == NULL) {
    buf->failed = true;
    return false;
  }
  buf->p = p;
  buf->cap = cap;
  p[buf->n] = '\0';
  return true;
}

bool mf_buf_reserve(mf_buf *buf, size_t n) {
  if (buf->failed) return false;
  if (n > buf->max - buf->n) {
    buf->failed = buf->too_large = true;
    return false;
  }
  return buf->n + n < buf->cap || grow(buf, buf->n + n);
}

void mf_buf_add(mf_buf *buf, const void *p, size_t n) {
  if (n == 0 || !mf_buf_reserve(buf, n)) return;
  memcpy(buf->p + buf->n, p, n);
  buf->n += n;
  buf->p[buf->n] = '\0';
}

void mf_buf_add_str(mf_buf *buf, mf_str s) { mf_buf_add(buf, s.p, s.n); }

void mf_buf_puts(mf_buf *buf, const char *s) { mf_buf_add(buf, s, strlen(s)); }

void mf_buf_putc(mf_buf *buf, char c) {
  if (!mf_buf_reserve(buf, 1)) return;
  buf->p[buf->n++] = c;
  buf->p[buf->n] = '\0';
}

void mf_buf_printf(mf_buf *buf, const char *fmt, ...) {
  va_list args, again;
  va_start(args, fmt);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, fmt, args);
  if (n >= 0 && mf_buf_reserve(buf, (size_t)n)) {
    vsnprintf(buf->p + buf->n, (size_t)n + 1, fmt, again);
    buf->n += (size_t)n;
  }
  va_end(again);
  va_end(args);
}

void mf_buf_consume(mf_buf *buf, size_t n) {
  if (buf->p == NULL) return;
  if (n > buf->n) n = buf->n;
  memmove(buf->p, buf->p + n, buf->n - n + 1);
  buf->n -= n;
}
