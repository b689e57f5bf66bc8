/* SPDX-License-Identifier: MIT */
/* HTML reports as a browser, an attacker and a reader with a screen reader see them. */
#include "runner_report_kit.h"

#include <ctype.h>
#include <math.h>

#include "../../runner/report_page.h"

Suite *runner_report_html_suite(void);

/* ---- Hostile names ---- */

/* The markup alone: what stands between < and >, of each tag. */
static char *skeleton(const char *html) {
  char *out = malloc(strlen(html) + 1), *to = out;
  const char *at = strstr(html, "</style>");
  for (bool inside = false; *at; at++) {
    if (*at == '<') inside = true;
    if (inside) *to++ = *at;
    if (*at == '>') inside = false;
  }
  *to = '\0';
  return out;
}

static char *skeleton_named(const char *name) {
  tear_down();
  set_up();
  run_named(name);
  return skeleton(render("html"));
}

START_TEST(no_name_changes_the_markup) {
  char *plain = skeleton_named("x"), *named = skeleton_named(hostile[_i]);
  ck_assert_str_eq(named, plain);
  has_not("<script");
  has_not("onload=alert(1)>");
  free(plain);
  free(named);
}
END_TEST

/* Neither bytes that a terminal or browser acts on, nor marks that turn the
 * reading direction, are left. */
START_TEST(no_name_hides_what_it_is) {
  run_named(hostile[_i]);
  render("html");
  ck_assert_uint_eq(strlen(page.p), page.n);
  ck_assert_uint_eq(mf_utf8_valid(page.p, page.n), page.n);
  for (size_t i = 0; i < page.n;) {
    uint32_t c;
    i += mf_utf8_decode(page.p + i, &c);
    bool control = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c <= 0x9F);
    bool mark = c == 0x061C || c == 0x200E || c == 0x200F || c == 0xFEFF;
    bool turn = (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    if (control || mark || turn) ck_abort_msg("U+%04X", (unsigned)c);
  }
}
END_TEST

START_TEST(what_is_hidden_is_shown) {
  run_named("a\\u202Eb\\u0000c");
  render("html");
  has("a[U+202E]b\xE2\x90\x80"
      "c");
}
END_TEST

/* ---- Structure ---- */

static bool is_void(mf_str name) { return mf_str_is(name, "meta"); }

/* The tag name at `at`, which is behind < or </. */
static mf_str tag_name(const char *at) {
  size_t n = 0;
  while (isalnum((unsigned char)at[n])) n++;
  return (mf_str){at, n};
}

/* Every tag is closed, in order. */
static void check_nesting(const char *html) {
  mf_str open[64];
  unsigned depth = 0;
  for (const char *at = strchr(html, '<'); at; at = strchr(at, '<')) {
    const char *end = strchr(at, '>');
    at++;
    if (*at == '!' || end[-1] == '/') continue;
    mf_str name = tag_name(*at == '/' ? at + 1 : at);
    if (*at == '/') {
      ck_assert_uint_gt(depth, 0);
      ck_assert_msg(mf_str_eq(open[--depth], name), "</%.*s> closes <%.*s>", (int)name.n, name.p,
                    (int)open[depth].n, open[depth].p);
    } else if (!is_void(name)) {
      ck_assert_uint_lt(depth, 64);
      open[depth++] = name;
    }
  }
  ck_assert_uint_eq(depth, 0);
}

static void check_headings(const char *html) {
  int last = 0;
  for (const char *at = strstr(html, "<h"); at; at = strstr(at + 2, "<h")) {
    if (!isdigit((unsigned char)at[2])) continue;
    int level = at[2] - '0';
    ck_assert_msg(level <= last + 1, "<h%d> after <h%d>", level, last);
    last = level;
  }
}

static unsigned count(const char *html, const char *text) {
  unsigned n = 0;
  for (const char *at = strstr(html, text); at; at = strstr(at + 1, text)) n++;
  return n;
}

static void check_ids(const char *html) {
  for (const char *at = strstr(html, " id=\""); at; at = strstr(at + 1, " id=\"")) {
    char id[64];
    snprintf(id, sizeof id, "%.*s\"", (int)strcspn(at + 5, "\"") + 5, at);
    ck_assert_msg(count(html, id) == 1, "twice: %s", id);
  }
}

