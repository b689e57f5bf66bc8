/* SPDX-License-Identifier: MIT */
/* Progress for programs: docs/progress.md. */
#include "../../base/json.h"
#include "runner_progress_kit.h"

Suite *runner_progress_json_suite(void);

static void set_up_json(void) {
  set_up();
  options.progress = MF_PROGRESS_JSON;
  options.terminal = true; /* that makes no difference */
  open_progress();
}

START_TEST(a_run_begins_and_ends_with_an_event) {
  mf_run_target target = {.kind = MF_TARGET_SAMPLE, .shown = "http://127.0.0.1:1"};
  mf_verdict verdict = {.steps_failed = 2, .assertions_no_data = 1, .warnings = 3};
  mf_ending ending = {.exit_code = 1,
                      .reasons = MF_STR("2 steps failed"),
                      .verdict = &verdict,
                      .seconds = 75.5,
                      .target = &target,
                      .time_scale = 0.5,
                      .reports = MF_STR("a.html\nb.json\n"),
                      .journal = ""};
  char started[512];
  snprintf(started, sizeof started,
           "{\"event\":\"run_started\",\"t\":0.0,\"name\":\"n\",\"run_id\":\"id\",\"target\":"
           "{\"kind\":\"sample\",\"url\":\"http://127.0.0.1:1\"},\"time_scale\":0.5,"
           "\"version\":\"%s\"}\n",
           mf_version());
  mf_progress_started(&p, MF_STR("n"), "id", &target, 0.5);
  ck_assert_str_eq(said(), started);
  (void)news();
  clock_ns = 75500 * MS;
  mf_progress_verdict(&p, &ending);
  ck_assert_str_eq(news(),
                   "{\"event\":\"verdict\",\"t\":75.5,\"outcome\":\"failed\",\"exit_code\":1,"
                   "\"reason\":\"2 steps failed\",\"duration\":75.5,"
                   "\"steps\":{\"passed\":0,\"failed\":2,\"skipped\":0},"
                   "\"assertions\":{\"passed\":0,\"failed\":0,\"no_data\":1},\"warnings\":3,"
                   "\"reports\":[\"a.html\",\"b.json\"],\"journal\":null}\n");
}
END_TEST

START_TEST(steps_begin_end_and_are_tried_again) {
  clock_ns = 1500 * MS;
  tell_of("steps[0]", MF_NOTICE_STEP_STARTED, 0, "one", "");
  tell_of("steps[0]", MF_NOTICE_STEP_RETRIED, MF_OUTCOME_FAILED, "one", "refused");
  tell_of("steps[0]", MF_NOTICE_STEP_FINISHED, MF_OUTCOME_PASSED, "one", "");
  ck_assert_str_eq(
      said(),
      "{\"event\":\"step_started\",\"t\":1.5,\"step\":\"one\",\"path\":\"steps[0]\",\"attempt\":1}"
      "\n"
      "{\"event\":\"step_finished\",\"t\":1.5,\"step\":\"one\",\"path\":\"steps[0]\",\"attempt\":1,"
      "\"outcome\":\"failed\",\"retried\":true,\"duration\":3.25,\"error\":\"refused\"}\n"
      "{\"event\":\"step_finished\",\"t\":1.5,\"step\":\"one\",\"path\":\"steps[0]\",\"attempt\":1,"
      "\"outcome\":\"passed\",\"retried\":false,\"duration\":3.25}\n");
}
END_TEST

START_TEST(a_load_is_told_each_time) {
  tell_of("steps[0]", MF_NOTICE_STEP_STARTED, 0, "one", "");
  clock_ns = 2000 * MS;
  (void)said();
  (void)news();
  tell_load("steps[0]", 0, NULL);
  (void)said();
  ck_assert_str_eq(news(),
                   "{\"event\":\"load\",\"t\":2.0,\"step\":\"one\",\"path\":\"steps[0]\","
                   "\"elapsed\":0.0,\"planned\":30.0,\"requests\":0,\"rate\":null,\"errors\":0,"
                   "\"error_rate\":null,\"avg\":null,\"p50\":null,\"p95\":null,\"p99\":null,"
                   "\"in_flight\":3,\"users\":50,\"dropped\":1,\"checks_failed\":7}\n");
  tell_load("steps[0]", 2, NULL);
  (void)said();
  ck_assert_str_eq(news(),
                   "{\"event\":\"load\",\"t\":2.0,\"step\":\"one\",\"path\":\"steps[0]\","
                   "\"elapsed\":2.0,\"planned\":30.0,\"requests\":200,\"rate\":100.0,\"errors\":40,"
                   "\"error_rate\":0.2,\"avg\":2.0,\"p50\":2.0,\"p95\":2.0,\"p99\":2.0,"
                   "\"in_flight\":3,\"users\":50,\"dropped\":1,\"checks_failed\":7}\n");
}
END_TEST

