/* SPDX-License-Identifier: MIT */
/* random_document - a document from a seed: small, full of failures, and never
 * endless. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"

enum { NAMES = 8, LOOPS = 3 };

/* Inside which branch, or background step. */
typedef struct place {
  const struct place *around;
  const flow_list *group; /* NULL: of a list, beside the rest of which it runs */
} place;

typedef struct generator {
  flow_document *d;
  uint64_t state;
  unsigned room;    /* entries left */
  unsigned wild;    /* percent: how often values have no or another kind */
  unsigned depth;   /* of lists of entries */
  flow_entry *step; /* the one whose inside is made */
  const char *loops[LOOPS + 1];
  unsigned loop_count, named;
  flow_list steps;
  flow_list open;  /* where the steps go that expressions and assertions name */
  flow_list asked; /* beside each: the step around it, which it must not name */
  /* the same three, where they are */
  const place *here;
  flow_list places_of_steps, places_of_open;
  bool metric_recorded, saved_request, saved_command, written[NAMES];
} generator;

static const char *const globals[] = {"g0", "g1", "g2", "g3"};

static unsigned pick(generator *g, unsigned n) {
  g->state = g->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)(g->state >> 33) % n;
}
static bool chance(generator *g, unsigned percent) { return pick(g, 100) < percent; }

static void *get(generator *g, size_t size) { return mf_arena_zero(&g->d->arena, size); }
#define NEW(g, type) ((type *)get((g), sizeof(type)))

static void add(generator *g, flow_list *l, void *p) {
  if (l->count == l->room) {
    unsigned room = l->room ? l->room * 2 : 4;
    void **at = get(g, room * sizeof *at);
    if (l->count) memcpy(at, l->at, l->count * sizeof *at);
    l->at = at;
    l->room = room;
  }
  l->at[l->count++] = p;
}

/* Lists and conditions that the shrinker may touch; malloc'ed, they grow. */
static void register_list(generator *g, flow_list *l) {
  flow_document *d = g->d;
  if (d->list_count == d->list_room)
    d->all_lists = realloc(d->all_lists, (d->list_room = d->list_room * 2 + 16) * sizeof(void *));
  d->all_lists[d->list_count++] = l;
}
static void register_condition(generator *g, flow_expr **e) {
  flow_document *d = g->d;
  if (d->condition_count == d->condition_room) {
    d->condition_room = d->condition_room * 2 + 16;
    d->all_conditions = realloc(d->all_conditions, d->condition_room * sizeof(void *));
  }
  d->all_conditions[d->condition_count++] = e;
}

static void register_flag(generator *g, bool *flag) {
  flow_document *d = g->d;
  if (d->flag_count == d->flag_room)
    d->all_flags = realloc(d->all_flags, (d->flag_room = d->flag_room * 2 + 16) * sizeof(void *));
  d->all_flags[d->flag_count++] = flag;
}

/* ---- expressions ---- */

static flow_expr *node(generator *g, flow_operator op) {
  flow_expr *e = NEW(g, flow_expr);
  e->op = op;
  return e;
}
static flow_value int_value(long i) { return (flow_value){.kind = FLOW_INT, .i = i}; }

static flow_expr *literal(generator *g, flow_value v) {
  flow_expr *e = node(g, FLOW_LITERAL);
  e->literal = v;
  return e;
}

static flow_value constant(generator *g) {
  static const char *const texts[] = {"a", "b"};
  if (!chance(g, g->wild)) return int_value((long)pick(g, 5) - 1);
  switch (pick(g, 6)) {
    case 0: return (flow_value){.kind = FLOW_TEXT, .text = texts[pick(g, 2)]};
    case 1: return (flow_value){.kind = FLOW_BOOL, .i = pick(g, 2)};
    case 2: return (flow_value){.kind = FLOW_DOUBLE, .d = 0.5 * pick(g, 4)};
    default: return int_value((long)pick(g, 5) - 1);
  }
}

