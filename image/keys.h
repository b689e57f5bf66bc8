/* keys - how map keys are hashed and compared.
 *
 * Images build the indexes of their constant maps (image/constants.c), the machine
 * builds those of the maps it makes and searches both: one rule, here.
 *
 * Keys are bools, ints, uints and strings.  An int and a uint of one value are
 * one key.  Position of a key in mf_map.index: hash & index_mask, then the next
 * ones; the index has at least twice as many places as the map has entries. */
#ifndef MF_IMAGE_KEYS_H
#define MF_IMAGE_KEYS_H
#include "../base/text.h"

/* A map with more entries than this has an index. */
#define MF_MAP_SMALL 8u

static inline bool mf_key_kind_ok(uint8_t kind) {
  return kind == MF_BOOL || kind == MF_INT || kind == MF_UINT || kind == MF_STRING;
}

static inline uint32_t mf_key_hash(const mf_value *key) {
  if (key->kind == MF_STRING) return (uint32_t)mf_str_hash((mf_str){key->as.s, key->len});
  const uint64_t salt = key->kind == MF_BOOL ? 0x5bd1e995u : 0;
  return (uint32_t)(((key->as.u ^ salt) * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static inline bool mf_key_equal(const mf_value *a, const mf_value *b) {
  if (a->kind != b->kind) {
    /* Equal bits are equal values only below 2^63. */
    const bool numbers = (a->kind == MF_INT && b->kind == MF_UINT) ||
                         (a->kind == MF_UINT && b->kind == MF_INT);
    return numbers && a->as.u == b->as.u && a->as.i >= 0;
  }
  if (a->kind != MF_STRING) return a->as.u == b->as.u;
  return a->len == b->len && (a->len == 0 || memcmp(a->as.s, b->as.s, a->len) == 0);
}
#endif
