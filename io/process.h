/* process - child processes, on the loop.
 *
 * A child leads a process group of its own, so that a timeout ends everything it
 * started.  It gets no shell, none of our descriptors but 0, 1 and 2, and the
 * signal settings of a fresh process.  Its end is seen through a pidfd, so no
 * SIGCHLD is needed and other children of the embedder are left alone. */
#ifndef MF_IO_PROCESS_H
#define MF_IO_PROCESS_H
#include "../base/buffer.h"
#include "loop.h"

typedef struct mf_process mf_process;

typedef struct mf_process_result {
  bool timed_out;
  bool cancelled;
  bool exited;           /* else a signal ended it */
  int code;              /* exit code, or the signal's number */
  mf_str out, err;       /* as far as kept */
  bool out_cut, err_cut; /* there was more; it was read and dropped */
} mf_process_result;

typedef struct mf_process_spec {
  const char *const *argv; /* NULL-ended; argv[0] is looked for in PATH */
  const char *const *env;  /* NULL-ended "NAME=value", added to ours; may be NULL */
  const char *cwd;         /* NULL: ours */
  mf_str input;            /* its standard input */
  size_t max_output;       /* bytes kept of each of stdout and stderr */
  int64_t timeout_ns;      /* then SIGTERM, and SIGKILL one second later; 0: none */
  /* Called once, from the loop or from mf_process_cancel.  Slices are borrowed
   * for the call; the process is freed after it. */
  void (*done)(void *ctx, const mf_process_result *result);
  void *ctx;
} mf_process_spec;

/* Starts a child.  NULL on success (*out is set and `done` will be called), else
 * a sentence that says why not, in `error` or static.  `spec` is not kept, but
 * its ctx is. */
const char *mf_process_start(const mf_alloc *alloc, mf_loop *loop, const mf_process_spec *spec,
                             mf_process **out, char *error, size_t error_size);

/* Ends the group: SIGTERM, SIGKILL after 0.2 s; calls `done` before it returns.
 * Blocks for that long at most, and one second more should the kernel be slow to
 * end a killed process. */
void mf_process_cancel(mf_process *process);
#endif
