/* SPDX-License-Identifier: MIT */
/* document_yaml - a tree of flow.h as a document. */
#include <string.h>

#include "flow.h"

/* ---- expressions as text, inside a double-quoted scalar ---- */

static void put_text(mf_buf *b, const char *text) { mf_buf_printf(b, "\\\"%s\\\"", text); }

void flow_put_value(mf_buf *out, const flow_value *v) {
  switch (v->kind) {
    case FLOW_NO_VALUE:
    case FLOW_ERROR: mf_buf_puts(out, "error"); break;
    case FLOW_BOOL: mf_buf_puts(out, v->i ? "true" : "false"); break;
    case FLOW_INT: mf_buf_printf(out, "%ld", v->i); break;
    case FLOW_DOUBLE: mf_buf_printf(out, v->d == (double)(long)v->d ? "%.1f" : "%g", v->d); break;
    case FLOW_TEXT: mf_buf_printf(out, "\"%s\"", v->text); break;
    case FLOW_ANSWER:
      if (v->i < 0)
        mf_buf_puts(out, "{no answer}");
      else
        mf_buf_printf(out, "{%s %ld}", v->text, v->i);
      break;
    case FLOW_LIST:
      mf_buf_putc(out, '[');
      for (unsigned i = 0; i < v->count; i++) {
        if (i) mf_buf_puts(out, ", ");
        flow_put_value(out, &v->items[i]);
      }
      mf_buf_putc(out, ']');
      break;
  }
}

/* Quotes of texts are escaped. */
static void put_literal(mf_buf *b, const flow_value *v) {
  if (v->kind == FLOW_TEXT)
    put_text(b, v->text);
  else
    flow_put_value(b, v);
}

static void put_field(mf_buf *b, flow_field field) {
  static const char *const words[] = {"success",  "failed",   "skipped", "status",
                                      "duration", "attempts", "error",   "runs"};
  mf_buf_puts(b, words[field]);
}

static void put_expr(mf_buf *b, const flow_expr *e);

static void put_two(mf_buf *b, const flow_expr *e, const char *op) {
  mf_buf_putc(b, '(');
  put_expr(b, e->a);
  mf_buf_printf(b, " %s ", op);
  put_expr(b, e->b);
  mf_buf_putc(b, ')');
}

static void put_expr(mf_buf *b, const flow_expr *e) {
  switch (e->op) {
    case FLOW_LITERAL: put_literal(b, &e->literal); break;
    case FLOW_EXISTS:
    case FLOW_NAME: mf_buf_puts(b, e->name); break;
    case FLOW_MEMBER: mf_buf_printf(b, "%s.%s", e->name, e->member); break;
    case FLOW_PREVIOUS_SUCCEEDED: mf_buf_puts(b, "previous_step_succeeded"); break;
    case FLOW_PREVIOUS_FAILED: mf_buf_puts(b, "previous_step_failed"); break;
    case FLOW_ALL_SUCCEEDED: mf_buf_puts(b, "all_steps_succeeded"); break;
    case FLOW_PREVIOUS: mf_buf_puts(b, "previous."), put_field(b, e->field); break;
    case FLOW_STEP:
      mf_buf_puts(b, "steps["), put_text(b, e->step->identity), mf_buf_puts(b, "]."),
          put_field(b, e->field);
      break;
    case FLOW_NOT: mf_buf_puts(b, "!("), put_expr(b, e->a), mf_buf_putc(b, ')'); break;
    case FLOW_AND: put_two(b, e, "&&"); break;
    case FLOW_OR: put_two(b, e, "||"); break;
    case FLOW_COMPARE: put_two(b, e, e->name); break;
    case FLOW_ADD: put_two(b, e, "+"); break;
    case FLOW_DIVIDE: put_two(b, e, "/"); break;
  }
}

static void put_condition(mf_buf *b, const flow_expr *e);

