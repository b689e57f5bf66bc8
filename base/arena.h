/* arena - memory that is freed all at once.
 *
 * One for each compilation, one scratch arena for each running task.  What a
 * stage hands to the next lives here, so no node, token or diagnostic has a
 * free function and no error path has cleanup.
 *
 * Out of memory is sticky: after the first failure every call returns NULL and
 * mf_arena_oom is true.  Check it once per stage, not once per node. */
#ifndef MF_BASE_ARENA_H
#define MF_BASE_ARENA_H
#include "alloc.h"

typedef struct mf_arena_block mf_arena_block;
typedef struct mf_arena {
  mf_alloc alloc;
  mf_arena_block *head; /* newest block */
  char *at, *end;       /* free part of head */
  mf_arena_block *own;  /* blocks of one array each, from mf_arena_grow */
  size_t limit, in_use; /* bytes of all blocks; limit 0: none */
  size_t first;         /* bytes of the first block, 0: as usual; for many small arenas */
  bool oom;
} mf_arena;

void mf_arena_init(mf_arena *arena, const mf_alloc *alloc, size_t limit);
void mf_arena_fini(mf_arena *arena);
/* Forgets everything but keeps the first block for reuse; clears oom. */
void mf_arena_reset(mf_arena *arena);
static inline bool mf_arena_oom(const mf_arena *arena) { return arena->oom; }

/* Asks for one block that has room for about `size` bytes, so that few more are
 * needed. */
void mf_arena_reserve(mf_arena *arena, size_t size);
/* `size` bytes aligned to 8 (16 for sizes that are multiples of 16),
 * uninitialised; size 0 gives a valid pointer. */
void *mf_arena_get(mf_arena *arena, size_t size);
/* The same, zeroed. */
void *mf_arena_zero(mf_arena *arena, size_t size);
/* n elements of `size` bytes, zeroed; their product may not fit: then NULL. */
void *mf_arena_array(mf_arena *arena, size_t size, size_t n);
/* A copy of n bytes followed by a NUL. */
char *mf_arena_copy(mf_arena *arena, const char *p, size_t n);
char *mf_arena_printf(mf_arena *arena, const char *fmt, ...) MF_PRINTF(2, 3);

/* Room for `new_size` bytes (more than `old_size`) for an array that grows:
 * `p` is NULL, or came from here with `old_size`.  Its bytes are kept, and it may
 * move.  A large array has a block of its own that is given back when it
 * outgrows it; a small one is left behind.  NULL when out of memory: then p
 * stays as it was. */
void *mf_arena_grow(mf_arena *arena, void *p, size_t old_size, size_t new_size);

/* A position to go back to: everything got after mark is forgotten by release,
 * but for arrays with a block of their own, which live until reset or fini.
 * Release does not clear oom. */
typedef struct mf_arena_mark {
  mf_arena_block *head;
  char *at;
} mf_arena_mark;
mf_arena_mark mf_arena_mark_get(const mf_arena *arena);
void mf_arena_release(mf_arena *arena, mf_arena_mark mark);

#define MF_NEW(arena, type) ((type *)mf_arena_zero((arena), sizeof(type)))
#define MF_NEW_ARRAY(arena, type, n) ((type *)mf_arena_array((arena), sizeof(type), (size_t)(n)))
#endif
