/* SPDX-License-Identifier: MIT */
/* The interface to engines of regular expressions: what is compiled, when, and
 * that all of it is freed. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../base/text.h"
#include "../../vm/regex_cache.h"

static struct { int compiled, freed, matched; } counts;

/* An engine whose patterns match themselves; "!" does not compile, "#" takes all
 * memory. */
static mf_status compile(mf_str pattern, size_t max_memory, void **out, uint32_t *size,
                         uint32_t *groups, char *message, size_t message_size) {
  ck_assert_uint_gt(max_memory, 0);
  if (mf_str_is(pattern, "#")) return MF_OUT_OF_MEMORY;
  if (mf_str_is(pattern, "!")) {
    snprintf(message, message_size, "no !");
    return MF_EXPRESSION_INVALID;
  }
  counts.compiled++;
  mf_str *copy = malloc(sizeof *copy + pattern.n + 1);
  if (pattern.n) memcpy(copy + 1, pattern.p, pattern.n);
  *copy = (mf_str){(char *)(copy + 1), pattern.n};
  *out = copy;
  *size = 1;
  *groups = 0;
  return MF_OK;
}

static bool match(const void *compiled, mf_str text, size_t from, mf_regex_span *spans,
                  uint32_t count) {
  const mf_str *pattern = compiled;
  counts.matched++;
  size_t at = mf_str_find(text, *pattern, from);
  if (at != SIZE_MAX && count > 0) spans[0] = (mf_regex_span){at, at + pattern->n};
  return at != SIZE_MAX;
}

static void release(void *compiled) {
  counts.freed++;
  free(compiled);
}

static const mf_regex engine = {compile, match, release};

static mf_evaluator *evaluator;

static void set_up(void) {
  memset(&counts, 0, sizeof counts);
  ck_assert_int_eq(mf_evaluator_new(NULL, &evaluator), MF_OK);
  mf_evaluator_set_regex(evaluator, &engine);
}

static void tear_down(void) {
  mf_evaluator_free(evaluator);
  ck_assert_int_eq(counts.compiled, counts.freed);
}

static mf_program *program_of(const char *text) {
  static const char *const names[] = {"x"};
  mf_program *program = NULL;
  ck_assert_int_eq(mf_program_compile(NULL, mf_str_of(text), names, 1, &program, NULL, 0), MF_OK);
  return program;
}

static mf_status evaluate(const mf_program *program, const char *x, mf_value *result) {
  mf_value slot = {.kind = MF_STRING, .len = (uint32_t)strlen(x), .as.s = x};
  return mf_eval(program, evaluator, &slot, result);
}

START_TEST(a_constant_pattern_is_compiled_once) {
  mf_program *program = program_of("x.matches('needle') || x.matches('pin')");
  mf_value result;
  for (int i = 0; i < 100; i++) {
    ck_assert_int_eq(evaluate(program, i % 2 ? "a needle" : "a pin", &result), MF_OK);
    ck_assert(result.kind == MF_BOOL && result.as.i);
  }
  ck_assert_int_eq(counts.compiled, 2);
  ck_assert_int_eq(counts.matched, 150);
  mf_program_free(program);
}
END_TEST

START_TEST(more_patterns_than_are_kept_still_match) {
  mf_program *program = program_of("('<' + x + '>').matches(x)");
  mf_value result;
  for (int i = 0; i < 1000; i++) {
    char x[16];
    snprintf(x, sizeof x, "%d", i % 100);
    ck_assert_int_eq(evaluate(program, x, &result), MF_OK);
    ck_assert(result.kind == MF_BOOL && result.as.i);
  }
  ck_assert_int_gt(counts.compiled, 100);
  ck_assert_int_le(counts.compiled - counts.freed, MF_REGEX_CACHE);
  mf_program_free(program);
}
END_TEST

