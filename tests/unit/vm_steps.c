/* SPDX-License-Identifier: MIT */
/* Steps, hooks, actions, conditionals: outcomes, what is pending, the verdict. */
#include "vm_kit.h"

/* Rows and constants that the programs below share. */
#define ROWS                                                                           \
  ".step 0 name=\"one\" path=\"steps[0]\"\n"                                           \
  ".step 1 name=\"two\" path=\"steps[1]\"\n"                                           \
  ".step 2 name=\"looks\" path=\"steps[2]\" flags=looks\n"                             \
  ".step 3 name=\"goes_on\" path=\"steps[3]\" flags=continue_on_failure\n"             \
  ".step 4 name=\"optional\" path=\"steps[4]\" flags=optional\n"                       \
  ".step 5 name=\"expected\" path=\"steps[5]\" flags=expected_to_fail\n"               \
  ".hook 0 name=\"pre\" path=\"hooks[0]\" type=pre_step\n"                             \
  ".hook 1 name=\"post\" path=\"hooks[1]\" type=post_step\n"                           \
  ".hook 2 name=\"first\" path=\"hooks[2]\" type=pre_orchestration\n"                  \
  ".hook 3 name=\"last\" path=\"hooks[3]\" type=post_orchestration\n"                  \
  ".hook 4 name=\"after\" path=\"hooks[4]\" type=post_verdict\n"                       \
  ".action 0 name=\"strict\" path=\"a[0]\" type=command on_error=fail\n"               \
  ".action 1 name=\"lax\" path=\"a[1]\" type=log on_error=ignore\n"                    \
  ".action 2 name=\"bare\" path=\"steps[9]\" type=command on_error=entry\n"            \
  ".branch 0 name=\"if\" path=\"steps[6]\" arms=2\n"                                   \
  ".branch 1 name=\"if_looks\" path=\"steps[7]\" arms=2 flags=looks\n"                 \
  ".branch 2 name=\"if_goes_on\" path=\"steps[8]\" arms=2 flags=continue_on_failure\n" \
  ".branch 3 name=\"if_optional\" path=\"steps[8]\" arms=2 flags=optional\n"           \
  ".slot 0 name=\"previous_step_succeeded\" kind=builtin arg=0\n"                      \
  ".slot 1 name=\"all_steps_succeeded\" kind=builtin arg=2\n"                          \
  ".slot 2 name=\"step.name\" kind=builtin arg=9\n"                                    \
  ".slot 3 name=\"run.verdict\" kind=builtin arg=8\n"                                  \
  ".slot 4 name=\"mine\" kind=step arg=0\n"                                            \
  ".slot 5 name=\"step.duration\" kind=builtin arg=10\n"                               \
  ".const 0 string \"shown\"\n.const 1 string \"broken\"\n.const 2 int 1\n.const 3 bool false\n"

#define RUN(body, final)                                                                      \
  ROWS ".chunk 0 name=\"main\" kind=main\nRUN_ENTER final\n" body "final:\nRUN_FINAL\n" final \
       "VERDICT\nRUN_LEAVE\nEND\n"
#define STEP(n, body)                                                                     \
  "STEP_ENTER " n ", s" n "\nCONST 0\nSTEP_BEGIN " n "\n" body "s" n ":\nSTEP_OUTCOME " n \
  "\n"                                                                                    \
  "STEP_LEAVE " n "\n"
#define FAIL "CONST 1\nFAIL\n"
/* Writes a value into the log. */
#define SHOW(code) code "LOG info\n"

START_TEST(a_step_passes) {
  vm_expect(RUN(STEP("0", "CONST 2\nWAIT\n") "GATE\n", SHOW("LOAD 5\n")), NULL,
            "step_started shown\n-> wait {\"seconds\":1.0}\nstep_finished shown passed 1s\n"
            "log info: 1\nverdict passed 1s\n= done passed\n");
}
END_TEST

START_TEST(a_failure_stops_the_run) {
  vm_expect(
      RUN(STEP("0", FAIL) "GATE\n" STEP("1", "") "GATE\n", ""), NULL,
      "step_started shown\nstep_finished shown failed: broken\nverdict failed\n= done failed\n");
}
END_TEST

