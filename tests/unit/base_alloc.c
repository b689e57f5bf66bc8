/* SPDX-License-Identifier: MIT */
#include "../../base/alloc.h"

#include <check.h>

static mf_counting_alloc counting(void) {
  mf_counting_alloc c = {.inner = mf_alloc_default()};
  return c;
}

START_TEST(default_allocates_grows_and_frees) {
  mf_alloc a = mf_alloc_default();
  char *p = mf_realloc(&a, NULL, 0, 4);
  ck_assert_ptr_nonnull(p);
  p[3] = 'x';
  p = mf_realloc(&a, p, 4, 4000);
  ck_assert_int_eq(p[3], 'x');
  ck_assert_ptr_null(mf_realloc(&a, p, 4000, 0));
}
END_TEST

START_TEST(an_allocator_without_function_is_the_default) {
  mf_alloc none = {NULL, NULL}, a = mf_alloc_default();
  ck_assert(mf_alloc_or_default(NULL).fn == a.fn);
  ck_assert(mf_alloc_or_default(&none).fn == a.fn);
}
END_TEST

START_TEST(counting_knows_use_and_peak) {
  mf_counting_alloc c = counting();
  mf_alloc a = mf_counting_alloc_as_alloc(&c);
  void *p = mf_realloc(&a, NULL, 0, 100);
  p = mf_realloc(&a, p, 100, 40);
  ck_assert_uint_eq(c.in_use, 40);
  ck_assert_uint_eq(c.peak, 100);
  ck_assert_uint_eq(c.calls, 1); /* shrinking asks for nothing */
  mf_realloc(&a, p, 40, 0);
  ck_assert_uint_eq(c.in_use, 0);
}
END_TEST

START_TEST(past_the_limit_allocation_fails_and_changes_nothing) {
  mf_counting_alloc c = counting();
  mf_alloc a = mf_counting_alloc_as_alloc(&c);
  c.limit = 100;
  void *p = mf_realloc(&a, NULL, 0, 100);
  ck_assert_ptr_nonnull(p);
  ck_assert_ptr_null(mf_realloc(&a, p, 100, 101));
  ck_assert_ptr_null(mf_realloc(&a, NULL, 0, SIZE_MAX));
  ck_assert_uint_eq(c.in_use, 100);
  mf_realloc(&a, p, 100, 0);
}
END_TEST

START_TEST(from_fail_at_on_all_calls_fail) {
  mf_counting_alloc c = counting();
  mf_alloc a = mf_counting_alloc_as_alloc(&c);
  c.fail_at = 2;
  void *p = mf_realloc(&a, NULL, 0, 8);
  ck_assert_ptr_nonnull(p);
  ck_assert_ptr_null(mf_realloc(&a, NULL, 0, 8));
  ck_assert_ptr_null(mf_realloc(&a, p, 8, 16));
  mf_realloc(&a, p, 8, 0);
  ck_assert_uint_eq(c.in_use, 0);
}
END_TEST

START_TEST(every_status_has_a_name_and_a_sentence) {
#define MF_STATUS(code, name, text)                   \
  ck_assert_str_eq(mf_status_name(MF_##name), #name); \
  ck_assert_str_eq(mf_status_text(MF_##name), text);
#include "../../include/mfvm_status.def"
#undef MF_STATUS
  ck_assert_str_eq(mf_status_name((mf_status)9999), "UNKNOWN");
  ck_assert_ptr_nonnull(mf_status_text((mf_status)9999));
}
END_TEST

Suite *base_alloc_suite(void);
Suite *base_alloc_suite(void) {
  Suite *suite = suite_create("base/alloc");
  TCase *t = tcase_create("alloc");
  tcase_add_test(t, default_allocates_grows_and_frees);
  tcase_add_test(t, an_allocator_without_function_is_the_default);
  tcase_add_test(t, counting_knows_use_and_peak);
  tcase_add_test(t, past_the_limit_allocation_fails_and_changes_nothing);
  tcase_add_test(t, from_fail_at_on_all_calls_fail);
  tcase_add_test(t, every_status_has_a_name_and_a_sentence);
  suite_add_tcase(suite, t);
  return suite;
}
