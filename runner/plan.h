/* plan - what a run is going to ask of the world, before it does: for --dry-run and
 * for the question whether a load may go to a public host. */
#ifndef MF_RUNNER_PLAN_H
#define MF_RUNNER_PLAN_H
#include "host.h"
#include "../image/outline.h"

typedef struct mf_plan {
  const mf_outline *items; /* in the order of the code */
} mf_plan;

/* Lives in the run's arena.  False: out of memory. */
bool mf_plan_read(mf_host *host, mf_plan *out);
/* "up to 100 requests/s, no faults, 30s": the loads of a plan in one phrase. */
void mf_plan_sum(const mf_host *host, const mf_plan *plan, mf_buf *out);
/* How fast a load goes, and how long: "100 requests/s for 30s over at most 50
 * connections". */
void mf_plan_say_load(const mf_host *host, const mf_outline *load, mf_buf *out);
/* A value, or the expression it comes from. */
void mf_plan_say_argument(const mf_outline_argument *argument, mf_buf *out);
#endif
