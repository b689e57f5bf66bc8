/* SPDX-License-Identifier: MIT */
/* Fuzzes the HTTP response parser and the URL parser.
 *
 * The first byte chooses the input's kind; the rest is the input.  Beside memory
 * errors it checks laws: a prefix of a head that parses wants more or is the head,
 * and a chunked body decodes to the same bytes however it is cut up. */
#include "../io/http_parse.h"
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

static void fuzz_url(const char *p, size_t n) {
  mf_url url;
  if (mf_url_parse((mf_str){p, n}, &url)) return;
  check(url.host.n > 0 && url.port > 0);
  check(url.host.p >= p && url.host.p + url.host.n <= p + n);
  check(url.path.n == 0 || url.path.p + url.path.n <= p + n);
  for (size_t i = 0; i < n; i++) check((unsigned char)p[i] > ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  const char *p = (const char *)data + 1;
  size_t n = size - 1;
  switch (data[0] % 4) {
    case 0: fuzz_head(p, n, false); break;
    case 1: fuzz_head(p, n, true); break;
    case 2: fuzz_chunks(p, n); break;
    default: fuzz_url(p, n);
  }
  return 0;
}
