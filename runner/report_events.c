/* SPDX-License-Identifier: MIT */
/* Journal lines into the model, one handler an event.  Events without a handler
 * are ignored, so that newer journals still give a report. */
#include "report_model.h"

#include <math.h>

typedef struct event {
  mf_str line, path;
  const mf_json *data;
  uint32_t task;
  double at;
} event;

/* ---- Reading the line ---- */

static mf_str data_text(const event *e, const char *key) {
  return mf_json_str(mf_json_get(e->data, key), "");
}

static mf_str keep_name(mf_report *r, mf_str s) { return mf_report_keep(r, s, MF_REPORT_NAME); }

static mf_str keep_data(mf_report *r, const event *e, const char *key, size_t max) {
  return mf_report_keep(r, data_text(e, key), max);
}

/* The bytes of a node in its line: the parsed tree is gone with the next line. */
static mf_str slice_of(const event *e, const mf_json *node) {
  return (mf_str){e->line.p + node->span.offset, node->span.length};
}

/* A node's JSON text; one longer than `max` becomes a string with its start. */
static mf_report_json keep_json(mf_report *r, const event *e, const mf_json *node, size_t max) {
  if (node == NULL) return (mf_report_json){NULL, 0};
  mf_str raw = slice_of(e, node);
  if (raw.n <= max) return mf_report_keep(r, raw, max);
  mf_str cut = mf_report_keep(r, node->kind == MF_JSON_STRING ? node->as.s : raw, max);
  mf_buf text;
  mf_buf_init(&text, &r->alloc, 0);
  mf_json_quote(&text, cut);
  mf_report_json json = mf_report_keep(r, mf_buf_str(&text), SIZE_MAX);
  if (text.failed) r->kept.oom = true;
  mf_buf_fini(&text);
  return json;
}

/* The parts of conditions that the line tells. */
static mf_report_json keep_parts(mf_report *r, const event *e) {
  const mf_json *parts = mf_json_get(e->data, "reasons");
  bool told = parts && parts->kind == MF_JSON_LIST;
  return told ? keep_json(r, e, parts, MF_REPORT_PARTS) : (mf_report_json){NULL, 0};
}

/* A clock's text fits in any of our 40-byte fields, or it is none. */
static void copy_wall(char out[40], mf_str wall) {
  mf_str head = mf_report_prefix(wall, 39);
  if (head.n) memcpy(out, head.p, head.n);
  out[head.n] = '\0';
}

static mf_str keep_wall(mf_report *r) { return mf_report_keep(r, mf_str_of(r->last_wall), 40); }

/* A length in seconds, given in parts of one; what is no number, negative or not
 * finite counts as absent. */
static double seconds_of(const mf_json *node, double parts, double fallback) {
  double d = mf_json_double(node, -1) / parts;
  return d >= 0 && d < 1e15 ? d : fallback;
}

/* ---- Lists ---- */

static bool has_room(const mf_report *r) { return r->kept.in_use < MF_REPORT_KEPT; }

/* With the line's name, text and outcome.  NULL when the entry is only counted. */
static mf_report_item *add_item(mf_report *r, mf_report_list *list, mf_notice_kind kind,
                                const event *e) {
  list->total++;
  if (list->kept >= MF_REPORT_LISTED || !has_room(r)) return NULL;
  mf_report_item *item = MF_NEW(&r->kept, mf_report_item);
  if (item == NULL) return NULL;
  item->kind = kind;
  item->at = e->at;
  item->path = keep_name(r, e->path);
  item->id = keep_data(r, e, "id", MF_REPORT_NAME);
  item->name = keep_data(r, e, "name", MF_REPORT_NAME);
  item->text = keep_data(r, e, "text", MF_REPORT_TEXT);
  item->outcome = mf_report_outcome(data_text(e, "outcome"));
  item->finished = true;
  if (list->last)
    list->last->next = item;
  else
    list->first = item;
  list->last = item;
  list->kept++;
  return item;
}

/* "hook 'x' failed: it did not answer", in the machine's words; its text for an
 * assertion says all of that already. */
static void add_failure(mf_report *r, mf_report_list *list, mf_notice_kind kind, const event *e,
                        const char *what) {
  mf_report_item *item = add_item(r, list, kind, e);
  mf_str name = data_text(e, "name"), why = data_text(e, "text");
  if (item == NULL || mf_str_starts(why, mf_str_of(what))) return;
  char *text = mf_arena_printf(&r->scratch, "%s '%.*s' failed%s%.*s", what, (int)name.n, name.p,
                               why.n ? ": " : "", (int)why.n, why.p);
  item->text = mf_report_keep(r, mf_str_of(text), MF_REPORT_TEXT);
}

