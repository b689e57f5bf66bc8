/* SPDX-License-Identifier: MIT */
#include "series.h"

#include <math.h>

#define NS_PER_S 1e9
#define NS_PER_MS 1e6

bool mf_aggregate_legal(unsigned what, unsigned kind) {
  static const unsigned kinds[] = {
#define MF_AGGREGATE(name, on, doc) [MF_AGGREGATE_##name] = (on),
#include "aggregates.def"
  };
  return kind < 32 && what < sizeof kinds / sizeof *kinds && (kinds[what] >> kind & 1);
}

void mf_sample_sums_add(mf_sample_sums *sums, double value) {
  if (sums->count == 0 || value < sums->min) sums->min = value;
  if (sums->count == 0 || value > sums->max) sums->max = value;
  sums->count++;
  sums->sum += value;
  sums->last = value;
}

void mf_sample_sums_merge(mf_sample_sums *into, const mf_sample_sums *from) {
  if (from->count == 0) return;
  if (into->count == 0 || from->min < into->min) into->min = from->min;
  if (into->count == 0 || from->max > into->max) into->max = from->max;
  into->count += from->count;
  into->sum += from->sum;
  into->last = from->last;
}

mf_status mf_series_init(mf_series *s, mf_arena *arena, unsigned kind) {
  *s = (mf_series){.kind = kind};
  if (kind != MF_METRIC_KIND_TREND) return MF_OK;
  s->values = MF_NEW(arena, mf_value_histogram);
  return s->values ? mf_value_histogram_init(s->values, arena) : MF_OUT_OF_MEMORY;
}

bool mf_series_add(mf_series *s, double value) {
  if (!isfinite(value)) return false;
  if (s->kind == MF_METRIC_KIND_RATE) value = value != 0;
  mf_sample_sums_add(&s->sums, value);
  if (s->values) mf_value_histogram_add(s->values, mf_value_bucket(value));
  return true;
}

void mf_series_merge(mf_series *into, const mf_series *from) {
  mf_sample_sums_merge(&into->sums, &from->sums);
  if (into->values) mf_value_histogram_merge(into->values, from->values);
}

static double share_or_rate(const mf_series *s, int64_t elapsed_ns) {
  if (s->kind == MF_METRIC_KIND_RATE) return s->sums.sum / (double)s->sums.count;
  return elapsed_ns > 0 ? s->sums.sum / ((double)elapsed_ns / NS_PER_S) : NAN;
}

static double quantile(const mf_series *s, double n) {
  if (!(n >= 0 && n <= 100)) return NAN;
  return mf_value_histogram_tracked(s->values, n / 100, s->sums.min, s->sums.max);
}

bool mf_series_read(const mf_series *s, unsigned what, double n, int64_t elapsed_ns, double *out) {
  const mf_sample_sums *sums = &s->sums;
  if (sums->count == 0 || !mf_aggregate_legal(what, s->kind)) return false;
  switch (what) {
    case MF_AGGREGATE_COUNT:
      *out = s->kind == MF_METRIC_KIND_COUNTER ? sums->sum : (double)sums->count;
      break;
    case MF_AGGREGATE_RATE: *out = share_or_rate(s, elapsed_ns); break;
    case MF_AGGREGATE_VALUE: *out = sums->last; break;
    case MF_AGGREGATE_MIN: *out = sums->min; break;
    case MF_AGGREGATE_MAX: *out = sums->max; break;
    case MF_AGGREGATE_AVG: *out = sums->sum / (double)sums->count; break;
    case MF_AGGREGATE_MED: *out = quantile(s, 50); break;
    case MF_AGGREGATE_P: *out = quantile(s, n); break;
    default: return false;
  }
  return isfinite(*out);
}

bool mf_latency_read(mf_histogram *h, unsigned what, double n, double *out) {
  if (h->count == 0) return false;
  switch (what) {
    case MF_AGGREGATE_COUNT: *out = (double)h->count; return true;
    case MF_AGGREGATE_MIN: *out = (double)h->min / NS_PER_MS; return true;
    case MF_AGGREGATE_MAX: *out = (double)h->max / NS_PER_MS; return true;
    case MF_AGGREGATE_AVG: *out = mf_histogram_mean(h) / NS_PER_MS; return true;
    case MF_AGGREGATE_MED: n = 50; break;
    case MF_AGGREGATE_P: break;
    default: return false;
  }
  if (!(n >= 0 && n <= 100)) return false;
  *out = (double)mf_histogram_tracked(h, n / 100) / NS_PER_MS;
  return true;
}

bool mf_series_track(mf_series *s, double n) {
  if (s->values == NULL || !(n >= 0 && n <= 100)) return false;
  return mf_value_histogram_track(s->values, n / 100);
}
