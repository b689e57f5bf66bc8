/* SPDX-License-Identifier: MIT */
#include "../../base/text.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define S(lit) MF_STR(lit)

/* ---- Integers ---- */

START_TEST(integers_read_to_their_limits) {
  int64_t i;
  uint64_t u;
  ck_assert(mf_parse_int(S("9223372036854775807"), &i) && i == INT64_MAX);
  ck_assert(mf_parse_int(S("-9223372036854775808"), &i) && i == INT64_MIN);
  ck_assert(mf_parse_uint(S("18446744073709551615"), &u) && u == UINT64_MAX);
  ck_assert(mf_parse_int(S("+007"), &i) && i == 7);
  ck_assert(mf_parse_int(S("-0"), &i) && i == 0);
}
END_TEST

START_TEST(integers_past_their_limits_are_refused) {
  int64_t i;
  uint64_t u;
  ck_assert(!mf_parse_int(S("9223372036854775808"), &i));
  ck_assert(!mf_parse_int(S("-9223372036854775809"), &i));
  ck_assert(!mf_parse_uint(S("18446744073709551616"), &u));
  ck_assert(!mf_parse_uint(S("99999999999999999999"), &u));
}
END_TEST

START_TEST(integers_are_digits_only) {
  static const char *const bad[] = {"", "-", "+", "--1", " 1", "1 ", "0x1", "1.0", "1e3"};
  int64_t i;
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
    ck_assert_msg(!mf_parse_int(mf_str_of(bad[k]), &i), "%s", bad[k]);
  uint64_t u;
  ck_assert(!mf_parse_uint(S("-1"), &u) && !mf_parse_uint(S("+1"), &u));
}
END_TEST

START_TEST(integers_print_to_their_limits) {
  char text[24];
  ck_assert_uint_eq(mf_format_int(INT64_MIN, text), 20);
  ck_assert_str_eq(text, "-9223372036854775808");
  mf_format_uint(UINT64_MAX, text);
  ck_assert_str_eq(text, "18446744073709551615");
  mf_format_int(0, text);
  ck_assert_str_eq(text, "0");
  for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10)
    for (uint64_t u = power - 1; u <= power + 1; u++) {
      char expected[24];
      snprintf(expected, sizeof expected, "%llu", (unsigned long long)u);
      ck_assert_uint_eq(mf_format_uint(u, text), strlen(expected));
      ck_assert_str_eq(text, expected);
    }
}
END_TEST

/* ---- Doubles ---- */

static double read(const char *text) {
  double d = 0;
  ck_assert_msg(mf_parse_double(mf_str_of(text), true, &d, NULL), "%s", text);
  return d;
}

START_TEST(doubles_read_as_strtod_reads_them) {
  static const char *const texts[] = {
      "0",
      "-0",
      "5",
      "0.1",
      "1.",
      ".5",
      "+1.5e3",
      "1e22",
      "1e23",
      "123456789012345678901234567890",
      "9007199254740993",
      "9007199254740993.0000000000000000000000000001",
      "1e-400",
      "2.2250738585072011e-308",
      "4.9406564584124654e-324",
      "2.4703282292062327e-324",
      "2.4703282292062328e-324",
      "1.7976931348623158e308",
      "0.000000000000000000000000000001e30",
      "10000000000000000000000000000000000000000e-40",
      "1e-99999999999999999999",
      "0e99999999999999999",
      "6929495644600919.5",
      "3.7455744005952583e15",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    double expected = strtod(texts[i], NULL), d = read(texts[i]);
    ck_assert_msg(memcmp(&d, &expected, sizeof d) == 0, "%s: %a, not %a", texts[i], d, expected);
  }
}
END_TEST

/* The exact middle between 1 and the next double, and a little above it: the
 * thousandth digit decides. */
START_TEST(every_digit_can_decide) {
  char text[1200] = "1.00000000000000011102230246251565404236316680908203125";
  ck_assert(read(text) == 1.0);
  size_t n = strlen(text);
  memset(text + n, '0', 1000);
  text[n + 1000] = '\0';
  ck_assert(read(text) == 1.0);
  text[n + 999] = '1';
  ck_assert(read(text) == 1.0000000000000002);
}
END_TEST

