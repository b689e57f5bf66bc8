/* SPDX-License-Identifier: MIT */
/* Watches of the run: what the runner answers, and what a trip ends. */
#include "runner_kit.h"

Suite *runner_watches_suite(void);

/* Two steps: the first records 7.5, the second waits; then the run's watches. */
static const char program[] =
    ".step 0 name=\"one\" path=\"steps[0]\"\n.step 1 name=\"two\" path=\"steps[1]\"\n"
    ".driver 0 name=\"wait\"\n.driver 1 name=\"thresholds\"\n"
    ".metric 0 name=\"cost\" kind=trend\n.metric 1 name=\"other\" kind=trend\n"
    ".slot 0 name=\"cost avg\" kind=reading arg=0\n"
    ".const 0 string \"one\"\n.const 1 double 7.5\n.const 2 string \"seconds\"\n"
    ".const 3 double 0.0\n.const 4 map 2:3\n.const 5 map\n.const 6 string \"watches\"\n"
    ".const 7 double 5.0\n.const 8 string \"two\"\n"
    ".chunk 0 name=\"main\" kind=main\nRUN_ENTER end\n"
    "STEP_ENTER 0, first\nCONST 0\nSTEP_BEGIN 0\nCONST 1\nMETRIC 0\nSTEP_OUTCOME 0\n"
    "first:\nSTEP_LEAVE 0\nGATE\n"
    "STEP_ENTER 1, second\nCONST 8\nSTEP_BEGIN 1\nCONST 4\nEFFECT 0\nPOP\nSTEP_OUTCOME 1\n"
    "second:\nSTEP_LEAVE 1\nGATE\n"
    "end:\nRUN_FINAL\nCONST 5\nEFFECT 1\nFIELD 6\nJUDGE\nVERDICT\nRUN_LEAVE\nEND\n";

typedef struct watch_case {
  const char *watch;   /* its kind, and flags */
  uint32_t metric;     /* that is read */
  const char *compare; /* with the constant 5.0 */
  int exit_code;
  const char *line, *other; /* what the journal has; NULL: no more */
} watch_case;

static const watch_case cases[] = {
    {"kind=threshold", 0, "SLOT_GT", 0, "\"outcome\":\"passed\",\"actual\":7.5", NULL},
    {"kind=threshold", 0, "SLOT_LT", 99, "\"outcome\":\"failed\",\"text\":\"7.5, not < 5\"",
     "\"exit_code\":99,\"reason\":\"a threshold was crossed\""},
    {"kind=threshold", 1, "SLOT_LT", 1, "\"name\":\"w\",\"outcome\":\"no_data\"", NULL},
    {"kind=threshold flags=aborts", 0, "SLOT_LT", 99,
     "\"signal\":\"trip\",\"origin\":\"threshold\",\"watch\":\"w\",\"sample\":0,"
     "\"values\":{\"cost avg\":7.5}",
     "\"name\":\"two\",\"outcome\":\"interrupted\""},
    {"kind=abort_when", 0, "SLOT_GT", 4, "\"signal\":\"trip\",\"origin\":\"abort_when\"",
     "\"name\":\"two\",\"outcome\":\"interrupted\""},
    {"kind=abort_when", 0, "SLOT_LT", 0, "\"name\":\"two\",\"outcome\":\"passed\"", NULL},
    {"kind=steady_state flags=aborts", 0, "SLOT_LT", 4,
     "\"signal\":\"trip\",\"origin\":\"steady_state\"", NULL},
};

static void assemble(const watch_case *c, mf_blob *image) {
  mf_alloc alloc = mf_alloc_default();
  capture errors = {0};
  mf_output err = {capture_write, &errors};
  mf_buf text;
  mf_buf_init(&text, &alloc, 0);
  mf_buf_puts(&text, program);
  mf_buf_printf(&text,
                ".reading 0 metric=%u aggregate=avg\n"
                ".watch 0 %s chunk=1 name=\"w\" path=\"thresholds.cost[0]\"\n"
                ".chunk 1 name=\"w\" kind=pure\n%s 0, 7\nRETURN\n",
                c->metric, c->watch, c->compare);
  mf_status status = mf_image_assemble(&alloc, "w.mfs", mf_buf_str(&text), image, err);
  ck_assert_msg(status == MF_OK, "%s", errors.text);
  mf_buf_fini(&text);
}

START_TEST(the_run_is_watched) {
  const watch_case *c = &cases[_i];
  mf_blob image;
  ran r;
  assemble(c, &image);
  ran_init(&r);
  kit k = {.image = {.p = (char *)image.p, .n = image.n}};
  ck_assert_int_eq(ran_go(&r, &k), c->exit_code);
  ck_assert_msg(journal_count(r.journal, c->line) == 1, "no %s", c->line);
  if (c->other) ck_assert_msg(journal_count(r.journal, c->other) == 1, "no %s", c->other);
  ran_free(&r);
  mf_blob_free(&image);
}
END_TEST

Suite *runner_watches_suite(void) {
  Suite *s = suite_create("runner_watches");
  TCase *t = tcase_create("run");
  suite_add_tcase(s, t);
  tcase_add_loop_test(t, the_run_is_watched, 0, sizeof cases / sizeof *cases);
  return s;
}
