/* SPDX-License-Identifier: MIT */
#include "csv.h"

static bool is_end_of_line(const mf_csv *csv, size_t at) {
  const mf_str s = csv->text;
  return s.p[at] == '\n' || (s.p[at] == '\r' && at + 1 < s.n && s.p[at + 1] == '\n');
}

/* Past the comma, or the end of the line, at `at`. */
static bool end_field(mf_csv *csv, size_t at, mf_csv_field *field) {
  const mf_str s = csv->text;
  field->last = at == s.n || s.p[at] != ',';
  if (at < s.n && s.p[at] == '\r') at++;
  if (field->last) csv->line++;
  csv->at = at < s.n ? at + 1 : at;
  return true;
}

static bool fail(mf_csv *csv, const char *why) {
  csv->error = why;
  return false;
}

static bool quoted(mf_csv *csv, mf_csv_field *field) {
  const mf_str s = csv->text;
  size_t at = csv->at + 1;
  uint32_t lines = 0;
  for (; at < s.n; at++) {
    lines += s.p[at] == '\n';
    if (s.p[at] != '"') continue;
    if (at + 1 == s.n || s.p[at + 1] != '"') break;
    field->doubled = true;
    at++;
  }
  if (at >= s.n) return fail(csv, "its quoted field has no end");
  field->text = (mf_str){s.p + csv->at + 1, at - csv->at - 1};
  at++;
  if (at < s.n && s.p[at] != ',' && !is_end_of_line(csv, at))
    return fail(csv, "text follows the end of a quoted field");
  csv->line += lines;
  return end_field(csv, at, field);
}

static bool plain(mf_csv *csv, mf_csv_field *field) {
  const mf_str s = csv->text;
  size_t at = csv->at;
  while (at < s.n && s.p[at] != ',' && !is_end_of_line(csv, at)) {
    if (s.p[at] == '"') return fail(csv, "a quote stands within a field that is not quoted");
    at++;
  }
  field->text = (mf_str){s.p + csv->at, at - csv->at};
  return end_field(csv, at, field);
}

bool mf_csv_row(mf_csv *csv) {
  while (csv->at < csv->text.n && is_end_of_line(csv, csv->at)) {
    csv->at += csv->text.p[csv->at] == '\r' ? 2 : 1;
    csv->line++;
  }
  return csv->at < csv->text.n;
}

bool mf_csv_next(mf_csv *csv, mf_csv_field *field) {
  *field = (mf_csv_field){.last = false};
  return csv->at < csv->text.n && csv->text.p[csv->at] == '"' ? quoted(csv, field)
                                                              : plain(csv, field);
}

mf_str mf_csv_text(mf_arena *arena, const mf_csv_field *field) {
  if (!field->doubled) return field->text;
  char *p = mf_arena_get(arena, field->text.n);
  size_t n = 0;
  if (!p) return (mf_str){NULL, 0};
  for (size_t i = 0; i < field->text.n; i++) {
    p[n++] = field->text.p[i];
    if (field->text.p[i] == '"') i++;
  }
  return (mf_str){p, n};
}
