/* fast_kernel - what the instructions of fast code compute, one function each.
 *
 * vm/fast_ops.c makes threaded instructions of them, for one row; vm/fast_block.c
 * makes loops over the rows of a block.  A kernel of a truth value gives 0 or 1,
 * or MF_FAST_NO to give up. */
#ifndef MF_VM_FAST_KERNEL_H
#define MF_VM_FAST_KERNEL_H
#include "arith.h"
#include "compare.h"
#include "fast.h"

#if defined(__GNUC__)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define add_overflows(x, y, out) __builtin_add_overflow(x, y, out)
#define subtract_overflows(x, y, out) __builtin_sub_overflow(x, y, out)
#define multiply_overflows(x, y, out) __builtin_mul_overflow(x, y, out)
/* Rarer than what stands before it, but no failure. */
#define MF_APART __attribute__((noinline))
#define MF_INLINE inline __attribute__((always_inline))
#else
#define LIKELY(x) (x)
#define UNLIKELY(x) (x)
#define add_overflows(x, y, out) (*(out) = 0, true)
#define subtract_overflows(x, y, out) (*(out) = 0, true)
#define multiply_overflows(x, y, out) (*(out) = 0, true)
#define MF_APART
#define MF_INLINE inline
#endif

enum { MF_FAST_NO = 2 };

/* Kind and flags in one: what has flags (a secret, a packed list) is left to
 * the image's instructions wherever it is more than looked at. */
static inline uint16_t tag_of(const mf_value *x) {
  uint16_t tag;
  memcpy(&tag, x, sizeof tag);
  return tag;
}
static inline bool is_clean(const mf_value *x, uint8_t kind) {
  const mf_value clean = {.kind = kind};
  return tag_of(x) == tag_of(&clean);
}
static inline bool is_value(const mf_value *x) {
  return x->kind != MF_UNSET && x->kind != MF_ERROR;
}
static inline uint64_t head_of(const mf_value *x) {
  uint64_t head;
  memcpy(&head, x, sizeof head);
  return head;
}

static inline void put(mf_value *to, uint8_t kind, uint64_t payload) {
  const mf_value v = {.kind = kind};
  const uint64_t head = head_of(&v);
  memcpy(to, &head, sizeof head);
  memcpy(&to->as, &payload, sizeof payload);
}

/* Work that grows with its input has a share of the fuel; more is for those who
 * count exactly. */
static inline bool is_much(const mf_evaluator *e, uint64_t units) { return units > e->share; }

/* What operators and functions called from here may use. */
static inline mf_call *open_call(mf_evaluator *e) {
  e->exec.call.fuel = (int64_t)e->share;
  e->exec.call.status = MF_OK;
  return &e->exec.call;
}

/* ---- Of one value, in slot a or the current one ---- */

#define MF_FAST_KERNEL(name)                                                       \
  static MF_INLINE unsigned name##_kernel(const mf_fast_op *op, const mf_value *x, \
                                          const mf_evaluator *e)
#define UNUSED_OP (void)op, (void)e

MF_FAST_KERNEL(BOOL) {
  UNUSED_OP;
  return UNLIKELY(x->kind != MF_BOOL) ? MF_FAST_NO : (unsigned)x->as.u & 1;
}

/* Beside a double an int becomes one, and CEL compares doubles: exact beyond the
 * range of ints, rounded within it (vm/compare.c). */
#define COMPARE_CONSTANT(name, relation)                                    \
  MF_FAST_KERNEL(DOUBLE_##name) {                                           \
    (void)e;                                                                \
    if (LIKELY(x->kind == MF_DOUBLE)) return x->as.d relation op->k.d;      \
    if (LIKELY(x->kind == MF_INT)) return (double)x->as.i relation op->k.d; \
    return MF_FAST_NO;                                                      \
  }                                                                         \
  MF_FAST_KERNEL(INT_##name) {                                              \
    (void)e;                                                                \
    if (LIKELY(x->kind == MF_INT)) return x->as.i relation op->k.i;         \
    if (LIKELY(x->kind == MF_DOUBLE)) return x->as.d relation op->l.d;      \
    return MF_FAST_NO;                                                      \
  }
COMPARE_CONSTANT(EQ, ==)
COMPARE_CONSTANT(NE, !=)
COMPARE_CONSTANT(LT, <)
COMPARE_CONSTANT(LE, <=)
COMPARE_CONSTANT(GT, >)
COMPARE_CONSTANT(GE, >=)

