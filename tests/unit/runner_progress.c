/* SPDX-License-Identifier: MIT */
/* Lines for people. */
#include "runner_progress_kit.h"

Suite *runner_progress_suite(void);

START_TEST(steps_begin_and_end_with_a_line) {
  open_progress();
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  tell(MF_NOTICE_STEP_FINISHED, MF_OUTCOME_FAILED, "one", "why");
  ck_assert_str_eq(said(),
                   "    1.50s  step 'one' started\n"
                   "    1.50s  step 'one' failed in 3.25s: why\n");
}
END_TEST

START_TEST(a_skipped_step_took_no_time) {
  open_progress();
  tell(MF_NOTICE_STEP_FINISHED, MF_OUTCOME_SKIPPED, "one", "");
  ck_assert_str_eq(said(), "    1.50s  step 'one' skipped\n");
}
END_TEST

START_TEST(a_load_shows_its_figures) {
  mf_arena arena;
  mf_map_builder metrics, outcome;
  mf_effect effect = {.id = 1, .path = MF_STR("one")};
  open_progress();
  mf_arena_init(&arena, NULL, 0);
  mf_map_build(&metrics, &arena);
  mf_map_add(&metrics, "requests", mf_int(300));
  mf_map_add(&metrics, "error_rate", mf_double(0.125));
  mf_map_add(&metrics, "throughput", mf_double(9.96));
  mf_map_add(&metrics, "avg_latency", mf_double(1.2345));
  mf_map_add(&metrics, "latency_p95", mf_double(250.4));
  mf_map_build(&outcome, &arena);
  mf_map_add(&outcome, "metrics", mf_map_done(&metrics));
  mf_map_add(&outcome, "warning", mf_string(MF_STR("the rate was capped")));
  mf_value v = mf_map_done(&outcome);
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  mf_progress_outcome(&p, &effect, &v, 0);
  ck_has(said(), "warning: the rate was capped\n");
  tell(MF_NOTICE_STEP_FINISHED, MF_OUTCOME_PASSED, "one", "");
  ck_has(said(),
         "step 'one' passed in 3.25s, 300 requests, 9.96/s, 12.5% errors, avg 1.23 ms, "
         "p95 250 ms\n");
  tell(MF_NOTICE_STEP_FINISHED, MF_OUTCOME_PASSED, "two", "");
  ck_has(said(), "step 'two' passed in 3.25s\n"); /* they were of step one */
  mf_arena_fini(&arena);
}
END_TEST

START_TEST(only_trouble_with_hooks_is_told) {
  open_progress();
  tell(MF_NOTICE_HOOK_STARTED, 0, "notify", "");
  tell(MF_NOTICE_HOOK_FINISHED, MF_OUTCOME_PASSED, "notify", "");
  tell_of("", MF_NOTICE_ACTION_FINISHED, MF_OUTCOME_PASSED, "post", "");
  ck_assert_str_eq(said(), "");
  tell_of("", MF_NOTICE_ACTION_FINISHED, MF_OUTCOME_WARNING, "post", "refused");
  tell(MF_NOTICE_HOOK_FINISHED, MF_OUTCOME_FAILED, "notify", "");
  ck_assert_str_eq(said(),
                   "    1.50s  action 'post' failed, which is only a warning: refused\n"
                   "    1.50s  hook 'notify' failed\n");
}
END_TEST

START_TEST(attempts_of_actions_are_told) {
  mf_notice n = {.kind = MF_NOTICE_ACTION_RETRIED,
                 .outcome = MF_OUTCOME_FAILED,
                 .path = MF_STR("steps[0]"),
                 .name = MF_STR("get"),
                 .text = MF_STR("refused"),
                 .attempt = 1,
                 .actual = mf_double(2)};
  open_progress();
  mf_progress_notice(&p, &n, 1500000000);
  n.kind = MF_NOTICE_ACTION_FINISHED;
  n.attempt = 2;
  mf_progress_notice(&p, &n, 1500000000);
  ck_assert_str_eq(
      said(),
      "    1.50s  action 'get' at steps[0] failed (attempt 1), again in 2.00s: refused\n"
      "    1.50s  action 'get' at steps[0] failed (attempt 2): refused\n");
}
END_TEST

START_TEST(assertions_tell_what_is_news) {
  static const mf_value none = {.kind = MF_NULL};
  mf_notice n = {.kind = MF_NOTICE_ASSERTION,
                 .outcome = MF_OUTCOME_FAILED,
                 .name = MF_STR("x"),
                 .text = MF_STR("assertion 'x' failed: actual 5, expected 3"),
                 .actual = mf_int(5),
                 .expected = mf_int(3)};
  open_progress();
  mf_progress_notice(&p, &n, 0);
  ck_has(said(), "assertion 'x' failed: actual 5, expected 3\n");
  n.text = MF_STR("a message of its own");
  mf_progress_notice(&p, &n, 0);
  ck_has(said(), "assertion 'x' failed: actual 5, expected 3: a message of its own\n");
  n.outcome = MF_OUTCOME_NO_DATA;
  n.text = MF_STR("assertion 'x' failed: metric 'm' has no data");
  mf_progress_notice(&p, &n, 0);
  ck_has(said(), "assertion 'x' had no data: metric 'm' has no data\n");
  n = (mf_notice){.kind = MF_NOTICE_ASSERTION,
                  .outcome = MF_OUTCOME_FAILED,
                  .name = MF_STR("y"),
                  .text = MF_STR("assertion 'y' failed"),
                  .actual = none,
                  .expected = none};
  mf_progress_notice(&p, &n, 0);
  ck_has(said(), "assertion 'y' failed\n");
}
END_TEST

