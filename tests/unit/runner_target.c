/* SPDX-License-Identifier: MIT */
#include <signal.h>

#include "../../runner/run_target.h"
#include "runner_kit.h"

Suite *runner_target_suite(void);

static kit k;
static mf_image *image;
static mf_run_options options;
static mf_run_target target;
static char error[512];

enum { LOAD = 1, ABSOLUTE = 2, RELATIVE = 4 };

/* An image with what `has` says. */
static void make(int has) {
  char detail[128] = "";
  mf_value url = mf_string(has & RELATIVE ? MF_STR("/health") : MF_STR("http://x.example/"));
  kit_open(&k);
  if (has & LOAD)
    kit_row(&k, MF_TABLE_SCENARIO,
            (uint32_t[]){kit_string(&k, "baseline"), kit_string(&k, "http_load")});
  if (has & (ABSOLUTE | RELATIVE)) {
    kit_row(&k, MF_TABLE_DRIVER, (uint32_t[]){kit_string(&k, "http_request")});
    mf_builder_constant(k.b, &url);
  }
  kit_final(&k);
  KIT_EMIT(&k, VERDICT, 0, 0);
  kit_close(&k);
  ck_assert_int_eq(
      mf_image_open(NULL, (const uint8_t *)k.image.p, k.image.n, &image, detail, sizeof detail),
      MF_OK);
}

static void set_up(void) { options = (mf_run_options){.time_scale = 1}; }
static void tear_down(void) {
  mf_image_close(image);
  kit_free(&k);
}

static int choose(const char *document) {
  return mf_run_target_choose(&target, image, &options, mf_str_of(document), error, sizeof error);
}

START_TEST(only_what_needs_a_target_gets_the_sample_service) {
  static const struct {
    int has;
    mf_target_kind kind;
  } cases[] = {
      {0, MF_TARGET_UNUSED},
      {LOAD, MF_TARGET_SAMPLE},
      {ABSOLUTE, MF_TARGET_UNUSED},
      {RELATIVE, MF_TARGET_SAMPLE},
  };
  make(cases[_i].has);
  ck_assert_int_eq(choose(NULL), 0);
  ck_assert_int_eq(target.kind, cases[_i].kind);
}
END_TEST

START_TEST(a_load_without_target_is_refused_where_one_is_required) {
  make(LOAD);
  options.ci = _i & 1;
  options.require_target = _i >> 1;
  ck_assert_int_eq(choose(NULL), 2);
  ck_has(error, "--target");
  options.target = "sample"; /* said outright */
  ck_assert_int_eq(choose(NULL), 0);
  ck_assert_int_eq(target.kind, MF_TARGET_SAMPLE);
}
END_TEST

START_TEST(without_a_load_none_is_required) {
  make(RELATIVE);
  options.ci = true;
  ck_assert_int_eq(choose(NULL), 0);
}
END_TEST

START_TEST(the_command_line_overrides_the_document) {
  make(LOAD);
  ck_assert_int_eq(choose("http://document.example"), 0);
  ck_assert_int_eq(target.kind, MF_TARGET_URL);
  ck_assert(mf_str_is(target.url, "http://document.example"));
  options.target = "http://given.example:8080/base/";
  ck_assert_int_eq(choose("http://document.example"), 0);
  ck_assert(mf_str_is(target.url, "http://given.example:8080/base"));
  options.target = "none";
  ck_assert_int_eq(choose("http://document.example"), 0);
  ck_assert_int_eq(target.kind, MF_TARGET_NONE);
}
END_TEST

START_TEST(what_is_shown_has_no_password) {
  make(LOAD);
  options.target = "http://me:secret@shop.example:81/a/b?token=secret";
  ck_assert_int_eq(choose(NULL), 0);
  ck_assert_str_eq(target.shown, "http://shop.example:81/a/b");
}
END_TEST

START_TEST(targets_that_are_no_urls_are_refused) {
  static const char *const bad[] = {"", "shop", "ftp://x", "https://", "http://", "http://a b"};
  make(LOAD);
  options.target = bad[_i];
  ck_assert_int_eq(choose(NULL), 2);
  ck_has(error, "target");
}
END_TEST

START_TEST(a_target_may_speak_tls) {
  make(_i ? LOAD : RELATIVE);
  options.target = "https://shop.example/api/";
  ck_assert_int_eq(choose(NULL), 0);
  ck_assert_str_eq(target.shown, "https://shop.example/api");
}
END_TEST

START_TEST(a_target_may_be_a_unix_socket) {
  make(LOAD);
  options.target = "http+unix://%2Frun%2Fapp.sock/api/?q";
  ck_assert_int_eq(choose(NULL), 0);
  ck_assert_str_eq(target.shown, "http+unix://%2Frun%2Fapp.sock/api");
}
END_TEST

START_TEST(the_sample_service_starts_and_stops) {
  make(LOAD);
  ck_assert_int_eq(choose(NULL), 0);
  ck_assert_int_eq(mf_run_target_start(&target, 1, error, sizeof error), 0);
  ck_has(target.shown, "http://127.0.0.1:");
  mf_run_target_stop(&target);
}
END_TEST

/* ---- mfvm target ---- */

static capture out, err;
static void stop_serving(void) { raise(SIGTERM); }

START_TEST(serving_says_where_and_ends_on_a_signal) {
  make(0);
  out.trigger = "listening on http://127.0.0.1:";
  out.act = stop_serving;
  mf_target_options o = {.out = {capture_write, &out}, .err = {capture_write, &err}};
  ck_assert_int_eq(mf_target_serve(&o), 0);
  ck_has(out.text, "\n0 requests answered\n");
}
END_TEST

START_TEST(an_address_that_is_not_ours_is_an_io_error) {
  make(0);
  mf_target_options o = {
      .listen = "192.0.2.1", .out = {capture_write, &out}, .err = {capture_write, &err}};
  ck_assert_int_eq(mf_target_serve(&o), 74);
  ck_assert_uint_gt(err.n, 0);
}
END_TEST

Suite *runner_target_suite(void) {
  Suite *s = suite_create("runner_target");
  TCase *t = tcase_create("all");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_loop_test(t, only_what_needs_a_target_gets_the_sample_service, 0, 4);
  tcase_add_loop_test(t, a_load_without_target_is_refused_where_one_is_required, 1, 4);
  tcase_add_test(t, without_a_load_none_is_required);
  tcase_add_test(t, the_command_line_overrides_the_document);
  tcase_add_test(t, what_is_shown_has_no_password);
  tcase_add_loop_test(t, targets_that_are_no_urls_are_refused, 0, 6);
  tcase_add_loop_test(t, a_target_may_speak_tls, 0, 2);
  tcase_add_test(t, a_target_may_be_a_unix_socket);
  tcase_add_test(t, the_sample_service_starts_and_stops);
  tcase_add_test(t, serving_says_where_and_ends_on_a_signal);
  tcase_add_test(t, an_address_that_is_not_ours_is_an_io_error);
  suite_add_tcase(s, t);
  return s;
}
