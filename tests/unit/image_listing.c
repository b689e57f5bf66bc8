/* SPDX-License-Identifier: MIT */
#include "corpus.h"
#include "image_kit.h"

#define PURE ".chunk 0 name=\"e\" kind=pure\n"

/* The listing of an assembled text; freed by the caller. */
static char *listing_of(const char *text, const char *source) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf out;
  kit k;
  mf_buf_init(&out, &alloc, 0);
  kit_make(&k, mf_str_of(text));
  ck_assert_msg(k.opened == MF_OK, "%s", k.detail);
  mf_disassemble(k.open, mf_str_of(source), &out);
  kit_round_trip(&k);
  kit_free(&k);
  return out.p;
}

static void expect_line(const char *text, const char *line) {
  char *listing = listing_of(text, NULL);
  ck_assert_msg(strstr(listing, line) != NULL, "no \"%s\" in\n%s", line, listing);
  free(listing);
}

/* ---- disassembling ---- */

START_TEST(operands_are_words_where_there_are_any) {
  expect_line(PURE "STEP_FIELD previous, success\nCALL string, 1\nRETURN\n",
              "  0000  STEP_FIELD   previous, success\n");
  expect_line(PURE "CONST 0\nCALL 8, 1\nRETURN\n.const 0 null\n",
              "  0001  CALL         string, 1\n");
  expect_line(".step 0 name=\"s\" path=\"p\" flags=9\n",
              "scenario=- flags=looks|expected_to_fail\n");
}
END_TEST

START_TEST(comments_say_what_operands_mean) {
  expect_line(".slot 0 name=\"latency\"\n" PURE "SLOT_GT 0, 0\nRETURN\n.const 0 double 500\n",
              "  0000  SLOT_GT      0, 0               ; \"latency\", 500\n");
  expect_line(
      PURE "CONST 2\nFIELD 0\nRETURN\n.const 0 string \"k\"\n.const 1 uint 7\n.const 2 map 0:1\n",
      "; {\"k\": 7u}\n");
}
END_TEST

/* A name may not break out of its comment. */
START_TEST(names_cannot_forge_lines) {
  expect_line(".slot 0 name=\"a\\n.truncate 3 ; x\"\n" PURE "LOAD 0\nRETURN\n",
              "; \"a\\n.truncate 3 ; x\"\n");
  expect_line(PURE "CONST 0\nRETURN\n.const 0 type \"a\\nb\"\n", "; type \"a\\nb\"\n");
}
END_TEST

START_TEST(constants_keep_every_bit) {
  expect_line(".const 0 double -0\n", ".const 0 double -0\n");
  expect_line(".const 0 double 0x7ff8000000000001\n", ".const 0 double 0x7ff8000000000001\n");
  expect_line(".const 0 double inf\n", ".const 0 double 0x7ff0000000000000\n");
  expect_line(".const 0 double 0.1\n", ".const 0 double 0.1\n");
  expect_line(".const 0 int -9223372036854775808\n", ".const 0 int -9223372036854775808\n");
  expect_line(".const 0 uint 18446744073709551615\n", ".const 0 uint 18446744073709551615\n");
  expect_line(".const 0 duration 1500000000\n", ".const 0 duration 1500000000  ; 1.5s\n");
  expect_line(".const 0 timestamp 0 5\n",
              ".const 0 timestamp 0 5  ; 1970-01-01T00:00:00.000000005Z\n");
  expect_line(".const 0 bool true\n.const 1 bool false\n.const 2 null\n",
              ".const 1 bool false\n.const 2 null\n");
}
END_TEST

START_TEST(strings_that_text_does_not_identify_are_numbered) {
  const char *twice =
      ".driver 0 name=@1\n.driver 1 name=\"same\"\n.string 0 \"same\"\n.string 1 \"same\"\n";
  expect_line(twice, ".driver 0 name=@1\n.driver 1 name=\"same\"\n");
  expect_line(".const 0 bytes @0\n.string 0 hex ff\n", ".const 0 bytes @0\n");
  expect_line(".driver 0 name=\"\\u0000\\\\\\\"\\u00e9\"\n",
              ".string 0 \"\\u0000\\\\\\\"\303\251\"\n");
}
END_TEST