static const char *some_name(generator *g) {
  if (g->loop_count && chance(g, 30)) return g->loops[pick(g, g->loop_count)];
  if (g->step && g->step->variables.count && chance(g, 40))
    return ((flow_setting *)g->step->variables.at[pick(g, g->step->variables.count)])->name;
  if (!chance(g, g->wild)) return chance(g, 30) ? "iteration" : globals[pick(g, 2)];
  switch (pick(g, 9)) {
    case 0: {
      static const char *const others[] = {"i0", "inputs.i0", "run.metrics.m0", "max_m0",
                                           "count_m0"};
      return others[pick(g, 5)];
    }
    case 1: return "iteration";
    case 2: return "error_rate";
    case 3: return "m0";
    default: return globals[pick(g, 4)];
  }
}

static flow_expr *name(generator *g) {
  flow_expr *e = node(g, FLOW_NAME);
  e->name = some_name(g);
  return e;
}

static void wait_for_step(generator *g, flow_entry **step) {
  add(g, &g->open, step);
  add(g, &g->asked, g->step);
  add(g, &g->places_of_open, (void *)(uintptr_t)g->here);
}

/* A field, and what it is compared with, if it is no bool. */
static flow_expr *outcome(generator *g, bool of_step) {
  flow_expr *e = node(g, of_step ? FLOW_STEP : FLOW_PREVIOUS);
  e->field = (flow_field)pick(g, of_step ? 8 : 7);
  if (of_step) wait_for_step(g, &e->step);
  if (e->field <= FLOW_SKIPPED) return e;
  static const char *const words[] = {"passed", "failed", "skipped"};
  flow_expr *c = node(g, FLOW_COMPARE);
  c->a = e;
  bool text = e->field == FLOW_STATUS || e->field == FLOW_MESSAGE;
  c->name = text ? (pick(g, 2) ? "==" : "!=") : pick(g, 2) ? ">=" : "<";
  if (e->field == FLOW_STATUS)
    c->b = literal(g, (flow_value){.kind = FLOW_TEXT, .text = words[pick(g, 3)]});
  else if (e->field == FLOW_MESSAGE)
    c->b = literal(g, (flow_value){.kind = FLOW_TEXT, .text = ""});
  else if (e->field == FLOW_DURATION)
    c->b = literal(g, (flow_value){.kind = FLOW_DOUBLE, .d = 0.5 + pick(g, 4)});
  else
    c->b = literal(g, int_value(1 + pick(g, 2)));
  return c;
}

static flow_expr *member(generator *g) {
  flow_expr *e = node(g, FLOW_MEMBER);
  bool request = pick(g, 2);
  e->name = request ? "r0" : "c0";
  e->member = chance(g, 30) ? "ok" : request ? "status" : "exit_code";
  if (!strcmp(e->member, "ok")) return e;
  flow_expr *c = node(g, FLOW_COMPARE);
  c->name = pick(g, 2) ? "==" : "<";
  c->a = e;
  c->b = literal(g, int_value(request ? 200 : 1));
  return c;
}

static flow_expr *number(generator *g) {
  if (chance(g, 70)) return name(g);
  flow_expr *e = node(g, chance(g, 80) ? FLOW_ADD : FLOW_DIVIDE);
  e->a = name(g);
  e->b = chance(g, 50) ? name(g) : literal(g, int_value(pick(g, 3)));
  if (e->op == FLOW_DIVIDE && e->b->op == FLOW_LITERAL) e->b = name(g); /* 1 / 0 is refused */
  return e;
}

/* The compiler refuses to compare what is a number for sure with anything else. */
static bool is_numeric(const flow_expr *e) {
  if (!e) return false;
  if (e->op == FLOW_NAME)
    return strchr("iemnrc", e->name[0]) != NULL; /* of metrics and turns, too */
  if (e->op == FLOW_LITERAL || e->op == FLOW_DIVIDE) return true;
  return is_numeric(e->a) || is_numeric(e->b);
}

static flow_expr *comparison(generator *g) {
  static const char *const words[] = {"==", "!=", "<", "<=", ">", ">="};
  flow_expr *e = node(g, FLOW_COMPARE);
  e->name = words[pick(g, 6)];
  e->a = number(g);
  e->b = chance(g, 20) ? name(g)
                       : literal(g, is_numeric(e->a) ? int_value(pick(g, 4)) : constant(g));
  return e;
}

