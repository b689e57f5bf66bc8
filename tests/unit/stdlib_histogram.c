/* SPDX-License-Identifier: MIT */
#include "../../stdlib/histogram.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Suite *stdlib_histogram_suite(void);

static mf_histogram h, other;

static void set_up(void) {
  memset(&h, 0, sizeof h);
  memset(&other, 0, sizeof other);
}

START_TEST(an_empty_one_is_all_zero) {
  ck_assert_int_eq(mf_histogram_quantile(&h, 0.5), 0);
  ck_assert_double_eq(mf_histogram_mean(&h), 0);
}
END_TEST

START_TEST(every_value_is_within_one_percent) {
  for (double v = 1; v < (double)MF_HISTOGRAM_MAX_NS; v *= 1.0037) {
    set_up();
    int64_t ns = (int64_t)v;
    /* Neighbours keep the answer from being clamped to min or max. */
    mf_histogram_add(&h, 0);
    mf_histogram_add(&h, ns);
    mf_histogram_add(&h, MF_HISTOGRAM_MAX_NS);
    double got = (double)mf_histogram_quantile(&h, 0.5);
    ck_assert_double_le(fabs(got - (double)ns), 0.005 * (double)ns);
  }
}
END_TEST

START_TEST(values_at_the_edges_of_buckets_are_kept_apart) {
  for (int power = 8; power < 42; power++) {
    set_up();
    int64_t edge = (int64_t)1 << power;
    if (edge > MF_HISTOGRAM_MAX_NS) break;
    mf_histogram_add(&h, edge - 1);
    mf_histogram_add(&h, edge);
    ck_assert_int_lt(mf_histogram_quantile(&h, 0.5), mf_histogram_quantile(&h, 1));
  }
}
END_TEST

START_TEST(extremes_are_clamped) {
  mf_histogram_add(&h, -5);
  mf_histogram_add(&h, INT64_MAX);
  ck_assert_int_eq(h.min, 0);
  ck_assert_int_eq(h.max, MF_HISTOGRAM_MAX_NS);
  ck_assert_int_eq(mf_histogram_quantile(&h, 0), 0);
  ck_assert_int_eq(mf_histogram_quantile(&h, 1), MF_HISTOGRAM_MAX_NS);
}
END_TEST

START_TEST(quantiles_are_nearest_ranks) {
  for (int64_t i = 1; i <= 100; i++) mf_histogram_add(&h, i);
  ck_assert_int_eq(mf_histogram_quantile(&h, 0), 1);
  ck_assert_int_eq(mf_histogram_quantile(&h, 0.01), 1);
  ck_assert_int_eq(mf_histogram_quantile(&h, 0.5), 50);
  ck_assert_int_eq(mf_histogram_quantile(&h, 0.95), 95);
  ck_assert_int_eq(mf_histogram_quantile(&h, 0.99), 99);
  ck_assert_int_eq(mf_histogram_quantile(&h, 0.999), 100);
  ck_assert_int_eq(mf_histogram_quantile(&h, 1), 100);
  ck_assert_int_eq(mf_histogram_quantile(&h, NAN), 1);
  ck_assert_double_eq(mf_histogram_mean(&h), 50.5);
}
END_TEST

static int by_value(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* Long-tailed values, as latencies are; compared with the sorted list. */
START_TEST(quantiles_agree_with_a_sorted_list) {
  enum { N = 20000 };
  static int64_t values[N];
  uint64_t x = 42;
  for (int i = 0; i < N; i++) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    values[i] = (int64_t)(exp((double)(x >> 40) / 1e6) * 1000);
    mf_histogram_add(i % 3 ? &h : &other, values[i]);
  }
  mf_histogram_merge(&h, &other);
  qsort(values, N, sizeof *values, by_value);
  ck_assert_uint_eq(h.count, N);
  ck_assert_int_eq(h.min, values[0]);
  ck_assert_int_eq(h.max, values[N - 1]);
  static const double qs[] = {0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999};
  for (size_t i = 0; i < sizeof qs / sizeof *qs; i++) {
    double want = (double)values[(int)ceil(qs[i] * N) - 1];
    ck_assert_double_le(fabs((double)mf_histogram_quantile(&h, qs[i]) - want), 0.01 * want);
  }
}
END_TEST

START_TEST(merging_an_empty_one_changes_nothing) {
  mf_histogram_add(&h, 5);
  mf_histogram_merge(&h, &other);
  ck_assert_int_eq(h.min, 5);
  mf_histogram_merge(&other, &h);
  ck_assert(memcmp(&h, &other, sizeof h) == 0);
}
END_TEST

Suite *stdlib_histogram_suite(void) {
  Suite *suite = suite_create("stdlib_histogram");
  TCase *tc = tcase_create("histogram");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, NULL);
  tcase_add_test(tc, an_empty_one_is_all_zero);
  tcase_add_test(tc, every_value_is_within_one_percent);
  tcase_add_test(tc, values_at_the_edges_of_buckets_are_kept_apart);
  tcase_add_test(tc, extremes_are_clamped);
  tcase_add_test(tc, quantiles_are_nearest_ranks);
  tcase_add_test(tc, quantiles_agree_with_a_sorted_list);
  tcase_add_test(tc, merging_an_empty_one_changes_nothing);
  suite_add_tcase(suite, tc);
  return suite;
}
