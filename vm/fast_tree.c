/* SPDX-License-Identifier: MIT */
#include "fast_tree.h"

/* A ?: whose arms are being read. */
typedef struct choice {
  mf_fast_node *condition, *then;
  uint32_t other, end; /* words where they begin and end */
} choice;

typedef struct reader {
  mf_fast_tree *tree;
  const uint32_t *code;
  uint32_t words, pc;
  mf_fast_node *stack[MF_FAST_NODES];
  uint32_t depth;
  choice choices[MF_FAST_CHOICES];
  uint32_t open;
  bool alike; /* the next operator is on one kind only */
} reader;

/* Pops `count` operands and pushes a node over them. */
static mf_fast_node *push(reader *r, mf_opcode op, uint32_t count, uint32_t a, uint32_t b) {
  mf_fast_tree *t = r->tree;
  if (t->count == MF_FAST_NODES || r->depth < count || count > UINT8_MAX) return NULL;
  mf_fast_node *n = &t->nodes[t->count++];
  *n = (mf_fast_node){.op = (uint8_t)op, .count = (uint8_t)count, .a = a, .b = b};
  for (uint32_t i = 0; i < count; i++) {
    mf_fast_node *operand = r->stack[--r->depth];
    operand->next = n->first;
    n->first = operand;
  }
  return r->stack[r->depth++] = n;
}

/* A fused instruction stands for three. */
static bool push_fused(reader *r, mf_opcode op, uint32_t slot, uint32_t constant) {
  return push(r, MF_OP_LOAD, 0, slot, 0) && push(r, MF_OP_CONST, 0, constant, 0) &&
         push(r, (mf_opcode)(MF_OP_EQ + (op - MF_OP_SLOT_EQ)), 2, 0, 0);
}

static bool open_choice(reader *r, uint32_t other, uint32_t end) {
  if (r->open == MF_FAST_CHOICES || r->depth == 0) return false;
  r->choices[r->open++] = (choice){.condition = r->stack[--r->depth], .other = other, .end = end};
  return true;
}

/* The JUMP behind the first arm; no other one is known. */
static bool turn_choice(reader *r, uint32_t to) {
  choice *c = r->open ? &r->choices[r->open - 1] : NULL;
  if (c == NULL || c->then || c->end != to || r->depth == 0 || c->other != r->pc + 1) return false;
  c->then = r->stack[--r->depth];
  return true;
}

/* The second arms that end here. */
static bool close_choices(reader *r) {
  while (r->open && r->choices[r->open - 1].end == r->pc) {
    const choice c = r->choices[--r->open];
    if (c.then == NULL || r->depth == 0) return false;
    mf_fast_node *otherwise = r->stack[--r->depth];
    r->stack[r->depth++] = c.condition;
    r->stack[r->depth++] = c.then;
    r->stack[r->depth++] = otherwise;
    if (!push(r, MF_OP_CHOOSE, 3, 0, 0)) return false;
  }
  return true;
}

/* A loop over one variable.  Like on the machine's stack there are four places
 * while it is open, the element's on top. */
static bool open_loop(reader *r, uint32_t kind) {
  mf_fast_node *loop = push(r, MF_OP_LOOP, 1, kind, r->pc + mf_op_table[MF_OP_LOOP].words);
  if (loop == NULL || r->depth + 3 > MF_FAST_NODES) return false;
  for (uint32_t i = 0; i < 3; i++) r->stack[r->depth++] = loop;
  return true;
}

/* STEP: the body is known, and is all of the loop. */
static bool close_body(reader *r, uint32_t begin) {
  mf_fast_node *loop = r->depth > 4 ? r->stack[r->depth - 2] : NULL;
  if (loop == NULL || loop->op != MF_OP_LOOP || loop->b != begin || loop->count != 1) return false;
  const uint32_t end = r->pc + mf_op_table[MF_OP_STEP].words;
  if (mf_word_a(r->code[begin - mf_op_table[MF_OP_LOOP].words]) != end) return false;
  loop->first->next = r->stack[r->depth - 1];
  loop->count = 2;
  r->depth -= 2;
  return true;
}

static bool close_loop(reader *r) {
  if (r->depth < 3 || r->stack[r->depth - 1]->op != MF_OP_LOOP) return false;
  r->depth -= 2;
  return r->stack[r->depth - 1]->count == 2;
}

