/* SPDX-License-Identifier: MIT */
/* The instructions of fast code, threaded: vm/fast.def has one line for each. */
#include "fast_kernel.h"
#include "fast_scan.h"
#include "functions.h"
#include "select.h"

#define PASS op, slots, bits, v, e
#define NEXT return op[1].run(op + 1, slots, bits, v, e)
#define GO(to)                               \
  do {                                       \
    const mf_fast_op *const to_ = (to);      \
    return to_->run(to_, slots, bits, v, e); \
  } while (0)
#define PUSH(truth)                       \
  do {                                    \
    bits = bits << 1 | (uint64_t)(truth); \
    NEXT;                                 \
  } while (0)
/* Where an instruction begins matters: to the next one it is a jump. */
#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(32)))
#else
#define ALIGNED
#endif
#define OP(name) ALIGNED static mf_status do_##name(MF_FAST_ARGS)
/* Operands that are slots are offsets in bytes. */
#define SLOT(a) ((const mf_value *)(const void *)((const char *)slots + (a)))
#define CURRENT v
#define KEPT(a) e->kept[a]

/* Gives up: the whole expression again, by the image's instructions. */
static MF_COLD mf_status give_up(MF_FAST_ARGS) {
  (void)op, (void)bits, (void)v;
  e->share = mf_fast_share(e);
  return mf_eval_generic(e->program, e, slots, e->result);
}
#define GIVE_UP return give_up(PASS)
#define PUSH_KNOWN(truth)                        \
  do {                                           \
    const unsigned truth_ = (truth);             \
    if (UNLIKELY(truth_ == MF_FAST_NO)) GIVE_UP; \
    PUSH(truth_);                                \
  } while (0)

/* ---- Truth values ---- */

OP(OPERAND) { GIVE_UP; }

