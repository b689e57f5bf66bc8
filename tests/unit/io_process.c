/* SPDX-License-Identifier: MIT */
#include "../../io/process.h"
#include "loopback.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

Suite *io_process_suite(void);

#define MS 1000000LL

static mf_alloc alloc;
static mf_loop *loop;
static mf_process *process;
static char error[256];
static int fds_before;

static struct {
  bool done;
  mf_process_result result;
  char out[4096], err[4096];
} got;

static int count_fds(void) {
  int n = 0;
  DIR *dir = opendir("/proc/self/fd");
  while (readdir(dir)) n++;
  closedir(dir);
  return n;
}

static void keep(void *ctx, const mf_process_result *result) {
  (void)ctx;
  ck_assert(!got.done);
  got.done = true;
  got.result = *result;
  size_t n = result->out.n < sizeof got.out - 1 ? result->out.n : sizeof got.out - 1;
  if (n) memcpy(got.out, result->out.p, n);
  n = result->err.n < sizeof got.err - 1 ? result->err.n : sizeof got.err - 1;
  if (n) memcpy(got.err, result->err.p, n);
}

static void set_up(void) {
  alloc = mf_alloc_default();
  memset(&got, 0, sizeof got);
  ck_assert_int_eq(mf_loop_new(&alloc, &loop), MF_OK);
  fds_before = count_fds();
}

/* Nothing may be left: no child, no zombie, no descriptor. */
static void tear_down(void) {
  ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
  ck_assert_int_eq(errno, ECHILD);
  ck_assert_int_eq(count_fds(), fds_before);
  mf_loop_free(loop);
}

static mf_process_spec spec_of(const char *const *argv) {
  return (mf_process_spec){
      .argv = argv, .max_output = 4000, .timeout_ns = 20000 * MS, .done = keep};
}

static void start(const mf_process_spec *spec) {
  const char *why = mf_process_start(&alloc, loop, spec, &process, error, sizeof error);
  ck_assert_msg(!why, "%s", why);
}

static void run(const mf_process_spec *spec) {
  start(spec);
  ck_assert(loopback_run(loop, &got.done));
}

/* Runs a shell's text. */
static void run_shell(const char *text) {
  const char *argv[] = {"sh", "-c", text, NULL};
  mf_process_spec spec = spec_of(argv);
  run(&spec);
}

START_TEST(output_and_exit_code_are_kept) {
  run_shell("echo out; echo err >&2; exit 3");
  ck_assert(got.result.exited && !got.result.timed_out && !got.result.cancelled);
  ck_assert_int_eq(got.result.code, 3);
  ck_assert_str_eq(got.out, "out\n");
  ck_assert_str_eq(got.err, "err\n");
}
END_TEST

START_TEST(a_signal_is_not_an_exit) {
  run_shell("kill -9 $$");
  ck_assert(!got.result.exited);
  ck_assert_int_eq(got.result.code, SIGKILL);
}
END_TEST

START_TEST(arguments_are_not_a_shells) {
  const char *argv[] = {"printf", "%s|", "$HOME", "a b", "*", NULL};
  mf_process_spec spec = spec_of(argv);
  run(&spec);
  ck_assert_str_eq(got.out, "$HOME|a b|*|");
}
END_TEST

START_TEST(input_is_read_to_its_end) {
  const char *argv[] = {"cat", NULL};
  mf_process_spec spec = spec_of(argv);
  spec.input = (mf_str){"line\0two", 8};
  run(&spec);
  ck_assert_uint_eq(got.result.out.n, 8);
}
END_TEST

START_TEST(without_input_there_is_an_empty_one) {
  const char *argv[] = {"cat", NULL};
  mf_process_spec spec = spec_of(argv);
  run(&spec);
  ck_assert_int_eq(got.result.code, 0);
  ck_assert_str_eq(got.out, "");
}
END_TEST

