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

/* The template of a file that some row of REPORT names; NULL: there is none. */
static const mf_report_template *template_of(const mf_host *h, mf_str file) {
  const mf_row_report *rows = MF_ROWS(h->image, REPORT, report);
  for (uint32_t i = 0; h->templates && i < MF_ROW_COUNT(h->image, REPORT); i++)
    if (h->templates[i] && mf_str_eq(mf_image_string(h->image, rows[i].template), file))
      return h->templates[i];
  return NULL;
}

static mf_status render(mf_host *h, const mf_wanted_report *wanted, mf_buf *out, char *error,
                        size_t error_size) {
  const mf_report_template *tmpl = template_of(h, wanted->template);
  mf_report *report = mf_report_new(&h->alloc);
  if (!report) return MF_OUT_OF_MEMORY;
  mf_status status = feed(h, report);
  if (status == MF_OK)
    status = tmpl ? mf_report_render_template(report, tmpl, wanted->format, out, error, error_size)
                  : mf_report_render(report, wanted->format, out);
  mf_report_free(report);
  return status;
}

/* NULL, or why not: static, or in the run's arena. */
static const char *write_report(mf_host *h, const char *path, const mf_wanted_report *wanted) {
  char error[512] = "";
  mf_buf bytes;
  mf_buf_init(&bytes, &h->alloc, 0);
  mf_status status = render(h, wanted, &bytes, error, sizeof error);
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

static const char *publish(mf_host *h, const mf_wanted_report *wanted) {
  const char *why = path_problem(wanted->path);
  if (why) return why;
  char *copy = mf_arena_copy(&h->arena, wanted->path.p, wanted->path.n);
  if (!copy) return mf_status_text(MF_OUT_OF_MEMORY);
  return write_report(h, copy, wanted);
}

const char *mf_host_publish(mf_host *h, const mf_wanted_report *asked) {
  mf_wanted_report wanted = *asked;
  if (mf_journal_flush(&h->journal, mf_host_now(h).monotonic_ns) != MF_OK) {
    mf_host_io_error(h, "%s", h->journal.error);
    return h->io_error;
  }
  if (wanted.format.n == 0) wanted.format = format_of(wanted.path);
  const char *why = publish(h, &wanted);
  mf_record_report(h, mf_host_now(h), &wanted, why);
  if (why)
    mf_host_io_error(h, "report %.*s: %s", (int)wanted.path.n, wanted.path.p, why);
  else
    mf_buf_printf(&h->reports, "%.*s\n", (int)wanted.path.n, wanted.path.p);
  return why;
}

/* ---- The summary ---- */

static bool is_wanted(const mf_host *h) {
  const mf_run_options *o = h->options;
  if (o->summary != MF_SUMMARY_AUTO) return o->summary == MF_SUMMARY_FULL;
  return o->progress <= MF_PROGRESS_PLAIN && h->stats && h->stats->ended_ns;
}

/* A journal that cannot be read has failed the run, which says so. */
void mf_host_summarize(mf_host *h, mf_buf *out) {
  mf_summary_look look = {.full = h->options->summary == MF_SUMMARY_FULL,
                          .ascii = !h->options->utf8,
                          .color = h->options->color};
  if (!is_wanted(h) || mf_journal_flush(&h->journal, mf_host_now(h).monotonic_ns) != MF_OK) return;
  mf_report *report = mf_report_new(&h->alloc);
  if (report && feed(h, report) == MF_OK) mf_report_summary(report, out, &look);
  mf_report_free(report);
}

/* ---- Templates ---- */

static int read_template(mf_host *h, mf_str file, mf_report_template **out, char *error,
                         size_t size) {
  char why[256] = "";
  mf_status status = MF_OUT_OF_MEMORY;
  if (path_problem(file)) {
    snprintf(error, size, "template: %s", path_problem(file));
    return 3;
  }
  const char *path = mf_arena_copy(&h->arena, file.p, file.n);
  if (path)
    status = mf_report_template_open(&h->alloc, path, h->options->err, out, why, sizeof why);
  if (status == MF_OK) return 0;
  snprintf(error, size, "template %s: %s", path ? path : "", why[0] ? why : mf_status_text(status));
  return status == MF_IO_ERROR ? 74 : status == MF_OUT_OF_MEMORY ? 6 : 3;
}

/* A file that two reports name is read twice: that is seldom, and short. */
int mf_host_read_templates(mf_host *h, char *error, size_t error_size) {
  const mf_row_report *rows = MF_ROWS(h->image, REPORT, report);
  uint32_t count = MF_ROW_COUNT(h->image, REPORT);
  if (count == 0) return 0;
  h->templates = mf_arena_zero(&h->arena, sizeof *h->templates * count);
  if (!h->templates) {
    snprintf(error, error_size, "%s", mf_status_text(MF_OUT_OF_MEMORY));
    return 6;
  }
  for (uint32_t i = 0; i < count; i++) {
    mf_str file = mf_image_string(h->image, rows[i].template);
    int code = file.n ? read_template(h, file, &h->templates[i], error, error_size) : 0;
    if (code) return code;
  }
  return 0;
}

void mf_host_free_templates(mf_host *h) {
  for (uint32_t i = 0; h->templates && i < MF_ROW_COUNT(h->image, REPORT); i++)
    mf_report_template_free(h->templates[i]);
}
