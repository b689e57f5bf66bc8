/* SPDX-License-Identifier: MIT */
/* random_entries - the entries of random documents: steps, and what holds entries. */
#include "random.h"

static flow_entry *entry(generator *g, bool in_list);

static void enter(generator *g, const flow_list *group) {
  place *inner = NEW(g, place);
  *inner = (place){g->here, group};
  g->here = inner;
}

static void fill_step(generator *g, flow_entry *e) {
  static const char *const names[] = {"s0", "s1", "s2", "s3", "s4", "s5"};
  e->name = names[random_pick(g, 6)];
  if (random_chance(g, 10)) {
    flow_expr *shown = random_node(g, FLOW_NAME);
    shown->name = random_chance(g, 80) ? "g0" : "g3";
    e->shown = shown;
    e->name = mf_arena_printf(&g->d->arena, "%s ${%s}", e->name, shown->name);
  }
  e->in_base = random_chance(g, 10);
  if (e->background) enter(g, NULL);
  random_add(g, &g->steps, e);
  random_add(g, &g->places_of_steps, (void *)(uintptr_t)g->here);
  g->step = e;
  if (random_chance(g, 20)) {
    flow_setting *s = NEW(g, flow_setting);
    s->name = random_globals[random_pick(g, 2)];
    s->value = random_value(g); /* before it can see itself */
    random_add(g, &e->variables, s);
  }
  random_register_list(g, &e->variables);
  e->load = random_chance(g, 50);
  e->fault = e->load && random_chance(g, 30);
  if (random_chance(g, 10))
    e->length = random_name(g);
  else if (random_chance(g, 40))
    e->duration = 0.5 + 0.5 * random_pick(g, 4);
  if (random_chance(g, 15))
    e->timeout = 0.375 + 0.5 * random_pick(g, 4); /* nothing else ends then */
  if (random_chance(g, 15)) e->delay = 0.5 * (1 + random_pick(g, 2));
  if (random_chance(g, 20)) {
    e->attempts = 1 + random_pick(g, 3);
    if (random_chance(g, 60)) e->pause = 0.5 * (1 + random_pick(g, 3));
    if (random_chance(g, 40)) e->factor = 1 + random_pick(g, 3);
    if (random_chance(g, 30)) e->longest = 1 + random_pick(g, 2);
    if (random_chance(g, 30)) random_maybe_condition(g, &e->when, 100);
  }
  random_hooks(g, &e->pre_hooks, FLOW_PRE_STEP, 20);
  random_hooks(g, &e->post_hooks, FLOW_POST_STEP, 20);
  random_assertions(g, &e->assertions, 25, true);
  g->step = NULL;
  if (e->background) g->here = g->here->around;
}

void random_conditional(generator *g, flow_entry *e) {
  for (unsigned n = 1 + (random_chance(g, 30) ? 1 + random_pick(g, 2) : 0); n--;) {
    flow_arm *arm = NEW(g, flow_arm);
    arm->condition = random_condition(g);
    random_entries(g, &arm->entries, 2);
    random_add(g, &e->arms, arm);
  }
  if (random_chance(g, 50)) random_entries(g, &e->otherwise, 2);
}

/* Before the repeat a counter is declared; its first entry counts. */
static void fill_while(generator *g, flow_entry *e) {
  flow_entry *first = NEW(g, flow_entry);
  flow_setting *counter = NEW(g, flow_setting);
  flow_expr *below = random_node(g, FLOW_COMPARE);
  flow_action *a = NEW(g, flow_action);
  const char *n = mf_arena_printf(&g->d->arena, "w%u", g->named++);
  counter->name = n;
  counter->value = random_literal(g, random_int_value(0));
  random_add(g, &g->d->variables, counter);
  first->kind = FLOW_AN_ACTION;
  first->action = a;
  a->kind = FLOW_SET_VARIABLE;
  a->name = n;
  a->expect_code = -1;
  a->value = random_node(g, FLOW_ADD);
  a->value->a = random_node(g, FLOW_NAME);
  a->value->a->name = n;
  a->value->b = random_literal(g, random_int_value(1));
  below->name = "<";
  below->a = a->value->a;
  below->b = random_literal(g, random_int_value(1 + random_pick(g, 3)));
  e->how = random_node(g, FLOW_AND);
  e->how->a = below;
  e->how->b = random_truth(g, 1);
  random_add(g, &e->entries, first);
}

static void fill_repeat(generator *g, flow_entry *e) {
  e->turns = (flow_turns)random_pick(g, 4);
  if (e->turns == FLOW_FOR_EACH || e->turns == FLOW_UNTIL || random_chance(g, 40))
    e->as = mf_arena_printf(&g->d->arena, "%c%u", e->turns == FLOW_FOR_EACH ? 't' : 'n',
                            g->named++);
  switch (e->turns) {
    case FLOW_COUNT:
      e->how = random_chance(g, 80) ? random_literal(g, random_int_value(random_pick(g, 4)))
                                    : random_name(g);
      break;
    case FLOW_WHILE: fill_while(g, e); break;
    case FLOW_UNTIL: break;
    case FLOW_FOR_EACH: {
      flow_value *items = random_get(g, 3 * sizeof *items);
      for (unsigned i = 0; i < 3; i++) items[i] = random_constant(g);
      flow_value list = {.kind = FLOW_LIST, .items = items, .count = random_pick(g, 4)};
      e->how = random_chance(g, 85) ? random_literal(g, list) : random_name(g);
    }
  }
  if (e->as) g->loops[g->loop_count++] = e->as;
  if (e->turns == FLOW_UNTIL) {
    flow_expr *enough = random_node(g, FLOW_COMPARE);
    enough->name = ">=";
    enough->a = random_node(g, FLOW_NAME);
    enough->a->name = e->as;
    enough->b = random_literal(g, random_int_value(1 + random_pick(g, 3)));
    e->how = random_node(g, FLOW_OR);
    e->how->a = random_truth(g, 1);
    e->how->b = enough;
  }
  random_entries(g, &e->entries, 3);
  if (e->as) g->loop_count--;
}

