/* SPDX-License-Identifier: MIT */
#include "tls.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcurl.h"

enum { HOST_SIZE = 256, TEXT_SIZE = CURL_ERROR_SIZE + 64 };
#define NS_PER_MS 1000000LL
#define NEVER_MS 0x7fffffffL /* our own deadlines come before */

struct mf_tls {
  const mf_libcurl *curl;
  mf_alloc alloc;
  mf_loop *loop;
  mf_watch *watch;
  mf_timer timer; /* libcurl's; after the handshake ours, for what is decrypted already */
  CURLM *multi;
  CURL *easy;
  struct curl_slist *connect_to;
  void (*done)(void *ctx, const char *error);
  void *ctx;
  void *store;        /* of the trust; NULL: libcurl has its own */
  const char *failed; /* before the handshake: NULL, or why there is none */
  bool open;          /* the handshake is over */
  char detail[CURL_ERROR_SIZE];
};

const char *mf_tls_missing(void) {
  return mf_libcurl_load() ? NULL : "https needs libcurl: install the package libcurl4";
}

/* ---- Signals ---- */

/* OpenSSL writes without MSG_NOSIGNAL, and who embeds us may not ignore SIGPIPE: it is
 * held back during the call, and dropped. */
typedef struct hush {
  sigset_t before;
  bool pending;
} hush;

static void pipe_set(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGPIPE);
}

static hush hush_begin(void) {
  hush h;
  sigset_t set, pending;
  pipe_set(&set);
  sigpending(&pending);
  h.pending = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &set, &h.before);
  return h;
}

static void hush_end(const hush *h) {
  static const struct timespec at_once = {0, 0};
  sigset_t set;
  pipe_set(&set);
  if (!h->pending) (void)sigtimedwait(&set, NULL, &at_once);
  pthread_sigmask(SIG_SETMASK, &h->before, NULL);
}

/* ---- What failed ---- */

/* Results of OpenSSL's verification (x509_vfy.h), which never change.  The host is
 * compared first, by libcurl: then there is no result (0 or 1, by its version). */
static const char *verify_text(long result) {
  switch (result) {
    case 0:
    case 1: return "the server's certificate is for another host";
    case 9: return "the server's certificate is not valid yet";
    case 10: return "the server's certificate has expired";
    case 18: return "the server's certificate is self-signed and not trusted";
    case 2:
    case 19:
    case 20:
    case 21: return "the issuer of the server's certificate is not trusted";
    case 23: return "the server's certificate was revoked";
    default: return NULL;
  }
}

static const char unreadable[] =
    "the trusted certificates cannot be read (SSL_CERT_FILE, or the package ca-certificates)";

/* "OpenSSL/3.0.1: error:0A00010B:SSL routines::wrong version number" ends with what
 * matters. */
static const char *reason_in(const char *detail) {
  const char *error = strstr(detail, "error:");
  return error ? strrchr(error, ':') + 1 : detail;
}

static const char *failure_text(mf_tls *tls, CURLcode code, char text[TEXT_SIZE]) {
  long verified = 0;
  const char *what = "the TLS handshake failed", *known = NULL;
  if (code == CURLE_SSL_CACERT_BADFILE) return unreadable;
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    (void)tls->curl->easy_getinfo(tls->easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    known = verify_text(verified);
    what = "the server's certificate cannot be verified";
  }
  if (known) return known;
  const char *reason = reason_in(tls->detail);
  snprintf(text, TEXT_SIZE, "%s%s%s", what, *reason ? ": " : "", reason);
  return text;
}

/* ---- libcurl on our loop ---- */

static void finish(mf_tls *tls, const char *error) {
  mf_watch_clear(tls->loop, tls->watch);
  mf_timer_clear(tls->loop, &tls->timer);
  tls->open = true;
  tls->done(tls->ctx, error); /* we may be gone after it */
}

static void drive(mf_tls *tls, curl_socket_t fd, int events) {
  int running, left;
  char text[TEXT_SIZE];
  hush h = hush_begin();
  (void)tls->curl->multi_socket_action(tls->multi, fd, events, &running);
  hush_end(&h);
  const CURLMsg *message = tls->curl->multi_info_read(tls->multi, &left);
  if (message == NULL || message->msg != CURLMSG_DONE) return;
  CURLcode code = message->data.result;
  finish(tls, code == CURLE_OK ? NULL : failure_text(tls, code, text));
}

static void handshake_ready(mf_watch *watch, uint32_t events) {
  mf_tls *tls = watch->ctx;
  drive(tls, watch->fd,
        ((events & MF_READABLE) ? CURL_CSELECT_IN : 0) |
            ((events & MF_WRITABLE) ? CURL_CSELECT_OUT : 0));
}

