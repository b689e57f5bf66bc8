/* SPDX-License-Identifier: MIT */
/* reference - carries a document's tree out, as the language's description says it,
 * sentence by sentence; where it quotes, it quotes that description. */
#include "reference.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How something ended.  LEFT: an abort, or a failure that nobody looked at, is on its
 * way out to the end of the lists. */
typedef enum end { DONE, BAD, SKIPPED, LEFT } end;

static const char *const end_words[] = {"passed", "failed", "skipped", "interrupted"};

/* ---- telling ---- */

static void tell(flow_run *r, const char *fmt, ...) {
  char line[512];
  va_list args;
  va_start(args, fmt);
  vsnprintf(line, sizeof line, fmt, args);
  va_end(args);
  mf_buf_puts(r->out, line);
  mf_buf_putc(r->out, '\n');
}

static void tell_value(flow_run *r, const char *what, const char *name, flow_value v) {
  mf_buf_printf(r->out, "%s %s ", what, name);
  flow_put_value(r->out, &v);
  mf_buf_putc(r->out, '\n');
}

/* With the numbers of the turns. */
typedef struct path {
  char text[FLOW_PATH];
} path;

static path here(const flow_run *r, const path *p) {
  path out = *p;
  size_t n = strlen(out.text);
  for (unsigned i = 0; i < r->turn_count && n > 0; i++)
    n += (size_t)snprintf(out.text + n, sizeof out.text - n, i ? ".%u" : "@%u", r->turns[i]);
  return out;
}

static path part(const path *p, const char *name) {
  path out;
  snprintf(out.text, sizeof out.text, "%.150s%s%s", p->text, p->text[0] ? "." : "", name);
  return out;
}
static path element(const path *p, const char *name, unsigned i) {
  path out;
  snprintf(out.text, sizeof out.text, "%.150s%s%s[%u]", p->text, p->text[0] ? "." : "", name, i);
  return out;
}

/* ---- the world ---- */

static void pass_time(flow_run *r, double seconds) {
  if (seconds > 0) tell(r, "effect wait %g", seconds);
  r->now += seconds;
}

static bool as_seconds(flow_value v, double *seconds) {
  *seconds = v.kind == FLOW_INT ? (double)v.i : v.d;
  return (v.kind == FLOW_INT || v.kind == FLOW_DOUBLE) && *seconds >= 0;
}

static flow_value answer_of(const char *driver, flow_reply reply) {
  return (flow_value){.kind = FLOW_ANSWER,
                      .ok = reply.ok,
                      .i = reply.code,
                      .text = strcmp(driver, "command") ? "status" : "exit_code"};
}

static flow_value ask(flow_run *r, const char *driver, const char *name, const flow_value *with) {
  mf_buf_printf(r->out, "effect %s %s", driver, name);
  if (with) mf_buf_putc(r->out, ' '), flow_put_value(r->out, with);
  mf_buf_putc(r->out, '\n');
  flow_reply reply = flow_answer(&r->world, driver, name);
  r->now += reply.seconds;
  return answer_of(driver, reply);
}

/* ---- variables ---- */

/* "writes the innermost scope that declares the name, else the global one" */
static bool set(flow_run *r, const char *name, flow_value v) {
  flow_cell *cell = r->in_step ? flow_find(&r->of_step, name) : NULL;
  if (!cell) cell = flow_find(&r->globals, name);
  if (!strcmp(name, "i0") && v.kind != FLOW_INT) return false; /* an input has a type */
  if (!cell) {
    cell = &r->globals.at[r->globals.count++];
    cell->name = name;
  }
  cell->value = v;
  tell_value(r, "variable", name, v);
  return true;
}

/* ---- actions ---- */

static end do_effect(flow_run *r, const flow_action *a) {
  flow_value with = {.kind = FLOW_NO_VALUE};
  if (a->value) with = flow_evaluate(r, a->value);
  if (a->value && flow_is_error(with)) return BAD;
  flow_value v = ask(r, a->kind == FLOW_REQUEST ? "http_request" : "command", a->name,
                     a->value ? &with : NULL);
  bool judged = a->expect || a->expect_code >= 0;
  if (a->save_as || judged) r->response = v;
  if (a->save_as) set(r, a->save_as, v);
  if (!judged) return v.ok ? DONE : BAD;
  if (v.i < 0) return BAD;
  if (a->expect) return flow_holds(r, a->expect) == FLOW_TRUE ? DONE : BAD;
  return v.i == a->expect_code ? DONE : BAD;
}

