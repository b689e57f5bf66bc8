/* SPDX-License-Identifier: MIT */
/* The machine as a host sees it: variables, budgets, ownership, bad memory. */
#include "vm_kit.h"

#define ROWS                                                                                      \
  ".step 0 name=\"one\" path=\"steps[0]\"\n"                                                      \
  ".slot 0 name=\"x\" kind=global\n"                                                              \
  ".slot 1 name=\"in\" kind=input arg=0\n.input 0 slot=1 type=any\n"                              \
  ".slot 2 name=\"env.API_KEY\" kind=env\n"                                                       \
  ".slot 3 name=\"env.HOME\" kind=env\n"                                                          \
  ".slot 4 name=\"password\" kind=secret\n"                                                       \
  ".slot 5 name=\"timestamp\" kind=builtin arg=4\n"                                               \
  ".slot 6 name=\"run.id\" kind=builtin arg=7\n"                                                  \
  ".slot 7 name=\"iteration\" kind=builtin arg=6\n"                                               \
  ".slot 8 name=\"m\" kind=metric_run arg=0\n"                                                    \
  ".slot 9 name=\"never\" kind=global\n"                                                          \
  ".slot 10 name=\"stop\" kind=global\n"                                                          \
  ".slot 11 name=\"n\" kind=global\n"                                                             \
  ".metric 0 name=\"m\" kind=gauge\n"                                                             \
  ".scenario 0 name=\"load\" driver=\"http_load\"\n"                                              \
  ".driver 0 name=\"http_request\"\n"                                                             \
  ".const 0 string \"text of x\"\n.const 1 int 1\n.const 2 map\n.const 3 string \"other, longer " \
  "text\"\n"

#define MAIN(body) ROWS ".chunk 0 name=\"main\" kind=main\n" body "END\n"
#define RUN(body) MAIN("RUN_ENTER final\n" body "final:\nRUN_FINAL\nVERDICT\nRUN_LEAVE\n")
#define SHOW(code) code "LOG info\n"
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(a_machine_is_small) { ck_assert_uint_lt(sizeof(struct mf_vm), 4096); }
END_TEST

START_TEST(images_need_a_main_chunk) {
  vm_host h;
  vm_host_init(&h, ".const 0 int 1\n.chunk 0 name=\"e\" kind=pure\nCONST 0\nRETURN\n");
  ck_assert_int_eq(mf_vm_new(h.image.open, &h.options, &h.vm), MF_IMAGE_NO_MAIN);
  ck_assert_ptr_null(h.vm);
  vm_host_fini(&h);
}
END_TEST

START_TEST(variables_can_be_set_before_the_run) {
  vm_host h;
  mf_value five = mf_int(5), text = mf_string(MF_STR("given"));
  vm_host_init(&h,
               RUN("JUMP_SET 0, set\nCONST 0\nINIT 0\nset:\n" SHOW("LOAD 0\n") SHOW("LOAD 1\n")));
  vm_host_new(&h);
  ck_assert_int_eq(mf_vm_set_variable(h.vm, MF_STR("x"), &text), MF_OK);
  ck_assert_int_eq(mf_vm_set_variable(h.vm, MF_STR("in"), &five), MF_OK);
  ck_assert_int_eq(mf_vm_set_variable(h.vm, MF_STR("nobody"), &five), MF_NO_SUCH_VARIABLE);
  ck_assert_int_eq(mf_vm_set_variable(h.vm, MF_STR("iteration"), &five), MF_NO_SUCH_VARIABLE);
  vm_host_run(&h);
  ck_assert_str_eq(
      h.log.p, "log info: given\nlog info: 5\nverdict failed: nothing was run\n= done failed\n");
  ck_assert_int_eq(mf_vm_set_variable(h.vm, MF_STR("x"), &five), MF_NO_SUCH_VARIABLE);
  vm_host_fini(&h);
  vm_expect(RUN("JUMP_SET 0, set\nCONST 0\nINIT 0\nset:\n" SHOW("LOAD 0\n")), NULL,
            "log info: text of x\nverdict failed: nothing was run\n= done failed\n");
}
END_TEST

