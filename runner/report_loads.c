/* SPDX-License-Identifier: MIT */
/* Loads over time: throughput, latency and the share of errors of each second, above
 * bands that say which step was under way.  x is the run's time in each of them. */
#include "report_page.h"

#include <math.h>

enum {
  TOP = 18,    /* of the plot, in pixels: above it stands what its top means */
  PLOT = 110,  /* height of the plot */
  FOOT = 22,   /* below it, for the axis */
  BANDS = 200, /* at most */
};
static const double wide = 1000, high = 100; /* of the lines' own coordinates */

typedef struct line {
  double (*value)(const mf_report_second *s); /* NaN: there is none */
  const char *class, *name;                   /* name: in the legend */
  const char *label;
} line;

typedef struct graph {
  const char *id, *title, *unit;
  double least; /* what the top stands for, at least */
  line lines[3];
  unsigned count;
} graph;

static double throughput(const mf_report_second *s) { return s->requests / s->seconds; }
static double errors(const mf_report_second *s) {
  return s->requests > 0 ? s->errors / s->requests * 100 : NAN;
}
static double p50(const mf_report_second *s) { return s->p50; }
static double p95(const mf_report_second *s) { return s->p95; }
static double p99(const mf_report_second *s) { return s->p99; }

static const graph graphs[] = {
    {"seconds-throughput",
     "Throughput",
     " /s",
     1e-3,
     {{throughput, "", "", "Requests per second"}},
     1},
    {"seconds-latency",
     "Latency",
     " ms",
     1e-3,
     {{p50, " low", "p50", "50th percentile, ms"},
      {p95, "", "p95", "95th percentile, ms"},
      {p99, " high", "p99", "99th percentile, ms"}},
     3},
    {"seconds-errors", "Error rate", " %", 5, {{errors, " failed", "", "Errors, %"}}, 1},
};
enum { GRAPHS = sizeof graphs / sizeof *graphs };

/* In percent. */
typedef struct band {
  double from, to;
} band;

static double end_of(const mf_page *p, const mf_report_step *step) {
  return step->finished ? step->to : p->r->last_at;
}

/* Steps that ran beside an earlier one have no band. */
static const mf_report_step *next_band(const mf_page *p, const mf_report_step *step, double after) {
  while (step && (step->from < after || end_of(p, step) <= step->from)) step = step->next;
  return step;
}

static void put_bands(mf_page *p, double total,
                      void (*put)(mf_page *p, const mf_report_step *step, band at, bool odd)) {
  double after = 0;
  const mf_report_step *step = next_band(p, p->r->first_step, after);
  for (unsigned i = 0; step && i < BANDS; i++) {
    after = end_of(p, step);
    put(p, step, (band){mf_page_share(step->from, total), mf_page_share(after, total)}, i % 2);
    step = next_band(p, step->next, after);
  }
}

static void put_band(mf_page *p, const mf_report_step *step, band at, bool odd) {
  if (at.to <= at.from) return;
  mf_page_raw(p, odd ? "<rect class=\"band odd\"" : "<rect class=\"band\"");
  mf_page_coordinate(p, "x", at.from, "%");
  mf_page_coordinate(p, "width", at.to - at.from, "%");
  mf_page_coordinate(p, "y", TOP, "");
  mf_page_coordinate(p, "height", PLOT, "");
  mf_page_raw(p, "><title>");
  mf_page_text(p, step->name);
  mf_page_raw(p, "</title></rect>\n");
}

/* ---- Lines ---- */

static void put_point(mf_page *p, const mf_report_second *s, double value, double total,
                      double most) {
  mf_page_fixed(p, mf_page_share(s->at - s->seconds / 2, total) / 100 * wide, 1);
  mf_page_raw(p, ",");
  mf_page_fixed(p, high - mf_page_share(value, most) / 100 * high, 1);
}

/* From here on, as far as there are values.  A point alone is a line of no length, which
 * its round ends make a dot. */
static void put_stretch(mf_page *p, const line *l, const mf_report_second *s, double total,
                        double most) {
  unsigned points = 0;
  mf_page_raw(p, "<polyline class=\"of");
  mf_page_raw(p, l->class);
  mf_page_raw(p, "\" points=\"");
  for (const mf_report_second *at = s; at; at = mf_report_seconds_next(p->r, at)) {
    const double value = l->value(at);
    if (isnan(value)) break;
    if (points++ > 0) mf_page_raw(p, " ");
    put_point(p, at, value, total, most);
  }
  if (points == 1) {
    mf_page_raw(p, " ");
    put_point(p, s, l->value(s), total, most);
  }
  mf_page_raw(p, "\"/>\n");
}

/* What it follows, or NULL. */
static const mf_report_second *before(const mf_report *r, const mf_report_second *second) {
  for (const mf_report_second *s = second; s-- > r->seconds;)
    if (mf_str_eq(s->path, second->path)) return mf_report_seconds_next(r, s) == second ? s : NULL;
  return NULL;
}

