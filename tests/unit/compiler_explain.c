/* SPDX-License-Identifier: MIT */
/* Reason trees: which parts are in them, with which values. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/alloc.h"
#include "../../base/limits.h"
#include "../../include/mfvm_tools.h"

static void add_text(void *ctx, const char *p, size_t n) {
  char *text = ctx;
  strncat(text, p, n);
}

static const mf_schema_entry schema[] = {{"x", NULL}, {"l", NULL}, {"m", NULL}, {"unset", NULL}};
static mf_value slots[4];
static mf_values *held[2];
static mf_evaluator *evaluator;

static mf_value parsed(int i, const char *json) {
  mf_alloc alloc = mf_alloc_default();
  char error[100];
  ck_assert_int_eq(mf_values_json(&alloc, (mf_str){json, strlen(json)}, &held[i], error, 100),
                   MF_OK);
  return mf_values_get(held[i]);
}

static void set_up(void) {
  slots[0] = (mf_value){.kind = MF_INT, .as.i = 5};
  slots[1] = parsed(0, "[1, 2, 3]");
  slots[2] = parsed(1, "{\"a\": {\"b\": 7}}");
  slots[3] = (mf_value){.kind = MF_UNSET};
  ck_assert_int_eq(mf_evaluator_new(NULL, &evaluator), MF_OK);
}

static void tear_down(void) {
  for (int i = 0; i < 2; i++) mf_values_free(held[i]);
  mf_evaluator_free(evaluator);
}

static mf_program_options options_with(const mf_alloc *alloc) {
  return (mf_program_options){
      .alloc = alloc ? *alloc : mf_alloc_default(), .schema = schema, .count = 4};
}

static mf_status explain(const mf_alloc *alloc, const char *expr, mf_explanation **out) {
  mf_program_options options = options_with(alloc);
  return mf_eval_explain(&options, (mf_str){expr, strlen(expr)}, evaluator, slots, out);
}

/* ---- what is in the tree ---- */

static const struct {
  const char *expr, *tree;
} trees[] = {
    {"7", "7 = 7\n"},
    {"x", "x = 5\n"},
    {"x > 4", "x > 4 = true\n  x = 5\n"},
    {"m.a.b + 1", "m.a.b + 1 = 8\n  m.a.b = 7\n"},
    {"x > 9 && l[0] == 1", "x > 9 && l[0] == 1 = false\n  x > 9 = false\n    x = 5\n"},
    {"x < 9 && l[0] == 1",
     "x < 9 && l[0] == 1 = true\n  x < 9 = true\n    x = 5\n  l[0] == 1 = true\n    l[0] = 1\n"
     "      l = [1,2,3]\n"},
    {"x < 9 || unset", "x < 9 || unset = true\n  x < 9 = true\n    x = 5\n"},
    {"x > 9 ? 1 / 0 : size(l)",
     "x > 9 ? 1 / 0 : size(l) = 3\n  x > 9 = false\n    x = 5\n  size(l) = 3\n    l = [1,2,3]\n"},
    {"1 / (x - 5)", "1 / (x - 5) = error: division by zero\n  (x - 5) = 0\n    x = 5\n"},
    {"unset || true", "unset || true = true\n  unset = error: no value for 'unset' yet\n"},
    {"has(m.c)", "has(m.c) = false\n"},
    {"math.abs(x)", "math.abs(x) = 5\n  x = 5\n"},
    {"[1, 2].exists(e, e > 1)",
     "[1, 2].exists(e, e > 1) = true\n  [1, 2] = [1,2]\n    turn 2: e > 1 = true\n      e = 2\n"
     "    ... 1 more turn\n"},
    {"[3, 1, 2].all(e, e > x - 4)",
     "[3, 1, 2].all(e, e > x - 4) = false\n  [3, 1, 2] = [3,1,2]\n    turn 2: e > x - 4 = false\n"
     "      e = 1\n      x - 4 = 1\n        x = 5\n    ... 2 more turns\n"},
    {"[1, x - 5, 0].map(e, 6 / e)",
     "[1, x - 5, 0].map(e, 6 / e) = error: division by zero\n  [1, x - 5, 0] = [1,0,0]\n"
     "    x - 5 = 0\n      x = 5\n"
     "    turn 2: 6 / e = error: division by zero\n      e = 0\n    ... 2 more turns\n"},
    {"[2, 1, 2, 2].exists_one(e, e == 2)",
     "[2, 1, 2, 2].exists_one(e, e == 2) = false\n  [2, 1, 2, 2] = [2,1,2,2]\n"
     "    turn 1: e == 2 = true\n      e = 2\n    turn 3: e == 2 = true\n      e = 2\n"
     "    ... 2 more turns\n"},
    {"[1, 2].map(e, e > 1, e * 2)",
     "[1, 2].map(e, e > 1, e * 2) = [4]\n  [1, 2] = [1,2]\n    turn 1: e > 1 = false\n      e = 1\n"
     "    turn 2: e > 1 = true\n      e = 2\n    e * 2 = 4\n      e = 2\n"},
    {"[7].map(e, true, e)", "[7].map(e, true, e) = [7]\n  [7] = [7]\n    turn 1: e = 7\n"},
    {"{'a': 1, 'b': 0}.all(k, v, v > 0)",
     "{'a': 1, 'b': 0}.all(k, v, v > 0) = false\n  {'a': 1, 'b': 0} = {\"a\":1,\"b\":0}\n"
     "    turn 2: v > 0 = false\n      v = 0\n    ... 1 more turn\n"},
    {"{'a': 1, 'b': 0}.exists(k, k == 'b')",
     "{'a': 1, 'b': 0}.exists(k, k == 'b') = true\n  {'a': 1, 'b': 0} = {\"a\":1,\"b\":0}\n"
     "    turn 2: k == 'b' = true\n      k = \"b\"\n    ... 1 more turn\n"},
    {"m.a.all(k, v, v == 7)",
     "m.a.all(k, v, v == 7) = true\n  m.a = {\"b\":7}\n    turn 1: v == 7 = true\n      v = 7\n"},
    {"[[1]].all(e, e.all(f, f == size(e)))",
     "[[1]].all(e, e.all(f, f == size(e))) = true\n  [[1]] = [[1]]\n    [1] = [1]\n"
     "    turn 1: e.all(f, f == size(e)) = true\n      e = [1]\n        turn 1: f == size(e) = "
     "true\n          f = "
     "1\n"
     "          size(e) = 1\n            e = [1]\n"},
    {"cel.bind(v, x * 2, v > 1)",
     "cel.bind(v, x * 2, v > 1) = true\n  x * 2 = 10\n    x = 5\n  v > 1 = true\n    v = 10\n"},
    {"optional.of(x).optMap(v, v + 1).value()",
     "optional.of(x).optMap(v, v + 1).value() = 6\n  optional.of(x).optMap(v, v + 1) = "
     "{\"$optional\":[6]}\n    optional.of(x) = {\"$optional\":[5]}\n      x = 5\n    v + 1 = 6\n"
     "      v = 5\n"},
};

