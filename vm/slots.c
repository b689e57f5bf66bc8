/* SPDX-License-Identifier: MIT */
/* Slots: variables, built-ins, and what is known of metrics. */
#include "input_rules.h"
#include "machine.h"

#include <math.h>

enum { KEPT_BOX = 4096 }; /* bytes of parts a slot keeps for its next value */

bool mf_task_is_clear(const mf_task *t) {
  return !t->waiting && t->exec.sp == t->exec.stack && t->labels.kind == MF_UNSET;
}

/* ---- Variables ---- */

mf_status mf_slot_set(mf_task *t, uint32_t slot, const mf_value *v) {
  mf_vm *vm = t->vm;
  mf_box **box = &vm->boxes[slot];
  bool parts = v->kind >= MF_STRING && v->kind != MF_TIMESTAMP && v->kind != MF_DURATION;
  if (!parts) {
    if (*box && (*box)->size > KEPT_BOX) mf_slot_clear(t, slot);
    vm->slots[slot] = *v;
    return MF_OK;
  }
  mf_status status = mf_box_put(&vm->alloc, box, v, vm->memory.limit,
                                mf_task_is_clear(t) ? NULL : &vm->retired);
  if (status == MF_OK) vm->slots[slot] = (*box)->value;
  return status;
}

const char *mf_slot_take(mf_task *t, uint32_t slot, mf_value *v) {
  const mf_image *im = t->vm->image;
  const mf_row_slot *row = &MF_ROWS(im, SLOT, slot)[slot];
  if (row->kind != MF_SLOT_KIND_INPUT) return NULL;
  const mf_input_rule rule = mf_input_rule_of(im, row->arg);
  const mf_str name = mf_image_string(im, row->name);
  const char *why = mf_input_take(&t->exec.call, &rule, v);
  if (why == NULL) return NULL;
  return mf_arena_printf(&t->arena, "input '%.*s' must be %s", (int)name.n, name.p, why);
}

void mf_slot_clear(mf_task *t, uint32_t slot) {
  mf_vm *vm = t->vm;
  vm->slots[slot] = (mf_value){.kind = MF_UNSET};
  if (vm->boxes[slot] == NULL) return;
  vm->boxes[slot]->next = vm->retired;
  vm->retired = vm->boxes[slot];
  vm->boxes[slot] = NULL;
}

/* ---- Built-ins ---- */

void mf_builtin_set(mf_vm *vm, uint32_t builtin, mf_value v) {
  uint32_t slot = vm->builtins[builtin];
  if (slot != MF_ABSENT) vm->slots[slot] = v;
}

/* ---- Metrics ---- */

static void set_metric(mf_vm *vm, const mf_metric *m, uint32_t kind, mf_value v) {
  uint32_t slot = m->slots[kind - MF_SLOT_KIND_METRIC_STEP];
  if (slot != MF_ABSENT) vm->slots[slot] = v;
}

static double as_double(const mf_value *v) {
  switch (v->kind) {
    case MF_INT: return (double)v->as.i;
    case MF_UINT: return (double)v->as.u;
    default: return v->as.d;
  }
}

/* Whether v becomes the extreme; NaN is none, and any number replaces it. */
static bool replaces(const mf_value *v, const mf_value *extreme, bool larger) {
  double d = as_double(v), e = as_double(extreme);
  return isnan(e) || (larger ? d > e : d < e);
}

static void add_sample(mf_metric *m, const mf_value *v) {
  if (m->count == 0 || replaces(v, &m->max, true)) m->max = *v;
  if (m->count == 0 || replaces(v, &m->min, false)) m->min = *v;
  m->sum += as_double(v);
  m->count++;
}

