/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>

#include "progress_parts.h"

#define HELD_BYTES 16384u /* that may wait for the next picture */

/* ---- What happens ---- */

static bool is_step_end(const mf_notice *n) {
  return n->kind == MF_NOTICE_STEP_FINISHED || n->kind == MF_NOTICE_STEP_RETRIED;
}

void mf_progress_notice(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  if (p->mode == MF_PROGRESS_SILENT) return;
  if (n->kind == MF_NOTICE_STEP_STARTED) (void)mf_running_add(p, n->path, n->name, now_ns);
  if (p->mode == MF_PROGRESS_EVENTS)
    mf_event_notice(p, n, now_ns);
  else
    mf_line_notice(p, n, now_ns);
  if (is_step_end(n)) mf_running_remove(p, n->path);
  if (n->kind == MF_NOTICE_STEP_STARTED || is_step_end(n)) mf_live_changed(p);
}

void mf_progress_load(mf_progress *p, const mf_load_view *load) {
  int64_t now_ns = p->clock() - p->start_ns;
  mf_running *r = p->mode == MF_PROGRESS_SILENT ? NULL : mf_running_load(p, load, now_ns);
  if (r && p->mode == MF_PROGRESS_EVENTS) mf_event_load(p, load->path, r, now_ns);
  if (r && p->mode == MF_PROGRESS_LINES) mf_line_load(p, r, now_ns);
  mf_live_changed(p);
}

static void tell(mf_progress *p, const char *level, mf_str text, int64_t now_ns) {
  if (p->mode == MF_PROGRESS_EVENTS)
    mf_event_message(p, level, text, now_ns);
  else
    mf_line_text(p, level, text, now_ns);
}

void mf_progress_outcome(mf_progress *p, const mf_effect *effect, const mf_value *outcome,
                         int64_t now_ns) {
  const mf_value *metrics = mf_map_get(outcome, MF_STR("metrics"));
  mf_str warning = mf_map_str(outcome, "warning", "");
  if (p->mode == MF_PROGRESS_SILENT) return;
  if (warning.n) tell(p, "warning", warning, now_ns);
  mf_running *r = metrics ? mf_running_find(p, effect->path) : NULL;
  if (r && r->stray)
    mf_running_remove(p, effect->path);
  else if (r)
    mf_running_finished(r, metrics);
}

void mf_progress_say(mf_progress *p, int64_t now_ns, const char *fmt, ...) {
  char text[512];
  va_list args;
  if (p->mode == MF_PROGRESS_SILENT) return;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  if (p->mode == MF_PROGRESS_EVENTS)
    mf_event_message(p, "info", mf_str_of(text), now_ns);
  else
    mf_line_say(p, mf_str_of(text), now_ns);
}

/* ---- Beginning and end ---- */

static void put_target(mf_progress *p, const mf_run_target *target, double time_scale) {
  static const char *const what[] = {
      [MF_TARGET_UNUSED] = NULL,
      [MF_TARGET_URL] = "",
      [MF_TARGET_SAMPLE] = "built-in sample service",
      [MF_TARGET_NONE] = "none: a rehearsal, nothing was measured",
  };
  if (!what[target->kind] && time_scale == 1) return;
  put(p, "target: ");
  put(p, what[target->kind] ? what[target->kind] : "not used");
  if (target->kind == MF_TARGET_SAMPLE && target->shown[0]) put(p, " at ");
  put_name(p, mf_str_of(target->shown));
  if (time_scale != 1) {
    char text[32];
    mf_format_double(time_scale, text);
    mf_buf_printf(&p->text, " (scaled %s)", text);
  }
  put(p, "\n");
}

void mf_progress_started(mf_progress *p, mf_str name, const char *run_id,
                         const mf_run_target *target, double time_scale) {
  if (p->mode == MF_PROGRESS_SILENT) return;
  if (p->mode == MF_PROGRESS_EVENTS) {
    mf_event_started(p, name, run_id, target, time_scale);
    return;
  }
  put(p, "run: ");
  put_name(p, name);
  mf_buf_printf(&p->text, " (%s)\n", run_id);
  put_target(p, target, time_scale);
}