START_TEST(judgements_and_messages_are_events) {
  mf_notice n = {.kind = MF_NOTICE_WATCH,
                 .outcome = MF_OUTCOME_FAILED,
                 .index = 5, /* of no image */
                 .name = MF_STR("p95 < 5"),
                 .path = MF_STR("thresholds[0]"),
                 .text = MF_STR("12, not below 5"),
                 .actual = mf_double(12)};
  mf_progress_notice(&p, &n, 0);
  n.kind = MF_NOTICE_ASSERTION;
  n.actual = mf_int(1);
  n.expected = mf_int(2);
  mf_progress_notice(&p, &n, 0);
  tell(MF_NOTICE_LOG, 0, "info", "a\x1b\n\"b");
  tell(MF_NOTICE_WARNING, 0, "", "odd");
  tell(MF_NOTICE_ERROR, 0, "", "bad");
  mf_progress_say(&p, 0, "%s: finishing", "SIGINT");
  ck_assert_str_eq(
      said(),
      "{\"event\":\"watch\",\"t\":0.0,\"name\":\"p95 < 5\",\"path\":\"thresholds[0]\","
      "\"outcome\":\"failed\",\"value\":12.0,\"text\":\"12, not below 5\"}\n"
      "{\"event\":\"assertion\",\"t\":0.0,\"name\":\"p95 < 5\",\"path\":\"thresholds[0]\","
      "\"outcome\":\"failed\",\"actual\":1,\"expected\":2,\"text\":\"12, not below 5\"}\n"
      "{\"event\":\"message\",\"t\":1.5,\"level\":\"info\",\"text\":\"a\\u001b\\n\\\"b\"}\n"
      "{\"event\":\"message\",\"t\":1.5,\"level\":\"warning\",\"text\":\"odd\"}\n"
      "{\"event\":\"message\",\"t\":1.5,\"level\":\"error\",\"text\":\"bad\"}\n"
      "{\"event\":\"message\",\"t\":0.0,\"level\":\"info\",\"text\":\"SIGINT: finishing\"}\n");
}
END_TEST

static mf_str hide(void *ctx, mf_str s) {
  (void)ctx;
  return mf_str_is(s, "s3cr3t") ? MF_STR("<secret:x>") : s;
}
static const char *no_name(void *ctx, mf_str s) {
  (void)ctx, (void)s;
  return NULL;
}

START_TEST(secrets_are_hidden) {
  static const mf_json_filter filter = {NULL, hide, no_name};
  p.filter = &filter;
  tell_of("steps[0]", MF_NOTICE_STEP_STARTED, 0, "s3cr3t", "");
  tell(MF_NOTICE_LOG, 0, "info", "s3cr3t");
  tell_load("steps[0]", 1, NULL);
  ck_lacks(said(), "s3cr3t");
  ck_has(out.text, "\"step\":\"<secret:x>\",\"path\":\"steps[0]\",\"elapsed\"");
}
END_TEST

Suite *runner_progress_json_suite(void) {
  Suite *s = suite_create("runner_progress_json");
  TCase *t = tcase_create("all");
  tcase_add_checked_fixture(t, set_up_json, tear_down);
  tcase_add_test(t, a_run_begins_and_ends_with_an_event);
  tcase_add_test(t, steps_begin_end_and_are_tried_again);
  tcase_add_test(t, a_load_is_told_each_time);
  tcase_add_test(t, judgements_and_messages_are_events);
  tcase_add_test(t, secrets_are_hidden);
  suite_add_tcase(s, t);
  return s;
}
