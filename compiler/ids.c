/* SPDX-License-Identifier: MIT */
/* ids - the `id` of entries, hooks, actions and assertions. */
#include "compiler.h"

static void report(mf_compiler *c, const mf_node *node, uint32_t other) {
  uint32_t line = 0, column = 0;
  uint32_t first = other < node->span.offset ? other : node->span.offset;
  mf_span second = node->span;
  if (first != other) second.offset = other; /* branches may come in another order */
  mf_lines_find(&c->lines, first, &line, &column);
  mf_str text = mf_node_text(node);
  mf_diag_add(c->diags, MF_E_DUPLICATE_ID, second, (int)text.n, text.p,
              mf_compile_path(c, "%u", line).p);
}

/* What is emitted at several places has several rows of one id. */
void mf_emit_id(mf_compiler *c, const mf_node *node, uint32_t owner, uint32_t row) {
  if (!node || node->shape != MF_SHAPE_TEXT || mf_node_text(node).n == 0) return;
  if (node->flags & MF_NODE_INTERPOLATED) {
    mf_diag_add(c->diags, MF_E_NOT_CONSTANT, node->span, mf_key_spelling(MF_KEY_ID));
    return;
  }
  mf_names_entry *entry = mf_names_entry_of(&c->ids, mf_node_text(node));
  if (!entry) return; /* out of memory */
  if (entry->value == MF_NAMES_NONE) entry->value = node->span.offset;
  if (entry->value != node->span.offset) {
    report(c, node, entry->value);
    return;
  }
  const mf_row_id fields = {owner, row, mf_compile_string(c, mf_node_text(node))};
  mf_builder_row(c->b, MF_TABLE_ID, &fields.owner);
}

/* ---- order ---- */

static bool is_before(const uint32_t *a, const uint32_t *b, uint32_t keys) {
  for (uint32_t i = 0; i < keys; i++)
    if (a[i] != b[i]) return a[i] < b[i];
  return false;
}

typedef struct sorted {
  uint32_t fields, keys;
} sorted;

/* Two runs of rows that follow each other, in order, into one. */
static void merge(const sorted *s, const uint32_t *left, const uint32_t *right, const uint32_t *end,
                  uint32_t *out) {
  const uint32_t *middle = right;
  while (left < middle || right < end) {
    bool second = left == middle || (right < end && is_before(right, left, s->keys));
    const uint32_t **from = second ? &right : &left;
    memcpy(out, *from, s->fields * sizeof *out);
    *from += s->fields;
    out += s->fields;
  }
}

static bool is_sorted(const sorted *s, const uint32_t *rows, uint32_t count) {
  for (uint32_t i = 1; i < count; i++)
    if (is_before(rows + i * s->fields, rows + (i - 1) * s->fields, s->keys)) return false;
  return true;
}

void mf_rows_sort(mf_compiler *c, mf_table table, uint32_t keys) {
  const sorted s = {mf_table_infos[table].field_count, keys};
  const uint32_t count = mf_builder_row_count(c->b, table), words = count * s.fields;
  uint32_t *rows = mf_builder_row_get(c->b, table, 0);
  if (is_sorted(&s, rows, count)) return;
  uint32_t *from = rows, *to = mf_arena_get(c->scratch, words * sizeof *to);
  if (!to) return;
  for (uint32_t run = s.fields; run < words; run *= 2) {
    for (uint32_t at = 0; at < words; at += 2 * run) {
      uint32_t middle = at + run < words ? at + run : words;
      uint32_t end = at + 2 * run < words ? at + 2 * run : words;
      merge(&s, from + at, from + middle, from + end, to + at);
    }
    uint32_t *other = from;
    from = to;
    to = other;
  }
  if (from != rows) memcpy(rows, from, words * sizeof *rows);
}
