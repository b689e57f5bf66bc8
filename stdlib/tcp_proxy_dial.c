/* SPDX-License-Identifier: MIT */
/* Reaching the upstream: one lookup of its name at a time, whose answer is for all
 * connections that wait; then its addresses in turn. */
#include "tcp_proxy_parts.h"

#include <errno.h>
#include <unistd.h>

typedef struct mf_tcp_dial {
  struct mf_tcp_dial *next; /* that wait for the lookup */
  mf_tcp_link *link;
  mf_http_target target;
  uint32_t tried;
  mf_watch watch; /* fd -1: none */
  mf_timer timer;
  int error;
} mf_tcp_dial;

static mf_tcp_proxies *all_of(const mf_tcp_dial *dial) { return dial->link->proxy->all; }

static void close_socket(mf_tcp_dial *dial) {
  if (dial->watch.fd < 0) return;
  mf_watch_clear(all_of(dial)->loop, &dial->watch);
  close(dial->watch.fd);
  dial->watch.fd = -1;
}

void mf_dial_stop(mf_tcp_link *link) {
  mf_tcp_dial *dial = link->dial;
  if (!dial) return;
  link->dial = NULL;
  for (mf_tcp_dial **at = &link->proxy->dials; *at; at = &(*at)->next)
    if (*at == dial) {
      *at = dial->next;
      break;
    }
  /* It may be connected already: it ends as its link does. */
  mf_watch_clear(all_of(dial)->loop, &dial->watch);
  link->ends[1].fd = dial->watch.fd;
  mf_timer_clear(all_of(dial)->loop, &dial->timer);
  mf_realloc(&all_of(dial)->alloc, dial, sizeof *dial, 0);
}

/* As Toxiproxy: the client was accepted, and sees the end of its connection. */
static void fail(mf_tcp_dial *dial) {
  mf_tcp_link *link = dial->link;
  link->proxy->counts.unreached++;
  mf_tcp_link_emit(link, (mf_tcp_event){.kind = MF_TCP_CONNECT_FAILED, .error = dial->error});
  mf_tcp_link_close(link, false, MF_TCP_UNREACHED, NULL);
}

static void succeed(mf_tcp_dial *dial) {
  mf_tcp_link *link = dial->link;
  int fd = dial->watch.fd;
  mf_watch_clear(all_of(dial)->loop, &dial->watch);
  dial->watch.fd = -1;
  mf_dial_stop(link);
  mf_tcp_link_connected(link, fd);
}

static void try_next(mf_tcp_dial *dial);

static void answered(mf_watch *watch, uint32_t events) {
  mf_tcp_dial *dial = watch->ctx;
  socklen_t n = sizeof dial->error;
  (void)events;
  if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &dial->error, &n) != 0) dial->error = errno;
  if (dial->error == 0) {
    succeed(dial);
    return;
  }
  close_socket(dial);
  try_next(dial);
}

/* Returns whether an answer is awaited; else dial->error says why not. */
static bool try_address(mf_tcp_dial *dial, const mf_http_address *address) {
  const mf_tcp_options *options = &all_of(dial)->options;
  const struct sockaddr *sa = (const struct sockaddr *)&address->address;
  if (options->allow && !options->allow(options->ctx, sa, address->length)) {
    dial->error = EACCES;
    return false;
  }
  int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  dial->watch = (mf_watch){.fd = fd, .ready = answered, .ctx = dial};
  if (fd >= 0 && (connect(fd, sa, address->length) == 0 || errno == EINPROGRESS) &&
      mf_watch_set(all_of(dial)->loop, &dial->watch, MF_WRITABLE) == MF_OK)
    return true;
  dial->error = errno;
  close_socket(dial);
  return false;
}

static void try_next(mf_tcp_dial *dial) {
  while (dial->tried < dial->target.count)
    if (try_address(dial, &dial->target.addresses[dial->tried++])) return;
  fail(dial);
}

static void too_late(mf_timer *timer) {
  mf_tcp_dial *dial = timer->ctx;
  dial->error = ETIMEDOUT;
  fail(dial);
}

/* ---- Names ---- */

/* Each may close its link, and so change the list. */
static void looked_up(mf_http_lookup *lookup, mf_http_error error) {
  mf_tcp_proxy *proxy = lookup->ctx;
  while (proxy->dials) {
    mf_tcp_dial *dial = proxy->dials;
    proxy->dials = dial->next;
    dial->next = NULL;
    if (error == MF_HTTP_NONE) dial->target = proxy->found;
    try_next(dial);
  }
}

void mf_proxy_stop_lookup(mf_tcp_proxy *proxy) { mf_http_lookup_cancel(&proxy->lookup); }

static bool look_up(mf_tcp_dial *dial, int64_t deadline) {
  mf_tcp_proxy *proxy = dial->link->proxy;
  mf_url url = {0};
  if (!mf_tcp_address_parse(mf_str_of(proxy->upstream), &url.host, &url.port)) return false;
  if (url.host.n == 0) url.host = MF_STR("localhost");
  if (mf_http_resolve(url.host, url.port, &dial->target) == MF_HTTP_NONE) {
    try_next(dial);
    return true;
  }
  dial->next = proxy->dials;
  proxy->dials = dial;
  if (mf_http_lookup_pending(&proxy->lookup)) return true;
  proxy->lookup.done = looked_up;
  proxy->lookup.ctx = proxy;
  mf_http_error error = mf_http_lookup_start(&proxy->lookup, all_of(dial)->loop, &url, deadline,
                                             &proxy->found);
  if (error != MF_HTTP_NONE) looked_up(&proxy->lookup, error);
  return true;
}

bool mf_dial_start(mf_tcp_link *link) {
  mf_tcp_proxies *all = link->proxy->all;
  mf_tcp_dial *dial = mf_realloc(&all->alloc, NULL, 0, sizeof *dial);
  if (!dial) return false;
  memset(dial, 0, sizeof *dial);
  dial->link = link;
  dial->watch.fd = -1;
  dial->timer = (mf_timer){.fire = too_late, .ctx = dial};
  link->dial = dial;
  int64_t deadline = mf_loop_now(all->loop) + all->options.connect_timeout_ms * MF_NS_PER_MS;
  return mf_timer_set(all->loop, &dial->timer, deadline) == MF_OK && look_up(dial, deadline);
}
