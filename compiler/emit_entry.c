/* SPDX-License-Identifier: MIT */
/* emit_entry - the entries of `steps` and of every branch: steps,
 * conditionals, waits and bare actions (docs/language.md, "Entries"). */
#include "compiler.h"

/* A step's own key, or the one in its `base`; both is a mistake. */
static const mf_node *step_get(mf_compiler *c, const mf_node *step, mf_key key) {
  const mf_node *own = NULL, *base = NULL;
  for (const mf_member *m = step->as.members; m; m = m->next) {
    if (m->value->shape == MF_SHAPE_NULL) continue;
    if (m->key == key) own = m->value;
    if (m->key == MF_KEY_BASE) base = mf_node_get(m->value, key);
  }
  if (own && base)
    mf_diag_add(c->diags, MF_E_BOTH_GIVEN, base->span, mf_key_spelling(key),
                mf_compile_path(c, "base.%s", mf_key_spelling(key)).p);
  return own ? own : base;
}

static const struct {
  mf_key key;
  uint32_t flag;
} allowances[] = {{MF_KEY_CONTINUE_ON_FAILURE, MF_STEP_FLAGS_CONTINUE_ON_FAILURE},
                  {MF_KEY_OPTIONAL, MF_STEP_FLAGS_OPTIONAL},
                  {MF_KEY_FAIL_FAST, MF_STEP_FLAGS_FAIL_FAST}};
enum { ALLOWANCES = sizeof allowances / sizeof *allowances };

static uint32_t entry_flags(mf_compiler *c, const mf_node *entry, bool looks) {
  uint32_t flags = looks ? MF_STEP_FLAGS_LOOKS : 0;
  for (int i = 0; i < ALLOWANCES; i++) {
    const mf_node *node = step_get(c, entry, allowances[i].key);
    if (node && node->shape == MF_SHAPE_BOOL && node->as.b) flags |= allowances[i].flag;
  }
  return flags;
}

void mf_emit_allowances(mf_compiler *c, const mf_node *entry) {
  for (int i = 0; i < ALLOWANCES; i++) {
    const mf_node *node = mf_entry_get(entry, allowances[i].key);
    if (!mf_is_computed(node)) continue;
    mf_emit_wanted(c, mf_data_expr(c, node), mf_key_spelling(allowances[i].key), MF_WANTED_BOOL);
    MF_EMIT(c, ALLOW, allowances[i].flag, 0);
  }
}

void mf_emit_gate(mf_compiler *c, const mf_node *entry, bool looks) {
  bool fresh = c->concurrency.fresh;
  c->concurrency.fresh = false;
  mf_reach_gate(c, entry, looks);
  if (!looks && !fresh) MF_EMIT(c, GATE, 0, 0);
}

/* ---- steps ---- */

static void emit_step_variables(mf_compiler *c, const mf_node *variables) {
  mf_declared d = {.value = NULL};
  while (mf_declared_next(variables, &d)) {
    uint32_t slot = mf_names_get(c->step_scope, d.name);
    if (slot == MF_NAMES_NONE || !d.value) continue;
    mf_emit_expr(c, mf_data_expr(c, d.value));
    MF_EMIT(c, INIT, slot, 0);
  }
}

static void emit_wait(mf_compiler *c, const mf_node *seconds) {
  mf_emit_wanted(c, mf_seconds_expr(c, seconds), "a wait", MF_WANTED_SECONDS);
  MF_EMIT(c, WAIT, 0, 0);
}

void mf_emit_timeout(mf_compiler *c, const mf_node *seconds) {
  if (!seconds) return;
  mf_expr *e = mf_seconds_expr(c, seconds);
  if (e && e->kind == MF_EXPR_LITERAL && e->value.kind == MF_DOUBLE && e->value.as.d == 0)
    mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, seconds->span, "a timeout", "above 0");
  mf_emit_expr(c, e);
  MF_EMIT(c, TIMEOUT, 0, 0);
}

