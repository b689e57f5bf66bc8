/* SPDX-License-Identifier: MIT */
#include "../../base/arena.h"

#include <check.h>
#include <string.h>

static mf_counting_alloc memory;
static mf_arena arena;

static void set_up(void) {
  memory = (mf_counting_alloc){.inner = mf_alloc_default()};
  mf_alloc a = mf_counting_alloc_as_alloc(&memory);
  mf_arena_init(&arena, &a, 0);
}

static void tear_down(void) {
  mf_arena_fini(&arena);
  ck_assert_uint_eq(memory.in_use, 0);
}

START_TEST(nothing_is_allocated_before_the_first_get) { ck_assert_uint_eq(memory.calls, 0); }
END_TEST

START_TEST(sizes_decide_the_alignment) {
  for (size_t size = 0; size < 100; size++) {
    uintptr_t p = (uintptr_t)mf_arena_get(&arena, size);
    ck_assert_uint_ne(p, 0);
    ck_assert_uint_eq(p % (size % 16 == 0 ? 16 : 8), 0);
  }
}
END_TEST

START_TEST(pieces_do_not_overlap) {
  unsigned char *p[300];
  for (size_t i = 0; i < 300; i++) memset(p[i] = mf_arena_get(&arena, i), (int)(i % 251), i);
  for (size_t i = 0; i < 300; i++)
    for (size_t k = 0; k < i; k++) ck_assert_uint_eq(p[i][k], i % 251);
}
END_TEST

START_TEST(zero_is_zeroed_even_where_memory_is_reused) {
  memset(mf_arena_get(&arena, 64), 0xFF, 64);
  mf_arena_reset(&arena);
  const char *p = mf_arena_zero(&arena, 64);
  for (size_t i = 0; i < 64; i++) ck_assert_int_eq(p[i], 0);
}
END_TEST

START_TEST(a_piece_may_be_larger_than_any_block) {
  char *p = mf_arena_get(&arena, 5000000);
  ck_assert_ptr_nonnull(p);
  p[0] = p[4999999] = 1;
}
END_TEST

START_TEST(copy_ends_with_nul) {
  ck_assert_str_eq(mf_arena_copy(&arena, "abcdef", 3), "abc");
  ck_assert_str_eq(mf_arena_copy(&arena, NULL, 0), "");
}
END_TEST

START_TEST(printf_fits_its_text) {
  ck_assert_str_eq(mf_arena_printf(&arena, "%d-%s", 42, "x"), "42-x");
  ck_assert_uint_eq(strlen(mf_arena_printf(&arena, "%9000d", 1)), 9000);
}
END_TEST

START_TEST(oom_is_sticky_until_reset) {
  memory.fail_at = 1;
  ck_assert_ptr_null(mf_arena_get(&arena, 8));
  memory.fail_at = 0;
  ck_assert(mf_arena_oom(&arena));
  ck_assert_ptr_null(mf_arena_get(&arena, 8));
  ck_assert_ptr_null(mf_arena_copy(&arena, "x", 1));
  ck_assert_ptr_null(mf_arena_printf(&arena, "x"));
  mf_arena_reset(&arena);
  ck_assert_ptr_nonnull(mf_arena_get(&arena, 8));
}
END_TEST

START_TEST(absurd_sizes_are_oom_not_overflow) {
  ck_assert_ptr_null(mf_arena_get(&arena, SIZE_MAX));
  mf_arena_reset(&arena);
  ck_assert_ptr_null(mf_arena_get(&arena, SIZE_MAX - 7));
  mf_arena_reset(&arena);
  ck_assert_ptr_null(mf_arena_copy(&arena, "", SIZE_MAX));
  mf_arena_reset(&arena);
  ck_assert_ptr_null(MF_NEW_ARRAY(&arena, uint64_t, SIZE_MAX / 8 + 2));
  ck_assert(mf_arena_oom(&arena));
}
END_TEST

START_TEST(blocks_stay_within_the_limit) {
  arena.limit = 10000;
  while (mf_arena_get(&arena, 100)) {}
  ck_assert(mf_arena_oom(&arena));
  ck_assert_uint_le(memory.peak, 10000);
  ck_assert_uint_gt(memory.peak, 9000); /* and use most of it */
}
END_TEST

START_TEST(reset_keeps_one_block) {
  for (int i = 0; i < 1000; i++) mf_arena_get(&arena, 100);
  mf_arena_reset(&arena);
  size_t kept = memory.in_use;
  uint64_t calls = memory.calls;
  ck_assert_uint_gt(kept, 0);
  mf_arena_get(&arena, 100);
  ck_assert_uint_eq(memory.calls, calls);
}
END_TEST

