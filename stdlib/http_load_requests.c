/* SPDX-License-Identifier: MIT */
/* What a load sends, and what became of it.
 *
 * Requests with weights are chosen by the hash of seed and turn, so that a run can be
 * repeated.  A message that is always the same is made once; any other is evaluated for
 * each request, over what its user captured and its row of the data. */
#include "http_load.h"

#include "../base/hash.h"
#include "../base/limits.h"
#include "../vm/program.h"

#include <stdio.h>

/* Of the memory for a user's message, between requests. */
#define KEPT_MESSAGE 4096

/* ---- Choosing ---- */

/* A number in [0, 1) that belongs to the turn. */
static double chance(const mf_load *l, uint64_t turn) {
  return (double)(mf_hash64(&turn, sizeof turn, l->seed) >> 11) / 9007199254740992.0;
}

static uint32_t choose_by_weight(const mf_load *l, uint64_t turn) {
  const double point = chance(l, turn) * l->weights;
  uint32_t low = 0, high = l->n_requests - 1;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (point < l->requests[middle].up_to)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

static void begin_pass(mf_load *l, mf_load_user *u) {
  u->turn = l->turns++;
  if (l->data) u->row = mf_load_data_pick(l->data, u->number, u->turn, ~l->seed);
  if (l->weights > 0) u->request = choose_by_weight(l, u->turn);
}

static const mf_load_request *choose(mf_load *l, mf_load_user *u) {
  if (u->at == 0) begin_pass(l, u);
  if (l->weights == 0) u->request = u->at;
  return &l->requests[u->request];
}

static void advance(const mf_load *l, mf_load_user *u) {
  if (l->weights == 0 && ++u->at < l->n_requests) return;
  u->at = 0;
  u->in_pass = false;
}

/* ---- Messages ---- */

static bool same_origin(const mf_url *a, const mf_url *b) {
  return a->secure == b->secure && a->port == b->port && mf_str_eq(a->host, b->host);
}

/* The URL of a message: `path` on the target, or `url` that leads there. */
static bool find_url(const mf_load *l, mf_args *args, mf_url *out) {
  mf_str path = mf_arg_text(args, "path", "/"), url = mf_arg_text(args, "url", NULL);
  if (args->error) return false;
  const char *error = mf_url_parse(url.n ? url : mf_http_join(args->arena, l->base, path), out);
  if (mf_arena_oom(args->arena)) error = "out of memory";
  if (!error && url.n && !same_origin(out, &l->base_url))
    error = mf_arena_printf(args->arena, "url leads to %.*s, but all requests of a load go to %.*s",
                            (int)out->authority.n, out->authority.p, (int)l->base_url.authority.n,
                            l->base_url.authority.p);
  if (error) mf_args_fail(args, error);
  return error == NULL;
}

static void write_message(const mf_load *l, const mf_load_request *r, mf_args *args, mf_buf *out,
                          mf_http_request *http) {
  mf_value message;
  mf_url url;
  mf_status status = mf_armed_eval(l->armed, r->program, &message);
  args->map = &message;
  if (status != MF_OK)
    mf_args_fail(args, mf_status_text(status));
  else if (message.kind == MF_ERROR)
    mf_args_fail(args, mf_arena_copy(args->arena, message.as.s, message.len));
  else if (message.kind != MF_MAP)
    mf_args_fail(args, "its message is no map");
  else if (find_url(l, args, &url))
    (void)mf_http_message_write(args, &url, out, &http->is_head, &http->idempotent);
  http->bytes = mf_buf_str(out);
}

/* Makes the message of a request that is not always the same. */
static bool make_message(mf_load *l, mf_load_user *u, const mf_load_request *r,
                         mf_http_request *http) {
  mf_args args;
  mf_arena_reset(&l->scratch);
  mf_args_init(&args, &l->scratch, NULL);
  mf_load_enter_user(l, u);
  write_message(l, r, &args, &u->message, http);
  if (!args.error && !mf_arena_oom(&l->scratch)) return true;
  snprintf(l->mistake, sizeof l->mistake, "request '%.*s': %s",
           r->name.n < 60 ? (int)r->name.n : 60, r->name.p,
           args.error ? args.error : "out of memory");
  return false;
}

/* ---- What became of a request ---- */

static bool check(mf_load *l, mf_status status) {
  if (status != MF_OK) mf_load_break(l, mf_status_text(status));
  return status == MF_OK;
}

static void judge(mf_load *l, mf_load_user *u, const mf_load_request *r, mf_sample *s) {
  s->method = (mf_str){u->method, strlen(u->method)};
  if (l->n_captures || l->data) mf_load_enter_user(l, u);
  mf_armed_turn(l->armed, u->turn);
  if (!check(l, mf_armed_response(l->armed, r->reads, s->result, s->latency_ns)) ||
      !check(l, mf_watches_sample(l->watches, s)))
    return;
  if (l->n_captures && !s->failed) mf_load_capture_from(l, u, r);
}

static void count(mf_load_stats *stats, const mf_sample *s) {
  mf_load_stats_add(stats, s->result, s->latency_ns, s->failed);
  stats->checks += s->checks;
  stats->checks_failed += s->checks_failed;
}

static void take(mf_load *l, mf_load_user *u, const mf_http_result *result, int64_t now) {
  const mf_load_request *r = &l->requests[u->request];
  mf_sample s = {.now_ns = now,
                 .latency_ns = now - u->due,
                 .request = r->row,
                 .result = result,
                 .failed = result->error != MF_HTTP_NONE || result->status >= 400};
  if (l->watches) judge(l, u, r, &s);
  if (s.failed) {
    l->last_error = result->error;
    l->last_status = result->status;
  }
  count(&l->stats, &s);
  if (r->stats) count(r->stats, &s);
  advance(l, u);
}

void mf_load_request_done(mf_http_conn *conn, const mf_http_result *result) {
  mf_load_user *u = conn->ctx;
  mf_load *l = u->load;
  const int64_t now = mf_clock_monotonic();
  l->in_flight--;
  u->in_flight = false;
  if (u->message.cap > KEPT_MESSAGE) mf_buf_fini(&u->message);
  take(l, u, result, now);
  if (l->open_model)
    mf_load_open_free(l, u, now);
  else if (!l->stopping)
    mf_load_user_next(l, u, result->error, now);
  mf_load_settle(l);
}

/* A message begins with it; there may be none. */
static void keep_method(mf_load_user *u, mf_str message) {
  const char *space = message.n ? memchr(message.p, ' ', message.n) : NULL;
  const size_t n = space ? (size_t)(space - message.p) : 0;
  const size_t kept = n < sizeof u->method ? n : 0;
  if (kept) memcpy(u->method, message.p, kept);
  u->method[kept] = '\0';
}

bool mf_load_send(mf_load *l, mf_load_user *u, int64_t now) {
  const mf_load_request *r = choose(l, u);
  mf_http_request http = r->http;
  mf_http_error error = MF_HTTP_REQUEST;
  http.deadline = now + l->timeout_ns;
  if (!r->program || make_message(l, u, r, &http)) {
    if (l->watches) keep_method(u, http.bytes);
    error = mf_http_conn_start(&u->conn, &http);
  }
  if (error == MF_HTTP_NONE) {
    u->in_flight = true;
    l->in_flight++;
    return true;
  }
  take(l, u, &(mf_http_result){.error = error}, now > u->due ? now : u->due);
  return false;
}

size_t mf_load_ages(mf_load *l, int64_t now) {
  const int64_t recent = now - MF_NS_PER_S / 10;
  size_t n = 0;
  for (uint32_t i = 0; i < l->n_users; i++)
    if (l->users[i].in_flight && l->users[i].due < recent) l->ages[n++] = now - l->users[i].due;
  for (uint32_t i = 0; i < l->backlog_n; i++) {
    int64_t due = l->backlog[(l->backlog_at + i) % MF_LOAD_BACKLOG];
    if (due >= recent) break; /* they are in order */
    l->ages[n++] = now - due;
  }
  return n;
}

/* ---- The list ---- */

static uint32_t keep_name(mf_load *l, mf_str name) {
  uint32_t i = 0;
  while (i < l->n_names && !mf_str_eq(l->names[i], name)) i++;
  if (i == l->n_names && i < MF_LIMIT_REQUEST_NAMES) l->names[l->n_names++] = name;
  return i;
}

/* Requests of one name share their metrics; a name that is the only one needs none. */
static bool make_name_stats(mf_load *l) {
  l->names = MF_NEW_ARRAY(&l->arena, mf_str, MF_LIMIT_REQUEST_NAMES);
  if (!l->names) return false;
  for (uint32_t i = 0; i < l->n_requests; i++) (void)keep_name(l, l->requests[i].name);
  l->name_stats = MF_NEW_ARRAY(&l->arena, mf_load_stats *, l->n_names);
  for (uint32_t i = 0; l->name_stats && l->n_names > 1 && i < l->n_names; i++)
    l->name_stats[i] = MF_NEW(&l->arena, mf_load_stats);
  if (mf_arena_oom(&l->arena)) return false;
  for (uint32_t i = 0; i < l->n_requests; i++) {
    uint32_t name = keep_name(l, l->requests[i].name);
    if (name < l->n_names) l->requests[i].stats = l->name_stats[name];
  }
  return true;
}

/* What always is the same is made now. */
static void make_constant(mf_load *l, mf_load_request *r, mf_args *args) {
  mf_args own;
  mf_buf out;
  mf_arena_reset(&l->scratch);
  mf_args_init(&own, &l->scratch, NULL);
  mf_buf_init(&out, &l->env->alloc, 0);
  mf_armed_turn(l->armed, 0);
  write_message(l, r, &own, &out, &r->http);
  if (own.error)
    mf_args_fail(args, mf_arena_printf(args->arena, "request '%.*s': %s", (int)r->name.n, r->name.p,
                                       own.error));
  else
    r->http.bytes.p = mf_arena_copy(&l->arena, out.p, out.n);
  mf_buf_fini(&out);
  mf_program_free(r->program);
  r->program = NULL;
}

static double number_of(const mf_value *v) {
  return v->kind == MF_DOUBLE ? v->as.d : v->kind == MF_UINT ? (double)v->as.u : (double)v->as.i;
}

static void read_request(mf_load *l, mf_load_request *r, mf_args *args) {
  const mf_image *im = l->env->script.image;
  const mf_row_request *row = &MF_ROWS(im, REQUEST, request)[r->row];
  r->name = mf_image_string(im, row->name);
  if (mf_armed_program(l->armed, row->message, &r->program) != MF_OK)
    mf_args_fail(args, "out of memory");
  else if (row->flags & MF_REQUEST_FLAGS_CONSTANT)
    make_constant(l, r, args);
}

/* With any weight, requests without one weigh 1. */
static void read_weights(mf_load *l, uint32_t first) {
  const mf_image *im = l->env->script.image;
  const mf_row_request *rows = MF_ROWS(im, REQUEST, request) + first;
  bool any = false;
  for (uint32_t i = 0; i < l->n_requests; i++) any |= rows[i].weight != MF_ABSENT;
  for (uint32_t i = 0; any && i < l->n_requests; i++) {
    l->weights += rows[i].weight == MF_ABSENT ? 1 : number_of(&im->values[rows[i].weight]);
    l->requests[i].up_to = l->weights;
  }
}

/* Rows of a scenario follow each other. */
static uint32_t find_rows(const mf_load *l, uint32_t *first) {
  const mf_load_script *script = &l->env->script;
  uint32_t n = 0;
  *first = 0;
  if (!script->image) return 0;
  const mf_row_request *rows = MF_ROWS(script->image, REQUEST, request);
  for (uint32_t i = 0; i < MF_ROW_COUNT(script->image, REQUEST); i++) {
    if (rows[i].scenario != script->scenario) continue;
    if (n++ == 0) *first = i;
  }
  return n;
}

static bool has_watches(const mf_load *l) {
  const mf_load_script *script = &l->env->script;
  if (!script->image) return false;
  const mf_row_watch *rows = MF_ROWS(script->image, WATCH, watch);
  for (uint32_t i = 0; i < MF_ROW_COUNT(script->image, WATCH); i++)
    if (rows[i].scenario == script->scenario) return true;
  return l->env->run_watches != NULL;
}

static void tripped(void *ctx, uint32_t watch, const mf_value *values) {
  mf_load *l = ctx;
  mf_load_stop(l);
  if (l->env->tripped) l->env->tripped(l->env->tripped_ctx, watch, values);
}

/* Everything that evaluates; nothing of it if nothing has to be evaluated. */
static bool arm(mf_load *l, mf_args *args) {
  const mf_alloc *alloc = &l->env->alloc;
  mf_load_script script = l->env->script;
  script.tags = mf_arg_map(args, "tags");
  l->armed = &l->armed_space;
  mf_status status = mf_armed_init(l->armed, alloc, &script, l->env->regex, l->seed);
  if (status == MF_OK)
    status = mf_watches_new(alloc, l->armed, &script, l->env->run_watches, tripped, l, &l->watches);
  l->ages = MF_NEW_ARRAY(&l->arena, int64_t, l->n_users + MF_LOAD_BACKLOG);
  if (status != MF_OK || !l->ages) mf_args_fail(args, "out of memory");
  return args->error == NULL;
}

/* What has to be kept of responses. */
static void read_needs(mf_load *l, mf_load_request *r) {
  if (!l->watches) return;
  r->reads |= mf_watches_reads(l->watches, r->row);
  r->http.keep_head = (r->reads & MF_READS_HEAD_BYTES) != 0;
  r->http.keep_body = r->reads & MF_READS_BODY_BYTES ? MF_LIMIT_RESPONSE_KEPT : 0;
}

bool mf_load_requests_init(mf_load *l, mf_args *args) {
  uint32_t first;
  const uint32_t listed = find_rows(l, &first);
  l->n_requests = listed ? listed : 1;
  l->requests = MF_NEW_ARRAY(&l->arena, mf_load_request, l->n_requests);
  if (!l->requests) mf_args_fail(args, "out of memory");
  if (!args->error && (listed || has_watches(l))) (void)arm(l, args);
  if (args->error) return false;
  for (uint32_t i = 0; i < listed && !args->error; i++) {
    l->requests[i].row = first + i;
    read_request(l, &l->requests[i], args);
  }
  if (listed) {
    read_weights(l, first);
    if (!make_name_stats(l)) mf_args_fail(args, "out of memory");
  } else {
    l->requests->row = MF_ABSENT;
    l->requests->http = (mf_http_request){.bytes = l->message.bytes,
                                          .is_head = l->message.is_head,
                                          .idempotent = l->message.idempotent};
  }
  if (!args->error && l->armed) (void)mf_load_captures_init(l, args);
  for (uint32_t i = 0; i < l->n_requests; i++) read_needs(l, &l->requests[i]);
  return args->error == NULL;
}

void mf_load_requests_fini(mf_load *l) {
  for (uint32_t i = 0; l->requests && i < l->n_requests; i++)
    mf_program_free(l->requests[i].program);
  mf_load_captures_fini(l);
  mf_watches_free(l->watches);
  if (l->armed) mf_armed_fini(l->armed);
  mf_load_data_free(l->data);
  mf_arena_fini(&l->scratch);
}

/* ---- The outcome ---- */

mf_value mf_load_requests_outcome(mf_load *l) {
  mf_map_builder b;
  mf_map_build(&b, &l->arena);
  for (uint32_t i = 0; i < l->n_names; i++) {
    mf_load_stats *stats = l->name_stats[i] ? l->name_stats[i] : &l->stats;
    stats->active_ns = l->stats.active_ns; /* for throughput */
    mf_map_add_value(&b, mf_string(l->names[i]), mf_load_stats_metrics(stats, &l->arena));
  }
  return mf_map_done(&b);
}
