/* SPDX-License-Identifier: MIT */
#include "observe.h"

#include <math.h>

#include "../image/image.h"
#include "load_series.h"
#include "report_model.h"

#define NS_PER_S 1e9
#define MAX_RECORDED_LABELS 16u

/* A task and the step that it is in. */
typedef struct place {
  struct place *next;
  uint32_t task, step; /* row of STEP, or MF_ABSENT */
  /* Assertions of an attempt that is still under way, by outcome. */
  uint32_t judged[MF_OUTCOME_INTERRUPTED + 1];
} place;

struct mf_observer {
  mf_alloc alloc;
  const mf_image *image;
  mf_str name;
  mf_exposition e;
  place *places;
  mf_load_series loads;
  mf_family **recorded; /* by row of METRIC; NULL: nothing was recorded yet */
};

/* ---- Life ---- */

mf_observer *mf_observer_new(const mf_alloc *alloc, const mf_image *image, mf_str name,
                             mf_redactor *redactor) {
  mf_observer *o = mf_realloc(alloc, NULL, 0, sizeof *o);
  if (!o) return NULL;
  *o = (mf_observer){.alloc = *alloc, .image = image, .name = name};
  mf_exposition_init(&o->e, alloc, redactor);
  o->loads.e = &o->e;
  const uint32_t metrics = MF_ROW_COUNT(image, METRIC);
  o->recorded = MF_NEW_ARRAY(&o->e.arena, mf_family *, metrics + 1);
  return o;
}

void mf_observer_free(mf_observer *o) {
  if (!o) return;
  mf_load_series_fini(&o->loads);
  mf_exposition_fini(&o->e);
  mf_alloc alloc = o->alloc;
  mf_realloc(&alloc, o, sizeof *o, 0);
}

const mf_exposition *mf_observer_exposition(const mf_observer *o) { return &o->e; }

/* ---- Small things ---- */

static void add(mf_observer *o, mf_family_name family, const mf_str *values, double n) {
  mf_exposition_count(&o->e, family, values, n);
}

static void set(mf_observer *o, mf_family_name family, const mf_str *values, double value) {
  mf_series *s = mf_exposition_get(&o->e, family, values);
  if (s) s->value = value;
}

static mf_str success(bool ok) { return ok ? MF_STR("success") : MF_STR("failure"); }

static place *place_of(mf_observer *o, uint32_t task) {
  place *p = o->places;
  while (p && p->task != task) p = p->next;
  if (p) return p;
  p = MF_NEW(&o->e.arena, place);
  if (!p) return NULL;
  *p = (place){.next = o->places, .task = task, .step = MF_ABSENT};
  return o->places = p;
}

static mf_str step_name(const mf_observer *o, uint32_t row) {
  if (row >= MF_ROW_COUNT(o->image, STEP)) return MF_STR("");
  return mf_image_string(o->image, MF_ROWS(o->image, STEP, step)[row].name);
}

/* ---- Beginning and end ---- */

void mf_observe_started(mf_observer *o, const char *run_id, const char *target, int64_t wall_ns) {
  if (!o) return;
  set(o, MF_FAMILY_OF_RUN,
      MF_LABELS(o->name, mf_str_of(run_id), mf_str_of(target), mf_str_of(mf_version())), 1);
  set(o, MF_FAMILY_OF_STARTED, NULL, (double)wall_ns / NS_PER_S);
  set(o, MF_FAMILY_OF_ACTIVE, MF_LABELS(o->name), 1);
  add(o, MF_FAMILY_OF_EXECUTIONS, MF_LABELS(o->name, success(true)), 0);
  add(o, MF_FAMILY_OF_EXECUTIONS, MF_LABELS(o->name, success(false)), 0);
}

void mf_observe_ended(mf_observer *o, int exit_code) {
  if (!o) return;
  set(o, MF_FAMILY_OF_ACTIVE, MF_LABELS(o->name), 0);
  add(o, MF_FAMILY_OF_EXECUTIONS, MF_LABELS(o->name, success(exit_code == 0)), 1);
}

/* ---- Notices ---- */

static void add_assertions(mf_observer *o, mf_outcome_kind outcome, uint32_t n) {
  const mf_str word = mf_str_of(mf_outcome_word(outcome));
  if (n) add(o, MF_FAMILY_OF_ASSERTIONS, MF_LABELS(o->name, word), n);
}

/* What an attempt asserts counts only if no other one follows.  A check of the steady
 * state is one thing, whatever it asserts. */
