/* SPDX-License-Identifier: MIT */
/* Probes: when they are sent, and what comes of what they cannot do. */
#include "runner_kit.h"

Suite *runner_probes_suite(void);

/* An entry that waits for `entry` seconds; after the entries another wait, for `final`. */
#define PROGRAM(begin, entry, final, message)                                                      \
  ".action 0 name=\"wait\" path=\"steps[0]\" type=wait on_error=entry\n"                           \
  ".driver 0 name=\"wait\"\n.driver 1 name=\"thresholds\"\n"                                       \
  ".slot 0 name=\"response.error\" kind=builtin arg=18\n.slot 1 name=\"x\" kind=global\n"          \
  ".const 0 string \"seconds\"\n.const 1 double " entry                                            \
  "\n.const 2 map 0:1\n"                                                                           \
  ".const 3 string \"\"\n.const 4 map\n.const 5 string \"watches\"\n.const 6 double " final        \
  "\n"                                                                                             \
  ".const 7 map 0:6\n.const 8 string \"url\"\n.const 9 string \"http://127.0.0.1:1/\"\n"           \
  ".const 10 map 8:9\n.const 11 string \"interval\"\n.const 12 double 0.02\n.const 13 map 11:12\n" \
  ".const 14 int 1\n.const 15 int 0\n"                                                             \
  ".watch 0 kind=abort_when chunk=1 name=\"w\" path=\"abort_when[0]\" flags=aborts probe=2 "       \
  "options=13\n"                                                                                   \
  ".chunk 0 name=\"main\" kind=main\nRUN_ENTER end\n" begin                                        \
  "ACTION_ENTER 0, over\nCONST 2\nEFFECT 0\nOUTCOME\nover:\nACTION_LEAVE 0\nGATE\n"                \
  "end:\nRUN_FINAL\nCONST 7\nEFFECT 0\nPOP\nCONST 4\nEFFECT 1\nFIELD 5\nJUDGE\nVERDICT\n"          \
  "RUN_LEAVE\nEND\n"                                                                               \
  ".chunk 1 name=\"w\" kind=pure\nSLOT_NE 0, 3\nRETURN\n"                                          \
  ".chunk 2 name=\"m\" kind=pure\n" message "RETURN\n"
#define BEGIN "RUN_BEGIN\n"
#define REFUSED "CONST 10\n"

typedef struct probe_case {
  const char *program;
  int exit_code;
  const char *line, *never; /* of the journal */
  const char *said;
  bool rehearsal;
} probe_case;

#define TRIP "\"signal\":\"trip\",\"origin\":\"abort_when\""
static const probe_case cases[] = {
    {PROGRAM(BEGIN, "9.0", "0.0", REFUSED), 4, "\"values\":{\"response.error\":\"refused\"}", NULL,
     "abort_when 'w' ends the run", false},
    {PROGRAM(BEGIN, "0.1", "0.0", REFUSED), 0, "\"outcome\":\"passed\"", TRIP, "PASSED", true},
    /* only while the entries are under way */
    {PROGRAM("", "0.1", "0.0", REFUSED), 0, "\"outcome\":\"passed\"", TRIP, "PASSED", false},
    {PROGRAM(BEGIN "CONST 14\nCONST 15\nEQ\nJUMP_FALSE end\n", "0.0", "0.1", REFUSED), 1,
     "\"final\"", TRIP, "nothing was run", false},
    {PROGRAM(BEGIN, "0.1", "0.0", "CONST 4\n"), 1, "\"outcome\":\"failed\",\"text\":\"", TRIP,
     "the probe of 'w': ", false},
    {PROGRAM(BEGIN, "0.1", "0.0", "CONST 3\n"), 1, "its request is no map", TRIP,
     "the probe of 'w': its request is no map", false},
    {PROGRAM(BEGIN, "0.1", "0.0", "CONST 14\nCONST 15\nDIVIDE\n"), 1, "\"text\":\"division by zero",
     TRIP, "the probe of 'w': division by zero", false},
    /* a variable that has no value yet */
    {PROGRAM(BEGIN, "0.1", "0.0", "LOAD 1\n"), 0, "\"outcome\":\"passed\"", TRIP, "PASSED", false},
};

static void assemble(const char *program, mf_blob *image) {
  mf_alloc alloc = mf_alloc_default();
  capture errors = {0};
  mf_output err = {capture_write, &errors};
  mf_status status = mf_image_assemble(&alloc, "p.mfs", mf_str_of(program), image, err);
  ck_assert_msg(status == MF_OK, "%s", errors.text);
}

START_TEST(probes_are_sent) {
  const probe_case *c = &cases[_i];
  mf_blob image;
  ran r;
  assemble(c->program, &image);
  ran_init(&r);
  if (c->rehearsal) r.options.target = "none";
  kit k = {.image = {.p = (char *)image.p, .n = image.n}};
  const int code = ran_go(&r, &k);
  ck_assert_msg(code == c->exit_code, "exit code %d: %s%s", code, r.out.text, r.err.text);
  ck_assert_msg(journal_count(r.journal, c->line) >= 1, "no %s", c->line);
  if (c->never) ck_assert_msg(journal_count(r.journal, c->never) == 0, "%s", c->never);
  ck_assert_msg(strstr(r.out.text, c->said) || strstr(r.err.text, c->said), "no %s in %s%s",
                c->said, r.out.text, r.err.text);
  ran_free(&r);
  mf_blob_free(&image);
}
END_TEST

START_TEST(every_allocation_may_fail) {
  mf_blob image;
  ran r;
  int code = -1;
  assemble(PROGRAM(BEGIN, "9.0", "0.0", REFUSED), &image);
  ran_init(&r);
  kit k = {.image = {.p = (char *)image.p, .n = image.n}};
  for (uint64_t n = 1; code != 4; n++) {
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = n};
    r.out.n = r.err.n = 0;
    r.options.alloc = mf_counting_alloc_as_alloc(&counting);
    code = ran_go(&r, &k);
    ck_assert_msg(code == 4 || code == 6 || code == 74, "allocation %u: exit code %d", (unsigned)n,
                  code);
    ck_assert_uint_eq(counting.in_use, 0);
    ck_assert_uint_lt(n, 10000);
    if (code == 4 && counting.calls >= n) code = -1; /* what failed was not needed */
  }
  ran_free(&r);
  mf_blob_free(&image);
}
END_TEST

Suite *runner_probes_suite(void) {
  Suite *s = suite_create("runner_probes");
  TCase *t = tcase_create("all");
  suite_add_tcase(s, t);
  tcase_add_loop_test(t, probes_are_sent, 0, sizeof cases / sizeof *cases);
  tcase_add_test(t, every_allocation_may_fail);
  return s;
}
