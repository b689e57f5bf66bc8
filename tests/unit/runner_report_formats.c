/* SPDX-License-Identifier: MIT */
/* JUnit, Markdown and CSV reports: what they say, and that no name changes them. */
#include "runner_report_kit.h"

#include "../../image/report_formats.h"
#include "../../runner/report_escape.h"

Suite *runner_report_formats_suite(void);

static const char *named(const char *name, const char *format) {
  tear_down();
  set_up();
  run_named(name);
  return render(format);
}

static unsigned count(const char *text) {
  unsigned n = 0;
  for (const char *at = strstr(page.p, text); at; at = strstr(at + 1, text)) n++;
  return n;
}

/* ---- Formats by words and endings ---- */

START_TEST(endings_decide_the_format) {
  ck_assert_str_eq(mf_report_format_word(mf_report_format_of(MF_STR("a.b/c.html"))), "html");
  ck_assert_str_eq(mf_report_format_word(mf_report_format_of(MF_STR("C.HTM"))), "html");
  ck_assert_str_eq(mf_report_format_word(mf_report_format_of(MF_STR("x.xml"))), "junit");
  ck_assert_str_eq(mf_report_format_word(mf_report_format_of(MF_STR(".markdown"))), "markdown");
  static const char *const none[] = {"", "x", "a.html/x", "x.htmlx", "x.ht", "x.", "x.html "};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    ck_assert_int_eq(mf_report_format_of(mf_str_of(none[i])), MF_REPORT_FORMAT_COUNT);
  ck_assert_int_eq(mf_report_format_named(MF_STR("pdf")), MF_REPORT_FORMAT_COUNT);
}
END_TEST

/* ---- JUnit ---- */

/* The markup of the file: what stands between < and >, values of attributes left out. */
static char *skeleton(const char *xml) {
  char *out = malloc(strlen(xml) + 1), *to = out;
  bool inside = false, quoted = false;
  for (; *xml; xml++) {
    if (*xml == '<') inside = true;
    if (inside && *xml == '"') quoted = !quoted;
    if (inside && (!quoted || *xml == '<')) *to++ = *xml;
    if (*xml == '>') inside = false;
  }
  *to = '\0';
  return out;
}

START_TEST(no_name_changes_the_xml) {
  char *plain = skeleton(named("x", "junit")), *other = skeleton(named(hostile[_i], "junit"));
  ck_assert_str_eq(other, plain);
  free(plain);
  free(other);
}
END_TEST

