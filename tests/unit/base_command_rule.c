/* SPDX-License-Identifier: MIT */
#include "../../base/command_rule.h"

#include <check.h>

static const struct rule {
  const char *rule, *program; /* program NULL: it is no rule */
  bool covered;
} rules[] = {
    {"echo", "echo", true},
    {"echo", "/usr/bin/echo", true},
    {"echo", "./echo", true},
    {"echo", "echoes", false},
    {"echo", "Echo", false},
    {"echo", "", false},
    {"echo", "echo/", false},
    {"/bin/echo", "/bin/echo", true},
    {"/bin/echo", "echo", false},
    {"/bin/echo", "/x/bin/echo", false},
    {"sh", MF_SHELL, true},
    {MF_SHELL, "sh", false},
    {"", NULL, false},
    {"bin/echo", NULL, false},
    {"./echo", NULL, false},
    {"/", NULL, false},
    {"/bin/", NULL, false},
};

START_TEST(a_rule_names_programs) {
  mf_str rule = mf_str_of(rules[_i].rule);
  ck_assert(mf_command_rule_ok(rule) == (rules[_i].program != NULL));
  if (rules[_i].program)
    ck_assert(mf_command_rule_covers(rule, mf_str_of(rules[_i].program)) == rules[_i].covered);
}
END_TEST

Suite *base_command_rule_suite(void) {
  Suite *s = suite_create("base_command_rule");
  TCase *t = tcase_create("command_rule");
  tcase_add_loop_test(t, a_rule_names_programs, 0, sizeof rules / sizeof *rules);
  suite_add_tcase(s, t);
  return s;
}
