/* tcp_proxy - proxies that carry TCP connections, and the toxics that spoil them.
 *
 * A proxy listens, opens a connection to its upstream for each that it accepts, and
 * carries bytes both ways; so does the end of a stream, alone: the other direction goes
 * on.  A reset on one side becomes a reset on the other, behind the bytes that came before it.
 * A toxic (stdlib/toxics.def) spoils one direction of those connections that its die
 * hits.  The die is thrown once for a connection: its number is a function of the seed,
 * the names of proxy and toxic, and the connection's number, so changing `toxicity`
 * changes which numbers hit, never the numbers.
 *
 * Toxics of a direction apply in the order in which they were added.  Adding, changing
 * and removing acts on open connections within a turn of the loop, and no byte is lost
 * or changes its place: what a removed toxic held goes on at once, to the toxics behind
 * it.  Only a fault whose nature it is drops bytes, and such a connection is cut, sooner or later:
 * timeout, limit_data, reset_peer, down.  (A timeout that dropped nothing lets go of it.)
 *
 * Memory of a connection, beside the kernel's: under half a KiB when idle; while it is
 * opened, 2 KiB more.  A direction holds at most MF_TCP_BUFFER + 64 KiB behind each of
 * its toxics and before the socket (without toxics 64 KiB); a latency MF_TCP_DELAYED, if
 * nothing behind it is in the way.  Where no toxic acts, up to 1 MiB may be in a pipe of
 * the kernel.  No more is read before there is room.
 *
 * One thread: that of the loop.  Nothing here blocks. */
#ifndef MF_STDLIB_TCP_PROXY_H
#define MF_STDLIB_TCP_PROXY_H
#include "../base/text.h"
#include "../io/loop.h"

#include <sys/socket.h>

typedef struct mf_tcp_proxies mf_tcp_proxies;
typedef struct mf_tcp_proxy mf_tcp_proxy;

enum {
  MF_TCP_BUFFER = 256 << 10, /* bytes that wait for a toxic or a socket */
  MF_TCP_DELAYED = 4 << 20,  /* bytes on their way through a latency */
  MF_TCP_PIECES = 4096,      /* pieces in which they may be */
  MF_TOXIC_ATTRIBUTES = 3,   /* at most */
  MF_TCP_NAME = 256,         /* bytes of a name of a proxy or toxic, with NUL */
  MF_TCP_ADDRESS = 272,      /* bytes of "host:port", with NUL */
};

/* ---- Problems ---- */

typedef enum mf_tcp_problem {
#define MF_TCP_PROBLEM(id, http_status, text) MF_TCP_##id,
#include "tcp_proxy_problems.def"
} mf_tcp_problem;
/* The text of a problem, as Toxiproxy has it, and its status there. */
const char *mf_tcp_problem_text(mf_tcp_problem problem);
int mf_tcp_problem_status(mf_tcp_problem problem);

/* Why something was refused: the problem's text, or one that says more. */
typedef struct mf_tcp_error {
  mf_tcp_problem problem;
  char text[320];
} mf_tcp_error;

/* ---- Kinds of toxics ---- */

typedef enum mf_toxic_kind {
#define MF_TOXIC(id, name, doc) MF_TOXIC_##id,
#include "toxics.def"
  MF_TOXIC_KINDS
} mf_toxic_kind;

typedef struct mf_toxic_attribute {
  const char *name;
  bool whole;
  double least, most, otherwise; /* otherwise: if it is not given */
} mf_toxic_attribute;

const char *mf_toxic_type_name(mf_toxic_kind kind); /* "slow_close" */
/* Fills `out`, which has room for MF_TOXIC_ATTRIBUTES, with those of a kind; how many. */
uint32_t mf_toxic_attributes(mf_toxic_kind kind, const mf_toxic_attribute **out);
/* MF_TOXIC_KINDS: there is none of that name. */
mf_toxic_kind mf_toxic_kind_find(mf_str name);

/* ---- Events ---- */

typedef enum mf_tcp_stream { MF_UPSTREAM, MF_DOWNSTREAM } mf_tcp_stream;

