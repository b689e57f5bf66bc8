/* SPDX-License-Identifier: MIT */
/* The summary: what a run came to, in plain text.  The same code makes the end of what
 * `mfvm run` prints and the report in format `text`.
 *
 * Names are made safe for a terminal, which also keeps them out of the way of the
 * columns: their tabs and line ends are escaped. */
#include "report_model.h"

#include <math.h>

#include "printable.h"

enum {
  BRIEF = 20, /* rows of each part, unless all are wanted */
  NAME = 40,  /* code points of a name in a table */
};

typedef struct summary {
  mf_report *r;
  mf_buf *out;
  const mf_summary_look *look;
  mf_buf rows; /* of the table being made: mf_report_columns */
} summary;

static void raw(summary *s, const char *text) { mf_buf_puts(s->out, text); }

static uint64_t most(const summary *s) { return s->look->full ? UINT64_MAX : BRIEF; }

/* ---- Cells ---- */

static void put_uint(mf_buf *out, uint64_t u) {
  char text[24];
  mf_buf_add(out, text, mf_format_uint(u, text));
}

/* Three significant digits, and whole numbers whole. */
static void put_figure(mf_buf *out, double d) {
  unsigned decimals = fabs(d) >= 99.95 ? 0 : fabs(d) >= 9.995 ? 1 : 2;
  double scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1, shown = round(d * scale) / scale;
  mf_report_fixed(out, d, shown == floor(shown) ? 0 : decimals);
}

static void put_bytes(mf_buf *out, double bytes) {
  static const char *const units[] = {" B", " kB", " MB", " GB", " TB"};
  unsigned unit = 0;
  for (; bytes >= 1000 && unit < 4; unit++) bytes /= 1000;
  put_figure(out, bytes);
  mf_buf_puts(out, units[unit]);
}

/* ---- Tables ---- */

static void put_name(summary *s, mf_str name) {
  mf_buf safe;
  size_t end = 0;
  mf_buf_init(&safe, &s->r->alloc, 0);
  mf_print_safe(&safe, name.n ? name : MF_STR("(no name)"));
  for (unsigned i = 0; i < NAME && end < safe.n; i++) {
    size_t n = mf_utf8_length(safe.p + end, safe.n - end);
    end += n ? n : 1;
  }
  mf_buf_add(&s->rows, safe.p, end);
  if (end < safe.n) mf_buf_puts(&s->rows, "...");
  if (safe.failed) s->rows.failed = true;
  mf_buf_fini(&safe);
}

static void put_cell(summary *s, const mf_json *metrics, const char *key, double factor,
                     const char *unit) {
  double d = mf_report_number_of(metrics, key);
  mf_buf_putc(&s->rows, '\t');
  if (isnan(d)) return;
  put_figure(&s->rows, d * factor);
  mf_buf_puts(&s->rows, unit);
}

static void put_load_cells(summary *s, const mf_json *metrics) {
  put_cell(s, metrics, "requests", 1, "");
  put_cell(s, metrics, "throughput", 1, "/s");
  put_cell(s, metrics, "error_rate", 100, "%");
  put_cell(s, metrics, "avg_latency", 1, "");
  put_cell(s, metrics, "latency_p50", 1, "");
  put_cell(s, metrics, "latency_p95", 1, "");
  put_cell(s, metrics, "latency_p99", 1, "");
  put_cell(s, metrics, "max_latency", 1, "");
}
#define LOAD_HEADINGS "\trequests\trate\terrors\tavg ms\tmed\tp95\tp99\tmax"

static void end_table(summary *s, uint32_t right, uint64_t left_out) {
  mf_report_columns(s->out, mf_buf_str(&s->rows), right);
  if (s->rows.failed) s->out->failed = true;
  mf_buf_clear(&s->rows);
  if (left_out == 0) return;
  raw(s, "  and ");
  put_uint(s->out, left_out);
  raw(s, " more\n");
}

