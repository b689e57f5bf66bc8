/* SPDX-License-Identifier: MIT */
/* The summary of a run in plain text. */
#include "runner_report_kit.h"

#include "../../base/alloc.h"

Suite *runner_report_summary_suite(void);

static const char *summary(mf_summary_look look) {
  mf_buf_clear(&page);
  mf_buf_puts(&page, "");
  mf_arena_reset(&report->scratch);
  mf_report_summary(report, &page, &look);
  mf_buf_puts(&page, "\n");
  ck_assert(!page.failed);
  return page.p;
}
static const mf_summary_look brief = {.full = false}, full = {.full = true};

#define METRICS(requests, errors)                                                 \
  "{\"requests\":" requests ",\"errors\":" errors                                 \
  ",\"error_rate\":0.125,\"throughput\":9.96,\"bytes_in\":12345,\"bytes_out\":7," \
  "\"dropped\":2,\"status_5xx\":3,\"avg_latency\":1.2345,\"min_latency\":0.5,"    \
  "\"max_latency\":250.4,\"latency_p50\":1,\"latency_p90\":2,\"latency_p95\":3,\"latency_p99\":4}"

static void load(const char *step, const char *more) {
  char data[4096];
  snprintf(data, sizeof data, "\"name\":\"%s\",\"attempt\":1", step);
  say(1, "step_started", step, data);
  snprintf(data, sizeof data,
           "\"id\":1,\"driver\":\"http_load\",\"value\":{\"ok\":true,\"failures\":{\"refused\":2},"
           "\"metrics\":" METRICS("40", "5") "%s}",
           more);
  say(2, "outcome", step, data);
  snprintf(data, sizeof data, "\"name\":\"%s\",\"outcome\":\"passed\",\"duration\":4.0", step);
  say(4000, "step_finished", step, data);
}

static void watch(const char *kind, const char *path, const char *name, const char *outcome,
                  const char *more) {
  char data[1024];
  snprintf(data, sizeof data, "\"index\":0,\"kind\":\"%s\",\"name\":\"%s\",\"outcome\":\"%s\"%s",
           kind, name, outcome, more);
  say(3, "watch", path, data);
}

START_TEST(a_load_is_summed_up) {
  begin();
  load("a", "");
  say(4001, "final", "", "\"variables\":{},\"metrics\":" METRICS("1234", "5"));
  ck_assert_str_eq(summary(brief),
                   "\nsteps\n"
                   "                     requests    rate  errors  avg ms  med  p95  p99  max\n"
                   "  a  passed  4.00 s        40  9.96/s   12.5%    1.23    1    3    4  250\n"
                   "\nload\n"
                   "  requests  1234, 9.96/s\n"
                   "  errors    5 (12.5%): 2 refused, 3 status 5xx\n"
                   "  latency   avg 1.23, min 0.50, med 1, max 250, p90 2, p95 3, p99 4 ms\n"
                   "  bytes     12.3 kB received, 7 B sent\n"
                   "  dropped   2 (due, but never sent)\n\n");
}
END_TEST

START_TEST(errors_by_expect_have_no_status) {
  begin();
  load("a", "");
  say(4001, "final", "", "\"metrics\":" METRICS("40", "9"));
  summary(brief);
  has("  errors    9 (12.5%): 2 refused, 7 by their responses\n");
}
END_TEST

START_TEST(loads_add_up_their_failures) {
  begin();
  load("a", "");
  load("b", "");
  summary(brief);
  ck_assert_uint_eq(report->failure_count, 1);
  ck_assert_uint_eq(report->failures[0].count, 4);
}
END_TEST

START_TEST(a_run_without_loads_has_its_steps_only) {
  begin();
  say(1, "step_started", "a", "\"name\":\"a\"");
  say(2, "step_finished", "a", "\"name\":\"a\",\"outcome\":\"passed\",\"duration\":1.0");
  ck_assert_str_eq(summary(brief), "\nsteps\n  a  passed  1.00 s\n\n");
}
END_TEST

