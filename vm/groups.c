/* SPDX-License-Identifier: MIT */
/* Groups: branches that run at once, each a task of its own. */
#include "../base/limits.h"
#include "machine.h"
#include "operations.h"

static const mf_row_group *group_row(const mf_task *t, const mf_frame *f) {
  return &MF_ROWS(t->vm->image, GROUP, group)[f->row];
}

bool mf_is_background(const mf_task *t) {
  return group_row(t->parent, t->home)->mode == MF_GROUP_MODE_BACKGROUND;
}

/* ---- Waiting ---- */

/* The task waits, and executes its instruction of `words` words again then. */
static mf_stop wait_for(mf_task *t, mf_wait what, uint32_t words) {
  t->exec.pc -= words;
  t->wait = what;
  mf_stop stop = mf_task_settle(t);
  return stop == MF_GO ? MF_STOP_WAIT : stop;
}

static mf_stop wait_for_group(mf_task *t, mf_group *g, uint32_t words) {
  g->held = true;
  return wait_for(t, MF_WAIT_GROUP, words);
}

static bool has_room(const mf_group *g) { return g->most == 0 || g->running < g->most; }

/* A branch has ended, or waits for another: who waited for that looks again,
 * branches before new ones. */
static void look_again(mf_task *parent, mf_frame *home) {
  mf_group *g = home->group;
  if (g->needing)
    for (mf_task *s = parent->next; s; s = s->next)
      if (s->home == home && s->wait == MF_WAIT_NEEDS) mf_task_wake(s);
  if (g->held) mf_task_wake(parent);
  g->held = false;
}

/* No more branches begin, and those that run are left. */
static void end_branches(mf_vm *vm, mf_frame *home) {
  if (home->group->ending) return;
  home->group->ending = true;
  for (mf_task *s = vm->task.next; s; s = s->next)
    if (s->home == home) mf_task_leave(s);
}

bool mf_group_hold(mf_task *t, mf_frame *f) {
  if (f->group == NULL || f->group->tasks == 0) return false;
  end_branches(t->vm, f);
  f->group->held = true;
  t->wait = MF_WAIT_GROUP;
  return true;
}

/* ---- The group ---- */

MF_OPERATION(group_enter) {
  mf_frame_push(t, MF_OP_GROUP_ENTER, a, b);
  mf_group *g = mf_realloc(&t->vm->alloc, NULL, 0, sizeof *g);
  if (g == NULL) return mf_end_with(t, MF_OUT_OF_MEMORY);
  *g = (mf_group){.tasks = 0};
  mf_frame_top(t)->group = g;
  return MF_GO;
}

static void tell_group(mf_task *t, mf_notice_kind kind, const mf_frame *f,
                       mf_outcome_kind outcome) {
  mf_notice n = {.kind = kind, .outcome = outcome, .index = f->row, .text = mf_frame_error(f)};
  n.path = mf_frame_path(t, f);
  n.name = mf_image_string(t->vm->image, group_row(t, f)->name);
  if (kind == MF_NOTICE_GROUP_FINISHED && f->begun)
    n.duration = (double)(t->vm->now_ns - f->begin_ns) / 1e9;
  mf_tell_end(t, &n, MF_OWNER_GROUP, f);
}

void mf_group_interrupt(mf_task *t, const mf_frame *f) {
  if (f->begun) tell_group(t, MF_NOTICE_GROUP_FINISHED, f, MF_OUTCOME_INTERRUPTED);
}

/* How many branches may run at once; 0: no limit, UINT32_MAX: v is no such number. */
static uint32_t most_of(const mf_value *v) {
  double d = v->kind == MF_INT ? (double)v->as.i : v->kind == MF_UINT ? (double)v->as.u : v->as.d;
  if (v->kind == MF_NULL) return 0;
  if (v->kind < MF_INT || v->kind > MF_DOUBLE || !(d >= 1)) return UINT32_MAX;
  if (d > MF_LIMIT_TASKS) return MF_LIMIT_TASKS;
  return (double)(uint32_t)d == d ? (uint32_t)d : UINT32_MAX;
}

