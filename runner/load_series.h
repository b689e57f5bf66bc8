/* load_series - what loads measure, as series.
 *
 * A load tells what it has measured so far; what is new since it was asked last is added
 * to its step's series, so that these only grow, whatever number of loads a step has. */
#ifndef MF_RUNNER_LOAD_SERIES_H
#define MF_RUNNER_LOAD_SERIES_H
#include "../stdlib/load_stats.h"
#include "exposition.h"

typedef struct mf_told_load mf_told_load;

typedef struct mf_load_series {
  mf_exposition *e;
  mf_told_load *loads;
} mf_load_series;

/* Zeroed but for `e` is a new one. */
void mf_load_series_fini(mf_load_series *series);
/* A load begins; `step` and the effect's path outlive it. */
void mf_load_series_begin(mf_load_series *series, const mf_effect *effect, mf_str step);
void mf_load_series_tell(mf_load_series *series, const mf_load_view *view);
void mf_load_series_end(mf_load_series *series, const mf_effect *effect);
#endif
