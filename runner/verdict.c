/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include "runner.h"

const char *mf_outcome_word(mf_outcome_kind outcome) {
  static const char *const words[] = {
      [MF_OUTCOME_PASSED] = "passed",   [MF_OUTCOME_FAILED] = "failed",
      [MF_OUTCOME_SKIPPED] = "skipped", [MF_OUTCOME_NO_DATA] = "no_data",
      [MF_OUTCOME_WARNING] = "warning", [MF_OUTCOME_INTERRUPTED] = "interrupted",
  };
  return (unsigned)outcome < sizeof words / sizeof *words ? words[outcome] : "unknown";
}

/* ---- What can be wrong with a run ---- */

static bool is_bug(const mf_facts *f) { return f->bug != NULL; }
static bool undo_failed(const mf_facts *f) { return f->undo_failed || f->verdict.rollback_failed; }
static bool faults_left(const mf_facts *f) { return f->faults_left; }
static bool io_failed(const mf_facts *f) { return f->io_error != NULL; }
static bool over_budget(const mf_facts *f) { return f->budget != MF_OK; }
static bool timed_out(const mf_facts *f) { return f->verdict.timed_out; }
static bool over_limit(const mf_facts *f) { return f->limit != NULL; }
/* A limit ends a run like a signal does. */
static bool interrupted(const mf_facts *f) {
  return f->signal != NULL || (f->verdict.interrupted && !over_limit(f));
}
static bool aborted(const mf_facts *f) { return f->verdict.aborted; }
static bool threshold_crossed(const mf_facts *f) { return f->verdict.crossed; }

static bool not_passed(const mf_facts *f) { return f->verdict.outcome != MF_OUTCOME_PASSED; }
static bool nothing_run(const mf_facts *f) { return not_passed(f) && f->verdict.nothing_run; }
/* By thresholds alone is a cause of its own. */
static bool steps_failed(const mf_facts *f) {
  return not_passed(f) && f->verdict.steps_failed > f->verdict.steps_crossed;
}
static bool unsteady(const mf_facts *f) { return f->verdict.unsteady; }
static bool hook_failed(const mf_facts *f) { return f->verdict.hook_failed; }
static bool assertions_failed(const mf_facts *f) {
  return not_passed(f) && f->verdict.assertions_failed > 0;
}
static bool assertions_no_data(const mf_facts *f) {
  return not_passed(f) && f->verdict.assertions_no_data > 0;
}

static bool watches_failed(const mf_facts *f) {
  return not_passed(f) && f->verdict.watches_failed > 0;
}
static bool watches_no_data(const mf_facts *f) {
  return not_passed(f) && f->verdict.watches_no_data > 0;
}

/* The machine says "failed", and nothing above explains it. */
static bool otherwise_failed(const mf_facts *f) {
  return not_passed(f) && !nothing_run(f) && !steps_failed(f) && !assertions_failed(f) &&
         !assertions_no_data(f) && !hook_failed(f) && !unsteady(f) && !undo_failed(f) &&
         !interrupted(f) && !aborted(f) && !over_budget(f) && !over_limit(f) && !timed_out(f) &&
         !is_bug(f) && !io_failed(f) && !threshold_crossed(f) && !watches_failed(f) &&
         !watches_no_data(f);
}

/* ---- Their clauses ---- */

static void say_bug(const mf_facts *f, mf_buf *out) {
  mf_buf_printf(out, "internal error: %s", f->bug);
}
static void say_undo(const mf_facts *f, mf_buf *out) {
  (void)f;
  mf_buf_puts(out, "a rollback or an undo failed");
}
static void say_left(const mf_facts *f, mf_buf *out) {
  (void)f;
  mf_buf_puts(out, "faults were left in force on request");
}
static void say_io(const mf_facts *f, mf_buf *out) { mf_buf_puts(out, f->io_error); }
static void say_budget(const mf_facts *f, mf_buf *out) {
  mf_buf_printf(out, "a limit was exceeded: %s", mf_status_text(f->budget));
}
static void say_limit(const mf_facts *f, mf_buf *out) {
  mf_buf_printf(out, "%s was exceeded", f->limit);
}
static void say_timed_out(const mf_facts *f, mf_buf *out) {
  (void)f;
  mf_buf_puts(out, "the run timed out");
}
static void say_interrupted(const mf_facts *f, mf_buf *out) {
  mf_buf_printf(out, "interrupted%s%s", f->signal ? " by " : "", f->signal ? f->signal : "");
}
static void say_aborted(const mf_facts *f, mf_buf *out) {
  (void)f;
  mf_buf_puts(out, "aborted");
}
static void say_nothing(const mf_facts *f, mf_buf *out) {
  (void)f;
  mf_buf_puts(out, "nothing was run");
}

