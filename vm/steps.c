/* SPDX-License-Identifier: MIT */
/* Steps: their results, what counts as previous, and steps["x"] in expressions. */
#include "convert.h"
#include "machine.h"
#include "operations.h"

/* ---- Results ---- */

void mf_result_free(mf_vm *vm, mf_result *r) {
  mf_box_free(&vm->alloc, r->metrics);
  mf_box_free(&vm->alloc, r->error);
}

/* A value on some stack may borrow from a result's box. */
static void drop_box(mf_vm *vm, mf_box **box) {
  if (*box == NULL) return;
  (*box)->next = vm->retired;
  vm->retired = *box;
  *box = NULL;
}

static mf_stop put_box(mf_task *t, mf_box **box, const mf_value *v) {
  mf_status status = mf_box_put(&t->vm->alloc, box, v, t->vm->memory.limit, &t->vm->retired);
  return status == MF_OK ? MF_GO : mf_end_with(t, status);
}

/* Before a result changes that previous still stands for: previous keeps what
 * it was. */
static void detach_previous(mf_task *t, mf_result *r) {
  if (t->previous != r) return;
  drop_box(t->vm, &t->entry.metrics);
  drop_box(t->vm, &t->entry.error);
  t->entry = *r;
  t->previous = &t->entry;
  r->metrics = r->error = NULL;
}

static void set_previous(mf_task *t, const mf_result *r, bool succeeded) {
  mf_vm *vm = t->vm;
  t->previous = r;
  mf_builtin_set(vm, MF_BUILTIN_PREVIOUS_STEP_SUCCEEDED, mf_bool(succeeded));
  mf_builtin_set(vm, MF_BUILTIN_PREVIOUS_STEP_FAILED, mf_bool(!succeeded));
  if (!succeeded) mf_builtin_set(vm, MF_BUILTIN_ALL_STEPS_SUCCEEDED, mf_bool(false));
}

void mf_steps_init(mf_task *t) {
  set_previous(t, NULL, true);
  mf_builtin_set(t->vm, MF_BUILTIN_ALL_STEPS_SUCCEEDED, mf_bool(true));
}

/* A step's result stays where it is while a group is open.  Beside a background
 * step the parent goes on: what it was about may be carried out again, in another
 * turn of a repeat, and its own result changes. */
mf_status mf_previous_inherit(mf_task *t) {
  const mf_alloc *alloc = &t->vm->alloc;
  const mf_result *r = t->parent->previous;
  mf_status status = MF_OK;
  t->previous = r;
  if (r == NULL || (r != &t->parent->entry && !mf_is_background(t))) return MF_OK;
  t->previous = &t->entry;
  t->entry = *r;
  t->entry.metrics = t->entry.error = NULL;
  if (r->metrics)
    status = mf_box_put(alloc, &t->entry.metrics, &r->metrics->value, t->vm->memory.limit, NULL);
  if (r->error && status == MF_OK)
    status = mf_box_put(alloc, &t->entry.error, &r->error->value, t->vm->memory.limit, NULL);
  return status;
}

static double seconds_since(const mf_vm *vm, int64_t begin_ns) {
  return (double)(vm->now_ns - begin_ns) / 1e9;
}

/* The outcome of what frame f is about becomes result r, and previous. */
static mf_stop record(mf_task *t, const mf_frame *f, mf_result *r, mf_outcome_kind outcome) {
  mf_vm *vm = t->vm;
  r->known = true;
  r->outcome = (uint8_t)outcome;
  r->attempts = f->attempt ? f->attempt : 1;
  r->duration = seconds_since(vm, f->begin_ns);
  mf_entry_ran(t);
  set_previous(t, r, outcome == MF_OUTCOME_PASSED);
  drop_box(vm, &r->error);
  return f->error ? put_box(t, &r->error, &f->error->value) : MF_GO;
}

mf_stop mf_entry_ended(mf_task *t, const mf_frame *f) {
  drop_box(t->vm, &t->entry.metrics);
  t->entry.runs = 1;
  return record(t, f, &t->entry, f->failed ? MF_OUTCOME_FAILED : MF_OUTCOME_PASSED);
}

mf_status mf_step_metrics(mf_task *t, const mf_value *metrics) {
  mf_frame *f = mf_frame_find(t, MF_OP_STEP_ENTER);
  if (f == NULL) return MF_OK;
  mf_result *r = &t->vm->results[f->row];
  detach_previous(t, r);
  return mf_box_put(&t->vm->alloc, &r->metrics, metrics, t->vm->memory.limit, &t->vm->retired);
}

/* ---- Entering ---- */

