/* SPDX-License-Identifier: MIT */
/* image_outline - what is known of effects before a run, as one line each. */
#include "../../image/outline.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../base/buffer.h"
#include "../../compiler/compile.h"
#include "../../image/graph.h"

static mf_image *compile(const char *text) {
  mf_compilation *comp;
  mf_image *image = NULL;
  mf_compile_options options = {.name = "x.yaml"};
  ck_assert_int_eq(mf_compile(&options, text, strlen(text), &comp), MF_OK);
  size_t n;
  const uint8_t *bytes = mf_compilation_image(comp, &n);
  void *copy = malloc(n); /* the image borrows it */
  memcpy(copy, bytes, n);
  ck_assert_int_eq(mf_image_open(NULL, copy, n, &image, NULL, 0), MF_OK);
  mf_compilation_free(comp);
  return image;
}

static void close_image(mf_image *image) {
  free((void *)(uintptr_t)image->bytes);
  mf_image_close(image);
}

static void print(const mf_outline *item, mf_buf *out) {
  static const char kinds[] = "LQFEWR", places[] = "ehps";
  for (; item; item = item->next) {
    mf_buf_printf(out, "%c%c %.*s", kinds[item->kind], places[item->place], (int)item->path.n,
                  item->path.p);
    for (const mf_outline_argument *a = item->arguments; a; a = a->next) {
      mf_buf_printf(out, " %.*s=", (int)a->name.n, a->name.p);
      if (a->known)
        mf_print_value(out, &a->value, 0);
      else
        mf_buf_printf(out, "%s%.*s", a->joined ? "~" : "?", (int)a->text.n, a->text.p);
    }
    mf_buf_putc(out, '\n');
  }
}

static const struct outlined {
  const char *document, *given, *outline; /* given: a value for x */
} outlined[] = {
    {"variables: {x: 2}\nsteps: [{wait: \"${x}\"}]", NULL, "We steps[0] seconds=2\n"},
    {"variables: {x: /up}\nabort_when: [{when: response.status > 499, http: {url: \"${x}\", body: "
     "{a: "
     "1}, timeout: 2s}}]\nsteps: [{wait: 1}]",
     NULL,
     "We steps[0] seconds=1\nEp abort_when[0] url=\"/up\" method=\"POST\" body={\"a\": 1} "
     "timeout=2\n"},
    {"variables: {x: 2}\nsteps: [{wait: \"${x}\"}]", "9", "We steps[0] seconds=\"9\"\n"},
    {"variables: {x: 2}\nsteps: [{wait: \"${x * 2 + 1}\"}]", NULL,
     "We steps[0] seconds=?x * 2 + 1\n"},
    {"variables: {x: 2}\nsteps: [{wait: \"${x}\"}, {type: set_variable, name: x, value: 5}]", "9",
     "We steps[0] seconds=?x\n"},
    {"inputs: {x: {default: a}}\nsteps: [{type: http_request, url: \"/${x}/${x == 'a' ? 1 : "
     "2}/b\"}]",
     NULL, "Ee steps[0] url=~/a/${x == \"a\" ? 1 : 2}/b method=\"GET\"\n"},
    {"inputs: {x: {default: a}}\nsteps: [{wait: \"${(x == 'a' ? x == 'b' : x == 'c') ? 1 : x == "
     "'d' "
     "? 2 : 3}\"}]",
     NULL,
     "We steps[0] seconds=?(x == \"a\" ? x == \"b\" : x == \"c\") ? 1 : (x == \"d\" ? 2 : 3)\n"},
    {"inputs: {x: {default: a, secret: true}}\nsteps: [{type: http_request, url: \"/${x}\"}]", "b",
     "Ee steps[0] url=~/${x} method=\"GET\"\n"},
    {"variables: {x: a}\nsteps: [{type: command, command: \"${x}\", args: [\"${x}\", "
     "\"${['b'].map(i, i + x)}\", \"a${now}\"]}]",
     NULL, "Ee steps[0] command=\"a\" args=~[\"a\", ..., \"a${now}\"]\n"},
    {"hooks: [{hook_type: pre_step, actions: [{type: http_request, url: /h}]}]\n"
     "variables: {x: 1}\nsteps: [{wait: 1}, {name: a, duration: 1}, {name: b, duration: \"${x}\"}]",
     NULL,
     "We steps[0] seconds=1\nEh hooks[0].actions[0] url=\"/h\" method=\"GET\"\n"
     "We steps[1] seconds=1\nWe steps[2] seconds=1\n"},
    {"steady_state: {probes: [{http_request: /p}]}\nsteps: [{wait: 1}]\n"
     "rollbacks: [{type: command, command: undo}]",
     NULL,
     "Ep steady_state.probes[0] url=\"/p\" method=\"GET\"\nWe steps[0] seconds=1\n"
     "Es rollbacks[0] command=\"undo\"\n"},
    {"variables: {x: 5}\nsteps: [{name: a, load: {rate: \"${x}\", duration: 2, data: [{i: 1}], "
     "requests: "
     "[/a, {path: \"/${data.i}/${x}\", body: {q: \"${x}\"}}]}}]",
     NULL,
     "Le steps[0] executor=\"constant_arrival_rate\" rate=5 data=[{\"i\": 1}] name=\"load\" "
     "duration=2\nQe steps[0] path=\"/a\"\nQe steps[0] path=~/${load.data.i}/5 body=~{\"q\": 5}\n"},
    {"steps: [{wait: 1}]\nreport_path: \"${run.id}.html\"", NULL,
     "We steps[0] seconds=1\nRe  path=~${run.id}.html\n"},
};

START_TEST(effects_are_outlined) {
  const struct outlined *o = &outlined[_i];
  mf_alloc alloc = mf_alloc_default();
  mf_arena arena;
  mf_buf text;
  mf_outline *items;
  mf_outline_given given = {MF_STR("x"), {.kind = MF_STRING}};
  mf_image *image = compile(o->document);
  mf_arena_init(&arena, &alloc, 0);
  mf_buf_init(&text, NULL, 0);
  if (o->given) {
    given.value.as.s = o->given;
    given.value.len = (uint32_t)strlen(o->given);
  }
  ck_assert(mf_outline_read(&arena, image, &given, o->given != NULL, &items));
  print(items, &text);
  ck_assert_str_eq(text.p ? text.p : "", o->outline);
  mf_buf_fini(&text);
  mf_arena_fini(&arena);
  close_image(image);
}
END_TEST

START_TEST(no_memory_is_told) {
  mf_image *image = compile(
      "variables: {x: 2}\nsteps: [{wait: \"${x}\"}, {type: command, command: a, args: "
      "[\"a${now}\"]}, {type: http_request, url: \"/${x}/${x + 1}\", body: {a: [1, \"${x}\"]}}]");
  bool done = false;
  for (size_t fail = 1; !done && fail < 1000; fail++) {
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = fail};
    mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
    mf_arena arena;
    mf_outline *items;
    mf_arena_init(&arena, &alloc, 0);
    done = mf_outline_read(&arena, image, NULL, 0, &items);
    mf_arena_fini(&arena);
    ck_assert_uint_eq(counting.in_use, 0);
  }
  ck_assert(done);
  close_image(image);
}
END_TEST

Suite *image_outline_suite(void) {
  Suite *s = suite_create("image_outline");
  TCase *t = tcase_create("outline");
  tcase_add_loop_test(t, effects_are_outlined, 0, sizeof outlined / sizeof *outlined);
  tcase_add_test(t, no_memory_is_told);
  suite_add_tcase(s, t);
  return s;
}
