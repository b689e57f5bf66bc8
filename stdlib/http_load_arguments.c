/* SPDX-License-Identifier: MIT */
/* What a load was asked for, made shorter by the caps and by --time-scale. */
#include "http_load.h"

#include "../base/hash.h"
#include "../base/limits.h"

#include <stdio.h>

#define MAX_STAGES 1000
#define MAX_LENGTH_NS (1000000000LL * MF_NS_PER_S) /* of all stages together */
#define MAX_RATE ((double)MF_LIMIT_LOAD_RATE_MOST)
#define MAX_CONNECTIONS ((uint32_t)MF_LIMIT_LOAD_CONNECTIONS_MOST)
#define MIN_LENGTH_NS (MF_NS_PER_S / 2) /* of a scaled load: docs/language.md, Time scale */
#define ITERATIONS_SECONDS 600          /* that iterations may take, unless said */

/* ---- Executor ---- */

static const char *const executors[MF_LOAD_EXECUTORS] = {
    [MF_CONSTANT_ARRIVAL_RATE] = "constant_arrival_rate",
    [MF_RAMPING_ARRIVAL_RATE] = "ramping_arrival_rate",
    [MF_CONSTANT_VUS] = "constant_vus",
    [MF_RAMPING_VUS] = "ramping_vus",
    [MF_PER_VU_ITERATIONS] = "per_vu_iterations",
    [MF_SHARED_ITERATIONS] = "shared_iterations",
};

/* k6 writes hyphens. */
static bool same_word(mf_str given, const char *word) {
  if (given.n != strlen(word)) return false;
  for (size_t i = 0; i < given.n; i++)
    if (given.p[i] != word[i] && !(given.p[i] == '-' && word[i] == '_')) return false;
  return true;
}

static mf_load_executor guess_executor(const mf_args *args) {
  if (mf_arg_given(args, "stages"))
    return mf_arg_given(args, "start_vus") ? MF_RAMPING_VUS : MF_RAMPING_ARRIVAL_RATE;
  if (mf_arg_given(args, "iterations")) return MF_SHARED_ITERATIONS;
  return mf_arg_given(args, "vus") ? MF_CONSTANT_VUS : MF_CONSTANT_ARRIVAL_RATE;
}

static mf_load_executor read_executor(mf_args *args) {
  mf_str name = mf_arg_text(args, "executor", NULL);
  if (name.n == 0) return guess_executor(args);
  for (uint32_t i = 0; i < MF_LOAD_EXECUTORS; i++)
    if (same_word(name, executors[i])) return (mf_load_executor)i;
  mf_args_fail(args,
               "argument 'executor' must be constant_arrival_rate, ramping_arrival_rate,"
               " constant_vus, ramping_vus, per_vu_iterations or shared_iterations");
  return MF_LOAD_EXECUTORS;
}

/* ---- Caps ---- */

static double rate_cap(const mf_load *l) {
  double cap = l->env->budget->max_rate;
  return cap <= 0 || cap > MAX_RATE ? MAX_RATE : cap;
}

/* The most that a stage may aim at. */
static double cap_rate(const mf_load *l, double rate, bool *capped) {
  const double cap = l->executor == MF_RAMPING_VUS ? MAX_CONNECTIONS : rate_cap(l);
  if (rate <= cap) return rate;
  *capped = true;
  return cap;
}

static uint32_t cap_connections(mf_load *l, uint32_t wanted) {
  uint32_t cap = l->env->budget->max_connections;
  if (cap == 0 || cap > MAX_CONNECTIONS) cap = MAX_CONNECTIONS;
  if (wanted <= cap) return wanted;
  mf_load_warn_cap(l, "connections", cap);
  return cap;
}

/* ---- Stages ---- */

/* Returns the stage's length before scaling. */
static int64_t add_stage(mf_load *l, mf_args *args, const mf_value *stage, bool *capped) {
  mf_args s;
  mf_args_init(&s, args->arena, stage);
  bool shared = mf_arg_given(&s, "share"); /* of the load's own duration */
  if (stage->kind != MF_MAP || !mf_arg_given(&s, "target") ||
      shared == mf_arg_given(&s, "duration"))
    mf_args_fail(&s, "each of 'stages' must have a target, and a duration or a share");
  double target = mf_arg_number(&s, "target", 0);
  double share = mf_arg_number(&s, "share", 0);
  if (share > 1) mf_args_fail(&s, "the share of a stage must be from 0 to 1");
  int64_t length = shared ? (int64_t)(share * (double)mf_arg_length(args, "duration", 0))
                          : mf_arg_length(&s, "duration", 0);
  if (s.error)
    mf_args_fail(args, s.error);
  else
    mf_load_plan_add(&l->plan, cap_rate(l, target, capped), mf_scale_length(l->env, length, 0));
  return length;
}

/* A scaled plan that came out too short keeps its shape and is stretched. */
static void stretch(mf_load_plan *plan, mf_arena *arena, int64_t wanted_ns) {
  mf_load_plan old = *plan;
  if (old.total_ns == 0 || !mf_load_plan_init(plan, arena, old.cap, old.stages[0].from)) return;
  double factor = (double)wanted_ns / (double)old.total_ns;
  for (uint32_t i = 0; i < old.count; i++) {
    const mf_load_stage *s = &old.stages[i];
    plan->rate = s->from; /* jumps between stages */
    mf_load_plan_add(plan, s->to, (int64_t)((double)s->length_ns * factor));
  }
  plan->rate = old.rate;
}

