/* SPDX-License-Identifier: MIT */
#include "../../base/hash.h"
#include "../../base/text.h"

#include <check.h>

/* Images and journals of other builds hold these: they may never change. */
START_TEST(hashes_are_those_of_xxhash) {
  char text[33];
  ck_assert_uint_eq(mf_hash64("", 0, 0), UINT64_C(0x2D06800538D394C2));
  ck_assert_uint_eq(mf_hash64(NULL, 0, 0), UINT64_C(0x2D06800538D394C2));
  mf_hash128_text(mf_hash128_of("", 0), text); /* printf '' | xxh128sum */
  ck_assert_str_eq(text, "99aa06d3014798d86001c324468d497f");
}
END_TEST

START_TEST(the_seed_and_each_byte_matter) {
  ck_assert_uint_ne(mf_hash64("abc", 3, 0), mf_hash64("abc", 3, 1));
  ck_assert_uint_ne(mf_hash64("abc", 3, 0), mf_hash64("abd", 3, 0));
  ck_assert_uint_ne(mf_hash64("abc", 3, 0), mf_hash64("abc", 2, 0));
  ck_assert_uint_eq(mf_str_hash(MF_STR("abc")), mf_hash64("abc", 3, 0));
}
END_TEST

START_TEST(text_is_the_high_half_first) {
  char text[33];
  mf_hash128 h = {.low = 0xFEDCBA9876543210, .high = 0x0123456789ABCDEF};
  mf_hash128_text(h, text);
  ck_assert_str_eq(text, "0123456789abcdeffedcba9876543210");
}
END_TEST

Suite *base_hash_suite(void);
Suite *base_hash_suite(void) {
  Suite *suite = suite_create("base/hash");
  TCase *t = tcase_create("hash");
  tcase_add_test(t, hashes_are_those_of_xxhash);
  tcase_add_test(t, the_seed_and_each_byte_matter);
  tcase_add_test(t, text_is_the_high_half_first);
  suite_add_tcase(suite, t);
  return suite;
}