static flow_expr *truth(generator *g, unsigned depth) {
  if (depth && chance(g, 40)) {
    flow_expr *e = node(g, (flow_operator)(FLOW_NOT + pick(g, 3)));
    e->a = truth(g, depth - 1);
    if (e->op != FLOW_NOT) e->b = truth(g, depth - 1);
    return e;
  }
  switch (pick(g, 14)) {
    case 0: return node(g, FLOW_PREVIOUS_SUCCEEDED);
    case 1: return node(g, FLOW_PREVIOUS_FAILED);
    case 2: return node(g, FLOW_ALL_SUCCEEDED);
    case 3:
    case 4: return outcome(g, false);
    case 5:
    case 6: return outcome(g, true);
    case 7: return chance(g, g->wild + 20) ? member(g) : comparison(g);
    case 8: {
      if (!chance(g, g->wild)) return comparison(g);
      flow_expr *e = node(g, FLOW_NAME);
      e->name = globals[pick(g, 4)];
      return e;
    }
    default: return comparison(g);
  }
}

/* A mapping has mappings and texts in it, a text only texts. */
static flow_expr *mapping(generator *g, unsigned depth) {
  flow_expr *e;
  if (depth && chance(g, 40)) {
    e = node(g, (flow_operator)(FLOW_NOT + pick(g, 3)));
    e->a = chance(g, 60) ? mapping(g, depth - 1) : truth(g, depth - 1);
    if (e->op != FLOW_NOT) e->b = chance(g, 60) ? mapping(g, depth - 1) : truth(g, depth - 1);
  } else if (chance(g, 40)) {
    e = node(g, pick(g, 2) ? FLOW_PREVIOUS_SUCCEEDED : FLOW_PREVIOUS_FAILED);
  } else if (chance(g, 30)) {
    e = node(g, FLOW_EXISTS);
    e->name = globals[pick(g, 4)];
  } else {
    e = comparison(g);
    e->a = name(g);
    e->b = literal(g, is_numeric(e->a) ? int_value(pick(g, 4)) : constant(g));
  }
  e->mapping = true;
  return e;
}

static flow_expr *condition(generator *g) { return chance(g, 25) ? mapping(g, 2) : truth(g, 2); }

static flow_expr *value(generator *g) {
  return chance(g, 60) ? literal(g, constant(g)) : chance(g, 80) ? number(g) : truth(g, 1);
}

static void maybe_condition(generator *g, flow_expr **e, unsigned percent) {
  if (!chance(g, percent)) return;
  *e = condition(g);
  register_condition(g, e);
}

/* ---- actions, hooks, assertions ---- */

static void written(generator *g, const char *n) { g->written[n[1] - '0'] = true; }

static void fill_effect(generator *g, flow_action *a) {
  static const char *const urls[] = {"/a", "/b", "/c"}, *const commands[] = {"one", "two"};
  bool request = a->kind == FLOW_REQUEST;
  a->name = request ? urls[pick(g, 3)] : commands[pick(g, 2)];
  a->expect_code = -1;
  if (chance(g, 25)) a->value = chance(g, 50) ? literal(g, constant(g)) : name(g);
  if (chance(g, 30)) {
    a->save_as = request ? "r0" : "c0";
    *(request ? &g->saved_request : &g->saved_command) = true;
  }
  if (chance(g, 15)) a->expect_code = request ? (pick(g, 2) ? 200 : 503) : pick(g, 2);
  if (a->expect_code < 0 && chance(g, 15)) {
    flow_expr *m = member(g);
    while (m->op != FLOW_COMPARE || strcmp(m->a->name, request ? "r0" : "c0")) m = member(g);
    m->a->name = "response";
    a->expect = m;
  }
}

