/* SPDX-License-Identifier: MIT */
/* cel_types - whether the values that come out have the types that the checker
 * promised. */
#ifndef MF_TESTS_CEL_TYPES_H
#define MF_TESTS_CEL_TYPES_H
#include "../../compiler/expr_types.h"
#include "../../vm/value.h"

static inline bool cel_has_type(const mf_value *v, const mf_type *t);

static inline bool cel_elements_have_type(const mf_value *v, const mf_type *t) {
  for (uint32_t i = 0; i < v->len; i++)
    if (!cel_has_type(&v->as.list[i], t)) return false;
  return true;
}

static inline bool cel_entries_have_types(const mf_value *v, const mf_type *key,
                                          const mf_type *value) {
  for (uint32_t i = 0; i < v->len; i++)
    if (!cel_has_type(&v->as.map->pairs[i].key, key) ||
        !cel_has_type(&v->as.map->pairs[i].value, value))
      return false;
  return true;
}

static inline bool cel_has_type(const mf_value *v, const mf_type *t) {
  bool nullable = t->kind == MF_TYPE_TIMESTAMP || t->kind == MF_TYPE_DURATION ||
                  t->kind == MF_TYPE_OPTIONAL || t->kind == MF_TYPE_ABSTRACT;
  if (mf_type_is_dyn(t)) return true;
  if (v->kind == MF_NULL) return t->kind == MF_TYPE_NULL || nullable;
  switch ((mf_type_kind)t->kind) {
    case MF_TYPE_NUMBER: return v->kind == MF_INT || v->kind == MF_UINT || v->kind == MF_DOUBLE;
    case MF_TYPE_LIST: return v->kind == MF_LIST && cel_elements_have_type(v, t->args[0]);
    case MF_TYPE_MAP: return v->kind == MF_MAP && cel_entries_have_types(v, t->args[0], t->args[1]);
    case MF_TYPE_OPTIONAL:
      return v->kind == MF_OPTIONAL && (!v->as.list || cel_has_type(v->as.list, t->args[0]));
    case MF_TYPE_ABSTRACT: return v->kind == MF_IP || v->kind == MF_CIDR;
    case MF_TYPE_BOOL: return v->kind == MF_BOOL;
    case MF_TYPE_INT: return v->kind == MF_INT;
    case MF_TYPE_UINT: return v->kind == MF_UINT;
    case MF_TYPE_DOUBLE: return v->kind == MF_DOUBLE;
    case MF_TYPE_STRING: return v->kind == MF_STRING;
    case MF_TYPE_BYTES: return v->kind == MF_BYTES;
    case MF_TYPE_TIMESTAMP: return v->kind == MF_TIMESTAMP;
    case MF_TYPE_DURATION: return v->kind == MF_DURATION;
    case MF_TYPE_TYPE: return v->kind == MF_TYPE;
    default: return false;
  }
}

/* The same for a type as text. */
static inline bool cel_has_type_text(const mf_value *v, mf_str type) {
  mf_arena arena;
  mf_arena_init(&arena, NULL, 0);
  const mf_type *t = mf_type_parse(&arena, type);
  bool ok = v->kind == MF_ERROR || (t != NULL && cel_has_type(v, t));
  mf_arena_fini(&arena);
  return ok;
}
#endif
