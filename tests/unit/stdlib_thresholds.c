/* SPDX-License-Identifier: MIT */
/* Thresholds, abort_when and the steady state, with verdicts worked out by hand. */
#include "watch_kit.h"

Suite *stdlib_thresholds_suite(void);

enum { T = MF_WATCH_KIND_THRESHOLD, A = MF_WATCH_KIND_ABORT_WHEN, S = MF_WATCH_KIND_STEADY_STATE };

typedef struct threshold_case {
  const char *metric, *aggregate; /* aggregate "": the metric itself, live; "p" has n */
  double n;
  const char *compare; /* an instruction on the slot: "SLOT_LT" */
  double limit;
  int kind; /* of the watch */
  bool aborts;
  double over, grace; /* seconds; over is the window, too */
  int min_samples;
  const char *script;
  double end; /* seconds */
  const char *want;
} threshold_case;

static const threshold_case cases[] = {
    /* Trends: each aggregation, at the end. */
    {"latency", "avg", 0, "SLOT_LT", 100, T, 0, 0, 0, 0, "1@50 2@100", 3, "ok 75"},
    {"latency", "avg", 0, "SLOT_LT", 75, T, 0, 0, 0, 0, "1@50 2@100", 3, "broken 75: 75, not < 75"},
    {"latency", "avg", 0, "SLOT_LE", 75, T, 0, 0, 0, 0, "1@50 2@100", 3, "ok 75"},
    {"latency", "min", 0, "SLOT_GE", 50, T, 0, 0, 0, 0, "1@50 2@100", 3, "ok 50"},
    {"latency", "min", 0, "SLOT_GT", 50, T, 0, 0, 0, 0, "1@50 2@100", 3, "broken 50: 50, not > 50"},
    {"latency", "max", 0, "SLOT_LT", 612.4, T, 0, 0, 0, 0, "1@50 2@612.3 3@7", 4, "ok 612.3"},
    {"latency", "max", 0, "SLOT_LT", 500, T, 0, 0, 0, 0, "1@50 2@612.3", 3,
     "broken 612.3: 612.3, not < 500"},
    {"latency", "count", 0, "SLOT_EQ", 2, T, 0, 0, 0, 0, "1@50 2@100", 3, "ok 2"},
    {"latency", "count", 0, "SLOT_NE", 2, T, 0, 0, 0, 0, "1@50 2@100", 3, "broken 2: 2, not != 2"},
    {"latency", "p", 95, "SLOT_LT", 100, T, 0, 0, 0, 0, "100*0+0.1@50", 10, "ok 50"},
    /* Six of a hundred are slow: the 95th is one of them. */
    {"latency", "p", 95, "SLOT_LT", 500, T, 0, 0, 0, 0, "94*0+0.1@50 6*9.4+0.1@600", 10,
     "broken 600: 600, not < 500"},
    {"latency", "p", 95, "SLOT_LT", 500, T, 0, 0, 0, 0, "95*0+0.1@50 5*9.5+0.1@600", 10, "ok 50"},
    {"latency", "p", 100, "SLOT_LT", 500, T, 0, 0, 0, 0, "99*0+0.1@50 9.9@600", 10,
     "broken 600: 600, not < 500"},
    {"latency", "p", 0, "SLOT_GE", 50, T, 0, 0, 0, 0, "9*0+0.1@60 9.9@50", 10, "ok 50"},
    {"latency", "med", 0, "SLOT_LE", 50, T, 0, 0, 0, 0, "1@50 2@50 3@900", 10, "ok 50"},
    {"latency", "med", 0, "SLOT_GT", 50, T, 0, 0, 0, 0, "1@50 2@900", 10,
     "broken 50: 50, not > 50"},
    /* A refusal is no latency; a timeout is one. */
    {"latency", "max", 0, "SLOT_LT", 500, T, 0, 0, 0, 0, "1@50 2@900!refused", 3, "ok 50"},
    {"latency", "max", 0, "SLOT_LT", 500, T, 0, 0, 0, 0, "1@50 2@900!timeout", 3,
     "broken 900: 900, not < 500"},
    {"latency", "avg", 0, "SLOT_LT", 500, T, 0, 0, 0, 0, "1@5!refused", 3, "none"},
    {"latency", "avg", 0, "SLOT_LT", 500, T, 0, 0, 0, 0, "", 3, "none"},
    /* Counters. */
    {"requests", "count", 0, "SLOT_GE", 4, T, 0, 0, 0, 0, "4*1+1@5", 8, "ok 4"},
    {"requests", "count", 0, "SLOT_GE", 5, T, 0, 0, 0, 0, "4*1+1@5", 8, "broken 4: 4, not >= 5"},
    {"requests", "rate", 0, "SLOT_GE", 0.5, T, 0, 0, 0, 0, "4*1+1@5", 8, "ok 0.5"},
    {"requests", "rate", 0, "SLOT_GT", 0.5, T, 0, 0, 0, 0, "4*1+1@5", 8,
     "broken 0.5: 0.5, not > 0.5"},
    {"errors", "count", 0, "SLOT_LT", 1, T, 0, 0, 0, 0, "4*1+1@5", 8, "ok 0"},
    {"errors", "count", 0, "SLOT_LT", 1, T, 0, 0, 0, 0, "1@5 2@5/500", 8, "broken 1: 1, not < 1"},
    {"errors", "count", 0, "SLOT_LT", 3, T, 0, 0, 0, 0, "1@5/399 2@5/400 3@5!reset", 8, "ok 2"},
    {"errors", "count", 0, "SLOT_LT", 1, T, 0, 0, 0, 0, "", 8, "none"},
    {"bytes_in", "count", 0, "SLOT_EQ", 300, T, 0, 0, 0, 0, "3*1+1@5", 8, "ok 300"},
    {"bytes_out", "rate", 0, "SLOT_EQ", 20, T, 0, 0, 0, 0, "4*1+1@5", 8, "ok 20"},
    {"status_2xx", "count", 0, "SLOT_EQ", 2, T, 0, 0, 0, 0, "1@5 2@5/204 3@5/301", 8, "ok 2"},
    {"status_5xx", "count", 0, "SLOT_EQ", 0, T, 0, 0, 0, 0, "1@5/503 2@5", 8,
     "broken 1: 1, not == 0"},
    {"dropped", "count", 0, "SLOT_EQ", 0, T, 0, 0, 0, 0, "1@5", 8, "ok 0"},
    {"dropped", "count", 0, "SLOT_LT", 3, T, 0, 0, 0, 0, "1@5 2^1 3^2", 8, "broken 3: 3, not < 3"},
    /* Rates. */
    {"error_rate", "rate", 0, "SLOT_LT", 0.3, T, 0, 0, 0, 0, "3*1+1@5 4@5/500", 8, "ok 0.25"},
    {"error_rate", "rate", 0, "SLOT_LT", 0.25, T, 0, 0, 0, 0, "3*1+1@5 4@5/500", 8,
     "broken 0.25: 0.25, not < 0.25"},
    {"error_rate", "rate", 0, "SLOT_LE", 1, T, 0, 0, 0, 0, "2*1+1@5!dns", 8, "ok 1"},
    {"checks", "rate", 0, "SLOT_GT", 0.9, T, 0, 0, 0, 0, "1@5", 8, "none"}, /* there are none */
    /* Gauges are made of the samples. */
    {"throughput", "value", 0, "SLOT_EQ", 2, T, 0, 0, 0, 0, "16*0+0.5@5", 8, "ok 2"},
    {"latency_p95", "value", 0, "SLOT_LT", 50, T, 0, 0, 0, 0, "1@50 2@50", 8,
     "broken 50: 50, not < 50"},
    {"avg_latency", "max", 0, "SLOT_LE", 50, T, 0, 0, 0, 0, "1@40 2@80 3@30", 8,
     "broken 60: 60, not <= 50"},
    {"avg_latency", "min", 0, "SLOT_GE", 40, T, 0, 0, 0, 0, "1@40 2@80 3@30", 8, "ok 40"},
    {"avg_latency", "", 0, "SLOT_LE", 50, T, 0, 0, 0, 0, "1@40 2@80 3@30", 8, "ok 50"},
    {"requests", "", 0, "SLOT_GT", 2, T, 0, 0, 0, 0, "3*1+1@5", 8, "ok 3"},
    /* It was broken for a while, but not at the end. */
    {"error_rate", "rate", 0, "SLOT_LT", 0.3, T, 0, 0, 0, 0, "1@5/500 9*2+0.1@5", 8, "ok 0.1"},
    /* min_samples and grace: too early to tell. */
    {"error_rate", "rate", 0, "SLOT_LT", 0.3, T, 0, 0, 0, 3, "1@5/500 2@5/500", 8,
     "none: 2 of 3 samples"},
    {"error_rate", "rate", 0, "SLOT_LT", 0.3, T, 0, 0, 0, 3, "3*1+1@5", 8, "ok 0"},
    {"latency", "avg", 0, "SLOT_LT", 9, T, 0, 0, 0, 2, "1@5 2@5!refused", 8, "none"},
    {"error_rate", "rate", 0, "SLOT_LT", 0.3, T, 0, 0, 9, 0, "1@5/500", 8,
     "none: it ended before 9s"},
    {"error_rate", "rate", 0, "SLOT_LT", 0.3, T, 0, 0, 8, 0, "1@5/500", 8,
     "broken 1: 1, not < 0.3"},
    /* over: any full window, and only full ones. */
    {"latency", "avg", 0, "SLOT_LT", 100, T, 0, 10, 0, 0, "1@500", 9.9,
     "none: it ended before 10s"},
    {"latency", "avg", 0, "SLOT_LT", 100, T, 0, 10, 0, 0, "1@500", 10,
     "broken 500: 500, not < 100, over 10s"},
    {"latency", "avg", 0, "SLOT_LT", 100, T, 0, 10, 0, 0, "100*0+0.1@50", 10, "ok 50"},
    /* The first window is slow; later ones do not mend it. */
    {"latency", "avg", 0, "SLOT_LT", 100, T, 0, 10, 0, 0, "101*0+0.1@500 300*11+0.1@5", 41,
     "broken 500: 500, not < 100, over 10s"},
    /* A slow second within each window is outweighed. */
    {"latency", "avg", 0, "SLOT_LT", 100, T, 0, 10, 0, 0, "10*0+0.1@500 200*1+0.1@5", 21, "ok 5"},
    /* What was slow before the first window was full does not count later. */
    {"latency", "max", 0, "SLOT_LT", 100, T, 0, 10, 0, 0, "0@500 20*10.5+0.5@5", 20.4, "ok 5"},
    {"error_rate", "rate", 0, "SLOT_LT", 0.5, T, 0, 2, 0, 0, "40*0+0.1@5 20*4+0.1@5/500 40*6+0.1@5",
     10, "broken 0.5: 0.5, not < 0.5, over 2s"},
    /* No window with samples. */
    {"latency", "avg", 0, "SLOT_LT", 100, T, 0, 1, 0, 0, "0@500 3~ 4~", 5, "none"},
    {"requests", "rate", 0, "SLOT_GT", 1, T, 0, 2, 0, 0, "40*0+0.1@5 8~", 9,
     "broken 0: 0, not > 1, over 2s"},
    {"latency", "avg", 0, "SLOT_LT", 100, T, 0, 1, 0, 3, "2@500 2.2@500", 2.3,
     "none: 2 of 3 samples"},
    {"latency", "avg", 0, "SLOT_LT", 100, T, 0, 1, 0, 3, "2@500 2.2@500 2.4@500", 2.5,
     "broken 500: 500, not < 100, over 1s"},
    {"latency", "avg", 0, "SLOT_LT", 100, T, 0, 1, 3, 0, "20*0+0.1@500 40*2+0.1@5", 6, "ok 5"},
    /* abort_on_fail: at the sample that breaks it, once. */
    {"errors", "count", 0, "SLOT_LT", 1, T, 1, 0, 0, 0, "1@5 2@5 3@5/500 4@5/500", 8,
     "trip 0 at 3 {\"v\":1.0}; broken 1: 1, not < 1"},
    {"latency", "max", 0, "SLOT_LT", 100, T, 1, 0, 0, 0, "1@5 2@5", 8, "ok 5"},
    /* It would be whole again at the end, but the run is over. */
    {"error_rate", "rate", 0, "SLOT_LT", 0.3, T, 1, 0, 0, 0, "1@5/500 9*2+0.1@5", 8,
     "trip 0 at 1 {\"v\":1.0}; broken 1: 1, not < 0.3"},
    {"error_rate", "rate", 0, "SLOT_LT", 0.3, T, 1, 0, 0, 4, "1@5/500 9*2+0.1@5", 8, "ok 0.1"},
    {"error_rate", "rate", 0, "SLOT_LT", 0.3, T, 1, 0, 2, 0, "1@5/500 1.9@5/500 2@5/500 3@5", 8,
     "trip 0 at 3 {\"v\":1.0}; broken 1: 1, not < 0.3"},
    {"latency", "avg", 0, "SLOT_LT", 100, T, 1, 2, 0, 0, "0@500 1@500 1.9@500 2@500 3@500", 4,
     "trip 0 at 4 {\"v\":500.0}; broken 500: 500, not < 100, over 2s"},
    /* A tick sees a window that is full between samples. */
    {"latency", "avg", 0, "SLOT_LT", 100, T, 1, 2, 0, 0, "0.5@500 1.9~ 2~", 4,
     "trip 0 at 1 {\"v\":500.0}; broken 500: 500, not < 100, over 2s"},
    /* Requests without an answer count with their age, for that moment. */
    {"latency", "max", 0, "SLOT_LT", 100, T, 1, 0, 0, 0, "1@5 1.1~90 1.2~101,50", 2,
     "trip 0 at 1 {\"v\":101.0}; broken 101: 101, not < 100"},
    {"latency", "max", 0, "SLOT_LT", 100, T, 0, 0, 0, 0, "1@5 1.1~90 1.2~101,50", 2, "ok 5"},
    {"latency", "avg", 0, "SLOT_LT", 100, T, 1, 2, 0, 0, "2.1@5 2.2~90 2.3@5 2.4~400,300", 3,
     "trip 0 at 2 {\"v\":177.5}; broken 177.5: 177.5, not < 100, over 2s"},
    {"latency", "avg", 0, "SLOT_LT", 100, T, 1, 2, 0, 0, "2.1@5 2.2~90,100 2.3~90,100 2.4@15", 3,
     "ok 10"},
    /* abort_when: true is what is feared. */
    {"error_rate", "", 0, "SLOT_GT", 0.5, A, 0, 0, 0, 0, "1@5 2@5/500 3@5/500", 8,
     "trip 0 at 3 {\"v\":0.6666666666666666}; broken 0.666667: 0.666667 > 0.5"},
    {"error_rate", "", 0, "SLOT_GT", 0.5, A, 0, 0, 0, 0, "1@5 2@5/500", 8, "ok 0.5"},
    {"error_rate", "", 0, "SLOT_GT", 0.5, A, 0, 0, 0, 0, "", 8, "ok"},
    {"latency", "", 0, "SLOT_GT", 100, A, 0, 0, 0, 0, "1@5 2@101 3@5", 8,
     "trip 0 at 2 {\"v\":101.0}; broken 101: 101 > 100"},
    {"latency", "", 0, "SLOT_GT", 100, A, 0, 0, 0, 0, "1@5 2@900!refused 3@5", 8, "ok 5"},
    {"latency", "", 0, "SLOT_GT", 100, A, 0, 0, 0, 0, "1@5 1.1~30,101,70", 8,
     "trip 0 at 1 {\"v\":101.0}; broken 101: 101 > 100"},
    {"latency", "", 0, "SLOT_LT", 6, A, 0, 0, 1, 0, "0.5@5 0.9~ 1~", 8,
     "trip 0 at 1 {\"v\":5.0}; broken 5: 5 < 6"},
    {"latency_p95", "", 0, "SLOT_GT", 100, A, 0, 0, 0, 20, "19*0+0.1@500 2@500", 8,
     "trip 0 at 20 {\"v\":500.0}; broken 500: 500 > 100"},
    {"error_rate", "rate", 0, "SLOT_GT", 0.5, A, 0, 2, 0, 0, "20*0+0.1@5 30*2+0.1@5/500", 8,
     "trip 0 at 31 {\"v\":0.55}; broken 0.55: 0.55 > 0.5, over 2s"},
    /* Silence: 10 s, or `over`. */
    {"error_rate", "", 0, "SLOT_GT", 0.5, A, 0, 0, 0, 0, "1@5 11~ 11.1~", 12,
     "trip 0 at 1 {\"v\":0.0}; broken: no response for 10s"},
    {"error_rate", "rate", 0, "SLOT_GT", 0.5, A, 0, 3, 0, 0, "1@5 4~ 4.1~ 5~", 12,
     "trip 0 at 1 {}; broken: no response for 3s"},
    {"error_rate", "", 0, "SLOT_GT", 0.5, A, 0, 0, 0, 0, "11~ 30~", 40, "ok"},
    {"error_rate", "", 0, "SLOT_GT", 0.5, A, 0, 0, 0, 0, "1@5 9@5 18~", 40, "ok 0"},
    {"error_rate", "rate", 0, "SLOT_LT", 0.5, T, 1, 0, 0, 0, "1@5 30~", 40,
     "ok 0"}, /* no abort_when */
    /* The steady state: false is what breaks it, for good. */
    {"latency", "", 0, "SLOT_LT", 100, S, 0, 0, 0, 0, "1@5 2@200 3@5", 8,
     "broken 200: 200, not < 100"},
    {"latency", "", 0, "SLOT_LT", 100, S, 1, 0, 0, 0, "1@5 2@200 3@300", 8,
     "trip 0 at 2 {\"v\":200.0}; broken 200: 200, not < 100"},
    {"latency", "", 0, "SLOT_LT", 100, S, 1, 0, 0, 0, "1@5 2@99", 8, "ok 99"},
    {"latency", "", 0, "SLOT_LT", 100, S, 1, 0, 0, 0, "", 8, "none"},
};
enum { CASES = sizeof cases / sizeof *cases };

