/* progress - what a person sees of a run.
 *
 * On a terminal one live status line, drawn again at most ten times a second,
 * and a line that stays for each thing worth keeping.  Elsewhere lines only.
 * Everything goes to a buffer first: mf_progress_flush hands it out, once a turn,
 * so that a run of a million steps is not slowed down by its own telling. */
#ifndef MF_RUNNER_PROGRESS_H
#define MF_RUNNER_PROGRESS_H
#include "../stdlib/driver.h"
#include "../stdlib/load_stats.h"
#include "run_target.h"
#include "verdict.h"

/* The figures of a load that a line shows.  Negative: not measured. */
typedef struct mf_figures {
  bool known;
  uint32_t task;
  double requests, error_rate, avg_ms, p95_ms, rate;
} mf_figures;

typedef struct mf_progress {
  mf_output out;
  const mf_image *image;        /* of the rows that notices are about */
  const mf_json_filter *filter; /* of what comes from outside; NULL: none */
  mf_loop *loop;
  bool shown; /* else only the verdict is */
  bool live, color;
  bool line_drawn;  /* the status line is on the screen */
  int64_t start_ns; /* CLOCK_MONOTONIC */
  mf_timer redraw;
  mf_buf text;         /* to be handed out */
  mf_buf step;         /* display name of the step under way */
  int64_t step_ns;     /* when it began, since the run's start */
  mf_figures running;  /* of the load under way */
  mf_figures finished; /* of the last one that ended, until its step does */
} mf_progress;

void mf_progress_init(mf_progress *p, const mf_run_options *options, const mf_alloc *alloc,
                      mf_loop *loop, int64_t start_ns);
void mf_progress_fini(mf_progress *p);

void mf_progress_started(mf_progress *p, mf_str name, const char *run_id,
                         const mf_run_target *target, double time_scale);
void mf_progress_notice(mf_progress *p, const mf_notice *notice, int64_t now_ns);
/* An effect was answered: a load's figures are kept for its step's line, and what
 * its driver warns of is told. */
void mf_progress_outcome(mf_progress *p, const mf_effect *effect, const mf_value *outcome,
                         int64_t now_ns);
/* Live figures of a load. */
void mf_progress_load(mf_progress *p, const mf_load_stats *so_far, double seconds);
/* A line of the runner's own. */
void mf_progress_say(mf_progress *p, int64_t now_ns, const char *fmt, ...) MF_PRINTF(3, 4);

typedef struct mf_ending {
  int exit_code;
  mf_str reasons;
  mf_str summary; /* lines; n 0: none is wanted */
  const mf_verdict *verdict;
  double seconds;
  const mf_run_target *target;
  double time_scale;
  mf_str reports;      /* paths written, one a line */
  const char *journal; /* "": none was kept */
} mf_ending;
void mf_progress_verdict(mf_progress *p, const mf_ending *ending);

/* Hands out what was said. */
void mf_progress_flush(mf_progress *p);
#endif
