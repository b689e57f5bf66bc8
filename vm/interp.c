/* SPDX-License-Identifier: MIT */
#include "compare.h"
#include "arith.h"
#include "convert.h"
#include "exec.h"
#include "functions.h"
#include "logic.h"
#include "loops.h"
#include "operations.h"
#include "select.h"

/* The interpreter: the one long function of the project.  It runs expression
 * chunks for mf_eval and the main chunk for a task, one short case a row of
 * image/opcodes.def.
 *
 * Operands are not range-checked here.  mf_image_open refuses any image that
 * the verifier has not proved, and mf_builder_finish makes no other.
 *
 * An operator first tests the two or three combinations of kinds that matter;
 * whatever else there is goes to one function that knows all of CEL's rules, so
 * fused and plain instructions cannot differ in meaning.  They do not differ in
 * fuel either: a fused instruction takes as much as those it stands for.
 *
 * Fuel is signed so that only the dispatch has to look at it. */

/* ---- Values on the stack ---- */

/* The head word of a clean value of this kind; a constant after optimisation. */
static inline uint64_t head_of(uint8_t kind) {
  mf_value v = {.kind = kind};
  uint64_t head;
  memcpy(&head, &v, sizeof head);
  return head;
}

/* Kind and flags at once: equal to clean_tag(kind) when there is no taint. */
static inline uint16_t tag_of(const mf_value *v) {
  uint16_t tag;
  memcpy(&tag, v, sizeof tag);
  return tag;
}

static inline uint16_t clean_tag(uint8_t kind) {
  mf_value v = {.kind = kind};
  return tag_of(&v);
}

static inline void put_bool(mf_value *to, bool b) {
  uint64_t head = head_of(MF_BOOL), payload = b;
  memcpy(to, &head, sizeof head);
  memcpy(&to->as, &payload, sizeof payload);
}

#if defined(__GNUC__)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define add_overflows(x, y, out) __builtin_add_overflow(x, y, out)
#define subtract_overflows(x, y, out) __builtin_sub_overflow(x, y, out)
#define multiply_overflows(x, y, out) __builtin_mul_overflow(x, y, out)
#else
#define LIKELY(x) (x)
/* Elsewhere the general path checks. */
#define add_overflows(x, y, out) (*(out) = 0, true)
#define subtract_overflows(x, y, out) (*(out) = 0, true)
#define multiply_overflows(x, y, out) (*(out) = 0, true)
#endif

_Static_assert(sizeof(mf_value) == 16 && offsetof(mf_value, as) == 8, "a value is two words");

/* ---- Dispatch ---- */

/* Computed goto under GCC and Clang, a switch elsewhere; the cases are the same
 * text.  Neither has a default: a row of opcodes.def without a case does not
 * compile (no such label; -Wswitch). */
#if defined(__GNUC__) && !defined(MF_SWITCH)
#define THREADED 1
#define CASE(name) L_##name:
#define NEXT                          \
  do {                                \
    if (--fuel < 0) goto out_of_fuel; \
    word = *ip++;                     \
    goto *labels[mf_word_op(word)];   \
  } while (0)
#else
#define THREADED 0
#define CASE(name) case MF_OP_##name:
#define NEXT goto next
#endif

/* What functions called from here may look at or change lives in x. */
#define SAVE() (x->call.fuel = fuel, x->pc = ip, x->sp = sp)
#define RELOAD() (fuel = x->call.fuel, ip = x->pc, sp = x->sp)

/* Puts the value of a call that may take fuel, or end everything, at `place`. */
#define SLOW(place, value)                   \
  do {                                       \
    x->call.fuel = fuel;                     \
    mf_value v_ = (value);                   \
    fuel = x->call.fuel;                     \
    *(place) = v_;                           \
    if (x->call.status != MF_OK) goto limit; \
    NEXT;                                    \
  } while (0)

