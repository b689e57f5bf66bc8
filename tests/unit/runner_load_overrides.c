/* SPDX-License-Identifier: MIT */
#include "../../runner/load_overrides.h"

#include "../../vm/value.h"

#include <check.h>
#include <string.h>

Suite *runner_load_overrides_suite(void);

static mf_arena arena;
static mf_load_overrides overrides;
static char error[512];

static void set_up(void) { mf_arena_init(&arena, NULL, 0); }
static void tear_down(void) { mf_arena_fini(&arena); }

static const char *read_flags(const char *rate, const char *vus, const char *duration) {
  mf_run_options options = {.rate = rate, .vus = vus, .duration = duration};
  return mf_load_overrides_read(&overrides, &options, error, sizeof error);
}

/* The arguments of a load, before and after, as JSON. */
static const char *applied(const char *rate, const char *vus, const char *duration,
                           const char *args) {
  mf_buf out;
  mf_json_writer w;
  ck_assert_ptr_null(read_flags(rate, vus, duration));
  mf_value before = mf_value_from_json(&arena, mf_json_parse(&arena, mf_str_of(args), NULL, NULL));
  mf_value after = mf_load_overrides_apply(&overrides, &before, &arena);
  mf_buf_init(&out, NULL, 0);
  mf_json_write_init(&w, &out, 0);
  mf_value_write_json(&w, &after);
  const char *copy = mf_arena_copy(&arena, out.p, out.n);
  mf_buf_fini(&out);
  return copy;
}

START_TEST(a_rate_makes_an_open_load) {
  ck_assert_str_eq(applied("12.5", NULL, NULL, "{\"path\":\"/a\",\"vus\":3,\"duration\":4}"),
                   "{\"path\":\"/a\",\"duration\":4,\"executor\":\"constant_arrival_rate\","
                   "\"rate\":12.5}");
}
END_TEST

START_TEST(virtual_users_make_a_closed_one) {
  ck_assert_str_eq(applied(NULL, "7", "2m",
                           "{\"executor\":\"shared_iterations\",\"iterations\":9,\"rate\":5,"
                           "\"think_time\":1,\"duration\":4}"),
                   "{\"think_time\":1,\"executor\":\"constant_vus\",\"vus\":7,"
                   "\"duration\":120.0}");
}
END_TEST

START_TEST(stages_go_but_not_how_long_they_were) {
  static const char staged[] =
      "{\"start_vus\":1,\"start_rate\":1,\"stages\":[{\"duration\":2,\"target\":9},"
      "{\"duration\":\"500ms\",\"target\":1}]}";
  ck_assert_str_eq(applied("5", NULL, NULL, staged),
                   "{\"executor\":\"constant_arrival_rate\",\"rate\":5.0,\"duration\":2.5}");
  ck_assert_str_eq(applied("5", NULL, "1", staged),
                   "{\"executor\":\"constant_arrival_rate\",\"rate\":5.0,\"duration\":1.0}");
}
END_TEST

START_TEST(a_duration_alone_keeps_the_shape) {
  ck_assert_str_eq(applied(NULL, NULL, "90", "{\"rate\":3,\"duration\":4,\"stages\":[]}"),
                   "{\"rate\":3,\"stages\":[],\"duration\":90.0}");
}
END_TEST

START_TEST(nothing_given_changes_nothing) {
  ck_assert_str_eq(applied(NULL, NULL, NULL, "{\"rate\":3,\"duration\":4}"),
                   "{\"rate\":3,\"duration\":4}");
  ck_assert(!mf_load_overrides_given(&overrides));
}
END_TEST

START_TEST(wrong_ones_are_refused) {
  static const char *const wrong[] = {"", "0", "-1", "x", "5x", "nan", "inf", "1e999"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    ck_assert_ptr_nonnull(strstr(read_flags(wrong[i], NULL, NULL), "--rate wants"));
    ck_assert_ptr_nonnull(strstr(read_flags(NULL, wrong[i], NULL), "--vus wants"));
    ck_assert_ptr_nonnull(strstr(read_flags(NULL, NULL, wrong[i]), "--duration wants"));
  }
  ck_assert_ptr_nonnull(read_flags(NULL, "1.5", NULL));
  ck_assert_ptr_nonnull(read_flags(NULL, "1000001", NULL));
  ck_assert_ptr_nonnull(read_flags(NULL, NULL, "2000000000"));
  ck_assert_ptr_nonnull(strstr(read_flags("1", "1", NULL), "--rate or --vus"));
}
END_TEST

Suite *runner_load_overrides_suite(void) {
  Suite *s = suite_create("runner_load_overrides");
  TCase *t = tcase_create("all");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, a_rate_makes_an_open_load);
  tcase_add_test(t, virtual_users_make_a_closed_one);
  tcase_add_test(t, stages_go_but_not_how_long_they_were);
  tcase_add_test(t, a_duration_alone_keeps_the_shape);
  tcase_add_test(t, nothing_given_changes_nothing);
  tcase_add_test(t, wrong_ones_are_refused);
  suite_add_tcase(s, t);
  return s;
}