START_TEST(requests_have_a_row_each) {
  begin();
  load("a",
       ",\"requests\":{\"home\":" METRICS("30", "1") ",\"cart \\u001b\":" METRICS("10", "4") "}");
  summary(brief);
  has("\nrequests\n");
  has("  home             30  9.96/s   12.5%    1.23    1    3    4  250\n");
  has("  cart \\x1b        10  9.96/s");
  load("b", ",\"requests\":{\"home\":" METRICS("7", "0") "}");
  summary(brief);
  has("  a: home "); /* with several loads, whose it is */
  has("  b: home ");
}
END_TEST

START_TEST(many_rows_are_counted) {
  char name[16];
  begin();
  for (int i = 0; i < 25; i++) {
    snprintf(name, sizeof name, "n%d", i);
    load(name, "");
    watch("check", name, name, "passed", "");
  }
  summary(brief);
  has("  n19  passed");
  has_not("  n20  passed");
  has("  and 5 more\n");
  has("\nchecks: 25 of 25 passed\n");
  has("\xE2\x9C\x93 n19\n  and 5 more\n");
  summary(full);
  has("  n24  passed");
  has_not("more");
}
END_TEST

START_TEST(watches_that_did_not_pass_come_first) {
  begin();
  watch("check", "steps[0].checks[0]", "fine", "passed", "");
  watch("check", "steps[0].checks[1]", "odd", "failed", ",\"text\":\"3 of 40 responses\"");
  watch("threshold", "thresholds[0]", "p95 < 9", "failed", ",\"actual\":12.5");
  watch("threshold", "thresholds[1]", "p99 < 9", "no_data", "");
  watch("abort_when", "abort_when[0]", "dead", "passed", "");
  ck_assert_str_eq(summary(brief),
                   "\nchecks: 1 of 2 passed\n"
                   "  \xE2\x9C\x97 odd: 3 of 40 responses\n"
                   "  \xE2\x9C\x93 fine\n"
                   "\nthresholds: 0 of 2 passed\n"
                   "  \xE2\x9C\x97 p95 < 9: 12.5\n"
                   "  ? p99 < 9\n"
                   "\nabort_when: 1 of 1 passed\n"
                   "  \xE2\x9C\x93 dead\n\n");
}
END_TEST

START_TEST(turns_are_one_line) {
  begin();
  watch("check", "steps[0].checks[0]@1", "c", "passed", "");
  watch("check", "steps[0].checks[0]@2", "c", "failed", ",\"text\":\"1 of 2 responses\"");
  watch("check", "steps[0].checks[0]@3", "c", "passed", "");
  summary(brief);
  has("\nchecks: 0 of 1 passed\n  \xE2\x9C\x97 c: 1 of 2 responses (passed 2 of 3 times)\n");
}
END_TEST

START_TEST(marks_are_words_where_characters_are_few) {
  begin();
  watch("check", "a", "x", "passed", "");
  watch("check", "b", "y", "failed", "");
  watch("check", "c", "z", "no_data", "");
  summary((mf_summary_look){.ascii = true});
  has("  FAIL y\n  ?    z\n  ok   x\n");
  for (size_t i = 0; i < page.n; i++) ck_assert_int_lt((unsigned char)page.p[i], 0x80);
}
END_TEST

START_TEST(colors_are_marks_only) {
  begin();
  watch("check", "a", "x\\u001b[31m", "passed", "");
  summary((mf_summary_look){.color = true});
  has("  \x1b[32m\xE2\x9C\x93\x1b[0m x\\x1b[31m\n");
}
END_TEST

START_TEST(what_was_overridden_is_told) {
  say(0, "run_started", "",
      "\"name\":\"n\",\"run_id\":\"r\",\"overrides\":{\"rate\":40.0,\"duration\":90.0}");
  load("a", "");
  say(4001, "final", "", "\"metrics\":" METRICS("40", "5"));
  summary(brief);
  has("  overridden  40 requests/s, duration 1 min 30 s\n");
  verdict("\"outcome\":\"passed\"");
  render("markdown");
  has("loads overridden: 40 requests/s, duration 1 min 30 s");
  render("html");
  has("<li>loads overridden: 40 requests/s, duration 1 min 30 s</li>");
  render("json");
  has("\"rate\": 40.0");
}
END_TEST