/* Back to the machine, with everything saved. */
#define STOP(why)          \
  do {                     \
    x->stop = (why);       \
    return x->call.status; \
  } while (0)

/* A statement: what it does is in operations.h. */
#define STATEMENT(name, function, operand_b)                      \
  CASE(name) {                                                    \
    const uint32_t b_ = (operand_b);                              \
    SAVE();                                                       \
    const mf_stop stop_ = function(x->task, mf_word_a(word), b_); \
    if (stop_ != MF_GO) STOP(stop_);                              \
    RELOAD();                                                     \
    NEXT;                                                         \
  }
#define NO_B 0

/* top-1 op top for numbers of one kind without taint; else the general path. */
#define ARITHMETIC(name, operation, overflows, double_result)                         \
  CASE(name) {                                                                        \
    mf_value *const p = sp - 2, *const q = --sp;                                      \
    const uint16_t p_tag = tag_of(p);                                                 \
    int64_t sum;                                                                      \
    if (LIKELY(p_tag == tag_of(q))) {                                                 \
      if (p_tag == clean_tag(MF_DOUBLE)) {                                            \
        p->as.d = double_result;                                                      \
        NEXT;                                                                         \
      }                                                                               \
      if (p_tag == clean_tag(MF_INT) && LIKELY(!overflows(p->as.i, q->as.i, &sum))) { \
        p->as.i = sum;                                                                \
        NEXT;                                                                         \
      }                                                                               \
    }                                                                                 \
    SLOW(p, mf_arith(&x->call, operation, p, q));                                     \
  }

/* A truth value that the next instruction is likely to look at: see `decided`. */
#define DECIDE(value) \
  do {                \
    truth = (value);  \
    goto decided;     \
  } while (0)

#define COMPARISON(name, relation, op)                                            \
  CASE(name) {                                                                    \
    mf_value *const p = sp - 2, *const q = sp - 1;                                \
    sp -= 2;                                                                      \
    if (p->kind == MF_DOUBLE && q->kind == MF_DOUBLE) DECIDE(p->as.d op q->as.d); \
    if (p->kind == MF_INT && q->kind == MF_INT) DECIDE(p->as.i op q->as.i);       \
    sp++;                                                                         \
    SLOW(p, mf_compare(&x->call, relation, p, q));                                \
  }

/* LOAD, CONST and the comparison in one; hence three units of fuel. */
#define FUSED(name, relation, op)                                                 \
  CASE(name) {                                                                    \
    const mf_value *const p = &slots[mf_word_a(word)];                            \
    const mf_value *const q = &constants[*ip++];                                  \
    fuel -= 2;                                                                    \
    if (p->kind == MF_DOUBLE && q->kind == MF_DOUBLE) DECIDE(p->as.d op q->as.d); \
    if (p->kind == MF_INT && q->kind == MF_INT) DECIDE(p->as.i op q->as.i);       \
    sp++;                                                                         \
    SLOW(sp - 1, compare_slot(x, relation, mf_word_a(word), q));                  \
  }

/* LOCAL, CONST and the comparison in one. */
#define FUSED_LOCAL(name, relation, op)                                           \
  CASE(name) {                                                                    \
    const mf_value *const p = sp - 1 - mf_word_a(word);                           \
    const mf_value *const q = &constants[*ip++];                                  \
    fuel -= 2;                                                                    \
    if (p->kind == MF_DOUBLE && q->kind == MF_DOUBLE) DECIDE(p->as.d op q->as.d); \
    if (p->kind == MF_INT && q->kind == MF_INT) DECIDE(p->as.i op q->as.i);       \
    sp++;                                                                         \
    SLOW(sp - 1, mf_compare(&x->call, relation, p, q));                           \
  }