static const char *metric_kind(const char *name) {
  if (!strcmp(name, "latency")) return "trend";
  if (!strcmp(name, "error_rate") || !strcmp(name, "checks")) return "rate";
  return strstr(name, "latency") || !strcmp(name, "throughput") ? "gauge" : "counter";
}

static const char *watch_kind(int kind) {
  return kind == T ? "threshold" : kind == A ? "abort_when" : "steady_state";
}

static void rows_of(const threshold_case *c, mf_buf *out) {
  mf_buf_printf(out, ".metric 0 name=\"%s\" kind=%s\n", c->metric, metric_kind(c->metric));
  mf_buf_printf(out, ".const 1 double %.17g\n.const 2 double %.17g\n.const 3 double %.17g\n", c->n,
                c->over, c->limit);
  mf_buf_printf(out,
                ".const 4 string \"over\"\n.const 5 string \"grace\"\n"
                ".const 6 string \"min_samples\"\n.const 7 double %.17g\n.const 8 int %d\n"
                ".const 9 map 4:2 5:7 6:8\n",
                c->grace, c->min_samples);
  if (c->aggregate[0]) {
    mf_buf_printf(out, ".reading 0 metric=0 aggregate=%s scenario=0", c->aggregate);
    if (c->aggregate[0] == 'p') mf_buf_puts(out, " percentile=1");
    if (c->over > 0) mf_buf_puts(out, " window=2");
    mf_buf_puts(out, "\n.slot 0 name=\"v\" kind=reading arg=0\n");
  } else {
    mf_buf_puts(out, ".slot 0 name=\"v\" kind=metric_step arg=0\n");
  }
  mf_buf_printf(out, ".watch 0 kind=%s chunk=2 scenario=0 name=\"w\" path=\"p\" options=9%s\n",
                watch_kind(c->kind), c->aborts ? " flags=aborts" : "");
  mf_buf_printf(out, ".chunk 2 name=\"w\" kind=pure\n%s 0, 3\nRETURN\n", c->compare);
}

