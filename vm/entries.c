/* SPDX-License-Identifier: MIT */
/* The run, hooks, actions and conditionals: what entering and leaving them means. */
#include "machine.h"
#include "operations.h"

/* ---- The run ---- */

MF_OPERATION(run_enter) {
  (void)b;
  mf_frame_push(t, MF_OP_RUN_ENTER, 0, a);
  return mf_must_leave(t) ? mf_leave(t) : MF_GO;
}

/* The verdict counted every failure when it happened: none is left to stop
 * what is carried out in any case. */
MF_OPERATION(run_final) {
  (void)a, (void)b;
  t->pending = false;
  t->vm->entries_over = true;
  mf_deadline_clear(t, mf_frame_top(t));
  return MF_GO;
}

MF_OPERATION(run_leave) {
  (void)a, (void)b;
  mf_frame_pop(t);
  mf_task_tidy(t);
  return MF_GO;
}

/* ---- Failures that go on ---- */

/* Closes the innermost frame and fails the one around it. */
static mf_stop raise_outward(mf_task *t, const char *what, mf_str name) {
  mf_frame *f = mf_frame_top(t);
  mf_str error = mf_frame_error(f);
  mf_value text = mf_errorf(&t->arena, MF_EVAL_NONE, "%s '%.*s' failed: %.*s", what, (int)name.n,
                            name.p, (int)error.n, error.p);
  mf_frame_pop(t);
  if (mf_arena_oom(&t->arena)) return mf_end_with(t, MF_OUT_OF_MEMORY);
  return mf_raise(t, mf_value_str(text));
}

static mf_outcome_kind outcome_of(const mf_frame *f) {
  if (f->failed) return MF_OUTCOME_FAILED;
  return f->skipped ? MF_OUTCOME_SKIPPED : MF_OUTCOME_PASSED;
}

/* ---- Hooks ---- */

MF_OPERATION(hook_enter) {
  mf_frame_push(t, MF_OP_HOOK_ENTER, a, b);
  return MF_GO;
}

static void tell_hook(mf_task *t, mf_notice_kind kind, const mf_frame *f) {
  const mf_image *im = t->vm->image;
  const mf_row_hook *row = &MF_ROWS(im, HOOK, hook)[f->row];
  mf_notice n = {
      .kind = kind, .outcome = outcome_of(f), .index = f->row, .text = mf_frame_error(f)};
  n.path = mf_path_here(t, row->path);
  n.name = mf_image_string(im, row->name);
  mf_tell_end(t, &n, MF_OWNER_HOOK, f);
}

MF_OPERATION(hook_begin) {
  (void)a, (void)b;
  mf_frame *f = mf_frame_top(t);
  f->begun = true;
  tell_hook(t, MF_NOTICE_HOOK_STARTED, f);
  return MF_GO;
}

/* What a failed hook means depends on its type. */
static mf_stop hook_failed(mf_task *t, const mf_row_hook *row) {
  mf_str name = mf_image_string(t->vm->image, row->name);
  switch (row->type) {
    case MF_HOOK_TYPE_POST_ORCHESTRATION: t->vm->counts.hook_failed = true; break;
    case MF_HOOK_TYPE_POST_VERDICT:
      mf_tell_warning(t, mf_path_here(t, row->path), mf_frame_error(mf_frame_top(t)));
      break;
    case MF_HOOK_TYPE_PRE_ORCHESTRATION:
      t->vm->counts.hook_failed = true;
      return raise_outward(t, "hook", name);
    default: return raise_outward(t, "hook", name);
  }
  mf_frame_pop(t);
  return MF_GO;
}

MF_OPERATION(hook_leave) {
  (void)b;
  mf_frame *f = mf_frame_top(t);
  mf_stop stop = MF_GO;
  tell_hook(t, MF_NOTICE_HOOK_FINISHED, f);
  if (f->failed)
    stop = hook_failed(t, &MF_ROWS(t->vm->image, HOOK, hook)[a]);
  else
    mf_frame_pop(t);
  mf_task_tidy(t);
  return stop;
}

/* ---- Actions ---- */

MF_OPERATION(action_enter) {
  mf_frame_push(t, MF_OP_ACTION_ENTER, a, b);
  return MF_GO;
}

/* What its failure does: `optional` and `continue_on_failure` of an entry may have
 * been known only when it began. */
static uint32_t on_error_of(const mf_row_action *row, const mf_frame *f) {
  if (f->flags & MF_STEP_FLAGS_OPTIONAL) return MF_ON_ERROR_ENTRY_OPTIONAL;
  bool goes_on = f->flags & MF_STEP_FLAGS_CONTINUE_ON_FAILURE && row->on_error == MF_ON_ERROR_ENTRY;
  return goes_on ? MF_ON_ERROR_ENTRY_CONTINUE : row->on_error;
}