/* Names, once each; errors are told already. */
START_TEST(conditions_tell_what_they_are_made_from) {
  static const mf_value none = {.kind = MF_ERROR};
  const mf_notice_reason reasons[] = {
      {MF_STR("a < 5 && b < 5 || a\n < 3"), 0, mf_bool(false)},
      {MF_STR("a < 5 && b < 5"), 1, mf_bool(false)},
      {MF_STR("a < 5"), 2, mf_bool(false)},
      {MF_STR("a"), 3, mf_int(7)},
      {MF_STR("b"), 2, none},
      {MF_STR("a\n < 3"), 1, mf_bool(false)},
      {MF_STR("a"), 2, mf_int(7)},
      {MF_STR("c\x1b"), 1, mf_bool(true)},
  };
  mf_notice n = {.kind = MF_NOTICE_ASSERTION,
                 .outcome = MF_OUTCOME_FAILED,
                 .name = MF_STR("x"),
                 .text = MF_STR("assertion 'x' failed: actual false, expected true"),
                 .actual = mf_bool(false),
                 .expected = mf_bool(true),
                 .reasons = reasons,
                 .reason_count = 8};
  open_progress();
  mf_progress_notice(&p, &n, 0);
  ck_has(said(), "' failed: actual false, expected true; a = 7, c\\x1b = true\n");
  n.reason_count = 2; /* one name: the two sides say it all */
  mf_progress_notice(&p, &n, 0);
  ck_has(said(), "' failed: actual false, expected true\n");
}
END_TEST

START_TEST(messages_cannot_act_on_a_terminal) {
  open_progress();
  tell(MF_NOTICE_LOG, 0, "info", "a\x1b]0;title\a\nb");
  tell(MF_NOTICE_BRANCH, 0, "go\ron?", "else");
  ck_assert_str_eq(said(),
                   "    1.50s  log info: a\\x1b]0;title\\a\\nb\n"
                   "    1.50s  branch 'go\\ron?' took else\n");
}
END_TEST

START_TEST(quiet_shows_nothing_but_the_verdict) {
  options.progress = MF_PROGRESS_NONE;
  open_progress();
  mf_run_target target = {.kind = MF_TARGET_SAMPLE, .shown = "http://127.0.0.1:1"};
  mf_verdict verdict = {.steps_passed = 2};
  mf_ending ending = {.verdict = &verdict,
                      .seconds = 75.5,
                      .target = &target,
                      .time_scale = 0.1,
                      .reports = MF_STR("a.html\nb.json\n"),
                      .journal = "j"};
  mf_progress_started(&p, MF_STR("x"), "id", &target, 0.1);
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  ck_assert_str_eq(said(), "");
  mf_progress_verdict(&p, &ending);
  ck_assert_str_eq(out.text,
                   "PASSED in 1m15.5s: 2 steps passed\n"
                   "target: built-in sample service at http://127.0.0.1:1 (scaled 0.1)\n"
                   "report: a.html\nreport: b.json\njournal: j\n");
}
END_TEST

START_TEST(a_load_has_a_line_in_five_seconds) {
  open_progress();
  clock_ns = 1000 * MS;
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  for (int second = 1; second <= 11; second++) {
    clock_ns += 1000 * MS;
    tell_load("one", second, NULL);
  }
  ck_assert_str_eq(said(),
                   "    1.00s  step 'one' started\n"
                   "    6.00s  step 'one': 500 requests, 100/s, 20% errors, avg 2 ms, p95 2 ms, "
                   "3 in flight, 7 checks failed\n"
                   "   11.00s  step 'one': 1000 requests, 100/s, 20% errors, avg 2 ms, p95 2 ms, "
                   "3 in flight, 7 checks failed\n");
}
END_TEST

Suite *runner_progress_suite(void) {
  Suite *s = suite_create("runner_progress");
  TCase *t = tcase_create("all");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, steps_begin_and_end_with_a_line);
  tcase_add_test(t, a_skipped_step_took_no_time);
  tcase_add_test(t, a_load_shows_its_figures);
  tcase_add_test(t, only_trouble_with_hooks_is_told);
  tcase_add_test(t, attempts_of_actions_are_told);
  tcase_add_test(t, assertions_tell_what_is_news);
  tcase_add_test(t, conditions_tell_what_they_are_made_from);
  tcase_add_test(t, messages_cannot_act_on_a_terminal);
  tcase_add_test(t, quiet_shows_nothing_but_the_verdict);
  tcase_add_test(t, a_load_has_a_line_in_five_seconds);
  suite_add_tcase(s, t);
  return s;
}
