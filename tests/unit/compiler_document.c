/* SPDX-License-Identifier: MIT */
/* Documents to trees, and broken documents to diagnostics: one for each mistake. */
#include "../../compiler/keys.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- running one document ---- */

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

static mf_node *parse_str(mf_str source, mf_syntax syntax, bool lenient) {
  mf_parse_context context = {
      .arena = &arena, .diags = &diags, .source = source, .syntax = syntax, .lenient = lenient};
  mf_node *root = mf_document_parse(&context);
  ck_assert_ptr_nonnull(root);
  return root;
}

/* "line:column code" of every diagnostic, one a line, by place. */
static void write_diags(mf_str source) {
  mf_lines lines;
  char code[16];
  ck_assert(mf_lines_init(&lines, &arena, source));
  mf_diags_sort(&diags);
  for (uint32_t i = 0; i < diags.count; i++) {
    uint32_t line, column;
    mf_lines_find(&lines, diags.items[i].span.offset, &line, &column);
    mf_code_text(diags.items[i].code, code);
    mf_buf_printf(&out, "%u:%u %s\n", line, column, code);
  }
}

/* What a document comes to: its tree, or its diagnostics. */
static const char *result(const char *text, mf_syntax syntax, bool lenient) {
  set_up();
  mf_str source = mf_str_of(text);
  mf_node *root = parse_str(source, syntax, lenient);
  if (diags.count)
    write_diags(source);
  else
    mf_document_dump(&out, root);
  char *copy = strdup(out.p ? out.p : "");
  tear_down();
  return copy;
}

static void check(const char *text, mf_syntax syntax, const char *expected) {
  const char *got = result(text, syntax, false);
  ck_assert_msg(strcmp(got, expected) == 0, "\n--- document\n%s\n--- expected\n%s--- got\n%s", text,
                expected, got);
  free((void *)(uintptr_t)got);
}

typedef struct doc_case {
  const char *text, *expected;
} doc_case;
static void check_all(const doc_case *cases, size_t n) {
  for (size_t i = 0; i < n; i++) check(cases[i].text, MF_SYNTAX_AUTO, cases[i].expected);
}
#define CHECK_ALL(cases) check_all(cases, sizeof cases / sizeof cases[0])

/* The message and hint of the only diagnostic. */
static void check_message(const char *text, const char *message, const char *hint) {
  set_up();
  parse_str(mf_str_of(text), MF_SYNTAX_AUTO, false);
  ck_assert_msg(diags.count == 1, "%u diagnostics for\n%s", diags.count, text);
  ck_assert_str_eq(diags.items[0].message, message);
  ck_assert_str_eq(diags.items[0].suggestion ? diags.items[0].suggestion : "", hint);
  tear_down();
}

/* ---- trees ---- */

START_TEST(keys_have_canonical_names_and_mappings_have_tags) {
  static const doc_case cases[] = {
      {"name: x\nsteps:\n  - {name: a, thenSteps: [{wait: 5s}], if: a > 1}\n",
       "document\n  name: \"x\"\n  steps:\n    - conditional\n      name: \"a\"\n"
       "      then_steps:\n        - wait\n          wait: \"5s\"\n      condition: \"a > 1\"\n"},
      {"steps: [{message: hi, type: log}]",
       "document\n  steps:\n    - log\n      message: \"hi\"\n"},
      {"conditional_steps: [{condition: {conditions: [], type: or}, then: []}]",
       "document\n  conditional_steps:\n    - conditional\n      condition: or\n"
       "        conditions: []\n      then_steps: []\n"},
      {"assertions: [a > 1, {metric: m, operator: gt, value: 5}]",
       "document\n  assertions:\n    - \"a > 1\"\n    - assert_metric\n      metric: \"m\"\n"
       "      operator: \"gt\"\n      value: 5\n"},
      {"steps:\n  - duration_seconds: 5\n    scenario: {chaosConfig: {latency: 100ms}}\n",
       "document\n  steps:\n    - step\n      duration: 5\n      scenario: scenario\n"
       "        config: config\n          latency: \"100ms\"\n"},
  };
  CHECK_ALL(cases);
}
END_TEST

