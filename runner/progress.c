/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "printable.h"

#define NS_PER_MS 1000000LL
#define REDRAW_NS (100 * NS_PER_MS)
#define HAND_OUT_BYTES 16384u
#define STATUS_COLUMNS 79u
#define NAME_COLUMNS 28u
#define MAX_TEXT_BYTES 2000u /* of one message; journal and report have it whole */

/* ---- Text ---- */

static void put(mf_progress *p, const char *s) { mf_buf_puts(&p->text, s); }

static void put_safe(const mf_progress *p, mf_buf *out, mf_str s) {
  if (p->filter) s = p->filter->text(p->filter->ctx, s);
  bool cut = s.n > MAX_TEXT_BYTES;
  if (cut) s.n = mf_utf8_valid(s.p, MAX_TEXT_BYTES);
  mf_print_safe(out, s);
  if (cut) mf_buf_puts(out, "...");
}

static void put_name(mf_progress *p, mf_str s) { put_safe(p, &p->text, s); }

static void put_colored(mf_progress *p, const char *sgr, const char *s) {
  if (p->color)
    mf_buf_printf(&p->text, "\x1b[%sm%s\x1b[0m", sgr, s);
  else
    put(p, s);
}

/* A number with three significant digits, and no needless zeros. */
static void put_number(mf_buf *out, double d) {
  int decimals = fabs(d) >= 100 || d == floor(d) ? 0 : fabs(d) >= 10 ? 1 : 2;
  mf_buf_printf(out, "%.*f", decimals, d);
}

static void put_seconds(mf_buf *out, double s) {
  if (s >= 60)
    mf_buf_printf(out, "%dm%04.1fs", (int)(s / 60), fmod(s, 60));
  else
    mf_buf_printf(out, "%.*fs", s < 10 ? 2 : 1, s);
}

static void put_value(mf_progress *p, const mf_value *v) {
  mf_buf json;
  mf_json_writer w;
  mf_buf_init(&json, &p->text.alloc, 0);
  mf_json_write_init(&w, &json, 0);
  w.filter = p->filter;
  mf_value_write_json(&w, v);
  put_safe(p, &p->text, mf_buf_str(&json));
  mf_buf_fini(&json);
}

static void put_latency(mf_buf *out, const char *before, double ms) {
  mf_buf_puts(out, before);
  put_number(out, ms);
  mf_buf_puts(out, " ms");
}

/* "30 requests, 10/s, 0% errors, avg 1.2 ms, p95 2.5 ms"; without the mean when
 * there is little room. */
static void put_figures(mf_buf *out, const mf_figures *f, bool brief) {
  put_number(out, f->requests);
  mf_buf_puts(out, f->requests == 1 ? " request" : " requests");
  if (f->rate >= 0) {
    mf_buf_puts(out, ", ");
    put_number(out, f->rate);
    mf_buf_puts(out, "/s");
  }
  if (f->error_rate >= 0) {
    mf_buf_puts(out, ", ");
    put_number(out, f->error_rate * 100);
    mf_buf_puts(out, "% errors");
  }
  if (f->avg_ms < 0) return;
  if (!brief) put_latency(out, ", avg ", f->avg_ms);
  put_latency(out, ", p95 ", f->p95_ms);
}

/* ---- The status line ---- */

static void erase_status(mf_progress *p) {
  if (!p->line_drawn) return;
  put(p, "\r\x1b[K");
  p->line_drawn = false;
}

static bool has_status(const mf_progress *p) { return p->step.n > 0; }

/* At most that many code points. */
static void put_cut(mf_buf *out, mf_str s, size_t columns) {
  size_t at = 0;
  for (; at < s.n && columns > 0; columns--) {
    size_t n = mf_utf8_length(s.p + at, s.n - at);
    at += n ? n : 1;
  }
  mf_buf_add(out, s.p, at);
}

