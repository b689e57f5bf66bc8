/* SPDX-License-Identifier: MIT */
#include "value.h"

#include <stdio.h>

/* ---- Names ---- */

static const char *const kind_names[] = {
    [MF_UNSET] = "unset",
    [MF_NULL] = "null_type",
    [MF_BOOL] = "bool",
    [MF_INT] = "int",
    [MF_UINT] = "uint",
    [MF_DOUBLE] = "double",
    [MF_STRING] = "string",
    [MF_BYTES] = "bytes",
    [MF_LIST] = "list",
    [MF_MAP] = "map",
    [MF_TIMESTAMP] = "google.protobuf.Timestamp",
    [MF_DURATION] = "google.protobuf.Duration",
    [MF_TYPE] = "type",
    [MF_OPTIONAL] = "optional_type",
    [MF_ERROR] = "error",
    [MF_IP] = "net.IP",
    [MF_CIDR] = "net.CIDR",
};

const char *mf_kind_name(uint8_t kind) {
  return kind < sizeof kind_names / sizeof *kind_names ? kind_names[kind] : "unknown";
}

mf_value mf_type_value(uint8_t kind) {
  mf_str name = mf_str_of(mf_kind_name(kind));
  mf_value v = {.kind = MF_TYPE, .len = (uint32_t)name.n, .as.s = name.p};
  return v;
}

/* ---- Errors ---- */

/* Messages quote users' data, which may be long: what does not fit is cut, at a
 * code point. */
mf_value mf_verrorf(mf_arena *arena, mf_eval_error code, const char *fmt, va_list args) {
  char text[512];
  int wanted = vsnprintf(text, sizeof text, fmt, args);
  size_t n = wanted < 0 ? 0 : (size_t)wanted;
  if (n >= sizeof text) n = sizeof text - 1;
  n = mf_utf8_valid(text, n);
  char *copy = mf_arena_copy(arena, text, n);
  return mf_error(code, copy ? (mf_str){copy, n} : MF_STR("out of memory"));
}

mf_value mf_errorf(mf_arena *arena, mf_eval_error code, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  mf_value v = mf_verrorf(arena, code, fmt, args);
  va_end(args);
  return v;
}

/* ---- Lists ---- */

mf_value mf_list_of(mf_arena *arena, const mf_value *items, uint32_t n) {
  mf_value v = {.kind = MF_UNSET};
  mf_value *copy = mf_arena_get(arena, sizeof *copy * n);
  if (copy == NULL) return v;
  if (n != 0) memcpy(copy, items, sizeof *copy * n);
  v = (mf_value){.kind = MF_LIST, .len = n, .as.list = copy};
  return v;
}

/* ---- Deep copies ---- */

/* All parts of a copy lie one after another in one block, each rounded up to 8
 * bytes, in the order in which a walk meets them. */
static size_t rounded(size_t n) { return (n + 7) & ~(size_t)7; }

/* Adds the bytes of v's parts to *total.  False when the sum passes max, which
 * also ends the walk over a value that shares parts exponentially often: every
 * element visited was counted by its list before. */
static bool add_size(const mf_value *v, size_t max, unsigned depth, size_t *total);

static bool add_items_size(const mf_value *items, size_t n, size_t max, unsigned depth,
                           size_t *total) {
  if (depth == 0) return false;
  *total += n * sizeof *items;
  if (*total > max) return false;
  for (size_t i = 0; i < n; i++)
    if (!add_size(&items[i], max, depth - 1, total)) return false;
  return true;
}

static bool add_size(const mf_value *v, size_t max, unsigned depth, size_t *total) {
  switch (v->kind) {
    case MF_STRING:
    case MF_BYTES:
    case MF_TYPE:
    case MF_IP:
    case MF_CIDR:
    case MF_ERROR: *total += rounded(v->len); return *total <= max;
    case MF_LIST: return add_items_size(v->as.list, v->len, max, depth, total);
    case MF_OPTIONAL: return add_items_size(v->as.list, v->as.list != NULL, max, depth, total);
    case MF_MAP: {
      const mf_map *map = v->as.map;
      *total += rounded(sizeof *map) + rounded(sizeof(uint32_t) * mf_map_index_size(map->count));
      /* A pair is two values. */
      return add_items_size((const void *)map->pairs, (size_t)map->count * 2, max, depth, total);
    }
    default: return true;
  }
}

size_t mf_value_size(const mf_value *v, size_t max) {
  size_t total = 0;
  return add_size(v, max, MF_VALUE_DEPTH, &total) ? total : SIZE_MAX;
}

static void *take(char **at, size_t n) {
  void *p = *at;
  *at += rounded(n);
  return p;
}

static mf_value place(const mf_value *v, char **at);

static const mf_value *place_items(const mf_value *items, size_t n, char **at) {
  mf_value *copy = take(at, n * sizeof *copy);
  for (size_t i = 0; i < n; i++) copy[i] = place(&items[i], at);
  return copy;
}

static const mf_map *place_map(const mf_map *map, char **at) {
  mf_map *copy = take(at, sizeof *copy);
  uint32_t size = mf_map_index_size(map->count);
  uint32_t *index = take(at, sizeof *index * size);
  mf_pair *pairs = take(at, sizeof *pairs * map->count);
  for (uint32_t i = 0; i < map->count; i++) {
    pairs[i].key = place(&map->pairs[i].key, at);
    pairs[i].value = place(&map->pairs[i].value, at);
  }
  mf_map_index_fill(index, size, pairs, map->count);
  *copy = (mf_map){map->count, size ? size - 1 : 0, pairs, size ? index : NULL};
  return copy;
}

static mf_value place(const mf_value *v, char **at) {
  mf_value copy = *v;
  switch (v->kind) {
    case MF_STRING:
    case MF_BYTES:
    case MF_TYPE:
    case MF_IP:
    case MF_CIDR:
    case MF_ERROR: copy.as.s = v->len ? memcpy(take(at, v->len), v->as.s, v->len) : ""; break;
    case MF_LIST: copy.as.list = v->len ? place_items(v->as.list, v->len, at) : NULL; break;
    case MF_OPTIONAL:
      if (v->as.list) copy.as.list = place_items(v->as.list, 1, at);
      break;
    case MF_MAP: copy.as.map = place_map(v->as.map, at); break;
    default: break;
  }
  return copy;
}

mf_value mf_value_place(const mf_value *v, void *block) {
  char *at = block;
  return place(v, &at);
}

mf_value mf_value_copy(mf_arena *arena, const mf_value *v) {
  mf_value none = {.kind = MF_UNSET};
  size_t size = mf_value_size(v, arena->limit ? arena->limit : SIZE_MAX / 4);
  if (size == 0) return mf_value_place(v, NULL);
  void *block = size == SIZE_MAX ? NULL : mf_arena_get(arena, size);
  return block ? mf_value_place(v, block) : none;
}
