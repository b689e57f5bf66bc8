/* SPDX-License-Identifier: MIT */
/* Virtual users: each has one connection, and its next request is due think_time after
 * the last response.
 *
 * A pass through the list of requests is an iteration.  Users whose number is not below
 * the level of ramping_vus sleep; they finish the request under way and begin the list
 * anew when they are woken. */
#include "http_load.h"

/* A virtual user that was refused waits at least so long: it would spin. */
#define BACKOFF_NS (10 * 1000000LL)

static bool has_iterations(const mf_load *l) {
  return l->executor == MF_PER_VU_ITERATIONS || l->executor == MF_SHARED_ITERATIONS;
}

/* False: the user has no more to do, now or for good. */
static bool goes_on(mf_load *l, mf_load_user *u) {
  if (l->executor == MF_RAMPING_VUS && u->number >= l->level) {
    u->asleep = true;
    u->in_pass = false;
    u->at = 0;
    return false;
  }
  if (u->in_pass || !has_iterations(l)) return true;
  const bool more = l->executor == MF_SHARED_ITERATIONS ? l->passes > 0 : u->passes > 0;
  if (!more) {
    u->over = true;
    l->over++;
    return false;
  }
  u->in_pass = true;
  if (l->executor == MF_SHARED_ITERATIONS)
    l->passes--;
  else
    u->passes--;
  return true;
}

/* Plans a user's next request; none after the load's end. */
static void plan_user(mf_load *l, mf_load_user *u, int64_t due) {
  u->due = due;
  u->has_slot = false;
  if (due < l->end && !l->stopping && mf_timer_set(l->env->loop, &u->timer, due) != MF_OK)
    mf_load_break(l, "out of memory");
}

static void send_user(mf_load *l, mf_load_user *u, int64_t now) {
  if (!mf_load_budget_request(l->env->budget) || mf_load_send(l, u, now)) return;
  if (goes_on(l, u))
    plan_user(l, u, mf_clock_monotonic() + (l->think_ns > BACKOFF_NS ? l->think_ns : BACKOFF_NS));
}

/* Sends a request that is due as soon as the run's budget lets it.  Users have no plan
 * to catch up with: what is late asks as if it were due now. */
static void begin_request(mf_load *l, mf_load_user *u, int64_t now) {
  const int64_t at = u->has_slot ? u->due : mf_load_budget_slot(l->env->budget, now, now);
  u->has_slot = true;
  if (at > now) u->due = at;
  if (u->due <= now)
    send_user(l, u, now);
  else if (u->due < l->end && mf_timer_set(l->env->loop, &u->timer, u->due) != MF_OK)
    mf_load_break(l, "out of memory");
}

void mf_load_user_due(mf_timer *timer) {
  mf_load_user *u = timer->ctx;
  mf_load *l = u->load;
  if (!l->stopping && goes_on(l, u)) begin_request(l, u, mf_clock_monotonic());
  mf_load_settle(l);
}

/* The next request goes out at once, or later. */
void mf_load_user_next(mf_load *l, mf_load_user *u, mf_http_error error, int64_t now) {
  int64_t pause = l->think_ns;
  if (error != MF_HTTP_NONE && pause < BACKOFF_NS) pause = BACKOFF_NS;
  if (!goes_on(l, u)) return;
  if (pause > 0) {
    plan_user(l, u, now + pause);
  } else if (now < l->end) {
    u->due = now;
    u->has_slot = false;
    begin_request(l, u, now);
  }
}

/* ---- ramping_vus ---- */

static void set_level(mf_load *l, uint32_t level, int64_t now) {
  const uint32_t before = l->level;
  l->level = level < l->n_users ? level : l->n_users;
  for (uint32_t i = before; i < l->level; i++) {
    mf_load_user *u = &l->users[i];
    if (!u->asleep) continue; /* it has not noticed */
    u->asleep = false;
    plan_user(l, u, now);
  }
}

static void ramp(mf_timer *timer) {
  mf_load *l = timer->ctx;
  const int64_t now = mf_clock_monotonic();
  int64_t until;
  set_level(l, mf_load_plan_level(&l->plan, now - l->start, &until), now);
  if (until != INT64_MAX && !l->stopping &&
      mf_timer_set(l->env->loop, timer, l->start + until) != MF_OK)
    mf_load_break(l, "out of memory");
  mf_load_settle(l);
}

/* ---- Begin and end ---- */

/* Through the timers, so that nothing is sent before `start` of the driver has returned. */
void mf_load_users_start(mf_load *l) {
  l->passes = l->iterations;
  for (uint32_t i = 0; i < l->n_users; i++) {
    mf_load_user *u = &l->users[i];
    u->passes = l->iterations;
    u->asleep = l->executor == MF_RAMPING_VUS;
    if (!u->asleep) plan_user(l, u, l->start);
  }
  if (l->executor != MF_RAMPING_VUS) return;
  l->pacer.fire = ramp;
  if (mf_timer_set(l->env->loop, &l->pacer, l->start) != MF_OK) mf_load_break(l, "out of memory");
}

uint64_t mf_load_users_missed(const mf_load *l) {
  const uint64_t length = l->weights > 0 ? 1 : l->n_requests;
  uint64_t passes = l->executor == MF_SHARED_ITERATIONS ? l->passes : 0, missed = 0;
  if (!has_iterations(l)) return 0;
  for (uint32_t i = 0; i < l->n_users; i++) {
    const mf_load_user *u = &l->users[i];
    if (l->executor == MF_PER_VU_ITERATIONS) passes += u->passes;
    if (u->in_pass) missed += length - u->at - u->in_flight;
  }
  return missed + passes * length;
}
