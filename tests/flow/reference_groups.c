/* SPDX-License-Identifier: MIT */
/* reference_groups - parallel groups and their branches. */
#include "reference.h"

/* ---- a branch ---- */

static bool has_room(const flow_group *g) { return g->most == 0 || g->running < g->most; }

/* It gives its place to others while it waits. */
static void wait_for_need(flow_run *r, flow_group *g) {
  flow_task *t = r->t;
  if (t->counted) {
    t->counted = false;
    g->running--;
    flow_wake_group(r, g);
  }
  t->needs = true;
  flow_wait_for_others(r);
  t->needs = false;
}

/* "must have ended before it begins.  If one of them failed, or was skipped for this
 * reason, the branch is skipped; one whose condition was false is no obstacle" */
static flow_end await_needs(flow_run *r, const flow_entry *e) {
  flow_task *t = r->t;
  flow_group *g = t->home;
  for (unsigned i = 0; i < e->needs.count; i++) {
    const flow_entry *need = e->needs.at[i];
    while (need->alive || !(t->counted || has_room(g))) {
      wait_for_need(r, g);
      if (t->left) return LEFT;
    }
    if (!t->counted) g->running++;
    t->counted = true;
    if (need->missed) return SKIPPED;
  }
  return DONE;
}

/* Steps and actions are told to be skipped; of other entries nothing begins. */
static void skip(flow_run *r, flow_entry *e, const flow_path *p) {
  if (e->kind == FLOW_A_STEP)
    flow_skip_step(r, e, p);
  else if (e->kind == FLOW_WAIT || e->kind == FLOW_WAIT_UNTIL || e->kind == FLOW_AN_ACTION)
    flow_tell(r, "action %s skipped", flow_here(r, p).text);
}

void flow_run_branch(flow_run *r) {
  flow_entry *e = r->t->entry;
  const flow_path p = r->t->path;
  flow_end end = r->t->left ? LEFT : DONE;
  if (end == DONE && !r->t->home->beside) end = await_needs(r, e);
  if (end == SKIPPED) skip(r, e, &p);
  if (end == DONE) end = r->t->home->beside ? flow_run_step(r, e, &p) : flow_run_entry(r, e, &p);
  if (end != DONE) e->missed = true;
}

/* ---- a group ---- */

/* "they begin in document order", but after those that they depend on. */
static flow_entry *next_branch(const flow_list *l, unsigned *at, unsigned begun) {
  for (unsigned seen = 0; begun < l->count && seen <= l->count; seen++, (*at)++) {
    flow_entry *e = l->at[*at % l->count];
    bool open = !e->begun;
    for (unsigned i = 0; open && i < e->needs.count; i++)
      open = ((flow_entry *)e->needs.at[i])->begun;
    if (open) return e;
  }
  return NULL;
}

static void begin_branches(flow_run *r, flow_group *g, const flow_list *l, const flow_path *p) {
  unsigned at = 0;
  for (unsigned i = 0; i < l->count; i++) ((flow_entry *)l->at[i])->begun = false;
  for (unsigned begun = 0; begun < l->count; begun++) {
    flow_entry *e = next_branch(l, &at, begun);
    while (!g->ending && !has_room(g)) {
      g->held = true;
      flow_wait_for_others(r);
      if (r->t->left) return;
    }
    if (g->ending) return;
    flow_path own = flow_element(p, NULL, at % l->count);
    e->begun = true;
    flow_spawn(r, g, e, &own);
  }
}

/* "at most so many branches at once": a whole number. */
static bool most_of(flow_run *r, const flow_expr *e, unsigned *most) {
  *most = 0;
  if (!e) return true;
  flow_value v = flow_evaluate(r, e);
  double d = v.kind == FLOW_INT ? (double)v.i : v.d;
  if ((v.kind != FLOW_INT && v.kind != FLOW_DOUBLE) || !(d >= 1) || d != (double)(unsigned)d)
    return false;
  *most = (unsigned)d;
  return true;
}

static flow_end run_branches(flow_run *r, flow_entry *e, const flow_path *p) {
  flow_path own = flow_part(p, "parallel");
  flow_group g = {.of = r->t, .fail_fast = e->fail_fast, .lenient = e->optional};
  if (!most_of(r, e->most, &g.most)) return BAD;
  flow_tell(r, "begin group %s", flow_here(r, p).text);
  begin_branches(r, &g, &e->entries, &own);
  if (flow_await(r, &g) == LEFT) return LEFT;
  return g.failed ? BAD : DONE;
}

flow_end flow_run_group(flow_run *r, flow_entry *e, const flow_path *p) {
  double begun = r->now;
  flow_truth t = e->condition ? flow_holds(r, e->condition) : FLOW_TRUE;
  flow_end end = t == FLOW_TRUE ? DONE : t == FLOW_FALSE ? SKIPPED : BAD;
  if (end == DONE) {
    if (flow_looks(e->condition)) r->t->pending = false;
    end = run_branches(r, e, p);
  }
  if (end == BAD) flow_entry_failed(r, e);
  flow_result o = {.known = true, .attempts = 1, .runs = 1};
  o.succeeded = end == DONE;
  o.erred = !o.succeeded;
  o.duration = r->now - begun;
  if (end == DONE || end == BAD) flow_becomes_previous(r, o);
  flow_tell(r, "group %s %s %g", flow_here(r, p).text, flow_end_words[end],
            end == SKIPPED ? 0 : o.duration);
  return end == LEFT ? LEFT : DONE;
}

/* "`true`: all entries of `steps` at the same time, as one group named `steps`" */
flow_end flow_run_parallel_list(flow_run *r, const flow_list *l, const flow_path *p) {
  flow_entry group = {.kind = FLOW_GROUP};
  flow_group g = {.of = r->t};
  double begun = r->now;
  if (l->count == 0) return DONE;
  if (r->t->pending) return LEFT;
  flow_tell(r, "begin group %s", flow_here(r, p).text);
  begin_branches(r, &g, l, p);
  flow_end end = flow_await(r, &g);
  if (end == DONE && g.failed) end = BAD;
  if (end == BAD) flow_entry_failed(r, &group);
  flow_result o = {.known = true, .attempts = 1, .runs = 1, .succeeded = end == DONE};
  o.erred = !o.succeeded;
  o.duration = r->now - begun;
  if (end != LEFT) flow_becomes_previous(r, o);
  flow_tell(r, "group %s %s %g", flow_here(r, p).text, flow_end_words[end], o.duration);
  return end == LEFT ? LEFT : DONE;
}