static flow_action *action(generator *g, bool may_abort) {
  static const char *const levels[] = {NULL, "debug", "warn"};
  static const flow_action_kind kinds[] = {
      FLOW_SET_VARIABLE, FLOW_SET_VARIABLE, FLOW_LOG,    FLOW_LOG,   FLOW_REQUEST, FLOW_REQUEST,
      FLOW_COMMAND,      FLOW_METRIC,       FLOW_ASSERT, FLOW_PAUSE, FLOW_FAIL,    FLOW_ABORT};
  flow_action *a = NEW(g, flow_action);
  a->kind = kinds[pick(g, 12)];
  if ((a->kind == FLOW_ABORT || a->kind == FLOW_FAIL) && !chance(g, g->wild)) a->kind = FLOW_LOG;
  if (a->kind == FLOW_ABORT && !may_abort) a->kind = FLOW_LOG;
  a->expect_code = -1;
  switch (a->kind) {
    case FLOW_SET_VARIABLE:
      a->name = chance(g, 10) ? "i0" : globals[pick(g, 4)];
      a->value = strcmp(a->name, "i0") ? value(g)
                 : chance(g, 50)       ? literal(g, int_value(pick(g, 4)))
                                       : name(g);
      if (a->name[0] == 'g') written(g, a->name);
      break;
    case FLOW_LOG:
    case FLOW_FAIL:
    case FLOW_ABORT:
      a->name = "text";
      if (a->kind == FLOW_LOG) a->level = levels[pick(g, 3)];
      if (chance(g, 40)) a->value = name(g);
      break;
    case FLOW_REQUEST:
    case FLOW_COMMAND: fill_effect(g, a); break;
    case FLOW_METRIC:
      a->name = "m0";
      a->value = chance(g, 50) ? literal(g, int_value(pick(g, 4))) : name(g);
      g->metric_recorded = true;
      break;
    case FLOW_ASSERT: a->condition = condition(g); break;
    case FLOW_PAUSE:
      a->value = chance(g, 70)
                     ? literal(g, (flow_value){.kind = FLOW_DOUBLE, .d = 0.5 * (1 + pick(g, 3))})
                     : name(g);
      break;
  }
  if (a->kind != FLOW_ASSERT) maybe_condition(g, &a->condition, 20);
  return a;
}

static flow_action *hook_action(generator *g, bool may_abort) {
  flow_action *a = action(g, may_abort);
  if (a->kind != FLOW_ABORT && chance(g, 20)) a->on_error = (flow_on_error)(1 + pick(g, 2));
  return a;
}

static flow_hook *hook(generator *g, flow_moment moment) {
  flow_hook *h = NEW(g, flow_hook);
  h->moment = moment;
  maybe_condition(g, &h->condition, 25);
  if (chance(g, 15)) h->on_error = (flow_on_error)(1 + pick(g, 2));
  for (unsigned n = 1 + pick(g, 2); n--;)
    add(g, &h->actions, hook_action(g, moment != FLOW_POST_VERDICT));
  register_list(g, &h->actions);
  return h;
}

static void hooks(generator *g, flow_list *l, flow_moment moment, unsigned percent) {
  for (unsigned n = 0; n < 2 && chance(g, percent); n++) add(g, l, hook(g, moment));
  register_list(g, l);
}

static flow_assertion *assertion(generator *g, bool about_steps) {
  flow_assertion *a = NEW(g, flow_assertion);
  a->kind = (flow_assertion_kind)(pick(g, about_steps ? 7 : 4) % 5);
  if (!about_steps && a->kind == FLOW_STEP_SUCCEEDED) a->kind = FLOW_HOLDS;
  if (a->kind == FLOW_IN_RANGE && !chance(g, g->wild)) a->kind = FLOW_HOLDS;
  a->warning = chance(g, 15);
  if (a->kind == FLOW_HOLDS) a->condition = condition(g);
  flow_expr *v = name(g);
  a->name = v->name;
  a->expected = is_numeric(v) ? int_value(pick(g, 3)) : constant(g);
  if (a->kind == FLOW_IN_RANGE) {
    a->name = chance(g, 50) ? "error_rate" : "m0";
    a->min = (long)pick(g, 3) - 1;
    a->max = a->min + pick(g, 3);
    a->no_data_passes = chance(g, 30);
  }
  if (a->kind >= FLOW_STEP_SUCCEEDED) wait_for_step(g, &a->step);
  return a;
}

static void assertions(generator *g, flow_list *l, unsigned percent, bool about_steps) {
  for (unsigned n = 0; n < 3 && chance(g, percent); n++) add(g, l, assertion(g, about_steps));
  register_list(g, l);
}

/* ---- entries ---- */

static void entries(generator *g, flow_list *l, unsigned most);
static flow_entry *entry(generator *g, bool in_list);

static void enter(generator *g, const flow_list *group) {
  place *inner = NEW(g, place);
  *inner = (place){g->here, group};
  g->here = inner;
}

