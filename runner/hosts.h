/* hosts - whom a run may reach (docs/language.md, "Target and safety").
 *
 * Loopback, always.  Other hosts only if they are constants in the document or
 * stand on the command line, the paths of Unix sockets too.  A load goes to loopback and private addresses
 * only: consent for public ones cannot be given yet.  Asked for every address
 * that a name resolved to, so a name cannot lead elsewhere. */
#ifndef MF_RUNNER_HOSTS_H
#define MF_RUNNER_HOSTS_H
#include "../base/json.h"

typedef struct mf_hosts {
  mf_arena arena;
  mf_str *names;
  uint32_t count, cap;
  char answer[400]; /* the latest sentence given */
} mf_hosts;

void mf_hosts_init(mf_hosts *hosts, const mf_alloc *alloc);
void mf_hosts_fini(mf_hosts *hosts);
/* Allows the host of a URL, or a bare host with or without port.  Copies.  Text
 * that is neither is ignored. */
void mf_hosts_add(mf_hosts *hosts, mf_str url_or_host);
/* Allows every host named in a value: an override of the command line. */
void mf_hosts_add_value(mf_hosts *hosts, const mf_value *value);

/* For mf_driver_env.host_denied, with the mf_hosts as context: of requests, and
 * of loads. */
const char *mf_hosts_deny_request(void *hosts, mf_str host, const void *sockaddr, size_t length);
const char *mf_hosts_deny_load(void *hosts, mf_str host, const void *sockaddr, size_t length);
#endif
