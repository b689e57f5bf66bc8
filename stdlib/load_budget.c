/* SPDX-License-Identifier: MIT */
#include "load_budget.h"

#include <math.h>

#define LATE_NS 1000000LL       /* a timer may fire so late */
#define CATCH_UP_NS 100000000LL /* what was not sent for longer is lost */

int64_t mf_load_budget_slot(mf_load_budget *b, int64_t due, int64_t now) {
  if (b->max_rate <= 0) return due;
  int64_t first = now - due > LATE_NS ? now - CATCH_UP_NS : due;
  if (b->next_ns < first) b->next_ns = first;
  int64_t at = b->next_ns > due ? b->next_ns : due;
  b->next_ns += (int64_t)ceil(1e9 / b->max_rate);
  return at;
}

bool mf_load_budget_request(mf_load_budget *b) {
  if (b->max_requests == 0 || b->requests < b->max_requests) {
    b->requests++;
    return true;
  }
  bool first = !b->is_exceeded;
  b->is_exceeded = true;
  if (first && b->exceeded) b->exceeded(b->ctx);
  return false;
}

bool mf_load_budget_connect(mf_load_budget *b) {
  if (b->max_connections && b->connections >= b->max_connections) return false;
  b->connections++;
  return true;
}

void mf_load_budget_disconnect(mf_load_budget *b, uint32_t count) { b->connections -= count; }
