/* SPDX-License-Identifier: MIT */
/* Many proxies in one request.
 *
 * All of it or nothing: everything is read, then made once where nothing listens, which
 * finds all that can be wrong but a port that is taken; if that happens, what was done is
 * taken back from snapshots.  Toxiproxy itself (`compat`) works entry by entry, keeps what
 * was done, and lets proxies that have the same addresses be as they are. */
#include <stdio.h>

#include "proxy_parts.h"

typedef struct entry {
  mf_proxy_fields fields;
  mf_tcp_spec before; /* the proxy of that name as it was; name.n 0: there was none */
  bool same;          /* which has the same addresses */
} entry;

typedef struct work {
  mf_proxy_api *api;
  mf_arena *arena;
  entry *entries;
  uint32_t count;
  mf_proxy_population *out;
} work;

/* ---- Addresses ---- */

static size_t last_colon(mf_str address) {
  for (size_t i = address.n; i > 0; i--)
    if (address.p[i - 1] == ':') return i - 1;
  return SIZE_MAX;
}

static mf_str plain_host(mf_str host) {
  if (mf_str_is(host, "localhost")) return MF_STR("127.0.0.1");
  return host.n && !mf_str_is(host, "0.0.0.0") ? host : MF_STR("[::]");
}

bool mf_proxy_same_listen(mf_str a, mf_str b) {
  const size_t i = last_colon(a), k = last_colon(b);
  uint64_t port, other;
  if (i == SIZE_MAX || k == SIZE_MAX) return mf_str_eq(a, b);
  if (!mf_parse_uint((mf_str){a.p + i + 1, a.n - i - 1}, &port)) return mf_str_eq(a, b);
  if (!mf_parse_uint((mf_str){b.p + k + 1, b.n - k - 1}, &other)) return false;
  return port == other && port &&
         mf_str_eq(plain_host((mf_str){a.p, i}), plain_host((mf_str){b.p, k}));
}

static bool same_addresses(const mf_proxy_fields *f, const mf_tcp_proxy *proxy) {
  return mf_proxy_same_listen(f->listen, mf_str_of(mf_tcp_proxy_listen(proxy))) &&
         mf_str_is(f->upstream, mf_tcp_proxy_upstream(proxy));
}

/* ---- What is wrong ---- */

static bool refuse(work *w, int status, const char *why, uint32_t number) {
  w->out->status = status;
  snprintf(w->out->error, sizeof w->out->error, "%s", why);
  if (number) {
    const size_t n = strlen(w->out->error);
    snprintf(w->out->error + n, sizeof w->out->error - n, " at proxy %u", (unsigned)number);
  }
  return false;
}

/* Toxiproxy numbers only what is missing. */
static bool refuse_problem(work *w, const mf_tcp_error *error, uint32_t number) {
  return refuse(w, mf_tcp_problem_status(error->problem), error->text, w->api->compat ? 0 : number);
}

static bool out_of_memory(work *w) {
  const mf_tcp_problem problem = MF_TCP_OUT_OF_MEMORY;
  return refuse(w, mf_tcp_problem_status(problem), mf_tcp_problem_text(problem), 0);
}

/* ---- Reading ---- */

static bool read_entry(work *w, mf_proxy_reader *r, const mf_json *node, uint32_t i) {
  char why[300];
  mf_proxy_fields *f = &w->entries[i].fields;
  if (!mf_proxy_read_fields(r, node, f)) {
    if (!r->why[0]) return out_of_memory(w);
    snprintf(why, sizeof why, "bad request body: %s", r->why);
    return refuse(w, 400, why, r->compat ? 0 : i + 1);
  }
  if (!f->name.n) return refuse(w, 400, mf_tcp_problem_text(MF_TCP_MISSING_NAME), i + 1);
  if (!f->upstream.n) return refuse(w, 400, mf_tcp_problem_text(MF_TCP_MISSING_UPSTREAM), i + 1);
  return true;
}

static bool read_entries(work *w, const mf_json *list, bool strict) {
  mf_proxy_reader r = {.arena = w->arena, .compat = w->api->compat, .strict = strict};
  if (list->kind != MF_JSON_LIST && list->kind != MF_JSON_NULL)
    return refuse(w, 400, "bad request body: it must be a list of proxies", 0);
  const mf_json *first = list->kind == MF_JSON_LIST ? list->as.first : NULL;
  for (const mf_json *e = first; e; e = e->next) w->count++;
  w->entries = MF_NEW_ARRAY(w->arena, entry, w->count + 1);
  w->out->proxies = MF_NEW_ARRAY(w->arena, const mf_tcp_proxy *, w->count + 1);
  if (mf_arena_oom(w->arena)) return out_of_memory(w);
  uint32_t i = 0;
  for (const mf_json *e = first; e; e = e->next)
    if (!read_entry(w, &r, e, i++)) return false;
  return true;
}

