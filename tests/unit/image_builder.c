/* SPDX-License-Identifier: MIT */
#include "image_kit.h"

static mf_arena arena;
static mf_builder *b;

static void setup(void) {
  mf_alloc alloc = mf_alloc_default();
  mf_arena_init(&arena, &alloc, 0);
  b = mf_builder_new(&arena);
}
static void teardown(void) { mf_arena_fini(&arena); }

static mf_value integer(int64_t i) { return (mf_value){.kind = MF_INT, .as.i = i}; }
static mf_value text(const char *s) {
  return (mf_value){.kind = MF_STRING, .len = (uint32_t)strlen(s), .as.s = s};
}
static mf_value list(const mf_value *items, uint32_t n) {
  return (mf_value){.kind = MF_LIST, .len = n, .as.list = items};
}
static mf_value map(const mf_map *m) {
  return (mf_value){.kind = MF_MAP, .len = m->count, .as.map = m};
}
static uint32_t add(mf_value v) { return mf_builder_constant(b, &v); }

/* Finishes; the detail if it failed. */
static mf_status finish(char detail[200]) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf out;
  mf_buf_init(&out, &alloc, 0);
  const mf_status status = mf_builder_finish(b, &out, detail, 200);
  ck_assert((out.n > 0) == (status == MF_OK));
  mf_buf_fini(&out);
  return status;
}

static void expect_failure(mf_status expected, const char *words) {
  char detail[200];
  ck_assert_str_eq(mf_status_name(finish(detail)), mf_status_name(expected));
  ck_assert_msg(strstr(detail, words) != NULL, "%s", detail);
}

START_TEST(equal_strings_get_one_number) {
  ck_assert_uint_eq(mf_builder_string(b, MF_STR("a")), 0);
  ck_assert_uint_eq(mf_builder_string(b, MF_STR("")), 1);
  ck_assert_uint_eq(mf_builder_string(b, MF_STR("a")), 0);
  ck_assert_uint_eq(mf_builder_string(b, MF_STR("a\0b")), 2);
}
END_TEST

START_TEST(equal_constants_get_one_number) {
  const mf_value seven[] = {integer(7), text("x")}, again[] = {integer(7), text("x")};
  const uint32_t n = add(list(seven, 2));
  ck_assert_uint_eq(add(list(again, 2)), n);
  ck_assert_uint_ne(add(list(seven, 1)), n);
  ck_assert_uint_eq(add(list(NULL, 0)), add(list(NULL, 0)));
  ck_assert_uint_eq(add(integer(7)), 0);
}
END_TEST

START_TEST(kinds_and_signs_of_zero_are_told_apart) {
  const mf_value uint7 = {.kind = MF_UINT, .as.u = 7}, d7 = {.kind = MF_DOUBLE, .as.d = 7};
  const mf_value zero = {.kind = MF_DOUBLE, .as.d = 0.0}, minus = {.kind = MF_DOUBLE, .as.d = -0.0};
  const mf_value bytes = {.kind = MF_BYTES, .len = 1, .as.s = "7"};
  ck_assert_uint_ne(add(integer(7)), add(uint7));
  ck_assert_uint_ne(add(integer(7)), add(d7));
  ck_assert_uint_ne(add(zero), add(minus));
  ck_assert_uint_ne(add(text("7")), add(bytes));
}
END_TEST

START_TEST(values_can_be_read_back) {
  const mf_pair pair = {text("k"), integer(5)};
  const mf_map m = {1, 0, &pair, NULL};
  const mf_value v = map(&m);
  const mf_value *kept = mf_builder_constant_value(b, add(list(&v, 1)));
  ck_assert_uint_eq(kept->kind, MF_LIST);
  ck_assert_uint_eq(kept->as.list[0].kind, MF_MAP);
  ck_assert_int_eq(kept->as.list[0].as.map->pairs[0].value.as.i, 5);
  ck_assert(kept->as.list[0].as.map->pairs[0].key.as.s != pair.key.as.s); /* copied */
}
END_TEST

START_TEST(constants_survive_growth_of_the_tables) {
  for (int64_t i = 0; i < 5000; i++) ck_assert_uint_eq(add(integer(i)), (uint32_t)i);
  for (int64_t i = 0; i < 5000; i++) ck_assert_uint_eq(add(integer(i)), (uint32_t)i);
  ck_assert_int_eq(mf_builder_constant_value(b, 4321)->as.i, 4321);
}
END_TEST

