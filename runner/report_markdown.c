/* SPDX-License-Identifier: MIT */
/* The Markdown report: a summary that fits into a comment on a pull request.  Names
 * are escaped; what does not fit is counted. */
#include "report_escape.h"
#include "report_model.h"

#include <math.h>

enum {
  STEPS = 50,      /* rows of the table */
  ASSERTIONS = 15, /* of those that did not hold */
  MESSAGES = 10,   /* of errors, of warnings */
  EXPLAINED = 3,   /* assertions whose conditions are told */
  PARTS = 10,      /* of such a condition */
  PART = 48,       /* bytes of its text, of its value */
  NAME = 120,      /* bytes of a name or value */
  SENTENCE = 360,  /* of a reason or message */
};

typedef struct note {
  mf_report *r;
  mf_buf *out;
} note;

/* ---- Text ---- */

static void raw(note *n, const char *markup) { mf_buf_puts(n->out, markup); }

/* At most `max` bytes of s, and twice as many when they are escaped. */
static void put_cut(note *n, mf_str s, size_t max) {
  mf_buf text;
  mf_buf_init(&text, &n->r->alloc, 0);
  mf_str head = mf_report_prefix(s, max);
  mf_escape_markdown(&text, head);
  while (text.n > 2 * max) {
    head = mf_report_prefix(s, head.n / 2);
    mf_buf_clear(&text);
    mf_escape_markdown(&text, head);
  }
  mf_buf_add_str(n->out, mf_buf_str(&text));
  if (head.n < s.n) raw(n, "\xE2\x80\xA6");
  if (text.failed) n->out->failed = true;
  mf_buf_fini(&text);
}

static void put_name(note *n, mf_str s) { put_cut(n, s.n ? s : MF_STR("(no name)"), NAME); }

static void put_id(note *n, mf_str id) {
  if (id.n == 0) return;
  raw(n, " (id ");
  put_cut(n, id, NAME);
  raw(n, ")");
}

static void put_count(note *n, uint64_t count) {
  char text[24];
  mf_buf_add(n->out, text, mf_format_uint(count, text));
}

static void put_rest(note *n, uint64_t total, uint64_t shown) {
  if (total <= shown) return;
  raw(n, "\n\xE2\x80\xA6 and ");
  put_count(n, total - shown);
  raw(n, " more\n");
}

static void put_word(note *n, const char *word) {
  raw(n, strcmp(word, "no_data") == 0 ? "no data" : word);
}

/* ---- The verdict ---- */

static void put_verdict(note *n) {
  static const char *const words[] = {"PASSED", "FAILED", "NO DATA", "UNFINISHED"};
  mf_report_reasons why;
  mf_report_reasons_get(n->r, &why);
  raw(n, "## ");
  raw(n, words[mf_report_verdict_of(n->r)]);
  raw(n, ": ");
  put_name(n, n->r->name);
  raw(n, "\n");
  if (why.count) raw(n, "\n");
  for (uint32_t i = 0; i < why.count; i++) {
    raw(n, "- ");
    put_cut(n, why.items[i], SENTENCE);
    raw(n, "\n");
  }
}

static void put_figures(note *n) {
  mf_report *r = n->r;
  raw(n,
      "\n| Duration | Steps passed | Assertions passed | Warnings | Target |\n"
      "| ---: | ---: | ---: | ---: | :--- |\n| ");
  mf_report_length(n->out, mf_report_duration(r));
  raw(n, " | ");
  put_count(n, r->by_outcome[MF_OUTCOME_PASSED]);
  raw(n, " of ");
  put_count(n, r->steps);
  raw(n, " | ");
  put_count(n, r->assertions_passed);
  raw(n, " of ");
  put_count(n, r->assertions_judged);
  raw(n, " | ");
  put_count(n, r->warnings.total);
  raw(n, " | ");
  put_name(n, r->target_url.n ? r->target_url : r->target_kind);
  if (mf_str_is(r->target_kind, "sample")) raw(n, " (built-in sample service)");
  if (r->time_scale != 1) raw(n, ", time scaled \xC3\x97");
  if (r->time_scale != 1) mf_report_number(n->out, r->time_scale);
  if (r->overrides.n) raw(n, ", loads overridden: ");
  if (r->overrides.n) mf_report_overrides(r, n->out);
  raw(n, " |\n");
}

