/* SPDX-License-Identifier: MIT */
#include "../../stdlib/load_budget.h"

#include <check.h>

#define MS 1000000LL
#define S (1000 * MS)

START_TEST(requests_within_the_rate_go_when_they_are_due) {
  mf_load_budget b = {.max_rate = 1000};
  for (int64_t due = S; due < 2 * S; due += MS)
    ck_assert_int_eq(mf_load_budget_slot(&b, due, due), due);
}
END_TEST

START_TEST(requests_beyond_the_rate_are_spaced) {
  mf_load_budget b = {.max_rate = 1000};
  for (int i = 0; i < 1000; i++) ck_assert_int_eq(mf_load_budget_slot(&b, S, S), S + i * MS);
}
END_TEST

/* Two loads of 800 a second each: 1,000 together, and neither starves. */
START_TEST(loads_share_the_rate) {
  mf_load_budget b = {.max_rate = 1000};
  int64_t due[2] = {S, S}, at[2] = {0, 0};
  int sent[2] = {0, 0};
  for (int64_t now = S; now < 11 * S; now += MS / 8)
    for (int i = 0; i < 2; i++) {
      if (at[i] == 0 && due[i] <= now) at[i] = mf_load_budget_slot(&b, due[i], now);
      if (at[i] == 0 || at[i] > now) continue;
      sent[i]++;
      at[i] = 0;
      due[i] += S / 800;
    }
  ck_assert_int_ge(sent[0] + sent[1], 9980);
  ck_assert_int_le(sent[0] + sent[1], 10000 + 101); /* what was caught up with, once */
  ck_assert_int_ge(sent[0], 4900);
  ck_assert_int_ge(sent[1], 4900);
}
END_TEST

/* A stall of ours hides nothing: what was due meanwhile keeps its due times; other
 * loads get what is left, and wait for none of it. */
START_TEST(late_requests_catch_up) {
  mf_load_budget b = {.max_rate = 1000};
  int64_t now = 2 * S;
  for (int64_t due = now - 80 * MS; due < now; due += 2 * MS)
    ck_assert_int_eq(mf_load_budget_slot(&b, due, now), due);
  for (int64_t due = now - 80 * MS; due < now; due += 2 * MS)
    ck_assert_int_le(mf_load_budget_slot(&b, due, now), now);
}
END_TEST

/* Once: a stall is no savings book. */
START_TEST(catching_up_has_an_end) {
  mf_load_budget b = {.max_rate = 1000};
  int64_t now = 10 * S, sent = 0;
  while (mf_load_budget_slot(&b, now - 5 * S, now) <= now) sent++;
  ck_assert_int_le(sent, 101);
}
END_TEST

START_TEST(a_rate_may_be_less_than_one) {
  mf_load_budget b = {.max_rate = 0.5};
  ck_assert_int_eq(mf_load_budget_slot(&b, S, S), S);
  ck_assert_int_eq(mf_load_budget_slot(&b, S, S), 3 * S);
}
END_TEST

START_TEST(zero_is_no_cap) {
  mf_load_budget b = {.max_rate = 0};
  for (int i = 0; i < 100; i++) {
    ck_assert_int_eq(mf_load_budget_slot(&b, S, S), S);
    ck_assert(mf_load_budget_connect(&b));
    ck_assert(mf_load_budget_request(&b));
  }
}
END_TEST

START_TEST(connections_come_back) {
  mf_load_budget b = {.max_connections = 3};
  for (int i = 0; i < 3; i++) ck_assert(mf_load_budget_connect(&b));
  ck_assert(!mf_load_budget_connect(&b));
  mf_load_budget_disconnect(&b, 2);
  ck_assert(mf_load_budget_connect(&b));
  ck_assert(mf_load_budget_connect(&b));
  ck_assert(!mf_load_budget_connect(&b));
}
END_TEST

static void count_call(void *ctx) { ++*(int *)ctx; }

START_TEST(one_request_too_many_is_told_once) {
  int calls = 0;
  mf_load_budget b = {.max_requests = 2, .exceeded = count_call, .ctx = &calls};
  ck_assert(mf_load_budget_request(&b));
  ck_assert(mf_load_budget_request(&b));
  ck_assert_int_eq(calls, 0);
  ck_assert(!mf_load_budget_request(&b));
  ck_assert(!mf_load_budget_request(&b));
  ck_assert_int_eq(calls, 1);
}
END_TEST

Suite *stdlib_load_budget_suite(void) {
  Suite *s = suite_create("stdlib_load_budget");
  TCase *t = tcase_create("load_budget");
  tcase_add_test(t, requests_within_the_rate_go_when_they_are_due);
  tcase_add_test(t, requests_beyond_the_rate_are_spaced);
  tcase_add_test(t, loads_share_the_rate);
  tcase_add_test(t, late_requests_catch_up);
  tcase_add_test(t, catching_up_has_an_end);
  tcase_add_test(t, a_rate_may_be_less_than_one);
  tcase_add_test(t, zero_is_no_cap);
  tcase_add_test(t, connections_come_back);
  tcase_add_test(t, one_request_too_many_is_told_once);
  suite_add_tcase(s, t);
  return s;
}