START_TEST(free_json_means_nothing) {
  static const doc_case cases[] = {
      {"variables: {steps: {type: log, then: 1}, maxLatency: 1, max_latency: 2}",
       "document\n  variables:\n    \"steps\":\n      \"type\": \"log\"\n      \"then\": 1\n"
       "    \"maxLatency\": 1\n    \"max_latency\": 2\n"},
      {"variables: {timeout: 1, timeout_seconds: 2, l: [{wait: 1}, []], e: {}}",
       "document\n  variables:\n    \"timeout\": 1\n    \"timeout_seconds\": 2\n    \"l\":\n"
       "      -\n        \"wait\": 1\n      - []\n    \"e\": {}\n"},
      {"x-anything: {steps: 5}\nvariables: [{name: a, value: 1}, {name: b}]",
       "document\n  variables:\n    - variable_item\n      name: \"a\"\n      value: 1\n"
       "    - variable_item\n      name: \"b\"\n"},
  };
  CHECK_ALL(cases);
}
END_TEST

START_TEST(scalars_follow_the_core_schema) {
  static const doc_case cases[] = {
      {"variables: [{name: a, value: no}]",
       "document\n  variables:\n    - variable_item\n      name: \"a\"\n      value: \"no\"\n"},
      {"variables:\n  a: 010\n  b: 0o17\n  c: 0xFF\n  d: +5\n  e: 5.0\n  f: .5\n  g: 1e3\n"
       "  h: -.inf\n  i: ~\n  j:\n  k: True\n  l: 'true'\n  m: 1_000\n  n: 0x\n  o: '-'\n"
       "  p: 18446744073709551615\n  q: -9223372036854775808\n  r: !!str 5\n  s: !!float 5\n"
       "  t: ! 5\n  u: 1:30\n  v: .\n  w: 1.\n",
       "document\n  variables:\n    \"a\": 10\n    \"b\": 15\n    \"c\": 255\n    \"d\": 5\n"
       "    \"e\": 5.0\n    \"f\": 0.5\n    \"g\": 1000.0\n    \"h\": -Infinity\n    \"i\": null\n"
       "    \"j\": null\n    \"k\": true\n    \"l\": \"true\"\n    \"m\": \"1_000\"\n"
       "    \"n\": \"0x\"\n    \"o\": \"-\"\n    \"p\": 18446744073709551615\n"
       "    \"q\": -9223372036854775808\n    \"r\": \"5\"\n    \"s\": 5.0\n    \"t\": \"5\"\n"
       "    \"u\": \"1:30\"\n    \"v\": \".\"\n    \"w\": 1.0\n"},
      {"{\"variables\": {\"a\": 5, \"b\": 5.0, \"c\": \"\\u00e9\", \"d\": null}}",
       "document\n  variables:\n    \"a\": 5\n    \"b\": 5.0\n    \"c\": \"\xC3\xA9\"\n"
       "    \"d\": null\n"},
  };
  CHECK_ALL(cases);
}
END_TEST

START_TEST(interpolations_stand_for_numbers_and_booleans) {
  static const doc_case cases[] = {
      {"steps: [{wait: \"${d}\", optional: '{{b}}'}]",
       "document\n  steps:\n    - wait\n      wait: \"${d}\"\n      optional: \"{{b}}\"\n"},
      {"steps: [{type: record_metric, name: m, value: \"{{duration}}\"}]",
       "document\n  steps:\n    - record_metric\n"
       "      name: \"m\"\n      value: \"{{duration}}\"\n"},
      {"steps: [{wait: \"a ${d}\"}]", "1:16 MF-E0126\n"},
  };
  CHECK_ALL(cases);
}
END_TEST

START_TEST(aliases_and_merges_are_expanded) {
  static const doc_case cases[] = {
      {"x-a: &a {type: log, message: m}\nsteps: [*a, {<<: *a, message: own, name: n}]",
       "document\n  steps:\n    - log\n      message: \"m\"\n    - log\n"
       "      message: \"own\"\n      name: \"n\"\n"},
      {"variables:\n  a: &a [1, &b 2]\n  c: *a\n  d: *b\n",
       "document\n  variables:\n    \"a\":\n      - 1\n      - 2\n    \"c\":\n      - 1\n      - "
       "2\n"
       "    \"d\": 2\n"},
      {"variables:\n  a: {<<: [{x: 1, y: 1}, {y: 2, z: 2}], w: 0}\n",
       "document\n  variables:\n    \"a\":\n      \"w\": 0\n      \"x\": 1\n      \"y\": 1\n"
       "      \"z\": 2\n"},
      {"variables:\n  a: &a {<<: {x: 1, <<: {y: 2}}, &k k: 3}\n  b: {<<: *a, *k : 4}\n  c: *a\n",
       "document\n  variables:\n    \"a\":\n      \"k\": 3\n      \"x\": 1\n      \"y\": 2\n"
       "    \"b\":\n      \"k\": 4\n      \"x\": 1\n      \"y\": 2\n    \"c\":\n      \"k\": 3\n"
       "      \"x\": 1\n      \"y\": 2\n"},
      {"variables: {a: {<<: , b: 1}, c: {\"<<\": 2}}",
       "document\n  variables:\n    \"a\":\n      \"b\": 1\n    \"c\":\n      \"<<\": 2\n"},
      {"x-a: &a {thenSteps: []}\nsteps: [{<<: *a, then_steps: [{wait: 1}], if: c}]",
       "document\n  steps:\n    - conditional\n      then_steps:\n        - wait\n          wait: "
       "1\n"
       "      condition: \"c\"\n"},
  };
  CHECK_ALL(cases);
}
END_TEST

