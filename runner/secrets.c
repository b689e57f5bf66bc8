/* SPDX-License-Identifier: MIT */
/* The run's secrets: what must not be seen in anything that the run writes. */
#include "../vm/machine.h"
#include "host.h"

/* "token" of "secrets.token". */
static mf_str last_part(mf_str name) {
  size_t dot = mf_str_find(name, MF_STR("."), 0);
  return dot == SIZE_MAX ? name : (mf_str){name.p + dot + 1, name.n - dot - 1};
}

mf_status mf_host_hide_secrets(mf_host *h) {
  const mf_row_slot *rows = MF_ROWS(h->image, SLOT, slot);
  mf_status status = MF_OK;
  for (uint32_t i = 0; status == MF_OK && i < MF_ROW_COUNT(h->image, SLOT); i++) {
    const mf_value *v = &h->vm->slots[i];
    bool text = v->kind == MF_STRING || v->kind == MF_BYTES;
    if (text && (v->flags & MF_TAINTED))
      status = mf_redactor_add(&h->redactor, last_part(mf_image_string(h->image, rows[i].name)),
                               mf_value_str(*v));
  }
  h->progress.filter = mf_redactor_filter(&h->redactor);
  return status;
}
