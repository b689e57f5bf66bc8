/* SPDX-License-Identifier: MIT */
/* data - free JSON with interpolations as expressions.  What has none becomes
 * one literal, so that bodies, headers and arguments are constants of the image. */
#include "../vm/value.h"
#include "compiler.h"
#include "expr_types.h"
#include "reading.h"

static mf_expr *new_expr(mf_compiler *c, mf_expr_kind kind, mf_span span) {
  mf_expr *e = mf_arena_get(c->scratch, sizeof *e);
  if (e) *e = (mf_expr){.kind = (uint8_t)kind, .span = span};
  return e;
}

mf_expr *mf_literal(mf_compiler *c, mf_span span, mf_value value) {
  mf_expr *e = new_expr(c, MF_EXPR_LITERAL, span);
  if (e) e->value = value;
  return e;
}

mf_expr *mf_literal_text(mf_compiler *c, mf_span span, mf_str text) {
  mf_value v = {.kind = MF_STRING, .len = (uint32_t)text.n, .as.s = text.p};
  return mf_literal(c, span, v);
}

mf_expr_source mf_node_expr_source(const mf_node *node) {
  mf_expr_source s = {.text = mf_node_text(node),
                      .offset = node->as.text.content,
                      .exact = (node->flags & MF_NODE_VERBATIM) != 0,
                      .whole = node->span};
  return s;
}

/* ---- interpolated text ---- */

static mf_expr *join_parts(mf_compiler *c, mf_span span, const mf_part *parts) {
  mf_expr *join = new_expr(c, MF_EXPR_JOIN, span);
  if (!join) return NULL;
  mf_expr **tail = &join->first;
  for (const mf_part *p = parts; p; p = p->next) {
    mf_expr *e = p->expr ? p->expr : mf_literal_text(c, span, p->text);
    if (!e) return NULL;
    *tail = e;
    tail = &e->next;
  }
  return join;
}

/* ---- what was surely meant otherwise ---- */

static bool is_name_byte(char b) {
  return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '_' ||
         b == '.';
}

/* "{variables.x}", or "{x}" of a variable: the $ was forgotten. */
static void warn_of_single_braces(mf_compiler *c, const mf_node *node, mf_str text) {
  for (size_t at = 0; (at = mf_str_find(text, MF_STR("{"), at)) < text.n; at++) {
    size_t n = 0;
    while (at + 1 + n < text.n && is_name_byte(text.p[at + 1 + n])) n++;
    mf_str name = {text.p + at + 1, n}, first = name, whole = {text.p + at, n + 2};
    size_t dot = mf_str_find(name, MF_STR("."), 0);
    if (dot < n) first.n = dot;
    bool before = at > 0 && (text.p[at - 1] == '$' || text.p[at - 1] == '{');
    if (before || n == 0 || at + 1 + n >= text.n || text.p[at + 1 + n] != '}') continue;
    bool group = dot < n && (mf_str_is(first, "variables") || mf_str_is(first, "inputs") ||
                             mf_str_is(first, "env") || mf_str_is(first, "secrets"));
    if (!group && !mf_names_is_variable(c, first)) continue;
    mf_diag_add(c->diags, MF_W_SINGLE_BRACES, node->span, (int)whole.n, whole.p, (int)whole.n,
                whole.p);
  }
}

/* A text without quotes that ends with the only one in it. */
static void warn_of_stray_quote(mf_compiler *c, const mf_node *node, mf_str text) {
  char quote = text.n > 1 ? text.p[text.n - 1] : 0;
  if (node->flags & MF_NODE_QUOTED || quote != '"') return;
  if (memchr(text.p, quote, text.n - 1) == NULL)
    mf_diag_add(c->diags, MF_W_STRAY_QUOTE, node->span);
}

static mf_expr *text_value(mf_compiler *c, const mf_node *node) {
  warn_of_single_braces(c, node, mf_node_text(node));
  warn_of_stray_quote(c, node, mf_node_text(node));
  if (!(node->flags & MF_NODE_INTERPOLATED))
    return mf_literal_text(c, node->span, mf_node_text(node));
  mf_expr_source source = mf_node_expr_source(node);
  mf_part *parts = mf_interpolation_parse(c->scratch, c->diags, &source);
  if (!parts) return mf_literal_text(c, node->span, MF_STR(""));
  if (parts->next) return join_parts(c, node->span, parts);
  return parts->expr ? parts->expr : mf_literal_text(c, node->span, parts->text);
}

/* ---- data ---- */

