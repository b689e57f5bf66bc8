/* SPDX-License-Identifier: MIT */
#include "box.h"

enum { SLACK = 256 }; /* bytes a box may be too large for its value */

static void free_one(const mf_alloc *alloc, mf_box *box) {
  mf_realloc(alloc, box, sizeof *box + box->size, 0);
}

void mf_box_free(const mf_alloc *alloc, mf_box *box) {
  while (box) {
    mf_box *next = box->next;
    free_one(alloc, box);
    box = next;
  }
}

/* Text may move within its own box; what has inner pointers may not be written
 * over itself. */
static bool fits_in_place(const mf_box *box, const mf_value *v, size_t size) {
  bool text = v->kind == MF_STRING || v->kind == MF_BYTES;
  return box && text && size <= box->size && box->size - size <= SLACK;
}

static void put_in_place(mf_box *box, const mf_value *v) {
  char *text = (char *)(box + 1);
  if (v->len) memmove(text, v->as.s, v->len);
  box->value = *v;
  box->value.as.s = text;
}

static mf_box *make_box(const mf_alloc *alloc, const mf_value *v, size_t size) {
  mf_box *box = mf_realloc(alloc, NULL, 0, sizeof *box + size);
  if (box == NULL) return NULL;
  box->next = NULL;
  box->size = size;
  box->value = mf_value_place(v, box + 1);
  return box;
}

mf_status mf_box_put(const mf_alloc *alloc, mf_box **box, const mf_value *v, size_t max,
                     mf_box **retired) {
  size_t size = mf_value_size(v, max);
  if (size == SIZE_MAX) return MF_VALUE_TOO_LARGE;
  if (retired == NULL && fits_in_place(*box, v, size)) {
    put_in_place(*box, v);
    return MF_OK;
  }
  mf_box *made = make_box(alloc, v, size);
  if (made == NULL) return MF_OUT_OF_MEMORY;
  if (*box && retired) {
    (*box)->next = *retired;
    *retired = *box;
  } else if (*box) {
    free_one(alloc, *box);
  }
  *box = made;
  return MF_OK;
}
