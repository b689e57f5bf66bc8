/* SPDX-License-Identifier: MIT */
/* The HTML report: one file that fetches nothing and runs nothing. */
#include "report_page.h"

#include <math.h>

/* ---- Head ---- */

static void put_head(mf_page *p) {
  mf_page_raw(p,
              "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta http-equiv=\"Content-Security-Policy\" "
              "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"color-scheme\" content=\"light dark\">\n"
              "<meta name=\"referrer\" content=\"no-referrer\">\n"
              "<title>Chaos Orchestration Report: ");
  mf_page_text(p, p->r->name);
  mf_page_raw(p, "</title>\n<style>\n");
  for (const char *const *line = mf_report_style; *line; line++) {
    mf_page_raw(p, *line);
    mf_page_raw(p, "\n");
  }
  mf_page_raw(p, "</style>\n</head>\n");
}

static void put_title(mf_page *p) {
  mf_page_raw(p, "<header>\n<p class=\"kicker\">Chaos Orchestration Report</p>\n<h1>");
  mf_page_name(p, p->r->name);
  mf_page_raw(p, "</h1>\n</header>\n");
}

/* ---- Verdict ---- */

static const char *banner_word(mf_report_verdict verdict) {
  static const char *const words[] = {"PASSED", "FAILED", "NO DATA", "UNFINISHED"};
  return words[verdict];
}

/* A tick, a cross, a dash, three dots: told apart without colour. */
static const char *banner_sign(mf_report_verdict verdict) {
  static const char *const paths[] = {"M7 12.5l3.5 3.5L17 9", "M8 8l8 8M16 8l-8 8", "M7 12h10",
                                      "M7 12h.01M12 12h.01M17 12h.01"};
  return paths[verdict];
}

/* One true sentence for a run that passed. */
static void put_praise(mf_page *p) {
  const mf_report *r = p->r;
  bool skipped = r->by_outcome[MF_OUTCOME_SKIPPED] > 0;
  bool clean = r->by_outcome[MF_OUTCOME_PASSED] + r->by_outcome[MF_OUTCOME_SKIPPED] == r->steps &&
               r->assertions_passed == r->assertions_judged;
  mf_page_raw(p, "<p>");
  if (r->nothing_run)
    mf_page_raw(p, "Nothing was run, and that was allowed");
  else if (!clean)
    mf_page_raw(p, "What failed was allowed to");
  else if (r->steps == 0)
    mf_page_raw(p, "Everything that was run passed");
  else
    mf_page_raw(p, skipped ? "Every step that was run passed" : "Every step passed");
  if (clean && r->assertions_judged) mf_page_raw(p, ", and so did every assertion");
  if (r->warnings.total) {
    mf_page_raw(p, "; see ");
    mf_page_plural(p, r->warnings.total, "warning");
  }
  mf_page_raw(p, ".</p>\n");
}

static void put_reasons(mf_page *p) {
  mf_report_reasons why;
  mf_report_reasons_get(p->r, &why);
  if (why.count == 0) {
    put_praise(p);
    return;
  }
  mf_page_raw(p, "<ul>\n");
  for (uint32_t i = 0; i < why.count; i++) {
    mf_page_raw(p, "<li>");
    mf_page_name(p, why.items[i]);
    mf_page_raw(p, "</li>\n");
  }
  mf_page_raw(p, "</ul>\n");
}

static void put_banner(mf_page *p) {
  mf_report_verdict verdict = mf_report_verdict_of(p->r);
  mf_page_raw(p, "<section class=\"banner ");
  mf_page_raw(p, mf_report_verdict_word(verdict));
  mf_page_raw(p,
              "\" aria-labelledby=\"verdict\">\n<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\">"
              "<circle cx=\"12\" cy=\"12\" r=\"10\"/><path d=\"");
  mf_page_raw(p, banner_sign(verdict));
  mf_page_raw(p, "\"/></svg>\n<div>\n<h2 id=\"verdict\">");
  mf_page_raw(p, banner_word(verdict));
  mf_page_raw(p, "</h2>\n");
  put_reasons(p);
  mf_page_raw(p, "</div>\n</section>\n");
}