/* The element of an open loop; other values have no name in fast code. */
static bool push_local(reader *r, uint32_t places) {
  const mf_fast_node *loop = places < r->depth ? r->stack[r->depth - 1 - places] : NULL;
  if (loop == NULL || loop->op != MF_OP_LOOP || loop->count != 1) return false;
  return push(r, MF_OP_LOCAL, 0, (uint32_t)(loop - r->tree->nodes), 0);
}

static bool push_fused_local(reader *r, mf_opcode op, uint32_t places, uint32_t constant) {
  return push_local(r, places) && push(r, MF_OP_CONST, 0, constant, 0) &&
         push(r, (mf_opcode)(MF_OP_EQ + (op - MF_OP_LOCAL_EQ)), 2, 0, 0);
}

static bool push_arithmetic(reader *r, mf_opcode op) {
  const uint32_t alike = r->alike;
  r->alike = false;
  return push(r, op, 2, alike, 0);
}

static bool push_comparison(reader *r, mf_opcode op, uint32_t a, uint32_t b) {
  if (op >= MF_OP_SLOT_EQ && op <= MF_OP_SLOT_GE) return push_fused(r, op, a, b);
  return op >= MF_OP_LOCAL_EQ && op <= MF_OP_LOCAL_GE && push_fused_local(r, op, a, b);
}

static bool read_one(reader *r) {
  const uint32_t word = r->code[r->pc], a = mf_word_a(word);
  const mf_opcode op = (mf_opcode)mf_word_op(word);
  const uint32_t b = mf_op_table[op].words > 1 ? r->code[r->pc + 1] : 0;
  switch ((int)op) {
    case MF_OP_CONST:
    case MF_OP_LOAD:
    case MF_OP_IS_SET: return push(r, op, 0, a, 0);
    case MF_OP_NEGATE:
    case MF_OP_NOT: return push(r, op, 1, 0, 0);
    case MF_OP_FIELD:
    case MF_OP_HAS_FIELD: return push(r, op, 1, a, 0);
    case MF_OP_ALL_COMPARE:
    case MF_OP_EXISTS_COMPARE: return push(r, op, 1, a, b);
    case MF_OP_ADD:
    case MF_OP_SUBTRACT:
    case MF_OP_MULTIPLY:
    case MF_OP_DIVIDE:
    case MF_OP_REMAINDER: return push_arithmetic(r, op);
    case MF_OP_EQ:
    case MF_OP_NE:
    case MF_OP_LT:
    case MF_OP_LE:
    case MF_OP_GT:
    case MF_OP_GE:
    case MF_OP_IN:
    case MF_OP_INDEX:
    case MF_OP_AND:
    case MF_OP_OR: return push(r, op, 2, 0, 0);
    case MF_OP_CALL: return push(r, op, b, a, 0);
    case MF_OP_CONCAT: return push(r, op, a, 0, 0);
    case MF_OP_ALIKE: return r->alike = true;
    case MF_OP_AND_JUMP: /* AND and OR say it all */
    case MF_OP_OR_JUMP: return true;
    case MF_OP_LOOP: return open_loop(r, b);
    case MF_OP_STEP: return close_body(r, a);
    case MF_OP_LOOP_END: return close_loop(r);
    case MF_OP_LOCAL: return push_local(r, a);
    case MF_OP_CHOOSE: return open_choice(r, a, b);
    case MF_OP_JUMP: return turn_choice(r, a);
    default: return push_comparison(r, op, a, b);
  }
}

bool mf_fast_tree_read(mf_fast_tree *tree, const uint32_t *code, uint32_t words) {
  reader r;
  r.tree = tree, r.code = code, r.words = words;
  r.pc = r.depth = r.open = 0;
  r.alike = false;
  tree->count = 0;
  while (r.pc < words) {
    const mf_opcode op = (mf_opcode)mf_word_op(code[r.pc]);
    if (!close_choices(&r)) return false;
    if (op == MF_OP_RETURN) break;
    if (r.alike && (op < MF_OP_ADD || op > MF_OP_REMAINDER)) return false;
    if (!read_one(&r)) return false;
    r.pc += mf_op_table[op].words;
  }
  if (r.depth != 1 || r.open || r.pc + 1 != words) return false;
  tree->root = r.stack[0];
  return true;
}
