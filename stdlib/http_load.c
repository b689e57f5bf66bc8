/* SPDX-License-Identifier: MIT */
/* http_load: many requests to one place, at planned times.
 *
 * The load begins requests for its duration, then awaits those in flight for
 * graceful_stop at most.  The cap on the rate is on due times. */
#include "http_load.h"

#include "../io/open_files.h"

#define PROGRESS_NS MF_NS_PER_S
#define TICK_NS (MF_NS_PER_S / 10)
#define OTHER_FILES 64 /* what the process has open beside connections: journal, sockets ... */

/* ---- The end ---- */

static void free_users(mf_load *l) {
  for (uint32_t i = 0; l->users && i < l->n_users; i++) {
    mf_load_user *u = &l->users[i];
    mf_timer_clear(l->env->loop, &u->timer);
    mf_http_conn_fini(&u->conn);
    mf_buf_fini(&u->message);
    mf_load_user_forget(l, u);
    if (u->connected) mf_load_budget_disconnect(l->env->budget, 1);
  }
}

static void free_load(mf_load *l) {
  mf_loop *loop = l->env->loop;
  free_users(l);
  l->env->budget->files -= l->files;
  mf_timer_clear(loop, &l->pacer);
  mf_timer_clear(loop, &l->clock);
  mf_timer_clear(loop, &l->progress);
  mf_timer_clear(loop, &l->tick);
  mf_http_message_stop(&l->message);
  mf_load_requests_fini(l);
  mf_http_client_fini(&l->client);
  mf_arena_fini(&l->arena);
  mf_alloc alloc = l->env->alloc;
  mf_realloc(&alloc, l, sizeof *l, 0);
}

static const char *last_failure(mf_load *l) {
  if (l->last_error == MF_HTTP_REQUEST) return l->mistake;
  if (l->last_error != MF_HTTP_NONE) {
    bool told = l->last_error == MF_HTTP_TLS; /* more than its kind is */
    return mf_http_failure_text(&l->arena, told ? l->mistake : mf_http_error_text(l->last_error),
                                l->message.authority);
  }
  return mf_arena_printf(&l->arena, "status %d%s", l->last_status,
                         l->last_status < 400 ? ", which was not expected" : "");
}

/* NULL when at least one response was good. */
static const char *no_success(mf_load *l) {
  if (l->stats.requests > l->stats.errors) return NULL;
  if (l->stats.requests)
    return mf_arena_printf(&l->arena, "no successful response: %llu requests, last error: %s",
                           (unsigned long long)l->stats.requests, last_failure(l));
  if (l->interrupted)
    return mf_arena_printf(&l->arena,
                           "no successful response: %llu requests unanswered when the load ended",
                           (unsigned long long)l->interrupted);
  return "no successful response: no request was sent";
}

static mf_value outcome_of(mf_load *l, const char *error, int64_t now) {
  mf_map_builder b;
  const mf_load_stats *run = l->env->run_stats;
  mf_map_build(&b, &l->arena);
  mf_map_add(&b, "ok", mf_bool(error == NULL));
  if (error) mf_map_add(&b, "error", mf_string(mf_str_of(error)));
  if (l->warning) mf_map_add(&b, "warning", mf_string(mf_str_of(l->warning)));
  mf_map_add(&b, "seconds", mf_double((double)l->stats.active_ns / 1e9));
  mf_map_add(&b, "interrupted", mf_int((int64_t)l->interrupted));
  mf_map_add(&b, "failures", mf_load_stats_failures(&l->stats, &l->arena));
  mf_map_add(&b, "metrics", mf_load_stats_metrics(&l->stats, &l->arena));
  if (run) mf_map_add(&b, "run_metrics", mf_load_stats_metrics(run, &l->arena));
  if (l->n_names) mf_map_add(&b, "requests", mf_load_requests_outcome(l));
  if (l->watches)
    mf_map_add(&b, "watches",
               mf_watches_results(l->watches, now < l->end ? now : l->end, &l->arena));
  if (l->n_captures) mf_map_add(&b, "captures", mf_load_captures_outcome(l));
  return mf_map_done(&b);
}

