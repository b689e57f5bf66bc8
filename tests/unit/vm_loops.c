/* SPDX-License-Identifier: MIT */
/* Loops of expressions: budgets, fuel of fused and plain code, taint, memory.
 * What they come to is in tests/cel/macros.txt. */
#include "../../base/limits.h"
#include "../../vm/program.h"
#include "vm_kit.h"

static mf_evaluator *evaluator;
static mf_value slots[2];

static void set_up(void) {
  ck_assert_int_eq(mf_evaluator_new(NULL, &evaluator), MF_OK);
  slots[0] = (mf_value){.kind = MF_UNSET};
  slots[1] = mf_bool(true);
}
static void tear_down(void) { mf_evaluator_free(evaluator); }

static mf_program *compile(const char *expr) {
  static const char *const names[] = {"x", "k"};
  char message[2000];
  mf_program *p = NULL;
  mf_status status = mf_program_compile(NULL, mf_str_of(expr), names, 2, &p, message, 2000);
  ck_assert_msg(status == MF_OK, "%s: %s", expr, message);
  return p;
}

static mf_status evaluate(const char *expr, mf_value *result) {
  mf_program *p = compile(expr);
  const mf_status status = mf_eval(p, evaluator, slots, result);
  mf_program_free(p);
  return status;
}

static mf_value list(mf_value *items, uint32_t n) {
  return (mf_value){.kind = MF_LIST, .len = n, .as.list = items};
}

/* ---- budgets ---- */

/* Ten to the sixth turns and more: nothing absorbs what ends them. */
START_TEST(nested_loops_end_by_fuel) {
  static const char *const texts[] = {
      "k || x.all(a, x.all(b, x.all(c, a >= 0)))",
      "x.all(a, x.all(b, x.all(c, a + b + c >= 0))) || k",
      "x.exists(a, x.exists(b, x.exists(c, c < 0))) || k",
      "x.map(a, x.filter(b, x.exists_one(c, c == b))).size() > 0 || k",
      "x.transformList(i, a, x.transformMap(j, b, x.all(c, c < 100 + b))).size() == 0 || k",
  };
  static mf_value items[100];
  for (int i = 0; i < 100; i++) items[i] = mf_int(i);
  slots[0] = list(items, 100);
  mf_evaluator_set_fuel(evaluator, 200000);
  mf_value result;
  ck_assert_int_eq(evaluate(texts[_i], &result), _i == 0 ? MF_OK : MF_OUT_OF_FUEL);
}
END_TEST

START_TEST(lists_end_at_LIST_ELEMENTS) {
  static const char *const texts[] = {
      "size(x.map(a, a)) > 0 || k",
      "size(x.filter(a, true)) > 0 || k",
      "size(x.transformMap(i, a, a)) > 0 || k",
      "size(x.sortBy(a, a)) > 0 || k",
  };
  const uint32_t n = MF_LIMIT_LIST_ELEMENTS + 1;
  mf_value *items = calloc(n, sizeof *items), result;
  for (uint32_t i = 0; i < n; i++) items[i].kind = MF_NULL;
  slots[0] = list(items, n);
  ck_assert_int_eq(evaluate(texts[_i], &result), MF_VALUE_TOO_LARGE);
  ck_assert_int_eq(evaluate("x.all(a, a == null)", &result), MF_OK);
  free(items);
}
END_TEST

/* Entries may be more than the range has elements: here one more. */
START_TEST(maps_end_at_LIST_ELEMENTS) {
  static const mf_pair pairs[2] = {{{.kind = MF_INT, .as.i = 1}, {.kind = MF_NULL}},
                                   {{.kind = MF_INT, .as.i = 2}, {.kind = MF_NULL}}};
  static const mf_map one = {.count = 1, .pairs = pairs}, two = {.count = 2, .pairs = pairs};
  const uint32_t n = MF_LIMIT_LIST_ELEMENTS;
  mf_value *items = calloc(n, sizeof *items), result;
  for (uint32_t i = 0; i < n; i++) items[i] = (mf_value){.kind = MF_MAP, .len = 1, .as.map = &one};
  items[n - 1] = (mf_value){.kind = MF_MAP, .len = 2, .as.map = &two};
  slots[0] = list(items, n);
  ck_assert_int_eq(evaluate("x.transformMapEntry(i, v, v).size() > 0 || k", &result),
                   MF_VALUE_TOO_LARGE);
  free(items);
}
END_TEST

