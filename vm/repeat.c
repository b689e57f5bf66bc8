/* SPDX-License-Identifier: MIT */
/* Repeats: entries whose steps run in turns, and the orchestration's own loop.
 *
 * All state is in the frame.  Results, variables and counts are the latest, so
 * that a million turns take the memory of one. */
#include "machine.h"
#include "operations.h"

static const mf_row_repeat *row_of(const mf_task *t, const mf_frame *f) {
  return &MF_ROWS(t->vm->image, REPEAT, repeat)[f->row];
}

/* ---- Telling ---- */

static mf_notice notice_of(mf_task *t, const mf_frame *f, mf_notice_kind kind) {
  mf_notice n = {.kind = kind, .index = f->row, .turn = f->turn};
  n.path = mf_frame_path(t, f);
  n.name = mf_image_string(t->vm->image, row_of(t, f)->name);
  return n;
}

/* Its own condition and then `while` or `until`: which of them ended it, or was an
 * error.  One that was left tells none. */
static void tell_with_reasons(mf_task *t, const mf_frame *f, mf_notice *n) {
  uint32_t kind = row_of(t, f)->kind;
  bool looks = kind == MF_REPEAT_KIND_WHILE || kind == MF_REPEAT_KIND_UNTIL;
  bool ended = n->outcome == MF_OUTCOME_PASSED && looks;
  mf_reasons reasons;
  if (!mf_reasons_wanted(t) || !(ended || f->failed || f->skipped)) {
    mf_tell(t, n);
    return;
  }
  mf_reasons_init(t, &reasons);
  if (ended)
    mf_reasons_add(t, MF_OWNER_REPEAT, f->row, 1,
                   kind == MF_REPEAT_KIND_UNTIL ? MF_CAME_TO_TRUE : MF_CAME_TO_NOT_TRUE, &reasons);
  else if (!f->failed)
    mf_reasons_add(t, MF_OWNER_REPEAT, f->row, 0, MF_CAME_TO_NOT_TRUE, &reasons);
  else if (f->turn > 0 ||
           !mf_reasons_add(t, MF_OWNER_REPEAT, f->row, 0, MF_CAME_TO_ERROR, &reasons))
    mf_reasons_add(t, MF_OWNER_REPEAT, f->row, 1, MF_CAME_TO_ERROR, &reasons);
  mf_tell_reasons(t, n, &reasons);
}

void mf_tell_repeat(mf_task *t, const mf_frame *f, mf_outcome_kind outcome) {
  mf_notice n = notice_of(t, f, MF_NOTICE_REPEAT_FINISHED);
  n.outcome = outcome;
  n.text = mf_frame_error(f);
  tell_with_reasons(t, f, &n);
}

/* ---- Entering ---- */

MF_OPERATION(repeat_enter) {
  mf_frame_push(t, MF_OP_REPEAT_ENTER, a, b);
  mf_frame *f = mf_frame_top(t);
  uint32_t kind = row_of(t, f)->kind;
  if (kind == MF_REPEAT_KIND_WHILE || kind == MF_REPEAT_KIND_UNTIL) f->turns = UINT64_MAX;
  return MF_GO;
}

static mf_stop begin_count(mf_task *t, mf_frame *f, const mf_value *v) {
  bool endless = row_of(t, f)->kind == MF_REPEAT_KIND_ORCHESTRATION;
  if (v->kind != MF_UINT && (v->kind != MF_INT || v->as.i < 0))
    return mf_raisef(t, "%s must be a whole number from 0 on, not %s",
                     endless ? "max_iterations" : "count",
                     v->kind == MF_INT ? "a negative one" : mf_kind_name(v->kind));
  f->turns = endless && v->as.u == 0 ? UINT64_MAX : v->as.u;
  return MF_GO;
}

/* A copy: the body may write the variable that holds the list. */
static mf_stop begin_elements(mf_task *t, mf_frame *f, const mf_value *v) {
  if (v->kind != MF_LIST && v->kind != MF_MAP)
    return mf_raisef(t, "for_each goes through a list or a map, not %s", mf_kind_name(v->kind));
  mf_status status = mf_box_put(&t->vm->alloc, &f->args, v, t->vm->memory.limit, NULL);
  if (status != MF_OK) return mf_end_with(t, status);
  mf_charge(&t->exec.call, f->args->size / sizeof(mf_value));
  f->turns = v->len;
  return mf_go(t);
}

