/* window - the latest samples of one metric, in fixed memory.
 *
 * For window(latency, "10s") and for `over: 10s`.  Time since the start is cut
 * into slices of a twentieth of the length, and a slice leaves as a whole.  At
 * time t the window holds the slice that t lies in and the 19 before it: with
 * width = length / 20 and k = (t - start) / width, both rounded down, the
 * samples of
 *
 *     [start + max(0, k - 19) * width, t]
 *
 * which, once the window is full, is at least 19/20 of the length and less than
 * all of it.  Time never goes back: a sample or a reader that is late (clock
 * skew, a timeout counted when it is due) counts at the latest time seen.
 *
 * Memory: a window over a trend reserves 276 KB (169 for the slices, 97 for the
 * total, 10 for tables), of which only what the values need is touched: about 90
 * KB for latencies.  The others take 1 KB.  A slice has a page of 256 bytes
 * for each power of two that its values lie in, and there are 660: values that
 * lie within 32 powers of two (1 us to an hour) always have one.  When they are
 * all taken, a value counts in the nearest power that its slice has, which
 * `misplaced` counts; count, sum, mean, min and max are right even then. */
#ifndef MF_STDLIB_WINDOW_H
#define MF_STDLIB_WINDOW_H
#include "series.h"

#define MF_WINDOW_SLICES 20
#define MF_WINDOW_PAGES (33 * MF_WINDOW_SLICES)
#define MF_WINDOW_SHORTEST_NS 1000000 /* 1 ms; shorter lengths count as that */

/* Where the counts of a slice are: the page of each power, 0 for none. */
typedef uint16_t mf_window_pages[MF_VALUE_GROUPS];
typedef uint32_t mf_window_page[MF_VALUE_PER_POWER];

/* Members are for reading only. */
typedef struct mf_window {
  int64_t start_ns, length_ns, width_ns; /* width: of a slice */
  int64_t now_ns;                        /* the latest time seen */
  int64_t slice_end_ns;                  /* of the slice under way */
  int64_t last_ns;                       /* of the latest sample */
  uint64_t samples;                      /* ever added */
  uint64_t misplaced;                    /* ever */
  mf_series total;                       /* of the samples in the window */
  unsigned current;                      /* the slice under way */
  mf_sample_sums slices[MF_WINDOW_SLICES];
  /* Of trends only: */
  mf_window_pages *pages_of; /* of each slice */
  mf_window_page *pages;     /* page n is pages[n - 1] */
  unsigned pages_used;       /* ever handed out */
  unsigned pages_free;       /* never handed out, or given back */
  unsigned bare;             /* slices without a page: as many pages are kept for them */
  uint32_t given_back;       /* a list of pages, linked by their first word; 0 ends it */
} mf_window;

/* A window over the samples of a metric of this kind (MF_METRIC_KIND_*) that
 * begins empty at `start_ns`.  Times are of any clock, within +-2^62 ns.  All
 * memory comes from the arena, now.  OK or OUT_OF_MEMORY. */
mf_status mf_window_init(mf_window *w, mf_arena *arena, unsigned kind, int64_t length_ns,
                         int64_t start_ns);
/* A sample as in series.h.  False, and nothing is counted, for what is no finite
 * number. */
bool mf_window_add(mf_window *w, int64_t t_ns, double value);

/* An aggregation of the samples in the window at this time, O(1) but when a
 * slice ends; as mf_series_read, where the elapsed time is that of the interval
 * above.  An empty window has a count of 0, and a counter's rate of 0. */
bool mf_window_read(mf_window *w, int64_t t_ns, unsigned what, double n, double *out);
/* As mf_series_track. */
bool mf_window_track(mf_window *w, double n);
/* How many samples the window holds at this time, whatever their kind. */
uint64_t mf_window_samples(mf_window *w, int64_t t_ns);

/* Whether the window has existed for its whole length. */
bool mf_window_full(const mf_window *w, int64_t t_ns);
/* The time since the latest sample: 0 or more.  False before the first one. */
bool mf_window_silence(const mf_window *w, int64_t t_ns, int64_t *out_ns);
#endif