static mf_value rehearsal_outcome(mf_load *l, const char *error) {
  mf_map_builder b;
  mf_map_build(&b, &l->arena);
  mf_map_add(&b, "ok", mf_bool(error == NULL));
  if (error) mf_map_add(&b, "error", mf_string(mf_str_of(error)));
  mf_map_add(&b, "rehearsal", mf_bool(true));
  mf_map_add(&b, "watches", mf_watches_without_data(&l->env->script, &l->arena));
  return mf_map_done(&b);
}

/* Throughput is over the time in which requests were begun. */
static void note_time(mf_load *l, int64_t now) {
  if (now > l->end) now = l->end;
  mf_load_stats_end(&l->stats, now > l->start ? now : l->start);
}

static void measure_recent(mf_load *l) {
  mf_histogram_since(&l->recent->latency, &l->stats.latency, &l->told->latency);
  l->recent->requests = l->stats.requests - l->told->requests;
  l->recent->errors = l->stats.errors - l->told->errors;
  *l->told = l->stats;
}

static void tell_observer(mf_load *l, int64_t now, bool over, const mf_value *results) {
  if (!l->recent) return; /* nobody observes, or the start failed */
  measure_recent(l);
  const mf_load_view view = {.path = l->path,
                             .over = over,
                             .stats = &l->stats,
                             .recent = l->recent,
                             .recent_seconds = (double)(now - l->told_ns) / 1e9,
                             .names = l->names,
                             .name_stats = l->name_stats,
                             .name_count = l->n_names,
                             .in_flight = l->in_flight,
                             .users = l->n_users,
                             .seconds = (double)(now - l->start) / 1e9,
                             .planned = (double)l->length_ns / 1e9,
                             .watches = l->watches,
                             .results = results && results->kind == MF_LIST ? results : NULL};
  l->told_ns = now;
  l->env->observe(l->env->observe_ctx, &view);
}

/* Ends the load.  `error` NULL: it ran its course. */
static void finish(mf_load *l, const char *error) {
  mf_value outcome;
  if (l->rehearsal) {
    outcome = rehearsal_outcome(l, error);
  } else {
    const int64_t now = mf_clock_monotonic();
    note_time(l, now);
    tell_observer(l, now, true, NULL);
    if (l->env->run_stats) mf_load_stats_merge(l->env->run_stats, &l->stats);
    outcome = outcome_of(l, error ? error : no_success(l), now);
  }
  if (mf_arena_oom(&l->arena))
    mf_answer_error(l->env, l->done, l->ctx, "out of memory");
  else
    l->done(l->ctx, &outcome);
  free_load(l);
}

void mf_load_settle(mf_load *l) {
  if (l->broken) {
    l->interrupted = l->in_flight;
    finish(l, l->broken);
  } else if (l->in_flight == 0 && (l->stopping || (!l->open_model && l->over == l->n_users))) {
    finish(l, NULL);
  }
}

void mf_load_break(mf_load *l, const char *why) {
  if (!l->broken) l->broken = why;
  l->stopping = true;
}

void mf_load_warn(mf_load *l, const char *text) {
  const char *old = l->warning;
  l->warning = old ? mf_arena_printf(&l->arena, "%s; %s", old, text) : text;
}

void mf_load_warn_cap(mf_load *l, const char *what, double cap) {
  mf_load_warn(l, mf_arena_printf(&l->arena, "%s capped at %.10g", what, cap));
}

bool mf_load_connect(mf_load *l, mf_load_user *u) {
  if (!u->connected) u->connected = mf_load_budget_connect(l->env->budget);
  return u->connected;
}

/* ---- Time ---- */

void mf_load_drop(mf_load *l, uint64_t count, int64_t now) {
  l->stats.dropped += count;
  if (l->watches && count) mf_watches_drop(l->watches, now, count);
}

/* Also: the end is now, if it was later. */
void mf_load_stop(mf_load *l) {
  if (l->stopping) return;
  const int64_t now = mf_clock_monotonic();
  l->stopping = true;
  if (now < l->end) l->end = now;
  mf_timer_clear(l->env->loop, &l->pacer);
  mf_load_drop(l, l->backlog_n, now);
  l->backlog_n = 0;
  for (uint32_t i = 0; i < l->n_users; i++) mf_timer_clear(l->env->loop, &l->users[i].timer);
  if (mf_timer_set(l->env->loop, &l->clock, l->end + l->graceful_ns) != MF_OK)
    mf_load_break(l, "out of memory");
}

