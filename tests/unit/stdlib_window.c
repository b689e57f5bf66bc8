/* SPDX-License-Identifier: MIT */
#include "../../stdlib/window.h"

#include "sample_list.h"

Suite *stdlib_window_suite(void);

#define MS 1000000LL
#define SECOND (1000 * MS)
#define START (-3 * SECOND) /* any clock */

static mf_counting_alloc memory;
static mf_arena arena;
static mf_window w;

static void set_up(void) {
  memory = (mf_counting_alloc){.inner = mf_alloc_default()};
  mf_alloc a = mf_counting_alloc_as_alloc(&memory);
  mf_arena_init(&arena, &a, 0);
}
static void tear_down(void) { mf_arena_fini(&arena); }

static void begin(unsigned kind, int64_t length_ns) {
  ck_assert_int_eq(mf_window_init(&w, &arena, kind, length_ns, START), MF_OK);
}
static bool has(int64_t t, unsigned what, double n) {
  double out;
  return mf_window_read(&w, t, what, n, &out);
}
static double get(int64_t t, unsigned what, double n) {
  double out = NAN;
  ck_assert(mf_window_read(&w, t, what, n, &out));
  return out;
}

/* ---- The same as keeping every sample ---- */

enum { MOST = 4000 };
static struct {
  int64_t t; /* at which it counts */
  double value;
} log_of[MOST];
static int logged;
static int64_t seen, width; /* the latest time; of a slice */

static int64_t slice_of(int64_t t) { return (t - START) / width; }
static bool within(int i) { return slice_of(log_of[i].t) > slice_of(seen) - 20; }
static int64_t begin_of_window(void) {
  int64_t first = slice_of(seen) - 19;
  return START + (first > 0 ? first : 0) * width;
}

static double values[MOST];
static int values_in_window(void) {
  int n = 0;
  for (int i = 0; i < logged; i++)
    if (within(i)) values[n++] = log_of[i].value;
  return n;
}

static void check(int64_t t, unsigned what, double n, bool there, double want, double terms) {
  double got = NAN;
  ck_assert_int_eq(mf_window_read(&w, t, what, n, &got), there);
  if (there) check_near(got, want, terms);
}

static void check_everything(int64_t t, unsigned kind, double p) {
  if (t > seen) seen = t;
  const int n = values_in_window();
  const double seconds = (double)(seen - begin_of_window()) / 1e9;
  double sum = 0, terms = 0, last = n ? values[n - 1] : 0;
  for (int i = 0; i < n; i++) sum += values[i], terms += fabs(values[i]);
  ck_assert_uint_eq(mf_window_samples(&w, t), (uint64_t)n);
  if (kind == MF_METRIC_KIND_COUNTER) {
    check(t, MF_AGGREGATE_COUNT, 0, true, sum, terms);
    check(t, MF_AGGREGATE_RATE, 0, seconds > 0, sum / seconds, terms / seconds);
    return;
  }
  if (kind == MF_METRIC_KIND_RATE) {
    check(t, MF_AGGREGATE_RATE, 0, n > 0, sum / n, 1);
    return;
  }
  const double q = n ? listed_quantile(values, n, p / 100) : 0; /* sorts */
  check(t, MF_AGGREGATE_MIN, 0, n > 0, values[0], 0);
  check(t, MF_AGGREGATE_MAX, 0, n > 0, n ? values[n - 1] : 0, 0);
  if (kind == MF_METRIC_KIND_GAUGE) {
    check(t, MF_AGGREGATE_VALUE, 0, n > 0, last, 0);
    return;
  }
  check(t, MF_AGGREGATE_COUNT, 0, true, n, 0);
  check(t, MF_AGGREGATE_AVG, 0, n > 0, sum / n, terms / n);
  check(t, MF_AGGREGATE_P, p, n > 0, q, 0);
  check(t, MF_AGGREGATE_MED, 0, n > 0, n ? listed_quantile(values, n, 0.5) : 0, 0);
}

