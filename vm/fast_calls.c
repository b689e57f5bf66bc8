/* SPDX-License-Identifier: MIT */
/* What kernels of fast code (vm/fast_kernel.h) leave to a call. */
#include "fast_kernel.h"

/* ---- Comparing ---- */

static inline bool same_text(const mf_value *x, const mf_value *y) {
  return x->len == y->len &&
         (x->as.s == y->as.s || x->len == 0 || memcmp(x->as.s, y->as.s, x->len) == 0);
}

static unsigned compare_any(mf_evaluator *e, mf_relation relation, const mf_value *x,
                            const mf_value *y) {
  if (!is_value(x) || !is_value(y) || x->flags || y->flags) return MF_FAST_NO;
  const mf_value truth = mf_compare(open_call(e), relation, x, y);
  const bool known = truth.kind == MF_BOOL && e->exec.call.status == MF_OK;
  return known ? (unsigned)truth.as.u : MF_FAST_NO;
}

unsigned mf_fast_compare(mf_evaluator *e, mf_relation relation, const mf_value *x,
                         const mf_value *y) {
  const bool texts = x->kind == y->kind && (x->kind == MF_STRING || x->kind == MF_TYPE);
  if (relation <= MF_NE && LIKELY(texts) && !is_much(e, x->len))
    return same_text(x, y) == (relation == MF_EQ);
  return compare_any(e, relation, x, y);
}

/* ---- Finding a text in a text ---- */

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
bool mf_fast_find(const char *p, uint32_t len, const char *needle, uint32_t n) {
  if (n >= 2 && len >= n + 15) return find_by_blocks(p, len, needle, n);
  return mf_str_find((mf_str){p, len}, (mf_str){needle, n}, 0) != SIZE_MAX;
}
#else
bool mf_fast_find(const char *p, uint32_t len, const char *needle, uint32_t n) {
  return mf_str_find((mf_str){p, len}, (mf_str){needle, n}, 0) != SIZE_MAX;
}
#endif

/* ---- Entries of maps ---- */

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

const mf_value *mf_fast_entry(const mf_evaluator *e, const mf_value *x, const mf_fast_key *key) {
  if (UNLIKELY(!is_clean(x, MF_MAP)) || is_much(e, x->as.map->count)) return NULL;
  const mf_value *const entry = entry_of(x->as.map, key);
  return LIKELY(entry != NULL && is_value(entry)) ? entry : NULL;
}

unsigned mf_fast_has(const mf_evaluator *e, const mf_value *x, const mf_fast_key *key) {
  if (UNLIKELY(x->kind != MF_MAP) || is_much(e, x->as.map->count)) return MF_FAST_NO;
  return entry_of(x->as.map, key) != NULL;
}
