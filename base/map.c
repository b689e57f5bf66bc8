/* SPDX-License-Identifier: MIT */
#include "map.h"

void mf_names_init(mf_names *names, mf_arena *arena) { *names = (mf_names){.arena = arena}; }

/* The place in the index of `name`, or the empty one where it belongs. */
static uint32_t probe(const mf_names *names, mf_str name, uint64_t hash) {
  uint32_t at = (uint32_t)hash & names->mask;
  while (names->index[at] != 0) {
    const mf_names_entry *e = &names->entries[names->index[at] - 1];
    if (e->hash == hash && mf_str_eq(e->name, name)) break;
    at = (at + 1) & names->mask;
  }
  return at;
}

uint32_t mf_names_get(const mf_names *names, mf_str name) {
  if (names->count == 0) return MF_NAMES_NONE;
  uint32_t position = names->index[probe(names, name, mf_str_hash(name))];
  return position ? names->entries[position - 1].value : MF_NAMES_NONE;
}

/* Doubles the entries; the index has twice as many places, so that probes stay
 * short and always end. */
static bool grow(mf_names *names) {
  uint32_t cap = names->cap ? names->cap * 2 : 8;
  if (cap > UINT32_MAX / 4) return false;
  mf_names_entry *entries = mf_arena_get(names->arena, sizeof *entries * cap);
  uint32_t *index = MF_NEW_ARRAY(names->arena, uint32_t, cap * 2);
  if (entries == NULL || index == NULL) return false;
  if (names->count) memcpy(entries, names->entries, sizeof *entries * names->count);
  names->entries = entries;
  names->index = index;
  names->cap = cap;
  names->mask = cap * 2 - 1;
  for (uint32_t i = 0; i < names->count; i++)
    index[probe(names, entries[i].name, entries[i].hash)] = i + 1;
  return true;
}

bool mf_names_set(mf_names *names, mf_str name, uint32_t value) {
  if (names->count == names->cap && !grow(names)) return false;
  uint64_t hash = mf_str_hash(name);
  uint32_t at = probe(names, name, hash);
  if (names->index[at] == 0) {
    names->entries[names->count] = (mf_names_entry){name, hash, value};
    names->index[at] = ++names->count;
  } else {
    names->entries[names->index[at] - 1].value = value;
  }
  return true;
}
