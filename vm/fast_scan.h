/* fast_scan - loops of fast code that look at each element of a list and keep
 * nothing: all, exists, exists_one and the size of a filter, where the body is
 * any boolean function of comparisons of the element with what is the same for
 * all of them; `in` and [] on lists.
 *
 * The body becomes a few steps in postfix order.  Each is done for a block of 64
 * elements at once: a comparison pushes a mask of 64 truth values, AND, OR and
 * NOT work on masks. */
#ifndef MF_VM_FAST_SCAN_H
#define MF_VM_FAST_SCAN_H
#include "fast_tree.h"

enum { MF_SCAN_STEPS = 15, MF_SCAN_COMPARISONS = 8 };

/* `op` is EQ ... GE: the element compared with the operand; CONST: the operand
 * itself, a truth value; AND, OR, NOT. */
typedef struct mf_scan_step {
  mf_opcode op;
  const mf_fast_node *operand; /* NULL: it is `constant`, or there is none */
  const mf_value *constant;
  double number; /* what the constant is as a double */
} mf_scan_step;

typedef struct mf_scan_plan {
  mf_scan_step steps[MF_SCAN_STEPS];
  uint32_t count;
  uint32_t cost; /* fuel that an element takes at most, without what operands do */
} mf_scan_plan;

/* The steps of a LOOP's body, or of ALL_COMPARE and EXISTS_COMPARE.  False: it is
 * none of those loops. */
bool mf_scan_plan_of(mf_scan_plan *plan, const mf_fast_tree *tree, const mf_value *constants,
                     const mf_fast_node *loop);

/* ---- What the instructions do; MF_FAST_NO or false to give up ---- */

/* Where a step finds its operand; `b` of it has the opcode and this. */
enum { MF_SCAN_NOWHERE, MF_SCAN_CONST, MF_SCAN_SLOT, MF_SCAN_KEPT, MF_SCAN_WHERE = 8 };

/* op[1] ... op[a] are steps; b is the loop's kind, k the plan's cost.  The number
 * of elements that the body is true of goes to *count when the kind needs it. */
unsigned mf_fast_scan(const mf_fast_op *op, const mf_value *list, const mf_value *slots,
                      const mf_evaluator *e, uint32_t *count);
/* x in list; the list may be packed. */
unsigned mf_fast_in_list(const mf_evaluator *e, const mf_value *x, const mf_value *list);
/* Element `at` of a packed list. */
bool mf_fast_packed_element(const mf_value *list, const mf_value *at, mf_value *out);
#endif
