/* names - what the files about names share. */
#ifndef MF_COMPILER_NAMES_H
#define MF_COMPILER_NAMES_H
#include "compiler.h"

/* A metric that loads yield: a row of runner/metrics.def. */
typedef struct mf_load_metric {
  const char *name;
  uint32_t kind;
  const char *aliases; /* comma-separated */
} mf_load_metric;
/* By name or other name; NULL: there is none. */
const mf_load_metric *mf_load_metric_find(mf_str name);
/* The i-th; NULL: there are no more. */
const mf_load_metric *mf_load_metric_at(uint32_t i);

bool mf_name_is_reserved(mf_str name);
/* A copy for maps: a name in an expression is gone with its entry. */
mf_str mf_name_kept(mf_compiler *c, mf_str name);
/* False (and reported) when the name may not be declared. */
bool mf_names_check(mf_compiler *c, mf_str name, mf_span span);

/* ---- slots; MF_NAMES_NONE: there is none ---- */
uint32_t mf_env_slot(mf_compiler *c, mf_str name);
/* What a bare metric means where it stands. */
uint32_t mf_metric_slot_in_phase(mf_compiler *c, mf_str name);
/* max_error_rate and the like; MF_ABSENT when it is no such name. */
uint32_t mf_aggregate_slot(mf_compiler *c, mf_str name);
uint32_t mf_loop_slot(const mf_document_scope *scope, mf_str name);
/* A linked document sees the names of those around it behind its own. */
uint32_t mf_variable_slot(mf_compiler *c, mf_str name);
#endif
