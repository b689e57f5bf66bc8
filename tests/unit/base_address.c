/* SPDX-License-Identifier: MIT */
#include <check.h>

#include "../../base/address.h"

static const char *rewritten(const char *text) {
  static char out[MF_ADDRESS_TEXT];
  mf_address a;
  switch (mf_parse_address(mf_str_of(text), &a)) {
    case MF_ADDRESS_OK: mf_format_address(&a, out); return out;
    case MF_ADDRESS_ZONE: return "zone";
    case MF_ADDRESS_MAPPED: return "mapped";
    case MF_ADDRESS_MALFORMED: break;
  }
  return "malformed";
}

START_TEST(addresses_have_one_canonical_text) {
  static const char *const cases[][2] = {
      {"1.2.3.4", "1.2.3.4"},
      {"255.255.255.255", "255.255.255.255"},
      {"1.2.3.04", "malformed"},
      {"1.2.3", "malformed"},
      {"1.2.3.", "malformed"},
      {"1.2.3.4.", "malformed"},
      {"1.2.3.256", "malformed"},
      {"1.2.3.1000", "malformed"},
      {"", "malformed"},
      {"::", "::"},
      {":", "malformed"},
      {":::", "malformed"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:DB8::0:1", "2001:db8::1"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"0:0:1:0:0:0:0:1", "0:0:1::1"},
      {"1:0:0:1:0:0:1:1", "1::1:0:0:1:1"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"1:2:3:4:5:6:7:8:9", "malformed"},
      {"1:2:3:4:5:6:7:8::", "malformed"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"1::2::3", "malformed"},
      {"12345::", "malformed"},
      {"::1:", "malformed"},
      {":1::", "malformed"},
      {"::1.2.3.4", "::102:304"},
      {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
      {"1:2:3:4:5:6:7:1.2.3.4", "malformed"},
      {"::1.2.3.4:5", "malformed"},
      {"::ffff:1.2.3.4", "mapped"},
      {"::ffff:102:304", "1.2.3.4"},
      {"fe80::1%lo", "zone"},
      {"g::", "malformed"},
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(mf_str_is(mf_str_of(rewritten(cases[i][0])), cases[i][1]), "%s gives %s",
                  cases[i][0], rewritten(cases[i][0]));
}
END_TEST

START_TEST(blocks_have_a_prefix_that_fits) {
  mf_address a, b;
  unsigned prefix;
  char text[MF_ADDRESS_TEXT];
  ck_assert_int_eq(mf_parse_block(MF_STR("10.1.2.3/9"), &a, &prefix), MF_ADDRESS_OK);
  ck_assert_uint_eq(prefix, 9);
  mf_address_mask(&a, prefix);
  mf_format_block(&a, prefix, text);
  ck_assert_str_eq(text, "10.0.0.0/9");
  ck_assert_int_eq(mf_parse_address(MF_STR("10.127.0.1"), &b), MF_ADDRESS_OK);
  ck_assert(mf_address_shares(&a, &b, 9) && !mf_address_shares(&a, &b, 10));
  static const char *const bad[] = {"10.0.0.0",  "10.0.0.0/",  "10.0.0.0/33",        "::/129",
                                    "::/01",     "10.0.0.0/a", "::ffff:102:304/100", "/8",
                                    "fe80::%1/8"};
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_assert_int_ne(mf_parse_block(mf_str_of(bad[i]), &a, &prefix), MF_ADDRESS_OK);
}
END_TEST

Suite *base_address_suite(void);
Suite *base_address_suite(void) {
  Suite *s = suite_create("base/address");
  TCase *t = tcase_create("address");
  tcase_add_test(t, addresses_have_one_canonical_text);
  tcase_add_test(t, blocks_have_a_prefix_that_fits);
  suite_add_tcase(s, t);
  return s;
}
