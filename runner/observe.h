/* observe - what happens in a run, as it goes into the exposition.
 *
 * It is told what goes into the journal (notices, effects, outcomes, the end), and once
 * a second, and at its end, what each load has measured; so at the end of a run its
 * figures are those of the journal.  Every function takes NULL and then does nothing:
 * nobody listens. */
#ifndef MF_RUNNER_OBSERVE_H
#define MF_RUNNER_OBSERVE_H
#include "../stdlib/load_stats.h"
#include "exposition.h"

typedef struct mf_observer mf_observer;

/* `image` and `name`, the orchestration's, must outlive it.  NULL: out of memory. */
mf_observer *mf_observer_new(const mf_alloc *alloc, const mf_image *image, mf_str name,
                             mf_redactor *redactor);
void mf_observer_free(mf_observer *o);

/* target: "url", "sample" ... */
void mf_observe_started(mf_observer *o, const char *run_id, const char *target, int64_t wall_ns);
void mf_observe_notice(mf_observer *o, const mf_notice *notice);
/* An effect is about to be carried out, and was answered. */
void mf_observe_effect(mf_observer *o, const mf_effect *effect);
void mf_observe_outcome(mf_observer *o, const mf_effect *effect, const mf_value *outcome);
/* For mf_driver_env.observe. */
void mf_observe_load(void *observer, const mf_load_view *view);
void mf_observe_ended(mf_observer *o, int exit_code);

const mf_exposition *mf_observer_exposition(const mf_observer *o);
#endif
