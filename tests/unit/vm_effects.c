/* SPDX-License-Identifier: MIT */
/* Effects, faults, and signals that cut them short. */
#include "vm_kit.h"

#define ROWS                                                                                       \
  ".step 0 name=\"one\" path=\"steps[0]\" scenario=0\n"                                            \
  ".step 1 name=\"two\" path=\"steps[1]\"\n"                                                       \
  ".hook 0 name=\"pre\" path=\"hooks[0]\" type=pre_step\n"                                         \
  ".hook 1 name=\"last\" path=\"hooks[1]\" type=post_orchestration\n"                              \
  ".hook 2 name=\"very_last\" path=\"hooks[2]\" type=post_orchestration\n"                         \
  ".action 0 name=\"get\" path=\"steps[0].pre_hooks[0]\" type=http_request on_error=fail\n"        \
  ".scenario 0 name=\"load\" driver=\"http_load\"\n"                                               \
  ".driver 0 name=\"http_request\"\n"                                                              \
  ".fault 0 name=\"slow\" path=\"steps[0].faults[0]\" driver=\"proxy\"\n"                          \
  ".fault 1 name=\"down\" path=\"steps[0].faults[1]\" driver=\"proxy\"\n"                          \
  ".report 0 format=\"json\" template=\"\"\n"                                                      \
  ".metric 0 name=\"latency\" kind=trend\n"                                                        \
  ".metric 1 name=\"errors\" kind=counter\n"                                                       \
  ".slot 0 name=\"latency\" kind=metric_step arg=0\n"                                              \
  ".slot 1 name=\"latency\" kind=metric_last arg=0\n"                                              \
  ".slot 2 name=\"latency\" kind=metric_run arg=0\n"                                               \
  ".slot 3 name=\"max_latency\" kind=metric_max arg=0\n"                                           \
  ".slot 4 name=\"min_latency\" kind=metric_min arg=0\n"                                           \
  ".slot 5 name=\"avg_latency\" kind=metric_avg arg=0\n"                                           \
  ".slot 6 name=\"sum_latency\" kind=metric_sum arg=0\n"                                           \
  ".slot 7 name=\"count_latency\" kind=metric_count arg=0\n"                                       \
  ".slot 8 name=\"now\" kind=builtin arg=3\n"                                                      \
  ".slot 9 name=\"duration\" kind=builtin arg=5\n"                                                 \
  ".slot 10 name=\"x\" kind=global\n"                                                              \
  ".const 0 string \"shown\"\n.const 1 string \"broken\"\n.const 2 int 1\n.const 3 map\n.const 4 " \
  "double 2.5\n"

#define RUN(body, final)                                                                      \
  ROWS ".chunk 0 name=\"main\" kind=main\nRUN_ENTER final\n" body "final:\nRUN_FINAL\n" final \
       "VERDICT\nRUN_LEAVE\nEND\n"
#define STEP(n, body)                                                                     \
  "STEP_ENTER " n ", s" n "\nCONST 0\nSTEP_BEGIN " n "\n" body "s" n ":\nSTEP_OUTCOME " n \
  "\n"                                                                                    \
  "STEP_LEAVE " n "\nGATE\n"
#define FAULT(n, body) "CONST 3\nFAULT_ENTER " n ", f" n "\n" body "f" n ":\nFAULT_LEAVE " n "\n"
#define FAIL "CONST 1\nFAIL\n"
#define SHOW(code) code "LOG info\n"
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OK "{\"ok\":true}"
#define NOT_OK "{\"ok\":false,\"error\":\"refused\"}"

START_TEST(waiting) {
  vm_expect(
      RUN("CONST 2\nWAIT\nCONST 4\nWAIT\n", ""), NULL,
      "-> wait {\"seconds\":1.0}\n-> wait {\"seconds\":2.5}\nverdict passed 2s\n= done passed\n");
  vm_expect(RUN("CONST 2\nWAIT\n", ""), LIST(NOT_OK),
            "-> wait {\"seconds\":1.0}\nerror: refused\nverdict failed 1s: nothing was run\n= done "
            "failed\n");
  vm_expect(
      RUN("CONST 0\nWAIT\n", ""), NULL,
      "error: a wait takes seconds, or text like 250ms, not string\nverdict failed: nothing was "
      "run\n= done failed\n");
  vm_expect(RUN("CONST 2\nNEGATE\nWAIT\n", ""), NULL,
            "error: a wait cannot be negative or endless\nverdict failed: nothing was run\n= done "
            "failed\n");
  vm_expect(
      RUN("LOAD 0\nWAIT\n", ""), NULL,
      "error: metric 'latency' has no data\nverdict failed: nothing was run\n= done failed\n");
}
END_TEST

