/* SPDX-License-Identifier: MIT */
#include "http_message.h"

#include "../base/limits.h"
#include "../io/tls.h"
#include "plain_json.h"

#include <strings.h>

#define MAX_REQUEST (4 * MF_LIMIT_STRING_BYTES)
#define MAX_BODY (2 * MF_LIMIT_STRING_BYTES)

/* Which of the headers that we would add the document gave itself. */
typedef struct given {
  bool host, agent, accept, type, authorization;
} given;

typedef struct builder {
  mf_args *args;
  mf_buf out;
  mf_buf body;
  const char *body_type; /* NULL: no body */
  mf_str method;
  given given;
} builder;

/* ---- Method ---- */

/* Bytes that RFC 9110 allows in methods and header names. */
static bool is_token(mf_str s) {
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!alnum && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c))) return false;
  }
  return s.n > 0;
}

static bool word_in(mf_str word, const char *const *words) {
  for (; *words; words++)
    if (mf_str_is(word, *words)) return true;
  return false;
}

static void read_method(builder *b) {
  mf_str method = mf_arg_text(b->args, "method", b->body_type ? "POST" : "GET");
  char *upper = mf_arena_copy(b->args->arena, method.p, method.n);
  if (!upper) return;
  for (size_t i = 0; i < method.n; i++)
    if (upper[i] >= 'a' && upper[i] <= 'z') upper[i] = (char)(upper[i] - 'a' + 'A');
  b->method = (mf_str){upper, method.n};
  if (!is_token(b->method)) mf_args_fail(b->args, "argument 'method' must be a word like GET");
  if (mf_str_is(b->method, "CONNECT")) mf_args_fail(b->args, "method CONNECT is not supported");
}

/* ---- Body ---- */

/* Text that is a JSON object or list is sent as JSON. */
static bool looks_like_json(mf_arena *arena, mf_str text) {
  size_t i = 0;
  while (i < text.n && strchr(" \t\r\n", text.p[i])) i++;
  if (i == text.n || (text.p[i] != '{' && text.p[i] != '[')) return false;
  mf_arena_mark mark = mf_arena_mark_get(arena);
  const char *error = NULL;
  uint32_t offset;
  bool ok = mf_json_parse(arena, text, &error, &offset) != NULL;
  mf_arena_release(arena, mark);
  return ok;
}

static void read_body(builder *b) {
  const mf_value *body = mf_arg_any(b->args, "body");
  if (!body || body->kind == MF_UNSET) return;
  if (body->kind == MF_STRING) {
    mf_buf_add_str(&b->body, mf_value_str(*body));
    b->body_type = looks_like_json(b->args->arena, mf_value_str(*body))
                       ? "application/json"
                       : "text/plain; charset=utf-8";
  } else if (body->kind == MF_BYTES) {
    mf_buf_add_str(&b->body, mf_value_str(*body));
    b->body_type = "application/octet-stream";
  } else {
    mf_json_writer w;
    mf_json_write_init(&w, &b->body, 0);
    mf_value_write_plain(&w, body);
    b->body_type = "application/json";
  }
}

/* ---- Headers ---- */

static bool is_header(mf_str name, const char *lower) {
  return name.n == strlen(lower) && strncasecmp(name.p, lower, name.n) == 0;
}

static void note_given(given *g, mf_str name) {
  if (is_header(name, "host")) g->host = true;
  if (is_header(name, "user-agent")) g->agent = true;
  if (is_header(name, "accept")) g->accept = true;
  if (is_header(name, "content-type")) g->type = true;
  if (is_header(name, "authorization")) g->authorization = true;
}

/* A line break in a value would be a second header, or a second request. */
static bool value_ok(mf_str value) {
  for (size_t i = 0; i < value.n; i++)
    if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == 0) return false;
  return true;
}

static void fail_header(builder *b, mf_str name, const char *why) {
  const char *text = mf_arena_printf(b->args->arena, "header '%.*s' %s",
                                     (int)(name.n < 100 ? name.n : 100), name.p, why);
  mf_args_fail(b->args, text ? text : "out of memory");
}

static void add_header(builder *b, mf_value name_value, const mf_value *value) {
  mf_str name = mf_value_str(name_value);
  if (name_value.kind != MF_STRING || !is_token(name)) {
    mf_args_fail(b->args, "argument 'headers' has a name that no header can have");
    return;
  }
  if (is_header(name, "content-length") || is_header(name, "transfer-encoding")) {
    fail_header(b, name, "is set by mfvm");
    return;
  }
  note_given(&b->given, name);
  mf_buf_add_str(&b->out, name);
  mf_buf_puts(&b->out, ": ");
  size_t start = b->out.n;
  mf_value_write_text(&b->out, value);
  if (!b->out.failed && !value_ok((mf_str){b->out.p + start, b->out.n - start}))
    fail_header(b, name, "holds a line break");
  mf_buf_puts(&b->out, "\r\n");
}