START_TEST(the_page_is_well_formed) {
  feed_journal_lines(_i ? "fail" : "pass", UINT32_MAX);
  const char *html = render("html");
  check_nesting(html);
  check_headings(html);
  check_ids(html);
  ck_assert_uint_eq(count(html, "<h1>"), 1);
  ck_assert_uint_eq(count(html, "<th>"), 0); /* all have a scope */
  ck_assert_uint_eq(count(html, "<th "), count(html, " scope=\""));
  has("<html lang=\"en\">");
}
END_TEST

/* Whatever depths a journal has: lists in lists, and markdown and JUnit survive it. */
START_TEST(reasons_are_a_tree) {
  static const char *const depths[] = {"0,1,2,1,2,3,1", "5,9,1,0,0,7", "-1,-1,1e300,2",
                                       "\"x\",[],2,2"};
  char data[2048];
  int n = snprintf(data, sizeof data, "\"name\":\"t\",\"outcome\":\"failed\",\"reasons\":[{},7");
  for (const char *at = depths[_i]; *at;) {
    int length = (int)strcspn(at, ",");
    n += snprintf(data + n, sizeof data - (size_t)n,
                  ",{\"text\":\"<p>\",\"depth\":%.*s,\"value\":[1]}", length, at);
    at += length + (at[length] == ',');
  }
  snprintf(data + n, sizeof data - (size_t)n, "]");
  begin();
  say(5, "assertion", "assertions[0]", data);
  verdict("");
  check_nesting(render("html"));
  has("<ul class=\"reasons\"><li><code>&lt;p&gt;</code> = <code>[1]</code><ul><li><code>&lt;p&gt;");
  render("markdown");
  has("\n- &lt;p&gt; = \\[1\\]\n  - &lt;p&gt;");
  render("junit");
  has("\n  &lt;p&gt; = [1]\n    &lt;p&gt; = [1]\n");
  render("json");
  has("\"depth\": 1,");
}
END_TEST

START_TEST(reasons_that_are_none_are_left_out) {
  begin();
  say(5, "assertion", "assertions[0]",
      "\"name\":\"t\",\"outcome\":\"failed\",\"reasons\":{\"text\":\"p\"}");
  say(6, "assertion", "assertions[1]", "\"name\":\"u\",\"outcome\":\"failed\",\"reasons\":[null]");
  verdict("");
  render("html");
  has_not("class=\"reasons\"");
  render("json");
  has("\"reasons\": []");
}
END_TEST

START_TEST(nothing_is_fetched_or_run) {
  feed_journal_lines("fail", UINT32_MAX);
  render("html");
  has("content=\"default-src 'none'; style-src 'unsafe-inline'\"");
  has_not("<script");
  has_not("<link");
  has_not("<img");
  has_not(" src=");
  has_not("href=\"http");
  has_not("url(");
  has_not("@import");
  has_not(" style=");
}
END_TEST

START_TEST(what_must_be_known_is_said_on_top) {
  feed_journal_lines("pass", UINT32_MAX);
  render("html");
  has("<title>Chaos Orchestration Report: Checkout under rising load</title>");
  has("<li>target: built-in sample service</li>");
  has("<li>time scaled \xC3\x97"
      "0.1</li>");
}
END_TEST

/* ---- Charts ---- */

START_TEST(what_loads_measured_is_drawn) {
  feed_journal_lines("pass", UINT32_MAX);
  render("html");
  has("<h2 id=\"charts\">");
  has("aria-labelledby=\"chart-latency\"");
  has("<title id=\"chart-latency\">");
  has("</text></svg><text class=\"time\" x=\"100%\" y=\"14\">18.42 / 31.06 ms</text>");
  has_not("<h2 id=\"recorded\">"); /* a value alone is no line */
}
END_TEST

START_TEST(nothing_measured_nothing_drawn) {
  begin();
  say(1, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"passed\"");
  verdict("\"outcome\":\"passed\"");
  render("html");
  has_not("<h2 id=\"charts\">");
  has_not("<polyline");
}
END_TEST

static void record(unsigned ms, const char *name, const char *value) {
  char data[200];
  snprintf(data, sizeof data, "\"name\":\"%s\",\"actual\":%s", name, value);
  say(ms, "metric", "", data);
}

