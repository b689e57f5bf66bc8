/* SPDX-License-Identifier: MIT */
/* Joining texts: sums of strings and interpolations. */
#include "fast_kernel.h"

#include "../base/limits.h"

/* ---- Writing parts ---- */

/* Copies n bytes; short texts, nearly all, without a call and with one thing to
 * predict: 4 to 16 bytes are four pieces of 4, which overlap. */
static inline char *add_text(char *to, const char *from, uint32_t n) {
  if (LIKELY(n - 4 <= 12)) {
    const uint32_t step = n >> 3 << 2;
    uint32_t a, b, c, d;
    memcpy(&a, from, 4);
    memcpy(&b, from + step, 4);
    memcpy(&c, from + n - 4 - step, 4);
    memcpy(&d, from + n - 4, 4);
    memcpy(to, &a, 4);
    memcpy(to + step, &b, 4);
    memcpy(to + n - 4 - step, &c, 4);
    memcpy(to + n - 4, &d, 4);
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

/* Writes the parts; `spare` is the room that texts in slots may take.  NULL: there
 * is too little, or a part is of another kind. */
static inline char *add_parts(const mf_fast_op *op, const mf_value *slots, const mf_evaluator *e,
                              char *at, int64_t spare) {
  for (const mf_fast_op *part = op + 1, *end = part + op->a; part < end; part++) {
    if (part->b == MF_FAST_PART_CONST) {
      at = add_padded(at, part->k.p, part->a);
      continue;
    }
    const mf_value *const x = part->b == MF_FAST_PART_SLOT
                                  ? (const mf_value *)(const void *)((const char *)slots + part->a)
                                  : e->kept[part->a];
    if (LIKELY(is_clean(x, MF_STRING))) {
      spare -= x->len;
      if (UNLIKELY(spare < 0)) return NULL;
      at = add_text(at, x->as.s, x->len);
    } else {
      if (part->l.u == 0) return NULL;
      at = LIKELY(is_clean(x, MF_INT)) ? add_int(at, x->as.i) : add_other(at, x);
      if (UNLIKELY(at == NULL)) return NULL;
    }
  }
  return at;
}

/* ---- Where the text lies ---- */

enum { CHUNK = 2048 };

/* The only text of an evaluation whose result is read before the next one can
 * stay in the evaluator; others are written one behind the other in the arena. */
static bool is_alone(const mf_fast_op *op, const mf_evaluator *e) { return op->k.u && !e->keeps; }

static MF_APART bool new_chunk(mf_evaluator *e) {
  e->chunk = mf_arena_get(&e->arena, CHUNK);
  e->chunk_end = e->chunk ? e->chunk + CHUNK : NULL;
  return e->chunk != NULL;
}

static uint64_t texts_of(const mf_fast_op *op, const mf_value *slots, const mf_evaluator *e) {
  uint64_t n = 0;
  for (const mf_fast_op *part = op + 1, *end = part + op->a; part < end; part++) {
    if (part->b == MF_FAST_PART_CONST) continue;
    const mf_value *const x = part->b == MF_FAST_PART_SLOT
                                  ? (const mf_value *)(const void *)((const char *)slots + part->a)
                                  : e->kept[part->a];
    n += x->kind == MF_STRING ? x->len : 0;
  }
  return n;
}

/* Room of its own, when texts are long. */
static MF_COLD char *join_long(const mf_fast_op *op, const mf_value *slots, mf_evaluator *e,
                               char **text) {
  const uint64_t n = op->l.u + texts_of(op, slots, e);
  if (is_much(e, n) || n > MF_LIMIT_STRING_BYTES) return NULL;
  if (is_alone(op, e)) mf_evaluator_forget(e);
  *text = mf_arena_get(&e->arena, (size_t)n);
  return *text ? add_parts(op, slots, e, *text, INT64_MAX) : NULL;
}

static inline char *join_in(const mf_fast_op *op, const mf_value *slots, mf_evaluator *e,
                            char *text, const char *end) {
  const int64_t spare = end - text - op->l.i;
  return LIKELY(spare >= 0) ? add_parts(op, slots, e, text, spare) : NULL;
}

static inline const mf_value *made(mf_evaluator *e, const mf_fast_op *op, const char *text,
                                   const char *end) {
  const mf_value v = {.kind = MF_STRING, .len = (uint32_t)(end - text)};
  const uint64_t head = head_of(&v);
  mf_value *const to = &e->temps[op->b];
  memcpy(to, &head, sizeof head);
  to->as.s = text;
  return to;
}

static MF_APART const mf_value *join_in_chunk(const mf_fast_op *op, const mf_value *slots,
                                              mf_evaluator *e) {
  char *text = e->chunk, *end = join_in(op, slots, e, text, e->chunk_end);
  if (end == NULL && new_chunk(e)) text = e->chunk, end = join_in(op, slots, e, text, e->chunk_end);
  if (end)
    e->chunk = end;
  else
    end = join_long(op, slots, e, &text);
  return end ? made(e, op, text, end) : NULL;
}

const mf_value *mf_fast_join(const mf_fast_op *op, const mf_value *slots, mf_evaluator *e) {
  if (UNLIKELY(!is_alone(op, e))) return join_in_chunk(op, slots, e);
  char *text = e->text, *end = join_in(op, slots, e, text, text + MF_FAST_TEXT);
  if (UNLIKELY(end == NULL)) end = join_long(op, slots, e, &text);
  return end ? made(e, op, text, end) : NULL;
}
