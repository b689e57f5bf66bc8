/* durable - files that are whole, or not there. */
#ifndef MF_IO_DURABLE_H
#define MF_IO_DURABLE_H
#include "../base/buffer.h"

/* Reads all of `path` ("-": standard input) into `out`, whose maximum is the
 * limit.  MF_IO_ERROR (see errno), MF_TOO_LARGE, MF_OUT_OF_MEMORY. */
mf_status mf_file_read(const char *path, mf_buf *out);

/* Writes `bytes` as `path`, atomically: a temporary file in the same folder,
 * synced, then renamed over it, and the folder synced.  The new file gets
 * `mode` & ~umask.  Devices and pipes are written in place.  MF_IO_ERROR (see
 * errno): `path` is as it was. */
mf_status mf_file_write(const char *path, mf_str bytes, unsigned mode);

/* Makes the folders above `path` (0777 & ~umask) that are not there yet. */
mf_status mf_file_make_parents(const char *path);

/* ---- Append-only files ---- */

/* A file that only grows, written by one process at a time (flock). */
typedef struct mf_append {
  int fd;        /* -1: closed */
  uint64_t size; /* bytes in the file */
} mf_append;

typedef enum mf_append_open_result {
  MF_APPEND_OK,
  MF_APPEND_LOCKED, /* another process has it */
  MF_APPEND_FAILED, /* see errno */
} mf_append_open_result;

/* Opens, makes (with `mode` exactly) and locks.  What is in the file stays, or
 * goes if `truncate`. */
mf_append_open_result mf_append_open(mf_append *file, const char *path, unsigned mode,
                                     bool truncate);
/* Hands all of `bytes` to the kernel.  On failure (no space ...) a part that was
 * written is taken back, so that the file ends with a whole record. */
mf_status mf_append_write(mf_append *file, mf_str bytes);
/* fdatasync. */
mf_status mf_append_sync(mf_append *file);
/* Cuts the file to `size` bytes: to drop a torn tail. */
mf_status mf_append_cut(mf_append *file, uint64_t size);
void mf_append_close(mf_append *file); /* idempotent; gives up the lock */
#endif
