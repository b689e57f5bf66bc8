/* SPDX-License-Identifier: MIT */
/* Numbers and names, for lines of progress. */
#include <math.h>

#include "printable.h"
#include "progress_parts.h"

#define MAX_TEXT_BYTES 2000u /* of one message; journal and report have it whole */

void mf_put_safe(const mf_progress *p, mf_buf *out, mf_str s) {
  if (p->filter) s = p->filter->text(p->filter->ctx, s);
  bool cut = s.n > MAX_TEXT_BYTES;
  if (cut) s.n = mf_utf8_valid(s.p, MAX_TEXT_BYTES);
  mf_print_safe(out, s);
  if (cut) mf_buf_puts(out, "...");
}

void mf_put_colored(mf_progress *p, const char *sgr, const char *s) {
  if (p->color)
    mf_buf_printf(&p->text, "\x1b[%sm%s\x1b[0m", sgr, s);
  else
    mf_buf_puts(&p->text, s);
}

void mf_put_number(mf_buf *out, double d) {
  int decimals = fabs(d) >= 99.95 ? 0 : fabs(d) >= 9.995 ? 1 : 2;
  double scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1, shown = round(d * scale) / scale;
  mf_buf_printf(out, "%.*f", shown == floor(shown) ? 0 : decimals, shown);
}

void mf_put_seconds(mf_buf *out, double s) {
  if (s >= 60)
    mf_buf_printf(out, "%dm%04.1fs", (int)(s / 60), fmod(s, 60));
  else
    mf_buf_printf(out, "%.*fs", s < 10 ? 2 : 1, s);
}

static void put_latency(mf_buf *out, const char *before, double ms) {
  mf_buf_puts(out, before);
  mf_put_number(out, ms);
  mf_buf_puts(out, " ms");
}

void mf_put_figures(mf_buf *out, const mf_figures *f) {
  mf_put_number(out, f->requests);
  mf_buf_puts(out, f->requests == 1 ? " request" : " requests");
  if (f->rate >= 0) {
    mf_buf_puts(out, ", ");
    mf_put_number(out, f->rate);
    mf_buf_puts(out, "/s");
  }
  if (f->error_rate >= 0) {
    mf_buf_puts(out, ", ");
    mf_put_number(out, f->error_rate * 100);
    mf_buf_puts(out, "% errors");
  }
  if (f->avg_ms < 0) return;
  put_latency(out, ", avg ", f->avg_ms);
  put_latency(out, ", p95 ", f->p95_ms);
}

mf_str mf_next_line(mf_str *rest) {
  const char *end = memchr(rest->p, '\n', rest->n);
  mf_str line = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
  size_t used = line.n + (end != NULL);
  *rest = (mf_str){rest->p + used, rest->n - used};
  return line;
}
