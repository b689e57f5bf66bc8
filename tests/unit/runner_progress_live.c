/* SPDX-License-Identifier: MIT */
/* What is under way, drawn in place on a terminal. */
#include "runner_progress_kit.h"

Suite *runner_progress_live_suite(void);

static unsigned columns, rows;
static void size_of_terminal(void *ctx, unsigned *c, unsigned *r) {
  (void)ctx;
  *c = columns;
  *r = rows;
}

static void set_up_live(void) {
  set_up();
  columns = 120;
  rows = 24;
  options.progress = MF_PROGRESS_AUTO;
  options.terminal = true;
  options.terminal_size = size_of_terminal;
  open_progress();
}

/* As the loop would, `ms` later. */
static const char *redraw_after(int64_t ms) {
  clock_ns += ms * MS;
  mf_timer_clear(loop, &p.redraw);
  p.redraw.fire(&p.redraw);
  return news();
}

START_TEST(a_step_has_a_line_that_is_drawn_again) {
  clock_ns = 500 * MS;
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  mf_progress_flush(&p);
  ck_assert_str_eq(news(), ""); /* not for steps that are over at once */
  ck_assert_str_eq(redraw_after(100), "one  0.10s\x1b[K\x1b[J");
  ck_assert_str_eq(redraw_after(100), "\rone  0.20s\x1b[K\x1b[J");
}
END_TEST

START_TEST(loads_side_by_side_have_a_line_each) {
  clock_ns = 1000 * MS;
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  tell(MF_NOTICE_STEP_STARTED, 0, "another", "");
  tell(MF_NOTICE_STEP_STARTED, 0, "asleep", "");
  clock_ns += 2000 * MS;
  tell_load("one", 2, NULL);
  tell_load("another", 2, NULL);
  ck_assert_str_eq(redraw_after(0),
                   "one      2.00s/30s  100/s  p95 2 ms  20% errors  7 checks failed  "
                   "3 in flight of 50  1 dropped  200 requests\x1b[K\n"
                   "another  2.00s/30s  100/s  p95 2 ms  20% errors  7 checks failed  "
                   "3 in flight of 50  1 dropped  200 requests\x1b[K\n"
                   "asleep   2.00s\x1b[K\x1b[J");
  const char *again = redraw_after(100);
  ck_assert(strncmp(again, "\r\x1b[2Aone ", 9) == 0);
}
END_TEST

START_TEST(the_rate_is_that_of_the_last_second) {
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  tell_load("one", 2, NULL);
  tell_load("one", 4, NULL);
  ck_has(redraw_after(100), "  100/s ");
  tell_load("one", 4, NULL); /* no time has passed: no rate */
  ck_has(redraw_after(100), "  0/s ");
}
END_TEST

START_TEST(a_load_without_a_step_has_its_path) {
  mf_pair pair = {mf_string(MF_STR("metrics")), mf_int(1)};
  mf_map map = {.count = 1, .pairs = &pair};
  mf_value v = {.kind = MF_MAP, .len = 1, .as.map = &map};
  mf_effect effect = {.id = 1, .path = MF_STR("steady_state")};
  tell_load("steady_state", 1, NULL);
  ck_has(redraw_after(100), "steady_state  ");
  mf_progress_outcome(&p, &effect, &v, clock_ns);
  ck_assert_str_eq(redraw_after(100), "\r\x1b[J");
}
END_TEST

START_TEST(lines_that_stay_come_above) {
  clock_ns = 1500 * MS;
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  tell(MF_NOTICE_STEP_STARTED, 0, "two", "");
  redraw_after(100);
  clock_ns += 100 * MS;
  tell(MF_NOTICE_STEP_FINISHED, MF_OUTCOME_PASSED, "one", "");
  mf_progress_flush(&p);
  ck_assert_str_eq(news(),
                   "\r\x1b[1A\x1b[J    1.70s  step 'one' passed in 3.25s\n"
                   "two  0.20s\x1b[K\x1b[J");
}
END_TEST