/* Mostly close together; at times late, a slice later, or past the whole window. */
static int64_t random_time(uint64_t *x, int64_t length) {
  const uint64_t r = next_random(x);
  const int64_t step = (int64_t)((r >> 16) % (uint64_t)(length / 40));
  switch (r % 64) {
    case 0: return seen + length + step;
    case 1: return seen + 3 * length;
    case 2: return seen + length / 20;
    case 3: return seen - length / 3;
    case 4: return seen + (width - (seen - START) % width); /* the next slice's first moment */
    case 5: return START - SECOND;
    default: return seen + step / (1 + (int64_t)(r >> 8) % 32);
  }
}

START_TEST(agrees_with_a_list_of_all_samples) {
  static const double ps[] = {95, 99, 50, 0, 100, 12.5};
  static const int64_t lengths[] = {10 * SECOND, SECOND + 7, MS};
  const unsigned kind = (unsigned)_i % 4, shape = (unsigned)_i / 4 % SHAPES;
  const int64_t length = lengths[_i / 16];
  uint64_t x = 1000 + (uint64_t)_i;
  begin(kind, length);
  ck_assert_int_eq(mf_window_track(&w, 95), kind == MF_METRIC_KIND_TREND);
  mf_window_track(&w, 50);
  seen = START;
  width = length / 20;
  logged = 0;
  for (int step = 0; step < 2500; step++) {
    const int64_t t = random_time(&x, length);
    if (next_random(&x) % 4) {
      double value = random_value(&x, shape);
      ck_assert(mf_window_add(&w, t, value));
      if (t > seen) seen = t;
      if (kind == MF_METRIC_KIND_RATE) value = value != 0;
      log_of[logged].t = seen;
      log_of[logged++].value = value;
    }
    if (step % 2) check_everything(seen, kind, ps[next_random(&x) % 6]);
    if (step % 7 == 0) check_everything(t, kind, ps[next_random(&x) % 6]);
  }
  ck_assert_uint_eq(w.misplaced, 0);
}
END_TEST

/* ---- Rules of their own ---- */

START_TEST(a_slice_leaves_as_a_whole) {
  begin(MF_METRIC_KIND_TREND, 20 * SECOND);
  mf_window_add(&w, START, 7);
  mf_window_add(&w, START + SECOND - 1, 9);
  mf_window_add(&w, START + SECOND, 11);
  ck_assert_double_eq(get(START + 20 * SECOND - 1, MF_AGGREGATE_COUNT, 0), 3);
  ck_assert_double_eq(get(START + 20 * SECOND, MF_AGGREGATE_COUNT, 0), 1);
  ck_assert_double_eq(get(START + 20 * SECOND, MF_AGGREGATE_MIN, 0), 11);
  ck_assert_double_eq(get(START + 21 * SECOND, MF_AGGREGATE_COUNT, 0), 0);
}
END_TEST

START_TEST(late_samples_count_now) {
  begin(MF_METRIC_KIND_TREND, 20 * SECOND);
  mf_window_add(&w, START + 30 * SECOND, 1);
  mf_window_add(&w, START, 2);
  ck_assert_double_eq(get(START + 49 * SECOND, MF_AGGREGATE_COUNT, 0), 2);
  ck_assert_double_eq(get(START, MF_AGGREGATE_COUNT, 0), 2); /* so do readers */
  ck_assert_double_eq(get(START + 50 * SECOND, MF_AGGREGATE_COUNT, 0), 0);
}
END_TEST

START_TEST(a_rate_is_over_the_time_that_the_window_holds) {
  begin(MF_METRIC_KIND_COUNTER, 20 * SECOND);
  ck_assert(!has(START, MF_AGGREGATE_RATE, 0)); /* no time yet */
  mf_window_add(&w, START, 60);
  ck_assert_double_eq(get(START + 6 * SECOND, MF_AGGREGATE_RATE, 0), 10);
  mf_window_add(&w, START + 30 * SECOND, 39);
  /* From 11 s on, for 19.5 s. */
  ck_assert_double_eq(get(START + 30 * SECOND + 500 * MS, MF_AGGREGATE_RATE, 0), 2);
}
END_TEST