START_TEST(wrappers_are_taken_off) {
  static const doc_case cases[] = {
      {"orchestration: {name: x}", "document\n  name: \"x\"\n"},
      {"kind: ChaosOrchestration\napiVersion: v1\nmetadata: {name: m, labels: {a: b}}\n"
       "spec: {steps: []}\n",
       "document\n  name: \"m\"\n  steps: []\n"},
      {"kind: ChaosOrchestration\napiVersion: v1\nmetadata: {name: m}\nspec: {name: own}\n",
       "document\n  name: \"own\"\n"},
      {"apiVersion: v1\nkind: ChaosScenario\nspec: {}\n", "2:7 MF-E0131\n"},
      {"apiVersion: v1\nkind: ChaosOrchestration\n", "1:1 MF-E0124\n"},
      {"orchestration: 5", "1:16 MF-E0126\n"},
      {"name: x\norchestration: {}", "2:1 MF-E0123\n"},
  };
  CHECK_ALL(cases);
}
END_TEST

START_TEST(written_out_defaults_are_accepted) {
  check(
      "parallel: false\nloop_orchestration: false\nmax_iterations: 1\ntags: []\n"
      "description: null\nrollbacks: []\nlimits: {}\nsteps:\n  - name: a\n    retry: null\n"
      "    timeout_seconds: null\n    continue_on_failure: false\n    condition: null\n",
      MF_SYNTAX_AUTO,
      "document\n  parallel: false\n  loop_orchestration: false\n  max_iterations: 1\n  tags: []\n"
      "  description: null\n  rollbacks: []\n  limits: limits\n  steps:\n    - step\n      name: "
      "\"a\"\n"
      "      retry: null\n      timeout: null\n      continue_on_failure: false\n"
      "      condition: null\n");
  check("proxies: { rate: 1 }\nlimits: {max_faults: 1}\nretry: 1", MF_SYNTAX_AUTO,
        "1:1 MF-E0125\n2:10 MF-E0125\n3:1 MF-E0123\n");
}
END_TEST

/* ---- mistakes of the grammar ---- */

