/* stdlib_tcp_proxy_kit - proxies on a test's own loop, and plain sockets on both sides.
 *
 * Everything happens in one thread: whoever waits for bytes turns the loop, which the
 * sockets wake. */
#ifndef MF_TESTS_STDLIB_TCP_PROXY_KIT_H
#define MF_TESTS_STDLIB_TCP_PROXY_KIT_H
#include "../../stdlib/tcp_proxy_parts.h"
#include "loopback.h"

#include <check.h>
#include <stdarg.h>

#define LIMIT_NS 20000000000LL

static mf_loop *loop;
static mf_counting_alloc counting;
static mf_tcp_proxies *proxies;
static mf_tcp_proxy *proxy;
static mf_tcp_error tcp_error;
static int upstream_fd;
static uint16_t upstream_port;
static mf_watch wakes[4096];

static struct seen {
  int opened, failed, began, closed;
  mf_tcp_event last_closed, last_failed;
  char toxic[MF_TCP_NAME];
} seen;

static inline void note_event(void *ctx, const mf_tcp_event *event) {
  (void)ctx;
  if (event->kind == MF_TCP_OPENED) seen.opened++;
  if (event->kind == MF_TCP_TOXIC_BEGAN) seen.began++;
  if (event->kind == MF_TCP_CONNECT_FAILED) {
    seen.failed++;
    seen.last_failed = *event;
  }
  if (event->kind == MF_TCP_CLOSED) {
    seen.closed++;
    seen.last_closed = *event;
    snprintf(seen.toxic, sizeof seen.toxic, "%s", event->toxic ? event->toxic : "");
  }
}

static inline void woken(mf_watch *watch, uint32_t events) {
  (void)watch;
  (void)events;
}

static inline void kit_watch(int fd, uint32_t events) {
  mf_watch *watch = &wakes[fd];
  watch->fd = fd;
  watch->ready = woken;
  ck_assert_int_eq(mf_watch_set(loop, watch, events), MF_OK);
}

static inline void kit_close(int fd) {
  if (fd < 0) return;
  mf_watch_clear(loop, &wakes[fd]);
  close(fd);
}

static inline void kit_reset(int fd) {
  struct linger hard = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  kit_close(fd);
}

static inline double now_ms(void) { return (double)mf_clock_monotonic() / 1e6; }
static inline void turn(void) { mf_loop_run_once(loop, 5 * MF_NS_PER_MS); }

static inline mf_tcp_options kit_options(void) {
  return (mf_tcp_options){.alloc = mf_counting_alloc_as_alloc(&counting),
                          .loop = loop,
                          .seed = 42,
                          .event = note_event};
}

static inline void kit_start(mf_tcp_options options) {
  char upstream[64];
  ck_assert_int_eq(mf_tcp_proxies_new(&options, &proxies), MF_OK);
  snprintf(upstream, sizeof upstream, "127.0.0.1:%u", upstream_port);
  const mf_tcp_spec spec = {
      .name = MF_STR("p"), .listen = MF_STR("127.0.0.1:0"), .upstream = mf_str_of(upstream)};
  ck_assert_msg(!mf_tcp_proxy_create(proxies, &spec, &proxy, &tcp_error), "%s", tcp_error.text);
}

static inline void kit_loop(void) {
  mf_alloc plain = mf_alloc_default();
  memset(&counting, 0, sizeof counting);
  memset(&seen, 0, sizeof seen);
  counting.inner = plain;
  ck_assert_int_eq(mf_loop_new(&plain, &loop), MF_OK);
  upstream_fd = loopback_listen(&upstream_port);
  kit_watch(upstream_fd, MF_READABLE);
}

static inline void kit_set_up(void) {
  kit_loop();
  kit_start(kit_options());
}

static inline void kit_tear_down(void) {
  mf_tcp_proxies_free(proxies);
  ck_assert_uint_eq(counting.in_use, 0);
  kit_close(upstream_fd);
  mf_loop_free(loop);
}

/* ---- Sockets ---- */

static inline int kit_connect(uint16_t port) {
  struct sockaddr_in sa = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  ck_assert_int_ge(fd, 0);
  ck_assert(connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0 || errno == EINPROGRESS);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  kit_watch(fd, MF_READABLE);
  return fd;
}