/* ---- Figures ---- */

static void open_tile(mf_page *p, const char *label) {
  mf_page_raw(p, "<div><dt>");
  mf_page_raw(p, label);
  mf_page_raw(p, "</dt><dd>");
}

static void close_tile(mf_page *p) { mf_page_raw(p, "</dd></div>\n"); }

/* "1 failed · 2 skipped", what there is of it. */
static void put_others(mf_page *p) {
  static const mf_outcome_kind kinds[] = {MF_OUTCOME_FAILED, MF_OUTCOME_NO_DATA, MF_OUTCOME_WARNING,
                                          MF_OUTCOME_INTERRUPTED, MF_OUTCOME_SKIPPED};
  const char *before = "<span class=\"sub\">";
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    uint64_t n = p->r->by_outcome[kinds[i]];
    if (n == 0) continue;
    mf_page_raw(p, before);
    mf_page_count(p, n);
    mf_page_raw(p, " ");
    mf_page_raw(p, kinds[i] == MF_OUTCOME_NO_DATA ? "no data" : mf_outcome_word(kinds[i]));
    before = " \xC2\xB7 ";
  }
  if (before[0] != '<') mf_page_raw(p, "</span>");
}

static void put_steps_tile(mf_page *p) {
  open_tile(p, "Steps");
  mf_page_count(p, p->r->by_outcome[MF_OUTCOME_PASSED]);
  mf_page_raw(p, " <small>passed</small>");
  put_others(p);
  close_tile(p);
}

static void put_assertions_tile(mf_page *p) {
  uint64_t passed = p->r->assertions_passed, judged = p->r->assertions_judged;
  open_tile(p, "Assertions");
  mf_page_count(p, passed);
  mf_page_raw(p, "/");
  mf_page_count(p, judged);
  mf_page_raw(p, " <small>passed</small>");
  close_tile(p);
}

static void put_metric_tile(mf_page *p, const mf_json *metrics, const char *label, const char *key,
                            double factor, unsigned decimals, const char *unit) {
  double d = mf_report_number_of(metrics, key);
  if (isnan(d)) return;
  open_tile(p, label);
  mf_page_fixed(p, d * factor, decimals);
  if (unit[0]) mf_page_raw(p, " <small>");
  mf_page_raw(p, unit);
  if (unit[0]) mf_page_raw(p, "</small>");
  close_tile(p);
}

static void put_tiles(mf_page *p) {
  const mf_json *metrics = mf_report_metrics(p->r);
  mf_page_raw(p, "<dl class=\"tiles\">\n");
  open_tile(p, "Duration");
  mf_report_length(p->out, mf_report_duration(p->r));
  close_tile(p);
  put_steps_tile(p);
  put_assertions_tile(p);
  put_metric_tile(p, metrics, "Requests", "requests", 1, 0, "");
  put_metric_tile(p, metrics, "Error rate", "error_rate", 100, 2, "%");
  put_metric_tile(p, metrics, "p95 latency", "latency_p95", 1, 2, "ms");
  mf_page_raw(p, "</dl>\n");
}

/* ---- Facts ---- */

static void put_fact(mf_page *p, const char *label, mf_str text) {
  if (text.n == 0) return;
  open_tile(p, label);
  mf_page_name(p, text);
  close_tile(p);
}

static void put_json_fact(mf_page *p, const char *label, mf_report_json json) {
  if (json.n == 0) return;
  open_tile(p, label);
  mf_page_value(p, json, false);
  close_tile(p);
}

static void put_instant_fact(mf_page *p, const char *label, mf_str wall) {
  open_tile(p, label);
  mf_page_instant(p, wall);
  close_tile(p);
}

