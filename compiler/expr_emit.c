/* SPDX-License-Identifier: MIT */
/* expr_emit - code for expressions.
 *
 * Every emit_... leaves one value more on the stack.  Errors are values, so code
 * for && and || needs no handlers: a deciding left side jumps over the right
 * one, anything else is merged with it. */
#include "../vm/value.h"
#include "expr_code.h"
#include "expr_types.h"

typedef mf_coder emitter;

/* The values that an instruction takes from the stack. */
static uint32_t popped(const mf_op_info *op, uint32_t a, uint32_t b) {
  switch (op->pop) {
    case MF_POP_N: return a;
    case MF_POP_N1: return a + 1;
    case MF_POP_N2: return 2 * a;
    case MF_POP_NB: return b;
    case MF_POP_AT: return 0;
    default: return (uint32_t)op->pop;
  }
}

void mf_code_op(mf_coder *x, mf_opcode code, uint32_t a, uint32_t b) {
  const mf_op_info *info = &mf_op_table[code];
  x->depth = x->depth - popped(info, a, b) + info->push;
  mf_builder_emit(x->b, code, a, b, 0);
}

static void op(emitter *x, mf_opcode code, uint32_t a, uint32_t b) { mf_code_op(x, code, a, b); }
static void emit(emitter *x, const mf_expr *e) { mf_code_value(x, e); }

void mf_code_mark(mf_coder *x, mf_span span) {
  if (x->em->lines == NULL || memcmp(&span, &x->marked, sizeof span) == 0) return;
  uint32_t line, column;
  mf_lines_find(x->em->lines, span.offset, &line, &column);
  mf_builder_line(x->b, span.offset, span.length, line, column);
  x->marked = span;
}

static void mark(emitter *x, mf_span span) { mf_code_mark(x, span); }

/* ---- constants ---- */

static uint32_t text_constant(emitter *x, mf_str s) {
  mf_value v = {.kind = MF_STRING, .len = (uint32_t)s.n, .as.s = s.p};
  return mf_builder_constant(x->b, &v);
}

static void emit_constant(emitter *x, mf_value v) {
  op(x, MF_OP_CONST, mf_builder_constant(x->b, &v), 0);
}

/* Keeps the stack right after a reported mistake. */
static void emit_nothing(emitter *x) { emit_constant(x, (mf_value){.kind = MF_NULL}); }

static bool is_bool(mf_value v, bool b) { return v.kind == MF_BOOL && (v.as.i != 0) == b; }

static bool is_logic(const mf_expr *e) {
  return e->kind == MF_EXPR_BINARY && (e->op == MF_OP_AND || e->op == MF_OP_OR);
}

/* The value of e if it is known whatever its names mean: a constant, or false &&
 * x (and x && false: the deciding side wins even over an error). */
static mf_value known(const mf_expr *e) {
  if (!is_logic(e)) return mf_expr_constant(e);
  bool deciding = e->op == MF_OP_OR;
  mf_value left = known(e->first);
  if (is_bool(left, deciding)) return left;
  mf_value right = known(e->first->next);
  if (is_bool(right, deciding)) return right;
  bool both = left.kind == MF_BOOL && right.kind == MF_BOOL;
  return both ? left : (mf_value){.kind = MF_UNSET};
}

/* ---- names ---- */

/* Where names are not checked a wrong one is an error like any other. */
static void emit_unknown(emitter *x, mf_str name) {
  op(x, MF_OP_UNKNOWN, text_constant(x, name), 0);
}

static void emit_ref(emitter *x, const mf_ref *ref) {
  switch (ref->kind) {
    case MF_REF_SLOT: op(x, MF_OP_LOAD, ref->slot, 0); break;
    case MF_REF_STEP_FIELD: op(x, MF_OP_STEP_FIELD, ref->step, ref->field); break;
    case MF_REF_CONSTANT: emit_constant(x, ref->value); break;
    case MF_REF_ERROR: emit_unknown(x, mf_value_str(ref->value)); break;
    case MF_REF_UNKNOWN: emit_nothing(x); break;
  }
}

