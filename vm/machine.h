/* machine - the state of a virtual machine and of its tasks.
 *
 * A machine is pure: it stops for effects, and what the host delivers is all it
 * ever learns of the world.  What belongs to one task (stack, frames, scratch
 * memory, the effect it waits for) is in mf_task; slots, results and counts are
 * the machine's.  The slots that mean something else in each branch (vm/tasks.c)
 * hold the values of the task that runs.
 *
 * Who may borrow what: values on a task's stack, and the arguments of an effect
 * in flight, point into the image, the task's scratch arena or slots.  So scratch
 * memory is only given back, and a slot's old value only freed, while nothing
 * can point there (mf_task_is_clear).  A task that pauses beside others borrows
 * from no slot (mf_task_settle), so that only the running task has to be looked
 * at.  Everything else owns its values. */
#ifndef MF_VM_MACHINE_H
#define MF_VM_MACHINE_H
#include "box.h"
#include "exec.h"
#include "regex_cache.h"

/* ---- Frames ---- */

/* Assertions judged in the attempt of a step that is under way. */
typedef struct mf_judged {
  uint32_t passed, failed, no_data, warnings;
} mf_judged;

/* The branches of an open group. */
typedef struct mf_group {
  uint32_t tasks;   /* that have not ended */
  uint32_t running; /* of these, those that wait for no other branch */
  uint32_t most;    /* that may run at once; 0: any number */
  bool held;        /* its own task waits, for the end or for room */
  bool needing;     /* some of them may wait for another */
  bool ending;      /* its branches are left: it starts no more */
} mf_group;

/* An open run, step, hook, action, branch, repeat, group, linked document or fault. */
typedef struct mf_frame {
  uint8_t op; /* opcode that opened it: RUN_ENTER, STEP_ENTER ... */
  bool failed, skipped;
  bool begun;    /* its condition held; a fault's: it was injected */
  bool judged;   /* a step's: STEP_OUTCOME came */
  bool needs;    /* it waits for another branch: nothing of it has begun */
  bool undone;   /* a fault's: the undo was answered */
  bool crossed;  /* a step's: it failed by thresholds alone */
  uint8_t flags; /* STEP_FLAGS beside those of its row */
  uint32_t row;
  uint32_t handler; /* word of the chunk at which its failures continue */
  uint32_t base;    /* stack depth when it was opened */
  bool timed_out;   /* its time is over: everything in it is left */
  int64_t begin_ns;
  int64_t deadline_ns; /* 0: none */
  int64_t timeout_ns;  /* what was allowed, for the message */
  mf_group *group;     /* of a group; owned */
  mf_str name;         /* of a step: for display; scratch arena or image */
  mf_box *error;       /* text of the first failure; owned */
  /* Of a fault: its arguments; of a step or action: its retry policy; of a for_each:
   * what it goes through.  Owned. */
  mf_box *args;
  uint64_t turn;               /* of a repeat: the one under way, from 1; 0: none yet */
  uint64_t turns;              /* how many in all; with a retry policy: of attempts, at most */
  uint32_t attempt;            /* with a retry policy: from 1; 0: none was made */
  double pause;                /* after this attempt, in seconds */
  mf_arena_mark scratch;       /* where that of the attempts begins */
  mf_judged judged_now;        /* of a step: in this attempt */
  struct mf_kept_metric *kept; /* of a step: recorded before its attempts; owned */
} mf_frame;

static inline uint32_t mf_frame_flags(const mf_frame *f, uint32_t of_row) {
  return of_row | f->flags;
}

/* ---- Steps, metrics ---- */

/* The latest result of a step, or of a bare action. */
typedef struct mf_result {
  bool known;      /* it has ended, or was skipped */
  uint8_t outcome; /* mf_outcome_kind */
  uint32_t attempts, runs;
  bool owed; /* it failed as a step_failed assertion expects, which was not judged yet */
  uint32_t runs_passed, runs_failed;
  double duration;         /* seconds */
  mf_box *metrics, *error; /* owned; NULL: none */
} mf_result;

