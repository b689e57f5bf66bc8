/* compare - CEL's equality and order. */
#ifndef MF_VM_COMPARE_H
#define MF_VM_COMPARE_H
#include "call.h"

/* In the order of the opcodes EQ ... GE and SLOT_EQ ... SLOT_GE. */
typedef enum mf_relation { MF_EQ, MF_NE, MF_LT, MF_LE, MF_GT, MF_GE } mf_relation;

/* x == y: total; values of different kinds are unequal, numbers stand on one
 * line, NaN equals nothing.  Neither is an error. */
bool mf_equal(mf_call *call, const mf_value *x, const mf_value *y);
/* The value of `x relation y`: a bool, or an error (the first operand's error,
 * or no overload). */
mf_value mf_compare(mf_call *call, mf_relation relation, const mf_value *x, const mf_value *y);
#endif