static void add_headers(builder *b) {
  const mf_value *headers = mf_arg_map(b->args, "headers");
  if (!headers) return;
  for (uint32_t i = 0; i < headers->as.map->count && !b->args->error; i++) {
    const mf_pair *pair = &headers->as.map->pairs[i];
    if (pair->value.kind != MF_NULL) add_header(b, pair->key, &pair->value);
  }
}

/* user:pass of the URL, as browsers send it. */
static void add_authorization(builder *b, mf_str userinfo) {
  mf_buf_puts(&b->out, "Authorization: Basic ");
  if (!mf_buf_reserve(&b->out, mf_base64_size(userinfo.n))) return;
  b->out.n += mf_base64_encode((const uint8_t *)userinfo.p, userinfo.n, b->out.p + b->out.n);
  mf_buf_puts(&b->out, "\r\n");
}

static void add_defaults(builder *b, const mf_url *url) {
  static const char *const with_body[] = {"POST", "PUT", "PATCH", NULL};
  mf_str host = url->is_socket ? MF_STR("localhost") : url->authority;
  if (!b->given.host) mf_buf_printf(&b->out, "Host: %.*s\r\n", (int)host.n, host.p);
  if (!b->given.agent) mf_buf_puts(&b->out, "User-Agent: mfvm\r\n");
  if (!b->given.accept) mf_buf_puts(&b->out, "Accept: */*\r\n");
  if (url->userinfo.n && !b->given.authorization) add_authorization(b, url->userinfo);
  if (b->body_type && !b->given.type) mf_buf_printf(&b->out, "Content-Type: %s\r\n", b->body_type);
  if (b->body_type || word_in(b->method, with_body))
    mf_buf_printf(&b->out, "Content-Length: %zu\r\n", b->body.n);
}

/* ---- Request line ---- */

/* Bytes beyond ASCII are percent-encoded, as a browser does. */
static void add_path(mf_buf *out, mf_str path) {
  if (path.n == 0 || path.p[0] == '?') mf_buf_putc(out, '/');
  for (size_t i = 0; i < path.n; i++) {
    unsigned char c = (unsigned char)path.p[i];
    if (c < 0x80)
      mf_buf_putc(out, (char)c);
    else
      mf_buf_printf(out, "%%%02X", c);
  }
}

static void write_request(builder *b, const mf_url *url) {
  read_body(b);
  read_method(b);
  mf_buf_add_str(&b->out, b->method);
  mf_buf_putc(&b->out, ' ');
  add_path(&b->out, url->path);
  mf_buf_puts(&b->out, " HTTP/1.1\r\n");
  add_headers(b);
  add_defaults(b, url);
  mf_buf_puts(&b->out, "\r\n");
  mf_buf_add_str(&b->out, mf_buf_str(&b->body));
  if (b->out.failed || b->body.failed)
    mf_args_fail(b->args, b->out.too_large || b->body.too_large ? "the request is too large"
                                                                : "out of memory");
}

static void take_method(const builder *b, bool *is_head, bool *idempotent) {
  static const char *const may_repeat[] = {"GET",     "HEAD",  "PUT", "DELETE",
                                           "OPTIONS", "TRACE", NULL};
  *is_head = mf_str_is(b->method, "HEAD");
  *idempotent = word_in(b->method, may_repeat);
}

/* Builds in a buffer and keeps the result in the arena. */
static void build_request(mf_driver_env *env, mf_args *args, const mf_url *url,
                          mf_http_message *out) {
  builder b = {.args = args};
  mf_buf_init(&b.out, &env->alloc, MAX_REQUEST);
  mf_buf_init(&b.body, &env->alloc, MAX_BODY);
  write_request(&b, url);
  if (!args->error) {
    out->bytes = (mf_str){mf_arena_copy(args->arena, b.out.p, b.out.n), b.out.n};
    take_method(&b, &out->is_head, &out->idempotent);
    if (!out->bytes.p) mf_args_fail(args, "out of memory");
  }
  mf_buf_fini(&b.out);
  mf_buf_fini(&b.body);
}

bool mf_http_message_write(mf_args *args, const mf_url *url, mf_buf *out, bool *is_head,
                           bool *idempotent) {
  builder b = {.args = args, .out = *out};
  b.out.max = MAX_REQUEST;
  b.out.failed = b.out.too_large = false;
  mf_buf_clear(&b.out);
  mf_buf_init(&b.body, &out->alloc, MAX_BODY);
  write_request(&b, url);
  take_method(&b, is_head, idempotent);
  *out = b.out;
  mf_buf_fini(&b.body);
  return args->error == NULL;
}

/* ---- Where to ---- */

