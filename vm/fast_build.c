/* SPDX-License-Identifier: MIT */
/* Fast code from a tree: values of all kinds, and the whole. */
#include "fast_kernel.h"
#include "fast_maker.h"
#include "functions.h"

#include "../image/keys.h"

enum {
  MAX_WORK = 60,
  MAX_WORDS = 512,
  /* Who has less fuel wants it counted.  It is enough for short texts and the
   * instructions themselves; work takes as much again, of larger amounts. */
  LEAST_FUEL = 32768,
  FUEL_OF_WORD = 4,
};

/* ---- Instructions ---- */

/* How many truth values are pushed but not yet used. */
static void count_truths(mf_fast_maker *m, uint32_t code, uint32_t popped) {
  switch (code) {
    case MF_FAST_BOOL_SSS: m->truths += 3; break;
    case MF_FAST_BOOL_SS: m->truths += 2; break;
    case MF_FAST_TABLE:
    case MF_FAST_WIDE_TABLE: m->truths -= popped - 1; break;
    case MF_FAST_IF_FALSE:
    case MF_FAST_IF_TRUE:
    case MF_FAST_UNLESS:
    case MF_FAST_TRUTH: m->truths--; break;
    default: m->truths += code >= MF_FAST_BOOL_S && code < MF_FAST_TABLE;
  }
  if (m->truths > MF_FAST_TRUTHS) m->one_row = true;
  if (m->truths > 64) m->failed = true;
}

mf_fast_op *mf_fast_add(mf_fast_maker *m, uint32_t code, uint32_t a, uint32_t b) {
  if (m->count == MF_FAST_OPS) m->failed = true, m->count--;
  m->codes[m->count] = (uint8_t)code;
  m->one_row |= mf_fast_block_table[code] == NULL;
  count_truths(m, code, b);
  mf_fast_op *op = &m->ops[m->count++];
  *op = (mf_fast_op){.run = mf_fast_table[code], .a = a, .b = b};
  return op;
}

/* An instruction for a slot, or the same for the current value, which n becomes. */
mf_fast_op *mf_fast_add_on(mf_fast_maker *m, const mf_fast_node *n, uint32_t on_slot,
                           uint32_t on_value, uint32_t depth) {
  if (is_slot(n)) return mf_fast_add(m, on_slot, offset_of(n), 0);
  mf_fast_value_of(m, n, depth);
  return mf_fast_add(m, on_value, 0, 0);
}

/* n == text; the value of n stays the current one, if it is no slot. */
void mf_fast_check_depth(mf_fast_maker *m, uint32_t depth) {
  if (depth >= MF_FAST_DEPTH) m->failed = true;
  if (depth >= MF_FAST_BLOCK_DEPTH) m->one_row = true;
}

/* Rows go on in different places from here on. */
uint32_t mf_fast_add_parting(mf_fast_maker *m, uint32_t code, uint32_t depth) {
  const uint32_t at = m->count;
  m->jumps = true;
  if (depth > 0) m->one_row = true; /* what is kept would have to move with them */
  mf_fast_add(m, code, 0, 0);
  return at;
}

/* The value of n when it is no slot: it stays where it is. */
void mf_fast_keep(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  mf_fast_value_of(m, n, depth);
  mf_fast_check_depth(m, depth);
  mf_fast_add(m, MF_FAST_KEEP, depth, 0);
}

/* ---- Values ---- */

mf_fast_text mf_fast_text_of(const mf_value *v) {
  mf_fast_text text = {.len = v->len, .used = 1};
  if (v->len <= MF_FAST_WORD_BYTES) mf_fast_words(v->as.s, v->len, &text.first, &text.last);
  return text;
}

const mf_fast_key *mf_fast_key_of(mf_fast_maker *m, const mf_value *v) {
  mf_fast_key *key = mf_arena_get(m->arena, sizeof *key);
  if (mf_key_cost(v)) m->failed = true; /* fuel is counted there for entries alone */
  if (key) *key = (mf_fast_key){.value = v, .hash = mf_key_hash(v), .text = mf_fast_text_of(v)};
  return key;
}

static void quick_call(mf_fast_maker *m, const mf_fast_node *n, uint32_t number, uint32_t depth) {
  mf_fast_op *op;
  mf_fast_check_depth(m, depth + 1);
  if (n->count == 1) {
    mf_fast_range(m, n->first, depth);
    op = mf_fast_add(m, MF_FAST_QUICK_V, 0, depth);
  } else {
    mf_fast_keep(m, n->first, depth);
    mf_fast_value_of(m, n->first->next, depth + 1);
    op = mf_fast_add(m, MF_FAST_QUICK_HV, depth, depth);
  }
  op->k.u = number, op->l.u = n->a;
  m->work++; /* what is left in the arena is at most an error, hence nothing */
}

