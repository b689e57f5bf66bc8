/* watch_feeds - samples that count together: those of one metric that a selector lets
 * through, all of them or the latest.
 *
 * What watches read is aggregated from feeds; equal ones are one feed.  Times are ns
 * since mf_watches_begin. */
#ifndef MF_STDLIB_WATCH_FEEDS_H
#define MF_STDLIB_WATCH_FEEDS_H
#include "watches.h"
#include "histogram.h"
#include "window.h"

/* What an exchange is a sample of. */
typedef enum mf_sample_metric {
  MF_SAMPLE_LATENCY, /* ms */
  MF_SAMPLE_REQUESTS,
  MF_SAMPLE_ERRORS,
  MF_SAMPLE_ERROR_RATE,
  MF_SAMPLE_BYTES_IN,
  MF_SAMPLE_BYTES_OUT,
  MF_SAMPLE_STATUS_2XX,
  MF_SAMPLE_STATUS_3XX,
  MF_SAMPLE_STATUS_4XX,
  MF_SAMPLE_STATUS_5XX,
  MF_SAMPLE_DROPPED,
  MF_SAMPLE_CHECKS, /* one sample for each check */
  MF_SAMPLE_CHECKS_FAILED,
  MF_SAMPLE_OWN, /* recorded by actions */
} mf_sample_metric;

typedef struct mf_feed {
  mf_sample_metric metric;
  uint32_t row;      /* of METRIC, of MF_SAMPLE_OWN; else MF_ABSENT */
  uint32_t selector; /* a constant, or MF_ABSENT */
  uint32_t scenario; /* of the run's: only samples of this load; MF_ABSENT: of all */
  int64_t window_ns; /* 0: from the beginning on */
  int64_t spoilt_ns; /* until then there is a value in it that is no finite number */
  /* Where they are counted: latency from the beginning on as in the load's own metrics,
   * so that a threshold and a report never differ. */
  mf_histogram *latency;
  mf_window *window;
  mf_series series;
} mf_feed;

/* Memory comes from the arena, now.  Errors: OUT_OF_MEMORY. */
mf_status mf_feed_init(mf_feed *f, mf_arena *arena, const mf_image *image);
void mf_feed_add(mf_feed *f, int64_t t_ns, double value);
/* What an exchange comes to in it. */
void mf_feed_sample(mf_feed *f, int64_t t_ns, const mf_sample *sample);

/* An aggregation (MF_AGGREGATE_*; n: of p) at a time.  False: no data.  NaN: a value in
 * it was no finite number. */
bool mf_feed_read(mf_feed *f, int64_t t_ns, uint32_t aggregate, double n, double *out);
/* Percentile n will be read after each sample. */
void mf_feed_track(mf_feed *f, double n);
uint64_t mf_feed_count(mf_feed *f, int64_t t_ns);

/* Latencies that are there for a while: taken out again by giving back the same ages
 * at the same time. */
typedef struct mf_feed_loan {
  mf_sample_sums sums;
  int64_t min, max;
  double sum;
} mf_feed_loan;
mf_feed_loan mf_feed_lend(mf_feed *f, int64_t t_ns, const int64_t *ages, size_t count);
void mf_feed_give_back(mf_feed *f, const mf_feed_loan *loan, const int64_t *ages, size_t count);

/* ---- Selectors ---- */

/* What a load's samples have as tags besides what each has itself. */
typedef struct mf_load_tags {
  const mf_image *image;
  uint32_t scenario;
  mf_str step;           /* n 0: none */
  const mf_value *tags;  /* a map of texts, or NULL */
  uint32_t first, count; /* rows of REQUEST */
} mf_load_tags;

/* Which samples of a load a feed lets through. */
typedef struct mf_match {
  bool never;
  int status;       /* 0: any */
  mf_str method;    /* n 0: any */
  uint8_t *request; /* of each request, and of none behind them; NULL: any */
} mf_match;

mf_load_tags mf_load_tags_of(const mf_load_script *script);
/* Errors: OUT_OF_MEMORY. */
mf_status mf_match_make(mf_match *m, mf_arena *arena, const mf_feed *f, const mf_load_tags *tags);
static inline bool mf_match_takes(const mf_match *m, const mf_load_tags *tags, const mf_sample *s) {
  if (m->never) return false;
  if (m->request) {
    const uint32_t at = s->request - tags->first;
    if (!m->request[at < tags->count ? at : tags->count]) return false;
  }
  if (m->status && m->status != s->result->status) return false;
  return m->method.n == 0 ||
         (m->method.n == s->method.n && !memcmp(m->method.p, s->method.p, s->method.n));
}
/* Of all its samples, so of requests without an answer, too. */
static inline bool mf_match_takes_all(const mf_match *m) {
  return !m->never && m->request == NULL && m->status == 0 && m->method.n == 0;
}
/* Whether labels of a recorded value are what the feed's selector wants. */
bool mf_feed_takes_labels(const mf_feed *f, const mf_image *image, const mf_value *labels);
#endif