/* Recorded samples so far, for what a metric of each kind comes to. */
typedef struct mf_tally {
  uint64_t count, hits; /* hits: samples that are not 0 */
  double sum;
  bool fractions; /* some sample was no int */
} mf_tally;

/* Of a metric, before the attempts of a step. */
typedef struct mf_kept_metric {
  mf_tally tally;
  mf_value value; /* a number, or UNSET */
} mf_kept_metric;

/* A row of METRIC: its slots by kind, MF_ABSENT where the image has none. */
enum { MF_METRIC_SLOTS = MF_SLOT_KIND_METRIC_COUNT - MF_SLOT_KIND_METRIC_STEP + 1 };
typedef struct mf_metric {
  uint32_t slots[MF_METRIC_SLOTS]; /* by slot kind - METRIC_STEP */
  uint32_t own;                    /* of METRIC_LAST: its place in own_slots */
  uint64_t count;
  double sum;
  mf_value min, max;
  mf_tally of_run; /* of what record_metric recorded */
} mf_metric;

/* ---- Tasks ---- */

/* A slot of a task's own, while another one runs. */
typedef struct mf_own {
  mf_value value;
  mf_box *box; /* owned; NULL: it has no parts */
} mf_own;

/* What a task waits for. */
typedef enum mf_wait {
  MF_WAIT_NONE,    /* it runs, or is about to */
  MF_WAIT_OUTCOME, /* an effect in flight */
  MF_WAIT_GROUP,   /* the branches of its innermost group, or room for one more */
  MF_WAIT_NEEDS,   /* another branch */
} mf_wait;

/* A branch is one block of memory: the task, then frames, stack and saved. */
struct mf_task {
  mf_vm *vm;
  mf_task *next, *last; /* all tasks, in the order in which they began */
  mf_task *parent;      /* NULL: the main task */
  mf_frame *home;       /* the group's frame, on the parent's stack */
  uint32_t number, row; /* row: of TASK */
  size_t size;          /* bytes of the block */
  mf_exec exec;
  mf_arena arena; /* scratch, until a step of this task ends */
  mf_frame *frames;
  uint32_t frame_count, frame_size;
  uint32_t stack_size;
  uint32_t open_steps;       /* frames of steps */
  uint32_t deadlines;        /* frames with one */
  bool unwinding;            /* on the way down to the root's frame, or to one that timed out */
  bool leaving;              /* a signal, or the end of its group: not acted on yet */
  bool overdue;              /* a frame has timed out: not acted on yet */
  bool pending;              /* a failure that no entry has looked at */
  bool lenient;              /* in an optional group: failures are warnings */
  bool metrics_set;          /* some METRIC_STEP slot has a value */
  bool counted;              /* among the running ones of its group */
  const mf_result *previous; /* NULL before the first */
  mf_result entry;           /* of the latest bare action or group */
  mf_own *saved;             /* of vm->own_slots, while another task runs */
  mf_tally *tallies;         /* of each metric: what record_metric recorded in this step */
  bool *touched;             /* which of them this task gave a value, for its parent */
  /* Waiting. */
  mf_wait wait;
  mf_task *next_ready; /* in the queue of those that can go on */
  bool queued;
  mf_task *next_cancel;
  bool cancel; /* the effect in flight is not wanted any more */
  /* The effect in flight. */
  bool waiting, delivered;
  uint8_t effect_op; /* opcode that asked */
  uint32_t effect_row;
  uint32_t effect_id;
  mf_str effect_driver, effect_path;
  mf_value effect_args, outcome;
  mf_value labels;  /* of the next METRIC; UNSET: none */
  mf_value message; /* of the next ASSERT; UNSET: none of its own */
  mf_box *watched;  /* what the watches of the latest load came to, a list; NULL: none.  Owned */
  mf_dice dice;
};

