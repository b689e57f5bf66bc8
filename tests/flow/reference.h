/* reference - the state of a run of the reference interpreter. */
#ifndef MF_TESTS_FLOW_REFERENCE_H
#define MF_TESTS_FLOW_REFERENCE_H
#include "flow.h"

enum { FLOW_CELLS = 32, FLOW_TURNS = 8, FLOW_PATH = 200 /* bytes of a path */ };

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
  double now, deadline; /* the attempt's */
  bool timed_out;       /* and left, up to the step */
  /* what expressions see */
  flow_cells globals, of_step, loops;
  flow_metric metrics[2]; /* error_rate, m0 */
  flow_value most;        /* of m0 */
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
  bool begun; /* hooks and steady state let the entries begin */
  unsigned steps_passed, steps_failed, steps_skipped;
  unsigned assertions_passed, assertions_failed, assertions_no_data, warnings;
} flow_run;

/* How something ended.  LEFT: an abort, or a failure that nobody looked at, is on its
 * way out to the end of the lists. */
typedef enum flow_end { DONE, BAD, SKIPPED, LEFT } flow_end;
extern const char *const flow_end_words[];
typedef struct flow_path {
  char text[FLOW_PATH];
} flow_path;
typedef struct flow_judged {
  unsigned passed, failed, no_data, warnings;
  bool bad;     /* what they are about has failed */
  bool unknown; /* there was no data */
} flow_judged;

/* reference_values.c */
flow_value flow_evaluate(flow_run *r, const flow_expr *e);
flow_truth flow_holds(flow_run *r, const flow_expr *e);
bool flow_looks(const flow_expr *e);
bool flow_is_error(flow_value v);
bool flow_equal(flow_value a, flow_value b);
flow_cell *flow_find(flow_cells *cells, const char *name);
flow_cell *flow_variable(flow_run *r, const char *name);
bool flow_put_text(flow_run *r, const flow_expr *e, mf_buf *out);

/* reference_actions.c: lines and paths */
void flow_tell(flow_run *r, const char *fmt, ...);
void flow_tell_value(flow_run *r, const char *what, const char *name, flow_value v);
flow_path flow_here(const flow_run *r, const flow_path *p);
flow_path flow_part(const flow_path *p, const char *name);
flow_path flow_element(const flow_path *p, const char *name, unsigned i);
/* the world */
/* False: cut short by the timeout. */
bool flow_pass_time(flow_run *r, double seconds);
bool flow_as_seconds(flow_value v, double *seconds);
flow_value flow_ask(flow_run *r, const char *driver, const char *name, const flow_value *with);
/* actions, hooks, assertions */
flow_end flow_guarded(flow_run *r, const flow_action *a, const flow_path *p, bool handles);
flow_end flow_hook_action(flow_run *r, const flow_action *a, const flow_path *p,
                          flow_on_error of_hook);
flow_end flow_step_hooks(flow_run *r, const flow_list *l, const flow_path *p, const char *place);
flow_end flow_global_hooks(flow_run *r, flow_moment moment);
flow_judged flow_judge(flow_run *r, const flow_list *l, const flow_path *p);
void flow_count(flow_run *r, const flow_judged *j);
/* what the end of an entry means */
void flow_entry_failed(flow_run *r, const flow_entry *e);
void flow_becomes_previous(flow_run *r, flow_result o);
void flow_was_run(flow_run *r);

/* reference_steps.c, reference_entries.c */
flow_end flow_run_step(flow_run *r, flow_entry *s, const flow_path *p);
flow_end flow_run_entry(flow_run *r, flow_entry *e, const flow_path *p);
flow_end flow_run_entries(flow_run *r, const flow_list *l, const flow_path *p);
#endif
