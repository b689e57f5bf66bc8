/* SPDX-License-Identifier: MIT */
/* Frames: opening and closing them, failing in them, unwinding them. */
#include <stdio.h>

#include "../base/limits.h"
#include "convert.h"
#include "machine.h"

/* ---- The frame stack ---- */

void mf_frame_push(mf_task *t, mf_opcode op, uint32_t row, uint32_t handler) {
  mf_frame *f = &t->frames[t->frame_count++];
  uint32_t base = (uint32_t)(t->exec.sp - t->exec.stack);
  *f = (mf_frame){.op = (uint8_t)op, .row = row, .handler = handler, .base = base};
  f->begin_ns = t->vm->now_ns;
  if (op == MF_OP_STEP_ENTER) t->open_steps++;
}

mf_frame *mf_frame_top(mf_task *t) { return &t->frames[t->frame_count - 1]; }

void mf_frame_pop(mf_task *t) {
  mf_frame *f = &t->frames[--t->frame_count];
  if (f->op == MF_OP_STEP_ENTER) t->open_steps--;
  mf_deadline_clear(t, f);
  if (f->group) mf_realloc(&t->vm->alloc, f->group, sizeof *f->group, 0);
  f->group = NULL;
  mf_metrics_free_kept(t->vm, f);
  if (f->error) mf_box_free(&t->vm->alloc, f->error);
  if (f->args) mf_box_free(&t->vm->alloc, f->args);
  f->error = f->args = NULL;
}

mf_frame *mf_frame_find(mf_task *t, mf_opcode op) {
  for (uint32_t i = t->frame_count; i-- > 0;)
    if (t->frames[i].op == op) return &t->frames[i];
  return NULL;
}

mf_str mf_frame_error(const mf_frame *f) {
  return f->error ? mf_value_str(f->error->value) : (mf_str){"", 0};
}

/* ---- Paths ---- */

static mf_str row_path(const mf_task *t, const mf_frame *f) {
  const mf_image *im = t->vm->image;
  switch (f->op) {
    case MF_OP_STEP_ENTER: return mf_image_string(im, MF_ROWS(im, STEP, step)[f->row].path);
    case MF_OP_HOOK_ENTER: return mf_image_string(im, MF_ROWS(im, HOOK, hook)[f->row].path);
    case MF_OP_ACTION_ENTER: return mf_image_string(im, MF_ROWS(im, ACTION, action)[f->row].path);
    case MF_OP_BRANCH_ENTER: return mf_image_string(im, MF_ROWS(im, BRANCH, branch)[f->row].path);
    case MF_OP_REPEAT_ENTER: return mf_image_string(im, MF_ROWS(im, REPEAT, repeat)[f->row].path);
    case MF_OP_GROUP_ENTER: return mf_image_string(im, MF_ROWS(im, GROUP, group)[f->row].path);
    case MF_OP_SPAWN: return mf_image_string(im, MF_ROWS(im, TASK, task)[f->row].path);
    case MF_OP_LINK_ENTER: return mf_image_string(im, MF_ROWS(im, LINK, link)[f->row].path);
    case MF_OP_FAULT_ENTER: return mf_image_string(im, MF_ROWS(im, FAULT, fault)[f->row].path);
    default: return (mf_str){"", 0};
  }
}

enum { TURN_DIGITS = 21 }; /* of a number of 64 bits, and what is before it */

/* The longest of a table's paths. */
static size_t longest_path(const mf_image *image, mf_table table) {
  const mf_table_info *info = &mf_table_infos[table];
  const uint32_t *row = image->tables[table];
  size_t longest = 0;
  uint32_t field = 0;
  while (field < info->field_count && strcmp(info->field_names[field], "path") != 0) field++;
  if (field == info->field_count) return 0;
  for (uint32_t i = 0; i < image->table_counts[table]; i++, row += info->field_count) {
    size_t n = mf_image_string(image, row[field]).n;
    if (n > longest) longest = n;
  }
  return longest;
}

size_t mf_path_room(const mf_image *image) {
  size_t longest = 0;
  if (MF_ROW_COUNT(image, REPEAT) == 0) return 0;
  for (int table = 0; table < MF_TABLE_COUNT; table++) {
    size_t n = longest_path(image, (mf_table)table);
    if (n > longest) longest = n;
  }
  return longest + (size_t)MF_LIMIT_FRAMES * TURN_DIGITS + 1; /* and a NUL */
}

/* Adds the turns of the repeats around frame `end` of t to the path in `out`, of
 * which there are n bytes now, and were path_n without turns.  Those around a
 * branch come first; branches nest no deeper than frames. */
