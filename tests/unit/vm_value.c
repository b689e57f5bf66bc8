/* SPDX-License-Identifier: MIT */
#include "vm_kit.h"

static mf_arena arena;

static void set_up(void) { mf_arena_init(&arena, NULL, 0); }
static void tear_down(void) { mf_arena_fini(&arena); }

static const char *text_of(void (*write)(mf_json_writer *, const mf_value *), const mf_value *v) {
  mf_buf out;
  mf_json_writer w;
  mf_buf_init(&out, NULL, 1 << 20);
  mf_json_write_init(&w, &out, 0);
  write(&w, v);
  const char *copy = mf_arena_copy(&arena, out.p, out.n);
  mf_buf_fini(&out);
  return copy;
}

static const char *lossless(const mf_value *v) { return text_of(mf_value_write_json, v); }
static const char *plain(const mf_value *v) { return text_of(mf_value_write_plain, v); }

static const char *shown(mf_value v) {
  mf_buf out;
  mf_buf_init(&out, NULL, 1 << 20);
  mf_buf_puts(&out, "");
  mf_value_write_text(&out, &v);
  const char *copy = mf_arena_copy(&arena, out.p, out.n);
  mf_buf_fini(&out);
  return copy;
}

static mf_value list(uint32_t n, const mf_value *items) { return mf_list_of(&arena, items, n); }
#define LIST(...) \
  list(sizeof((mf_value[]){__VA_ARGS__}) / sizeof(mf_value), (mf_value[]){__VA_ARGS__})
#define S(text) mf_string(MF_STR(text))

/* ---- JSON ---- */

static const char *const lossless_texts[] = {
    "null",
    "true",
    "false",
    "0",
    "-9223372036854775808",
    "9223372036854775807",
    "5.0",
    "-0.0",
    "1e+300",
    "\"\"",
    "\"h\xC3\xA9\\n\"",
    "[]",
    "[1,[2.5,null]]",
    "{}",
    "{\"a\":{\"b\":[]}}",
    "{\"$uint\":\"18446744073709551615\"}",
    "{\"$double\":\"NaN\"}",
    "{\"$double\":\"Infinity\"}",
    "{\"$double\":\"-Infinity\"}",
    "{\"$bytes\":\"aGk=\"}",
    "{\"$bytes\":\"\"}",
    "{\"$timestamp\":\"2026-11-25T13:24:05.25Z\"}",
    "{\"$duration\":\"-1.5s\"}",
    "{\"$duration\":\"9223372036.854775807s\"}",
    "{\"$duration\":\"-9223372036.854775808s\"}",
    "{\"$type\":\"google.protobuf.Timestamp\"}",
    "{\"$error\":\"no key 'x'\"}",
    "{\"$optional\":[]}",
    "{\"$optional\":[{\"$optional\":[1]}]}",
    "{\"$map\":[[1,\"one\"],[true,2]]}",
    "{\"$map\":[[\"$uint\",\"5\"]]}",
};

START_TEST(lossless_json_comes_back_as_it_was) {
  mf_value v = vm_parse(&arena, lossless_texts[_i]);
  ck_assert_int_ne(v.kind, MF_UNSET);
  const char *once = lossless(&v);
  mf_value again = vm_parse(&arena, once);
  ck_assert_str_eq(lossless(&again), once);
  if (strcmp(lossless_texts[_i], "1e+300") != 0) ck_assert_str_eq(once, lossless_texts[_i]);
}
END_TEST

START_TEST(what_is_no_special_form_stays_a_map) {
  static const char *const texts[] = {"{\"$uint\":5}",
                                      "{\"$uint\":\"x\"}",
                                      "{\"$other\":\"5\"}",
                                      "{\"$type\":\"no\"}",
                                      "{\"$bytes\":\"!\"}",
                                      "{\"$map\":[[1]]}",
                                      "{\"$map\":[[[],1]]}",
                                      "{\"$optional\":[1,2]}",
                                      "{\"$uint\":\"5\",\"b\":1}",
                                      "{\"$timestamp\":\"then\"}"};
  for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
    mf_value v = vm_parse(&arena, texts[i]);
    ck_assert_msg(v.kind == MF_MAP, "%s", texts[i]);
  }
}
END_TEST

START_TEST(secrets_are_not_written) {
  mf_value v = S("hunter2");
  v.flags = MF_TAINTED;
  mf_value around = LIST(mf_int(1), v);
  ck_assert_str_eq(lossless(&around), "[1,{\"$secret\":true}]");
  ck_assert_str_eq(plain(&around), "[1,\"hunter2\"]");
}
END_TEST