static void put_status(mf_progress *p, mf_buf *line) {
  mf_buf name;
  mf_buf_init(&name, &p->text.alloc, 0);
  put_safe(p, &name, mf_buf_str(&p->step));
  put_cut(line, mf_buf_str(&name), NAME_COLUMNS);
  mf_buf_fini(&name);
  mf_buf_puts(line, "  ");
  put_seconds(line, (double)(mf_clock_monotonic() - p->start_ns - p->step_ns) / 1e9);
  if (!p->running.known) return;
  mf_buf_puts(line, "  ");
  put_figures(line, &p->running, true);
}

/* Cut to the width of a terminal: a line that wraps cannot be drawn again. */
static void draw_status(mf_progress *p) {
  mf_buf line;
  if (!has_status(p)) return;
  mf_buf_init(&line, &p->text.alloc, 0);
  put_status(p, &line);
  erase_status(p);
  put_cut(&p->text, mf_buf_str(&line), STATUS_COLUMNS);
  p->line_drawn = true;
  mf_buf_fini(&line);
}

static void redraw(mf_timer *timer) {
  mf_progress *p = timer->ctx;
  draw_status(p);
  mf_progress_flush(p);
  if (has_status(p)) (void)mf_timer_set(p->loop, timer, mf_loop_now(p->loop) + REDRAW_NS);
}

/* A step began or ended: the line appears with the first redraw. */
static void schedule_redraw(mf_progress *p) {
  if (p->live && p->redraw.position == 0)
    (void)mf_timer_set(p->loop, &p->redraw, mf_clock_monotonic() + REDRAW_NS);
}

/* ---- Lines that stay ---- */

static void begin_line(mf_progress *p, int64_t now_ns) {
  erase_status(p);
  mf_buf_printf(&p->text, "%8.2fs  ", (double)now_ns / 1e9);
}

static void end_line(mf_progress *p) {
  put(p, "\n");
  if (p->text.n >= HAND_OUT_BYTES) mf_progress_flush(p);
}

void mf_progress_say(mf_progress *p, int64_t now_ns, const char *fmt, ...) {
  char text[512];
  va_list args;
  if (!p->shown) return;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  begin_line(p, now_ns);
  put_name(p, mf_str_of(text));
  end_line(p);
}

static const char *color_of(mf_outcome_kind outcome) {
  if (outcome == MF_OUTCOME_PASSED) return "32";
  return outcome == MF_OUTCOME_SKIPPED ? "2" : outcome == MF_OUTCOME_WARNING ? "33" : "31";
}

static void put_outcome(mf_progress *p, mf_outcome_kind outcome) {
  put_colored(p, color_of(outcome), mf_outcome_word(outcome));
}

/* "step 'x' " */
static void put_subject(mf_progress *p, const char *what, const mf_notice *n) {
  put(p, what);
  put(p, " '");
  put_name(p, n->name);
  put(p, "' ");
}

static void put_reason(mf_progress *p, mf_str text) {
  if (text.n == 0) return;
  put(p, ": ");
  put_name(p, text);
}

/* ---- Notices ---- */

static void on_step_started(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  mf_buf_clear(&p->step);
  mf_buf_add_str(&p->step, n->name);
  p->step_ns = now_ns;
  p->running.known = false;
  schedule_redraw(p);
  if (p->live) return;
  begin_line(p, now_ns);
  put_subject(p, "step", n);
  put(p, "started");
  if (n->attempt > 1) mf_buf_printf(&p->text, " (attempt %u)", n->attempt);
  end_line(p);
}

static void on_step_finished(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  mf_buf_clear(&p->step);
  p->running.known = false;
  begin_line(p, now_ns);
  put_subject(p, "step", n);
  put_outcome(p, n->outcome);
  if (n->outcome != MF_OUTCOME_SKIPPED) {
    put(p, " in ");
    put_seconds(&p->text, n->duration);
  }
  if (p->finished.known && p->finished.task == n->task) {
    put(p, ", ");
    put_figures(&p->text, &p->finished, false);
    p->finished.known = false;
  }
  put_reason(p, n->text);
  end_line(p);
}

