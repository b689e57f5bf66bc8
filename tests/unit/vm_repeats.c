/* SPDX-License-Identifier: MIT */
/* Repeats and retries: time, signals, memory, and what is random. */
#include "vm_kit.h"

#define ROWS                                                                  \
  ".step 0 name=\"s\" path=\"steps[0]\"\n"                                    \
  ".repeat 0 name=\"all\" path=\"\" kind=orchestration\n"                     \
  ".repeat 1 name=\"while\" path=\"steps[0]\" kind=while\n"                   \
  ".repeat 2 name=\"each\" path=\"steps[0]\" kind=for_each slot=0\n"          \
  ".repeat 3 name=\"count\" path=\"steps[0]\" kind=count slot=0\n"            \
  ".slot 0 name=\"item\" kind=repeat arg=2\n.slot 1 name=\"x\" kind=global\n" \
  ".slot 2 name=\"secret\" kind=secret\n"                                     \
  ".group 0 name=\"group\" path=\"steps[1]\"\n"                               \
  ".task 0 name=\"left\" path=\"steps[1].parallel[0]\"\n"                     \
  ".task 1 name=\"right\" path=\"steps[1].parallel[1]\"\n"                    \
  ".const 0 int 0\n.const 1 int 1\n.const 2 string \"text that is copied\"\n.const 3 list 2 0\n"

#define RUN(body) \
  ROWS ".chunk 0 name=\"main\" kind=main\nRUN_ENTER end\n" body "end:\nVERDICT\nRUN_LEAVE\nEND\n"

/* An effect takes a second.  The iteration that has begun is carried out whole. */
static const char endless[] = RUN(
    "REPEAT_ENTER 0, out\nCONST 0\nREPEAT_BEGIN 0\nagain:\nNOW\nREPEAT_NEXT 0, out\n"
    "CONST 1\nWAIT\nCONST 1\nWAIT\nJUMP again\nout:\nREPEAT_LEAVE 0\n");

static void expect_with(const char *text, int64_t loop_ns, const char *log) {
  vm_host h;
  vm_host_init(&h, text);
  h.options.loop_ns = loop_ns;
  vm_host_new(&h);
  vm_host_run(&h);
  ck_assert_msg(strcmp(h.log.p, log) == 0, "expected\n%s\nbut got\n%s", log, h.log.p);
  vm_host_fini(&h);
}

START_TEST(no_iteration_begins_after_the_time) {
  static const char one[] =
      "-> now {}\nturn all\n-> wait {\"seconds\":1.0}\n-> wait {\"seconds\":1.0}\n";
  static const char end[] = "-> now {}\nrepeat_finished all\nverdict passed ";
  char log[1024];
  snprintf(log, sizeof log, "%s%s%s7s\n= done passed\n", one, one, end);
  expect_with(endless, INT64_C(6000000000), log);
  snprintf(log, sizeof log, "%s%s4s\n= done passed\n", one, end);
  expect_with(endless, 1, log); /* the first one begins in any case */
}
END_TEST

static void stop_at_third_turn(void *ctx, const mf_notice *n) {
  vm_host *h = ctx;
  vm_log_notice(ctx, n);
  if (n->turn == 3) mf_vm_signal(h->vm, MF_SIGNAL_STOP);
}

/* Nothing in it asks for an effect: the host sees its notices only. */
START_TEST(a_signal_ends_a_loop_without_effects) {
  vm_host h;
  vm_host_init(&h, RUN("REPEAT_ENTER 1, out\nagain:\nREPEAT_NEXT 1, out\nJUMP again\nout:\n"
                       "REPEAT_LEAVE 1\n"));
  h.options.notice = stop_at_third_turn;
  vm_host_new(&h);
  vm_host_run(&h);
  ck_assert_str_eq(h.log.p,
                   "turn while\nturn while\nturn while\nrepeat_finished while\n"
                   "verdict failed: interrupted\n= done failed\n");
  ck_assert(mf_vm_verdict(h.vm).interrupted);
  vm_host_fini(&h);
}
END_TEST

