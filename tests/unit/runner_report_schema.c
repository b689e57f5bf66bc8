/* SPDX-License-Identifier: MIT */
/* JSON reports against docs/report.schema.json, by as much of JSON Schema as that
 * file uses. */
#include "runner_report_kit.h"

Suite *runner_report_schema_suite(void);

static mf_arena arena;
static mf_json *schema;

static mf_json *parse(mf_str text) {
  const char *error = "";
  uint32_t offset = 0;
  mf_json *tree = mf_json_parse(&arena, text, &error, &offset);
  ck_assert_msg(tree != NULL, "byte %u: %s", offset, error);
  return tree;
}

static void open_schema(void) {
  size_t n;
  set_up();
  mf_arena_init(&arena, NULL, 0);
  char *text = slurp(MF_TESTS_DIR "/../docs/report.schema.json", &n);
  schema = parse((mf_str){text, n});
  free(text);
}

static void close_schema(void) {
  mf_arena_fini(&arena);
  tear_down();
}

static const char *kind_word(mf_json_kind kind) {
  switch (kind) {
    case MF_JSON_NULL: return "null";
    case MF_JSON_BOOL: return "boolean";
    case MF_JSON_INT:
    case MF_JSON_UINT: return "integer";
    case MF_JSON_DOUBLE: return "number";
    case MF_JSON_STRING: return "string";
    case MF_JSON_LIST: return "array";
    default: return "object";
  }
}

static bool word_fits(mf_str word, const char *kind) {
  return mf_str_is(word, kind) || (mf_str_is(word, "number") && strcmp(kind, "integer") == 0);
}

static bool type_fits(const mf_json *type, const char *kind) {
  if (type == NULL) return true;
  if (type->kind == MF_JSON_STRING) return word_fits(type->as.s, kind);
  for (const mf_json *t = type->as.first; t; t = t->next)
    if (word_fits(t->as.s, kind)) return true;
  return false;
}

static bool in_enum(const mf_json *list, mf_str word) {
  for (const mf_json *v = list ? list->as.first : NULL; v; v = v->next)
    if (mf_str_eq(v->as.s, word)) return true;
  return list == NULL;
}

static const mf_json *resolve(const mf_json *rule) {
  mf_str ref = mf_json_str(mf_json_get(rule, "$ref"), "");
  char name[32];
  if (ref.n == 0) return rule;
  ck_assert(mf_str_starts(ref, MF_STR("#/$defs/")));
  snprintf(name, sizeof name, "%.*s", (int)(ref.n - 8), ref.p + 8);
  const mf_json *found = mf_json_get(mf_json_get(schema, "$defs"), name);
  ck_assert_ptr_nonnull(found);
  return found;
}

static void validate(const mf_json *rule, const mf_json *value);

/* Keys stand in the order of the schema: it is part of the form. */
static void validate_keys(const mf_json *rule, const mf_json *map) {
  const mf_json *properties = mf_json_get(rule, "properties");
  if (properties == NULL) return;
  const mf_json *member = map->as.first;
  for (const mf_json *p = properties->as.first; p; p = p->next, member = member->next) {
    ck_assert_msg(member != NULL, "no '%.*s'", (int)p->key.n, p->key.p);
    ck_assert_msg(mf_str_eq(member->key, p->key), "'%.*s', not '%.*s'", (int)member->key.n,
                  member->key.p, (int)p->key.n, p->key.p);
    validate(p, member);
  }
  ck_assert_msg(member == NULL, "a key too many");
}

static void validate(const mf_json *rule, const mf_json *value) {
  rule = resolve(rule);
  ck_assert_msg(type_fits(mf_json_get(rule, "type"), kind_word(value->kind)), "'%.*s' is %s",
                (int)value->key.n, value->key.p, kind_word(value->kind));
  if (value->kind == MF_JSON_STRING) ck_assert(in_enum(mf_json_get(rule, "enum"), value->as.s));
  if (value->kind == MF_JSON_MAP) validate_keys(rule, value);
  const mf_json *items = mf_json_get(rule, "items");
  if (value->kind != MF_JSON_LIST || items == NULL) return;
  for (const mf_json *item = value->as.first; item; item = item->next) validate(items, item);
}

START_TEST(reports_follow_the_schema) {
  static const char *const names[] = {"pass", "fail", "watched", "loads"};
  feed_journal_lines(names[_i], UINT32_MAX);
  validate(schema, parse(mf_str_of(render("json"))));
}
END_TEST

/* At every line a run can be cut off. */
START_TEST(unfinished_reports_follow_it_too) {
  for (unsigned lines = 0; lines < 40; lines++) {
    tear_down();
    set_up();
    feed_journal_lines("fail", lines);
    validate(schema, parse(mf_str_of(render("json"))));
  }
}
END_TEST

/* Every key is required and described. */
static void check_described(const mf_json *rule) {
  ck_assert_msg(mf_json_get(rule, "$ref") || mf_json_get(rule, "description"),
                "'%.*s' has no description", (int)rule->key.n, rule->key.p);
  const mf_json *properties = mf_json_get(rule, "properties");
  if (properties == NULL) return;
  const mf_json *required = mf_json_get(rule, "required")->as.first;
  for (const mf_json *p = properties->as.first; p; p = p->next, required = required->next) {
    ck_assert_ptr_nonnull(required);
    ck_assert(mf_str_eq(required->as.s, p->key));
    check_described(p);
  }
  ck_assert_ptr_null(required);
}

START_TEST(the_schema_describes_every_key) {
  check_described(schema);
  for (const mf_json *d = mf_json_get(schema, "$defs")->as.first; d; d = d->next)
    check_described(d);
}
END_TEST

Suite *runner_report_schema_suite(void) {
  Suite *s = suite_create("runner_report_schema");
  TCase *c = tcase_create("schema");
  tcase_add_checked_fixture(c, open_schema, close_schema);
  tcase_add_loop_test(c, reports_follow_the_schema, 0, 4);
  tcase_add_test(c, unfinished_reports_follow_it_too);
  tcase_add_test(c, the_schema_describes_every_key);
  suite_add_tcase(s, c);
  return s;
}
