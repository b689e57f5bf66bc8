/* SPDX-License-Identifier: MIT */
#include "driver_bench.h"

Suite *stdlib_wait_suite(void);

#define MS 1000000LL

static driver_bench bench;

static void set_up(void) { bench_init(&bench); }
static void tear_down(void) { bench_fini(&bench); }

static int64_t time_for(const char *args) {
  int64_t start = mf_clock_monotonic();
  bench_run(&bench, "wait", args);
  ck_assert(bench_ok(&bench));
  return mf_clock_monotonic() - start;
}

START_TEST(it_lasts_as_long_as_it_should) {
  ck_assert_int_ge(time_for("{\"seconds\": 0.03}"), 30 * MS);
  ck_assert_int_ge(time_for("{\"seconds\": \"30ms\"}"), 30 * MS);
  ck_assert_int_ge(time_for("{\"seconds\": {\"$duration\": \"30ms\"}}"), 30 * MS);
}
END_TEST

START_TEST(the_time_scale_applies) {
  bench.env.time_scale = 0.001;
  ck_assert_int_lt(time_for("{\"seconds\": 30}"), 5000 * MS);
  bench.env.time_scale = 3;
  ck_assert_int_ge(time_for("{\"seconds\": 0.01}"), 30 * MS);
}
END_TEST

START_TEST(no_time_is_over_at_once) {
  bench_start(&bench, "wait", "{\"seconds\": 0}");
  ck_assert(bench.done && bench_ok(&bench));
  bench_start(&bench, "now", "{}");
  ck_assert(bench.done && bench_ok(&bench));
}
END_TEST

START_TEST(mistakes_are_told) {
  bench_run(&bench, "wait", "{\"seconds\": \"long\"}");
  ck_assert(!bench_ok(&bench));
  ck_assert_ptr_nonnull(strstr(bench_text(&bench, "error"), "argument 'seconds'"));
}
END_TEST

START_TEST(cancelling_answers_at_once) {
  bench_start(&bench, "wait", "{\"seconds\": 100}");
  bench.driver->cancel(bench.op);
  ck_assert(bench.done && !bench_ok(&bench));
  ck_assert_str_eq(bench_text(&bench, "error"), "cancelled");
}
END_TEST

START_TEST(only_known_drivers_are_found) {
  ck_assert_ptr_nonnull(mf_driver_find(MF_STR("http_load")));
  ck_assert_ptr_null(mf_driver_find(MF_STR("nothing")));
  ck_assert_ptr_null(mf_driver_find((mf_str){0}));
}
END_TEST

Suite *stdlib_wait_suite(void) {
  Suite *suite = suite_create("stdlib_wait");
  TCase *tc = tcase_create("wait");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, it_lasts_as_long_as_it_should);
  tcase_add_test(tc, the_time_scale_applies);
  tcase_add_test(tc, no_time_is_over_at_once);
  tcase_add_test(tc, mistakes_are_told);
  tcase_add_test(tc, cancelling_answers_at_once);
  tcase_add_test(tc, only_known_drivers_are_found);
  suite_add_tcase(suite, tc);
  return suite;
}