static end do_metric(flow_run *r, const flow_action *a) {
  flow_value v = flow_evaluate(r, a->value);
  flow_metric *m = &r->metrics[1];
  if (v.kind != FLOW_INT && v.kind != FLOW_DOUBLE) return BAD;
  m->of_step = m->last = m->of_run = v;
  double number = v.kind == FLOW_INT ? (double)v.i : v.d;
  double most = r->most.kind == FLOW_INT ? (double)r->most.i : r->most.d;
  if (r->samples++ == 0 || number > most) r->most = v;
  tell_value(r, "metric", a->name, v);
  return DONE;
}

static end do_log(flow_run *r, const flow_action *a) {
  size_t from = r->out->n;
  mf_buf_printf(r->out, "log %s %s", a->level ? a->level : "info", a->name);
  if (a->value) {
    mf_buf_putc(r->out, ' ');
    if (!flow_put_text(r, a->value, r->out)) {
      r->out->n = from;
      return BAD;
    }
  }
  mf_buf_putc(r->out, '\n');
  return DONE;
}

static end do_action(flow_run *r, const flow_action *a, const path *p) {
  flow_value v;
  double seconds;
  switch (a->kind) {
    case FLOW_SET_VARIABLE:
      v = flow_evaluate(r, a->value);
      return flow_is_error(v) || !set(r, a->name, v) ? BAD : DONE;
    case FLOW_LOG: return do_log(r, a);
    case FLOW_REQUEST:
    case FLOW_COMMAND: return do_effect(r, a);
    case FLOW_METRIC: return do_metric(r, a);
    case FLOW_ASSERT: return flow_holds(r, a->condition) == FLOW_TRUE ? DONE : BAD;
    case FLOW_PAUSE:
      if (!as_seconds(flow_evaluate(r, a->value), &seconds)) return BAD;
      pass_time(r, seconds);
      return DONE;
    case FLOW_FAIL: return BAD;
    case FLOW_ABORT:
      r->aborted = true;
      tell(r, "error %s", here(r, p).text);
      return LEFT;
  }
  return BAD;
}

/* "false: not carried out; in `assert` it is what is asserted". */
static end guarded(flow_run *r, const flow_action *a, const path *p, bool handles) {
  if (a->condition && a->kind != FLOW_ASSERT) {
    flow_truth t = flow_holds(r, a->condition);
    if (t == FLOW_FALSE) return SKIPPED;
    if (t != FLOW_TRUE) return BAD;
    if (handles && flow_looks(a->condition)) r->pending = false;
  }
  return do_action(r, a, p);
}

static bool may_fail(const flow_action *a, flow_on_error of_hook) {
  bool judged = a->save_as || a->expect || a->expect_code >= 0;
  if (a->on_error) return a->on_error == FLOW_IGNORE;
  if (of_hook) return of_hook == FLOW_IGNORE;
  return a->kind == FLOW_LOG || a->kind == FLOW_METRIC || (a->kind == FLOW_REQUEST && !judged);
}

static end action_of_hook(flow_run *r, const flow_action *a, const path *p, flow_on_error of_hook) {
  end e = guarded(r, a, p, false);
  bool ignored = e == BAD && may_fail(a, of_hook);
  tell(r, "action %s %s", here(r, p).text, ignored ? "warning" : end_words[e]);
  if (ignored) r->warnings++;
  return ignored || e == SKIPPED ? DONE : e;
}

/* ---- hooks ---- */

static end hook_actions(flow_run *r, const flow_hook *h, const path *p) {
  for (unsigned i = 0; i < h->actions.count; i++) {
    path own = element(p, "actions", i);
    end e = action_of_hook(r, h->actions.at[i], &own, h->on_error);
    if (e != DONE) return e;
  }
  return DONE;
}

static end run_hook(flow_run *r, const flow_hook *h, const path *p) {
  flow_truth t = h->condition ? flow_holds(r, h->condition) : FLOW_TRUE;
  end e = t == FLOW_FALSE ? SKIPPED : BAD;
  if (t == FLOW_TRUE) {
    tell(r, "begin hook %s", here(r, p).text);
    e = hook_actions(r, h, p);
  }
  tell(r, "hook %s %s", here(r, p).text, end_words[e]);
  return e == SKIPPED ? DONE : e;
}

static end hooks_of_step(flow_run *r, const flow_list *l, const path *p, const char *place) {
  for (unsigned i = 0; i < l->count; i++) {
    path own = element(p, place, i);
    end e = run_hook(r, l->at[i], &own);
    if (e != DONE) return e;
  }
  return DONE;
}

/* Of one moment.  "A failed post_orchestration hook makes the exit code 1;
 * `post_verdict` hooks only warn": neither keeps the others from running. */
