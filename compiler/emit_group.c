/* SPDX-License-Identifier: MIT */
/* emit_group - what runs at once: parallel groups and background steps
 * (docs/language.md, "At the same time"). */
#include "compiler.h"

/* ---- branches ---- */

void mf_spawn_begin(mf_compiler *c, uint32_t branch, mf_str name, mf_str path, mf_spawn *s) {
  mf_concurrency *k = &c->concurrency;
  uint32_t fields[2] = {mf_compile_string(c, name.n ? name : path), mf_compile_string(c, path)};
  *s = (mf_spawn){.task = mf_builder_row(c->b, MF_TABLE_TASK, fields),
                  .end = mf_builder_label(c->b),
                  .next = mf_builder_label(c->b),
                  .outer = k->at};
  if (branch != MF_ABSENT) {
    k->branches[branch].task = s->task;
    k->branches[branch].spawned = true;
  }
  k->at = branch;
  mf_builder_emit(c->b, MF_OP_SPAWN, s->task, s->end, s->next);
}

void mf_spawn_end(mf_compiler *c, const mf_spawn *s) {
  mf_builder_place(c->b, s->end);
  MF_EMIT(c, TASK_END, s->task, 0);
  mf_builder_place(c->b, s->next);
  c->concurrency.at = s->outer;
}

bool mf_has_needs(const mf_compiler *c) { return c->concurrency.to_need != MF_ABSENT; }

void mf_emit_needs(mf_compiler *c, uint32_t label) {
  mf_concurrency *k = &c->concurrency;
  if (k->to_need == MF_ABSENT) return;
  for (const mf_dependency *d = k->branches[k->to_need].needs; d; d = d->next)
    if (k->branches[d->on].task != MF_ABSENT) MF_EMIT(c, NEEDS, k->branches[d->on].task, label);
  k->to_need = MF_ABSENT;
}

/* Steps and actions are told to be skipped; of other entries nothing begins. */
static bool needs_inside(const mf_node *entry) {
  return entry->tag == MF_TAG_STEP || entry->tag == MF_TAG_WAIT ||
         entry->tag == MF_TAG_WAIT_UNTIL ||
         (entry->tag >= MF_TAG_ACTION_SET_VARIABLE && entry->tag <= MF_TAG_ACTION_ABORT);
}

static void emit_branch(mf_compiler *c, uint32_t branch, mf_str path) {
  mf_concurrency *k = &c->concurrency;
  const mf_node *entry = k->branches[branch].entry;
  const mf_node *name = mf_entry_get(entry, MF_KEY_NAME);
  mf_spawn spawn;
  if (entry->shape != MF_SHAPE_MAP) return;
  const mf_node *background = mf_entry_get(entry, MF_KEY_BACKGROUND);
  if (background)
    mf_diag_add(c->diags, MF_E_MISPLACED_KEY, background->span, "background",
                "to a step of a list that goes on");
  mf_compile_at(c, entry->span);
  mf_spawn_begin(c, branch, name && name->shape == MF_SHAPE_TEXT ? mf_node_text(name) : MF_STR(""),
                 path, &spawn);
  if (k->branches[branch].needs) k->to_need = branch;
  if (!needs_inside(entry)) mf_emit_needs(c, spawn.end);
  k->fresh = true;
  mf_emit_entry(c, entry, path);
  k->fresh = false;
  mf_compile_at(c, entry->span);
  mf_spawn_end(c, &spawn);
}

static void emit_branches(mf_compiler *c, const mf_node *list, uint32_t first, mf_str path) {
  for (uint32_t i = 0; first != MF_ABSENT && i < list->count; i++) {
    const mf_arena_mark mark = mf_arena_mark_get(c->scratch);
    uint32_t branch = c->concurrency.branches[first + i].order;
    emit_branch(c, branch, mf_path_index(c, path, branch - first));
    mf_arena_release(c->scratch, mark);
  }
}

/* ---- groups ---- */

static uint32_t group_row(mf_compiler *c, mf_str name, mf_str path, uint32_t mode, uint32_t flags) {
  uint32_t fields[4] = {mf_compile_string(c, name), mf_compile_string(c, path), mode, flags};
  return mf_builder_row(c->b, MF_TABLE_GROUP, fields);
}

static void emit_most(mf_compiler *c, const mf_node *entry) {
  const mf_node *node = mf_node_get(entry, MF_KEY_MAX_CONCURRENCY);
  bool bad = node &&
             ((node->shape == MF_SHAPE_INT && node->as.i < 1) || node->shape == MF_SHAPE_DOUBLE);
  if (bad)
    mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, node->span, "max_concurrency",
                "a whole number of at least 1");
  mf_emit_expr(
      c, node ? mf_data_expr(c, node) : mf_literal(c, entry->span, (mf_value){.kind = MF_NULL}));
}

