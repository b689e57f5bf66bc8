/* SPDX-License-Identifier: MIT */
#include "tcp_proxy_parts.h"

#include <stdarg.h>
#include <stdio.h>

#define MAX_CONNECTIONS 10000
#define CONNECT_TIMEOUT_MS 30000

/* ---- Problems ---- */

static const struct {
  int status;
  const char *text;
} problems[] = {
#define MF_TCP_PROBLEM(id, http_status, text) {http_status, text},
#include "tcp_proxy_problems.def"
};

const char *mf_tcp_problem_text(mf_tcp_problem problem) { return problems[problem].text; }
int mf_tcp_problem_status(mf_tcp_problem problem) { return problems[problem].status; }

mf_tcp_problem mf_tcp_fail_with(mf_tcp_error *error, mf_tcp_problem problem, const char *format,
                                ...) {
  va_list args;
  if (!error) return problem;
  error->problem = problem;
  va_start(args, format);
  vsnprintf(error->text, sizeof error->text, format, args);
  va_end(args);
  return problem;
}

mf_tcp_problem mf_tcp_fail(mf_tcp_error *error, mf_tcp_problem problem) {
  return mf_tcp_fail_with(error, problem, "%s", problems[problem].text);
}

const char *mf_tcp_reason_text(mf_tcp_reason reason) {
  static const char *const texts[] = {
      [MF_TCP_ENDED] = "ended",
      [MF_TCP_PEER_RESET] = "reset by a peer",
      [MF_TCP_CUT] = "cut by a toxic",
      [MF_TCP_DISABLED] = "proxy disabled",
      [MF_TCP_ON_DEMAND] = "reset on demand",
      [MF_TCP_UNREACHED] = "upstream not reached",
      [MF_TCP_NO_MEMORY] = "out of memory",
  };
  return texts[reason];
}

/* ---- All proxies ---- */

static void resume_due(mf_timer *timer) { mf_tcp_resume(timer->ctx); }
static void reap_due(mf_timer *timer) { mf_tcp_reap(timer->ctx); }

mf_status mf_tcp_proxies_new(const mf_tcp_options *options, mf_tcp_proxies **out) {
  mf_alloc alloc = mf_alloc_or_default(&options->alloc);
  mf_tcp_proxies *all = mf_realloc(&alloc, NULL, 0, sizeof *all);
  *out = NULL;
  if (!all) return MF_OUT_OF_MEMORY;
  memset(all, 0, sizeof *all);
  all->options = *options;
  all->alloc = alloc;
  all->loop = options->loop;
  all->resume = (mf_timer){.fire = resume_due, .ctx = all};
  all->reap = (mf_timer){.fire = reap_due, .ctx = all};
  if (!all->options.max_connections) all->options.max_connections = MAX_CONNECTIONS;
  if (!all->options.connect_timeout_ms) all->options.connect_timeout_ms = CONNECT_TIMEOUT_MS;
  all->scratch = mf_realloc(&alloc, NULL, 0, MF_TCP_SCRATCH);
  if (!all->scratch) {
    mf_tcp_proxies_free(all);
    return MF_OUT_OF_MEMORY;
  }
  *out = all;
  return MF_OK;
}

void mf_tcp_proxies_free(mf_tcp_proxies *all) {
  if (!all) return;
  while (all->count) mf_tcp_proxy_delete(all->list[all->count - 1]);
  mf_tcp_reap(all);
  mf_timer_clear(all->loop, &all->reap);
  mf_timer_clear(all->loop, &all->resume);
  while (all->pipes) {
    mf_tcp_pipe *pipe = all->pipes;
    all->pipes = pipe->next;
    mf_tcp_pipe_free(all, pipe);
  }
  mf_alloc alloc = all->alloc;
  mf_realloc(&alloc, all->list, sizeof *all->list * all->cap, 0);
  if (all->scratch) mf_realloc(&alloc, all->scratch, MF_TCP_SCRATCH, 0);
  mf_realloc(&alloc, all, sizeof *all, 0);
}

uint32_t mf_tcp_proxies_count(const mf_tcp_proxies *all) { return all->count; }
mf_tcp_proxy *mf_tcp_proxies_at(const mf_tcp_proxies *all, uint32_t i) { return all->list[i]; }

