/* SPDX-License-Identifier: MIT */
/* What each toxic does, measured by plain sockets on both sides. */
#include "stdlib_tcp_proxy_kit.h"

Suite *stdlib_tcp_proxy_toxics_suite(void);

#define OK(call) ck_assert_msg((call) == MF_TCP_NONE, "%s", tcp_error.text)
/* The machine may be busy: late is allowed, early never. */
#define TOOK(ms, least) ck_assert_msg((ms) >= (least) && (ms) < (least) + 150, "%g ms", ms)

/* ---- latency ---- */

START_TEST(latency_delays_one_way_by_so_much) {
  OK(toxic("latency", "upstream", 1, "latency", 30.0, NULL));
  duo d = duo_open();
  double least = 1e9;
  for (int i = 0; i < 5; i++) {
    double start = now_ms();
    say(d.client, "x");
    expect(d.server, "x");
    double took = now_ms() - start;
    TOOK(took, 30);
    if (took < least) least = took;
    say(d.server, "y");
    expect(d.client, "y");
  }
  ck_assert_double_lt(least, 40);
  ck_assert_uint_eq(info_of("latency").acted, 5);
  ck_assert_uint_eq(info_of("latency").connections, 1);
  duo_close(d);
}
END_TEST

START_TEST(latency_of_bytes_sent_one_after_the_other_does_not_add_up) {
  OK(toxic("latency", "upstream", 1, "latency", 50.0, NULL));
  duo d = duo_open();
  double start = now_ms();
  say(d.client, "a");
  while (now_ms() < start + 20) mf_loop_run_once(loop, MF_NS_PER_MS);
  say(d.client, "b");
  expect(d.server, "a");
  TOOK(now_ms() - start, 50);
  expect(d.server, "b");
  TOOK(now_ms() - start, 70);
  duo_close(d);
}
END_TEST

START_TEST(jitter_spreads_and_keeps_order) {
  OK(toxic("latency", "downstream", 1, "latency", 5.0, "jitter", 5.0, NULL));
  duo d = duo_open();
  double least = 1e9, most = 0;
  for (int i = 0; i < 30; i++) {
    double start = now_ms();
    say(d.server, "ab");
    turn();
    say(d.server, "cd");
    expect(d.client, "abcd");
    double took = now_ms() - start;
    if (took < least) least = took;
    if (took > most) most = took;
  }
  ck_assert_double_lt(least, 9);
  ck_assert_double_gt(most, least + 2);
  duo_close(d);
}
END_TEST

START_TEST(latency_delays_the_end_too) {
  OK(toxic("latency", "upstream", 1, "latency", 30.0, NULL));
  duo d = duo_open();
  double start = now_ms();
  say(d.client, "x");
  shutdown(d.client, SHUT_WR);
  expect(d.server, "x");
  expect_end(d.server);
  TOOK(now_ms() - start, 30);
  say(d.server, "y");
  expect(d.client, "y");
  duo_close(d);
}
END_TEST

START_TEST(a_change_of_latency_acts_on_what_is_under_way) {
  OK(toxic("latency", "upstream", 1, "latency", 60000.0, NULL));
  duo d = duo_open();
  double start = now_ms();
  say(d.client, "slow");
  UNTIL(mf_tcp_proxy_counts(proxy).received[MF_UPSTREAM] == 4);
  OK(change("latency", "latency", 40.0, NULL));
  expect(d.server, "slow");
  TOOK(now_ms() - start, 40);
  duo_close(d);
}
END_TEST

START_TEST(removal_lets_go_of_what_is_under_way_in_order) {
  OK(toxic("latency", "upstream", 1, "latency", 60000.0, NULL));
  OK(toxic("slicer", "upstream", 1, "average_size", 2.0, NULL));
  duo d = duo_open();
  say(d.client, "first ");
  UNTIL(mf_tcp_proxy_counts(proxy).received[MF_UPSTREAM] == 6);
  OK(take_away("latency"));
  say(d.client, "second");
  expect(d.server, "first second");
  duo_close(d);
}
END_TEST

/* ---- bandwidth ---- */

