/* SPDX-License-Identifier: MIT */
/* names - scopes, slots and what a name in an expression means.
 *
 * docs/language.md, "Names": a bare name is looked up as step variable, global
 * variable or input, built-in name, metric.  Slots are added the first time a
 * name is used, so an image holds what it needs and no more. */
#include "compile.h"

#include "../base/limits.h"
#include "expr_types.h"
#include "reading.h"

typedef struct metric_info {
  const char *name;
  uint32_t kind;
  const char *aliases; /* comma-separated */
} metric_info;

static const metric_info load_metrics[] = {
#define MF_METRIC(name, kind, aliases, doc) {#name, MF_METRIC_KIND_##kind, aliases},
#include "../runner/metrics.def"
#undef MF_METRIC
};
static const uint32_t load_metric_count = sizeof load_metrics / sizeof load_metrics[0];

static const char *const reserved_names[] = {"variables", "metrics",  "steps",   "inputs",
                                             "env",       "secrets",  "run",     "orchestration",
                                             "step",      "response", "previous"};

static const struct {
  const char *prefix;
  uint32_t slot_kind;
} aggregates[] = {{"max_", MF_SLOT_KIND_METRIC_MAX},
                  {"min_", MF_SLOT_KIND_METRIC_MIN},
                  {"avg_", MF_SLOT_KIND_METRIC_AVG},
                  {"sum_", MF_SLOT_KIND_METRIC_SUM},
                  {"count_", MF_SLOT_KIND_METRIC_COUNT}};

bool mf_name_is_identifier(mf_str name) {
  if (name.n == 0 || (name.p[0] >= '0' && name.p[0] <= '9')) return false;
  for (size_t i = 0; i < name.n; i++) {
    char ch = name.p[i];
    bool ok = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
              ch == '_';
    if (!ok) return false;
  }
  return true;
}

static bool is_reserved(mf_str name) {
  for (size_t i = 0; i < sizeof reserved_names / sizeof reserved_names[0]; i++)
    if (mf_str_is(name, reserved_names[i])) return true;
  return false;
}

/* ---- slots ---- */

uint32_t mf_names_slot(mf_compiler *c, mf_str name, uint32_t kind, uint32_t arg) {
  if (mf_builder_row_count(c->b, MF_TABLE_SLOT) >= MF_LIMIT_SLOTS) {
    mf_diag_add(c->diags, MF_E_TOO_MANY_SLOTS, (mf_span){0, 0}, "65535");
    return 0;
  }
  uint32_t fields[3] = {mf_compile_string(c, name), kind, arg};
  return mf_builder_row(c->b, MF_TABLE_SLOT, fields);
}

/* A copy for maps: a name in an expression is gone with its entry. */
static mf_str kept(mf_compiler *c, mf_str name) {
  const char *copy = mf_arena_copy(c->arena, name.p, name.n);
  return copy ? (mf_str){copy, name.n} : MF_STR("");
}

static uint32_t env_slot(mf_compiler *c, mf_str name) {
  uint32_t slot = mf_names_get(&c->env_slots, name);
  if (slot != MF_NAMES_NONE) return slot;
  slot = mf_names_slot(c, name, MF_SLOT_KIND_ENV, 0);
  mf_names_set(&c->env_slots, kept(c, name), slot);
  return slot;
}

uint32_t mf_names_builtin(mf_compiler *c, uint32_t builtin) {
  uint32_t *slot = &c->builtin_slots[builtin];
  if (*slot == MF_ABSENT)
    *slot = mf_names_slot(c, mf_str_of(mf_builtin_word(builtin)), MF_SLOT_KIND_BUILTIN, builtin);
  return *slot;
}

/* ---- metrics ---- */

static bool alias_list_has(const char *aliases, mf_str name) {
  mf_str rest = mf_str_of(aliases);
  while (rest.n) {
    size_t comma = mf_str_find(rest, MF_STR(","), 0);
    mf_str one = {rest.p, comma == SIZE_MAX ? rest.n : comma};
    if (mf_str_eq(one, name)) return true;
    if (comma == SIZE_MAX) return false;
    rest.p += comma + 1;
    rest.n -= comma + 1;
  }
  return false;
}

/* The table row of a load's metric, by name or other name; NULL if none. */
static const metric_info *load_metric_find(mf_str name) {
  for (uint32_t i = 0; i < load_metric_count; i++)
    if (mf_str_is(name, load_metrics[i].name) || alias_list_has(load_metrics[i].aliases, name))
      return &load_metrics[i];
  return NULL;
}

bool mf_names_metric_known(mf_compiler *c, mf_str name) {
  return mf_names_get(&c->metrics, name) != MF_NAMES_NONE || load_metric_find(name) != NULL;
}