START_TEST(each_mistake_is_told_once) {
  static const doc_case cases[] = {
      /* Shapes: the rest of a wrong value is skipped, what follows is read. */
      {"name: {a: {b: [1]}}\ntags: x\nsteps:\n  - duration: [1, {a: 2}]\n    optional: yes\n",
       "1:7 MF-E0126\n2:7 MF-E0126\n4:15 MF-E0126\n5:15 MF-E0126\n"},
      {"tags: [a, [b], {c: d}, 5, e]", "1:11 MF-E0127\n1:16 MF-E0127\n1:24 MF-E0127\n"},
      {"steps: [5, {name: a}, [x], , {name: b}]", "1:9 MF-E0127\n1:23 MF-E0127\n1:28 MF-E0104\n"},
      {"steps:\n  - 5\n  - {name: a}\n  - [x]\n  - \n  - x\n",
       "2:5 MF-E0127\n4:5 MF-E0127\n5:4 MF-E0127\n6:5 MF-E0127\n"},
      {"hooks: {a: 1}\nassertions: 5\nreport_path: [a, 5]\nvariables: x\ntarget: []\n",
       "1:8 MF-E0126\n2:13 MF-E0126\n3:18 MF-E0127\n4:12 MF-E0126\n5:9 MF-E0126\n"},
      {"steps:\n  - condition: [a]\n  - condition: 5\n  - condition: true\n  - name: 5\n",
       "2:16 MF-E0126\n3:16 MF-E0126\n5:11 MF-E0126\n"},
      /* Unknown and misplaced keys. */
      {"nmae: x\nfoo: 1\nthen: 2\nX-y: 3\n", "1:1 MF-E0123\n2:1 MF-E0123\n3:1 MF-E0123\n"},
      {"steps: [{then: [], if: a, scenario: x, type: log}]", "1:27 MF-E0123\n"},
      {"steps: [{wait: 1, scenario: x}]", "1:19 MF-E0123\n"},
      /* Below a mistyped key everything is checked as well. */
      {"stpes:\n  - nmae: a\n    pre_hoks: [{actions: [{tpye: log, message: 5}]}]\n",
       "1:1 MF-E0123\n2:5 MF-E0123\n3:5 MF-E0123\n3:28 MF-E0123\n3:48 MF-E0126\n"},
      {"steps: [{condition: {type: metric_treshold, threshold: a}}]",
       "1:22 MF-E0124\n1:28 MF-E0128\n1:56 MF-E0126\n"},
      {"steps: [{tpye: log, mesage: x}]", "1:10 MF-E0123\n1:21 MF-E0123\n"},
      /* Missing ones. */
      {"steps: [{type: http_request}, {type: log, message: null}]",
       "1:10 MF-E0124\n1:32 MF-E0124\n"},
      {"steps: [{type: set_variable, name: a, value: null}]",
       "document\n  steps:\n    - set_variable\n      name: \"a\"\n"
       "      value: null\n"},
      {"steps: [{type: log, msg: x}]", "1:21 MF-E0123\n"},
      /* Types. */
      {"hooks: [{actions: [{url: x}, {type: and}, {type: 5}, {type: log, message: a, wait: 1}]}]",
       "1:21 MF-E0129\n1:37 MF-E0128\n1:50 MF-E0126\n1:78 MF-E0130\n"},
      {"assertions: [{type: log}, {type: metric_in_rang, metric: a}]",
       "1:21 MF-E0128\n1:34 MF-E0128\n"},
      {"steps: [{type: chaos_mesh, name: a}]", "1:16 MF-E0128\n"},
      /* Twice. */
      {"name: a\nname: b\nsteps: [{duration: 1, duration_seconds: 2, preHooks: [], pre_hooks: []}]",
       "2:1 MF-E0121\n3:23 MF-E0122\n3:58 MF-E0122\n"},
      {"variables: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, j: 10, a: 11, i: 12}",
       "1:74 MF-E0121\n1:81 MF-E0121\n"},
      /* Not yet. */
      {"services: {rate: 5}\nsteps:\n  - parameters: {max_attempts: 3}\n  - name: x\n    faults: "
       "[{}]\n",
       "1:1 MF-E0125\n3:5 MF-E0125\n5:5 MF-E0125\n"},
      {"target: {url: x}\nsteps: [{type: http_request, url: x}, {name: b, faults: []}, {name: a, "
       "parameters: {x: 1}}]",
       "1:9 MF-E0125\n2:72 MF-E0125\n"},
      /* expect and http. */
      {"steps: [{type: command, command: x, expect: {a: 1}}, {type: command, command: x, expect: "
       "1.5}]",
       "1:46 MF-E0129\n1:90 MF-E0126\n"},
      {"steps: [{wait_until: 'true', http: {method: GET}}, {wait_until: 'true', http: [x]}]",
       "1:37 MF-E0124\n1:79 MF-E0126\n"},
  };
  CHECK_ALL(cases);
}
END_TEST

START_TEST(messages_name_what_is_wanted) {
  check_message("steps: [{durationSeconds: []}]",
                "'durationSeconds' wants a number or a duration, not a list", "");
  check_message("steps: [{optional: on}]", "'optional' wants true or false, not text",
                "write true");
  check_message("steps: [{wait: '5'}]", "'wait' wants a number or a duration, not text",
                "a number has no quotes");
  check_message("version: {}", "'version' wants text or a number, not a mapping", "");
  check_message("name: 5", "'name' wants text, not a number", "put it into quotes");
  check_message("steps: [{conditon: a}]", "a step has no key 'conditon'",
                "did you mean 'condition'?");
  check_message("steps: [{wait: 1s, scenario: a}]", "a wait has no key 'scenario'",
                "'wait' makes it a wait");
  check_message("steps: [{type: http_request}]", "a http_request action needs 'url'", "");
  check_message("assertions: [{metric: a}]", "a metric assertion needs 'operator' and 'value'", "");
  check_message("hooks: [{actions: [{log: {message: a}}]}]", "an action needs a 'type'",
                "write 'type: log'");
  check_message("tags: [a, ~]", "an element of 'tags' wants text, not null", "");
  check_message("steps: [{type: lgo, message: a}]", "'lgo' is no type of action",
                "did you mean 'log'?");
}
END_TEST

START_TEST(lenient_ignores_unknown_keys) {
  const char *got = result("foo: {a: [1]}\nnmae: x\nsteps: [{type: log, msg: a}]", MF_SYNTAX_AUTO,
                           true);
  ck_assert_str_eq(got, "1:1 MF-W0800\n2:1 MF-W0800\n3:10 MF-E0124\n3:21 MF-W0800\n");
  free((void *)(uintptr_t)got);
}
END_TEST

