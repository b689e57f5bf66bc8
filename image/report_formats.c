/* SPDX-License-Identifier: MIT */
#include "report_formats.h"

static const struct {
  const char *word, *endings;
} formats[] = {
#define MF_REPORT_FORMAT(NAME, word, endings, doc) {word, endings},
#include "report_formats.def"
#undef MF_REPORT_FORMAT
};

mf_report_format mf_report_format_named(mf_str word) {
  int f = 0;
  while (f < MF_REPORT_FORMAT_COUNT && !mf_str_is(word, formats[f].word)) f++;
  return (mf_report_format)f;
}

mf_str mf_report_ending(mf_str path) {
  for (size_t i = path.n; i-- > 0 && path.p[i] != '/';)
    if (path.p[i] == '.') return (mf_str){path.p + i, path.n - i};
  return (mf_str){NULL, 0};
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Does `endings` begin with this one? */
static bool begins_with(const char *endings, mf_str ending) {
  size_t i = 0;
  while (i < ending.n && endings[i] && lower(ending.p[i]) == endings[i]) i++;
  return i == ending.n && (endings[i] == ' ' || endings[i] == '\0');
}

mf_report_format mf_report_format_of(mf_str path) {
  mf_str ending = mf_report_ending(path);
  if (ending.n == 0 || memchr(ending.p, ' ', ending.n)) return MF_REPORT_FORMAT_COUNT;
  for (int f = 0; f < MF_REPORT_FORMAT_COUNT; f++)
    for (const char *at = formats[f].endings; at; at = strchr(at, ' ')) {
      at += *at == ' ';
      if (begins_with(at, ending)) return (mf_report_format)f;
    }
  return MF_REPORT_FORMAT_COUNT;
}

const char *mf_report_format_word(mf_report_format format) { return formats[format].word; }
