/* SPDX-License-Identifier: MIT */
/* cel_corpus - the expressions of tests/cel; README.md there has the format. */
#include "cel_kit.h"
#include "cel_types.h"
#include "corpus.h"

typedef struct corpus {
  const char *path;
  char *at;       /* next line */
  unsigned line;  /* number of the line read last */
  mf_arena arena; /* of one case */
  mf_buf out;     /* the file with what came out */
  size_t cases, failures;
} corpus;

/* ---- evaluating ---- */

/* Whether the checker takes it, and its value has the type that it says. */
static bool is_accepted(const cel_subject *s, char *message, size_t size) {
  mf_program *program;
  mf_evaluator *evaluator;
  mf_value result = {.kind = MF_UNSET};
  mf_schema_entry schema[CEL_MAX_NAMES];
  mf_program_options options = {.schema = schema, .count = s->count};
  for (uint32_t i = 0; i < s->count; i++) schema[i] = (mf_schema_entry){s->names[i], NULL};
  if (mf_program_compile(NULL, s->expr, s->names, s->count, &program, message, size) != MF_OK)
    return false;
  mf_status status = mf_evaluator_new(NULL, &evaluator);
  if (status != MF_OK) return false;
  mf_evaluator_set_regex(evaluator, mf_regex_re2());
  mf_evaluator_set_fuel(evaluator, CEL_FUEL);
  status = mf_eval(program, evaluator, s->slots, &result);
  mf_program_check(&options, s->expr, message, size);
  bool ok = status != MF_OK || cel_has_type_text(&result, mf_str_of(message));
  mf_evaluator_free(evaluator);
  mf_program_free(program);
  return ok;
}

/* The operators are asked, not the checker: 1 + 'a' has a value, an error. */
static void run_as_written(const cel_subject *s, mf_buf *out) {
  mf_program *program;
  mf_schema_entry schema[CEL_MAX_NAMES];
  mf_program_options options = {.schema = schema, .count = s->count, .unchecked = true};
  for (uint32_t i = 0; i < s->count; i++) schema[i] = (mf_schema_entry){s->names[i], NULL};
  mf_status status = mf_program_compile_with(&options, s->expr, &program);
  if (status == MF_OK)
    cel_evaluate(program, s->slots, out);
  else
    mf_buf_printf(out, "status: %s", mf_status_name(status));
  mf_program_free(program);
}

static void write_mistake(const cel_subject *s, mf_buf *out) {
  mf_program *program;
  char message[4000];
  mf_status status = mf_program_compile(NULL, s->expr, s->names, s->count, &program, message,
                                        sizeof message);
  if (status == MF_OK)
    cel_evaluate(program, s->slots, out);
  else if (message[0])
    mf_buf_puts(out, message);
  else
    mf_buf_printf(out, "status: %s", mf_status_name(status));
  mf_program_free(program);
}

/* The same with nothing to fold. */
static void run_unfolded(mf_arena *arena, cel_subject *s, mf_buf *out) {
  mf_program *program = cel_compile_unfolded(arena, s);
  if (program)
    cel_evaluate(program, s->slots, out);
  else
    mf_buf_puts(out, "does not compile with its literals in variables");
  mf_program_free(program);
}

/* ---- reading cases ---- */

/* The next line, without its end; NULL at the end of the file. */
static char *next_line(corpus *c) {
  if (*c->at == '\0') return NULL;
  char *line = c->at, *end = strchr(line, '\n');
  c->at = end ? end + 1 : line + strlen(line);
  if (end) *end = '\0';
  c->line++;
  return line;
}

static void put_line(corpus *c, const char *line) {
  mf_buf_puts(&c->out, line);
  mf_buf_putc(&c->out, '\n');
}

static void failed(corpus *c, const char *what, const char *expr, const char *want,
                   const char *got) {
  c->failures++;
  fprintf(stderr, "%s:%u: %s\n  %s\n  expected: %s\n  got:      %s\n", c->path, c->line, what, expr,
          want, got);
}

static void add_bindings(corpus *c, cel_subject *s, const char *text) {
  const char *error = "";
  uint32_t offset;
  mf_json *map = mf_json_parse(&c->arena, mf_str_of(text), &error, &offset);
  ck_assert_msg(map && map->kind == MF_JSON_MAP, "%s:%u: bindings are no JSON map: %s", c->path,
                c->line, error);
  for (mf_json *m = map->as.first; m; m = m->next) {
    ck_assert_uint_lt(s->count, CEL_MAX_NAMES);
    s->names[s->count] = mf_arena_copy(&c->arena, m->key.p, m->key.n);
    bool unset = m->kind == MF_JSON_MAP && mf_json_get(m, "$unset");
    s->slots[s->count++] = unset ? (mf_value){.kind = MF_UNSET} : mf_value_from_json(&c->arena, m);
  }
}

