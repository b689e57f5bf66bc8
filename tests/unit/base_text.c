/* SPDX-License-Identifier: MIT */
#include "../../base/text.h"

#include <check.h>
#include <stdlib.h>

#define S(lit) MF_STR(lit)

/* ---- Slices ---- */

START_TEST(nothing_starts_and_ends_everything) {
  mf_str none = {NULL, 0};
  ck_assert(mf_str_starts(S("a"), none) && mf_str_ends(S("a"), none));
  ck_assert(mf_str_starts(none, none) && mf_str_ends(none, none));
  ck_assert(!mf_str_starts(none, S("a")) && !mf_str_ends(none, S("a")));
}
END_TEST

START_TEST(starts_and_ends_look_at_the_right_side) {
  ck_assert(mf_str_starts(S("step.name"), S("step")) && !mf_str_starts(S("step.name"), S("name")));
  ck_assert(mf_str_ends(S("step.name"), S("name")) && !mf_str_ends(S("step.name"), S("step")));
}
END_TEST

START_TEST(order_is_that_of_unsigned_bytes) {
  ck_assert_int_lt(mf_str_cmp(S("a"), S("b")), 0);
  ck_assert_int_lt(mf_str_cmp(S("a"), S("aa")), 0);
  ck_assert_int_lt(mf_str_cmp(S("z"), S("\xC3\xA9")), 0);
  ck_assert_int_eq(mf_str_cmp(S("a\0b"), S("a\0b")), 0);
  ck_assert_int_lt(mf_str_cmp((mf_str){NULL, 0}, S("a")), 0);
}
END_TEST

START_TEST(find_gives_the_first_place_from_there) {
  ck_assert_uint_eq(mf_str_find(S("abcabc"), S("bc"), 0), 1);
  ck_assert_uint_eq(mf_str_find(S("abcabc"), S("bc"), 2), 4);
  ck_assert_uint_eq(mf_str_find(S("abcabc"), S("bc"), 5), SIZE_MAX);
  ck_assert_uint_eq(mf_str_find(S("abc"), S(""), 3), 3);
  ck_assert_uint_eq(mf_str_find(S("abc"), S(""), 4), SIZE_MAX);
  ck_assert_uint_eq(mf_str_find(S("ab"), S("abc"), 0), SIZE_MAX);
}
END_TEST

static size_t find_slowly(mf_str s, mf_str needle) {
  for (size_t i = 0; i + needle.n <= s.n; i++)
    if (memcmp(s.p + i, needle.p, needle.n) == 0) return i;
  return SIZE_MAX;
}

/* Few letters, so that periodic needles and near misses are common. */
START_TEST(find_agrees_with_the_naive_search) {
  char text[400];
  srand(7);
  for (int round = 0; round < 20000; round++) {
    int letters = 1 + rand() % 3;
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + rand() % letters);
    mf_str s = {text, (size_t)(rand() % 400)};
    mf_str needle = {text + rand() % 200, (size_t)(1 + rand() % 200)};
    char copy[200];
    memcpy(copy, needle.p, needle.n);
    if (rand() % 2) copy[(size_t)rand() % needle.n] = 'a';
    needle.p = copy;
    if (mf_str_find(s, needle, 0) != find_slowly(s, needle))
      ck_abort_msg("'%.*s' in '%.*s'", (int)needle.n, needle.p, (int)s.n, s.p);
  }
}
END_TEST

/* A million by half a million would take minutes if it were quadratic; Check
 * kills it after four seconds. */
START_TEST(find_is_linear) {
  size_t n = 1 << 20;
  char *text = malloc(n), *needle = malloc(n / 2);
  memset(text, 'a', n);
  memset(needle, 'a', n / 2);
  needle[0] = 'b';
  ck_assert_uint_eq(mf_str_find((mf_str){text, n}, (mf_str){needle, n / 2}, 0), SIZE_MAX);
  needle[0] = 'a';
  needle[n / 4] = 'b';
  ck_assert_uint_eq(mf_str_find((mf_str){text, n}, (mf_str){needle, n / 2}, 0), SIZE_MAX);
  free(text);
  free(needle);
}
END_TEST

/* ---- UTF-8 ---- */

static bool survives(uint32_t c) {
  char bytes[4];
  uint32_t back;
  bool is_scalar = c < 0x110000 && (c < 0xD800 || c > 0xDFFF);
  size_t n = mf_utf8_encode(c, bytes);
  if (!is_scalar) return n == 0;
  return mf_utf8_valid(bytes, n) == n && mf_utf8_length(bytes, n) == n &&
         mf_utf8_decode(bytes, &back) == n && back == c && mf_utf8_valid(bytes, n - 1) == 0;
}

