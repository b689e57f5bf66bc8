/* SPDX-License-Identifier: MIT */
/* Which slots watches read, and from which samples they have their values. */
#include "watches_parts.h"

#include <math.h>

/* The metrics of a load, each as an aggregation of samples: what runner/metrics.def
 * says of them. */
static const struct live_metric {
  const char *name;
  mf_sample_metric metric;
  uint32_t aggregate; /* its value as a number */
  double n;
  bool derived; /* a gauge: it has no samples of its own */
  bool whole;
} live_metrics[] = {
    {"latency", MF_SAMPLE_LATENCY, MF_AGGREGATE_VALUE, 0, false, false},
    {"requests", MF_SAMPLE_REQUESTS, MF_AGGREGATE_COUNT, 0, false, true},
    {"errors", MF_SAMPLE_ERRORS, MF_AGGREGATE_COUNT, 0, false, true},
    {"error_rate", MF_SAMPLE_ERROR_RATE, MF_AGGREGATE_RATE, 0, false, false},
    {"throughput", MF_SAMPLE_REQUESTS, MF_AGGREGATE_RATE, 0, true, false},
    {"bytes_in", MF_SAMPLE_BYTES_IN, MF_AGGREGATE_COUNT, 0, false, true},
    {"bytes_out", MF_SAMPLE_BYTES_OUT, MF_AGGREGATE_COUNT, 0, false, true},
    {"status_2xx", MF_SAMPLE_STATUS_2XX, MF_AGGREGATE_COUNT, 0, false, true},
    {"status_3xx", MF_SAMPLE_STATUS_3XX, MF_AGGREGATE_COUNT, 0, false, true},
    {"status_4xx", MF_SAMPLE_STATUS_4XX, MF_AGGREGATE_COUNT, 0, false, true},
    {"status_5xx", MF_SAMPLE_STATUS_5XX, MF_AGGREGATE_COUNT, 0, false, true},
    {"dropped", MF_SAMPLE_DROPPED, MF_AGGREGATE_COUNT, 0, false, true},
    {"checks", MF_SAMPLE_CHECKS, MF_AGGREGATE_RATE, 0, false, false},
    {"checks_failed", MF_SAMPLE_CHECKS_FAILED, MF_AGGREGATE_COUNT, 0, false, true},
    {"avg_latency", MF_SAMPLE_LATENCY, MF_AGGREGATE_AVG, 0, true, false},
    {"min_latency", MF_SAMPLE_LATENCY, MF_AGGREGATE_MIN, 0, true, false},
    {"max_latency", MF_SAMPLE_LATENCY, MF_AGGREGATE_MAX, 0, true, false},
    {"latency_p50", MF_SAMPLE_LATENCY, MF_AGGREGATE_P, 50, true, false},
    {"latency_p90", MF_SAMPLE_LATENCY, MF_AGGREGATE_P, 90, true, false},
    {"latency_p95", MF_SAMPLE_LATENCY, MF_AGGREGATE_P, 95, true, false},
    {"latency_p99", MF_SAMPLE_LATENCY, MF_AGGREGATE_P, 99, true, false},
    {"latency_p999", MF_SAMPLE_LATENCY, MF_AGGREGATE_P, 99.9, true, false},
};

static const struct live_metric *find_metric(const mf_image *im, uint32_t row) {
  const mf_str name = mf_image_string(im, MF_ROWS(im, METRIC, metric)[row].name);
  for (size_t i = 0; i < sizeof live_metrics / sizeof *live_metrics; i++)
    if (mf_str_is(name, live_metrics[i].name)) return &live_metrics[i];
  return NULL;
}

/* ---- What is read ---- */

uint32_t mf_chunk_next_slot(const mf_image *im, uint32_t chunk, uint32_t *at) {
  const mf_row_chunk *row = &MF_ROWS(im, CHUNK, chunk)[chunk];
  const uint32_t *code = im->code + row->start;
  while (*at < row->length) {
    const uint32_t word = code[*at];
    const mf_op_info *op = &mf_op_table[mf_word_op(word)];
    *at += op->words;
    if (op->operands[0] == MF_OPERAND_SLOT) return mf_word_a(word);
  }
  return MF_ABSENT;
}

