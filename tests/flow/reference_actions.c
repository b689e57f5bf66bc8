/* SPDX-License-Identifier: MIT */
/* reference_actions - with its neighbours: carries a document's tree out, as the language's description says it,
 * sentence by sentence; where it quotes, it quotes that description. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reference.h"

const char *const flow_end_words[] = {"passed", "failed", "skipped", "interrupted"};

/* ---- telling ---- */

void flow_tell(flow_run *r, const char *fmt, ...) {
  char line[512];
  va_list args;
  va_start(args, fmt);
  vsnprintf(line, sizeof line, fmt, args);
  va_end(args);
  mf_buf_puts(r->out, line);
  mf_buf_putc(r->out, '\n');
}

void flow_tell_value(flow_run *r, const char *what, const char *name, flow_value v) {
  mf_buf_printf(r->out, "%s %s ", what, name);
  flow_put_value(r->out, &v);
  mf_buf_putc(r->out, '\n');
}

/* With the numbers of the turns. */
flow_path flow_here(const flow_run *r, const flow_path *p) {
  flow_path out = *p;
  size_t n = strlen(out.text);
  for (unsigned i = 0; i < r->t->turn_count && n > 0; i++)
    n += (size_t)snprintf(out.text + n, sizeof out.text - n, i ? ".%u" : "@%u", r->t->turns[i]);
  return out;
}

flow_path flow_part(const flow_path *p, const char *name) {
  flow_path out;
  snprintf(out.text, sizeof out.text, "%.150s%s%s", p->text, p->text[0] ? "." : "", name);
  return out;
}
flow_path flow_element(const flow_path *p, const char *name, unsigned i) {
  flow_path out;
  if (name)
    snprintf(out.text, sizeof out.text, "%.150s%s%s[%u]", p->text, p->text[0] ? "." : "", name, i);
  else
    snprintf(out.text, sizeof out.text, "%.180s[%u]", p->text, i);
  return out;
}

/* ---- the world ---- */

bool flow_pass_time(flow_run *r, double seconds) {
  if (seconds > 0) flow_tell(r, "effect wait %g", seconds);
  return flow_takes(r, "wait", seconds, true) && !flow_must_leave(r);
}

bool flow_as_seconds(flow_value v, double *seconds) {
  *seconds = v.kind == FLOW_INT ? (double)v.i : v.d;
  return (v.kind == FLOW_INT || v.kind == FLOW_DOUBLE) && *seconds >= 0 && *seconds < 1e9;
}

static flow_value answer_of(const char *driver, flow_reply reply) {
  return (flow_value){.kind = FLOW_ANSWER,
                      .ok = reply.ok,
                      .i = reply.code,
                      .text = strcmp(driver, "command") ? "status" : "exit_code"};
}

flow_value flow_ask(flow_run *r, const char *driver, const char *name, const flow_value *with) {
  mf_buf_printf(r->out, "effect %s %s", driver, name);
  if (with) mf_buf_putc(r->out, ' '), flow_put_value(r->out, with);
  mf_buf_putc(r->out, '\n');
  flow_reply reply = flow_answer(&r->world, driver, name);
  flow_takes(r, driver, reply.seconds, true);
  return answer_of(driver, reply);
}

/* ---- variables ---- */

/* "writes the innermost scope that declares the name, else the global one" */
static bool set(flow_run *r, const char *name, flow_value v) {
  flow_cell *cell = r->t->in_step ? flow_find(&r->t->of_step, name) : NULL;
  if (!cell) cell = flow_find(&r->globals, name);
  if (!strcmp(name, "i0") && v.kind != FLOW_INT) return false; /* an input has a type */
  if (!cell) {
    cell = &r->globals.at[r->globals.count++];
    cell->name = name;
  }
  cell->value = v;
  flow_tell_value(r, "variable", name, v);
  return true;
}

/* ---- actions ---- */

static flow_end do_effect(flow_run *r, const flow_action *a) {
  flow_value with = {.kind = FLOW_NO_VALUE};
  if (a->value) with = flow_evaluate(r, a->value);
  if (a->value && flow_is_error(with)) return BAD;
  flow_value v = flow_ask(r, a->kind == FLOW_REQUEST ? "http_request" : "command", a->name,
                          a->value ? &with : NULL);
  bool judged = a->expect || a->expect_code >= 0;
  if (flow_must_leave(r)) return LEFT;
  if (a->save_as || judged) r->t->response = v;
  if (a->save_as) set(r, a->save_as, v);
  if (!judged) return v.ok ? DONE : BAD;
  if (v.i < 0) return BAD;
  if (a->expect) return flow_holds(r, a->expect) == FLOW_TRUE ? DONE : BAD;
  return v.i == a->expect_code ? DONE : BAD;
}

static flow_end do_metric(flow_run *r, const flow_action *a) {
  flow_value v = flow_evaluate(r, a->value);
  flow_metric *m = &r->t->metrics[1];
  if (v.kind != FLOW_INT && v.kind != FLOW_DOUBLE) return BAD;
  m->of_step = m->last = r->of_run[1] = v;
  r->t->measured[1] = true;
  double number = v.kind == FLOW_INT ? (double)v.i : v.d;
  double most = r->most.kind == FLOW_INT ? (double)r->most.i : r->most.d;
  if (r->samples++ == 0 || number > most) r->most = v;
  flow_tell_value(r, "metric", a->name, v);
  return DONE;
}

