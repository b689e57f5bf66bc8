/* SPDX-License-Identifier: MIT */
/* The steps of an HTML report: their table, and the details of each. */
#include "report_page.h"

#include <math.h>

/* What a load's metrics tell at a glance; NaN: not measured. */
typedef struct figures {
  double requests, error_rate, average, p95;
} figures;

static bool is_measured(const figures *f) {
  return !isnan(f->requests) || !isnan(f->error_rate) || !isnan(f->average) || !isnan(f->p95);
}

static figures figures_of(mf_page *p, const mf_report_step *step) {
  mf_arena_mark mark = mf_arena_mark_get(&p->r->scratch);
  const mf_json *metrics = mf_report_parse(p->r, step->metrics);
  figures f = {mf_report_number_of(metrics, "requests"), mf_report_number_of(metrics, "error_rate"),
               mf_report_number_of(metrics, "avg_latency"),
               mf_report_number_of(metrics, "latency_p95")};
  mf_arena_release(&p->r->scratch, mark);
  return f;
}

/* Columns that no step could fill are left out. */
static bool any_measured(mf_page *p) {
  for (const mf_report_step *step = p->r->first_step; step; step = step->next) {
    figures f = figures_of(p, step);
    if (is_measured(&f)) return true;
  }
  return false;
}

/* A step that was skipped may have nothing behind it. */
static bool has_details(const mf_report_step *step) {
  return step->error.n || step->parts.n || step->metrics.n || step->assertions.total ||
         step->activity.total;
}

static bool is_skipped(const mf_report_step *step) {
  return step->finished && step->outcome == MF_OUTCOME_SKIPPED;
}

/* ---- The table ---- */

static void put_dash(mf_page *p) { mf_page_raw(p, "<span class=\"dim\">\xE2\x80\x93</span>"); }

/* A cell that is still to be filled, or one with a dash, which narrow screens
 * leave out. */
static void open_cell(mf_page *p, const char *label, bool filled) {
  mf_page_raw(p,
              filled ? "<td class=\"num\" data-label=\"" : "<td class=\"num empty\" data-label=\"");
  mf_page_raw(p, label);
  mf_page_raw(p, "\">");
  if (!filled) put_dash(p);
}

static void put_figure(mf_page *p, const char *label, double d, double factor, unsigned decimals,
                       const char *unit) {
  open_cell(p, label, !isnan(d));
  if (!isnan(d)) {
    mf_page_fixed(p, d * factor, decimals);
    mf_page_raw(p, unit);
  }
  mf_page_raw(p, "</td>");
}

static void put_figures(mf_page *p, const mf_report_step *step) {
  figures f = figures_of(p, step);
  put_figure(p, "Requests", f.requests, 1, 0, "");
  put_figure(p, "Error rate", f.error_rate, 100, 2, "\xC2\xA0%");
  put_figure(p, "Avg (ms)", f.average, 1, 2, "");
  put_figure(p, "p95 (ms)", f.p95, 1, 2, "");
}

static void put_link(mf_page *p, const mf_report_step *step) {
  if (has_details(step)) {
    mf_page_raw(p, "<a href=\"#step-");
    mf_page_count(p, step->number);
    mf_page_raw(p, "\">");
  }
  mf_page_name(p, step->name);
  if (has_details(step)) mf_page_raw(p, "</a>");
}

static void put_turns(mf_page *p, const mf_report_step *step) {
  mf_str turns = mf_report_turns(step->path);
  if (turns.n == 0) return;
  mf_page_raw(p, " <span class=\"dim\">turn ");
  mf_page_text(p, turns);
  mf_page_raw(p, "</span>");
}

static void put_attempt(mf_page *p, const mf_report_step *step) {
  put_turns(p, step);
  if (step->attempt < 2 && !step->retried) return;
  mf_page_raw(p, " <span class=\"dim\">attempt ");
  mf_page_count(p, step->attempt);
  mf_page_raw(p, "</span>");
}

static void put_assertions(mf_page *p, const mf_report_step *step) {
  mf_page_count(p, step->passed);
  mf_page_raw(p, "/");
  mf_page_count(p, step->judged);
}

static void put_row(mf_page *p, const mf_report_step *step, bool measured) {
  mf_page_raw(p, "<tr><th scope=\"row\">");
  put_link(p, step);
  mf_page_id(p, step->id, step->name);
  put_attempt(p, step);
  mf_page_raw(p, "</th><td>");
  mf_page_badge(p, mf_report_step_word(step));
  mf_page_raw(p, "</td>");
  open_cell(p, "Duration (s)", !is_skipped(step));
  if (!is_skipped(step)) mf_page_fixed(p, mf_report_step_length(p->r, step), 2);
  mf_page_raw(p, "</td>");
  open_cell(p, "Assertions", step->judged > 0);
  if (step->judged > 0) put_assertions(p, step);
  mf_page_raw(p, "</td>");
  if (measured) put_figures(p, step);
  mf_page_raw(p, "</tr>\n");
}

