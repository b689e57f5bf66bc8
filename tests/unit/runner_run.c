/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "../../base/limits.h"
#include "runner_kit.h"

Suite *runner_run_suite(void);

static kit k;
static ran r;

static void set_up(void) { ran_init(&r); }
static void tear_down(void) { ran_free(&r); }

static int go(void) {
  int code = ran_go(&r, &k);
  kit_free(&k);
  return code;
}

/* ---- Passing and failing ---- */

START_TEST(a_step_that_does_nothing_passes) {
  kit_noop(&k);
  ck_assert_int_eq(go(), 0);
  ck_has(r.out.text, "step 'nothing' started");
  ck_has(r.out.text, "step 'nothing' passed");
  ck_has(r.out.text, "PASSED");
  ck_has(r.out.text, r.journal);
  ck_assert_str_eq(r.err.text, "");
}
END_TEST

static void make_empty(void) {
  kit_open(&k);
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
}

START_TEST(nothing_run_is_no_success) {
  make_empty();
  ck_assert_int_eq(go(), 1);
  ck_has(r.out.text, "FAILED");
  ck_has(r.out.text, "nothing was run");
}
END_TEST

START_TEST(nothing_run_may_be_allowed) {
  make_empty();
  r.options.allow_empty = true;
  ck_assert_int_eq(go(), 0);
}
END_TEST

START_TEST(a_failed_step_fails_the_run) {
  uint32_t handler, row;
  kit_open(&k);
  row = kit_step(&k, "a\x1b[31mb", MF_ABSENT, &handler);
  kit_push_text(&k, "on purpose");
  KIT_EMIT(&k, FAIL, 0, 0);
  kit_step_end(&k, row, handler);
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
  ck_assert_int_eq(go(), 1);
  ck_has(r.out.text, "step 'a\\x1b[31mb' failed");
  ck_has(r.out.text, "on purpose");
  ck_has(r.out.text, "because: 1 step failed: 'a\\x1b[31mb' (exit code 1)");
  ck_lacks(r.out.text, "\x1b");
}
END_TEST

START_TEST(assertions_show_what_was_compared) {
  uint32_t handler, row;
  kit_open(&k);
  row = kit_step(&k, "s", MF_ABSENT, &handler);
  uint32_t assertion = mf_builder_row(
      k.b, MF_TABLE_ASSERTION,
      (uint32_t[]){kit_string(&k, "fast enough"), kit_string(&k, "steps[0].assertions[0]"),
                   MF_ASSERTION_TYPE_CONDITION, row, 0, MF_ABSENT});
  kit_push(&k, mf_int(312));
  kit_push(&k, mf_int(200));
  kit_push(&k, mf_bool(false));
  KIT_EMIT(&k, ASSERT, assertion, 0);
  kit_step_end(&k, row, handler);
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
  ck_assert_int_eq(go(), 1);
  ck_has(r.out.text, "assertion 'fast enough' failed: actual 312, expected 200\n");
}
END_TEST

/* ---- The journal ---- */

START_TEST(the_journal_tells_the_run) {
  kit_noop(&k);
  ck_assert_int_eq(go(), 0);
  const char *const events[] = {"run_started",           "step_started",        "step_finished",
                                "\"event\":\"verdict\"", "\"event\":\"final\"", "run_finished"};
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    ck_assert_int_eq(journal_count(r.journal, events[i]), 1);
  ck_assert_int_eq(journal_count(r.journal, "\"exit_code\":0"), 1);
  ck_assert_int_eq(journal_count(r.journal, "\"seed\":7"), 1);
}
END_TEST

START_TEST(final_values_are_on_record) {
  kit_open(&k);
  uint32_t slot = kit_slot(&k, "x", MF_SLOT_KIND_GLOBAL, 0);
  uint32_t metric = kit_row(&k, MF_TABLE_METRIC,
                            (uint32_t[]){kit_string(&k, "m"), MF_METRIC_KIND_GAUGE});
  kit_push(&k, mf_int(5));
  KIT_EMIT(&k, STORE, slot, 0);
  kit_push(&k, mf_double(2.5));
  KIT_EMIT(&k, METRIC, metric, 0);
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
  r.options.allow_empty = true;
  ck_assert_int_eq(go(), 0);
  ck_assert_int_eq(journal_count(r.journal, "\"variables\":{\"x\":5},\"metrics\":{\"m\":2.5}"), 1);
}
END_TEST

