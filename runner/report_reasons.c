/* SPDX-License-Identifier: MIT */
/* Why an assertion did not pass, or a branch was not taken: the parts of conditions with
 * their values, as the journal has them.  Whatever a journal says, what comes of it is
 * a list of trees. */
#include "report_model.h"

enum { DEEPEST = 100 };

/* The part that `node` or one after it is. */
static mf_report_part part_at(mf_json *node, const mf_report_part *before) {
  mf_report_part part = {.node = NULL};
  for (; node; node = node->next) {
    const mf_json *text = node->kind == MF_JSON_MAP ? mf_json_get(node, "text") : NULL;
    if (text == NULL || text->kind != MF_JSON_STRING) continue;
    double depth = mf_report_number_of(node, "depth");
    uint32_t most = before ? before->depth + 1 : 0, least = before && depth != 0;
    if (most > DEEPEST) most = DEEPEST;
    part.node = node;
    part.text = text->as.s;
    part.depth = depth >= most ? most : depth > least ? (uint32_t)depth : least;
    part.value = mf_json_get(node, "value");
    break;
  }
  return part;
}

mf_report_part mf_report_part_first(mf_report *r, mf_report_json parts) {
  mf_json *list = mf_report_parse(r, parts);
  return part_at(list && list->kind == MF_JSON_LIST ? list->as.first : NULL, NULL);
}

mf_report_part mf_report_part_next(const mf_report_part *part) {
  return part_at(part->node->next, part);
}

void mf_report_part_lines(mf_report *r, mf_buf *out, mf_report_json parts, const char *indent) {
  mf_report_part part = mf_report_part_first(r, parts);
  for (; part.node; part = mf_report_part_next(&part)) {
    mf_buf_puts(out, indent);
    for (uint32_t i = 0; i < part.depth; i++) mf_buf_puts(out, "  ");
    mf_buf_add_str(out, part.text);
    mf_buf_puts(out, " = ");
    mf_report_value(r, out, part.value, false);
    mf_buf_putc(out, '\n');
  }
}
