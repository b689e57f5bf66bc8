/* SPDX-License-Identifier: MIT */
/* reasons - why an assertion did not pass: the values of the parts of its condition.
 *
 * An assertion that holds costs nothing for this.  For one that does not, the pure
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

/* The rows of an assertion, which follow each other in order. */
static const mf_row_reason *rows_of(const mf_image *im, uint32_t assertion, uint32_t *count) {
  const mf_row_reason *rows = MF_ROWS(im, REASON, reason);
  uint32_t low = 0, high = MF_ROW_COUNT(im, REASON), end;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (rows[middle].assertion < assertion)
      low = middle + 1;
    else
      high = middle;
  }
  for (end = low; end < MF_ROW_COUNT(im, REASON) && rows[end].assertion == assertion;) end++;
  *count = end - low < MF_LIMIT_ASSERTION_REASONS ? end - low
                                                  : (uint32_t)MF_LIMIT_ASSERTION_REASONS;
  return *count ? rows + low : NULL; /* an image may have none at all */
}

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

void mf_reasons_find(mf_task *t, uint32_t row, mf_reasons *out) {
  watcher w = {.rows = NULL};
  *out = (mf_reasons){.count = 0};
  mf_arena_init(&out->arena, &t->vm->alloc, (size_t)MF_LIMIT_REASON_MEMORY);
  w.rows = rows_of(t->vm->image, row, &w.count);
  if (w.count == 0) return;
  w.values = MF_NEW_ARRAY(&out->arena, mf_value, w.count);
  out->items = MF_NEW_ARRAY(&out->arena, mf_notice_reason, w.count);
  if (w.values && out->items && evaluate(t, &out->arena, &w)) keep(t->vm->image, &w, out);
}

void mf_reasons_fini(mf_reasons *reasons) { mf_arena_fini(&reasons->arena); }
