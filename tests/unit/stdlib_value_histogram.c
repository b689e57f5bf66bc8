/* SPDX-License-Identifier: MIT */
#include "../../stdlib/value_histogram.h"

#include "sample_list.h"

Suite *stdlib_value_histogram_suite(void);

static mf_counting_alloc memory;
static mf_arena arena;
static mf_value_histogram h, other;

static void set_up(void) {
  memory = (mf_counting_alloc){.inner = mf_alloc_default()};
  mf_alloc a = mf_counting_alloc_as_alloc(&memory);
  mf_arena_init(&arena, &a, 0);
  ck_assert_int_eq(mf_value_histogram_init(&h, &arena), MF_OK);
  ck_assert_int_eq(mf_value_histogram_init(&other, &arena), MF_OK);
}
static void tear_down(void) { mf_arena_fini(&arena); }

static void add(mf_value_histogram *to, double value) {
  mf_value_histogram_add(to, mf_value_bucket(value));
}

START_TEST(an_empty_one_is_zero) {
  ck_assert_double_eq(mf_value_histogram_quantile(&h, 0.5, 0, 0), 0);
}
END_TEST

START_TEST(every_value_is_within_one_percent) {
  for (double v = 0x1p-30; v < 0x1p64; v *= 1.00371) {
    ck_assert_double_le(fabs(mf_value_middle(mf_value_bucket(v)) - v), 0.008 * v);
    ck_assert_double_le(fabs(mf_value_middle(mf_value_bucket(-v)) + v), 0.008 * v);
    ck_assert_double_eq(mf_value_middle(mf_value_bucket(v)), middle_of(v));
    ck_assert_double_eq(mf_value_middle(mf_value_bucket(-v)), middle_of(-v));
  }
}
END_TEST

START_TEST(buckets_are_in_the_order_of_values) {
  static double values[40000];
  const int n = sizeof values / sizeof *values;
  uint64_t x = 11;
  for (int i = 0; i < n; i++) values[i] = random_value(&x, 1);
  qsort(values, (size_t)n, sizeof *values, by_size);
  for (int i = 1; i < n; i++)
    ck_assert_uint_le(mf_value_bucket(values[i - 1]), mf_value_bucket(values[i]));
}
END_TEST

START_TEST(neighbours_at_each_power_are_kept_apart) {
  for (int power = -30; power < 64; power++) {
    const double edge = ldexp(1, power), before = nextafter(edge, 0);
    ck_assert_uint_eq(mf_value_bucket(before) < mf_value_bucket(edge), 1);
    ck_assert_uint_eq(mf_value_bucket(-edge) < mf_value_bucket(-before), 1);
  }
}
END_TEST

START_TEST(what_is_out_of_range_has_the_nearest_bucket) {
  const uint32_t zero = mf_value_bucket(0), top = mf_value_bucket(DBL_MAX);
  ck_assert_double_eq(mf_value_middle(zero), 0);
  ck_assert_uint_eq(mf_value_bucket(-0.0), zero);
  ck_assert_uint_eq(mf_value_bucket(DBL_TRUE_MIN), zero);
  ck_assert_uint_eq(mf_value_bucket(nextafter(0x1p-30, 0)), zero);
  ck_assert_uint_eq(mf_value_bucket(nextafter(-0x1p-30, 0)), zero);
  ck_assert_uint_eq(mf_value_bucket(INFINITY), top);
  ck_assert_uint_eq(mf_value_bucket(nextafter(0x1p64, 0)), top);
  ck_assert_uint_eq(top, MF_VALUE_GROUPS * MF_VALUE_PER_POWER - 1);
  ck_assert_uint_eq(mf_value_bucket(-INFINITY), 0);
  ck_assert_uint_eq(mf_value_bucket(-DBL_MAX), 0);
}
END_TEST

/* The reported middle never leaves what was seen. */
START_TEST(answers_lie_within_min_and_max) {
  for (int i = 0; i < 3; i++) add(&h, 1e300);
  ck_assert_double_eq(mf_value_histogram_quantile(&h, 0.1, 1e300, 1e300), 1e300);
  for (int i = 0; i < 9; i++) add(&h, -2.001);
  ck_assert_double_eq(mf_value_histogram_quantile(&h, 0.1, -2.001, 1e300), -2.001);
}
END_TEST

enum { MOST = 600 };

