/* buffer - bytes that grow, up to a maximum the owner states at init.
 *
 * Failure is sticky, like the arena's: after it writes do nothing and `failed`
 * is true (with `too_large` when the maximum was the reason).  `p` is always
 * NUL-terminated once anything was written. */
#ifndef MF_BASE_BUFFER_H
#define MF_BASE_BUFFER_H
#include "alloc.h"

typedef struct mf_buf {
  mf_alloc alloc;
  char *p;
  size_t n, cap, max;
  bool failed, too_large;
} mf_buf;

/* `max` bounds n; 0: no maximum. */
void mf_buf_init(mf_buf *buf, const mf_alloc *alloc, size_t max);
void mf_buf_fini(mf_buf *buf);
static inline void mf_buf_clear(mf_buf *buf) {
  buf->n = 0;
  if (buf->p) buf->p[0] = '\0';
}
static inline mf_str mf_buf_str(const mf_buf *buf) {
  mf_str s = {buf->p, buf->n};
  return s;
}
/* Room for n more bytes at buf->p + buf->n; false when it cannot be had. */
bool mf_buf_reserve(mf_buf *buf, size_t n);
void mf_buf_add(mf_buf *buf, const void *p, size_t n);
void mf_buf_add_str(mf_buf *buf, mf_str s);
void mf_buf_puts(mf_buf *buf, const char *s);
void mf_buf_putc(mf_buf *buf, char c);
void mf_buf_printf(mf_buf *buf, const char *fmt, ...) MF_PRINTF(2, 3);
/* Drops the first n bytes. */
void mf_buf_consume(mf_buf *buf, size_t n);
#endif
