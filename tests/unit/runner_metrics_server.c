/* SPDX-License-Identifier: MIT */
/* metrics_server - what it answers, and that nobody can hold it up. */
#include "../../runner/metrics_server.h"

#include "../../base/limits.h"
#include "loopback.h"

#include <check.h>
#include <fcntl.h>

Suite *runner_metrics_server_suite(void);

#define TURN_NS 5000000LL
#define TURNS 400

static mf_loop *loop;
static mf_exposition e;
static mf_metrics_server *server;
static char reply[65536], message[256];
static size_t reply_n;

static mf_status start(const char *where, mf_metrics_server **out) {
  mf_alloc alloc = mf_alloc_default();
  mf_listen listen;
  ck_assert_ptr_null(mf_listen_parse(where, &listen));
  return mf_metrics_server_start(&alloc, loop, &listen, &e, out, message, sizeof message);
}

static void set_up(void) {
  mf_alloc alloc = mf_alloc_default();
  ck_assert_int_eq(mf_loop_new(&alloc, &loop), MF_OK);
  mf_exposition_init(&e, &alloc, NULL);
  mf_exposition_count(&e, MF_FAMILY_OF_STEP_RETRIES, MF_LABELS(MF_STR("s")), 1);
  ck_assert_int_eq(start("0", &server), MF_OK);
  ck_assert_uint_gt(mf_metrics_server_port(server), 0);
}

static void tear_down(void) {
  mf_metrics_server_stop(server);
  mf_exposition_fini(&e);
  mf_loop_free(loop);
}

