/* SPDX-License-Identifier: MIT */
/* load_tables - what the rows of REQUEST, READING and WATCH have to be beyond the kinds
 * of their fields: what runs loads relies on it. */
#include "parts.h"

static double number_of(const mf_value *v) {
  switch (v->kind) {
    case MF_INT: return (double)v->as.i;
    case MF_UINT: return (double)v->as.u;
    case MF_DOUBLE: return v->as.d;
    default: return -1;
  }
}

static bool is_above_0(const mf_image *im, uint32_t constant) {
  double d = constant == MF_ABSENT ? 1 : number_of(&im->values[constant]);
  return d > 0 && d <= 1e15;
}

/* ---- requests ---- */

static const char *wrong_request(const mf_image *im, const mf_row_request *row, uint32_t number) {
  if (number && row[-1].scenario > row->scenario) return "the scenarios are not in order";
  return is_above_0(im, row->weight) ? NULL : "its weight is no number above 0";
}

const char *mf_requests_wrong(const mf_image *im, uint32_t *row) {
  const mf_row_request *rows = MF_ROWS(im, REQUEST, request);
  for (*row = 0; *row < MF_ROW_COUNT(im, REQUEST); ++*row) {
    const char *wrong = wrong_request(im, &rows[*row], *row);
    if (wrong) return wrong;
  }
  return NULL;
}

/* ---- readings ---- */

static bool is_map_of_texts(const mf_value *v) {
  if (v->kind != MF_MAP) return false;
  for (uint32_t i = 0; i < v->len; i++)
    if (v->as.map->pairs[i].key.kind != MF_STRING || v->as.map->pairs[i].value.kind != MF_STRING)
      return false;
  return true;
}

static const char *wrong_reading(const mf_image *im, const mf_row_reading *row) {
  const bool is_percentile = row->aggregate == MF_AGGREGATE_P;
  if (is_percentile != (row->percentile != MF_ABSENT)) return "only p has a percentile";
  if (is_percentile) {
    const mf_value *v = &im->values[row->percentile];
    if (v->kind != MF_DOUBLE || !(v->as.d >= 0 && v->as.d <= 100))
      return "its percentile is no double from 0 to 100";
  }
  if (row->window != MF_ABSENT && im->values[row->window].kind != MF_DOUBLE)
    return "its window is no double";
  if (!is_above_0(im, row->window)) return "its window is no length of time";
  if (row->selector != MF_ABSENT && !is_map_of_texts(&im->values[row->selector]))
    return "its selector is no map of texts";
  return NULL;
}

const char *mf_readings_wrong(const mf_image *im, uint32_t *row) {
  const mf_row_reading *rows = MF_ROWS(im, READING, reading);
  for (*row = 0; *row < MF_ROW_COUNT(im, READING); ++*row) {
    const char *wrong = wrong_reading(im, &rows[*row]);
    if (wrong) return wrong;
  }
  return NULL;
}

/* ---- watches ---- */

static const char *wrong_watch(const mf_image *im, const mf_row_watch *row) {
  const bool captures = row->kind == MF_WATCH_KIND_CAPTURE;
  if (row->request != MF_ABSENT &&
      MF_ROWS(im, REQUEST, request)[row->request].scenario != row->scenario)
    return "its request is one of another scenario";
  if (row->options != MF_ABSENT && im->values[row->options].kind != MF_MAP)
    return "its options are no map";
  if (captures != (row->slot != MF_ABSENT)) return "only a capture has a slot";
  if (captures && MF_ROWS(im, SLOT, slot)[row->slot].kind != MF_SLOT_KIND_CAPTURE)
    return "its slot is of something else";
  if (row->probe != MF_ABSENT &&
      (row->kind != MF_WATCH_KIND_ABORT_WHEN || row->scenario != MF_ABSENT))
    return "only an abort_when of the run has a probe";
  return NULL;
}

const char *mf_watches_wrong(const mf_image *im, uint32_t *row) {
  const mf_row_watch *rows = MF_ROWS(im, WATCH, watch);
  for (*row = 0; *row < MF_ROW_COUNT(im, WATCH); ++*row) {
    const char *wrong = wrong_watch(im, &rows[*row]);
    if (wrong) return wrong;
  }
  return NULL;
}