static size_t add_turns(const mf_task *t, const mf_frame *end, char *out, size_t n, size_t path_n) {
  if (t->parent) n = add_turns(t->parent, t->home, out, n, path_n);
  for (const mf_frame *f = t->frames; f < end; f++) {
    if (f->op != MF_OP_REPEAT_ENTER || f->turn == 0) continue;
    out[n] = n == path_n ? '@' : '.';
    n += 1 + mf_format_uint(f->turn, out + n + 1);
  }
  return n;
}

/* With the turns of the repeats around the frame. */
static mf_str with_turns(mf_task *t, mf_str path, const mf_frame *end) {
  char *out = t->vm->path;
  if (out == NULL || path.n == 0) return path;
  memcpy(out, path.p, path.n);
  size_t n = add_turns(t, end, out, path.n, path.n);
  return n > path.n ? (mf_str){out, n} : path;
}

mf_str mf_frame_path(mf_task *t, const mf_frame *f) { return with_turns(t, row_path(t, f), f); }

mf_str mf_path_here(mf_task *t, uint32_t path) {
  return with_turns(t, mf_image_string(t->vm->image, path), mf_frame_top(t));
}

mf_str mf_task_path(mf_task *t) {
  for (uint32_t i = t->frame_count; i-- > 0;) {
    mf_str path = mf_frame_path(t, &t->frames[i]);
    if (path.n != 0) return path;
  }
  return (mf_str){"", 0};
}

/* ---- Ends of statements ---- */

mf_stop mf_go(const mf_task *t) { return t->exec.call.status == MF_OK ? MF_GO : MF_STOP_LIMIT; }

mf_stop mf_end_with(mf_task *t, mf_status status) {
  mf_call_end(&t->exec.call, status);
  return MF_STOP_LIMIT;
}

void mf_jump(mf_task *t, uint32_t label) { t->exec.pc = t->exec.code + label; }

void mf_task_tidy(mf_task *t) {
  mf_vm *vm = t->vm;
  t->labels = t->message = (mf_value){.kind = MF_UNSET};
  if (t->open_steps != 0 || !mf_task_is_clear(t)) return;
  if (t->arena.head) mf_arena_reset(&t->arena);
  mf_box_free(&vm->alloc, vm->retired);
  vm->retired = NULL;
}

/* ---- Failing ---- */

/* What is unwound ends there: the run, or a branch. */
static bool is_root(const mf_frame *f) { return f->op == MF_OP_RUN_ENTER || f->op == MF_OP_SPAWN; }

void mf_entry_failed(mf_task *t) {
  if (t->lenient)
    t->vm->counts.warnings++;
  else
    t->vm->entry_failed = true;
}

mf_stop mf_frame_fail(mf_task *t, mf_frame *f, mf_str text) {
  f->crossed = false;
  if (f->failed) return MF_GO;
  mf_value v = mf_string(text);
  mf_status status = mf_box_put(&t->vm->alloc, &f->error, &v, t->vm->memory.limit, NULL);
  f->failed = true;
  return status == MF_OK ? MF_GO : mf_end_with(t, status);
}

mf_stop mf_raise(mf_task *t, mf_str text) {
  mf_frame *f = mf_frame_top(t);
  mf_stop stop = mf_frame_fail(t, f, text);
  if (stop != MF_GO) return stop;
  if (is_root(f)) {
    /* Failures of other frames are told, and counted, when those are left. */
    if (!t->vm->judged) mf_entry_failed(t);
    mf_tell_error(t, mf_frame_path(t, f), text);
  }
  t->exec.sp = t->exec.stack + f->base;
  mf_jump(t, f->handler);
  return mf_go(t);
}

mf_stop mf_raisef(mf_task *t, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  mf_value v = mf_verrorf(&t->arena, MF_EVAL_NONE, fmt, args);
  va_end(args);
  if (mf_arena_oom(&t->arena)) return mf_end_with(t, MF_OUT_OF_MEMORY);
  return mf_raise(t, mf_value_str(v));
}

/* ---- Unwinding ---- */

