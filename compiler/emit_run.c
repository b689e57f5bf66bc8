/* SPDX-License-Identifier: MIT */
/* emit_run - the order of a run (docs/language.md, "Order of a run"), from the first
 * variable to the last report. */
#include "watched_code.h"

/* ---- variables ---- */

/* An override given before the run wins over the initial value. */
static void emit_variable(mf_compiler *c, mf_str name, const mf_node *value) {
  uint32_t slot = mf_names_get(&c->globals, name);
  if (slot == MF_NAMES_NONE) return;
  uint32_t given = mf_builder_label(c->b);
  MF_EMIT(c, JUMP_SET, slot, given);
  mf_emit_expr(c, mf_data_expr(c, value));
  MF_EMIT(c, INIT, slot, 0);
  mf_builder_place(c->b, given);
  mf_compile_constant(c, name, value);
}

static void emit_variables(mf_compiler *c) {
  const mf_node *variables = mf_node_get(c->document, MF_KEY_VARIABLES);
  mf_declared d = {.value = NULL};
  while (mf_declared_next(variables, &d))
    if (d.value) emit_variable(c, d.name, d.value);
}

/* ---- the end of a run ---- */

uint32_t mf_emit_guard(mf_compiler *c) {
  uint32_t next = mf_builder_label(c->b);
  MF_EMIT(c, HANDLER, next, 0);
  return next;
}

static void emit_total_duration(mf_compiler *c) {
  uint32_t metric = mf_names_metric(c, MF_STR("total_duration"), MF_METRIC_KIND_GAUGE);
  uint32_t recorded = mf_builder_label(c->b);
  MF_EMIT(c, JUMP_SET, mf_names_metric_slot(c, metric, MF_SLOT_KIND_METRIC_RUN), recorded);
  MF_EMIT(c, NOW, 0, 0);
  MF_EMIT(c, LOAD, mf_names_builtin(c, MF_BUILTIN_DURATION), 0);
  MF_EMIT(c, METRIC, metric, 0);
  mf_builder_place(c->b, recorded);
}

/* ---- the whole ---- */

static void emit_list(mf_compiler *c, mf_key key, mf_str path) {
  const mf_node *list = mf_node_get(c->document, key);
  if (key == MF_KEY_STEPS && mf_compile_bool(c, c->document, MF_KEY_PARALLEL, false))
    mf_emit_parallel_list(c, list, path);
  else
    mf_emit_entries(c, list, path);
}

void mf_emit_lists(mf_compiler *c) {
  static const struct {
    mf_key key;
    const char *path;
  } lists[] = {{MF_KEY_STEPS, "steps"},
               {MF_KEY_ADVANCED_STEPS, "advanced_steps"},
               {MF_KEY_CONDITIONAL_STEPS, "conditional_steps"}};
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
    emit_list(c, lists[i].key, mf_compile_own_path(c, lists[i].path));
}

static void emit_iterations(mf_compiler *c) {
  mf_orchestration_loop loop;
  c->phase = MF_PHASE_BEFORE_LOAD;
  bool looping = mf_emit_loop_begin(c, &loop);
  mf_emit_lists(c);
  if (looping) mf_emit_loop_end(c, &loop);
  MF_EMIT(c, GATE, 0, 0);
  c->phase = MF_PHASE_RUN;
}

/* A fragment is compiled whole, so that its mistakes are told, but it starts
 * nothing, not even hooks: its code is jumped over. */
static void skip_in_fragment(mf_compiler *c, uint32_t label) {
  const mf_value no = {.kind = MF_BOOL};
  if (!c->fragment) return;
  MF_EMIT(c, CONST, mf_builder_constant(c->b, &no), 0);
  MF_EMIT(c, JUMP_FALSE, label, 0);
}