START_TEST(bandwidth_is_as_set) {
  static const double rates[] = {100, 1000, 20000};
  static char block[65536], got[65536];
  double rate = rates[_i];
  size_t all = (size_t)(rate * 300), sent = 0, n = 0; /* 300 ms */
  OK(toxic("bandwidth", "upstream", 1, "rate", rate, NULL));
  duo d = duo_open();
  double start = now_ms();
  while (n < all) {
    size_t want = all - sent < sizeof block ? all - sent : sizeof block;
    ssize_t some = want ? send(d.client, block, want, MSG_NOSIGNAL) : 0;
    if (some > 0) sent += (size_t)some;
    some = recv(d.server, got, sizeof got, 0);
    if (some > 0) n += (size_t)some;
    if (some <= 0) turn();
  }
  double took = now_ms() - start;
  ck_assert_msg(took >= 300 * 0.98 && took < 300 * 1.02 + 100, "%g ms", took);
  duo_close(d);
}
END_TEST

START_TEST(bandwidth_0_holds_everything_until_it_is_changed) {
  OK(toxic("bandwidth", "upstream", 1, "rate", 0.0, NULL));
  duo d = duo_open();
  say(d.client, "held");
  shutdown(d.client, SHUT_WR);
  expect_silence(d.server, 20);
  OK(change("bandwidth", "rate", 1000.0, NULL));
  expect(d.server, "held");
  expect_end(d.server);
  duo_close(d);
}
END_TEST

/* ---- slow_close, timeout, reset_peer ---- */

START_TEST(slow_close_holds_back_the_end_only) {
  OK(toxic("slow_close", "upstream", 1, "delay", 60.0, NULL));
  duo d = duo_open();
  double start = now_ms();
  say(d.client, "x");
  shutdown(d.client, SHUT_WR);
  expect(d.server, "x");
  ck_assert_double_lt(now_ms() - start, 50);
  expect_end(d.server);
  TOOK(now_ms() - start, 60);
  ck_assert_uint_eq(info_of("slow_close").acted, 1);
  duo_close(d);
}
END_TEST

START_TEST(timeout_drops_and_closes_after_silence) {
  OK(toxic("timeout", "upstream", 1, "timeout", 50.0, NULL));
  duo d = duo_open();
  double start = now_ms();
  while (now_ms() < start + 20) mf_loop_run_once(loop, MF_NS_PER_MS);
  say(d.client, "dropped");
  start = now_ms();
  say(d.server, "the other way is open");
  expect(d.client, "the other way is open");
  expect_end(d.server);
  TOOK(now_ms() - start, 50);
  expect_end(d.client);
  ck_assert_int_eq(seen.last_closed.reason, MF_TCP_CUT);
  ck_assert_str_eq(seen.toxic, "timeout");
  ck_assert_uint_eq(mf_tcp_proxy_counts(proxy).cut, 1);
  duo_close(d);
}
END_TEST

START_TEST(timeout_0_never_closes_and_its_removal_cuts_what_lost_bytes) {
  OK(toxic("timeout", "upstream", 1, "timeout", 0.0, NULL));
  duo loser = duo_open(), idle = duo_open();
  say(loser.client, "dropped");
  expect_silence(loser.server, 20);
  OK(take_away("timeout"));
  expect_end(loser.client);
  expect_end(loser.server);
  say(idle.client, "unharmed");
  expect(idle.server, "unharmed");
  duo_close(loser);
  duo_close(idle);
}
END_TEST

START_TEST(reset_peer_resets_open_connections_too) {
  duo d = duo_open();
  OK(toxic("reset_peer", "downstream", 1, "timeout", 40.0, NULL));
  say(d.client, "in");
  expect(d.server, "in");
  double start = now_ms();
  say(d.server, "out");
  expect_reset(d.client);
  TOOK(now_ms() - start, 40);
  expect_reset(d.server);
  ck_assert_str_eq(seen.toxic, "reset_peer");
  duo_close(d);
}
END_TEST

START_TEST(reset_peer_that_is_removed_in_time_loses_nothing) {
  OK(toxic("reset_peer", "upstream", 1, "timeout", 60000.0, NULL));
  duo d = duo_open();
  say(d.client, "spared");
  expect_silence(d.server, 10);
  OK(take_away("reset_peer"));
  expect(d.server, "spared");
  duo_close(d);
}
END_TEST

/* ---- slicer, limit_data ---- */