/* What is in a slot becomes the current value: the register is free anyway. */
#define KERNEL_OPS(name)                 \
  OP(name##_S) {                         \
    v = SLOT(op->a);                     \
    PUSH_KNOWN(name##_kernel(op, v, e)); \
  }                                      \
  OP(name##_V) { PUSH_KNOWN(name##_kernel(op, v, e)); }
MF_FAST_KERNELS(KERNEL_OPS)

OP(BOOL_SS) {
  const mf_value *const x = SLOT(op->a), *const y = SLOT(op->b);
  if (UNLIKELY((x->kind ^ MF_BOOL) | (y->kind ^ MF_BOOL))) GIVE_UP;
  bits = bits << 2 | x->as.u << 1 | y->as.u;
  NEXT;
}
OP(BOOL_SSS) {
  const mf_value *const x = SLOT(op->a), *const y = SLOT(op->b), *const z = SLOT(op->k.u);
  if (UNLIKELY((x->kind ^ MF_BOOL) | (y->kind ^ MF_BOOL) | (z->kind ^ MF_BOOL))) GIVE_UP;
  bits = bits << 3 | x->as.u << 2 | y->as.u << 1 | z->as.u;
  NEXT;
}
OP(IS_SET) { PUSH(SLOT(op->a)->kind != MF_UNSET); }
OP(HAS) { PUSH_KNOWN(mf_fast_has(e, v, op->k.p)); }
OP(EVERY) { PUSH_KNOWN(mf_fast_every[op->b](op, v, e)); }

/* What calls other functions stands apart, so that numbers have nothing to save. */
#define COMPARE_OP(name, relation, X, Y)                           \
  static MF_APART mf_status name##_others(MF_FAST_ARGS) {          \
    PUSH_KNOWN(mf_fast_compare(e, MF_##relation, (X), (Y)));       \
  }                                                                \
  static MF_APART mf_status name##_mixed(MF_FAST_ARGS) {           \
    const unsigned truth = relation##_mixed_numbers((X), (Y));     \
    if (UNLIKELY(truth == MF_FAST_NO)) return name##_others(PASS); \
    PUSH(truth);                                                   \
  }                                                                \
  OP(name) {                                                       \
    const unsigned truth = relation##_numbers((X), (Y));           \
    if (UNLIKELY(truth == MF_FAST_NO)) return name##_mixed(PASS);  \
    PUSH(truth);                                                   \
  }
MF_FAST_COMPARISONS(COMPARE_OP)

OP(IN_HV) {
  const mf_value *const x = e->kept[op->a];
  const unsigned found = mf_fast_in_list(e, x, v);
  if (LIKELY(found != MF_FAST_NO)) PUSH(found);
  if (!is_value(x) || !is_value(v) || x->flags || v->flags) GIVE_UP;
  const mf_value truth = mf_in(open_call(e), x, v);
  if (truth.kind != MF_BOOL || e->exec.call.status != MF_OK) GIVE_UP;
  PUSH(truth.as.u);
}

/* What follows is done for each element of list v: its work has that part of a
 * share, until SCAN or SCAN_COUNT. */
OP(SHARE) {
  if (UNLIKELY(v->kind != MF_LIST)) GIVE_UP;
  for (uint32_t n = v->len; n > 0; n >>= 1) e->share >>= 1;
  NEXT;
}
OP(SCAN) {
  uint32_t count;
  e->share = mf_fast_share(e);
  const unsigned truth = mf_fast_scan(op, v, slots, e, &count);
  if (UNLIKELY(truth == MF_FAST_NO)) GIVE_UP;
  bits = bits << 1 | truth;
  GO(op + 1 + op->a);
}
OP(SCAN_COUNT) {
  uint32_t count;
  e->share = mf_fast_share(e);
  if (UNLIKELY(mf_fast_scan(op, v, slots, e, &count) == MF_FAST_NO)) GIVE_UP;
  v = &e->temps[op->l.u];
  put(&e->temps[op->l.u], MF_INT, count);
  GO(op + 1 + op->a);
}

/* ---- Functions of truth values, jumps ---- */

OP(TABLE) {
  bits = bits >> op->b << 1 | table_truth(op, bits);
  NEXT;
}
OP(WIDE_TABLE) {
  bits = bits >> op->b << 1 | wide_truth(op, bits);
  NEXT;
}
OP(IF_FALSE) {
  if (!(bits & 1)) GO(op + op->b);
  bits >>= 1;
  NEXT;
}
OP(IF_TRUE) {
  if (bits & 1) GO(op + op->b);
  bits >>= 1;
  NEXT;
}
OP(UNLESS) {
  const bool truth = bits & 1;
  bits >>= 1;
  if (!truth) GO(op + op->b);
  NEXT;
}
OP(JUMP) { GO(op + op->b); }

/* ---- The current value ---- */

OP(SLOT) {
  v = SLOT(op->a);
  if (UNLIKELY(!is_value(v) || v->flags & MF_PACKED)) GIVE_UP;
  NEXT;
}
OP(RANGE) {
  v = SLOT(op->a);
  NEXT;
}
OP(KEPT) {
  v = e->kept[op->a];
  NEXT;
}
OP(CONST) {
  v = op->k.p;
  NEXT;
}
OP(KEEP) {
  e->kept[op->a] = v;
  NEXT;
}
/* What the evaluation before this one left in the arena goes. */
OP(RESET) {
  if (!e->keeps) mf_evaluator_forget(e);
  NEXT;
}
OP(COPY) {
  if (UNLIKELY(!is_value(v))) GIVE_UP;
  mf_value_move(&e->temps[op->a], v);
  NEXT;
}
OP(TRUTH) {
  put(&e->temps[op->a], MF_BOOL, bits & 1);
  v = &e->temps[op->a];
  bits >>= 1;
  NEXT;
}

/* The operand behind a FIELD has the key. */
static MF_APART mf_status any_field(MF_FAST_ARGS) {
  v = mf_fast_entry(e, v, op[1].k.p);
  if (UNLIKELY(v == NULL)) GIVE_UP;
  GO(op + 2);
}
#define FIELD_OPS(name)                                  \
  static MF_INLINE mf_status name##_of(MF_FAST_ARGS) {   \
    const mf_value *const found = name##_kernel(op, v);  \
    if (UNLIKELY(found == NULL)) return any_field(PASS); \
    v = found;                                           \
    GO(op + 2);                                          \
  }                                                      \
  OP(name##_S) {                                         \
    v = SLOT(op->a);                                     \
    return name##_of(PASS);                              \
  }                                                      \
  OP(name##_V) { return name##_of(PASS); }
MF_FAST_FIELDS(FIELD_OPS)

/* ---- Arithmetic ---- */

#define PUT(number_kind, field, number)             \
  do {                                              \
    const mf_fast_word word_ = {.field = (number)}; \
    mf_value *const to_ = &e->temps[op->b];         \
    const mf_fast_fn next_ = op[1].run;             \
    put(to_, number_kind, word_.u);                 \
    return next_(op + 1, slots, bits, to_, e);      \
  } while (0)
#define ARITHMETIC_OP(name, overflows, doubles, of_doubles, X, Y)                     \
  static MF_APART mf_status name##_mixed(MF_FAST_ARGS) {                              \
    mf_value both[2];                                                                 \
    const mf_value *const x = &both[0], *const y = &both[1];                          \
    (void)x, (void)y;                                                                 \
    if (!(doubles) || !as_doubles((X), (Y), op->l.u, both)) GIVE_UP;                  \
    PUT(MF_DOUBLE, d, of_doubles);                                                    \
  }                                                                                   \
  OP(name) {                                                                          \
    const mf_value *const x = (X), *const y = (Y);                                    \
    int64_t number;                                                                   \
    if (UNLIKELY(tag_of(x) != tag_of(y))) return name##_mixed(PASS);                  \
    if (LIKELY(is_clean(x, MF_INT)) && LIKELY(!overflows(x->as.i, y->as.i, &number))) \
      PUT(MF_INT, i, number);                                                         \
    if (doubles && LIKELY(is_clean(x, MF_DOUBLE))) PUT(MF_DOUBLE, d, of_doubles);     \
    GIVE_UP;                                                                          \
  }
MF_FAST_OPERATIONS(ARITHMETIC_OP)

OP(NEGATE) {
  if (is_clean(v, MF_DOUBLE)) PUT(MF_DOUBLE, d, -v->as.d);
  if (is_clean(v, MF_INT) && v->as.i != INT64_MIN) PUT(MF_INT, i, -v->as.i);
  GIVE_UP;
}

/* ---- Calls ---- */

static inline bool is_fine(const mf_evaluator *e, const mf_value *made) {
  return LIKELY(e->exec.call.status == MF_OK && is_value(made));
}

OP(INDEX_HV) {
  const mf_value *const list = e->kept[op->a];
  mf_value made;
  if (!mf_fast_packed_element(list, v, &made)) {
    if (UNLIKELY(!is_value(list) || !is_value(v) || list->flags & MF_PACKED)) GIVE_UP;
    made = mf_index(open_call(e), list, v);
    if (!is_fine(e, &made)) GIVE_UP;
  }
  e->temps[op->b] = made;
  v = &e->temps[op->b];
  NEXT;
}
static mf_status call(MF_FAST_ARGS, uint32_t code, uint32_t count) {
  mf_value *const args = &e->temps[op->b];
  mf_value made = mf_function_call(open_call(e), code, args, count);
  if (!is_fine(e, &made)) GIVE_UP;
  *args = made;
  v = args;
  NEXT;
}
OP(CALL) { return call(PASS, (uint32_t)op->k.u, op->a); }

/* Their own arguments may be packed lists. */
static bool copy_argument(mf_value *to, const mf_value *from) {
  if (!is_value(from) || from->flags & MF_PACKED) return false;
  mf_value_move(to, from);
  return true;
}
static MF_APART mf_status call_1(MF_FAST_ARGS) {
  if (UNLIKELY(!copy_argument(&e->temps[op->b], v))) GIVE_UP;
  return call(PASS, (uint32_t)op->l.u, 1);
}
static MF_APART mf_status call_2(MF_FAST_ARGS) {
  mf_value second;
  if (UNLIKELY(!copy_argument(&second, v))) GIVE_UP;
  if (UNLIKELY(!copy_argument(&e->temps[op->b], e->kept[op->a]))) GIVE_UP;
  e->temps[op->b + 1] = second;
  return call(PASS, (uint32_t)op->l.u, 2);
}
OP(QUICK_V) {
  mf_value *const to = &e->temps[op->b];
  if (UNLIKELY(!mf_quick_functions[op->k.u].run(e, v, v, to))) return call_1(PASS);
  v = to;
  NEXT;
}
OP(QUICK_HV) {
  mf_value *const to = &e->temps[op->b];
  if (UNLIKELY(!mf_quick_functions[op->k.u].run(e, e->kept[op->a], v, to))) return call_2(PASS);
  v = to;
  NEXT;
}

OP(JOIN) {
  v = mf_fast_join(op, slots, e);
  if (UNLIKELY(v == NULL)) GIVE_UP;
  GO(op + op->a + 1);
}

/* ---- The end ---- */

OP(RETURN_TRUTH) {
  (void)op, (void)slots, (void)v;
  put(e->result, MF_BOOL, bits & 1);
  return MF_OK;
}
OP(RETURN_TABLE) {
  (void)slots, (void)v;
  put(e->result, MF_BOOL, table_truth(op, bits));
  return MF_OK;
}
OP(RETURN_WIDE) {
  (void)slots, (void)v;
  put(e->result, MF_BOOL, wide_truth(op, bits));
  return MF_OK;
}
OP(RETURN) {
  if (UNLIKELY(!is_value(v))) GIVE_UP;
  (void)op, (void)slots, (void)bits;
  mf_value_move(e->result, v);
  return MF_OK;
}

const mf_fast_fn mf_fast_table[MF_FAST_COUNT] = {
#define MF_FAST(name, synopsis) [MF_FAST_##name] = do_##name,
#define MF_FAST_EACH(name, suffix, synopsis)              \
  [MF_FAST_##name##_EQ##suffix] = do_##name##_EQ##suffix, \
  [MF_FAST_##name##_NE##suffix] = do_##name##_NE##suffix, \
  [MF_FAST_##name##_LT##suffix] = do_##name##_LT##suffix, \
  [MF_FAST_##name##_LE##suffix] = do_##name##_LE##suffix, \
  [MF_FAST_##name##_GT##suffix] = do_##name##_GT##suffix, \
  [MF_FAST_##name##_GE##suffix] = do_##name##_GE##suffix,
#include "fast.def"
};
