/* SPDX-License-Identifier: MIT */
/* reference_values - what the conditions of random documents mean: the part of CEL
 * that they use, evaluated on the tree. */
#include <math.h>
#include <string.h>

#include "reference.h"

static flow_value error(void) { return (flow_value){.kind = FLOW_ERROR}; }
static flow_value none(void) { return (flow_value){.kind = FLOW_NO_VALUE}; }
static flow_value truth_of(bool b) { return (flow_value){.kind = FLOW_BOOL, .i = b}; }
static flow_value int_of(long i) { return (flow_value){.kind = FLOW_INT, .i = i}; }
static flow_value double_of(double d) { return (flow_value){.kind = FLOW_DOUBLE, .d = d}; }
static flow_value text_of(const char *s) { return (flow_value){.kind = FLOW_TEXT, .text = s}; }

bool flow_is_error(flow_value v) { return v.kind == FLOW_NO_VALUE || v.kind == FLOW_ERROR; }

/* ---- names ---- */

flow_cell *flow_find(flow_cells *cells, const char *name) {
  for (unsigned i = cells->count; i-- > 0;)
    if (!strcmp(cells->at[i].name, name)) return &cells->at[i];
  return NULL;
}

/* "comprehension or `as` variable, step variable, global variable or input" */
flow_cell *flow_variable(flow_run *r, const char *name) {
  flow_cell *cell = flow_find(&r->t->loops, name);
  if (!cell && r->t->in_step) cell = flow_find(&r->t->of_step, name);
  return cell ? cell : flow_find(&r->globals, name);
}

/* "from a step's load on that step's value; before it and between steps that of the
 * last step which yielded it; in global assertions and orchestration hooks: the run's" */
static flow_value metric(const flow_run *r, const char *name) {
  unsigned i = strcmp(name, "m0") ? 0 : 1;
  const flow_metric *m = &r->t->metrics[i];
  if (r->t->phase == FLOW_OF_RUN) return r->of_run[i];
  return r->t->phase == FLOW_AFTER_LOAD ? m->of_step : m->last;
}

/* "over the run, one sample for each recorded value" */
static flow_value aggregate(const flow_run *r, const char *name) {
  if (!strcmp(name, "run.metrics.m0")) return r->of_run[1];
  if (!strcmp(name, "max_m0")) return r->most;
  return int_of(r->samples);
}

static flow_value name_value(flow_run *r, const char *name) {
  if (!strncmp(name, "inputs.", 7)) return flow_find(&r->globals, name + 7)->value;
  if (strstr(name, "_m0") || strchr(name, '.')) return aggregate(r, name);
  flow_cell *cell = flow_variable(r, name);
  if (cell) return cell->value;
  if (!strcmp(name, "iteration")) return int_of(r->iteration);
  if (!strcmp(name, "m0") || !strcmp(name, "error_rate")) return metric(r, name);
  return !strcmp(name, "response") ? r->t->response : none();
}

static flow_value member_value(flow_run *r, const flow_expr *e) {
  flow_value v = name_value(r, e->name);
  if (flow_is_error(v)) return v;
  if (v.kind != FLOW_ANSWER) return error();
  if (!strcmp(e->member, "ok")) return truth_of(v.ok);
  return v.i < 0 || strcmp(e->member, v.text) ? error() : int_of(v.i);
}

/* ---- outcomes ---- */

static flow_value field(const flow_result *o, flow_field f) {
  switch (f) {
    case FLOW_SUCCESS: return truth_of(!o->skipped && o->succeeded);
    case FLOW_FAILED: return truth_of(!o->skipped && !o->succeeded);
    case FLOW_SKIPPED: return truth_of(o->skipped);
    case FLOW_STATUS:
      return text_of(o->skipped       ? "skipped"
                     : o->interrupted ? "interrupted"
                     : o->succeeded   ? "passed"
                                      : "failed");
    case FLOW_DURATION: return double_of(o->duration);
    case FLOW_ATTEMPTS: return int_of(o->attempts);
    case FLOW_MESSAGE: return text_of(o->skipped || o->succeeded || !o->erred ? "" : "some");
    case FLOW_RUNS: return int_of(o->runs);
  }
  return error();
}

static flow_value step_value(const flow_expr *e) {
  if (e->field == FLOW_RUNS || e->step->result.known) return field(&e->step->result, e->field);
  return none();
}

/* ---- operators ---- */

static bool is_number(flow_value v) { return v.kind == FLOW_INT || v.kind == FLOW_DOUBLE; }
static double number_of(flow_value v) { return v.kind == FLOW_INT ? (double)v.i : v.d; }

bool flow_equal(flow_value a, flow_value b) {
  if (is_number(a) && is_number(b)) return number_of(a) == number_of(b);
  if (a.kind != b.kind) return false;
  if (a.kind == FLOW_TEXT) return !strcmp(a.text, b.text);
  return a.kind == FLOW_BOOL && a.i == b.i;
}

