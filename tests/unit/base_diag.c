/* SPDX-License-Identifier: MIT */
#include "../../base/diag.h"
#include "../../base/json.h"
#include "../../base/limits.h"

#include <check.h>

static mf_arena arena;
static mf_diags diags;
static mf_buf out;

static void set_up(void) {
  mf_arena_init(&arena, NULL, 0);
  mf_diags_init(&diags, &arena);
  mf_buf_init(&out, NULL, 0);
}

static void tear_down(void) {
  mf_buf_fini(&out);
  mf_arena_fini(&arena);
}

/* ---- errors.def ---- */

static const struct {
  mf_code code;
  bool warning;
  const char *name, *stage, *text, *explanation;
} rows[] = {
#define MF_ERR(code, name, stage, text, why) {MF_E_##name, false, #name, stage, text, why},
#define MF_WARN(code, name, stage, text, why) {MF_W_##name, true, #name, stage, text, why},
#include "../../base/errors.def"
#undef MF_ERR
#undef MF_WARN
};
enum { ROWS = sizeof rows / sizeof rows[0] };

START_TEST(codes_are_unique) {
  for (size_t i = 0; i < ROWS; i++)
    for (size_t k = 0; k < i; k++)
      ck_assert_msg(rows[i].code != rows[k].code, "%s and %s", rows[i].name, rows[k].name);
}
END_TEST

START_TEST(errors_are_below_800_and_warnings_above) {
  for (size_t i = 0; i < ROWS; i++) {
    char text[16];
    mf_code_text(rows[i].code, text);
    ck_assert_msg(strncmp(text, rows[i].warning ? "MF-W08" : "MF-E0", 5) == 0, "%s", text);
    ck_assert_int_eq(rows[i].code >= 800, rows[i].warning);
    ck_assert_int_eq(mf_code_is_warning(rows[i].code), rows[i].warning);
    ck_assert_uint_eq(strlen(text), 8);
  }
}
END_TEST

START_TEST(stages_are_known_and_messages_have_no_full_stop) {
  static const char stages[] = " scan parse expr check emit asm ";
  for (size_t i = 0; i < ROWS; i++) {
    ck_assert_msg(strstr(stages, rows[i].stage) != NULL, "%s", rows[i].name);
    ck_assert_str_eq(mf_code_stage(rows[i].code), rows[i].stage);
    ck_assert_str_eq(mf_code_explanation(rows[i].code), rows[i].explanation);
    ck_assert_msg(!mf_str_ends(mf_str_of(rows[i].text), MF_STR(".")), "%s", rows[i].name);
    ck_assert_msg(mf_str_ends(mf_str_of(rows[i].explanation), MF_STR(".")), "%s", rows[i].name);
  }
}
END_TEST

START_TEST(an_unknown_code_has_a_row_too) {
  char text[16];
  mf_code_text((mf_code)999, text);
  ck_assert_str_eq(text, "MF-E0999");
  ck_assert_str_eq(mf_code_stage((mf_code)999), "");
}
END_TEST

/* ---- Collecting ---- */

START_TEST(the_template_is_filled_in_and_the_hint_copied) {
  char hint[] = "split it";
  mf_diag_add_hint(&diags, MF_E_TOO_LARGE, (mf_span){1, 2}, hint, "1000");
  hint[0] = 'X';
  ck_assert_uint_eq(diags.count, 1);
  ck_assert_str_eq(diags.items[0].message, "the document is larger than 1000 bytes");
  ck_assert_str_eq(diags.items[0].suggestion, "split it");
  ck_assert_int_eq(diags.items[0].severity, MF_SEVERITY_ERROR);
}
END_TEST

START_TEST(one_mistake_gives_one_diagnostic) {
  mf_diag_add(&diags, MF_E_TOO_LARGE, (mf_span){1, 2}, "1");
  mf_diag_add(&diags, MF_E_TOO_LARGE, (mf_span){1, 2}, "2");
  mf_diag_add(&diags, MF_E_TOO_LARGE, (mf_span){1, 3}, "3");
  ck_assert_uint_eq(diags.count, 2);
  ck_assert_uint_eq(diags.errors, 2);
  ck_assert(mf_str_ends(mf_str_of(diags.items[0].message), MF_STR("1 bytes")));
}
END_TEST

