/* report_model - a run as read from its journal, and what its renderers share.
 *
 * report.c          the model's life, and reports from journal files
 * report_events.c   journal lines into the model
 * report_series.c   metrics over time; report_seconds.c: loads over time
 * report_verdict.c  what the run came to, and why
 * report_text.c     numbers and values as people read them
 * report_summary.c  the report in plain text, and the end of what a run prints;
 *                   report_columns.c
 * report_json.c     the JSON report
 * report_junit.c    for CI systems; report_markdown.c, report_csv.c
 * report_escape.c   text of unknown origin, made harmless for a format
 * report_html.c     the HTML report, with report_page.h: report_parts.c,
 *                   report_steps.c, report_timeline.c, report_charts.c,
 *                   report_loads.c, report_style.c
 *
 * Nothing but journal lines enters the model, and renderers read nothing else:
 * no clock, locale or environment.  That is why the report written at the end of
 * a run and one made from its journal years later have the same bytes.  For the
 * same reason nothing after the verdict line counts that a run's own report
 * could not have seen (the `report` effect itself, the exit code's line), unless
 * it tells of something that went wrong.
 *
 * Memory is bounded: of each list at most MF_REPORT_LISTED entries are kept, all
 * of them together within MF_REPORT_KEPT bytes, every text cut at a length; what
 * is over is only counted. */
#ifndef MF_RUNNER_REPORT_MODEL_H
#define MF_RUNNER_REPORT_MODEL_H
#include "../base/json.h"
#include "../base/map.h"
#include "runner.h"

enum {
  MF_REPORT_LISTED = 10000,       /* entries kept of each list */
  MF_REPORT_KEPT = 64 << 20,      /* bytes of all lists together */
  MF_REPORT_NAME = 1024,          /* bytes of a name or path */
  MF_REPORT_TEXT = 4096,          /* bytes of a message, of an actual or expected value */
  MF_REPORT_PARTS = 131072,       /* bytes of the parts of conditions told in one line */
  MF_REPORT_STEP_METRICS = 65536, /* bytes of one step's metrics */
  MF_REPORT_OPEN = 20000,         /* steps and hooks begun, effects in flight: two for each of
                                     as many tasks as a machine may have */
  MF_REPORT_OUTCOMES = MF_OUTCOME_INTERRUPTED + 1,
};

/* A JSON text, copied from a journal line; n 0: not given. */
typedef mf_str mf_report_json;

/* What a notice told that is no step: an assertion, hook, action, phase, branch, log,
 * warning, error; also a signal.  Fields mean what they mean in mf_notice. */
typedef struct mf_report_item mf_report_item;
struct mf_report_item {
  mf_report_item *next;
  mf_notice_kind kind;
  mf_outcome_kind outcome;
  bool finished; /* hooks: their end was seen */
  bool nested;   /* actions: inside a hook */
  bool retried;  /* actions: an attempt that does not count; a warning */
  double at;     /* seconds since the run's start */
  mf_str path, id, name, text;
  mf_str effect; /* actions: "POST http://host/x → 200 in 12.3 ms"; n 0: none */
  mf_report_json actual, expected;
  mf_str watch;                      /* what kind of one: "check", "threshold" ... */
  const struct mf_report_step *step; /* watches: the attempt that was judged; NULL: none is kept */
  bool counted;                      /* checks: how many may fail is a threshold's matter */
  mf_report_json parts; /* of conditions, why it is so: what the journal has as `reasons` */
};

typedef struct mf_report_list {
  mf_report_item *first, *last;
  uint32_t kept;
  uint64_t total; /* with those that are only counted */
} mf_report_list;

/* One run (attempt, iteration) of a step. */
typedef struct mf_report_step mf_report_step;
struct mf_report_step {
  mf_report_step *next;
  uint32_t number;  /* from 1, in the order of the journal */
  uint32_t attempt; /* from 1 */
  mf_outcome_kind outcome;
  bool finished;
  bool retried;    /* a later attempt was made: its outcome counts, not this one's */
  double from, to; /* seconds since the run's start */
  double duration; /* seconds */
  mf_str path, id, name, error, started, ended;
  mf_report_json metrics;
  mf_report_json requests;             /* of a load: metrics by name of request */
  mf_report_json parts;                /* why it was skipped, or its condition an error */
  uint64_t judged, passed;             /* assertions */
  mf_report_list assertions, activity; /* activity: hooks and actions */
};

/* A step or hook that has begun and not ended. */
typedef struct mf_report_open {
  uint32_t task;
  uint64_t path;        /* its hash */
  mf_report_step *step; /* NULL: a hook */
  mf_report_item *item; /* of hooks; NULL when it is only counted */
} mf_report_open;

/* An effect that was asked for. */
typedef struct mf_report_flight {
  uint32_t task, driver; /* driver: row of mf_report.drivers */
  int64_t id;
  bool answered; /* kept until its action ends, which takes the text */
  uint16_t length;
  char text[400];
} mf_report_flight;

/* What was asked of one driver. */
typedef struct mf_report_driver {
  mf_str name;
  uint64_t asked, answered, failed;
} mf_report_driver;
enum { MF_REPORT_DRIVERS = 64 };

