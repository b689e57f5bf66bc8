/* SPDX-License-Identifier: MIT */
/* random_conditions - what the generator of documents is made of: chance, lists, values and
 * conditions. */
#include <stdlib.h>
#include <string.h>

#include "random.h"

const char *const random_globals[4] = {"g0", "g1", "g2", "g3"};

unsigned random_pick(generator *g, unsigned n) {
  g->state = g->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)(g->state >> 33) % n;
}
bool random_chance(generator *g, unsigned percent) { return random_pick(g, 100) < percent; }

void *random_get(generator *g, size_t size) { return mf_arena_zero(&g->d->arena, size); }

void random_add(generator *g, flow_list *l, void *p) {
  if (l->count == l->room) {
    unsigned room = l->room ? l->room * 2 : 4;
    void **at = random_get(g, room * sizeof *at);
    if (l->count) memcpy(at, l->at, l->count * sizeof *at);
    l->at = at;
    l->room = room;
  }
  l->at[l->count++] = p;
}

/* Lists and conditions that the shrinker may touch; malloc'ed, they grow. */
void random_register_list(generator *g, flow_list *l) {
  flow_document *d = g->d;
  if (d->list_count == d->list_room)
    d->all_lists = realloc(d->all_lists, (d->list_room = d->list_room * 2 + 16) * sizeof(void *));
  d->all_lists[d->list_count++] = l;
}
void random_register_condition(generator *g, flow_expr **e) {
  flow_document *d = g->d;
  if (d->condition_count == d->condition_room) {
    d->condition_room = d->condition_room * 2 + 16;
    d->all_conditions = realloc(d->all_conditions, d->condition_room * sizeof(void *));
  }
  d->all_conditions[d->condition_count++] = e;
}

void random_register_flag(generator *g, bool *flag) {
  flow_document *d = g->d;
  if (d->flag_count == d->flag_room)
    d->all_flags = realloc(d->all_flags, (d->flag_room = d->flag_room * 2 + 16) * sizeof(void *));
  d->all_flags[d->flag_count++] = flag;
}

/* ---- expressions ---- */

flow_expr *random_node(generator *g, flow_operator op) {
  flow_expr *e = NEW(g, flow_expr);
  e->op = op;
  return e;
}
flow_value random_int_value(long i) { return (flow_value){.kind = FLOW_INT, .i = i}; }

flow_expr *random_literal(generator *g, flow_value v) {
  flow_expr *e = random_node(g, FLOW_LITERAL);
  e->literal = v;
  return e;
}

flow_value random_constant(generator *g) {
  static const char *const texts[] = {"a", "b"};
  if (!random_chance(g, g->wild)) return random_int_value((long)random_pick(g, 5) - 1);
  switch (random_pick(g, 6)) {
    case 0: return (flow_value){.kind = FLOW_TEXT, .text = texts[random_pick(g, 2)]};
    case 1: return (flow_value){.kind = FLOW_BOOL, .i = random_pick(g, 2)};
    case 2: return (flow_value){.kind = FLOW_DOUBLE, .d = 0.5 * random_pick(g, 4)};
    default: return random_int_value((long)random_pick(g, 5) - 1);
  }
}

static const char *some_name(generator *g) {
  if (g->loop_count && random_chance(g, 30)) return g->loops[random_pick(g, g->loop_count)];
  if (g->step && g->step->variables.count && random_chance(g, 40))
    return ((flow_setting *)g->step->variables.at[random_pick(g, g->step->variables.count)])->name;
  if (!random_chance(g, g->wild))
    return random_chance(g, 30) ? "iteration" : random_globals[random_pick(g, 2)];
  switch (random_pick(g, 9)) {
    case 0: {
      static const char *const others[] = {"i0", "inputs.i0", "run.metrics.m0", "max_m0",
                                           "count_m0"};
      return others[random_pick(g, 5)];
    }
    case 1: return "iteration";
    case 2: return "error_rate";
    case 3: return "m0";
    default: return random_globals[random_pick(g, 4)];
  }
}

flow_expr *random_name(generator *g) {
  flow_expr *e = random_node(g, FLOW_NAME);
  e->name = some_name(g);
  return e;
}

void random_wait_for_step(generator *g, flow_entry **step) {
  random_add(g, &g->open, step);
  random_add(g, &g->asked, g->step);
  random_add(g, &g->places_of_open, (void *)(uintptr_t)g->here);
}

/* A field, and what it is compared with, if it is no bool. */
static flow_expr *outcome(generator *g, bool of_step) {
  flow_expr *e = random_node(g, of_step ? FLOW_STEP : FLOW_PREVIOUS);
  e->field = (flow_field)random_pick(g, of_step ? 8 : 7);
  if (of_step) random_wait_for_step(g, &e->step);
  if (e->field <= FLOW_SKIPPED) return e;
  static const char *const words[] = {"passed", "failed", "skipped"};
  flow_expr *c = random_node(g, FLOW_COMPARE);
  c->a = e;
  bool text = e->field == FLOW_STATUS || e->field == FLOW_MESSAGE;
  c->name = text ? (random_pick(g, 2) ? "==" : "!=") : random_pick(g, 2) ? ">=" : "<";
  if (e->field == FLOW_STATUS)
    c->b = random_literal(g, (flow_value){.kind = FLOW_TEXT, .text = words[random_pick(g, 3)]});
  else if (e->field == FLOW_MESSAGE)
    c->b = random_literal(g, (flow_value){.kind = FLOW_TEXT, .text = ""});
  else if (e->field == FLOW_DURATION)
    c->b = random_literal(g, (flow_value){.kind = FLOW_DOUBLE, .d = 0.5 + random_pick(g, 4)});
  else
    c->b = random_literal(g, random_int_value(1 + random_pick(g, 2)));
  return c;
}

