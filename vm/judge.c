/* SPDX-License-Identifier: MIT */
/* Assertions and the verdict. */
#include "machine.h"
#include "operations.h"

/* ---- Assertions ---- */

static mf_outcome_kind judge(const mf_value *result) {
  if (result->kind == MF_BOOL) return result->as.i ? MF_OUTCOME_PASSED : MF_OUTCOME_FAILED;
  bool no_value = result->kind == MF_ERROR && result->aux == MF_EVAL_NO_VALUE;
  return no_value ? MF_OUTCOME_NO_DATA : MF_OUTCOME_FAILED;
}

/* At most this much of a value in a message. */
static mf_str cut(mf_str s) {
  if (s.n > 200) s.n = mf_utf8_valid(s.p, 200);
  return s;
}

/* Why it did not pass: "assertion 'fast' failed: actual 5, expected 3". */
static mf_str reason(mf_task *t, const mf_row_assertion *row, const mf_value *result,
                     const mf_value *expected, const mf_value *actual) {
  mf_str name = mf_image_string(t->vm->image, row->name);
  int n = name.n < 100 ? (int)name.n : 100;
  mf_value text;
  if (result->kind == MF_ERROR) {
    mf_str error = cut(mf_value_str(*result));
    text = mf_errorf(&t->arena, MF_EVAL_NONE, "assertion '%.*s' failed: %.*s", n, name.p,
                     (int)error.n, error.p);
  } else if (result->kind != MF_BOOL) {
    text = mf_errorf(&t->arena, MF_EVAL_NONE,
                     "assertion '%.*s' failed: its condition is no bool but %s", n, name.p,
                     mf_kind_name(result->kind));
  } else if (actual->kind == MF_NULL && expected->kind == MF_NULL) {
    text = mf_errorf(&t->arena, MF_EVAL_NONE, "assertion '%.*s' failed", n, name.p);
  } else {
    mf_str was = cut(mf_shown_text(t, actual)), wanted = cut(mf_shown_text(t, expected));
    text = mf_errorf(&t->arena, MF_EVAL_NONE, "assertion '%.*s' failed: actual %.*s, expected %.*s",
                     n, name.p, (int)was.n, was.p, (int)wanted.n, wanted.p);
  }
  if (mf_arena_oom(&t->arena)) mf_end_with(t, MF_OUT_OF_MEMORY);
  return mf_value_str(text);
}

static void add(mf_verdict *to, const mf_judged *judged, int sign) {
  to->assertions_passed += (uint32_t)sign * judged->passed;
  to->assertions_failed += (uint32_t)sign * judged->failed;
  to->assertions_no_data += (uint32_t)sign * judged->no_data;
  to->warnings += (uint32_t)sign * judged->warnings;
}

void mf_judged_forget(mf_task *t, mf_frame *step) {
  add(&t->vm->counts, &step->judged_now, -1);
  step->judged_now = (mf_judged){0};
}

/* What its outcome counts for; true: it fails what it is about. */
static bool count(mf_task *t, const mf_row_assertion *row, mf_outcome_kind outcome) {
  mf_judged one = {0};
  bool fails = false;
  switch (outcome) {
    case MF_OUTCOME_PASSED: one.passed = 1; break;
    case MF_OUTCOME_WARNING: one.warnings = 1; break;
    case MF_OUTCOME_NO_DATA:
      one.no_data = 1;
      fails = !(row->flags & MF_ASSERTION_FLAGS_NO_DATA_PASSES);
      break;
    default: one.failed = 1; fails = true;
  }
  mf_frame *step = row->step != MF_ABSENT ? mf_frame_find(t, MF_OP_STEP_ENTER) : NULL;
  if (step) {
    step->judged_now.passed += one.passed;
    step->judged_now.failed += one.failed;
    step->judged_now.no_data += one.no_data;
    step->judged_now.warnings += one.warnings;
  }
  add(&t->vm->counts, &one, 1);
  return fails;
}

