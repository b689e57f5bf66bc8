/* SPDX-License-Identifier: MIT */
/* blob - whole files for the tools. */
#include <errno.h>
#include <string.h>

#include "../include/mfvm_tools.h"
#include "../base/text.h"
#include "../io/durable.h"

static mf_status explain_errno(mf_status status, char *error, size_t error_size) {
  mf_str text = mf_str_of(status == MF_IO_ERROR ? strerror(errno) : mf_status_text(status));
  if (error_size == 0) return status;
  size_t n = text.n < error_size ? text.n : error_size - 1;
  memcpy(error, text.p, n);
  error[n] = 0;
  return status;
}

mf_status mf_blob_read(const mf_alloc *alloc, const char *path, size_t limit, mf_blob *out,
                       char *error, size_t error_size) {
  mf_buf buf;
  *out = (mf_blob){.alloc = *alloc};
  mf_buf_init(&buf, alloc, limit);
  mf_status status = mf_file_read(path, &buf);
  if (status == MF_OK && buf.n) {
    out->p = mf_realloc(alloc, NULL, 0, buf.n); /* of exactly its size, as mf_blob_free expects */
    if (out->p) memcpy(out->p, buf.p, buf.n);
    out->n = out->p ? buf.n : 0;
    if (!out->p) status = MF_OUT_OF_MEMORY;
  }
  int saved = errno;
  mf_buf_fini(&buf);
  errno = saved;
  return status == MF_OK ? MF_OK : explain_errno(status, error, error_size);
}

mf_status mf_blob_write(const char *path, const void *p, size_t n, char *error, size_t error_size) {
  mf_status status = mf_file_make_parents(path);
  if (status == MF_OK) status = mf_file_write(path, (mf_str){p, n}, 0666);
  return status == MF_OK ? MF_OK : explain_errno(status, error, error_size);
}
