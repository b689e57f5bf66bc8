/* SPDX-License-Identifier: MIT */
/* values - variables given from outside: --var texts and --vars files. */
#include <stdio.h>

#include "../base/json.h"
#include "../base/limits.h"
#include "../include/mfvm_tools.h"
#include "../vm/value.h"
#include "ast.h"
#include "env_file.h"

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

static void write_error(char *error, size_t size, uint32_t line, uint32_t column, const char *text,
                        const char *hint) {
  if (size)
    snprintf(error, size, "%u:%u: %s%s%s", line, column, text, hint ? "; " : "", hint ? hint : "");
}

/* "3:14: why": where a byte of the text stands, and what is wrong there. */
static void explain(mf_values *v, char *error, size_t size, mf_str source, size_t offset,
                    const char *text) {
  mf_lines lines;
  uint32_t line = 1, column = 1;
  if (mf_lines_init(&lines, &v->arena, source))
    mf_lines_find(&lines, (uint32_t)offset, &line, &column);
  write_error(error, size, line, column, text, NULL);
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

static mf_status read_json(mf_values *v, mf_str json, char *error, size_t error_size) {
  const char *why = NULL;
  uint32_t offset = 0;
  mf_json *tree = mf_json_parse(&v->arena, json, &why, &offset);
  if (tree)
    v->value = mf_value_from_json(&v->arena, tree);
  else if (!mf_arena_oom(&v->arena))
    explain(v, error, error_size, json, offset, why);
  return tree ? MF_OK : MF_JSON_INVALID;
}

mf_status mf_values_json(const mf_alloc *alloc, mf_str json, mf_values **out, char *error,
                         size_t error_size) {
  mf_values *v = new_values(alloc);
  *out = NULL;
  return v ? finish(v, read_json(v, json, error, error_size), out) : MF_OUT_OF_MEMORY;
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

static mf_value no_values(mf_values *v) {
  mf_map_builder none;
  mf_map_build(&none, &v->arena);
  return mf_map_done(&none);
}

/* The first mistake; a file without anything in it is none. */
static bool has_mistake(mf_diags *diags) {
  mf_diags_sort(diags);
  return diags->errors && diags->items[0].code != MF_E_EMPTY_DOCUMENT;
}

static mf_status read_yaml(mf_values *v, mf_str text, char *error, size_t error_size) {
  mf_diags diags;
  mf_lines lines;
  uint32_t line = 1, column = 1;
  mf_diags_init(&diags, &v->arena);
  mf_parse_context context = {.arena = &v->arena,
                              .diags = &diags,
                              .source = text,
                              .syntax = MF_SYNTAX_YAML,
                              .values = true};
  const mf_node *root = mf_document_parse(&context);
  if (!root || mf_arena_oom(&v->arena)) return MF_OUT_OF_MEMORY;
  if (has_mistake(&diags)) {
    const mf_diag *d = &diags.items[0];
    if (text.n <= MF_LIMIT_DOCUMENT_BYTES && mf_lines_init(&lines, &v->arena, text))
      mf_lines_find(&lines, d->span.offset, &line, &column);
    write_error(error, error_size, line, column, d->message, d->suggestion);
    return MF_DOCUMENT_INVALID;
  }
  v->value = root->shape == MF_SHAPE_MAP ? value_of(&v->arena, root) : no_values(v);
  return MF_OK;
}

/* ---- .env ---- */

static mf_status read_env(mf_values *v, mf_str text, char *error, size_t error_size) {
  mf_env_reader reader;
  mf_map_builder b;
  mf_str name, value;
  mf_map_build(&b, &v->arena);
  mf_env_open(&reader, &v->arena, text);
  while (mf_env_next(&reader, &name, &value))
    mf_map_add_value(&b, mf_string(name), mf_string(value));
  if (reader.error) {
    explain(v, error, error_size, text, reader.error_at, reader.error);
    return MF_DOCUMENT_INVALID;
  }
  v->value = mf_map_done(&b);
  return v->value.kind == MF_MAP ? MF_OK : MF_OUT_OF_MEMORY;
}

/* ---- files ---- */

/* prod.env, .env and .env.local. */
bool mf_values_is_env(const char *name) {
  mf_str file = mf_str_of(name);
  return mf_str_ends(file, MF_STR(".env")) || mf_str_starts(file, MF_STR(".env."));
}

static mf_status read_file(mf_values *v, mf_str name, mf_str text, char *error, size_t size) {
  if (mf_values_is_env(name.p)) return read_env(v, text, error, size);
  if (!mf_str_ends(name, MF_STR(".json"))) return read_yaml(v, text, error, size);
  return read_json(v, text, error, size) == MF_OK ? MF_OK : MF_DOCUMENT_INVALID;
}

mf_status mf_values_file(const mf_alloc *alloc, const char *name, mf_str bytes, mf_values **out,
                         char *error, size_t error_size) {
  mf_values *v = new_values(alloc);
  const char *why = NULL;
  *out = NULL;
  if (!v) return MF_OUT_OF_MEMORY;
  mf_str text = {mf_arena_copy(&v->arena, bytes.p, bytes.n), bytes.n};
  if (!text.p) return finish(v, MF_OUT_OF_MEMORY, out);
  mf_status status = MF_DOCUMENT_INVALID;
  if (text.n > MF_LIMIT_DOCUMENT_BYTES)
    why = mf_status_text(MF_TOO_LARGE);
  else
    status = read_file(v, mf_str_of(name), text, error, error_size);
  if (status == MF_OK && v->value.kind != MF_MAP)
    why = "variables are a mapping of names to values";
  if (status == MF_OK && v->value.kind == MF_MAP && v->value.len > MF_LIMIT_SLOTS)
    why = "there are more than 65535 variables";
  if (why) write_error(error, error_size, 1, 1, why, NULL);
  return finish(v, why ? MF_DOCUMENT_INVALID : status, out);
}