START_TEST(as_worked_out) {
  const threshold_case *c = &cases[_i];
  mf_alloc alloc = mf_alloc_default();
  mf_buf rows;
  watch_kit k;
  mf_buf_init(&rows, &alloc, 0);
  rows_of(c, &rows);
  mf_buf_putc(&rows, 0);
  watch_kit_init(&k, rows.p, 1);
  watch_play(&k, c->script);
  const char *got = watch_results(&k, k.load, c->end);
  ck_assert_msg(!strcmp(got, c->want), "case %d, %s %s, '%s':\n  got  %s\n  want %s", _i, c->metric,
                c->aggregate, c->script, got, c->want);
  watch_kit_fini(&k);
  mf_buf_fini(&rows);
}
END_TEST

/* ---- Windows against brute force ---- */

enum { SAMPLES = 300 };

typedef struct plain {
  double at[SAMPLES], ms[SAMPLES];
  bool failed[SAMPLES];
  int count;
} plain;

static uint64_t state;
static double roll(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (double)(state >> 11) / 9007199254740992.0;
}

/* The window of stdlib/window.h: whole twentieths of its length.  False: it is empty. */
static bool plain_read(const plain *p, const char *what, double length, double at, double *out) {
  const int64_t width = watch_ns(length) / 20, t = watch_ns(at), k = t / width;
  const int64_t begin = (k > 19 ? k - 19 : 0) * width;
  double sum = 0, most = 0, bad = 0;
  int n = 0;
  for (int i = 0; i < p->count; i++) {
    const int64_t then = watch_ns(p->at[i]);
    if (then < begin || then > t) continue;
    sum += p->ms[i];
    bad += p->failed[i];
    if (n++ == 0 || p->ms[i] > most) most = p->ms[i];
  }
  *out = !strcmp(what, "avg")    ? sum / n
         : !strcmp(what, "max")  ? most
         : !strcmp(what, "rate") ? bad / n
                                 : n;
  return n > 0;
}

