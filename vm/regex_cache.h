/* regex_cache - compiled patterns of one evaluator or machine.
 *
 * Patterns are nearly always constants: each is compiled when it is first met,
 * and found again by its text.  The engine's memory is its own: with
 * MF_REGEX_CACHE patterns of MF_LIMIT_REGEX_MEMORY it is bounded, too. */
#ifndef MF_VM_REGEX_CACHE_H
#define MF_VM_REGEX_CACHE_H
#include "call.h"

enum { MF_REGEX_CACHE = 16 };

typedef struct mf_regex_entry {
  char *pattern; /* owned; NULL: free */
  size_t n;
  uint64_t hash;
  void *compiled; /* owned: the engine's */
  uint32_t size, groups;
} mf_regex_entry;

struct mf_regex_cache {
  const mf_regex *engine; /* NULL: there are no regular expressions */
  mf_alloc alloc;
  mf_regex_entry *entries; /* MF_REGEX_CACHE of them; NULL before the first */
};

void mf_regex_cache_init(mf_regex_cache *cache, const mf_alloc *alloc, const mf_regex *engine);
void mf_regex_cache_fini(mf_regex_cache *cache);
/* The compiled pattern, valid until the next call; else NULL, and *error is the
 * result (or the evaluation ended).  Takes fuel for the pattern's size, whether
 * it was compiled already or not: fuel must not depend on what came before. */
const mf_regex_entry *mf_regex_get(mf_call *call, const mf_value *pattern, mf_value *error);
#endif
