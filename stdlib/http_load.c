/* SPDX-License-Identifier: MIT */
/* http_load: many requests to one place, at planned times.
 *
 * Open model (arrival rates): the plan says when each request is due, whatever the
 * service does.  A request that finds no free connection waits in the backlog with
 * its due time, and latency counts from there, so a service that stalls cannot hide
 * it by slowing us down (coordinated omission).  What finds the backlog full, or is
 * still in it at the end, was never sent: it is counted as dropped.
 *
 * Closed model (virtual users): each user is one connection; the next request is
 * due think_time after the last response.
 *
 * The load begins requests for its duration, then awaits those in flight for
 * graceful_stop at most.  The cap on the rate is on due times. */
#include "drivers.h"

#include "http_message.h"
#include "load_plan.h"
#include "load_stats.h"

#define NS_PER_S 1000000000LL
#define BACKLOG 10000
#define MAX_STAGES 1000
#define MAX_LENGTH_NS (1000000000LL * NS_PER_S) /* of all stages together */
#define MAX_RATE 1000000                        /* no cap is higher: pacing must keep up */
#define MAX_CONNECTIONS 60000                   /* there are no more ports for one address */
#define MIN_LENGTH_NS (NS_PER_S / 2)            /* of a scaled load: docs/language.md, Time scale */
#define PROGRESS_NS NS_PER_S
/* A virtual user that was refused waits at least so long: it would spin. */
#define BACKOFF_NS (10 * 1000000LL)

typedef struct load load;

/* A connection, and in the closed model the user behind it. */
typedef struct user {
  mf_http_conn conn;
  mf_timer timer; /* closed model: the next request */
  int64_t due;    /* of the request in flight, or the next one */
  load *load;
} user;

struct load {
  mf_driver_env *env;
  mf_done_fn done;
  void *ctx;
  mf_arena arena; /* request, plan; then the outcome */
  mf_http_message message;
  mf_http_client client;
  user *users;
  uint32_t n_users, in_flight;
  bool open_model, stopping, rehearsal;
  /* Open model. */
  user **free_users; /* a stack: the last one used has the warmest connection */
  uint32_t n_free;
  int64_t *backlog; /* a ring of due times */
  uint32_t backlog_at, backlog_n;
  mf_load_plan plan;
  int64_t next_due; /* of the request that the plan gave last */
  bool plan_over;
  /* Closed model. */
  int64_t think_ns;
  int64_t slot_ns, next_slot; /* the cap: due times are at least slot_ns apart */
  /* Both. */
  int64_t start, end, timeout_ns, graceful_ns, length_ns;
  mf_timer pacer, clock, progress;
  mf_load_stats stats;
  uint64_t interrupted; /* in flight when graceful_stop was over */
  mf_http_error last_error;
  int last_status;
  const char *warning; /* NULL, or which cap was applied */
};

/* ---- The end ---- */

static void free_load(load *l) {
  mf_loop *loop = l->env->loop;
  for (uint32_t i = 0; i < l->n_users; i++) {
    mf_timer_clear(loop, &l->users[i].timer);
    mf_http_conn_fini(&l->users[i].conn);
  }
  mf_timer_clear(loop, &l->pacer);
  mf_timer_clear(loop, &l->clock);
  mf_timer_clear(loop, &l->progress);
  mf_http_client_fini(&l->client);
  mf_arena_fini(&l->arena);
  mf_alloc alloc = l->env->alloc;
  mf_realloc(&alloc, l, sizeof *l, 0);
}

static const char *last_failure(load *l) {
  if (l->last_error != MF_HTTP_NONE)
    return mf_http_failure_text(&l->arena, mf_http_error_text(l->last_error), l->message.authority);
  return mf_arena_printf(&l->arena, "status %d", l->last_status);
}