/* First in, first out; linked through the tasks. */
typedef struct mf_queue {
  mf_task *first, *last;
} mf_queue;

/* An effect in flight; task NULL: its outcome came. */
typedef struct mf_in_flight {
  uint32_t id;
  mf_task *task;
} mf_in_flight;

/* What is known of a row of TASK, for those that need it. */
typedef struct mf_branch_state {
  uint32_t alive;
  bool failed;
} mf_branch_state;

/* ---- The machine ---- */

enum { MF_BUILTIN_SLOTS = MF_BUILTIN_LOAD_DATA + 1 };

struct mf_vm {
  mf_counting_alloc memory;
  mf_alloc alloc; /* counts into memory; all but this struct comes from it */
  const mf_image *image;
  mf_value *slots;
  mf_box **boxes;     /* of each slot that owns parts; else NULL */
  mf_box *retired;    /* old slot values that somebody may still borrow */
  mf_result *results; /* of each step */
  mf_metric *metrics;
  uint32_t *step_slots;                /* of each step: its first variable, MF_ABSENT if none */
  uint32_t *next_slots;                /* of each slot: the next variable of the same step */
  uint32_t builtins[MF_BUILTIN_SLOTS]; /* slot of each, or MF_ABSENT */
  mf_task task;                        /* the main one: number 0, row MF_ABSENT */
  mf_task *current;                    /* runs, or ran last */
  uint32_t task_count, next_number;
  mf_queue ready, cancels;
  mf_task *last;         /* of all tasks */
  mf_in_flight *flights; /* NULL while there was only one task */
  uint32_t flight_count, flight_cap;
  mf_branch_state *branches; /* of each row of TASK */
  uint32_t *own_slots;       /* slots that each task has for itself */
  uint32_t own_count;
  double time_scale;
  int64_t deadline_ns; /* the earliest, if that is known */
  bool deadline_known;
  mf_regex_cache regexes;
  char *path; /* room for a path with its turns; NULL: the image has no repeats */
  size_t path_size;

  mf_notice_fn notice;
  void *notice_ctx;
  int64_t start_wall_ns, wall_ns, now_ns; /* now: monotonic, of the latest outcome */
  int64_t fuel;                           /* at the start */
  int64_t fuel_left;                      /* and while no task runs: see mf_call */
  uint64_t charged;
  mf_status status;
  uint64_t seed;
  int64_t loop_ns;  /* no iteration of the orchestration begins after it; 0: no limit */
  uint32_t effects; /* asked for so far */
  uint32_t parked;  /* tasks that wait for an outcome */
  bool started, done, failed;
  const char *refusal; /* of the latest value that an input did not take; task's arena */
  bool begun;          /* RUN_BEGIN came */
  bool entries_over;   /* RUN_FINAL came */
  bool rolling_back;   /* a rollback is under way */
  bool judged;         /* VERDICT came */
  bool stop_wanted, abort_wanted, crossed_wanted; /* signals that were not acted on yet */

  /* For the verdict. */
  mf_verdict counts; /* outcome and nothing_run are computed */
  bool ran;          /* something was run */
  bool allow_empty;  /* and need not be */
  bool entry_failed, assertion_failed, assertion_no_data;
  char timestamp[40]; /* the start, fit for file names */
};

void mf_vm_set_trace(mf_vm *vm, mf_trace_fn trace, void *ctx);

/* The values of all slots as the task has them that asked for the effect which
 * mf_vm_run has just given back.  Borrowed until the next call. */
const mf_value *mf_vm_slots(const mf_vm *vm);
/* Whether the entries of a run that is judged have begun and are not over. */
bool mf_vm_in_entries(const mf_vm *vm);

/* ---- vm/slots.c ---- */

