/* SPDX-License-Identifier: MIT */
/* emit_loop - repeats, and the orchestration's own loop (docs/language.md,
 * "Repeats").
 *
 * A while decides before each turn, an until after each; both, when they look at
 * outcomes, handle a pending failure by going on.  REPEAT_LEAVE handles one by
 * ending.  Count and for_each are evaluated once. */
#include "compiler.h"

typedef struct loop {
  uint32_t row, kind;
  mf_key key;
  const mf_node *how; /* the value of the key */
  mf_expr *condition; /* of while and until */
} loop;

/* ---- what takes time ---- */

static bool list_takes_time(const mf_compiler *c, const mf_node *list);

/* A length that is not known counts as some. */
static bool is_some_time(const mf_node *node) {
  int64_t ns = 1;
  if (!node) return false;
  if (node->shape == MF_SHAPE_INT) return node->as.i != 0;
  if (node->shape == MF_SHAPE_DOUBLE) return node->as.d != 0;
  if (node->shape == MF_SHAPE_TEXT && !(node->flags & MF_NODE_INTERPOLATED))
    return !mf_parse_duration(mf_node_text(node), &ns) || ns != 0;
  return true;
}

/* A request or command takes some, a fail or abort ends the loop. */
static bool action_takes_time(const mf_node *action) {
  switch (action->tag) {
    case MF_TAG_ACTION_HTTP_REQUEST:
    case MF_TAG_ACTION_COMMAND:
    case MF_TAG_ACTION_FAIL:
    case MF_TAG_ACTION_ABORT: return true;
    case MF_TAG_ACTION_WAIT: return is_some_time(mf_node_get(action, MF_KEY_DURATION));
    case MF_TAG_WAIT: return is_some_time(mf_node_get(action, MF_KEY_WAIT));
    case MF_TAG_WAIT_UNTIL: return mf_node_get(action, MF_KEY_HTTP) != NULL;
    default: return false;
  }
}

static bool hook_takes_time(const mf_node *hook) {
  const mf_node *actions = mf_node_get(hook, MF_KEY_ACTIONS);
  if (!actions || actions->shape != MF_SHAPE_LIST) return false;
  for (const mf_node *action = actions->as.first; action; action = action->next)
    if (action->shape == MF_SHAPE_MAP && action_takes_time(action)) return true;
  return false;
}

static bool hooks_take_time(const mf_node *hooks) {
  if (!hooks || hooks->shape != MF_SHAPE_LIST) return false;
  for (const mf_node *hook = hooks->as.first; hook; hook = hook->next)
    if (hook_takes_time(hook)) return true;
  return false;
}

static bool global_hooks_take_time(const mf_compiler *c) {
  const mf_node *hooks = mf_node_get(c->document, MF_KEY_HOOKS);
  uint32_t i = 0;
  if (!hooks || hooks->shape != MF_SHAPE_LIST) return false;
  for (const mf_node *hook = hooks->as.first; hook; hook = hook->next, i++) {
    uint32_t type = c->hooks[i].type;
    bool of_steps = type == MF_HOOK_TYPE_PRE_STEP || type == MF_HOOK_TYPE_POST_STEP;
    if (of_steps && hook_takes_time(hook)) return true;
  }
  return false;
}

static bool step_takes_time(const mf_node *step) {
  const mf_node *load = mf_node_get(step, MF_KEY_LOAD);
  if (mf_node_get(step, MF_KEY_SCENARIO) || (load && load->shape == MF_SHAPE_MAP)) {
    const mf_node *duration = mf_node_get(step, MF_KEY_DURATION);
    if (!duration || is_some_time(duration)) return true;
  }
  return is_some_time(mf_node_get(step, MF_KEY_DURATION)) ||
         is_some_time(mf_node_get(step, MF_KEY_DELAY_BEFORE)) ||
         hooks_take_time(mf_node_get(step, MF_KEY_PRE_HOOKS)) ||
         hooks_take_time(mf_node_get(step, MF_KEY_POST_HOOKS));
}

static bool conditional_takes_time(const mf_compiler *c, const mf_node *entry) {
  const mf_node *elif = mf_node_get(entry, MF_KEY_ELIF);
  if (!list_takes_time(c, mf_node_get(entry, MF_KEY_THEN_STEPS)) ||
      !list_takes_time(c, mf_node_get(entry, MF_KEY_ELSE_STEPS)))
    return false;
  if (elif && elif->shape == MF_SHAPE_LIST)
    for (const mf_node *arm = elif->as.first; arm; arm = arm->next)
      if (!list_takes_time(c, mf_node_get(arm, MF_KEY_THEN_STEPS))) return false;
  return true;
}

