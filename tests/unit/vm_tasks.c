/* SPDX-License-Identifier: MIT */
/* Branches: who runs, who waits, what is cancelled and undone, and when. */
#include "vm_kit.h"

Suite *vm_tasks_suite(void);

#define ROWS                                                                                   \
  ".step 0 name=\"one\" path=\"one\"\n.step 1 name=\"two\" path=\"two\"\n"                     \
  ".group 0 name=\"all\" path=\"all\"\n.group 1 name=\"fast\" path=\"fast\" flags=fail_fast\n" \
  ".group 2 name=\"back\" path=\"back\" mode=background\n"                                     \
  ".task 0 name=\"left\" path=\"left\"\n.task 1 name=\"right\" path=\"right\"\n"               \
  ".task 2 name=\"third\" path=\"third\"\n"                                                    \
  ".fault 0 name=\"slow\" path=\"slow\" driver=\"proxy\"\n"                                    \
  ".fault 1 name=\"lossy\" path=\"lossy\" driver=\"proxy\"\n"                                  \
  ".slot 0 name=\"x\" kind=global\n"                                                           \
  ".const 0 int 1\n.const 1 int 2\n.const 2 null\n.const 3 string \"shown\"\n.const 4 map\n"   \
  ".const 5 int 5\n.const 6 string \"a text that owns memory\"\n"
#define RUN(body) RUN_WITH("", body)
#define RUN_WITH(rows, body)                                           \
  ROWS rows ".chunk 0 name=\"main\" kind=main\nRUN_ENTER final\n" body \
            "final:\nRUN_FINAL\n"                                      \
            "VERDICT\nRUN_LEAVE\nEND\n"
#define GROUP(n, body) \
  "GROUP_ENTER " n ", g" n "\nCONST 2\nGROUP_BEGIN " n "\n" body "g" n ":\nGROUP_LEAVE " n "\n"
#define BRANCH(n, body) "SPAWN " n ", e" n ", n" n "\n" body "e" n ":\nTASK_END " n "\nn" n ":\n"
#define STEP(n, body) \
  "STEP_ENTER " n ", s" n "\nCONST 3\nSTEP_BEGIN " n "\n" body "s" n ":\nSTEP_LEAVE " n "\n"
#define WAIT(seconds) "CONST " seconds "\nWAIT\n"
#define FAULT(n, body) "CONST 4\nFAULT_ENTER " n ", u" n "\n" body "u" n ":\nFAULT_LEAVE " n "\n"

static vm_host h;
static void open_host(const char *text) {
  vm_host_init(&h, text);
  vm_host_new(&h);
}
static void tear_down(void) { vm_host_fini(&h); }

/* The next thing the machine wants, as "effect 1 wait". */
static const char *next(void) {
  static char text[64];
  static const char *const words[] = {[MF_VM_DONE] = "done",
                                      [MF_VM_EFFECT] = "effect",
                                      [MF_VM_CANCEL] = "cancel",
                                      [MF_VM_BLOCKED] = "blocked",
                                      [MF_VM_FAILED] = "failed"};
  mf_effect effect;
  mf_vm_state state = mf_vm_run(h.vm, &effect);
  bool of_effect = state == MF_VM_EFFECT || state == MF_VM_CANCEL;
  int n = snprintf(text, sizeof text, "%s", words[state]);
  if (of_effect)
    snprintf(text + n, sizeof text - (size_t)n, " %u %.*s in %u", (unsigned)effect.id,
             (int)effect.driver.n, effect.driver.p, (unsigned)effect.task);
  return text;
}

static mf_status answer_at(uint32_t id, const char *json, int64_t seconds) {
  mf_value v = vm_parse(&h.arena, json);
  mf_outcome outcome = {&v, seconds * 1000000000, 0};
  return mf_vm_deliver(h.vm, id, &outcome);
}
static mf_status answer(uint32_t id) { return answer_at(id, "{\"ok\":true}", 0); }
#define CANCELLED "{\"ok\":false,\"error\":\"cancelled\"}"
static void wants(const char *what) { ck_assert_str_eq(next(), what); }
static void told(const char *log) { ck_assert_str_eq(h.log.p, log); }

