/* SPDX-License-Identifier: MIT */
#include "http_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#define SCRATCH_BYTES MF_HTTP_PIECE_BYTES
#define DETAIL_BYTES 400

enum { CLOSED, CONNECTING, BUSY, IDLE };

/* ---- Client ---- */

mf_status mf_http_client_init(mf_http_client *client, const mf_alloc *alloc, mf_loop *loop) {
  *client = (mf_http_client){.alloc = *alloc, .loop = loop};
  client->scratch = mf_realloc(alloc, NULL, 0, SCRATCH_BYTES);
  return client->scratch ? MF_OK : MF_OUT_OF_MEMORY;
}

void mf_http_client_fini(mf_http_client *client) {
  mf_realloc(&client->alloc, client->scratch, SCRATCH_BYTES, 0);
  client->scratch = NULL;
  mf_tls_trust_fini(&client->trust);
}

/* ---- The end of an exchange ---- */

static mf_http_error error_of(int error) {
  switch (error) {
    case ECONNREFUSED: return MF_HTTP_REFUSED;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE: return MF_HTTP_RESET;
    case ETIMEDOUT: return MF_HTTP_TIMEOUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EACCES:
    case EPERM: return MF_HTTP_UNREACHABLE;
    default: return MF_HTTP_SYSTEM;
  }
}

static mf_http_error connect_error_of(int error) {
  switch (error) {
    case ETIMEDOUT: return MF_HTTP_CONNECT_TIMEOUT;
    /* A Unix socket that is not there, is of another kind, or has a full queue. */
    case ENOENT:
    case ENOTDIR:
    case EPROTOTYPE:
    case EAGAIN: return MF_HTTP_REFUSED;
    default: return error_of(error);
  }
}

static void close_conn(mf_http_conn *conn) {
  if (conn->state == CLOSED) return;
  mf_watch_clear(conn->client->loop, &conn->watch);
  mf_tls_close(conn->tls);
  conn->tls = NULL;
  close(conn->watch.fd);
  conn->watch.fd = -1;
  conn->state = CLOSED;
}

/* The owner may free the connection in `done`: nothing may touch it after. */
static void report(mf_http_conn *conn, mf_http_error error) {
  const mf_http_reader *r = &conn->response;
  mf_http_result result = {
      .error = error,
      .status = r->in_body ? r->head.status : 0,
      .head = r->in_body && conn->request.keep_head ? mf_buf_str(&r->held) : (mf_str){0},
      .body = mf_buf_str(&r->body),
      .body_bytes = r->body_bytes,
      .bytes_in = conn->bytes_in,
      .bytes_out = conn->bytes_out,
      .reused = conn->reused,
      .detail = conn->detail,
  };
  conn->done(conn, &result);
}

static mf_http_error connect_first(mf_http_conn *conn);

static bool may_retry(const mf_http_conn *conn, mf_http_error error) {
  return conn->reused && conn->request.idempotent && conn->bytes_in == 0 &&
         (error == MF_HTTP_RESET || error == MF_HTTP_CLOSED);
}

/* Closes and tries once more on a new connection. */
static mf_http_error retry(mf_http_conn *conn) {
  close_conn(conn);
  conn->reused = false;
  conn->sent = 0;
  return connect_first(conn);
}

static void fail(mf_http_conn *conn, mf_http_error error) {
  if (may_retry(conn, error)) {
    error = retry(conn);
    if (error == MF_HTTP_NONE) return;
  }
  close_conn(conn);
  report(conn, error);
}

/* A whole response came.  After bytes that nobody asked for, none can be told to belong
 * to the next one. */
static void succeed(mf_http_conn *conn) {
  bool all_sent = conn->sent == conn->request.bytes.n;
  if (conn->response.head.keep_alive && conn->response.surplus == 0 && all_sent)
    conn->state = IDLE;
  else
    close_conn(conn);
  report(conn, MF_HTTP_NONE);
}

/* ---- Sending ---- */

/* What send and recv say, with or without TLS: bytes, or an error; neither: not now. */
static ptrdiff_t result_of(ptrdiff_t n, bool tls, mf_http_error *error) {
  *error = MF_HTTP_NONE;
  if (n >= 0) return n;
  if (tls)
    *error = n == MF_TLS_LATER ? MF_HTTP_NONE : MF_HTTP_RESET;
  else if (errno != EAGAIN && errno != EINTR)
    *error = error_of(errno);
  return -1;
}

