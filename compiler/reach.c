/* SPDX-License-Identifier: MIT */
/* reach - what is never carried out, and steps that may have no result where one is
 * read.
 *
 * Only what is certain is told: that a run may end early is not thought of, since it
 * has failed then, nor is anything below an operator that may absorb an error, which
 * is how documents ask whether a step has run. */
#include "compiler.h"

void mf_reach_open(mf_compiler *c) {
  c->own_step = MF_ABSENT;
  c->steps_declared = mf_builder_row_count(c->b, MF_TABLE_STEP);
  c->steps_reached = MF_NEW_ARRAY(c->arena, mf_step_reach, c->steps_declared + 1);
  if (c->steps_reached)
    memset(c->steps_reached, 0, sizeof *c->steps_reached * (c->steps_declared + 1));
  else
    c->steps_declared = 0;
}

void mf_reach_enter(mf_compiler *c) {
  mf_reach *inner = MF_NEW(c->arena, mf_reach);
  if (!inner) return;
  inner->around = c->reach;
  c->reach = inner;
}

void mf_reach_leave(mf_compiler *c) {
  if (c->reach) c->reach = c->reach->around;
}

/* ---- results of steps ---- */

void mf_reach_step_begin(mf_compiler *c, uint32_t row) { c->own_step = row; }

void mf_reach_step_end(mf_compiler *c, uint32_t row, bool conditional) {
  c->own_step = MF_ABSENT;
  if (row < c->steps_declared) c->steps_reached[row] = (mf_step_reach){c->reach, true, conditional};
}

static bool is_around(const mf_reach *where, const mf_reach *here) {
  while (here && here != where) here = here->around;
  return here == where;
}

/* Both at the same time, or in an order of their own. */
static bool runs_in_branch(const mf_compiler *c, uint32_t row) {
  const mf_concurrency *k = &c->concurrency;
  return k->at != MF_ABSENT && row < k->step_count && k->of_step[row] != MF_ABSENT;
}

void mf_reach_read(mf_compiler *c, uint32_t row, mf_str name, mf_span span, bool metrics) {
  if (c->anywhere || row >= c->steps_declared || row == c->own_step) return;
  const mf_step_reach *step = &c->steps_reached[row];
  if (!step->done && runs_in_branch(c, row)) return; /* branches.c tells */
  if (!step->done && c->turns == 0)
    mf_diag_add(c->diags, MF_E_NOT_RUN_YET, span, (int)name.n, name.p);
  else if (!step->done || !is_around(step->where, c->reach))
    mf_diag_add_hint(c->diags, MF_W_MAY_NOT_RUN, span, "ask for its .runs first", (int)name.n,
                     name.p);
  else if (metrics && step->conditional && c->judging)
    mf_diag_add_hint(c->diags, MF_W_MAY_BE_SKIPPED, span, "ask for its .skipped first", (int)name.n,
                     name.p);
}

/* The text by which e.x or e["x"] selects; n 0: it is none. */
static mf_str selected(const mf_expr *e) {
  if (e->flags & MF_EXPR_OPTIONAL) return MF_STR("");
  if (e->kind == MF_EXPR_SELECT) return e->name;
  bool text = e->kind == MF_EXPR_INDEX && e->first->next->kind == MF_EXPR_LITERAL &&
              e->first->next->value.kind == MF_STRING;
  return text ? (mf_str){e->first->next->value.as.s, e->first->next->value.len} : MF_STR("");
}

/* steps["x"]; the name of the step. */
static mf_str step_named(const mf_expr *e) {
  bool of_steps = (e->kind == MF_EXPR_SELECT || e->kind == MF_EXPR_INDEX) &&
                  e->first->kind == MF_EXPR_IDENT && mf_str_is(e->first->name, "steps");
  return of_steps ? selected(e) : MF_STR("");
}

static void read_step(mf_compiler *c, mf_str name, mf_str field, mf_span span) {
  uint32_t row = mf_names_get(&c->steps, name);
  if (row != MF_NAMES_NONE && !mf_str_is(field, "runs"))
    mf_reach_read(c, row, name, span, mf_str_is(field, "metrics"));
}

/* Whether an error in a part need not be one of the whole, or the part is not
 * evaluated at all. */
static bool absorbs(const mf_expr *e) {
  switch ((mf_expr_kind)e->kind) {
    case MF_EXPR_BINARY: return e->op == MF_OP_AND || e->op == MF_OP_OR;
    case MF_EXPR_CHOOSE:
    case MF_EXPR_LOOP:
    case MF_EXPR_OPT_MAP: return true;
    case MF_EXPR_CALL: return mf_str_is(e->name, "has");
    default: return (e->flags & MF_EXPR_OPTIONAL) != 0;
  }
}

void mf_reach_expr(mf_compiler *c, const mf_expr *e) {
  if (!e->first || absorbs(e)) return;
  mf_str name = step_named(e), inner = name.n ? MF_STR("") : step_named(e->first);
  if (name.n) {
    read_step(c, name, MF_STR(""), e->span);
    return;
  }
  mf_str field = inner.n ? selected(e) : MF_STR("");
  if (field.n) {
    read_step(c, inner, field, e->first->span);
    return;
  }
  for (const mf_expr *child = e->first; child; child = child->next) mf_reach_expr(c, child);
}

/* ---- entries ---- */

void mf_reach_guard(mf_compiler *c, const mf_node *condition, int answer) {
  if (answer == 0 && mf_reach_is_written(condition))
    mf_diag_add(c->diags, MF_W_NEVER_CARRIED_OUT, condition->span, "its condition is false");
}

/* An abort ends the run; the failure of a fail is pending, and stops it unless the
 * next entry looks. */
void mf_reach_after(mf_compiler *c, const mf_node *entry) {
  bool aborts = entry->tag == MF_TAG_ACTION_ABORT, fails = entry->tag == MF_TAG_ACTION_FAIL;
  c->stopped = NULL;
  if (entry->shape != MF_SHAPE_MAP || !(aborts || fails)) return;
  if (mf_node_get(entry, MF_KEY_CONDITION)) return;
  bool goes_on = mf_node_get(entry, MF_KEY_OPTIONAL) ||
                 mf_node_get(entry, MF_KEY_CONTINUE_ON_FAILURE);
  if (aborts)
    c->stopped = "the 'abort' above it ends the run";
  else if (!goes_on)
    c->stopped = "the 'fail' above it stops the run";
  c->stopped_for_all = aborts;
}

void mf_reach_gate(mf_compiler *c, const mf_node *entry, bool looks) {
  if (c->stopped && (c->stopped_for_all || !looks))
    mf_diag_add(c->diags, MF_W_NEVER_CARRIED_OUT, entry->span, c->stopped);
  c->stopped = NULL;
}