/* The check of the steady state that is under way; one of its assertions counts for
 * it alone. */
static mf_frame *steady_check(mf_task *t, const mf_row_assertion *row) {
  mf_frame *f = row->step == MF_ABSENT ? mf_frame_find(t, MF_OP_BLOCK_ENTER) : NULL;
  return f && f->row == MF_BLOCK_STEADY_STATE ? f : NULL;
}

/* What one of no step is about: the linked document it stands in; NULL: the run. */
static mf_frame *linked_subject(mf_task *t, const mf_row_assertion *row) {
  return row->step == MF_ABSENT ? mf_frame_find(t, MF_OP_LINK_ENTER) : NULL;
}

/* Of a step or linked document it fails that, which goes on to its end; else the run. */
static mf_stop fail_subject(mf_task *t, const mf_row_assertion *row, mf_outcome_kind outcome,
                            mf_str text) {
  mf_frame *step = row->step != MF_ABSENT ? mf_frame_find(t, MF_OP_STEP_ENTER) : NULL;
  mf_frame *subject = step ? step : linked_subject(t, row);
  if (subject) return mf_frame_fail(t, subject, text);
  if (outcome == MF_OUTCOME_NO_DATA)
    t->vm->assertion_no_data = true;
  else
    t->vm->assertion_failed = true;
  return MF_GO;
}

MF_OPERATION(message) {
  (void)a, (void)b;
  t->message = *--t->exec.sp;
  return MF_GO;
}

/* What the document says about it; one that is an error says so after the reason. */
static mf_str message_of(mf_task *t, const mf_row_assertion *row, const mf_value *message,
                         mf_str why) {
  if (message->kind == MF_UNSET)
    return row->message == MF_ABSENT ? why : mf_image_string(t->vm->image, row->message);
  if (message->kind != MF_ERROR) return mf_shown_text(t, message);
  mf_str error = cut(mf_shown_text(t, message));
  mf_value text = mf_errorf(&t->arena, MF_EVAL_NONE, "%.*s; its message: %.*s", (int)why.n, why.p,
                            (int)error.n, error.p);
  if (mf_arena_oom(&t->arena)) mf_end_with(t, MF_OUT_OF_MEMORY);
  return mf_value_str(text);
}

static void tell_with_reasons(mf_task *t, mf_notice *n) {
  mf_reasons reasons;
  mf_reasons_init(t, &reasons);
  mf_reasons_add(t, MF_OWNER_ASSERTION, n->index, 0, MF_CAME_TO_ANY, &reasons);
  mf_tell_reasons(t, n, &reasons);
}

MF_OPERATION(assert) {
  (void)b;
  const mf_image *im = t->vm->image;
  const mf_row_assertion *row = &MF_ROWS(im, ASSERTION, assertion)[a];
  const mf_value *values = t->exec.sp -= 3; /* actual, expected, result */
  const mf_value message = t->message;
  mf_outcome_kind outcome = judge(&values[2]);
  mf_notice n = {
      .kind = MF_NOTICE_ASSERTION, .index = a, .actual = values[0], .expected = values[1]};
  n.text = MF_STR("");
  mf_str text = {"", 0};
  bool allowed = outcome == MF_OUTCOME_NO_DATA && row->flags & MF_ASSERTION_FLAGS_NO_DATA_PASSES;
  t->message = (mf_value){.kind = MF_UNSET};
  if (outcome != MF_OUTCOME_PASSED) {
    text = reason(t, row, &values[2], &values[1], &values[0]);
    n.text = message_of(t, row, &message, text);
  }
  if (mf_go(t) != MF_GO) return MF_STOP_LIMIT;
  if (outcome != MF_OUTCOME_PASSED && !allowed && row->flags & MF_ASSERTION_FLAGS_WARNING)
    outcome = MF_OUTCOME_WARNING;
  n.outcome = outcome;
  n.path = mf_path_here(t, row->path);
  n.name = mf_image_string(im, row->name);
  const mf_frame *step = row->step != MF_ABSENT ? mf_frame_find(t, MF_OP_STEP_ENTER) : NULL;
  n.attempt = step ? step->attempt : 0;
  if (outcome == MF_OUTCOME_PASSED)
    mf_tell(t, &n);
  else
    tell_with_reasons(t, &n);
  mf_frame *check = steady_check(t, row);
  if (check) {
    bool fails = outcome == MF_OUTCOME_FAILED || (outcome == MF_OUTCOME_NO_DATA && !allowed);
    return fails ? mf_frame_fail(t, check, text) : MF_GO;
  }
  return count(t, row, outcome) ? fail_subject(t, row, outcome, text) : MF_GO;
}

