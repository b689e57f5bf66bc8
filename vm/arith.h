/* arith - + - * / % and unary minus, checked. */
#ifndef MF_VM_ARITH_H
#define MF_VM_ARITH_H
#include "call.h"

/* In the order of the opcodes ADD ... REMAINDER. */
typedef enum mf_operation {
  MF_ADD,
  MF_SUBTRACT,
  MF_MULTIPLY,
  MF_DIVIDE,
  MF_REMAINDER
} mf_operation;

/* x operation y.  Numbers of one kind; an int or uint beside a double becomes
 * one (not for %); + joins strings, bytes and lists; timestamps and durations as
 * in CEL.  Errors are values. */
mf_value mf_arith(mf_call *call, mf_operation operation, const mf_value *x, const mf_value *y);
mf_value mf_negate(mf_call *call, const mf_value *x);
/* y; an error when one is a double and the other an int or uint, which CEL
 * itself does not mix. */
mf_value mf_alike(mf_call *call, const mf_value *x, const mf_value *y);
#endif
