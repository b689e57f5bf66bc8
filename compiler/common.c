/* SPDX-License-Identifier: MIT */
/* common - small things that every emitter uses: paths, places, words, hosts. */
#include <stdarg.h>
#include <stdio.h>

#include "compiler.h"

mf_str mf_compile_path(mf_compiler *c, const char *fmt, ...) {
  va_list args;
  char text[512];
  va_start(args, fmt);
  int n = vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  if (n < 0) return MF_STR("");
  if ((size_t)n < sizeof text)
    return (mf_str){mf_arena_copy(c->scratch, text, (size_t)n), c->scratch->oom ? 0 : (size_t)n};
  char *p = mf_arena_get(c->scratch, (size_t)n + 1);
  if (!p) return MF_STR("");
  va_start(args, fmt);
  vsnprintf(p, (size_t)n + 1, fmt, args);
  va_end(args);
  return (mf_str){p, (size_t)n};
}

mf_str mf_path_part(mf_compiler *c, mf_str path, const char *part) {
  size_t n = strlen(part);
  char *p = mf_arena_get(c->scratch, path.n + 1 + n + 1);
  if (!p) return MF_STR("");
  memcpy(p, path.p, path.n);
  p[path.n] = '.';
  memcpy(p + path.n + 1, part, n + 1);
  return (mf_str){p, path.n + 1 + n};
}

mf_str mf_compile_own_path(mf_compiler *c, const char *part) {
  if (!c->link) return mf_str_of(part);
  return mf_compile_path(c, "%.*s%s", (int)c->prefix.n, c->prefix.p, part);
}

mf_str mf_path_index(mf_compiler *c, mf_str path, uint32_t i) {
  char digits[24];
  size_t n = mf_format_uint(i, digits);
  char *p = mf_arena_get(c->scratch, path.n + n + 3);
  if (!p) return MF_STR("");
  memcpy(p, path.p, path.n);
  p[path.n] = '[';
  memcpy(p + path.n + 1, digits, n);
  p[path.n + 1 + n] = ']';
  p[path.n + 2 + n] = 0;
  return (mf_str){p, path.n + n + 2};
}

void mf_compile_at(mf_compiler *c, mf_span span) {
  uint32_t line = 0, column = 0;
  if (span.length == 0 || c->link) return; /* lines are those of the main document */
  mf_lines_find(&c->lines, span.offset, &line, &column);
  mf_builder_line(c->b, span.offset, span.length, line, column);
}

mf_str mf_compile_word(mf_compiler *c, const mf_node *map, mf_key key) {
  const mf_node *node = mf_node_get(map, key);
  if (!node || node->shape != MF_SHAPE_TEXT) return MF_STR("");
  if (node->flags & MF_NODE_INTERPOLATED) {
    mf_diag_add(c->diags, MF_E_NOT_CONSTANT, node->span, mf_key_spelling(key));
    return MF_STR("");
  }
  return mf_node_text(node);
}

void mf_emit_skipped(mf_compiler *c, uint32_t skip, uint32_t leave) {
  MF_EMIT(c, JUMP, leave, 0);
  mf_builder_place(c->b, skip);
  MF_EMIT(c, SKIP, 0, 0);
}

mf_str mf_compile_written(const mf_compiler *c, const mf_node *node, size_t most) {
  mf_str text = {c->source.p + node->span.offset, node->span.length};
  if (node->shape == MF_SHAPE_TEXT) text = mf_node_text(node);
  const char *end = memchr(text.p, '\n', text.n);
  if (end) text.n = (size_t)(end - text.p);
  if (text.n > most) text.n = mf_utf8_valid(text.p, most);
  return text;
}

const mf_node *mf_entry_get(const mf_node *entry, mf_key key) {
  const mf_node *own = mf_node_get(entry, key);
  return own ? own : mf_node_get(mf_node_get(entry, MF_KEY_BASE), key);
}

double mf_compile_seconds(mf_compiler *c, const mf_node *map, mf_key key, double fallback) {
  const mf_node *node = mf_node_get(map, key);
  if (!node || node->shape == MF_SHAPE_BAD) return fallback;
  const mf_expr *e = mf_seconds_expr(c, node);
  if (!e || e->kind == MF_EXPR_ERROR) return fallback;
  if (e->kind == MF_EXPR_LITERAL && e->value.kind == MF_DOUBLE) return e->value.as.d;
  mf_diag_add(c->diags, MF_E_NOT_CONSTANT, node->span, mf_key_spelling(key));
  return fallback;
}

bool mf_compile_bool(mf_compiler *c, const mf_node *map, mf_key key, bool fallback) {
  const mf_node *node = mf_node_get(map, key);
  if (!node || node->shape == MF_SHAPE_BAD) return fallback;
  if (node->shape == MF_SHAPE_BOOL) return node->as.b;
  mf_diag_add(c->diags, MF_E_NOT_CONSTANT_BOOL, node->span, mf_key_spelling(key));
  return fallback;
}

/* The host of "scheme://host..." as far as it is constant; n 0 if there is none. */
static mf_str constant_host(mf_str url) {
  size_t at = mf_str_find(url, MF_STR("://"), 0);
  if (at == SIZE_MAX) return MF_STR("");
  mf_str host = {url.p + at + 3, 0};
  size_t left = url.n - at - 3;
  while (host.n < left && !strchr("/?#", host.p[host.n])) {
    if (host.p[host.n] == '$' || host.p[host.n] == '{') return MF_STR("");
    host.n++;
  }
  for (size_t i = host.n; i > 0; i--) /* user:password@ */
    if (host.p[i - 1] == '@') return (mf_str){host.p + i, host.n - i};
  return host;
}

void mf_compile_host(mf_compiler *c, const mf_node *text) {
  mf_str host = constant_host(mf_node_text(text));
  if (host.n) mf_names_set(&c->hosts, host, 1);
}

/* Variables of linked documents get new values whenever the entry is carried out. */
void mf_compile_constant(mf_compiler *c, mf_str name, const mf_node *value) {
  if (mf_names_get(&c->assigned, name) != MF_NAMES_NONE) return;
  bool text = value->shape == MF_SHAPE_TEXT;
  if (text) mf_compile_host(c, value);
  bool other = text ? (value->flags & MF_NODE_INTERPOLATED) != 0
                    : value->shape == MF_SHAPE_LIST || value->shape == MF_SHAPE_MAP;
  if (other && !c->link) mf_names_set(&c->constants, name, 1);
}

void mf_constants_write(mf_compiler *c, mf_json_writer *w) {
  if (c->constants.count == 0) return;
  mf_json_key(w, "constants");
  mf_json_open_list(w);
  for (uint32_t i = 0; i < c->constants.count; i++)
    mf_json_put_str(w, c->constants.entries[i].name);
  mf_json_close_list(w);
}
