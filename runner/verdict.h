/* verdict - from what happened to an exit code, and why. */
#ifndef MF_RUNNER_VERDICT_H
#define MF_RUNNER_VERDICT_H
#include "../base/text.h"

/* Everything the exit code depends on.  A zeroed one with verdict.outcome PASSED
 * is a run that passed.  Text is borrowed. */
typedef struct mf_facts {
  mf_verdict verdict;                     /* the machine's */
  const char *bug;                        /* NULL, or what went wrong inside of us */
  const char *io_error;                   /* NULL, or the first file that could not be written */
  const char *signal;                     /* NULL, or "SIGINT" ... */
  const char *limit;                      /* NULL, or the one of `limits` that was exceeded */
  mf_status budget;                       /* MF_OK, or the limit that was exceeded */
  bool undo_failed;                       /* a rollback or an undo */
  bool faults_left;                       /* in force, on request */
  mf_str failed_steps, failed_assertions; /* their names, for the sentence */
} mf_facts;

/* The exit code, by the order in docs/design.md, "Verdict and exit codes". */
int mf_exit_code(const mf_facts *facts);
/* Why it is not 0: one clause for each cause, the decisive one first, joined by
 * "; ".  Nothing when it is 0. */
void mf_verdict_reasons(const mf_facts *facts, mf_buf *out);
#endif