START_TEST(no_place_for_the_journal_is_an_io_error) {
  kit_noop(&k);
  r.options.journal = "/proc/nonexistent/run.jsonl";
  ck_assert_int_eq(go(), 74);
  ck_has(r.err.text, "/proc/nonexistent/run.jsonl");
}
END_TEST

START_TEST(journal_none_leaves_no_file) {
  kit_noop(&k);
  r.options.journal = "none";
  ck_assert_int_eq(go(), 0);
  ck_lacks(r.out.text, "journal:");
}
END_TEST

START_TEST(unknown_sync_is_a_usage_error) {
  kit_noop(&k);
  r.options.sync = "often";
  ck_assert_int_eq(go(), 2);
  ck_assert_int_ne(access(r.journal, F_OK), 0);
}
END_TEST

static void fill_the_disk(void) {
  struct rlimit limit = {10, 10};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &limit);
}

static void make_effect(const char *driver);

START_TEST(nothing_is_done_that_cannot_be_put_on_record) {
  make_effect("command");
  r.options.trace_effects = true;
  r.out.trigger = "run: ";
  r.out.act = fill_the_disk;
  ck_assert_int_eq(go(), 74);
  ck_lacks(r.err.text, "outcome");
  ck_has(r.out.text, "because: journal ");
}
END_TEST

START_TEST(every_sync_policy_gives_a_whole_journal) {
  static const char *const policies[] = {"effect", "interval", "none"};
  make_effect("command");
  r.options.sync = policies[_i];
  ck_assert_int_eq(go(), 1);
  ck_assert_int_eq(journal_count(r.journal, "run_finished"), 1);
}
END_TEST

/* ---- Refusals ---- */

START_TEST(bytes_that_are_no_image_are_refused) {
  static const uint64_t junk[16] = {1, 2, 3};
  r.options.image = (const uint8_t *)junk;
  r.options.image_size = sizeof junk;
  ck_assert_int_eq(mf_run(&r.options), 3);
  ck_has(r.err.text, "not an image");
}
END_TEST

START_TEST(faults_are_refused_before_anything_is_done) {
  kit_open(&k);
  kit_row(&k, MF_TABLE_SCENARIO,
          (uint32_t[]){kit_string(&k, "network_degradation"), kit_string(&k, "proxy")});
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
  ck_assert_int_eq(go(), 3);
  ck_has(r.err.text, "scenario 'network_degradation' injects faults, which is not supported yet");
  ck_assert_int_ne(access(r.journal, F_OK), 0);
}
END_TEST

START_TEST(unknown_variables_are_refused_with_a_suggestion) {
  kit_open(&k);
  kit_slot(&k, "notification_url", MF_SLOT_KIND_GLOBAL, 0);
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
  mf_variable v = {.name = MF_STR("notificaton_url"), .value = mf_int(1)};
  r.options.variables = &v;
  r.options.variable_count = 1;
  ck_assert_int_eq(go(), 2);
  ck_has(r.err.text, "'notificaton_url'; did you mean 'notification_url'?");
  ck_assert_int_ne(access(r.journal, F_OK), 0);
}
END_TEST

/* ---- Variables and environment ---- */

/* Stores slot `from` into a global "seen". */
static void make_copy(const char *name, uint32_t slot_kind) {
  kit_open(&k);
  uint32_t from = kit_slot(&k, name, slot_kind, 0);
  uint32_t seen = kit_slot(&k, "seen", MF_SLOT_KIND_GLOBAL, 0);
  KIT_EMIT(&k, LOAD, from, 0);
  KIT_EMIT(&k, STORE, seen, 0);
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
  r.options.allow_empty = true;
}

