/* SPDX-License-Identifier: MIT */
#include "../../io/http_parse.h"

#include <check.h>
#include <stdlib.h>

Suite *io_http_parse_suite(void);

static const struct {
  const char *text;
  bool to_head;
  int status;
  mf_http_body body;
  uint64_t length;
  bool keep_alive;
} good[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, 200, MF_HTTP_BODY_LENGTH, 5, true},
    {"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", false, 200, MF_HTTP_BODY_NONE, 0, true},
    {"HTTP/1.1 200\r\n\r\n", false, 200, MF_HTTP_BODY_UNTIL_CLOSE, 0, false},
    {"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", false, 200, MF_HTTP_BODY_CHUNKED, 0,
     true},
    {"HTTP/1.1 200 OK\nTRANSFER-ENCODING: gzip, Chunked\n\n", false, 200, MF_HTTP_BODY_CHUNKED, 0,
     true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false, 200, MF_HTTP_BODY_UNTIL_CLOSE, 0,
     false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", false, 200,
     MF_HTTP_BODY_CHUNKED, 5, false},
    {"HTTP/1.1 204 No Content\r\n\r\n", false, 204, MF_HTTP_BODY_NONE, 0, true},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", false, 304, MF_HTTP_BODY_NONE, 9,
     true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true, 200, MF_HTTP_BODY_NONE, 9, true},
    {"HTTP/1.1 100 Continue\r\n\r\n", false, 100, MF_HTTP_BODY_NONE, 0, true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", false, 200, MF_HTTP_BODY_LENGTH, 1, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\n", false, 200,
     MF_HTTP_BODY_LENGTH, 1, true},
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n", false, 200,
     MF_HTTP_BODY_CHUNKED, 0, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: unchunked\r\n\r\n", false, 200,
     MF_HTTP_BODY_UNTIL_CLOSE, 0, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", false, 200,
     MF_HTTP_BODY_CHUNKED, 0, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", false, 200,
     MF_HTTP_BODY_UNTIL_CLOSE, 0, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true, 200, MF_HTTP_BODY_NONE, 0,
     true},
    {"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", false, 204, MF_HTTP_BODY_NONE, 0,
     true},
    {"HTTP/1.1 204 No\r\nConnection: Close\r\n\r\n", false, 204, MF_HTTP_BODY_NONE, 0, false},
    {"HTTP/1.1 500 x\r\nContent-Length: 1\r\nConnection: foo, close\r\n\r\n", false, 500,
     MF_HTTP_BODY_LENGTH, 1, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", false, 200,
     MF_HTTP_BODY_LENGTH, 5, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX:\r\nY:  a b \t\r\n\r\n", false, 200,
     MF_HTTP_BODY_NONE, 0, true},
};

/* A copy of exactly n bytes, so that the sanitizer sees reads past them. */
static char *exact(const char *text, size_t n) {
  char *copy = malloc(n ? n : 1);
  memcpy(copy, text, n);
  return copy;
}

START_TEST(good_heads_parse_and_all_prefixes_want_more) {
  size_t n = strlen(good[_i].text);
  mf_http_head head;
  for (size_t i = 0; i < n; i++) {
    char *part = exact(good[_i].text, i);
    ck_assert_int_eq(mf_http_parse_head(part, i, good[_i].to_head, &head), MF_HTTP_MORE);
    free(part);
  }
  ck_assert_int_eq(mf_http_parse_head(good[_i].text, n, good[_i].to_head, &head), (int)n);
  ck_assert_int_eq(head.status, good[_i].status);
  ck_assert_int_eq(head.body, good[_i].body);
  ck_assert_uint_eq(head.content_length, good[_i].length);
  ck_assert_int_eq(head.keep_alive, good[_i].keep_alive);
}
END_TEST

static const char *const bad[] = {
    "SSH-2.0-OpenSSH_9.2\r\n",
    "X",
    "HTTP/2 200\r\n\r\n",
    "HTTP/1.x 200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 099 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "\r\n\r\n",
    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
};

START_TEST(bad_heads_are_refused) {
  mf_http_head head;
  ck_assert_int_eq(mf_http_parse_head(bad[_i], strlen(bad[_i]), false, &head), MF_HTTP_BAD);
}
END_TEST

START_TEST(no_head_holds_a_nul) {
  static const char text[] = "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n";
  mf_http_head head;
  ck_assert_int_eq(mf_http_parse_head(text, sizeof text - 1, false, &head), MF_HTTP_BAD);
}
END_TEST

START_TEST(fields_are_stepped_through) {
  mf_str head = MF_STR("HTTP/1.1 200 OK\r\nA: 1\r\nB:\r\nC-d:  x y \r\n\r\n");
  mf_str name, value;
  size_t at = 0;
  ck_assert(mf_http_field_next(head, &at, &name, &value));
  ck_assert(mf_str_is(name, "A") && mf_str_is(value, "1"));
  ck_assert(mf_http_field_next(head, &at, &name, &value));
  ck_assert(mf_str_is(name, "B") && mf_str_is(value, ""));
  ck_assert(mf_http_field_next(head, &at, &name, &value));
  ck_assert(mf_str_is(name, "C-d") && mf_str_is(value, "x y"));
  ck_assert(!mf_http_field_next(head, &at, &name, &value));
  at = 0;
  ck_assert(!mf_http_field_next((mf_str){0}, &at, &name, &value));
}
END_TEST

