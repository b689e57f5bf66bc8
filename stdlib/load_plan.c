/* SPDX-License-Identifier: MIT */
#include "load_plan.h"

#include <math.h>

#define NS_PER_S 1e9

bool mf_load_plan_init(mf_load_plan *plan, mf_arena *arena, uint32_t cap, double rate) {
  *plan = (mf_load_plan){.cap = cap, .rate = rate};
  plan->stages = MF_NEW_ARRAY(arena, mf_load_stage, cap);
  return plan->stages != NULL;
}

static double count_of(const mf_load_stage *s) {
  return (s->from + s->to) / 2 * ((double)s->length_ns / NS_PER_S);
}

static void settle(mf_load_plan *plan) {
  plan->total = 0;
  plan->total_ns = 0;
  for (uint32_t i = 0; i < plan->count; i++) {
    mf_load_stage *s = &plan->stages[i];
    s->start_ns = plan->total_ns;
    s->before = plan->total;
    plan->total_ns += s->length_ns;
    plan->total += count_of(s);
  }
}

void mf_load_plan_add(mf_load_plan *plan, double target, int64_t length_ns) {
  if (length_ns > 0 && plan->count < plan->cap) {
    plan->stages[plan->count++] = (mf_load_stage){
        .from = plan->rate, .to = target, .length_ns = length_ns};
    settle(plan);
  }
  plan->rate = target;
}

static void cut_last(mf_load_plan *plan, int64_t total_ns) {
  mf_load_stage *s = &plan->stages[plan->count - 1];
  int64_t length = total_ns - s->start_ns;
  s->to = s->from + (s->to - s->from) * ((double)length / (double)s->length_ns);
  s->length_ns = length;
  plan->rate = s->to;
  settle(plan);
}

void mf_load_plan_fit(mf_load_plan *plan, int64_t total_ns) {
  if (plan->total_ns < total_ns) mf_load_plan_add(plan, plan->rate, total_ns - plan->total_ns);
  while (plan->count && plan->stages[plan->count - 1].start_ns >= total_ns) {
    plan->count--;
    settle(plan);
  }
  if (plan->count && plan->total_ns > total_ns) cut_last(plan, total_ns);
}

/* Seconds into a stage until `n` requests are due: the root of
 * from*t + (to-from)/(2*length)*t^2 = n, in the form that also holds for from == to. */
static double time_of(const mf_load_stage *s, double n) {
  if (n <= 0) return 0;
  double length = (double)s->length_ns / NS_PER_S;
  double slope = (s->to - s->from) / length;
  double under_root = s->from * s->from + 2 * slope * n;
  double t = 2 * n / (s->from + sqrt(under_root > 0 ? under_root : 0));
  return t < length ? t : length;
}

bool mf_load_plan_next(mf_load_plan *plan, int64_t *due_ns) {
  double k = (double)plan->next;
  for (; plan->at < plan->count; plan->at++) {
    const mf_load_stage *s = &plan->stages[plan->at];
    if (k - s->before >= count_of(s)) continue;
    *due_ns = s->start_ns + (int64_t)(time_of(s, k - s->before) * NS_PER_S);
    plan->next++;
    return true;
  }
  return false;
}

static const mf_load_stage *stage_at(const mf_load_plan *plan, int64_t at_ns) {
  for (uint32_t i = 0; i < plan->count; i++)
    if (at_ns < plan->stages[i].start_ns + plan->stages[i].length_ns) return &plan->stages[i];
  return NULL;
}

uint32_t mf_load_plan_level(const mf_load_plan *plan, int64_t at_ns, int64_t *until_ns) {
  const mf_load_stage *s = stage_at(plan, at_ns);
  *until_ns = INT64_MAX;
  if (!s) return (uint32_t)(plan->rate + 0.5);
  const double slope = (s->to - s->from) / (double)s->length_ns; /* per ns */
  const double into = (double)(at_ns - s->start_ns);
  const double level = s->from + slope * into;
  const double whole = floor(level + 0.5);
  *until_ns = s->start_ns + s->length_ns;
  if (slope != 0) {
    /* Just past the half, so that the next look sees the other side. */
    double next = (whole + (slope > 0 ? 0.5 : -0.5) - s->from) / slope;
    if (next < into) next = into;
    if (next < (double)s->length_ns) *until_ns = s->start_ns + (int64_t)next + 1;
  }
  return (uint32_t)whole;
}