static mf_expr *scalar_expr(mf_compiler *c, const mf_node *node) {
  mf_value v = {.kind = MF_NULL};
  if (node->shape == MF_SHAPE_BOOL) v = (mf_value){.kind = MF_BOOL, .as.i = node->as.b};
  if (node->shape == MF_SHAPE_INT) v = (mf_value){.kind = MF_INT, .as.i = node->as.i};
  if (node->shape == MF_SHAPE_UINT) v = (mf_value){.kind = MF_UINT, .as.u = node->as.u};
  if (node->shape == MF_SHAPE_DOUBLE) v = (mf_value){.kind = MF_DOUBLE, .as.d = node->as.d};
  return mf_literal(c, node->span, v);
}

static mf_expr *list_expr(mf_compiler *c, const mf_node *node) {
  mf_expr *list = new_expr(c, MF_EXPR_LIST, node->span);
  if (!list) return NULL;
  mf_expr **tail = &list->first;
  for (const mf_node *item = node->as.first; item; item = item->next) {
    mf_expr *e = mf_data_expr(c, item);
    if (!e) return NULL;
    *tail = e;
    tail = &e->next;
  }
  return list;
}

mf_expr *mf_list_expr(mf_compiler *c, mf_span span) { return new_expr(c, MF_EXPR_LIST, span); }

void mf_list_expr_add(mf_expr *list, mf_expr *element) {
  if (!list || !element) return;
  mf_expr **tail = &list->first;
  while (*tail) tail = &(*tail)->next;
  *tail = element;
}

mf_expr *mf_map_expr(mf_compiler *c, mf_span span) { return new_expr(c, MF_EXPR_MAP, span); }

static void map_add(mf_expr *map, mf_expr *key, mf_expr *value) {
  if (!map || !key || !value) return;
  mf_expr **tail = &map->first;
  while (*tail) tail = &(*tail)->next;
  *tail = key;
  key->next = value;
}

void mf_map_expr_add(mf_compiler *c, mf_expr *map, const char *key, mf_expr *value) {
  if (!map || !value) return;
  map_add(map, mf_literal_text(c, value->span, mf_str_of(key)), value);
}

void mf_map_expr_add_key(mf_compiler *c, mf_expr *map, const char *name, const mf_node *from,
                         mf_key key) {
  const mf_node *node = mf_node_get(from, key);
  if (node) mf_map_expr_add(c, map, name, mf_data_expr(c, node));
}

/* Null is a value of free JSON; a key of the language it leaves out. */
static mf_expr *map_expr(mf_compiler *c, const mf_node *node) {
  mf_expr *map = mf_map_expr(c, node->span);
  if (!map) return NULL;
  mf_expr **tail = &map->first;
  for (const mf_member *m = node->as.members; m; m = m->next) {
    if (m->key != MF_KEY_NONE && m->value->shape == MF_SHAPE_NULL) continue;
    mf_str name = m->key == MF_KEY_NONE ? m->name : mf_str_of(mf_key_spelling(m->key));
    mf_expr *key = mf_literal_text(c, m->key_span, name), *value = mf_data_expr(c, m->value);
    if (!key || !value) return NULL;
    *tail = key;
    key->next = value;
    tail = &value->next;
  }
  return map;
}

mf_expr *mf_data_expr(mf_compiler *c, const mf_node *node) {
  switch ((mf_shape)node->shape) {
    case MF_SHAPE_TEXT: return text_value(c, node);
    case MF_SHAPE_LIST: return list_expr(c, node);
    case MF_SHAPE_MAP: return map_expr(c, node);
    case MF_SHAPE_BAD: return new_expr(c, MF_EXPR_ERROR, node->span);
    case MF_SHAPE_NULL:
    case MF_SHAPE_BOOL:
    case MF_SHAPE_INT:
    case MF_SHAPE_UINT:
    case MF_SHAPE_DOUBLE: return scalar_expr(c, node);
  }
  return NULL;
}

/* A text that is one interpolation keeps its value's type; here text is wanted. */
mf_expr *mf_text_expr(mf_compiler *c, const mf_node *node) {
  mf_expr *e = mf_data_expr(c, node);
  if (!e || e->kind == MF_EXPR_JOIN || e->kind == MF_EXPR_ERROR) return e;
  if (e->kind == MF_EXPR_LITERAL && e->value.kind == MF_STRING) return e;
  mf_expr *join = new_expr(c, MF_EXPR_JOIN, node->span);
  if (join) join->first = e;
  return join;
}

/* ---- durations ---- */

static mf_expr *constant_seconds(mf_compiler *c, const mf_node *node, double seconds) {
  if (seconds < 0 || seconds > 1e9) {
    mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, node->span, "a duration", "between 0 and 1e9 seconds");
    return new_expr(c, MF_EXPR_ERROR, node->span);
  }
  return mf_literal(c, node->span, (mf_value){.kind = MF_DOUBLE, .as.d = seconds});
}

