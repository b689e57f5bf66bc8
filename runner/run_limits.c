/* SPDX-License-Identifier: MIT */
#include "run_limits.h"

#include <stdio.h>

#include "../base/command_rule.h"
#include "../base/limits.h"

/* ---- Reading ---- */

/* The list, if there is one; false when it is none or has elements of another kind. */
static bool read_list(const mf_json *limits, const char *key, mf_json_kind kind,
                      const mf_json **out) {
  const mf_json *list = mf_json_get(limits, key);
  *out = list;
  if (!list) return true;
  if (list->kind != MF_JSON_LIST) return false;
  for (const mf_json *item = list->as.first; item; item = item->next)
    if (item->kind != kind) return false;
  return true;
}

static bool hosts_ok(const mf_json *list) {
  mf_host_rule rule;
  for (const mf_json *item = list ? list->as.first : NULL; item; item = item->next)
    if (mf_host_rule_parse(mf_json_str(item, ""), &rule)) return false;
  return true;
}

/* A number from `least` to `most`; `fallback` when there is none. */
static bool read_number(const mf_json *limits, const char *key, double least, double most,
                        double fallback, double *out) {
  const mf_json *number = mf_json_get(limits, key);
  *out = number ? mf_json_double(number, -1) : fallback;
  return !number || (*out >= least && *out <= most);
}

bool mf_limits_read(mf_limits *l, const mf_json *metadata) {
  const mf_json *limits = mf_json_get(metadata, "limits");
  double connections, requests, seconds;
  *l = (mf_limits){.hosts = NULL};
  bool ok = (!limits || limits->kind == MF_JSON_MAP) &&
            read_list(limits, "hosts", MF_JSON_STRING, &l->hosts) &&
            read_list(limits, "ports", MF_JSON_INT, &l->ports) &&
            read_list(limits, "commands", MF_JSON_STRING, &l->commands) && hosts_ok(l->hosts) &&
            read_number(limits, "max_rate", 1e-9, (double)MF_LIMIT_LOAD_RATE_MOST,
                        (double)MF_LIMIT_LOAD_RATE, &l->max_rate) &&
            read_number(limits, "max_connections", 1, (double)MF_LIMIT_LOAD_CONNECTIONS_MOST,
                        (double)MF_LIMIT_LOAD_CONNECTIONS, &connections) &&
            read_number(limits, "max_requests", 1, 9.0e15, 0, &requests) &&
            read_number(limits, "max_duration", 1e-9, 1e9, 0, &seconds);
  if (!ok) return false;
  l->max_connections = (uint32_t)connections;
  l->max_requests = (uint64_t)requests;
  l->max_duration_ns = (int64_t)(seconds * 1e9);
  return true;
}

/* ---- Flags ---- */

bool mf_parse_length(const char *text, int64_t *ns) {
  char seconds[64];
  if (mf_parse_duration(mf_str_of(text), ns)) return true;
  int n = snprintf(seconds, sizeof seconds, "%ss", text);
  return n > 0 && (size_t)n < sizeof seconds && mf_parse_duration(mf_str_of(seconds), ns);
}

/* `allowed` 0: anything. */
static const char *narrow(const char *flag, double given, double allowed, char *error,
                          size_t error_size) {
  if (allowed == 0 || given <= allowed) return NULL;
  snprintf(error, error_size,
           "--%s %.10g is more than the run may have (%.10g): flags only narrow the document's "
           "limits",
           flag, given, allowed);
  return error;
}

const char *mf_limits_narrow(mf_limits *l, const mf_run_options *o, char *error,
                             size_t error_size) {
  int64_t length = 0;
  if (o->max_duration && (!mf_parse_length(o->max_duration, &length) || length <= 0)) {
    snprintf(error, error_size, "--max-duration wants a length of time such as 30m or 2h, not '%s'",
             o->max_duration);
    return error;
  }
  const char *why = narrow("max-rate", o->max_rate, l->max_rate, error, error_size);
  if (!why)
    why = narrow("max-connections", (double)o->max_connections, l->max_connections, error,
                 error_size);
  if (!why)
    why = narrow("max-requests", (double)o->max_requests, (double)l->max_requests, error,
                 error_size);
  if (!why)
    why = narrow("max-duration", (double)length / 1e9, (double)l->max_duration_ns / 1e9, error,
                 error_size);
  if (o->max_rate > 0) l->max_rate = o->max_rate;
  if (o->max_connections) l->max_connections = (uint32_t)o->max_connections;
  if (o->max_requests) l->max_requests = o->max_requests;
  if (length) l->max_duration_ns = length;
  return why;
}

/* ---- Asking ---- */

bool mf_limits_have_host(const mf_limits *l, mf_str host, const mf_address *address) {
  mf_host_rule rule;
  if (!l->hosts) return true;
  for (const mf_json *item = l->hosts->as.first; item; item = item->next)
    if (!mf_host_rule_parse(mf_json_str(item, ""), &rule) &&
        mf_host_rule_covers(&rule, host, address))
      return true;
  return false;
}

bool mf_limits_have_port(const mf_limits *l, uint16_t port) {
  if (!l->ports) return true;
  for (const mf_json *item = l->ports->as.first; item; item = item->next)
    if (mf_json_int(item, 0) == port) return true;
  return false;
}

bool mf_limits_have_command(const mf_limits *l, mf_str program) {
  if (!l->commands) return true;
  for (const mf_json *item = l->commands->as.first; item; item = item->next)
    if (mf_command_rule_covers(mf_json_str(item, ""), program)) return true;
  return false;
}
