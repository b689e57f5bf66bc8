/* sample_service - the built-in HTTP service of `mfvm target` and
 * `--target sample`, with set latency and error rate.
 *
 *   /health            200, at once
 *   /slow?ms=300       200 after that long (at most a minute)
 *   /status/503        that status
 *   POST /hook         200, and the body goes to the hook callback
 *   anything else      200, or 500 with probability error_rate, after
 *                      latency_ms give or take up to jitter_ms
 *
 * One thread of libmicrohttpd serves all connections (at most 1,024); a request
 * that has to wait is suspended, not slept in, and a second thread wakes it.
 * Dice are rolled from seed and the request's number. */
#ifndef MF_STDLIB_SAMPLE_SERVICE_H
#define MF_STDLIB_SAMPLE_SERVICE_H
#include "../base/alloc.h"

typedef struct mf_sample_service mf_sample_service;

typedef struct mf_sample_options {
  mf_alloc alloc;      /* must be safe to use from another thread; fn NULL: default */
  const char *address; /* NULL: 127.0.0.1; IPv4 or IPv6 literal, or localhost */
  uint16_t port;       /* 0: any that is free */
  double latency_ms, jitter_ms;
  double error_rate; /* 0..1 */
  uint64_t seed;
  /* Called from the service's thread, one call at a time, with the body of a
   * POST to /hook as one line (line breaks become blanks), NUL-terminated.
   * NULL: none. */
  void (*hook)(void *ctx, const char *line);
  void *hook_ctx;
} mf_sample_options;

/* Starts the service.  MF_OK; MF_IO_ERROR, MF_UNSUPPORTED (no libmicrohttpd) or
 * MF_OUT_OF_MEMORY with a sentence in `error`. */
mf_status mf_sample_start(const mf_sample_options *options, mf_sample_service **out, char *error,
                          size_t error_size);
uint16_t mf_sample_port(const mf_sample_service *sample);
/* Requests answered so far, /hook too. */
uint64_t mf_sample_requests(const mf_sample_service *sample);
/* Ends it; requests that wait are answered early.  NULL is allowed. */
void mf_sample_stop(mf_sample_service *sample);
#endif