START_TEST(a_program_need_not_read_its_input) {
  char *big = calloc(1, 4u << 20);
  const char *argv[] = {"true", NULL};
  mf_process_spec spec = spec_of(argv);
  spec.input = (mf_str){big, 4u << 20};
  run(&spec);
  ck_assert_int_eq(got.result.code, 0);
  free(big);
}
END_TEST

START_TEST(environment_is_added_to_ours) {
  const char *argv[] = {"sh", "-c", "echo $MF_NEW $MF_OLD $MF_KEPT", NULL};
  const char *env[] = {"MF_NEW=1", "MF_OLD=new", NULL};
  setenv("MF_OLD", "old", 1);
  setenv("MF_KEPT", "kept", 1);
  mf_process_spec spec = spec_of(argv);
  spec.env = env;
  run(&spec);
  ck_assert_str_eq(got.out, "1 new kept\n");
}
END_TEST

START_TEST(the_folder_is_set) {
  const char *argv[] = {"pwd", NULL};
  mf_process_spec spec = spec_of(argv);
  spec.cwd = "/";
  run(&spec);
  ck_assert_str_eq(got.out, "/\n");
}
END_TEST

START_TEST(the_child_has_a_clean_start) {
  sigset_t block, old;
  sigemptyset(&block);
  sigaddset(&block, SIGTERM);
  sigprocmask(SIG_BLOCK, &block, &old);
  signal(SIGPIPE, SIG_IGN);
  int extra = dup(2); /* without O_CLOEXEC: still not the child's */
  run_shell(
      "ls /proc/self/fd | wc -l; grep -E 'SigBlk|SigIgn' /proc/self/status;"
      "test $(ps -o pgid= -p $$ | tr -d ' ') = $$ && echo leader");
  close(extra);
  sigprocmask(SIG_SETMASK, &old, NULL);
  /* 0, 1, 2 and the folder that ls reads. */
  ck_assert_msg(strncmp(got.out, "4\n", 2) == 0, "%s", got.out);
  ck_assert_ptr_nonnull(strstr(got.out, "SigBlk:\t0000000000000000"));
  const char *ignored = strstr(got.out, "SigIgn:");
  ck_assert_ptr_nonnull(ignored);
  ck_assert_uint_eq(strtoull(ignored + 7, NULL, 16) >> (SIGPIPE - 1) & 1, 0);
}
END_TEST

START_TEST(output_beyond_the_bound_is_drained) {
  run_shell("head -c 3000000 /dev/zero; head -c 3000 /dev/zero >&2");
  ck_assert_int_eq(got.result.code, 0);
  ck_assert_uint_eq(got.result.out.n, 4000);
  ck_assert(got.result.out_cut);
  ck_assert_uint_eq(got.result.err.n, 3000);
  ck_assert(!got.result.err_cut);
}
END_TEST

/* A zombie that init has not reaped yet is dead. */
static bool is_alive(pid_t pid) {
  char path[64], state = 'Z';
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *f = fopen(path, "r");
  if (!f) return false;
  if (fscanf(f, "%*d %*s %c", &state) != 1) state = 'Z';
  fclose(f);
  return state != 'Z' && state != 'X';
}

START_TEST(a_timeout_ends_the_whole_group) {
  const char *argv[] = {"sh", "-c", "sleep 100 & echo $!; wait", NULL};
  mf_process_spec spec = spec_of(argv);
  spec.timeout_ns = 200 * MS;
  int64_t before = mf_clock_monotonic();
  run(&spec);
  ck_assert(got.result.timed_out && !got.result.exited);
  ck_assert_int_eq(got.result.code, SIGTERM);
  ck_assert_int_ge(mf_clock_monotonic() - before, 200 * MS);
  pid_t grandchild = (pid_t)strtol(got.out, NULL, 10);
  ck_assert_int_gt(grandchild, 1);
  int64_t end = mf_clock_monotonic() + 5000 * MS;
  while (is_alive(grandchild) && mf_clock_monotonic() < end) mf_loop_run_once(loop, MS);
  ck_assert(!is_alive(grandchild));
}
END_TEST