static end global_hooks(flow_run *r, flow_moment moment) {
  const path top = {""};
  for (unsigned i = 0; i < r->d->hooks.count; i++) {
    const flow_hook *h = r->d->hooks.at[i];
    path own = element(&top, "hooks", i);
    if (h->moment != moment) continue;
    end e = run_hook(r, h, &own);
    if (e == DONE) continue;
    if (e == BAD && moment == FLOW_POST_VERDICT) {
      r->warnings++;
      continue;
    }
    if (e == BAD && moment < FLOW_PRE_STEP) r->hook_failed = true;
    if (e == LEFT || moment != FLOW_POST_ORCHESTRATION) return e;
  }
  return DONE;
}

/* ---- assertions ---- */

static flow_truth equals(flow_run *r, const flow_assertion *a) {
  const flow_expr e = {.op = FLOW_NAME, .name = a->name};
  flow_value v = flow_evaluate(r, &e);
  if (flow_is_error(v)) return v.kind == FLOW_NO_VALUE ? FLOW_UNKNOWN : FLOW_BROKEN;
  return flow_equal(v, a->expected) ? FLOW_TRUE : FLOW_FALSE;
}

static flow_truth in_range(flow_run *r, const flow_assertion *a) {
  const flow_expr e = {.op = FLOW_NAME, .name = a->name};
  flow_value v = flow_evaluate(r, &e);
  double number = v.kind == FLOW_INT ? (double)v.i : v.d;
  if (flow_is_error(v)) return FLOW_UNKNOWN;
  return number >= (double)a->min && number <= (double)a->max ? FLOW_TRUE : FLOW_FALSE;
}

/* "holds when it holds for each of its runs" */
static flow_truth of_runs(const flow_assertion *a) {
  const flow_result *o = &a->step->result;
  bool failed = a->kind == FLOW_STEP_FAILED;
  unsigned wanted = failed ? o->runs_failed : o->runs_passed;
  unsigned other = failed ? o->runs_passed : o->runs_failed;
  if (!o->known) return FLOW_UNKNOWN;
  return wanted && !other ? FLOW_TRUE : FLOW_FALSE;
}

static flow_truth assertion_holds(flow_run *r, const flow_assertion *a) {
  switch (a->kind) {
    case FLOW_HOLDS: return flow_holds(r, a->condition);
    case FLOW_EQUALS: return equals(r, a);
    case FLOW_IN_RANGE: return in_range(r, a);
    default: return of_runs(a);
  }
}

typedef struct judged {
  unsigned passed, failed, no_data, warnings;
  bool bad;     /* what they are about has failed */
  bool unknown; /* there was no data */
} judged;

/* All of them: also after one that failed. */
static judged judge(flow_run *r, const flow_list *l, const path *p) {
  judged j = {0};
  for (unsigned i = 0; i < l->count; i++) {
    const flow_assertion *a = l->at[i];
    path own = element(p, "assertions", i);
    flow_truth t = assertion_holds(r, a);
    bool allowed = t == FLOW_UNKNOWN && a->kind == FLOW_IN_RANGE && a->no_data_passes;
    const char *word = t == FLOW_TRUE                   ? "passed"
                       : !allowed && a->warning ? "warning"
                       : t == FLOW_UNKNOWN              ? "no_data"
                                                        : "failed";
    tell(r, "assertion %s %s", here(r, &own).text, word);
    if (t == FLOW_TRUE)
      j.passed++;
    else if (a->warning && !allowed)
      j.warnings++;
    else if (t == FLOW_UNKNOWN)
      j.no_data++, j.unknown = j.unknown || !allowed;
    else
      j.failed++, j.bad = true;
  }
  return j;
}

static void count(flow_run *r, const judged *j) {
  r->assertions_passed += j->passed;
  r->assertions_failed += j->failed;
  r->assertions_no_data += j->no_data;
  r->warnings += j->warnings;
}

/* ---- what failures of entries mean ---- */

/* "go on, the run still fails; go on, a failure is only a warning"; of a rollback:
 * that one has failed, and the next is run. */
static void entry_failed(flow_run *r, const flow_entry *e) {
  if (e->optional) {
    r->warnings++;
    return;
  }
  if (r->in_rollback) {
    r->rollback_fails = true;
    return;
  }
  r->failed = true;
  if (!e->goes_on) r->pending = true;
}

static void becomes_previous(flow_run *r, flow_result o) {
  r->previous = o;
  if (!o.succeeded) r->all_succeeded = false;
}

/* "Something was run": by the lists, not by a rollback. */
static void was_run(flow_run *r) { r->ran = r->ran || !r->in_rollback; }

/* ---- steps ---- */

