/* fast_maker - fast code while it is being made: what vm/fast_build.c and
 * vm/fast_truth.c share.
 *
 * Truth values are pushed (mf_fast_truth_of), all other ones become the current
 * value (mf_fast_value_of); `depth` is the first temporary that is free. */
#ifndef MF_VM_FAST_MAKER_H
#define MF_VM_FAST_MAKER_H
#include "fast_tree.h"

enum { MF_FAST_OPS = 160 };

typedef struct mf_fast_maker {
  const mf_program *program;
  const mf_fast_tree *tree;
  mf_arena *arena; /* of what instructions point to */
  mf_fast_op ops[MF_FAST_OPS];
  uint8_t codes[MF_FAST_OPS];
  uint32_t count;
  uint32_t work; /* instructions that take a share of the fuel */
  bool failed;   /* there is no fast code for this */
  bool one_row;  /* it goes over rows one by one */
  bool resets;   /* it uses the arena */
  bool jumps;    /* some instruction goes on elsewhere */
  bool guards;   /* it asks what has a value before it uses it: order matters for speed */
  uint32_t joins;
  uint32_t truths; /* on the stack */
} mf_fast_maker;

void mf_fast_truth_of(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth);
void mf_fast_value_of(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth);
/* Whether mf_fast_truth_of knows n; else it is a value that must be a bool. */
bool mf_fast_is_truth(const mf_fast_maker *m, const mf_fast_node *n);

mf_fast_op *mf_fast_add(mf_fast_maker *m, uint32_t code, uint32_t a, uint32_t b);
/* An instruction for a slot, or the same for the current value, which n becomes. */
mf_fast_op *mf_fast_add_on(mf_fast_maker *m, const mf_fast_node *n, uint32_t on_slot,
                           uint32_t on_value, uint32_t depth);
/* One from which rows go on in different places; its number. */
uint32_t mf_fast_add_parting(mf_fast_maker *m, uint32_t code, uint32_t depth);
/* The value of n when it is no slot: it stays where it is. */
void mf_fast_keep(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth);
void mf_fast_check_depth(mf_fast_maker *m, uint32_t depth);

/* Whether n makes a text of texts. */
bool mf_fast_is_text(const mf_fast_maker *m, const mf_fast_node *n);

/* ---- vm/fast_loops.c ---- */

/* The current value becomes n, which may be a packed list. */
void mf_fast_range(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth);
/* ALL_COMPARE and EXISTS_COMPARE */
void mf_fast_quantifier(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth);
/* A loop over n's range by SCAN or SCAN_COUNT; false: it is not of that sort. */
bool mf_fast_scan_loop(mf_fast_maker *m, const mf_fast_node *n, uint32_t code, uint32_t kind,
                       uint32_t depth);
/* all, exists, exists_one */
static inline bool is_loop_truth(const mf_fast_node *n) {
  return n->op == MF_OP_LOOP &&
         (n->a == MF_LOOP_KIND_ALL || n->a == MF_LOOP_KIND_EXISTS || n->a == MF_LOOP_KIND_ONE);
}

/* ---- Parts of instructions ---- */

mf_fast_text mf_fast_text_of(const mf_value *v);
const mf_fast_key *mf_fast_key_of(mf_fast_maker *m, const mf_value *v);

/* Slots are offsets in bytes. */
static inline uint32_t offset_of(const mf_fast_node *n) {
  return n->a * (uint32_t)sizeof(mf_value);
}
static inline const mf_value *constant(const mf_fast_maker *m, uint32_t number) {
  return &m->program->constants[number];
}
static inline bool is_slot(const mf_fast_node *n) { return n->op == MF_OP_LOAD; }
static inline bool is_constant(const mf_fast_node *n) { return n->op == MF_OP_CONST; }
static inline const mf_value *constant_text(const mf_fast_maker *m, const mf_fast_node *n) {
  const mf_value *v = is_constant(n) ? constant(m, n->a) : NULL;
  return v && v->kind == MF_STRING ? v : NULL;
}
static inline bool is_relation(const mf_fast_node *n) {
  return n->op >= MF_OP_EQ && n->op <= MF_OP_GE;
}

#endif