/* Makes room for one more element of an array that grows by doubling. */
static bool grow(mf_report *r, void **array, uint32_t *cap, uint32_t count, size_t size) {
  if (count < *cap) return true;
  uint32_t more = *cap ? *cap * 2 : 8;
  void *p = mf_realloc(&r->alloc, *array, size * *cap, size * more);
  if (p == NULL) {
    r->kept.oom = true;
    return false;
  }
  *array = p;
  *cap = more;
  return true;
}

/* ---- What is open ---- */

static void push_open(mf_report *r, const event *e, mf_report_step *step, mf_report_item *item) {
  void *array = r->open;
  bool ok = r->open_count < MF_REPORT_OPEN &&
            grow(r, &array, &r->open_cap, r->open_count, sizeof *r->open);
  r->open = array;
  if (ok) r->open[r->open_count++] = (mf_report_open){e->task, mf_str_hash(e->path), step, item};
}

/* Takes the innermost open step (or hook) of this task and path off the list.
 * False when there is none: skipped ones end without having begun. */
static bool pop_open(mf_report *r, const event *e, bool step, mf_report_open *out) {
  uint64_t path = mf_str_hash(e->path);
  for (uint32_t i = r->open_count; i-- > 0;) {
    mf_report_open *open = &r->open[i];
    if (open->task != e->task || open->path != path || (open->step != NULL) != step) continue;
    *out = *open;
    r->open_count--;
    memmove(open, open + 1, sizeof *open * (r->open_count - i));
    return true;
  }
  return false;
}

/* The step that what happens on this task belongs to; NULL: the run itself. */
static mf_report_step *owner_of(const mf_report *r, uint32_t task) {
  for (uint32_t i = r->open_count; i-- > 0;)
    if (r->open[i].task == task && r->open[i].step) return r->open[i].step;
  return NULL;
}

static bool inside_hook(const mf_report *r, uint32_t task) {
  for (uint32_t i = r->open_count; i-- > 0;)
    if (r->open[i].task == task) return r->open[i].step == NULL;
  return false;
}

static mf_report_list *activity_of(mf_report *r, uint32_t task) {
  mf_report_step *owner = owner_of(r, task);
  return owner ? &owner->activity : &r->hooks;
}

/* ---- Steps ---- */

static uint32_t attempt_of(const event *e) {
  int64_t attempt = mf_json_int(mf_json_get(e->data, "attempt"), 1);
  return attempt > 1 && attempt < UINT32_MAX ? (uint32_t)attempt : 1;
}

static mf_report_step *hide_step(mf_report *r) {
  r->hidden = (mf_report_step){.attempt = 1};
  r->hidden.assertions.kept = r->hidden.activity.kept = MF_REPORT_LISTED;
  return &r->hidden;
}

static mf_report_step *add_step(mf_report *r, const event *e) {
  r->steps++;
  if (r->steps_kept >= MF_REPORT_LISTED || !has_room(r)) return hide_step(r);
  mf_report_step *step = MF_NEW(&r->kept, mf_report_step);
  if (step == NULL) return hide_step(r);
  step->number = ++r->steps_kept;
  step->attempt = attempt_of(e);
  step->from = step->to = e->at;
  step->path = keep_name(r, e->path);
  step->id = keep_data(r, e, "id", MF_REPORT_NAME);
  step->name = keep_data(r, e, "name", MF_REPORT_NAME);
  step->started = keep_wall(r);
  if (r->last_step)
    r->last_step->next = step;
  else
    r->first_step = step;
  r->last_step = step;
  return step;
}

/* Another attempt is made: this one says nothing about the run any more. */
static void supersede(mf_report *r, mf_report_step *step) {
  if (step->retried) return;
  step->retried = true;
  if (step->finished) r->by_outcome[step->outcome]--;
  r->assertions_judged -= step->judged;
  r->assertions_passed -= step->passed;
}

static void on_step_started(mf_report *r, const event *e) {
  mf_report_open earlier;
  if (pop_open(r, e, true, &earlier)) {
    supersede(r, earlier.step);
    earlier.step->outcome = MF_OUTCOME_FAILED;
    earlier.step->finished = true;
    earlier.step->to = e->at;
    earlier.step->duration = e->at - earlier.step->from;
    earlier.step->ended = keep_wall(r);
  }
  push_open(r, e, add_step(r, e), NULL);
}

