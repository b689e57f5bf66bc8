/* SPDX-License-Identifier: MIT */
#include "window.h"

#include <math.h>
#include <string.h>

mf_status mf_window_init(mf_window *w, mf_arena *arena, unsigned kind, int64_t length_ns,
                         int64_t start_ns) {
  if (length_ns < MF_WINDOW_SHORTEST_NS) length_ns = MF_WINDOW_SHORTEST_NS;
  const int64_t width = length_ns / MF_WINDOW_SLICES;
  *w = (mf_window){.start_ns = start_ns,
                   .length_ns = length_ns,
                   .width_ns = width,
                   .now_ns = start_ns,
                   .slice_end_ns = start_ns + width,
                   .bare = MF_WINDOW_SLICES,
                   .pages_free = MF_WINDOW_PAGES};
  mf_status status = mf_series_init(&w->total, arena, kind);
  if (status != MF_OK || w->total.values == NULL) return status;
  w->pages_of = MF_NEW_ARRAY(arena, mf_window_pages, MF_WINDOW_SLICES);
  w->pages = mf_arena_get(arena, MF_WINDOW_PAGES * sizeof *w->pages); /* zeroed when taken */
  return w->pages_of && w->pages ? MF_OK : MF_OUT_OF_MEMORY;
}

/* ---- Pages of the slices ---- */

static uint32_t *page(mf_window *w, unsigned number) { return w->pages[number - 1]; }

static void take_page(mf_window *w, uint16_t *slot) {
  unsigned number = w->given_back;
  if (number == 0)
    number = ++w->pages_used;
  else
    w->given_back = page(w, number)[0];
  memset(page(w, number), 0, sizeof(mf_window_page));
  w->pages_free--;
  *slot = (uint16_t)number;
}

static void give_back(mf_window *w, uint16_t *slot) {
  page(w, *slot)[0] = w->given_back;
  w->given_back = *slot;
  w->pages_free++;
  *slot = 0;
}

/* The bucket nearest to `bucket` in a group that has a page; there is one. */
static uint32_t nearest(const uint16_t *pages_of, uint32_t bucket) {
  const uint32_t group = bucket >> MF_VALUE_GROUP_BITS;
  for (uint32_t far = 1;; far++) {
    if (far <= group && pages_of[group - far])
      return ((group - far + 1) << MF_VALUE_GROUP_BITS) - 1;
    if (group + far < MF_VALUE_GROUPS && pages_of[group + far])
      return (group + far) << MF_VALUE_GROUP_BITS;
  }
}

/* The bucket in which the slice under way counts a value of `bucket`: that one,
 * while there are pages. */
static uint32_t place(mf_window *w, uint32_t bucket) {
  uint16_t *pages_of = w->pages_of[w->current];
  uint16_t *slot = &pages_of[bucket >> MF_VALUE_GROUP_BITS];
  const bool first = w->slices[w->current].count == 0;
  if (*slot != 0) return bucket;
  if (!first && w->pages_free <= w->bare) {
    w->misplaced++;
    return nearest(pages_of, bucket);
  }
  take_page(w, slot);
  w->bare -= first;
  return bucket;
}

static void count_value(mf_window *w, double value) {
  const uint32_t bucket = place(w, mf_value_bucket(value));
  const uint16_t number = w->pages_of[w->current][bucket >> MF_VALUE_GROUP_BITS];
  uint32_t *n = &page(w, number)[bucket % MF_VALUE_PER_POWER];
  /* A count that is full stays: what is not counted is not taken out later. */
  if (*n == UINT32_MAX) return;
  ++*n;
  mf_value_histogram_add(w->total.values, bucket);
}

/* ---- Time ---- */

static void take_out_values(mf_window *w, unsigned slice) {
  if (w->slices[slice].count == 0) return;
  for (uint32_t group = 0; group < MF_VALUE_GROUPS; group++) {
    uint16_t *slot = &w->pages_of[slice][group];
    if (*slot == 0) continue;
    mf_value_histogram_remove(w->total.values, group, page(w, *slot));
    give_back(w, slot);
  }
  w->bare++;
}

/* Sums are made anew from the slices: subtracting would leave what rounding made
 * of a large value, and the least value cannot be taken out at all. */
static void sum_up(mf_window *w) {
  w->total.sums = (mf_sample_sums){0};
  for (unsigned i = 1; i <= MF_WINDOW_SLICES; i++)
    mf_sample_sums_merge(&w->total.sums, &w->slices[(w->current + i) % MF_WINDOW_SLICES]);
}

static void next_slice(mf_window *w) {
  w->current = (w->current + 1) % MF_WINDOW_SLICES;
  if (w->total.values) take_out_values(w, w->current);
  w->slices[w->current] = (mf_sample_sums){0};
}

static void advance(mf_window *w, int64_t t_ns) {
  if (t_ns <= w->now_ns) return;
  w->now_ns = t_ns;
  if (t_ns < w->slice_end_ns) return;
  const int64_t slices = (t_ns - w->slice_end_ns) / w->width_ns + 1;
  for (int64_t i = 0; i < slices && i < MF_WINDOW_SLICES; i++) next_slice(w);
  w->slice_end_ns += slices * w->width_ns;
  sum_up(w);
}

/* How long the interval is that the window holds now. */
static int64_t held_ns(const mf_window *w) {
  const int64_t begin = w->slice_end_ns - MF_WINDOW_SLICES * w->width_ns;
  return w->now_ns - (begin > w->start_ns ? begin : w->start_ns);
}

/* ---- Samples in, aggregations out ---- */

bool mf_window_add(mf_window *w, int64_t t_ns, double value) {
  if (!isfinite(value)) return false;
  if (w->total.kind == MF_METRIC_KIND_RATE) value = value != 0;
  advance(w, t_ns);
  if (w->total.values) count_value(w, value);
  mf_sample_sums_add(&w->slices[w->current], value);
  mf_sample_sums_add(&w->total.sums, value);
  if (w->samples++ == 0 || t_ns > w->last_ns) w->last_ns = t_ns;
  return true;
}

static bool read_empty(const mf_window *w, unsigned what, double *out) {
  const bool counter = w->total.kind == MF_METRIC_KIND_COUNTER;
  *out = 0;
  if (what == MF_AGGREGATE_COUNT) return mf_aggregate_legal(what, w->total.kind);
  return what == MF_AGGREGATE_RATE && counter && held_ns(w) > 0;
}

bool mf_window_read(mf_window *w, int64_t t_ns, unsigned what, double n, double *out) {
  advance(w, t_ns);
  if (w->total.sums.count == 0) return read_empty(w, what, out);
  return mf_series_read(&w->total, what, n, held_ns(w), out);
}

bool mf_window_track(mf_window *w, double n) { return mf_series_track(&w->total, n); }

uint64_t mf_window_samples(mf_window *w, int64_t t_ns) {
  advance(w, t_ns);
  return w->total.sums.count;
}

bool mf_window_full(const mf_window *w, int64_t t_ns) {
  return (t_ns > w->now_ns ? t_ns : w->now_ns) - w->start_ns >= w->length_ns;
}

bool mf_window_silence(const mf_window *w, int64_t t_ns, int64_t *out_ns) {
  if (w->samples == 0) return false;
  *out_ns = t_ns > w->last_ns ? t_ns - w->last_ns : 0;
  return true;
}
