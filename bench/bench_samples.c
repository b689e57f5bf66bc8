/* SPDX-License-Identifier: MIT */
/* What a sample costs in a histogram, a window and a series, alone and with the
 * aggregation that a threshold reads after it.
 *
 *   bench_samples [MFVM FOLDER [ROW SAMPLES]]: one row so many times, unmeasured,
 *   to count instructions. */
#include "../stdlib/histogram.h"
#include "../stdlib/window.h"
#include "timing.h"

enum { VALUES = 1 << 16, BATCH = 1 << 18, MAX_ROUNDS = 40 };
/* 10,000 samples a second: a window of 10 s holds 100,000. */
#define STEP_NS 100000
#define WINDOW_NS 10000000000

static int64_t lengths[VALUES]; /* ns; long-tailed, 0.2 to 800 ms */
static double ms[VALUES];
static mf_arena arena;
static mf_histogram plain, tracked;
static mf_series trend, tracked_trend;
static mf_window window, tracked_window, counter;
static int64_t now;

static double read_window(mf_window *w, unsigned what, double n) {
  double out = 0;
  mf_window_read(w, now, what, n, &out);
  return out;
}

static void histogram_add(unsigned i) { mf_histogram_add(&plain, lengths[i]); }
static void histogram_followed(unsigned i) {
  mf_histogram_add(&tracked, lengths[i]);
  KEEP(mf_histogram_tracked(&tracked, 0.95));
}
static void histogram_searched(unsigned i) {
  mf_histogram_add(&plain, lengths[i]);
  KEEP(mf_histogram_quantile(&plain, 0.95));
}
static void series_add(unsigned i) { mf_series_add(&trend, ms[i]); }
static void series_followed(unsigned i) {
  double out = 0;
  mf_series_add(&tracked_trend, ms[i]);
  mf_series_read(&tracked_trend, MF_AGGREGATE_P, 95, 0, &out);
  must(out > 0, "no percentile");
}
static void window_add(unsigned i) { mf_window_add(&window, now += STEP_NS, ms[i]); }
static void window_followed(unsigned i) {
  mf_window_add(&tracked_window, now += STEP_NS, ms[i]);
  must(read_window(&tracked_window, MF_AGGREGATE_P, 95) > 0, "no percentile");
}
static void window_mean(unsigned i) {
  mf_window_add(&window, now += STEP_NS, ms[i]);
  must(read_window(&window, MF_AGGREGATE_AVG, 0) > 0, "no mean");
}
static void counter_rate(unsigned i) {
  mf_window_add(&counter, now += STEP_NS, i & 1);
  must(read_window(&counter, MF_AGGREGATE_RATE, 0) >= 0, "no rate");
}

static const struct {
  const char *name;
  void (*sample)(unsigned i);
} rows[] = {
    {"histogram: add", histogram_add},
    {"histogram: add, read p(95), followed", histogram_followed},
    {"histogram: add, read p(95), searched", histogram_searched},
    {"series of a trend: add", series_add},
    {"series of a trend: add, read p(95)", series_followed},
    {"window of a trend: add", window_add},
    {"window of a trend: add, read p(95)", window_followed},
    {"window of a trend: add, read avg", window_mean},
    {"window of a counter: add, read rate", counter_rate},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void set_up(void) {
  uint64_t x = 88172645463325252u;
  for (unsigned i = 0; i < VALUES; i++) {
    double product = 1;
    for (int k = 0; k < 12; k++) {
      x ^= x << 13, x ^= x >> 7, x ^= x << 17;
      product *= 0.5 + (double)(x >> 11) * 0x1p-53 * 1.5;
    }
    ms[i] = 4 * product;
    lengths[i] = (int64_t)(ms[i] * 1e6);
  }
  mf_arena_init(&arena, NULL, 0);
  must(mf_series_init(&trend, &arena, MF_METRIC_KIND_TREND) == MF_OK &&
           mf_series_init(&tracked_trend, &arena, MF_METRIC_KIND_TREND) == MF_OK &&
           mf_window_init(&window, &arena, MF_METRIC_KIND_TREND, WINDOW_NS, 0) == MF_OK &&
           mf_window_init(&tracked_window, &arena, MF_METRIC_KIND_TREND, WINDOW_NS, 0) == MF_OK &&
           mf_window_init(&counter, &arena, MF_METRIC_KIND_COUNTER, WINDOW_NS, 0) == MF_OK,
       "out of memory");
  mf_histogram_track(&tracked, 0.95);
  mf_series_track(&tracked_trend, 95);
  mf_window_track(&tracked_window, 95);
}

static void run(size_t row, unsigned samples) {
  for (unsigned i = 0; i < samples; i++) rows[row].sample(i % VALUES);
}

static double measure(size_t row) {
  static double times[MAX_ROUNDS];
  size_t n = 0;
  run(row, BATCH); /* fills the window */
  for (double end = now_seconds() + 0.4; n < MAX_ROUNDS && (n < 3 || now_seconds() < end);) {
    const double begin = now_seconds();
    run(row, BATCH);
    times[n++] = (now_seconds() - begin) * 1e9 / BATCH;
  }
  return median(times, n);
}

int main(int argc, char **argv) {
  set_up();
  if (argc == 5) {
    const size_t row = strtoul(argv[3], NULL, 10);
    must(row < ROWS, "there is no such row");
    run(row, (unsigned)strtoul(argv[4], NULL, 10));
    return 0;
  }
  printf(
      "samples: 10,000 a second, into a histogram, a series, a window of 10 s\n"
      "|                                          | ns/sample |\n"
      "|------------------------------------------|-----------|\n");
  for (size_t row = 0; row < ROWS; row++)
    printf("| %-40s | %9.1f |\n", rows[row].name, measure(row));
  mf_arena_fini(&arena);
  return 0;
}