START_TEST(hostile_names_stay_on_their_line) {
  unsigned lines = 0;
  run_named(hostile[_i]);
  watch("check", hostile[_i], hostile[_i], "failed", "");
  summary(full);
  for (const char *p = page.p; *p; p++) lines += *p == '\n';
  for (size_t i = 0; i < page.n; i++)
    ck_assert(page.p[i] == '\n' || (unsigned char)page.p[i] >= 0x20);
  tear_down();
  set_up();
  run_named("x");
  watch("check", "x", "x", "failed", "");
  summary(full);
  for (const char *p = page.p; *p; p++) lines -= *p == '\n';
  ck_assert_uint_eq(lines, 0);
}
END_TEST

/* Feeding, and then rendering. */
static mf_status made_with(mf_alloc alloc) {
  mf_status status = MF_OUT_OF_MEMORY;
  mf_report_free(report);
  report = mf_report_new(&alloc);
  if (!report) return status;
  static const char *const lines[] = {
      "{\"event\":\"run_started\",\"data\":{\"name\":\"n\",\"overrides\":{\"rate\":4.0}}}",
      "{\"event\":\"step_started\",\"path\":\"a\",\"data\":{\"name\":\"a\"}}",
      "{\"event\":\"outcome\",\"data\":{\"value\":{\"failures\":{\"refused\":2},"
      "\"metrics\":" METRICS("4", "2") ",\"requests\":{\"home\":" METRICS("4", "2") "}}}}",
      "{\"event\":\"watch\",\"path\":\"a\",\"data\":{\"name\":\"w\",\"kind\":\"check\","
      "\"outcome\":\"failed\",\"actual\":5}}",
      "{\"event\":\"final\",\"data\":{\"metrics\":" METRICS("4", "2") "}}"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if ((status = feed(lines[i])) != MF_OK) return status;
  mf_buf out;
  mf_buf_init(&out, &alloc, 0);
  status = mf_report_render(report, MF_STR("text"), &out);
  mf_buf_fini(&out);
  return status;
}

START_TEST(every_allocation_may_fail) {
  mf_status status = MF_OUT_OF_MEMORY;
  for (uint64_t at = 1; status != MF_OK; at++) {
    mf_counting_alloc count = {.inner = mf_alloc_default(), .fail_at = at};
    status = made_with(mf_counting_alloc_as_alloc(&count));
    ck_assert_int_eq(status, count.calls < at ? MF_OK : MF_OUT_OF_MEMORY);
    mf_report_free(report);
    report = NULL;
    ck_assert_uint_lt(at, 1000);
    ck_assert_uint_eq(count.in_use, 0);
  }
}
END_TEST

Suite *runner_report_summary_suite(void) {
  Suite *s = suite_create("runner_report_summary");
  TCase *t = tcase_create("all");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, a_load_is_summed_up);
  tcase_add_test(t, errors_by_expect_have_no_status);
  tcase_add_test(t, loads_add_up_their_failures);
  tcase_add_test(t, a_run_without_loads_has_its_steps_only);
  tcase_add_test(t, requests_have_a_row_each);
  tcase_add_test(t, many_rows_are_counted);
  tcase_add_test(t, watches_that_did_not_pass_come_first);
  tcase_add_test(t, turns_are_one_line);
  tcase_add_test(t, marks_are_words_where_characters_are_few);
  tcase_add_test(t, colors_are_marks_only);
  tcase_add_test(t, what_was_overridden_is_told);
  tcase_add_loop_test(t, hostile_names_stay_on_their_line, 0, HOSTILE);
  tcase_add_test(t, every_allocation_may_fail);
  suite_add_tcase(s, t);
  return s;
}
