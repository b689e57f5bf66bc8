/* SPDX-License-Identifier: MIT */
#include "histogram.h"

#define EXACT 256
#define PER_POWER 128
#define EXACT_BITS 8

static uint32_t bucket_of(uint64_t ns) {
  if (ns < EXACT) return (uint32_t)ns;
  unsigned power = 63u - (unsigned)__builtin_clzll(ns); /* at least EXACT_BITS */
  unsigned shift = power - 7;                           /* keeps the top 8 bits */
  return EXACT + (power - EXACT_BITS) * PER_POWER + (uint32_t)(ns >> shift) - PER_POWER;
}

/* The middle of a bucket. */
static int64_t value_of(uint32_t bucket) {
  if (bucket < EXACT) return bucket;
  unsigned power = EXACT_BITS + (bucket - EXACT) / PER_POWER;
  unsigned shift = power - 7;
  uint64_t low = (uint64_t)((bucket - EXACT) % PER_POWER + PER_POWER) << shift;
  return (int64_t)(low + (1ULL << shift) / 2);
}

static int64_t clip(int64_t ns) {
  if (ns < 0) return 0;
  return ns > MF_HISTOGRAM_MAX_NS ? MF_HISTOGRAM_MAX_NS : ns;
}

static int64_t within(const mf_histogram *h, int64_t ns) {
  if (ns < h->min) return h->min;
  return ns > h->max ? h->max : ns;
}

/* One more or one fewer (n is 1 or -1, modulo 2^64). */
static void count(mf_histogram *h, int64_t ns, uint64_t n) {
  const uint32_t bucket = bucket_of((uint64_t)ns);
  h->count += n;
  h->groups[bucket >> MF_HISTOGRAM_GROUP_BITS] += n;
  h->buckets[bucket] += n;
  mf_quantile_moved(&h->tracked, bucket, n);
}

void mf_histogram_add(mf_histogram *h, int64_t ns) {
  ns = clip(ns);
  if (h->count == 0 || ns < h->min) h->min = ns;
  if (ns > h->max) h->max = ns;
  h->sum += (double)ns;
  count(h, ns, 1);
}

void mf_histogram_remove(mf_histogram *h, int64_t ns) {
  ns = clip(ns);
  if (h->buckets[bucket_of((uint64_t)ns)] == 0) return;
  h->sum -= (double)ns;
  count(h, ns, (uint64_t)-1);
  if (h->count == 0) h->min = h->max = 0;
}

void mf_histogram_merge(mf_histogram *into, const mf_histogram *from) {
  if (from->count == 0) return;
  if (into->count == 0 || from->min < into->min) into->min = from->min;
  if (from->max > into->max) into->max = from->max;
  into->count += from->count;
  into->sum += from->sum;
  for (unsigned i = 0; i < MF_HISTOGRAM_GROUPS; i++) into->groups[i] += from->groups[i];
  for (unsigned i = 0; i < MF_HISTOGRAM_BUCKETS; i++) into->buckets[i] += from->buckets[i];
  mf_quantile_restart(&into->tracked);
}

void mf_histogram_since(mf_histogram *out, const mf_histogram *now, const mf_histogram *earlier) {
  *out = (mf_histogram){.count = now->count - earlier->count, .sum = now->sum - earlier->sum};
  for (unsigned i = 0; i < MF_HISTOGRAM_GROUPS; i++)
    out->groups[i] = now->groups[i] - earlier->groups[i];
  bool found = false;
  for (uint32_t i = 0; i < MF_HISTOGRAM_BUCKETS; i++) {
    out->buckets[i] = now->buckets[i] - earlier->buckets[i];
    if (out->buckets[i] == 0) continue;
    if (!found) out->min = within(now, value_of(i));
    out->max = within(now, value_of(i));
    found = true;
  }
}

double mf_histogram_mean(const mf_histogram *h) { return h->count ? h->sum / (double)h->count : 0; }

static int64_t quantile_from(const mf_histogram *h, mf_quantile_cursor *cursor) {
  const mf_grouped_counts counts = {h->groups, h->buckets, NULL, MF_HISTOGRAM_GROUP_BITS};
  if (h->count == 0) return 0;
  const uint64_t rank = mf_quantile_rank(cursor->q, h->count);
  if (rank == h->count) return h->max;
  if (rank == 1) return h->min;
  return within(h, value_of(mf_quantile_seek(cursor, &counts, rank)));
}

int64_t mf_histogram_quantile(const mf_histogram *h, double q) {
  return quantile_from(h, &(mf_quantile_cursor){.q = mf_quantile_clip(q)});
}

uint64_t mf_histogram_at_most(const mf_histogram *h, int64_t ns) {
  if (ns < 0) return 0;
  const uint32_t last = bucket_of((uint64_t)clip(ns));
  const uint32_t group = last >> MF_HISTOGRAM_GROUP_BITS;
  uint64_t n = 0;
  for (uint32_t i = 0; i < group; i++) n += h->groups[i];
  for (uint32_t i = group << MF_HISTOGRAM_GROUP_BITS; i < last; i++) n += h->buckets[i];
  return value_of(last) <= ns ? n + h->buckets[last] : n;
}

bool mf_histogram_track(mf_histogram *h, double q) {
  return mf_quantile_track(&h->tracked, mf_quantile_clip(q));
}

int64_t mf_histogram_tracked(mf_histogram *h, double q) {
  mf_quantile_cursor *cursor = mf_quantile_find(&h->tracked, mf_quantile_clip(q));
  return cursor ? quantile_from(h, cursor) : mf_histogram_quantile(h, q);
}