static void timer_due(mf_timer *timer) {
  mf_tls *tls = timer->ctx;
  if (tls->open)
    tls->watch->ready(tls->watch, MF_READABLE);
  else if (tls->failed)
    finish(tls, tls->failed);
  else
    drive(tls, CURL_SOCKET_TIMEOUT, 0);
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket) {
  mf_tls *tls = ctx;
  (void)easy, (void)of_socket;
  if (tls->open || fd != tls->watch->fd) return 0;
  if (what == CURL_POLL_REMOVE) {
    mf_watch_clear(tls->loop, tls->watch);
    return 0;
  }
  uint32_t events = ((what & CURL_POLL_IN) ? MF_READABLE : 0) |
                    ((what & CURL_POLL_OUT) ? MF_WRITABLE : 0);
  return mf_watch_set(tls->loop, tls->watch, events) == MF_OK ? 0 : -1;
}

static int timer_wanted(CURLM *multi, long ms, void *ctx) {
  mf_tls *tls = ctx;
  (void)multi;
  mf_timer_clear(tls->loop, &tls->timer);
  if (ms < 0 || tls->open) return 0;
  int64_t due = mf_clock_monotonic() + ms * NS_PER_MS;
  return mf_timer_set(tls->loop, &tls->timer, due) == MF_OK ? 0 : -1;
}

/* ---- The socket is the owner's ---- */

static curl_socket_t give_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)purpose, (void)address;
  return ((mf_tls *)ctx)->watch->fd;
}

