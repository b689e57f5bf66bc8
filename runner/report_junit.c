/* SPDX-License-Identifier: MIT */
/* The JUnit XML report, as CI systems read it (docs/reports.md has the mapping).
 *
 * Its verdict is the run's: what was allowed to fail is `skipped`, and the suite
 * "run" has one test case that fails whenever the run did not pass. */
#include "report_escape.h"
#include "report_model.h"

typedef enum result { PASSED, SKIPPED, FAILURE, ERROR_ } result;

/* A suite's counts stand before its cases. */
typedef struct suite {
  mf_report *r;
  mf_buf cases;
  uint64_t count[4];
  double seconds;
} suite;

/* One test case under construction. */
typedef struct test_case {
  mf_str path, id, name;
  uint32_t attempt; /* 0: is not told */
  double seconds;
  result result;
  const char *type; /* of a failure or error: the outcome's word */
  mf_str message;
} test_case;

/* ---- Text ---- */

static void put_attribute(mf_buf *out, const char *name, mf_str value) {
  mf_buf_putc(out, ' ');
  mf_buf_puts(out, name);
  mf_buf_puts(out, "=\"");
  mf_escape_markup(out, value);
  mf_buf_putc(out, '"');
}

static void put_count(mf_buf *out, const char *name, uint64_t n) {
  char text[24];
  put_attribute(out, name, (mf_str){text, mf_format_uint(n, text)});
}

static void put_seconds(mf_buf *out, double seconds) {
  mf_buf_puts(out, " time=\"");
  mf_report_fixed(out, seconds > 0 ? seconds : 0, 3);
  mf_buf_putc(out, '"');
}

/* ---- Test cases ---- */

/* Nothing fails in a run that passed. */
static result judge(const suite *s, result found) {
  bool passed = mf_report_verdict_of(s->r) == MF_REPORT_PASSED;
  return passed && found > SKIPPED ? SKIPPED : found;
}

static void put_result(mf_buf *out, const test_case *c) {
  static const char *const tags[] = {"", "skipped", "failure", "error"};
  const char *tag = tags[c->result];
  if (c->result == PASSED) return;
  mf_buf_printf(out, "      <%s", tag);
  put_attribute(out, "message", c->message);
  if (c->result == SKIPPED) {
    mf_buf_puts(out, "/>\n");
    return;
  }
  put_attribute(out, "type", mf_str_of(c->type));
  mf_buf_putc(out, '>');
  mf_escape_markup(out, c->message);
  mf_buf_printf(out, "</%s>\n", tag);
}

static void put_property(mf_buf *out, const char *indent, const char *name, mf_str value) {
  if (value.n == 0) return;
  mf_buf_puts(out, indent);
  mf_buf_puts(out, "<property");
  put_attribute(out, "name", mf_str_of(name));
  put_attribute(out, "value", value);
  mf_buf_puts(out, "/>\n");
}

/* A property needs a list of them around it. */
static void put_id(mf_buf *out, mf_str id) {
  if (id.n == 0) return;
  mf_buf_puts(out, "      <properties>\n");
  put_property(out, "        ", "id", id);
  mf_buf_puts(out, "      </properties>\n");
}

/* `details`: what there is to say, a line each. */
static void put_case(suite *s, test_case c, mf_buf *details) {
  mf_buf *out = &s->cases, name;
  c.result = judge(s, c.result);
  mf_buf_init(&name, &s->r->alloc, 0);
  mf_buf_add_str(&name, c.name.n ? c.name : MF_STR("(no name)"));
  if (c.attempt) mf_buf_printf(&name, " (attempt %u)", (unsigned)c.attempt);
  mf_buf_puts(out, "    <testcase");
  put_attribute(out, "classname", c.path.n ? c.path : MF_STR("run"));
  put_attribute(out, "name", mf_buf_str(&name));
  put_seconds(out, c.seconds);
  mf_buf_puts(out, ">\n");
  put_id(out, c.id);
  put_result(out, &c);
  if (details->n) mf_buf_puts(out, "      <system-out>");
  mf_escape_markup(out, mf_buf_str(details));
  if (details->n) mf_buf_puts(out, "</system-out>\n");
  mf_buf_puts(out, "    </testcase>\n");
  if (name.failed || details->failed) out->failed = true;
  mf_buf_fini(&name);
  s->count[c.result]++;
  s->seconds += c.seconds;
}

/* ---- Steps ---- */

static const char step_skipped[] = "its condition was false";
static const char allowed[] = "it failed, and was allowed to";