/* ---- Steps ---- */

static void put_figure(note *n, const mf_json *metrics, const char *key, double factor,
                       unsigned decimals, const char *unit) {
  double d = mf_report_number_of(metrics, key);
  raw(n, " |");
  if (isnan(d)) return;
  raw(n, " ");
  mf_report_fixed(n->out, d * factor, decimals);
  raw(n, unit);
}

static void put_step(note *n, const mf_report_step *step) {
  mf_arena_mark mark = mf_arena_mark_get(&n->r->scratch);
  const mf_json *metrics = mf_report_parse(n->r, step->metrics);
  raw(n, "| ");
  put_name(n, step->name);
  put_id(n, step->id);
  if (step->attempt > 1 || step->retried) raw(n, " (attempt ");
  if (step->attempt > 1 || step->retried) put_count(n, step->attempt);
  if (step->attempt > 1 || step->retried) raw(n, ")");
  raw(n, " | ");
  put_word(n, mf_report_step_word(step));
  raw(n, " | ");
  mf_report_length(n->out, mf_report_step_length(n->r, step));
  raw(n, " | ");
  put_count(n, step->passed);
  raw(n, " of ");
  put_count(n, step->judged);
  put_figure(n, metrics, "requests", 1, 0, "");
  put_figure(n, metrics, "error_rate", 100, 2, " %");
  put_figure(n, metrics, "latency_p95", 1, 2, " ms");
  raw(n, " |\n");
  mf_arena_release(&n->r->scratch, mark);
}

static void put_steps(note *n) {
  uint32_t shown = 0;
  if (n->r->steps == 0) return;
  raw(n,
      "\n### Steps\n\n"
      "| Step | Status | Duration | Assertions | Requests | Error rate | p95 latency |\n"
      "| :--- | :--- | ---: | ---: | ---: | ---: | ---: |\n");
  const mf_report_step *step = n->r->first_step;
  for (; step && shown < STEPS; step = step->next, shown++) put_step(n, step);
  put_rest(n, n->r->steps, shown);
}

/* ---- The rest ---- */

static bool is_unmet(const mf_report_item *item) {
  return item->outcome == MF_OUTCOME_FAILED || item->outcome == MF_OUTCOME_NO_DATA;
}

static void put_node(note *n, mf_json *node, bool expected, size_t max) {
  mf_buf text;
  mf_buf_init(&text, &n->r->alloc, 0);
  mf_report_value(n->r, &text, node, expected);
  put_cut(n, mf_buf_str(&text), max);
  if (text.failed) n->out->failed = true;
  mf_buf_fini(&text);
}

static void put_value(note *n, mf_report_json json, bool expected) {
  put_node(n, mf_report_parse(n->r, json), expected, NAME);
}

static void put_assertion(note *n, const mf_report_item *item) {
  mf_arena_mark mark = mf_arena_mark_get(&n->r->scratch);
  raw(n, "| ");
  put_name(n, item->name);
  put_id(n, item->id);
  raw(n, " | ");
  put_word(n, mf_outcome_word(item->outcome));
  raw(n, " | ");
  put_value(n, item->actual, false);
  raw(n, " | ");
  put_value(n, item->expected, true);
  raw(n, " |\n");
  mf_arena_release(&n->r->scratch, mark);
}

static void put_unmet(note *n, const mf_report_list *list, uint64_t *shown, uint64_t *total) {
  for (const mf_report_item *item = list->first; item; item = item->next) {
    if (!is_unmet(item) || mf_report_is_steady_check(item->path)) continue;
    if (*total == 0)
      raw(n,
          "\n### Assertions that did not hold\n\n"
          "| Assertion | Outcome | Actual | Expected |\n| :--- | :--- | :--- | :--- |\n");
    if (++*total <= ASSERTIONS) put_assertion(n, item);
  }
  *shown = *total < ASSERTIONS ? *total : ASSERTIONS;
}

