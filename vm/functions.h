/* functions - what CALL calls; one handler for each row of functions.def. */
#ifndef MF_VM_FUNCTIONS_H
#define MF_VM_FUNCTIONS_H
#include "call.h"

/* No argument is an error; their number fits the row. */
typedef mf_value (*mf_function)(mf_call *call, const mf_value *args, uint32_t n);

#define MF_FUNCTION(id, spelling, code, min_args, max_args, signatures, cost, doc) \
  mf_value mf_fn_##id(mf_call *call, const mf_value *args, uint32_t n);
#include "functions.def"
#undef MF_FUNCTION

/* MF_FUNCTION_ID is the code of a row. */
enum {
#define MF_FUNCTION(id, spelling, code, min_args, max_args, signatures, cost, doc) \
  MF_FUNCTION_##id = code,
#include "functions.def"
#undef MF_FUNCTION
};

/* By code; NULL where no row has it. */
extern const mf_function mf_functions[];

/* Calls function `code`: the first argument that is an error is the result, and
 * taint goes from the arguments to it. */
mf_value mf_function_call(mf_call *call, uint32_t code, const mf_value *args, uint32_t n);

/* "no overload for size(int)". */
mf_value mf_no_function(mf_call *call, const char *name, const mf_value *args, uint32_t n);
#endif
