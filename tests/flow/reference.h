/* reference - the state of a run of the reference interpreter. */
#ifndef MF_TESTS_FLOW_REFERENCE_H
#define MF_TESTS_FLOW_REFERENCE_H
#include "flow.h"

enum { FLOW_CELLS = 32, FLOW_TURNS = 8, FLOW_PATH = 200 };

typedef struct flow_cell {
  const char *name;
  flow_value value;
} flow_cell;
typedef struct flow_cells {
  flow_cell at[FLOW_CELLS];
  unsigned count;
} flow_cells;
typedef struct flow_metric {
  flow_value of_step, last, of_run;
} flow_metric;
typedef enum flow_phase { FLOW_BEFORE_LOAD, FLOW_AFTER_LOAD, FLOW_OF_RUN } flow_phase;
typedef enum flow_truth { FLOW_FALSE, FLOW_TRUE, FLOW_UNKNOWN, FLOW_BROKEN } flow_truth;

typedef struct flow_run {
  flow_document *d;
  flow_world world;
  mf_arena arena;
  mf_buf *out;
  double now;
  /* what expressions see */
  flow_cells globals, of_step, loops;
  flow_metric metrics[2]; /* error_rate, m0 */
  flow_value most; /* of m0 */
  unsigned samples;
  flow_phase phase;
  bool in_step, all_succeeded;
  char name[64]; /* what stands in that of the step */
  unsigned iteration;
  flow_value response;
  flow_result previous;
  /* where it is */
  unsigned turns[FLOW_TURNS], turn_count;
  bool in_rollback, in_steady, in_hook;
  /* how it goes */
  bool pending, rollback_fails;
  bool ran, failed, hook_failed, unsteady, rollback_failed, aborted, no_data, judged;
  unsigned steps_passed, steps_failed, steps_skipped;
  unsigned assertions_passed, assertions_failed, assertions_no_data, warnings;
} flow_run;

flow_value flow_evaluate(flow_run *r, const flow_expr *e);
flow_truth flow_holds(flow_run *r, const flow_expr *e);
bool flow_looks(const flow_expr *e);
bool flow_is_error(flow_value v);
bool flow_equal(flow_value a, flow_value b);
flow_cell *flow_find(flow_cells *cells, const char *name);
flow_cell *flow_variable(flow_run *r, const char *name);
bool flow_put_text(flow_run *r, const flow_expr *e, mf_buf *out);
#endif
