/* SPDX-License-Identifier: MIT */
/* reference_run - the order of a run. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reference.h"

static flow_end run_lists_once(flow_run *r) {
  static const flow_path names[] = {{"steps"}, {"advanced_steps"}, {"conditional_steps"}};
  for (unsigned i = 0; i < 3; i++) {
    const flow_list *l = &r->d->lists[i];
    bool at_once = i == 0 && r->d->parallel;
    flow_end e = at_once ? flow_run_parallel_list(r, l, &names[i])
                         : flow_run_entries(r, l, &names[i]);
    if (e == LEFT) return LEFT;
  }
  return r->t->pending ? LEFT : DONE;
}

static flow_end run_lists(flow_run *r) {
  unsigned most = r->d->iterations;
  flow_end e = DONE;
  r->t->phase = FLOW_BEFORE_LOAD;
  if (most == 0) {
    e = run_lists_once(r);
    r->t->phase = FLOW_OF_RUN;
    return e;
  }
  unsigned i;
  for (i = 1; i <= most && e == DONE; i++) {
    r->iteration = i;
    flow_tell(r, "turn %u of ", i);
    r->t->turns[r->t->turn_count++] = i;
    e = run_lists_once(r);
    r->t->turn_count--;
  }
  flow_tell(r, "repeat  %s %u", e == LEFT ? (r->t->pending ? "failed" : "interrupted") : "passed",
            i - 1);
  r->t->phase = FLOW_OF_RUN;
  return e;
}

static flow_end steady(flow_run *r) {
  const flow_document *d = r->d;
  const flow_path p = {"steady_state"};
  double begun = r->now;
  flow_end e = DONE;
  for (unsigned i = 0; i < d->probes.count && e == DONE; i++) {
    flow_path own = flow_element(&p, "probes", i);
    e = flow_hook_action(r, d->probes.at[i], &own, FLOW_DOES_FAIL);
  }
  if (e == DONE && d->steady_duration >= 0) flow_pass_time(r, d->steady_duration);
  if (e == DONE) {
    flow_judged j = flow_judge(r, &d->steady_assertions, &p);
    if (j.bad || j.unknown) e = BAD;
  }
  flow_tell(r, "block steady_state %s %g", flow_end_words[e], r->now - begun);
  return e;
}

/* "steady state again, until it holds or `recovery` is over (`recovery_time`)" */
static void recover(flow_run *r) {
  double begun = r->now, limit = r->d->recovery >= 0 ? r->d->recovery : 30;
  flow_end e;
  while ((e = steady(r)) != DONE && r->now - begun < limit)
    flow_pass_time(r, fmin(1, begun + limit - r->now));
  flow_tell(r, "block recovery %s %g", flow_end_words[e], r->now - begun);
  if (e == DONE)
    flow_tell_value(r, "metric", "recovery_time",
                    (flow_value){.kind = FLOW_DOUBLE, .d = r->now - begun});
  else
    r->unsteady = true;
}

static bool has_failed(const flow_run *r) {
  return r->failed || r->steps_failed || r->hook_failed || r->unsteady || r->rollback_failed ||
         r->aborted;
}

/* "all run in order even if one fails" */
static void roll_back(flow_run *r) {
  const flow_path p = {""};
  flow_strategy when = r->d->strategy;
  if (when == FLOW_NEVER || (when == FLOW_ON_FAILURE && !has_failed(r))) return;
  for (unsigned i = 0; i < r->d->rollbacks.count; i++) {
    double begun = r->now;
    flow_path own = flow_element(&p, "rollbacks", i);
    r->in_rollback = true;
    r->rollback_fails = false;
    r->t->phase = FLOW_BEFORE_LOAD;
    flow_end e = flow_run_entry(r, r->d->rollbacks.at[i], &own);
    if (r->rollback_fails && e == DONE) e = BAD;
    flow_tell(r, "block rollback %s %g", flow_end_words[e], r->now - begun);
    if (e != DONE) r->rollback_failed = true;
    r->in_rollback = r->t->left = false;
    r->t->phase = FLOW_OF_RUN;
  }
}