START_TEST(past_the_limit_diagnostics_are_only_counted) {
  for (uint32_t i = 0; i < 100; i++) mf_diag_add(&diags, MF_E_TOO_LARGE, (mf_span){i, 1}, "1");
  ck_assert_uint_eq(diags.count, MF_LIMIT_DIAGNOSTICS);
  ck_assert_uint_eq(diags.errors, 100);
}
END_TEST

START_TEST(long_messages_are_cut_between_characters) {
  char name[2001];
  for (size_t i = 0; i < 2000; i += 2) memcpy(name + i, "\xC3\xA9", 2);
  name[2000] = '\0';
  mf_diag_add(&diags, MF_E_TOO_LARGE, (mf_span){0, 0}, name);
  mf_str message = mf_str_of(diags.items[0].message);
  ck_assert_uint_lt(message.n, 600);
  ck_assert(mf_str_ends(message, MF_STR("\xC3\xA9...")));
}
END_TEST

START_TEST(sorting_is_by_offset_and_stable) {
  static const uint32_t offsets[] = {30, 10, 20, 10};
  for (uint32_t i = 0; i < 4; i++)
    mf_diag_add(&diags, MF_E_TOO_LARGE, (mf_span){offsets[i], i + 1}, "1");
  mf_diags_sort(&diags);
  ck_assert_uint_eq(diags.items[0].span.length, 2);
  ck_assert_uint_eq(diags.items[1].span.length, 4);
  ck_assert_uint_eq(diags.items[2].span.length, 3);
  ck_assert_uint_eq(diags.items[3].span.length, 1);
}
END_TEST

START_TEST(out_of_memory_loses_diagnostics_but_not_the_count) {
  arena.limit = 1;
  mf_diag_add(&diags, MF_E_TOO_LARGE, (mf_span){1, 1}, "1");
  ck_assert_uint_eq(diags.errors, 1);
  ck_assert_uint_eq(diags.count, 0);
}
END_TEST

/* ---- Rendering ---- */

static mf_diag diag_at(uint32_t offset, uint32_t length) {
  mf_diag d = {MF_E_TOO_LARGE, MF_SEVERITY_ERROR, {offset, length}, NULL, "what is wrong", NULL};
  return d;
}

static void renders(mf_str source, mf_diag d, const char *expected) {
  mf_lines lines;
  ck_assert(mf_lines_init(&lines, &arena, source));
  mf_buf_clear(&out);
  mf_diag_write_text(&out, "shop.yaml", &lines, &d);
  ck_assert_str_eq(out.p, expected);
}

START_TEST(carets_stand_under_the_span) {
  mf_diag d = diag_at(13, 10);
  d.suggestion = "did you mean 'max_latency'?";
  renders(MF_STR("a:\n condition: max_latncy > 500\n"), d,
          "shop.yaml:2:11: error[MF-E0100]: what is wrong; did you mean 'max_latency'?\n"
          "    2 |  condition: max_latncy > 500\n"
          "      |           ^~~~~~~~~~\n");
}
END_TEST

START_TEST(carets_count_code_points) {
  renders(MF_STR("\xC3\xA9\xC3\xA9: \xE2\x82\xAC\xE2\x82\xAC!"), diag_at(6, 6),
          "shop.yaml:1:5: error[MF-E0100]: what is wrong\n"
          "    1 | \xC3\xA9\xC3\xA9: \xE2\x82\xAC\xE2\x82\xAC!\n"
          "      |     ^~\n");
}
END_TEST

START_TEST(tabs_are_repeated_before_the_caret) {
  renders(MF_STR("\ta\tb"), diag_at(3, 1),
          "shop.yaml:1:4: error[MF-E0100]: what is wrong\n"
          "    1 | \ta\tb\n"
          "      | \t \t^\n");
}
END_TEST

START_TEST(a_span_over_lines_is_marked_on_its_first) {
  renders(MF_STR("ab\r\ncd\n"), diag_at(1, 5),
          "shop.yaml:1:2: error[MF-E0100]: what is wrong\n"
          "    1 | ab\n"
          "      |  ^\n");
}
END_TEST

START_TEST(the_end_of_the_file_is_a_place) {
  renders(MF_STR("ab"), diag_at(2, 0),
          "shop.yaml:1:3: error[MF-E0100]: what is wrong\n"
          "    1 | ab\n"
          "      |   ^\n");
}
END_TEST

START_TEST(no_place_gives_one_line) {
  renders(MF_STR("ab"), diag_at(0, 0), "shop.yaml: error[MF-E0100]: what is wrong\n");
}
END_TEST

