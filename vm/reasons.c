/* SPDX-License-Identifier: MIT */
/* reasons - why an assertion did not pass, or why an entry was skipped: the values of the
 * parts of a condition.
 *
 * One that holds costs nothing for this.  For one that does not, the pure
 * chunk that its REASON rows name is run beside the task, and whenever control comes
 * to the end of a part, what is on top of the stack is its value.  The run goes on as
 * if it had not happened: fuel, stack and memory are not the task's, and nothing that
 * goes wrong here is an error of the run. */
#include "../base/limits.h"
#include "machine.h"

typedef struct watcher {
  const mf_row_reason *rows;
  mf_value *values; /* of each row; UNSET: control did not come there */
  uint32_t count;
  uint32_t start; /* of the chunk, in the code section */
  uint32_t last;  /* word of the instruction before, from there */
} watcher;

/* A part may be jumped over to where it ends: then the value is another's. */
static void watch(void *ctx, uint32_t task, uint32_t pc, const mf_value *stack, uint32_t depth) {
  watcher *w = ctx;
  (void)task;
  pc -= w->start;
  for (uint32_t i = 0; i < w->count && depth > 0; i++) {
    const mf_row_reason *row = &w->rows[i];
    if (row->at == pc && row->from <= w->last && w->last < pc) w->values[i] = stack[depth - 1];
  }
  w->last = pc;
}

static bool evaluate(mf_task *t, mf_arena *arena, watcher *w) {
  const mf_image *im = t->vm->image;
  const mf_row_chunk *chunk = &MF_ROWS(im, CHUNK, chunk)[w->rows->chunk];
  mf_value *stack = MF_NEW_ARRAY(arena, mf_value, chunk->max_depth), result;
  mf_exec x = {.call = t->exec.call, .slots = t->exec.slots, .constants = t->exec.constants};
  if (stack == NULL) return false;
  w->start = chunk->start;
  w->last = UINT32_MAX;
  x.call.dice = NULL; /* the compiler leaves chance out */
  x.call.arena = arena;
  x.call.fuel = (int64_t)MF_LIMIT_EVAL_FUEL;
  x.call.status = MF_OK;
  x.code = x.pc = im->code + chunk->start;
  x.stack = x.sp = stack;
  x.image = im;
  x.task = t;
  x.result = &result;
  x.trace = watch;
  x.trace_ctx = w;
  return mf_interpret(&x) == MF_OK && !mf_arena_oom(arena);
}

static void keep(const mf_image *im, const watcher *w, mf_reasons *out) {
  for (uint32_t i = 0; i < w->count; i++)
    if (w->values[i].kind != MF_UNSET)
      out->items[out->count++] = (mf_notice_reason){.text = mf_image_string(im, w->rows[i].text),
                                                    .depth = w->rows[i].depth,
                                                    .value = w->values[i]};
}

static bool came_to(const mf_value *v, mf_came_to wanted) {
  switch (wanted) {
    case MF_CAME_TO_TRUE: return v->kind == MF_BOOL && v->as.i;
    case MF_CAME_TO_NOT_TRUE: return v->kind != MF_UNSET && !(v->kind == MF_BOOL && v->as.i);
    case MF_CAME_TO_ERROR: return v->kind != MF_UNSET && v->kind != MF_BOOL;
    default: return true;
  }
}

void mf_reasons_init(mf_task *t, mf_reasons *reasons) {
  *reasons = (mf_reasons){.count = 0};
  mf_arena_init(&reasons->arena, &t->vm->alloc, (size_t)MF_LIMIT_REASON_MEMORY);
}

bool mf_reasons_add(mf_task *t, uint32_t owner, uint32_t row, uint32_t number, mf_came_to wanted,
                    mf_reasons *reasons) {
  const uint32_t most = (uint32_t)MF_LIMIT_ASSERTION_REASONS;
  watcher w = {.rows = NULL};
  w.rows = mf_image_reasons(t->vm->image, owner, row, number, &w.count);
  if (w.count > most - reasons->count) w.count = most - reasons->count;
  if (w.count == 0) return false;
  if (!reasons->items) reasons->items = MF_NEW_ARRAY(&reasons->arena, mf_notice_reason, most);
  w.values = MF_NEW_ARRAY(&reasons->arena, mf_value, w.count);
  if (!w.values || !reasons->items || !evaluate(t, &reasons->arena, &w)) return false;
  if (came_to(&w.values[0], wanted)) keep(t->vm->image, &w, reasons);
  return came_to(&w.values[0], MF_CAME_TO_ERROR);
}

void mf_reasons_fini(mf_reasons *reasons) { mf_arena_fini(&reasons->arena); }

void mf_tell_reasons(mf_task *t, mf_notice *notice, mf_reasons *reasons) {
  notice->reasons = reasons->items;
  notice->reason_count = reasons->count;
  mf_tell(t, notice);
  mf_reasons_fini(reasons);
}

void mf_tell_end(mf_task *t, mf_notice *notice, uint32_t owner, const mf_frame *f) {
  bool untold = !(f->skipped || f->failed) || f->begun || !mf_reasons_wanted(t);
  mf_reasons reasons;
  if (untold) {
    mf_tell(t, notice);
    return;
  }
  mf_reasons_init(t, &reasons);
  mf_reasons_add(t, owner, f->row, 0, f->failed ? MF_CAME_TO_ERROR : MF_CAME_TO_NOT_TRUE, &reasons);
  mf_tell_reasons(t, notice, &reasons);
}
