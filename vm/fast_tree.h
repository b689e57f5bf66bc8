/* fast_tree - an expression's code as a tree again: what vm/fast_tree.c reads
 * from verified instructions and vm/fast_build.c makes fast code of. */
#ifndef MF_VM_FAST_TREE_H
#define MF_VM_FAST_TREE_H
#include "fast.h"

enum { MF_FAST_NODES = 192, MF_FAST_CHOICES = 16 };

/* `op` is the opcode that made it: CONST a, LOAD a, IS_SET a, SLOT_... became EQ ...
 * GE of LOAD and CONST, FIELD a, HAS_FIELD a, CALL a, ALL_COMPARE a (relation b).
 * LOOP (kind a) has its range and its body, where LOCAL is the element of the loop
 * that is node number a.  Arithmetic has a = 1 when it is on one kind only. */
typedef struct mf_fast_node {
  uint8_t op, count; /* count of operands */
  uint32_t a, b;
  struct mf_fast_node *first, *next; /* operands, in order */
} mf_fast_node;

typedef struct mf_fast_tree {
  mf_fast_node nodes[MF_FAST_NODES];
  uint32_t count;
  mf_fast_node *root;
} mf_fast_tree;

/* False when the code has instructions that fast code knows nothing of, or is
 * too large for it to matter. */
bool mf_fast_tree_read(mf_fast_tree *tree, const uint32_t *code, uint32_t words);
#endif
