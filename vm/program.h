/* program - a compiled expression.
 *
 * compiler/program.c makes the image: one pure chunk, whose FREE slots are the
 * variables in the order given.  Nothing here changes after that. */
#ifndef MF_VM_PROGRAM_H
#define MF_VM_PROGRAM_H
#include "exec.h"

struct mf_program {
  mf_alloc alloc;
  uint8_t *bytes; /* owned; `image` lies in them; NULL: it never was bytes */
  size_t size;
  mf_image *image;    /* owned, opened; NULL: `of` is somebody else's */
  const mf_image *of; /* what the code belongs to */
  mf_arena *arena;    /* of fast code */
  mf_arena own;       /* that, when the image is somebody else's */
  const uint32_t *code;
  const mf_value *constants;
  uint32_t slot_count, max_depth;
  const struct mf_fast_op *fast; /* vm/fast.h; NULL: none */
  const uint8_t *fast_codes;     /* for blocks of rows, which instructions they are; NULL: none */
  uint32_t fast_count;           /* instructions of it */
  int64_t fast_need;             /* fuel that is enough for it; INT64_MAX: there is none */
};

/* Opens the image and makes a program of its first pure chunk.  Takes `bytes`
 * (allocated with `alloc`, n bytes; freed in case of failure).  Errors: IMAGE_*
 * (IMAGE_NO_MAIN: there is no pure chunk), OUT_OF_MEMORY. */
mf_status mf_program_from_image(const mf_alloc *alloc, uint8_t *bytes, size_t n, mf_program **out);
/* The same of an opened image, which it takes. */
mf_status mf_program_of(const mf_alloc *alloc, mf_image *image, mf_program **out);

/* The same of pure chunk `chunk` of an image that stays the caller's and must outlive
 * it: its slots are all of the image's. */
mf_status mf_program_of_chunk(const mf_alloc *alloc, const mf_image *image, uint32_t chunk,
                              mf_program **out);

/* What steps["x"] and previous mean in evaluations from now on: what they mean to the
 * task that asked for the effect which mf_vm_run has just given back.  The effect must
 * be in flight as long as that is used; NULL: nothing. */
void mf_evaluator_set_machine(mf_evaluator *evaluator, mf_vm *vm);

/* Calls `trace` before each instruction of every evaluation; NULL: no more. */
void mf_evaluator_set_trace(mf_evaluator *evaluator, mf_trace_fn trace, void *ctx);
#endif