static const char *comparison_word(const char *op) {
  if (!strcmp(op, "==")) return "equals";
  if (!strcmp(op, "!=")) return "not_equals";
  if (!strcmp(op, "<")) return "less_than";
  if (!strcmp(op, "<=")) return "less_than_or_equal";
  return strcmp(op, ">") ? "greater_than_or_equal" : "greater_than";
}

static void put_mapping(mf_buf *b, const flow_expr *e) {
  switch (e->op) {
    case FLOW_PREVIOUS_SUCCEEDED: mf_buf_puts(b, "{type: previous_step_succeeded}"); break;
    case FLOW_PREVIOUS_FAILED: mf_buf_puts(b, "{type: previous_step_failed}"); break;
    case FLOW_EXISTS: mf_buf_printf(b, "{type: exists, variable: %s}", e->name); break;
    case FLOW_NOT:
      mf_buf_puts(b, "{type: not, condition: "), put_condition(b, e->a), mf_buf_putc(b, '}');
      break;
    case FLOW_COMPARE:
      mf_buf_printf(b, "{type: %s, variable: %s, value: ", comparison_word(e->name), e->a->name);
      flow_put_value(b, &e->b->literal);
      mf_buf_putc(b, '}');
      break;
    default:
      mf_buf_printf(b, "{conditions: [");
      put_condition(b, e->a), mf_buf_puts(b, ", "), put_condition(b, e->b);
      mf_buf_printf(b, "], type: %s}", e->op == FLOW_AND ? "and" : "or");
  }
}

static void put_condition(mf_buf *b, const flow_expr *e) {
  if (e->mapping) {
    put_mapping(b, e);
    return;
  }
  mf_buf_putc(b, '"');
  put_expr(b, e);
  mf_buf_putc(b, '"');
}

/* A value: a literal, or "${...}". */
static void put_data(mf_buf *b, const flow_expr *e) {
  if (e->op == FLOW_LITERAL) {
    flow_put_value(b, &e->literal);
    return;
  }
  mf_buf_puts(b, "\"${"), put_expr(b, e), mf_buf_puts(b, "}\"");
}

/* ---- pieces ---- */

static void put_if(mf_buf *b, const flow_expr *e) {
  if (e) mf_buf_puts(b, ", condition: "), put_condition(b, e);
}
static void put_seconds(mf_buf *b, const char *key, double seconds) {
  if (seconds >= 0) mf_buf_printf(b, ", %s: %g", key, seconds);
}
static void put_flag(mf_buf *b, const char *key, bool flag) {
  if (flag) mf_buf_printf(b, ", %s: true", key);
}

typedef void put_element(mf_buf *b, const void *element);

static void put_list(mf_buf *b, const char *key, const flow_list *l, put_element *put) {
  if (l->count == 0) return;
  mf_buf_printf(b, ", %s: [", key);
  for (unsigned i = 0; i < l->count; i++) {
    if (i) mf_buf_puts(b, ", ");
    put(b, l->at[i]);
  }
  mf_buf_putc(b, ']');
}

/* ---- actions, hooks, assertions ---- */

static void put_message(mf_buf *b, const flow_action *a) {
  mf_buf_printf(b, ", message: \"%s", a->name);
  if (a->value) mf_buf_puts(b, " ${"), put_expr(b, a->value), mf_buf_putc(b, '}');
  mf_buf_putc(b, '"');
  if (a->level) mf_buf_printf(b, ", level: %s", a->level);
}

static void put_effect(mf_buf *b, const flow_action *a) {
  mf_buf_printf(b, ", %s: %s", a->kind == FLOW_REQUEST ? "url" : "command", a->name);
  if (a->value)
    mf_buf_puts(b, a->kind == FLOW_REQUEST ? ", body: {v: " : ", args: ["), put_data(b, a->value),
        mf_buf_putc(b, a->kind == FLOW_REQUEST ? '}' : ']');
  if (a->save_as) mf_buf_printf(b, ", save_as: %s", a->save_as);
  if (a->expect_code >= 0) mf_buf_printf(b, ", expect: %ld", a->expect_code);
  if (a->expect) mf_buf_puts(b, ", expect: "), put_condition(b, a->expect);
}

