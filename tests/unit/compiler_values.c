/* SPDX-License-Identifier: MIT */
/* values - files of variables: what they give, and where their mistakes are. */
#include <check.h>
#include <stdio.h>

#include "../../base/alloc.h"
#include "../../base/limits.h"
#include "../../include/mfvm_tools.h"
#include "../../vm/value.h"

/* The map as JSON, or the error. */
static const char *read_file(const char *name, mf_str text) {
  static char out[1024];
  char error[512] = "";
  mf_alloc alloc = mf_alloc_default();
  mf_values *values = NULL;
  mf_status status = mf_values_file(&alloc, name, text, &values, error, sizeof error);
  if (status != MF_OK) {
    ck_assert_int_eq(status, MF_DOCUMENT_INVALID);
    ck_assert_ptr_null(values);
    snprintf(out, sizeof out, "error %s", error);
    return out;
  }
  mf_buf buf;
  mf_json_writer w;
  mf_value v = mf_values_get(values);
  mf_buf_init(&buf, &alloc, 0);
  mf_json_write_init(&w, &buf, 0);
  mf_value_write_json(&w, &v);
  snprintf(out, sizeof out, "%.*s", (int)buf.n, buf.p);
  mf_buf_fini(&buf);
  mf_values_free(values);
  return out;
}

static const struct {
  const char *name, *text, *wanted;
} cases[] = {
    {"v.yaml", "a: 1\nb: [x, no, 1.5]\nc: {d: null}\n",
     "{\"a\":1,\"b\":[\"x\",\"no\",1.5],\"c\":{\"d\":null}}"},
    {"v.yaml", "%YAML 1.2\n---\na: 1\n...\n", "{\"a\":1}"},
    {"v.yml", "", "{}"},
    {"v.yaml", "# nothing\n", "{}"},
    {"v.yaml", "{}", "{}"},
    {"v.yaml", "steps: 1\nkind: x\nspec: {thenSteps: 2, then_steps: 3}\n",
     "{\"steps\":1,\"kind\":\"x\",\"spec\":{\"thenSteps\":2,\"then_steps\":3}}"},
    {"v.yaml", "kind: x\n", "{\"kind\":\"x\"}"},
    {"v.yaml", "orchestration: {a: 1}\n", "{\"orchestration\":{\"a\":1}}"},
    {"v.yaml", "type: wait\nif: x\n", "{\"type\":\"wait\",\"if\":\"x\"}"},
    {"v.yaml", "a: \"${x} {{y}}\"\n", "{\"a\":\"${x} {{y}}\"}"},
    {"v.yaml", "a: |\n  one\n  two\n", "{\"a\":\"one\\ntwo\\n\"}"},
    {"v.yaml", "a: 1\na: 2\n", "error 2:1: the key 'a' is given twice"},
    {"v.yaml", "a: 1\n  b: 2\n", "error 2:"},
    {"v.yaml", "- a\n", "error 1:1: a document is a mapping"},
    {"v.yaml", "just text\n", "error 1:1: a document is a mapping"},
    {"v.json", "{\"a\": [1, 2.0]}", "{\"a\":[1,2.0]}"},
    {"v.json", "{\"a\": 1,\n \"b\" 2}", "error 2:6: a colon must follow the key"},
    {"v.json", "[1]", "error 1:1: variables are a mapping of names to values"},
    {"v.json", "", "error 1:1:"},
    {"prod.env", "A=5\nB=\"x\"\n", "{\"A\":\"5\",\"B\":\"x\"}"},
    {".env", "A=1\nA=2", "{\"A\":\"2\"}"},
    {".env.local", "A=1", "{\"A\":\"1\"}"},
    {"v.env", "A=1\nB='x\n", "error 2:3: this quote is never closed"},
};
enum { CASES = sizeof cases / sizeof cases[0] };

START_TEST(files_of_variables) {
  const char *got = read_file(cases[_i].name, mf_str_of(cases[_i].text));
  bool error = !strncmp(cases[_i].wanted, "error", 5);
  bool same = error ? !strncmp(got, cases[_i].wanted, strlen(cases[_i].wanted))
                    : !strcmp(got, cases[_i].wanted);
  ck_assert_msg(same, "case %d: %s, not %s", _i, got, cases[_i].wanted);
}
END_TEST

/* DOCUMENT_BYTES, DOCUMENT_DEPTH and SLOTS bound files of variables, too. */
static void refused(const char *name, const char *head, const char *piece, size_t times,
                    const char *why) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf text;
  mf_buf_init(&text, &alloc, 0);
  mf_buf_puts(&text, head);
  for (size_t i = 0; i < times; i++) mf_buf_printf(&text, piece, (int)i);
  const char *got = read_file(name, mf_buf_str(&text));
  ck_assert_msg(strstr(got, why), "%s: %s, not %s", name, got, why);
  mf_buf_fini(&text);
}

START_TEST(files_of_variables_have_limits) {
  refused("v.yaml", "", "# %09d\n", MF_LIMIT_DOCUMENT_BYTES / 12 + 1, "larger than its limit");
  refused("v.env", "", "# %09d\n", MF_LIMIT_DOCUMENT_BYTES / 12 + 1, "larger than its limit");
  refused("v.yaml", "a: ", "[", MF_LIMIT_DOCUMENT_DEPTH + 1, "nested deeper than 100 levels");
  refused("v.json", "{\"a\": ", "[", 300, "deep");
  refused("v.yaml", "", "v%d: 1\n", MF_LIMIT_SLOTS + 1, "more than 65535 variables");
  refused("v.env", "", "v%d=1\n", MF_LIMIT_SLOTS + 1, "more than 65535 variables");
}
END_TEST

START_TEST(reading_survives_every_failed_allocation) {
  for (int i = 0; i < CASES; i++) {
    mf_status status = MF_OUT_OF_MEMORY;
    for (uint64_t n = 1; status == MF_OUT_OF_MEMORY; n++) {
      mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = n};
      mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
      mf_values *values = NULL;
      char error[128];
      status = mf_values_file(&alloc, cases[i].name, mf_str_of(cases[i].text), &values, error,
                              sizeof error);
      ck_assert(status == MF_OK || !values);
      mf_values_free(values);
      ck_assert_uint_eq(counting.in_use, 0);
      ck_assert_uint_lt(n, 1000);
    }
  }
}
END_TEST

Suite *compiler_values_suite(void) {
  Suite *s = suite_create("compiler_values");
  TCase *t = tcase_create("files");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, files_of_variables, 0, CASES);
  tcase_add_test(t, files_of_variables_have_limits);
  tcase_add_test(t, reading_survives_every_failed_allocation);
  suite_add_tcase(s, t);
  return s;
}