static void tell_interrupted(mf_task *t, mf_frame *f) {
  const mf_image *im = t->vm->image;
  mf_notice n = {.outcome = MF_OUTCOME_INTERRUPTED, .index = f->row, .text = mf_frame_error(f)};
  n.path = mf_frame_path(t, f);
  if (f->op == MF_OP_REPEAT_ENTER) {
    mf_tell_repeat(t, f, t->pending ? MF_OUTCOME_FAILED : MF_OUTCOME_INTERRUPTED);
  } else if (f->op == MF_OP_LINK_ENTER) {
    mf_tell_link(t, f, t->pending ? MF_OUTCOME_FAILED : MF_OUTCOME_INTERRUPTED);
  } else if (f->op == MF_OP_HOOK_ENTER && f->begun) {
    n.kind = MF_NOTICE_HOOK_FINISHED;
    n.name = mf_image_string(im, MF_ROWS(im, HOOK, hook)[f->row].name);
    mf_tell(t, &n);
  } else if (f->op == MF_OP_ACTION_ENTER && !f->needs) {
    n.kind = MF_NOTICE_ACTION_FINISHED;
    n.attempt = f->attempt;
    n.name = mf_image_string(im, MF_ROWS(im, ACTION, action)[f->row].name);
    mf_tell(t, &n);
  }
}

mf_stop mf_frame_pass_error(mf_task *t) {
  mf_frame *f = mf_frame_top(t);
  mf_frame *around = t->frame_count > 1 ? f - 1 : NULL;
  if (f->error == NULL || around == NULL || around->op == MF_OP_RUN_ENTER) return MF_GO;
  return mf_frame_fail(t, around, mf_frame_error(f));
}

static mf_stop close_interrupted(mf_task *t, mf_frame *f) {
  mf_stop stop = MF_GO;
  if (f->op == MF_OP_STEP_ENTER)
    stop = mf_step_interrupt(t, f);
  else if (f->op == MF_OP_BLOCK_ENTER)
    mf_block_ended(t, f, MF_OUTCOME_INTERRUPTED);
  else if (f->op == MF_OP_GROUP_ENTER)
    mf_group_interrupt(t, f);
  else
    tell_interrupted(t, f);
  if (stop == MF_GO) stop = mf_frame_pass_error(t);
  mf_frame_pop(t);
  return stop;
}

/* The innermost frame is what was too slow: it fails, and goes on there. */
static mf_stop end_overdue(mf_task *t, mf_frame *f) {
  char length[40];
  f->timed_out = t->unwinding = false;
  size_t n = mf_format_duration(f->timeout_ns, length);
  return mf_raisef(t, "timed out after %.*s", (int)n, length);
}

static mf_stop go_on_at_root(mf_task *t, mf_frame *f) {
  t->unwinding = false;
  if (f->op == MF_OP_SPAWN) f->skipped = true; /* it did not come to its end */
  mf_jump(t, f->handler);
  mf_task_tidy(t);
  return mf_go(t);
}

mf_stop mf_unwind(mf_task *t) {
  t->unwinding = true;
  while (t->frame_count > 0) {
    mf_frame *f = mf_frame_top(t);
    t->exec.sp = t->exec.stack + f->base;
    if (mf_group_hold(t, f)) {
      mf_stop settled = mf_task_settle(t);
      return settled == MF_GO ? MF_STOP_WAIT : settled;
    }
    if (f->timed_out) return end_overdue(t, f);
    if (is_root(f)) return go_on_at_root(t, f);
    if (f->op == MF_OP_FAULT_ENTER && f->begun && !f->undone) {
      /* Its handler undoes it; mf_outcome_take comes back here then. */
      mf_jump(t, f->handler);
      mf_task_tidy(t);
      return mf_go(t);
    }
    mf_stop stop = close_interrupted(t, f);
    if (stop != MF_GO) return stop;
  }
  t->unwinding = false;
  return MF_STOP_END;
}

bool mf_must_leave(mf_task *t) {
  if (t->unwinding || !(t->leaving || t->overdue)) return false;
  return t->overdue || t->parent || mf_frame_find(t, MF_OP_RUN_ENTER);
}

mf_stop mf_leave(mf_task *t) {
  mf_vm *vm = t->vm;
  if (t->leaving) {
    for (uint32_t i = 0; i < t->frame_count; i++) t->frames[i].timed_out = false;
    if (vm->abort_wanted) vm->counts.aborted = true;
    if (vm->stop_wanted) vm->counts.interrupted = true;
    if (vm->crossed_wanted) vm->counts.crossed = true;
    vm->abort_wanted = vm->stop_wanted = vm->crossed_wanted = false;
  }
  t->leaving = t->overdue = false;
  return mf_unwind(t);
}

/* ---- What statements pop ---- */

bool mf_pop(mf_task *t, mf_value *v, mf_stop *stop) {
  *v = *--t->exec.sp;
  *stop = MF_GO;
  if (v->kind != MF_ERROR) return true;
  *stop = mf_raise(t, mf_value_str(*v));
  return false;
}

