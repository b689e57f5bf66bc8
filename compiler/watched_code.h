/* watched_code - expressions that are evaluated while a load runs: rows of WATCH.
 *
 * Each becomes a pure chunk beside the main one, over the slots as they are when the load
 * starts, and what the samples make of them. */
#ifndef MF_COMPILER_WATCHED_CODE_H
#define MF_COMPILER_WATCHED_CODE_H
#include "compiler.h"

/* The chunk of an expression; `truth`: it has to be a condition.  MF_ABSENT: out of
 * memory, or reported. */
uint32_t mf_watch_chunk(mf_compiler *c, const mf_watch_scope *scope, mf_expr *e, bool truth);

/* What is being added: fields that mean nothing are as MF_WATCH_NONE has them. */
typedef struct mf_watch_row {
  uint32_t kind, scenario, request, flags, slot, probe;
  mf_str name, path;
  double over, grace, interval; /* seconds; below 0: not given */
  int64_t min_samples;          /* 0: not given */
} mf_watch_row;
#define MF_WATCH_NONE                                                                   \
  {                                                                                     \
    .scenario = MF_ABSENT, .request = MF_ABSENT, .slot = MF_ABSENT, .probe = MF_ABSENT, \
    .over = -1, .grace = -1, .interval = -1                                             \
  }
void mf_watch_add(mf_compiler *c, const mf_watch_row *row, uint32_t chunk);

/* What these keys of a step, request or document say; `of` has the scenario (MF_ABSENT: of
 * the run), the request (MF_ABSENT: of all) and the flags of their rows. */
void mf_checks_add(mf_compiler *c, const mf_node *checks, mf_str path, const mf_watch_row *of);
void mf_expect_add(mf_compiler *c, const mf_node *expect, mf_str path, const mf_watch_row *of);
void mf_captures_add(mf_compiler *c, const mf_node *captures, mf_str path, const mf_watch_row *of);

/* ---- threshold.c ---- */
void mf_thresholds_add(mf_compiler *c, const mf_node *thresholds, mf_str path, uint32_t scenario);
/* Whether they say how many checks may fail. */
bool mf_thresholds_count_checks(const mf_node *thresholds);

/* ---- emit_assertion.c ---- */
/* Each of the assertions as one of the run, while loads run. */
void mf_assertions_watch(mf_compiler *c, const mf_node *list, mf_str path, uint32_t flags);

/* ---- abort.c: abort_when, steady_state.during ---- */
void mf_aborts_add(mf_compiler *c);
#endif
