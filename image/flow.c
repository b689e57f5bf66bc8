/* SPDX-License-Identifier: MIT */
#include "parts.h"

/* Only where paths meet must a state be remembered: at the chunk's start and at
 * the targets of jumps.  Every other instruction has one predecessor, the one
 * before it, so walking on from each target once visits everything once. */

/* An open frame, or a loop.  Two paths have the same frames when they have the
 * same node: each ENTER is visited once and makes one.  Node 0 is "no frame". */
typedef struct frame_node {
  uint32_t parent, row;
  uint16_t base; /* depth of the stack when the frame was entered; of a loop: above its state */
  uint8_t kind;  /* operand kind of its row; MF_OPERAND_NONE: the run */
  uint8_t level;
} frame_node;

typedef struct target {
  uint32_t frame;
  uint16_t depth;
  bool known, walked;
} target;

typedef struct walker {
  const uint32_t *code;
  uint32_t count;
  bool pure;
  mf_verifier *verifier;          /* checks operands; NULL: they are in bounds */
  uint64_t *is_start, *is_target; /* one bit a word */
  uint32_t *rank;                 /* targets before word 64 * i */
  target *targets;
  frame_node *frames;
  uint32_t *pending; /* targets to walk on from: word numbers */
  uint32_t target_count, frame_count, pending_count, instructions, visited;
  uint32_t depth, frame; /* where the walk is now */
  mf_flow *flow;
} walker;

static bool bit(const uint64_t *bits, uint32_t i) { return bits[i >> 6] >> (i & 63) & 1; }
static void set_bit(uint64_t *bits, uint32_t i) { bits[i >> 6] |= UINT64_C(1) << (i & 63); }

/* How many bits are set.  Not every target has an instruction for it. */
static uint32_t ones(uint64_t x) {
  x -= x >> 1 & UINT64_C(0x5555555555555555);
  x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
  x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
  return (uint32_t)((x * UINT64_C(0x0101010101010101)) >> 56);
}

static mf_status refuse(const walker *w, uint32_t pc, mf_status status, const char *detail) {
  w->flow->bad_pc = pc;
  w->flow->detail = detail;
  return status;
}

static target *target_at(const walker *w, uint32_t pc) {
  const uint64_t before = w->is_target[pc >> 6] & ((UINT64_C(1) << (pc & 63)) - 1);
  return &w->targets[w->rank[pc >> 6] + ones(before)];
}

/* ---- first pass: operands, where instructions start, where jumps go ---- */

static mf_status mark_targets(walker *w, const mf_op_info *op, uint32_t pc) {
  for (unsigned i = 0; i < 3; i++) {
    if (op->operands[i] != MF_OPERAND_LABEL) continue;
    const uint32_t to = mf_operand(w->code + pc, i);
    if (to >= w->count) return refuse(w, pc, MF_IMAGE_BAD_JUMP, "the jump leaves the chunk");
    set_bit(w->is_target, to);
  }
  return MF_OK;
}

static mf_status scan(walker *w) {
  for (uint32_t pc = 0; pc < w->count;) {
    const mf_op_info *op = &mf_op_table[mf_word_op(w->code[pc])];
    if (op->words == 0) return refuse(w, pc, MF_IMAGE_BAD_OPCODE, "there is no such instruction");
    if (op->words > w->count - pc)
      return refuse(w, pc, MF_IMAGE_RUNS_OFF, "the instruction is cut off by the chunk's end");
    set_bit(w->is_start, pc);
    w->instructions++;
    w->frame_count += (op->flags & MF_OPF_ENTER) != 0;
    mf_status status = w->verifier ? mf_verify_operands(w->verifier, w->code, pc) : MF_OK;
    if (!status && op->flags & (MF_OPF_JUMP | MF_OPF_ENTER)) status = mark_targets(w, op, pc);
    if (status) return status;
    pc += op->words;
  }
  return MF_OK;
}

/* The first jump to `to`, to blame it. */
static uint32_t jump_to(const walker *w, uint32_t to) {
  for (uint32_t pc = 0; pc < w->count;) {
    const mf_op_info *op = &mf_op_table[mf_word_op(w->code[pc])];
    for (unsigned i = 0; i < 3; i++)
      if (op->operands[i] == MF_OPERAND_LABEL && mf_operand(w->code + pc, i) == to) return pc;
    pc += op->words;
  }
  return to;
}

