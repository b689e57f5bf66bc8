/* SPDX-License-Identifier: MIT */
#include "runner_report_kit.h"

#include <unistd.h>

#include "../../base/hash.h"

Suite *runner_report_suite(void);

/* ---- Whole reports, byte for byte ---- */

static void save(const char *path) {
  FILE *f = fopen(path, "wb");
  ck_assert_msg(f != NULL, "cannot write %s", path);
  ck_assert_uint_eq(fwrite(page.p, 1, page.n, f), page.n);
  fclose(f);
}

static unsigned line_of_difference(const char *a, const char *b) {
  unsigned line = 1;
  for (; *a && *a == *b; a++, b++) line += *a == '\n';
  return line;
}

/* MF_BLESS=1 rewrites the golden file. */
static void golden(const char *name, const char *format, const char *ending) {
  char path[256];
  size_t n;
  snprintf(path, sizeof path, "%s/reports/%s%s", MF_TESTS_DIR, name, ending);
  feed_journal_lines(name, UINT32_MAX);
  render(format);
  if (getenv("MF_BLESS")) save(path);
  char *want = slurp(path, &n);
  ck_assert_msg(n == page.n && memcmp(want, page.p, n) == 0,
                "%s:%u differs; MF_BLESS=1 make test T=runner_report rewrites it", path,
                line_of_difference(want, page.p));
  free(want);
}

static const char *const formats[][2] = {{"html", ".html"},   {"json", ".json"}, {"junit", ".xml"},
                                         {"markdown", ".md"}, {"csv", ".csv"},   {"text", ".txt"}};
enum { FORMATS = sizeof formats / sizeof *formats };

START_TEST(a_passed_run) { golden("pass", formats[_i][0], formats[_i][1]); }
END_TEST
START_TEST(a_failed_run) { golden("fail", formats[_i][0], formats[_i][1]); }
END_TEST

START_TEST(a_run_with_checks_and_thresholds) { golden("watched", formats[_i][0], formats[_i][1]); }
END_TEST

START_TEST(a_run_with_loads_of_some_seconds) { golden("loads", formats[_i][0], formats[_i][1]); }
END_TEST

START_TEST(rendering_twice_gives_the_same) {
  feed_journal_lines("fail", UINT32_MAX);
  char *first = strdup(render("html"));
  render("json");
  ck_assert_str_eq(render("html"), first);
  free(first);
}
END_TEST

/* What a run's own report could not see must not change it later. */
START_TEST(lines_after_the_report_change_nothing) {
  feed_journal_lines("pass", 41);
  char *own = strdup(render("html"));
  tear_down();
  set_up();
  feed_journal_lines("pass", UINT32_MAX);
  ck_assert_str_eq(render("html"), own);
  free(own);
}
END_TEST

/* ---- Feeding ---- */

START_TEST(only_json_objects_are_lines) {
  ck_assert_int_eq(feed(""), MF_JSON_INVALID);
  ck_assert_int_eq(feed("{\"event\":"), MF_JSON_INVALID);
  ck_assert_int_eq(feed("[1]"), MF_JSON_INVALID);
  ck_assert_int_eq(feed("{}"), MF_OK);
  ck_assert_int_eq(feed("{\"event\":\"from_the_future\",\"data\":[]}"), MF_OK);
}
END_TEST

/* Wrong kinds everywhere: no line may do harm. */
START_TEST(malformed_data_is_survived) {
  static const char *const events[] = {
      "run_started",    "step_started",    "step_finished", "branch",         "hook_started",
      "hook_finished",  "action_finished", "assertion",     "action_retried", "log",
      "metric",         "variable",        "warning",       "error",          "verdict",
      "intent",         "outcome",         "watch",         "signal",         "final",
      "report_written", "run_finished"};
  static const char *const data[] = {
      "null",
      "[]",
      "\"x\"",
      "{\"name\":1,\"outcome\":2,\"text\":{},\"duration\":-1,\"attempt\":\"x\"}",
      "{\"target\":[],\"time_scale\":\"x\",\"driver\":5,\"id\":\"a\",\"value\":7,\"args\":3}",
      "{\"driver\":\"command\",\"args\":{\"args\":[{\"$secret\":true},null]},\"value\":{"
      "\"metrics\":1}}",
      "{\"kind\":\"check\",\"actual\":[],\"overrides\":3,\"value\":{\"requests\":{\"a\":1},"
      "\"metrics\":{\"requests\":\"x\"},\"failures\":{\"a\":-1,\"b\":{}}}}",
      "{\"duration\":1e308,\"metrics\":[1],\"variables\":\"x\",\"exit_code\":-9e99,\"error\":"
      "\"e\"}"};
  for (size_t d = 0; d < sizeof data / sizeof *data; d++)
    for (size_t e = 0; e < sizeof events / sizeof *events; e++) {
      char line[512];
      snprintf(line, sizeof line, "{\"t\":-5,\"task\":-1,\"path\":9,\"event\":\"%s\",\"data\":%s}",
               events[e], data[d]);
      ck_assert_int_eq(feed(line), MF_OK);
    }
  render("json");
  render("html");
  render("text");
}
END_TEST

