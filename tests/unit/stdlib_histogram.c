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

/* ---- Followed quantiles, and values taken out, against a list ---- */

enum { MOST = 400 };
static int64_t live[MOST];
static int live_count;

static uint64_t next_random(uint64_t *x) {
  *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
  return *x;
}

/* The middle of the bucket that a length falls in, worked out from what
 * histogram.h promises. */
static int64_t middle_of(int64_t ns) {
  if (ns < 256) return ns;
  int64_t width = 2;
  while (ns / width >= 256) width *= 2;
  return ns / width * width + width / 2;
}

/* [low, high] are the histogram's min and max. */
static int64_t listed_quantile(double q, int64_t low, int64_t high) {
  if (live_count == 0) return 0;
  static int64_t sorted[MOST];
  memcpy(sorted, live, sizeof *live * (size_t)live_count);
  qsort(sorted, (size_t)live_count, sizeof *sorted, by_value);
  int rank = (int)ceil(q * live_count - 1e-9);
  if (rank < 1) rank = 1;
  if (rank == live_count) return high;
  if (rank == 1) return low;
  int64_t middle = middle_of(sorted[rank - 1]);
  return middle < low ? low : middle > high ? high : middle;
}

/* Two clusters far apart, lengths of every size, or few different ones. */
static int64_t random_length(uint64_t *x, unsigned shape) {
  uint64_t r = next_random(x);
  if (shape == 0) return r & 1 ? 1000 + (int64_t)(r >> 40 & 255) : 5000000000 + (int64_t)(r >> 40);
  if (shape == 1) return (int64_t)(r >> (22 + (r & 31)));
  return (int64_t)(r & 3) * 700;
}

static void add_one(int64_t ns) {
  if (live_count == MOST) return;
  mf_histogram_add(&h, ns);
  live[live_count++] = ns > MF_HISTOGRAM_MAX_NS ? MF_HISTOGRAM_MAX_NS : ns;
}

static void remove_one(uint64_t r) {
  if (live_count == 0) return;
  int i = (int)(r % (unsigned)live_count);
  mf_histogram_remove(&h, live[i]);
  live[i] = live[--live_count];
}

static void check_quantile(double q) {
  int64_t want = listed_quantile(q, h.min, h.max);
  ck_assert_int_eq(mf_histogram_quantile(&h, q), want);
  ck_assert_int_eq(mf_histogram_tracked(&h, q), want);
}

START_TEST(followed_quantiles_agree_with_a_list_at_every_moment) {
  static const double qs[] = {0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1, 0.333};
  enum { QS = sizeof qs / sizeof *qs };
  uint64_t x = 7 + (uint64_t)_i;
  set_up();
  live_count = 0;
  for (int i = 0; i < QS - 1; i++) ck_assert(mf_histogram_track(&h, qs[i]));
  for (int step = 0; step < 1500; step++) {
    uint64_t r = next_random(&x);
    /* Grows and shrinks in turn, through empty. */
    if ((r & 7) < (step / 200 % 2 ? 2u : 6u))
      add_one(random_length(&x, (unsigned)_i % 3));
    else
      remove_one(r >> 8);
    if (r >> 60 < 10) check_quantile(qs[(r >> 32) % QS]);
  }
  double sum = 0;
  for (int i = 0; i < live_count; i++) sum += (double)live[i];
  ck_assert_double_eq(h.sum, sum);
  ck_assert_uint_eq(h.count, (uint64_t)live_count);
}
END_TEST

START_TEST(what_was_added_since_is_as_if_it_were_alone) {
  static mf_histogram h, earlier, since, alone;
  h = alone = (mf_histogram){.count = 0};
  for (int64_t i = 1; i < 5000; i++) mf_histogram_add(&h, i * i * 37);
  earlier = h;
  mf_histogram_since(&since, &h, &earlier);
  ck_assert_uint_eq(since.count, 0);
  ck_assert_int_eq(mf_histogram_quantile(&since, 0.5), 0);
  for (int64_t i = 100; i < 900; i++) {
    mf_histogram_add(&h, i * 7001);
    mf_histogram_add(&alone, i * 7001);
  }
  mf_histogram_since(&since, &h, &earlier);
  ck_assert_uint_eq(since.count, alone.count);
  ck_assert_double_eq(since.sum, alone.sum);
  for (int percent = 1; percent < 100; percent++)
    ck_assert_int_eq(mf_histogram_quantile(&since, percent / 100.0),
                     mf_histogram_quantile(&alone, percent / 100.0));
  ck_assert_double_eq_tol((double)since.min, (double)alone.min, (double)alone.min * 0.004);
  ck_assert_double_eq_tol((double)since.max, (double)alone.max, (double)alone.max * 0.004);
}
END_TEST

