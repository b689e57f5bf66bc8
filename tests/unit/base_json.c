/* SPDX-License-Identifier: MIT */
#include "../../base/json.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define S(lit) MF_STR(lit)

static mf_arena arena;
static mf_json_scanner scanner;
static mf_buf out;
static mf_json_writer writer;

static void set_up(void) {
  mf_arena_init(&arena, NULL, 0);
  mf_buf_init(&out, NULL, 0);
  mf_json_write_init(&writer, &out, 0);
}

static void tear_down(void) {
  mf_buf_fini(&out);
  mf_arena_fini(&arena);
}

/* ---- Scanner ---- */

static void open(mf_str source) { mf_json_scan_init(&scanner, &arena, source, 256); }

/* The next token has this kind and spans exactly this text. */
static void next_is(mf_json_kind kind, const char *text) {
  ck_assert_int_eq(mf_json_next(&scanner), kind);
  ck_assert_int_eq(scanner.kind, kind);
  mf_str spanned = {scanner.source.p + scanner.span.offset, scanner.span.length};
  ck_assert_msg(mf_str_is(spanned, text), "'%.*s', not '%s'", (int)spanned.n, spanned.p, text);
}

START_TEST(tokens_come_with_their_spans) {
  open(S(" {\"a\" : [1, -2.5 , true,null ],\n\"b\":\"x\"} "));
  next_is(MF_JSON_MAP_OPEN, "{");
  next_is(MF_JSON_KEY, "\"a\"");
  next_is(MF_JSON_LIST_OPEN, "[");
  next_is(MF_JSON_INT, "1");
  next_is(MF_JSON_DOUBLE, "-2.5");
  next_is(MF_JSON_BOOL, "true");
  next_is(MF_JSON_NULL, "null");
  next_is(MF_JSON_LIST_CLOSE, "]");
  next_is(MF_JSON_KEY, "\"b\"");
  next_is(MF_JSON_STRING, "\"x\"");
  next_is(MF_JSON_MAP_CLOSE, "}");
  next_is(MF_JSON_END, "");
  next_is(MF_JSON_END, "");
}
END_TEST

START_TEST(empty_containers_are_fine) {
  open(S("[[],{}]"));
  next_is(MF_JSON_LIST_OPEN, "[");
  next_is(MF_JSON_LIST_OPEN, "[");
  next_is(MF_JSON_LIST_CLOSE, "]");
  next_is(MF_JSON_MAP_OPEN, "{");
  next_is(MF_JSON_MAP_CLOSE, "}");
  next_is(MF_JSON_LIST_CLOSE, "]");
  next_is(MF_JSON_END, "");
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped) {
  open(
      S("\xEF\xBB\xBF"
        "7"));
  next_is(MF_JSON_INT, "7");
}
END_TEST

static void number_is(mf_str source, mf_json_kind kind) {
  open(source);
  ck_assert_int_eq(mf_json_next(&scanner), kind);
}

START_TEST(integers_keep_their_64_bits_and_kind) {
  number_is(S("5"), MF_JSON_INT);
  number_is(S("9223372036854775807"), MF_JSON_INT);
  ck_assert_int_eq(scanner.i, INT64_MAX);
  number_is(S("-9223372036854775808"), MF_JSON_INT);
  ck_assert_int_eq(scanner.i, INT64_MIN);
  number_is(S("18446744073709551615"), MF_JSON_UINT);
  ck_assert_uint_eq(scanner.u, UINT64_MAX);
  number_is(S("18446744073709551616"), MF_JSON_DOUBLE);
  number_is(S("-9223372036854775809"), MF_JSON_DOUBLE);
}
END_TEST

START_TEST(a_point_or_exponent_makes_a_double) {
  number_is(S("5.0"), MF_JSON_DOUBLE);
  ck_assert(scanner.d == 5);
  number_is(S("5e0"), MF_JSON_DOUBLE);
  number_is(S("-1.25E-2"), MF_JSON_DOUBLE);
  ck_assert(scanner.d == -0.0125);
  number_is(S("-0.0"), MF_JSON_DOUBLE);
  ck_assert(signbit(scanner.d));
}
END_TEST

static void text_is(mf_str source, mf_str expected, bool escaped) {
  open(source);
  ck_assert_int_eq(mf_json_next(&scanner), MF_JSON_STRING);
  ck_assert(mf_str_eq(scanner.text, expected));
  ck_assert_int_eq(scanner.escaped, escaped);
}