START_TEST(outcomes_come_in_any_order) {
  open_host(RUN(GROUP("0", BRANCH("0", WAIT("0") "CONST 0\nLOG info\n")
                               BRANCH("1", WAIT("1") "CONST 1\nLOG info\n"))));
  h.quiet = true;
  wants("effect 1 wait in 1");
  wants("effect 2 wait in 2");
  wants("blocked");
  ck_assert_int_eq(answer(3), MF_NO_SUCH_EFFECT);
  h.quiet = false;
  ck_assert_int_eq(answer(2), MF_OK);
  ck_assert_int_eq(answer(2), MF_NO_SUCH_EFFECT);
  wants("blocked");
  ck_assert_int_eq(answer(1), MF_OK);
  wants("done");
  told("log info: 2\nlog info: 1\ngroup_finished all passed\nverdict passed\n");
}
END_TEST

/* What is ready goes on in the order of delivery. */
START_TEST(the_order_of_delivery_is_the_order_of_the_run) {
  open_host(RUN(GROUP("0", BRANCH("0", WAIT("0") "CONST 0\nLOG info\n")
                               BRANCH("1", WAIT("1") "CONST 1\nLOG info\n")
                                   BRANCH("2", WAIT("1") "CONST 5\nLOG info\n"))));
  for (int i = 0; i < 3; i++) next();
  mf_buf_clear(&h.log);
  answer(3), answer(1), answer(2);
  wants("done");
  told("log info: 5\nlog info: 1\nlog info: 2\ngroup_finished all passed\nverdict passed\n");
}
END_TEST

START_TEST(a_signal_cancels_each_effect_once) {
  open_host(RUN(GROUP("0", BRANCH("0", STEP("0", WAIT("0"))) BRANCH("1", STEP("1", WAIT("1"))))));
  next(), next();
  mf_vm_signal(h.vm, MF_SIGNAL_STOP);
  wants("cancel 1 wait in 1");
  wants("cancel 2 wait in 2");
  wants("blocked");
  mf_vm_signal(h.vm, MF_SIGNAL_ABORT);
  wants("blocked");
  answer_at(2, CANCELLED, 1);
  wants("blocked");
  answer(1); /* it came to its end nevertheless */
  wants("done");
  mf_verdict v = mf_vm_verdict(h.vm);
  ck_assert(v.interrupted && v.aborted && v.steps_failed == 2);
}
END_TEST

/* Each branch undoes its own fault; an undo under way is not cancelled. */
START_TEST(faults_of_branches_are_undone_each_on_its_own) {
  open_host(RUN(GROUP(
      "1", BRANCH("0", STEP("0", FAULT("0", WAIT("0")))) BRANCH("1", STEP("1", FAULT("1", ""))))));
  wants("effect 1 proxy in 1");
  wants("effect 2 proxy in 2");
  answer(1);
  wants("effect 3 wait in 1");
  answer(2);
  wants("effect 4 proxy in 2"); /* the undo */
  mf_vm_signal(h.vm, MF_SIGNAL_STOP);
  wants("cancel 3 wait in 1");
  wants("blocked");
  answer_at(3, CANCELLED, 1);
  wants("effect 5 proxy in 1");
  mf_vm_signal(h.vm, MF_SIGNAL_STOP);
  wants("blocked");
  answer(4), answer(5);
  wants("done");
}
END_TEST

/* A failed undo in one branch is told, and the others are undone all the same. */
START_TEST(fail_fast_undoes_what_the_others_do) {
  open_host(RUN(GROUP("1", BRANCH("0", STEP("0", FAULT("0", WAIT("0"))))
                               BRANCH("1", STEP("1", "CONST 3\nFAIL\n")))));
  wants("effect 1 proxy in 1");
  wants("cancel 1 proxy in 1"); /* the injection itself */
  answer_at(1, CANCELLED, 0);
  wants("effect 2 proxy in 1"); /* which may have come half-way */
  answer_at(2, "{\"ok\":false,\"error\":\"no way back\"}", 0);
  wants("done");
  ck_assert(strstr(h.log.p, "error slow: no way back") != NULL);
  ck_assert(strstr(h.log.p, "group_finished fast failed: branch 'right' failed") != NULL);
}
END_TEST

START_TEST(the_end_of_a_list_waits_for_its_background) {
  open_host(RUN("GROUP_ENTER 2, g2\n" BRANCH(
      "0", WAIT("0") "CONST 0\nLOG info\n") "CONST 1\nLOG info\ng2:\nGROUP_LEAVE 2\nCONST 5\nLOG "
                                            "info\n"));
  wants("effect 1 wait in 1");
  wants("blocked");
  told("log info: 2\n");
  answer(1);
  wants("done");
  told("log info: 2\nlog info: 1\nlog info: 5\nverdict passed\n");
}
END_TEST