/* What is kept of a loop comes from the evaluation's memory, and that ends. */
START_TEST(loops_end_at_EVAL_MEMORY) {
  static mf_value items[10000];
  for (int i = 0; i < 10000; i++) items[i] = mf_int(i);
  slots[0] = list(items, 10000);
  mf_value result;
  ck_assert_int_eq(evaluate("x.map(a, x.map(b, b)).size() > 0 || k", &result), MF_OUT_OF_MEMORY);
  ck_assert_int_eq(evaluate("x.map(a, a).size()", &result), MF_OK); /* as good as new */
  ck_assert_int_eq(result.as.i, 10000);
}
END_TEST

/* Four values a level, of the half of the stack that an expression may have. */
static mf_status compile_nested(unsigned levels) {
  static char text[20000];
  size_t n = 0;
  for (unsigned i = 0; i < levels; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "[1].map(v%u, ", i);
  n += (size_t)snprintf(text + n, sizeof text - n, "v0 + 1");
  for (unsigned i = 0; i < levels; i++) text[n++] = ')';
  mf_program *p = NULL;
  const mf_status status = mf_program_compile(NULL, (mf_str){text, n}, NULL, 0, &p, NULL, 0);
  mf_value result;
  if (status == MF_OK) ck_assert_int_eq(mf_eval(p, evaluator, NULL, &result), MF_OK);
  mf_program_free(p);
  return status;
}

START_TEST(nesting_ends_where_the_stack_does) {
  ck_assert_int_eq(compile_nested(100), MF_OK);
  ck_assert_int_eq(compile_nested(MF_LIMIT_STACK_DEPTH / 8 + 1), MF_EXPRESSION_INVALID);
}
END_TEST

/* A constant of an image nests to MF_CONSTANT_DEPTH; what is deeper is made by code. */
START_TEST(lists_nest_deeper_than_constants) {
  char text[420];
  mf_value result;
  for (size_t depth = 95; depth < 200; depth += 5) {
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    ck_assert_int_eq(evaluate(text, &result), MF_OK);
    ck_assert_int_eq(result.kind, MF_LIST);
  }
}
END_TEST

/* ---- code that no compiler makes ---- */

/* One pure chunk over list [7, 7] (k1), 7 (k0) and {"a": 7} (k3). */
static mf_status run_words(const char *code, const char *kind, mf_value *result) {
  char text[1000];
  kit k;
  mf_program *p = NULL;
  size_t n = (size_t)snprintf(text, sizeof text,
                              ".const 0 int 7\n.const 1 list 0 0\n.const 2 string \"a\"\n"
                              ".const 3 map 2:0\n.chunk 0 name=\"e\" kind=pure\n");
  for (; *code && n + 20 < sizeof text; code++) {
    if (*code == '@')
      n += (size_t)snprintf(text + n, sizeof text - n, "%s", kind);
    else
      text[n++] = *code;
  }
  text[n] = '\0';
  kit_assemble(&k, mf_str_of(text));
  ck_assert_msg(k.assembled == MF_OK, "%s in %s", k.messages.p, text);
  uint8_t *bytes = malloc(k.image.n);
  memcpy(bytes, k.image.p, k.image.n);
  ck_assert_msg(mf_program_from_image(NULL, bytes, k.image.n, &p) == MF_OK, "%s", text);
  const mf_status status = mf_eval(p, evaluator, NULL, result);
  if (status == MF_OK && result->kind == MF_ERROR) ck_assert_uint_gt(strlen(result->as.s), 0);
  mf_program_free(p);
  kit_free(&k);
  return status;
}