/* One that is not known to have no turn is given the benefit of the doubt. */
static bool repeat_takes_time(const mf_compiler *c, const mf_node *entry) {
  const mf_node *how = mf_node_get(entry, MF_KEY_REPEAT);
  const mf_node *count = mf_node_get(how, MF_KEY_TIMES);
  const mf_node *elements = mf_node_get(how, MF_KEY_FOR_EACH);
  if (count && count->shape == MF_SHAPE_INT && count->as.i == 0) return false;
  if (elements && elements->shape == MF_SHAPE_LIST && elements->count == 0) return false;
  return list_takes_time(c, mf_node_get(entry, MF_KEY_STEPS));
}

/* With the names and hooks of the linked document; hooks around it run for its
 * steps, too, which are given the benefit of the doubt. */
static bool link_takes_time(const mf_compiler *c, const mf_node *entry) {
  static const mf_key own[] = {MF_KEY_STEPS, MF_KEY_ADVANCED_STEPS, MF_KEY_CONDITIONAL_STEPS};
  const mf_link *link = mf_link_of(c, entry);
  if (!link || global_hooks_take_time(c)) return true;
  mf_compiler inner = *c;
  inner.scope = link->other;
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    if (list_takes_time(&inner, mf_node_get(inner.document, own[i]))) return true;
  return false;
}

/* Whether carrying the entry out certainly takes time: with a condition it may be
 * skipped each time. */
static bool entry_takes_time(const mf_compiler *c, const mf_node *entry) {
  const mf_node *base = mf_node_get(entry, MF_KEY_BASE);
  if (entry->shape != MF_SHAPE_MAP) return true; /* reported */
  if (entry->tag == MF_TAG_CONDITIONAL) return conditional_takes_time(c, entry);
  if (mf_node_get(entry, MF_KEY_CONDITION) || mf_node_get(base, MF_KEY_CONDITION)) return false;
  switch (entry->tag) {
    case MF_TAG_STEP:
      return step_takes_time(entry) || (base && step_takes_time(base)) || global_hooks_take_time(c);
    case MF_TAG_REPEAT: return repeat_takes_time(c, entry);
    case MF_TAG_PARALLEL: return list_takes_time(c, mf_node_get(entry, MF_KEY_PARALLEL));
    case MF_TAG_RUN: return link_takes_time(c, entry);
    default: return action_takes_time(entry);
  }
}

static bool list_takes_time(const mf_compiler *c, const mf_node *list) {
  if (!list || list->shape != MF_SHAPE_LIST) return false;
  for (const mf_node *entry = list->as.first; entry; entry = entry->next)
    if (entry_takes_time(c, entry)) return true;
  return false;
}

/* ---- how a repeat ends ---- */

static const struct {
  mf_key key;
  uint32_t kind;
} kinds[] = {{MF_KEY_TIMES, MF_REPEAT_KIND_COUNT},
             {MF_KEY_WHILE, MF_REPEAT_KIND_WHILE},
             {MF_KEY_UNTIL, MF_REPEAT_KIND_UNTIL},
             {MF_KEY_FOR_EACH, MF_REPEAT_KIND_FOR_EACH}};

/* False, and reported, when it is not said, or twice. */
static bool find_kind(mf_compiler *c, const mf_node *entry, loop *l) {
  const mf_node *repeat = mf_node_get(entry, MF_KEY_REPEAT);
  if (!repeat || repeat->shape != MF_SHAPE_MAP) return false;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    const mf_node *node = mf_node_get(repeat, kinds[i].key);
    if (!node) continue;
    if (l->how)
      mf_diag_add(c->diags, MF_E_BOTH_GIVEN, node->span, mf_key_spelling(l->key),
                  mf_key_spelling(kinds[i].key));
    *l = (loop){.key = kinds[i].key, .kind = kinds[i].kind, .how = node};
  }
  if (!l->how) mf_diag_add(c->diags, MF_E_REPEAT_HOW, repeat->span);
  return l->how != NULL;
}

/* The name of the variable and its place: `as`, for elements "item" without it. */
static mf_str variable_of(mf_compiler *c, const mf_node *repeat, uint32_t kind, mf_span *span) {
  const mf_node *as = mf_node_get(repeat, MF_KEY_AS);
  *span = (as ? as : repeat)->span;
  if (as) return mf_compile_word(c, repeat, MF_KEY_AS);
  return kind == MF_REPEAT_KIND_FOR_EACH ? MF_STR("item") : MF_STR("");
}

static void check_count(mf_compiler *c, const mf_node *node, const char *what) {
  bool wrong = node->shape == MF_SHAPE_DOUBLE || (node->shape == MF_SHAPE_INT && node->as.i < 0);
  if (wrong) mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, node->span, what, "a whole number from 0 on");
}