START_TEST(unknown_formats_are_refused) {
  ck_assert_int_eq(mf_report_render(report, MF_STR("pdf"), &page), MF_UNSUPPORTED);
}
END_TEST

/* ---- Verdicts ---- */

START_TEST(a_run_without_a_verdict_is_unfinished) {
  feed_journal_lines("pass", 18);
  render("json");
  has("\"verdict\": \"unfinished\"");
  has("\"status\": \"unfinished\"");
  has("\"the journal ends before the run did\"");
  has("\"started_at\": \"2026-02-03T10:15:30.25Z\""); /* as last seen */
  render("html");
  has(">UNFINISHED</h2>");
}
END_TEST

START_TEST(an_empty_journal_is_unfinished) {
  render("json");
  has("\"verdict\": \"unfinished\"");
  render("html");
  has("(no name)");
}
END_TEST

START_TEST(nothing_run_is_a_reason) {
  begin();
  verdict("\"outcome\":\"failed\",\"nothing_run\":true");
  render("json");
  has("\"exit_reason\": [\n    \"nothing was run\"\n  ]");
}
END_TEST

START_TEST(nothing_run_may_be_allowed) {
  begin();
  verdict("\"outcome\":\"passed\",\"nothing_run\":true");
  render("html");
  has(">PASSED</h2>");
  has("Nothing was run, and that was allowed.");
}
END_TEST

START_TEST(no_data_is_its_own_verdict) {
  begin();
  say(1, "assertion", "assertions[0]", "\"name\":\"fast\",\"outcome\":\"no_data\"");
  verdict("\"outcome\":\"no_data\"");
  render("html");
  has(">NO DATA</h2>");
  has("1 global assertion had no data: &#39;fast&#39;");
}
END_TEST

START_TEST(an_interrupted_run_did_not_pass) {
  begin();
  say(5, "signal", "", "\"signal\":\"stop\",\"origin\":\"SIGINT\"");
  verdict("\"outcome\":\"passed\",\"interrupted\":true");
  render("json");
  has("\"success\": false");
  has("the run was interrupted (SIGINT)");
}
END_TEST

START_TEST(an_exceeded_budget_ends_without_verdict) {
  begin();
  say(9, "run_finished", "", "\"exit_code\":6,\"reason\":\"a limit was exceeded\"");
  render("json");
  has("\"verdict\": \"failed\"");
  has("exit code 6: a limit was exceeded");
}
END_TEST

START_TEST(failed_hooks_are_reasons_and_errors_once) {
  begin();
  say(1, "hook_started", "hooks[0]", "\"name\":\"notify\"");
  say(2, "action_finished", "hooks[0].actions[0]",
      "\"name\":\"a\",\"outcome\":\"failed\",\"text\":\"down\"");
  say(2, "hook_finished", "hooks[0]",
      "\"name\":\"notify\",\"outcome\":\"failed\",\"text\":\"down\"");
  say(2, "error", "", "\"text\":\"hook 'notify' failed: down\"");
  verdict("\"outcome\":\"failed\",\"hook_failed\":true");
  render("json");
  has("\"exit_reason\": [\n    \"hook 'notify' failed: down\"\n  ]");
  has("\"errors\": [\n    \"hook 'notify' failed: down\"\n  ]");
}
END_TEST

/* Attempts that do not count are no errors, and no test cases of their own. */
START_TEST(attempts_of_actions_are_shown) {
  begin();
  say(1, "action_retried", "steps[0]", "\"name\":\"get\",\"text\":\"down\",\"attempt\":1");
  say(2, "action_finished", "steps[0]", "\"name\":\"get\",\"outcome\":\"passed\",\"attempt\":2");
  verdict("\"outcome\":\"passed\"");
  render("json");
  has("attempt 1: down");
  has("\"errors\": []");
  render("html");
  has("attempt 1: down");
  render("junit");
  has_not("attempt 1: down");
}
END_TEST