START_TEST(what_is_no_constant_is_refused) {
  const mf_value error = {.kind = MF_ERROR};
  add(error);
  expect_failure(MF_IMAGE_BAD_CONSTANT, "cannot be a constant");
}
END_TEST

START_TEST(a_repeated_key_is_refused) {
  const mf_pair pairs[] = {{integer(1), integer(1)}, {{.kind = MF_UINT, .as.u = 1}, integer(2)}};
  const mf_map m = {2, 0, pairs, NULL};
  add(map(&m));
  expect_failure(MF_IMAGE_BAD_CONSTANT, "repeated");
}
END_TEST

START_TEST(constants_are_nested_a_hundred_deep_at_most) {
  mf_value levels[101];
  levels[0] = list(NULL, 0);
  for (int i = 1; i < 101; i++) levels[i] = list(&levels[i - 1], 1);
  add(levels[99]);
  char detail[200];
  ck_assert_int_eq(finish(detail), MF_OK);
  add(levels[100]);
  expect_failure(MF_IMAGE_BAD_CONSTANT, "too deeply");
}
END_TEST

static void begin(uint32_t kind) { mf_builder_chunk_begin(b, MF_STR("c"), kind); }
static void emit(mf_opcode op, uint32_t a) { mf_builder_emit(b, op, a, 0, 0); }

START_TEST(labels_become_words_of_the_chunk) {
  emit(MF_OP_CONST, add(integer(1))); /* words before the chunk do not count */
  begin(MF_CHUNK_KIND_PURE);
  const uint32_t no = mf_builder_label(b), done = mf_builder_label(b);
  emit(MF_OP_CONST, 0);
  mf_builder_emit(b, MF_OP_CHOOSE, no, done, 0);
  ck_assert_uint_eq(mf_builder_pc(b), 3);
  mf_builder_place(b, no);
  emit(MF_OP_CONST, 0);
  mf_builder_place(b, done);
  emit(MF_OP_RETURN, 0);
  ck_assert_uint_eq(mf_builder_chunk_end(b), 0);
  const mf_row_chunk *row = (const void *)mf_builder_row_get(b, MF_TABLE_CHUNK, 0);
  ck_assert_uint_eq(row->start, 1);
  ck_assert_uint_eq(row->length, 5);
  ck_assert_uint_eq(row->max_depth, 1);
}
END_TEST

START_TEST(a_label_never_placed_is_refused) {
  begin(MF_CHUNK_KIND_PURE);
  emit(MF_OP_JUMP, mf_builder_label(b));
  ck_assert_uint_eq(mf_builder_chunk_end(b), MF_ABSENT);
  expect_failure(MF_IMAGE_BAD_JUMP, "label 0");
}
END_TEST

START_TEST(a_bad_chunk_is_explained) {
  begin(MF_CHUNK_KIND_PURE);
  emit(MF_OP_POP, 0);
  ck_assert_uint_eq(mf_builder_chunk_end(b), MF_ABSENT);
  expect_failure(MF_IMAGE_STACK_UNDERFLOW, "chunk c, word 0 (POP)");
}
END_TEST

START_TEST(the_first_failure_is_kept) {
  begin(MF_CHUNK_KIND_PURE);
  mf_builder_chunk_end(b);
  add((mf_value){.kind = MF_UNSET});
  expect_failure(MF_IMAGE_RUNS_OFF, "empty");
}
END_TEST

START_TEST(operands_that_an_opcode_does_not_have_are_refused) {
  begin(MF_CHUNK_KIND_PURE);
  mf_builder_emit(b, MF_OP_CONST, 0, 1, 0);
  expect_failure(MF_IMAGE_BAD_OPERAND, "CONST has no operand b");
}
END_TEST

START_TEST(operand_a_has_24_bits) {
  begin(MF_CHUNK_KIND_PURE);
  emit(MF_OP_CONST, 0x1000000);
  expect_failure(MF_IMAGE_TOO_LARGE, "CONST");
}
END_TEST

START_TEST(slots_are_limited) {
  const uint32_t row[3] = {mf_builder_string(b, MF_STR("x")), MF_SLOT_KIND_GLOBAL, 0};
  for (unsigned i = 0; i < MF_LIMIT_SLOTS; i++) mf_builder_row(b, MF_TABLE_SLOT, row);
  char detail[200];
  ck_assert_int_eq(finish(detail), MF_OK);
  mf_builder_row(b, MF_TABLE_SLOT, row);
  expect_failure(MF_IMAGE_TOO_LARGE, "65535");
}
END_TEST

