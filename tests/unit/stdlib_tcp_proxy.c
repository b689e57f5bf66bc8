/* SPDX-License-Identifier: MIT */
/* Proxies without toxics: what they carry, and how they are made and changed. */
#include "stdlib_tcp_proxy_kit.h"

#include <signal.h>

Suite *stdlib_tcp_proxy_suite(void);

/* ---- Carrying ---- */

START_TEST(bytes_go_both_ways_and_are_counted) {
  duo d = duo_open();
  say(d.client, "question");
  expect(d.server, "question");
  say(d.server, "an answer");
  expect(d.client, "an answer");
  mf_tcp_counts counts = mf_tcp_proxy_counts(proxy);
  ck_assert_uint_eq(counts.received[MF_UPSTREAM], 8);
  ck_assert_uint_eq(counts.sent[MF_UPSTREAM], 8);
  ck_assert_uint_eq(counts.received[MF_DOWNSTREAM], 9);
  ck_assert_uint_eq(counts.sent[MF_DOWNSTREAM], 9);
  ck_assert_uint_eq(counts.accepted, 1);
  ck_assert_uint_eq(counts.opened, 1);
  ck_assert_uint_eq(counts.open, 1);
  duo_close(d);
  UNTIL(seen.closed);
  ck_assert_uint_eq(mf_tcp_proxy_counts(proxy).open, 0);
}
END_TEST

static void end_one_way(int first, int second) {
  say(first, "last words");
  shutdown(first, SHUT_WR);
  expect(second, "last words");
  expect_end(second);
  say(second, "and what else");
  expect(first, "and what else");
  say(second, " there was");
  shutdown(second, SHUT_WR);
  expect(first, " there was");
  expect_end(first);
}

START_TEST(the_end_of_one_direction_is_not_the_end_of_the_other) {
  duo d = duo_open();
  if (_i)
    end_one_way(d.client, d.server);
  else
    end_one_way(d.server, d.client);
  UNTIL(seen.closed);
  ck_assert_int_eq(seen.last_closed.reason, MF_TCP_ENDED);
  ck_assert_uint_eq(seen.last_closed.bytes[_i ? MF_UPSTREAM : MF_DOWNSTREAM], 10);
  ck_assert_uint_eq(seen.last_closed.bytes[_i ? MF_DOWNSTREAM : MF_UPSTREAM], 23);
  duo_close(d);
}
END_TEST

START_TEST(a_reset_is_passed_on_behind_the_bytes_before_it) {
  duo d = duo_open();
  int from = _i ? d.client : d.server, to = _i ? d.server : d.client;
  say(from, "hello");
  expect(to, "hello");
  say(from, "bye");
  UNTIL(mf_tcp_proxy_counts(proxy).sent[_i ? MF_UPSTREAM : MF_DOWNSTREAM] == 8);
  kit_reset(from);
  expect(to, "bye");
  expect_reset(to);
  ck_assert_int_eq(seen.last_closed.reason, MF_TCP_PEER_RESET);
  kit_close(to);
}
END_TEST

START_TEST(a_reset_after_an_end_is_passed_on) {
  duo d = duo_open();
  shutdown(d.server, SHUT_WR);
  expect_end(d.client);
  kit_reset(d.server);
  UNTIL(seen.closed);
  ck_assert_int_eq(send(d.client, "x", 1, MSG_NOSIGNAL), -1);
  kit_close(d.client);
}
END_TEST

START_TEST(what_the_client_says_before_the_upstream_is_there_arrives) {
  int client = kit_connect(mf_tcp_proxy_port(proxy));
  say(client, "early");
  shutdown(client, SHUT_WR);
  int server = kit_accept();
  expect(server, "early");
  expect_end(server);
  duo_close((duo){client, server});
}
END_TEST

/* Byte i of a stream. */
static char byte_at(size_t i) { return (char)(i * 2654435761u >> 13); }

static size_t pour(int fd, size_t at, size_t end) {
  char block[65536];
  while (at < end) {
    size_t n = end - at < sizeof block ? end - at : sizeof block;
    for (size_t i = 0; i < n; i++) block[i] = byte_at(at + i);
    ssize_t sent = send(fd, block, n, MSG_NOSIGNAL);
    if (sent < 0) break;
    at += (size_t)sent;
  }
  return at;
}

