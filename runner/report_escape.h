/* report_escape - text of unknown origin, made harmless for one format.
 *
 * In all of them control characters become their pictures, and characters that
 * could turn the reading direction or hide their code, so that no name can pass
 * for something else; what is no UTF-8 becomes U+FFFD. */
#ifndef MF_RUNNER_REPORT_ESCAPE_H
#define MF_RUNNER_REPORT_ESCAPE_H
#include "../base/buffer.h"
#include "../base/text.h"
#include "../image/report_formats.h"

/* Content of elements and of quoted attributes, in HTML and XML alike. */
void mf_escape_markup(mf_buf *out, mf_str s);
/* Text of a Markdown paragraph or table cell, on one line.  Names neither mention
 * people nor become links. */
void mf_escape_markdown(mf_buf *out, mf_str s);
/* A whole cell (RFC 4180), quoted where it must be; one that a spreadsheet would
 * take for a formula gets an apostrophe in front. */
void mf_escape_csv(mf_buf *out, mf_str s);
/* What stands between the quotes of a JSON string. */
void mf_escape_json(mf_buf *out, mf_str s);
void mf_escape_text(mf_buf *out, mf_str s);

/* The one that belongs to a format. */
void (*mf_escape_of(mf_report_format format))(mf_buf *out, mf_str s);
#endif
