/* SPDX-License-Identifier: MIT */
/* Effects: what is asked of the world, and what its answers change. */
#include <math.h>

#include "../base/limits.h"
#include "machine.h"
#include "operations.h"

/* ---- Asking ---- */

static mf_stop ask(mf_task *t, mf_opcode op, uint32_t row, mf_str driver, mf_value args) {
  mf_vm *vm = t->vm;
  /* The world gets them as text, where parts that values share are written out. */
  if (mf_value_size(&args, (size_t)MF_LIMIT_JOURNAL_LINE_BYTES) == SIZE_MAX)
    return mf_end_with(t, MF_VALUE_TOO_LARGE);
  mf_str path = mf_task_path(t);
  if (path.n && path.p == vm->path) { /* others are asked for meanwhile */
    path.p = mf_arena_copy(&t->arena, path.p, path.n);
    if (path.p == NULL) return mf_end_with(t, MF_OUT_OF_MEMORY);
  }
  t->waiting = true;
  t->delivered = false;
  t->effect_op = (uint8_t)op;
  t->effect_row = row;
  t->effect_id = ++vm->effects;
  t->effect_driver = driver;
  t->effect_path = path;
  t->effect_args = args;
  mf_task_fly(t);
  mf_stop stop = mf_task_settle(t);
  return stop == MF_GO ? MF_STOP_EFFECT : stop;
}

/* The map of the arguments, or a reason to stop. */
static mf_stop ask_built(mf_task *t, mf_opcode op, uint32_t row, mf_str driver, mf_map_builder *b) {
  mf_value args = mf_map_done(b);
  if (args.kind == MF_UNSET) return mf_end_with(t, MF_OUT_OF_MEMORY);
  return ask(t, op, row, driver, args);
}

static mf_stop not_arguments(mf_task *t, const mf_value *v) {
  return mf_raisef(t, "the arguments of an effect must be a map, not %s", mf_kind_name(v->kind));
}

MF_OPERATION(now) {
  static const mf_map none = {0, 0, NULL, NULL};
  (void)a, (void)b;
  return ask(t, MF_OP_NOW, 0, MF_STR("now"), (mf_value){.kind = MF_MAP, .as.map = &none});
}

bool mf_as_seconds(const mf_value *v, double *seconds) {
  int64_t ns;
  switch (v->kind) {
    case MF_INT: *seconds = (double)v->as.i; return true;
    case MF_UINT: *seconds = (double)v->as.u; return true;
    case MF_DOUBLE: *seconds = v->as.d; return true;
    case MF_DURATION: *seconds = (double)v->as.i / 1e9; return true;
    case MF_STRING:
      if (!mf_parse_duration(mf_value_str(*v), &ns)) return false;
      *seconds = (double)ns / 1e9;
      return true;
    default: return false;
  }
}

/* False: it was no length of time, which was raised. */
static bool pop_seconds(mf_task *t, double *seconds, mf_stop *stop) {
  mf_value v;
  if (!mf_pop(t, &v, stop)) return false;
  if (!mf_as_seconds(&v, seconds))
    *stop = mf_raisef(t, "a wait takes seconds, or text like 250ms, not %s", mf_kind_name(v.kind));
  else if (!(*seconds >= 0) || isinf(*seconds))
    *stop = mf_raise(t, MF_STR("a wait cannot be negative or endless"));
  else
    return true;
  return false;
}

mf_stop mf_ask_wait(mf_task *t, mf_opcode op, double seconds) {
  mf_map_builder args;
  mf_map_build(&args, &t->arena);
  mf_map_add(&args, "seconds", mf_double(seconds));
  return ask_built(t, op, 0, MF_STR("wait"), &args);
}

MF_OPERATION(wait) {
  (void)a, (void)b;
  mf_stop stop;
  double seconds;
  return pop_seconds(t, &seconds, &stop) ? mf_ask_wait(t, MF_OP_WAIT, seconds) : stop;
}

enum { NO_TIME_NS = 1000 }; /* what rounding may leave over of a limit */

/* What the last look said goes into the message when it was an error.  The host
 * scales pauses, as planned lengths, but a limit is only made longer. */
MF_OPERATION(wait_again) {
  (void)b;
  mf_stop stop;
  double limit, pause, scale = t->vm->time_scale > 0 ? t->vm->time_scale : 1;
  if (!pop_seconds(t, &limit, &stop) || !pop_seconds(t, &pause, &stop)) return stop;
  const mf_value *last = --t->exec.sp;
  if (scale > 1) limit *= scale;
  double waited_ns = (double)(t->vm->now_ns - mf_frame_top(t)->begin_ns);
  double left_ns = round(limit * 1e9 - waited_ns);
  if (left_ns >= NO_TIME_NS) {
    mf_task_tidy(t); /* or a long wait would fill the memory */
    mf_jump(t, a);
    return mf_ask_wait(t, MF_OP_WAIT, fmin(pause, left_ns / 1e9 / scale));
  }
  if (last->kind != MF_ERROR) return mf_raisef(t, "it did not hold within %g s", limit);
  mf_str why = mf_value_str(*last);
  return mf_raisef(t, "it did not hold within %g s: %.*s", limit, (int)why.n, why.p);
}

