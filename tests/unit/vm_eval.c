/* SPDX-License-Identifier: MIT */
/* Expression chunks, executed by mf_eval. */
#include "../../vm/program.h"
#include "vm_kit.h"

static mf_arena arena;
static mf_evaluator *evaluator;

static void set_up(void) {
  mf_arena_init(&arena, NULL, 0);
  ck_assert_int_eq(mf_evaluator_new(NULL, &evaluator), MF_OK);
}

static void tear_down(void) {
  mf_evaluator_free(evaluator);
  mf_arena_fini(&arena);
}

/* A program of the words given, over slots x, y and constants as listed. */
static mf_program *program_of(const char *code, const char *constants) {
  kit k;
  mf_program *p = NULL;
  char text[2000];
  snprintf(text, sizeof text,
           ".slot 0 name=\"x\" kind=free\n.slot 1 name=\"y\" kind=free\n%s\n"
           ".chunk 0 name=\"expr\" kind=pure\n%s\nRETURN\n",
           constants, code);
  kit_assemble(&k, mf_str_of(text));
  ck_assert_msg(k.assembled == MF_OK, "%s", k.messages.p);
  uint8_t *bytes = malloc(k.image.n);
  memcpy(bytes, k.image.p, k.image.n);
  mf_status status = mf_program_from_image(NULL, bytes, k.image.n, &p);
  ck_assert_msg(status == MF_OK, "%s in\n%s", mf_status_name(status), text);
  kit_free(&k);
  return p;
}

/* The result as lossless JSON, or the name of the status. */
static const char *run(const mf_program *p, const char *x, const char *y) {
  mf_value slots[2] = {{.kind = MF_UNSET}, {.kind = MF_UNSET}}, result;
  if (x) slots[0] = vm_parse(&arena, x);
  if (y) slots[1] = vm_parse(&arena, y);
  mf_status status = mf_eval(p, evaluator, slots, &result);
  if (status != MF_OK) return mf_status_name(status);
  mf_buf out;
  mf_buf_init(&out, NULL, 1 << 20);
  vm_log_value(&out, &result);
  const char *copy = mf_arena_copy(&arena, out.p, out.n);
  mf_buf_fini(&out);
  return copy;
}

static void expect(const char *code, const char *constants, const char *x, const char *y,
                   const char *result) {
  mf_program *p = program_of(code, constants);
  const char *got = run(p, x, y);
  ck_assert_msg(strcmp(got, result) == 0, "%s: expected %s, got %s", code, result, got);
  mf_program_free(p);
}

#define ERR(t) "{\"$error\":\"" t "\"}"

START_TEST(loading) {
  expect("LOAD 0", "", "5", NULL, "5");
  expect("LOAD 0", "", "\"x\"", NULL, "\"x\"");
  expect("LOAD 1", "", "5", NULL, ERR("no value for 'y' yet"));
  expect("IS_SET 0", "", "null", NULL, "true");
  expect("IS_SET 1", "", "null", NULL, "false");
  expect("CONST 1", ".const 0 int 1\n.const 1 list 0 0", NULL, NULL, "[1,1]");
  expect("CONST 0\nDUP\nADD", ".const 0 int 4", NULL, NULL, "8");
  expect("CONST 0\nLOAD 0\nPOP", ".const 0 int 4", "9", NULL, "4");
}
END_TEST

/* x && y and x || y as the compiler writes them. */
#define AND_CODE "LOAD 0\nAND_JUMP out\nLOAD 1\nAND\nout:"
#define OR_CODE "LOAD 0\nOR_JUMP out\nLOAD 1\nOR\nout:"

START_TEST(logic_absorbs_errors) {
  static const char *const operands[] = {"true", "false", "5", NULL};
  /* rows x, columns y */
  static const char *const both[4][4] = {
      {"true", "false", ERR("no overload for bool && int"), ERR("no value for 'y' yet")},
      {"false", "false", "false", "false"},
      {ERR("no overload for int && bool"), "false", ERR("no overload for int && int"),
       ERR("no value for 'y' yet")},
      {ERR("no value for 'x' yet"), "false", ERR("no value for 'x' yet"),
       ERR("no value for 'x' yet")}};
  static const char *const either[4][4] = {
      {"true", "true", "true", "true"},
      {"true", "false", ERR("no overload for bool || int"), ERR("no value for 'y' yet")},
      {"true", ERR("no overload for int || bool"), ERR("no overload for int || int"),
       ERR("no value for 'y' yet")},
      {"true", ERR("no value for 'x' yet"), ERR("no value for 'x' yet"),
       ERR("no value for 'x' yet")}};
  for (unsigned i = 0; i < 4; i++)
    for (unsigned j = 0; j < 4; j++) {
      expect(AND_CODE, "", operands[i], operands[j], both[i][j]);
      expect(OR_CODE, "", operands[i], operands[j], either[i][j]);
    }
}
END_TEST

