/* SPDX-License-Identifier: MIT */
/* api_memory - every allocation made to fail, one after the other: of ours while
 * compiling, opening and running, and of libyaml while parsing.  Each failure
 * must give a clean status, no crash and (under ASan) no leak. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/alloc.h"
#include "../../include/mfvm.h"
#include "../../vm/value.h"
#include "yaml_alloc.h"

uint64_t yaml_alloc_calls, yaml_alloc_fail_at;
static int yaml_alloc_fails(void) {
  return ++yaml_alloc_calls >= yaml_alloc_fail_at && yaml_alloc_fail_at;
}
void *mf_test_malloc(size_t n) { return yaml_alloc_fails() ? NULL : malloc(n); }
void *mf_test_realloc(void *p, size_t n) { return yaml_alloc_fails() ? NULL : realloc(p, n); }
char *mf_test_strdup(const char *s) { return yaml_alloc_fails() ? NULL : strdup(s); }

static const char document[] =
    "name: everything\n"
    "loop_orchestration: true\n"
    "max_iterations: 2\n"
    "inputs:\n"
    "  count: { type: int, min: 1, max: 9, default: 5, enum: [3, 5, 7], description: many }\n"
    "  stage: { pattern: '^[a-z]+$', default: \"de${'v'}\", secret: true, type: string }\n"
    "  hosts: { type: list, required: true }\n"
    "  pause: { type: duration, max: 1h, default: \"${duration('5s')}\" }\n"
    "variables: { tries: 0, limit: 10, list: [1, two, 3.0], text: \"limit is ${limit}\", deep: { "
    "a: { b: &x "
    "[1, 2] } }, again: *x }\n"
    "hooks:\n"
    "  - name: tell\n"
    "    hook_type: pre_orchestration\n"
    "    actions:\n"
    "      - { type: http_request, url: \"http://127.0.0.1:9/${run.id}\", body: { text: "
    "\"${text}\" }, save_as: answer,\n"
    "          retry: { max_attempts: 2, delay: 1, when: 'text != string(response.status)' } }\n"
    "      - { type: set_variable, name: count, value: 7 }\n"
    "      - { type: set_variable, name: stage, value: \"${stage + 'x'}\" }\n"
    "      - { type: set_variable, name: seen, value: [\"{{limit + 1}}\", { k: \"${list}\" }] }\n"
    "  - { name: each, hook_type: post_step, actions: [{ type: log, message: "
    "\"${previous.status}\" }] }\n"
    "  - { name: before, hook_type: pre_step, actions: [{ type: record_metric, name: depth, value: "
    "1 "
    "}] }\n"
    "steps:\n"
    "  - name: \"load ${limit}\"\n"
    "    scenario: light_load\n"
    "    variables: { own: \"${limit * 2}\" }\n"
    "    post_hooks: [{ actions: [{ type: record_metric, name: queue, value: \"${own}\" }] }]\n"
    "    assertions: [avg_latency < 100.0, { type: metric_in_range, metric: error_rate, min: 0, "
    "max: 0.1 }]\n"
    "  - repeat: { for_each: \"${{'a key': deep, 'b': text}}\", as: entry }\n"
    "    steps:\n"
    "      - name: \"flaky ${entry.key}\"\n"
    "        retry: { max_attempts: 3, delay: 1, factor: 1.5, jitter: 0.5, when: 'text != "
    "entry.key' }\n"
    "        pre_hooks: [{ actions: [{ type: set_variable, name: tries, value: \"${tries + 1}\" }] "
    "}]\n"
    "        assertions: [tries % 2 == 0]\n"
    "      - repeat: { until: 'n == 2', as: n }\n"
    "        steps: [{ type: log, message: \"${entry.value} ${n}\" }]\n"
    "      - { name: behind, background: true, duration: 1s }\n"
    "      - fail_fast: true\n"
    "        parallel:\n"
    "          - { name: \"side ${entry.key}\", timeout: 5s, retry: { max_attempts: 2 }, duration: "
    "1s }\n"
    "          - repeat: { for_each: [\"${entry.key}\"] }\n"
    "            steps: [{ name: within, pre_hooks: [{ actions: [{ type: log, message: \"${item}\" "
    "}] }] "
    "}]\n"
    "  - { name: beside, background: true, duration: 1s }\n"
    "  - { type: set_variable, name: seen, value: 1 }\n"
    "  - name: group\n"
    "    max_concurrency: 2\n"
    "    parallel:\n"
    "      - { name: needs, depends_on: [needed, needed#2], timeout: 10s, duration: 1s }\n"
    "      - { name: needed, scenario: baseline }\n"
    "      - { name: needed, wait: 1s }\n"
    "      - { optional: true, parallel: [{ type: fail, message: '${text}' }, { wait: 1 }] }\n"
    "  - { run: part, variables: { size: \"${limit}\" }, condition: limit > 1 }\n"
    "timeout: 1h\n"
    "conditional_steps:\n"
    "  - name: choice\n"
    "    condition: { type: and, conditions: [{ type: previous_step_succeeded }, \"size(text + "
    "'x') > 3 && 'two' in list\"] }\n"
    "    then_steps: [{ name: more, scenario: baseline }]\n"
    "    else_steps: [{ type: fail, message: \"never\" }]\n"
    "assertions: ['steps[\"more\"].success', max_queue >= 20, { type: condition, severity: "
    "warning, condition: \"size([max_queue, limit] + list) < 1 || text + 'x' == 'y'\" }]\n"
    "report_path: [\"a-{{timestamp}}.html\", { path: b.json, format: json }]\n";

/* "part" runs "leaf", and that "none". */
static mf_status load(void *ctx, mf_str name, mf_linked_document *out, char *why, size_t why_size) {
  static const char part[] =
      "inputs: { size: { type: int, max: 99, required: true }, more: { default: \"${size + 1}\" } "
      "}\n"
      "variables: { twice: \"${size * 2}\" }\n"
      "hooks: [{ hook_type: pre_step, actions: [{ type: log, message: \"${twice}\" }] }]\n"
      "steps: [{ name: inside }, { run: leaf }, { type: set_variable, name: tries, value: 0 }]\n"
      "assertions: ['steps[\"inside\"].success']\n";
  static const char leaf[] = "{\"steps\": [{\"run\": \"none\"}, {\"name\": \"leaf\"}]}";
  static const char none[] = "variables: { v: 1 }\nsteps: [{ wait: 0 }]\n";
  (void)ctx, (void)why, (void)why_size;
  const char *text = name.p[0] == 'p' ? part : name.p[0] == 'l' ? leaf : none;
  *out = (mf_linked_document){.bytes = {text, strlen(text)}};
  return MF_OK;
}