/* A check of the steady state that was repeated says nothing: the recovery does. */
START_TEST(phases_of_the_run_are_told) {
  begin();
  for (int i = 0; i < 3; i++) {
    say(1, "assertion", "steady_state.assertions[0]", "\"name\":\"a\",\"outcome\":\"failed\"");
    say(1, "block_finished", "", "\"name\":\"steady_state\",\"outcome\":\"failed\"");
  }
  say(2, "block_finished", "",
      "\"name\":\"recovery\",\"outcome\":\"failed\",\"text\":\"it did not hold\"");
  say(3, "block_finished", "", "\"name\":\"rollback\",\"outcome\":\"failed\",\"text\":\"rb\"");
  verdict("\"outcome\":\"failed\",\"unsteady\":true");
  ck_assert_uint_eq(report->assertions_judged, 0);
  render("json");
  has("\"exit_reason\": [\n    \"phase 'recovery' failed: it did not hold\",\n"
      "    \"phase 'rollback' failed: rb\"\n  ]");
  has("\"kind\": \"phase\"");
  render("html");
  has("<span class=\"kind\">phase</span> <bdi>recovery</bdi>");
  render("junit");
  has("tests=\"9\" failures=\"3\" errors=\"0\" skipped=\"6\"");
  has("<testcase classname=\"recovery\" name=\"recovery\"");
}
END_TEST

START_TEST(a_step_that_may_fail_is_no_reason) {
  begin();
  say(1, "step_started", "steps[0]", "\"name\":\"s\"");
  say(2, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"failed\",\"text\":\"x\"");
  say(3, "assertion", "assertions[0]", "\"name\":\"g\",\"outcome\":\"failed\"");
  verdict("\"outcome\":\"failed\",\"steps\":{\"failed\":0}");
  render("json");
  has("\"exit_reason\": [\n    \"1 global assertion failed: 'g'\"\n  ]");
}
END_TEST

START_TEST(many_reasons_are_counted) {
  begin();
  for (int i = 0; i < 30; i++)
    say(1, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"failed\",\"text\":\"x\"");
  verdict("\"outcome\":\"failed\"");
  render("json");
  has("\"and 8 more\"");
}
END_TEST

/* ---- Steps ---- */

START_TEST(only_the_last_attempt_counts) {
  begin();
  say(1, "step_started", "steps[0]", "\"name\":\"s\",\"attempt\":1");
  say(2, "assertion", "steps[0].assertions[0]", "\"name\":\"a\",\"outcome\":\"failed\"");
  say(3, "step_retried", "steps[0]", "\"name\":\"s\",\"text\":\"x\",\"attempt\":1");
  say(4, "step_started", "steps[0]", "\"name\":\"s\",\"attempt\":2");
  say(5, "assertion", "steps[0].assertions[0]", "\"name\":\"a\",\"outcome\":\"passed\"");
  say(6, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"passed\",\"attempt\":2");
  verdict("\"outcome\":\"passed\"");
  ck_assert_uint_eq(report->by_outcome[MF_OUTCOME_FAILED], 0);
  ck_assert_uint_eq(report->assertions_judged, 1);
  render("json");
  has("\"retried\": true");
  has("\"attempt\": 2");
  render("html");
  has("attempt 1</span>");
}
END_TEST

/* It ends where it failed: the pause is nobody's time. */
START_TEST(a_retried_attempt_ends_before_the_pause) {
  begin();
  say(1, "step_started", "steps[0]@2", "\"name\":\"s\",\"attempt\":1");
  say(2, "assertion", "steps[0].assertions[0]@2", "\"name\":\"a\",\"outcome\":\"failed\"");
  say(3, "step_retried", "steps[0]@2", "\"name\":\"s\",\"text\":\"slow\",\"attempt\":1");
  say(8, "step_started", "steps[0]@2", "\"name\":\"s\",\"attempt\":2");
  say(9, "step_finished", "steps[0]@2", "\"name\":\"s\",\"outcome\":\"passed\",\"attempt\":2");
  ck_assert(report->first_step->to < report->first_step->next->from);
  ck_assert(report->first_step->retried);
  ck_assert_uint_eq(report->by_outcome[MF_OUTCOME_FAILED], 0);
  ck_assert_uint_eq(report->by_outcome[MF_OUTCOME_PASSED], 1);
  ck_assert_uint_eq(report->assertions_judged, 0);
  ck_assert_uint_eq(report->open_count, 0);
  say(10, "step_retried", "steps[7]", "\"name\":\"never began\",\"attempt\":1");
  ck_assert_uint_eq(report->steps, 2);
}
END_TEST