/* The chain e, whose last `rest` names are selections from what ref is. */
static void emit_chain(emitter *x, const mf_expr *e, const mf_ref *ref, uint32_t rest) {
  if (rest == 0) {
    mark(x, e->span);
    emit_ref(x, ref);
    return;
  }
  emit_chain(x, e->first, ref, rest - 1);
  bool by_index = e->kind == MF_EXPR_INDEX;
  if (by_index) emit_constant(x, e->first->next->value);
  mark(x, e->span);
  if (by_index)
    op(x, MF_OP_INDEX, 0, 0);
  else
    op(x, MF_OP_FIELD, text_constant(x, e->name), 0);
}

/* ---- has(x.f) ---- */

static void emit_has_field(emitter *x, const mf_expr *call, mf_str name) {
  mark(x, call->span);
  op(x, MF_OP_HAS_FIELD, text_constant(x, name), 0);
}

/* has() of what a name means as a whole. */
static void emit_has_ref(emitter *x, const mf_expr *call, const mf_ref *ref) {
  mf_value yes = {.kind = MF_BOOL, .as.i = 1};
  switch (ref->kind) {
    case MF_REF_SLOT: op(x, MF_OP_IS_SET, ref->slot, 0); break;
    case MF_REF_STEP_FIELD:
      op(x, MF_OP_STEP_FIELD, ref->step, MF_FIELD_ALL);
      emit_has_field(x, call, mf_str_of(mf_enum_word(MF_OPERAND_FIELD, ref->field)));
      break;
    case MF_REF_CONSTANT: emit_constant(x, yes); break;
    case MF_REF_ERROR: emit_ref(x, ref); break;
    case MF_REF_UNKNOWN: emit_nothing(x); break;
  }
}

static void emit_has_of(emitter *x, const mf_expr *call) {
  const mf_expr *of = call->first;
  uint32_t count = mf_expr_chain_length(of);
  if (count > 0) {
    mf_ref ref = mf_expr_resolve(x->em, of, count);
    mark(x, call->span);
    if (ref.used == count) {
      emit_has_ref(x, call, &ref);
      return;
    }
    emit_chain(x, of->first, &ref, count - ref.used - 1);
  } else {
    emit(x, of->first);
  }
  emit_has_field(x, call, of->name);
}

/* What it asks for is no part with a value. */
static void emit_has(emitter *x, const mf_expr *call) {
  mf_code_parts *parts = x->parts;
  x->parts = NULL;
  emit_has_of(x, call);
  x->parts = parts;
}

/* ---- operators ---- */

static void emit_unary(emitter *x, const mf_expr *e) {
  emit(x, e->first);
  mark(x, e->span);
  op(x, (mf_opcode)e->op, 0, 0);
}

/* An operand that may become part of a fused instruction. */
typedef struct operand {
  const mf_expr *e;
  mf_value value; /* a constant, or UNSET */
  uint32_t count; /* names of a chain, or 0 */
  mf_ref ref;
} operand;

static operand operand_of(emitter *x, const mf_expr *e) {
  operand o = {.e = e, .value = mf_expr_constant(e)};
  o.count = o.value.kind == MF_UNSET ? mf_expr_chain_length(e) : 0;
  if (o.count == 0) return o;
  o.ref = mf_expr_resolve(x->em, e, o.count);
  if (o.ref.kind == MF_REF_CONSTANT && o.ref.used == o.count) o.value = o.ref.value;
  return o;
}

static bool is_slot(const operand *o) {
  return o->count > 0 && o->ref.kind == MF_REF_SLOT && o->ref.used == o->count;
}

static bool is_local(const operand *o) { return o->e->kind == MF_EXPR_LOCAL; }

static void emit_operand(emitter *x, const operand *o) {
  if (o->value.kind != MF_UNSET)
    emit_constant(x, o->value);
  else if (o->count > 0)
    emit_chain(x, o->e, &o->ref, o->count - o->ref.used);
  else
    emit(x, o->e);
}

/* The relation that holds between b and a when `relation` holds between a and b. */
static mf_opcode mirrored(uint8_t relation) {
  switch (relation) {
    case MF_OP_LT: return MF_OP_GT;
    case MF_OP_LE: return MF_OP_GE;
    case MF_OP_GT: return MF_OP_LT;
    case MF_OP_GE: return MF_OP_LE;
    default: return (mf_opcode)relation;
  }
}

