/* SPDX-License-Identifier: MIT */
#include "plain_json.h"

#include "../base/map.h"

static mf_value value_of(mf_arena *arena, const mf_json *node);

static uint32_t count_members(const mf_json *node) {
  uint32_t n = 0;
  for (const mf_json *m = node->as.first; m; m = m->next) n++;
  return n;
}

static mf_value list_of(mf_arena *arena, const mf_json *node) {
  uint32_t n = count_members(node), i = 0;
  mf_value *items = MF_NEW_ARRAY(arena, mf_value, n);
  if (!items) return (mf_value){.kind = MF_UNSET};
  for (const mf_json *m = node->as.first; m; m = m->next) items[i++] = value_of(arena, m);
  return (mf_value){.kind = MF_LIST, .len = n, .as.list = items};
}

/* A repeated key keeps its first place and its last value. */
static mf_value map_of(mf_arena *arena, const mf_json *node) {
  mf_map_builder b;
  mf_names seen;
  mf_map_build(&b, arena);
  mf_names_init(&seen, arena);
  for (const mf_json *m = node->as.first; m; m = m->next) {
    uint32_t at = mf_names_get(&seen, m->key);
    mf_value value = value_of(arena, m);
    if (at != MF_NAMES_NONE && at < b.count) {
      b.pairs[at].value = value;
    } else {
      if (!mf_names_set(&seen, m->key, b.count)) break;
      mf_map_add_value(&b, mf_string(m->key), value);
    }
  }
  return mf_map_done(&b);
}

/* Recursion is bounded by the parser's nesting limit. */
static mf_value value_of(mf_arena *arena, const mf_json *node) {
  switch (node->kind) {
    case MF_JSON_BOOL: return mf_bool(node->as.b);
    case MF_JSON_INT: return mf_int(node->as.i);
    case MF_JSON_UINT: return mf_uint(node->as.u);
    case MF_JSON_DOUBLE: return mf_double(node->as.d);
    case MF_JSON_STRING: return mf_string(node->as.s);
    case MF_JSON_LIST: return list_of(arena, node);
    case MF_JSON_MAP: return map_of(arena, node);
    default: return mf_null();
  }
}

mf_value mf_plain_json(mf_arena *arena, mf_str text) {
  const char *error = NULL;
  uint32_t offset;
  const mf_json *root = mf_json_parse(arena, text, &error, &offset);
  if (!root) return (mf_value){.kind = MF_UNSET};
  mf_value value = value_of(arena, root);
  return mf_arena_oom(arena) ? (mf_value){.kind = MF_UNSET} : value;
}
