/* SPDX-License-Identifier: MIT */
#include "../../runner/journal.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>

#include "../../base/limits.h"
#include "../../runner/journal_read.h"
#include "runner_kit.h"

Suite *runner_journal_suite(void);

static char folder[64], path[96];

static void set_up(void) {
  snprintf(folder, sizeof folder, "/tmp/mfvm-unit-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/run.jsonl", folder);
}
static void tear_down(void) { remove_folder(folder); }

static mf_status create(mf_journal *j, const char *at) {
  mf_alloc alloc = mf_alloc_default();
  mf_journal_options o = {.path = at,
                          .name = MF_STR("a test"),
                          .run_id = "0123456789abcdef",
                          .wall_ns = 1900000000000000000,
                          .image = MF_STR("IMAGE"),
                          .sync = MF_SYNC_NONE};
  return mf_journal_create(j, &alloc, &o);
}

static void add(mf_journal *j, int64_t t, const char *text) {
  mf_json_writer *w = mf_journal_begin(j, (mf_stamp){t, 1900000000000000000 + t}, "log", 0,
                                       MF_STR("steps[0]"));
  mf_json_key(w, "text");
  mf_json_put_str(w, mf_str_of(text));
  ck_assert_int_eq(mf_journal_end(j), MF_OK);
}

/* A journal of three lines. */
static void write_three(void) {
  mf_journal j;
  ck_assert_int_eq(create(&j, path), MF_OK);
  add(&j, 5, "one");
  add(&j, 1000000005, "two");
  add(&j, 1000000006, "three");
  ck_assert_int_eq(mf_journal_finish(&j), MF_OK);
  mf_journal_fini(&j);
}

static mf_str slurp(char *to, size_t size) {
  int fd = open(path, O_RDONLY);
  ssize_t n = read(fd, to, size - 1);
  close(fd);
  ck_assert_int_ge(n, 0);
  to[n] = '\0';
  return (mf_str){to, (size_t)n};
}

