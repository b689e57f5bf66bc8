/* journal - what happened, line by line, in a file that survives us.
 *
 * A line is begun, its data written straight into the buffer, and ended; that
 * adds the chained checksum.  Ended lines wait in memory until mf_journal_flush
 * hands them to the kernel: before anything is done in the world, and before we
 * wait.  runner/events.def has the format of a line.
 *
 * Failure to write is sticky: `error` says why, and every call fails from then
 * on.  A run without a journal must not go on. */
#ifndef MF_RUNNER_JOURNAL_H
#define MF_RUNNER_JOURNAL_H
#include "../base/json.h"

/* When fdatasync is called: with every effect, once a second, never. */
typedef enum mf_sync { MF_SYNC_EFFECT, MF_SYNC_INTERVAL, MF_SYNC_NONE } mf_sync;
/* "effect" (also NULL), "interval", "none"; false for other words. */
bool mf_sync_parse(const char *word, mf_sync *out);

/* Appends a folder of ours among the user's state (XDG base directories), with a slash
 * at its end: "runs", "targets".  False: the environment names no place for it. */
bool mf_state_folder(mf_buf *out, const char *part);

/* One instant on both clocks. */
typedef struct mf_stamp {
  int64_t monotonic_ns; /* since the run's start */
  int64_t wall_ns;      /* since 1970 */
} mf_stamp;

typedef struct mf_journal {
  mf_alloc alloc;
  int fd;        /* -1: none yet */
  uint64_t size; /* bytes in the file */
  mf_sync sync;
  bool in_memory; /* no path: it goes with the process */
  bool failed;
  bool unsynced;   /* written since the last fdatasync */
  bool wants_sync; /* the lines waiting tell of an effect on the world */
  mf_buf lines;    /* ended, not yet flushed; and the one being written */
  size_t line_start;
  mf_json_writer data;
  const mf_json_filter *filter; /* of the texts in "data"; NULL: none */
  uint64_t seq, chain;
  int64_t synced_ns;   /* monotonic, of the last fdatasync */
  int64_t wall_second; /* for which wall_text holds */
  size_t wall_text_n;
  char wall_text[40];
  char error[512];
  char path[4096]; /* "" in memory */
} mf_journal;

typedef struct mf_journal_options {
  const char *path; /* NULL: the user's state folder; "none"; a file */
  mf_str name;      /* of the orchestration, for the default file name */
  const char *run_id;
  int64_t wall_ns; /* the run's start */
  mf_str image;    /* written as PATH.mfc first */
  mf_sync sync;
} mf_journal_options;

/* Makes, locks and empties the file.  IO_ERROR with journal->error; call
 * mf_journal_fini in any case. */
mf_status mf_journal_create(mf_journal *journal, const mf_alloc *alloc,
                            const mf_journal_options *options);
void mf_journal_fini(mf_journal *journal);

/* Begins a line; the writer returned stands inside its open "data" map. */
mf_json_writer *mf_journal_begin(mf_journal *journal, mf_stamp stamp, const char *event,
                                 uint32_t task, mf_str path);
/* Ends it.  TOO_LARGE: it passed MF_LIMIT_JOURNAL_LINE_BYTES and was dropped.
 * Hands over what waits once it is much. */
mf_status mf_journal_end(mf_journal *journal);

/* Hands the lines that wait to the kernel, and syncs if the policy wants it. */
mf_status mf_journal_flush(mf_journal *journal, int64_t monotonic_ns);
/* Nanoseconds until MF_SYNC_INTERVAL wants another flush; negative: none. */
int64_t mf_journal_sync_due(const mf_journal *journal, int64_t monotonic_ns);
/* Flushes, and syncs unless MF_SYNC_NONE: the run is over. */
mf_status mf_journal_finish(mf_journal *journal);
#endif
