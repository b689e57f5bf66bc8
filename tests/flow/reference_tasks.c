/* SPDX-License-Identifier: MIT */
/* reference_tasks - who goes on, in virtual time.  "A task runs until it asks for an
 * effect, waits for other tasks, or ends; then the one that has been ready for longest
 * goes on."  What ends first is answered first, of two at once the one that was asked
 * for first; before either, attempts whose time is over.
 *
 * Each task is carried out on a stack of its own, so that the rest of the reference
 * reads as if it were alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "reference.h"

enum { STACK_SIZE = 1 << 18 };

/* ---- who can go on ---- */

static void make_ready(flow_run *r, flow_task *t) {
  t->for_others = false;
  if (t->ready) return;
  t->ready = true;
  t->next_ready = NULL;
  *(r->first_ready ? &r->last_ready->next_ready : &r->first_ready) = t;
  r->last_ready = t;
}

static void cut(flow_run *r, flow_task *t) {
  if (t->cut || !t->cuttable) return;
  t->cut = true;
  t->next_cut = NULL;
  *(r->first_cut ? &r->last_cut->next_cut : &r->first_cut) = t;
  r->last_cut = t;
}

/* What it waits for is not waited for any more. */
static void interrupt(flow_run *r, flow_task *t) {
  if (t->flies)
    cut(r, t);
  else if (t->for_others)
    make_ready(r, t);
}

static void leave(flow_run *r, flow_task *t) {
  t->left = true;
  interrupt(r, t);
}

/* ---- time ---- */

static void set_time(flow_run *r, int64_t ns) {
  r->now_ns = ns;
  r->now = (double)ns / 1e9;
}

static void end_late_attempts(flow_run *r) {
  for (flow_task *t = &r->run; t; t = t->next) {
    if (t->deadline_ns > r->now_ns) continue;
    t->deadline_ns = INT64_MAX;
    if (t->left) continue;
    t->overdue = true;
    interrupt(r, t);
  }
}

/* The next thing that happens in the world. */
static void pass_time(flow_run *r) {
  flow_task *next = NULL;
  int64_t deadline = INT64_MAX;
  for (flow_task *t = &r->run; t; t = t->next) {
    if (t->deadline_ns < deadline) deadline = t->deadline_ns;
    if (!t->flies) continue;
    if (!next || t->due_ns < next->due_ns || (t->due_ns == next->due_ns && t->id < next->id))
      next = t;
  }
  if (!next) {
    fprintf(stderr, "the reference waits for nothing\n%.*s", (int)r->out->n, r->out->p);
    abort();
  }
  if (deadline <= next->due_ns) {
    set_time(r, deadline);
    end_late_attempts(r);
    return;
  }
  set_time(r, next->due_ns);
  next->flies = false;
  next->arrived = true;
  make_ready(r, next);
}

/* Those that were cut short are answered before anything else goes on. */
static flow_task *next_task(flow_run *r) {
  for (;;) {
    flow_task *t = r->first_cut;
    if (t) {
      r->first_cut = t->next_cut;
      flow_tell(r, "cancel %s", t->driver);
      t->flies = false;
      make_ready(r, t);
      continue;
    }
    if (!r->first_ready) {
      pass_time(r);
      continue;
    }
    t = r->first_ready;
    r->first_ready = t->next_ready;
    t->ready = false;
    return t;
  }
}

static void yield(flow_run *r) {
  flow_task *before = r->t;
  r->t = next_task(r);
  if (r->t != before) swapcontext(before->context, r->t->context);
}

bool flow_must_leave(const flow_run *r) { return r->t->left || r->t->overdue; }

bool flow_takes(flow_run *r, const char *driver, double seconds, bool cuttable) {
  flow_task *t = r->t;
  t->flies = true;
  t->cut = t->arrived = false;
  t->cuttable = cuttable;
  t->driver = driver;
  t->id = r->asked++;
  t->due_ns = r->now_ns + (int64_t)(seconds * 1e9);
  yield(r);
  return t->arrived;
}

/* ---- groups ---- */

void flow_wait_for_others(flow_run *r) {
  r->t->for_others = true;
  yield(r);
}

void flow_let_others(flow_run *r) {
  make_ready(r, r->t);
  yield(r);
}

void flow_wake_group(flow_run *r, flow_group *g) {
  if (g->held) make_ready(r, g->of);
  g->held = false;
}

void flow_end_branches(flow_run *r, flow_group *g) {
  if (g->ending) return;
  g->ending = true;
  for (flow_task *t = r->run.next; t; t = t->next)
    if (t->home == g) leave(r, t);
}

