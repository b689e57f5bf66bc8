/* SPDX-License-Identifier: MIT */
/* http_request: one request on a connection of its own. */
#include "drivers.h"

#include "../base/limits.h"
#include "http_message.h"
#include "http_response.h"

typedef struct request_op {
  mf_driver_env *env;
  mf_arena arena; /* the request; then the outcome */
  mf_http_message message;
  mf_http_client client;
  mf_http_conn conn;
  size_t keep;
  int64_t timeout, started;
  mf_done_fn done;
  void *ctx;
} request_op;

static void free_op(request_op *op) {
  mf_http_message_stop(&op->message);
  mf_http_conn_fini(&op->conn);
  mf_http_client_fini(&op->client);
  mf_arena_fini(&op->arena);
  mf_alloc alloc = op->env->alloc;
  mf_realloc(&alloc, op, sizeof *op, 0);
}

static void answer(request_op *op, mf_value outcome) {
  if (mf_arena_oom(&op->arena))
    mf_answer_error(op->env, op->done, op->ctx, "out of memory");
  else
    op->done(op->ctx, &outcome);
  free_op(op);
}

/* ---- The outcome ---- */

static void add_error(mf_map_builder *b, request_op *op, const mf_http_result *result) {
  const char *text;
  if (result->error != MF_HTTP_NONE)
    text = mf_http_failure_text(&op->arena,
                                result->detail ? result->detail : mf_http_error_text(result->error),
                                op->message.authority);
  else
    text = mf_arena_printf(&op->arena, "status %d", result->status);
  mf_map_add(b, "error", mf_string(mf_str_of(text)));
}

static mf_value outcome_of(request_op *op, const mf_http_result *result) {
  mf_map_builder b;
  bool ok = result->error == MF_HTTP_NONE && result->status >= 200 && result->status < 400;
  mf_map_build(&b, &op->arena);
  mf_map_add(&b, "ok", mf_bool(ok));
  if (!ok) add_error(&b, op, result);
  if (result->error == MF_HTTP_NONE) {
    bool cut = result->body_bytes > result->body.n;
    mf_value headers = mf_response_headers(&op->arena, result->head);
    mf_value json = mf_response_json(&op->arena, result, &headers);
    mf_map_add(&b, "status", mf_int(result->status));
    mf_map_add(&b, "headers", headers);
    mf_map_add(&b, "body", mf_text_or_bytes(result->body.p, result->body.n, cut));
    if (json.kind != MF_UNSET) mf_map_add(&b, "json", json);
    if (cut) mf_map_add(&b, "body_cut", mf_bool(true));
  }
  int64_t ns = mf_clock_monotonic() - op->started;
  mf_map_add(&b, "latency", mf_double((double)ns / 1e6));
  return mf_map_done(&b);
}

static void request_done(mf_http_conn *conn, const mf_http_result *result) {
  request_op *op = conn->ctx;
  answer(op, outcome_of(op, result));
}

/* ---- Start ---- */

static bool read_arguments(request_op *op, mf_args *args) {
  mf_driver_env *env = op->env;
  op->timeout = mf_scale_timeout(env, mf_arg_length(args, "timeout", 10));
  op->keep = mf_arg_count(args, "max_body", 0, (uint32_t)MF_LIMIT_RESPONSE_KEPT);
  if (op->keep > MF_LIMIT_STRING_BYTES) op->keep = MF_LIMIT_STRING_BYTES;
  mf_str url = mf_http_message_url(env, args);
  return !args->error && mf_http_message_build(env, args, url, &op->message);
}

/* Prepares everything but the connection.  NULL, or what is wrong. */
static const char *prepare(request_op *op, const mf_value *map) {
  mf_args args;
  mf_arena_init(&op->arena, &op->env->alloc, 0);
  mf_args_init(&args, &op->arena, map);
  mf_status status = mf_http_client_init(&op->client, &op->env->alloc, op->env->loop);
  mf_http_conn_init(&op->conn, &op->client, &op->message.target, request_done, op);
  if (status != MF_OK) return "out of memory";
  return read_arguments(op, &args) ? NULL : args.error;
}

/* NULL: it is over. */
static mf_op *refuse(request_op *op, const char *why) {
  mf_answer_error(op->env, op->done, op->ctx, why);
  free_op(op);
  return NULL;
}

static mf_op *send_request(request_op *op) {
  mf_http_request request = {.bytes = op->message.bytes,
                             .deadline = op->started + op->timeout,
                             .keep_body = op->keep,
                             .keep_head = true,
                             .is_head = op->message.is_head,
                             .idempotent = op->message.idempotent};
  mf_http_error error = mf_http_conn_start(&op->conn, &request);
  if (error == MF_HTTP_NONE) return (mf_op *)op;
  answer(op, outcome_of(op, &(mf_http_result){.error = error}));
  return NULL;
}

static void target_found(void *ctx, const char *error) {
  request_op *op = ctx;
  if (error)
    refuse(op, error);
  else
    send_request(op);
}

static mf_op *request_start(mf_driver_env *env, const mf_value *map, mf_done_fn done, void *ctx) {
  request_op *op = mf_realloc(&env->alloc, NULL, 0, sizeof *op);
  if (!op) return mf_answer_error(env, done, ctx, "out of memory");
  memset(op, 0, sizeof *op);
  op->env = env;
  op->done = done;
  op->ctx = ctx;
  const char *why = prepare(op, map);
  if (why) return refuse(op, why);
  op->started = mf_clock_monotonic();
  switch (mf_http_message_find(&op->message, op->started + op->timeout, target_found, op, &why)) {
    case MF_HTTP_FINDING: return (mf_op *)op;
    case MF_HTTP_NOT_FOUND: return refuse(op, why);
    case MF_HTTP_FOUND: break;
  }
  return send_request(op);
}

static void request_cancel(mf_op *handle) { refuse((request_op *)handle, "cancelled"); }

const mf_driver mf_driver_http_request = {"http_request", request_start, request_cancel};