/* ---- Rehearsal ---- */

static mf_tcp_spec spec_of(const mf_proxy_fields *f) {
  return (mf_tcp_spec){.name = f->name,
                       .listen = f->listen,
                       .upstream = f->upstream,
                       .disabled = f->has_enabled && !f->enabled,
                       .toxics = f->toxics,
                       .n_toxics = f->n_toxics};
}

static bool rehearse(work *w) {
  const mf_tcp_options options = {.alloc = w->api->alloc, .loop = w->api->loop};
  mf_tcp_proxies *nowhere;
  bool good = true;
  if (mf_tcp_proxies_new(&options, &nowhere) != MF_OK) return out_of_memory(w);
  for (uint32_t i = 0; i < w->count && good; i++) {
    mf_tcp_error error;
    mf_tcp_spec spec = spec_of(&w->entries[i].fields);
    spec.disabled = true;
    switch (mf_tcp_proxy_create(nowhere, &spec, NULL, &error)) {
      case MF_TCP_NONE: break;
      case MF_TCP_PROXY_EXISTS: good = refuse(w, 400, "duplicate proxy name", i + 1); break;
      default: good = refuse_problem(w, &error, i + 1);
    }
  }
  mf_tcp_proxies_free(nowhere);
  return good;
}

/* ---- Snapshots ---- */

static mf_str copy(mf_arena *arena, const char *text) {
  const size_t n = strlen(text);
  return (mf_str){mf_arena_copy(arena, text, n), n};
}

static mf_toxic_spec toxic_as_it_is(mf_arena *arena, const mf_toxic_info *toxic) {
  const mf_toxic_attribute *attributes[MF_TOXIC_ATTRIBUTES];
  const uint32_t n = mf_toxic_attributes(toxic->kind, attributes);
  mf_toxic_value *values = MF_NEW_ARRAY(arena, mf_toxic_value, n + 1);
  for (uint32_t i = 0; values && i < n; i++)
    values[i] = (mf_toxic_value){mf_str_of(attributes[i]->name), toxic->values[i]};
  return (mf_toxic_spec){.name = copy(arena, toxic->name),
                         .type = mf_str_of(mf_toxic_type_name(toxic->kind)),
                         .stream = copy(arena, toxic->stream_text),
                         .has_toxicity = true,
                         .toxicity = toxic->toxicity,
                         .values = values,
                         .n_values = n};
}

static mf_tcp_spec proxy_as_it_is(mf_arena *arena, const mf_tcp_proxy *proxy) {
  const uint32_t n = mf_tcp_proxy_toxic_count(proxy);
  mf_toxic_spec *toxics = MF_NEW_ARRAY(arena, mf_toxic_spec, n + 1);
  for (uint32_t i = 0; toxics && i < n; i++) {
    const mf_toxic_info toxic = mf_tcp_proxy_toxic_at(proxy, i);
    toxics[i] = toxic_as_it_is(arena, &toxic);
  }
  return (mf_tcp_spec){.name = copy(arena, mf_tcp_proxy_name(proxy)),
                       .listen = copy(arena, mf_tcp_proxy_listen(proxy)),
                       .upstream = copy(arena, mf_tcp_proxy_upstream(proxy)),
                       .disabled = !mf_tcp_proxy_enabled(proxy),
                       .toxics = toxics,
                       .n_toxics = n};
}

static bool take_snapshots(work *w) {
  for (uint32_t i = 0; i < w->count; i++) {
    entry *e = &w->entries[i];
    const mf_tcp_proxy *proxy = mf_tcp_proxies_find(w->api->proxies, e->fields.name);
    if (!proxy) continue;
    e->before = proxy_as_it_is(w->arena, proxy);
    e->same = same_addresses(&e->fields, proxy);
  }
  return !mf_arena_oom(w->arena) || out_of_memory(w);
}

/* ---- Doing, and undoing ---- */

