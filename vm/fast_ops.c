/* SPDX-License-Identifier: MIT */
/* The instructions of fast code: vm/fast.def has one line for each. */
#include "arith.h"
#include "compare.h"
#include "fast.h"
#include "functions.h"
#include "select.h"

#include "../base/limits.h"
#include "../image/keys.h"

#define PASS op, slots, bits, v, e, result
#define NEXT return op[1].run(op + 1, slots, bits, v, e, result)
#define GO(to)                                       \
  do {                                               \
    const mf_fast_op *const to_ = (to);              \
    return to_->run(to_, slots, bits, v, e, result); \
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
/* Those that work on v, and on a slot in its place. */
#define OP_V_S(name)                                                               \
  static inline mf_status name##_of(MF_FAST_ARGS);                                 \
  ALIGNED static mf_status do_##name##_V(MF_FAST_ARGS) { return name##_of(PASS); } \
  ALIGNED static mf_status do_##name##_S(MF_FAST_ARGS) {                           \
    v = SLOT(op->a);                                                               \
    return name##_of(PASS);                                                        \
  }                                                                                \
  static inline mf_status name##_of(MF_FAST_ARGS)
/* Operands that are slots are offsets in bytes. */
#define SLOT(a) ((const mf_value *)(const void *)((const char *)slots + (a)))

#if defined(__GNUC__)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define add_overflows(x, y, out) __builtin_add_overflow(x, y, out)
#define subtract_overflows(x, y, out) __builtin_sub_overflow(x, y, out)
#define multiply_overflows(x, y, out) __builtin_mul_overflow(x, y, out)
#else
#define LIKELY(x) (x)
#define UNLIKELY(x) (x)
#define add_overflows(x, y, out) (*(out) = 0, true)
#define subtract_overflows(x, y, out) (*(out) = 0, true)
#define multiply_overflows(x, y, out) (*(out) = 0, true)
#endif

/* Rarer than what stands before it, but no failure. */
#if defined(__GNUC__)
#define MF_APART __attribute__((noinline))
#else
#define MF_APART
#endif

/* Gives up: the whole expression again, by the image's instructions. */
static MF_COLD mf_status give_up(MF_FAST_ARGS) {
  (void)op, (void)bits, (void)v;
  return mf_eval_generic(e->program, e, slots, result);
}
#define GIVE_UP return give_up(PASS)

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

static inline void put(mf_value *to, uint8_t kind, uint64_t payload) {
  const mf_value v = {.kind = kind};
  uint64_t head;
  memcpy(&head, &v, sizeof head);
  memcpy(to, &head, sizeof head);
  memcpy(&to->as, &payload, sizeof payload);
}

/* Work that grows with its input has a share of the fuel; more is for those who
 * count exactly.  64 such instructions and the rest of the code fit into all. */
static inline bool is_much(const mf_evaluator *e, uint64_t units) {
  return units > (uint64_t)e->fast_fuel >> 7;
}

/* What operators and functions called from here may use. */
static mf_call *open_call(mf_evaluator *e) {
  e->exec.call.fuel = e->fast_fuel >> 7;
  e->exec.call.status = MF_OK;
  return &e->exec.call;
}
static inline bool is_value(const mf_value *x) {
  return x->kind != MF_UNSET && x->kind != MF_ERROR;
}

/* ---- Truth values in slots ---- */

OP_V_S(BOOL) {
  if (UNLIKELY(v->kind != MF_BOOL)) GIVE_UP;
  PUSH(v->as.u);
}
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

/* ---- Comparisons ---- */

/* Beside a double an int becomes one, and CEL compares doubles: exact beyond the
 * range of ints, rounded within it (vm/compare.c). */
#define COMPARE_DOUBLE(name, relation)                                     \
  OP_V_S(name) {                                                           \
    if (LIKELY(v->kind == MF_DOUBLE)) PUSH(v->as.d relation op->k.d);      \
    if (LIKELY(v->kind == MF_INT)) PUSH((double)v->as.i relation op->k.d); \
    GIVE_UP;                                                               \
  }
#define COMPARE_INT(name, relation)                                   \
  OP_V_S(name) {                                                      \
    if (LIKELY(v->kind == MF_INT)) PUSH(v->as.i relation op->k.i);    \
    if (LIKELY(v->kind == MF_DOUBLE)) PUSH(v->as.d relation op->l.d); \
    GIVE_UP;                                                          \
  }

