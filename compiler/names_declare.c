/* SPDX-License-Identifier: MIT */
/* names_declare - what a document declares, before any code is emitted. */
#include "names.h"

/* False (and reported) when the name may not be declared. */
bool mf_names_check(mf_compiler *c, mf_str name, mf_span span) {
  if (!mf_name_is_identifier(name)) {
    mf_diag_add(c->diags, MF_E_NOT_AN_IDENTIFIER, span, (int)name.n, name.p);
    return false;
  }
  if (mf_name_is_reserved(name)) {
    mf_diag_add(c->diags, MF_E_RESERVED_NAME, span, (int)name.n, name.p);
    return false;
  }
  const char *hidden = mf_builtin_code(name) != MF_ABSENT ? "built-in value"
                       : mf_load_metric_find(name)        ? "metric"
                                                          : NULL;
  if (hidden) mf_diag_add(c->diags, MF_W_HIDES_NAME, span, (int)name.n, name.p, hidden);
  return true;
}

uint32_t mf_names_declare(mf_compiler *c, mf_str name, mf_span span, uint32_t kind, uint32_t arg) {
  if (mf_names_get(&c->globals, name) != MF_NAMES_NONE) {
    mf_diag_add(c->diags, MF_E_DUPLICATE_VARIABLE, span, (int)name.n, name.p);
    return MF_ABSENT;
  }
  if (!mf_names_check(c, name, span)) return MF_ABSENT;
  uint32_t slot = mf_names_slot(c, name, kind, arg);
  mf_names_set(&c->globals, name, slot);
  return slot;
}

static bool next_member(const mf_node *map, mf_declared *d) {
  d->member = d->begun ? d->member->next : map->as.members;
  d->begun = true;
  if (!d->member) return false;
  d->name = d->member->name;
  d->span = d->member->key_span;
  d->value = d->member->value;
  return true;
}

static bool next_item(const mf_node *list, mf_declared *d) {
  const mf_node *name = NULL;
  while (!name || name->shape != MF_SHAPE_TEXT) {
    d->item = d->begun ? d->item->next : list->as.first;
    d->begun = true;
    if (!d->item) return false;
    name = mf_node_get(d->item, MF_KEY_NAME);
  }
  const mf_member *value = mf_node_member(d->item, MF_KEY_VALUE);
  d->name = mf_node_text(name);
  d->span = name->span;
  d->value = value ? value->value : NULL;
  return true;
}

bool mf_declared_next(const mf_node *variables, mf_declared *d) {
  if (variables && variables->shape == MF_SHAPE_MAP) return next_member(variables, d);
  return variables && variables->shape == MF_SHAPE_LIST && next_item(variables, d);
}

static void declare_variables(mf_compiler *c, const mf_node *variables) {
  mf_declared d = {.value = NULL};
  while (mf_declared_next(variables, &d))
    mf_names_declare(c, d.name, d.span, c->link ? MF_SLOT_KIND_LINKED : MF_SLOT_KIND_GLOBAL,
                     c->link ? c->link->row : 0);
}

static uint32_t metric_kind(mf_compiler *c, const mf_node *action) {
  mf_str word = mf_compile_word(c, action, MF_KEY_KIND);
  if (word.n == 0) return MF_ABSENT;
  uint32_t kind = mf_enum_code(MF_OPERAND_METRIC_KIND, word);
  if (kind == MF_ABSENT)
    mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, mf_node_get(action, MF_KEY_KIND)->span,
                     "write trend, counter, rate or gauge", (int)word.n, word.p, "kind of metric");
  return kind;
}

/* The first kind that is said is the metric's: gauge if none is. */
static void declare_metric(mf_compiler *c, const mf_node *action, mf_str name) {
  uint32_t kind = metric_kind(c, action), row = mf_names_metric(c, name, MF_METRIC_KIND_GAUGE);
  uint32_t *known = &mf_builder_row_get(c->b, MF_TABLE_METRIC, row)[1];
  if (kind == MF_ABSENT || kind == *known) {
    if (kind != MF_ABSENT) mf_names_set(&c->metric_kinds, mf_name_kept(c, name), kind);
  } else if (mf_names_get(&c->metric_kinds, name) == MF_NAMES_NONE && !mf_load_metric_find(name)) {
    mf_names_set(&c->metric_kinds, mf_name_kept(c, name), kind);
    *known = kind;
  } else {
    mf_diag_add(c->diags, MF_E_METRIC_KINDS, mf_node_get(action, MF_KEY_KIND)->span, (int)name.n,
                name.p, mf_enum_word(MF_OPERAND_METRIC_KIND, *known));
  }
}

