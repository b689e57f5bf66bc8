/* SPDX-License-Identifier: MIT */
/* One document in all the ways in which it may be written: whatever they look like, they
 * come to the same image, line map and digest apart. */
#include "../../base/json.h"
#include "../../compiler/keys.h"
#include "meaning.h"

/* How a tree is written as JSON. */
typedef struct style {
  bool camel;            /* every key in camelCase */
  bool nulls;            /* every key that a mapping may have and has not, as null */
  bool in_base;          /* the keys of a step below `base` */
  bool variables_listed; /* [{name, value}] */
  mf_key renamed;        /* this key is written as `name` */
  const char *name;
  mf_key twice; /* this key has its camelCase form beside it */
} style;

static const char *const spellings[] = {
    "",
#define MF_KEY(NAME, spelling, ...) spelling,
#include "../../grammar/keys.def"
#undef MF_KEY
};
static const char *const aliases[] = {
    "",
#define MF_KEY(NAME, spelling, others, ...) others,
#include "../../grammar/keys.def"
#undef MF_KEY
};

static mf_arena arena;
static mf_node *everything;
static char *meaning;

static const char *camel_case(const char *snake) {
  static char out[64];
  size_t n = 0;
  for (; *snake; snake++) {
    bool raise = *snake == '_' && snake[1] >= 'a' && snake[1] <= 'z';
    out[n++] = raise ? (char)(*++snake - 'a' + 'A') : *snake;
  }
  out[n] = 0;
  return out;
}

/* ---- writing ---- */

static void write_node(mf_json_writer *w, const mf_node *node, const style *how);

static void write_key(mf_json_writer *w, mf_key key, const style *how) {
  const char *name = how->renamed == key && how->name ? how->name : spellings[key];
  mf_json_key(w, how->camel ? camel_case(name) : name);
}

static void write_list_of_variables(mf_json_writer *w, const mf_node *map, const style *how) {
  mf_json_open_list(w);
  for (const mf_member *m = map->as.members; m; m = m->next) {
    mf_json_open_map(w);
    mf_json_key(w, "name");
    mf_json_put_str(w, m->name);
    mf_json_key(w, "value");
    write_node(w, m->value, how);
    mf_json_close_map(w);
  }
  mf_json_close_list(w);
}

static void write_member(mf_json_writer *w, const mf_member *m, const style *how) {
  if (m->key == MF_KEY_NONE) {
    mf_json_key_str(w, m->name);
    write_node(w, m->value, how);
    return;
  }
  write_key(w, m->key, how);
  if (m->key == MF_KEY_VARIABLES && how->variables_listed)
    write_list_of_variables(w, m->value, how);
  else
    write_node(w, m->value, how);
  if (m->key != how->twice) return;
  mf_json_key(w, camel_case(spellings[m->key]));
  mf_json_null(w);
}

static void write_nulls(mf_json_writer *w, const mf_node *map, const style *how) {
  for (int k = 1; k < MF_KEY_COUNT; k++) {
    mf_need need = mf_key_need((mf_tag)map->tag, (mf_key)k);
    if ((need != MF_NEED_OPTIONAL && need != MF_NEED_LATER) || mf_node_member(map, (mf_key)k))
      continue;
    if (k == MF_KEY_BASE && how->in_base) continue;
    write_key(w, (mf_key)k, how);
    mf_json_null(w);
  }
}

static void write_map(mf_json_writer *w, const mf_node *map, const style *how) {
  mf_family family = mf_tag_family((mf_tag)map->tag);
  bool typed = family == MF_FAMILY_ACTION || family == MF_FAMILY_CONDITION ||
               family == MF_FAMILY_ASSERTION;
  bool nested = how->in_base && map->tag == MF_TAG_STEP && !mf_node_get(map, MF_KEY_BASE);
  mf_json_open_map(w);
  if (nested) mf_json_key(w, "base"), mf_json_open_map(w);
  for (const mf_member *m = map->as.members; m; m = m->next) write_member(w, m, how);
  /* `type` became the tag; it may stand anywhere, so here it comes last. */
  if (typed) mf_json_key(w, "type"), mf_json_put_str(w, mf_str_of(mf_tag_word((mf_tag)map->tag)));
  if (nested) mf_json_close_map(w);
  if (how->nulls && map->tag != MF_TAG_FREE) write_nulls(w, map, how);
  mf_json_close_map(w);
}

static void write_node(mf_json_writer *w, const mf_node *node, const style *how) {
  switch ((mf_shape)node->shape) {
    case MF_SHAPE_NULL: mf_json_null(w); break;
    case MF_SHAPE_BOOL: mf_json_put_bool(w, node->as.b); break;
    case MF_SHAPE_INT: mf_json_put_int(w, node->as.i); break;
    case MF_SHAPE_UINT: mf_json_put_uint(w, node->as.u); break;
    case MF_SHAPE_DOUBLE: mf_json_put_double(w, node->as.d); break;
    case MF_SHAPE_TEXT: mf_json_put_str(w, mf_node_text(node)); break;
    case MF_SHAPE_LIST:
      mf_json_open_list(w);
      for (const mf_node *item = node->as.first; item; item = item->next) write_node(w, item, how);
      mf_json_close_list(w);
      break;
    case MF_SHAPE_MAP: write_map(w, node, how); break;
    case MF_SHAPE_BAD: ck_abort_msg("the document is broken");
  }
}