static void emit_fused(emitter *x, mf_opcode relation, const operand *slot, const operand *value) {
  mf_opcode code = (mf_opcode)(MF_OP_SLOT_EQ + (relation - MF_OP_EQ));
  op(x, code, slot->ref.slot, mf_builder_constant(x->b, &value->value));
}

static void emit_comparison(emitter *x, const mf_expr *e) {
  operand left = operand_of(x, e->first), right = operand_of(x, e->first->next);
  mark(x, e->span);
  if (is_slot(&left) && right.value.kind != MF_UNSET) {
    emit_fused(x, (mf_opcode)e->op, &left, &right);
  } else if (left.value.kind != MF_UNSET && is_slot(&right)) {
    emit_fused(x, mirrored(e->op), &right, &left);
  } else if (is_local(&left) && right.value.kind != MF_UNSET) {
    mf_code_local_relation(x, left.e, (mf_opcode)e->op, &right.value);
  } else if (left.value.kind != MF_UNSET && is_local(&right)) {
    mf_code_local_relation(x, right.e, mirrored(e->op), &left.value);
  } else {
    emit_operand(x, &left);
    emit_operand(x, &right);
    mark(x, e->span);
    op(x, (mf_opcode)e->op, 0, 0);
  }
}

static void emit_binary(emitter *x, const mf_expr *e) {
  emit(x, e->first);
  emit(x, e->first->next);
  mark(x, e->span);
  if (x->em->strict_cel && mf_expr_may_mix(e)) op(x, MF_OP_ALIKE, 0, 0);
  op(x, (mf_opcode)e->op, 0, 0);
}

/* ---- && || ?: ---- */

/* x && true is x, if x can be nothing but a bool or an error. */
static bool is_neutral(const mf_expr *e, uint8_t logic, const mf_expr *beside) {
  return is_bool(known(e), logic == MF_OP_AND) && mf_expr_kind_of(beside) == MF_BOOL;
}

static void emit_logic_to(emitter *x, const mf_expr *e, uint32_t end);
static void emit_logic(emitter *x, const mf_expr *e);

/* In a && b && c each false jumps straight to the end of all. */
static void emit_left(emitter *x, const mf_expr *left, uint8_t logic, uint32_t end) {
  bool same = is_logic(left) && left->op == logic && known(left).kind == MF_UNSET;
  if (same)
    emit_logic_to(x, left, end);
  else
    emit(x, left);
}

/* Conditions of a list are a balanced tree, but its inner nodes are no parts. */
static void emit_right(emitter *x, const mf_expr *right, uint8_t logic) {
  uint32_t depth = x->depth + 1;
  bool inner = x->parts && is_logic(right) && right->op == logic &&
               !(right->flags & MF_EXPR_PARENTHESES) && mf_expr_constant(right).kind == MF_UNSET;
  if (inner)
    emit_logic(x, right);
  else
    emit(x, right);
  x->depth = depth;
}

static void emit_logic_to(emitter *x, const mf_expr *e, uint32_t end) {
  const mf_expr *left = e->first, *right = left->next;
  if (is_neutral(right, e->op, left)) {
    emit_left(x, left, e->op, end);
    return;
  }
  if (is_neutral(left, e->op, right)) {
    emit(x, right);
    return;
  }
  emit_left(x, left, e->op, end);
  op(x, e->op == MF_OP_AND ? MF_OP_AND_JUMP : MF_OP_OR_JUMP, end, 0);
  emit_right(x, right, e->op);
  mark(x, e->span);
  op(x, (mf_opcode)e->op, 0, 0);
}

static void emit_logic(emitter *x, const mf_expr *e) {
  mf_value value = known(e);
  if (value.kind != MF_UNSET) {
    emit_constant(x, value);
    mf_expr_resolve_all(x->em, e);
    return;
  }
  uint32_t end = mf_builder_label(x->b);
  emit_logic_to(x, e, end);
  mf_builder_place(x->b, end);
}

