/* SPDX-License-Identifier: MIT */
/* The JSON report.  Its form is docs/report.schema.json; the origin's keys come
 * first and in the origin's order, so that its readers can read ours. */
#include "report_model.h"

typedef struct page {
  mf_report *r;
  mf_json_writer w;
} page;

static void text(page *p, const char *key, mf_str s) {
  mf_json_key(&p->w, key);
  mf_json_put_str(&p->w, s);
}

static void text_or_null(page *p, const char *key, mf_str s) {
  mf_json_key(&p->w, key);
  if (s.n)
    mf_json_put_str(&p->w, s);
  else
    mf_json_null(&p->w);
}

static void number(page *p, const char *key, uint64_t n) {
  mf_json_key(&p->w, key);
  mf_json_put_uint(&p->w, n);
}

static void flag(page *p, const char *key, bool b) {
  mf_json_key(&p->w, key);
  mf_json_put_bool(&p->w, b);
}

/* To the millisecond, as the origin has it. */
static void seconds(page *p, const char *key, double d) {
  mf_json_key(&p->w, key);
  mf_json_put_double(&p->w, (double)(uint64_t)(d * 1000 + 0.5) / 1000);
}

static void plain(page *p, const char *key, mf_json *node) {
  mf_json_key(&p->w, key);
  mf_report_plain(p->r, &p->w, node);
}

/* Parsing is undone at once: a report may hold thousands of values. */
static void kept_value(page *p, const char *key, mf_report_json json) {
  mf_arena_mark mark = mf_arena_mark_get(&p->r->scratch);
  plain(p, key, mf_report_parse(p->r, json));
  mf_arena_release(&p->r->scratch, mark);
}

static void open_list(page *p, const char *key) {
  mf_json_key(&p->w, key);
  mf_json_open_list(&p->w);
}

static void open_map(page *p, const char *key) {
  mf_json_key(&p->w, key);
  mf_json_open_map(&p->w);
}

/* ---- Entries ---- */

static void write_parts(page *p, mf_report_json parts) {
  mf_arena_mark mark = mf_arena_mark_get(&p->r->scratch);
  mf_report_part part = mf_report_part_first(p->r, parts);
  open_list(p, "reasons");
  for (; part.node; part = mf_report_part_next(&part)) {
    mf_json_open_map(&p->w);
    text(p, "text", part.text);
    mf_json_key(&p->w, "depth");
    mf_json_put_uint(&p->w, part.depth);
    plain(p, "value", part.value);
    mf_json_close_map(&p->w);
  }
  mf_json_close_list(&p->w);
  mf_arena_release(&p->r->scratch, mark);
}

static void write_assertion(page *p, const mf_report_item *item) {
  bool passed = item->outcome == MF_OUTCOME_PASSED;
  mf_json_open_map(&p->w);
  text(p, "description", item->name);
  flag(p, "passed", passed);
  text(p, "outcome", mf_str_of(mf_outcome_word(item->outcome)));
  kept_value(p, "expected", item->expected);
  kept_value(p, "actual", item->actual);
  write_parts(p, item->parts);
  text_or_null(p, "error", passed ? MF_STR("") : item->text);
  text(p, "path", item->path);
  text_or_null(p, "id", item->id);
  mf_json_close_map(&p->w);
}

static void write_activity(page *p, const mf_report_item *item) {
  mf_json_open_map(&p->w);
  text(p, "kind", mf_str_of(mf_report_activity_word(item)));
  text(p, "name", item->name);
  text(p, "outcome", mf_str_of(item->finished ? mf_outcome_word(item->outcome) : "unfinished"));
  text_or_null(p, "error", item->text);
  text_or_null(p, "effect", item->effect);
  write_parts(p, item->parts);
  text(p, "path", item->path);
  text_or_null(p, "id", item->id);
  mf_json_close_map(&p->w);
}

static void write_watch(page *p, const mf_report_item *item) {
  mf_json_open_map(&p->w);
  text(p, "name", item->name);
  text(p, "kind", item->watch);
  text(p, "outcome", mf_str_of(mf_outcome_word(item->outcome)));
  if (item->outcome == MF_OUTCOME_NO_DATA)
    text_or_null(p, "ok", MF_STR(""));
  else
    flag(p, "ok", item->outcome == MF_OUTCOME_PASSED);
  kept_value(p, "value", item->actual);
  text_or_null(p, "text", item->text);
  flag(p, "counted", item->counted);
  flag(p, "retried", mf_report_watch_is_past(item));
  text(p, "path", item->path);
  mf_json_close_map(&p->w);
}