/* Nothing on a stack or in flight can borrow from slots or scratch memory. */
bool mf_task_is_clear(const mf_task *t);
/* Gives slot a copy of *v.  Errors: OUT_OF_MEMORY, VALUE_TOO_LARGE. */
mf_status mf_slot_set(mf_task *t, uint32_t slot, const mf_value *v);
void mf_slot_clear(mf_task *t, uint32_t slot);
/* Makes *v what the input of this slot has it; any other slot takes anything.
 * NULL: it did, or the run is over; else a sentence. */
const char *mf_slot_take(mf_task *t, uint32_t slot, mf_value *v);
/* The same for a built-in; scalars and text that outlives the machine only. */
void mf_builtin_set(mf_vm *vm, uint32_t builtin, mf_value v);
/* What the task's load measured, at its end: for step, branch and run, and one sample
 * each; or what it has measured so far, which is no sample, and for all branches. */
void mf_metrics_of_load(mf_task *t, const mf_value *told, bool ended);
/* One recorded sample: what the metric is for step and run depends on its kind. */
void mf_metric_sample(mf_task *t, uint32_t metric, mf_value v);
/* The metrics of the step under way are those of no step. */
void mf_metrics_begin_step(mf_task *t);
/* What was recorded so far is the step's in each of its attempts.  False: no memory. */
bool mf_metrics_keep(mf_task *t, mf_frame *step);
/* An attempt begins: the metrics of the step are those that were kept. */
void mf_metrics_begin_attempt(mf_task *t, const mf_frame *step);
void mf_metrics_free_kept(mf_vm *vm, mf_frame *step);

/* ---- vm/tasks.c: who runs ---- */

/* Finds the slots that each task has for itself; allocates.  False: no memory. */
bool mf_tasks_init(mf_vm *vm);
/* Ends and frees all tasks but the main one. */
void mf_tasks_fini(mf_vm *vm);
/* A task that begins where its parent is, with the same slots; NULL: no memory. */
mf_task *mf_task_new(mf_task *parent);
void mf_task_unlink(mf_task *t);
void mf_task_free(mf_task *t);
/* Makes t the one that runs: slots and budgets are its. */
void mf_task_resume(mf_task *t);
/* It stops running: budgets are the machine's again. */
void mf_task_suspend(mf_task *t);
/* It can go on: queued, whatever it waited for. */
void mf_task_wake(mf_task *t);
/* What it has borrowed from slots is copied, if there are other tasks. */
mf_stop mf_task_settle(mf_task *t);
/* It waits for an outcome from now on; and it came, or is not wanted. */
void mf_task_fly(mf_task *t);
void mf_task_land(mf_task *t);
mf_task *mf_task_of_effect(mf_vm *vm, uint32_t id);
/* Everything down to its root is to be left, at the next chance; its effect in
 * flight is not wanted any more, unless it undoes something. */
void mf_task_leave(mf_task *t);
void mf_tasks_leave(mf_vm *vm); /* all tasks */
/* Ends what it waits for, as far as that can be ended. */
void mf_task_interrupt(mf_task *t);
/* The effect in flight of t is not wanted any more. */
void mf_task_cancel(mf_task *t);
/* The next one to be told to the host; NULL: none. */
mf_task *mf_cancel_next(mf_vm *vm);
mf_task *mf_ready_next(mf_vm *vm);

/* ---- vm/groups.c: branches ---- */

/* A branch that runs beside the entries of a list. */
bool mf_is_background(const mf_task *t);
/* While unwinding: the branches of the group on top are left first.  True: t has
 * to wait for them. */
bool mf_group_hold(mf_task *t, mf_frame *f);
/* It was ended from outside, and so were its branches. */
void mf_group_interrupt(mf_task *t, const mf_frame *f);
/* After TASK_END: tells its group and frees it. */
mf_stop mf_task_over(mf_task *t);

/* ---- vm/frames.c ---- */

void mf_frame_push(mf_task *t, mf_opcode op, uint32_t row, uint32_t handler);
mf_frame *mf_frame_top(mf_task *t);
/* Closes the innermost frame. */
void mf_frame_pop(mf_task *t);
/* The innermost frame of that kind, NULL if none. */
mf_frame *mf_frame_find(mf_task *t, mf_opcode op);
/* Paths end with the turns of the repeats around them, outermost first:
 * "steps[2].steps[0]@3.1".  A path is valid until the next one is asked for. */