START_TEST(only_decimals_are_doubles) {
  static const char *const bad[] = {"",   ".",  "-",   "e5",  "1e", "1e+",     "1.5.2", "0x1p3",
                                    " 1", "1 ", "1,5", "--1", "in", "infinit", "nano",  "1inf"};
  double d;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_msg(!mf_parse_double(mf_str_of(bad[i]), true, &d, NULL), "%s", bad[i]);
  ck_assert(!mf_parse_double(S("inf"), false, &d, NULL));
  ck_assert(!mf_parse_double(S("1\0"), false, &d, NULL));
}
END_TEST

START_TEST(special_words_have_any_case_and_a_sign) {
  ck_assert(isinf(read("inf")) && read("Infinity") > 0 && read("-INF") < 0 && read("+inf") > 0);
  ck_assert(isnan(read("NaN")) && isnan(read("-nan")));
}
END_TEST

START_TEST(overflow_is_told_from_infinity) {
  double d;
  bool overflow;
  ck_assert(mf_parse_double(S("-1e309"), true, &d, &overflow) && overflow && d < 0 && isinf(d));
  ck_assert(mf_parse_double(S("inf"), true, &d, &overflow) && !overflow && isinf(d));
  ck_assert(mf_parse_double(S("1e308"), true, &d, &overflow) && !overflow);
}
END_TEST

static void prints(double d, const char *expected) {
  char text[32];
  size_t n = mf_format_double(d, text);
  ck_assert_str_eq(text, expected);
  ck_assert_uint_eq(n, strlen(expected));
}

START_TEST(doubles_print_short) {
  prints(5, "5");
  prints(-0.0, "-0");
  prints(0.1, "0.1");
  prints(-123.456, "-123.456");
  prints(0.1 + 0.2, "0.30000000000000004");
  prints(100, "100");
  prints(999999999999999, "999999999999999");
  prints(1e15, "1e+15");
  prints(1234567890123456, "1234567890123456");
  prints(0.0001, "0.0001");
  prints(0.00012345678901234, "0.00012345678901234");
  prints(0.00001, "1e-05");
  prints(6.02214e23, "6.02214e+23");
  prints(5e-324, "5e-324");
  prints(1.7976931348623157e308, "1.7976931348623157e+308");
  prints((double)INFINITY, "Infinity");
  prints(-(double)INFINITY, "-Infinity");
  prints((double)NAN, "NaN");
}
END_TEST

static double random_double(void) {
  uint64_t bits = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();
  double d;
  if (rand() % 2) return (double)(bits % 1000000007) / (rand() % 2 ? 1000 : 97);
  memcpy(&d, &bits, sizeof d);
  return d - d == 0 ? d : 1;
}

static bool reads_back(double d, char text[32]) {
  double back = 0;
  size_t n = mf_format_double(d, text);
  return n < 32 && text[n] == '\0' && mf_parse_double((mf_str){text, n}, false, &back, NULL) &&
         memcmp(&back, &d, sizeof d) == 0;
}

START_TEST(what_is_printed_reads_back) {
  char text[32];
  srand(3);
  for (int i = 0; i < 50000; i++) {
    double d = random_double();
    if (!reads_back(d, text)) ck_abort_msg("%a gave %s", d, text);
  }
}
END_TEST

START_TEST(any_spelling_reads_as_strtod_reads_it) {
  char text[64];
  srand(4);
  for (int i = 0; i < 50000; i++) {
    double d = 0;
    int n = snprintf(text, sizeof text, "%.*e", rand() % 30, random_double());
    if (!mf_parse_double((mf_str){text, (size_t)n}, false, &d, NULL) || d != strtod(text, NULL))
      ck_abort_msg("%s", text);
  }
}
END_TEST

Suite *base_numbers_suite(void);
Suite *base_numbers_suite(void) {
  Suite *suite = suite_create("base/numbers");
  TCase *t = tcase_create("numbers");
  tcase_add_test(t, integers_read_to_their_limits);
  tcase_add_test(t, integers_past_their_limits_are_refused);
  tcase_add_test(t, integers_are_digits_only);
  tcase_add_test(t, integers_print_to_their_limits);
  tcase_add_test(t, doubles_read_as_strtod_reads_them);
  tcase_add_test(t, every_digit_can_decide);
  tcase_add_test(t, only_decimals_are_doubles);
  tcase_add_test(t, special_words_have_any_case_and_a_sign);
  tcase_add_test(t, overflow_is_told_from_infinity);
  tcase_add_test(t, doubles_print_short);
  tcase_add_test(t, what_is_printed_reads_back);
  tcase_add_test(t, any_spelling_reads_as_strtod_reads_it);
  suite_add_tcase(suite, t);
  return suite;
}