START_TEST(control_characters_and_bad_bytes_never_reach_the_terminal) {
  renders(MF_STR("\x1B[2J\xFF\xC2\x9B!"), diag_at(7, 1),
          "shop.yaml:1:7: error[MF-E0100]: what is wrong\n"
          "    1 | \xEF\xBF\xBD[2J\xEF\xBF\xBD\xEF\xBF\xBD!\n"
          "      |       ^\n");
}
END_TEST

static const char *after(const char *text, const char *mark) {
  const char *p = strstr(text, mark);
  ck_assert_msg(p != NULL, "'%s' is missing in:\n%s", mark, text);
  return p + strlen(mark);
}

START_TEST(cut_lines_keep_the_caret_under_the_place) {
  static char source[1000];
  static const uint32_t places[] = {0, 30, 100, 500, 950, 999};
  mf_lines lines;
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    memset(source, 'x', sizeof source);
    source[places[i]] = '!';
    ck_assert(mf_lines_init(&lines, &arena, (mf_str){source, sizeof source}));
    mf_diag d = diag_at(places[i], 1);
    mf_buf_clear(&out);
    mf_diag_write_text(&out, "a", &lines, &d);
    const char *shown = after(out.p, "    1 | "), *carets = after(out.p, "      | ");
    ck_assert_int_eq(strchr(shown, '!') - shown, strchr(carets, '^') - carets);
    ck_assert_uint_lt(out.n, 400);
  }
}
END_TEST

START_TEST(json_has_the_place_and_the_words) {
  mf_lines lines;
  mf_diag d = diag_at(4, 2);
  d.suggestion = "write \"x\"";
  ck_assert(mf_lines_init(&lines, &arena, MF_STR("a:\n bcd")));
  mf_diag_write_json(&out, "shop.yaml", &lines, &d);
  ck_assert_str_eq(out.p,
                   "{\"file\":\"shop.yaml\",\"line\":2,\"column\":2,\"offset\":4,\"length\":2,"
                   "\"severity\":\"error\",\"code\":\"MF-E0100\",\"stage\":\"scan\","
                   "\"message\":\"what is wrong\",\"suggestion\":\"write \\\"x\\\"\"}");
}
END_TEST

START_TEST(json_without_a_place_says_nothing_of_it) {
  mf_diag d = diag_at(0, 0);
  d.severity = MF_SEVERITY_WARNING;
  mf_diag_write_json(&out, NULL, NULL, &d);
  ck_assert_str_eq(out.p,
                   "{\"file\":\"<input>\",\"severity\":\"warning\",\"code\":\"MF-E0100\","
                   "\"stage\":\"scan\",\"message\":\"what is wrong\"}");
}
END_TEST

static void add_rendering(Suite *suite) {
  TCase *t = tcase_create("rendering");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, carets_stand_under_the_span);
  tcase_add_test(t, carets_count_code_points);
  tcase_add_test(t, tabs_are_repeated_before_the_caret);
  tcase_add_test(t, a_span_over_lines_is_marked_on_its_first);
  tcase_add_test(t, the_end_of_the_file_is_a_place);
  tcase_add_test(t, no_place_gives_one_line);
  tcase_add_test(t, control_characters_and_bad_bytes_never_reach_the_terminal);
  tcase_add_test(t, cut_lines_keep_the_caret_under_the_place);
  tcase_add_test(t, json_has_the_place_and_the_words);
  tcase_add_test(t, json_without_a_place_says_nothing_of_it);
  suite_add_tcase(suite, t);
}

Suite *base_diag_suite(void);
Suite *base_diag_suite(void) {
  Suite *suite = suite_create("base/diag");
  TCase *t = tcase_create("collecting");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, codes_are_unique);
  tcase_add_test(t, errors_are_below_800_and_warnings_above);
  tcase_add_test(t, stages_are_known_and_messages_have_no_full_stop);
  tcase_add_test(t, an_unknown_code_has_a_row_too);
  tcase_add_test(t, the_template_is_filled_in_and_the_hint_copied);
  tcase_add_test(t, one_mistake_gives_one_diagnostic);
  tcase_add_test(t, past_the_limit_diagnostics_are_only_counted);
  tcase_add_test(t, long_messages_are_cut_between_characters);
  tcase_add_test(t, sorting_is_by_offset_and_stable);
  tcase_add_test(t, out_of_memory_loses_diagnostics_but_not_the_count);
  suite_add_tcase(suite, t);
  add_rendering(suite);
  return suite;
}
