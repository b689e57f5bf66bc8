/* SPDX-License-Identifier: MIT */
#include "proxy_server.h"

#include <errno.h>
#include <stdio.h>

#include "../base/limits.h"
#include "../stdlib/microhttpd_loop.h"

#define IDLE_SECONDS 60u

struct mf_proxy_server {
  mf_alloc alloc;
  mf_proxy_api *api;
  mf_microhttpd_loop servers[2]; /* the second: of [::1] */
};

/* A request whose body is coming in. */
typedef struct upload {
  mf_alloc alloc;
  mf_buf body;
} upload;

/* ---- Requests ---- */

static void add_headers(const mf_microhttpd *mhd, struct MHD_Response *response,
                        const mf_proxy_answer *a) {
  if (a->type) mhd->add_header(response, "Content-Type", a->type);
  if (a->nosniff) mhd->add_header(response, "X-Content-Type-Options", "nosniff");
  if (a->id[0]) mhd->add_header(response, "X-Toxiproxy-Request-Id", a->id);
  if (a->allow[0]) mhd->add_header(response, "Allow", a->allow);
}

/* MHD_NO, if there is no memory, closes the connection. */
static enum MHD_Result answer(mf_proxy_server *s, struct MHD_Connection *connection,
                              const mf_proxy_request *request) {
  const mf_microhttpd *mhd = s->servers[0].mhd;
  mf_proxy_answer a;
  enum MHD_Result result = MHD_NO;
  mf_proxy_answer_init(&a, &s->alloc);
  mf_proxy_api_handle(s->api, request, &a);
  struct MHD_Response *response = a.body.failed ? NULL
                                                : mhd->create_response(a.body.n, a.body.p,
                                                                       MHD_RESPMEM_MUST_COPY);
  if (response) {
    add_headers(mhd, response, &a);
    result = mhd->queue_response(connection, (unsigned)a.status, response);
    mhd->destroy_response(response);
  }
  mf_proxy_answer_fini(&a);
  return result;
}

static upload *begin(mf_proxy_server *s) {
  upload *u = mf_realloc(&s->alloc, NULL, 0, sizeof *u);
  if (!u) return NULL;
  u->alloc = s->alloc;
  mf_buf_init(&u->body, &s->alloc, (size_t)MF_LIMIT_PROXY_BODY_BYTES);
  return u;
}

/* Called with the head of a request, with each piece of its body, and with its end. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state) {
  mf_proxy_server *s = ctx;
  upload *u = *state;
  (void)version;
  if (!u) return (*state = begin(s)) ? MHD_YES : MHD_NO;
  if (*size) { /* what is too much is not kept */
    mf_buf_add(&u->body, data, *size);
    *size = 0;
    return u->body.failed && !u->body.too_large ? MHD_NO : MHD_YES;
  }
  const char *agent = s->servers[0].mhd->lookup_value(connection, MHD_HEADER_KIND, "User-Agent");
  const mf_proxy_request request = {.method = mf_str_of(method),
                                    .path = mf_str_of(url),
                                    .user_agent = mf_str_of(agent),
                                    .body = mf_buf_str(&u->body),
                                    .too_large = u->body.too_large};
  return answer(s, connection, &request);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why) {
  upload *u = *state;
  (void)ctx, (void)connection, (void)why;
  if (!u) return;
  mf_alloc alloc = u->alloc;
  mf_buf_fini(&u->body);
  mf_realloc(&alloc, u, sizeof *u, 0);
  *state = NULL;
}

/* ---- Start and stop ---- */

static bool listen_on(mf_proxy_server *s, mf_microhttpd_loop *server, const mf_microhttpd *mhd,
                      const char *host, uint16_t port) {
  struct sockaddr_storage address;
  const mf_microhttpd_options options = {.address = &address,
                                         .connections = (unsigned)MF_LIMIT_PROXY_API_CONNECTIONS,
                                         .idle_seconds = IDLE_SECONDS,
                                         .handle = on_request,
                                         .completed = on_completed,
                                         .ctx = s};
  (void)mf_microhttpd_address(host, port, &address);
  return mf_microhttpd_begin(server, mhd, s->api->loop, &options);
}

static mf_status start(mf_proxy_server *s, const mf_microhttpd *mhd, const char *host,
                       uint16_t port, char *error, size_t error_size) {
  const char *at = host;
  bool good = listen_on(s, &s->servers[0], mhd, host, port);
  if (good && strcmp(host, "localhost") == 0 && !s->api->compat) {
    at = "[::1]";
    port = s->servers[0].port;
    good = listen_on(s, &s->servers[1], mhd, "::1", port) || errno == EAFNOSUPPORT ||
           errno == EADDRNOTAVAIL;
  }
  if (good) return MF_OK;
  snprintf(error, error_size, "cannot listen on %s port %u: %s", at, (unsigned)port,
           errno ? strerror(errno) : "no socket could be had");
  return MF_IO_ERROR;
}

mf_status mf_proxy_server_start(mf_proxy_api *api, const char *host, uint16_t port,
                                mf_proxy_server **out, char *error, size_t error_size) {
  const mf_microhttpd *mhd = mf_microhttpd_load();
  *out = NULL;
  if (!mhd) {
    snprintf(error, error_size, "it needs libmicrohttpd (libmicrohttpd.so.12)");
    return MF_UNSUPPORTED;
  }
  mf_proxy_server *s = mf_realloc(&api->alloc, NULL, 0, sizeof *s);
  if (!s) {
    snprintf(error, error_size, "out of memory");
    return MF_OUT_OF_MEMORY;
  }
  *s = (mf_proxy_server){.alloc = api->alloc, .api = api};
  const mf_status status = start(s, mhd, host, port, error, error_size);
  if (status == MF_OK)
    *out = s;
  else
    mf_proxy_server_stop(s);
  return status;
}

void mf_proxy_server_stop(mf_proxy_server *s) {
  if (!s) return;
  for (int i = 0; i < 2; i++) mf_microhttpd_end(&s->servers[i]);
  mf_alloc alloc = s->alloc;
  mf_realloc(&alloc, s, sizeof *s, 0);
}

uint16_t mf_proxy_server_port(const mf_proxy_server *s) { return s->servers[0].port; }
