/* SPDX-License-Identifier: MIT */
#include "http_client_kit.h"

Suite *io_http_client_suite(void);

/* ---- Responses ---- */

static const struct {
  const char *bytes, *body;
  int what, status;
  bool open_after;
} answers[] = {
    {OK_BODY("hello", "5"), "hello", SAY, 200, true},
    {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "", SAY, 503, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nT: "
     "x\r\n\r\n",
     "hello", SAY, 200, true},
    {"HTTP/1.1 200 OK\r\n\r\nuntil close", "until close", SAY_AND_CLOSE, 200, false},
    {"HTTP/1.1 204 No\r\n\r\n", "", SAY, 204, true},
    {"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", "", SAY, 304, true},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n" OK_BODY("x", "1"), "x", SAY,
     200, true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi", SAY, 200, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", "hi", SAY, 200, false},
    {OK_BODY("hi surplus", "2"), "hi", SAY, 200, false},
    {"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "hi", SAY, 200, true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi", "hi", SAY, 200,
     true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "hi", SAY, 200, true},
    /* Encoding wins over length, and the connection is given up (RFC 9112, 6.3). */
    {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: "
     "chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
     "hi", SAY, 200, false},
    /* So is one on which an answer came that nobody asked for. */
    {OK_BODY("hi", "2") OK_BODY("", "0"), "hi", SAY, 200, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
     "hi", SAY, 200, false},
    {"HTTP/1.1 204 No\r\n\r\nx", "", SAY, 204, false},
    {"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n", "", SAY, 204, false},
    {"HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", "", SAY, 304, true},
};

static void check_answer(int i, size_t piece) {
  script_reply script[] = {{.what = answers[i].what, .bytes = answers[i].bytes, .piece = piece}};
  serve(script, 1);
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  ck_assert_int_eq(got.result.status, answers[i].status);
  ck_assert_str_eq(got.body, answers[i].body);
  ck_assert_uint_eq(got.result.body_bytes, strlen(answers[i].body));
  ck_assert_msg(strncmp(got.head, "HTTP/1.", 7) == 0, "%s", got.head);
  ck_assert_ptr_nonnull(strstr(got.head, "\n"));
  ck_assert_uint_eq(got.result.bytes_out, get().bytes.n);
}

START_TEST(responses_come_whole) {
  check_answer(_i, 0);
  ck_assert_int_eq(mf_http_conn_is_idle(&conn), answers[_i].open_after);
  ck_assert_uint_eq(got.result.bytes_in, strlen(answers[_i].bytes));
}
END_TEST

START_TEST(responses_come_byte_by_byte) { check_answer(_i, 1); }
END_TEST

START_TEST(responses_come_in_sevens) { check_answer(_i, 7); }
END_TEST