START_TEST(rows_can_be_changed_later) {
  ck_assert_uint_eq(mf_builder_row(b, MF_TABLE_DRIVER, (uint32_t[]){3}), 0);
  *mf_builder_row_get(b, MF_TABLE_DRIVER, 0) = 4;
  ck_assert_uint_eq(*mf_builder_row_get(b, MF_TABLE_DRIVER, 0), 4);
  ck_assert_uint_eq(mf_builder_row_count(b, MF_TABLE_DRIVER), 1);
  ck_assert_ptr_nonnull(mf_builder_row_get(b, MF_TABLE_DRIVER, 99)); /* somewhere harmless */
}
END_TEST

START_TEST(a_chunk_aside_comes_behind_the_open_one) {
  emit(MF_OP_CONST, add(integer(1)));
  begin(MF_CHUNK_KIND_PURE);
  const uint32_t end = mf_builder_label(b);
  emit(MF_OP_CONST, 0);
  emit(MF_OP_AND_JUMP, end);
  for (int i = 0; i < 3; i++) {
    mf_builder_aside_begin(b, MF_STR("aside"));
    const uint32_t own = mf_builder_label(b);
    ck_assert_uint_eq(mf_builder_pc(b), 0);
    emit(MF_OP_CONST, 0);
    emit(MF_OP_OR_JUMP, own);
    for (int k = 0; k < i; k++) emit(MF_OP_NOT, 0);
    mf_builder_place(b, own);
    emit(MF_OP_RETURN, 0);
    ck_assert_uint_eq(mf_builder_aside_end(b, i != 1), i == 0 ? 1 : i == 1 ? MF_ABSENT : 2);
    ck_assert_uint_eq(mf_builder_pc(b), 2);
  }
  mf_builder_place(b, end);
  emit(MF_OP_RETURN, 0);
  ck_assert_uint_eq(mf_builder_chunk_end(b), 0);
  const mf_row_chunk *rows = (const void *)mf_builder_row_get(b, MF_TABLE_CHUNK, 0);
  ck_assert_uint_eq(mf_builder_row_count(b, MF_TABLE_CHUNK), 3);
  ck_assert_uint_eq(rows[0].length, 3);
  ck_assert_uint_eq(rows[1].start, 4); /* the word before the first chunk is one, too */
  ck_assert_uint_eq(rows[1].length, 3);
  ck_assert_uint_eq(rows[2].start, 7);
  ck_assert_uint_eq(rows[2].length, 5);
  ck_assert_uint_eq(rows[2].kind, MF_CHUNK_KIND_PURE);
}
END_TEST

START_TEST(a_bad_chunk_aside_is_explained) {
  begin(MF_CHUNK_KIND_PURE);
  mf_builder_aside_begin(b, MF_STR("aside"));
  emit(MF_OP_POP, 0);
  ck_assert_uint_eq(mf_builder_aside_end(b, true), MF_ABSENT);
  expect_failure(MF_IMAGE_STACK_UNDERFLOW, "chunk aside, word 0 (POP)");
}
END_TEST

/* A small program with something in every section. */
static void build_all(mf_builder *builder) {
  const mf_pair pairs[] = {{text("a"), integer(1)}, {text("b"), {.kind = MF_BOOL, .as.i = 1}}};
  const mf_map m = {2, 0, pairs, NULL};
  const mf_value v = map(&m);
  mf_builder_source(builder, MF_STR("a.yaml"), 40, (mf_hash128){1, 2});
  mf_builder_metadata(builder, MF_STR("{\"name\":\"x\"}"));
  mf_builder_row(builder, MF_TABLE_SLOT,
                 (uint32_t[]){mf_builder_string(builder, MF_STR("x")), 0, 0});
  mf_builder_chunk_begin(builder, MF_STR("main"), MF_CHUNK_KIND_MAIN);
  const uint32_t end = mf_builder_label(builder);
  mf_builder_line(builder, 0, 5, 1, 1);
  mf_builder_emit(builder, MF_OP_RUN_ENTER, end, 0, 0);
  mf_builder_line(builder, 6, 7, 2, 1);
  mf_builder_line(builder, 8, 7, 3, 1); /* nothing came from line 2 */
  mf_builder_emit(builder, MF_OP_CONST, mf_builder_constant(builder, &v), 0, 0);
  mf_builder_line(builder, 8, 7, 3, 1);
  mf_builder_emit(builder, MF_OP_STORE, 0, 0, 0);
  mf_builder_place(builder, end);
  mf_builder_emit(builder, MF_OP_RUN_LEAVE, 0, 0, 0);
  mf_builder_emit(builder, MF_OP_END, 0, 0, 0);
  mf_builder_chunk_end(builder);
}