START_TEST(slicer_sends_pieces_with_pauses) {
  char got[64];
  OK(toxic("slicer", "upstream", 1, "average_size", 4.0, "size_variation", 2.0, "delay", 5000.0,
           NULL));
  duo d = duo_open();
  double start = now_ms();
  say(d.client, "0123456789abcdefghijklmnopqrstuvwxyzABCD");
  size_t n = 0;
  int pieces = 0;
  while (n < 40) {
    ssize_t some = hear(d.server, got + n, sizeof got - n);
    ck_assert_int_gt(some, 0);
    n += (size_t)some;
    pieces++;
  }
  ck_assert(!memcmp(got, "0123456789abcdefghijklmnopqrstuvwxyzABCD", 40));
  ck_assert_msg(pieces >= 5 && pieces <= 20, "%d pieces", pieces);
  /* Pieces of 2 to 6 bytes: 6 pauses at least. */
  ck_assert_double_ge(now_ms() - start, 6 * 5);
  ck_assert_double_lt(now_ms() - start, 20 * 5 + 150);
  duo_close(d);
}
END_TEST

START_TEST(limit_data_passes_so_many_bytes_through_later_toxics) {
  OK(toxic("limit_data", "upstream", 1, "bytes", 10.0, NULL));
  OK(toxic("latency", "upstream", 1, "latency", 20.0, NULL));
  duo d = duo_open();
  say(d.client, "0123456");
  expect(d.server, "0123456");
  OK(change("limit_data", "bytes", 9.0, NULL)); /* the count goes on */
  say(d.client, "789abc");
  expect(d.server, "78");
  expect_end(d.server);
  expect_end(d.client);
  ck_assert_str_eq(seen.toxic, "limit_data");
  duo_close(d);
}
END_TEST

START_TEST(limit_data_that_is_lowered_cuts_at_once) {
  OK(toxic("limit_data", "upstream", 1, "bytes", 100.0, NULL));
  duo d = duo_open();
  say(d.client, "0123456");
  expect(d.server, "0123456");
  OK(change("limit_data", "bytes", 5.0, NULL));
  expect_end(d.server);
  duo_close(d);
}
END_TEST

/* ---- ours ---- */

START_TEST(packet_loss_delays_and_loses_nothing) {
  OK(toxic("packet_loss", "upstream", 1, "loss_rate", 1.0, "retransmit", 1.0, NULL));
  duo d = duo_open();
  double start = now_ms();
  say(d.client, "at last");
  expect(d.server, "at last");
  TOOK(now_ms() - start, 1 + 2 + 4 + 8 + 16 + 32); /* six times */
  ck_assert_uint_eq(info_of("packet_loss").acted, 6);
  OK(change("packet_loss", "loss_rate", 0.0, NULL));
  start = now_ms();
  say(d.client, "again");
  expect(d.server, "again");
  ck_assert_double_lt(now_ms() - start, 60);
  duo_close(d);
}
END_TEST

START_TEST(packets_are_lost_at_their_rate) {
  OK(toxic("packet_loss", "upstream", 1, "loss_rate", 0.1, "retransmit", 1.0, NULL));
  static char block[1460 * 1000], got[65536];
  size_t sent = 0, n = 0;
  duo d = duo_open();
  while (n < sizeof block) {
    ssize_t some = sent < sizeof block
                       ? send(d.client, block + sent, sizeof block - sent, MSG_NOSIGNAL)
                       : 0;
    if (some > 0) sent += (size_t)some;
    some = recv(d.server, got, sizeof got, 0);
    if (some > 0)
      n += (size_t)some;
    else
      turn();
  }
  uint64_t lost = info_of("packet_loss").acted;
  ck_assert_msg(lost > 60 && lost < 180, "%u", (unsigned)lost);
  duo_close(d);
}
END_TEST

START_TEST(down_resets_open_and_new_connections) {
  duo d = duo_open();
  OK(toxic("down", "downstream", 1, NULL));
  expect_reset(d.client);
  expect_reset(d.server);
  duo_close(d);
  int client = kit_connect(mf_tcp_proxy_port(proxy));
  expect_reset(client);
  kit_close(client);
  ck_assert_uint_eq(mf_tcp_proxy_counts(proxy).cut, 2);
  OK(take_away("down"));
  d = duo_open();
  say(d.client, "up");
  expect(d.server, "up");
  duo_close(d);
}
END_TEST

