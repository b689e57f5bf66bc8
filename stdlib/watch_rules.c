/* SPDX-License-Identifier: MIT */
/* When a watch is broken. */
#include "watches_parts.h"

#include <math.h>

#define USUAL_SILENCE_S 10.0 /* of an abort_when without `over` */

/* ---- Making ---- */

static int64_t length_of(const mf_watches *w, const mf_value *options, const char *key) {
  const double ns = mf_map_number(options, key, 0) * w->scale * MF_WATCH_NS_PER_S;
  return !(ns > 0) ? 0 : ns < 9e18 ? (int64_t)ns : INT64_MAX;
}

static bool is_eager(const mf_rule *r) {
  switch (r->row->kind) {
    case MF_WATCH_KIND_THRESHOLD: return r->aborts || r->over_ns > 0;
    case MF_WATCH_KIND_ABORT_WHEN:
    case MF_WATCH_KIND_STEADY_STATE: return true;
    default: return false; /* judged with each response */
  }
}

static mf_status make_rule(mf_watches *w, uint32_t number, mf_rule *r) {
  const mf_row_watch *row = &MF_ROWS(w->image, WATCH, watch)[number];
  const mf_value *options = row->options != MF_ABSENT ? &w->image->values[row->options] : NULL;
  *r = (mf_rule){.number = number, .row = row, .shown = MF_ABSENT};
  r->aborts = row->kind == MF_WATCH_KIND_ABORT_WHEN || (row->flags & MF_WATCH_FLAGS_ABORTS);
  r->over_ns = length_of(w, options, "over");
  r->grace_ns = length_of(w, options, "grace");
  const double least = mf_map_number(options, "min_samples", 0);
  r->min_samples = least >= 1 ? least < 9e15 ? (uint64_t)least : UINT64_MAX : 0;
  r->eager = is_eager(r);
  r->reads = mf_armed_reads(w->image, row->chunk, NULL);
  mf_status status = row->probe == MF_ABSENT ? MF_OK : mf_watch_answer_make(w, r);
  return status == MF_OK ? mf_armed_program(w->armed, row->chunk, &r->program) : status;
}

/* expects, then checks, then the others; captures are the engine's. */
static unsigned place_of(uint32_t kind) {
  switch (kind) {
    case MF_WATCH_KIND_EXPECT: return 0;
    case MF_WATCH_KIND_CHECK: return 1;
    case MF_WATCH_KIND_CAPTURE: return 3;
    default: return 2;
  }
}

mf_status mf_watch_rules_make(mf_watches *w) {
  const mf_row_watch *rows = MF_ROWS(w->image, WATCH, watch);
  uint32_t n = 0, counts[4] = {0};
  mf_status status = MF_OK;
  for (uint32_t i = 0; i < MF_ROW_COUNT(w->image, WATCH); i++)
    n += rows[i].scenario == w->tags.scenario;
  w->rules = MF_NEW_ARRAY(&w->arena, mf_rule, n);
  if (w->rules == NULL) return MF_OUT_OF_MEMORY;
  for (unsigned place = 0; place < 3; place++)
    for (uint32_t i = 0; i < MF_ROW_COUNT(w->image, WATCH) && status == MF_OK; i++) {
      if (rows[i].scenario != w->tags.scenario || place_of(rows[i].kind) != place) continue;
      status = make_rule(w, i, &w->rules[w->rule_count]);
      w->any_eager |= w->rules[w->rule_count++].eager;
      counts[place]++;
    }
  w->expects = counts[0];
  w->checks = counts[0] + counts[1];
  return status;
}

void mf_watch_rules_free(mf_watches *w) {
  for (uint32_t i = 0; i < w->rule_count; i++) {
    mf_program_free(w->rules[i].program);
    mf_watch_answer_free(&w->rules[i]);
  }
}

/* ---- Telling ---- */

static mf_value values_read(const mf_watches *w, const mf_rule *r, mf_arena *arena) {
  const mf_row_slot *rows = MF_ROWS(w->image, SLOT, slot);
  mf_map_builder b;
  mf_map_build(&b, arena);
  for (uint32_t i = 0; i < r->slot_count; i++) {
    const mf_value *v = &w->armed->slots[r->slots[i]];
    if (v->kind == MF_UNSET) continue;
    mf_map_add_value(&b, mf_string(mf_image_string(w->image, rows[r->slots[i]].name)), *v);
  }
  if (r->answer) mf_watch_answer_tell(w, r, &b);
  return mf_map_done(&b);
}