/* ---- mistakes of the scan ---- */

START_TEST(yaml_mistakes_have_places) {
  static const doc_case cases[] = {
      {"", "1:1 MF-E0101\n"},
      {" \n\t\r\n", "1:1 MF-E0101\n"},
      {"# only a comment\n", "1:1 MF-E0101\n"},
      {"---\n", "1:1 MF-E0101\n"},
      {"- a", "1:1 MF-E0120\n"},
      {"just text", "1:1 MF-E0120\n"},
      {"name: \xFF", "1:7 MF-E0102\n"},
      {"name: \x01", "1:7 MF-E0103\n"},
      {"n\xC3\xA9: \x7F", "1:5 MF-E0103\n"},
      {"name: a: b", "1:8 MF-E0104\n"},
      {"name: x\n bad: y", "2:5 MF-E0104\n"},
      {"name: 'x", "1:7 MF-E0104\n"},
      {"name: *.html", "1:8 MF-E0104\n"},
      {"name: &", "1:8 MF-E0104\n"},
      {"name: %x", "1:7 MF-E0104\n"},
      {"name: @x", "1:7 MF-E0104\n"},
      {"name: \"\\q\"", "1:8 MF-E0104\n"},
      {"tags: [a", "1:9 MF-E0104\n"},
      {"steps:\n\t- name: a", "2:1 MF-E0105\n"},
      {"steps:\n  - name: a\n\t  scenario: b", "3:1 MF-E0105\n"},
      {"name: \xC3\xA9\nsteps: [{condition: !x}]", "2:21 MF-E0106\n"},
      {"name: !x!y z", "1:7 MF-E0106\n"},
      {"name: !<> z", "1:7 MF-E0106\n"},
      {"name: !!binary aGk=", "1:7 MF-E0106\n"},
      {"name: !!int x", "1:7 MF-E0107\n"},
      {"name: !!str [a]", "1:7 MF-E0107\n1:7 MF-E0126\n"},
      {"name: {{x}}\nsteps: [{name: {{y}}}]", "1:7 MF-E0108\n2:16 MF-E0108\n"},
      {"name: {{x}}/y\nsteps: []", "1:7 MF-E0108\n"},
      {"{{x}}: 1", "1:2 MF-E0114\n"},
      {"name: *a", "1:7 MF-E0109\n"},
      {"variables: {a: &a [*a]}", "1:20 MF-E0110\n"},
      {"variables: {<<: 5, a: {<<: [b]}}", "1:17 MF-E0112\n1:29 MF-E0112\n"},
      {"name: x\n---\nname: y", "2:1 MF-E0113\n"},
      {"? [a]\n: b\n? {c: d}\n: e\n", "1:3 MF-E0116\n3:3 MF-E0116\n"},
      {"variables: {a: 18446744073709551616, b: 1e999}", "1:16 MF-E0118\n1:41 MF-E0118\n"},
      /* What was found before the end of the reading still counts. */
      {"foo: 1\nsteps:\n  - type: http_request\n  - type: log\n  - x: 'y",
       "1:1 MF-E0123\n3:5 MF-E0124\n4:5 MF-E0124\n5:5 MF-E0123\n5:8 MF-E0104\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    check(cases[i].text, strncmp(cases[i].text, "{{", 2) ? MF_SYNTAX_YAML : MF_SYNTAX_AUTO,
          cases[i].expected);
}
END_TEST

START_TEST(json_mistakes_have_places) {
  static const doc_case cases[] = {
      {"{\"name\": \"x\",}", "1:14 MF-E0114\n"},
      {"[1]", "1:1 MF-E0120\n"},
      {"{\"a\": 1, \"a\": 2}", "1:2 MF-E0123\n1:10 MF-E0121\n"},
      {"{\"name\": 5, \"tags\": [{}], \"steps\": [{\"duration\": \"x\"}]}",
       "1:10 MF-E0126\n1:22 MF-E0127\n1:50 MF-E0126\n"},
      {"{\"variables\": {\"a\": 18446744073709551616}}", "1:21 MF-E0118\n"},
      {"{name: x}", "1:2 MF-E0114\n"},
  };
  CHECK_ALL(cases);
  check("5", MF_SYNTAX_JSON, "1:1 MF-E0120\n");
  check("", MF_SYNTAX_JSON, "1:1 MF-E0101\n");
}
END_TEST

/* ---- places ---- */

/* The text at a node's span, or at its content. */
static void check_place(const char *text, const char *spanned, const char *content) {
  set_up();
  mf_node *root = parse_str(mf_str_of(text), MF_SYNTAX_YAML, false);
  const mf_node *name = mf_node_get(root, MF_KEY_NAME);
  ck_assert_ptr_nonnull(name);
  ck_assert_msg(strlen(spanned) == name->span.length &&
                    memcmp(text + name->span.offset, spanned, name->span.length) == 0,
                "span of %s: '%.*s'", text, (int)name->span.length, text + name->span.offset);
  bool verbatim = name->flags & MF_NODE_VERBATIM;
  ck_assert_int_eq(verbatim, content != NULL);
  if (content) ck_assert(memcmp(text + name->as.text.content, content, strlen(content)) == 0);
  tear_down();
}

START_TEST(spans_are_bytes) {
  check_place("name: a b  # c", "a b", "a b");
  check_place("\xEF\xBB\xBFname: \"\xC3\xA9 x\"", "\"\xC3\xA9 x\"", "\xC3\xA9 x");
  check_place("description: \xF0\x9F\x98\x80\nname: '\xC3\xA9'\r\n", "'\xC3\xA9'", "\xC3\xA9");
  check_place("name: \"a\\tb\"", "\"a\\tb\"", NULL);
  check_place("name: 'it''s'", "'it''s'", NULL);
  check_place("name: !!str &a x\n", "!!str &a x", "x");
  check_place("name: a\n  b\n", "a\n  b", NULL);
  check_place("name: |\n  one\n", "|\n  one", "one\n");
  check_place("name: >-\n   one\n\ntags: []", ">-\n   one", "one");
}
END_TEST

START_TEST(collections_end_with_their_last_word) {
  const char *text = "steps:\n  - name: a\n    tags: [x]\n\n# c\nname: z\n";
  set_up();
  mf_node *root = parse_str(mf_str_of(text), MF_SYNTAX_YAML, false);
  const mf_node *steps = mf_node_get(root, MF_KEY_STEPS);
  ck_assert_uint_eq(steps->span.offset + steps->span.length,
                    (uint32_t)(strstr(text, "]") + 1 - text));
  ck_assert_uint_eq(steps->as.first->span.offset, (uint32_t)(strstr(text, "name") - text));
  tear_down();
}
END_TEST

/* ---- limits ---- */

static void repeat(const char *text, unsigned n) {
  for (unsigned i = 0; i < n; i++) mf_buf_puts(&out, text);
}

/* The first code of what was put into `out`; NONE if it parses. */
static mf_code code_of_out(mf_syntax syntax) {
  mf_str source = mf_buf_str(&out);
  diags.count = diags.errors = 0;
  parse_str(source, syntax, false);
  mf_code code = diags.count ? diags.items[0].code : MF_CODE_NONE;
  mf_buf_clear(&out);
  return code;
}

static void put_nested(const char *before, const char *open, const char *close, unsigned n,
                       const char *after) {
  mf_buf_puts(&out, before);
  repeat(open, n);
  repeat(close, n);
  mf_buf_puts(&out, after);
}

START_TEST(depth_is_bounded) {
  set_up();
  put_nested("variables: {a: ", "[", "]", 98, "}");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_YAML), MF_CODE_NONE);
  put_nested("variables: {a: ", "[", "]", 99, "}");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_YAML), MF_E_TOO_DEEP);
  put_nested("{\"variables\": {\"a\": ", "[", "]", 98, "}}");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_JSON), MF_CODE_NONE);
  put_nested("{\"variables\": {\"a\": ", "[", "]", 99, "}}");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_JSON), MF_E_TOO_DEEP);
  /* The parser's stack holds the deepest mixture. */
  put_nested("steps: [{condition: ", "{type: and, conditions: [", "]}", 48, "}]");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_YAML), MF_CODE_NONE);
  put_nested("a: ", "[", "", 200000, "");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_YAML), MF_E_TOO_DEEP);
  put_nested("variables: {a: &a ", "[", "]", 90, ", b: [[[[[[[[[[*a]]]]]]]]]]}");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_YAML), MF_E_TOO_DEEP);
  tear_down();
}
END_TEST