/* size(list.filter(...)), if it can be counted. */
static bool count(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *loop = n->first;
  return n->a == MF_FUNCTION_size && n->count == 1 && loop->op == MF_OP_LOOP &&
         loop->a == MF_LOOP_KIND_FILTER &&
         mf_fast_scan_loop(m, loop, MF_FAST_SCAN_COUNT, loop->a, depth);
}

static void call(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  const uint32_t quick = mf_quick_function_of(n->a, n->count);
  uint32_t at = depth;
  if (count(m, n, depth)) return;
  if (quick != UINT32_MAX) {
    quick_call(m, n, quick, depth);
    return;
  }
  for (const mf_fast_node *arg = n->first; arg; arg = arg->next, at++) {
    mf_fast_check_depth(m, at);
    mf_fast_value_of(m, arg, at);
    mf_fast_add(m, MF_FAST_COPY, at, 0);
  }
  mf_fast_check_depth(m, depth);
  mf_fast_add(m, MF_FAST_CALL, n->count, depth)->k.u = n->a;
  m->work++, m->resets = true;
}

static void choose(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *then = n->first->next;
  mf_fast_truth_of(m, n->first, depth);
  const uint32_t unless = mf_fast_add_parting(m, MF_FAST_UNLESS, depth);
  mf_fast_value_of(m, then, depth);
  const uint32_t jump = m->count;
  mf_fast_add(m, MF_FAST_JUMP, 0, 0);
  m->ops[unless].b = m->count - unless;
  mf_fast_value_of(m, then->next, depth);
  m->ops[jump].b = m->count - jump;
}

/* n.k, where k is a constant text. */
static void field(mf_fast_maker *m, const mf_fast_node *n, uint32_t k, uint32_t depth) {
  const mf_value *text = constant(m, k);
  const uint32_t len = text->len, by_length = len == 0                    ? 3
                                              : len <= 3                  ? 0
                                              : len <= 8                  ? 1
                                              : len <= MF_FAST_WORD_BYTES ? 2
                                                                          : 3;
  mf_fast_op *op = mf_fast_add_on(m, n->first, MF_FAST_FIELD_3_S + by_length,
                                  MF_FAST_FIELD_3_V + by_length, depth);
  op->b = len;
  if (len <= MF_FAST_WORD_BYTES) mf_fast_words(text->as.s, len, &op->k.u, &op->l.u);
  op = mf_fast_add(m, MF_FAST_OPERAND, 0, 0);
  op->k.p = mf_fast_key_of(m, text);
  const mf_value key = {.kind = MF_STRING, .len = len};
  memcpy(&op->l, &key, sizeof op->l);
  m->work++;
}

static bool is_string_call(const mf_fast_node *n) {
  return n->op == MF_OP_CALL && n->count == 1 && strcmp(mf_function_name(n->a), "string") == 0;
}

bool mf_fast_is_text(const mf_fast_maker *m, const mf_fast_node *n) {
  if (n->op == MF_OP_ADD) return mf_fast_is_text(m, n->first) || mf_fast_is_text(m, n->first->next);
  return constant_text(m, n) || is_string_call(n) || n->op == MF_OP_CONCAT;
}

/* The parts of a sum of texts, or of an interpolation, in `out`; their number. */
static uint32_t parts_of(const mf_fast_node *n, const mf_fast_node **out, uint32_t at) {
  if (n->op != MF_OP_ADD) {
    if (at < MF_FAST_DEPTH) out[at] = n;
    return at + 1;
  }
  return parts_of(n->first->next, out, parts_of(n->first, out, at));
}

/* A part of a sum must be a text; string(x) and parts of interpolations become
 * one.  Values of parts that are computed are kept until all are known. */
static void part(mf_fast_maker *m, mf_fast_op *op, const mf_fast_node *n, bool any_kind,
                 uint32_t kept) {
  if (is_string_call(n)) n = n->first, any_kind = true;
  *op = (mf_fast_op){.a = kept, .b = MF_FAST_PART_KEPT, .l.u = any_kind};
  if (is_slot(n)) op->a = offset_of(n), op->b = MF_FAST_PART_SLOT;
  if (!is_constant(n)) return;
  const mf_value *text = constant(m, n->a);
  if (text->kind != MF_STRING || text->flags || text->len > MF_FAST_TEXT) m->failed = true;
  char *padded = m->failed ? NULL : mf_arena_zero(m->arena, text->len + (size_t)MF_FAST_PADDING);
  if (padded && text->len) memcpy(padded, text->as.s, text->len);
  op->k.p = padded, op->a = m->failed ? 0 : text->len, op->b = MF_FAST_PART_CONST;
}

