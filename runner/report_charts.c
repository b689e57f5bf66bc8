/* SPDX-License-Identifier: MIT */
/* Charts: what the steps' loads measured, a bar for each step, and what was recorded,
 * over time.  All of it stands in a table as well, in numbers. */
#include "report_page.h"

#include <math.h>

enum {
  ROWS = 20, /* of one chart */
  ROW = 38,  /* pixels from one step to the next */
  BAR = 21,  /* first bar, from its row's top */
  THICK = 5, /* of one bar; two touch */
};

typedef struct chart {
  const char *id, *title, *text;
  const char *metric;
  const char *inner; /* a second metric, drawn above the first; NULL: none */
  double least;      /* what a whole bar stands for, at least */
  double factor;
  const char *unit;
  const char *class_of_bar; /* " failed", or "" */
} chart;

/* Steps whose value nobody measured have no row. */
static double value_of(mf_page *p, const mf_report_step *step, const char *metric) {
  mf_arena_mark mark = mf_arena_mark_get(&p->r->scratch);
  double d = mf_report_number_of(mf_report_parse(p->r, step->metrics), metric);
  mf_arena_release(&p->r->scratch, mark);
  return d;
}

static double greatest(mf_page *p, const chart *c, uint64_t *count) {
  double most = c->least;
  *count = 0;
  for (const mf_report_step *step = p->r->first_step; step; step = step->next) {
    double d = value_of(p, step, c->metric);
    if (isnan(d)) continue;
    ++*count;
    if (*count <= ROWS && d > most) most = d;
  }
  return most;
}

static void put_bar(mf_page *p, const char *more, double y, double d, double most) {
  mf_page_raw(p, "<rect rx=\"2\" class=\"bar");
  mf_page_raw(p, more);
  mf_page_raw(p, "\"");
  mf_page_coordinate(p, "width", mf_page_share(d, most), "%");
  mf_page_coordinate(p, "y", y, "");
  mf_page_coordinate(p, "height", THICK, "");
  mf_page_raw(p, "/>");
}

static void put_row(mf_page *p, const chart *c, const mf_report_step *step, double y, double most) {
  double d = value_of(p, step, c->metric);
  double inner = c->inner ? value_of(p, step, c->inner) : NAN;
  mf_page_row_label(p, step->name, mf_report_turns(step->path), y);
  if (!isnan(inner)) {
    mf_page_fixed(p, inner * c->factor, 2);
    mf_page_raw(p, " / ");
  }
  mf_page_fixed(p, d * c->factor, 2);
  mf_page_raw(p, c->unit);
  mf_page_raw(p, "</text><rect class=\"track\" width=\"100%\" rx=\"2\"");
  mf_page_coordinate(p, "y", y + BAR, "");
  mf_page_coordinate(p, "height", c->inner ? 2 * THICK : THICK, "");
  mf_page_raw(p, "/>");
  if (!isnan(inner)) put_bar(p, "", y + BAR, inner, most);
  put_bar(p, c->class_of_bar, c->inner ? y + BAR + THICK : y + BAR, d, most);
  mf_page_raw(p, "\n");
}

static void put_caption(mf_page *p, const chart *c) {
  mf_page_raw(p, "<figure>\n<figcaption>");
  mf_page_raw(p, c->title);
  if (c->inner)
    mf_page_raw(p,
                "<span class=\"key\"></span>mean<span class=\"key high\"></span>95th percentile");
  mf_page_raw(p, "</figcaption>\n");
}

static void put_chart(mf_page *p, const chart *c) {
  uint64_t count;
  double most = greatest(p, c, &count), y = 0;
  uint64_t rows = count < ROWS ? count : ROWS;
  if (count == 0) return;
  put_caption(p, c);
  mf_page_raw(p, "<svg class=\"timeline\" role=\"img\" aria-labelledby=\"");
  mf_page_raw(p, c->id);
  mf_page_raw(p, "\" width=\"100%\"");
  mf_page_coordinate(p, "height", (double)(rows * ROW), "");
  mf_page_raw(p, ">\n<title id=\"");
  mf_page_raw(p, c->id);
  mf_page_raw(p, "\">");
  mf_page_raw(p, c->text);
  mf_page_raw(p, "</title>\n");
  for (const mf_report_step *step = p->r->first_step; step && rows > 0; step = step->next) {
    if (isnan(value_of(p, step, c->metric))) continue;
    put_row(p, c, step, y, most);
    y += ROW;
    rows--;
  }
  mf_page_raw(p, "</svg>\n");
  mf_page_rest(p, count, count < ROWS ? count : ROWS);
  mf_page_raw(p, "</figure>\n");
}

static bool is_measured(mf_page *p, const char *metric) {
  for (const mf_report_step *step = p->r->first_step; step; step = step->next)
    if (!isnan(value_of(p, step, metric))) return true;
  return false;
}

