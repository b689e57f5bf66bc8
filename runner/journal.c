/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/hash.h"
#include "../base/limits.h"
#include "../io/durable.h"

#define NS_PER_S 1000000000LL
#define FLUSH_BYTES 65536u

bool mf_sync_parse(const char *word, mf_sync *out) {
  static const char *const words[] = {"effect", "interval", "none"};
  for (unsigned i = 0; i < 3; i++)
    if (strcmp(word ? word : "effect", words[i]) == 0) {
      *out = (mf_sync)i;
      return true;
    }
  return false;
}

/* ---- Where ---- */

static mf_status fail(mf_journal *j, const char *what, const char *path, const char *why) {
  snprintf(j->error, sizeof j->error, "%s%s%.400s: %s", what, path[0] ? " " : "", path, why);
  j->failed = true;
  return MF_IO_ERROR;
}

/* A name as part of a file name: letters, digits, '-', '_', at most 40 of them. */
static void add_file_name(mf_buf *out, mf_str name) {
  for (size_t i = 0; i < name.n && i < 40; i++) {
    char c = name.p[i];
    bool keep = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                c == '_' || c == '.';
    mf_buf_putc(out, keep && !(i == 0 && c == '.') ? c : '-');
  }
}

/* "2031-05-06T07:08:09Z" without what is awkward in file names. */
static void add_file_time(mf_buf *out, int64_t wall_ns) {
  char text[40];
  size_t n = mf_format_timestamp(wall_ns / NS_PER_S, 0, text);
  for (size_t i = 0; i < n; i++)
    if (text[i] != ':' && text[i] != '-') mf_buf_putc(out, text[i]);
}

bool mf_state_folder(mf_buf *out, const char *part) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  if (state && state[0] == '/')
    mf_buf_puts(out, state);
  else if (home && home[0] == '/')
    mf_buf_printf(out, "%s/.local/state", home);
  else
    return false;
  mf_buf_printf(out, "/mfvm/%s/", part);
  return true;
}

static mf_status default_path(mf_journal *j, const mf_journal_options *o) {
  mf_buf path;
  mf_buf_init(&path, &j->alloc, sizeof j->path - 5);
  bool found = mf_state_folder(&path, "runs");
  add_file_time(&path, o->wall_ns);
  mf_buf_putc(&path, '-');
  add_file_name(&path, o->name);
  mf_buf_printf(&path, "-%s.jsonl", o->run_id);
  bool fits = !path.failed;
  if (fits) memcpy(j->path, path.p, path.n + 1);
  mf_buf_fini(&path);
  if (!found)
    return fail(j, "no place for the journal", "",
                "neither XDG_STATE_HOME nor HOME is set; say --journal FILE or --journal none");
  return fits ? MF_OK : fail(j, "no place for the journal", "", "the path is too long");
}

static mf_status given_path(mf_journal *j, const char *path) {
  if (strlen(path) > sizeof j->path - 5) return fail(j, "journal", "", "the path is too long");
  memcpy(j->path, path, strlen(path) + 1);
  return MF_OK;
}

/* ---- Opening ---- */

static mf_status open_in_memory(mf_journal *j) {
  j->in_memory = true;
  j->sync = MF_SYNC_NONE;
  j->fd = memfd_create("mfvm-journal", MFD_CLOEXEC);
  return j->fd >= 0 ? MF_OK : fail(j, "journal in memory", "", strerror(errno));
}

/* The image lies beside the journal before its first line does: a journal can
 * always be replayed. */
static mf_status save_image(mf_journal *j, mf_str image) {
  char path[sizeof j->path + 8];
  mf_append file;
  snprintf(path, sizeof path, "%s.mfc", j->path);
  if (mf_append_open(&file, path, 0600, true) != MF_APPEND_OK)
    return fail(j, "image beside the journal", path, strerror(errno));
  mf_status status = mf_append_write(&file, image);
  if (status == MF_OK && j->sync != MF_SYNC_NONE) status = mf_append_sync(&file);
  if (status != MF_OK) fail(j, "image beside the journal", path, strerror(errno));
  mf_append_close(&file);
  return status == MF_OK ? MF_OK : MF_IO_ERROR;
}

