/* loops - what LOOP, STEP, TEST and LOOP_END do.
 *
 * A loop's state is three values on the stack, s[0..2]; above them stand the
 * elements of the turn (one, or two) and what the body has made.  So each nesting
 * level has its own, and code with loops can stand at any depth.
 *
 * What a loop comes to is built in place: a list in a vector with room for the
 * whole range, a map in a vector of pairs.  While it is open, s[0] is:
 *
 *   all, exists    the truth value so far, or the first error, which a deciding
 *                  element still wins over
 *   list, filter   the list so far
 *   one            how many, an int
 *   map, entries,  null, as.s: an mf_map_builder.  sort collects the pairs of key
 *   sort           and element
 *
 * and in every kind an error once one is the result.  The verifier proves that
 * nothing else writes or reads s. */
#ifndef MF_VM_LOOPS_H
#define MF_VM_LOOPS_H
#include "call.h"

enum { MF_LOOP_RESULT, MF_LOOP_RANGE, MF_LOOP_AT, MF_LOOP_ELEMENT };

/* s[0] is the range.  Makes the state and puts the first elements (one or two)
 * above it; false when there are none. */
bool mf_loop_begin(mf_call *call, uint32_t kind, mf_value *s, unsigned elements);
/* Puts the elements of the next turn; false at the end. */
bool mf_loop_next(mf_value *s, unsigned elements);
/* The body's value stands above the elements: counts it in and goes on to the
 * next turn; false when the loop is over. */
bool mf_loop_step(mf_call *call, uint32_t kind, mf_value *s, unsigned elements);
/* A filter's predicate that is no bool: the loop is over. */
void mf_loop_refuse(mf_call *call, mf_value *s, const mf_value *predicate);
/* What the loop came to. */
mf_value mf_loop_end(mf_call *call, uint32_t kind, mf_value *s);

/* range.all(x, x relation k) or exists, in one; takes the fuel of the loop. */
mf_value mf_quantify(mf_call *call, bool all, uint32_t relation, const mf_value *range,
                     const mf_value *k);
#endif