/* ---- The verdict ---- */

bool mf_has_failed(const mf_vm *vm) {
  const mf_verdict *v = &vm->counts;
  return vm->failed || v->steps_failed || vm->entry_failed || vm->assertion_failed ||
         v->hook_failed || v->unsteady || v->rollback_failed || v->aborted || v->interrupted ||
         v->timed_out || v->crossed;
}

mf_verdict mf_verdict_now(const mf_vm *vm) {
  mf_verdict v = vm->counts;
  v.nothing_run = !vm->ran;
  v.outcome = MF_OUTCOME_PASSED;
  if (vm->assertion_no_data) v.outcome = MF_OUTCOME_NO_DATA;
  if (mf_has_failed(vm) || (v.nothing_run && !vm->allow_empty)) v.outcome = MF_OUTCOME_FAILED;
  return v;
}

/* Whether anything but thresholds has. */
static bool failed_otherwise(const mf_vm *vm) {
  const mf_verdict *v = &vm->counts;
  return vm->failed || v->steps_failed > v->steps_crossed || vm->entry_failed ||
         vm->assertion_failed || vm->assertion_no_data || v->hook_failed || v->unsteady || !vm->ran;
}

static const char *why(const mf_vm *vm, const mf_verdict *v) {
  if (v->aborted) return "aborted";
  if (v->interrupted) return "interrupted";
  if (v->timed_out) return "the run timed out";
  if (v->nothing_run) return "nothing was run";
  if (v->crossed && !failed_otherwise(vm)) return "a threshold was crossed";
  if (v->outcome == MF_OUTCOME_NO_DATA) return "an assertion had no data";
  if (v->rollback_failed) return "a rollback failed";
  if (v->unsteady) return "the steady state did not hold";
  return vm->counts.hook_failed ? "a hook failed" : "";
}

/* What the host will exit with, as far as the machine knows: what is written after the
 * verdict may fail yet. */
static int64_t exit_code(const mf_vm *vm, const mf_verdict *v) {
  if (v->rollback_failed) return 5;
  if (v->timed_out) return 6;
  if (v->interrupted) return 105;
  if (v->aborted) return 4;
  if (v->outcome == MF_OUTCOME_PASSED) return 0;
  return v->crossed && !failed_otherwise(vm) ? 99 : 1;
}

MF_OPERATION(verdict) {
  (void)a, (void)b;
  mf_vm *vm = t->vm;
  mf_steps_settle(t);
  mf_verdict v = mf_verdict_now(vm);
  mf_notice n = {.kind = MF_NOTICE_VERDICT, .outcome = v.outcome};
  vm->judged = true;
  n.duration = (double)vm->now_ns / 1e9;
  n.text = mf_str_of(why(vm, &v));
  bool passed = v.outcome == MF_OUTCOME_PASSED;
  mf_builtin_set(vm, MF_BUILTIN_RUN_EXIT_CODE, mf_int(exit_code(vm, &v)));
  mf_builtin_set(vm, MF_BUILTIN_RUN_VERDICT, mf_string(mf_str_of(passed ? "passed" : "failed")));
  mf_tell(t, &n);
  return mf_go(t);
}
