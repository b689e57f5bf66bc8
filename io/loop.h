/* loop - the event loop: epoll, a heap of timers, signals through signalfd.
 *
 * One thread.  Callbacks run from mf_loop_run_once only and may add or remove
 * any source, themselves too.  Nothing here knows what it is used for. */
#ifndef MF_IO_LOOP_H
#define MF_IO_LOOP_H
#include "../base/alloc.h"

typedef struct mf_loop mf_loop;
mf_status mf_loop_new(const mf_alloc *alloc, mf_loop **out);
void mf_loop_free(mf_loop *loop);

/* CLOCK_MONOTONIC in nanoseconds, read at the start of this turn. */
int64_t mf_loop_now(const mf_loop *loop);
/* CLOCK_MONOTONIC right now. */
int64_t mf_clock_monotonic(void);
/* CLOCK_REALTIME right now, nanoseconds since 1970. */
int64_t mf_clock_wall(void);

/* Waits for at most max_wait_ns (negative: as long as it takes) and runs what
 * is due: watches, then timers.  IO_ERROR when epoll itself fails. */
mf_status mf_loop_run_once(mf_loop *loop, int64_t max_wait_ns);

/* A file descriptor to watch.  The owner embeds it, zeroed before first use. */
typedef struct mf_watch mf_watch;
struct mf_watch {
  int fd;
  uint32_t events;                                 /* MF_READABLE | MF_WRITABLE wanted */
  void (*ready)(mf_watch *watch, uint32_t events); /* errors and hang-ups come as both bits */
  void *ctx;
  bool active;
};
#define MF_READABLE 1u
#define MF_WRITABLE 2u
mf_status mf_watch_set(mf_loop *loop, mf_watch *watch, uint32_t events); /* adds or changes */
void mf_watch_clear(mf_loop *loop, mf_watch *watch); /* before the fd is closed; idempotent */

/* A timer.  The owner embeds it, zeroed before first use. */
typedef struct mf_timer mf_timer;
struct mf_timer {
  int64_t due; /* CLOCK_MONOTONIC ns */
  void (*fire)(mf_timer *timer);
  void *ctx;
  uint32_t position; /* heap index + 1; 0 when not set */
};
mf_status mf_timer_set(mf_loop *loop, mf_timer *timer, int64_t due_ns);
void mf_timer_clear(mf_loop *loop, mf_timer *timer); /* idempotent */

/* Delivers SIGINT, SIGTERM and SIGCHLD of the process to `handler`.  One
 * handler at a time; NULL gives the signals back.  io/process.h sees its children
 * end without it. */
mf_status mf_loop_signals(mf_loop *loop, void (*handler)(void *ctx, int signal), void *ctx);
/* Delivers the signals that have come, and nothing else: outside of a turn. */
void mf_loop_signals_now(mf_loop *loop);
#endif