START_TEST(each_part_that_counted_has_its_value) {
  mf_explanation *e;
  char text[4000] = "";
  const char *expr = trees[_i].expr;
  ck_assert_int_eq(explain(NULL, expr, &e), MF_OK);
  mf_explanation_print(e, (mf_str){expr, strlen(expr)}, (mf_output){add_text, text});
  mf_explanation_free(e);
  const char *want = trees[_i].tree;
  /* A list in the text is no value of its own where it is a literal's element. */
  ck_assert_msg(strcmp(text, want) == 0, "%s\nexpected:\n%s\ngot:\n%s", expr, want, text);
}
END_TEST

/* ---- limits, mistakes ---- */

START_TEST(an_explanation_ends_at_REASONS) { /* MF_LIMIT_REASONS */
  mf_explanation *e;
  char *expr = calloc(1, 20000);
  strcpy(expr, "[");
  for (int i = 0; i < 1500; i++) strcat(expr, i ? ",x" : "x");
  strcat(expr, "]");
  ck_assert_int_eq(explain(NULL, expr, &e), MF_OK);
  ck_assert_uint_eq(mf_explanation_count(e), MF_LIMIT_REASONS);
  mf_explanation_free(e);
  free(expr);
}
END_TEST

static void explained(const char *expr, char *text) {
  mf_explanation *e;
  text[0] = '\0';
  ck_assert_int_eq(explain(NULL, expr, &e), MF_OK);
  mf_explanation_print(e, (mf_str){expr, strlen(expr)}, (mf_output){add_text, text});
  mf_explanation_free(e);
}

START_TEST(of_long_loops_the_turns_that_decided_or_the_first_REASON_TURNS) {
  static char text[20000];
  char last[50], rest[50];
  explained("lists.range(50000).all(e, e < 49990)", text);
  ck_assert_ptr_nonnull(strstr(text, "turn 49991: e < 49990 = false\n      e = 49990\n"));
  ck_assert_ptr_nonnull(strstr(text, "... 49999 more turns\n"));
  explained("lists.range(100).all(e, e < 200)", text);
  snprintf(last, sizeof last, "turn %d: ", (int)MF_LIMIT_REASON_TURNS);
  ck_assert_ptr_nonnull(strstr(text, last));
  snprintf(last, sizeof last, "turn %d: ", (int)MF_LIMIT_REASON_TURNS + 1);
  ck_assert_ptr_null(strstr(text, last));
  snprintf(rest, sizeof rest, "... %d more turns\n", 100 - (int)MF_LIMIT_REASON_TURNS);
  ck_assert_ptr_nonnull(strstr(text, rest));
}
END_TEST