static size_t drink(int fd, size_t at) {
  char block[65536];
  ssize_t n;
  while ((n = recv(fd, block, sizeof block, 0)) > 0)
    for (ssize_t i = 0; i < n; i++, at++)
      if (block[i] != byte_at(at)) ck_abort_msg("byte %zu is wrong", at);
  return at;
}

START_TEST(large_streams_arrive_whole_and_nothing_is_read_ahead) {
  enum { ALL = 32 << 20 };
  duo d = duo_open();
  size_t sent = 0, got = 0, before;
  kit_watch(d.client, MF_WRITABLE);
  do { /* until nothing moves: nobody reads */
    before = sent;
    sent = pour(d.client, sent, ALL);
    for (int i = 0; i < 20; i++) mf_loop_run_once(loop, 0);
  } while (sent > before);
  mf_tcp_counts counts = mf_tcp_proxy_counts(proxy);
  ck_assert_uint_lt(sent, ALL);
  ck_assert_uint_le(counts.received[0] - counts.sent[0], 1 << 20);
  ck_assert_uint_le(counting.in_use, 300 << 10);
  /* What is in the pipe already comes before what the toxic lets go. */
  if (_i) ck_assert_int_eq(toxic("noop", "upstream", 1, NULL), MF_TCP_NONE);
  for (int i = 0; i < 20; i++) mf_loop_run_once(loop, 0);
  while (got < ALL) {
    sent = pour(d.client, sent, ALL);
    if (sent == ALL) shutdown(d.client, SHUT_WR);
    if (sent == ALL) kit_watch(d.client, MF_READABLE);
    got = drink(d.server, got);
    turn();
  }
  expect_end(d.server);
  ck_assert_uint_eq(mf_tcp_proxy_counts(proxy).sent[0], ALL);
  duo_close(d);
}
END_TEST

START_TEST(a_reset_comes_through_while_the_other_side_does_not_read) {
  duo d = duo_open();
  size_t sent = 0;
  for (int i = 0; i < 200; i++) {
    sent = pour(d.client, sent, 64 << 20);
    mf_loop_run_once(loop, 0);
  }
  kit_reset(d.server);
  UNTIL(seen.closed);
  ck_assert_int_eq(seen.last_closed.reason, MF_TCP_PEER_RESET);
  expect_reset(d.client);
  kit_close(d.client);
}
END_TEST

START_TEST(a_broken_pipe_raises_no_signal) {
  duo d = duo_open();
  size_t sent = 0, got = 0;
  signal(SIGPIPE, SIG_DFL);
  while (got < 4 << 20) { /* enough for splice */
    sent = pour(d.client, sent, 4 << 20);
    turn();
    got = drink(d.server, got);
  }
  kit_close(d.server); /* FIN: what comes then is answered by RST */
  expect_end(d.client);
  while (!seen.closed) {
    sent = pour(d.client, sent, sent + (1 << 20));
    turn();
  }
  ck_assert_int_eq(seen.last_closed.reason, MF_TCP_PEER_RESET);
  kit_close(d.client);
}
END_TEST

START_TEST(connections_over_the_limit_wait) {
  kit_tear_down();
  kit_loop();
  mf_tcp_options options = kit_options();
  options.max_connections = 2;
  kit_start(options);
  duo a = duo_open(), b = duo_open();
  int third = kit_connect(mf_tcp_proxy_port(proxy));
  for (int i = 0; i < 5; i++) turn();
  ck_assert_uint_eq(mf_tcp_proxy_counts(proxy).accepted, 2);
  duo_close(a);
  duo c = {third, kit_accept()};
  say(c.client, "at last");
  expect(c.server, "at last");
  duo_close(b);
  duo_close(c);
}
END_TEST

/* ---- Reaching the upstream ---- */

static mf_tcp_problem create(const char *name, const char *listen, const char *upstream) {
  const mf_tcp_spec spec = {
      .name = mf_str_of(name), .listen = mf_str_of(listen), .upstream = mf_str_of(upstream)};
  return mf_tcp_proxy_create(proxies, &spec, &proxy, &tcp_error);
}

START_TEST(an_upstream_that_refuses_ends_the_connection) {
  char upstream[64];
  snprintf(upstream, sizeof upstream, "localhost:%u", loopback_dead_port());
  ck_assert_int_eq(create("dead", "127.0.0.1:0", upstream), MF_TCP_NONE);
  int client = kit_connect(mf_tcp_proxy_port(proxy));
  expect_end(client);
  ck_assert_int_eq(seen.failed, 1);
  ck_assert_int_eq(seen.last_failed.error, ECONNREFUSED);
  ck_assert_int_eq(seen.last_closed.reason, MF_TCP_UNREACHED);
  ck_assert_uint_eq(mf_tcp_proxy_counts(proxy).unreached, 1);
  kit_close(client);
}
END_TEST

