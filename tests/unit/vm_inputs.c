/* SPDX-License-Identifier: MIT */
/* inputs - what a machine takes from outside, and what it tells when it does not. */
#include <check.h>
#include <stdio.h>

#include "../../include/mfvm_tools.h"
#include "../../vm/value.h"

static const char document[] =
    "inputs:\n"
    "  count: {type: int, min: 1, max: 9, default: 5, description: how many}\n"
    "  rate: double\n"
    "  big: uint\n"
    "  number: number\n"
    "  name: {type: string, pattern: '^[a-z]+$', required: true}\n"
    "  stage: {enum: [dev, prod], default: dev}\n"
    "  on: bool\n"
    "  wait: {type: duration, max: 1h}\n"
    "  at: timestamp\n"
    "  hosts: list\n"
    "  labels: map\n"
    "  any: any\n"
    "  token: {type: string, secret: true, enum: [aaa, bbb]}\n"
    "  later: {default: \"${now}\"}\n"
    "variables: {free: 1}\n"
    "steps: [{wait: 1s}]\n";

static mf_compilation *comp;
static mf_image *image;
static mf_vm *vm;

static void begin(void) {
  size_t size;
  mf_compile_options options = {.name = "inputs.yaml", .regex = mf_regex_re2()};
  ck_assert_int_eq(mf_compile(&options, document, strlen(document), &comp), MF_OK);
  const uint8_t *bytes = mf_compilation_image(comp, &size);
  ck_assert_int_eq(mf_image_open(NULL, bytes, size, &image, NULL, 0), MF_OK);
  mf_vm_options vm_options = {.regex = mf_regex_re2()};
  ck_assert_int_eq(mf_vm_new(image, &vm_options, &vm), MF_OK);
}
static void end(void) {
  mf_vm_free(vm);
  mf_image_close(image);
  mf_compilation_free(comp);
}

/* The value as JSON, or "refused: why". */
static const char *outcome(const char *name, mf_status status) {
  static char out[300];
  if (status == MF_INPUT_REFUSED) {
    mf_str why = mf_vm_refusal(vm);
    snprintf(out, sizeof out, "refused: %.*s", (int)why.n, why.p);
    return out;
  }
  ck_assert_int_eq(status, MF_OK);
  ck_assert_uint_eq(mf_vm_refusal(vm).n, 0);
  mf_buf buf;
  mf_json_writer w;
  mf_alloc alloc = mf_alloc_default();
  mf_value v = mf_vm_get(vm, mf_str_of(name));
  mf_buf_init(&buf, &alloc, 0);
  mf_json_write_init(&w, &buf, 0);
  mf_value_write_json(&w, &v);
  snprintf(out, sizeof out, "%.*s", (int)buf.n, buf.p);
  mf_buf_fini(&buf);
  return out;
}