/* What was compiled before must not show in what an evaluation costs. */
START_TEST(fuel_does_not_depend_on_what_is_kept) {
  mf_program *program = program_of("x.matches('abc')");
  uint64_t fuel = 1;
  mf_value result;
  for (;; fuel++) {
    mf_evaluator_set_regex(evaluator, &engine);
    mf_evaluator_set_fuel(evaluator, fuel);
    if (evaluate(program, "abc", &result) == MF_OK) break;
  }
  ck_assert_int_eq(evaluate(program, "abc", &result), MF_OK);
  mf_evaluator_set_fuel(evaluator, fuel - 1);
  ck_assert_int_eq(evaluate(program, "abc", &result), MF_OUT_OF_FUEL);
  mf_program_free(program);
}
END_TEST

START_TEST(what_does_not_compile_is_an_error_value) {
  mf_program *program = program_of("x.matches(x)");
  mf_value result;
  ck_assert_int_eq(evaluate(program, "!", &result), MF_OK);
  ck_assert(result.kind == MF_ERROR && result.aux == MF_EVAL_BAD_FORMAT);
  ck_assert_int_eq(evaluate(program, "#", &result), MF_OUT_OF_MEMORY);
  mf_program_free(program);
}
END_TEST

START_TEST(without_an_engine_matches_is_an_error_value) {
  mf_program *program = program_of("x.matches('a') || x == 'b'");
  mf_value result;
  mf_evaluator_set_regex(evaluator, NULL);
  ck_assert_int_eq(evaluate(program, "a", &result), MF_OK);
  ck_assert(result.kind == MF_ERROR && result.aux == MF_EVAL_BAD_ARGUMENT);
  ck_assert_int_eq(evaluate(program, "b", &result), MF_OK);
  ck_assert(result.kind == MF_BOOL && result.as.i);
  mf_program_free(program);
}
END_TEST

START_TEST(constant_operands_are_left_to_the_engine) {
  mf_program *program = program_of("'abc'.matches('b') && x != ''");
  mf_value result;
  ck_assert_int_eq(evaluate(program, "x", &result), MF_OK);
  ck_assert(result.kind == MF_BOOL && result.as.i);
  ck_assert_int_eq(counts.matched, 1);
  mf_program_free(program);
}
END_TEST

START_TEST(re2_finds_groups_and_says_what_is_wrong) {
  const mf_regex *re2 = mf_regex_re2();
  void *compiled;
  uint32_t size, groups;
  char message[100] = "";
  mf_regex_span spans[3];
  ck_assert_int_eq(
      re2->compile(MF_STR("(a)|(b)"), 1 << 20, &compiled, &size, &groups, message, sizeof message),
      MF_OK);
  ck_assert_uint_eq(groups, 2);
  ck_assert_uint_gt(size, 0);
  ck_assert(re2->match(compiled, MF_STR("xxb"), 1, spans, 3));
  ck_assert(spans[0].from == 2 && spans[0].to == 3);
  ck_assert(spans[1].from == SIZE_MAX && spans[2].from == 2);
  ck_assert(!re2->match(compiled, MF_STR("ab"), 2, spans, 3));
  re2->free(compiled);
  ck_assert_int_eq(
      re2->compile(MF_STR("("), 1 << 20, &compiled, &size, &groups, message, sizeof message),
      MF_EXPRESSION_INVALID);
  ck_assert_str_ne(message, "");
}
END_TEST

Suite *vm_regex_suite(void);
Suite *vm_regex_suite(void) {
  Suite *s = suite_create("vm_regex");
  TCase *t = tcase_create("regex");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, a_constant_pattern_is_compiled_once);
  tcase_add_test(t, more_patterns_than_are_kept_still_match);
  tcase_add_test(t, fuel_does_not_depend_on_what_is_kept);
  tcase_add_test(t, what_does_not_compile_is_an_error_value);
  tcase_add_test(t, without_an_engine_matches_is_an_error_value);
  tcase_add_test(t, constant_operands_are_left_to_the_engine);
  tcase_add_test(t, re2_finds_groups_and_says_what_is_wrong);
  suite_add_tcase(s, t);
  return s;
}
