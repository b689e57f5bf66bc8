/* map - text to uint32, open addressing, insertion order kept.
 *
 * Keys are borrowed: they must outlive the map.  Memory comes from an arena
 * (old tables are left to it). */
#ifndef MF_BASE_MAP_H
#define MF_BASE_MAP_H
#include "text.h"

typedef struct mf_names_entry {
  mf_str name;
  uint32_t hash, value;
} mf_names_entry;
typedef struct mf_names {
  mf_arena *arena;
  mf_names_entry *entries; /* in insertion order */
  uint32_t count, cap;
  uint32_t *index; /* position + 1, 0 empty */
  uint32_t mask;
} mf_names;

#define MF_NAMES_NONE UINT32_MAX
void mf_names_init(mf_names *names, mf_arena *arena);
/* The value of name, or MF_NAMES_NONE. */
uint32_t mf_names_get(const mf_names *names, mf_str name);
/* The entry of name, with value MF_NAMES_NONE when it was added just now: whoever
 * added it may then let entry->name borrow from elsewhere.  Valid until the next
 * name is added.  NULL when out of memory. */
mf_names_entry *mf_names_entry_of(mf_names *names, mf_str name);
/* Adds or overwrites.  False when out of memory. */
bool mf_names_set(mf_names *names, mf_str name, uint32_t value);
#endif
