/* SPDX-License-Identifier: MIT */
/* cel_conformance - the conformance suite of CEL, read from
 * $MF_SHARED/conformance/cel/public.jsonl (its README has the encoding).
 *
 * tests/conformance/known_failures.txt lists what does not pass: a test that
 * fails and is not in it, or is in it and passes, fails the run.  MF_BLESS=1
 * writes the list anew; MF_CONFORMANCE=ID shows the tests whose id has ID in it. */
#include <math.h>

#include "../../compiler/program.h"
#include "../../vm/value.h"
#include "../../vm/evaluator.h"
#include "cel_types.h"
#include "corpus.h"

enum { MAX_FILES = 64, MAX_NAMES = 64 };

typedef struct tally {
  mf_str file;
  unsigned passed, all;
} tally;

typedef struct suite {
  mf_arena names; /* of files */
  tally files[MAX_FILES];
  unsigned count, passed, failed, unexpected;
  mf_buf failures; /* ids, as in the list */
  char *known;
} suite;

/* One test. */
typedef struct subject {
  mf_arena arena;
  const mf_json *test;
  mf_str expr;
  mf_schema_entry schema[MAX_NAMES];
  mf_value slots[MAX_NAMES];
  mf_declared_function functions[MAX_NAMES];
  size_t count, function_count;
  char code[16]; /* of the first error */
  mf_buf got;
} subject;

/* ---- values ---- */

static const mf_json *member(const mf_json *map, const char *key) {
  return map && map->kind == MF_JSON_MAP ? mf_json_get(map, key) : NULL;
}

static uint32_t json_count(const mf_json *list) {
  uint32_t n = 0;
  for (const mf_json *e = list->as.first; e; e = e->next) n++;
  return n;
}

static mf_value value_of(mf_arena *arena, const mf_json *json);

static mf_value list_value(mf_arena *arena, const mf_json *json) {
  mf_value *items = MF_NEW_ARRAY(arena, mf_value, json_count(json) + 1);
  uint32_t n = 0;
  for (const mf_json *e = json->as.first; e; e = e->next) items[n++] = value_of(arena, e);
  return mf_list_of(arena, items, n);
}

static mf_value map_value(mf_arena *arena, const mf_json *json) {
  mf_map_builder b;
  mf_map_build(&b, arena);
  for (const mf_json *e = json->as.first; e; e = e->next)
    mf_map_add_value(&b, value_of(arena, e->as.first), value_of(arena, e->as.first->next));
  return mf_map_done(&b);
}

static mf_value number_value(mf_str kind, mf_str text) {
  mf_value v = {.kind = MF_UNSET};
  bool ok = true;
  if (mf_str_is(kind, "int")) {
    v.kind = MF_INT;
    ok = mf_parse_int(text, &v.as.i);
  } else if (mf_str_is(kind, "uint")) {
    v.kind = MF_UINT;
    ok = mf_parse_uint(text, &v.as.u);
  } else if (mf_str_is(kind, "double")) {
    v.kind = MF_DOUBLE;
    ok = mf_parse_double(text, true, &v.as.d, NULL);
  } else if (mf_str_is(kind, "timestamp")) {
    v.kind = MF_TIMESTAMP;
    ok = mf_parse_timestamp(text, &v.as.i, &v.len);
  } else if (mf_str_is(kind, "duration")) {
    v.kind = MF_DURATION;
    ok = mf_parse_duration(text, &v.as.i);
  }
  if (!ok) v.kind = MF_UNSET;
  return v;
}

static mf_value value_of(mf_arena *arena, const mf_json *json) {
  const mf_json *part = json->as.first; /* {"int": "1"} */
  mf_str kind = part->key, text = part->kind == MF_JSON_STRING ? part->as.s : MF_STR("");
  text.p = mf_arena_copy(arena, text.p, text.n);
  if (mf_str_is(kind, "null")) return mf_null();
  if (mf_str_is(kind, "bool")) return mf_bool(part->as.b);
  if (mf_str_is(kind, "string")) return mf_string(text);
  if (mf_str_is(kind, "list")) return list_value(arena, part);
  if (mf_str_is(kind, "map")) return map_value(arena, part);
  if (mf_str_is(kind, "type"))
    return (mf_value){.kind = MF_TYPE, .len = (uint32_t)text.n, .as.s = text.p};
  if (mf_str_is(kind, "bytes")) {
    uint8_t *bytes = mf_arena_get(arena, text.n + 4);
    return mf_bytes((mf_str){(char *)bytes, mf_base64_decode(text, bytes)});
  }
  return number_value(kind, text);
}