START_TEST(what_was_recorded_is_drawn_over_time) {
  begin();
  record(0, "depth", "10");
  record(500, "depth", "-2.5");
  record(500, "state", "\"a text is no point\"");
  record(1000, "depth", "4");
  verdict("\"outcome\":\"passed\"");
  render("html");
  has("<polyline points=\"0.0,0.0 500.0,100.0 1000.0,48.0\"/>");
  has("depth over the run, from -2.5 to 10</title>");
  has("data-label=\"Values\">3</td>");
  ck_assert_uint_eq(report->series_count, 1);
}
END_TEST

/* A run of a week has as many points as one of an hour. */
START_TEST(points_are_thinned_out) {
  char value[16];
  begin();
  for (unsigned i = 0; i < 10000; i++) {
    snprintf(value, sizeof value, "%u", i);
    record(i, "m", value);
  }
  const mf_report_series *s = &report->series[0];
  ck_assert_uint_eq(s->total, 10000);
  ck_assert_uint_eq(s->stride, 64);
  ck_assert_uint_le(s->kept, MF_REPORT_POINTS);
  for (uint32_t i = 0; i < s->kept; i++) ck_assert_double_eq(s->points[i].value, i * 64.0);
  ck_assert_double_eq(s->greatest, 9999);
  for (unsigned i = 0; i < 100; i++) {
    snprintf(value, sizeof value, "n%u", i);
    record(10000, value, "1");
  }
  ck_assert_uint_eq(report->series_count, MF_REPORT_SERIES);
}
END_TEST

/* ---- Contrast ---- */

/* The colour of a variable: its first definition is the light one, its second the
 * dark one. */
static unsigned long colour(const char *name, bool dark) {
  char text[32];
  int seen = 0;
  snprintf(text, sizeof text, "--%s:#", name);
  for (const char *const *line = mf_report_style; *line; line++) {
    const char *at = strstr(*line, text);
    if (at && seen++ == dark) return strtoul(at + strlen(text), NULL, 16);
  }
  ck_abort_msg("no %s", text);
}

static double linear(unsigned long channel) {
  double c = (double)(channel & 255) / 255;
  return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(unsigned long c) {
  return 0.2126 * linear(c >> 16) + 0.7152 * linear(c >> 8) + 0.0722 * linear(c);
}

/* WCAG 2's contrast ratio. */
static double contrast(unsigned long a, unsigned long b) {
  double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
  return x > y ? x / y : y / x;
}

START_TEST(text_can_be_read) {
  static const char *const pairs[][2] = {
      {"text", "page"},        {"text", "card"},        {"dim", "page"},
      {"dim", "card"},         {"link", "card"},        {"link", "page"},
      {"passed", "passed-bg"}, {"failed", "failed-bg"}, {"warning", "warning-bg"},
      {"quiet", "quiet-bg"},   {"text", "passed-bg"},   {"text", "failed-bg"},
      {"text", "warning-bg"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    for (int dark = 0; dark < 2; dark++) {
      double c = contrast(colour(pairs[i][0], dark), colour(pairs[i][1], dark));
      ck_assert_msg(c >= 4.5, "%s on %s (%s): %.2f", pairs[i][0], pairs[i][1],
                    dark ? "dark" : "light", c);
    }
}
END_TEST

Suite *runner_report_html_suite(void) {
  Suite *s = suite_create("runner_report_html");
  TCase *c = tcase_create("html");
  tcase_add_checked_fixture(c, set_up, tear_down);
  tcase_add_loop_test(c, no_name_changes_the_markup, 0, HOSTILE);
  tcase_add_loop_test(c, no_name_hides_what_it_is, 0, HOSTILE);
  tcase_add_test(c, what_is_hidden_is_shown);
  tcase_add_loop_test(c, the_page_is_well_formed, 0, 2);
  tcase_add_test(c, nothing_is_fetched_or_run);
  tcase_add_loop_test(c, reasons_are_a_tree, 0, 4);
  tcase_add_test(c, reasons_that_are_none_are_left_out);
  tcase_add_test(c, what_must_be_known_is_said_on_top);
  tcase_add_test(c, what_loads_measured_is_drawn);
  tcase_add_test(c, nothing_measured_nothing_drawn);
  tcase_add_test(c, what_was_recorded_is_drawn_over_time);
  tcase_add_test(c, points_are_thinned_out);
  tcase_add_test(c, text_can_be_read);
  suite_add_tcase(s, c);
  return s;
}
