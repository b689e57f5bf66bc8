/* SPDX-License-Identifier: MIT */
#include "select.h"

#include "../base/limits.h"
#include "../image/keys.h"
#include "compare.h"
#include "fn_kit.h"

/* ---- Elements and entries ---- */

static mf_value no_key(mf_call *call, const mf_value *key) {
  char text[MF_QUOTED_SIZE];
  return mf_call_error(call, MF_EVAL_NO_KEY, "no key %s", mf_quoted(key, text));
}

static bool charge_find(mf_call *call, const mf_map *map, const mf_value *key) {
  return mf_charge(call, mf_map_find_cost(map, key));
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
  if (!charge_find(call, map->as.map, key)) return mf_null();
  const mf_value *entry = mf_map_find(map->as.map, *key);
  return entry ? *entry : no_key(call, key);
}

mf_value mf_index(mf_call *call, const mf_value *x, const mf_value *i) {
  uint32_t flags = x->flags | i->flags;
  if (x->kind == MF_ERROR) return *x;
  if (i->kind == MF_ERROR) return *i;
  if (x->kind == MF_OPTIONAL) return mf_optional_index(call, x, i);
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
  if (x->kind == MF_OPTIONAL) return mf_optional_field(call, x, key);
  if (x->kind != MF_MAP) return no_fields(call, x, key);
  return mf_with_taint(map_entry(call, x, key), x->flags);
}

mf_value mf_has_field(mf_call *call, const mf_value *x, const mf_value *key) {
  if (x->kind == MF_ERROR) return *x;
  if (x->kind == MF_OPTIONAL)
    return x->as.list ? mf_has_field(call, x->as.list, key) : mf_bool(false);
  if (x->kind != MF_MAP) return no_fields(call, x, key);
  if (!charge_find(call, x->as.map, key)) return mf_null();
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
  if (!charge_find(call, y->as.map, x)) return mf_null();
  return mf_bool(mf_map_find(y->as.map, *x) != NULL);
}

/* ---- Optional parts ---- */

mf_value mf_optional_wrap(mf_call *call, const mf_value *v) {
  return v->kind == MF_ERROR ? *v : mf_optional_of(call, v);
}

mf_value mf_optional_check(mf_call *call, const mf_value *v) {
  if (v->kind == MF_OPTIONAL || v->kind == MF_ERROR) return *v;
  return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "a value of type %s is no optional",
                       mf_kind_name(v->kind));
}

/* Marks are in aux, which optionals have no other use for. */
enum { ELEMENT = 1 };

mf_value mf_optional_element(mf_call *call, const mf_value *v) {
  mf_value marked = mf_optional_check(call, v);
  if (marked.kind == MF_OPTIONAL) marked.aux = ELEMENT;
  return marked;
}

static bool is_element(const mf_value *v) { return v->kind == MF_OPTIONAL && v->aux == ELEMENT; }

/* The optional of a part, NULL: none. */
static mf_value optional_part(mf_call *call, const mf_value *part, uint32_t flags) {
  return mf_with_taint(mf_optional_of(call, part), flags);
}

static mf_value optional_element(mf_call *call, const mf_value *list, const mf_value *i) {
  int64_t at;
  if (!list_position(i, &at)) return list_element(call, list, i);
  bool has = at >= 0 && at < list->len;
  return optional_part(call, has ? &list->as.list[at] : NULL, list->flags | i->flags);
}

static mf_value optional_entry(mf_call *call, const mf_value *map, const mf_value *key) {
  if (!charge_find(call, map->as.map, key)) return mf_null();
  return optional_part(call, mf_map_find(map->as.map, *key), map->flags | key->flags);
}

