/* SPDX-License-Identifier: MIT */
/* emit_steady - the steady state before and after, and the rollbacks between
 * (docs/language.md, "Steady state and rollbacks"). */
#include "compiler.h"

enum { RECOVERY_SECONDS = 30, LOOK_AGAIN_SECONDS = 1, LOAD_SECONDS = 10 };

/* ---- the steady state ---- */

static const mf_node *steady_state(const mf_compiler *c) {
  const mf_node *node = mf_node_get(c->document, MF_KEY_STEADY_STATE);
  return node && node->shape == MF_SHAPE_MAP ? node : NULL;
}

static void emit_probes(mf_compiler *c, const mf_node *list) {
  uint32_t i = 0;
  if (!list || list->shape != MF_SHAPE_LIST) return;
  for (const mf_node *probe = list->as.first; probe; probe = probe->next, i++) {
    const mf_node *request = mf_node_get(probe, MF_KEY_HTTP_REQUEST);
    mf_emit_probe(c, request ? request : probe, mf_path_index(c, MF_STR("steady_state.probes"), i));
  }
}

/* False: it has none.  10 s, unless it says how long. */
static bool emit_load(mf_compiler *c, const mf_node *state, const mf_node *duration) {
  const mf_node *load = mf_node_get(state, MF_KEY_LOAD);
  const mf_value seconds = {.kind = MF_DOUBLE, .as.d = LOAD_SECONDS};
  if (!load || load->shape == MF_SHAPE_BAD) return false;
  const mf_scenario_use use = mf_scenario_of_load(c, load, MF_STR("steady_state"),
                                                  MF_STR("steady_state"));
  if (use.scenario == MF_ABSENT) return false;
  mf_emit_scenario_arguments(
      c, &use, duration ? mf_seconds_expr(c, duration) : mf_literal(c, state->span, seconds));
  MF_EMIT(c, SCENARIO, use.scenario, 0);
  return true;
}

/* Once: whether it holds is on the stack then. */
static void emit_check(mf_compiler *c, const mf_node *state) {
  const mf_node *duration = mf_node_get(state, MF_KEY_DURATION);
  uint32_t judged = mf_builder_label(c->b);
  mf_compile_at(c, state->span);
  MF_EMIT(c, BLOCK_ENTER, MF_BLOCK_STEADY_STATE, judged);
  emit_probes(c, mf_node_get(state, MF_KEY_PROBES));
  const bool loads = emit_load(c, state, duration);
  if (duration && !loads) {
    mf_emit_wanted(c, mf_seconds_expr(c, duration), "a wait", MF_WANTED_SECONDS);
    MF_EMIT(c, WAIT, 0, 0);
  }
  const mf_phase phase = c->phase;
  if (loads) c->phase = MF_PHASE_BEFORE_LOAD; /* what the load before has measured */
  mf_emit_assertions(c, mf_node_get(state, MF_KEY_ASSERTIONS), MF_STR("steady_state.assertions"),
                     MF_ABSENT);
  c->phase = phase;
  mf_builder_place(c->b, judged);
  MF_EMIT(c, BLOCK_LEAVE, MF_BLOCK_STEADY_STATE, 0);
}

void mf_emit_steady_before(mf_compiler *c, uint32_t missed) {
  const mf_node *state = steady_state(c);
  if (!state) return;
  emit_check(c, state);
  MF_EMIT(c, JUMP_FALSE, missed, 0);
}

static void emit_number(mf_compiler *c, mf_span span, double number) {
  mf_emit_expr(c, mf_literal(c, span, (mf_value){.kind = MF_DOUBLE, .as.d = number}));
}

static void emit_now(mf_compiler *c) {
  MF_EMIT(c, NOW, 0, 0);
  MF_EMIT(c, LOAD, mf_names_builtin(c, MF_BUILTIN_DURATION), 0);
}