/* Without a load, its time passes: traffic comes from outside, or is none. */
static void emit_load(mf_compiler *c, const mf_scenario_use *use, mf_expr *seconds) {
  if (use->scenario == MF_ABSENT) {
    mf_emit_wanted(c, seconds, "a wait", MF_WANTED_SECONDS);
    MF_EMIT(c, WAIT, 0, 0);
    return;
  }
  mf_emit_scenario_arguments(c, use, seconds);
  MF_EMIT(c, SCENARIO, use->scenario, 0);
}

/* Faults in, load, faults out; without either, the step's own duration passes.  True:
 * something watches the load. */
static bool emit_work(mf_compiler *c, const mf_node *step, uint32_t row, mf_str path) {
  static const mf_key keys[] = {MF_KEY_SCENARIO, MF_KEY_LOAD, MF_KEY_CHECKS, MF_KEY_THRESHOLDS};
  const mf_node *duration = step_get(c, step, MF_KEY_DURATION);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    (void)step_get(c, step, keys[i]); /* reports one that is in `base`, too */
  mf_scenario_use use = mf_scenario_resolve(c, step, path);
  mf_builder_row_get(c->b, MF_TABLE_STEP, row)[2] = use.scenario;
  if (use.scenario == MF_ABSENT && use.fault == MF_ABSENT) {
    if (duration) emit_wait(c, duration);
    return false;
  }
  mf_expr *seconds = duration ? mf_seconds_expr(c, duration) : use.seconds;
  if (use.fault == MF_ABSENT) {
    emit_load(c, &use, seconds);
    return use.watched;
  }
  uint32_t undo = mf_builder_label(c->b);
  mf_emit_expr(c, use.config);
  MF_EMIT(c, FAULT_ENTER, use.fault, undo);
  emit_load(c, &use, seconds);
  mf_builder_place(c->b, undo);
  MF_EMIT(c, FAULT_LEAVE, use.fault, 0);
  return use.watched;
}

/* pre_hooks and the work: a failure goes on at the post_hooks.  What is before the
 * attempt is done once.  The step's variables are known after the delay. */
static uint32_t emit_step_body(mf_compiler *c, const mf_node *step, uint32_t row, mf_str path,
                               mf_names *scope, bool *watched) {
  const mf_node *retry = step_get(c, step, MF_KEY_RETRY);
  uint32_t attempt = 0;
  uint32_t after = mf_builder_label(c->b);
  MF_EMIT(c, HANDLER, after, 0);
  const mf_node *delay = step_get(c, step, MF_KEY_DELAY_BEFORE);
  if (delay) emit_wait(c, delay);
  mf_names_step_begin(c, scope, row, step_get(c, step, MF_KEY_VARIABLES));
  emit_step_variables(c, step_get(c, step, MF_KEY_VARIABLES));
  mf_emit_global_hooks(c, MF_HOOK_TYPE_PRE_STEP);
  if (retry) {
    attempt = mf_emit_retry_begin(c, &mf_step_retry, retry, row);
    MF_EMIT(c, HANDLER, after, 0);
  }
  mf_emit_timeout(c, step_get(c, step, MF_KEY_TIMEOUT));
  mf_emit_step_hooks(c, step_get(c, step, MF_KEY_PRE_HOOKS), MF_HOOK_TYPE_PRE_STEP, path);
  *watched = emit_work(c, step, row, path);
  mf_builder_place(c->b, after);
  return attempt;
}

static void emit_judge(mf_compiler *c) {
  MF_EMIT(c, WATCHED, 0, 0);
  MF_EMIT(c, JUDGE, 0, 0);
}

/* What the watches of its load came to: of a step that has failed there is nothing else
 * to judge, and one that fails by this is judged to the end. */
static void emit_watched(mf_compiler *c, uint32_t known) {
  uint32_t failed = mf_builder_label(c->b), next = mf_builder_label(c->b);
  MF_EMIT(c, JUMP_FAILED, failed, 0);
  emit_judge(c);
  MF_EMIT(c, JUMP, next, 0);
  mf_builder_place(c->b, failed);
  emit_judge(c);
  MF_EMIT(c, JUMP, known, 0);
  mf_builder_place(c->b, next);
}

