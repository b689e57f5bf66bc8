/* SPDX-License-Identifier: MIT */
/* For programs: one event a line, described in docs/progress.md.  Names of events and
 * fields stay; new ones may come. */
#include "printable.h"
#include "progress_parts.h"

#define HAND_OUT_BYTES 16384u

/* ---- One line ---- */

static mf_json_writer begin(mf_progress *p, const char *event, int64_t now_ns) {
  mf_json_writer w;
  mf_json_write_init(&w, &p->text, 0);
  w.filter = p->filter;
  mf_json_open_map(&w);
  mf_json_key(&w, "event");
  mf_json_put_word(&w, mf_str_of(event));
  mf_json_key(&w, "t");
  mf_json_put_double(&w, (double)now_ns / 1e9);
  return w;
}

static void end(mf_progress *p, mf_json_writer *w) {
  mf_json_close_map(w);
  mf_buf_putc(&p->text, '\n');
  if (p->text.n >= HAND_OUT_BYTES) mf_progress_hand_out(p);
}

static void text(mf_json_writer *w, const char *key, mf_str s) {
  mf_json_key(w, key);
  mf_json_put_str(w, s);
}

static void word(mf_json_writer *w, const char *key, const char *s) {
  mf_json_key(w, key);
  mf_json_put_word(w, mf_str_of(s));
}

static void count(mf_json_writer *w, const char *key, uint64_t n) {
  mf_json_key(w, key);
  mf_json_put_uint(w, n);
}

/* Null: not measured. */
static void figure(mf_json_writer *w, const char *key, double d) {
  mf_json_key(w, key);
  if (d >= 0)
    mf_json_put_double(w, d);
  else
    mf_json_null(w);
}

static void value(mf_json_writer *w, const char *key, const mf_value *v) {
  if (v->kind == MF_UNSET) return;
  mf_json_key(w, key);
  mf_value_write_json(w, v);
}

/* ---- Beginning and end ---- */

void mf_event_started(mf_progress *p, mf_str name, const char *run_id, const mf_run_target *target,
                      double time_scale) {
  mf_json_writer w = begin(p, "run_started", 0);
  text(&w, "name", name);
  word(&w, "run_id", run_id);
  mf_json_key(&w, "target");
  mf_json_open_map(&w);
  word(&w, "kind", mf_target_word(target->kind));
  if (target->shown[0]) text(&w, "url", mf_str_of(target->shown));
  mf_json_close_map(&w);
  figure(&w, "time_scale", time_scale);
  word(&w, "version", mf_version());
  end(p, &w);
}

static void put_counts(mf_json_writer *w, const mf_verdict *v) {
  mf_json_key(w, "steps");
  mf_json_open_map(w);
  count(w, "passed", v->steps_passed);
  count(w, "failed", v->steps_failed);
  count(w, "skipped", v->steps_skipped);
  mf_json_close_map(w);
  mf_json_key(w, "assertions");
  mf_json_open_map(w);
  count(w, "passed", v->assertions_passed);
  count(w, "failed", v->assertions_failed);
  count(w, "no_data", v->assertions_no_data);
  mf_json_close_map(w);
  count(w, "warnings", v->warnings);
}

void mf_event_verdict(mf_progress *p, const mf_ending *e) {
  mf_json_writer w = begin(p, "verdict", p->clock() - p->start_ns);
  word(&w, "outcome", e->exit_code ? "failed" : "passed");
  mf_json_key(&w, "exit_code");
  mf_json_put_int(&w, e->exit_code);
  text(&w, "reason", e->reasons);
  figure(&w, "duration", e->seconds);
  put_counts(&w, e->verdict);
  mf_json_key(&w, "reports");
  mf_json_open_list(&w);
  for (mf_str rest = e->reports; rest.n > 0;) mf_json_put_str(&w, mf_next_line(&rest));
  mf_json_close_list(&w);
  mf_json_key(&w, "journal");
  if (e->journal[0])
    mf_json_put_str(&w, mf_str_of(e->journal));
  else
    mf_json_null(&w);
  end(p, &w);
}