mf_expr *mf_seconds_expr(mf_compiler *c, const mf_node *node) {
  int64_t ns = 0;
  switch ((mf_shape)node->shape) {
    case MF_SHAPE_INT: return constant_seconds(c, node, (double)node->as.i);
    case MF_SHAPE_UINT: return constant_seconds(c, node, (double)node->as.u);
    case MF_SHAPE_DOUBLE: return constant_seconds(c, node, node->as.d);
    case MF_SHAPE_TEXT:
      if (node->flags & MF_NODE_INTERPOLATED) return mf_data_expr(c, node);
      if (mf_parse_duration(mf_node_text(node), &ns))
        return constant_seconds(c, node, (double)ns / 1e9);
      break;
    case MF_SHAPE_BAD:
    case MF_SHAPE_NULL:
    case MF_SHAPE_BOOL:
    case MF_SHAPE_LIST:
    case MF_SHAPE_MAP: break;
  }
  return new_expr(c, MF_EXPR_ERROR, node->span); /* the parser has refused it */
}

/* Does it use now or duration (and no variable of that name)? */
static bool reads_clock(mf_compiler *c, const mf_expr *e) {
  if (e->kind == MF_EXPR_IDENT && (mf_str_is(e->name, "now") || mf_str_is(e->name, "duration")))
    return !mf_names_is_variable(c, e->name);
  for (const mf_expr *child = e->first; child; child = child->next)
    if (reads_clock(c, child)) return true;
  return false;
}

static void dump_expr(mf_compiler *c, const mf_expr *e) {
  if (!c->dump_expr) return;
  mf_expr_dump(c->dump_expr, e);
  mf_buf_putc(c->dump_expr, '\n');
}

/* The clock is read once before code that uses it, never within it. */
void mf_emit_expr(mf_compiler *c, mf_expr *e) {
  if (!e) return; /* out of memory: the arena says so */
  mf_windows_expand(c, e);
  mf_reach_expr(c, e);
  if (reads_clock(c, e)) MF_EMIT(c, NOW, 0, 0);
  dump_expr(c, e);
  mf_expr_emit(&c->expr, e);
}

static bool is_wanted(const mf_type *type, mf_wanted wanted) {
  if (wanted == MF_WANTED_BOOL) return type->kind == MF_TYPE_BOOL;
  if (wanted == MF_WANTED_ELEMENTS) return type->kind == MF_TYPE_LIST || type->kind == MF_TYPE_MAP;
  bool length = type->kind == MF_TYPE_DURATION || type->kind == MF_TYPE_STRING; /* "5m" */
  return (wanted == MF_WANTED_SECONDS && length) || mf_type_is_number(type);
}

/* The same of what has no type because it is written out. */
static bool is_wanted_kind(mf_kind kind, mf_wanted wanted) {
  if (kind == MF_UNSET) return true;
  if (wanted == MF_WANTED_BOOL) return kind == MF_BOOL;
  if (wanted == MF_WANTED_ELEMENTS) return kind == MF_LIST || kind == MF_MAP;
  bool length = kind == MF_DURATION || kind == MF_STRING;
  return (wanted == MF_WANTED_SECONDS && length) || kind == MF_INT || kind == MF_UINT ||
         kind == MF_DOUBLE;
}

void mf_emit_wanted(mf_compiler *c, mf_expr *e, const char *what, mf_wanted wanted) {
  static const char *const phrases[] = {"a number", "a number of seconds or a duration",
                                        "a list or a map", "true or false"};
  if (!e) return;
  mf_emit_expr(c, e);
  const mf_type *type = c->expr.type;
  if (e->kind == MF_EXPR_ERROR) return;
  if (type && !mf_type_is_dyn(type) && !is_wanted(type, wanted))
    mf_diag_add(c->diags, MF_E_NOT_KIND, e->span, what, mf_type_text(c->arena, type),
                phrases[wanted]);
  else if (!type && !is_wanted_kind(mf_expr_kind_of(e), wanted))
    mf_diag_add(c->diags, MF_E_NOT_KIND, e->span, what, mf_kind_name((uint8_t)mf_expr_kind_of(e)),
                phrases[wanted]);
}

void mf_emit_constant(mf_compiler *c, mf_span span, uint32_t constant) {
  const mf_expr literal = {.kind = MF_EXPR_LITERAL,
                           .value = *mf_builder_constant_value(c->b, constant)};
  dump_expr(c, &literal);
  mf_compile_at(c, span);
  MF_EMIT(c, CONST, constant, 0);
}
