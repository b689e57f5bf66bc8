/* SPDX-License-Identifier: MIT */
#include "tcp_proxy_parts.h"

#include <errno.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#define BACKLOG 4096
#define ACCEPTS_A_TURN 64
#define PORTS_TRIED 16                 /* that are free on 127.0.0.1, and maybe not on [::1] */
#define RESUME_NS (100 * MF_NS_PER_MS) /* when descriptors were short */

/* ---- host:port ---- */

bool mf_tcp_address_parse(mf_str text, mf_str *host, uint16_t *port) {
  uint64_t number;
  size_t colon = text.n;
  while (colon > 0 && text.p[colon - 1] != ':') colon--;
  if (colon == 0 || text.n >= MF_TCP_ADDRESS - 16) return false;
  *host = (mf_str){text.p, colon - 1};
  if (!mf_parse_uint((mf_str){text.p + colon, text.n - colon}, &number) || number > 65535)
    return false;
  *port = (uint16_t)number;
  if (host->n >= 2 && host->p[0] == '[' && host->p[host->n - 1] == ']') {
    *host = (mf_str){host->p + 1, host->n - 2};
    return true;
  }
  for (size_t i = 0; i < host->n; i++)
    if (host->p[i] == ':' || (unsigned char)host->p[i] <= ' ') return false;
  return true;
}

static void print_address(const struct sockaddr_storage *sa, char out[MF_TCP_ADDRESS]) {
  char host[INET6_ADDRSTRLEN] = "";
  if (sa->ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
    snprintf(out, MF_TCP_ADDRESS, "%s:%u", host, ntohs(v4->sin_port));
  } else {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
    snprintf(out, MF_TCP_ADDRESS, "[%s]:%u", host, ntohs(v6->sin6_port));
  }
}

static uint16_t port_of(const struct sockaddr_storage *sa) {
  return ntohs(sa->ss_family == AF_INET ? ((const struct sockaddr_in *)sa)->sin_port
                                        : ((const struct sockaddr_in6 *)sa)->sin6_port);
}

static void set_port(mf_http_address *address, uint16_t port) {
  if (address->address.ss_family == AF_INET)
    ((struct sockaddr_in *)&address->address)->sin_port = htons(port);
  else
    ((struct sockaddr_in6 *)&address->address)->sin6_port = htons(port);
}

/* All interfaces: both families with one socket, or IPv4 where there is no IPv6. */
static void every_interface(uint16_t port, mf_http_target *out) {
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  memset(out, 0, sizeof *out);
  memcpy(&out->addresses[0].address, &v6, sizeof v6);
  out->addresses[0].length = sizeof v6;
  memcpy(&out->addresses[1].address, &v4, sizeof v4);
  out->addresses[1].length = sizeof v4;
  out->count = 2;
}

/* ---- Listening ---- */

