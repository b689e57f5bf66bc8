/* reading - what the samples of a metric come to while a load runs: rows of READING. */
#ifndef MF_COMPILER_READING_H
#define MF_COMPILER_READING_H
#include "compiler.h"

/* Seconds: what a window may be long. */
#define MF_WINDOW_LEAST 0.1
#define MF_WINDOW_MOST 3600.0

typedef struct mf_reading {
  uint32_t metric, aggregate;
  double percentile; /* of MF_AGGREGATE_P: 0..100 */
  double window;     /* seconds; 0: of all samples */
  uint32_t scenario; /* MF_ABSENT: of the run */
  uint32_t selector; /* a constant, or MF_ABSENT */
} mf_reading;

/* Its slot; `name` is how messages call it. */
uint32_t mf_reading_slot(mf_compiler *c, const mf_reading *reading, mf_str name);
/* A name in a tree that means the slot. */
mf_expr *mf_reading_expr(mf_compiler *c, mf_span span, uint32_t slot);
/* The slot that such a name means; MF_NAMES_NONE: it is no such name. */
uint32_t mf_reading_of_name(mf_str name);
/* The slot of a bare metric in a watch with `over`. */
uint32_t mf_reading_over(mf_compiler *c, uint32_t metric, mf_str name);
/* The AGGREGATE of a word, for a row of METRIC; MF_ABSENT and reported: it has none such. */
uint32_t mf_reading_aggregate(mf_compiler *c, mf_str word, mf_span span, uint32_t metric,
                              mf_str name);
/* Calls of window() in the tree become names of readings. */
void mf_windows_expand(mf_compiler *c, mf_expr *e);
#endif