/* Many actions have the same name, so theirs has its place. */
static void put_path(mf_progress *p, const mf_notice *n) {
  if (n->path.n == 0) return;
  put(p, "at ");
  put_name(p, n->path);
  put(p, " ");
}

static void on_retried(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  bool action = n->kind == MF_NOTICE_ACTION_RETRIED;
  begin_line(p, now_ns);
  put_subject(p, action ? "action" : "step", n);
  if (action) put_path(p, n);
  put_outcome(p, n->outcome);
  mf_buf_printf(&p->text, " (attempt %u), again in ", n->attempt);
  put_seconds(&p->text, n->actual.as.d);
  put_reason(p, n->text);
  end_line(p);
}

static void on_turn(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  begin_line(p, now_ns);
  mf_buf_printf(&p->text, n->path.n ? "turn %llu of '" : "iteration %llu",
                (unsigned long long)n->turn);
  if (n->path.n) {
    put_name(p, n->name);
    put(p, "'");
  }
  end_line(p);
}

static void on_branch(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  begin_line(p, now_ns);
  put_subject(p, "branch", n);
  put(p, "took ");
  put_name(p, n->text.n ? n->text : MF_STR("none"));
  end_line(p);
}

/* Hooks and actions are worth a line only when something is wrong with them. */
static void on_trouble(mf_progress *p, const char *what, const mf_notice *n, int64_t now_ns) {
  if (n->outcome == MF_OUTCOME_PASSED || n->outcome == MF_OUTCOME_SKIPPED) return;
  begin_line(p, now_ns);
  put_subject(p, what, n);
  if (n->kind == MF_NOTICE_ACTION_FINISHED) put_path(p, n);
  if (n->outcome == MF_OUTCOME_WARNING) put(p, "failed, which is only a ");
  put_outcome(p, n->outcome);
  if (n->attempt > 1) mf_buf_printf(&p->text, " (attempt %u)", n->attempt);
  put_reason(p, n->text);
  end_line(p);
}

enum { MAX_LEAVES = 5 };

static bool is_shown(const mf_value *v) {
  return v->kind != MF_UNSET && v->kind != MF_NULL && v->kind != MF_ERROR;
}

/* The machine's own text is "assertion 'x' failed: why": only why is news. */
static mf_str news_of(mf_str text, bool values_shown) {
  static const char before_why[] = "' failed: ";
  if (!mf_str_starts(text, MF_STR("assertion '"))) return text;
  size_t at = mf_str_find(text, mf_str_of(before_why), 0);
  if (values_shown || at == SIZE_MAX) return (mf_str){NULL, 0};
  at += sizeof before_why - 1;
  return (mf_str){text.p + at, text.n - at};
}

/* A part that has no parts: for the most part a name. */
static bool is_leaf(const mf_notice *n, uint32_t i) {
  return i + 1 == n->reason_count || n->reasons[i + 1].depth <= n->reasons[i].depth;
}

static bool was_shown(const mf_notice *n, uint32_t at) {
  for (uint32_t i = 0; i < at; i++)
    if (is_leaf(n, i) && mf_str_eq(n->reasons[i].text, n->reasons[at].text)) return true;
  return false;
}

/* "; a = 5, b = true": what the condition is made from.  The sides of a comparison
 * with one name are there already. */
static void put_leaves(mf_progress *p, const mf_notice *n) {
  unsigned shown = 0;
  if (n->reason_count <= 2) return;
  for (uint32_t i = 0; i < n->reason_count; i++) {
    if (!is_leaf(n, i) || !is_shown(&n->reasons[i].value) || was_shown(n, i)) continue;
    if (shown == MAX_LEAVES) {
      put(p, ", ...");
      return;
    }
    put(p, shown++ ? ", " : "; ");
    put_name(p, n->reasons[i].text);
    put(p, " = ");
    put_value(p, &n->reasons[i].value);
  }
}

