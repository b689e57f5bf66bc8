/* evaluator - the inside of mf_evaluator, for vm/evaluator.c and vm/fast_*.c. */
#ifndef MF_VM_EVALUATOR_H
#define MF_VM_EVALUATOR_H
#include "program.h"
#include "regex_cache.h"

enum {
  MF_INLINE_STACK = 32, /* values; deeper expressions are rare */
  MF_FAST_DEPTH = 16,   /* temporaries of fast code */
  MF_FAST_TEXT = 512,   /* bytes of a text result that needs no arena */
};

struct mf_evaluator {
  int64_t fast_fuel;         /* what fast code may use: `fuel`, or 0 while there is a trace */
  uint64_t share;            /* of it, for an instruction whose work grows with its input */
  const mf_program *program; /* being evaluated by fast code */
  mf_value *result;          /* of it */
  bool keeps;                /* several results live at a time: text goes to the arena */
  char *chunk, *chunk_end;   /* free part of what the arena has given for texts */
  const mf_value *kept[MF_FAST_DEPTH]; /* left operands */
  mf_value temps[MF_FAST_DEPTH];
  mf_alloc alloc;
  mf_exec exec;
  mf_arena arena;
  int64_t fuel; /* of each evaluation */
  mf_regex_cache regexes;
  uint32_t stack_size; /* of exec.stack, owned when it is not `inline_stack` */
  mf_value inline_stack[MF_INLINE_STACK];
  char text[MF_FAST_TEXT];
};

/* What the evaluation before this one left in the arena goes. */
static inline void mf_evaluator_forget(mf_evaluator *e) {
  if (e->arena.head) mf_arena_reset(&e->arena);
  e->chunk = e->chunk_end = NULL;
}

/* 64 instructions that take a share and the rest of the code fit into the fuel. */
static inline uint64_t mf_fast_share(const mf_evaluator *e) { return (uint64_t)e->fast_fuel >> 7; }

/* The evaluation as the image's instructions say: the one that knows all of
 * CEL, errors, limits and traces. */
mf_status mf_eval_generic(const mf_program *program, mf_evaluator *evaluator, const mf_value *slots,
                          mf_value *result);
#endif
