/* SPDX-License-Identifier: MIT */
#include "hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t mf_hash64(const void *p, size_t n, uint64_t seed) {
  return XXH3_64bits_withSeed(n ? p : "", n, seed);
}

mf_hash128 mf_hash128_of(const void *p, size_t n) {
  XXH128_hash_t h = XXH3_128bits(n ? p : "", n);
  mf_hash128 r = {h.low64, h.high64};
  return r;
}

void mf_hash128_text(mf_hash128 h, char out[33]) {
  for (unsigned i = 0; i < 32; i++) {
    uint64_t half = i < 16 ? h.high : h.low;
    out[i] = "0123456789abcdef"[half >> (60 - i % 16 * 4) & 15];
  }
  out[32] = '\0';
}
