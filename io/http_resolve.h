/* http_resolve - the addresses that a URL's host stands for.
 *
 * Literal addresses, localhost and Unix sockets are known at once.  For any other name
 * the C library is asked, which blocks until a name server has answered or it gives up:
 * in a thread of its own, so that the loop goes on.  A target is filled once and stays
 * as it is: whoever has looked at its addresses knows where connections go. */
#ifndef MF_IO_HTTP_RESOLVE_H
#define MF_IO_HTTP_RESOLVE_H
#include "http_error.h"
#include "loop.h"
#include "url.h"

#include <netdb.h>
#include <sys/socket.h>

#define MF_HTTP_ADDRESSES 8

typedef struct mf_http_address {
  struct sockaddr_storage address;
  socklen_t length;
} mf_http_address;

/* The addresses of one host.  Connections try them in turn, beginning with the
 * one that worked last. */
typedef struct mf_http_target {
  mf_http_address addresses[MF_HTTP_ADDRESSES];
  uint32_t count, preferred;
  /* n 0: plain HTTP; else the host of an https URL, which the certificate must be for.
   * Outlives the target. */
  mf_str tls_host;
} mf_http_target;

/* What is known of `host` without asking anyone: the addresses of a literal IPv4 or
 * IPv6 address and of localhost.  MF_HTTP_NONE, or MF_HTTP_DNS for other names.  The
 * target is one for plain HTTP until its owner says more. */
mf_http_error mf_http_resolve(mf_str host, uint16_t port, mf_http_target *out);

/* ---- Any name ---- */

/* A question under way.  The owner embeds it, zeroed before first use. */
typedef struct mf_http_lookup mf_http_lookup;
struct mf_http_lookup {
  /* NONE: the target is filled.  Else DNS, or CONNECT_TIMEOUT: of which looking up the
   * name is the first part. */
  void (*done)(mf_http_lookup *lookup, mf_http_error error);
  void *ctx;
  /* Answers in place of getaddrinfo, of the same form, if not NULL. */
  int (*ask)(const char *name, const char *service, const struct addrinfo *hints,
             struct addrinfo **out);
  /* The rest is ours. */
  mf_loop *loop;
  mf_http_target *target;
  mf_watch watch;
  mf_timer timer;
  struct lookup_job *job; /* NULL: nothing under way */
};

/* Fills `out` with the addresses of the URL's host.  MF_HTTP_NONE: it is filled, or
 * mf_http_lookup_pending says that `done` will be called, once, later.  Anything else:
 * it failed at once. */
mf_http_error mf_http_lookup_start(mf_http_lookup *lookup, mf_loop *loop, const mf_url *url,
                                   int64_t deadline, mf_http_target *out);
bool mf_http_lookup_pending(const mf_http_lookup *lookup);
/* No answer is wanted any more.  Idempotent.  The thread, which nothing can stop, ends
 * when the C library is done, and touches nothing of ours. */
void mf_http_lookup_cancel(mf_http_lookup *lookup);
#endif
