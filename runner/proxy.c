/* SPDX-License-Identifier: MIT */
/* `mfvm proxy`: proxies and their API, until a signal. */
#include <signal.h>
#include <stdio.h>

#include "../stdlib/microhttpd.h"
#include "printable.h"
#include "proxy_server.h"
#include "runner.h"

typedef struct serving {
  const mf_proxy_options *o;
  mf_alloc alloc;
  mf_loop *loop;
  bool stopped;
} serving;

/* ---- Lines ---- */

static void write_line(mf_output out, mf_buf *line) {
  mf_buf_putc(line, '\n');
  if (!line->failed) out.write(out.ctx, line->p, line->n);
  mf_buf_fini(line);
}

static int fail(const mf_proxy_options *o, int code, const char *what, const char *why) {
  mf_buf line;
  mf_buf_init(&line, NULL, 0);
  mf_buf_puts(&line, "mfvm: proxy: ");
  if (what) mf_print_safe(&line, mf_str_of(what));
  if (what) mf_buf_puts(&line, ": ");
  mf_print_safe(&line, mf_str_of(why));
  write_line(o->err, &line);
  return code;
}

static void say_where(const mf_proxy_options *o, uint16_t port) {
  mf_buf line;
  const bool bracket = strchr(o->host, ':') != NULL;
  mf_buf_init(&line, NULL, 0);
  mf_buf_printf(&line, "listening on http://%s%s%s:%u (seed %llu)", bracket ? "[" : "", o->host,
                bracket ? "]" : "", (unsigned)port, (unsigned long long)o->seed);
  write_line(o->out, &line);
}

static void say_proxy(const mf_proxy_options *o, const mf_tcp_proxy *proxy) {
  const uint32_t toxics = mf_tcp_proxy_toxic_count(proxy);
  mf_buf line;
  mf_buf_init(&line, NULL, 0);
  mf_buf_puts(&line, "proxy '");
  mf_print_safe(&line, mf_str_of(mf_tcp_proxy_name(proxy)));
  mf_buf_puts(&line, "': ");
  mf_print_safe(&line, mf_str_of(mf_tcp_proxy_listen(proxy)));
  mf_buf_puts(&line, " to ");
  mf_print_safe(&line, mf_str_of(mf_tcp_proxy_upstream(proxy)));
  if (!mf_tcp_proxy_enabled(proxy)) mf_buf_puts(&line, ", disabled");
  if (toxics) mf_buf_printf(&line, ", %u toxic%s", (unsigned)toxics, toxics == 1 ? "" : "s");
  write_line(o->out, &line);
}

static void put_event(mf_buf *line, const mf_tcp_event *e) {
  switch (e->kind) {
    case MF_TCP_OPENED: mf_buf_puts(line, "opened"); break;
    case MF_TCP_CONNECT_FAILED:
      mf_buf_printf(line, "the upstream cannot be reached: %s",
                    e->error ? strerror(e->error) : "its name was not found, or too late");
      break;
    case MF_TCP_TOXIC_BEGAN: mf_buf_puts(line, "hit by"); break;
    case MF_TCP_CLOSED:
      mf_buf_printf(line, "%s, %llu bytes upstream, %llu downstream", mf_tcp_reason_text(e->reason),
                    (unsigned long long)e->bytes[MF_UPSTREAM],
                    (unsigned long long)e->bytes[MF_DOWNSTREAM]);
      if (e->toxic) mf_buf_puts(line, ", by");
      break;
  }
  if (!e->toxic) return;
  mf_buf_puts(line, " toxic '");
  mf_print_safe(line, mf_str_of(e->toxic));
  mf_buf_putc(line, '\'');
}

static void on_event(void *ctx, const mf_tcp_event *e) {
  const serving *s = ctx;
  mf_buf line;
  mf_buf_init(&line, NULL, 0);
  mf_buf_puts(&line, "proxy '");
  mf_print_safe(&line, mf_str_of(e->proxy));
  mf_buf_printf(&line, "' connection %llu: ", (unsigned long long)e->connection);
  put_event(&line, e);
  write_line(s->o->out, &line);
}

/* ---- Serving ---- */

/* SIGINT and SIGTERM end it; SIGCHLD comes here, too. */
static void on_signal(void *ctx, int number) {
  serving *s = ctx;
  if (number == SIGINT || number == SIGTERM) s->stopped = true;
}

/* Toxiproxy starts without the proxies of a bad file. */
static int configure(serving *s, mf_proxy_api *api) {
  char error[512];
  if (!s->o->config.n || mf_proxy_api_configure(api, s->o->config, error, sizeof error)) return 0;
  const int code = fail(s->o, 3, s->o->config_name, error);
  return s->o->compat ? 0 : code;
}

static int serve(serving *s, mf_tcp_proxies *proxies) {
  mf_proxy_api api = {.alloc = s->alloc,
                      .loop = s->loop,
                      .proxies = proxies,
                      .compat = s->o->compat,
                      .seed = s->o->seed};
  mf_proxy_server *server;
  char error[256] = "";
  const int code = configure(s, &api);
  if (code) return code;
  if (mf_proxy_server_start(&api, s->o->host, s->o->port, &server, error, sizeof error) != MF_OK)
    return fail(s->o, 74, NULL, error);
  say_where(s->o, mf_proxy_server_port(server));
  for (uint32_t i = 0; i < mf_tcp_proxies_count(proxies); i++)
    say_proxy(s->o, mf_tcp_proxies_at(proxies, i));
  mf_status status = MF_OK;
  while (!s->stopped && status == MF_OK) status = mf_loop_run_once(s->loop, -1);
  mf_proxy_server_stop(server);
  return status == MF_OK ? 0 : fail(s->o, 74, NULL, mf_status_text(status));
}

static int serve_on_loop(serving *s) {
  const mf_tcp_options options = {.alloc = s->alloc,
                                  .loop = s->loop,
                                  .seed = s->o->seed,
                                  .lenient = s->o->compat,
                                  .event = s->o->log ? on_event : NULL,
                                  .ctx = s};
  mf_tcp_proxies *proxies;
  mf_status status = mf_loop_signals(s->loop, on_signal, s);
  if (status == MF_OK) status = mf_tcp_proxies_new(&options, &proxies);
  if (status != MF_OK) return fail(s->o, 74, NULL, mf_status_text(status));
  const int code = serve(s, proxies);
  mf_tcp_proxies_free(proxies);
  return code;
}

int mf_proxy_serve(const mf_proxy_options *options) {
  serving s = {.o = options, .alloc = mf_alloc_default()};
  struct sockaddr_storage address;
  if (!mf_microhttpd_address(options->host, options->port, &address))
    return fail(options, 2, options->host,
                "--host must be localhost, an IPv4 address or an IPv6 address");
  const mf_status status = mf_loop_new(&s.alloc, &s.loop);
  if (status != MF_OK) return fail(options, 74, NULL, mf_status_text(status));
  const int code = serve_on_loop(&s);
  mf_loop_free(s.loop);
  return code;
}