static bool has_judgements(const mf_compiler *c) {
  const mf_node *list = mf_node_get(c->document, MF_KEY_ASSERTIONS);
  return (list && list->shape == MF_SHAPE_LIST && list->count > 0) ||
         mf_node_get(c->document, MF_KEY_THRESHOLDS) ||
         mf_node_get(c->document, MF_KEY_ABORT_WHEN) ||
         mf_node_get(mf_node_get(c->document, MF_KEY_STEADY_STATE), MF_KEY_DURING);
}

/* What its thresholds and the like came to is known to the host, which has kept them. */
static void emit_watches(mf_compiler *c) {
  const uint32_t before = mf_builder_row_count(c->b, MF_TABLE_WATCH);
  mf_thresholds_add(c, mf_node_get(c->document, MF_KEY_THRESHOLDS), MF_STR("thresholds"),
                    MF_ABSENT);
  mf_aborts_add(c);
  if (mf_builder_row_count(c->b, MF_TABLE_WATCH) == before) return;
  mf_emit_effect_of(c, "thresholds");
  MF_EMIT(c, FIELD, mf_builder_string_constant(c->b, mf_compile_string(c, MF_STR("watches"))), 0);
  MF_EMIT(c, JUDGE, 0, 0);
}

/* Of entries that never began there is nothing to assert. */
static void emit_final(mf_compiler *c) {
  uint32_t next = mf_emit_guard(c), judged = mf_builder_label(c->b);
  skip_in_fragment(c, judged);
  mf_emit_global_hooks(c, MF_HOOK_TYPE_POST_ORCHESTRATION);
  mf_builder_place(c->b, next);
  MF_EMIT(c, HANDLER, judged, 0);
  emit_total_duration(c);
  if (has_judgements(c)) MF_EMIT(c, JUMP_MISSED, judged, 0);
  emit_watches(c);
  mf_emit_assertions(c, mf_node_get(c->document, MF_KEY_ASSERTIONS), MF_STR("assertions"),
                     MF_ABSENT);
  mf_builder_place(c->b, judged);
  next = mf_emit_guard(c);
  MF_EMIT(c, VERDICT, 0, 0);
  skip_in_fragment(c, next);
  mf_emit_global_hooks(c, MF_HOOK_TYPE_POST_VERDICT);
  mf_builder_place(c->b, next);
  mf_emit_reports(c);
}

/* The entries; then, however they ended, what is undone. */
static void emit_work(mf_compiler *c) {
  if (has_judgements(c)) MF_EMIT(c, RUN_BEGIN, 0, 0);
  if (!mf_undoes(c)) {
    emit_iterations(c);
    return;
  }
  uint32_t undo = mf_builder_label(c->b);
  MF_EMIT(c, HANDLER, undo, 0);
  emit_iterations(c);
  mf_builder_place(c->b, undo);
  MF_EMIT(c, RUN_FINAL, 0, 0);
  mf_emit_rollbacks(c);
  uint32_t next = mf_emit_guard(c);
  mf_emit_steady_after(c);
  mf_builder_place(c->b, next);
}

void mf_emit_run(mf_compiler *c) {
  mf_builder_chunk_begin(c->b, MF_STR("main"), MF_CHUNK_KIND_MAIN);
  uint32_t final = mf_builder_label(c->b);
  c->phase = MF_PHASE_RUN;
  MF_EMIT(c, RUN_ENTER, final, 0);
  skip_in_fragment(c, final);
  mf_emit_inputs(c);
  emit_variables(c);
  mf_emit_timeout(c, mf_node_get(c->document, MF_KEY_TIMEOUT));
  mf_emit_global_hooks(c, MF_HOOK_TYPE_PRE_ORCHESTRATION);
  mf_emit_steady_before(c, final);
  emit_work(c);
  mf_builder_place(c->b, final);
  MF_EMIT(c, RUN_FINAL, 0, 0);
  emit_final(c);
  MF_EMIT(c, RUN_LEAVE, 0, 0);
  MF_EMIT(c, END, 0, 0);
  mf_builder_chunk_end(c->b);
}
