/* watches - what judges a load on every response and ten times a second. */
#ifndef MF_STDLIB_WATCHES_H
#define MF_STDLIB_WATCHES_H
#include "armed.h"

typedef struct mf_sample {
  int64_t now_ns;     /* CLOCK_MONOTONIC, when the exchange ended */
  int64_t latency_ns; /* from the intended start */
  uint32_t request;   /* row of REQUEST; MF_ABSENT: the load has none */
  const mf_http_result *result;
  bool
      failed; /* set by mf_watches_sample: an error, by `expect` or by status >= 400 / no response */
  uint32_t checks, checks_failed; /* set by it: of this response */
} mf_sample;

/* One load's watches and readings; `run` (may be NULL): those of the run, which see every
 * sample, too.  `tripped` is called at most once for each watch with flag aborts,
 * abort_when or steady_state (during: abort). */
typedef struct mf_watches mf_watches;
mf_status mf_watches_new(const mf_alloc *alloc, mf_armed *armed, const mf_load_script *script,
                         mf_watches *run,
                         void (*tripped)(void *ctx, uint32_t watch, const mf_value *values),
                         void *ctx, mf_watches **out);
void mf_watches_free(mf_watches *w);
/* MF_READS_ bits that samples of this request need. */
uint32_t mf_watches_reads(const mf_watches *w, uint32_t request);
void mf_watches_begin(mf_watches *w, int64_t now_ns);
/* After mf_armed_response with these. */
mf_status mf_watches_sample(mf_watches *w, mf_sample *sample);
/* Ten times a second: ages (ns) of requests in flight and in the backlog that are older
 * than 100 ms, and evaluation without a sample. */
mf_status mf_watches_tick(mf_watches *w, int64_t now_ns, const int64_t *ages, size_t count);
/* The `watches` list for the outcome; UNSET: out of memory. */
mf_value mf_watches_results(mf_watches *w, int64_t now_ns, mf_arena *arena);
#endif
