/* SPDX-License-Identifier: MIT */
/* Reports: made from the journal's lines so far, as any later reader would make
 * them. */
#include "host.h"

#include <stdio.h>

#include "../image/report_formats.h"
#include "journal_read.h"
#include "printable.h"

/* ---- Making one ---- */

/* The journal has been flushed: what the reader sees is all there is. */
static mf_status feed(mf_host *h, mf_report *report) {
  mf_journal_reader *reader;
  mf_status status = mf_journal_open_fd(&h->alloc, h->journal.fd, &reader);
  mf_str line = {NULL, 0};
  while (status == MF_OK) {
    status = mf_journal_read(reader, &line);
    if (status != MF_OK || line.n == 0) break;
    status = mf_report_feed(report, line);
  }
  mf_journal_close(reader);
  return status;
}

static mf_status render(mf_host *h, mf_str format, mf_buf *out) {
  mf_report *report = mf_report_new(&h->alloc);
  if (!report) return MF_OUT_OF_MEMORY;
  mf_status status = feed(h, report);
  if (status == MF_OK) status = mf_report_render(report, format, out);
  mf_report_free(report);
  return status;
}

/* NULL, or why not: static, or in the run's arena. */
static const char *write_report(mf_host *h, const char *path, mf_str format) {
  char error[256] = "";
  mf_buf bytes;
  mf_buf_init(&bytes, &h->alloc, 0);
  mf_status status = render(h, format, &bytes);
  if (status == MF_OK) status = mf_blob_write(path, bytes.p, bytes.n, error, sizeof error);
  mf_buf_fini(&bytes);
  if (status == MF_OK) return NULL;
  if (status == MF_UNSUPPORTED) return "the ending of its path names no format of reports";
  const char *why = error[0] ? mf_arena_copy(&h->arena, error, strlen(error)) : NULL;
  return why ? why : mf_status_text(status);
}

/* ---- Asking for one ---- */

/* Static, so that the journal and messages can name it. */
static mf_str format_of(mf_str path) {
  mf_report_format format = mf_report_format_of(path);
  return mf_str_of(format < MF_REPORT_FORMAT_COUNT ? mf_report_format_word(format) : "");
}

/* A path is a C string for the kernel. */
static const char *path_problem(mf_str path) {
  if (path.n == 0) return "the path is empty";
  return memchr(path.p, '\0', path.n) ? "the path has a NUL character" : NULL;
}

static const char *publish(mf_host *h, mf_str path, mf_str format) {
  const char *why = path_problem(path);
  if (why) return why;
  char *copy = mf_arena_copy(&h->arena, path.p, path.n);
  if (!copy) return mf_status_text(MF_OUT_OF_MEMORY);
  return write_report(h, copy, format);
}

const char *mf_host_publish(mf_host *h, mf_str path, mf_str format) {
  if (mf_journal_flush(&h->journal, mf_host_now(h).monotonic_ns) != MF_OK) {
    mf_host_io_error(h, "%s", h->journal.error);
    return h->io_error;
  }
  if (format.n == 0) format = format_of(path);
  const char *why = publish(h, path, format);
  mf_record_report(h, mf_host_now(h), path, format, why);
  if (why)
    mf_host_io_error(h, "report %.*s: %s", (int)path.n, path.p, why);
  else
    mf_buf_printf(&h->reports, "%.*s\n", (int)path.n, path.p);
  return why;
}