/* `start`: where the line begins. */
static void read_stages(mf_load *l, mf_args *args, double start) {
  bool capped = false;
  const mf_value *stages = mf_arg_list(args, "stages");
  double rate = cap_rate(l, start, &capped);
  uint32_t n = stages ? stages->len : 0;
  if (n == 0 || n > MAX_STAGES) {
    mf_args_fail(args, "argument 'stages' must be a list of 1 to 1000 stages");
    return;
  }
  if (!mf_load_plan_init(&l->plan, args->arena, n + 1, rate)) return;
  int64_t planned = 0;
  for (uint32_t i = 0; i < n && !args->error; i++) {
    planned += add_stage(l, args, &stages->as.list[i], &capped);
    if (planned > MAX_LENGTH_NS || l->plan.total_ns > MAX_LENGTH_NS)
      mf_args_fail(args, "argument 'stages' is longer than 10^9 seconds");
  }
  if (args->error) return;
  int64_t least = mf_scale_length(l->env, planned, MIN_LENGTH_NS);
  if (l->plan.total_ns < least) stretch(&l->plan, args->arena, least);
  /* A length of its own cuts the stages, or holds the last rate. */
  if (mf_arg_given(args, "duration")) mf_load_plan_fit(&l->plan, l->length_ns);
  l->length_ns = l->plan.total_ns;
  if (capped && l->executor == MF_RAMPING_ARRIVAL_RATE) mf_load_warn_cap(l, "rate", rate_cap(l));
}

/* ---- Arrival rates ---- */

static void read_rate(mf_load *l, mf_args *args) {
  bool capped = false;
  double rate = mf_arg_number(args, "rate", 0);
  if (!(rate > 0)) mf_args_fail(args, "argument 'rate' must be more than 0");
  rate = cap_rate(l, rate, &capped);
  if (capped) mf_load_warn_cap(l, "rate", rate_cap(l));
  if (mf_load_plan_init(&l->plan, args->arena, 1, rate))
    mf_load_plan_add(&l->plan, rate, l->length_ns);
}

static void read_open(mf_load *l, mf_args *args) {
  if (l->executor == MF_CONSTANT_ARRIVAL_RATE)
    read_rate(l, args);
  else
    read_stages(l, args, mf_arg_number(args, "start_rate", 0));
  const uint32_t most = mf_arg_count(args, "max_connections", 1, 50);
  l->n_users = cap_connections(l, mf_arg_count(args, "max_vus", 1, most));
  l->open_model = true;
}

/* ---- Virtual users ---- */

/* As many as a stage aims at. */
static uint32_t most_users(const mf_load *l) {
  double most = l->plan.rate;
  for (uint32_t i = 0; i < l->plan.count; i++) {
    if (l->plan.stages[i].from > most) most = l->plan.stages[i].from;
    if (l->plan.stages[i].to > most) most = l->plan.stages[i].to;
  }
  return most < 1 ? 1 : (uint32_t)(most + 0.5);
}

static void read_closed(mf_load *l, mf_args *args) {
  uint32_t vus = mf_arg_count(args, "vus", 1, 1);
  l->iterations = mf_arg_count(args, "iterations", 1, 1);
  if (l->executor == MF_RAMPING_VUS) {
    read_stages(l, args, mf_arg_count(args, "start_vus", 0, 1));
    vus = args->error ? 1 : most_users(l);
  }
  uint32_t most = mf_arg_count(args, "max_connections", 1, vus);
  l->think_ns = mf_scale_length(l->env, mf_arg_length(args, "think_time", 0), 0);
  l->n_users = cap_connections(l, vus < most ? vus : most);
}

/* ---- Where to ---- */

static mf_str url_of(mf_load *l, mf_args *args) {
  l->base = mf_arg_text(args, "url", NULL);
  if (l->base.n == 0) l->base = l->env->target_url;
  if (l->base.n == 0) mf_args_fail(args, "there is no target to send the load to");
  return mf_http_join(args->arena, l->base, mf_arg_text(args, "path", "/"));
}

static void read_target(mf_load *l, mf_args *args) {
  mf_str url = url_of(l, args);
  if (args->error || mf_arena_oom(args->arena)) return;
  if (mf_http_message_build(l->env, args, url, &l->message)) l->base_url = l->message.url;
}

bool mf_load_read_arguments(mf_load *l, mf_args *args) {
  mf_driver_env *env = l->env;
  l->executor = read_executor(args);
  const bool iterates = l->executor == MF_PER_VU_ITERATIONS || l->executor == MF_SHARED_ITERATIONS;
  const double seconds = iterates ? ITERATIONS_SECONDS : 30;
  l->length_ns = mf_scale_length(env, mf_arg_length(args, "duration", seconds), MIN_LENGTH_NS);
  l->after_ns = mf_scale_length(env, mf_arg_length(args, "after", 0), 0);
  l->timeout_ns = mf_scale_timeout(env, mf_arg_length(args, "timeout", 30));
  l->graceful_ns = mf_scale_timeout(env, mf_arg_length(args, "graceful_stop", 30));
  l->seed = mf_hash64(env->script.path.p, env->script.path.n, env->seed);
  if (l->timeout_ns == 0) mf_args_fail(args, "argument 'timeout' must be more than 0");
  if (l->executor < MF_CONSTANT_VUS)
    read_open(l, args);
  else
    read_closed(l, args);
  if (!l->rehearsal && !args->error) read_target(l, args);
  if (!l->rehearsal && !args->error) l->data = mf_load_data_read(env, args);
  if (!args->error && !mf_arena_oom(&l->arena) && !l->rehearsal) mf_load_requests_init(l, args);
  if (mf_arena_oom(&l->arena)) mf_args_fail(args, "out of memory");
  return args->error == NULL;
}
