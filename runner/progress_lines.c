/* SPDX-License-Identifier: MIT */
/* Notices as lines that stay. */
#include <stdio.h>

#include "printable.h"
#include "progress_parts.h"

#define HAND_OUT_BYTES 16384u

/* ---- Lines that stay ---- */

static void begin_line(mf_progress *p, int64_t now_ns) {
  mf_live_erase(p);
  mf_buf_printf(&p->text, "%8.2fs  ", (double)now_ns / 1e9);
}

static void end_line(mf_progress *p) {
  put(p, "\n");
  if (p->text.n >= HAND_OUT_BYTES) mf_progress_hand_out(p);
}

static void put_reason(mf_progress *p, mf_str text) {
  if (text.n == 0) return;
  put(p, ": ");
  put_name(p, text);
}

void mf_line_text(mf_progress *p, const char *level, mf_str text, int64_t now_ns) {
  begin_line(p, now_ns);
  put(p, level);
  put_reason(p, text);
  end_line(p);
}

void mf_line_say(mf_progress *p, mf_str text, int64_t now_ns) {
  begin_line(p, now_ns);
  put_name(p, text);
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

/* ---- Notices ---- */

static void on_step_started(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  if (p->mode == MF_PROGRESS_LIVE) return;
  begin_line(p, now_ns);
  put_subject(p, "step", n);
  put(p, "started");
  if (n->attempt > 1) mf_buf_printf(&p->text, " (attempt %u)", n->attempt);
  end_line(p);
}

static void on_step_finished(mf_progress *p, const mf_notice *n, int64_t now_ns) {
  const mf_running *step = mf_running_find(p, n->path);
  begin_line(p, now_ns);
  put_subject(p, "step", n);
  put_outcome(p, n->outcome);
  if (n->outcome != MF_OUTCOME_SKIPPED) {
    put(p, " in ");
    mf_put_seconds(&p->text, n->duration);
  }
  if (step && step->finished.known) {
    put(p, ", ");
    mf_put_figures(&p->text, &step->finished);
  }
  put_reason(p, n->text);
  end_line(p);
}

/* One line in five seconds, where nothing can be drawn again. */
void mf_line_load(mf_progress *p, mf_running *load, int64_t now_ns) {
  const mf_figures *f = &load->load;
  if (now_ns - load->told_ns < MF_TOLD_NS) return;
  load->told_ns = now_ns;
  begin_line(p, now_ns);
  put(p, "step '");
  put_name(p, mf_str_of(load->name));
  put(p, "': ");
  mf_put_figures(&p->text, f);
  mf_buf_printf(&p->text, ", %u in flight", load->in_flight);
  if (load->checks_failed > 0)
    mf_buf_printf(&p->text, ", %llu checks failed", (unsigned long long)load->checks_failed);
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
  mf_put_seconds(&p->text, n->actual.as.d);
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

static void put_value(mf_progress *p, const mf_value *v) {
  mf_buf json;
  mf_json_writer w;
  mf_buf_init(&json, &p->text.alloc, 0);
  mf_json_write_init(&w, &json, 0);
  w.filter = p->filter;
  mf_value_write_json(&w, v);
  put_name(p, mf_buf_str(&json));
  mf_buf_fini(&json);
}

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

void mf_line_notice(mf_progress *p, const mf_notice *n, int64_t now_ns) {
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