/* ---- deadlines ---- */

START_TEST(the_earliest_deadline_is_asked_for) {
  open_host(RUN(GROUP("0", BRANCH("0", STEP("0", "CONST 5\nTIMEOUT\n" WAIT("0")))
                               BRANCH("1", STEP("1", "CONST 1\nTIMEOUT\n" WAIT("1"))))));
  ck_assert_int_eq(mf_vm_deadline(h.vm), INT64_MAX);
  next();
  ck_assert_int_eq(mf_vm_deadline(h.vm), 5000000000);
  next();
  ck_assert_int_eq(mf_vm_deadline(h.vm), 2000000000);
  mf_vm_time(h.vm, 1999999999, 0);
  wants("blocked");
  mf_vm_time(h.vm, 2000000000, 0);
  ck_assert_int_eq(mf_vm_deadline(h.vm), 5000000000);
  wants("cancel 2 wait in 2");
  answer_at(2, CANCELLED, 3);
  wants("blocked");
  answer_at(1, "{\"ok\":true}", 4);
  wants("done");
  ck_assert_int_eq(mf_vm_deadline(h.vm), INT64_MAX);
  ck_assert(strstr(h.log.p,
                   "step_finished shown failed 3s: timed out after 2s\n"
                   "step_finished shown passed 4s\n") != NULL);
}
END_TEST

/* A step that is being left already ends as interrupted, not as too slow. */
START_TEST(a_deadline_on_the_way_out_is_let_go) {
  open_host(RUN(STEP("0", "CONST 1\nTIMEOUT\n" FAULT("0", WAIT("0")))));
  next();
  answer(1);
  next();
  mf_vm_signal(h.vm, MF_SIGNAL_STOP);
  wants("cancel 2 wait in 0");
  answer_at(2, CANCELLED, 1);
  wants("effect 3 proxy in 0");
  mf_vm_time(h.vm, 9000000000, 0);
  wants("blocked");
  answer_at(3, "{\"ok\":true}", 9);
  wants("done");
  ck_assert(strstr(h.log.p, "step_finished shown interrupted") != NULL);
}
END_TEST

START_TEST(timeouts_are_lengthened_only) {
  for (int i = 0; i < 2; i++) {
    vm_host_init(&h, RUN(STEP("0", "CONST 1\nTIMEOUT\n" WAIT("0"))));
    h.options.time_scale = i ? 3 : 0.5;
    vm_host_new(&h);
    next();
    ck_assert_int_eq(mf_vm_deadline(h.vm), i ? 6000000000 : 2000000000);
    if (i == 0) vm_host_fini(&h);
  }
}
END_TEST

/* Pauses of 2 s until 2 s are over, where the host makes 1 s of 2, or 6. */
START_TEST(the_last_pause_is_cut_as_the_host_scales) {
  for (int i = 0; i < 2; i++) {
    vm_host_init(&h, RUN("again:\nCONST 2\nCONST 1\nCONST 1\nWAIT_AGAIN again\n"));
    h.options.time_scale = i ? 3 : 0.5;
    vm_host_new(&h);
    wants("effect 1 wait in 0");
    answer_at(1, "{\"ok\":true}", i ? 6 : 1);
    if (i == 0) wants("effect 2 wait in 0");
    if (i == 0) answer_at(2, "{\"ok\":true}", 2);
    wants("done");
    if (i == 0) vm_host_fini(&h);
  }
}
END_TEST

START_TEST(a_timeout_undoes_the_faults_of_its_step) {
  open_host(RUN(STEP("0", "CONST 1\nTIMEOUT\n" FAULT("0", WAIT("0")))));
  next();
  answer(1);
  wants("effect 2 wait in 0");
  mf_vm_time(h.vm, 2000000000, 0);
  wants("cancel 2 wait in 0");
  answer_at(2, CANCELLED, 2);
  wants("effect 3 proxy in 0");
  answer_at(3, "{\"ok\":true}", 2);
  wants("done");
  ck_assert(strstr(h.log.p, "step_finished shown failed 2s: timed out after 2s") != NULL);
}
END_TEST

/* ---- mistakes of images ---- */

START_TEST(branches_that_wait_for_each_other_end_the_run) {
  open_host(RUN(GROUP("0", BRANCH("0", "NEEDS 1, e0\n") BRANCH("1", "NEEDS 0, e1\n"))));
  wants("failed");
  ck_assert_int_eq(mf_vm_error(h.vm), MF_DEADLOCK);
}
END_TEST

