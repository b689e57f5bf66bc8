/* run_limits - what the document and the command line allow a run to touch, and how much
 * of it (docs/language.md, "Limits"). */
#ifndef MF_RUNNER_RUN_LIMITS_H
#define MF_RUNNER_RUN_LIMITS_H
#include "../base/host_rule.h"
#include "../base/json.h"
#include "../include/mfvm_tools.h"

/* Of each list: NULL when the document has none, then anything goes. */
typedef struct mf_limits {
  const mf_json *hosts, *ports, *commands;
  double max_rate; /* requests a second of all loads */
  uint32_t max_connections;
  uint64_t max_requests;   /* 0: any number */
  int64_t max_duration_ns; /* 0: any length */
} mf_limits;

/* Reads them from an image's metadata, which is borrowed.  False: they are malformed,
 * which the compiler makes of no document. */
bool mf_limits_read(mf_limits *limits, const mf_json *metadata);
/* Flags only narrow.  NULL, or why not. */
const char *mf_limits_narrow(mf_limits *limits, const mf_run_options *options, char *error,
                             size_t error_size);

/* `address` NULL: none is known. */
bool mf_limits_have_host(const mf_limits *limits, mf_str host, const mf_address *address);
bool mf_limits_have_port(const mf_limits *limits, uint16_t port);
bool mf_limits_have_command(const mf_limits *limits, mf_str program);
/* A length like those of documents: "2h", or a number of seconds. */
bool mf_parse_length(const char *text, int64_t *ns);
#endif