START_TEST(printed_values_end_at_REASON_BYTES) {
  static char text[20000];
  char *value;
  explained("lists.range(1000).map(e, 'ä')", text);
  value = strstr(text, "= [\"");
  ck_assert_ptr_nonnull(value);
  *strchr(value, '\n') = '\0';
  size_t n = strlen(value + 2);
  ck_assert_uint_le(n, (size_t)MF_LIMIT_REASON_BYTES + 3);
  ck_assert_uint_ge(n, (size_t)MF_LIMIT_REASON_BYTES);
  ck_assert_str_eq(value + 2 + n - 3, "...");
}
END_TEST

/* Each list takes a fifth of what there is, and the whole three. */
START_TEST(values_are_kept_up_to_REASON_MEMORY) {
  static char text[20000];
  char expr[200];
  mf_evaluator_set_fuel(evaluator, 100000000);
  snprintf(expr, sizeof expr, "[lists.range(%d), lists.range(%d), lists.range(%d)]",
           (int)(MF_LIMIT_REASON_MEMORY / sizeof(mf_value) / 5),
           (int)(MF_LIMIT_REASON_MEMORY / sizeof(mf_value) / 5),
           (int)(MF_LIMIT_REASON_MEMORY / sizeof(mf_value) / 5));
  explained(expr, text);
  ck_assert_ptr_nonnull(strstr(text, " = [[0,1,2"));
  ck_assert_ptr_nonnull(strstr(text, " = a value too large to keep\n"));
}
END_TEST

/* The inner list is copied for each level around it. */
START_TEST(an_explanation_ends_at_REASON_NODES) {
  mf_explanation *e;
  char *expr = calloc(1, 60000);
  strcpy(expr, "[");
  for (int i = 0; i < 240; i++) strcat(expr, "x+(");
  strcat(expr, "[");
  for (int i = 0; i < 5000; i++) strcat(expr, i ? ",x" : "x");
  strcat(expr, "].size()");
  for (int i = 0; i < 240; i++) strcat(expr, ")");
  strcat(expr, "]");
  ck_assert_uint_gt(240 * 5000, MF_LIMIT_REASON_NODES);
  mf_evaluator_set_fuel(evaluator, 100000000);
  ck_assert_int_eq(explain(NULL, expr, &e), MF_OK);
  ck_assert_uint_lt(mf_explanation_count(e), 2 * 240);
  ck_assert_uint_gt(mf_explanation_count(e), 240);
  mf_explanation_free(e);
  free(expr);
}
END_TEST

START_TEST(fuel_is_for_all_parts_together) {
  mf_explanation *e;
  const char *expr = "l.all(a, l.all(b, l.all(c, a + b + c > 0)))";
  mf_program_options options = options_with(NULL);
  mf_program *program;
  mf_value result;
  uint64_t fuel = 1;
  ck_assert_int_eq(mf_program_compile_with(&options, (mf_str){expr, strlen(expr)}, &program),
                   MF_OK);
  do mf_evaluator_set_fuel(evaluator, fuel++);
  while (mf_eval(program, evaluator, slots, &result) != MF_OK);
  mf_program_free(program);
  /* Enough for the whole, and nothing is left for its parts. */
  ck_assert_int_eq(explain(NULL, expr, &e), MF_OUT_OF_FUEL);
  ck_assert_ptr_null(e);
  mf_evaluator_set_fuel(evaluator, 1000000);
  ck_assert_int_eq(explain(NULL, expr, &e), MF_OK);
  mf_explanation_free(e);
}
END_TEST

START_TEST(what_does_not_compile_is_not_explained) {
  mf_explanation *e;
  ck_assert_int_eq(explain(NULL, "nobody > 1", &e), MF_EXPRESSION_INVALID);
  ck_assert_ptr_null(e);
  ck_assert_int_eq(explain(NULL, "1 +", &e), MF_EXPRESSION_INVALID);
}
END_TEST

START_TEST(places_are_those_of_the_text) {
  mf_explanation *e;
  ck_assert_int_eq(explain(NULL, "1 +  x", &e), MF_OK);
  mf_reason x = mf_explanation_get(e, 1);
  ck_assert_uint_eq(x.offset, 5);
  ck_assert_uint_eq(x.length, 1);
  ck_assert_uint_eq(x.depth, 1);
  ck_assert_int_eq(x.value.kind, MF_INT);
  mf_explanation_free(e);
}
END_TEST