START_TEST(what_is_built_opens) {
  mf_alloc alloc = mf_alloc_default();
  kit k = {.open = NULL};
  mf_arena_init(&k.arena, &alloc, 0);
  mf_buf_init(&k.image, &alloc, 0);
  mf_buf_init(&k.messages, &alloc, 0);
  build_all(b);
  ck_assert_int_eq(mf_builder_finish(b, &k.image, NULL, 0), MF_OK);
  kit_open(&k);
  ck_assert_msg(k.opened == MF_OK, "%s", k.detail);
  ck_assert_uint_eq(k.open->line_count, 2);
  ck_assert_uint_eq(mf_image_line(k.open, 0)->line, 1);
  ck_assert_uint_eq(mf_image_line(k.open, 1)->line, 3);
  ck_assert_uint_eq(mf_image_line(k.open, 4)->line, 3);
  ck_assert_uint_eq(k.open->source->length, 40);
  ck_assert_uint_eq(k.open->source->digest[1], 2);
  kit_round_trip(&k);
  kit_free(&k);
}
END_TEST

START_TEST(the_same_calls_give_the_same_bytes) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf one, two;
  mf_buf_init(&one, &alloc, 0);
  mf_buf_init(&two, &alloc, 0);
  build_all(b);
  ck_assert_int_eq(mf_builder_finish(b, &one, NULL, 0), MF_OK);
  b = mf_builder_new(&arena);
  build_all(b);
  ck_assert_int_eq(mf_builder_finish(b, &two, NULL, 0), MF_OK);
  ck_assert(one.n == two.n && memcmp(one.p, two.p, one.n) == 0);
  mf_buf_fini(&one);
  mf_buf_fini(&two);
}
END_TEST

/* Fails each allocation in turn. */
START_TEST(out_of_memory_is_reported_once_and_cleanly) {
  for (uint64_t n = 1;; n++) {
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = n};
    const mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
    mf_arena small;
    mf_buf out;
    mf_arena_init(&small, &alloc, 0);
    mf_buf_init(&out, &alloc, 0);
    mf_builder *builder = mf_builder_new(&small);
    mf_status status = MF_OUT_OF_MEMORY;
    if (builder) {
      build_all(builder);
      status = mf_builder_finish(builder, &out, NULL, 0);
    }
    mf_buf_fini(&out);
    mf_arena_fini(&small);
    ck_assert_uint_eq(counting.in_use, 0);
    if (status == MF_OK) break;
    ck_assert_int_eq(status, MF_OUT_OF_MEMORY);
    ck_assert_uint_lt(n, 1000);
  }
}
END_TEST

Suite *image_builder_suite(void);
Suite *image_builder_suite(void) {
  Suite *suite = suite_create("image/builder");
  TCase *t = tcase_create("builder");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_test(t, equal_strings_get_one_number);
  tcase_add_test(t, equal_constants_get_one_number);
  tcase_add_test(t, kinds_and_signs_of_zero_are_told_apart);
  tcase_add_test(t, values_can_be_read_back);
  tcase_add_test(t, constants_survive_growth_of_the_tables);
  tcase_add_test(t, what_is_no_constant_is_refused);
  tcase_add_test(t, a_repeated_key_is_refused);
  tcase_add_test(t, constants_are_nested_a_hundred_deep_at_most);
  tcase_add_test(t, labels_become_words_of_the_chunk);
  tcase_add_test(t, a_label_never_placed_is_refused);
  tcase_add_test(t, a_bad_chunk_is_explained);
  tcase_add_test(t, the_first_failure_is_kept);
  tcase_add_test(t, a_chunk_aside_comes_behind_the_open_one);
  tcase_add_test(t, a_bad_chunk_aside_is_explained);
  tcase_add_test(t, operands_that_an_opcode_does_not_have_are_refused);
  tcase_add_test(t, operand_a_has_24_bits);
  tcase_add_test(t, slots_are_limited);
  tcase_add_test(t, rows_can_be_changed_later);
  tcase_add_test(t, what_is_built_opens);
  tcase_add_test(t, the_same_calls_give_the_same_bytes);
  tcase_add_test(t, out_of_memory_is_reported_once_and_cleanly);
  suite_add_tcase(suite, t);
  return suite;
}
