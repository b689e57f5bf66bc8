/* SPDX-License-Identifier: MIT */
#include "http_parse.h"

#include <strings.h>

/* What the fields said, before it is decided how the body ends. */
typedef struct framing {
  bool has_length, has_encoding, chunked, close, keep_alive, is_1_0;
  uint64_t length;
} framing;

/* ---- Lines and fields ---- */

/* The line at *at, without its end; *at moves past it.  False: no end yet. */
static bool next_line(mf_str text, size_t *at, mf_str *line) {
  const char *start = text.p + *at;
  const char *end = memchr(start, '\n', text.n - *at);
  if (!end) return false;
  *at = (size_t)(end - text.p) + 1;
  if (end > start && end[-1] == '\r') end--;
  *line = (mf_str){start, (size_t)(end - start)};
  return true;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static inline mf_str trim(mf_str s) {
  while (s.n > 0 && is_blank(s.p[0])) s.p++, s.n--;
  while (s.n > 0 && is_blank(s.p[s.n - 1])) s.n--;
  return s;
}

/* The bytes at which a field's name ends, one way or the other: controls, blank, DEL and
 * the colon. */
static const bool ends_name[256] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1,         1,         1,
                                    1, 1, 1, 1, 1, 1, 1, 1, 1, 1,         1,         1,
                                    1, 1, 1, 1, 1, 1, 1, 1, 1, [':'] = 1, [0x7f] = 1};

/* "name: value".  A blank before the colon or at the line's start (a folded
 * line) is how requests and responses are smuggled: refused. */
static bool split_field(mf_str line, mf_str *name, mf_str *value) {
  const char *p = line.p, *end = line.p + line.n;
  while (p < end && !ends_name[(unsigned char)*p]) p++;
  if (p == line.p || p == end || *p != ':') return false;
  *name = (mf_str){line.p, (size_t)(p - line.p)};
  *value = trim((mf_str){p + 1, (size_t)(end - p) - 1});
  return true;
}

static bool name_is(mf_str name, const char *lower, size_t n) {
  return name.n == n && strncasecmp(name.p, lower, n) == 0;
}
#define NAME_IS(name, lit) name_is((name), lit, sizeof(lit) - 1)

/* ---- The head ---- */

/* "HTTP/1.1 200 OK"; the reason may be missing. */
static bool parse_status_line(mf_str line, mf_http_head *out, framing *f) {
  if (line.n < 12 || memcmp(line.p, "HTTP/1.", 7) != 0 || line.p[8] != ' ') return false;
  char minor = line.p[7];
  if (minor < '0' || minor > '9') return false;
  f->is_1_0 = minor == '0';
  f->keep_alive = !f->is_1_0;
  int status = 0;
  for (size_t i = 9; i < 12; i++) {
    if (line.p[i] < '0' || line.p[i] > '9') return false;
    status = status * 10 + (line.p[i] - '0');
  }
  out->status = status;
  return status >= 100 && (line.n == 12 || line.p[12] == ' ');
}

/* Of the options in the list two are ours. */
static void take_connection(mf_str list, framing *f) {
  while (list.n > 0) {
    const char *comma = memchr(list.p, ',', list.n);
    mf_str item = {list.p, comma ? (size_t)(comma - list.p) : list.n};
    size_t used = comma ? item.n + 1 : item.n;
    item = trim(item);
    if (NAME_IS(item, "close")) f->close = true;
    if (NAME_IS(item, "keep-alive")) f->keep_alive = true;
    list = (mf_str){list.p + used, list.n - used};
  }
}

/* Two different lengths mean two different readings of one stream: refused. */
static bool take_length(mf_str value, framing *f) {
  uint64_t length = 0;
  if (value.n == 0 || value.n > 19) return false;
  for (size_t i = 0; i < value.n; i++) {
    if (value.p[i] < '0' || value.p[i] > '9') return false;
    length = length * 10 + (uint64_t)(value.p[i] - '0');
  }
  if (f->has_length && f->length != length) return false;
  f->has_length = true;
  f->length = length;
  return true;
}

/* Only a coding that comes last frames the body. */
static bool ends_chunked(mf_str list) {
  size_t at = list.n < 7 ? 0 : list.n - 7;
  if (list.n < 7 || strncasecmp(list.p + at, "chunked", 7) != 0) return false;
  return at == 0 || list.p[at - 1] == ',' || is_blank(list.p[at - 1]);
}

/* Reads the three fields that matter to framing; the length of a name tells
 * nearly every other field apart. */
static bool take_field(mf_str name, mf_str value, framing *f) {
  switch (name.n) {
    case 10:
      if (NAME_IS(name, "connection")) take_connection(value, f);
      break;
    case 14:
      if (NAME_IS(name, "content-length")) return take_length(value, f);
      break;
    case 17:
      if (!NAME_IS(name, "transfer-encoding")) break;
      f->has_encoding = true;
      f->chunked = ends_chunked(value);
      break;
    default: break;
  }
  return true;
}

