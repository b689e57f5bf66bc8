/* box - a value that owns its parts: what outlives the scratch arena. */
#ifndef MF_VM_BOX_H
#define MF_VM_BOX_H
#include "value.h"

/* The parts of `value` follow in the same block. */
typedef struct mf_box {
  struct mf_box *next; /* in a list of boxes to be freed later */
  size_t size;         /* bytes of parts there is room for */
  mf_value value;
} mf_box;

/* Puts a deep copy of v into *box (NULL: none yet), making a larger box when
 * needed.  `v` may refer to parts of the old value.  With `retired`, others may
 * still borrow the old parts: they are left as they are and the old box is added
 * to that list.  Errors: OUT_OF_MEMORY, VALUE_TOO_LARGE (more than `max` bytes,
 * or nested too deep); *box is unchanged then. */
mf_status mf_box_put(const mf_alloc *alloc, mf_box **box, const mf_value *v, size_t max,
                     mf_box **retired);
/* Frees a list of boxes. */
void mf_box_free(const mf_alloc *alloc, mf_box *box);
#endif
