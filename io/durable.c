/* SPDX-License-Identifier: MIT */
#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Closing must not hide why we are closing. */
static void close_keep_errno(int fd) {
  int saved = errno;
  close(fd);
  errno = saved;
}

/* ---- Reading ---- */

static mf_status read_all(int fd, mf_buf *out) {
  for (;;) {
    char chunk[65536];
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return MF_IO_ERROR;
    if (n == 0) return MF_OK;
    mf_buf_add(out, chunk, (size_t)n);
    if (out->failed) return out->too_large ? MF_TOO_LARGE : MF_OUT_OF_MEMORY;
  }
}

mf_status mf_file_read(const char *path, mf_buf *out) {
  if (strcmp(path, "-") == 0) return read_all(STDIN_FILENO, out);
  /* O_NONBLOCK: opening a FIFO that nobody writes to must not hang. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return MF_IO_ERROR;
  struct stat st;
  mf_status status = fstat(fd, &st) == 0 ? MF_OK : MF_IO_ERROR;
  if (status == MF_OK && S_ISREG(st.st_mode)) {
    if ((uint64_t)st.st_size > out->max)
      status = MF_TOO_LARGE;
    else if (!mf_buf_reserve(out, (size_t)st.st_size))
      status = MF_OUT_OF_MEMORY;
  } else if (status == MF_OK) {
    /* Pipes ("<(command)") are read to their end. */
    (void)fcntl(fd, F_SETFL, 0);
  }
  if (status == MF_OK) status = read_all(fd, out);
  close_keep_errno(fd);
  return status;
}

/* ---- Writing ---- */

static bool write_all(int fd, mf_str bytes) {
  while (bytes.n > 0) {
    ssize_t n = write(fd, bytes.p, bytes.n);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes = (mf_str){bytes.p + n, bytes.n - (size_t)n};
  }
  return true;
}

/* Length of the folder part of `path`; 0 if it has none, 1 for "/". */
static size_t folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return 0;
  return slash == path ? 1 : (size_t)(slash - path);
}

/* A rename is durable once its folder is.  Folders that may not be read, and
 * file systems that cannot sync one, do without: the rename stands. */
static bool sync_folder(const char *path, size_t n) {
  char folder[PATH_MAX];
  snprintf(folder, sizeof folder, "%.*s", n ? (int)n : 1, n ? path : ".");
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return true;
  bool ok = fsync(fd) == 0 || errno == EINVAL;
  close_keep_errno(fd);
  return ok;
}

/* umask can only be read by setting it, which other threads would see, so the
 * kernel is asked to apply it instead: by a file opened with `mode`. */
static int open_temporary(char *name, size_t size, const char *path, unsigned mode) {
  for (unsigned attempt = 0; attempt < 100; attempt++) {
    int n = snprintf(name, size, "%s.%ld-%u.tmp", path, (long)getpid(), attempt);
    if (n < 0 || (size_t)n >= size) {
      errno = ENAMETOOLONG;
      return -1;
    }
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

/* For what cannot be replaced: /dev/stdout, /dev/null, a FIFO. */
static mf_status write_in_place(const char *path, mf_str bytes) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return MF_IO_ERROR;
  bool ok = write_all(fd, bytes);
  close_keep_errno(fd);
  return ok ? MF_OK : MF_IO_ERROR;
}

static mf_status replace(const char *path, mf_str bytes, unsigned mode) {
  char temporary[PATH_MAX];
  int fd = open_temporary(temporary, sizeof temporary, path, mode);
  if (fd < 0) return MF_IO_ERROR;
  bool ok = write_all(fd, bytes) && fsync(fd) == 0;
  close_keep_errno(fd);
  if (ok) ok = rename(temporary, path) == 0;
  if (!ok) {
    int saved = errno;
    unlink(temporary);
    errno = saved;
    return MF_IO_ERROR;
  }
  return sync_folder(path, folder_length(path)) ? MF_OK : MF_IO_ERROR;
}

mf_status mf_file_write(const char *path, mf_str bytes, unsigned mode) {
  struct stat st;
  char real[PATH_MAX];
  if (stat(path, &st) != 0) return replace(path, bytes, mode);
  if (S_ISDIR(st.st_mode)) {
    errno = EISDIR;
    return MF_IO_ERROR;
  }
  if (!S_ISREG(st.st_mode)) return write_in_place(path, bytes);
  /* A symbolic link stays one: what it points to is replaced. */
  return replace(realpath(path, real) ? real : path, bytes, mode);
}

mf_status mf_file_make_parents(const char *path) {
  char folder[PATH_MAX];
  size_t n = folder_length(path);
  if (n >= sizeof folder) {
    errno = ENAMETOOLONG;
    return MF_IO_ERROR;
  }
  memcpy(folder, path, n);
  folder[n] = 0;
  for (size_t i = 1; i <= n; i++) {
    if (folder[i] != '/' && i < n) continue;
    char saved = folder[i];
    folder[i] = 0;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) return MF_IO_ERROR;
    folder[i] = saved;
  }
  return MF_OK;
}

/* ---- Append-only files ---- */

mf_append_open_result mf_append_open(mf_append *file, const char *path, unsigned mode,
                                     bool truncate) {
  *file = (mf_append){.fd = -1};
  int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, (mode_t)mode);
  if (fd < 0) return MF_APPEND_FAILED;
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    bool locked = errno == EWOULDBLOCK;
    close_keep_errno(fd);
    return locked ? MF_APPEND_LOCKED : MF_APPEND_FAILED;
  }
  /* Only under the lock: it may be another run's.  Devices keep their mode. */
  struct stat st;
  bool ok = fstat(fd, &st) == 0;
  if (ok && S_ISREG(st.st_mode)) {
    (void)fchmod(fd, (mode_t)mode);
    if (truncate) ok = ftruncate(fd, 0) == 0 && fstat(fd, &st) == 0;
  }
  if (!ok) {
    close_keep_errno(fd);
    return MF_APPEND_FAILED;
  }
  file->fd = fd;
  file->size = (uint64_t)st.st_size;
  return MF_APPEND_OK;
}

mf_status mf_append_write(mf_append *file, mf_str bytes) {
  if (!write_all(file->fd, bytes)) {
    int saved = errno;
    (void)mf_append_cut(file, file->size);
    errno = saved;
    return MF_IO_ERROR;
  }
  file->size += bytes.n;
  return MF_OK;
}

mf_status mf_append_sync(mf_append *file) { return fdatasync(file->fd) == 0 ? MF_OK : MF_IO_ERROR; }

mf_status mf_append_cut(mf_append *file, uint64_t size) {
  if (ftruncate(file->fd, (off_t)size) != 0) return MF_IO_ERROR;
  file->size = size;
  return MF_OK;
}

void mf_append_close(mf_append *file) {
  if (file->fd >= 0) close(file->fd);
  file->fd = -1;
}
