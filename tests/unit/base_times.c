/* SPDX-License-Identifier: MIT */
#include "../../base/text.h"

#include <check.h>

#define SECOND INT64_C(1000000000)

/* ---- Durations ---- */

START_TEST(durations_add_up_their_pairs) {
  static const struct {
    const char *text;
    int64_t ns;
  } cases[] = {
      {"250ms", 250000000},
      {"0.1s", 100000000},
      {"5m", 300 * SECOND},
      {"1h30m", 5400 * SECOND},
      {"2d", 172800 * SECOND},
      {"1us", 1000},
      {"7ns", 7},
      {"0s", 0},
      {"1.5h", 5400 * SECOND},
      {".5s", 500000000},
      {"-1m0.5s", -60 * SECOND - 500000000},
      {"+3s", 3 * SECOND},
      {"0.0000000019s", 1},
      {"1m1m", 120 * SECOND},
      {"0.3333333333333333333333s", 333333333},
      {"9223372036854775807ns", INT64_MAX},
      {"-9223372036854775808ns", INT64_MIN},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int64_t ns = -7;
    ck_assert_msg(mf_parse_duration(mf_str_of(cases[i].text), &ns), "%s", cases[i].text);
    ck_assert_int_eq(ns, cases[i].ns);
  }
}
END_TEST

START_TEST(malformed_durations_are_refused) {
  static const char *const bad[] = {"",      "-",    "5",   "s",    "5 s",    "5S",
                                    "5sec",  "1.s",  ".s",  "1h30", "1h-30m", "1e3s",
                                    "1..5s", "5mss", "1s ", "1,5s"};
  int64_t ns;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_msg(!mf_parse_duration(mf_str_of(bad[i]), &ns), "%s", bad[i]);
}
END_TEST

START_TEST(durations_out_of_range_are_refused) {
  static const char *const bad[] = {"9223372036854775808ns",
                                    "-9223372036854775809ns",
                                    "106752d",
                                    "99999999999999999999s",
                                    "9223372036854775807ns1ns",
                                    "-9223372036854775808ns9223372036854775808ns"};
  int64_t ns;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_msg(!mf_parse_duration(mf_str_of(bad[i]), &ns), "%s", bad[i]);
}
END_TEST

START_TEST(durations_print_without_needless_parts) {
  static const struct {
    int64_t ns;
    const char *text;
  } cases[] = {
      {0, "0s"},
      {1500000000, "1.5s"},
      {250000000, "250ms"},
      {60 * SECOND, "1m"},
      {90 * SECOND, "1m30s"},
      {5400 * SECOND, "1h30m"},
      {86400 * SECOND, "1d"},
      {1500, "1.5us"},
      {1, "1ns"},
      {-2000000, "-2ms"},
      {3600 * SECOND + 1, "1h0.000000001s"},
      {INT64_MIN, "-106751d23h47m16.854775808s"},
  };
  char text[40];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int64_t back = -7;
    ck_assert_uint_eq(mf_format_duration(cases[i].ns, text), strlen(cases[i].text));
    ck_assert_str_eq(text, cases[i].text);
    ck_assert(mf_parse_duration(mf_str_of(text), &back));
    ck_assert_int_eq(back, cases[i].ns);
  }
}
END_TEST

/* ---- Timestamps ---- */

static void reads(const char *text, int64_t expected_seconds, uint32_t expected_nanos) {
  int64_t seconds = 0;
  uint32_t nanos = 0;
  ck_assert_msg(mf_parse_timestamp(mf_str_of(text), &seconds, &nanos), "%s", text);
  ck_assert_int_eq(seconds, expected_seconds);
  ck_assert_uint_eq(nanos, expected_nanos);
}