/* "2 steps failed: 'a', 'b'" */
static void say_count(mf_buf *out, uint32_t n, const char *what, const char *did, mf_str names) {
  mf_buf_printf(out, "%u %s%s %s", n, what, n == 1 ? "" : "s", did);
  if (names.n) mf_buf_puts(out, ": ");
  mf_buf_add_str(out, names);
}
static void say_steps(const mf_facts *f, mf_buf *out) {
  say_count(out, f->verdict.steps_failed, "step", "failed", f->failed_steps);
}
static void say_assertions(const mf_facts *f, mf_buf *out) {
  say_count(out, f->verdict.assertions_failed, "assertion", "failed", f->failed_assertions);
}
static void say_no_data(const mf_facts *f, mf_buf *out) {
  say_count(out, f->verdict.assertions_no_data, "assertion", "had no data", MF_STR(""));
}
static void say_watches(const mf_facts *f, mf_buf *out) {
  say_count(out, f->verdict.watches_failed, "safeguard", "did not hold", MF_STR(""));
}
static void say_watches_no_data(const mf_facts *f, mf_buf *out) {
  say_count(out, f->verdict.watches_no_data, "threshold", "had no data", MF_STR(""));
}
static void say_unsteady(const mf_facts *f, mf_buf *out) {
  (void)f;
  mf_buf_puts(out, "the steady state did not hold");
}
static void say_hook(const mf_facts *f, mf_buf *out) {
  (void)f;
  mf_buf_puts(out, "a hook of the orchestration failed");
}
static void say_otherwise(const mf_facts *f, mf_buf *out) {
  mf_buf_puts(out,
              f->verdict.outcome == MF_OUTCOME_NO_DATA ? "no data" : "the orchestration failed");
}
static void say_threshold(const mf_facts *f, mf_buf *out) {
  (void)f;
  mf_buf_puts(out, "a threshold was crossed");
}

/* ---- The order of precedence ---- */

static const struct cause {
  int code;
  bool (*holds)(const mf_facts *f);
  void (*say)(const mf_facts *f, mf_buf *out);
} causes[] = {
    {70, is_bug, say_bug},
    {5, undo_failed, say_undo},
    {106, faults_left, say_left},
    {74, io_failed, say_io},
    {6, over_budget, say_budget},
    {6, over_limit, say_limit},
    {6, timed_out, say_timed_out},
    {105, interrupted, say_interrupted},
    {4, aborted, say_aborted},
    {1, nothing_run, say_nothing},
    {1, steps_failed, say_steps},
    {1, assertions_failed, say_assertions},
    {1, assertions_no_data, say_no_data},
    {1, watches_failed, say_watches},
    {1, watches_no_data, say_watches_no_data},
    {1, unsteady, say_unsteady},
    {1, hook_failed, say_hook},
    {1, otherwise_failed, say_otherwise},
    {99, threshold_crossed, say_threshold},
};
#define CAUSES (sizeof causes / sizeof *causes)

int mf_exit_code(const mf_facts *facts) {
  for (size_t i = 0; i < CAUSES; i++)
    if (causes[i].holds(facts)) return causes[i].code;
  return 0;
}

void mf_verdict_reasons(const mf_facts *facts, mf_buf *out) {
  size_t before = out->n;
  for (size_t i = 0; i < CAUSES; i++) {
    if (!causes[i].holds(facts)) continue;
    if (out->n > before) mf_buf_puts(out, "; ");
    causes[i].say(facts, out);
  }
}
