/* SPDX-License-Identifier: MIT */
#include "value_histogram.h"

#include <string.h>

/* A double is sign, 11 bits of exponent (plus 1023), 52 bits of mantissa: what
 * is left of it after this shift counts buckets, in the order of magnitude. */
#define SHIFT (52 - MF_VALUE_GROUP_BITS)
#define FIRST ((int64_t)(1023 + MF_VALUE_LOWEST_POWER) << MF_VALUE_GROUP_BITS)
#define MAGNITUDES (MF_VALUE_POWERS << MF_VALUE_GROUP_BITS)
#define ZERO (MF_VALUE_ZERO_GROUP << MF_VALUE_GROUP_BITS)
#define PAGE_BYTES (sizeof(uint64_t) << MF_VALUE_GROUP_BITS)

mf_status mf_value_histogram_init(mf_value_histogram *h, mf_arena *arena) {
  *h = (mf_value_histogram){.pages_used = 1};
  /* Not zeroed: a page that is never used is never touched. */
  h->pages = mf_arena_get(arena, (1 + MF_VALUE_GROUPS) * PAGE_BYTES);
  if (h->pages == NULL) return MF_OUT_OF_MEMORY;
  memset(h->pages, 0, PAGE_BYTES);
  return MF_OK;
}

uint32_t mf_value_bucket(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  int64_t magnitude = (int64_t)((bits & INT64_MAX) >> SHIFT) - FIRST;
  if (magnitude < 0) return ZERO;
  if (magnitude >= MAGNITUDES) magnitude = MAGNITUDES - 1;
  return (uint32_t)(bits >> 63 ? ZERO - 1 - magnitude : ZERO + MF_VALUE_PER_POWER + magnitude);
}

double mf_value_middle(uint32_t bucket) {
  const uint32_t group = bucket >> MF_VALUE_GROUP_BITS;
  if (group == MF_VALUE_ZERO_GROUP) return 0;
  const bool negative = group < MF_VALUE_ZERO_GROUP;
  const uint64_t magnitude = negative ? ZERO - 1 - bucket : bucket - ZERO - MF_VALUE_PER_POWER;
  const uint64_t bits = (magnitude + FIRST) << SHIFT | 1ULL << (SHIFT - 1);
  double middle;
  memcpy(&middle, &bits, sizeof middle);
  return negative ? -middle : middle;
}

static uint64_t *page(const mf_value_histogram *h, uint32_t group) {
  return h->pages + ((size_t)h->page_of[group] << MF_VALUE_GROUP_BITS);
}

static uint64_t *page_to_write(mf_value_histogram *h, uint32_t group) {
  if (h->page_of[group] == 0) {
    h->page_of[group] = h->pages_used++;
    memset(page(h, group), 0, PAGE_BYTES);
  }
  return page(h, group);
}

void mf_value_histogram_add(mf_value_histogram *h, uint32_t bucket) {
  const uint32_t group = bucket >> MF_VALUE_GROUP_BITS;
  h->count++;
  h->groups[group]++;
  page_to_write(h, group)[bucket % MF_VALUE_PER_POWER]++;
  mf_quantile_moved(&h->tracked, bucket, 1);
}

void mf_value_histogram_remove(mf_value_histogram *h, uint32_t group,
                               const uint32_t counts[MF_VALUE_PER_POWER]) {
  uint64_t *from = page_to_write(h, group);
  for (uint32_t i = 0; i < MF_VALUE_PER_POWER; i++) {
    const uint64_t n = counts[i];
    if (n == 0) continue;
    from[i] -= n;
    h->groups[group] -= n;
    h->count -= n;
    mf_quantile_moved(&h->tracked, (group << MF_VALUE_GROUP_BITS) + i, -n);
  }
}

void mf_value_histogram_merge(mf_value_histogram *into, const mf_value_histogram *from) {
  for (uint32_t group = 0; group < MF_VALUE_GROUPS; group++) {
    if (from->groups[group] == 0) continue;
    const uint64_t *more = page(from, group);
    uint64_t *counts = page_to_write(into, group);
    for (uint32_t i = 0; i < MF_VALUE_PER_POWER; i++) counts[i] += more[i];
    into->groups[group] += from->groups[group];
  }
  into->count += from->count;
  mf_quantile_restart(&into->tracked);
}

static double quantile_from(const mf_value_histogram *h, mf_quantile_cursor *cursor, double min,
                            double max) {
  const mf_grouped_counts counts = {h->groups, h->pages, h->page_of, MF_VALUE_GROUP_BITS};
  if (h->count == 0) return 0;
  const uint64_t rank = mf_quantile_rank(cursor->q, h->count);
  if (rank == h->count) return max;
  if (rank == 1) return min;
  const double value = mf_value_middle(mf_quantile_seek(cursor, &counts, rank));
  if (value < min) return min;
  return value > max ? max : value;
}

double mf_value_histogram_quantile(const mf_value_histogram *h, double q, double min, double max) {
  return quantile_from(h, &(mf_quantile_cursor){.q = mf_quantile_clip(q)}, min, max);
}

bool mf_value_histogram_track(mf_value_histogram *h, double q) {
  return mf_quantile_track(&h->tracked, mf_quantile_clip(q));
}

double mf_value_histogram_tracked(mf_value_histogram *h, double q, double min, double max) {
  mf_quantile_cursor *cursor = mf_quantile_find(&h->tracked, mf_quantile_clip(q));
  return cursor ? quantile_from(h, cursor, min, max) : mf_value_histogram_quantile(h, q, min, max);
}
