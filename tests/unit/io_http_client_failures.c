/* SPDX-License-Identifier: MIT */
#include "http_client_kit.h"

#include <sys/resource.h>

Suite *io_http_client_failures_suite(void);

/* ---- Failures ---- */

START_TEST(a_dead_port_refuses) {
  mf_http_resolve(MF_STR("127.0.0.1"), loopback_dead_port(), &target);
  ck_assert_int_eq(run_get(), MF_HTTP_REFUSED);
  ck_assert_int_eq(got.result.status, 0);
}
END_TEST

/* A listener whose queue is full answers no more. */
START_TEST(a_connection_that_is_not_taken_times_out) {
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof sa;
  int fds[8], listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bind(listener, (struct sockaddr *)&sa, sizeof sa);
  listen(listener, 0);
  getsockname(listener, (struct sockaddr *)&sa, &n);
  for (int i = 0; i < 8; i++) {
    fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)connect(fds[i], (struct sockaddr *)&sa, sizeof sa);
  }
  mf_http_resolve(MF_STR("127.0.0.1"), ntohs(sa.sin_port), &target);
  mf_http_request request = get();
  request.deadline = mf_clock_monotonic() + S / 20;
  ck_assert_int_eq(run(&request), MF_HTTP_CONNECT_TIMEOUT);
  ck_assert_uint_eq(got.result.bytes_out, 0);
  for (int i = 0; i < 8; i++) close(fds[i]);
  close(listener);
}
END_TEST

/* No route leads to the broadcast address by TCP. */
START_TEST(what_has_no_route_is_unreachable) {
  mf_http_resolve(MF_STR("255.255.255.255"), 80, &target);
  ck_assert_int_eq(run_get(), MF_HTTP_UNREACHABLE);
}
END_TEST

START_TEST(without_descriptors_no_socket_is_had) {
  script_reply script[] = {{.what = SAY, .bytes = OK_BODY("a", "1")}};
  struct rlimit limit, none;
  serve(script, 1);
  getrlimit(RLIMIT_NOFILE, &limit);
  none = limit;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  ck_assert_int_eq(run_get(), MF_HTTP_SYSTEM);
  setrlimit(RLIMIT_NOFILE, &limit);
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
}
END_TEST

START_TEST(what_speaks_no_tls_is_told) {
  script_reply script[] = {{.what = SAY, .bytes = "HTTP/1.1 400 No\r\n\r\n", .at_once = true}};
  serve(script, 1);
  target.tls_host = MF_STR("127.0.0.1");
  ck_assert_int_eq(run_get(), MF_HTTP_TLS);
  ck_assert_int_eq(got.result.status, 0);
}
END_TEST

