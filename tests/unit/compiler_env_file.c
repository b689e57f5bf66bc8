/* SPDX-License-Identifier: MIT */
/* env_file - the dialect of .env files, line by line. */
#include <check.h>
#include <stdio.h>

#include "../../compiler/env_file.h"

static mf_arena arena;

static void begin(void) {
  mf_alloc alloc = mf_alloc_default();
  mf_arena_init(&arena, &alloc, 0);
}
static void end(void) { mf_arena_fini(&arena); }

/* "A=[x] B=[y]", then "error BYTE why" if there was one. */
static const char *read_all(const char *source) {
  static char out[1024];
  mf_env_reader r;
  mf_str name, text;
  size_t n = 0;
  out[0] = '\0';
  mf_env_open(&r, &arena, mf_str_of(source));
  while (mf_env_next(&r, &name, &text))
    n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s=[%.*s]", n ? " " : "", (int)name.n,
                          name.p, (int)text.n, text.n ? text.p : "");
  if (r.error)
    snprintf(out + n, sizeof out - n, "%serror %d %s", n ? " " : "", (int)r.error_at, r.error);
  return out;
}

static const struct {
  const char *source, *wanted;
} cases[] = {
    {"", ""},
    {"\n  \n# only a comment\n\t# another", ""},
    {"A=1", "A=[1]"},
    {"A=1\nB=2\n", "A=[1] B=[2]"},
    {"A=1\r\nB=2\r\n", "A=[1] B=[2]"},
    {"\xEF\xBB\xBF"
     "A=1",
     "A=[1]"},
    {"  A = some text  \n", "A=[some text]"},
    {"A=\nB=", "A=[] B=[]"},
    {"A= # nothing\nB=x # c\nC=x#y\nD=#z", "A=[] B=[x] C=[x#y] D=[]"},
    {"export A=1\nexport\tB=2\nexport=3\nexport =4", "A=[1] B=[2] export=[3] export=[4]"},
    {"a_B9=x=y", "a_B9=[x=y]"},
    {"A='a # b'\nB='it\\n' # c", "A=[a # b] B=[it\\n]"},
    {"A=\"a\\nb\\t\\\"\\\\\\$\\q\"", "A=[a\nb\t\"\\$\\q]"},
    {"A=\"one\ntwo\"\nB='three\n'", "A=[one\ntwo] B=[three\n]"},
    {"A=\"\"\nB=''", "A=[] B=[]"},
    {"A=$HOME ${X}", "A=[$HOME ${X}]"},
    {"A=it's", "A=[it's]"},
    {"A=1\nA=2", "A=[1] A=[2]"},
    {"A=\"x", "error 2 this quote is never closed"},
    {"A=\"x\\\"", "error 2 this quote is never closed"},
    {"A=\"x\\", "error 2 this quote is never closed"},
    {"A='x' y", "error 6 nothing but a comment may follow the closing quote"},
    {"A=1\nB", "A=[1] error 5 there should be a '=' behind the name"},
    {"A B=1", "error 2 there should be a '=' behind the name"},
    {"1A=1", "error 0 a line is NAME=TEXT, and names are letters, digits and _"},
    {"=1", "error 0 a line is NAME=TEXT, and names are letters, digits and _"},
    {"export X", "error 8 there should be a '=' behind the name"},
    {"export ", "error 0 a line is NAME=TEXT, and names are letters, digits and _"},
    {"A-B=1", "error 1 there should be a '=' behind the name"},
    {"A=1\xff", "error 3 this is not UTF-8"},
};
enum { CASES = sizeof cases / sizeof cases[0] };

START_TEST(lines_are_read_as_the_common_dialects_do) {
  const char *got = read_all(cases[_i].source);
  ck_assert_msg(!strcmp(got, cases[_i].wanted), "case %d: %s, not %s", _i, got, cases[_i].wanted);
}
END_TEST

START_TEST(a_nul_is_a_character) {
  mf_env_reader r;
  mf_str name, text;
  mf_env_open(&r, &arena, (mf_str){"A=x\0y\nB=1", 9});
  ck_assert(mf_env_next(&r, &name, &text) && text.n == 3 && !memcmp(text.p, "x\0y", 3));
  ck_assert(mf_env_next(&r, &name, &text) && mf_str_is(text, "1"));
  ck_assert(!mf_env_next(&r, &name, &text) && r.error == NULL);
}
END_TEST

Suite *compiler_env_file_suite(void) {
  Suite *s = suite_create("compiler_env_file");
  TCase *t = tcase_create("lines");
  tcase_add_checked_fixture(t, begin, end);
  tcase_add_loop_test(t, lines_are_read_as_the_common_dialects_do, 0, CASES);
  tcase_add_test(t, a_nul_is_a_character);
  suite_add_tcase(s, t);
  return s;
}