START_TEST(alias_bombs_are_refused_and_honest_files_are_not) {
  set_up();
  mf_buf_puts(&out, "variables:\n  a: &a [");
  repeat("x,", 9);
  mf_buf_puts(&out, "]\n");
  for (char c = 'b'; c < 'k'; c++) {
    mf_buf_printf(&out, "  %c: &%c [", c, c);
    for (int i = 0; i < 9; i++) mf_buf_printf(&out, "*%c,", c - 1);
    mf_buf_puts(&out, "]\n");
  }
  ck_assert_int_eq(code_of_out(MF_SYNTAX_YAML), MF_E_TOO_MANY_ALIASES);
  /* Twelve times the first part, but not ten times the whole. */
  mf_buf_puts(&out, "variables:\n  a: &a [");
  repeat("x,", 30000);
  mf_buf_puts(&out, "]\n");
  for (int i = 0; i < 12; i++) mf_buf_printf(&out, "  b%d: *a\n", i);
  mf_buf_puts(&out, "  c: [");
  repeat("y,", 60000);
  mf_buf_puts(&out, "]\n");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_YAML), MF_CODE_NONE);
  tear_down();
}
END_TEST

START_TEST(size_and_keys_are_bounded) {
  set_up();
  repeat("                ", 1 << 20);
  ck_assert_int_eq(code_of_out(MF_SYNTAX_YAML), MF_E_EMPTY_DOCUMENT);
  repeat("                ", 1 << 20);
  mf_buf_puts(&out, " ");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_YAML), MF_E_TOO_LARGE);
  mf_buf_puts(&out, "{\"variables\": {\"");
  repeat("k", 1024);
  mf_buf_puts(&out, "\": 1}}");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_JSON), MF_CODE_NONE);
  mf_buf_puts(&out, "{\"variables\": {\"");
  repeat("k", 1025);
  mf_buf_puts(&out, "\": 1}}");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_JSON), MF_E_KEY_TOO_LONG);
  tear_down();
}
END_TEST

