/* SPDX-License-Identifier: MIT */
/* id_table - ids of the document, by what they are of.  Most documents have none, so
 * they are no field of every row. */
#include "parts.h"

uint32_t mf_image_owner_rows(const mf_image *im, uint32_t owner) {
  static const uint8_t tables[] = {
      [MF_OWNER_STEP] = MF_TABLE_STEP,     [MF_OWNER_BRANCH] = MF_TABLE_BRANCH,
      [MF_OWNER_REPEAT] = MF_TABLE_REPEAT, [MF_OWNER_LINK] = MF_TABLE_LINK,
      [MF_OWNER_GROUP] = MF_TABLE_GROUP,   [MF_OWNER_HOOK] = MF_TABLE_HOOK,
      [MF_OWNER_ACTION] = MF_TABLE_ACTION, [MF_OWNER_ASSERTION] = MF_TABLE_ASSERTION,
  };
  return im->table_counts[tables[owner]];
}

static int compare(const mf_row_id *a, uint32_t owner, uint32_t row) {
  if (a->owner != owner) return a->owner < owner ? -1 : 1;
  return a->row < row ? -1 : a->row > row;
}

mf_str mf_image_id(const mf_image *im, uint32_t owner, uint32_t row) {
  const mf_row_id *rows = MF_ROWS(im, ID, id);
  uint32_t low = 0, high = MF_ROW_COUNT(im, ID);
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int order = compare(&rows[middle], owner, row);
    if (order == 0) return mf_image_string(im, rows[middle].text);
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return (mf_str){"", 0};
}

const char *mf_ids_wrong(const mf_image *im, uint32_t *row) {
  const mf_row_id *rows = MF_ROWS(im, ID, id);
  for (*row = 0; *row < MF_ROW_COUNT(im, ID); ++*row) {
    const mf_row_id *id = &rows[*row];
    if (id->row >= mf_image_owner_rows(im, id->owner)) return "field row is out of bounds";
    if (*row && compare(id - 1, id->owner, id->row) >= 0) return "it is not in order";
  }
  return NULL;
}