/* Written out: there are no turns. */
static void check_turns(mf_compiler *c, const loop *l) {
  const mf_node *how = l->how;
  bool none = (l->kind == MF_REPEAT_KIND_COUNT && how->shape == MF_SHAPE_INT && how->as.i == 0) ||
              (l->kind == MF_REPEAT_KIND_FOR_EACH && how->shape == MF_SHAPE_LIST && !how->count) ||
              (l->kind == MF_REPEAT_KIND_WHILE && how->shape == MF_SHAPE_BOOL && !how->as.b);
  if (none) mf_diag_add(c->diags, MF_W_NEVER_CARRIED_OUT, how->span, "the repeat has no turns");
}

static bool has_turns(const loop *l) {
  const mf_node *how = l->how;
  if (l->kind == MF_REPEAT_KIND_UNTIL) return true;
  if (l->kind == MF_REPEAT_KIND_COUNT) return how->shape == MF_SHAPE_INT && how->as.i > 0;
  return l->kind == MF_REPEAT_KIND_FOR_EACH && how->shape == MF_SHAPE_LIST && how->count;
}

/* Its condition never changes, and lets it go on. */
static void check_endless(mf_compiler *c, const mf_node *entry, const loop *l) {
  if (!l->condition) return;
  mf_value v = mf_expr_fold(&c->expr, l->condition);
  bool endless = v.kind == MF_BOOL && (v.as.i != 0) == (l->kind == MF_REPEAT_KIND_WHILE);
  if (endless && !list_takes_time(c, mf_node_get(entry, MF_KEY_STEPS)))
    mf_diag_add_hint(c->diags, MF_E_ENDLESS_LOOP, l->how->span, "put {wait: 1s} into its steps",
                     "repeat");
}

/* ---- code ---- */

static uint32_t repeat_row(mf_compiler *c, mf_str name, mf_str path, uint32_t kind,
                           const mf_loop_scope *scope, uint32_t flags) {
  uint32_t fields[5] = {mf_compile_string(c, name), mf_compile_string(c, path), kind,
                        scope && scope->name.n ? scope->slot : MF_ABSENT, flags};
  return mf_builder_row(c->b, MF_TABLE_REPEAT, fields);
}

/* How often, or what it goes through; nothing for conditions. */
static void emit_begin(mf_compiler *c, const loop *l) {
  if (l->condition) return;
  mf_expr *e = mf_data_expr(c, l->how);
  bool counts = l->kind == MF_REPEAT_KIND_COUNT;
  if (counts) check_count(c, l->how, "count");
  mf_emit_wanted(c, e, counts ? "count" : "for_each",
                 counts ? MF_WANTED_NUMBER : MF_WANTED_ELEMENTS);
  MF_EMIT(c, REPEAT_BEGIN, l->row, 0);
}

static void emit_handled(mf_compiler *c, const mf_expr *condition) {
  if (mf_condition_looks(condition)) MF_EMIT(c, HANDLED, 0, 0);
}

static void emit_turns(mf_compiler *c, const mf_node *entry, const loop *l, mf_loop_scope *scope,
                       mf_str path, uint32_t leave) {
  uint32_t next = mf_builder_label(c->b);
  emit_begin(c, l);
  mf_builder_place(c->b, next);
  if (l->kind == MF_REPEAT_KIND_WHILE) {
    mf_emit_condition(c, l->condition, leave);
    mf_emit_why(c, l->how, l->condition, MF_OWNER_REPEAT, l->row, 1);
    emit_handled(c, l->condition);
  }
  MF_EMIT(c, REPEAT_NEXT, l->row, leave);
  c->loops = scope; /* after each turn `until` sees it, before one `while` does not */
  const mf_reach *around = c->reach;
  if (!has_turns(l) || mf_node_get(entry, MF_KEY_CONDITION)) mf_reach_enter(c);
  c->turns++;
  mf_emit_entries(c, mf_node_get(entry, MF_KEY_STEPS), mf_path_part(c, path, "steps"));
  if (l->kind == MF_REPEAT_KIND_UNTIL) {
    uint32_t again = mf_builder_label(c->b);
    mf_compile_at(c, l->how->span);
    mf_emit_condition(c, l->condition, again);
    mf_emit_why(c, l->how, l->condition, MF_OWNER_REPEAT, l->row, 1);
    MF_EMIT(c, JUMP, leave, 0);
    mf_builder_place(c->b, again);
    emit_handled(c, l->condition);
  }
  c->reach = around;
  c->turns--;
  c->loops = scope->around;
  MF_EMIT(c, JUMP, next, 0);
}