static void emit_choose(emitter *x, const mf_expr *e) {
  const mf_expr *then = e->first->next, *otherwise = then->next;
  mf_value condition = known(e->first);
  if (condition.kind == MF_BOOL) {
    emit(x, condition.as.i ? then : otherwise);
    mf_expr_resolve_all(x->em, e->first);
    mf_expr_resolve_all(x->em, condition.as.i ? otherwise : then);
    return;
  }
  uint32_t other = mf_builder_label(x->b), end = mf_builder_label(x->b);
  emit(x, e->first);
  mark(x, e->span);
  op(x, MF_OP_CHOOSE, other, end);
  emit(x, then);
  op(x, MF_OP_JUMP, end, 0);
  x->depth--; /* on the other way there is no value yet */
  mf_builder_place(x->b, other);
  emit(x, otherwise);
  mf_builder_place(x->b, end);
}

/* ---- parts put together ---- */

/* The code of `count` parts, which end in one value.  Many are put together in
 * pieces, so that they do not fill the stack, and the pieces in pairs, so that
 * none is copied often. */
static const mf_expr *emit_parts(emitter *x, const mf_expr *e, const mf_expr *child,
                                 uint32_t count) {
  const bool is_list = e->kind == MF_EXPR_LIST;
  uint32_t left = MF_EXPR_PIECE;
  if (count <= MF_EXPR_PIECE) {
    for (uint32_t i = 0; i < count; i++, child = child->next) {
      emit(x, child);
      if (child->flags & MF_EXPR_ELEMENT) op(x, MF_OP_OPT_ELEMENT, 0, 0);
    }
    mark(x, e->span);
    op(x, is_list ? MF_OP_LIST : MF_OP_CONCAT, count, 0);
    return child;
  }
  while (left * 2 < count) left *= 2;
  child = emit_parts(x, e, child, left);
  child = emit_parts(x, e, child, count - left);
  if (is_list)
    op(x, MF_OP_ADD, 0, 0);
  else
    op(x, MF_OP_CONCAT, 2, 0);
  return child;
}

static void emit_map(emitter *x, const mf_expr *e) {
  uint32_t held = 0;
  for (const mf_expr *key = e->first; key; key = key->next->next, held++) {
    emit(x, key);
    emit(x, key->next);
    if (key->flags & MF_EXPR_ELEMENT) op(x, MF_OP_OPT_ELEMENT, 0, 0);
  }
  mark(x, e->span);
  op(x, MF_OP_MAP, held, 0);
}

static void emit_call(emitter *x, const mf_expr *e) {
  const mf_expr *args;
  uint32_t argc;
  if (mf_expr_is_has(e)) {
    emit_has(x, e);
    return;
  }
  uint32_t code = mf_expr_function(e, &args, &argc);
  if (code == MF_ABSENT) {
    mark(x, e->span);
    emit_unknown(x, e->name);
    return;
  }
  for (; args; args = args->next) emit(x, args);
  mark(x, e->span);
  op(x, MF_OP_CALL, code, argc);
}

/* ---- any expression ---- */

/* A name, or a selection or element of something that is no name. */
static void emit_part(emitter *x, const mf_expr *e) {
  uint32_t count = mf_expr_chain_length(e);
  if (count > 0) {
    mf_ref ref = mf_expr_resolve(x->em, e, count);
    emit_chain(x, e, &ref, count - ref.used);
  } else if (e->kind == MF_EXPR_INDEX) {
    emit(x, e->first);
    emit(x, e->first->next);
    mark(x, e->span);
    op(x, e->flags & MF_EXPR_OPTIONAL ? MF_OP_OPT_INDEX : MF_OP_INDEX, 0, 0);
  } else {
    emit(x, e->first);
    mark(x, e->span);
    op(x, e->flags & MF_EXPR_OPTIONAL ? MF_OP_OPT_FIELD : MF_OP_FIELD, text_constant(x, e->name),
       0);
  }
}

static void emit_operator(emitter *x, const mf_expr *e) {
  bool whole = x->parts == NULL; /* a fused comparison leaves no value of its sides */
  if (is_logic(e))
    emit_logic(x, e);
  else if (whole && e->op >= MF_OP_EQ && e->op <= MF_OP_GE)
    emit_comparison(x, e);
  else
    emit_binary(x, e);
}

