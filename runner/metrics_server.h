/* metrics_server - GET /metrics, while a run goes on.
 *
 * libmicrohttpd without a thread: its epoll descriptor is one of the loop's watches, so
 * what is shown is never in the middle of a change, and nothing needs a lock.  At most
 * MF_LIMIT_METRIC_CONNECTIONS are served at once, and none waits for long. */
#ifndef MF_RUNNER_METRICS_SERVER_H
#define MF_RUNNER_METRICS_SERVER_H
#include "../io/loop.h"
#include "exposition.h"

#include <sys/socket.h>

/* Where to listen: "9090", "127.0.0.1:9090", "localhost:9090", "[::1]:9090". */
typedef struct mf_listen {
  struct sockaddr_storage address;
  char host[48]; /* as in URLs */
  uint16_t port; /* 0: any */
  bool loopback;
} mf_listen;
/* NULL, or what is wrong with it, a sentence. */
const char *mf_listen_parse(const char *text, mf_listen *out);

typedef struct mf_metrics_server mf_metrics_server;
/* UNSUPPORTED, IO_ERROR, OUT_OF_MEMORY: `error` says why. */
mf_status mf_metrics_server_start(const mf_alloc *alloc, mf_loop *loop, const mf_listen *listen,
                                  const mf_exposition *exposition, mf_metrics_server **out,
                                  char *error, size_t error_size);
void mf_metrics_server_stop(mf_metrics_server *server);
uint16_t mf_metrics_server_port(const mf_metrics_server *server);
/* Serves what has come, outside of a turn of the loop. */
void mf_metrics_server_now(mf_metrics_server *server);
#endif
