/* SPDX-License-Identifier: MIT */
#include "../../io/durable.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *io_durable_suite(void);

static char folder[64], path[128];
static mf_buf buf;

static void set_up(void) {
  mf_alloc alloc = mf_alloc_default();
  snprintf(folder, sizeof folder, "/tmp/mf-durable-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/file", folder);
  mf_buf_init(&buf, &alloc, 1000);
}

static int files_in_folder(void) {
  int n = 0;
  DIR *dir = opendir(folder);
  for (struct dirent *e; (e = readdir(dir));) n += e->d_name[0] != '.';
  closedir(dir);
  return n;
}

static void tear_down(void) {
  char command[128];
  mf_buf_fini(&buf);
  /* Only names that the tests make. */
  static const char *const names[] = {"a/b/c/file", "a/b/c", "a/b", "a", "file", "link", "fifo"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(command, sizeof command, "%s/%s", folder, names[i]);
    remove(command);
  }
  ck_assert_int_eq(rmdir(folder), 0);
}

static void expect_content(const char *text) {
  mf_buf_clear(&buf);
  ck_assert_int_eq(mf_file_read(path, &buf), MF_OK);
  ck_assert(buf.n == strlen(text) && memcmp(buf.p, text, buf.n) == 0);
}

START_TEST(what_is_written_is_read) {
  ck_assert_int_eq(mf_file_write(path, (mf_str){"hello", 5}, 0644), MF_OK);
  expect_content("hello");
  ck_assert_int_eq(mf_file_write(path, (mf_str){"bye", 3}, 0644), MF_OK);
  expect_content("bye");
  ck_assert_int_eq(files_in_folder(), 1);
}
END_TEST

START_TEST(an_empty_file_is_read) {
  ck_assert_int_eq(mf_file_write(path, (mf_str){NULL, 0}, 0600), MF_OK);
  ck_assert_int_eq(mf_file_read(path, &buf), MF_OK);
  ck_assert_uint_eq(buf.n, 0);
  struct stat st;
  ck_assert_int_eq(stat(path, &st), 0);
  ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_file_beyond_the_limit_is_too_large) {
  char big[1001] = {0};
  ck_assert_int_eq(mf_file_write(path, (mf_str){big, 1000}, 0644), MF_OK);
  ck_assert_int_eq(mf_file_read(path, &buf), MF_OK);
  ck_assert_int_eq(mf_file_write(path, (mf_str){big, 1001}, 0644), MF_OK);
  mf_buf_clear(&buf);
  ck_assert_int_eq(mf_file_read(path, &buf), MF_TOO_LARGE);
  mf_buf_clear(&buf);
  ck_assert_int_eq(mf_file_read("/dev/zero", &buf), MF_TOO_LARGE);
}
END_TEST

START_TEST(what_is_not_a_file_is_an_error) {
  ck_assert_int_eq(mf_file_read(path, &buf), MF_IO_ERROR);
  ck_assert_int_eq(errno, ENOENT);
  ck_assert_int_eq(mf_file_read(folder, &buf), MF_IO_ERROR);
  ck_assert_int_eq(errno, EISDIR);
  ck_assert_int_eq(mf_file_write(folder, (mf_str){"x", 1}, 0644), MF_IO_ERROR);
  ck_assert_int_eq(errno, EISDIR);
  ck_assert_int_eq(mf_file_write("/proc/no/such", (mf_str){"x", 1}, 0644), MF_IO_ERROR);
}
END_TEST

START_TEST(devices_stay_devices) {
  struct stat st;
  ck_assert_int_eq(mf_file_write("/dev/null", (mf_str){"x", 1}, 0644), MF_OK);
  ck_assert_int_eq(stat("/dev/null", &st), 0);
  ck_assert(S_ISCHR(st.st_mode));
  mf_append file;
  ck_assert_int_eq(mf_append_open(&file, "/dev/null", 0600, true), MF_APPEND_OK);
  mf_append_close(&file);
  ck_assert_int_eq(stat("/dev/null", &st), 0);
  ck_assert_int_eq(st.st_mode & 0777, 0666);
}
END_TEST

START_TEST(a_link_stays_a_link) {
  char link[128];
  struct stat st;
  snprintf(link, sizeof link, "%s/link", folder);
  ck_assert_int_eq(mf_file_write(path, (mf_str){"old", 3}, 0644), MF_OK);
  ck_assert_int_eq(symlink("file", link), 0);
  ck_assert_int_eq(mf_file_write(link, (mf_str){"new", 3}, 0644), MF_OK);
  ck_assert_int_eq(lstat(link, &st), 0);
  ck_assert(S_ISLNK(st.st_mode));
  expect_content("new");
}
END_TEST

