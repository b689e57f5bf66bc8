/* SPDX-License-Identifier: MIT */
/* The instructions of fast code over a block of rows. */
#include "fast_kernel.h"

#define BLOCK_OP(name) \
  static bool block_##name(const mf_fast_op *op, mf_fast_block *b, uint32_t from, uint32_t to)
#define EACH_ROW for (uint32_t i = from; i < to; i++)
#define SLOT(a) ((const mf_value *)(const void *)((const char *)b->rows[i] + (a)))
#define CURRENT b->v[i]
#define KEPT(a) b->kept[a][i]

/* ---- Truth values ---- */

/* Truth values of one place of the stack stand side by side.  They may alias
 * anything, so instructions are copied to where the compiler knows better. */
#define PUSH_EACH(truth)                              \
  uint8_t *const out = b->truths[b->top++];           \
  EACH_ROW {                                          \
    const unsigned truth_ = (truth);                  \
    if (UNLIKELY(truth_ == MF_FAST_NO)) return false; \
    out[i] = (uint8_t)truth_;                         \
  }                                                   \
  return true

#define KERNEL_OPS(name)                              \
  BLOCK_OP(name##_S) {                                \
    const mf_fast_op copy = *op;                      \
    const uint32_t offset = op->a;                    \
    const mf_evaluator *const e = b->e;               \
    PUSH_EACH(name##_kernel(&copy, SLOT(offset), e)); \
  }                                                   \
  BLOCK_OP(name##_V) {                                \
    const mf_fast_op copy = *op;                      \
    const mf_evaluator *const e = b->e;               \
    PUSH_EACH(name##_kernel(&copy, CURRENT, e));      \
  }
MF_FAST_KERNELS(KERNEL_OPS)

BLOCK_OP(BOOL_SS) {
  uint8_t *const first = b->truths[b->top], *const second = b->truths[b->top + 1];
  const uint32_t at = op->a, behind = op->b;
  unsigned others = 0;
  b->top += 2;
  EACH_ROW {
    const mf_value *const x = SLOT(at), *const y = SLOT(behind);
    others |= (x->kind ^ MF_BOOL) | (y->kind ^ MF_BOOL);
    first[i] = (uint8_t)x->as.u, second[i] = (uint8_t)y->as.u;
  }
  return others == 0;
}
BLOCK_OP(BOOL_SSS) {
  uint8_t *const first = b->truths[b->top], *const second = b->truths[b->top + 1];
  uint8_t *const third = b->truths[b->top + 2];
  const uint32_t at = op->a, behind = op->b, last = (uint32_t)op->k.u;
  unsigned others = 0;
  b->top += 3;
  EACH_ROW {
    const mf_value *const x = SLOT(at), *const y = SLOT(behind), *const z = SLOT(last);
    others |= (x->kind ^ MF_BOOL) | (y->kind ^ MF_BOOL) | (z->kind ^ MF_BOOL);
    first[i] = (uint8_t)x->as.u, second[i] = (uint8_t)y->as.u, third[i] = (uint8_t)z->as.u;
  }
  return others == 0;
}
BLOCK_OP(IS_SET) { PUSH_EACH(SLOT(op->a)->kind != MF_UNSET); }
BLOCK_OP(HAS) { PUSH_EACH(mf_fast_has(b->e, CURRENT, op->k.p)); }
BLOCK_OP(EVERY) {
  const mf_fast_every_fn every = mf_fast_every[op->b];
  PUSH_EACH(every(op, CURRENT, b->e));
}

#define COMPARE_OP(name, relation, X, Y)                                                    \
  static inline unsigned name##_of(mf_evaluator *e, const mf_value *x, const mf_value *y) { \
    unsigned truth = relation##_numbers(x, y);                                              \
    if (LIKELY(truth != MF_FAST_NO)) return truth;                                          \
    truth = relation##_mixed_numbers(x, y);                                                 \
    return truth != MF_FAST_NO ? truth : mf_fast_compare(e, MF_##relation, x, y);           \
  }                                                                                         \
  BLOCK_OP(name) { PUSH_EACH(name##_of(b->e, (X), (Y))); }
MF_FAST_COMPARISONS(COMPARE_OP)

/* Pops n truth values; `index` has what number they are, as bits. */
static void pop_index(mf_fast_block *b, uint32_t n, uint8_t *index) {
  b->top -= n;
  memcpy(index, b->truths[b->top], MF_FAST_ROWS);
  for (uint32_t k = 1; k < n; k++) {
    const uint8_t *const next = b->truths[b->top + k];
    for (uint32_t i = 0; i < MF_FAST_ROWS; i += 8) {
      uint64_t eight, more;
      memcpy(&eight, index + i, sizeof eight);
      memcpy(&more, next + i, sizeof more);
      eight = (eight << 1 & UINT64_C(0xfefefefefefefefe)) | more; /* other rows may hold anything */
      memcpy(index + i, &eight, sizeof eight);
    }
  }
}
BLOCK_OP(TABLE) {
  uint8_t index[MF_FAST_ROWS];
  const uint64_t truth = op->k.u;
  pop_index(b, op->b, index);
  uint8_t *const out = b->truths[b->top++];
  EACH_ROW out[i] = truth >> index[i] & 1;
  return true;
}
BLOCK_OP(WIDE_TABLE) {
  uint8_t index[MF_FAST_ROWS];
  pop_index(b, op->b, index);
  uint8_t *const out = b->truths[b->top++];
  EACH_ROW out[i] = (uint8_t)wide_truth(op, index[i]);
  return true;
}

/* ---- The current value ---- */

BLOCK_OP(SLOT) {
  bool known = true;
  EACH_ROW {
    const mf_value *const x = SLOT(op->a);
    known &= is_value(x) && !(x->flags & MF_PACKED);
    b->v[i] = x;
  }
  return known;
}
BLOCK_OP(RANGE) {
  EACH_ROW b->v[i] = SLOT(op->a);
  return true;
}
BLOCK_OP(CONST) {
  (void)op;
  EACH_ROW b->v[i] = op->k.p;
  return true;
}
BLOCK_OP(KEEP) {
  memcpy(&b->kept[op->a][from], &b->v[from], (to - from) * sizeof *b->v);
  return true;
}
BLOCK_OP(TRUTH) {
  const uint8_t *const truths = b->truths[--b->top];
  EACH_ROW {
    put(&b->temps[op->a][i], MF_BOOL, truths[i]);
    b->v[i] = &b->temps[op->a][i];
  }
  return true;
}

#define FIELD_OP(name, of, X)                                                 \
  BLOCK_OP(name) {                                                            \
    EACH_ROW {                                                                \
      const mf_value *const x = (X);                                          \
      const mf_value *found = of##_kernel(op, x);                             \
      if (UNLIKELY(found == NULL)) found = mf_fast_entry(b->e, x, op[1].k.p); \
      if (UNLIKELY(found == NULL)) return false;                              \
      b->v[i] = found;                                                        \
    }                                                                         \
    return true;                                                              \
  }
#define FIELD_OPS(name)                 \
  FIELD_OP(name##_S, name, SLOT(op->a)) \
  FIELD_OP(name##_V, name, CURRENT)
MF_FAST_FIELDS(FIELD_OPS)

/* ---- Arithmetic ---- */

#define PUT(number_kind, field, number)             \
  {                                                 \
    const mf_fast_word word_ = {.field = (number)}; \
    put(&b->temps[op->b][i], number_kind, word_.u); \
    b->v[i] = &b->temps[op->b][i];                  \
  }
#define ARITHMETIC_OP(name, overflows, doubles, of_doubles, X, Y)                       \
  BLOCK_OP(name) {                                                                      \
    EACH_ROW {                                                                          \
      const mf_value *x = (X), *y = (Y);                                                \
      mf_value both[2];                                                                 \
      int64_t number;                                                                   \
      if (UNLIKELY(tag_of(x) != tag_of(y))) {                                           \
        if (!as_doubles(x, y, op->l.u, both)) return false;                             \
        x = &both[0], y = &both[1];                                                     \
      }                                                                                 \
      if (LIKELY(is_clean(x, MF_INT)) && LIKELY(!overflows(x->as.i, y->as.i, &number))) \
        PUT(MF_INT, i, number)                                                          \
      else if (doubles && is_clean(x, MF_DOUBLE))                                       \
        PUT(MF_DOUBLE, d, of_doubles)                                                   \
      else                                                                              \
        return false;                                                                   \
    }                                                                                   \
    return true;                                                                        \
  }
MF_FAST_OPERATIONS(ARITHMETIC_OP)

BLOCK_OP(NEGATE) {
  EACH_ROW {
    const mf_value *const x = b->v[i];
    if (is_clean(x, MF_DOUBLE))
      PUT(MF_DOUBLE, d, -x->as.d)
    else if (is_clean(x, MF_INT) && x->as.i != INT64_MIN)
      PUT(MF_INT, i, -x->as.i)
    else
      return false;
  }
  return true;
}

/* ---- Functions ---- */

#define QUICK_OP(name, X)                                                   \
  BLOCK_OP(name) {                                                          \
    const mf_quick_function *const function = &mf_quick_functions[op->k.u]; \
    EACH_ROW {                                                              \
      mf_value *const made = &b->temps[op->b][i];                           \
      if (UNLIKELY(!function->run(b->e, (X), CURRENT, made))) return false; \
      b->v[i] = made;                                                       \
    }                                                                       \
    return true;                                                            \
  }
QUICK_OP(QUICK_V, CURRENT)
QUICK_OP(QUICK_HV, KEPT(op->a))

/* ---- The end ---- */

/* Without the detour when no row has moved. */
static bool return_truths(const mf_fast_block *b, const uint8_t *truths, uint32_t from,
                          uint32_t to) {
  mf_value *const results = b->results;
  if (b->rows == b->sorted)
    EACH_ROW put(&results[b->number[i]], MF_BOOL, truths[i]);
  else
    EACH_ROW put(&results[i], MF_BOOL, truths[i]);
  return true;
}
BLOCK_OP(RETURN_TRUTH) {
  (void)op;
  return return_truths(b, b->truths[--b->top], from, to);
}
BLOCK_OP(RETURN_TABLE) {
  block_TABLE(op, b, from, to);
  return return_truths(b, b->truths[--b->top], from, to);
}
BLOCK_OP(RETURN_WIDE) {
  block_WIDE_TABLE(op, b, from, to);
  return return_truths(b, b->truths[--b->top], from, to);
}
BLOCK_OP(RETURN) {
  const bool sorted = b->rows == b->sorted;
  (void)op;
  EACH_ROW {
    if (UNLIKELY(!is_value(b->v[i]))) return false;
    mf_value_move(&b->results[sorted ? b->number[i] : i], b->v[i]);
  }
  return true;
}

/* ---- Rows that part ways ---- */

/* The operand of a FIELD, and instructions from which rows go on in two places:
 * `run` knows what they mean. */
BLOCK_OP(NOTHING) {
  (void)op, (void)b, (void)from, (void)to;
  return true;
}

#define MOVE(array)                                                \
  do {                                                             \
    memcpy(before, &(array)[from], (to - from) * sizeof *(array)); \
    EACH_ROW(array)[place[i]] = before[i - from];                  \
  } while (0)

static void begin_sorting(mf_fast_block *b) {
  memcpy(b->sorted, b->rows, b->count * sizeof *b->sorted);
  for (uint32_t i = 0; i < b->count; i++) b->number[i] = (uint8_t)i;
  b->rows = b->sorted;
}

/* Moves rows whose latest truth value is `front` before the others, and pops it;
 * returns the place of the first of the others.  No value is kept where rows
 * part, so there are only rows and truth values to move. */
static uint32_t part(mf_fast_block *b, unsigned front, uint32_t from, uint32_t to) {
  uint8_t place[MF_FAST_ROWS];
  uint32_t first = from, last = to;
  const uint8_t *const truths = b->truths[--b->top];
  EACH_ROW {
    const uint32_t goes_on = truths[i] == front;
    last -= 1 - goes_on;
    place[i] = (uint8_t)(goes_on ? first : last);
    first += goes_on;
  }
  if (first == from || first == to) return first;
  if (b->rows != b->sorted) begin_sorting(b);
  {
    const mf_value *before[MF_FAST_ROWS];
    MOVE(b->sorted);
  }
  uint8_t before[MF_FAST_ROWS];
  MOVE(b->number);
  for (uint32_t k = 0; k < b->top; k++) MOVE(b->truths[k]);
  return first;
}

typedef struct job {
  const mf_fast_op *ops;
  const uint8_t *codes;
  mf_fast_block *b;
} job;

static bool run(const job *j, uint32_t at, uint32_t end, uint32_t from, uint32_t to);

/* IF_FALSE and IF_TRUE: what lies between is for the rows with the other truth,
 * and leaves a truth value in place of that one. */
static bool run_if(const job *j, uint32_t at, uint32_t from, uint32_t to) {
  mf_fast_block *const b = j->b;
  const bool goes_on = j->codes[at] == MF_FAST_IF_FALSE;
  const uint32_t top = b->top, middle = part(b, goes_on, from, to);
  memset(&b->truths[b->top][middle], !goes_on, to - middle);
  if (!run(j, at + 1, at + j->ops[at].b, from, middle)) return false;
  b->top = top;
  return true;
}

/* UNLESS: two pieces of code, the first of which ends with a JUMP over the other. */
static bool run_unless(const job *j, uint32_t at, uint32_t end, uint32_t from, uint32_t to) {
  const uint32_t other = at + j->ops[at].b, middle = part(j->b, 1, from, to);
  return run(j, at + 1, other - 1, from, middle) && run(j, other, end, middle, to);
}

static bool run(const job *j, uint32_t at, uint32_t end, uint32_t from, uint32_t to) {
  while (at < end && from < to) {
    const mf_fast_op *const op = &j->ops[at];
    switch (j->codes[at]) {
      case MF_FAST_IF_FALSE:
      case MF_FAST_IF_TRUE:
        if (!run_if(j, at, from, to)) return false;
        at += op->b;
        break;
      case MF_FAST_UNLESS: {
        const uint32_t jump = at + op->b - 1, behind = jump + j->ops[jump].b;
        if (!run_unless(j, at, behind, from, to)) return false;
        at = behind;
        break;
      }
      default:
        if (!mf_fast_block_table[j->codes[at]](op, j->b, from, to)) return false;
        at++;
    }
  }
  return true;
}

bool mf_fast_block_run(const mf_program *program, mf_evaluator *e, const mf_value *const *rows,
                       uint32_t count, mf_value *results) {
  mf_fast_block b;
  b.e = e, b.results = results, b.rows = rows, b.count = count, b.top = 0;
  const job j = {program->fast, program->fast_codes, &b};
  return run(&j, 0, program->fast_count, 0, count);
}

/* What is missing goes over one row at a time. */
const mf_fast_block_fn mf_fast_block_table[MF_FAST_COUNT] = {
#define S_AND_V(name) ONE(name##_S) ONE(name##_V)
#define ONE(name) [MF_FAST_##name] = block_##name,
#define COMPARE_ONE(name, relation, X, Y) ONE(name)
#define ARITHMETIC_ONE(name, overflows, doubles, of_doubles, X, Y) ONE(name)
    MF_FAST_KERNELS(S_AND_V) MF_FAST_FIELDS(S_AND_V) MF_FAST_COMPARISONS(COMPARE_ONE)
        MF_FAST_OPERATIONS(ARITHMETIC_ONE) ONE(BOOL_SS) ONE(BOOL_SSS) ONE(IS_SET) ONE(HAS)
            ONE(EVERY) ONE(TABLE) ONE(WIDE_TABLE) ONE(SLOT) ONE(RANGE) ONE(CONST) ONE(KEEP)
                ONE(TRUTH) ONE(QUICK_V) ONE(QUICK_HV) ONE(NEGATE) ONE(RETURN_TRUTH)
                    ONE(RETURN_TABLE) ONE(RETURN_WIDE) ONE(RETURN)[MF_FAST_OPERAND] = block_NOTHING,
    [MF_FAST_IF_FALSE] = block_NOTHING,
    [MF_FAST_IF_TRUE] = block_NOTHING,
    [MF_FAST_UNLESS] = block_NOTHING,
    [MF_FAST_JUMP] = block_NOTHING,
};
