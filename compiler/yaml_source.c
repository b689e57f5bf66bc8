/* SPDX-License-Identifier: MIT */
#include "yaml_parts.h"

/* ---- opening ---- */

mf_yaml *mf_yaml_open(mf_tokens *t, bool ascii) {
  mf_str source = t->context->source;
  mf_arena *arena = t->context->arena;
  mf_yaml *y = MF_NEW(arena, mf_yaml);
  mf_yaml_level *levels = MF_NEW_ARRAY(arena, mf_yaml_level, MF_LIMIT_DOCUMENT_DEPTH + 1);
  if (y == NULL || levels == NULL || !yaml_parser_initialize(&y->parser)) return NULL;
  y->opened = true;
  y->t = t;
  y->levels = levels;
  y->context = t->context;
  y->source = source;
  y->base = mf_str_starts(source, MF_STR("\xEF\xBB\xBF")) ? 3 : 0;
  y->ascii = ascii;
  y->cursor_byte = y->base;
  y->quoted_line = UINT32_MAX;
  mf_names_init(&y->anchors, arena);
  yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&y->parser, (const unsigned char *)source.p + y->base,
                               source.n - y->base);
  return y;
}

void mf_yaml_close(mf_yaml *y) {
  if (y->opened) yaml_parser_delete(&y->parser);
  y->opened = false;
}

bool mf_yaml_oom(const mf_yaml *y) { return y->oom; }

/* ---- places ---- */