/* That of the entry, hook or action that is under way. */
mf_str mf_task_path(mf_task *t);
/* That of a frame's row; n 0 if it has none. */
mf_str mf_frame_path(mf_task *t, const mf_frame *f);
/* That of something in the innermost frame; `path` is a string of the image. */
mf_str mf_path_here(mf_task *t, uint32_t path);
/* How much room such a path may need; 0: it is always a string of the image. */
size_t mf_path_room(const mf_image *image);
mf_str mf_frame_error(const mf_frame *f);

/* Marks f as failed; the first text is kept. */
mf_stop mf_frame_fail(mf_task *t, mf_frame *f, mf_str text);
/* Fails the innermost frame and continues at its handler. */
mf_stop mf_raise(mf_task *t, mf_str text);
mf_stop mf_raisef(mf_task *t, const char *fmt, ...) MF_PRINTF(2, 3);
/* While unwinding: why the innermost frame ended is why the one around it does,
 * unless that is the run's. */
mf_stop mf_frame_pass_error(mf_task *t);
/* Closes frames down to the run's and continues at its handler; stops at a
 * fault's frame to let it be undone first. */
mf_stop mf_unwind(mf_task *t);
/* The same for what t->leaving and t->overdue ask for. */
mf_stop mf_leave(mf_task *t);
/* Whether something is to be left now: while unwinding the rest must run as it
 * is, since a fault is being undone, and without an open run there is nothing to
 * leave yet (RUN_ENTER looks again). */
bool mf_must_leave(mf_task *t);
/* Its deadline means nothing any more: vm/deadlines.c. */
void mf_deadline_clear(mf_task *t, mf_frame *f);
/* Counts a failed entry that is no step. */
void mf_entry_failed(mf_task *t);
/* A finished statement: MF_GO, or MF_STOP_LIMIT when a status is set. */
mf_stop mf_go(const mf_task *t);
mf_stop mf_end_with(mf_task *t, mf_status status);
void mf_jump(mf_task *t, uint32_t label);
/* Gives scratch memory back, where nothing can point into it. */
void mf_task_tidy(mf_task *t);

/* Pops a value for a statement; false: it was an error, which was raised, and
 * *stop is what to return. */
bool mf_pop(mf_task *t, mf_value *v, mf_stop *stop);
/* A value as text to show: never a secret; scratch memory. */
mf_str mf_shown_text(mf_task *t, const mf_value *v);

/* ---- notices ---- */

void mf_tell(mf_task *t, mf_notice *notice);
/* WARNING and ERROR, at a path. */
void mf_tell_warning(mf_task *t, mf_str path, mf_str text);
void mf_tell_error(mf_task *t, mf_str path, mf_str text);

/* ---- vm/reasons.c ---- */

/* The values of the parts of conditions. */
typedef struct mf_reasons {
  mf_arena arena; /* what is made for them */
  mf_notice_reason *items;
  uint32_t count;
} mf_reasons;
void mf_reasons_init(mf_task *t, mf_reasons *reasons);
/* What a condition has to have come to for its parts to be told. */
typedef enum mf_came_to {
  MF_CAME_TO_ANY,
  MF_CAME_TO_TRUE,
  MF_CAME_TO_NOT_TRUE,
  MF_CAME_TO_ERROR
} mf_came_to;
/* Evaluates condition `number` of a row of OWNER again, part by part, with fuel and
 * memory of its own; where these do not suffice, and where the image knows no parts,
 * there are none.  True: it was an error. */
bool mf_reasons_add(mf_task *t, uint32_t owner, uint32_t row, uint32_t number, mf_came_to wanted,
                    mf_reasons *reasons);
