/* SPDX-License-Identifier: MIT */
/* reason_table - what the rows of REASON have to be beyond the kinds of their fields.
 *
 * That `from` and `at` are words where instructions start is not asked for: control
 * never goes there because of them. */
#include "image.h"
#include "parts.h"

static int compare(const mf_row_reason *a, uint32_t owner, uint32_t row, uint32_t number) {
  if (a->owner != owner) return a->owner < owner ? -1 : 1;
  if (a->row != row) return a->row < row ? -1 : 1;
  return a->number < number ? -1 : a->number > number;
}

const mf_row_reason *mf_image_reasons(const mf_image *im, uint32_t owner, uint32_t row,
                                      uint32_t number, uint32_t *count) {
  const mf_row_reason *rows = MF_ROWS(im, REASON, reason);
  const uint32_t all = MF_ROW_COUNT(im, REASON);
  uint32_t low = 0, high = all, end;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (compare(&rows[middle], owner, row, number) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  for (end = low; end < all && compare(&rows[end], owner, row, number) == 0;) end++;
  *count = end - low;
  return *count ? rows + low : NULL; /* an image may have none at all */
}

/* The rows of one condition stand together, are of one chunk, and are a tree. */
static const char *wrong_reason(const mf_image *im, const mf_row_reason *row, uint32_t number) {
  const mf_row_reason *before = number ? row - 1 : NULL;
  const int order = before ? compare(before, row->owner, row->row, row->number) : -1;
  if (row->row >= mf_image_owner_rows(im, row->owner)) return "field row is out of bounds";
  if (order > 0) return "the conditions are not in order";
  if (order < 0) before = NULL;
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