static const mf_row_step *step_row(const mf_task *t, uint32_t step) {
  return &MF_ROWS(t->vm->image, STEP, step)[step];
}

MF_OPERATION(step_enter) {
  mf_vm *vm = t->vm;
  mf_frame_push(t, MF_OP_STEP_ENTER, a, b);
  mf_metrics_begin_step(t);
  for (uint32_t slot = vm->step_slots[a]; slot != MF_ABSENT; slot = vm->next_slots[slot])
    mf_slot_clear(t, slot);
  mf_frame_top(t)->name = mf_image_string(vm->image, step_row(t, a)->name);
  mf_builtin_set(vm, MF_BUILTIN_STEP_NAME, mf_string(mf_frame_top(t)->name));
  return MF_GO;
}

static void tell_step(mf_task *t, mf_notice_kind kind, const mf_frame *f, mf_outcome_kind outcome) {
  mf_notice n = {.kind = kind, .outcome = outcome, .index = f->row, .name = f->name};
  if (t->vm->notice == NULL) return;
  n.path = mf_frame_path(t, f);
  n.text = mf_frame_error(f);
  n.attempt = outcome == MF_OUTCOME_SKIPPED ? 0 : f->attempt ? f->attempt : 1;
  if (kind == MF_NOTICE_STEP_FINISHED && n.attempt) n.duration = t->vm->results[f->row].duration;
  mf_tell_end(t, &n, MF_OWNER_STEP, f);
}

static bool in_image(const mf_image *im, const char *p) {
  uintptr_t at = (uintptr_t)p, from = (uintptr_t)im->bytes;
  return at >= from && at - from < im->size;
}

/* The frame outlives what the name may borrow from: a slot can be written to
 * during the step.  Most names are constants, which stay. */
static mf_stop keep_name(mf_task *t, mf_frame *f, const mf_value *v) {
  mf_str name = mf_shown_text(t, v);
  if (mf_go(t) != MF_GO) return MF_STOP_LIMIT;
  if (!in_image(t->vm->image, name.p)) name.p = mf_arena_copy(&t->arena, name.p, name.n);
  if (name.p == NULL) return mf_end_with(t, MF_OUT_OF_MEMORY);
  f->name = name;
  return MF_GO;
}

/* Until it ends, steps["x"] is the run before, but for what that measured. */
static mf_stop begin_again(mf_task *t, mf_result *r) {
  bool was_previous = t->previous == r;
  detach_previous(t, r);
  drop_box(t->vm, &r->metrics);
  if (!was_previous || t->entry.error == NULL) return MF_GO;
  return put_box(t, &r->error, &t->entry.error->value);
}

MF_OPERATION(step_begin) {
  (void)b;
  mf_frame *f = mf_frame_top(t);
  mf_result *r = &t->vm->results[a];
  mf_value v;
  mf_stop stop;
  if (!mf_pop(t, &v, &stop)) return stop;
  stop = keep_name(t, f, &v);
  if (stop != MF_GO) return stop;
  f->begun = true;
  f->begin_ns = t->vm->now_ns;
  f->scratch = mf_arena_mark_get(&t->arena); /* the name stays */
  stop = begin_again(t, r);
  if (stop != MF_GO) return stop;
  mf_builtin_set(t->vm, MF_BUILTIN_STEP_DURATION, mf_double(0));
  tell_step(t, MF_NOTICE_STEP_STARTED, f, MF_OUTCOME_PASSED);
  return MF_GO;
}

/* ---- Attempts ---- */

mf_stop mf_step_attempt_failed(mf_task *t, const mf_frame *f) {
  mf_result *r = &t->vm->results[f->row];
  r->known = true;
  r->outcome = MF_OUTCOME_FAILED;
  r->attempts = f->attempt;
  r->duration = seconds_since(t->vm, f->begin_ns);
  mf_builtin_set(t->vm, MF_BUILTIN_STEP_DURATION, mf_double(r->duration));
  drop_box(t->vm, &r->error);
  return f->error ? put_box(t, &r->error, &f->error->value) : MF_GO;
}

void mf_step_forget(mf_task *t, mf_frame *f) {
  mf_judged_forget(t, f);
  drop_box(t->vm, &t->vm->results[f->row].metrics);
  mf_metrics_begin_attempt(t, f);
}

void mf_step_attempt(mf_task *t, const mf_frame *f) {
  tell_step(t, MF_NOTICE_STEP_STARTED, f, MF_OUTCOME_PASSED);
}

/* ---- Ending ---- */