static bool same(const mf_value *a, const mf_value *b);

static bool same_lists(const mf_value *a, const mf_value *b) {
  for (uint32_t i = 0; i < a->len; i++)
    if (!same(&a->as.list[i], &b->as.list[i])) return false;
  return true;
}

static const mf_value *entry_of(const mf_value *map, const mf_value *key) {
  for (uint32_t i = 0; i < map->len; i++)
    if (same(&map->as.map->pairs[i].key, key)) return &map->as.map->pairs[i].value;
  return NULL;
}

static bool same_maps(const mf_value *a, const mf_value *b) {
  for (uint32_t i = 0; i < a->len; i++) {
    const mf_value *other = entry_of(b, &a->as.map->pairs[i].key);
    if (other == NULL || !same(&a->as.map->pairs[i].value, other)) return false;
  }
  return true;
}

/* Kind and value; NaN is NaN, maps have no order. */
static bool same(const mf_value *a, const mf_value *b) {
  if (a->kind != b->kind) return false;
  switch (a->kind) {
    case MF_DOUBLE: return a->as.d == b->as.d || (isnan(a->as.d) && isnan(b->as.d));
    case MF_STRING:
    case MF_BYTES:
    case MF_TYPE: return mf_str_eq(mf_value_str(*a), mf_value_str(*b));
    case MF_LIST: return a->len == b->len && same_lists(a, b);
    case MF_MAP: return a->len == b->len && same_maps(a, b);
    case MF_TIMESTAMP: return a->as.i == b->as.i && a->len == b->len;
    case MF_NULL: return true;
    default: return a->as.u == b->as.u;
  }
}

static void write_value(mf_buf *out, const mf_value *v) {
  mf_json_writer w;
  mf_json_write_init(&w, out, 0);
  mf_value_write_json(&w, v);
}

/* ---- subjects ---- */

static size_t slot_named(const subject *s, const char *name) {
  size_t i = 0;
  while (i < s->count && strcmp(s->schema[i].name, name) != 0) i++;
  return i;
}

static size_t add_slot(subject *s, mf_str name, const char *type) {
  const char *copy = mf_arena_copy(&s->arena, name.p, name.n);
  size_t at = slot_named(s, copy);
  if (at < s->count) return at;
  ck_assert_uint_lt(s->count, MAX_NAMES);
  s->schema[s->count] = (mf_schema_entry){copy, type};
  s->slots[s->count] = (mf_value){.kind = MF_UNSET};
  return s->count++;
}

/* "name(params) -> result". */
static const char *signature(subject *s, mf_str name, const mf_json *overload) {
  const char *text = mf_arena_printf(&s->arena, "%.*s(", (int)name.n, name.p);
  for (const mf_json *p = mf_json_get(overload, "params")->as.first; p; p = p->next)
    text = mf_arena_printf(&s->arena, "%s%.*s%s", text, (int)p->as.s.n, p->as.s.p,
                           p->next ? ", " : "");
  mf_str result = mf_json_str(mf_json_get(overload, "result"), "dyn");
  return mf_arena_printf(&s->arena, "%s) -> %.*s", text, (int)result.n, result.p);
}

static void declare(subject *s, const mf_json *entry) {
  mf_str name = mf_json_str(mf_json_get(entry, "name"), "");
  const mf_json *function = mf_json_get(entry, "function");
  mf_str type = mf_json_str(mf_json_get(entry, "type"), "dyn");
  if (function == NULL) {
    add_slot(s, name, mf_arena_copy(&s->arena, type.p, type.n));
    return;
  }
  const char *copy = mf_arena_copy(&s->arena, name.p, name.n);
  for (const mf_json *o = function->as.first; o; o = o->next)
    s->functions[s->function_count++] = (mf_declared_function){copy, signature(s, name, o)};
}

static void prepare(subject *s) {
  const mf_json *types = member(s->test, "type_env"), *bindings = member(s->test, "bindings");
  s->expr = mf_json_str(mf_json_get(s->test, "expr"), "");
  for (const mf_json *e = types ? types->as.first : NULL; e; e = e->next) declare(s, e);
  for (const mf_json *b = bindings ? bindings->as.first : NULL; b; b = b->next)
    s->slots[add_slot(s, b->key, NULL)] = value_of(&s->arena, b);
}

static void note_error(void *ctx, const mf_diagnostic *d) {
  subject *s = ctx;
  if (d->severity != MF_SEVERITY_ERROR) return;
  if (s->code[0] == '\0') snprintf(s->code, sizeof s->code, "%s", d->code);
  mf_buf_printf(&s->got, "%s: %s; ", d->code, d->message);
}

