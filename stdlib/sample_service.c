/* SPDX-License-Identifier: MIT */
#include "sample_service.h"

#include "../base/text.h"
#include "microhttpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define MAX_CONNECTIONS 1024
#define IDLE_SECONDS 60u
#define MAX_HOOK_BYTES 65536
#define MAX_SLOW_MS 60000.0
#define NS_PER_MS 1e6
#define NS_PER_S 1000000000LL

/* A request that waits for its time. */
typedef struct sleeper {
  int64_t due;
  struct MHD_Connection *connection;
} sleeper;

/* A POST to /hook whose body is coming in. */
typedef struct hook_request {
  mf_alloc alloc;
  mf_buf body;
} hook_request;

enum { BODY_OK, BODY_ERROR, BODY_HEALTH, BODY_HOOK, BODY_COUNT };

struct mf_sample_service {
  mf_sample_options options;
  const mf_microhttpd *mhd;
  struct MHD_Daemon *daemon;
  struct MHD_Response *bodies[BODY_COUNT];
  uint16_t port;
  atomic_uint_fast64_t requests;
  /* What *con_cls points to for requests that keep nothing: which of them tells
   * whether a request has waited, and what it will be answered. */
  char fresh, waited_ok, waited_bad;
  pthread_t waker;
  pthread_mutex_t lock; /* of the rest; taken before libmicrohttpd's own locks */
  pthread_cond_t changed;
  bool has_lock, has_waker, stopping;
  sleeper sleepers[MAX_CONNECTIONS];
  int n_sleepers;
};

/* ---- Waiting ---- */

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Puts a request to sleep.  False when it should be answered now. */
static bool put_to_sleep(mf_sample_service *sample, struct MHD_Connection *connection, double ms) {
  pthread_mutex_lock(&sample->lock);
  bool ok = !sample->stopping && sample->n_sleepers < MAX_CONNECTIONS;
  if (ok) {
    sample->mhd->suspend(connection);
    sample->sleepers[sample->n_sleepers++] = (sleeper){.due = now_ns() + (int64_t)(ms * NS_PER_MS),
                                                       .connection = connection};
    pthread_cond_signal(&sample->changed);
  }
  pthread_mutex_unlock(&sample->lock);
  return ok;
}

/* Wakes all that are due; returns when the next one is, or INT64_MAX. */
static int64_t wake_due(mf_sample_service *sample, int64_t now) {
  int64_t next = INT64_MAX;
  for (int i = 0; i < sample->n_sleepers;) {
    sleeper *s = &sample->sleepers[i];
    if (s->due <= now) {
      sample->mhd->resume(s->connection);
      *s = sample->sleepers[--sample->n_sleepers];
      continue;
    }
    if (s->due < next) next = s->due;
    i++;
  }
  return next;
}

static void *run_waker(void *ctx) {
  mf_sample_service *sample = ctx;
  pthread_mutex_lock(&sample->lock);
  while (!sample->stopping) {
    int64_t next = wake_due(sample, now_ns());
    if (next == INT64_MAX) {
      pthread_cond_wait(&sample->changed, &sample->lock);
    } else {
      struct timespec t = {.tv_sec = next / NS_PER_S, .tv_nsec = next % NS_PER_S};
      pthread_cond_timedwait(&sample->changed, &sample->lock, &t);
    }
  }
  (void)wake_due(sample, INT64_MAX);
  pthread_mutex_unlock(&sample->lock);
  return NULL;
}

/* ---- Dice ---- */

/* 0 <= x < 1: SplitMix64 of seed, request and die. */
static double roll(const mf_sample_service *sample, uint64_t number, uint64_t die) {
  uint64_t z = sample->options.seed + (number * 2 + die + 1) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  z ^= z >> 31;
  return (double)(z >> 11) * 0x1p-53;
}

/* ---- Routes ---- */

typedef struct reply {
  unsigned status;
  int body;
  double delay_ms;
} reply;

static reply slow_reply(const mf_sample_service *sample, struct MHD_Connection *connection) {
  double ms = 0;
  const char *text = sample->mhd->lookup_value(connection, MHD_GET_ARGUMENT_KIND, "ms");
  if (text && !mf_parse_double(mf_str_of(text), false, &ms, NULL)) ms = 0;
  if (ms < 0) ms = 0;
  return (reply){200, BODY_OK, ms < MAX_SLOW_MS ? ms : MAX_SLOW_MS};
}

static reply status_reply(const char *text) {
  uint64_t status;
  if (!mf_parse_uint(mf_str_of(text), &status) || status < 200 || status > 599)
    return (reply){404, BODY_ERROR, 0};
  return (reply){(unsigned)status, status < 400 ? BODY_OK : BODY_ERROR, 0};
}

