/* http_client - HTTP/1.1 exchanges over kept-alive connections, on the loop; with TLS
 * (io/tls.h) where the target says so.
 *
 * A *connection* carries one exchange at a time: give it the bytes of a request,
 * get one call of `done`.  The owner embeds it, so a load is an array of them.
 * All connections of a client share one receive buffer: a response that comes
 * whole is parsed where recv put it, and a connection holds memory only for a
 * head that came in pieces or for what the owner asked to keep.  Three system
 * calls make an exchange (send, epoll_wait, recv); deadlines cost none, because
 * a connection's timer is only moved when it fires early. */
#ifndef MF_IO_HTTP_CLIENT_H
#define MF_IO_HTTP_CLIENT_H
#include "http_resolve.h"
#include "http_reader.h"
#include "tls.h"

/* ---- Exchanges ---- */

typedef struct mf_http_client {
  mf_alloc alloc;
  mf_loop *loop;
  char *scratch; /* what recv writes to */
  mf_tls_trust trust;
} mf_http_client;
mf_status mf_http_client_init(mf_http_client *client, const mf_alloc *alloc, mf_loop *loop);
void mf_http_client_fini(mf_http_client *client);

typedef struct mf_http_request {
  mf_str bytes;     /* the whole request; borrowed until `done` */
  int64_t deadline; /* CLOCK_MONOTONIC ns */
  size_t keep_body; /* how much of the body to keep; the rest is only counted */
  bool keep_head;
  bool is_head; /* a HEAD request: no body comes back */
  /* May be sent a second time.  Done once, and only when a kept-alive connection
   * turns out to be closed before a byte of the answer came: then the server
   * most likely closed it while the request was on its way. */
  bool idempotent;
} mf_http_request;

/* Slices are borrowed for the call of `done`. */
typedef struct mf_http_result {
  mf_http_error error;
  int status;          /* 0 unless a whole head came */
  mf_str head, body;   /* as far as they were to be kept */
  uint64_t body_bytes; /* all of the body */
  uint64_t bytes_in, bytes_out;
  bool reused;        /* the connection had carried an exchange before */
  const char *detail; /* of MF_HTTP_TLS: what is wrong, a sentence */
} mf_http_result;

typedef struct mf_http_conn mf_http_conn;
struct mf_http_conn {
  void (*done)(mf_http_conn *conn, const mf_http_result *result);
  void *ctx;
  /* The rest is the client's. */
  mf_http_client *client;
  mf_http_target *target;
  mf_watch watch;
  mf_timer timer;
  struct mf_tls *tls; /* NULL: none, or not connected */
  const char *detail;
  mf_http_request request;
  mf_http_reader response;
  uint64_t bytes_in, bytes_out;
  size_t sent;
  uint32_t first, tried; /* the address tried first, and how many were */
  uint8_t state;
  bool reused;
};

/* `client` and `target` must outlive the connection. */
void mf_http_conn_init(mf_http_conn *conn, mf_http_client *client, mf_http_target *target,
                       void (*done)(mf_http_conn *conn, const mf_http_result *result), void *ctx);
/* Closes; an exchange under way ends without a call of `done`.  May be called
 * from `done`. */
void mf_http_conn_fini(mf_http_conn *conn);
/* Starts an exchange, connecting first if need be.  MF_HTTP_NONE: under way, and
 * `done` will be called once, later.  Anything else: it failed at once and `done`
 * will not be called.  May be called from `done`. */
mf_http_error mf_http_conn_start(mf_http_conn *conn, const mf_http_request *request);
/* Open, with no exchange under way. */
bool mf_http_conn_is_idle(const mf_http_conn *conn);
#endif
