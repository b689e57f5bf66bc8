/* SPDX-License-Identifier: MIT */
#include "../../stdlib/sample_service.h"
#include "driver_bench.h"

#include <pthread.h>

Suite *stdlib_sample_service_suite(void);

static driver_bench bench;
static mf_sample_service *sample;
static char target[64], message[256];

static void start(const mf_sample_options *options) {
  mf_status status = mf_sample_start(options, &sample, message, sizeof message);
  ck_assert_msg(status == MF_OK, "%s", message);
  ck_assert_uint_gt(mf_sample_port(sample), 0);
  snprintf(target, sizeof target, "http://127.0.0.1:%u", mf_sample_port(sample));
  bench.env.target_url = mf_str_of(target);
}

static void set_up(void) { bench_init(&bench); }
static void tear_down(void) {
  mf_sample_stop(sample);
  sample = NULL;
  bench_fini(&bench);
}

static int64_t status_of(const char *args) {
  bench_run(&bench, "http_request", args);
  const mf_value *status = bench_get(&bench, "status");
  return status ? status->as.i : 0;
}

START_TEST(routes_answer) {
  start(&(mf_sample_options){.port = 0});
  ck_assert_int_eq(status_of("{\"url\": \"/\"}"), 200);
  ck_assert(mf_str_is(mf_map_str(bench_get(&bench, "json"), "status", ""), "ok"));
  ck_assert_int_eq(status_of("{\"url\": \"/any/path?x=y\", \"body\": {\"a\": 1}}"), 200);
  ck_assert_int_eq(status_of("{\"url\": \"/health\", \"method\": \"HEAD\"}"), 200);
  ck_assert_int_eq(status_of("{\"url\": \"/status/503\"}"), 503);
  ck_assert_int_eq(status_of("{\"url\": \"/status/204\"}"), 204);
  ck_assert_int_eq(status_of("{\"url\": \"/status/7\"}"), 404);
  ck_assert_int_eq(status_of("{\"url\": \"/hook\"}"), 200);
  ck_assert_uint_eq(mf_sample_requests(sample), 7);
}
END_TEST

START_TEST(latency_and_errors_are_as_set) {
  start(&(mf_sample_options){.latency_ms = 30, .jitter_ms = 10, .error_rate = 1});
  ck_assert_int_eq(status_of("{\"url\": \"/\"}"), 500);
  ck_assert_double_ge(mf_map_number(&bench.outcome, "latency", 0), 20);
  ck_assert_int_eq(status_of("{\"url\": \"/health\"}"), 200);
  ck_assert_int_eq(status_of("{\"url\": \"/slow?ms=50\"}"), 200);
  ck_assert_double_ge(mf_map_number(&bench.outcome, "latency", 0), 50);
}
END_TEST

START_TEST(requests_wait_side_by_side) {
  start(&(mf_sample_options){.latency_ms = 100});
  bench_run(&bench, "http_load", "{\"rate\": 200, \"duration\": 0.5, \"max_connections\": 100}");
  ck_assert(bench_ok(&bench));
  ck_assert_double_eq(bench_metric(&bench, "metrics", "requests"), 100);
  ck_assert_double_ge(bench_metric(&bench, "metrics", "min_latency"), 100);
}
END_TEST

START_TEST(errors_come_at_their_rate) {
  start(&(mf_sample_options){.error_rate = 0.3, .seed = 7});
  bench_run(&bench, "http_load", "{\"rate\": 1000, \"duration\": 1}");
  double rate = bench_metric(&bench, "metrics", "error_rate");
  ck_assert_double_eq_tol(rate, 0.3, 0.08);
}
END_TEST

typedef struct hooks {
  pthread_mutex_t lock;
  int n;
  char last[256];
} hooks;

static void keep_hook(void *ctx, const char *line) {
  hooks *h = ctx;
  pthread_mutex_lock(&h->lock);
  h->n++;
  snprintf(h->last, sizeof h->last, "%s", line);
  pthread_mutex_unlock(&h->lock);
}

START_TEST(hooks_are_handed_over_as_lines) {
  hooks h = {.lock = PTHREAD_MUTEX_INITIALIZER};
  start(
      &(mf_sample_options){.hook = keep_hook, .hook_ctx = &h, .error_rate = 1, .latency_ms = 9999});
  ck_assert_int_eq(status_of("{\"url\": \"/hook\", \"body\": \"two\\r\\nlines\"}"), 200);
  pthread_mutex_lock(&h.lock);
  ck_assert_int_eq(h.n, 1);
  ck_assert_str_eq(h.last, "two  lines");
  pthread_mutex_unlock(&h.lock);
  ck_assert_int_eq(status_of("{\"url\": \"/hook\", \"method\": \"POST\"}"), 200);
  pthread_mutex_lock(&h.lock);
  ck_assert_str_eq(h.last, "");
  pthread_mutex_unlock(&h.lock);
}
END_TEST

START_TEST(a_huge_hook_is_refused) {
  start(&(mf_sample_options){.port = 0});
  mf_buf args;
  mf_alloc alloc = mf_alloc_default();
  mf_buf_init(&args, &alloc, 1 << 20);
  mf_buf_puts(&args, "{\"url\": \"/hook\", \"body\": \"");
  for (int i = 0; i < 70000; i++) mf_buf_putc(&args, 'x');
  mf_buf_puts(&args, "\"}");
  ck_assert_int_eq(status_of(args.p), 413);
  mf_buf_fini(&args);
}
END_TEST

START_TEST(it_stops_while_requests_wait) {
  start(&(mf_sample_options){.latency_ms = 60000});
  bench_start(&bench, "http_request", "{\"url\": \"/\"}");
  while (mf_sample_requests(sample) == 0) mf_loop_run_once(bench.env.loop, 1000000);
  mf_sample_stop(sample);
  sample = NULL;
  ck_assert(loopback_run(bench.env.loop, &bench.done));
}
END_TEST

START_TEST(a_port_in_use_is_told) {
  uint16_t port;
  int fd = loopback_listen(&port);
  mf_sample_service *none;
  mf_sample_options options = {.port = port};
  ck_assert_int_eq(mf_sample_start(&options, &none, message, sizeof message), MF_IO_ERROR);
  ck_assert_ptr_null(none);
  ck_assert_msg(strstr(message, "cannot listen on 127.0.0.1 port"), "%s", message);
  options.address = "not an address";
  ck_assert_int_eq(mf_sample_start(&options, &none, message, sizeof message), MF_IO_ERROR);
  close(fd);
}
END_TEST

Suite *stdlib_sample_service_suite(void) {
  Suite *suite = suite_create("stdlib_sample_service");
  TCase *tc = tcase_create("sample_service");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, routes_answer);
  tcase_add_test(tc, latency_and_errors_are_as_set);
  tcase_add_test(tc, requests_wait_side_by_side);
  tcase_add_test(tc, errors_come_at_their_rate);
  tcase_add_test(tc, hooks_are_handed_over_as_lines);
  tcase_add_test(tc, a_huge_hook_is_refused);
  tcase_add_test(tc, it_stops_while_requests_wait);
  tcase_add_test(tc, a_port_in_use_is_told);
  suite_add_tcase(suite, tc);
  return suite;
}