/* `v` is the sample, `now` what the metric is for the step. */
static void record(mf_task *t, mf_metric *m, mf_value v, mf_value now) {
  mf_vm *vm = t->vm;
  add_sample(m, &v);
  set_metric(vm, m, MF_SLOT_KIND_METRIC_STEP, now);
  set_metric(vm, m, MF_SLOT_KIND_METRIC_LAST, now);
  set_metric(vm, m, MF_SLOT_KIND_METRIC_MAX, m->max);
  set_metric(vm, m, MF_SLOT_KIND_METRIC_MIN, m->min);
  set_metric(vm, m, MF_SLOT_KIND_METRIC_AVG, mf_double(m->sum / (double)m->count));
  set_metric(vm, m, MF_SLOT_KIND_METRIC_SUM, mf_double(m->sum));
  set_metric(vm, m, MF_SLOT_KIND_METRIC_COUNT, mf_int((int64_t)m->count));
  if (vm->own_count && m->slots[MF_SLOT_KIND_METRIC_LAST - MF_SLOT_KIND_METRIC_STEP] != MF_ABSENT)
    t->touched[m->own] = true;
  t->metrics_set = true;
}

static void record_ended(mf_task *t, uint32_t metric, mf_value v) {
  record(t, &t->vm->metrics[metric], v, v);
}

static void tally(mf_tally *t, const mf_value *v) {
  double d = as_double(v);
  t->count++;
  t->hits += d != 0;
  t->sum += d;
  t->fractions = t->fractions || v->kind != MF_INT;
}

static mf_value count_of(const mf_tally *t) {
  bool whole = !t->fractions && fabs(t->sum) < 9007199254740992.0;
  return whole ? mf_int((int64_t)t->sum) : mf_double(t->sum);
}

/* What samples come to, the latest of which is v. */
static mf_value come_to(uint32_t kind, const mf_tally *t, mf_value v) {
  switch (kind) {
    case MF_METRIC_KIND_COUNTER: return count_of(t);
    case MF_METRIC_KIND_TREND: return mf_double(t->sum / (double)t->count);
    case MF_METRIC_KIND_RATE: return mf_double((double)t->hits / (double)t->count);
    default: return v;
  }
}

void mf_metric_sample(mf_task *t, uint32_t metric, mf_value v) {
  mf_vm *vm = t->vm;
  uint32_t kind = MF_ROWS(vm->image, METRIC, metric)[metric].kind;
  mf_metric *m = &vm->metrics[metric];
  tally(&t->tallies[metric], &v);
  tally(&m->of_run, &v);
  record(t, m, v, come_to(kind, &t->tallies[metric], v));
  set_metric(vm, m, MF_SLOT_KIND_METRIC_RUN, come_to(kind, &m->of_run, v));
}

/* ---- Metrics of loads ---- */

/* Also for the branches that do not run. */
static void set_last(mf_vm *vm, const mf_metric *m, mf_value v) {
  if (m->slots[MF_SLOT_KIND_METRIC_LAST - MF_SLOT_KIND_METRIC_STEP] == MF_ABSENT) return;
  set_metric(vm, m, MF_SLOT_KIND_METRIC_LAST, v);
  for (mf_task *t = &vm->task; t && vm->own_count; t = t->next)
    if (t != vm->current) t->saved[m->own].value = v;
}

static void set_step(mf_task *t, uint32_t metric, mf_value v) {
  mf_vm *vm = t->vm;
  const uint32_t slot = vm->metrics[metric].slots[0]; /* METRIC_STEP */
  if (slot == MF_ABSENT) return;
  t->metrics_set = true;
  if (t == vm->current) vm->slots[slot] = v;
  for (uint32_t i = 0; i < vm->own_count && t != vm->current; i++)
    if (vm->own_slots[i] == slot) t->saved[i].value = v;
}

static bool is_number(const mf_value *v) { return v && v->kind >= MF_INT && v->kind <= MF_DOUBLE; }

static void show(mf_task *t, uint32_t metric, mf_value v) {
  set_last(t->vm, &t->vm->metrics[metric], v);
  set_step(t, metric, v);
}

