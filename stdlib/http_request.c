/* SPDX-License-Identifier: MIT */
/* http_request: one request on a connection of its own. */
#include "drivers.h"

#include "../base/limits.h"
#include "http_message.h"
#include "plain_json.h"

/* Header fields beyond this many are dropped: looking up repeated ones is
 * quadratic. */
#define MAX_FIELDS 256

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

/* Header text as UTF-8: other bytes are taken as Latin-1, which HTTP once was. */
static mf_str utf8_of(mf_arena *arena, mf_str s) {
  if (mf_utf8_valid(s.p, s.n) == s.n) return s;
  char *out = mf_arena_get(arena, 2 * s.n);
  size_t n = 0;
  if (!out) return (mf_str){0};
  for (size_t i = 0; i < s.n; i++) n += mf_utf8_encode((unsigned char)s.p[i], out + n);
  return (mf_str){out, n};
}

static mf_str lower_of(mf_arena *arena, mf_str s) {
  char *out = mf_arena_copy(arena, s.p, s.n);
  if (!out) return (mf_str){0};
  for (size_t i = 0; i < s.n; i++)
    if (out[i] >= 'A' && out[i] <= 'Z') out[i] = (char)(out[i] - 'A' + 'a');
  return (mf_str){out, s.n};
}

/* The place of a field that came before, or b->count. */
static uint32_t find_field(const mf_map_builder *b, mf_str name) {
  uint32_t i = 0;
  while (i < b->count && !mf_str_eq(mf_value_str(b->pairs[i].key), name)) i++;
  return i;
}

/* Repeated fields are one list, by RFC 9110. */
static mf_value headers_of(mf_arena *arena, mf_str head) {
  mf_map_builder b;
  mf_str name, value;
  size_t at = 0;
  mf_map_build(&b, arena);
  while (b.count < MAX_FIELDS && mf_http_field_next(head, &at, &name, &value)) {
    name = lower_of(arena, utf8_of(arena, name));
    value = utf8_of(arena, value);
    uint32_t place = find_field(&b, name);
    if (mf_arena_oom(arena)) break;
    if (place == b.count) {
      mf_map_add_value(&b, mf_string(name), mf_string(value));
      continue;
    }
    mf_str old = mf_value_str(b.pairs[place].value);
    const char *joined = mf_arena_printf(arena, "%.*s, %.*s", (int)old.n, old.p, (int)value.n,
                                         value.p);
    if (joined) b.pairs[place].value = mf_string(mf_str_of(joined));
  }
  return mf_map_done(&b);
}

/* UNSET unless the body is JSON: whole, and an object or list, or said to be. */
static mf_value json_of(mf_arena *arena, const mf_http_result *result, const mf_value *headers) {
  mf_str body = result->body;
  size_t i = 0;
  if (result->body_bytes > body.n) return (mf_value){.kind = MF_UNSET};
  while (i < body.n && strchr(" \t\r\n", body.p[i])) i++;
  if (i == body.n) return (mf_value){.kind = MF_UNSET};
  const mf_value *type = mf_map_get(headers, MF_STR("content-type"));
  bool said = type && mf_str_find(mf_value_str(*type), MF_STR("json"), 0) != SIZE_MAX;
  if (!said && body.p[i] != '{' && body.p[i] != '[') return (mf_value){.kind = MF_UNSET};
  return mf_plain_json(arena, body);
}

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
    mf_value headers = headers_of(&op->arena, result->head);
    mf_value json = json_of(&op->arena, result, &headers);
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

/* The URL, complete. */
static mf_str url_of(mf_driver_env *env, mf_args *args) {
  mf_str url = mf_arg_text(args, "url", "");
  if (url.n == 0 || url.p[0] != '/') return url;
  if (env->target_url.n == 0)
    mf_args_fail(args, "the URL begins with / and there is no target it could belong to");
  return mf_http_join(args->arena, env->target_url, url);
}

static bool read_arguments(request_op *op, mf_args *args) {
  mf_driver_env *env = op->env;
  op->timeout = mf_scale_timeout(env, mf_arg_length(args, "timeout", 10));
  op->keep = mf_arg_count(args, "max_body", 0, (uint32_t)MF_LIMIT_RESPONSE_KEPT);
  if (op->keep > MF_LIMIT_STRING_BYTES) op->keep = MF_LIMIT_STRING_BYTES;
  mf_str url = url_of(env, args);
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

static mf_op *request_start(mf_driver_env *env, const mf_value *map, mf_done_fn done, void *ctx) {
  request_op *op = mf_realloc(&env->alloc, NULL, 0, sizeof *op);
  if (!op) return mf_answer_error(env, done, ctx, "out of memory");
  memset(op, 0, sizeof *op);
  op->env = env;
  op->done = done;
  op->ctx = ctx;
  const char *why = prepare(op, map);
  if (why) {
    mf_answer_error(env, done, ctx, why);
    free_op(op);
    return NULL;
  }
  op->started = mf_clock_monotonic();
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

static void request_cancel(mf_op *handle) {
  request_op *op = (request_op *)handle;
  mf_answer_error(op->env, op->done, op->ctx, "cancelled");
  free_op(op);
}

const mf_driver mf_driver_http_request = {"http_request", request_start, request_cancel};
