/* SPDX-License-Identifier: MIT */
#include "metrics_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "../base/limits.h"
#include "../stdlib/microhttpd.h"

#define IDLE_SECONDS 10u
#define NS_PER_MS 1000000LL

struct mf_metrics_server {
  mf_alloc alloc;
  mf_loop *loop;
  const mf_microhttpd *mhd;
  struct MHD_Daemon *daemon;
  const mf_exposition *exposition;
  mf_watch watch;
  mf_timer timer;
  mf_buf body;
  uint16_t port;
  char begun; /* what *con_cls points to once the head of a request is known */
};

/* ---- Where ---- */

static bool is_loopback(const struct sockaddr_storage *address) {
  if (address->ss_family == AF_INET) {
    struct sockaddr_in v4;
    memcpy(&v4, address, sizeof v4);
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
  }
  struct sockaddr_in6 v6;
  memcpy(&v6, address, sizeof v6);
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

/* "::1" of "[::1]". */
static mf_str without_brackets(mf_str host) {
  if (host.n < 2 || host.p[0] != '[' || host.p[host.n - 1] != ']') return host;
  return (mf_str){host.p + 1, host.n - 2};
}

const char *mf_listen_parse(const char *text, mf_listen *out) {
  const char *colon = strrchr(text, ':');
  const mf_str host = colon ? (mf_str){text, (size_t)(colon - text)} : MF_STR("127.0.0.1");
  const mf_str plain = without_brackets(host);
  char address[48];
  uint64_t port;
  *out = (mf_listen){.port = 0};
  if (!mf_parse_uint(mf_str_of(colon ? colon + 1 : text), &port) || port > 65535)
    return "it wants a port, or an address and a port, such as 9090 or 127.0.0.1:9090";
  if (host.n == 0)
    return "say which address: 127.0.0.1 for this host alone, 0.0.0.0 for whoever reaches it";
  if (host.n >= sizeof address) return "its address is too long";
  memcpy(address, plain.p, plain.n);
  address[plain.n] = '\0';
  const bool bare = plain.n == host.n && memchr(host.p, ':', host.n);
  if (bare || !mf_microhttpd_address(address, (uint16_t)port, &out->address))
    return "its address must be localhost, an IPv4 address, or an IPv6 address in brackets";
  snprintf(out->host, sizeof out->host, "%.*s", (int)host.n, host.p);
  out->port = (uint16_t)port;
  out->loopback = is_loopback(&out->address);
  return NULL;
}

/* ---- Answers ---- */

static enum MHD_Result answer(const mf_metrics_server *s, struct MHD_Connection *connection,
                              unsigned status, mf_buf *body, const char *type) {
  struct MHD_Response *response = s->mhd->create_response(body->n, body->p, MHD_RESPMEM_MUST_COPY);
  if (!response) return MHD_NO; /* closes the connection */
  s->mhd->add_header(response, "Content-Type", type);
  if (status == 200) s->mhd->add_header(response, "Vary", "Accept");
  if (status == 405) s->mhd->add_header(response, "Allow", "GET, HEAD");
  const enum MHD_Result result = s->mhd->queue_response(connection, status, response);
  s->mhd->destroy_response(response);
  return result;
}

static enum MHD_Result say(mf_metrics_server *s, struct MHD_Connection *connection, unsigned status,
                           const char *text) {
  mf_buf_clear(&s->body);
  mf_buf_puts(&s->body, text);
  return answer(s, connection, status, &s->body, "text/plain; charset=utf-8");
}

static enum MHD_Result show(mf_metrics_server *s, struct MHD_Connection *connection) {
  const char *accept = s->mhd->lookup_value(connection, MHD_HEADER_KIND, "Accept");
  const mf_exposition_format format = mf_exposition_choose(accept);
  mf_buf_clear(&s->body);
  mf_exposition_write(s->exposition, format, &s->body);
  if (!s->body.failed && !mf_arena_oom(&s->exposition->arena))
    return answer(s, connection, 200, &s->body, mf_exposition_type(format));
  /* Figures that lack something must not look like all of them. */
  mf_alloc alloc = s->body.alloc;
  mf_buf_fini(&s->body);
  mf_buf_init(&s->body, &alloc, 0);
  return say(s, connection, 503, "out of memory\n");
}

/* Called with the head of a request, and again with its end, where GET is answered;
 * answering before would close the connection. */
static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state) {
  mf_metrics_server *s = ctx;
  const bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
  (void)version, (void)upload;
  if (!reads && !*state) return say(s, connection, 405, "only GET and HEAD\n");
  if (!*state) {
    *state = &s->begun;
    return MHD_YES;
  }
  *upload_size = 0;
  if (strcmp(url, "/metrics") != 0) return say(s, connection, 404, "metrics are at /metrics\n");
  return show(s, connection);
}