/* ---- Loads ---- */

void mf_event_load(mf_progress *p, mf_str path, const mf_running *r, int64_t now_ns) {
  const mf_figures *f = &r->load;
  mf_json_writer w = begin(p, "load", now_ns);
  text(&w, "step", mf_str_of(r->name));
  text(&w, "path", path);
  figure(&w, "elapsed", r->elapsed);
  figure(&w, "planned", r->planned > 0 ? r->planned : -1);
  count(&w, "requests", r->requests);
  figure(&w, "rate", f->rate);
  count(&w, "errors", r->errors);
  figure(&w, "error_rate", f->error_rate);
  figure(&w, "avg", f->avg_ms);
  figure(&w, "p50", f->p50_ms);
  figure(&w, "p95", f->p95_ms);
  figure(&w, "p99", f->p99_ms);
  count(&w, "in_flight", r->in_flight);
  count(&w, "users", r->users);
  count(&w, "dropped", r->dropped);
  count(&w, "checks_failed", r->checks_failed);
  end(p, &w);
}

/* ---- Notices ---- */

void mf_event_message(mf_progress *p, const char *level, mf_str message, int64_t now_ns) {
  mf_json_writer w = begin(p, "message", now_ns);
  text(&w, "level", mf_str_of(level));
  text(&w, "text", message);
  end(p, &w);
}

static void on_step(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  bool started = n->kind == MF_NOTICE_STEP_STARTED;
  mf_json_writer w = begin(p, started ? "step_started" : "step_finished", now_ns);
  text(&w, "step", n->name);
  text(&w, "path", n->path);
  count(&w, "attempt", n->attempt ? n->attempt : 1);
  if (!started) {
    bool retried = n->kind == MF_NOTICE_STEP_RETRIED;
    word(&w, "outcome", mf_outcome_word(retried ? MF_OUTCOME_FAILED : n->outcome));
    mf_json_key(&w, "retried");
    mf_json_put_bool(&w, retried);
    figure(&w, "duration", n->duration);
    if (n->text.n) text(&w, "error", n->text);
  }
  end(p, &w);
}

static void on_judged(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  bool watch = n->kind == MF_NOTICE_WATCH;
  mf_json_writer w = begin(p, watch ? "watch" : "assertion", now_ns);
  text(&w, "name", n->name);
  text(&w, "path", n->path);
  if (watch && p->image && n->index < MF_ROW_COUNT(p->image, WATCH))
    word(&w, "kind",
         mf_enum_word(MF_OPERAND_WATCH_KIND, MF_ROWS(p->image, WATCH, watch)[n->index].kind));
  word(&w, "outcome", mf_outcome_word(n->outcome));
  value(&w, watch ? "value" : "actual", &n->actual);
  value(&w, "expected", &n->expected);
  if (n->text.n) text(&w, "text", n->text);
  end(p, &w);
}

static void on_log(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  mf_json_writer w = begin(p, "message", now_ns);
  text(&w, "level", n->name);
  text(&w, "text", n->text);
  end(p, &w);
}

void mf_event_notice(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  switch (n->kind) {
    case MF_NOTICE_STEP_STARTED:
    case MF_NOTICE_STEP_RETRIED:
    case MF_NOTICE_STEP_FINISHED: on_step(p, n, now_ns); break;
    case MF_NOTICE_ASSERTION:
    case MF_NOTICE_WATCH: on_judged(p, n, now_ns); break;
    case MF_NOTICE_LOG: on_log(p, n, now_ns); break;
    case MF_NOTICE_WARNING: mf_event_message(p, "warning", n->text, now_ns); break;
    case MF_NOTICE_ERROR: mf_event_message(p, "error", n->text, now_ns); break;
    default: break; /* the journal has everything */
  }
}
