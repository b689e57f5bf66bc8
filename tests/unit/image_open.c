/* SPDX-License-Identifier: MIT */
#include "image_kit.h"

/* Something in every section and table that opening looks at. */
static const char everything[] =
    ".source \"a.yaml\" 100 000102030405060708090a0b0c0d0e0f\n"
    ".metadata \"{\\\"a\\\":[1,2.5,null]}\"\n"
    ".slot 0 name=\"x\" kind=global\n.slot 1 name=\"latency\" kind=metric_max arg=0\n"
    ".metric 0 name=\"latency\" kind=trend\n.driver 0 name=\"wait\"\n"
    ".scenario 0 name=\"s\" driver=\"http_load\"\n.watch 0 kind=check chunk=1 scenario=0 "
    "name=\"w\" path=\"p\"\n"
    ".step 0 name=\"one\" path=\"s[0]\" scenario=0 flags=looks\n"
    ".assertion 0 name=\"a\" path=\"a\" type=condition step=0 flags=warning message=\"m\"\n"
    ".chunk 0 name=\"main\" kind=main\n.line 1:1 0 5\nRUN_ENTER end\nSTEP_ENTER 0, out\n.line 2:3 "
    "10 5\n"
    "CONST 0\nSTEP_BEGIN 0\nSLOT_GT 1, 1\nJUMP_FALSE out\nCONST 5\nSTORE 0\nout: STEP_LEAVE "
    "0\nGATE\n"
    "end: RUN_LEAVE\nEND\n"
    ".chunk 1 name=\"check\" kind=pure\nLOAD 0\nFIELD 0\nCHOOSE no, done\nno: CONST 2\ndone: "
    "RETURN\n"
    ".const 0 string \"one\"\n.const 1 double 500.5\n.const 2 bytes @0\n.const 3 list 0 1 2\n"
    ".const 4 timestamp -5 999999999\n.const 5 map 0:3\n.string 0 hex fffe00\n";

static kit k;
static void setup(void) {
  kit_make(&k, mf_str_of(everything));
  ck_assert_msg(k.opened == MF_OK, "%s", k.detail);
}
static void teardown(void) { kit_free(&k); }

START_TEST(constants_become_values) {
  const mf_value *v = k.open->values;
  ck_assert_uint_eq(v[0].kind, MF_STRING);
  ck_assert(v[0].len == 3 && memcmp(v[0].as.s, "one", 4) == 0);
  ck_assert(v[1].kind == MF_DOUBLE && v[1].as.d == 500.5);
  ck_assert(v[2].kind == MF_BYTES && v[2].len == 3);
  ck_assert(v[3].kind == MF_LIST && v[3].len == 3 && v[3].as.list[1].as.d == 500.5);
  ck_assert(v[4].kind == MF_TIMESTAMP && v[4].as.i == -5 && v[4].len == 999999999);
  ck_assert(v[5].kind == MF_MAP && v[5].as.map->count == 1);
  ck_assert_ptr_eq(v[5].as.map->pairs[0].value.as.list, v[3].as.list); /* shared */
}
END_TEST

START_TEST(large_maps_have_an_index) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf text;
  kit big;
  mf_buf_init(&text, &alloc, 0);
  for (int i = 0; i < 100; i++) mf_buf_printf(&text, ".const %d string \"key %d\"\n", i, i);
  mf_buf_puts(&text, ".const 100 map");
  for (int i = 0; i < 100; i++) mf_buf_printf(&text, " %d:%d", i, i);
  mf_buf_puts(&text, "\n");
  kit_make(&big, mf_buf_str(&text));
  const mf_map *map = big.open->values[100].as.map;
  ck_assert_ptr_nonnull(map->index);
  ck_assert_uint_ge(map->index_mask + 1, 200);
  unsigned entered = 0;
  for (uint32_t i = 0; i <= map->index_mask; i++) entered += map->index[i] != 0;
  ck_assert_uint_eq(entered, 100);
  kit_free(&big);
  mf_buf_fini(&text);
}
END_TEST

START_TEST(every_shorter_image_is_refused) {
  for (size_t n = 0; n < k.image.n; n++) {
    mf_image *im;
    const mf_status status = mf_image_open(NULL, (const uint8_t *)k.image.p, n, &im, NULL, 0);
    ck_assert_int_eq(status, MF_IMAGE_TRUNCATED);
    ck_assert_ptr_null(im);
  }
}
END_TEST

/* Whatever a byte says, with a checksum that fits: a named refusal, or an image
 * whose listing gives the same bytes. */