START_TEST(who_looks_handles_the_failure) {
  vm_expect(RUN(STEP("0", FAIL) "HANDLED\n" STEP("2", SHOW("LOAD 0\n")) "GATE\n" STEP(
                    "1", SHOW("LOAD 0\n")),
                ""),
            NULL,
            "step_started shown\nstep_finished shown failed: broken\n"
            "step_started shown\nlog info: false\nstep_finished shown passed\n"
            "step_started shown\nlog info: true\nstep_finished shown passed\n"
            "verdict failed\n= done failed\n");
}
END_TEST

START_TEST(flags_excuse_failures) {
  vm_expect(RUN(STEP("3", FAIL) "GATE\n" STEP("1", ""), ""), NULL,
            "step_started shown\nstep_finished shown failed: broken\nstep_started "
            "shown\nstep_finished shown passed\n"
            "verdict failed\n= done failed\n");
  vm_expect(RUN(STEP("4", FAIL) "GATE\n" STEP("1", SHOW("LOAD 0\n") SHOW("LOAD 1\n")), ""), NULL,
            "step_started shown\nstep_finished shown failed: broken\n"
            "step_started shown\nlog info: false\nlog info: false\nstep_finished shown passed\n"
            "verdict passed\n= done passed\n");
  vm_expect(
      RUN(STEP("5", FAIL) "GATE\n", "STEP_FIELD 5, every_failed\nPOP\n"), NULL,
      "step_started shown\nstep_finished shown failed: broken\nverdict passed\n= done passed\n");
  vm_expect(RUN(STEP("5", FAIL) "GATE\n", ""), NULL,
            "step_started shown\nstep_finished shown failed: broken\n"
            "error: step 'expected' failed, and the step_failed assertion that names it was never "
            "judged\nverdict failed\n= done failed\n");
}
END_TEST

/* A condition that is false: neither success nor failure, previous stays. */
START_TEST(skipped_is_neither) {
  vm_expect(RUN("STEP_ENTER 0, out\nCONST 3\nJUMP_FALSE no\nCONST 0\nSTEP_BEGIN 0\nJUMP "
                "out\nno:\nSKIP\nout:\nSTEP_LEAVE 0\nGATE\n",
                SHOW("LOAD 0\n") SHOW("STEP_FIELD 0, skipped\n") SHOW("STEP_FIELD 0, success\n")
                    SHOW("STEP_FIELD 0, failed\n") SHOW("STEP_FIELD 0, status\n")
                        SHOW("STEP_FIELD 0, runs\n")),
            NULL,
            "step_finished one skipped\nlog info: true\nlog info: true\nlog info: false\nlog info: "
            "false\n"
            "log info: skipped\nlog info: 0\nverdict failed: nothing was run\n= done failed\n");
}
END_TEST

START_TEST(a_condition_that_is_an_error_fails_the_step) {
  vm_expect(RUN("STEP_ENTER 0, out\nLOAD 4\nJUMP_FALSE no\nCONST 0\nSTEP_BEGIN 0\nJUMP "
                "out\nno:\nSKIP\nout:\nSTEP_LEAVE 0\nGATE\n",
                ""),
            NULL,
            "step_finished one failed: no value for 'mine' yet\nverdict failed\n= done failed\n");
  vm_expect(RUN("STEP_ENTER 0, out\nCONST 2\nJUMP_FALSE no\nCONST 0\nSTEP_BEGIN 0\nJUMP "
                "out\nno:\nSKIP\nout:\nSTEP_LEAVE 0\nGATE\n",
                ""),
            NULL,
            "step_finished one failed: a condition must be a bool, not a value of type "
            "int\nverdict failed\n= done failed\n");
}
END_TEST