START_TEST(secrets_are_not_shown) {
  vm_host h;
  mf_value text = mf_string(MF_STR("hunter2")), other = mf_string(MF_STR("swordfish"));
  vm_host_init(&h, RUN(SHOW("LOAD 2\n") SHOW("LOAD 3\n")
                           SHOW("LOAD 4\n") "LOAD 4\nSTORE 0\nCONST 0\nLOAD 4\nCONCAT 2\nFAIL\n"));
  vm_host_new(&h);
  ck_assert_int_eq(mf_vm_set_variable(h.vm, MF_STR("env.API_KEY"), &text), MF_OK);
  ck_assert_int_eq(mf_vm_set_variable(h.vm, MF_STR("env.HOME"), &text), MF_OK);
  ck_assert_int_eq(mf_vm_set_variable(h.vm, MF_STR("password"), &other), MF_OK);
  vm_host_run(&h);
  ck_assert_str_eq(h.log.p,
                   "log info: <secret:API_KEY>\nlog info: hunter2\nlog info: <secret:password>\n"
                   "variable x [{\"$secret\":true}]\nerror: <secret:password>\nverdict failed: "
                   "nothing was run\n= done failed\n");
  vm_host_fini(&h);
}
END_TEST

START_TEST(values_can_be_read) {
  vm_host h;
  vm_host_init(&h, RUN("CONST 0\nSTORE 0\nCONST 1\nMETRIC 0\n"));
  vm_host_new(&h);
  ck_assert_int_eq(mf_vm_get(h.vm, MF_STR("x")).kind, MF_UNSET);
  ck_assert(mf_str_is(mf_value_str(mf_vm_get(h.vm, MF_STR("timestamp"))), "2025-11-25T13-24-05Z"));
  ck_assert(mf_str_is(mf_value_str(mf_vm_get(h.vm, MF_STR("run.id"))), "run-1"));
  ck_assert_int_eq(mf_vm_get(h.vm, MF_STR("iteration")).as.i, 1);
  vm_host_run(&h);
  ck_assert(mf_str_is(mf_value_str(mf_vm_get(h.vm, MF_STR("x"))), "text of x"));
  ck_assert_int_eq(mf_vm_get(h.vm, MF_STR("m")).as.i, 1);
  ck_assert_int_eq(mf_vm_get(h.vm, MF_STR("nobody")).kind, MF_UNSET);
  vm_host_fini(&h);
}
END_TEST

/* ---- The protocol ---- */

START_TEST(effects_are_answered_once_and_by_number) {
  vm_host h;
  mf_effect effect;
  mf_outcome outcome = {NULL, 5, 6};
  vm_host_init(&h, RUN("NOW\nCONST 2\nEFFECT 0\nPOP\n"));
  vm_host_new(&h);
  ck_assert_int_eq(mf_vm_deliver(h.vm, 1, &outcome), MF_NO_SUCH_EFFECT);
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_EFFECT);
  ck_assert_uint_eq(effect.id, 1);
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_BLOCKED);
  ck_assert_int_eq(mf_vm_deliver(h.vm, 2, &outcome), MF_NO_SUCH_EFFECT);
  ck_assert_int_eq(mf_vm_deliver(h.vm, 1, &outcome), MF_OK);
  ck_assert_int_eq(mf_vm_deliver(h.vm, 1, &outcome), MF_NO_SUCH_EFFECT);
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_EFFECT);
  ck_assert_uint_eq(effect.id, 2);
  mf_value odd = mf_int(5);
  outcome.value = &odd; /* no map: an empty one */
  ck_assert_int_eq(mf_vm_deliver(h.vm, 2, &outcome), MF_OK);
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_DONE);
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_DONE);
  ck_assert_int_eq(mf_vm_error(h.vm), MF_OK);
  mf_vm_signal(h.vm, MF_SIGNAL_STOP);
  ck_assert(!mf_vm_verdict(h.vm).interrupted);
  vm_host_fini(&h);
}
END_TEST

START_TEST(time_does_not_go_back) {
  vm_host h;
  mf_effect effect;
  vm_host_init(&h,
               ".slot 0 name=\"duration\" kind=builtin arg=5\n.chunk 0 name=\"main\" "
               "kind=main\nNOW\nNOW\nEND\n");
  vm_host_new(&h);
  mf_vm_run(h.vm, &effect);
  mf_outcome outcome = {NULL, 2000000000, 0};
  mf_vm_deliver(h.vm, 1, &outcome);
  mf_vm_run(h.vm, &effect);
  outcome.monotonic_ns = 1000000000;
  mf_vm_deliver(h.vm, 2, &outcome);
  mf_vm_run(h.vm, &effect);
  ck_assert_double_eq(mf_vm_get(h.vm, MF_STR("duration")).as.d, 2.0);
  vm_host_fini(&h);
}
END_TEST

