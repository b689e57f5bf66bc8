/* reference - the state of a run of the reference interpreter. */
#ifndef MF_TESTS_FLOW_REFERENCE_H
#define MF_TESTS_FLOW_REFERENCE_H
#include "flow.h"

enum { FLOW_CELLS = 32, FLOW_TURNS = 8, FLOW_PATH = 200 /* bytes of a path */ };

typedef struct flow_path {
  char text[FLOW_PATH];
} flow_path;

typedef struct flow_cell {
  const char *name;
  flow_value value;
} flow_cell;
typedef struct flow_cells {
  flow_cell at[FLOW_CELLS];
  unsigned count;
} flow_cells;
typedef struct flow_metric {
  flow_value of_step, last;
} flow_metric;
typedef enum flow_phase { FLOW_BEFORE_LOAD, FLOW_AFTER_LOAD, FLOW_OF_RUN } flow_phase;
typedef enum flow_truth { FLOW_FALSE, FLOW_TRUE, FLOW_UNKNOWN, FLOW_BROKEN } flow_truth;

/* The branches of a group, or the background steps of a list. */
typedef struct flow_group {
  struct flow_task *of;   /* waits for them */
  unsigned tasks;         /* that have not ended */
  unsigned running, most; /* of these, those that wait for no other; 0: any number */
  bool beside;            /* of a list, which goes on */
  bool fail_fast, lenient, failed, ending;
  bool held; /* `of` waits, for their end or for room */
} flow_group;

/* One that runs beside others: the run itself, a branch, a background step. */
typedef struct flow_task {
  struct flow_task *next; /* of all, in the order in which they began; then of the unused */
  struct flow_task *next_ready, *next_cut;
  flow_group *home; /* NULL: of the run */
  flow_entry *entry;
  flow_path path;
  void *context, *stack;
  /* what it waits for */
  bool ready;               /* nothing any more */
  bool flies, cut, arrived; /* an effect; not wanted any more; it ended by itself */
  bool cuttable;
  const char *driver;
  unsigned id;
  int64_t due_ns;
  bool for_others; /* its branches, a branch that it depends on, or room */
  bool needs;      /* the second of these */
  bool counted;    /* among those of its group that run */
  /* what it is told */
  bool left;           /* it has to end */
  bool overdue;        /* the attempt has to */
  int64_t deadline_ns; /* the attempt's; INT64_MAX: none */
  /* what it knows */
  flow_cells of_step, loops;
  flow_metric metrics[2]; /* error_rate, m0 */
  bool measured[2];       /* here, so that it is for who goes on after it */
  flow_phase phase;
  bool in_step, all_succeeded;
  bool erred;    /* something failed in the step, however that goes on */
  char name[64]; /* what stands in that of the step */
  flow_value response;
  flow_result previous;
  unsigned turns[FLOW_TURNS], turn_count;
  bool pending;
  bool broke;   /* a failure in a rollback: never pending */
  bool lenient; /* "in an optional group the failures of entries are only warnings" */
} flow_task;

typedef struct flow_run {
  flow_document *d;
  flow_world world;
  mf_arena arena;
  mf_buf *out;
  int64_t now_ns;
  double now; /* the same in seconds */
  /* tasks */
  flow_task run, *t; /* t: the one that goes on */
  flow_task *first_ready, *last_ready, *first_cut, *last_cut, *unused;
  unsigned asked;
  /* what expressions see */
  flow_cells globals;
  flow_value of_run[2]; /* of metrics */
  flow_value most;      /* of m0 */
  unsigned samples;
  unsigned iteration;
  /* where it is */
  bool in_rollback;
  /* how it goes */
  bool rollback_fails;
  bool ran, failed, hook_failed, unsteady, rollback_failed, aborted, no_data;
  bool begun; /* hooks and steady state let the entries begin */
  unsigned steps_passed, steps_failed, steps_skipped;
  unsigned assertions_passed, assertions_failed, assertions_no_data, warnings;
} flow_run;

/* How something ended.  LEFT: an abort, or a failure that nobody looked at, is on its
 * way out to the end of the lists. */
typedef enum flow_end { DONE, BAD, SKIPPED, LEFT } flow_end;
extern const char *const flow_end_words[];
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
/* False: cut short, by the timeout or by who ends the branch. */
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

/* reference_tasks.c: who goes on */
void flow_tasks_begin(flow_run *r);
void flow_tasks_end(flow_run *r);
/* An effect that takes so long; meanwhile others go on.  False: it was cut short. */
bool flow_takes(flow_run *r, const char *driver, double seconds, bool cuttable);
/* What goes on has to end, as far as the attempt or the branch. */
bool flow_must_leave(const flow_run *r);
void flow_abort(flow_run *r);
void flow_spawn(flow_run *r, flow_group *g, flow_entry *e, const flow_path *p);
void flow_let_others(flow_run *r);
/* Until another branch of the group ends, or makes room. */
void flow_wait_for_others(flow_run *r);
void flow_wake_group(flow_run *r, flow_group *g);
void flow_end_branches(flow_run *r, flow_group *g);
/* Until all of them have ended; LEFT: they had to. */
flow_end flow_await(flow_run *r, flow_group *g);

/* reference_groups.c */
flow_end flow_run_group(flow_run *r, flow_entry *e, const flow_path *p);
flow_end flow_run_parallel_list(flow_run *r, const flow_list *l, const flow_path *p);
/* What the branch t does. */
void flow_run_branch(flow_run *r);

/* reference_steps.c, reference_entries.c */
flow_end flow_run_step(flow_run *r, flow_entry *s, const flow_path *p);
void flow_skip_step(flow_run *r, flow_entry *s, const flow_path *p);
flow_end flow_run_entry(flow_run *r, flow_entry *e, const flow_path *p);
flow_end flow_run_entries(flow_run *r, const flow_list *l, const flow_path *p);
#endif