/* The document in a style, between two texts. */
static mf_str written(const char *before, const style *how, const char *after) {
  static mf_buf buf;
  mf_json_writer w;
  mf_buf_fini(&buf);
  mf_buf_init(&buf, NULL, 0);
  mf_buf_puts(&buf, before);
  mf_json_write_init(&w, &buf, 0);
  write_node(&w, everything, how);
  mf_buf_puts(&buf, after);
  return mf_buf_str(&buf);
}

static void same(const char *what, mf_str text) {
  char *other = meaning_of(what, text);
  meaning_same(what, meaning, other);
  free(other);
}
static void same_style(const char *what, const style *how) { same(what, written("", how, "")); }

/* ---- the document ---- */

static void read_everything(void) {
  size_t n;
  char *text = corpus_read(MF_TESTS_DIR "/mutations/everything.yaml", &n);
  ck_assert_ptr_nonnull(text);
  meaning = meaning_of("everything.yaml", (mf_str){text, n});
  mf_arena_init(&arena, NULL, 0);
  mf_diags *diags = MF_NEW(&arena, mf_diags);
  mf_diags_init(diags, &arena);
  mf_parse_context context = {.arena = &arena, .diags = diags, .source = {text, n}};
  everything = mf_document_parse(&context);
  ck_assert_uint_eq(diags->count, 0);
}

static bool uses(const mf_node *node, mf_key key) {
  if (node->shape == MF_SHAPE_MAP)
    for (const mf_member *m = node->as.members; m; m = m->next)
      if (m->key == key || uses(m->value, key)) return true;
  if (node->shape == MF_SHAPE_LIST)
    for (const mf_node *item = node->as.first; item; item = item->next)
      if (uses(item, key)) return true;
  return false;
}

/* ---- tests ---- */

START_TEST(as_json) { same_style("JSON", &(style){0}); }
END_TEST

START_TEST(as_flow_yaml_with_anchors_and_merges) {
  same("an anchor", written("x-all: &all ", &(style){0}, "\n<<: *all\n"));
  same("a merged list",
       written("x-a: &a {name: other}\nx-all: &all ", &(style){0}, "\n<<: [*all, *a]\n"));
}
END_TEST

START_TEST(in_camel_case) { same_style("camelCase", &(style){.camel = true}); }
END_TEST

START_TEST(by_every_alias) {
  int tried = 0;
  for (int k = 1; k < MF_KEY_COUNT; k++) {
    char names[128];
    snprintf(names, sizeof names, "%s", aliases[k]);
    for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
      bool decides = !strcmp(name, "if"); /* makes a step a conditional */
      if (!uses(everything, (mf_key)k) || decides) continue;
      same_style(name, &(style){.renamed = (mf_key)k, .name = name});
      tried++;
    }
  }
  ck_assert_int_gt(tried, 8);
}
END_TEST

START_TEST(with_every_other_key_null) {
  same_style("nulls", &(style){.nulls = true});
  same_style("nulls in camelCase", &(style){.nulls = true, .camel = true});
}
END_TEST

START_TEST(with_steps_below_base) { same_style("base", &(style){.in_base = true}); }
END_TEST
START_TEST(with_steps_below_base_and_nulls) {
  same_style("base, nulls beside it", &(style){.in_base = true, .nulls = true});
}
END_TEST

START_TEST(with_variables_as_lists) {
  same_style("lists of variables", &(style){.variables_listed = true});
}
END_TEST

START_TEST(in_wrappers) {
  same("orchestration:", written("{\"orchestration\": ", &(style){0}, "}"));
  same("a manifest", written("{\"apiVersion\": \"shop.example/v1\", \"kind\": "
                             "\"ChaosOrchestration\", \"metadata\": {\"name\": \"other\", "
                             "\"labels\": {\"a\": \"b\"}}, \"spec\": ",
                             &(style){.camel = true}, "}"));
  same("a manifest in snake_case", written("{\"kind\": \"ChaosOrchestration\", \"metadata\": null, "
                                           "\"api_version\": \"v1\", \"spec\": ",
                                           &(style){0}, "}"));
}
END_TEST

