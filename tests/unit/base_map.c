/* SPDX-License-Identifier: MIT */
#include "../../base/map.h"

#include <check.h>

static mf_arena arena;
static mf_names names;

static void set_up(void) {
  mf_arena_init(&arena, NULL, 0);
  mf_names_init(&names, &arena);
}

static void tear_down(void) { mf_arena_fini(&arena); }

START_TEST(an_empty_map_has_nothing) {
  ck_assert_uint_eq(mf_names_get(&names, MF_STR("a")), MF_NAMES_NONE);
  ck_assert_uint_eq(mf_names_get(&names, (mf_str){NULL, 0}), MF_NAMES_NONE);
}
END_TEST

START_TEST(set_overwrites_and_keeps_the_place) {
  ck_assert(mf_names_set(&names, MF_STR("a"), 1));
  ck_assert(mf_names_set(&names, MF_STR("b"), 2));
  ck_assert(mf_names_set(&names, MF_STR("a"), 3));
  ck_assert_uint_eq(mf_names_get(&names, MF_STR("a")), 3);
  ck_assert_uint_eq(names.count, 2);
  ck_assert(mf_str_is(names.entries[0].name, "a"));
}
END_TEST

START_TEST(the_empty_name_is_a_name) {
  ck_assert(mf_names_set(&names, MF_STR(""), 9));
  ck_assert_uint_eq(mf_names_get(&names, (mf_str){NULL, 0}), 9);
}
END_TEST

START_TEST(ten_thousand_names_are_found_in_order) {
  for (uint32_t i = 0; i < 10000; i++) {
    const char *name = mf_arena_printf(&arena, "name%u", (unsigned)i);
    ck_assert(mf_names_set(&names, mf_str_of(name), i));
  }
  for (uint32_t i = 0; i < 10000; i++) {
    ck_assert_uint_eq(names.entries[i].value, i);
    ck_assert_uint_eq(mf_names_get(&names, names.entries[i].name), i);
  }
  ck_assert_uint_eq(mf_names_get(&names, MF_STR("name10000")), MF_NAMES_NONE);
}
END_TEST

START_TEST(out_of_memory_keeps_what_is_there) {
  uint32_t added = 0;
  static char text[20000][8];
  arena.limit = 20000;
  for (; added < 20000; added++) {
    size_t n = mf_format_uint(added, text[added]);
    if (!mf_names_set(&names, (mf_str){text[added], n}, added)) break;
  }
  ck_assert_uint_lt(added, 20000);
  ck_assert_uint_eq(names.count, added);
  for (uint32_t i = 0; i < added; i++)
    ck_assert_uint_eq(mf_names_get(&names, mf_str_of(text[i])), i);
}
END_TEST

Suite *base_map_suite(void);
Suite *base_map_suite(void) {
  Suite *suite = suite_create("base/map");
  TCase *t = tcase_create("map");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, an_empty_map_has_nothing);
  tcase_add_test(t, set_overwrites_and_keeps_the_place);
  tcase_add_test(t, the_empty_name_is_a_name);
  tcase_add_test(t, ten_thousand_names_are_found_in_order);
  tcase_add_test(t, out_of_memory_keeps_what_is_there);
  suite_add_tcase(suite, t);
  return suite;
}
