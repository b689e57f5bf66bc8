/* SPDX-License-Identifier: MIT */
/* The run's secrets: what must not be seen in anything that the run writes. */
#include "../vm/machine.h"
#include "host.h"

/* "token" of "secrets.token". */
static mf_str last_part(mf_str name) {
  size_t dot = mf_str_find(name, MF_STR("."), 0);
  return dot == SIZE_MAX ? name : (mf_str){name.p + dot + 1, name.n - dot - 1};
}

/* All texts in a value.  Values nest as deep as MF_VALUE_DEPTH allows. */
static mf_status hide(mf_host *h, mf_str name, const mf_value *v) {
  mf_status status = MF_OK;
  if (v->kind == MF_STRING || v->kind == MF_BYTES)
    return mf_redactor_add(&h->redactor, name, mf_value_str(*v));
  for (uint32_t i = 0; v->kind == MF_LIST && status == MF_OK && i < v->len; i++)
    status = hide(h, name, &v->as.list[i]);
  for (uint32_t i = 0; v->kind == MF_MAP && status == MF_OK && i < v->len; i++)
    status = hide(h, name, &v->as.map->pairs[i].value);
  return status;
}

/* The value of a slot, or the default that it will get. */
static mf_status hide_slot(mf_host *h, const mf_row_slot *row, const mf_value *v) {
  mf_str name = last_part(mf_image_string(h->image, row->name));
  if (v->kind != MF_UNSET) return v->flags & MF_TAINTED ? hide(h, name, v) : MF_OK;
  if (row->kind != MF_SLOT_KIND_INPUT) return MF_OK;
  mf_input input = mf_image_input(h->image, row->arg);
  return input.secret ? hide(h, name, &input.default_value) : MF_OK;
}

mf_status mf_host_hide_secrets(mf_host *h) {
  const mf_row_slot *rows = MF_ROWS(h->image, SLOT, slot);
  mf_status status = MF_OK;
  for (uint32_t i = 0; status == MF_OK && i < MF_ROW_COUNT(h->image, SLOT); i++)
    status = hide_slot(h, &rows[i], &h->vm->slots[i]);
  h->progress.filter = mf_redactor_filter(&h->redactor);
  return status;
}