static void time_is_up(mf_timer *timer) {
  mf_load *l = timer->ctx;
  if (l->rehearsal) {
    finish(l, NULL);
    return;
  }
  if (!l->stopping) {
    if (l->open_model)
      mf_load_open_end(l);
    else
      mf_load_drop(l, mf_load_users_missed(l), mf_clock_monotonic());
    mf_load_stop(l);
    if (l->in_flight > 0 && l->graceful_ns > 0 && !l->broken) return;
  }
  l->interrupted = l->in_flight;
  finish(l, l->broken);
}

static void report_progress(mf_timer *timer) {
  mf_load *l = timer->ctx;
  int64_t now = mf_clock_monotonic();
  mf_arena arena;
  mf_arena_init(&arena, &l->env->alloc, 0);
  note_time(l, now); /* for throughput so far */
  const mf_value results = l->watches ? mf_watches_results(l->watches, now, &arena) : mf_null();
  tell_observer(l, now, false, &results);
  mf_arena_fini(&arena);
  if (mf_timer_set(l->env->loop, timer, timer->due + PROGRESS_NS) != MF_OK)
    mf_load_break(l, "out of memory");
  mf_load_settle(l);
}

static void tick(mf_timer *timer) {
  mf_load *l = timer->ctx;
  const int64_t now = mf_clock_monotonic();
  mf_status status = mf_watches_tick(l->watches, now, l->ages, mf_load_ages(l, now));
  /* Late by more than a tick, we do not catch up. */
  const int64_t next = timer->due + TICK_NS > now ? timer->due + TICK_NS : now + TICK_NS;
  if (status == MF_OK) status = mf_timer_set(l->env->loop, timer, next);
  if (status != MF_OK) mf_load_break(l, mf_status_text(status));
  mf_load_settle(l);
}

/* ---- Start ---- */

static bool make_users(mf_load *l) {
  l->users = MF_NEW_ARRAY(&l->arena, mf_load_user, l->n_users);
  if (!l->users) return false;
  for (uint32_t i = 0; i < l->n_users; i++) {
    mf_load_user *u = &l->users[i];
    u->load = l;
    u->number = i;
    u->timer = (mf_timer){.fire = mf_load_user_due, .ctx = u};
    mf_buf_init(&u->message, &l->env->alloc, 0);
    mf_http_conn_init(&u->conn, &l->client, &l->message.target, mf_load_request_done, u);
  }
  return !l->open_model || mf_load_open_init(l);
}

/* Every connection needs a descriptor, and the soft limit, 1024 as a rule, is there to
 * be raised.  Where the service is our own, its end of a connection needs one, too. */
static bool allow_files(mf_load *l) {
  mf_load_budget *budget = l->env->budget;
  const uint64_t others = OTHER_FILES + (uint64_t)budget->files;
  const uint64_t allowed = mf_open_files_allow(others + budget->files + 2 * (uint64_t)l->n_users);
  const uint64_t left = allowed > others ? allowed - others : 0;
  if (left < l->n_users) {
    l->n_users = (uint32_t)left;
    mf_load_warn(l, mf_arena_printf(&l->arena,
                                    "connections capped at %u: this process may have %llu files "
                                    "open; raise its limit (ulimit -n)",
                                    l->n_users, (unsigned long long)allowed));
  }
  l->files = l->n_users;
  budget->files += l->files;
  return l->n_users > 0;
}

/* Virtual users need their connections all the time: those for which the run's
 * budget has none left do not begin. */
static bool connect_users(mf_load *l) {
  uint32_t n = 0;
  if (l->open_model) return true;
  while (n < l->n_users && mf_load_connect(l, &l->users[n])) n++;
  if (n < l->n_users) mf_load_warn_cap(l, "connections", n);
  l->n_users = n;
  return n > 0;
}

