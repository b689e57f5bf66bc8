/* SPDX-License-Identifier: MIT */
/* Reads a journal and checks its chain.
 *
 * A line that does not fit the one before it is a torn tail when nothing follows
 * it: the machine lost power, or the process was killed, in the middle of a
 * write.  When more follows, the file was damaged or edited afterwards. */
#include "journal_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/hash.h"
#include "../base/limits.h"
#include "../base/text.h"

#define CHUNK 65536u

struct mf_journal_reader {
  mf_alloc alloc;
  int fd;
  bool owns_fd, at_end, damaged;
  uint64_t offset; /* in the file, of the end of `bytes` */
  mf_buf bytes;
  size_t at; /* start of the next line in `bytes` */
  uint64_t lines, chain;
  char problem[160];
};

mf_status mf_journal_open_fd(const mf_alloc *alloc, int fd, mf_journal_reader **out) {
  mf_alloc a = mf_alloc_or_default(alloc);
  mf_journal_reader *r = *out = mf_realloc(&a, NULL, 0, sizeof *r);
  if (!r) return MF_OUT_OF_MEMORY;
  *r = (mf_journal_reader){.alloc = a, .fd = fd};
  mf_buf_init(&r->bytes, &a, 0);
  if (mf_buf_reserve(&r->bytes, CHUNK)) return MF_OK;
  mf_journal_close(r);
  *out = NULL;
  return MF_OUT_OF_MEMORY;
}

static const char *unreadable(int fd) {
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) return strerror(errno);
  return S_ISDIR(st.st_mode) ? strerror(EISDIR) : NULL;
}

mf_status mf_journal_open(const mf_alloc *alloc, const char *path, mf_journal_reader **out,
                          char *error, size_t error_size) {
  *out = NULL;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  const char *why = unreadable(fd);
  mf_status status = why ? MF_IO_ERROR : mf_journal_open_fd(alloc, fd, out);
  if (status == MF_OK) {
    (*out)->owns_fd = true;
    return MF_OK;
  }
  snprintf(error, error_size, "%s", why ? why : mf_status_text(status));
  if (fd >= 0) close(fd);
  return status;
}

void mf_journal_close(mf_journal_reader *r) {
  if (!r) return;
  if (r->owns_fd) close(r->fd);
  mf_buf_fini(&r->bytes);
  mf_alloc alloc = r->alloc;
  mf_realloc(&alloc, r, sizeof *r, 0);
}

const char *mf_journal_problem(const mf_journal_reader *r) { return r->problem; }

/* ---- Bytes ---- */

static ssize_t read_some(mf_journal_reader *r, char *to, size_t n) {
  for (;;) {
    ssize_t got = pread(r->fd, to, n, (off_t)r->offset);
    if (got < 0 && errno == ESPIPE) got = read(r->fd, to, n);
    if (got >= 0 || errno != EINTR) return got;
  }
}

/* Reads one chunk more; sets at_end when there is none. */
static mf_status fill(mf_journal_reader *r) {
  if (r->at > 0) {
    mf_buf_consume(&r->bytes, r->at);
    r->at = 0;
  }
  if (!mf_buf_reserve(&r->bytes, CHUNK)) return MF_OUT_OF_MEMORY;
  ssize_t got = read_some(r, r->bytes.p + r->bytes.n, CHUNK);
  if (got < 0) {
    snprintf(r->problem, sizeof r->problem, "%s", strerror(errno));
    return MF_IO_ERROR;
  }
  r->bytes.n += (size_t)got;
  r->bytes.p[r->bytes.n] = '\0';
  r->offset += (uint64_t)got;
  r->at_end = got == 0;
  return MF_OK;
}

/* The bytes up to the next newline, or up to the end of the file: then `whole`
 * is false.  A line that passes the limit counts as ended there. */
static mf_status next_bytes(mf_journal_reader *r, mf_str *line, bool *whole) {
  size_t searched = 0;
  for (;;) {
    mf_str rest = {r->bytes.p + r->at, r->bytes.n - r->at};
    const char *end = rest.n > searched ? memchr(rest.p + searched, '\n', rest.n - searched) : NULL;
    *whole = end != NULL;
    *line = (mf_str){rest.p, end ? (size_t)(end - rest.p) : rest.n};
    if (end || r->at_end || rest.n > MF_LIMIT_JOURNAL_LINE_BYTES) return MF_OK;
    searched = rest.n;
    mf_status status = fill(r);
    if (status != MF_OK) return status;
  }
}

/* ---- The chain ---- */

static bool parse_hex(const char *p, uint64_t *out) {
  *out = 0;
  for (unsigned i = 0; i < 16; i++) {
    unsigned digit;
    if (p[i] >= '0' && p[i] <= '9')
      digit = (unsigned)(p[i] - '0');
    else if (p[i] >= 'a' && p[i] <= 'f')
      digit = (unsigned)(p[i] - 'a' + 10);
    else
      return false;
    *out = *out << 4 | digit;
  }
  return true;
}

/* Whether `line` follows a line of chain *chain, which becomes its own. */
static bool chain_ok(mf_str line, uint64_t *chain) {
  static const char before[] = ",\"chain\":\"";
  const size_t tail = sizeof before - 1 + 16 + 2;
  uint64_t stated;
  if (line.n <= tail) return false;
  const char *p = line.p + line.n - tail;
  if (memcmp(p, before, sizeof before - 1) != 0 || memcmp(p + tail - 2, "\"}", 2) != 0)
    return false;
  if (!parse_hex(p + sizeof before - 1, &stated)) return false;
  if (mf_hash64(line.p, line.n - tail, *chain) != stated) return false;
  *chain = stated;
  return true;
}

/* Whether anything but an unfinished line follows the bad one. */
static bool more_follows(mf_journal_reader *r, mf_str line, bool whole) {
  if (!whole) return !r->at_end;
  if (r->at + line.n + 1 < r->bytes.n) return true;
  r->at += line.n + 1;
  return fill(r) != MF_OK || !r->at_end;
}

static mf_status damage(mf_journal_reader *r, mf_str line, bool whole) {
  uint64_t start = r->offset - (r->bytes.n - r->at);
  bool torn = !more_follows(r, line, whole);
  r->damaged = true;
  snprintf(
      r->problem, sizeof r->problem,
      torn ? "the last line (%llu, at byte %llu) is torn: it was not written to its end"
           : "line %llu (at byte %llu) does not fit the line before it: the file was damaged or "
             "edited",
      (unsigned long long)r->lines + 1, (unsigned long long)start);
  return MF_JOURNAL_DAMAGED;
}

mf_status mf_journal_read(mf_journal_reader *r, mf_str *line) {
  bool whole;
  *line = (mf_str){NULL, 0};
  if (r->damaged) return MF_JOURNAL_DAMAGED;
  mf_str bytes;
  mf_status status = next_bytes(r, &bytes, &whole);
  if (status != MF_OK) return status;
  if (bytes.n == 0 && !whole) return MF_OK;
  if (!whole || !chain_ok(bytes, &r->chain)) return damage(r, bytes, whole);
  r->at += bytes.n + 1;
  r->lines++;
  *line = bytes;
  return MF_OK;
}
