/* value_histogram - how often values of any size and sign occurred.
 *
 * Log-linear over doubles: the top bits of a double are its bucket.  Every power
 * of two from 2^-30 to 2^64 is cut into 64 equal buckets, for either sign, and a
 * bucket is reported as its middle: at most 0.8 % off.  What is nearer to 0 than
 * 2^-30 counts as 0, what is farther than 2^64 as the last bucket.  Counts of
 * one power are a page, which is taken when its first value comes: 190 pages of
 * 512 bytes (95 KB) are reserved at the start, and only those in use are touched;
 * values between 1 and 1,000 use 10. */
#ifndef MF_STDLIB_VALUE_HISTOGRAM_H
#define MF_STDLIB_VALUE_HISTOGRAM_H
#include "../base/arena.h"
#include "quantile.h"

#define MF_VALUE_LOWEST_POWER (-30)
#define MF_VALUE_POWERS 94
#define MF_VALUE_GROUP_BITS 6
#define MF_VALUE_PER_POWER (1 << MF_VALUE_GROUP_BITS)
/* In the order of values: the negative powers, one group for 0, the positive ones. */
#define MF_VALUE_ZERO_GROUP MF_VALUE_POWERS
#define MF_VALUE_GROUPS (2 * MF_VALUE_POWERS + 1)

typedef struct mf_value_histogram {
  uint64_t count;
  mf_quantile_cursors tracked;
  uint64_t groups[MF_VALUE_GROUPS]; /* the totals of 64 buckets each */
  uint8_t page_of[MF_VALUE_GROUPS]; /* 0: the page that is always empty */
  uint8_t pages_used;               /* with page 0 */
  uint64_t *pages;                  /* borrows from the arena */
} mf_value_histogram;

/* Memory comes from the arena, now and not later.  OK or OUT_OF_MEMORY. */
mf_status mf_value_histogram_init(mf_value_histogram *h, mf_arena *arena);

/* The bucket of a number that is not NaN, and the middle of a bucket. */
uint32_t mf_value_bucket(double value);
double mf_value_middle(uint32_t bucket);

/* Counts one value of this bucket. */
void mf_value_histogram_add(mf_value_histogram *h, uint32_t bucket);
/* Takes out what was added to the buckets of one group. */
void mf_value_histogram_remove(mf_value_histogram *h, uint32_t group,
                               const uint32_t counts[MF_VALUE_PER_POWER]);
void mf_value_histogram_merge(mf_value_histogram *into, const mf_value_histogram *from);

/* The value that a share `q` (0..1) of all values does not exceed (nearest
 * rank): the middle of its bucket, within the min and max that the caller knows;
 * these themselves for the lowest and the highest rank.  0 when it is empty. */
double mf_value_histogram_quantile(const mf_value_histogram *h, double q, double min, double max);
/* As mf_histogram_track and mf_histogram_tracked. */
bool mf_value_histogram_track(mf_value_histogram *h, double q);
double mf_value_histogram_tracked(mf_value_histogram *h, double q, double min, double max);
#endif