/* ---- Steps ---- */

static void put_step(summary *s, const mf_report_step *step) {
  mf_arena_mark mark = mf_arena_mark_get(&s->r->scratch);
  const mf_json *metrics = mf_report_parse(s->r, step->metrics);
  const char *word = mf_report_step_word(step);
  put_name(s, step->name);
  if (step->attempt > 1 || step->retried) {
    mf_buf_puts(&s->rows, " (attempt ");
    put_uint(&s->rows, step->attempt);
    mf_buf_putc(&s->rows, ')');
  }
  mf_buf_putc(&s->rows, '\t');
  mf_buf_puts(&s->rows, strcmp(word, "no_data") == 0 ? "no data" : word);
  mf_buf_putc(&s->rows, '\t');
  mf_report_length(&s->rows, mf_report_step_length(s->r, step));
  put_load_cells(s, metrics);
  mf_buf_putc(&s->rows, '\n');
  mf_arena_release(&s->r->scratch, mark);
}

static bool any_metrics(const mf_report *r) {
  for (const mf_report_step *step = r->first_step; step; step = step->next)
    if (step->metrics.n) return true;
  return false;
}

static void put_steps(summary *s) {
  uint64_t shown = 0;
  if (s->r->steps == 0) return;
  raw(s, "\nsteps\n");
  if (any_metrics(s->r)) mf_buf_puts(&s->rows, "\t\t" LOAD_HEADINGS "\n");
  const mf_report_step *step = s->r->first_step;
  for (; step && shown < most(s); step = step->next, shown++) put_step(s, step);
  end_table(s, ~3u, s->r->steps - shown);
}

/* ---- Loads ---- */

void mf_report_overrides(mf_report *r, mf_buf *out) {
  mf_arena_mark mark = mf_arena_mark_get(&r->scratch);
  const mf_json *map = mf_report_parse(r, r->overrides);
  double rate = mf_report_number_of(map, "rate"), vus = mf_report_number_of(map, "vus");
  double duration = mf_report_number_of(map, "duration");
  if (!isnan(rate)) mf_report_number(out, rate), mf_buf_puts(out, " requests/s");
  if (!isnan(vus)) mf_report_number(out, vus), mf_buf_puts(out, " virtual users");
  if (!isnan(duration)) {
    mf_buf_puts(out, !isnan(rate) || !isnan(vus) ? ", duration " : "duration ");
    mf_report_length(out, duration);
  }
  mf_arena_release(&r->scratch, mark);
}

static void begin_line(summary *s, const char *what) {
  mf_buf_puts(&s->rows, what);
  mf_buf_putc(&s->rows, '\t');
}

static void end_line(summary *s) { mf_buf_putc(&s->rows, '\n'); }

static void put_requests(summary *s, const mf_json *metrics) {
  double rate = mf_report_number_of(metrics, "throughput");
  begin_line(s, "requests");
  put_figure(&s->rows, mf_report_number_of(metrics, "requests"));
  if (!isnan(rate)) {
    mf_buf_puts(&s->rows, ", ");
    put_figure(&s->rows, rate);
    mf_buf_puts(&s->rows, "/s");
  }
  end_line(s);
}

static void put_kind(summary *s, unsigned *told, double count, mf_str what) {
  if (!(count > 0)) return;
  mf_buf_puts(&s->rows, (*told)++ ? ", " : ": ");
  put_figure(&s->rows, count);
  mf_buf_putc(&s->rows, ' ');
  mf_print_safe(&s->rows, what);
}

/* `expect` may have made errors of good statuses, and the other way round: then only
 * how many had a response is told. */
