/* SPDX-License-Identifier: MIT */
/* check_corpus - documents that must not compile, or only with warnings.
 *
 * tests/check/NAME.yaml (.json): the expectations are comments on the line they
 * are about:
 *   # error: MF-E0203 no variable      the code, and a part of the message
 *   # error 11: MF-E0203 no variable   about another line
 *   # warning: MF-W0801 hides
 * and these lines say how it is compiled:
 *   # lenient
 *   # strict-cel
 * Documents in tests/check/lib are there to be run by others; what is expected of
 * them stands in them.
 * Where a document cannot hold comments, NAME.yaml.expect holds such lines
 * (without "# ").  Every diagnostic must be expected, and every expectation met
 * exactly once: one mistake, one diagnostic. */
#include "../../include/mfvm_tools.h"
#include "../../base/diag.h"
#include "corpus.h"

typedef struct expectation {
  unsigned line;
  bool warning, met;
  char *code, *text;
  char file[64]; /* empty: the document itself */
} expectation;
typedef struct expectations {
  expectation *at;
  size_t count;
  bool lenient, strict;
  const char *file; /* that is read */
} expectations;

static const mf_code all_codes[] = {
#define MF_ERR(number, name, stage, text, words) MF_E_##name,
#define MF_WARN(number, name, stage, text, words) MF_W_##name,
#include "../../base/errors.def"
#undef MF_ERR
#undef MF_WARN
};
/* Messages with %: what a corpus of expressions keeps of them is the longest
 * piece of constant text. */
static const char *const all_templates[] = {
#define MF_ERR(number, name, stage, text, words) text,
#define MF_WARN(number, name, stage, text, words) text,
#include "../../base/errors.def"
#undef MF_ERR
#undef MF_WARN
};
enum { CODE_COUNT = sizeof all_codes / sizeof all_codes[0] };
static bool covered[CODE_COUNT];

static void cover(const char *code) {
  char text[16];
  for (size_t i = 0; i < CODE_COUNT; i++) {
    mf_code_text(all_codes[i], text);
    if (!strcmp(text, code)) covered[i] = true;
  }
}

static void take_comment(void *ctx, unsigned line, const char *comment) {
  expectations *all = ctx;
  unsigned other = 0;
  int used = 0;
  char kind[16], code[16];
  if (!strcmp(comment, "lenient")) all->lenient = true;
  if (!strcmp(comment, "strict-cel")) all->strict = true;
  if (sscanf(comment, "%8[a-z] %u: %15s%n", kind, &other, code, &used) != 3) {
    other = line;
    if (sscanf(comment, "%8[a-z]: %15s%n", kind, code, &used) != 2) return;
  }
  if (strcmp(kind, "error") && strcmp(kind, "warning")) return;
  const char *text = comment + used;
  while (*text == ' ') text++;
  all->at = realloc(all->at, (all->count + 1) * sizeof *all->at);
  expectation *e = &all->at[all->count++];
  *e = (expectation){other, kind[0] == 'w', false, strdup(code), strdup(text), ""};
  if (all->file) snprintf(e->file, sizeof e->file, "%s", all->file);
}

static void take_linked(void *ctx, const char *file, const char *text) {
  expectations *all = ctx;
  all->file = file;
  corpus_comments(text, take_comment, all);
  all->file = NULL;
}

static void take_expect_file(const char *path, expectations *all) {
  char name[1100];
  size_t n;
  snprintf(name, sizeof name, "%s.expect", path);
  char *text = corpus_read(name, &n);
  if (!text) return;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) take_comment(all, 0, line);
  free(text);
}

static bool meet(expectations *all, const mf_diagnostic *d) {
  for (size_t i = 0; i < all->count; i++) {
    expectation *e = &all->at[i];
    if (e->met || e->line != d->line || strcmp(e->code, d->code)) continue;
    if (strcmp(e->file, d->file ? d->file : "")) continue;
    if (e->warning != (d->severity == MF_SEVERITY_WARNING)) continue;
    char whole[1024];
    snprintf(whole, sizeof whole, "%s; %s", d->message, d->suggestion ? d->suggestion : "");
    if (!strstr(whole, e->text)) continue;
    return e->met = true;
  }
  return false;
}

static void to_stderr(void *ctx, const char *p, size_t n) {
  (void)ctx;
  fwrite(p, 1, n, stderr);
}

