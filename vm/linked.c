/* SPDX-License-Identifier: MIT */
/* Linked documents: entries of another document, in a frame of their own. */
#include "machine.h"
#include "operations.h"

static const mf_row_link *row_of(const mf_task *t, const mf_frame *f) {
  return &MF_ROWS(t->vm->image, LINK, link)[f->row];
}

void mf_tell_link(mf_task *t, const mf_frame *f, mf_outcome_kind outcome) {
  mf_notice n = {.kind = MF_NOTICE_LINK_FINISHED, .outcome = outcome, .index = f->row};
  n.path = mf_frame_path(t, f);
  n.name = mf_image_string(t->vm->image, row_of(t, f)->name);
  n.text = mf_frame_error(f);
  mf_tell_end(t, &n, MF_OWNER_LINK, f);
}

MF_OPERATION(link_enter) {
  mf_frame_push(t, MF_OP_LINK_ENTER, a, b);
  return MF_GO;
}

/* It has failed itself, or the failure of its last entry is pending. */
MF_OPERATION(link_leave) {
  (void)a, (void)b;
  const mf_frame *f = mf_frame_top(t);
  const mf_row_link *row = row_of(t, f);
  if (f->failed) mf_entry_broke(t, row->path, row->flags);
  mf_outcome_kind outcome = f->failed || (t->pending && !f->skipped) ? MF_OUTCOME_FAILED
                            : f->skipped                             ? MF_OUTCOME_SKIPPED
                                                                     : MF_OUTCOME_PASSED;
  mf_tell_link(t, f, outcome);
  mf_frame_pop(t);
  mf_task_tidy(t);
  return MF_GO;
}