static void put_target_kind(mf_page *p) {
  mf_str kind = p->r->target_kind;
  if (mf_str_is(kind, "sample"))
    mf_page_raw(p, "built-in sample service");
  else if (mf_str_is(kind, "none"))
    mf_page_raw(p, "none: a rehearsal, loads and faults did nothing");
  else if (mf_str_is(kind, "unused"))
    mf_page_raw(p, "none was needed");
  else
    mf_page_name(p, p->r->target_url.n ? p->r->target_url : kind);
}

/* What a reader must know before believing any number: stands above the rest. */
static void put_notes(mf_page *p) {
  mf_page_raw(p, "<ul class=\"notes\">\n<li>target: ");
  put_target_kind(p);
  mf_page_raw(p, "</li>\n");
  if (p->r->time_scale != 1) {
    mf_page_raw(p, "<li>time scaled \xC3\x97");
    mf_report_number(p->out, p->r->time_scale);
    mf_page_raw(p, "</li>\n");
  }
  if (p->r->overrides.n) {
    mf_page_raw(p, "<li>loads overridden: ");
    mf_report_overrides(p->r, p->out);
    mf_page_raw(p, "</li>\n");
  }
  mf_page_raw(p, "</ul>\n");
}

static void put_signals(mf_page *p) {
  for (const mf_report_item *signal = p->r->signals.first; signal; signal = signal->next) {
    open_tile(p, "Signal");
    mf_page_name(p, signal->name);
    mf_page_raw(p, " at ");
    mf_report_length(p->out, signal->at);
    if (signal->text.n) {
      mf_page_raw(p, ", from ");
      mf_page_name(p, signal->text);
    }
    close_tile(p);
  }
}

static void put_facts(mf_page *p) {
  mf_report *r = p->r;
  mf_page_raw(
      p, "<section aria-labelledby=\"run\">\n<h2 id=\"run\">Run</h2>\n<dl class=\"facts card\">\n");
  put_instant_fact(p, "Started", r->start_wall);
  put_instant_fact(p, r->judged || r->finished ? "Ended" : "Last seen",
                   mf_str_of(mf_report_end_wall(r)));
  open_tile(p, "Target");
  put_target_kind(p);
  close_tile(p);
  if (mf_str_is(r->target_kind, "sample")) put_fact(p, "Target address", r->target_url);
  put_fact(p, "Source", r->source);
  put_fact(p, "Run", r->run_id);
  put_json_fact(p, "Seed", r->seed);
  put_fact(p, "Image digest", r->digest);
  put_signals(p);
  mf_page_raw(p, "</dl>\n</section>\n");
}

/* ---- The other sections ---- */

/* "else" and so on; a conditional whose condition failed took no branch. */
static void put_branch(mf_page *p, const mf_report_item *item) {
  mf_page_raw(p, "<tr><th scope=\"row\">");
  mf_page_name(p, item->name);
  mf_page_id(p, item->id, item->name);
  mf_page_raw(p, "</th><td><span class=\"badge arm\">");
  mf_page_text(p, item->text.n ? item->text : MF_STR("none"));
  mf_page_raw(p, "</span></td><td data-label=\"Condition\">");
  mf_page_value(p, item->actual, false);
  mf_page_reasons(p, item->parts);
  mf_page_raw(p, "</td></tr>\n");
}

static void put_branches(mf_page *p) {
  static const char *const columns[] = {"Conditional", "Branch taken", "Condition"};
  const mf_report_list *list = &p->r->branches;
  if (list->total == 0) return;
  mf_page_section(p, "branches", "Branches taken", list->total);
  mf_page_table(p, "branches", columns, 3);
  for (const mf_report_item *item = list->first; item; item = item->next) put_branch(p, item);
  mf_page_table_end(p);
  mf_page_rest(p, list->total, list->kept);
  mf_page_section_end(p);
}

static void put_global_assertions(mf_page *p) {
  if (p->r->assertions.total == 0) return;
  mf_page_section(p, "assertions", "Global assertions", p->r->assertions.total);
  mf_page_assertions(p, &p->r->assertions);
  mf_page_section_end(p);
}