static void emit_node(emitter *x, const mf_expr *e) {
  switch ((mf_expr_kind)e->kind) {
    case MF_EXPR_IDENT:
    case MF_EXPR_SELECT:
    case MF_EXPR_INDEX: emit_part(x, e); break;
    case MF_EXPR_CALL: emit_call(x, e); break;
    case MF_EXPR_UNARY: emit_unary(x, e); break;
    case MF_EXPR_BINARY: emit_operator(x, e); break;
    case MF_EXPR_CHOOSE: emit_choose(x, e); break;
    case MF_EXPR_LIST:
    case MF_EXPR_JOIN: emit_parts(x, e, e->first, mf_expr_count(e->first)); break;
    case MF_EXPR_MAP: emit_map(x, e); break;
    case MF_EXPR_LOOP: mf_code_loop(x, e); break;
    case MF_EXPR_BIND: mf_code_bind(x, e); break;
    case MF_EXPR_OPT_MAP: mf_code_opt_map(x, e); break;
    case MF_EXPR_LOCAL: mf_code_local(x, e); break;
    case MF_EXPR_VAR:
    case MF_EXPR_LITERAL:
    case MF_EXPR_MESSAGE:
    case MF_EXPR_ERROR: emit_nothing(x); break;
  }
}

/* The parts of one that reads the same as what it is a part of are its own. */
static mf_code_part *begin_part(emitter *x, const mf_expr *e) {
  mf_code_parts *parts = x->parts;
  bool same = parts->count && memcmp(&e->span, &parts->around, sizeof e->span) == 0;
  if (same || parts->count == MF_LIMIT_ASSERTION_REASONS) return NULL;
  mf_code_part *part = &parts->part[parts->count++];
  *part = (mf_code_part){.e = e, .from = mf_builder_pc(x->b), .depth = parts->depth};
  return part;
}

/* What its parts must not read like.  Keys may stand in any order: then the span of a
 * comparison means nothing. */
static mf_span around_parts(const mf_expr *e) {
  bool swapped = e->kind == MF_EXPR_BINARY && e->first->next->span.offset < e->first->span.offset;
  return swapped ? (mf_span){0, 0} : e->span;
}

static void emit_as_part(emitter *x, const mf_expr *e) {
  mf_code_parts *parts = x->parts;
  mf_span around = parts->around;
  mf_code_part *part = begin_part(x, e);
  if (part) parts->around = around_parts(e), parts->depth++;
  emit_node(x, e);
  if (part) parts->around = around, parts->depth--, part->at = mf_builder_pc(x->b);
}

/* However the code branched: behind it there is one value more. */
void mf_code_value(mf_coder *x, const mf_expr *e) {
  uint32_t depth = x->depth + 1;
  mf_value value = mf_expr_constant(e);
  if (value.kind != MF_UNSET)
    emit_constant(x, value);
  else if (x->parts)
    emit_as_part(x, e);
  else
    emit_node(x, e);
  x->depth = depth;
}

void mf_code_with_parts(mf_expr_emitter *em, const mf_expr *e, mf_code_parts *parts) {
  emitter x = {.em = em, .b = em->builder, .parts = parts};
  const mf_lines *lines = em->lines;
  em->lines = NULL;
  parts->count = parts->depth = 0;
  emit(&x, e);
  em->lines = lines;
}

void mf_expr_emit(mf_expr_emitter *em, const mf_expr *e) {
  emitter x = {.em = em, .b = em->builder};
  mark(&x, e->span);
  em->type = NULL;
  if (e->kind == MF_EXPR_LITERAL) {
    emit_constant(&x, e->value);
    return;
  }
  mf_expr root = *e; /* for its value: the tree is the caller's */
  if (mf_expr_prepare(em, &root)) {
    emit(&x, &root);
  } else {
    emit_nothing(&x);
    if (!mf_expr_is_too_deep(e)) mf_expr_resolve_all(em, e);
  }
}

void mf_parts_emit(mf_expr_emitter *em, const mf_part *parts) {
  mf_expr join = {.kind = MF_EXPR_JOIN}, **tail = &join.first;
  for (; parts; parts = parts->next) {
    mf_expr *e = parts->expr ? parts->expr : MF_NEW(em->arena, mf_expr);
    if (e == NULL) return;
    if (!parts->expr) e->kind = MF_EXPR_LITERAL, e->value.kind = MF_STRING;
    if (!parts->expr) e->value.len = (uint32_t)parts->text.n, e->value.as.s = parts->text.p;
    *tail = e;
    tail = &e->next;
  }
  bool keeps_type = join.first && join.first->next == NULL;
  mf_expr_emit(em, keeps_type ? join.first : &join);
}