static mf_compile_options options_with(mf_counting_alloc *counting) {
  return (mf_compile_options){.alloc = mf_counting_alloc_as_alloc(counting),
                              .regex = mf_regex_re2(),
                              .loader = {load, NULL},
                              .name = "everything.yaml"};
}

static mf_counting_alloc failing_at(uint64_t n) {
  return (mf_counting_alloc){.inner = mf_alloc_default(), .fail_at = n};
}

START_TEST(compiling_survives_every_failed_allocation) {
  mf_status status = MF_OUT_OF_MEMORY;
  uint64_t n = 1;
  for (; status != MF_OK; n++) {
    mf_counting_alloc counting = failing_at(n);
    mf_compile_options options = options_with(&counting);
    mf_compilation *comp = NULL;
    status = mf_compile(&options, document, strlen(document), &comp);
    ck_assert_msg(status == MF_OK || status == MF_OUT_OF_MEMORY, "allocation %d: %s", (int)n,
                  mf_status_name(status));
    mf_compilation_free(comp);
    ck_assert_uint_eq(counting.in_use, 0);
    ck_assert_uint_lt(n, 100000);
  }
  printf("memory: compile survives %d failed allocations\n", (int)n - 1);
}
END_TEST

START_TEST(compiling_survives_every_failed_allocation_of_libyaml) {
  mf_status status = MF_OUT_OF_MEMORY;
  uint64_t n = 1;
  for (; status != MF_OK; n++) {
    mf_compile_options options = {.name = "everything.yaml", .loader = {load, NULL}};
    mf_compilation *comp = NULL;
    yaml_alloc_calls = 0;
    yaml_alloc_fail_at = n;
    status = mf_compile(&options, document, strlen(document), &comp);
    yaml_alloc_fail_at = 0;
    ck_assert_msg(status == MF_OK || status == MF_OUT_OF_MEMORY, "allocation %d of libyaml: %s",
                  (int)n, mf_status_name(status));
    mf_compilation_free(comp);
    ck_assert_uint_lt(n, 100000);
  }
  printf("memory: compile survives %d failed allocations of libyaml\n", (int)n - 1);
}
END_TEST