static mf_stop judge(mf_task *t, mf_frame *f, mf_outcome_kind outcome) {
  mf_result *r = &t->vm->results[f->row];
  if (!f->begun) {
    detach_previous(t, r);
    drop_box(t->vm, &r->metrics);
  }
  f->judged = true;
  r->runs++;
  mf_stop stop = record(t, f, r, outcome);
  mf_builtin_set(t->vm, MF_BUILTIN_STEP_DURATION, mf_double(r->duration));
  return stop;
}

MF_OPERATION(step_outcome) {
  (void)a, (void)b;
  mf_frame *f = mf_frame_top(t);
  mf_deadline_clear(t, f);
  if (f->judged || (f->skipped && !f->failed)) return MF_GO;
  return judge(t, f, f->failed ? MF_OUTCOME_FAILED : MF_OUTCOME_PASSED);
}

/* Once more, now that it is final: something after STEP_OUTCOME may have failed
 * the step. */
static mf_stop judge_again(mf_task *t, mf_frame *f, mf_outcome_kind outcome) {
  mf_result *r = &t->vm->results[f->row];
  if (!f->judged) return judge(t, f, outcome);
  return r->outcome == outcome ? MF_GO : record(t, f, r, outcome);
}

static void count_failed_step(mf_task *t, const mf_frame *f) {
  mf_verdict *counts = &t->vm->counts;
  if (t->lenient) {
    counts->warnings++;
    return;
  }
  counts->steps_failed++;
  counts->steps_crossed += f->crossed;
  counts->crossed = counts->crossed || f->crossed;
}

static void count_failure(mf_task *t, const mf_frame *f) {
  uint32_t flags = mf_frame_flags(f, step_row(t, f->row)->flags);
  if (flags & MF_STEP_FLAGS_EXPECTED_TO_FAIL) {
    t->vm->results[f->row].owed = true;
    return;
  }
  if (flags & MF_STEP_FLAGS_OPTIONAL) {
    t->vm->counts.warnings++;
    return;
  }
  bool stops = !(flags & MF_STEP_FLAGS_CONTINUE_ON_FAILURE);
  if (mf_rollback_failed(t, stops, mf_frame_error(f))) return;
  count_failed_step(t, f);
  if (stops) t->pending = true;
}

static void skip(mf_task *t, const mf_frame *f) {
  mf_result *r = &t->vm->results[f->row];
  detach_previous(t, r);
  drop_box(t->vm, &r->metrics);
  drop_box(t->vm, &r->error);
  r->known = true;
  r->outcome = MF_OUTCOME_SKIPPED;
  r->attempts = 0;
  r->duration = 0;
  t->vm->counts.steps_skipped++;
}

MF_OPERATION(step_leave) {
  (void)b;
  mf_frame *f = mf_frame_top(t);
  mf_outcome_kind outcome = f->failed ? MF_OUTCOME_FAILED : MF_OUTCOME_PASSED;
  mf_stop stop = MF_GO;
  if (f->skipped && !f->failed) {
    outcome = MF_OUTCOME_SKIPPED;
    skip(t, f);
  } else {
    mf_result *r = &t->vm->results[a];
    stop = judge_again(t, f, outcome);
    if (f->failed)
      count_failure(t, f);
    else
      t->vm->counts.steps_passed++;
    *(f->failed ? &r->runs_failed : &r->runs_passed) += 1;
    r->duration = seconds_since(t->vm, f->begin_ns);
  }
  tell_step(t, MF_NOTICE_STEP_FINISHED, f, outcome);
  mf_frame_pop(t);
  mf_task_tidy(t);
  return stop;
}

/* What a crossed threshold ended has failed by nothing else. */
mf_stop mf_step_interrupt(mf_task *t, mf_frame *f) {
  if (!f->begun) return MF_GO;
  f->crossed |= !f->failed && t->vm->counts.crossed;
  mf_stop stop = judge_again(t, f, MF_OUTCOME_INTERRUPTED);
  if (!f->failed) f->crossed = t->vm->counts.crossed; /* that is what ended it */
  count_failed_step(t, f);
  t->vm->results[f->row].runs_failed++;
  tell_step(t, MF_NOTICE_STEP_FINISHED, f, MF_OUTCOME_INTERRUPTED);
  return stop;
}

void mf_steps_settle(mf_task *t) {
  for (uint32_t i = 0; i < MF_ROW_COUNT(t->vm->image, STEP); i++) {
    if (!t->vm->results[i].owed) continue;
    mf_str name = mf_image_string(t->vm->image, step_row(t, i)->name);
    mf_value text = mf_errorf(
        &t->arena, MF_EVAL_NONE,
        "step '%.*s' failed, and the step_failed assertion that names it was never judged",
        name.n < 200 ? (int)name.n : 200, name.p);
    t->vm->results[i].owed = false;
    t->vm->counts.steps_failed++;
    if (mf_arena_oom(&t->arena)) mf_end_with(t, MF_OUT_OF_MEMORY);
    mf_tell_error(t, MF_STR(""), mf_value_str(text));
  }
}

