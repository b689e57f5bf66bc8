/* SPDX-License-Identifier: MIT */
/* values - variables given from outside: --var texts and --vars files. */
#include "../base/json.h"
#include "../base/limits.h"
#include "../include/mfvm_tools.h"
#include "../vm/value.h"
#include "ast.h"
#include "core_schema.h"

struct mf_values {
  mf_arena arena;
  mf_value value;
};

static mf_values *new_values(const mf_alloc *alloc) {
  mf_values *v = mf_realloc(alloc, NULL, 0, sizeof *v);
  if (!v) return NULL;
  mf_arena_init(&v->arena, alloc, 0);
  v->value = (mf_value){.kind = MF_UNSET};
  return v;
}

mf_value mf_values_get(const mf_values *values) { return values->value; }

void mf_values_free(mf_values *values) {
  if (!values) return;
  mf_alloc alloc = values->arena.alloc;
  mf_arena_fini(&values->arena);
  mf_realloc(&alloc, values, sizeof *values, 0);
}

static void explain(char *error, size_t size, const char *text, uint32_t line) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf buf;
  if (size == 0) return;
  mf_buf_init(&buf, &alloc, size);
  if (line) mf_buf_printf(&buf, "line %u: ", line);
  mf_buf_puts(&buf, text);
  size_t n = buf.n < size ? buf.n : size - 1;
  if (buf.p) memcpy(error, buf.p, n);
  error[buf.p ? n : 0] = 0;
  mf_buf_fini(&buf);
}

/* Hands over what was read, or frees it. */
static mf_status finish(mf_values *v, mf_status status, mf_values **out) {
  if (status == MF_OK && mf_arena_oom(&v->arena)) status = MF_OUT_OF_MEMORY;
  if (status != MF_OK) mf_values_free(v);
  *out = status == MF_OK ? v : NULL;
  return status;
}

mf_status mf_values_copy(const mf_alloc *alloc, const mf_value *value, mf_values **out) {
  mf_alloc use = mf_alloc_or_default(alloc);
  mf_values *v = new_values(&use);
  *out = NULL;
  if (!v) return MF_OUT_OF_MEMORY;
  if (mf_value_size(value, (size_t)MF_LIMIT_EVAL_MEMORY) == SIZE_MAX)
    return finish(v, MF_OUT_OF_MEMORY, out); /* parts may be shared without end */
  v->value = mf_value_copy(&v->arena, value);
  return finish(v, v->value.kind == MF_UNSET ? MF_OUT_OF_MEMORY : MF_OK, out);
}

mf_status mf_values_json(const mf_alloc *alloc, mf_str json, mf_values **out, char *error,
                         size_t error_size) {
  const char *why = NULL;
  uint32_t offset = 0;
  mf_values *v = new_values(alloc);
  *out = NULL;
  if (!v) return MF_OUT_OF_MEMORY;
  mf_json *tree = mf_json_parse(&v->arena, json, &why, &offset);
  if (tree)
    v->value = mf_value_from_json(&v->arena, tree);
  else
    explain(error, error_size, why ? why : "out of memory", 0);
  return finish(v, tree ? MF_OK : MF_JSON_INVALID, out);
}

/* ---- YAML ---- */

static mf_value value_of(mf_arena *arena, const mf_node *node);

static mf_value list_of(mf_arena *arena, const mf_node *node) {
  mf_value *items = MF_NEW_ARRAY(arena, mf_value, node->count + 1);
  uint32_t n = 0;
  if (!items) return (mf_value){.kind = MF_UNSET};
  for (const mf_node *e = node->as.first; e; e = e->next) items[n++] = value_of(arena, e);
  return mf_list_of(arena, items, n);
}

static mf_value map_of(mf_arena *arena, const mf_node *node) {
  mf_map_builder b;
  mf_map_build(&b, arena);
  for (const mf_member *m = node->as.members; m; m = m->next)
    mf_map_add_value(&b, mf_string(m->name), value_of(arena, m->value));
  return mf_map_done(&b);
}

static mf_value value_of(mf_arena *arena, const mf_node *node) {
  switch ((mf_shape)node->shape) {
    case MF_SHAPE_BOOL: return mf_bool(node->as.b);
    case MF_SHAPE_INT: return mf_int(node->as.i);
    case MF_SHAPE_UINT: return mf_uint(node->as.u);
    case MF_SHAPE_DOUBLE: return mf_double(node->as.d);
    case MF_SHAPE_TEXT: return mf_string(mf_node_text(node));
    case MF_SHAPE_LIST: return list_of(arena, node);
    case MF_SHAPE_MAP: return map_of(arena, node);
    case MF_SHAPE_NULL:
    case MF_SHAPE_BAD: break;
  }
  return mf_null();
}

