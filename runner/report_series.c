/* SPDX-License-Identifier: MIT */
/* Metrics over time, in bounded memory: when a series is full every second of its
 * points is dropped, and from then on only every second new one is kept. */
#include "report_model.h"

static mf_report_series *series_of(mf_report *r, mf_str name) {
  for (uint32_t i = 0; i < r->series_count; i++)
    if (mf_str_eq(r->series[i].name, name)) return &r->series[i];
  if (r->series_count == MF_REPORT_SERIES) return NULL;
  mf_str kept = mf_report_keep(r, name, MF_REPORT_NAME);
  mf_report_point *points = MF_NEW_ARRAY(&r->kept, mf_report_point, MF_REPORT_POINTS);
  if (kept.n != name.n || points == NULL) return NULL; /* a name that was cut names nothing */
  mf_report_series *s = &r->series[r->series_count++];
  *s = (mf_report_series){.name = kept, .points = points, .stride = 1};
  return s;
}

static void thin_out(mf_report_series *s) {
  for (uint32_t i = 0; i < s->kept / 2; i++) s->points[i] = s->points[2 * i];
  s->kept /= 2;
  s->stride *= 2;
}

void mf_report_series_add(mf_report *r, mf_str name, double at, double value) {
  mf_report_series *s = series_of(r, name);
  if (s == NULL) return;
  if (s->total == 0 || value < s->least) s->least = value;
  if (s->total == 0 || value > s->greatest) s->greatest = value;
  s->last = value;
  if (s->total++ % s->stride != 0) return;
  if (s->kept == MF_REPORT_POINTS) {
    thin_out(s);
    if ((s->total - 1) % s->stride != 0) return;
  }
  s->points[s->kept++] = (mf_report_point){at, value};
}
