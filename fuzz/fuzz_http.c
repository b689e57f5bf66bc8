/* SPDX-License-Identifier: MIT */
/* Fuzzes the reader of HTTP responses, its parsers, and the URL parser.
 *
 * The first byte chooses the input's kind; the rest is the input.  Beside memory
 * errors it checks laws: a prefix of a head that parses wants more or is the head,
 * a chunked body decodes to the same bytes however it is cut up, and so does a whole
 * response, whose first bytes say how. */
#include "../base/limits.h"
#include "../io/http_reader.h"
#include "../io/url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool law) {
  if (!law) abort();
}

static void fuzz_head(const char *p, size_t n, bool to_head) {
  mf_http_head head, again;
  ptrdiff_t used = mf_http_parse_head(p, n, to_head, &head);
  check(used == MF_HTTP_BAD || used == MF_HTTP_MORE || (used > 0 && (size_t)used <= n));
  if (used <= 0) return;
  check(head.status >= 100 && head.status <= 999);
  check(mf_http_parse_head(p, (size_t)used, to_head, &again) == used);
  check(mf_http_parse_head(p, (size_t)used - 1, to_head, &again) == MF_HTTP_MORE);
  mf_str text = {p, (size_t)used}, name, value;
  size_t at = 0, fields = 0;
  while (mf_http_field_next(text, &at, &name, &value)) {
    check(name.n > 0 && at <= text.n);
    check(value.n == 0 || (value.p >= p && value.p + value.n <= p + used));
    fields++;
  }
  check(fields <= n);
}

/* A hash of the decoded body and the end's state, fed `step` bytes at a time. */
static uint64_t decode(const char *p, size_t n, size_t step) {
  mf_http_chunks chunks = {0};
  uint64_t hash = 1469598103934665603ULL;
  mf_http_chunk_result r = MF_HTTP_CHUNK_MORE;
  for (size_t from = 0; from < n && r == MF_HTTP_CHUNK_MORE; from += step) {
    size_t end = n - from < step ? n : from + step, at = from;
    mf_str data;
    while ((r = mf_http_chunk_next(&chunks, p, end, &at, &data)) == MF_HTTP_CHUNK_DATA) {
      check(data.n > 0 && data.p >= p && data.p + data.n <= p + end);
      for (size_t i = 0; i < data.n; i++) hash = (hash ^ (uint8_t)data.p[i]) * 1099511628211ULL;
    }
    check(at <= end);
    if (r == MF_HTTP_CHUNK_MORE) check(at == end);
  }
  return hash * 31 + (uint64_t)r;
}

static void fuzz_chunks(const char *p, size_t n) {
  uint64_t whole = decode(p, n, n ? n : 1);
  check(decode(p, n, 1) == whole);
  check(decode(p, n, 7) == whole);
}

/* ---- Whole responses ---- */

typedef struct reading {
  mf_http_error error; /* CLOSED: it wants more */
  int status;
  uint64_t body_bytes, body_hash, head_hash;
  size_t taken; /* bytes up to its end */
} reading;

static uint64_t hash_of(const mf_buf *buf) {
  uint64_t hash = 1469598103934665603ULL;
  for (size_t i = 0; i < buf->n; i++) hash = (hash ^ (uint8_t)buf->p[i]) * 1099511628211ULL;
  return hash * 31 + buf->n;
}

/* `cuts` is how long each piece is, over and over; no cuts: one piece. */
static reading read_response(const char *p, size_t n, mf_str cuts, bool to_head) {
  mf_alloc alloc = mf_alloc_default();
  mf_http_reader r;
  mf_http_reader_init(&r, &alloc);
  mf_http_reader_begin(&r, 64, true, to_head);
  size_t at = 0;
  bool over = false;
  for (size_t i = 0; at < n && !over; i++) {
    size_t piece = cuts.n ? (uint8_t)cuts.p[i % cuts.n] % 64u + 1u : MF_HTTP_PIECE_BYTES;
    if (piece > n - at) piece = n - at;
    char *copy = malloc(piece); /* no byte before or after is there to be read */
    check(copy != NULL);
    memcpy(copy, p + at, piece);
    over = mf_http_reader_take(&r, copy, piece);
    free(copy);
    at += piece;
    check(r.held.n <= MF_LIMIT_RESPONSE_HEADER_BYTES + MF_HTTP_PIECE_BYTES && r.body.n <= 64);
    check(!over || r.surplus <= piece);
  }
  mf_http_error error = over ? r.error : mf_http_reader_close(&r);
  reading result = {.error = error};
  if (error == MF_HTTP_NONE)
    result = (reading){
        error, r.head.status, r.body_bytes, hash_of(&r.body), hash_of(&r.held), at - r.surplus};
  mf_http_reader_fini(&r);
  return result;
}

/* What one way of cutting makes of a good response, each makes.  Of a bad one, which
 * mistake is seen first may differ. */
static void fuzz_response(const char *p, size_t n, bool to_head) {
  size_t n_cuts = n < 8 ? n : 8;
  mf_str cuts = {p, n_cuts}, ones = {"", 1};
  p += n_cuts, n -= n_cuts;
  reading a = read_response(p, n, (mf_str){0}, to_head);
  reading b = read_response(p, n, cuts, to_head), c = read_response(p, n, ones, to_head);
  check((a.error == MF_HTTP_NONE) == (b.error == MF_HTTP_NONE));
  check((a.error == MF_HTTP_NONE) == (c.error == MF_HTTP_NONE));
  if (a.error != MF_HTTP_NONE) return;
  check(a.status >= 200 && a.status == b.status && a.status == c.status);
  check(a.body_bytes == b.body_bytes && a.body_bytes == c.body_bytes);
  check(a.body_hash == b.body_hash && a.body_hash == c.body_hash);
  check(a.head_hash == b.head_hash && a.head_hash == c.head_hash);
  check(a.taken == b.taken && a.taken == c.taken);
}

static void fuzz_url(const char *p, size_t n) {
  mf_url url;
  if (mf_url_parse((mf_str){p, n}, &url)) return;
  check(url.host.n > 0 && (url.port > 0) != url.is_socket);
  if (url.is_socket) {
    char path[MF_SOCKET_PATH];
    mf_url_socket_path(&url, path);
    check(path[0] == '/' && strlen(path) < sizeof path);
  }
  check(url.host.p >= p && url.host.p + url.host.n <= p + n);
  check(url.path.n == 0 || url.path.p + url.path.n <= p + n);
  for (size_t i = 0; i < n; i++) check((unsigned char)p[i] > ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  const char *p = (const char *)data + 1;
  size_t n = size - 1;
  switch (data[0] % 6) {
    case 0: fuzz_head(p, n, false); break;
    case 1: fuzz_head(p, n, true); break;
    case 2: fuzz_chunks(p, n); break;
    case 4: fuzz_response(p, n, false); break;
    case 5: fuzz_response(p, n, true); break;
    default: fuzz_url(p, n);
  }
  return 0;
}