/* The other branch waits for an outcome. */
#define BRANCHES(loop)                                               \
  RUN(".const 4 null\nGROUP_ENTER 0, done\nCONST 4\nGROUP_BEGIN 0\n" \
      "SPAWN 0, left, second\nCONST 1\nWAIT\nleft:\nTASK_END 0\n"    \
      "second:\nSPAWN 1, right, done\n" loop "right:\nTASK_END 1\ndone:\nGROUP_LEAVE 0\n")

static const char endless_branch[] = BRANCHES(
    "REPEAT_ENTER 1, out\nagain:\nREPEAT_NEXT 1, out\nJUMP again\nout:\nREPEAT_LEAVE 1\n");

START_TEST(a_signal_ends_a_loop_in_a_branch) {
  mf_effect effect;
  vm_host h;
  vm_host_init(&h, endless_branch);
  h.options.notice = stop_at_third_turn;
  vm_host_new(&h);
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_EFFECT);
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_CANCEL);
  ck_assert_uint_eq(effect.task, 1);
  mf_outcome outcome = {NULL, 0, 0};
  ck_assert_int_eq(mf_vm_deliver(h.vm, effect.id, &outcome), MF_OK);
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_DONE);
  ck_assert_str_eq(h.log.p,
                   "group_started group\nturn while\nturn while\nturn while\n"
                   "repeat_finished while\ngroup_finished group interrupted\n"
                   "verdict failed: interrupted\n");
  vm_host_fini(&h);
}
END_TEST

static void tell_time_at_third_turn(void *ctx, const mf_notice *n) {
  vm_host *h = ctx;
  vm_log_notice(ctx, n);
  if (n->turn == 3 && n->kind == MF_NOTICE_TURN) mf_vm_time(h->vm, mf_vm_deadline(h->vm), 0);
}

START_TEST(the_time_ends_a_loop_without_effects) {
  vm_host h;
  vm_host_init(&h, RUN("CONST 1\nTIMEOUT\nREPEAT_ENTER 1, out\nagain:\nREPEAT_NEXT 1, out\n"
                       "JUMP again\nout:\nREPEAT_LEAVE 1\n"));
  h.options.notice = tell_time_at_third_turn;
  vm_host_new(&h);
  vm_host_run(&h);
  ck_assert_str_eq(h.log.p,
                   "turn while\nturn while\nturn while\nerror: the run timed out after 1s\n"
                   "repeat_finished while\nverdict failed 1s: the run timed out\n= done failed\n");
  vm_host_fini(&h);
}
END_TEST

START_TEST(fuel_ends_a_loop_without_end) {
  vm_host h;
  vm_host_init(&h, RUN("REPEAT_ENTER 1, out\nagain:\nREPEAT_NEXT 1, out\nJUMP again\nout:\n"
                       "REPEAT_LEAVE 1\n"));
  h.options.fuel = 1000;
  h.quiet = true;
  vm_host_new(&h);
  vm_host_run(&h);
  ck_assert_str_eq(h.log.p, "= OUT_OF_FUEL failed\n");
  vm_host_fini(&h);
}
END_TEST

static size_t peak_of(const char *text, const char *set, mf_value v) {
  mf_counting_alloc c = {.inner = mf_alloc_default()};
  vm_host h;
  vm_host_init(&h, text);
  h.options.alloc = mf_counting_alloc_as_alloc(&c);
  h.quiet = true;
  vm_host_new(&h);
  ck_assert_int_eq(mf_vm_set_variable(h.vm, mf_str_of(set), &v), MF_OK);
  ck_assert_int_eq(vm_host_run(&h), MF_VM_DONE);
  vm_host_fini(&h);
  return c.peak;
}

/* A step and an action in each turn, which fail once and are retried; elements that are
 * copied. */
