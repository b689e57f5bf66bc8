/* loopback - a scripted HTTP server on the test's own loop.
 *
 * It answers the n-th request with the n-th reply of its script (the last one for
 * all that follow).  Everything happens in one thread, so tests need no sleeps. */
#ifndef MF_TESTS_LOOPBACK_H
#define MF_TESTS_LOOPBACK_H
#include "../../io/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SAY, SAY_AND_CLOSE, SAY_AND_RESET, RESET, HANG };

typedef struct script_reply {
  int what;
  const char *bytes;
  size_t n;     /* length of bytes; 0: up to their NUL */
  size_t piece; /* bytes to send in one turn of the loop; 0: all */
  bool at_once; /* answer as soon as anything comes, not after a whole head */
} script_reply;

typedef struct loopback loopback;
typedef struct loopback_conn {
  mf_watch watch;
  mf_timer timer;
  loopback *server;
  char in[4096];
  size_t in_n;
  const script_reply *reply;
  size_t out_at;
} loopback_conn;

struct loopback {
  mf_loop *loop;
  mf_watch listener;
  uint16_t port;
  const script_reply *script;
  size_t n_script;
  int accepted, requests;
  char last[4096];                    /* the last request's head */
  void (*heard)(const char *request); /* told of each, if not NULL */
  loopback_conn conns[256];
};

static inline void loopback_close(loopback_conn *c) {
  if (!c->server) return;
  mf_watch_clear(c->server->loop, &c->watch);
  mf_timer_clear(c->server->loop, &c->timer);
  close(c->watch.fd);
  c->server = NULL;
}

static inline void loopback_reset(loopback_conn *c) {
  struct linger hard = {.l_onoff = 1, .l_linger = 0};
  setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  loopback_close(c);
}

static inline void loopback_say(loopback_conn *c) {
  size_t all = c->reply->n ? c->reply->n : strlen(c->reply->bytes), n = all - c->out_at;
  if (c->reply->piece && n > c->reply->piece) n = c->reply->piece;
  ssize_t sent = send(c->watch.fd, c->reply->bytes + c->out_at, n, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) {
    loopback_close(c);
    return;
  }
  if (sent > 0) c->out_at += (size_t)sent;
  if (c->out_at < all)
    mf_timer_set(c->server->loop, &c->timer, mf_clock_monotonic());
  else if (c->reply->what == SAY_AND_CLOSE)
    loopback_close(c);
  else if (c->reply->what == SAY_AND_RESET)
    loopback_reset(c);
}

static inline void loopback_say_more(mf_timer *timer) { loopback_say(timer->ctx); }

static inline void loopback_answer(loopback_conn *c) {
  loopback *s = c->server;
  size_t i = (size_t)s->requests < s->n_script ? (size_t)s->requests : s->n_script - 1;
  s->requests++;
  memcpy(s->last, c->in, c->in_n);
  s->last[c->in_n] = 0;
  if (s->heard) s->heard(s->last);
  c->in_n = 0;
  c->out_at = 0;
  c->reply = &s->script[i];
  if (c->reply->what == RESET) {
    loopback_reset(c);
  } else if (c->reply->what != HANG) {
    loopback_say(c);
  }
}

static inline void loopback_ready(mf_watch *watch, uint32_t events) {
  loopback_conn *c = watch->ctx;
  loopback *s = c->server;
  (void)events;
  ssize_t n = recv(watch->fd, c->in + c->in_n, sizeof c->in - 1 - c->in_n, 0);
  if (n <= 0) {
    loopback_close(c);
    return;
  }
  c->in_n += (size_t)n;
  c->in[c->in_n] = 0;
  size_t i = (size_t)s->requests < s->n_script ? (size_t)s->requests : s->n_script - 1;
  if (s->script[i].at_once || strstr(c->in, "\r\n\r\n")) loopback_answer(c);
}

static inline void loopback_accept(mf_watch *watch, uint32_t events) {
  loopback *s = watch->ctx;
  (void)events;
  int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (size_t i = 0; i < sizeof s->conns / sizeof *s->conns; i++) {
    loopback_conn *c = &s->conns[i];
    if (c->server) continue;
    memset(c, 0, sizeof *c);
    c->server = s;
    c->watch = (mf_watch){.fd = fd, .ready = loopback_ready, .ctx = c};
    c->timer = (mf_timer){.fire = loopback_say_more, .ctx = c};
    mf_watch_set(s->loop, &c->watch, MF_READABLE);
    s->accepted++;
    return;
  }
  close(fd);
}

/* A socket that listens on a free port of 127.0.0.1. */
static inline int loopback_listen(uint16_t *port) {
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof sa;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  bind(fd, (struct sockaddr *)&sa, sizeof sa);
  listen(fd, 1024);
  getsockname(fd, (struct sockaddr *)&sa, &n);
  *port = ntohs(sa.sin_port);
  return fd;
}

/* A port on which nobody listens. */
static inline uint16_t loopback_dead_port(void) {
  uint16_t port;
  close(loopback_listen(&port));
  return port;
}

/* On a socket that listens already. */
static inline void loopback_start_on(loopback *s, mf_loop *loop, int fd, const script_reply *script,
                                     size_t n) {
  memset(s, 0, sizeof *s);
  s->loop = loop;
  s->script = script;
  s->n_script = n;
  s->listener = (mf_watch){.fd = fd, .ready = loopback_accept, .ctx = s};
  mf_watch_set(loop, &s->listener, MF_READABLE);
}

static inline void loopback_start(loopback *s, mf_loop *loop, const script_reply *script,
                                  size_t n) {
  uint16_t port;
  int fd = loopback_listen(&port);
  loopback_start_on(s, loop, fd, script, n);
  s->port = port;
}

/* On a Unix socket in a new folder of its own, whose path is written to `path`. */
static inline void loopback_start_socket(loopback *s, mf_loop *loop, char path[108],
                                         const script_reply *script, size_t n) {
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  char folder[] = "/tmp/mfvm-XXXXXX";
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (!mkdtemp(folder)) abort();
  snprintf(sa.sun_path, sizeof sa.sun_path, "%s/a b.sock", folder);
  memcpy(path, sa.sun_path, sizeof sa.sun_path);
  if (bind(fd, (struct sockaddr *)&sa, sizeof sa) != 0 || listen(fd, 16) != 0) abort();
  loopback_start_on(s, loop, fd, script, n);
}

/* Removes it. */
static inline void loopback_remove_socket(char path[108]) {
  unlink(path);
  *strrchr(path, '/') = 0;
  rmdir(path);
}

static inline void loopback_stop(loopback *s) {
  for (size_t i = 0; i < sizeof s->conns / sizeof *s->conns; i++) loopback_close(&s->conns[i]);
  mf_watch_clear(s->loop, &s->listener);
  close(s->listener.fd);
}

/* Turns the loop until *flag, for ten seconds at most; *flag says which. */
static inline bool loopback_run(mf_loop *loop, const bool *flag) {
  int64_t end = mf_clock_monotonic() + 10000000000LL;
  while (!*flag && mf_clock_monotonic() < end) mf_loop_run_once(loop, 100000000);
  return *flag;
}
#endif