static void put_action_keys(mf_buf *b, const flow_action *a) {
  static const char *const words[] = {"set_variable", "log",           "http_request",
                                      "command",      "record_metric", "assert",
                                      "wait",         "fail",          "abort"};
  mf_buf_printf(b, "type: %s", words[a->kind]);
  put_if(b, a->condition);
  switch (a->kind) {
    case FLOW_SET_VARIABLE:
    case FLOW_METRIC:
      mf_buf_printf(b, ", name: %s, value: ", a->name), put_data(b, a->value);
      break;
    case FLOW_REQUEST:
    case FLOW_COMMAND: put_effect(b, a); break;
    case FLOW_PAUSE: mf_buf_puts(b, ", duration: "), put_data(b, a->value); break;
    case FLOW_ASSERT: break;
    default: put_message(b, a);
  }
  if (a->on_error)
    mf_buf_printf(b, ", on_error: %s", a->on_error == FLOW_IGNORE ? "ignore" : "fail");
}

static void put_action(mf_buf *b, const void *p) {
  mf_buf_putc(b, '{'), put_action_keys(b, p), mf_buf_putc(b, '}');
}

static void put_hook_keys(mf_buf *b, const flow_hook *h) {
  put_if(b, h->condition);
  if (h->on_error)
    mf_buf_printf(b, ", on_error: %s", h->on_error == FLOW_IGNORE ? "ignore" : "fail");
  put_list(b, "actions", &h->actions, put_action);
  if (h->actions.count == 0) mf_buf_puts(b, ", actions: []");
}
static void put_step_hook(mf_buf *b, const void *p) {
  mf_buf_puts(b, "{x-: 0"), put_hook_keys(b, p), mf_buf_putc(b, '}');
}
static void put_global_hook(mf_buf *b, const void *p) {
  static const char *const words[] = {"pre_orchestration", "post_orchestration", "pre_step",
                                      "post_step", "post_verdict"};
  const flow_hook *h = p;
  mf_buf_printf(b, "{hook_type: %s", words[h->moment]), put_hook_keys(b, h), mf_buf_putc(b, '}');
}

static void put_assertion(mf_buf *b, const void *p) {
  const flow_assertion *a = p;
  switch (a->kind) {
    case FLOW_HOLDS: mf_buf_puts(b, "{type: condition"), put_if(b, a->condition); break;
    case FLOW_EQUALS:
      mf_buf_printf(b, "{type: variable_equals, variable: %s, expected: ", a->name);
      flow_put_value(b, &a->expected);
      break;
    case FLOW_IN_RANGE:
      mf_buf_printf(b, "{type: metric_in_range, metric: %s, min: %ld, max: %ld", a->name, a->min,
                    a->max);
      if (a->no_data_passes) mf_buf_puts(b, ", no_data: pass");
      break;
    default:
      mf_buf_printf(b, "{type: %s, step_name: \"%s\"",
                    a->kind == FLOW_STEP_FAILED ? "step_failed" : "step_succeeded",
                    a->step->identity);
  }
  if (a->warning) mf_buf_puts(b, ", severity: warning");
  mf_buf_putc(b, '}');
}

/* ---- entries ---- */

static void put_entry(mf_buf *b, const void *p);

static void put_retry(mf_buf *b, const flow_entry *e) {
  if (e->attempts == 0) return;
  mf_buf_printf(b, ", retry: {max_attempts: %u", e->attempts);
  if (e->pause > 0) put_seconds(b, "delay", e->pause);
  if (e->factor > 0) put_seconds(b, "factor", e->factor);
  if (e->longest > 0) put_seconds(b, "max_delay", e->longest);
  if (e->when) mf_buf_puts(b, ", when: "), put_condition(b, e->when);
  mf_buf_putc(b, '}');
}