/* Begins a loop whose turns have `elements` elements each. */
#define LOOP_CASE(name, elements)                                 \
  CASE(name) {                                                    \
    const uint32_t kind = *ip++;                                  \
    mf_value *const s = sp - 1;                                   \
    x->call.fuel = fuel;                                          \
    const bool more = mf_loop_begin(&x->call, kind, s, elements); \
    sp = s + MF_LOOP_ELEMENT;                                     \
    fuel = x->call.fuel;                                          \
    if (x->call.status != MF_OK) goto limit;                      \
    if (more)                                                     \
      sp += elements;                                             \
    else                                                          \
      ip = code + mf_word_a(word);                                \
    NEXT;                                                         \
  }

/* Counts in what the body has made where that takes no call: an element that
 * decides nothing in all and exists, one more element of a list.  False: nothing
 * was done. */
static inline bool count_in(mf_value *s, uint32_t kind, const mf_value *x) {
  const mf_value *item = x;
  if (kind == MF_LOOP_KIND_ALL) return x->kind == MF_BOOL && x->as.i != 0;
  if (kind == MF_LOOP_KIND_EXISTS) return x->kind == MF_BOOL && x->as.i == 0;
  if (kind == MF_LOOP_KIND_FILTER) {
    if (x->kind != MF_BOOL) return false;
    if (x->as.i == 0) return true;
    item = &s[MF_LOOP_ELEMENT];
  } else if (kind != MF_LOOP_KIND_LIST || x->kind == MF_ERROR) {
    return false;
  }
  if (item->flags) return false;
  mf_value *const list = &s[MF_LOOP_RESULT];
  if (list->kind != MF_LIST || list->len >= s[MF_LOOP_RANGE].len) return false;
  mf_value_move((mf_value *)(uintptr_t)&list->as.list[list->len++], item);
  return true;
}

/* The next turn over a list without taint: *sp is moved behind its elements.
 * False at the end. */
static inline bool next_turn(mf_value *s, unsigned elements, mf_value **sp) {
  const int64_t at = ++s[MF_LOOP_AT].as.i;
  *sp = s + MF_LOOP_ELEMENT;
  if (at >= (int64_t)s[MF_LOOP_RANGE].len) return false;
  if (elements == 2) s[MF_LOOP_ELEMENT] = mf_int(at);
  mf_value_move(&s[MF_LOOP_ELEMENT + elements - 1], &s[MF_LOOP_RANGE].as.list[at]);
  *sp += elements;
  return true;
}

#define STEP_CASE(name, elements)                                                               \
  CASE(name) {                                                                                  \
    const uint32_t kind = *ip++;                                                                \
    mf_value *const s = sp - (MF_LOOP_ELEMENT + (elements) + 1);                                \
    if (LIKELY(tag_of(&s[MF_LOOP_RANGE]) == clean_tag(MF_LIST)) && count_in(s, kind, sp - 1)) { \
      if (next_turn(s, elements, &sp)) ip = code + mf_word_a(word);                             \
      NEXT;                                                                                     \
    }                                                                                           \
    x->call.fuel = fuel;                                                                        \
    const bool more = mf_loop_step(&x->call, kind, s, elements);                                \
    fuel = x->call.fuel;                                                                        \
    sp = s + MF_LOOP_ELEMENT;                                                                   \
    if (x->call.status != MF_OK) goto limit;                                                    \
    if (more) {                                                                                 \
      sp += elements;                                                                           \
      ip = code + mf_word_a(word);                                                              \
    }                                                                                           \
    NEXT;                                                                                       \
  }

/* The predicate before a transformation. */
#define TEST_CASE(name, elements)                              \
  CASE(name) {                                                 \
    const uint32_t end = *ip++;                                \
    mf_value *const s = --sp - (MF_LOOP_ELEMENT + (elements)); \
    if (LIKELY(sp->kind == MF_BOOL)) {                         \
      if (sp->as.i) NEXT;                                      \
      if (mf_loop_next(s, elements)) {                         \
        ip = code + mf_word_a(word);                           \
        NEXT;                                                  \
      }                                                        \
    } else {                                                   \
      mf_loop_refuse(&x->call, s, sp);                         \
      if (x->call.status != MF_OK) goto limit;                 \
    }                                                          \
    sp = s + MF_LOOP_ELEMENT;                                  \
    ip = code + end;                                           \
    NEXT;                                                      \
  }