/* Each run of a step in a repeat is a row of its own. */
START_TEST(runs_in_turns_stand_apart) {
  begin();
  say(1, "turn", "", "\"index\":0,\"name\":\"orchestration\",\"turn\":1");
  say(2, "step_finished", "steps[0].steps[1]@1.12", "\"name\":\"s\",\"outcome\":\"passed\"");
  say(3, "step_finished", "steps[0].steps[1]@2.1", "\"name\":\"s\",\"outcome\":\"passed\"");
  say(4, "step_finished", "steps[1]", "\"name\":\"t@5\",\"outcome\":\"passed\"");
  render("json");
  has("\"path\": \"steps[0].steps[1]@1.12\"");
  has("\"path\": \"steps[0].steps[1]@2.1\"");
  render("html");
  has("turn 1.12</span>");
  has("\xC2\xB7 turn 2.1</text>");
  has_not("turn 5");
}
END_TEST

/* An attempt that did not end before the next began failed. */
START_TEST(an_open_attempt_is_closed_by_the_next) {
  begin();
  say(1, "step_started", "steps[0]", "\"name\":\"s\",\"attempt\":1");
  say(4, "step_started", "steps[0]", "\"name\":\"s\",\"attempt\":2");
  say(6, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"passed\",\"attempt\":2");
  render("json");
  ck_assert_uint_eq(report->by_outcome[MF_OUTCOME_PASSED], 1);
  ck_assert_uint_eq(report->open_count, 0);
}
END_TEST

/* Steps of two tasks at once: what happens belongs to the step of its task. */
START_TEST(assertions_belong_to_the_step_of_their_task) {
  begin();
  feed(
      "{\"t\":1,\"event\":\"step_started\",\"task\":1,\"path\":\"p[0]\",\"data\":{\"name\":\"one\"}"
      "}");
  feed(
      "{\"t\":2,\"event\":\"step_started\",\"task\":2,\"path\":\"p[1]\",\"data\":{\"name\":\"two\"}"
      "}");
  feed(
      "{\"t\":3,\"event\":\"assertion\",\"task\":1,\"path\":\"p[0].assertions[0]\",\"data\":{"
      "\"name\":\"a\"}}");
  feed(
      "{\"t\":4,\"event\":\"assertion\",\"task\":0,\"path\":\"assertions[0]\",\"data\":{\"name\":"
      "\"g\"}}");
  ck_assert_uint_eq(report->first_step->judged, 1);
  ck_assert_uint_eq(report->last_step->judged, 0);
  ck_assert_uint_eq(report->global_judged, 1);
}
END_TEST

/* ---- Values ---- */

START_TEST(secrets_are_masked_everywhere) {
  begin();
  say(1, "final", "",
      "\"variables\":{\"a\":{\"$secret\":true},\"b\":[{\"$secret\":\"api\"}]},\"metrics\":{}");
  verdict("\"outcome\":\"passed\"");
  render("json");
  has("\"a\": \"<secret>\"");
  has("\"<secret:api>\"");
  render("html");
  has("&lt;secret&gt;");
  has("&lt;secret:api&gt;");
}
END_TEST

START_TEST(urls_lose_what_is_private) {
  say(0, "run_started", "", "\"target\":{\"kind\":\"url\",\"url\":\"http://u:p@h:1/a@b?k=v#f\"}");
  render("json");
  has("\"url\": \"http://h:1/a@b\"");
}
END_TEST

/* Wherever a URL stands, and however it is escaped. */
START_TEST(urls_in_texts_and_values_do_too) {
  begin();
  say(1, "log", "", "\"text\":\"see http://u:p@h/x?token=1#y, or <https://h2?t> and a://b\"");
  say(1, "final", "", "\"variables\":{\"u\":[\"http://k@h/\\u0041?q=\\u0026\\\"secret\",5]}");
  verdict("");
  render("json");
  has("\"see http://h/x or <https://h2> and a://b\"");
  has("\"http://h/A\",\n      5");
}
END_TEST

