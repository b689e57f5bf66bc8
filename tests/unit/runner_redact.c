/* SPDX-License-Identifier: MIT */
#include "../../runner/redact.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

Suite *runner_redact_suite(void);

static mf_redactor redactor;

static void setup(void) {
  mf_alloc alloc = mf_alloc_default();
  mf_redactor_init(&redactor, &alloc);
}
static void teardown(void) { mf_redactor_fini(&redactor); }

static void hide(const char *name, const char *secret) {
  ck_assert_int_eq(mf_redactor_add(&redactor, mf_str_of(name), mf_str_of(secret)), MF_OK);
}

static void shows(const char *text, const char *expected) {
  mf_str got = mf_redact(&redactor, mf_str_of(text));
  ck_assert_msg(mf_str_is(got, expected), "%s became %.*s, not %s", text, (int)got.n, got.p,
                expected);
}

START_TEST(literal) {
  hide("token", "s3cr3t!");
  hide("short", "12345");
  shows("s3cr3t!", "<secret:token>");
  shows("a s3cr3t!s3cr3t! b", "a <secret:token> b");
  shows("s3cr3t", "<secret:token>"); /* cut off at the end of the text */
  shows("s3cr3t?", "s3cr3t?");
  shows("12345", "12345"); /* too short: only taint hides it */
  shows("", "");
}
END_TEST

START_TEST(the_longest_secret_wins) {
  hide("short", "abcdef");
  hide("long", "abcdefgh");
  shows("xabcdefghx", "x<secret:long>x");
  shows("xabcdefgx", "x<secret:short>gx");
}
END_TEST

START_TEST(names_are_safe_anywhere) {
  hide("a\"b<c>", "abcdef");
  shows("abcdef", "<secret:a_b_c_>");
}
END_TEST

START_TEST(escaped) {
  hide("t", "p\"a/ss wörd&");
  shows("{\"k\":\"p\\\"a/ss w\xc3\xb6rd&\"}", "{\"k\":\"<secret:t>\"}");
  shows("p\\\"a\\/ss w\\u00F6rd\\u0026!", "<secret:t>!");
  shows("x=p%22a%2fss%20w%C3%B6rd%26&y=1", "x=<secret:t>&y=1");
  shows("x=p%22a/ss+w%c3%b6rd%26&y=1", "x=<secret:t>&y=1");     /* a form */
  shows("p%2522a%252Fss%2520w%25C3%25B6rd%2526", "<secret:t>"); /* twice */
  shows("p\\\\\\\"a/ss wörd&", "<secret:t>");
  shows("100% \\o/ p", "100% \\o/ p");
}
END_TEST

START_TEST(surrogate_pairs) {
  hide("t", "key \xf0\x9f\x94\x91 end");
  shows("key \\uD83D\\uDD11 end.", "<secret:t>.");
}
END_TEST

/* Whatever stands around it, and in both alphabets. */
START_TEST(base64) {
  hide("t", "user?>>pass~~word");
  for (size_t before = 0; before < 6; before++) {
    for (size_t after = 0; after < 6; after++) {
      char text[64], encoded[100], found[128];
      int n = snprintf(text, sizeof text, "%.*suser?>>pass~~word%.*s", (int)before, "ABCDEF",
                       (int)after, "GHIJKL");
      size_t m = mf_base64_encode((const uint8_t *)text, (size_t)n, encoded);
      for (int url = 0; url < 2; url++) {
        mf_str got = mf_redact(&redactor, (mf_str){encoded, m});
        snprintf(found, sizeof found, "%.*s", (int)got.n, got.p);
        ck_assert_msg(strstr(found, "<secret:t>") != NULL, "%s", encoded);
        ck_assert_uint_le(got.n, m - 21 + strlen("<secret:t>"));
        for (size_t i = 0; i < m; i++)
          encoded[i] = (char)(encoded[i] == '+' ? '-' : encoded[i] == '/' ? '_' : encoded[i]);
      }
    }
  }
}
END_TEST

START_TEST(names) {
  ck_assert_ptr_null(mf_redactor_filter(&redactor));
  hide("one", "first secret");
  hide("two", "second secret");
  ck_assert_ptr_nonnull(mf_redactor_filter(&redactor));
  ck_assert_str_eq(mf_redactor_name(&redactor, MF_STR("a second secret, a first secret")), "two");
  ck_assert_ptr_null(mf_redactor_name(&redactor, MF_STR("nothing")));
}
END_TEST

static uint64_t state;
static uint32_t random_below(uint32_t n) {
  state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (uint32_t)(state >> 33) % n;
}