static void put_watch(mf_page *p, const mf_report_item *item) {
  mf_page_raw(p, "<tr><th scope=\"row\">");
  mf_page_name(p, item->name);
  if (mf_report_watch_is_past(item)) mf_page_raw(p, " <span class=\"dim\">(tried again)</span>");
  mf_page_raw(p, "</th><td>");
  mf_page_badge(p, mf_outcome_word(item->outcome));
  mf_page_raw(p, "</td><td data-label=\"Value\">");
  mf_page_value(p, item->actual, false);
  mf_page_raw(p, "</td><td data-label=\"Why\">");
  if (item->text.n)
    mf_page_name(p, item->text);
  else
    mf_page_value(p, (mf_report_json){NULL, 0}, false);
  mf_page_raw(p, "</td></tr>\n");
}

static void put_watches(mf_page *p, const char *id, const char *heading, const char *what,
                        const mf_report_list *list) {
  const char *const columns[] = {what, "Outcome", "Value", "Why"};
  if (list->total == 0) return;
  mf_page_section(p, id, heading, list->total);
  mf_page_table(p, "assertions", columns, 4);
  for (const mf_report_item *item = list->first; item; item = item->next) put_watch(p, item);
  mf_page_table_end(p);
  mf_page_rest(p, list->total, list->kept);
  mf_page_section_end(p);
}

static void put_messages(mf_page *p, const char *id, const char *heading,
                         const mf_report_list *list) {
  if (list->total == 0) return;
  mf_page_section(p, id, heading, list->total);
  mf_page_raw(p, "<ul class=\"messages\">\n");
  for (const mf_report_item *item = list->first; item; item = item->next) {
    mf_page_raw(p, "<li>");
    mf_page_name(p, item->text);
    if (item->path.n) {
      mf_page_raw(p, " <span class=\"path\">");
      mf_page_name(p, item->path);
      mf_page_raw(p, "</span>");
    }
    mf_page_raw(p, "</li>\n");
  }
  mf_page_raw(p, "</ul>\n");
  mf_page_rest(p, list->total, list->kept);
  mf_page_section_end(p);
}

/* Metrics and variables: a name and a value, in the journal's order. */
static void put_map(mf_page *p, const char *id, const char *heading, const char *column,
                    const mf_json *map, void (*put)(mf_page *p, mf_json *node)) {
  const char *columns[] = {column, "Value"};
  uint64_t count = 0;
  if (map == NULL || map->as.first == NULL) return;
  for (const mf_json *entry = map->as.first; entry; entry = entry->next) count++;
  mf_page_section(p, id, heading, count);
  mf_page_table(p, "values", columns, 2);
  for (mf_json *entry = map->as.first; entry; entry = entry->next) {
    mf_page_raw(p, "<tr><th scope=\"row\">");
    mf_page_name(p, entry->key);
    mf_page_raw(p, "</th><td>");
    put(p, entry);
    mf_page_raw(p, "</td></tr>\n");
  }
  mf_page_table_end(p);
  mf_page_section_end(p);
}

static void put_state(mf_page *p) {
  mf_page_raw(p, "<div class=\"pair\">\n");
  put_map(p, "metrics", "Metrics", "Metric", mf_report_metrics(p->r), mf_page_metric);
  put_map(p, "variables", "Variables", "Variable", mf_report_variables(p->r), mf_page_node);
  mf_page_raw(p, "</div>\n");
}

static void put_hooks(mf_page *p) {
  if (p->r->hooks.total == 0) return;
  mf_page_section(p, "hooks", "Hooks, actions and phases of the run", 0);
  mf_page_activity(p, &p->r->hooks);
  mf_page_section_end(p);
}