const char *mf_http_failure_text(mf_arena *arena, const char *what, mf_str authority) {
  const char *text = mf_arena_printf(arena, "%s: %.*s", what, (int)authority.n, authority.p);
  return text ? text : "out of memory";
}

/* Drops the addresses that may not be reached. */
static const char *ask_permission(mf_driver_env *env, mf_str host, mf_http_target *target) {
  const char *denied = NULL;
  uint32_t kept = 0;
  if (!env->host_denied) return NULL;
  for (uint32_t i = 0; i < target->count; i++) {
    const mf_http_address *a = &target->addresses[i];
    const char *why = env->host_denied(env->host_ctx, host, &a->address, a->length);
    if (why)
      denied = why;
    else
      target->addresses[kept++] = *a;
  }
  target->count = kept;
  return kept ? NULL : denied;
}

/* Looks at what the lookup found.  NULL, or why the target cannot be reached. */
static const char *check_target(mf_http_message *m, mf_http_error error) {
  m->failed = error;
  if (error != MF_HTTP_NONE)
    return mf_http_failure_text(m->arena, mf_http_error_text(error), m->url.host);
  const char *denied = ask_permission(m->env, m->url.host, &m->target);
  if (!denied) {
    /* The host is a part of the authority. */
    size_t at = (size_t)(m->url.host.p - m->url.authority.p);
    if (m->url.secure) m->target.tls_host = (mf_str){m->authority.p + at, m->url.host.n};
    return NULL;
  }
  m->failed = MF_HTTP_DENIED;
  const char *text = mf_arena_printf(m->arena, "%s: %s", mf_http_error_text(MF_HTTP_DENIED),
                                     denied);
  return text ? text : "out of memory";
}

static void looked_up(mf_http_lookup *lookup, mf_http_error error) {
  mf_http_message *m = lookup->ctx;
  m->found(m->ctx, check_target(m, error));
}

mf_http_find mf_http_message_find(mf_http_message *m, int64_t deadline,
                                  void (*found)(void *ctx, const char *error), void *ctx,
                                  const char **error) {
  m->found = found;
  m->ctx = ctx;
  m->lookup = (mf_http_lookup){.done = looked_up, .ctx = m};
  mf_http_error failed = mf_http_lookup_start(&m->lookup, m->env->loop, &m->url, deadline,
                                              &m->target);
  if (mf_http_lookup_pending(&m->lookup)) return MF_HTTP_FINDING;
  *error = check_target(m, failed);
  return *error ? MF_HTTP_NOT_FOUND : MF_HTTP_FOUND;
}

bool mf_http_message_is_finding(const mf_http_message *m) {
  return mf_http_lookup_pending(&m->lookup);
}

void mf_http_message_stop(mf_http_message *m) { mf_http_lookup_cancel(&m->lookup); }

/* ---- All of it ---- */

static mf_str copy_authority(mf_arena *arena, const mf_url *url) {
  char path[MF_SOCKET_PATH];
  mf_str text = url->authority;
  if (url->is_socket) {
    mf_url_socket_path(url, path);
    text = mf_str_of(path);
  }
  return (mf_str){mf_arena_copy(arena, text.p, text.n), text.n};
}

mf_str mf_http_message_url(const mf_driver_env *env, mf_args *args) {
  const mf_str url = mf_arg_text(args, "url", "");
  if (url.n == 0 || url.p[0] != '/') {
    const char *copy = mf_arena_copy(args->arena, url.p, url.n);
    return (mf_str){copy, copy ? url.n : 0};
  }
  if (env->target_url.n == 0)
    mf_args_fail(args, "the URL begins with / and there is no target it could belong to");
  return mf_http_join(args->arena, env->target_url, url);
}

bool mf_http_message_build(mf_driver_env *env, mf_args *args, mf_str text, mf_http_message *out) {
  memset(out, 0, sizeof *out);
  out->env = env;
  out->arena = args->arena;
  const char *error = mf_url_parse(text, &out->url);
  if (!error && out->url.secure) error = mf_tls_missing();
  if (error) mf_args_fail(args, error);
  if (!args->error) build_request(env, args, &out->url, out);
  if (args->error) return false;
  out->authority = copy_authority(args->arena, &out->url);
  if (!out->authority.p) mf_args_fail(args, "out of memory");
  return args->error == NULL;
}

mf_str mf_http_join(mf_arena *arena, mf_str base, mf_str path) {
  while (base.n > 0 && base.p[base.n - 1] == '/') base.n--;
  bool slash = path.n == 0 || path.p[0] != '/';
  char *p = mf_arena_get(arena, base.n + slash + path.n);
  if (!p) return (mf_str){0};
  if (base.n) memcpy(p, base.p, base.n);
  if (slash) p[base.n] = '/';
  if (path.n) memcpy(p + base.n + slash, path.p, path.n);
  return (mf_str){p, base.n + slash + path.n};
}