/* Numbers the targets; each must be the start of an instruction. */
static mf_status rank_targets(walker *w) {
  for (uint32_t i = 0; i <= w->count >> 6; i++) {
    const uint64_t inside = w->is_target[i] & ~w->is_start[i];
    if (inside) {
      const uint32_t to = i * 64 + ones((inside & (~inside + 1)) - 1);
      return refuse(w, jump_to(w, to), MF_IMAGE_BAD_JUMP, "the jump lands inside an instruction");
    }
    w->rank[i] = w->target_count;
    w->target_count += ones(w->is_target[i]);
  }
  return MF_OK;
}

/* ---- second pass: the walk ---- */

/* A path reaches the target t, which is at `to`. */
static mf_status arrive(walker *w, target *t, uint32_t to, uint32_t depth, uint32_t frame) {
  if (!t->known) {
    *t = (target){frame, (uint16_t)depth, true, false};
    w->pending[w->pending_count++] = to;
    return MF_OK;
  }
  if (t->depth != depth)
    return refuse(w, to, MF_IMAGE_STACK_MISMATCH, "paths meet here with different stack depths");
  if (t->frame != frame)
    return refuse(w, to, MF_IMAGE_FRAME_MISMATCH, "paths meet here in different frames");
  return MF_OK;
}

/* The kind of a frame is the kind of the rows it is about; only the run has none. */
static uint8_t frame_kind(const mf_op_info *op) {
  return op->operands[0] == MF_OPERAND_LABEL ? MF_OPERAND_NONE : op->operands[0];
}

static uint32_t frame_row(const walker *w, const mf_op_info *op, uint32_t pc) {
  return frame_kind(op) == MF_OPERAND_NONE ? 0 : mf_word_a(w->code[pc]);
}

static mf_status open_frame(walker *w, uint32_t pc, uint8_t kind, uint32_t row, uint32_t base) {
  const uint8_t level = (uint8_t)(w->frames[w->frame].level + 1);
  if (level > MF_LIMIT_FRAMES)
    return refuse(w, pc, MF_IMAGE_STACK_OVERFLOW, "frames are nested too deeply");
  if (level > w->flow->max_frames) w->flow->max_frames = level;
  w->frames[w->frame_count] = (frame_node){w->frame, row, (uint16_t)base, kind, level};
  w->frame = w->frame_count++;
  return MF_OK;
}

static mf_status enter(walker *w, const mf_op_info *op, uint32_t pc) {
  return open_frame(w, pc, frame_kind(op), frame_row(w, op, pc), w->depth);
}

/* A branch: nothing is on its stack yet.  Its frames count on from the group's,
 * which bounds how deep groups nest, too. */
static mf_status spawn(walker *w, uint32_t pc) {
  const uint32_t group = w->frame, depth = w->depth;
  if (group == 0 || w->frames[group].kind != MF_OPERAND_GROUP)
    return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "the innermost frame is no group");
  const mf_status opened = open_frame(w, pc, MF_OPERAND_TASK, mf_word_a(w->code[pc]), 0);
  if (opened) return opened;
  w->depth = 0;
  const uint32_t end = mf_operand(w->code + pc, 1), next = mf_operand(w->code + pc, 2);
  const mf_status status = arrive(w, target_at(w, end), end, 0, w->frame);
  return status ? status : arrive(w, target_at(w, next), next, depth, group);
}

static bool is_innermost(const walker *w, const mf_op_info *op, uint32_t pc) {
  const frame_node *top = &w->frames[w->frame];
  return w->frame != 0 && top->kind == frame_kind(op) && top->row == frame_row(w, op, pc);
}

static mf_status leave(walker *w, const mf_op_info *op, uint32_t pc) {
  const frame_node *top = &w->frames[w->frame];
  if (!is_innermost(w, op, pc))
    return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "the innermost frame is not the one left");
  if (w->depth != top->base + op->push)
    return refuse(w, pc, MF_IMAGE_STACK_MISMATCH,
                  "the stack is not as it was when the frame was entered");
  w->frame = top->parent;
  if (op->flags & MF_OPF_RAISE && w->frame == 0)
    return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "there is no frame around the one left");
  return MF_OK;
}

static bool in_task(const walker *w) {
  for (uint32_t f = w->frame; f != 0; f = w->frames[f].parent)
    if (w->frames[f].kind == MF_OPERAND_TASK) return true;
  return false;
}

static bool has_run(const walker *w) {
  for (uint32_t f = w->frame; f != 0; f = w->frames[f].parent)
    if (w->frames[f].kind == MF_OPERAND_NONE) return true;
  return false;
}