START_TEST(results_can_be_read) {
  vm_expect(
      RUN(STEP("0", "CONST 2\nWAIT\n" FAIL) "HANDLED\n",
          SHOW("STEP_FIELD 0, *\n") SHOW("STEP_FIELD previous, error\n")),
      NULL,
      "step_started shown\n-> wait {\"seconds\":1.0}\nstep_finished shown failed 1s: broken\n"
      "log info: "
      "{\"success\":false,\"failed\":true,\"skipped\":false,\"status\":\"failed\",\"duration\":1.0,"
      "\"attempts\":1,\"runs\":1,\"metrics\":{},\"error\":\"broken\"}\n"
      "log info: broken\nverdict failed 1s\n= done failed\n");
}
END_TEST

START_TEST(before_the_first_step_previous_succeeded) {
  vm_expect(
      RUN("", SHOW("STEP_FIELD previous, *\n") SHOW("LOAD 0\n") SHOW("STEP_FIELD 1, runs\n")), NULL,
      "log info: "
      "{\"success\":true,\"failed\":false,\"skipped\":false,\"status\":\"passed\",\"duration\":0.0,"
      "\"attempts\":0,\"runs\":0,\"metrics\":{},\"error\":\"\"}\nlog info: true\nlog info: 0\n"
      "verdict failed: nothing was run\n= done failed\n");
}
END_TEST

START_TEST(step_variables_and_names_belong_to_the_step) {
  vm_expect(
      RUN(STEP("0", "CONST 2\nSTORE 4\n" SHOW("LOAD 4\n")
                        SHOW("LOAD 2\n")) "STEP_ENTER 0, out\nCONST 0\nSTEP_BEGIN "
                                          "0\n" SHOW("IS_SET 4\n") "out:\nSTEP_LEAVE "
                                                                   "0\n",
          ""),
      NULL,
      "step_started shown\nvariable mine [1]\nlog info: 1\nlog info: one\nstep_finished shown "
      "passed\n"
      "step_started shown\nlog info: false\nstep_finished shown passed\nverdict passed\n= done "
      "passed\n");
}
END_TEST

/* While a step runs again, previous is still its run before. */
START_TEST(previous_survives_the_next_run_of_its_step) {
  vm_expect(
      RUN(STEP("0", FAIL) "HANDLED\nSTEP_ENTER 0, out\nSKIP\nout:\nSTEP_LEAVE 0\n",
          SHOW("STEP_FIELD 0, status\n") SHOW("STEP_FIELD previous, status\n")
              SHOW("STEP_FIELD previous, error\n")),
      NULL,
      "step_started shown\nstep_finished shown failed: broken\nstep_finished one skipped\n"
      "log info: skipped\nlog info: failed\nlog info: broken\nverdict failed\n= done failed\n");
}
END_TEST

/* ---- Hooks ---- */

#define HOOK(n, body) \
  "HOOK_ENTER " n ", h" n "\nHOOK_BEGIN " n "\n" body "h" n ":\nHOOK_LEAVE " n "\n"

START_TEST(a_failed_pre_hook_fails_the_step) {
  vm_expect(
      RUN(STEP("0", HOOK("0", FAIL) SHOW("CONST 0\n")), ""), NULL,
      "step_started shown\nhook_started pre\nhook_finished pre failed: broken\n"
      "step_finished shown failed: hook 'pre' failed: broken\nverdict failed\n= done failed\n");
}
END_TEST

/* After STEP_OUTCOME: the hook saw a success, and turns it into a failure. */
START_TEST(a_failed_post_hook_turns_the_outcome) {
  vm_expect(
      RUN("STEP_ENTER 0, out\nCONST 0\nSTEP_BEGIN 0\nSTEP_OUTCOME 0\n" HOOK(
              "1", SHOW("LOAD 0\n") FAIL) "out:\nSTEP_LEAVE 0\n" SHOW("LOAD 0\n") SHOW("LOAD 1\n")
              SHOW("STEP_FIELD 0, error\n") "GATE\n",
          ""),
      NULL,
      "step_started shown\nhook_started post\nlog info: true\nhook_finished post failed: broken\n"
      "step_finished shown failed: hook 'post' failed: broken\nlog info: false\nlog info: false\n"
      "log info: hook 'post' failed: broken\nverdict failed\n= done failed\n");
}
END_TEST