START_TEST(a_wait_in_a_hook_is_no_work) {
  vm_expect(RUN("HOOK_ENTER 1, out\nHOOK_BEGIN 1\nCONST 2\nWAIT\nout:\nHOOK_LEAVE 1\n", ""), NULL,
            "hook_started last\n-> wait {\"seconds\":1.0}\nhook_finished last passed\nverdict "
            "failed 1s: nothing was run\n= done failed\n");
}
END_TEST

START_TEST(the_clock_is_read_when_asked) {
  vm_expect(
      RUN(SHOW("LOAD 8\n") SHOW("LOAD 9\n") "CONST 2\nWAIT\n" SHOW("LOAD 9\n") "NOW\n" SHOW(
              "LOAD 8\n") SHOW("LOAD 9\n"),
          ""),
      NULL,
      "log info: 2025-11-25T13:24:05Z\nlog info: 0\n-> wait {\"seconds\":1.0}\nlog info: 0\n"
      "-> now {}\nlog info: 2025-11-25T13:24:07Z\nlog info: 2\nverdict passed 2s\n= done passed\n");
}
END_TEST

START_TEST(effects_answer_with_a_map) {
  vm_expect(RUN(STEP("0",
                     "ACTION_ENTER 0, out\nCONST 3\nEFFECT 0\nDUP\nOUTCOME\nSTORE "
                     "10\nout:\nACTION_LEAVE 0\n"),
                ""),
            LIST("{\"ok\":true,\"status\":200}"),
            "step_started shown\n-> http_request {}\nvariable x [{\"ok\":true,\"status\":200}]\n"
            "action_finished get passed\nstep_finished shown passed 1s\nverdict passed 1s\n= done "
            "passed\n");
  vm_expect(
      RUN(STEP("0", "ACTION_ENTER 0, out\nCONST 3\nEFFECT 0\nOUTCOME\nout:\nACTION_LEAVE 0\n"), ""),
      LIST(NOT_OK),
      "step_started shown\n-> http_request {}\naction_finished get failed: refused\nstep_finished "
      "shown failed 1s: refused\n"
      "verdict failed 1s\n= done failed\n");
  vm_expect(RUN(STEP("0", "CONST 3\nEFFECT 0\nOUTCOME\n"), ""), LIST("{}"),
            "step_started shown\n-> http_request {}\nstep_finished shown failed 1s: it failed "
            "without saying why\nverdict failed 1s\n= done failed\n");
  vm_expect(RUN(STEP("0", "CONST 2\nEFFECT 0\nOUTCOME\n"), ""), NULL,
            "step_started shown\nstep_finished shown failed: the arguments of an effect must be a "
            "map, not int\nverdict failed\n= done failed\n");
}
END_TEST

#define METRICS1                                                                         \
  "{\"ok\":true,\"metrics\":{\"latency\":10,\"errors\":2,\"other\":1},\"run_metrics\":{" \
  "\"latency\":10.5}}"
#define METRICS2 "{\"ok\":true,\"metrics\":{\"latency\":4},\"run_metrics\":{\"latency\":7.5}}"

