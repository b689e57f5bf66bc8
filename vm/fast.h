/* fast - a second form of an expression's code, made when a program is opened.
 *
 * The image's instructions know all of CEL.  Fast code knows the cases that
 * matter for speed: operators on the kinds they are usually given, with slots,
 * constants and selections fused into them and truth values in a register.
 * Whatever else turns up (another kind, an error, a missing key, a budget) makes
 * it give up and the whole expression is evaluated again by the image's
 * instructions, once, from the start.  That is legal because expressions have no
 * side effects, and it is the reason why fast code need not know the rules of
 * errors: it never holds one.  So the two cannot differ in meaning where fast
 * code has an opinion at all; tests/unit/vm_differential.c compares them.
 *
 * What instructions compute is in vm/fast_kernel.h.  For one row an instruction is
 * a function that calls the next one in tail position (direct threading).  Its
 * state is in the arguments, hence in registers:
 *
 *   v     the current value, in a slot, constant, map, list or temporary
 *   bits  truth values, the latest in bit 0: a comparison pushes one, and TABLE
 *         replaces several by the value of a boolean function of them, without a
 *         branch that could be predicted wrongly */
#ifndef MF_VM_FAST_H
#define MF_VM_FAST_H
#include "evaluator.h"

typedef struct mf_fast_op mf_fast_op;
#define MF_FAST_ARGS \
  const mf_fast_op *op, const mf_value *slots, uint64_t bits, const mf_value *v, mf_evaluator *e
typedef mf_status (*mf_fast_fn)(MF_FAST_ARGS);

typedef union mf_fast_word {
  int64_t i;
  uint64_t u;
  double d;
  const void *p;
} mf_fast_word;

/* What the operands mean is said where the instruction is (vm/fast_ops.c). */
struct mf_fast_op {
  mf_fast_fn run;
  uint32_t a, b;
  mf_fast_word k, l;
};

/* ---- Instructions ---- */

/* MF_FAST(name, synopsis); MF_FAST_EACH(name, suffix, synopsis) are six, for == != <
 * <= > >=: name_EQ and the suffix, and so on. */
enum {
#define MF_FAST(name, synopsis) MF_FAST_##name,
#define MF_FAST_EACH(name, suffix, synopsis)                                             \
  MF_FAST_##name##_EQ##suffix, MF_FAST_##name##_NE##suffix, MF_FAST_##name##_LT##suffix, \
      MF_FAST_##name##_LE##suffix, MF_FAST_##name##_GT##suffix, MF_FAST_##name##_GE##suffix,
#include "fast.def"
#undef MF_FAST
#undef MF_FAST_EACH
  MF_FAST_COUNT
};
extern const mf_fast_fn mf_fast_table[MF_FAST_COUNT];

/* Constant strings of `in`, by value: at most MF_FAST_WORDS_MAX bytes each. */
enum { MF_FAST_WORD_BYTES = 16 };
typedef struct mf_fast_text {
  uint64_t first, last; /* mf_fast_words */
  uint32_t len, used;
} mf_fast_text;
/* A table of 2^n places, at least twice as many as texts; searched from
 * mf_fast_place(text) on. */
typedef struct mf_fast_texts {
  uint32_t mask, longest;
  mf_fast_text places[];
} mf_fast_texts;

/* The same of at most four texts, which are compared one by one. */
typedef struct mf_fast_few {
  uint64_t count;
  mf_fast_text texts[];
} mf_fast_few;

/* A key of a map. */
typedef struct mf_fast_key {
  const mf_value *value;
  uint32_t hash;
  mf_fast_text text;
} mf_fast_key;

/* Up to sixteen bytes as two words; with the length they are the text. */
static inline void mf_fast_words(const char *p, uint32_t n, uint64_t *first, uint64_t *last) {
  uint32_t low, high;
  if (n >= 8) {
    memcpy(first, p, 8);
    memcpy(last, p + n - 8, 8);
    return;
  }
  *last = 0;
  if (n >= 4) {
    memcpy(&low, p, 4);
    memcpy(&high, p + n - 4, 4);
    *first = low | (uint64_t)high << 32;
    return;
  }
  *first = 0;
  if (n)
    *first = (uint64_t)(uint8_t)p[0] | (uint64_t)(uint8_t)p[n / 2] << 8 |
             (uint64_t)(uint8_t)p[n - 1] << 16;
}
static inline uint32_t mf_fast_place(uint64_t first, uint64_t last, uint32_t n) {
  return (uint32_t)((((first ^ n) * UINT64_C(0x9e3779b97f4a7c15)) ^ last) *
                        UINT64_C(0xff51afd7ed558ccd) >>
                    32);
}

/* Kinds of parts of a JOIN; they follow it as operands. */
enum { MF_FAST_PART_CONST, MF_FAST_PART_SLOT, MF_FAST_PART_KEPT };
/* Bytes behind a constant one; and what a part takes that is no text, or takes
 * beside its text. */
enum { MF_FAST_PADDING = 16, MF_FAST_OTHER_PART = 40 };

/* ---- Many rows ---- */

/* Some rows of mf_eval_rows.  Each instruction runs over all of them before the
 * next one does (vm/fast_block.c): what it costs to get from one to the next is
 * paid once for all.  Where rows part ways they are sorted, so that those that go
 * on in one place stand together, and `number` says which row is where. */
enum { MF_FAST_ROWS = 64, MF_FAST_BLOCK_DEPTH = 4, MF_FAST_TRUTHS = 16 };
typedef struct mf_fast_block {
  mf_evaluator *e;
  mf_value *results;
  const mf_value *const *rows; /* the caller's, or `sorted` ones */
  uint8_t truths[MF_FAST_TRUTHS][MF_FAST_ROWS];
  uint32_t top;   /* of `truths` */
  uint32_t count; /* of rows */
  const mf_value *v[MF_FAST_ROWS];
  const mf_value *sorted[MF_FAST_ROWS];
  uint8_t number[MF_FAST_ROWS]; /* of the sorted rows */
  const mf_value *kept[MF_FAST_BLOCK_DEPTH][MF_FAST_ROWS];
  mf_value temps[MF_FAST_BLOCK_DEPTH][MF_FAST_ROWS];
} mf_fast_block;

/* Runs an instruction over rows from <= i < to; false: one of them gives up. */
typedef bool (*mf_fast_block_fn)(const mf_fast_op *op, mf_fast_block *b, uint32_t from,
                                 uint32_t to);
/* NULL: the instruction goes over one row at a time, as all expressions that have
 * it do. */
extern const mf_fast_block_fn mf_fast_block_table[MF_FAST_COUNT];

/* Evaluates `count` rows, at most MF_FAST_ROWS.  False: some row gave up, and
 * nothing has been done. */
bool mf_fast_block_run(const mf_program *program, mf_evaluator *e, const mf_value *const *rows,
                       uint32_t count, mf_value *results);

/* ---- Making it ---- */

/* Gives the program fast code if its expression has any.  Errors: OUT_OF_MEMORY. */
mf_status mf_fast_build(mf_program *program, const mf_row_chunk *chunk);
#endif
