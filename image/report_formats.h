/* report_formats - the formats of reports by their words and by endings of files,
 * for the compiler, which checks them, and the runner, which writes them. */
#ifndef MF_IMAGE_REPORT_FORMATS_H
#define MF_IMAGE_REPORT_FORMATS_H
#include "../base/text.h"

typedef enum mf_report_format {
#define MF_REPORT_FORMAT(NAME, word, endings, doc) MF_REPORT_FORMAT_##NAME,
#include "report_formats.def"
#undef MF_REPORT_FORMAT
  MF_REPORT_FORMAT_COUNT, /* none */
} mf_report_format;

/* By its word; COUNT: there is none. */
mf_report_format mf_report_format_named(mf_str word);
/* By the ending of a path, in upper or lower case; COUNT: there is none. */
mf_report_format mf_report_format_of(mf_str path);
const char *mf_report_format_word(mf_report_format format);
/* ".html" of "a.b/c.html"; n 0: there is none. */
mf_str mf_report_ending(mf_str path);
#endif