/* That it is over matters more than what was read: without memory that is left out. */
static void trip(mf_watches *w, mf_rule *r) {
  mf_map_builder b;
  r->broken = r->tripped = true;
  mf_arena_reset(&w->trip);
  mf_map_build(&b, &w->trip);
  mf_map_add(&b, "sample", mf_int((int64_t)w->samples));
  mf_map_add(&b, "values", values_read(w, r, &w->trip));
  mf_value values = mf_map_done(&b);
  if (mf_arena_oom(&w->trip)) values = (mf_value){.kind = MF_UNSET};
  if (w->tripped) w->tripped(w->ctx, r->number, &values);
}

/* ---- Judging ---- */

/* Errors: OUT_OF_MEMORY.  Other limits are errors of the expression. */
static mf_status evaluate(mf_watches *w, mf_rule *r, mf_value *v) {
  mf_status status = mf_armed_eval(w->armed, r->program, v);
  if (status == MF_OK || status == MF_OUT_OF_MEMORY) return status;
  *v = mf_error(MF_EVAL_BAD_ARGUMENT, mf_str_of(mf_status_text(status)));
  return MF_OK;
}

static mf_value odd_kind(mf_watches *w, const mf_value *v) {
  return mf_errorf(&w->trip, MF_EVAL_BAD_CONVERSION, "it is %s, not bool", mf_kind_name(v->kind));
}

/* Of errors the first is kept. */
static void keep_error(mf_watches *w, mf_rule *r, mf_value v) {
  if (r->error.p) return;
  if (v.kind != MF_ERROR) v = odd_kind(w, &v);
  const mf_str text = mf_value_str(v);
  const size_t n = text.n < 500 ? text.n : 500;
  const char *copy = mf_arena_copy(&w->arena, text.p, n);
  if (copy) r->error = (mf_str){copy, n};
}

void mf_watch_rule_fail(mf_watches *w, mf_rule *r, mf_value error) {
  keep_error(w, r, error);
  r->last = MF_JUDGED_ERROR;
}

/* Comparisons with NaN are false, but not their contraries.  What loads measure is always
 * finite. */
static bool is_finite(const mf_watches *w, const mf_rule *r) {
  if (!r->reads_own) return true;
  for (uint32_t i = 0; i < r->slot_count; i++) {
    const mf_value *v = &w->armed->slots[r->slots[i]];
    if (v->kind == MF_DOUBLE && !isfinite(v->as.d)) return false;
  }
  return true;
}

static mf_judgement judgement_of(mf_watches *w, mf_rule *r, const mf_value *v) {
  const bool fears = r->row->kind == MF_WATCH_KIND_ABORT_WHEN;
  if (v->kind == MF_BOOL && (v->as.i != 0) == fears) return MF_JUDGED_BROKEN;
  if (v->kind == MF_ERROR && v->aux == MF_EVAL_NO_VALUE) return MF_JUDGED_NOT;
  if (v->kind != MF_BOOL) {
    keep_error(w, r, *v);
    return MF_JUDGED_ERROR;
  }
  return is_finite(w, r) ? MF_JUDGED_HOLDS : MF_JUDGED_BROKEN;
}

static bool has_samples(mf_watches *w, const mf_rule *r, int64_t t_ns) {
  uint64_t least = UINT64_MAX;
  if (r->min_samples == 0) return true;
  for (uint32_t i = 0; i < r->live_count; i++) {
    if (r->lives[i]->feed == NULL) continue;
    const uint64_t n = mf_feed_count(r->lives[i]->feed, t_ns);
    if (n < least) least = n;
  }
  return (least == UINT64_MAX ? w->samples : least) >= r->min_samples;
}

static bool is_time(const mf_rule *r, int64_t t_ns) {
  return t_ns >= r->grace_ns && t_ns >= r->over_ns;
}

/* Slots have their values. */
static mf_status judge(mf_watches *w, mf_rule *r, int64_t t_ns) {
  mf_value v;
  if (!is_time(r, t_ns) || !has_samples(w, r, t_ns)) return MF_OK;
  if (r->answer) mf_watch_answer_swap(w, r);
  mf_status status = evaluate(w, r, &v);
  if (r->answer) mf_watch_answer_swap(w, r);
  if (status != MF_OK) return status;
  const mf_judgement judged = judgement_of(w, r, &v);
  if (judged == MF_JUDGED_NOT) return MF_OK;
  r->last = judged;
  if (judged == MF_JUDGED_BROKEN && r->shown != MF_ABSENT)
    r->value = mf_watch_value(w, r, r->shown);
  return MF_OK;
}

