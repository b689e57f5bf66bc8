/* SPDX-License-Identifier: MIT */
#include "../../stdlib/series.h"

#include <stdio.h>

#include "sample_list.h"

Suite *stdlib_series_suite(void);

static mf_counting_alloc memory;
static mf_arena arena;
static mf_series s, other;

static void set_up(void) {
  memory = (mf_counting_alloc){.inner = mf_alloc_default()};
  mf_alloc a = mf_counting_alloc_as_alloc(&memory);
  mf_arena_init(&arena, &a, 0);
}
static void tear_down(void) { mf_arena_fini(&arena); }

static void begin(mf_series *series, unsigned kind) {
  ck_assert_int_eq(mf_series_init(series, &arena, kind), MF_OK);
}
static double get(unsigned what, double n, int64_t elapsed_ns) {
  double out = NAN;
  ck_assert(mf_series_read(&s, what, n, elapsed_ns, &out));
  return out;
}
static bool has(unsigned what, double n, int64_t elapsed_ns) {
  double out;
  return mf_series_read(&s, what, n, elapsed_ns, &out);
}
#define SECOND 1000000000LL

enum { AGGREGATES = 8 };
/* Of the table of all enumerations, the words of this one. */
static const char *word_of(unsigned what) {
  static const struct {
    const char *type, *word;
    unsigned code;
  } all[] = {
#define MF_ENUM(type, name, code, word) {#type, word, code},
#include "../../image/kinds.def"
#undef MF_ENUM
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (strcmp(all[i].type, "AGGREGATE") == 0 && all[i].code == what) return all[i].word;
  return NULL;
}

/* What k6 knows, and the number of samples of a trend. */
static const char *const legal[4] = {
    [MF_METRIC_KIND_TREND] = "count min max avg med p",
    [MF_METRIC_KIND_COUNTER] = "count rate",
    [MF_METRIC_KIND_RATE] = "rate",
    [MF_METRIC_KIND_GAUGE] = "value min max",
};
static bool lists(const char *words, const char *word) {
  char padded[64], wanted[16];
  snprintf(padded, sizeof padded, " %s ", words);
  snprintf(wanted, sizeof wanted, " %s ", word);
  return strstr(padded, wanted) != NULL;
}

START_TEST(each_kind_has_its_aggregations_and_no_other) {
  for (unsigned kind = 0; kind < 4; kind++) {
    begin(&s, kind);
    mf_series_add(&s, 1);
    for (unsigned what = 0; what < AGGREGATES; what++) {
      const bool want = lists(legal[kind], word_of(what));
      ck_assert_int_eq(mf_aggregate_legal(what, kind), want);
      ck_assert_int_eq(has(what, 50, SECOND), want);
    }
  }
  ck_assert_ptr_null(word_of(AGGREGATES));
  ck_assert(!mf_aggregate_legal(AGGREGATES, MF_METRIC_KIND_TREND));
  ck_assert(!mf_aggregate_legal(MF_AGGREGATE_COUNT, 77));
}
END_TEST

START_TEST(without_samples_there_is_no_data) {
  for (unsigned kind = 0; kind < 4; kind++) {
    begin(&s, kind);
    for (unsigned what = 0; what < AGGREGATES; what++) ck_assert(!has(what, 50, SECOND));
  }
}
END_TEST

START_TEST(a_counter_is_its_total_and_that_per_second) {
  begin(&s, MF_METRIC_KIND_COUNTER);
  mf_series_add(&s, 5);
  mf_series_add(&s, 2.5);
  ck_assert_double_eq(get(MF_AGGREGATE_COUNT, 0, 0), 7.5);
  ck_assert_double_eq(get(MF_AGGREGATE_RATE, 0, 3 * SECOND), 2.5);
  ck_assert(!has(MF_AGGREGATE_RATE, 0, 0));
  ck_assert(!has(MF_AGGREGATE_RATE, 0, -SECOND));
}
END_TEST

START_TEST(a_rate_is_the_share_of_what_is_not_zero) {
  begin(&s, MF_METRIC_KIND_RATE);
  static const double samples[] = {1, 0, -3, 0.5, 0, 0, 1e300, 0};
  for (int i = 0; i < 8; i++) ck_assert(mf_series_add(&s, samples[i]));
  ck_assert_double_eq(get(MF_AGGREGATE_RATE, 0, 0), 0.5);
}
END_TEST

START_TEST(a_gauge_is_its_latest_value) {
  begin(&s, MF_METRIC_KIND_GAUGE);
  mf_series_add(&s, -5);
  mf_series_add(&s, 9);
  mf_series_add(&s, 2);
  ck_assert_double_eq(get(MF_AGGREGATE_VALUE, 0, 0), 2);
  ck_assert_double_eq(get(MF_AGGREGATE_MIN, 0, 0), -5);
  ck_assert_double_eq(get(MF_AGGREGATE_MAX, 0, 0), 9);
}
END_TEST

START_TEST(what_is_no_finite_number_is_not_counted) {
  for (unsigned kind = 0; kind < 4; kind++) {
    begin(&s, kind);
    ck_assert(!mf_series_add(&s, NAN));
    ck_assert(!mf_series_add(&s, INFINITY));
    ck_assert(!mf_series_add(&s, -INFINITY));
    ck_assert_uint_eq(s.sums.count, 0);
  }
}
END_TEST

START_TEST(a_mean_that_is_no_finite_number_is_no_data) {
  begin(&s, MF_METRIC_KIND_TREND);
  mf_series_add(&s, DBL_MAX);
  mf_series_add(&s, DBL_MAX);
  ck_assert(!has(MF_AGGREGATE_AVG, 0, 0));
  ck_assert_double_eq(get(MF_AGGREGATE_P, 10, 0), DBL_MAX);
}
END_TEST

START_TEST(percents_go_from_0_to_100) {
  begin(&s, MF_METRIC_KIND_TREND);
  for (int i = 1; i <= 1000; i++) mf_series_add(&s, i);
  ck_assert_double_eq(get(MF_AGGREGATE_P, 0, 0), 1);
  ck_assert_double_eq(get(MF_AGGREGATE_P, 100, 0), 1000);
  ck_assert_double_le(fabs(get(MF_AGGREGATE_P, 99.9, 0) - 999), 8);
  ck_assert_double_eq(get(MF_AGGREGATE_MED, 7, 0), get(MF_AGGREGATE_P, 50, 0));
  ck_assert(!has(MF_AGGREGATE_P, -0.1, 0));
  ck_assert(!has(MF_AGGREGATE_P, 100.1, 0));
  ck_assert(!has(MF_AGGREGATE_P, NAN, 0));
  ck_assert(!mf_series_track(&s, NAN));
  ck_assert(!mf_series_track(&s, 101));
}
END_TEST

START_TEST(only_trends_have_percentiles_to_follow) {
  for (unsigned kind = 0; kind < 4; kind++) {
    begin(&s, kind);
    ck_assert_int_eq(mf_series_track(&s, 95), kind == MF_METRIC_KIND_TREND);
  }
}
END_TEST

START_TEST(a_latency_is_a_trend_in_milliseconds) {
  static mf_histogram h;
  double want, got;
  ck_assert(!mf_latency_read(&h, MF_AGGREGATE_COUNT, 0, &got));
  begin(&s, MF_METRIC_KIND_TREND);
  mf_histogram_track(&h, 0.95);
  uint64_t x = 4;
  for (int i = 0; i < 3000; i++) {
    const int64_t ns = (int64_t)(random_value(&x, 0) * 1e6);
    mf_histogram_add(&h, ns);
    mf_series_add(&s, (double)ns / 1e6);
  }
  for (unsigned what = 0; what < AGGREGATES; what++) {
    const bool there = mf_series_read(&s, what, 95, 0, &want);
    ck_assert_int_eq(mf_latency_read(&h, what, 95, &got), there);
    if (there) ck_assert_double_le(fabs(got - want), 0.012 * want);
  }
  ck_assert(mf_latency_read(&h, MF_AGGREGATE_P, 95, &got));
  ck_assert_double_eq(got, (double)mf_histogram_quantile(&h, 0.95) / 1e6);
  ck_assert(!mf_latency_read(&h, MF_AGGREGATE_P, 100.5, &got));
  ck_assert(!mf_latency_read(&h, MF_AGGREGATE_P, NAN, &got));
}
END_TEST

enum { SAMPLES = 400 };

/* Every aggregation after every sample, followed and not. */
START_TEST(trends_agree_with_a_list_at_every_moment) {
  static double values[SAMPLES], sorted[SAMPLES];
  uint64_t x = 21 + (uint64_t)_i;
  double sum = 0, terms = 0;
  begin(&s, MF_METRIC_KIND_TREND);
  ck_assert(mf_series_track(&s, 95));
  if (_i % 2) ck_assert(mf_series_track(&s, 50));
  for (int n = 1; n <= SAMPLES; n++) {
    const double value = values[n - 1] = random_value(&x, (unsigned)_i);
    ck_assert(mf_series_add(&s, value));
    sum += value;
    terms += fabs(value);
    memcpy(sorted, values, sizeof *values * (size_t)n);
    const double p = (double)(next_random(&x) % 1001) / 10;
    ck_assert_double_eq(get(MF_AGGREGATE_P, p, 0), listed_quantile(sorted, n, p / 100));
    ck_assert_double_eq(get(MF_AGGREGATE_P, 95, 0), listed_quantile(sorted, n, 0.95));
    ck_assert_double_eq(get(MF_AGGREGATE_MED, 0, 0), listed_quantile(sorted, n, 0.5));
    ck_assert_double_eq(get(MF_AGGREGATE_MIN, 0, 0), sorted[0]);
    ck_assert_double_eq(get(MF_AGGREGATE_MAX, 0, 0), sorted[n - 1]);
    ck_assert_double_eq(get(MF_AGGREGATE_COUNT, 0, 0), n);
    check_near(get(MF_AGGREGATE_AVG, 0, 0), sum / n, terms / n);
  }
}
END_TEST

START_TEST(merging_is_adding_in_that_order) {
  for (unsigned kind = 0; kind < 4; kind++) {
    mf_series whole;
    uint64_t x = 5 + kind;
    begin(&s, kind);
    begin(&other, kind);
    begin(&whole, kind);
    mf_series_merge(&s, &other);
    ck_assert_uint_eq(s.sums.count, 0);
    for (int i = 0; i < 1000; i++) {
      const double value = (double)(next_random(&x) % 2000) - 700;
      mf_series_add(i < 300 ? &s : &other, value);
      mf_series_add(&whole, value);
    }
    mf_series_merge(&s, &other);
    for (unsigned what = 0; what < AGGREGATES; what++) {
      double want;
      if (!mf_series_read(&whole, what, 90, SECOND, &want)) continue;
      ck_assert_double_eq(get(what, 90, SECOND), want);
    }
  }
}
END_TEST

START_TEST(merging_into_an_empty_one_is_copying) {
  begin(&s, MF_METRIC_KIND_GAUGE);
  begin(&other, MF_METRIC_KIND_GAUGE);
  mf_series_add(&other, -8);
  mf_series_merge(&s, &other);
  ck_assert_double_eq(get(MF_AGGREGATE_MAX, 0, 0), -8);
  ck_assert_double_eq(get(MF_AGGREGATE_MIN, 0, 0), -8);
}
END_TEST

START_TEST(memory_is_asked_for_at_the_start_only) {
  begin(&s, MF_METRIC_KIND_TREND);
  const uint64_t calls = memory.calls;
  uint64_t x = 1;
  for (int i = 0; i < 5000; i++) mf_series_add(&s, random_value(&x, 1));
  ck_assert_uint_eq(memory.calls, calls);
  ck_assert_uint_le(memory.in_use, 100 * 1024);
}
END_TEST

START_TEST(running_out_of_memory_is_said) {
  for (size_t limit = 64; limit <= 8192; limit *= 128) {
    mf_arena small;
    mf_arena_init(&small, NULL, limit);
    ck_assert_int_eq(mf_series_init(&s, &small, MF_METRIC_KIND_TREND), MF_OUT_OF_MEMORY);
    mf_arena_fini(&small);
  }
}
END_TEST

Suite *stdlib_series_suite(void) {
  Suite *suite = suite_create("stdlib_series");
  TCase *tc = tcase_create("series");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, each_kind_has_its_aggregations_and_no_other);
  tcase_add_test(tc, without_samples_there_is_no_data);
  tcase_add_test(tc, a_counter_is_its_total_and_that_per_second);
  tcase_add_test(tc, a_rate_is_the_share_of_what_is_not_zero);
  tcase_add_test(tc, a_gauge_is_its_latest_value);
  tcase_add_test(tc, what_is_no_finite_number_is_not_counted);
  tcase_add_test(tc, a_mean_that_is_no_finite_number_is_no_data);
  tcase_add_test(tc, percents_go_from_0_to_100);
  tcase_add_test(tc, a_latency_is_a_trend_in_milliseconds);
  tcase_add_test(tc, only_trends_have_percentiles_to_follow);
  tcase_add_loop_test(tc, trends_agree_with_a_list_at_every_moment, 0, 2 * SHAPES);
  tcase_add_test(tc, merging_is_adding_in_that_order);
  tcase_add_test(tc, merging_into_an_empty_one_is_copying);
  tcase_add_test(tc, memory_is_asked_for_at_the_start_only);
  tcase_add_test(tc, running_out_of_memory_is_said);
  suite_add_tcase(suite, tc);
  return suite;
}
