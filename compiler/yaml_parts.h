/* yaml_parts - what the files of the YAML source share. */
#ifndef MF_COMPILER_YAML_PARTS_H
#define MF_COMPILER_YAML_PARTS_H
#include "yaml_source.h"

#include "../base/limits.h"
#include "../base/map.h"

#include <yaml.h>

/* What was recorded for an anchor or a merge: tokens [begin, end). */
typedef struct mf_yaml_range {
  size_t begin, end;
  bool open;     /* anchor: the value is not over yet */
  uint32_t next; /* merge: the next source of the same mapping, 0 none */
} mf_yaml_range;
typedef struct mf_yaml_ranges {
  mf_yaml_range *items;
  uint32_t count, cap;
} mf_yaml_ranges;

/* Beside each frame of the token stream. */
typedef struct mf_yaml_level {
  uint32_t anchor; /* of the value, index + 1; 0 none */
  uint32_t merges; /* sources of "<<" in order: first and last, 0 none */
  uint32_t last_merge;
  uint8_t merging;      /* mapping: the next value, or values, are a merge's */
  bool is_source;       /* it is the mapping of a merge itself: recorded, not shown */
  uint32_t merge_lists; /* open lists of a merge: 1, more by mistake */
  size_t hole;          /* of its latest source, in the record */
} mf_yaml_level;

struct mf_yaml {
  mf_tokens *t;
  mf_parse_context *context;
  yaml_parser_t parser;
  mf_str source; /* whole, for offsets */
  uint32_t base; /* bytes of the byte order mark */
  bool ascii;    /* characters are bytes */
  bool opened, oom, document, document_over;
  size_t cursor_char, cursor_byte; /* a place whose two offsets are known */
  uint32_t skip_depth, skip_nodes; /* see skip() */
  bool retract;
  bool skipped;         /* something was skipped: its anchors are unknown */
  uint32_t quoted_line; /* offset in a line about whose quotes something was said */
  mf_names anchors;     /* name -> index of ranges */
  mf_yaml_ranges ranges;
  uint64_t replayed;     /* tokens */
  uint64_t total;        /* tokens of the input, once counted */
  mf_yaml_level *levels; /* by depth */
};
static inline mf_yaml_level *mf_yaml_top(mf_yaml *y) { return &y->levels[y->t->depth]; }

uint32_t mf_yaml_offset_slow(mf_yaml *y, size_t index);
/* Marks may lie behind the end, where libyaml sees NULs. */
static inline uint32_t mf_yaml_offset(mf_yaml *y, yaml_mark_t mark) {
  if (!y->ascii) return mf_yaml_offset_slow(y, mark.index);
  return (uint32_t)(mark.index < y->source.n ? mark.index : y->source.n);
}
static inline mf_span mf_yaml_span(mf_yaml *y, const yaml_event_t *event) {
  uint32_t from = mf_yaml_offset(y, event->start_mark), to = mf_yaml_offset(y, event->end_mark);
  return (mf_span){from, to > from ? to - from : 0};
}

/* yaml_scalars.c: a scalar event by the core schema; BAD when reported. */
mf_node *mf_yaml_scalar(mf_yaml *y, const yaml_event_t *event, mf_span span);
/* Its bytes, borrowed from the source where they stand there.  *content is
 * their offset, *verbatim whether they do. */
mf_str mf_yaml_text(mf_yaml *y, const yaml_event_t *event, mf_span span, uint32_t *content,
                    bool *verbatim);
/* Is this a tag that a mapping or list may have?  Reports it if not. */
void mf_yaml_check_tag(mf_yaml *y, const char *tag, const char *own, mf_span span);
/* A tag, found at this offset or behind it on the line, that is none of ours. */
void mf_yaml_report_tag(mf_yaml *y, uint32_t offset);

/* yaml_anchors.c */
/* The value that begins next is recorded under this name; returns the index + 1. */
uint32_t mf_yaml_anchor_begin(mf_yaml *y, const char *name);
void mf_yaml_anchor_end(mf_yaml *y, uint32_t anchor);
void mf_yaml_alias(mf_yaml *y, const char *name, mf_span span);
/* The text of a scalar that has an anchor, for keys; false (reported) if none. */
bool mf_yaml_alias_text(mf_yaml *y, const char *name, mf_span span, mf_str *text);
/* After the key "<<": is the open mapping waiting for what to merge? */
static inline bool mf_yaml_is_merging(mf_yaml *y) { return y->levels[y->t->depth].merging; }
void mf_yaml_merge_key(mf_yaml *y, mf_span span);
/* The values of a merge. */
void mf_yaml_merge_alias(mf_yaml *y, const char *name, mf_span span);
void mf_yaml_merge_scalar(mf_yaml *y, const mf_node *node);
bool mf_yaml_merge_open(mf_yaml *y, bool is_map, mf_span span);
/* The end of a list, of a mapping. */
void mf_yaml_merge_close(mf_yaml *y, mf_span span);
void mf_yaml_merge_source(mf_yaml *y, mf_span span);
/* Adds the merged keys to the open mapping, which is about to end. */
void mf_yaml_merge_apply(mf_yaml *y);

/* yaml_mistakes.c: reports why libyaml stopped. */
void mf_yaml_explain(mf_yaml *y);
void mf_yaml_report_braces(mf_yaml *y, uint32_t offset);
#endif