static void on_step_finished(mf_report *r, const event *e) {
  mf_report_open open;
  mf_report_step *step = pop_open(r, e, true, &open) ? open.step : add_step(r, e);
  step->finished = true;
  step->outcome = mf_report_outcome(data_text(e, "outcome"));
  step->to = e->at;
  step->duration = seconds_of(mf_json_get(e->data, "duration"), 1, e->at - step->from);
  r->by_outcome[step->outcome]++;
  if (step->outcome == MF_OUTCOME_FAILED) add_failure(r, &r->errors, MF_NOTICE_ERROR, e, "step");
  if (step == &r->hidden) {
    r->hidden_by_outcome[step->outcome]++;
    return;
  }
  step->attempt = attempt_of(e) > step->attempt ? attempt_of(e) : step->attempt;
  step->error = keep_data(r, e, "text", MF_REPORT_TEXT);
  step->parts = keep_parts(r, e);
  step->ended = keep_wall(r);
}

/* The attempt is over, and another one follows. */
static void on_step_retried(mf_report *r, const event *e) {
  mf_report_open open;
  if (!pop_open(r, e, true, &open)) return;
  mf_report_step *step = open.step;
  supersede(r, step);
  step->finished = true;
  step->outcome = MF_OUTCOME_FAILED;
  step->to = e->at;
  step->duration = e->at - step->from;
  step->error = step == &r->hidden ? step->error : keep_data(r, e, "text", MF_REPORT_TEXT);
  step->ended = keep_wall(r);
}

/* ---- Hooks, actions, judgements ---- */

/* A check of the steady state, the recovery or a rollback: none is part of a step. */
static void on_block_finished(mf_report *r, const event *e) {
  add_item(r, &r->hooks, MF_NOTICE_BLOCK_FINISHED, e);
}

static void on_branch(mf_report *r, const event *e) {
  mf_report_item *item = add_item(r, &r->branches, MF_NOTICE_BRANCH, e);
  if (item == NULL) return;
  item->actual = keep_json(r, e, mf_json_get(e->data, "actual"), MF_REPORT_TEXT);
  item->parts = keep_parts(r, e);
}

static void on_hook_started(mf_report *r, const event *e) {
  mf_report_item *item = add_item(r, activity_of(r, e->task), MF_NOTICE_HOOK_FINISHED, e);
  if (item) item->finished = false;
  push_open(r, e, NULL, item);
}

/* Those of steps fail their step, which is told. */
static void note_hook_failure(mf_report *r, const event *e) {
  if (mf_report_outcome(data_text(e, "outcome")) == MF_OUTCOME_FAILED && !owner_of(r, e->task))
    add_failure(r, &r->errors, MF_NOTICE_HOOK_FINISHED, e, "hook");
}

static void on_hook_finished(mf_report *r, const event *e) {
  mf_report_open open;
  note_hook_failure(r, e);
  if (!pop_open(r, e, false, &open)) {
    mf_report_item *item = add_item(r, activity_of(r, e->task), MF_NOTICE_HOOK_FINISHED, e);
    if (item) item->parts = keep_parts(r, e);
    return;
  }
  if (open.item == NULL) return;
  open.item->finished = true;
  open.item->outcome = mf_report_outcome(data_text(e, "outcome"));
  open.item->text = keep_data(r, e, "text", MF_REPORT_TEXT);
}

/* What the action's effect was, if its outcome came. */
static mf_str take_flight(mf_report *r, uint32_t task) {
  for (uint32_t i = r->flight_count; i-- > 0;) {
    mf_report_flight *flight = &r->flights[i];
    if (flight->task != task || !flight->answered) continue;
    mf_str text = mf_report_keep(r, (mf_str){flight->text, flight->length}, sizeof flight->text);
    *flight = r->flights[--r->flight_count];
    return text;
  }
  return (mf_str){NULL, 0};
}

/* A failure that is ignored is a warning; that of an entry is an error. */
static void note_action_failure(mf_report *r, const event *e) {
  mf_outcome_kind outcome = mf_report_outcome(data_text(e, "outcome"));
  bool entry = !inside_hook(r, e->task) && !owner_of(r, e->task);
  if (outcome == MF_OUTCOME_WARNING)
    add_failure(r, &r->warnings, MF_NOTICE_WARNING, e, "action");
  else if (outcome == MF_OUTCOME_FAILED && entry)
    add_failure(r, &r->errors, MF_NOTICE_ERROR, e, "action");
}

static void on_action_finished(mf_report *r, const event *e) {
  note_action_failure(r, e);
  mf_report_item *item = add_item(r, activity_of(r, e->task), MF_NOTICE_ACTION_FINISHED, e);
  if (item == NULL) return;
  item->nested = inside_hook(r, e->task);
  item->effect = take_flight(r, e->task);
  item->parts = keep_parts(r, e);
}

