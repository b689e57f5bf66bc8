/* SPDX-License-Identifier: MIT */
#include "../../stdlib/load_plan.h"

#include <check.h>
#include <stdlib.h>

Suite *stdlib_load_plan_suite(void);

#define S 1000000000LL

static mf_arena arena;
static mf_load_plan plan;

static void set_up(void) {
  mf_alloc alloc = mf_alloc_default();
  mf_arena_init(&arena, &alloc, 0);
}

static void tear_down(void) { mf_arena_fini(&arena); }

/* Walks the plan; checks order and bounds; returns how many requests it has, and
 * how many of them are due before `before`. */
static int walk(int64_t before, int *early) {
  int64_t due, last = 0;
  int n = 0;
  *early = 0;
  while (mf_load_plan_next(&plan, &due)) {
    ck_assert_int_ge(due, last);
    ck_assert_int_le(due, plan.total_ns);
    last = due;
    n++;
    *early += due < before;
  }
  ck_assert(!mf_load_plan_next(&plan, &due));
  return n;
}

START_TEST(a_constant_rate_is_evenly_spaced) {
  int64_t due;
  ck_assert(mf_load_plan_init(&plan, &arena, 1, 10));
  mf_load_plan_add(&plan, 10, 3 * S);
  for (int64_t i = 0; i < 30; i++) {
    ck_assert(mf_load_plan_next(&plan, &due));
    ck_assert_int_le(llabs(due - i * S / 10), 1);
  }
  ck_assert(!mf_load_plan_next(&plan, &due));
}
END_TEST

START_TEST(a_ramp_follows_the_area_under_it) {
  int early;
  ck_assert(mf_load_plan_init(&plan, &arena, 1, 0));
  mf_load_plan_add(&plan, 100, 10 * S);
  /* 500 in all, a quarter of them in the first half. */
  int n = walk(5 * S, &early);
  ck_assert_int_le(abs(n - 500), 1);
  ck_assert_int_le(abs(early - 125), 1);
}
END_TEST

START_TEST(ramps_join_without_a_gap) {
  int early;
  ck_assert(mf_load_plan_init(&plan, &arena, 5, 10));
  mf_load_plan_add(&plan, 10, 2 * S); /* 20 */
  mf_load_plan_add(&plan, 200, 0);    /* a jump */
  mf_load_plan_add(&plan, 200, S);    /* 200 */
  mf_load_plan_add(&plan, 0, 2 * S);  /* 200 */
  mf_load_plan_add(&plan, 0, 5 * S);  /* none */
  ck_assert_int_eq(plan.total_ns, 10 * S);
  int n = walk(3 * S, &early);
  ck_assert_int_le(abs(n - 420), 1);
  ck_assert_int_le(abs(early - 220), 1);
}
END_TEST

START_TEST(a_slow_rate_is_not_rounded_away) {
  int early;
  ck_assert(mf_load_plan_init(&plan, &arena, 1, 0.5));
  mf_load_plan_add(&plan, 0.5, 9 * S); /* at 0, 2, 4, 6 and 8 s */
  ck_assert_int_eq(walk(5 * S, &early), 5);
  ck_assert_int_eq(early, 3);
}
END_TEST

START_TEST(fitting_cuts_and_holds) {
  int early;
  ck_assert(mf_load_plan_init(&plan, &arena, 3, 0));
  mf_load_plan_add(&plan, 100, 10 * S);
  mf_load_plan_add(&plan, 0, 10 * S);
  mf_load_plan_fit(&plan, 5 * S);
  ck_assert_int_eq(plan.total_ns, 5 * S);
  ck_assert_double_eq_tol(plan.rate, 50, 1e-9);
  mf_load_plan_fit(&plan, 6 * S);
  ck_assert_int_le(abs(walk(5 * S, &early) - 175), 1);
  ck_assert(mf_load_plan_init(&plan, &arena, 1, 5));
  mf_load_plan_fit(&plan, 0);
  ck_assert_int_eq(walk(S, &early), 0);
}
END_TEST

START_TEST(a_week_does_not_drift) {
  const int64_t week = 7 * 86400 * S;
  int64_t due = 0;
  ck_assert(mf_load_plan_init(&plan, &arena, 1, 3));
  mf_load_plan_add(&plan, 3, week);
  plan.next = 7 * 86400 * 3 - 1;
  ck_assert(mf_load_plan_next(&plan, &due));
  ck_assert_int_le(llabs(due - (week - S / 3)), 1000);
  ck_assert(!mf_load_plan_next(&plan, &due));
}
END_TEST

/* From one change to the next: never early, never one left out. */
START_TEST(levels_change_where_the_line_crosses_a_half) {
  static const struct {
    int64_t at;
    uint32_t level;
  } changes[] = {{0, 0},          {S, 1},          {3 * S, 2},      {4 * S, 5},
                 {6 * S, 5},      {6500000000, 4}, {7500000000, 3}, {8500000000, 2},
                 {9500000000, 1}, {10500000000, 0}};
  ck_assert(mf_load_plan_init(&plan, &arena, 4, 0));
  mf_load_plan_add(&plan, 2, 4 * S); /* 0.5 at 1 s, 1.5 at 3 s */
  mf_load_plan_add(&plan, 5, 0);
  mf_load_plan_add(&plan, 5, 2 * S);
  mf_load_plan_add(&plan, 0, 5 * S);
  size_t n = 0;
  uint32_t last = UINT32_MAX;
  for (int64_t at = 0, until; at != INT64_MAX; at = until) {
    uint32_t level = mf_load_plan_level(&plan, at, &until);
    ck_assert_int_gt(until, at);
    if (level == last) continue;
    while (n < 9 && changes[n].level != level) n++;
    ck_assert_uint_eq(level, changes[n].level);
    ck_assert_int_le(llabs(at - changes[n].at), 10);
    last = level;
  }
  ck_assert_uint_eq(last, 0);
}
END_TEST

Suite *stdlib_load_plan_suite(void) {
  Suite *suite = suite_create("stdlib_load_plan");
  TCase *tc = tcase_create("load_plan");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, a_constant_rate_is_evenly_spaced);
  tcase_add_test(tc, a_ramp_follows_the_area_under_it);
  tcase_add_test(tc, ramps_join_without_a_gap);
  tcase_add_test(tc, a_slow_rate_is_not_rounded_away);
  tcase_add_test(tc, fitting_cuts_and_holds);
  tcase_add_test(tc, a_week_does_not_drift);
  tcase_add_test(tc, levels_change_where_the_line_crosses_a_half);
  suite_add_tcase(suite, tc);
  return suite;
}