START_TEST(scenarios_yield_metrics) {
  vm_expect(
      RUN(STEP("0", "CONST 3\nSCENARIO 0\n" SHOW("LOAD 0\n")) STEP(
              "1", SHOW("IS_SET 0\n") SHOW("LOAD 1\n") "CONST 3\nSCENARIO 0\n" SHOW("LOAD 0\n")),
          SHOW("LOAD 1\n") SHOW("LOAD 2\n") SHOW("LOAD 3\n") SHOW("LOAD 4\n") SHOW("LOAD 5\n")
              SHOW("LOAD 6\n") SHOW("LOAD 7\n") SHOW("STEP_FIELD 0, metrics\n")
                  SHOW("STEP_FIELD 1, metrics\n")),
      LIST(METRICS1, METRICS2),
      "step_started shown\n-> http_load {}\nlog info: 10\nstep_finished shown passed 1s\n"
      "step_started shown\nlog info: false\nlog info: 10\n-> http_load {}\nlog info: "
      "4\nstep_finished shown passed 1s\n"
      "log info: 4\nlog info: 7.5\nlog info: 10\nlog info: 4\nlog info: 7\nlog info: 14\nlog info: "
      "2\n"
      "log info: {\"latency\":10,\"errors\":2,\"other\":1}\nlog info: {\"latency\":4}\nverdict "
      "passed 2s\n= done passed\n");
}
END_TEST

START_TEST(a_failed_scenario_keeps_what_it_measured) {
  vm_expect(RUN(STEP("0", "CONST 3\nSCENARIO 0\n"), SHOW("LOAD 1\n") SHOW("LOAD 7\n")),
            LIST("{\"ok\":false,\"error\":\"no route\",\"metrics\":{\"latency\":3}}"),
            "step_started shown\n-> http_load {}\nstep_finished shown failed 1s: no route\nlog "
            "info: 3\nlog info: 1\nverdict failed 1s\n= done failed\n");
}
END_TEST

START_TEST(metrics_are_recorded) {
  vm_expect(RUN(STEP("0", "CONST 4\nMETRIC 0\nCONST 2\nMETRIC 0\n" SHOW("LOAD 0\n") SHOW("LOAD 2\n")
                              SHOW("LOAD 3\n") SHOW("LOAD 5\n")),
                ""),
            NULL,
            "step_started shown\nmetric latency [2.5]\nmetric latency [1]\nlog info: 1.75\n"
            "log info: 1.75\nlog info: 2.5\nlog info: 1.75\n"
            "step_finished shown passed\nverdict passed\n= done passed\n");
  vm_expect(RUN(STEP("0", "CONST 0\nMETRIC 0\n"), SHOW("LOAD 7\n")), NULL,
            "step_started shown\nstep_finished shown failed: metric 'latency' must be a number, "
            "not string\nlog info: 0\nverdict failed\n= done failed\n");
}
END_TEST

/* ---- loads under way ---- */

static mf_status tell(vm_host *h, uint32_t id, const char *json) {
  mf_value v = vm_parse(&h->arena, json);
  return mf_vm_metrics(h->vm, id, &v);
}
static void answer(vm_host *h, const char *json) {
  mf_effect effect = {.id = 1};
  h->answers = LIST(json);
  ck_assert_int_eq(vm_answer(h, &effect), MF_OK);
}

/* What its outcome does not say is what was told last; no aggregate ever knew it. */
START_TEST(a_load_under_way_is_told) {
  static const char *const outcome = "{\"ok\":true,\"metrics\":{\"errors\":2}}";
  vm_host h;
  mf_effect effect;
  vm_host_init(&h, RUN(STEP("0", "CONST 3\nSCENARIO 0\n" SHOW("LOAD 0\n"))
                           STEP("1", SHOW("IS_SET 0\n") SHOW("LOAD 1\n")),
                       SHOW("LOAD 2\n") SHOW("IS_SET 3\n") SHOW("STEP_FIELD 0, metrics\n")));
  vm_host_new(&h);
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_EFFECT);
  ck_assert_int_eq(tell(&h, 2, "{\"metrics\":{\"latency\":1}}"), MF_NO_SUCH_EFFECT);
  ck_assert_int_eq(tell(&h, 1, METRICS1), MF_OK);
  ck_assert_int_eq(tell(&h, 1, METRICS2), MF_OK);
  ck_assert_int_eq(tell(&h, 1, "{\"metrics\":{\"latency\":\"none\"},\"run_metrics\":7}"), MF_OK);
  ck_assert_int_eq(tell(&h, 1, "[]"), MF_OK);
  answer(&h, outcome);
  ck_assert_int_eq(tell(&h, 1, METRICS1), MF_NO_SUCH_EFFECT);
  vm_host_run(&h);
  ck_assert_str_eq(h.log.p,
                   "step_started shown\nlog info: 4\nstep_finished shown passed 1s\n"
                   "step_started shown\nlog info: false\nlog info: 4\n"
                   "step_finished shown passed\nlog info: 7.5\nlog info: false\n"
                   "log info: {\"errors\":2}\nverdict passed 1s\n= done passed\n");
  vm_host_fini(&h);
}
END_TEST