static void on_assertion(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  if (n->outcome == MF_OUTCOME_PASSED) return;
  bool measured = n->outcome != MF_OUTCOME_NO_DATA;
  bool actual = measured && is_shown(&n->actual), expected = measured && is_shown(&n->expected);
  begin_line(p, now_ns);
  put_subject(p, "assertion", n);
  if (measured)
    put_outcome(p, n->outcome);
  else
    put_colored(p, color_of(n->outcome), "had no data");
  if (actual) {
    put(p, ": actual ");
    put_value(p, &n->actual);
  }
  if (expected) {
    put(p, actual ? ", expected " : ": expected ");
    put_value(p, &n->expected);
  }
  put_reason(p, news_of(n->text, actual || expected));
  put_leaves(p, n);
  end_line(p);
}

/* Its text says what was compared. */
static void on_watch(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  const mf_row_watch *row = &MF_ROWS(p->image, WATCH, watch)[n->index];
  if (n->outcome == MF_OUTCOME_PASSED) return;
  begin_line(p, now_ns);
  put_subject(p, mf_enum_word(MF_OPERAND_WATCH_KIND, row->kind), n);
  if (n->outcome == MF_OUTCOME_NO_DATA)
    put_colored(p, color_of(n->outcome), "had no data");
  else
    put_outcome(p, n->outcome);
  put_reason(p, n->text);
  end_line(p);
}

static void on_message(mf_progress *p, const char *what, mf_str level, const mf_notice *n,
                       int64_t now_ns) {
  begin_line(p, now_ns);
  put(p, what);
  put_name(p, level);
  put_reason(p, n->text);
  end_line(p);
}

void mf_progress_notice(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  if (!p->shown) return;
  switch (n->kind) {
    case MF_NOTICE_STEP_STARTED: on_step_started(p, n, now_ns); break;
    case MF_NOTICE_STEP_FINISHED: on_step_finished(p, n, now_ns); break;
    case MF_NOTICE_BRANCH: on_branch(p, n, now_ns); break;
    case MF_NOTICE_BLOCK_FINISHED: on_trouble(p, "phase", n, now_ns); break;
    case MF_NOTICE_GROUP_FINISHED: on_trouble(p, "group", n, now_ns); break;
    case MF_NOTICE_HOOK_FINISHED: on_trouble(p, "hook", n, now_ns); break;
    case MF_NOTICE_ACTION_FINISHED: on_trouble(p, "action", n, now_ns); break;
    case MF_NOTICE_ASSERTION: on_assertion(p, n, now_ns); break;
    case MF_NOTICE_WATCH: on_watch(p, n, now_ns); break;
    case MF_NOTICE_LOG: on_message(p, "log ", n->name, n, now_ns); break;
    case MF_NOTICE_WARNING: on_message(p, "warning", MF_STR(""), n, now_ns); break;
    case MF_NOTICE_ERROR: on_message(p, "error", MF_STR(""), n, now_ns); break;
    case MF_NOTICE_STEP_RETRIED:
    case MF_NOTICE_ACTION_RETRIED: on_retried(p, n, now_ns); break;
    case MF_NOTICE_TURN: on_turn(p, n, now_ns); break;
    case MF_NOTICE_GROUP_STARTED:
    case MF_NOTICE_HOOK_STARTED:
    case MF_NOTICE_REPEAT_FINISHED:
    case MF_NOTICE_LINK_FINISHED:
    case MF_NOTICE_METRIC:
    case MF_NOTICE_VARIABLE:
    case MF_NOTICE_VERDICT:
    case MF_NOTICE_COUNT: break;
  }
}

/* ---- Figures ---- */

static double share(uint64_t part, uint64_t whole) {
  return whole ? (double)part / (double)whole : -1;
}