START_TEST(a_head_request_has_no_body) {
  script_reply script[] = {{.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"}};
  serve(script, 1);
  mf_http_request request = get();
  request.is_head = true;
  ck_assert_int_eq(run(&request), MF_HTTP_NONE);
  ck_assert(mf_http_conn_is_idle(&conn));
}
END_TEST

START_TEST(only_so_much_of_a_body_is_kept_and_all_is_counted) {
  script_reply script[] = {{.what = SAY, .bytes = OK_BODY("0123456789", "10"), .piece = 3}};
  serve(script, 1);
  mf_http_request request = get();
  request.keep_body = 4;
  ck_assert_int_eq(run(&request), MF_HTTP_NONE);
  ck_assert_str_eq(got.body, "0123");
  ck_assert_uint_eq(got.result.body_bytes, 10);
  request.keep_body = 0;
  request.keep_head = false;
  ck_assert_int_eq(run(&request), MF_HTTP_NONE);
  ck_assert_uint_eq(got.result.body.n + got.result.head.n, 0);
  ck_assert_uint_eq(got.result.body_bytes, 10);
}
END_TEST

/* ---- Connections ---- */

START_TEST(a_connection_is_used_again) {
  script_reply script[] = {{.what = SAY, .bytes = OK_BODY("a", "1")},
                           {.what = SAY, .bytes = OK_BODY("b", "1")}};
  serve(script, 2);
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  ck_assert(!got.result.reused);
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  ck_assert(got.result.reused);
  ck_assert_str_eq(got.body, "b");
  ck_assert_int_eq(server.accepted, 1);
}
END_TEST

/* An answer out of turn, after the first one: it must not be taken for the second's. */
START_TEST(what_comes_between_requests_closes_the_connection) {
  script_reply script[] = {
      {.what = SAY, .bytes = OK_BODY("a", "1") OK_BODY("late", "4"), .piece = 39},
      {.what = SAY, .bytes = OK_BODY("b", "1")}};
  ck_assert_uint_eq(strlen(OK_BODY("a", "1")), 39);
  serve(script, 2);
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  for (int i = 0; i < 100 && mf_http_conn_is_idle(&conn); i++) mf_loop_run_once(loop, 10000000);
  ck_assert(!mf_http_conn_is_idle(&conn));
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  ck_assert_str_eq(got.body, "b");
  ck_assert_int_eq(server.accepted, 2);
}
END_TEST

START_TEST(a_connection_closed_between_requests_is_noticed) {
  script_reply script[] = {{.what = SAY_AND_CLOSE, .bytes = OK_BODY("a", "1")}};
  serve(script, 1);
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  bool never = false;
  for (int i = 0; i < 100 && mf_http_conn_is_idle(&conn); i++) mf_loop_run_once(loop, 10000000);
  ck_assert(!mf_http_conn_is_idle(&conn) && !never);
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  ck_assert_int_eq(server.accepted, 2);
}
END_TEST

/* The server closes as the second request reaches it. */
static void check_stale(bool idempotent, mf_http_error expected, int what) {
  script_reply script[] = {{.what = SAY, .bytes = OK_BODY("a", "1")},
                           {.what = what, .bytes = ""},
                           {.what = SAY, .bytes = OK_BODY("c", "1")}};
  serve(script, 3);
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  mf_http_request request = get();
  request.idempotent = idempotent;
  ck_assert_int_eq(run(&request), expected);
}

START_TEST(a_stale_connection_is_replaced_once) {
  check_stale(true, MF_HTTP_NONE, RESET);
  ck_assert_str_eq(got.body, "c");
  ck_assert(!got.result.reused);
  ck_assert_int_eq(server.accepted, 2);
  ck_assert_int_eq(got.calls, 2);
}
END_TEST

START_TEST(a_post_is_never_sent_twice) {
  check_stale(false, MF_HTTP_CLOSED, SAY_AND_CLOSE);
  ck_assert_int_eq(server.requests, 2);
}
END_TEST

START_TEST(a_second_address_is_tried_when_the_first_refuses) {
  script_reply script[] = {{.what = SAY, .bytes = OK_BODY("a", "1")}};
  serve(script, 1);
  mf_http_target good = target;
  mf_http_resolve(MF_STR("127.0.0.1"), loopback_dead_port(), &target);
  target.addresses[target.count++] = good.addresses[0];
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  ck_assert_uint_eq(target.preferred, 1);
}
END_TEST

/* A socket that listens on ::1; -1 where there is no IPv6. */
static int listen_on_ipv6(uint16_t *port) {
  struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
  socklen_t n = sizeof sa;
  int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0 && listen(fd, 16) == 0 &&
      getsockname(fd, (struct sockaddr *)&sa, &n) == 0) {
    *port = ntohs(sa.sin6_port);
    return fd;
  }
  if (fd >= 0) close(fd);
  return -1;
}

START_TEST(ipv6_is_spoken_where_there_is_any) {
  script_reply script[] = {{.what = SAY, .bytes = OK_BODY("a", "1")}};
  uint16_t port;
  int fd = listen_on_ipv6(&port);
  if (fd < 0) return;
  loopback_start_on(&server, loop, fd, script, 1);
  ck_assert_int_eq(mf_http_resolve(MF_STR("::1"), port, &target), MF_HTTP_NONE);
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  /* "localhost" is tried as IPv4 first, where nobody listens. */
  mf_http_conn_fini(&conn);
  mf_http_conn_init(&conn, &client, &target, keep, NULL);
  ck_assert_int_eq(mf_http_resolve(MF_STR("localhost"), port, &target), MF_HTTP_NONE);
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  ck_assert_uint_eq(target.preferred, 1);
  ck_assert_int_eq(server.accepted, 2);
}
END_TEST

START_TEST(ipv4_is_tried_where_ipv6_refuses) {
  script_reply script[] = {{.what = SAY_AND_CLOSE, .bytes = OK_BODY("a", "1")}};
  serve(script, 1);
  ck_assert_int_eq(mf_http_resolve(MF_STR("localhost"), server.port, &target), MF_HTTP_NONE);
  mf_http_address first = target.addresses[0];
  target.addresses[0] = target.addresses[1];
  target.addresses[1] = first;
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  ck_assert_uint_eq(target.preferred, 1);
  /* The next connection begins with the one that worked, and still tries the other. */
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  loopback_stop(&server);
  memset(&server, 0, sizeof server);
  ck_assert_int_ne(run_get(), MF_HTTP_NONE);
}
END_TEST

/* ---- Unix sockets ---- */

static void use_socket(const char *path) {
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
  target = (mf_http_target){.count = 1};
  memcpy(&target.addresses[0].address, &sa, sizeof sa);
  target.addresses[0].length = sizeof sa;
}

START_TEST(unix_sockets_are_spoken_to) {
  script_reply script[] = {{.what = SAY, .bytes = OK_BODY("a", "1"), .piece = 5},
                           {.what = SAY_AND_CLOSE, .bytes = OK_BODY("b", "2")}};
  char path[MF_SOCKET_PATH];
  loopback_start_socket(&server, loop, path, script, 2);
  use_socket(path);
  ck_assert_int_eq(run_get(), MF_HTTP_NONE);
  ck_assert_str_eq(got.body, "a");
  ck_assert_int_eq(run_get(), MF_HTTP_CLOSED);
  ck_assert(got.result.reused);
  loopback_stop(&server);
  ck_assert_int_eq(run_get(), MF_HTTP_REFUSED); /* nobody listens */
  memset(&server, 0, sizeof server);
  loopback_remove_socket(path);
  ck_assert_int_eq(run_get(), MF_HTTP_REFUSED); /* there is none */
}
END_TEST

START_TEST(a_full_queue_of_a_unix_socket_refuses) {
  struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = "/tmp"};
  char path[MF_SOCKET_PATH];
  int fds[24];
  use_socket(sa.sun_path);
  ck_assert_int_eq(run_get(), MF_HTTP_REFUSED); /* no socket at all */
  loopback_start_socket(&server, loop, path, &(script_reply){.what = HANG}, 1);
  use_socket(path);
  for (int i = 0; i < 24; i++) {
    fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)connect(fds[i], (struct sockaddr *)&target.addresses[0].address, sizeof sa);
  }
  ck_assert_int_eq(run_get(), MF_HTTP_REFUSED);
  for (int i = 0; i < 24; i++) close(fds[i]);
  loopback_remove_socket(path);
}
END_TEST

