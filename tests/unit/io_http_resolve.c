/* SPDX-License-Identifier: MIT */
#include "../../io/http_resolve.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include "loopback.h"

Suite *io_http_resolve_suite(void);

#define S 1000000000LL

static mf_loop *loop;
static mf_http_target target;
static mf_http_lookup lookup;
static int gate[2]; /* a byte in it lets one question be answered */
static struct {
  bool done;
  int calls;
  mf_http_error error;
} got;
static atomic_int asked, answered;

static void keep(mf_http_lookup *l, mf_http_error error) {
  ck_assert_ptr_eq(l, &lookup);
  ck_assert(!mf_http_lookup_pending(l));
  got.done = true;
  got.calls++;
  got.error = error;
}

static void set_up(void) {
  mf_alloc alloc = mf_alloc_default();
  ck_assert_int_eq(mf_loop_new(&alloc, &loop), MF_OK);
  ck_assert_int_eq(pipe(gate), 0);
  memset(&got, 0, sizeof got);
  asked = answered = 0;
  lookup = (mf_http_lookup){.done = keep};
}

static void tear_down(void) {
  mf_http_lookup_cancel(&lookup);
  mf_loop_free(loop);
  close(gate[0]);
  close(gate[1]);
}

static mf_http_error start(const char *text, int64_t deadline) {
  mf_url url;
  const char *error = mf_url_parse(mf_str_of(text), &url);
  ck_assert_msg(!error, "%s", error);
  return mf_http_lookup_start(&lookup, loop, &url, deadline, &target);
}

static mf_http_error find(const char *text) {
  got.done = false;
  mf_http_error error = start(text, mf_clock_monotonic() + 5 * S);
  if (error != MF_HTTP_NONE || !mf_http_lookup_pending(&lookup)) return error;
  ck_assert(loopback_run(loop, &got.done));
  return got.error;
}

/* ---- Answers in place of the C library's ---- */

typedef struct addrinfo info;

static int never(const char *name, const char *service, const info *hints, info **out) {
  (void)name, (void)service, (void)hints, (void)out;
  abort();
}

/* Two addresses for any name. */
static int two(const char *name, const char *service, const info *hints, info **out) {
  info *more = NULL;
  (void)name;
  asked++;
  if (getaddrinfo("::1", service, hints, out) != 0) return EAI_NONAME;
  if (getaddrinfo("10.1.2.3", service, hints, &more) != 0) return EAI_NONAME;
  (*out)->ai_next = more;
  return 0;
}

static int none(const char *name, const char *service, const info *hints, info **out) {
  (void)name, (void)service, (void)hints, (void)out;
  asked++;
  return EAI_NONAME;
}

static int when_the_gate_opens(const char *name, const char *service, const info *hints,
                               info **out) {
  char byte;
  asked++;
  if (read(gate[0], &byte, 1) != 1) return EAI_FAIL;
  int result = two(name, service, hints, out);
  answered++;
  return result;
}

/* Signals must not end up in the thread. */
static int look_at_signals(const char *name, const char *service, const info *hints, info **out) {
  sigset_t set;
  pthread_sigmask(SIG_BLOCK, NULL, &set);
  bool blocked = sigismember(&set, SIGINT) == 1 && sigismember(&set, SIGCHLD) == 1;
  return blocked ? two(name, service, hints, out) : EAI_FAIL;
}

static void open_gate(void) { ck_assert_int_eq(write(gate[1], "x", 1), 1); }

static void gate_timer(mf_timer *timer) {
  (void)timer;
  open_gate();
}

/* ---- Tests ---- */

START_TEST(what_needs_no_name_server_is_known_at_once) {
  static const char *const urls[] = {"http://127.0.0.1:5", "http://[::1]:5/x", "https://localhost",
                                     "http://a.LOCALHOST/", "http+unix://%2Frun%2Fx"};
  lookup.ask = never;
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    ck_assert_int_eq(start(urls[i], 0), MF_HTTP_NONE);
    ck_assert(!mf_http_lookup_pending(&lookup));
    ck_assert_uint_ge(target.count, 1);
  }
  const struct sockaddr_un *sa = (const struct sockaddr_un *)&target.addresses[0].address;
  ck_assert_int_eq(sa->sun_family, AF_UNIX);
  ck_assert_str_eq(sa->sun_path, "/run/x");
}
END_TEST

START_TEST(a_name_has_the_addresses_that_are_found) {
  lookup.ask = two;
  ck_assert_int_eq(find("http://shop.example:81/"), MF_HTTP_NONE);
  ck_assert_uint_eq(target.count, 2);
  const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&target.addresses[0].address;
  const struct sockaddr_in *four = (const struct sockaddr_in *)&target.addresses[1].address;
  ck_assert_int_eq(six->sin6_family, AF_INET6);
  ck_assert_uint_eq(ntohs(six->sin6_port), 81);
  ck_assert_int_eq(four->sin_family, AF_INET);
  ck_assert_uint_eq(ntohs(four->sin_port), 81);
  ck_assert_uint_eq(ntohl(four->sin_addr.s_addr), 0x0a010203);
  ck_assert_int_eq(asked, 1);
}
END_TEST