static void fill_step(generator *g, flow_entry *e) {
  static const char *const names[] = {"s0", "s1", "s2", "s3", "s4", "s5"};
  e->name = names[pick(g, 6)];
  if (chance(g, 10)) {
    flow_expr *shown = node(g, FLOW_NAME);
    shown->name = chance(g, 80) ? "g0" : "g3";
    e->shown = shown;
    e->name = mf_arena_printf(&g->d->arena, "%s ${%s}", e->name, shown->name);
  }
  e->in_base = chance(g, 10);
  if (e->background) enter(g, NULL);
  add(g, &g->steps, e);
  add(g, &g->places_of_steps, (void *)(uintptr_t)g->here);
  g->step = e;
  if (chance(g, 20)) {
    flow_setting *s = NEW(g, flow_setting);
    s->name = globals[pick(g, 2)];
    s->value = value(g); /* before it can see itself */
    add(g, &e->variables, s);
  }
  register_list(g, &e->variables);
  e->load = chance(g, 50);
  e->fault = e->load && chance(g, 30);
  if (chance(g, 10))
    e->length = name(g);
  else if (chance(g, 40))
    e->duration = 0.5 + 0.5 * pick(g, 4);
  if (chance(g, 15)) e->timeout = 0.375 + 0.5 * pick(g, 4); /* nothing else ends then */
  if (chance(g, 15)) e->delay = 0.5 * (1 + pick(g, 2));
  if (chance(g, 20)) {
    e->attempts = 1 + pick(g, 3);
    if (chance(g, 60)) e->pause = 0.5 * (1 + pick(g, 3));
    if (chance(g, 40)) e->factor = 1 + pick(g, 3);
    if (chance(g, 30)) e->longest = 1 + pick(g, 2);
    if (chance(g, 30)) maybe_condition(g, &e->when, 100);
  }
  hooks(g, &e->pre_hooks, FLOW_PRE_STEP, 20);
  hooks(g, &e->post_hooks, FLOW_POST_STEP, 20);
  assertions(g, &e->assertions, 25, true);
  g->step = NULL;
  if (e->background) g->here = g->here->around;
}

static void fill_conditional(generator *g, flow_entry *e) {
  for (unsigned n = 1 + (chance(g, 30) ? 1 + pick(g, 2) : 0); n--;) {
    flow_arm *arm = NEW(g, flow_arm);
    arm->condition = condition(g);
    entries(g, &arm->entries, 2);
    add(g, &e->arms, arm);
  }
  if (chance(g, 50)) entries(g, &e->otherwise, 2);
}

/* Before the repeat a counter is declared; its first entry counts. */
static void fill_while(generator *g, flow_entry *e) {
  flow_entry *first = NEW(g, flow_entry);
  flow_setting *counter = NEW(g, flow_setting);
  flow_expr *below = node(g, FLOW_COMPARE);
  flow_action *a = NEW(g, flow_action);
  const char *n = mf_arena_printf(&g->d->arena, "w%u", g->named++);
  counter->name = n;
  counter->value = literal(g, int_value(0));
  add(g, &g->d->variables, counter);
  first->kind = FLOW_AN_ACTION;
  first->action = a;
  a->kind = FLOW_SET_VARIABLE;
  a->name = n;
  a->expect_code = -1;
  a->value = node(g, FLOW_ADD);
  a->value->a = node(g, FLOW_NAME);
  a->value->a->name = n;
  a->value->b = literal(g, int_value(1));
  below->name = "<";
  below->a = a->value->a;
  below->b = literal(g, int_value(1 + pick(g, 3)));
  e->how = node(g, FLOW_AND);
  e->how->a = below;
  e->how->b = truth(g, 1);
  add(g, &e->entries, first);
}