/* In groups, as a window's slices come and go. */
START_TEST(followed_quantiles_agree_with_a_list_at_every_moment) {
  static const double qs[] = {0, 0.05, 0.5, 0.9, 0.99, 1, 0.777};
  static double values[MOST], sorted[MOST];
  static uint32_t taken[MF_VALUE_PER_POWER];
  int n = 0;
  uint64_t x = 3 + (uint64_t)_i;
  for (int i = 0; i < 6; i++) ck_assert(mf_value_histogram_track(&h, qs[i]));
  for (int step = 0; step < 3000; step++) {
    const uint64_t r = next_random(&x);
    if (n == MOST || (n > 0 && r % 64 == 0)) {
      const uint32_t group = mf_value_bucket(values[r % (unsigned)n]) / MF_VALUE_PER_POWER;
      int kept = 0;
      memset(taken, 0, sizeof taken);
      for (int i = 0; i < n; i++) {
        const uint32_t bucket = mf_value_bucket(values[i]);
        if (bucket / MF_VALUE_PER_POWER == group)
          taken[bucket % MF_VALUE_PER_POWER]++;
        else
          values[kept++] = values[i];
      }
      n = kept;
      mf_value_histogram_remove(&h, group, taken);
    } else {
      values[n++] = random_value(&x, (unsigned)_i);
      add(&h, values[n - 1]);
    }
    ck_assert_uint_eq(h.count, (uint64_t)n);
    if (n == 0) continue;
    memcpy(sorted, values, sizeof *values * (size_t)n);
    const double q = qs[(r >> 32) % 7], want = listed_quantile(sorted, n, q);
    const double low = sorted[0], high = sorted[n - 1];
    ck_assert_double_eq(mf_value_histogram_tracked(&h, q, low, high), want);
    ck_assert_double_eq(mf_value_histogram_quantile(&h, q, low, high), want);
  }
}
END_TEST

START_TEST(merging_is_adding) {
  uint64_t x = 99;
  ck_assert(mf_value_histogram_track(&h, 0.5));
  static double values[2000];
  for (int i = 0; i < 2000; i++) {
    values[i] = random_value(&x, 1);
    add(i % 3 ? &h : &other, values[i]);
    mf_value_histogram_tracked(&h, 0.5, -INFINITY, INFINITY);
  }
  mf_value_histogram_merge(&h, &other);
  const double want = listed_quantile(values, 2000, 0.5);
  ck_assert_uint_eq(h.count, 2000);
  ck_assert_double_eq(mf_value_histogram_tracked(&h, 0.5, values[0], values[1999]), want);
}
END_TEST

START_TEST(every_power_has_a_page_and_no_more_memory_is_asked_for) {
  const uint64_t calls = memory.calls;
  for (int power = -40; power < 80; power++) {
    add(&h, ldexp(1.3, power));
    add(&h, ldexp(-1.3, power));
  }
  add(&h, 0);
  ck_assert_uint_eq(h.pages_used, 1 + MF_VALUE_GROUPS);
  ck_assert_uint_eq(memory.calls, calls);
  ck_assert_double_eq(mf_value_histogram_quantile(&h, 0.5, -1e30, 1e30), 0);
}
END_TEST

START_TEST(running_out_of_memory_is_said) {
  mf_arena small;
  mf_arena_init(&small, NULL, 4096);
  ck_assert_int_eq(mf_value_histogram_init(&h, &small), MF_OUT_OF_MEMORY);
  mf_arena_fini(&small);
}
END_TEST

Suite *stdlib_value_histogram_suite(void) {
  Suite *suite = suite_create("stdlib_value_histogram");
  TCase *tc = tcase_create("value_histogram");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, an_empty_one_is_zero);
  tcase_add_test(tc, every_value_is_within_one_percent);
  tcase_add_test(tc, buckets_are_in_the_order_of_values);
  tcase_add_test(tc, neighbours_at_each_power_are_kept_apart);
  tcase_add_test(tc, what_is_out_of_range_has_the_nearest_bucket);
  tcase_add_test(tc, answers_lie_within_min_and_max);
  tcase_add_loop_test(tc, followed_quantiles_agree_with_a_list_at_every_moment, 0, 2 * SHAPES);
  tcase_add_test(tc, merging_is_adding);
  tcase_add_test(tc, every_power_has_a_page_and_no_more_memory_is_asked_for);
  tcase_add_test(tc, running_out_of_memory_is_said);
  suite_add_tcase(suite, tc);
  return suite;
}