static int asked;
static int answer(const char *name, const char *service, const struct addrinfo *hints,
                  struct addrinfo **out) {
  asked++;
  if (strcmp(name, "known.test") != 0) return EAI_NONAME;
  return getaddrinfo("127.0.0.1", service, hints, out);
}

START_TEST(names_are_looked_up_once_for_all_that_wait) {
  char upstream[64];
  snprintf(upstream, sizeof upstream, "%s:%u", _i ? "known.test" : "unknown.test", upstream_port);
  ck_assert_int_eq(create("named", "127.0.0.1:0", upstream), MF_TCP_NONE);
  proxy->lookup.ask = answer;
  asked = 0;
  int a = kit_connect(mf_tcp_proxy_port(proxy)), b = kit_connect(mf_tcp_proxy_port(proxy));
  if (_i) {
    say(a, "x");
    say(b, "x");
    int first = kit_accept(), second = kit_accept();
    expect(first, "x");
    expect(second, "x");
    duo_close((duo){first, second});
  } else {
    expect_end(a);
    expect_end(b);
    ck_assert_int_eq(seen.last_failed.error, 0);
  }
  ck_assert_int_le(asked, 2);
  duo_close((duo){a, b});
}
END_TEST

static bool allow_nothing(void *ctx, const struct sockaddr *address, socklen_t length) {
  (void)ctx;
  ck_assert_int_eq(address->sa_family, AF_INET);
  ck_assert_uint_eq(length, sizeof(struct sockaddr_in));
  return false;
}

START_TEST(addresses_that_are_not_allowed_are_not_reached) {
  kit_tear_down();
  kit_loop();
  mf_tcp_options options = kit_options();
  options.allow = allow_nothing;
  kit_start(options);
  int client = kit_connect(mf_tcp_proxy_port(proxy));
  expect_end(client);
  ck_assert_int_eq(seen.last_failed.error, EACCES);
  ck_assert(accept(upstream_fd, NULL, NULL) < 0);
  kit_close(client);
}
END_TEST

/* ---- Making and changing proxies ---- */