void mf_page_steps(mf_page *p) {
  static const char *const columns[] = {"Step",     "Status",     "Duration (s)", "Assertions",
                                        "Requests", "Error rate", "Avg (ms)",     "p95 (ms)"};
  if (p->r->steps == 0) return;
  bool measured = any_measured(p);
  mf_page_section(p, "steps", "Steps", p->r->steps);
  mf_page_table(p, "steps", columns, measured ? 8 : 4);
  for (const mf_report_step *step = p->r->first_step; step; step = step->next)
    put_row(p, step, measured);
  mf_page_table_end(p);
  mf_page_rest(p, p->r->steps, p->r->steps_kept);
  mf_page_section_end(p);
}

/* ---- Details ---- */

static void put_summary(mf_page *p, const mf_report_step *step) {
  mf_page_raw(p, "<summary><h3>");
  mf_page_name(p, step->name);
  put_attempt(p, step);
  mf_page_raw(p, "</h3><span class=\"facts\">");
  if (step->judged) {
    put_assertions(p, step);
    mf_page_raw(p, step->judged == 1 ? " assertion \xC2\xB7 " : " assertions \xC2\xB7 ");
  }
  mf_report_length(p->out, mf_report_step_length(p->r, step));
  mf_page_raw(p, "</span>");
  mf_page_badge(p, mf_report_step_word(step));
  mf_page_raw(p, "</summary>\n");
}

static void put_metrics(mf_page *p, const mf_report_step *step) {
  mf_arena_mark mark = mf_arena_mark_get(&p->r->scratch);
  const mf_json *metrics = mf_report_parse(p->r, step->metrics);
  if (metrics && metrics->kind == MF_JSON_MAP && metrics->as.first) {
    mf_page_raw(p, "<h4>Metrics</h4>\n<dl class=\"metrics\">\n");
    for (mf_json *metric = metrics->as.first; metric; metric = metric->next) {
      mf_page_raw(p, "<div><dt>");
      mf_page_name(p, metric->key);
      mf_page_raw(p, "</dt><dd>");
      mf_page_metric(p, metric);
      mf_page_raw(p, "</dd></div>\n");
    }
    mf_page_raw(p, "</dl>\n");
  }
  mf_arena_release(&p->r->scratch, mark);
}

/* A step that needs attention is open from the start. */
static bool is_open(const mf_report_step *step) {
  return !step->finished || (step->outcome != MF_OUTCOME_PASSED && !is_skipped(step));
}

/* An error that is one of the step's assertions stands in their table. */
static void put_error(mf_page *p, const mf_report_step *step) {
  bool told = step->assertions.total && mf_str_starts(step->error, MF_STR("assertion '"));
  if (step->error.n == 0 || told) return;
  mf_page_raw(p, "<p class=\"error\">");
  mf_page_name(p, step->error);
  mf_page_raw(p, "</p>\n");
}

static void put_details(mf_page *p, const mf_report_step *step) {
  mf_page_raw(p, "<details class=\"step\" id=\"step-");
  mf_page_count(p, step->number);
  mf_page_raw(p, is_open(step) ? "\" open>\n" : "\">\n");
  put_summary(p, step);
  mf_page_raw(p, "<div class=\"body\">\n<p class=\"path\">");
  mf_page_name(p, step->path);
  if (step->id.n) mf_page_raw(p, ",");
  mf_page_id(p, step->id, MF_STR(""));
  mf_page_raw(p, ", started ");
  mf_page_instant(p, step->started);
  mf_page_raw(p, "</p>\n");
  put_error(p, step);
  if (step->parts.n) mf_page_raw(p, "<h4>Condition</h4>\n");
  mf_page_reasons(p, step->parts);
  if (step->assertions.total) {
    mf_page_raw(p, "<h4>Assertions</h4>\n");
    mf_page_assertions(p, &step->assertions);
  }
  if (step->activity.total) {
    mf_page_raw(p, "<h4>Hooks and actions</h4>\n");
    mf_page_activity(p, &step->activity);
  }
  put_metrics(p, step);
  mf_page_raw(p, "</div>\n</details>\n");
}

static bool any_details(const mf_page *p) {
  const mf_report_step *step = p->r->first_step;
  while (step && !has_details(step)) step = step->next;
  return step != NULL;
}

void mf_page_step_details(mf_page *p) {
  if (!any_details(p)) return;
  mf_page_raw(p, "<section aria-labelledby=\"details\">\n<h2 id=\"details\">Step details</h2>\n");
  for (const mf_report_step *step = p->r->first_step; step; step = step->next)
    if (has_details(step)) put_details(p, step);
  mf_page_raw(p, "</section>\n");
}
