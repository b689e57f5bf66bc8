/* SPDX-License-Identifier: MIT */
#include "keys.h"
#include "parts.h"

mf_value mf_list_constant(mf_arena *arena, const mf_value *values, const uint32_t *numbers,
                          uint32_t len) {
  mf_value *items = mf_arena_get(arena, len * sizeof *items);
  if (items == NULL) return (mf_value){.kind = MF_UNSET};
  for (uint32_t i = 0; i < len; i++) items[i] = values[numbers[i]];
  return (mf_value){.kind = MF_LIST, .len = len, .as.list = items};
}

/* Whether the key of pair i equals an earlier one. */
static bool is_repeated(const mf_pair *pairs, uint32_t i) {
  for (uint32_t j = 0; j < i; j++)
    if (mf_key_equal(&pairs[j].key, &pairs[i].key)) return true;
  return false;
}

/* Enters the key of pair i; false when an equal one is there. */
static bool enter_key(uint32_t *index, uint32_t mask, const mf_pair *pairs, uint32_t i) {
  uint32_t at = mf_key_hash(&pairs[i].key) & mask;
  for (; index[at] != 0; at = (at + 1) & mask)
    if (mf_key_equal(&pairs[index[at] - 1].key, &pairs[i].key)) return false;
  index[at] = i + 1;
  return true;
}

static const mf_value bad_key = {.kind = MF_ERROR, .aux = MF_EVAL_BAD_KEY};

/* Gives a map of more than MF_MAP_SMALL entries its index. */
static mf_value index_map(mf_arena *arena, mf_map *map) {
  uint32_t size = 32;
  while (size / 2 < map->count) size *= 2;
  uint32_t *index = mf_arena_zero(arena, size * sizeof *index);
  if (index == NULL) return (mf_value){.kind = MF_UNSET};
  for (uint32_t i = 0; i < map->count; i++)
    if (!enter_key(index, size - 1, map->pairs, i)) return bad_key;
  map->index = index;
  map->index_mask = size - 1;
  return (mf_value){.kind = MF_MAP, .len = map->count, .as.map = map};
}

mf_value mf_map_constant(mf_arena *arena, const mf_value *values, const uint32_t *numbers,
                         uint32_t len) {
  mf_map *map = MF_NEW(arena, mf_map);
  mf_pair *pairs = mf_arena_get(arena, len * sizeof *pairs);
  if (map == NULL || pairs == NULL) return (mf_value){.kind = MF_UNSET};
  map->count = len;
  map->pairs = pairs;
  for (uint32_t i = 0; i < len; i++) {
    pairs[i] = (mf_pair){values[numbers[2 * (size_t)i]], values[numbers[2 * (size_t)i + 1]]};
    if (!mf_key_kind_ok(pairs[i].key.kind)) return bad_key;
    if (len <= MF_MAP_SMALL && is_repeated(pairs, i)) return bad_key;
  }
  if (len > MF_MAP_SMALL) return index_map(arena, map);
  return (mf_value){.kind = MF_MAP, .len = len, .as.map = map};
}