/* An older journal is replaced.  Anything else there (the document, by a slip of
 * the hand) is left as it is. */
static bool may_replace(int fd) {
  static const char begin[] = "{\"seq\":";
  char found[sizeof begin - 1];
  struct stat st;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return false;
  return st.st_size == 0 || (read(fd, found, sizeof found) == (ssize_t)sizeof found &&
                             memcmp(found, begin, sizeof found) == 0);
}

static mf_status check_place(mf_journal *j) {
  int fd = open(j->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return MF_OK; /* not there yet; or mf_append_open will say why not */
  bool ok = may_replace(fd);
  close(fd);
  return ok ? MF_OK : fail(j, "journal", j->path, "it exists and is no journal; it was left alone");
}

static mf_status open_file(mf_journal *j, const mf_journal_options *o) {
  if (mf_file_make_parents(j->path) != MF_OK) return fail(j, "folder of", j->path, strerror(errno));
  if (check_place(j) != MF_OK) return MF_IO_ERROR;
  mf_append file;
  switch (mf_append_open(&file, j->path, 0600, false)) {
    case MF_APPEND_OK: j->fd = file.fd; break;
    case MF_APPEND_LOCKED: return fail(j, "journal", j->path, "another run is writing it");
    case MF_APPEND_FAILED: return fail(j, "journal", j->path, strerror(errno));
  }
  if (save_image(j, o->image) != MF_OK) return MF_IO_ERROR;
  if (mf_append_cut(&file, 0) != MF_OK) return fail(j, "journal", j->path, strerror(errno));
  return MF_OK;
}

mf_status mf_journal_create(mf_journal *j, const mf_alloc *alloc, const mf_journal_options *o) {
  memset(j, 0, sizeof *j);
  j->alloc = *alloc;
  j->fd = -1;
  j->sync = o->sync;
  j->wall_second = INT64_MIN;
  mf_buf_init(&j->lines, alloc, 0);
  if (o->path && strcmp(o->path, "none") == 0) return open_in_memory(j);
  mf_status status = o->path ? given_path(j, o->path) : default_path(j, o);
  return status == MF_OK ? open_file(j, o) : status;
}

void mf_journal_fini(mf_journal *j) {
  mf_append file = {j->fd, j->size};
  mf_append_close(&file);
  j->fd = -1;
  mf_buf_fini(&j->lines);
}

/* ---- Lines ---- */

/* Room is made once for all that stands before the data, but its texts. */
enum { HEAD_BYTES = 256 };

static char *put(char *p, mf_str s) {
  memcpy(p, s.p, s.n);
  return p + s.n;
}
static char *put_int(char *p, int64_t i) { return p + mf_format_int(i, p); }

/* RFC 3339 with all nine digits.  Most of it changes once a second only. */
static char *put_wall(mf_journal *j, char *p, int64_t wall_ns) {
  int64_t second = wall_ns / NS_PER_S, nanos = wall_ns % NS_PER_S;
  if (second != j->wall_second) {
    j->wall_text_n = mf_format_timestamp(second, 0, j->wall_text);
    if (j->wall_text_n) j->wall_text_n--; /* the Z */
    j->wall_second = second;
  }
  p = put(p, (mf_str){j->wall_text, j->wall_text_n});
  p = put(p, MF_STR(".000000000Z"));
  for (size_t i = 2; nanos > 0; nanos /= 10) p[-(ptrdiff_t)i++] = (char)('0' + nanos % 10);
  return p;
}

static void add_head(mf_journal *j, mf_stamp stamp, mf_str event, uint32_t task) {
  mf_buf *out = &j->lines;
  if (!mf_buf_reserve(out, HEAD_BYTES + event.n)) return;
  char *p = out->p + out->n;
  p = put(p, MF_STR("{\"seq\":"));
  p = put_int(p, (int64_t)j->seq + 1);
  p = put(p, MF_STR(",\"t\":"));
  p = put_int(p, stamp.monotonic_ns);
  p = put(p, MF_STR(",\"wall\":\""));
  p = put_wall(j, p, stamp.wall_ns);
  p = put(p, MF_STR("\",\"event\":\""));
  p = put(p, event);
  p = put(p, MF_STR("\",\"task\":"));
  p = put_int(p, task);
  p = put(p, MF_STR(",\"path\":"));
  *p = '\0';
  out->n = (size_t)(p - out->p);
}

mf_json_writer *mf_journal_begin(mf_journal *j, mf_stamp stamp, const char *event, uint32_t task,
                                 mf_str path) {
  mf_buf *out = &j->lines;
  j->line_start = out->n;
  add_head(j, stamp, mf_str_of(event), task);
  mf_json_quote(out, path);
  mf_buf_add_str(out, MF_STR(",\"data\":"));
  mf_json_write_init(&j->data, out, 0);
  j->data.filter = j->filter;
  mf_json_open_map(&j->data);
  return &j->data;
}

static void add_chain(mf_buf *out, uint64_t chain) {
  static const char digits[] = "0123456789abcdef";
  char text[] = ",\"chain\":\"0123456789abcdef\"}\n";
  for (unsigned i = 0; i < 16; i++) text[10 + i] = digits[(chain >> (60 - 4 * i)) & 15];
  mf_buf_add(out, text, sizeof text - 1);
}

mf_status mf_journal_end(mf_journal *j) {
  mf_buf *out = &j->lines;
  if (j->failed) {
    mf_buf_clear(out);
    return MF_IO_ERROR;
  }
  mf_json_close_map(&j->data);
  if (out->failed) return fail(j, "journal", j->path, mf_status_text(MF_OUT_OF_MEMORY));
  size_t n = out->n - j->line_start;
  if (n > MF_LIMIT_JOURNAL_LINE_BYTES - 64) {
    out->n = j->line_start;
    out->p[out->n] = '\0';
    return MF_TOO_LARGE;
  }
  j->chain = mf_hash64(out->p + j->line_start, n, j->chain);
  j->seq++;
  add_chain(out, j->chain);
  if (out->failed) return fail(j, "journal", j->path, mf_status_text(MF_OUT_OF_MEMORY));
  return out->n < FLUSH_BYTES ? MF_OK : mf_journal_flush(j, j->synced_ns);
}

/* ---- To the kernel, and to the disk ---- */

static mf_status sync_now(mf_journal *j, int64_t monotonic_ns) {
  if (!j->unsynced) return MF_OK;
  mf_append file = {j->fd, j->size};
  if (mf_append_sync(&file) != MF_OK) return fail(j, "journal", j->path, strerror(errno));
  j->unsynced = false;
  j->synced_ns = monotonic_ns;
  return MF_OK;
}

static bool sync_wanted(const mf_journal *j, int64_t monotonic_ns) {
  if (j->sync == MF_SYNC_EFFECT) return j->wants_sync;
  return j->sync == MF_SYNC_INTERVAL && monotonic_ns - j->synced_ns >= NS_PER_S;
}

mf_status mf_journal_flush(mf_journal *j, int64_t monotonic_ns) {
  if (j->failed) return MF_IO_ERROR;
  if (j->lines.n > 0) {
    mf_append file = {j->fd, j->size};
    if (mf_append_write(&file, mf_buf_str(&j->lines)) != MF_OK)
      return fail(j, "journal", j->path, strerror(errno));
    j->size = file.size;
    mf_buf_clear(&j->lines);
    j->unsynced = true;
  }
  if (!sync_wanted(j, monotonic_ns)) return MF_OK;
  j->wants_sync = false;
  return sync_now(j, monotonic_ns);
}

int64_t mf_journal_sync_due(const mf_journal *j, int64_t monotonic_ns) {
  if (j->sync != MF_SYNC_INTERVAL || !j->unsynced || j->failed) return -1;
  int64_t left = j->synced_ns + NS_PER_S - monotonic_ns;
  return left > 0 ? left : 0;
}

mf_status mf_journal_finish(mf_journal *j) {
  mf_status status = mf_journal_flush(j, j->synced_ns);
  if (status != MF_OK || j->sync == MF_SYNC_NONE) return status;
  return sync_now(j, j->synced_ns);
}