static void put_line(mf_page *p, const line *l, double total, double most) {
  const mf_report *r = p->r;
  for (uint32_t i = 0; i < r->seconds_count; i++) {
    const mf_report_second *s = &r->seconds[i];
    const mf_report_second *earlier = before(r, s);
    if (isnan(l->value(s)) || (earlier && !isnan(l->value(earlier)))) continue;
    put_stretch(p, l, s, total, most);
  }
}

/* ---- Graphs ---- */

typedef struct summary {
  double least, greatest;
  uint64_t count;
} summary;

static summary summary_of(const mf_page *p, const line *l) {
  summary sum = {INFINITY, -INFINITY, 0};
  for (uint32_t i = 0; i < p->r->seconds_count; i++) {
    const double value = l->value(&p->r->seconds[i]);
    if (isnan(value)) continue;
    sum.least = fmin(sum.least, value);
    sum.greatest = fmax(sum.greatest, value);
    sum.count++;
  }
  return sum;
}

static double top_of(const mf_page *p, const graph *g) {
  double most = g->least;
  for (unsigned i = 0; i < g->count; i++) most = fmax(most, summary_of(p, &g->lines[i]).greatest);
  return most;
}

/* Seconds are never quite a second long: more than three digits would be noise. */
static void put_figure(mf_page *p, double d) {
  if (d < 10)
    mf_report_number(p->out, d);
  else
    mf_page_fixed(p, d, d < 100 ? 1 : 0);
}

static void put_caption(mf_page *p, const graph *g) {
  mf_page_raw(p, "<figure>\n<figcaption>");
  mf_page_raw(p, g->title);
  for (unsigned i = 0; g->count > 1 && i < g->count; i++) {
    mf_page_raw(p, " <span class=\"what\"><span class=\"key of");
    mf_page_raw(p, g->lines[i].class);
    mf_page_raw(p, "\"></span>");
    mf_page_raw(p, g->lines[i].name);
    mf_page_raw(p, "</span>");
  }
  mf_page_raw(p, "</figcaption>\n");
}

static void put_top(mf_page *p, const graph *g, double most) {
  mf_page_raw(p, "<text class=\"axis first\"");
  mf_page_coordinate(p, "y", TOP - 6, "");
  mf_page_raw(p, ">");
  put_figure(p, most);
  mf_page_raw(p, g->unit);
  mf_page_raw(p, "</text>\n");
}

static void put_graph(mf_page *p, const graph *g, double total) {
  const double most = top_of(p, g);
  put_caption(p, g);
  mf_page_raw(p, "<svg class=\"timeline\" role=\"img\" aria-labelledby=\"");
  mf_page_raw(p, g->id);
  mf_page_raw(p, "\" width=\"100%\"");
  mf_page_coordinate(p, "height", TOP + PLOT + FOOT, "");
  mf_page_raw(p, ">\n<title id=\"");
  mf_page_raw(p, g->id);
  mf_page_raw(p, "\">");
  mf_page_raw(p, g->title);
  mf_page_raw(p, " of each second; the table has the numbers.</title>\n");
  put_bands(p, total, put_band);
  mf_page_axis(p, total, TOP + PLOT + FOOT);
  put_top(p, g, most);
  mf_page_raw(p, "<svg class=\"lines\" viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\"");
  mf_page_coordinate(p, "y", TOP, "");
  mf_page_coordinate(p, "height", PLOT, "");
  mf_page_raw(p, ">\n");
  for (unsigned i = 0; i < g->count; i++) put_line(p, &g->lines[i], total, most);
  mf_page_raw(p, "</svg>\n</svg>\n</figure>\n");
}

/* ---- Numbers ---- */

static void put_cell(mf_page *p, const char *label, double d) {
  mf_page_raw(p, "<td class=\"num\" data-label=\"");
  mf_page_raw(p, label);
  mf_page_raw(p, "\">");
  put_figure(p, d);
  mf_page_raw(p, "</td>");
}

static void put_row(mf_page *p, const line *l) {
  const summary sum = summary_of(p, l);
  if (sum.count == 0) return;
  mf_page_raw(p, "<tr><th scope=\"row\">");
  mf_page_raw(p, l->label);
  mf_page_raw(p, "</th>");
  put_cell(p, "Least", sum.least);
  put_cell(p, "Greatest", sum.greatest);
  mf_page_raw(p, "</tr>\n");
}

void mf_page_loads(mf_page *p) {
  static const char *const columns[] = {"In a second", "Least", "Greatest"};
  const double total = mf_page_time(p);
  if (p->r->seconds_count == 0 || total <= 0) return;
  mf_page_section(p, "seconds", "Loads over time", 0);
  for (unsigned i = 0; i < GRAPHS; i++) put_graph(p, &graphs[i], total);
  mf_page_table(p, "effects", columns, 3);
  for (unsigned i = 0; i < GRAPHS; i++)
    for (unsigned k = 0; k < graphs[i].count; k++) put_row(p, &graphs[i].lines[k]);
  mf_page_table_end(p);
  mf_page_section_end(p);
}