/* Other pairs of kinds: 0 or 1, or -1 to give up. */
static MF_COLD int compare_others(mf_evaluator *e, mf_relation relation, const mf_value *x,
                                  const mf_value *y) {
  if (!is_value(x) || !is_value(y) || x->flags || y->flags) return -1;
  const mf_value truth = mf_compare(open_call(e), relation, x, y);
  return truth.kind == MF_BOOL && e->exec.call.status == MF_OK ? (int)truth.as.i : -1;
}

static inline bool same_text(const mf_value *x, const mf_value *y) {
  return x->len == y->len &&
         (x->as.s == y->as.s || x->len == 0 || memcmp(x->as.s, y->as.s, x->len) == 0);
}

/* What calls other functions stands apart, so that numbers have nothing to save. */
#define COMPARE_OP(name, number, relation, X, Y)                                              \
  static MF_APART mf_status name##_others(MF_FAST_ARGS) {                                     \
    const mf_value *const x = (X), *const y = (Y);                                            \
    if (number <= MF_NE && LIKELY(x->kind == MF_STRING && y->kind == MF_STRING) &&            \
        !is_much(e, x->len))                                                                  \
      PUSH(same_text(x, y) == (number == MF_EQ));                                             \
    const int truth = compare_others(e, number, x, y);                                        \
    if (truth < 0) GIVE_UP;                                                                   \
    PUSH(truth);                                                                              \
  }                                                                                           \
  OP(name) {                                                                                  \
    const mf_value *const x = (X), *const y = (Y);                                            \
    if (LIKELY(x->kind == MF_DOUBLE && y->kind == MF_DOUBLE)) PUSH(x->as.d relation y->as.d); \
    if (LIKELY(x->kind == MF_INT && y->kind == MF_INT)) PUSH(x->as.i relation y->as.i);       \
    return name##_others(PASS);                                                               \
  }