START_TEST(escapes_are_decoded) {
  text_is(S("\"plain \xC3\xA9 \x7F\""), S("plain \xC3\xA9 \x7F"), false);
  text_is(S("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), S("\"\\/\b\f\n\r\t"), true);
  text_is(S("\"a\\u00e9\\u20AC\\u0000b\""), S("a\xC3\xA9\xE2\x82\xAC\0b"), true);
  text_is(S("\"\\uD83D\\uDE00\""), S("\xF0\x9F\x98\x80"), true);
  text_is(S("\"a rather long text with one escape \\\" in it\""),
          S("a rather long text with one escape \" in it"), true);
}
END_TEST

/* Only strings with escapes cost memory: the rest is the source itself. */
START_TEST(plain_strings_are_borrowed) {
  mf_str source = S("\"plain\"");
  open(source);
  mf_json_next(&scanner);
  ck_assert_ptr_eq(scanner.text.p, source.p + 1);
  ck_assert_uint_eq(arena.in_use, 0);
}
END_TEST

/* ---- Errors ---- */

static void fails(mf_str source, uint32_t offset, const char *why) {
  open(source);
  while (mf_json_next(&scanner) < MF_JSON_END) {}
  ck_assert_msg(scanner.kind == MF_JSON_ERROR, "no error in %.*s", (int)source.n, source.p);
  ck_assert_msg(strstr(scanner.error, why) != NULL, "%.*s: %s", (int)source.n, source.p,
                scanner.error);
  ck_assert_uint_eq(scanner.span.offset, offset);
  ck_assert_uint_le(scanner.span.offset + scanner.span.length, source.n);
  ck_assert_int_eq(mf_json_next(&scanner), MF_JSON_ERROR); /* for good */
}

START_TEST(what_is_cut_short_says_so) {
  fails(S(""), 0, "ends before");
  fails(S("  "), 2, "ends before");
  fails(S("["), 1, "ends before");
  fails(S("[1,"), 3, "ends before");
  fails(S("{\"a\""), 4, "ends before");
  fails(S("{\"a\":"), 5, "ends before");
  fails(S("{\"a\":1"), 6, "ends before");
  fails(S("1."), 2, "ends before");
}
END_TEST

START_TEST(punctuation_is_strict) {
  fails(S("[1,]"), 3, "comma may not stand before");
  fails(S("{\"a\":1,}"), 7, "comma may not stand before");
  fails(S("[,1]"), 1, "missing before the comma");
  fails(S("[1 2]"), 3, "a comma or ]");
  fails(S("{\"a\":1 \"b\":2}"), 7, "a comma or }");
  fails(S("{\"a\" 1}"), 5, "colon");
  fails(S("{a:1}"), 1, "key in double quotes");
  fails(S("{1:1}"), 1, "key in double quotes");
  fails(S("{\"a\":}"), 5, "missing before the bracket");
  fails(S("[1}"), 2, "a comma or ]");
  fails(S("1 2"), 2, "only blanks");
  fails(S("]"), 0, "missing before");
}
END_TEST

START_TEST(nothing_but_json_is_json) {
  fails(S("tru"), 0, "not a JSON value");
  fails(S("True"), 0, "double quotes");
  fails(S("NaN"), 0, "not a JSON value");
  fails(S("'a'"), 0, "double quotes");
  fails(S("// x"), 0, "no comments");
  fails(S("[1 /**/]"), 3, "a comma or ]");
  fails(S("\0"), 0, "not a JSON value");
  fails(S("\xC2\xA0"
          "1"),
        0, "not a JSON value");
  fails(S("\f1"), 0, "not a JSON value");
}
END_TEST

START_TEST(numbers_are_strict) {
  fails(S("01"), 0, "begin with 0");
  fails(S("-01"), 0, "begin with 0");
  fails(S("[-]"), 2, "minus sign");
  fails(S("+1"), 0, "digit or a minus");
  fails(S(".5"), 0, "digit or a minus");
  fails(S("1.e5"), 2, "decimal point");
  fails(S("1e "), 2, "exponent");
  fails(S("1e+x"), 3, "exponent");
  fails(S("1e999"), 0, "too large");
  fails(S("0x10"), 1, "only blanks");
}
END_TEST

START_TEST(strings_are_strict) {
  fails(S("\"abc"), 0, "not closed");
  fails(S("\"abc\\"), 0, "not closed");
  fails(S("\"abc\\\""), 0, "not closed");
  fails(S("\"a\nb\""), 2, "control character");
  fails(S("\"a\0b\""), 2, "control character");
  fails(S("\"a\\x\""), 2, "no such escape");
  fails(S("\"a\\\0\""), 2, "no such escape");
  fails(S("\"\\u12g4\""), 1, "hexadecimal");
  fails(S("\"\\u12\""), 1, "hexadecimal");
}
END_TEST