START_TEST(noop_does_nothing) {
  OK(toxic("noop", "upstream", 1, NULL));
  duo d = duo_open();
  say(d.client, "x");
  shutdown(d.client, SHUT_WR);
  expect(d.server, "x");
  expect_end(d.server);
  ck_assert_uint_eq(info_of("noop").acted, 0);
  duo_close(d);
}
END_TEST

/* ---- Dice ---- */

enum { CONNECTIONS = 200 };
/* Which of so many connections are down, whose number is within the toxicity. */
static int count_hits(double toxicity, bool *hits) {
  int n = 0;
  kit_tear_down();
  kit_set_up();
  OK(toxic("down", "downstream", toxicity, NULL));
  for (int i = 0; i < CONNECTIONS; i++) {
    int fd = kit_connect(mf_tcp_proxy_port(proxy)), before = seen.closed + seen.opened;
    UNTIL(seen.closed + seen.opened > before);
    hits[i] = mf_tcp_proxy_counts(proxy).cut > (uint64_t)n;
    n += hits[i];
    kit_reset(fd);
    UNTIL(mf_tcp_proxy_counts(proxy).open == 0);
  }
  return n;
}

START_TEST(toxicity_hits_its_share_and_a_seed_repeats_it) {
  static bool first[CONNECTIONS], again[CONNECTIONS], more[CONNECTIONS];
  int n = count_hits(0.3, first);
  ck_assert_msg(n > 40 && n < 80, "%d of 200", n);
  ck_assert_int_eq(count_hits(0.3, again), n);
  ck_assert(!memcmp(first, again, sizeof first));
  ck_assert_int_gt(count_hits(0.6, more), n);
  for (int i = 0; i < CONNECTIONS; i++) ck_assert(more[i] || !first[i]);
}
END_TEST

START_TEST(a_change_does_not_throw_the_dice_again) {
  enum { N = 40 };
  duo d[N];
  mf_toxic_spec spec = {.has_toxicity = true};
  OK(toxic("latency", "upstream", 0.5, "latency", 60000.0, NULL));
  for (int i = 0; i < N; i++) d[i] = duo_open();
  uint64_t hit = info_of("latency").connections;
  ck_assert(hit > 8 && hit < 32);
  for (int i = 0; i < 10; i++) OK(change("latency", "latency", 60000.0 + i, NULL));
  ck_assert_uint_eq(info_of("latency").connections, hit);
  ck_assert_int_eq(seen.began, (int)hit);
  for (int i = 0; i < N; i++) say(d[i].client, "x");
  spec.toxicity = 0; /* lets all go */
  OK(mf_tcp_proxy_change_toxic(proxy, MF_STR("latency"), &spec, NULL, &tcp_error));
  for (int i = 0; i < N; i++) expect(d[i].server, "x");
  spec.toxicity = 0.5; /* hits the same */
  OK(mf_tcp_proxy_change_toxic(proxy, MF_STR("latency"), &spec, NULL, &tcp_error));
  ck_assert_uint_eq(info_of("latency").connections, 2 * hit);
  for (int i = 0; i < N; i++) duo_close(d[i]);
}
END_TEST

/* ---- Half-close ---- */