static end load(flow_run *r, const char *name, double seconds) {
  if (isnan(seconds)) return BAD; /* an expression that is an error */
  if (seconds < 0) { /* a load refuses what is no length of time */
    tell(r, "effect http_load %s refused", name);
    return BAD;
  }
  tell(r, "effect http_load %s %g", name, seconds);
  flow_reply reply = flow_answer(&r->world, "http_load", name);
  flow_metric *m = &r->metrics[0];
  r->now += seconds;
  if (!reply.ok) return BAD;
  m->of_step = m->last = m->of_run = (flow_value){.kind = FLOW_DOUBLE, .d = reply.error_rate};
  return DONE;
}

/* "faults in, load, load stops, faults out", on every way out */
static end faulted(flow_run *r, const path *p, double seconds) {
  tell(r, "effect proxy inject");
  flow_reply injected = flow_answer(&r->world, "proxy", "inject");
  end e = injected.ok ? load(r, "slow_backend", seconds) : BAD;
  tell(r, "effect proxy undo");
  if (flow_answer(&r->world, "proxy", "undo").ok) return e;
  tell(r, "error %s", here(r, p).text);
  return BAD;
}

static end work(flow_run *r, const flow_entry *s, const path *p) {
  double seconds = s->duration >= 0 || !s->load ? s->duration : 30; /* the scenario's */
  if (s->length) {
    flow_value v = flow_evaluate(r, s->length);
    bool right = as_seconds(v, &seconds);
    if (!right && !s->load) return BAD;
    if (!right) seconds = flow_is_error(v) ? NAN : -1;
  }
  if (s->load) return s->fault ? faulted(r, p, seconds) : load(r, "baseline", seconds);
  if (seconds >= 0) pass_time(r, seconds);
  return DONE;
}

/* "an attempt is pre_hooks, scenario, post_hooks, assertions"; post_hooks run in any
 * case, assertions are judged when there is something to judge.  `e` is how it went
 * before the attempt. */
static end attempt(flow_run *r, const flow_entry *s, const path *p, end e, judged *j) {
  *j = (judged){0};
  if (e == DONE) e = hooks_of_step(r, &s->pre_hooks, p, "pre_hooks");
  if (e == DONE) e = work(r, s, p);
  if (e == LEFT) return e;
  r->phase = FLOW_AFTER_LOAD;
  end after = hooks_of_step(r, &s->post_hooks, p, "post_hooks");
  if (after == LEFT) return LEFT;
  if (e != DONE || after != DONE) return BAD;
  *j = judge(r, &s->assertions, p);
  return j->bad || j->unknown ? BAD : DONE;
}

static double pause_before(const flow_entry *s, unsigned next) {
  double pause = s->pause;
  if (s->factor > 0)
    for (unsigned i = 2; i < next; i++) pause *= s->factor;
  return s->longest > 0 && pause > s->longest ? s->longest : pause;
}

/* What the condition of a retry sees of the attempt that failed. */
static bool tries_again(flow_run *r, flow_entry *s, const path *p, unsigned n, double begun) {
  flow_result *o = &s->result;
  if (n >= s->attempts) return false;
  o->known = true;
  o->skipped = o->succeeded = o->interrupted = false;
  o->attempts = n;
  o->duration = r->now - begun;
  if (!s->when) return true;
  flow_truth t = flow_holds(r, s->when);
  if (t > FLOW_TRUE) tell(r, "error %s", here(r, p).text);
  return t == FLOW_TRUE;
}

static void put_name(flow_run *r, const flow_entry *s) {
  size_t n = s->shown ? (size_t)(strchr(s->name, '$') - s->name) : strlen(s->name);
  mf_buf_add(r->out, s->name, n);
  if (s->shown) mf_buf_puts(r->out, r->name);
}

static bool evaluate_name(flow_run *r, const flow_entry *s) {
  mf_buf b;
  mf_buf_init(&b, NULL, 1000);
  mf_buf_puts(&b, "");
  bool ok = !s->shown || flow_put_text(r, s->shown, &b);
  snprintf(r->name, sizeof r->name, "%s", b.p);
  mf_buf_fini(&b);
  return ok;
}

static end attempts(flow_run *r, flow_entry *s, const path *p, end before, unsigned *made,
                    double begun) {
  flow_metric metrics[2] = {r->metrics[0], r->metrics[1]};
  judged j;
  *made = 1;
  for (;;) {
    end e = attempt(r, s, p, before, &j);
    if (e != BAD || before != DONE || !tries_again(r, s, p, *made, begun)) {
      count(r, &j);
      return e;
    }
    double pause = pause_before(s, *made + 1);
    tell(r, "retry %s after %u pause %g", here(r, p).text, *made, pause);
    for (unsigned i = 0; i < 2; i++) r->metrics[i].of_step = metrics[i].of_step;
    pass_time(r, pause);
    r->phase = FLOW_BEFORE_LOAD;
    mf_buf_puts(r->out, "begin step "), put_name(r, s);
    tell(r, " at %s attempt %u", here(r, p).text, ++*made);
  }
}