MF_OPERATION(group_begin) {
  (void)a, (void)b;
  mf_frame *f = mf_frame_top(t);
  mf_value v;
  mf_stop stop;
  if (!mf_pop(t, &v, &stop)) return stop;
  uint32_t most = most_of(&v);
  if (most == UINT32_MAX)
    return mf_raise(t, MF_STR("max_concurrency must be a whole number of at least 1"));
  f->group->most = most;
  f->begun = true;
  f->begin_ns = t->vm->now_ns;
  tell_group(t, MF_NOTICE_GROUP_STARTED, f, MF_OUTCOME_PASSED);
  return MF_GO;
}

/* It is an entry that has finished.  Whether anything was run is for the entries
 * in it to say. */
static mf_stop end_group(mf_task *t, const mf_row_group *row, mf_frame *f) {
  mf_stop stop = MF_GO;
  uint32_t flags = mf_frame_flags(f, row->flags);
  bool optional = flags & MF_STEP_FLAGS_OPTIONAL, ran = t->vm->ran;
  mf_outcome_kind outcome = f->failed    ? MF_OUTCOME_FAILED
                            : f->skipped ? MF_OUTCOME_SKIPPED
                                         : MF_OUTCOME_PASSED;
  if (f->failed && optional) t->vm->counts.warnings++;
  bool stops = !(flags & MF_STEP_FLAGS_CONTINUE_ON_FAILURE);
  if (f->failed && !optional && !mf_rollback_failed(t, stops, mf_frame_error(f))) {
    mf_entry_failed(t);
    if (stops) t->pending = true;
  }
  if (outcome != MF_OUTCOME_SKIPPED) stop = mf_entry_ended(t, f);
  t->vm->ran = ran;
  tell_group(t, MF_NOTICE_GROUP_FINISHED, f, outcome);
  return stop;
}

/* The end of a list with background steps: not an entry. */
static void end_background(mf_task *t, const mf_frame *f) {
  if (!f->failed) return;
  mf_tell_error(t, mf_frame_path(t, f), mf_frame_error(f));
  if (mf_rollback_failed(t, true, mf_frame_error(f))) return;
  mf_entry_failed(t);
  t->pending = true;
}

MF_OPERATION(group_leave) {
  (void)b;
  const mf_row_group *row = &MF_ROWS(t->vm->image, GROUP, group)[a];
  mf_frame *f = mf_frame_top(t);
  mf_stop stop = MF_GO;
  if (f->group->tasks) return wait_for_group(t, f->group, 1);
  if (row->mode == MF_GROUP_MODE_BACKGROUND)
    end_background(t, f);
  else
    stop = end_group(t, row, f);
  mf_frame_pop(t);
  mf_task_tidy(t);
  return stop;
}

/* ---- Its branches ---- */

static mf_stop begin_branch(mf_task *t, mf_frame *home, uint32_t row, uint32_t end) {
  mf_vm *vm = t->vm;
  mf_task *child = mf_task_new(t);
  if (child == NULL) return mf_end_with(t, MF_OUT_OF_MEMORY);
  mf_branch_state *branch = &vm->branches[row];
  if (branch->alive++ == 0) branch->failed = false;
  child->row = row;
  child->home = home;
  child->counted = true;
  home->group->running++;
  home->group->tasks++;
  if (mf_frame_flags(home, group_row(t, home)->flags) & MF_STEP_FLAGS_OPTIONAL)
    child->lenient = true;
  mf_frame_push(child, MF_OP_SPAWN, row, end);
  mf_task_wake(child);
  mf_status status = mf_previous_inherit(child);
  return status == MF_OK ? MF_GO : mf_end_with(t, status);
}

mf_stop mf_do_spawn(mf_task *t, uint32_t a, uint32_t b, uint32_t c) {
  mf_frame *home = mf_frame_top(t);
  mf_stop stop = MF_GO;
  if (!home->group->ending) {
    if (!has_room(home->group)) return wait_for_group(t, home->group, 3);
    if (t->vm->task_count >= MF_LIMIT_TASKS)
      return mf_raisef(t, "more than %d branches at once", (int)MF_LIMIT_TASKS);
    stop = begin_branch(t, home, a, b);
  }
  mf_jump(t, c);
  if (stop != MF_GO || group_row(t, home)->mode != MF_GROUP_MODE_BACKGROUND) return stop;
  mf_task_wake(t); /* first the branch: its condition may handle a failure */
  stop = mf_task_settle(t);
  return stop == MF_GO ? MF_STOP_WAIT : stop;
}