static void put_kinds(summary *s, const mf_json *metrics, double errors) {
  const char *const keys[] = {"status_4xx", "status_5xx"};
  double counts[] = {mf_report_number_of(metrics, keys[0]), mf_report_number_of(metrics, keys[1])};
  double rest = errors;
  unsigned told = 0;
  for (uint32_t i = 0; i < s->r->failure_count; i++) {
    rest -= (double)s->r->failures[i].count;
    put_kind(s, &told, (double)s->r->failures[i].count, s->r->failures[i].name);
  }
  if (isnan(counts[0]) && isnan(counts[1])) return;
  for (int i = 0; i < 2; i++)
    if (isnan(counts[i])) counts[i] = 0;
  bool by_status = counts[0] + counts[1] == rest;
  put_kind(s, &told, by_status ? counts[0] : 0, MF_STR("status 4xx"));
  put_kind(s, &told, by_status ? counts[1] : 0, MF_STR("status 5xx"));
  put_kind(s, &told, by_status ? 0 : rest, MF_STR("by their responses"));
}

static void put_errors(summary *s, const mf_json *metrics) {
  double errors = mf_report_number_of(metrics, "errors");
  double share = mf_report_number_of(metrics, "error_rate");
  if (isnan(errors)) return;
  begin_line(s, "errors");
  put_figure(&s->rows, errors);
  if (!isnan(share)) {
    mf_buf_puts(&s->rows, " (");
    put_figure(&s->rows, share * 100);
    mf_buf_puts(&s->rows, "%)");
  }
  put_kinds(s, metrics, errors);
  end_line(s);
}

static void put_latency(summary *s, const mf_json *metrics) {
  static const struct {
    const char *key, *name;
  } all[] = {{"avg_latency", "avg"}, {"min_latency", "min"}, {"latency_p50", "med"},
             {"max_latency", "max"}, {"latency_p90", "p90"}, {"latency_p95", "p95"},
             {"latency_p99", "p99"}};
  if (isnan(mf_report_number_of(metrics, "avg_latency"))) return;
  begin_line(s, "latency");
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    double ms = mf_report_number_of(metrics, all[i].key);
    if (isnan(ms)) continue;
    mf_buf_printf(&s->rows, "%s%s ", i ? ", " : "", all[i].name);
    put_figure(&s->rows, ms);
  }
  mf_buf_puts(&s->rows, " ms");
  end_line(s);
}

static void put_traffic(summary *s, const mf_json *metrics) {
  double in = mf_report_number_of(metrics, "bytes_in");
  double out = mf_report_number_of(metrics, "bytes_out");
  if (isnan(in) || isnan(out)) return;
  begin_line(s, "bytes");
  put_bytes(&s->rows, in);
  mf_buf_puts(&s->rows, " received, ");
  put_bytes(&s->rows, out);
  mf_buf_puts(&s->rows, " sent");
  end_line(s);
}

static void put_dropped(summary *s, const mf_json *metrics) {
  double dropped = mf_report_number_of(metrics, "dropped");
  if (!(dropped > 0)) return;
  begin_line(s, "dropped");
  put_figure(&s->rows, dropped);
  mf_buf_puts(&s->rows, " (due, but never sent)");
  end_line(s);
}

static void put_loads(summary *s) {
  mf_arena_mark mark = mf_arena_mark_get(&s->r->scratch);
  const mf_json *metrics = any_metrics(s->r) ? mf_report_metrics(s->r) : NULL;
  if (metrics && !isnan(mf_report_number_of(metrics, "requests"))) {
    raw(s, "\nload\n");
    put_requests(s, metrics);
    put_errors(s, metrics);
    put_latency(s, metrics);
    put_traffic(s, metrics);
    put_dropped(s, metrics);
    if (s->r->overrides.n) {
      begin_line(s, "overridden");
      mf_report_overrides(s->r, &s->rows);
      end_line(s);
    }
    end_table(s, 0, 0);
  }
  mf_arena_release(&s->r->scratch, mark);
}

/* ---- Requests by name ---- */