START_TEST(hooks_of_the_orchestration) {
  vm_expect(
      RUN(HOOK("2", FAIL) STEP("0", ""), HOOK("3", SHOW("CONST 0\n"))), NULL,
      "hook_started first\nhook_finished first failed: broken\nerror: hook 'first' failed: broken\n"
      "hook_started last\nlog info: shown\nhook_finished last passed\nverdict failed: nothing was "
      "run\n= done failed\n");
  vm_expect(RUN(STEP("0", ""), HOOK("3", FAIL) SHOW("CONST 0\n")), NULL,
            "step_started shown\nstep_finished shown passed\nhook_started last\nhook_finished last "
            "failed: broken\n"
            "log info: shown\nverdict failed: a hook failed\n= done failed\n");
}
END_TEST

START_TEST(hooks_after_the_verdict_only_warn) {
  vm_host h;
  vm_host_init(&h, ROWS ".chunk 0 name=\"main\" kind=main\nRUN_ENTER final\n" STEP(
                       "0", "") "final:\nRUN_FINAL\nVERDICT\n" SHOW("LOAD 3\n")
                       HOOK("4", FAIL) "RUN_LEAVE\nEND\n");
  vm_host_new(&h);
  vm_host_run(&h);
  ck_assert_str_eq(
      h.log.p,
      "step_started shown\nstep_finished shown passed\nverdict passed\nlog info: passed\n"
      "hook_started after\nhook_finished after failed: broken\nwarning hooks[4]: broken\n= done "
      "passed\n");
  ck_assert_uint_eq(mf_vm_verdict(h.vm).warnings, 1);
  vm_host_fini(&h);
}
END_TEST

START_TEST(a_hook_can_be_skipped) {
  vm_expect(RUN(STEP("0",
                     "HOOK_ENTER 0, out\nCONST 3\nJUMP_FALSE no\nHOOK_BEGIN 0\nJUMP "
                     "out\nno:\nSKIP\nout:\nHOOK_LEAVE 0\n"),
                ""),
            NULL,
            "step_started shown\nhook_finished pre skipped\nstep_finished shown passed\nverdict "
            "passed\n= done passed\n");
}
END_TEST

/* ---- Actions ---- */

#define ACTION(n, body) "ACTION_ENTER " n ", a" n "\n" body "a" n ":\nACTION_LEAVE " n "\n"

START_TEST(actions_fail_warn_or_end_the_run) {
  vm_expect(RUN(STEP("0", ACTION("0", FAIL) SHOW("CONST 0\n")), ""), NULL,
            "step_started shown\naction_finished strict failed: broken\nstep_finished shown "
            "failed: broken\nverdict failed\n= done failed\n");
  vm_expect(RUN(STEP("0", ACTION("1", FAIL) SHOW("CONST 0\n")), ""), NULL,
            "step_started shown\naction_finished lax warning: broken\nlog info: "
            "shown\nstep_finished shown passed\nverdict passed\n= done passed\n");
  vm_expect(RUN(ACTION("2", FAIL) "GATE\n" STEP("0", ""),
                SHOW("LOAD 0\n") SHOW("STEP_FIELD previous, error\n")),
            NULL,
            "action_finished bare failed: broken\nlog info: false\nlog info: broken\nverdict "
            "failed\n= done failed\n");
  vm_expect(RUN(ACTION("2", SHOW("CONST 0\n")) "GATE\n",
                SHOW("LOAD 1\n") SHOW("STEP_FIELD previous, runs\n")),
            NULL,
            "log info: shown\naction_finished bare passed\nlog info: true\nlog info: 1\nverdict "
            "passed\n= done passed\n");
  vm_expect(RUN(ACTION("2", "SKIP\n") "GATE\n", SHOW("LOAD 1\n")), NULL,
            "action_finished bare skipped\nlog info: true\nverdict failed: nothing was run\n= done "
            "failed\n");
}
END_TEST

/* ---- Conditionals ---- */

#define BRANCH(n, condition, arm)                                                               \
  "BRANCH_ENTER " n ", bad" n "\n" condition "JUMP_FALSE else" n "\nBRANCH_TAKE " n ", 0\n" arm \
  "JUMP over" n "\nelse" n ":\nBRANCH_TAKE " n ", 2\nJUMP over" n "\nbad" n ":\nBRANCH_FAIL " n \
  "\nover" n ":\n"