START_TEST(choosing_takes_one_branch) {
  const char *code = "LOAD 0\nCHOOSE no, out\nCONST 0\nJUMP out\nno:\nLOAD 1\nout:";
  expect(code, ".const 0 int 1", "true", NULL, "1");
  expect(code, ".const 0 int 1", "false", "2", "2");
  expect(code, ".const 0 int 1", "false", NULL, ERR("no value for 'y' yet"));
  expect(code, ".const 0 int 1", NULL, "2", ERR("no value for 'x' yet"));
  expect(code, ".const 0 int 1", "5", "2",
         ERR("a condition must be a bool, not a value of type int"));
}
END_TEST

/* Every fused instruction must agree with the three it stands for: in value, and
 * in fuel. */
START_TEST(fused_is_unfused) {
  static const char *const names[] = {"EQ", "NE", "LT", "LE", "GT", "GE"};
  static const char *const values[] = {"1",
                                       "2",
                                       "1.0",
                                       "2.5",
                                       "{\"$uint\":\"1\"}",
                                       "\"a\"",
                                       "true",
                                       "null",
                                       "[1]",
                                       "{\"$double\":\"NaN\"}",
                                       "9223372036854775807",
                                       NULL};
  static const char *const constants[] = {".const 0 int 1", ".const 0 double 1.5",
                                          ".const 0 string \"a\"", ".const 0 bool true",
                                          ".const 0 uint 1"};
  char fused[40], plain[40];
  for (unsigned op = 0; op < 6; op++)
    for (unsigned c = 0; c < 5; c++) {
      snprintf(fused, sizeof fused, "SLOT_%s 0, 0", names[op]);
      snprintf(plain, sizeof plain, "LOAD 0\nCONST 0\n%s", names[op]);
      mf_program *one = program_of(fused, constants[c]), *three = program_of(plain, constants[c]);
      for (unsigned v = 0; v < sizeof values / sizeof *values; v++)
        for (uint64_t fuel = 3; fuel <= 6; fuel++) {
          mf_evaluator_set_fuel(evaluator, fuel);
          const char *a = run(one, values[v], NULL), *b = run(three, values[v], NULL);
          ck_assert_msg(strcmp(a, b) == 0, "%s with %s: %s, %s", fused, values[v], a, b);
        }
      mf_program_free(one);
      mf_program_free(three);
    }
}
END_TEST

static void ignore(void *ctx, uint32_t task, uint32_t pc, const mf_value *stack, uint32_t depth) {
  (void)ctx, (void)task, (void)pc, (void)stack, (void)depth;
}

/* What is carried out together with a comparison when nobody looks gives the
 * same as when it is dispatched, in value and in fuel. */
START_TEST(traced_is_untraced) {
  static const char *const codes[] = {
      "SLOT_GT 0, 0\nAND_JUMP out\nSLOT_LT 1, 0\nAND\nout:",
      "LOAD 0\nCONST 0\nGT\nAND_JUMP out\nLOAD 1\nCONST 0\nLT\nAND\nout:",
      "LOAD 0\nAND_JUMP out\nSLOT_LT 1, 0\nAND\nout:",
      "SLOT_GT 0, 0\nOR_JUMP out\nSLOT_LT 1, 0\nOR\nout:",
      "SLOT_GT 0, 0\nCHOOSE no, out\nCONST 0\nJUMP out\nno:\nLOAD 1\nout:",
  };
  static const char *const values[] = {"4", "5", "6", "4.5", "5.5", "\"a\"", "true", "false", NULL};
  for (unsigned c = 0; c < sizeof codes / sizeof *codes; c++) {
    mf_program *p = program_of(codes[c], ".const 0 int 5");
    for (unsigned i = 0; i < 9; i++)
      for (unsigned j = 0; j < 9; j++)
        for (uint64_t fuel = 0; fuel < 14; fuel++) {
          mf_evaluator_set_fuel(evaluator, fuel);
          mf_evaluator_set_trace(evaluator, NULL, NULL);
          const char *plain = run(p, values[i], values[j]);
          mf_evaluator_set_trace(evaluator, ignore, NULL);
          const char *traced = run(p, values[i], values[j]);
          ck_assert_msg(strcmp(plain, traced) == 0, "%s over %s, %s, fuel %u: %s, traced %s",
                        codes[c], values[i], values[j], (unsigned)fuel, plain, traced);
        }
    mf_program_free(p);
  }
}
END_TEST