/* post_hooks in any case; assertions only when there is something to judge;
 * then the outcome, which the global post_step hooks see as previous. */
static void emit_step_end(mf_compiler *c, const mf_node *step, uint32_t row, mf_str path,
                          uint32_t attempt, uint32_t leave, bool watched) {
  const mf_node *retry = step_get(c, step, MF_KEY_RETRY);
  uint32_t known = mf_builder_label(c->b);
  c->phase = MF_PHASE_AFTER_LOAD;
  MF_EMIT(c, HANDLER, known, 0);
  mf_emit_step_hooks(c, step_get(c, step, MF_KEY_POST_HOOKS), MF_HOOK_TYPE_POST_STEP, path);
  if (watched)
    emit_watched(c, known);
  else
    MF_EMIT(c, JUMP_FAILED, known, 0);
  mf_emit_assertions(c, step_get(c, step, MF_KEY_ASSERTIONS), mf_path_part(c, path, "assertions"),
                     row);
  mf_builder_place(c->b, known);
  if (retry) mf_emit_retry_end(c, &mf_step_retry, retry, row, attempt);
  MF_EMIT(c, STEP_OUTCOME, row, 0);
  MF_EMIT(c, HANDLER, leave, 0);
  mf_emit_global_hooks(c, MF_HOOK_TYPE_POST_STEP);
  c->phase = MF_PHASE_BEFORE_LOAD;
}

/* Mostly it is the step's identity, a string that the image has. */
static void emit_display_name(mf_compiler *c, const mf_node *step, uint32_t row) {
  const mf_node *name = step_get(c, step, MF_KEY_NAME);
  bool plain = !name || (name->shape == MF_SHAPE_TEXT && !(name->flags & MF_NODE_INTERPOLATED));
  mf_str text = !name ? MF_STR("step") : plain ? mf_node_text(name) : MF_STR("");
  uint32_t identity = mf_builder_row_get(c->b, MF_TABLE_STEP, row)[0];
  if (plain && mf_str_eq(text, mf_builder_string_get(c->b, identity)))
    mf_emit_constant(c, (name ? name : step)->span, mf_builder_string_constant(c->b, identity));
  else
    mf_emit_expr(c, name ? mf_text_expr(c, name) : mf_literal_text(c, step->span, text));
  MF_EMIT(c, STEP_BEGIN, row, 0);
}

/* Condition false, or a branch that it needs has failed: to `skip`. */
static bool emit_may_skip(mf_compiler *c, const mf_node *step, const mf_node *node,
                          mf_expr *condition, uint32_t skip) {
  bool needs = mf_has_needs(c);
  mf_emit_needs(c, skip);
  mf_emit_allowances(c, step);
  if (condition) mf_reach_guard(c, node, mf_emit_condition(c, condition, skip));
  if (condition) mf_emit_why(c, node, condition, MF_OWNER_STEP, step->count, 0);
  return needs || condition;
}

static void emit_step(mf_compiler *c, const mf_node *step, mf_str path) {
  uint32_t row = step->count; /* mf_node_number */
  uint32_t branch;
  mf_spawn spawn;
  bool background = mf_step_is_background(c, step, &branch);
  const mf_node *node = step_get(c, step, MF_KEY_CONDITION);
  mf_names scope;
  mf_expr *condition = node ? mf_condition_expr(c, node) : NULL;
  bool looks = mf_condition_looks(condition);
  uint32_t *fields = mf_builder_row_get(c->b, MF_TABLE_STEP, row);
  fields[1] = mf_compile_string(c, path);
  fields[3] |= entry_flags(c, step, looks);
  mf_emit_id(c, step_get(c, step, MF_KEY_ID), MF_OWNER_STEP, row);
  uint32_t leave = mf_builder_label(c->b), skip = mf_builder_label(c->b);
  mf_compile_at(c, step->span);
  mf_emit_gate(c, step, looks);
  if (mf_is_computed(step_get(c, step, MF_KEY_BACKGROUND)))
    mf_diag_add(c->diags, MF_E_NOT_CONSTANT_BOOL, step_get(c, step, MF_KEY_BACKGROUND)->span,
                mf_key_spelling(MF_KEY_BACKGROUND));
  if (background) mf_spawn_begin(c, branch, mf_builder_string_get(c->b, fields[0]), path, &spawn);
  mf_reach_step_begin(c, row);
  MF_EMIT(c, STEP_ENTER, row, leave);
  bool may_skip = emit_may_skip(c, step, node, condition, skip);
  if (looks) MF_EMIT(c, HANDLED, 0, 0);
  emit_display_name(c, step, row);
  bool watched = false;
  uint32_t attempt = emit_step_body(c, step, row, path, &scope, &watched);
  emit_step_end(c, step, row, path, attempt, leave, watched);
  mf_unused_step(c, step_get(c, step, MF_KEY_VARIABLES));
  mf_names_step_end(c);
  mf_reach_step_end(c, row, condition != NULL);
  if (may_skip) mf_emit_skipped(c, skip, leave);
  mf_builder_place(c->b, leave);
  mf_compile_at(c, step->span);
  MF_EMIT(c, STEP_LEAVE, row, 0);
  if (background) mf_spawn_end(c, &spawn);
}