bool mf_slot_is_watched(const mf_image *im, uint32_t slot, uint32_t scenario, bool *of_run) {
  const mf_row_slot *row = &MF_ROWS(im, SLOT, slot)[slot];
  switch (row->kind) {
    case MF_SLOT_KIND_READING: {
      const uint32_t of = MF_ROWS(im, READING, reading)[row->arg].scenario;
      *of_run = of == MF_ABSENT || of != scenario;
      return true;
    }
    case MF_SLOT_KIND_METRIC_RUN: *of_run = true; return true;
    /* What actions record has its value from the machine. */
    case MF_SLOT_KIND_METRIC_STEP:
      *of_run = false;
      return scenario != MF_ABSENT && find_metric(im, row->arg) != NULL;
    default: return false;
  }
}

/* ---- Feeds ---- */

static mf_feed *find_feed(const mf_watches *w, const mf_feed *want) {
  for (uint32_t i = 0; i < w->feed_count; i++) {
    mf_feed *f = &w->feeds[i];
    if (f->metric == want->metric && f->row == want->row && f->selector == want->selector &&
        f->scenario == want->scenario && f->window_ns == want->window_ns)
      return f;
  }
  return NULL;
}

/* NULL: out of memory. */
static mf_feed *feed_of(mf_watches *w, const mf_feed *want) {
  mf_feed *f = find_feed(w, want);
  if (f) return f;
  f = &w->feeds[w->feed_count];
  *f = *want;
  if (mf_feed_init(f, &w->arena, w->image) != MF_OK) return NULL;
  w->feed_count++;
  return f;
}

/* ---- Live slots ---- */

static uint32_t usual_aggregate(uint32_t kind) {
  switch (kind) {
    case MF_METRIC_KIND_COUNTER: return MF_AGGREGATE_COUNT;
    case MF_METRIC_KIND_RATE: return MF_AGGREGATE_RATE;
    case MF_METRIC_KIND_TREND: return MF_AGGREGATE_AVG;
    default: return MF_AGGREGATE_VALUE;
  }
}

/* A metric's own name: its value so far, of latency that of the sample. */
static bool metric_live(mf_watches *w, mf_live *live, uint32_t row, uint32_t scenario) {
  const struct live_metric *m = find_metric(w->image, row);
  mf_feed want = {.row = MF_ABSENT, .selector = MF_ABSENT, .scenario = scenario};
  if (m && m->metric == MF_SAMPLE_LATENCY && !m->derived) return true;
  if (m) {
    want.metric = m->metric;
    live->aggregate = m->aggregate;
    live->n = m->n;
    live->whole = m->whole;
  } else {
    want.metric = MF_SAMPLE_OWN;
    want.row = row;
    live->aggregate = usual_aggregate(MF_ROWS(w->image, METRIC, metric)[row].kind);
  }
  live->feed = feed_of(w, &want);
  return live->feed != NULL;
}

static int64_t window_of(const mf_watches *w, const mf_row_reading *row) {
  if (row->window == MF_ABSENT) return 0;
  const double ns = w->image->values[row->window].as.d * MF_WATCH_NS_PER_S * w->scale;
  return ns < MF_WINDOW_SHORTEST_NS ? MF_WINDOW_SHORTEST_NS : ns < 9e18 ? (int64_t)ns : INT64_MAX;
}

/* A gauge that is made of samples has one value at a time. */
static void derive(mf_live *live, const struct live_metric *m, uint32_t aggregate) {
  live->aggregate = m->aggregate;
  live->n = m->n;
  if (aggregate == MF_AGGREGATE_MIN) live->extreme = MF_LIVE_LEAST;
  if (aggregate == MF_AGGREGATE_MAX) live->extreme = MF_LIVE_GREATEST;
  live->eager |= live->extreme != MF_LIVE_NOW;
}

static bool reading_live(mf_watches *w, mf_live *live, uint32_t number) {
  const mf_row_reading *row = &MF_ROWS(w->image, READING, reading)[number];
  const struct live_metric *m = find_metric(w->image, row->metric);
  mf_feed want = {.metric = m ? m->metric : MF_SAMPLE_OWN,
                  .row = m ? MF_ABSENT : row->metric,
                  .selector = row->selector,
                  .scenario = row->scenario,
                  .window_ns = window_of(w, row)};
  live->aggregate = row->aggregate;
  if (row->percentile != MF_ABSENT) live->n = w->image->values[row->percentile].as.d;
  if (m && m->derived) derive(live, m, row->aggregate);
  live->feed = feed_of(w, &want);
  return live->feed != NULL;
}

