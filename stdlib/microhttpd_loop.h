/* microhttpd_loop - a server of libmicrohttpd on our loop, without a thread: its epoll
 * descriptor is one of the loop's watches. */
#ifndef MF_STDLIB_MICROHTTPD_LOOP_H
#define MF_STDLIB_MICROHTTPD_LOOP_H
#include "../io/loop.h"
#include "microhttpd.h"

typedef struct mf_microhttpd_loop {
  const mf_microhttpd *mhd;
  struct MHD_Daemon *daemon;
  mf_loop *loop;
  mf_watch watch;
  mf_timer timer;
  uint16_t port; /* the real one */
} mf_microhttpd_loop;

typedef struct mf_microhttpd_options {
  const struct sockaddr_storage *address; /* with the port; 0: any */
  unsigned connections, idle_seconds;
  MHD_AccessHandlerCallback handle;
  MHD_RequestCompletedCallback completed; /* NULL: none */
  void *ctx;                              /* of both */
} mf_microhttpd_options;

/* The owner embeds `server`, zeroed, and does not move it.  False: errno says why, if it
 * is not 0; mf_microhttpd_end is allowed all the same. */
bool mf_microhttpd_begin(mf_microhttpd_loop *server, const mf_microhttpd *mhd, mf_loop *loop,
                         const mf_microhttpd_options *options);
void mf_microhttpd_end(mf_microhttpd_loop *server);
/* Serves what has come, outside of a turn of the loop. */
void mf_microhttpd_now(mf_microhttpd_loop *server);
#endif