START_TEST(strings_are_utf_8) {
  fails(S("\"abcdefghijk\xFF\""), 12, "UTF-8");
  fails(S("\"\xC0\x80\""), 1, "UTF-8");
  fails(S("\"\xED\xA0\x80\""), 1, "UTF-8");
  fails(S("\"\xE2\x82\""), 1, "UTF-8");
  fails(S("\"x\\uD83D\""), 2, "first half");
  fails(S("\"\\uD83D\\u0041\""), 1, "first half");
  fails(S("\"\\uDE00\""), 1, "second half");
}
END_TEST

START_TEST(depth_has_a_limit) {
  mf_json_scan_init(&scanner, &arena, S("[[{\"a\":[]}]]"), 3);
  mf_json_kind kind;
  while ((kind = mf_json_next(&scanner)) < MF_JSON_END) {}
  ck_assert_int_eq(kind, MF_JSON_ERROR);
  ck_assert(strstr(scanner.error, "too deeply") != NULL);
  ck_assert_uint_eq(scanner.span.offset, 7);
}
END_TEST

START_TEST(maps_and_lists_may_alternate_256_deep) {
  const char *why = NULL;
  uint32_t offset;
  for (int i = 0; i < 128; i++) mf_buf_puts(&out, "[{\"a\":");
  mf_buf_puts(&out, "1");
  for (int i = 0; i < 128; i++) mf_buf_puts(&out, "}]");
  ck_assert_ptr_nonnull(mf_json_parse(&arena, mf_buf_str(&out), &why, &offset));
  mf_buf_clear(&out);
  for (int i = 0; i < 257; i++) mf_buf_puts(&out, "[");
  ck_assert_ptr_null(mf_json_parse(&arena, mf_buf_str(&out), &why, &offset));
  ck_assert(strstr(why, "too deeply") != NULL);
  ck_assert_uint_eq(offset, 256);
}
END_TEST

/* ---- Tree ---- */

static mf_json *parse(const char *text) {
  const char *why = "";
  uint32_t offset;
  mf_json *root = mf_json_parse(&arena, mf_str_of(text), &why, &offset);
  ck_assert_msg(root != NULL, "%s: %s", text, why);
  return root;
}

START_TEST(members_are_read_by_name_and_kind) {
  mf_json *root = parse("{\"s\":\"x\",\"i\":5,\"d\":2.5,\"u\":18446744073709551615,\"b\":true}");
  ck_assert(mf_str_is(mf_json_str(mf_json_get(root, "s"), ""), "x"));
  ck_assert_int_eq(mf_json_int(mf_json_get(root, "i"), 0), 5);
  ck_assert(mf_json_double(mf_json_get(root, "i"), 0) == 5);
  ck_assert(mf_json_double(mf_json_get(root, "d"), 0) == 2.5);
  ck_assert(mf_json_double(mf_json_get(root, "u"), 0) > 1.8e19);
  ck_assert(mf_json_bool(mf_json_get(root, "b"), false));
}
END_TEST

START_TEST(absent_and_wrong_kinds_give_the_fallback) {
  mf_json *root = parse("{\"s\":\"x\",\"d\":5.0}");
  ck_assert_ptr_null(mf_json_get(root, "none"));
  ck_assert_ptr_null(mf_json_get(NULL, "s"));
  ck_assert_ptr_null(mf_json_get(mf_json_get(root, "s"), "s"));
  ck_assert_int_eq(mf_json_int(mf_json_get(root, "d"), 7), 7);
  ck_assert(mf_json_double(mf_json_get(root, "s"), 7) == 7);
  ck_assert(mf_json_bool(NULL, true));
  ck_assert(mf_str_is(mf_json_str(NULL, "none"), "none"));
  ck_assert_uint_eq(mf_json_str(NULL, NULL).n, 0);
}
END_TEST

START_TEST(the_last_of_repeated_keys_wins) {
  ck_assert_int_eq(mf_json_int(mf_json_get(parse("{\"a\":1,\"b\":2,\"a\":3}"), "a"), 0), 3);
}
END_TEST

START_TEST(elements_are_linked_in_order_and_spanned) {
  mf_json *root = parse(" [1, [2], {\"k\": 3}]");
  mf_json *second = root->as.first->next, *third = second->next;
  ck_assert_uint_eq(root->span.offset, 1);
  ck_assert_uint_eq(root->span.length, 18);
  ck_assert_int_eq(second->as.first->as.i, 2);
  ck_assert(mf_str_is(third->as.first->key, "k"));
  ck_assert_uint_eq(third->key.n, 0);
  ck_assert_ptr_null(third->next);
}
END_TEST