static flow_value ordered(bool less, bool equal, bool greater, const char *op) {
  bool side = op[0] == '<' ? less : greater;
  return truth_of(side || (op[1] && equal));
}

/* NaN is neither less, equal nor greater. */
static flow_value compare(flow_value a, flow_value b, const char *op) {
  if (op[0] == '=') return truth_of(flow_equal(a, b));
  if (op[0] == '!') return truth_of(!flow_equal(a, b));
  if (is_number(a) && is_number(b)) {
    double x = number_of(a), y = number_of(b);
    return ordered(x<y, x == y, x> y, op);
  }
  if (a.kind != b.kind || (a.kind != FLOW_TEXT && a.kind != FLOW_BOOL)) return error();
  int order = a.kind == FLOW_TEXT ? strcmp(a.text, b.text) : (int)(a.i - b.i);
  return ordered(order<0, order == 0, order> 0, op);
}

static flow_value plus(flow_run *r, flow_value a, flow_value b) {
  if (a.kind == FLOW_INT && b.kind == FLOW_INT) return int_of(a.i + b.i);
  if (is_number(a) && is_number(b)) return double_of(number_of(a) + number_of(b));
  if (a.kind == FLOW_TEXT && b.kind == FLOW_TEXT)
    return text_of(mf_arena_printf(&r->arena, "%s%s", a.text, b.text));
  return error();
}

static flow_value divided(flow_value a, flow_value b) {
  if (!is_number(a) || !is_number(b)) return error();
  if (a.kind == FLOW_INT && b.kind == FLOW_INT) return b.i == 0 ? error() : int_of(a.i / b.i);
  return double_of(number_of(a) / number_of(b));
}

/* An operand that decides absorbs an error of the other; else the left error. */
static flow_value joined(flow_value a, flow_value b, bool decides) {
  if (a.kind == FLOW_BOOL && a.i == decides) return a;
  if (b.kind == FLOW_BOOL && b.i == decides) return b;
  if (flow_is_error(a)) return a;
  if (flow_is_error(b)) return b;
  return a.kind == FLOW_BOOL && b.kind == FLOW_BOOL ? truth_of(!decides) : error();
}

static flow_value two(flow_run *r, const flow_expr *e) {
  flow_value a = flow_evaluate(r, e->a), b = flow_evaluate(r, e->b);
  if (e->op == FLOW_AND) return joined(a, b, false);
  if (e->op == FLOW_OR) return joined(a, b, true);
  if (flow_is_error(a)) return a;
  if (flow_is_error(b)) return b;
  if (e->op == FLOW_COMPARE) return compare(a, b, e->name);
  return e->op == FLOW_ADD ? plus(r, a, b) : divided(a, b);
}

flow_value flow_evaluate(flow_run *r, const flow_expr *e) {
  flow_value v;
  switch (e->op) {
    case FLOW_LITERAL: return e->literal;
    case FLOW_NAME: return name_value(r, e->name);
    case FLOW_MEMBER: return member_value(r, e);
    case FLOW_EXISTS: return truth_of(name_value(r, e->name).kind != FLOW_NO_VALUE);
    case FLOW_PREVIOUS_SUCCEEDED: return truth_of(r->t->previous.succeeded);
    case FLOW_PREVIOUS_FAILED: return truth_of(!r->t->previous.succeeded);
    case FLOW_ALL_SUCCEEDED: return truth_of(r->t->all_succeeded);
    case FLOW_PREVIOUS: return field(&r->t->previous, e->field);
    case FLOW_STEP: return step_value(e);
    case FLOW_NOT:
      v = flow_evaluate(r, e->a);
      return flow_is_error(v) ? v : v.kind == FLOW_BOOL ? truth_of(!v.i) : error();
    default: return two(r, e);
  }
}

/* A condition: true, false, or neither, which is an error. */
flow_truth flow_holds(flow_run *r, const flow_expr *e) {
  flow_value v = flow_evaluate(r, e);
  if (v.kind != FLOW_BOOL) return v.kind == FLOW_NO_VALUE ? FLOW_UNKNOWN : FLOW_BROKEN;
  return v.i ? FLOW_TRUE : FLOW_FALSE;
}

/* "Which entries look is decided at compile time." */
bool flow_looks(const flow_expr *e) {
  if (!e) return false;
  return (e->op >= FLOW_PREVIOUS_SUCCEEDED && e->op <= FLOW_STEP) || flow_looks(e->a) ||
         flow_looks(e->b);
}

/* What stands in a text: string(). */
bool flow_put_text(flow_run *r, const flow_expr *e, mf_buf *out) {
  flow_value v = flow_evaluate(r, e);
  if (flow_is_error(v)) return false;
  if (v.kind == FLOW_TEXT)
    mf_buf_puts(out, v.text);
  else if (v.kind == FLOW_DOUBLE)
    mf_buf_printf(out, isnan(v.d) ? "NaN" : "%g", v.d);
  else
    flow_put_value(out, &v);
  return true;
}
