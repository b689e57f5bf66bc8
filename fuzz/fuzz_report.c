/* SPDX-License-Identifier: MIT */
/* Fuzzes reports: journal lines into the model, the model in every format; and, when
 * the first byte is 't', a template over the report of a small run.
 *
 * Beside memory errors it checks laws: what is rendered is UTF-8 without control
 * characters, rows of CSV have equally many cells, and nothing of a page runs. */
#include "../runner/runner.h"
#include "../base/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool law) {
  if (!law) abort();
}

static void check_text(mf_str s) {
  check(mf_utf8_valid(s.p, s.n) == s.n);
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    check(c >= 0x20 || c == '\n' || c == '\t' || c == '\r');
    check(c != 0x7F);
  }
}

static void check_rows(mf_str s) {
  size_t cells = 1, header = 0;
  bool quoted = false;
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] == '"') quoted = !quoted;
    if (quoted) continue;
    if (s.p[i] == ',') cells++;
    if (s.p[i] != '\r') continue;
    check(i + 1 < s.n && s.p[i + 1] == '\n');
    if (header == 0) header = cells;
    check(cells == header);
    cells = 1;
  }
  check(!quoted && cells == 1);
}

static void check_page(mf_str s) {
  static const char *const tags[] = {"<script", "<img", "<iframe", "<link", "<object"};
  for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
    check(mf_str_find(s, mf_str_of(tags[i]), 0) == SIZE_MAX);
}

static void render_all(mf_report *r) {
  static const char *const formats[] = {"html", "json", "junit", "markdown", "csv"};
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    mf_buf out;
    mf_buf_init(&out, NULL, 0);
    check(mf_report_render(r, mf_str_of(formats[f]), &out) == MF_OK);
    mf_str text = mf_buf_str(&out);
    if (f != 1) check_text(text);
    if (f == 0) check_page(text);
    if (f == 4) check_rows(text);
    mf_buf_fini(&out);
  }
}

static void feed_all(mf_report *r, mf_str lines) {
  while (lines.n > 0) {
    size_t end = mf_str_find(lines, MF_STR("\n"), 0);
    mf_str line = {lines.p, end == SIZE_MAX ? lines.n : end};
    mf_status status = mf_report_feed(r, line);
    check(status == MF_OK || status == MF_JSON_INVALID);
    size_t used = line.n + (end != SIZE_MAX);
    lines = (mf_str){lines.p + used, lines.n - used};
  }
}

static void ignore(void *ctx, const char *p, size_t n) { (void)ctx, (void)p, (void)n; }

static void fuzz_template(mf_report *r, mf_str text) {
  static const char run[] =
      "{\"event\":\"run_started\",\"data\":{\"name\":\"<a>|=\\\"\"}}\n"
      "{\"event\":\"step_started\",\"path\":\"steps[0]\",\"data\":{\"name\":\"-s,\"}}\n"
      "{\"event\":\"step_finished\",\"path\":\"steps[0]\",\"data\":{\"name\":\"-s,\"}}\n"
      "{\"event\":\"verdict\",\"data\":{}}\n";
  static const char *const formats[] = {"html", "json", "junit", "markdown", "csv", "text"};
  mf_report_template *tmpl;
  mf_output err = {ignore, NULL};
  char error[200];
  feed_all(r, mf_str_of(run));
  if (mf_report_template_new(NULL, "t", text, err, &tmpl) != MF_OK) return;
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    mf_buf out;
    mf_buf_init(&out, NULL, 0);
    mf_status status = mf_report_render_template(r, tmpl, mf_str_of(formats[f]), &out, error,
                                                 sizeof error);
    check(status == MF_OK || error[0] != '\0');
    check(status != MF_OK || mf_utf8_valid(out.p, out.n) == out.n);
    mf_buf_fini(&out);
  }
  mf_report_template_free(tmpl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mf_report *r = mf_report_new(NULL);
  mf_str text = {(const char *)data, size};
  check(r != NULL);
  if (size > 0 && data[0] == 't') {
    fuzz_template(r, (mf_str){text.p + 1, text.n - 1});
  } else {
    feed_all(r, text);
    render_all(r);
  }
  mf_report_free(r);
  return 0;
}
