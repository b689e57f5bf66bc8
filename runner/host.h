/* host - a run under way: the machine, the world, and what stands between.
 *
 * run.c       the conductor: from an image to an exit code
 * variables.c what the caller gives: checked before anything is done
 * perform.c   what the machine asks for, carried out and answered
 * record.c    what goes into the journal, and how
 * run_watches.c  watches of the run, and what watches ask for
 * live_metrics.c  what loads have measured while they run
 * publish.c   reports
 * trace.c     --trace
 * secrets.c   what must not be seen
 * confirm.c   whom loads go to, settled beforehand
 * plan.c      what the loads come to; dry_run.c tells all of it
 * beside them, each with a header of its own: journal, journal_read,
 * run_target, target_lock, run_limits, hosts, address_reach, load_overrides, progress,
 * verdict, probes, redact, printable, exposition, observe, load_series, metrics_server. */
#ifndef MF_RUNNER_HOST_H
#define MF_RUNNER_HOST_H
#include "../base/map.h"
#include "../stdlib/load_stats.h"
#include "../stdlib/watches.h"
#include "hosts.h"
#include "journal.h"
#include "load_overrides.h"
#include "metrics_server.h"
#include "observe.h"
#include "probes.h"
#include "progress.h"
#include "redact.h"
#include "run_target.h"
#include "target_lock.h"
#include "verdict.h"

/* An effect that a driver is carrying out. */
typedef struct mf_flight mf_flight;
struct mf_flight {
  mf_host *host;
  mf_flight *next, *previous;
  mf_flight *beside; /* in by_id */
  mf_effect effect;
  const mf_driver *driver;
  mf_op *op;                 /* NULL while it starts */
  const mf_load_stats *live; /* what a load under way has measured so far; NULL: nothing told yet */
  mf_arena arena;            /* of arguments that are not the machine's */
};

/* Names for a sentence: the first few, and how many there were. */
typedef struct mf_name_list {
  mf_buf text;
  uint32_t count;
} mf_name_list;

/* An assertion that failed in an attempt that is still under way. */
typedef struct mf_tried {
  uint32_t task, assertion; /* row of ASSERTION */
} mf_tried;

struct mf_host {
  const mf_run_options *options;
  mf_alloc alloc;
  mf_arena arena; /* lives as long as the run */
  mf_image *image;
  mf_json *metadata; /* NULL: there is none */
  mf_str name;       /* of the orchestration */
  double time_scale;
  int64_t loop_ns; /* --for; 0: not given */
  mf_load_overrides overrides;
  mf_sync sync;
  char run_id[17];
  int64_t start_ns, start_wall_ns;

  mf_loop *loop;
  mf_run_target target;
  mf_target_lock lock;
  mf_limits limits;
  int64_t limit_ns; /* when limits.max_duration is over, since the start */
  mf_load_budget budget;
  mf_hosts hosts;
  mf_driver_env env;      /* of everything but loads */
  mf_driver_env load_env; /* the same, with the stricter rule for hosts */
  mf_load_stats *stats;   /* of all loads; NULL when there are none */
  mf_vm *vm;
  mf_armed armed;                    /* of the run's watches; image NULL: there are none */
  mf_watches *watches;               /* of the run; NULL: there are none */
  mf_probes *probes;                 /* of these; NULL: the same */
  bool abort_wanted, crossed_wanted; /* a watch has tripped; the machine is not told yet */
  mf_names given;                    /* names of options->variables -> the last one of that name */
  mf_value *recorded; /* latest value of each row of METRIC that an action recorded */
  mf_journal journal;
  bool journal_made;
  mf_redactor redactor;
  mf_progress progress;
  mf_listen listen;           /* --metrics-listen */
  int64_t linger_ns;          /* --metrics-linger */
  mf_observer *observer;      /* NULL: nobody listens */
  mf_metrics_server *metrics; /* NULL: the same */

  mf_flight *flights; /* in flight, newest first */
  mf_flight **by_id;  /* the same in flight_room chains, by effect.id % flight_room */
  uint32_t flight_count, flight_room;
  bool woken;        /* something was delivered, or signalled */
  int64_t polled_ns; /* when the loop last had its turn */
  bool told_verdict;
  bool over;   /* signals end nothing any more but waiting for scrapes */
  int signals; /* SIGINTs and SIGTERMs so far */
  mf_facts facts;
  char io_error[1024]; /* facts.io_error */
  mf_name_list failed_steps, failed_assertions;
  mf_buf tried;                   /* of mf_tried: each step's last attempt decides */
  mf_report_template **templates; /* of each row of REPORT; NULL: none */
  mf_buf reports;                 /* paths written, one a line */
  mf_buf trace;                   /* one line */
};

/* A report that was asked for. */
typedef struct mf_wanted_report {
  mf_str path, format; /* format empty: the path's ending decides */
  mf_str template;     /* its file; empty: none */
} mf_wanted_report;

/* ---- run.c ---- */

