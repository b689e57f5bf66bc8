/* SPDX-License-Identifier: MIT */
/* Slots: variables, built-ins, and what is known of metrics. */
#include "machine.h"

#include <math.h>

enum { KEPT_BOX = 4096 }; /* bytes of parts a slot keeps for its next value */

bool mf_task_is_clear(const mf_task *t) {
  return t->vm->parked == 0 && t->exec.sp == t->exec.stack;
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

void mf_metric_record(mf_vm *vm, uint32_t metric, mf_value v) {
  mf_metric *m = &vm->metrics[metric];
  add_sample(m, &v);
  set_metric(vm, m, MF_SLOT_KIND_METRIC_STEP, v);
  set_metric(vm, m, MF_SLOT_KIND_METRIC_LAST, v);
  set_metric(vm, m, MF_SLOT_KIND_METRIC_MAX, m->max);
  set_metric(vm, m, MF_SLOT_KIND_METRIC_MIN, m->min);
  set_metric(vm, m, MF_SLOT_KIND_METRIC_AVG, mf_double(m->sum / (double)m->count));
  set_metric(vm, m, MF_SLOT_KIND_METRIC_SUM, mf_double(m->sum));
  set_metric(vm, m, MF_SLOT_KIND_METRIC_COUNT, mf_int((int64_t)m->count));
  vm->metrics_set = true;
}

void mf_metric_record_run(mf_vm *vm, uint32_t metric, mf_value v) {
  set_metric(vm, &vm->metrics[metric], MF_SLOT_KIND_METRIC_RUN, v);
}

void mf_metrics_begin_step(mf_vm *vm) {
  if (!vm->metrics_set) return;
  for (uint32_t i = 0; i < MF_ROW_COUNT(vm->image, METRIC); i++)
    set_metric(vm, &vm->metrics[i], MF_SLOT_KIND_METRIC_STEP, (mf_value){.kind = MF_UNSET});
  vm->metrics_set = false;
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
