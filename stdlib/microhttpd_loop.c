/* SPDX-License-Identifier: MIT */
#include "microhttpd_loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define NS_PER_MS 1000000LL

/* Twice: only when it begins does libmicrohttpd see that there is room again for
 * connections that wait, and nothing would wake it for those. */
void mf_microhttpd_now(mf_microhttpd_loop *s) {
  MHD_UNSIGNED_LONG_LONG ms = 0;
  (void)s->mhd->run(s->daemon);
  (void)s->mhd->run(s->daemon);
  if (s->mhd->get_timeout(s->daemon, &ms) != MHD_YES)
    mf_timer_clear(s->loop, &s->timer);
  else /* without memory for it, time-outs wait for the next event */
    (void)mf_timer_set(s->loop, &s->timer, mf_clock_monotonic() + (int64_t)ms * NS_PER_MS);
}

static void on_ready(mf_watch *watch, uint32_t events) {
  (void)events;
  mf_microhttpd_now(watch->ctx);
}

static void on_time(mf_timer *timer) { mf_microhttpd_now(timer->ctx); }

static uint16_t port_of(const struct sockaddr_storage *address) {
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  memcpy(&v4, address, sizeof v4);
  memcpy(&v6, address, sizeof v6);
  return ntohs(address->ss_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
}

bool mf_microhttpd_begin(mf_microhttpd_loop *s, const mf_microhttpd *mhd, mf_loop *loop,
                         const mf_microhttpd_options *o) {
  unsigned flags = MHD_USE_EPOLL;
  if (o->address->ss_family == AF_INET6) flags |= MHD_USE_IPv6;
  s->mhd = mhd;
  s->loop = loop;
  s->timer = (mf_timer){.fire = on_time, .ctx = s};
  errno = 0;
  s->daemon = mhd->start_daemon(flags, port_of(o->address), NULL, NULL, o->handle, o->ctx,
                                MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)o->address,
                                MHD_OPTION_CONNECTION_LIMIT, o->connections,
                                MHD_OPTION_CONNECTION_TIMEOUT, o->idle_seconds,
                                MHD_OPTION_NOTIFY_COMPLETED, o->completed, o->ctx, MHD_OPTION_END);
  if (!s->daemon) return false;
  const union MHD_DaemonInfo *info = mhd->get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
  s->port = info ? info->port : port_of(o->address);
  info = mhd->get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (!info) return false;
  s->watch = (mf_watch){.fd = info->epoll_fd, .ready = on_ready, .ctx = s};
  return mf_watch_set(loop, &s->watch, MF_READABLE) == MF_OK;
}

void mf_microhttpd_end(mf_microhttpd_loop *s) {
  if (!s->loop) return;
  mf_timer_clear(s->loop, &s->timer);
  mf_watch_clear(s->loop, &s->watch);
  if (s->daemon) s->mhd->stop_daemon(s->daemon);
  *s = (mf_microhttpd_loop){.loop = NULL};
}
