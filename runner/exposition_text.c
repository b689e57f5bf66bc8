/* SPDX-License-Identifier: MIT */
/* Series as text, in the two formats that scrapers ask for. */
#include <math.h>
#include <strings.h>

#include "exposition.h"

typedef struct writer {
  mf_buf *out;
  bool open; /* OpenMetrics */
} writer;

/* ---- Which format ---- */

static mf_str trimmed(mf_str s) {
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s.p++, s.n--;
  while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
  return s;
}

/* The part of *rest before `separator`; what is behind it stays. */
static mf_str next_part(mf_str *rest, char separator) {
  const char *end = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
  const mf_str part = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
  const size_t used = part.n + (end != NULL);
  *rest = (mf_str){rest->p + used, rest->n - used};
  return trimmed(part);
}

static bool is_word(mf_str s, const char *word) {
  return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* The weight behind a media range; malformed ones are ignored. */
static double weight(mf_str parameters) {
  double q = 1;
  while (parameters.n) {
    mf_str value = next_part(&parameters, ';');
    const mf_str name = next_part(&value, '=');
    if (is_word(name, "q") && !mf_parse_double(value, false, &q, NULL)) q = 1;
  }
  return q;
}

mf_exposition_format mf_exposition_choose(const char *accept) {
  mf_str rest = mf_str_of(accept);
  double open = 0, text = 0;
  while (rest.n) {
    mf_str parameters = next_part(&rest, ',');
    const mf_str range = next_part(&parameters, ';');
    const double q = weight(parameters);
    if (is_word(range, "application/openmetrics-text"))
      open = fmax(open, q);
    else if (is_word(range, "text/plain") || is_word(range, "text/*") || is_word(range, "*/*"))
      text = fmax(text, q);
  }
  return open > 0 && open >= text ? MF_EXPOSITION_OPENMETRICS : MF_EXPOSITION_TEXT;
}

const char *mf_exposition_type(mf_exposition_format format) {
  return format == MF_EXPOSITION_TEXT
             ? "text/plain; version=0.0.4; charset=utf-8"
             : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

/* ---- Numbers ---- */

static void put_double(writer *w, double d) {
  char text[32];
  const char *word = isnan(d) ? "NaN" : d > 0 ? "+Inf" : "-Inf";
  const size_t n = mf_format_double(d, text);
  if (isfinite(d))
    mf_buf_add(w->out, text, n);
  else
    mf_buf_puts(w->out, word);
}

static void put_count(writer *w, uint64_t count) {
  char text[24];
  mf_buf_add(w->out, text, mf_format_uint(count, text));
}

/* A bound: OpenMetrics wants "1.0". */
static void put_bound(writer *w, double bound) {
  put_double(w, bound);
  if (w->open && isfinite(bound) && bound == floor(bound)) mf_buf_puts(w->out, ".0");
}

/* ---- Samples ---- */

/* "name_bucket{step="a",le=" or, without labels, "name_bucket{le=". */
static void put_name(writer *w, mf_str name, const char *ending, mf_str labels, bool more) {
  mf_buf_add_str(w->out, name);
  mf_buf_puts(w->out, ending);
  if (labels.n || more) mf_buf_putc(w->out, '{');
  mf_buf_add_str(w->out, labels);
  if (labels.n && more) mf_buf_putc(w->out, ',');
  if (labels.n && !more) mf_buf_putc(w->out, '}');
  if (!more) mf_buf_putc(w->out, ' ');
}

static void put_sum(writer *w, mf_str name, const mf_series *s) {
  put_name(w, name, "_sum", s->labels, false);
  put_double(w, s->value);
  mf_buf_putc(w->out, '\n');
  put_name(w, name, "_count", s->labels, false);
  put_count(w, s->count);
  mf_buf_putc(w->out, '\n');
}

static void put_bucket(writer *w, mf_str name, const mf_series *s, double bound, uint64_t count) {
  put_name(w, name, "_bucket", s->labels, true);
  mf_buf_puts(w->out, "le=\"");
  put_bound(w, bound);
  mf_buf_puts(w->out, "\"} ");
  put_count(w, count);
  mf_buf_putc(w->out, '\n');
}

static void put_histogram(writer *w, const mf_family *f, mf_str name, const mf_series *s) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < f->bound_count; i++)
    put_bucket(w, name, s, f->bounds[i], count += s->buckets[i]);
  put_bucket(w, name, s, INFINITY, s->count);
  put_sum(w, name, s);
}

static void put_plain(writer *w, mf_str name, const char *ending, mf_str labels, double value) {
  put_name(w, name, ending, labels, false);
  put_double(w, value);
  mf_buf_putc(w->out, '\n');
}

static void put_series(writer *w, const mf_family *f, mf_str name, const mf_series *s) {
  switch (f->kind) {
    case MF_FAMILY_COUNTER: put_plain(w, name, "_total", s->labels, s->value); break;
    case MF_FAMILY_GAUGE: put_plain(w, name, "", s->labels, s->value); break;
    case MF_FAMILY_INFO: put_plain(w, name, "_info", s->labels, 1); break;
    case MF_FAMILY_RATIO:
      put_plain(w, name, "", s->labels, s->count ? s->value / (double)s->count : NAN);
      break;
    case MF_FAMILY_SUMMARY: put_sum(w, name, s); break;
    case MF_FAMILY_HISTOGRAM: put_histogram(w, f, name, s); break;
  }
}

/* ---- Families ---- */

static const struct {
  const char *text, *open, *ending; /* ending: of samples, and of text's name of the family */
} kinds[] = {
    [MF_FAMILY_COUNTER] = {"counter", "counter", "_total"},
    [MF_FAMILY_GAUGE] = {"gauge", "gauge", ""},
    [MF_FAMILY_HISTOGRAM] = {"histogram", "histogram", ""},
    [MF_FAMILY_SUMMARY] = {"summary", "summary", ""},
    [MF_FAMILY_RATIO] = {"gauge", "gauge", ""},
    [MF_FAMILY_INFO] = {"gauge", "info", "_info"},
};

static void put_head(writer *w, const mf_family *f, mf_str name) {
  const char *ending = w->open ? "" : kinds[f->kind].ending;
  const char *kind = w->open ? kinds[f->kind].open : kinds[f->kind].text;
  const int n = (int)name.n;
  mf_buf_printf(w->out, "# HELP %.*s%s %s\n# TYPE %.*s%s %s\n", n, name.p, ending, f->help, n,
                name.p, ending, kind);
  if (w->open && f->unit[0]) mf_buf_printf(w->out, "# UNIT %.*s %s\n", n, name.p, f->unit);
}

void mf_exposition_write(const mf_exposition *e, mf_exposition_format format, mf_buf *out) {
  writer w = {out, format == MF_EXPOSITION_OPENMETRICS};
  for (const mf_family *f = e->first; f; f = f->next) {
    mf_str name = mf_str_of(f->name);
    if (!f->first) continue;
    name.n -= strlen(kinds[f->kind].ending);
    put_head(&w, f, name);
    for (const mf_series *s = f->first; s; s = s->next) put_series(&w, f, name, s);
  }
  if (w.open) mf_buf_puts(out, "# EOF\n");
}