START_TEST(source_lines_stand_above_their_code) {
  const char *source = "steps:\n\t name: x\n";
  char digest[33], text[300];
  mf_hash128_text(mf_hash128_of(source, strlen(source)), digest);
  snprintf(text, sizeof text,
           ".source \"a.yaml\" %zu %s\n" PURE ".line 2:3 9 4\nCONST 0\nRETURN\n.const 0 null\n",
           strlen(source), digest);
  char *listing = listing_of(text, source);
  ck_assert_msg(strstr(listing, ".line 2:3 9 4  ; name: x\n") != NULL, "%s", listing);
  free(listing);
  listing = listing_of(text, "another source\n\n");
  ck_assert_msg(strstr(listing, ".line 2:3 9 4\n") != NULL, "%s", listing);
  free(listing);
}
END_TEST

START_TEST(a_line_row_may_begin_inside_an_instruction) {
  expect_line(".slot 0 name=\"x\"\n" PURE
              "LOAD 0\n.line 1:1 0 0 pc=2\nSLOT_EQ 0, 0\nAND\nRETURN\n.const 0 null\n",
              ".line 1:1 0 0 pc=2\n  0001  SLOT_EQ");
}
END_TEST

START_TEST(a_traced_instruction_has_its_address_in_the_chunk) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf out;
  kit k;
  mf_buf_init(&out, &alloc, 0);
  kit_make(
      &k,
      MF_STR(PURE
             "CONST 0\nRETURN\n.chunk 1 name=\"f\" kind=pure\nCONST 0\nRETURN\n.const 0 int 5\n"));
  mf_disassemble_one(k.open, 3, &out);
  ck_assert_str_eq(out.p, "  0001  RETURN");
  mf_buf_clear(&out);
  mf_disassemble_one(k.open, 0, &out);
  ck_assert_str_eq(out.p, "  0000  CONST        0                  ; 5");
  mf_buf_clear(&out);
  mf_disassemble_one(k.open, 99, &out);
  ck_assert_uint_eq(out.n, 0);
  kit_free(&k);
  mf_buf_fini(&out);
}
END_TEST

START_TEST(a_full_buffer_ends_the_listing) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf out;
  kit k;
  kit_make(&k, MF_STR(PURE "CONST 0\nRETURN\n.const 0 int 5\n"));
  for (size_t max = 1; max < 100; max++) {
    mf_buf_init(&out, &alloc, max);
    mf_disassemble(k.open, (mf_str){NULL, 0}, &out);
    ck_assert(out.failed && out.n <= max);
    mf_buf_fini(&out);
  }
  kit_free(&k);
}
END_TEST

/* ---- assembling ---- */

static void expect_message(const char *text, const char *code, const char *words) {
  kit k;
  kit_assemble(&k, mf_str_of(text));
  ck_assert_int_eq(k.assembled, MF_ASM_INVALID);
  ck_assert_uint_eq(k.image.n, 0);
  ck_assert_msg(strstr(k.messages.p, code) != NULL, "no %s in: %s", code, k.messages.p);
  ck_assert_msg(strstr(k.messages.p, words) != NULL, "no %s in: %s", words, k.messages.p);
  kit_free(&k);
}