/* NULL when at least one response was good. */
static const char *no_success(load *l) {
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

static mf_value outcome_of(load *l, const char *error) {
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
  return mf_map_done(&b);
}

static mf_value rehearsal_outcome(load *l, const char *error) {
  mf_map_builder b;
  mf_map_build(&b, &l->arena);
  mf_map_add(&b, "ok", mf_bool(error == NULL));
  if (error) mf_map_add(&b, "error", mf_string(mf_str_of(error)));
  mf_map_add(&b, "rehearsal", mf_bool(true));
  return mf_map_done(&b);
}

/* Ends the load.  `error` NULL: it ran its course. */
static void finish(load *l, const char *error) {
  mf_value outcome;
  if (l->rehearsal) {
    outcome = rehearsal_outcome(l, error);
  } else {
    int64_t now = mf_clock_monotonic();
    /* Throughput is over the time in which requests were begun. */
    mf_load_stats_end(&l->stats, now < l->end ? now : l->end);
    if (l->env->run_stats) mf_load_stats_merge(l->env->run_stats, &l->stats);
    outcome = outcome_of(l, error ? error : no_success(l));
  }
  if (mf_arena_oom(&l->arena))
    mf_answer_error(l->env, l->done, l->ctx, "out of memory");
  else
    l->done(l->ctx, &outcome);
  free_load(l);
}

/* ---- Requests ---- */

static void count(load *l, const user *u, const mf_http_result *result) {
  if (result->error != MF_HTTP_NONE || result->status >= 400) {
    l->last_error = result->error;
    l->last_status = result->status;
  }
  mf_load_stats_add(&l->stats, result->error, result->status, mf_clock_monotonic() - u->due,
                    result->bytes_in, result->bytes_out);
}

/* Sends a request that is due.  False: it failed at once, and is counted. */
static bool send_now(load *l, user *u) {
  mf_http_request request = {.bytes = l->message.bytes,
                             .deadline = mf_clock_monotonic() + l->timeout_ns,
                             .is_head = l->message.is_head,
                             .idempotent = l->message.idempotent};
  mf_http_error error = mf_http_conn_start(&u->conn, &request);
  if (error == MF_HTTP_NONE) {
    l->in_flight++;
    return true;
  }
  count(l, u, &(mf_http_result){.error = error});
  return false;
}

/* ---- Open model ---- */

static void send_backlog(load *l) {
  while (l->backlog_n > 0 && l->n_free > 0 && !l->stopping) {
    user *u = l->free_users[l->n_free - 1];
    u->due = l->backlog[l->backlog_at];
    l->backlog_at = (l->backlog_at + 1) % BACKLOG;
    l->backlog_n--;
    if (send_now(l, u)) l->n_free--;
  }
}

static void queue_request(load *l, int64_t due) {
  if (l->backlog_n == BACKLOG) {
    l->stats.dropped++;
    return;
  }
  l->backlog[(l->backlog_at + l->backlog_n++) % BACKLOG] = due;
}

static void advance_plan(load *l) {
  int64_t offset;
  l->plan_over = !mf_load_plan_next(&l->plan, &offset);
  if (!l->plan_over) l->next_due = l->start + offset;
}

/* Queues what is due by `now`, sending as it goes: connections may be free. */
static void queue_due(load *l, int64_t now) {
  while (!l->plan_over && l->next_due <= now) {
    queue_request(l, l->next_due);
    send_backlog(l);
    advance_plan(l);
  }
}

static void pace(mf_timer *timer) {
  load *l = timer->ctx;
  queue_due(l, mf_clock_monotonic());
  if (!l->plan_over && mf_timer_set(l->env->loop, timer, l->next_due) != MF_OK) l->plan_over = true;
}

/* ---- Closed model ---- */

static void user_due(mf_timer *timer);

/* Plans a user's next request; none after the load's end. */
static void plan_user(load *l, user *u, int64_t due) {
  if (l->slot_ns) {
    if (due < l->next_slot) due = l->next_slot;
    if (due < l->end) l->next_slot = due + l->slot_ns;
  }
  u->due = due;
  if (due < l->end && !l->stopping) (void)mf_timer_set(l->env->loop, &u->timer, due);
}

static void send_user(load *l, user *u) {
  if (send_now(l, u)) return;
  plan_user(l, u, mf_clock_monotonic() + (l->think_ns > BACKOFF_NS ? l->think_ns : BACKOFF_NS));
}

static void user_due(mf_timer *timer) {
  user *u = timer->ctx;
  if (!u->load->stopping) send_user(u->load, u);
}

/* A response came: the next request goes out at once, or later. */
static void next_of_user(load *l, user *u, mf_http_error error) {
  int64_t pause = l->think_ns;
  if (error != MF_HTTP_NONE && pause < BACKOFF_NS) pause = BACKOFF_NS;
  int64_t now = mf_clock_monotonic();
  if (pause > 0 || l->slot_ns) {
    plan_user(l, u, now + pause);
  } else if (now < l->end) {
    u->due = now;
    send_user(l, u);
  }
}

/* ---- Both ---- */

static void request_done(mf_http_conn *conn, const mf_http_result *result) {
  user *u = conn->ctx;
  load *l = u->load;
  l->in_flight--;
  count(l, u, result);
  if (l->open_model) {
    l->free_users[l->n_free++] = u;
    send_backlog(l);
  } else if (!l->stopping) {
    next_of_user(l, u, result->error);
  }
  if (l->stopping && l->in_flight == 0) finish(l, NULL);
}

/* Begins no more requests; those in flight have graceful_stop to come back. */
static void stop_sending(load *l) {
  if (l->open_model) queue_due(l, l->end - 1);
  l->stopping = true;
  mf_timer_clear(l->env->loop, &l->pacer);
  l->stats.dropped += l->backlog_n;
  l->backlog_n = 0;
  for (uint32_t i = 0; i < l->n_users; i++) mf_timer_clear(l->env->loop, &l->users[i].timer);
}

static void time_is_up(mf_timer *timer) {
  load *l = timer->ctx;
  if (l->rehearsal) {
    finish(l, NULL);
    return;
  }
  bool again = l->stopping;
  if (!again) stop_sending(l);
  if (!again && l->in_flight > 0 && l->graceful_ns > 0 &&
      mf_timer_set(l->env->loop, timer, l->end + l->graceful_ns) == MF_OK)
    return;
  l->interrupted = l->in_flight;
  finish(l, NULL);
}

static void report_progress(mf_timer *timer) {
  load *l = timer->ctx;
  int64_t now = mf_clock_monotonic();
  mf_load_stats_end(&l->stats, now < l->end ? now : l->end); /* for throughput so far */
  l->env->progress(l->env->progress_ctx, &l->stats, (double)(now - l->start) / 1e9);
  (void)mf_timer_set(l->env->loop, timer, timer->due + PROGRESS_NS);
}

/* ---- Arguments ---- */

typedef enum executor { CONSTANT_RATE, RAMPING_RATE, CONSTANT_USERS, NO_EXECUTOR } executor;

/* k6 writes hyphens. */
static bool same_word(mf_str given, const char *word) {
  if (given.n != strlen(word)) return false;
  for (size_t i = 0; i < given.n; i++)
    if (given.p[i] != word[i] && !(given.p[i] == '-' && word[i] == '_')) return false;
  return true;
}

static executor read_executor(mf_args *args) {
  mf_str name = mf_arg_text(args, "executor", NULL);
  if (name.n == 0) {
    if (mf_arg_given(args, "stages")) return RAMPING_RATE;
    return mf_arg_given(args, "vus") ? CONSTANT_USERS : CONSTANT_RATE;
  }
  if (same_word(name, "constant_arrival_rate")) return CONSTANT_RATE;
  if (same_word(name, "ramping_arrival_rate")) return RAMPING_RATE;
  if (same_word(name, "constant_vus")) return CONSTANT_USERS;
  mf_args_fail(args,
               "argument 'executor' must be constant_arrival_rate, ramping_arrival_rate or "
               "constant_vus");
  return NO_EXECUTOR;
}

/* Says in the outcome that less was done than was asked for. */
static void warn_cap(load *l, const char *what, uint64_t cap) {
  const char *old = l->warning;
  l->warning = mf_arena_printf(&l->arena, "%s%s%s capped at %llu", old ? old : "", old ? "; " : "",
                               what, (unsigned long long)cap);
}

static uint64_t rate_cap(const load *l) {
  uint64_t cap = l->env->max_rate;
  return cap == 0 || cap > MAX_RATE ? MAX_RATE : cap;
}

static double capped_rate(const load *l, double rate, bool *capped) {
  if (rate <= (double)rate_cap(l)) return rate;
  *capped = true;
  return (double)rate_cap(l);
}

/* Returns the stage's length before scaling. */
static int64_t add_stage(load *l, mf_args *args, const mf_value *stage, bool *capped) {
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
    mf_load_plan_add(&l->plan, capped_rate(l, target, capped), mf_scale_length(l->env, length, 0));
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

static void read_stages(load *l, mf_args *args) {
  bool capped = false;
  const mf_value *stages = mf_arg_list(args, "stages");
  double rate = capped_rate(l, mf_arg_number(args, "start_rate", 0), &capped);
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
  if (capped) warn_cap(l, "rate", rate_cap(l));
}

static void read_rate(load *l, mf_args *args) {
  bool capped = false;
  double rate = mf_arg_number(args, "rate", 0);
  if (!(rate > 0)) mf_args_fail(args, "argument 'rate' must be more than 0");
  rate = capped_rate(l, rate, &capped);
  if (capped) warn_cap(l, "rate", rate_cap(l));
  if (mf_load_plan_init(&l->plan, args->arena, 1, rate))
    mf_load_plan_add(&l->plan, rate, l->length_ns);
}

static uint32_t capped_connections(load *l, uint32_t wanted) {
  uint64_t cap = l->env->max_connections;
  if (cap == 0 || cap > MAX_CONNECTIONS) cap = MAX_CONNECTIONS;
  if (wanted <= cap) return wanted;
  warn_cap(l, "connections", cap);
  return (uint32_t)cap;
}

static void read_users(load *l, mf_args *args) {
  uint32_t vus = mf_arg_count(args, "vus", 1, 1);
  uint32_t most = mf_arg_count(args, "max_connections", 1, vus);
  l->think_ns = mf_scale_length(l->env, mf_arg_length(args, "think_time", 0), 0);
  l->n_users = capped_connections(l, vus < most ? vus : most);
  if (l->env->max_rate) l->slot_ns = (int64_t)((uint64_t)NS_PER_S / l->env->max_rate);
}

static void read_executor_arguments(load *l, mf_args *args) {
  switch (read_executor(args)) {
    case CONSTANT_RATE: read_rate(l, args); break;
    case RAMPING_RATE: read_stages(l, args); break;
    case CONSTANT_USERS: read_users(l, args); return;
    case NO_EXECUTOR: return;
  }
  l->open_model = true;
  l->n_users = capped_connections(l, mf_arg_count(args, "max_connections", 1, 50));
}

static mf_str url_of(load *l, mf_args *args) {
  mf_str base = mf_arg_text(args, "url", NULL);
  if (base.n == 0) base = l->env->target_url;
  if (base.n == 0) mf_args_fail(args, "there is no target to send the load to");
  return mf_http_join(args->arena, base, mf_arg_text(args, "path", "/"));
}

static bool read_arguments(load *l, mf_args *args) {
  mf_driver_env *env = l->env;
  l->length_ns = mf_scale_length(env, mf_arg_length(args, "duration", 30), MIN_LENGTH_NS);
  l->timeout_ns = mf_scale_timeout(env, mf_arg_length(args, "timeout", 30));
  l->graceful_ns = mf_scale_timeout(env, mf_arg_length(args, "graceful_stop", 30));
  if (l->timeout_ns == 0) mf_args_fail(args, "argument 'timeout' must be more than 0");
  read_executor_arguments(l, args);
  if (l->rehearsal) return args->error == NULL;
  mf_str url = url_of(l, args);
  mf_url parts;
  if (!args->error && !mf_url_parse(url, &parts) && parts.secure)
    mf_args_fail(args, MF_LOADS_ARE_HTTP);
  if (!args->error) mf_http_message_build(env, args, url, &l->message);
  if (mf_arena_oom(&l->arena)) mf_args_fail(args, "out of memory");
  return args->error == NULL;
}

/* ---- Start ---- */

static bool make_users(load *l) {
  uint32_t n = l->n_users;
  l->n_users = 0; /* free_load looks at those that are made */
  l->users = MF_NEW_ARRAY(&l->arena, user, n);
  if (l->open_model) {
    l->free_users = MF_NEW_ARRAY(&l->arena, user *, n);
    l->backlog = MF_NEW_ARRAY(&l->arena, int64_t, BACKLOG);
  }
  if (mf_arena_oom(&l->arena)) return false;
  for (uint32_t i = 0; i < n; i++) {
    user *u = &l->users[i];
    u->load = l;
    u->timer = (mf_timer){.fire = user_due, .ctx = u};
    mf_http_conn_init(&u->conn, &l->client, &l->message.target, request_done, u);
    if (l->open_model) l->free_users[l->n_free++] = u;
  }
  l->n_users = n;
  return true;
}

static bool set_timers(load *l) {
  mf_loop *loop = l->env->loop;
  l->start = mf_clock_monotonic();
  l->end = l->start + l->length_ns;
  l->clock = (mf_timer){.fire = time_is_up, .ctx = l};
  l->pacer = (mf_timer){.fire = pace, .ctx = l};
  l->progress = (mf_timer){.fire = report_progress, .ctx = l};
  if (mf_timer_set(loop, &l->clock, l->end) != MF_OK) return false;
  if (l->rehearsal) return true;
  mf_load_stats_begin(&l->stats, l->start);
  if (l->env->progress && mf_timer_set(loop, &l->progress, l->start + PROGRESS_NS) != MF_OK)
    return false;
  if (l->open_model) {
    advance_plan(l);
    return l->plan_over || mf_timer_set(loop, &l->pacer, l->next_due) == MF_OK;
  }
  /* Through the timers, so that nothing is sent before start has returned. */
  for (uint32_t i = 0; i < l->n_users; i++) plan_user(l, &l->users[i], l->start);
  return true;
}

/* NULL, or why the load cannot start. */
static const char *prepare(load *l, const mf_value *map) {
  mf_args args;
  mf_args_init(&args, &l->arena, map);
  if (!read_arguments(l, &args)) {
    l->n_users = 0;
    return args.error;
  }
  if (l->rehearsal) {
    l->n_users = 0;
  } else {
    mf_status status = mf_http_client_init(&l->client, &l->env->alloc, l->env->loop);
    if (status != MF_OK) l->n_users = 0;
    if (status != MF_OK || !make_users(l)) return "out of memory";
  }
  return set_timers(l) ? NULL : "out of memory";
}

static mf_op *load_start(mf_driver_env *env, const mf_value *map, mf_done_fn done, void *ctx) {
  load *l = mf_realloc(&env->alloc, NULL, 0, sizeof *l);
  if (!l) return mf_answer_error(env, done, ctx, "out of memory");
  memset(l, 0, sizeof *l);
  l->env = env;
  l->done = done;
  l->ctx = ctx;
  l->rehearsal = env->rehearsal;
  l->client.alloc = env->alloc;
  mf_arena_init(&l->arena, &env->alloc, 0);
  const char *why = prepare(l, map);
  if (!why) return (mf_op *)l;
  mf_answer_error(env, done, ctx, why);
  free_load(l);
  return NULL;
}

static void load_cancel(mf_op *op) {
  load *l = (load *)op;
  if (!l->stopping && !l->rehearsal) {
    l->end = mf_clock_monotonic();
    stop_sending(l);
  }
  l->interrupted = l->in_flight;
  finish(l, "cancelled");
}

const mf_driver mf_driver_http_load = {"http_load", load_start, load_cancel};