START_TEST(the_tree_outlives_its_source) {
  char text[] = "{\"key\":\"value\"}";
  mf_json *root = parse(text);
  memset(text, '#', sizeof text - 1);
  ck_assert(mf_str_is(mf_json_str(mf_json_get(root, "key"), ""), "value"));
}
END_TEST

START_TEST(each_failed_allocation_is_a_clean_error) {
  mf_counting_alloc memory = {.inner = mf_alloc_default()};
  mf_alloc a = mf_counting_alloc_as_alloc(&memory);
  mf_json *root = NULL;
  const char *text = "{\"a\":[1,\"\\n\"],\"b\":{}}";
  for (uint64_t n = 1; root == NULL; n++) {
    mf_arena small;
    const char *why = NULL;
    uint32_t offset;
    mf_arena_init(&small, &a, 0);
    memory.calls = 0;
    memory.fail_at = n;
    root = mf_json_parse(&small, mf_str_of(text), &why, &offset);
    if (root == NULL) ck_assert_str_eq(why, "out of memory");
    mf_arena_fini(&small);
    ck_assert_uint_eq(memory.in_use, 0);
  }
}
END_TEST

START_TEST(each_arena_limit_is_a_clean_error) {
  const char *text = "[\"\\n\\n\\n\",{\"a\":[1,\"\\n\"],\"b\":{}}]";
  mf_json *root = NULL;
  for (size_t limit = 1; root == NULL; limit += 8) {
    mf_arena small;
    const char *why = NULL;
    uint32_t offset;
    mf_arena_init(&small, NULL, limit);
    root = mf_json_parse(&small, mf_str_of(text), &why, &offset);
    if (root == NULL) ck_assert_str_eq(why, "out of memory");
    mf_arena_fini(&small);
    ck_assert_uint_lt(limit, 4096);
  }
}
END_TEST

/* ---- Writer ---- */

static void write_sample(void) {
  mf_json_open_map(&writer);
  mf_json_key(&writer, "a");
  mf_json_open_list(&writer);
  mf_json_put_int(&writer, INT64_MIN);
  mf_json_put_uint(&writer, UINT64_MAX);
  mf_json_null(&writer);
  mf_json_close_list(&writer);
  mf_json_key_str(&writer, S("b"));
  mf_json_put_bool(&writer, true);
  mf_json_key(&writer, "c");
  mf_json_put_raw(&writer, S("[1,2]"));
  mf_json_key(&writer, "d");
  mf_json_open_map(&writer);
  mf_json_close_map(&writer);
  mf_json_close_map(&writer);
}

START_TEST(commas_and_colons_fall_into_place) {
  write_sample();
  ck_assert_str_eq(out.p,
                   "{\"a\":[-9223372036854775808,18446744073709551615,null],"
                   "\"b\":true,\"c\":[1,2],\"d\":{}}");
}
END_TEST

START_TEST(indent_makes_it_pretty) {
  mf_json_write_init(&writer, &out, 2);
  write_sample();
  ck_assert_str_eq(out.p,
                   "{\n  \"a\": [\n    -9223372036854775808,\n    18446744073709551615,\n"
                   "    null\n  ],\n  \"b\": true,\n  \"c\": [1,2],\n  \"d\": {}\n}");
}
END_TEST

START_TEST(doubles_keep_a_point_or_exponent) {
  mf_json_open_list(&writer);
  mf_json_put_double(&writer, 5);
  mf_json_put_double(&writer, -0.0);
  mf_json_put_double(&writer, 0.1);
  mf_json_put_double(&writer, 1e300);
  mf_json_put_double(&writer, 1234567890123456);
  mf_json_put_double(&writer, (double)NAN);
  mf_json_put_double(&writer, -(double)INFINITY);
  mf_json_close_list(&writer);
  ck_assert_str_eq(out.p, "[5.0,-0.0,0.1,1e+300,1234567890123456.0,null,null]");
}
END_TEST

START_TEST(quoting_escapes_what_it_must) {
  mf_json_put_str(&writer, S("a\"\\\b\f\n\r\t\x01\0/\x7F\xC3\xA9"));
  ck_assert_str_eq(out.p, "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u0000/\x7F\xC3\xA9\"");
}
END_TEST

START_TEST(quoting_replaces_invalid_utf_8) {
  mf_json_put_str(&writer, S("12345678\xFFx\xE2\x82"));
  ck_assert_str_eq(out.p, "\"12345678\xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBD\"");
}
END_TEST

