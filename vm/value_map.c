/* SPDX-License-Identifier: MIT */
/* Maps: building them, and finding entries by CEL's rules for keys. */
#include "../image/keys.h"
#include "value.h"

/* ---- Keys ---- */

/* What is looked up may also be a double that equals an integer: makes it that
 * integer.  False for what can be no key: fractions, NaN, other kinds. */
static bool as_key(mf_value *key) {
  double d = key->as.d;
  if (key->kind != MF_DOUBLE) return mf_key_kind_ok(key->kind);
  if (d >= -0x1p63 && d < 0x1p63) {
    *key = mf_int((int64_t)d);
    return (double)key->as.i == d;
  }
  if (!(d >= 0x1p63 && d < 0x1p64)) return false;
  *key = mf_uint((uint64_t)d);
  return true;
}

/* ---- Indexes ---- */

uint32_t mf_map_index_size(uint32_t count) {
  uint32_t size = 2 * MF_MAP_SMALL;
  if (count <= MF_MAP_SMALL) return 0;
  while (size < (uint64_t)count * 2) size *= 2;
  return size;
}

/* The place of the key in the index: of its entry, or the free one where it
 * belongs. */
static uint32_t index_place(const uint32_t *index, uint32_t mask, const mf_pair *pairs,
                            const mf_value *key) {
  uint32_t at = mf_key_hash(key) & mask;
  while (index[at] != 0 && !mf_key_equal(&pairs[index[at] - 1].key, key)) at = (at + 1) & mask;
  return at;
}

void mf_map_index_fill(uint32_t *index, uint32_t size, const mf_pair *pairs, uint32_t count) {
  if (size == 0) return;
  memset(index, 0, sizeof *index * size);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t at = index_place(index, size - 1, pairs, &pairs[i].key);
    if (index[at] == 0) index[at] = i + 1;
  }
}

/* ---- Finding ---- */

static const mf_value *find(const mf_map *map, const mf_value *key) {
  if (map->index) {
    uint32_t at = index_place(map->index, map->index_mask, map->pairs, key);
    return map->index[at] ? &map->pairs[map->index[at] - 1].value : NULL;
  }
  for (uint32_t i = 0; i < map->count; i++)
    if (mf_key_equal(&map->pairs[i].key, key)) return &map->pairs[i].value;
  return NULL;
}

uint64_t mf_key_cost(const mf_value *key) {
  return key->kind == MF_STRING ? (uint64_t)(key->len / (MF_KEY_SHORT + 1)) * MF_MAP_SMALL : 0;
}

uint64_t mf_map_find_cost(const mf_map *map, const mf_value *key) {
  return (map->index ? 1 : map->count) + mf_key_cost(key);
}

const mf_value *mf_map_find(const mf_map *map, mf_value key) {
  return as_key(&key) ? find(map, &key) : NULL;
}

const mf_value *mf_map_get(const mf_value *map, mf_str key) {
  if (map == NULL || map->kind != MF_MAP) return NULL;
  mf_value text = mf_string(key);
  return find(map->as.map, &text);
}

mf_str mf_map_str(const mf_value *map, const char *key, const char *fallback) {
  const mf_value *v = mf_map_get(map, mf_str_of(key));
  return v && v->kind == MF_STRING ? mf_value_str(*v) : mf_str_of(fallback);
}

double mf_map_number(const mf_value *map, const char *key, double fallback) {
  const mf_value *v = mf_map_get(map, mf_str_of(key));
  if (v == NULL) return fallback;
  switch (v->kind) {
    case MF_INT: return (double)v->as.i;
    case MF_UINT: return (double)v->as.u;
    case MF_DOUBLE: return v->as.d;
    case MF_DURATION: return (double)v->as.i / 1e9;
    default: return fallback;
  }
}

bool mf_map_bool(const mf_value *map, const char *key, bool fallback) {
  const mf_value *v = mf_map_get(map, mf_str_of(key));
  return v && v->kind == MF_BOOL ? v->as.i != 0 : fallback;
}

/* ---- Building ---- */

void mf_map_build(mf_map_builder *b, mf_arena *arena) { *b = (mf_map_builder){.arena = arena}; }

static bool grow(mf_map_builder *b) {
  uint32_t cap = b->cap ? b->cap * 2 : MF_MAP_SMALL;
  mf_pair *pairs = cap > b->cap ? mf_arena_get(b->arena, sizeof *pairs * (size_t)cap) : NULL;
  if (pairs == NULL) {
    b->failed = true;
    return false;
  }
  if (b->count) memcpy(pairs, b->pairs, sizeof *pairs * b->count);
  b->pairs = pairs;
  b->cap = cap;
  return true;
}

void mf_map_add_value(mf_map_builder *b, mf_value key, mf_value value) {
  if (b->failed || (b->count == b->cap && !grow(b))) return;
  b->pairs[b->count++] = (mf_pair){key, value};
}

void mf_map_add(mf_map_builder *b, const char *key, mf_value value) {
  mf_map_add_value(b, mf_string(mf_str_of(key)), value);
}

/* Appends entry `from` to the `count` entries kept so far, unless its key is
 * among them: then its value replaces that one's. */
static uint32_t keep_entry(mf_map_builder *b, uint32_t count, uint32_t from, uint32_t *index,
                           uint32_t size) {
  mf_pair entry = b->pairs[from];
  uint32_t earlier = count;
  if (size) {
    uint32_t at = index_place(index, size - 1, b->pairs, &entry.key);
    if (index[at])
      earlier = index[at] - 1;
    else
      index[at] = count + 1;
  } else {
    for (earlier = 0; earlier < count; earlier++)
      if (mf_key_equal(&b->pairs[earlier].key, &entry.key)) break;
  }
  if (earlier < count) {
    b->pairs[earlier].value = entry.value;
    b->repeated = true;
    return count;
  }
  b->pairs[count] = entry;
  return count + 1;
}

mf_value mf_map_done(mf_map_builder *b) {
  mf_value v = {.kind = MF_UNSET};
  uint32_t size = mf_map_index_size(b->count), count = 0;
  uint32_t *index = size ? mf_arena_zero(b->arena, sizeof *index * size) : NULL;
  mf_map *map = mf_arena_get(b->arena, sizeof *map);
  if (b->failed || map == NULL || (size && index == NULL)) return v;
  /* An index place refers to an entry before that entry is in place: index_place
   * looks at the kept entries only, which lie before `count`. */
  for (uint32_t i = 0; i < b->count; i++) count = keep_entry(b, count, i, index, size);
  *map = (mf_map){count, size ? size - 1 : 0, b->pairs, index};
  v = (mf_value){.kind = MF_MAP, .len = count, .as.map = map};
  return v;
}