static void put_driver(mf_page *p, const mf_report_driver *driver) {
  mf_page_raw(p, "<tr><th scope=\"row\">");
  mf_page_name(p, driver->name);
  mf_page_raw(p, "</th><td class=\"num\" data-label=\"Begun\">");
  mf_page_count(p, driver->asked);
  mf_page_raw(p, "</td><td class=\"num\" data-label=\"Failed\">");
  mf_page_count(p, driver->failed);
  mf_page_raw(p, "</td><td class=\"num\" data-label=\"Outcome unknown\">");
  mf_page_count(p, driver->asked > driver->answered ? driver->asked - driver->answered : 0);
  mf_page_raw(p, "</td></tr>\n");
}

static void put_effects(mf_page *p) {
  static const char *const columns[] = {"Driver", "Begun", "Failed", "Outcome unknown"};
  if (p->r->driver_count == 0) return;
  mf_page_section(p, "effects", "Effects on the world", 0);
  mf_page_table(p, "effects", columns, 4);
  for (uint32_t i = 0; i < p->r->driver_count; i++) put_driver(p, &p->r->drivers[i]);
  mf_page_table_end(p);
  mf_page_section_end(p);
}

static void put_log(mf_page *p, const mf_report_item *item) {
  mf_page_raw(p, "<tr><td class=\"num\" data-label=\"At\">");
  mf_page_fixed(p, item->at, 3);
  mf_page_raw(p, " s</td><td class=\"level\">");
  mf_page_name(p, item->name.n ? item->name : MF_STR("info"));
  mf_page_raw(p, "</td><td class=\"message\">");
  mf_page_name(p, item->text);
  mf_page_raw(p, "</td></tr>\n");
}

static void put_logs(mf_page *p) {
  static const char *const columns[] = {"At", "Level", "Message"};
  const mf_report_list *list = &p->r->logs;
  if (list->total == 0) return;
  mf_page_section(p, "logs", "Logs", list->total);
  mf_page_table(p, "logs", columns, 3);
  for (const mf_report_item *item = list->first; item; item = item->next) put_log(p, item);
  mf_page_table_end(p);
  mf_page_rest(p, list->total, list->kept);
  mf_page_section_end(p);
}

static void put_footer(mf_page *p) {
  mf_report *r = p->r;
  mf_page_raw(p, "<footer>\n<p>Made by mfvm");
  if (r->version.n) mf_page_raw(p, " ");
  mf_page_text(p, r->version);
  mf_page_raw(p, " from the run\xE2\x80\x99s journal");
  if (r->format.n) {
    mf_page_raw(p, ", format ");
    mf_page_value(p, r->format, false);
  }
  mf_page_raw(p, ".");
  if (r->shortened) {
    mf_page_raw(p, " ");
    mf_page_plural(p, r->shortened, "long text");
    mf_page_raw(p, r->shortened == 1 ? " was shortened." : " were shortened.");
  }
  mf_page_raw(p, "</p>\n</footer>\n");
}

/* What a reader looks for first stands first. */
void mf_report_write_html(mf_report *r, mf_buf *out) {
  mf_page page = {r, out}, *p = &page;
  put_head(p);
  mf_page_raw(p, "<body>\n<main>\n");
  put_title(p);
  put_banner(p);
  put_notes(p);
  put_tiles(p);
  mf_page_timeline(p);
  mf_page_loads(p);
  mf_page_charts(p);
  mf_page_steps(p);
  mf_page_step_details(p);
  put_branches(p);
  put_global_assertions(p);
  put_watches(p, "thresholds", "Thresholds and safeguards", "Threshold", &p->r->thresholds);
  put_watches(p, "checks", "Checks of responses", "Check", &p->r->checks);
  put_messages(p, "errors", "Errors", &r->errors);
  put_messages(p, "warnings", "Warnings", &r->warnings);
  put_state(p);
  put_hooks(p);
  put_effects(p);
  put_logs(p);
  put_facts(p);
  put_footer(p);
  mf_page_raw(p, "</main>\n</body>\n</html>\n");
}
