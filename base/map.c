/* SPDX-License-Identifier: MIT */
#include "map.h"

void mf_names_init(mf_names *names, mf_arena *arena) { *names = (mf_names){.arena = arena}; }

/* The place in the index of `name`, or the empty one where it belongs. */
static uint32_t probe(const mf_names *names, mf_str name, uint32_t hash) {
  uint32_t at = hash & names->mask;
  while (names->index[at] != 0) {
    const mf_names_entry *e = &names->entries[names->index[at] - 1];
    if (e->hash == hash && mf_str_eq(e->name, name)) break;
    at = (at + 1) & names->mask;
  }
  return at;
}

uint32_t mf_names_get(const mf_names *names, mf_str name) {
  if (names->count == 0) return MF_NAMES_NONE;
  uint32_t position = names->index[probe(names, name, (uint32_t)mf_str_hash(name))];
  return position ? names->entries[position - 1].value : MF_NAMES_NONE;
}

/* Doubles the entries; the index has twice as many places, so that probes stay
 * short and always end. */
static bool grow(mf_names *names) {
  uint32_t cap = names->cap ? names->cap * 2 : 8;
  if (cap > UINT32_MAX / 4) return false;
  mf_names_entry *entries = mf_arena_grow(names->arena, names->entries,
                                          sizeof *entries * names->cap, sizeof *entries * cap);
  if (entries == NULL) return false;
  names->entries = entries;
  uint32_t *index = mf_arena_grow(names->arena, names->index, sizeof *index * 2 * names->cap,
                                  sizeof *index * 2 * cap);
  if (index == NULL) return false;
  memset(index, 0, sizeof *index * 2 * cap);
  names->index = index;
  names->cap = cap;
  names->mask = cap * 2 - 1;
  for (uint32_t i = 0; i < names->count; i++) {
    uint32_t at = entries[i].hash & names->mask; /* they differ: no need to compare */
    while (index[at] != 0) at = (at + 1) & names->mask;
    index[at] = i + 1;
  }
  return true;
}

mf_names_entry *mf_names_entry_of(mf_names *names, mf_str name) {
  if (names->count == names->cap && !grow(names)) return NULL;
  const uint32_t hash = (uint32_t)mf_str_hash(name), at = probe(names, name, hash);
  if (names->index[at] == 0) {
    names->entries[names->count] = (mf_names_entry){name, hash, MF_NAMES_NONE};
    names->index[at] = ++names->count;
  }
  return &names->entries[names->index[at] - 1];
}

bool mf_names_set(mf_names *names, mf_str name, uint32_t value) {
  mf_names_entry *entry = mf_names_entry_of(names, name);
  if (entry) entry->value = value;
  return entry != NULL;
}
