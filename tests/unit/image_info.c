/* SPDX-License-Identifier: MIT */
#include "image_kit.h"

START_TEST(opcodes_have_names_operands_and_room) {
  for (unsigned code = 0; code < 256; code++) {
    const mf_op_info *op = &mf_op_table[code];
    if (op->name == NULL) {
      ck_assert_uint_eq(op->words, 0);
      continue;
    }
    const unsigned has_b = op->operands[1] != MF_OPERAND_NONE,
                   has_c = op->operands[2] != MF_OPERAND_NONE;
    ck_assert_uint_eq(op->words, 1 + has_b + has_c);
    ck_assert_msg(has_b || !has_c, "%s has c without b", op->name); /* mf_operand relies on it */
    ck_assert(op->synopsis && *op->synopsis);
  }
}
END_TEST

/* The flow follows labels of these flags only. */
START_TEST(labels_belong_to_jumps_and_frames) {
  for (unsigned code = 0; code < 256; code++) {
    const mf_op_info *op = &mf_op_table[code];
    unsigned labels = 0;
    for (unsigned i = 0; op->name && i < 3; i++) labels += op->operands[i] == MF_OPERAND_LABEL;
    ck_assert_msg((labels > 0) == ((op->flags & (MF_OPF_JUMP | MF_OPF_ENTER)) != 0), "%s",
                  op->name ? op->name : "");
  }
}
END_TEST

START_TEST(rows_and_descriptions_have_the_same_size) {
  ck_assert_uint_eq(mf_table_infos[MF_TABLE_STEP].field_count, sizeof(mf_row_step) / 4);
  for (int t = 0; t < MF_TABLE_COUNT; t++) {
    const mf_table_info *info = &mf_table_infos[t];
    ck_assert(info->field_count >= 1 && info->field_count <= MF_MAX_FIELDS);
    for (uint32_t i = 0; i < info->field_count; i++) ck_assert(info->field_names[i] != NULL);
  }
  ck_assert_str_eq(mf_table_infos[MF_TABLE_HOOK].name, "hook");
  ck_assert_str_eq(mf_table_infos[MF_TABLE_HOOK].field_names[2], "type");
  ck_assert_uint_eq(mf_table_infos[MF_TABLE_HOOK].field_kinds[2], MF_OPERAND_HOOK_TYPE);
}
END_TEST

/* The verifier checks "below the limit": enumerations may have no gaps. */
START_TEST(enumerations_have_no_gaps) {
  for (unsigned kind = MF_OPERAND_CHUNK_KIND; kind <= MF_OPERAND_WATCH_KIND; kind++) {
    const uint32_t limit = mf_enum_limit((mf_operand_kind)kind);
    ck_assert_uint_gt(limit, 0);
    for (uint32_t code = 0; code < limit; code++) {
      const bool one_flag = code && (code & (code - 1)) == 0;
      if (mf_enum_is_flags((mf_operand_kind)kind) && !one_flag) continue;
      const char *word = mf_enum_word((mf_operand_kind)kind, code);
      ck_assert_msg(word != NULL, "kind %u has no code %u", kind, code);
      ck_assert_uint_eq(mf_enum_code((mf_operand_kind)kind, mf_str_of(word)), code);
    }
    ck_assert_ptr_null(mf_enum_word((mf_operand_kind)kind, limit));
  }
}
END_TEST

START_TEST(words_are_found_by_their_kind) {
  ck_assert_uint_eq(mf_enum_code(MF_OPERAND_HOOK_TYPE, MF_STR("post_step")),
                    MF_HOOK_TYPE_POST_STEP);
  ck_assert_uint_eq(mf_enum_code(MF_OPERAND_LEVEL, MF_STR("post_step")), MF_ABSENT);
  ck_assert_uint_eq(mf_enum_code(MF_OPERAND_WORD, MF_STR("info")), MF_ABSENT);
  ck_assert_str_eq(mf_builtin_word(MF_BUILTIN_RUN_ID), "run.id");
  ck_assert_uint_eq(mf_builtin_code(MF_STR("run.id")), MF_BUILTIN_RUN_ID);
  ck_assert_uint_eq(mf_builtin_code(MF_STR("run.ID")), MF_ABSENT);
  ck_assert_ptr_null(mf_builtin_word(mf_builtin_limit()));
}
END_TEST

START_TEST(functions_are_found_by_name_and_arity) {
  const uint32_t size = mf_function_code(MF_STR("size"), 1);
  ck_assert_uint_ne(size, MF_ABSENT);
  ck_assert_str_eq(mf_function_name(size), "size");
  ck_assert(mf_function_arity_ok(size, 1));
  ck_assert(!mf_function_arity_ok(size, 2));
  ck_assert_uint_eq(mf_function_code(MF_STR("size"), 2), MF_ABSENT);
  ck_assert_uint_eq(mf_function_code(MF_STR("Size"), 1), MF_ABSENT);
  ck_assert_uint_eq(mf_function_code(MF_STR(""), 1), MF_ABSENT);
  ck_assert_ptr_null(mf_function_name(0));
  ck_assert_ptr_null(mf_function_name(MF_ABSENT));
  ck_assert(!mf_function_arity_ok(MF_ABSENT, 1));
}
END_TEST

START_TEST(every_function_is_found) {
#define MF_FUNCTION(id, spelling, code, min, max, signatures, cost, doc) \
  ck_assert_uint_eq(mf_function_code(MF_STR(spelling), min), code);      \
  ck_assert_uint_eq(mf_function_code(MF_STR(spelling), max), code);
#include "../../vm/functions.def"
#undef MF_FUNCTION
}
END_TEST

START_TEST(the_digest_does_not_change_in_one_build) {
  ck_assert_uint_eq(mf_image_digest(), mf_image_digest());
  ck_assert_uint_ne(mf_image_digest(), 0);
}
END_TEST

Suite *image_info_suite(void);
Suite *image_info_suite(void) {
  Suite *suite = suite_create("image/info");
  TCase *t = tcase_create("info");
  tcase_add_test(t, opcodes_have_names_operands_and_room);
  tcase_add_test(t, labels_belong_to_jumps_and_frames);
  tcase_add_test(t, rows_and_descriptions_have_the_same_size);
  tcase_add_test(t, enumerations_have_no_gaps);
  tcase_add_test(t, words_are_found_by_their_kind);
  tcase_add_test(t, functions_are_found_by_name_and_arity);
  tcase_add_test(t, every_function_is_found);
  tcase_add_test(t, the_digest_does_not_change_in_one_build);
  suite_add_tcase(suite, t);
  return suite;
}