/* "Both compile to the same code": a condition as a mapping, and as an expression. */
START_TEST(conditions_as_mappings_and_as_expressions) {
  static const struct {
    const char *mapping, *expression;
  } rows[] = {
      {"{type: equals, variable: v, value: [1, x]}", "'v == [1, \"x\"]'"},
      {"{type: not_equals, variable: v, value: null}", "v != null"},
      {"{type: greater_than, variable: v, value: 5}", "v > 5"},
      {"{type: less_than, variable: v, value: 5.0}", "v < 5.0"},
      {"{type: greater_than_or_equal, variable: v.a, value: \"${w + 1}\"}", "v.a >= w + 1"},
      {"{value: 5, variable: error_rate, type: less_than_or_equal}", "error_rate <= 5"},
      {"{type: exists, variable: v}", "has(variables.v)"},
      {"{type: exists, variable: v.a}", "has(variables.v) && has(v.a)"},
      {"{type: and, conditions: [v > 1, v < 9]}", "v > 1 && v < 9"},
      {"{type: and, conditions: []}", "'true'"},
      {"{type: or, conditions: []}", "'false'"},
      {"{type: or, conditions: [v > 1, {type: previous_step_failed}]}",
       "v > 1 || previous_step_failed"},
      {"{type: not, condition: v == 1}", "'!(v == 1)'"},
      {"{type: previous_step_succeeded}", "\"${previous_step_succeeded}\""},
      {"{type: metric_threshold, metric_name: error_rate, operator: lt, threshold: 0.1}",
       "\"{{metrics.error_rate < 0.1}}\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char a[512], b[512];
    static const char form[] =
        "variables: {v: 5, w: 1}\nsteps: [{name: load, scenario: "
        "baseline}, {name: s, condition: %s}]\n";
    snprintf(a, sizeof a, form, rows[i].mapping);
    snprintf(b, sizeof b, form, rows[i].expression);
    char *of_mapping = meaning_of(rows[i].mapping, mf_str_of(a));
    char *of_expression = meaning_of(rows[i].expression, mf_str_of(b));
    meaning_same(rows[i].mapping, of_expression, of_mapping);
    free(of_mapping), free(of_expression);
  }
}
END_TEST

/* Also when one of the two is null: which is meant would be a guess. */
START_TEST(two_spellings_are_one_key_given_twice) {
  int tried = 0;
  for (int k = 1; k < MF_KEY_COUNT; k++) {
    if (!strchr(spellings[k], '_') || !uses(everything, (mf_key)k)) continue;
    mf_compilation *comp = NULL;
    mf_str text = written("", &(style){.twice = (mf_key)k}, "");
    ck_assert_int_eq(meaning_compile("document.json", text, &comp), MF_DOCUMENT_INVALID);
    size_t errors = 0;
    for (size_t i = 0; i < mf_compilation_diagnostic_count(comp); i++) {
      mf_diagnostic d = mf_compilation_diagnostic(comp, i);
      if (d.severity != MF_SEVERITY_ERROR) continue;
      ck_assert_msg(!strcmp(d.code, "MF-E0122"), "%s: %s %s", spellings[k], d.code, d.message);
      errors++;
    }
    ck_assert_uint_gt(errors, 0);
    mf_compilation_free(comp);
    tried++;
  }
  ck_assert_int_gt(tried, 50);
}
END_TEST

/* What is new in the language has to be in the document, too. */
START_TEST(the_document_uses_every_key) {
  static const struct {
    mf_key key;
    const char *why;
  } elsewhere[] = {{MF_KEY_API_VERSION, "of a manifest"},   {MF_KEY_METADATA, "of a manifest"},
                   {MF_KEY_SPEC, "of a manifest"},          {MF_KEY_ORCHESTRATION, "a wrapper"},
                   {MF_KEY_RUN, "needs a second document"}, {MF_KEY_TYPE, "became a tag"}};
  for (int k = 1; k < MF_KEY_COUNT; k++) {
    bool ready = false, known = uses(everything, (mf_key)k);
    for (int tag = 0; tag < MF_TAG_COUNT; tag++) {
      mf_need need = mf_key_need((mf_tag)tag, (mf_key)k);
      ready |= need == MF_NEED_OPTIONAL || need == MF_NEED_REQUIRED;
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
      known |= elsewhere[i].key == (mf_key)k;
    if (ready && !known)
      fprintf(stderr, "tests/mutations/everything.yaml has no '%s'\n", spellings[k]);
    ck_assert(!ready || known);
  }
}
END_TEST

Suite *dialects_suite(void) {
  Suite *s = suite_create("dialects");
  TCase *t = tcase_create("one document");
  tcase_set_timeout(t, 120);
  tcase_add_unchecked_fixture(t, read_everything, NULL);
  tcase_add_test(t, as_json);
  tcase_add_test(t, as_flow_yaml_with_anchors_and_merges);
  tcase_add_test(t, in_camel_case);
  tcase_add_test(t, by_every_alias);
  tcase_add_test(t, with_every_other_key_null);
  tcase_add_test(t, with_steps_below_base);
  tcase_add_test(t, with_steps_below_base_and_nulls);
  tcase_add_test(t, with_variables_as_lists);
  tcase_add_test(t, in_wrappers);
  tcase_add_test(t, conditions_as_mappings_and_as_expressions);
  tcase_add_test(t, two_spellings_are_one_key_given_twice);
  tcase_add_test(t, the_document_uses_every_key);
  suite_add_tcase(s, t);
  return s;
}
