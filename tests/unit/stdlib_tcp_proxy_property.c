/* SPDX-License-Identifier: MIT */
/* Connections to an echo, and toxics that are added, changed and removed at random while
 * they talk.  What comes back is what was sent, byte for byte, up to where a toxic cut the
 * connection; if none did, all of it, and then the end.  TCP_PROXY_SEEDS=1000 tries so many. */
#include "stdlib_tcp_proxy_kit.h"

Suite *stdlib_tcp_proxy_property_suite(void);

enum { TALKS = 8, MOST = 150000, ECHO = 32768 };

static uint64_t dice;
static uint32_t below(uint32_t n) { return (uint32_t)(mf_dice_roll(&dice) * n); }

typedef struct talk {
  duo d;
  uint32_t sent, got, all;
  char echo[ECHO];
  size_t echo_at, echo_n;
  bool said_end, echo_ended, over, cut;
} talk;
static talk talks[TALKS];

static char byte_at(int which, uint32_t i) {
  return (char)((i + (uint32_t)which * 77777u) * 2654435761u >> 15);
}

static void note_cut(void *ctx, const mf_tcp_event *event) {
  (void)ctx;
  if (event->kind != MF_TCP_CLOSED) return;
  talk *t = &talks[event->connection - 1];
  if (event->reason == MF_TCP_CUT)
    t->cut = true;
  else if (!t->cut)
    ck_assert_msg(event->reason == MF_TCP_ENDED, "%s", mf_tcp_reason_text(event->reason));
}

/* ---- The two sides ---- */

static void client_sends(talk *t) {
  char block[8192];
  uint32_t n = 1 + below(below(4) ? 300 : sizeof block);
  if (t->said_end || t->over) return;
  if (n > t->all - t->sent) n = t->all - t->sent;
  for (uint32_t i = 0; i < n; i++) block[i] = byte_at((int)(t - talks), t->sent + i);
  ssize_t some = n ? send(t->d.client, block, n, MSG_NOSIGNAL) : 0;
  if (some > 0) t->sent += (uint32_t)some;
  if (t->sent < t->all) return;
  shutdown(t->d.client, SHUT_WR);
  t->said_end = true;
}

static void client_hears(talk *t) {
  char block[8192];
  if (t->over) return;
  ssize_t n = recv(t->d.client, block, 1 + below(sizeof block - 1), 0);
  if (n < 0 && errno == EAGAIN) return;
  for (ssize_t i = 0; i < n; i++, t->got++)
    ck_assert_msg(block[i] == byte_at((int)(t - talks), t->got), "byte %u", t->got);
  if (n <= 0) t->over = true;
}

static void server_echoes(talk *t) {
  if (!t->echo_ended && t->echo_n == 0) {
    ssize_t n = recv(t->d.server, t->echo, 1 + below(ECHO - 1), 0);
    t->echo_at = 0;
    t->echo_n = n > 0 ? (size_t)n : 0;
    if (n > 0 || (n < 0 && errno == EAGAIN)) return;
    t->echo_ended = true;
    shutdown(t->d.server, SHUT_WR);
  }
  if (t->echo_n == 0) return;
  ssize_t n = send(t->d.server, t->echo + t->echo_at, t->echo_n, MSG_NOSIGNAL);
  if (n < 0) return;
  t->echo_at += (size_t)n;
  t->echo_n -= (size_t)n;
}

/* ---- The toxics ---- */

static const struct {
  const char *type, *attribute;
  uint32_t least, most;
} choices[] = {
    {"latency", "latency", 0, 4},
    {"latency", "jitter", 0, 4},
    {"bandwidth", "rate", 2000, 60000},
    {"slicer", "average_size", 100, 3000},
    {"slicer", "size_variation", 0, 2000},
    {"slicer", "delay", 0, 200},
    {"slow_close", "delay", 0, 4},
    {"packet_loss", "retransmit", 1, 3},
    {"noop", NULL, 0, 0},
    {"limit_data", "bytes", 1000, 900000},
    {"reset_peer", "timeout", 0, 3},
    {"timeout", "timeout", 1, 5},
};
enum { CHOICES = sizeof choices / sizeof *choices, HARMLESS = CHOICES - 3 };