/* A wait_until that is over: its guard was an error, or what it waits for did not come. */
static void tell_unmet(mf_task *t, mf_notice *n, const mf_frame *f) {
  mf_reasons reasons;
  mf_reasons_init(t, &reasons);
  if (mf_reasons_wanted(t) &&
      !mf_reasons_add(t, MF_OWNER_ACTION, f->row, 0, MF_CAME_TO_ERROR, &reasons))
    mf_reasons_add(t, MF_OWNER_ACTION, f->row, 1, MF_CAME_TO_NOT_TRUE, &reasons);
  mf_tell_reasons(t, n, &reasons);
}

static void tell_action(mf_task *t, const mf_row_action *row, const mf_frame *f) {
  const mf_image *im = t->vm->image;
  mf_notice n = {.kind = MF_NOTICE_ACTION_FINISHED, .outcome = outcome_of(f), .index = f->row};
  n.attempt = f->attempt;
  uint32_t on_error = on_error_of(row, f);
  bool may_fail = on_error == MF_ON_ERROR_IGNORE || on_error == MF_ON_ERROR_ENTRY_OPTIONAL;
  if (f->failed && may_fail) n.outcome = MF_OUTCOME_WARNING;
  n.path = mf_path_here(t, row->path);
  n.name = mf_image_string(im, row->name);
  n.text = mf_frame_error(f);
  if (f->failed && row->type == MF_ACTION_TYPE_WAIT_UNTIL)
    tell_unmet(t, &n, f);
  else
    mf_tell_end(t, &n, MF_OWNER_ACTION, f);
}

/* The error of a failed action, told again by the frame around it. */
static mf_stop action_failed(mf_task *t) {
  mf_frame *f = mf_frame_top(t);
  mf_box *error = f->error;
  f->error = NULL;
  mf_frame_pop(t);
  mf_stop stop = mf_raise(t, error ? mf_value_str(error->value) : MF_STR(""));
  if (error) mf_box_free(&t->vm->alloc, error);
  return stop;
}

void mf_entry_ran(mf_task *t) {
  bool beside = mf_frame_find(t, MF_OP_HOOK_ENTER) || mf_frame_find(t, MF_OP_BLOCK_ENTER);
  if (!beside && !t->vm->rolling_back) t->vm->ran = true;
}

/* A wait that succeeds moves neither previous nor all_steps_succeeded; it only
 * counts as something that was run. */
static mf_stop bare_action_ended(mf_task *t, const mf_row_action *row, const mf_frame *f) {
  uint32_t on_error = on_error_of(row, f);
  if (row->type == MF_ACTION_TYPE_WAIT && !f->failed) {
    if (!f->skipped) mf_entry_ran(t);
    return MF_GO;
  }
  if (f->failed && on_error == MF_ON_ERROR_ENTRY_OPTIONAL) t->vm->counts.warnings++;
  bool counts = f->failed && on_error != MF_ON_ERROR_ENTRY_OPTIONAL &&
                !mf_rollback_failed(t, on_error == MF_ON_ERROR_ENTRY, mf_frame_error(f));
  if (counts) mf_entry_failed(t);
  if (counts && on_error == MF_ON_ERROR_ENTRY) t->pending = true;
  return f->failed || !f->skipped ? mf_entry_ended(t, f) : MF_GO;
}

MF_OPERATION(action_leave) {
  (void)b;
  const mf_row_action *row = &MF_ROWS(t->vm->image, ACTION, action)[a];
  mf_frame *f = mf_frame_top(t);
  mf_stop stop = MF_GO;
  tell_action(t, row, f);
  if (row->on_error >= MF_ON_ERROR_ENTRY) stop = bare_action_ended(t, row, f);
  if (f->failed && row->on_error == MF_ON_ERROR_IGNORE) t->vm->counts.warnings++;
  if (f->failed && row->on_error == MF_ON_ERROR_FAIL)
    stop = action_failed(t);
  else
    mf_frame_pop(t);
  mf_task_tidy(t);
  return stop;
}

/* ---- Parts of the run ---- */

MF_OPERATION(block_enter) {
  mf_frame_push(t, MF_OP_BLOCK_ENTER, a, b);
  if (a == MF_BLOCK_ROLLBACK) t->vm->rolling_back = true;
  return MF_GO;
}

bool mf_rollback_failed(mf_task *t, bool stops, mf_str text) {
  if (!t->vm->rolling_back) return false;
  if (t->parent && stops) t->frames[0].failed = true; /* its group hears of it so */
  if (t->lenient) {
    t->vm->counts.warnings++;
    return true;
  }
  mf_frame *block = NULL; /* a branch's is on the stack of a task around it */
  for (mf_task *s = t; s && !block; s = s->parent) block = mf_frame_find(s, MF_OP_BLOCK_ENTER);
  t->vm->counts.rollback_failed = true;
  if (block) (void)mf_frame_fail(t, block, text);
  return true;
}

/* The steady state may not hold yet while it recovers. */
static bool is_unsteady(mf_task *t, const mf_frame *f) {
  bool recovering = f > t->frames && f[-1].op == MF_OP_BLOCK_ENTER;
  return f->row == MF_BLOCK_RECOVERY || (f->row == MF_BLOCK_STEADY_STATE && !recovering);
}

