/* SPDX-License-Identifier: MIT */
/* reference_steps - a step, from its condition to the hooks after its outcome. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reference.h"

/* Its own length, else the scenario's; false: an expression that is an error. */
static bool length_of_load(flow_run *r, const flow_entry *s, double *seconds) {
  *seconds = s->duration >= 0 ? s->duration : 30;
  if (!s->length) return true;
  flow_value v = flow_evaluate(r, s->length);
  if (!flow_as_seconds(v, seconds)) *seconds = -1;
  return !flow_is_error(v);
}

static flow_end load(flow_run *r, const flow_entry *s, const char *name) {
  double seconds;
  if (!length_of_load(r, s, &seconds)) return BAD;
  bool refused = seconds < 0; /* a load refuses what is no length of time */
  flow_reply reply = {.ok = false};
  if (refused) {
    flow_tell(r, "effect http_load %s refused", name);
  } else {
    flow_tell(r, "effect http_load %s %g", name, seconds);
    reply = flow_answer(&r->world, "http_load", name);
  }
  bool arrived = flow_takes(r, "http_load", refused ? 0 : seconds, true);
  if (arrived && reply.ok) {
    flow_metric *m = &r->t->metrics[0];
    flow_value v = {.kind = FLOW_DOUBLE, .d = reply.error_rate};
    m->of_step = m->last = r->of_run[0] = v;
    r->t->measured[0] = true;
  }
  return flow_must_leave(r) ? LEFT : arrived && reply.ok ? DONE : BAD;
}

/* "faults in, load, load stops, faults out", on every way out: an undo is never cut
 * short. */
static flow_end faulted(flow_run *r, const flow_entry *s, const flow_path *p) {
  flow_tell(r, "effect proxy inject");
  flow_reply injected = flow_answer(&r->world, "proxy", "inject");
  bool arrived = flow_takes(r, "proxy", 0, true);
  flow_end e = flow_must_leave(r)       ? LEFT
               : arrived && injected.ok ? load(r, s, "slow_backend")
                                        : BAD;
  flow_tell(r, "effect proxy undo");
  flow_reply undone = flow_answer(&r->world, "proxy", "undo");
  flow_takes(r, "proxy", 0, false);
  if (!undone.ok) {
    flow_tell(r, "error %s", flow_here(r, p).text);
    r->t->erred = true;
  }
  if (flow_must_leave(r)) return LEFT;
  return undone.ok ? e : BAD;
}

static flow_end work(flow_run *r, const flow_entry *s, const flow_path *p) {
  double seconds = s->duration;
  if (s->load) return s->fault ? faulted(r, s, p) : load(r, s, "baseline");
  if (s->length && !flow_as_seconds(flow_evaluate(r, s->length), &seconds)) return BAD;
  return seconds < 0 || flow_pass_time(r, seconds) ? DONE : LEFT;
}

/* What the timeout ended has failed, and is not limited any more. */
static flow_end in_time(flow_run *r, flow_end e) {
  if (!r->t->overdue) return e;
  r->t->overdue = false;
  r->t->deadline_ns = INT64_MAX;
  return r->t->left ? LEFT : BAD;
}

/* "an attempt is pre_hooks, scenario, post_hooks, assertions"; post_hooks run in any
 * case, assertions are judged when there is something to judge.  `e` is how it went
 * before the attempt. */
static flow_end attempt(flow_run *r, const flow_entry *s, const flow_path *p, flow_end e,
                        flow_judged *j) {
  *j = (flow_judged){0};
  if (e == DONE && s->timeout > 0) /* "limits one attempt" */
    r->t->deadline_ns = r->now_ns + (int64_t)(s->timeout * 1e9);
  if (e == DONE) e = flow_step_hooks(r, &s->pre_hooks, p, "pre_hooks");
  if (e == DONE) e = work(r, s, p);
  e = in_time(r, e);
  if (e == LEFT) return e;
  if (e == BAD) r->t->erred = true;
  r->t->phase = FLOW_AFTER_LOAD;
  flow_end after = flow_step_hooks(r, &s->post_hooks, p, "post_hooks");
  after = in_time(r, after);
  if (after == LEFT) return LEFT;
  if (after == BAD) r->t->erred = true;
  if (e != DONE || after != DONE) return BAD;
  *j = flow_judge(r, &s->assertions, p);
  r->t->erred = j->bad || j->unknown;
  return r->t->erred ? BAD : DONE;
}