void mf_reasons_fini(mf_reasons *reasons);
/* Tells it with them, and ends them. */
void mf_tell_reasons(mf_task *t, mf_notice *notice, mf_reasons *reasons);
/* Whether anybody would hear of them. */
static inline bool mf_reasons_wanted(const mf_task *t) {
  return t->vm->notice && MF_ROW_COUNT(t->vm->image, REASON);
}
/* Tells how an entry, hook or action ended; with its condition when that was false
 * (it was skipped), or an error (it failed and had not begun). */
void mf_tell_end(mf_task *t, mf_notice *notice, uint32_t owner, const mf_frame *f);

/* ---- vm/watched.c ---- */

/* Keeps what the watches of a load came to, which its outcome tells. */
mf_stop mf_watched_keep(mf_task *t, const mf_value *outcome);
void mf_watched_forget(mf_task *t);

/* ---- vm/steps.c, vm/effects.c, vm/judge.c ---- */

/* Frame f, a block, ends. */
void mf_block_ended(mf_task *t, const mf_frame *f, mf_outcome_kind outcome);
/* An entry failed with `text`: in a rollback that is all it is, a failure of it, and
 * nothing is pending; `stops`: elsewhere it would be, so a branch has failed by it. */
bool mf_rollback_failed(mf_task *t, bool stops, mf_str text);
/* Whether something has failed that makes the verdict "failed". */
bool mf_has_failed(const mf_vm *vm);
/* The innermost frame, a step, was ended from outside. */
mf_stop mf_step_interrupt(mf_task *t, mf_frame *f);
/* An attempt of the step failed and another may be made: steps["x"] tells of it.
 * Then what is known of it is forgotten, and after the pause the next begins. */
mf_stop mf_step_attempt_failed(mf_task *t, const mf_frame *f);
void mf_step_forget(mf_task *t, mf_frame *f);
void mf_step_attempt(mf_task *t, const mf_frame *f);
/* vm/retry.c: the pause is over, and the next attempt of the innermost frame begins. */
void mf_retry_again(mf_task *t);
/* An entry that is no step or action could not be carried out: the innermost
 * frame's error counts and is pending, as its STEP_FLAGS say. */
void mf_entry_broke(mf_task *t, uint32_t path, uint32_t flags);
/* A length of time: a number of seconds, a duration, or text such as 250ms. */
bool mf_as_seconds(const mf_value *v, double *seconds);
/* Something was run, unless it belongs to a hook, the steady state or a rollback: a
 * run that carries out nothing else has run nothing. */
void mf_entry_ran(mf_task *t);
/* A linked document is over. */
void mf_tell_link(mf_task *t, const mf_frame *f, mf_outcome_kind outcome);
/* A repeat is over. */
void mf_tell_repeat(mf_task *t, const mf_frame *f, mf_outcome_kind outcome);
/* A bare action ended: it becomes previous. */
mf_stop mf_entry_ended(mf_task *t, const mf_frame *f);
void mf_result_free(mf_vm *vm, mf_result *r);
/* Failures that an assertion was to judge, and did not: they count after all. */
void mf_steps_settle(mf_task *t);
/* The results and built-ins before the first step. */
void mf_steps_init(mf_task *t);
/* A branch begins with the previous of its parent. */
mf_status mf_previous_inherit(mf_task *t);
/* Keeps the metrics of the innermost step. */
mf_status mf_step_metrics(mf_task *t, const mf_value *metrics);
/* Asks for a wait, as the instruction `op`. */
mf_stop mf_ask_wait(mf_task *t, mf_opcode op, double seconds);
/* Takes in the outcome that was delivered. */
mf_stop mf_outcome_take(mf_task *t);
/* The assertions of this attempt do not count: another one is made. */
void mf_judged_forget(mf_task *t, mf_frame *step);
/* A number, or a duration.  False: it is neither. */
bool mf_as_seconds(const mf_value *v, double *seconds);
mf_verdict mf_verdict_now(const mf_vm *vm);
#endif