START_TEST(nothing_run_may_pass) {
  vm_host h;
  vm_host_init(&h, RUN(""));
  h.options.allow_empty = true;
  vm_host_new(&h);
  vm_host_run(&h);
  ck_assert_str_eq(h.log.p, "verdict passed: nothing was run\n= done passed\n");
  ck_assert(mf_vm_verdict(h.vm).nothing_run);
  vm_host_fini(&h);
}
END_TEST

/* ---- Budgets ---- */

#define ENDLESS(body) RUN("again:\n" body "JUMP_SET 10, final\nJUMP again\n")

static mf_status error_of(const char *text, uint64_t fuel, size_t memory, uint64_t *steps) {
  vm_host h;
  vm_host_init(&h, text);
  h.options.fuel = fuel;
  h.options.max_memory = memory;
  h.options.notice = NULL;
  vm_host_new(&h);
  mf_vm_state state = vm_host_run(&h);
  mf_effect effect;
  ck_assert_int_eq(state, MF_VM_FAILED);
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_FAILED);
  ck_assert_int_eq(mf_vm_verdict(h.vm).outcome, MF_OUTCOME_FAILED);
  mf_status status = mf_vm_error(h.vm);
  if (steps) *steps = mf_vm_steps(h.vm);
  vm_host_fini(&h);
  return status;
}

START_TEST(fuel_ends_endless_runs) {
  uint64_t steps = 0;
  ck_assert_int_eq(error_of(ENDLESS(""), 100000, 0, &steps), MF_OUT_OF_FUEL);
  ck_assert_uint_eq(steps, 100000);
  /* Signals and pending failures do not get around it. */
  ck_assert_int_eq(
      error_of(RUN("FAIL_AGAIN:\nHANDLER FAIL_AGAIN\nCONST 0\nFAIL\n"), 100000, 0, NULL),
      MF_OUT_OF_FUEL);
}
END_TEST

START_TEST(values_that_grow_end_the_run) {
  ck_assert_int_eq(
      error_of(ENDLESS("JUMP_SET 0, have\nCONST 0\nSTORE 0\nhave:\nLOAD 0\nDUP\nADD\nSTORE 0\n"), 0,
               0, NULL),
      MF_VALUE_TOO_LARGE);
  ck_assert_int_eq(
      error_of(ENDLESS("JUMP_SET 0, have\nCONST 1\nSTORE 0\nhave:\nLOAD 0\nLIST 1\nSTORE 0\n"), 0,
               0, NULL),
      MF_VALUE_TOO_LARGE);
  ck_assert_int_eq(
      error_of(ENDLESS("JUMP_SET 0, have\nCONST 1\nSTORE 0\nhave:\nLOAD 0\nDUP\nLIST 2\nSTORE 0\n"),
               0, 1 << 20, NULL),
      MF_OUT_OF_MEMORY);
}
END_TEST

START_TEST(memory_is_bounded) {
  /* Scratch memory outside steps: nothing gives it back before the next entry. */
  ck_assert_int_eq(error_of(ENDLESS("CONST 1\nLIST 1\nPOP\n"), 0, 1 << 20, NULL), MF_OUT_OF_MEMORY);
}
END_TEST

/* 20,000 runs of a step that stores, measures, fails and logs take no more
 * memory than 100. */
