/* SPDX-License-Identifier: MIT */
#include "driver_bench.h"

Suite *stdlib_http_request_suite(void);

static driver_bench bench;
static loopback server;
static char args[1024], target[64];

static void set_up(void) { bench_init(&bench); }

static void tear_down(void) {
  if (server.loop) loopback_stop(&server);
  memset(&server, 0, sizeof server);
  bench_fini(&bench);
}

static void serve(const script_reply *script, size_t n) {
  loopback_start(&server, bench.env.loop, script, n);
  snprintf(target, sizeof target, "http://127.0.0.1:%u", server.port);
  bench.env.target_url = mf_str_of(target);
}

static const script_reply plain_ok[] = {
    {.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"}};

/* Sends a request with these arguments to a server that answers "hi". */
static const char *request_sent(const char *json) {
  serve(plain_ok, 1);
  bench_run(&bench, "http_request", json);
  ck_assert_msg(bench_ok(&bench), "%s", bench_text(&bench, "error"));
  return server.last;
}

START_TEST(the_outcome_has_all_of_the_response) {
  script_reply script[] = {
      {.what = SAY,
       .bytes = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                "X-A: 1\r\nx-a: 2\r\nX-Latin: \xe4\r\nContent-Length: 37\r\n\r\n"
                "{\"a\": [1, 2.5], \"a\": {\"$double\":\"1\"}}"}};
  serve(script, 1);
  bench_run(&bench, "http_request", "{\"url\": \"/path?q=1\"}");
  ck_assert(bench_ok(&bench));
  ck_assert_int_eq(bench_get(&bench, "status")->as.i, 201);
  const mf_value *headers = bench_get(&bench, "headers");
  ck_assert(mf_str_is(mf_map_str(headers, "x-a", ""), "1, 2"));
  ck_assert(mf_str_is(mf_map_str(headers, "x-latin", ""), "\xc3\xa4"));
  ck_assert_double_gt(mf_map_number(&bench.outcome, "latency", 0), 0);
  /* Repeated keys: the last wins; our own JSON forms mean nothing here. */
  const mf_value *json = bench_get(&bench, "json");
  ck_assert(json && json->kind == MF_MAP && json->as.map->count == 1);
  const mf_value *a = mf_map_get(json, MF_STR("a"));
  ck_assert(a->kind == MF_MAP && mf_map_get(a, MF_STR("$double")));
}
END_TEST

START_TEST(a_request_is_sent_as_expected) {
  ck_assert_str_eq(
      request_sent("{\"url\": \"/a?b=c\"}"),
      mf_arena_printf(&bench.arena,
                      "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: mfvm\r\n"
                      "Accept: */*\r\n\r\n",
                      server.port));
}
END_TEST

static const struct {
  const char *args, *sent; /* part of what is sent */
} requests[] = {
    {"{\"url\": \"/\", \"body\": \"text\"}", "POST / HTTP/1.1\r\n"},
    {"{\"url\": \"/\", \"body\": \"text\"}",
     "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n\r\ntext"},
    {"{\"url\": \"/\", \"body\": \" {\\\"a\\\": 1}\"}", "Content-Type: application/json\r\n"},
    {"{\"url\": \"/\", \"body\": \"{broken\"}", "Content-Type: text/plain"},
    {"{\"url\": \"/\", \"body\": {\"a\": [1, null]}}", "\r\n\r\n{\"a\":[1,null]}"},
    {"{\"url\": \"/\", \"body\": null}", "Content-Length: 4\r\n\r\nnull"},
    {"{\"url\": \"/\", \"body\": {\"$bytes\": \"AAE=\"}}",
     "Content-Type: application/octet-stream"},
    {"{\"url\": \"/\", \"method\": \"put\"}", "PUT / HTTP/1.1\r\n"},
    {"{\"url\": \"/\", \"method\": \"put\"}", "Content-Length: 0\r\n\r\n"},
    {"{\"url\": \"/\", \"method\": \"DELETE\", \"body\": \"x\"}", "Content-Length: 1\r\n"},
    {"{\"url\": \"/\xc3\xa4\"}", "GET /%C3%A4 HTTP/1.1"},
    {"{\"url\": \"/\", \"headers\": {\"X-N\": 5, \"user-agent\": \"me\"}}",
     "X-N: 5\r\nuser-agent: me\r\nHost"},
    {"{\"url\": \"/\", \"headers\": {\"Host\": \"other\", \"X\": null}}",
     "Host: other\r\nUser-Agent"},
    {"{\"url\": \"/\", \"body\": 1, \"headers\": {\"content-type\": \"x/y\"}}",
     "content-type: x/y\r\nHost"},
};

START_TEST(requests_are_built) {
  const char *sent = request_sent(requests[_i].args);
  ck_assert_msg(strstr(sent, requests[_i].sent), "%s", sent);
}
END_TEST

START_TEST(user_and_password_become_a_header) {
  serve(plain_ok, 1);
  snprintf(args, sizeof args, "{\"url\": \"http://user:pass@127.0.0.1:%u\"}", server.port);
  bench_run(&bench, "http_request", args);
  ck_assert_ptr_nonnull(strstr(server.last, "Authorization: Basic dXNlcjpwYXNz\r\n"));
  ck_assert_ptr_nonnull(strstr(server.last, "GET / HTTP/1.1\r\n"));
  ck_assert_ptr_null(strstr(server.last, "user:pass"));
}
END_TEST

START_TEST(a_bad_status_is_a_failure_with_all_the_rest) {
  script_reply script[] = {
      {.what = SAY, .bytes = "HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops"}};
  serve(script, 1);
  bench_run(&bench, "http_request", "{\"url\": \"/\"}");
  ck_assert(!bench_ok(&bench));
  ck_assert_str_eq(bench_text(&bench, "error"), "status 500");
  ck_assert_str_eq(bench_text(&bench, "body"), "oops");
  ck_assert_int_eq(bench_get(&bench, "status")->as.i, 500);
}
END_TEST

START_TEST(a_redirect_is_not_followed) {
  script_reply script[] = {
      {.what = SAY, .bytes = "HTTP/1.1 302 F\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"}};
  serve(script, 1);
  bench_run(&bench, "http_request", "{\"url\": \"/\"}");
  ck_assert(bench_ok(&bench));
  ck_assert_int_eq(server.requests, 1);
}
END_TEST

START_TEST(a_body_that_is_not_utf8_is_bytes) {
  script_reply script[] = {
      {.what = SAY, .bytes = "HTTP/1.1 200 K\r\nContent-Length: 2\r\n\r\n\xff\xfe"}};
  serve(script, 1);
  bench_run(&bench, "http_request", "{\"url\": \"/\"}");
  ck_assert_int_eq(bench_get(&bench, "body")->kind, MF_BYTES);
  ck_assert_ptr_null(bench_get(&bench, "json"));
}
END_TEST

START_TEST(a_long_body_is_cut_between_characters) {
  script_reply script[] = {
      {.what = SAY, .bytes = "HTTP/1.1 200 K\r\nContent-Length: 6\r\n\r\n[\xc3\xa4\xc3\xa4]"}};
  serve(script, 1);
  bench_run(&bench, "http_request", "{\"url\": \"/\", \"max_body\": 4}");
  ck_assert_str_eq(bench_text(&bench, "body"), "[\xc3\xa4");
  ck_assert(mf_map_bool(&bench.outcome, "body_cut", false));
  ck_assert_ptr_null(bench_get(&bench, "json"));
}
END_TEST

/* MF_LIMIT_RESPONSE_KEPT. */
START_TEST(of_a_body_64_kib_are_kept) {
  static char text[70000] = "HTTP/1.1 200 OK\r\nContent-Length: 69000\r\n\r\n";
  size_t n = strlen(text) + 69000;
  script_reply script[] = {{.what = SAY, .bytes = text, .n = n}};
  memset(text + n - 69000, 'x', 69000);
  serve(script, 1);
  bench_run(&bench, "http_request", "{\"url\": \"/\"}");
  ck_assert(bench_ok(&bench));
  ck_assert_uint_eq(bench_get(&bench, "body")->len, 65536);
}
END_TEST

/* ---- Failures ---- */

static const char *error_for(const char *json) {
  bench_run(&bench, "http_request", json);
  ck_assert(!bench_ok(&bench));
  return bench_text(&bench, "error");
}

START_TEST(failures_name_their_kind) {
  snprintf(args, sizeof args, "{\"url\": \"http://127.0.0.1:%u/x\"}", loopback_dead_port());
  ck_assert_int_eq(strncmp(error_for(args), "connection refused: 127.0.0.1:", 30), 0);
  script_reply script[] = {{.what = HANG}};
  serve(script, 1);
  ck_assert_int_eq(strncmp(error_for("{\"url\": \"/\", \"timeout\": 0.05}"), "timed out: ", 11), 0);
}
END_TEST

static const script_reply no_tls[] = {
    {.what = SAY, .bytes = "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", .at_once = true}};

/* What TLS adds to them; tests/run-corpora has servers that speak it. */
START_TEST(tls_failures_are_told) {
  char expected[200];
  snprintf(args, sizeof args, "{\"url\": \"https://127.0.0.1:%u/x\"}", loopback_dead_port());
  ck_assert_int_eq(strncmp(error_for(args), "connection refused: 127.0.0.1:", 30), 0);
  serve(no_tls, 1);
  snprintf(args, sizeof args, "{\"url\": \"https://127.0.0.1:%u/x\"}", server.port);
  snprintf(expected, sizeof expected,
           "the TLS handshake failed: wrong version number: 127.0.0.1:%u", server.port);
  ck_assert_str_eq(error_for(args), expected);
}
END_TEST

static const script_reply never[] = {{.what = HANG}};

START_TEST(a_tls_handshake_may_take_too_long) {
  serve(never, 1);
  snprintf(args, sizeof args, "{\"url\": \"https://127.0.0.1:%u/x\", \"timeout\": 0.05}",
           server.port);
  ck_assert_int_eq(strncmp(error_for(args), "timed out while connecting: 127.0.0.1:", 38), 0);
}
END_TEST

START_TEST(a_tls_handshake_can_be_cancelled) {
  serve(never, 1);
  snprintf(args, sizeof args, "{\"url\": \"https://localhost:%u/x\"}", server.port);
  bench_start(&bench, "http_request", args);
  while (server.accepted == 0) ck_assert_int_eq(mf_loop_run_once(bench.env.loop, -1), MF_OK);
  ck_assert_int_eq(mf_loop_run_once(bench.env.loop, 10000000), MF_OK);
  bench.driver->cancel(bench.op);
  ck_assert_str_eq(bench_text(&bench, "error"), "cancelled");
}
END_TEST

/* ---- Where to ---- */

START_TEST(a_target_can_be_a_unix_socket) {
  char path[108];
  loopback_start_socket(&server, bench.env.loop, path, plain_ok, 1);
  /* "/tmp/mfvm-XXXXXX/a b.sock", encoded. */
  snprintf(target, sizeof target, "http+unix://%%2Ftmp%%2F%.11s%%2Fa%%20b.sock", path + 5);
  bench.env.target_url = mf_str_of(target);
  bench_run(&bench, "http_request", "{\"url\": \"/x?y\"}");
  ck_assert_msg(bench_ok(&bench), "%s", bench_text(&bench, "error"));
  ck_assert_ptr_nonnull(strstr(server.last, "GET /x?y HTTP/1.1\r\nHost: localhost\r\n"));
  loopback_stop(&server);
  server.loop = NULL;
  snprintf(args, sizeof args, "connection refused: %s", path);
  ck_assert_str_eq(error_for("{\"url\": \"/\"}"), args);
  loopback_remove_socket(path);
}
END_TEST

/* 127.1 is a name to us; the C library knows it without a name server. */
START_TEST(names_are_looked_up_beside_the_loop) {
  serve(plain_ok, 1);
  snprintf(args, sizeof args, "{\"url\": \"http://127.1:%u\"}", server.port);
  bench_start(&bench, "http_request", args);
  ck_assert_ptr_nonnull(bench.op);
  ck_assert(!bench.done);
  ck_assert(loopback_run(bench.env.loop, &bench.done));
  ck_assert_msg(bench_ok(&bench), "%s", bench_text(&bench, "error"));
}
END_TEST

START_TEST(a_lookup_can_be_cancelled) {
  bench_start(&bench, "http_request", "{\"url\": \"http://127.1:9\"}");
  bench.driver->cancel(bench.op);
  ck_assert_str_eq(bench_text(&bench, "error"), "cancelled");
}
END_TEST

/* Of two addresses the one on which the server is may not be reached. */
static const char *deny_ipv4(void *ctx, mf_str host, const void *address, size_t length) {
  const struct sockaddr *sa = address;
  (void)length;
  ck_assert(mf_str_is(host, "localhost"));
  ++*(int *)ctx;
  return sa->sa_family == AF_INET ? "no" : NULL;
}

START_TEST(only_addresses_that_were_asked_about_are_reached) {
  int count = 0;
  serve(plain_ok, 1);
  bench.env.host_denied = deny_ipv4;
  bench.env.host_ctx = &count;
  snprintf(args, sizeof args, "{\"url\": \"http://localhost:%u\"}", server.port);
  error_for(args);
  ck_assert_int_eq(count, 2);
  ck_assert_int_eq(server.accepted, 0);
}
END_TEST

static const char *deny_all(void *ctx, mf_str host, const void *address, size_t length) {
  (void)ctx, (void)address, (void)length;
  ck_assert(mf_str_is(host, "127.1"));
  return "not this one";
}

START_TEST(what_a_name_leads_to_can_be_denied) {
  serve(plain_ok, 1);
  bench.env.host_denied = deny_all;
  snprintf(args, sizeof args, "{\"url\": \"http://127.1:%u\"}", server.port);
  ck_assert_str_eq(error_for(args), "the host may not be reached: not this one");
  ck_assert_int_eq(server.accepted, 0);
}
END_TEST

static const char *const mistakes[][2] = {
    {"{}", "the URL is empty"},
    {"{\"url\": \"/x\"}", "no target"},
    {"{\"url\": 5}", "argument 'url' must be text"},
    {"{\"url\": \"ftp://x\"}", "begin with http:// or https://"},
    {"{\"url\": \"http://h\", \"timeout\": \"soon\"}", "argument 'timeout'"},
    {"{\"url\": \"http://h\", \"timeout\": -1}", "argument 'timeout'"},
    {"{\"url\": \"http://h\", \"timeout\": {\"$double\": \"NaN\"}}", "argument 'timeout'"},
    {"{\"url\": \"http://h\", \"max_body\": 1.5}", "argument 'max_body'"},
    {"{\"url\": \"http://h\", \"headers\": [1]}", "argument 'headers' must be a map"},
    {"{\"url\": \"http://h\", \"headers\": {\"a b\": 1}}", "name that no header can have"},
    {"{\"url\": \"http://h\", \"headers\": {\"A\": \"x\\r\\nB: y\"}}",
     "header 'A' holds a line break"},
    {"{\"url\": \"http://h\", \"headers\": {\"Content-Length\": 1}}", "is set by mfvm"},
    {"{\"url\": \"http://h\", \"method\": \"GET /\"}", "argument 'method'"},
    {"{\"url\": \"http://h\", \"method\": \"connect\"}", "CONNECT"},
};

START_TEST(mistakes_are_told) {
  const char *error = error_for(mistakes[_i][0]);
  ck_assert_msg(strstr(error, mistakes[_i][1]), "%s", error);
}
END_TEST

static const char *deny(void *ctx, mf_str host, const void *address, size_t length) {
  const struct sockaddr *sa = address;
  ck_assert(length > 0 && sa->sa_family == AF_INET);
  ck_assert(mf_str_is(host, "127.0.0.1"));
  return ctx ? "127.0.0.1 is not in limits.hosts" : NULL;
}

START_TEST(hosts_can_be_denied) {
  serve(plain_ok, 1);
  bench.env.host_denied = deny;
  bench_run(&bench, "http_request", "{\"url\": \"/\"}");
  ck_assert(bench_ok(&bench));
  bench.env.host_ctx = &bench;
  ck_assert_str_eq(error_for("{\"url\": \"/\"}"),
                   "the host may not be reached: 127.0.0.1 is not in limits.hosts");
  ck_assert_int_eq(server.requests, 1);
}
END_TEST

static int addresses_asked;

static const char *deny_family(void *ctx, mf_str host, const void *address, size_t length) {
  const struct sockaddr *sa = address;
  (void)host, (void)length;
  addresses_asked++;
  return sa->sa_family == *(const sa_family_t *)ctx ? "not this one" : NULL;
}

/* localhost has two: only those that may be reached are tried. */
START_TEST(every_address_of_a_name_is_asked_for) {
  char json[64];
  sa_family_t denied = AF_INET;
  serve(plain_ok, 1);
  bench.env.host_denied = deny_family;
  bench.env.host_ctx = &denied;
  snprintf(json, sizeof json, "{\"url\": \"http://localhost:%u/\"}", server.port);
  bench_run(&bench, "http_request", json);
  ck_assert(!bench_ok(&bench));
  ck_assert_int_eq(server.requests, 0);
  ck_assert_int_eq(addresses_asked, 2);
  denied = AF_INET6;
  bench_run(&bench, "http_request", json);
  ck_assert(bench_ok(&bench));
}
END_TEST

START_TEST(cancelling_answers_at_once) {
  script_reply script[] = {{.what = HANG}};
  serve(script, 1);
  bench_start(&bench, "http_request", "{\"url\": \"/\"}");
  bench.driver->cancel(bench.op);
  ck_assert(bench.done);
  ck_assert_str_eq(bench_text(&bench, "error"), "cancelled");
}
END_TEST

START_TEST(memory_failure_at_every_allocation_is_clean) {
  script_reply script[] = {
      {.what = SAY,
       .bytes = "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 8\r\n\r\n{\"a\": 1}",
       .piece = 9}};
  serve(script, 1);
  for (uint64_t i = 1; i < 200; i++) {
    bench.counting.calls = 0;
    bench.counting.fail_at = i;
    bench_run(&bench, "http_request",
              "{\"url\": \"/\", \"body\": {\"x\": [1]}, \"headers\": {\"A\": \"b\"}}");
    ck_assert_uint_eq(bench.counting.in_use, 0);
    if (bench_ok(&bench)) return;
  }
  ck_abort_msg("it never succeeds");
}
END_TEST

START_TEST(memory_failure_after_a_lookup_is_clean) {
  serve(plain_ok, 1);
  snprintf(args, sizeof args, "{\"url\": \"http://127.1:%u\"}", server.port);
  for (uint64_t i = 1; i < 200; i++) {
    bench.counting.calls = 0;
    bench.counting.fail_at = i;
    bench_run(&bench, "http_request", args);
    ck_assert_uint_eq(bench.counting.in_use, 0);
    if (bench_ok(&bench)) return;
  }
  ck_abort_msg("it never succeeds");
}
END_TEST

START_TEST(memory_failure_under_tls_is_clean) {
  serve(no_tls, 1);
  snprintf(args, sizeof args, "{\"url\": \"https://127.0.0.1:%u/x\"}", server.port);
  for (uint64_t i = 1; i < 200; i++) {
    bench.counting.calls = 0;
    bench.counting.fail_at = i;
    const char *error = error_for(args);
    ck_assert_uint_eq(bench.counting.in_use, 0);
    if (strstr(error, "wrong version number")) return;
  }
  ck_abort_msg("no handshake is ever made");
}
END_TEST

Suite *stdlib_http_request_suite(void) {
  Suite *suite = suite_create("stdlib_http_request");
  TCase *tc = tcase_create("http_request");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, the_outcome_has_all_of_the_response);
  tcase_add_test(tc, a_request_is_sent_as_expected);
  tcase_add_loop_test(tc, requests_are_built, 0, (int)(sizeof requests / sizeof *requests));
  tcase_add_test(tc, user_and_password_become_a_header);
  tcase_add_test(tc, a_bad_status_is_a_failure_with_all_the_rest);
  tcase_add_test(tc, a_redirect_is_not_followed);
  tcase_add_test(tc, a_body_that_is_not_utf8_is_bytes);
  tcase_add_test(tc, a_long_body_is_cut_between_characters);
  tcase_add_test(tc, of_a_body_64_kib_are_kept);
  tcase_add_test(tc, failures_name_their_kind);
  tcase_add_test(tc, tls_failures_are_told);
  tcase_add_test(tc, a_tls_handshake_may_take_too_long);
  tcase_add_test(tc, a_tls_handshake_can_be_cancelled);
  tcase_add_test(tc, a_target_can_be_a_unix_socket);
  tcase_add_test(tc, names_are_looked_up_beside_the_loop);
  tcase_add_test(tc, a_lookup_can_be_cancelled);
  tcase_add_test(tc, only_addresses_that_were_asked_about_are_reached);
  tcase_add_test(tc, what_a_name_leads_to_can_be_denied);
  tcase_add_test(tc, memory_failure_after_a_lookup_is_clean);
  tcase_add_loop_test(tc, mistakes_are_told, 0, (int)(sizeof mistakes / sizeof *mistakes));
  tcase_add_test(tc, hosts_can_be_denied);
  tcase_add_test(tc, every_address_of_a_name_is_asked_for);
  tcase_add_test(tc, cancelling_answers_at_once);
  tcase_add_test(tc, memory_failure_under_tls_is_clean);
  tcase_add_test(tc, memory_failure_at_every_allocation_is_clean);
  suite_add_tcase(suite, tc);
  return suite;
}
