/* SPDX-License-Identifier: MIT */
#include "../../base/limits.h"
#include "driver_bench.h"

#include <sys/wait.h>

Suite *stdlib_command_suite(void);

static driver_bench bench;

static void set_up(void) { bench_init(&bench); }
static void tear_down(void) {
  ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
  bench_fini(&bench);
}

static void run(const char *json) { bench_run(&bench, "command", json); }

START_TEST(a_command_that_works) {
  run("{\"command\": \"printf\", \"args\": [\"%s-%s-%s\", \"a b\", 5, true]}");
  ck_assert_msg(bench_ok(&bench), "%s", bench_text(&bench, "error"));
  ck_assert_str_eq(bench_text(&bench, "stdout"), "a b-5-true");
  ck_assert_str_eq(bench_text(&bench, "stderr"), "");
  ck_assert_int_eq(bench_get(&bench, "exit_code")->as.i, 0);
  ck_assert_ptr_null(bench_get(&bench, "error"));
}
END_TEST

static const struct {
  const char *args, *error;
  int code;
} failing[] = {
    {"{\"command\": \"false\"}", "exit code 1", 1},
    {"{\"command\": \"exit 7\", \"shell\": true}", "exit code 7", 7},
    {"{\"command\": \"kill -9 $$\", \"shell\": true}", "ended by signal 9 (SIGKILL)", 137},
    {"{\"command\": \"sleep\", \"args\": [9], \"timeout\": 0.1}", "timed out after 0.1 s", 143},
    {"{\"command\": \"sleep\", \"args\": [9], \"timeout\": \"50ms\"}", "timed out after 0.05 s",
     143},
};

START_TEST(failures_keep_the_exit_code) {
  run(failing[_i].args);
  ck_assert(!bench_ok(&bench));
  ck_assert_str_eq(bench_text(&bench, "error"), failing[_i].error);
  ck_assert_int_eq(bench_get(&bench, "exit_code")->as.i, failing[_i].code);
}
END_TEST

START_TEST(no_shell_unless_asked_for) {
  run("{\"command\": \"echo\", \"args\": [\"$(id)\", \";\", \"ls\"]}");
  ck_assert_str_eq(bench_text(&bench, "stdout"), "$(id) ; ls\n");
  run("{\"command\": \"echo $((6*7)) $1\", \"args\": [\"$x\"], \"shell\": true}");
  ck_assert_str_eq(bench_text(&bench, "stdout"), "42 $x\n");
}
END_TEST

START_TEST(env_cwd_and_stdin) {
  run("{\"command\": \"echo $A $B; pwd; cat\", \"shell\": true, \"env\": {\"A\": \"x y\", \"B\": "
      "2},"
      " \"cwd\": \"/\", \"stdin\": {\"a\": 1}}");
  ck_assert_str_eq(bench_text(&bench, "stdout"), "x y 2\n/\n{\"a\":1}");
}
END_TEST

START_TEST(output_that_is_not_utf8_is_bytes) {
  run("{\"command\": \"printf\", \"args\": [\"\\\\377\"]}");
  ck_assert_int_eq(bench_get(&bench, "stdout")->kind, MF_BYTES);
}
END_TEST

START_TEST(long_output_is_cut) {
  run("{\"command\": \"head -c 1000000 /dev/zero\", \"shell\": true}");
  ck_assert(bench_ok(&bench));
  ck_assert_uint_eq(bench_get(&bench, "stdout")->len, MF_LIMIT_OUTPUT_KEPT);
  ck_assert(mf_map_bool(&bench.outcome, "output_cut", false));
}
END_TEST