static double pause_before(const flow_entry *s, unsigned next) {
  double pause = s->pause;
  if (s->factor > 0)
    for (unsigned i = 2; i < next; i++) pause *= s->factor;
  return s->longest > 0 && pause > s->longest ? s->longest : pause;
}

/* What the condition of a retry sees of the attempt that failed. */
static bool tries_again(flow_run *r, flow_entry *s, const flow_path *p, unsigned n, double begun) {
  flow_result *o = &s->result;
  if (n >= s->attempts) return false;
  o->known = o->erred = true;
  o->skipped = o->succeeded = o->interrupted = false;
  o->attempts = n;
  o->duration = r->now - begun;
  if (!s->when) return true;
  flow_truth t = flow_holds(r, s->when);
  if (t > FLOW_TRUE) flow_tell(r, "error %s", flow_here(r, p).text);
  return t == FLOW_TRUE;
}

static void put_name(flow_run *r, const flow_entry *s) {
  size_t n = s->shown ? (size_t)(strchr(s->name, '$') - s->name) : strlen(s->name);
  mf_buf_add(r->out, s->name, n);
  if (s->shown) mf_buf_puts(r->out, r->t->name);
}

static bool evaluate_name(flow_run *r, const flow_entry *s) {
  mf_buf b;
  mf_buf_init(&b, NULL, 1000);
  mf_buf_puts(&b, "");
  bool ok = !s->shown || flow_put_text(r, s->shown, &b);
  snprintf(r->t->name, sizeof r->t->name, "%s", b.p);
  mf_buf_fini(&b);
  return ok;
}

static flow_end attempts(flow_run *r, flow_entry *s, const flow_path *p, flow_end before,
                         unsigned *made, double begun) {
  flow_metric metrics[2] = {r->t->metrics[0], r->t->metrics[1]};
  flow_judged j;
  *made = 1;
  for (;;) {
    flow_end e = attempt(r, s, p, before, &j);
    r->t->deadline_ns = INT64_MAX;
    if (e != BAD || before != DONE || !tries_again(r, s, p, *made, begun)) {
      flow_count(r, &j);
      return e;
    }
    double pause = pause_before(s, *made + 1);
    flow_tell(r, "retry %s after %u pause %g", flow_here(r, p).text, *made, pause);
    for (unsigned i = 0; i < 2; i++) r->t->metrics[i].of_step = metrics[i].of_step;
    r->t->erred = false;
    if (pause > 0) flow_tell(r, "effect wait %g", pause);
    if (pause > 0 && !flow_takes(r, "wait", pause, true)) return LEFT;
    r->t->phase = FLOW_BEFORE_LOAD;
    mf_buf_puts(r->out, "begin step "), put_name(r, s);
    flow_tell(r, " at %s attempt %u", flow_here(r, p).text, ++*made);
    if (flow_must_leave(r)) return LEFT;
  }
}

/* delay, step variables, global pre_step hooks. */
static flow_end before_attempts(flow_run *r, const flow_entry *s) {
  if (s->delay >= 0 && !flow_pass_time(r, s->delay)) return LEFT;
  for (unsigned i = 0; i < s->variables.count; i++) {
    const flow_setting *v = s->variables.at[i];
    flow_value value = flow_evaluate(r, v->value);
    if (flow_is_error(value)) return BAD;
    flow_find(&r->t->of_step, v->name)->value = value;
  }
  return flow_global_hooks(r, FLOW_PRE_STEP);
}

static void set_result(flow_run *r, flow_entry *s, flow_end e, unsigned made, double begun) {
  flow_result *o = &s->result;
  o->known = true;
  o->skipped = false;
  o->succeeded = e == DONE;
  o->interrupted = e == LEFT;
  o->erred = e == BAD || r->t->erred;
  o->attempts = made;
  o->duration = r->now - begun;
  flow_was_run(r);
  flow_becomes_previous(r, *o);
}

