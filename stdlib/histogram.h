/* histogram - how often each length of time occurred, in fixed memory (37.4 KB).
 *
 * Log-linear: every power of two is cut into 128 equal buckets, and a bucket is
 * reported as its middle, so a quantile is at most 0.4 % off; lengths below
 * 256 ns are exact.  Values are nanoseconds from 0 to an hour; longer ones count
 * as an hour.  Count, smallest, largest and mean are exact. */
#ifndef MF_STDLIB_HISTOGRAM_H
#define MF_STDLIB_HISTOGRAM_H
#include "quantile.h"

#define MF_HISTOGRAM_MAX_NS 3600000000000LL
#define MF_HISTOGRAM_GROUP_BITS 7
/* 256 exact buckets, then 128 for each of the powers 2^8 .. 2^41. */
#define MF_HISTOGRAM_GROUPS (2 + 34)
#define MF_HISTOGRAM_BUCKETS (MF_HISTOGRAM_GROUPS << MF_HISTOGRAM_GROUP_BITS)

typedef struct mf_histogram {
  uint64_t count;
  int64_t min, max; /* of the values; 0 when there are none */
  double sum;       /* exact up to 2^53 ns, 104 days */
  mf_quantile_cursors tracked;
  uint64_t groups[MF_HISTOGRAM_GROUPS]; /* the totals of 128 buckets each */
  uint64_t buckets[MF_HISTOGRAM_BUCKETS];
} mf_histogram;

/* A zeroed histogram is an empty one; a copy of one is one. */
void mf_histogram_add(mf_histogram *h, int64_t ns);
/* Takes out a value that was added: for samples that are there for a while, as
 * the age of a request in flight.  Min and max stay, so that they are bounds and
 * no longer exact, until the histogram is empty; a caller that wants them back
 * keeps them and sets them again.  A value that is not there changes nothing. */
void mf_histogram_remove(mf_histogram *h, int64_t ns);
void mf_histogram_merge(mf_histogram *into, const mf_histogram *from);
/* What was added to `now` since it was `earlier`, a copy.  Min and max are those of its
 * buckets, within the ones of `now`. */
void mf_histogram_since(mf_histogram *out, const mf_histogram *now, const mf_histogram *earlier);
/* 0 when it is empty. */
double mf_histogram_mean(const mf_histogram *h);
/* The value that a share `q` (0..1) of all values does not exceed (nearest
 * rank): the middle of its bucket, within min and max; min and max themselves
 * for the lowest and the highest rank.  0 when it is empty. */
int64_t mf_histogram_quantile(const mf_histogram *h, double q);

/* How many values are not above `ns`, as far as their buckets tell: a bucket counts when
 * the value that is reported for it does. */
uint64_t mf_histogram_at_most(const mf_histogram *h, int64_t ns);

/* From now on the quantile `q` is followed, so that reading it after each
 * sample is O(1); each one followed costs adding a comparison.  False when
 * MF_TRACKED_QUANTILES others are. */
bool mf_histogram_track(mf_histogram *h, double q);
/* The same answer as mf_histogram_quantile, fast when `q` is followed. */
int64_t mf_histogram_tracked(mf_histogram *h, double q);
#endif