/* Requests of loads that had no response, by reason. */
typedef struct mf_report_failure {
  mf_str name;
  uint64_t count;
} mf_report_failure;
enum { MF_REPORT_FAILURES = 32 };

/* Latest values by name, for runs that have no `final` line. */
typedef struct mf_report_latest_value {
  char *p;          /* JSON */
  uint32_t n, room; /* room: bytes at p, so that a new value can take its place */
} mf_report_latest_value;
typedef struct mf_report_latest {
  mf_names names; /* to rows of values */
  mf_report_latest_value *values;
  uint32_t cap;
} mf_report_latest;

/* The values of a metric, over time. */
typedef struct mf_report_point {
  double at, value; /* seconds since the run's start */
} mf_report_point;
typedef struct mf_report_series {
  mf_str name;
  uint64_t total, stride; /* every stride-th value is kept */
  double least, greatest, last;
  uint32_t kept;
  mf_report_point *points;
} mf_report_series;
enum { MF_REPORT_SERIES = 24, MF_REPORT_POINTS = 240 };

/* What a load measured in a second of its own; when there are more of them than have
 * room, in some seconds that follow each other. */
typedef struct mf_report_second {
  mf_str path;        /* of the load's entry */
  double at, seconds; /* its end, since the run's start, and its length */
  double requests, errors;
  double p50, p95, p99; /* ms; NaN: there was no response.  Of several seconds the worst */
} mf_report_second;
enum { MF_REPORT_SECONDS = 600 };

struct mf_report {
  mf_alloc alloc;
  mf_arena kept;    /* the model */
  mf_arena scratch; /* one line, or what one rendering needs */

  /* run_started */
  bool started;
  mf_str name, run_id, source, digest, version, target_kind, target_url, start_wall;
  mf_report_json format, seed, overrides; /* overrides: of loads; n 0: none */
  double time_scale;

  /* The latest line. */
  double last_at;
  char last_wall[40];

  /* verdict, run_finished */
  bool judged, nothing_run, interrupted, aborted, timed_out;
  mf_outcome_kind outcome;
  int64_t steps_failed; /* as the machine counts: without those that may fail; -1: unknown */
  double duration;
  char end_wall[40];
  bool finished;
  int64_t exit_code;
  mf_str finish_reason;
  mf_str damage; /* why the journal could not be read to its end; n 0: it could */

  mf_report_step *first_step, *last_step;
  mf_report_step hidden; /* stands for steps that are only counted */
  uint32_t steps_kept;
  uint64_t steps;
  uint64_t by_outcome[MF_REPORT_OUTCOMES]; /* finished steps, without retried attempts */
  uint64_t hidden_by_outcome[MF_REPORT_OUTCOMES];
  uint64_t assertions_judged, assertions_passed; /* of steps and of the run */
  uint64_t global_judged, global_passed;
  uint64_t shortened; /* texts that were cut */

  mf_report_list checks, thresholds; /* thresholds: abort_when and the steady state, too */
  mf_report_list branches, assertions, hooks, logs, warnings, errors, signals;
  mf_report_json final_metrics, final_variables;
  mf_report_latest metrics, variables;
  mf_report_series series[MF_REPORT_SERIES];
  uint32_t series_count;
  mf_report_second *seconds; /* of all loads, as they came; NULL: there are none */
  uint32_t seconds_count;
  double seconds_most;       /* length of one, when neighbours are put together */
  bool seconds_full;         /* nothing can be put together any more */
  uint64_t seconds_left_out; /* for which there was no room */
  mf_report_driver drivers[MF_REPORT_DRIVERS];
  uint32_t driver_count;
  mf_report_failure failures[MF_REPORT_FAILURES];
  uint32_t failure_count;

  mf_report_open *open;
  uint32_t open_count, open_cap;
  mf_report_flight *flights;
  uint32_t flight_count, flight_cap;
};

/* ---- report.c ---- */

/* A copy of at most `max` bytes and an ellipsis for the rest; what is private in
 * URLs is left out. */
mf_str mf_report_keep(mf_report *r, mf_str s, size_t max);
/* The tree of a kept JSON text, in scratch memory; NULL when there is none. */
mf_json *mf_report_parse(mf_report *r, mf_report_json json);
/* The run's metrics and variables as a map: the final ones, or the latest that
 * were seen.  NULL when there are none. */
mf_json *mf_report_metrics(mf_report *r);
mf_json *mf_report_variables(mf_report *r);

/* Whether it does not hold, and that fails something. */
bool mf_report_watch_fails(const mf_report_item *item);

/* Of an attempt after which another one was made: it says nothing about the run. */
bool mf_report_watch_is_past(const mf_report_item *item);

/* ---- report_series.c ---- */

/* One more value; of the first MF_REPORT_SERIES names only. */
void mf_report_series_add(mf_report *r, mf_str name, double at, double value);

/* ---- report_seconds.c ---- */

/* One more; its path is copied.  Those of more than MF_REPORT_SECONDS loads are only counted. */
void mf_report_seconds_add(mf_report *r, const mf_report_second *second);
/* The next one of the same load, without a gap, or NULL. */
const mf_report_second *mf_report_seconds_next(const mf_report *r, const mf_report_second *second);