mf_value mf_optional_index(mf_call *call, const mf_value *x, const mf_value *i) {
  if (x->kind == MF_OPTIONAL) {
    if (i->kind == MF_ERROR || x->as.list == NULL) return i->kind == MF_ERROR ? *i : *x;
    return mf_with_taint(mf_optional_index(call, x->as.list, i), x->flags);
  }
  if (x->kind == MF_ERROR || i->kind == MF_ERROR) return mf_index(call, x, i);
  if (x->kind == MF_LIST) return optional_element(call, x, i);
  return x->kind == MF_MAP ? optional_entry(call, x, i) : mf_index(call, x, i);
}

mf_value mf_optional_field(mf_call *call, const mf_value *x, const mf_value *key) {
  if (x->kind == MF_OPTIONAL)
    return x->as.list ? mf_with_taint(mf_optional_field(call, x->as.list, key), x->flags) : *x;
  return x->kind == MF_MAP ? optional_entry(call, x, key) : mf_field(call, x, key);
}

/* ---- Lists and maps ---- */

/* What there is to know of items before they are put together. */
typedef struct survey {
  const mf_value *error; /* the first, else NULL */
  uint32_t flags;        /* of all */
  bool has_optional;     /* some element may be left out */
} survey;

static survey look_at(const mf_value *items, size_t n) {
  survey s = {.error = NULL};
  for (size_t i = 0; i < n; i++) {
    if (items[i].kind == MF_ERROR && s.error == NULL) s.error = &items[i];
    s.flags |= items[i].flags;
    s.has_optional |= is_element(&items[i]);
  }
  return s;
}

/* The n items without those that are left out; NULL when out of memory. */
static const mf_value *take_optionals(mf_call *call, const mf_value *items, uint32_t *n) {
  mf_value *taken = mf_call_get(call, sizeof *taken * *n);
  uint32_t count = 0;
  for (uint32_t i = 0; taken && i < *n; i++) {
    const mf_value *item = is_element(&items[i]) ? items[i].as.list : &items[i];
    if (item) taken[count++] = *item;
  }
  *n = count;
  return taken;
}

mf_value mf_make_list(mf_call *call, const mf_value *items, uint32_t n) {
  survey s = look_at(items, n);
  if (s.error) return *s.error;
  if (n > MF_LIMIT_LIST_ELEMENTS) return mf_call_end(call, MF_VALUE_TOO_LARGE);
  if (!mf_charge(call, n)) return mf_null();
  if (s.has_optional) items = take_optionals(call, items, &n);
  if (items == NULL) return mf_null();
  mf_value list = mf_list_of(call->arena, items, n);
  if (list.kind == MF_UNSET) return mf_call_end(call, MF_OUT_OF_MEMORY);
  return mf_with_taint(list, s.flags);
}

mf_value mf_make_map(mf_call *call, const mf_value *items, uint32_t n) {
  mf_map_builder b;
  survey s = look_at(items, (size_t)n * 2);
  if (s.error) return *s.error;
  if (n > MF_LIMIT_LIST_ELEMENTS) return mf_call_end(call, MF_VALUE_TOO_LARGE);
  if (!mf_charge(call, (uint64_t)n * 2)) return mf_null();
  mf_map_build(&b, call->arena);
  for (uint32_t i = 0; i < n; i++) {
    if (!mf_key_kind_ok(items[2 * i].kind))
      return mf_call_error(call, MF_EVAL_BAD_KEY, "a map key cannot be of type %s",
                           mf_kind_name(items[2 * i].kind));
    if (!mf_charge(call, mf_key_cost(&items[2 * i]))) return mf_null();
    const mf_value *value = &items[2 * i + 1];
    if (is_element(value)) value = value->as.list;
    if (value) mf_map_add_value(&b, items[2 * i], *value);
  }
  mf_value map = mf_map_done(&b);
  if (map.kind == MF_UNSET) return mf_call_end(call, MF_OUT_OF_MEMORY);
  if (b.repeated) return mf_error(MF_EVAL_BAD_KEY, MF_STR("a map key is repeated"));
  return mf_with_taint(map, s.flags);
}
