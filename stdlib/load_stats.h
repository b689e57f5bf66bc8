/* load_stats - what a load measured, and its metrics.
 *
 * One for each load and one for the run, into which every load is merged at its
 * end.  Fixed memory (about 37 KB). */
#ifndef MF_STDLIB_LOAD_STATS_H
#define MF_STDLIB_LOAD_STATS_H
#include "../io/http_client.h"
#include "../vm/value.h"
#include "histogram.h"

typedef struct mf_load_stats {
  mf_histogram latency; /* of every response, and of every timeout at its length */
  uint64_t requests;    /* exchanges that ended, however they ended */
  uint64_t errors;      /* those that failed */
  uint64_t bytes_in, bytes_out;
  uint64_t status_1xx_5xx[6]; /* by hundreds; 2..5 are metrics, 0 holds the rest */
  uint64_t checks, checks_failed;
  uint64_t dropped;                       /* due, but never sent: no connection was free in time */
  uint64_t failures[MF_HTTP_ERROR_COUNT]; /* no response, by reason */
  int64_t started_ns, ended_ns;           /* CLOCK_MONOTONIC; 0, 0: nothing merged yet */
  int64_t active_ns;                      /* how long a load was running: the base of throughput */
} mf_load_stats;

/* How a load stands.  Borrowed for the call. */
typedef struct mf_load_view {
  mf_str path;                      /* of the load's entry, with its turns: which load it is */
  bool over;                        /* this is the last one */
  const mf_load_stats *stats;       /* stays until the load has answered */
  const mf_load_stats *recent;      /* its requests, errors and latencies since the view before */
  double recent_seconds;            /* how long ago that was; of the first one, since the start */
  const mf_str *names;              /* of requests that are counted apart */
  mf_load_stats *const *name_stats; /* NULL in it: all of `stats` */
  uint32_t name_count;
  uint32_t in_flight, users;        /* requests without an answer yet; connections */
  double seconds, planned;          /* since it began, and how long requests are to be begun */
  const struct mf_watches *watches; /* NULL: there are none */
  const mf_value *results;          /* the `watches` list that its outcome would have; NULL: none */
} mf_load_view;

/* A zeroed one, begun at `now`. */
void mf_load_stats_begin(mf_load_stats *stats, int64_t now);
/* Counts one exchange: error NONE means that a status came back.  `failed`: it counts as
 * an error. */
void mf_load_stats_add(mf_load_stats *stats, const mf_http_result *result, int64_t latency_ns,
                       bool failed);
void mf_load_stats_end(mf_load_stats *stats, int64_t now);
/* Adds what a finished load measured.  Time in which loads ran side by side
 * counts once. */
void mf_load_stats_merge(mf_load_stats *into, const mf_load_stats *from);

/* The metrics of a load as a map, in the order of metrics.def: times in ms
 * and rates as doubles, counters as ints.  Without requests only counters are
 * there; without a measured latency, no latency.  UNSET when out of memory. */
mf_value mf_load_stats_metrics(const mf_load_stats *stats, mf_arena *arena);
/* Reason to count, for the requests without a response: {"refused": 3}. */
mf_value mf_load_stats_failures(const mf_load_stats *stats, mf_arena *arena);
#endif