START_TEST(repeated_json_keys_the_last_counts) {
  mf_value v = vm_parse(&arena, "{\"a\":1,\"b\":2,\"a\":3}");
  ck_assert_str_eq(lossless(&v), "{\"a\":3,\"b\":2}");
}
END_TEST

START_TEST(plain_json_is_for_people) {
  mf_value v = vm_parse(
      &arena,
      "[{\"$uint\":\"5\"},5.0,{\"$double\":\"NaN\"},{\"$bytes\":\"aGk=\"},"
      "{\"$timestamp\":\"2026-11-25T13:24:05Z\"},{\"$duration\":\"90s\"},"
      "{\"$map\":[[1,2],[true,3],[\"x\",4]]},{\"$optional\":[7]},{\"$optional\":[]}]");
  ck_assert_str_eq(plain(&v),
                   "[5,5.0,null,\"aGk=\",\"2026-11-25T13:24:05Z\",\"90s\","
                   "{\"1\":2,\"true\":3,\"x\":4},7,null]");
}
END_TEST

START_TEST(text_is_what_interpolation_shows) {
  ck_assert_str_eq(shown(S("a\"b")), "a\"b");
  ck_assert_str_eq(shown(mf_null()), "null");
  ck_assert_str_eq(shown(mf_bool(true)), "true");
  ck_assert_str_eq(shown(mf_int(-5)), "-5");
  ck_assert_str_eq(shown(mf_uint(UINT64_MAX)), "18446744073709551615");
  ck_assert_str_eq(shown(mf_double(5)), "5");
  ck_assert_str_eq(shown(mf_double(0.1)), "0.1");
  ck_assert_str_eq(shown(mf_duration_value(90500000000)), "90.5s");
  ck_assert_str_eq(shown(mf_duration_value(0)), "0s");
  ck_assert_str_eq(shown(mf_timestamp_value(0, 5000000)), "1970-01-01T00:00:00.005Z");
  ck_assert_str_eq(shown(mf_type_value(MF_INT)), "int");
  ck_assert_str_eq(shown(mf_bytes(MF_STR("hi"))), "hi");
  ck_assert_str_eq(shown(mf_bytes(MF_STR("\xFF"))), "/w==");
  ck_assert_str_eq(shown(LIST(mf_int(1), S("x"))), "[1,\"x\"]");
  ck_assert_str_eq(shown(mf_error(MF_EVAL_NO_KEY, MF_STR("no key"))), "no key");
}
END_TEST

/* ---- Maps ---- */

static mf_value numbered_map(int64_t n) {
  mf_map_builder b;
  mf_map_build(&b, &arena);
  for (int64_t i = 0; i < n; i++) mf_map_add_value(&b, mf_int(i * 7), mf_int(i));
  return mf_map_done(&b);
}

START_TEST(maps_of_all_sizes_find_their_keys) {
  for (int64_t n = 0; n < 100; n++) {
    mf_value v = numbered_map(n);
    ck_assert_uint_eq(v.len, (uint32_t)n);
    ck_assert((v.as.map->index != NULL) == (n > 8));
    for (int64_t i = 0; i < n; i++) {
      ck_assert_int_eq(mf_map_find(v.as.map, mf_int(i * 7))->as.i, i);
      ck_assert_int_eq(mf_map_find(v.as.map, mf_uint((uint64_t)i * 7))->as.i, i);
      ck_assert_int_eq(mf_map_find(v.as.map, mf_double((double)i * 7))->as.i, i);
      ck_assert_ptr_null(mf_map_find(v.as.map, mf_int(i * 7 + 1)));
      ck_assert_ptr_null(mf_map_find(v.as.map, mf_double((double)i * 7 + 0.5)));
    }
  }
}
END_TEST

START_TEST(kinds_that_are_no_keys_are_not_found) {
  mf_value v = numbered_map(3);
  mf_value keys[] = {mf_null(),
                     mf_double(0.0 / 0.0),
                     mf_double(1e300),
                     mf_bytes(MF_STR("")),
                     mf_bool(false),
                     mf_double(-1e300),
                     S(""),
                     mf_duration_value(0)};
  for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
    ck_assert_ptr_null(mf_map_find(v.as.map, keys[i]));
}
END_TEST