/* The attempt is over, and another one follows. */
static void on_action_retried(mf_report *r, const event *e) {
  mf_report_item *item = add_item(r, activity_of(r, e->task), MF_NOTICE_ACTION_FINISHED, e);
  mf_str effect = take_flight(r, e->task), why = data_text(e, "text");
  if (item == NULL) return;
  const char *text = mf_arena_printf(&r->scratch, "attempt %u: %.*s", attempt_of(e), (int)why.n,
                                     why.p);
  item->text = mf_report_keep(r, mf_str_of(text), MF_REPORT_TEXT);
  item->outcome = MF_OUTCOME_WARNING;
  item->retried = true;
  item->nested = inside_hook(r, e->task);
  item->effect = effect;
}

static void on_assertion(mf_report *r, const event *e) {
  mf_report_step *owner = owner_of(r, e->task);
  mf_outcome_kind outcome = mf_report_outcome(data_text(e, "outcome"));
  bool own = mf_report_is_steady_check(e->path); /* it counts for its check alone */
  uint64_t judged = outcome != MF_OUTCOME_SKIPPED && !own;
  uint64_t passed = outcome == MF_OUTCOME_PASSED && !own;
  r->assertions_judged += judged;
  r->assertions_passed += passed;
  *(owner ? &owner->judged : &r->global_judged) += judged;
  *(owner ? &owner->passed : &r->global_passed) += passed;
  if (outcome == MF_OUTCOME_WARNING)
    add_failure(r, &r->warnings, MF_NOTICE_WARNING, e, "assertion");
  mf_report_list *list = owner ? &owner->assertions : &r->assertions;
  mf_report_item *item = add_item(r, list, MF_NOTICE_ASSERTION, e);
  if (item == NULL) return;
  item->actual = keep_json(r, e, mf_json_get(e->data, "actual"), MF_REPORT_TEXT);
  item->expected = keep_json(r, e, mf_json_get(e->data, "expected"), MF_REPORT_TEXT);
  item->parts = keep_parts(r, e);
}

/* ---- Watches ---- */

static void fill_watch(mf_report *r, const event *e, mf_report_item *item) {
  item->outcome = mf_report_outcome(data_text(e, "outcome"));
  item->text = keep_data(r, e, "text", MF_REPORT_TEXT);
  item->actual = keep_json(r, e, mf_json_get(e->data, "actual"), MF_REPORT_TEXT);
  item->counted = mf_json_bool(mf_json_get(e->data, "counted"), false);
}

/* What ended the run is told by its signal, and perhaps once more at the end. */
static mf_report_item *tripped_before(mf_report *r, const event *e) {
  for (mf_report_item *item = r->thresholds.first; item; item = item->next)
    if (item->finished == false && mf_str_eq(item->path, e->path)) return item;
  return NULL;
}

static void on_watch(mf_report *r, const event *e) {
  const mf_str kind = data_text(e, "kind");
  mf_report_list *list = mf_str_is(kind, "check") ? &r->checks : &r->thresholds;
  mf_report_item *item = tripped_before(r, e);
  if (item == NULL) item = add_item(r, list, MF_NOTICE_WATCH, e);
  if (item == NULL) return;
  const mf_report_step *owner = owner_of(r, e->task);
  item->finished = true;
  item->step = owner != &r->hidden ? owner : NULL;
  item->watch = keep_data(r, e, "kind", MF_REPORT_NAME);
  fill_watch(r, e, item);
}

static void on_trip(mf_report *r, const event *e) {
  mf_report_item *item = add_item(r, &r->thresholds, MF_NOTICE_WATCH, e);
  if (item == NULL) return;
  item->finished = false; /* it may be judged yet */
  item->outcome = MF_OUTCOME_FAILED;
  item->name = keep_data(r, e, "watch", MF_REPORT_NAME);
  item->watch = keep_data(r, e, "origin", MF_REPORT_NAME);
  item->text = MF_STR("it ended the run");
  const mf_json *values = mf_json_get(e->data, "values");
  if (values && values->kind == MF_JSON_MAP && values->as.first && !values->as.first->next)
    item->actual = keep_json(r, e, values->as.first, MF_REPORT_TEXT); /* what was compared */
}

static void on_log(mf_report *r, const event *e) { add_item(r, &r->logs, MF_NOTICE_LOG, e); }

static void on_warning(mf_report *r, const event *e) {
  add_item(r, &r->warnings, MF_NOTICE_WARNING, e);
}

/* The run tells again of a hook that failed it. */
static void on_error(mf_report *r, const event *e) {
  const mf_report_item *last = r->errors.last;
  if (last && last->kind == MF_NOTICE_HOOK_FINISHED && mf_str_eq(last->text, data_text(e, "text")))
    return;
  add_item(r, &r->errors, MF_NOTICE_ERROR, e);
}

/* A deadline that passed is told by what it ended. */
static void on_signal(mf_report *r, const event *e) {
  if (mf_str_is(data_text(e, "signal"), "timeout")) return;
  if (mf_str_is(data_text(e, "signal"), "trip")) on_trip(r, e);
  mf_report_item *item = add_item(r, &r->signals, MF_NOTICE_ERROR, e);
  if (item == NULL) return;
  item->name = keep_data(r, e, "signal", MF_REPORT_NAME);
  item->text = keep_data(r, e, "origin", MF_REPORT_TEXT);
}

