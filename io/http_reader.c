/* SPDX-License-Identifier: MIT */
#include "http_reader.h"

#include "../base/limits.h"

void mf_http_reader_init(mf_http_reader *r, const mf_alloc *alloc) {
  *r = (mf_http_reader){.in_body = false};
  mf_buf_init(&r->held, alloc, MF_LIMIT_RESPONSE_HEADER_BYTES + MF_HTTP_PIECE_BYTES);
  mf_buf_init(&r->body, alloc, MF_LIMIT_RESPONSE_BYTES);
}

void mf_http_reader_fini(mf_http_reader *r) {
  mf_buf_fini(&r->held);
  mf_buf_fini(&r->body);
}

/* Gives back what an unusual response needed: a load has thousands of connections. */
#define CAP_KEPT 8192
static void renew(mf_buf *buf) {
  mf_alloc alloc = buf->alloc;
  size_t max = buf->max;
  if (buf->failed || buf->cap > CAP_KEPT) {
    mf_buf_fini(buf);
    mf_buf_init(buf, &alloc, max);
  }
  mf_buf_clear(buf);
}

void mf_http_reader_begin(mf_http_reader *r, size_t keep_body, bool keep_head, bool to_head) {
  r->in_body = false;
  r->chunks = (mf_http_chunks){0};
  r->body_bytes = 0;
  r->header_bytes = 0;
  r->keep_body = keep_body;
  r->keep_head = keep_head;
  r->to_head = to_head;
  renew(&r->held);
  renew(&r->body);
}

/* It is over. */
static bool end(mf_http_reader *r, mf_http_error error, size_t surplus) {
  r->error = error;
  r->surplus = surplus;
  return true;
}

/* ---- The body ---- */

static mf_http_error take_data(mf_http_reader *r, const char *p, size_t n) {
  r->body_bytes += n;
  if (r->body_bytes > MF_LIMIT_RESPONSE_BYTES) return MF_HTTP_TOO_LARGE;
  size_t room = r->keep_body - r->body.n;
  if (room > 0) mf_buf_add(&r->body, p, n < room ? n : room);
  return r->body.failed ? MF_HTTP_SYSTEM : MF_HTTP_NONE;
}

static bool take_chunked(mf_http_reader *r, const char *p, size_t n) {
  mf_http_error error;
  size_t at = 0;
  mf_str data;
  for (;;) {
    switch (mf_http_chunk_next(&r->chunks, p, n, &at, &data)) {
      case MF_HTTP_CHUNK_MORE: return false;
      case MF_HTTP_CHUNK_BAD: return end(r, MF_HTTP_PROTOCOL, 0);
      case MF_HTTP_CHUNK_DONE: return end(r, MF_HTTP_NONE, n - at);
      case MF_HTTP_CHUNK_DATA:
        error = take_data(r, data.p, data.n);
        if (error != MF_HTTP_NONE) return end(r, error, 0);
    }
  }
}

static bool take_body(mf_http_reader *r, const char *p, size_t n) {
  if (r->head.body == MF_HTTP_BODY_CHUNKED) return take_chunked(r, p, n);
  size_t take = n < r->body_left ? n : (size_t)r->body_left;
  r->body_left -= take;
  mf_http_error error = take > 0 ? take_data(r, p, take) : MF_HTTP_NONE;
  if (error != MF_HTTP_NONE) return end(r, error, 0);
  return r->body_left == 0 && end(r, MF_HTTP_NONE, n - take);
}

/* Bytes until the body's end, where the head tells. */
static uint64_t body_length(const mf_http_head *head) {
  switch (head->body) {
    case MF_HTTP_BODY_NONE: return 0;
    case MF_HTTP_BODY_LENGTH: return head->content_length;
    case MF_HTTP_BODY_CHUNKED:
    case MF_HTTP_BODY_UNTIL_CLOSE: break;
  }
  return UINT64_MAX;
}

/* The final head is text[0..n-1]; the rest of text is body. */
static bool enter_body(mf_http_reader *r, mf_str text, size_t n, bool in_held) {
  r->in_body = true;
  r->body_left = body_length(&r->head);
  if (r->head.body == MF_HTTP_BODY_LENGTH && r->body_left > MF_LIMIT_RESPONSE_BYTES)
    return end(r, MF_HTTP_TOO_LARGE, 0);
  /* `held` keeps the head; body bytes behind it stay readable past its end
   * while they are taken below. */
  if (in_held)
    r->held.n = n;
  else if (r->keep_head)
    mf_buf_add(&r->held, text.p, n);
  if (r->held.failed) return end(r, MF_HTTP_SYSTEM, 0);
  return take_body(r, text.p + n, text.n - n);
}

/* ---- The head ---- */

/* Whether an empty line ends at or after `from`: parsing a head that drips in is
 * tried only then, or it would be parsed anew for every byte. */
static bool has_empty_line(mf_str text, size_t from) {
  for (size_t i = from < 2 ? 0 : from - 2; i + 1 < text.n; i++) {
    if (text.p[i] != '\n') continue;
    if (text.p[i + 1] == '\n') return true;
    if (text.p[i + 1] == '\r' && i + 2 < text.n && text.p[i + 2] == '\n') return true;
  }
  return false;
}

/* Keeps a partial head for the next piece. */
static bool hold(mf_http_reader *r, mf_str text, bool in_held) {
  if (r->header_bytes + text.n > MF_LIMIT_RESPONSE_HEADER_BYTES)
    return end(r, MF_HTTP_TOO_LARGE, 0);
  if (in_held)
    mf_buf_consume(&r->held, r->held.n - text.n);
  else
    mf_buf_add(&r->held, text.p, text.n);
  return r->held.failed && end(r, MF_HTTP_SYSTEM, 0);
}

/* Interim heads (1xx) come before the final one; as many as fit the limit of heads. */
static bool take_heads(mf_http_reader *r, mf_str text, bool in_held) {
  for (;;) {
    ptrdiff_t used = mf_http_parse_head(text.p, text.n, r->to_head, &r->head);
    if (used == MF_HTTP_MORE) return hold(r, text, in_held);
    /* 101 would be another protocol, which we never asked for. */
    if (used == MF_HTTP_BAD || r->head.status == 101) return end(r, MF_HTTP_PROTOCOL, 0);
    r->header_bytes += (size_t)used;
    if (r->header_bytes > MF_LIMIT_RESPONSE_HEADER_BYTES) return end(r, MF_HTTP_TOO_LARGE, 0);
    if (r->head.status >= 200) {
      if (in_held) {
        mf_buf_consume(&r->held, r->held.n - text.n);
        text = mf_buf_str(&r->held);
      }
      return enter_body(r, text, (size_t)used, in_held);
    }
    text = (mf_str){text.p + used, text.n - (size_t)used};
  }
}

bool mf_http_reader_take(mf_http_reader *r, const char *p, size_t n) {
  if (r->in_body) return take_body(r, p, n);
  if (r->held.n == 0) return take_heads(r, (mf_str){p, n}, false);
  size_t before = r->held.n;
  mf_buf_add(&r->held, p, n);
  if (r->held.failed) return end(r, MF_HTTP_SYSTEM, 0);
  mf_str text = mf_buf_str(&r->held);
  return has_empty_line(text, before) ? take_heads(r, text, true) : hold(r, text, true);
}

mf_http_error mf_http_reader_close(mf_http_reader *r) {
  bool ends = r->in_body && r->head.body == MF_HTTP_BODY_UNTIL_CLOSE;
  (void)end(r, ends ? MF_HTTP_NONE : MF_HTTP_CLOSED, 0);
  return r->error;
}