START_TEST(a_pipe_without_a_writer_does_not_hang) {
  char fifo[128];
  snprintf(fifo, sizeof fifo, "%s/fifo", folder);
  ck_assert_int_eq(mkfifo(fifo, 0600), 0);
  ck_assert_int_eq(mf_file_read(fifo, &buf), MF_OK);
  ck_assert_uint_eq(buf.n, 0);
}
END_TEST

START_TEST(parents_are_made) {
  snprintf(path, sizeof path, "%s/a/b//c/file", folder);
  ck_assert_int_eq(mf_file_make_parents(path), MF_OK);
  ck_assert_int_eq(mf_file_make_parents(path), MF_OK);
  ck_assert_int_eq(mf_file_write(path, (mf_str){"x", 1}, 0644), MF_OK);
  expect_content("x");
  ck_assert_int_eq(mf_file_make_parents("file"), MF_OK);
  ck_assert_int_eq(mf_file_make_parents("/file"), MF_OK);
  ck_assert_int_eq(mf_file_make_parents("/proc/no/file"), MF_IO_ERROR);
}
END_TEST

START_TEST(an_append_file_grows_and_is_cut) {
  mf_append file;
  ck_assert_int_eq(mf_append_open(&file, path, 0600, false), MF_APPEND_OK);
  ck_assert_int_eq(mf_append_write(&file, (mf_str){"one\n", 4}), MF_OK);
  ck_assert_int_eq(mf_append_write(&file, (mf_str){"two\n", 4}), MF_OK);
  ck_assert_int_eq(mf_append_sync(&file), MF_OK);
  ck_assert_uint_eq(file.size, 8);
  mf_append_close(&file);
  mf_append_close(&file);
  ck_assert_int_eq(mf_append_open(&file, path, 0600, false), MF_APPEND_OK);
  ck_assert_uint_eq(file.size, 8);
  ck_assert_int_eq(mf_append_cut(&file, 6), MF_OK);
  ck_assert_int_eq(mf_append_write(&file, (mf_str){"o\n", 2}), MF_OK);
  expect_content("one\ntwo\n");
  mf_append_close(&file);
  ck_assert_int_eq(mf_append_open(&file, path, 0600, true), MF_APPEND_OK);
  ck_assert_uint_eq(file.size, 0);
  mf_append_close(&file);
}
END_TEST

START_TEST(an_append_file_has_one_writer) {
  mf_append one, two;
  ck_assert_int_eq(mf_append_open(&one, path, 0600, false), MF_APPEND_OK);
  ck_assert_int_eq(mf_append_write(&one, (mf_str){"x", 1}), MF_OK);
  ck_assert_int_eq(mf_append_open(&two, path, 0600, true), MF_APPEND_LOCKED);
  ck_assert_int_eq(two.fd, -1);
  mf_append_close(&one);
  expect_content("x");
  ck_assert_int_eq(mf_append_open(&two, path, 0600, false), MF_APPEND_OK);
  mf_append_close(&two);
  ck_assert_int_eq(mf_append_open(&two, "/no/such/folder/x", 0600, false), MF_APPEND_FAILED);
}
END_TEST

START_TEST(a_full_disk_is_an_error) {
  mf_append file = {.fd = -1};
  ck_assert_int_eq(mf_file_write("/dev/full", (mf_str){"x", 1}, 0644), MF_IO_ERROR);
  ck_assert_int_eq(errno, ENOSPC);
  ck_assert_int_eq(mf_append_open(&file, "/dev/full", 0600, false), MF_APPEND_OK);
  ck_assert_int_eq(mf_append_write(&file, (mf_str){"x", 1}), MF_IO_ERROR);
  ck_assert_int_eq(errno, ENOSPC);
  mf_append_close(&file);
}
END_TEST

Suite *io_durable_suite(void) {
  Suite *suite = suite_create("io_durable");
  TCase *tc = tcase_create("durable");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, what_is_written_is_read);
  tcase_add_test(tc, an_empty_file_is_read);
  tcase_add_test(tc, a_file_beyond_the_limit_is_too_large);
  tcase_add_test(tc, what_is_not_a_file_is_an_error);
  tcase_add_test(tc, devices_stay_devices);
  tcase_add_test(tc, a_link_stays_a_link);
  tcase_add_test(tc, a_pipe_without_a_writer_does_not_hang);
  tcase_add_test(tc, parents_are_made);
  tcase_add_test(tc, an_append_file_grows_and_is_cut);
  tcase_add_test(tc, an_append_file_has_one_writer);
  tcase_add_test(tc, a_full_disk_is_an_error);
  suite_add_tcase(suite, tc);
  return suite;
}