uint32_t mf_names_metric(mf_compiler *c, mf_str name, uint32_t kind) {
  uint32_t row = mf_names_get(&c->metrics, name);
  if (row != MF_NAMES_NONE) return row;
  const metric_info *info = load_metric_find(name);
  if (info && !mf_str_is(name, info->name)) return mf_names_metric(c, mf_str_of(info->name), kind);
  uint32_t fields[2] = {mf_compile_string(c, name), info ? info->kind : kind};
  row = mf_builder_row(c->b, MF_TABLE_METRIC, fields);
  mf_names_set(&c->metrics, kept(c, name), row);
  return row;
}

/* Room for the slots of this row; false when out of memory. */
static bool reserve_metric(mf_compiler *c, uint32_t row) {
  if (row < c->metric_slots_cap) return true;
  uint32_t cap = c->metric_slots_cap ? c->metric_slots_cap * 2 : 32;
  while (cap <= row) cap *= 2;
  uint32_t(*grown)[8] = mf_arena_get(c->arena, sizeof *grown * cap);
  if (!grown) return false;
  memset(grown, 0xff, sizeof *grown * cap); /* MF_ABSENT */
  if (c->metric_slots_cap) memcpy(grown, c->metric_slots, sizeof *grown * c->metric_slots_cap);
  c->metric_slots = grown;
  c->metric_slots_cap = cap;
  return true;
}

uint32_t mf_names_metric_slot(mf_compiler *c, uint32_t metric_row, uint32_t slot_kind) {
  if (!reserve_metric(c, metric_row)) return 0;
  uint32_t *slot = &c->metric_slots[metric_row][slot_kind - MF_SLOT_KIND_METRIC_STEP];
  if (*slot == MF_ABSENT) {
    uint32_t name = mf_builder_row_get(c->b, MF_TABLE_METRIC, metric_row)[0];
    uint32_t fields[3] = {name, slot_kind, metric_row};
    *slot = mf_builder_row(c->b, MF_TABLE_SLOT, fields);
  }
  return *slot;
}

static uint32_t metric_slot_in_phase(mf_compiler *c, mf_str name) {
  static const uint32_t kinds[] = {[MF_PHASE_BEFORE_LOAD] = MF_SLOT_KIND_METRIC_LAST,
                                   [MF_PHASE_AFTER_LOAD] = MF_SLOT_KIND_METRIC_STEP,
                                   [MF_PHASE_RUN] = MF_SLOT_KIND_METRIC_RUN};
  const uint32_t row = mf_names_metric(c, name, MF_METRIC_KIND_GAUGE);
  if (c->watch && c->watch->over > 0) return mf_reading_over(c, row, name);
  return mf_names_metric_slot(c, row, kinds[c->phase]);
}

/* max_error_rate and the like; MF_ABSENT when it is no such name. */
static uint32_t aggregate_slot(mf_compiler *c, mf_str name) {
  for (size_t i = 0; i < sizeof aggregates / sizeof aggregates[0]; i++) {
    mf_str prefix = mf_str_of(aggregates[i].prefix);
    if (!mf_str_starts(name, prefix)) continue;
    mf_str rest = {name.p + prefix.n, name.n - prefix.n};
    if (mf_names_metric_known(c, rest))
      return mf_names_metric_slot(c, mf_names_metric(c, rest, MF_METRIC_KIND_GAUGE),
                                  aggregates[i].slot_kind);
  }
  return MF_ABSENT;
}

/* ---- steps ---- */

static uint32_t add_unknown_step(mf_compiler *c, mf_str name) {
  uint32_t fields[4] = {mf_compile_string(c, name), mf_compile_string(c, MF_STR("")), MF_ABSENT, 0};
  uint32_t row = mf_builder_row(c->b, MF_TABLE_STEP, fields);
  mf_names_set(&c->steps, kept(c, name), row);
  return row;
}

const char *mf_did_you_mean(mf_compiler *c, const mf_near *near) {
  mf_str best = mf_near_best(near);
  return best.n ? mf_arena_printf(c->arena, "did you mean '%.*s'?", (int)best.n, best.p) : NULL;
}

uint32_t mf_names_step(mf_compiler *c, mf_str name, mf_span span) {
  for (const mf_document_scope *s = &c->scope; s; s = mf_scope_around(s)) {
    uint32_t row = mf_names_get(&s->steps, name);
    if (row == MF_NAMES_NONE) continue;
    mf_branches_check_step(c, row, name, span);
    return row;
  }
  if (c->fragment) {
    mf_diag_add(c->diags, MF_W_UNKNOWN_IN_FRAGMENT, span, "step", (int)name.n, name.p);
    return add_unknown_step(c, name);
  }
  mf_near near;
  mf_near_init(&near, name);
  for (const mf_document_scope *s = &c->scope; s; s = mf_scope_around(s))
    for (uint32_t i = 0; i < s->steps.count; i++) mf_near_offer(&near, s->steps.entries[i].name);
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_STEP, span, mf_did_you_mean(c, &near), (int)name.n,
                   name.p);
  return add_unknown_step(c, name);
}