static void put_named(summary *s, const mf_report_step *step, bool with_step, uint64_t *shown,
                      uint64_t *total) {
  mf_arena_mark mark = mf_arena_mark_get(&s->r->scratch);
  const mf_json *map = mf_report_parse(s->r, step->requests);
  const mf_json *one = map && map->kind == MF_JSON_MAP ? map->as.first : NULL;
  for (; one; one = one->next) {
    if ((*total)++ >= most(s)) continue;
    ++*shown;
    if (with_step) {
      put_name(s, step->name);
      mf_buf_puts(&s->rows, ": ");
    }
    put_name(s, one->key);
    put_load_cells(s, one);
    end_line(s);
  }
  mf_arena_release(&s->r->scratch, mark);
}

static void put_names(summary *s) {
  uint64_t shown = 0, total = 0;
  unsigned loads = 0;
  for (const mf_report_step *step = s->r->first_step; step; step = step->next)
    loads += step->requests.n > 0;
  if (loads == 0) return;
  raw(s, "\nrequests\n");
  mf_buf_puts(&s->rows, LOAD_HEADINGS "\n");
  for (const mf_report_step *step = s->r->first_step; step; step = step->next)
    if (step->requests.n) put_named(s, step, loads > 1, &shown, &total);
  end_table(s, ~1u, total - shown);
}

/* ---- Watches ---- */

/* One line for all turns and attempts of a watch. */
typedef struct watched {
  const mf_report_item *item; /* the first that did not pass, or else the first */
  uint64_t judged, passed;
} watched;

static void put_mark(summary *s, mf_outcome_kind outcome) {
  static const char *const marks[] = {"\xE2\x9C\x93", "\xE2\x9C\x97", "?"};
  static const char *const ascii[] = {"ok  ", "FAIL", "?   "};
  static const char *const colors[] = {"32", "31", "33"};
  unsigned i = outcome == MF_OUTCOME_PASSED ? 0 : outcome == MF_OUTCOME_NO_DATA ? 2 : 1;
  const char *mark = s->look->ascii ? ascii[i] : marks[i];
  if (s->look->color)
    mf_buf_printf(s->out, "  \x1b[%sm%s\x1b[0m ", colors[i], mark);
  else
    mf_buf_printf(s->out, "  %s ", mark);
}

static void put_watched(summary *s, const watched *w) {
  mf_arena_mark mark = mf_arena_mark_get(&s->r->scratch);
  mf_buf value;
  mf_buf_init(&value, &s->r->alloc, 0);
  put_mark(s, w->item->outcome);
  mf_print_safe(s->out, w->item->name);
  if (w->item->text.n == 0) {
    mf_report_value(s->r, &value, mf_report_parse(s->r, w->item->actual), false);
    if (value.n) raw(s, ": ");
    mf_print_safe(s->out, mf_buf_str(&value));
  } else {
    raw(s, ": ");
    mf_print_safe(s->out, w->item->text);
  }
  if (w->judged > 1) {
    raw(s, " (passed ");
    put_uint(s->out, w->passed);
    raw(s, " of ");
    put_uint(s->out, w->judged);
    raw(s, " times)");
  }
  raw(s, "\n");
  if (value.failed) s->out->failed = true;
  mf_buf_fini(&value);
  mf_arena_release(&s->r->scratch, mark);
}

/* Path without turns, and name. */
static mf_str key_of(mf_report *r, const mf_report_item *item) {
  mf_str turns = mf_report_turns(item->path);
  size_t n = turns.n ? item->path.n - turns.n - 1 : item->path.n;
  return mf_str_of(mf_arena_printf(&r->scratch, "%.*s\n%.*s", (int)n, item->path.p,
                                   (int)item->name.n, item->name.p));
}