/* ---- Latest values ---- */

static bool grow_latest(mf_report *r, mf_report_latest *latest) {
  uint32_t cap = latest->cap ? latest->cap * 2 : 16;
  mf_report_latest_value *values = MF_NEW_ARRAY(&r->kept, mf_report_latest_value, cap);
  if (values == NULL) return false;
  if (latest->cap) memcpy(values, latest->values, sizeof *values * latest->cap);
  latest->values = values;
  latest->cap = cap;
  return true;
}

/* The value of a name, a new one if need be; NULL when there is no room. */
static mf_report_latest_value *latest_of(mf_report *r, mf_report_latest *latest, mf_str name) {
  uint32_t row = mf_names_get(&latest->names, name);
  if (row != MF_NAMES_NONE) return &latest->values[row];
  row = latest->names.count;
  if (row >= MF_REPORT_LISTED || name.n > MF_REPORT_NAME || !has_room(r)) return NULL;
  if (row == latest->cap && !grow_latest(r, latest)) return NULL;
  mf_str key = keep_name(r, name);
  return key.p && mf_names_set(&latest->names, key, row) ? &latest->values[row] : NULL;
}

/* Values take the place of their predecessors: a run of a week is flat. */
static void set_latest(mf_report *r, mf_report_latest *latest, const event *e) {
  const mf_json *node = mf_json_get(e->data, "actual");
  mf_report_latest_value *value = node ? latest_of(r, latest, data_text(e, "name")) : NULL;
  if (value == NULL) return;
  mf_str raw = mf_report_public(r, slice_of(e, node));
  if (raw.n > MF_REPORT_TEXT) raw = MF_STR("\"\xE2\x80\xA6\"");
  if (raw.n > value->room) {
    uint32_t room = raw.n <= 32 ? 32 : MF_REPORT_TEXT;
    char *p = mf_arena_get(&r->kept, room);
    if (p == NULL) return;
    value->p = p;
    value->room = room;
  }
  memcpy(value->p, raw.p, raw.n);
  value->n = (uint32_t)raw.n;
}

static void on_metric(mf_report *r, const event *e) {
  double value = mf_report_number_of(e->data, "actual");
  set_latest(r, &r->metrics, e);
  if (!isnan(value)) mf_report_series_add(r, data_text(e, "name"), e->at, value);
}

static double count_of(const mf_json *map, const char *key) {
  const double n = mf_report_number_of(map, key);
  return n >= 0 && n < 1e15 ? n : 0;
}

static double latency_of(const mf_json *map, const char *key) {
  return seconds_of(mf_json_get(map, key), 1, NAN);
}

/* Journals of earlier versions do not tell of single seconds. */
static void on_metrics(mf_report *r, const event *e) {
  const mf_json *recent = mf_json_get(e->data, "recent");
  const double seconds = count_of(recent, "seconds");
  if (seconds <= 0 || seconds > e->at + 1) return;
  const mf_report_second second = {.path = e->path,
                                   .at = e->at,
                                   .seconds = seconds,
                                   .requests = count_of(recent, "requests"),
                                   .errors = count_of(recent, "errors"),
                                   .p50 = latency_of(recent, "latency_p50"),
                                   .p95 = latency_of(recent, "latency_p95"),
                                   .p99 = latency_of(recent, "latency_p99")};
  mf_report_seconds_add(r, &second);
}

static void on_variable(mf_report *r, const event *e) { set_latest(r, &r->variables, e); }

static void on_final(mf_report *r, const event *e) {
  r->final_metrics = keep_json(r, e, mf_json_get(e->data, "metrics"), SIZE_MAX);
  r->final_variables = keep_json(r, e, mf_json_get(e->data, "variables"), SIZE_MAX);
}

/* ---- Effects ---- */

static mf_report_driver *driver_of(mf_report *r, mf_str name) {
  for (uint32_t i = 0; i < r->driver_count; i++)
    if (mf_str_eq(r->drivers[i].name, name)) return &r->drivers[i];
  if (r->driver_count == MF_REPORT_DRIVERS) return NULL;
  mf_report_driver *driver = &r->drivers[r->driver_count++];
  *driver = (mf_report_driver){.name = keep_name(r, name)};
  return driver;
}

/* The clock is no part of the world, and the report itself is not over when it
 * is written. */
static bool is_counted(mf_str driver) {
  return !mf_str_is(driver, "now") && !mf_str_is(driver, "report");
}