/* Both clocks, now. */
mf_stamp mf_host_now(const mf_host *host);
/* Notes the first thing that could not be written: the run ends with 74. */
void mf_host_io_error(mf_host *host, const char *fmt, ...) MF_PRINTF(2, 3);

/* Says why there will be no run; returns `code`. */
int mf_host_refuse(mf_host *host, int code, const char *fmt, ...) MF_PRINTF(3, 4);

/* ---- variables.c ---- */

/* Gives the machine what the caller gave, and looks whether all is there that must
 * be.  An exit code; every mistake was told. */
int mf_host_set_variables(mf_host *host);

/* ---- confirm.c, dry_run.c ---- */

/* Whether loads or faults go to a target that is not our own. */
bool mf_host_is_aimed(const mf_host *host);
/* Is there consent to a load on the target?  An exit code. */
int mf_host_confirm(mf_host *host);
/* Keeps other runs from the target.  An exit code. */
int mf_host_lock_target(mf_host *host);
/* Prints what the run would do.  An exit code. */
int mf_host_dry_run(mf_host *host);

/* ---- perform.c ---- */

/* Journals the intent and starts the effect. */
void mf_host_perform(mf_host *host, const mf_effect *effect);
/* Ends one; it is answered before this returns. */
void mf_host_cancel_effect(mf_host *host, uint32_t id);
/* Ends all effects in flight; each is answered before this returns. */
void mf_host_cancel(mf_host *host);

/* ---- run_watches.c ---- */

/* Makes the run's watches, if the image has any, and what loads need to ask for an
 * end.  Errors: OUT_OF_MEMORY. */
mf_status mf_host_watch(mf_host *host);
void mf_host_unwatch(mf_host *host);
/* The run's watches see variables as they are now.  Errors: OUT_OF_MEMORY. */
mf_status mf_host_refresh_watches(mf_host *host);
/* An action recorded a metric. */
void mf_host_watch_metric(mf_host *host, const mf_notice *notice);
/* Tells the machine what watches have asked for. */
void mf_host_raise_trips(mf_host *host);
/* What the run's watches came to, as an outcome; UNSET: out of memory. */
mf_value mf_host_thresholds(mf_host *host, mf_arena *arena);

/* ---- live_metrics.c ---- */

/* A load tells how it stands, also at its end: other branches know from that what it
 * measured. */
void mf_host_tell_metrics(mf_host *host, const mf_load_view *load);

/* ---- record.c ---- */

void mf_record_started(mf_host *host, mf_stamp stamp);
/* What happened in the machine; at the verdict also the `final` line. */
void mf_record_notice(mf_host *host, mf_stamp stamp, const mf_notice *notice);
/* TOO_LARGE: the line was not written, and the effect must not be carried out. */
mf_status mf_record_intent(mf_host *host, mf_stamp stamp, const mf_effect *effect);
/* TOO_LARGE: not written; answer something smaller. */
mf_status mf_record_outcome(mf_host *host, mf_stamp stamp, const mf_effect *effect,
                            const mf_value *outcome);
void mf_record_signal(mf_host *host, mf_stamp stamp, const char *signal, const char *origin);
/* A watch (its row) asked for the end; `values` as in mf_tripped_fn. */
void mf_record_trip(mf_host *host, mf_stamp stamp, uint32_t watch, const mf_value *values);
/* What the load of this effect has measured so far: the map that the machine gets.  Errors:
 * as of mf_journal_end. */
mf_status mf_record_metrics(mf_host *host, mf_stamp stamp, const mf_effect *effect,
                            const mf_value *event);
/* `error` NULL: it was written. */
void mf_record_report(mf_host *host, mf_stamp stamp, const mf_wanted_report *report,
                      const char *error);
void mf_record_finished(mf_host *host, mf_stamp stamp, int exit_code, mf_str reasons);

/* ---- publish.c ---- */

/* Makes a report from the journal so far.  NULL, or a sentence that says why it could
 * not be. */
const char *mf_host_publish(mf_host *host, const mf_wanted_report *wanted);
/* Appends what the run came to, if the caller wants that told. */
void mf_host_summarize(mf_host *host, mf_buf *out);
/* Reads the templates that the image names.  0, or an exit code and why; mistakes in
 * one of them have been printed. */
int mf_host_read_templates(mf_host *host, char *error, size_t error_size);
void mf_host_free_templates(mf_host *host);

/* ---- secrets.c ---- */

/* Reads the document's secrets.  0, or the exit code of a run that was refused. */
int mf_host_read_secrets(mf_host *host);
/* What taint hides inside the machine is known by its bytes outside of it, from
 * now on.  Errors: OUT_OF_MEMORY. */
mf_status mf_host_hide_secrets(mf_host *host);

/* ---- trace.c ---- */

void mf_trace_effect(mf_host *host, const mf_effect *effect);
void mf_trace_outcome(mf_host *host, const mf_effect *effect, const mf_value *outcome);
/* Has every instruction traced from now on. */
void mf_trace_ops(mf_host *host);
#endif