START_TEST(an_empty_window_has_no_values_but_a_count) {
  static const unsigned all[] = {MF_AGGREGATE_MIN, MF_AGGREGATE_MAX, MF_AGGREGATE_AVG,
                                 MF_AGGREGATE_MED, MF_AGGREGATE_P,   MF_AGGREGATE_VALUE};
  for (unsigned kind = 0; kind < 4; kind++) {
    begin(kind, SECOND);
    mf_window_add(&w, START, 1);
    const int64_t t = START + 5 * SECOND;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) ck_assert(!has(t, all[i], 50));
    const bool counts = kind == MF_METRIC_KIND_TREND || kind == MF_METRIC_KIND_COUNTER;
    ck_assert_int_eq(has(t, MF_AGGREGATE_COUNT, 0), counts);
    ck_assert_int_eq(has(t, MF_AGGREGATE_RATE, 0), kind == MF_METRIC_KIND_COUNTER);
    ck_assert_uint_eq(mf_window_samples(&w, t), 0);
  }
}
END_TEST

START_TEST(what_cannot_be_asked_is_refused_when_there_is_data_too) {
  begin(MF_METRIC_KIND_TREND, SECOND);
  mf_window_add(&w, START, 1);
  ck_assert(!has(START + 1, MF_AGGREGATE_RATE, 0));
  ck_assert(!has(START + 1, MF_AGGREGATE_VALUE, 0));
  ck_assert(!has(START + 1, MF_AGGREGATE_P, 101));
}
END_TEST

START_TEST(full_after_its_whole_length) {
  begin(MF_METRIC_KIND_RATE, 10 * SECOND);
  ck_assert(!mf_window_full(&w, START));
  ck_assert(!mf_window_full(&w, START + 10 * SECOND - 1));
  ck_assert(mf_window_full(&w, START + 10 * SECOND));
  mf_window_add(&w, START + 10 * SECOND, 1);
  ck_assert(mf_window_full(&w, START)); /* time does not go back */
}
END_TEST

START_TEST(silence_is_the_time_since_the_latest_sample) {
  int64_t ns = -1;
  begin(MF_METRIC_KIND_TREND, 10 * SECOND);
  ck_assert(!mf_window_silence(&w, START + 99 * SECOND, &ns));
  mf_window_add(&w, START + SECOND, 1);
  mf_window_add(&w, START, 1); /* late */
  ck_assert(mf_window_silence(&w, START + 4 * SECOND, &ns));
  ck_assert_int_eq(ns, 3 * SECOND);
  ck_assert(mf_window_silence(&w, START, &ns));
  ck_assert_int_eq(ns, 0);
}
END_TEST

START_TEST(what_is_no_finite_number_is_not_counted) {
  begin(MF_METRIC_KIND_TREND, SECOND);
  ck_assert(!mf_window_add(&w, START, NAN));
  ck_assert(!mf_window_add(&w, START, INFINITY));
  ck_assert_uint_eq(mf_window_samples(&w, START), 0);
}
END_TEST

START_TEST(a_huge_value_leaves_no_trace) {
  begin(MF_METRIC_KIND_TREND, 20 * SECOND);
  mf_window_add(&w, START, DBL_MAX);
  mf_window_add(&w, START, DBL_MAX);
  mf_window_add(&w, START + 5 * SECOND, 0.1);
  ck_assert(!has(START + 19 * SECOND, MF_AGGREGATE_AVG, 0));
  ck_assert_double_eq(get(START + 20 * SECOND, MF_AGGREGATE_AVG, 0), 0.1);
  ck_assert_double_eq(get(START + 20 * SECOND, MF_AGGREGATE_MAX, 0), 0.1);
}
END_TEST