START_TEST(arithmetic_on_the_stack) {
  const char *kinds = ".const 0 int 2\n.const 1 double 0.5\n.const 2 string \"s\"";
  expect("LOAD 0\nCONST 0\nADD", kinds, "3", NULL, "5");
  expect("LOAD 0\nCONST 0\nADD", kinds, "9223372036854775806", NULL, ERR("int overflow"));
  expect("LOAD 0\nCONST 1\nADD", kinds, "1.25", NULL, "1.75");
  expect("LOAD 0\nCONST 1\nMULTIPLY", kinds, "3", NULL, "1.5");
  expect("LOAD 0\nCONST 0\nSUBTRACT", kinds, "-9223372036854775807", NULL, ERR("int overflow"));
  expect("LOAD 0\nCONST 1\nSUBTRACT", kinds, "2.0", NULL, "1.5");
  expect("LOAD 0\nCONST 0\nMULTIPLY", kinds, "-4", NULL, "-8");
  expect("LOAD 0\nCONST 0\nMULTIPLY", kinds, "9223372036854775807", NULL, ERR("int overflow"));
  expect("LOAD 0\nCONST 1\nMULTIPLY", kinds, "3.0", NULL, "1.5");
  expect("LOAD 0\nCONST 0\nDIVIDE", kinds, "7", NULL, "3");
  expect("LOAD 0\nCONST 0\nREMAINDER", kinds, "7", NULL, "1");
  expect("LOAD 0\nCONST 2\nADD", kinds, "\"a\"", NULL, "\"as\"");
  expect("LOAD 0\nNEGATE", kinds, "7", NULL, "-7");
  expect("LOAD 0\nNOT", kinds, "true", NULL, "false");
  expect("LOAD 0\nNOT", kinds, "7", NULL, ERR("no overload for !int"));
  expect("LOAD 0\nLOAD 1\nADD", kinds, NULL, NULL, ERR("no value for 'x' yet"));
}
END_TEST

START_TEST(comparing_on_the_stack) {
  static const char *const names[] = {"EQ", "NE", "LT", "LE", "GT", "GE"};
  static const char *const less[] = {"false", "true", "true", "true", "false", "false"};
  static const char *const same[] = {"true", "false", "false", "true", "false", "true"};
  static const char *const more[] = {"false", "true", "false", "false", "true", "true"};
  char code[40];
  for (unsigned i = 0; i < 6; i++) {
    snprintf(code, sizeof code, "LOAD 0\nLOAD 1\n%s", names[i]);
    expect(code, "", "1", "2", less[i]);
    expect(code, "", "1.0", "2.0", less[i]);
    expect(code, "", "\"a\"", "\"b\"", less[i]);
    expect(code, "", "2", "2", same[i]);
    expect(code, "", "2.5", "2.5", same[i]);
    expect(code, "", "2", "2.0", same[i]);
    expect(code, "", "3", "2", more[i]);
    expect(code, "", "3.5", "2.0", more[i]);
  }
}
END_TEST

START_TEST(parts_and_collections) {
  const char *k = ".const 0 string \"a\"\n.const 1 int 1";
  expect("LOAD 0\nFIELD 0", k, "{\"a\":7}", NULL, "7");
  expect("LOAD 0\nFIELD 0", k, "{}", NULL, ERR("no key 'a'"));
  expect("LOAD 0\nHAS_FIELD 0", k, "{}", NULL, "false");
  expect("LOAD 0\nCONST 1\nINDEX", k, "[5,6]", NULL, "6");
  expect("CONST 0\nLOAD 0\nIN", k, "[\"b\",\"a\"]", NULL, "true");
  expect("CONST 0\nCONST 1\nLIST 2", k, NULL, NULL, "[\"a\",1]");
  expect("LIST 0", k, NULL, NULL, "[]");
  expect("CONST 0\nCONST 1\nMAP 1", k, NULL, NULL, "{\"a\":1}");
  expect("MAP 0", k, NULL, NULL, "{}");
  expect("CONST 0\nCONST 1\nLOAD 0\nCONCAT 3", k, "[2.0]", NULL, "\"a1[2.0]\"");
  expect("CONCAT 0", k, NULL, NULL, "\"\"");
  expect("LOAD 0\nCALL 1, 1", k, "\"abc\"", NULL, "3");
  expect("LOAD 0\nCONST 0\nCALL 2, 2", k, "\"abc\"", NULL, "true");
}
END_TEST