START_TEST(mistakes_have_their_codes) {
  expect_message(PURE "CONTS 0\n", "MF-E0501", "CONST");
  expect_message(PURE "\"CONST\" 0\n", "MF-E0501", "CONST");
  expect_message(".cunk 0\n", "MF-E0502", ".chunk");
  expect_message(PURE "CONST x\n", "MF-E0503", "operand a of CONST");
  expect_message(PURE "CONST 0x1000000\n", "MF-E0503", "operand a of CONST");
  expect_message(PURE "CALL siz, 1\n", "MF-E0503", "operand a of CALL");
  expect_message(PURE "CALL \"size\", 1\n", "MF-E0503", "operand a of CALL");
  expect_message(PURE "SLOT_GT 0\n", "MF-E0504", "operand b of SLOT_GT");
  expect_message(".step 0 nam=\"x\"\n", "MF-E0505", "name");
  expect_message(".step 0 name=\"x\"\n", "MF-E0504", "field path of .step");
  expect_message(".step 0 name=\"x\" path\n", "MF-E0503", "a field");
  expect_message(".step 0 name=\"x\" path=\"x\" flags=looks|lokks\n", "MF-E0503",
                 "field flags of .step");
  expect_message(".driver 1 name=\"x\"\n", "MF-E0506", "the next one is 0");
  expect_message(".const 1 null\n", "MF-E0506", "the next one is 0");
  expect_message(".string 1 \"x\"\n", "MF-E0506", "the next one is 0");
  expect_message(PURE "CONST 0\n0002 RETURN\n", "MF-E0507", "stands at 1");
  expect_message(PURE "JUMP nowhere\n", "MF-E0508", "nowhere");
  expect_message(PURE "a: a: RETURN\n", "MF-E0501", "a:");
  expect_message(PURE "a:\na: RETURN\n", "MF-E0509", "a:");
  expect_message(".driver 0 name=\"x\n", "MF-E0510", "not closed");
  expect_message(".driver 0 name=\"\\q\"\n", "MF-E0510", "MF-E");
  expect_message("RETURN\n", "MF-E0511", ".chunk");
  expect_message(PURE "RETURN RETURN\n", "MF-E0512", "RETURN");
  expect_message(".patch 100000 4 0\n", "MF-E0513", "MF-E");
  expect_message(".patch nowhere+0 4 0\n", "MF-E0513", "MF-E");
}
END_TEST

START_TEST(odd_lines_have_a_message) {
  static const char *const lines[] = {
      ".",
      ".const",
      ".const 0",
      ".const 0 what",
      ".const 0 bool maybe",
      ".const 0 double x",
      ".const 0 string",
      ".const 0 map 0",
      ".const 0 list x",
      ".const 0 raw 1",
      ".child x",
      ".line",
      ".line 1",
      ".line 1:1",
      ".line 1:1 0 0 pc",
      ".line 1:1 0 0 at=1",
      ".source",
      ".source \"a\" 1 12",
      ".source \"a\" 1 0123456789abcdef0123456789abcdeg",
      ".metadata",
      ".metadata {}",
      ".patch 0 9 0",
      ".patch 0 1 0 sum",
      ".truncate",
      ".truncate x",
      ".string",
      ".string 0",
      ".string 0 x",
      ".string 0 hex 0",
      ".string 0 hex 0g",
      ".raw 0x",
      "\"\"",
      ".driver 0 name=@x",
      ".driver 0 name=x",
      ".driver 0 name=",
      "12",
      ":",
      ".watch 0 kind=\"check\"",
      "\t,",
      ".\"x\"",
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    kit k;
    kit_assemble(&k, mf_str_of(lines[i]));
    const bool blank = !strcmp(lines[i], "\t,");
    ck_assert_msg(k.assembled == (blank ? MF_OK : MF_ASM_INVALID), "%s", lines[i]);
    ck_assert_msg(blank || k.messages.n > 0, "%s", lines[i]);
    kit_free(&k);
  }
}
END_TEST

START_TEST(each_line_has_its_own_message) {
  kit k;
  kit_assemble(&k, MF_STR("ONE\nTWO\n.three\n"));
  ck_assert(strstr(k.messages.p, "t.mfs:1:1") && strstr(k.messages.p, "t.mfs:2:1") &&
            strstr(k.messages.p, "t.mfs:3:1"));
  kit_free(&k);
}
END_TEST

START_TEST(labels_and_numbers_are_the_same) {
  kit one, two;
  kit_make(&one, MF_STR(PURE "CONST 0\nJUMP L2\nL2: RETURN\n.const 0 null\n"));
  kit_make(&two,
           MF_STR(PURE "CONST 0 ; comment\r\n  0001 JUMP 0002\r\n0002\tRETURN\r\n.const 0 null"));
  ck_assert(one.image.n == two.image.n && !memcmp(one.image.p, two.image.p, one.image.n));
  kit_free(&one);
  kit_free(&two);
}
END_TEST