START_TEST(release_forgets_what_came_after_the_mark) {
  char *before = mf_arena_copy(&arena, "kept", 4);
  mf_arena_mark mark = mf_arena_mark_get(&arena);
  void *first = mf_arena_get(&arena, 24);
  for (int i = 0; i < 1000; i++) mf_arena_get(&arena, 100);
  mf_arena_release(&arena, mark);
  ck_assert_str_eq(before, "kept");
  ck_assert_ptr_eq(mf_arena_get(&arena, 24), first);
}
END_TEST

START_TEST(a_loop_of_mark_and_release_asks_for_memory_once) {
  for (int i = 0; i < 100; i++) {
    mf_arena_mark mark = mf_arena_mark_get(&arena);
    mf_arena_get(&arena, 1000);
    mf_arena_release(&arena, mark);
  }
  ck_assert_uint_eq(memory.calls, 1);
}
END_TEST

/* An array that doubles past the size from which it has a block of its own. */
static uint32_t *grow_array(mf_arena *of, uint32_t from, uint32_t to) {
  uint32_t *array = NULL;
  for (uint32_t cap = 0, n = from; n < to; n = n ? n * 2 : 1) {
    array = mf_arena_grow(of, array, cap * sizeof *array, (n * 2 + 1) * sizeof *array);
    for (uint32_t i = cap; array && i < n * 2 + 1; i++) array[i] = i;
    cap = n * 2 + 1;
  }
  return array;
}

START_TEST(a_growing_array_keeps_its_content) {
  uint32_t *array = grow_array(&arena, 0, 1 << 16);
  for (uint32_t i = 0; i <= 1 << 16; i++) ck_assert_uint_eq(array[i], i);
}
END_TEST

START_TEST(a_large_array_outlives_a_release_but_no_reset) {
  mf_arena_mark mark = mf_arena_mark_get(&arena);
  uint32_t *array = grow_array(&arena, 0, 1 << 16);
  mf_arena_release(&arena, mark);
  ck_assert_uint_eq(array[1 << 16], 1 << 16);
  mf_arena_reset(&arena);
  ck_assert_ptr_null(arena.own);
}
END_TEST

START_TEST(an_array_that_cannot_grow_stays) {
  uint32_t *array = grow_array(&arena, 0, 1 << 14);
  arena.limit = arena.in_use;
  ck_assert_ptr_null(mf_arena_grow(&arena, array, 1 << 15, 1 << 20));
  ck_assert(mf_arena_oom(&arena));
  ck_assert_uint_eq(array[1000], 1000);
}
END_TEST

START_TEST(release_does_not_clear_oom) {
  mf_arena_mark mark = mf_arena_mark_get(&arena);
  ck_assert_ptr_null(mf_arena_get(&arena, SIZE_MAX));
  mf_arena_release(&arena, mark);
  ck_assert(mf_arena_oom(&arena));
}
END_TEST

Suite *base_arena_suite(void);
Suite *base_arena_suite(void) {
  Suite *suite = suite_create("base/arena");
  TCase *t = tcase_create("arena");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, nothing_is_allocated_before_the_first_get);
  tcase_add_test(t, sizes_decide_the_alignment);
  tcase_add_test(t, pieces_do_not_overlap);
  tcase_add_test(t, zero_is_zeroed_even_where_memory_is_reused);
  tcase_add_test(t, a_piece_may_be_larger_than_any_block);
  tcase_add_test(t, copy_ends_with_nul);
  tcase_add_test(t, printf_fits_its_text);
  tcase_add_test(t, oom_is_sticky_until_reset);
  tcase_add_test(t, absurd_sizes_are_oom_not_overflow);
  tcase_add_test(t, blocks_stay_within_the_limit);
  tcase_add_test(t, reset_keeps_one_block);
  tcase_add_test(t, release_forgets_what_came_after_the_mark);
  tcase_add_test(t, a_loop_of_mark_and_release_asks_for_memory_once);
  tcase_add_test(t, release_does_not_clear_oom);
  tcase_add_test(t, a_growing_array_keeps_its_content);
  tcase_add_test(t, a_large_array_outlives_a_release_but_no_reset);
  tcase_add_test(t, an_array_that_cannot_grow_stays);
  suite_add_tcase(suite, t);
  return suite;
}
