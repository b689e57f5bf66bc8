/* SPDX-License-Identifier: MIT */
/* input_table - the table of what a document takes: what is proved of it, and how the
 * embedder sees it. */
#include "parts.h"

#define KIND(name) (1u << MF_##name)

bool mf_input_type_has(uint32_t type, uint32_t kind) {
  static const uint32_t kinds[] = {
      [MF_INPUT_TYPE_ANY] = ~(KIND(UNSET) | KIND(ERROR)),
      [MF_INPUT_TYPE_BOOL] = KIND(BOOL),
      [MF_INPUT_TYPE_INT] = KIND(INT),
      [MF_INPUT_TYPE_UINT] = KIND(UINT),
      [MF_INPUT_TYPE_DOUBLE] = KIND(DOUBLE),
      [MF_INPUT_TYPE_NUMBER] = KIND(INT) | KIND(UINT) | KIND(DOUBLE),
      [MF_INPUT_TYPE_STRING] = KIND(STRING),
      [MF_INPUT_TYPE_LIST] = KIND(LIST),
      [MF_INPUT_TYPE_MAP] = KIND(MAP),
      [MF_INPUT_TYPE_DURATION] = KIND(DURATION),
      [MF_INPUT_TYPE_TIMESTAMP] = KIND(TIMESTAMP),
  };
  return (kinds[type] >> kind & 1) != 0;
}

bool mf_input_type_is_ordered(uint32_t type) {
  return (type >= MF_INPUT_TYPE_INT && type <= MF_INPUT_TYPE_NUMBER) ||
         type == MF_INPUT_TYPE_DURATION || type == MF_INPUT_TYPE_TIMESTAMP;
}

/* ---- what is proved ---- */

static bool constant_fits(const mf_image *im, uint32_t type, uint32_t constant) {
  return constant == MF_ABSENT || mf_input_type_has(type, im->values[constant].kind);
}

static bool allowed_fit(const mf_image *im, uint32_t type, uint32_t constant) {
  if (constant == MF_ABSENT) return true;
  const mf_value *list = &im->values[constant];
  if (list->kind != MF_LIST || list->len == 0) return false;
  for (uint32_t i = 0; i < list->len; i++)
    if (!mf_input_type_has(type, list->as.list[i].kind)) return false;
  return true;
}

static const char *wrong_with(const mf_image *im, const mf_row_input *input, uint32_t row) {
  const mf_row_slot *slot = &MF_ROWS(im, SLOT, slot)[input->slot];
  const bool bounded = input->min != MF_ABSENT || input->max != MF_ABSENT;
  if (slot->kind != MF_SLOT_KIND_INPUT || slot->arg != row) return "its slot is of something else";
  if (!constant_fits(im, input->type, input->initial)) return "its default is not of its type";
  if (bounded && !mf_input_type_is_ordered(input->type)) return "its type has no order";
  if (!constant_fits(im, input->type, input->min) || !constant_fits(im, input->type, input->max))
    return "a bound is not of its type";
  if (!allowed_fit(im, input->type, input->allowed))
    return "what is allowed is no list of values of its type";
  if (input->pattern == MF_ABSENT) return NULL;
  if (input->type != MF_INPUT_TYPE_STRING) return "a pattern is for texts only";
  return im->values[input->pattern].kind == MF_STRING ? NULL : "its pattern is no text";
}

const char *mf_inputs_wrong(const mf_image *im, uint32_t *row) {
  const mf_row_input *inputs = MF_ROWS(im, INPUT, input);
  const mf_row_slot *slots = MF_ROWS(im, SLOT, slot);
  for (*row = 0; *row < MF_ROW_COUNT(im, INPUT); ++*row) {
    const char *wrong = wrong_with(im, &inputs[*row], *row);
    if (wrong) return wrong;
  }
  for (uint32_t i = 0; i < MF_ROW_COUNT(im, SLOT); i++) {
    if (slots[i].kind != MF_SLOT_KIND_INPUT) continue;
    *row = slots[i].arg;
    if (inputs[*row].slot != i) return "a second slot is of this input";
  }
  return NULL;
}

/* ---- what the embedder sees ---- */

static mf_value constant_or_unset(const mf_image *im, uint32_t constant) {
  return constant == MF_ABSENT ? (mf_value){.kind = MF_UNSET} : im->values[constant];
}

bool mf_input_is_linked(const mf_image *im, uint32_t row) {
  return MF_ROWS(im, INPUT, input)[row].flags & MF_INPUT_FLAGS_LINKED;
}

size_t mf_image_input_count(const mf_image *im) {
  size_t count = 0;
  for (uint32_t row = 0; row < MF_ROW_COUNT(im, INPUT); row++)
    count += !mf_input_is_linked(im, row);
  return count;
}

mf_input mf_image_input(const mf_image *im, size_t i) {
  uint32_t row = 0;
  for (;; row++) {
    if (mf_input_is_linked(im, row)) continue;
    if (i-- == 0) return mf_image_input_row(im, row);
  }
}

mf_input mf_image_input_row(const mf_image *im, uint32_t number) {
  const mf_row_input *row = &MF_ROWS(im, INPUT, input)[number];
  const mf_value pattern = constant_or_unset(im, row->pattern);
  return (mf_input){
      .name = mf_image_string(im, MF_ROWS(im, SLOT, slot)[row->slot].name),
      .description = row->description == MF_ABSENT ? (mf_str){"", 0}
                                                   : mf_image_string(im, row->description),
      .type = mf_enum_word(MF_OPERAND_INPUT_TYPE, row->type),
      .required = (row->flags & MF_INPUT_FLAGS_REQUIRED) != 0,
      .secret = (row->flags & MF_INPUT_FLAGS_SECRET) != 0,
      .computed = (row->flags & MF_INPUT_FLAGS_COMPUTED) != 0,
      .default_value = constant_or_unset(im, row->initial),
      .min = constant_or_unset(im, row->min),
      .max = constant_or_unset(im, row->max),
      .allowed = constant_or_unset(im, row->allowed),
      .pattern = pattern.kind == MF_STRING ? (mf_str){pattern.as.s, pattern.len} : (mf_str){"", 0},
  };
}