static const struct {
  script_reply reply;
  mf_http_error error;
} failures[] = {
    {{.what = RESET}, MF_HTTP_RESET},
    {{.what = SAY_AND_CLOSE, .bytes = ""}, MF_HTTP_CLOSED},
    {{.what = SAY_AND_CLOSE, .bytes = "HTTP/1.1 200 OK\r\nConte"}, MF_HTTP_CLOSED},
    {{.what = SAY_AND_CLOSE, .bytes = OK_BODY("hell", "5")}, MF_HTTP_CLOSED},
    {{.what = SAY_AND_CLOSE,
      .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"},
     MF_HTTP_CLOSED},
    {{.what = SAY, .bytes = "SSH-2.0-OpenSSH\r\n"}, MF_HTTP_PROTOCOL},
    {{.what = SAY, .bytes = "HTTP/1.1 101 Switching\r\n\r\n"}, MF_HTTP_PROTOCOL},
    {{.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
     MF_HTTP_PROTOCOL},
    {{.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"},
     MF_HTTP_TOO_LARGE},
    {{.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"},
     MF_HTTP_TOO_LARGE},
    {{.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"},
     MF_HTTP_PROTOCOL},
    {{.what = SAY, .bytes = CHUNKED "ffffffffffffffffff\r\n"}, MF_HTTP_PROTOCOL},
    {{.what = SAY, .bytes = CHUNKED "-1\r\n"}, MF_HTTP_PROTOCOL},
    {{.what = SAY, .bytes = CHUNKED "5\r\nhello0\r\n"}, MF_HTTP_PROTOCOL},
    {{.what = SAY, .bytes = CHUNKED "7fffffffffffff\r\nx"}, MF_HTTP_TIMEOUT},
    {{.what = SAY, .bytes = "\0\1\2\3\xff\r\n\r\n", .n = 9}, MF_HTTP_PROTOCOL},
    {{.what = SAY, .bytes = "HTTP/2 200\r\n\r\n"}, MF_HTTP_PROTOCOL},
    {{.what = SAY, .bytes = "HTTP/1.1 100 Continue\r\n\r\nSSH-2.0"}, MF_HTTP_PROTOCOL},
    {{.what = SAY_AND_CLOSE, .bytes = "HTTP/1.1 100 Continue\r\n\r\n"}, MF_HTTP_CLOSED},
    {{.what = SAY_AND_CLOSE, .bytes = CHUNKED "5\r\nhello\r\n0\r\n"}, MF_HTTP_CLOSED},
    /* A head, and a body, that never get on. */
    {{.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nX: "}, MF_HTTP_TIMEOUT},
    {{.what = SAY, .bytes = "HTTP/1.1 100 Continue\r\n\r\n"}, MF_HTTP_TIMEOUT},
    {{.what = SAY, .bytes = OK_BODY("hell", "5")}, MF_HTTP_TIMEOUT},
    {{.what = SAY, .bytes = CHUNKED "5;"}, MF_HTTP_TIMEOUT},
    {{.what = SAY, .bytes = "HTTP/1.1 200 OK\r\n\r\nuntil close"}, MF_HTTP_TIMEOUT},
    {{.what = SAY_AND_RESET, .bytes = OK_BODY("hell", "5")}, MF_HTTP_RESET},
    {{.what = SAY_AND_RESET, .bytes = "HTTP/1.1 200 OK\r\n\r\nuntil close"}, MF_HTTP_RESET},
};

START_TEST(failures_have_kinds) {
  serve(&failures[_i].reply, 1);
  mf_http_request request = get();
  if (failures[_i].error == MF_HTTP_TIMEOUT) request.deadline = mf_clock_monotonic() + S / 50;
  ck_assert_int_eq(run(&request), failures[_i].error);
  ck_assert(!mf_http_conn_is_idle(&conn));
  ck_assert_int_eq(got.calls, 1);
}
END_TEST

START_TEST(a_server_that_says_nothing_times_out) {
  script_reply script[] = {{.what = HANG}};
  serve(script, 1);
  mf_http_request request = get();
  int64_t start = mf_clock_monotonic();
  request.deadline = start + S / 20;
  ck_assert_int_eq(run(&request), MF_HTTP_TIMEOUT);
  ck_assert_int_ge(mf_clock_monotonic(), start + S / 20);
}
END_TEST

START_TEST(a_later_deadline_moves_the_timer) {
  script_reply script[] = {{.what = SAY, .bytes = OK_BODY("a", "1")}, {.what = HANG}};
  serve(script, 2);
  mf_http_request request = get();
  request.deadline = mf_clock_monotonic() + S / 20;
  ck_assert_int_eq(run(&request), MF_HTTP_NONE);
  int64_t later = mf_clock_monotonic() + S / 5;
  request.deadline = later;
  ck_assert_int_eq(run(&request), MF_HTTP_TIMEOUT);
  ck_assert_int_ge(mf_clock_monotonic(), later);
}
END_TEST

/* Neither what comes nor what is asked to be kept is held beyond the limits. */
static void check_memory(size_t before, size_t kept) {
  ck_assert_uint_le(counting.in_use, before + kept + 2 * (MF_LIMIT_RESPONSE_HEADER_BYTES + 65536));
}

/* Something that never ends. */
static void check_endless(const char *start, const char *filler, mf_http_error expected) {
  size_t n = strlen(filler), total = 300000;
  char *text = malloc(total + strlen(start) + n + 1), *at = text + strlen(start);
  memcpy(text, start, strlen(start));
  while (at < text + total) {
    memcpy(at, filler, n);
    at += n;
  }
  *at = 0;
  script_reply script[] = {{.what = SAY, .bytes = text, .piece = 1000}};
  size_t before = counting.in_use;
  serve(script, 1);
  ck_assert_int_eq(run_get(), expected);
  ck_assert_uint_le(got.result.bytes_in, MF_LIMIT_RESPONSE_HEADER_BYTES + 65536);
  check_memory(before, 4096);
  free(text);
}

START_TEST(an_endless_head_is_too_large) {
  check_endless("HTTP/1.1 200 OK\r\n", "a: b\r\n", MF_HTTP_TOO_LARGE);
}
END_TEST

START_TEST(an_endless_field_is_too_large) {
  check_endless("HTTP/1.1 200 OK\r\nA: ", "bbbbbbb", MF_HTTP_TOO_LARGE);
}
END_TEST

START_TEST(endless_interim_heads_are_too_large) {
  check_endless("", "HTTP/1.1 102 x\r\n\r\n", MF_HTTP_TOO_LARGE);
}
END_TEST

START_TEST(endless_garbage_is_no_http) { check_endless("", "HTTP/0.9 ", MF_HTTP_PROTOCOL); }
END_TEST

START_TEST(endless_chunk_extensions_are_no_http) {
  check_endless(CHUNKED, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n",
                MF_HTTP_PROTOCOL);
}
END_TEST

START_TEST(endless_trailers_are_no_http) {
  check_endless(CHUNKED "0\r\n", "a: b\r\n", MF_HTTP_PROTOCOL);
}
END_TEST

/* Sent a byte at a time, a head has to be parsed once, not once for each byte; and it
 * may be as long as the limit, not longer. */
static mf_http_error read_head_of(size_t n) {
  static char text[65536 + 2];
  ck_assert_uint_le(n, sizeof text);
  static const char start[] = "HTTP/1.1 204 No\r\nA: ";
  memset(text, 'b', sizeof text);
  memcpy(text, start, sizeof start - 1);
  memcpy(text + n - 4, "\r\n\r\n", 4);
  script_reply script[] = {{.what = SAY, .bytes = text, .n = n, .piece = 7}};
  serve(script, 1);
  mf_http_request request = get();
  request.keep_head = false;
  return run(&request);
}

START_TEST(a_head_may_be_as_long_as_the_limit) {
  ck_assert_int_eq(read_head_of(MF_LIMIT_RESPONSE_HEADER_BYTES), MF_HTTP_NONE);
  ck_assert(mf_http_conn_is_idle(&conn));
}
END_TEST

START_TEST(a_head_beyond_the_limit_is_too_large) {
  ck_assert_int_eq(read_head_of(MF_LIMIT_RESPONSE_HEADER_BYTES + 1), MF_HTTP_TOO_LARGE);
}
END_TEST

/* MF_LIMIT_RESPONSE_BYTES, when no length is announced. */
static mf_http_error read_body_of(size_t n) {
  static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
  char *text = calloc(1, sizeof head - 1 + n);
  memcpy(text, head, sizeof head - 1);
  script_reply script[] = {{.what = SAY_AND_CLOSE, .bytes = text, .n = sizeof head - 1 + n}};
  size_t before = counting.in_use;
  serve(script, 1);
  mf_http_error error = run_get();
  check_memory(before, 4096);
  free(text);
  return error;
}

START_TEST(a_body_may_be_as_large_as_the_limit) {
  ck_assert_int_eq(read_body_of(MF_LIMIT_RESPONSE_BYTES), MF_HTTP_NONE);
  ck_assert_uint_eq(got.result.body_bytes, MF_LIMIT_RESPONSE_BYTES);
}
END_TEST

START_TEST(a_body_beyond_the_limit_is_too_large) {
  ck_assert_int_eq(read_body_of(MF_LIMIT_RESPONSE_BYTES + 1), MF_HTTP_TOO_LARGE);
}
END_TEST

START_TEST(what_a_large_response_needed_is_given_back) {
  static char large[50000] = OK_BODY("", "49900");
  size_t n = strlen(large), before = counting.in_use;
  memset(large + n, 'x', 49900);
  script_reply script[] = {{.what = SAY, .bytes = large, .n = n + 49900},
                           {.what = SAY, .bytes = OK_BODY("a", "1")}};
  serve(script, 2);
  mf_http_request request = get();
  request.keep_body = 49900;
  mf_http_error error = mf_http_conn_start(&conn, &request);
  ck_assert_int_eq(error, MF_HTTP_NONE);
  conn.done = only_count;
  ck_assert(loopback_run(loop, &got.done));
  ck_assert_uint_eq(got.result.body_bytes, 49900);
  ck_assert_uint_ge(counting.in_use, before + 49900);
  conn.done = keep;
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  ck_assert_uint_le(counting.in_use, before + 2 * 8192);
}
END_TEST

START_TEST(a_connection_survives_a_lack_of_memory) {
  script_reply script[] = {{.what = SAY, .bytes = OK_BODY("a", "1")}};
  serve(script, 1);
  mf_http_request request = get();
  request.keep_head = false;
  request.keep_body = 0;
  ck_assert_int_eq(run(&request), MF_HTTP_NONE);
  counting.fail_at = counting.calls + 1; /* the copy of the head */
  ck_assert_int_eq(run_get(), MF_HTTP_SYSTEM);
  ck_assert_int_eq(got.calls, 2);
  counting.fail_at = 0;
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  ck_assert_str_eq(got.body, "a");
}
END_TEST

START_TEST(an_answer_before_the_request_is_out_is_taken) {
  script_reply script[] = {{.what = SAY_AND_CLOSE,
                            .bytes = "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n",
                            .at_once = true}};
  serve(script, 1);
  size_t n = 8u << 20;
  char *big = malloc(n);
  memset(big, 'x', n);
  memcpy(big, "POST / HTTP/1.1\r\n", 17);
  mf_http_request request = get();
  request.bytes = (mf_str){big, n};
  request.idempotent = false;
  mf_http_error error = run(&request);
  /* What was not read makes the server's close a reset, which may win. */
  if (error == MF_HTTP_NONE)
    ck_assert_int_eq(got.result.status, 413);
  else
    ck_assert_int_eq(error, MF_HTTP_RESET);
  ck_assert(!mf_http_conn_is_idle(&conn));
  free(big);
}
END_TEST

Suite *io_http_client_failures_suite(void) {
  Suite *suite = suite_create("io_http_client_failures");
  TCase *tc = tcase_create("http_client_failures");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, a_dead_port_refuses);
  tcase_add_test(tc, a_connection_that_is_not_taken_times_out);
  tcase_add_test(tc, what_has_no_route_is_unreachable);
  tcase_add_test(tc, without_descriptors_no_socket_is_had);
  tcase_add_test(tc, what_speaks_no_tls_is_told);
  tcase_add_loop_test(tc, failures_have_kinds, 0, (int)(sizeof failures / sizeof *failures));
  tcase_add_test(tc, a_server_that_says_nothing_times_out);
  tcase_add_test(tc, a_later_deadline_moves_the_timer);
  tcase_add_test(tc, an_endless_head_is_too_large);
  tcase_add_test(tc, an_endless_field_is_too_large);
  tcase_add_test(tc, endless_interim_heads_are_too_large);
  tcase_add_test(tc, endless_garbage_is_no_http);
  tcase_add_test(tc, endless_chunk_extensions_are_no_http);
  tcase_add_test(tc, endless_trailers_are_no_http);
  tcase_add_test(tc, a_head_may_be_as_long_as_the_limit);
  tcase_add_test(tc, a_head_beyond_the_limit_is_too_large);
  tcase_add_test(tc, a_body_may_be_as_large_as_the_limit);
  tcase_add_test(tc, a_body_beyond_the_limit_is_too_large);
  tcase_add_test(tc, what_a_large_response_needed_is_given_back);
  tcase_add_test(tc, a_connection_survives_a_lack_of_memory);
  tcase_add_test(tc, an_answer_before_the_request_is_out_is_taken);
  suite_add_tcase(suite, tc);
  return suite;
}