/* ---- looking names up ---- */

static uint32_t loop_slot(const mf_document_scope *s, mf_str name) {
  for (const mf_loop_scope *loop = s->loops; loop; loop = loop->around)
    if (loop->name.n && mf_str_eq(loop->name, name)) return loop->slot;
  return MF_NAMES_NONE;
}

/* Of one document: a variable of a repeat, of the step, a global one or an input. */
static uint32_t own_variable_slot(const mf_document_scope *s, mf_str name) {
  uint32_t slot = loop_slot(s, name);
  if (slot != MF_NAMES_NONE) return slot;
  slot = s->step_scope ? mf_names_get(s->step_scope, name) : MF_NAMES_NONE;
  return slot != MF_NAMES_NONE ? slot : mf_names_get(&s->globals, name);
}

/* A linked document sees the names of those around it behind its own. */
static uint32_t variable_slot(mf_compiler *c, mf_str name) {
  uint32_t slot = MF_NAMES_NONE;
  for (const mf_document_scope *s = &c->scope; s && slot == MF_NAMES_NONE; s = mf_scope_around(s))
    slot = own_variable_slot(s, name);
  return slot;
}

bool mf_names_is_variable(mf_compiler *c, mf_str name) {
  return variable_slot(c, name) != MF_NAMES_NONE;
}

static void offer_variables(const mf_document_scope *s, mf_near *near) {
  for (const mf_loop_scope *loop = s->loops; loop; loop = loop->around)
    if (loop->name.n) mf_near_offer(near, loop->name);
  if (s->step_scope)
    for (uint32_t i = 0; i < s->step_scope->count; i++)
      mf_near_offer(near, s->step_scope->entries[i].name);
  for (uint32_t i = 0; i < s->globals.count; i++) mf_near_offer(near, s->globals.entries[i].name);
}

/* Offers every name that could have been meant. */
static const char *suggest_name(mf_compiler *c, mf_str name, bool variables_only) {
  mf_near near;
  mf_near_init(&near, name);
  for (const mf_document_scope *s = &c->scope; s; s = mf_scope_around(s)) offer_variables(s, &near);
  if (!variables_only) {
    for (uint32_t i = 0; i < c->metrics.count; i++)
      mf_near_offer(&near, c->metrics.entries[i].name);
    for (uint32_t i = 0; i < load_metric_count; i++)
      mf_near_offer(&near, mf_str_of(load_metrics[i].name));
    for (uint32_t i = 0; mf_builtin_word(i); i++)
      mf_near_offer(&near, mf_str_of(mf_builtin_word(i)));
  }
  return mf_did_you_mean(c, &near);
}

static mf_ref slot_ref(uint32_t slot, uint32_t used) {
  mf_ref ref = {.kind = MF_REF_SLOT, .used = used, .slot = slot};
  return ref;
}

static mf_ref unknown_ref(uint32_t used) {
  mf_ref ref = {.kind = MF_REF_UNKNOWN, .used = used};
  return ref;
}

/* In a fragment an unknown name becomes a variable that somebody may give. */
static mf_ref unknown_name(mf_compiler *c, mf_str name, mf_span span, uint32_t used,
                           bool variable) {
  if (c->fragment) {
    mf_diag_add(c->diags, MF_W_UNKNOWN_IN_FRAGMENT, span, "variable or metric", (int)name.n,
                name.p);
    uint32_t slot = mf_names_slot(c, name, MF_SLOT_KIND_GLOBAL, 0);
    mf_names_set(&c->globals, kept(c, name), slot);
    return slot_ref(slot, used);
  }
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_NAME, span, suggest_name(c, name, variable), (int)name.n,
                   name.p);
  return unknown_ref(used);
}

void mf_names_unknown_metric(mf_compiler *c, mf_str name, mf_span span) {
  (void)unknown_name(c, name, span, 1, false);
}

static mf_ref needs_member(mf_compiler *c, mf_str group, mf_span span) {
  mf_diag_add(c->diags, MF_E_NEEDS_NAME, span, (int)group.n, group.p, (int)group.n, group.p);
  return unknown_ref(1);
}

static mf_ref unknown_member(mf_compiler *c, mf_str group, mf_str member, mf_span span,
                             const char *const *known) {
  mf_near near;
  mf_near_init(&near, member);
  for (; *known; known++) mf_near_offer(&near, mf_str_of(*known));
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_MEMBER, span, mf_did_you_mean(c, &near), (int)group.n,
                   group.p, (int)member.n, member.p);
  return unknown_ref(2);
}

