/* SPDX-License-Identifier: MIT */
/* proxy_server - what is special about sockets: large bodies, many clients, two
 * addresses, and headers as they are sent. */
#include "../../runner/proxy_server.h"

#include "../../base/limits.h"
#include "loopback.h"

#include <check.h>
#include <fcntl.h>

Suite *runner_proxy_server_suite(void);

#define TURN_NS 5000000LL
#define TURNS 400

static mf_loop *loop;
static mf_proxy_api api;
static mf_proxy_server *server;
static char reply[65536], message[256];
static size_t reply_n;

static void set_up(void) {
  const mf_alloc alloc = mf_alloc_default();
  ck_assert_int_eq(mf_loop_new(&alloc, &loop), MF_OK);
  const mf_tcp_options options = {.alloc = alloc, .loop = loop};
  api = (mf_proxy_api){.alloc = alloc, .loop = loop};
  ck_assert_int_eq(mf_tcp_proxies_new(&options, &api.proxies), MF_OK);
  ck_assert_int_eq(mf_proxy_server_start(&api, "127.0.0.1", 0, &server, message, sizeof message),
                   MF_OK);
}

static void tear_down(void) {
  mf_proxy_server_stop(server);
  mf_tcp_proxies_free(api.proxies);
  mf_loop_free(loop);
}

static int connect_to(uint16_t port) {
  const struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
  ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  reply_n = 0;
  reply[0] = '\0';
  return fd;
}

static int connect_to_it(void) { return connect_to(mf_proxy_server_port(server)); }

static void turn(int fd) {
  (void)mf_loop_run_once(loop, TURN_NS);
  const ssize_t n = recv(fd, reply + reply_n, sizeof reply - 1 - reply_n, 0);
  if (n > 0) reply_n += (size_t)n;
  reply[reply_n] = '\0';
}

/* Sends all of it, however long that takes the server to read. */
static void say(int fd, const char *bytes, size_t n) {
  for (int turns = 0; n > 0; turns++) {
    const ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
    ck_assert_int_lt(turns, 100000);
    if (sent > 0) {
      bytes += sent;
      n -= (size_t)sent;
    }
    if (sent < 0 || n > 0) turn(fd);
  }
}

static bool hears(int fd, const char *word, int turns) {
  while (turns-- > 0) {
    turn(fd);
    if (strstr(reply, word)) return true;
  }
  return false;
}

static void ask(const char *request, const char *word) {
  const int fd = connect_to_it();
  say(fd, request, strlen(request));
  ck_assert_msg(hears(fd, word, TURNS), "'%s' is not in: %s", word, reply);
  close(fd);
}

static bool has(const char *part) { return strstr(reply, part) != NULL; }