/* delay, step variables, global pre_step hooks. */
static end before_attempts(flow_run *r, const flow_entry *s) {
  if (s->delay >= 0) pass_time(r, s->delay);
  for (unsigned i = 0; i < s->variables.count; i++) {
    const flow_setting *v = s->variables.at[i];
    flow_value value = flow_evaluate(r, v->value);
    if (flow_is_error(value)) return BAD;
    flow_find(&r->of_step, v->name)->value = value;
  }
  return global_hooks(r, FLOW_PRE_STEP);
}

static void set_result(flow_run *r, flow_entry *s, end e, unsigned made, double begun) {
  flow_result *o = &s->result;
  o->known = true;
  o->skipped = false;
  o->succeeded = e == DONE;
  o->interrupted = e == LEFT;
  o->attempts = made;
  o->duration = r->now - begun;
  was_run(r);
  becomes_previous(r, *o);
}

/* The outcome, then "global post_step hooks, which see that outcome as `previous`" and
 * may turn it to failed. */
static end outcome(flow_run *r, flow_entry *s, end e, unsigned made, double begun) {
  s->result.runs++;
  set_result(r, s, e, made, begun);
  if (e == LEFT) return e;
  end hooks = global_hooks(r, FLOW_POST_STEP);
  if (hooks == LEFT) e = LEFT;
  if (hooks == BAD) e = BAD;
  bool changed = s->result.succeeded ? e != DONE : e == LEFT;
  if (changed) set_result(r, s, e, made, begun);
  if (e == LEFT) return e;
  s->result.duration = r->previous.duration = r->now - begun; /* of all of it */
  return e;
}

static void declare(flow_run *r, const flow_entry *s) {
  r->in_step = true;
  r->of_step.count = s->variables.count;
  for (unsigned i = 0; i < s->variables.count; i++)
    r->of_step.at[i] = (flow_cell){((flow_setting *)s->variables.at[i])->name,
                                   {.kind = FLOW_NO_VALUE}};
}

static end inside_step(flow_run *r, flow_entry *s, const path *p) {
  double begun = r->now;
  unsigned made;
  declare(r, s);
  mf_buf_puts(r->out, "begin step "), put_name(r, s);
  tell(r, " at %s", here(r, p).text);
  for (unsigned i = 0; i < 2; i++) r->metrics[i].of_step = (flow_value){.kind = FLOW_NO_VALUE};
  end before = before_attempts(r, s);
  end e = before == LEFT ? LEFT : attempts(r, s, p, before, &made, begun);
  if (before == LEFT) made = 1;
  e = outcome(r, s, e, made, begun);
  r->phase = FLOW_BEFORE_LOAD;
  r->in_step = false;
  return e;
}

static void count_step(flow_run *r, flow_entry *s, end e) {
  if (e == DONE) {
    r->steps_passed++, s->result.runs_passed++;
    return;
  }
  s->result.runs_failed++;
  if (e == LEFT) {
    r->steps_failed++;
    return;
  }
  /* "A failed step that a `step_failed` assertion names is expected." */
  if (s->expected_to_fail) return;
  bool counts = !s->optional && !r->in_rollback, failed = r->failed;
  entry_failed(r, s);
  r->failed = failed;
  if (counts) r->steps_failed++;
}

static end run_step(flow_run *r, flow_entry *s, const path *p) {
  flow_truth t = s->condition ? flow_holds(r, s->condition) : FLOW_TRUE;
  if (t == FLOW_FALSE) {
    flow_result *o = &s->result;
    o->known = o->skipped = true;
    o->succeeded = o->interrupted = false;
    o->attempts = 0;
    o->duration = 0;
    r->steps_skipped++;
    tell(r, "step %s skipped", here(r, p).text);
    return DONE;
  }
  end e = BAD;
  double begun = r->now;
  bool named = false;
  if (t == FLOW_TRUE) {
    if (flow_looks(s->condition)) r->pending = false;
    named = evaluate_name(r, s);
    if (named) e = inside_step(r, s, p);
  }
  if (!named) {
    s->result.runs++;
    set_result(r, s, BAD, 1, r->now);
  }
  count_step(r, s, e);
  tell(r, "step %s %s %g", here(r, p).text, end_words[e], r->now - begun);
  return e == LEFT ? LEFT : DONE;
}

