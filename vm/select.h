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

/* x.?key and x[?i]: an optional, none when there is no such entry or element.  An
 * optional x stands for its value; then the plain forms give an optional, too. */
mf_value mf_optional_field(mf_call *call, const mf_value *x, const mf_value *key);
mf_value mf_optional_index(mf_call *call, const mf_value *x, const mf_value *i);
/* The optional of *v; an error stays one. */
mf_value mf_optional_wrap(mf_call *call, const mf_value *v);
/* v itself if it is an optional, else an error. */
mf_value mf_optional_check(mf_call *call, const mf_value *v);
/* The same, marked as an element or entry that mf_make_list and mf_make_map take
 * the value of, or leave out.  Anywhere else the mark means nothing. */
mf_value mf_optional_element(mf_call *call, const mf_value *v);

/* The list of n items, and the map of n keys and values that follow each other;
 * the first error among them is the result. */
mf_value mf_make_list(mf_call *call, const mf_value *items, uint32_t n);
mf_value mf_make_map(mf_call *call, const mf_value *items, uint32_t n);
#endif
