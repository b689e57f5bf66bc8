/* SPDX-License-Identifier: MIT */
/* What virtual users took from responses: each has its own values, which are in the slots
 * while its next message is made and its response judged.
 *
 * An expression without a value (the field is not there) leaves what was captured before. */
#include "http_load.h"

#include "../base/limits.h"
#include "../vm/program.h"

/* ---- Which ---- */

static uint32_t count_rows(const mf_load *l) {
  const mf_image *im = l->env->script.image;
  const mf_row_watch *rows = MF_ROWS(im, WATCH, watch);
  uint32_t n = 0;
  for (uint32_t i = 0; i < MF_ROW_COUNT(im, WATCH); i++)
    n += rows[i].kind == MF_WATCH_KIND_CAPTURE && rows[i].scenario == l->env->script.scenario;
  return n;
}

static bool read_capture(mf_load *l, const mf_row_watch *row, mf_load_capture *c) {
  const mf_image *im = l->env->script.image;
  const mf_row_slot *slot = &MF_ROWS(im, SLOT, slot)[row->slot];
  *c = (mf_load_capture){
      .slot = row->slot, .request = row->request, .name = mf_image_string(im, slot->name)};
  const uint32_t reads = mf_armed_reads(im, row->chunk, NULL);
  for (uint32_t i = 0; i < l->n_requests; i++)
    if (row->request == MF_ABSENT || row->request == l->requests[i].row)
      l->requests[i].reads |= reads;
  return mf_armed_program(l->armed, row->chunk, &c->program) == MF_OK;
}

bool mf_load_captures_init(mf_load *l, mf_args *args) {
  const mf_image *im = l->env->script.image;
  const mf_row_watch *rows = MF_ROWS(im, WATCH, watch);
  const uint32_t n = count_rows(l);
  if (n * sizeof(mf_load_captured) > MF_LIMIT_CAPTURED_BYTES) {
    mf_args_fail(args, "the load has too many captures");
    return false;
  }
  l->captures = MF_NEW_ARRAY(&l->arena, mf_load_capture, n);
  if (!l->captures) mf_args_fail(args, "out of memory");
  for (uint32_t i = 0; !args->error && i < MF_ROW_COUNT(im, WATCH); i++)
    if (rows[i].kind == MF_WATCH_KIND_CAPTURE && rows[i].scenario == l->env->script.scenario &&
        !read_capture(l, &rows[i], &l->captures[l->n_captures++]))
      mf_args_fail(args, "out of memory");
  return args->error == NULL;
}

void mf_load_captures_fini(mf_load *l) {
  for (uint32_t i = 0; i < l->n_captures; i++) mf_program_free(l->captures[i].program);
}

/* ---- Slots ---- */

void mf_load_enter_user(mf_load *l, const mf_load_user *u) {
  mf_value *slots = l->armed->slots;
  mf_armed_turn(l->armed, u->turn);
  for (uint32_t i = 0; i < l->n_captures; i++)
    slots[l->captures[i].slot] = u->captured ? u->captured[i].value : (mf_value){.kind = MF_UNSET};
  const uint32_t row = l->armed->builtins[MF_BUILTIN_LOAD_DATA];
  if (l->data && row != MF_ABSENT) slots[row] = mf_load_data_row(l->data, u->row);
}

/* ---- Taking ---- */

/* How much the user may still have in place of `old`. */
static size_t room(const mf_load *l, const mf_load_user *u, const mf_load_captured *old) {
  size_t used = l->n_captures * sizeof *old;
  for (uint32_t i = 0; i < l->n_captures; i++) used += u->captured[i].size;
  return MF_LIMIT_CAPTURED_BYTES - (used - old->size);
}

static void refuse(mf_load *l, mf_load_capture *c) {
  if (!c->refused)
    mf_load_warn(l, mf_arena_printf(&l->arena, "a value of '%.*s' was too large to be captured",
                                    (int)c->name.n, c->name.p));
  c->refused = true;
}

static void keep(mf_load *l, mf_load_user *u, uint32_t i, const mf_value *v) {
  const mf_alloc *alloc = &l->env->alloc;
  mf_load_captured *c = &u->captured[i];
  const size_t most = room(l, u, c), size = mf_value_size(v, most);
  if (size == SIZE_MAX || size > most) {
    refuse(l, &l->captures[i]);
    return;
  }
  void *block = mf_realloc(alloc, NULL, 0, size ? size : 1);
  if (!block) {
    mf_load_break(l, "out of memory");
    return;
  }
  if (c->block) mf_realloc(alloc, c->block, c->size ? c->size : 1, 0);
  *c = (mf_load_captured){mf_value_place(v, block), block, size};
  l->captures[i].last = u;
}

static bool make_room(mf_load *l, mf_load_user *u) {
  if (u->captured) return true;
  const size_t size = l->n_captures * sizeof *u->captured;
  u->captured = mf_realloc(&l->env->alloc, NULL, 0, size);
  if (!u->captured) {
    mf_load_break(l, "out of memory");
    return false;
  }
  for (uint32_t i = 0; i < l->n_captures; i++)
    u->captured[i] = (mf_load_captured){.value = {.kind = MF_UNSET}};
  return true;
}

void mf_load_capture_from(mf_load *l, mf_load_user *u, const mf_load_request *r) {
  for (uint32_t i = 0; i < l->n_captures; i++) {
    const mf_load_capture *c = &l->captures[i];
    mf_value v;
    if (c->request != MF_ABSENT && c->request != r->row) continue;
    mf_status status = mf_armed_eval(l->armed, c->program, &v);
    if (status != MF_OK) {
      mf_load_break(l, mf_status_text(status));
      return;
    }
    if (v.kind == MF_ERROR || v.kind == MF_UNSET || !make_room(l, u)) continue;
    keep(l, u, i, &v);
    l->armed->slots[c->slot] = u->captured[i].value;
  }
}

void mf_load_user_forget(mf_load *l, mf_load_user *u) {
  const mf_alloc *alloc = &l->env->alloc;
  for (uint32_t i = 0; u->captured && i < l->n_captures; i++)
    if (u->captured[i].block)
      mf_realloc(alloc, u->captured[i].block, u->captured[i].size ? u->captured[i].size : 1, 0);
  if (u->captured) mf_realloc(alloc, u->captured, l->n_captures * sizeof *u->captured, 0);
  u->captured = NULL;
}

/* ---- The outcome ---- */

mf_value mf_load_captures_outcome(mf_load *l) {
  mf_map_builder b;
  mf_map_build(&b, &l->arena);
  for (uint32_t i = 0; i < l->n_captures; i++) {
    const mf_load_user *u = l->captures[i].last;
    if (u) mf_map_add_value(&b, mf_string(l->captures[i].name), u->captured[i].value);
  }
  return mf_map_done(&b);
}
