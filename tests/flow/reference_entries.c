/* SPDX-License-Identifier: MIT */
/* reference_entries - conditionals, repeats, waits and bare actions; what follows what. */
#include <stdio.h>
#include <string.h>

#include "reference.h"

/* "neither branch runs", when a condition is an error. */
static flow_end run_conditional(flow_run *r, flow_entry *e, const flow_path *p) {
  bool looks = false;
  for (unsigned i = 0; i < e->arms.count; i++)
    looks = looks || flow_looks(((flow_arm *)e->arms.at[i])->condition);
  for (unsigned i = 0; i < e->arms.count; i++) {
    const flow_arm *arm = e->arms.at[i];
    flow_truth t = flow_holds(r, arm->condition);
    if (t > FLOW_TRUE) {
      flow_tell(r, "error %s", flow_here(r, p).text);
      flow_entry_failed(r, e);
      return DONE;
    }
    if (t == FLOW_FALSE) continue;
    if (looks) r->t->pending = false; /* "for a conditional, either branch" */
    flow_tell(r, "branch %s %s", flow_here(r, p).text, i ? "elif" : "then");
    flow_path own = i ? flow_element(p, "elif", i - 1) : *p;
    own = flow_part(&own, "then");
    return flow_run_entries(r, &arm->entries, &own);
  }
  if (looks) r->t->pending = false;
  flow_tell(r, "branch %s else", flow_here(r, p).text);
  flow_path own = flow_part(p, "else");
  return flow_run_entries(r, &e->otherwise, &own);
}

typedef struct loop {
  unsigned turn;
  flow_end end;
} loop;

/* One turn; its path has its number. */
static flow_end turn(flow_run *r, flow_entry *e, const flow_path *p, loop *l,
                     const flow_value *of) {
  flow_path steps = flow_part(p, "steps");
  l->turn++;
  mf_buf_printf(r->out, "turn %u of %s", l->turn, flow_here(r, p).text);
  if (of) mf_buf_putc(r->out, ' '), flow_put_value(r->out, of);
  mf_buf_putc(r->out, '\n');
  r->t->turns[r->t->turn_count++] = l->turn;
  if (e->as)
    flow_find(&r->t->loops, e->as)->value = of ? *of
                                               : (flow_value){.kind = FLOW_INT, .i = (long)l->turn};
  flow_end how = flow_run_entries(r, &e->entries, &steps);
  r->t->turn_count--;
  return how;
}

static void broke(flow_run *r, flow_entry *e, const flow_path *p, loop *l) {
  flow_tell(r, "error %s", flow_here(r, p).text);
  flow_entry_failed(r, e);
  l->end = BAD;
}

static void run_while(flow_run *r, flow_entry *e, const flow_path *p, loop *l) {
  for (;;) {
    flow_truth t = flow_holds(r, e->how);
    if (t > FLOW_TRUE) {
      broke(r, e, p, l);
      return;
    }
    /* It handles by going on, and by ending unless there was no turn. */
    if (flow_looks(e->how) && (t == FLOW_TRUE || l->turn)) r->t->pending = false;
    if (t == FLOW_FALSE) return;
    if ((l->end = turn(r, e, p, l, NULL)) == LEFT) return;
  }
}

static void run_until(flow_run *r, flow_entry *e, const flow_path *p, loop *l) {
  for (;;) {
    if ((l->end = turn(r, e, p, l, NULL)) == LEFT) return;
    flow_truth t = flow_holds(r, e->how);
    if (t > FLOW_TRUE) {
      broke(r, e, p, l);
      return;
    }
    if (flow_looks(e->how)) r->t->pending = false;
    if (t == FLOW_TRUE) return;
  }
}