static void judge_step(const suite *s, const mf_report_step *step, test_case *c) {
  bool counts = mf_report_steps_count(s->r);
  mf_str why = step->error;
  c->type = mf_report_step_word(step);
  if (!step->finished || step->outcome == MF_OUTCOME_INTERRUPTED) {
    c->result = ERROR_;
    c->message = why.n ? why : mf_str_of(step->finished ? "interrupted" : "it did not end");
  } else if (step->outcome == MF_OUTCOME_SKIPPED) {
    c->result = SKIPPED;
    c->message = mf_str_of(step_skipped);
  } else if (step->outcome == MF_OUTCOME_FAILED || step->outcome == MF_OUTCOME_NO_DATA) {
    c->result = step->retried || !counts ? SKIPPED : FAILURE;
    c->message = why.n ? why : mf_str_of(step->outcome == MF_OUTCOME_FAILED ? "failed" : "no data");
  }
  if (step->retried) c->message = MF_STR("tried again");
  if (!counts && c->result == SKIPPED && step->outcome != MF_OUTCOME_SKIPPED)
    c->message = mf_str_of(allowed);
}

static void put_metrics(suite *s, mf_buf *text, const mf_report_step *step) {
  const mf_json *metrics = mf_report_parse(s->r, step->metrics);
  if (metrics == NULL || metrics->kind != MF_JSON_MAP) return;
  for (mf_json *metric = metrics->as.first; metric; metric = metric->next) {
    mf_buf_add_str(text, metric->key);
    mf_buf_puts(text, " = ");
    mf_report_value(s->r, text, metric, false);
    mf_buf_putc(text, '\n');
  }
}

static void put_assertion_lines(suite *s, mf_buf *text, const mf_report_list *list) {
  for (const mf_report_item *item = list->first; item; item = item->next) {
    mf_buf_printf(text, "%s: ", mf_outcome_word(item->outcome));
    mf_buf_add_str(text, mf_report_assertion_text(s->r, item));
    mf_buf_putc(text, '\n');
    mf_report_part_lines(s->r, text, item->parts, "  ");
  }
}

static void put_step(suite *s, const mf_report_step *step, mf_buf *text) {
  mf_arena_mark mark = mf_arena_mark_get(&s->r->scratch);
  test_case c = {.path = step->path, .id = step->id, .name = step->name};
  c.attempt = step->attempt > 1 || step->retried ? step->attempt : 0;
  c.seconds = mf_report_step_length(s->r, step);
  judge_step(s, step, &c);
  mf_buf_clear(text);
  if (step->error.n) mf_buf_add_str(text, step->error), mf_buf_putc(text, '\n');
  mf_report_part_lines(s->r, text, step->parts, "");
  put_assertion_lines(s, text, &step->assertions);
  put_metrics(s, text, step);
  put_case(s, c, text);
  mf_arena_release(&s->r->scratch, mark);
}

/* Steps that are only counted: one case for all of them. */
static void put_hidden_steps(suite *s, mf_buf *text) {
  mf_report *r = s->r;
  uint64_t omitted = r->steps - r->steps_kept;
  bool failed = r->hidden_by_outcome[MF_OUTCOME_FAILED] + r->hidden_by_outcome[MF_OUTCOME_NO_DATA];
  if (omitted == 0) return;
  char *name = mf_arena_printf(&r->scratch, "%llu more runs of steps", (unsigned long long)omitted);
  test_case c = {.name = mf_str_of(name), .type = "failed", .result = SKIPPED};
  c.message = MF_STR("only counted");
  if (failed && mf_report_steps_count(r)) {
    c.result = FAILURE;
    c.message = MF_STR("some of them failed");
  }
  mf_buf_clear(text);
  put_case(s, c, text);
}

static void put_steps(suite *s, mf_buf *text) {
  for (const mf_report_step *step = s->r->first_step; step; step = step->next)
    put_step(s, step, text);
  put_hidden_steps(s, text);
}

/* ---- Assertions ---- */