static int say_connected(void *ctx, curl_socket_t fd, curlsocktype purpose) {
  (void)ctx, (void)fd, (void)purpose;
  return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static int keep_socket(void *ctx, curl_socket_t fd) {
  (void)ctx, (void)fd;
  return 0;
}

/* ---- Opening ---- */

#define SET(option, value) (tls->curl->easy_setopt(tls->easy, CURLOPT_##option, value) == CURLE_OK)
#define SET_MULTI(option, value) \
  (tls->curl->multi_setopt(tls->multi, CURLMOPT_##option, value) == CURLM_OK)

static const char *from_env(const char *name) {
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}

/* ---- Whom to trust ---- */

/* As libcurl does it: a certificate that is trusted need not be a root. */
enum { TRUSTED_FIRST = 0x8000, PARTIAL_CHAIN = 0x80000 };

static void *read_store(const mf_libcurl *curl, const char *file, const char *folder) {
  void *store = curl->store_new();
  if (!store) return NULL;
  (void)curl->store_set_flags(store, TRUSTED_FIRST | PARTIAL_CHAIN);
  if (curl->store_load(store, file, folder) == 1) return store;
  curl->store_free(store);
  return NULL;
}

void mf_tls_trust_fini(mf_tls_trust *trust) {
  if (trust->store) mf_libcurl_load()->store_free(trust->store);
  trust->store = NULL;
}

static CURLcode use_store(CURL *easy, void *context, void *ctx) {
  const mf_tls *tls = ctx;
  (void)easy;
  tls->curl->context_set_store(context, tls->store);
  return CURLE_OK;
}

/* Where the environment says nothing, libcurl was told when it was built. */
static bool share_trust(mf_tls *tls, mf_tls_trust *trust, const char *file, const char *folder) {
  const char *none = NULL;
  if (!file) (void)tls->curl->easy_getinfo(tls->easy, CURLINFO_CAINFO, &file);
  if (!folder) (void)tls->curl->easy_getinfo(tls->easy, CURLINFO_CAPATH, &folder);
  if (!trust->store) trust->store = read_store(tls->curl, file, folder);
  tls->store = trust->store;
  if (!tls->store) tls->failed = unreadable;
  return SET(CAINFO, none) && SET(CAPATH, none) && SET(SSL_CTX_FUNCTION, use_store) &&
         SET(SSL_CTX_DATA, tls);
}

static bool set_trust(mf_tls *tls, mf_tls_trust *trust) {
  const char *file = from_env("SSL_CERT_FILE"), *folder = from_env("SSL_CERT_DIR");
  if (tls->curl->store_new) return share_trust(tls, trust, file, folder);
  return (!file || SET(CAINFO, file)) && (!folder || SET(CAPATH, folder));
}

/* A literal address in CONNECT_TO keeps libcurl from asking for the name's own. */
static bool set_options(mf_tls *tls, mf_tls_trust *trust, mf_str host) {
  char url[HOST_SIZE + 16];
  bool brackets = host.n && memchr(host.p, ':', host.n);
  if (host.n >= HOST_SIZE) return false;
  snprintf(url, sizeof url, "https://%s%.*s%s/", brackets ? "[" : "", (int)host.n, host.p,
           brackets ? "]" : "");
  tls->connect_to = tls->curl->slist_append(NULL, "::127.0.0.1:");
  return tls->connect_to && SET(URL, url) && SET(CONNECT_TO, tls->connect_to) &&
         SET(CONNECT_ONLY, 1L) && SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
         SET(PROXY, "") && SET(NOPROXY, "*") && SET(NOSIGNAL, 1L) &&
         SET(CONNECTTIMEOUT_MS, NEVER_MS) && SET(ERRORBUFFER, tls->detail) &&
         set_trust(tls, trust) && SET(OPENSOCKETFUNCTION, give_socket) &&
         SET(OPENSOCKETDATA, tls) && SET(SOCKOPTFUNCTION, say_connected) &&
         SET(CLOSESOCKETFUNCTION, keep_socket) && SET_MULTI(SOCKETFUNCTION, socket_wanted) &&
         SET_MULTI(SOCKETDATA, tls) && SET_MULTI(TIMERFUNCTION, timer_wanted) &&
         SET_MULTI(TIMERDATA, tls);
}

static bool begin(mf_tls *tls, mf_tls_trust *trust, mf_str host) {
  tls->multi = tls->curl->multi_init();
  tls->easy = tls->curl->easy_init();
  return tls->multi && tls->easy && set_options(tls, trust, host) &&
         tls->curl->multi_add_handle(tls->multi, tls->easy) == CURLM_OK;
}

mf_tls *mf_tls_open(const mf_alloc *alloc, mf_loop *loop, mf_tls_trust *trust, mf_str host,
                    mf_watch *watch, void (*done)(void *ctx, const char *error), void *ctx) {
  const mf_libcurl *curl = mf_libcurl_load();
  mf_tls *tls = curl ? mf_realloc(alloc, NULL, 0, sizeof *tls) : NULL;
  if (tls == NULL) return NULL;
  mf_watch_clear(loop, watch);
  watch->ready = handshake_ready;
  watch->ctx = tls;
  *tls = (mf_tls){.curl = curl,
                  .alloc = *alloc,
                  .loop = loop,
                  .watch = watch,
                  .timer = {.fire = timer_due, .ctx = tls},
                  .done = done,
                  .ctx = ctx};
  if (begin(tls, trust, host)) return tls;
  mf_tls_close(tls);
  return NULL;
}

void mf_tls_close(mf_tls *tls) {
  if (tls == NULL) return;
  hush h = hush_begin();
  tls->open = true; /* nothing is wanted any more */
  if (tls->multi && tls->easy) (void)tls->curl->multi_remove_handle(tls->multi, tls->easy);
  if (tls->easy) tls->curl->easy_cleanup(tls->easy);
  if (tls->multi) (void)tls->curl->multi_cleanup(tls->multi);
  tls->curl->slist_free_all(tls->connect_to);
  hush_end(&h);
  mf_timer_clear(tls->loop, &tls->timer);
  mf_alloc alloc = tls->alloc;
  mf_realloc(&alloc, tls, sizeof *tls, 0);
}

/* ---- Data ---- */

ptrdiff_t mf_tls_send(mf_tls *tls, const char *p, size_t n) {
  size_t sent = 0;
  hush h = hush_begin();
  CURLcode code = tls->curl->easy_send(tls->easy, p, n, &sent);
  hush_end(&h);
  if (code == CURLE_OK) return (ptrdiff_t)sent;
  return code == CURLE_AGAIN ? MF_TLS_LATER : MF_TLS_BROKEN;
}

/* Reads until nothing is left or the room is full: only then epoll knows of the rest. */
ptrdiff_t mf_tls_recv(mf_tls *tls, char *p, size_t n) {
  size_t got = 0, more = 1;
  CURLcode code = CURLE_OK;
  hush h = hush_begin();
  while (got < n && code == CURLE_OK && more > 0) {
    more = 0;
    code = tls->curl->easy_recv(tls->easy, p + got, n - got, &more);
    if (code == CURLE_OK) got += more;
  }
  hush_end(&h);
  if (got == 0 && code == CURLE_AGAIN) return MF_TLS_LATER;
  if (got == 0) return code == CURLE_OK ? 0 : MF_TLS_BROKEN;
  if (code != CURLE_AGAIN && mf_timer_set(tls->loop, &tls->timer, mf_loop_now(tls->loop)) != MF_OK)
    return MF_TLS_BROKEN;
  return (ptrdiff_t)got;
}
