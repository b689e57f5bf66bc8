/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#endif

/* Blocks double from the first size to the largest, so that a small scratch
 * arena stays small and a big compilation asks for memory rarely. */
enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

/* From this size on a growing array has a block of its own. */
enum { OWN_BLOCK = 1 << 14 };

struct mf_arena_block {
  mf_arena_block *prev;
  size_t size; /* with this header */
};

/* Under AddressSanitizer, and with MF_DEBUG, memory that was given back is made
 * unusable, so that a pointer kept past a release is found at its next use. */
static void forbid(char *p, size_t n) {
#ifdef MF_DEBUG
  if (n != 0) memset(p, 0xDD, n);
#endif
#ifdef ARENA_ASAN
  ASAN_POISON_MEMORY_REGION(p, n);
#endif
  (void)p;
  (void)n;
}

static void permit(char *p, size_t n) {
#ifdef ARENA_ASAN
  ASAN_UNPOISON_MEMORY_REGION(p, n);
#endif
  (void)p;
  (void)n;
}

/* Aligned to 8, whatever the embedder's allocator gave us. */
static char *block_start(mf_arena_block *block) {
  char *p = (char *)(block + 1);
  return p + (-(uintptr_t)p & 7);
}

static size_t start_offset(mf_arena_block *block) {
  return (size_t)(block_start(block) - (char *)block);
}

static char *block_end(mf_arena_block *block) { return (char *)block + block->size; }

static void free_head(mf_arena *arena) {
  mf_arena_block *block = arena->head;
  permit((char *)block, block->size);
  arena->head = block->prev;
  arena->in_use -= block->size;
  mf_realloc(&arena->alloc, block, block->size, 0);
}

/* Makes the bytes of head from `at` on the free part. */
static void rewind_to(mf_arena *arena, char *at) {
  arena->at = at;
  arena->end = arena->head ? block_end(arena->head) : NULL;
  if (at) {
    permit(at, (size_t)(arena->end - at));
    forbid(at, (size_t)(arena->end - at));
  }
}

void mf_arena_init(mf_arena *arena, const mf_alloc *alloc, size_t limit) {
  *arena = (mf_arena){.alloc = mf_alloc_or_default(alloc), .limit = limit};
}

static void free_own_blocks(mf_arena *arena) {
  while (arena->own) {
    mf_arena_block *block = arena->own;
    arena->own = block->prev;
    arena->in_use -= block->size;
    mf_realloc(&arena->alloc, block, block->size, 0);
  }
}

void mf_arena_fini(mf_arena *arena) {
  free_own_blocks(arena);
  while (arena->head) free_head(arena);
  arena->at = arena->end = NULL;
}

/* Keeps the first block. */
static void rewind_all(mf_arena *arena) {
  while (arena->head && arena->head->prev) free_head(arena);
  rewind_to(arena, arena->head ? block_start(arena->head) : NULL);
}

void mf_arena_reset(mf_arena *arena) {
  free_own_blocks(arena);
  rewind_all(arena);
  arena->oom = false;
}

static size_t bytes_left(const mf_arena *arena) {
  if (arena->limit == 0) return SIZE_MAX;
  return arena->limit > arena->in_use ? arena->limit - arena->in_use : 0;
}

/* The size of a new block with room for `size` bytes; 0 when the limit forbids
 * it.  Near the limit a block is only as large as it must be. */
static size_t next_block_size(const mf_arena *arena, size_t size) {
  if (size > SIZE_MAX / 4) return 0;
  size_t need = sizeof(mf_arena_block) + size + 16; /* 16: for alignment */
  size_t want = arena->head ? arena->head->size * 2 : arena->first ? arena->first : FIRST_BLOCK;
  if (want > LARGEST_BLOCK) want = LARGEST_BLOCK;
  if (want < need) want = need;
  size_t left = bytes_left(arena);
  if (want <= left) return want;
  return need <= left ? need : 0;
}

static bool add_block(mf_arena *arena, size_t size) {
  size_t bytes = next_block_size(arena, size);
  mf_arena_block *block = bytes ? mf_realloc(&arena->alloc, NULL, 0, bytes) : NULL;
  if (block == NULL) {
    arena->oom = true;
    return false;
  }
  block->prev = arena->head;
  block->size = bytes;
  arena->head = block;
  arena->in_use += bytes;
  rewind_to(arena, block_start(block));
  return true;
}

void mf_arena_reserve(mf_arena *arena, size_t size) {
  if (!arena->oom) add_block(arena, size);
}

/* Bytes to skip so that `size` more bytes are aligned.  `at` is always a
 * multiple of 8. */