static const char *shown(const char *json, bool expected) {
  mf_buf_clear(&page);
  mf_report_value(report, &page, mf_report_parse(report, mf_str_of(json)), expected);
  return page.p;
}

START_TEST(values_read_like_text) {
  ck_assert_str_eq(shown("\"plain\"", false), "plain");
  ck_assert_str_eq(shown("\"5\"", false), "\"5\""); /* not the number */
  ck_assert_str_eq(shown("\"true\"", false), "\"true\"");
  ck_assert_str_eq(shown("\"\"", false), "\"\"");
  ck_assert_str_eq(shown("312.4000000001", false), "312.4");
  ck_assert_str_eq(shown("{\"min\":0,\"max\":200}", true),
                   "0\xE2\x80\xA6"
                   "200");
  ck_assert_str_eq(shown("{\"max\":0.05}", true), "at most 0.05");
  ck_assert_str_eq(shown("{\"min\":-1.5}", true), "at least -1.5");
  ck_assert_str_eq(shown("{\"min\":0,\"max\":200}", false), "{\"min\":0,\"max\":200}");
  ck_assert_str_eq(shown("{\"min\":\"a\"}", true), "{\"min\":\"a\"}");
  ck_assert_str_eq(shown("{\"$duration\":\"90s\"}", false), "90s");
  ck_assert_str_eq(shown("{\"$double\":\"NaN\"}", false), "NaN");
}
END_TEST

START_TEST(numbers_have_few_decimals) {
  static const struct {
    double d;
    unsigned decimals;
    const char *text;
  } fixed[] = {{0, 2, "0.00"},      {30.1249, 2, "30.12"},   {0.005, 2, "0.01"}, {-1.5, 0, "-2"},
               {-0.001, 2, "0.00"}, {999.999, 2, "1000.00"}, {1e20, 2, "1e+20"}, {5, 0, "5"}};
  static const struct {
    double d;
    const char *text;
  } numbers[] = {{0, "0"},
                 {245.5, "245.5"},
                 {0.1234567, "0.123"},
                 {0.0123456, "0.0123"},
                 {0.00001234, "0.0000123"},
                 {1e-12, "1e-12"},
                 {-3.25, "-3.25"},
                 {1e300, "1e+300"}};
  static const struct {
    double s;
    const char *text;
  } lengths[] = {{0, "0.00 s"},
                 {59.994, "59.99 s"},
                 {65.4, "1 min 5 s"},
                 {3600, "1 h 0 min 0 s"},
                 {86399.6, "24 h 0 min 0 s"}};
  for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
    mf_buf_clear(&page);
    mf_report_fixed(&page, fixed[i].d, fixed[i].decimals);
    ck_assert_str_eq(page.p, fixed[i].text);
  }
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    mf_buf_clear(&page);
    mf_report_number(&page, numbers[i].d);
    ck_assert_str_eq(page.p, numbers[i].text);
  }
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    mf_buf_clear(&page);
    mf_report_length(&page, lengths[i].s);
    ck_assert_str_eq(page.p, lengths[i].text);
  }
}
END_TEST

/* ---- Effects ---- */

START_TEST(an_action_says_what_its_effect_was) {
  begin();
  say(1, "intent", "hooks[0].actions[0]",
      "\"id\":1,\"driver\":\"command\",\"args\":{\"command\":\"tc\",\"args\":[\"-q\",3]}");
  say(2, "outcome", "hooks[0].actions[0]",
      "\"id\":1,\"driver\":\"command\",\"value\":{\"ok\":false,\"exit_code\":2}");
  say(2, "action_finished", "hooks[0].actions[0]",
      "\"name\":\"command\",\"outcome\":\"failed\",\"text\":\"exit code 2\"");
  say(3, "intent", "hooks[0].actions[1]",
      "\"id\":2,\"driver\":\"http_request\",\"args\":{\"url\":\"http://h/\"}");
  render("json");
  has("\"effect\": \"tc -q 3 \xE2\x86\x92 exit 2\"");
  has("\"driver\": \"command\",\n      \"asked\": 1,\n      \"answered\": 1,\n      \"failed\": 1");
  has("\"driver\": \"http_request\",\n      \"asked\": 1,\n      \"answered\": 0,\n      "
      "\"failed\": 0");
}
END_TEST

/* ---- Limits ---- */