/* ---- the other entries ---- */

static end run_entries(flow_run *r, const flow_list *l, const path *p);

/* "neither branch runs", when a condition is an error. */
static end run_conditional(flow_run *r, flow_entry *e, const path *p) {
  bool looks = false;
  for (unsigned i = 0; i < e->arms.count; i++)
    looks = looks || flow_looks(((flow_arm *)e->arms.at[i])->condition);
  for (unsigned i = 0; i < e->arms.count; i++) {
    const flow_arm *arm = e->arms.at[i];
    flow_truth t = flow_holds(r, arm->condition);
    if (t > FLOW_TRUE) {
      tell(r, "error %s", here(r, p).text);
      entry_failed(r, e);
      return DONE;
    }
    if (t == FLOW_FALSE) continue;
    if (looks) r->pending = false; /* "for a conditional, either branch" */
    tell(r, "branch %s %s", here(r, p).text, i ? "elif" : "then");
    path own = i ? element(p, "elif", i - 1) : *p;
    own = part(&own, "then");
    return run_entries(r, &arm->entries, &own);
  }
  if (looks) r->pending = false;
  tell(r, "branch %s else", here(r, p).text);
  path own = part(p, "else");
  return run_entries(r, &e->otherwise, &own);
}

typedef struct loop {
  unsigned turn;
  end end;
} loop;

/* One turn; its path has its number. */
static end turn(flow_run *r, flow_entry *e, const path *p, loop *l, const flow_value *of) {
  path steps = part(p, "steps");
  l->turn++;
  mf_buf_printf(r->out, "turn %u of %s", l->turn, here(r, p).text);
  if (of) mf_buf_putc(r->out, ' '), flow_put_value(r->out, of);
  mf_buf_putc(r->out, '\n');
  r->turns[r->turn_count++] = l->turn;
  if (e->as)
    flow_find(&r->loops, e->as)->value = of ? *of
                                            : (flow_value){.kind = FLOW_INT, .i = (long)l->turn};
  end how = run_entries(r, &e->entries, &steps);
  r->turn_count--;
  return how;
}

static void broke(flow_run *r, flow_entry *e, const path *p, loop *l) {
  tell(r, "error %s", here(r, p).text);
  entry_failed(r, e);
  l->end = BAD;
}

static void run_while(flow_run *r, flow_entry *e, const path *p, loop *l) {
  for (;;) {
    flow_truth t = flow_holds(r, e->how);
    if (t > FLOW_TRUE) {
      broke(r, e, p, l);
      return;
    }
    /* It handles by going on, and by ending unless there was no turn. */
    if (flow_looks(e->how) && (t == FLOW_TRUE || l->turn)) r->pending = false;
    if (t == FLOW_FALSE) return;
    if ((l->end = turn(r, e, p, l, NULL)) == LEFT) return;
  }
}

static void run_until(flow_run *r, flow_entry *e, const path *p, loop *l) {
  for (;;) {
    if ((l->end = turn(r, e, p, l, NULL)) == LEFT) return;
    flow_truth t = flow_holds(r, e->how);
    if (t > FLOW_TRUE) {
      broke(r, e, p, l);
      return;
    }
    if (flow_looks(e->how)) r->pending = false;
    if (t == FLOW_TRUE) return;
  }
}

static void run_turns(flow_run *r, flow_entry *e, const path *p, loop *l) {
  flow_value v = flow_evaluate(r, e->how);
  bool each = e->turns == FLOW_FOR_EACH;
  bool right = each ? v.kind == FLOW_LIST : v.kind == FLOW_INT && v.i >= 0;
  if (!right) {
    broke(r, e, p, l);
    return;
  }
  unsigned n = each ? v.count : (unsigned)v.i;
  for (unsigned i = 0; i < n && l->end != LEFT; i++)
    l->end = turn(r, e, p, l, each ? &v.items[i] : NULL);
}

static end run_repeat(flow_run *r, flow_entry *e, const path *p) {
  loop l = {0, DONE};
  flow_truth t = e->condition ? flow_holds(r, e->condition) : FLOW_TRUE;
  if (t == FLOW_FALSE) {
    tell(r, "repeat %s skipped 0", here(r, p).text);
    return DONE;
  }
  if (t != FLOW_TRUE) {
    broke(r, e, p, &l);
  } else {
    if (flow_looks(e->condition)) r->pending = false;
    if (e->as)
      r->loops.at[r->loops.count++] = (flow_cell){e->as, {.kind = FLOW_NO_VALUE}};
    if (e->turns == FLOW_WHILE)
      run_while(r, e, p, &l);
    else if (e->turns == FLOW_UNTIL)
      run_until(r, e, p, &l);
    else
      run_turns(r, e, p, &l);
    if (e->as) r->loops.count--;
  }
  const char *word = l.end == LEFT && r->pending ? "failed" : end_words[l.end];
  tell(r, "repeat %s %s %u", here(r, p).text, word, l.turn);
  return l.end == LEFT ? LEFT : DONE;
}

