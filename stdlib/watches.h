/* watches - what a load is judged by while it runs, and what its samples come to.
 *
 * A *sample* is an exchange that ended.  Each one is judged by `expect` and the checks,
 * counts into the readings, and then whatever may end the load at once is evaluated:
 * rows of WATCH with the flag `aborts`, abort_when, steady_state, and thresholds with
 * `over`.  The other thresholds are evaluated at the end.  Only readings and metrics that
 * a watch reads are kept up to date, each in O(1).
 *
 * There is one mf_watches for each load and one for the run, which sees every sample,
 * too.  Nothing here reads a clock: times are CLOCK_MONOTONIC of the caller's.
 *
 * watch_feeds.c    samples that count together
 * watch_slots.c    which slots are kept up to date, and by what
 * watches.c        life, samples and ticks
 * watch_rules.c    when a watch is broken
 * watch_probes.c   responses that only one of them sees
 * watch_results.c  what it came to */
#ifndef MF_STDLIB_WATCHES_H
#define MF_STDLIB_WATCHES_H
#include "armed.h"

typedef struct mf_sample {
  int64_t now_ns;     /* when the exchange ended */
  int64_t latency_ns; /* from the intended start */
  uint32_t request;   /* row of REQUEST; MF_ABSENT: the load has none */
  mf_str method;      /* "GET", for selectors; n 0: not known */
  const mf_http_result *result;
  /* Set by mf_watches_sample. */
  bool failed;                    /* no response; or by `expect`, and without one by its status */
  uint32_t checks, checks_failed; /* of this response */
} mf_sample;

typedef struct mf_watches mf_watches;

/* Called at most once for each watch.  `values` is a map: "sample", how many samples
 * there were, and "values", a map of what the watch read.  Borrowed for the call. */
typedef void (*mf_tripped_fn)(void *ctx, uint32_t watch, const mf_value *values);

/* Whether the run needs watches of its own: some are the run's, or a load's look at it. */
bool mf_watches_of_run(const mf_image *image);

/* Those of the load script->scenario, or of the run when that is MF_ABSENT.  `armed` must
 * outlive it; so must `run` (NULL: none), and script->tags.  Errors: OUT_OF_MEMORY. */
mf_status mf_watches_new(const mf_alloc *alloc, mf_armed *armed, const mf_load_script *script,
                         mf_watches *run, mf_tripped_fn tripped, void *ctx, mf_watches **out);
/* Of a load: for the run, it is over. */
void mf_watches_free(mf_watches *w);

/* MF_READS_ bits: what mf_armed_response must have put there before a sample of this
 * request. */
uint32_t mf_watches_reads(const mf_watches *w, uint32_t request);

/* Time begins: for grace, windows and rates. */
void mf_watches_begin(mf_watches *w, int64_t now_ns);
/* Judges and counts one exchange, for the run, too.  Errors: OUT_OF_MEMORY. */
mf_status mf_watches_sample(mf_watches *w, mf_sample *sample);
/* Ten times a second: `ages` (ns) of requests that have no answer yet.  They count as
 * latencies while watches are evaluated, and are then forgotten.  The same errors. */
mf_status mf_watches_tick(mf_watches *w, int64_t now_ns, const int64_t *ages, size_t count);
/* Of a load: requests that were due and never sent. */
void mf_watches_drop(mf_watches *w, int64_t now_ns, uint64_t count);
/* A value of a metric of the document's own (row of METRIC), with its labels (a map, or
 * anything else for none).  It is no sample of a load, but watches of the run are
 * evaluated.  The same errors. */
mf_status mf_watches_record(mf_watches *w, int64_t now_ns, uint32_t metric, double value,
                            const mf_value *labels);

/* Of the run: watch `watch` (its row), which has a probe, has got an answer to it, or
 * result->error says why there is none.  It is the response which that watch sees from now
 * on; the others do not.  All are evaluated.  The same errors. */
mf_status mf_watches_answer(mf_watches *w, uint32_t watch, int64_t now_ns,
                            const mf_http_result *result, int64_t latency_ns);
/* Its probe could not be sent: it cannot be judged.  `why` is a sentence. */
void mf_watches_unasked(mf_watches *w, uint32_t watch, mf_str why);
/* Whether it needs no more answers. */
bool mf_watches_tripped(const mf_watches *w, uint32_t watch);

/* How often check number i was made, and did not hold, so far. */
typedef struct mf_check_count {
  mf_str name;
  uint64_t made, failed;
} mf_check_count;
/* False: there are no more than i.  `w` may be NULL. */
bool mf_watches_check(const mf_watches *w, uint32_t i, mf_check_count *out);

/* That list for a load that measured nothing: its checks and thresholds without data.
 * UNSET: out of memory. */
mf_value mf_watches_without_data(const mf_load_script *script, mf_arena *arena);
/* The `watches` list of the outcome: vm/watched.c; before the end, as
 * things are.  `now_ns`: the end of the time in
 * which samples came, which rates are of.  UNSET: out of memory. */
mf_value mf_watches_results(mf_watches *w, int64_t now_ns, mf_arena *arena);
#endif