static void fill_repeat(generator *g, flow_entry *e) {
  e->turns = (flow_turns)pick(g, 4);
  if (e->turns == FLOW_FOR_EACH || e->turns == FLOW_UNTIL || chance(g, 40))
    e->as = mf_arena_printf(&g->d->arena, "%c%u", e->turns == FLOW_FOR_EACH ? 't' : 'n',
                            g->named++);
  switch (e->turns) {
    case FLOW_COUNT: e->how = chance(g, 80) ? literal(g, int_value(pick(g, 4))) : name(g); break;
    case FLOW_WHILE: fill_while(g, e); break;
    case FLOW_UNTIL: break;
    case FLOW_FOR_EACH: {
      flow_value *items = get(g, 3 * sizeof *items);
      for (unsigned i = 0; i < 3; i++) items[i] = constant(g);
      flow_value list = {.kind = FLOW_LIST, .items = items, .count = pick(g, 4)};
      e->how = chance(g, 85) ? literal(g, list) : name(g);
    }
  }
  if (e->as) g->loops[g->loop_count++] = e->as;
  if (e->turns == FLOW_UNTIL) {
    flow_expr *enough = node(g, FLOW_COMPARE);
    enough->name = ">=";
    enough->a = node(g, FLOW_NAME);
    enough->a->name = e->as;
    enough->b = literal(g, int_value(1 + pick(g, 3)));
    e->how = node(g, FLOW_OR);
    e->how->a = truth(g, 1);
    e->how->b = enough;
  }
  entries(g, &e->entries, 3);
  if (e->as) g->loop_count--;
}

/* What begins later may be needed, too, but never in a circle: need goes by rank. */
static void fill_needs(generator *g, flow_list *branches) {
  unsigned turn = pick(g, branches->count);
  for (unsigned i = 0; i < branches->count; i++) {
    flow_entry *e = branches->at[i];
    for (unsigned k = 0; k < branches->count; k++) {
      flow_entry *need = branches->at[k];
      bool below = (k + turn) % branches->count < (i + turn) % branches->count;
      if (!below || !chance(g, 25)) continue;
      if (!need->label) need->label = ++g->named;
      add(g, &e->needs, need);
    }
    register_list(g, &e->needs);
  }
}

static void branches(generator *g, flow_list *l, unsigned most) {
  g->depth++;
  for (unsigned n = 1 + pick(g, most); n-- && g->room;) {
    g->room--;
    enter(g, l);
    add(g, l, entry(g, false));
    g->here = g->here->around;
  }
  g->depth--;
  register_list(g, l);
  if (l->count && chance(g, 60)) fill_needs(g, l);
}

static void fill_group(generator *g, flow_entry *e) {
  e->fail_fast = chance(g, 40);
  register_flag(g, &e->fail_fast);
  if (chance(g, 35)) e->most = chance(g, 85) ? literal(g, int_value(1 + pick(g, 3))) : name(g);
  register_condition(g, &e->most);
  branches(g, &e->entries, 4);
}

static void fill_wait_until(generator *g, flow_entry *e) {
  e->until = condition(g);
  if (chance(g, 50)) {
    e->url = "/w";
    if (chance(g, 70)) {
      e->until = node(g, FLOW_COMPARE);
      e->until->name = "==";
      e->until->a = node(g, FLOW_MEMBER);
      e->until->a->name = "response";
      e->until->a->member = "status";
      e->until->b = literal(g, int_value(200));
    }
  }
  e->interval = 0.5 * (1 + pick(g, 2));
  e->timeout = 0.25 * (1 + pick(g, 8));
}

static flow_entry *entry(generator *g, bool in_list) {
  flow_entry *e = NEW(g, flow_entry);
  bool deep = g->depth >= 4 || g->loop_count >= LOOPS || g->room < 2;
  unsigned kind = pick(g, 23);
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
  e->background = in_list && e->kind == FLOW_A_STEP && chance(g, 20);
  register_flag(g, &e->background);
  if (e->kind != FLOW_CONDITIONAL && e->kind != FLOW_AN_ACTION)
    maybe_condition(g, &e->condition, 35);
  e->optional = chance(g, 15);
  e->goes_on = chance(g, 25);
  switch (e->kind) {
    case FLOW_A_STEP: fill_step(g, e); break;
    case FLOW_CONDITIONAL: fill_conditional(g, e); break;
    case FLOW_REPEAT: fill_repeat(g, e); break;
    case FLOW_GROUP: fill_group(g, e); break;
    case FLOW_WAIT:
      e->seconds = chance(g, 70)
                       ? literal(g, (flow_value){.kind = FLOW_DOUBLE, .d = 0.5 * (1 + pick(g, 4))})
                       : name(g);
      break;
    case FLOW_WAIT_UNTIL: fill_wait_until(g, e); break;
    case FLOW_AN_ACTION: e->action = action(g, true); break;
  }
  return e;
}

