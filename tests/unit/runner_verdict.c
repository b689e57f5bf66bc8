/* SPDX-License-Identifier: MIT */
#include "../../runner/verdict.h"

#include <check.h>
#include <stdlib.h>

#include "../../runner/runner.h"

Suite *runner_verdict_suite(void);

static mf_facts passed(void) { return (mf_facts){.verdict = {.outcome = MF_OUTCOME_PASSED}}; }

static void add_bug(mf_facts *f) { f->bug = "x"; }
static void add_undo(mf_facts *f) { f->undo_failed = true; }
static void add_left(mf_facts *f) { f->faults_left = true; }
static void add_io(mf_facts *f) { f->io_error = "x"; }
static void add_budget(mf_facts *f) { f->budget = MF_OUT_OF_FUEL; }
static void add_limit(mf_facts *f) { f->limit = "limits.max_requests"; }
static void add_interrupted(mf_facts *f) { f->verdict.interrupted = true; }
static void add_aborted(mf_facts *f) { f->verdict.aborted = true; }
static void add_failed(mf_facts *f) {
  f->verdict.outcome = MF_OUTCOME_FAILED;
  f->verdict.steps_failed = 1;
}
static void add_threshold(mf_facts *f) { f->verdict.crossed = true; }

/* In the order of docs/design.md, "Verdict and exit codes". */
static const struct {
  int code;
  void (*add)(mf_facts *f);
} order[] = {
    {70, add_bug},  {5, add_undo},          {106, add_left},  {74, add_io},    {6, add_budget},
    {6, add_limit}, {105, add_interrupted}, {4, add_aborted}, {1, add_failed}, {99, add_threshold},
};
#define ORDER (int)(sizeof order / sizeof *order)

START_TEST(passing_is_zero) {
  mf_facts f = passed();
  mf_buf reasons;
  mf_buf_init(&reasons, NULL, 0);
  ck_assert_int_eq(mf_exit_code(&f), 0);
  mf_verdict_reasons(&f, &reasons);
  ck_assert_uint_eq(reasons.n, 0);
  mf_buf_fini(&reasons);
}
END_TEST

START_TEST(each_cause_has_its_code) {
  mf_facts f = passed();
  order[_i].add(&f);
  ck_assert_int_eq(mf_exit_code(&f), order[_i].code);
}
END_TEST

START_TEST(earlier_causes_win) {
  for (int later = _i + 1; later < ORDER; later++) {
    mf_facts f = passed();
    order[later].add(&f);
    order[_i].add(&f);
    ck_assert_int_eq(mf_exit_code(&f), order[_i].code);
  }
}
END_TEST

START_TEST(every_way_to_fail_is_one) {
  static const mf_verdict ways[] = {
      {.outcome = MF_OUTCOME_FAILED},
      {.outcome = MF_OUTCOME_NO_DATA},
      {.outcome = MF_OUTCOME_FAILED, .nothing_run = true},
      {.outcome = MF_OUTCOME_FAILED, .unsteady = true},
      {.outcome = MF_OUTCOME_FAILED, .assertions_failed = 1},
      {.outcome = MF_OUTCOME_NO_DATA, .assertions_no_data = 1},
      {.outcome = MF_OUTCOME_FAILED, .hook_failed = true},
      {.outcome = MF_OUTCOME_FAILED, .watches_failed = 1},
      {.outcome = MF_OUTCOME_FAILED, .watches_no_data = 1, .crossed = true},
  };
  mf_facts f = {.verdict = ways[_i]};
  mf_buf reasons;
  mf_buf_init(&reasons, NULL, 0);
  mf_verdict_reasons(&f, &reasons);
  ck_assert_int_eq(mf_exit_code(&f), 1);
  ck_assert_uint_gt(reasons.n, 0);
  mf_buf_fini(&reasons);
}
END_TEST

START_TEST(reasons_name_all_causes_the_decisive_first) {
  mf_facts f = passed();
  mf_buf reasons;
  mf_buf_init(&reasons, NULL, 0);
  f.io_error = "report x: disk full";
  add_failed(&f);
  f.failed_steps = MF_STR("'a'");
  mf_verdict_reasons(&f, &reasons);
  ck_assert_str_eq(reasons.p, "report x: disk full; 1 step failed: 'a'");
  mf_buf_fini(&reasons);
}
END_TEST

START_TEST(outcomes_have_words) {
  ck_assert_str_eq(mf_outcome_word(MF_OUTCOME_NO_DATA), "no_data");
  ck_assert_str_eq(mf_outcome_word(MF_OUTCOME_INTERRUPTED), "interrupted");
  ck_assert_str_eq(mf_outcome_word((mf_outcome_kind)99), "unknown");
}
END_TEST

Suite *runner_verdict_suite(void) {
  Suite *s = suite_create("runner_verdict");
  TCase *t = tcase_create("all");
  tcase_add_test(t, passing_is_zero);
  tcase_add_loop_test(t, each_cause_has_its_code, 0, ORDER);
  tcase_add_loop_test(t, earlier_causes_win, 0, ORDER);
  tcase_add_loop_test(t, every_way_to_fail_is_one, 0, 9);
  tcase_add_test(t, reasons_name_all_causes_the_decisive_first);
  tcase_add_test(t, outcomes_have_words);
  suite_add_tcase(s, t);
  return s;
}
