/* SPDX-License-Identifier: MIT */
#include "select.h"

#include "../base/limits.h"
#include "../image/keys.h"
#include "compare.h"

/* ---- Elements and entries ---- */

static mf_value no_key(mf_call *call, const mf_value *key) {
  char text[MF_QUOTED_SIZE];
  return mf_call_error(call, MF_EVAL_NO_KEY, "no key %s", mf_quoted(key, text));
}

/* Fuel of finding one key: without an index every entry is looked at. */
static bool charge_find(mf_call *call, const mf_map *map) {
  return mf_charge(call, map->index ? 1 : map->count);
}

/* A list position: an int, or a uint or double that equals one.  Those that fit
 * no list become -1. */
static bool list_position(const mf_value *i, int64_t *at) {
  switch (i->kind) {
    case MF_INT: *at = i->as.i; return true;
    case MF_UINT: *at = i->as.u <= UINT32_MAX ? (int64_t)i->as.u : -1; return true;
    case MF_DOUBLE:
      *at = i->as.d >= 0 && i->as.d <= UINT32_MAX ? (int64_t)i->as.d : -1;
      return *at == -1 || (double)*at == i->as.d;
    default: return false;
  }
}

static mf_value list_element(mf_call *call, const mf_value *list, const mf_value *i) {
  char text[MF_QUOTED_SIZE];
  int64_t at;
  if (!list_position(i, &at))
    return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "a list has no element %s", mf_quoted(i, text));
  if (at < 0 || at >= list->len)
    return mf_call_error(call, MF_EVAL_OUT_OF_RANGE, "no element %s in a list of %u",
                         mf_quoted(i, text), list->len);
  return list->as.list[at];
}

static mf_value map_entry(mf_call *call, const mf_value *map, const mf_value *key) {
  if (!charge_find(call, map->as.map)) return mf_null();
  const mf_value *entry = mf_map_find(map->as.map, *key);
  return entry ? *entry : no_key(call, key);
}

mf_value mf_index(mf_call *call, const mf_value *x, const mf_value *i) {
  uint32_t flags = x->flags | i->flags;
  if (x->kind == MF_ERROR) return *x;
  if (i->kind == MF_ERROR) return *i;
  if (x->kind == MF_LIST) return mf_with_taint(list_element(call, x, i), flags);
  if (x->kind == MF_MAP) return mf_with_taint(map_entry(call, x, i), flags);
  return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "no overload for %s[%s]", mf_kind_name(x->kind),
                       mf_kind_name(i->kind));
}

static mf_value no_fields(mf_call *call, const mf_value *x, const mf_value *key) {
  char text[MF_QUOTED_SIZE];
  return mf_call_error(call, MF_EVAL_NO_KEY, "a value of type %s has no field %s",
                       mf_kind_name(x->kind), mf_quoted(key, text));
}

mf_value mf_field(mf_call *call, const mf_value *x, const mf_value *key) {
  if (x->kind == MF_ERROR) return *x;
  if (x->kind != MF_MAP) return no_fields(call, x, key);
  return mf_with_taint(map_entry(call, x, key), x->flags);
}

mf_value mf_has_field(mf_call *call, const mf_value *x, const mf_value *key) {
  if (x->kind == MF_ERROR) return *x;
  if (x->kind != MF_MAP) return no_fields(call, x, key);
  if (!charge_find(call, x->as.map)) return mf_null();
  return mf_bool(mf_map_find(x->as.map, *key) != NULL);
}

static mf_value in_list(mf_call *call, const mf_value *x, const mf_value *list) {
  for (uint32_t i = 0; i < list->len && mf_charge(call, 1); i++)
    if (mf_equal(call, x, &list->as.list[i])) return mf_bool(true);
  return mf_bool(false);
}

mf_value mf_in(mf_call *call, const mf_value *x, const mf_value *y) {
  if (x->kind == MF_ERROR) return *x;
  if (y->kind == MF_ERROR) return *y;
  if (y->kind == MF_LIST) return in_list(call, x, y);
  if (y->kind != MF_MAP)
    return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "no overload for %s in %s",
                         mf_kind_name(x->kind), mf_kind_name(y->kind));
  if (!charge_find(call, y->as.map)) return mf_null();
  return mf_bool(mf_map_find(y->as.map, *x) != NULL);
}

/* ---- Lists and maps ---- */

/* The first error among n items, else NULL; *flags gets all their flags. */
static const mf_value *first_error(const mf_value *items, size_t n, uint32_t *flags) {
  *flags = 0;
  for (size_t i = 0; i < n; i++) {
    if (items[i].kind == MF_ERROR) return &items[i];
    *flags |= items[i].flags;
  }
  return NULL;
}

mf_value mf_make_list(mf_call *call, const mf_value *items, uint32_t n) {
  uint32_t flags;
  const mf_value *error = first_error(items, n, &flags);
  if (error) return *error;
  if (n > MF_LIMIT_LIST_ELEMENTS) return mf_call_end(call, MF_VALUE_TOO_LARGE);
  if (!mf_charge(call, n)) return mf_null();
  mf_value list = mf_list_of(call->arena, items, n);
  if (list.kind == MF_UNSET) return mf_call_end(call, MF_OUT_OF_MEMORY);
  return mf_with_taint(list, flags);
}

mf_value mf_make_map(mf_call *call, const mf_value *items, uint32_t n) {
  mf_map_builder b;
  uint32_t flags;
  const mf_value *error = first_error(items, (size_t)n * 2, &flags);
  if (error) return *error;
  if (n > MF_LIMIT_LIST_ELEMENTS) return mf_call_end(call, MF_VALUE_TOO_LARGE);
  if (!mf_charge(call, (uint64_t)n * 2)) return mf_null();
  mf_map_build(&b, call->arena);
  for (uint32_t i = 0; i < n; i++) {
    if (!mf_key_kind_ok(items[2 * i].kind))
      return mf_call_error(call, MF_EVAL_BAD_KEY, "a map key cannot be of type %s",
                           mf_kind_name(items[2 * i].kind));
    mf_map_add_value(&b, items[2 * i], items[2 * i + 1]);
  }
  mf_value map = mf_map_done(&b);
  if (map.kind == MF_UNSET) return mf_call_end(call, MF_OUT_OF_MEMORY);
  if (b.repeated) return mf_error(MF_EVAL_BAD_KEY, MF_STR("a map key is repeated"));
  return mf_with_taint(map, flags);
}
