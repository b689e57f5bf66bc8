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