static size_t padding(const mf_arena *arena, size_t size) {
  return size % 16 == 0 ? (size_t)(-(uintptr_t)arena->at & 15) : 0;
}

void *mf_arena_get(mf_arena *arena, size_t size) {
  if (arena->oom) return NULL;
  size_t room = (size_t)((uintptr_t)arena->end - (uintptr_t)arena->at);
  size_t pad = padding(arena, size);
  size_t taken = (size + (size == 0) + 7) & ~(size_t)7;
  if (taken < size || room < pad || room - pad < taken) {
    if (!add_block(arena, taken < size ? SIZE_MAX : taken)) return NULL;
    pad = padding(arena, size);
  }
  char *p = arena->at + pad;
  arena->at = p + taken;
  permit(p, size);
  return p;
}

void *mf_arena_zero(mf_arena *arena, size_t size) {
  void *p = mf_arena_get(arena, size);
  if (p) memset(p, 0, size);
  return p;
}

void *mf_arena_array(mf_arena *arena, size_t size, size_t n) {
  if (size != 0 && n > SIZE_MAX / size) {
    arena->oom = true;
    return NULL;
  }
  return mf_arena_zero(arena, size * n);
}

/* The link to the own block of the array at p.  There are few: one for each
 * large array. */
static mf_arena_block **own_block(mf_arena *arena, const void *p) {
  mf_arena_block **at = &arena->own;
  while (block_start(*at) != p) at = &(*at)->prev;
  return at;
}

/* A block with room for `size` bytes; an old one moves and is gone. */
static mf_arena_block *resize_block(mf_arena *arena, mf_arena_block *old, size_t size) {
  enum { BESIDE = sizeof(mf_arena_block) + 16 }; /* 16: for alignment */
  const size_t old_bytes = old ? old->size : 0, offset = old ? start_offset(old) : 0;
  const size_t bytes = size + BESIDE;
  const bool fits = size <= SIZE_MAX / 4 && bytes - old_bytes <= bytes_left(arena);
  mf_arena_block *block = fits ? mf_realloc(&arena->alloc, old, old_bytes, bytes) : NULL;
  if (block == NULL) {
    arena->oom = true;
    return NULL;
  }
  block->size = bytes;
  arena->in_use += bytes - old_bytes;
  /* The embedder's allocator may have aligned it otherwise. */
  if (old_bytes && start_offset(block) != offset)
    memmove(block_start(block), (char *)block + offset, old_bytes - BESIDE);
  return block;
}

static void *add_own(mf_arena *arena, size_t size) {
  mf_arena_block *block = resize_block(arena, NULL, size);
  if (block == NULL) return NULL;
  block->prev = arena->own;
  arena->own = block;
  return block_start(block);
}

static void *resize_own(mf_arena *arena, const void *p, size_t size) {
  mf_arena_block **link = own_block(arena, p);
  mf_arena_block *block = resize_block(arena, *link, size);
  if (block == NULL) return NULL;
  *link = block;
  return block_start(block);
}

void *mf_arena_grow(mf_arena *arena, void *p, size_t old_size, size_t new_size) {
  if (arena->oom) return NULL;
  if (old_size >= OWN_BLOCK) return resize_own(arena, p, new_size);
  void *grown = new_size < OWN_BLOCK ? mf_arena_get(arena, new_size) : add_own(arena, new_size);
  if (grown && old_size) memcpy(grown, p, old_size);
  return grown;
}

char *mf_arena_copy(mf_arena *arena, const char *p, size_t n) {
  char *copy = n < SIZE_MAX ? mf_arena_get(arena, n + 1) : NULL;
  if (copy == NULL) return NULL;
  if (n != 0) memcpy(copy, p, n);
  copy[n] = '\0';
  return copy;
}

char *mf_arena_printf(mf_arena *arena, const char *fmt, ...) {
  va_list args, again;
  va_start(args, fmt);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, fmt, args);
  char *text = n >= 0 ? mf_arena_get(arena, (size_t)n + 1) : NULL;
  if (text) vsnprintf(text, (size_t)n + 1, fmt, again);
  va_end(again);
  va_end(args);
  return text;
}

mf_arena_mark mf_arena_mark_get(const mf_arena *arena) {
  mf_arena_mark mark = {arena->head, arena->at};
  return mark;
}

void mf_arena_release(mf_arena *arena, mf_arena_mark mark) {
  if (mark.head == NULL) {
    /* The arena was empty.  Its first block stays, as in reset: a loop of mark
     * and release on a fresh arena should not ask for memory each time. */
    rewind_all(arena);
    return;
  }
  while (arena->head != mark.head) free_head(arena);
  rewind_to(arena, mark.at);
}
