/* load_budget - what all loads of a run may do together (`limits`).
 *
 * One for a run, in mf_driver_env.  A load asks before it opens a connection, and,
 * when a request is due, for the moment it may be sent at; so loads that run at the
 * same time share the caps fairly, in the order in which their requests are due.
 * Zero is "no cap".  Pure arithmetic: no clock is read here. */
#ifndef MF_STDLIB_LOAD_BUDGET_H
#define MF_STDLIB_LOAD_BUDGET_H
#include <stdbool.h>
#include <stdint.h>

typedef struct mf_load_budget {
  double max_rate; /* requests a second */
  uint32_t max_connections;
  uint64_t max_requests;
  /* Called once, when a request more than max_requests is wanted: the run is to end.
   * It does not end the load before it returns.  May be NULL. */
  void (*exceeded)(void *ctx);
  void *ctx;
  /* The budget's own. */
  uint32_t connections; /* in use */
  uint32_t files;       /* connections that loads under way may come to have */
  uint64_t requests;
  int64_t next_ns; /* when the next request may be sent */
  bool is_exceeded;
} mf_load_budget;

/* A request is due, and `now` it is that time, or later: when it may be sent.  Past
 * `now`: hold it until then and take that as its due time (it has its place, do not
 * ask again).  Never ask ahead of time: others would have to wait for it.  Requests
 * that are late because we were may catch up with what they missed; where there is
 * nothing to catch up with, say that it is due now. */
int64_t mf_load_budget_slot(mf_load_budget *budget, int64_t due, int64_t now);
/* A request is about to be sent.  False: it must not be. */
bool mf_load_budget_request(mf_load_budget *budget);
/* One connection more; it counts until it is given back.  False: none is left. */
bool mf_load_budget_connect(mf_load_budget *budget);
void mf_load_budget_disconnect(mf_load_budget *budget, uint32_t count);
#endif
