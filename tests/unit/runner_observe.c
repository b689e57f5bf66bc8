/* SPDX-License-Identifier: MIT */
/* observe - a machine's run, in virtual time, as series. */
#include "../../runner/observe.h"

#include "../../base/alloc.h"
#include "../../image/image.h"
#include "runner_kit.h"

Suite *runner_observe_suite(void);

typedef struct play {
  mf_observer *observer;
  mf_vm *vm;
  mf_load_stats *stats;
  mf_arena arena;
  int64_t now;
} play;

static void on_notice(void *ctx, const mf_notice *notice) {
  mf_observe_notice(((play *)ctx)->observer, notice);
}

/* Of 5 requests one is refused.  The threshold of the step `shop` is judged. */
static mf_value answer(play *p, const mf_effect *effect) {
  mf_map_builder out, metrics, watch;
  mf_map_build(&metrics, &p->arena);
  mf_map_add(&metrics, "requests", mf_int(5));
  mf_map_build(&watch, &p->arena);
  mf_map_add(&watch, "watch", mf_int(0));
  mf_map_add(&watch, "ok", mf_bool(true));
  const mf_value watches = mf_map_done(&watch);
  mf_map_build(&out, &p->arena);
  mf_map_add(&out, "ok", mf_bool(true));
  mf_map_add(&out, "metrics", mf_map_done(&metrics));
  if (mf_str_is(effect->driver, "http_load"))
    mf_map_add(&out, "watches", mf_list_of(&p->arena, &watches, 1));
  return mf_map_done(&out);
}

static void carry_out(play *p, const mf_effect *effect) {
  const mf_load_view view = {.path = effect->path, .stats = p->stats, .in_flight = 2};
  const mf_value value = answer(p, effect);
  const mf_outcome outcome = {&value, p->now += 1000000000, 0};
  mf_observe_effect(p->observer, effect);
  for (int i = 0; i < 5; i++) {
    const mf_http_result result = {.error = i ? MF_HTTP_NONE : MF_HTTP_REFUSED, .status = 200};
    if (mf_str_is(effect->driver, "http_load")) mf_load_stats_add(p->stats, &result, 1000, !i);
    mf_observe_load(p->observer, &view);
  }
  mf_observe_outcome(p->observer, effect, &value);
  ck_assert_int_eq(mf_vm_deliver(p->vm, effect->id, &outcome), MF_OK);
}

/* Runs the document; what is shown at the end is in `out`.  False: memory was short. */
static bool run(const mf_alloc *alloc, const char *document, bool interrupt, mf_buf *out) {
  play p = {.stats = calloc(1, sizeof(mf_load_stats))};
  size_t size;
  mf_image *image;
  mf_effect effect;
  mf_vm_state state;
  mf_compilation *comp = NULL;
  mf_compile_options options = {.name = "a.yaml"};
  ck_assert_int_eq(mf_compile(&options, document, strlen(document), &comp), MF_OK);
  const uint8_t *bytes = mf_compilation_image(comp, &size);
  ck_assert_int_eq(mf_image_open(NULL, bytes, size, &image, NULL, 0), MF_OK);
  mf_arena_init(&p.arena, NULL, 0);
  p.observer = mf_observer_new(alloc, image, MF_STR("o"), NULL);
  mf_observe_started(p.observer, "id", "url", 1500000000);
  mf_vm_options vm = {.run_id = "id", .notice = on_notice, .notice_ctx = &p};
  ck_assert_int_eq(mf_vm_new(image, &vm, &p.vm), MF_OK);
  while ((state = mf_vm_run(p.vm, &effect)) == MF_VM_EFFECT) {
    if (interrupt) {
      mf_observe_effect(p.observer, &effect);
      break;
    }
    carry_out(&p, &effect);
  }
  ck_assert(interrupt || state == MF_VM_DONE);
  mf_observe_ended(p.observer, interrupt ? 105 : 0);
  bool complete = false;
  if (p.observer) {
    const mf_exposition *e = mf_observer_exposition(p.observer);
    mf_exposition_write(e, MF_EXPOSITION_TEXT, out);
    complete = !mf_arena_oom(&e->arena);
  }
  mf_observer_free(p.observer);
  mf_vm_free(p.vm);
  mf_image_close(image);
  mf_compilation_free(comp);
  mf_arena_fini(&p.arena);
  free(p.stats);
  return complete;
}

static void has(const mf_buf *out, const char *line) {
  char whole[256];
  snprintf(whole, sizeof whole, "\n%s\n", line);
  ck_has(out->p, whole);
}

static const char document[] =
    "hooks: [{hook_type: pre_step, actions: [{type: log, message: m}]}]\n"
    "variables: {tries: 0}\n"
    "steady_state: {assertions: [tries < 5]}\n"
    "steps:\n"
    "  - name: shop\n"
    "    scenario: baseline\n"
    "    thresholds: {latency: ['p(95) < 500']}\n"
    "    post_hooks:\n"
    "      - {condition: 'false', actions: [{type: log, message: m}]}\n"
    "      - actions:\n"
    "          - {type: record_metric, name: hits, kind: counter, value: 2, labels: {a-b: 1, a.b: "
    "x}}\n"
    "          - {type: record_metric, name: hits, value: 3, labels: {a-b: 1, a.b: y}}\n"
    "          - {type: record_metric, name: pause, kind: trend, value: 2.5}\n"
    "          - {type: record_metric, name: good, kind: rate, value: 1}\n"
    "    assertions: [requests == 5]\n"
    "  - name: again\n"
    "    retry: {max_attempts: 3, delay: 1}\n"
    "    optional: true\n"
    "    post_hooks: [{actions: [{type: set_variable, name: tries, value: '${tries + 1}'}]}]\n"
    "    assertions: [tries == 2, tries >= 1]\n"
    "  - {name: not now, condition: tries > 5, scenario: baseline}\n"
    "assertions: [tries == 1]\n";