MF_OPERATION(effect) {
  (void)b;
  const mf_image *im = t->vm->image;
  mf_value v;
  mf_stop stop;
  if (!mf_pop(t, &v, &stop)) return stop;
  if (v.kind != MF_MAP) return not_arguments(t, &v);
  return ask(t, MF_OP_EFFECT, a, mf_image_string(im, MF_ROWS(im, DRIVER, driver)[a].name), v);
}

MF_OPERATION(scenario) {
  (void)b;
  const mf_image *im = t->vm->image;
  mf_value v;
  mf_stop stop;
  if (!mf_pop(t, &v, &stop)) return stop;
  if (v.kind != MF_MAP) return not_arguments(t, &v);
  return ask(t, MF_OP_SCENARIO, a, mf_image_string(im, MF_ROWS(im, SCENARIO, scenario)[a].driver),
             v);
}

MF_OPERATION(report) {
  (void)b;
  const mf_image *im = t->vm->image;
  mf_map_builder args;
  mf_value v;
  mf_stop stop;
  if (!mf_pop(t, &v, &stop)) return stop;
  if (v.kind != MF_STRING)
    return mf_raisef(t, "the path of a report must be a string, not %s", mf_kind_name(v.kind));
  mf_map_build(&args, &t->arena);
  const mf_row_report *row = &MF_ROWS(im, REPORT, report)[a];
  mf_str template = mf_image_string(im, row->template);
  mf_map_add(&args, "path", v);
  mf_map_add(&args, "format", mf_string(mf_image_string(im, row->format)));
  if (template.n) mf_map_add(&args, "template", mf_string(template));
  return ask_built(t, MF_OP_REPORT, a, MF_STR("report"), &args);
}

/* ---- Faults ---- */

static mf_stop ask_fault(mf_task *t, mf_opcode op, const mf_frame *f, mf_str what) {
  const mf_image *im = t->vm->image;
  const mf_row_fault *row = &MF_ROWS(im, FAULT, fault)[f->row];
  mf_map_builder args;
  mf_map_build(&args, &t->arena);
  mf_map_add(&args, "do", mf_string(what));
  mf_map_add(&args, "fault", mf_string(mf_image_string(im, row->name)));
  mf_map_add(&args, "args", f->args->value);
  return ask_built(t, op, f->row, mf_image_string(im, row->driver), &args);
}

/* The frame keeps the arguments: undoing needs them. */
MF_OPERATION(fault_enter) {
  mf_value v = *--t->exec.sp;
  mf_frame_push(t, MF_OP_FAULT_ENTER, a, b);
  if (v.kind == MF_ERROR) return mf_raise(t, mf_value_str(v));
  mf_frame *f = mf_frame_top(t);
  mf_status status = mf_box_put(&t->vm->alloc, &f->args, &v, t->vm->memory.limit, NULL);
  if (status != MF_OK) return mf_end_with(t, status);
  f->begun = true;
  return ask_fault(t, MF_OP_FAULT_ENTER, f, MF_STR("inject"));
}

/* Closes the frame of a fault that is undone, or was never injected. */
static mf_stop close_fault(mf_task *t) {
  mf_frame *f = mf_frame_top(t);
  if (t->unwinding) {
    mf_stop passed = mf_frame_pass_error(t);
    mf_frame_pop(t);
    return passed == MF_GO ? mf_unwind(t) : passed;
  }
  mf_box *error = f->error;
  f->error = NULL;
  mf_frame_pop(t);
  mf_stop stop = error ? mf_raise(t, mf_value_str(error->value)) : MF_GO;
  mf_box_free(&t->vm->alloc, error);
  if (stop == MF_GO) mf_task_tidy(t);
  return stop;
}

MF_OPERATION(fault_leave) {
  (void)a, (void)b;
  mf_frame *f = mf_frame_top(t);
  if (!f->begun) return close_fault(t);
  return ask_fault(t, MF_OP_FAULT_LEAVE, f, MF_STR("undo"));
}

/* ---- Outcomes ---- */

static bool is_ok(const mf_value *outcome) { return mf_map_bool(outcome, "ok", false); }

static mf_str error_of(const mf_value *outcome) {
  return mf_map_str(outcome, "error", "it failed without saying why");
}

/* Nothing is raised in what is about to be left: whatever failed was cancelled. */
static mf_stop raise_error(mf_task *t, const mf_value *outcome) {
  if (t->leaving || t->overdue) return MF_GO;
  return mf_raise(t, error_of(outcome));
}