void mf_emit_group(mf_compiler *c, const mf_node *entry, mf_str path, uint32_t flags) {
  const mf_node *list = mf_node_get(entry, MF_KEY_PARALLEL);
  const mf_node *name = mf_node_get(entry, MF_KEY_NAME);
  const mf_node *node = mf_node_get(entry, MF_KEY_CONDITION);
  if (!list || list->shape != MF_SHAPE_LIST) return;
  mf_expr *condition = node ? mf_condition_expr(c, node) : NULL;
  bool looks = mf_condition_looks(condition);
  uint32_t row = group_row(c, name && name->shape == MF_SHAPE_TEXT ? mf_node_text(name) : path,
                           path, MF_GROUP_MODE_ALL, flags | (looks ? MF_STEP_FLAGS_LOOKS : 0));
  mf_emit_id(c, mf_node_get(entry, MF_KEY_ID), MF_OWNER_GROUP, row);
  uint32_t leave = mf_builder_label(c->b), skip = mf_builder_label(c->b);
  mf_compile_at(c, entry->span);
  mf_emit_gate(c, entry, looks);
  MF_EMIT(c, GROUP_ENTER, row, leave);
  mf_emit_allowances(c, entry);
  if (condition) mf_reach_guard(c, node, mf_emit_condition(c, condition, skip));
  if (condition) mf_emit_why(c, node, condition, MF_OWNER_GROUP, row, 0);
  if (looks) MF_EMIT(c, HANDLED, 0, 0);
  emit_most(c, entry);
  MF_EMIT(c, GROUP_BEGIN, row, 0);
  if (condition) mf_reach_enter(c);
  emit_branches(c, list, entry->count, mf_path_part(c, path, "parallel"));
  if (condition) mf_reach_leave(c);
  if (condition) mf_emit_skipped(c, skip, leave);
  mf_builder_place(c->b, leave);
  mf_compile_at(c, entry->span);
  MF_EMIT(c, GROUP_LEAVE, row, 0);
}

void mf_emit_parallel_list(mf_compiler *c, const mf_node *list, mf_str path) {
  if (!list || list->shape != MF_SHAPE_LIST || list->count == 0) return;
  uint32_t row = group_row(c, path, path, MF_GROUP_MODE_ALL, 0), leave = mf_builder_label(c->b);
  MF_EMIT(c, GATE, 0, 0);
  MF_EMIT(c, GROUP_ENTER, row, leave);
  mf_emit_expr(c, mf_literal(c, list->span, (mf_value){.kind = MF_NULL}));
  MF_EMIT(c, GROUP_BEGIN, row, 0);
  emit_branches(c, list, c->first_of_steps, path);
  mf_builder_place(c->b, leave);
  MF_EMIT(c, GROUP_LEAVE, row, 0);
}

/* ---- background steps ---- */

static uint32_t background_branch(const mf_compiler *c, const mf_node *entry) {
  const mf_concurrency *k = &c->concurrency;
  if (entry->tag != MF_TAG_STEP || entry->count >= k->step_count) return MF_ABSENT;
  uint32_t branch = k->of_step[entry->count];
  bool own = branch != MF_ABSENT && k->branches[branch].entry == entry;
  return own && k->branches[branch].background ? branch : MF_ABSENT;
}

bool mf_step_is_background(const mf_compiler *c, const mf_node *entry, uint32_t *branch) {
  *branch = background_branch(c, entry);
  return *branch != MF_ABSENT;
}

/* A list with background steps is a group of them: its end waits. */
bool mf_background_begin(mf_compiler *c, const mf_node *list, mf_str path, mf_background *b) {
  const mf_node *entry = list->as.first;
  while (entry && background_branch(c, entry) == MF_ABSENT) entry = entry->next;
  if (!entry) return false;
  b->row = group_row(c, path, path, MF_GROUP_MODE_BACKGROUND, 0);
  b->leave = mf_builder_label(c->b);
  MF_EMIT(c, GROUP_ENTER, b->row, b->leave);
  return true;
}

void mf_background_end(mf_compiler *c, const mf_node *list, const mf_background *b) {
  mf_builder_place(c->b, b->leave);
  MF_EMIT(c, GROUP_LEAVE, b->row, 0);
  for (const mf_node *entry = list->as.first; entry; entry = entry->next) {
    uint32_t branch = background_branch(c, entry);
    if (branch != MF_ABSENT) c->concurrency.branches[branch].over = true;
  }
}
