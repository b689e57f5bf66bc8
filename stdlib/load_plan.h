/* load_plan - when each request of an open-model load is due.
 *
 * A plan is a row of stages in which the rate moves on a straight line from one
 * value to another.  Request k (from 0) is due when the area under that line
 * reaches k, so neither rounding nor late wake-ups make the rate drift.  Pure
 * arithmetic: no clock is read here. */
#ifndef MF_STDLIB_LOAD_PLAN_H
#define MF_STDLIB_LOAD_PLAN_H
#include "../base/arena.h"

typedef struct mf_load_stage {
  double from, to;  /* requests per second */
  int64_t start_ns; /* since the plan's start */
  int64_t length_ns;
  double before; /* requests due before this stage */
} mf_load_stage;

typedef struct mf_load_plan {
  mf_load_stage *stages; /* arena */
  uint32_t count, cap;
  int64_t total_ns;
  double total;  /* requests due in all */
  double rate;   /* where the line stands at the end */
  uint32_t at;   /* stage of the next request */
  uint64_t next; /* its number */
} mf_load_plan;

/* A plan that stands at `rate`; room for `cap` stages.  False: out of memory. */
bool mf_load_plan_init(mf_load_plan *plan, mf_arena *arena, uint32_t cap, double rate);
/* Adds a stage in which the rate goes to `target`; one without length is a jump. */
void mf_load_plan_add(mf_load_plan *plan, double target, int64_t length_ns);
/* Makes the plan last `total_ns`: cuts it, or holds its last rate (which takes a
 * stage of its own). */
void mf_load_plan_fit(mf_load_plan *plan, int64_t total_ns);
/* Where the line stands at `at_ns`, and until when it does not cross into what is rounded
 * to another whole number (INT64_MAX: for good).  For numbers of virtual users. */
uint32_t mf_load_plan_level(const mf_load_plan *plan, int64_t at_ns, int64_t *until_ns);
/* When the next request is due, since the start; false when none is left. */
bool mf_load_plan_next(mf_load_plan *plan, int64_t *due_ns);
#endif
