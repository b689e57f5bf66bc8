/* SPDX-License-Identifier: MIT */
/* Reports from templates: what they see, what they may not do, and how they fail. */
#include "runner_report_kit.h"

#include "../../base/arena.h"
#include "../../base/limits.h"

Suite *runner_report_template_suite(void);

static mf_buf said; /* what was printed about the template */

static void write_said(void *ctx, const char *p, size_t n) {
  (void)ctx;
  mf_buf_add(&said, p, n);
}

static void open_all(void) {
  set_up();
  mf_buf_init(&said, NULL, 0);
}

static void close_all(void) {
  mf_buf_fini(&said);
  tear_down();
}

static mf_status compile(const char *text, mf_report_template **out) {
  mf_output err = {write_said, NULL};
  mf_buf_clear(&said);
  return mf_report_template_new(NULL, "t.tpl", mf_str_of(text), err, out);
}

static mf_status made_status;
static char made_error[512];

/* What `text` gives as `format`; NULL when it fails. */
static const char *made(const char *text, const char *format) {
  mf_report_template *tmpl = NULL;
  mf_buf_clear(&page);
  made_status = compile(text, &tmpl);
  if (made_status == MF_OK)
    made_status = mf_report_render_template(report, tmpl, mf_str_of(format), &page, made_error,
                                            sizeof made_error);
  mf_report_template_free(tmpl);
  mf_buf_putc(&page, '\0');
  return made_status == MF_OK ? page.p : NULL;
}

/* ---- What a template sees ---- */

START_TEST(names_are_the_keys_of_the_json_report) {
  feed_journal_lines("fail", UINT32_MAX);
  ck_assert_str_eq(made("${orchestration_name}: {{verdict}}", "text"),
                   "Nightly <regression> & \"limits\": failed");
  ck_assert_str_eq(
      made("${step_results.map(s, s.step_name + '=' + s.status).join(', ')}", "text"),
      "Phase 1=failed, Phase 2=skipped, Cool down=failed, Ask the stock service=failed");
  ck_assert_str_eq(
      made("${step_results[0].metrics.latency_p95} ${seed == 18446744073709551615u}", "text"),
      "801.25 true");
  ck_assert_str_eq(
      made("${assertion_results.exists(a, a.outcome == 'no_data') ? 'gap' : 'none'}", "markdown"),
      "gap");
  ck_assert_str_eq(made("", "text"), "");
}
END_TEST

/* One for each key that docs/report.schema.json requires. */
START_TEST(every_key_is_a_name) {
  size_t n;
  char *text = slurp(MF_TESTS_DIR "/../docs/report.schema.json", &n), template[64];
  mf_arena arena;
  mf_arena_init(&arena, NULL, 0);
  const mf_json *schema = mf_json_parse(&arena, (mf_str){text, n}, NULL, NULL);
  ck_assert_ptr_nonnull(schema);
  unsigned keys = 0;
  for (const mf_json *k = mf_json_get(schema, "required")->as.first; k; k = k->next, keys++) {
    snprintf(template, sizeof template, "${%.*s}", (int)k->as.s.n, k->as.s.p);
    ck_assert_msg(made(template, "json") != NULL, "%s: %s", template, said.p);
  }
  ck_assert_uint_gt(keys, 20);
  mf_arena_fini(&arena);
  free(text);
}
END_TEST

START_TEST(a_run_in_progress_has_them_too) {
  for (unsigned lines = 0; lines < 31; lines++) {
    close_all();
    open_all();
    feed_journal_lines("fail", lines);
    ck_assert_ptr_nonnull(
        made("${step_results.map(s, s.duration_seconds)} ${target.kind}", "html"));
  }
}
END_TEST

START_TEST(secrets_stay_masked) {
  begin();
  say(1, "final", "", "\"variables\":{\"k\":{\"$secret\":\"api\"},\"l\":[{\"$secret\":true}]}");
  ck_assert_str_eq(made("${final_variables.k} ${final_variables}", "text"),
                   "<secret:api> {\"k\":\"<secret:api>\",\"l\":[\"<secret>\"]}");
}
END_TEST

/* Maps that look like the journal's own forms are the document's data. */
START_TEST(data_cannot_pass_for_a_value_of_another_kind) {
  begin();
  say(1, "final", "",
      "\"variables\":{\"v\":{\"$map\":[[\"$error\",\"boo\"]]},\"w\":{\"$map\":[[\"$uint\",\"5\"]]}"
      "}");
  ck_assert_str_eq(made("${final_variables}", "text"),
                   "{\"v\":{\"$error\":\"boo\"},\"w\":{\"$uint\":\"5\"}}");
}
END_TEST