/* A form of 127.0.0.1 that only the C library knows: no name server is needed. */
START_TEST(the_c_library_is_asked) {
  ck_assert_int_eq(find("http://127.1:80"), MF_HTTP_NONE);
  const struct sockaddr_in *sa = (const struct sockaddr_in *)&target.addresses[0].address;
  ck_assert_uint_eq(ntohl(sa->sin_addr.s_addr), INADDR_LOOPBACK);
}
END_TEST

START_TEST(a_name_without_address_is_a_dns_error) {
  lookup.ask = none;
  ck_assert_int_eq(find("http://shop.example"), MF_HTTP_DNS);
  ck_assert_int_eq(asked, 1);
}
END_TEST

START_TEST(a_name_that_is_too_long_is_never_asked_for) {
  char text[300] = "http://";
  memset(text + 7, 'a', 256);
  text[7 + 256] = 0;
  lookup.ask = never;
  ck_assert_int_eq(find(text), MF_HTTP_DNS);
}
END_TEST

/* A timer of the loop is what lets the answer come. */
START_TEST(the_loop_goes_on_meanwhile) {
  mf_timer timer = {.fire = gate_timer};
  lookup.ask = when_the_gate_opens;
  ck_assert_int_eq(mf_timer_set(loop, &timer, mf_clock_monotonic() + S / 100), MF_OK);
  ck_assert_int_eq(find("http://shop.example"), MF_HTTP_NONE);
  ck_assert_uint_eq(target.count, 2);
}
END_TEST

START_TEST(an_answer_may_come_too_late) {
  lookup.ask = when_the_gate_opens;
  ck_assert_int_eq(start("http://shop.example", mf_clock_monotonic() + S / 50), MF_HTTP_NONE);
  ck_assert(loopback_run(loop, &got.done));
  ck_assert_int_eq(got.error, MF_HTTP_CONNECT_TIMEOUT);
  open_gate();
  while (answered == 0) mf_loop_run_once(loop, S / 1000);
}
END_TEST

/* The thread ends on its own, with nobody to tell, and the next question has its own. */
START_TEST(a_lookup_can_be_cancelled) {
  lookup.ask = when_the_gate_opens;
  ck_assert_int_eq(start("http://shop.example", mf_clock_monotonic() + 5 * S), MF_HTTP_NONE);
  while (asked == 0) mf_loop_run_once(loop, S / 1000);
  mf_http_lookup_cancel(&lookup);
  mf_http_lookup_cancel(&lookup);
  ck_assert(!mf_http_lookup_pending(&lookup));
  open_gate();
  while (answered == 0) mf_loop_run_once(loop, S / 1000);
  ck_assert_int_eq(got.calls, 0);
  lookup.ask = two;
  ck_assert_int_eq(find("http://shop.example"), MF_HTTP_NONE);
  ck_assert_int_eq(got.calls, 1);
}
END_TEST

START_TEST(cancelling_and_answering_may_meet) {
  lookup.ask = two;
  for (int i = 0; i < 200; i++) {
    ck_assert_int_eq(start("http://shop.example", mf_clock_monotonic() + 5 * S), MF_HTTP_NONE);
    while (i % 2 && asked <= i) sched_yield();
    mf_http_lookup_cancel(&lookup);
    while (asked <= i) sched_yield();
  }
  ck_assert_int_eq(got.calls, 0);
}
END_TEST

START_TEST(the_thread_takes_no_signals) {
  lookup.ask = look_at_signals;
  ck_assert_int_eq(find("http://shop.example"), MF_HTTP_NONE);
  sigset_t set;
  pthread_sigmask(SIG_BLOCK, NULL, &set);
  ck_assert_int_eq(sigismember(&set, SIGINT), 0);
}
END_TEST

START_TEST(without_descriptors_no_name_is_found) {
  struct rlimit limit, less;
  lookup.ask = never;
  getrlimit(RLIMIT_NOFILE, &limit);
  less = limit;
  less.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &less);
  ck_assert_int_eq(find("http://shop.example"), MF_HTTP_SYSTEM);
  setrlimit(RLIMIT_NOFILE, &limit);
}
END_TEST

Suite *io_http_resolve_suite(void) {
  Suite *suite = suite_create("io_http_resolve");
  TCase *tc = tcase_create("http_resolve");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, what_needs_no_name_server_is_known_at_once);
  tcase_add_test(tc, a_name_has_the_addresses_that_are_found);
  tcase_add_test(tc, the_c_library_is_asked);
  tcase_add_test(tc, a_name_without_address_is_a_dns_error);
  tcase_add_test(tc, a_name_that_is_too_long_is_never_asked_for);
  tcase_add_test(tc, the_loop_goes_on_meanwhile);
  tcase_add_test(tc, an_answer_may_come_too_late);
  tcase_add_test(tc, a_lookup_can_be_cancelled);
  tcase_add_test(tc, cancelling_and_answering_may_meet);
  tcase_add_test(tc, the_thread_takes_no_signals);
  tcase_add_test(tc, without_descriptors_no_name_is_found);
  suite_add_tcase(suite, tc);
  return suite;
}
