/* SPDX-License-Identifier: MIT */
/* random_document - a document from a seed: small, full of failures, and never
 * endless. */
#include <stdlib.h>
#include <string.h>

#include "random.h"

static void declare(generator *g, const char *n, flow_expr *v) {
  flow_setting *s = NEW(g, flow_setting);
  s->name = n;
  s->value = v;
  random_add(g, &g->d->variables, s);
}

static void fill_steady(generator *g, flow_document *d) {
  static const flow_action_kind kinds[] = {FLOW_REQUEST, FLOW_COMMAND, FLOW_ASSERT, FLOW_LOG};
  d->steady = true;
  for (unsigned n = random_pick(g, 3); n--;) {
    flow_action *a = NEW(g, flow_action);
    a->kind = kinds[random_pick(g, 4)];
    a->expect_code = -1;
    a->name = "text";
    if (a->kind == FLOW_REQUEST || a->kind == FLOW_COMMAND) random_effect(g, a);
    if (a->kind == FLOW_ASSERT) a->condition = random_condition(g);
    random_add(g, &d->probes, a);
  }
  random_register_list(g, &d->probes);
  if (random_chance(g, 30)) d->steady_duration = 0.5;
  if (random_chance(g, 40)) d->recovery = 1 + random_pick(g, 4);
  random_assertions(g, &d->steady_assertions, 25, false);
}

static void fill(generator *g, flow_document *d) {
  flow_setting *input = NEW(g, flow_setting);
  input->name = "i0";
  input->value = random_literal(g, random_int_value(random_pick(g, 4)));
  random_add(g, &d->inputs, input);
  for (unsigned i = 0; i < 4; i++)
    if (i < 2 || random_chance(g, 100 - g->wild)) {
      random_written(g, random_globals[i]);
      declare(g, random_globals[i], random_literal(g, random_constant(g)));
    }
  if (random_chance(g, 15)) { /* uses those above */
    flow_expr *sum = random_node(g, FLOW_ADD);
    sum->a = random_node(g, FLOW_NAME);
    sum->a->name = random_globals[random_pick(g, 2)];
    sum->b = random_literal(g, random_chance(g, 80) ? random_int_value(random_pick(g, 3))
                                                    : (flow_value){.kind = FLOW_TEXT, .text = "a"});
    declare(g, "g4", sum);
  }
  d->parallel = random_chance(g, 12);
  if (d->parallel)
    random_branches(g, &d->lists[0], 6);
  else
    random_entries(g, &d->lists[0], 6);
  if (random_chance(g, 40)) random_entries(g, &d->lists[1], 3);
  if (random_chance(g, 25)) {
    flow_entry *e = NEW(g, flow_entry);
    e->kind = FLOW_CONDITIONAL;
    e->duration = e->delay = -1;
    random_conditional(g, e);
    random_add(g, &d->lists[2], e);
    random_register_list(g, &d->lists[2]);
  }
  if (random_chance(g, 35)) d->iterations = 1 + random_pick(g, 3);
  if (random_chance(g, 30)) random_entries(g, &d->rollbacks, 3);
  d->strategy = (flow_strategy)random_pick(g, 3);
  if (random_chance(g, 25)) fill_steady(g, d);
  for (unsigned m = FLOW_PRE_ORCHESTRATION; m <= FLOW_POST_VERDICT; m++)
    for (unsigned n = 0; n < 2 && random_chance(g, 20); n++)
      random_add(g, &d->hooks, random_hook(g, (flow_moment)m));
  random_assertions(g, &d->assertions, 50, true);
  if (random_chance(g, 15)) d->report = "r.json";
}

/* ---- what was left open ---- */

static void plain_step(generator *g) {
  flow_entry *e = NEW(g, flow_entry);
  e->name = "plain";
  e->duration = e->delay = -1;
  random_add(g, &g->steps, e);
  random_add(g, &g->places_of_steps, NULL);
  random_add(g, &g->d->lists[0], e);
}

static bool is_inside(const place *p, const place *around) {
  while (p && p != around) p = p->around;
  return p == around;
}

/* Whether the step may run at the same time as who asks how it ended. */
static bool runs_beside(const place *step, const place *here) {
  for (; step && !is_inside(here, step); step = step->around) {
    if (!step->group) return true;
    for (const place *p = here; p; p = p->around)
      if (p->group == step->group) return true;
  }
  return false;
}

/* What runs beside is refused: that is seldom wanted. */
static void resolve_steps(generator *g) {
  while (g->steps.count < 2) plain_step(g);
  for (unsigned i = 0; i < g->open.count; i++) {
    unsigned at = random_pick(g, g->steps.count);
    for (unsigned n = 0; n < 8; n++) {
      if (!runs_beside(g->places_of_steps.at[at], g->places_of_open.at[i])) break;
      at = random_pick(g, g->steps.count);
    }
    if (g->steps.at[at] == g->asked.at[i]) at = (at + 1) % g->steps.count;
    *(flow_entry **)g->open.at[i] = g->steps.at[at];
  }
}

/* Every name must be written somewhere. */
static void declare_rest(generator *g) {
  for (unsigned i = 0; i < 4; i++)
    if (!g->written[i]) declare(g, random_globals[i], random_literal(g, random_constant(g)));
  if (!g->saved_request) declare(g, "r0", random_literal(g, random_int_value(1)));
  if (!g->saved_command) declare(g, "c0", random_literal(g, random_int_value(1)));
  if (g->metric_recorded) return;
  flow_hook *h = NEW(g, flow_hook);
  flow_action *a = NEW(g, flow_action);
  h->moment = FLOW_POST_STEP;
  a->kind = FLOW_METRIC;
  a->name = "m0";
  a->value = random_literal(g, random_int_value(1));
  a->expect_code = -1;
  random_add(g, &h->actions, a);
  random_add(g, &g->d->hooks, h);
}

void flow_generate(flow_document *d, uint64_t seed) {
  generator g = {.d = d, .state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
  *d = (flow_document){.seed = seed, .steady_duration = -1, .recovery = -1};
  mf_arena_init(&d->arena, NULL, 0);
  g.room = 4 + random_pick(&g, 20);
  g.wild = 5 + random_pick(&g, 4) * 15;
  fill(&g, d);
  resolve_steps(&g);
  declare_rest(&g);
  random_register_list(&g, &d->variables);
  random_register_list(&g, &d->hooks);
  flow_name_steps(d);
}

void flow_free(flow_document *d) {
  mf_arena_fini(&d->arena);
  free(d->all_lists);
  free(d->all_conditions);
  free(d->all_flags);
}
