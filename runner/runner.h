/* runner - what the parts of the runner share. */
#ifndef MF_RUNNER_RUNNER_H
#define MF_RUNNER_RUNNER_H
#include "../include/mfvm_tools.h"
#include "../base/buffer.h"

/* "passed", "failed", "skipped", "no_data", "warning", "interrupted". */
const char *mf_outcome_word(mf_outcome_kind outcome);

/* A report being put together from journal lines (runner/report.c).  The same
 * lines give the same bytes. */
typedef struct mf_report mf_report;
mf_report *mf_report_new(const mf_alloc *alloc);
void mf_report_free(mf_report *report);
/* Feeds one journal line (without its newline).  Order matters.  JSON_INVALID,
 * OUT_OF_MEMORY. */
mf_status mf_report_feed(mf_report *report, mf_str line);
/* Renders what was fed so far.  UNSUPPORTED for an unknown format. */
mf_status mf_report_render(mf_report *report, mf_str format, mf_buf *out);

/* Steps, loads, requests, checks and thresholds in plain text, from what was fed so
 * far: the end of what a run prints. */
typedef struct mf_summary_look {
  bool full;  /* all rows; else the first 20 of each part */
  bool ascii; /* no other characters of our own */
  bool color;
} mf_summary_look;
void mf_report_summary(mf_report *report, mf_buf *out, const mf_summary_look *look);

/* A template that reports are made from (runner/report_template.c), compiled: it is
 * read before a run, so that a mistake in it is told before anything is done.
 * Mistakes are printed to `err`, at most twenty.  EXPRESSION_INVALID, TOO_LARGE,
 * OUT_OF_MEMORY; of a file also IO_ERROR (`error` says why). */
typedef struct mf_report_template mf_report_template;
mf_status mf_report_template_new(const mf_alloc *alloc, const char *name, mf_str text,
                                 mf_output err, mf_report_template **out);
mf_status mf_report_template_open(const mf_alloc *alloc, const char *path, mf_output err,
                                  mf_report_template **out, char *error, size_t error_size);
void mf_report_template_free(mf_report_template *tmpl);
/* Renders what was fed so far.  UNSUPPORTED; EXPRESSION_INVALID, TOO_LARGE and the
 * statuses of mf_eval: `error` says "FILE:LINE:COLUMN: why"; OUT_OF_MEMORY. */
mf_status mf_report_render_template(mf_report *report, const mf_report_template *tmpl,
                                    mf_str format, mf_buf *out, char *error, size_t error_size);

/* Reads a journal line by line, checking the chain (runner/journal.c). */
typedef struct mf_journal_reader mf_journal_reader;
mf_status mf_journal_open(const mf_alloc *alloc, const char *path, mf_journal_reader **out,
                          char *error, size_t error_size);
/* The next line; n == 0 at the end.  JOURNAL_DAMAGED: torn tail or later damage,
 * `mf_journal_problem` tells which, in words. */
mf_status mf_journal_read(mf_journal_reader *reader, mf_str *line);
const char *mf_journal_problem(const mf_journal_reader *reader);
void mf_journal_close(mf_journal_reader *reader);
#endif
