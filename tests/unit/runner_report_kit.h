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

/* JSON text of names: none may add, change or remove a tag, an attribute, a cell, a
 * row or a link. */
static const char *const hostile[] __attribute__((unused)) = {
    "<script>alert(1)</script>",
    "</title></style></code><svg onload=alert(1)>",
    "\\\" onmouseover=\\\"alert(1)",
    "' autofocus onfocus='alert(1)",
    "--><!-- ]]> <![CDATA[ <?xml",
    "&lt;b&gt; &amp; &#0; &",
    "\\u0000\\u0001\\b\\u001b[31m\\u007f\\u0085",
    "\\u202Eexe.txt\\u2066\\u200F\\u061C\\uFEFF\\u2028\\uFFFE",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}} ${x} %s %n",
    "\xF0\x9F\x98\x80 \xE4\xB8\xAD\xE6\x96\x87 \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D e\xCC\x81",
    "=HYPERLINK(\\\"http://x\\\";\\\"y\\\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1, \\\"2\\\"; 3\\r\\n-4\\t5",
    "a|b `c` [d](http://e) ![f](g) **h** @team/x #12 www.i.j _k_ ~~l~~ $m$",
    "- [ ] 1. # ---",
};
enum { HOSTILE = sizeof hostile / sizeof *hostile };

/* Everything that a document or the world can name, named `name` (as JSON text). */
static inline void run_named(const char *name) {
  char data[8192];
#define SAY(ms, event, path, ...) \
  (snprintf(data, sizeof data, __VA_ARGS__), say(ms, event, path, data))
  SAY(0, "run_started", "",
      "\"name\":\"%s\",\"run_id\":\"%s\",\"source\":\"%s\",\"image_digest\":\"%s\","
      "\"version\":\"%s\",\"format\":\"%s\",\"seed\":\"%s\",\"target\":{\"kind\":\"%s\",\"url\":\"%"
      "s\"}",
      name, name, name, name, name, name, name, name, name);
  SAY(1, "hook_started", name, "\"name\":\"%s\"", name);
  SAY(1, "intent", name, "\"id\":1,\"driver\":\"%s\",\"args\":{}", name);
  SAY(1, "intent", name,
      "\"id\":2,\"driver\":\"http_request\",\"args\":{\"method\":\"%s\",\"url\":\"%s\"}", name,
      name);
  SAY(1, "outcome", name, "\"id\":2,\"value\":{\"ok\":true,\"status\":200,\"warning\":\"%s\"}",
      name);
  SAY(2, "action_finished", name, "\"name\":\"%s\",\"text\":\"%s\",\"outcome\":\"%s\"", name, name,
      name);
  SAY(2, "hook_finished", name, "\"name\":\"%s\",\"text\":\"%s\",\"outcome\":\"failed\"", name,
      name);
  SAY(2, "step_started", name, "\"name\":\"%s\"", name);
  SAY(3, "outcome", name, "\"id\":9,\"value\":{\"metrics\":{\"%s\":\"%s\",\"requests\":1}}", name,
      name);
  SAY(3, "assertion", name,
      "\"name\":\"%s\",\"text\":\"%s\",\"outcome\":\"failed\",\"actual\":\"%s\","
      "\"expected\":{\"%s\":\"%s\"}",
      name, name, name, name, name);
  SAY(9, "step_finished", name, "\"name\":\"%s\",\"text\":\"%s\",\"outcome\":\"failed\"", name,
      name);
  SAY(10, "branch", name, "\"name\":\"%s\",\"text\":\"%s\",\"actual\":\"%s\"", name, name, name);
  SAY(10, "log", name, "\"name\":\"%s\",\"text\":\"%s\"", name, name);
  SAY(10, "warning", name, "\"text\":\"%s\"", name);
  SAY(10, "error", name, "\"text\":\"%s\"", name);
  SAY(10, "signal", name, "\"signal\":\"%s\",\"origin\":\"%s\"", name, name);
  SAY(11, "assertion", name, "\"name\":\"%s\",\"outcome\":\"failed\",\"actual\":\"%s\"", name,
      name);
  SAY(11, "metric", name, "\"name\":\"%s\",\"actual\":1", name);
  SAY(11, "metric", name, "\"name\":\"%s\",\"actual\":2.5", name);
  SAY(12, "final", "", "\"variables\":{\"%s\":\"%s\"},\"metrics\":{\"%s\":{\"%s\":1}}", name, name,
      name, name);
  SAY(12, "verdict", "", "\"outcome\":\"failed\",\"interrupted\":true");
  SAY(13, "report_written", "", "\"path\":\"%s\",\"error\":\"%s\"", name, name);
  SAY(13, "run_finished", "", "\"exit_code\":74,\"reason\":\"%s\"", name);
  snprintf(data, sizeof data,
           "{\"t\":14,\"wall\":\"%s\",\"event\":\"step_started\",\"path\":\"p\",\"data\":{}}",
           name);
  ck_assert_int_eq(feed(data), MF_OK);
#undef SAY
}
#endif
