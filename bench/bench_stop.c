/* SPDX-License-Identifier: MIT */
/* From a signal to the end of the process, for runs that are in the middle of
 * something.  To reach: 1 ms, where the document gives no grace.
 *
 *   bench_stop MFVM FOLDER */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "timing.h"

enum { ROUNDS = 40, PATH = 4096, WAITS = 1000, CLIENTS = 64, SETTLE_US = 5000 };

static char *mfvm_path;
static char document[PATH], journal[PATH], image[PATH], fifo[PATH];

/* ---- A server: /hang is never answered, everything else at once ---- */

static int server_fd;
static unsigned server_port;
static atomic_uint hanging, answered;

/* The requests of `got` bytes; they are small, and so come whole. */
static void answer(int fd, const char *got, size_t n) {
  static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  if (n > 10 && !memcmp(got, "GET /hang ", 10)) {
    hanging++;
    return;
  }
  if (write(fd, reply, sizeof reply - 1) > 0) answered++;
}

static void *serve(void *unused) {
  struct pollfd fds[CLIENTS + 1] = {{.fd = server_fd, .events = POLLIN}};
  nfds_t count = 1;
  (void)unused;
  for (;;) {
    must(poll(fds, count, -1) > 0, "cannot poll");
    for (nfds_t i = count; i-- > 1;) {
      char request[4096];
      if (!fds[i].revents) continue;
      const ssize_t n = read(fds[i].fd, request, sizeof request);
      if (n > 0) {
        answer(fds[i].fd, request, (size_t)n);
        continue;
      }
      close(fds[i].fd);
      fds[i] = fds[--count];
    }
    if (!fds[0].revents || count > CLIENTS) continue;
    fds[count++] = (struct pollfd){.fd = accept(server_fd, NULL, NULL), .events = POLLIN};
  }
  return NULL;
}

static void start_server(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  pthread_t thread;
  server_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(server_fd >= 0 && bind(server_fd, (struct sockaddr *)&address, size) == 0 &&
           listen(server_fd, CLIENTS) == 0 &&
           getsockname(server_fd, (struct sockaddr *)&address, &size) == 0 &&
           pthread_create(&thread, NULL, serve, NULL) == 0,
       "cannot serve");
  server_port = ntohs(address.sin_port);
}

/* ---- When a run is in the middle of it ---- */

static bool journal_has(const char *driver, unsigned times) {
  static char text[1 << 20];
  FILE *file = fopen(journal, "rb");
  if (!file) return false;
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  const char *at = text;
  for (; times && (at = strstr(at, driver)); at++) times--;
  return times == 0;
}
static bool waits(void) { return journal_has("\"driver\":\"wait\"", 1); }
static bool waits_often(void) { return journal_has("\"driver\":\"wait\"", WAITS); }
static bool hangs(void) { return hanging > 0; }
static bool loads(void) { return answered >= 20; }
/* The child writes into it when it runs. */
static bool commands(void) {
  char byte;
  const int fd = open(fifo, O_RDONLY | O_CLOEXEC);
  const bool read_it = fd >= 0 && read(fd, &byte, 1) == 1;
  if (fd >= 0) close(fd);
  return read_it;
}

/* ---- Documents ---- */

static void write_waits(FILE *out) {
  fprintf(out, "steps:\n  - parallel:\n");
  for (int i = 0; i < WAITS; i++) fprintf(out, "      - {wait: 1h}\n");
}
static void write_wait(FILE *out) { fprintf(out, "steps: [{wait: 1h}]\n"); }
static void write_request(FILE *out) {
  fprintf(out, "steps: [{type: http_request, url: 'http://127.0.0.1:%u/hang', timeout: 1h}]\n",
          server_port);
}
/* A group of processes that end at once on SIGTERM. */
static void write_command(FILE *out) {
  fprintf(out,
          "steps: [{type: command, command: /bin/sh, timeout: 1h, args: [-c, 'sleep 3600 & echo > "
          "%s; wait']}]\n",
          fifo);
}
static void write_load(FILE *out) {
  fprintf(out,
          "target: http://127.0.0.1:%u\nsteps: [{name: load, load: {rate: 200, graceful_stop: 0}, "
          "duration: 1h}]\n",
          server_port);
}