enum { MANY = 1000, SECRET = 24 };
static char secrets[MANY][SECRET + 1];

static void plant(void) {
  char name[16];
  state = 7;
  for (unsigned i = 0; i < MANY; i++) {
    for (unsigned k = 0; k < SECRET; k++) secrets[i][k] = (char)(33 + random_below(94));
    snprintf(name, sizeof name, "s%u", i);
    hide(name, secrets[i]);
  }
}

static void write_escaped(mf_buf *out, const char *secret, unsigned how) {
  for (; *secret; secret++) {
    if (how == 1)
      mf_buf_printf(out, "%%%02x", (unsigned)*secret);
    else if (how == 2)
      mf_buf_printf(out, "\\u%04X", (unsigned)*secret);
    else
      mf_buf_putc(out, *secret);
  }
}

/* Among noise and each other, in any spelling: no trace of any is left. */
START_TEST(a_thousand) {
  mf_buf text;
  plant();
  mf_alloc alloc = mf_alloc_default();
  mf_buf_init(&text, &alloc, 0);
  for (unsigned i = 0; i < MANY; i++) {
    mf_buf_clear(&text);
    for (unsigned noise = random_below(20); noise > 0; noise--) mf_buf_putc(&text, ' ');
    write_escaped(&text, secrets[i], random_below(3));
    write_escaped(&text, secrets[random_below(MANY)], random_below(3));
    mf_str got = mf_redact(&redactor, mf_buf_str(&text));
    size_t at = 0;
    while (at < got.n && got.p[at] == ' ') at++;
    ck_assert_uint_le(got.n - at, 2 * strlen("<secret:s999>"));
    ck_assert(mf_str_starts((mf_str){got.p + at, got.n - at}, MF_STR("<secret:s")));
  }
  mf_buf_fini(&text);
}
END_TEST

/* ---- Writers ---- */

START_TEST(writers_keep_their_own_words) {
  mf_buf out;
  mf_json_writer w;
  mf_alloc alloc = mf_alloc_default();
  mf_buf_init(&out, &alloc, 0);
  mf_json_write_init(&w, &out, 0);
  hide("t", "passed");
  w.filter = mf_redactor_filter(&redactor);
  mf_json_open_map(&w);
  mf_json_key(&w, "passed");
  mf_json_put_word(&w, MF_STR("passed"));
  mf_json_key_str(&w, MF_STR("passed"));
  mf_json_put_str(&w, MF_STR("it passed"));
  mf_json_close_map(&w);
  ck_assert_str_eq(out.p, "{\"passed\":\"passed\",\"<secret:t>\":\"it <secret:t>\"}");
  mf_buf_fini(&out);
}
END_TEST

/* ---- Out of memory ---- */

typedef struct limited {
  unsigned left;
} limited;

static void *limited_realloc(void *ctx, void *p, size_t old_size, size_t new_size) {
  limited *l = ctx;
  (void)old_size;
  if (new_size == 0) {
    free(p);
    return NULL;
  }
  if (l->left == 0) return NULL;
  l->left--;
  return realloc(p, new_size);
}

/* Each allocation in turn is refused: nothing is shown then. */
START_TEST(memory_runs_out) {
  for (unsigned n = 0; n < 20; n++) {
    limited l = {n};
    mf_alloc alloc = {limited_realloc, &l};
    mf_redactor r;
    mf_redactor_init(&r, &alloc);
    if (mf_redactor_add(&r, MF_STR("t"), MF_STR("secret word")) == MF_OK) {
      mf_str got = mf_redact(&r, MF_STR("a secret%20word"));
      ck_assert(mf_str_is(got, "a <secret:t>") || mf_str_is(got, "<secret>"));
    } else {
      ck_assert_uint_lt(n, 19);
    }
    mf_redactor_fini(&r);
  }
}
END_TEST

Suite *runner_redact_suite(void) {
  Suite *s = suite_create("runner_redact");
  TCase *t = tcase_create("redact");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_test(t, literal);
  tcase_add_test(t, the_longest_secret_wins);
  tcase_add_test(t, names_are_safe_anywhere);
  tcase_add_test(t, escaped);
  tcase_add_test(t, surrogate_pairs);
  tcase_add_test(t, base64);
  tcase_add_test(t, names);
  tcase_add_test(t, a_thousand);
  tcase_add_test(t, writers_keep_their_own_words);
  tcase_add_test(t, memory_runs_out);
  suite_add_tcase(s, t);
  return s;
}