START_TEST(large_numbers_are_keys_without_loss) {
  mf_map_builder b;
  mf_map_build(&b, &arena);
  mf_map_add_value(&b, mf_uint(UINT64_C(1) << 63), mf_int(1));
  mf_map_add_value(&b, mf_int(INT64_MIN), mf_int(2));
  mf_map_add_value(&b, mf_uint(UINT64_MAX), mf_int(3));
  mf_map_add_value(&b, mf_int(-1), mf_int(4));
  mf_value v = mf_map_done(&b);
  ck_assert(!b.repeated);
  ck_assert_int_eq(mf_map_find(v.as.map, mf_double(0x1p63))->as.i, 1);
  ck_assert_int_eq(mf_map_find(v.as.map, mf_double(-0x1p63))->as.i, 2);
  ck_assert_ptr_null(mf_map_find(v.as.map, mf_double(0x1p64)));
  ck_assert_int_eq(mf_map_find(v.as.map, mf_uint(UINT64_MAX))->as.i, 3);
  ck_assert_int_eq(mf_map_find(v.as.map, mf_double(-1))->as.i, 4);
}
END_TEST

START_TEST(repeated_keys_are_noticed) {
  for (unsigned extra = 0; extra < 12; extra += 11) {
    mf_map_builder b;
    mf_map_build(&b, &arena);
    mf_map_add_value(&b, mf_int(1), S("first"));
    for (unsigned i = 0; i < extra; i++) mf_map_add_value(&b, mf_int(100 + (int64_t)i), mf_null());
    mf_map_add_value(&b, mf_uint(1), S("last"));
    mf_value v = mf_map_done(&b);
    ck_assert(b.repeated);
    ck_assert_uint_eq(v.len, 1 + extra);
    ck_assert_str_eq(shown(*mf_map_find(v.as.map, mf_int(1))), "last");
  }
}
END_TEST

START_TEST(typed_reads_have_defaults) {
  mf_value v = vm_parse(&arena,
                        "{\"s\":\"x\",\"n\":2,\"u\":{\"$uint\":\"3\"},\"d\":0.5,\"b\":true,\"t\":{"
                        "\"$duration\":\"1.5s\"}}");
  ck_assert(mf_str_is(mf_map_str(&v, "s", "?"), "x"));
  ck_assert(mf_str_is(mf_map_str(&v, "n", "?"), "?"));
  ck_assert_double_eq(mf_map_number(&v, "n", 9), 2);
  ck_assert_double_eq(mf_map_number(&v, "u", 9), 3);
  ck_assert_double_eq(mf_map_number(&v, "d", 9), 0.5);
  ck_assert_double_eq(mf_map_number(&v, "t", 9), 1.5);
  ck_assert_double_eq(mf_map_number(&v, "s", 9), 9);
  ck_assert(mf_map_bool(&v, "b", false));
  ck_assert(mf_map_bool(&v, "none", true));
  ck_assert_ptr_null(mf_map_get(NULL, MF_STR("x")));
}
END_TEST

/* ---- Copies ---- */

START_TEST(copies_are_deep) {
  mf_arena other;
  mf_arena_init(&other, NULL, 0);
  mf_value v = vm_parse(
      &other,
      "{\"a\":[1,\"two\",{\"$bytes\":\"aGk=\"},[],{}],\"b\":{\"$optional\":[[3]]},"
      "\"c\":{\"$optional\":[]},\"d\":\"\",\"e\":{\"$type\":\"int\"}}");
  mf_value big = numbered_map(20);
  mf_value copy = mf_value_copy(&arena, &v), big_copy = mf_value_copy(&arena, &big);
  const char *before = mf_arena_copy(&arena, lossless(&v), strlen(lossless(&v)));
  mf_arena_fini(&other); /* whatever the copy shared is gone now */
  ck_assert_str_eq(lossless(&copy), before);
  ck_assert_ptr_nonnull(big_copy.as.map->index);
  for (int64_t i = 0; i < 20; i++)
    ck_assert_int_eq(mf_map_find(big_copy.as.map, mf_int(i * 7))->as.i, i);
}
END_TEST

START_TEST(scalars_need_no_memory) {
  mf_value v = mf_timestamp_value(5, 6);
  ck_assert_uint_eq(mf_value_size(&v, 0), 0);
  mf_value copy = mf_value_copy(&arena, &v);
  ck_assert_int_eq(copy.as.i, 5);
  ck_assert_uint_eq(copy.len, 6);
  ck_assert_ptr_null(arena.head);
}
END_TEST

static mf_value nested(unsigned depth) {
  mf_value v = mf_int(1);
  for (unsigned i = 0; i < depth; i++) v = LIST(v);
  return v;
}

