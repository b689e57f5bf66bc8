/* quantile - which bucket of a histogram holds a quantile.
 *
 * Counts lie in groups of a power of two of buckets, and each group's total is
 * kept, so that a search skips groups.  A cursor keeps its place between
 * searches: adding a sample costs it one comparison, and the next search moves it
 * over the few buckets by which the quantile has moved.  That makes a quantile
 * that is asked for after every sample O(1), and its answer is that of a search
 * from the start.  Shared by the histograms; they alone include it. */
#ifndef MF_STDLIB_QUANTILE_H
#define MF_STDLIB_QUANTILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many quantiles of one histogram can be followed. */
#define MF_TRACKED_QUANTILES 8

/* A zeroed one stands at the first bucket, which is true of any counts. */
typedef struct mf_quantile_cursor {
  double q;        /* 0..1 */
  uint64_t below;  /* samples in the buckets before `bucket` */
  uint32_t bucket; /* where the last search ended */
} mf_quantile_cursor;

typedef struct mf_quantile_cursors {
  uint32_t count;
  mf_quantile_cursor at[MF_TRACKED_QUANTILES];
} mf_quantile_cursors;

/* The counts of a histogram, as a search sees them. */
typedef struct mf_grouped_counts {
  const uint64_t *groups;  /* samples in each group */
  const uint64_t *buckets; /* all of them, or pages of one group each */
  const uint8_t *page_of;  /* the page of each group; NULL: group n is page n */
  unsigned bits;           /* a group has 2^bits buckets */
} mf_grouped_counts;

/* What is no number, or below 0, is the smallest value. */
static inline double mf_quantile_clip(double q) { return !(q > 0) ? 0 : q < 1 ? q : 1; }

/* The rank of a quantile among `count` samples: 1..count.  Just below a whole
 * number counts as that number: 0.9 * 10 is 9. */
static inline uint64_t mf_quantile_rank(double q, uint64_t count) {
  if (q <= 0) return 1;
  if (q >= 1) return count;
  const double exact = q * (double)count * (1 - 1e-12);
  const uint64_t rank = (uint64_t)exact + 1;
  return rank < count ? rank : count;
}

static inline mf_quantile_cursor *mf_quantile_find(mf_quantile_cursors *c, double q) {
  for (uint32_t i = 0; i < c->count; i++)
    if (c->at[i].q == q) return &c->at[i];
  return NULL;
}

/* False when there is no room. */
static inline bool mf_quantile_track(mf_quantile_cursors *c, double q) {
  if (mf_quantile_find(c, q)) return true;
  if (c->count == MF_TRACKED_QUANTILES) return false;
  c->at[c->count++] = (mf_quantile_cursor){.q = q};
  return true;
}

/* `n` samples came into `bucket`, or left it (n negative, modulo 2^64). */
static inline void mf_quantile_moved(mf_quantile_cursors *c, uint32_t bucket, uint64_t n) {
  for (uint32_t i = 0; i < c->count; i++)
    if (bucket < c->at[i].bucket) c->at[i].below += n;
}

/* Many buckets have changed: searches begin at the first one again. */
static inline void mf_quantile_restart(mf_quantile_cursors *c) {
  for (uint32_t i = 0; i < c->count; i++) c->at[i].below = c->at[i].bucket = 0;
}

static inline uint64_t mf_count_at(const mf_grouped_counts *h, uint32_t bucket) {
  const uint32_t group = bucket >> h->bits, page = h->page_of ? h->page_of[group] : group;
  return h->buckets[((size_t)page << h->bits) + (bucket & ((1u << h->bits) - 1))];
}

/* Moves the cursor to the bucket of the sample of this rank, which must be one
 * of 1..count. */
static inline __attribute__((always_inline)) uint32_t mf_quantile_seek(mf_quantile_cursor *cursor,
                                                                       const mf_grouped_counts *h,
                                                                       uint64_t rank) {
  const uint32_t inside = (1u << h->bits) - 1;
  uint32_t bucket = cursor->bucket;
  uint64_t below = cursor->below;
  while (below >= rank) {
    if ((bucket & inside) == 0) {
      uint32_t group = bucket >> h->bits;
      while (below - h->groups[group - 1] >= rank) below -= h->groups[--group];
      bucket = group << h->bits;
    }
    below -= mf_count_at(h, --bucket);
  }
  for (;;) {
    if ((bucket & inside) == 0) {
      uint32_t group = bucket >> h->bits;
      while (below + h->groups[group] < rank) below += h->groups[group++];
      bucket = group << h->bits;
    }
    const uint64_t here = mf_count_at(h, bucket);
    if (below + here >= rank) break;
    below += here;
    bucket++;
  }
  cursor->bucket = bucket;
  cursor->below = below;
  return bucket;
}
#endif