static mf_ref resolve_variables(mf_compiler *c, const mf_str *names, const mf_span *spans,
                                uint32_t count) {
  if (count < 2) return needs_member(c, names[0], spans[0]);
  uint32_t slot = c->watch ? mf_names_get(&c->captures, names[1]) : MF_NAMES_NONE;
  if (slot == MF_NAMES_NONE) slot = variable_slot(c, names[1]);
  if (slot == MF_NAMES_NONE) slot = mf_names_get(&c->captures, names[1]);
  if (slot != MF_NAMES_NONE) return slot_ref(slot, 2);
  return unknown_name(c, names[1], spans[1], 2, true);
}

static mf_ref resolve_metrics(mf_compiler *c, const mf_str *names, const mf_span *spans,
                              uint32_t count) {
  if (count < 2) return needs_member(c, names[0], spans[0]);
  if (mf_names_metric_known(c, names[1])) return slot_ref(metric_slot_in_phase(c, names[1]), 2);
  uint32_t slot = aggregate_slot(c, names[1]);
  if (slot != MF_ABSENT) return slot_ref(slot, 2);
  return unknown_name(c, names[1], spans[1], 2, false);
}

/* The field of steps["x"].f or previous.f: names[at], or the whole. */
static mf_ref step_field(mf_compiler *c, uint32_t step, const mf_str *names, const mf_span *spans,
                         uint32_t at, uint32_t count) {
  static const char *const fields[] = {"success",  "failed", "skipped", "status", "duration",
                                       "attempts", "runs",   "metrics", "error",  NULL};
  mf_ref ref = {.kind = MF_REF_STEP_FIELD, .used = at, .step = step, .field = MF_FIELD_ALL};
  if (at >= count) return ref;
  uint32_t code = mf_enum_code(MF_OPERAND_FIELD, names[at]);
  if (code >= MF_FIELD_ALL) /* none, or not for expressions */
    return unknown_member(c, names[0], names[at], spans[at], fields);
  ref.used = at + 1;
  ref.field = code;
  if (code == MF_FIELD_METRICS && at + 1 < count && !c->fragment &&
      !mf_names_metric_known(c, names[at + 1]))
    return unknown_name(c, names[at + 1], spans[at + 1], at + 2, false);
  return ref;
}

static mf_ref resolve_steps(mf_compiler *c, const mf_str *names, const mf_span *spans,
                            uint32_t count) {
  if (count < 2) return needs_member(c, names[0], spans[0]);
  return step_field(c, mf_names_step(c, names[1], spans[1]), names, spans, 2, count);
}

static mf_ref resolve_previous(mf_compiler *c, const mf_str *names, const mf_span *spans,
                               uint32_t count) {
  return step_field(c, MF_PREVIOUS, names, spans, 1, count);
}

static mf_ref resolve_run(mf_compiler *c, const mf_str *names, const mf_span *spans,
                          uint32_t count) {
  static const char *const members[] = {"id", "verdict", "exit_code", "metrics", NULL};
  if (count < 2) return needs_member(c, names[0], spans[0]);
  if (mf_str_is(names[1], "id")) return slot_ref(mf_names_builtin(c, MF_BUILTIN_RUN_ID), 2);
  if (mf_str_is(names[1], "verdict"))
    return slot_ref(mf_names_builtin(c, MF_BUILTIN_RUN_VERDICT), 2);
  if (mf_str_is(names[1], "exit_code"))
    return slot_ref(mf_names_builtin(c, MF_BUILTIN_RUN_EXIT_CODE), 2);
  if (!mf_str_is(names[1], "metrics"))
    return unknown_member(c, names[0], names[1], spans[1], members);
  if (count < 3) return needs_member(c, MF_STR("run.metrics"), spans[1]);
  if (!mf_names_metric_known(c, names[2])) return unknown_name(c, names[2], spans[2], 3, false);
  uint32_t row = mf_names_metric(c, names[2], MF_METRIC_KIND_GAUGE);
  return slot_ref(mf_names_metric_slot(c, row, MF_SLOT_KIND_METRIC_RUN), 3);
}

static mf_str document_name(mf_compiler *c) {
  const mf_node *name = mf_node_get(c->main_document, MF_KEY_NAME);
  return name && name->shape == MF_SHAPE_TEXT ? mf_node_text(name) : c->document_name;
}

static mf_ref resolve_orchestration(mf_compiler *c, const mf_str *names, const mf_span *spans,
                                    uint32_t count) {
  static const char *const members[] = {"name", NULL};
  if (count < 2) return needs_member(c, names[0], spans[0]);
  if (!mf_str_is(names[1], "name")) return unknown_member(c, names[0], names[1], spans[1], members);
  mf_ref ref = {.kind = MF_REF_CONSTANT, .used = 2};
  mf_str name = document_name(c);
  ref.value = (mf_value){.kind = MF_STRING, .len = (uint32_t)name.n, .as.s = name.p};
  return ref;
}