START_TEST(a_very_short_length_is_a_millisecond) {
  begin(MF_METRIC_KIND_COUNTER, 0);
  ck_assert_int_eq(w.length_ns, MS);
  begin(MF_METRIC_KIND_COUNTER, -5);
  ck_assert_int_eq(w.length_ns, MS);
}
END_TEST

START_TEST(far_times_are_no_trouble) {
  const int64_t far = (int64_t)1 << 62;
  ck_assert_int_eq(mf_window_init(&w, &arena, MF_METRIC_KIND_COUNTER, MS, -far), MF_OK);
  mf_window_add(&w, -far, 1);
  ck_assert_double_eq(get(far - 1, MF_AGGREGATE_COUNT, 0), 0);
  mf_window_add(&w, far - 1, 3);
  ck_assert_double_eq(get(far, MF_AGGREGATE_COUNT, 0), 3);
}
END_TEST

/* ---- Memory ---- */

/* All 189 powers in each slice need 3,780 pages, and there are 660. */
START_TEST(without_pages_values_go_to_the_nearest_power) {
  uint64_t x = 17;
  begin(MF_METRIC_KIND_TREND, 20 * SECOND);
  mf_window_track(&w, 50);
  for (int i = 0; i < 40000; i++) {
    const int64_t t = START + i * MS;
    const int power = (int)(next_random(&x) % 94) - 30;
    ck_assert(mf_window_add(&w, t, ldexp(next_random(&x) & 1 ? 1.5 : -1.5, power)));
    ck_assert_uint_ge(w.pages_free, w.bare);
    if (i % 100) continue;
    const double low = get(t, MF_AGGREGATE_MIN, 0), high = get(t, MF_AGGREGATE_MAX, 0);
    const double middle = get(t, MF_AGGREGATE_MED, 0);
    ck_assert(middle >= low && middle <= high);
    ck_assert_double_eq(middle, mf_value_histogram_quantile(w.total.values, 0.5, low, high));
    ck_assert_uint_eq(w.total.values->count, mf_window_samples(&w, t));
  }
  ck_assert_uint_gt(w.misplaced, 1000);
  /* And when they have left, all is as it was. */
  const uint64_t misplaced = w.misplaced;
  logged = 0;
  for (int i = 0; i < 2000; i++) {
    values[i] = random_value(&x, 0);
    mf_window_add(&w, START + 70 * SECOND + i * MS, values[i]);
  }
  const double want = listed_quantile(values, 2000, 0.5);
  ck_assert_double_eq(get(START + 72 * SECOND, MF_AGGREGATE_MED, 0), want);
  ck_assert_uint_eq(w.misplaced, misplaced);
}
END_TEST

/* 1 us to an hour, in ms: 32 powers, each in each slice. */
START_TEST(latencies_always_have_a_page) {
  begin(MF_METRIC_KIND_TREND, 20 * SECOND);
  for (int slice = 0; slice < 100; slice++)
    for (double ms = 0.001; ms <= 3600000; ms *= 1.9) mf_window_add(&w, START + slice * SECOND, ms);
  ck_assert_uint_eq(w.misplaced, 0);
}
END_TEST

START_TEST(a_count_that_is_full_stays) {
  begin(MF_METRIC_KIND_TREND, 20 * SECOND);
  mf_window_add(&w, START, 5);
  const uint32_t bucket = mf_value_bucket(5), group = bucket / MF_VALUE_PER_POWER;
  const unsigned number = w.pages_of[w.current][group];
  mf_value_histogram *total = w.total.values;
  /* As if 2^32 - 1 had come. */
  w.pages[number - 1][bucket % MF_VALUE_PER_POWER] = UINT32_MAX;
  total->pages[total->page_of[group] * MF_VALUE_PER_POWER + bucket % MF_VALUE_PER_POWER] =
      UINT32_MAX;
  total->groups[group] = total->count = UINT32_MAX;
  mf_window_add(&w, START, 5);
  ck_assert_double_eq(get(START, MF_AGGREGATE_COUNT, 0), 2);
  mf_window_add(&w, START + 60 * SECOND, 8);
  ck_assert_uint_eq(total->count, 1);
  ck_assert_double_eq(get(START + 60 * SECOND, MF_AGGREGATE_P, 0), 8);
}
END_TEST

