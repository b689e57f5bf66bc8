/* SPDX-License-Identifier: MIT */
/* yaml_scalars - the core schema of YAML 1.2: `no` is text, 010 is ten. */
#include "../base/core_schema.h"
#include "yaml_parts.h"

/* ---- text ---- */

/* The offset at which the content of a block scalar with one line begins. */
static uint32_t block_content(const mf_yaml *y, mf_span span) {
  const char *p = y->source.p;
  size_t at = span.offset, end = y->source.n;
  while (at < end && p[at] != '\n') at++;
  while (at < end && (p[at] == '\n' || p[at] == ' ')) at++;
  return (uint32_t)at;
}

static uint32_t content_offset(const mf_yaml *y, yaml_scalar_style_t style, mf_span span,
                               size_t n) {
  size_t end = span.offset + span.length;
  switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return n < end ? (uint32_t)(end - 1 - n) : 0;
    case YAML_LITERAL_SCALAR_STYLE:
    case YAML_FOLDED_SCALAR_STYLE: return block_content(y, span);
    default: return n <= end ? (uint32_t)(end - n) : 0;
  }
}

/* A scalar on one line that fills its span was not changed by the scanner: all
 * that it does to plain and single-quoted ones there is to make them shorter. */
static bool fills_span(const yaml_event_t *event, mf_span span) {
  size_t n = event->data.scalar.length;
  if (event->start_mark.line != event->end_mark.line) return false;
  if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) return n == span.length;
  return event->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE && n + 2 == span.length;
}

mf_str mf_yaml_text(mf_yaml *y, const yaml_event_t *event, mf_span span, uint32_t *content,
                    bool *verbatim) {
  const char *value = (const char *)event->data.scalar.value;
  size_t n = event->data.scalar.length;
  *content = content_offset(y, event->data.scalar.style, span, n);
  *verbatim = fills_span(event, span) || (*content >= span.offset && *content + n <= y->source.n &&
                                          memcmp(y->source.p + *content, value, n) == 0);
  if (*verbatim) return (mf_str){y->source.p + *content, n};
  const char *copy = mf_arena_copy(y->context->arena, value, n);
  if (copy == NULL) y->t->failed = true;
  return (mf_str){copy, copy ? n : 0};
}

static mf_node *text_node(mf_yaml *y, const yaml_event_t *event, mf_span span) {
  uint32_t content;
  bool verbatim;
  mf_str text = mf_yaml_text(y, event, span, &content, &verbatim);
  mf_node *node = mf_tokens_node(y->t, MF_SHAPE_TEXT, span);
  if (node == NULL) return NULL;
  node->as.text.p = text.p;
  node->as.text.n = (uint32_t)text.n;
  node->as.text.content = verbatim ? content : span.offset;
  if (verbatim) node->flags |= MF_NODE_VERBATIM;
  if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) node->flags |= MF_NODE_QUOTED;
  return node;
}

/* ---- numbers ---- */

/* A node for the number in s, NULL when it is none (*none) or out of memory. */
static mf_node *number_node(mf_yaml *y, mf_str s, mf_span span, bool *none) {
  mf_core_number value = {0, 0, 0};
  mf_core_kind kind = mf_core_read_number(s, &value);
  static const mf_shape shapes[] = {MF_SHAPE_BAD, MF_SHAPE_INT, MF_SHAPE_UINT, MF_SHAPE_DOUBLE,
                                    MF_SHAPE_BAD};
  *none = kind == MF_CORE_NO_NUMBER;
  if (*none) return NULL;
  if (kind == MF_CORE_TOO_LARGE)
    mf_diag_add(y->context->diags, MF_E_NUMBER_TOO_LARGE, span, (int)s.n, s.p);
  mf_node *node = mf_tokens_node(y->t, shapes[kind], span);
  if (node == NULL) return NULL;
  if (kind == MF_CORE_INT) node->as.i = value.i;
  if (kind == MF_CORE_UINT) node->as.u = value.u;
  if (kind == MF_CORE_DOUBLE) node->as.d = value.d;
  return node;
}

/* ---- tags ---- */

#define CORE "tag:yaml.org,2002:"

/* "str" of "tag:yaml.org,2002:str", when it is a tag of the core schema. */
static const char *core_name(const char *tag) {
  static const char *const names[] = {"str", "int", "float", "bool", "null", "map", "seq"};
  if (strncmp(tag, CORE, sizeof CORE - 1) != 0) return NULL;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcmp(names[i], tag + sizeof CORE - 1) == 0) return names[i];
  return NULL;
}

