/* proxy_parts - what the files of the proxy's API share. */
#ifndef MF_RUNNER_PROXY_PARTS_H
#define MF_RUNNER_PROXY_PARTS_H
#include "../base/json.h"
#include "proxy_api.h"

/* ---- Reading (proxy_read.c) ---- */

typedef struct mf_proxy_reader {
  mf_arena *arena;
  bool compat;
  bool strict;   /* refuse fields that do not exist, which clients of the API may send */
  char why[256]; /* what is wrong with the body, once something is */
} mf_proxy_reader;

/* NULL: `why`, or out of memory. */
const mf_json *mf_proxy_read_body(mf_proxy_reader *r, mf_str body);

typedef struct mf_proxy_fields {
  mf_str name, listen, upstream;
  bool has_listen, has_upstream, has_enabled, enabled, has_toxics;
  const mf_toxic_spec *toxics;
  uint32_t n_toxics;
} mf_proxy_fields;
/* What is not there stays as it is.  False: `why`, or out of memory. */
bool mf_proxy_read_fields(mf_proxy_reader *r, const mf_json *node, mf_proxy_fields *out);
/* `kind`: that of the toxic to be changed; MF_TOXIC_KINDS: the body's own type. */
bool mf_proxy_read_toxic(mf_proxy_reader *r, const mf_json *node, mf_toxic_kind kind,
                         mf_toxic_spec *out);

/* ---- Writing (proxy_write.c) ---- */

void mf_proxy_write(mf_json_writer *w, const mf_tcp_proxy *proxy);
void mf_proxy_write_toxic(mf_json_writer *w, const mf_toxic_info *toxic);
void mf_proxy_write_toxics(mf_json_writer *w, const mf_tcp_proxy *proxy);
/* Bytes by proxy and direction, live, for Prometheus. */
void mf_proxy_write_metrics(const mf_tcp_proxies *proxies, mf_buf *out);

/* ---- Populating (proxy_populate.c) ---- */

typedef struct mf_proxy_population {
  int status; /* 201, or that of what is wrong */
  char error[400];
  const mf_tcp_proxy **proxies; /* those that are as asked for, in order */
  uint32_t count;
} mf_proxy_population;
void mf_proxy_populate(mf_proxy_api *api, mf_arena *arena, const mf_json *list, bool strict,
                       mf_proxy_population *out);
/* The same place to listen: localhost is 127.0.0.1, no host is any; port 0 is a new one. */
bool mf_proxy_same_listen(mf_str a, mf_str b);
#endif