static bool make_live(mf_watches *w, uint32_t slot, bool eager) {
  const mf_row_slot *row = &MF_ROWS(w->image, SLOT, slot)[slot];
  mf_live *live = &w->lives[w->live_count++];
  *live = (mf_live){.slot = slot, .eager = eager};
  bool ok = row->kind == MF_SLOT_KIND_READING ? reading_live(w, live, row->arg)
                                              : metric_live(w, live, row->arg, w->tags.scenario);
  if (!ok) return false;
  if (live->eager && live->aggregate == MF_AGGREGATE_P) mf_feed_track(live->feed, live->n);
  if (live->eager && live->aggregate == MF_AGGREGATE_MED) mf_feed_track(live->feed, 50);
  w->any_eager |= live->eager;
  return true;
}

/* ---- All of them ---- */

enum { WANTED = 1, EAGER = 2 };

static void mark(const mf_image *im, uint32_t chunk, uint8_t *marks, uint8_t how) {
  uint32_t at = 0, slot;
  while ((slot = mf_chunk_next_slot(im, chunk, &at)) != MF_ABSENT) marks[slot] |= how;
}

static void mark_rules(const mf_watches *w, uint8_t *marks) {
  for (uint32_t i = 0; i < w->rule_count; i++)
    mark(w->image, w->rules[i].row->chunk, marks, w->rules[i].eager ? WANTED | EAGER : WANTED);
}

/* What loads want of the run: they copy it from the slots here. */
static void mark_for_loads(const mf_watches *w, uint8_t *marks) {
  const mf_row_watch *rows = MF_ROWS(w->image, WATCH, watch);
  for (uint32_t i = 0; i < MF_ROW_COUNT(w->image, WATCH); i++) {
    uint32_t at = 0, slot;
    bool of_run = false;
    if (rows[i].scenario == MF_ABSENT) continue;
    while ((slot = mf_chunk_next_slot(w->image, rows[i].chunk, &at)) != MF_ABSENT)
      if (mf_slot_is_watched(w->image, slot, rows[i].scenario, &of_run) && of_run)
        marks[slot] |= WANTED | EAGER;
  }
}

static mf_status make_slots(mf_watches *w, const uint8_t *marks, uint32_t slots) {
  uint32_t wanted = 0;
  for (uint32_t i = 0; i < slots; i++) wanted += marks[i] != 0;
  w->lives = MF_NEW_ARRAY(&w->arena, mf_live, wanted);
  w->feeds = MF_NEW_ARRAY(&w->arena, mf_feed, wanted);
  w->loans = MF_NEW_ARRAY(&w->arena, mf_feed_loan, wanted);
  w->borrowed = MF_NEW_ARRAY(&w->arena, uint32_t, wanted);
  if (!w->lives || !w->feeds || !w->loans || !w->borrowed) return MF_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < slots; i++) {
    bool of_run = false;
    if (!marks[i] || !mf_slot_is_watched(w->image, i, w->tags.scenario, &of_run)) continue;
    if (of_run && w->tags.scenario != MF_ABSENT)
      w->borrowed[w->borrowed_count++] = i;
    else if (!make_live(w, i, (marks[i] & EAGER) != 0))
      return MF_OUT_OF_MEMORY;
  }
  return MF_OK;
}

static mf_status make_matches(mf_watches *w) {
  if (w->tags.scenario == MF_ABSENT) return MF_OK;
  mf_status status = MF_OK;
  const uint32_t of_run = w->run ? w->run->feed_count : 0;
  w->matches = MF_NEW_ARRAY(&w->arena, mf_match, w->feed_count);
  w->run_matches = MF_NEW_ARRAY(&w->arena, mf_match, of_run);
  if (!w->matches || !w->run_matches) return MF_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < w->feed_count && status == MF_OK; i++)
    status = mf_match_make(&w->matches[i], &w->arena, &w->feeds[i], &w->tags);
  for (uint32_t i = 0; i < of_run && status == MF_OK; i++)
    status = mf_match_make(&w->run_matches[i], &w->arena, &w->run->feeds[i], &w->tags);
  return status;
}

