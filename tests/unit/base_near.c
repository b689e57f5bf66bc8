/* SPDX-License-Identifier: MIT */
#include "../../base/text.h"

#include <check.h>

#define S(lit) MF_STR(lit)

START_TEST(each_edit_costs_one) {
  ck_assert_uint_eq(mf_edit_distance(S("latency"), S("latency"), 3), 0);
  ck_assert_uint_eq(mf_edit_distance(S("latncy"), S("latency"), 3), 1);   /* missing */
  ck_assert_uint_eq(mf_edit_distance(S("lattency"), S("latency"), 3), 1); /* extra */
  ck_assert_uint_eq(mf_edit_distance(S("lotency"), S("latency"), 3), 1);  /* other */
  ck_assert_uint_eq(mf_edit_distance(S("altency"), S("latency"), 3), 1);  /* swapped */
  ck_assert_uint_eq(mf_edit_distance(S("ca"), S("abc"), 3), 3); /* no edits within a swap */
}
END_TEST

START_TEST(case_costs_nothing) {
  ck_assert_uint_eq(mf_edit_distance(S("MaxLatency"), S("max_latency"), 3), 1);
  ck_assert_uint_eq(mf_edit_distance(S("STEP"), S("step"), 0), 0);
}
END_TEST

START_TEST(past_the_limit_is_limit_and_one) {
  ck_assert_uint_eq(mf_edit_distance(S("abcd"), S("wxyz"), 2), 3);
  ck_assert_uint_eq(mf_edit_distance(S(""), S("wxyz"), 2), 3);
  ck_assert_uint_eq(mf_edit_distance(S(""), S("ab"), 2), 2);
}
END_TEST

START_TEST(long_names_are_only_compared) {
  char a[200], b[200];
  memset(a, 'a', sizeof a);
  memset(b, 'a', sizeof b);
  ck_assert_uint_eq(mf_edit_distance((mf_str){a, 200}, (mf_str){b, 200}, 3), 0);
  b[100] = 'b';
  ck_assert_uint_eq(mf_edit_distance((mf_str){a, 200}, (mf_str){b, 200}, 3), 4);
}
END_TEST

static mf_str nearest(const char *want, const char *first, const char *second) {
  mf_near near;
  mf_near_init(&near, mf_str_of(want));
  mf_near_offer(&near, mf_str_of(first));
  mf_near_offer(&near, mf_str_of(second));
  return mf_near_best(&near);
}

START_TEST(the_nearest_wins_and_the_first_of_equals) {
  ck_assert(mf_str_is(nearest("max_latncy", "max_latent", "max_latency"), "max_latency"));
  ck_assert(mf_str_is(nearest("stop", "step", "shop"), "step"));
}
END_TEST

START_TEST(what_is_not_near_enough_is_not_offered) {
  ck_assert_uint_eq(nearest("wait", "http_load", "report").n, 0);
  ck_assert_uint_eq(nearest("abc", "abxy", "bc_d").n, 0); /* two edits in three */
}
END_TEST

START_TEST(a_name_of_one_letter_is_not_near_another) {
  ck_assert_uint_eq(nearest("x", "y", "").n, 0);
  ck_assert(mf_str_is(nearest("x", "y", "xs"), "xs"));
  ck_assert(mf_str_is(nearest("x", "y", "X"), "X"));
}
END_TEST

Suite *base_near_suite(void);
Suite *base_near_suite(void) {
  Suite *suite = suite_create("base/near");
  TCase *t = tcase_create("near");
  tcase_add_test(t, each_edit_costs_one);
  tcase_add_test(t, case_costs_nothing);
  tcase_add_test(t, past_the_limit_is_limit_and_one);
  tcase_add_test(t, long_names_are_only_compared);
  tcase_add_test(t, the_nearest_wins_and_the_first_of_equals);
  tcase_add_test(t, what_is_not_near_enough_is_not_offered);
  tcase_add_test(t, a_name_of_one_letter_is_not_near_another);
  suite_add_tcase(suite, t);
  return suite;
}
