/* SPDX-License-Identifier: MIT */
/* random_actions - actions, hooks and assertions of random documents. */
#include <string.h>

#include "random.h"

void random_written(generator *g, const char *n) { g->written[n[1] - '0'] = true; }

void random_effect(generator *g, flow_action *a) {
  static const char *const urls[] = {"/a", "/b", "/c"}, *const commands[] = {"one", "two"};
  bool request = a->kind == FLOW_REQUEST;
  a->name = request ? urls[random_pick(g, 3)] : commands[random_pick(g, 2)];
  a->expect_code = -1;
  if (random_chance(g, 25))
    a->value = random_chance(g, 50) ? random_literal(g, random_constant(g)) : random_name(g);
  if (random_chance(g, 30)) {
    a->save_as = request ? "r0" : "c0";
    *(request ? &g->saved_request : &g->saved_command) = true;
  }
  if (random_chance(g, 15))
    a->expect_code = request ? (random_pick(g, 2) ? 200 : 503) : random_pick(g, 2);
  if (a->expect_code < 0 && random_chance(g, 15)) {
    flow_expr *m = random_member(g);
    while (m->op != FLOW_COMPARE || strcmp(m->a->name, request ? "r0" : "c0")) m = random_member(g);
    m->a->name = "response";
    a->expect = m;
  }
}

flow_action *random_action(generator *g, bool may_abort) {
  static const char *const levels[] = {NULL, "debug", "warn"};
  static const flow_action_kind kinds[] = {
      FLOW_SET_VARIABLE, FLOW_SET_VARIABLE, FLOW_LOG,    FLOW_LOG,   FLOW_REQUEST, FLOW_REQUEST,
      FLOW_COMMAND,      FLOW_METRIC,       FLOW_ASSERT, FLOW_PAUSE, FLOW_FAIL,    FLOW_ABORT};
  flow_action *a = NEW(g, flow_action);
  a->kind = kinds[random_pick(g, 12)];
  if ((a->kind == FLOW_ABORT || a->kind == FLOW_FAIL) && !random_chance(g, g->wild))
    a->kind = FLOW_LOG;
  if (a->kind == FLOW_ABORT && !may_abort) a->kind = FLOW_LOG;
  a->expect_code = -1;
  switch (a->kind) {
    case FLOW_SET_VARIABLE:
      a->name = random_chance(g, 10) ? "i0" : random_globals[random_pick(g, 4)];
      a->value = strcmp(a->name, "i0")  ? random_value(g)
                 : random_chance(g, 50) ? random_literal(g, random_int_value(random_pick(g, 4)))
                                        : random_name(g);
      if (a->name[0] == 'g') random_written(g, a->name);
      break;
    case FLOW_LOG:
    case FLOW_FAIL:
    case FLOW_ABORT:
      a->name = "text";
      if (a->kind == FLOW_LOG) a->level = levels[random_pick(g, 3)];
      if (random_chance(g, 40)) a->value = random_name(g);
      break;
    case FLOW_REQUEST:
    case FLOW_COMMAND: random_effect(g, a); break;
    case FLOW_METRIC:
      a->name = "m0";
      a->value = random_chance(g, 50) ? random_literal(g, random_int_value(random_pick(g, 4)))
                                      : random_name(g);
      g->metric_recorded = true;
      break;
    case FLOW_ASSERT: a->condition = random_condition(g); break;
    case FLOW_PAUSE:
      a->value = random_chance(g, 70)
                     ? random_literal(
                           g, (flow_value){.kind = FLOW_DOUBLE, .d = 0.5 * (1 + random_pick(g, 3))})
                     : random_name(g);
      break;
  }
  if (a->kind != FLOW_ASSERT) random_maybe_condition(g, &a->condition, 20);
  return a;
}

static flow_action *hook_action(generator *g, bool may_abort) {
  flow_action *a = random_action(g, may_abort);
  if (a->kind != FLOW_ABORT && random_chance(g, 20))
    a->on_error = (flow_on_error)(1 + random_pick(g, 2));
  return a;
}

flow_hook *random_hook(generator *g, flow_moment moment) {
  flow_hook *h = NEW(g, flow_hook);
  h->moment = moment;
  random_maybe_condition(g, &h->condition, 25);
  if (random_chance(g, 15)) h->on_error = (flow_on_error)(1 + random_pick(g, 2));
  for (unsigned n = 1 + random_pick(g, 2); n--;)
    random_add(g, &h->actions, hook_action(g, moment != FLOW_POST_VERDICT));
  random_register_list(g, &h->actions);
  return h;
}

void random_hooks(generator *g, flow_list *l, flow_moment moment, unsigned percent) {
  for (unsigned n = 0; n < 2 && random_chance(g, percent); n++)
    random_add(g, l, random_hook(g, moment));
  random_register_list(g, l);
}

static flow_assertion *assertion(generator *g, bool about_steps) {
  flow_assertion *a = NEW(g, flow_assertion);
  a->kind = (flow_assertion_kind)(random_pick(g, about_steps ? 7 : 4) % 5);
  if (!about_steps && a->kind == FLOW_STEP_SUCCEEDED) a->kind = FLOW_HOLDS;
  if (a->kind == FLOW_IN_RANGE && !random_chance(g, g->wild)) a->kind = FLOW_HOLDS;
  a->warning = random_chance(g, 15);
  if (a->kind == FLOW_HOLDS) a->condition = random_condition(g);
  flow_expr *v = random_name(g);
  a->name = v->name;
  a->expected = random_is_numeric(v) ? random_int_value(random_pick(g, 3)) : random_constant(g);
  if (a->kind == FLOW_IN_RANGE) {
    a->name = random_chance(g, 50) ? "error_rate" : "m0";
    a->min = (long)random_pick(g, 3) - 1;
    a->max = a->min + random_pick(g, 3);
    a->no_data_passes = random_chance(g, 30);
  }
  if (a->kind >= FLOW_STEP_SUCCEEDED) random_wait_for_step(g, &a->step);
  return a;
}

void random_assertions(generator *g, flow_list *l, unsigned percent, bool about_steps) {
  for (unsigned n = 0; n < 3 && random_chance(g, percent); n++)
    random_add(g, l, assertion(g, about_steps));
  random_register_list(g, l);
}