/* It makes room for others while it waits. */
static mf_stop wait_in_need(mf_task *t, mf_group *g) {
  if (t->counted) {
    t->counted = false;
    g->running--;
    if (g->held) mf_task_wake(t->parent);
    g->held = false;
  }
  g->needing = true;
  mf_frame_top(t)->needs = true;
  return wait_for(t, MF_WAIT_NEEDS, 2);
}

MF_OPERATION(needs) {
  mf_group *g = t->home->group;
  if (t->vm->branches[a].alive || !(t->counted || has_room(g))) return wait_in_need(t, g);
  if (!t->counted) g->running++;
  t->counted = true;
  mf_frame_top(t)->needs = false;
  mf_frame_top(t)->begin_ns = t->vm->now_ns; /* waiting was no part of the entry */
  if (!t->vm->branches[a].failed) return MF_GO;
  t->frames[0].skipped = true; /* who needs this one is skipped as well */
  mf_jump(t, b);
  return MF_GO;
}

MF_OPERATION(task_end) {
  (void)t, (void)a, (void)b;
  return MF_STOP_OVER;
}

/* ---- What is left of a branch ---- */

/* The latest of its metrics are the latest of its parent, and what failed in it
 * has failed there. */
static void hand_over(mf_task *t) {
  const mf_vm *vm = t->vm;
  mf_task *parent = t->parent;
  const uint32_t all = vm->builtins[MF_BUILTIN_ALL_STEPS_SUCCEEDED];
  for (uint32_t i = 0; i < vm->own_count; i++) {
    const uint32_t slot = vm->own_slots[i];
    const bool failed = slot == all && vm->slots[slot].as.i == 0;
    if (vm->boxes[slot] == NULL && (failed || t->touched[i])) {
      parent->saved[i].value = vm->slots[slot];
      parent->touched[i] = parent->touched[i] || t->touched[i];
    }
    mf_box_free(&vm->alloc, vm->boxes[slot]);
    vm->boxes[slot] = NULL;
    t->saved[i].box = NULL;
  }
}

/* What was interrupted has an error, too, but is no failure that is pending; nor is
 * any in a rollback, where a branch around the list fails with it. */
static void fail_list(mf_task *t) {
  mf_task *parent = t->parent;
  if (t->pending) parent->pending = true;
  if (t->vm->rolling_back && parent->parent) parent->frames[0].failed = true;
}

static mf_stop fail_group(mf_task *t) {
  mf_frame *home = t->home;
  const mf_row_group *row = group_row(t->parent, home);
  mf_str name = mf_image_string(t->vm->image, MF_ROWS(t->vm->image, TASK, task)[t->row].name);
  if (row->mode == MF_GROUP_MODE_BACKGROUND) {
    fail_list(t);
    return MF_GO;
  }
  if (mf_frame_flags(home, row->flags) & MF_STEP_FLAGS_FAIL_FAST) end_branches(t->vm, home);
  int n = name.n < 200 ? (int)name.n : 200;
  mf_value text = mf_errorf(&t->arena, MF_EVAL_NONE, "branch '%.*s' failed", n, name.p);
  if (mf_arena_oom(&t->arena)) return mf_end_with(t, MF_OUT_OF_MEMORY);
  return mf_frame_fail(t, home, mf_value_str(text));
}

mf_stop mf_task_over(mf_task *t) {
  mf_vm *vm = t->vm;
  mf_task *parent = t->parent;
  mf_frame *home = t->home;
  mf_branch_state *branch = &vm->branches[t->row];
  const bool failed = t->frames[0].failed || t->pending;
  branch->alive--;
  branch->failed = branch->failed || failed || t->frames[0].skipped;
  hand_over(t);
  mf_task_unlink(t);
  mf_stop stop = failed ? fail_group(t) : MF_GO;
  home->group->tasks--;
  if (t->counted) home->group->running--;
  look_again(parent, home);
  vm->current = NULL;
  mf_task_suspend(t);
  vm->status = t->exec.call.status;
  mf_task_free(t);
  return stop;
}