/* Characters that XML 1.0 has no place for, and those that hide what a name is. */
START_TEST(every_character_may_stand_in_its_file) {
  static const char *const all[] = {"junit", "markdown", "csv"};
  for (int f = 0; f < 3; f++) {
    named(hostile[_i], all[f]);
    ck_assert_uint_eq(strlen(page.p), page.n);
    ck_assert_uint_eq(mf_utf8_valid(page.p, page.n), page.n);
    for (size_t i = 0; i < page.n;) {
      uint32_t c;
      i += mf_utf8_decode(page.p + i, &c);
      bool line = c == '\n' || (f == 2 && (c == '\r' || c == '\t')) || (f == 0 && c == '\t');
      bool turn = (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
      if ((c < 0x20 && !line) || (c >= 0x7F && c < 0xA0) || turn || (c & 0xFFFE) == 0xFFFE)
        ck_abort_msg("%s: U+%04X", all[f], (unsigned)c);
    }
  }
}
END_TEST

START_TEST(a_passed_run_has_no_failures) {
  feed_journal_lines("pass", UINT32_MAX);
  render("junit");
  has(" failures=\"0\" errors=\"0\"");
  has_not("<failure");
  has_not("<error");
}
END_TEST

/* Whatever was wrong, and even where no line tells what. */
START_TEST(a_run_that_did_not_pass_has_failures) {
  static const char *const verdicts[] = {"\"outcome\":\"failed\"", "\"outcome\":\"no_data\"",
                                         "\"outcome\":\"failed\",\"nothing_run\":true",
                                         "\"outcome\":\"passed\",\"interrupted\":true",
                                         "\"outcome\":\"passed\",\"aborted\":true"};
  begin();
  verdict(verdicts[_i]);
  render("junit");
  has("name=\"n\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\"");
  has("<testcase classname=\"run\" name=\"verdict\"");
}
END_TEST

START_TEST(an_unfinished_run_is_an_error) {
  begin();
  say(1, "step_started", "steps[0]", "\"name\":\"s\"");
  render("junit");
  has(" failures=\"0\" errors=\"2\"");
  has("<error message=\"it did not end\" type=\"unfinished\">");
}
END_TEST

/* What the verdict forgives, the report does. */
START_TEST(what_may_fail_is_skipped) {
  begin();
  say(1, "step_started", "steps[0]", "\"name\":\"optional\"");
  say(1, "assertion", "steps[0].assertions[0]", "\"name\":\"a\",\"outcome\":\"failed\"");
  say(2, "step_finished", "steps[0]", "\"name\":\"optional\",\"outcome\":\"failed\"");
  say(3, "hook_started", "hooks[0]", "\"name\":\"h\"");
  say(3, "hook_finished", "hooks[0]", "\"name\":\"h\",\"outcome\":\"failed\",\"text\":\"down\"");
  verdict("\"outcome\":\"passed\",\"steps\":{\"failed\":0}");
  render("junit");
  has(" failures=\"0\" errors=\"0\" skipped=\"3\"");
  has("<skipped message=\"it failed, and was allowed to\"/>");
}
END_TEST

START_TEST(only_the_last_attempt_can_fail) {
  begin();
  say(1, "step_started", "steps[0]", "\"name\":\"s\",\"attempt\":1");
  say(2, "assertion", "steps[0].assertions[0]", "\"name\":\"a\",\"outcome\":\"failed\"");
  say(3, "step_retried", "steps[0]", "\"name\":\"s\",\"text\":\"x\",\"attempt\":1");
  say(4, "step_started", "steps[0]", "\"name\":\"s\",\"attempt\":2");
  say(6, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"passed\",\"attempt\":2");
  say(7, "assertion", "assertions[0]", "\"name\":\"g\",\"outcome\":\"failed\"");
  verdict("\"outcome\":\"failed\"");
  render("junit");
  has("name=\"s (attempt 1)\"");
  has("name=\"s (attempt 2)\"");
  has("<skipped message=\"tried again\"/>");
  has("tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"1\"");
}
END_TEST

START_TEST(failed_hooks_fail) {
  begin();
  say(1, "hook_started", "hooks[0]", "\"name\":\"notify\"");
  say(2, "action_finished", "hooks[0].actions[0]", "\"name\":\"a\",\"outcome\":\"failed\"");
  say(2, "hook_finished", "hooks[0]",
      "\"name\":\"notify\",\"outcome\":\"failed\",\"text\":\"down\"");
  verdict("\"outcome\":\"failed\",\"hook_failed\":true");
  render("junit");
  has("classname=\"hooks[0]\" name=\"notify\"");
  has("<failure message=\"down\" type=\"failed\">");
  has_not("hooks[0].actions[0]");
}
END_TEST

/* ---- CSV ---- */

/* Rows by RFC 4180, and the number of cells in each; 0 when it is malformed. */
static unsigned cells_of_row(const char **at) {
  unsigned cells = 1;
  const char *p = *at;
  while (strncmp(p, "\r\n", 2) != 0) {
    if (*p == '\0' || *p == '\n' || *p == '\r') return 0;
    if (*p == ',') {
      cells++, p++;
    } else if (*p == '"') {
      for (p++; *p && (*p != '"' || p[1] == '"'); p++) p += *p == '"';
      if (*p++ == '\0' || strchr(",\r", *p) == NULL) return 0;
    } else {
      while (strchr(",\r\n\"", *p) == NULL) p++;
      if (*p == '"') return 0;
    }
  }
  *at = p + 2;
  return cells;
}

static void check_sheet(unsigned rows) {
  const char *at = page.p;
  unsigned n = 0, cells = cells_of_row(&at);
  ck_assert_uint_gt(cells, 1);
  for (; *at; n++) ck_assert_uint_eq(cells_of_row(&at), cells);
  ck_assert_uint_eq(n, rows);
}

START_TEST(no_name_changes_the_table) {
  named(hostile[_i], "csv");
  check_sheet(2);
}
END_TEST

START_TEST(no_cell_is_a_formula) {
  named(hostile[_i], "csv");
  bool begins = true, quoted = false;
  for (const char *p = page.p; *p; p++) {
    if (begins && *p == '"') {
      quoted = true;
    } else if (begins && strchr("=+-@\t", *p)) {
      ck_abort_msg("%.20s", p);
    } else if (quoted && *p == '"') {
      quoted = p[1] == '"';
      p += quoted;
    }
    begins = begins && *p == '"' ? true : !quoted && (*p == ',' || *p == '\n');
  }
}
END_TEST

static const char *cell(const char *text) {
  mf_buf_clear(&page);
  mf_escape_csv(&page, mf_str_of(text));
  mf_buf_putc(&page, '\0');
  return page.p;
}

START_TEST(cells_are_quoted_where_they_must_be) {
  ck_assert_str_eq(cell(""), "");
  ck_assert_str_eq(cell("plain - text"), "plain - text");
  ck_assert_str_eq(cell("a,b"), "\"a,b\"");
  ck_assert_str_eq(cell("say \"x\""), "\"say \"\"x\"\"\"");
  ck_assert_str_eq(cell("two\nlines"), "\"two\nlines\"");
  ck_assert_str_eq(cell(" x"), "\" x\"");
  ck_assert_str_eq(cell("=1"), "'=1");
  ck_assert_str_eq(cell("-1,5"), "\"'-1,5\"");
  ck_assert_str_eq(cell("a\rb"),
                   "a\xE2\x90\x8D"
                   "b");
}
END_TEST

/* A number below zero is a number. */
START_TEST(metrics_stay_numbers) {
  begin();
  say(1, "step_started", "steps[0]", "\"name\":\"s\"");
  say(2, "outcome", "steps[0]",
      "\"id\":1,\"value\":{\"metrics\":{\"drift\":-1.5,\"=evil\":\"=1\",\"n\":7}}");
  say(3, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"passed\"");
  say(4, "step_finished", "steps[1]", "\"name\":\"t\",\"outcome\":\"skipped\"");
  render("csv");
  has(",error,drift,'=evil,n\r\n");
  has(",,-1.5,'=1,7\r\n");
  check_sheet(2);
}
END_TEST

START_TEST(rows_left_out_are_counted) {
  begin();
  for (int i = 0; i < MF_REPORT_LISTED + 5; i++)
    say(1, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"passed\"");
  verdict("\"outcome\":\"passed\"");
  render("csv");
  check_sheet(MF_REPORT_LISTED + 1);
  has("\r\n,and 5 more,,omitted,,");
  render("markdown");
  has("\xE2\x80\xA6 and 9955 more\n");
  render("junit");
  has("name=\"5 more runs of steps\"");
  has_not("<failure");
}
END_TEST

/* Steps that are only counted can fail, too. */
START_TEST(failures_left_out_are_failures) {
  begin();
  for (int i = 0; i < MF_REPORT_LISTED; i++)
    say(1, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"passed\"");
  say(1, "step_finished", "steps[0]", "\"name\":\"s\",\"outcome\":\"failed\"");
  verdict("\"outcome\":\"failed\"");
  render("junit");
  has("<failure message=\"some of them failed\" type=\"failed\">");
}
END_TEST

/* ---- Markdown ---- */

/* Cells of a table's row: pipes that are not escaped. */
static unsigned pipes(const char *line, size_t n) {
  unsigned count = 0;
  for (size_t i = 0; i < n; i++) {
    if (line[i] == '\\')
      i++;
    else
      count += line[i] == '|';
  }
  return count;
}

/* Line for line the same kind of line, with as many cells. */
START_TEST(no_name_changes_the_markdown) {
  char *plain = strdup(named("x", "markdown"));
  const char *a = plain, *b = named(hostile[_i], "markdown");
  while (*a && *b) {
    size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
    ck_assert_msg(n == 0 || *a == *b, "%.*s\n%.*s", (int)n, a, (int)m, b);
    ck_assert_uint_eq(pipes(a, n), pipes(b, m));
    a += n + (a[n] != '\0');
    b += m + (b[m] != '\0');
  }
  ck_assert(*a == '\0' && *b == '\0');
  for (const char *p = strchr(page.p, '<'); p; p = strchr(p + 1, '<'))
    ck_assert_msg(strncmp(p, "<!-- -->", 8) == 0, "%.20s", p);
  static const char *const links[] = {"://", "@team", "@SUM", "#12", "www."};
  for (size_t i = 0; i < sizeof links / sizeof *links; i++)
    if (holds(links[i])) ck_abort_msg("%.60s", strstr(page.p, links[i]));
  free(plain);
}
END_TEST

static const char *shown(const char *text) {
  mf_buf_clear(&page);
  mf_escape_markdown(&page, mf_str_of(text));
  mf_buf_putc(&page, '\0');
  return page.p;
}

START_TEST(markdown_has_no_meaning_in_names) {
  ck_assert_str_eq(shown("p95 at most 3.5 (ms)"), "p95 at most 3.5 (ms)");
  ck_assert_str_eq(shown("a|b_c*"), "a\\|b\\_c\\*");
  ck_assert_str_eq(shown("[a](b)"), "\\[a\\](b)");
  ck_assert_str_eq(shown("1. x"), "1\\. x");
  ck_assert_str_eq(shown("- x"), "\\- x");
  ck_assert_str_eq(shown("-5"), "-5");
  ck_assert_str_eq(shown("312.4"), "312.4");
  ck_assert_str_eq(shown("<b>&"), "&lt;b&gt;&amp;");
  ck_assert_str_eq(shown("a\nb\tc"), "a b c");
}
END_TEST

/* What a comment may hold (65,536 characters), whatever is in the run. */
START_TEST(a_comment_stays_short) {
  static const char *const texts[] = {"7", "@", "<", "\xE2\x82\xAC", "\\u0001", "|"};
  char text[1100] = "", data[8000];
  while (strlen(text) < 1000) strcat(text, texts[_i]);
  begin();
  snprintf(
      data, sizeof data,
      "\"name\":\"%s\",\"outcome\":\"failed\",\"text\":\"%s\",\"actual\":\"%s\",\"reasons\":[0",
      text, text, text);
  for (int i = 0; i < 14; i++)
    snprintf(data + strlen(data), sizeof data - strlen(data),
             ",{\"text\":\"%.96s\",\"depth\":%d,\"value\":\"%.96s\"}", text, i, text);
  strcat(data, "]");
  for (int i = 0; i < 300; i++) {
    say(1, "step_started", "steps[0]", data);
    say(1, "assertion", "steps[0].assertions[0]", data);
    say(1, "step_finished", "steps[0]", data);
    say(1, "assertion", "assertions[0]", data);
    say(1, "warning", "steps[0]", data);
  }
  verdict("\"outcome\":\"failed\"");
  render("markdown");
  ck_assert_uint_lt(page.n, 65536);
  if (!holds("\xE2\x80\xA6 and 250 more\n")) ck_abort_msg("steps are not counted");
  ck_assert_uint_eq(count("\n### "), 4);
}
END_TEST

Suite *runner_report_formats_suite(void) {
  Suite *s = suite_create("runner_report_formats");
  TCase *c = tcase_create("formats");
  tcase_add_checked_fixture(c, set_up, tear_down);
  tcase_add_test(c, endings_decide_the_format);
  tcase_add_loop_test(c, no_name_changes_the_xml, 0, HOSTILE);
  tcase_add_loop_test(c, every_character_may_stand_in_its_file, 0, HOSTILE);
  tcase_add_test(c, a_passed_run_has_no_failures);
  tcase_add_loop_test(c, a_run_that_did_not_pass_has_failures, 0, 5);
  tcase_add_test(c, an_unfinished_run_is_an_error);
  tcase_add_test(c, what_may_fail_is_skipped);
  tcase_add_test(c, only_the_last_attempt_can_fail);
  tcase_add_test(c, failed_hooks_fail);
  tcase_add_loop_test(c, no_name_changes_the_table, 0, HOSTILE);
  tcase_add_loop_test(c, no_cell_is_a_formula, 0, HOSTILE);
  tcase_add_test(c, cells_are_quoted_where_they_must_be);
  tcase_add_test(c, metrics_stay_numbers);
  tcase_add_test(c, rows_left_out_are_counted);
  tcase_add_test(c, failures_left_out_are_failures);
  tcase_add_loop_test(c, no_name_changes_the_markdown, 0, HOSTILE);
  tcase_add_test(c, markdown_has_no_meaning_in_names);
  tcase_add_loop_test(c, a_comment_stays_short, 0, 6);
  suite_add_tcase(s, c);
  return s;
}
