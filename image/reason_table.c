/* SPDX-License-Identifier: MIT */
/* reason_table - what the rows of REASON have to be beyond the kinds of their fields.
 *
 * That `from` and `at` are words where instructions start is not asked for: control
 * never goes there because of them. */
#include "image.h"
#include "parts.h"

/* The rows of one assertion stand together, are of one chunk, and are a tree. */
static const char *wrong_reason(const mf_image *im, const mf_row_reason *row, uint32_t number) {
  const mf_row_reason *before = number ? row - 1 : NULL;
  if (before && before->assertion > row->assertion) return "the assertions are not in order";
  if (before && before->assertion != row->assertion) before = NULL;
  if (row->at >= MF_ROWS(im, CHUNK, chunk)[row->chunk].length)
    return "field at is outside of the chunk";
  if (row->from >= row->at) return "it has no code";
  if (before && before->chunk != row->chunk) return "its chunk is not that of the row before";
  if (before ? row->depth == 0 || row->depth > before->depth + 1 : row->depth > 0)
    return "field depth is no depth in a tree";
  return NULL;
}

const char *mf_reasons_wrong(const mf_image *im, uint32_t *row) {
  const mf_row_reason *rows = MF_ROWS(im, REASON, reason);
  for (*row = 0; *row < MF_ROW_COUNT(im, REASON); ++*row) {
    const char *wrong = wrong_reason(im, &rows[*row], *row);
    if (wrong) return wrong;
  }
  return NULL;
}
