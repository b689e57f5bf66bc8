/* SPDX-License-Identifier: MIT */
#include "metrics_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "../base/limits.h"
#include "../stdlib/microhttpd_loop.h"

#define IDLE_SECONDS 10u

struct mf_metrics_server {
  mf_alloc alloc;
  mf_microhttpd_loop server;
  const mf_exposition *exposition;
  mf_buf body;
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
  const mf_microhttpd *mhd = s->server.mhd;
  struct MHD_Response *response = mhd->create_response(body->n, body->p, MHD_RESPMEM_MUST_COPY);
  if (!response) return MHD_NO; /* closes the connection */
  mhd->add_header(response, "Content-Type", type);
  if (status == 200) mhd->add_header(response, "Vary", "Accept");
  if (status == 405) mhd->add_header(response, "Allow", "GET, HEAD");
  const enum MHD_Result result = mhd->queue_response(connection, status, response);
  mhd->destroy_response(response);
  return result;
}

static enum MHD_Result say(mf_metrics_server *s, struct MHD_Connection *connection, unsigned status,
                           const char *text) {
  mf_buf_clear(&s->body);
  mf_buf_puts(&s->body, text);
  return answer(s, connection, status, &s->body, "text/plain; charset=utf-8");
}

static enum MHD_Result show(mf_metrics_server *s, struct MHD_Connection *connection) {
  const char *accept = s->server.mhd->lookup_value(connection, MHD_HEADER_KIND, "Accept");
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

/* ---- Start and stop ---- */

static bool start_daemon(mf_metrics_server *s, const mf_microhttpd *mhd, mf_loop *loop,
                         const mf_listen *listen) {
  const mf_microhttpd_options options = {.address = &listen->address,
                                         .connections = (unsigned)MF_LIMIT_METRIC_CONNECTIONS,
                                         .idle_seconds = IDLE_SECONDS,
                                         .handle = handle,
                                         .ctx = s};
  return mf_microhttpd_begin(&s->server, mhd, loop, &options);
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
  *s = (mf_metrics_server){.alloc = *alloc, .exposition = exposition};
  mf_buf_init(&s->body, alloc, 0);
  if (!start_daemon(s, mhd, loop, listen)) {
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
  mf_microhttpd_end(&s->server);
  mf_buf_fini(&s->body);
  mf_alloc alloc = s->alloc;
  mf_realloc(&alloc, s, sizeof *s, 0);
}

uint16_t mf_metrics_server_port(const mf_metrics_server *s) { return s->server.port; }

void mf_metrics_server_now(mf_metrics_server *s) {
  if (s) mf_microhttpd_now(&s->server);
}