static reply ordinary_reply(const mf_sample_service *sample, uint64_t number) {
  const mf_sample_options *o = &sample->options;
  double delay = o->latency_ms + o->jitter_ms * (2 * roll(sample, number, 0) - 1);
  bool bad = roll(sample, number, 1) < o->error_rate;
  return (reply){bad ? 500 : 200, bad ? BODY_ERROR : BODY_OK, delay};
}

static reply choose_reply(mf_sample_service *sample, struct MHD_Connection *connection,
                          const char *url) {
  uint64_t number = atomic_fetch_add(&sample->requests, 1);
  if (strcmp(url, "/health") == 0) return (reply){200, BODY_HEALTH, 0};
  if (strcmp(url, "/slow") == 0) return slow_reply(sample, connection);
  if (strncmp(url, "/status/", 8) == 0) return status_reply(url + 8);
  return ordinary_reply(sample, number);
}

/* ---- Webhooks ---- */

static bool is_hook(const char *url, const char *method) {
  return strcmp(url, "/hook") == 0 && strcmp(method, "POST") == 0;
}

static hook_request *new_hook(const mf_sample_service *sample) {
  const mf_alloc *alloc = &sample->options.alloc;
  hook_request *hook = mf_realloc(alloc, NULL, 0, sizeof *hook);
  if (!hook) return NULL;
  hook->alloc = *alloc;
  mf_buf_init(&hook->body, alloc, MAX_HOOK_BYTES);
  return hook;
}

static void free_hook(hook_request *hook) {
  mf_buf_fini(&hook->body);
  mf_alloc alloc = hook->alloc;
  mf_realloc(&alloc, hook, sizeof *hook, 0);
}

/* Hands the body over as one line. */
static enum MHD_Result finish_hook(mf_sample_service *sample, struct MHD_Connection *connection,
                                   hook_request *hook) {
  atomic_fetch_add(&sample->requests, 1);
  if (hook->body.failed)
    return sample->mhd->queue_response(connection, 413, sample->bodies[BODY_ERROR]);
  for (size_t i = 0; i < hook->body.n; i++)
    if (strchr("\r\n", hook->body.p[i])) hook->body.p[i] = ' ';
  if (sample->options.hook)
    sample->options.hook(sample->options.hook_ctx, hook->body.n ? hook->body.p : "");
  return sample->mhd->queue_response(connection, 200, sample->bodies[BODY_HOOK]);
}

/* ---- The handler ---- */

/* libmicrohttpd calls it with the head, then with each part of the body, then with
 * no bytes left.  Answering in the first call would close the connection. */
static enum MHD_Result first_call(mf_sample_service *sample, const char *url, const char *method,
                                  void **state) {
  *state = is_hook(url, method) ? (void *)new_hook(sample) : &sample->fresh;
  return *state ? MHD_YES : MHD_NO;
}

/* All of the request is here. */
static enum MHD_Result answer(mf_sample_service *sample, struct MHD_Connection *connection,
                              const char *url, void **state) {
  reply r = {200, BODY_OK, 0};
  if (*state == &sample->waited_bad) r = (reply){500, BODY_ERROR, 0};
  if (*state == &sample->fresh) r = choose_reply(sample, connection, url);
  if (r.delay_ms > 0) {
    *state = r.body == BODY_OK ? &sample->waited_ok : &sample->waited_bad;
    if (put_to_sleep(sample, connection, r.delay_ms)) return MHD_YES;
  }
  return sample->mhd->queue_response(connection, r.status, sample->bodies[r.body]);
}

static bool keeps_nothing(const mf_sample_service *sample, const void *state) {
  return state == &sample->fresh || state == &sample->waited_ok || state == &sample->waited_bad;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state) {
  mf_sample_service *sample = ctx;
  (void)version;
  if (!*state) return first_call(sample, url, method, state);
  hook_request *hook = keeps_nothing(sample, *state) ? NULL : *state;
  if (*upload_size) {
    if (hook) mf_buf_add(&hook->body, upload, *upload_size);
    *upload_size = 0;
    return MHD_YES;
  }
  return hook ? finish_hook(sample, connection, hook) : answer(sample, connection, url, state);
}

static void completed(void *ctx, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode why) {
  mf_sample_service *sample = ctx;
  (void)connection;
  (void)why;
  if (*state && !keeps_nothing(sample, *state)) free_hook(*state);
  *state = NULL;
}

/* ---- Start and stop ---- */

static struct MHD_Response *make_body(const mf_microhttpd *mhd, const char *text) {
  char copy[128]; /* the library takes a pointer to what it may not write */
  size_t n = strlen(text);
  memcpy(copy, text, n);
  struct MHD_Response *response = mhd->create_response(n, copy, MHD_RESPMEM_MUST_COPY);
  if (response) mhd->add_header(response, "Content-Type", "application/json");
  return response;
}