START_TEST(only_loads_tell_metrics) {
  vm_host h;
  mf_effect effect;
  vm_host_init(&h, RUN("CONST 2\nWAIT\n", ""));
  vm_host_new(&h);
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_EFFECT);
  ck_assert_int_eq(tell(&h, 1, METRICS1), MF_NO_SUCH_EFFECT);
  vm_host_fini(&h);
}
END_TEST

START_TEST(reports) {
  vm_expect(RUN("CONST 2\nWAIT\n", "CONST 0\nREPORT 0\n"), NULL,
            "-> wait {\"seconds\":1.0}\n-> report "
            "{\"path\":\"shown\",\"format\":\"json\"}\nverdict passed 2s\n= done passed\n");
  vm_expect(
      RUN("CONST 2\nWAIT\n", "CONST 0\nREPORT 0\n"), LIST(OK, NOT_OK),
      "-> wait {\"seconds\":1.0}\n-> report {\"path\":\"shown\",\"format\":\"json\"}\nwarning: "
      "refused\nverdict passed 2s\n= done passed\n");
  vm_expect(RUN("CONST 2\nWAIT\n", "HANDLER next\nCONST 2\nREPORT 0\nnext:\n"), NULL,
            "-> wait {\"seconds\":1.0}\nerror: the path of a report must be a string, not "
            "int\nverdict failed 1s\n= done failed\n");
}
END_TEST

/* ---- Faults ---- */

#define INJECT "-> proxy {\"do\":\"inject\",\"fault\":\"slow\",\"args\":{}}\n"
#define UNDO "-> proxy {\"do\":\"undo\",\"fault\":\"slow\",\"args\":{}}\n"
#define INJECT2 "-> proxy {\"do\":\"inject\",\"fault\":\"down\",\"args\":{}}\n"
#define UNDO2 "-> proxy {\"do\":\"undo\",\"fault\":\"down\",\"args\":{}}\n"

START_TEST(faults_are_undone) {
  vm_expect(RUN(STEP("0", FAULT("0", FAULT("1", SHOW("CONST 0\n")))), ""), NULL,
            "step_started shown\n" INJECT INJECT2 "log info: shown\n" UNDO2 UNDO
            "step_finished shown passed 4s\nverdict passed 4s\n= done passed\n");
}
END_TEST

START_TEST(faults_are_undone_when_something_fails) {
  vm_expect(RUN(STEP("0", FAULT("0", FAULT("1", FAIL) SHOW("CONST 0\n"))), ""), NULL,
            "step_started shown\n" INJECT INJECT2 UNDO2 UNDO
            "step_finished shown failed 4s: broken\nverdict failed 4s\n= done failed\n");
}
END_TEST

START_TEST(what_was_tried_to_inject_is_undone) {
  vm_expect(RUN(STEP("0", FAULT("0", SHOW("CONST 0\n"))), ""), LIST(NOT_OK),
            "step_started shown\n" INJECT UNDO
            "step_finished shown failed 2s: refused\nverdict failed 2s\n= done failed\n");
  /* Arguments that are an error: nothing was tried. */
  vm_expect(RUN(STEP("0", "LOAD 10\nFAULT_ENTER 0, f\nf:\nFAULT_LEAVE 0\n"), ""), NULL,
            "step_started shown\nstep_finished shown failed: no value for 'x' yet\nverdict "
            "failed\n= done failed\n");
}
END_TEST

START_TEST(an_undo_that_fails_fails_the_step) {
  vm_expect(RUN(STEP("0", FAULT("0", SHOW("CONST 0\n"))), ""), LIST(OK, NOT_OK),
            "step_started shown\n" INJECT "log info: shown\n" UNDO
            "error steps[0].faults[0]: refused\n"
            "step_finished shown failed 2s: refused\nverdict failed 2s\n= done failed\n");
}
END_TEST