static bool is_continuation(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

/* Marks grow almost always, so the walk from the last place is short. */
uint32_t mf_yaml_offset_slow(mf_yaml *y, size_t index) {
  const char *p = y->source.p;
  while (y->cursor_char < index && y->cursor_byte < y->source.n) {
    do y->cursor_byte++;
    while (y->cursor_byte < y->source.n && is_continuation(p[y->cursor_byte]));
    y->cursor_char++;
  }
  while (y->cursor_char > index) {
    do y->cursor_byte--;
    while (is_continuation(p[y->cursor_byte]));
    y->cursor_char--;
  }
  return (uint32_t)y->cursor_byte;
}

/* ---- skipping ---- */

static void too_deep(mf_yaml *y, const yaml_event_t *event) {
  mf_span span = {mf_yaml_offset(y, event->start_mark), 1};
  mf_diag_add(y->context->diags, MF_E_TOO_DEEP, span, "100");
  y->t->failed = true;
}

/* Swallows events until `skip_nodes` whole nodes are over; the event is part of
 * the first.  With skip_depth 1 that node is open already. */
static void skip(mf_yaml *y, const yaml_event_t *event) {
  switch (event->type) {
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
      if (++y->skip_depth > MF_LIMIT_DOCUMENT_DEPTH) too_deep(y, event);
      return;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: y->skip_depth--; break;
    default: break;
  }
  if (y->skip_depth || --y->skip_nodes) return;
  mf_frame *f = mf_tokens_top(y->t);
  if (!y->retract) {
    f->want_key = true;
    return;
  }
  uint32_t end = mf_yaml_offset(y, event->end_mark);
  y->retract = false;
  f->node->span.length = end - f->node->span.offset;
  if (y->t->depth > 1)
    mf_tokens_retract(y->t);
  else
    mf_tokens_abandon(y->t);
}

static void skip_nodes(mf_yaml *y, uint32_t nodes, uint32_t open, const yaml_event_t *event) {
  y->skipped = true;
  y->skip_nodes = nodes;
  y->skip_depth = open;
  skip(y, event);
}

/* ---- keys ---- */

static bool begins_with_braces(const mf_yaml *y, uint32_t offset) {
  return offset + 1 < y->source.n && memcmp(y->source.p + offset, "{{", 2) == 0;
}

/* A mapping or list where a key should be.  In the first place of a flow
 * mapping whose brace stands directly before, it is an unquoted {{x}}. */
static void complex_key(mf_yaml *y, const yaml_event_t *event, mf_span span) {
  mf_frame *f = mf_tokens_top(y->t);
  bool is_map = event->type == YAML_MAPPING_START_EVENT;
  if (is_map && f->count == 0 && span.offset > 0 && begins_with_braces(y, span.offset - 1) &&
      f->node->span.offset == span.offset - 1) {
    mf_yaml_report_braces(y, span.offset - 1);
    y->retract = true;
    skip_nodes(y, 1, 1, event);
    return;
  }
  if (begins_with_braces(y, span.offset))
    mf_yaml_report_braces(y, span.offset);
  else
    mf_diag_add(y->context->diags, MF_E_KEY_NOT_TEXT, (mf_span){span.offset, 1},
                is_map ? "a mapping" : "a list");
  skip_nodes(y, 2, 0, event);
}

static bool is_merge_key(const yaml_event_t *event) {
  return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && event->data.scalar.length == 2 &&
         memcmp(event->data.scalar.value, "<<", 2) == 0 && event->data.scalar.tag == NULL;
}

static void anchored_key(mf_yaml *y, const yaml_event_t *event, mf_span span) {
  mf_tokens *t = y->t;
  size_t hole = mf_tokens_hole_begin(t);
  uint32_t anchor = mf_yaml_anchor_begin(y, (const char *)event->data.scalar.anchor);
  mf_node *node = mf_yaml_scalar(y, event, span);
  mf_tokens_top(t)->key_rank = 0;
  t->hidden++;
  if (node) mf_tokens_scalar(t, node);
  t->hidden--;
  mf_yaml_anchor_end(y, anchor);
  mf_tokens_hole_end(t, hole);
}

static void key(mf_yaml *y, const yaml_event_t *event, mf_span span) {
  uint32_t content;
  bool verbatim;
  if (is_merge_key(event)) {
    mf_yaml_merge_key(y, span);
    return;
  }
  if (event->data.scalar.anchor) anchored_key(y, event, span);
  if (event->data.scalar.tag)
    mf_yaml_check_tag(y, (const char *)event->data.scalar.tag, "str", span);
  mf_str name = mf_yaml_text(y, event, span, &content, &verbatim);
  if (name.n == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
    mf_diag_add(y->context->diags, MF_E_KEY_NOT_TEXT, span, "nothing");
    skip_nodes(y, 2, 0, event);
    return;
  }
  mf_tokens_key(y->t, name, span, 0);
}

/* ---- values ---- */

static void not_a_document(mf_yaml *y, const mf_node *root) {
  bool nothing = root->shape == MF_SHAPE_NULL;
  if (nothing)
    mf_diag_add(y->context->diags, MF_E_EMPTY_DOCUMENT, (mf_span){0, 0});
  else if (root->shape != MF_SHAPE_BAD)
    mf_diag_add(y->context->diags, MF_E_NOT_A_MAPPING, root->span, mf_doc_kind_noun(root));
  y->t->failed = true;
}

static void scalar(mf_yaml *y, const yaml_event_t *event) {
  mf_span span = mf_yaml_span(y, event);
  if (mf_tokens_wants_key(y->t)) {
    key(y, event, span);
    return;
  }
  mf_node *node = mf_yaml_scalar(y, event, span);
  if (node == NULL) return;
  if (y->t->depth == 0) {
    not_a_document(y, node);
  } else if (mf_yaml_is_merging(y)) {
    mf_yaml_merge_scalar(y, node);
  } else if (event->data.scalar.anchor) {
    uint32_t anchor = mf_yaml_anchor_begin(y, (const char *)event->data.scalar.anchor);
    mf_tokens_scalar(y->t, node);
    mf_yaml_anchor_end(y, anchor);
  } else {
    mf_tokens_scalar(y->t, node);
  }
}

static void alias(mf_yaml *y, const yaml_event_t *event) {
  mf_span span = mf_yaml_span(y, event);
  const char *name = (const char *)event->data.alias.anchor;
  mf_str text;
  if (mf_tokens_wants_key(y->t)) {
    if (mf_yaml_alias_text(y, name, span, &text))
      mf_tokens_key(y->t, text, span, 0);
    else
      skip_nodes(y, 2, 0, event);
  } else if (mf_yaml_is_merging(y)) {
    mf_yaml_merge_alias(y, name, span);
  } else {
    mf_yaml_alias(y, name, span);
  }
}

static void open_value(mf_yaml *y, const yaml_event_t *event, bool is_map, const char *anchor,
                       const char *tag) {
  mf_span span = mf_yaml_span(y, event);
  mf_span place = {span.offset, 1};
  if (mf_tokens_wants_key(y->t)) {
    complex_key(y, event, span);
    return;
  }
  if (tag) mf_yaml_check_tag(y, tag, is_map ? "map" : "seq", span);
  if (y->t->depth == 0 && !is_map) {
    not_a_document(y, &(mf_node){.shape = MF_SHAPE_LIST, .span = place});
    return;
  }
  bool merging = mf_yaml_is_merging(y);
  if (merging && !mf_yaml_merge_open(y, is_map, place)) return;
  uint32_t index = anchor ? mf_yaml_anchor_begin(y, anchor) : 0;
  mf_yaml_level level = {.anchor = index, .is_source = merging};
  if (mf_tokens_open(y->t, is_map, place)) *mf_yaml_top(y) = level;
}

/* Block mappings and lists end where the next thing begins, long after their own
 * last word. */
static uint32_t end_of(mf_yaml *y, const yaml_event_t *event) {
  bool block = event->start_mark.index == event->end_mark.index;
  return block ? y->t->last_end : mf_yaml_offset(y, event->end_mark);
}

static void close_value(mf_yaml *y, const yaml_event_t *event) {
  mf_yaml_level level = *mf_yaml_top(y);
  uint32_t end = end_of(y, event);
  if (level.merge_lists) {
    mf_yaml_merge_close(y, (mf_span){end, 0});
    return;
  }
  if (level.merges) mf_yaml_merge_apply(y);
  if (y->t->failed) return;
  mf_tokens_close(y->t, end);
  if (level.anchor) mf_yaml_anchor_end(y, level.anchor);
  if (level.is_source) mf_yaml_merge_source(y, (mf_span){end, 0});
}

/* ---- events ---- */

static bool begin_document(mf_yaml *y, const yaml_event_t *event) {
  if (y->document) {
    mf_span span = {mf_yaml_offset(y, event->start_mark), 3};
    mf_diag_add(y->context->diags, MF_E_SECOND_DOCUMENT, span);
    return false;
  }
  y->document = true;
  return true;
}

static bool end_stream(mf_yaml *y) {
  if (y->document) return false;
  mf_diag_add(y->context->diags, MF_E_EMPTY_DOCUMENT, (mf_span){0, 0});
  y->t->failed = true;
  return false;
}

static inline bool take(mf_yaml *y, const yaml_event_t *event) {
  if (y->skip_nodes) {
    skip(y, event);
    return true;
  }
  switch (event->type) {
    case YAML_SCALAR_EVENT: scalar(y, event); break;
    case YAML_ALIAS_EVENT: alias(y, event); break;
    case YAML_MAPPING_START_EVENT:
      open_value(y, event, true, (const char *)event->data.mapping_start.anchor,
                 (const char *)event->data.mapping_start.tag);
      break;
    case YAML_SEQUENCE_START_EVENT:
      open_value(y, event, false, (const char *)event->data.sequence_start.anchor,
                 (const char *)event->data.sequence_start.tag);
      break;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT: close_value(y, event); break;
    case YAML_DOCUMENT_START_EVENT: return begin_document(y, event);
    case YAML_STREAM_END_EVENT: return end_stream(y);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT: break;
  }
  return true;
}

bool mf_yaml_next(mf_yaml *y) {
  yaml_event_t event;
  if (!yaml_parser_parse(&y->parser, &event)) {
    /* Some of its paths forget to say that memory was the reason. */
    y->oom = y->parser.error == YAML_MEMORY_ERROR || y->parser.error == YAML_NO_ERROR;
    if (!y->oom) mf_yaml_explain(y);
    y->t->failed = true;
    return false;
  }
  bool more = take(y, &event);
  yaml_event_delete(&event);
  return more && !y->t->failed;
}
