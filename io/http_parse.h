/* http_parse - HTTP/1.x responses: the head, and chunked bodies.
 *
 * Knows bytes only: no sockets, no allocation, no copies.  Results are slices of
 * the caller's buffer, so it can be fuzzed alone (fuzz/fuzz_http.c).  Lines may
 * end in LF alone, as many small servers send them. */
#ifndef MF_IO_HTTP_PARSE_H
#define MF_IO_HTTP_PARSE_H
#include "../base/text.h"

/* How the end of a body is known. */
typedef enum mf_http_body {
  MF_HTTP_BODY_NONE,
  MF_HTTP_BODY_LENGTH, /* content_length bytes */
  MF_HTTP_BODY_CHUNKED,
  MF_HTTP_BODY_UNTIL_CLOSE,
} mf_http_body;

typedef struct mf_http_head {
  int status; /* 100..999 */
  mf_http_body body;
  uint64_t content_length;
  bool keep_alive; /* the connection may be used again */
} mf_http_head;

/* Results of mf_http_parse_head below zero. */
#define MF_HTTP_BAD (-1)
#define MF_HTTP_MORE (-2)

/* Parses a head at the start of p[0..n-1].  Returns its length with the empty
 * line, MF_HTTP_MORE when it is not all there, or MF_HTTP_BAD.  `to_head`: it
 * answers a HEAD request, so it has no body whatever it says.  Call again from
 * the start with more bytes; the caller bounds n. */
ptrdiff_t mf_http_parse_head(const char *p, size_t n, bool to_head, mf_http_head *out);

/* Steps through the fields of a head that was parsed: `at` starts at 0.  False
 * after the last one.  Values have no blanks around them. */
bool mf_http_field_next(mf_str head, size_t *at, mf_str *name, mf_str *value);

/* A chunked body under way; zeroed at its start. */
typedef struct mf_http_chunks {
  uint64_t left;     /* data bytes of this chunk still to come */
  uint32_t overhead; /* bytes of size lines and trailers that no data excuses; bounded */
  uint8_t state;
  uint8_t digits;
} mf_http_chunks;

typedef enum mf_http_chunk_result {
  MF_HTTP_CHUNK_MORE, /* all input used */
  MF_HTTP_CHUNK_DATA, /* *data holds bytes of the body; call again */
  MF_HTTP_CHUNK_DONE, /* the body and its trailers ended */
  MF_HTTP_CHUNK_BAD,
} mf_http_chunk_result;

/* Takes bytes of p[*at..n-1] and moves *at past them. */
mf_http_chunk_result mf_http_chunk_next(mf_http_chunks *chunks, const char *p, size_t n, size_t *at,
                                        mf_str *data);
#endif