START_TEST(turns_and_attempts_leave_no_memory_behind) {
  static const char text[] = RUN(
      ".action 0 name=\"a\" path=\"a\" type=log on_error=ignore\n"
      ".const 4 string \"max_attempts\"\n.const 5 int 2\n.const 6 map 4:5\n"
      "REPEAT_ENTER 3, out\nLOAD 1\nREPEAT_BEGIN 3\nagain:\nREPEAT_NEXT 3, out\n"
      "STEP_ENTER 0, over\nLOAD 0\nCONCAT 1\nSTEP_BEGIN 0\nCONST 6\nRETRY_BEGIN 0\n"
      "attempt:\nHANDLER known\nLOAD 0\nCONST 2\nLIST 2\nINIT 0\nCONST 2\nLOAD 0\nCONCAT 2\nFAIL\n"
      "known:\nHANDLER over\nRETRY 0, over\nRETRY_WAIT 0\nJUMP attempt\n"
      "over:\nSTEP_LEAVE 0\nHANDLED\n"
      "ACTION_ENTER 0, left\nCONST 6\nACTION_RETRY_BEGIN 0\ntry:\nHANDLER tried\n"
      "LOAD 0\nCONST 2\nLIST 2\nINIT 0\nCONST 2\nLOAD 0\nCONCAT 2\nFAIL\n"
      "tried:\nHANDLER left\nACTION_RETRY 0, left\nACTION_RETRY_WAIT 0\nJUMP try\n"
      "left:\nACTION_LEAVE 0\n"
      "REPEAT_ENTER 2, inner_out\nCONST 3\nREPEAT_BEGIN 2\ninner:\nREPEAT_NEXT 2, inner_out\n"
      "JUMP inner\ninner_out:\nREPEAT_LEAVE 2\nJUMP again\nout:\nREPEAT_LEAVE 3\n");
  size_t few = peak_of(text, "x", mf_int(10)), many = peak_of(text, "x", mf_int(20000));
  printf("repeats: peak of 10 turns %zu bytes, of 20000 %zu\n", few, many);
  fflush(stdout);
  ck_assert_uint_le(many, few);
}
END_TEST

/* A group in each turn; a repeat of texts in one of its branches. */
START_TEST(branches_in_turns_leave_no_memory_behind) {
  static const char text[] = RUN(
      ".const 4 null\n.const 5 string \"max_attempts\"\n.const 6 int 2\n.const 7 map 5:6\n"
      "REPEAT_ENTER 3, out\nLOAD 1\nREPEAT_BEGIN 3\nagain:\nREPEAT_NEXT 3, out\n"
      "GROUP_ENTER 0, done\nCONST 4\nGROUP_BEGIN 0\n"
      "SPAWN 0, left, second\nREPEAT_ENTER 2, inner_out\nCONST 3\nREPEAT_BEGIN 2\ninner:\n"
      "REPEAT_NEXT 2, inner_out\nCONST 1\nWAIT\nJUMP inner\ninner_out:\nREPEAT_LEAVE 2\n"
      "left:\nTASK_END 0\n"
      "second:\nSPAWN 1, right, done\nSTEP_ENTER 0, over\nCONST 2\nSTEP_BEGIN 0\nCONST 7\n"
      "RETRY_BEGIN 0\nattempt:\nHANDLER known\nCONST 1\nTIMEOUT\nCONST 6\nWAIT\nCONST 2\n"
      "LOAD 0\nCONCAT 2\nFAIL\nknown:\nHANDLER over\nRETRY 0, over\nRETRY_WAIT 0\nJUMP attempt\n"
      "over:\nSTEP_LEAVE 0\nHANDLED\nright:\nTASK_END 1\ndone:\nGROUP_LEAVE 0\n"
      "JUMP again\nout:\nREPEAT_LEAVE 3\n");
  size_t few = peak_of(text, "x", mf_int(10)), many = peak_of(text, "x", mf_int(5000));
  printf("groups in turns: peak of 10 turns %zu bytes, of 5000 %zu\n", few, many);
  fflush(stdout);
  ck_assert_uint_le(many, few);
}
END_TEST

