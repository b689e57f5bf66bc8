/* SPDX-License-Identifier: MIT */
#include "probes.h"

#include <math.h>

#include "../base/limits.h"
#include "../stdlib/http_message.h"
#include "../vm/machine.h"
#include "../vm/program.h"
#include "host.h"

typedef struct probe {
  mf_probes *all;
  uint32_t watch; /* row of WATCH */
  mf_program *message;
  int64_t interval_ns;
  size_t keep_body;
  uint64_t turn;
  bool told; /* that it cannot be sent */
  mf_timer timer;
  /* Of the request under way. */
  bool asking;
  int64_t started_ns, deadline_ns;
  mf_arena arena;
  mf_http_message request;
  mf_http_conn conn;
} probe;

struct mf_probes {
  mf_host *host;
  mf_http_client client;
  bool running;
  uint32_t count;
  probe items[];
};

/* ---- One request ---- */

static void close_request(probe *p) {
  if (!p->asking) return;
  p->asking = false;
  mf_http_message_stop(&p->request);
  mf_http_conn_fini(&p->conn);
  mf_arena_reset(&p->arena);
}

/* Without its safeguard the run does not go on. */
static void exceed(mf_host *h, mf_status status) {
  if (status == MF_OK || h->facts.budget != MF_OK) return;
  h->facts.budget = status;
  mf_record_signal(h, mf_host_now(h), "stop", mf_status_name(status));
  mf_vm_signal(h->vm, MF_SIGNAL_STOP);
  h->woken = true;
}

/* The next one is due so long after this one was; late, we do not catch up. */
static void go_on(probe *p) {
  mf_host *h = p->all->host;
  const int64_t now = mf_clock_monotonic(), next = p->started_ns + p->interval_ns;
  close_request(p);
  if (!mf_watches_tripped(h->watches, p->watch))
    exceed(h, mf_timer_set(h->loop, &p->timer, next > now ? next : now));
}

static void answer(probe *p, const mf_http_result *result) {
  mf_host *h = p->all->host;
  const int64_t now = mf_clock_monotonic();
  exceed(h, mf_watches_answer(h->watches, p->watch, now, result, now - p->started_ns));
  go_on(p);
}

static void answered(mf_http_conn *conn, const mf_http_result *result) {
  answer(conn->ctx, result);
}

static void answer_error(probe *p, mf_http_error error) {
  answer(p, &(mf_http_result){.error = error});
}

/* That is no answer, but a mistake. */
static void cannot_ask(probe *p, mf_str why) {
  mf_host *h = p->all->host;
  const mf_row_watch *row = &MF_ROWS(h->image, WATCH, watch)[p->watch];
  const mf_str name = mf_image_string(h->image, row->name);
  mf_watches_unasked(h->watches, p->watch, why);
  if (!p->told)
    mf_progress_say(&h->progress, mf_host_now(h).monotonic_ns, "the probe of '%.*s': %.*s",
                    (int)name.n, name.p, (int)why.n, why.p);
  p->told = true;
  go_on(p);
}

static void send_request(probe *p) {
  const mf_http_request request = {.bytes = p->request.bytes,
                                   .deadline = p->deadline_ns,
                                   .keep_body = p->keep_body,
                                   .keep_head = true,
                                   .is_head = p->request.is_head,
                                   .idempotent = p->request.idempotent};
  const mf_http_error error = mf_http_conn_start(&p->conn, &request);
  if (error != MF_HTTP_NONE) answer_error(p, error);
}

static void found(void *ctx, const char *error) {
  probe *p = ctx;
  if (error == NULL)
    send_request(p);
  else if (p->request.failed == MF_HTTP_DENIED)
    cannot_ask(p, mf_str_of(error));
  else
    answer_error(p, p->request.failed);
}

/* Takes the request from what the message came to.  NULL, or why there is none. */
static const char *read_request(probe *p, const mf_value *map) {
  mf_host *h = p->all->host;
  mf_args args;
  mf_args_init(&args, &p->arena, map);
  const int64_t timeout = mf_arg_length(&args, "timeout", MF_PROBE_TIMEOUT_S);
  const mf_str url = mf_http_message_url(&h->env, &args);
  if (!args.error) (void)mf_http_message_build(&h->env, &args, url, &p->request);
  p->deadline_ns = p->started_ns + mf_scale_timeout(&h->env, timeout);
  return args.error;
}

static void ask(probe *p, const mf_value *map) {
  const char *why = read_request(p, map);
  p->asking = true;
  mf_http_conn_init(&p->conn, &p->all->client, &p->request.target, answered, p);
  if (mf_arena_oom(&p->arena)) exceed(p->all->host, MF_OUT_OF_MEMORY);
  if (why) {
    cannot_ask(p, mf_str_of(why));
    return;
  }
  switch (mf_http_message_find(&p->request, p->deadline_ns, found, p, &why)) {
    case MF_HTTP_FINDING: return;
    case MF_HTTP_NOT_FOUND: found(p, why); return;
    case MF_HTTP_FOUND: send_request(p); return;
  }
}

