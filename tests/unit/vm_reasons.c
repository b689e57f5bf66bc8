/* SPDX-License-Identifier: MIT */
/* The values of an assertion's parts: when they are found, and what they cost. */
#include "../../base/limits.h"
#include "vm_kit.h"

#define JUDGED(rows, code, judge)                                                 \
  ".assertion 0 name=\"other\" path=\"a\" type=condition step=-\n"                \
  ".assertion 1 name=\"x\" path=\"b\" type=condition step=-\n"                    \
  ".const 0 bool true\n.const 1 bool false\n.const 2 string \"some text\"\n" rows \
  ".chunk 0 name=\"main\" kind=main\nRUN_ENTER final\nfinal:\nRUN_FINAL\n" judge  \
  "VERDICT\nRUN_LEAVE\nEND\n.chunk 1 name=\"reasons\" kind=pure\n" code
#define FAILS "CONST 0\nCONST 0\nCONST 1\nASSERT 1\n"
#define HOLDS "CONST 0\nCONST 0\nCONST 0\nASSERT 1\n"
#define FAILED "assertion x failed: assertion 'x' failed: actual true, expected true [true, true]\n"
#define ROW(n, from, at, depth, text)                                                         \
  ".reason " n " owner=assertion row=1 number=0 chunk=1 from=" from " at=" at " depth=" depth \
  " text=\"" text "\"\n"
#define DONE "verdict failed: nothing was run\n= done failed\n"

static void expect(const char *program, const char *judged) {
  char log[512];
  snprintf(log, sizeof log, "%s%s", judged, DONE);
  vm_expect(program, NULL, log);
}

#define AND_OF(first) first "AND_JUMP end\nCONST 1\nAND\nend:\nRETURN\n"
#define AND_ROWS \
  ROW("0", "0", "4", "0", "a && b") ROW("1", "0", "1", "1", "a") ROW("2", "2", "3", "1", "b")

START_TEST(parts_that_were_evaluated_have_values) {
  expect(JUDGED(AND_ROWS, AND_OF("CONST 0\n"), FAILS),
         FAILED "0 a && b = false\n1 a = true\n1 b = false\n");
  expect(JUDGED(AND_ROWS, AND_OF("CONST 1\n"), FAILS), FAILED "0 a && b = false\n1 a = false\n");
  expect(JUDGED(AND_ROWS, AND_OF("CONST 1\n"), HOLDS), "assertion x passed [true, true]\n");
}
END_TEST

/* The end of c is where b jumps to. */
START_TEST(a_part_that_was_jumped_over_has_none) {
  static const char rows[] = ROW("0", "0", "6", "0", "a ? b : c") ROW("1", "0", "1", "1", "a")
      ROW("2", "3", "4", "1", "b") ROW("3", "5", "6", "1", "c");
  char program[2048];
  for (int a = 0; a < 2; a++) {
    snprintf(program, sizeof program,
             JUDGED("%s",
                    "CONST %d\nCHOOSE other, end\nCONST 0\nJUMP end\nother:\nCONST 2\nend:\n"
                    "RETURN\n",
                    FAILS),
             rows, a);
    expect(program, a ? FAILED "0 a ? b : c = \"some text\"\n1 a = false\n1 c = \"some text\"\n"
                      : FAILED "0 a ? b : c = true\n1 a = true\n1 b = true\n");
  }
}
END_TEST

/* Each ends the evaluation, and the run does not notice. */
START_TEST(what_takes_too_much_is_not_told) {
  expect(JUDGED(ROW("0", "0", "1", "0", "a"), "CONST 0\nAND_JUMP on\non:\nOR_JUMP on\nRETURN\n",
                FAILS),
         FAILED);
  expect(JUDGED(ROW("0", "0", "1", "0", "a"),
                "CONST 2\nagain:\nDUP\nADD\nAND_JUMP again\nOR_JUMP again\nJUMP again\n", FAILS),
         FAILED);
}
END_TEST

/* The least fuel that the run needs. */
static uint64_t fuel_for(const char *program) {
  mf_vm_state state = MF_VM_FAILED;
  uint64_t fuel = 0;
  for (vm_host h; state != MF_VM_DONE; vm_host_fini(&h)) {
    mf_effect effect;
    vm_host_init(&h, program);
    h.options.fuel = ++fuel;
    vm_host_new(&h);
    state = mf_vm_run(h.vm, &effect);
  }
  return fuel;
}

START_TEST(instructions_of_reasons_are_not_the_runs) {
  ck_assert_uint_eq(fuel_for(JUDGED(AND_ROWS, AND_OF("CONST 0\n"), FAILS)),
                    fuel_for(JUDGED("", AND_OF("CONST 0\n"), FAILS)));
}
END_TEST

/* An image may have more rows than the compiler makes. */
START_TEST(at_most_ASSERTION_REASONS_are_told) {
  mf_buf program;
  unsigned told = 0;
  vm_host h;
  mf_buf_init(&program, NULL, 0);
  mf_buf_puts(&program, JUDGED("", "CONST 0\nNOT\nRETURN\n", FAILS));
  for (unsigned i = 0; i < MF_LIMIT_ASSERTION_REASONS + 5; i++)
    mf_buf_printf(
        &program,
        ".reason %u owner=assertion row=1 number=0 chunk=1 from=0 at=2 depth=%d text=\"p\"\n", i,
        i > 0);
  mf_buf_putc(&program, '\0');
  vm_host_init(&h, program.p);
  vm_host_new(&h);
  mf_effect effect;
  ck_assert_int_eq(mf_vm_run(h.vm, &effect), MF_VM_DONE);
  for (const char *at = h.log.p; (at = strstr(at, " p = ")); at++) told++;
  ck_assert_uint_eq(told, MF_LIMIT_ASSERTION_REASONS);
  vm_host_fini(&h);
  mf_buf_fini(&program);
}
END_TEST

Suite *vm_reasons_suite(void);
Suite *vm_reasons_suite(void) {
  Suite *suite = suite_create("vm_reasons");
  TCase *t = tcase_create("reasons");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, parts_that_were_evaluated_have_values);
  tcase_add_test(t, a_part_that_was_jumped_over_has_none);
  tcase_add_test(t, what_takes_too_much_is_not_told);
  tcase_add_test(t, instructions_of_reasons_are_not_the_runs);
  tcase_add_test(t, at_most_ASSERTION_REASONS_are_told);
  suite_add_tcase(suite, t);
  return suite;
}