/* set_variable, save_as and record_metric declare names, wherever they stand. */
static void declare_action(mf_compiler *c, const mf_node *action) {
  const mf_node *name = mf_node_get(action, MF_KEY_NAME);
  const mf_node *save_as = mf_node_get(action, MF_KEY_SAVE_AS);
  const mf_node *assigned = action->tag == MF_TAG_ACTION_SET_VARIABLE ? name : save_as;
  if (assigned && assigned->shape == MF_SHAPE_TEXT && !(assigned->flags & MF_NODE_INTERPOLATED)) {
    mf_str text = mf_node_text(assigned);
    if (mf_names_get(&c->assigned, text) == MF_NAMES_NONE &&
        mf_names_check(c, text, assigned->span))
      mf_names_set(&c->assigned, text, 1);
  }
  if (action->tag == MF_TAG_ACTION_RECORD_METRIC && name && name->shape == MF_SHAPE_TEXT &&
      !(name->flags & MF_NODE_INTERPOLATED)) {
    if (mf_name_is_identifier(mf_node_text(name)))
      declare_metric(c, action, mf_node_text(name));
    else
      mf_diag_add(c->diags, MF_E_BAD_METRIC_NAME, name->span, (int)mf_node_text(name).n,
                  mf_node_text(name).p);
  }
}

static mf_str repeated_name(mf_compiler *c, mf_str name) {
  uint32_t seen = mf_names_get(&c->step_repeats, name);
  seen = seen == MF_NAMES_NONE ? 2 : seen + 1;
  mf_names_set(&c->step_repeats, name, seen);
  return mf_compile_path(c, "%.*s#%u", (int)name.n, name.p, seen);
}

/* A step's identity: its name as written, #2 and so on for repeated ones. */
static mf_names_entry *step_identity(mf_compiler *c, const mf_node *step) {
  const mf_node *node = mf_entry_get(step, MF_KEY_NAME);
  mf_str name = node && node->shape == MF_SHAPE_TEXT ? mf_node_text(node) : MF_STR("step");
  mf_names_entry *entry = mf_names_entry_of(&c->steps, name);
  bool is_new = !entry || entry->value == MF_NAMES_NONE;
  return is_new ? entry : mf_names_entry_of(&c->steps, repeated_name(c, name));
}

static bool is_background(const mf_node *step) {
  const mf_node *node = mf_entry_get(step, MF_KEY_BACKGROUND);
  return node && node->shape == MF_SHAPE_BOOL && node->as.b;
}

/* `background`: the group of the list's background steps; NULL: it has none. */
static void declare_step(mf_compiler *c, const mf_node *step, uint32_t *background) {
  mf_names_entry *entry = step_identity(c, step);
  if (!entry) return; /* out of memory */
  uint32_t fields[4] = {mf_compile_string(c, entry->name), MF_ABSENT, MF_ABSENT, 0};
  uint32_t row = mf_builder_row(c->b, MF_TABLE_STEP, fields);
  entry->name = mf_builder_string_get(c->b, fields[0]); /* a repeated one was in scratch */
  entry->value = row;
  mf_node_number(step, row);
  mf_branch_of_step(c, row,
                    background && is_background(step) ? mf_branch_background(c, step, background)
                                                      : c->concurrency.at);
}

/* Each virtual user has its own; afterwards the last one that was taken is known. */
static void declare_captures(mf_compiler *c, const mf_node *captures) {
  if (!captures || captures->shape != MF_SHAPE_MAP) return;
  for (const mf_member *m = captures->as.members; m; m = m->next)
    if (mf_names_get(&c->captures, m->name) == MF_NAMES_NONE &&
        mf_names_check(c, m->name, m->key_span))
      mf_names_set(&c->captures, m->name, mf_names_slot(c, m->name, MF_SLOT_KIND_CAPTURE, 0));
}

static bool is_action(uint16_t tag) {
  return tag >= MF_TAG_ACTION_SET_VARIABLE && tag <= MF_TAG_ACTION_ABORT;
}

static void declare_node(mf_compiler *c, const mf_node *node, uint32_t *background);

static void declare_list(mf_compiler *c, const mf_node *list) {
  uint32_t background = 0;
  for (const mf_node *item = list->as.first; item; item = item->next)
    declare_node(c, item, &background);
}

