/* SPDX-License-Identifier: MIT */
#include "proxy_api.h"

#include <stdio.h>

#include "../base/limits.h"
#include "../include/mfvm.h"
#include "proxy_parts.h"

/* One request on its way through. */
typedef struct call {
  mf_proxy_api *api;
  const mf_proxy_request *request;
  mf_arena *arena;
  mf_proxy_answer *out;
  mf_str names[2]; /* what stands for the * of the route */
  mf_tcp_proxy *proxy;
} call;

/* ---- Answers ---- */

void mf_proxy_answer_init(mf_proxy_answer *answer, const mf_alloc *alloc) {
  *answer = (mf_proxy_answer){.status = 0};
  mf_buf_init(&answer->body, alloc, 0);
}

void mf_proxy_answer_fini(mf_proxy_answer *answer) { mf_buf_fini(&answer->body); }

static void say_nothing(mf_proxy_answer *out, int status) {
  out->status = status;
  out->type = NULL;
  out->nosniff = false;
  mf_buf_clear(&out->body);
}

/* As Go's http.Error does it. */
static void say_text(mf_proxy_answer *out, int status, const char *text) {
  say_nothing(out, status);
  out->type = "text/plain; charset=utf-8";
  out->nosniff = true;
  mf_buf_puts(&out->body, text);
  mf_buf_putc(&out->body, '\n');
}

static mf_json_writer say_json(call *c, int status) {
  mf_json_writer w;
  say_nothing(c->out, status);
  c->out->type = "application/json";
  mf_json_write_init(&w, &c->out->body, 0);
  return w;
}

static void put_error(mf_json_writer *w, const char *text, int status) {
  mf_json_key(w, "error");
  mf_json_put_str(w, mf_str_of(text));
  mf_json_key(w, "status");
  mf_json_put_int(w, status);
}

static void say_error(call *c, int status, const char *text) {
  mf_json_writer w;
  say_text(c->out, status, "");
  mf_buf_clear(&c->out->body);
  mf_json_write_init(&w, &c->out->body, 0);
  mf_json_open_map(&w);
  put_error(&w, text, status);
  mf_json_close_map(&w);
  mf_buf_putc(&c->out->body, '\n');
}

static void say_problem(call *c, mf_tcp_problem problem) {
  say_error(c, mf_tcp_problem_status(problem), mf_tcp_problem_text(problem));
}

static void say_refused(call *c, const mf_tcp_error *error) {
  say_error(c, mf_tcp_problem_status(error->problem), error->text);
}

static void say_bad_body(call *c, const mf_proxy_reader *r) {
  char text[300];
  snprintf(text, sizeof text, "bad request body: %s", r->why);
  if (r->why[0])
    say_error(c, 400, text);
  else
    say_problem(c, MF_TCP_OUT_OF_MEMORY);
}

static void say_proxy(call *c, int status, const mf_tcp_proxy *proxy) {
  mf_json_writer w = say_json(c, status);
  mf_proxy_write(&w, proxy);
}

static void say_toxic(call *c, const mf_toxic_info *toxic) {
  mf_json_writer w = say_json(c, 200);
  mf_proxy_write_toxic(&w, toxic);
}

/* ---- What is asked for ---- */

/* The proxy of the path, and the body, if `body` is wanted. */
static bool find(call *c, mf_proxy_reader *r, const mf_json **body) {
  c->proxy = mf_tcp_proxies_find(c->api->proxies, c->names[0]);
  if (!c->proxy) {
    say_problem(c, MF_TCP_PROXY_NOT_FOUND);
    return false;
  }
  if (!body) return true;
  *body = mf_proxy_read_body(r, c->request->body);
  if (!*body) say_bad_body(c, r);
  return *body != NULL;
}

static mf_proxy_reader reader_of(call *c) {
  return (mf_proxy_reader){.arena = c->arena, .compat = c->api->compat};
}

/* ---- Proxies ---- */

