/* SPDX-License-Identifier: MIT */
/* Loads over time: what is kept of them, and how it is drawn. */
#include "runner_report_kit.h"

#include <math.h>

Suite *runner_report_loads_suite(void);

/* A second of the load at `path` that ended at `s`. */
static void second(unsigned s, const char *path, const char *requests_and_more) {
  char data[300];
  snprintf(data, sizeof data, "\"metrics\":{},\"recent\":{\"seconds\":1.0,\"requests\":%s}",
           requests_and_more);
  say(s * 1000, "metrics", path, data);
}

static void second_of(unsigned s, const char *path, unsigned requests, unsigned errors,
                      double p99) {
  char text[200];
  snprintf(text, sizeof text,
           "%u,\"errors\":%u,\"latency_p50\":1.0,\"latency_p95\":2.0,\"latency_p99\":%g", requests,
           errors, p99);
  second(s, path, text);
}

START_TEST(each_second_is_a_point) {
  begin();
  second_of(1, "a", 10, 0, 3);
  second_of(2, "a", 20, 5, 4);
  say(4000, "verdict", "", "\"outcome\":\"passed\",\"duration\":4.0");
  render("html");
  has("<polyline class=\"of\" points=\"125.0,50.0 375.0,0.0\"/>");         /* throughput */
  has("<polyline class=\"of low\" points=\"125.0,75.0 375.0,75.0\"/>");    /* p50 */
  has("<polyline class=\"of high\" points=\"125.0,25.0 375.0,0.0\"/>");    /* p99 */
  has("<polyline class=\"of failed\" points=\"125.0,100.0 375.0,0.0\"/>"); /* 0 %, 25 % */
  has("<th scope=\"row\">Errors, %</th><td class=\"num\" data-label=\"Least\">0</td>"
      "<td class=\"num\" data-label=\"Greatest\">25.0</td>");
  has_not("<script");
}
END_TEST

/* Without a response there is no latency, and without a request no share of errors. */
START_TEST(what_was_not_measured_is_a_gap) {
  begin();
  second_of(1, "a", 10, 0, 4);
  second(2, "a", "0,\"errors\":0");
  second_of(3, "a", 10, 0, 2);
  say(4000, "verdict", "", "\"outcome\":\"passed\",\"duration\":4.0");
  render("html");
  has("<polyline class=\"of\" points=\"125.0,0.0 375.0,100.0 625.0,0.0\"/>");
  has("<polyline class=\"of high\" points=\"125.0,0.0 125.0,0.0\"/>");
  has("<polyline class=\"of high\" points=\"625.0,50.0 625.0,50.0\"/>");
  render("json");
  has("\"latency_p99\": null");
}
END_TEST

START_TEST(loads_have_lines_of_their_own) {
  begin();
  second_of(1, "a", 10, 0, 4);
  second_of(1, "b", 5, 0, 4);
  second_of(2, "a", 10, 0, 4);
  second_of(2, "b", 5, 0, 4);
  second_of(4, "a", 10, 0, 4); /* it began again */
  say(4000, "verdict", "", "\"outcome\":\"passed\",\"duration\":4.0");
  render("html");
  has("<polyline class=\"of\" points=\"125.0,0.0 375.0,0.0\"/>");
  has("<polyline class=\"of\" points=\"125.0,50.0 375.0,50.0\"/>");
  has("<polyline class=\"of\" points=\"875.0,0.0 875.0,0.0\"/>");
}
END_TEST

START_TEST(a_stall_is_seen_in_a_run_of_a_week) {
  double requests[2] = {0, 0}, errors = 0, worst = 0;
  begin();
  for (unsigned s = 1; s <= 50000; s++) {
    second_of(s, "a", 7, s == 1234, s == 31234 ? 1000 : 3);
    if (s % 100 < 50) second_of(s, "b", 1, 0, 5);
  }
  ck_assert_uint_le(report->seconds_count, MF_REPORT_SECONDS);
  ck_assert_uint_gt(report->seconds_count, MF_REPORT_SECONDS / 4);
  ck_assert_uint_eq(report->seconds_left_out, 0);
  for (uint32_t i = 0; i < report->seconds_count; i++) {
    const mf_report_second *s = &report->seconds[i];
    requests[mf_str_is(s->path, "b")] += s->requests;
    errors += s->errors;
    worst = fmax(worst, s->p99);
    ck_assert_double_le(s->seconds, report->seconds_most);
  }
  ck_assert_double_eq(requests[0], 7.0 * 50000);
  ck_assert_double_eq(requests[1], 25000);
  ck_assert_double_eq(errors, 1);
  ck_assert_double_eq(worst, 1000);
}
END_TEST

START_TEST(seconds_without_room_are_counted) {
  char path[24];
  begin();
  for (unsigned i = 0; i < 1000; i++) {
    snprintf(path, sizeof path, "steps[0]@%u", i);
    second_of(1 + i, path, 1, 0, 1);
  }
  ck_assert_uint_eq(report->seconds_count, MF_REPORT_SECONDS);
  ck_assert_uint_eq(report->seconds_left_out, 1000 - MF_REPORT_SECONDS);
  verdict("\"outcome\":\"passed\"");
  render("json");
  has("\"series\": 400");
}
END_TEST

/* Journals may come from elsewhere, and from before there were such lines. */
START_TEST(what_is_no_second_is_left_out) {
  static const char *const none[] = {
      "\"metrics\":{}",
      "\"metrics\":{},\"recent\":7",
      "\"metrics\":{},\"recent\":{}",
      "\"metrics\":{},\"recent\":{\"seconds\":-1,\"requests\":1}",
      "\"metrics\":{},\"recent\":{\"seconds\":1e300,\"requests\":1}",
      "\"metrics\":{},\"recent\":{\"seconds\":\"1\",\"requests\":1}",
  };
  begin();
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) say(1000, "metrics", "a", none[i]);
  ck_assert_uint_eq(report->seconds_count, 0);
  second(1, "a", "1e300,\"errors\":-5,\"latency_p50\":-1,\"latency_p99\":\"x\"");
  ck_assert_uint_eq(report->seconds_count, 1);
  ck_assert_double_eq(report->seconds[0].requests, 0);
  ck_assert_double_eq(report->seconds[0].errors, 0);
  ck_assert(isnan(report->seconds[0].p50) && isnan(report->seconds[0].p99));
  verdict("\"outcome\":\"passed\"");
  render("html");
  has_not("nan");
}
END_TEST

Suite *runner_report_loads_suite(void) {
  Suite *s = suite_create("runner_report_loads");
  TCase *c = tcase_create("loads");
  tcase_add_checked_fixture(c, set_up, tear_down);
  tcase_add_test(c, each_second_is_a_point);
  tcase_add_test(c, what_was_not_measured_is_a_gap);
  tcase_add_test(c, loads_have_lines_of_their_own);
  tcase_add_test(c, a_stall_is_seen_in_a_run_of_a_week);
  tcase_add_test(c, seconds_without_room_are_counted);
  tcase_add_test(c, what_is_no_second_is_left_out);
  suite_add_tcase(s, c);
  return s;
}