START_TEST(conditionals_take_an_arm) {
  vm_expect(RUN(BRANCH("0", "CONST 3\nNOT\n", STEP("0", "")), ""), NULL,
            "branch if: then [true]\nstep_started shown\nstep_finished shown passed\nverdict "
            "passed\n= done passed\n");
  vm_expect(RUN(BRANCH("0", "CONST 3\n", STEP("0", "")), ""), NULL,
            "branch if: else [false]\nverdict failed: nothing was run\n= done failed\n");
  vm_expect(RUN("BRANCH_ENTER 0, bad\nCONST 3\nJUMP_FALSE elif\nbad:\nBRANCH_FAIL 0\nJUMP "
                "over\nelif:\nBRANCH_TAKE 0, 1\nover:\n",
                ""),
            NULL, "branch if: elif [true]\nverdict failed: nothing was run\n= done failed\n");
  vm_expect(RUN("BRANCH_ENTER 0, bad\nSKIP\nCONST 3\nJUMP_FALSE none\nbad:\nBRANCH_FAIL 0\nJUMP "
                "over\nnone:\nBRANCH_TAKE 0, 2\nover:\n",
                ""),
            NULL, "branch if: none [false]\nverdict failed: nothing was run\n= done failed\n");
}
END_TEST

START_TEST(a_conditional_that_looks_handles_in_either_arm) {
  vm_expect(
      RUN(STEP("0", FAIL) BRANCH("1", "LOAD 0\n", "") "GATE\n" STEP("1", ""), ""), NULL,
      "step_started shown\nstep_finished shown failed: broken\nbranch if_looks: else [false]\n"
      "step_started shown\nstep_finished shown passed\nverdict failed\n= done failed\n");
  vm_expect(RUN(STEP("0", FAIL) BRANCH("0", "LOAD 0\n", "") "GATE\n" STEP("1", ""), ""), NULL,
            "step_started shown\nstep_finished shown failed: broken\nbranch if: else "
            "[false]\nverdict failed\n= done failed\n");
}
END_TEST

START_TEST(a_condition_that_fails_takes_no_arm) {
  vm_expect(
      RUN(BRANCH("0", "LOAD 4\n", STEP("0", "")) "GATE\n" STEP("1", ""), ""), NULL,
      "error steps[6]: no value for 'mine' yet\nverdict failed: nothing was run\n= done failed\n");
  vm_expect(RUN(BRANCH("2", "LOAD 4\n", STEP("0", "")) "GATE\n" STEP("1", ""), ""), NULL,
            "error steps[8]: no value for 'mine' yet\nstep_started shown\nstep_finished shown "
            "passed\nverdict failed\n= done failed\n");
  vm_expect(RUN(BRANCH("3", "LOAD 4\n", STEP("0", "")) "GATE\n" STEP("1", ""), ""), NULL,
            "error steps[8]: no value for 'mine' yet\nstep_started shown\nstep_finished shown "
            "passed\nverdict passed\n= done passed\n");
}
END_TEST

/* ---- Failing, handlers, abort ---- */

START_TEST(the_first_error_is_kept) {
  vm_expect(
      RUN("STEP_ENTER 0, again\nCONST 0\nSTEP_BEGIN 0\n" FAIL
          "again:\nHANDLER out\nCONST 0\nFAIL\nout:\nJUMP_FAILED leave\nSTEP_OUTCOME "
          "0\nleave:\nSTEP_LEAVE 0\n",
          ""),
      NULL,
      "step_started shown\nstep_finished shown failed: broken\nverdict failed\n= done failed\n");
}
END_TEST

START_TEST(abort_leaves_everything) {
  vm_expect(
      RUN(STEP("0", ACTION("0", "CONST 1\nABORT\n")) STEP("1", ""), HOOK("3", SHOW("CONST 0\n"))),
      NULL,
      "step_started shown\nerror a[0]: broken\naction_finished strict interrupted: broken\n"
      "step_finished shown interrupted: broken\nhook_started last\nlog info: shown\nhook_finished "
      "last passed\n"
      "verdict failed: aborted\n= done failed\n");
}
END_TEST

