/* SPDX-License-Identifier: MIT */
#include "histogram.h"

#define EXACT 256
#define PER_POWER 128
#define EXACT_BITS 8

static unsigned bucket_of(uint64_t ns) {
  if (ns < EXACT) return (unsigned)ns;
  unsigned power = 63u - (unsigned)__builtin_clzll(ns); /* at least EXACT_BITS */
  unsigned shift = power - 7;                           /* keeps the top 8 bits */
  return EXACT + (power - EXACT_BITS) * PER_POWER + (unsigned)(ns >> shift) - PER_POWER;
}

/* The middle of a bucket. */
static int64_t value_of(unsigned bucket) {
  if (bucket < EXACT) return bucket;
  unsigned power = EXACT_BITS + (bucket - EXACT) / PER_POWER;
  unsigned shift = power - 7;
  uint64_t low = (uint64_t)((bucket - EXACT) % PER_POWER + PER_POWER) << shift;
  return (int64_t)(low + (1ULL << shift) / 2);
}

void mf_histogram_add(mf_histogram *h, int64_t ns) {
  if (ns < 0) ns = 0;
  if (ns > MF_HISTOGRAM_MAX_NS) ns = MF_HISTOGRAM_MAX_NS;
  if (h->count == 0 || ns < h->min) h->min = ns;
  if (ns > h->max) h->max = ns;
  h->count++;
  h->sum += (double)ns;
  h->buckets[bucket_of((uint64_t)ns)]++;
}

void mf_histogram_merge(mf_histogram *into, const mf_histogram *from) {
  if (from->count == 0) return;
  if (into->count == 0 || from->min < into->min) into->min = from->min;
  if (from->max > into->max) into->max = from->max;
  into->count += from->count;
  into->sum += from->sum;
  for (unsigned i = 0; i < MF_HISTOGRAM_BUCKETS; i++) into->buckets[i] += from->buckets[i];
}

double mf_histogram_mean(const mf_histogram *h) { return h->count ? h->sum / (double)h->count : 0; }

/* 1..count.  Just below a whole number counts as that number: 0.9 * 10 is 9. */
static uint64_t rank_of(const mf_histogram *h, double q) {
  if (!(q > 0)) return 1;
  if (q >= 1) return h->count;
  double exact = q * (double)h->count * (1 - 1e-12);
  uint64_t rank = (uint64_t)exact + 1;
  return rank < h->count ? rank : h->count;
}

int64_t mf_histogram_quantile(const mf_histogram *h, double q) {
  if (h->count == 0) return 0;
  uint64_t rank = rank_of(h, q), seen = 0;
  unsigned bucket = 0;
  if (rank == h->count) return h->max;
  for (; bucket < MF_HISTOGRAM_BUCKETS - 1; bucket++) {
    seen += h->buckets[bucket];
    if (seen >= rank) break;
  }
  int64_t value = value_of(bucket);
  if (value < h->min) return h->min;
  return value > h->max ? h->max : value;
}
