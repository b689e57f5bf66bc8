/* exposition - a run's figures as time series, for Prometheus and its like.
 *
 * A *family* is a name with a kind (runner/exposition.def; beside them one for each
 * metric that the document records), a *series* one combination of label values in it.
 * Series are found by the text of their labels, as it is shown: escaped, and without
 * secrets.  Their number is bounded.  Everything only grows until the run is over, so
 * a rendering is one pass over lists.  Without memory nothing more is counted, and
 * `oom` of the arena says so. */
#ifndef MF_RUNNER_EXPOSITION_H
#define MF_RUNNER_EXPOSITION_H
#include "../base/map.h"
#include "redact.h"

typedef enum mf_family_kind {
  MF_FAMILY_COUNTER,
  MF_FAMILY_GAUGE,
  MF_FAMILY_HISTOGRAM,
  MF_FAMILY_SUMMARY, /* sum and count alone */
  MF_FAMILY_RATIO,   /* a gauge: sum / count */
  MF_FAMILY_INFO,    /* always 1: its labels are what it says */
} mf_family_kind;

typedef enum mf_family_name {
#define MF_BUCKETS(...)
#define MF_FAMILY(NAME, name, kind, free_labels, other_labels, buckets, unit, help) \
  MF_FAMILY_OF_##NAME,
#include "exposition.def"
#undef MF_FAMILY
#undef MF_BUCKETS
  MF_FAMILIES
} mf_family_name;

typedef struct mf_series mf_series;
struct mf_series {
  mf_series *next;
  mf_str labels;     /* `step="a",code="2xx"` */
  double value;      /* of histogram, summary and ratio the sum */
  uint64_t count;    /* of histogram, summary and ratio */
  uint64_t *buckets; /* of a histogram: in each bucket, without those above all bounds */
};

typedef struct mf_family mf_family;
struct mf_family {
  mf_family *next;
  const char *name, *free_labels, *other_labels, *unit, *help; /* labels: "a,b" */
  mf_family_kind kind;
  const double *bounds;
  uint32_t bound_count, count; /* count: of its series */
  uint32_t number;
  mf_series *first, **end;
};

typedef struct mf_label {
  mf_str name; /* fit for a label: mf_exposition_name */
  mf_str value;
  bool is_free; /* not one of few words of ours */
} mf_label;

typedef struct mf_exposition {
  mf_arena arena;
  mf_redactor *redactor; /* NULL: there are no secrets */
  mf_family families[MF_FAMILIES];
  mf_family *first, **end; /* all families, in the order in which they are shown */
  uint32_t family_count;
  mf_names series; /* number of the family and labels -> number in `list` */
  mf_series **list;
  uint32_t list_cap;
  mf_buf key;
} mf_exposition;

void mf_exposition_init(mf_exposition *e, const mf_alloc *alloc, mf_redactor *redactor);
void mf_exposition_fini(mf_exposition *e);

/* ---- Writing ---- */

#define MF_LABELS(...) ((const mf_str[]){__VA_ARGS__})

/* The series of that family with these values of its labels, free ones first; a new one
 * is 0.  Beyond MF_LIMIT_METRIC_SERIES the one whose free labels are "other".  NULL: out
 * of memory. */
mf_series *mf_exposition_get(mf_exposition *e, mf_family_name name, const mf_str *values);
/* Adds to a counter or gauge of that family. */
void mf_exposition_count(mf_exposition *e, mf_family_name name, const mf_str *values, double n);
/* The same as mf_exposition_get with labels of any names; an empty value is no label. */
mf_series *mf_exposition_find(mf_exposition *e, mf_family *family, const mf_label *labels,
                              uint32_t count);
/* A family of the document's own, whose name is "mfvm_recorded_" and what a name may
 * consist of, then `ending`; a name that is taken gets a number.  NULL: out of memory. */
mf_family *mf_exposition_add(mf_exposition *e, mf_str name, const char *ending, mf_family_kind kind,
                             const char *help);
/* One value of a histogram, summary or ratio. */
void mf_series_observe(const mf_family *family, mf_series *series, double value);
/* `name` as names of labels are: letters, digits and _, no digit first and not __.  In
 * the arena; n 0: out of memory. */
mf_str mf_exposition_label(mf_exposition *e, mf_str name);

/* ---- Showing (exposition_text.c) ---- */

typedef enum mf_exposition_format {
  MF_EXPOSITION_TEXT,        /* Prometheus text format 0.0.4 */
  MF_EXPOSITION_OPENMETRICS, /* OpenMetrics 1.0 */
} mf_exposition_format;

/* By an Accept header (NULL: there is none): OpenMetrics when it is named and nothing that
 * means text is liked better. */
mf_exposition_format mf_exposition_choose(const char *accept);
/* The Content-Type; static. */
const char *mf_exposition_type(mf_exposition_format format);
/* Families without series are left out. */
void mf_exposition_write(const mf_exposition *e, mf_exposition_format format, mf_buf *out);
#endif