START_TEST(no_more_than_eight_quantiles_are_followed) {
  for (int i = 0; i < MF_TRACKED_QUANTILES; i++) ck_assert(mf_histogram_track(&h, i / 10.0));
  ck_assert(mf_histogram_track(&h, 0.3)); /* again */
  ck_assert(!mf_histogram_track(&h, 0.99));
  for (int64_t i = 1; i <= 100; i++) mf_histogram_add(&h, i);
  ck_assert_int_eq(mf_histogram_tracked(&h, 0.99), 99);
  ck_assert_int_eq(mf_histogram_tracked(&h, 0.3), 30);
}
END_TEST

START_TEST(a_quantile_that_is_no_number_is_the_least) {
  ck_assert(mf_histogram_track(&h, NAN));
  ck_assert(mf_histogram_track(&h, -1));
  ck_assert(mf_histogram_track(&h, 2));
  ck_assert_uint_eq(h.tracked.count, 2);
  for (int64_t i = 1; i <= 10; i++) mf_histogram_add(&h, i);
  ck_assert_int_eq(mf_histogram_tracked(&h, NAN), 1);
  ck_assert_int_eq(mf_histogram_tracked(&h, 2), 10);
}
END_TEST

START_TEST(taking_out_the_last_value_empties_it) {
  mf_histogram_add(&h, 300);
  mf_histogram_add(&h, 5);
  mf_histogram_remove(&h, 70000); /* is not there */
  ck_assert_uint_eq(h.count, 2);
  mf_histogram_remove(&h, 300);
  ck_assert_int_eq(h.max, 300); /* a bound */
  ck_assert_int_eq(mf_histogram_quantile(&h, 0), 300);
  mf_histogram_remove(&h, 5);
  ck_assert(memcmp(&h, &other, sizeof h) == 0);
}
END_TEST

START_TEST(followed_quantiles_survive_a_merge) {
  ck_assert(mf_histogram_track(&h, 0.5));
  for (int64_t i = 1; i <= 99; i++) mf_histogram_add(&h, 1000 * i);
  ck_assert_int_eq(mf_histogram_tracked(&h, 0.5), mf_histogram_quantile(&h, 0.5));
  for (int64_t i = 1; i <= 500; i++) mf_histogram_add(&other, i);
  mf_histogram_merge(&h, &other);
  ck_assert_int_eq(mf_histogram_tracked(&h, 0.5), mf_histogram_quantile(&h, 0.5));
  mf_histogram_add(&h, 3);
  ck_assert_int_eq(mf_histogram_tracked(&h, 0.5), mf_histogram_quantile(&h, 0.5));
}
END_TEST

/* A bound is met within half a bucket, 0.4 %. */
START_TEST(values_up_to_a_bound_agree_with_a_list) {
  enum { N = 2000 };
  static int64_t values[N];
  srand48(5);
  for (int i = 0; i < N; i++) {
    values[i] = (int64_t)exp(drand48() * 28);
    mf_histogram_add(&h, values[i]);
  }
  uint64_t before = 0;
  for (double bound = 1; bound < 3e12; bound *= 1.07) {
    uint64_t surely = 0, perhaps = 0;
    for (int i = 0; i < N; i++) {
      surely += (double)values[i] <= floor(bound) * 0.996;
      perhaps += (double)values[i] <= floor(bound) * 1.004;
    }
    const uint64_t n = mf_histogram_at_most(&h, (int64_t)bound);
    ck_assert_msg(surely <= n && n <= perhaps && before <= n, "%g", bound);
    before = n;
  }
  ck_assert_uint_eq(before, N);
  ck_assert_uint_eq(mf_histogram_at_most(&h, -1), 0);
  ck_assert_uint_eq(mf_histogram_at_most(&h, INT64_MAX), N);
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
  tcase_add_loop_test(tc, followed_quantiles_agree_with_a_list_at_every_moment, 0, 12);
  tcase_add_test(tc, what_was_added_since_is_as_if_it_were_alone);
  tcase_add_test(tc, no_more_than_eight_quantiles_are_followed);
  tcase_add_test(tc, a_quantile_that_is_no_number_is_the_least);
  tcase_add_test(tc, taking_out_the_last_value_empties_it);
  tcase_add_test(tc, followed_quantiles_survive_a_merge);
  tcase_add_test(tc, values_up_to_a_bound_agree_with_a_list);
  suite_add_tcase(suite, tc);
  return suite;
}
