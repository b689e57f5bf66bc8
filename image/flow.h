/* flow - the walk over a chunk that both the verifier and the builder use.
 *
 * Proves that no path can index out of range, underflow the stack, run past
 * the last instruction or leave a frame it did not enter, and computes the
 * depths.  Each instruction is visited once: every path into it must bring the
 * same stack depth and the same frames. */
#ifndef MF_IMAGE_FLOW_H
#define MF_IMAGE_FLOW_H
#include "image.h"

typedef struct mf_flow {
  uint32_t max_depth, max_frames; /* found */
  uint32_t bad_pc;                /* on failure: word of the chunk */
  const char *detail;             /* on failure: static sentence */
} mf_flow;
/* `code` is the chunk's words; `pure` forbids frames and effects.  Operands must
 * have been bounds-checked, labels apart: they are checked here.  Scratch comes from the arena.  Errors: IMAGE_*,
 * OUT_OF_MEMORY. */
mf_status mf_flow_walk(mf_arena *scratch, const uint32_t *code, uint32_t count, bool pure,
                       mf_flow *flow);
#endif
