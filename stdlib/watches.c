/* SPDX-License-Identifier: MIT */
#include "watches.h"

#include "../base/limits.h"
#include "watches_parts.h"

/* ---- Life ---- */

bool mf_watches_of_run(const mf_image *im) {
  const mf_row_watch *rows = MF_ROWS(im, WATCH, watch);
  for (uint32_t i = 0; i < MF_ROW_COUNT(im, WATCH); i++) {
    uint32_t at = 0, slot;
    bool of_run = false;
    if (rows[i].scenario == MF_ABSENT) return true;
    while ((slot = mf_chunk_next_slot(im, rows[i].chunk, &at)) != MF_ABSENT)
      if (mf_slot_is_watched(im, slot, rows[i].scenario, &of_run) && of_run) return true;
  }
  return false;
}

static void init(mf_watches *w, const mf_alloc *alloc, mf_armed *armed,
                 const mf_load_script *script) {
  *w = (mf_watches){.alloc = *alloc, .armed = armed, .image = script->image};
  mf_arena_init(&w->arena, alloc, (size_t)MF_LIMIT_WATCH_MEMORY);
  mf_arena_init(&w->trip, alloc, 0);
  w->scale = script->time_scale > 0 ? script->time_scale : 1;
  w->tags = mf_load_tags_of(script);
}

mf_status mf_watches_new(const mf_alloc *alloc, mf_armed *armed, const mf_load_script *script,
                         mf_watches *run, mf_tripped_fn tripped, void *ctx, mf_watches **out) {
  mf_watches *w = mf_realloc(alloc, NULL, 0, sizeof *w);
  *out = NULL;
  if (w == NULL) return MF_OUT_OF_MEMORY;
  init(w, alloc, armed, script);
  w->run = run;
  w->tripped = tripped;
  w->ctx = ctx;
  mf_status status = mf_watch_rules_make(w);
  if (status == MF_OK) status = mf_watch_slots_make(w);
  if (status == MF_OK)
    *out = w;
  else
    mf_watches_free(w);
  return status;
}

void mf_watches_free(mf_watches *w) {
  if (w == NULL) return;
  if (w->run && w->begun) w->run->running--;
  mf_watch_rules_free(w);
  mf_arena_fini(&w->trip);
  mf_arena_fini(&w->arena);
  mf_alloc alloc = w->alloc;
  mf_realloc(&alloc, w, sizeof *w, 0);
}

static uint32_t all_reads(const mf_watches *w, uint32_t request) {
  uint32_t reads = 0;
  for (uint32_t i = 0; i < w->rule_count; i++) {
    const uint32_t only = w->rules[i].row->request;
    if (w->rules[i].answer) continue; /* it sees no other response */
    if (only == MF_ABSENT || only == request) reads |= w->rules[i].reads;
  }
  return reads;
}

uint32_t mf_watches_reads(const mf_watches *w, uint32_t request) {
  return all_reads(w, request) | (w->run ? all_reads(w->run, request) : 0);
}

void mf_watches_begin(mf_watches *w, int64_t now_ns) {
  w->begin_ns = now_ns;
  w->begun = true;
  if (w->run == NULL) return;
  if (w->run->running++ == 0) w->run->sampled = false; /* between loads silence means nothing */
}

/* ---- Samples ---- */

static int64_t since_begin(const mf_watches *w, int64_t now_ns) {
  return now_ns > w->begin_ns ? now_ns - w->begin_ns : 0;
}

static void count(mf_watches *into, const mf_match *matches, const mf_load_tags *tags,
                  const mf_sample *s) {
  const int64_t t_ns = since_begin(into, s->now_ns);
  const mf_http_error error = s->result->error;
  into->samples++;
  into->sampled = true;
  into->last_ns = t_ns;
  into->has_latency = error == MF_HTTP_NONE || error == MF_HTTP_TIMEOUT;
  if (into->has_latency) into->latency = (double)s->latency_ns / 1e6;
  into->had_latency |= into->has_latency;
  for (uint32_t i = 0; i < into->feed_count; i++)
    if (mf_match_takes(&matches[i], tags, s)) mf_feed_sample(&into->feeds[i], t_ns, s);
}

static mf_status look(mf_watches *w, int64_t now_ns) {
  const int64_t t_ns = since_begin(w, now_ns);
  if (!w->any_eager) return MF_OK;
  mf_watch_slots_set(w, t_ns, false);
  return mf_watch_rules_look(w, t_ns);
}

