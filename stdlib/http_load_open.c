/* SPDX-License-Identifier: MIT */
/* Arrival rates.
 *
 * The plan says when each request is due, whatever the service does.  A request that
 * finds no free connection waits in the backlog with its due time, and latency counts
 * from there, so a service that stalls cannot hide it by slowing us down (coordinated
 * omission).  What finds the backlog full, or is still in it at the end, was never sent:
 * it is counted as dropped. */
#include "http_load.h"

static void send_backlog(mf_load *l, int64_t now) {
  while (l->backlog_n > 0 && l->n_free > 0 && !l->stopping) {
    mf_load_user *u = l->free_users[l->n_free - 1];
    if (!mf_load_connect(l, u) || !mf_load_budget_request(l->env->budget)) return;
    u->due = l->backlog[l->backlog_at];
    l->backlog_at = (l->backlog_at + 1) % MF_LOAD_BACKLOG;
    l->backlog_n--;
    if (mf_load_send(l, u, now)) l->n_free--;
  }
}

static void queue_request(mf_load *l, int64_t due) {
  if (l->backlog_n == MF_LOAD_BACKLOG) {
    mf_load_drop(l, 1, due);
    return;
  }
  l->backlog[(l->backlog_at + l->backlog_n++) % MF_LOAD_BACKLOG] = due;
}

static void advance_plan(mf_load *l) {
  int64_t offset;
  l->plan_over = !mf_load_plan_next(&l->plan, &offset);
  if (!l->plan_over) l->next_due = l->start + offset;
  l->has_slot = false;
}

/* Sends as it goes: connections may be free. */
void mf_load_open_due(mf_load *l, int64_t now) {
  while (!l->plan_over && l->next_due <= now && !l->stopping) {
    if (!l->has_slot) l->next_due = mf_load_budget_slot(l->env->budget, l->next_due, now);
    l->has_slot = true;
    if (l->next_due > now) return;
    queue_request(l, l->next_due);
    send_backlog(l, now);
    advance_plan(l);
  }
}

void mf_load_open_end(mf_load *l) {
  mf_load_open_due(l, l->end - 1);
  if (!l->plan_over && l->has_slot)
    mf_load_warn_cap(l, "rate of all loads", l->env->budget->max_rate);
}

static void pace(mf_timer *timer) {
  mf_load *l = timer->ctx;
  mf_load_open_due(l, mf_clock_monotonic());
  if (!l->plan_over && !l->stopping && mf_timer_set(l->env->loop, timer, l->next_due) != MF_OK)
    mf_load_break(l, "out of memory");
  mf_load_settle(l);
}

/* What has become due while responses were read does not wait for the timer. */
void mf_load_open_free(mf_load *l, mf_load_user *u, int64_t now) {
  l->free_users[l->n_free++] = u;
  send_backlog(l, now);
  if (l->next_due <= now) mf_load_open_due(l, now);
}

bool mf_load_open_init(mf_load *l) {
  l->free_users = MF_NEW_ARRAY(&l->arena, mf_load_user *, l->n_users);
  l->backlog = MF_NEW_ARRAY(&l->arena, int64_t, MF_LOAD_BACKLOG);
  if (mf_arena_oom(&l->arena)) return false;
  /* The first one on top. */
  for (uint32_t i = l->n_users; i > 0; i--) l->free_users[l->n_free++] = &l->users[i - 1];
  return true;
}

bool mf_load_open_start(mf_load *l) {
  l->pacer.fire = pace;
  advance_plan(l);
  return l->plan_over || mf_timer_set(l->env->loop, &l->pacer, l->next_due) == MF_OK;
}