START_TEST(closing_in_mid_exchange_is_quiet) {
  script_reply script[] = {{.what = HANG}};
  serve(script, 1);
  mf_http_request request = get();
  ck_assert_int_eq(mf_http_conn_start(&conn, &request), MF_HTTP_NONE);
  for (int i = 0; i < 100 && server.requests == 0; i++) mf_loop_run_once(loop, 10000000);
  mf_http_conn_fini(&conn);
  mf_loop_run_once(loop, 1000000);
  ck_assert_int_eq(got.calls, 0);
}
END_TEST

/* ---- Names ---- */

static int family_of(const char *host, int i) {
  mf_http_target t;
  ck_assert_int_eq(mf_http_resolve(mf_str_of(host), 80, &t), MF_HTTP_NONE);
  return (uint32_t)i < t.count ? t.addresses[i].address.ss_family : -1;
}

START_TEST(literals_and_localhost_need_no_name_server) {
  ck_assert_int_eq(family_of("127.0.0.1", 0), AF_INET);
  ck_assert_int_eq(family_of("::1", 0), AF_INET6);
  ck_assert_int_eq(family_of("localhost", 0), AF_INET);
  ck_assert_int_eq(family_of("LocalHost", 1), AF_INET6);
  ck_assert_int_eq(family_of("db.localhost", 0), AF_INET);
}
END_TEST

START_TEST(names_without_an_address_are_dns_errors) {
  mf_http_target t;
  char longest[300];
  memset(longest, 'a', sizeof longest);
  ck_assert_int_eq(mf_http_resolve((mf_str){longest, sizeof longest}, 80, &t), MF_HTTP_DNS);
  ck_assert_int_eq(mf_http_resolve((mf_str){0}, 80, &t), MF_HTTP_DNS);
}
END_TEST

START_TEST(every_error_has_a_name_and_a_sentence) {
  for (int i = 0; i < MF_HTTP_ERROR_COUNT; i++) {
    ck_assert_ptr_nonnull(mf_http_error_name((mf_http_error)i));
    ck_assert_uint_gt(strlen(mf_http_error_text((mf_http_error)i)), 0);
  }
  ck_assert_str_eq(mf_http_error_name(MF_HTTP_TOO_LARGE), "too_large");
}
END_TEST

Suite *io_http_client_suite(void) {
  Suite *suite = suite_create("io_http_client");
  TCase *tc = tcase_create("http_client");
  int n = (int)(sizeof answers / sizeof *answers);
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_loop_test(tc, responses_come_whole, 0, n);
  tcase_add_loop_test(tc, responses_come_byte_by_byte, 0, n);
  tcase_add_loop_test(tc, responses_come_in_sevens, 0, n);
  tcase_add_test(tc, a_head_request_has_no_body);
  tcase_add_test(tc, only_so_much_of_a_body_is_kept_and_all_is_counted);
  tcase_add_test(tc, a_connection_is_used_again);
  tcase_add_test(tc, what_comes_between_requests_closes_the_connection);
  tcase_add_test(tc, a_connection_closed_between_requests_is_noticed);
  tcase_add_test(tc, a_stale_connection_is_replaced_once);
  tcase_add_test(tc, a_post_is_never_sent_twice);
  tcase_add_test(tc, a_second_address_is_tried_when_the_first_refuses);
  tcase_add_test(tc, ipv6_is_spoken_where_there_is_any);
  tcase_add_test(tc, ipv4_is_tried_where_ipv6_refuses);
  tcase_add_test(tc, unix_sockets_are_spoken_to);
  tcase_add_test(tc, a_full_queue_of_a_unix_socket_refuses);
  tcase_add_test(tc, closing_in_mid_exchange_is_quiet);
  tcase_add_test(tc, literals_and_localhost_need_no_name_server);
  tcase_add_test(tc, names_without_an_address_are_dns_errors);
  tcase_add_test(tc, every_error_has_a_name_and_a_sentence);
  suite_add_tcase(suite, tc);
  return suite;
}