static mf_ref resolve_step(mf_compiler *c, const mf_str *names, const mf_span *spans,
                           uint32_t count) {
  static const char *const members[] = {"name", "duration", NULL};
  if (count < 2) return needs_member(c, names[0], spans[0]);
  if (mf_str_is(names[1], "name")) return slot_ref(mf_names_builtin(c, MF_BUILTIN_STEP_NAME), 2);
  if (mf_str_is(names[1], "duration"))
    return slot_ref(mf_names_builtin(c, MF_BUILTIN_STEP_DURATION), 2);
  return unknown_member(c, names[0], names[1], spans[1], members);
}

static mf_ref resolve_env(mf_compiler *c, const mf_str *names, const mf_span *spans,
                          uint32_t count) {
  if (count < 2) return needs_member(c, names[0], spans[0]);
  mf_str name = mf_compile_path(c, "env.%.*s", (int)names[1].n, names[1].p);
  return slot_ref(env_slot(c, name), 2);
}

/* A part of the response that a load has got, which has a slot of its own. */
static uint32_t response_part(mf_compiler *c, mf_str member) {
  return mf_builtin_code(mf_compile_path(c, "response.%.*s", (int)member.n, member.p));
}

/* Of the latest http_request or command that keeps what it got. */
static mf_ref resolve_response(mf_compiler *c, const mf_str *names, const mf_span *spans,
                               uint32_t count) {
  static const char *const members[] = {"status",  "headers",   "body",     "json",
                                        "latency", "exit_code", "stdout",   "stderr",
                                        "ok",      "error",     "body_cut", NULL};
  uint32_t i = 0;
  while (count > 1 && members[i] && !mf_str_is(names[1], members[i])) i++;
  if (!members[i]) return unknown_member(c, names[0], names[1], spans[1], members);
  const uint32_t part = c->watch && c->watch->responds && count > 1 ? response_part(c, names[1])
                                                                    : MF_ABSENT;
  if (part != MF_ABSENT) return slot_ref(mf_names_builtin(c, part), 2);
  return slot_ref(mf_names_builtin(c, MF_BUILTIN_RESPONSE), 1);
}

static bool is_input(const mf_compiler *c, uint32_t slot) {
  return mf_builder_row_get(c->b, MF_TABLE_SLOT, slot)[1] == MF_SLOT_KIND_INPUT;
}

static const char *suggest_input(mf_compiler *c, mf_str name) {
  mf_near near;
  if (variable_slot(c, name) != MF_NAMES_NONE)
    return mf_arena_printf(c->arena, "write 'variables.%.*s'", (int)name.n, name.p);
  mf_near_init(&near, name);
  for (const mf_document_scope *s = &c->scope; s; s = mf_scope_around(s))
    for (uint32_t i = 0; i < s->globals.count; i++)
      if (is_input(c, s->globals.entries[i].value))
        mf_near_offer(&near, s->globals.entries[i].name);
  return mf_did_you_mean(c, &near);
}

/* In a fragment an input that nothing declares is one of any type. */
static mf_ref undeclared_input(mf_compiler *c, mf_str name, mf_span span) {
  mf_diag_add(c->diags, MF_W_UNKNOWN_IN_FRAGMENT, span, "input", (int)name.n, name.p);
  uint32_t row = mf_builder_row_count(c->b, MF_TABLE_INPUT);
  uint32_t slot = mf_names_slot(c, name, MF_SLOT_KIND_INPUT, row);
  mf_inputs_add(c, slot, MF_INPUT_TYPE_ANY);
  mf_names_set(&c->globals, kept(c, name), slot);
  return slot_ref(slot, 2);
}

/* inputs.x is never a variable of a step that has this name. */
static mf_ref resolve_inputs(mf_compiler *c, const mf_str *names, const mf_span *spans,
                             uint32_t count) {
  if (count < 2) return needs_member(c, names[0], spans[0]);
  for (const mf_document_scope *s = &c->scope; s; s = mf_scope_around(s)) {
    uint32_t slot = mf_names_get(&s->globals, names[1]);
    if (slot != MF_NAMES_NONE && (c->fragment || is_input(c, slot))) return slot_ref(slot, 2);
  }
  if (c->fragment) return undeclared_input(c, names[1], spans[1]);
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_INPUT, spans[1], suggest_input(c, names[1]),
                   (int)names[1].n, names[1].p);
  return unknown_ref(2);
}

static mf_ref resolve_secrets(mf_compiler *c, const mf_str *names, const mf_span *spans,
                              uint32_t count) {
  if (count < 2) return needs_member(c, names[0], spans[0]);
  uint32_t slot = mf_names_get(&c->secrets, names[1]);
  if (slot != MF_NAMES_NONE) return slot_ref(slot, 2);
  mf_near near;
  mf_near_init(&near, names[1]);
  for (uint32_t i = 0; i < c->secrets.count; i++) mf_near_offer(&near, c->secrets.entries[i].name);
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_SECRET, spans[1], mf_did_you_mean(c, &near),
                   (int)names[1].n, names[1].p);
  return unknown_ref(2);
}