void mf_progress_load(mf_progress *p, const mf_load_stats *s, double seconds) {
  bool measured = s->latency.count > 0;
  p->running = (mf_figures){
      .known = true,
      .requests = (double)s->requests,
      .error_rate = share(s->errors, s->requests),
      .rate = seconds > 0 ? (double)s->requests / seconds : -1,
      .avg_ms = measured ? mf_histogram_mean(&s->latency) / 1e6 : -1,
      .p95_ms = measured ? (double)mf_histogram_quantile(&s->latency, 0.95) / 1e6 : -1,
  };
}

static void warn(mf_progress *p, mf_str text, int64_t now_ns) {
  begin_line(p, now_ns);
  put(p, "warning");
  put_reason(p, text);
  end_line(p);
}

void mf_progress_outcome(mf_progress *p, const mf_effect *effect, const mf_value *outcome,
                         int64_t now_ns) {
  const mf_value *metrics = mf_map_get(outcome, MF_STR("metrics"));
  mf_str warning = mf_map_str(outcome, "warning", "");
  if (p->shown && warning.n) warn(p, warning, now_ns);
  if (!p->shown || !metrics) return;
  p->finished = (mf_figures){
      .known = true,
      .task = effect->task,
      .requests = mf_map_number(metrics, "requests", 0),
      .error_rate = mf_map_number(metrics, "error_rate", -1),
      .rate = mf_map_number(metrics, "throughput", -1),
      .avg_ms = mf_map_number(metrics, "avg_latency", -1),
      .p95_ms = mf_map_number(metrics, "latency_p95", -1),
  };
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
  if (!p->shown) return;
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

static mf_str next_line(mf_str *rest) {
  const char *end = memchr(rest->p, '\n', rest->n);
  mf_str line = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
  size_t used = line.n + (end != NULL);
  *rest = (mf_str){rest->p + used, rest->n - used};
  return line;
}

static void put_place(mf_progress *p, const char *what, mf_str place) {
  if (place.n == 0) return;
  put(p, what);
  put_name(p, place);
  put(p, "\n");
}

void mf_progress_verdict(mf_progress *p, const mf_ending *e) {
  erase_status(p);
  mf_buf_clear(&p->step);
  mf_buf_add_str(&p->text, e->summary);
  if (e->summary.n) put(p, "\n");
  put_colored(p, e->exit_code ? "1;31" : "1;32", e->exit_code ? "FAILED" : "PASSED");
  put(p, " in ");
  put_seconds(&p->text, e->seconds);
  put_counts(p, e->verdict);
  put(p, "\n");
  if (e->exit_code) {
    put(p, "because: ");
    put_name(p, e->reasons);
    mf_buf_printf(&p->text, " (exit code %d)\n", e->exit_code);
  }
  put_target(p, e->target, e->time_scale);
  for (mf_str rest = e->reports; rest.n > 0;) put_place(p, "report: ", next_line(&rest));
  put_place(p, "journal: ", mf_str_of(e->journal));
  mf_progress_flush(p);
}

void mf_progress_init(mf_progress *p, const mf_run_options *o, const mf_alloc *alloc, mf_loop *loop,
                      int64_t start_ns) {
  *p = (mf_progress){.out = o->out, .loop = loop, .start_ns = start_ns};
  p->shown = o->progress != MF_PROGRESS_NONE;
  p->live = o->progress == MF_PROGRESS_AUTO && o->terminal;
  p->color = o->color;
  p->redraw = (mf_timer){.fire = redraw, .ctx = p};
  mf_buf_init(&p->text, alloc, 0);
  mf_buf_init(&p->step, alloc, 0);
}

void mf_progress_fini(mf_progress *p) {
  if (p->loop) mf_timer_clear(p->loop, &p->redraw);
  mf_buf_fini(&p->text);
  mf_buf_fini(&p->step);
}

void mf_progress_flush(mf_progress *p) {
  if (p->text.n > 0) p->out.write(p->out.ctx, p->text.p, p->text.n);
  mf_buf_clear(&p->text);
}