static bool start_judging(mf_load *l) {
  if (!l->watches) return true;
  mf_watches_begin(l->watches, l->start);
  return mf_timer_set(l->env->loop, &l->tick, l->start + TICK_NS) == MF_OK;
}

static bool start_progress(mf_load *l) {
  l->told = MF_NEW(&l->arena, mf_load_stats);
  l->recent = MF_NEW(&l->arena, mf_load_stats);
  l->told_ns = l->start;
  return l->told && l->recent &&
         mf_timer_set(l->env->loop, &l->progress, l->start + PROGRESS_NS) == MF_OK;
}

static bool set_timers(mf_load *l) {
  mf_loop *loop = l->env->loop;
  l->start = mf_clock_monotonic() + l->after_ns;
  l->end = l->start + l->length_ns;
  l->clock = (mf_timer){.fire = time_is_up, .ctx = l};
  l->pacer = (mf_timer){.ctx = l};
  l->progress = (mf_timer){.fire = report_progress, .ctx = l};
  l->tick = (mf_timer){.fire = tick, .ctx = l};
  if (mf_timer_set(loop, &l->clock, l->end) != MF_OK) return false;
  if (l->rehearsal) return true;
  mf_load_stats_begin(&l->stats, l->start);
  if (l->env->observe && !start_progress(l)) return false;
  if (!start_judging(l)) return false;
  if (l->open_model) return mf_load_open_start(l);
  mf_load_users_start(l);
  return l->broken == NULL;
}

/* NULL, or why the load cannot start.  The target is found. */
static const char *begin(mf_load *l) {
  if (!l->rehearsal) {
    if (!allow_files(l)) return "this process may have too few files open (ulimit -n)";
    mf_status status = mf_http_client_init(&l->client, &l->env->alloc, l->env->loop);
    if (status != MF_OK || !make_users(l)) return "out of memory";
    if (!connect_users(l)) return "other loads use all connections that the run may have";
  }
  return set_timers(l) ? NULL : "out of memory";
}

static void refuse(mf_load *l, const char *why) {
  mf_answer_error(l->env, l->done, l->ctx, why);
  free_load(l);
}

static void target_found(void *ctx, const char *error) {
  mf_load *l = ctx;
  if (!error) error = begin(l);
  if (error) refuse(l, error);
}

/* NULL: it has begun, or will when the target is found. */
static const char *prepare(mf_load *l, const mf_value *map) {
  mf_args args;
  const char *why = NULL;
  mf_args_init(&args, &l->arena, map);
  if (!mf_load_read_arguments(l, &args)) return args.error;
  if (l->rehearsal) return begin(l);
  int64_t deadline = mf_clock_monotonic() + l->timeout_ns;
  switch (mf_http_message_find(&l->message, deadline, target_found, l, &why)) {
    case MF_HTTP_FINDING: return NULL;
    case MF_HTTP_NOT_FOUND: return why;
    case MF_HTTP_FOUND: break;
  }
  return begin(l);
}

static mf_op *load_start(mf_driver_env *env, const mf_value *map, mf_done_fn done, void *ctx) {
  mf_load *l = mf_realloc(&env->alloc, NULL, 0, sizeof *l);
  if (!l) return mf_answer_error(env, done, ctx, "out of memory");
  memset(l, 0, sizeof *l);
  l->env = env;
  l->path = env->script.path;
  l->done = done;
  l->ctx = ctx;
  l->rehearsal = env->rehearsal;
  l->client.alloc = env->alloc;
  mf_arena_init(&l->arena, &env->alloc, 0);
  mf_arena_init(&l->scratch, &env->alloc, 0);
  const char *why = prepare(l, map);
  if (!why) return (mf_op *)l;
  refuse(l, why);
  return NULL;
}

static void load_cancel(mf_op *op) {
  mf_load *l = (mf_load *)op;
  if (mf_http_message_is_finding(&l->message)) {
    refuse(l, "cancelled");
    return;
  }
  if (!l->rehearsal) mf_load_stop(l);
  l->interrupted = l->in_flight;
  finish(l, "cancelled");
}

const mf_driver mf_driver_http_load = {"http_load", load_start, load_cancel};
