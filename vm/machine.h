/* machine - the state of a virtual machine and of its tasks.
 *
 * A machine is pure: it stops for effects, and what the host delivers is all it
 * ever learns of the world.  What belongs to one task (stack, frames, scratch
 * memory, the effect it waits for) is in mf_task; slots, results and counts are
 * the machine's.
 *
 * Who may borrow what: values on a task's stack, and the arguments of an effect
 * in flight, point into the image, the task's scratch arena or slots.  So scratch
 * memory is only given back, and a slot's old value only freed, while nothing
 * can point there (mf_task_is_clear).  Everything else owns its values. */
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

/* An open run, step, hook, action, branch, repeat or fault. */
typedef struct mf_frame {
  uint8_t op; /* opcode that opened it: RUN_ENTER, STEP_ENTER ... */
  bool failed, skipped;
  bool begun;  /* its condition held; a fault's: it was injected */
  bool judged; /* a step's: STEP_OUTCOME came */
  bool undone; /* a fault's: the undo was answered */
  uint32_t row;
  uint32_t handler; /* word of the chunk at which its failures continue */
  uint32_t base;    /* stack depth when it was opened */
  int64_t begin_ns;
  mf_str name;   /* of a step: for display; scratch arena or image */
  mf_box *error; /* text of the first failure; owned */
  /* Of a fault: its arguments; of a step: its retry policy; of a for_each: what it
   * goes through.  Owned. */
  mf_box *args;
  uint64_t turn;         /* of a repeat: the one under way, from 1; 0: none yet */
  uint64_t turns;        /* how many in all; of a step: how many attempts there may be */
  uint32_t attempt;      /* of a step with a retry policy: from 1; 0: none was made */
  double pause;          /* after this attempt, in seconds */
  mf_arena_mark scratch; /* where that of the attempts begins */
  mf_judged judged_now;  /* of a step: in this attempt */
} mf_frame;

/* ---- Steps, metrics ---- */

/* The latest result of a step, or of a bare action. */
typedef struct mf_result {
  bool known;      /* it has ended, or was skipped */
  uint8_t outcome; /* mf_outcome_kind */
  uint32_t attempts, runs;
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

/* A row of METRIC: its slots by kind, MF_ABSENT where the image has none. */
enum { MF_METRIC_SLOTS = MF_SLOT_KIND_METRIC_COUNT - MF_SLOT_KIND_METRIC_STEP + 1 };
typedef struct mf_metric {
  uint32_t slots[MF_METRIC_SLOTS]; /* by slot kind - METRIC_STEP */
  uint64_t count;
  double sum;
  mf_value min, max;
  mf_tally of_run, of_step; /* of what record_metric recorded */
} mf_metric;

/* ---- Tasks ---- */

struct mf_task {
  mf_vm *vm;
  uint32_t number;
  mf_exec exec;
  mf_arena arena; /* scratch, until a step of this task ends */
  mf_frame *frames;
  uint32_t frame_count, frame_size;
  uint32_t stack_size;
  uint32_t open_steps; /* frames of steps */
  bool unwinding;      /* on the way down to the run's frame */
  /* The effect in flight. */
  bool waiting, delivered;
  uint8_t effect_op; /* opcode that asked */
  uint32_t effect_row;
  uint32_t effect_id;
  mf_str effect_driver, effect_path;
  mf_value effect_args, outcome;
  mf_value labels; /* of the next METRIC; UNSET: none */
  mf_dice dice;
};

/* ---- The machine ---- */

enum { MF_BUILTIN_SLOTS = MF_BUILTIN_RESPONSE + 1 };

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
  const mf_result *previous;           /* NULL before the first */
  mf_result entry;                     /* of the latest bare action */
  mf_task task;
  mf_regex_cache regexes;
  char *path; /* room for a path with its turns; NULL: the image has no repeats */
  size_t path_size;

  mf_notice_fn notice;
  void *notice_ctx;
  int64_t start_wall_ns, wall_ns, now_ns; /* now: monotonic, of the latest outcome */
  int64_t fuel;                           /* at the start */
  uint64_t seed;
  int64_t loop_ns;  /* no iteration of the orchestration begins after it; 0: no limit */
  uint32_t effects; /* asked for so far */
  uint32_t parked;  /* tasks that wait for an outcome */
  bool started, done, failed;
  const char *refusal;            /* of the latest value that an input did not take; task's arena */
  bool metrics_set;               /* some METRIC_STEP slot has a value */
  bool pending;                   /* a failure that no entry has looked at */
  bool rolling_back;              /* a rollback is under way */
  bool judged;                    /* VERDICT came */
  bool stop_wanted, abort_wanted; /* signals that were not acted on yet */

  /* For the verdict. */
  mf_verdict counts; /* outcome and nothing_run are computed */
  bool ran;          /* something was run */
  bool allow_empty;  /* and need not be */
  bool entry_failed, assertion_failed, assertion_no_data;
  char timestamp[40]; /* the start, fit for file names */
};