static void put_counts(mf_progress *p, const mf_verdict *v) {
  const struct {
    uint32_t n;
    const char *what, *did;
  } counts[] = {
      {v->steps_passed, "step", "passed"},
      {v->steps_failed, "step", "failed"},
      {v->steps_skipped, "step", "skipped"},
      {v->assertions_passed, "assertion", "passed"},
      {v->assertions_failed, "assertion", "failed"},
      {v->assertions_no_data, "assertion", "without data"},
      {v->warnings, "warning", ""},
  };
  const char *separator = ": ";
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    if (counts[i].n == 0) continue;
    mf_buf_printf(&p->text, "%s%u %s%s%s%s", separator, counts[i].n, counts[i].what,
                  counts[i].n == 1 ? "" : "s", counts[i].did[0] ? " " : "", counts[i].did);
    separator = ", ";
  }
}

static void put_place(mf_progress *p, const char *what, mf_str place) {
  if (place.n == 0) return;
  put(p, what);
  put_name(p, place);
  put(p, "\n");
}

static void put_verdict(mf_progress *p, const mf_ending *e) {
  mf_buf_add_str(&p->text, e->summary);
  if (e->summary.n) put(p, "\n");
  put_colored(p, e->exit_code ? "1;31" : "1;32", e->exit_code ? "FAILED" : "PASSED");
  put(p, " in ");
  mf_put_seconds(&p->text, e->seconds);
  put_counts(p, e->verdict);
  put(p, "\n");
  if (e->exit_code) {
    put(p, "because: ");
    put_name(p, e->reasons);
    mf_buf_printf(&p->text, " (exit code %d)\n", e->exit_code);
  }
  put_target(p, e->target, e->time_scale);
  for (mf_str rest = e->reports; rest.n > 0;) put_place(p, "report: ", mf_next_line(&rest));
  put_place(p, "journal: ", mf_str_of(e->journal));
}

void mf_progress_verdict(mf_progress *p, const mf_ending *e) {
  mf_live_erase(p);
  p->running_count = 0;
  if (p->mode == MF_PROGRESS_EVENTS)
    mf_event_verdict(p, e);
  else
    put_verdict(p, e);
  mf_progress_hand_out(p);
}

/* ---- Life ---- */

static mf_progress_way mode_of(const mf_run_options *o) {
  switch (o->progress) {
    case MF_PROGRESS_NONE: return MF_PROGRESS_SILENT;
    case MF_PROGRESS_JSON: return MF_PROGRESS_EVENTS;
    case MF_PROGRESS_PLAIN: return MF_PROGRESS_LINES;
    case MF_PROGRESS_AUTO: break;
  }
  return o->terminal ? MF_PROGRESS_LIVE : MF_PROGRESS_LINES;
}

void mf_progress_init(mf_progress *p, const mf_run_options *o, const mf_alloc *alloc, mf_loop *loop,
                      int64_t start_ns) {
  *p = (mf_progress){.out = o->out, .options = o, .loop = loop, .start_ns = start_ns};
  p->clock = mf_clock_monotonic;
  p->mode = mode_of(o);
  p->color = o->color;
  mf_live_init(p);
  mf_buf_init(&p->text, alloc, 0);
}

void mf_progress_fini(mf_progress *p) {
  if (p->loop) mf_timer_clear(p->loop, &p->redraw);
  if (p->running) mf_realloc(&p->text.alloc, p->running, sizeof *p->running * p->running_cap, 0);
  mf_buf_fini(&p->text);
}

void mf_progress_hand_out(mf_progress *p) {
  if (p->text.n > 0) p->out.write(p->out.ctx, p->text.p, p->text.n);
  mf_buf_clear(&p->text);
}

void mf_progress_flush(mf_progress *p) {
  if (p->text.n < HELD_BYTES && mf_live_holds(p)) return;
  mf_live_restore(p);
  mf_progress_hand_out(p);
}
