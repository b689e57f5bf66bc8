/* SPDX-License-Identifier: MIT */
/* world - what requests, commands and loads come to: a function of the seed, the name,
 * and how often it was asked for, so that both sides see the same. */
#include <string.h>

#include "flow.h"

flow_reply flow_answer(flow_world *w, const char *driver, const char *name) {
  static const long statuses[] = {200, 200, 200, 200, 200, 302, 404, 503, 503, -1};
  static const long codes[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, -1};
  uint64_t hash = w->seed * UINT64_C(0x9E3779B97F4A7C15);
  for (const char *p = name; *p; p++) hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001B3);
  hash ^= w->asked[hash >> 58]++ * UINT64_C(0xD6E8FEB86659FD93);
  hash = (hash ^ (hash >> 32)) * UINT64_C(0xD6E8FEB86659FD93);
  hash ^= hash >> 32;
  unsigned dice = (unsigned)(hash % 10);
  flow_reply reply = {.code = -1, .seconds = 0.25 * (double)(hash / 10 % 3)};
  if (!strcmp(driver, "http_load") || !strcmp(driver, "proxy")) {
    reply.ok = dice < 8;
    reply.error_rate = 0.5 * (double)(hash / 100 % 3);
    reply.seconds = 0;
    return reply;
  }
  bool request = !strcmp(driver, "http_request");
  reply.code = request ? statuses[dice] : codes[dice];
  reply.ok = request ? reply.code >= 200 && reply.code < 400 : reply.code == 0;
  return reply;
}