static const struct {
  const char *name, *text, *wanted;
} texts[] = {
    {"count", "7", "7"},
    {"count", "0x9", "9"},
    {"count", "10", "refused: input 'count' must be an int from 1 to 9, not 10"},
    {"count", "x", "refused: input 'count' must be an int from 1 to 9, not 'x'"},
    {"count", "5.0", "refused: input 'count' must be an int from 1 to 9, not 5.0"},
    {"count", "", "refused: input 'count' must be an int from 1 to 9, not null"},
    {"rate", "1", "1.0"},
    {"rate", "1e3", "1000.0"},
    {"rate", "fast", "refused: input 'rate' must be a number, not 'fast'"},
    {"big", "5", "{\"$uint\":\"5\"}"},
    {"big", "18446744073709551615", "{\"$uint\":\"18446744073709551615\"}"},
    {"big", "-1", "refused: input 'big' must be an int without a sign, not -1"},
    {"number", "5", "5"},
    {"number", "5.5", "5.5"},
    {"name", "abc", "\"abc\""},
    {"name", "true", "\"true\""},
    {"name", "a1", "refused: input 'name' must be text that matches '^[a-z]+$', not 'a1'"},
    {"stage", "prod", "\"prod\""},
    {"stage", "prd", "refused: input 'stage' must be one of 'dev', 'prod', not 'prd'"},
    {"on", "true", "true"},
    {"on", "yes", "refused: input 'on' must be true or false, not 'yes'"},
    {"wait", "250ms", "{\"$duration\":\"0.25s\"}"},
    {"wait", "1.5", "{\"$duration\":\"1.5s\"}"},
    {"wait", "-1", "{\"$duration\":\"-1s\"}"},
    {"wait", "2h", "refused: input 'wait' must be a duration of at most 1h, not 2h"},
    {"wait", "1e300",
     "refused: input 'wait' must be a duration of at most 1h, not 1e+300; "
     "durations are seconds, or text such as 250ms"},
    {"wait", ".nan",
     "refused: input 'wait' must be a duration of at most 1h, not NaN; "
     "durations are seconds, or text such as 250ms"},
    {"at", "2026-01-31T12:00:00Z", "{\"$timestamp\":\"2026-01-31T12:00:00Z\"}"},
    {"at", "noon",
     "refused: input 'at' must be a timestamp, not 'noon'; "
     "timestamps are text such as 2026-01-31T12:00:00Z"},
    {"hosts", "[1, \"a\"]", "[1,\"a\"]"},
    {"hosts", "a,b", "refused: input 'hosts' must be a list, not 'a,b'"},
    {"hosts", "{}", "refused: input 'hosts' must be a list, not a map"},
    {"labels", "{\"a\": 1}", "{\"a\":1}"},
    {"any", "5", "5"},
    {"any", "null", "null"},
    {"token", "aaa", "{\"$secret\":true}"},
    {"token", "hunter2",
     "refused: input 'token' must be one of 'aaa', 'bbb', not the secret that "
     "was given"},
    {"free", "5", "5"},
    {"free", "\xff", "refused: a value must be UTF-8"},
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

START_TEST(texts_are_read_by_the_type) {
  mf_status status = mf_vm_set_text(vm, mf_str_of(texts[_i].name), mf_str_of(texts[_i].text));
  const char *got = outcome(texts[_i].name, status);
  ck_assert_msg(!strcmp(got, texts[_i].wanted), "%s=%s: %s, not %s", texts[_i].name, texts[_i].text,
                got, texts[_i].wanted);
}
END_TEST

static const char *give(const char *name, mf_value v) {
  return outcome(name, mf_vm_set_variable(vm, mf_str_of(name), &v));
}

START_TEST(values_keep_their_kinds) {
  ck_assert_str_eq(give("count", mf_uint(7)), "7");
  ck_assert_str_eq(
      give("count", mf_string(MF_STR("5"))),
      "refused: input 'count' must be an int from 1 to 9, not '5'; leave out the quotes");
  ck_assert_str_eq(give("count", mf_uint(UINT64_MAX)),
                   "refused: input 'count' must be an int from 1 to 9, not 18446744073709551615");
  ck_assert_str_eq(give("rate", mf_int(2)), "2.0");
  ck_assert_str_eq(give("name", mf_int(5)),
                   "refused: input 'name' must be text that matches "
                   "'^[a-z]+$', not 5; put it into quotes");
  ck_assert_str_eq(give("wait", mf_string(MF_STR("5m"))), "{\"$duration\":\"300s\"}");
  ck_assert_str_eq(give("wait", mf_int(60)), "{\"$duration\":\"60s\"}");
  mf_value tainted = mf_string(MF_STR("hunter2"));
  tainted.flags = MF_TAINTED;
  ck_assert_ptr_null(strstr(give("count", tainted), "hunter2"));
}
END_TEST

START_TEST(what_is_refused_changes_nothing) {
  ck_assert_str_eq(give("count", mf_int(7)), "7");
  mf_value v = mf_int(70);
  ck_assert_int_eq(mf_vm_set_variable(vm, MF_STR("count"), &v), MF_INPUT_REFUSED);
  ck_assert_int_eq(mf_vm_get(vm, MF_STR("count")).as.i, 7);
  ck_assert_int_eq(mf_vm_set_variable(vm, MF_STR("nobody"), &v), MF_NO_SUCH_VARIABLE);
  ck_assert_uint_eq(mf_vm_refusal(vm).n, 0);
  ck_assert_int_eq(mf_vm_set_text(vm, MF_STR("nobody"), MF_STR("\xff")), MF_NO_SUCH_VARIABLE);
  ck_assert_uint_eq(mf_vm_refusal(vm).n, 0);
}
END_TEST

START_TEST(a_run_without_a_required_input_fails_at_once) {
  mf_effect effect;
  ck_assert_int_eq(mf_vm_run(vm, &effect), MF_VM_FAILED);
  ck_assert_int_eq(mf_vm_error(vm), MF_INPUT_MISSING);
  ck_assert_uint_eq(mf_vm_steps(vm), 0);
}
END_TEST

START_TEST(given_values_take_no_fuel_of_the_run) {
  mf_effect effect;
  ck_assert_str_eq(give("name", mf_string(MF_STR("abc"))), "\"abc\"");
  ck_assert_uint_eq(mf_vm_steps(vm), 0);
  ck_assert_int_eq(mf_vm_run(vm, &effect), MF_VM_EFFECT);
  mf_value v = mf_int(1);
  ck_assert_int_eq(mf_vm_set_variable(vm, MF_STR("count"), &v), MF_NO_SUCH_VARIABLE);
}
END_TEST

START_TEST(an_image_tells_what_it_takes) {
  ck_assert_uint_eq(mf_image_input_count(image), 14);
  mf_input count = mf_image_input(image, 0), name = mf_image_input(image, 4);
  ck_assert(mf_str_is(count.name, "count") && mf_str_is(count.description, "how many"));
  ck_assert_str_eq(count.type, "int");
  ck_assert(!count.required && !count.secret && !count.computed && count.pattern.n == 0);
  ck_assert_int_eq(count.default_value.as.i, 5);
  ck_assert_int_eq(count.min.as.i, 1);
  ck_assert_int_eq(count.max.as.i, 9);
  ck_assert_int_eq(count.allowed.kind, MF_UNSET);
  ck_assert(name.required && mf_str_is(name.pattern, "^[a-z]+$"));
  ck_assert_int_eq(name.default_value.kind, MF_UNSET);
  mf_input stage = mf_image_input(image, 5), token = mf_image_input(image, 12);
  ck_assert_str_eq(stage.type, "string"); /* as its default is */
  ck_assert(stage.allowed.kind == MF_LIST && stage.allowed.len == 2);
  ck_assert(token.secret);
  ck_assert(mf_image_input(image, 13).computed);
}
END_TEST

Suite *vm_inputs_suite(void) {
  Suite *s = suite_create("vm_inputs");
  TCase *t = tcase_create("inputs");
  tcase_add_checked_fixture(t, begin, end);
  tcase_add_loop_test(t, texts_are_read_by_the_type, 0, TEXTS);
  tcase_add_test(t, values_keep_their_kinds);
  tcase_add_test(t, what_is_refused_changes_nothing);
  tcase_add_test(t, a_run_without_a_required_input_fails_at_once);
  tcase_add_test(t, given_values_take_no_fuel_of_the_run);
  tcase_add_test(t, an_image_tells_what_it_takes);
  suite_add_tcase(s, t);
  return s;
}