static bool make_bodies(mf_sample_service *sample) {
  static const char *const texts[BODY_COUNT] = {
      "{\"service\":\"mfvm sample\",\"status\":\"ok\"}\n",
      "{\"service\":\"mfvm sample\",\"status\":\"error\"}\n",
      "{\"status\":\"ok\"}\n",
      "{\"received\":true}\n",
  };
  bool ok = true;
  for (int i = 0; i < BODY_COUNT; i++) {
    sample->bodies[i] = make_body(sample->mhd, texts[i]);
    ok = ok && sample->bodies[i];
  }
  return ok;
}

static bool make_lock(mf_sample_service *sample) {
  pthread_condattr_t attributes;
  if (pthread_condattr_init(&attributes) != 0) return false;
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  sample->has_lock = pthread_mutex_init(&sample->lock, NULL) == 0 &&
                     pthread_cond_init(&sample->changed, &attributes) == 0;
  pthread_condattr_destroy(&attributes);
  return sample->has_lock;
}

static bool start_daemon(mf_sample_service *sample, const struct sockaddr_storage *address) {
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
  if (address->ss_family == AF_INET6) flags |= MHD_USE_IPv6;
  sample->daemon = sample->mhd->start_daemon(
      flags, sample->options.port, NULL, NULL, handle, sample, MHD_OPTION_SOCK_ADDR,
      (const struct sockaddr *)address, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS,
      MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, completed, sample,
      MHD_OPTION_END);
  if (!sample->daemon) return false;
  const union MHD_DaemonInfo *info = sample->mhd->get_daemon_info(sample->daemon,
                                                                  MHD_DAEMON_INFO_BIND_PORT);
  sample->port = info ? info->port : sample->options.port;
  return true;
}

/* The two threads must not take signals that are meant for the loop. */
static bool start_threads(mf_sample_service *sample, const struct sockaddr_storage *address) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  sample->has_waker = pthread_create(&sample->waker, NULL, run_waker, sample) == 0;
  errno = 0;
  bool ok = sample->has_waker && start_daemon(sample, address);
  int saved = errno;
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  errno = saved;
  return ok;
}

mf_status mf_sample_start(const mf_sample_options *options, mf_sample_service **out, char *error,
                          size_t error_size) {
  struct sockaddr_storage address;
  mf_alloc alloc = options->alloc.fn ? options->alloc : mf_alloc_default();
  *out = NULL;
  const mf_microhttpd *mhd = mf_microhttpd_load();
  if (!mhd) {
    snprintf(error, error_size, "the sample service needs libmicrohttpd (libmicrohttpd.so.12)");
    return MF_UNSUPPORTED;
  }
  if (!mf_microhttpd_address(options->address, options->port, &address)) {
    snprintf(error, error_size, "cannot listen on '%s': not an IP address", options->address);
    return MF_IO_ERROR;
  }
  mf_sample_service *sample = mf_realloc(&alloc, NULL, 0, sizeof *sample);
  if (sample) memset(sample, 0, sizeof *sample);
  if (sample) sample->options = *options;
  if (sample) sample->options.alloc = alloc;
  if (sample) sample->mhd = mhd;
  if (!sample || !make_lock(sample) || !make_bodies(sample)) {
    snprintf(error, error_size, "out of memory");
    mf_sample_stop(sample);
    return MF_OUT_OF_MEMORY;
  }
  if (!start_threads(sample, &address)) {
    snprintf(error, error_size, "cannot listen on %s port %u: %s",
             options->address ? options->address : "127.0.0.1", options->port,
             errno ? strerror(errno) : "no thread or socket could be had");
    mf_sample_stop(sample);
    return MF_IO_ERROR;
  }
  *out = sample;
  return MF_OK;
}

uint16_t mf_sample_port(const mf_sample_service *sample) { return sample->port; }

uint64_t mf_sample_requests(const mf_sample_service *sample) {
  return atomic_load(&sample->requests);
}

/* The waker resumes every sleeper as it ends: libmicrohttpd will not stop while a
 * connection is suspended. */
static void stop_waker(mf_sample_service *sample) {
  if (!sample->has_waker) return;
  pthread_mutex_lock(&sample->lock);
  sample->stopping = true;
  pthread_cond_signal(&sample->changed);
  pthread_mutex_unlock(&sample->lock);
  pthread_join(sample->waker, NULL);
}

void mf_sample_stop(mf_sample_service *sample) {
  if (!sample) return;
  stop_waker(sample);
  if (sample->daemon) sample->mhd->stop_daemon(sample->daemon);
  for (int i = 0; i < BODY_COUNT; i++)
    if (sample->bodies[i]) sample->mhd->destroy_response(sample->bodies[i]);
  if (sample->has_lock) {
    pthread_cond_destroy(&sample->changed);
    pthread_mutex_destroy(&sample->lock);
  }
  mf_alloc alloc = sample->options.alloc;
  mf_realloc(&alloc, sample, sizeof *sample, 0);
}
