/* SPDX-License-Identifier: MIT */
/* unused - names that nothing reads.
 *
 * A mistake elsewhere may hide where a name is read, so this is asked only when
 * there is none.  Names that begin with _ are meant for journals and reports. */
#include "compiler.h"

enum { READ = 1, WRITTEN = 2 };

static void mark(mf_compiler *c, uint32_t slot, uint8_t how) {
  if (slot >= c->uses_cap) {
    uint32_t cap = c->uses_cap ? c->uses_cap * 2 : 256;
    while (cap <= slot) cap *= 2;
    uint8_t *grown = mf_arena_get(c->arena, cap);
    if (!grown) return;
    memset(grown, 0, cap);
    if (c->uses_cap) memcpy(grown, c->uses, c->uses_cap);
    c->uses = grown;
    c->uses_cap = cap;
  }
  c->uses[slot] |= how;
}

void mf_unused_mark_read(mf_compiler *c, uint32_t slot) { mark(c, slot, READ); }
void mf_unused_mark_written(mf_compiler *c, uint32_t slot) { mark(c, slot, WRITTEN); }

static uint8_t uses_of(const mf_compiler *c, uint32_t slot) {
  return slot < c->uses_cap ? c->uses[slot] : 0;
}

/* Once for each. */
static void report(mf_compiler *c, const char *what, mf_str name, mf_span span, uint32_t slot) {
  if (slot == MF_NAMES_NONE || uses_of(c, slot) & READ || (name.n && name.p[0] == '_')) return;
  mf_diag_add_hint(c->diags, MF_W_NEVER_READ, span, "remove it, or begin its name with _", what,
                   (int)name.n, name.p);
  mark(c, slot, READ);
}

static void report_declared(mf_compiler *c, const mf_names *scope, const char *what,
                            const mf_node *variables) {
  mf_declared d = {.value = NULL};
  while (mf_declared_next(variables, &d))
    report(c, what, d.name, d.span, mf_names_get(scope, d.name));
}

void mf_unused_step(mf_compiler *c, const mf_node *variables) {
  if (variables && !c->diags->errors && !c->fragment)
    report_declared(c, c->step_scope, "variable", variables);
}

void mf_unused_loop(mf_compiler *c, const mf_loop_scope *scope, mf_span span) {
  if (scope->name.n && !c->diags->errors && !c->fragment)
    report(c, "variable", scope->name, span, scope->slot);
}

/* ---- names that actions write ---- */

/* A name that a step declares is written there, not in the document's scope. */
static bool is_only_written(const mf_compiler *c, uint32_t slot) {
  return slot != MF_NAMES_NONE && uses_of(c, slot) == WRITTEN;
}

static void report_written(mf_compiler *c, const mf_node *node);

static void report_in(mf_compiler *c, const mf_node *node) {
  if (node->shape == MF_SHAPE_MAP) report_written(c, node);
  if (node->shape == MF_SHAPE_LIST)
    for (const mf_node *item = node->as.first; item; item = item->next)
      if (item->shape == MF_SHAPE_MAP) report_written(c, item);
}

/* At the first place that writes it. */
static void report_action(mf_compiler *c, const mf_node *action) {
  bool sets = action->tag == MF_TAG_ACTION_SET_VARIABLE;
  const mf_node *name = mf_node_get(action, sets ? MF_KEY_NAME : MF_KEY_SAVE_AS);
  if (!name || name->shape != MF_SHAPE_TEXT) return;
  uint32_t slot = mf_names_get(&c->globals, mf_node_text(name));
  if (is_only_written(c, slot)) report(c, "variable", mf_node_text(name), name->span, slot);
}

static void report_written(mf_compiler *c, const mf_node *node) {
  if (node->tag == MF_TAG_FREE) return;
  if (node->tag >= MF_TAG_ACTION_SET_VARIABLE && node->tag <= MF_TAG_ACTION_ABORT)
    report_action(c, node);
  for (const mf_member *m = node->as.members; m; m = m->next) report_in(c, m->value);
}

static bool any_only_written(const mf_compiler *c) {
  for (uint32_t i = 0; i < c->assigned.count; i++)
    if (is_only_written(c, mf_names_get(&c->globals, c->assigned.entries[i].name))) return true;
  return false;
}

/* A template of a report reads them when the image is long made. */
static bool has_template(mf_compiler *c) {
  for (uint32_t i = 0; i < mf_builder_row_count(c->b, MF_TABLE_REPORT); i++)
    if (mf_builder_string_get(c->b, mf_builder_row_get(c->b, MF_TABLE_REPORT, i)[1]).n) return true;
  return false;
}

void mf_unused_document(mf_compiler *c) {
  if (c->diags->errors || c->fragment || has_template(c)) return;
  const mf_node *inputs = mf_node_get(c->document, MF_KEY_INPUTS);
  if (inputs && inputs->shape == MF_SHAPE_MAP) report_declared(c, &c->globals, "input", inputs);
  report_declared(c, &c->globals, "variable", mf_node_get(c->document, MF_KEY_VARIABLES));
  if (any_only_written(c)) report_written(c, c->document);
}