START_TEST(every_changed_byte_is_refused_or_harmless) {
  static const uint8_t flips[] = {0x01, 0x80, 0xff, 0x7f};
  for (size_t i = 0; i < k.image.n; i++)
    for (size_t f = 0; f < sizeof flips; f++) {
      kit bad = k;
      bad.open = NULL;
      k.image.p[i] ^= (char)flips[f];
      if (i < 32 || i >= 48) mf_image_seal((uint8_t *)k.image.p, k.image.n);
      kit_open(&bad);
      if (bad.opened == MF_OK)
        kit_round_trip(&bad);
      else
        ck_assert(strncmp(mf_status_name(bad.opened), "IMAGE_", 6) == 0);
      mf_image_close(bad.open);
      k.image.p[i] ^= (char)flips[f];
      mf_image_seal((uint8_t *)k.image.p, k.image.n);
    }
}
END_TEST

START_TEST(every_changed_byte_spoils_the_checksum) {
  for (size_t i = 32; i < k.image.n; i++) {
    kit bad = k;
    bad.open = NULL;
    k.image.p[i] ^= 1;
    kit_open(&bad);
    ck_assert_int_eq(bad.opened, MF_IMAGE_BAD_CHECKSUM);
    k.image.p[i] ^= 1;
  }
}
END_TEST

START_TEST(bytes_must_be_aligned) {
  char *moved = malloc(k.image.n + 8);
  mf_image *im;
  memcpy(moved + 4, k.image.p, k.image.n);
  ck_assert_int_eq(mf_image_open(NULL, (const uint8_t *)moved + 4, k.image.n, &im, NULL, 0),
                   MF_IMAGE_BAD_SECTION);
  free(moved);
}
END_TEST

/* The size is looked at before the bytes: they need not be there. */
START_TEST(an_image_over_the_limit_is_refused) {
  char detail[100];
  mf_image *im;
  ck_assert_int_eq(mf_image_open(NULL, (const uint8_t *)k.image.p, MF_LIMIT_IMAGE_BYTES + 1, &im,
                                 detail, sizeof detail),
                   MF_IMAGE_TOO_LARGE);
  ck_assert(strstr(detail, "268435457") != NULL);
}
END_TEST

START_TEST(the_explanation_fits_where_it_is_put) {
  char detail[10] = "xxxxxxxxx";
  mf_image *im;
  ck_assert_int_eq(mf_image_open(NULL, (const uint8_t *)"MFC", 3, &im, detail, 8),
                   MF_IMAGE_TRUNCATED);
  ck_assert_uint_eq(strlen(detail), 7);
  ck_assert_int_eq(detail[8], 'x');
}
END_TEST

START_TEST(out_of_memory_is_clean) {
  for (uint64_t n = 1;; n++) {
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = n};
    const mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
    mf_image *im;
    const mf_status status = mf_image_open(&alloc, (const uint8_t *)k.image.p, k.image.n, &im, NULL,
                                           0);
    mf_image_close(im);
    ck_assert_uint_eq(counting.in_use, 0);
    if (status == MF_OK) break;
    ck_assert_int_eq(status, MF_OUT_OF_MEMORY);
    ck_assert_uint_lt(n, 1000);
  }
}
END_TEST

START_TEST(closing_nothing_does_nothing) { mf_image_close(NULL); }
END_TEST

START_TEST(words_before_the_first_row_have_no_line) {
  kit bare;
  kit_make(&bare, MF_STR(".chunk 0 name=\"m\" kind=main\nEND\n"));
  ck_assert_int_eq(bare.opened, MF_OK);
  ck_assert_ptr_null(mf_image_line(bare.open, 0));
  kit_free(&bare);
  ck_assert_uint_eq(mf_image_line(k.open, 1)->column, 1);
  ck_assert_uint_eq(mf_image_line(k.open, 3)->column, 3);
}
END_TEST

Suite *image_open_suite(void);
Suite *image_open_suite(void) {
  Suite *suite = suite_create("image/open");
  TCase *t = tcase_create("open");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, constants_become_values);
  tcase_add_test(t, large_maps_have_an_index);
  tcase_add_test(t, every_shorter_image_is_refused);
  tcase_add_test(t, every_changed_byte_is_refused_or_harmless);
  tcase_add_test(t, every_changed_byte_spoils_the_checksum);
  tcase_add_test(t, bytes_must_be_aligned);
  tcase_add_test(t, an_image_over_the_limit_is_refused);
  tcase_add_test(t, the_explanation_fits_where_it_is_put);
  tcase_add_test(t, out_of_memory_is_clean);
  tcase_add_test(t, closing_nothing_does_nothing);
  tcase_add_test(t, words_before_the_first_row_have_no_line);
  suite_add_tcase(suite, t);
  return suite;
}