START_TEST(many_keys_are_still_compared) {
  set_up();
  mf_buf_puts(&out, "variables:\n");
  for (int i = 0; i < 3000; i++) mf_buf_printf(&out, "  k%d: 1\n", i);
  ck_assert_int_eq(code_of_out(MF_SYNTAX_YAML), MF_CODE_NONE);
  mf_buf_puts(&out, "variables:\n");
  for (int i = 0; i < 3000; i++) mf_buf_printf(&out, "  k%d: 1\n", i);
  mf_buf_puts(&out, "  k17: 1\n");
  ck_assert_int_eq(code_of_out(MF_SYNTAX_YAML), MF_E_DUPLICATE_KEY);
  tear_down();
}
END_TEST

/* ---- memory ---- */

/* Every allocation of ours fails once. */
START_TEST(out_of_memory_gives_no_tree) {
  const char *text =
      "x-a: &a {type: log, message: m, <<: {level: info}}\nnmae: [{{x}}]\n"
      "steps: [*a, {<<: *a}, {duration: []}, {type: lgo}, {a: 1}, {type: fail, b: "
      "2}]\nvariables: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9}\n";
  for (uint64_t n = 1;; n++) {
    mf_counting_alloc memory = {.inner = mf_alloc_default(), .fail_at = n};
    mf_alloc alloc = mf_counting_alloc_as_alloc(&memory);
    mf_arena_init(&arena, &alloc, 0);
    mf_diags_init(&diags, &arena);
    mf_parse_context context = {.arena = &arena, .diags = &diags, .source = mf_str_of(text)};
    mf_node *root = mf_document_parse(&context);
    bool oom = mf_arena_oom(&arena);
    ck_assert(oom == (root == NULL));
    mf_arena_fini(&arena);
    ck_assert_uint_eq(memory.in_use, 0);
    if (!oom) break;
  }
}
END_TEST

/* ---- tables ---- */

START_TEST(every_key_is_found_by_its_spelling) {
  for (int k = 1; k < MF_KEY_COUNT; k++)
    ck_assert_int_eq(mf_key_find(mf_str_of(mf_key_spelling((mf_key)k))).key, k);
  ck_assert_int_eq(mf_key_find(MF_STR("preHooks")).key, MF_KEY_PRE_HOOKS);
  ck_assert_int_eq(mf_key_find(MF_STR("durationSeconds")).key, MF_KEY_DURATION);
  ck_assert_int_eq(mf_key_find(MF_STR("PreHooks")).key, MF_KEY_NONE);
  ck_assert_int_eq(mf_key_find(MF_STR("pre_Hooks")).key, MF_KEY_NONE);
  ck_assert_int_eq(mf_key_find(MF_STR("")).key, MF_KEY_NONE);
}
END_TEST