/* The run's first: what a load borrows of it has this sample in it. */
static mf_status look_both(mf_watches *w, int64_t now_ns) {
  mf_status status = w->run ? look(w->run, now_ns) : MF_OK;
  return status == MF_OK ? look(w, now_ns) : status;
}

/* The run's watches see the response with slots of their own. */
static mf_status show_to_run(mf_watches *run, const mf_sample *s) {
  const uint32_t reads = all_reads(run, MF_ABSENT);
  return reads ? mf_armed_response(run->armed, reads, s->result, s->latency_ns) : MF_OK;
}

mf_status mf_watches_sample(mf_watches *w, mf_sample *s) {
  mf_status status = mf_watch_response(w, s);
  if (status != MF_OK) return status;
  count(w, w->matches, &w->tags, s);
  if (w->run) {
    status = show_to_run(w->run, s);
    if (status != MF_OK) return status;
    count(w->run, w->run_matches, &w->tags, s);
  }
  if (s->checks_failed) mf_watch_checks_trip(w);
  return look_both(w, s->now_ns);
}

void mf_watches_drop(mf_watches *w, int64_t now_ns, uint64_t n) {
  for (mf_watches *to = w; to; to = to->run) {
    const mf_match *matches = to == w ? w->matches : w->run_matches;
    for (uint32_t i = 0; i < to->feed_count; i++)
      if (to->feeds[i].metric == MF_SAMPLE_DROPPED && mf_match_takes_all(&matches[i]))
        mf_feed_add(&to->feeds[i], since_begin(to, now_ns), (double)n);
  }
}

mf_status mf_watches_record(mf_watches *w, int64_t now_ns, uint32_t metric, double value,
                            const mf_value *labels) {
  bool any = false;
  for (uint32_t i = 0; i < w->feed_count; i++) {
    mf_feed *f = &w->feeds[i];
    if (f->metric != MF_SAMPLE_OWN || f->row != metric) continue;
    if (!mf_feed_takes_labels(f, w->image, labels)) continue;
    mf_feed_add(f, since_begin(w, now_ns), value);
    any = true;
  }
  return any ? look(w, now_ns) : MF_OK;
}

/* ---- Ticks ---- */

static bool takes_ages(const mf_feed *f, const mf_match *m) {
  return f->metric == MF_SAMPLE_LATENCY && mf_match_takes_all(m);
}

static int64_t greatest(const int64_t *ages, size_t count) {
  int64_t most = ages[0];
  for (size_t i = 1; i < count; i++)
    if (ages[i] > most) most = ages[i];
  return most;
}

static void lend(mf_watches *w, const mf_match *matches, int64_t t_ns, const int64_t *ages,
                 size_t n) {
  for (uint32_t i = 0; i < w->feed_count; i++)
    if (takes_ages(&w->feeds[i], &matches[i]))
      w->loans[i] = mf_feed_lend(&w->feeds[i], t_ns, ages, n);
}

static void give_back(mf_watches *w, const mf_match *matches, const int64_t *ages, size_t n) {
  for (uint32_t i = 0; i < w->feed_count; i++)
    if (takes_ages(&w->feeds[i], &matches[i]))
      mf_feed_give_back(&w->feeds[i], &w->loans[i], ages, n);
}

/* Evaluates with what has no answer yet. */
static mf_status look_with_ages(mf_watches *w, const mf_match *matches, int64_t now_ns,
                                const int64_t *ages, size_t n) {
  const double latency = w->latency;
  const bool has_latency = w->has_latency;
  if (matches == NULL) n = 0; /* the run's, between loads */
  lend(w, matches, since_begin(w, now_ns), ages, n);
  if (n) w->latency = (double)greatest(ages, n) / 1e6;
  w->has_latency = n > 0 || w->had_latency;
  mf_status status = look(w, now_ns);
  give_back(w, matches, ages, n);
  w->latency = latency;
  w->has_latency = has_latency;
  return status;
}

static mf_status tick(mf_watches *w, const mf_match *matches, int64_t now_ns, const int64_t *ages,
                      size_t n) {
  mf_status status = w->any_eager ? look_with_ages(w, matches, now_ns, ages, n) : MF_OK;
  if (status == MF_OK) mf_watch_rules_silence(w, since_begin(w, now_ns));
  return status;
}

mf_status mf_watches_tick(mf_watches *w, int64_t now_ns, const int64_t *ages, size_t count) {
  mf_status status = MF_OK;
  if (w->run) status = tick(w->run, w->run_matches, now_ns, ages, count);
  return status == MF_OK ? tick(w, w->matches, now_ns, ages, count) : status;
}