static mf_compilation *compile(const uint8_t **bytes, size_t *size) {
  mf_compile_options options = {.name = "everything.yaml", .loader = {load, NULL}};
  mf_compilation *comp = NULL;
  mf_status status = mf_compile(&options, document, strlen(document), &comp);
  for (size_t i = 0; status != MF_OK && i < mf_compilation_diagnostic_count(comp); i++)
    fprintf(stderr, "%s\n", mf_compilation_diagnostic(comp, i).message);
  ck_assert_int_eq(status, MF_OK);
  *bytes = mf_compilation_image(comp, size);
  return comp;
}

static mf_status refuse(void *ctx, mf_str name, mf_linked_document *out, char *why,
                        size_t why_size) {
  (void)name, (void)out;
  snprintf(why, why_size, "because");
  return *(const mf_status *)ctx;
}

/* What a loader answers, and what comes of it. */
START_TEST(loaders_that_fail_are_told) {
  static const struct {
    mf_status answer, status;
    const char *message;
  } cases[] = {
      {MF_OUT_OF_MEMORY, MF_OUT_OF_MEMORY, NULL},
      {MF_NO_SUCH_DOCUMENT, MF_DOCUMENT_INVALID, "there is no document 'x': because"},
      {MF_IO_ERROR, MF_DOCUMENT_INVALID, "document 'x' cannot be read: because"},
      {MF_OK, MF_DOCUMENT_INVALID, "there is no document 'x': no loader is given"},
  };
  static const char text[] = "steps: [{run: x}]";
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    mf_status answer = cases[i].answer;
    mf_compile_options options = {.name = "a.yaml", .loader = {refuse, &answer}};
    if (answer == MF_OK) options.loader.load = NULL;
    mf_compilation *comp = NULL;
    ck_assert_int_eq(mf_compile(&options, text, strlen(text), &comp), cases[i].status);
    ck_assert_uint_eq(mf_compilation_diagnostic_count(comp), cases[i].message != NULL);
    if (cases[i].message) {
      mf_diagnostic d = mf_compilation_diagnostic(comp, 0);
      ck_assert_str_eq(d.message, cases[i].message);
      ck_assert(d.file == NULL && d.line == 1 && d.column == 15);
    }
    mf_compilation_free(comp);
  }
}
END_TEST

START_TEST(opening_survives_every_failed_allocation) {
  size_t size;
  const uint8_t *bytes;
  mf_compilation *comp = compile(&bytes, &size);
  mf_status status = MF_OUT_OF_MEMORY;
  uint64_t n = 1;
  for (; status != MF_OK; n++) {
    mf_counting_alloc counting = failing_at(n);
    mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
    mf_image *image = NULL;
    status = mf_image_open(&alloc, bytes, size, &image, NULL, 0);
    ck_assert(status == MF_OK || (status == MF_OUT_OF_MEMORY && !image));
    mf_image_close(image);
    ck_assert_uint_eq(counting.in_use, 0);
  }
  printf("memory: open survives %d failed allocations\n", (int)n - 1);
  mf_compilation_free(comp);
}
END_TEST

static mf_value answer(mf_arena *arena) {
  mf_map_builder out, metrics;
  mf_map_build(&metrics, arena);
  mf_map_add(&metrics, "avg_latency", mf_double(20));
  mf_map_add(&metrics, "error_rate", mf_double(0));
  mf_map_build(&out, arena);
  mf_map_add(&out, "ok", mf_bool(true));
  mf_map_add(&out, "status", mf_int(200));
  mf_value m = mf_map_done(&metrics);
  mf_map_add(&out, "metrics", m);
  mf_map_add(&out, "run_metrics", m);
  return mf_map_done(&out);
}