START_TEST(timestamps_read_with_fraction_and_offset) {
  reads("1970-01-01T00:00:00Z", 0, 0);
  reads("2009-02-13T23:31:30Z", 1234567890, 0);
  reads("2009-02-14t05:01:30.25+05:30", 1234567890, 250000000);
  reads("2009-02-13T18:31:30.000000001-05:00", 1234567890, 1);
  reads("2009-02-13T23:31:30.9999999999z", 1234567890, 999999999);
  reads("2000-02-29T00:00:00Z", 951782400, 0);
  reads("1969-12-31T23:59:59.5Z", -1, 500000000);
  reads("0001-01-01T00:00:00Z", -62135596800, 0);
  reads("9999-12-31T23:59:59Z", 253402300799, 0);
}
END_TEST

START_TEST(what_is_no_time_is_refused) {
  static const char *const bad[] = {
      "",
      "2009",
      "2009-02-13",
      "2009-02-13T23:31:30",
      "2009-02-13 23:31:30Z",
      "2009-13-01T00:00:00Z",
      "2009-00-01T00:00:00Z",
      "2009-02-29T00:00:00Z",
      "1900-02-29T00:00:00Z",
      "2009-04-31T00:00:00Z",
      "2009-01-00T00:00:00Z",
      "2009-01-01T24:00:00Z",
      "2009-01-01T00:60:00Z",
      "2009-01-01T00:00:60Z",
      "2009-01-01T00:00:00.Z",
      "2009-01-01T00:00:00+5:00",
      "2009-01-01T00:00:00+24:00",
      "2009-01-01T00:00:00+0530",
      "2009-01-01T00:00:00Zx",
      "0000-01-01T00:00:00Z",
      "0001-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59-00:01",
      "09-01-01T00:00:00Z",
  };
  int64_t seconds;
  uint32_t nanos;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_msg(!mf_parse_timestamp(mf_str_of(bad[i]), &seconds, &nanos), "%s", bad[i]);
  ck_assert(!mf_parse_timestamp(MF_STR("2009\0"
                                       "01-01T00:00:00Z"),
                                &seconds, &nanos));
}
END_TEST

START_TEST(timestamps_print_in_utc_without_trailing_zeros) {
  char text[40];
  mf_format_timestamp(1234567890, 0, text);
  ck_assert_str_eq(text, "2009-02-13T23:31:30Z");
  ck_assert_uint_eq(mf_format_timestamp(-1, 250000000, text), 23);
  ck_assert_str_eq(text, "1969-12-31T23:59:59.25Z");
}
END_TEST

START_TEST(years_outside_1_to_9999_print_nothing) {
  char text[40] = "x";
  ck_assert_uint_eq(mf_format_timestamp(INT64_MAX, 0, text), 0);
  ck_assert_str_eq(text, "");
  ck_assert_uint_eq(mf_format_timestamp(INT64_MIN, 0, text), 0);
  ck_assert_uint_eq(mf_format_timestamp(0, 1000000000, text), 0);
}
END_TEST

START_TEST(every_day_reads_back) {
  char text[40], before[40] = "";
  int64_t back;
  uint32_t nanos;
  for (int64_t s = -62135596800; s <= 253402300799; s += 86400) {
    size_t n = mf_format_timestamp(s, 0, text);
    if (strcmp(before, text) >= 0) ck_abort_msg("%s follows %s", text, before);
    if (!mf_parse_timestamp((mf_str){text, n}, &back, &nanos) || back != s)
      ck_abort_msg("%s", text);
    memcpy(before, text, n + 1);
  }
}
END_TEST

Suite *base_times_suite(void);
Suite *base_times_suite(void) {
  Suite *suite = suite_create("base/times");
  TCase *t = tcase_create("times");
  tcase_add_test(t, durations_add_up_their_pairs);
  tcase_add_test(t, malformed_durations_are_refused);
  tcase_add_test(t, durations_out_of_range_are_refused);
  tcase_add_test(t, durations_print_without_needless_parts);
  tcase_add_test(t, timestamps_read_with_fraction_and_offset);
  tcase_add_test(t, what_is_no_time_is_refused);
  tcase_add_test(t, timestamps_print_in_utc_without_trailing_zeros);
  tcase_add_test(t, years_outside_1_to_9999_print_nothing);
  tcase_add_test(t, every_day_reads_back);
  suite_add_tcase(suite, t);
  return suite;
}