/* What the flags do not say of an instruction, before its operands are popped. */
static mf_status check_special(const walker *w, mf_opcode code, uint32_t pc) {
  switch ((int)code) { /* the few that are special: not a list of all opcodes */
    case MF_OP_RETURN:
      if (!w->pure) return refuse(w, pc, MF_IMAGE_BAD_OPCODE, "only expressions return");
      if (w->depth > 1)
        return refuse(w, pc, MF_IMAGE_STACK_MISMATCH, "more than the result is on the stack");
      break;
    case MF_OP_END:
      if (w->depth) return refuse(w, pc, MF_IMAGE_STACK_MISMATCH, "values are left on the stack");
      if (w->frame) return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "a frame is still open");
      break;
    case MF_OP_GATE:
      if (!has_run(w)) return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "there is no run around it");
      break;
    case MF_OP_TIMEOUT: {
      const uint8_t kind = w->frames[w->frame].kind;
      if (kind != MF_OPERAND_NONE && kind != MF_OPERAND_STEP)
        return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "the innermost frame is no step and no run");
      break;
    }
    case MF_OP_NEEDS:
      if (!in_task(w)) return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "there is no task around it");
      break;
    case MF_OP_HANDLER:
      if (w->frame && w->depth != w->frames[w->frame].base)
        return refuse(w, pc, MF_IMAGE_STACK_MISMATCH,
                      "the stack is not as it was when the frame was entered");
      break;
  }
  return MF_OK;
}

static bool in_loop(const walker *w) {
  return w->frame != 0 && w->frames[w->frame].kind == MF_OPERAND_LOOP_KIND;
}

static bool needs_frame(const mf_op_info *op, mf_opcode code) {
  return op->flags & MF_OPF_RAISE || code == MF_OP_SKIP || code == MF_OP_JUMP_FAILED ||
         code == MF_OP_HANDLER;
}

static mf_status check_frames(const walker *w, const mf_op_info *op, uint32_t pc) {
  const mf_opcode code = (mf_opcode)mf_word_op(w->code[pc]);
  if (w->pure && !(op->flags & MF_OPF_PURE))
    return refuse(w, pc, MF_IMAGE_NOT_PURE, "an expression chunk may not do this");
  if (in_loop(w) && !(op->flags & MF_OPF_PURE))
    return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "inside of a loop there are only expressions");
  if (needs_frame(op, code) && w->frame == 0)
    return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "it needs a frame around it");
  if (op->flags & MF_OPF_INSIDE && !is_innermost(w, op, pc))
    return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "its frame is not the innermost one");
  return check_special(w, code, pc);
}

/* What a loop keeps below its elements: vm/loops.h. */
enum { LOOP_STATE = 3 };

/* Any value may be read but the state of an open loop, which is not always one. */
static mf_status check_place(const walker *w, uint32_t pc) {
  const uint32_t below = mf_word_a(w->code[pc]);
  if (below >= w->depth)
    return refuse(w, pc, MF_IMAGE_STACK_UNDERFLOW, "there is no value that far down");
  const uint32_t at = w->depth - 1 - below;
  for (uint32_t f = w->frame; f != 0; f = w->frames[f].parent) {
    const frame_node *frame = &w->frames[f];
    if (frame->kind == MF_OPERAND_LOOP_KIND && at < frame->base && at + LOOP_STATE >= frame->base)
      return refuse(w, pc, MF_IMAGE_STACK_MISMATCH, "a loop's own values are not for others");
  }
  return MF_OK;
}

/* Pops stop at the innermost frame: its handler finds the values below as they
 * were when the frame was entered. */
static mf_status move_stack(walker *w, const mf_op_info *op, uint32_t pc) {
  uint64_t pop = (uint64_t)op->pop;
  if (op->pop == MF_POP_AT) {
    const mf_status status = check_place(w, pc);
    if (status) return status;
    pop = 0;
  } else if (op->pop < 0) {
    pop = op->pop == MF_POP_NB ? mf_operand(w->code + pc, 1) : mf_word_a(w->code[pc]);
    if (op->pop == MF_POP_N2) pop *= 2;
    if (op->pop == MF_POP_N1) pop += 1;
  }
  if (pop > w->depth - w->frames[w->frame].base)
    return refuse(w, pc, MF_IMAGE_STACK_UNDERFLOW, "it pops more values than its frame has");
  w->depth = w->depth - (uint32_t)pop + op->push;
  if (w->depth > MF_LIMIT_STACK_DEPTH)
    return refuse(w, pc, MF_IMAGE_STACK_OVERFLOW, "too many values are on the stack");
  if (w->depth > w->flow->max_depth) w->flow->max_depth = w->depth;
  return MF_OK;
}