static ptrdiff_t send_some(mf_http_conn *conn, const char *p, size_t n, mf_http_error *error) {
  return result_of(
      conn->tls ? mf_tls_send(conn->tls, p, n) : send(conn->watch.fd, p, n, MSG_NOSIGNAL),
      conn->tls != NULL, error);
}

static ptrdiff_t recv_some(mf_http_conn *conn, mf_http_error *error) {
  char *p = conn->client->scratch;
  return result_of(conn->tls ? mf_tls_recv(conn->tls, p, SCRATCH_BYTES)
                             : recv(conn->watch.fd, p, SCRATCH_BYTES, 0),
                   conn->tls != NULL, error);
}

static mf_http_error push(mf_http_conn *conn) {
  mf_str bytes = conn->request.bytes;
  while (conn->sent < bytes.n) {
    mf_http_error error;
    ptrdiff_t n = send_some(conn, bytes.p + conn->sent, bytes.n - conn->sent, &error);
    if (error != MF_HTTP_NONE) return error;
    if (n < 0) break;
    conn->sent += (size_t)n;
    conn->bytes_out += (uint64_t)n;
  }
  uint32_t events = conn->sent < bytes.n ? MF_READABLE | MF_WRITABLE : MF_READABLE;
  mf_status status = mf_watch_set(conn->client->loop, &conn->watch, events);
  return status == MF_OK ? MF_HTTP_NONE : MF_HTTP_SYSTEM;
}

static void conn_ready(mf_watch *watch, uint32_t events);

/* The TLS handshake is over. */
static void secured(void *ctx, const char *failure) {
  mf_http_conn *conn = ctx;
  char detail[DETAIL_BYTES];
  conn->watch.ready = conn_ready;
  conn->watch.ctx = conn;
  if (failure) {
    snprintf(detail, sizeof detail, "%s", failure);
    close_conn(conn); /* the text was its */
    conn->detail = detail;
    report(conn, MF_HTTP_TLS);
    return;
  }
  conn->state = BUSY;
  mf_http_error error = push(conn);
  if (error != MF_HTTP_NONE) fail(conn, error);
}

static mf_http_error connected(mf_http_conn *conn) {
  mf_http_target *target = conn->target;
  mf_http_client *client = conn->client;
  target->preferred = (conn->first + conn->tried - 1) % target->count;
  if (target->tls_host.n) {
    conn->tls = mf_tls_open(&client->alloc, client->loop, &client->trust, target->tls_host,
                            &conn->watch, secured, conn);
    return conn->tls ? MF_HTTP_NONE : MF_HTTP_SYSTEM;
  }
  conn->state = BUSY;
  return push(conn);
}