/* The examples of docs/reports.md. */
START_TEST(documented_templates_work) {
  size_t n;
  unsigned count = 0;
  char *text = slurp(MF_TESTS_DIR "/../docs/reports.md", &n);
  static const char begin_mark[] = "```template\n";
  feed_journal_lines("fail", UINT32_MAX);
  for (char *at = text; (at = strstr(at, begin_mark)) != NULL; count++) {
    at += sizeof begin_mark - 1;
    char *end = strstr(at, "```");
    ck_assert_ptr_nonnull(end);
    *end = '\0';
    ck_assert_msg(made(at, "html") != NULL, "%s%s", said.n ? said.p : "", made_error);
    ck_assert_ptr_nonnull(strstr(page.p, "Nightly &lt;regression&gt;"));
    at = end + 1;
  }
  ck_assert_uint_eq(count, 2);
  free(text);
}
END_TEST

START_TEST(signs_can_be_written) {
  ck_assert_str_eq(made("$${x} \\{{y}} $z {a}", "text"), "${x} {{y}} $z {a}");
}
END_TEST

/* ---- Hostile names ---- */

static const char html_template[] =
    "<!doctype html><title>${orchestration_name}</title><p title=\"${run_id}\">${source}</p>"
    "<ul>${step_results.map(s, '<li class=\"' + s.step_name + '\">' + s.path + '</li>').join('')}"
    "</ul><i title=\"${final_variables}\">${final_variables.map(k, k).join(',')}</i>"
    "<b title='${assertion_results}'>${errors}</b>";

static char *skeleton_named(const char *name, const char *template, const char *format) {
  close_all();
  open_all();
  run_named(name);
  const char *text = made(template, format);
  ck_assert_msg(text != NULL, "%s", made_error);
  char *out = malloc(strlen(text) + 1), *to = out;
  char quote = '\0';
  bool inside = false;
  for (; *text; text++) { /* tags without the values of their attributes */
    if (*text == '<') inside = true;
    if (inside && (!quote || *text == quote)) *to++ = *text;
    if (inside && !quote && (*text == '"' || *text == '\''))
      quote = *text;
    else if (quote == *text)
      quote = '\0';
    if (*text == '>' && !quote) inside = false;
  }
  *to = '\0';
  return out;
}

START_TEST(no_name_changes_a_page) {
  char *plain = skeleton_named("x", html_template, "html");
  char *named = skeleton_named(hostile[_i], html_template, "html");
  /* Attributes first: one that ended early would show what is behind it. */
  for (char *p = plain, *q = named; *p || *q; p++, q++)
    if (*p != *q) ck_abort_msg("%.40s\n%.40s", p, q);
  if (strstr(page.p, "<script") || strstr(page.p, "<svg")) ck_abort_msg("a tag got through");
  free(plain);
  free(named);
}
END_TEST

START_TEST(no_name_changes_a_json_text) {
  mf_arena arena;
  mf_arena_init(&arena, NULL, 0);
  run_named(hostile[_i]);
  const char *text = made(
      "{\"n\": \"${orchestration_name}\", \"s\": ${step_results}, \"v\": "
      "${final_variables}, \"w\": \"a ${source} b\"}",
      "json");
  ck_assert_ptr_nonnull(text);
  ck_assert_ptr_nonnull(mf_json_parse(&arena, mf_str_of(text), NULL, NULL));
  mf_arena_fini(&arena);
}
END_TEST

START_TEST(no_name_changes_a_row) {
  run_named(hostile[_i]);
  const char *text = made("${orchestration_name},${final_variables}\r\n", "csv");
  ck_assert_ptr_nonnull(text);
  unsigned commas = 0;
  bool quoted = false;
  for (const char *p = text; *p; p++) {
    if (*p == '"') quoted = !quoted;
    commas += !quoted && *p == ',';
    if (p == text) ck_assert(strchr("=+-@\t", *p) == NULL);
  }
  ck_assert(!quoted);
  ck_assert_uint_eq(commas, 1);
}
END_TEST