START_TEST(long_lists_are_cut_and_counted) {
  begin();
  for (int i = 0; i < MF_REPORT_LISTED + 123; i++) {
    say(1, "log", "", "\"name\":\"info\",\"text\":\"tick\"");
    say(1, "step_started", "steps[0]", "\"name\":\"s\"");
    say(1, "assertion", "steps[0].assertions[0]", "\"name\":\"a\",\"outcome\":\"passed\"");
    say(1, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"passed\"");
  }
  verdict("\"outcome\":\"passed\"");
  ck_assert_uint_eq(report->steps, MF_REPORT_LISTED + 123);
  ck_assert_uint_eq(report->assertions_passed, MF_REPORT_LISTED + 123);
  render("html");
  has("\xE2\x80\xA6 and 123 more");
  render("json");
  has("\"steps\": 123,");
  has("\"logs\": 123,");
}
END_TEST

START_TEST(long_texts_are_cut_between_characters) {
  char name[3 * MF_REPORT_NAME + 64] = "\"name\":\"";
  for (int i = 0; i < MF_REPORT_NAME; i++) strcat(name, "\xE2\x82\xAC");
  strcat(name, "\"");
  begin();
  say(1, "step_started", "steps[0]", name);
  const mf_str kept = report->first_step->name;
  ck_assert_uint_le(kept.n, MF_REPORT_NAME + 3);
  ck_assert_uint_eq(mf_utf8_valid(kept.p, kept.n), kept.n);
  render("html");
  has("1 long text was shortened.");
}
END_TEST

/* A value that is too long to keep is still JSON. */
START_TEST(long_values_become_text) {
  char data[MF_REPORT_TEXT + 256] = "\"name\":\"a\",\"actual\":[\"";
  size_t n = strlen(data);
  memset(data + n, 'x', MF_REPORT_TEXT);
  memcpy(data + n + MF_REPORT_TEXT, "\"]", 3);
  begin();
  say(1, "assertion", "assertions[0]", data);
  render("json");
  has("\"actual\": \"[\\\"xxx");
}
END_TEST

/* A week of samples, steps and waits takes no more memory than a minute. */
START_TEST(memory_is_flat) {
  static mf_counting_alloc count; /* the report outlives this function */
  count = (mf_counting_alloc){.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&count);
  mf_report_free(report);
  report = mf_report_new(&alloc);
  begin();
  size_t settled = 0;
  for (int i = 0; i < 3 * MF_REPORT_LISTED; i++) {
    say(1, "variable", "", "\"name\":\"v\",\"actual\":\"some text of a certain length\"");
    say(1, "intent", "steps[0]",
        "\"id\":1,\"driver\":\"http_request\",\"args\":{\"url\":\"http://h/\"}");
    say(1, "outcome", "steps[0]", "\"id\":1,\"driver\":\"http_request\",\"value\":{\"ok\":true}");
    say(1, "step_started", "steps[0]", "\"name\":\"s\"");
    say(1, "hook_started", "steps[0].pre_hooks[0]", "\"name\":\"h\"");
    say(1, "hook_finished", "steps[0].pre_hooks[0]", "\"name\":\"h\",\"outcome\":\"passed\"");
    say(1, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"passed\"");
    if (i == MF_REPORT_LISTED + 10) settled = count.in_use;
  }
  ck_assert_uint_eq(count.in_use, settled);
}
END_TEST

/* Lines that no machine would write: what begins and never ends. */
START_TEST(what_never_ends_is_bounded) {
  begin();
  for (unsigned i = 0; i < MF_REPORT_OPEN + 100; i++) {
    say(1, "hook_started", "h", "\"name\":\"h\"");
    say(1, "intent", "h", "\"id\":1,\"driver\":\"wait\"");
  }
  ck_assert_uint_eq(report->open_count, MF_REPORT_OPEN);
  ck_assert_uint_eq(report->flight_count, MF_REPORT_OPEN);
  render("html");
}
END_TEST

/* ---- Allocation failure ---- */

