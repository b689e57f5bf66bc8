/* SPDX-License-Identifier: MIT */
/* Deadlines: of steps, and of the run.  The machine knows the time only from its
 * host: it says when it wants to be told. */
#include <stdio.h>

#include "machine.h"
#include "operations.h"

void mf_deadline_clear(mf_task *t, mf_frame *f) {
  mf_vm *vm = t->vm;
  if (f->deadline_ns == 0) return;
  if (f->deadline_ns == vm->deadline_ns) vm->deadline_known = false;
  f->deadline_ns = 0;
  t->deadlines--;
}

/* With a scale, lengths that were planned take longer, so limits have to. */
MF_OPERATION(timeout) {
  (void)a, (void)b;
  mf_vm *vm = t->vm;
  mf_frame *f = mf_frame_top(t);
  mf_value v;
  mf_stop stop;
  double seconds;
  if (!mf_pop(t, &v, &stop)) return stop;
  if (!mf_as_seconds(&v, &seconds))
    return mf_raisef(t, "a timeout takes a number of seconds, not %s", mf_kind_name(v.kind));
  if (!(seconds > 0)) return mf_raise(t, MF_STR("a timeout must be longer than no time"));
  mf_deadline_clear(t, f);
  if (vm->time_scale > 1) seconds *= vm->time_scale;
  if (seconds > 9e9) return MF_GO; /* centuries */
  f->timeout_ns = (int64_t)(seconds * 1e9);
  f->deadline_ns = vm->now_ns + (f->timeout_ns > 0 ? f->timeout_ns : 1);
  t->deadlines++;
  if (vm->deadline_known && f->deadline_ns < vm->deadline_ns) vm->deadline_ns = f->deadline_ns;
  return MF_GO;
}

static int64_t first_deadline(const mf_task *t, int64_t least) {
  for (uint32_t i = 0; t->deadlines && i < t->frame_count; i++)
    if (t->frames[i].deadline_ns && t->frames[i].deadline_ns < least)
      least = t->frames[i].deadline_ns;
  return least;
}

int64_t mf_vm_deadline(mf_vm *vm) {
  if (vm->done || vm->failed) return INT64_MAX;
  if (vm->deadline_known) return vm->deadline_ns;
  vm->deadline_ns = INT64_MAX;
  for (const mf_task *t = &vm->task; t; t = t->next)
    vm->deadline_ns = first_deadline(t, vm->deadline_ns);
  vm->deadline_known = true;
  return vm->deadline_ns;
}

static void end_run(mf_task *t, const mf_frame *f) {
  char length[40], text[64];
  size_t n = mf_format_duration(f->timeout_ns, length);
  n = (size_t)snprintf(text, sizeof text, "the run timed out after %.*s", (int)n, length);
  t->vm->counts.timed_out = true;
  mf_tell_error(t, (mf_str){"", 0}, (mf_str){text, n});
  mf_tasks_leave(t->vm);
}

/* The outermost frame that is too late; what is on its way out is let go. */
static void end_late_frames(mf_task *t) {
  bool found = t->unwinding || t->leaving;
  for (uint32_t i = 0; t->deadlines && i < t->frame_count; i++) {
    mf_frame *f = &t->frames[i];
    if (f->deadline_ns == 0 || f->deadline_ns > t->vm->now_ns) continue;
    mf_deadline_clear(t, f);
    if (found) continue;
    found = true;
    if (f->op == MF_OP_RUN_ENTER) {
      end_run(t, f);
      continue;
    }
    f->timed_out = t->overdue = true;
    mf_task_interrupt(t);
  }
}

void mf_vm_time(mf_vm *vm, int64_t monotonic_ns, int64_t wall_ns) {
  if (vm->done || vm->failed) return;
  if (monotonic_ns > vm->now_ns) vm->now_ns = monotonic_ns;
  vm->wall_ns = wall_ns;
  for (mf_task *t = &vm->task; t; t = t->next) end_late_frames(t);
}
