/* hosts - whom a run may reach (docs/language.md, "Target and safety").
 *
 * Loopback, always.  Other hosts, and Unix sockets, only if they are constants of the document,
 * stand on the command line, or are in `limits.hosts`; where there is a `limits.hosts`, only
 * what is in it.  Loads go to public addresses only where somebody has confirmed it.
 * Asked for every address that a name resolved to, on every connection, so a name
 * cannot lead elsewhere. */
#ifndef MF_RUNNER_HOSTS_H
#define MF_RUNNER_HOSTS_H
#include "run_limits.h"

typedef struct mf_host_list {
  mf_str *names;
  uint32_t count, cap;
} mf_host_list;

typedef struct mf_hosts {
  mf_arena arena;
  const mf_limits *limits;          /* borrowed */
  mf_host_list constant, confirmed; /* confirmed: for loads */
  const mf_vm *vm;                  /* NULL: none yet */
  const mf_json *variables;         /* names of those whose hosts count; a list or NULL */
  uint16_t own_port;                /* of the built-in sample service; 0: there is none */
  char answer[400];                 /* the latest sentence given */
} mf_hosts;

void mf_hosts_init(mf_hosts *hosts, const mf_alloc *alloc, const mf_limits *limits);
void mf_hosts_fini(mf_hosts *hosts);
/* The host of a URL, or a bare host with or without port. */
mf_str mf_host_of(mf_str url_or_host);
/* Allows such a host.  Copies.  Text that is neither is ignored. */
void mf_hosts_add(mf_hosts *hosts, mf_str url_or_host);
/* Allows every host named in a value: an override of the command line. */
void mf_hosts_add_value(mf_hosts *hosts, const mf_value *value);
/* Somebody has agreed to a load on this host. */
void mf_hosts_confirm(mf_hosts *hosts, mf_str host);
bool mf_hosts_is_confirmed(const mf_hosts *hosts, mf_str host);

/* For mf_driver_env.host_denied, with the mf_hosts as context: of requests, and
 * of loads. */
const char *mf_hosts_deny_request(void *hosts, mf_str host, const void *sockaddr, size_t length);
const char *mf_hosts_deny_load(void *hosts, mf_str host, const void *sockaddr, size_t length);
/* For mf_driver_env.command_denied. */
const char *mf_hosts_deny_command(void *hosts, mf_str program);
#endif