/* "evaluated until it holds"; a look that is an error does not hold. */
static end wait_until(flow_run *r, const flow_entry *e) {
  double begun = r->now;
  for (;;) {
    if (e->url) r->response = ask(r, "http_request", e->url, NULL);
    if (flow_holds(r, e->until) == FLOW_TRUE) return DONE;
    if (r->now - begun >= e->timeout) return BAD;
    pass_time(r, e->interval);
  }
}

static end run_wait(flow_run *r, const flow_entry *e) {
  double seconds;
  if (!as_seconds(flow_evaluate(r, e->seconds), &seconds)) return BAD;
  pass_time(r, seconds);
  return DONE;
}

static end do_bare(flow_run *r, const flow_entry *e, const path *p) {
  if (e->kind == FLOW_AN_ACTION) return guarded(r, e->action, p, true);
  if (e->condition) {
    flow_truth t = flow_holds(r, e->condition);
    if (t == FLOW_FALSE) return SKIPPED;
    if (t != FLOW_TRUE) return BAD;
    if (flow_looks(e->condition)) r->pending = false;
  }
  return e->kind == FLOW_WAIT ? run_wait(r, e) : wait_until(r, e);
}

/* "as an entry or a rollback every action fails for real" */
static end run_bare(flow_run *r, flow_entry *e, const path *p) {
  double begun = r->now;
  bool waits = e->kind == FLOW_WAIT || (e->action && e->action->kind == FLOW_PAUSE);
  end how = do_bare(r, e, p);
  tell(r, "action %s %s", here(r, p).text,
       how == BAD && e->optional ? "warning" : end_words[how]);
  if (how == LEFT || how == SKIPPED) return how == LEFT ? LEFT : DONE;
  was_run(r);
  if (how == BAD) entry_failed(r, e);
  flow_result o = {.known = true, .attempts = 1, .runs = 1};
  o.succeeded = how == DONE;
  o.duration = r->now - begun;
  if (!waits || how == BAD) becomes_previous(r, o);
  return DONE;
}

/* ---- entries ---- */

/* Whether the entry may handle a pending failure. */
static bool entry_looks(const flow_entry *e) {
  bool looks = flow_looks(e->condition);
  for (unsigned i = 0; i < e->arms.count; i++)
    looks = looks || flow_looks(((flow_arm *)e->arms.at[i])->condition);
  if (e->kind == FLOW_REPEAT && e->turns == FLOW_WHILE) looks = looks || flow_looks(e->how);
  if (e->kind == FLOW_AN_ACTION && e->action->kind != FLOW_ASSERT)
    looks = looks || flow_looks(e->action->condition);
  return looks;
}

static end run_entry(flow_run *r, flow_entry *e, const path *p) {
  /* "an entry that does not look stops the run" */
  if (r->pending && !entry_looks(e)) return LEFT;
  switch (e->kind) {
    case FLOW_A_STEP: return run_step(r, e, p);
    case FLOW_CONDITIONAL: return run_conditional(r, e, p);
    case FLOW_REPEAT: return run_repeat(r, e, p);
    default: return run_bare(r, e, p);
  }
}

static end run_entries(flow_run *r, const flow_list *l, const path *p) {
  for (unsigned i = 0; i < l->count; i++) {
    path own = *p;
    snprintf(own.text, sizeof own.text, "%.180s[%u]", p->text, i);
    end e = run_entry(r, l->at[i], &own);
    if (e == LEFT) return LEFT;
  }
  return DONE;
}

/* ---- the run ---- */

static end run_lists_once(flow_run *r) {
  static const path names[] = {{"steps"}, {"advanced_steps"}, {"conditional_steps"}};
  for (unsigned i = 0; i < 3; i++)
    if (run_entries(r, &r->d->lists[i], &names[i]) == LEFT) return LEFT;
  return r->pending ? LEFT : DONE;
}

static end run_lists(flow_run *r) {
  unsigned most = r->d->iterations;
  end e = DONE;
  r->phase = FLOW_BEFORE_LOAD;
  if (most == 0) {
    e = run_lists_once(r);
    r->phase = FLOW_OF_RUN;
    return e;
  }
  unsigned i;
  for (i = 1; i <= most && e == DONE; i++) {
    r->iteration = i;
    tell(r, "turn %u of ", i);
    r->turns[r->turn_count++] = i;
    e = run_lists_once(r);
    r->turn_count--;
  }
  tell(r, "repeat  %s %u", e == LEFT ? (r->pending ? "failed" : "interrupted") : "passed", i - 1);
  r->phase = FLOW_OF_RUN;
  return e;
}