void mf_emit_repeat(mf_compiler *c, const mf_node *entry, mf_str path, uint32_t flags) {
  const mf_node *node = mf_node_get(entry, MF_KEY_CONDITION);
  const mf_node *name = mf_node_get(entry, MF_KEY_NAME),
                *repeat = mf_node_get(entry, MF_KEY_REPEAT);
  loop l = {.how = NULL};
  mf_loop_scope scope;
  mf_span span;
  if (!find_kind(c, entry, &l)) return;
  mf_expr *condition = node ? mf_condition_expr(c, node) : NULL;
  mf_str variable = variable_of(c, repeat, l.kind, &span);
  uint32_t leave = mf_builder_label(c->b), skip = mf_builder_label(c->b);
  if (l.kind == MF_REPEAT_KIND_WHILE) l.condition = mf_condition_expr(c, l.how);
  mf_names_loop_begin(c, &scope, mf_builder_row_count(c->b, MF_TABLE_REPEAT), variable, span);
  if (l.kind == MF_REPEAT_KIND_UNTIL) l.condition = mf_condition_expr(c, l.how);
  c->loops = scope.around;
  check_endless(c, entry, &l);
  check_turns(c, &l);
  bool looks = mf_condition_looks(l.condition);
  l.row = repeat_row(c, name && name->shape == MF_SHAPE_TEXT ? mf_node_text(name) : path, path,
                     l.kind, &scope, flags | (looks ? MF_STEP_FLAGS_LOOKS : 0));
  mf_emit_id(c, mf_node_get(entry, MF_KEY_ID), MF_OWNER_REPEAT, l.row);
  bool may_handle = mf_condition_looks(condition) || (looks && l.kind == MF_REPEAT_KIND_WHILE);
  mf_compile_at(c, entry->span);
  mf_emit_gate(c, entry, may_handle);
  MF_EMIT(c, REPEAT_ENTER, l.row, leave);
  mf_emit_allowances(c, entry);
  if (condition) {
    mf_reach_guard(c, node, mf_emit_condition(c, condition, skip));
    mf_emit_why(c, node, condition, MF_OWNER_REPEAT, l.row, 0);
    emit_handled(c, condition);
  }
  emit_turns(c, entry, &l, &scope, path, leave);
  if (mf_node_get(repeat, MF_KEY_AS)) mf_unused_loop(c, &scope, span);
  if (condition) {
    mf_builder_place(c->b, skip);
    MF_EMIT(c, SKIP, 0, 0);
  }
  mf_builder_place(c->b, leave);
  mf_compile_at(c, entry->span);
  MF_EMIT(c, REPEAT_LEAVE, l.row, 0);
}

/* ---- the orchestration ---- */

static const mf_key lists[] = {MF_KEY_STEPS, MF_KEY_ADVANCED_STEPS, MF_KEY_CONDITIONAL_STEPS};

static void check_endless_orchestration(mf_compiler *c, const mf_node *most) {
  if (most->shape != MF_SHAPE_INT || most->as.i != 0 || c->fragment) return;
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
    if (list_takes_time(c, mf_node_get(c->document, lists[i]))) return;
  mf_diag_add_hint(c->diags, MF_E_ENDLESS_LOOP, most->span, "put {wait: 1s} into its steps",
                   "orchestration");
}

static bool loops(mf_compiler *c) {
  return mf_compile_bool(c, c->document, MF_KEY_LOOP_ORCHESTRATION, false);
}

bool mf_emit_loop_begin(mf_compiler *c, mf_orchestration_loop *l) {
  const mf_node *most = mf_node_get(c->document, MF_KEY_MAX_ITERATIONS);
  if (most) check_count(c, most, "max_iterations");
  if (!loops(c)) return false;
  const mf_node *loop_key = mf_node_get(c->document, MF_KEY_LOOP_ORCHESTRATION);
  if (!most) mf_diag_add(c->diags, MF_W_ONE_ITERATION, loop_key->span);
  if (most) check_endless_orchestration(c, most);
  l->row = repeat_row(c, MF_STR("orchestration"), MF_STR(""), MF_REPEAT_KIND_ORCHESTRATION, NULL,
                      0);
  l->next = mf_builder_label(c->b);
  l->leave = mf_builder_label(c->b);
  mf_compile_at(c, (most ? most : loop_key)->span);
  MF_EMIT(c, REPEAT_ENTER, l->row, l->leave);
  mf_emit_expr(c, most ? mf_data_expr(c, most)
                       : mf_literal(c, loop_key->span, (mf_value){.kind = MF_INT, .as.i = 1}));
  MF_EMIT(c, REPEAT_BEGIN, l->row, 0);
  mf_builder_place(c->b, l->next);
  MF_EMIT(c, NOW, 0, 0);
  MF_EMIT(c, REPEAT_NEXT, l->row, l->leave);
  c->turns++;
  return true;
}

void mf_emit_loop_end(mf_compiler *c, const mf_orchestration_loop *l) {
  c->turns--;
  MF_EMIT(c, GATE, 0, 0);
  MF_EMIT(c, JUMP, l->next, 0);
  mf_builder_place(c->b, l->leave);
  MF_EMIT(c, REPEAT_LEAVE, l->row, 0);
}
