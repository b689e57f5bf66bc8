/* runner_progress_kit - progress with a clock of its own, and what it wrote. */
#ifndef MF_TESTS_RUNNER_PROGRESS_KIT_H
#define MF_TESTS_RUNNER_PROGRESS_KIT_H
#include "../../runner/progress.h"

#include "runner_kit.h"

#define MS 1000000LL

static capture out;
static mf_loop *loop;
static mf_progress p;
static mf_run_options options;
static int64_t clock_ns; /* since the run's start, at a second of the clock */

static int64_t fake_clock(void) { return 1000 * MS + clock_ns; }

static void set_up(void) {
  mf_alloc alloc = mf_alloc_default();
  out = (capture){.n = 0};
  clock_ns = 0;
  options = (mf_run_options){.progress = MF_PROGRESS_PLAIN, .out = {capture_write, &out}};
  ck_assert_int_eq(mf_loop_new(&alloc, &loop), MF_OK);
}

static void open_progress(void) {
  mf_alloc alloc = mf_alloc_default();
  mf_progress_init(&p, &options, &alloc, loop, 1000 * MS);
  p.clock = fake_clock;
}

static void tear_down(void) {
  mf_progress_fini(&p);
  mf_loop_free(loop);
}

static inline const char *said(void) {
  mf_progress_hand_out(&p);
  return out.text;
}

/* What was written since the last time. */
static inline const char *news(void) {
  static size_t before;
  if (out.n < before || out.n == 0) before = 0;
  const char *from = out.text + before;
  before = out.n;
  return from;
}

static inline void tell_of(const char *path, mf_notice_kind kind, mf_outcome_kind outcome,
                           const char *name, const char *text) {
  mf_notice n = {.kind = kind,
                 .outcome = outcome,
                 .path = mf_str_of(path),
                 .name = mf_str_of(name),
                 .text = mf_str_of(text),
                 .duration = 3.25,
                 .attempt = 1};
  mf_progress_notice(&p, &n, clock_ns ? clock_ns : 1500 * MS);
}

static inline void tell(mf_notice_kind kind, mf_outcome_kind outcome, const char *name,
                        const char *text) {
  tell_of(name, kind, outcome, name, text);
}

/* A load of the step of this path: 100 requests a second, a fifth of them errors. */
static inline void tell_load(const char *path, double seconds, const mf_value *watches) {
  static mf_load_stats stats;
  mf_load_stats_begin(&stats, 0);
  for (int i = 0; i < (int)(seconds * 100); i++) {
    const mf_http_result result = {.error = MF_HTTP_NONE, .status = i % 5 ? 200 : 500};
    mf_load_stats_add(&stats, &result, 2 * MS, i % 5 == 0);
  }
  stats.dropped = 1;
  stats.checks_failed = 7;
  mf_load_view load = {.path = mf_str_of(path),
                       .stats = &stats,
                       .seconds = seconds,
                       .planned = 30,
                       .in_flight = 3,
                       .users = 50,
                       .results = watches};
  mf_progress_load(&p, &load);
}
#endif