/* Texts of 8 and more bytes, of 4 to 8, and of 1 to 3. */
static inline uint64_t word_of(const char *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return word;
}
static inline uint64_t halves_of(const char *p, uint32_t n) {
  uint32_t low, high;
  memcpy(&low, p, sizeof low);
  memcpy(&high, p + n - 4, sizeof high);
  return low | (uint64_t)high << 32;
}
static inline uint64_t three_of(const char *p, uint32_t n) {
  return (uint64_t)(uint8_t)p[0] | (uint64_t)(uint8_t)p[n / 2] << 8 |
         (uint64_t)(uint8_t)p[n - 1] << 16;
}

MF_FAST_KERNEL(TEXT_EMPTY) {
  UNUSED_OP;
  return UNLIKELY(x->kind != MF_STRING) ? MF_FAST_NO : x->len == 0;
}
/* A text of another length is not read: the operands are, in its place.  So there
 * is nothing to predict but the kind; compilers choose without a branch when the
 * text's address is there anyway. */
#define EQUAL_TEXT(name, SAME)                                \
  MF_FAST_KERNEL(name) {                                      \
    (void)e;                                                  \
    if (UNLIKELY(x->kind != MF_STRING)) return MF_FAST_NO;    \
    const uint32_t n = op->b;                                 \
    const bool same = x->len == n;                            \
    const char *text = x->as.s;                               \
    MF_KEEP_APART(text);                                      \
    const char *const p = same ? text : (const char *)&op->k; \
    return (unsigned)same & (unsigned)(SAME);                 \
  }
EQUAL_TEXT(TEXT_3, three_of(p, n) == op->k.u)
EQUAL_TEXT(TEXT_8, halves_of(p, n) == op->k.u)
EQUAL_TEXT(TEXT_16, ((word_of(p) ^ op->k.u) | (word_of(p + n - 8) ^ op->l.u)) == 0)
MF_FAST_KERNEL(TEXT) {
  (void)e;
  if (UNLIKELY(x->kind != MF_STRING)) return MF_FAST_NO;
  const uint32_t n = op->b;
  return x->len == n && (x->as.s == op->k.p || memcmp(x->as.s, op->k.p, n) == 0);
}

/* Words of texts of 4 to 16 bytes, as four pieces of 4 that overlap: the same
 * instructions for all lengths. */
static inline void quarters_of(const char *p, uint32_t n, uint64_t *first, uint64_t *last) {
  const uint32_t step = n >> 3 << 2;
  uint32_t a, b, c, d;
  memcpy(&a, p, 4);
  memcpy(&b, p + step, 4);
  memcpy(&c, p + n - 4 - step, 4);
  memcpy(&d, p + n - 4, 4);
  *first = a | (uint64_t)b << 32;
  *last = c | (uint64_t)d << 32;
}

/* Of few texts each is compared: which one it is need not be predicted. */
MF_FAST_KERNEL(IN_FEW) {
  const mf_fast_few *const few = op->k.p;
  uint64_t first, last = 0;
  unsigned found = 0;
  (void)e;
  if (UNLIKELY(x->kind != MF_STRING)) return MF_FAST_NO;
  const uint32_t n = x->len;
  if (LIKELY(n - 4 <= 12))
    quarters_of(x->as.s, n, &first, &last);
  else if (n - 1 <= 2)
    first = three_of(x->as.s, n);
  else if (n == 0)
    first = 0;
  else
    return 0;
  for (const mf_fast_text *t = few->texts, *end = t + few->count; t < end; t++)
    found |= ((t->first ^ first) | (t->last ^ last) | (t->len ^ n)) == 0;
  return found;
}

MF_FAST_KERNEL(IN_TEXTS) {
  const mf_fast_texts *const texts = op->k.p;
  uint64_t first, last;
  (void)e;
  if (UNLIKELY(x->kind != MF_STRING)) return MF_FAST_NO;
  const uint32_t n = x->len;
  if (n > texts->longest) return 0;
  mf_fast_words(x->as.s, n, &first, &last);
  const mf_fast_text *t = &texts->places[mf_fast_place(first, last, n) & texts->mask];
  for (; t->used; t = t < texts->places + texts->mask ? t + 1 : texts->places)
    if (((t->first ^ first) | (t->last ^ last) | (t->len ^ n)) == 0) return 1;
  return 0;
}