flow_expr *random_member(generator *g) {
  flow_expr *e = random_node(g, FLOW_MEMBER);
  bool request = random_pick(g, 2);
  e->name = request ? "r0" : "c0";
  e->member = random_chance(g, 30) ? "ok" : request ? "status" : "exit_code";
  if (!strcmp(e->member, "ok")) return e;
  flow_expr *c = random_node(g, FLOW_COMPARE);
  c->name = random_pick(g, 2) ? "==" : "<";
  c->a = e;
  c->b = random_literal(g, random_int_value(request ? 200 : 1));
  return c;
}

static flow_expr *number(generator *g) {
  if (random_chance(g, 70)) return random_name(g);
  flow_expr *e = random_node(g, random_chance(g, 80) ? FLOW_ADD : FLOW_DIVIDE);
  e->a = random_name(g);
  e->b = random_chance(g, 50) ? random_name(g)
                              : random_literal(g, random_int_value(random_pick(g, 3)));
  if (e->op == FLOW_DIVIDE && e->b->op == FLOW_LITERAL)
    e->b = random_name(g); /* 1 / 0 is refused */
  return e;
}

/* The compiler refuses to compare what is a number for sure with anything else. */
bool random_is_numeric(const flow_expr *e) {
  if (!e) return false;
  if (e->op == FLOW_NAME)
    return strchr("iemnrc", e->name[0]) != NULL; /* of metrics and turns, too */
  if (e->op == FLOW_LITERAL || e->op == FLOW_DIVIDE) return true;
  return random_is_numeric(e->a) || random_is_numeric(e->b);
}

static flow_expr *comparison(generator *g) {
  static const char *const words[] = {"==", "!=", "<", "<=", ">", ">="};
  flow_expr *e = random_node(g, FLOW_COMPARE);
  e->name = words[random_pick(g, 6)];
  e->a = number(g);
  e->b = random_chance(g, 20)
             ? random_name(g)
             : random_literal(g, random_is_numeric(e->a) ? random_int_value(random_pick(g, 4))
                                                         : random_constant(g));
  return e;
}

flow_expr *random_truth(generator *g, unsigned depth) {
  if (depth && random_chance(g, 40)) {
    flow_expr *e = random_node(g, (flow_operator)(FLOW_NOT + random_pick(g, 3)));
    e->a = random_truth(g, depth - 1);
    if (e->op != FLOW_NOT) e->b = random_truth(g, depth - 1);
    return e;
  }
  switch (random_pick(g, 14)) {
    case 0: return random_node(g, FLOW_PREVIOUS_SUCCEEDED);
    case 1: return random_node(g, FLOW_PREVIOUS_FAILED);
    case 2: return random_node(g, FLOW_ALL_SUCCEEDED);
    case 3:
    case 4: return outcome(g, false);
    case 5:
    case 6: return outcome(g, true);
    case 7: return random_chance(g, g->wild + 20) ? random_member(g) : comparison(g);
    case 8: {
      if (!random_chance(g, g->wild)) return comparison(g);
      flow_expr *e = random_node(g, FLOW_NAME);
      e->name = random_globals[random_pick(g, 4)];
      return e;
    }
    default: return comparison(g);
  }
}

/* A mapping has mappings and texts in it, a text only texts. */
static flow_expr *mapping(generator *g, unsigned depth) {
  flow_expr *e;
  if (depth && random_chance(g, 40)) {
    e = random_node(g, (flow_operator)(FLOW_NOT + random_pick(g, 3)));
    e->a = random_chance(g, 60) ? mapping(g, depth - 1) : random_truth(g, depth - 1);
    if (e->op != FLOW_NOT)
      e->b = random_chance(g, 60) ? mapping(g, depth - 1) : random_truth(g, depth - 1);
  } else if (random_chance(g, 40)) {
    e = random_node(g, random_pick(g, 2) ? FLOW_PREVIOUS_SUCCEEDED : FLOW_PREVIOUS_FAILED);
  } else if (random_chance(g, 30)) {
    e = random_node(g, FLOW_EXISTS);
    e->name = random_globals[random_pick(g, 4)];
  } else {
    e = comparison(g);
    e->a = random_name(g);
    e->b = random_literal(
        g, random_is_numeric(e->a) ? random_int_value(random_pick(g, 4)) : random_constant(g));
  }
  e->mapping = true;
  return e;
}

flow_expr *random_condition(generator *g) {
  return random_chance(g, 25) ? mapping(g, 2) : random_truth(g, 2);
}

flow_expr *random_value(generator *g) {
  return random_chance(g, 60)   ? random_literal(g, random_constant(g))
         : random_chance(g, 80) ? number(g)
                                : random_truth(g, 1);
}

void random_maybe_condition(generator *g, flow_expr **e, unsigned percent) {
  if (!random_chance(g, percent)) return;
  *e = random_condition(g);
  random_register_condition(g, e);
}