/* Where the name is, or belongs. */
static uint32_t place_of(const mf_tcp_proxies *all, mf_str name) {
  uint32_t low = 0, high = all->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (mf_str_cmp(mf_str_of(all->list[middle]->name), name) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

mf_tcp_proxy *mf_tcp_proxies_find(const mf_tcp_proxies *all, mf_str name) {
  uint32_t i = place_of(all, name);
  return i < all->count && mf_str_is(name, all->list[i]->name) ? all->list[i] : NULL;
}

mf_tcp_problem mf_tcp_proxies_reset(mf_tcp_proxies *all, mf_tcp_error *error) {
  mf_tcp_error other;
  mf_tcp_problem first = mf_tcp_fail(error, MF_TCP_NONE);
  for (uint32_t i = 0; i < all->count; i++) {
    mf_tcp_proxy_clear_toxics(all->list[i]);
    mf_tcp_problem problem = mf_tcp_proxy_enable(all->list[i], true, first ? &other : error);
    if (!first) first = problem;
  }
  return first;
}

/* ---- A proxy's life ---- */

static bool copy_text(mf_str text, char *out, size_t size) {
  if (text.n >= size || (text.n && memchr(text.p, 0, text.n))) return false;
  if (text.n) memcpy(out, text.p, text.n);
  out[text.n] = 0;
  return true;
}

static mf_tcp_problem set_upstream(mf_tcp_proxy *proxy, mf_str text, mf_tcp_error *error) {
  mf_str host;
  uint16_t port;
  char before[MF_TCP_ADDRESS];
  if (text.n == 0) return mf_tcp_fail(error, MF_TCP_MISSING_UPSTREAM);
  memcpy(before, proxy->upstream, sizeof before);
  if (copy_text(text, proxy->upstream, sizeof proxy->upstream) &&
      mf_tcp_address_parse(text, &host, &port))
    return MF_TCP_NONE;
  memcpy(proxy->upstream, before, sizeof before);
  return mf_tcp_fail_with(error, MF_TCP_BAD_ADDRESS, "upstream should be host:port, not '%.*s'",
                          (int)(text.n < 128 ? text.n : 128), text.p);
}

static mf_tcp_problem set_listen(mf_tcp_proxy *proxy, mf_str text, mf_tcp_error *error) {
  mf_http_target target;
  bool both;
  uint16_t port;
  if (text.n == 0) text = MF_STR(":0");
  if (!mf_tcp_listen_parse(text, &target, &both, &port) ||
      !copy_text(text, proxy->given, sizeof proxy->given))
    return mf_tcp_fail_with(error, MF_TCP_BAD_ADDRESS,
                            "listen should be host:port with an address, localhost or no host, "
                            "not '%.*s'",
                            (int)(text.n < 128 ? text.n : 128), text.p);
  memcpy(proxy->listen, proxy->given, sizeof proxy->listen);
  return MF_TCP_NONE;
}

static mf_tcp_problem fill(mf_tcp_proxy *proxy, const mf_tcp_spec *spec, mf_tcp_error *error) {
  if (spec->name.n == 0) return mf_tcp_fail(error, MF_TCP_MISSING_NAME);
  if (!copy_text(spec->name, proxy->name, sizeof proxy->name))
    return mf_tcp_fail_with(error, MF_TCP_MISSING_NAME,
                            "a name has at most %u bytes, none of them 0",
                            (unsigned)sizeof proxy->name - 1);
  mf_tcp_problem problem = set_upstream(proxy, spec->upstream, error);
  if (problem == MF_TCP_NONE) problem = set_listen(proxy, spec->listen, error);
  for (uint32_t i = 0; i < spec->n_toxics && problem == MF_TCP_NONE; i++)
    problem = mf_tcp_proxy_add_toxic(proxy, &spec->toxics[i], NULL, error);
  if (problem == MF_TCP_NONE && mf_tcp_proxies_find(proxy->all, spec->name))
    problem = mf_tcp_fail(error, MF_TCP_PROXY_EXISTS);
  if (problem == MF_TCP_NONE && !spec->disabled) problem = mf_proxy_listen(proxy, error);
  if (problem == MF_TCP_NONE) proxy->enabled = !spec->disabled;
  return problem;
}

static bool grow(mf_tcp_proxies *all) {
  if (all->count < all->cap) return true;
  uint32_t cap = all->cap ? all->cap * 2 : 8;
  mf_tcp_proxy **list = mf_realloc(&all->alloc, all->list, sizeof *list * all->cap,
                                   sizeof *list * cap);
  if (!list) return false;
  all->list = list;
  all->cap = cap;
  return true;
}

static void close_links(mf_tcp_proxy *proxy, bool reset, mf_tcp_reason reason) {
  while (proxy->links) mf_tcp_link_close(proxy->links, reset, reason, NULL);
}

/* Stops, and keeps its toxics. */
static void stop(mf_tcp_proxy *proxy) {
  mf_proxy_unlisten(proxy);
  mf_proxy_stop_lookup(proxy);
  close_links(proxy, false, MF_TCP_DISABLED);
  mf_tcp_reap(proxy->all); /* links know their proxy */
  proxy->enabled = false;
}

static void proxy_free(mf_tcp_proxy *proxy) {
  mf_alloc alloc = proxy->all->alloc;
  stop(proxy);
  mf_tcp_proxy_clear_toxics(proxy);
  mf_realloc(&alloc, proxy, sizeof *proxy, 0);
}

mf_tcp_problem mf_tcp_proxy_create(mf_tcp_proxies *all, const mf_tcp_spec *spec, mf_tcp_proxy **out,
                                   mf_tcp_error *error) {
  mf_tcp_proxy *proxy = mf_realloc(&all->alloc, NULL, 0, sizeof *proxy);
  if (out) *out = NULL;
  if (!proxy) return mf_tcp_fail(error, MF_TCP_OUT_OF_MEMORY);
  memset(proxy, 0, sizeof *proxy);
  proxy->all = all;
  proxy->listeners[0].fd = proxy->listeners[1].fd = -1;
  mf_tcp_problem problem = grow(all) ? fill(proxy, spec, error)
                                     : mf_tcp_fail(error, MF_TCP_OUT_OF_MEMORY);
  if (problem != MF_TCP_NONE) {
    proxy_free(proxy);
    return problem;
  }
  uint32_t at = place_of(all, spec->name);
  memmove(all->list + at + 1, all->list + at, sizeof *all->list * (all->count - at));
  all->list[at] = proxy;
  all->count++;
  if (out) *out = proxy;
  return mf_tcp_fail(error, MF_TCP_NONE);
}

void mf_tcp_proxy_delete(mf_tcp_proxy *proxy) {
  mf_tcp_proxies *all = proxy->all;
  uint32_t at = place_of(all, mf_str_of(proxy->name));
  all->count--;
  memmove(all->list + at, all->list + at + 1, sizeof *all->list * (all->count - at));
  proxy_free(proxy);
}

/* ---- Changing it ---- */

static bool same_place(const mf_tcp_proxy *proxy, mf_str listen) {
  return mf_str_is(listen, proxy->given) || mf_str_is(listen, proxy->listen);
}

static mf_tcp_problem set_addresses(mf_tcp_proxy *proxy, const mf_tcp_change *change,
                                    mf_tcp_error *error) {
  mf_tcp_proxy old = *proxy; /* only its texts are taken back */
  mf_tcp_problem problem = MF_TCP_NONE;
  if (change->has_upstream) problem = set_upstream(proxy, change->upstream, error);
  if (problem == MF_TCP_NONE && change->has_listen && !same_place(proxy, change->listen))
    problem = set_listen(proxy, change->listen, error);
  if (problem == MF_TCP_NONE) return problem;
  memcpy(proxy->upstream, old.upstream, sizeof old.upstream);
  return problem;
}

mf_tcp_problem mf_tcp_proxy_change(mf_tcp_proxy *proxy, const mf_tcp_change *change,
                                   mf_tcp_error *error) {
  bool moves = change->has_listen && !same_place(proxy, change->listen);
  bool turns = change->has_upstream && !mf_str_is(change->upstream, proxy->upstream);
  bool enabled = change->has_enabled ? change->enabled : proxy->enabled;
  if (moves || turns) {
    mf_tcp_problem problem = set_addresses(proxy, change, error);
    if (problem != MF_TCP_NONE) return problem;
    stop(proxy);
  }
  return mf_tcp_proxy_enable(proxy, enabled, error);
}

mf_tcp_problem mf_tcp_proxy_enable(mf_tcp_proxy *proxy, bool enabled, mf_tcp_error *error) {
  if (enabled == proxy->enabled) return mf_tcp_fail(error, MF_TCP_NONE);
  if (!enabled) {
    stop(proxy);
    return mf_tcp_fail(error, MF_TCP_NONE);
  }
  mf_tcp_problem problem = mf_proxy_listen(proxy, error);
  if (problem != MF_TCP_NONE) return problem;
  proxy->enabled = true;
  return mf_tcp_fail(error, MF_TCP_NONE);
}

void mf_tcp_proxy_reset_connections(mf_tcp_proxy *proxy) {
  close_links(proxy, true, MF_TCP_ON_DEMAND);
  mf_tcp_reap(proxy->all);
}

const char *mf_tcp_proxy_name(const mf_tcp_proxy *proxy) { return proxy->name; }
const char *mf_tcp_proxy_listen(const mf_tcp_proxy *proxy) { return proxy->listen; }
const char *mf_tcp_proxy_upstream(const mf_tcp_proxy *proxy) { return proxy->upstream; }
bool mf_tcp_proxy_enabled(const mf_tcp_proxy *proxy) { return proxy->enabled; }
uint16_t mf_tcp_proxy_port(const mf_tcp_proxy *proxy) { return proxy->port; }
mf_tcp_counts mf_tcp_proxy_counts(const mf_tcp_proxy *proxy) { return proxy->counts; }