static void value_case(corpus *c, char *expr) {
  cel_subject s = {.expr = mf_str_of(expr)};
  char *bindings = next_line(c), *want = bindings ? next_line(c) : NULL;
  ck_assert_msg(want != NULL, "%s:%u: a case has three lines", c->path, c->line);
  add_bindings(c, &s, bindings);
  mf_buf got, again;
  mf_buf_init(&got, NULL, 0);
  mf_buf_init(&again, NULL, 0);
  run_as_written(&s, &got);
  run_unfolded(&c->arena, &s, &again);
  if (strcmp(got.p, want)) failed(c, "as written", expr, want, got.p);
  char message[1000];
  bool is_error = strncmp(got.p, "error: ", 7) == 0;
  if (!is_error && !is_accepted(&s, message, sizeof message))
    failed(c, "the checker refuses it, or promises another type", expr, got.p, message);
  if (strcmp(again.p, got.p)) failed(c, "with literals in variables", expr, got.p, again.p);
  put_line(c, expr);
  put_line(c, bindings);
  put_line(c, got.p);
  mf_buf_fini(&got);
  mf_buf_fini(&again);
}

static void add_names(corpus *c, cel_subject *s, const char *words) {
  char *copy = mf_arena_copy(&c->arena, words, strlen(words));
  for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) s->names[s->count++] = word;
}

static void fail_case(corpus *c, const char *head) {
  cel_subject s = {.count = 0};
  char *expr = next_line(c), *line;
  mf_buf want, got;
  ck_assert_msg(expr != NULL, "%s:%u: FAIL needs an expression", c->path, c->line);
  s.expr = mf_str_of(expr);
  add_names(c, &s, head + strlen("FAIL"));
  mf_buf_init(&want, NULL, 0);
  mf_buf_init(&got, NULL, 0);
  mf_buf_puts(&want, "");
  while ((line = next_line(c)) != NULL && *line)
    mf_buf_printf(&want, "%s%s", want.n ? "\n" : "", line);
  write_mistake(&s, &got);
  if (strcmp(want.n ? want.p : "", got.p)) failed(c, "message", expr, want.n ? want.p : "", got.p);
  put_line(c, head);
  put_line(c, expr);
  put_line(c, got.p);
  if (line) put_line(c, "");
  mf_buf_fini(&want);
  mf_buf_fini(&got);
}

static void read_cases(corpus *c) {
  for (char *line; (line = next_line(c)) != NULL;) {
    if (*line == '\0' || *line == '#') {
      put_line(c, line);
      continue;
    }
    mf_arena_init(&c->arena, NULL, 0);
    if (strncmp(line, "FAIL", 4) == 0)
      fail_case(c, line);
    else
      value_case(c, line);
    mf_arena_fini(&c->arena);
    c->cases++;
  }
}

static size_t run_file(const char *path, size_t *cases) {
  size_t n;
  char *text = corpus_read(path, &n);
  ck_assert_msg(text != NULL, "cannot read %s", path);
  corpus c = {.path = path, .at = text};
  mf_buf_init(&c.out, NULL, 0);
  read_cases(&c);
  if (getenv("MF_BLESS") && c.failures) corpus_write(path, c.out.p, c.out.n);
  mf_buf_fini(&c.out);
  free(text);
  *cases += c.cases;
  return c.failures;
}

START_TEST(expressions_come_to_what_their_files_say) {
  const char *const endings[] = {".txt", NULL};
  corpus_files files = corpus_list("cel", endings);
  size_t cases = 0, failures = 0;
  for (size_t i = 0; i < files.count; i++) failures += run_file(files.paths[i], &cases);
  printf("cel: %zu expectations in %zu files, %zu failed\n", cases, files.count, failures);
  fflush(stdout);
  corpus_free(&files);
  ck_assert_uint_gt(cases, 0);
  ck_assert_uint_eq(failures, 0);
}
END_TEST

Suite *cel_corpus_suite(void);
Suite *cel_corpus_suite(void) {
  Suite *suite = suite_create("cel_corpus");
  TCase *tc = tcase_create("files");
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, expressions_come_to_what_their_files_say);
  suite_add_tcase(suite, tc);
  return suite;
}