static flow_end do_log(flow_run *r, const flow_action *a) {
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

static flow_end do_action(flow_run *r, const flow_action *a, const flow_path *p) {
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
      if (!flow_as_seconds(flow_evaluate(r, a->value), &seconds)) return BAD;
      return flow_pass_time(r, seconds) ? DONE : LEFT;
    case FLOW_FAIL: return BAD;
    case FLOW_ABORT:
      r->aborted = r->t->erred = true;
      flow_tell(r, "error %s", flow_here(r, p).text);
      flow_abort(r);
      return LEFT;
  }
  return BAD;
}

/* "false: not carried out; in `assert` it is what is asserted". */
flow_end flow_guarded(flow_run *r, const flow_action *a, const flow_path *p, bool handles) {
  if (a->condition && a->kind != FLOW_ASSERT) {
    flow_truth t = flow_holds(r, a->condition);
    if (t == FLOW_FALSE) return SKIPPED;
    if (t != FLOW_TRUE) return BAD;
    if (handles && flow_looks(a->condition)) r->t->pending = false;
  }
  return do_action(r, a, p);
}

static bool may_fail(const flow_action *a, flow_on_error of_hook) {
  bool judged = a->save_as || a->expect || a->expect_code >= 0;
  if (a->on_error) return a->on_error == FLOW_IGNORE;
  if (of_hook) return of_hook == FLOW_IGNORE;
  return a->kind == FLOW_LOG || a->kind == FLOW_METRIC || (a->kind == FLOW_REQUEST && !judged);
}

flow_end flow_hook_action(flow_run *r, const flow_action *a, const flow_path *p,
                          flow_on_error of_hook) {
  flow_end e = flow_guarded(r, a, p, false);
  bool ignored = e == BAD && may_fail(a, of_hook);
  flow_tell(r, "action %s %s", flow_here(r, p).text, ignored ? "warning" : flow_end_words[e]);
  if (ignored) r->warnings++;
  return ignored || e == SKIPPED ? DONE : e;
}

/* ---- hooks ---- */

static flow_end hook_actions(flow_run *r, const flow_hook *h, const flow_path *p) {
  for (unsigned i = 0; i < h->actions.count; i++) {
    flow_path own = flow_element(p, "actions", i);
    flow_end e = flow_hook_action(r, h->actions.at[i], &own, h->on_error);
    if (e != DONE) return e;
  }
  return DONE;
}

static flow_end run_hook(flow_run *r, const flow_hook *h, const flow_path *p) {
  flow_truth t = h->condition ? flow_holds(r, h->condition) : FLOW_TRUE;
  flow_end e = t == FLOW_FALSE ? SKIPPED : BAD;
  if (t == FLOW_TRUE) {
    flow_tell(r, "begin hook %s", flow_here(r, p).text);
    e = hook_actions(r, h, p);
  }
  flow_tell(r, "hook %s %s", flow_here(r, p).text, flow_end_words[e]);
  return e == SKIPPED ? DONE : e;
}

flow_end flow_step_hooks(flow_run *r, const flow_list *l, const flow_path *p, const char *place) {
  for (unsigned i = 0; i < l->count; i++) {
    flow_path own = flow_element(p, place, i);
    flow_end e = run_hook(r, l->at[i], &own);
    if (e != DONE) return e;
  }
  return DONE;
}

/* Of one moment.  "A failed post_orchestration hook makes the exit code 1;
 * `post_verdict` hooks only warn": neither keeps the others from running. */
flow_end flow_global_hooks(flow_run *r, flow_moment moment) {
  const flow_path top = {""};
  for (unsigned i = 0; i < r->d->hooks.count; i++) {
    const flow_hook *h = r->d->hooks.at[i];
    flow_path own = flow_element(&top, "hooks", i);
    if (h->moment != moment) continue;
    flow_end e = run_hook(r, h, &own);
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
  flow_result *o = &a->step->result;
  bool failed = a->kind == FLOW_STEP_FAILED;
  if (failed) o->owed = false;
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

/* All of them: also after one that failed. */
flow_judged flow_judge(flow_run *r, const flow_list *l, const flow_path *p) {
  flow_judged j = {0};
  for (unsigned i = 0; i < l->count; i++) {
    const flow_assertion *a = l->at[i];
    flow_path own = flow_element(p, "assertions", i);
    flow_truth t = assertion_holds(r, a);
    bool allowed = t == FLOW_UNKNOWN && a->kind == FLOW_IN_RANGE && a->no_data_passes;
    const char *word = t == FLOW_TRUE           ? "passed"
                       : !allowed && a->warning ? "warning"
                       : t == FLOW_UNKNOWN      ? "no_data"
                                                : "failed";
    flow_tell(r, "assertion %s %s", flow_here(r, &own).text, word);
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

void flow_count(flow_run *r, const flow_judged *j) {
  r->assertions_passed += j->passed;
  r->assertions_failed += j->failed;
  r->assertions_no_data += j->no_data;
  r->warnings += j->warnings;
}

/* ---- what failures of entries mean ---- */

/* "go on, the run still fails; go on, a failure is only a warning"; of a rollback:
 * that one has failed, and the next is run. */
void flow_entry_failed(flow_run *r, const flow_entry *e) {
  if (e->optional) {
    r->warnings++;
    return;
  }
  if (r->t->lenient)
    r->warnings++;
  else
    *(r->in_rollback ? &r->rollback_fails : &r->failed) = true;
  if (!e->goes_on) *(r->in_rollback ? &r->t->broke : &r->t->pending) = true;
}

void flow_becomes_previous(flow_run *r, flow_result o) {
  r->t->previous = o;
  if (!o.succeeded) r->t->all_succeeded = false;
}

/* "Something was run": by the lists, not by a rollback. */
void flow_was_run(flow_run *r) { r->ran = r->ran || !r->in_rollback; }
