/* SPDX-License-Identifier: MIT */
/* The list of a load's requests, made ready: rows of REQUEST, or the one request that its
 * arguments say.
 *
 * A message that is always the same is made once.  Where nothing has to be evaluated,
 * nothing that evaluates is made. */
#include "http_load.h"

#include "../base/limits.h"
#include "../vm/program.h"

/* ---- Names ---- */

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
  mf_load_write_message(l, r, &own, &out, &r->http);
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