/* Each entry is a branch.  Gives the first one. */
static uint32_t declare_branches(mf_compiler *c, const mf_node *list) {
  uint32_t outer = c->concurrency.at, first = mf_branches_declare(c, list), i = 0;
  for (const mf_node *item = list->as.first; item && first != MF_ABSENT; item = item->next) {
    c->concurrency.at = first + i++;
    declare_node(c, item, NULL);
  }
  c->concurrency.at = outer;
  return first;
}

static bool is_parallel(const mf_compiler *c, const mf_node *node, mf_key key) {
  const mf_node *parallel = mf_node_get(c->document, MF_KEY_PARALLEL);
  if (node->tag == MF_TAG_PARALLEL) return key == MF_KEY_PARALLEL;
  return node == c->document && key == MF_KEY_STEPS && parallel &&
         parallel->shape == MF_SHAPE_BOOL && parallel->as.b;
}

static void declare_member(mf_compiler *c, const mf_node *node, const mf_member *m) {
  if (m->value->shape == MF_SHAPE_MAP) declare_node(c, m->value, NULL);
  if (m->value->shape != MF_SHAPE_LIST) return;
  if (!is_parallel(c, node, m->key))
    declare_list(c, m->value);
  else if (node->tag == MF_TAG_PARALLEL)
    mf_node_number(node, declare_branches(c, m->value));
  else
    c->first_of_steps = declare_branches(c, m->value);
}

/* Walks entries, hooks and actions (depth is bounded by the parser). */
static void declare_node(mf_compiler *c, const mf_node *node, uint32_t *background) {
  if (node->shape != MF_SHAPE_MAP) return;
  if (node->tag == MF_TAG_STEP) declare_step(c, node, background);
  if (node->tag == MF_TAG_RUN) mf_link_declare(c, node);
  if (is_action(node->tag)) declare_action(c, node);
  if (node->tag == MF_TAG_REQUEST) declare_captures(c, mf_node_get(node, MF_KEY_CAPTURES));
  if (node->tag == MF_TAG_FREE) return;
  for (const mf_member *m = node->as.members; m; m = m->next) declare_member(c, node, m);
}

/* Its entries and the hooks around its steps; what has no effect there is not
 * declared.  Names that it writes and does not declare are a matter of the document
 * around it. */
void mf_names_declare_linked(mf_compiler *c) {
  const mf_node *hooks = mf_node_get(c->document, MF_KEY_HOOKS);
  mf_inputs_declare(c);
  declare_variables(c, mf_node_get(c->document, MF_KEY_VARIABLES));
  for (const mf_member *m = c->document->as.members; m; m = m->next)
    if (m->key == MF_KEY_STEPS || m->key == MF_KEY_ADVANCED_STEPS ||
        m->key == MF_KEY_CONDITIONAL_STEPS)
      declare_member(c, c->document, m);
  if (!hooks || hooks->shape != MF_SHAPE_LIST) return;
  uint32_t i = 0;
  for (const mf_node *hook = hooks->as.first; hook; hook = hook->next, i++)
    if (c->hooks[i].type == MF_HOOK_TYPE_PRE_STEP || c->hooks[i].type == MF_HOOK_TYPE_POST_STEP)
      declare_node(c, hook, NULL);
}

static void declare_assumed(mf_compiler *c) {
  const char *const *names = c->options->assume_variables;
  for (; names && *names; names++) {
    mf_str name = mf_str_of(*names);
    if (mf_names_get(&c->globals, name) == MF_NAMES_NONE && mf_name_is_identifier(name) &&
        c->fragment)
      mf_names_set(&c->globals, name, mf_names_slot(c, name, MF_SLOT_KIND_GLOBAL, 0));
  }
}

void mf_names_declare_document(mf_compiler *c) {
  mf_inputs_declare(c);
  mf_secrets_declare(c);
  declare_variables(c, mf_node_get(c->document, MF_KEY_VARIABLES));
  mf_warn_of_misplaced(c, mf_node_get(c->document, MF_KEY_VARIABLES), &c->globals);
  declare_node(c, c->document, NULL);
  if (mf_node_get(c->document, MF_KEY_STEADY_STATE))
    mf_names_metric(c, MF_STR("recovery_time"), MF_METRIC_KIND_GAUGE);
  for (uint32_t i = 0; i < c->assigned.count; i++) {
    mf_str name = c->assigned.entries[i].name;
    if (mf_names_get(&c->globals, name) == MF_NAMES_NONE)
      mf_names_set(&c->globals, name, mf_names_slot(c, name, MF_SLOT_KIND_GLOBAL, 0));
  }
  declare_assumed(c);
}
