/* SPDX-License-Identifier: MIT */
/* The timeline: an inline SVG whose x coordinates are percentages and whose y
 * coordinates are pixels, so that it fits any width without stretching text. */
#include "report_page.h"

enum {
  ROWS = 60,  /* bars drawn; the table lists all steps */
  ROW = 36,   /* pixels from one step to the next */
  LABEL = 14, /* baseline of a step's text, from its row's top */
  BAR = 21,
  THICK = 8,
  AXIS = 22,        /* below the last row */
  LABEL_CELLS = 90, /* widest label, where a CJK character takes two */
};

void mf_page_coordinate(mf_page *p, const char *name, double d, const char *unit) {
  mf_page_raw(p, " ");
  mf_page_raw(p, name);
  mf_page_raw(p, "=\"");
  mf_page_fixed(p, d, unit[0] ? 3 : 0);
  mf_page_raw(p, unit);
  mf_page_raw(p, "\"");
}

double mf_page_share(double part, double total) {
  double percent = part / total * 100;
  return percent < 0 ? 0 : percent > 100 ? 100 : percent;
}

/* As much of a name as a wide screen has room for. */
static mf_str label_of(mf_str name) {
  size_t at = 0;
  unsigned cells = 0;
  while (at < name.n) {
    uint32_t c;
    size_t n = mf_utf8_length(name.p + at, name.n - at);
    if (n == 0) break;
    mf_utf8_decode(name.p + at, &c);
    cells += c >= 0x1100 ? 2 : 1;
    if (cells > LABEL_CELLS) break;
    at += n;
  }
  return (mf_str){name.p, at};
}

/* An inner svg clips: narrow screens have no room for long names. */
void mf_page_row_label(mf_page *p, mf_str name, mf_str turns, double y) {
  mf_str label = label_of(name);
  mf_page_raw(p, "<svg width=\"78%\"");
  mf_page_coordinate(p, "y", y, "");
  mf_page_coordinate(p, "height", BAR - 2, "");
  mf_page_raw(p, "><text");
  mf_page_coordinate(p, "y", LABEL, "");
  mf_page_raw(p, ">");
  mf_page_text(p, label);
  if (label.n < name.n) mf_page_raw(p, "\xE2\x80\xA6");
  if (turns.n) mf_page_raw(p, " \xC2\xB7 turn ");
  mf_page_text(p, turns);
  mf_page_raw(p, "</text></svg><text class=\"time\" x=\"100%\"");
  mf_page_coordinate(p, "y", y + LABEL, "");
  mf_page_raw(p, ">");
}

static void put_label(mf_page *p, const mf_report_step *step, double y) {
  mf_page_row_label(p, step->name, mf_report_turns(step->path), y);
  if (step->finished && step->outcome == MF_OUTCOME_SKIPPED)
    mf_page_raw(p, "skipped");
  else
    mf_report_length(p->out, mf_report_step_length(p->r, step));
  mf_page_raw(p, "</text>");
}

static void put_bar(mf_page *p, const mf_report_step *step, double y, double total) {
  const double least = 0.6; /* percent: enough to be seen */
  double end = step->finished ? step->to : p->r->last_at;
  double x = mf_page_share(step->from, total), width = mf_page_share(end, total) - x;
  if (width < least) width = least;
  if (x > 100 - width) x = 100 - width;
  mf_page_raw(p, "<rect class=\"track\" width=\"100%\" rx=\"4\"");
  mf_page_coordinate(p, "y", y + BAR, "");
  mf_page_coordinate(p, "height", THICK, "");
  mf_page_raw(p, "/><rect rx=\"4\" class=\"bar ");
  mf_page_raw(p, mf_report_step_word(step));
  mf_page_raw(p, "\"");
  mf_page_coordinate(p, "x", x, "%");
  mf_page_coordinate(p, "width", width, "%");
  mf_page_coordinate(p, "y", y + BAR, "");
  mf_page_coordinate(p, "height", THICK, "");
  mf_page_raw(p, "><title>");
  mf_page_text(p, step->name);
  mf_page_raw(p, ": ");
  mf_page_raw(p, mf_report_step_word(step));
  mf_page_raw(p, "</title></rect>\n");
}

/* The least of 1, 2, 5, 10 ... that leaves at most four ticks inside. */
static double tick_length(double total) {
  static const double steps[] = {1, 2, 5};
  for (double power = 1e-3;; power *= 10)
    for (int i = 0; i < 3; i++)
      if (steps[i] * power * 5 >= total) return steps[i] * power;
}

static void put_tick(mf_page *p, double at, double total, double height) {
  mf_page_raw(p, "<line class=\"tick\" y1=\"0\"");
  mf_page_coordinate(p, "x1", mf_page_share(at, total), "%");
  mf_page_coordinate(p, "x2", mf_page_share(at, total), "%");
  mf_page_coordinate(p, "y2", height - AXIS + 4, "");
  mf_page_raw(p, at == 0 ? "/><text class=\"axis first\"" : "/><text class=\"axis\"");
  mf_page_coordinate(p, "x", mf_page_share(at, total), "%");
  mf_page_coordinate(p, "y", height - 4, "");
  mf_page_raw(p, ">");
  mf_report_number(p->out, at);
  mf_page_raw(p, " s</text>\n");
}

void mf_page_axis(mf_page *p, double total, double height) {
  double length = tick_length(total);
  for (unsigned i = 0; i <= 5; i++)
    if (mf_page_share(length * i, total) <= 95) put_tick(p, length * i, total, height);
}

/* The whole run, and steps whose clock went on longer. */
double mf_page_time(const mf_page *p) {
  const mf_report *r = p->r;
  double total = mf_report_duration(r);
  for (const mf_report_step *step = r->first_step; step; step = step->next)
    if (step->to > total) total = step->to;
  return total;
}

void mf_page_timeline(mf_page *p) {
  mf_report *r = p->r;
  double total = mf_page_time(p), y = 0;
  uint32_t rows = r->steps_kept < ROWS ? r->steps_kept : ROWS;
  double height = rows * (double)ROW + AXIS;
  if (rows == 0 || total <= 0) return;
  mf_page_section(p, "timeline", "Timeline", 0);
  mf_page_raw(p,
              "<svg class=\"timeline\" role=\"img\" aria-labelledby=\"timeline timeline-text\" "
              "width=\"100%\"");
  mf_page_coordinate(p, "height", height, "");
  mf_page_raw(p,
              ">\n<desc id=\"timeline-text\">When each step ran, and how long. The table "
              "of steps has the numbers.</desc>\n");
  mf_page_axis(p, total, height);
  for (const mf_report_step *step = r->first_step; step && y < rows * (double)ROW;
       step = step->next, y += ROW) {
    put_label(p, step, y);
    put_bar(p, step, y, total);
  }
  mf_page_raw(p, "</svg>\n");
  mf_page_rest(p, r->steps, rows);
  mf_page_section_end(p);
}