static mf_program_options options_of(subject *s) {
  mf_str container = mf_json_str(mf_json_get(s->test, "container"), "");
  return (mf_program_options){
      .schema = s->schema,
      .count = s->count,
      .container = mf_arena_copy(&s->arena, container.p, container.n),
      .strict_cel = true,
      .unchecked = mf_json_bool(mf_json_get(s->test, "disable_check"), false),
      .report = note_error,
      .report_ctx = s};
}

/* ---- running ---- */

/* The checker may refuse what is expected to fail; the parser may not. */
static bool refused_ok(const subject *s) {
  bool parse_error = strncmp(s->code, "MF-E03", 6) == 0;
  return member(member(s->test, "expect"), "error") != NULL && s->code[0] && !parse_error;
}

static bool result_ok(subject *s, mf_status status, const mf_value *result) {
  const mf_json *expect = mf_json_get(s->test, "expect");
  const mf_json *typed = mf_json_get(expect, "typed_result");
  const mf_json *value = mf_json_get(typed ? typed : expect, "value");
  if (status != MF_OK) {
    mf_buf_printf(&s->got, "status %s", mf_status_name(status));
    return false;
  }
  write_value(&s->got, result);
  if (mf_json_get(expect, "error")) return result->kind == MF_ERROR;
  if (value == NULL) return typed != NULL || (result->kind == MF_BOOL && result->as.i);
  mf_value wanted = value_of(&s->arena, value);
  return same(result, &wanted);
}

/* The image's instructions come to the same as fast code. */
static bool generic_ok(subject *s, const mf_program *program, mf_evaluator *evaluator) {
  mf_value result = {.kind = MF_UNSET};
  mf_status status = mf_eval_generic(program, evaluator, s->slots, &result);
  mf_buf_clear(&s->got);
  mf_buf_puts(&s->got, "without fast code: ");
  return result_ok(s, status, &result);
}

/* What comes out is of the type that the checker said. */
static bool type_holds(subject *s, const mf_value *result) {
  mf_program_options options = options_of(s);
  char type[500];
  if (options.unchecked) return true;
  mf_status status = mf_program_check(&options, s->expr, type, sizeof type);
  bool ok = status == MF_OK && cel_has_type_text(result, mf_str_of(type));
  if (!ok) mf_buf_printf(&s->got, ", which is no %s", type);
  return ok;
}

static bool evaluate(subject *s) {
  mf_program_options options = options_of(s);
  mf_program *program;
  mf_evaluator *evaluator;
  mf_value result = {.kind = MF_UNSET};
  if (mf_program_compile_with(&options, s->expr, &program) != MF_OK) return refused_ok(s);
  ck_assert_int_eq(mf_evaluator_new(NULL, &evaluator), MF_OK);
  mf_evaluator_set_regex(evaluator, mf_regex_re2());
  mf_status status = mf_eval(program, evaluator, s->slots, &result);
  bool ok = result_ok(s, status, &result) && type_holds(s, &result);
  ok = ok && generic_ok(s, program, evaluator);
  mf_evaluator_free(evaluator);
  mf_program_free(program);
  return ok;
}

static bool type_ok(subject *s, mf_str wanted) {
  mf_program_options options = options_of(s);
  mf_buf type;
  mf_buf_init(&type, NULL, 0);
  mf_status status = mf_program_check_over(&options, s->functions, s->function_count, s->expr,
                                           &type);
  bool ok = status == MF_OK && mf_str_eq(mf_buf_str(&type), wanted);
  mf_buf_printf(&s->got, "type %.*s; ", (int)type.n, type.n ? type.p : "");
  mf_buf_fini(&type);
  return ok;
}

static bool passes(subject *s) {
  const mf_json *typed = member(member(s->test, "expect"), "typed_result");
  prepare(s);
  bool ok = typed == NULL || type_ok(s, mf_json_str(mf_json_get(typed, "type"), "dyn"));
  if (mf_json_bool(mf_json_get(s->test, "check_only"), false)) return ok;
  return evaluate(s) && ok;
}

/* ---- the suite ---- */

static tally *tally_of(suite *all, mf_str file) {
  for (unsigned i = 0; i < all->count; i++)
    if (mf_str_eq(all->files[i].file, file)) return &all->files[i];
  ck_assert_uint_lt(all->count, MAX_FILES);
  tally *t = &all->files[all->count++];
  t->file = (mf_str){mf_arena_copy(&all->names, file.p, file.n), file.n};
  return t;
}

