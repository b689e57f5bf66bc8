/* SPDX-License-Identifier: MIT */
/* Loads over time, in bounded memory: when there is no room left, seconds of a load that
 * follow each other are put together, twice as many each time.  Counts are added up; of
 * percentiles the worst one is kept, so that a second in which the service stalled shows
 * in a run of a week. */
#include "report_model.h"

#include <math.h>

#define GAP 0.5 /* seconds that were told late follow each other all the same */

static bool follows(const mf_report_second *a, const mf_report_second *b) {
  return b->at - b->seconds <= a->at + GAP && b->at > a->at && mf_str_eq(a->path, b->path);
}

/* Is put together with what it follows, if that is not too long. */
static bool is_taken(const mf_report *r, mf_report_second *seconds, uint32_t count,
                     const mf_report_second *second) {
  for (uint32_t i = count; i-- > 0;) {
    mf_report_second *last = &seconds[i];
    if (!mf_str_eq(last->path, second->path)) continue;
    if (!follows(last, second) || last->seconds + second->seconds > r->seconds_most) return false;
    last->at = second->at;
    last->seconds += second->seconds;
    last->requests += second->requests;
    last->errors += second->errors;
    last->p50 = fmax(last->p50, second->p50); /* of a number and NaN the number */
    last->p95 = fmax(last->p95, second->p95);
    last->p99 = fmax(last->p99, second->p99);
    return true;
  }
  return false;
}

static void put_together(mf_report *r) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < r->seconds_count; i++) {
    const mf_report_second second = r->seconds[i];
    if (!is_taken(r, r->seconds, kept, &second)) r->seconds[kept++] = second;
  }
  r->seconds_count = kept;
}

static bool make_room(mf_report *r) {
  while (r->seconds_count == MF_REPORT_SECONDS && !r->seconds_full) {
    r->seconds_full = r->seconds_most > r->last_at;
    r->seconds_most = r->seconds_most > 0 ? 2 * r->seconds_most : 2.5; /* seconds vary a little */
    put_together(r);
  }
  return r->seconds_count < MF_REPORT_SECONDS;
}

/* The path of an earlier one, or a copy. */
static mf_str path_of(mf_report *r, mf_str path) {
  for (uint32_t i = r->seconds_count; i-- > 0;)
    if (mf_str_eq(r->seconds[i].path, path)) return r->seconds[i].path;
  return mf_report_keep(r, path, MF_REPORT_NAME);
}

void mf_report_seconds_add(mf_report *r, const mf_report_second *second) {
  if (r->seconds == NULL) r->seconds = MF_NEW_ARRAY(&r->kept, mf_report_second, MF_REPORT_SECONDS);
  if (r->seconds == NULL || second->path.n > MF_REPORT_NAME) return;
  if (is_taken(r, r->seconds, r->seconds_count, second)) return;
  if (!make_room(r)) {
    r->seconds_left_out++;
    return;
  }
  mf_report_second *kept = &r->seconds[r->seconds_count];
  *kept = *second;
  kept->path = path_of(r, second->path);
  r->seconds_count++;
}

const mf_report_second *mf_report_seconds_next(const mf_report *r, const mf_report_second *second) {
  const mf_report_second *end = r->seconds + r->seconds_count;
  for (const mf_report_second *s = second + 1; s < end; s++)
    if (mf_str_eq(s->path, second->path)) return follows(second, s) ? s : NULL;
  return NULL;
}
