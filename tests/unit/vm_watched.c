/* SPDX-License-Identifier: MIT */
/* What the watches of a load and of the run came to, and whom it fails: WATCHED, JUDGE. */
#include "vm_kit.h"

#define ROWS                                                                                 \
  ".step 0 name=\"one\" path=\"steps[0]\"\n.scenario 0 name=\"load\" driver=\"http_load\"\n" \
  ".driver 0 name=\"thresholds\"\n.const 0 string \"one\"\n.const 1 map\n"                   \
  ".watch 0 kind=check chunk=1 scenario=0 name=\"fast\" path=\"steps[0].checks[0]\"\n"       \
  ".watch 1 kind=threshold chunk=1 scenario=0 name=\"p(95) < 5\" path=\"steps[0].t\"\n"      \
  ".watch 2 kind=check chunk=1 scenario=0 name=\"some\" path=\"c\" flags=counted\n"          \
  ".watch 3 kind=threshold chunk=1 name=\"errors\" path=\"thresholds.errors[0]\"\n"          \
  ".slot 0 name=\"token\" kind=capture\n"

#define PURE ".chunk 1 name=\"watch\" kind=pure\nCONST 0\nRETURN\n"

static const char step[] = ROWS
    ".chunk 0 name=\"main\" kind=main\nRUN_ENTER out\nSTEP_ENTER 0, leave\nCONST 0\nSTEP_BEGIN 0\n"
    "CONST 1\nSCENARIO 0\nWATCHED\nJUDGE\nSTEP_OUTCOME 0\nleave:\nSTEP_LEAVE 0\n"
    "out:\nRUN_FINAL\nVERDICT\nRUN_LEAVE\nEND\n" PURE;

static const char run[] = ROWS
    ".chunk 0 name=\"main\" kind=main\nRUN_ENTER out\nSTEP_ENTER 0, leave\nCONST 0\nSTEP_BEGIN 0\n"
    "STEP_OUTCOME 0\nleave:\nSTEP_LEAVE 0\nout:\nRUN_FINAL\nCONST 1\nEFFECT 0\nPOP\n"
    "CONST 1\nSCENARIO 0\nWATCHED\nJUDGE\nVERDICT\nRUN_LEAVE\nEND\n" PURE;

#define LOAD(watches) "{\"ok\":true,\"watches\":[" watches "]}"

static mf_verdict verdict_of(const char *program, const char *outcome, const char *log) {
  const char *answers[] = {outcome, outcome, NULL};
  vm_host h;
  vm_host_init(&h, program);
  h.answers = answers;
  vm_host_new(&h);
  vm_host_run(&h);
  mf_verdict v = mf_vm_verdict(h.vm);
  ck_assert_msg(strstr(h.log.p, log) != NULL, "no '%s' in\n%s", log, h.log.p);
  vm_host_fini(&h);
  return v;
}

START_TEST(what_holds_passes) {
  mf_verdict v = verdict_of(step, LOAD("{\"watch\":0,\"ok\":true},{\"watch\":1,\"ok\":true}"),
                            "watch fast passed");
  ck_assert_int_eq(v.outcome, MF_OUTCOME_PASSED);
  ck_assert(!v.crossed);
}
END_TEST

START_TEST(a_check_fails_the_step) {
  mf_verdict v = verdict_of(step,
                            LOAD("{\"watch\":0,\"ok\":false,\"text\":\"3 of 120 responses\"}"),
                            "step_finished one failed 1s: check 'fast' failed: 3 of 120 responses");
  ck_assert_uint_eq(v.steps_failed, 1);
  ck_assert_uint_eq(v.steps_crossed, 0);
  ck_assert(!v.crossed);
}
END_TEST

START_TEST(a_counted_check_does_not) {
  mf_verdict v = verdict_of(step, LOAD("{\"watch\":2,\"ok\":false}"), "watch some failed");
  ck_assert_int_eq(v.outcome, MF_OUTCOME_PASSED);
}
END_TEST

START_TEST(a_threshold_alone_is_told_apart) {
  mf_verdict v = verdict_of(step,
                            LOAD("{\"watch\":1,\"ok\":false,\"value\":7.5,\"text\":\"it is 7.5\"}"),
                            "threshold 'p(95) < 5' was crossed: it is 7.5");
  ck_assert_uint_eq(v.steps_failed, 1);
  ck_assert_uint_eq(v.steps_crossed, 1);
  ck_assert(v.crossed);
}
END_TEST