START_TEST(what_ignores_sigterm_is_killed_a_second_later) {
  const char *argv[] = {"sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done", NULL};
  mf_process_spec spec = spec_of(argv);
  spec.timeout_ns = 100 * MS;
  int64_t before = mf_clock_monotonic();
  run(&spec);
  ck_assert(got.result.timed_out);
  ck_assert_int_eq(got.result.code, SIGKILL);
  ck_assert_int_ge(mf_clock_monotonic() - before, 1100 * MS);
}
END_TEST

START_TEST(a_handler_of_sigterm_may_finish) {
  const char *argv[] = {"sh", "-c", "trap 'echo bye; exit 7' TERM; sleep 100 & wait", NULL};
  mf_process_spec spec = spec_of(argv);
  spec.timeout_ns = 300 * MS;
  run(&spec);
  ck_assert(got.result.timed_out && got.result.exited);
  ck_assert_int_eq(got.result.code, 7);
  ck_assert_str_eq(got.out, "bye\n");
}
END_TEST

START_TEST(what_runs_on_in_the_background_is_not_awaited) {
  int64_t before = mf_clock_monotonic();
  run_shell("sleep 3 & echo started");
  ck_assert_int_lt(mf_clock_monotonic() - before, 2500 * MS);
  ck_assert_str_eq(got.out, "started\n");
  ck_assert_int_eq(got.result.code, 0);
}
END_TEST

START_TEST(cancelling_ends_it_before_it_returns) {
  const char *argv[] = {"sleep", "100", NULL};
  mf_process_spec spec = spec_of(argv);
  start(&spec);
  mf_process_cancel(process);
  ck_assert(got.done && got.result.cancelled);
  ck_assert_int_eq(got.result.code, SIGTERM);
}
END_TEST

START_TEST(what_cannot_start_says_why) {
  static const struct {
    const char *program, *cwd, *text;
  } cases[] = {
      {"mf-no-such-program", NULL, "no program named 'mf-no-such-program'"},
      {"echo hi", NULL, "shell: true"},
      {"true", "/no/such/folder", "no folder /no/such/folder"},
      {"/etc/passwd", NULL, "cannot start /etc/passwd"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *argv[] = {cases[i].program, NULL};
    mf_process_spec spec = spec_of(argv);
    spec.cwd = cases[i].cwd;
    const char *why = mf_process_start(&alloc, loop, &spec, &process, error, sizeof error);
    ck_assert_ptr_nonnull(why);
    ck_assert_msg(strstr(why, cases[i].text), "%s", why);
    ck_assert_ptr_null(process);
  }
  ck_assert(!got.done);
}
END_TEST

Suite *io_process_suite(void) {
  Suite *suite = suite_create("io_process");
  TCase *tc = tcase_create("process");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, output_and_exit_code_are_kept);
  tcase_add_test(tc, a_signal_is_not_an_exit);
  tcase_add_test(tc, arguments_are_not_a_shells);
  tcase_add_test(tc, input_is_read_to_its_end);
  tcase_add_test(tc, without_input_there_is_an_empty_one);
  tcase_add_test(tc, a_program_need_not_read_its_input);
  tcase_add_test(tc, environment_is_added_to_ours);
  tcase_add_test(tc, the_folder_is_set);
  tcase_add_test(tc, the_child_has_a_clean_start);
  tcase_add_test(tc, output_beyond_the_bound_is_drained);
  tcase_add_test(tc, a_timeout_ends_the_whole_group);
  tcase_add_test(tc, what_ignores_sigterm_is_killed_a_second_later);
  tcase_add_test(tc, a_handler_of_sigterm_may_finish);
  tcase_add_test(tc, what_runs_on_in_the_background_is_not_awaited);
  tcase_add_test(tc, cancelling_ends_it_before_it_returns);
  tcase_add_test(tc, what_cannot_start_says_why);
  suite_add_tcase(suite, tc);
  return suite;
}
