/* SPDX-License-Identifier: MIT */
/* Requests: which is next, what is sent, and what became of it.
 *
 * Requests with weights are chosen by the hash of seed and turn, so that a run can be
 * repeated.  A message that is not always the same is evaluated for each request, over
 * what its user captured and its row of the data. */
#include "http_load.h"

#include "../base/hash.h"

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

void mf_load_write_message(const mf_load *l, const mf_load_request *r, mf_args *args, mf_buf *out,
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
  mf_load_write_message(l, r, &args, &u->message, http);
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
    if (result->detail) snprintf(l->mistake, sizeof l->mistake, "%s", result->detail);
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
