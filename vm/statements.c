/* SPDX-License-Identifier: MIT */
/* Statements that are not about frames: writing, failing, jumping, recording. */
#include "machine.h"
#include "logic.h"
#include "operations.h"

uint32_t mf_task_number(const mf_task *t) { return t ? t->number : 0; }

/* ---- Jumps ---- */

mf_stop mf_do_bad_condition(mf_task *t) {
  mf_value c = *--t->exec.sp;
  mf_value error = mf_no_condition(&t->exec.call, &c);
  return t->exec.call.status != MF_OK ? MF_STOP_LIMIT : mf_raise(t, mf_value_str(error));
}

MF_OPERATION(jump_failed) {
  (void)b;
  if (mf_frame_top(t)->failed) mf_jump(t, a);
  return MF_GO;
}

MF_OPERATION(handler) {
  (void)b;
  mf_frame_top(t)->handler = a;
  return MF_GO;
}

MF_OPERATION(skip) {
  (void)a, (void)b;
  mf_frame_top(t)->skipped = true;
  return MF_GO;
}

/* ---- Variables ---- */

/* False: it was not written, *stop says how to go on.  Copying takes fuel, or a
 * loop could copy for ever on next to none. */
static bool store(mf_task *t, uint32_t slot, mf_value *v, mf_stop *stop) {
  const char *refusal = mf_slot_take(t, slot, v);
  *stop = mf_go(t);
  if (*stop != MF_GO) return false;
  if (refusal) {
    *stop = mf_raise(t, mf_str_of(refusal));
    return false;
  }
  mf_status status = mf_slot_set(t, slot, v);
  if (status != MF_OK) {
    *stop = mf_end_with(t, status);
    return false;
  }
  if (t->vm->boxes[slot]) mf_charge(&t->exec.call, t->vm->boxes[slot]->size / sizeof(mf_value));
  *stop = mf_go(t);
  return *stop == MF_GO;
}

MF_OPERATION(store) {
  (void)b;
  const mf_image *im = t->vm->image;
  mf_value v;
  mf_stop stop;
  if (!mf_pop(t, &v, &stop) || !store(t, a, &v, &stop)) return stop;
  mf_notice n = {.kind = MF_NOTICE_VARIABLE, .index = a, .path = mf_task_path(t)};
  n.name = mf_image_string(im, MF_ROWS(im, SLOT, slot)[a].name);
  n.actual = t->vm->slots[a];
  mf_tell(t, &n);
  return MF_GO;
}

MF_OPERATION(init) {
  (void)b;
  mf_value v;
  mf_stop stop;
  if (mf_pop(t, &v, &stop)) (void)store(t, a, &v, &stop);
  return stop;
}

MF_OPERATION(clear) {
  (void)b;
  mf_slot_clear(t, a);
  return MF_GO;
}

MF_OPERATION(allow) {
  (void)b;
  mf_value v;
  mf_stop stop;
  if (!mf_pop(t, &v, &stop)) return stop;
  if (v.kind != MF_BOOL)
    return mf_raisef(t, "%s must be true or false, not a value of type %s",
                     mf_enum_word(MF_OPERAND_STEP_FLAGS, a), mf_kind_name(v.kind));
  if (v.as.i) mf_frame_top(t)->flags |= (uint8_t)a;
  return MF_GO;
}

/* ---- Ending ---- */

MF_OPERATION(fail) {
  (void)a, (void)b;
  mf_value v = *--t->exec.sp;
  mf_str text = mf_shown_text(t, &v);
  return mf_go(t) != MF_GO ? MF_STOP_LIMIT : mf_raise(t, text);
}

MF_OPERATION(abort) {
  (void)a, (void)b;
  mf_value v = *--t->exec.sp;
  mf_str text = mf_shown_text(t, &v);
  if (mf_go(t) != MF_GO) return MF_STOP_LIMIT;
  mf_stop stop = mf_frame_fail(t, mf_frame_top(t), text);
  if (stop != MF_GO) return stop;
  t->vm->counts.aborted = true;
  mf_tell_error(t, mf_task_path(t), text);
  for (mf_task *other = &t->vm->task; other; other = other->next)
    if (other != t) mf_task_leave(other);
  return mf_unwind(t);
}

MF_OPERATION(gate) {
  (void)a, (void)b;
  return t->pending ? mf_unwind(t) : MF_GO;
}

MF_OPERATION(run_begin) {
  (void)a, (void)b;
  t->vm->begun = true;
  return MF_GO;
}

MF_OPERATION(jump_missed) {
  (void)b;
  if (!t->vm->begun) mf_jump(t, a);
  return MF_GO;
}

MF_OPERATION(jump_clean) {
  (void)b;
  if (!mf_has_failed(t->vm)) mf_jump(t, a);
  return MF_GO;
}

MF_OPERATION(handled) {
  (void)a, (void)b;
  t->pending = false;
  if (t->home && mf_is_background(t)) t->parent->pending = false;
  return MF_GO;
}

/* ---- Recording ---- */

static mf_str level_word(uint32_t level) {
  return mf_str_of(mf_enum_word(MF_OPERAND_LEVEL, level));
}

MF_OPERATION(log) {
  (void)b;
  mf_value v;
  mf_stop stop;
  if (!mf_pop(t, &v, &stop)) return stop;
  mf_notice n = {.kind = MF_NOTICE_LOG, .index = a, .name = level_word(a)};
  n.path = mf_task_path(t);
  n.text = mf_shown_text(t, &v);
  if (mf_go(t) != MF_GO) return MF_STOP_LIMIT;
  mf_tell(t, &n);
  return MF_GO;
}

MF_OPERATION(labels) {
  (void)a, (void)b;
  mf_stop stop;
  return mf_pop(t, &t->labels, &stop) ? MF_GO : stop;
}

MF_OPERATION(metric) {
  (void)b;
  const mf_image *im = t->vm->image;
  mf_str name = mf_image_string(im, MF_ROWS(im, METRIC, metric)[a].name);
  mf_value v, labels = t->labels;
  mf_stop stop;
  t->labels = (mf_value){.kind = MF_UNSET};
  if (!mf_pop(t, &v, &stop)) return stop;
  if (v.kind < MF_INT || v.kind > MF_DOUBLE)
    return mf_raisef(t, "metric '%.*s' must be a number, not %s", (int)name.n, name.p,
                     mf_kind_name(v.kind));
  mf_metric_sample(t, a, v);
  mf_notice n = {.kind = MF_NOTICE_METRIC, .index = a, .name = name, .actual = v};
  n.expected = labels;
  n.path = mf_task_path(t);
  mf_tell(t, &n);
  return MF_GO;
}