static void put_request(mf_buf *out, const mf_json *args) {
  mf_buf_add_str(out, mf_json_str(mf_json_get(args, "method"), "GET"));
  mf_buf_putc(out, ' ');
  mf_buf_add_str(out, mf_json_str(mf_json_get(args, "url"), ""));
}

static void put_command(mf_report *r, mf_buf *out, const mf_json *args) {
  const mf_json *list = mf_json_get(args, "args");
  mf_buf_add_str(out, mf_json_str(mf_json_get(args, "command"), ""));
  if (list == NULL || list->kind != MF_JSON_LIST) return;
  for (mf_json *arg = list->as.first; arg; arg = arg->next) {
    mf_buf_putc(out, ' ');
    mf_report_value(r, out, arg, false);
  }
}

static void set_flight_text(mf_report_flight *flight, mf_str text) {
  static const char more[] = "\xE2\x80\xA6";
  mf_str head = mf_report_prefix(text, sizeof flight->text - sizeof more);
  if (head.n) memcpy(flight->text, head.p, head.n);
  flight->length = (uint16_t)head.n;
  if (head.n == text.n) return;
  memcpy(flight->text + head.n, more, sizeof more - 1);
  flight->length = (uint16_t)(head.n + sizeof more - 1);
}

/* Says what is asked for.  The text is cut so that its result still fits. */
static void describe_intent(mf_report *r, mf_report_flight *flight, mf_str driver,
                            const mf_json *args) {
  mf_buf text;
  mf_buf_init(&text, &r->alloc, 0);
  if (mf_str_is(driver, "http_request")) put_request(&text, args);
  if (mf_str_is(driver, "command")) put_command(r, &text, args);
  set_flight_text(flight, mf_report_prefix(mf_report_public(r, mf_buf_str(&text)), 280));
  mf_buf_fini(&text);
}

/* An answer that no action took (of a probe, say) goes when its task asks again. */
static void drop_answered(mf_report *r, uint32_t task) {
  for (uint32_t i = r->flight_count; i-- > 0;)
    if (r->flights[i].task == task && r->flights[i].answered)
      r->flights[i] = r->flights[--r->flight_count];
}

static void on_intent(mf_report *r, const event *e) {
  mf_str name = data_text(e, "driver");
  mf_report_driver *driver = is_counted(name) ? driver_of(r, name) : NULL;
  if (driver == NULL) return;
  driver->asked++;
  drop_answered(r, e->task);
  void *array = r->flights;
  bool ok = r->flight_count < MF_REPORT_OPEN &&
            grow(r, &array, &r->flight_cap, r->flight_count, sizeof *r->flights);
  r->flights = array;
  if (!ok) return;
  mf_report_flight *flight = &r->flights[r->flight_count++];
  *flight = (mf_report_flight){.task = e->task, .driver = (uint32_t)(driver - r->drivers)};
  flight->id = mf_json_int(mf_json_get(e->data, "id"), 0);
  describe_intent(r, flight, name, mf_json_get(e->data, "args"));
}

static mf_report_flight *find_flight(mf_report *r, const event *e) {
  int64_t id = mf_json_int(mf_json_get(e->data, "id"), 0);
  for (uint32_t i = r->flight_count; i-- > 0;)
    if (r->flights[i].id == id && !r->flights[i].answered) return &r->flights[i];
  return NULL;
}

/* "200 in 12.3 ms" or "exit 0"; the error is in the action's own text. */
static void put_result(mf_buf *out, const mf_json *value) {
  const mf_json *status = mf_json_get(value, "status"), *code = mf_json_get(value, "exit_code");
  const mf_json *latency = mf_json_get(value, "latency");
  char text[24];
  if (status) mf_buf_add(out, text, mf_format_int(mf_json_int(status, 0), text));
  if (code) {
    mf_buf_puts(out, "exit ");
    mf_buf_add(out, text, mf_format_int(mf_json_int(code, 0), text));
  }
  if (status == NULL || latency == NULL) return;
  mf_buf_puts(out, " in ");
  mf_report_number(out, mf_json_double(latency, 0));
  mf_buf_puts(out, " ms");
}

static void describe_outcome(mf_report *r, mf_report_flight *flight, const mf_json *value) {
  static const char arrow[] = " \xE2\x86\x92 ";
  mf_buf text;
  mf_buf_init(&text, &r->alloc, 0);
  mf_buf_add(&text, flight->text, flight->length);
  mf_buf_puts(&text, arrow);
  put_result(&text, value);
  if (text.n == flight->length + sizeof arrow - 1) text.n = flight->length;
  set_flight_text(flight, mf_buf_str(&text));
  mf_buf_fini(&text);
}