/* What begins later may be needed, too, but never in a circle: need goes by rank. */
static void fill_needs(generator *g, flow_list *branches) {
  unsigned turn = random_pick(g, branches->count);
  for (unsigned i = 0; i < branches->count; i++) {
    flow_entry *e = branches->at[i];
    for (unsigned k = 0; k < branches->count; k++) {
      flow_entry *need = branches->at[k];
      bool below = (k + turn) % branches->count < (i + turn) % branches->count;
      if (!below || !random_chance(g, 25)) continue;
      if (!need->label) need->label = ++g->named;
      random_add(g, &e->needs, need);
    }
    random_register_list(g, &e->needs);
  }
}

void random_branches(generator *g, flow_list *l, unsigned most) {
  g->depth++;
  for (unsigned n = 1 + random_pick(g, most); n-- && g->room;) {
    g->room--;
    enter(g, l);
    random_add(g, l, entry(g, false));
    g->here = g->here->around;
  }
  g->depth--;
  random_register_list(g, l);
  if (l->count && random_chance(g, 60)) fill_needs(g, l);
}

static void fill_group(generator *g, flow_entry *e) {
  e->fail_fast = random_chance(g, 40);
  random_register_flag(g, &e->fail_fast);
  if (random_chance(g, 35))
    e->most = random_chance(g, 85) ? random_literal(g, random_int_value(1 + random_pick(g, 3)))
                                   : random_name(g);
  random_register_condition(g, &e->most);
  random_branches(g, &e->entries, 4);
}

static void fill_wait_until(generator *g, flow_entry *e) {
  e->until = random_condition(g);
  if (random_chance(g, 50)) {
    e->url = "/w";
    if (random_chance(g, 70)) {
      e->until = random_node(g, FLOW_COMPARE);
      e->until->name = "==";
      e->until->a = random_node(g, FLOW_MEMBER);
      e->until->a->name = "response";
      e->until->a->member = "status";
      e->until->b = random_literal(g, random_int_value(200));
    }
  }
  e->interval = 0.5 * (1 + random_pick(g, 2));
  e->timeout = 0.25 * (1 + random_pick(g, 8));
}

static flow_entry *entry(generator *g, bool in_list) {
  flow_entry *e = NEW(g, flow_entry);
  bool deep = g->depth >= 4 || g->loop_count >= LOOPS || g->room < 2;
  unsigned kind = random_pick(g, 23);
  e->duration = e->delay = -1;
  e->kind = kind < 8    ? FLOW_A_STEP
            : kind < 11 ? FLOW_CONDITIONAL
            : kind < 13 ? FLOW_REPEAT
            : kind < 16 ? FLOW_GROUP
            : kind < 17 ? FLOW_WAIT
            : kind < 18 ? FLOW_WAIT_UNTIL
                        : FLOW_AN_ACTION;
  bool has_entries = e->kind == FLOW_CONDITIONAL || e->kind == FLOW_REPEAT || e->kind == FLOW_GROUP;
  if (deep && has_entries) e->kind = FLOW_A_STEP;
  e->background = in_list && e->kind == FLOW_A_STEP && random_chance(g, 20);
  random_register_flag(g, &e->background);
  if (e->kind != FLOW_CONDITIONAL && e->kind != FLOW_AN_ACTION)
    random_maybe_condition(g, &e->condition, 35);
  e->optional = random_chance(g, 15);
  e->goes_on = random_chance(g, 25);
  switch (e->kind) {
    case FLOW_A_STEP: fill_step(g, e); break;
    case FLOW_CONDITIONAL: random_conditional(g, e); break;
    case FLOW_REPEAT: fill_repeat(g, e); break;
    case FLOW_GROUP: fill_group(g, e); break;
    case FLOW_WAIT:
      e->seconds = random_chance(g, 70)
                       ? random_literal(g, (flow_value){.kind = FLOW_DOUBLE,
                                                        .d = 0.5 * (1 + random_pick(g, 4))})
                       : random_name(g);
      break;
    case FLOW_WAIT_UNTIL: fill_wait_until(g, e); break;
    case FLOW_AN_ACTION: e->action = random_action(g, true); break;
  }
  return e;
}

void random_entries(generator *g, flow_list *l, unsigned most) {
  bool counts = l->count > 0;
  g->depth++;
  for (unsigned n = 1 + random_pick(g, most); n-- && g->room;) {
    g->room--;
    random_add(g, l, entry(g, l != &g->d->rollbacks));
  }
  if (l->count == 0) {
    flow_entry *e = NEW(g, flow_entry);
    e->kind = FLOW_WAIT;
    e->seconds = random_literal(g, (flow_value){.kind = FLOW_DOUBLE, .d = 0.5});
    e->duration = e->delay = -1;
    random_add(g, l, e);
  }
  if (!counts) random_register_list(g, l); /* what counts the turns of a while stays */
  g->depth--;
}