static bool is_origin(uint32_t kind) {
  return kind == MF_SLOT_KIND_SECRET || kind == MF_SLOT_KIND_ENV || kind == MF_SLOT_KIND_INPUT;
}

/* The slot of the secret that a text was made from, if it can be told. */
static uint32_t secret_in(const mf_vm *vm, const mf_value *v) {
  const mf_row_slot *rows = MF_ROWS(vm->image, SLOT, slot);
  bool text = v->kind == MF_STRING || v->kind == MF_BYTES;
  for (uint32_t i = 0; text && i < MF_ROW_COUNT(vm->image, SLOT); i++) {
    const mf_value *s = &vm->slots[i];
    bool secret = is_origin(rows[i].kind) && (s->flags & MF_TAINTED) && s->len > 0 &&
                  (s->kind == MF_STRING || s->kind == MF_BYTES);
    if (secret && mf_str_find(mf_value_str(*v), mf_value_str(*s), 0) != SIZE_MAX) return i;
  }
  return MF_ABSENT;
}

/* <secret:name>, or <secret> for what was made from one in another way. */
static mf_str shown_secret(mf_task *t, const mf_value *v) {
  uint32_t slot = secret_in(t->vm, v);
  if (slot == MF_ABSENT) return MF_STR("<secret>");
  mf_str name = mf_image_string(t->vm->image, MF_ROWS(t->vm->image, SLOT, slot)[slot].name);
  name = mf_str_after_dot(name);
  return mf_str_of(mf_arena_printf(&t->arena, "<secret:%.*s>", (int)name.n, name.p));
}

mf_str mf_shown_text(mf_task *t, const mf_value *v) {
  if (v->flags & MF_TAINTED) return shown_secret(t, v);
  if (v->kind == MF_ERROR) return mf_value_str(*v);
  mf_value text = mf_text_of(&t->exec.call, v);
  return text.kind == MF_STRING ? mf_value_str(text) : MF_STR("");
}

/* ---- Notices ---- */

/* The OWNER that `index` is a row of, + 1; 0: of none. */
static const uint8_t owners[MF_NOTICE_COUNT] = {
    [MF_NOTICE_STEP_STARTED] = 1 + MF_OWNER_STEP,
    [MF_NOTICE_STEP_FINISHED] = 1 + MF_OWNER_STEP,
    [MF_NOTICE_STEP_RETRIED] = 1 + MF_OWNER_STEP,
    [MF_NOTICE_BRANCH] = 1 + MF_OWNER_BRANCH,
    [MF_NOTICE_TURN] = 1 + MF_OWNER_REPEAT,
    [MF_NOTICE_REPEAT_FINISHED] = 1 + MF_OWNER_REPEAT,
    [MF_NOTICE_LINK_FINISHED] = 1 + MF_OWNER_LINK,
    [MF_NOTICE_GROUP_STARTED] = 1 + MF_OWNER_GROUP,
    [MF_NOTICE_GROUP_FINISHED] = 1 + MF_OWNER_GROUP,
    [MF_NOTICE_HOOK_STARTED] = 1 + MF_OWNER_HOOK,
    [MF_NOTICE_HOOK_FINISHED] = 1 + MF_OWNER_HOOK,
    [MF_NOTICE_ACTION_FINISHED] = 1 + MF_OWNER_ACTION,
    [MF_NOTICE_ACTION_RETRIED] = 1 + MF_OWNER_ACTION,
    [MF_NOTICE_ASSERTION] = 1 + MF_OWNER_ASSERTION,
};

void mf_tell(mf_task *t, mf_notice *notice) {
  const mf_vm *vm = t->vm;
  notice->task = t->number;
  if (!vm->notice) return;
  if (owners[notice->kind] && MF_ROW_COUNT(vm->image, ID))
    notice->id = mf_image_id(vm->image, owners[notice->kind] - 1u, notice->index);
  vm->notice(vm->notice_ctx, notice);
}

void mf_tell_warning(mf_task *t, mf_str path, mf_str text) {
  mf_notice n = {
      .kind = MF_NOTICE_WARNING, .outcome = MF_OUTCOME_WARNING, .path = path, .text = text};
  t->vm->counts.warnings++;
  mf_tell(t, &n);
}

void mf_tell_error(mf_task *t, mf_str path, mf_str text) {
  mf_notice n = {.kind = MF_NOTICE_ERROR, .outcome = MF_OUTCOME_FAILED, .path = path, .text = text};
  mf_tell(t, &n);
}