/* Whether the list has the id, as a whole line. */
static bool is_known(const suite *all, mf_str id) {
  for (const char *line = all->known; line && *line;) {
    const char *end = strchr(line, '\n');
    size_t n = end ? (size_t)(end - line) : strlen(line);
    if (n == id.n && memcmp(line, id.p, n) == 0) return true;
    line = end ? end + 1 : NULL;
  }
  return false;
}

static void show(const suite *all, subject *s, mf_str line, bool ok, bool known) {
  const char *only = getenv("MF_CONFORMANCE");
  mf_str id = mf_json_str(mf_json_get(s->test, "id"), "");
  bool asked = only && mf_str_find(id, mf_str_of(only), 0) != SIZE_MAX;
  if (!asked && ok != known) return;
  (void)all;
  const mf_json *expect = mf_json_get(s->test, "expect");
  printf("%s %.*s\n  %.*s\n  expected: %.*s\n  got:      %.*s\n",
         ok      ? (known ? "PASSES, BUT IS LISTED" : "passed")
         : known ? "known"
                 : "FAILED",
         (int)id.n, id.p, (int)s->expr.n, s->expr.p, (int)expect->span.length,
         line.p + expect->span.offset, (int)s->got.n, s->got.n ? s->got.p : "");
}

static void run_test(suite *all, mf_str line) {
  subject s = {.count = 0};
  const char *error = "";
  uint32_t offset;
  mf_arena_init(&s.arena, NULL, 0);
  mf_buf_init(&s.got, NULL, 0);
  s.test = mf_json_parse(&s.arena, line, &error, &offset);
  ck_assert_msg(s.test != NULL, "malformed line: %s", error);
  mf_str id = mf_json_str(mf_json_get(s.test, "id"), "");
  bool ok = passes(&s), known = is_known(all, id);
  tally *t = tally_of(all, mf_json_str(mf_json_get(s.test, "file"), "?"));
  t->all++;
  t->passed += ok;
  all->passed += ok;
  all->failed += !ok;
  all->unexpected += ok == known;
  if (!ok) mf_buf_printf(&all->failures, "%.*s\n", (int)id.n, id.p);
  show(all, &s, line, ok, known);
  mf_buf_fini(&s.got);
  mf_arena_fini(&s.arena);
}

static void print_table(const suite *all) {
  printf("conformance  passed failed    all\n");
  for (unsigned i = 0; i < all->count; i++) {
    const tally *t = &all->files[i];
    printf("%-14.*s %4u %6u %6u\n", (int)t->file.n, t->file.p, t->passed, t->all - t->passed,
           t->all);
  }
}

static void run_all(suite *all, const char *text) {
  while (*text) {
    const char *end = strchr(text, '\n');
    size_t n = end ? (size_t)(end - text) : strlen(text);
    if (n) run_test(all, (mf_str){text, n});
    text += n + (end ? 1 : 0);
  }
}

#define KNOWN MF_TESTS_DIR "/conformance/known_failures.txt"

static void run_file(char *text) {
  suite all = {.count = 0};
  size_t n;
  mf_arena_init(&all.names, NULL, 0);
  mf_buf_init(&all.failures, NULL, 0);
  all.known = corpus_read(KNOWN, &n);
  run_all(&all, text);
  print_table(&all);
  printf("conformance: %u passed, %u failed\n", all.passed, all.failed);
  fflush(stdout);
  if (getenv("MF_BLESS")) corpus_write(KNOWN, all.failures.n ? all.failures.p : "", all.failures.n);
  unsigned unexpected = getenv("MF_BLESS") ? 0 : all.unexpected;
  mf_buf_fini(&all.failures);
  mf_arena_fini(&all.names);
  free(all.known);
  ck_assert_msg(unexpected == 0, "%u tests are not as %s says", unexpected, KNOWN);
}

START_TEST(expressions_mean_what_the_suite_says) {
  const char *shared = getenv("MF_SHARED");
  char path[1024];
  size_t n;
  snprintf(path, sizeof path, "%s/conformance/cel/public.jsonl", shared ? shared : "../shared");
  char *text = corpus_read(path, &n);
  if (text == NULL) {
    printf("conformance: skipped (no %s)\n", path);
    return;
  }
  run_file(text);
  free(text);
}
END_TEST

Suite *cel_conformance_suite(void);
Suite *cel_conformance_suite(void) {
  Suite *s = suite_create("cel_conformance");
  TCase *t = tcase_create("suite");
  tcase_set_timeout(t, 120);
  tcase_add_test(t, expressions_mean_what_the_suite_says);
  suite_add_tcase(s, t);
  return s;
}
