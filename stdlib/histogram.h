/* histogram - how often each length of time occurred, in fixed memory.
 *
 * Log-linear: every power of two is cut into 128 equal buckets, and a bucket is
 * reported as its middle, so a quantile is at most 0.4 % off; lengths below
 * 256 ns are exact.  Values are nanoseconds from 0 to an hour; longer ones count
 * as an hour.  Count, smallest, largest and mean are exact. */
#ifndef MF_STDLIB_HISTOGRAM_H
#define MF_STDLIB_HISTOGRAM_H
#include <stdbool.h>
#include <stdint.h>

#define MF_HISTOGRAM_MAX_NS 3600000000000LL
/* 256 exact buckets, then 128 for each of the powers 2^8 .. 2^41. */
#define MF_HISTOGRAM_BUCKETS (256 + 34 * 128)

typedef struct mf_histogram {
  uint64_t count;
  int64_t min, max; /* of the values; 0 when there are none */
  double sum;       /* exact up to 2^53 ns, 104 days */
  uint64_t buckets[MF_HISTOGRAM_BUCKETS];
} mf_histogram;

/* A zeroed histogram is an empty one. */
void mf_histogram_add(mf_histogram *h, int64_t ns);
void mf_histogram_merge(mf_histogram *into, const mf_histogram *from);
/* 0 when it is empty. */
double mf_histogram_mean(const mf_histogram *h);
/* The value that a share `q` (0..1) of all values does not exceed (nearest
 * rank); 0 when it is empty. */
int64_t mf_histogram_quantile(const mf_histogram *h, double q);
#endif