MF_OPERATION(outcome) {
  (void)a, (void)b;
  mf_value v;
  mf_stop stop;
  if (!mf_pop(t, &v, &stop)) return stop;
  return is_ok(&v) ? MF_GO : mf_raise(t, error_of(&v));
}

MF_OPERATION(answer) {
  (void)a, (void)b;
  mf_value v;
  mf_stop stop;
  if (!mf_pop(t, &v, &stop)) return stop;
  bool answered = mf_map_get(&v, MF_STR("status")) || mf_map_get(&v, MF_STR("exit_code"));
  return answered || is_ok(&v) ? MF_GO : mf_raise(t, error_of(&v));
}

static mf_stop take_now(mf_task *t) {
  mf_vm *vm = t->vm;
  int64_t seconds = vm->wall_ns / 1000000000, nanos = vm->wall_ns % 1000000000;
  if (nanos < 0) nanos += 1000000000, seconds--;
  mf_builtin_set(vm, MF_BUILTIN_NOW, mf_timestamp_value(seconds, (uint32_t)nanos));
  mf_builtin_set(vm, MF_BUILTIN_DURATION, mf_double((double)vm->now_ns / 1e9));
  return MF_GO;
}

static mf_stop take_wait(mf_task *t) {
  if (!is_ok(&t->outcome)) return raise_error(t, &t->outcome);
  mf_entry_ran(t);
  return MF_GO;
}

static mf_stop take_retry_wait(mf_task *t) {
  if (!is_ok(&t->outcome)) return raise_error(t, &t->outcome);
  mf_retry_again(t);
  return MF_GO;
}

/* Of several virtual users that captured a value, the last. */
static mf_status take_captures(mf_task *t) {
  const mf_image *im = t->vm->image;
  const mf_value *captures = mf_map_get(&t->outcome, MF_STR("captures"));
  const mf_row_slot *slots = MF_ROWS(im, SLOT, slot);
  mf_status status = MF_OK;
  if (captures == NULL) return MF_OK;
  for (uint32_t i = 0; i < MF_ROW_COUNT(im, SLOT) && status == MF_OK; i++) {
    if (slots[i].kind != MF_SLOT_KIND_CAPTURE) continue;
    const mf_value *v = mf_map_get(captures, mf_image_string(im, slots[i].name));
    if (v) status = mf_slot_set(t, i, v);
  }
  return status;
}

static mf_stop take_scenario(mf_task *t) {
  const mf_value *metrics = mf_map_get(&t->outcome, MF_STR("metrics"));
  mf_metrics_of_load(t, &t->outcome, true);
  mf_status status = take_captures(t);
  if (status == MF_OK && metrics && metrics->kind == MF_MAP) status = mf_step_metrics(t, metrics);
  if (status != MF_OK) return mf_end_with(t, status);
  if (mf_watched_keep(t, &t->outcome) != MF_GO) return MF_STOP_LIMIT;
  return is_ok(&t->outcome) ? MF_GO : raise_error(t, &t->outcome);
}

static mf_stop take_report(mf_task *t) {
  if (!is_ok(&t->outcome)) mf_tell_warning(t, t->effect_path, error_of(&t->outcome));
  return MF_GO;
}

static mf_stop take_undo(mf_task *t) {
  mf_frame *f = mf_frame_top(t);
  mf_stop stop = MF_GO;
  f->undone = true;
  if (!is_ok(&t->outcome)) {
    mf_tell_error(t, t->effect_path, error_of(&t->outcome));
    stop = mf_frame_fail(t, f, error_of(&t->outcome));
  }
  return stop == MF_GO ? close_fault(t) : stop;
}

mf_stop mf_outcome_take(mf_task *t) {
  t->waiting = t->delivered = false;
  if (t->open_steps)
    mf_builtin_set(
        t->vm, MF_BUILTIN_STEP_DURATION,
        mf_double((double)(t->vm->now_ns - mf_frame_find(t, MF_OP_STEP_ENTER)->begin_ns) / 1e9));
  switch (t->effect_op) {
    case MF_OP_NOW: return take_now(t);
    case MF_OP_WAIT: return take_wait(t);
    case MF_OP_RETRY_WAIT:
    case MF_OP_ACTION_RETRY_WAIT: return take_retry_wait(t);
    case MF_OP_SCENARIO: return take_scenario(t);
    case MF_OP_REPORT: return take_report(t);
    case MF_OP_FAULT_ENTER: return is_ok(&t->outcome) ? MF_GO : raise_error(t, &t->outcome);
    case MF_OP_FAULT_LEAVE: return take_undo(t);
    default: *t->exec.sp++ = t->outcome; return MF_GO; /* EFFECT */
  }
}