START_TEST(a_run_is_counted) {
  mf_buf out;
  mf_alloc alloc = mf_alloc_default();
  mf_buf_init(&out, &alloc, 0);
  ck_assert(run(&alloc, document, false, &out));
  has(&out, "mockforge_chaos_scenarios_total{scenario_type=\"baseline\",status=\"success\"} 1");
  has(&out,
      "mockforge_chaos_orchestration_step_duration_seconds_count{orchestration=\"o\",step=\"shop\"}"
      " 1");
  has(&out,
      "mockforge_chaos_orchestration_step_duration_seconds_sum{orchestration=\"o\",step=\"shop\"} "
      "1");
  ck_lacks(out.p, "_duration_seconds_count{orchestration=\"o\",step=\"not now\"}");
  has(&out,
      "mockforge_chaos_orchestration_executions_total{orchestration=\"o\",status=\"success\"} 1");
  has(&out,
      "mockforge_chaos_orchestration_executions_total{orchestration=\"o\",status=\"failure\"} 0");
  has(&out, "mockforge_chaos_active_orchestrations{orchestration=\"o\"} 0");
  /* Neither the attempt that is retried nor what the steady state asserts. */
  has(&out, "mockforge_chaos_assertion_results_total{orchestration=\"o\",result=\"passed\"} 3");
  has(&out, "mockforge_chaos_assertion_results_total{orchestration=\"o\",result=\"failed\"} 1");
  has(&out, "mockforge_chaos_hook_executions_total{hook_type=\"pre_step\",status=\"success\"} 2");
  has(&out, "mockforge_chaos_hook_executions_total{hook_type=\"post_step\",status=\"success\"} 3");
  has(&out, "mfvm_run_start_time_seconds 1.5");
  has(&out, "mfvm_steps_total{step=\"shop\",outcome=\"passed\"} 1");
  has(&out, "mfvm_steps_total{step=\"again\",outcome=\"passed\"} 1");
  has(&out, "mfvm_steps_total{step=\"not now\",outcome=\"skipped\"} 1");
  has(&out, "mfvm_step_retries_total{step=\"again\"} 1");
  has(&out, "mfvm_watch_ok{step=\"shop\",watch=\"latency p(95) < 500\",kind=\"threshold\"} 1");
  has(&out, "mfvm_http_requests_total{step=\"shop\",code=\"2xx\"} 4");
  has(&out, "mfvm_http_errors_total{step=\"shop\",kind=\"refused\"} 1");
  has(&out, "mfvm_load_requests_in_flight{step=\"shop\"} 0");
  /* Two names became the same: the first one stays. */
  has(&out, "mfvm_recorded_hits_total{a_b=\"1\"} 5");
  has(&out, "mfvm_recorded_pause_sum 2.5");
  has(&out, "mfvm_recorded_good_ratio 1");
  mf_buf_fini(&out);
}
END_TEST

START_TEST(a_run_that_was_broken_off_leaves_nothing) {
  mf_buf out;
  mf_counting_alloc counting = {.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
  mf_buf_init(&out, NULL, 0);
  ck_assert(run(&alloc, document, true, &out));
  has(&out,
      "mockforge_chaos_orchestration_executions_total{orchestration=\"o\",status=\"failure\"} 1");
  mf_buf_fini(&out);
  ck_assert_uint_eq(counting.in_use, 0);
}
END_TEST

START_TEST(nobody_listens) {
  mf_observe_started(NULL, "id", "url", 0);
  mf_observe_notice(NULL, &(mf_notice){.kind = MF_NOTICE_LOG});
  mf_observe_effect(NULL, &(mf_effect){.id = 1});
  mf_observe_load(NULL, NULL);
  mf_observe_outcome(NULL, &(mf_effect){.id = 1}, NULL);
  mf_observe_ended(NULL, 0);
  mf_observer_free(NULL);
}
END_TEST

/* It goes on without memory, and says that it lacks something. */
START_TEST(it_survives_every_failed_allocation) {
  bool complete = false;
  for (uint64_t n = 1; !complete; n++) {
    mf_buf out;
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = n};
    mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
    mf_buf_init(&out, NULL, 0);
    complete = run(&alloc, document, false, &out);
    ck_assert_int_eq(complete, counting.calls < n);
    mf_buf_fini(&out);
    ck_assert_uint_eq(counting.in_use, 0);
  }
}
END_TEST

Suite *runner_observe_suite(void) {
  Suite *s = suite_create("runner_observe");
  TCase *c = tcase_create("runner_observe");
  tcase_set_timeout(c, 60);
  tcase_add_test(c, a_run_is_counted);
  tcase_add_test(c, a_run_that_was_broken_off_leaves_nothing);
  tcase_add_test(c, nobody_listens);
  tcase_add_test(c, it_survives_every_failed_allocation);
  suite_add_tcase(s, c);
  return s;
}