MF_FAST_KERNEL(IN_INTS) {
  const int64_t *const ints = op->k.p;
  uint32_t low = 0, high = op->b;
  (void)e;
  if (UNLIKELY(x->kind != MF_INT)) return MF_FAST_NO;
  const int64_t i = x->as.i;
  if (high <= 8) {
    unsigned found = 0;
    for (uint32_t at = 0; at < high; at++) found |= ints[at] == i;
    return found;
  }
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (ints[middle] < i)
      low = middle + 1;
    else
      high = middle;
  }
  return low < op->b && ints[low] == i;
}

/* Needles of 4 to 8 bytes are in l; others are compared as text. */
static inline bool is_word(uint32_t n) { return n - 4 <= 4; }
static MF_APART unsigned starts_with(const mf_value *x, const char *needle, uint32_t n) {
  return memcmp(x->as.s, needle, n) == 0;
}
static MF_APART unsigned ends_with(const mf_value *x, const char *needle, uint32_t n) {
  return memcmp(x->as.s + x->len - n, needle, n) == 0;
}
MF_FAST_KERNEL(STARTS) {
  const uint32_t n = op->b;
  if (UNLIKELY(x->kind != MF_STRING) || is_much(e, n)) return MF_FAST_NO;
  if (x->len < n) return 0;
  if (UNLIKELY(!is_word(n))) return starts_with(x, op->k.p, n);
  return halves_of(x->as.s, n) == op->l.u;
}
MF_FAST_KERNEL(ENDS) {
  const uint32_t n = op->b;
  if (UNLIKELY(x->kind != MF_STRING) || is_much(e, n)) return MF_FAST_NO;
  if (x->len < n) return 0;
  if (UNLIKELY(!is_word(n))) return ends_with(x, op->k.p, n);
  return halves_of(x->as.s + x->len - n, n) == op->l.u;
}

/* Whether the needle (n bytes) is in p: vm/fast_calls.c. */
bool mf_fast_find(const char *p, uint32_t len, const char *needle, uint32_t n);
MF_FAST_KERNEL(CONTAINS) {
  const uint32_t n = op->b;
  if (UNLIKELY(x->kind != MF_STRING) || is_much(e, (uint64_t)x->len + n)) return MF_FAST_NO;
  return x->len >= n && mf_fast_find(x->as.s, x->len, op->k.p, n);
}

/* MF_KERNEL(name): each has an instruction name_S and one name_V. */
#define MF_FAST_KERNELS(MF_KERNEL) \
  MF_KERNEL(BOOL)                  \
  MF_KERNEL(DOUBLE_EQ)             \
  MF_KERNEL(DOUBLE_NE)             \
  MF_KERNEL(DOUBLE_LT)             \
  MF_KERNEL(DOUBLE_LE)             \
  MF_KERNEL(DOUBLE_GT)             \
  MF_KERNEL(DOUBLE_GE)             \
  MF_KERNEL(INT_EQ)                \
  MF_KERNEL(INT_NE)                \
  MF_KERNEL(INT_LT)                \
  MF_KERNEL(INT_LE)                \
  MF_KERNEL(INT_GT)                \
  MF_KERNEL(INT_GE)                \
  MF_KERNEL(TEXT_EMPTY)            \
  MF_KERNEL(TEXT_3)                \
  MF_KERNEL(TEXT_8)                \
  MF_KERNEL(TEXT_16)               \
  MF_KERNEL(TEXT)                  \
  MF_KERNEL(IN_FEW)                \
  MF_KERNEL(IN_TEXTS)              \
  MF_KERNEL(IN_INTS)               \
  MF_KERNEL(STARTS)                \
  MF_KERNEL(ENDS)                  \
  MF_KERNEL(CONTAINS)

/* ---- x relation y ---- */

/* Other pairs of kinds than numbers. */
MF_COLD unsigned mf_fast_compare(mf_evaluator *e, mf_relation relation, const mf_value *x,
                                 const mf_value *y);

