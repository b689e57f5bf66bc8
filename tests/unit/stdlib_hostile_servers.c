/* SPDX-License-Identifier: MIT */
/* Loads against servers that do not answer as they should: the kind of each failure is
 * recorded, memory is bounded, and a broken connection is not used again. */
#include "driver_bench.h"

#include "../../base/limits.h"

Suite *stdlib_hostile_servers_suite(void);

#define OK_HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static driver_bench bench;
static loopback server;
static char target[64];

static void set_up(void) { bench_init(&bench); }

static void tear_down(void) {
  if (server.loop) loopback_stop(&server);
  memset(&server, 0, sizeof server);
  bench_fini(&bench);
}

/* Five requests, each of which waits a tenth of a second at most. */
static void run_load(const script_reply *reply, const char *load) {
  loopback_start(&server, bench.env.loop, reply, 1);
  snprintf(target, sizeof target, "http://127.0.0.1:%u", server.port);
  bench.env.target_url = mf_str_of(target);
  bench_run(&bench, "http_load", load);
}

static void run_against(const script_reply *reply) {
  run_load(reply, "{\"rate\": 50, \"duration\": 0.1, \"timeout\": 0.1}");
}

static const struct {
  const char *name, *kind;
  script_reply reply;
} failing[] = {
    {"garbage", "protocol", {.what = SAY, .bytes = "\xff\xfe\0garbage\r\n\r\n", .n = 14}},
    {"another protocol", "protocol", {.what = SAY, .bytes = "SSH-2.0-OpenSSH\r\n"}},
    {"a switch to one", "protocol", {.what = SAY, .bytes = "HTTP/1.1 101 Switching\r\n\r\n"}},
    {"a bad chunk", "protocol", {.what = SAY, .bytes = CHUNKED "xyz\r\n"}},
    {"a chunk beyond all bounds", "protocol", {.what = SAY, .bytes = CHUNKED "fffffffffffffffff"}},
    {"two lengths",
     "protocol",
     {.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"}},
    {"a folded field", "protocol", {.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"}},
    {"a gigabyte",
     "too_large",
     {.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nx"}},
    {"a close at once", "closed", {.what = SAY_AND_CLOSE, .bytes = ""}},
    {"a close in the head", "closed", {.what = SAY_AND_CLOSE, .bytes = "HTTP/1.1 200 OK\r\nA"}},
    {"a close in the body",
     "closed",
     {.what = SAY_AND_CLOSE, .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"}},
    {"a close before the last chunk",
     "closed",
     {.what = SAY_AND_CLOSE, .bytes = CHUNKED "1\r\nx\r\n"}},
    {"a reset at once", "reset", {.what = RESET}},
    {"a reset in the body",
     "reset",
     {.what = SAY_AND_RESET, .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"}},
    {"silence", "timeout", {.what = HANG}},
    {"a head that stops", "timeout", {.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nA: "}},
    {"a body that stops",
     "timeout",
     {.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"}},
    {"only an interim answer", "timeout", {.what = SAY, .bytes = "HTTP/1.1 100 Continue\r\n\r\n"}},
};

START_TEST(the_kind_of_a_failure_is_recorded) {
  run_against(&failing[_i].reply);
  ck_assert(!bench_ok(&bench));
  ck_assert_double_eq(bench_metric(&bench, "metrics", "requests"), 5);
  ck_assert_double_eq(bench_metric(&bench, "metrics", "errors"), 5);
  ck_assert_msg(bench_metric(&bench, "failures", failing[_i].kind) == 5, "%s", failing[_i].name);
  ck_assert_int_eq(bench_get(&bench, "failures")->as.map->count, 1);
  ck_assert_int_eq(server.accepted, 5); /* none is used again */
}
END_TEST

static const struct {
  const char *name;
  script_reply reply;
  bool reused;
} odd[] = {
    {"nothing odd", {.what = SAY, .bytes = OK_HI}, true},
    {"an interim answer", {.what = SAY, .bytes = "HTTP/1.1 103 Hints\r\n\r\n" OK_HI}, true},
    {"bytes after the answer", {.what = SAY, .bytes = OK_HI "surplus"}, false},
    {"a second answer", {.what = SAY, .bytes = OK_HI OK_HI}, false},
    {"length and chunks",
     {.what = SAY,
      .bytes =
          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
     false},
    {"a close that is announced",
     {.what = SAY, .bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
     false},
    {"a close that ends the body",
     {.what = SAY_AND_CLOSE, .bytes = "HTTP/1.1 200 OK\r\n\r\nhi"},
     false},
    {"HTTP/1.0",
     {.what = SAY_AND_CLOSE, .bytes = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
     false},
    {"HTTP/1.0 that stays",
     {.what = SAY,
      .bytes = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi"},
     true},
};

START_TEST(odd_answers_are_answers) {
  run_load(&odd[_i].reply, "{\"vus\": 1, \"iterations\": 5, \"timeout\": 5}");
  ck_assert_msg(bench_ok(&bench), "%s: %s", odd[_i].name, bench_text(&bench, "error"));
  ck_assert_double_eq(bench_metric(&bench, "metrics", "status_2xx"), 5);
  ck_assert_int_eq(server.accepted, odd[_i].reused ? 1 : 5);
}
END_TEST

START_TEST(memory_is_bounded) {
  size_t n = MF_LIMIT_RESPONSE_HEADER_BYTES - 100;
  char *text = malloc(n + 100);
  memset(text, 'b', n);
  memcpy(text, "HTTP/1.1 204 No\r\nA: ", 20);
  memcpy(text + n, "\r\n\r\n", 4);
  script_reply reply = {.what = SAY, .bytes = text, .n = n + 4, .piece = 30000};
  run_against(&reply);
  ck_assert_msg(bench_ok(&bench), "%s", bench_text(&bench, "error"));
  /* 50 connections and the load itself, and one head for each of five. */
  size_t most = 600000 + 5 * (MF_LIMIT_RESPONSE_HEADER_BYTES + MF_HTTP_PIECE_BYTES);
  ck_assert_uint_le(bench.counting.peak, most);
  free(text);
}
END_TEST

Suite *stdlib_hostile_servers_suite(void) {
  Suite *suite = suite_create("stdlib_hostile_servers");
  TCase *tc = tcase_create("hostile_servers");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_loop_test(tc, the_kind_of_a_failure_is_recorded, 0,
                      (int)(sizeof failing / sizeof *failing));
  tcase_add_loop_test(tc, odd_answers_are_answers, 0, (int)(sizeof odd / sizeof *odd));
  tcase_add_test(tc, memory_is_bounded);
  suite_add_tcase(suite, tc);
  return suite;
}
