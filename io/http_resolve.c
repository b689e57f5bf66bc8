/* SPDX-License-Identifier: MIT */
#include "http_resolve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME_SIZE 256

/* ---- What is known at once ---- */

static void add_address(mf_http_target *out, const void *address, socklen_t length) {
  if (out->count == MF_HTTP_ADDRESSES || length > sizeof out->addresses[0].address) return;
  mf_http_address *slot = &out->addresses[out->count++];
  memcpy(&slot->address, address, length);
  slot->length = length;
}

static void add_v4(mf_http_target *out, struct in_addr address, uint16_t port) {
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};
  add_address(out, &sa, sizeof sa);
}

static void add_v6(mf_http_target *out, struct in6_addr address, uint16_t port) {
  struct sockaddr_in6 sa = {
      .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = address};
  add_address(out, &sa, sizeof sa);
}

/* "localhost" and names below it are this machine, by RFC 6761. */
static bool is_localhost(const char *name, size_t n) {
  static const char suffix[] = ".localhost";
  if (n == 9) return strcasecmp(name, suffix + 1) == 0;
  return n > 10 && strcasecmp(name + n - 10, suffix) == 0;
}

static void clear(mf_http_target *out) {
  out->count = out->preferred = 0;
  out->tls_host = (mf_str){0};
}

mf_http_error mf_http_resolve(mf_str host, uint16_t port, mf_http_target *out) {
  char name[NAME_SIZE];
  struct in_addr v4;
  struct in6_addr v6;
  clear(out);
  if (host.n == 0 || host.n >= sizeof name) return MF_HTTP_DNS;
  memcpy(name, host.p, host.n);
  name[host.n] = 0;
  if (inet_pton(AF_INET, name, &v4) == 1) {
    add_v4(out, v4, port);
  } else if (inet_pton(AF_INET6, name, &v6) == 1) {
    add_v6(out, v6, port);
  } else if (is_localhost(name, host.n)) {
    v4.s_addr = htonl(INADDR_LOOPBACK);
    add_v4(out, v4, port);
    add_v6(out, in6addr_loopback, port);
  } else {
    return MF_HTTP_DNS;
  }
  return MF_HTTP_NONE;
}

static void use_socket(const mf_url *url, mf_http_target *out) {
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  _Static_assert(sizeof sa.sun_path == MF_SOCKET_PATH, "sockaddr_un differs");
  mf_url_socket_path(url, sa.sun_path);
  clear(out);
  add_address(out, &sa, sizeof sa);
}

/* ---- The thread ---- */

/* What loop and thread share.  The last of the two frees it, so it cannot come from the
 * owner's memory: that may be gone by then, and knows one thread only. */
typedef struct lookup_job {
  atomic_int owners;
  int fd; /* an eventfd, readable when the answer is there */
  int (*ask)(const char *name, const char *service, const struct addrinfo *hints,
             struct addrinfo **out);
  char name[NAME_SIZE];
  uint16_t port;
  mf_http_error error;
  mf_http_target found;
  atomic_bool answered; /* error and found are */
} lookup_job;

static void drop_job(lookup_job *job) {
  mf_alloc alloc = mf_alloc_default();
  if (atomic_fetch_sub(&job->owners, 1) > 1) return;
  if (job->fd >= 0) close(job->fd);
  mf_realloc(&alloc, job, sizeof *job, 0);
}

static lookup_job *new_job(const mf_http_lookup *lookup, const mf_url *url) {
  mf_alloc alloc = mf_alloc_default();
  lookup_job *job = mf_realloc(&alloc, NULL, 0, sizeof *job);
  if (!job) return NULL;
  memset(job, 0, sizeof *job);
  atomic_init(&job->owners, 1);
  atomic_init(&job->answered, false);
  job->ask = lookup->ask ? lookup->ask : getaddrinfo;
  job->port = url->port;
  memcpy(job->name, url->host.p, url->host.n);
  job->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (job->fd >= 0) return job;
  drop_job(job);
  return NULL;
}

