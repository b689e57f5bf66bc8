/* sample_list - samples kept one by one: what histograms, series and windows
 * must agree with.  Buckets are worked out from what value_histogram.h promises,
 * not with its functions. */
#ifndef MF_TESTS_SAMPLE_LIST_H
#define MF_TESTS_SAMPLE_LIST_H
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline uint64_t next_random(uint64_t *x) {
  *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
  return *x;
}
/* 0 to just below 1. */
static inline double random_share(uint64_t *x) { return (double)(next_random(x) >> 11) * 0x1p-53; }

/* Values as metrics have them, by `shape`: latencies, both signs and any size,
 * two far clusters, few different whole numbers. */
enum { SHAPES = 4 };
static inline double random_value(uint64_t *x, unsigned shape) {
  const double r = random_share(x);
  const bool coin = next_random(x) & 1;
  switch (shape % SHAPES) {
    case 0: return exp(r * r * 9) * 0.2;
    case 1: return ldexp(coin ? 1 + r : -1 - r, (int)(next_random(x) % 120) - 45);
    case 2: return coin ? 1.5 + r / 8 : 30000 + 100 * r;
    default: return (double)(next_random(x) % 9) - 4;
  }
}

/* The middle of the bucket that a value falls in. */
static inline double middle_of(double value) {
  double size = fabs(value);
  int power;
  if (size < 0x1p-30) return 0;
  if (size >= 0x1p64) size = nextafter(0x1p64, 0);
  frexp(size, &power); /* size is 2^(power - 1) or more */
  const double width = ldexp(1, power - 1 - 6), middle = (floor(size / width) + 0.5) * width;
  return value < 0 ? -middle : middle;
}

static inline int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The quantile q of n values, which are sorted by this. */
static inline double listed_quantile(double *values, int n, double q) {
  qsort(values, (size_t)n, sizeof *values, by_size);
  int rank = (int)ceil(q * n - 1e-9);
  if (rank < 1) rank = 1;
  if (rank == n) return values[n - 1];
  if (rank == 1) return values[0];
  const double middle = middle_of(values[rank - 1]);
  return middle < values[0] ? values[0] : middle > values[n - 1] ? values[n - 1] : middle;
}

/* The same up to rounding, where terms of this size were added. */
static inline void check_near(double got, double want, double terms) {
  ck_assert_double_le(fabs(got - want), 1e-11 * terms);
}
#endif