static void run_turns(flow_run *r, flow_entry *e, const flow_path *p, loop *l) {
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

static flow_end run_repeat(flow_run *r, flow_entry *e, const flow_path *p) {
  loop l = {0, DONE};
  flow_truth t = e->condition ? flow_holds(r, e->condition) : FLOW_TRUE;
  if (t == FLOW_FALSE) {
    flow_tell(r, "repeat %s skipped 0", flow_here(r, p).text);
    return DONE;
  }
  if (t != FLOW_TRUE) {
    broke(r, e, p, &l);
  } else {
    if (flow_looks(e->condition)) r->t->pending = false;
    if (e->as) r->t->loops.at[r->t->loops.count++] = (flow_cell){e->as, {.kind = FLOW_NO_VALUE}};
    if (e->turns == FLOW_WHILE)
      run_while(r, e, p, &l);
    else if (e->turns == FLOW_UNTIL)
      run_until(r, e, p, &l);
    else
      run_turns(r, e, p, &l);
    if (e->as) r->t->loops.count--;
  }
  const char *word = l.end == LEFT && r->t->pending ? "failed" : flow_end_words[l.end];
  flow_tell(r, "repeat %s %s %u", flow_here(r, p).text, word, l.turn);
  return l.end == LEFT ? LEFT : DONE;
}

/* "looked at until it holds: at once, then each `interval`, and when `timeout` is over"; a
 * look that is an error does not hold. */
static flow_end wait_until(flow_run *r, const flow_entry *e) {
  double begun = r->now;
  for (;;) {
    if (e->url) {
      flow_value answer = flow_ask(r, "http_request", e->url, NULL);
      if (flow_must_leave(r)) return LEFT;
      r->t->response = answer;
    }
    if (flow_holds(r, e->until) == FLOW_TRUE) return DONE;
    double left = begun + e->timeout - r->now;
    if (left <= 0) return BAD;
    if (!flow_pass_time(r, left < e->interval ? left : e->interval)) return LEFT;
  }
}

static flow_end run_wait(flow_run *r, const flow_entry *e) {
  double seconds;
  if (!flow_as_seconds(flow_evaluate(r, e->seconds), &seconds)) return BAD;
  return flow_pass_time(r, seconds) ? DONE : LEFT;
}

static flow_end do_bare(flow_run *r, const flow_entry *e, const flow_path *p) {
  if (e->kind == FLOW_AN_ACTION) return flow_guarded(r, e->action, p, true);
  if (e->condition) {
    flow_truth t = flow_holds(r, e->condition);
    if (t == FLOW_FALSE) return SKIPPED;
    if (t != FLOW_TRUE) return BAD;
    if (flow_looks(e->condition)) r->t->pending = false;
  }
  return e->kind == FLOW_WAIT ? run_wait(r, e) : wait_until(r, e);
}

/* "as an entry or a rollback every action fails for real" */
static flow_end run_bare(flow_run *r, flow_entry *e, const flow_path *p) {
  double begun = r->now;
  bool waits = e->kind == FLOW_WAIT || (e->action && e->action->kind == FLOW_PAUSE);
  flow_end how = do_bare(r, e, p);
  flow_tell(r, "action %s %s", flow_here(r, p).text,
            how == BAD && e->optional ? "warning" : flow_end_words[how]);
  if (how == LEFT || how == SKIPPED) return how == LEFT ? LEFT : DONE;
  flow_was_run(r);
  if (how == BAD) flow_entry_failed(r, e);
  flow_result o = {.known = true, .attempts = 1, .runs = 1};
  o.succeeded = how == DONE;
  o.erred = !o.succeeded;
  o.duration = r->now - begun;
  if (!waits || how == BAD) flow_becomes_previous(r, o);
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

flow_end flow_run_entry(flow_run *r, flow_entry *e, const flow_path *p) {
  /* "an entry that does not look stops the run" */
  if (r->t->pending && !entry_looks(e)) return LEFT;
  switch (e->kind) {
    case FLOW_GROUP: return flow_run_group(r, e, p);
    case FLOW_A_STEP: return flow_run_step(r, e, p);
    case FLOW_CONDITIONAL: return run_conditional(r, e, p);
    case FLOW_REPEAT: return run_repeat(r, e, p);
    default: return run_bare(r, e, p);
  }
}

/* "runs beside the entries that follow it in its list": it begins first, and its own
 * condition may be what looks. */
static flow_end begin_beside(flow_run *r, flow_group *g, flow_entry *e, const flow_path *p) {
  if (r->t->pending && !entry_looks(e)) return LEFT;
  flow_spawn(r, g, e, p);
  flow_let_others(r);
  return r->t->left ? LEFT : DONE;
}

/* "the end of the list waits"; "when the list is stopped, by whatever, background steps
 * that still run are interrupted" */
flow_end flow_run_entries(flow_run *r, const flow_list *l, const flow_path *p) {
  flow_group beside = {.of = r->t, .beside = true};
  flow_end end = DONE;
  for (unsigned i = 0; i < l->count && end == DONE; i++) {
    flow_entry *e = l->at[i];
    flow_path own = flow_element(p, NULL, i);
    end = e->background ? begin_beside(r, &beside, e, &own) : flow_run_entry(r, e, &own);
  }
  if (end == LEFT) flow_end_branches(r, &beside);
  return flow_await(r, &beside) == LEFT ? LEFT : end;
}