static void on_assertion(mf_observer *o, const mf_notice *n) {
  place *p = place_of(o, n->task);
  if (n->outcome == MF_OUTCOME_SKIPPED || mf_report_is_steady_check(n->path)) return;
  if (n->attempt && p)
    p->judged[n->outcome]++;
  else
    add_assertions(o, n->outcome, 1);
}

static void end_attempt(mf_observer *o, const mf_notice *n, bool counts) {
  place *p = place_of(o, n->task);
  for (uint32_t i = 0; p && i <= MF_OUTCOME_INTERRUPTED; i++) {
    if (counts) add_assertions(o, (mf_outcome_kind)i, p->judged[i]);
    p->judged[i] = 0;
  }
}

static void on_step_started(mf_observer *o, const mf_notice *n) {
  place *p = place_of(o, n->task);
  if (p) p->step = n->index;
}

static void on_step_finished(mf_observer *o, const mf_notice *n) {
  const mf_str step = step_name(o, n->index);
  place *p = place_of(o, n->task);
  end_attempt(o, n, true);
  if (p) p->step = MF_ABSENT;
  add(o, MF_FAMILY_OF_STEP_RESULTS, MF_LABELS(step, mf_str_of(mf_outcome_word(n->outcome))), 1);
  if (n->outcome == MF_OUTCOME_SKIPPED) return;
  mf_series *s = mf_exposition_get(&o->e, MF_FAMILY_OF_STEP_DURATION, MF_LABELS(o->name, step));
  if (s) mf_series_observe(&o->e.families[MF_FAMILY_OF_STEP_DURATION], s, n->duration);
}

static void on_step_retried(mf_observer *o, const mf_notice *n) {
  end_attempt(o, n, false);
  add(o, MF_FAMILY_OF_STEP_RETRIES, MF_LABELS(step_name(o, n->index)), 1);
}

static void on_hook(mf_observer *o, const mf_notice *n) {
  if (n->outcome == MF_OUTCOME_SKIPPED || n->index >= MF_ROW_COUNT(o->image, HOOK)) return;
  const uint32_t type = MF_ROWS(o->image, HOOK, hook)[n->index].type;
  const mf_str word = mf_str_of(mf_enum_word(MF_OPERAND_HOOK_TYPE, type));
  add(o, MF_FAMILY_OF_HOOKS, MF_LABELS(word, success(n->outcome == MF_OUTCOME_PASSED)), 1);
}

static void on_watch(mf_observer *o, const mf_notice *n) {
  if (n->index >= MF_ROW_COUNT(o->image, WATCH)) return;
  const mf_row_watch *row = &MF_ROWS(o->image, WATCH, watch)[n->index];
  const place *p = place_of(o, n->task);
  const mf_str step = row->scenario != MF_ABSENT && p ? step_name(o, p->step) : MF_STR("");
  const mf_str kind = mf_str_of(mf_enum_word(MF_OPERAND_WATCH_KIND, row->kind));
  const double ok = n->outcome == MF_OUTCOME_NO_DATA ? (double)NAN
                                                     : n->outcome == MF_OUTCOME_PASSED;
  set(o, MF_FAMILY_OF_WATCH_OK, MF_LABELS(step, n->name, kind), ok);
}

/* ---- Recorded metrics ---- */

static mf_family *recorded_family(mf_observer *o, const mf_notice *n) {
  static const struct {
    mf_family_kind kind;
    const char *ending, *help;
  } kinds[] = {
      [MF_METRIC_KIND_TREND] = {MF_FAMILY_SUMMARY, "", "a trend that the document records"},
      [MF_METRIC_KIND_COUNTER] = {MF_FAMILY_COUNTER, "_total", "a counter of the document"},
      [MF_METRIC_KIND_RATE] = {MF_FAMILY_RATIO, "_ratio", "a rate of the document: 0 to 1"},
      [MF_METRIC_KIND_GAUGE] = {MF_FAMILY_GAUGE, "", "a gauge of the document"},
  };
  const uint32_t kind = MF_ROWS(o->image, METRIC, metric)[n->index].kind;
  if (!o->recorded[n->index])
    o->recorded[n->index] = mf_exposition_add(&o->e, n->name, kinds[kind].ending, kinds[kind].kind,
                                              kinds[kind].help);
  return o->recorded[n->index];
}

static mf_str label_value(mf_observer *o, const mf_value *v) {
  mf_buf text;
  if (v->flags & MF_TAINTED) return MF_STR("<secret>");
  mf_buf_init(&text, &o->alloc, 0);
  mf_value_write_text(&text, v);
  const char *copy = text.failed ? NULL : mf_arena_copy(&o->e.arena, text.p, text.n);
  const mf_str value = {copy, copy ? text.n : 0};
  if (!copy) o->e.arena.oom = true;
  mf_buf_fini(&text);
  return value;
}

