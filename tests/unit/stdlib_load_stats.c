/* SPDX-License-Identifier: MIT */
#include "../../stdlib/load_stats.h"

#include <check.h>

Suite *stdlib_load_stats_suite(void);

#define S 1000000000LL
#define MS 1000000LL

static mf_arena arena;
static mf_load_stats stats, other;

static void set_up(void) {
  mf_alloc alloc = mf_alloc_default();
  mf_arena_init(&arena, &alloc, 0);
  mf_load_stats_begin(&stats, 0);
}

/* As loads do where nothing says what is expected. */
static void add(mf_load_stats *to, mf_http_error error, int status, int64_t latency, uint64_t in,
                uint64_t out) {
  mf_http_result r = {.error = error, .status = status, .bytes_in = in, .bytes_out = out};
  mf_load_stats_add(to, &r, latency, error != MF_HTTP_NONE || status >= 400);
}

static void tear_down(void) { mf_arena_fini(&arena); }

static const mf_value *metric(const char *name) {
  static mf_value map;
  map = mf_load_stats_metrics(&stats, &arena);
  return mf_map_get(&map, mf_str_of(name));
}

static double number(const char *name) {
  const mf_value *v = metric(name);
  ck_assert_msg(v && (v->kind == MF_DOUBLE || v->kind == MF_INT), "no metric %s", name);
  return v->kind == MF_INT ? (double)v->as.i : v->as.d;
}

START_TEST(without_requests_there_are_only_counters) {
  static const char *const counters[] = {"requests",   "errors",       "bytes_in",   "bytes_out",
                                         "status_2xx", "status_3xx",   "status_4xx", "status_5xx",
                                         "dropped",    "checks_failed"};
  mf_load_stats_end(&stats, S);
  mf_value map = mf_load_stats_metrics(&stats, &arena);
  ck_assert_uint_eq(map.as.map->count, 10);
  for (int i = 0; i < 10; i++) {
    ck_assert(metric(counters[i])->kind == MF_INT);
    ck_assert_int_eq(metric(counters[i])->as.i, 0);
  }
}
END_TEST

START_TEST(every_metric_of_metrics_def_is_there) {
  add(&stats, MF_HTTP_NONE, 200, 5 * MS, 10, 20);
  stats.checks = 1;
  mf_load_stats_end(&stats, 2 * S);
#define COUNTER MF_INT
#define TREND MF_DOUBLE
#define RATE MF_DOUBLE
#define GAUGE MF_DOUBLE
#define MF_METRIC(name, kind_word, other_names, doc) \
  ck_assert_msg(metric(#name) && metric(#name)->kind == kind_word, #name);
#include "../../runner/metrics.def"
#undef MF_METRIC
}
END_TEST

START_TEST(numbers_are_right) {
  for (int i = 1; i <= 10; i++)
    add(&stats, MF_HTTP_NONE, i == 10 ? 503 : i == 9 ? 404 : i == 8 ? 302 : 200, i * MS, 100, 50);
  stats.dropped = 4;
  mf_load_stats_end(&stats, 5 * S);
  ck_assert_double_eq_tol(number("latency"), 5.5, 1e-9);
  ck_assert_double_eq_tol(number("avg_latency"), 5.5, 1e-9);
  ck_assert_double_eq(number("min_latency"), 1);
  ck_assert_double_eq(number("max_latency"), 10);
  ck_assert_double_eq_tol(number("latency_p50"), 5, 0.05);
  ck_assert_double_eq_tol(number("latency_p999"), 10, 0.1);
  ck_assert_double_eq(number("requests"), 10);
  ck_assert_double_eq(number("errors"), 2);
  ck_assert_double_eq(number("status_2xx"), 7);
  ck_assert_double_eq(number("status_3xx"), 1);
  ck_assert_double_eq(number("status_4xx"), 1);
  ck_assert_double_eq(number("status_5xx"), 1);
  ck_assert_double_eq(number("bytes_in"), 1000);
  ck_assert_double_eq(number("bytes_out"), 500);
  ck_assert_double_eq(number("dropped"), 4);
  ck_assert_double_eq(number("error_rate"), 0.2);
  ck_assert_double_eq(number("throughput"), 2);
}
END_TEST

START_TEST(a_refusal_is_an_error_but_no_latency) {
  add(&stats, MF_HTTP_REFUSED, 0, MS, 0, 0);
  mf_load_stats_end(&stats, S);
  ck_assert_double_eq(number("error_rate"), 1);
  ck_assert_ptr_null(metric("latency"));
  ck_assert_ptr_null(metric("latency_p95"));
  mf_value failures = mf_load_stats_failures(&stats, &arena);
  ck_assert_int_eq(mf_map_get(&failures, MF_STR("refused"))->as.i, 1);
}
END_TEST

START_TEST(a_timeout_counts_at_its_length) {
  add(&stats, MF_HTTP_TIMEOUT, 0, 30 * S, 0, 0);
  add(&stats, MF_HTTP_CONNECT_TIMEOUT, 0, 10 * S, 0, 0);
  mf_load_stats_end(&stats, S);
  ck_assert_double_eq(number("latency"), 20000);
  ck_assert_double_eq(number("errors"), 2);
}
END_TEST

START_TEST(merging_adds_and_counts_shared_time_once) {
  memset(&stats, 0, sizeof stats);
  static const int64_t loads[][2] = {{10, 20}, {15, 30}, {40, 50}, {42, 45}};
  for (int i = 0; i < 4; i++) {
    mf_load_stats_begin(&other, loads[i][0] * S);
    add(&other, MF_HTTP_NONE, 200, MS, 1, 1);
    mf_load_stats_end(&other, loads[i][1] * S);
    mf_load_stats_merge(&stats, &other);
  }
  ck_assert_int_eq(stats.active_ns, 30 * S);
  ck_assert_int_eq(stats.started_ns, 10 * S);
  ck_assert_int_eq(stats.ended_ns, 50 * S);
  ck_assert_double_eq(number("requests"), 4);
  ck_assert_double_eq_tol(number("throughput"), 4.0 / 30, 1e-12);
}
END_TEST

START_TEST(out_of_memory_is_unset) {
  mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = 1};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
  mf_arena poor;
  mf_arena_init(&poor, &alloc, 0);
  ck_assert_int_eq(mf_load_stats_metrics(&stats, &poor).kind, MF_UNSET);
  mf_arena_fini(&poor);
}
END_TEST

Suite *stdlib_load_stats_suite(void) {
  Suite *suite = suite_create("stdlib_load_stats");
  TCase *tc = tcase_create("load_stats");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, without_requests_there_are_only_counters);
  tcase_add_test(tc, every_metric_of_metrics_def_is_there);
  tcase_add_test(tc, numbers_are_right);
  tcase_add_test(tc, a_refusal_is_an_error_but_no_latency);
  tcase_add_test(tc, a_timeout_counts_at_its_length);
  tcase_add_test(tc, merging_adds_and_counts_shared_time_once);
  tcase_add_test(tc, out_of_memory_is_unset);
  suite_add_tcase(suite, tc);
  return suite;
}