/* A line that came just behind a picture waits for the next: nothing flickers, and
 * there are no more than ten pictures a second. */
START_TEST(there_are_ten_pictures_a_second) {
  clock_ns = 1000 * MS;
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  redraw_after(100);
  for (int i = 0; i < 9; i++) {
    clock_ns += 10 * MS;
    tell(MF_NOTICE_LOG, 0, "info", "x");
    mf_progress_flush(&p);
    ck_assert_str_eq(news(), "");
  }
  mf_timer_clear(loop, &p.redraw);
  clock_ns += 10 * MS;
  p.redraw.fire(&p.redraw);
  const char *text = news();
  ck_assert(strncmp(text, "\r\x1b[J", 4) == 0);
  ck_has(text, "log info: x\none  0.20s");
  mf_progress_hand_out(&p);
}
END_TEST

START_TEST(no_line_is_as_wide_as_the_terminal) {
  char name[400];
  for (size_t i = 0; i < sizeof name - 1; i++) name[i] = "\xE4\xB8\xAD"[i % 3]; /* two columns */
  name[sizeof name - 1] = '\0';
  columns = 24;
  tell(MF_NOTICE_STEP_STARTED, 0, name, "");
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  tell_load("one", 2, NULL);
  redraw_after(100);
  ck_assert_uint_eq(p.rows, 2);
  ck_assert_uint_le(p.widths[0], 23);
  ck_assert_uint_eq(p.widths[1], 23);
}
END_TEST

/* What was one row has become three: all of them are drawn over. */
START_TEST(a_terminal_may_become_narrower) {
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  tell_load("one", 2, NULL);
  redraw_after(100);
  ck_assert_uint_gt(p.widths[0], 80);
  columns = 40;
  ck_assert(strncmp(redraw_after(100), "\r\x1b[2Aone", 8) == 0);
}
END_TEST

START_TEST(a_low_terminal_counts_the_rest) {
  char name[16];
  rows = 5;
  clock_ns = 1000 * MS;
  for (int i = 0; i < 9; i++) {
    snprintf(name, sizeof name, "s%d", i);
    tell(MF_NOTICE_STEP_STARTED, 0, name, "");
  }
  ck_has(redraw_after(100), "s2  0.10s\x1b[K\nand 6 more\x1b[K\x1b[J");
  ck_assert_uint_eq(p.rows, 4);
  for (int i = 0; i < 40; i++) {
    snprintf(name, sizeof name, "t%d", i);
    tell(MF_NOTICE_STEP_STARTED, 0, name, "");
  }
  rows = 400;
  redraw_after(100);
  ck_assert_uint_eq(p.rows, MF_LIVE_ROWS);
}
END_TEST

static const char listing[] =
    ".const 0 bool true\n"
    ".watch 0 kind=check chunk=1 name=\"c\" path=\"checks[0]\"\n"
    ".watch 1 kind=threshold chunk=1 name=\"p95 < 500\" path=\"thresholds[0]\"\n"
    ".watch 2 kind=threshold chunk=1 name=\"error_rate < 0.1\" path=\"thresholds[1]\"\n"
    ".watch 3 kind=threshold chunk=1 name=\"checks > 0.9\" path=\"thresholds[2]\"\n"
    ".chunk 0 name=\"main\" kind=main\n  RUN_ENTER end\nend:\n  RUN_FINAL\n  VERDICT\n  RUN_LEAVE\n"
    "  END\n.chunk 1 name=\"w\" kind=pure\n  CONST 0\n  RETURN\n";

static mf_blob assemble(void) {
  mf_alloc alloc = mf_alloc_default();
  mf_output err = {capture_write, &out};
  mf_blob blob;
  ck_assert_int_eq(mf_image_assemble(&alloc, "w.mfs", mf_str_of(listing), &blob, err), MF_OK);
  return blob;
}

