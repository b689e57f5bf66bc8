/* report_page - what the parts of the HTML report share.
 *
 * Only mf_page_raw writes markup, and only from literals; everything that came
 * from a document or from the world goes through mf_page_text. */
#ifndef MF_RUNNER_REPORT_PAGE_H
#define MF_RUNNER_REPORT_PAGE_H
#include "report_model.h"

typedef struct mf_page {
  mf_report *r;
  mf_buf *out;
} mf_page;

/* ---- report_parts.c ---- */

static inline void mf_page_raw(mf_page *p, const char *markup) { mf_buf_puts(p->out, markup); }
/* Escaped for element content and for quoted attributes alike.  Control
 * characters become their pictures, and characters that could turn the reading
 * direction their code, so that no name can pass for something else. */
void mf_page_text(mf_page *p, mf_str s);
/* The same, isolated from the direction of the text around it. */
void mf_page_name(mf_page *p, mf_str s);
/* " id x" of what is named so; nothing when it has none. */
void mf_page_id(mf_page *p, mf_str id, mf_str name);
/* The parts of conditions as lists in lists. */
void mf_page_reasons(mf_page *p, mf_report_json parts);
void mf_page_count(mf_page *p, uint64_t n);
/* "1 step", "2 steps". */
void mf_page_plural(mf_page *p, uint64_t n, const char *noun);
void mf_page_fixed(mf_page *p, double d, unsigned decimals);
/* A pill with the word of an outcome. */
void mf_page_badge(mf_page *p, const char *word);
/* A value in <code>, a dash when there is none.  Long ones are cut. */
void mf_page_value(mf_page *p, mf_report_json json, bool expected);
void mf_page_node(mf_page *p, mf_json *node);
/* A metric's value: two decimals, or three digits of a small one. */
void mf_page_metric(mf_page *p, mf_json *node);
/* An instant as "2026-02-03 10:15:30 UTC". */
void mf_page_instant(mf_page *p, mf_str wall);
/* "… and 12 more", if there are more than were kept. */
void mf_page_rest(mf_page *p, uint64_t total, uint64_t kept);
/* <table class=kind> with a row of column headers; closed by mf_page_table_end. */
void mf_page_table(mf_page *p, const char *kind, const char *const *columns, unsigned count);
void mf_page_table_end(mf_page *p);
/* <section> with its <h2>, and how many things are in it. */
void mf_page_section(mf_page *p, const char *id, const char *heading, uint64_t count);
void mf_page_section_end(mf_page *p);
/* Tables of assertions and of hooks with their actions. */
void mf_page_assertions(mf_page *p, const mf_report_list *list);
void mf_page_activity(mf_page *p, const mf_report_list *list);

/* ---- report_timeline.c ---- */

/* Drawings: x coordinates are percentages, y coordinates pixels. */
void mf_page_timeline(mf_page *p);
/* ` name="12.5%"`; `unit` may be "". */
void mf_page_coordinate(mf_page *p, const char *name, double d, const char *unit);
/* In percent, 0 to 100. */
double mf_page_share(double part, double total);
/* What the width of timelines stands for: seconds. */
double mf_page_time(const mf_page *p);
/* Ticks over `height` pixels, with their instants at the foot. */
void mf_page_axis(mf_page *p, double total, double height);
/* The name of a row that begins at y, with the turns it is of (n 0: none), and an open
 * <text> for its value. */
void mf_page_row_label(mf_page *p, mf_str name, mf_str turns, double y);

/* ---- report_steps.c, report_charts.c, report_loads.c, report_style.c ---- */

void mf_page_steps(mf_page *p);
void mf_page_step_details(mf_page *p);
void mf_page_charts(mf_page *p);
void mf_page_loads(mf_page *p);
/* The style sheet, line by line; NULL at the end. */
extern const char *const mf_report_style[];
#endif
