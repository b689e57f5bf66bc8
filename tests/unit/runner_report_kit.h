/* runner_report_kit - reports from lines that a test writes down. */
#ifndef MF_TESTS_RUNNER_REPORT_KIT_H
#define MF_TESTS_RUNNER_REPORT_KIT_H
#include "../../runner/report_model.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef MF_TESTS_DIR
#define MF_TESTS_DIR "tests"
#endif

static mf_report *report;
static mf_buf page; /* what `render` made */

static void set_up(void) {
  report = mf_report_new(NULL);
  ck_assert_ptr_nonnull(report);
  mf_buf_init(&page, NULL, 0);
}

static void tear_down(void) {
  mf_report_free(report);
  mf_buf_fini(&page);
}

static inline mf_status feed(const char *line) { return mf_report_feed(report, mf_str_of(line)); }

/* A line of task 0, `ms` after the start. */
static inline void say(unsigned ms, const char *event, const char *path, const char *data) {
  char line[8192];
  int n = snprintf(line, sizeof line,
                   "{\"seq\":0,\"t\":%llu,\"wall\":\"2026-01-02T03:04:05Z\",\"event\":\"%s\","
                   "\"task\":0,\"path\":\"%s\",\"data\":{%s},\"chain\":\"0\"}",
                   ms * 1000000ULL, event, path, data);
  /* Not ck_assert alone: it tells its parent process of each success. */
  mf_status status = n < (int)sizeof line ? feed(line) : MF_TOO_LARGE;
  if (status != MF_OK) ck_abort_msg("%s: %s", mf_status_name(status), line);
}

static inline void begin(void) {
  say(0, "run_started", "", "\"format\":1,\"name\":\"n\",\"run_id\":\"r\",\"time_scale\":1.0");
}

static inline void verdict(const char *more) {
  char data[512];
  snprintf(data, sizeof data, "\"duration\":1.0%s%s", *more ? "," : "", more);
  say(1000, "verdict", "", data);
}

static inline const char *render(const char *format) {
  mf_buf_clear(&page);
  ck_assert_int_eq(mf_report_render(report, mf_str_of(format), &page), MF_OK);
  return page.p;
}

static inline bool holds(const char *text) { return strstr(page.p, text) != NULL; }
#define has(text) ck_assert_msg(holds(text), "'%s' is missing in:\n%s", text, page.p)
#define has_not(text) ck_assert_msg(!holds(text), "'%s' should not be in:\n%s", text, page.p)

/* The whole file; the caller frees. */
static inline char *slurp(const char *path, size_t *n) {
  FILE *f = fopen(path, "rb");
  ck_assert_msg(f != NULL, "cannot open %s", path);
  size_t size = 1 << 20;
  char *p = malloc(size + 1);
  *n = fread(p, 1, size, f);
  ck_assert_uint_lt(*n, size);
  p[*n] = '\0';
  fclose(f);
  return p;
}

/* Feeds at most `lines` lines of a journal in tests/reports. */
static inline void feed_journal_lines(const char *name, unsigned lines) {
  char path[256];
  size_t n;
  snprintf(path, sizeof path, "%s/reports/%s.jsonl", MF_TESTS_DIR, name);
  char *text = slurp(path, &n), *at = text;
  for (char *end; lines-- > 0 && (end = strchr(at, '\n')) != NULL; at = end + 1)
    ck_assert_int_eq(mf_report_feed(report, (mf_str){at, (size_t)(end - at)}), MF_OK);
  free(text);
}
#endif