START_TEST(memory_is_flat) {
  size_t peak[2];
  for (unsigned i = 0; i < 2; i++) {
    vm_host h;
    vm_host_init(&h, RUN("CONST 1\nINIT 11\nagain:\nSTEP_ENTER 0, out\nCONST 0\nLOAD 11\nCONCAT "
                         "2\nSTEP_BEGIN 0\n"
                         "LOAD 11\nCONST 0\nLIST 2\nSTORE 0\nLOAD 0\nCONST 3\nCONCAT 2\nSTORE "
                         "9\nCONST 2\nSCENARIO 0\n"
                         "CONST 1\nLOAD 11\nMAP 1\nPOP\nLOAD 9\nFAIL\nout:\nSTEP_OUTCOME "
                         "0\nSTEP_LEAVE 0\nHANDLED\n"
                         "LOAD 11\nCONST 1\nADD\nSTORE 11\nLOAD 11\nLOAD 1\nLT\nJUMP_FALSE "
                         "final\nJUMP again\n"));
    mf_value limit = mf_int(i ? 20000 : 100);
    static const char *const metrics[] = {"{\"ok\":true,\"metrics\":{\"m\":1.5}}", NULL};
    h.options.notice = NULL;
    vm_host_new(&h);
    ck_assert_int_eq(mf_vm_set_variable(h.vm, MF_STR("in"), &limit), MF_OK);
    mf_effect effect;
    mf_vm_state state;
    mf_value v = vm_parse(&h.arena, metrics[0]);
    while ((state = mf_vm_run(h.vm, &effect)) == MF_VM_EFFECT) {
      mf_outcome outcome = {&v, (int64_t)effect.id * 1000, 0};
      ck_assert_int_eq(mf_vm_deliver(h.vm, effect.id, &outcome), MF_OK);
    }
    ck_assert_int_eq(state, MF_VM_DONE);
    ck_assert_uint_eq(mf_vm_verdict(h.vm).steps_failed, (uint32_t)limit.as.i - 1);
    peak[i] = h.vm->memory.peak;
    vm_host_fini(&h);
  }
  ck_assert_uint_le(peak[1], peak[0] + 64);
}
END_TEST

/* ---- Who owns what ---- */

/* Verified code may keep an old value on the stack while its slot changes. */
START_TEST(old_values_of_slots_stay_while_borrowed) {
  vm_expect(
      RUN("CONST 0\nCONST 3\nCONCAT 2\nSTORE 0\nLOAD 0\nCONST 3\nSTORE 0\nCONST 0\nSTORE 0\nCLEAR "
          "0\nLOG info\n"),
      NULL,
      "variable x [\"text of xother, longer text\"]\nvariable x [\"other, longer text\"]\nvariable "
      "x [\"text of x\"]\n"
      "log info: text of xother, longer text\nverdict failed: nothing was run\n= done failed\n");
}
END_TEST

START_TEST(a_variable_can_be_set_to_a_part_of_itself) {
  vm_expect(RUN("CONST 0\nCONST 3\nLIST 2\nLIST 1\nSTORE 0\nLOAD 0\nCONST 1\nCONST "
                "1\nSUBTRACT\nINDEX\nSTORE 0\nLOAD 0\nCONST 1\nINDEX\nSTORE 0\nLOAD 0\nSTORE 0\n"),
            NULL,
            "variable x [[[\"text of x\",\"other, longer text\"]]]\nvariable x [[\"text of "
            "x\",\"other, longer text\"]]\n"
            "variable x [\"other, longer text\"]\nvariable x [\"other, longer text\"]\nverdict "
            "failed: nothing was run\n= done failed\n");
}
END_TEST

/* The stack is not empty when the step ends: scratch memory must stay. */
START_TEST(scratch_memory_stays_while_borrowed) {
  vm_expect(RUN("CONST 0\nCONST 3\nCONCAT 2\nSTEP_ENTER 0, out\nCONST 0\nSTEP_BEGIN 0\nCONST "
                "3\nCONST 3\nCONCAT 2\nPOP\nout:\nSTEP_LEAVE 0\nLOG info\n"),
            NULL,
            "step_started text of x\nstep_finished text of x passed\nlog info: text of xother, "
            "longer text\nverdict passed\n= done passed\n");
}
END_TEST

