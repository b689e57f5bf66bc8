/* SPDX-License-Identifier: MIT */
/* `mfvm target`: the built-in sample service by itself, until a signal. */
#include <signal.h>
#include <stdio.h>

#include "../io/loop.h"
#include "../stdlib/sample_service.h"
#include "printable.h"
#include "runner.h"

/* SIGINT and SIGTERM end it; SIGCHLD comes here, too. */
static void on_signal(void *ctx, int number) {
  bool *stopped = ctx;
  if (number == SIGINT || number == SIGTERM) *stopped = true;
}

static void write_line(mf_output out, mf_buf *line) {
  mf_buf_putc(line, '\n');
  if (!line->failed) out.write(out.ctx, line->p, line->n);
  mf_buf_fini(line);
}

/* Called from the service's thread; ours writes only before it starts and after
 * it has ended. */
static void on_hook(void *ctx, const char *body) {
  const mf_target_options *o = ctx;
  mf_buf line;
  mf_buf_init(&line, NULL, 0);
  mf_buf_puts(&line, "hook POST /hook: ");
  mf_print_safe(&line, mf_str_of(body));
  write_line(o->out, &line);
}

static int fail(const mf_target_options *o, int code, const char *why) {
  mf_buf line;
  mf_buf_init(&line, NULL, 0);
  mf_buf_puts(&line, "mfvm: ");
  mf_print_safe(&line, mf_str_of(why));
  write_line(o->err, &line);
  return code;
}

static void say_where(const mf_target_options *o, uint16_t port) {
  mf_buf line;
  const char *host = o->listen ? o->listen : "127.0.0.1";
  bool bracket = strchr(host, ':') != NULL;
  mf_buf_init(&line, NULL, 0);
  mf_buf_printf(&line, "listening on http://%s%s%s:%u", bracket ? "[" : "", host,
                bracket ? "]" : "", (unsigned)port);
  write_line(o->out, &line);
}

static void say_count(const mf_target_options *o, uint64_t requests) {
  mf_buf line;
  mf_buf_init(&line, NULL, 0);
  mf_buf_printf(&line, "%llu request%s answered", (unsigned long long)requests,
                requests == 1 ? "" : "s");
  write_line(o->out, &line);
}

static int serve(const mf_target_options *o, mf_loop *loop, const bool *stopped) {
  char error[512] = "";
  mf_sample_service *sample;
  mf_target_options copy = *o;
  mf_sample_options options = {.address = o->listen,
                               .port = o->port,
                               .latency_ms = o->latency_ms,
                               .jitter_ms = o->jitter_ms,
                               .error_rate = o->error_rate,
                               .seed = o->seed,
                               .hook = on_hook,
                               .hook_ctx = &copy};
  if (mf_sample_start(&options, &sample, error, sizeof error) != MF_OK) return fail(o, 74, error);
  say_where(o, mf_sample_port(sample));
  mf_status status = MF_OK;
  while (!*stopped && status == MF_OK) status = mf_loop_run_once(loop, -1);
  uint64_t requests = mf_sample_requests(sample);
  mf_sample_stop(sample);
  if (status != MF_OK) return fail(o, 74, mf_status_text(status));
  say_count(o, requests);
  return 0;
}

/* Signals are taken before the service starts, so that its threads never get
 * them. */
int mf_target_serve(const mf_target_options *options) {
  mf_alloc alloc = mf_alloc_default();
  mf_loop *loop;
  bool stopped = false;
  mf_status status = mf_loop_new(&alloc, &loop);
  if (status != MF_OK) return fail(options, 74, mf_status_text(status));
  status = mf_loop_signals(loop, on_signal, &stopped);
  int code = status == MF_OK ? serve(options, loop, &stopped)
                             : fail(options, 74, mf_status_text(status));
  mf_loop_free(loop);
  return code;
}