/* Begins connecting to one address. */
static mf_http_error connect_to(mf_http_conn *conn, const mf_http_address *address) {
  int fd = socket(address->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno == EAFNOSUPPORT ? MF_HTTP_UNREACHABLE : MF_HTTP_SYSTEM;
  int on = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  conn->watch = (mf_watch){.fd = fd, .ready = conn_ready, .ctx = conn};
  conn->state = CONNECTING;
  if (connect(fd, (const struct sockaddr *)&address->address, address->length) == 0)
    return connected(conn);
  if (errno != EINPROGRESS) return connect_error_of(errno);
  return mf_watch_set(conn->client->loop, &conn->watch, MF_WRITABLE) == MF_OK ? MF_HTTP_NONE
                                                                              : MF_HTTP_SYSTEM;
}

/* Tries the target's addresses until one is at least under way. */
static mf_http_error connect_next(mf_http_conn *conn) {
  mf_http_target *target = conn->target;
  mf_http_error error = MF_HTTP_REFUSED;
  while (conn->tried < target->count) {
    uint32_t i = (conn->first + conn->tried++) % target->count;
    error = connect_to(conn, &target->addresses[i]);
    if (error == MF_HTTP_NONE) return error;
    close_conn(conn);
  }
  return error;
}

static mf_http_error connect_first(mf_http_conn *conn) {
  conn->tried = 0;
  conn->first = conn->target->preferred;
  return connect_next(conn);
}

static void connect_ready(mf_http_conn *conn) {
  int error = 0;
  socklen_t n = sizeof error;
  (void)getsockopt(conn->watch.fd, SOL_SOCKET, SO_ERROR, &error, &n);
  if (error == 0) {
    mf_http_error result = connected(conn);
    if (result != MF_HTTP_NONE) fail(conn, result);
    return;
  }
  close_conn(conn);
  if (conn->tried < conn->target->count && connect_next(conn) == MF_HTTP_NONE) return;
  close_conn(conn);
  report(conn, connect_error_of(error));
}

/* ---- Receiving ---- */

static void receive(mf_http_conn *conn) {
  mf_http_error error;
  ptrdiff_t n = recv_some(conn, &error);
  if (error == MF_HTTP_NONE && n < 0) return;
  if (error == MF_HTTP_NONE && n > 0) {
    conn->bytes_in += (uint64_t)n;
    if (!mf_http_reader_take(&conn->response, conn->client->scratch, (size_t)n)) return;
    error = conn->response.error;
  } else if (error == MF_HTTP_NONE) {
    error = mf_http_reader_close(&conn->response);
  }
  if (error == MF_HTTP_NONE)
    succeed(conn);
  else
    fail(conn, error);
}

static void conn_ready(mf_watch *watch, uint32_t events) {
  mf_http_conn *conn = watch->ctx;
  switch (conn->state) {
    case CONNECTING: connect_ready(conn); break;
    case BUSY:
      if ((events & MF_WRITABLE) && conn->sent < conn->request.bytes.n) {
        mf_http_error error = push(conn);
        /* A server may answer and close before it has read everything: what it
         * said counts more than that it closed. */
        if (error != MF_HTTP_NONE && !(events & MF_READABLE)) {
          fail(conn, error);
          break;
        }
      }
      if (events & MF_READABLE) receive(conn);
      break;
    default: /* idle: the server closed it, or spoke out of turn */ close_conn(conn);
  }
}

/* ---- Connections ---- */

static void deadline_reached(mf_timer *timer) {
  mf_http_conn *conn = timer->ctx;
  if (conn->state != CONNECTING && conn->state != BUSY) return;
  if (conn->request.deadline > mf_loop_now(conn->client->loop)) {
    (void)mf_timer_set(conn->client->loop, timer, conn->request.deadline);
    return;
  }
  /* A TLS handshake belongs to connecting, as everywhere. */
  mf_http_error error = conn->state == CONNECTING ? MF_HTTP_CONNECT_TIMEOUT : MF_HTTP_TIMEOUT;
  close_conn(conn);
  report(conn, error);
}

void mf_http_conn_init(mf_http_conn *conn, mf_http_client *client, mf_http_target *target,
                       void (*done)(mf_http_conn *conn, const mf_http_result *result), void *ctx) {
  *conn = (mf_http_conn){.client = client, .target = target, .done = done, .ctx = ctx};
  conn->watch.fd = -1;
  conn->timer = (mf_timer){.fire = deadline_reached, .ctx = conn};
  mf_http_reader_init(&conn->response, &client->alloc);
}

void mf_http_conn_fini(mf_http_conn *conn) {
  close_conn(conn);
  mf_timer_clear(conn->client->loop, &conn->timer);
  mf_http_reader_fini(&conn->response);
}

bool mf_http_conn_is_idle(const mf_http_conn *conn) { return conn->state == IDLE; }

static bool arm_deadline(mf_http_conn *conn) {
  if (conn->timer.position && conn->timer.due <= conn->request.deadline) return true;
  return mf_timer_set(conn->client->loop, &conn->timer, conn->request.deadline) == MF_OK;
}

mf_http_error mf_http_conn_start(mf_http_conn *conn, const mf_http_request *request) {
  conn->request = *request;
  mf_http_reader_begin(&conn->response, request->keep_body, request->keep_head, request->is_head);
  conn->bytes_in = conn->bytes_out = 0;
  conn->sent = 0;
  conn->detail = NULL;
  conn->reused = conn->state == IDLE;
  if (!arm_deadline(conn)) return MF_HTTP_SYSTEM;
  if (!conn->reused) return connect_first(conn);
  conn->state = BUSY;
  mf_http_error error = push(conn);
  if (error == MF_HTTP_NONE) return error;
  if (may_retry(conn, error)) return retry(conn);
  close_conn(conn);
  return error;
}
