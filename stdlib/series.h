/* series - what the samples of one metric come to, over a step or a run.
 *
 * A sample is a double, in the metric's own unit (ms for times): a value of a
 * trend or a gauge, an increment of a counter, 1 or 0 of a rate (anything but 0
 * is true).  Fixed memory: 56 bytes, and a trend's histogram (99 KB reserved,
 * few of them touched: value_histogram.h). */
#ifndef MF_STDLIB_SERIES_H
#define MF_STDLIB_SERIES_H
#include "../image/image.h"
#include "histogram.h"
#include "value_histogram.h"

/* Whether an aggregation (MF_AGGREGATE_*) may be asked of metrics of this kind
 * (MF_METRIC_KIND_*). */
bool mf_aggregate_legal(unsigned what, unsigned kind);

/* What is known of some samples without keeping them. */
typedef struct mf_sample_sums {
  uint64_t count;
  double sum;      /* of a rate: how many were true */
  double min, max; /* 0 when there are none */
  double last;
} mf_sample_sums;

typedef struct mf_series {
  unsigned kind; /* MF_METRIC_KIND_* */
  mf_sample_sums sums;
  mf_value_histogram *values; /* of trends, else NULL; borrows from the arena */
} mf_series;

/* All memory comes from the arena, now.  OK or OUT_OF_MEMORY. */
mf_status mf_series_init(mf_series *s, mf_arena *arena, unsigned kind);
/* False, and nothing is counted, for what is no finite number. */
bool mf_series_add(mf_series *s, double value);
/* Adds the samples of a series of the same kind, which came after those of
 * `into`. */
void mf_series_merge(mf_series *into, const mf_series *from);

/* An aggregation of all samples; `n` is the N of p(N), 0..100, and means nothing
 * to the others.  `elapsed_ns` is the time in which the samples came, for the
 * rate of a counter.  False: there is no data (no sample, no time), or this
 * cannot be asked of this kind, or the result is no finite number. */
bool mf_series_read(const mf_series *s, unsigned what, double n, int64_t elapsed_ns, double *out);
/* p(n), or 50 for med, will be read after each sample: from now on that is O(1).
 * The answers are the same.  False (and slower answers) for anything but a
 * trend, or when MF_TRACKED_QUANTILES others are. */
bool mf_series_track(mf_series *s, double n);

/* The same of a load's latency, a trend in ms whose histogram is in ns and finer.
 * A quantile that mf_histogram_track follows at n / 100 is O(1). */
bool mf_latency_read(mf_histogram *h, unsigned what, double n, double *out);

/* For window.c. */
void mf_sample_sums_add(mf_sample_sums *sums, double value);
/* Adds samples that came after those of `into`. */
void mf_sample_sums_merge(mf_sample_sums *into, const mf_sample_sums *from);
#endif