static const char *const short_run[] = {
    "{\"t\":0,\"wall\":\"2026-01-02T03:04:05Z\",\"event\":\"run_started\",\"data\":{\"name\":\"n\","
    "\"target\":{\"url\":\"http://h\"}}}",
    "{\"t\":1,\"event\":\"intent\",\"data\":{\"id\":1,\"driver\":\"http_request\",\"args\":{"
    "\"url\":\"http://h/\"}}}",
    "{\"t\":2,\"event\":\"outcome\",\"data\":{\"id\":1,\"driver\":\"http_request\",\"value\":{"
    "\"ok\":true,\"status\":200}}}",
    "{\"t\":3,\"event\":\"step_started\",\"path\":\"s\",\"data\":{\"name\":\"s\"}}",
    "{\"t\":3,\"event\":\"variable\",\"path\":\"s\",\"data\":{\"name\":\"v\",\"actual\":[1]}}",
    "{\"t\":4,\"event\":\"assertion\",\"path\":\"s.a\",\"data\":{\"name\":\"a\",\"outcome\":"
    "\"failed\",\"actual\":{\"$secret\":\"k\"},\"expected\":{\"min\":1}}}",
    "{\"t\":5,\"event\":\"step_finished\",\"path\":\"s\",\"data\":{\"name\":\"s\",\"outcome\":"
    "\"failed\",\"text\":\"t\"}}",
    "{\"t\":6,\"event\":\"verdict\",\"data\":{\"outcome\":\"failed\"}}",
};

static mf_status run_short(const mf_alloc *alloc, const char *format) {
  mf_status status = MF_OK;
  mf_buf out;
  mf_report *r = mf_report_new(alloc);
  if (r == NULL) return MF_OUT_OF_MEMORY;
  mf_buf_init(&out, alloc, 0);
  for (size_t i = 0; status == MF_OK && i < sizeof short_run / sizeof *short_run; i++)
    status = mf_report_feed(r, mf_str_of(short_run[i]));
  if (status == MF_OK) status = mf_report_render(r, mf_str_of(format), &out);
  mf_buf_fini(&out);
  mf_report_free(r);
  return status;
}

START_TEST(every_allocation_may_fail) {
  const char *format = formats[_i][0];
  for (uint64_t at = 1;; at++) {
    mf_counting_alloc count = {.inner = mf_alloc_default(), .fail_at = at};
    mf_alloc alloc = mf_counting_alloc_as_alloc(&count);
    mf_status status = run_short(&alloc, format);
    ck_assert_uint_eq(count.in_use, 0);
    if (count.calls < at) {
      ck_assert_int_eq(status, MF_OK);
      return;
    }
    ck_assert_msg(status == MF_OUT_OF_MEMORY, "allocation %d failed, and the status is %s", (int)at,
                  mf_status_name(status));
  }
}
END_TEST

/* ---- From a file ---- */

/* Writes pass.jsonl with a chain that holds, `cut` bytes short. */
static void write_journal(const char *path, size_t cut) {
  size_t n;
  char *text = slurp(MF_TESTS_DIR "/reports/pass.jsonl", &n), *at = text;
  uint64_t chain = 0;
  mf_buf_clear(&page);
  for (char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
    size_t body = (size_t)(end - at) - strlen(",\"chain\":\"0000000000001000\"}");
    chain = mf_hash64(at, body, chain);
    mf_buf_add(&page, at, body);
    mf_buf_printf(&page, ",\"chain\":\"%016llx\"}\n", (unsigned long long)chain);
  }
  free(text);
  page.n -= cut;
  save(path);
}

static mf_status from_journal(size_t cut, const char *format, mf_blob *out, char *error, size_t n) {
  char path[] = "/tmp/mf-report-XXXXXX";
  mf_alloc alloc = mf_alloc_default();
  close(mkstemp(path));
  write_journal(path, cut);
  mf_report_options options = {.journal = path, .format = format};
  mf_status status = mf_report_from_journal(&alloc, &options, out, error, n);
  unlink(path);
  return status;
}

START_TEST(a_journal_file_gives_the_same_report) {
  mf_blob out;
  char error[200];
  size_t n;
  ck_assert_int_eq(from_journal(0, "html", &out, error, sizeof error), MF_OK);
  char *want = slurp(MF_TESTS_DIR "/reports/pass.html", &n);
  ck_assert_uint_eq(out.n, n);
  ck_assert(memcmp(out.p, want, n) == 0);
  free(want);
  mf_blob_free(&out);
}
END_TEST

START_TEST(a_torn_journal_gives_a_report_that_says_so) {
  mf_blob out;
  char error[200];
  ck_assert_int_eq(from_journal(30, "json", &out, error, sizeof error), MF_JOURNAL_DAMAGED);
  ck_assert_ptr_nonnull(strstr(error, "torn"));
  ck_assert_uint_gt(out.n, 0);
  ck_assert_ptr_nonnull(memmem(out.p, out.n, "the journal is damaged", 22));
  mf_blob_free(&out);
}
END_TEST