void mf_vm_set_trace(mf_vm *vm, mf_trace_fn trace, void *ctx);

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
/* A load's value of a metric, at a step's end: its step and last slots, and one
 * sample; and what it is for the whole run. */
void mf_metric_record(mf_vm *vm, uint32_t metric, mf_value v);
void mf_metric_record_run(mf_vm *vm, uint32_t metric, mf_value v);
/* One recorded sample: what the metric is for step and run depends on its kind. */
void mf_metric_sample(mf_vm *vm, uint32_t metric, mf_value v);
/* The metrics of the step under way are those of no step. */
void mf_metrics_begin_step(mf_vm *vm);

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

/* ---- vm/steps.c, vm/effects.c, vm/judge.c ---- */

/* Acts on a signal: leaves everything down to the run's frame. */
mf_stop mf_signal_take(mf_task *t);
/* Frame f, a block, ends. */
void mf_block_ended(mf_task *t, const mf_frame *f, mf_outcome_kind outcome);
/* An entry failed with `text`: in a rollback that is all it is, a failure of it. */
bool mf_rollback_failed(mf_task *t, mf_str text);
/* Whether something has failed that makes the verdict "failed". */
bool mf_has_failed(const mf_vm *vm);
/* The innermost frame, a step, was ended from outside. */
mf_stop mf_step_interrupt(mf_task *t, mf_frame *f);
/* An attempt of the step failed and another may be made: steps["x"] tells of it.
 * Then what is known of it is forgotten, and after the pause the next begins. */
mf_stop mf_step_attempt_failed(mf_task *t, const mf_frame *f);
void mf_step_forget(mf_task *t, const mf_frame *f);
void mf_step_attempt(mf_task *t);
/* An entry that is no step or action could not be carried out: the innermost
 * frame's error counts and is pending, as its STEP_FLAGS say. */
void mf_entry_broke(mf_task *t, uint32_t path, uint32_t flags);
/* A repeat is over. */
void mf_tell_repeat(mf_task *t, const mf_frame *f, mf_outcome_kind outcome);
/* A bare action ended: it becomes previous. */
mf_stop mf_entry_ended(mf_task *t, const mf_frame *f);
void mf_result_free(mf_vm *vm, mf_result *r);
/* The results and built-ins before the first step. */
void mf_steps_init(mf_vm *vm);
/* Keeps the metrics of the innermost step. */
mf_status mf_step_metrics(mf_task *t, const mf_value *metrics);
/* Asks for a wait, as the instruction `op`. */
mf_stop mf_ask_wait(mf_task *t, mf_opcode op, double seconds);
/* Takes in the outcome that was delivered. */
mf_stop mf_outcome_take(mf_task *t);
/* The assertions of this attempt do not count: another one is made. */
void mf_judged_forget(mf_task *t, mf_frame *step);
mf_verdict mf_verdict_now(const mf_vm *vm);
#endif