/* ---- conditionals ---- */

typedef struct arm {
  const mf_node *node; /* of the condition */
  mf_expr *condition;
  const mf_node *steps;
  mf_str path;
} arm;

static uint32_t branch_row(mf_compiler *c, const mf_node *entry, mf_str path, uint32_t arms,
                           uint32_t flags) {
  const mf_node *name = mf_node_get(entry, MF_KEY_NAME);
  mf_str text = name && name->shape == MF_SHAPE_TEXT ? mf_node_text(name) : path;
  uint32_t fields[4] = {mf_compile_string(c, text), mf_compile_string(c, path), arms, flags};
  return mf_builder_row(c->b, MF_TABLE_BRANCH, fields);
}

static uint32_t count_elifs(const mf_node *entry) {
  const mf_node *elif = mf_node_get(entry, MF_KEY_ELIF);
  return elif && elif->shape == MF_SHAPE_LIST ? elif->count : 0;
}

/* then, elif...; the arms in order.  NULL when out of memory. */
static arm *collect_arms(mf_compiler *c, const mf_node *entry, mf_str path, uint32_t count) {
  arm *arms = MF_NEW_ARRAY(c->scratch, arm, count);
  if (!arms) return NULL;
  const mf_node *condition = mf_node_get(entry, MF_KEY_CONDITION);
  arms[0] = (arm){condition, condition ? mf_condition_expr(c, condition) : NULL,
                  mf_node_get(entry, MF_KEY_THEN_STEPS), mf_path_part(c, path, "then")};
  if (count == 1) return arms;
  uint32_t i = 1;
  for (const mf_node *e = mf_node_get(entry, MF_KEY_ELIF)->as.first; e; e = e->next, i++) {
    condition = mf_node_get(e, MF_KEY_CONDITION);
    arms[i] = (arm){condition, condition ? mf_condition_expr(c, condition) : NULL,
                    mf_node_get(e, MF_KEY_THEN_STEPS),
                    mf_compile_path(c, "%.*s.elif[%u].then", (int)path.n, path.p, i - 1)};
  }
  return arms;
}

static void emit_arm(mf_compiler *c, uint32_t row, uint32_t number, const mf_node *steps,
                     mf_str path, uint32_t end) {
  MF_EMIT(c, BRANCH_TAKE, row, number);
  mf_reach_enter(c);
  mf_emit_entries(c, steps, path);
  mf_reach_leave(c);
  MF_EMIT(c, JUMP, end, 0);
}

/* A branch without an entry need not be taken. */
static void warn_never_taken(mf_compiler *c, const mf_node *place, const mf_node *steps,
                             const char *why) {
  if (place && steps && steps->shape == MF_SHAPE_LIST && steps->as.first)
    mf_diag_add(c->diags, MF_W_BRANCH_NEVER_TAKEN, place->span, why);
}

