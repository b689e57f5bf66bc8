/* SPDX-License-Identifier: MIT */
/* flow_property - random documents do on the machine what the reference interpreter
 * does on their trees: the same entries, hooks, actions and effects in the same order,
 * the same verdict.  That holds for branches and background steps, too: all lines are
 * compared, as tasks take turns.  Both worlds answer in virtual time, what ends first
 * first, and of two at once the one that was asked for first.
 * FLOW_DOCUMENTS=100000 tries so many, FLOW_SEED=N begins at seed N;
 * FLOW_SHOW=1 shows the text of the first one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../flow/flow.h"

enum { DOCUMENTS = 3000, SHOWN = 3 };

typedef struct texts {
  mf_buf yaml, expected, happened;
  bool compiled;
} texts;

static void init(texts *t) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf *all[] = {&t->yaml, &t->expected, &t->happened};
  for (unsigned i = 0; i < 3; i++) mf_buf_init(all[i], &alloc, 16 << 20);
}

static void fini(texts *t) {
  mf_buf_fini(&t->yaml), mf_buf_fini(&t->expected), mf_buf_fini(&t->happened);
}

static bool same(const texts *t) {
  return t->compiled && t->expected.n == t->happened.n &&
         !memcmp(t->expected.p, t->happened.p, t->expected.n);
}

static void compare(flow_document *d, texts *t) {
  init(t);
  flow_name_steps(d);
  flow_print(d, &t->yaml);
  t->compiled = flow_record(d, mf_buf_str(&t->yaml), &t->happened);
  if (t->compiled) flow_expect(d, &t->expected);
}

/* A smaller document has to compile, too, and a fragment runs nothing. */
static bool differs(flow_document *d) {
  texts t;
  if (d->lists[0].count + d->lists[1].count + d->lists[2].count == 0) return false;
  compare(d, &t);
  bool result = t.compiled && !same(&t);
  fini(&t);
  return result;
}

static void show_lines(const char *title, const mf_buf *buf) {
  fprintf(stderr, "--- %s\n%.*s", title, (int)buf->n, buf->p ? buf->p : "");
}

static unsigned first_difference(const texts *t) {
  unsigned line = 1;
  for (size_t i = 0; i < t->expected.n && i < t->happened.n; i++) {
    if (t->expected.p[i] != t->happened.p[i]) break;
    line += t->expected.p[i] == '\n';
  }
  return line;
}

static void show(flow_document *d) {
  texts t;
  compare(d, &t);
  show_lines("the document", &t.yaml);
  show_lines("expected", &t.expected);
  show_lines(t.compiled ? "happened" : "it does not compile", &t.happened);
  fprintf(stderr,
          "seed %llu: they differ from line %u on; again: FLOW_SEED=%llu FLOW_DOCUMENTS=1 "
          "make test T=flow_property\n",
          (unsigned long long)d->seed, first_difference(&t), (unsigned long long)d->seed);
  fini(&t);
}

/* The compiler knows that a step whose result is read cannot have run before, or runs at
 * the same time, and what is no list or number: what would be an error of the evaluation is one of the document
 * then, and nothing is run. */
static bool is_refused(const texts *t) {
  const char *error = t->compiled ? NULL : strstr(t->happened.p, "error[");
  if (error == NULL) return false;
  while (error &&
         (!strncmp(error, "error[MF-E0271]", 15) || !strncmp(error, "error[MF-E0222]", 15) ||
          !strncmp(error, "error[MF-E0234]", 15)))
    error = strstr(error + 1, "error[");
  return error == NULL;
}

static bool try_seed(uint64_t seed, bool shown, uint64_t *refused) {
  flow_document d;
  texts t;
  flow_generate(&d, seed);
  compare(&d, &t);
  bool compiled = t.compiled, ok = same(&t) || is_refused(&t);
  *refused += is_refused(&t);
  if (getenv("FLOW_SHOW")) show_lines("the document", &t.yaml), show_lines("happened", &t.happened);
  fini(&t);
  if (!ok && shown) {
    if (compiled) flow_shrink(&d, differs);
    show(&d);
  }
  flow_free(&d);
  return ok;
}

static uint64_t number_of(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(documents_do_what_the_reference_does) {
  uint64_t first = number_of("FLOW_SEED", 1), count = number_of("FLOW_DOCUMENTS", DOCUMENTS);
  uint64_t wrong = 0, refused = 0;
  for (uint64_t i = 0; i < count; i++)
    if (!try_seed(first + i, wrong < SHOWN, &refused)) wrong++;
  printf("flow: %llu documents, %llu of them refused, %llu wrong\n", (unsigned long long)count,
         (unsigned long long)refused, (unsigned long long)wrong);
  ck_assert_uint_lt(refused, count == 1 ? 2 : count / 2);
  ck_assert_uint_eq(wrong, 0);
}
END_TEST

Suite *flow_property_suite(void) {
  Suite *s = suite_create("flow_property");
  TCase *t = tcase_create("random documents");
  tcase_set_timeout(t, 3600);
  tcase_add_test(t, documents_do_what_the_reference_does);
  suite_add_tcase(s, t);
  return s;
}