/* What a load measured becomes its step's. */
static void take_metrics(mf_report *r, const event *e, const mf_json *value) {
  const mf_json *metrics = mf_json_get(value, "metrics");
  mf_report_step *owner = owner_of(r, e->task);
  if (metrics == NULL || metrics->kind != MF_JSON_MAP || owner == NULL || owner == &r->hidden)
    return;
  if (slice_of(e, metrics).n > MF_REPORT_STEP_METRICS)
    r->shortened++;
  else
    owner->metrics = keep_json(r, e, metrics, MF_REPORT_STEP_METRICS);
  const mf_json *requests = mf_json_get(value, "requests");
  if (requests == NULL || requests->kind != MF_JSON_MAP) return;
  if (slice_of(e, requests).n > MF_REPORT_STEP_METRICS)
    r->shortened++;
  else
    owner->requests = keep_json(r, e, requests, MF_REPORT_STEP_METRICS);
}

static mf_report_failure *failure_of(mf_report *r, mf_str name) {
  for (uint32_t i = 0; i < r->failure_count; i++)
    if (mf_str_eq(r->failures[i].name, name)) return &r->failures[i];
  if (r->failure_count == MF_REPORT_FAILURES) return NULL;
  r->failures[r->failure_count] = (mf_report_failure){.name = keep_name(r, name)};
  return &r->failures[r->failure_count++];
}

static void take_failures(mf_report *r, const mf_json *value) {
  const mf_json *map = mf_json_get(value, "failures");
  if (map == NULL || map->kind != MF_JSON_MAP) return;
  for (const mf_json *one = map->as.first; one; one = one->next) {
    int64_t count = mf_json_int(one, 0);
    mf_report_failure *failure = count > 0 ? failure_of(r, one->key) : NULL;
    if (failure) failure->count += (uint64_t)count;
  }
}

/* A driver may have something to say about an effect that went well. */
static void take_warning(mf_report *r, const event *e, const mf_json *value) {
  mf_str warning = mf_json_str(mf_json_get(value, "warning"), "");
  mf_report_item *item = warning.n ? add_item(r, &r->warnings, MF_NOTICE_WARNING, e) : NULL;
  if (item) item->text = mf_report_keep(r, warning, MF_REPORT_TEXT);
}

static void on_outcome(mf_report *r, const event *e) {
  const mf_json *value = mf_json_get(e->data, "value");
  mf_report_flight *flight = find_flight(r, e);
  take_metrics(r, e, value);
  take_failures(r, value);
  take_warning(r, e, value);
  if (flight == NULL) return;
  mf_report_driver *driver = &r->drivers[flight->driver];
  driver->answered++;
  if (!mf_json_bool(mf_json_get(value, "ok"), true)) driver->failed++;
  if (flight->length == 0) {
    *flight = r->flights[--r->flight_count];
    return;
  }
  flight->answered = true;
  describe_outcome(r, flight, value);
}

/* ---- The run ---- */

/* The first one counts: a resumed run goes on under its own name. */
static void on_run_started(mf_report *r, const event *e) {
  double scale = mf_json_double(mf_json_get(e->data, "time_scale"), 1);
  const mf_json *target = mf_json_get(e->data, "target");
  if (r->started) return;
  r->started = true;
  r->name = keep_data(r, e, "name", MF_REPORT_NAME);
  r->run_id = keep_data(r, e, "run_id", MF_REPORT_NAME);
  r->source = keep_data(r, e, "source", MF_REPORT_NAME);
  r->digest = keep_data(r, e, "image_digest", MF_REPORT_NAME);
  r->version = keep_data(r, e, "version", MF_REPORT_NAME);
  r->format = keep_json(r, e, mf_json_get(e->data, "format"), MF_REPORT_NAME);
  r->seed = keep_json(r, e, mf_json_get(e->data, "seed"), MF_REPORT_NAME);
  r->overrides = keep_json(r, e, mf_json_get(e->data, "overrides"), MF_REPORT_NAME);
  r->time_scale = scale >= 0 && scale < 1e9 ? scale : 1;
  r->start_wall = keep_wall(r);
  r->target_kind = keep_name(r, mf_json_str(mf_json_get(target, "kind"), ""));
  r->target_url = keep_name(r, mf_json_str(mf_json_get(target, "url"), ""));
}

static void on_verdict(mf_report *r, const event *e) {
  r->judged = true;
  r->outcome = mf_report_outcome(data_text(e, "outcome"));
  r->steps_failed = mf_json_int(mf_json_get(mf_json_get(e->data, "steps"), "failed"), -1);
  r->duration = seconds_of(mf_json_get(e->data, "duration"), 1, e->at);
  r->nothing_run = mf_json_bool(mf_json_get(e->data, "nothing_run"), false);
  r->interrupted = mf_json_bool(mf_json_get(e->data, "interrupted"), false);
  r->aborted = mf_json_bool(mf_json_get(e->data, "aborted"), false);
  r->timed_out = mf_json_bool(mf_json_get(e->data, "timed_out"), false);
  memcpy(r->end_wall, r->last_wall, sizeof r->end_wall);
}