static void write_branch(page *p, const mf_report_item *item) {
  mf_json_open_map(&p->w);
  text(p, "name", item->name);
  text(p, "taken", item->text);
  kept_value(p, "condition", item->actual);
  write_parts(p, item->parts);
  text(p, "path", item->path);
  text_or_null(p, "id", item->id);
  mf_json_close_map(&p->w);
}

static void write_log(page *p, const mf_report_item *item) {
  mf_json_open_map(&p->w);
  seconds(p, "at_seconds", item->at);
  text(p, "level", item->name);
  text(p, "message", item->text);
  text(p, "path", item->path);
  mf_json_close_map(&p->w);
}

static void write_warning(page *p, const mf_report_item *item) {
  mf_json_open_map(&p->w);
  text(p, "text", item->text);
  text(p, "path", item->path);
  mf_json_close_map(&p->w);
}

static void write_signal(page *p, const mf_report_item *item) {
  mf_json_open_map(&p->w);
  text(p, "signal", item->name);
  text(p, "origin", item->text);
  seconds(p, "at_seconds", item->at);
  mf_json_close_map(&p->w);
}

static void write_text(page *p, const mf_report_item *item) { mf_json_put_str(&p->w, item->text); }

static void write_list(page *p, const char *key, const mf_report_list *list,
                       void (*write)(page *p, const mf_report_item *item)) {
  open_list(p, key);
  for (const mf_report_item *item = list->first; item; item = item->next) write(p, item);
  mf_json_close_list(&p->w);
}

/* ---- Steps ---- */

static void write_metrics(page *p, mf_report_json json) {
  mf_arena_mark mark = mf_arena_mark_get(&p->r->scratch);
  mf_json *metrics = mf_report_parse(p->r, json);
  if (metrics) {
    plain(p, "metrics", metrics);
  } else {
    open_map(p, "metrics");
    mf_json_close_map(&p->w);
  }
  mf_arena_release(&p->r->scratch, mark);
}

static void write_step(page *p, const mf_report_step *step) {
  mf_json_open_map(&p->w);
  text(p, "step_name", step->name);
  flag(p, "success", step->finished && step->outcome == MF_OUTCOME_PASSED);
  text(p, "status", mf_str_of(mf_report_step_word(step)));
  text(p, "start_time", step->started);
  text_or_null(p, "end_time", step->ended);
  seconds(p, "duration_seconds", mf_report_step_length(p->r, step));
  text_or_null(p, "error", step->error);
  write_list(p, "assertion_results", &step->assertions, write_assertion);
  write_metrics(p, step->metrics);
  write_parts(p, step->parts);
  text(p, "path", step->path);
  text_or_null(p, "id", step->id);
  number(p, "attempt", step->attempt);
  flag(p, "retried", step->retried);
  write_list(p, "hooks", &step->activity, write_activity);
  mf_json_close_map(&p->w);
}

static void write_steps(page *p) {
  open_list(p, "step_results");
  for (const mf_report_step *step = p->r->first_step; step; step = step->next) write_step(p, step);
  mf_json_close_list(&p->w);
}

/* ---- The report ---- */

static void write_map(page *p, const char *key, mf_json *map) {
  if (map) {
    plain(p, key, map);
    return;
  }
  open_map(p, key);
  mf_json_close_map(&p->w);
}

static void write_origin(page *p) {
  mf_report *r = p->r;
  text(p, "orchestration_name", r->name);
  text(p, "start_time", r->start_wall);
  text(p, "end_time", mf_str_of(mf_report_end_wall(r)));
  seconds(p, "total_duration_seconds", mf_report_duration(r));
  flag(p, "success", mf_report_verdict_of(r) == MF_REPORT_PASSED);
  write_steps(p);
  write_list(p, "assertion_results", &r->assertions, write_assertion);
  write_map(p, "final_variables", mf_report_variables(r));
  write_map(p, "final_metrics", mf_report_metrics(r));
  write_list(p, "errors", &r->errors, write_text);
}