#define GROUP(name, resolve) \
  { {name, sizeof name - 1}, resolve }
static const struct {
  mf_str name;
  mf_ref (*resolve)(mf_compiler *, const mf_str *, const mf_span *, uint32_t);
} groups[] = {GROUP("variables", resolve_variables),
              GROUP("metrics", resolve_metrics),
              GROUP("steps", resolve_steps),
              GROUP("previous", resolve_previous),
              GROUP("run", resolve_run),
              GROUP("orchestration", resolve_orchestration),
              GROUP("step", resolve_step),
              GROUP("env", resolve_env),
              GROUP("inputs", resolve_inputs),
              GROUP("secrets", resolve_secrets),
              GROUP("response", resolve_response)};
#undef GROUP

/* Variable, built-in, metric, aggregate; MF_ABSENT: none of these. */
static uint32_t bare_slot(mf_compiler *c, mf_str name) {
  uint32_t slot = variable_slot(c, name);
  if (slot != MF_NAMES_NONE) return slot;
  slot = mf_names_get(&c->captures, name);
  if (slot != MF_NAMES_NONE) return slot;
  uint32_t builtin = mf_builtin_code(name);
  if (builtin != MF_ABSENT) return mf_names_builtin(c, builtin);
  if (mf_names_metric_known(c, name)) return metric_slot_in_phase(c, name);
  return aggregate_slot(c, name);
}

/* A variable of a repeat or of the step, or a bare name that was resolved in this phase before. */
static uint32_t known_slot(mf_compiler *c, mf_str name) {
  uint32_t slot = c->loops ? loop_slot(&c->scope, name) : MF_NAMES_NONE;
  if (slot != MF_NAMES_NONE) return slot;
  slot = c->step_scope ? mf_names_get(c->step_scope, name) : MF_NAMES_NONE;
  if (c->watch && c->watch->over > 0) return slot; /* bare metrics mean something else */
  return slot != MF_NAMES_NONE ? slot : mf_names_get(&c->bare[c->phase], name);
}

/* Names that only what is evaluated while a load runs has. */
static uint32_t watch_slot(mf_compiler *c, mf_str name) {
  uint32_t slot = mf_reading_of_name(name);
  if (slot != MF_NAMES_NONE || !c->watch) return slot;
  slot = mf_names_get(&c->captures, name);
  if (slot == MF_NAMES_NONE && c->watch->data && mf_str_is(name, "data") &&
      variable_slot(c, name) == MF_NAMES_NONE)
    return mf_names_builtin(c, MF_BUILTIN_LOAD_DATA);
  return slot;
}

static mf_ref resolve_bare(mf_compiler *c, const mf_str *names, mf_span span, uint32_t count) {
  uint32_t slot = bare_slot(c, names[0]);
  if (slot != MF_ABSENT) {
    if (!c->watch) mf_names_set(&c->bare[c->phase], kept(c, names[0]), slot);
    return slot_ref(slot, 1);
  }
  mf_ref ref = {.kind = MF_REF_UNKNOWN};
  /* Type names are values: type(x) == int. */
  if (mf_expr_type_named(MF_STR(""), names, count, &ref)) return ref;
  return unknown_name(c, names[0], span, 1, false);
}

static mf_ref look_up(mf_compiler *c, const mf_str *names, const mf_span *spans, uint32_t count) {
  uint32_t known = watch_slot(c, names[0]);
  if (known == MF_NAMES_NONE) known = known_slot(c, names[0]);
  /* first: the names of groups are reserved */
  if (known != MF_NAMES_NONE) return slot_ref(known, 1);
  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
    if (mf_str_eq(names[0], groups[i].name)) return groups[i].resolve(c, names, spans, count);
  return resolve_bare(c, names, spans[0], count);
}

static mf_ref resolve(void *ctx, const mf_str *names, const mf_span *spans, uint32_t count) {
  mf_ref ref = look_up(ctx, names, spans, count);
  if (ref.kind == MF_REF_SLOT) mf_unused_mark_read(ctx, ref.slot);
  return ref;
}

/* ---- types ---- */

