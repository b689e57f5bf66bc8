/* SPDX-License-Identifier: MIT */
/* The event loop.
 *
 * Timers go through one timerfd armed for the earliest of them: the kernel adds
 * its slack (0.1 % of the wait, at least 50 us) to the timeout of epoll_wait,
 * but none to a timerfd, and a load counts latency from the intended start.
 * The timerfd is edge-triggered, so that it needs arming but never reading. */
#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH 256
#define NOT_ARMED INT64_MAX
#define NS_PER_S 1000000000LL

struct mf_loop {
  mf_alloc alloc;
  int epoll_fd, timer_fd;
  int64_t now;
  int64_t armed; /* when the timerfd fires; NOT_ARMED if it does not */
  mf_timer **heap;
  uint32_t timers, timers_cap;
  /* The batch being dispatched: clearing a watch also takes its events out. */
  struct epoll_event batch[BATCH];
  int batch_at, batch_n;
  mf_watch signal_watch;
  sigset_t old_mask;
  void (*on_signal)(void *ctx, int signal);
  void *signal_ctx;
};

static int64_t clock_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t mf_clock_monotonic(void) { return clock_ns(CLOCK_MONOTONIC); }
int64_t mf_clock_wall(void) { return clock_ns(CLOCK_REALTIME); }
int64_t mf_loop_now(const mf_loop *loop) { return loop->now; }

/* ---- Life ---- */

static bool open_fds(mf_loop *loop) {
  loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (loop->epoll_fd < 0 || loop->timer_fd < 0) return false;
  /* No pointer: the event only ends the wait. */
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
  return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &event) == 0;
}

mf_status mf_loop_new(const mf_alloc *alloc, mf_loop **out) {
  *out = NULL;
  mf_loop *loop = mf_realloc(alloc, NULL, 0, sizeof *loop);
  if (!loop) return MF_OUT_OF_MEMORY;
  memset(loop, 0, sizeof *loop);
  loop->alloc = *alloc;
  loop->epoll_fd = loop->timer_fd = loop->signal_watch.fd = -1;
  loop->armed = NOT_ARMED;
  loop->now = mf_clock_monotonic();
  if (!open_fds(loop)) {
    mf_loop_free(loop);
    return MF_IO_ERROR;
  }
  *out = loop;
  return MF_OK;
}

void mf_loop_free(mf_loop *loop) {
  if (!loop) return;
  (void)mf_loop_signals(loop, NULL, NULL);
  if (loop->epoll_fd >= 0) close(loop->epoll_fd);
  if (loop->timer_fd >= 0) close(loop->timer_fd);
  mf_realloc(&loop->alloc, loop->heap, sizeof *loop->heap * loop->timers_cap, 0);
  mf_alloc alloc = loop->alloc;
  mf_realloc(&alloc, loop, sizeof *loop, 0);
}

/* ---- Watches ---- */

static uint32_t epoll_bits(uint32_t events) {
  return ((events & MF_READABLE) ? (uint32_t)EPOLLIN : 0) |
         ((events & MF_WRITABLE) ? (uint32_t)EPOLLOUT : 0);
}

mf_status mf_watch_set(mf_loop *loop, mf_watch *watch, uint32_t events) {
  if (watch->active && watch->events == events) return MF_OK;
  struct epoll_event event = {.events = epoll_bits(events), .data.ptr = watch};
  int op = watch->active ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(loop->epoll_fd, op, watch->fd, &event) != 0) return MF_IO_ERROR;
  watch->events = events;
  watch->active = true;
  return MF_OK;
}

