/* SPDX-License-Identifier: MIT */
#include "target_lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/host_rule.h"
#include "journal.h"
#include "printable.h"

/* ---- Its name ---- */

static char file_char(char c) {
  if (c >= 'A' && c <= 'Z') return (char)(c - 'A' + 'a');
  bool keep = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  return keep ? c : '_';
}

/* "shop.example_8080.lock": a host has no other characters that could meet in '_'. */
static bool make_path(mf_buf *out, const mf_url *target) {
  mf_str host = target->host;
  if (mf_host_same(host, MF_STR("localhost"))) host = MF_STR("127.0.0.1");
  if (host.n > 0 && host.p[host.n - 1] == '.') host.n--;
  if (!mf_state_folder(out, "targets")) return false;
  for (size_t i = 0; i < host.n; i++) mf_buf_putc(out, file_char(host.p[i]));
  mf_buf_printf(out, "_%u.lock", (unsigned)target->port);
  return !out->failed;
}

/* ---- What it says ---- */

static void write_line(mf_target_lock *lock, const char *journal) {
  char line[4200];
  int n = snprintf(line, sizeof line, "process %ld%s%s", (long)getpid(),
                   journal ? ", journal " : "", journal ? journal : "");
  if (n > 0 && (size_t)n < sizeof line && mf_append_cut(&lock->file, 0) == MF_OK)
    (void)mf_append_write(&lock->file, (mf_str){line, (size_t)n});
}

static void name_the_other(const mf_alloc *alloc, const char *path, const mf_url *target, char *why,
                           size_t why_size) {
  mf_buf said, safe;
  mf_buf_init(&said, alloc, 8192);
  mf_buf_init(&safe, alloc, 0);
  if (mf_file_read(path, &said) == MF_OK) mf_print_safe(&safe, mf_buf_str(&said));
  snprintf(why, why_size, "another run is at the target %.*s: %s", (int)target->authority.n,
           target->authority.p, safe.n ? safe.p : "an unknown process");
  mf_buf_fini(&safe);
  mf_buf_fini(&said);
}

/* ---- Taking it ---- */

static mf_target_lock_result take(mf_target_lock *lock, const mf_alloc *alloc, const char *path,
                                  const mf_url *target, char *why, size_t why_size) {
  mf_append_open_result opened = MF_APPEND_FAILED;
  if (mf_file_make_parents(path) == MF_OK) opened = mf_append_open(&lock->file, path, 0600, false);
  if (opened == MF_APPEND_OK) {
    write_line(lock, NULL);
    return MF_TARGET_LOCK_OK;
  }
  lock->file.fd = -1;
  if (opened == MF_APPEND_LOCKED)
    name_the_other(alloc, path, target, why, why_size);
  else
    snprintf(why, why_size, "%.400s: %s", path, strerror(errno));
  return opened == MF_APPEND_LOCKED ? MF_TARGET_LOCK_TAKEN : MF_TARGET_LOCK_FAILED;
}

mf_target_lock_result mf_target_lock_take(mf_target_lock *lock, const mf_alloc *alloc,
                                          const mf_url *target, char *why, size_t why_size) {
  mf_buf path;
  mf_target_lock_result result = MF_TARGET_LOCK_FAILED;
  *lock = (mf_target_lock){.file = {.fd = -1}};
  mf_buf_init(&path, alloc, 0);
  if (make_path(&path, target))
    result = take(lock, alloc, path.p, target, why, why_size);
  else
    snprintf(why, why_size, "neither XDG_STATE_HOME nor HOME is set");
  mf_buf_fini(&path);
  return result;
}

void mf_target_lock_tell(mf_target_lock *lock, const char *journal) {
  if (lock->file.fd >= 0) write_line(lock, journal[0] ? journal : NULL);
}

void mf_target_lock_release(mf_target_lock *lock) {
  if (lock->file.fd >= 0) mf_append_close(&lock->file);
  lock->file.fd = -1;
}