static void put_assertion(suite *s, const mf_report_item *item, bool counts, mf_buf *text) {
  mf_arena_mark mark = mf_arena_mark_get(&s->r->scratch);
  test_case c = {.path = item->path,
                 .id = item->id,
                 .name = item->name,
                 .type = mf_outcome_word(item->outcome)};
  c.message = mf_report_assertion_text(s->r, item);
  if (item->outcome == MF_OUTCOME_FAILED || item->outcome == MF_OUTCOME_NO_DATA)
    c.result = counts ? FAILURE : SKIPPED;
  else if (item->outcome == MF_OUTCOME_INTERRUPTED)
    c.result = ERROR_;
  else if (item->outcome == MF_OUTCOME_SKIPPED)
    c.result = SKIPPED;
  mf_buf_clear(text);
  mf_buf_printf(text, "%s: ", c.type);
  mf_buf_add_str(text, c.message);
  if (item->parts.n) mf_buf_putc(text, '\n');
  mf_report_part_lines(s->r, text, item->parts, "  ");
  put_case(s, c, text);
  mf_arena_release(&s->r->scratch, mark);
}

static void put_assertions(suite *s, mf_buf *text) {
  for (const mf_report_step *step = s->r->first_step; step; step = step->next) {
    if (step->retried) continue;
    bool counts = mf_report_steps_count(s->r) && step->outcome != MF_OUTCOME_WARNING;
    for (const mf_report_item *item = step->assertions.first; item; item = item->next)
      put_assertion(s, item, counts, text);
  }
  for (const mf_report_item *item = s->r->assertions.first; item; item = item->next)
    put_assertion(s, item, !mf_report_is_steady_check(item->path), text);
}

/* ---- Watches ---- */

static void put_watches_of(suite *s, const mf_report_list *list, mf_buf *text) {
  for (const mf_report_item *item = list->first; item; item = item->next) {
    test_case c = {.path = item->path, .name = item->name, .message = item->text};
    if (mf_report_watch_is_past(item)) continue;
    c.type = mf_outcome_word(item->outcome);
    if (item->outcome != MF_OUTCOME_PASSED) c.result = item->counted ? SKIPPED : FAILURE;
    if (c.message.n == 0) c.message = mf_str_of(c.type);
    mf_buf_clear(text);
    mf_buf_add_str(text, item->watch);
    mf_buf_printf(text, " %s", c.type);
    if (item->text.n) mf_buf_puts(text, ": "), mf_buf_add_str(text, item->text);
    put_case(s, c, text);
  }
}

static void put_watches(suite *s, mf_buf *text) {
  put_watches_of(s, &s->r->checks, text);
  put_watches_of(s, &s->r->thresholds, text);
}

static void put_judgements(suite *s, mf_buf *text) {
  put_assertions(s, text);
  put_watches(s, text);
}

/* ---- Hooks ---- */

/* Actions inside a hook are told by the hook. */
static void put_hook(suite *s, const mf_report_item *item, bool counts, mf_buf *text) {
  test_case c = {.path = item->path, .id = item->id, .name = item->name, .message = item->text};
  if (item->nested || item->retried) return;
  mf_arena_mark mark = mf_arena_mark_get(&s->r->scratch);
  c.type = item->finished ? mf_outcome_word(item->outcome) : "unfinished";
  if (!item->finished || item->outcome == MF_OUTCOME_INTERRUPTED)
    c.result = ERROR_;
  else if (item->outcome == MF_OUTCOME_FAILED || item->outcome == MF_OUTCOME_NO_DATA)
    c.result = counts ? FAILURE : SKIPPED;
  else if (item->outcome == MF_OUTCOME_SKIPPED)
    c.result = SKIPPED;
  if (item->kind == MF_NOTICE_BLOCK_FINISHED && c.path.n == 0) c.path = item->name;
  if (c.message.n == 0) c.message = mf_str_of(c.result == SKIPPED ? step_skipped : c.type);
  mf_buf_clear(text);
  if (item->effect.n) mf_buf_add_str(text, item->effect), mf_buf_putc(text, '\n');
  if (item->text.n) mf_buf_add_str(text, item->text), mf_buf_putc(text, '\n');
  mf_report_part_lines(s->r, text, item->parts, "");
  put_case(s, c, text);
  mf_arena_release(&s->r->scratch, mark);
}

static void put_hooks(suite *s, mf_buf *text) {
  for (const mf_report_step *step = s->r->first_step; step; step = step->next) {
    bool counts = !step->retried && mf_report_steps_count(s->r);
    for (const mf_report_item *item = step->activity.first; item; item = item->next)
      put_hook(s, item, counts, text);
  }
  for (const mf_report_item *item = s->r->hooks.first; item; item = item->next)
    put_hook(s, item, mf_report_activity_counts(item), text);
}

/* ---- The run ---- */