static void play(bool may_cut) {
  uint32_t which = below(may_cut && below(8) == 0 ? CHOICES : HARMLESS);
  const char *stream = below(2) ? "upstream" : "downstream";
  char name[64];
  mf_toxic_value value = {mf_str_of(choices[which].attribute), 0};
  value.value = choices[which].least + below(choices[which].most - choices[which].least + 1);
  const mf_toxic_spec spec = {.type = mf_str_of(choices[which].type),
                              .stream = mf_str_of(stream),
                              .has_toxicity = true,
                              .toxicity = below(3) ? 1 : 0.5,
                              .values = &value,
                              .n_values = choices[which].attribute ? 1 : 0};
  snprintf(name, sizeof name, "%s_%s", choices[which].type, stream);
  mf_tcp_problem problem = MF_TCP_NONE;
  if (below(3) == 0)
    (void)mf_tcp_proxy_remove_toxic(proxy, mf_str_of(name), &tcp_error);
  else if (mf_tcp_proxy_toxic_find(proxy, mf_str_of(name), &(mf_toxic_info){0}))
    problem = mf_tcp_proxy_change_toxic(proxy, mf_str_of(name), &spec, NULL, &tcp_error);
  else
    problem = mf_tcp_proxy_add_toxic(proxy, &spec, NULL, &tcp_error);
  ck_assert_msg(problem == MF_TCP_NONE, "%s", tcp_error.text);
}

static bool all_over(void) {
  for (int i = 0; i < TALKS; i++)
    if (!talks[i].over) return false;
  return true;
}

static void run_seed(uint64_t seed, bool may_cut) {
  dice = seed;
  memset(talks, 0, sizeof talks);
  kit_loop();
  mf_tcp_options options = kit_options();
  options.seed = seed;
  options.event = note_cut;
  kit_start(options);
  for (int i = 0; i < 3; i++) play(false);
  for (int i = 0; i < TALKS; i++) {
    talks[i].all = below(below(2) ? MOST : 5000);
    talks[i].d = duo_open();
  }
  int64_t end = mf_clock_monotonic() + 3 * LIMIT_NS;
  for (uint32_t step = 0; !all_over(); step++) {
    ck_assert_msg(mf_clock_monotonic() < end, "seed %u hangs", (unsigned)seed);
    if (below(10) == 0) play(may_cut);
    for (int i = 0; i < TALKS; i++) {
      if (below(3)) client_sends(&talks[i]);
      if (below(3)) server_echoes(&talks[i]);
      if (below(3)) client_hears(&talks[i]);
    }
    mf_loop_run_once(loop, 0);
  }
  for (int i = 0; i < TALKS; i++) {
    talk *t = &talks[i];
    if (!t->cut)
      ck_assert_msg(t->got == t->all, "seed %u: %u of %u", (unsigned)seed, t->got, t->all);
    duo_close(t->d);
  }
  kit_tear_down();
}

static unsigned seeds(void) {
  const char *text = getenv("TCP_PROXY_SEEDS");
  return text ? (unsigned)strtoul(text, NULL, 10) : 4;
}

START_TEST(no_byte_is_lost_doubled_or_misplaced) {
  for (uint64_t seed = 1; seed <= seeds(); seed++) run_seed(seed, false);
}
END_TEST

START_TEST(what_is_cut_was_right_up_to_there) {
  for (uint64_t seed = 1; seed <= seeds(); seed++) run_seed(seed + 1000000, true);
}
END_TEST

Suite *stdlib_tcp_proxy_property_suite(void) {
  Suite *suite = suite_create("stdlib_tcp_proxy_property");
  TCase *tc = tcase_create("property");
  tcase_set_timeout(tc, 300);
  tcase_add_test(tc, no_byte_is_lost_doubled_or_misplaced);
  tcase_add_test(tc, what_is_cut_was_right_up_to_there);
  suite_add_tcase(suite, tc);
  return suite;
}