static void spill(mf_str bytes) {
  int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
  ck_assert_int_eq(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
  close(fd);
}

/* How many lines are good, and how reading ended. */
static mf_status read_all(int *good, char *problem, size_t size) {
  mf_journal_reader *reader;
  mf_status status;
  mf_str line;
  *good = -1;
  ck_assert_int_eq(mf_journal_open(NULL, path, &reader, problem, size), MF_OK);
  do {
    status = mf_journal_read(reader, &line);
    ++*good;
  } while (status == MF_OK && line.n);
  snprintf(problem, size, "%s", mf_journal_problem(reader));
  mf_journal_close(reader);
  return status;
}

START_TEST(lines_have_their_format) {
  char text[4096];
  write_three();
  mf_str all = slurp(text, sizeof text);
  const char *first =
      "{\"seq\":1,\"t\":5,\"wall\":\"2030-03-17T17:46:40.000000005Z\",\"event\":\"log\",\"task\":0,"
      "\"path\":\"steps[0]\",\"data\":{\"text\":\"one\"}";
  ck_assert_uint_eq(strncmp(all.p, first, strlen(first)), 0);
  char chain[64];
  snprintf(chain, sizeof chain, ",\"chain\":\"%016llx\"}\n",
           (unsigned long long)mf_hash64(first, strlen(first), 0));
  ck_assert_uint_eq(strncmp(all.p + strlen(first), chain, strlen(chain)), 0);
  ck_has(text, "\"wall\":\"2030-03-17T17:46:41.000000005Z\"");
  ck_has(text, "\"seq\":3");
}
END_TEST

START_TEST(a_whole_journal_reads_to_its_end) {
  int good;
  char problem[256];
  write_three();
  ck_assert_int_eq(read_all(&good, problem, sizeof problem), MF_OK);
  ck_assert_int_eq(good, 3);
}
END_TEST

START_TEST(every_torn_tail_is_told_as_one) {
  char text[4096], problem[256];
  int good;
  write_three();
  mf_str all = slurp(text, sizeof text);
  size_t last = all.n - 1;
  while (text[last - 1] != '\n') last--;
  for (size_t n = last + 1; n < all.n; n++) {
    spill((mf_str){text, n});
    ck_assert_int_eq(read_all(&good, problem, sizeof problem), MF_JOURNAL_DAMAGED);
    ck_assert_int_eq(good, 2);
    ck_has(problem, "torn");
  }
  memset(text + last, 0, all.n - last); /* blocks that never reached the disk */
  spill(all);
  ck_assert_int_eq(read_all(&good, problem, sizeof problem), MF_JOURNAL_DAMAGED);
  ck_has(problem, "torn");
}
END_TEST

START_TEST(every_changed_byte_is_found) {
  char text[4096], problem[256];
  int good;
  write_three();
  mf_str all = slurp(text, sizeof text);
  for (size_t i = 0; i < all.n; i++) {
    text[i] ^= 1;
    spill(all);
    ck_assert_int_eq(read_all(&good, problem, sizeof problem), MF_JOURNAL_DAMAGED);
    text[i] ^= 1;
  }
}
END_TEST

START_TEST(damage_before_the_end_is_no_torn_tail) {
  char text[4096], problem[256];
  int good;
  write_three();
  mf_str all = slurp(text, sizeof text);
  *strstr(text, "two") = 'x';
  spill(all);
  ck_assert_int_eq(read_all(&good, problem, sizeof problem), MF_JOURNAL_DAMAGED);
  ck_assert_int_eq(good, 1);
  ck_has(problem, "line 2");
  ck_lacks(problem, "torn");
}
END_TEST

START_TEST(a_missing_line_is_damage) {
  char text[4096], problem[256];
  int good;
  write_three();
  mf_str all = slurp(text, sizeof text);
  char *second = strchr(text, '\n') + 1, *third = strchr(second, '\n') + 1;
  size_t rest = all.n - (size_t)(third - text);
  memmove(second, third, rest + 1);
  all.n = (size_t)(second - text) + rest;
  spill(all);
  ck_assert_int_eq(read_all(&good, problem, sizeof problem), MF_JOURNAL_DAMAGED);
  ck_assert_int_eq(good, 1);
}
END_TEST

START_TEST(empty_and_missing_files) {
  int good;
  char problem[256];
  mf_journal_reader *reader;
  spill(MF_STR(""));
  ck_assert_int_eq(read_all(&good, problem, sizeof problem), MF_OK);
  ck_assert_int_eq(good, 0);
  ck_assert_int_eq(mf_journal_open(NULL, "/nonexistent/x", &reader, problem, sizeof problem),
                   MF_IO_ERROR);
  ck_assert_ptr_null(reader);
  ck_assert_int_eq(mf_journal_open(NULL, folder, &reader, problem, sizeof problem), MF_IO_ERROR);
}
END_TEST

START_TEST(the_image_lies_beside_it) {
  char beside[128], bytes[16] = "";
  struct stat st;
  write_three();
  snprintf(beside, sizeof beside, "%s.mfc", path);
  int fd = open(beside, O_RDONLY);
  ck_assert_int_eq(read(fd, bytes, sizeof bytes), 5);
  close(fd);
  ck_assert_str_eq(bytes, "IMAGE");
  ck_assert_int_eq(stat(path, &st), 0);
  ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(an_older_journal_is_replaced) {
  int good;
  char problem[256];
  write_three();
  write_three();
  ck_assert_int_eq(read_all(&good, problem, sizeof problem), MF_OK);
  ck_assert_int_eq(good, 3);
}
END_TEST

START_TEST(other_files_are_left_alone) {
  char text[64];
  mf_journal j;
  spill(MF_STR("name: my document\n"));
  ck_assert_int_eq(create(&j, path), MF_IO_ERROR);
  ck_has(j.error, "no journal");
  mf_journal_fini(&j);
  slurp(text, sizeof text);
  ck_assert_str_eq(text, "name: my document\n");
}
END_TEST

START_TEST(one_run_at_a_time_writes_it) {
  mf_journal first, second;
  ck_assert_int_eq(create(&first, path), MF_OK);
  ck_assert_int_eq(create(&second, path), MF_IO_ERROR);
  ck_has(second.error, "another run");
  mf_journal_fini(&second);
  mf_journal_fini(&first);
}
END_TEST

START_TEST(the_default_place_is_the_state_folder) {
  mf_journal j;
  setenv("XDG_STATE_HOME", folder, 1);
  ck_assert_int_eq(create(&j, NULL), MF_OK);
  ck_has(j.path, folder);
  ck_has(j.path, "/mfvm/runs/20300317T174640Z-a-test-0123456789abcdef.jsonl");
  mf_journal_fini(&j);
  unsetenv("XDG_STATE_HOME");
  setenv("HOME", folder, 1);
  ck_assert_int_eq(create(&j, NULL), MF_OK);
  ck_has(j.path, "/.local/state/mfvm/runs/");
  mf_journal_fini(&j);
  unsetenv("HOME");
  ck_assert_int_eq(create(&j, NULL), MF_IO_ERROR);
  ck_has(j.error, "--journal");
  mf_journal_fini(&j);
}
END_TEST

START_TEST(none_keeps_it_in_memory) {
  mf_journal j;
  mf_journal_reader *reader;
  mf_str line;
  ck_assert_int_eq(create(&j, "none"), MF_OK);
  ck_assert_str_eq(j.path, "");
  add(&j, 1, "kept");
  ck_assert_int_eq(mf_journal_flush(&j, 1), MF_OK);
  ck_assert_int_eq(mf_journal_open_fd(NULL, j.fd, &reader), MF_OK);
  ck_assert_int_eq(mf_journal_read(reader, &line), MF_OK);
  ck_assert_uint_gt(line.n, 0);
  ck_assert_int_eq(mf_journal_read(reader, &line), MF_OK);
  ck_assert_uint_eq(line.n, 0);
  add(&j, 2, "after reading"); /* the reader did not move the writer */
  ck_assert_int_eq(mf_journal_flush(&j, 1), MF_OK);
  mf_journal_close(reader);
  mf_journal_fini(&j);
}
END_TEST

START_TEST(lines_that_are_too_long_are_dropped_whole) {
  mf_journal j;
  size_t n = MF_LIMIT_JOURNAL_LINE_BYTES;
  char *text = malloc(n);
  int good;
  char problem[256];
  memset(text, 'x', n);
  ck_assert_int_eq(create(&j, path), MF_OK);
  add(&j, 1, "before");
  mf_json_writer *w = mf_journal_begin(&j, (mf_stamp){2, 2}, "log", 0, MF_STR(""));
  mf_json_key(w, "text");
  mf_json_put_str(w, (mf_str){text, n});
  ck_assert_int_eq(mf_journal_end(&j), MF_TOO_LARGE);
  add(&j, 3, "after");
  ck_assert_int_eq(mf_journal_finish(&j), MF_OK);
  mf_journal_fini(&j);
  free(text);
  ck_assert_int_eq(read_all(&good, problem, sizeof problem), MF_OK);
  ck_assert_int_eq(good, 2);
}
END_TEST

START_TEST(a_full_disk_is_a_sticky_error) {
  mf_journal j;
  struct rlimit limit = {10, 10};
  signal(SIGXFSZ, SIG_IGN);
  ck_assert_int_eq(create(&j, path), MF_OK);
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  add(&j, 1, "does not fit");
  ck_assert_int_eq(mf_journal_flush(&j, 1), MF_IO_ERROR);
  ck_has(j.error, path);
  (void)mf_journal_begin(&j, (mf_stamp){1, 1}, "log", 0, MF_STR(""));
  ck_assert_int_eq(mf_journal_end(&j), MF_IO_ERROR);
  mf_journal_fini(&j);
}
END_TEST

START_TEST(sync_policies_have_words) {
  mf_sync sync;
  ck_assert(mf_sync_parse(NULL, &sync) && sync == MF_SYNC_EFFECT);
  ck_assert(mf_sync_parse("interval", &sync) && sync == MF_SYNC_INTERVAL);
  ck_assert(mf_sync_parse("none", &sync) && sync == MF_SYNC_NONE);
  ck_assert(!mf_sync_parse("often", &sync));
}
END_TEST

START_TEST(an_interval_is_a_second) {
  mf_journal j;
  ck_assert_int_eq(create(&j, path), MF_OK);
  j.sync = MF_SYNC_INTERVAL;
  ck_assert_int_lt(mf_journal_sync_due(&j, 5), 0); /* nothing to sync */
  add(&j, 1, "x");
  ck_assert_int_eq(mf_journal_flush(&j, 400000000), MF_OK);
  ck_assert_int_eq(mf_journal_sync_due(&j, 400000000), 600000000);
  ck_assert_int_eq(mf_journal_flush(&j, 1000000000), MF_OK);
  ck_assert_int_lt(mf_journal_sync_due(&j, 1000000000), 0);
  mf_journal_fini(&j);
}
END_TEST

START_TEST(printing_is_readable_and_safe) {
  static capture out;
  char what[256] = "";
  mf_journal j;
  out.n = 0;
  ck_assert_int_eq(create(&j, path), MF_OK);
  add(&j, 1500000000, "a\x1b[31m\nb");
  ck_assert_int_eq(mf_journal_finish(&j), MF_OK);
  mf_journal_fini(&j);
  mf_output to = {capture_write, &out};
  ck_assert_int_eq(mf_journal_print(NULL, path, false, to, what, sizeof what), MF_OK);
  ck_assert_str_eq(out.text, "   +1.500000s  log  steps[0]  text=a\\x1b[31m\\nb\n");
  out.n = 0;
  ck_assert_int_eq(mf_journal_print(NULL, path, true, to, what, sizeof what), MF_OK);
  ck_has(out.text, "\"data\":{\"text\":\"a\\u001b[31m\\nb\"}");
}
END_TEST

START_TEST(printing_stops_at_damage_and_says_where) {
  static capture out;
  char text[4096], what[256] = "";
  write_three();
  mf_str all = slurp(text, sizeof text);
  *strstr(text, "two") = 'x';
  spill(all);
  out.n = 0;
  mf_output to = {capture_write, &out};
  ck_assert_int_eq(mf_journal_print(NULL, path, false, to, what, sizeof what), MF_JOURNAL_DAMAGED);
  ck_has(out.text, "text=one");
  ck_lacks(out.text, "three");
  ck_has(what, "line 2");
}
END_TEST

Suite *runner_journal_suite(void) {
  Suite *s = suite_create("runner_journal");
  TCase *t = tcase_create("all");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, lines_have_their_format);
  tcase_add_test(t, a_whole_journal_reads_to_its_end);
  tcase_add_test(t, every_torn_tail_is_told_as_one);
  tcase_add_test(t, every_changed_byte_is_found);
  tcase_add_test(t, damage_before_the_end_is_no_torn_tail);
  tcase_add_test(t, a_missing_line_is_damage);
  tcase_add_test(t, empty_and_missing_files);
  tcase_add_test(t, the_image_lies_beside_it);
  tcase_add_test(t, an_older_journal_is_replaced);
  tcase_add_test(t, other_files_are_left_alone);
  tcase_add_test(t, one_run_at_a_time_writes_it);
  tcase_add_test(t, the_default_place_is_the_state_folder);
  tcase_add_test(t, none_keeps_it_in_memory);
  tcase_add_test(t, lines_that_are_too_long_are_dropped_whole);
  tcase_add_test(t, a_full_disk_is_a_sticky_error);
  tcase_add_test(t, sync_policies_have_words);
  tcase_add_test(t, an_interval_is_a_second);
  tcase_add_test(t, printing_is_readable_and_safe);
  tcase_add_test(t, printing_stops_at_damage_and_says_where);
  suite_add_tcase(s, t);
  return s;
}