/* Two of one name would make the whole unreadable: the first one stays. */
static bool is_there(const mf_label *labels, uint32_t count, mf_str name) {
  for (uint32_t i = 0; i < count; i++)
    if (mf_str_eq(labels[i].name, name)) return true;
  return false;
}

static uint32_t read_labels(mf_observer *o, const mf_value *map, mf_label *labels) {
  uint32_t count = 0;
  if (map->kind != MF_MAP) return 0;
  for (uint32_t i = 0; i < map->as.map->count && count < MAX_RECORDED_LABELS; i++) {
    const mf_pair *pair = &map->as.map->pairs[i];
    if (pair->key.kind != MF_STRING) continue;
    const mf_str name = mf_exposition_label(&o->e, mf_value_str(pair->key));
    if (name.n && !is_there(labels, count, name))
      labels[count++] = (mf_label){name, label_value(o, &pair->value), true};
  }
  return count;
}

static double number_of(const mf_value *v) {
  if (v->kind == MF_DOUBLE) return v->as.d;
  return v->kind == MF_UINT ? (double)v->as.u : (double)v->as.i;
}

static void on_metric(mf_observer *o, const mf_notice *n) {
  mf_label labels[MAX_RECORDED_LABELS];
  if (n->index >= MF_ROW_COUNT(o->image, METRIC) || mf_arena_oom(&o->e.arena)) return;
  mf_family *family = recorded_family(o, n);
  if (!family) return;
  const mf_arena_mark mark = mf_arena_mark_get(&o->e.arena);
  const uint32_t before = o->e.series.count, count = read_labels(o, &n->expected, labels);
  mf_series *s = mf_exposition_find(&o->e, family, labels, count);
  const double value = number_of(&n->actual);
  if (s && family->kind == MF_FAMILY_SUMMARY) mf_series_observe(family, s, value);
  if (s && family->kind == MF_FAMILY_RATIO) mf_series_observe(family, s, value != 0);
  if (s && family->kind == MF_FAMILY_COUNTER) s->value += value;
  if (s && family->kind == MF_FAMILY_GAUGE) s->value = value;
  /* A series that was there keeps nothing of these labels. */
  if (o->e.series.count == before && !mf_arena_oom(&o->e.arena))
    mf_arena_release(&o->e.arena, mark);
}

void mf_observe_notice(mf_observer *o, const mf_notice *n) {
  if (!o) return;
  switch (n->kind) {
    case MF_NOTICE_STEP_STARTED: on_step_started(o, n); break;
    case MF_NOTICE_STEP_FINISHED: on_step_finished(o, n); break;
    case MF_NOTICE_STEP_RETRIED: on_step_retried(o, n); break;
    case MF_NOTICE_HOOK_FINISHED: on_hook(o, n); break;
    case MF_NOTICE_ASSERTION: on_assertion(o, n); break;
    case MF_NOTICE_WATCH: on_watch(o, n); break;
    case MF_NOTICE_METRIC: on_metric(o, n); break;
    default: break; /* the others are told in words alone */
  }
}

/* ---- Loads ---- */

static bool is_load(const mf_effect *effect) { return mf_str_is(effect->driver, "http_load"); }

void mf_observe_effect(mf_observer *o, const mf_effect *effect) {
  if (!o || !is_load(effect)) return;
  const place *p = place_of(o, effect->task);
  mf_load_series_begin(&o->loads, effect, p ? step_name(o, p->step) : MF_STR(""));
}

void mf_observe_load(void *observer, const mf_load_view *view) {
  mf_observer *o = observer;
  if (o) mf_load_series_tell(&o->loads, view);
}

/* A rehearsal carried nothing out. */
void mf_observe_outcome(mf_observer *o, const mf_effect *effect, const mf_value *outcome) {
  if (!o || !is_load(effect)) return;
  mf_load_series_end(&o->loads, effect);
  if (effect->row >= MF_ROW_COUNT(o->image, SCENARIO) || mf_map_bool(outcome, "rehearsal", false))
    return;
  const mf_row_scenario *row = &MF_ROWS(o->image, SCENARIO, scenario)[effect->row];
  const mf_str ok = success(mf_map_bool(outcome, "ok", false));
  add(o, MF_FAMILY_OF_SCENARIOS, MF_LABELS(mf_image_string(o->image, row->name), ok), 1);
}