START_TEST(abort_undoes_first) {
  vm_expect(
      RUN(STEP("0", FAULT("0", FAULT("1", "CONST 1\nABORT\n"))) STEP("1", ""), SHOW("CONST 0\n")),
      NULL,
      "step_started shown\n" INJECT INJECT2 "error steps[0].faults[1]: broken\n" UNDO2 UNDO
      "step_finished shown interrupted 4s: broken\nlog info: shown\nverdict failed 4s: aborted\n= "
      "done failed\n");
}
END_TEST

/* ---- Signals ---- */

static void expect_signal(const char *text, mf_signal signal, uint32_t at, uint32_t again,
                          const char *log) {
  vm_host h;
  vm_host_init(&h, text);
  h.signal = signal;
  h.signal_at = at;
  h.signal_again_at = again;
  h.answers = LIST(OK, "{\"ok\":false,\"error\":\"cancelled\"}", OK, OK, OK);
  vm_host_new(&h);
  vm_host_run(&h);
  ck_assert_msg(strcmp(h.log.p, log) == 0, "expected\n%s\nbut got\n%s", log, h.log.p);
  vm_host_fini(&h);
}

START_TEST(a_signal_undoes_and_leaves) {
  expect_signal(
      RUN(STEP("0", FAULT("0", "CONST 3\nSCENARIO 0\n")) STEP("1", ""), SHOW("CONST 0\n")),
      MF_SIGNAL_STOP, 2, 0,
      "step_started shown\n" INJECT "-> http_load {}\n" UNDO
      "step_finished shown interrupted 3s\nlog info: shown\n"
      "verdict failed 3s: interrupted\n= done failed\n");
  expect_signal(
      RUN(STEP("0", FAULT("0", "CONST 3\nSCENARIO 0\n")) STEP("1", ""), SHOW("CONST 0\n")),
      MF_SIGNAL_ABORT, 2, 0,
      "step_started shown\n" INJECT "-> http_load {}\n" UNDO
      "step_finished shown interrupted 3s\nlog info: shown\n"
      "verdict failed 3s: aborted\n= done failed\n");
}
END_TEST

START_TEST(a_signal_during_injection_undoes_it) {
  expect_signal(RUN(STEP("0", FAULT("0", "CONST 3\nSCENARIO 0\n")), ""), MF_SIGNAL_STOP, 1, 0,
                "step_started shown\n" INJECT UNDO
                "error steps[0].faults[0]: cancelled\n"
                "step_finished shown interrupted 2s: cancelled\nverdict failed 2s: interrupted\n= "
                "done failed\n");
}
END_TEST

START_TEST(a_signal_during_an_undo_waits_for_it) {
  expect_signal(RUN(STEP("0", FAULT("0", FAULT("1", ""))) STEP("1", ""), ""), MF_SIGNAL_STOP, 3, 4,
                "step_started shown\n" INJECT INJECT2 UNDO2 UNDO
                "step_finished shown interrupted 4s: cancelled\n"
                "verdict failed 4s: interrupted\n= done failed\n");
}
END_TEST

#define FINAL_HOOK(n, l)                                                                      \
  "HANDLER " l "\nHOOK_ENTER " n ", " l "x\nHOOK_BEGIN " n "\nCONST 3\nEFFECT 0\nOUTCOME\n" l \
  "x:\nHOOK_LEAVE " n "\n" l ":\n"

START_TEST(a_second_signal_leaves_the_hook_under_way) {
  expect_signal(RUN("CONST 2\nWAIT\n", FINAL_HOOK("1", "a") FINAL_HOOK("2", "b")), MF_SIGNAL_STOP,
                1, 2,
                "-> wait {\"seconds\":1.0}\nhook_started last\n-> http_request {}\nhook_finished "
                "last interrupted\n"
                "hook_started very_last\n-> http_request {}\nhook_finished very_last "
                "passed\nverdict failed 3s: interrupted\n= done failed\n");
}
END_TEST