static mf_status follow_labels(walker *w, const mf_op_info *op, uint32_t pc) {
  uint32_t depth = w->depth;
  for (unsigned i = 0; i < 3; i++) {
    if (op->operands[i] != MF_OPERAND_LABEL) continue;
    const uint32_t to = mf_operand(w->code + pc, i);
    const mf_status status = arrive(w, target_at(w, to), to, depth, w->frame);
    if (status) return status;
    if (mf_word_op(w->code[pc]) == MF_OP_CHOOSE) depth++; /* at b the error is on the stack */
  }
  return MF_OK;
}

/* ---- loops ---- */

static mf_status arrive_at(walker *w, uint32_t to, uint32_t depth, uint32_t frame) {
  return arrive(w, target_at(w, to), to, depth, frame);
}

static bool is_loop_op(const mf_op_info *op) {
  return op->flags & MF_OPF_PURE && op->flags & (MF_OPF_ENTER | MF_OPF_LEAVE | MF_OPF_INSIDE);
}

/* How many elements a turn has is part of what a loop is. */
static uint32_t loop_row(uint32_t kind, uint32_t elements) { return kind << 2 | elements; }

static mf_status enter_loop(walker *w, const mf_op_info *op, uint32_t pc) {
  const uint32_t elements = op->push - LOOP_STATE;
  const mf_status status = move_stack(w, op, pc);
  if (status) return status;
  const uint32_t base = w->depth - elements;
  w->frames[w->frame_count] = (frame_node){
      w->frame, loop_row(mf_operand(w->code + pc, 1), elements), (uint16_t)base,
      MF_OPERAND_LOOP_KIND, w->frames[w->frame].level};
  w->frame = w->frame_count++;
  return arrive_at(w, mf_word_a(w->code[pc]), base, w->frame);
}

/* STEP and TEST stand where exactly their values are above the loop's state. */
static mf_status turn_loop(walker *w, const mf_op_info *op, uint32_t pc) {
  const frame_node *loop = &w->frames[w->frame];
  const bool is_test = op->operands[1] == MF_OPERAND_LABEL;
  const uint32_t elements = loop->row & 3, body = loop->base + elements;
  const uint32_t code = mf_word_op(w->code[pc]), b = mf_operand(w->code + pc, 1);
  if (!in_loop(w) || elements != (code == MF_OP_STEP2 || code == MF_OP_TEST2 ? 2 : 1) ||
      (!is_test && loop->row != loop_row(b, elements)))
    return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "the innermost loop is of another kind");
  if (w->depth != body + 1)
    return refuse(w, pc, w->depth <= body ? MF_IMAGE_STACK_UNDERFLOW : MF_IMAGE_STACK_MISMATCH,
                  "not one value is above the loop's elements");
  w->depth = is_test ? body : loop->base;
  const mf_status status = arrive_at(w, mf_word_a(w->code[pc]), body, w->frame);
  return status || !is_test ? status : arrive_at(w, b, loop->base, w->frame);
}

static mf_status leave_loop(walker *w, uint32_t pc) {
  const frame_node *loop = &w->frames[w->frame];
  if (!in_loop(w) || loop->row >> 2 != mf_word_a(w->code[pc]))
    return refuse(w, pc, MF_IMAGE_FRAME_MISMATCH, "the innermost loop is of another kind");
  if (w->depth != loop->base)
    return refuse(w, pc, MF_IMAGE_STACK_MISMATCH, "values are left above the loop's state");
  w->depth = loop->base - LOOP_STATE + 1;
  w->frame = loop->parent;
  return MF_OK;
}

static mf_status step_loop(walker *w, const mf_op_info *op, uint32_t pc) {
  if (op->flags & MF_OPF_ENTER) return enter_loop(w, op, pc);
  if (op->flags & MF_OPF_LEAVE) return leave_loop(w, pc);
  return turn_loop(w, op, pc);
}

/* One instruction.  The order: what it needs, what it pops and pushes, which
 * frame it opens or closes, where else it may continue. */