START_TEST(tags_know_their_keys) {
  ck_assert(mf_tag_accepts(MF_TAG_STEP, MF_KEY_SCENARIO));
  ck_assert(mf_tag_accepts(MF_TAG_STEP, MF_KEY_RETRY));
  ck_assert(!mf_tag_accepts(MF_TAG_WAIT, MF_KEY_SCENARIO));
  ck_assert(mf_tag_requires(MF_TAG_ACTION_HTTP_REQUEST, MF_KEY_URL));
  ck_assert(!mf_tag_requires(MF_TAG_ACTION_HTTP_REQUEST, MF_KEY_METHOD));
  ck_assert_int_eq(mf_tag_find(MF_STR("metric_in_range")), MF_TAG_ASSERT_METRIC_IN_RANGE);
  ck_assert_int_eq(mf_tag_find(MF_STR("nope")), MF_TAG_FREE);
  ck_assert_str_eq(mf_tag_word(MF_TAG_COND_EQUALS), "equals");
  ck_assert_str_eq(mf_tag_word(MF_TAG_CONDITIONAL), "conditional");
}
END_TEST

/* ---- dumps, and the examples everything began with ---- */

START_TEST(tokens_can_be_seen) {
  mf_str source = MF_STR("steps:\n  - {type: log, message: \"${x}\"}\n");
  set_up();
  mf_parse_context context = {
      .arena = &arena, .diags = &diags, .source = source, .dump_tokens = &out};
  ck_assert_ptr_nonnull(mf_document_parse(&context));
  ck_assert_str_eq(out.p,
                   "1:1 MAP\n1:1 KEY_steps\n2:3 LIST\n2:5 log\n2:6 KEY_type\n"
                   "2:12 STRING \"log\"\n2:17 KEY_message\n2:26 INTERPOLATION \"${x}\"\n2:33 END\n"
                   "2:33 END\n2:33 END\n");
  tear_down();
}
END_TEST

static mf_str read_example(const char *folder, const char *name) {
  char path[512], bytes[4096];
  snprintf(path, sizeof path, "%s/seed/%s", folder, name);
  FILE *f = fopen(path, "rb");
  if (f == NULL) return (mf_str){NULL, 0};
  size_t n = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  return (mf_str){mf_arena_copy(&arena, bytes, n), n};
}

START_TEST(the_seed_examples_parse) {
  static const char *const names[] = {"S1_conditional-steps.yaml",
                                      "S2_hooks.yaml",
                                      "S3_advanced-e-commerce-load-test.yaml",
                                      "S4_variables.yaml",
                                      "S5_hooks.yaml",
                                      "S6_variables-and-step-variables.yaml",
                                      "S7_assertions.yaml",
                                      "S8_execute-request.json"};
  const char *folder = getenv("MF_SHARED") ? getenv("MF_SHARED") : "../shared";
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    set_up();
    mf_str source = read_example(folder, names[i]);
    if (source.p) {
      mf_node *root = parse_str(source, MF_SYNTAX_AUTO, false);
      ck_assert_msg(diags.count == 0, "%s: %s", names[i],
                    diags.count ? diags.items[0].message : "");
      ck_assert_int_eq(root->tag, MF_TAG_DOCUMENT);
    }
    tear_down();
  }
}
END_TEST

Suite *compiler_document_suite(void);
Suite *compiler_document_suite(void) {
  Suite *s = suite_create("compiler_document");
  TCase *t = tcase_create("document");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, keys_have_canonical_names_and_mappings_have_tags);
  tcase_add_test(t, free_json_means_nothing);
  tcase_add_test(t, scalars_follow_the_core_schema);
  tcase_add_test(t, interpolations_stand_for_numbers_and_booleans);
  tcase_add_test(t, aliases_and_merges_are_expanded);
  tcase_add_test(t, wrappers_are_taken_off);
  tcase_add_test(t, written_out_defaults_are_accepted);
  tcase_add_test(t, each_mistake_is_told_once);
  tcase_add_test(t, messages_name_what_is_wanted);
  tcase_add_test(t, lenient_ignores_unknown_keys);
  tcase_add_test(t, yaml_mistakes_have_places);
  tcase_add_test(t, json_mistakes_have_places);
  tcase_add_test(t, spans_are_bytes);
  tcase_add_test(t, collections_end_with_their_last_word);
  tcase_add_test(t, depth_is_bounded);
  tcase_add_test(t, alias_bombs_are_refused_and_honest_files_are_not);
  tcase_add_test(t, size_and_keys_are_bounded);
  tcase_add_test(t, many_keys_are_still_compared);
  tcase_add_test(t, out_of_memory_gives_no_tree);
  tcase_add_test(t, every_key_is_found_by_its_spelling);
  tcase_add_test(t, tags_know_their_keys);
  tcase_add_test(t, tokens_can_be_seen);
  tcase_add_test(t, the_seed_examples_parse);
  suite_add_tcase(s, t);
  return s;
}