/* Whether it is of a metric that loads yield. */
static bool is_of_load(const mf_image *im, uint32_t slot) {
  const mf_row_slot *row = &MF_ROWS(im, SLOT, slot)[slot];
  const bool reading = row->kind == MF_SLOT_KIND_READING;
  return find_metric(im, reading ? MF_ROWS(im, READING, reading)[row->arg].metric : row->arg);
}

/* What each rule reads, in its order. */
static mf_status make_rule_slots(mf_watches *w, mf_rule *r) {
  const mf_row_slot *rows = MF_ROWS(w->image, SLOT, slot);
  uint32_t at = 0, slot, room = 0;
  bool of_run;
  while (mf_chunk_next_slot(w->image, r->row->chunk, &at) != MF_ABSENT) room++;
  r->slots = MF_NEW_ARRAY(&w->arena, uint32_t, room);
  r->lives = MF_NEW_ARRAY(&w->arena, mf_live *, room);
  if (!r->slots || !r->lives) return MF_OUT_OF_MEMORY;
  for (at = 0; (slot = mf_chunk_next_slot(w->image, r->row->chunk, &at)) != MF_ABSENT;) {
    bool known = !mf_slot_is_watched(w->image, slot, w->tags.scenario, &of_run);
    for (uint32_t i = 0; i < r->slot_count; i++) known |= r->slots[i] == slot;
    if (known) continue;
    r->slots[r->slot_count++] = slot;
    if (r->shown == MF_ABSENT ||
        (rows[slot].kind == MF_SLOT_KIND_READING && rows[r->shown].kind != MF_SLOT_KIND_READING))
      r->shown = slot;
    r->reads_own |= !is_of_load(w->image, slot);
    for (uint32_t i = 0; i < w->live_count; i++)
      if (w->lives[i].slot == slot) r->lives[r->live_count++] = &w->lives[i];
  }
  if (r->answer && r->shown == MF_ABSENT) r->shown = mf_watch_answer_shown(w, r);
  return MF_OK;
}

mf_status mf_watch_slots_make(mf_watches *w) {
  const uint32_t slots = MF_ROW_COUNT(w->image, SLOT);
  uint8_t *marks = MF_NEW_ARRAY(&w->arena, uint8_t, slots);
  if (marks == NULL) return MF_OUT_OF_MEMORY;
  mark_rules(w, marks);
  if (w->tags.scenario == MF_ABSENT) mark_for_loads(w, marks);
  mf_status status = make_slots(w, marks, slots);
  for (uint32_t i = 0; i < w->rule_count && status == MF_OK; i++)
    status = make_rule_slots(w, &w->rules[i]);
  return status == MF_OK ? make_matches(w) : status;
}

/* ---- Values ---- */

static void hold(mf_live *live, double *value) {
  const bool less = live->extreme == MF_LIVE_LEAST;
  if (!live->has_held || !(less ? live->held < *value : live->held > *value)) live->held = *value;
  live->has_held = true;
  *value = live->held;
}

static void set_live(mf_watches *w, mf_live *live, int64_t t_ns) {
  mf_value *slot = &w->armed->slots[live->slot];
  double value = w->latency;
  const bool has = live->feed ? mf_feed_read(live->feed, t_ns, live->aggregate, live->n, &value)
                              : w->has_latency;
  if (has && live->extreme != MF_LIVE_NOW) hold(live, &value);
  if (!has)
    *slot = (mf_value){.kind = MF_UNSET};
  else if (live->whole && fabs(value) < 9007199254740992.0)
    *slot = mf_int((int64_t)value);
  else
    *slot = mf_double(value);
}

void mf_watch_slots_set(mf_watches *w, int64_t t_ns, bool all) {
  mf_value *slots = w->armed->slots;
  for (uint32_t i = 0; i < w->live_count; i++)
    if (all || w->lives[i].eager) set_live(w, &w->lives[i], t_ns);
  if (w->run == NULL) return;
  for (uint32_t i = 0; i < w->borrowed_count; i++)
    slots[w->borrowed[i]] = w->run->armed->slots[w->borrowed[i]];
}