static MF_COLD mf_value compare_slot(mf_exec *x, mf_relation relation, uint32_t slot,
                                     const mf_value *q) {
  const mf_value *p = &x->slots[slot];
  if (p->kind == MF_UNSET) return mf_no_value(x, slot);
  return mf_compare(&x->call, relation, p, q);
}

mf_status mf_interpret(mf_exec *x) {
  const uint32_t *const code = x->code;
  const mf_value *const constants = x->constants;
  const mf_value *const slots = x->slots;
  const uint32_t *ip = x->pc;
  mf_value *sp = x->sp;
  int64_t fuel = x->call.fuel;
  uint32_t word;
  bool truth;

#if THREADED
  static const void *const plain[256] = {
#define MF_OP(name, code, a, b, c, pop, push, flags, synopsis) [code] = &&L_##name,
#include "../image/opcodes.def"
#undef MF_OP
  };
  static const void *const traced[256] = {[0 ... 255] = &&trace};
  const void *const *const labels = x->trace ? traced : plain;
  NEXT;
trace:
  SAVE();
  x->trace(x->trace_ctx, mf_task_number(x->task), (uint32_t)(ip - 1 - x->image->code), x->stack,
           (uint32_t)(sp - x->stack));
  goto *plain[mf_word_op(word)];
#else
next:
  if (--fuel < 0) goto out_of_fuel;
  word = *ip++;
  if (x->trace) {
    SAVE();
    x->trace(x->trace_ctx, mf_task_number(x->task), (uint32_t)(ip - 1 - x->image->code), x->stack,
             (uint32_t)(sp - x->stack));
  }
  switch ((mf_opcode)mf_word_op(word)) {
#endif

  /* ---- expressions ---- */

  CASE(CONST) {
    mf_value_move(sp++, &constants[mf_word_a(word)]);
    NEXT;
  }
  CASE(LOAD) {
    const mf_value *const slot = &slots[mf_word_a(word)];
    sp++;
    if (LIKELY(slot->kind != MF_UNSET)) {
      mf_value_move(sp - 1, slot);
      NEXT;
    }
    SLOW(sp - 1, mf_no_value(x, mf_word_a(word)));
  }
  CASE(IS_SET) {
    put_bool(sp++, slots[mf_word_a(word)].kind != MF_UNSET);
    NEXT;
  }
  CASE(STEP_FIELD) {
    const uint32_t field = *ip++;
    sp++;
    SLOW(sp - 1, mf_step_field(x, mf_word_a(word), field));
  }
  CASE(POP) {
    sp--;
    NEXT;
  }
  CASE(DUP) {
    mf_value_move(sp, sp - 1);
    sp++;
    NEXT;
  }
  CASE(UNKNOWN) {
    const mf_value *const name = &constants[mf_word_a(word)];
    sp++;
    SLOW(sp - 1, mf_call_error(&x->call, MF_EVAL_NO_VALUE, "nothing is named '%.*s'",
                               (int)name->len, name->as.s));
  }
  CASE(NEGATE) { SLOW(sp - 1, mf_negate(&x->call, sp - 1)); }
  CASE(NOT) {
    if (LIKELY(sp[-1].kind == MF_BOOL)) {
      sp[-1].as.i ^= 1;
      NEXT;
    }
    SLOW(sp - 1, mf_not(&x->call, sp - 1));
  }
  ARITHMETIC(ADD, MF_ADD, add_overflows, p->as.d + q->as.d)
  ARITHMETIC(SUBTRACT, MF_SUBTRACT, subtract_overflows, p->as.d - q->as.d)
  ARITHMETIC(MULTIPLY, MF_MULTIPLY, multiply_overflows, p->as.d * q->as.d)
  CASE(DIVIDE) {
    mf_value *const p = sp - 2, *const q = --sp;
    SLOW(p, mf_arith(&x->call, MF_DIVIDE, p, q));
  }
  CASE(REMAINDER) {
    mf_value *const p = sp - 2, *const q = --sp;
    SLOW(p, mf_arith(&x->call, MF_REMAINDER, p, q));
  }
  COMPARISON(EQ, MF_EQ, ==)
  COMPARISON(NE, MF_NE, !=)
  COMPARISON(LT, MF_LT, <)
  COMPARISON(LE, MF_LE, <=)
  COMPARISON(GT, MF_GT, >)
  COMPARISON(GE, MF_GE, >=)
  CASE(ALIKE) {
    if (LIKELY((sp[-2].kind == MF_DOUBLE) == (sp[-1].kind == MF_DOUBLE))) NEXT;
    SLOW(sp - 1, mf_alike(&x->call, sp - 2, sp - 1));
  }
  CASE(IN) {
    mf_value *const p = sp - 2, *const q = --sp;
    SLOW(p, mf_in(&x->call, p, q));
  }
  CASE(INDEX) {
    mf_value *const p = sp - 2, *const q = --sp;
    SLOW(p, mf_index(&x->call, p, q));
  }
  CASE(FIELD) { SLOW(sp - 1, mf_field(&x->call, sp - 1, &constants[mf_word_a(word)])); }
  CASE(HAS_FIELD) { SLOW(sp - 1, mf_has_field(&x->call, sp - 1, &constants[mf_word_a(word)])); }
  CASE(LIST) {
    mf_value *const items = sp - mf_word_a(word);
    sp = items + 1;
    SLOW(items, mf_make_list(&x->call, items, mf_word_a(word)));
  }
  CASE(MAP) {
    mf_value *const items = sp - 2 * (ptrdiff_t)mf_word_a(word);
    sp = items + 1;
    SLOW(items, mf_make_map(&x->call, items, mf_word_a(word)));
  }
  CASE(CALL) {
    const uint32_t count = *ip++;
    mf_value *const args = sp - count;
    sp = args + 1;
    x->call.site = (uint32_t)(ip - code);
    SLOW(args, mf_function_call(&x->call, mf_word_a(word), args, count));
  }
  CASE(CONCAT) {
    mf_value *const items = sp - mf_word_a(word);
    sp = items + 1;
    SLOW(items, mf_concat(&x->call, items, mf_word_a(word)));
  }
  CASE(AND_JUMP) {
    if (sp[-1].kind == MF_BOOL && sp[-1].as.i == 0) ip = code + mf_word_a(word);
    NEXT;
  }
  CASE(OR_JUMP) {
    if (sp[-1].kind == MF_BOOL && sp[-1].as.i != 0) ip = code + mf_word_a(word);
    NEXT;
  }
  CASE(AND) {
    mf_value *const p = sp - 2, *const q = --sp;
    if (LIKELY(p->kind == MF_BOOL && q->kind == MF_BOOL)) {
      p->as.i &= q->as.i;
      NEXT;
    }
    SLOW(p, mf_and(&x->call, p, q));
  }
  CASE(OR) {
    mf_value *const p = sp - 2, *const q = --sp;
    if (LIKELY(p->kind == MF_BOOL && q->kind == MF_BOOL)) {
      p->as.i |= q->as.i;
      NEXT;
    }
    SLOW(p, mf_or(&x->call, p, q));
  }
  CASE(CHOOSE) {
    const uint32_t broken = *ip++;
    sp--;
    if (LIKELY(sp->kind == MF_BOOL)) {
      if (sp->as.i == 0) ip = code + mf_word_a(word);
      NEXT;
    }
    ip = code + broken;
    sp++;
    SLOW(sp - 1, mf_no_condition(&x->call, sp - 1));
  }
  CASE(JUMP) {
    ip = code + mf_word_a(word);
    NEXT;
  }
  CASE(RETURN) {
    mf_value_move(x->result, sp - 1);
    return MF_OK;
  }
  FUSED(SLOT_EQ, MF_EQ, ==)
  FUSED(SLOT_NE, MF_NE, !=)
  FUSED(SLOT_LT, MF_LT, <)
  FUSED(SLOT_LE, MF_LE, <=)
  FUSED(SLOT_GT, MF_GT, >)
  FUSED(SLOT_GE, MF_GE, >=)
  FUSED_LOCAL(LOCAL_EQ, MF_EQ, ==)
  FUSED_LOCAL(LOCAL_NE, MF_NE, !=)
  FUSED_LOCAL(LOCAL_LT, MF_LT, <)
  FUSED_LOCAL(LOCAL_LE, MF_LE, <=)
  FUSED_LOCAL(LOCAL_GT, MF_GT, >)
  FUSED_LOCAL(LOCAL_GE, MF_GE, >=)

  CASE(LOCAL) {
    mf_value_move(sp, sp - 1 - mf_word_a(word));
    sp++;
    NEXT;
  }
  CASE(SLIDE) {
    mf_value_move(sp - 1 - mf_word_a(word), sp - 1);
    sp -= mf_word_a(word);
    NEXT;
  }
  CASE(OPT_FIELD) {
    SLOW(sp - 1, mf_optional_field(&x->call, sp - 1, &constants[mf_word_a(word)]));
  }
  CASE(OPT_INDEX) {
    mf_value *const p = sp - 2, *const q = --sp;
    SLOW(p, mf_optional_index(&x->call, p, q));
  }
  CASE(OPT_ELEMENT) { SLOW(sp - 1, mf_optional_element(&x->call, sp - 1)); }
  CASE(OPT_OPEN) {
    if (sp[-1].kind == MF_OPTIONAL && sp[-1].as.list) {
      sp[-1] = mf_with_taint(sp[-1].as.list[0], sp[-1].flags);
      NEXT;
    }
    ip = code + mf_word_a(word);
    SLOW(sp - 1, mf_optional_check(&x->call, sp - 1));
  }
  CASE(OPT_WRAP) { SLOW(sp - 1, mf_optional_wrap(&x->call, sp - 1)); }
  CASE(OPT_CHECK) { SLOW(sp - 1, mf_optional_check(&x->call, sp - 1)); }

  /* ---- loops: s is the state, vm/loops.h ---- */

  LOOP_CASE(LOOP, 1)
  LOOP_CASE(LOOP2, 2)
  STEP_CASE(STEP, 1)
  STEP_CASE(STEP2, 2)
  TEST_CASE(TEST, 1)
  TEST_CASE(TEST2, 2)
  CASE(LOOP_END) {
    mf_value *const s = sp - 3;
    sp = s + 1;
    if (mf_word_a(word) < MF_LOOP_KIND_ONE) NEXT; /* s[0] is the result */
    SLOW(s, mf_loop_end(&x->call, mf_word_a(word), s));
  }
  CASE(ALL_COMPARE) {
    const uint32_t relation = *ip++;
    SLOW(sp - 1, mf_quantify(&x->call, true, relation, sp - 1, &constants[mf_word_a(word)]));
  }
  CASE(EXISTS_COMPARE) {
    const uint32_t relation = *ip++;
    SLOW(sp - 1, mf_quantify(&x->call, false, relation, sp - 1, &constants[mf_word_a(word)]));
  }

  /* ---- statements ---- */

  CASE(JUMP_FALSE) {
    if (LIKELY(sp[-1].kind == MF_BOOL)) {
      sp--;
      if (sp->as.i == 0) ip = code + mf_word_a(word);
      NEXT;
    }
    SAVE();
    const mf_stop stop = mf_do_bad_condition(x->task);
    if (stop != MF_GO) STOP(stop);
    RELOAD();
    NEXT;
  }
  CASE(JUMP_SET) {
    const uint32_t to = *ip++;
    if (slots[mf_word_a(word)].kind != MF_UNSET) ip = code + to;
    NEXT;
  }
  STATEMENT(JUMP_FAILED, mf_do_jump_failed, NO_B)
  STATEMENT(STORE, mf_do_store, NO_B)
  STATEMENT(INIT, mf_do_init, NO_B)
  STATEMENT(CLEAR, mf_do_clear, NO_B)
  STATEMENT(HANDLER, mf_do_handler, NO_B)
  STATEMENT(SKIP, mf_do_skip, NO_B)
  STATEMENT(FAIL, mf_do_fail, NO_B)
  STATEMENT(ABORT, mf_do_abort, NO_B)
  STATEMENT(GATE, mf_do_gate, NO_B)
  STATEMENT(RUN_BEGIN, mf_do_run_begin, NO_B)
  STATEMENT(JUMP_MISSED, mf_do_jump_missed, NO_B)
  STATEMENT(JUMP_CLEAN, mf_do_jump_clean, NO_B)
  STATEMENT(HANDLED, mf_do_handled, NO_B)
  STATEMENT(ALLOW, mf_do_allow, NO_B)

  /* ---- frames ---- */

  STATEMENT(RUN_ENTER, mf_do_run_enter, NO_B)
  STATEMENT(RUN_FINAL, mf_do_run_final, NO_B)
  STATEMENT(RUN_LEAVE, mf_do_run_leave, NO_B)
  CASE(END) {
    SAVE();
    STOP(MF_STOP_END);
  }
  STATEMENT(STEP_ENTER, mf_do_step_enter, *ip++)
  STATEMENT(STEP_BEGIN, mf_do_step_begin, NO_B)
  STATEMENT(STEP_OUTCOME, mf_do_step_outcome, NO_B)
  STATEMENT(STEP_LEAVE, mf_do_step_leave, NO_B)
  STATEMENT(HOOK_ENTER, mf_do_hook_enter, *ip++)
  STATEMENT(HOOK_BEGIN, mf_do_hook_begin, NO_B)
  STATEMENT(HOOK_LEAVE, mf_do_hook_leave, NO_B)
  STATEMENT(ACTION_ENTER, mf_do_action_enter, *ip++)
  STATEMENT(ACTION_LEAVE, mf_do_action_leave, NO_B)
  STATEMENT(BRANCH_ENTER, mf_do_branch_enter, *ip++)
  STATEMENT(BRANCH_TAKE, mf_do_branch_take, *ip++)
  STATEMENT(BRANCH_FAIL, mf_do_branch_fail, NO_B)
  STATEMENT(REPEAT_ENTER, mf_do_repeat_enter, *ip++)
  STATEMENT(REPEAT_BEGIN, mf_do_repeat_begin, NO_B)
  STATEMENT(REPEAT_NEXT, mf_do_repeat_next, *ip++)
  STATEMENT(REPEAT_LEAVE, mf_do_repeat_leave, NO_B)
  STATEMENT(LINK_ENTER, mf_do_link_enter, *ip++)
  STATEMENT(LINK_LEAVE, mf_do_link_leave, NO_B)
  STATEMENT(RETRY_BEGIN, mf_do_retry_begin, NO_B)
  STATEMENT(RETRY, mf_do_retry, *ip++)
  STATEMENT(RETRY_IF, mf_do_retry_if, *ip++)
  STATEMENT(RETRY_WAIT, mf_do_retry_wait, NO_B)
  STATEMENT(ACTION_RETRY_BEGIN, mf_do_retry_begin, NO_B)
  STATEMENT(ACTION_RETRY, mf_do_retry, *ip++)
  STATEMENT(ACTION_RETRY_IF, mf_do_retry_if, *ip++)
  STATEMENT(ACTION_RETRY_WAIT, mf_do_retry_wait, NO_B)
  STATEMENT(FAULT_ENTER, mf_do_fault_enter, *ip++)
  STATEMENT(FAULT_LEAVE, mf_do_fault_leave, NO_B)
  STATEMENT(BLOCK_ENTER, mf_do_block_enter, *ip++)
  STATEMENT(BLOCK_LEAVE, mf_do_block_leave, NO_B)

  /* ---- effects and judgements ---- */

  STATEMENT(NOW, mf_do_now, NO_B)
  STATEMENT(WAIT, mf_do_wait, NO_B)
  STATEMENT(WAIT_AGAIN, mf_do_wait_again, NO_B)
  STATEMENT(EFFECT, mf_do_effect, NO_B)
  STATEMENT(OUTCOME, mf_do_outcome, NO_B)
  STATEMENT(ANSWER, mf_do_answer, NO_B)
  STATEMENT(SCENARIO, mf_do_scenario, NO_B)
  STATEMENT(WATCHED, mf_do_watched, NO_B)
  STATEMENT(JUDGE, mf_do_judge, NO_B)
  STATEMENT(LOG, mf_do_log, NO_B)
  STATEMENT(LABELS, mf_do_labels, NO_B)
  STATEMENT(METRIC, mf_do_metric, NO_B)
  STATEMENT(MESSAGE, mf_do_message, NO_B)
  STATEMENT(ASSERT, mf_do_assert, NO_B)
  STATEMENT(VERDICT, mf_do_verdict, NO_B)
  STATEMENT(REPORT, mf_do_report, NO_B)

  /* ---- tasks ---- */

  STATEMENT(GROUP_ENTER, mf_do_group_enter, *ip++)
  STATEMENT(GROUP_BEGIN, mf_do_group_begin, NO_B)
  CASE(SPAWN) {
    const uint32_t end = *ip++, next = *ip++;
    SAVE();
    const mf_stop stop = mf_do_spawn(x->task, mf_word_a(word), end, next);
    if (stop != MF_GO) STOP(stop);
    RELOAD();
    NEXT;
  }
  STATEMENT(NEEDS, mf_do_needs, *ip++)
  STATEMENT(TASK_END, mf_do_task_end, NO_B)
  STATEMENT(GROUP_LEAVE, mf_do_group_leave, NO_B)
  STATEMENT(TIMEOUT, mf_do_timeout, NO_B)

#if !THREADED
}
goto out_of_fuel; /* not reached: an image has no other codes */
#endif

/* A comparison came to `truth`.  What follows one is nearly always a jump or
   * an && or || that looks at it: that is carried out at once, with the truth
   * value still in a register (a third less time for `a > 1.0 && b < 2.0`).
   * Fuel and results are as if it had been dispatched; traces want to see it. */
decided : word = *ip;
if (x->trace == NULL) {
  if (mf_word_op(word) == MF_OP_AND_JUMP) {
    fuel--;
    if (truth) {
      ip++;
      put_bool(sp++, true);
      NEXT;
    }
    ip = code + mf_word_a(word);
    put_bool(sp++, false);
    NEXT;
  }
  if (mf_word_op(word) == MF_OP_AND && sp[-1].kind == MF_BOOL) {
    fuel--;
    ip++;
    sp[-1].as.i &= truth;
    NEXT;
  }
  if (mf_word_op(word) == MF_OP_STEP && ip[1] == (truth ? MF_LOOP_KIND_ALL : MF_LOOP_KIND_EXISTS) &&
      tag_of(&sp[-1 - MF_LOOP_ELEMENT + MF_LOOP_RANGE]) == clean_tag(MF_LIST)) {
    fuel--;
    ip = next_turn(sp - 1 - MF_LOOP_ELEMENT, 1, &sp) ? code + mf_word_a(word) : ip + 2;
    NEXT;
  }
}
put_bool(sp++, truth);
NEXT;

out_of_fuel : fuel = 0;
mf_call_end(&x->call, MF_OUT_OF_FUEL);
limit : SAVE();
STOP(MF_STOP_LIMIT);
}