/* The parts of its condition, as lists in lists. */
static void put_parts(note *n, const mf_report_item *item) {
  mf_arena_mark mark = mf_arena_mark_get(&n->r->scratch);
  mf_report_part part = mf_report_part_first(n->r, item->parts);
  unsigned shown = 0;
  raw(n, "\nWhy ");
  put_name(n, item->name);
  raw(n, ":\n\n");
  for (; part.node && shown < PARTS; part = mf_report_part_next(&part), shown++) {
    for (uint32_t i = 0; i < part.depth; i++) raw(n, "  ");
    raw(n, "- ");
    put_cut(n, part.text, PART);
    raw(n, " = ");
    put_node(n, part.value, false, PART);
    raw(n, "\n");
  }
  if (part.node) raw(n, "- \xE2\x80\xA6\n");
  mf_arena_release(&n->r->scratch, mark);
}

/* Of a comparison with one name the table has said it all. */
static bool tells_more(note *n, const mf_report_item *item) {
  mf_arena_mark mark = mf_arena_mark_get(&n->r->scratch);
  mf_report_part part = mf_report_part_first(n->r, item->parts);
  unsigned count = 0;
  for (; part.node && count < 3; part = mf_report_part_next(&part)) count++;
  mf_arena_release(&n->r->scratch, mark);
  return count > 2;
}

static void explain_unmet(note *n, const mf_report_list *list, unsigned *explained) {
  for (const mf_report_item *item = list->first; item && *explained < EXPLAINED; item = item->next)
    if (is_unmet(item) && !mf_report_is_steady_check(item->path) && tells_more(n, item))
      put_parts(n, item), ++*explained;
}

static void put_assertions(note *n) {
  uint64_t shown = 0, total = 0;
  unsigned explained = 0;
  for (const mf_report_step *step = n->r->first_step; step; step = step->next)
    if (!step->retried) put_unmet(n, &step->assertions, &shown, &total);
  put_unmet(n, &n->r->assertions, &shown, &total);
  put_rest(n, total, shown);
  for (const mf_report_step *step = n->r->first_step; step; step = step->next)
    if (!step->retried) explain_unmet(n, &step->assertions, &explained);
  explain_unmet(n, &n->r->assertions, &explained);
}

static void put_watch(note *n, const mf_report_item *item) {
  mf_arena_mark mark = mf_arena_mark_get(&n->r->scratch);
  raw(n, "| ");
  put_name(n, item->name);
  raw(n, " | ");
  put_word(n, mf_outcome_word(item->outcome));
  raw(n, " | ");
  put_value(n, item->actual, false);
  raw(n, " | ");
  put_cut(n, item->text, SENTENCE);
  raw(n, " |\n");
  mf_arena_release(&n->r->scratch, mark);
}

static void put_unmet_watches(note *n, const mf_report_list *list, uint64_t *total) {
  for (const mf_report_item *item = list->first; item; item = item->next) {
    if (!is_unmet(item) || mf_report_watch_is_past(item)) continue;
    if (*total == 0)
      raw(n,
          "\n### Checks and thresholds that did not hold\n\n"
          "| Name | Outcome | Value | Why |\n| :--- | :--- | :--- | :--- |\n");
    if (++*total <= ASSERTIONS) put_watch(n, item);
  }
}

static void put_watches(note *n) {
  uint64_t total = 0;
  put_unmet_watches(n, &n->r->thresholds, &total);
  put_unmet_watches(n, &n->r->checks, &total);
  put_rest(n, total, total < ASSERTIONS ? total : ASSERTIONS);
}

static void put_messages(note *n, const char *heading, const mf_report_list *list) {
  uint32_t shown = 0;
  if (list->total == 0) return;
  raw(n, heading);
  const mf_report_item *item = list->first;
  for (; item && shown < MESSAGES; item = item->next, shown++) {
    raw(n, "- ");
    put_cut(n, item->text, SENTENCE);
    raw(n, "\n");
  }
  put_rest(n, list->total, shown);
}

static void put_footer(note *n) {
  raw(n, "\nRun ");
  put_name(n, n->r->run_id);
  raw(n, " of ");
  put_name(n, n->r->source);
  raw(n, ", started ");
  put_name(n, n->r->start_wall.n ? n->r->start_wall : MF_STR("at an unknown time"));
  raw(n, ".\n");
}

void mf_report_write_markdown(mf_report *r, mf_buf *out) {
  note n = {r, out};
  put_verdict(&n);
  put_figures(&n);
  put_steps(&n);
  put_assertions(&n);
  put_watches(&n);
  put_messages(&n, "\n### Errors\n\n", &r->errors);
  put_messages(&n, "\n### Warnings\n\n", &r->warnings);
  put_footer(&n);
}