/* The text as the value of `variables`: the document's own parser reads it. */
static mf_str as_document(mf_arena *arena, mf_str text) {
  mf_buf buf;
  mf_buf_init(&buf, &arena->alloc, MF_LIMIT_DOCUMENT_BYTES);
  mf_buf_puts(&buf, "variables:\n");
  for (size_t at = 0; at < text.n;) {
    size_t end = mf_str_find(text, MF_STR("\n"), at);
    size_t n = (end == SIZE_MAX ? text.n : end + 1) - at;
    mf_buf_puts(&buf, "  ");
    mf_buf_add(&buf, text.p + at, n);
    at += n;
  }
  mf_str s = {mf_arena_copy(arena, buf.p, buf.n), buf.n};
  if (buf.failed || !s.p) s = (mf_str){NULL, 0};
  mf_buf_fini(&buf);
  return s;
}

static mf_status read_yaml(mf_values *v, mf_str text, char *error, size_t error_size) {
  mf_diags diags;
  mf_lines lines;
  mf_diags_init(&diags, &v->arena);
  mf_str source = as_document(&v->arena, text);
  mf_parse_context context = {
      .arena = &v->arena, .diags = &diags, .source = source, .syntax = MF_SYNTAX_YAML};
  const mf_node *root = source.p ? mf_document_parse(&context) : NULL;
  if (!root || !mf_lines_init(&lines, &v->arena, source)) return MF_OUT_OF_MEMORY;
  const mf_node *map = mf_node_get(root, MF_KEY_VARIABLES);
  if (diags.errors) {
    uint32_t line = 0, column = 0;
    mf_diags_sort(&diags);
    mf_lines_find(&lines, diags.items[0].span.offset, &line, &column);
    explain(error, error_size, diags.items[0].message, line - 1);
    return MF_DOCUMENT_INVALID;
  }
  mf_map_builder none;
  mf_map_build(&none, &v->arena);
  if (map && map->shape != MF_SHAPE_MAP) {
    explain(error, error_size, "variables are a mapping of names to values", 0);
    return MF_DOCUMENT_INVALID;
  }
  v->value = map ? value_of(&v->arena, map) : mf_map_done(&none);
  return MF_OK;
}

/* ---- .env ---- */

static mf_str trim(mf_str s) {
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s.p++, s.n--;
  while (s.n && strchr(" \t\r", s.p[s.n - 1])) s.n--;
  return s;
}

static mf_str unquote(mf_str s) {
  bool quoted = s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0];
  return quoted ? (mf_str){s.p + 1, s.n - 2} : s;
}

/* NAME=TEXT lines; "export " before and quotes around are taken off. */
static mf_status read_env(mf_values *v, mf_str text, char *error, size_t error_size) {
  mf_map_builder b;
  uint32_t number = 0;
  mf_map_build(&b, &v->arena);
  text.p = mf_arena_copy(&v->arena, text.p, text.n);
  for (size_t at = 0; text.p && at < text.n;) {
    size_t end = mf_str_find(text, MF_STR("\n"), at);
    if (end == SIZE_MAX) end = text.n;
    mf_str line = trim((mf_str){text.p + at, end - at});
    number++;
    at = end + 1;
    if (line.n == 0 || line.p[0] == '#') continue;
    if (mf_str_starts(line, MF_STR("export "))) line = trim((mf_str){line.p + 7, line.n - 7});
    size_t equals = mf_str_find(line, MF_STR("="), 0);
    if (equals == SIZE_MAX || equals == 0) {
      explain(error, error_size, "a line is NAME=TEXT", number);
      return MF_DOCUMENT_INVALID;
    }
    mf_map_add_value(&b, mf_string(trim((mf_str){line.p, equals})),
                     mf_string(unquote(trim((mf_str){line.p + equals + 1, line.n - equals - 1}))));
  }
  v->value = mf_map_done(&b);
  return MF_OK;
}

mf_status mf_values_file(const mf_alloc *alloc, const char *name, mf_str bytes, mf_values **out,
                         char *error, size_t error_size) {
  mf_str file = mf_str_of(name);
  if (mf_str_ends(file, MF_STR(".json"))) {
    mf_status status = mf_values_json(alloc, bytes, out, error, error_size);
    if (status != MF_OK) return status == MF_JSON_INVALID ? MF_DOCUMENT_INVALID : status;
    if ((*out)->value.kind == MF_MAP) return MF_OK;
    mf_values_free(*out);
    *out = NULL;
    explain(error, error_size, "variables are a mapping of names to values", 0);
    return MF_DOCUMENT_INVALID;
  }
  mf_values *v = new_values(alloc);
  *out = NULL;
  if (!v) return MF_OUT_OF_MEMORY;
  mf_status status = mf_str_ends(file, MF_STR(".env")) ? read_env(v, bytes, error, error_size)
                                                       : read_yaml(v, bytes, error, error_size);
  return finish(v, status, out);
}

/* ---- --var texts ---- */

mf_value mf_scalar_value(mf_str text) {
  bool b;
  mf_core_number n;
  if (mf_core_is_null(text)) return mf_null();
  if (mf_core_read_bool(text, &b)) return mf_bool(b);
  switch (mf_core_read_number(text, &n)) {
    case MF_CORE_INT: return mf_int(n.i);
    case MF_CORE_UINT: return mf_uint(n.u);
    case MF_CORE_DOUBLE: return mf_double(n.d);
    case MF_CORE_NO_NUMBER:
    case MF_CORE_TOO_LARGE: break;
  }
  return mf_string(text);
}