START_TEST(copies_refuse_what_is_nested_too_deep) {
  mf_value fits = nested(MF_VALUE_DEPTH), deep = nested(MF_VALUE_DEPTH + 1);
  ck_assert_uint_ne(mf_value_size(&fits, SIZE_MAX), SIZE_MAX);
  ck_assert_uint_eq(mf_value_size(&deep, SIZE_MAX), SIZE_MAX);
  ck_assert_int_eq(mf_value_copy(&arena, &deep).kind, MF_UNSET);
  ck_assert_ptr_nonnull(strstr(lossless(&deep), "nested too deep"));
  ck_assert_ptr_nonnull(strstr(plain(&deep), "[null]"));
}
END_TEST

/* A list of two of the list before, and so on: 2^60 elements when walked. */
static mf_value bomb(void) {
  mf_value v = mf_int(1);
  for (unsigned i = 0; i < 60; i++) v = LIST(v, v);
  return v;
}

START_TEST(values_that_share_parts_do_not_take_for_ever) {
  mf_value v = bomb();
  mf_buf out;
  mf_json_writer w;
  ck_assert_uint_eq(mf_value_size(&v, 1 << 20), SIZE_MAX);
  mf_buf_init(&out, NULL, 1 << 16);
  mf_json_write_init(&w, &out, 0);
  mf_value_write_json(&w, &v);
  ck_assert(out.failed);
  mf_buf_fini(&out);
  mf_buf_init(&out, NULL, 1 << 16);
  mf_value_write_text(&out, &v);
  ck_assert(out.failed);
  mf_buf_fini(&out);
}
END_TEST

START_TEST(out_of_memory_is_unset) {
  mf_value v = vm_parse(&arena, "{\"a\":[1,2,3]}");
  mf_arena small;
  mf_counting_alloc c = {.inner = mf_alloc_default(), .fail_at = 1};
  mf_alloc a = mf_counting_alloc_as_alloc(&c);
  mf_arena_init(&small, &a, 0);
  ck_assert_int_eq(mf_value_copy(&small, &v).kind, MF_UNSET);
  ck_assert_int_eq(mf_list_of(&small, &v, 1).kind, MF_UNSET);
  mf_map_builder b;
  mf_map_build(&b, &small);
  mf_map_add(&b, "k", v);
  ck_assert_int_eq(mf_map_done(&b).kind, MF_UNSET);
  mf_value error = mf_errorf(&small, MF_EVAL_NO_KEY, "x %d", 1);
  ck_assert_int_eq(error.kind, MF_ERROR);
  ck_assert(mf_arena_oom(&small));
  mf_arena_fini(&small);
}
END_TEST

START_TEST(long_messages_are_cut_at_a_code_point) {
  char text[600];
  memset(text, 'a', 510);
  strcpy(text + 510, "\xC3\xA9 and more");
  mf_value v = mf_errorf(&arena, MF_EVAL_NO_KEY, "%s", text);
  ck_assert_uint_eq(v.len, 510);
}
END_TEST

Suite *vm_value_suite(void);
Suite *vm_value_suite(void) {
  Suite *s = suite_create("vm_value");
  TCase *t = tcase_create("values");
  suite_add_tcase(s, t);
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_loop_test(t, lossless_json_comes_back_as_it_was, 0,
                      (int)(sizeof lossless_texts / sizeof *lossless_texts));
  tcase_add_test(t, what_is_no_special_form_stays_a_map);
  tcase_add_test(t, secrets_are_not_written);
  tcase_add_test(t, repeated_json_keys_the_last_counts);
  tcase_add_test(t, plain_json_is_for_people);
  tcase_add_test(t, text_is_what_interpolation_shows);
  tcase_add_test(t, maps_of_all_sizes_find_their_keys);
  tcase_add_test(t, kinds_that_are_no_keys_are_not_found);
  tcase_add_test(t, large_numbers_are_keys_without_loss);
  tcase_add_test(t, repeated_keys_are_noticed);
  tcase_add_test(t, typed_reads_have_defaults);
  tcase_add_test(t, copies_are_deep);
  tcase_add_test(t, scalars_need_no_memory);
  tcase_add_test(t, copies_refuse_what_is_nested_too_deep);
  tcase_add_test(t, values_that_share_parts_do_not_take_for_ever);
  tcase_add_test(t, out_of_memory_is_unset);
  tcase_add_test(t, long_messages_are_cut_at_a_code_point);
  return s;
}