static void decide_body(mf_http_head *out, const framing *f, bool to_head) {
  out->content_length = f->has_length ? f->length : 0;
  out->keep_alive = f->keep_alive && !f->close;
  if (to_head || out->status < 200 || out->status == 204 || out->status == 304)
    out->body = MF_HTTP_BODY_NONE;
  else if (f->chunked)
    out->body = MF_HTTP_BODY_CHUNKED;
  else if (f->has_length && !f->has_encoding)
    out->body = f->length ? MF_HTTP_BODY_LENGTH : MF_HTTP_BODY_NONE;
  else
    out->body = MF_HTTP_BODY_UNTIL_CLOSE;
  if (out->body == MF_HTTP_BODY_UNTIL_CLOSE) out->keep_alive = false;
  /* Both framings at once, or one that HTTP/1.0 did not have: the peer, or something
   * between, is confused (RFC 9112, 6.1 and 6.3). */
  if (f->has_encoding && (f->has_length || f->is_1_0)) out->keep_alive = false;
}

ptrdiff_t mf_http_parse_head(const char *p, size_t n, bool to_head, mf_http_head *out) {
  const mf_str text = {p, n};
  framing f = {0};
  mf_str line, name, value;
  size_t at = 0;
  *out = (mf_http_head){0};
  if (n == 0) return MF_HTTP_MORE;
  if (!next_line(text, &at, &line)) {
    /* Say early that this is no HTTP, rather than wait for a line end. */
    return memcmp(p, "HTTP/1.", n < 7 ? n : 7) == 0 ? MF_HTTP_MORE : MF_HTTP_BAD;
  }
  if (!parse_status_line(line, out, &f)) return MF_HTTP_BAD;
  while (next_line(text, &at, &line)) {
    if (line.n == 0) {
      decide_body(out, &f, to_head);
      return memchr(p, 0, at) ? MF_HTTP_BAD : (ptrdiff_t)at;
    }
    if (!split_field(line, &name, &value) || !take_field(name, value, &f)) return MF_HTTP_BAD;
  }
  return MF_HTTP_MORE;
}

bool mf_http_field_next(mf_str head, size_t *at, mf_str *name, mf_str *value) {
  mf_str line;
  if (*at >= head.n) return false;
  if (*at == 0 && !next_line(head, at, &line)) return false; /* the status line */
  return next_line(head, at, &line) && split_field(line, name, value);
}

/* ---- Chunks ---- */

enum { SIZE, EXTENSION, DATA, DATA_END, TRAILER_START, TRAILER, DONE };

/* Far more than any real body has in size lines and trailers, beyond what each chunk
 * may have and its data excuse: many chunks of little data with long extensions would
 * else cost far more to receive than the limit on bodies says. */
#define MAX_OVERHEAD 16384
#define FREE_OVERHEAD 16

static void excuse_overhead(mf_http_chunks *c) {
  uint64_t excused = FREE_OVERHEAD + 2 * c->left;
  c->overhead = c->overhead > excused ? c->overhead - (uint32_t)excused : 0;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* One byte of a size line. */
static bool size_byte(mf_http_chunks *c, char byte) {
  int digit = c->state == SIZE ? hex_digit(byte) : -1;
  if (digit >= 0) {
    c->left = c->left * 16 + (uint64_t)digit;
    return ++c->digits <= 15;
  }
  if (c->digits == 0) return false;
  if (byte == '\n') {
    excuse_overhead(c);
    c->state = c->left ? DATA : TRAILER_START;
  } else if (c->state == SIZE && byte != '\r' && byte != ';' && !is_blank(byte)) {
    return false;
  } else {
    c->state = EXTENSION;
  }
  return true;
}

/* One byte that is not data.  False when it cannot stand there. */
static bool framing_byte(mf_http_chunks *c, char byte) {
  if (++c->overhead > MAX_OVERHEAD) return false;
  switch (c->state) {
    case SIZE:
    case EXTENSION: return size_byte(c, byte);
    case DATA_END:
      if (byte == '\r') return true;
      c->state = SIZE;
      c->digits = 0;
      return byte == '\n';
    case TRAILER_START:
      if (byte == '\n')
        c->state = DONE;
      else if (byte != '\r')
        c->state = TRAILER;
      return true;
    default:
      if (byte == '\n') c->state = TRAILER_START;
      return true;
  }
}

mf_http_chunk_result mf_http_chunk_next(mf_http_chunks *chunks, const char *p, size_t n, size_t *at,
                                        mf_str *data) {
  while (chunks->state != DONE) {
    if (*at >= n) return MF_HTTP_CHUNK_MORE;
    if (chunks->state != DATA) {
      if (!framing_byte(chunks, p[(*at)++])) return MF_HTTP_CHUNK_BAD;
      continue;
    }
    size_t take = n - *at < chunks->left ? n - *at : (size_t)chunks->left;
    *data = (mf_str){p + *at, take};
    *at += take;
    chunks->left -= take;
    if (chunks->left == 0) chunks->state = DATA_END;
    return MF_HTTP_CHUNK_DATA;
  }
  return MF_HTTP_CHUNK_DONE;
}