/* ---- The eager ones ---- */

/* A threshold without `over` is judged by its value at the end, unless it aborts. */
mf_status mf_watch_rules_look(mf_watches *w, int64_t t_ns) {
  for (uint32_t i = w->checks; i < w->rule_count; i++) {
    mf_rule *r = &w->rules[i];
    if (!r->eager || r->broken) continue;
    mf_status status = judge(w, r, t_ns);
    if (status != MF_OK) return status;
    if (r->last != MF_JUDGED_BROKEN) continue;
    r->broken = true;
    if (r->aborts) trip(w, r);
  }
  return MF_OK;
}

/* What is dead sends no samples. */
void mf_watch_rules_silence(mf_watches *w, int64_t t_ns) {
  if (!w->sampled) return;
  for (uint32_t i = w->checks; i < w->rule_count; i++) {
    mf_rule *r = &w->rules[i];
    const int64_t usual = (int64_t)(USUAL_SILENCE_S * MF_WATCH_NS_PER_S * w->scale);
    const int64_t longest = r->over_ns ? r->over_ns : usual;
    if (r->row->kind != MF_WATCH_KIND_ABORT_WHEN || r->broken) continue;
    if (r->answer) continue; /* its probe would tell */
    if (t_ns - w->last_ns <= longest || t_ns < r->grace_ns) continue;
    r->silent_ns = longest;
    trip(w, r);
  }
}

/* The others have been judged by the last sample; at the end nothing can be aborted. */
static bool is_judged_at_end(const mf_rule *r) {
  return !r->broken && r->row->kind != MF_WATCH_KIND_ABORT_WHEN;
}

mf_status mf_watch_rules_end(mf_watches *w, int64_t t_ns) {
  mf_status status = MF_OK;
  for (uint32_t i = w->checks; i < w->rule_count && status == MF_OK; i++) {
    mf_rule *r = &w->rules[i];
    if (!is_judged_at_end(r)) continue;
    /* Without `over` a threshold is what it is now, not what it was. */
    if (r->row->kind == MF_WATCH_KIND_THRESHOLD && r->over_ns == 0) {
      r->last = MF_JUDGED_NOT;
      r->value = (mf_value){.kind = MF_UNSET};
    }
    status = judge(w, r, t_ns);
  }
  return status;
}

/* ---- Responses ---- */

static bool applies(const mf_rule *r, const mf_sample *s) {
  return r->row->request == MF_ABSENT || r->row->request == s->request;
}

static bool is_expected(const mf_value *v, int status) {
  if (v->kind == MF_BOOL) return v->as.i != 0;
  if (v->kind == MF_INT) return v->as.i == status;
  return v->kind == MF_DOUBLE && v->as.d == status;
}

static mf_status look_expected(mf_watches *w, mf_sample *s) {
  mf_value v;
  s->failed = s->result->error != MF_HTTP_NONE;
  if (s->failed) return MF_OK;
  bool any = false;
  for (uint32_t i = 0; i < w->expects && !s->failed; i++) {
    if (!applies(&w->rules[i], s)) continue;
    mf_status status = evaluate(w, &w->rules[i], &v);
    if (status != MF_OK) return status;
    s->failed = !is_expected(&v, s->result->status);
    any = true;
  }
  if (!any) s->failed = s->result->status >= 400;
  return MF_OK;
}

static mf_status look_check(mf_watches *w, mf_rule *r, mf_sample *s) {
  mf_value v;
  mf_status status = evaluate(w, r, &v);
  if (status != MF_OK) return status;
  const bool holds = v.kind == MF_BOOL && v.as.i;
  r->seen++;
  s->checks++;
  if (holds) return MF_OK;
  r->failed++;
  s->checks_failed++;
  if (v.kind != MF_BOOL) keep_error(w, r, v);
  return MF_OK;
}

mf_status mf_watch_response(mf_watches *w, mf_sample *s) {
  mf_status status = look_expected(w, s);
  s->checks = s->checks_failed = 0;
  for (uint32_t i = w->expects; i < w->checks && status == MF_OK; i++)
    if (applies(&w->rules[i], s)) status = look_check(w, &w->rules[i], s);
  return status;
}

void mf_watch_checks_trip(mf_watches *w) {
  for (uint32_t i = w->expects; i < w->checks; i++)
    if (w->rules[i].aborts && w->rules[i].failed && !w->rules[i].tripped) trip(w, &w->rules[i]);
}
