/* exec - the state of one execution: of an expression (mf_eval), or of a task
 * of a machine. */
#ifndef MF_VM_EXEC_H
#define MF_VM_EXEC_H
#include "../image/image.h"
#include "call.h"

typedef struct mf_task mf_task;

/* How a statement ended: MF_GO, or why the machine stops. */
typedef enum mf_stop {
  MF_GO,
  MF_STOP_END,    /* the program is over */
  MF_STOP_EFFECT, /* the task waits for an outcome */
  MF_STOP_WAIT,   /* the task waits for other tasks */
  MF_STOP_OVER,   /* the task has ended, the program has not */
  MF_STOP_LIMIT,  /* call.status says why */
} mf_stop;

/* Called before each instruction: `pc` is its word in the code section, the
 * stack has `depth` values. */
typedef void (*mf_trace_fn)(void *ctx, uint32_t task, uint32_t pc, const mf_value *stack,
                            uint32_t depth);

typedef struct mf_exec {
  mf_call call;
  const uint32_t *code; /* first word of the chunk; labels count from here */
  const uint32_t *pc;   /* next instruction */
  const mf_value *slots, *constants;
  mf_value *stack, *sp;  /* sp: one past the top */
  const mf_image *image; /* names, for messages */
  mf_task *task;         /* NULL in an expression */
  mf_value *result;      /* of an expression */
  mf_stop stop;          /* of a task */
  mf_trace_fn trace;     /* NULL: none */
  void *trace_ctx;
} mf_exec;

/* Functions that are hardly ever called: kept out of their callers' way. */
#if defined(__GNUC__)
#define MF_COLD __attribute__((noinline, cold))
#else
#define MF_COLD
#endif

/* Copies a value word by word.  Left alone, compilers join the two into one
 * load of sixteen bytes, and such a load waits for both words' stores to reach
 * the cache when they have just been written one by one (583 against 344 ns for
 * the same loop of comparisons). */
#if defined(__GNUC__)
#define MF_KEEP_APART(word) __asm__("" : "+r"(word))
#else
#define MF_KEEP_APART(word) (void)0
#endif

static inline void mf_value_move(mf_value *to, const mf_value *from) {
  uint64_t head, payload;
  memcpy(&head, from, sizeof head);
  memcpy(&payload, &from->as, sizeof payload);
  MF_KEEP_APART(head);
  memcpy(to, &head, sizeof head);
  memcpy(&to->as, &payload, sizeof payload);
}

/* Runs from pc.  An expression ends with its value in *result; a task with
 * `stop` set to END or EFFECT.  Any status but OK is a budget that is exceeded:
 * call.status.  Operands are not checked: mf_image_open refuses what the
 * verifier has not proved. */
mf_status mf_interpret(mf_exec *x);

/* The error of reading slot `slot`, which has no value. */
mf_value mf_no_value(mf_exec *x, uint32_t slot);
/* Field `field` of the latest result of a step, or of MF_PREVIOUS. */
mf_value mf_step_field(mf_exec *x, uint32_t step, uint32_t field);
#endif
