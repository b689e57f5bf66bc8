/* SPDX-License-Identifier: MIT */
#include "../../base/host_rule.h"

#include <check.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static const struct asked {
  const char *rule, *host, *address; /* address NULL: none is known */
  bool covered;
} asked[] = {
    {"shop.example", "shop.example", NULL, true},
    {"shop.example", "SHOP.example.", "8.8.8.8", true},
    {"Shop.Example.", "shop.example", NULL, true},
    {"shop.example", "a.shop.example", NULL, false},
    {"shop.example", "ashop.example", NULL, false},
    {"*.example", "shop.example", NULL, true},
    {"*.example", "a.b.example.", NULL, true},
    {"*.example", "example", NULL, false},
    {"*.example", ".example", NULL, false},
    {"*.example", "badexample", NULL, false},
    {"10.1.2.3", "anything", "10.1.2.3", true},
    {"10.1.2.3", "10.1.2.3", NULL, false},
    {"10.1.2.3", "10.1.2.3", "10.1.2.4", false},
    {"10.0.0.0/8", "shop.example", "10.255.0.1", true},
    {"10.9.9.9/8", "shop.example", "10.255.0.1", true},
    {"10.0.0.0/8", "shop.example", "11.0.0.1", false},
    {"0.0.0.0/0", "x", "1.2.3.4", true},
    {"0.0.0.0/0", "x", "fd00::1", false},
    {"fd00::/8", "x", "fd12::1", true},
    {"[fd00::1]", "x", "fd00::1", true},
    {"fd00::/8", "x", "fe80::1", false},
};

START_TEST(a_rule_covers_what_it_says) {
  mf_host_rule rule;
  mf_address address;
  const struct asked *a = &asked[_i];
  ck_assert_ptr_null(mf_host_rule_parse(mf_str_of(a->rule), &rule));
  if (a->address) ck_assert_int_eq(mf_parse_address(mf_str_of(a->address), &address), 0);
  ck_assert_msg(
      mf_host_rule_covers(&rule, mf_str_of(a->host), a->address ? &address : NULL) == a->covered,
      "%s, %s", a->rule, a->host);
}
END_TEST

static const struct refused {
  const char *text, *why;
} refused[] = {
    {"", "a name"},
    {"*", "whole labels"},
    {"*.", "a name"},
    {"*.*.example", "whole"},
    {"shop.*", "whole labels"},
    {"http://shop.example", "not a URL"},
    {"a:80", "without a port"},
    {"[::1]:80", "without a port"},
    {"a b", "a name"},
    {"a..b", "a name"},
    {".a", "a name"},
    {"0x7f.1", "127.0.0.1"},
    {"127.1", "127.0.0.1"},
    {"2130706433", "127.0.0.1"},
    {"0177.0.0.1", "127.0.0.1"},
    {"10.0.0.0/33", "a name"},
    {"::ffff:1.2.3.4", "port"},
    {"a/b", "a name"},
};

START_TEST(what_is_no_host_is_refused) {
  mf_host_rule rule;
  const char *why = mf_host_rule_parse(mf_str_of(refused[_i].text), &rule);
  ck_assert_msg(why && strstr(why, refused[_i].why), "%s: %s", refused[_i].text, why);
}
END_TEST

Suite *base_host_rule_suite(void) {
  Suite *s = suite_create("base_host_rule");
  TCase *t = tcase_create("host_rule");
  tcase_add_loop_test(t, a_rule_covers_what_it_says, 0, COUNT(asked));
  tcase_add_loop_test(t, what_is_no_host_is_refused, 0, COUNT(refused));
  suite_add_tcase(s, t);
  return s;
}