/* False: a value is an error, which ends the run before it begins. */
static bool begin(flow_run *r) {
  const flow_document *d = r->d;
  for (unsigned i = 0; i < d->inputs.count + d->variables.count; i++) {
    bool input = i < d->inputs.count;
    const flow_setting *s = input ? d->inputs.at[i] : d->variables.at[i - d->inputs.count];
    flow_value v = flow_evaluate(r, s->value);
    if (flow_is_error(v)) {
      flow_tell(r, "error ");
      r->failed = true;
      return false;
    }
    r->globals.at[r->globals.count++] = (flow_cell){s->name, v};
  }
  return true;
}

/* Hooks before, the gate, the lists, rollbacks, the steady state again. */
static void run_all(flow_run *r) {
  flow_end before = flow_global_hooks(r, FLOW_PRE_ORCHESTRATION);
  if (before == BAD) flow_tell(r, "error ");
  if (before != DONE) return;
  if (r->d->steady && steady(r) != DONE) {
    r->unsteady = true;
    return;
  }
  r->begun = true;
  run_lists(r);
  r->t->pending = r->t->left = false;
  roll_back(r);
  if (r->d->steady) recover(r);
}

static const char *verdict(const flow_run *r) {
  if (has_failed(r) || !r->ran) return "failed";
  return r->no_data ? "no_data" : "passed";
}

static void reset(flow_list *l) {
  for (unsigned i = 0; i < l->count; i++) {
    flow_entry *e = l->at[i];
    e->result = (flow_result){.known = false};
    for (unsigned k = 0; k < e->arms.count; k++) reset(&((flow_arm *)e->arms.at[k])->entries);
    reset(&e->otherwise);
    reset(&e->entries);
  }
}

/* A failure that an assertion was to judge, and did not, counts. */
static void settle(flow_run *r, const flow_list *l) {
  for (unsigned i = 0; i < l->count; i++) {
    flow_entry *e = l->at[i];
    if (e->result.owed) flow_tell(r, "error "), r->steps_failed++;
    for (unsigned k = 0; k < e->arms.count; k++) settle(r, &((flow_arm *)e->arms.at[k])->entries);
    settle(r, &e->otherwise);
    settle(r, &e->entries);
  }
}

/* Of entries that never began nothing is asserted. */
static void judge(flow_run *r, const flow_path *top) {
  flow_judged j = flow_judge(r, &r->d->assertions, top);
  flow_count(r, &j);
  r->failed = r->failed || j.bad;
  r->no_data = j.unknown;
}

void flow_expect(flow_document *d, mf_buf *out) {
  static const flow_value none = {.kind = FLOW_NO_VALUE};
  const flow_path top = {""};
  flow_run r = {.d = d, .world = {.seed = d->seed}, .out = out};
  for (unsigned i = 0; i < 3; i++) reset(&d->lists[i]);
  reset(&d->rollbacks);
  mf_arena_init(&r.arena, NULL, 0);
  flow_tasks_begin(&r);
  r.t->previous.succeeded = r.t->all_succeeded = true;
  r.iteration = 1;
  r.t->phase = FLOW_OF_RUN;
  r.t->response = none;
  r.t->metrics[0] = r.t->metrics[1] = (flow_metric){none, none};
  r.of_run[0] = r.of_run[1] = none;
  r.most = none;
  if (begin(&r)) run_all(&r);
  flow_global_hooks(&r, FLOW_POST_ORCHESTRATION);
  flow_tell_value(&r, "metric", "total_duration", (flow_value){.kind = FLOW_DOUBLE, .d = r.now});
  if (r.begun) judge(&r, &top);
  for (unsigned i = 0; i < 3; i++) settle(&r, &d->lists[i]);
  settle(&r, &d->rollbacks);
  flow_tell(&r, "verdict %s", verdict(&r));
  flow_global_hooks(&r, FLOW_POST_VERDICT);
  if (d->report) flow_tell(&r, "effect report %s", d->report);
  flow_tell(&r, "nothing run %d, aborted %d, hook %d, unsteady %d, rollback %d", !r.ran, r.aborted,
            r.hook_failed, r.unsteady, r.rollback_failed);
  flow_tell(&r, "steps %u %u %u, assertions %u %u %u, warnings %u", r.steps_passed, r.steps_failed,
            r.steps_skipped, r.assertions_passed, r.assertions_failed, r.assertions_no_data,
            r.warnings);
  flow_tasks_end(&r);
  mf_arena_fini(&r.arena);
}