static void list_proxies(call *c) {
  mf_json_writer w = say_json(c, 200);
  mf_json_open_map(&w);
  for (uint32_t i = 0; i < mf_tcp_proxies_count(c->api->proxies); i++) {
    const mf_tcp_proxy *proxy = mf_tcp_proxies_at(c->api->proxies, i);
    mf_json_key_str(&w, mf_str_of(mf_tcp_proxy_name(proxy)));
    mf_proxy_write(&w, proxy);
  }
  mf_json_close_map(&w);
}

static void show_proxy(call *c) {
  if (find(c, NULL, NULL)) say_proxy(c, 200, c->proxy);
}

static void create_proxy(call *c) {
  mf_proxy_reader r = reader_of(c);
  mf_proxy_fields f = {.has_listen = false};
  mf_tcp_error error;
  mf_tcp_proxy *proxy;
  const mf_json *body = mf_proxy_read_body(&r, c->request->body);
  if (!body || !mf_proxy_read_fields(&r, body, &f)) {
    say_bad_body(c, &r);
    return;
  }
  if (!f.name.n || !f.upstream.n) {
    say_problem(c, f.name.n ? MF_TCP_MISSING_UPSTREAM : MF_TCP_MISSING_NAME);
    return;
  }
  const mf_tcp_spec spec = {.name = f.name,
                            .listen = f.listen,
                            .upstream = f.upstream,
                            .disabled = f.has_enabled && !f.enabled,
                            .toxics = f.toxics,
                            .n_toxics = f.n_toxics};
  if (mf_tcp_proxy_create(c->api->proxies, &spec, &proxy, &error) == MF_TCP_NONE)
    say_proxy(c, 201, proxy);
  else
    say_refused(c, &error);
}

/* Clients send back all that they know: what is as it was is no change. */
static void update_proxy(call *c) {
  mf_proxy_reader r = reader_of(c);
  mf_proxy_fields f = {.has_listen = false};
  mf_tcp_error error;
  const mf_json *body;
  if (!find(c, &r, &body)) return;
  if (!mf_proxy_read_fields(&r, body, &f)) {
    say_bad_body(c, &r);
    return;
  }
  if (f.has_upstream && !f.upstream.n) {
    say_problem(c, MF_TCP_MISSING_UPSTREAM);
    return;
  }
  const mf_tcp_proxy *p = c->proxy;
  const mf_tcp_change change = {
      .has_listen = f.has_listen &&
                    !mf_proxy_same_listen(f.listen, mf_str_of(mf_tcp_proxy_listen(p))),
      .has_upstream = f.has_upstream && !mf_str_is(f.upstream, mf_tcp_proxy_upstream(p)),
      .has_enabled = f.has_enabled,
      .listen = f.listen,
      .upstream = f.upstream,
      .enabled = f.enabled};
  if (mf_tcp_proxy_change(c->proxy, &change, &error) == MF_TCP_NONE)
    say_proxy(c, 200, c->proxy);
  else
    say_refused(c, &error);
}

static void delete_proxy(call *c) {
  if (!find(c, NULL, NULL)) return;
  mf_tcp_proxy_delete(c->proxy);
  say_nothing(c->out, 204);
}

static void put_population(call *c, const mf_proxy_population *p) {
  mf_json_writer w = say_json(c, p->status);
  mf_json_open_map(&w);
  if (p->error[0]) put_error(&w, p->error, p->status);
  mf_json_key(&w, "proxies");
  if (p->count == 0) {
    mf_json_null(&w);
  } else {
    mf_json_open_list(&w);
    for (uint32_t i = 0; i < p->count; i++) mf_proxy_write(&w, p->proxies[i]);
    mf_json_close_list(&w);
  }
  mf_json_close_map(&w);
}

static void populate(call *c) {
  mf_proxy_reader r = reader_of(c);
  mf_proxy_population p = {.status = 400};
  const mf_json *body = mf_proxy_read_body(&r, c->request->body);
  if (body) {
    mf_proxy_populate(c->api, c->arena, body, false, &p);
  } else if (r.why[0]) {
    snprintf(p.error, sizeof p.error, "bad request body: %s", r.why);
  } else {
    p.status = mf_tcp_problem_status(MF_TCP_OUT_OF_MEMORY);
    snprintf(p.error, sizeof p.error, "%s", mf_tcp_problem_text(MF_TCP_OUT_OF_MEMORY));
  }
  put_population(c, &p);
}