static end steady(flow_run *r) {
  const flow_document *d = r->d;
  const path p = {"steady_state"};
  double begun = r->now;
  end e = DONE;
  for (unsigned i = 0; i < d->probes.count && e == DONE; i++) {
    path own = element(&p, "probes", i);
    e = action_of_hook(r, d->probes.at[i], &own, FLOW_DOES_FAIL);
  }
  if (e == DONE && d->steady_duration >= 0) pass_time(r, d->steady_duration);
  if (e == DONE) {
    judged j = judge(r, &d->steady_assertions, &p);
    if (j.bad || j.unknown) e = BAD;
  }
  tell(r, "block steady_state %s %g", end_words[e], r->now - begun);
  return e;
}

/* "steady state again, until it holds or `recovery` is over (`recovery_time`)" */
static void recover(flow_run *r) {
  double begun = r->now, limit = r->d->recovery >= 0 ? r->d->recovery : 30;
  end e;
  while ((e = steady(r)) != DONE && r->now - begun < limit) pass_time(r, 1);
  tell(r, "block recovery %s %g", end_words[e], r->now - begun);
  if (e == DONE)
    tell_value(r, "metric", "recovery_time",
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
  const path p = {""};
  flow_strategy when = r->d->strategy;
  if (when == FLOW_NEVER || (when == FLOW_ON_FAILURE && !has_failed(r))) return;
  for (unsigned i = 0; i < r->d->rollbacks.count; i++) {
    double begun = r->now;
    path own = element(&p, "rollbacks", i);
    r->in_rollback = true;
    r->rollback_fails = false;
    r->phase = FLOW_BEFORE_LOAD;
    end e = run_entry(r, r->d->rollbacks.at[i], &own);
    if (r->rollback_fails && e == DONE) e = BAD;
    tell(r, "block rollback %s %g", end_words[e], r->now - begun);
    if (e != DONE) r->rollback_failed = true;
    r->in_rollback = false;
    r->phase = FLOW_OF_RUN;
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
      tell(r, "error ");
      r->failed = true;
      return false;
    }
    r->globals.at[r->globals.count++] = (flow_cell){s->name, v};
  }
  return true;
}

/* Hooks before, the gate, the lists, rollbacks, the steady state again. */
static void run_all(flow_run *r) {
  end before = global_hooks(r, FLOW_PRE_ORCHESTRATION);
  if (before == BAD) tell(r, "error ");
  if (before != DONE) return;
  if (r->d->steady && steady(r) != DONE) {
    r->unsteady = true;
    return;
  }
  run_lists(r);
  r->pending = false;
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

void flow_expect(flow_document *d, mf_buf *out) {
  static const flow_value none = {.kind = FLOW_NO_VALUE};
  const path top = {""};
  flow_run r = {.d = d, .world = {.seed = d->seed}, .out = out, .all_succeeded = true};
  for (unsigned i = 0; i < 3; i++) reset(&d->lists[i]);
  reset(&d->rollbacks);
  mf_arena_init(&r.arena, NULL, 0);
  r.previous.succeeded = true;
  r.iteration = 1;
  r.phase = FLOW_OF_RUN;
  r.response = none;
  r.metrics[0] = r.metrics[1] = (flow_metric){none, none, none};
  r.most = none;
  if (begin(&r)) run_all(&r);
  global_hooks(&r, FLOW_POST_ORCHESTRATION);
  tell_value(&r, "metric", "total_duration", (flow_value){.kind = FLOW_DOUBLE, .d = r.now});
  judged j = judge(&r, &d->assertions, &top);
  count(&r, &j);
  r.failed = r.failed || j.bad;
  r.no_data = j.unknown;
  tell(&r, "verdict %s", verdict(&r));
  r.judged = true;
  global_hooks(&r, FLOW_POST_VERDICT);
  if (d->report) tell(&r, "effect report %s", d->report);
  tell(&r, "nothing run %d, aborted %d, hook %d, unsteady %d, rollback %d", !r.ran, r.aborted,
       r.hook_failed, r.unsteady, r.rollback_failed);
  tell(&r, "steps %u %u %u, assertions %u %u %u, warnings %u", r.steps_passed, r.steps_failed,
       r.steps_skipped, r.assertions_passed, r.assertions_failed, r.assertions_no_data, r.warnings);
  mf_arena_fini(&r.arena);
}
