/* hash - XXH3, for checksums, chains and digests. */
#ifndef MF_BASE_HASH_H
#define MF_BASE_HASH_H
#include <stddef.h>
#include <stdint.h>

typedef struct mf_hash128 {
  uint64_t low, high;
} mf_hash128;
uint64_t mf_hash64(const void *p, size_t n, uint64_t seed);
mf_hash128 mf_hash128_of(const void *p, size_t n);
/* 32 lower-case hex digits and a NUL, high half first (XXH3's canonical form). */
void mf_hash128_text(mf_hash128 h, char out[33]);
#endif
