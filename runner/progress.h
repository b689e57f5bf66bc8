/* progress - what the caller sees of a run while it goes on.
 *
 *   progress.c          life, beginning and end
 *   progress_running.c  which steps are under way, and how their loads stand
 *   progress_lines.c    lines that stay, for people
 *   progress_live.c     on a terminal: what is under way, drawn again in place
 *   progress_json.c     for programs: one event a line (docs/progress.md)
 *   progress_text.c     numbers and names
 *
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
  double requests, error_rate, avg_ms, p50_ms, p95_ms, p99_ms, rate;
} mf_figures;

enum { MF_RUNNING_NAME = 64, MF_RUNNING_MARKS = 160 };

/* A step under way, or a load that is no step's. */
typedef struct mf_running {
  uint64_t path; /* its hash */
  bool stray;    /* a load that is no step's */
  char name[MF_RUNNING_NAME];
  int64_t start_ns, told_ns; /* since the run's start */
  /* Of its load, once that told how it stands. */
  mf_figures load;     /* rate: since it told before */
  mf_figures finished; /* when it was over */
  double elapsed, planned;
  uint64_t requests, errors, dropped, checks_failed;
  uint32_t in_flight, users;
  char marks[MF_RUNNING_MARKS]; /* thresholds: "ok p95 < 500: 230", those crossed first */
  bool crossed;                 /* one of them is */
} mf_running;

typedef enum mf_progress_way {
  MF_PROGRESS_SILENT, /* only the verdict is told */
  MF_PROGRESS_LINES,
  MF_PROGRESS_LIVE,
  MF_PROGRESS_EVENTS,
} mf_progress_way;

enum { MF_LIVE_ROWS = 32 };

typedef struct mf_progress {
  mf_output out;
  const mf_run_options *options;
  const mf_image *image;        /* of watches; NULL: they have no names */
  const mf_json_filter *filter; /* of what comes from outside; NULL: none */
  mf_loop *loop;
  int64_t (*clock)(void); /* CLOCK_MONOTONIC */
  mf_progress_way mode;
  bool color;
  int64_t start_ns; /* CLOCK_MONOTONIC */
  mf_buf text;      /* to be handed out */
  mf_running *running;
  uint32_t running_count, running_cap;
  /* Live. */
  mf_timer redraw;
  int64_t drawn_ns;              /* CLOCK_MONOTONIC, the last time */
  uint16_t widths[MF_LIVE_ROWS]; /* of the lines on the screen */
  uint32_t rows;                 /* how many these are */
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
void mf_progress_load(mf_progress *p, const mf_load_view *load);
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

/* Hands out what was said; on a terminal that shows what is under way, with its next
 * picture, in at most a tenth of a second. */
void mf_progress_flush(mf_progress *p);
/* At once: nothing will come after it. */
void mf_progress_hand_out(mf_progress *p);
#endif