static mf_type_kind type_of_builtin(uint32_t builtin) {
  switch (builtin) {
    case MF_BUILTIN_PREVIOUS_STEP_SUCCEEDED:
    case MF_BUILTIN_PREVIOUS_STEP_FAILED:
    case MF_BUILTIN_ALL_STEPS_SUCCEEDED: return MF_TYPE_BOOL;
    case MF_BUILTIN_NOW: return MF_TYPE_TIMESTAMP;
    case MF_BUILTIN_DURATION:
    case MF_BUILTIN_STEP_DURATION: return MF_TYPE_NUMBER;
    case MF_BUILTIN_RUN_EXIT_CODE:
    case MF_BUILTIN_ITERATION: return MF_TYPE_INT;
    case MF_BUILTIN_RESPONSE_STATUS: return MF_TYPE_INT;
    case MF_BUILTIN_RESPONSE_LATENCY: return MF_TYPE_NUMBER;
    case MF_BUILTIN_RESPONSE:
    case MF_BUILTIN_RESPONSE_HEADERS:
    case MF_BUILTIN_RESPONSE_BODY:
    case MF_BUILTIN_RESPONSE_JSON:
    case MF_BUILTIN_LOAD_DATA: return MF_TYPE_DYN;
    default: return MF_TYPE_STRING;
  }
}

static mf_type_kind type_of_slot(const uint32_t *row) {
  if (row[1] == MF_SLOT_KIND_BUILTIN) return type_of_builtin(row[2]);
  if (row[1] == MF_SLOT_KIND_ENV) return MF_TYPE_STRING;
  if (row[1] == MF_SLOT_KIND_METRIC_COUNT) return MF_TYPE_INT;
  if (row[1] == MF_SLOT_KIND_READING) return MF_TYPE_NUMBER;
  bool metric = row[1] >= MF_SLOT_KIND_METRIC_STEP && row[1] <= MF_SLOT_KIND_METRIC_COUNT;
  return metric ? MF_TYPE_NUMBER : MF_TYPE_DYN; /* an initial value declares no type */
}

static mf_type_kind type_of_field(uint32_t field) {
  switch (field) {
    case MF_FIELD_SUCCESS:
    case MF_FIELD_FAILED:
    case MF_FIELD_SKIPPED: return MF_TYPE_BOOL;
    case MF_FIELD_DURATION: return MF_TYPE_NUMBER;
    case MF_FIELD_ATTEMPTS:
    case MF_FIELD_RUNS: return MF_TYPE_INT;
    case MF_FIELD_STATUS: return MF_TYPE_STRING;
    default: return MF_TYPE_DYN;
  }
}

static const mf_type *type_of(void *ctx, const mf_ref *ref) {
  const mf_compiler *c = ctx;
  if (ref->kind == MF_REF_STEP_FIELD) return mf_type_plain(type_of_field(ref->field));
  if (ref->kind != MF_REF_SLOT) return NULL;
  const uint32_t *row = mf_builder_row_get(c->b, MF_TABLE_SLOT, ref->slot);
  if (row[1] == MF_SLOT_KIND_INPUT) return mf_inputs_type(c, row[2]);
  return mf_type_plain(type_of_slot(row));
}

void mf_names_scope_init(mf_compiler *c, mf_document_scope *scope) {
  mf_names_init(&scope->globals, c->arena);
  for (int phase = 0; phase < 3; phase++) mf_names_init(&scope->bare[phase], c->arena);
  mf_names_init(&scope->steps, c->arena);
  mf_names_init(&scope->step_repeats, c->arena);
  mf_names_init(&scope->assigned, c->arena);
  mf_names_init(&scope->ids, c->arena);
}

void mf_names_open(mf_compiler *c) {
  mf_names_scope_init(c, &c->scope);
  mf_names_init(&c->env_slots, c->arena);
  mf_names_init(&c->metric_kinds, c->arena);
  mf_names_init(&c->secrets, c->arena);
  mf_names_init(&c->scenario_rows, c->arena);
  mf_names_init(&c->load_constants, c->arena);
  memset(c->builtin_slots, 0xff, sizeof c->builtin_slots); /* MF_ABSENT */
  mf_names_init(&c->metrics, c->arena);
  mf_names_init(&c->hosts, c->arena);
  mf_names_init(&c->captures, c->arena);
  mf_names_init(&c->readings, c->arena);
  mf_names_init(&c->load_rows, c->arena);
  mf_names_init(&c->constants, c->arena);
  mf_names_init(&c->drivers, c->arena);
  mf_names_init(&c->concurrency.writers, c->arena);
  c->concurrency.at = c->concurrency.to_need = MF_ABSENT;
  c->env = (mf_names_env){.resolve = resolve, .ctx = c, .type_of = type_of};
  c->expr = (mf_expr_emitter){.builder = c->b,
                              .diags = c->diags,
                              .env = &c->env,
                              .lines = &c->lines,
                              .strict_cel = c->options->strict_cel,
                              .of_run = true,
                              .regex = c->options->regex};
}

/* ---- declaring ---- */

