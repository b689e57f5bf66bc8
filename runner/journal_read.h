/* journal_read - reading the journal that is being written (runner.h has the
 * calls for files). */
#ifndef MF_RUNNER_JOURNAL_READ_H
#define MF_RUNNER_JOURNAL_READ_H
#include "runner.h"

/* Reads from the start of an open file, without moving its position.  Borrows
 * the descriptor. */
mf_status mf_journal_open_fd(const mf_alloc *alloc, int fd, mf_journal_reader **out);
#endif