/* An int beside a double becomes one. */
#define COMPARE_NUMBERS(name, relation)                                                        \
  static MF_INLINE unsigned name##_numbers(const mf_value *x, const mf_value *y) {             \
    if (LIKELY(x->kind == MF_DOUBLE && y->kind == MF_DOUBLE)) return x->as.d relation y->as.d; \
    if (LIKELY(x->kind == MF_INT && y->kind == MF_INT)) return x->as.i relation y->as.i;       \
    return MF_FAST_NO;                                                                         \
  }                                                                                            \
  static MF_INLINE unsigned name##_mixed_numbers(const mf_value *x, const mf_value *y) {       \
    if (x->kind == MF_DOUBLE && y->kind == MF_INT) return x->as.d relation(double) y->as.i;    \
    if (x->kind == MF_INT && y->kind == MF_DOUBLE) return (double)x->as.i relation y->as.d;    \
    return MF_FAST_NO;                                                                         \
  }
COMPARE_NUMBERS(EQ, ==)
COMPARE_NUMBERS(NE, !=)
COMPARE_NUMBERS(LT, <)
COMPARE_NUMBERS(LE, <=)
COMPARE_NUMBERS(GT, >)
COMPARE_NUMBERS(GE, >=)

/* MF_FORM(name, relation, X, Y): the instruction with its operands. */
#define MF_FAST_COMPARISON(MF_FORM, relation)                                  \
  MF_FORM(COMPARE_SS_##relation, relation, SLOT(op->a), SLOT(op->b))           \
  MF_FORM(COMPARE_VS_##relation, relation, CURRENT, SLOT(op->a))               \
  MF_FORM(COMPARE_VK_##relation, relation, CURRENT, (const mf_value *)op->k.p) \
  MF_FORM(COMPARE_HV_##relation, relation, KEPT(op->a), CURRENT)
#define MF_FAST_COMPARISONS(MF_FORM) \
  MF_FAST_COMPARISON(MF_FORM, EQ)    \
  MF_FAST_COMPARISON(MF_FORM, NE)    \
  MF_FAST_COMPARISON(MF_FORM, LT)    \
  MF_FAST_COMPARISON(MF_FORM, LE)    \
  MF_FAST_COMPARISON(MF_FORM, GT)    \
  MF_FAST_COMPARISON(MF_FORM, GE)

/* ---- Fields ---- */

/* The entry of map x by a constant text; NULL: there is none, or it has no value.
 * vm/fast_calls.c. */
const mf_value *mf_fast_entry(const mf_evaluator *e, const mf_value *x, const mf_fast_key *key);
/* has(x.key) */
unsigned mf_fast_has(const mf_evaluator *e, const mf_value *x, const mf_fast_key *key);

/* The first entries by a short key: no loop and no call, hence nothing to save.
 * Who uses the value looks at its kind, so that it may be none here.
 * Its words are in k and l, its head is in the l of the operand behind. */
#define TRY_ENTRY(number, SAME)                                                                    \
  if (map->count > (number)) {                                                                     \
    const mf_pair *const pair = map->pairs + (number);                                             \
    const char *const p = pair->key.as.s;                                                          \
    if (head_of(&pair->key) == op[1].l.u && (SAME) && is_value(&pair->value)) return &pair->value; \
  }
#define SHORT_FIELD(name, SAME)                                                             \
  static MF_INLINE const mf_value *name##_kernel(const mf_fast_op *op, const mf_value *x) { \
    if (UNLIKELY(!is_clean(x, MF_MAP))) return NULL;                                        \
    const mf_map *const map = x->as.map;                                                    \
    TRY_ENTRY(0, SAME)                                                                      \
    TRY_ENTRY(1, SAME)                                                                      \
    return NULL;                                                                            \
  }
SHORT_FIELD(FIELD_3, three_of(p, op->b) == op->k.u)
SHORT_FIELD(FIELD_8, halves_of(p, op->b) == op->k.u)
SHORT_FIELD(FIELD_16, word_of(p) == op->k.u && word_of(p + op->b - 8) == op->l.u)
static MF_INLINE const mf_value *FIELD_kernel(const mf_fast_op *op, const mf_value *x) {
  (void)op, (void)x;
  return NULL;
}
#define MF_FAST_FIELDS(MF_KERNEL) \
  MF_KERNEL(FIELD_3)              \
  MF_KERNEL(FIELD_8)              \
  MF_KERNEL(FIELD_16)             \
  MF_KERNEL(FIELD)

/* ---- Arithmetic ---- */

/* Division is slow on 64 bits and numbers are small. */
static inline bool divide_overflows(int64_t x, int64_t y, int64_t *out) {
  if (LIKELY((((uint64_t)x | (uint64_t)y) >> 32) == 0) && y != 0) {
    *out = (int64_t)((uint32_t)x / (uint32_t)y);
    return false;
  }
  if (y == 0 || (x == INT64_MIN && y == -1)) return true;
  *out = x / y;
  return false;
}
static inline bool remainder_overflows(int64_t x, int64_t y, int64_t *out) {
  if (LIKELY((((uint64_t)x | (uint64_t)y) >> 32) == 0) && y != 0) {
    *out = (int64_t)((uint32_t)x % (uint32_t)y);
    return false;
  }
  if (y == 0 || (x == INT64_MIN && y == -1)) return true;
  *out = x % y;
  return false;
}

/* An int and a double, both as doubles; `alike`: they must not be mixed. */
static inline bool as_doubles(const mf_value *x, const mf_value *y, bool alike, mf_value out[2]) {
  const bool first = is_clean(x, MF_INT) && is_clean(y, MF_DOUBLE);
  if (alike || !(first || (is_clean(x, MF_DOUBLE) && is_clean(y, MF_INT)))) return false;
  out[0] = mf_double(first ? (double)x->as.i : x->as.d);
  out[1] = mf_double(first ? y->as.d : (double)y->as.i);
  return true;
}

/* `l` of these instructions: whether both operands must be of one kind.
 * MF_FORM(name, overflows, doubles, result, X, Y): the instruction with its operands;
 * `result` of `doubles`, if it has any. */
#define MF_FAST_OPERATION(MF_FORM, name, overflows, doubles, result)                     \
  MF_FORM(name##_SS, overflows, doubles, result, SLOT(op->a), SLOT(op->k.u))             \
  MF_FORM(name##_SK, overflows, doubles, result, SLOT(op->a), (const mf_value *)op->k.p) \
  MF_FORM(name##_VS, overflows, doubles, result, CURRENT, SLOT(op->a))                   \
  MF_FORM(name##_VK, overflows, doubles, result, CURRENT, (const mf_value *)op->k.p)     \
  MF_FORM(name##_HV, overflows, doubles, result, KEPT(op->a), CURRENT)
#define MF_FAST_OPERATIONS(MF_FORM)                                                 \
  MF_FAST_OPERATION(MF_FORM, ADD, add_overflows, true, x->as.d + y->as.d)           \
  MF_FAST_OPERATION(MF_FORM, SUBTRACT, subtract_overflows, true, x->as.d - y->as.d) \
  MF_FAST_OPERATION(MF_FORM, MULTIPLY, multiply_overflows, true, x->as.d * y->as.d) \
  MF_FAST_OPERATION(MF_FORM, DIVIDE, divide_overflows, true, x->as.d / y->as.d)     \
  MF_FAST_OPERATION(MF_FORM, REMAINDER, remainder_overflows, false, 0.0)

/* ---- Functions ---- */

/* What fast code computes itself, of `count` (1 or 2) values; false: the function
 * is called.  vm/fast_functions.c. */
typedef struct mf_quick_function {
  bool (*run)(const mf_evaluator *e, const mf_value *x, const mf_value *y, mf_value *out);
  uint32_t code, count;
} mf_quick_function;
extern const mf_quick_function mf_quick_functions[];
/* The number of a function there, UINT32_MAX when it is none. */
uint32_t mf_quick_function_of(uint32_t code, uint32_t count);

/* ---- Functions of truth values ---- */

static inline uint64_t table_truth(const mf_fast_op *op, uint64_t bits) {
  return op->k.u >> (bits & op->a) & 1;
}
static inline uint64_t wide_truth(const mf_fast_op *op, uint64_t bits) {
  const uint64_t *const words = op->k.p;
  return words[bits >> 6 & 3 & op->a] >> (bits & 63) & 1;
}

/* ---- all and exists over a comparison with a number ---- */

/* The parts behind op, joined in temps[b]; NULL to give up: vm/fast_join.c. */
const mf_value *mf_fast_join(const mf_fast_op *op, const mf_value *slots, mf_evaluator *e);

/* v.all(x, x rel k) and v.exists(x, x rel k): vm/fast_every.c, by relation. */
typedef unsigned (*mf_fast_every_fn)(const mf_fast_op *op, const mf_value *x,
                                     const mf_evaluator *e);
extern const mf_fast_every_fn mf_fast_every[6];
#endif
