/* SPDX-License-Identifier: MIT */
/* The TCP proxy alone: what carrying a byte and a round trip costs, how exact a latency
 * and a bandwidth are, and what connections weigh.  To reach: 2.5 GB per CPU-second,
 * 18 us more for a round trip; 5.1, 5.2, 5.5 ms; 2 %.
 *
 *   bench_proxy MFVM FOLDER
 *
 * The proxy runs in a process of its own, whose CPU time is what is counted; clients and
 * upstream are plain sockets in others. */
#include "timing.h"

#include "../stdlib/tcp_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, ROUNDS = 5, TRIPS = 4000, DELAYS = 300, HELD = 9000 };
static char block[BLOCK];

/* ---- The proxy's process: it does what a pipe tells it ---- */

static struct order {
  char what; /* 'c'ount, 't'oxic; its type, attribute and value */
  char type[16], attribute[16];
  double value;
} order;
static struct answer {
  double cpu;
  long rss_kb;
  unsigned open;
} answer;
static int orders[2], answers[2];
static uint16_t proxy_port;
static pid_t proxy_pid;
static mf_tcp_proxy *proxy;

static long rss_kb(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file && fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
  if (file) fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void obey(mf_watch *watch, uint32_t events) {
  (void)events;
  if (read(watch->fd, &order, sizeof order) != sizeof order) _exit(0);
  mf_tcp_error error = {0};
  if (order.what == 't') {
    mf_tcp_proxy_clear_toxics(proxy);
    const mf_toxic_value value = {mf_str_of(order.attribute), order.value};
    const mf_toxic_spec spec = {.type = mf_str_of(order.type), .values = &value, .n_values = 1};
    if (order.type[0]) must(!mf_tcp_proxy_add_toxic(proxy, &spec, NULL, &error), error.text);
  }
  answer = (struct answer){cpu_seconds(), rss_kb(), mf_tcp_proxy_counts(proxy).open};
  must(write(answers[1], &answer, sizeof answer) == sizeof answer, "cannot answer");
}

static void run_proxy(uint16_t upstream) {
  char text[32];
  mf_alloc alloc = mf_alloc_default();
  mf_loop *loop;
  mf_tcp_proxies *proxies;
  mf_tcp_error error;
  must(mf_loop_new(&alloc, &loop) == MF_OK, "no loop");
  const mf_tcp_options options = {.loop = loop};
  must(mf_tcp_proxies_new(&options, &proxies) == MF_OK, "no proxies");
  snprintf(text, sizeof text, "127.0.0.1:%u", upstream);
  const mf_tcp_spec spec = {
      .name = MF_STR("bench"), .listen = MF_STR("127.0.0.1:0"), .upstream = mf_str_of(text)};
  must(mf_tcp_proxy_create(proxies, &spec, &proxy, &error) == MF_TCP_NONE, error.text);
  const uint16_t port = mf_tcp_proxy_port(proxy);
  must(write(answers[1], &port, sizeof port) == sizeof port, "cannot answer");
  mf_watch watch = {.fd = orders[0], .ready = obey};
  must(mf_watch_set(loop, &watch, MF_READABLE) == MF_OK, "no watch");
  while (mf_loop_run_once(loop, -1) == MF_OK) continue;
  _exit(1);
}

static struct answer tell(char what, const char *type, const char *attribute, double value) {
  order = (struct order){.what = what, .value = value};
  snprintf(order.type, sizeof order.type, "%s", type);
  snprintf(order.attribute, sizeof order.attribute, "%s", attribute);
  must(write(orders[1], &order, sizeof order) == sizeof order &&
           read(answers[0], &answer, sizeof answer) == sizeof answer,
       "the proxy is gone");
  return answer;
}

/* ---- Sockets ---- */

static int listen_somewhere(uint16_t *port) {
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t n = sizeof sa;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(fd >= 0 && bind(fd, (struct sockaddr *)&sa, n) == 0 && listen(fd, 4096) == 0 &&
           getsockname(fd, (struct sockaddr *)&sa, &n) == 0,
       "cannot listen");
  *port = ntohs(sa.sin_port);
  return fd;
}

static int connect_to(uint16_t port) {
  struct sockaddr_in sa = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  must(fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0, "cannot connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/* The upstream's process: the first byte of a connection says what it does.  'e': it
 * echoes; 's': it sends until it is closed; 'h': it holds. */
static void serve(int listener) {
  static int held[HELD + 64];
  int n_held = 0;
  signal(SIGPIPE, SIG_IGN);
  for (;;) {
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), on = 1;
    char what;
    if (fd < 0) continue;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (read(fd, &what, 1) != 1) what = 'x';
    if (what == 'h') {
      held[n_held++] = fd;
      continue;
    }
    while (n_held) close(held[--n_held]);
    if (what == 's')
      while (write(fd, block, BLOCK) > 0) continue;
    for (ssize_t n; what == 'e' && (n = read(fd, block, BLOCK)) > 0;)
      if (write(fd, block, (size_t)n) != n) break;
    close(fd);
  }
}

/* ---- Measuring ---- */

/* Bytes a second that come, over so long, after a start. */
static double drink(int fd, double start, double seconds, double *all) {
  double begin = now_seconds(), bytes = 0, now, total = 0;
  while (begin + start > now_seconds()) total += (double)read(fd, block, BLOCK);
  begin = now_seconds();
  do {
    const ssize_t n = read(fd, block, BLOCK);
    must(n > 0, "the stream ended");
    bytes += (double)n;
    now = now_seconds();
  } while (now < begin + seconds);
  if (all) *all = bytes + total;
  return bytes / (now - begin);
}

static void measure_carrying(void) {
  double per_cpu[ROUNDS], per_second[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    double all;
    const int fd = connect_to(proxy_port);
    must(write(fd, "s", 1) == 1, "cannot write");
    const double cpu = tell('c', "", "", 0).cpu;
    per_second[i] = drink(fd, 0.1, 1, &all) / 1e9;
    per_cpu[i] = all / (tell('c', "", "", 0).cpu - cpu) / 1e9;
    close(fd);
  }
  printf("| pass-through, GB per CPU-second of the proxy | %8.2f |\n", median(per_cpu, ROUNDS));
  printf("| pass-through, GB/s                           | %8.2f |\n", median(per_second, ROUNDS));
  fflush(stdout);
}

static void round_trips(uint16_t port, int n, double *times) {
  const int fd = connect_to(port);
  char byte[64] = "e";
  must(write(fd, byte, 1) == 1, "cannot write");
  for (int i = 0; i < n; i++) {
    const double begin = now_seconds();
    must(write(fd, byte, sizeof byte) == sizeof byte, "cannot write");
    for (size_t got = 0; got < sizeof byte;) {
      const ssize_t some = read(fd, byte, sizeof byte);
      must(some > 0, "no echo");
      got += (size_t)some;
    }
    times[i] = now_seconds() - begin;
  }
  close(fd);
}

static void measure_round_trips(uint16_t direct) {
  static double times[TRIPS];
  double through[ROUNDS], plain[ROUNDS], cpu[ROUNDS], p99[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    round_trips(direct, TRIPS, times);
    plain[i] = median(times, TRIPS) * 1e6;
    const double before = tell('c', "", "", 0).cpu;
    round_trips(proxy_port, TRIPS, times);
    cpu[i] = (tell('c', "", "", 0).cpu - before) / TRIPS * 1e6;
    through[i] = median(times, TRIPS) * 1e6 - plain[i];
    p99[i] = times[TRIPS * 99 / 100] * 1e6;
  }
  printf("| round trip of 64 bytes: direct, us           | %8.1f |\n", median(plain, ROUNDS));
  printf("| added by the proxy, us                       | %8.1f |\n", median(through, ROUNDS));
  printf("| p99 with the proxy, us                       | %8.1f |\n", median(p99, ROUNDS));
  printf("| CPU of the proxy, us                         | %8.1f |\n", median(cpu, ROUNDS));
  fflush(stdout);
}

static void measure_latency(void) {
  static double times[DELAYS];
  (void)tell('t', "latency", "latency", 5);
  round_trips(proxy_port, DELAYS, times);
  const double p50 = median(times, DELAYS) * 1e3;
  printf("| latency of 5 ms: p50, ms                     | %8.3f |\n", p50);
  printf("| p90, ms                                      | %8.3f |\n",
         times[DELAYS * 9 / 10] * 1e3);
  printf("| p99, ms                                      | %8.3f |\n",
         times[DELAYS * 99 / 100] * 1e3);
  fflush(stdout);
}

static void measure_bandwidth(void) {
  static const double rates[] = {10, 100, 1000, 10000, 100000, 200000};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    (void)tell('t', "bandwidth", "rate", rates[i]);
    const int fd = connect_to(proxy_port);
    must(write(fd, "s", 1) == 1, "cannot write");
    const double rate = drink(fd, 0.2, 2, NULL) / 1000;
    printf("| bandwidth %6.0f KB/s: off by, %%              | %+8.2f |\n", rates[i],
           (rate / rates[i] - 1) * 100);
    fflush(stdout);
    close(fd);
  }
  (void)tell('t', "", "", 0);
}

/* `before`: when it had carried nothing. */
static void measure_weight(struct answer before) {
  static int held[HELD];
  for (int i = 0; i < HELD; i++) {
    held[i] = connect_to(proxy_port);
    must(write(held[i], "h", 1) == 1, "cannot write");
  }
  struct answer after = tell('c', "", "", 0);
  for (int i = 0; after.open < HELD && i < 2000; i++) {
    usleep(1000);
    after = tell('c', "", "", 0);
  }
  must(after.open >= HELD, "not all connections are open");
  printf("| %u idle connections: RSS, MiB               | %8.1f |\n", after.open,
         (double)after.rss_kb / 1024);
  printf("| each, KiB                                    | %8.2f |\n",
         (double)(after.rss_kb - before.rss_kb) / HELD);
  for (int i = 0; i < HELD; i++) close(held[i]);
}

int main(void) {
  uint16_t upstream;
  struct rlimit files;
  must(getrlimit(RLIMIT_NOFILE, &files) == 0, "no limits");
  files.rlim_cur = files.rlim_max;
  must(setrlimit(RLIMIT_NOFILE, &files) == 0 && pipe(orders) == 0 && pipe(answers) == 0,
       "cannot begin");
  const int listener = listen_somewhere(&upstream);
  const pid_t server = fork();
  if (server == 0) serve(listener);
  proxy_pid = fork();
  if (proxy_pid == 0) {
    close(orders[1]);
    run_proxy(upstream);
  }
  must(server > 0 && proxy_pid > 0, "cannot fork");
  must(read(answers[0], &proxy_port, sizeof proxy_port) == sizeof proxy_port, "no proxy");
  printf(
      "proxy: TCP, alone on this machine\n|                                              |         "
      " |\n"
      "|----------------------------------------------|----------|\n");
  const struct answer start = tell('c', "", "", 0);
  measure_carrying();
  measure_round_trips(upstream);
  measure_latency();
  measure_bandwidth();
  if (files.rlim_cur > 2 * HELD + 100) measure_weight(start);
  kill(proxy_pid, SIGKILL);
  kill(server, SIGKILL);
  (void)waitpid(proxy_pid, NULL, 0);
  (void)waitpid(server, NULL, 0);
  return 0;
}