static void reset(call *c) {
  mf_tcp_error error;
  if (mf_tcp_proxies_reset(c->api->proxies, &error) == MF_TCP_NONE)
    say_nothing(c->out, 204);
  else
    say_refused(c, &error);
}

/* ---- Toxics ---- */

static void list_toxics(call *c) {
  if (!find(c, NULL, NULL)) return;
  mf_json_writer w = say_json(c, 200);
  mf_proxy_write_toxics(&w, c->proxy);
}

static void show_toxic(call *c) {
  mf_toxic_info toxic;
  if (!find(c, NULL, NULL)) return;
  if (mf_tcp_proxy_toxic_find(c->proxy, c->names[1], &toxic))
    say_toxic(c, &toxic);
  else
    say_problem(c, MF_TCP_TOXIC_NOT_FOUND);
}

static void add_toxic(call *c) {
  mf_proxy_reader r = reader_of(c);
  mf_toxic_spec spec = {.n_values = 0};
  mf_toxic_info toxic;
  mf_tcp_error error;
  const mf_json *body;
  if (!find(c, &r, &body)) return;
  if (!mf_proxy_read_toxic(&r, body, MF_TOXIC_KINDS, &spec))
    say_bad_body(c, &r);
  else if (mf_tcp_proxy_add_toxic(c->proxy, &spec, &toxic, &error) == MF_TCP_NONE)
    say_toxic(c, &toxic);
  else
    say_refused(c, &error);
}

static void update_toxic(call *c) {
  mf_proxy_reader r = reader_of(c);
  mf_toxic_spec spec = {.n_values = 0};
  mf_toxic_info toxic;
  mf_tcp_error error;
  const mf_json *body;
  if (!find(c, NULL, NULL)) return;
  if (!mf_tcp_proxy_toxic_find(c->proxy, c->names[1], &toxic)) {
    say_problem(c, MF_TCP_TOXIC_NOT_FOUND);
    return;
  }
  if (!find(c, &r, &body)) return;
  if (!mf_proxy_read_toxic(&r, body, toxic.kind, &spec))
    say_bad_body(c, &r);
  else if (mf_tcp_proxy_change_toxic(c->proxy, c->names[1], &spec, &toxic, &error) == MF_TCP_NONE)
    say_toxic(c, &toxic);
  else
    say_refused(c, &error);
}

static void remove_toxic(call *c) {
  mf_tcp_error error;
  if (!find(c, NULL, NULL)) return;
  if (mf_tcp_proxy_remove_toxic(c->proxy, c->names[1], &error) == MF_TCP_NONE)
    say_nothing(c->out, 204);
  else
    say_refused(c, &error);
}

/* ---- The rest ---- */

static void version(call *c) {
  (void)say_json(c, 200);
  c->out->type = "application/json;charset=utf-8";
  mf_buf_printf(&c->out->body, "{\"version\": \"%s\"}\n", mf_version());
}

static void metrics(call *c) {
  say_nothing(c->out, 200);
  c->out->type = "text/plain; version=0.0.4; charset=utf-8";
  mf_proxy_write_metrics(c->api->proxies, &c->out->body);
}

/* ---- Routes ---- */

typedef struct route {
  const char *methods, *path;
  void (*handle)(call *c);
} route;

static const route routes[] = {
#define MF_PROXY_ROUTE(methods, path, handler) {methods, path, handler},
#include "proxy_routes.def"
};
enum { ROUTES = sizeof routes / sizeof *routes };

static bool matches(const char *pattern, mf_str path, mf_str names[2]) {
  size_t at = 0, name = 0;
  for (; *pattern; pattern++) {
    if (*pattern != '*') {
      if (at == path.n || path.p[at++] != *pattern) return false;
      continue;
    }
    const size_t from = at;
    while (at < path.n && path.p[at] != '/') at++;
    if (at == from) return false;
    names[name++] = (mf_str){path.p + from, at - from};
  }
  return at == path.n;
}

