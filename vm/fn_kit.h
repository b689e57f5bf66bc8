/* fn_kit - what the handlers of functions share: looking at their arguments,
 * making texts and lists within the limits. */
#ifndef MF_VM_FN_KIT_H
#define MF_VM_FN_KIT_H
#include "functions.h"

/* Whether the n arguments are of these kinds, a letter each: s string, b bytes,
 * i int, l list, o optional, t timestamp, c net.CIDR, a net.IP.  `kinds` may
 * have more letters than there are arguments. */
bool mf_args_are(const mf_value *args, uint32_t n, const char *kinds);

/* A text that grows in scratch memory, up to MF_LIMIT_STRING_BYTES or what the
 * fuel that is left pays for. */
void mf_call_text(mf_call *call, mf_buf *text);
/* The string that was written, fuel taken for its bytes; null when it ended the
 * evaluation. */
mf_value mf_call_text_done(mf_call *call, const mf_buf *text);

/* Room for a list of n elements, fuel taken for them; NULL when that ends the
 * evaluation. */
mf_value *mf_call_items(mf_call *call, uint64_t n);
static inline mf_value mf_list_value(const mf_value *items, uint64_t n) {
  return (mf_value){.kind = MF_LIST, .len = (uint32_t)n, .as.list = items};
}

/* An optional with a copy of v, or none when v is NULL. */
mf_value mf_optional_of(mf_call *call, const mf_value *v);

/* Sorts n positions in `order` so that less(ctx, a, b) holds for no later a and
 * earlier b; equal ones keep their places.  False when it ended the evaluation. */
typedef bool (*mf_less)(void *ctx, uint32_t a, uint32_t b);
bool mf_sort_positions(mf_call *call, uint32_t *order, uint32_t n, mf_less less, void *ctx);
/* 0, 1 ... n - 1 to be sorted; NULL when it ended the evaluation. */
uint32_t *mf_call_positions(mf_call *call, uint32_t n);
#endif