static void put_settings(mf_buf *b, const flow_list *l) {
  for (unsigned i = 0; i < l->count; i++) {
    const flow_setting *s = l->at[i];
    mf_buf_printf(b, "%s%s: ", i ? ", " : "", s->name);
    put_data(b, s->value);
  }
}

static void put_step(mf_buf *b, const flow_entry *e) {
  if (e->in_base) mf_buf_puts(b, ", base: {x-: 0");
  if (e->load) mf_buf_printf(b, ", scenario: %s", e->fault ? "slow_backend" : "baseline");
  if (e->length) mf_buf_puts(b, ", duration: "), put_data(b, e->length);
  put_seconds(b, "duration", e->duration);
  put_seconds(b, "delay_before", e->delay);
  if (e->timeout > 0) put_seconds(b, "timeout", e->timeout);
  if (e->variables.count)
    mf_buf_puts(b, ", variables: {"), put_settings(b, &e->variables), mf_buf_putc(b, '}');
  put_list(b, "pre_hooks", &e->pre_hooks, put_step_hook);
  put_list(b, "post_hooks", &e->post_hooks, put_step_hook);
  put_list(b, "assertions", &e->assertions, put_assertion);
  put_retry(b, e);
  if (e->in_base) mf_buf_putc(b, '}');
}

static void put_conditional(mf_buf *b, const flow_entry *e) {
  const flow_arm *then = e->arms.at[0];
  mf_buf_puts(b, ", condition: "), put_condition(b, then->condition);
  put_list(b, "then_steps", &then->entries, put_entry);
  if (then->entries.count == 0) mf_buf_puts(b, ", then_steps: []");
  if (e->arms.count > 1) mf_buf_puts(b, ", elif: [");
  for (unsigned i = 1; i < e->arms.count; i++) {
    const flow_arm *arm = e->arms.at[i];
    mf_buf_puts(b, i > 1 ? ", {condition: " : "{condition: "), put_condition(b, arm->condition);
    put_list(b, "then_steps", &arm->entries, put_entry);
    if (arm->entries.count == 0) mf_buf_puts(b, ", then_steps: []");
    mf_buf_putc(b, '}');
  }
  if (e->arms.count > 1) mf_buf_putc(b, ']');
  put_list(b, "else_steps", &e->otherwise, put_entry);
}

static void put_repeat(mf_buf *b, const flow_entry *e) {
  static const char *const words[] = {"count", "while", "until", "for_each"};
  mf_buf_printf(b, ", repeat: {%s: ", words[e->turns]);
  if (e->turns == FLOW_WHILE || e->turns == FLOW_UNTIL)
    put_condition(b, e->how);
  else
    put_data(b, e->how);
  if (e->as) mf_buf_printf(b, ", as: %s", e->as);
  mf_buf_putc(b, '}');
  put_list(b, "steps", &e->entries, put_entry);
  if (e->entries.count == 0) mf_buf_puts(b, ", steps: []");
}

static void put_group(mf_buf *b, const flow_entry *e) {
  put_list(b, "parallel", &e->entries, put_entry);
  if (e->entries.count == 0) mf_buf_puts(b, ", parallel: []");
  put_flag(b, "fail_fast", e->fail_fast);
  if (e->most) mf_buf_puts(b, ", max_concurrency: "), put_data(b, e->most);
}

static void put_needs(mf_buf *b, const flow_entry *e) {
  if (e->label) mf_buf_printf(b, ", id: b%u", e->label);
  for (unsigned i = 0; i < e->needs.count; i++)
    mf_buf_printf(b, "%sb%u", i ? ", " : ", depends_on: [", ((flow_entry *)e->needs.at[i])->label);
  if (e->needs.count) mf_buf_putc(b, ']');
}