static int listen_on(const mf_http_address *address) {
  const struct sockaddr *sa = (const struct sockaddr *)&address->address;
  int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0;
  if (fd < 0) return -1;
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (sa->sa_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
    bool any = IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, any ? &off : &on, sizeof on);
  }
  if (bind(fd, sa, address->length) == 0 && listen(fd, BACKLOG) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static void take_client(mf_tcp_proxy *proxy, int listener);

static void listener_ready(mf_watch *watch, uint32_t events) {
  (void)events;
  take_client(watch->ctx, watch->fd);
}

static bool is_missing(int error) { return error == EAFNOSUPPORT || error == EADDRNOTAVAIL; }

/* What asked for any port gets the same one when it is enabled again. */
static void keep_port(mf_tcp_proxy *proxy) {
  size_t n = strlen(proxy->given);
  while (n > 0 && proxy->given[n - 1] != ':') n--;
  snprintf(proxy->given + n, sizeof proxy->given - n, "%u", proxy->port);
}

static bool add_listener(mf_tcp_proxy *proxy, int i, int fd) {
  struct sockaddr_storage sa = {0};
  socklen_t n = sizeof sa;
  proxy->listeners[i] = (mf_watch){.fd = fd, .ready = listener_ready, .ctx = proxy};
  if (getsockname(fd, (struct sockaddr *)&sa, &n) != 0) return false;
  if (i == 0) {
    print_address(&sa, proxy->listen);
    proxy->port = port_of(&sa);
    keep_port(proxy);
  }
  return proxy->all->paused ||
         mf_watch_set(proxy->all->loop, &proxy->listeners[i], MF_READABLE) == MF_OK;
}

/* On the first address; on the second, too, if `both`, at the same port. */
static bool listen_once(mf_tcp_proxy *proxy, mf_http_target *target, bool both) {
  int fd = listen_on(&target->addresses[0]);
  if (fd < 0 && target->count > 1 && is_missing(errno)) fd = listen_on(&target->addresses[1]);
  if (fd < 0 || !add_listener(proxy, 0, fd)) return false;
  if (!both) return true;
  set_port(&target->addresses[1], proxy->port);
  fd = listen_on(&target->addresses[1]);
  if (fd < 0) return is_missing(errno);
  return add_listener(proxy, 1, fd);
}

void mf_proxy_unlisten(mf_tcp_proxy *proxy) {
  for (int i = 0; i < 2; i++) {
    if (proxy->listeners[i].fd < 0) continue;
    mf_watch_clear(proxy->all->loop, &proxy->listeners[i]);
    close(proxy->listeners[i].fd);
    proxy->listeners[i].fd = -1;
  }
  proxy->port = 0;
}

/* Addresses to listen on are literals, localhost, or none: no name server is asked. */
bool mf_tcp_listen_parse(mf_str text, mf_http_target *out, bool *both, uint16_t *port) {
  mf_str host;
  if (!mf_tcp_address_parse(text, &host, port)) return false;
  *both = false;
  if (host.n == 0) {
    every_interface(*port, out);
    return true;
  }
  if (mf_http_resolve(host, *port, out) != MF_HTTP_NONE) return false;
  *both = out->count == 2;
  return true;
}

mf_tcp_problem mf_proxy_listen(mf_tcp_proxy *proxy, mf_tcp_error *error) {
  mf_http_target target;
  bool both;
  uint16_t port;
  if (!mf_tcp_listen_parse(mf_str_of(proxy->given), &target, &both, &port))
    return mf_tcp_fail(error, MF_TCP_BAD_ADDRESS);
  for (int tries = port ? 1 : PORTS_TRIED; tries > 0; tries--) {
    char given[MF_TCP_ADDRESS];
    memcpy(given, proxy->given, sizeof given);
    if (listen_once(proxy, &target, both)) return MF_TCP_NONE;
    int why = errno;
    mf_proxy_unlisten(proxy);
    memcpy(proxy->given, given, sizeof given);
    memcpy(proxy->listen, given, sizeof given);
    if (why == EADDRINUSE && tries > 1) continue;
    return mf_tcp_fail_with(error, MF_TCP_LISTEN_FAILED, "listen tcp %s: bind: %s", proxy->given,
                            why == EADDRINUSE ? "address already in use"
                            : why == EACCES   ? "permission denied"
                                              : strerror(why));
  }
  return mf_tcp_fail(error, MF_TCP_LISTEN_FAILED);
}

/* ---- Accepting ---- */

static void pause_all(mf_tcp_proxies *all, int64_t ns) {
  all->paused = true;
  for (uint32_t i = 0; i < all->count; i++)
    for (int k = 0; k < 2; k++) mf_watch_clear(all->loop, &all->list[i]->listeners[k]);
  if (ns) (void)mf_timer_set(all->loop, &all->resume, mf_loop_now(all->loop) + ns);
}

void mf_tcp_resume(mf_tcp_proxies *all) {
  if (all->open >= all->options.max_connections) return; /* the next that closes resumes */
  all->paused = false;
  for (uint32_t i = 0; i < all->count; i++)
    for (int k = 0; k < 2; k++) {
      mf_watch *listener = &all->list[i]->listeners[k];
      if (listener->fd >= 0) (void)mf_watch_set(all->loop, listener, MF_READABLE);
    }
}

static void take_client(mf_tcp_proxy *proxy, int listener) {
  mf_tcp_proxies *all = proxy->all;
  for (int i = 0; i < ACCEPTS_A_TURN; i++) {
    if (all->open >= all->options.max_connections) {
      pause_all(all, 0);
      return;
    }
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      mf_tcp_link_open(proxy, fd);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      pause_all(all, RESUME_NS);
    if (errno != ECONNABORTED && errno != EINTR) return;
  }
}