static void emit_conditional(mf_compiler *c, const mf_node *entry, mf_str path) {
  uint32_t count = 1 + count_elifs(entry);
  arm *arms = collect_arms(c, entry, path, count);
  if (!arms) return;
  bool looks = false;
  for (uint32_t i = 0; i < count; i++) looks = looks || mf_condition_looks(arms[i].condition);
  uint32_t row = branch_row(c, entry, path, count, entry_flags(c, entry, looks));
  mf_emit_id(c, mf_node_get(entry, MF_KEY_ID), MF_OWNER_BRANCH, row);
  uint32_t failed = mf_builder_label(c->b), end = mf_builder_label(c->b);
  mf_compile_at(c, entry->span);
  mf_emit_gate(c, entry, looks);
  MF_EMIT(c, BRANCH_ENTER, row, failed);
  mf_emit_allowances(c, entry);
  const char *settled = NULL;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t next = mf_builder_label(c->b);
    int answer = mf_emit_condition(c, arms[i].condition, next);
    mf_emit_why(c, arms[i].node, arms[i].condition, MF_OWNER_BRANCH, row, i);
    if (!settled && answer == 0 && mf_reach_is_written(arms[i].node))
      warn_never_taken(c, arms[i].node, arms[i].steps, "its condition is false");
    if (settled) warn_never_taken(c, arms[i].node, arms[i].steps, settled);
    if (answer == 1) settled = "a condition above it is always true";
    emit_arm(c, row, i, arms[i].steps, arms[i].path, end);
    mf_builder_place(c->b, next);
  }
  const mf_node *otherwise = mf_node_get(entry, MF_KEY_ELSE_STEPS);
  if (settled) warn_never_taken(c, otherwise, otherwise, settled);
  emit_arm(c, row, count, otherwise, mf_path_part(c, path, "else"), end);
  mf_builder_place(c->b, failed);
  mf_compile_at(c, entry->span);
  MF_EMIT(c, BRANCH_FAIL, row, 0);
  mf_builder_place(c->b, end);
}

/* ---- entries ---- */

void mf_emit_entry(mf_compiler *c, const mf_node *entry, mf_str path) {
  if (entry->shape != MF_SHAPE_MAP) return;
  switch (entry->tag) {
    case MF_TAG_STEP: emit_step(c, entry, path); break;
    case MF_TAG_CONDITIONAL: emit_conditional(c, entry, path); break;
    case MF_TAG_REPEAT: mf_emit_repeat(c, entry, path, entry_flags(c, entry, false)); break;
    case MF_TAG_PARALLEL: mf_emit_group(c, entry, path, entry_flags(c, entry, false)); break;
    case MF_TAG_RUN: mf_emit_link(c, entry, path, entry_flags(c, entry, false)); break;
    default: mf_emit_entry_action(c, entry, path); break;
  }
}

static void check_depends_on(mf_compiler *c, const mf_node *entry) {
  const mf_node *node = mf_entry_get(entry, MF_KEY_DEPENDS_ON);
  if (node)
    mf_diag_add(c->diags, MF_E_MISPLACED_KEY, node->span, "depends_on",
                "to an entry of a parallel group");
}

void mf_check_alone(mf_compiler *c, const mf_node *entry) {
  const mf_node *background = mf_entry_get(entry, MF_KEY_BACKGROUND);
  check_depends_on(c, entry);
  if (background)
    mf_diag_add(c->diags, MF_E_MISPLACED_KEY, background->span, "background",
                "to a step of a list that goes on");
}

void mf_emit_entries(mf_compiler *c, const mf_node *list, mf_str path) {
  if (!list || list->shape != MF_SHAPE_LIST) return;
  uint32_t i = 0;
  mf_background background;
  bool any = mf_background_begin(c, list, path, &background);
  c->stopped = NULL;
  for (const mf_node *entry = list->as.first; entry; entry = entry->next, i++) {
    const mf_arena_mark mark = mf_arena_mark_get(c->scratch);
    check_depends_on(c, entry);
    mf_emit_entry(c, entry, mf_path_index(c, path, i));
    mf_reach_after(c, entry);
    mf_arena_release(c->scratch, mark);
  }
  if (any) mf_background_end(c, list, &background);
  c->stopped = NULL;
}
