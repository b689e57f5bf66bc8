/* SPDX-License-Identifier: MIT */
/* Responses that only one watch sees: those of its probe. */
#include "watches_parts.h"

#include "../base/limits.h"

static const uint32_t builtins[MF_ANSWER_PARTS] = {
    MF_BUILTIN_RESPONSE_STATUS,  MF_BUILTIN_RESPONSE_LATENCY, MF_BUILTIN_RESPONSE_ERROR,
    MF_BUILTIN_RESPONSE_HEADERS, MF_BUILTIN_RESPONSE_BODY,    MF_BUILTIN_RESPONSE_JSON,
    MF_BUILTIN_RESPONSE};
enum { SHOWN_PARTS = 3 }; /* the first ones, which are short */
static const uint32_t shown_reads[SHOWN_PARTS] = {MF_READS_STATUS, MF_READS_LATENCY,
                                                  MF_READS_ERROR};

/* ---- Life ---- */

mf_status mf_watch_answer_make(mf_watches *w, mf_rule *r) {
  r->answer = MF_NEW(&w->arena, mf_answer);
  if (r->answer == NULL) return MF_OUT_OF_MEMORY;
  memset(r->answer->parts, 0, sizeof r->answer->parts);
  mf_arena_init(&r->answer->arena, &w->alloc, (size_t)MF_LIMIT_EVAL_MEMORY);
  return MF_OK;
}

void mf_watch_answer_free(mf_rule *r) {
  if (r->answer) mf_arena_fini(&r->answer->arena);
}

/* ---- What the rule sees ---- */

void mf_watch_answer_swap(mf_watches *w, mf_rule *r) {
  for (uint32_t i = 0; i < MF_ANSWER_PARTS; i++) {
    const uint32_t slot = w->armed->builtins[builtins[i]];
    if (slot == MF_ABSENT) continue;
    const mf_value v = w->armed->slots[slot];
    w->armed->slots[slot] = r->answer->parts[i];
    r->answer->parts[i] = v;
  }
}

mf_value mf_watch_value(const mf_watches *w, const mf_rule *r, uint32_t slot) {
  for (uint32_t i = 0; i < MF_ANSWER_PARTS && r->answer; i++)
    if (w->armed->builtins[builtins[i]] == slot) return r->answer->parts[i];
  return w->armed->slots[slot];
}

uint32_t mf_watch_answer_shown(const mf_watches *w, const mf_rule *r) {
  uint32_t at = 0, slot;
  while ((slot = mf_chunk_next_slot(w->image, r->row->chunk, &at)) != MF_ABSENT)
    for (uint32_t i = 0; i < SHOWN_PARTS; i++)
      if (w->armed->builtins[builtins[i]] == slot) return slot;
  return MF_ABSENT;
}

void mf_watch_answer_tell(const mf_watches *w, const mf_rule *r, mf_map_builder *values) {
  const mf_row_slot *rows = MF_ROWS(w->image, SLOT, slot);
  for (uint32_t i = 0; i < SHOWN_PARTS; i++) {
    const mf_value *v = &r->answer->parts[i];
    const uint32_t slot = w->armed->builtins[builtins[i]];
    if (v->kind == MF_UNSET || !(r->reads & shown_reads[i])) continue;
    mf_map_add_value(values, mf_string(mf_image_string(w->image, rows[slot].name)), *v);
  }
}

/* ---- Answers ---- */

static mf_rule *rule_of(const mf_watches *w, uint32_t watch) {
  for (uint32_t i = 0; i < w->rule_count; i++)
    if (w->rules[i].number == watch && w->rules[i].answer) return &w->rules[i];
  return NULL;
}

bool mf_watches_tripped(const mf_watches *w, uint32_t watch) {
  const mf_rule *r = rule_of(w, watch);
  return r == NULL || r->broken;
}

static void forget(mf_answer *answer) {
  memset(answer->parts, 0, sizeof answer->parts);
  mf_arena_reset(&answer->arena);
}

/* The parts are made in the slots of loads' responses, which then are put back: their memory
 * is not touched. */
static mf_status take(mf_watches *w, mf_rule *r, const mf_http_result *result, int64_t latency_ns) {
  mf_armed *armed = w->armed;
  const mf_arena of_loads = armed->response;
  mf_answer *answer = r->answer;
  mf_arena_init(&armed->response, &w->alloc, (size_t)MF_LIMIT_EVAL_MEMORY);
  forget(answer);
  mf_watch_answer_swap(w, r);
  const mf_status status = mf_armed_response(armed, r->reads, result, latency_ns);
  mf_watch_answer_swap(w, r);
  for (uint32_t i = 0; i < MF_ANSWER_PARTS; i++)
    answer->parts[i] = mf_value_copy(&answer->arena, &answer->parts[i]);
  mf_arena_fini(&armed->response);
  armed->response = of_loads;
  return mf_arena_oom(&answer->arena) ? MF_OUT_OF_MEMORY : status;
}

mf_status mf_watches_answer(mf_watches *w, uint32_t watch, int64_t now_ns,
                            const mf_http_result *result, int64_t latency_ns) {
  const int64_t t_ns = now_ns > w->begin_ns ? now_ns - w->begin_ns : 0;
  mf_rule *r = rule_of(w, watch);
  if (r == NULL || r->broken) return MF_OK; /* what it broke by stays as it is */
  mf_status status = take(w, r, result, latency_ns);
  if (status != MF_OK) return status;
  mf_watch_slots_set(w, t_ns, false);
  return mf_watch_rules_look(w, t_ns);
}

void mf_watches_unasked(mf_watches *w, uint32_t watch, mf_str why) {
  mf_rule *r = rule_of(w, watch);
  if (r == NULL || r->broken) return;
  forget(r->answer);
  mf_watch_rule_fail(w, r, mf_error(MF_EVAL_BAD_ARGUMENT, why));
}