START_TEST(elements_of_a_secret_are_secret) {
  static const mf_value parts[] = {{.kind = MF_STRING, .len = 7, .as.s = "hunter2"}};
  mf_value list = {.kind = MF_LIST, .len = 1, .as.list = parts};
  vm_host h;
  vm_host_init(&h, RUN("REPEAT_ENTER 2, out\nLOAD 2\nREPEAT_BEGIN 2\nagain:\nREPEAT_NEXT 2, out\n"
                       "LOAD 0\nLOG info\nJUMP again\nout:\nREPEAT_LEAVE 2\n"));
  vm_host_new(&h);
  ck_assert_int_eq(mf_vm_set_variable(h.vm, MF_STR("secret"), &list), MF_OK);
  vm_host_run(&h);
  ck_assert_str_eq(h.log.p,
                   "turn each [{\"$secret\":true}]\nlog info: <secret>\nrepeat_finished each\n"
                   "verdict failed: nothing was run\n= done failed\n");
  vm_host_fini(&h);
}
END_TEST

/* Attempts that wait a while; the log has the pauses. */
static void pauses(uint64_t seed, const char *path, char log[4096]) {
  char text[4096];
  vm_host h;
  snprintf(
      text, sizeof text,
      ".step 0 name=\"s\" path=\"%s\"\n.const 0 string \"s\"\n.const 1 string \"max_attempts\"\n"
      ".const 2 int 6\n.const 3 string \"delay\"\n.const 4 int 10\n.const 5 string \"jitter\"\n"
      ".const 6 double 2.5\n.const 7 string \"max_delay\"\n.const 8 int 11\n"
      ".const 9 map 1:2 3:4 5:6 7:8\n"
      ".chunk 0 name=\"main\" kind=main\nRUN_ENTER end\n"
      "STEP_ENTER 0, over\nCONST 0\nSTEP_BEGIN 0\nCONST 9\nRETRY_BEGIN 0\n"
      "attempt:\nHANDLER known\nCONST 0\nFAIL\nknown:\nHANDLER over\nRETRY 0, over\n"
      "RETRY_WAIT 0\nJUMP attempt\nover:\nSTEP_LEAVE 0\nend:\nRUN_LEAVE\nEND\n",
      path);
  vm_host_init(&h, text);
  h.options.seed = seed;
  h.quiet = true;
  vm_host_new(&h);
  vm_host_run(&h);
  snprintf(log, 4096, "%s", h.log.p);
  vm_host_fini(&h);
}

START_TEST(jitter_depends_on_seed_path_and_attempt_only) {
  char one[4096], again[4096], other[4096];
  double pause, least = 100, most = 0, before = -1;
  unsigned seen = 0;
  pauses(1, "steps[0]", one);
  pauses(1, "steps[0]", again);
  ck_assert_str_eq(one, again);
  pauses(2, "steps[0]", other);
  ck_assert_str_ne(one, other);
  pauses(1, "steps[1]", other);
  ck_assert_str_ne(one, other);
  for (const char *p = one; (p = strstr(p, "\"seconds\":")); seen++) {
    p += 10;
    ck_assert_int_eq(sscanf(p, "%lf", &pause), 1);
    ck_assert(pause >= 7.5 && pause <= 11);
    ck_assert(pause != before || pause == 11);
    if (pause < least) least = pause;
    if (pause > most) most = pause;
    before = pause;
  }
  ck_assert_uint_eq(seen, 5);
  ck_assert(most > least);
}
END_TEST

Suite *vm_repeats_suite(void);
Suite *vm_repeats_suite(void) {
  Suite *s = suite_create("vm_repeats");
  TCase *t = tcase_create("repeats");
  suite_add_tcase(s, t);
  tcase_add_test(t, no_iteration_begins_after_the_time);
  tcase_add_test(t, a_signal_ends_a_loop_without_effects);
  tcase_add_test(t, a_signal_ends_a_loop_in_a_branch);
  tcase_add_test(t, the_time_ends_a_loop_without_effects);
  tcase_add_test(t, fuel_ends_a_loop_without_end);
  tcase_add_test(t, turns_and_attempts_leave_no_memory_behind);
  tcase_add_test(t, branches_in_turns_leave_no_memory_behind);
  tcase_add_test(t, elements_of_a_secret_are_secret);
  tcase_add_test(t, jitter_depends_on_seed_path_and_attempt_only);
  return s;
}
