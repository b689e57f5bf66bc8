/* SPDX-License-Identifier: MIT */
#include "../../runner/printable.h"

#include <check.h>

Suite *runner_printable_suite(void);

static const struct {
  const char *in, *out;
} cases[] = {
    {"plain text, 5 %", "plain text, 5 %"},
    {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac"},
    {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
    {"\x1b[31mred\a", "\\x1b[31mred\\a"},
    {"\x7f\xc2\x9b", "\\x7f\\x9b"}, /* DEL, and CSI as one code point */
    {"\xff\xc3(", "\\xff\\xc3("},   /* not UTF-8 */
    {"\xe2\x80\xae"
     "abc",
     "\\u202eabc"}, /* right-to-left override */
    {"\xe2\x80\xa8"
     "x\xef\xbb\xbf",
     "\\u2028x\\ufeff"},
    {"", ""},
};

START_TEST(only_harmless_text_comes_out) {
  mf_buf out;
  mf_buf_init(&out, NULL, 0);
  mf_print_safe(&out, mf_str_of(cases[_i].in));
  ck_assert_str_eq(out.p ? out.p : "", cases[_i].out);
  mf_buf_fini(&out);
}
END_TEST

Suite *runner_printable_suite(void) {
  Suite *s = suite_create("runner_printable");
  TCase *t = tcase_create("all");
  tcase_add_loop_test(t, only_harmless_text_comes_out, 0, (int)(sizeof cases / sizeof *cases));
  suite_add_tcase(s, t);
  return s;
}