START_TEST(windows_are_those_of_brute_force) {
  static const struct {
    const char *metric, *what;
    double scale;
  } kinds[] = {{"latency", "avg", 60},
               {"latency", "max", 100},
               {"error_rate", "rate", 0.4},
               {"latency", "count", 30}};
  threshold_case c = {.compare = "SLOT_LT", .kind = T};
  mf_alloc alloc = mf_alloc_default();
  int broken = 0;
  for (int round = 0; round < 120; round++) {
    state = (uint64_t)(_i * 1000 + round);
    c.metric = kinds[round % 4].metric;
    c.aggregate = kinds[round % 4].what;
    c.over = 0.5 + floor(roll() * 40) / 8;
    c.limit = (0.3 + 1.2 * roll()) * kinds[round % 4].scale;
    c.grace = roll() < 0.5 ? 0 : floor(roll() * 30) / 4;
    plain p = {.count = 0};
    mf_buf rows;
    watch_kit k;
    bool want_broken = false, judged = false;
    mf_buf_init(&rows, &alloc, 0);
    rows_of(&c, &rows);
    mf_buf_putc(&rows, 0);
    watch_kit_init(&k, rows.p, 1);
    double at = 0, value;
    for (int i = 0; i < SAMPLES; i++) {
      at += roll() < 0.02 ? 3 * roll() : 0.1 * roll();
      const double ms = floor(1 + 100 * roll() * roll() * (1 + (i / 60) % 2));
      const bool fails = roll() < 0.3 * ((i / 50) % 2), tick = roll() < 0.3;
      if (tick) {
        ck_assert_int_eq(mf_watches_tick(k.load, watch_ns(at), NULL, 0), MF_OK);
      } else {
        p.at[p.count] = at;
        p.ms[p.count] = ms;
        p.failed[p.count++] = fails;
        watch_sample(&k, at, ms, fails ? 500 : 200, MF_HTTP_NONE, 0, "{}");
      }
      if (watch_ns(at) < watch_ns(c.over) || watch_ns(at) < watch_ns(c.grace)) continue;
      if (!plain_read(&p, c.aggregate, c.over, at, &value)) continue;
      judged = true;
      want_broken |= !(value < c.limit);
    }
    const char *got = watch_results(&k, k.load, at);
    const char *want = want_broken ? "broken" : judged ? "ok" : "none";
    ck_assert_msg(!strncmp(got, want, strlen(want)), "round %d: %s over %g < %g: got %s, want %s",
                  round, c.aggregate, c.over, c.limit, got, want);
    broken += want_broken;
    watch_kit_fini(&k);
    mf_buf_fini(&rows);
  }
  ck_assert(broken > 10 && broken < 110);
}
END_TEST