/* Tags are shown as they were written.  An anchor may stand before one. */
static mf_str tag_as_written(const mf_yaml *y, uint32_t offset) {
  const char *p = y->source.p + offset, *end = y->source.p + y->source.n, *from = p;
  while (from < end && *from != '!' && *from != '\n') from++;
  if (from == end || *from != '!') from = p;
  const char *to = from;
  while (to < end && !strchr(" \t\r\n,]}", *to)) to++;
  return (mf_str){from, (size_t)(to - from)};
}

static void report_tag(mf_yaml *y, mf_code code, uint32_t offset) {
  mf_str text = tag_as_written(y, offset);
  mf_span place = {(uint32_t)(text.p - y->source.p), (uint32_t)text.n};
  bool local = !mf_str_starts(text, MF_STR("!!"));
  mf_diag_add_hint(y->context->diags, code, place,
                   local ? "quote an expression that begins with ! & * [ { % @" : NULL, (int)text.n,
                   text.p);
}

void mf_yaml_report_tag(mf_yaml *y, uint32_t offset) { report_tag(y, MF_E_YAML_TAG, offset); }

void mf_yaml_check_tag(mf_yaml *y, const char *tag, const char *own, mf_span span) {
  const char *name = core_name(tag);
  if (strcmp(tag, "!") == 0 || (name && strcmp(name, own) == 0)) return;
  report_tag(y, name ? MF_E_YAML_TAG_MISMATCH : MF_E_YAML_TAG, span.offset);
}

static mf_node *bad_node(mf_yaml *y, mf_span span) {
  return mf_tokens_node(y->t, MF_SHAPE_BAD, span);
}

/* The node that a core tag makes of a text; BAD when it does not fit. */
static mf_node *tagged(mf_yaml *y, const yaml_event_t *event, const char *name, mf_str s,
                       mf_span span) {
  bool none = true, value;
  mf_node *node = NULL;
  if (strcmp(name, "str") == 0) return text_node(y, event, span);
  if (strcmp(name, "null") == 0 && mf_core_is_null(s))
    return mf_tokens_node(y->t, MF_SHAPE_NULL, span);
  if (strcmp(name, "bool") == 0 && mf_core_read_bool(s, &value)) {
    node = mf_tokens_node(y->t, MF_SHAPE_BOOL, span);
    if (node) node->as.b = value;
    return node;
  }
  bool is_float = strcmp(name, "float") == 0;
  if (s.n && (is_float || strcmp(name, "int") == 0)) node = number_node(y, s, span, &none);
  if (node && node->shape == MF_SHAPE_INT && is_float) {
    node->shape = MF_SHAPE_DOUBLE;
    node->as.d = (double)node->as.i;
  }
  bool fits = node && (is_float || node->shape != MF_SHAPE_DOUBLE);
  if (fits || y->t->failed) return node;
  report_tag(y, MF_E_YAML_TAG_MISMATCH, span.offset);
  return bad_node(y, span);
}

/* ---- the schema ---- */

static mf_node *plain(mf_yaml *y, const yaml_event_t *event, mf_str s, mf_span span) {
  bool value, none;
  mf_node *node;
  if (mf_core_is_null(s)) return mf_tokens_node(y->t, MF_SHAPE_NULL, span);
  if (s.p[0] == '-' || s.p[0] == '+' || s.p[0] == '.' || (s.p[0] >= '0' && s.p[0] <= '9')) {
    node = number_node(y, s, span, &none);
    return none ? text_node(y, event, span) : node;
  }
  if (!strchr("tTfF", s.p[0]) || !mf_core_read_bool(s, &value)) return text_node(y, event, span);
  node = mf_tokens_node(y->t, MF_SHAPE_BOOL, span);
  if (node) node->as.b = value;
  return node;
}

/* Block scalars end where the next thing begins: without its blanks. */
static mf_span trimmed(const mf_yaml *y, mf_span span) {
  while (span.length && strchr(" \r\n", y->source.p[span.offset + span.length - 1])) span.length--;
  return span;
}

mf_node *mf_yaml_scalar(mf_yaml *y, const yaml_event_t *event, mf_span span) {
  yaml_scalar_style_t style = event->data.scalar.style;
  const char *tag = (const char *)event->data.scalar.tag;
  mf_str s = {(const char *)event->data.scalar.value, event->data.scalar.length};
  bool block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
  if (block) span = trimmed(y, span);
  if (tag && strcmp(tag, "!") != 0) {
    const char *name = core_name(tag);
    if (name) return tagged(y, event, name, s, span);
    report_tag(y, MF_E_YAML_TAG, span.offset);
    return bad_node(y, span);
  }
  if (style != YAML_PLAIN_SCALAR_STYLE || tag) return text_node(y, event, span);
  return plain(y, event, s, span);
}