START_TEST(a_program_knows_no_steps) {
  const char *steps = ".step 0 name=\"s\" path=\"steps[0]\"";
  expect("STEP_FIELD 0, success", steps, NULL, NULL, ERR("step 's' has not run"));
  expect("STEP_FIELD previous, success", steps, NULL, NULL, "true");
}
END_TEST

START_TEST(fuel_is_exact) {
  mf_program *p = program_of("LOAD 0\nCONST 0\nADD", ".const 0 int 1");
  for (uint64_t fuel = 0; fuel < 6; fuel++) {
    mf_evaluator_set_fuel(evaluator, fuel);
    ck_assert_str_eq(run(p, "1", NULL), fuel < 4 ? "OUT_OF_FUEL" : "2");
  }
  mf_evaluator_set_fuel(evaluator, UINT64_MAX);
  ck_assert_str_eq(run(p, "1", NULL), "2");
  mf_program_free(p);
}
END_TEST

START_TEST(no_operator_absorbs_a_status) {
  mf_program *p = program_of("LOAD 0\nCALL 1, 1\nPOP\nCONST 0\nOR_JUMP out\nLOAD 1\nOR\nout:",
                             ".const 0 bool true");
  mf_evaluator_set_fuel(evaluator, 5);
  ck_assert_str_eq(run(p, "\"ten bytes.\"", NULL), "OUT_OF_FUEL");
  mf_program_free(p);
}
END_TEST

/* A chunk may jump back: fuel ends it. */
START_TEST(endless_code_ends) {
  kit k;
  mf_program *p = NULL;
  mf_value result;
  kit_assemble(&k, MF_STR(".chunk 0 name=\"e\" kind=pure\nagain:\nJUMP again\n"));
  uint8_t *bytes = malloc(k.image.n);
  memcpy(bytes, k.image.p, k.image.n);
  ck_assert_int_eq(mf_program_from_image(NULL, bytes, k.image.n, &p), MF_OK);
  mf_evaluator_set_fuel(evaluator, 1000000);
  ck_assert_int_eq(mf_eval(p, evaluator, NULL, &result), MF_OUT_OF_FUEL);
  mf_program_free(p);
  kit_free(&k);
}
END_TEST

/* Doubles text until a limit says no. */
START_TEST(growth_is_bounded) {
  kit k;
  mf_program *p = NULL;
  mf_value result;
  kit_assemble(&k, MF_STR(".const 0 string \"x\"\n.chunk 0 name=\"e\" kind=pure\nCONST 0\n"
                          "again:\nDUP\nADD\nJUMP again\n"));
  uint8_t *bytes = malloc(k.image.n);
  memcpy(bytes, k.image.p, k.image.n);
  ck_assert_int_eq(mf_program_from_image(NULL, bytes, k.image.n, &p), MF_OK);
  ck_assert_int_eq(mf_eval(p, evaluator, NULL, &result), MF_VALUE_TOO_LARGE);
  mf_program_free(p);
  kit_free(&k);
}
END_TEST

START_TEST(deep_stacks_are_grown_once) {
  char code[4000] = "", *at = code;
  for (unsigned i = 0; i < 100; i++) at += sprintf(at, "CONST 0\n");
  for (unsigned i = 0; i < 99; i++) at += sprintf(at, "ADD\n");
  kit k;
  char text[6000];
  snprintf(text, sizeof text, ".const 0 int 1\n.chunk 0 name=\"e\" kind=pure\n%sRETURN\n", code);
  kit_assemble(&k, mf_str_of(text));
  uint8_t *bytes = malloc(k.image.n);
  memcpy(bytes, k.image.p, k.image.n);
  mf_program *p = NULL;
  ck_assert_int_eq(mf_program_from_image(NULL, bytes, k.image.n, &p), MF_OK);
  ck_assert_str_eq(run(p, NULL, NULL), "100");
  ck_assert_str_eq(run(p, NULL, NULL), "100");
  mf_program_free(p);
  kit_free(&k);
}
END_TEST

START_TEST(scalars_allocate_nothing) {
  mf_counting_alloc c = {.inner = mf_alloc_default()};
  mf_alloc a = mf_counting_alloc_as_alloc(&c);
  mf_evaluator *e;
  mf_value slots[2] = {mf_double(600), mf_double(0.01)}, result;
  mf_program *p = program_of("SLOT_GT 0, 0\nAND_JUMP out\nSLOT_LT 1, 1\nAND\nout:",
                             ".const 0 double 500\n.const 1 double 0.05");
  ck_assert_int_eq(mf_evaluator_new(&a, &e), MF_OK);
  uint64_t calls = c.calls;
  ck_assert_int_eq(mf_eval(p, e, slots, &result), MF_OK);
  ck_assert(result.kind == MF_BOOL && result.as.i == 1);
  ck_assert_uint_eq(c.calls, calls);
  mf_evaluator_free(e);
  mf_program_free(p);
}
END_TEST