/* ---- report_verdict.c ---- */

typedef enum mf_report_verdict {
  MF_REPORT_PASSED,
  MF_REPORT_FAILED,
  MF_REPORT_NO_DATA,
  MF_REPORT_UNFINISHED,
} mf_report_verdict;

mf_report_verdict mf_report_verdict_of(const mf_report *r);
/* "passed", "failed", "no_data", "unfinished". */
const char *mf_report_verdict_word(mf_report_verdict verdict);
/* mf_outcome_word, or "unfinished" for a step that did not end. */
const char *mf_report_step_word(const mf_report_step *step);
/* "3.1" of a path that ends with "@3.1": the turns of the repeats around it. */
mf_str mf_report_turns(mf_str path);
/* Seconds; of a step that did not end, to the journal's end. */
double mf_report_step_length(const mf_report *r, const mf_report_step *step);
mf_outcome_kind mf_report_outcome(mf_str word);
/* When the verdict was given, else when the run ended or its journal does. */
const char *mf_report_end_wall(const mf_report *r);
double mf_report_duration(const mf_report *r);

/* What an assertion's text adds to its name and its two sides. */
mf_str mf_report_remark(const mf_report_item *assertion);

/* "assertion 'x': actual 5, expected at most 2 (remark)", in scratch memory. */
mf_str mf_report_assertion_text(mf_report *r, const mf_report_item *assertion);
/* False: the steps that failed were all allowed to. */
bool mf_report_steps_count(const mf_report *r);
/* Is this the path of an assertion of the steady state? */
bool mf_report_is_steady_check(mf_str path);
/* "hook", "action", or "phase": the steady state, its recovery, a rollback. */
const char *mf_report_activity_word(const mf_report_item *item);
/* False for a check of the steady state that was repeated: the recovery, which
 * follows, tells how that ended. */
bool mf_report_activity_counts(const mf_report_item *item);

enum { MF_REPORT_REASONS = 24 };
typedef struct mf_report_reasons {
  mf_str items[MF_REPORT_REASONS];
  uint32_t count;
} mf_report_reasons;
/* Why the run did not pass, one sentence each, in scratch memory. */
void mf_report_reasons_get(mf_report *r, mf_report_reasons *out);

/* ---- report_reasons.c ---- */

/* A part of a condition and its value. */
typedef struct mf_report_part {
  mf_json *node; /* in the list; NULL: there is none left */
  mf_str text;
  uint32_t depth; /* at most one more than that of the part before; 0: another condition */
  mf_json *value;
} mf_report_part;
/* The first of what the journal told, parsed into scratch memory, and the one after. */
mf_report_part mf_report_part_first(mf_report *r, mf_report_json parts);
mf_report_part mf_report_part_next(const mf_report_part *part);
/* A line for each, which begins with `indent` and two blanks for each depth. */
void mf_report_part_lines(mf_report *r, mf_buf *out, mf_report_json parts, const char *indent);

/* ---- report_text.c ---- */

/* `decimals` (at most 9) digits after the point. */
void mf_report_fixed(mf_buf *out, double d, unsigned decimals);
/* At most three decimals; of small numbers three significant digits. */
void mf_report_number(mf_buf *out, double d);
/* "12.35 s", "2 min 5.45 s", "1 h 2 min 3 s". */
void mf_report_length(mf_buf *out, double seconds);
/* A value for people; `expected`: {min, max} maps read as "0…200".  Nothing for
 * NULL.  Masks secrets in the tree. */
void mf_report_value(mf_report *r, mf_buf *out, mf_json *node, bool expected);
/* Plain JSON; null for NULL.  Masks secrets in the tree. */
void mf_report_plain(mf_report *r, mf_json_writer *w, mf_json *node);
/* The number under `key`; NaN when there is none. */
double mf_report_number_of(const mf_json *map, const char *key);
/* Text, or JSON text, without user, password, query and fragment of the URLs in
 * it: itself when there are none, else a copy in scratch memory. */
mf_str mf_report_public(mf_report *r, mf_str s);
/* The longest prefix of at most `max` bytes that ends between code points. */
mf_str mf_report_prefix(mf_str s, size_t max);

/* ---- report_columns.c ---- */

/* `rows` end with a newline and have a tab between cells; of columns whose bit is set
 * in `right` the cells stand at their right end. */
void mf_report_columns(mf_buf *out, mf_str rows, uint32_t right);

/* ---- report_summary.c ---- */

/* "40 requests/s, duration 1.00 s": what the caller overrode. */
void mf_report_overrides(mf_report *r, mf_buf *out);

/* ---- the formats ---- */

void mf_report_write_json(mf_report *r, mf_buf *out);
void mf_report_write_html(mf_report *r, mf_buf *out);
void mf_report_write_junit(mf_report *r, mf_buf *out);
void mf_report_write_markdown(mf_report *r, mf_buf *out);
void mf_report_write_csv(mf_report *r, mf_buf *out);
void mf_report_write_text(mf_report *r, mf_buf *out);
#endif