/* A special byte at each place of the eight that are looked at together. */
START_TEST(what_is_quoted_reads_back) {
  srand(5);
  for (int round = 0; round < 5000; round++) {
    char text[40];
    size_t n = (size_t)(rand() % 40);
    for (size_t i = 0; i < n; i++) text[i] = (char)(rand() % 4 ? 'a' : rand() % 128);
    mf_buf_clear(&out);
    mf_json_quote(&out, (mf_str){text, n});
    text_is(mf_buf_str(&out), (mf_str){text, n}, memchr(out.p, '\\', out.n) != NULL);
  }
}
END_TEST

/* Of each length, with what must be escaped at each place, as value and as key. */
START_TEST(what_is_not_plain_is_found_at_each_place) {
  for (size_t n = 1; n < 26; n++)
    for (size_t at = 0; at <= n; at++) {
      char text[26], expected[100], quoted[40];
      memset(text, 'z', n);
      text[n] = 0;
      if (at < n) text[at] = '"';
      snprintf(quoted, sizeof quoted, "%.*s%s%s", (int)at, text, at < n ? "\\" : "", text + at);
      snprintf(expected, sizeof expected, "{\"%s\":\"%s\"}", quoted, quoted);
      mf_buf_clear(&out);
      mf_json_write_init(&writer, &out, 0);
      mf_json_open_map(&writer);
      mf_json_key(&writer, text);
      mf_json_put_word(&writer, mf_str_of(text));
      mf_json_close_map(&writer);
      ck_assert_str_eq(out.p, expected);
    }
}
END_TEST

/* A buffer may be full to its last byte. */
START_TEST(no_more_room_is_wanted_than_is_needed) {
  for (size_t max = 10; max < 12; max++) {
    mf_buf small;
    mf_buf_init(&small, NULL, max);
    mf_json_write_init(&writer, &small, 0);
    mf_json_open_map(&writer);
    mf_json_key(&writer, "abc");
    mf_json_put_str(&writer, S("d"));
    mf_json_close_map(&writer);
    ck_assert_int_eq(small.failed, max == 10);
    mf_buf_fini(&small);
  }
}
END_TEST

static void add_writing(Suite *suite) {
  TCase *t = tcase_create("writer");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, commas_and_colons_fall_into_place);
  tcase_add_test(t, indent_makes_it_pretty);
  tcase_add_test(t, doubles_keep_a_point_or_exponent);
  tcase_add_test(t, quoting_escapes_what_it_must);
  tcase_add_test(t, quoting_replaces_invalid_utf_8);
  tcase_add_test(t, what_is_quoted_reads_back);
  tcase_add_test(t, what_is_not_plain_is_found_at_each_place);
  tcase_add_test(t, no_more_room_is_wanted_than_is_needed);
  suite_add_tcase(suite, t);
}

static void add_trees(Suite *suite) {
  TCase *t = tcase_create("tree");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, members_are_read_by_name_and_kind);
  tcase_add_test(t, absent_and_wrong_kinds_give_the_fallback);
  tcase_add_test(t, the_last_of_repeated_keys_wins);
  tcase_add_test(t, elements_are_linked_in_order_and_spanned);
  tcase_add_test(t, the_tree_outlives_its_source);
  tcase_add_test(t, each_failed_allocation_is_a_clean_error);
  tcase_add_test(t, each_arena_limit_is_a_clean_error);
  suite_add_tcase(suite, t);
}

Suite *base_json_suite(void);
Suite *base_json_suite(void) {
  Suite *suite = suite_create("base/json");
  TCase *t = tcase_create("scanner");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, tokens_come_with_their_spans);
  tcase_add_test(t, empty_containers_are_fine);
  tcase_add_test(t, a_byte_order_mark_is_skipped);
  tcase_add_test(t, integers_keep_their_64_bits_and_kind);
  tcase_add_test(t, a_point_or_exponent_makes_a_double);
  tcase_add_test(t, escapes_are_decoded);
  tcase_add_test(t, plain_strings_are_borrowed);
  tcase_add_test(t, what_is_cut_short_says_so);
  tcase_add_test(t, punctuation_is_strict);
  tcase_add_test(t, nothing_but_json_is_json);
  tcase_add_test(t, numbers_are_strict);
  tcase_add_test(t, strings_are_strict);
  tcase_add_test(t, strings_are_utf_8);
  tcase_add_test(t, depth_has_a_limit);
  tcase_add_test(t, maps_and_lists_may_alternate_256_deep);
  suite_add_tcase(suite, t);
  add_trees(suite);
  add_writing(suite);
  return suite;
}
