/* SPDX-License-Identifier: MIT */
/* runner_caps - a run asks for no more than LOAD_RATE requests a second over
 * LOAD_CONNECTIONS connections, whatever its image says. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../base/json.h"
#include "../../base/limits.h"
#include "../../include/mfvm_tools.h"

static const char listing[] =
    ".metadata \"{\\\"name\\\":\\\"caps\\\"}\"\n"
    ".step 0 name=\"a\" path=\"steps[0]\" scenario=0 flags=0\n"
    ".scenario 0 name=\"s\" driver=\"http_load\"\n"
    ".const 0 string \"executor\"\n.const 1 string \"constant_arrival_rate\"\n"
    ".const 2 string \"rate\"\n.const 3 double 200000.0\n"
    ".const 4 string \"duration\"\n.const 5 double 0.5\n"
    ".const 6 string \"max_connections\"\n.const 7 int 5000\n"
    ".chunk 0 name=\"main\" kind=main\n"
    "  RUN_ENTER end\n  STEP_ENTER 0, leave\n  CONST 0\n  STEP_BEGIN 0\n"
    "  CONST 0\n  CONST 1\n  CONST 2\n  CONST 3\n  CONST 4\n  CONST 5\n  CONST 6\n  CONST 7\n  MAP "
    "4\n"
    "  SCENARIO 0\nleave:\n  STEP_OUTCOME 0\n  STEP_LEAVE 0\nend:\n  RUN_FINAL\n  VERDICT\n  "
    "RUN_LEAVE\n  END\n";

static void drop(void *ctx, const char *p, size_t n) {
  (void)ctx;
  (void)p;
  (void)n;
}
static void keep(void *ctx, const char *p, size_t n) { fwrite(p, 1, n, ctx); }

START_TEST(a_load_is_capped_at_LOAD_RATE_and_LOAD_CONNECTIONS) {
  mf_alloc alloc = mf_alloc_default();
  mf_output nowhere = {drop, NULL}, errors = {keep, stderr};
  mf_blob image;
  char path[] = "/tmp/mfvm-caps-XXXXXX", beside[64];
  int fd = mkstemp(path);
  ck_assert(fd >= 0);
  close(fd);
  unlink(path);
  ck_assert_int_eq(
      mf_image_assemble(&alloc, "caps.mfs", (mf_str){listing, sizeof listing - 1}, &image, errors),
      MF_OK);
  mf_run_options options = {.alloc = alloc,
                            .image = image.p,
                            .image_size = image.n,
                            .target = "sample",
                            .time_scale = 1,
                            .seed = 1,
                            .journal = path,
                            .sync = "none",
                            .out = nowhere,
                            .err = errors};
  ck_assert_int_eq(mf_run(&options), 0);
  FILE *f = fopen(path, "r");
  ck_assert(f != NULL);
  char *line = NULL;
  size_t cap = 0;
  int64_t requests = -1;
  mf_arena arena;
  mf_arena_init(&arena, &alloc, 0);
  while (getline(&line, &cap, f) > 0) {
    const char *why;
    uint32_t at;
    mf_json *event = mf_json_parse(&arena, (mf_str){line, strlen(line)}, &why, &at);
    mf_json *value = mf_json_get(mf_json_get(event, "data"), "value");
    if (mf_json_get(value, "metrics")) {
      requests = mf_json_int(mf_json_get(mf_json_get(value, "metrics"), "requests"), -1);
      ck_assert(mf_json_get(value, "warning") != NULL);
    }
  }
  ck_assert_int_gt(requests, 0);
  ck_assert_int_le(requests, (int64_t)MF_LIMIT_LOAD_RATE / 2 + 10);
  ck_assert_uint_eq(MF_LIMIT_LOAD_CONNECTIONS, 200);
  mf_arena_fini(&arena);
  free(line);
  fclose(f);
  mf_blob_free(&image);
  unlink(path);
  snprintf(beside, sizeof beside, "%s.mfc", path);
  unlink(beside);
}
END_TEST

Suite *runner_caps_suite(void) {
  Suite *s = suite_create("runner_caps");
  TCase *t = tcase_create("caps");
  tcase_set_timeout(t, 30);
  tcase_add_test(t, a_load_is_capped_at_LOAD_RATE_and_LOAD_CONNECTIONS);
  suite_add_tcase(s, t);
  return s;
}