static void put_wait_until(mf_buf *b, const flow_entry *e) {
  mf_buf_puts(b, ", wait_until: "), put_condition(b, e->until);
  if (e->url) mf_buf_printf(b, ", http: {url: %s}", e->url);
  put_seconds(b, "interval", e->interval);
  put_seconds(b, "timeout", e->timeout);
}

static void put_entry(mf_buf *b, const void *p) {
  const flow_entry *e = p;
  if (e->kind == FLOW_AN_ACTION)
    mf_buf_putc(b, '{'), put_action_keys(b, e->action);
  else if (e->kind == FLOW_A_STEP)
    mf_buf_printf(b, "{name: \"%s\"", e->name);
  else
    mf_buf_puts(b, "{x-: 0");
  if (e->kind != FLOW_CONDITIONAL && e->kind != FLOW_AN_ACTION) put_if(b, e->condition);
  put_flag(b, "optional", e->optional);
  put_flag(b, "continue_on_failure", e->goes_on);
  put_flag(b, "background", e->background);
  put_needs(b, e);
  switch (e->kind) {
    case FLOW_A_STEP: put_step(b, e); break;
    case FLOW_CONDITIONAL: put_conditional(b, e); break;
    case FLOW_REPEAT: put_repeat(b, e); break;
    case FLOW_GROUP: put_group(b, e); break;
    case FLOW_WAIT: mf_buf_puts(b, ", wait: "), put_data(b, e->seconds); break;
    case FLOW_WAIT_UNTIL: put_wait_until(b, e); break;
    case FLOW_AN_ACTION: break;
  }
  mf_buf_putc(b, '}');
}

/* ---- the document ---- */

static void put_lines(mf_buf *b, const char *key, const flow_list *l, put_element *put) {
  if (l->count == 0) return;
  mf_buf_printf(b, "%s:\n", key);
  for (unsigned i = 0; i < l->count; i++)
    mf_buf_puts(b, "  - "), put(b, l->at[i]), mf_buf_putc(b, '\n');
}

static void put_inputs(mf_buf *b, const flow_list *l) {
  for (unsigned i = 0; i < l->count; i++) {
    const flow_setting *s = l->at[i];
    mf_buf_printf(b, "%s%s: {type: int, default: %ld}", i ? ", " : "", s->name,
                  s->value->literal.i);
  }
}

static void put_steady(mf_buf *b, const flow_document *d) {
  if (!d->steady) return;
  mf_buf_puts(b, "steady_state: {x-: 0");
  put_list(b, "probes", &d->probes, put_action);
  put_seconds(b, "duration", d->steady_duration);
  put_seconds(b, "recovery", d->recovery);
  put_list(b, "assertions", &d->steady_assertions, put_assertion);
  mf_buf_puts(b, "}\n");
}

void flow_print(flow_document *d, mf_buf *out) {
  static const char *const lists[] = {"steps", "advanced_steps", "conditional_steps"};
  static const char *const strategies[] = {"always", "on_failure", "never"};
  mf_buf_puts(out, "inputs: {"), put_inputs(out, &d->inputs), mf_buf_puts(out, "}\nvariables: {");
  put_settings(out, &d->variables), mf_buf_puts(out, "}\n");
  if (d->iterations)
    mf_buf_printf(out, "loop_orchestration: true\nmax_iterations: %u\n", d->iterations);
  if (d->parallel) mf_buf_puts(out, "parallel: true\n");
  put_lines(out, "hooks", &d->hooks, put_global_hook);
  put_steady(out, d);
  for (unsigned i = 0; i < 3; i++) put_lines(out, lists[i], &d->lists[i], put_entry);
  if (d->rollbacks.count) mf_buf_printf(out, "rollback_strategy: %s\n", strategies[d->strategy]);
  put_lines(out, "rollbacks", &d->rollbacks, put_entry);
  put_lines(out, "assertions", &d->assertions, put_assertion);
  if (d->report) mf_buf_printf(out, "report_path: %s\n", d->report);
}
