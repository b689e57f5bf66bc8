/* http_reader - one response, taken in as its bytes come: interim heads, which are
 * skipped, the head, the body.
 *
 * Knows no sockets and no clock, so that all of it can be fuzzed (fuzz/fuzz_http.c):
 * how the bytes were cut up on their way changes nothing.  Memory is held for a head
 * that comes in pieces (MF_LIMIT_RESPONSE_HEADER_BYTES) and for what is to be kept. */
#ifndef MF_IO_HTTP_READER_H
#define MF_IO_HTTP_READER_H
#include "../base/buffer.h"
#include "http_error.h"
#include "http_parse.h"

typedef struct mf_http_reader {
  mf_http_head head; /* the final one, once in_body */
  bool in_body;
  mf_http_error error; /* once it is over */
  size_t surplus;      /* bytes of the last piece that came after it, and are nobody's */
  uint64_t body_bytes; /* all of the body so far */
  mf_buf held;         /* a head in pieces; then the head, if it is to be kept */
  mf_buf body;         /* as much of it as is kept */
  /* Private. */
  mf_http_chunks chunks;
  uint64_t body_left;
  size_t header_bytes, keep_body;
  bool keep_head, to_head;
} mf_http_reader;

void mf_http_reader_init(mf_http_reader *r, const mf_alloc *alloc);
void mf_http_reader_fini(mf_http_reader *r);

/* Begins a new one.  `to_head`: it answers a HEAD request. */
void mf_http_reader_begin(mf_http_reader *r, size_t keep_body, bool keep_head, bool to_head);
/* Takes p[0..n-1], n > 0, at most MF_HTTP_PIECE_BYTES.  True: it is over, see `error`. */
#define MF_HTTP_PIECE_BYTES 65536
bool mf_http_reader_take(mf_http_reader *r, const char *p, size_t n);
/* The other side has closed.  NONE if that is how this one ends, or CLOSED. */
mf_http_error mf_http_reader_close(mf_http_reader *r);
#endif