/* Metrics and error of a step's latest run, kept on the stack over the next. */
START_TEST(old_results_stay_while_borrowed) {
  vm_expect(
      RUN("STEP_ENTER 0, out\nCONST 0\nSTEP_BEGIN 0\nCONST 2\nSCENARIO 0\nCONST 0\nCONST 0\nCONCAT "
          "2\nFAIL\nout:\nSTEP_LEAVE 0\n"
          "STEP_FIELD 0, error\nSTEP_FIELD 0, metrics\n"
          "STEP_ENTER 0, out2\nCONST 0\nSTEP_BEGIN 0\nCONST 2\nSCENARIO 0\nCONST "
          "3\nFAIL\nout2:\nSTEP_LEAVE 0\n"
          "STEP_ENTER 0, out3\nSKIP\nout3:\nSTEP_LEAVE 0\nLOG info\nLOG info\n"),
      LIST("{\"ok\":true,\"metrics\":{\"first one\":1}}", "{\"ok\":true,\"metrics\":{\"m\":2}}"),
      "step_started text of x\n-> http_load {}\nstep_finished text of x failed 1s: text of xtext "
      "of x\n"
      "step_started text of x\n-> http_load {}\nstep_finished text of x failed 1s: other, longer "
      "text\nstep_finished one skipped\n"
      "log info: {\"first one\":1}\nlog info: text of xtext of x\nverdict failed 2s\n= done "
      "failed\n");
}
END_TEST

/* The display name comes from a slot that the step writes to. */
START_TEST(display_names_are_kept) {
  vm_expect(RUN("CONST 0\nCONST 3\nCONCAT 2\nSTORE 0\nSTEP_ENTER 0, out\nLOAD 0\nSTEP_BEGIN "
                "0\nCONST 0\nCONST 0\nCONCAT 2\nSTORE 0\nout:\nSTEP_LEAVE 0\n"),
            NULL,
            "variable x [\"text of xother, longer text\"]\nstep_started text of xother, longer "
            "text\nvariable x [\"text of xtext of x\"]\n"
            "step_finished text of xother, longer text passed\nverdict passed\n= done passed\n");
}
END_TEST

/* ---- Two machines, one image; the same run twice ---- */

START_TEST(the_same_outcomes_give_the_same_run) {
  static const char text[] = RUN(
      "STEP_ENTER 0, out\nCONST 0\nSTEP_BEGIN 0\nCONST 2\nSCENARIO 0\nLOAD 8\nSTORE "
      "0\nout:\nSTEP_OUTCOME 0\nSTEP_LEAVE 0\n" SHOW("LOAD 0\n"));
  const char *const *answers = LIST("{\"ok\":true,\"run_metrics\":{\"m\":2.5}}");
  vm_host a, b;
  vm_host_init(&a, text);
  vm_host_init(&b, text);
  b.vm = NULL;
  a.answers = b.answers = answers;
  vm_host_new(&a);
  ck_assert_int_eq(mf_vm_new(a.image.open, &b.options, &b.vm), MF_OK); /* over a's image */
  vm_host_run(&a);
  vm_host_run(&b);
  ck_assert_str_eq(a.log.p, b.log.p);
  ck_assert_uint_eq(mf_vm_steps(a.vm), mf_vm_steps(b.vm));
  ck_assert_ptr_nonnull(strstr(a.log.p, "log info: 2.5"));
  vm_host_fini(&b);
  vm_host_fini(&a);
}
END_TEST

/* ---- Allocation failures ---- */

#define EVERYTHING                                                                                 \
  ".fault 0 name=\"f\" path=\"f\" driver=\"proxy\"\n.hook 0 name=\"h\" path=\"h\" type=pre_step\n" \
  ".assertion 0 name=\"a\" path=\"a\" type=condition step=0\n" RUN(                                \
      "CONST 0\nCONST 3\nLIST 2\nINIT 0\nSTEP_ENTER 0, out\nCONST 0\nLOAD 0\nCONCAT "              \
      "2\nSTEP_BEGIN 0\n"                                                                          \
      "HOOK_ENTER 0, hout\nHOOK_BEGIN 0\nCONST 0\nLOAD 0\nCONCAT 2\nSTORE 9\nLOAD 9\nCONST "       \
      "1\nMAP 1\nEFFECT 0\nSTORE 0\nhout:\nHOOK_LEAVE 0\n"                                         \
      "LOAD 0\nFAULT_ENTER 0, undo\nCONST 2\nSCENARIO 0\nundo:\nFAULT_LEAVE 0\n"                   \
      "LOAD 0\nLOAD 9\nCONST 1\nASSERT 0\n"                                                        \
      "LOAD 9\nDUP\nADD\nFAIL\nout:\nSTEP_OUTCOME 0\nSTEP_LEAVE 0\nHANDLED\n"                      \
      "STEP_FIELD 0, *\nLOG info\nSTEP_FIELD previous, metrics\nSTORE 0\nCONST 1\nWAIT\nNOW\n")