/* The outcome, then "global post_step hooks, which see that outcome as `previous`" and
 * may turn it to failed. */
static flow_end outcome(flow_run *r, flow_entry *s, flow_end e, unsigned made, double begun) {
  s->result.runs++;
  set_result(r, s, e, made, begun);
  if (e == LEFT) return e;
  flow_end hooks = flow_global_hooks(r, FLOW_POST_STEP);
  if (hooks == LEFT) e = LEFT;
  if (hooks == BAD) e = BAD;
  bool changed = s->result.succeeded ? e != DONE : e == LEFT;
  if (changed) set_result(r, s, e, made, begun);
  if (e == LEFT) return e;
  s->result.duration = r->t->previous.duration = r->now - begun; /* of all of it */
  return e;
}

static void declare(flow_run *r, const flow_entry *s) {
  r->t->in_step = true;
  r->t->erred = false;
  r->t->of_step.count = s->variables.count;
  for (unsigned i = 0; i < s->variables.count; i++)
    r->t->of_step.at[i] = (flow_cell){((flow_setting *)s->variables.at[i])->name,
                                      {.kind = FLOW_NO_VALUE}};
}

static flow_end inside_step(flow_run *r, flow_entry *s, const flow_path *p) {
  double begun = r->now;
  unsigned made;
  declare(r, s);
  mf_buf_puts(r->out, "begin step "), put_name(r, s);
  flow_tell(r, " at %s", flow_here(r, p).text);
  for (unsigned i = 0; i < 2; i++) r->t->metrics[i].of_step = (flow_value){.kind = FLOW_NO_VALUE};
  flow_end before = before_attempts(r, s);
  flow_end e = before == LEFT ? LEFT : attempts(r, s, p, before, &made, begun);
  if (before == LEFT) made = 1;
  e = outcome(r, s, e, made, begun);
  r->t->phase = FLOW_BEFORE_LOAD;
  r->t->in_step = false;
  return e;
}

static void count_step(flow_run *r, flow_entry *s, flow_end e) {
  if (e == DONE) {
    r->steps_passed++, s->result.runs_passed++;
    return;
  }
  s->result.runs_failed++;
  if (e == LEFT) {
    *(r->t->lenient ? &r->warnings : &r->steps_failed) += 1;
    return;
  }
  /* "A failed step that a `step_failed` assertion names is expected." */
  if (s->expected_to_fail) {
    s->result.owed = true;
    return;
  }
  bool counts = !s->optional && !r->in_rollback && !r->t->lenient, failed = r->failed;
  flow_entry_failed(r, s);
  r->failed = failed;
  if (counts) r->steps_failed++;
}

void flow_skip_step(flow_run *r, flow_entry *s, const flow_path *p) {
  flow_result *o = &s->result;
  o->known = o->skipped = true;
  o->succeeded = o->interrupted = false;
  o->attempts = 0;
  o->duration = 0;
  r->steps_skipped++;
  flow_tell(r, "step %s skipped", flow_here(r, p).text);
}

/* One beside a list looks for the list, too. */
static void handle(flow_run *r) {
  r->t->pending = false;
  if (r->t->home && r->t->home->beside) r->t->home->of->pending = false;
}

flow_end flow_run_step(flow_run *r, flow_entry *s, const flow_path *p) {
  flow_truth t = s->condition ? flow_holds(r, s->condition) : FLOW_TRUE;
  if (t == FLOW_FALSE) {
    flow_skip_step(r, s, p);
    return DONE;
  }
  flow_end e = BAD;
  double begun = r->now;
  bool named = false;
  if (t == FLOW_TRUE) {
    if (flow_looks(s->condition)) handle(r);
    named = evaluate_name(r, s);
    if (named) e = inside_step(r, s, p);
  }
  if (!named) {
    s->result.runs++;
    set_result(r, s, BAD, 1, r->now);
  }
  count_step(r, s, e);
  flow_tell(r, "step %s %s %g", flow_here(r, p).text, flow_end_words[e], r->now - begun);
  return e == LEFT ? LEFT : DONE;
}