static inline int kit_accept(void) {
  int fd = -1, on = 1;
  for (int64_t end = mf_clock_monotonic() + LIMIT_NS; fd < 0 && mf_clock_monotonic() < end;) {
    turn();
    fd = accept4(upstream_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  }
  ck_assert_int_ge(fd, 0);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  kit_watch(fd, MF_READABLE);
  return fd;
}

/* One connection through the proxy. */
typedef struct duo {
  int client, server;
} duo;

static inline duo duo_open(void) {
  duo d = {.client = kit_connect(mf_tcp_proxy_port(proxy))};
  d.server = kit_accept();
  return d;
}

static inline void duo_close(duo d) {
  kit_close(d.client);
  kit_close(d.server);
}

/* Bytes, 0 at the end of the stream, or -errno. */
static inline ssize_t hear(int fd, char *out, size_t n) {
  for (int64_t end = mf_clock_monotonic() + LIMIT_NS; mf_clock_monotonic() < end;) {
    ssize_t got = recv(fd, out, n, 0);
    if (got >= 0) return got;
    if (errno != EAGAIN) return -errno;
    turn();
  }
  ck_abort_msg("nothing came");
  return -1;
}

static inline void say(int fd, const char *text) {
  ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (int)strlen(text));
}

/* Hears exactly that text. */
static inline void expect(int fd, const char *text) {
  char got[256];
  size_t n = 0, want = strlen(text);
  while (n < want) {
    ssize_t some = hear(fd, got + n, want - n);
    ck_assert_msg(some > 0, "%zd instead of %s", some, text);
    n += (size_t)some;
  }
  got[n] = 0;
  ck_assert_str_eq(got, text);
}

static inline void expect_end(int fd) {
  char c;
  ck_assert_int_eq(hear(fd, &c, 1), 0);
}

static inline void expect_reset(int fd) {
  char c;
  ck_assert_int_eq(hear(fd, &c, 1), -ECONNRESET);
}

/* Nothing comes within a few turns of the loop. */
static inline void expect_silence(int fd, double ms) {
  char c;
  for (double end = now_ms() + ms; now_ms() < end;) {
    ck_assert(recv(fd, &c, 1, 0) == -1 && errno == EAGAIN);
    mf_loop_run_once(loop, MF_NS_PER_MS);
  }
}

#define UNTIL(condition)                                                     \
  for (int64_t end_ = mf_clock_monotonic() + LIMIT_NS; !(condition); turn()) \
  ck_assert_msg(mf_clock_monotonic() < end_, "never: " #condition)

/* ---- Toxics: toxic("latency", "upstream", 1, "latency", 50.0, NULL) ---- */

static inline uint32_t kit_values(mf_toxic_value *values, va_list args) {
  uint32_t n = 0;
  for (const char *name; (name = va_arg(args, const char *));) {
    values[n].name = mf_str_of(name);
    values[n++].value = va_arg(args, double);
  }
  return n;
}

static inline mf_tcp_problem toxic(const char *type, const char *stream, double toxicity, ...) {
  mf_toxic_value values[8];
  va_list args;
  va_start(args, toxicity);
  const mf_toxic_spec spec = {.type = mf_str_of(type),
                              .name = mf_str_of(type),
                              .stream = mf_str_of(stream),
                              .has_toxicity = true,
                              .toxicity = toxicity,
                              .values = values,
                              .n_values = kit_values(values, args)};
  va_end(args);
  return mf_tcp_proxy_add_toxic(proxy, &spec, NULL, &tcp_error);
}

static inline mf_tcp_problem change(const char *name, ...) {
  mf_toxic_value values[8];
  va_list args;
  va_start(args, name);
  const mf_toxic_spec spec = {.values = values, .n_values = kit_values(values, args)};
  va_end(args);
  return mf_tcp_proxy_change_toxic(proxy, mf_str_of(name), &spec, NULL, &tcp_error);
}

static inline mf_tcp_problem take_away(const char *name) {
  return mf_tcp_proxy_remove_toxic(proxy, mf_str_of(name), &tcp_error);
}

static inline mf_toxic_info info_of(const char *name) {
  mf_toxic_info info;
  ck_assert(mf_tcp_proxy_toxic_find(proxy, mf_str_of(name), &info));
  return info;
}
#endif