/* --time-scale shortens over, grace and what silence means. */
START_TEST(lengths_are_scaled) {
  static const struct {
    int kind;
    const char *script, *want;
  } scaled[] = {
      {T, "0.5@500", "broken 500: 500, not < 100, over 1s"},
      {A, "0@500 0.9~ 1.1~", "trip 0 at 1 {}; broken: no response for 1s"},
  };
  threshold_case c = {
      .metric = "latency", .aggregate = "avg", .limit = 100, .over = 10, .grace = 9};
  mf_alloc alloc = mf_alloc_default();
  mf_buf rows;
  watch_kit k;
  c.kind = scaled[_i].kind;
  c.compare = c.kind == A ? "SLOT_GT" : "SLOT_LT";
  c.limit = c.kind == A ? 1000 : 100;
  mf_buf_init(&rows, &alloc, 0);
  rows_of(&c, &rows);
  mf_buf_putc(&rows, 0);
  watch_kit_init(&k, rows.p, 0.1);
  watch_play(&k, scaled[_i].script);
  ck_assert_str_eq(watch_results(&k, k.load, 1), scaled[_i].want);
  watch_kit_fini(&k);
  mf_buf_fini(&rows);
}
END_TEST

Suite *stdlib_thresholds_suite(void) {
  Suite *s = suite_create("stdlib_thresholds");
  TCase *t = tcase_create("cases");
  suite_add_tcase(s, t);
  tcase_add_loop_test(t, as_worked_out, 0, CASES);
  tcase_add_loop_test(t, windows_are_those_of_brute_force, 0, 8);
  tcase_add_loop_test(t, lengths_are_scaled, 0, 2);
  return s;
}