/* In either order. */
START_TEST(with_something_else_it_is_not_alone) {
  static const char *const both[] = {LOAD("{\"watch\":1,\"ok\":false},{\"watch\":0,\"ok\":false}"),
                                     LOAD("{\"watch\":0,\"ok\":false},{\"watch\":1,\"ok\":false}")};
  mf_verdict v = verdict_of(step, both[_i], "step_finished one failed");
  ck_assert_uint_eq(v.steps_failed, 1);
  ck_assert_uint_eq(v.steps_crossed, 0);
  ck_assert(!v.crossed);
}
END_TEST

START_TEST(no_data_fails_and_is_no_crossing) {
  mf_verdict v = verdict_of(step, LOAD("{\"watch\":1,\"ok\":null}"),
                            "step_finished one failed 1s: threshold 'p(95) < 5' had no data");
  ck_assert_uint_eq(v.steps_failed, 1);
  ck_assert(!v.crossed);
}
END_TEST

START_TEST(a_threshold_of_the_run) {
  mf_verdict v = verdict_of(run, LOAD("{\"watch\":3,\"ok\":false}"), "watch errors failed");
  ck_assert_int_eq(v.outcome, MF_OUTCOME_FAILED);
  ck_assert(v.crossed);
  v = verdict_of(run, LOAD("{\"watch\":3,\"ok\":null}"), "watch errors no_data");
  ck_assert_int_eq(v.outcome, MF_OUTCOME_NO_DATA);
  ck_assert(!v.crossed);
  ck_assert_uint_eq(v.watches_no_data, 1);
  ck_assert_uint_eq(v.watches_failed, 0);
}
END_TEST

/* Outcomes come from outside: what is no result of a watch is none. */
START_TEST(nonsense_is_passed_over) {
  static const char *const outcomes[] = {
      "{\"ok\":true}", "{\"ok\":true,\"watches\":5}", LOAD("1,null,\"x\",{}"),
      LOAD("{\"watch\":99,\"ok\":false},{\"watch\":-1,\"ok\":false},{\"watch\":\"0\"}")};
  mf_verdict v = verdict_of(step, outcomes[_i], "step_finished one passed");
  ck_assert_int_eq(v.outcome, MF_OUTCOME_PASSED);
}
END_TEST

START_TEST(the_last_capture_stays) {
  const char *answers[] = {"{\"ok\":true,\"captures\":{\"token\":\"abc\",\"other\":1}}", NULL};
  vm_host h;
  vm_host_init(&h, step);
  h.answers = answers;
  vm_host_new(&h);
  vm_host_run(&h);
  mf_value v = mf_vm_get(h.vm, MF_STR("token"));
  ck_assert(mf_str_is(mf_value_str(v), "abc"));
  vm_host_fini(&h);
}
END_TEST

START_TEST(a_signal_that_a_threshold_was_crossed) {
  vm_host h;
  vm_host_init(&h, step);
  h.signal_at = 1;
  h.signal = MF_SIGNAL_CROSSED;
  vm_host_new(&h);
  vm_host_run(&h);
  mf_verdict v = mf_vm_verdict(h.vm);
  ck_assert(v.crossed);
  ck_assert(!v.interrupted && !v.aborted);
  ck_assert_uint_eq(v.steps_failed, 1); /* by nothing else */
  ck_assert_uint_eq(v.steps_crossed, 1);
  ck_assert_int_eq(v.outcome, MF_OUTCOME_FAILED);
  vm_host_fini(&h);
}
END_TEST

Suite *vm_watched_suite(void);
Suite *vm_watched_suite(void) {
  Suite *s = suite_create("vm_watched");
  TCase *t = tcase_create("watches");
  suite_add_tcase(s, t);
  tcase_add_test(t, what_holds_passes);
  tcase_add_test(t, a_check_fails_the_step);
  tcase_add_test(t, a_counted_check_does_not);
  tcase_add_test(t, a_threshold_alone_is_told_apart);
  tcase_add_loop_test(t, with_something_else_it_is_not_alone, 0, 2);
  tcase_add_test(t, no_data_fails_and_is_no_crossing);
  tcase_add_test(t, a_threshold_of_the_run);
  tcase_add_loop_test(t, nonsense_is_passed_over, 0, 4);
  tcase_add_test(t, the_last_capture_stays);
  tcase_add_test(t, a_signal_that_a_threshold_was_crossed);
  return s;
}