START_TEST(overrides_reach_the_machine_and_the_journal) {
  make_copy("x", MF_SLOT_KIND_GLOBAL);
  mf_variable v = {.name = MF_STR("x"), .value = mf_string(MF_STR("given"))};
  r.options.variables = &v;
  r.options.variable_count = 1;
  ck_assert_int_eq(go(), 0);
  ck_assert_int_eq(journal_count(r.journal, "\"variables\":{\"x\":\"given\"}"), 1);
  ck_assert_int_eq(journal_count(r.journal, "\"seen\":\"given\""), 1);
}
END_TEST

START_TEST(environment_variables_are_read_at_the_start) {
  setenv("MF_UNIT_PLAIN", "plain", 1);
  make_copy("env.MF_UNIT_PLAIN", MF_SLOT_KIND_ENV);
  ck_assert_int_eq(go(), 0);
  ck_assert_int_eq(journal_count(r.journal, "\"seen\":\"plain\""), 1);
}
END_TEST

START_TEST(secrets_of_the_environment_stay_secret) {
  setenv("mf_unit_api_key", "hunter2", 1);
  make_copy("env.mf_unit_api_key", MF_SLOT_KIND_ENV);
  ck_assert_int_eq(go(), 0);
  ck_assert_int_eq(journal_count(r.journal, "hunter2"), 0);
  ck_assert_int_eq(journal_count(r.journal, "\"seen\":{\"$secret\":\"mf_unit_api_key\"}"), 1);
}
END_TEST

/* Set in the environment too: what is longer than a secret may be is refused. */
START_TEST(secrets_end_at_SECRET_BYTES) {
  char *text = calloc(1, (size_t)MF_LIMIT_SECRET_BYTES + 2);
  memset(text, 'x', (size_t)MF_LIMIT_SECRET_BYTES);
  for (int more = 0; more < 2; more++) {
    text[MF_LIMIT_SECRET_BYTES] = more ? 'x' : 0;
    setenv("MF_UNIT_LONG", text, 1);
    kit_open(&k);
    kit_metadata(&k, "{\"secrets\":{\"long\":{\"env\":\"MF_UNIT_LONG\"}}}");
    kit_slot(&k, "secrets.long", MF_SLOT_KIND_SECRET, 0);
    kit_final(&k);
    KIT_EMIT(&k, VERDICT, 0, 0);
    kit_close(&k);
    r.options.allow_empty = true;
    ck_assert_int_eq(go(), more ? 2 : 0);
    if (!more) kit_free(&k);
  }
  unsetenv("MF_UNIT_LONG");
  free(text);
}
END_TEST

/* ---- Effects ---- */

/* One hook-less effect on `driver`, whose outcome fails the run if not ok. */
static void make_effect(const char *driver) {
  uint32_t handler, row;
  mf_map none = {.count = 0};
  kit_open(&k);
  row = kit_step(&k, "s", MF_ABSENT, &handler);
  uint32_t d = kit_row(&k, MF_TABLE_DRIVER, (uint32_t[]){kit_string(&k, driver)});
  kit_push(&k, (mf_value){.kind = MF_MAP, .as.map = &none});
  KIT_EMIT(&k, EFFECT, d, 0);
  KIT_EMIT(&k, OUTCOME, 0, 0);
  kit_step_end(&k, row, handler);
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
}

START_TEST(an_unknown_driver_is_a_failed_outcome) {
  make_effect("teleport");
  ck_assert_int_eq(go(), 1);
  ck_has(r.out.text, "no driver of this name");
  ck_assert_int_eq(journal_count(r.journal, "\"event\":\"intent\""), 1);
  ck_assert_int_eq(journal_count(r.journal, "\"event\":\"outcome\""), 1);
}
END_TEST

START_TEST(now_is_answered_at_once) {
  kit_open(&k);
  KIT_EMIT(&k, NOW, 0, 0);
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
  r.options.allow_empty = r.options.trace_effects = true;
  ck_assert_int_eq(go(), 0);
  ck_has(r.err.text, "effect #1 now ");
  ck_has(r.err.text, "outcome #1 {\"ok\":true}\n");
}
END_TEST