START_TEST(wrong_proxies_are_refused) {
  static const struct {
    const char *name, *listen, *upstream;
    mf_tcp_problem problem;
    int status;
    const char *text;
  } cases[] = {
      {"", "", "h:1", MF_TCP_MISSING_NAME, 400, "missing required field: name"},
      {"x", "", "", MF_TCP_MISSING_UPSTREAM, 400, "missing required field: upstream"},
      {"p", "", "h:1", MF_TCP_PROXY_EXISTS, 409, "proxy already exists"},
      {"x", "", "h", MF_TCP_BAD_ADDRESS, 400, "upstream should be host:port, not 'h'"},
      {"x", "", "h:65536", MF_TCP_BAD_ADDRESS, 400, "upstream should be host:port, not 'h:65536'"},
      {"x", "", "a b:1", MF_TCP_BAD_ADDRESS, 400, "upstream should be host:port, not 'a b:1'"},
      {"x", "here", "h:1", MF_TCP_BAD_ADDRESS, 400,
       "listen should be host:port with an address, localhost or no host, not 'here'"},
      {"x", "example.com:1", "h:1", MF_TCP_BAD_ADDRESS, 400,
       "listen should be host:port with an address, localhost or no host, not 'example.com:1'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_int_eq(create(cases[i].name, cases[i].listen, cases[i].upstream), cases[i].problem);
    ck_assert_str_eq(tcp_error.text, cases[i].text);
    ck_assert_int_eq(tcp_error.problem, cases[i].problem);
    ck_assert_int_eq(mf_tcp_problem_status(cases[i].problem), cases[i].status);
    ck_assert_ptr_null(proxy);
  }
  ck_assert_uint_eq(mf_tcp_proxies_count(proxies), 1);
}
END_TEST

START_TEST(a_port_in_use_is_told) {
  char listen[64], want[128];
  snprintf(listen, sizeof listen, "127.0.0.1:%u", upstream_port);
  snprintf(want, sizeof want, "listen tcp %s: bind: address already in use", listen);
  ck_assert_int_eq(create("x", listen, "h:1"), MF_TCP_LISTEN_FAILED);
  ck_assert_str_eq(tcp_error.text, want);
  ck_assert_int_eq(mf_tcp_problem_status(tcp_error.problem), 500);
}
END_TEST

START_TEST(a_proxy_comes_with_its_toxics_or_not_at_all) {
  mf_toxic_spec toxics[] = {{.type = MF_STR("latency")}, {.type = MF_STR("latency")}};
  mf_tcp_spec spec = {
      .name = MF_STR("x"), .upstream = MF_STR("h:1"), .toxics = toxics, .n_toxics = 2};
  ck_assert_int_eq(mf_tcp_proxy_create(proxies, &spec, NULL, &tcp_error), MF_TCP_TOXIC_EXISTS);
  ck_assert_ptr_null(mf_tcp_proxies_find(proxies, spec.name));
  toxics[1].stream = MF_STR("upstream");
  ck_assert_int_eq(mf_tcp_proxy_create(proxies, &spec, &proxy, &tcp_error), MF_TCP_NONE);
  ck_assert_uint_eq(mf_tcp_proxy_toxic_count(proxy), 2);
  ck_assert_str_eq(mf_tcp_proxy_toxic_at(proxy, 0).name, "latency_upstream");
  ck_assert_str_eq(mf_tcp_proxy_toxic_at(proxy, 1).name, "latency_downstream");
}
END_TEST

START_TEST(proxies_are_listed_by_name) {
  ck_assert_int_eq(create("z", "", "h:1"), MF_TCP_NONE);
  ck_assert_int_eq(create("a", "", "h:1"), MF_TCP_NONE);
  ck_assert_uint_eq(mf_tcp_proxies_count(proxies), 3);
  ck_assert_str_eq(mf_tcp_proxy_name(mf_tcp_proxies_at(proxies, 0)), "a");
  ck_assert_str_eq(mf_tcp_proxy_name(mf_tcp_proxies_at(proxies, 1)), "p");
  ck_assert_str_eq(mf_tcp_proxy_name(mf_tcp_proxies_at(proxies, 2)), "z");
  mf_tcp_proxy_delete(mf_tcp_proxies_find(proxies, MF_STR("p")));
  ck_assert_ptr_null(mf_tcp_proxies_find(proxies, MF_STR("p")));
  ck_assert_uint_eq(mf_tcp_proxies_count(proxies), 2);
}
END_TEST

START_TEST(localhost_is_both_families) {
  char want[64];
  struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
  ck_assert_int_eq(create("both", "localhost:0", "h:1"), MF_TCP_NONE);
  snprintf(want, sizeof want, "127.0.0.1:%u", mf_tcp_proxy_port(proxy));
  ck_assert_str_eq(mf_tcp_proxy_listen(proxy), want);
  kit_close(kit_connect(mf_tcp_proxy_port(proxy)));
  int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sa.sin6_port = htons(mf_tcp_proxy_port(proxy));
  int failed = connect(fd, (struct sockaddr *)&sa, sizeof sa);
  ck_assert(failed == 0 || errno == EADDRNOTAVAIL);
  close(fd);
}
END_TEST

START_TEST(a_disabled_proxy_ends_its_connections_and_keeps_its_port) {
  uint16_t port = mf_tcp_proxy_port(proxy);
  duo d = duo_open();
  ck_assert_int_eq(mf_tcp_proxy_enable(proxy, false, &tcp_error), MF_TCP_NONE);
  expect_end(d.client);
  expect_end(d.server);
  ck_assert_int_eq(seen.last_closed.reason, MF_TCP_DISABLED);
  ck_assert(!mf_tcp_proxy_enabled(proxy));
  ck_assert_uint_eq(mf_tcp_proxy_port(proxy), 0);
  duo_close(d);
  ck_assert_int_eq(mf_tcp_proxy_enable(proxy, true, &tcp_error), MF_TCP_NONE);
  ck_assert_uint_eq(mf_tcp_proxy_port(proxy), port);
  d = duo_open();
  say(d.client, "again");
  expect(d.server, "again");
  duo_close(d);
}
END_TEST

START_TEST(a_proxy_created_disabled_says_what_was_asked_for) {
  const mf_tcp_spec spec = {.name = MF_STR("x"),
                            .listen = MF_STR("localhost:0"),
                            .upstream = MF_STR("h:1"),
                            .disabled = true};
  ck_assert_int_eq(mf_tcp_proxy_create(proxies, &spec, &proxy, &tcp_error), MF_TCP_NONE);
  ck_assert_str_eq(mf_tcp_proxy_listen(proxy), "localhost:0");
  ck_assert_int_eq(mf_tcp_proxies_reset(proxies, &tcp_error), MF_TCP_NONE);
  ck_assert_uint_ne(mf_tcp_proxy_port(proxy), 0);
}
END_TEST

START_TEST(a_change_of_addresses_drops_connections_and_keeps_toxics) {
  char same[MF_TCP_ADDRESS];
  duo d = duo_open();
  ck_assert_int_eq(toxic("latency", "upstream", 1, "latency", 1.0, NULL), MF_TCP_NONE);
  snprintf(same, sizeof same, "%s", mf_tcp_proxy_listen(proxy));
  mf_tcp_change change = {.has_listen = true, .listen = mf_str_of(same)};
  ck_assert_int_eq(mf_tcp_proxy_change(proxy, &change, &tcp_error), MF_TCP_NONE);
  say(d.client, "still");
  expect(d.server, "still");
  change.has_upstream = true;
  change.upstream = MF_STR("nonsense");
  ck_assert_int_eq(mf_tcp_proxy_change(proxy, &change, &tcp_error), MF_TCP_BAD_ADDRESS);
  say(d.client, "here");
  expect(d.server, "here");
  change.upstream = MF_STR("127.0.0.1:1");
  ck_assert_int_eq(mf_tcp_proxy_change(proxy, &change, &tcp_error), MF_TCP_NONE);
  expect_end(d.client);
  ck_assert_str_eq(mf_tcp_proxy_upstream(proxy), "127.0.0.1:1");
  ck_assert_str_eq(mf_tcp_proxy_listen(proxy), same);
  ck_assert_uint_eq(mf_tcp_proxy_toxic_count(proxy), 1);
  duo_close(d);
}
END_TEST

START_TEST(connections_can_be_reset_on_demand) {
  duo d = duo_open();
  mf_tcp_proxy_reset_connections(proxy);
  expect_reset(d.client);
  expect_reset(d.server);
  ck_assert_str_eq(mf_tcp_reason_text(seen.last_closed.reason), "reset on demand");
  duo_close(d);
  d = duo_open();
  say(d.client, "new");
  expect(d.server, "new");
  duo_close(d);
}
END_TEST

START_TEST(changes_do_not_wait_for_a_reader_that_stalls) {
  enum { N = 50, CHANGES = 1000 };
  duo d[N];
  size_t sent[N] = {0}, got[N] = {0};
  double most = 0;
  for (int i = 0; i < N; i++) d[i] = duo_open();
  for (int k = 0; k < CHANGES; k++) {
    for (int i = 0; i < N; i++) sent[i] = pour(d[i].client, sent[i], sent[i] + 10000);
    double start = now_ms();
    switch (k % 4) {
      case 0: toxic("latency", "upstream", 1, "latency", 1.0, NULL); break;
      case 1: toxic("bandwidth", "upstream", 1, "rate", 50000.0, NULL); break;
      case 2: take_away("latency"); break;
      default: mf_tcp_proxies_reset(proxies, &tcp_error); break;
    }
    double took = now_ms() - start;
    if (took > most) most = took;
    mf_loop_run_once(loop, 0);
    for (int i = 1; i < N; i++) got[i] = drink(d[i].server, got[i]); /* not the first */
  }
  ck_assert_double_lt(most, 100);
  for (int i = 0; i < N; i++) shutdown(d[i].client, SHUT_WR);
  for (int i = 0; i < N; i++) UNTIL((got[i] = drink(d[i].server, got[i])) == sent[i]);
  for (int i = 0; i < N; i++) expect_end(d[i].server);
  for (int i = 0; i < N; i++) duo_close(d[i]);
}
END_TEST

/* ---- Short of memory ---- */

/* A life with everything in it, whatever fails. */
static void live(void) {
  mf_toxic_spec latency = {.type = MF_STR("latency")};
  mf_toxic_value one = {MF_STR("latency"), 1}, small = {MF_STR("average_size"), 1};
  latency.values = &one;
  latency.n_values = 1;
  mf_toxic_spec slicer = {.type = MF_STR("slicer"), .values = &small, .n_values = 1};
  char upstream[64];
  snprintf(upstream, sizeof upstream, "localhost:%u", upstream_port);
  mf_tcp_spec spec = {
      .name = MF_STR("x"), .listen = MF_STR("127.0.0.1:0"), .toxics = &slicer, .n_toxics = 1};
  spec.upstream = mf_str_of(upstream);
  mf_tcp_proxy *x;
  if (mf_tcp_proxy_create(proxies, &spec, &x, NULL)) return;
  int client = kit_connect(mf_tcp_proxy_port(x)), server = -1;
  for (int i = 0; i < 20 && server < 0; i++) {
    mf_loop_run_once(loop, MF_NS_PER_MS);
    server = accept4(upstream_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (seen.closed) break;
  }
  if (server >= 0) {
    kit_watch(server, MF_READABLE);
    (void)mf_tcp_proxy_add_toxic(x, &latency, NULL, NULL);
    (void)!send(server, "some bytes", 10, MSG_NOSIGNAL);
    char got[16];
    size_t n = 0;
    for (int i = 0; i < 50 && n < 10 && !seen.closed; i++) {
      ssize_t some = recv(client, got + n, sizeof got - n, 0);
      if (some > 0) n += (size_t)some;
      mf_loop_run_once(loop, MF_NS_PER_MS);
    }
    if (!seen.closed) ck_assert_msg(n == 10 && !memcmp(got, "some bytes", n), "%zu bytes", n);
    if (seen.closed) ck_assert_int_eq(seen.last_closed.reason, MF_TCP_NO_MEMORY);
  }
  kit_close(client);
  kit_close(server);
}

START_TEST(every_allocation_may_fail) {
  bool failed = true;
  kit_tear_down();
  for (uint64_t n = 1; failed; n++) {
    kit_loop();
    counting.fail_at = n;
    mf_tcp_options options = kit_options();
    proxies = NULL;
    if (mf_tcp_proxies_new(&options, &proxies) == MF_OK) live();
    mf_tcp_proxies_free(proxies);
    failed = counting.calls >= n;
    ck_assert_uint_eq(counting.in_use, 0);
    kit_close(upstream_fd);
    mf_loop_free(loop);
    ck_assert_uint_lt(n, 1000);
  }
  kit_set_up();
}
END_TEST

Suite *stdlib_tcp_proxy_suite(void) {
  Suite *suite = suite_create("stdlib_tcp_proxy");
  TCase *tc = tcase_create("tcp_proxy");
  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, kit_set_up, kit_tear_down);
  tcase_add_test(tc, bytes_go_both_ways_and_are_counted);
  tcase_add_loop_test(tc, the_end_of_one_direction_is_not_the_end_of_the_other, 0, 2);
  tcase_add_loop_test(tc, a_reset_is_passed_on_behind_the_bytes_before_it, 0, 2);
  tcase_add_test(tc, a_reset_after_an_end_is_passed_on);
  tcase_add_test(tc, what_the_client_says_before_the_upstream_is_there_arrives);
  tcase_add_loop_test(tc, large_streams_arrive_whole_and_nothing_is_read_ahead, 0, 2);
  tcase_add_test(tc, a_reset_comes_through_while_the_other_side_does_not_read);
  tcase_add_test(tc, a_broken_pipe_raises_no_signal);
  tcase_add_test(tc, connections_over_the_limit_wait);
  tcase_add_test(tc, an_upstream_that_refuses_ends_the_connection);
  tcase_add_loop_test(tc, names_are_looked_up_once_for_all_that_wait, 0, 2);
  tcase_add_test(tc, addresses_that_are_not_allowed_are_not_reached);
  tcase_add_test(tc, wrong_proxies_are_refused);
  tcase_add_test(tc, a_port_in_use_is_told);
  tcase_add_test(tc, a_proxy_comes_with_its_toxics_or_not_at_all);
  tcase_add_test(tc, proxies_are_listed_by_name);
  tcase_add_test(tc, localhost_is_both_families);
  tcase_add_test(tc, a_disabled_proxy_ends_its_connections_and_keeps_its_port);
  tcase_add_test(tc, a_proxy_created_disabled_says_what_was_asked_for);
  tcase_add_test(tc, a_change_of_addresses_drops_connections_and_keeps_toxics);
  tcase_add_test(tc, connections_can_be_reset_on_demand);
  tcase_add_test(tc, changes_do_not_wait_for_a_reader_that_stalls);
  tcase_add_test(tc, every_allocation_may_fail);
  suite_add_tcase(suite, tc);
  return suite;
}
