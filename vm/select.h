/* select - parts of values, and values made of parts. */
#ifndef MF_VM_SELECT_H
#define MF_VM_SELECT_H
#include "call.h"

/* x[i]: an element of a list or the entry of a map. */
mf_value mf_index(mf_call *call, const mf_value *x, const mf_value *i);
/* x.key, and whether x has it. */
mf_value mf_field(mf_call *call, const mf_value *x, const mf_value *key);
mf_value mf_has_field(mf_call *call, const mf_value *x, const mf_value *key);
/* x in y: an element of a list, a key of a map. */
mf_value mf_in(mf_call *call, const mf_value *x, const mf_value *y);

/* The list of n items, and the map of n keys and values that follow each other;
 * the first error among them is the result. */
mf_value mf_make_list(mf_call *call, const mf_value *items, uint32_t n);
mf_value mf_make_map(mf_call *call, const mf_value *items, uint32_t n);
#endif