static bool allows(const char *methods, mf_str method) {
  const mf_str all = mf_str_of(methods);
  const size_t at = method.n ? mf_str_find(all, method, 0) : SIZE_MAX;
  if (at == SIZE_MAX || (at > 0 && all.p[at - 1] != ' ')) return false;
  return at + method.n == all.n || all.p[at + method.n] == ' ';
}

/* /metrics is there for every method, if it is there; ours is for GET. */
static bool is_there(const mf_proxy_api *api, const route *r) {
  return !api->compat || r->handle != metrics;
}

/* NULL: 404 or 405 has been said. */
static const route *find_route(call *c) {
  char allowed[sizeof c->out->allow] = "";
  for (const route *r = routes; r < routes + ROUTES; r++) {
    if (!is_there(c->api, r) || !matches(r->path, c->request->path, c->names)) continue;
    if (allows(r->methods, c->request->method)) return r;
    for (const char *m = r->methods; *m;) {
      const size_t n = strcspn(m, " "), have = strlen(allowed);
      snprintf(allowed + have, sizeof allowed - have, "%s%.*s", have ? ", " : "", (int)n, m);
      m += n + (m[n] == ' ');
    }
  }
  if (!allowed[0]) {
    say_text(c->out, 404, "404 page not found");
    return NULL;
  }
  say_nothing(c->out, 405);
  if (!c->api->compat) memcpy(c->out->allow, allowed, sizeof allowed);
  return NULL;
}

/* Twenty characters, as xid has them; a mixture of the seed and the request's number. */
static void make_id(mf_proxy_api *api, char id[21]) {
  uint64_t bits = 0;
  const uint64_t number = api->requests++;
  for (int i = 0; i < 20; i++) {
    if (i % 10 == 0) {
      const uint64_t parts[3] = {api->seed, number, (uint64_t)i};
      bits = mf_str_hash((mf_str){(const char *)parts, sizeof parts});
    }
    id[i] = "0123456789abcdefghijklmnopqrstuv"[bits & 31];
    bits >>= 5;
  }
  id[20] = '\0';
}

static void handle(call *c) {
  const route *r = find_route(c);
  if (!r) return;
  make_id(c->api, c->out->id);
  if (mf_str_starts(c->request->user_agent, MF_STR("Mozilla/")))
    say_text(c->out, 403, "User agent not allowed"); /* a page must not change proxies */
  else if (c->request->too_large)
    say_error(c, 413, "the request body is larger than 1 MiB");
  else
    r->handle(c);
}

void mf_proxy_api_handle(mf_proxy_api *api, const mf_proxy_request *request,
                         mf_proxy_answer *answer) {
  mf_arena arena;
  call c = {.api = api, .request = request, .arena = &arena, .out = answer};
  mf_arena_init(&arena, &api->alloc, 0);
  answer->id[0] = answer->allow[0] = '\0';
  handle(&c);
  mf_arena_fini(&arena);
}

bool mf_proxy_api_configure(mf_proxy_api *api, mf_str json, char *error, size_t error_size) {
  static const char prefix[] = "bad request body: "; /* which a file is not */
  mf_arena arena;
  mf_proxy_reader r = {.arena = &arena, .compat = api->compat};
  mf_proxy_population p = {.status = 400};
  mf_arena_init(&arena, &api->alloc, 0);
  const mf_json *body = mf_proxy_read_body(&r, json);
  const mf_json *list = mf_json_get(body, "proxies");
  if (body)
    mf_proxy_populate(api, &arena, list ? list : body, !api->compat, &p);
  else
    snprintf(p.error, sizeof p.error, "%s", r.why[0] ? r.why : mf_status_text(MF_OUT_OF_MEMORY));
  const bool about_body = mf_str_starts(mf_str_of(p.error), mf_str_of(prefix));
  snprintf(error, error_size, "%s", p.error + (about_body ? strlen(prefix) : 0));
  mf_arena_fini(&arena);
  return p.status == 201;
}