/* How many expectations there were; failures are printed and counted. */
static size_t check_file(const char *path, size_t *failures) {
  expectations all = {NULL, 0, false, false, NULL};
  corpus_library library = {.path = path, .found = take_linked, .ctx = &all};
  size_t n;
  char *text = corpus_read(path, &n);
  mf_compilation *comp = NULL;
  corpus_comments(text, take_comment, &all);
  take_expect_file(path, &all);
  const char *base = strrchr(path, '/') + 1;
  mf_compile_options options = {
      .name = base,
      .lenient = all.lenient,
      .strict_cel = all.strict,
      .regex = mf_regex_re2(),
      .loader = corpus_loader(&library),
      .syntax = corpus_ends(path, ".json") ? MF_SYNTAX_JSON : MF_SYNTAX_YAML};
  mf_status status = mf_compile(&options, text, n, &comp);
  size_t errors = 0, before = *failures;
  for (size_t i = 0; i < mf_compilation_diagnostic_count(comp); i++) {
    mf_diagnostic d = mf_compilation_diagnostic(comp, i);
    errors += d.severity == MF_SEVERITY_ERROR;
    if (meet(&all, &d)) continue;
    fprintf(stderr, "%s:%u: not expected: %s %s; %s\n", d.file ? d.file : path, d.line, d.code,
            d.message, d.suggestion ? d.suggestion : "");
    (*failures)++;
  }
  for (size_t i = 0; i < all.count; i++) {
    if (all.at[i].met)
      cover(all.at[i].code);
    else
      fprintf(stderr, "%s:%u: expected, and missing: %s %s\n",
              all.at[i].file[0] ? all.at[i].file : path, all.at[i].line, all.at[i].code,
              all.at[i].text),
          (*failures)++;
  }
  if ((status == MF_OK) != (errors == 0))
    (*failures)++,
        fprintf(stderr, "%s: status %s with %zu errors\n", path, mf_status_name(status), errors);
  if (*failures > before) {
    mf_compilation_write(comp, false, (mf_output){to_stderr, NULL});
    fprintf(stderr, "  again: T_FILE=%s make test T=check_corpus\n", base);
  }
  size_t count = all.count;
  for (size_t i = 0; i < all.count; i++) free(all.at[i].code), free(all.at[i].text);
  free(all.at);
  mf_compilation_free(comp);
  free(library.text);
  free(text);
  return count;
}

/* Codes of expressions and of the assembler are covered by their own corpora. */
static void cover_file(const char *path) {
  size_t n;
  char *text = corpus_read(path, &n), code[16];
  for (const char *p = text; p && (p = strstr(p, "MF-")) != NULL; p++)
    if (sscanf(p, "%8[A-Z0-9-]", code) == 1) cover(code);
  free(text);
}

static mf_str longest_piece(const char *template) {
  mf_str best = {template, 0};
  for (const char *p = template; *p;) {
    size_t n = strcspn(p, "%");
    if (n > best.n) best = (mf_str){p, n};
    p += n;
    if (*p) p += strspn(p, "%.*s");
  }
  return best;
}

/* Expressions that are refused show their messages (tests/cel, FAIL). */
static void cover_messages(const char *path) {
  size_t n = 0;
  char *text = corpus_read(path, &n);
  for (size_t i = 0; i < CODE_COUNT; i++) {
    mf_str piece = longest_piece(all_templates[i]);
    if (piece.n > 6 && mf_str_find((mf_str){text, n}, piece, 0) != SIZE_MAX) covered[i] = true;
  }
  free(text);
}

static void cover_folder(const char *folder, const char *ending) {
  const char *const endings[] = {ending, NULL};
  corpus_files files = corpus_list(folder, endings);
  for (size_t i = 0; i < files.count; i++) {
    cover_file(files.paths[i]);
    if (!strcmp(folder, "cel")) cover_messages(files.paths[i]);
  }
  corpus_free(&files);
}

static size_t count_uncovered(void) {
  size_t missing = 0;
  cover_folder("cel", ".txt");
  cover_folder("unit", ".c");
  for (size_t i = 0; i < CODE_COUNT; i++) {
    char text[16];
    mf_code_text(all_codes[i], text);
    if (!covered[i]) fprintf(stderr, "no test for %s\n", text), missing++;
  }
  printf("check: %d/%d diagnostic codes covered\n", (int)(CODE_COUNT - missing), (int)CODE_COUNT);
  return missing;
}

/* In one test, because each test is a process of its own. */
START_TEST(documents_give_exactly_the_diagnostics_they_expect) {
  const char *const endings[] = {".yaml", ".json", ".yml", NULL};
  corpus_files files = corpus_list("check", endings);
  size_t failures = 0, expected = 0;
  for (size_t i = 0; i < files.count; i++) expected += check_file(files.paths[i], &failures);
  printf("check: %zu documents, %zu diagnostics expected, %zu wrong\n", files.count, expected,
         failures);
  corpus_free(&files);
  ck_assert_uint_eq(failures, 0);
  ck_assert(getenv("T_FILE") || count_uncovered() == 0);
}
END_TEST

Suite *check_corpus_suite(void) {
  Suite *s = suite_create("check_corpus");
  TCase *t = tcase_create("documents");
  tcase_set_timeout(t, 120);
  tcase_add_test(t, documents_give_exactly_the_diagnostics_they_expect);
  suite_add_tcase(s, t);
  return s;
}
