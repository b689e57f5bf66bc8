/* SPDX-License-Identifier: MIT */
/* names_resolve - what a chain of names in an expression comes to, and its type.
 *
 * docs/language.md, "Names": a bare name is looked up as step variable, global variable or
 * input, built-in name, metric. */
#include "names.h"

#include "compile.h"
#include "expr_types.h"
#include "reading.h"

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
    for (uint32_t i = 0; mf_load_metric_at(i); i++)
      mf_near_offer(&near, mf_str_of(mf_load_metric_at(i)->name));
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
    mf_names_set(&c->globals, mf_name_kept(c, name), slot);
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
  if (slot == MF_NAMES_NONE) slot = mf_variable_slot(c, names[1]);
  if (slot == MF_NAMES_NONE) slot = mf_names_get(&c->captures, names[1]);
  if (slot != MF_NAMES_NONE) return slot_ref(slot, 2);
  return unknown_name(c, names[1], spans[1], 2, true);
}

static mf_ref resolve_metrics(mf_compiler *c, const mf_str *names, const mf_span *spans,
                              uint32_t count) {
  if (count < 2) return needs_member(c, names[0], spans[0]);
  if (mf_names_metric_known(c, names[1])) return slot_ref(mf_metric_slot_in_phase(c, names[1]), 2);
  uint32_t slot = mf_aggregate_slot(c, names[1]);
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
  return slot_ref(mf_env_slot(c, name), 2);
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
  if (mf_variable_slot(c, name) != MF_NAMES_NONE)
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
  mf_names_set(&c->globals, mf_name_kept(c, name), slot);
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
  uint32_t slot = mf_variable_slot(c, name);
  if (slot != MF_NAMES_NONE) return slot;
  slot = mf_names_get(&c->captures, name);
  if (slot != MF_NAMES_NONE) return slot;
  uint32_t builtin = mf_builtin_code(name);
  if (builtin != MF_ABSENT) return mf_names_builtin(c, builtin);
  if (mf_names_metric_known(c, name)) return mf_metric_slot_in_phase(c, name);
  return mf_aggregate_slot(c, name);
}

/* A variable of a repeat or of the step, or a bare name that was resolved in this phase before. */
static uint32_t known_slot(mf_compiler *c, mf_str name) {
  uint32_t slot = c->loops ? mf_loop_slot(&c->scope, name) : MF_NAMES_NONE;
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
      mf_variable_slot(c, name) == MF_NAMES_NONE)
    return mf_names_builtin(c, MF_BUILTIN_LOAD_DATA);
  return slot;
}

static mf_ref resolve_bare(mf_compiler *c, const mf_str *names, mf_span span, uint32_t count) {
  uint32_t slot = bare_slot(c, names[0]);
  if (slot != MF_ABSENT) {
    if (!c->watch) mf_names_set(&c->bare[c->phase], mf_name_kept(c, names[0]), slot);
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
