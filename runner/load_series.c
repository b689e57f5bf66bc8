/* SPDX-License-Identifier: MIT */
#include "load_series.h"

#include "../stdlib/watches.h"

#define NS_PER_S 1e9

#define MF_FAMILY(...)
#define MF_BUCKETS(NAME, ...) \
  enum { NAME##_BOUNDS = sizeof((const double[]){__VA_ARGS__}) / sizeof(double) };
#include "exposition.def"
#undef MF_BUCKETS
#undef MF_FAMILY

/* What was measured of one request. */
typedef struct tally {
  uint64_t requests, errors, bytes_in, bytes_out;
  uint64_t status[6], failures[MF_HTTP_ERROR_COUNT];
  uint64_t measured, buckets[REQUESTS_BOUNDS];
  double seconds;
} tally;

/* A load under way, and what it had measured when it was last looked at. */
struct mf_told_load {
  mf_told_load *next;
  mf_str path, step;
  uint32_t effect, in_flight;
  uint64_t dropped;
  tally *last; /* of each name, then of what has none */
  mf_check_count *checks;
  uint32_t count, check_count;
};

/* ---- What is new ---- */

static void add_some(mf_exposition *e, mf_family_name family, const mf_str *values, uint64_t n) {
  if (n) mf_exposition_count(e, family, values, (double)n);
}

/* Takes what is new in `now` from `last`, which becomes it. */
static uint64_t fresh(uint64_t *last, uint64_t now) {
  const uint64_t n = now > *last ? now - *last : 0;
  *last = now;
  return n;
}

static void tell_responses(mf_exposition *e, mf_str step, mf_str request, tally *last,
                           const tally *now) {
  static const char *const classes[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
  uint64_t answered = 0, failed = 0;
  for (int i = 0; i < 6; i++) {
    const uint64_t n = fresh(&last->status[i], now->status[i]);
    answered += n;
    add_some(e, MF_FAMILY_OF_HTTP_REQUESTS, MF_LABELS(step, request, mf_str_of(classes[i])), n);
  }
  add_some(e, MF_FAMILY_OF_HTTP_REQUESTS, MF_LABELS(step, request, MF_STR("none")),
           fresh(&last->requests, now->requests) - answered);
  for (int i = 0; i < MF_HTTP_ERROR_COUNT; i++) {
    const uint64_t n = fresh(&last->failures[i], now->failures[i]);
    const mf_str kind = mf_str_of(mf_http_error_name((mf_http_error)i));
    failed += n;
    add_some(e, MF_FAMILY_OF_HTTP_ERRORS, MF_LABELS(step, request, kind), n);
  }
  add_some(e, MF_FAMILY_OF_HTTP_ERRORS, MF_LABELS(step, request, MF_STR("response")),
           fresh(&last->errors, now->errors) - failed);
}

static void tell_amounts(mf_exposition *e, mf_str step, mf_str request, tally *last,
                         const tally *now) {
  add_some(e, MF_FAMILY_OF_HTTP_RECEIVED, MF_LABELS(step, request),
           fresh(&last->bytes_in, now->bytes_in));
  add_some(e, MF_FAMILY_OF_HTTP_SENT, MF_LABELS(step, request),
           fresh(&last->bytes_out, now->bytes_out));
}

static void tell_durations(mf_exposition *e, mf_str step, mf_str request, tally *last,
                           const tally *now) {
  const mf_family *f = &e->families[MF_FAMILY_OF_HTTP_DURATION];
  const uint64_t measured = fresh(&last->measured, now->measured);
  if (measured == 0) return;
  mf_series *s = mf_exposition_get(e, MF_FAMILY_OF_HTTP_DURATION, MF_LABELS(step, request));
  if (!s) return;
  s->count += measured;
  s->value += now->seconds - last->seconds;
  last->seconds = now->seconds;
  for (uint32_t i = 0; i < f->bound_count; i++)
    s->buckets[i] += fresh(&last->buckets[i], now->buckets[i]);
}

static void tell(mf_exposition *e, mf_str step, mf_str request, tally *last, const tally *now) {
  tell_responses(e, step, request, last, now);
  tell_amounts(e, step, request, last, now);
  tell_durations(e, step, request, last, now);
}

/* ---- Tallies ---- */

/* `sign` 1 adds what `stats` has, -1 takes it off. */
static void count(tally *t, const mf_load_stats *stats, const mf_family *durations, int sign) {
  const uint64_t n = (uint64_t)(int64_t)sign; /* modulo 2^64 */
  uint64_t below = 0;
  t->requests += n * stats->requests;
  t->errors += n * stats->errors;
  t->bytes_in += n * stats->bytes_in;
  t->bytes_out += n * stats->bytes_out;
  t->measured += n * stats->latency.count;
  t->seconds += sign * stats->latency.sum / NS_PER_S;
  for (int i = 0; i < 6; i++) t->status[i] += n * stats->status_1xx_5xx[i];
  for (int i = 0; i < MF_HTTP_ERROR_COUNT; i++) t->failures[i] += n * stats->failures[i];
  for (uint32_t i = 0; i < durations->bound_count; i++) {
    const int64_t bound = (int64_t)(durations->bounds[i] * NS_PER_S + 0.5);
    const uint64_t at_most = mf_histogram_at_most(&stats->latency, bound);
    t->buckets[i] += n * (at_most - below);
    below = at_most;
  }
}

/* ---- Loads ---- */

static mf_told_load *find(const mf_load_series *series, mf_str path) {
  mf_told_load *l = series->loads;
  while (l && !mf_str_eq(l->path, path)) l = l->next;
  return l;
}

void mf_load_series_begin(mf_load_series *series, const mf_effect *effect, mf_str step) {
  mf_told_load *l = mf_realloc(&series->e->arena.alloc, NULL, 0, sizeof *l);
  if (!l) {
    series->e->arena.oom = true;
    return;
  }
  *l = (mf_told_load){
      .next = series->loads, .path = effect->path, .step = step, .effect = effect->id};
  series->loads = l;
}

/* Room for one check more; there are as many from the first time on. */
static bool has_check(mf_load_series *series, mf_told_load *l, uint32_t i) {
  if (i < l->check_count) return true;
  mf_check_count *checks = mf_realloc(&series->e->arena.alloc, l->checks, sizeof *checks * i,
                                      sizeof *checks * (i + 1));
  if (!checks) {
    series->e->arena.oom = true;
    return false;
  }
  l->checks = checks;
  l->checks[i] = (mf_check_count){.made = 0};
  l->check_count = i + 1;
  return true;
}

static void tell_checks(mf_load_series *series, mf_told_load *l, const mf_watches *watches) {
  mf_check_count now;
  for (uint32_t i = 0; mf_watches_check(watches, i, &now) && has_check(series, l, i); i++) {
    const uint64_t failed = fresh(&l->checks[i].failed, now.failed);
    const uint64_t passed = fresh(&l->checks[i].made, now.made) - failed;
    add_some(series->e, MF_FAMILY_OF_CHECKS, MF_LABELS(l->step, now.name, MF_STR("passed")),
             passed);
    add_some(series->e, MF_FAMILY_OF_CHECKS, MF_LABELS(l->step, now.name, MF_STR("failed")),
             failed);
  }
}

static bool has_tallies(mf_load_series *series, mf_told_load *l, uint32_t count) {
  if (l->last) return l->count == count;
  l->last = mf_realloc(&series->e->arena.alloc, NULL, 0, sizeof *l->last * count);
  if (l->last) memset(l->last, 0, sizeof *l->last * count);
  if (!l->last) series->e->arena.oom = true;
  l->count = l->last ? count : 0;
  return l->last != NULL;
}

static void set_in_flight(mf_load_series *series, mf_told_load *l, uint32_t n) {
  mf_exposition_count(series->e, MF_FAMILY_OF_IN_FLIGHT, MF_LABELS(l->step),
                      (double)n - (double)l->in_flight);
  l->in_flight = n;
}

void mf_load_series_tell(mf_load_series *series, const mf_load_view *view) {
  mf_exposition *e = series->e;
  const mf_family *durations = &e->families[MF_FAMILY_OF_HTTP_DURATION];
  mf_told_load *l = find(series, view->path);
  tally rest = {.requests = 0};
  if (!l || !has_tallies(series, l, view->name_count + 1)) return;
  count(&rest, view->stats, durations, 1);
  for (uint32_t i = 0; i < view->name_count; i++) {
    const mf_load_stats *stats = view->name_stats[i] ? view->name_stats[i] : view->stats;
    tally now = {.requests = 0};
    count(&now, stats, durations, 1);
    count(&rest, stats, durations, -1);
    tell(e, l->step, view->names[i], &l->last[i], &now);
  }
  tell(e, l->step, MF_STR(""), &l->last[view->name_count], &rest);
  add_some(e, MF_FAMILY_OF_DROPPED, MF_LABELS(l->step), fresh(&l->dropped, view->stats->dropped));
  tell_checks(series, l, view->watches);
  set_in_flight(series, l, view->in_flight);
}

static void forget(mf_load_series *series, mf_told_load **at) {
  mf_told_load *l = *at;
  *at = l->next;
  mf_realloc(&series->e->arena.alloc, l->checks, sizeof *l->checks * l->check_count, 0);
  mf_realloc(&series->e->arena.alloc, l->last, sizeof *l->last * l->count, 0);
  mf_realloc(&series->e->arena.alloc, l, sizeof *l, 0);
}

void mf_load_series_end(mf_load_series *series, const mf_effect *effect) {
  mf_told_load **at = &series->loads;
  while (*at && (*at)->effect != effect->id) at = &(*at)->next;
  if (!*at) return;
  set_in_flight(series, *at, 0);
  forget(series, at);
}

void mf_load_series_fini(mf_load_series *series) {
  while (series->loads) forget(series, &series->loads);
}