static mf_status step(walker *w, const mf_op_info *op, uint32_t pc) {
  mf_status status = MF_OK;
  if (is_loop_op(op)) return step_loop(w, op, pc);
  if (op->flags != MF_OPF_PURE) status = check_frames(w, op, pc);
  if (!status) status = move_stack(w, op, pc);
  if (status || op->flags == MF_OPF_PURE) return status;
  if (mf_word_op(w->code[pc]) == MF_OP_SPAWN) return spawn(w, pc);
  if (op->flags & MF_OPF_ENTER)
    status = enter(w, op, pc);
  else if (op->flags & MF_OPF_LEAVE)
    status = leave(w, op, pc);
  if (!status && op->flags & (MF_OPF_JUMP | MF_OPF_ENTER)) status = follow_labels(w, op, pc);
  return status;
}

/* Walks from a target until the path ends or meets one walked before. */
static mf_status walk_from(walker *w, uint32_t pc) {
  target *t = target_at(w, pc);
  w->depth = t->depth;
  w->frame = t->frame;
  t->walked = true;
  for (;;) {
    const mf_op_info *op = &mf_op_table[mf_word_op(w->code[pc])];
    const mf_status status = step(w, op, pc);
    if (status) return status;
    w->visited++;
    if (op->flags & MF_OPF_END) return MF_OK;
    const uint32_t next = pc + op->words;
    if (next == w->count) return refuse(w, pc, MF_IMAGE_RUNS_OFF, "nothing follows it");
    if (bit(w->is_target, next)) {
      t = target_at(w, next);
      const mf_status met = arrive(w, t, next, w->depth, w->frame);
      if (met || t->walked) return met;
      t->walked = true;
    }
    pc = next;
  }
}

static mf_status walk_all(walker *w) {
  mf_status status = arrive(w, target_at(w, 0), 0, 0, 0);
  while (status == MF_OK && w->pending_count) {
    const uint32_t pc = w->pending[--w->pending_count];
    if (!target_at(w, pc)->walked) status = walk_from(w, pc);
  }
  return status;
}

/* The first instruction that no path reaches, when there is one. */
static mf_status find_dead_code(const walker *w) {
  bool reached = false;
  for (uint32_t pc = 0; pc < w->count;) {
    const mf_op_info *op = &mf_op_table[mf_word_op(w->code[pc])];
    if (bit(w->is_target, pc)) reached = target_at(w, pc)->walked;
    if (!reached) return refuse(w, pc, MF_IMAGE_DEAD_CODE, "no path leads here");
    reached = !(op->flags & MF_OPF_END);
    pc += op->words;
  }
  return MF_OK;
}

static mf_status walk(mf_arena *scratch, walker *w) {
  const size_t blocks = (size_t)(w->count >> 6) + 1;
  w->is_start = MF_NEW_ARRAY(scratch, uint64_t, blocks);
  w->is_target = MF_NEW_ARRAY(scratch, uint64_t, blocks);
  w->rank = mf_arena_get(scratch, blocks * sizeof *w->rank);
  if (mf_arena_oom(scratch)) return MF_OUT_OF_MEMORY;
  mf_status status = scan(w);
  set_bit(w->is_target, 0);
  if (!status) status = rank_targets(w);
  if (status) return status;
  w->targets = MF_NEW_ARRAY(scratch, target, w->target_count);
  w->pending = mf_arena_get(scratch, w->target_count * sizeof *w->pending);
  w->frames = MF_NEW_ARRAY(scratch, frame_node, w->frame_count + 1);
  w->frame_count = 1;
  if (mf_arena_oom(scratch)) return MF_OUT_OF_MEMORY;
  status = walk_all(w);
  if (status == MF_OK && w->visited != w->instructions) status = find_dead_code(w);
  return status;
}

mf_status mf_flow_verify(mf_arena *scratch, const uint32_t *code, uint32_t count, bool pure,
                         mf_verifier *verifier, mf_flow *flow) {
  walker w = {.code = code, .count = count, .pure = pure, .verifier = verifier, .flow = flow};
  *flow = (mf_flow){.detail = "out of memory"};
  if (count == 0) return refuse(&w, 0, MF_IMAGE_RUNS_OFF, "the chunk is empty");
  const mf_arena_mark mark = mf_arena_mark_get(scratch);
  const mf_status status = walk(scratch, &w);
  mf_arena_release(scratch, mark);
  return status;
}

mf_status mf_flow_walk(mf_arena *scratch, const uint32_t *code, uint32_t count, bool pure,
                       mf_flow *flow) {
  return mf_flow_verify(scratch, code, count, pure, NULL, flow);
}