START_TEST(a_signal_before_the_run_starts_nothing) {
  vm_host h;
  vm_host_init(&h, RUN(STEP("0", ""), SHOW("CONST 0\n")));
  vm_host_new(&h);
  mf_vm_signal(h.vm, MF_SIGNAL_STOP);
  vm_host_run(&h);
  ck_assert_str_eq(h.log.p, "log info: shown\nverdict failed: interrupted\n= done failed\n");
  ck_assert(mf_vm_verdict(h.vm).interrupted);
  vm_host_fini(&h);
}
END_TEST

static void signal_on_log(void *ctx, const mf_notice *n) {
  vm_host *h = ctx;
  vm_log_notice(ctx, n);
  if (n->kind == MF_NOTICE_LOG && h->signal_at++ == 0) mf_vm_signal(h->vm, MF_SIGNAL_STOP);
}

/* The sink raises a signal: an effect that nobody has seen is not asked for. */
START_TEST(a_signal_from_the_sink) {
  static const char *const bodies[] = {"CONST 2\nWAIT\n", "CONST 3\nEFFECT 0\nOUTCOME\n",
                                       "CONST 3\nFAULT_ENTER 0, f\nf:\nFAULT_LEAVE 0\n"};
  for (unsigned i = 0; i < 3; i++) {
    char text[4000];
    vm_host h;
    snprintf(text, sizeof text, "%s",
             RUN("STEP_ENTER 0, s0\nCONST 0\nSTEP_BEGIN 0\nCONST 0\nLOG info\n", ""));
    char *at = strstr(text, "LOG info\n") + 9;
    char rest[400];
    snprintf(rest, sizeof rest, "%ss0:\nSTEP_LEAVE 0\n%s", bodies[i], at);
    strcpy(at, rest);
    vm_host_init(&h, text);
    h.options.notice = signal_on_log;
    vm_host_new(&h);
    vm_host_run(&h);
    ck_assert_str_eq(h.log.p,
                     "step_started shown\nlog info: shown\nstep_finished shown "
                     "interrupted\nverdict failed: interrupted\n= done failed\n");
    vm_host_fini(&h);
  }
}
END_TEST

/* A main chunk without RUN_ENTER has nowhere to go: it ends. */
START_TEST(abort_without_a_run_ends_the_program) {
  vm_expect(ROWS
            ".chunk 0 name=\"main\" kind=main\n"
            "STEP_ENTER 0, s0\nCONST 0\nSTEP_BEGIN 0\n" FAULT(
                "0", "CONST 1\nABORT\n") "s0:\nSTEP_LEAVE 0\nEND\n",
            NULL,
            "step_started shown\n" INJECT "error steps[0].faults[0]: broken\n" UNDO
            "step_finished shown interrupted 2s: broken\n= done failed\n");
}
END_TEST

Suite *vm_effects_suite(void);
Suite *vm_effects_suite(void) {
  Suite *s = suite_create("vm_effects");
  TCase *t = tcase_create("effects");
  suite_add_tcase(s, t);
  tcase_add_test(t, waiting);
  tcase_add_test(t, a_wait_in_a_hook_is_no_work);
  tcase_add_test(t, the_clock_is_read_when_asked);
  tcase_add_test(t, effects_answer_with_a_map);
  tcase_add_test(t, scenarios_yield_metrics);
  tcase_add_test(t, a_failed_scenario_keeps_what_it_measured);
  tcase_add_test(t, metrics_are_recorded);
  tcase_add_test(t, a_load_under_way_is_told);
  tcase_add_test(t, only_loads_tell_metrics);
  tcase_add_test(t, reports);
  tcase_add_test(t, faults_are_undone);
  tcase_add_test(t, faults_are_undone_when_something_fails);
  tcase_add_test(t, what_was_tried_to_inject_is_undone);
  tcase_add_test(t, an_undo_that_fails_fails_the_step);
  tcase_add_test(t, abort_undoes_first);
  tcase_add_test(t, a_signal_undoes_and_leaves);
  tcase_add_test(t, a_signal_during_injection_undoes_it);
  tcase_add_test(t, a_signal_during_an_undo_waits_for_it);
  tcase_add_test(t, a_second_signal_leaves_the_hook_under_way);
  tcase_add_test(t, a_signal_before_the_run_starts_nothing);
  tcase_add_test(t, a_signal_from_the_sink);
  tcase_add_test(t, abort_without_a_run_ends_the_program);
  return s;
}
