/* SPDX-License-Identifier: MIT */
/* yaml_anchors - anchors, aliases and merges: replays of recorded tokens. */
#include "yaml_parts.h"

/* ---- ranges of the record ---- */

/* The index of a new range, or UINT32_MAX. */
static uint32_t new_range(mf_yaml *y, size_t begin) {
  mf_yaml_ranges *r = &y->ranges;
  if (r->count == r->cap) {
    uint32_t cap = r->cap ? r->cap * 2 : 16;
    mf_yaml_range *items = MF_NEW_ARRAY(y->context->arena, mf_yaml_range, cap);
    if (items == NULL) {
      y->t->failed = true;
      return UINT32_MAX;
    }
    if (r->count) memcpy(items, r->items, sizeof *items * r->count);
    r->items = items;
    r->cap = cap;
  }
  r->items[r->count] = (mf_yaml_range){.begin = begin, .end = begin};
  return r->count++;
}

/* ---- the budget ---- */

/* Tokens of the whole input, by a second reading: only documents that look like
 * a bomb so far pay for it. */
static uint64_t count_tokens(mf_yaml *y) {
  yaml_parser_t parser;
  yaml_event_t event;
  uint64_t count = 0;
  if (!yaml_parser_initialize(&parser)) {
    y->oom = true;
    return 0;
  }
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, (const unsigned char *)y->source.p + y->base,
                               y->source.n - y->base);
  for (bool more = true; more && yaml_parser_parse(&parser, &event); count++) {
    more = event.type != YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
  }
  y->oom |= parser.error == YAML_MEMORY_ERROR;
  yaml_parser_delete(&parser);
  return count;
}

/* May n tokens be replayed? */
static bool affordable(mf_yaml *y, uint64_t n, mf_span span) {
  uint64_t put = y->t->put + n, read = y->t->put - y->replayed;
  if (put <= MF_LIMIT_ALIAS_FACTOR * read + MF_LIMIT_ALIAS_TOKENS) return true;
  if (y->total == 0) y->total = count_tokens(y);
  if (put <= MF_LIMIT_ALIAS_FACTOR * y->total + MF_LIMIT_ALIAS_TOKENS) return true;
  if (!y->oom) mf_diag_add(y->context->diags, MF_E_TOO_MANY_ALIASES, span);
  y->t->failed = true;
  return false;
}

/* `place` is where an alias stands, `blame` the place for messages. */
static void replay(mf_yaml *y, size_t begin, size_t end, mf_span place, mf_span blame) {
  uint64_t before = y->t->put;
  if (!affordable(y, end - begin, blame)) return;
  if (!mf_tokens_replay(y->t, begin, end, place)) {
    mf_diag_add(y->context->diags, MF_E_TOO_DEEP, blame, "100");
    y->t->failed = true;
  }
  y->replayed += y->t->put - before;
}

/* ---- anchors ---- */

uint32_t mf_yaml_anchor_begin(mf_yaml *y, const char *name) {
  mf_str text = mf_str_of(name);
  const char *copy = mf_arena_copy(y->context->arena, text.p, text.n);
  uint32_t index = copy ? new_range(y, y->t->record.count) : UINT32_MAX;
  bool stored = index != UINT32_MAX && mf_names_set(&y->anchors, (mf_str){copy, text.n}, index);
  if (!stored) {
    y->t->failed = true;
    return 0;
  }
  y->ranges.items[index].open = true;
  y->t->recording++;
  return index + 1;
}

void mf_yaml_anchor_end(mf_yaml *y, uint32_t anchor) {
  if (anchor == 0) return;
  mf_yaml_range *range = &y->ranges.items[anchor - 1];
  range->end = y->t->record.count;
  range->open = false;
  y->t->recording--;
}

/* What an alias stands for; NULL when that was reported, or is not known
 * because of a mistake above. */
static const mf_yaml_range *find(mf_yaml *y, const char *name, mf_span span) {
  mf_str text = mf_str_of(name);
  uint32_t index = mf_names_get(&y->anchors, text);
  if (index == MF_NAMES_NONE) {
    if (!y->skipped)
      mf_diag_add_hint(y->context->diags, MF_E_UNKNOWN_ANCHOR, span,
                       "quote a text that begins with *", (int)text.n, text.p);
    return NULL;
  }
  const mf_yaml_range *range = &y->ranges.items[index];
  if (range->open) mf_diag_add(y->context->diags, MF_E_ANCHOR_CYCLE, span, (int)text.n, text.p);
  return range->open || range->begin >= range->end ? NULL : range;
}

static const mf_queued *first_token(const mf_yaml *y, const mf_yaml_range *range) {
  return &y->t->record.items[range->begin];
}

void mf_yaml_alias(mf_yaml *y, const char *name, mf_span span) {
  const mf_yaml_range *range = find(y, name, span);
  if (range) {
    replay(y, range->begin, range->end, span, span);
    y->t->last_end = span.offset + span.length;
    return;
  }
  mf_node *bad = mf_tokens_node(y->t, MF_SHAPE_BAD, span);
  if (bad) mf_tokens_scalar(y->t, bad);
}

