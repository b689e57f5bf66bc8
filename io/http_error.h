/* http_error - the ways in which an exchange can end without a response. */
#ifndef MF_IO_HTTP_ERROR_H
#define MF_IO_HTTP_ERROR_H

typedef enum mf_http_error {
#define MF_HTTP_ERROR(NAME, name, sentence) MF_HTTP_##NAME,
#include "http_errors.def"
#undef MF_HTTP_ERROR
  MF_HTTP_ERROR_COUNT
} mf_http_error;

/* "refused", and "connection refused"; static. */
const char *mf_http_error_name(mf_http_error error);
const char *mf_http_error_text(mf_http_error error);
#endif
