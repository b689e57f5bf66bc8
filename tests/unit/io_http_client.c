/* SPDX-License-Identifier: MIT */
#include "../../io/http_client.h"
#include "loopback.h"

#include "../../base/limits.h"

#include <check.h>
#include <stdlib.h>
#include <sys/resource.h>

Suite *io_http_client_suite(void);

#define S 1000000000LL
#define OK_BODY(text, n) "HTTP/1.1 200 OK\r\nContent-Length: " n "\r\n\r\n" text

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static mf_loop *loop;
static mf_http_client client;
static mf_http_target target;
static mf_http_conn conn;
static loopback server;

/* What the last exchange came to, copied out of the call. */
static struct {
  bool done;
  int calls;
  mf_http_result result;
  char head[8192], body[8192];
} got;

static void keep(mf_http_conn *c, const mf_http_result *result) {
  (void)c;
  got.done = true;
  got.calls++;
  got.result = *result;
  memset(got.head, 0, sizeof got.head);
  memset(got.body, 0, sizeof got.body);
  if (result->head.n) memcpy(got.head, result->head.p, result->head.n);
  if (result->body.n) memcpy(got.body, result->body.p, result->body.n);
}

static mf_counting_alloc counting; /* what the client and its connections take */

static void only_count(mf_http_conn *c, const mf_http_result *result) {
  (void)c;
  got.done = true;
  got.result = *result;
}

static void set_up(void) {
  counting = (mf_counting_alloc){.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
  ck_assert_int_eq(mf_loop_new(&alloc, &loop), MF_OK);
  ck_assert_int_eq(mf_http_client_init(&client, &alloc, loop), MF_OK);
  memset(&got, 0, sizeof got);
  mf_http_conn_init(&conn, &client, &target, keep, NULL);
}

static void tear_down(void) {
  mf_http_conn_fini(&conn);
  if (server.loop) loopback_stop(&server);
  memset(&server, 0, sizeof server);
  mf_http_client_fini(&client);
  mf_loop_free(loop);
}

static void serve(const script_reply *script, size_t n) {
  loopback_start(&server, loop, script, n);
  ck_assert_int_eq(mf_http_resolve(MF_STR("127.0.0.1"), server.port, &target), MF_HTTP_NONE);
}

static mf_http_request get(void) {
  return (mf_http_request){.bytes = MF_STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
                           .deadline = mf_clock_monotonic() + 5 * S,
                           .keep_body = 4096,
                           .keep_head = true,
                           .idempotent = true};
}

/* Runs one exchange to its end and gives its error. */
static mf_http_error run(const mf_http_request *request) {
  got.done = false;
  mf_http_error error = mf_http_conn_start(&conn, request);
  if (error != MF_HTTP_NONE) return error;
  ck_assert(!got.done);
  ck_assert(loopback_run(loop, &got.done));
  return got.result.error;
}

static mf_http_error run_get(void) {
  mf_http_request request = get();
  return run(&request);
}

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
  tcase_add_test(tc, closing_in_mid_exchange_is_quiet);
  tcase_add_test(tc, literals_and_localhost_need_no_name_server);
  tcase_add_test(tc, names_without_an_address_are_dns_errors);
  tcase_add_test(tc, every_error_has_a_name_and_a_sentence);
  suite_add_tcase(suite, tc);
  return suite;
}
