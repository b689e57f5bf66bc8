/* SPDX-License-Identifier: MIT */
#include "../../base/text.h"

#include <check.h>

static mf_counting_alloc memory;
static mf_buf buf;

static void set_up(void) {
  memory = (mf_counting_alloc){.inner = mf_alloc_default()};
  mf_alloc a = mf_counting_alloc_as_alloc(&memory);
  mf_buf_init(&buf, &a, 1000);
}

static void tear_down(void) {
  mf_buf_fini(&buf);
  ck_assert_uint_eq(memory.in_use, 0);
}

START_TEST(what_is_added_comes_out_in_order) {
  mf_buf_puts(&buf, "a");
  mf_buf_putc(&buf, 'b');
  mf_buf_add(&buf, "cxx", 1);
  mf_buf_add_str(&buf, MF_STR("d"));
  mf_buf_printf(&buf, "%d%s", 12, "e");
  ck_assert_str_eq(buf.p, "abcd12e");
  ck_assert_uint_eq(mf_buf_str(&buf).n, 7);
}
END_TEST

START_TEST(growth_is_not_a_call_for_every_byte) {
  for (int i = 0; i < 1000; i++) mf_buf_putc(&buf, 'x');
  ck_assert_uint_eq(buf.n, 1000);
  ck_assert_uint_le(memory.calls, 8);
}
END_TEST

START_TEST(the_maximum_counts_content_and_is_exact) {
  ck_assert(mf_buf_reserve(&buf, 1000));
  ck_assert(!buf.failed);
  ck_assert(!mf_buf_reserve(&buf, 1001));
  ck_assert(buf.failed && buf.too_large);
}
END_TEST

START_TEST(after_a_failure_writes_do_nothing) {
  mf_buf_puts(&buf, "kept");
  mf_buf_printf(&buf, "%2000d", 1);
  mf_buf_puts(&buf, "lost");
  ck_assert(buf.failed && buf.too_large);
  ck_assert_str_eq(buf.p, "kept");
}
END_TEST

START_TEST(out_of_memory_is_not_too_large) {
  memory.fail_at = 1;
  mf_buf_putc(&buf, 'x');
  ck_assert(buf.failed && !buf.too_large);
  ck_assert_uint_eq(buf.n, 0);
}
END_TEST

START_TEST(a_huge_reserve_does_not_overflow) {
  mf_buf_puts(&buf, "x");
  ck_assert(!mf_buf_reserve(&buf, SIZE_MAX));
}
END_TEST

START_TEST(maximum_zero_is_none) {
  mf_buf_fini(&buf);
  mf_buf_init(&buf, NULL, 0);
  mf_buf_printf(&buf, "%5000d", 1);
  ck_assert_uint_eq(buf.n, 5000);
}
END_TEST

START_TEST(consume_drops_from_the_front) {
  mf_buf_consume(&buf, 3); /* nothing there yet */
  mf_buf_puts(&buf, "abcdef");
  mf_buf_consume(&buf, 2);
  ck_assert_str_eq(buf.p, "cdef");
  mf_buf_consume(&buf, 99);
  ck_assert_str_eq(buf.p, "");
}
END_TEST

START_TEST(clear_leaves_an_empty_text) {
  mf_buf_puts(&buf, "abc");
  mf_buf_clear(&buf);
  ck_assert_str_eq(buf.p, "");
  ck_assert_uint_eq(buf.n, 0);
}
END_TEST

Suite *base_buffer_suite(void);
Suite *base_buffer_suite(void) {
  Suite *suite = suite_create("base/buffer");
  TCase *t = tcase_create("buffer");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, what_is_added_comes_out_in_order);
  tcase_add_test(t, growth_is_not_a_call_for_every_byte);
  tcase_add_test(t, the_maximum_counts_content_and_is_exact);
  tcase_add_test(t, after_a_failure_writes_do_nothing);
  tcase_add_test(t, out_of_memory_is_not_too_large);
  tcase_add_test(t, a_huge_reserve_does_not_overflow);
  tcase_add_test(t, maximum_zero_is_none);
  tcase_add_test(t, consume_drops_from_the_front);
  tcase_add_test(t, clear_leaves_an_empty_text);
  suite_add_tcase(suite, t);
  return suite;
}