/* STEP comes more often than the range has elements, and after an error. */
START_TEST(steps_beyond_the_end_do_no_harm) {
  static const char *const kinds[] = {"all", "exists", "list",    "filter",
                                      "one", "map",    "entries", "sort"};
  static const char *const codes[] = {
      "CONST 1\nLOOP e, @\nb: CONST 0\nSTEP b, @\nCONST 0\nJUMP b\ne: LOOP_END @\nRETURN\n",
      "CONST 1\nLOOP e, @\nb: LOCAL 0\nLOCAL 0\nEQ\nSTEP b, @\nCONST 0\nJUMP b\n"
      "e: LOOP_END @\nRETURN\n",
      "CONST 1\nLOOP2 e, @\nb: CONST 3\nSTEP2 b, @\nCONST 0\nCONST 0\nJUMP b\n"
      "e: LOOP_END @\nRETURN\n",
      "CONST 1\nLOOP e, @\nb: CONST 0\nNOT\nTEST b, e\nCONST 0\nSTEP b, @\nLOOP_END @\nRETURN\n"
      "e: CONST 0\nJUMP b\n",
      "CONST 0\nLOOP e, @\nb: CONST 0\nSTEP b, @\nLOOP_END @\nRETURN\ne: CONST 0\nJUMP b\n",
      "CONST 0\nLOOP2 e, @\nb: CONST 3\nSTEP2 b, @\nLOOP_END @\nRETURN\n"
      "e: CONST 0\nCONST 0\nJUMP b\n",
  };
  mf_evaluator_set_fuel(evaluator, 3000);
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    mf_value result;
    const mf_status status = run_words(codes[i], kinds[_i], &result);
    ck_assert_msg(status == MF_OK || status == MF_OUT_OF_FUEL, "%s", mf_status_name(status));
  }
}
END_TEST

/* ---- fused and plain ---- */

/* The least fuel with which it ends. */
static uint64_t fuel_of(const char *expr) {
  mf_program *p = compile(expr);
  mf_value result;
  uint64_t low = 0, high = 100000; /* low is not enough, high is */
  while (low + 1 < high) {
    const uint64_t middle = low + (high - low) / 2;
    mf_evaluator_set_fuel(evaluator, middle);
    if (mf_eval(p, evaluator, slots, &result) == MF_OK)
      high = middle;
    else
      low = middle;
  }
  mf_program_free(p);
  return high;
}

static const struct {
  const char *fused, *plain; /* k is what the constant is */
  mf_value k;
} pairs_of_code[] = {
    {"x.all(a, a < 1000.0)", "x.all(a, a < k)", {.kind = MF_DOUBLE, .as.d = 1000}},
    {"x.all(a, a < 3)", "x.all(a, a < k)", {.kind = MF_INT, .as.i = 3}},
    {"x.all(a, a != 3)", "x.all(a, a != k)", {.kind = MF_INT, .as.i = 3}},
    {"x.exists(a, a >= 7)", "x.exists(a, a >= k)", {.kind = MF_INT, .as.i = 7}},
    {"x.exists(a, a == 'no')", "x.exists(a, a == k)", {.kind = MF_STRING, .len = 2, .as.s = "no"}},
    {"x.exists(a, a > 'no')", "x.exists(a, a > k)", {.kind = MF_STRING, .len = 2, .as.s = "no"}},
    {"x.all(a, 2.5 > a)", "x.all(a, k > a)", {.kind = MF_DOUBLE, .as.d = 2.5}},
};
enum { PAIRS = sizeof pairs_of_code / sizeof *pairs_of_code };

static void fill(mf_value *items, uint32_t n, unsigned mix) {
  for (uint32_t i = 0; i < n; i++) {
    items[i] = mf_int(i);
    if (mix == 1 || (mix == 2 && i % 3 == 0)) items[i] = mf_double(i);
    if (mix == 3 && i % 4 == 2) items[i] = mf_string(MF_STR("text"));
    if (mix == 4) items[i] = mf_string(MF_STR("nothing"));
  }
}

/* The same result from the same fuel, for lists of one kind and of several, and
 * for ranges that are none. */
START_TEST(fused_loops_are_the_loops_they_stand_for) {
  static mf_value items[40];
  slots[1] = pairs_of_code[_i].k;
  for (unsigned mix = 0; mix < 6; mix++)
    for (uint32_t n = 0; n <= 40; n += 5) {
      mf_value fused, plain;
      fill(items, n, mix);
      slots[0] = mix == 5 ? mf_int(n) : list(items, n);
      mf_evaluator_set_fuel(evaluator, 100000);
      ck_assert_int_eq(evaluate(pairs_of_code[_i].fused, &fused), MF_OK);
      fused.as.s = fused.kind == MF_ERROR ? NULL : fused.as.s; /* its text is gone */
      ck_assert_int_eq(evaluate(pairs_of_code[_i].plain, &plain), MF_OK);
      ck_assert_int_eq(fused.kind, plain.kind);
      ck_assert_int_eq(fused.aux, plain.aux);
      if (fused.kind == MF_BOOL) ck_assert_int_eq(fused.as.i, plain.as.i);
      const uint64_t wanted = fuel_of(pairs_of_code[_i].plain);
      ck_assert_uint_eq(fuel_of(pairs_of_code[_i].fused), wanted);
    }
}
END_TEST