START_TEST(ops_can_be_traced) {
  kit_noop(&k);
  r.options.trace_ops = true;
  ck_assert_int_eq(go(), 0);
  ck_has(r.err.text, "STEP_ENTER");
  ck_has(r.err.text, "\"nothing\"");
}
END_TEST

/* ---- Reports ---- */

static void make_report(const char *path) {
  uint32_t handler, row;
  kit_open(&k);
  row = kit_step(&k, "s", MF_ABSENT, &handler);
  kit_step_end(&k, row, handler);
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_report(&k, path);
  kit_close(&k);
}

static size_t file_size(const char *path) {
  int fd = open(path, O_RDONLY);
  off_t n = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
  if (fd >= 0) close(fd);
  ck_assert_msg(n >= 0, "%s was not written", path);
  return (size_t)n;
}

START_TEST(reports_are_written_with_their_folders) {
  char path[128], extra[128];
  snprintf(path, sizeof path, "%s/deep/er/report.html", r.folder);
  snprintf(extra, sizeof extra, "%s/extra.json", r.folder);
  make_report(path);
  r.options.report = extra;
  ck_assert_int_eq(go(), 0);
  ck_assert_uint_gt(file_size(path), 0);
  ck_assert_uint_gt(file_size(extra), 0);
  ck_has(r.out.text, path);
  ck_has(r.out.text, extra);
  ck_assert_int_eq(journal_count(r.journal, "report_written"), 2);
}
END_TEST

START_TEST(reports_need_no_journal_file) {
  char path[128];
  snprintf(path, sizeof path, "%s/report.json", r.folder);
  make_report(path);
  r.options.journal = "none";
  ck_assert_int_eq(go(), 0);
  ck_assert_uint_gt(file_size(path), 0);
}
END_TEST

START_TEST(a_report_that_cannot_be_written_is_an_io_error) {
  make_report("/proc/nonexistent/report.html");
  ck_assert_int_eq(go(), 74);
  ck_has(r.out.text, "FAILED");
  ck_has(r.out.text, "/proc/nonexistent/report.html");
  ck_assert_int_eq(journal_count(r.journal, "report_written"), 1);
  ck_assert_int_eq(journal_count(r.journal, "\"exit_code\":74"), 1);
}
END_TEST

START_TEST(an_extra_report_that_cannot_be_written_is_one_too) {
  kit_noop(&k);
  r.options.report = "/proc/nonexistent/report.html";
  ck_assert_int_eq(go(), 74);
  ck_assert_int_eq(journal_count(r.journal, "\"exit_code\":74"), 1);
}
END_TEST

/* ---- Signals: raised when the trace shows the wait, so no test has to sleep ---- */

static void interrupt(void) { raise(SIGINT); }

static void make_waiting_hook(void) {
  uint32_t hook = kit_row(&k, MF_TABLE_HOOK,
                          (uint32_t[]){kit_string(&k, "last"), kit_string(&k, "hooks[0]"),
                                       MF_HOOK_TYPE_POST_ORCHESTRATION});
  uint32_t leave = mf_builder_label(k.b), next = mf_builder_label(k.b);
  KIT_EMIT(&k, HANDLER, next, 0);
  KIT_EMIT(&k, HOOK_ENTER, hook, leave);
  KIT_EMIT(&k, HOOK_BEGIN, hook, 0);
  kit_push(&k, mf_int(7200));
  KIT_EMIT(&k, WAIT, 0, 0);
  mf_builder_place(k.b, leave);
  KIT_EMIT(&k, HOOK_LEAVE, hook, 0);
  mf_builder_place(k.b, next);
}

/* A step that waits for an hour, then hooks that wait for two. */
static void make_waits(int hooks) {
  uint32_t handler, row;
  kit_open(&k);
  row = kit_step(&k, "long", MF_ABSENT, &handler);
  kit_push(&k, mf_int(3600));
  KIT_EMIT(&k, WAIT, 0, 0);
  kit_step_end(&k, row, handler);
  kit_final(&k);
  while (hooks-- > 0) make_waiting_hook();
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
  r.options.trace_effects = true;
  r.err.trigger = "effect #1 wait";
  r.err.act = interrupt;
}