static mf_tcp_problem set_toxics(mf_tcp_proxy *proxy, const mf_toxic_spec *toxics, uint32_t n,
                                 mf_tcp_error *error) {
  mf_tcp_proxy_clear_toxics(proxy);
  for (uint32_t i = 0; i < n; i++) {
    mf_toxic_info info;
    const mf_tcp_problem problem = mf_tcp_proxy_add_toxic(proxy, &toxics[i], &info, error);
    if (problem != MF_TCP_NONE) return problem;
  }
  return MF_TCP_NONE;
}

/* Addresses and connections stay; what the request does not mention, too. */
static mf_tcp_problem adjust(mf_tcp_proxy *proxy, const mf_proxy_fields *f, mf_tcp_error *error) {
  mf_tcp_problem problem = MF_TCP_NONE;
  if (f->has_toxics) problem = set_toxics(proxy, f->toxics, f->n_toxics, error);
  if (problem == MF_TCP_NONE && f->has_enabled)
    problem = mf_tcp_proxy_enable(proxy, f->enabled, error);
  return problem;
}

static void delete_named(work *w, mf_str name) {
  mf_tcp_proxy *proxy = mf_tcp_proxies_find(w->api->proxies, name);
  if (proxy) mf_tcp_proxy_delete(proxy);
}

/* As it was; disabled if its port has been taken meanwhile. */
static void bring_back(work *w, const mf_tcp_spec *before) {
  mf_tcp_error error;
  mf_tcp_spec spec = *before;
  if (mf_tcp_proxy_create(w->api->proxies, &spec, NULL, &error) == MF_TCP_NONE) return;
  spec.disabled = true;
  (void)mf_tcp_proxy_create(w->api->proxies, &spec, NULL, &error);
}

static void undo(work *w, uint32_t done) {
  for (uint32_t i = 0; i < done; i++) {
    entry *e = &w->entries[i];
    mf_tcp_error error;
    mf_tcp_proxy *proxy = mf_tcp_proxies_find(w->api->proxies, e->fields.name);
    if (!e->same) {
      delete_named(w, e->fields.name);
    } else if (proxy) {
      (void)set_toxics(proxy, e->before.toxics, e->before.n_toxics, &error);
      (void)mf_tcp_proxy_enable(proxy, !e->before.disabled, &error);
    }
  }
  for (uint32_t i = 0; i < w->count; i++)
    if (w->entries[i].before.name.n && !w->entries[i].same) bring_back(w, &w->entries[i].before);
}

/* Those that are replaced go first: two may change their ports with each other. */
static bool do_all(work *w) {
  for (uint32_t i = 0; i < w->count; i++)
    if (!w->entries[i].same) delete_named(w, w->entries[i].fields.name);
  for (uint32_t i = 0; i < w->count; i++) {
    const entry *e = &w->entries[i];
    const mf_tcp_spec spec = spec_of(&e->fields);
    mf_tcp_proxy *proxy = mf_tcp_proxies_find(w->api->proxies, e->fields.name);
    mf_tcp_error error = {.problem = MF_TCP_NONE};
    const mf_tcp_problem problem = proxy
                                       ? adjust(proxy, &e->fields, &error)
                                       : mf_tcp_proxy_create(w->api->proxies, &spec, NULL, &error);
    if (problem == MF_TCP_NONE) continue;
    undo(w, i + 1);
    return refuse_problem(w, &error, i + 1);
  }
  w->out->count = w->count;
  return true;
}

static bool do_one_by_one(work *w) {
  for (uint32_t i = 0; i < w->count; i++) {
    entry *e = &w->entries[i];
    const mf_tcp_spec spec = spec_of(&e->fields);
    mf_tcp_error error;
    if (!e->same) {
      delete_named(w, e->fields.name);
      if (mf_tcp_proxy_create(w->api->proxies, &spec, NULL, &error) != MF_TCP_NONE) {
        e->before.disabled = true;
        if (e->before.name.n) bring_back(w, &e->before);
        return refuse_problem(w, &error, i + 1);
      }
    }
    w->out->count++;
  }
  return true;
}

void mf_proxy_populate(mf_proxy_api *api, mf_arena *arena, const mf_json *list, bool strict,
                       mf_proxy_population *out) {
  work w = {.api = api, .arena = arena, .out = out};
  *out = (mf_proxy_population){.status = 201};
  if (!read_entries(&w, list, strict)) return;
  if (!api->compat && !rehearse(&w)) return;
  if (!take_snapshots(&w)) return;
  if (api->compat)
    (void)do_one_by_one(&w);
  else
    (void)do_all(&w);
  for (uint32_t i = 0; i < out->count; i++)
    out->proxies[i] = mf_tcp_proxies_find(api->proxies, w.entries[i].fields.name);
}
