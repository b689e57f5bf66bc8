/* SPDX-License-Identifier: MIT */
/* Scopes and slots: these are added the first time a name is used, so an image holds what
 * it needs and no more. */
#include "names.h"

#include "compile.h"
#include "expr_types.h"

#include "../base/limits.h"
#include "reading.h"

static const mf_load_metric load_metrics[] = {
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

bool mf_name_is_reserved(mf_str name) {
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
mf_str mf_name_kept(mf_compiler *c, mf_str name) {
  const char *copy = mf_arena_copy(c->arena, name.p, name.n);
  return copy ? (mf_str){copy, name.n} : MF_STR("");
}

uint32_t mf_env_slot(mf_compiler *c, mf_str name) {
  uint32_t slot = mf_names_get(&c->env_slots, name);
  if (slot != MF_NAMES_NONE) return slot;
  slot = mf_names_slot(c, name, MF_SLOT_KIND_ENV, 0);
  mf_names_set(&c->env_slots, mf_name_kept(c, name), slot);
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
const mf_load_metric *mf_load_metric_find(mf_str name) {
  for (uint32_t i = 0; i < load_metric_count; i++)
    if (mf_str_is(name, load_metrics[i].name) || alias_list_has(load_metrics[i].aliases, name))
      return &load_metrics[i];
  return NULL;
}

const mf_load_metric *mf_load_metric_at(uint32_t i) {
  return i < load_metric_count ? &load_metrics[i] : NULL;
}

bool mf_names_metric_known(mf_compiler *c, mf_str name) {
  return mf_names_get(&c->metrics, name) != MF_NAMES_NONE || mf_load_metric_find(name) != NULL;
}

uint32_t mf_names_metric(mf_compiler *c, mf_str name, uint32_t kind) {
  uint32_t row = mf_names_get(&c->metrics, name);
  if (row != MF_NAMES_NONE) return row;
  const mf_load_metric *info = mf_load_metric_find(name);
  if (info && !mf_str_is(name, info->name)) return mf_names_metric(c, mf_str_of(info->name), kind);
  uint32_t fields[2] = {mf_compile_string(c, name), info ? info->kind : kind};
  row = mf_builder_row(c->b, MF_TABLE_METRIC, fields);
  mf_names_set(&c->metrics, mf_name_kept(c, name), row);
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

uint32_t mf_metric_slot_in_phase(mf_compiler *c, mf_str name) {
  static const uint32_t kinds[] = {[MF_PHASE_BEFORE_LOAD] = MF_SLOT_KIND_METRIC_LAST,
                                   [MF_PHASE_AFTER_LOAD] = MF_SLOT_KIND_METRIC_STEP,
                                   [MF_PHASE_RUN] = MF_SLOT_KIND_METRIC_RUN};
  const uint32_t row = mf_names_metric(c, name, MF_METRIC_KIND_GAUGE);
  if (c->watch && c->watch->over > 0) return mf_reading_over(c, row, name);
  return mf_names_metric_slot(c, row, kinds[c->phase]);
}

/* max_error_rate and the like; MF_ABSENT when it is no such name. */
uint32_t mf_aggregate_slot(mf_compiler *c, mf_str name) {
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
  mf_names_set(&c->steps, mf_name_kept(c, name), row);
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

uint32_t mf_loop_slot(const mf_document_scope *s, mf_str name) {
  for (const mf_loop_scope *loop = s->loops; loop; loop = loop->around)
    if (loop->name.n && mf_str_eq(loop->name, name)) return loop->slot;
  return MF_NAMES_NONE;
}

/* Of one document: a variable of a repeat, of the step, a global one or an input. */
static uint32_t own_variable_slot(const mf_document_scope *s, mf_str name) {
  uint32_t slot = mf_loop_slot(s, name);
  if (slot != MF_NAMES_NONE) return slot;
  slot = s->step_scope ? mf_names_get(s->step_scope, name) : MF_NAMES_NONE;
  return slot != MF_NAMES_NONE ? slot : mf_names_get(&s->globals, name);
}

/* A linked document sees the names of those around it behind its own. */
uint32_t mf_variable_slot(mf_compiler *c, mf_str name) {
  uint32_t slot = MF_NAMES_NONE;
  for (const mf_document_scope *s = &c->scope; s && slot == MF_NAMES_NONE; s = mf_scope_around(s))
    slot = own_variable_slot(s, name);
  return slot;
}

bool mf_names_is_variable(mf_compiler *c, mf_str name) {
  return mf_variable_slot(c, name) != MF_NAMES_NONE;
}

void mf_names_scope_init(mf_compiler *c, mf_document_scope *scope) {
  mf_names_init(&scope->globals, c->arena);
  for (int phase = 0; phase < 3; phase++) mf_names_init(&scope->bare[phase], c->arena);
  mf_names_init(&scope->steps, c->arena);
  mf_names_init(&scope->step_repeats, c->arena);
  mf_names_init(&scope->assigned, c->arena);
  mf_names_init(&scope->ids, c->arena);
}

void mf_names_step_begin(mf_compiler *c, mf_names *scope, uint32_t step_row,
                         const mf_node *variables) {
  mf_names_init(scope, c->scratch);
  mf_declared d = {.value = NULL};
  while (mf_declared_next(variables, &d)) {
    if (mf_names_get(scope, d.name) != MF_NAMES_NONE ||
        mf_loop_slot(&c->scope, d.name) != MF_NAMES_NONE)
      mf_diag_add(c->diags, MF_E_DUPLICATE_VARIABLE, d.span, (int)d.name.n, d.name.p);
    else if (mf_names_check(c, d.name, d.span))
      mf_names_set(scope, d.name, mf_names_slot(c, d.name, MF_SLOT_KIND_STEP, step_row));
  }
  mf_warn_of_misplaced(c, variables, scope);
  c->step_scope = scope;
}

void mf_names_step_end(mf_compiler *c) { c->step_scope = NULL; }

void mf_names_loop_begin(mf_compiler *c, mf_loop_scope *scope, uint32_t repeat_row, mf_str name,
                         mf_span span) {
  *scope = (mf_loop_scope){.around = c->loops};
  if (name.n && mf_names_check(c, name, span)) {
    scope->name = name;
    scope->slot = mf_names_slot(c, name, MF_SLOT_KIND_REPEAT, repeat_row);
  }
  c->loops = scope;
}

uint32_t mf_names_assign(mf_compiler *c, mf_str name, mf_span span) {
  uint32_t slot = mf_variable_slot(c, name);
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