typedef enum mf_tcp_event_kind {
  MF_TCP_OPENED,         /* both sides are connected */
  MF_TCP_CONNECT_FAILED, /* the upstream could not be reached; the client is closed */
  MF_TCP_TOXIC_BEGAN,    /* the die of `toxic` has hit this connection; also before OPENED */
  MF_TCP_CLOSED,         /* and why */
} mf_tcp_event_kind;

typedef enum mf_tcp_reason {
  MF_TCP_ENDED, /* both directions had come to their end */
  MF_TCP_PEER_RESET,
  MF_TCP_CUT,       /* by `toxic` */
  MF_TCP_DISABLED,  /* the proxy was disabled, deleted, or changed its addresses */
  MF_TCP_ON_DEMAND, /* mf_tcp_proxy_reset_connections */
  MF_TCP_UNREACHED, /* the upstream could not be reached: see CONNECT_FAILED */
  MF_TCP_NO_MEMORY, /* memory, or something else of the system, was short */
} mf_tcp_reason;
const char *mf_tcp_reason_text(mf_tcp_reason reason); /* "reset by a peer" */

typedef struct mf_tcp_event {
  mf_tcp_event_kind kind;
  const char *proxy;
  uint64_t connection;  /* from 1, in the order in which the proxy accepted */
  const char *toxic;    /* NULL: none */
  mf_tcp_reason reason; /* CLOSED */
  int error;            /* CONNECT_FAILED: errno; 0: its name was not found, or too late */
  uint64_t bytes[2];    /* by mf_tcp_stream, that reached the other side */
} mf_tcp_event;

/* ---- All proxies ---- */

typedef struct mf_tcp_options {
  mf_alloc alloc; /* fn NULL: default */
  mf_loop *loop;  /* outlives the proxies */
  uint64_t seed;
  /* As Toxiproxy: any toxicity and any number is taken, unknown attributes are ignored. */
  bool lenient;
  uint32_t max_connections;   /* at once, over all proxies; more wait to be accepted.  0: 10,000 */
  int64_t connect_timeout_ms; /* 0: 30,000 */
  /* May a connection go to this address?  NULL: any. */
  bool (*allow)(void *ctx, const struct sockaddr *address, socklen_t length);
  /* Told of what happens; must not change proxies.  NULL: nobody. */
  void (*event)(void *ctx, const mf_tcp_event *event);
  void *ctx;
} mf_tcp_options;

mf_status mf_tcp_proxies_new(const mf_tcp_options *options, mf_tcp_proxies **out);
/* Closes everything.  NULL is allowed. */
void mf_tcp_proxies_free(mf_tcp_proxies *proxies);
/* By name, in byte order. */
uint32_t mf_tcp_proxies_count(const mf_tcp_proxies *proxies);
mf_tcp_proxy *mf_tcp_proxies_at(const mf_tcp_proxies *proxies, uint32_t i);
mf_tcp_proxy *mf_tcp_proxies_find(const mf_tcp_proxies *proxies, mf_str name); /* NULL: none */
/* Enables every proxy and removes every toxic.  The first proxy that cannot listen is
 * told; the others are reset all the same. */
mf_tcp_problem mf_tcp_proxies_reset(mf_tcp_proxies *proxies, mf_tcp_error *error);

/* ---- Toxics: what is asked for ---- */

typedef struct mf_toxic_value {
  mf_str name;
  double value;
} mf_toxic_value;

typedef struct mf_toxic_spec {
  mf_str name; /* n 0: TYPE_STREAM */
  mf_str type;
  mf_str stream; /* "upstream" or "downstream", in any case; n 0: downstream */
  bool has_toxicity;
  double toxicity; /* 0..1; 1 if it has none */
  const mf_toxic_value *values;
  uint32_t n_values;
} mf_toxic_spec;

/* ---- A proxy ---- */