void mf_block_ended(mf_task *t, const mf_frame *f, mf_outcome_kind outcome) {
  mf_notice n = {.kind = MF_NOTICE_BLOCK_FINISHED, .outcome = outcome, .index = f->row};
  n.name = mf_str_of(mf_enum_word(MF_OPERAND_BLOCK, f->row));
  n.text = mf_frame_error(f);
  n.duration = (double)(t->vm->now_ns - f->begin_ns) / 1e9;
  if (f->row == MF_BLOCK_ROLLBACK) {
    t->vm->rolling_back = false;
    if (outcome != MF_OUTCOME_PASSED) t->vm->counts.rollback_failed = true;
  } else if (outcome == MF_OUTCOME_FAILED && is_unsteady(t, f)) {
    t->vm->counts.unsteady = true;
  }
  mf_tell(t, &n);
}

MF_OPERATION(block_leave) {
  (void)a, (void)b;
  mf_frame *f = mf_frame_top(t);
  bool held = !f->failed;
  mf_block_ended(t, f, outcome_of(f));
  mf_frame_pop(t);
  mf_task_tidy(t);
  *t->exec.sp++ = mf_bool(held);
  return MF_GO;
}

/* ---- Conditionals ---- */

MF_OPERATION(branch_enter) {
  mf_frame_push(t, MF_OP_BRANCH_ENTER, a, b);
  return MF_GO;
}

static const char *arm_word(const mf_row_branch *row, uint32_t arm) {
  if (arm == 0) return "then";
  return arm < row->arms ? "elif" : "else";
}

static void tell_branch(mf_task *t, const mf_row_branch *row, uint32_t arm) {
  const mf_image *im = t->vm->image;
  const mf_frame *f = mf_frame_top(t);
  mf_reasons reasons;
  mf_notice n = {.kind = MF_NOTICE_BRANCH, .outcome = outcome_of(f), .index = f->row};
  n.path = mf_path_here(t, row->path);
  n.name = mf_image_string(im, row->name);
  n.text = mf_str_of(f->skipped ? "none" : arm_word(row, arm));
  n.actual = mf_bool(!f->skipped && arm < row->arms);
  if (arm == 0 || !mf_reasons_wanted(t)) {
    mf_tell(t, &n);
    return;
  }
  mf_reasons_init(t, &reasons);
  for (uint32_t i = 0; i < arm; i++) /* those above it */
    mf_reasons_add(t, MF_OWNER_BRANCH, f->row, i, MF_CAME_TO_NOT_TRUE, &reasons);
  mf_tell_reasons(t, &n, &reasons);
}

MF_OPERATION(branch_take) {
  const mf_row_branch *row = &MF_ROWS(t->vm->image, BRANCH, branch)[a];
  tell_branch(t, row, b);
  if (row->flags & MF_STEP_FLAGS_LOOKS && !mf_frame_top(t)->skipped) t->pending = false;
  mf_frame_pop(t);
  mf_task_tidy(t);
  return MF_GO;
}

/* The arms come one after the other: it was the first that is an error. */
static void tell_broken_branch(mf_task *t, const mf_frame *f, mf_notice *n) {
  const mf_row_branch *row = &MF_ROWS(t->vm->image, BRANCH, branch)[f->row];
  mf_reasons reasons;
  mf_reasons_init(t, &reasons);
  for (uint32_t i = 0; mf_reasons_wanted(t) && i < row->arms; i++)
    if (mf_reasons_add(t, MF_OWNER_BRANCH, f->row, i, MF_CAME_TO_ERROR, &reasons)) break;
  mf_tell_reasons(t, n, &reasons);
}

void mf_entry_broke(mf_task *t, uint32_t path, uint32_t flags) {
  const mf_frame *f = mf_frame_top(t);
  mf_notice n = {.kind = MF_NOTICE_ERROR, .outcome = MF_OUTCOME_FAILED, .text = mf_frame_error(f)};
  n.path = mf_path_here(t, path);
  if (f->op == MF_OP_BRANCH_ENTER)
    tell_broken_branch(t, f, &n);
  else
    mf_tell(t, &n);
  flags = mf_frame_flags(mf_frame_top(t), flags);
  if (flags & MF_STEP_FLAGS_OPTIONAL) {
    t->vm->counts.warnings++;
    return;
  }
  bool stops = !(flags & MF_STEP_FLAGS_CONTINUE_ON_FAILURE);
  if (mf_rollback_failed(t, stops, mf_frame_error(mf_frame_top(t)))) return;
  mf_entry_failed(t);
  if (stops) t->pending = true;
}

MF_OPERATION(branch_fail) {
  (void)b;
  const mf_row_branch *row = &MF_ROWS(t->vm->image, BRANCH, branch)[a];
  mf_entry_broke(t, row->path, row->flags);
  mf_frame_pop(t);
  mf_task_tidy(t);
  return MF_GO;
}
