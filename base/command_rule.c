/* SPDX-License-Identifier: MIT */
#include "command_rule.h"

static mf_str base_name(mf_str path) {
  size_t at = path.n;
  while (at > 0 && path.p[at - 1] != '/') at--;
  return (mf_str){path.p + at, path.n - at};
}

bool mf_command_rule_ok(mf_str rule) {
  return rule.n > 0 && rule.p[rule.n - 1] != '/' &&
         (rule.p[0] == '/' || !memchr(rule.p, '/', rule.n));
}

bool mf_command_rule_covers(mf_str rule, mf_str program) {
  return mf_str_eq(rule, rule.n && rule.p[0] == '/' ? program : base_name(program));
}