START_TEST(a_signal_ends_the_entry_under_way) {
  make_waits(0);
  ck_assert_int_eq(go(), 105);
  ck_has(r.err.text, "cancelled");
  ck_has(r.out.text, "SIGINT");
  ck_has(r.out.text, "because: interrupted by SIGINT");
  ck_assert_int_eq(journal_count(r.journal, "\"signal\":\"stop\",\"origin\":\"SIGINT\""), 1);
  ck_assert_int_eq(journal_count(r.journal, "\"exit_code\":105"), 1);
}
END_TEST

static void interrupt_hook(void) { raise(SIGTERM); }
static void interrupt_then_wait_for_hook(void) {
  raise(SIGINT);
  r.err.trigger = "effect #2 wait";
  r.err.act = interrupt_hook;
}

START_TEST(a_second_signal_leaves_the_hook_under_way) {
  make_waits(1);
  r.err.act = interrupt_then_wait_for_hook;
  ck_assert_int_eq(go(), 105);
  ck_has(r.out.text, "SIGTERM again");
  ck_assert_int_eq(journal_count(r.journal, "\"event\":\"signal\""), 2);
  ck_assert_int_eq(journal_count(r.journal, "\"event\":\"verdict\""), 1);
}
END_TEST

static void interrupt_second_hook(void) {
  raise(SIGTERM);
  r.err.trigger = "effect #3 wait";
  r.err.act = interrupt;
}
static void interrupt_everything(void) {
  raise(SIGINT);
  r.err.trigger = "effect #2 wait";
  r.err.act = interrupt_second_hook;
}

START_TEST(a_third_signal_ends_at_once) {
  make_waits(2);
  r.err.act = interrupt_everything;
  r.options.journal = "none";
  remove_folder(r.folder); /* nobody comes back to tidy up */
  (void)go();
}
END_TEST

static void interrupt_at_verdict(void) { raise(SIGINT); }

START_TEST(a_signal_after_the_end_is_ignored) {
  kit_noop(&k);
  r.out.trigger = "PASSED";
  r.out.act = interrupt_at_verdict;
  ck_assert_int_eq(go(), 0);
}
END_TEST

/* ---- Budgets ---- */

START_TEST(a_limit_that_is_exceeded_ends_the_run_with_6) {
  kit_open(&k);
  uint32_t slot = kit_slot(&k, "x", MF_SLOT_KIND_GLOBAL, 0);
  kit_push_text(&k, "0123456789abcdef");
  KIT_EMIT(&k, STORE, slot, 0);
  for (int doubled = 0; doubled < 20; doubled++) { /* 16 MiB: past the limit of a string */
    KIT_EMIT(&k, LOAD, slot, 0);
    KIT_EMIT(&k, LOAD, slot, 0);
    KIT_EMIT(&k, CONCAT, 2, 0);
    KIT_EMIT(&k, STORE, slot, 0);
  }
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
  ck_assert_int_eq(go(), 6);
  ck_has(r.out.text, "a limit was exceeded");
  ck_assert_int_eq(journal_count(r.journal, "\"exit_code\":6"), 1);
}
END_TEST

/* ---- Memory ---- */

/* A step with an effect, a value on record and a report. */
static void make_everything(const char *report, const char *template) {
  uint32_t handler, row;
  mf_map none = {.count = 0};
  kit_open(&k);
  uint32_t slot = kit_slot(&k, "x", MF_SLOT_KIND_GLOBAL, 0);
  uint32_t metric = kit_row(&k, MF_TABLE_METRIC,
                            (uint32_t[]){kit_string(&k, "m"), MF_METRIC_KIND_GAUGE});
  row = kit_step(&k, "s", MF_ABSENT, &handler);
  uint32_t d = kit_row(&k, MF_TABLE_DRIVER, (uint32_t[]){kit_string(&k, "command")});
  kit_push(&k, (mf_value){.kind = MF_MAP, .as.map = &none});
  KIT_EMIT(&k, EFFECT, d, 0);
  KIT_EMIT(&k, STORE, slot, 0);
  kit_push(&k, mf_double(2.5));
  KIT_EMIT(&k, METRIC, metric, 0);
  kit_push(&k, mf_double(0));
  KIT_EMIT(&k, WAIT, 0, 0);
  kit_step_end(&k, row, handler);
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_report(&k, report);
  kit_report_from(&k, report, template);
  kit_metadata(&k, "{\"name\":\"all\",\"hosts\":[\"a.example\"]}");
  kit_close(&k);
}

