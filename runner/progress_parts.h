/* progress_parts - what the files of progress share. */
#ifndef MF_RUNNER_PROGRESS_PARTS_H
#define MF_RUNNER_PROGRESS_PARTS_H
#include "../base/json.h"
#include "progress.h"

#define MF_TOLD_NS 5000000000LL /* between two lines about a load that stay */

/* ---- progress_text.c ---- */

/* Filtered, safe for a terminal, and cut when it is very long. */
void mf_put_safe(const mf_progress *p, mf_buf *out, mf_str s);
void mf_put_colored(mf_progress *p, const char *sgr, const char *s);
/* A number with three significant digits, and no needless zeros. */
void mf_put_number(mf_buf *out, double d);
/* "0.25s", "12.5s", "2m05.0s" */
void mf_put_seconds(mf_buf *out, double seconds);
/* "30 requests, 10/s, 0% errors, avg 1.2 ms, p95 2.5 ms" */
void mf_put_figures(mf_buf *out, const mf_figures *f);
/* The line that `rest` begins with, without its end; takes it from there. */
mf_str mf_next_line(mf_str *rest);

static inline void put(mf_progress *p, const char *s) { mf_buf_puts(&p->text, s); }
static inline void put_name(mf_progress *p, mf_str s) { mf_put_safe(p, &p->text, s); }
static inline void put_colored(mf_progress *p, const char *sgr, const char *s) {
  mf_put_colored(p, sgr, s);
}

/* ---- progress_running.c ---- */

/* NULL: none of this path is under way. */
mf_running *mf_running_find(mf_progress *p, mf_str path);
/* NULL: out of memory; it is not shown then. */
mf_running *mf_running_add(mf_progress *p, mf_str path, mf_str name, int64_t now_ns);
void mf_running_remove(mf_progress *p, mf_str path);
/* Takes over how a load stands; NULL as for mf_running_add. */
mf_running *mf_running_load(mf_progress *p, const mf_load_view *load, int64_t now_ns);
void mf_running_finished(mf_running *running, const mf_value *metrics);

/* ---- progress_lines.c ---- */

void mf_line_notice(mf_progress *p, const mf_notice *notice, int64_t now_ns);
void mf_line_load(mf_progress *p, mf_running *load, int64_t now_ns);
void mf_line_text(mf_progress *p, const char *level, mf_str text, int64_t now_ns);
void mf_line_say(mf_progress *p, mf_str text, int64_t now_ns);

/* ---- progress_live.c ---- */

void mf_live_init(mf_progress *p);
/* Something began or ended: it is drawn within a tenth of a second. */
void mf_live_changed(mf_progress *p);
/* Takes the lines off the screen: what is put next stands in their place. */
void mf_live_erase(mf_progress *p);
/* What was erased is drawn again, below the new lines. */
void mf_live_restore(mf_progress *p);
/* A picture was drawn just now: new lines wait for the next, which comes by itself. */
bool mf_live_holds(const mf_progress *p);

/* ---- progress_json.c ---- */

void mf_event_started(mf_progress *p, mf_str name, const char *run_id, const mf_run_target *target,
                      double time_scale);
void mf_event_notice(mf_progress *p, const mf_notice *notice, int64_t now_ns);
void mf_event_load(mf_progress *p, mf_str path, const mf_running *load, int64_t now_ns);
void mf_event_message(mf_progress *p, const char *level, mf_str text, int64_t now_ns);
void mf_event_verdict(mf_progress *p, const mf_ending *ending);
#endif