START_TEST(no_name_changes_a_cell) {
  run_named(hostile[_i]);
  const char *text = made("|${orchestration_name}|${final_variables}|${errors}|", "markdown");
  unsigned pipes = 0;
  ck_assert_ptr_nonnull(text);
  for (const char *p = text; *p; p++) {
    if (*p == '\\' && p[1])
      p++;
    else
      pipes += *p == '|';
    if (*p == '<') ck_assert(strncmp(p, "<!-- -->", 8) == 0);
  }
  ck_assert_uint_eq(pipes, 4);
}
END_TEST

/* ---- Mistakes ---- */

static void refused(const char *text, const char *place, const char *why) {
  mf_report_template *tmpl;
  ck_assert_int_eq(compile(text, &tmpl), MF_EXPRESSION_INVALID);
  ck_assert_ptr_null(tmpl);
  mf_buf_putc(&said, '\0');
  ck_assert_msg(strncmp(said.p, place, strlen(place)) == 0, "%s", said.p);
  ck_assert_msg(strstr(said.p, why) != NULL, "%s", said.p);
}

START_TEST(mistakes_have_their_place) {
  refused("a\n  ${verdit}", "t.tpl:2:5: error[MF-E0203]", "did you mean 'verdict'?");
  refused("${verdict + 1}", "t.tpl:1:3: error[MF-E0261]", "no matching overload");
  refused("\n${1 +}", "t.tpl:2:", "error");
  refused("x ${verdict", "t.tpl:1:3: error", "${");
  refused("a\n\xFF", "t.tpl:2: error: this byte is not valid UTF-8", "");
}
END_TEST

START_TEST(all_mistakes_are_told_up_to_twenty) {
  char text[400] = "";
  mf_report_template *tmpl;
  for (int i = 0; i < 30; i++) strcat(text, "${x}\n");
  ck_assert_int_eq(compile(text, &tmpl), MF_EXPRESSION_INVALID);
  mf_buf_putc(&said, '\0');
  unsigned n = 0;
  for (const char *p = said.p; (p = strstr(p, "error[")) != NULL; p++) n++;
  ck_assert_uint_eq(n, 20);
}
END_TEST

START_TEST(failures_have_their_place) {
  feed_journal_lines("pass", UINT32_MAX);
  ck_assert_ptr_null(made("${verdict}\n\n ${step_results[0].nam}", "html"));
  ck_assert_int_eq(made_status, MF_EXPRESSION_INVALID);
  ck_assert_str_eq(made_error, "t.tpl:3:4: no key 'nam'");
  ck_assert_ptr_null(made("${step_results[100]}", "html"));
  ck_assert_ptr_nonnull(strstr(made_error, "t.tpl:1:3: "));
}
END_TEST

START_TEST(unknown_formats_are_refused) {
  ck_assert_ptr_null(made("x", "pdf"));
  ck_assert_int_eq(made_status, MF_UNSUPPORTED);
}
END_TEST

/* ---- Limits ---- */

START_TEST(a_template_ends_at_TEMPLATE_BYTES) {
  mf_report_template *tmpl;
  char *text = malloc(MF_LIMIT_TEMPLATE_BYTES + 2);
  memset(text, 'x', MF_LIMIT_TEMPLATE_BYTES + 1);
  text[MF_LIMIT_TEMPLATE_BYTES + 1] = '\0';
  ck_assert_int_eq(compile(text, &tmpl), MF_TOO_LARGE);
  text[MF_LIMIT_TEMPLATE_BYTES] = '\0';
  ck_assert_int_eq(compile(text, &tmpl), MF_OK);
  mf_report_template_free(tmpl);
  free(text);
}
END_TEST

START_TEST(a_template_ends_at_TEMPLATE_EXPRESSIONS) {
  mf_report_template *tmpl;
  mf_buf text;
  mf_buf_init(&text, NULL, 0);
  for (uint64_t i = 0; i < MF_LIMIT_TEMPLATE_EXPRESSIONS; i++) mf_buf_puts(&text, "${1}");
  mf_buf_putc(&text, '\0');
  ck_assert_int_eq(compile(text.p, &tmpl), MF_OK);
  mf_report_template_free(tmpl);
  text.n--;
  mf_buf_puts(&text, "${1}");
  mf_buf_putc(&text, '\0');
  ck_assert_int_eq(compile(text.p, &tmpl), MF_TOO_LARGE);
  mf_buf_fini(&text);
}
END_TEST