#define RELATION(name, number, relation)                                    \
  COMPARE_DOUBLE(DOUBLE_##name, relation)                                   \
  COMPARE_INT(INT_##name, relation)                                         \
  COMPARE_OP(COMPARE_SS_##name, number, relation, SLOT(op->a), SLOT(op->b)) \
  COMPARE_OP(COMPARE_VS_##name, number, relation, v, SLOT(op->a))           \
  COMPARE_OP(COMPARE_VK_##name, number, relation, v, op->k.p)               \
  COMPARE_OP(COMPARE_HV_##name, number, relation, e->kept[op->a], v)
RELATION(EQ, MF_EQ, ==)
RELATION(NE, MF_NE, !=)
RELATION(LT, MF_LT, <)
RELATION(LE, MF_LE, <=)
RELATION(GT, MF_GT, >)
RELATION(GE, MF_GE, >=)

/* ---- Texts ---- */

/* b has the length, and in its highest bit what equality is turned into. */
#define TEXT_LENGTH (op->b & 0x7fffffffu)
#define PUSH_EQUAL(equal) PUSH((uint64_t)(equal) ^ op->b >> 31)

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

OP_V_S(TEXT_EMPTY) {
  if (UNLIKELY(v->kind != MF_STRING)) GIVE_UP;
  PUSH_EQUAL(v->len == 0);
}
/* A text of another length is not read: the operands are, in its place.  So there
 * is nothing to predict but the kind. */
OP_V_S(TEXT_3) {
  if (UNLIKELY(v->kind != MF_STRING)) GIVE_UP;
  const uint32_t n = TEXT_LENGTH;
  const bool same = v->len == n;
  const char *const p = same ? v->as.s : (const char *)&op->k;
  PUSH_EQUAL(same & (three_of(p, n) == op->k.u));
}
OP_V_S(TEXT_8) {
  if (UNLIKELY(v->kind != MF_STRING)) GIVE_UP;
  const uint32_t n = TEXT_LENGTH;
  const bool same = v->len == n;
  const char *const p = same ? v->as.s : (const char *)&op->k;
  PUSH_EQUAL(same & (halves_of(p, n) == op->k.u));
}
OP_V_S(TEXT_16) {
  if (UNLIKELY(v->kind != MF_STRING)) GIVE_UP;
  const uint32_t n = TEXT_LENGTH;
  const bool same = v->len == n;
  const char *const p = same ? v->as.s : (const char *)&op->k;
  PUSH_EQUAL(same & (((word_of(p) ^ op->k.u) | (word_of(p + n - 8) ^ op->l.u)) == 0));
}
OP_V_S(TEXT) {
  if (UNLIKELY(v->kind != MF_STRING)) GIVE_UP;
  const uint32_t n = TEXT_LENGTH;
  PUSH_EQUAL(v->len == n && (v->as.s == op->k.p || memcmp(v->as.s, op->k.p, n) == 0));
}

OP_V_S(IN_TEXTS) {
  const mf_fast_texts *const texts = op->k.p;
  uint64_t first, last;
  if (UNLIKELY(v->kind != MF_STRING)) GIVE_UP;
  const uint32_t n = v->len;
  if (n > texts->longest) PUSH(0);
  mf_fast_words(v->as.s, n, &first, &last);
  const mf_fast_text *t = &texts->places[mf_fast_place(first, last, n) & texts->mask];
  for (;; t = t < texts->places + texts->mask ? t + 1 : texts->places) {
    if (!t->used) PUSH(0);
    if (((t->first ^ first) | (t->last ^ last) | (t->len ^ n)) == 0) PUSH(1);
  }
}

/* The same for few: each is compared, none is hashed, and as with one text only
 * the kind is predicted. */
static inline bool is_text(const mf_value *v, const mf_fast_text *t) {
  const uint32_t n = t->len;
  const bool same = v->len == n;
  const char *const p = same ? v->as.s : (const char *)t;
  uint64_t first, last;
  mf_fast_words(p, n, &first, &last);
  return same & (((first ^ t->first) | (last ^ t->last)) == 0);
}
OP_V_S(IN_FEW) {
  const mf_fast_texts *const texts = op->k.p;
  uint64_t found = 0;
  if (UNLIKELY(v->kind != MF_STRING)) GIVE_UP;
  for (uint32_t i = 0; i < texts->mask; i++) found |= is_text(v, &texts->places[i]);
  PUSH(found);
}

OP(IN_INTS_V) {
  const int64_t *const ints = op->k.p;
  uint32_t low = 0, high = op->a;
  if (UNLIKELY(v->kind != MF_INT)) GIVE_UP;
  const int64_t x = v->as.i;
  if (high <= 8) {
    uint64_t found = 0;
    for (uint32_t i = 0; i < high; i++) found |= ints[i] == x;
    PUSH(found);
  }
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (ints[middle] < x)
      low = middle + 1;
    else
      high = middle;
  }
  PUSH(low < op->a && ints[low] == x);
}

OP(IN_HV) {
  const mf_value *const x = e->kept[op->a];
  if (!is_value(x) || !is_value(v) || x->flags || v->flags) GIVE_UP;
  const mf_value truth = mf_in(open_call(e), x, v);
  if (truth.kind != MF_BOOL || e->exec.call.status != MF_OK) GIVE_UP;
  PUSH(truth.as.u);
}

/* Needles of 4 to 8 bytes are in l; others are compared as text. */
static inline bool is_word(uint32_t n) { return n - 4 <= 4; }
static MF_APART mf_status starts_with(MF_FAST_ARGS) {
  PUSH_EQUAL(memcmp(v->as.s, op->k.p, TEXT_LENGTH) == 0);
}
OP_V_S(STARTS) {
  const uint32_t n = TEXT_LENGTH;
  if (UNLIKELY(v->kind != MF_STRING) || is_much(e, n)) GIVE_UP;
  if (v->len < n) PUSH_EQUAL(0);
  if (UNLIKELY(!is_word(n))) return starts_with(PASS);
  PUSH_EQUAL(halves_of(v->as.s, n) == op->l.u);
}
static MF_APART mf_status ends_with(MF_FAST_ARGS) {
  const uint32_t n = TEXT_LENGTH;
  PUSH_EQUAL(memcmp(v->as.s + v->len - n, op->k.p, n) == 0);
}
OP_V_S(ENDS) {
  const uint32_t n = TEXT_LENGTH;
  if (UNLIKELY(v->kind != MF_STRING) || is_much(e, n)) GIVE_UP;
  if (v->len < n) PUSH_EQUAL(0);
  if (UNLIKELY(!is_word(n))) return ends_with(PASS);
  PUSH_EQUAL(halves_of(v->as.s + v->len - n, n) == op->l.u);
}

#if defined(__GNUC__)
typedef int8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

/* Which of 16 positions from p on begin with the first byte of a needle of n
 * bytes and are followed by its last byte in the right place; reads p[0..n+14]. */
static inline words2 candidates(const char *p, uint32_t n, bytes16 first, bytes16 last) {
  bytes16 a, b;
  memcpy(&a, p, sizeof a);
  memcpy(&b, p + n - 1, sizeof b);
  return (words2)((a == first) & (b == last));
}

static bool find_in_block(const char *p, words2 found, const char *needle, uint32_t n) {
  int8_t at[16];
  memcpy(at, &found, sizeof at);
  for (uint32_t i = 0; i < 16; i++)
    if (at[i] && memcmp(p + i, needle, n) == 0) return true;
  return false;
}

static inline bytes16 all_of(char c) {
  const int8_t b = (int8_t)c;
  return (bytes16){b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b};
}

/* n is at least 2, and the text has room for one block. */
static bool find_by_blocks(const char *p, uint32_t len, const char *needle, uint32_t n) {
  const bytes16 first = all_of(needle[0]), last = all_of(needle[n - 1]);
  const uint32_t final = len - n - 15; /* position of the last block */
  for (uint32_t i = 0;;) {
    const words2 found = candidates(p + i, n, first, last);
    if (UNLIKELY(found[0] | found[1]) && find_in_block(p + i, found, needle, n)) return true;
    if (i == final) return false;
    i = i + 16 < final ? i + 16 : final;
  }
}
static inline bool find_text(const char *p, uint32_t len, const char *needle, uint32_t n) {
  if (n >= 2 && len >= n + 15) return find_by_blocks(p, len, needle, n);
  return mf_str_find((mf_str){p, len}, (mf_str){needle, n}, 0) != SIZE_MAX;
}
#else
static bool find_text(const char *p, uint32_t len, const char *needle, uint32_t n) {
  return mf_str_find((mf_str){p, len}, (mf_str){needle, n}, 0) != SIZE_MAX;
}
#endif

OP_V_S(CONTAINS) {
  const uint32_t n = TEXT_LENGTH;
  if (UNLIKELY(v->kind != MF_STRING) || is_much(e, (uint64_t)v->len + n)) GIVE_UP;
  PUSH_EQUAL(v->len >= n && find_text(v->as.s, v->len, op->k.p, n));
}

/* ---- all and exists over a comparison with a number ---- */

/* An element decides when the comparison is false (all) or true (exists); one
 * that decides wins over any error, so what else is in the list matters only when
 * none does. */
enum { BLOCK = 20 };
#if defined(__GNUC__)
typedef double doubles2 __attribute__((vector_size(16)));
typedef int64_t ints2 __attribute__((vector_size(16)));
#define UNROLLED _Pragma("GCC unroll 10")
/* Two comparisons at a time: -1 where it holds. */
#define BLOCK_DOUBLES(x, relation, k2, flip, hits)   \
  UNROLLED for (uint32_t j = 0; j < BLOCK; j += 2) { \
    doubles2 pair_;                                  \
    memcpy(&pair_, (x) + j, sizeof pair_);           \
    hits |= (ints2)(pair_ relation k2) ^ flip;       \
  }
#define BLOCK_VALUES(x, relation, k2, flip, hits, heads)                                    \
  UNROLLED for (uint32_t j = 0; j < BLOCK; j += 2) {                                        \
    const doubles2 pair_ = {(x)[j].as.d, (x)[j + 1].as.d};                                  \
    ints2 first_, second_;                                                                  \
    memcpy(&first_, &(x)[j], sizeof first_);                                                \
    memcpy(&second_, &(x)[j + 1], sizeof second_);                                          \
    hits |= (ints2)(pair_ relation k2) ^ flip;                                              \
    heads |= (first_ ^ MF_DOUBLE) | (second_ ^ MF_DOUBLE); /* kinds are the lowest bytes */ \
  }
#define DOUBLE_BLOCKS(x, n, relation, k, wanted, i)  \
  const doubles2 k2 = {k, k};                        \
  const ints2 flip = {(wanted)-1, (wanted)-1};       \
  for (; n - i >= BLOCK; i += BLOCK) {               \
    ints2 hits = {0, 0};                             \
    BLOCK_DOUBLES((x) + i, relation, k2, flip, hits) \
    if (hits[0] | hits[1]) break;                    \
  }
#define VALUE_BLOCKS(x, n, relation, k, wanted, i)         \
  const doubles2 k2 = {k, k};                              \
  const ints2 flip = {(wanted)-1, (wanted)-1};             \
  for (; n - i >= BLOCK; i += BLOCK) {                     \
    ints2 hits = {0, 0}, heads = {0, 0};                   \
    BLOCK_VALUES((x) + i, relation, k2, flip, hits, heads) \
    if ((hits[0] | hits[1]) || (heads[0] & 0xff)) break;   \
  }
#else
#define DOUBLE_BLOCKS(x, n, relation, k, wanted, i)
#define VALUE_BLOCKS(x, n, relation, k, wanted, i)
#endif
#define QUANTIFY(name, relation)                                                             \
  static inline bool any_double_##name(const double *x, uint32_t n, double k, bool wanted) { \
    uint32_t i = 0;                                                                          \
    DOUBLE_BLOCKS(x, n, relation, k, wanted, i)                                              \
    for (; i < n; i++)                                                                       \
      if ((x[i] relation k) == wanted) return true;                                          \
    return false;                                                                            \
  }                                                                                          \
  static inline bool any_##name(const mf_value *x, uint32_t n, double k, bool wanted,        \
                                unsigned *others) {                                          \
    uint32_t i = 0;                                                                          \
    VALUE_BLOCKS(x, n, relation, k, wanted, i)                                               \
    for (; i < n; i++) {                                                                     \
      if (x[i].kind != MF_DOUBLE)                                                            \
        *others = 1;                                                                         \
      else if ((x[i].as.d relation k) == wanted)                                             \
        return true;                                                                         \
    }                                                                                        \
    return false;                                                                            \
  }                                                                                          \
  OP(EVERY_##name) {                                                                         \
    const bool exists = op->a;                                                               \
    unsigned others = 0;                                                                     \
    bool decided;                                                                            \
    if (UNLIKELY(v->kind != MF_LIST) || is_much(e, (uint64_t)v->len * 8)) GIVE_UP;           \
    if (v->flags & MF_PACKED)                                                                \
      decided = any_double_##name(v->as.doubles, v->len, op->k.d, exists);                   \
    else                                                                                     \
      decided = any_##name(v->as.list, v->len, op->k.d, exists, &others);                    \
    if (!decided && others) GIVE_UP;                                                         \
    PUSH(decided == exists);                                                                 \
  }
QUANTIFY(EQ, ==)
QUANTIFY(NE, !=)
QUANTIFY(LT, <)
QUANTIFY(LE, <=)
QUANTIFY(GT, >)
QUANTIFY(GE, >=)

/* ---- Functions of truth values, jumps ---- */

OP(TABLE) {
  const uint32_t n = op->b;
  const uint64_t truth = op->k.u >> (bits & ((UINT64_C(1) << n) - 1)) & 1;
  bits = bits >> n << 1 | truth;
  NEXT;
}
static inline uint64_t wide_truth(const mf_fast_op *op, uint64_t bits) {
  const uint64_t *const words = op->k.p;
  return words[bits >> 6 & 3 & op->a] >> (bits & 63) & 1;
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
  if (UNLIKELY(v->kind == MF_UNSET || v->kind == MF_ERROR || v->flags & MF_PACKED)) GIVE_UP;
  NEXT;
}
OP(RANGE) {
  v = SLOT(op->a);
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
  if (e->arena.head && !e->keeps) mf_arena_reset(&e->arena);
  NEXT;
}
OP(COPY) {
  mf_value_move(&e->temps[op->a], v);
  NEXT;
}
OP(TRUTH) {
  put(&e->temps[op->a], MF_BOOL, bits & 1);
  v = &e->temps[op->a];
  bits >>= 1;
  NEXT;
}

static inline bool is_key(const mf_value *key, const mf_fast_key *k) {
  if (key->len != k->text.len || key->kind != MF_STRING) return false;
  if (key->as.s == k->value->as.s) return true;
  if (UNLIKELY(key->len > MF_FAST_WORD_BYTES))
    return memcmp(key->as.s, k->value->as.s, key->len) == 0;
  uint64_t first, last;
  mf_fast_words(key->as.s, key->len, &first, &last);
  return ((first ^ k->text.first) | (last ^ k->text.last)) == 0;
}

/* The entry of a map by a constant text. */
static inline const mf_value *entry_of(const mf_map *map, const mf_fast_key *k) {
  if (LIKELY(map->index == NULL)) {
    for (const mf_pair *p = map->pairs, *end = p + map->count; p < end; p++)
      if (is_key(&p->key, k)) return &p->value;
    return NULL;
  }
  for (uint32_t at = k->hash & map->index_mask; map->index[at]; at = (at + 1) & map->index_mask) {
    const mf_pair *const p = &map->pairs[map->index[at] - 1];
    if (is_key(&p->key, k)) return &p->value;
  }
  return NULL;
}

/* The operand behind a FIELD has the key; the FIELD has its words. */
static MF_APART mf_status any_field(MF_FAST_ARGS) {
  if (UNLIKELY(!is_clean(v, MF_MAP)) || is_much(e, v->as.map->count)) GIVE_UP;
  const mf_value *const entry = entry_of(v->as.map, op[1].k.p);
  if (UNLIKELY(entry == NULL || !is_value(entry))) GIVE_UP;
  v = entry;
  GO(op + 2);
}
OP_V_S(FIELD) { return any_field(PASS); }

/* The first entries by a short key: no loop and no call, hence nothing to save. */
#define TRY_ENTRY(number, SAME)                                                \
  if (map->count > (number)) {                                                 \
    const mf_pair *const pair = map->pairs + (number);                         \
    const char *const p = pair->key.as.s;                                      \
    if (pair->key.len == op->b && is_clean(&pair->key, MF_STRING) && (SAME) && \
        is_value(&pair->value)) {                                              \
      v = &pair->value;                                                        \
      GO(op + 2);                                                              \
    }                                                                          \
  }
#define SHORT_FIELD(name, SAME)                  \
  OP_V_S(name) {                                 \
    if (UNLIKELY(!is_clean(v, MF_MAP))) GIVE_UP; \
    const mf_map *const map = v->as.map;         \
    TRY_ENTRY(0, SAME)                           \
    TRY_ENTRY(1, SAME)                           \
    return any_field(PASS);                      \
  }
SHORT_FIELD(FIELD_3, three_of(p, op->b) == op->k.u)
SHORT_FIELD(FIELD_8, halves_of(p, op->b) == op->k.u)
SHORT_FIELD(FIELD_16, word_of(p) == op->k.u && word_of(p + op->b - 8) == op->l.u)

OP(HAS) {
  if (UNLIKELY(v->kind != MF_MAP) || is_much(e, v->as.map->count)) GIVE_UP;
  PUSH(entry_of(v->as.map, op->k.p) != NULL);
}

/* ---- Arithmetic ---- */

#define PUT(number_kind, field, number)                \
  do {                                                 \
    const mf_fast_word word_ = {.field = (number)};    \
    mf_value *const to_ = &e->temps[op->b];            \
    const mf_fast_fn next_ = op[1].run;                \
    put(to_, number_kind, word_.u);                    \
    return next_(op + 1, slots, bits, to_, e, result); \
  } while (0)

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

#define ARITH(name, overflows, double_result, X, Y)                                   \
  OP(name) {                                                                          \
    const mf_value *const x = (X), *const y = (Y);                                    \
    const uint16_t tag = tag_of(x);                                                   \
    int64_t number;                                                                   \
    if (UNLIKELY(tag != tag_of(y))) GIVE_UP;                                          \
    if (LIKELY(is_clean(x, MF_INT)) && LIKELY(!overflows(x->as.i, y->as.i, &number))) \
      PUT(MF_INT, i, number);                                                         \
    double_result;                                                                    \
    GIVE_UP;                                                                          \
  }
#define DOUBLES(operator) \
  if (LIKELY(is_clean(x, MF_DOUBLE))) PUT(MF_DOUBLE, d, x->as.d operator y->as.d)
#define ARITHMETIC(name, overflows, double_result)                                   \
  ARITH(name##_SS, overflows, double_result, SLOT(op->a), SLOT(op->k.u))             \
  ARITH(name##_SK, overflows, double_result, SLOT(op->a), (const mf_value *)op->k.p) \
  ARITH(name##_VS, overflows, double_result, v, SLOT(op->a))                         \
  ARITH(name##_VK, overflows, double_result, v, (const mf_value *)op->k.p)           \
  ARITH(name##_HV, overflows, double_result, e->kept[op->a], v)
ARITHMETIC(ADD, add_overflows, DOUBLES(+))
ARITHMETIC(SUBTRACT, subtract_overflows, DOUBLES(-))
ARITHMETIC(MULTIPLY, multiply_overflows, DOUBLES(*))
ARITHMETIC(DIVIDE, divide_overflows, DOUBLES(/))
ARITHMETIC(REMAINDER, remainder_overflows, (void)0)

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
  mf_value made = mf_index(open_call(e), e->kept[op->a], v);
  if (!is_fine(e, &made)) GIVE_UP;
  e->temps[op->b] = made;
  v = &e->temps[op->b];
  NEXT;
}
OP(CALL) {
  mf_value *const args = &e->temps[op->b];
  mf_value made = mf_function_call(open_call(e), (uint32_t)op->k.u, args, op->a);
  if (!is_fine(e, &made)) GIVE_UP;
  *args = made;
  v = args;
  NEXT;
}

/* ---- Joining texts ---- */

/* A text is made in `e->text` when it is short, else in the arena; NULL to give
 * up.  Of a `single` one nothing else is in the arena. */
static MF_COLD char *long_room(mf_evaluator *e, uint64_t n, bool single) {
  if (is_much(e, n) || n > MF_LIMIT_STRING_BYTES) return NULL;
  if (single && !e->keeps) mf_arena_reset(&e->arena);
  return mf_arena_get(&e->arena, (size_t)n);
}
static inline char *text_room(mf_evaluator *e, uint64_t n, bool single) {
  return LIKELY(n <= MF_FAST_TEXT) ? e->text : long_room(e, n, single);
}
/* Only one text at a time can stay there. */
static inline const char *text_place(mf_evaluator *e, const char *text, uint32_t n, bool single) {
  if (LIKELY(single && !e->keeps) || text != e->text) return text;
  char *const copy = mf_arena_get(&e->arena, n);
  if (copy) memcpy(copy, text, n);
  return copy;
}

enum { TEXT_OF_NUMBER = 40 }; /* bytes at most, and what add_... write beyond the text */

/* Copies n bytes; short texts, nearly all, without a call. */
static inline char *add_text(char *to, const char *from, uint32_t n) {
  if (n >= 8 && n <= 16) {
    uint64_t first, last;
    memcpy(&first, from, 8);
    memcpy(&last, from + n - 8, 8);
    memcpy(to, &first, 8);
    memcpy(to + n - 8, &last, 8);
  } else if (n >= 4 && n < 8) {
    uint32_t first, last;
    memcpy(&first, from, 4);
    memcpy(&last, from + n - 4, 4);
    memcpy(to, &first, 4);
    memcpy(to + n - 4, &last, 4);
  } else if (n > 16) {
    memcpy(to, from, n);
  } else {
    for (uint32_t i = 0; i < n; i++) to[i] = from[i];
  }
  return to + n;
}

/* A constant is padded, and there is room behind it: sixteen bytes at a time. */
static inline char *add_padded(char *to, const char *from, uint32_t n) {
  memcpy(to, from, 16);
  for (uint32_t i = 16; UNLIKELY(i < n); i += 16) memcpy(to + i, from + i, 16);
  return to + n;
}

#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Eight digits at once in the bytes of a word, the first in the lowest; zeros in
 * front are shifted out.  No branch depends on how many there are. */
static inline char *add_small(char *to, uint32_t u) {
  const uint64_t halves = u / 10000 | (uint64_t)(u % 10000) << 32;
  const uint64_t hundreds = ((halves * 10486) >> 20) & UINT64_C(0x0000007f0000007f);
  const uint64_t pairs = hundreds | (halves - hundreds * 100) << 16;
  const uint64_t tens = ((pairs * 103) >> 10) & UINT64_C(0x000f000f000f000f);
  const uint64_t digits = tens | (pairs - tens * 10) << 8;
  const unsigned zeros = (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) & 56u;
  const uint64_t text = (digits | UINT64_C(0x3030303030303030)) >> zeros;
  memcpy(to, &text, 8);
  return to + 8 - zeros / 8;
}
static inline char *add_int(char *to, int64_t i) {
  if (LIKELY(i >= 0 && i < 100000000)) return add_small(to, (uint32_t)i);
  return to + mf_format_int(i, to);
}
#else
static inline char *add_int(char *to, int64_t i) { return to + mf_format_int(i, to); }
#endif

/* The text of a number; NULL to give up. */
static MF_COLD char *add_other(char *to, const mf_value *x) {
  if (is_clean(x, MF_UINT)) return to + mf_format_uint(x->as.u, to);
  if (is_clean(x, MF_DOUBLE)) return to + mf_format_double(x->as.d, to);
  return NULL;
}

/* `l` of a part: whether other scalars than strings are turned into text. */
static inline char *add_value(char *to, const mf_fast_op *part, const mf_value *x) {
  if (LIKELY(is_clean(x, MF_STRING))) return add_text(to, x->as.s, x->len);
  if (part->l.u == 0) return NULL;
  return LIKELY(is_clean(x, MF_INT)) ? add_int(to, x->as.i) : add_other(to, x);
}

static inline const mf_value *part_value(const mf_fast_op *part, const mf_value *slots,
                                         const mf_evaluator *e) {
  return part->b == MF_FAST_PART_SLOT ? SLOT(part->a) : e->kept[part->a];
}

static inline uint64_t part_room(const mf_fast_op *part, const mf_value *slots,
                                 const mf_evaluator *e) {
  if (part->b == MF_FAST_PART_CONST) return part->a + UINT64_C(16);
  const mf_value *const x = part_value(part, slots, e);
  return TEXT_OF_NUMBER + (x->kind == MF_STRING ? (uint64_t)x->len : 0);
}

OP(JOIN) {
  const uint32_t n = op->a;
  uint64_t room = 0;
  for (uint32_t i = 1; i <= n; i++) room += part_room(&op[i], slots, e);
  char *const text = text_room(e, room, op->k.u), *at = text;
  if (UNLIKELY(text == NULL)) GIVE_UP;
  for (const mf_fast_op *part = op + 1, *end = part + n; part < end; part++) {
    if (part->b == MF_FAST_PART_CONST)
      at = add_padded(at, part->k.p, part->a);
    else
      at = add_value(at, part, part_value(part, slots, e));
    if (UNLIKELY(at == NULL)) GIVE_UP;
  }
  const uint32_t length = (uint32_t)(at - text);
  mf_value *const to = &e->temps[op->b];
  *to = (mf_value){.kind = MF_STRING, .len = length, .as.s = text_place(e, text, length, op->k.u)};
  if (UNLIKELY(to->as.s == NULL)) GIVE_UP;
  v = to;
  GO(op + n + 1);
}

/* ---- The end ---- */

OP(RETURN_TRUTH) {
  (void)op, (void)slots, (void)v, (void)e;
  put(result, MF_BOOL, bits & 1);
  return MF_OK;
}
OP(RETURN_TABLE) {
  (void)slots, (void)v, (void)e;
  put(result, MF_BOOL, op->k.u >> (bits & ((UINT64_C(1) << op->b) - 1)) & 1);
  return MF_OK;
}
OP(RETURN_WIDE) {
  (void)slots, (void)v, (void)e;
  put(result, MF_BOOL, wide_truth(op, bits));
  return MF_OK;
}
OP(RETURN) {
  (void)op, (void)slots, (void)bits, (void)e;
  mf_value_move(result, v);
  return MF_OK;
}

const mf_fast_fn mf_fast_table[MF_FAST_COUNT] = {
#define MF_FAST(name, synopsis) [MF_FAST_##name] = do_##name,
#define SIX(name, suffix)                                                         \
  [MF_FAST_##name] = do_##suffix(EQ), [MF_FAST_##name + 1] = do_##suffix(NE),     \
  [MF_FAST_##name + 2] = do_##suffix(LT), [MF_FAST_##name + 3] = do_##suffix(LE), \
  [MF_FAST_##name + 4] = do_##suffix(GT), [MF_FAST_##name + 5] = do_##suffix(GE),
#define do_DOUBLE_S(r) do_DOUBLE_##r##_S
#define do_DOUBLE_V(r) do_DOUBLE_##r##_V
#define do_INT_S(r) do_INT_##r##_S
#define do_INT_V(r) do_INT_##r##_V
#define do_COMPARE_SS(r) do_COMPARE_SS_##r
#define do_COMPARE_VS(r) do_COMPARE_VS_##r
#define do_COMPARE_VK(r) do_COMPARE_VK_##r
#define do_COMPARE_HV(r) do_COMPARE_HV_##r
#define do_EVERY(r) do_EVERY_##r
#define MF_FAST_EACH(name, synopsis) SIX(name, name)
#include "fast.def"
};