void mf_watch_clear(mf_loop *loop, mf_watch *watch) {
  if (!watch->active) return;
  watch->active = false;
  (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  for (int i = loop->batch_at; i < loop->batch_n; i++)
    if (loop->batch[i].data.ptr == watch) loop->batch[i].data.ptr = NULL;
}

static uint32_t ready_bits(uint32_t events) {
  if (events & (uint32_t)(EPOLLERR | EPOLLHUP)) return MF_READABLE | MF_WRITABLE;
  return ((events & (uint32_t)EPOLLIN) ? MF_READABLE : 0) |
         ((events & (uint32_t)EPOLLOUT) ? MF_WRITABLE : 0);
}

static void dispatch_batch(mf_loop *loop) {
  while (loop->batch_at < loop->batch_n) {
    const struct epoll_event event = loop->batch[loop->batch_at++];
    mf_watch *watch = event.data.ptr;
    if (watch) watch->ready(watch, ready_bits(event.events));
  }
  loop->batch_at = loop->batch_n = 0;
}

/* ---- Timers: a binary heap by due time ---- */

static void place(mf_loop *loop, mf_timer *timer, uint32_t i) {
  loop->heap[i] = timer;
  timer->position = i + 1;
}

static void sift_up(mf_loop *loop, mf_timer *timer, uint32_t i) {
  while (i > 0 && loop->heap[(i - 1) / 2]->due > timer->due) {
    place(loop, loop->heap[(i - 1) / 2], i);
    i = (i - 1) / 2;
  }
  place(loop, timer, i);
}

static void sift_down(mf_loop *loop, mf_timer *timer, uint32_t i) {
  for (;;) {
    uint32_t child = 2 * i + 1;
    if (child >= loop->timers) break;
    if (child + 1 < loop->timers && loop->heap[child + 1]->due < loop->heap[child]->due) child++;
    if (loop->heap[child]->due >= timer->due) break;
    place(loop, loop->heap[child], i);
    i = child;
  }
  place(loop, timer, i);
}

static bool grow_heap(mf_loop *loop) {
  if (loop->timers < loop->timers_cap) return true;
  uint32_t cap = loop->timers_cap ? loop->timers_cap * 2 : 16;
  mf_timer **heap = mf_realloc(&loop->alloc, loop->heap, sizeof *heap * loop->timers_cap,
                               sizeof *heap * cap);
  if (!heap) return false;
  loop->heap = heap;
  loop->timers_cap = cap;
  return true;
}

mf_status mf_timer_set(mf_loop *loop, mf_timer *timer, int64_t due_ns) {
  if (timer->position == 0) {
    if (!grow_heap(loop)) return MF_OUT_OF_MEMORY;
    timer->due = due_ns;
    sift_up(loop, timer, loop->timers++);
    return MF_OK;
  }
  bool earlier = due_ns < timer->due;
  timer->due = due_ns;
  if (earlier)
    sift_up(loop, timer, timer->position - 1);
  else
    sift_down(loop, timer, timer->position - 1);
  return MF_OK;
}

void mf_timer_clear(mf_loop *loop, mf_timer *timer) {
  if (timer->position == 0) return;
  uint32_t i = timer->position - 1;
  timer->position = 0;
  mf_timer *last = loop->heap[--loop->timers];
  if (last == timer) return;
  /* The last one may belong above or below the gap. */
  if (i > 0 && loop->heap[(i - 1) / 2]->due > last->due)
    sift_up(loop, last, i);
  else
    sift_down(loop, last, i);
}

/* Fires what is due at the start of the turn; at most as many as there were, so
 * that a timer that sets itself to "now" cannot keep sockets waiting. */
static void fire_timers(mf_loop *loop) {
  for (uint32_t left = loop->timers; left > 0 && loop->timers > 0; left--) {
    mf_timer *timer = loop->heap[0];
    if (timer->due > loop->now) break;
    mf_timer_clear(loop, timer);
    timer->fire(timer);
  }
}

static bool arm(mf_loop *loop, int64_t due) {
  if (loop->armed == due) return true;
  struct itimerspec at = {.it_value = {.tv_sec = 0}}; /* zero disarms */
  if (due != NOT_ARMED) {
    at.it_value.tv_sec = (time_t)(due / NS_PER_S);
    at.it_value.tv_nsec = (long)(due % NS_PER_S);
  }
  if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) != 0) return false;
  loop->armed = due;
  return true;
}

/* ---- A turn ---- */

/* When the wait has to end; NOT_ARMED: when something happens. */
static int64_t wait_until(const mf_loop *loop, int64_t max_wait_ns) {
  int64_t until = loop->timers ? loop->heap[0]->due : NOT_ARMED;
  if (max_wait_ns < 0 || max_wait_ns > INT64_MAX - loop->now) return until;
  return loop->now + max_wait_ns < until ? loop->now + max_wait_ns : until;
}

mf_status mf_loop_run_once(mf_loop *loop, int64_t max_wait_ns) {
  loop->now = mf_clock_monotonic();
  int64_t until = wait_until(loop, max_wait_ns);
  bool wait = until > loop->now;
  if (wait && !arm(loop, until)) return MF_IO_ERROR;
  int n = epoll_wait(loop->epoll_fd, loop->batch, BATCH, wait ? -1 : 0);
  if (n < 0 && errno != EINTR) return MF_IO_ERROR;
  loop->now = mf_clock_monotonic();
  /* One that has fired must be armed again even for the same instant. */
  if (loop->armed <= loop->now) loop->armed = NOT_ARMED;
  loop->batch_at = 0;
  loop->batch_n = n < 0 ? 0 : n;
  /* Watches first: after a stall (a slow callback, SIGSTOP) an answer that came in
   * time must not lose against its own timeout. */
  dispatch_batch(loop);
  fire_timers(loop);
  return MF_OK;
}

/* ---- Signals ---- */

static void signals_ready(mf_watch *watch, uint32_t events) {
  (void)events;
  mf_loop *loop = watch->ctx;
  struct signalfd_siginfo info;
  while (watch->active && read(watch->fd, &info, sizeof info) == (ssize_t)sizeof info)
    loop->on_signal(loop->signal_ctx, (int)info.ssi_signo);
}

static void give_signals_back(mf_loop *loop) {
  if (loop->signal_watch.fd < 0) return;
  mf_watch_clear(loop, &loop->signal_watch);
  close(loop->signal_watch.fd);
  loop->signal_watch.fd = -1;
  pthread_sigmask(SIG_SETMASK, &loop->old_mask, NULL);
}

mf_status mf_loop_signals(mf_loop *loop, void (*handler)(void *ctx, int signal), void *ctx) {
  if (!handler) {
    give_signals_back(loop);
    return MF_OK;
  }
  loop->on_signal = handler;
  loop->signal_ctx = ctx;
  if (loop->signal_watch.fd >= 0) return MF_OK;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGCHLD);
  int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) return MF_IO_ERROR;
  /* Blocked, or they would still do what they do by default. */
  pthread_sigmask(SIG_BLOCK, &set, &loop->old_mask);
  loop->signal_watch = (mf_watch){.fd = fd, .ready = signals_ready, .ctx = loop};
  mf_status status = mf_watch_set(loop, &loop->signal_watch, MF_READABLE);
  if (status != MF_OK) give_signals_back(loop);
  return status;
}

void mf_loop_signals_now(mf_loop *loop) {
  if (loop->signal_watch.fd >= 0) signals_ready(&loop->signal_watch, MF_READABLE);
}