static void entries(generator *g, flow_list *l, unsigned most) {
  bool counts = l->count > 0;
  g->depth++;
  for (unsigned n = 1 + pick(g, most); n-- && g->room;) {
    g->room--;
    add(g, l, entry(g, l != &g->d->rollbacks));
  }
  if (l->count == 0) {
    flow_entry *e = NEW(g, flow_entry);
    e->kind = FLOW_WAIT;
    e->seconds = literal(g, (flow_value){.kind = FLOW_DOUBLE, .d = 0.5});
    e->duration = e->delay = -1;
    add(g, l, e);
  }
  if (!counts) register_list(g, l); /* what counts the turns of a while stays */
  g->depth--;
}

/* ---- the document ---- */

static void declare(generator *g, const char *n, flow_expr *v) {
  flow_setting *s = NEW(g, flow_setting);
  s->name = n;
  s->value = v;
  add(g, &g->d->variables, s);
}

static void fill_steady(generator *g, flow_document *d) {
  static const flow_action_kind kinds[] = {FLOW_REQUEST, FLOW_COMMAND, FLOW_ASSERT, FLOW_LOG};
  d->steady = true;
  for (unsigned n = pick(g, 3); n--;) {
    flow_action *a = NEW(g, flow_action);
    a->kind = kinds[pick(g, 4)];
    a->expect_code = -1;
    a->name = "text";
    if (a->kind == FLOW_REQUEST || a->kind == FLOW_COMMAND) fill_effect(g, a);
    if (a->kind == FLOW_ASSERT) a->condition = condition(g);
    add(g, &d->probes, a);
  }
  register_list(g, &d->probes);
  if (chance(g, 30)) d->steady_duration = 0.5;
  if (chance(g, 40)) d->recovery = 1 + pick(g, 4);
  assertions(g, &d->steady_assertions, 25, false);
}

static void fill(generator *g, flow_document *d) {
  flow_setting *input = NEW(g, flow_setting);
  input->name = "i0";
  input->value = literal(g, int_value(pick(g, 4)));
  add(g, &d->inputs, input);
  for (unsigned i = 0; i < 4; i++)
    if (i < 2 || chance(g, 100 - g->wild)) {
      written(g, globals[i]);
      declare(g, globals[i], literal(g, constant(g)));
    }
  if (chance(g, 15)) { /* uses those above */
    flow_expr *sum = node(g, FLOW_ADD);
    sum->a = node(g, FLOW_NAME);
    sum->a->name = globals[pick(g, 2)];
    sum->b = literal(
        g, chance(g, 80) ? int_value(pick(g, 3)) : (flow_value){.kind = FLOW_TEXT, .text = "a"});
    declare(g, "g4", sum);
  }
  d->parallel = chance(g, 12);
  if (d->parallel)
    branches(g, &d->lists[0], 6);
  else
    entries(g, &d->lists[0], 6);
  if (chance(g, 40)) entries(g, &d->lists[1], 3);
  if (chance(g, 25)) {
    flow_entry *e = NEW(g, flow_entry);
    e->kind = FLOW_CONDITIONAL;
    e->duration = e->delay = -1;
    fill_conditional(g, e);
    add(g, &d->lists[2], e);
    register_list(g, &d->lists[2]);
  }
  if (chance(g, 35)) d->iterations = 1 + pick(g, 3);
  if (chance(g, 30)) entries(g, &d->rollbacks, 3);
  d->strategy = (flow_strategy)pick(g, 3);
  if (chance(g, 25)) fill_steady(g, d);
  for (unsigned m = FLOW_PRE_ORCHESTRATION; m <= FLOW_POST_VERDICT; m++)
    for (unsigned n = 0; n < 2 && chance(g, 20); n++) add(g, &d->hooks, hook(g, (flow_moment)m));
  assertions(g, &d->assertions, 50, true);
  if (chance(g, 15)) d->report = "r.json";
}

/* ---- what was left open ---- */