static void on_report_written(mf_report *r, const event *e) {
  mf_str error = data_text(e, "error");
  mf_report_item *item = error.n ? add_item(r, &r->warnings, MF_NOTICE_WARNING, e) : NULL;
  if (item == NULL) return;
  mf_str path = data_text(e, "path");
  char *text = mf_arena_printf(&r->scratch, "report %.*s: %.*s", (int)path.n, path.p, (int)error.n,
                               error.p);
  item->text = mf_report_keep(r, mf_str_of(text), MF_REPORT_TEXT);
}

static void on_run_finished(mf_report *r, const event *e) {
  r->finished = true;
  r->exit_code = mf_json_int(mf_json_get(e->data, "exit_code"), 0);
  r->finish_reason = keep_data(r, e, "reason", MF_REPORT_TEXT);
  if (!r->judged) r->nothing_run = mf_json_bool(mf_json_get(e->data, "nothing_run"), false);
}

/* ---- Dispatch ---- */

typedef enum event_kind {
#define MF_NOTICE(NAME, word, doc) EVENT_##NAME,
#include "../include/mfvm_notices.def"
#undef MF_NOTICE
#define MF_EVENT(NAME, word, doc) EVENT_##NAME,
#include "events.def"
#undef MF_EVENT
  EVENT_COUNT
} event_kind;

static const char *const event_words[] = {
#define MF_NOTICE(NAME, word, doc) word,
#include "../include/mfvm_notices.def"
#undef MF_NOTICE
#define MF_EVENT(NAME, word, doc) word,
#include "events.def"
#undef MF_EVENT
};

static void (*const handlers[EVENT_COUNT])(mf_report *r, const event *e) = {
    [EVENT_STEP_STARTED] = on_step_started,
    [EVENT_STEP_FINISHED] = on_step_finished,
    [EVENT_BLOCK_FINISHED] = on_block_finished,
    [EVENT_STEP_RETRIED] = on_step_retried,
    [EVENT_BRANCH] = on_branch,
    [EVENT_HOOK_STARTED] = on_hook_started,
    [EVENT_HOOK_FINISHED] = on_hook_finished,
    [EVENT_ACTION_RETRIED] = on_action_retried,
    [EVENT_ACTION_FINISHED] = on_action_finished,
    [EVENT_ASSERTION] = on_assertion,
    [EVENT_WATCH] = on_watch,
    [EVENT_LOG] = on_log,
    [EVENT_METRIC] = on_metric,
    [EVENT_VARIABLE] = on_variable,
    [EVENT_WARNING] = on_warning,
    [EVENT_ERROR] = on_error,
    [EVENT_VERDICT] = on_verdict,
    [EVENT_RUN_STARTED] = on_run_started,
    [EVENT_INTENT] = on_intent,
    [EVENT_OUTCOME] = on_outcome,
    [EVENT_METRICS] = on_metrics,
    [EVENT_SIGNAL] = on_signal,
    [EVENT_FINAL] = on_final,
    [EVENT_REPORT_WRITTEN] = on_report_written,
    [EVENT_RUN_FINISHED] = on_run_finished,
};

static void dispatch(mf_report *r, mf_str word, const event *e) {
  for (int kind = 0; kind < EVENT_COUNT; kind++)
    if (mf_str_is(word, event_words[kind])) {
      if (handlers[kind]) handlers[kind](r, e);
      return;
    }
}

mf_status mf_report_feed(mf_report *r, mf_str line) {
  mf_arena_reset(&r->scratch);
  const mf_json *root = mf_json_parse(&r->scratch, line, NULL, NULL);
  if (root == NULL) return r->scratch.oom ? MF_OUT_OF_MEMORY : MF_JSON_INVALID;
  if (root->kind != MF_JSON_MAP) return MF_JSON_INVALID;
  int64_t task = mf_json_int(mf_json_get(root, "task"), 0);
  event e = {.line = line, .data = mf_json_get(root, "data"), .task = (uint32_t)task};
  e.path = mf_json_str(mf_json_get(root, "path"), "");
  e.at = seconds_of(mf_json_get(root, "t"), 1e9, 0);
  if (e.at < r->last_at) e.at = r->last_at;
  r->last_at = e.at;
  copy_wall(r->last_wall, mf_json_str(mf_json_get(root, "wall"), ""));
  dispatch(r, mf_json_str(mf_json_get(root, "event"), ""), &e);
  return r->kept.oom || r->scratch.oom ? MF_OUT_OF_MEMORY : MF_OK;
}