static int connect_to_it(void) {
  const struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons(mf_metrics_server_port(server)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
  ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  reply_n = 0;
  reply[0] = '\0';
  return fd;
}

static void say(int fd, const char *text) {
  ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Turns the loop until `word` is in what came back, or the connection was closed (word
 * NULL).  False: it has not come in time. */
static bool hears(int fd, const char *word, int turns) {
  while (turns-- > 0) {
    (void)mf_loop_run_once(loop, TURN_NS);
    const ssize_t n = recv(fd, reply + reply_n, sizeof reply - 1 - reply_n, 0);
    if (n > 0) reply_n += (size_t)n;
    reply[reply_n] = '\0';
    if (word ? strstr(reply, word) != NULL : n == 0) return true;
  }
  return false;
}

/* One request, and the answer as far as its end `word`. */
static const char *ask(const char *request, const char *word) {
  const int fd = connect_to_it();
  say(fd, request);
  ck_assert_msg(hears(fd, word, TURNS), "'%s' is not in: %s", word, reply);
  close(fd);
  return reply;
}

static bool has(const char *part) { return strstr(reply, part) != NULL; }

START_TEST(it_answers_get_in_both_formats) {
  ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "{step=\"s\"} 1\n");
  ck_assert(has("HTTP/1.1 200 OK\r\n"));
  ck_assert(has("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  ask("GET /metrics?x=y HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n\r\n",
      "# EOF\n");
  ck_assert(
      has("\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
}
END_TEST

START_TEST(head_has_a_length_and_no_body) {
  const int fd = connect_to_it();
  say(fd, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ck_assert(hears(fd, NULL, TURNS));
  ck_assert(has("HTTP/1.1 200 OK\r\n") && has("\r\nContent-Length: "));
  ck_assert_str_eq(strstr(reply, "\r\n\r\n"), "\r\n\r\n");
  close(fd);
}
END_TEST

START_TEST(nothing_else_is_there) {
  ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "metrics are at /metrics\n");
  ck_assert(has("HTTP/1.1 404 "));
  ask("GET /metrics/ HTTP/1.1\r\nHost: x\r\n\r\n", "metrics are at /metrics\n");
  ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "only GET and HEAD\n");
  ck_assert(has("HTTP/1.1 405 ") && has("\r\nAllow: GET, HEAD\r\n"));
  ask("DELETE /x HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 ");
  const int fd = connect_to_it();
  say(fd, "nonsense\r\n\r\n");
  ck_assert(hears(fd, NULL, TURNS) && reply_n == 0);
  close(fd);
}
END_TEST

START_TEST(a_connection_is_kept) {
  const int fd = connect_to_it();
  for (int i = 0; i < 3; i++) {
    reply_n = 0;
    say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert(hears(fd, "{step=\"s\"} ", TURNS));
    mf_exposition_count(&e, MF_FAMILY_OF_STEP_RETRIES, MF_LABELS(MF_STR("s")), 1);
  }
  ck_assert(has("{step=\"s\"} 3\n"));
  close(fd);
}
END_TEST

START_TEST(figures_that_lack_something_are_not_shown) {
  e.arena.oom = true;
  ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "out of memory\n");
  ck_assert(has("HTTP/1.1 503 ") && !has("mfvm_"));
}
END_TEST

/* Who opens connections and says nothing makes others wait until one is closed. */
START_TEST(connections_end_at_METRIC_CONNECTIONS) {
  int silent[16];
  ck_assert_uint_le(MF_LIMIT_METRIC_CONNECTIONS, 16);
  for (unsigned i = 0; i < MF_LIMIT_METRIC_CONNECTIONS; i++) silent[i] = connect_to_it();
  for (int i = 0; i < 20; i++) (void)mf_loop_run_once(loop, 0);
  const int fd = connect_to_it();
  say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  ck_assert(!hears(fd, "HTTP", 20));
  close(silent[3]);
  ck_assert(hears(fd, "{step=\"s\"} 1\n", TURNS));
  for (unsigned i = 0; i < MF_LIMIT_METRIC_CONNECTIONS; i++)
    if (i != 3) close(silent[i]);
  close(fd);
}
END_TEST

START_TEST(it_serves_outside_of_a_turn) {
  const int fd = connect_to_it();
  say(fd, "GET /metrics HTTP/1.0\r\n\r\n");
  for (int i = 0; i < TURNS && !reply_n; i++) {
    mf_metrics_server_now(server);
    const ssize_t n = recv(fd, reply, sizeof reply - 1, 0);
    if (n > 0) reply_n = (size_t)n;
  }
  ck_assert_uint_gt(reply_n, 0);
  close(fd);
}
END_TEST

START_TEST(it_stops_with_connections_open) {
  const int fd = connect_to_it();
  say(fd, "GET /metr");
  (void)mf_loop_run_once(loop, TURN_NS);
  mf_metrics_server_stop(server);
  server = NULL;
  (void)mf_loop_run_once(loop, 0);
  close(fd);
}
END_TEST

START_TEST(a_port_that_is_taken_is_told) {
  char where[32];
  mf_metrics_server *second;
  snprintf(where, sizeof where, "127.0.0.1:%u", (unsigned)mf_metrics_server_port(server));
  ck_assert_int_eq(start(where, &second), MF_IO_ERROR);
  ck_assert_ptr_null(second);
  ck_assert_msg(strstr(message, "cannot listen on 127.0.0.1 port") && strstr(message, "in use"),
                "%s", message);
}
END_TEST

Suite *runner_metrics_server_suite(void) {
  Suite *s = suite_create("runner_metrics_server");
  TCase *c = tcase_create("runner_metrics_server");
  tcase_add_checked_fixture(c, set_up, tear_down);
  tcase_set_timeout(c, 60);
  tcase_add_test(c, it_answers_get_in_both_formats);
  tcase_add_test(c, head_has_a_length_and_no_body);
  tcase_add_test(c, nothing_else_is_there);
  tcase_add_test(c, a_connection_is_kept);
  tcase_add_test(c, figures_that_lack_something_are_not_shown);
  tcase_add_test(c, connections_end_at_METRIC_CONNECTIONS);
  tcase_add_test(c, it_serves_outside_of_a_turn);
  tcase_add_test(c, it_stops_with_connections_open);
  tcase_add_test(c, a_port_that_is_taken_is_told);
  suite_add_tcase(s, c);
  return s;
}