static const char *const mistakes[][2] = {
    {"{}", "argument 'command' is missing"},
    {"{\"command\": 5}", "argument 'command' must be text"},
    {"{\"command\": \"mf-none\"}", "no program named 'mf-none'"},
    {"{\"command\": \"ls -l\"}", "shell: true"},
    {"{\"command\": \"ls\", \"args\": \"-l\"}", "argument 'args' must be a list"},
    {"{\"command\": \"ls\", \"args\": [\"a\\u0000b\"]}", "argument 'args' holds a NUL byte"},
    {"{\"command\": \"ls\", \"env\": {\"A=B\": 1}}", "argument 'env'"},
    {"{\"command\": \"ls\", \"timeout\": 0}", "argument 'timeout'"},
    {"{\"command\": \"ls\", \"cwd\": \"/no/such\"}", "no folder /no/such"},
};

START_TEST(mistakes_are_told) {
  run(mistakes[_i][0]);
  ck_assert(!bench_ok(&bench));
  const char *error = bench_text(&bench, "error");
  ck_assert_msg(strstr(error, mistakes[_i][1]), "%s", error);
}
END_TEST

START_TEST(a_secret_stays_off_the_command_line) {
  mf_value secret = mf_string(MF_STR("hunter2"));
  secret.flags = MF_TAINTED;
  mf_map_builder b;
  mf_map_build(&b, &bench.arena);
  mf_map_add(&b, "command", mf_string(MF_STR("echo")));
  mf_map_add(&b, "args", mf_list_of(&bench.arena, &secret, 1));
  mf_value args = mf_map_done(&b);
  ck_assert_ptr_null(
      mf_driver_find(MF_STR("command"))->start(&bench.env, &args, bench_done, &bench));
  ck_assert(bench.done && !bench_ok(&bench));
  ck_assert_ptr_nonnull(strstr(bench_text(&bench, "error"), "a secret may go into"));
}
END_TEST

static const char *only_echo(void *ctx, mf_str program) {
  (void)ctx;
  return mf_str_is(program, "echo") ? NULL : "not this program";
}

START_TEST(programs_can_be_denied) {
  bench.env.command_denied = only_echo;
  run("{\"command\": \"echo\"}");
  ck_assert(bench_ok(&bench));
  run("{\"command\": \"cat\"}");
  ck_assert_str_eq(bench_text(&bench, "error"), "not this program");
  run("{\"command\": \"echo\", \"shell\": true}"); /* what is run is the shell */
  ck_assert_str_eq(bench_text(&bench, "error"), "not this program");
}
END_TEST

START_TEST(cancelling_ends_it) {
  bench_start(&bench, "command", "{\"command\": \"sleep\", \"args\": [100]}");
  bench.driver->cancel(bench.op);
  ck_assert(bench.done);
  ck_assert_str_eq(bench_text(&bench, "error"), "cancelled");
}
END_TEST

START_TEST(memory_failure_at_every_allocation_is_clean) {
  for (uint64_t i = 1; i < 100; i++) {
    bench.counting.calls = 0;
    bench.counting.fail_at = i;
    run("{\"command\": \"cat\", \"args\": [\"-\"], \"env\": {\"A\": [1]}, \"stdin\": {\"a\": 1}}");
    ck_assert_uint_eq(bench.counting.in_use, 0);
    if (bench_ok(&bench)) return;
  }
  ck_abort_msg("it never succeeds");
}
END_TEST

Suite *stdlib_command_suite(void) {
  Suite *suite = suite_create("stdlib_command");
  TCase *tc = tcase_create("command");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, a_command_that_works);
  tcase_add_loop_test(tc, failures_keep_the_exit_code, 0, (int)(sizeof failing / sizeof *failing));
  tcase_add_test(tc, no_shell_unless_asked_for);
  tcase_add_test(tc, env_cwd_and_stdin);
  tcase_add_test(tc, output_that_is_not_utf8_is_bytes);
  tcase_add_test(tc, long_output_is_cut);
  tcase_add_loop_test(tc, mistakes_are_told, 0, (int)(sizeof mistakes / sizeof *mistakes));
  tcase_add_test(tc, a_secret_stays_off_the_command_line);
  tcase_add_test(tc, programs_can_be_denied);
  tcase_add_test(tc, cancelling_ends_it);
  tcase_add_test(tc, memory_failure_at_every_allocation_is_clean);
  suite_add_tcase(suite, tc);
  return suite;
}
