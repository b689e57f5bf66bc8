/* SPDX-License-Identifier: MIT */
#include "../../base/span.h"

#include <check.h>

static mf_arena arena;
static mf_lines lines;

static void set_up(void) { mf_arena_init(&arena, NULL, 0); }
static void tear_down(void) { mf_arena_fini(&arena); }

static void open(mf_str source) { ck_assert(mf_lines_init(&lines, &arena, source)); }

static void is_at(uint32_t offset, uint32_t expected_line, uint32_t expected_column) {
  uint32_t line, column;
  mf_lines_find(&lines, offset, &line, &column);
  ck_assert_uint_eq(line, expected_line);
  ck_assert_uint_eq(column, expected_column);
}

START_TEST(join_reaches_from_the_first_to_the_last) {
  mf_span s = mf_span_join((mf_span){3, 2}, (mf_span){10, 4});
  ck_assert_uint_eq(s.offset, 3);
  ck_assert_uint_eq(s.length, 11);
}
END_TEST

START_TEST(lines_and_columns_begin_at_one) {
  open(MF_STR("ab\n\ncd"));
  is_at(0, 1, 1);
  is_at(2, 1, 3); /* the newline belongs to the line it ends */
  is_at(3, 2, 1);
  is_at(4, 3, 1);
  is_at(6, 3, 3);
  is_at(99, 3, 3);
}
END_TEST

START_TEST(columns_count_code_points) {
  open(MF_STR("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80x"));
  is_at(9, 1, 4);
}
END_TEST

START_TEST(each_invalid_byte_is_a_column) {
  open(MF_STR("\x80\xFF\xC3x"));
  is_at(3, 1, 4);
}
END_TEST

START_TEST(a_byte_order_mark_is_no_column) {
  open(MF_STR("\xEF\xBB\xBFname: x\n"));
  is_at(0, 1, 1);
  is_at(3, 1, 1);
  ck_assert(mf_str_is(mf_lines_text(&lines, 1), "name: x"));
}
END_TEST

START_TEST(text_comes_without_its_line_end) {
  open(MF_STR("a\r\nb\nc\r"));
  ck_assert(mf_str_is(mf_lines_text(&lines, 1), "a"));
  ck_assert(mf_str_is(mf_lines_text(&lines, 2), "b"));
  ck_assert(mf_str_is(mf_lines_text(&lines, 3), "c"));
  ck_assert_uint_eq(mf_lines_text(&lines, 0).n + mf_lines_text(&lines, 4).n, 0);
}
END_TEST

START_TEST(an_empty_source_is_one_empty_line) {
  open((mf_str){NULL, 0});
  is_at(0, 1, 1);
  ck_assert_uint_eq(lines.count, 1);
  ck_assert_uint_eq(mf_lines_text(&lines, 1).n, 0);
}
END_TEST

START_TEST(without_memory_everything_is_at_the_start) {
  arena.limit = 1;
  ck_assert(!mf_lines_init(&lines, &arena, MF_STR("a\nb")));
  is_at(2, 1, 1);
  ck_assert_uint_eq(mf_lines_text(&lines, 1).n, 0);
}
END_TEST

Suite *base_span_suite(void);
Suite *base_span_suite(void) {
  Suite *suite = suite_create("base/span");
  TCase *t = tcase_create("span");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, join_reaches_from_the_first_to_the_last);
  tcase_add_test(t, lines_and_columns_begin_at_one);
  tcase_add_test(t, columns_count_code_points);
  tcase_add_test(t, each_invalid_byte_is_a_column);
  tcase_add_test(t, a_byte_order_mark_is_no_column);
  tcase_add_test(t, text_comes_without_its_line_end);
  tcase_add_test(t, an_empty_source_is_one_empty_line);
  tcase_add_test(t, without_memory_everything_is_at_the_start);
  suite_add_tcase(suite, t);
  return suite;
}