void mf_metrics_of_load(mf_task *t, const mf_value *told, bool ended) {
  const mf_image *im = t->vm->image;
  const mf_value *metrics = mf_map_get(told, MF_STR("metrics"));
  const mf_value *of_run = mf_map_get(told, MF_STR("run_metrics"));
  for (uint32_t i = 0; i < MF_ROW_COUNT(im, METRIC); i++) {
    const mf_str name = mf_image_string(im, MF_ROWS(im, METRIC, metric)[i].name);
    const mf_value *v = mf_map_get(metrics, name), *run = mf_map_get(of_run, name);
    if (is_number(v)) (ended ? record_ended : show)(t, i, *v);
    if (is_number(run)) set_metric(t->vm, &t->vm->metrics[i], MF_SLOT_KIND_METRIC_RUN, *run);
  }
}

mf_status mf_vm_metrics(mf_vm *vm, uint32_t id, const mf_value *event) {
  mf_task *t = vm->failed ? NULL : mf_task_of_effect(vm, id);
  if (t == NULL || t->effect_op != MF_OP_SCENARIO) return MF_NO_SUCH_EFFECT;
  mf_metrics_of_load(t, event, false);
  return MF_OK;
}

/* ---- Metrics of a step ---- */

void mf_metrics_begin_step(mf_task *t) {
  mf_vm *vm = t->vm;
  mf_watched_forget(t);
  if (!t->metrics_set) return;
  for (uint32_t i = 0; i < MF_ROW_COUNT(vm->image, METRIC); i++) {
    t->tallies[i] = (mf_tally){0};
    set_metric(vm, &vm->metrics[i], MF_SLOT_KIND_METRIC_STEP, (mf_value){.kind = MF_UNSET});
  }
  t->metrics_set = false;
}

static mf_value *step_slot(mf_vm *vm, uint32_t metric) {
  uint32_t slot = vm->metrics[metric].slots[0]; /* METRIC_STEP */
  return slot == MF_ABSENT ? NULL : &vm->slots[slot];
}

static size_t kept_size(const mf_vm *vm) {
  return MF_ROW_COUNT(vm->image, METRIC) * sizeof(mf_kept_metric);
}

bool mf_metrics_keep(mf_task *t, mf_frame *step) {
  mf_vm *vm = t->vm;
  if (!t->metrics_set) return true;
  if (step->kept == NULL) step->kept = mf_realloc(&vm->alloc, NULL, 0, kept_size(vm));
  if (step->kept == NULL) return false;
  for (uint32_t i = 0; i < MF_ROW_COUNT(vm->image, METRIC); i++) {
    const mf_value *v = step_slot(vm, i);
    step->kept[i] = (mf_kept_metric){t->tallies[i], v ? *v : (mf_value){.kind = MF_UNSET}};
  }
  return true;
}

void mf_metrics_begin_attempt(mf_task *t, const mf_frame *step) {
  mf_metrics_begin_step(t);
  for (uint32_t i = 0; step->kept && i < MF_ROW_COUNT(t->vm->image, METRIC); i++) {
    t->tallies[i] = step->kept[i].tally;
    set_metric(t->vm, &t->vm->metrics[i], MF_SLOT_KIND_METRIC_STEP, step->kept[i].value);
  }
  t->metrics_set = step->kept != NULL;
}

void mf_metrics_free_kept(mf_vm *vm, mf_frame *step) {
  if (step->kept) mf_realloc(&vm->alloc, step->kept, kept_size(vm), 0);
  step->kept = NULL;
}

/* ---- Reading what has no value ---- */

static bool is_metric_slot(uint32_t kind) {
  return kind >= MF_SLOT_KIND_METRIC_STEP && kind <= MF_SLOT_KIND_METRIC_COUNT;
}

mf_value mf_no_value(mf_exec *x, uint32_t slot) {
  const mf_row_slot *row = &MF_ROWS(x->image, SLOT, slot)[slot];
  bool metric = is_metric_slot(row->kind);
  mf_str name = mf_image_string(
      x->image, metric ? MF_ROWS(x->image, METRIC, metric)[row->arg].name : row->name);
  int n = name.n < 200 ? (int)name.n : 200;
  if (metric)
    return mf_call_error(&x->call, MF_EVAL_NO_VALUE, "metric '%.*s' has no data", n, name.p);
  return mf_call_error(&x->call, MF_EVAL_NO_VALUE, "no value for '%.*s' yet", n, name.p);
}