static void put_run(suite *s, mf_buf *text) {
  mf_report_verdict verdict = mf_report_verdict_of(s->r);
  mf_report_reasons why;
  mf_report_reasons_get(s->r, &why);
  test_case c = {.name = MF_STR("verdict"), .type = mf_report_verdict_word(verdict)};
  if (verdict == MF_REPORT_UNFINISHED)
    c.result = ERROR_;
  else if (verdict != MF_REPORT_PASSED)
    c.result = FAILURE;
  c.message = why.count ? why.items[0] : mf_str_of(c.type);
  mf_buf_clear(text);
  for (uint32_t i = 0; i < why.count; i++) {
    mf_buf_add_str(text, why.items[i]);
    mf_buf_putc(text, '\n');
  }
  put_case(s, c, text);
}

/* ---- Suites ---- */

static void put_properties(mf_report *r, mf_buf *out) {
  mf_buf scale;
  mf_buf_init(&scale, &r->alloc, 0);
  mf_report_number(&scale, r->time_scale);
  mf_buf_puts(out, "    <properties>\n");
  put_property(out, "      ", "verdict",
               mf_str_of(mf_report_verdict_word(mf_report_verdict_of(r))));
  put_property(out, "      ", "run_id", r->run_id);
  put_property(out, "      ", "source", r->source);
  put_property(out, "      ", "image_digest", r->digest);
  put_property(out, "      ", "seed", r->seed);
  put_property(out, "      ", "target", r->target_kind);
  put_property(out, "      ", "target_url", r->target_url);
  put_property(out, "      ", "time_scale", mf_buf_str(&scale));
  put_property(out, "      ", "mfvm_version", r->version);
  mf_buf_puts(out, "    </properties>\n");
  if (scale.failed) out->failed = true;
  mf_buf_fini(&scale);
}

/* The schemas know no fraction and no zone. */
static mf_str timestamp_of(const mf_report *r, char text[40]) {
  int64_t seconds;
  uint32_t nanos;
  if (!mf_parse_timestamp(r->start_wall, &seconds, &nanos)) return MF_STR("1970-01-01T00:00:00");
  return (mf_str){text, mf_format_timestamp(seconds, 0, text) - 1};
}

static void put_counts(mf_buf *out, const uint64_t count[4], double seconds) {
  put_count(out, "tests", count[PASSED] + count[SKIPPED] + count[FAILURE] + count[ERROR_]);
  put_count(out, "failures", count[FAILURE]);
  put_count(out, "errors", count[ERROR_]);
  put_count(out, "skipped", count[SKIPPED]);
  put_seconds(out, seconds);
}

static void put_suite(mf_report *r, mf_buf *out, const suite *s, const char *name, unsigned id) {
  char text[40];
  mf_buf_puts(out, "  <testsuite");
  put_attribute(out, "name", mf_str_of(name));
  put_attribute(out, "package", r->name);
  put_count(out, "id", id);
  put_attribute(out, "timestamp", timestamp_of(r, text));
  put_attribute(out, "hostname", MF_STR("localhost"));
  put_counts(out, s->count, s->seconds);
  mf_buf_puts(out, ">\n");
  if (id == 0) put_properties(r, out);
  mf_buf_add_str(out, mf_buf_str(&s->cases));
  mf_buf_puts(out, "  </testsuite>\n");
}

void mf_report_write_junit(mf_report *r, mf_buf *out) {
  static const struct {
    const char *name;
    void (*put)(suite *s, mf_buf *text);
  } suites[] = {
      {"run", put_run}, {"steps", put_steps}, {"assertions", put_judgements}, {"hooks", put_hooks}};
  enum { COUNT = sizeof suites / sizeof *suites };
  uint64_t total[4] = {0};
  mf_buf body, text;
  mf_buf_init(&body, &r->alloc, 0);
  mf_buf_init(&text, &r->alloc, 0);
  for (unsigned i = 0; i < COUNT; i++) {
    suite s = {.r = r};
    mf_buf_init(&s.cases, &r->alloc, 0);
    suites[i].put(&s, &text);
    for (int k = PASSED; k <= ERROR_; k++) total[k] += s.count[k];
    put_suite(r, &body, &s, suites[i].name, i);
    if (s.cases.failed) out->failed = true;
    mf_buf_fini(&s.cases);
  }
  mf_buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
  put_attribute(out, "name", r->name);
  put_counts(out, total, mf_report_duration(r));
  mf_buf_puts(out, ">\n");
  mf_buf_add_str(out, mf_buf_str(&body));
  mf_buf_puts(out, "</testsuites>\n");
  if (body.failed || text.failed) out->failed = true;
  mf_buf_fini(&body);
  mf_buf_fini(&text);
}