static void set_port(mf_http_address *address, uint16_t port) {
  struct sockaddr_storage *sa = &address->address;
  if (sa->ss_family == AF_INET)
    ((struct sockaddr_in *)sa)->sin_port = htons(port);
  else if (sa->ss_family == AF_INET6)
    ((struct sockaddr_in6 *)sa)->sin6_port = htons(port);
}

static mf_http_error ask_for(const lookup_job *job, mf_http_target *out) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  if (job->ask(job->name, NULL, &hints, &found) != 0) return MF_HTTP_DNS;
  for (const struct addrinfo *a = found; a; a = a->ai_next)
    add_address(out, a->ai_addr, a->ai_addrlen);
  freeaddrinfo(found);
  for (uint32_t i = 0; i < out->count; i++) set_port(&out->addresses[i], job->port);
  return out->count ? MF_HTTP_NONE : MF_HTTP_DNS;
}

static void *run_job(void *ctx) {
  lookup_job *job = ctx;
  const uint64_t one = 1;
  job->error = ask_for(job, &job->found);
  atomic_store(&job->answered, true);
  (void)!write(job->fd, &one, sizeof one); /* cannot be full */
  drop_job(job);
  return NULL;
}

/* Signals are for the threads of the embedder. */
static bool start_thread(lookup_job *job) {
  pthread_t thread;
  pthread_attr_t attr;
  sigset_t all, before;
  if (pthread_attr_init(&attr) != 0) return false;
  (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  atomic_fetch_add(&job->owners, 1);
  bool started = pthread_create(&thread, &attr, run_job, job) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attr);
  if (!started) drop_job(job);
  return started;
}

/* ---- On the loop ---- */

void mf_http_lookup_cancel(mf_http_lookup *lookup) {
  if (!lookup->job) return;
  mf_watch_clear(lookup->loop, &lookup->watch);
  mf_timer_clear(lookup->loop, &lookup->timer);
  drop_job(lookup->job);
  lookup->job = NULL;
}

bool mf_http_lookup_pending(const mf_http_lookup *lookup) { return lookup->job != NULL; }

static void answered(mf_watch *watch, uint32_t events) {
  mf_http_lookup *lookup = watch->ctx;
  lookup_job *job = lookup->job;
  (void)events;
  if (!atomic_load(&job->answered)) return;
  mf_http_error error = job->error;
  *lookup->target = job->found;
  mf_http_lookup_cancel(lookup);
  lookup->done(lookup, error);
}

static void too_late(mf_timer *timer) {
  mf_http_lookup *lookup = timer->ctx;
  mf_http_lookup_cancel(lookup);
  lookup->done(lookup, MF_HTTP_CONNECT_TIMEOUT);
}

static bool begin(mf_http_lookup *lookup, int64_t deadline) {
  lookup->watch = (mf_watch){.fd = lookup->job->fd, .ready = answered, .ctx = lookup};
  lookup->timer = (mf_timer){.fire = too_late, .ctx = lookup};
  return mf_watch_set(lookup->loop, &lookup->watch, MF_READABLE) == MF_OK &&
         mf_timer_set(lookup->loop, &lookup->timer, deadline) == MF_OK && start_thread(lookup->job);
}

mf_http_error mf_http_lookup_start(mf_http_lookup *lookup, mf_loop *loop, const mf_url *url,
                                   int64_t deadline, mf_http_target *out) {
  lookup->job = NULL;
  if (url->is_socket) {
    use_socket(url, out);
    return MF_HTTP_NONE;
  }
  mf_http_error error = mf_http_resolve(url->host, url->port, out);
  if (error == MF_HTTP_NONE || url->host.n == 0 || url->host.n >= NAME_SIZE) return error;
  lookup->loop = loop;
  lookup->target = out;
  lookup->job = new_job(lookup, url);
  if (!lookup->job) return MF_HTTP_SYSTEM;
  if (begin(lookup, deadline)) return MF_HTTP_NONE;
  mf_http_lookup_cancel(lookup);
  return MF_HTTP_SYSTEM;
}
