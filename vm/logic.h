/* logic - ! && || and conditions, off the fast path. */
#ifndef MF_VM_LOGIC_H
#define MF_VM_LOGIC_H
#include "call.h"

mf_value mf_not(mf_call *call, const mf_value *x);
/* x && y and x || y of two finished operands: a deciding one wins over an
 * error, an error over the rest.  What is no bool counts as an error. */
mf_value mf_and(mf_call *call, const mf_value *x, const mf_value *y);
mf_value mf_or(mf_call *call, const mf_value *x, const mf_value *y);
/* The error that condition c, which is no bool, comes to. */
mf_value mf_no_condition(mf_call *call, const mf_value *c);
#endif
