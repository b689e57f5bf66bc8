/* SPDX-License-Identifier: MIT */
#include "../../io/loop.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *io_loop_suite(void);

#define MS 1000000LL

static mf_loop *new_loop(void) {
  mf_alloc alloc = mf_alloc_default();
  mf_loop *loop;
  ck_assert_int_eq(mf_loop_new(&alloc, &loop), MF_OK);
  return loop;
}

typedef struct note {
  mf_loop *loop;
  int order[2000];
  int n;
} note;

typedef struct noted {
  mf_timer timer;
  note *note;
  int id;
} noted;

static void note_timer(mf_timer *timer) {
  noted *t = timer->ctx;
  ck_assert_uint_eq(timer->position, 0);
  ck_assert_int_le(timer->due, mf_loop_now(t->note->loop));
  t->note->order[t->note->n++] = t->id;
}

START_TEST(timers_fire_in_order_of_due_time) {
  note n = {.loop = new_loop()};
  enum { COUNT = 1000 };
  static noted timers[COUNT];
  int64_t start = mf_clock_monotonic();
  unsigned x = 12345;
  for (int i = 0; i < COUNT; i++) {
    x = x * 1103515245u + 12345u;
    timers[i] = (noted){.note = &n, .id = i};
    timers[i].timer = (mf_timer){.fire = note_timer, .ctx = &timers[i]};
    ck_assert_int_eq(mf_timer_set(n.loop, &timers[i].timer, start + (x >> 8) % 1000 * 10000),
                     MF_OK);
  }
  /* Some move, some go. */
  for (int i = 0; i < COUNT; i += 3)
    mf_timer_set(n.loop, &timers[i].timer, start + (i * 7919) % 1000 * 10000);
  for (int i = 1; i < COUNT; i += 3) mf_timer_clear(n.loop, &timers[i].timer);
  int left = 0;
  for (int i = 0; i < COUNT; i++) left += timers[i].timer.position != 0;
  while (n.n < left) ck_assert_int_eq(mf_loop_run_once(n.loop, 100 * MS), MF_OK);
  for (int i = 1; i < n.n; i++)
    ck_assert_int_le(timers[n.order[i - 1]].timer.due, timers[n.order[i]].timer.due);
  mf_loop_free(n.loop);
}
END_TEST

static void set_again(mf_timer *timer) {
  noted *t = timer->ctx;
  t->note->n++;
  mf_timer_set(t->note->loop, timer, 0);
}

static void read_byte(mf_watch *watch, uint32_t events) {
  char c;
  note *n = watch->ctx;
  ck_assert(events & MF_READABLE);
  ck_assert_int_eq(read(watch->fd, &c, 1), 1);
  n->order[0] = c;
}

START_TEST(a_timer_that_is_always_due_does_not_starve_watches) {
  note n = {.loop = new_loop()};
  noted t = {.note = &n};
  int fds[2];
  ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
  mf_watch watch = {.fd = fds[0], .ready = read_byte, .ctx = &n};
  t.timer = (mf_timer){.fire = set_again, .ctx = &t};
  mf_watch_set(n.loop, &watch, MF_READABLE);
  mf_timer_set(n.loop, &t.timer, 0);
  ck_assert_int_eq(write(fds[1], "x", 1), 1);
  mf_loop_run_once(n.loop, -1);
  ck_assert_int_eq(n.order[0], 'x');
  ck_assert_int_eq(n.n, 1);
  mf_timer_clear(n.loop, &t.timer);
  mf_timer_clear(n.loop, &t.timer);
  mf_watch_clear(n.loop, &watch);
  mf_loop_free(n.loop);
  close(fds[0]);
  close(fds[1]);
}
END_TEST

START_TEST(the_wait_is_bounded_and_ends_for_a_timer) {
  note n = {.loop = new_loop()};
  noted t = {.note = &n};
  int64_t start = mf_clock_monotonic();
  ck_assert_int_eq(mf_loop_run_once(n.loop, 2 * MS), MF_OK);
  ck_assert_int_ge(mf_clock_monotonic() - start, 2 * MS);
  ck_assert_int_eq(mf_loop_run_once(n.loop, 0), MF_OK);
  /* The same instant as before must be armed anew. */
  t.timer = (mf_timer){.fire = note_timer, .ctx = &t};
  for (int i = 1; i <= 3; i++) {
    mf_timer_set(n.loop, &t.timer, mf_clock_monotonic() + MS);
    while (n.n < i) mf_loop_run_once(n.loop, -1);
  }
  mf_loop_free(n.loop);
}
END_TEST

static void note_watch(mf_watch *watch, uint32_t events) {
  note *n = watch->ctx;
  (void)events;
  n->order[n->n++] = 77;
  mf_watch_clear(n->loop, watch);
}

START_TEST(what_is_there_comes_before_what_is_due) {
  note n = {.loop = new_loop()};
  noted t = {.note = &n, .id = 1};
  int fds[2];
  ck_assert_int_eq(pipe(fds), 0);
  mf_watch watch = {.fd = fds[0], .ready = note_watch, .ctx = &n};
  t.timer = (mf_timer){.fire = note_timer, .ctx = &t};
  mf_watch_set(n.loop, &watch, MF_READABLE);
  mf_timer_set(n.loop, &t.timer, 0);
  ck_assert_int_eq(write(fds[1], "x", 1), 1);
  mf_loop_run_once(n.loop, -1);
  ck_assert_int_eq(n.n, 2);
  ck_assert_int_eq(n.order[0], 77);
  mf_loop_free(n.loop);
  close(fds[0]);
  close(fds[1]);
}
END_TEST

