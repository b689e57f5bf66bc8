/* SPDX-License-Identifier: MIT */
/* runner_safety - what is settled before a run, and runs that are only told, also when
 * there is no memory for it. */
#include <stdlib.h>

#include "../../compiler/compile.h"
#include "runner_kit.h"

static ran r;
static uint8_t *image;

static const char document[] =
    "name: shop\nlimits: {max_rate: 7, max_requests: 100, hosts: ['192.0.2.0/24'], ports: [9], "
    "commands: [echo]}\n"
    "variables: {base: 'http://192.0.2.1:9', all: ['http://192.0.2.2']}\n"
    "steps:\n  - {name: a, scenario: baseline, duration: \"${all.size()}\"}\n"
    "  - {type: http_request, url: '${base}/x', body: {a: ['${now}', 1]}}\n"
    "  - {type: command, command: echo, args: ['${all[0]}']}\n";

static void set_up(void) {
  mf_compilation *comp;
  mf_compile_options options = {.name = "shop.yaml"};
  size_t n;
  ran_init(&r);
  ck_assert_int_eq(mf_compile(&options, document, sizeof document - 1, &comp), MF_OK);
  const uint8_t *bytes = mf_compilation_image(comp, &n);
  image = malloc(n);
  memcpy(image, bytes, n);
  r.options.image = image;
  r.options.image_size = n;
  r.options.target = "http://192.0.2.1:9";
  mf_compilation_free(comp);
}

static void tear_down(void) {
  free(image);
  ran_free(&r);
}

static bool answer;
static char asked[512];

static bool ask(void *ctx, const char *question) {
  snprintf(asked, sizeof asked, "%s", question);
  return *(const bool *)ctx;
}

START_TEST(somebody_is_asked_once) {
  r.options.ask = ask;
  r.options.ask_ctx = &answer;
  ck_assert_int_eq(mf_run(&r.options), 2);
  ck_assert_str_eq(asked,
                   "Send a load to 192.0.2.1, which is neither loopback nor private (up to 7 "
                   "requests/s, no faults, for a time that is not known)?");
  ck_has(r.err.text, "not confirmed: nothing was done");
  ck_assert_int_ne(access(r.journal, F_OK), 0);
}
END_TEST

START_TEST(nobody_can_be_asked) {
  ck_assert_int_eq(mf_run(&r.options), 2);
  ck_has(r.err.text, "confirm it with --yes 192.0.2.1");
}
END_TEST

/* A run that is told: as text, as JSON; one that is refused. */
START_TEST(every_allocation_may_fail) {
  int code = -1, wanted = _i == 2 ? 2 : 0;
  r.options.dry_run = _i < 2;
  r.options.dry_run_json = _i == 1;
  for (uint64_t n = 1; code != wanted; n++) {
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = n};
    r.out.n = r.err.n = 0;
    r.options.alloc = mf_counting_alloc_as_alloc(&counting);
    code = mf_run(&r.options);
    ck_assert_msg(code == wanted || code == 6, "allocation %u: exit code %d: %s", (unsigned)n, code,
                  r.err.text);
    ck_assert_uint_eq(counting.in_use, 0);
    ck_assert_uint_lt(n, 10000);
    if (code == wanted && counting.calls >= n) code = -1; /* what failed was not needed */
  }
  if (_i == 0) ck_has(r.out.text, "steps[1]: POST http://192.0.2.1:9/x");
}
END_TEST

Suite *runner_safety_suite(void) {
  Suite *s = suite_create("runner_safety");
  TCase *t = tcase_create("all");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, somebody_is_asked_once);
  tcase_add_test(t, nobody_can_be_asked);
  tcase_add_loop_test(t, every_allocation_may_fail, 0, 3);
  suite_add_tcase(s, t);
  return s;
}