/* ---- On the loop ---- */

/* Twice: only when it begins does libmicrohttpd see that there is room again for
 * connections that wait, and nothing would wake it for those. */
void mf_metrics_server_now(mf_metrics_server *s) {
  MHD_UNSIGNED_LONG_LONG ms = 0;
  if (!s) return;
  (void)s->mhd->run(s->daemon);
  (void)s->mhd->run(s->daemon);
  if (s->mhd->get_timeout(s->daemon, &ms) != MHD_YES)
    mf_timer_clear(s->loop, &s->timer);
  else /* without memory for it, time-outs wait for the next event */
    (void)mf_timer_set(s->loop, &s->timer, mf_clock_monotonic() + (int64_t)ms * NS_PER_MS);
}

static void on_ready(mf_watch *watch, uint32_t events) {
  (void)events;
  mf_metrics_server_now(watch->ctx);
}

static void on_time(mf_timer *timer) { mf_metrics_server_now(timer->ctx); }

/* ---- Start and stop ---- */

static bool start_daemon(mf_metrics_server *s, const mf_listen *listen) {
  unsigned flags = MHD_USE_EPOLL;
  if (listen->address.ss_family == AF_INET6) flags |= MHD_USE_IPv6;
  s->daemon = s->mhd->start_daemon(flags, listen->port, NULL, NULL, handle, s, MHD_OPTION_SOCK_ADDR,
                                   (const struct sockaddr *)&listen->address,
                                   MHD_OPTION_CONNECTION_LIMIT,
                                   (unsigned)MF_LIMIT_METRIC_CONNECTIONS,
                                   MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);
  if (!s->daemon) return false;
  const union MHD_DaemonInfo *info = s->mhd->get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
  s->port = info ? info->port : listen->port;
  info = s->mhd->get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (!info) return false;
  s->watch = (mf_watch){.fd = info->epoll_fd, .ready = on_ready, .ctx = s};
  return mf_watch_set(s->loop, &s->watch, MF_READABLE) == MF_OK;
}

mf_status mf_metrics_server_start(const mf_alloc *alloc, mf_loop *loop, const mf_listen *listen,
                                  const mf_exposition *exposition, mf_metrics_server **out,
                                  char *error, size_t error_size) {
  const mf_microhttpd *mhd = mf_microhttpd_load();
  *out = NULL;
  if (!mhd) {
    snprintf(error, error_size, "it needs libmicrohttpd (libmicrohttpd.so.12)");
    return MF_UNSUPPORTED;
  }
  mf_metrics_server *s = mf_realloc(alloc, NULL, 0, sizeof *s);
  if (!s) {
    snprintf(error, error_size, "out of memory");
    return MF_OUT_OF_MEMORY;
  }
  *s = (mf_metrics_server){.alloc = *alloc, .loop = loop, .mhd = mhd, .exposition = exposition};
  s->timer = (mf_timer){.fire = on_time, .ctx = s};
  mf_buf_init(&s->body, alloc, 0);
  errno = 0;
  if (!start_daemon(s, listen)) {
    snprintf(error, error_size, "cannot listen on %s port %u: %s", listen->host,
             (unsigned)listen->port, errno ? strerror(errno) : "no socket could be had");
    mf_metrics_server_stop(s);
    return MF_IO_ERROR;
  }
  *out = s;
  return MF_OK;
}

void mf_metrics_server_stop(mf_metrics_server *s) {
  if (!s) return;
  mf_timer_clear(s->loop, &s->timer);
  mf_watch_clear(s->loop, &s->watch);
  if (s->daemon) s->mhd->stop_daemon(s->daemon);
  mf_buf_fini(&s->body);
  mf_alloc alloc = s->alloc;
  mf_realloc(&alloc, s, sizeof *s, 0);
}

uint16_t mf_metrics_server_port(const mf_metrics_server *s) { return s->port; }