START_TEST(an_error_in_the_run_itself_goes_to_its_end) {
  vm_expect(RUN("LOAD 4\nLOG info\n" STEP("0", ""), ""), NULL,
            "error: no value for 'mine' yet\nverdict failed: nothing was run\n= done failed\n");
}
END_TEST

/* ---- Assertions ---- */

#define ASSERTIONS                                                                             \
  ".assertion 0 name=\"fast\" path=\"steps[0].assertions[0]\" type=condition step=0\n"         \
  ".assertion 1 name=\"soft\" path=\"steps[0].assertions[1]\" type=condition step=0 "          \
  "flags=warning\n"                                                                            \
  ".assertion 2 name=\"lenient\" path=\"steps[0].assertions[2]\" type=metric_in_range step=0 " \
  "flags=no_data_passes\n"                                                                     \
  ".assertion 3 name=\"all\" path=\"assertions[0]\" type=condition message=\"not good\"\n"
#define JUDGE(n, actual, expected, result) actual expected result "ASSERT " n "\n"
#define TRUE_ "CONST 3\nNOT\n"
#define NOTHING "LOAD 4\n"

START_TEST(a_failed_assertion_fails_its_step_at_the_end) {
  vm_expect(ASSERTIONS RUN(STEP("0", JUDGE("0", "CONST 2\n", "CONST 0\n", "CONST 3\n") JUDGE(
                                         "0", "CONST 2\n", "CONST 2\n", TRUE_) SHOW("CONST 0\n")),
                           ""),
            NULL,
            "step_started shown\nassertion fast failed: assertion 'fast' failed: actual 1, "
            "expected shown [1, \"shown\"]\n"
            "assertion fast passed [1, 1]\nlog info: shown\n"
            "step_finished shown failed: assertion 'fast' failed: actual 1, expected "
            "shown\nverdict failed\n= done failed\n");
}
END_TEST

START_TEST(no_data_fails_unless_allowed) {
  vm_expect(ASSERTIONS RUN(STEP("0", JUDGE("0", NOTHING, "CONST 2\n", NOTHING)), ""), NULL,
            "step_started shown\nassertion fast no_data: assertion 'fast' failed: no value for "
            "'mine' yet [{\"$error\":\"no value for 'mine' yet\"}, 1]\n"
            "step_finished shown failed: assertion 'fast' failed: no value for 'mine' yet\nverdict "
            "failed\n= done failed\n");
  vm_expect(ASSERTIONS RUN(STEP("0", JUDGE("2", "CONST 2\n", "CONST 2\n", NOTHING)), ""), NULL,
            "step_started shown\nassertion lenient no_data: assertion 'lenient' failed: no value "
            "for 'mine' yet [1, 1]\n"
            "step_finished shown passed\nverdict passed\n= done passed\n");
}
END_TEST

START_TEST(warnings_fail_nothing) {
  vm_expect(ASSERTIONS RUN(STEP("0", JUDGE("1", "CONST 2\n", "CONST 0\n", "CONST 3\n")), ""), NULL,
            "step_started shown\nassertion soft warning: assertion 'soft' failed: actual 1, "
            "expected shown [1, \"shown\"]\n"
            "step_finished shown passed\nverdict passed\n= done passed\n");
}
END_TEST

START_TEST(assertions_of_the_run_count_for_the_verdict) {
  vm_expect(ASSERTIONS RUN(STEP("0", ""), JUDGE("3", "CONST 2\n", "CONST 0\n", "CONST 3\n")), NULL,
            "step_started shown\nstep_finished shown passed\nassertion all failed: not good [1, "
            "\"shown\"]\nverdict failed\n= done failed\n");
  vm_expect(ASSERTIONS RUN(STEP("0", ""), JUDGE("3", "CONST 2\n", "CONST 0\n", NOTHING)), NULL,
            "step_started shown\nstep_finished shown passed\nassertion all no_data: not good [1, "
            "\"shown\"]\n"
            "verdict no_data: an assertion had no data\n= done no_data\n");
  vm_expect(ASSERTIONS RUN(STEP("0", ""), JUDGE("3", "CONST 2\n", "CONST 0\n", "CONST 2\n")), NULL,
            "step_started shown\nstep_finished shown passed\nassertion all failed: not good [1, "
            "\"shown\"]\nverdict failed\n= done failed\n");
}
END_TEST