START_TEST(thresholds_are_told_below_crossed_ones_first) {
  mf_alloc alloc = mf_alloc_default();
  mf_blob blob = assemble();
  mf_image *image;
  char detail[128];
  mf_arena arena;
  mf_arena_init(&arena, NULL, 0);
  ck_assert_int_eq(mf_image_open(&alloc, blob.p, blob.n, &image, detail, sizeof detail), MF_OK);
  static const char json[] =
      "[{\"watch\":0,\"ok\":false},{\"watch\":1,\"ok\":true,\"value\":230.4},"
      "{\"watch\":2,\"ok\":false,\"value\":0.25},{\"watch\":3,\"ok\":null},{\"watch\":9},7]";
  mf_value watches = mf_value_from_json(&arena, mf_json_parse(&arena, mf_str_of(json), NULL, NULL));
  p.image = image;
  p.color = true;
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  tell_load("one", 2, &watches);
  ck_has(redraw_after(100),
         "\n\x1b[31m  crossed error_rate < 0.1: 0.25, ok p95 < 500: 230, no data checks > 0.9"
         "\x1b[0m\x1b[K");
  mf_image_close(image);
  mf_blob_free(&blob);
  mf_arena_fini(&arena);
}
END_TEST

START_TEST(the_verdict_takes_its_place) {
  mf_run_target target = {.kind = MF_TARGET_UNUSED};
  mf_verdict verdict = {.steps_passed = 1};
  mf_ending ending = {.verdict = &verdict,
                      .seconds = 1,
                      .target = &target,
                      .time_scale = 1,
                      .summary = MF_STR("\nsteps\n"),
                      .journal = ""};
  tell(MF_NOTICE_STEP_STARTED, 0, "one", "");
  redraw_after(100);
  mf_progress_verdict(&p, &ending);
  ck_assert_str_eq(news(), "\r\x1b[J\nsteps\n\nPASSED in 1.00s: 1 step passed\n");
}
END_TEST

/* What cannot be kept is not shown, and nothing else happens. */
START_TEST(every_allocation_may_fail) {
  for (uint64_t at = 1; at < 60; at++) {
    mf_counting_alloc count = {.inner = mf_alloc_default(), .fail_at = at};
    mf_alloc alloc = mf_counting_alloc_as_alloc(&count);
    mf_progress_fini(&p);
    mf_progress_init(&p, &options, &alloc, loop, 1000 * MS);
    p.clock = fake_clock;
    for (int i = 0; i < 20; i++) {
      char name[16];
      snprintf(name, sizeof name, "s%d", i);
      tell(MF_NOTICE_STEP_STARTED, 0, name, "");
      tell_load(name, 2, NULL);
    }
    redraw_after(100);
    tell(MF_NOTICE_STEP_FINISHED, MF_OUTCOME_FAILED, "s1", "why");
    redraw_after(100);
    out.n = 0;
    mf_progress_fini(&p);
    ck_assert_uint_eq(count.in_use, 0);
    open_progress();
  }
}
END_TEST

Suite *runner_progress_live_suite(void) {
  Suite *s = suite_create("runner_progress_live");
  TCase *t = tcase_create("all");
  tcase_add_checked_fixture(t, set_up_live, tear_down);
  tcase_add_test(t, a_step_has_a_line_that_is_drawn_again);
  tcase_add_test(t, loads_side_by_side_have_a_line_each);
  tcase_add_test(t, the_rate_is_that_of_the_last_second);
  tcase_add_test(t, a_load_without_a_step_has_its_path);
  tcase_add_test(t, lines_that_stay_come_above);
  tcase_add_test(t, there_are_ten_pictures_a_second);
  tcase_add_test(t, no_line_is_as_wide_as_the_terminal);
  tcase_add_test(t, a_terminal_may_become_narrower);
  tcase_add_test(t, a_low_terminal_counts_the_rest);
  tcase_add_test(t, thresholds_are_told_below_crossed_ones_first);
  tcase_add_test(t, the_verdict_takes_its_place);
  tcase_add_test(t, every_allocation_may_fail);
  suite_add_tcase(s, t);
  return s;
}