MF_OPERATION(repeat_begin) {
  (void)a, (void)b;
  mf_frame *f = mf_frame_top(t);
  mf_value v;
  mf_stop stop;
  if (!mf_pop(t, &v, &stop)) return stop;
  return row_of(t, f)->kind == MF_REPEAT_KIND_FOR_EACH ? begin_elements(t, f, &v)
                                                       : begin_count(t, f, &v);
}

/* ---- Turns ---- */

/* The clock was read just before: an iteration begins before the time is up, and
 * is then carried out whole.  The first one begins in any case. */
static bool time_is_up(const mf_task *t, const mf_frame *f) {
  return row_of(t, f)->kind == MF_REPEAT_KIND_ORCHESTRATION && t->vm->loop_ns > 0 && f->turn > 0 &&
         t->vm->now_ns >= t->vm->loop_ns;
}

/* Of a map: {key, value}. */
static mf_stop set_element(mf_task *t, const mf_frame *f, uint32_t slot, mf_value *element) {
  const mf_value *all = f->args ? &f->args->value : NULL;
  mf_pair pairs[2];
  mf_map entry = {.count = 2, .pairs = pairs};
  if (all && all->kind == MF_MAP) {
    const mf_pair *pair = &all->as.map->pairs[f->turn - 1];
    pairs[0] = (mf_pair){mf_string(MF_STR("key")), mf_with_taint(pair->key, all->flags)};
    pairs[1] = (mf_pair){mf_string(MF_STR("value")), mf_with_taint(pair->value, all->flags)};
    *element = (mf_value){.kind = MF_MAP, .len = 2, .as.map = &entry};
    *element = mf_with_taint(*element, all->flags);
  } else {
    *element = all ? mf_with_taint(all->as.list[f->turn - 1], all->flags)
                   : mf_int((int64_t)f->turn);
  }
  mf_status status = mf_slot_set(t, slot, element);
  if (status != MF_OK) return mf_end_with(t, status);
  *element = t->vm->slots[slot];
  if (t->vm->boxes[slot]) mf_charge(&t->exec.call, t->vm->boxes[slot]->size / sizeof(mf_value));
  return mf_go(t);
}

static mf_stop begin_turn(mf_task *t, mf_frame *f) {
  const mf_row_repeat *row = row_of(t, f);
  mf_value element = {.kind = MF_UNSET};
  f->turn++;
  if (row->kind == MF_REPEAT_KIND_ORCHESTRATION)
    mf_builtin_set(t->vm, MF_BUILTIN_ITERATION, mf_int((int64_t)f->turn));
  if (row->slot != MF_ABSENT) {
    mf_stop stop = set_element(t, f, row->slot, &element);
    if (stop != MF_GO) return stop;
  }
  mf_notice n = notice_of(t, f, MF_NOTICE_TURN);
  if (row->kind == MF_REPEAT_KIND_FOR_EACH) n.actual = element;
  mf_tell(t, &n);
  return MF_GO;
}

/* A loop without effects never comes back to the host: signals are seen here. */
MF_OPERATION(repeat_next) {
  (void)a;
  mf_frame *f = mf_frame_top(t);
  mf_task_tidy(t);
  if (mf_must_leave(t)) return mf_leave(t);
  if (f->turn < f->turns && !time_is_up(t, f)) return begin_turn(t, f);
  mf_jump(t, b);
  return MF_GO;
}

/* ---- Leaving ---- */

/* While or until has decided, after a turn: it has looked, whichever way. */
MF_OPERATION(repeat_leave) {
  (void)a, (void)b;
  const mf_frame *f = mf_frame_top(t);
  const mf_row_repeat *row = row_of(t, f);
  bool looked = row->flags & MF_STEP_FLAGS_LOOKS && f->turn > 0;
  if (f->failed)
    mf_entry_broke(t, row->path, row->flags);
  else if (looked)
    t->pending = false;
  mf_tell_repeat(t, f,
                 f->failed    ? MF_OUTCOME_FAILED
                 : f->skipped ? MF_OUTCOME_SKIPPED
                              : MF_OUTCOME_PASSED);
  if (row->slot != MF_ABSENT) mf_slot_clear(t, row->slot);
  mf_frame_pop(t);
  mf_task_tidy(t);
  return MF_GO;
}
