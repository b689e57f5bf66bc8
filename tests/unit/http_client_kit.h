/* http_client_kit - a client, one connection and a scripted server, for each test. */
#ifndef MF_TESTS_HTTP_CLIENT_KIT_H
#define MF_TESTS_HTTP_CLIENT_KIT_H
#include "../../base/limits.h"
#include "../../io/http_client.h"
#include "loopback.h"

#include <check.h>
#include <stdlib.h>

#define S 1000000000LL
#define OK_BODY(text, n) "HTTP/1.1 200 OK\r\nContent-Length: " n "\r\n\r\n" text

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static mf_loop *loop;
static mf_http_client client;
static mf_http_target target;
static mf_http_conn conn;
static loopback server;

/* What the last exchange came to, copied out of the call. */
static struct {
  bool done;
  int calls;
  mf_http_result result;
  char head[8192], body[8192];
} got;

static inline void keep(mf_http_conn *c, const mf_http_result *result) {
  (void)c;
  got.done = true;
  got.calls++;
  got.result = *result;
  memset(got.head, 0, sizeof got.head);
  memset(got.body, 0, sizeof got.body);
  if (result->head.n) memcpy(got.head, result->head.p, result->head.n);
  if (result->body.n) memcpy(got.body, result->body.p, result->body.n);
}

static mf_counting_alloc counting; /* what the client and its connections take */

static inline void only_count(mf_http_conn *c, const mf_http_result *result) {
  (void)c;
  got.done = true;
  got.result = *result;
}

static inline void set_up(void) {
  counting = (mf_counting_alloc){.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
  ck_assert_int_eq(mf_loop_new(&alloc, &loop), MF_OK);
  ck_assert_int_eq(mf_http_client_init(&client, &alloc, loop), MF_OK);
  memset(&got, 0, sizeof got);
  mf_http_conn_init(&conn, &client, &target, keep, NULL);
}

static inline void tear_down(void) {
  mf_http_conn_fini(&conn);
  if (server.loop) loopback_stop(&server);
  memset(&server, 0, sizeof server);
  mf_http_client_fini(&client);
  mf_loop_free(loop);
}

static inline void serve(const script_reply *script, size_t n) {
  loopback_start(&server, loop, script, n);
  ck_assert_int_eq(mf_http_resolve(MF_STR("127.0.0.1"), server.port, &target), MF_HTTP_NONE);
}

static inline mf_http_request get(void) {
  return (mf_http_request){.bytes = MF_STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
                           .deadline = mf_clock_monotonic() + 5 * S,
                           .keep_body = 4096,
                           .keep_head = true,
                           .idempotent = true};
}

/* Runs one exchange to its end and gives its error. */
static inline mf_http_error run(const mf_http_request *request) {
  got.done = false;
  mf_http_error error = mf_http_conn_start(&conn, request);
  if (error != MF_HTTP_NONE) return error;
  ck_assert(!got.done);
  ck_assert(loopback_run(loop, &got.done));
  return got.result.error;
}

static inline mf_http_error run_get(void) {
  mf_http_request request = get();
  return run(&request);
}
#endif