/* ---- Reading results ---- */

static const char *const status_words[] = {
    [MF_OUTCOME_PASSED] = "passed",   [MF_OUTCOME_FAILED] = "failed",
    [MF_OUTCOME_SKIPPED] = "skipped", [MF_OUTCOME_NO_DATA] = "no_data",
    [MF_OUTCOME_WARNING] = "warning", [MF_OUTCOME_INTERRUPTED] = "interrupted",
};

static const mf_map no_entries = {0, 0, NULL, NULL};

static mf_value field_of(mf_call *call, const mf_result *r, uint32_t field);

static mf_value all_fields(mf_call *call, const mf_result *r) {
  mf_map_builder b;
  mf_map_build(&b, call->arena);
  for (uint32_t field = MF_FIELD_SUCCESS; field < MF_FIELD_ALL; field++)
    mf_map_add(&b, mf_enum_word(MF_OPERAND_FIELD, field), field_of(call, r, field));
  mf_value map = mf_map_done(&b);
  return map.kind == MF_UNSET ? mf_call_end(call, MF_OUT_OF_MEMORY) : map;
}

/* Over all runs.  Skipped ones are none. */
static mf_value every_status(mf_call *call, const mf_result *r) {
  uint32_t runs = r->runs_passed + r->runs_failed;
  if (r->runs_failed == 0 || r->runs_passed == 0)
    return mf_string(mf_str_of(status_words[runs == 0        ? r->outcome
                                            : r->runs_failed ? MF_OUTCOME_FAILED
                                                             : MF_OUTCOME_PASSED]));
  mf_value text = mf_errorf(call->arena, MF_EVAL_NONE, "failed in %u of %u runs", r->runs_failed,
                            runs);
  return mf_arena_oom(call->arena) ? mf_call_end(call, MF_OUT_OF_MEMORY)
                                   : mf_string(mf_value_str(text));
}

static mf_value field_of(mf_call *call, const mf_result *r, uint32_t field) {
  switch (field) {
    case MF_FIELD_EVERY_SUCCESS: return mf_bool(r->runs_passed && !r->runs_failed);
    case MF_FIELD_EVERY_FAILED: return mf_bool(r->runs_failed && !r->runs_passed);
    case MF_FIELD_EVERY_STATUS: return every_status(call, r);
    case MF_FIELD_SUCCESS: return mf_bool(r->outcome == MF_OUTCOME_PASSED);
    case MF_FIELD_FAILED:
      return mf_bool(r->outcome == MF_OUTCOME_FAILED || r->outcome == MF_OUTCOME_INTERRUPTED);
    case MF_FIELD_SKIPPED: return mf_bool(r->outcome == MF_OUTCOME_SKIPPED);
    case MF_FIELD_STATUS: return mf_string(mf_str_of(status_words[r->outcome]));
    case MF_FIELD_DURATION: return mf_double(r->duration);
    case MF_FIELD_ATTEMPTS: return mf_int(r->attempts);
    case MF_FIELD_RUNS: return mf_int(r->runs);
    case MF_FIELD_METRICS:
      return r->metrics ? r->metrics->value : (mf_value){.kind = MF_MAP, .as.map = &no_entries};
    case MF_FIELD_ERROR: return r->error ? r->error->value : mf_string(MF_STR(""));
    default: return all_fields(call, r);
  }
}

static mf_value not_run(mf_exec *x, uint32_t step) {
  mf_str name = mf_image_string(x->image, MF_ROWS(x->image, STEP, step)[step].name);
  return mf_call_error(&x->call, MF_EVAL_NO_VALUE, "step '%.*s' has not run",
                       name.n < 200 ? (int)name.n : 200, name.p);
}

/* Before the first step, previous is one that succeeded in no time. */
mf_value mf_step_field(mf_exec *x, uint32_t step, uint32_t field) {
  static const mf_result before = {.known = true, .outcome = MF_OUTCOME_PASSED};
  mf_vm *vm = x->task ? x->task->vm : NULL;
  if (vm && step != MF_PREVIOUS && field == MF_FIELD_EVERY_FAILED) vm->results[step].owed = false;
  if (step == MF_PREVIOUS)
    return field_of(&x->call, vm && x->task->previous ? x->task->previous : &before, field);
  if (field == MF_FIELD_RUNS && vm) return mf_int(vm->results[step].runs);
  if (vm == NULL || !vm->results[step].known) return not_run(x, step);
  return field_of(&x->call, &vm->results[step], field);
}