/* False (and reported) when the name may not be declared. */
static bool check_declared_name(mf_compiler *c, mf_str name, mf_span span) {
  if (!mf_name_is_identifier(name)) {
    mf_diag_add(c->diags, MF_E_NOT_AN_IDENTIFIER, span, (int)name.n, name.p);
    return false;
  }
  if (is_reserved(name)) {
    mf_diag_add(c->diags, MF_E_RESERVED_NAME, span, (int)name.n, name.p);
    return false;
  }
  const char *hidden = mf_builtin_code(name) != MF_ABSENT ? "built-in value"
                       : load_metric_find(name)           ? "metric"
                                                          : NULL;
  if (hidden) mf_diag_add(c->diags, MF_W_HIDES_NAME, span, (int)name.n, name.p, hidden);
  return true;
}

uint32_t mf_names_declare(mf_compiler *c, mf_str name, mf_span span, uint32_t kind, uint32_t arg) {
  if (mf_names_get(&c->globals, name) != MF_NAMES_NONE) {
    mf_diag_add(c->diags, MF_E_DUPLICATE_VARIABLE, span, (int)name.n, name.p);
    return MF_ABSENT;
  }
  if (!check_declared_name(c, name, span)) return MF_ABSENT;
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
    if (kind != MF_ABSENT) mf_names_set(&c->metric_kinds, kept(c, name), kind);
  } else if (mf_names_get(&c->metric_kinds, name) == MF_NAMES_NONE && !load_metric_find(name)) {
    mf_names_set(&c->metric_kinds, kept(c, name), kind);
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
        check_declared_name(c, text, assigned->span))
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
        check_declared_name(c, m->name, m->key_span))
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

void mf_names_step_begin(mf_compiler *c, mf_names *scope, uint32_t step_row,
                         const mf_node *variables) {
  mf_names_init(scope, c->scratch);
  mf_declared d = {.value = NULL};
  while (mf_declared_next(variables, &d)) {
    if (mf_names_get(scope, d.name) != MF_NAMES_NONE ||
        loop_slot(&c->scope, d.name) != MF_NAMES_NONE)
      mf_diag_add(c->diags, MF_E_DUPLICATE_VARIABLE, d.span, (int)d.name.n, d.name.p);
    else if (check_declared_name(c, d.name, d.span))
      mf_names_set(scope, d.name, mf_names_slot(c, d.name, MF_SLOT_KIND_STEP, step_row));
  }
  mf_warn_of_misplaced(c, variables, scope);
  c->step_scope = scope;
}

void mf_names_step_end(mf_compiler *c) { c->step_scope = NULL; }

void mf_names_loop_begin(mf_compiler *c, mf_loop_scope *scope, uint32_t repeat_row, mf_str name,
                         mf_span span) {
  *scope = (mf_loop_scope){.around = c->loops};
  if (name.n && check_declared_name(c, name, span)) {
    scope->name = name;
    scope->slot = mf_names_slot(c, name, MF_SLOT_KIND_REPEAT, repeat_row);
  }
  c->loops = scope;
}

uint32_t mf_names_assign(mf_compiler *c, mf_str name, mf_span span) {
  uint32_t slot = variable_slot(c, name);
  if (slot == MF_NAMES_NONE) return 0;
  mf_unused_mark_written(c, slot);
  if (mf_builder_row_get(c->b, MF_TABLE_SLOT, slot)[1] == MF_SLOT_KIND_REPEAT)
    mf_diag_add(c->diags, MF_E_LOOP_VARIABLE, span, (int)name.n, name.p);
  return slot;
}

/* ---- --dump=types ---- */

static void dump_steps(mf_compiler *c, const mf_names *steps, mf_buf *out) {
  for (uint32_t i = 0; i < steps->count; i++) {
    const mf_names_entry *e = &steps->entries[i];
    uint32_t flags = mf_builder_row_get(c->b, MF_TABLE_STEP, e->value)[3];
    mf_buf_printf(out, "step %u %.*s%s\n", e->value, (int)e->name.n, e->name.p,
                  flags & MF_STEP_FLAGS_LOOKS ? ": looks at outcomes" : "");
  }
}

void mf_names_dump(mf_compiler *c, mf_buf *out) {
  uint32_t slots = mf_builder_row_count(c->b, MF_TABLE_SLOT);
  for (uint32_t i = 0; i < slots; i++) {
    const uint32_t *row = mf_builder_row_get(c->b, MF_TABLE_SLOT, i);
    mf_str name = mf_builder_string_get(c->b, row[0]);
    mf_buf_printf(out, "slot %u %.*s: %s", i, (int)name.n, name.p,
                  mf_enum_word(MF_OPERAND_SLOT_KIND, row[1]));
    if (row[1] == MF_SLOT_KIND_INPUT) {
      mf_buf_putc(out, ' ');
      mf_type_write(out, mf_inputs_type(c, row[2]));
    }
    mf_buf_putc(out, '\n');
  }
  dump_steps(c, &c->steps, out);
  for (uint32_t i = 0; i < c->link_count; i++) dump_steps(c, &c->links[i]->other.steps, out);
}
