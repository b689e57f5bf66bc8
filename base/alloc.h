/* alloc - typed helpers over the embedder's allocator (mf_alloc in mfvm.h). */
#ifndef MF_BASE_ALLOC_H
#define MF_BASE_ALLOC_H
#include "../include/mfvm.h"

/* `a`, or the default allocator when it is NULL or has no function. */
static inline mf_alloc mf_alloc_or_default(const mf_alloc *a) {
  return a && a->fn ? *a : mf_alloc_default();
}

/* mf_alloc.fn with its context.  NULL on failure (or when new_size is 0). */
void *mf_realloc(const mf_alloc *a, void *ptr, size_t old_size, size_t new_size);

/* An allocator that forwards to `inner` and counts: for limits and tests. */
typedef struct mf_counting_alloc {
  mf_alloc inner;
  size_t in_use, peak; /* bytes */
  size_t limit;        /* 0: none; past it allocation fails */
  uint64_t calls;      /* allocations and growths asked for */
  uint64_t fail_at;    /* 0: never; else the call of this number fails, and all after it */
} mf_counting_alloc;
mf_alloc mf_counting_alloc_as_alloc(mf_counting_alloc *c);
#endif