flow_end flow_await(flow_run *r, flow_group *g) {
  bool left = false;
  for (;;) {
    left = left || r->t->left;
    if (left) flow_end_branches(r, g);
    if (g->tasks == 0) return left ? LEFT : DONE;
    g->held = true;
    flow_wait_for_others(r);
  }
}

/* "`abort` ends every branch" */
void flow_abort(flow_run *r) {
  for (flow_task *t = &r->run; t; t = t->next)
    if (t != r->t) leave(r, t);
}

/* ---- from begin to end ---- */

/* What it measured is the latest for who waits for it, and what failed in it has failed
 * there. */
static void hand_over(flow_task *t, flow_task *of) {
  for (unsigned i = 0; i < 2; i++) {
    if (!t->measured[i]) continue;
    of->metrics[i].last = t->metrics[i].last;
    of->measured[i] = true;
  }
  of->all_succeeded = of->all_succeeded && t->all_succeeded;
}

/* "Its failure is pending from the moment it ends"; one in a branch fails the group. */
static void tell_failure(flow_run *r, const flow_task *t, flow_group *g) {
  if (g->beside) {
    g->of->pending = g->of->pending || t->pending;
    g->of->broke = g->of->broke || t->broke;
    return;
  }
  g->failed = true;
  if (g->fail_fast) flow_end_branches(r, g);
}

static void end_task(flow_run *r, flow_task *t) {
  flow_group *g = t->home;
  flow_task *before = &r->run;
  bool failed = t->pending || t->broke;
  t->entry->alive = false;
  t->entry->missed = t->entry->missed || failed;
  hand_over(t, g->of);
  while (before->next != t) before = before->next;
  before->next = t->next;
  if (failed) tell_failure(r, t, g);
  g->tasks--;
  if (t->counted) g->running--;
  for (flow_task *s = r->run.next; s; s = s->next)
    if (s->home == g && s->needs) make_ready(r, s);
  flow_wake_group(r, g);
  t->next = r->unused;
  r->unused = t;
}

/* The context takes ints only. */
static void run_task(unsigned high, unsigned low) {
  flow_run *r = (flow_run *)(((uintptr_t)high << 16 << 16) | low);
  flow_run_branch(r);
  end_task(r, r->t);
  r->t = next_task(r);
  setcontext(r->t->context);
}

static void prepare(ucontext_t *context, void *stack, uintptr_t r) {
  getcontext(context);
  context->uc_stack.ss_sp = stack;
  context->uc_stack.ss_size = STACK_SIZE;
  context->uc_link = NULL;
  makecontext(context, (void (*)(void))run_task, 2, (unsigned)(r >> 16 >> 16), (unsigned)r);
}

static flow_task *new_task(flow_run *r) {
  flow_task *t = r->unused;
  if (t) {
    r->unused = t->next;
    return t;
  }
  t = calloc(1, sizeof *t);
  t->context = calloc(1, sizeof(ucontext_t));
  t->stack = malloc(STACK_SIZE);
  return t;
}

/* "Each branch begins with the `previous` from before the group", and knows what was
 * known there. */
void flow_spawn(flow_run *r, flow_group *g, flow_entry *e, const flow_path *p) {
  flow_task *t = new_task(r), *last = &r->run;
  ucontext_t *context = t->context;
  void *stack = t->stack;
  *t = *r->t;
  t->context = context;
  t->stack = stack;
  t->next = NULL;
  t->home = g;
  t->entry = e;
  t->path = *p;
  t->ready = t->flies = t->for_others = t->needs = false;
  t->left = t->overdue = t->pending = t->broke = false;
  t->measured[0] = t->measured[1] = false;
  t->in_step = false;
  t->counted = true;
  t->lenient = t->lenient || g->lenient;
  t->deadline_ns = INT64_MAX;
  while (last->next) last = last->next;
  last->next = t;
  g->tasks++;
  g->running++;
  e->alive = true;
  e->missed = false;
  prepare(context, stack, (uintptr_t)r);
  make_ready(r, t);
}

void flow_tasks_begin(flow_run *r) {
  r->t = &r->run;
  r->run.deadline_ns = INT64_MAX;
  r->run.context = calloc(1, sizeof(ucontext_t));
}

void flow_tasks_end(flow_run *r) {
  while (r->unused) {
    flow_task *t = r->unused;
    r->unused = t->next;
    free(t->context);
    free(t->stack);
    free(t);
  }
  free(r->run.context);
}