START_TEST(files_that_are_not_there_and_formats_that_are_not_known) {
  mf_blob out;
  char error[200];
  mf_report_options options = {.journal = "/nowhere"};
  ck_assert_int_eq(mf_report_from_journal(NULL, &options, &out, error, sizeof error), MF_IO_ERROR);
  ck_assert_ptr_null(out.p);
  options.tmpl = "/no/template.html";
  ck_assert_int_eq(mf_report_from_journal(NULL, &options, &out, error, sizeof error), MF_IO_ERROR);
  ck_assert_str_eq(error, "template /no/template.html: No such file or directory");
  options.tmpl = NULL;
  options.output = "x.pdf";
  ck_assert_int_eq(mf_report_from_journal(NULL, &options, &out, error, sizeof error),
                   MF_UNSUPPORTED);
  ck_assert_int_eq(from_journal(0, "pdf", &out, error, sizeof error), MF_UNSUPPORTED);
  ck_assert_ptr_null(out.p);
}
END_TEST

Suite *runner_report_suite(void) {
  Suite *s = suite_create("runner_report");
  TCase *c = tcase_create("report");
  tcase_add_checked_fixture(c, set_up, tear_down);
  tcase_set_timeout(c, 60);
  tcase_add_loop_test(c, a_passed_run, 0, FORMATS);
  tcase_add_loop_test(c, a_failed_run, 0, FORMATS);
  tcase_add_loop_test(c, a_run_with_checks_and_thresholds, 0, FORMATS);
  tcase_add_loop_test(c, a_run_with_loads_of_some_seconds, 0, FORMATS);
  tcase_add_test(c, rendering_twice_gives_the_same);
  tcase_add_test(c, lines_after_the_report_change_nothing);
  tcase_add_test(c, only_json_objects_are_lines);
  tcase_add_test(c, malformed_data_is_survived);
  tcase_add_test(c, unknown_formats_are_refused);
  tcase_add_test(c, a_run_without_a_verdict_is_unfinished);
  tcase_add_test(c, an_empty_journal_is_unfinished);
  tcase_add_test(c, nothing_run_is_a_reason);
  tcase_add_test(c, nothing_run_may_be_allowed);
  tcase_add_test(c, no_data_is_its_own_verdict);
  tcase_add_test(c, an_interrupted_run_did_not_pass);
  tcase_add_test(c, an_exceeded_budget_ends_without_verdict);
  tcase_add_test(c, failed_hooks_are_reasons_and_errors_once);
  tcase_add_test(c, attempts_of_actions_are_shown);
  tcase_add_test(c, phases_of_the_run_are_told);
  tcase_add_test(c, a_step_that_may_fail_is_no_reason);
  tcase_add_test(c, many_reasons_are_counted);
  tcase_add_test(c, only_the_last_attempt_counts);
  tcase_add_test(c, a_retried_attempt_ends_before_the_pause);
  tcase_add_test(c, runs_in_turns_stand_apart);
  tcase_add_test(c, an_open_attempt_is_closed_by_the_next);
  tcase_add_test(c, assertions_belong_to_the_step_of_their_task);
  tcase_add_test(c, secrets_are_masked_everywhere);
  tcase_add_test(c, urls_lose_what_is_private);
  tcase_add_test(c, urls_in_texts_and_values_do_too);
  tcase_add_test(c, values_read_like_text);
  tcase_add_test(c, numbers_have_few_decimals);
  tcase_add_test(c, an_action_says_what_its_effect_was);
  tcase_add_test(c, long_lists_are_cut_and_counted);
  tcase_add_test(c, long_texts_are_cut_between_characters);
  tcase_add_test(c, long_values_become_text);
  tcase_add_test(c, memory_is_flat);
  tcase_add_test(c, what_never_ends_is_bounded);
  tcase_add_loop_test(c, every_allocation_may_fail, 0, FORMATS);
  tcase_add_test(c, a_journal_file_gives_the_same_report);
  tcase_add_test(c, a_torn_journal_gives_a_report_that_says_so);
  tcase_add_test(c, files_that_are_not_there_and_formats_that_are_not_known);
  suite_add_tcase(s, c);
  return s;
}
