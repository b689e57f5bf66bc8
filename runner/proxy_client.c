/* SPDX-License-Identifier: MIT */
/* One request to a server of proxies, and its answer. */
#include <stdio.h>

#include "../base/limits.h"
#include "../io/http_client.h"
#include "runner.h"

#define DEADLINE_NS 30000000000LL

typedef struct exchange {
  mf_loop *loop;
  mf_http_client client;
  mf_http_target target;
  mf_http_lookup lookup;
  mf_http_conn conn;
  mf_http_error error;
  bool done;
  int status;
  mf_buf request, answer;
  int64_t deadline;
} exchange;

/* ---- The request ---- */

static bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c && strchr("-._~", c));
}

static void put_part(mf_buf *out, const char *part) {
  mf_buf_putc(out, '/');
  for (; *part; part++) {
    if (is_plain(*part))
      mf_buf_putc(out, *part);
    else
      mf_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*part);
  }
}

static void put_request(mf_buf *out, const mf_proxy_call *call, const mf_url *url) {
  mf_str base = url->path;
  while (base.n && base.p[base.n - 1] == '/') base.n--;
  mf_buf_printf(out, "%s ", call->method);
  mf_buf_add_str(out, base);
  for (size_t i = 0; i < sizeof call->path / sizeof *call->path && call->path[i]; i++)
    put_part(out, call->path[i]);
  mf_buf_puts(out, " HTTP/1.1\r\nHost: ");
  mf_buf_add_str(out, url->authority);
  mf_buf_printf(out, "\r\nUser-Agent: mfvm/%s\r\nContent-Length: %zu\r\n", mf_version(),
                call->body.n);
  if (call->body.n) mf_buf_puts(out, "Content-Type: application/json\r\n");
  mf_buf_puts(out, "Connection: close\r\n\r\n");
  mf_buf_add_str(out, call->body);
}

/* ---- The exchange ---- */

static void on_found(mf_http_lookup *lookup, mf_http_error error) {
  exchange *x = lookup->ctx;
  x->error = error;
  x->done = true;
}

static void on_answer(mf_http_conn *conn, const mf_http_result *result) {
  exchange *x = conn->ctx;
  x->error = result->error;
  x->status = result->status;
  mf_buf_add_str(&x->answer, result->body);
  x->done = true;
}

static void wait(exchange *x) {
  while (!x->done)
    if (mf_loop_run_once(x->loop, -1) != MF_OK) x->done = true;
}

static mf_http_error find(exchange *x, const mf_url *url) {
  x->lookup = (mf_http_lookup){.done = on_found, .ctx = x};
  const mf_http_error error = mf_http_lookup_start(&x->lookup, x->loop, url, x->deadline,
                                                   &x->target);
  if (error != MF_HTTP_NONE || !mf_http_lookup_pending(&x->lookup)) return error;
  wait(x);
  mf_http_lookup_cancel(&x->lookup);
  x->done = false;
  return x->error;
}

static mf_http_error send_request(exchange *x) {
  const mf_http_request request = {.bytes = mf_buf_str(&x->request),
                                   .deadline = x->deadline,
                                   .keep_body = (size_t)MF_LIMIT_RESPONSE_BYTES};
  mf_http_conn_init(&x->conn, &x->client, &x->target, on_answer, x);
  mf_http_error error = mf_http_conn_start(&x->conn, &request);
  if (error == MF_HTTP_NONE) {
    wait(x);
    error = x->error;
  }
  mf_http_conn_fini(&x->conn);
  return error;
}

static mf_status run(exchange *x, const mf_proxy_call *call, const mf_url *url, char *error,
                     size_t error_size) {
  x->deadline = mf_clock_monotonic() + DEADLINE_NS;
  put_request(&x->request, call, url);
  if (x->request.failed) return MF_OUT_OF_MEMORY;
  mf_http_error why = find(x, url);
  if (why == MF_HTTP_NONE) why = send_request(x);
  if (x->answer.failed) return MF_OUT_OF_MEMORY;
  if (why == MF_HTTP_NONE) return MF_OK;
  snprintf(error, error_size, "%s: %s", call->server, mf_http_error_text(why));
  return MF_IO_ERROR;
}

static mf_status hand_over(exchange *x, const mf_alloc *alloc, int *status, mf_blob *out) {
  *status = x->status;
  if (!x->answer.n) return MF_OK;
  *out = (mf_blob){*alloc, mf_realloc(alloc, NULL, 0, x->answer.n), x->answer.n};
  if (!out->p) *out = (mf_blob){.n = 0};
  if (out->p) memcpy(out->p, x->answer.p, x->answer.n);
  return out->p ? MF_OK : MF_OUT_OF_MEMORY;
}

mf_status mf_proxy_ask(const mf_alloc *alloc, const mf_proxy_call *call, int *status, mf_blob *out,
                       char *error, size_t error_size) {
  const mf_alloc use = mf_alloc_or_default(alloc);
  exchange x = {.done = false};
  mf_url url;
  const char *wrong = mf_url_parse(mf_str_of(call->server), &url);
  *out = (mf_blob){.n = 0};
  if (wrong || url.secure) {
    snprintf(error, error_size, "%s: %s", call->server, wrong ? wrong : "it must be http://");
    return MF_IO_ERROR;
  }
  mf_buf_init(&x.request, &use, 0);
  mf_buf_init(&x.answer, &use, 0);
  mf_status result = mf_loop_new(&use, &x.loop);
  if (result == MF_OK) {
    result = mf_http_client_init(&x.client, &use, x.loop);
    if (result == MF_OK) {
      result = run(&x, call, &url, error, error_size);
      mf_http_client_fini(&x.client);
    }
    mf_loop_free(x.loop);
  }
  if (result == MF_OK) result = hand_over(&x, &use, status, out);
  if (result != MF_OK && result != MF_IO_ERROR)
    snprintf(error, error_size, "%s", mf_status_text(result));
  mf_buf_fini(&x.request);
  mf_buf_fini(&x.answer);
  return result;
}
