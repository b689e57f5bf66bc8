/* SPDX-License-Identifier: MIT */
#include "watch_feeds.h"

#include <math.h>

#define NS_PER_MS 1e6

static unsigned kind_of(const mf_feed *f, const mf_image *image) {
  switch (f->metric) {
    case MF_SAMPLE_LATENCY: return MF_METRIC_KIND_TREND;
    case MF_SAMPLE_ERROR_RATE:
    case MF_SAMPLE_CHECKS: return MF_METRIC_KIND_RATE;
    case MF_SAMPLE_OWN: return MF_ROWS(image, METRIC, metric)[f->row].kind;
    default: return MF_METRIC_KIND_COUNTER;
  }
}

mf_status mf_feed_init(mf_feed *f, mf_arena *arena, const mf_image *image) {
  const unsigned kind = kind_of(f, image);
  f->spoilt_ns = INT64_MIN;
  if (f->window_ns) {
    f->window = MF_NEW(arena, mf_window);
    return f->window ? mf_window_init(f->window, arena, kind, f->window_ns, 0) : MF_OUT_OF_MEMORY;
  }
  if (f->metric != MF_SAMPLE_LATENCY) return mf_series_init(&f->series, arena, kind);
  f->latency = MF_NEW(arena, mf_histogram);
  return f->latency ? MF_OK : MF_OUT_OF_MEMORY;
}

/* ---- Samples ---- */

/* A value that is no number stays in everything that is made of it. */
static void spoil(mf_feed *f, int64_t t_ns) {
  f->spoilt_ns = f->window_ns ? t_ns + f->window_ns : INT64_MAX;
}

void mf_feed_add(mf_feed *f, int64_t t_ns, double value) {
  if (!isfinite(value)) {
    spoil(f, t_ns);
    return;
  }
  if (f->window) {
    mf_window_add(f->window, t_ns, value);
    return;
  }
  if (f->series.kind == MF_METRIC_KIND_GAUGE) f->spoilt_ns = INT64_MIN; /* the latest counts */
  mf_series_add(&f->series, value);
}

static void add_latency(mf_feed *f, int64_t t_ns, const mf_sample *s) {
  if (s->result->error != MF_HTTP_NONE && s->result->error != MF_HTTP_TIMEOUT) return;
  if (f->latency)
    mf_histogram_add(f->latency, s->latency_ns);
  else
    mf_feed_add(f, t_ns, (double)s->latency_ns / NS_PER_MS);
}

static void add_checks(mf_feed *f, int64_t t_ns, const mf_sample *s) {
  for (uint32_t i = 0; i < s->checks; i++) mf_feed_add(f, t_ns, i >= s->checks_failed);
}

static bool is_hundred(const mf_sample *s, int hundreds) {
  return s->result->error == MF_HTTP_NONE && s->result->status / 100 == hundreds;
}

static double increment(mf_sample_metric metric, const mf_sample *s) {
  switch (metric) {
    case MF_SAMPLE_REQUESTS: return 1;
    case MF_SAMPLE_ERRORS:
    case MF_SAMPLE_ERROR_RATE: return s->failed;
    case MF_SAMPLE_BYTES_IN: return (double)s->result->bytes_in;
    case MF_SAMPLE_BYTES_OUT: return (double)s->result->bytes_out;
    case MF_SAMPLE_STATUS_2XX: return is_hundred(s, 2);
    case MF_SAMPLE_STATUS_3XX: return is_hundred(s, 3);
    case MF_SAMPLE_STATUS_4XX: return is_hundred(s, 4);
    case MF_SAMPLE_STATUS_5XX: return is_hundred(s, 5);
    case MF_SAMPLE_CHECKS_FAILED: return s->checks_failed;
    default: return 0; /* of dropped: with the first exchange there is data */
  }
}

void mf_feed_sample(mf_feed *f, int64_t t_ns, const mf_sample *s) {
  switch (f->metric) {
    case MF_SAMPLE_LATENCY: add_latency(f, t_ns, s); break;
    case MF_SAMPLE_CHECKS: add_checks(f, t_ns, s); break;
    case MF_SAMPLE_OWN: break;
    default: mf_feed_add(f, t_ns, increment(f->metric, s)); break;
  }
}

/* ---- Reading ---- */

bool mf_feed_read(mf_feed *f, int64_t t_ns, uint32_t aggregate, double n, double *out) {
  if (t_ns < f->spoilt_ns) {
    *out = NAN;
    return true;
  }
  if (f->latency) return mf_latency_read(f->latency, aggregate, n, out);
  if (f->window) return mf_window_read(f->window, t_ns, aggregate, n, out);
  return mf_series_read(&f->series, aggregate, n, t_ns, out);
}

void mf_feed_track(mf_feed *f, double n) {
  if (f->latency)
    (void)mf_histogram_track(f->latency, n / 100);
  else if (f->window)
    (void)mf_window_track(f->window, n);
  else
    (void)mf_series_track(&f->series, n);
}

uint64_t mf_feed_count(mf_feed *f, int64_t t_ns) {
  if (f->latency) return f->latency->count;
  return f->window ? mf_window_samples(f->window, t_ns) : f->series.sums.count;
}

/* ---- For a while ---- */

mf_feed_loan mf_feed_lend(mf_feed *f, int64_t t_ns, const int64_t *ages, size_t count) {
  mf_feed_loan loan = {.min = 0};
  if (f->latency) {
    loan = (mf_feed_loan){.min = f->latency->min, .max = f->latency->max, .sum = f->latency->sum};
    for (size_t i = 0; i < count; i++) mf_histogram_add(f->latency, ages[i]);
    return loan;
  }
  (void)mf_window_samples(f->window, t_ns); /* what is too old leaves first */
  loan.sums = f->window->total.sums;
  for (size_t i = 0; i < count; i++) mf_series_add(&f->window->total, (double)ages[i] / NS_PER_MS);
  return loan;
}

void mf_feed_give_back(mf_feed *f, const mf_feed_loan *loan, const int64_t *ages, size_t count) {
  if (f->latency) {
    for (size_t i = 0; i < count; i++) mf_histogram_remove(f->latency, ages[i]);
    f->latency->min = loan->min;
    f->latency->max = loan->max;
    f->latency->sum = loan->sum;
    return;
  }
  for (size_t i = 0; i < count; i++) {
    const uint32_t bucket = mf_value_bucket((double)ages[i] / NS_PER_MS);
    uint32_t counts[MF_VALUE_PER_POWER] = {0};
    counts[bucket % MF_VALUE_PER_POWER] = 1;
    mf_value_histogram_remove(f->window->total.values, bucket >> MF_VALUE_GROUP_BITS, counts);
  }
  f->window->total.sums = loan->sums;
}