/* Decodes in two pieces; returns the result and the body in `out`. */
static mf_http_chunk_result decode(const char *text, size_t n, size_t split, char *out,
                                   size_t *left) {
  mf_http_chunks chunks = {0};
  mf_http_chunk_result r = MF_HTTP_CHUNK_MORE;
  size_t out_n = 0, base = 0;
  for (int part = 0; part < 2 && r == MF_HTTP_CHUNK_MORE; part++) {
    size_t end = part == 0 ? split : n, at = 0;
    char *copy = exact(text + base, end - base);
    mf_str data;
    while ((r = mf_http_chunk_next(&chunks, copy, end - base, &at, &data)) == MF_HTTP_CHUNK_DATA) {
      memcpy(out + out_n, data.p, data.n);
      out_n += data.n;
    }
    *left = n - base - at;
    base = end;
    free(copy);
  }
  out[out_n] = 0;
  return r;
}

START_TEST(chunks_decode_at_every_split) {
  static const char *const texts[] = {
      "5\r\nhello\r\n6;ext=\"x\"\r\n world\r\n0\r\n\r\n",
      "5\nhello\n06\n world\n0\n\n",
      "b \r\nhello world\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n",
      "B\r\nhello world\r\n000\r\n\r\n",
  };
  for (size_t t = 0; t < 4; t++) {
    size_t n = strlen(texts[t]), left;
    char out[64];
    for (size_t i = 0; i <= n; i++) {
      ck_assert_int_eq(decode(texts[t], n, i, out, &left), MF_HTTP_CHUNK_DONE);
      ck_assert_str_eq(out, "hello world");
      ck_assert_uint_eq(left, 0);
      if (i < n) ck_assert_int_eq(decode(texts[t], i, i, out, &left), MF_HTTP_CHUNK_MORE);
    }
  }
}
END_TEST

START_TEST(bytes_after_the_last_chunk_are_left) {
  char out[64];
  size_t left;
  ck_assert_int_eq(decode("1\r\nx\r\n0\r\n\r\nHTTP", 15, 15, out, &left), MF_HTTP_CHUNK_DONE);
  ck_assert_uint_eq(left, 4);
}
END_TEST

START_TEST(bad_chunks_are_refused) {
  static const char *const texts[] = {
      "\r\n", "x\r\n", ";a\r\n", "5\r\nhelloX", "-1\r\n", "1234567890abcdef1\r\n", "5 x y"};
  char out[64];
  size_t left;
  for (size_t t = 0; t < 6; t++) {
    size_t n = strlen(texts[t]);
    ck_assert_int_eq(decode(texts[t], n, n, out, &left), MF_HTTP_CHUNK_BAD);
  }
}
END_TEST

START_TEST(endless_extensions_and_trailers_are_refused) {
  static char text[40000], out[64];
  size_t left;
  memset(text, 'a', sizeof text);
  memcpy(text, "1;", 2);
  ck_assert_int_eq(decode(text, sizeof text, sizeof text, out, &left), MF_HTTP_CHUNK_BAD);
  memcpy(text, "0\r\n", 3);
  ck_assert_int_eq(decode(text, sizeof text, sizeof text, out, &left), MF_HTTP_CHUNK_BAD);
}
END_TEST

/* Each chunk is within bounds, but there is no end to them and little in them. */
START_TEST(a_bomb_of_chunk_extensions_is_refused) {
  static const char chunk[] =
      "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n";
  mf_http_chunks chunks = {0};
  mf_http_chunk_result r = MF_HTTP_CHUNK_MORE;
  size_t n = 0;
  for (; r == MF_HTTP_CHUNK_MORE && n < 10000; n++) {
    size_t at = 0;
    mf_str data;
    while ((r = mf_http_chunk_next(&chunks, chunk, sizeof chunk - 1, &at, &data)) ==
           MF_HTTP_CHUNK_DATA)
      continue;
  }
  ck_assert_int_eq(r, MF_HTTP_CHUNK_BAD);
  ck_assert_uint_lt(n * sizeof chunk, 40000);
}
END_TEST

/* As some servers send what they make in pieces: any number of them. */
START_TEST(small_chunks_are_no_bomb) {
  static const char chunk[] = "0001\r\nx\r\n";
  mf_http_chunks chunks = {0};
  for (size_t i = 0; i < 100000; i++) {
    size_t at = 0;
    mf_str data;
    ck_assert_int_eq(mf_http_chunk_next(&chunks, chunk, sizeof chunk - 1, &at, &data),
                     MF_HTTP_CHUNK_DATA);
    ck_assert_int_eq(mf_http_chunk_next(&chunks, chunk, sizeof chunk - 1, &at, &data),
                     MF_HTTP_CHUNK_MORE);
  }
}
END_TEST

Suite *io_http_parse_suite(void) {
  Suite *suite = suite_create("io_http_parse");
  TCase *tc = tcase_create("http_parse");
  tcase_add_loop_test(tc, good_heads_parse_and_all_prefixes_want_more, 0,
                      (int)(sizeof good / sizeof *good));
  tcase_add_loop_test(tc, bad_heads_are_refused, 0, (int)(sizeof bad / sizeof *bad));
  tcase_add_test(tc, no_head_holds_a_nul);
  tcase_add_test(tc, fields_are_stepped_through);
  tcase_add_test(tc, chunks_decode_at_every_split);
  tcase_add_test(tc, bytes_after_the_last_chunk_are_left);
  tcase_add_test(tc, bad_chunks_are_refused);
  tcase_add_test(tc, endless_extensions_and_trailers_are_refused);
  tcase_add_test(tc, a_bomb_of_chunk_extensions_is_refused);
  tcase_add_test(tc, small_chunks_are_no_bomb);
  suite_add_tcase(suite, tc);
  return suite;
}
