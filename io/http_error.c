/* SPDX-License-Identifier: MIT */
#include "http_error.h"

static const struct {
  const char *name, *text;
} error_table[] = {
#define MF_HTTP_ERROR(NAME, name, sentence) {name, sentence},
#include "http_errors.def"
#undef MF_HTTP_ERROR
};

const char *mf_http_error_name(mf_http_error error) { return error_table[error].name; }
const char *mf_http_error_text(mf_http_error error) { return error_table[error].text; }