START_TEST(explaining_survives_every_failed_allocation) {
  mf_counting_alloc memory = {.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&memory);
  mf_status status = MF_OUT_OF_MEMORY;
  for (uint64_t n = 1; status != MF_OK; n++) {
    mf_explanation *e = NULL;
    memory.calls = 0;
    memory.fail_at = n;
    status = explain(
        &alloc,
        "l.exists(v, v > x) || l.map(v, v > 1, 1 / v).all(v, v > 1) || cel.bind(y, m.a, y.b) == 7",
        &e);
    mf_explanation_free(e);
    ck_assert_uint_eq(memory.in_use, 0);
    ck_assert(status == MF_OK || status == MF_OUT_OF_MEMORY);
  }
}
END_TEST

/* The same program or none: what is folded does not depend on luck. */
START_TEST(folding_survives_every_failed_allocation) {
  mf_counting_alloc memory = {.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&memory);
  mf_program_options options = options_with(&alloc);
  mf_status status = MF_OUT_OF_MEMORY;
  const char *expr =
      "[1, 2].map(v, string(v)).join() == string(x) && string(x).matches('a+b') || "
      "'%d%s'.format([x, 'a']) == 'a' || {'a': [1, x]}.?a.hasValue()";
  options.regex = mf_regex_re2();
  for (uint64_t n = 1; status != MF_OK; n++) {
    mf_program *program = NULL;
    memory.calls = 0;
    memory.fail_at = n;
    status = mf_program_compile_with(&options, (mf_str){expr, strlen(expr)}, &program);
    mf_program_free(program);
    ck_assert_uint_eq(memory.in_use, 0);
    ck_assert_msg(status == MF_OK ? memory.calls < n : status == MF_OUT_OF_MEMORY, "%d at %d",
                  status, (int)n);
  }
}
END_TEST

/* ---- no allocation on scalar paths ---- */

static const char *const scalar_paths[] = {
    "x > 4",
    "x > 4 && m.a.b == 7",
    "x in [1, 5, 9]",
    "x in l",
    "m.a.b * 2 + x > 3 ? true : false",
    "l[1] == 2",
    "has(m.a)",
    "size(l) == 3",
    "'abc'.startsWith('a')",
    "l.all(e, e > 0)",
    "l.exists(e, e == x) || x == 5",
    "-x < 0 && !(x == 3)",
    "double(x) / 2.0 > 1.0",
    "x % 2 == 1",
    "m.a == m.a",
    "math.greatest(x, 3) == 5",
    "cel.bind(v, x + 1, v * v) == 36",
};

START_TEST(scalar_paths_allocate_nothing) {
  mf_counting_alloc memory = {.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&memory);
  mf_evaluator *counted;
  mf_program *program;
  mf_value result;
  const char *expr = scalar_paths[_i];
  mf_program_options options = options_with(&alloc);
  ck_assert_int_eq(mf_program_compile_with(&options, (mf_str){expr, strlen(expr)}, &program),
                   MF_OK);
  ck_assert_int_eq(mf_evaluator_new(&alloc, &counted), MF_OK);
  memory.calls = 0;
  for (int i = 0; i < 100; i++) {
    ck_assert_int_eq(mf_eval(program, counted, slots, &result), MF_OK);
    ck_assert_msg(result.kind == MF_BOOL, "%s", expr);
  }
  ck_assert_msg(memory.calls == 0, "%s: %llu allocations", expr, (unsigned long long)memory.calls);
  mf_evaluator_free(counted);
  mf_program_free(program);
  ck_assert_uint_eq(memory.in_use, 0);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

Suite *compiler_explain_suite(void);
Suite *compiler_explain_suite(void) {
  Suite *s = suite_create("compiler_explain");
  TCase *t = tcase_create("explain");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_loop_test(t, each_part_that_counted_has_its_value, 0, COUNT(trees));
  tcase_add_test(t, an_explanation_ends_at_REASONS);
  tcase_add_test(t, of_long_loops_the_turns_that_decided_or_the_first_REASON_TURNS);
  tcase_add_test(t, printed_values_end_at_REASON_BYTES);
  tcase_add_test(t, values_are_kept_up_to_REASON_MEMORY);
  tcase_add_test(t, an_explanation_ends_at_REASON_NODES);
  tcase_add_test(t, fuel_is_for_all_parts_together);
  tcase_add_test(t, what_does_not_compile_is_not_explained);
  tcase_add_test(t, places_are_those_of_the_text);
  tcase_add_test(t, folding_survives_every_failed_allocation);
  tcase_add_test(t, explaining_survives_every_failed_allocation);
  tcase_add_loop_test(t, scalar_paths_allocate_nothing, 0, COUNT(scalar_paths));
  suite_add_tcase(s, t);
  return s;
}