static uint32_t gather(summary *s, const mf_report_list *list, mf_str kind, watched *all) {
  mf_names names;
  mf_names_init(&names, &s->r->scratch);
  for (const mf_report_item *item = list->first; item; item = item->next) {
    if (!mf_str_eq(item->watch, kind) || mf_report_watch_is_past(item)) continue;
    mf_names_entry *entry = mf_names_entry_of(&names, key_of(s->r, item));
    if (!entry) return 0;
    if (entry->value == MF_NAMES_NONE) {
      entry->value = names.count - 1;
      all[entry->value] = (watched){.item = item};
    }
    watched *w = &all[entry->value];
    if (w->item->outcome == MF_OUTCOME_PASSED) w->item = item;
    w->judged++;
    w->passed += item->outcome == MF_OUTCOME_PASSED;
  }
  return names.count;
}

/* What did not pass comes first. */
static void put_watches(summary *s, const char *heading, const mf_report_list *list,
                        const char *kind) {
  mf_arena_mark mark = mf_arena_mark_get(&s->r->scratch);
  watched *all = MF_NEW_ARRAY(&s->r->scratch, watched, list->kept + 1);
  uint32_t count = all ? gather(s, list, mf_str_of(kind), all) : 0;
  uint64_t passed = 0, shown = 0;
  for (uint32_t i = 0; i < count; i++) passed += all[i].item->outcome == MF_OUTCOME_PASSED;
  if (count) {
    raw(s, heading);
    put_uint(s->out, passed);
    raw(s, " of ");
    put_uint(s->out, count);
    raw(s, " passed\n");
  }
  for (int good = 0; good < 2; good++)
    for (uint32_t i = 0; i < count; i++)
      if ((all[i].item->outcome == MF_OUTCOME_PASSED) == good && shown++ < most(s))
        put_watched(s, &all[i]);
  end_table(s, 0, shown > most(s) ? shown - most(s) : 0);
  mf_arena_release(&s->r->scratch, mark);
}

/* ---- All of it ---- */

void mf_report_summary(mf_report *r, mf_buf *out, const mf_summary_look *look) {
  summary s = {r, out, look, {.n = 0}};
  mf_buf_init(&s.rows, &r->alloc, 0);
  put_steps(&s);
  put_names(&s);
  put_loads(&s);
  put_watches(&s, "\nchecks: ", &r->checks, "check");
  put_watches(&s, "\nthresholds: ", &r->thresholds, "threshold");
  put_watches(&s, "\nabort_when: ", &r->thresholds, "abort_when");
  put_watches(&s, "\nsteady state: ", &r->thresholds, "steady_state");
  mf_buf_fini(&s.rows);
}

static void put_verdict(summary *s) {
  static const char *const words[] = {"PASSED", "FAILED", "NO DATA", "UNFINISHED"};
  mf_report_reasons why;
  mf_report_reasons_get(s->r, &why);
  raw(s, words[mf_report_verdict_of(s->r)]);
  raw(s, ": ");
  mf_print_safe(s->out, s->r->name);
  raw(s, " in ");
  mf_report_length(s->out, mf_report_duration(s->r));
  raw(s, "\n");
  for (uint32_t i = 0; i < why.count; i++) {
    raw(s, "  because: ");
    mf_print_safe(s->out, why.items[i]);
    raw(s, "\n");
  }
}

static void put_footer(summary *s) {
  mf_report *r = s->r;
  raw(s, "\nrun ");
  mf_print_safe(s->out, r->run_id);
  raw(s, " of ");
  mf_print_safe(s->out, r->source);
  raw(s, ", started ");
  mf_print_safe(s->out, r->start_wall.n ? r->start_wall : MF_STR("at an unknown time"));
  raw(s, ", target ");
  mf_print_safe(s->out, r->target_url.n ? r->target_url : r->target_kind);
  if (r->time_scale != 1) raw(s, ", time scaled by ");
  if (r->time_scale != 1) mf_report_number(s->out, r->time_scale);
  raw(s, "\n");
}

void mf_report_write_text(mf_report *r, mf_buf *out) {
  static const mf_summary_look all = {.full = true};
  summary s = {r, out, &all, {.n = 0}};
  put_verdict(&s);
  mf_report_summary(r, out, &all);
  put_footer(&s);
}