/* ---- taint ---- */

static const struct {
  const char *expr;
  bool tainted;
} taints[] = {
    {"x.map(a, a)", true},
    {"x.map(a, 1)", false},
    {"x.filter(a, a > 0)", true},
    {"x.transformMap(i, a, a)", true},
    {"x.transformMapEntry(i, a, {i: a})", true},
    {"x.sortBy(a, -a)", true},
    {"[5].map(b, b + x[0])", true},
    {"cel.bind(a, x[0], a + 1)", true},
    {"x[?0]", true},
    {"x[?0].optMap(a, a + 1)", true},
    {"[?x[?0]]", true},
    {"{?'a': x[?0]}", true},
    {"x.all(a, a > 0)", false},
    {"x.exists_one(a, a == 1)", false},
    {"k.map(a, a)", false},
};

START_TEST(elements_of_a_secret_are_secret) {
  static mf_value items[] = {{.kind = MF_INT, .as.i = 1}, {.kind = MF_INT, .as.i = 2}};
  mf_value result;
  slots[0] = slots[1] = list(items, 2);
  slots[0].flags = MF_TAINTED;
  ck_assert_int_eq(evaluate(taints[_i].expr, &result), MF_OK);
  ck_assert_int_ne(result.kind, MF_ERROR);
  ck_assert_msg(result.flags == (taints[_i].tainted ? MF_TAINTED : 0), "%s", taints[_i].expr);
}
END_TEST

/* ---- memory ---- */

START_TEST(truth_values_need_no_memory) {
  static const char *const texts[] = {
      "x.all(a, a < 1000)",
      "x.all(a, a + 1 < 1000 && a >= 0)",
      "x.exists_one(a, a == 7) && x.exists(i, a, i == a)",
      "cel.bind(b, size(x), x.all(a, a < b))",
  };
  static mf_value items[100];
  fill(items, 100, 0);
  slots[0] = list(items, 100);
  mf_counting_alloc counting = {.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
  mf_evaluator *e;
  mf_value result;
  mf_program *p = compile(texts[_i]);
  ck_assert_int_eq(mf_evaluator_new(&alloc, &e), MF_OK);
  const size_t before = counting.in_use;
  counting.peak = before;
  ck_assert_int_eq(mf_eval(p, e, slots, &result), MF_OK);
  ck_assert_int_eq(result.kind, MF_BOOL);
  ck_assert_int_eq(result.as.i, 1);
  ck_assert_uint_eq(counting.peak, before);
  mf_evaluator_free(e);
  mf_program_free(p);
}
END_TEST

Suite *vm_loops_suite(void);
Suite *vm_loops_suite(void) {
  Suite *s = suite_create("vm_loops");
  TCase *t = tcase_create("loops");
  suite_add_tcase(s, t);
  tcase_set_timeout(t, 60);
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_loop_test(t, nested_loops_end_by_fuel, 0, 5);
  tcase_add_loop_test(t, lists_end_at_LIST_ELEMENTS, 0, 4);
  tcase_add_test(t, maps_end_at_LIST_ELEMENTS);
  tcase_add_test(t, loops_end_at_EVAL_MEMORY);
  tcase_add_test(t, nesting_ends_where_the_stack_does);
  tcase_add_test(t, lists_nest_deeper_than_constants);
  tcase_add_loop_test(t, steps_beyond_the_end_do_no_harm, 0, 8);
  tcase_add_loop_test(t, fused_loops_are_the_loops_they_stand_for, 0, PAIRS);
  tcase_add_loop_test(t, elements_of_a_secret_are_secret, 0, sizeof taints / sizeof *taints);
  tcase_add_loop_test(t, truth_values_need_no_memory, 0, 4);
  return s;
}