/* Over variables as they are now. */
static mf_status make_message(probe *p, mf_value *map) {
  mf_host *h = p->all->host;
  mf_status status = mf_host_refresh_watches(h);
  if (status != MF_OK) return status;
  mf_armed_turn(&h->armed, ++p->turn);
  return mf_armed_eval(&h->armed, p->message, map);
}

static void fire(mf_timer *timer) {
  probe *p = timer->ctx;
  mf_value map;
  p->started_ns = mf_clock_monotonic();
  memset(&p->request, 0, sizeof p->request);
  const mf_status status = make_message(p, &map);
  if (status == MF_OUT_OF_MEMORY)
    exceed(p->all->host, status);
  else if (status != MF_OK)
    cannot_ask(p, mf_str_of(mf_status_text(status)));
  else if (map.kind == MF_ERROR && map.aux == MF_EVAL_NO_VALUE)
    go_on(p); /* what it needs is not known yet */
  else if (map.kind != MF_MAP)
    cannot_ask(p, map.kind == MF_ERROR ? mf_value_str(map) : MF_STR("its request is no map"));
  else
    ask(p, &map);
}

/* ---- All of them ---- */

static mf_status make_probe(mf_probes *all, probe *p, uint32_t watch) {
  mf_host *h = all->host;
  const mf_row_watch *row = &MF_ROWS(h->image, WATCH, watch)[watch];
  const mf_value *options = row->options == MF_ABSENT ? NULL : &h->image->values[row->options];
  const double seconds = mf_map_number(options, "interval", MF_PROBE_INTERVAL_S);
  const uint32_t reads = mf_armed_reads(h->image, row->chunk, NULL);
  *p = (probe){.all = all, .watch = watch, .timer = {.fire = fire, .ctx = p}};
  mf_arena_init(&p->arena, &h->alloc, 0);
  p->interval_ns = mf_scale_length(&h->env, (int64_t)(fmin(fmax(seconds, 1e-3), 1e9) * 1e9), 0);
  p->keep_body = reads & MF_READS_BODY_BYTES ? (size_t)MF_LIMIT_RESPONSE_KEPT : 0;
  all->count++;
  return mf_armed_program(&h->armed, row->probe, &p->message);
}

static size_t size_of(uint32_t count) { return sizeof(mf_probes) + count * sizeof(probe); }

static uint32_t count_probes(const mf_image *image) {
  const mf_row_watch *rows = MF_ROWS(image, WATCH, watch);
  uint32_t n = 0;
  for (uint32_t i = 0; i < MF_ROW_COUNT(image, WATCH); i++) n += rows[i].probe != MF_ABSENT;
  return n;
}

mf_status mf_probes_new(mf_host *h, mf_probes **out) {
  const mf_row_watch *rows = MF_ROWS(h->image, WATCH, watch);
  const uint32_t n = count_probes(h->image);
  *out = NULL;
  if (n == 0 || h->env.rehearsal) return MF_OK;
  mf_probes *all = mf_realloc(&h->alloc, NULL, 0, size_of(n));
  if (all == NULL) return MF_OUT_OF_MEMORY;
  memset(all, 0, size_of(n));
  all->host = h;
  mf_status status = mf_http_client_init(&all->client, &h->alloc, h->loop);
  for (uint32_t i = 0; i < MF_ROW_COUNT(h->image, WATCH) && status == MF_OK; i++)
    if (rows[i].probe != MF_ABSENT) status = make_probe(all, &all->items[all->count], i);
  *out = all; /* freed with the host, whatever came of it */
  return status;
}

void mf_probes_free(mf_probes *all) {
  if (all == NULL) return;
  mf_host *h = all->host;
  mf_probes_stop(all);
  for (uint32_t i = 0; i < all->count; i++) {
    mf_program_free(all->items[i].message);
    mf_arena_fini(&all->items[i].arena);
  }
  mf_http_client_fini(&all->client);
  mf_realloc(&h->alloc, all, size_of(count_probes(h->image)), 0);
}

static void start(mf_probes *all) {
  mf_host *h = all->host;
  all->running = true;
  for (uint32_t i = 0; i < all->count; i++)
    exceed(h, mf_timer_set(h->loop, &all->items[i].timer, mf_clock_monotonic()));
}

void mf_probes_stop(mf_probes *all) {
  if (all == NULL || !all->running) return;
  all->running = false;
  for (uint32_t i = 0; i < all->count; i++) {
    mf_timer_clear(all->host->loop, &all->items[i].timer);
    close_request(&all->items[i]);
  }
}

void mf_probes_follow(mf_probes *all) {
  if (all == NULL) return;
  const bool wanted = mf_vm_in_entries(all->host->vm);
  if (wanted && !all->running) start(all);
  if (!wanted) mf_probes_stop(all);
}