/* The image is opened, and everything made, with the Nth allocation failing. */
START_TEST(any_allocation_may_fail) {
  kit k;
  mf_value slots[1] = {mf_string(MF_STR("abc"))}, result;
  kit_assemble(&k, MF_STR(".slot 0 name=\"x\" kind=free\n.const 0 int 1\n.const 1 list 0\n.chunk 0 "
                          "name=\"e\" kind=pure\n"
                          "LOAD 0\nCONST 1\nLOAD 0\nCONCAT 3\nLOAD 0\nNEGATE\nLIST 2\nRETURN\n"));
  bool finished = false;
  for (uint64_t n = 1; !finished; n++) {
    mf_counting_alloc c = {.inner = mf_alloc_default(), .fail_at = n};
    mf_alloc a = mf_counting_alloc_as_alloc(&c);
    mf_program *p = NULL;
    mf_evaluator *e = NULL;
    mf_status status = MF_OUT_OF_MEMORY;
    uint8_t *bytes = mf_realloc(&a, NULL, 0, k.image.n);
    if (bytes) {
      memcpy(bytes, k.image.p, k.image.n);
      status = mf_program_from_image(&a, bytes, k.image.n, &p);
    }
    if (status == MF_OK) status = mf_evaluator_new(&a, &e);
    if (status == MF_OK) status = mf_eval(p, e, slots, &result);
    ck_assert(status == MF_OK || status == MF_OUT_OF_MEMORY);
    finished = status == MF_OK;
    if (finished) ck_assert(result.kind == MF_ERROR);
    mf_evaluator_free(e);
    mf_program_free(p);
    ck_assert_uint_eq(c.in_use, 0);
    ck_assert_uint_lt(n, 1000);
  }
  kit_free(&k);
}
END_TEST

START_TEST(programs_need_a_pure_chunk) {
  kit k;
  mf_program *p = NULL;
  kit_assemble(&k, MF_STR(".chunk 0 name=\"main\" kind=main\nEND\n"));
  ck_assert_msg(k.assembled == MF_OK, "%s", k.messages.p);
  uint8_t *bytes = malloc(k.image.n);
  memcpy(bytes, k.image.p, k.image.n);
  ck_assert_int_eq(mf_program_from_image(NULL, bytes, k.image.n, &p), MF_IMAGE_NO_MAIN);
  ck_assert_ptr_null(p);
  bytes = malloc(k.image.n);
  memset(bytes, 0, k.image.n);
  ck_assert_int_eq(mf_program_from_image(NULL, bytes, k.image.n, &p), MF_IMAGE_BAD_MAGIC);
  kit_free(&k);
}
END_TEST

START_TEST(results_live_until_the_next_evaluation) {
  mf_program *p = program_of("LOAD 0\nCONST 0\nCONCAT 2", ".const 0 string \"!\"");
  mf_value x = mf_string(MF_STR("hi")), first;
  ck_assert_int_eq(mf_eval(p, evaluator, &x, &first), MF_OK);
  ck_assert_uint_eq(first.len, 3);
  ck_assert_int_eq(memcmp(first.as.s, "hi!", 3), 0);
  mf_program_free(p);
}
END_TEST

Suite *vm_eval_suite(void);
Suite *vm_eval_suite(void) {
  Suite *s = suite_create("vm_eval");
  TCase *t = tcase_create("expressions");
  suite_add_tcase(s, t);
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, loading);
  tcase_add_test(t, logic_absorbs_errors);
  tcase_add_test(t, choosing_takes_one_branch);
  tcase_add_test(t, fused_is_unfused);
  tcase_add_test(t, traced_is_untraced);
  tcase_add_test(t, arithmetic_on_the_stack);
  tcase_add_test(t, comparing_on_the_stack);
  tcase_add_test(t, parts_and_collections);
  tcase_add_test(t, a_program_knows_no_steps);
  tcase_add_test(t, fuel_is_exact);
  tcase_add_test(t, no_operator_absorbs_a_status);
  tcase_add_test(t, endless_code_ends);
  tcase_add_test(t, growth_is_bounded);
  tcase_add_test(t, deep_stacks_are_grown_once);
  tcase_add_test(t, scalars_allocate_nothing);
  tcase_add_test(t, any_allocation_may_fail);
  tcase_add_test(t, programs_need_a_pure_chunk);
  tcase_add_test(t, results_live_until_the_next_evaluation);
  return s;
}