START_TEST(every_allocation_may_fail) {
  char report[128], template[128];
  int code = -1;
  snprintf(report, sizeof report, "%s/report.html", r.folder);
  snprintf(template, sizeof template, "%s/template.html", r.folder);
  FILE *f = fopen(template, "w");
  ck_assert_ptr_nonnull(f);
  fputs("${orchestration_name}${step_results.map(s, s.step_name)}", f);
  fclose(f);
  make_everything(report, template);
  for (uint64_t n = 1; code != 0; n++) {
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = n};
    r.out.n = r.err.n = 0;
    r.options.alloc = mf_counting_alloc_as_alloc(&counting);
    code = ran_go(&r, &k);
    ck_assert_msg(code == 0 || code == 1 || code == 6 || code == 74, "allocation %u: exit code %d",
                  (unsigned)n, code);
    ck_assert_uint_eq(counting.in_use, 0);
    ck_assert_uint_lt(n, 10000);
    if (code == 0 && counting.calls >= n) code = -1; /* what failed was not needed */
  }
  kit_free(&k);
}
END_TEST

Suite *runner_run_suite(void) {
  Suite *s = suite_create("runner_run");
  TCase *t = tcase_create("all");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, a_step_that_does_nothing_passes);
  tcase_add_test(t, nothing_run_is_no_success);
  tcase_add_test(t, nothing_run_may_be_allowed);
  tcase_add_test(t, a_failed_step_fails_the_run);
  tcase_add_test(t, assertions_show_what_was_compared);
  tcase_add_test(t, the_journal_tells_the_run);
  tcase_add_test(t, final_values_are_on_record);
  tcase_add_test(t, no_place_for_the_journal_is_an_io_error);
  tcase_add_test(t, journal_none_leaves_no_file);
  tcase_add_test(t, nothing_is_done_that_cannot_be_put_on_record);
  tcase_add_loop_test(t, every_sync_policy_gives_a_whole_journal, 0, 3);
  tcase_add_test(t, unknown_sync_is_a_usage_error);
  tcase_add_test(t, bytes_that_are_no_image_are_refused);
  tcase_add_test(t, faults_are_refused_before_anything_is_done);
  tcase_add_test(t, unknown_variables_are_refused_with_a_suggestion);
  tcase_add_test(t, overrides_reach_the_machine_and_the_journal);
  tcase_add_test(t, environment_variables_are_read_at_the_start);
  tcase_add_test(t, secrets_of_the_environment_stay_secret);
  tcase_add_test(t, secrets_end_at_SECRET_BYTES);
  tcase_add_test(t, an_unknown_driver_is_a_failed_outcome);
  tcase_add_test(t, now_is_answered_at_once);
  tcase_add_test(t, ops_can_be_traced);
  tcase_add_test(t, reports_are_written_with_their_folders);
  tcase_add_test(t, reports_need_no_journal_file);
  tcase_add_test(t, a_report_that_cannot_be_written_is_an_io_error);
  tcase_add_test(t, an_extra_report_that_cannot_be_written_is_one_too);
  tcase_add_test(t, a_signal_ends_the_entry_under_way);
  tcase_add_test(t, a_second_signal_leaves_the_hook_under_way);
  tcase_add_exit_test(t, a_third_signal_ends_at_once, 105);
  tcase_add_test(t, a_signal_after_the_end_is_ignored);
  tcase_add_test(t, a_limit_that_is_exceeded_ends_the_run_with_6);
  tcase_add_test(t, every_allocation_may_fail);
  suite_add_tcase(s, t);
  return s;
}
