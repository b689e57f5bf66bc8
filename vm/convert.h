/* convert - values as text inside an evaluation. */
#ifndef MF_VM_CONVERT_H
#define MF_VM_CONVERT_H
#include "call.h"

/* The texts of n values joined, as interpolation does; the first error among
 * them is the result. */
mf_value mf_concat(mf_call *call, const mf_value *items, uint32_t n);
/* The text of one value, which is no error; strings as they are. */
mf_value mf_text_of(mf_call *call, const mf_value *v);
#endif