START_TEST(with_each_toxic_an_end_loses_no_byte) {
  static const char *const types[] = {"latency",     "bandwidth",  "slow_close", "slicer",
                                      "packet_loss", "limit_data", "noop"};
  static char block[20000], got[20001];
  const char *type = types[_i];
  for (size_t i = 0; i < sizeof block; i++) block[i] = (char)(i * 7919 >> 3);
  for (int i = 0; i < 2; i++) {
    const char *stream = i ? "upstream" : "downstream";
    const mf_toxic_value values[] = {{MF_STR("latency"), 5},       {MF_STR("jitter"), 5},
                                     {MF_STR("rate"), 2000},       {MF_STR("delay"), 10},
                                     {MF_STR("average_size"), 50}, {MF_STR("bytes"), 1e6},
                                     {MF_STR("retransmit"), 1}};
    for (size_t k = 0; k <= sizeof values / sizeof *values; k++) {
      mf_toxic_spec spec = {.type = mf_str_of(type), .stream = mf_str_of(stream)};
      if (k == 0) OK(mf_tcp_proxy_add_toxic(proxy, &spec, NULL, &tcp_error));
      char name[64];
      snprintf(name, sizeof name, "%s_%s", type, stream);
      spec.values = &values[k ? k - 1 : 0];
      spec.n_values = 1;
      (void)mf_tcp_proxy_change_toxic(proxy, mf_str_of(name), &spec, NULL, NULL);
    }
  }
  duo d = duo_open();
  int ends[] = {d.client, d.server};
  for (int i = 0; i < 2; i++) { /* the second speaks when the first has ended */
    size_t n = 0;
    ck_assert_int_eq(send(ends[i], block, sizeof block, MSG_NOSIGNAL), sizeof block);
    shutdown(ends[i], SHUT_WR);
    for (ssize_t some; (some = hear(ends[!i], got + n, sizeof got - n)) != 0; n += (size_t)some)
      ck_assert_int_gt(some, 0);
    ck_assert_uint_eq(n, sizeof block);
    ck_assert(!memcmp(block, got, n));
  }
  UNTIL(seen.closed);
  ck_assert_int_eq(seen.last_closed.reason, MF_TCP_ENDED);
  duo_close(d);
}
END_TEST

/* ---- What is asked for ---- */

START_TEST(wrong_toxics_are_refused) {
  const mf_toxic_value late = {MF_STR("latency"), -1}, part = {MF_STR("latency"), 1.5},
                       odd = {MF_STR("speed"), 1}, sure = {MF_STR("loss_rate"), 2};
  const struct {
    mf_toxic_spec spec;
    mf_tcp_problem problem;
    const char *text;
  } cases[] = {
      {{.type = MF_STR("slow")}, MF_TCP_BAD_TYPE, "invalid toxic type"},
      {{.type = MF_STR("latency"), .stream = MF_STR("up")},
       MF_TCP_BAD_STREAM,
       "stream was invalid, can be either upstream or downstream"},
      {{.type = MF_STR("noop"), .has_toxicity = true, .toxicity = 7},
       MF_TCP_BAD_TOXICITY,
       "toxicity was invalid, must be between 0 and 1"},
      {{.type = MF_STR("latency"), .values = &late, .n_values = 1},
       MF_TCP_BAD_ATTRIBUTE,
       "attribute 'latency' must be between 0 and 3600000"},
      {{.type = MF_STR("latency"), .values = &part, .n_values = 1},
       MF_TCP_BAD_ATTRIBUTE,
       "attribute 'latency' must be a whole number"},
      {{.type = MF_STR("latency"), .values = &odd, .n_values = 1},
       MF_TCP_BAD_ATTRIBUTE,
       "a latency toxic has no attribute 'speed'"},
      {{.type = MF_STR("packet_loss"), .values = &sure, .n_values = 1},
       MF_TCP_BAD_ATTRIBUTE,
       "attribute 'loss_rate' must be between 0 and 1"},
      {{.type = MF_STR("noop"), .name = MF_STR("latency")},
       MF_TCP_TOXIC_EXISTS,
       "toxic already exists"},
  };
  OK(toxic("latency", "upstream", 1, NULL));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_int_eq(mf_tcp_proxy_add_toxic(proxy, &cases[i].spec, NULL, &tcp_error),
                     cases[i].problem);
    ck_assert_str_eq(tcp_error.text, cases[i].text);
  }
  ck_assert_int_eq(change("other", NULL), MF_TCP_TOXIC_NOT_FOUND);
  ck_assert_int_eq(take_away("other"), MF_TCP_TOXIC_NOT_FOUND);
  ck_assert_uint_eq(mf_tcp_proxy_toxic_count(proxy), 1);
  ck_assert_int_eq(change("latency", "latency", -5.0, NULL), MF_TCP_BAD_ATTRIBUTE);
  ck_assert_double_eq(info_of("latency").values[0], 0);
}
END_TEST