START_TEST(a_branch_that_waits_for_itself_ends_the_run) {
  open_host(RUN(GROUP("0", BRANCH("0", "NEEDS 0, e0\n"))));
  wants("failed");
  ck_assert_int_eq(mf_vm_error(h.vm), MF_DEADLOCK);
}
END_TEST

/* A value that a branch holds while another one writes the variable. */
START_TEST(what_a_waiting_branch_holds_is_its_own) {
  open_host(RUN("CONST 6\nSTORE 0\n" GROUP(
      "0", BRANCH("0", "LOAD 0\n" WAIT("0") "LOG info\n")
               BRANCH("1", "CONST 3\nSTORE 0\nCONST 6\nSTORE 0\nCONST 4\nSTORE 0\n"))));
  wants("effect 1 wait in 1");
  wants("blocked");
  answer(1);
  wants("done");
  ck_assert(strstr(h.log.p, "log info: a text that owns memory\n") != NULL);
}
END_TEST

/* ---- metrics of loads under way ---- */

#define METRICS                                                                         \
  ".scenario 0 name=\"load\" driver=\"http_load\"\n.metric 0 name=\"m\" kind=counter\n" \
  ".slot 1 name=\"m\" kind=metric_step arg=0\n.slot 2 name=\"m\" kind=metric_last arg=0\n"

static mf_status tell(uint32_t id, const char *json) {
  mf_value v = vm_parse(&h.arena, json);
  return mf_vm_metrics(h.vm, id, &v);
}

/* All branches see the latest value, each its own of a step: those that wait, the one
 * that ran last, and those that begin later. */
START_TEST(every_branch_sees_a_load_under_way) {
  open_host(RUN_WITH(
      METRICS,
      GROUP("0",
            BRANCH("0", STEP("0", "CONST 4\nSCENARIO 0\nLOAD 1\nLOG info\n") "LOAD 2\nLOG info\n")
                BRANCH("1", WAIT("0") "LOAD 2\nLOG info\n" STEP("1", "IS_SET 1\nLOG info\n")
                                WAIT("1")) WAIT("0") BRANCH("2", "LOAD 2\nLOG info\n"))));
  h.quiet = true;
  wants("effect 1 wait in 0");
  wants("effect 2 http_load in 1");
  wants("effect 3 wait in 2");
  ck_assert_int_eq(tell(2, "{\"metrics\":{\"m\":5}}"), MF_OK);
  ck_assert_int_eq(answer(1), MF_OK);
  h.quiet = false;
  wants("blocked");
  ck_assert_int_eq(answer(3), MF_OK);
  wants("effect 4 wait in 2");
  ck_assert_int_eq(tell(2, "{\"metrics\":{\"m\":6}}"), MF_OK);
  ck_assert_int_eq(answer(2), MF_OK);
  wants("blocked");
  told(
      "log info: 5\nlog info: 5\nstep_started shown\nlog info: false\n"
      "step_finished shown passed\nlog info: 6\nstep_finished shown passed\nlog info: 6\n");
}
END_TEST

Suite *vm_tasks_suite(void) {
  Suite *s = suite_create("vm_tasks");
  TCase *t = tcase_create("tasks");
  tcase_add_checked_fixture(t, NULL, tear_down);
  tcase_add_test(t, outcomes_come_in_any_order);
  tcase_add_test(t, the_order_of_delivery_is_the_order_of_the_run);
  tcase_add_test(t, a_signal_cancels_each_effect_once);
  tcase_add_test(t, faults_of_branches_are_undone_each_on_its_own);
  tcase_add_test(t, fail_fast_undoes_what_the_others_do);
  tcase_add_test(t, the_end_of_a_list_waits_for_its_background);
  tcase_add_test(t, the_earliest_deadline_is_asked_for);
  tcase_add_test(t, a_deadline_on_the_way_out_is_let_go);
  tcase_add_test(t, timeouts_are_lengthened_only);
  tcase_add_test(t, the_last_pause_is_cut_as_the_host_scales);
  tcase_add_test(t, a_timeout_undoes_the_faults_of_its_step);
  tcase_add_test(t, branches_that_wait_for_each_other_end_the_run);
  tcase_add_test(t, a_branch_that_waits_for_itself_ends_the_run);
  tcase_add_test(t, what_a_waiting_branch_holds_is_its_own);
  tcase_add_test(t, every_branch_sees_a_load_under_way);
  suite_add_tcase(s, t);
  return s;
}