START_TEST(memory_is_asked_for_at_the_start_only) {
  begin(MF_METRIC_KIND_TREND, SECOND);
  const uint64_t calls = memory.calls;
  uint64_t x = 1;
  for (int i = 0; i < 20000; i++) mf_window_add(&w, START + i * MS, random_value(&x, 1));
  ck_assert_uint_eq(memory.calls, calls);
  mf_arena exact;
  mf_arena_init(&exact, NULL, 280 * 1000);
  ck_assert_int_eq(mf_window_init(&w, &exact, MF_METRIC_KIND_TREND, SECOND, START), MF_OK);
  mf_arena_fini(&exact);
  ck_assert_uint_le(sizeof w, 1024);
}
END_TEST

START_TEST(only_trends_need_an_arena) {
  mf_arena none;
  mf_arena_init(&none, NULL, 1);
  for (unsigned kind = 0; kind < 4; kind++) {
    const bool trend = kind == MF_METRIC_KIND_TREND;
    ck_assert_int_eq(mf_window_init(&w, &none, kind, SECOND, START),
                     trend ? MF_OUT_OF_MEMORY : MF_OK);
  }
  mf_arena_fini(&none);
}
END_TEST

START_TEST(running_out_of_memory_is_said_at_every_allocation) {
  bool worked = false;
  for (uint64_t fail_at = 1; !worked; fail_at++) {
    mf_counting_alloc failing = {.inner = mf_alloc_default(), .fail_at = fail_at};
    mf_alloc a = mf_counting_alloc_as_alloc(&failing);
    mf_arena own;
    mf_arena_init(&own, &a, 0);
    mf_status status = mf_window_init(&w, &own, MF_METRIC_KIND_TREND, SECOND, START);
    worked = failing.calls < fail_at;
    ck_assert_int_eq(status, worked ? MF_OK : MF_OUT_OF_MEMORY);
    mf_arena_fini(&own);
    ck_assert_uint_eq(failing.in_use, 0);
  }
}
END_TEST

Suite *stdlib_window_suite(void) {
  Suite *suite = suite_create("stdlib_window");
  TCase *tc = tcase_create("window");
  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_loop_test(tc, agrees_with_a_list_of_all_samples, 0, 48);
  tcase_add_test(tc, a_slice_leaves_as_a_whole);
  tcase_add_test(tc, late_samples_count_now);
  tcase_add_test(tc, a_rate_is_over_the_time_that_the_window_holds);
  tcase_add_test(tc, an_empty_window_has_no_values_but_a_count);
  tcase_add_test(tc, what_cannot_be_asked_is_refused_when_there_is_data_too);
  tcase_add_test(tc, full_after_its_whole_length);
  tcase_add_test(tc, silence_is_the_time_since_the_latest_sample);
  tcase_add_test(tc, what_is_no_finite_number_is_not_counted);
  tcase_add_test(tc, a_huge_value_leaves_no_trace);
  tcase_add_test(tc, a_very_short_length_is_a_millisecond);
  tcase_add_test(tc, far_times_are_no_trouble);
  tcase_add_test(tc, without_pages_values_go_to_the_nearest_power);
  tcase_add_test(tc, latencies_always_have_a_page);
  tcase_add_test(tc, a_count_that_is_full_stays);
  tcase_add_test(tc, memory_is_asked_for_at_the_start_only);
  tcase_add_test(tc, only_trends_need_an_arena);
  tcase_add_test(tc, running_out_of_memory_is_said_at_every_allocation);
  suite_add_tcase(suite, tc);
  return suite;
}
