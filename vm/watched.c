/* SPDX-License-Identifier: MIT */
/* watched - what checks and thresholds came to, and whom that fails.
 *
 * They are evaluated where samples are made, outside of the machine; it learns what
 * became of them at the end of the load, or of the run, as a list of maps:
 *   watch   the row of WATCH, an int
 *   ok      true, false, or null when there was nothing to judge
 *   value   what was compared, if one value was
 *   text    why it does not hold */
#include "machine.h"
#include "operations.h"

/* ---- keeping ---- */

mf_stop mf_watched_keep(mf_task *t, const mf_value *outcome) {
  const mf_value *results = mf_map_get(outcome, MF_STR("watches"));
  mf_vm *vm = t->vm;
  mf_watched_forget(t);
  if (results == NULL || results->kind != MF_LIST) return MF_GO;
  mf_status status = mf_box_put(&vm->alloc, &t->watched, results, vm->memory.limit, NULL);
  return status == MF_OK ? MF_GO : mf_end_with(t, status);
}

/* A value on the stack may borrow from it. */
void mf_watched_forget(mf_task *t) {
  if (t->watched == NULL) return;
  t->watched->next = t->vm->retired;
  t->vm->retired = t->watched;
  t->watched = NULL;
}

MF_OPERATION(watched) {
  (void)a, (void)b;
  *t->exec.sp++ = t->watched ? t->watched->value : mf_null();
  return MF_GO;
}

/* ---- judging ---- */

static mf_outcome_kind outcome_of(const mf_value *ok) {
  if (ok == NULL || ok->kind != MF_BOOL) return MF_OUTCOME_NO_DATA;
  return ok->as.i ? MF_OUTCOME_PASSED : MF_OUTCOME_FAILED;
}

/* "check 'fast' failed: ...".  A sentence of the step's error. */
static mf_str sentence(mf_task *t, const mf_row_watch *row, mf_outcome_kind outcome, mf_str why) {
  static const char *const words[] = {
      [MF_WATCH_KIND_CHECK] = "failed", [MF_WATCH_KIND_THRESHOLD] = "was crossed"};
  mf_str name = mf_image_string(t->vm->image, row->name);
  const char *word = row->kind <= MF_WATCH_KIND_THRESHOLD ? words[row->kind] : "did not hold";
  mf_value text = mf_errorf(
      &t->arena, MF_EVAL_NONE, "%s '%.*s' %s%s%.*s", mf_enum_word(MF_OPERAND_WATCH_KIND, row->kind),
      name.n < 200 ? (int)name.n : 200, name.p,
      outcome == MF_OUTCOME_NO_DATA ? "had no data" : word, why.n ? ": " : "", (int)why.n, why.p);
  if (mf_arena_oom(&t->arena)) mf_end_with(t, MF_OUT_OF_MEMORY);
  return mf_value_str(text);
}

/* Of a step: it fails; by thresholds alone, that is told apart. */
static mf_stop fail_step(mf_task *t, mf_frame *step, bool crossed, mf_str text) {
  bool alone = crossed && (!step->failed || step->crossed);
  mf_stop stop = mf_frame_fail(t, step, text);
  step->crossed = alone;
  return stop;
}

static void fail_run(mf_vm *vm, mf_outcome_kind outcome, bool crossed) {
  const bool no_data = outcome == MF_OUTCOME_NO_DATA;
  if (crossed) {
    vm->counts.crossed = true;
    return;
  }
  *(no_data ? &vm->assertion_no_data : &vm->assertion_failed) = true;
  ++*(no_data ? &vm->counts.watches_no_data : &vm->counts.watches_failed);
}

static mf_stop judge_one(mf_task *t, const mf_value *result) {
  const mf_image *im = t->vm->image;
  const mf_value *number = mf_map_get(result, MF_STR("watch"));
  const mf_value *value = mf_map_get(result, MF_STR("value"));
  if (number == NULL || number->kind != MF_INT || number->as.u >= MF_ROW_COUNT(im, WATCH))
    return MF_GO;
  const mf_row_watch *row = &MF_ROWS(im, WATCH, watch)[number->as.u];
  const mf_outcome_kind outcome = outcome_of(mf_map_get(result, MF_STR("ok")));
  mf_notice n = {.kind = MF_NOTICE_WATCH, .outcome = outcome, .index = (uint32_t)number->as.u};
  n.name = mf_image_string(im, row->name);
  n.path = mf_path_here(t, row->path);
  n.text = mf_map_str(result, "text", "");
  if (value) n.actual = *value;
  mf_tell(t, &n);
  if (outcome == MF_OUTCOME_PASSED || row->flags & MF_WATCH_FLAGS_COUNTED) return mf_go(t);
  const bool crossed = row->kind == MF_WATCH_KIND_THRESHOLD && outcome == MF_OUTCOME_FAILED;
  mf_frame *step = row->scenario != MF_ABSENT ? mf_frame_find(t, MF_OP_STEP_ENTER) : NULL;
  if (step) return fail_step(t, step, crossed, sentence(t, row, outcome, n.text));
  fail_run(t->vm, outcome, crossed);
  return mf_go(t);
}

MF_OPERATION(judge) {
  (void)a, (void)b;
  const mf_value results = *--t->exec.sp;
  mf_stop stop = MF_GO;
  if (results.kind != MF_LIST) return MF_GO;
  for (uint32_t i = 0; i < results.len && stop == MF_GO; i++)
    if (results.as.list[i].kind == MF_MAP) stop = judge_one(t, &results.as.list[i]);
  return stop;
}