/* Checks until one holds, or `recovery` is over. */
static void emit_recovery(mf_compiler *c, const mf_node *state) {
  const mf_node *recovery = mf_node_get(state, MF_KEY_RECOVERY);
  uint32_t look = mf_builder_label(c->b), again = mf_builder_label(c->b);
  uint32_t over = mf_builder_label(c->b);
  MF_EMIT(c, BLOCK_ENTER, MF_BLOCK_RECOVERY, over);
  mf_builder_place(c->b, look);
  emit_check(c, state);
  MF_EMIT(c, JUMP_FALSE, again, 0);
  MF_EMIT(c, JUMP, over, 0);
  mf_builder_place(c->b, again);
  mf_emit_expr(c, mf_literal(c, state->span, (mf_value){.kind = MF_NULL}));
  emit_number(c, state->span, LOOK_AGAIN_SECONDS);
  if (recovery)
    mf_emit_wanted(c, mf_seconds_expr(c, recovery), "recovery", MF_WANTED_SECONDS);
  else
    emit_number(c, state->span, RECOVERY_SECONDS);
  MF_EMIT(c, WAIT_AGAIN, look, 0);
  mf_builder_place(c->b, over);
  MF_EMIT(c, BLOCK_LEAVE, MF_BLOCK_RECOVERY, 0);
}

/* recovery_time is how long it took, when it did. */
void mf_emit_steady_after(mf_compiler *c) {
  const mf_node *state = steady_state(c);
  if (!state) return;
  uint32_t metric = mf_names_metric(c, MF_STR("recovery_time"), MF_METRIC_KIND_GAUGE);
  uint32_t unsteady = mf_builder_label(c->b), done = mf_builder_label(c->b);
  mf_compile_at(c, state->span);
  emit_number(c, state->span, 0);
  emit_now(c);
  emit_recovery(c, state);
  MF_EMIT(c, JUMP_FALSE, unsteady, 0);
  emit_now(c);
  MF_EMIT(c, SUBTRACT, 0, 0); /* 0 - (begin - end) */
  MF_EMIT(c, SUBTRACT, 0, 0);
  MF_EMIT(c, METRIC, metric, 0);
  MF_EMIT(c, JUMP, done, 0);
  mf_builder_place(c->b, unsteady);
  MF_EMIT(c, POP, 0, 0);
  MF_EMIT(c, POP, 0, 0);
  mf_builder_place(c->b, done);
}

/* ---- rollbacks ---- */

typedef enum strategy { ALWAYS, ON_FAILURE, NEVER } strategy;

static strategy rollback_strategy(mf_compiler *c) {
  static const char *const words[] = {"always", "on_failure", "never"};
  mf_str word = mf_compile_word(c, c->document, MF_KEY_ROLLBACK_STRATEGY);
  for (unsigned i = 0; word.n && i < 3; i++)
    if (mf_str_is(word, words[i])) return (strategy)i;
  if (word.n)
    mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD,
                     mf_node_get(c->document, MF_KEY_ROLLBACK_STRATEGY)->span,
                     "write always, on_failure or never", (int)word.n, word.p, "rollback strategy");
  return ALWAYS;
}

/* Whatever happens in one, the next is carried out. */
static void emit_rollback(mf_compiler *c, const mf_node *entry, mf_str path) {
  uint32_t next = mf_builder_label(c->b), over = mf_builder_label(c->b);
  MF_EMIT(c, HANDLER, next, 0);
  MF_EMIT(c, BLOCK_ENTER, MF_BLOCK_ROLLBACK, over);
  mf_check_alone(c, entry);
  c->stopped = NULL;
  mf_emit_entry(c, entry, path);
  mf_builder_place(c->b, over);
  MF_EMIT(c, BLOCK_LEAVE, MF_BLOCK_ROLLBACK, 0);
  MF_EMIT(c, POP, 0, 0);
  mf_builder_place(c->b, next);
}

void mf_emit_rollbacks(mf_compiler *c) {
  const mf_node *list = mf_node_get(c->document, MF_KEY_ROLLBACKS);
  strategy when = rollback_strategy(c);
  uint32_t i = 0, clean = mf_builder_label(c->b);
  if (!list || list->shape != MF_SHAPE_LIST) return;
  if (when == NEVER) { /* compiled all the same, so that its mistakes are told */
    mf_emit_expr(c, mf_literal(c, list->span, (mf_value){.kind = MF_BOOL}));
    MF_EMIT(c, JUMP_FALSE, clean, 0);
  }
  if (when == ON_FAILURE) MF_EMIT(c, JUMP_CLEAN, clean, 0);
  for (const mf_node *entry = list->as.first; entry; entry = entry->next, i++)
    emit_rollback(c, entry, mf_path_index(c, MF_STR("rollbacks"), i));
  mf_builder_place(c->b, clean);
}

bool mf_undoes(const mf_compiler *c) {
  return steady_state(c) || mf_node_get(c->document, MF_KEY_ROLLBACKS);
}