static void put_step_charts(mf_page *p) {
  static const chart charts[] = {
      {"chart-latency", "Latency",
       "Mean and 95th percentile of the latency of each step; the table "
       "of steps has the numbers.",
       "latency_p95", "avg_latency", 1e-3, 1, " ms", " high"},
      {"chart-errors", "Error rate",
       "Share of requests that failed, of each step; the table of "
       "steps has the numbers.",
       "error_rate", NULL, 0.05, 100, " %", " failed"},
      {"chart-throughput", "Throughput",
       "Requests per second, of each step; the details of steps "
       "have the numbers.",
       "throughput", NULL, 1e-3, 1, " /s", ""},
  };
  bool any = false;
  for (size_t i = 0; i < sizeof charts / sizeof *charts; i++)
    any = any || is_measured(p, charts[i].metric);
  if (!any) return;
  mf_page_section(p, "charts", "Measured", 0);
  mf_page_raw(p, "<div class=\"charts\">\n");
  for (size_t i = 0; i < sizeof charts / sizeof *charts; i++) put_chart(p, &charts[i]);
  mf_page_raw(p, "</div>\n");
  mf_page_section_end(p);
}

/* ---- Recorded metrics over time ---- */

/* A value alone is no line: the table of metrics has it. */
static bool is_line(const mf_report_series *s) { return s->kept > 1; }

static const double wide = 1000, high = 100; /* of a line's own coordinates */

static void put_line(mf_page *p, const mf_report_series *s, double total) {
  double range = s->greatest - s->least;
  mf_page_raw(p, "<polyline points=\"");
  for (uint32_t i = 0; i < s->kept; i++) {
    double x = mf_page_share(s->points[i].at, total) / 100;
    double y = range > 0 ? (s->points[i].value - s->least) / range : 0.5;
    if (i > 0) mf_page_raw(p, " ");
    mf_page_fixed(p, x * wide, 1);
    mf_page_raw(p, ",");
    mf_page_fixed(p, high - y * high, 1);
  }
  mf_page_raw(p, "\"/>\n");
}

static void put_series(mf_page *p, const mf_report_series *s, double total) {
  mf_page_raw(p, "<figure>\n<figcaption>");
  mf_page_name(p, s->name);
  mf_page_raw(p,
              "</figcaption>\n<svg class=\"line\" role=\"img\" viewBox=\"0 -4 1000 108\" "
              "preserveAspectRatio=\"none\">\n<title>");
  mf_page_text(p, s->name);
  mf_page_raw(p, " over the run, from ");
  mf_report_number(p->out, s->least);
  mf_page_raw(p, " to ");
  mf_report_number(p->out, s->greatest);
  mf_page_raw(p, "</title>\n");
  put_line(p, s, total);
  mf_page_raw(p, "</svg>\n</figure>\n");
}

static void put_cell(mf_page *p, const char *label, double d) {
  mf_page_raw(p, "<td class=\"num\" data-label=\"");
  mf_page_raw(p, label);
  mf_page_raw(p, "\">");
  mf_report_number(p->out, d);
  mf_page_raw(p, "</td>");
}

static void put_series_row(mf_page *p, const mf_report_series *s) {
  mf_page_raw(p, "<tr><th scope=\"row\">");
  mf_page_name(p, s->name);
  mf_page_raw(p, "</th><td class=\"num\" data-label=\"Values\">");
  mf_page_count(p, s->total);
  mf_page_raw(p, "</td>");
  put_cell(p, "First", s->points[0].value);
  put_cell(p, "Least", s->least);
  put_cell(p, "Greatest", s->greatest);
  put_cell(p, "Last", s->last);
  mf_page_raw(p, "</tr>\n");
}

static void put_recorded(mf_page *p) {
  static const char *const columns[] = {"Metric", "Values", "First", "Least", "Greatest", "Last"};
  const mf_report *r = p->r;
  uint32_t lines = 0;
  for (uint32_t i = 0; i < r->series_count; i++) lines += is_line(&r->series[i]);
  if (lines == 0) return;
  mf_page_section(p, "recorded", "Recorded over time", lines);
  mf_page_raw(p, "<div class=\"charts\">\n");
  for (uint32_t i = 0; i < r->series_count; i++)
    if (is_line(&r->series[i])) put_series(p, &r->series[i], mf_report_duration(r));
  mf_page_raw(p, "</div>\n");
  mf_page_table(p, "effects", columns, 6);
  for (uint32_t i = 0; i < r->series_count; i++)
    if (is_line(&r->series[i])) put_series_row(p, &r->series[i]);
  mf_page_table_end(p);
  mf_page_section_end(p);
}

void mf_page_charts(mf_page *p) {
  put_step_charts(p);
  put_recorded(p);
}