/* Each expression stays below the limit of one value, all of them together do not. */
START_TEST(a_report_ends_at_TEMPLATE_OUTPUT) {
  char data[1200];
  mf_buf text;
  mf_buf_init(&text, NULL, 0);
  begin();
  snprintf(data, sizeof data, "\"text\":\"%01000d\"", 7);
  for (int i = 0; i < 900; i++) say(1, "warning", "", data);
  for (int i = 0; i < 80; i++) mf_buf_puts(&text, "\n${warnings.map(w, w.text).join('')}");
  mf_buf_putc(&text, '\0');
  ck_assert_ptr_null(made(text.p, "text"));
  ck_assert_int_eq(made_status, MF_TOO_LARGE);
  ck_assert_uint_lt(page.n, MF_LIMIT_TEMPLATE_OUTPUT + MF_LIMIT_STRING_BYTES + 2);
  ck_assert_ptr_nonnull(strstr(made_error, "t.tpl:7"));
  ck_assert_ptr_nonnull(strstr(made_error, "the report is too large"));
  mf_buf_fini(&text);
}
END_TEST

START_TEST(endless_work_ends) {
  begin();
  for (int i = 0; i < 1000; i++) say(1, "warning", "", "\"text\":\"x\"");
  ck_assert_ptr_null(
      made("${warnings.all(a, warnings.all(b, warnings.all(c, a.text == c.text)))}", "text"));
  ck_assert_int_eq(made_status, MF_OUT_OF_FUEL);
  ck_assert_ptr_nonnull(strstr(made_error, "t.tpl:1:3: the fuel"));
}
END_TEST

START_TEST(every_failed_allocation_is_survived) {
  static const char text[] =
      "a ${step_results.map(s, s.step_name + '<').join(',')} ${final_variables}";
  mf_output err = {write_said, NULL};
  mf_status status = MF_OUT_OF_MEMORY;
  feed_journal_lines("pass", UINT32_MAX);
  for (uint64_t n = 1; status != MF_OK; n++) {
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = n};
    mf_report_template *tmpl = NULL;
    mf_alloc counted = mf_counting_alloc_as_alloc(&counting), own = report->alloc;
    status = mf_report_template_new(&counted, "t", mf_str_of(text), err, &tmpl);
    report->alloc = counted;
    mf_buf_clear(&page);
    if (status == MF_OK)
      status = mf_report_render_template(report, tmpl, MF_STR("html"), &page, made_error,
                                         sizeof made_error);
    report->alloc = own;
    ck_assert_msg(status == MF_OK || status == MF_OUT_OF_MEMORY, "allocation %d: %s", (int)n,
                  mf_status_name(status));
    report->scratch.oom = report->kept.oom = false;
    mf_report_template_free(tmpl);
    ck_assert_uint_eq(counting.in_use, 0);
    ck_assert_uint_lt(n, 100000);
  }
}
END_TEST

Suite *runner_report_template_suite(void) {
  Suite *s = suite_create("runner_report_template");
  TCase *c = tcase_create("template");
  tcase_set_timeout(c, 60);
  tcase_add_checked_fixture(c, open_all, close_all);
  tcase_add_test(c, names_are_the_keys_of_the_json_report);
  tcase_add_test(c, every_key_is_a_name);
  tcase_add_test(c, a_run_in_progress_has_them_too);
  tcase_add_test(c, secrets_stay_masked);
  tcase_add_test(c, data_cannot_pass_for_a_value_of_another_kind);
  tcase_add_test(c, documented_templates_work);
  tcase_add_test(c, signs_can_be_written);
  tcase_add_loop_test(c, no_name_changes_a_page, 0, HOSTILE);
  tcase_add_loop_test(c, no_name_changes_a_json_text, 0, HOSTILE);
  tcase_add_loop_test(c, no_name_changes_a_row, 0, HOSTILE);
  tcase_add_loop_test(c, no_name_changes_a_cell, 0, HOSTILE);
  tcase_add_test(c, mistakes_have_their_place);
  tcase_add_test(c, all_mistakes_are_told_up_to_twenty);
  tcase_add_test(c, failures_have_their_place);
  tcase_add_test(c, unknown_formats_are_refused);
  tcase_add_test(c, a_template_ends_at_TEMPLATE_BYTES);
  tcase_add_test(c, a_template_ends_at_TEMPLATE_EXPRESSIONS);
  tcase_add_test(c, a_report_ends_at_TEMPLATE_OUTPUT);
  tcase_add_test(c, endless_work_ends);
  tcase_add_test(c, every_failed_allocation_is_survived);
  suite_add_tcase(s, c);
  return s;
}