static const struct one {
  const char *name;
  void (*write)(FILE *out);
  bool (*begun)(void);
} cases[] = {{"a wait", write_wait, waits},
             {"a request that hangs", write_request, hangs},
             {"a command, two processes", write_command, commands},
             {"1,000 waits at once", write_waits, waits_often},
             {"a load, 200 requests/s", write_load, loads}};

/* ---- Measuring ---- */

static void print_times(double *times) {
  const double t = median(times, ROUNDS);
  printf(" %6.2f | %6.2f | %6.2f |", times[0] * 1e3, t * 1e3, times[ROUNDS * 9 / 10] * 1e3);
}

/* What of it is the disk's: as much as a run with one wait writes at its end. */
static void measure_disk(void) {
  static double times[ROUNDS];
  static const char lines[2000];
  const int fd = open(journal, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  printf("| %-24s |", "2,000 bytes to the disk");
  for (int sync = 0; sync < 2; sync++) {
    for (int i = 0; i < ROUNDS; i++) {
      usleep(SETTLE_US);
      const double begin = now_seconds();
      must(write(fd, lines, sizeof lines) == sizeof lines && (!sync || fdatasync(fd) == 0),
           "cannot write");
      times[i] = now_seconds() - begin;
    }
    print_times(times);
  }
  printf("\n");
  close(fd);
}

/* Seconds from the signal to the end. */
static double stop_once(const struct one *one, const char *sync, int number) {
  char *argv[16] = {NULL, "run", document, "--journal", journal, "--progress", "none"};
  int status = 0, argc = 7;
  argv[0] = mfvm_path;
  if (sync) argv[argc] = (char *)(uintptr_t)sync;
  unlink(journal);
  unlink(image);
  hanging = answered = 0;
  const pid_t pid = start_quietly(argv);
  while (!one->begun()) {
    must(waitpid(pid, &status, WNOHANG) == 0, "the run ended by itself");
    usleep(1000);
  }
  usleep(SETTLE_US);
  const double begin = now_seconds();
  must(kill(pid, number) == 0 && waitpid(pid, &status, 0) == pid, "lost a process");
  const double seconds = now_seconds() - begin;
  must(WIFEXITED(status) && WEXITSTATUS(status) == 105, "it was not interrupted");
  return seconds;
}

static void measure(const struct one *one) {
  static double times[ROUNDS];
  static const char *const syncs[] = {"--sync=none", NULL};
  FILE *file = fopen(document, "w");
  must(file != NULL, "cannot write the document");
  one->write(file);
  fclose(file);
  printf("| %-24s |", one->name);
  for (int s = 0; s < 2; s++) {
    for (int i = 0; i < ROUNDS; i++) times[i] = stop_once(one, syncs[s], i % 2 ? SIGINT : SIGTERM);
    print_times(times);
  }
  printf("\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  must(argc == 3, "usage: bench_stop MFVM FOLDER");
  mfvm_path = argv[1];
  snprintf(document, sizeof document, "%s/stop.yaml", argv[2]);
  snprintf(journal, sizeof journal, "%s/stop.jsonl", argv[2]);
  snprintf(image, sizeof image, "%s/stop.jsonl.mfc", argv[2]);
  snprintf(fifo, sizeof fifo, "%s/stop.fifo", argv[2]);
  must(mkfifo(fifo, 0600) == 0, "cannot make a fifo");
  start_server();
  printf(
      "stop: SIGINT or SIGTERM to the end, in the middle of ...\n"
      "|                          | --sync=none              | --sync=effect, default   |\n"
      "|                          |  least | median |    p90 |  least | median |    p90 |\n"
      "|                          |     ms |     ms |     ms |     ms |     ms |     ms |\n"
      "|--------------------------|--------|--------|--------|--------|--------|--------|\n");
  fflush(stdout);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) measure(&cases[i]);
  measure_disk();
  return 0;
}