START_TEST(an_empty_text_is_an_empty_image) {
  kit k;
  kit_make(&k, MF_STR(""));
  ck_assert_int_eq(k.opened, MF_OK);
  kit_round_trip(&k);
  kit_free(&k);
}
END_TEST

/* What the manual shows assembles and opens. */
START_TEST(the_manual_is_right) {
  size_t n = 0, blocks = 0;
  char *manual = corpus_read(MF_TESTS_DIR "/../docs/assembly.md", &n);
  ck_assert(manual != NULL);
  for (char *p = manual; (p = strstr(p, "```\n")) != NULL; blocks++) {
    char *end = strstr(p += 4, "```\n");
    kit k;
    ck_assert(end != NULL);
    kit_make(&k, (mf_str){p, (size_t)(end - p)});
    ck_assert_msg(k.opened == MF_OK, "%s", k.detail);
    kit_round_trip(&k);
    kit_free(&k);
    p = end + 4;
  }
  ck_assert_uint_eq(blocks, 2);
  free(manual);
}
END_TEST

static mf_status assemble_and_list(const mf_alloc *alloc, mf_str text) {
  mf_arena arena;
  mf_diags diags;
  mf_buf image, listing;
  mf_image *im = NULL;
  mf_arena_init(&arena, alloc, 0);
  mf_buf_init(&image, alloc, 0);
  mf_buf_init(&listing, alloc, 0);
  mf_diags_init(&diags, &arena);
  mf_status status = mf_assemble(&arena, text, &diags, &image);
  if (status == MF_OK)
    status = mf_image_open(alloc, (const uint8_t *)image.p, image.n, &im, NULL, 0);
  if (status == MF_OK) mf_disassemble(im, (mf_str){NULL, 0}, &listing);
  if (listing.failed) status = MF_OUT_OF_MEMORY;
  mf_image_close(im);
  mf_buf_fini(&listing);
  mf_buf_fini(&image);
  mf_arena_fini(&arena);
  return status;
}

START_TEST(out_of_memory_is_clean) {
  const mf_str text = MF_STR(
      ".slot 0 name=\"x\"\n" PURE
      "CONST 3\nJUMP a\na: RETURN\n.const 0 string \"x\"\n"
      ".const 1 list 0 0\n.const 2 bytes @0\n.const 3 map 0:2\n.string 0 \"s\"\n");
  for (uint64_t n = 1;; n++) {
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = n};
    const mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
    const mf_status status = assemble_and_list(&alloc, text);
    ck_assert_uint_eq(counting.in_use, 0);
    if (status == MF_OK) break;
    ck_assert_int_eq(status, MF_OUT_OF_MEMORY);
    ck_assert_uint_lt(n, 1000);
  }
}
END_TEST

Suite *image_listing_suite(void);
Suite *image_listing_suite(void) {
  Suite *suite = suite_create("image/listing");
  TCase *t = tcase_create("disassemble");
  tcase_add_test(t, operands_are_words_where_there_are_any);
  tcase_add_test(t, comments_say_what_operands_mean);
  tcase_add_test(t, names_cannot_forge_lines);
  tcase_add_test(t, constants_keep_every_bit);
  tcase_add_test(t, strings_that_text_does_not_identify_are_numbered);
  tcase_add_test(t, source_lines_stand_above_their_code);
  tcase_add_test(t, a_line_row_may_begin_inside_an_instruction);
  tcase_add_test(t, a_traced_instruction_has_its_address_in_the_chunk);
  tcase_add_test(t, a_full_buffer_ends_the_listing);
  suite_add_tcase(suite, t);
  t = tcase_create("assemble");
  tcase_add_test(t, mistakes_have_their_codes);
  tcase_add_test(t, odd_lines_have_a_message);
  tcase_add_test(t, each_line_has_its_own_message);
  tcase_add_test(t, labels_and_numbers_are_the_same);
  tcase_add_test(t, an_empty_text_is_an_empty_image);
  tcase_add_test(t, the_manual_is_right);
  tcase_add_test(t, out_of_memory_is_clean);
  suite_add_tcase(suite, t);
  return suite;
}
