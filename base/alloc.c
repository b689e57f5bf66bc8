/* SPDX-License-Identifier: MIT */
#include "alloc.h"

#include <stdlib.h>

static void *libc_realloc(void *ctx, void *ptr, size_t old_size, size_t new_size) {
  (void)ctx;
  (void)old_size;
  if (new_size != 0) return realloc(ptr, new_size);
  free(ptr); /* realloc(p, 0) means different things in different libraries */
  return NULL;
}

mf_alloc mf_alloc_default(void) {
  mf_alloc a = {libc_realloc, NULL};
  return a;
}

void *mf_realloc(const mf_alloc *a, void *ptr, size_t old_size, size_t new_size) {
  return a->fn(a->ctx, ptr, old_size, new_size);
}

/* Counts the request and says whether it must be refused. */
static bool refuses_growth(mf_counting_alloc *c, size_t more) {
  c->calls++;
  if (c->fail_at != 0 && c->calls >= c->fail_at) return true;
  return c->limit != 0 && (c->in_use > c->limit || more > c->limit - c->in_use);
}

static void *counting_realloc(void *ctx, void *ptr, size_t old_size, size_t new_size) {
  mf_counting_alloc *c = ctx;
  if (ptr == NULL) old_size = 0;
  if (new_size > old_size && refuses_growth(c, new_size - old_size)) return NULL;
  void *p = mf_realloc(&c->inner, ptr, old_size, new_size);
  if (p == NULL && new_size != 0) return NULL;
  c->in_use = c->in_use - old_size + new_size;
  if (c->in_use > c->peak) c->peak = c->in_use;
  return p;
}

mf_alloc mf_counting_alloc_as_alloc(mf_counting_alloc *c) {
  mf_alloc a = {counting_realloc, c};
  return a;
}
