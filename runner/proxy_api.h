/* proxy_api - Toxiproxy's HTTP API over stdlib/tcp_proxy: a request in, an answer out.
 *
 * Paths, codes, messages, headers and the order of keys are Toxiproxy's, which its
 * clients rely on.  What they cannot rely on is repaired, unless `compat` is set: numbers
 * out of range and unknown attributes are refused, a body is one JSON value and nothing
 * behind it, populate and configuration files honour `toxics` and `enabled` and change
 * everything or nothing, /metrics is there, and 405 says what is allowed.
 *
 * No sockets here: runner/proxy_server.h has them. */
#ifndef MF_RUNNER_PROXY_API_H
#define MF_RUNNER_PROXY_API_H
#include "../stdlib/tcp_proxy.h"

typedef struct mf_proxy_api {
  mf_alloc alloc;
  mf_loop *loop;
  mf_tcp_proxies *proxies; /* whose `lenient` is `compat` */
  bool compat;
  uint64_t seed, requests; /* ids of requests are made from these */
} mf_proxy_api;

typedef struct mf_proxy_request {
  mf_str method, path; /* path: decoded, without query */
  mf_str user_agent;
  mf_str body;
  bool too_large; /* the body was more than MF_LIMIT_PROXY_BODY_BYTES */
} mf_proxy_request;

typedef struct mf_proxy_answer {
  int status;
  const char *type; /* static; NULL: no Content-Type, and no body */
  bool nosniff;     /* X-Content-Type-Options: nosniff */
  char id[21];      /* X-Toxiproxy-Request-Id; "": none */
  char allow[32];   /* Allow; "": none */
  mf_buf body;
} mf_proxy_answer;
void mf_proxy_answer_init(mf_proxy_answer *answer, const mf_alloc *alloc);
void mf_proxy_answer_fini(mf_proxy_answer *answer);

/* Replaces what `answer` held.  body.failed: out of memory even for saying so. */
void mf_proxy_api_handle(mf_proxy_api *api, const mf_proxy_request *request,
                         mf_proxy_answer *answer);

/* The proxies of a configuration: a JSON list as /populate takes it, or such a list under
 * "proxies".  False: `error` says why. */
bool mf_proxy_api_configure(mf_proxy_api *api, mf_str json, char *error, size_t error_size);
#endif
