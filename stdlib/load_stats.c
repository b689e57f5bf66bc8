/* SPDX-License-Identifier: MIT */
#include "load_stats.h"

#define NS_PER_MS 1e6
#define NS_PER_S 1e9

void mf_load_stats_begin(mf_load_stats *stats, int64_t now) {
  memset(stats, 0, sizeof *stats);
  stats->started_ns = stats->ended_ns = now;
}

void mf_load_stats_add(mf_load_stats *stats, const mf_http_result *result, int64_t latency_ns,
                       bool failed) {
  const int status = result->status;
  stats->requests++;
  stats->errors += failed;
  stats->bytes_in += result->bytes_in;
  stats->bytes_out += result->bytes_out;
  if (result->error == MF_HTTP_NONE)
    stats->status_1xx_5xx[status >= 100 && status < 600 ? status / 100 : 0]++;
  else
    stats->failures[result->error]++;
  /* The time until a refusal, a reset or nonsense is no latency: a service that
   * refuses at once would look fast.  A timeout is a latency cut short. */
  if (result->error == MF_HTTP_NONE || result->error == MF_HTTP_TIMEOUT ||
      result->error == MF_HTTP_CONNECT_TIMEOUT)
    mf_histogram_add(&stats->latency, latency_ns);
}

void mf_load_stats_end(mf_load_stats *stats, int64_t now) {
  stats->ended_ns = now;
  stats->active_ns = now - stats->started_ns;
}

/* The part of [from] that comes after everything merged so far. */
static int64_t new_time(const mf_load_stats *into, const mf_load_stats *from) {
  int64_t start = from->started_ns > into->ended_ns ? from->started_ns : into->ended_ns;
  int64_t fresh = from->ended_ns - start;
  if (fresh < 0) return 0;
  return fresh < from->active_ns ? fresh : from->active_ns;
}

static void merge_times(mf_load_stats *into, const mf_load_stats *from) {
  if (into->ended_ns == 0) {
    into->started_ns = from->started_ns;
    into->ended_ns = from->ended_ns;
    into->active_ns = from->active_ns;
    return;
  }
  into->active_ns += new_time(into, from);
  if (from->started_ns < into->started_ns) into->started_ns = from->started_ns;
  if (from->ended_ns > into->ended_ns) into->ended_ns = from->ended_ns;
}

void mf_load_stats_merge(mf_load_stats *into, const mf_load_stats *from) {
  mf_histogram_merge(&into->latency, &from->latency);
  into->requests += from->requests;
  into->errors += from->errors;
  into->bytes_in += from->bytes_in;
  into->bytes_out += from->bytes_out;
  into->checks += from->checks;
  into->checks_failed += from->checks_failed;
  into->dropped += from->dropped;
  for (int i = 0; i < 6; i++) into->status_1xx_5xx[i] += from->status_1xx_5xx[i];
  for (int i = 0; i < MF_HTTP_ERROR_COUNT; i++) into->failures[i] += from->failures[i];
  merge_times(into, from);
}

/* ---- Metrics: one function for each row of metrics.def ---- */

/* Readers take the stats to a value; UNSET is "no data". */
static mf_value count_value(uint64_t n) { return mf_int((int64_t)n); }
static mf_value no_data(void) { return (mf_value){.kind = MF_UNSET}; }

static mf_value ms(const mf_load_stats *s, double ns) {
  return s->latency.count ? mf_double(ns / NS_PER_MS) : no_data();
}
static mf_value quantile(const mf_load_stats *s, double q) {
  return ms(s, (double)mf_histogram_quantile(&s->latency, q));
}

static mf_value read_latency(const mf_load_stats *s) {
  return ms(s, mf_histogram_mean(&s->latency));
}
static mf_value read_requests(const mf_load_stats *s) { return count_value(s->requests); }
static mf_value read_errors(const mf_load_stats *s) { return count_value(s->errors); }
static mf_value read_bytes_in(const mf_load_stats *s) { return count_value(s->bytes_in); }
static mf_value read_bytes_out(const mf_load_stats *s) { return count_value(s->bytes_out); }
static mf_value read_status_2xx(const mf_load_stats *s) {
  return count_value(s->status_1xx_5xx[2]);
}
static mf_value read_status_3xx(const mf_load_stats *s) {
  return count_value(s->status_1xx_5xx[3]);
}
static mf_value read_status_4xx(const mf_load_stats *s) {
  return count_value(s->status_1xx_5xx[4]);
}
static mf_value read_status_5xx(const mf_load_stats *s) {
  return count_value(s->status_1xx_5xx[5]);
}
static mf_value read_dropped(const mf_load_stats *s) { return count_value(s->dropped); }
static mf_value read_checks(const mf_load_stats *s) {
  if (s->checks == 0) return no_data();
  return mf_double((double)(s->checks - s->checks_failed) / (double)s->checks);
}
static mf_value read_checks_failed(const mf_load_stats *s) { return count_value(s->checks_failed); }
static mf_value read_error_rate(const mf_load_stats *s) {
  return s->requests ? mf_double((double)s->errors / (double)s->requests) : no_data();
}
static mf_value read_throughput(const mf_load_stats *s) {
  if (s->requests == 0 || s->active_ns <= 0) return no_data();
  return mf_double((double)s->requests / ((double)s->active_ns / NS_PER_S));
}
static mf_value read_avg_latency(const mf_load_stats *s) { return read_latency(s); }
static mf_value read_min_latency(const mf_load_stats *s) { return ms(s, (double)s->latency.min); }
static mf_value read_max_latency(const mf_load_stats *s) { return ms(s, (double)s->latency.max); }
static mf_value read_latency_p50(const mf_load_stats *s) { return quantile(s, 0.50); }
static mf_value read_latency_p90(const mf_load_stats *s) { return quantile(s, 0.90); }
static mf_value read_latency_p95(const mf_load_stats *s) { return quantile(s, 0.95); }
static mf_value read_latency_p99(const mf_load_stats *s) { return quantile(s, 0.99); }
static mf_value read_latency_p999(const mf_load_stats *s) { return quantile(s, 0.999); }

static const struct {
  const char *name;
  mf_value (*read)(const mf_load_stats *stats);
} readers[] = {
#define MF_METRIC(name, kind, other_names, doc) {#name, read_##name},
#include "../runner/metrics.def"
#undef MF_METRIC
};

mf_value mf_load_stats_metrics(const mf_load_stats *stats, mf_arena *arena) {
  mf_map_builder b;
  mf_map_build(&b, arena);
  for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
    mf_value value = readers[i].read(stats);
    if (value.kind != MF_UNSET) mf_map_add(&b, readers[i].name, value);
  }
  return mf_map_done(&b);
}

mf_value mf_load_stats_failures(const mf_load_stats *stats, mf_arena *arena) {
  mf_map_builder b;
  mf_map_build(&b, arena);
  for (int i = 0; i < MF_HTTP_ERROR_COUNT; i++)
    if (stats->failures[i])
      mf_map_add(&b, mf_http_error_name((mf_http_error)i), count_value(stats->failures[i]));
  return mf_map_done(&b);
}