/* Two ready watches; whichever comes first takes the other out. */
typedef struct pair {
  mf_loop *loop;
  mf_watch a, b;
  int calls;
} pair;

static void clear_both(mf_watch *watch, uint32_t events) {
  pair *p = watch->ctx;
  (void)events;
  p->calls++;
  mf_watch_clear(p->loop, &p->a);
  mf_watch_clear(p->loop, &p->b);
}

START_TEST(a_watch_cleared_in_the_same_turn_is_not_called) {
  pair p = {.loop = new_loop()};
  int one[2], two[2];
  ck_assert_int_eq(pipe(one) | pipe(two), 0);
  p.a = (mf_watch){.fd = one[0], .ready = clear_both, .ctx = &p};
  p.b = (mf_watch){.fd = two[0], .ready = clear_both, .ctx = &p};
  mf_watch_set(p.loop, &p.a, MF_READABLE);
  mf_watch_set(p.loop, &p.b, MF_READABLE);
  ck_assert_int_eq(write(one[1], "x", 1) + write(two[1], "x", 1), 2);
  mf_loop_run_once(p.loop, 100 * MS);
  mf_loop_run_once(p.loop, 0);
  ck_assert_int_eq(p.calls, 1);
  ck_assert(!p.a.active && !p.b.active);
  mf_loop_free(p.loop);
  for (int i = 0; i < 2; i++) close(one[i]), close(two[i]);
}
END_TEST

static void keep_events(mf_watch *watch, uint32_t events) { *(uint32_t *)watch->ctx = events; }

START_TEST(a_hang_up_comes_as_both_bits) {
  mf_loop *loop = new_loop();
  uint32_t seen = 0;
  int fds[2];
  ck_assert_int_eq(pipe(fds), 0);
  mf_watch watch = {.fd = fds[0], .ready = keep_events, .ctx = &seen};
  mf_watch_set(loop, &watch, MF_READABLE);
  close(fds[1]);
  mf_loop_run_once(loop, 100 * MS);
  ck_assert_uint_eq(seen, MF_READABLE | MF_WRITABLE);
  mf_watch_clear(loop, &watch);
  mf_watch_clear(loop, &watch);
  close(fds[0]);
  mf_loop_free(loop);
}
END_TEST

START_TEST(a_descriptor_that_cannot_be_watched_is_an_error) {
  mf_loop *loop = new_loop();
  mf_watch watch = {.fd = -1, .ready = keep_events};
  ck_assert_int_eq(mf_watch_set(loop, &watch, MF_READABLE), MF_IO_ERROR);
  ck_assert(!watch.active);
  mf_loop_free(loop);
}
END_TEST

static void keep_signal(void *ctx, int signal) { *(int *)ctx = signal; }

START_TEST(signals_come_through_the_loop_and_are_given_back) {
  mf_loop *loop = new_loop();
  sigset_t before, after;
  int seen = 0;
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  ck_assert_int_eq(mf_loop_signals(loop, keep_signal, &seen), MF_OK);
  raise(SIGTERM);
  mf_loop_run_once(loop, 100 * MS);
  ck_assert_int_eq(seen, SIGTERM);
  raise(SIGINT);
  mf_loop_run_once(loop, 100 * MS);
  ck_assert_int_eq(seen, SIGINT);
  ck_assert_int_eq(mf_loop_signals(loop, NULL, NULL), MF_OK);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  ck_assert_int_eq(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
  mf_loop_free(loop);
}
END_TEST

START_TEST(memory_failure_is_clean) {
  for (uint64_t i = 1; i < 4; i++) {
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = i};
    mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
    mf_loop *loop;
    mf_timer timer = {.fire = NULL};
    if (mf_loop_new(&alloc, &loop) == MF_OK) {
      mf_status status = mf_timer_set(loop, &timer, 0);
      ck_assert(status == MF_OK || status == MF_OUT_OF_MEMORY);
      mf_loop_free(loop);
    }
    ck_assert_uint_eq(counting.in_use, 0);
  }
}
END_TEST

Suite *io_loop_suite(void) {
  Suite *suite = suite_create("io_loop");
  TCase *tc = tcase_create("loop");
  tcase_add_test(tc, timers_fire_in_order_of_due_time);
  tcase_add_test(tc, a_timer_that_is_always_due_does_not_starve_watches);
  tcase_add_test(tc, the_wait_is_bounded_and_ends_for_a_timer);
  tcase_add_test(tc, what_is_there_comes_before_what_is_due);
  tcase_add_test(tc, a_watch_cleared_in_the_same_turn_is_not_called);
  tcase_add_test(tc, a_hang_up_comes_as_both_bits);
  tcase_add_test(tc, a_descriptor_that_cannot_be_watched_is_an_error);
  tcase_add_test(tc, signals_come_through_the_loop_and_are_given_back);
  tcase_add_test(tc, memory_failure_is_clean);
  suite_add_tcase(suite, tc);
  return suite;
}