/* Runs to the end, or to the failure. */
static mf_status run_with(const mf_image *image, mf_counting_alloc *counting,
                          const mf_value *outcome_value) {
  mf_vm *vm = NULL;
  mf_vm_options options = {.alloc = mf_counting_alloc_as_alloc(counting),
                           .seed = 1,
                           .run_id = "r",
                           .regex = mf_regex_re2()};
  mf_effect effect;
  mf_status status = mf_vm_new(image, &options, &vm);
  if (status != MF_OK) return status;
  status = mf_vm_set_text(vm, MF_STR("hosts"), MF_STR("[\"a\", {\"b\": 1}]"));
  if (status == MF_OK) status = mf_vm_set_text(vm, MF_STR("stage"), MF_STR("prod"));
  mf_vm_state state = MF_VM_EFFECT;
  while (status == MF_OK && (state = mf_vm_run(vm, &effect)) != MF_VM_DONE) {
    mf_outcome outcome = {outcome_value, 1000, 1000};
    if (state == MF_VM_EFFECT) status = mf_vm_deliver(vm, effect.id, &outcome);
    if (state == MF_VM_FAILED) status = mf_vm_error(vm);
  }
  if (status == MF_OK) ck_assert_int_eq(mf_vm_verdict(vm).outcome, MF_OUTCOME_PASSED);
  mf_vm_free(vm);
  return status;
}

START_TEST(running_survives_every_failed_allocation) {
  size_t size;
  const uint8_t *bytes;
  mf_alloc alloc = mf_alloc_default();
  mf_compilation *comp = compile(&bytes, &size);
  mf_image *image = NULL;
  mf_arena arena;
  mf_arena_init(&arena, &alloc, 0);
  mf_value value = answer(&arena);
  ck_assert_int_eq(mf_image_open(&alloc, bytes, size, &image, NULL, 0), MF_OK);
  uint64_t n = 1, untold = 0; /* reasons of assertions, which end no run */
  for (bool failed = true; failed; n++) {
    mf_counting_alloc counting = failing_at(n);
    mf_status status = run_with(image, &counting, &value);
    failed = counting.calls >= n;
    untold += failed && status == MF_OK;
    ck_assert_msg(status == MF_OK || status == MF_OUT_OF_MEMORY, "allocation %d: %s", (int)n,
                  mf_status_name(status));
    ck_assert(failed || status == MF_OK);
    ck_assert_uint_eq(counting.in_use, 0);
  }
  ck_assert_uint_eq(untold, 1);
  printf("memory: run survives %d failed allocations\n", (int)n - 1);
  mf_image_close(image);
  mf_arena_fini(&arena);
  mf_compilation_free(comp);
}
END_TEST

START_TEST(a_machine_with_its_image_stays_small) {
  size_t size;
  const uint8_t *bytes;
  mf_counting_alloc counting = failing_at(0);
  mf_alloc alloc = mf_counting_alloc_as_alloc(&counting), plain = mf_alloc_default();
  mf_compilation *comp = compile(&bytes, &size);
  mf_image *image = NULL;
  mf_arena arena;
  mf_arena_init(&arena, &plain, 0);
  mf_value value = answer(&arena);
  ck_assert_int_eq(mf_image_open(&alloc, bytes, size, &image, NULL, 0), MF_OK);
  ck_assert_int_eq(run_with(image, &counting, &value), MF_OK);
  printf("memory: image of %zu bytes and machine: peak %zu bytes\n", size, counting.peak);
  ck_assert_uint_lt(size + counting.peak, 256 * 1024);
  mf_image_close(image);
  mf_arena_fini(&arena);
  mf_compilation_free(comp);
}
END_TEST

Suite *api_memory_suite(void) {
  Suite *s = suite_create("api_memory");
  TCase *t = tcase_create("failing allocations");
  tcase_set_timeout(t, 300);
  tcase_add_test(t, compiling_survives_every_failed_allocation);
  tcase_add_test(t, compiling_survives_every_failed_allocation_of_libyaml);
  tcase_add_test(t, loaders_that_fail_are_told);
  tcase_add_test(t, opening_survives_every_failed_allocation);
  tcase_add_test(t, running_survives_every_failed_allocation);
  tcase_add_test(t, a_machine_with_its_image_stays_small);
  suite_add_tcase(s, t);
  return s;
}