static void plain_step(generator *g) {
  flow_entry *e = NEW(g, flow_entry);
  e->name = "plain";
  e->duration = e->delay = -1;
  add(g, &g->steps, e);
  add(g, &g->places_of_steps, NULL);
  add(g, &g->d->lists[0], e);
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
    unsigned at = pick(g, g->steps.count);
    for (unsigned n = 0; n < 8; n++) {
      if (!runs_beside(g->places_of_steps.at[at], g->places_of_open.at[i])) break;
      at = pick(g, g->steps.count);
    }
    if (g->steps.at[at] == g->asked.at[i]) at = (at + 1) % g->steps.count;
    *(flow_entry **)g->open.at[i] = g->steps.at[at];
  }
}

/* Every name must be written somewhere. */
static void declare_rest(generator *g) {
  for (unsigned i = 0; i < 4; i++)
    if (!g->written[i]) declare(g, globals[i], literal(g, constant(g)));
  if (!g->saved_request) declare(g, "r0", literal(g, int_value(1)));
  if (!g->saved_command) declare(g, "c0", literal(g, int_value(1)));
  if (g->metric_recorded) return;
  flow_hook *h = NEW(g, flow_hook);
  flow_action *a = NEW(g, flow_action);
  h->moment = FLOW_POST_STEP;
  a->kind = FLOW_METRIC;
  a->name = "m0";
  a->value = literal(g, int_value(1));
  a->expect_code = -1;
  add(g, &h->actions, a);
  add(g, &g->d->hooks, h);
}

void flow_generate(flow_document *d, uint64_t seed) {
  generator g = {.d = d, .state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
  *d = (flow_document){.seed = seed, .steady_duration = -1, .recovery = -1};
  mf_arena_init(&d->arena, NULL, 0);
  g.room = 4 + pick(&g, 20);
  g.wild = 5 + pick(&g, 4) * 15;
  fill(&g, d);
  resolve_steps(&g);
  declare_rest(&g);
  register_list(&g, &d->variables);
  register_list(&g, &d->hooks);
  flow_name_steps(d);
}

void flow_free(flow_document *d) {
  mf_arena_fini(&d->arena);
  free(d->all_lists);
  free(d->all_conditions);
  free(d->all_flags);
}

/* ---- identities ---- */

typedef struct naming {
  struct {
    const char *name;
    unsigned seen;
  } names[32];
} naming;

static void name_entries(naming *n, flow_list *l);

static void name_entry(naming *n, flow_entry *e) {
  unsigned i = 0;
  e->expected_to_fail = false;
  for (unsigned k = 0; k < e->arms.count; k++)
    name_entries(n, &((flow_arm *)e->arms.at[k])->entries);
  name_entries(n, &e->otherwise);
  name_entries(n, &e->entries);
  if (e->kind != FLOW_A_STEP) return;
  while (n->names[i].name && strcmp(n->names[i].name, e->name)) i++;
  n->names[i].name = e->name;
  if (++n->names[i].seen == 1)
    snprintf(e->identity, sizeof e->identity, "%s", e->name);
  else
    snprintf(e->identity, sizeof e->identity, "%s#%u", e->name, n->names[i].seen);
}

static void name_entries(naming *n, flow_list *l) {
  for (unsigned i = 0; i < l->count; i++) name_entry(n, l->at[i]);
}

static void expect_failures(flow_list *assertions) {
  for (unsigned i = 0; i < assertions->count; i++) {
    flow_assertion *a = assertions->at[i];
    if (a->kind == FLOW_STEP_FAILED) a->step->expected_to_fail = true;
  }
}

static void expect_in(flow_list *l) {
  for (unsigned i = 0; i < l->count; i++) {
    flow_entry *e = l->at[i];
    expect_failures(&e->assertions);
    for (unsigned k = 0; k < e->arms.count; k++) expect_in(&((flow_arm *)e->arms.at[k])->entries);
    expect_in(&e->otherwise);
    expect_in(&e->entries);
  }
}

void flow_name_steps(flow_document *d) {
  naming n = {.names = {{NULL, 0}}};
  for (unsigned i = 0; i < 3; i++) name_entries(&n, &d->lists[i]);
  name_entries(&n, &d->rollbacks);
  expect_failures(&d->assertions);
  for (unsigned i = 0; i < 3; i++) expect_in(&d->lists[i]);
  expect_in(&d->rollbacks);
}