typedef struct mf_tcp_spec {
  mf_str name;
  /* host:port.  An empty host: all interfaces; localhost: 127.0.0.1 and [::1]; port 0:
   * any that is free; n 0: ":0". */
  mf_str listen;
  mf_str upstream; /* host:port; a name is looked up for each connection */
  bool disabled;
  const mf_toxic_spec *toxics;
  uint32_t n_toxics;
} mf_tcp_spec;

/* All of it or nothing.  MF_TCP_NONE, and the proxy in *out (which may be NULL). */
mf_tcp_problem mf_tcp_proxy_create(mf_tcp_proxies *proxies, const mf_tcp_spec *spec,
                                   mf_tcp_proxy **out, mf_tcp_error *error);
/* Closes its listener and its connections. */
void mf_tcp_proxy_delete(mf_tcp_proxy *proxy);

typedef struct mf_tcp_change {
  bool has_listen, has_upstream, has_enabled;
  mf_str listen, upstream;
  bool enabled;
} mf_tcp_change;
/* Other addresses, or disabling, close listener and connections; toxics stay.  If it cannot
 * listen at the new address, it is disabled and keeps it. */
mf_tcp_problem mf_tcp_proxy_change(mf_tcp_proxy *proxy, const mf_tcp_change *change,
                                   mf_tcp_error *error);
mf_tcp_problem mf_tcp_proxy_enable(mf_tcp_proxy *proxy, bool enabled, mf_tcp_error *error);
/* Resets (RST) all connections that are open, once. */
void mf_tcp_proxy_reset_connections(mf_tcp_proxy *proxy);

const char *mf_tcp_proxy_name(const mf_tcp_proxy *proxy);
/* With the real port when it listens, else as given. */
const char *mf_tcp_proxy_listen(const mf_tcp_proxy *proxy);
const char *mf_tcp_proxy_upstream(const mf_tcp_proxy *proxy);
bool mf_tcp_proxy_enabled(const mf_tcp_proxy *proxy);
uint16_t mf_tcp_proxy_port(const mf_tcp_proxy *proxy); /* 0: it does not listen */

typedef struct mf_tcp_counts {
  uint64_t received[2], sent[2]; /* bytes by mf_tcp_stream, live */
  uint64_t accepted, opened, unreached, cut;
  uint32_t open; /* connections now, those under way to the upstream too */
} mf_tcp_counts;
mf_tcp_counts mf_tcp_proxy_counts(const mf_tcp_proxy *proxy);

/* ---- The toxics of a proxy ---- */

typedef struct mf_toxic_info {
  const char *name;
  mf_toxic_kind kind;
  mf_tcp_stream stream;
  const char *stream_text; /* as it was given: "UPSTREAM" */
  double toxicity;
  double values[MF_TOXIC_ATTRIBUTES]; /* in the order of its type's attributes */
  uint64_t connections;               /* that its die has hit */
  uint64_t acted; /* pieces delayed, cut, dropped or lost, streams held back, connections cut */
} mf_toxic_info;

/* Those of upstream first, each in the order added. */
uint32_t mf_tcp_proxy_toxic_count(const mf_tcp_proxy *proxy);
mf_toxic_info mf_tcp_proxy_toxic_at(const mf_tcp_proxy *proxy, uint32_t i);
bool mf_tcp_proxy_toxic_find(const mf_tcp_proxy *proxy, mf_str name, mf_toxic_info *out);

/* Names are unique in a proxy, over both streams. */
mf_tcp_problem mf_tcp_proxy_add_toxic(mf_tcp_proxy *proxy, const mf_toxic_spec *spec,
                                      mf_toxic_info *out, mf_tcp_error *error);
/* Merges toxicity and values; name, type and stream of the spec are not read. */
mf_tcp_problem mf_tcp_proxy_change_toxic(mf_tcp_proxy *proxy, mf_str name,
                                         const mf_toxic_spec *spec, mf_toxic_info *out,
                                         mf_tcp_error *error);
mf_tcp_problem mf_tcp_proxy_remove_toxic(mf_tcp_proxy *proxy, mf_str name, mf_tcp_error *error);
/* Removes all. */
void mf_tcp_proxy_clear_toxics(mf_tcp_proxy *proxy);
#endif