bool mf_yaml_alias_text(mf_yaml *y, const char *name, mf_span span, mf_str *text) {
  const mf_yaml_range *range = find(y, name, span);
  if (range == NULL) return false;
  const mf_node *node = first_token(y, range)->token.node;
  *text = mf_node_text(node);
  if (node->shape == MF_SHAPE_TEXT) return true;
  mf_diag_add(y->context->diags, MF_E_KEY_NOT_TEXT, span, mf_doc_kind_noun(node));
  return false;
}

/* ---- merges ---- */

enum { NOT_MERGING, ONE_VALUE, A_LIST };

void mf_yaml_merge_key(mf_yaml *y, mf_span span) {
  mf_frame *f = mf_tokens_top(y->t);
  f->want_key = false;
  f->key_rank = 0;
  y->t->last_end = span.offset + span.length;
  mf_yaml_top(y)->merging = ONE_VALUE;
}

/* The value of "<<" is complete. */
static void merged(mf_yaml *y, mf_span span) {
  mf_yaml_level *level = mf_yaml_top(y);
  y->t->last_end = span.offset + span.length;
  if (level->merging == A_LIST) return;
  level->merging = NOT_MERGING;
  mf_tokens_top(y->t)->want_key = true;
}

static void add_source(mf_yaml *y, size_t begin, size_t end) {
  mf_yaml_level *level = mf_yaml_top(y);
  uint32_t index = new_range(y, begin);
  if (index == UINT32_MAX) return;
  y->ranges.items[index].end = end;
  if (level->last_merge)
    y->ranges.items[level->last_merge - 1].next = index + 1;
  else
    level->merges = index + 1;
  level->last_merge = index + 1;
}

static void report_source(mf_yaml *y, const mf_node *node, mf_span span) {
  if (node->shape != MF_SHAPE_BAD)
    mf_diag_add(y->context->diags, MF_E_BAD_MERGE, span, mf_doc_kind_noun(node));
}

void mf_yaml_merge_alias(mf_yaml *y, const char *name, mf_span span) {
  const mf_yaml_range *range = find(y, name, span);
  if (range) {
    const mf_node *node = first_token(y, range)->token.node;
    if (node->shape == MF_SHAPE_MAP)
      add_source(y, range->begin, range->end);
    else
      report_source(y, node, span);
  }
  merged(y, span);
}

/* Null merges nothing. */
void mf_yaml_merge_scalar(mf_yaml *y, const mf_node *node) {
  if (node->shape != MF_SHAPE_NULL) report_source(y, node, node->span);
  merged(y, node->span);
}

/* A mapping is recorded like an anchored one, but not shown; false for a list,
 * whose brackets are nobody's tokens. */
bool mf_yaml_merge_open(mf_yaml *y, bool is_map, mf_span span) {
  mf_yaml_level *level = mf_yaml_top(y);
  if (is_map) {
    level->hole = mf_tokens_hole_begin(y->t);
    y->t->hidden++;
    y->t->recording++;
    return true;
  }
  mf_node list = {.shape = MF_SHAPE_LIST};
  if (level->merging == A_LIST) report_source(y, &list, span);
  level->merging = A_LIST;
  level->merge_lists++;
  return false;
}

void mf_yaml_merge_close(mf_yaml *y, mf_span span) {
  mf_yaml_level *level = mf_yaml_top(y);
  if (--level->merge_lists == 0) level->merging = ONE_VALUE;
  merged(y, span);
}

void mf_yaml_merge_source(mf_yaml *y, mf_span span) {
  size_t hole = mf_yaml_top(y)->hole;
  y->t->hidden--;
  y->t->recording--;
  mf_tokens_hole_end(y->t, hole);
  add_source(y, hole + 1, y->t->record.count);
  mf_tokens_top(y->t)->want_key = false;
  merged(y, span);
}

/* The members of one source that the open mapping does not have yet. */
static void apply_source(mf_yaml *y, size_t begin, size_t end) {
  mf_tokens *t = y->t;
  size_t at = mf_tokens_behind_holes(t, begin + 1);
  while (at + 1 < end && !t->failed) {
    const mf_member *m = t->record.items[at].token.member;
    size_t behind = mf_tokens_value_end(t, at + 1);
    bool wanted = !(m->flags & MF_MEMBER_DROP) && !mf_tokens_has(t, m->name);
    if (wanted && mf_tokens_key(t, m->name, m->key_span, MF_MEMBER_MERGED))
      replay(y, at + 1, behind, (mf_span){0, 0}, m->key_span);
    at = mf_tokens_behind_holes(t, behind);
  }
}

void mf_yaml_merge_apply(mf_yaml *y) {
  uint32_t end = y->t->last_end;
  for (uint32_t i = mf_yaml_top(y)->merges; i && !y->t->failed;) {
    mf_yaml_range range = y->ranges.items[i - 1];
    apply_source(y, range.begin, range.end);
    i = range.next;
  }
  y->t->last_end = end; /* the tokens came from elsewhere */
}