START_TEST(every_code_point_survives_encode_and_decode) {
  for (uint32_t c = 0; c <= 0x110000; c++)
    if (!survives(c)) ck_abort_msg("U+%04X", (unsigned)c);
}
END_TEST

/* All sequences that begin with these bytes and go on with 0x80: table 3-7 of the
 * Unicode standard allows the three-byte ones of the scalar values from U+0800
 * on, and one in 64 of the four-byte ones. */
START_TEST(only_scalar_values_are_valid) {
  uint32_t valid = 0;
  for (unsigned a = 0x80; a < 0x100; a++)
    for (unsigned b = 0; b < 0x100; b++)
      for (unsigned c = 0; c < 0x100; c++) {
        char bytes[4] = {(char)a, (char)b, (char)c, (char)0x80};
        valid += mf_utf8_length(bytes, 4) > 2;
      }
  ck_assert_uint_eq(valid, (0x10000 - 0x800 - 0x800) + 0x100000 / 64);
}
END_TEST

START_TEST(valid_stops_at_the_first_bad_byte) {
  ck_assert_uint_eq(mf_utf8_valid("", 0), 0);
  ck_assert_uint_eq(mf_utf8_valid("0123456789abcdef\xFFx", 18), 16);
  ck_assert_uint_eq(mf_utf8_valid("ab\xC3\xA9\xC0\x80", 6), 4); /* overlong */
  ck_assert_uint_eq(mf_utf8_valid("a\xED\xA0\x80", 4), 1);      /* surrogate */
  ck_assert_uint_eq(mf_utf8_valid("a\xF4\x90\x80\x80", 5), 1);  /* > U+10FFFF */
}
END_TEST

START_TEST(count_counts_code_points) {
  ck_assert_uint_eq(mf_utf8_count("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10), 4);
}
END_TEST

/* ---- Base64 ---- */

static void encodes(const char *plain, const char *coded) {
  char text[32];
  uint8_t bytes[32];
  size_t n = mf_base64_encode((const uint8_t *)plain, strlen(plain), text);
  ck_assert_uint_eq(n, mf_base64_size(strlen(plain)));
  ck_assert(mf_str_is((mf_str){text, n}, coded));
  ck_assert_uint_eq(mf_base64_decode(mf_str_of(coded), bytes), strlen(plain));
  ck_assert_mem_eq(bytes, plain, strlen(plain));
}

START_TEST(base64_gives_the_vectors_of_rfc_4648) {
  encodes("", "");
  encodes("f", "Zg==");
  encodes("fo", "Zm8=");
  encodes("foo", "Zm9v");
  encodes("foobar", "Zm9vYmFy");
  encodes("\xFF\xEF\xBE", "/+++");
}
END_TEST

START_TEST(base64_may_lack_its_padding) {
  uint8_t bytes[8];
  ck_assert_uint_eq(mf_base64_decode(S("Zg"), bytes), 1);
  ck_assert_uint_eq(mf_base64_decode(S("Zm8"), bytes), 2);
}
END_TEST

START_TEST(malformed_base64_is_refused) {
  static const char *const bad[] = {
      "Z", "Zg=", "Zg===", "====", "Z===", "Zm9vZ", "Zm 9v", "Zm-_", "=Zg=", "Zm=v"};
  uint8_t bytes[16];
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_msg(mf_base64_decode(mf_str_of(bad[i]), bytes) == SIZE_MAX, "%s", bad[i]);
}
END_TEST

Suite *base_text_suite(void);
Suite *base_text_suite(void) {
  Suite *suite = suite_create("base/text");
  TCase *t = tcase_create("text");
  tcase_add_test(t, nothing_starts_and_ends_everything);
  tcase_add_test(t, starts_and_ends_look_at_the_right_side);
  tcase_add_test(t, order_is_that_of_unsigned_bytes);
  tcase_add_test(t, find_gives_the_first_place_from_there);
  tcase_add_test(t, find_agrees_with_the_naive_search);
  tcase_add_test(t, find_is_linear);
  tcase_add_test(t, every_code_point_survives_encode_and_decode);
  tcase_add_test(t, only_scalar_values_are_valid);
  tcase_add_test(t, valid_stops_at_the_first_bad_byte);
  tcase_add_test(t, count_counts_code_points);
  tcase_add_test(t, base64_gives_the_vectors_of_rfc_4648);
  tcase_add_test(t, base64_may_lack_its_padding);
  tcase_add_test(t, malformed_base64_is_refused);
  suite_add_tcase(suite, t);
  return suite;
}