static void join(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *parts[MF_FAST_DEPTH];
  mf_fast_op operands[MF_FAST_DEPTH];
  uint32_t count = 0, kept = depth;
  const bool any_kind = n->op == MF_OP_CONCAT;
  if (any_kind)
    for (const mf_fast_node *p = n->first; p && count < MF_FAST_DEPTH; p = p->next)
      parts[count++] = p;
  else
    count = parts_of(n, parts, 0);
  if (count > MF_FAST_DEPTH || (any_kind && count != n->count)) m->failed = true;
  if (m->failed) return;
  for (uint32_t i = 0; i < count; i++) {
    part(m, &operands[i], parts[i], any_kind, kept);
    if (operands[i].b == MF_FAST_PART_KEPT)
      mf_fast_keep(m, is_string_call(parts[i]) ? parts[i]->first : parts[i], kept), kept++;
  }
  mf_fast_check_depth(m, depth);
  m->joins++;
  const uint32_t at = m->count;
  mf_fast_add(m, MF_FAST_JOIN, count, depth);
  for (uint32_t i = 0; i < count && !m->failed; i++) {
    operands[i].run = mf_fast_add(m, MF_FAST_OPERAND, 0, 0)->run;
    m->ops[m->count - 1] = operands[i];
    m->ops[at].l.u += operands[i].b == MF_FAST_PART_CONST ? operands[i].a + MF_FAST_PADDING
                                                          : MF_FAST_OTHER_PART;
  }
  m->work++;
}

static void arithmetic(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *x = n->first, *y = x->next;
  const uint32_t operation = n->op - MF_OP_ADD;
  mf_fast_check_depth(m, depth);
  if (n->op == MF_OP_ADD && mf_fast_is_text(m, n)) {
    join(m, n, depth);
    return;
  }
  if (is_slot(x) && is_slot(y)) {
    mf_fast_add(m, MF_FAST_ADD_SS + operation, offset_of(x), depth)->k.u = offset_of(y);
  } else if (is_slot(x) && is_constant(y)) {
    mf_fast_add(m, MF_FAST_ADD_SK + operation, offset_of(x), depth)->k.p = constant(m, y->a);
  } else if (is_slot(y)) {
    mf_fast_value_of(m, x, depth);
    mf_fast_add(m, MF_FAST_ADD_VS + operation, offset_of(y), depth);
  } else if (is_constant(y)) {
    mf_fast_value_of(m, x, depth);
    mf_fast_add(m, MF_FAST_ADD_VK + operation, 0, depth)->k.p = constant(m, y->a);
  } else {
    mf_fast_keep(m, x, depth);
    mf_fast_value_of(m, y, depth + 1);
    mf_fast_add(m, MF_FAST_ADD_HV + operation, depth, depth);
  }
  m->ops[m->count - 1].l.u = n->a; /* on one kind only */
}

static void index_of(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  if (constant_text(m, n->first->next)) {
    field(m, n, n->first->next->a, depth);
    return;
  }
  mf_fast_range(m, n->first, depth);
  mf_fast_check_depth(m, depth);
  mf_fast_add(m, MF_FAST_KEEP, depth, 0);
  mf_fast_value_of(m, n->first->next, depth + 1);
  mf_fast_add(m, MF_FAST_INDEX_HV, depth, depth);
  m->work++, m->resets = true;
}

void mf_fast_value_of(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  if (m->failed) return;
  if (mf_fast_is_truth(m, n)) {
    mf_fast_truth_of(m, n, depth);
    mf_fast_check_depth(m, depth);
    mf_fast_add(m, MF_FAST_TRUTH, depth, 0);
    return;
  }
  switch (n->op) {
    case MF_OP_LOAD: mf_fast_add(m, MF_FAST_SLOT, offset_of(n), 0); break;
    case MF_OP_CONST: mf_fast_add(m, MF_FAST_CONST, 0, 0)->k.p = constant(m, n->a); break;
    case MF_OP_FIELD: field(m, n, n->a, depth); break;
    case MF_OP_INDEX: index_of(m, n, depth); break;
    case MF_OP_CALL: is_string_call(n) ? join(m, n, depth) : call(m, n, depth); break;
    case MF_OP_LOOP:
    case MF_OP_LOCAL: m->failed = true; break;
    case MF_OP_CONCAT: join(m, n, depth); break;
    case MF_OP_CHOOSE: choose(m, n, depth); break;
    case MF_OP_NEGATE:
      mf_fast_value_of(m, n->first, depth);
      mf_fast_check_depth(m, depth);
      mf_fast_add(m, MF_FAST_NEGATE, 0, depth);
      break;
    default: arithmetic(m, n, depth);
  }
}