START_TEST(headers_are_sent) {
  ask("GET /proxies/a HTTP/1.1\r\nHost: x\r\n\r\n", "proxy not found");
  ck_assert(has("HTTP/1.1 404 Not Found\r\n") &&
            has("\r\nContent-Type: text/plain; charset=utf-8\r\n"));
  ck_assert(has("\r\nX-Content-Type-Options: nosniff\r\n") && has("\r\nX-Toxiproxy-Request-Id: "));
  ask("PUT /proxies HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "\r\n\r\n");
  ck_assert(has("HTTP/1.1 405 ") && has("\r\nAllow: GET, POST\r\n") && !has("Content-Type"));
  ask("POST /reset HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/5.0\r\n\r\n",
      "User agent not allowed\n");
  ck_assert(has("HTTP/1.1 403 "));
}
END_TEST

START_TEST(bodies_come_in_pieces_and_names_encoded) {
  ask("POST /proxies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "10\r\n{\"name\":\"a b\",\"u\r\n1f\r\npstream\":\"h:1\",\"enabled\":false}\r\n0\r\n\r\n",
      "\"toxics\":[]}");
  ck_assert_msg(has("HTTP/1.1 201 Created\r\n"), "%s", reply);
  ask("GET /proxies/a%20b?x=y HTTP/1.1\r\nHost: x\r\n\r\n", "\"toxics\":[]}");
  ask("DELETE /proxies/a%20b HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 204 ");
  ck_assert_uint_eq(mf_tcp_proxies_count(api.proxies), 0);
}
END_TEST

/* A connection stays usable behind a body that was too large. */
START_TEST(bodies_end_at_PROXY_BODY_BYTES) {
  const size_t n = (size_t)MF_LIMIT_PROXY_BODY_BYTES;
  char *body = malloc(n + 1), head[128];
  ck_assert_ptr_nonnull(body);
  memset(body, ' ', n + 1);
  memcpy(body, "[]", 2);
  const int fd = connect_to_it();
  for (size_t extra = 0; extra < 2; extra++) {
    reply_n = 0;
    snprintf(head, sizeof head, "POST /populate HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
             n + extra);
    say(fd, head, strlen(head));
    say(fd, body, n + extra);
    ck_assert_msg(hears(fd, extra ? "\"status\":413}\n" : "{\"proxies\":null}", TURNS), "%s",
                  reply);
  }
  free(body);
  close(fd);
}
END_TEST

START_TEST(connections_end_at_PROXY_API_CONNECTIONS) {
  static const char get[] = "GET /proxies HTTP/1.1\r\nHost: x\r\n\r\n";
  int silent[128];
  ck_assert_uint_le(MF_LIMIT_PROXY_API_CONNECTIONS, 128);
  for (unsigned i = 0; i < MF_LIMIT_PROXY_API_CONNECTIONS; i++) silent[i] = connect_to_it();
  for (int i = 0; i < 20; i++) (void)mf_loop_run_once(loop, 0);
  const int fd = connect_to_it();
  say(fd, get, sizeof get - 1);
  ck_assert(!hears(fd, "HTTP", 20));
  close(silent[3]);
  ck_assert(hears(fd, "{}", TURNS));
  for (unsigned i = 0; i < MF_LIMIT_PROXY_API_CONNECTIONS; i++)
    if (i != 3) close(silent[i]);
  close(fd);
}
END_TEST

/* localhost is two addresses, and one in the other way. */
START_TEST(localhost_is_both_addresses) {
  for (int compat = 0; compat < 2; compat++) {
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    mf_proxy_server *both;
    api.compat = compat;
    ck_assert_msg(
        mf_proxy_server_start(&api, "localhost", 0, &both, message, sizeof message) == MF_OK, "%s",
        message);
    to.sin6_port = htons(mf_proxy_server_port(both));
    const int v4 = connect_to(mf_proxy_server_port(both));
    const int v6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int result = v6 < 0 ? -1 : connect(v6, (const struct sockaddr *)&to, sizeof to);
    if (result != 0 && (v6 < 0 || errno == EADDRNOTAVAIL || errno == ENETUNREACH))
      compat = 2; /* there is no IPv6 here */
    else
      ck_assert_int_eq(result, compat ? -1 : 0);
    if (v6 >= 0) close(v6);
    close(v4);
    mf_proxy_server_stop(both);
  }
}
END_TEST

START_TEST(it_stops_with_requests_under_way) {
  static const char part[] = "POST /populate HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n[";
  const int fd = connect_to_it();
  say(fd, part, sizeof part - 1);
  for (int i = 0; i < 5; i++) (void)mf_loop_run_once(loop, TURN_NS);
  mf_proxy_server_stop(server);
  server = NULL;
  (void)mf_loop_run_once(loop, 0);
  close(fd);
}
END_TEST

START_TEST(a_port_that_is_taken_is_told) {
  mf_proxy_server *second;
  ck_assert_int_eq(mf_proxy_server_start(&api, "127.0.0.1", mf_proxy_server_port(server), &second,
                                         message, sizeof message),
                   MF_IO_ERROR);
  ck_assert_ptr_null(second);
  ck_assert_msg(strstr(message, "cannot listen on 127.0.0.1 port") && strstr(message, "in use"),
                "%s", message);
}
END_TEST

Suite *runner_proxy_server_suite(void) {
  Suite *s = suite_create("runner_proxy_server");
  TCase *c = tcase_create("runner_proxy_server");
  tcase_add_checked_fixture(c, set_up, tear_down);
  tcase_set_timeout(c, 60);
  tcase_add_test(c, headers_are_sent);
  tcase_add_test(c, bodies_come_in_pieces_and_names_encoded);
  tcase_add_test(c, bodies_end_at_PROXY_BODY_BYTES);
  tcase_add_test(c, connections_end_at_PROXY_API_CONNECTIONS);
  tcase_add_test(c, localhost_is_both_addresses);
  tcase_add_test(c, it_stops_with_requests_under_way);
  tcase_add_test(c, a_port_that_is_taken_is_told);
  suite_add_tcase(s, c);
  return s;
}
