/* SPDX-License-Identifier: MIT */
/* v.all(x, x rel k) and v.exists(x, x rel k) over doubles, packed or as values.
 *
 * An element decides when the comparison is false (all) or true (exists); one
 * that decides wins over any error, so what else is in the list matters only when
 * none does. */
#include "fast_kernel.h"

/* ---- Blocks ---- */

/* name_doubles(x, n, k) and name_values(x, n, k) give the element from which on one
 * has to look at each: all before it are doubles that do not decide. */
#if defined(__GNUC__)
typedef double doubles2 __attribute__((vector_size(16)));
typedef int64_t ints2 __attribute__((vector_size(16)));
enum { BLOCK = 20 };

/* Two comparisons at a time, -1 where one holds, gathered by `gather` from `start`
 * on: `decides` is whether an element of the block decides. */
#define OVER_BLOCKS(x, n, relation, k, start, gather, decides, LOAD)   \
  const doubles2 k2 = {k, k};                                          \
  uint32_t i = 0;                                                      \
  for (; n - i >= BLOCK; i += BLOCK) {                                 \
    ints2 hits = {start, start};                                       \
    _Pragma("GCC unroll 10") for (uint32_t j = 0; j < BLOCK; j += 2) { \
      doubles2 pair_;                                                  \
      LOAD(pair_, (x) + i + j)                                         \
      hits gather(ints2)(pair_ relation k2);                           \
    }                                                                  \
    if (decides) break;                                                \
  }                                                                    \
  return i;
#define LOAD_DOUBLES(pair, from) memcpy(&pair, from, sizeof pair);
#define LOAD_VALUES(pair, from)                        \
  if (UNLIKELY((from)[0].kind != MF_DOUBLE)) return i; \
  if (UNLIKELY((from)[1].kind != MF_DOUBLE)) return i; \
  pair = (doubles2){(from)[0].as.d, (from)[1].as.d};
#else
#define OVER_BLOCKS(x, n, relation, k, start, gather, decides, LOAD) \
  (void)x, (void)n, (void)k;                                         \
  return 0;
#endif

/* The same by four, for values, on processors that can: their heads and payloads
 * come apart in registers, which halves the work. */
#if defined(__GNUC__) && defined(__x86_64__)
#define BY_FOUR(x) x
typedef double doubles4 __attribute__((vector_size(32)));
typedef int64_t ints4 __attribute__((vector_size(32)));
enum { BLOCK4 = 20 };
#if defined(__clang__)
#define HEADS(x, y) __builtin_shufflevector(x, y, 0, 4, 2, 6)
#define PAYLOADS(x, y) __builtin_shufflevector(x, y, 1, 5, 3, 7)
#else
#define HEADS(x, y) __builtin_shuffle(x, y, (ints4){0, 4, 2, 6})
#define PAYLOADS(x, y) __builtin_shuffle(x, y, (ints4){1, 5, 3, 7})
#endif
#define OVER_WIDE_BLOCKS(x, n, relation, k, start, gather, decides)       \
  const doubles4 k4 = {k, k, k, k};                                       \
  uint32_t i = 0;                                                         \
  for (; n - i >= BLOCK4; i += BLOCK4) {                                  \
    ints4 all = {start, start, start, start}, heads = {0, 0, 0, 0};       \
    _Pragma("GCC unroll 5") for (uint32_t j = 0; j < BLOCK4; j += 4) {    \
      ints4 first_, second_;                                              \
      memcpy(&first_, (x) + i + j, sizeof first_);                        \
      memcpy(&second_, (x) + i + j + 2, sizeof second_);                  \
      heads |= HEADS(first_, second_) ^ MF_DOUBLE;                        \
      all gather(ints4)((doubles4)PAYLOADS(first_, second_) relation k4); \
    }                                                                     \
    const ints2 low_ = {all[0], all[1]}, high_ = {all[2], all[3]};        \
    ints2 hits = low_;                                                    \
    hits gather high_;                                                    \
    if (decides) break;                                                   \
    if ((heads[0] | heads[1] | heads[2] | heads[3]) & 0xff) break;        \
  }                                                                       \
  return i;
#define BLOCKS_OF(name, x, n, k) \
  (__builtin_cpu_supports("avx2") ? name##_wide(x, n, k) : name##_values(x, n, k))
#else
#define BY_FOUR(x)
#define BLOCKS_OF(name, x, n, k) name##_values(x, n, k)
#endif

/* ---- By relation ---- */

/* name(x, n, k): `wanted` is what the comparison is when an element decides. */
#define ANY(name, relation, wanted, start, gather, decides)                                   \
  static inline uint32_t name##_doubles(const double *x, uint32_t n, double k) {              \
    OVER_BLOCKS(x, n, relation, k, start, gather, decides, LOAD_DOUBLES)                      \
  }                                                                                           \
  static uint32_t name##_values(const mf_value *x, uint32_t n, double k){OVER_BLOCKS(         \
      x, n, relation, k, start, gather, decides,                                              \
      LOAD_VALUES)} BY_FOUR(__attribute__((target("avx2"))) static uint32_t                   \
                                name##_wide(const mf_value *x, uint32_t n,                    \
                                            double k){OVER_WIDE_BLOCKS(                       \
                                    x, n, relation, k, start, gather,                         \
                                    decides)}) static unsigned name##_packed(const double *x, \
                                                                             uint32_t n,      \
                                                                             double k) {      \
    for (uint32_t i = name##_doubles(x, n, k); i < n; i++)                                    \
      if ((x[i] relation k) == (wanted)) return wanted;                                       \
    return !(wanted);                                                                         \
  }                                                                                           \
  static unsigned name(const mf_value *x, uint32_t n, double k) {                             \
    unsigned otherwise = !(wanted);                                                           \
    for (uint32_t i = BLOCKS_OF(name, x, n, k); i < n; i++) {                                 \
      if (x[i].kind != MF_DOUBLE)                                                             \
        otherwise = MF_FAST_NO;                                                               \
      else if ((x[i].as.d relation k) == (wanted))                                            \
        return wanted;                                                                        \
    }                                                                                         \
    return otherwise;                                                                         \
  }
#define QUANTIFY(name, relation)                                                                 \
  ANY(all_##name, relation, 0, -1, &=, ~(hits[0] & hits[1]))                                     \
  ANY(exists_##name, relation, 1, 0, |=, hits[0] | hits[1])                                      \
  static unsigned every_##name(const mf_fast_op *op, const mf_value *x, const mf_evaluator *e) { \
    const uint32_t n = x->len;                                                                   \
    if (UNLIKELY(x->kind != MF_LIST) || is_much(e, (uint64_t)n * 8)) return MF_FAST_NO;          \
    if (x->flags & MF_PACKED)                                                                    \
      return op->a ? exists_##name##_packed(x->as.doubles, n, op->k.d)                           \
                   : all_##name##_packed(x->as.doubles, n, op->k.d);                             \
    return op->a ? exists_##name(x->as.list, n, op->k.d) : all_##name(x->as.list, n, op->k.d);   \
  }
QUANTIFY(EQ, ==)
QUANTIFY(NE, !=)
QUANTIFY(LT, <)
QUANTIFY(LE, <=)
QUANTIFY(GT, >)
QUANTIFY(GE, >=)

const mf_fast_every_fn mf_fast_every[6] = {every_EQ, every_NE, every_LT,
                                           every_LE, every_GT, every_GE};