/* The last instruction becomes another one. */
static void turn_last(mf_fast_maker *m, uint32_t code) {
  if (!m->jumps) m->codes[m->count - 1] = (uint8_t)code; /* else blocks go on behind */
  m->ops[m->count - 1].run = mf_fast_table[code];
}

static void finish(mf_fast_maker *m, const mf_fast_node *root) {
  const uint32_t last = m->codes[m->count - 1];
  const bool narrow = last == MF_FAST_TABLE, wide = last == MF_FAST_WIDE_TABLE;
  if (!mf_fast_is_truth(m, root)) {
    mf_fast_add(m, MF_FAST_RETURN, 0, 0);
    return;
  }
  if (narrow || wide) turn_last(m, narrow ? MF_FAST_RETURN_TABLE : MF_FAST_RETURN_WIDE);
  if (m->jumps || !(narrow || wide)) mf_fast_add(m, MF_FAST_RETURN_TRUTH, 0, 0);
}

/* The only text an evaluation makes need not lie in the arena. */
static void mark_single_join(mf_fast_maker *m) {
  if (m->joins > 1) m->resets = true;
  for (uint32_t i = 0; i < m->count && !m->resets; i++)
    if (m->codes[i] == MF_FAST_JOIN) m->ops[i].k.u = 1;
}

static bool has_guards(const mf_fast_maker *m, const mf_fast_tree *tree) {
  for (uint32_t i = 0; i < tree->count; i++) {
    const mf_fast_node *n = &tree->nodes[i];
    if (n->op == MF_OP_IS_SET || n->op == MF_OP_HAS_FIELD) return true;
    if (is_constant(n) && constant(m, n->a)->kind == MF_NULL) return true;
  }
  return false;
}

static void make(mf_fast_maker *m, const mf_fast_node *root) {
  mf_fast_add(m, MF_FAST_RESET, 0, 0); /* left out again when nothing uses the arena */
  m->one_row = false;
  if (mf_fast_is_truth(m, root))
    mf_fast_truth_of(m, root, 0);
  else
    mf_fast_value_of(m, root, 0);
  finish(m, root);
  mark_single_join(m);
  if (m->work > MAX_WORK) m->failed = true;
}

/* The code without its first `skipped` instructions, in the program. */
static mf_status hand_over(const mf_fast_maker *m, mf_program *program, uint32_t skipped) {
  const uint32_t count = m->count - skipped;
  mf_fast_op *ops = mf_arena_get(m->arena, count * sizeof *ops);
  uint8_t *codes = m->one_row ? NULL : mf_arena_get(m->arena, count);
  if (ops == NULL || mf_arena_oom(m->arena)) return MF_OUT_OF_MEMORY;
  memcpy(ops, m->ops + skipped, count * sizeof *ops);
  if (codes) memcpy(codes, m->codes + skipped, count);
  program->fast = ops;
  program->fast_codes = codes;
  program->fast_count = count;
  return MF_OK;
}

mf_status mf_fast_build(mf_program *program, const mf_row_chunk *chunk) {
  mf_fast_tree tree;
  mf_fast_maker m;
  program->fast_need = INT64_MAX;
  if (chunk->length > MAX_WORDS || !mf_fast_tree_read(&tree, program->code, chunk->length))
    return MF_OK;
  m.program = program, m.tree = &tree, m.arena = program->arena;
  m.count = m.work = m.joins = m.truths = 0;
  m.failed = m.one_row = m.resets = m.jumps = false;
  m.guards = has_guards(&m, &tree);
  make(&m, tree.root);
  if (mf_arena_oom(m.arena)) return MF_OUT_OF_MEMORY;
  if (m.failed) return MF_OK;
  const mf_status status = hand_over(&m, program, m.resets ? 0 : 1);
  if (status == MF_OK) program->fast_need = LEAST_FUEL + FUEL_OF_WORD * (int64_t)chunk->length;
  return status;
}