START_TEST(toxiproxys_leniency_can_be_had) {
  kit_tear_down();
  kit_loop();
  mf_tcp_options options = kit_options();
  options.lenient = true;
  kit_start(options);
  const mf_toxic_value values[] = {{MF_STR("latency"), -10}, {MF_STR("speed"), 1}};
  const mf_toxic_spec spec = {.type = MF_STR("latency"),
                              .stream = MF_STR("UPSTREAM"),
                              .has_toxicity = true,
                              .toxicity = 7,
                              .values = values,
                              .n_values = 2};
  mf_toxic_info info;
  OK(mf_tcp_proxy_add_toxic(proxy, &spec, &info, &tcp_error));
  ck_assert_str_eq(info.name, "latency_UPSTREAM");
  ck_assert_str_eq(info.stream_text, "UPSTREAM");
  ck_assert_int_eq(info.stream, MF_UPSTREAM);
  ck_assert_double_eq(info.toxicity, 7);
  duo d = duo_open();
  say(d.client, "x");
  expect(d.server, "x");
  duo_close(d);
}
END_TEST

START_TEST(toxics_are_listed_with_their_values) {
  const mf_toxic_attribute *attributes[MF_TOXIC_ATTRIBUTES];
  OK(toxic("packet_loss", "downstream", 0.5, "retransmit", 7.0, NULL));
  OK(toxic("latency", "upstream", 1, "latency", 0.0, NULL));
  mf_toxic_info info = mf_tcp_proxy_toxic_at(proxy, 0);
  ck_assert_str_eq(info.name, "latency");
  info = mf_tcp_proxy_toxic_at(proxy, 1);
  ck_assert_str_eq(mf_toxic_type_name(info.kind), "packet_loss");
  ck_assert_uint_eq(mf_toxic_attributes(info.kind, attributes), 3);
  ck_assert_str_eq(attributes[2]->name, "retransmit");
  ck_assert_double_eq(info.values[0], 0.1);
  ck_assert_double_eq(info.values[2], 7);
  ck_assert_double_eq(info.toxicity, 0.5);
  OK(mf_tcp_proxies_reset(proxies, &tcp_error));
  ck_assert_uint_eq(mf_tcp_proxy_toxic_count(proxy), 0);
}
END_TEST

Suite *stdlib_tcp_proxy_toxics_suite(void) {
  Suite *suite = suite_create("stdlib_tcp_proxy_toxics");
  TCase *tc = tcase_create("toxics");
  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, kit_set_up, kit_tear_down);
  tcase_add_test(tc, latency_delays_one_way_by_so_much);
  tcase_add_test(tc, latency_of_bytes_sent_one_after_the_other_does_not_add_up);
  tcase_add_test(tc, jitter_spreads_and_keeps_order);
  tcase_add_test(tc, latency_delays_the_end_too);
  tcase_add_test(tc, a_change_of_latency_acts_on_what_is_under_way);
  tcase_add_test(tc, removal_lets_go_of_what_is_under_way_in_order);
  tcase_add_loop_test(tc, bandwidth_is_as_set, 0, 3);
  tcase_add_test(tc, bandwidth_0_holds_everything_until_it_is_changed);
  tcase_add_test(tc, slow_close_holds_back_the_end_only);
  tcase_add_test(tc, timeout_drops_and_closes_after_silence);
  tcase_add_test(tc, timeout_0_never_closes_and_its_removal_cuts_what_lost_bytes);
  tcase_add_test(tc, reset_peer_resets_open_connections_too);
  tcase_add_test(tc, reset_peer_that_is_removed_in_time_loses_nothing);
  tcase_add_test(tc, slicer_sends_pieces_with_pauses);
  tcase_add_test(tc, limit_data_passes_so_many_bytes_through_later_toxics);
  tcase_add_test(tc, limit_data_that_is_lowered_cuts_at_once);
  tcase_add_test(tc, packet_loss_delays_and_loses_nothing);
  tcase_add_test(tc, packets_are_lost_at_their_rate);
  tcase_add_test(tc, down_resets_open_and_new_connections);
  tcase_add_test(tc, noop_does_nothing);
  tcase_add_test(tc, toxicity_hits_its_share_and_a_seed_repeats_it);
  tcase_add_test(tc, a_change_does_not_throw_the_dice_again);
  tcase_add_loop_test(tc, with_each_toxic_an_end_loses_no_byte, 0, 7);
  tcase_add_test(tc, wrong_toxics_are_refused);
  tcase_add_test(tc, toxiproxys_leniency_can_be_had);
  tcase_add_test(tc, toxics_are_listed_with_their_values);
  suite_add_tcase(suite, tc);
  return suite;
}