static void write_verdict(page *p) {
  mf_report_reasons why;
  mf_report_reasons_get(p->r, &why);
  text(p, "verdict", mf_str_of(mf_report_verdict_word(mf_report_verdict_of(p->r))));
  open_list(p, "exit_reason");
  for (uint32_t i = 0; i < why.count; i++) mf_json_put_str(&p->w, why.items[i]);
  mf_json_close_list(&p->w);
}

static void write_target(page *p) {
  mf_report *r = p->r;
  open_map(p, "target");
  text(p, "kind", r->target_kind);
  text_or_null(p, "url", r->target_url);
  mf_json_close_map(&p->w);
  flag(p, "scaled", r->time_scale != 1);
  mf_json_key(&p->w, "time_scale");
  mf_json_put_double(&p->w, r->time_scale);
  mf_json_key(&p->w, "overrides");
  mf_report_plain(r, &p->w, mf_report_parse(r, r->overrides));
}

static void write_effects(page *p) {
  open_list(p, "effects");
  for (uint32_t i = 0; i < p->r->driver_count; i++) {
    const mf_report_driver *driver = &p->r->drivers[i];
    mf_json_open_map(&p->w);
    text(p, "driver", driver->name);
    number(p, "asked", driver->asked);
    number(p, "answered", driver->answered);
    number(p, "failed", driver->failed);
    mf_json_close_map(&p->w);
  }
  mf_json_close_list(&p->w);
}

static void number_or_null(page *p, const char *key, double d) {
  mf_json_key(&p->w, key);
  if (d != d)
    mf_json_null(&p->w);
  else
    mf_json_put_double(&p->w, d);
}

static void write_series(page *p) {
  open_list(p, "series");
  for (uint32_t i = 0; i < p->r->seconds_count; i++) {
    const mf_report_second *second = &p->r->seconds[i];
    mf_json_open_map(&p->w);
    text(p, "path", second->path);
    seconds(p, "at_seconds", second->at);
    seconds(p, "seconds", second->seconds);
    number(p, "requests", (uint64_t)second->requests);
    number(p, "errors", (uint64_t)second->errors);
    number_or_null(p, "latency_p50", second->p50);
    number_or_null(p, "latency_p95", second->p95);
    number_or_null(p, "latency_p99", second->p99);
    mf_json_close_map(&p->w);
  }
  mf_json_close_list(&p->w);
}

/* What is in no list because of the limits. */
static void write_omitted(page *p) {
  mf_report *r = p->r;
  open_map(p, "omitted");
  number(p, "steps", r->steps - r->steps_kept);
  number(p, "branches", r->branches.total - r->branches.kept);
  number(p, "assertions", r->assertions.total - r->assertions.kept);
  number(p, "checks", r->checks.total - r->checks.kept);
  number(p, "thresholds", r->thresholds.total - r->thresholds.kept);
  number(p, "series", r->seconds_left_out);
  number(p, "hooks", r->hooks.total - r->hooks.kept);
  number(p, "logs", r->logs.total - r->logs.kept);
  number(p, "warnings", r->warnings.total - r->warnings.kept);
  number(p, "errors", r->errors.total - r->errors.kept);
  number(p, "shortened_texts", r->shortened);
  mf_json_close_map(&p->w);
}

static void write_run(page *p) {
  mf_report *r = p->r;
  text(p, "run_id", r->run_id);
  text(p, "source", r->source);
  kept_value(p, "seed", r->seed);
  text(p, "image_digest", r->digest);
  text(p, "mfvm_version", r->version);
  kept_value(p, "journal_format", r->format);
}

void mf_report_write_json(mf_report *r, mf_buf *out) {
  page p = {.r = r};
  mf_json_write_init(&p.w, out, 2);
  mf_json_open_map(&p.w);
  write_origin(&p);
  write_verdict(&p);
  write_target(&p);
  write_list(&p, "checks", &r->checks, write_watch);
  write_list(&p, "thresholds", &r->thresholds, write_watch);
  write_series(&p);
  write_list(&p, "warnings", &r->warnings, write_warning);
  write_list(&p, "branches", &r->branches, write_branch);
  write_list(&p, "hooks", &r->hooks, write_activity);
  write_effects(&p);
  write_list(&p, "signals", &r->signals, write_signal);
  write_list(&p, "logs", &r->logs, write_log);
  write_omitted(&p);
  write_run(&p);
  mf_json_close_map(&p.w);
  mf_buf_putc(out, '\n');
}