START_TEST(any_allocation_may_fail) {
  static const char *const answers[] = {"{\"ok\":true,\"body\":[1,{\"a\":\"b\"}]}", "{\"ok\":true}",
                                        "{\"ok\":true,\"metrics\":{\"m\":1,\"n\":2}}", NULL};
  vm_host h;
  vm_host_init(&h, EVERYTHING);
  bool finished = false;
  uint64_t n = 1;
  for (; !finished; n++) {
    mf_counting_alloc c = {.inner = mf_alloc_default(), .fail_at = n};
    h.options.alloc = mf_counting_alloc_as_alloc(&c);
    h.answers = answers;
    h.effects = 0;
    h.vm = NULL;
    mf_buf_clear(&h.log);
    mf_status status = mf_vm_new(h.image.open, &h.options, &h.vm);
    if (status == MF_OK) {
      finished = vm_host_run(&h) == MF_VM_DONE;
      status = mf_vm_error(h.vm);
    }
    ck_assert_msg(finished ? status == MF_OK : status == MF_OUT_OF_MEMORY, "allocation %u: %s",
                  (unsigned)n, mf_status_name(status));
    mf_vm_free(h.vm);
    h.vm = NULL;
    ck_assert_msg(c.in_use == 0, "allocation %u leaks %zu bytes", (unsigned)n, c.in_use);
    ck_assert_uint_lt(n, 1000);
  }
  ck_assert_uint_gt(n, 20);
  h.options.alloc = (mf_alloc){NULL, NULL};
  vm_host_fini(&h);
}
END_TEST

/* ---- Traces ---- */

static void trace_depths(void *ctx, uint32_t task, uint32_t pc, const mf_value *stack,
                         uint32_t depth) {
  mf_buf *out = ctx;
  mf_buf_printf(out, "%u:%u", (unsigned)pc, (unsigned)depth);
  if (depth) mf_buf_putc(out, '='), mf_value_write_text(out, &stack[depth - 1]);
  mf_buf_putc(out, ' ');
  ck_assert_uint_eq(task, 0);
}

START_TEST(traces_see_every_instruction) {
  vm_host h;
  mf_buf seen;
  mf_buf_init(&seen, NULL, 1 << 16);
  vm_host_init(&h, MAIN("RUN_ENTER out\nCONST 1\nCONST 0\nPOP\nSTORE 0\nJUMP_SET 0, out\nCLEAR "
                        "0\nout:\nRUN_LEAVE\n"));
  vm_host_new(&h);
  mf_vm_set_trace(h.vm, trace_depths, &seen);
  vm_host_run(&h);
  ck_assert_str_eq(seen.p, "0:0 1:0 2:1=1 3:2=text of x 4:1=1 5:0 8:0 9:0 ");
  vm_host_fini(&h);
  mf_buf_fini(&seen);
}
END_TEST

Suite *vm_machine_suite(void);
Suite *vm_machine_suite(void) {
  Suite *s = suite_create("vm_machine");
  TCase *t = tcase_create("machine");
  suite_add_tcase(s, t);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, a_machine_is_small);
  tcase_add_test(t, images_need_a_main_chunk);
  tcase_add_test(t, variables_can_be_set_before_the_run);
  tcase_add_test(t, secrets_are_not_shown);
  tcase_add_test(t, values_can_be_read);
  tcase_add_test(t, effects_are_answered_once_and_by_number);
  tcase_add_test(t, time_does_not_go_back);
  tcase_add_test(t, nothing_run_may_pass);
  tcase_add_test(t, fuel_ends_endless_runs);
  tcase_add_test(t, values_that_grow_end_the_run);
  tcase_add_test(t, memory_is_bounded);
  tcase_add_test(t, memory_is_flat);
  tcase_add_test(t, old_values_of_slots_stay_while_borrowed);
  tcase_add_test(t, a_variable_can_be_set_to_a_part_of_itself);
  tcase_add_test(t, scratch_memory_stays_while_borrowed);
  tcase_add_test(t, old_results_stay_while_borrowed);
  tcase_add_test(t, display_names_are_kept);
  tcase_add_test(t, the_same_outcomes_give_the_same_run);
  tcase_add_test(t, any_allocation_may_fail);
  tcase_add_test(t, traces_see_every_instruction);
  return s;
}