/* A message is that of the next assertion only, whatever comes between. */
START_TEST(a_message_belongs_to_the_next_assertion) {
  vm_expect(ASSERTIONS RUN("", "CONST 2\nCONST 2\nCONST 3\nCONST 0\nMESSAGE\nASSERT 3\n" JUDGE(
                                   "3", "CONST 2\n", "CONST 0\n", "CONST 3\n")),
            NULL,
            "assertion all failed: shown [1, 1]\nassertion all failed: not good [1, "
            "\"shown\"]\nverdict failed: nothing was run\n= done failed\n");
  vm_expect(ASSERTIONS RUN(STEP("0", "CONST 0\nMESSAGE\n"),
                           JUDGE("3", "CONST 2\n", "CONST 0\n", "CONST 3\n")),
            NULL,
            "step_started shown\nstep_finished shown passed\nassertion all failed: not good [1, "
            "\"shown\"]\nverdict failed\n= done failed\n");
}
END_TEST

/* They were made for a sample that was never recorded. */
START_TEST(labels_do_not_outlive_their_action) {
  vm_expect(".metric 0 name=\"m\" kind=gauge\n" RUN(
                "ACTION_ENTER 1, bad\nCONST 0\nLABELS\nLOAD 4\nMETRIC 0\nbad:\nACTION_LEAVE 1\n"
                "CONST 2\nMETRIC 0\n" STEP("0", ""),
                ""),
            NULL,
            "action_finished lax warning: no value for 'mine' yet\nmetric m [1]\n"
            "step_started shown\nstep_finished shown passed\nverdict passed\n= done passed\n");
}
END_TEST

Suite *vm_steps_suite(void);
Suite *vm_steps_suite(void) {
  Suite *s = suite_create("vm_steps");
  TCase *t = tcase_create("steps");
  suite_add_tcase(s, t);
  tcase_add_test(t, a_step_passes);
  tcase_add_test(t, a_failure_stops_the_run);
  tcase_add_test(t, who_looks_handles_the_failure);
  tcase_add_test(t, flags_excuse_failures);
  tcase_add_test(t, skipped_is_neither);
  tcase_add_test(t, a_condition_that_is_an_error_fails_the_step);
  tcase_add_test(t, results_can_be_read);
  tcase_add_test(t, before_the_first_step_previous_succeeded);
  tcase_add_test(t, step_variables_and_names_belong_to_the_step);
  tcase_add_test(t, previous_survives_the_next_run_of_its_step);
  tcase_add_test(t, a_failed_pre_hook_fails_the_step);
  tcase_add_test(t, a_failed_post_hook_turns_the_outcome);
  tcase_add_test(t, hooks_of_the_orchestration);
  tcase_add_test(t, hooks_after_the_verdict_only_warn);
  tcase_add_test(t, a_hook_can_be_skipped);
  tcase_add_test(t, actions_fail_warn_or_end_the_run);
  tcase_add_test(t, conditionals_take_an_arm);
  tcase_add_test(t, a_conditional_that_looks_handles_in_either_arm);
  tcase_add_test(t, a_condition_that_fails_takes_no_arm);
  tcase_add_test(t, the_first_error_is_kept);
  tcase_add_test(t, abort_leaves_everything);
  tcase_add_test(t, an_error_in_the_run_itself_goes_to_its_end);
  tcase_add_test(t, a_failed_assertion_fails_its_step_at_the_end);
  tcase_add_test(t, no_data_fails_unless_allowed);
  tcase_add_test(t, warnings_fail_nothing);
  tcase_add_test(t, assertions_of_the_run_count_for_the_verdict);
  tcase_add_test(t, a_message_belongs_to_the_next_assertion);
  tcase_add_test(t, labels_do_not_outlive_their_action);
  return s;
}
