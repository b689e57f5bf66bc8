/* SPDX-License-Identifier: MIT */
#include "env_file.h"

void mf_env_open(mf_env_reader *r, mf_arena *arena, mf_str source) {
  *r = (mf_env_reader){.arena = arena, .source = source};
  if (mf_str_starts(source, MF_STR("\xEF\xBB\xBF"))) r->at = 3;
  size_t valid = mf_utf8_valid(source.p, source.n);
  if (valid == source.n) return;
  r->error = "this is not UTF-8";
  r->error_at = valid;
}

static bool fail(mf_env_reader *r, size_t at, const char *why) {
  r->error = why;
  r->error_at = at;
  return false;
}

/* ---- characters ---- */

/* 0 at the end. */
static char here(const mf_env_reader *r) { return r->at < r->source.n ? r->source.p[r->at] : 0; }
static bool at_end(const mf_env_reader *r) { return r->at >= r->source.n; }
static bool is_blank(char c) { return c == ' ' || c == '\t'; }
static bool ends_line(const mf_env_reader *r) {
  return at_end(r) || here(r) == '\n' || here(r) == '\r';
}

static void skip_blanks(mf_env_reader *r) {
  while (is_blank(here(r))) r->at++;
}

static void skip_line(mf_env_reader *r) {
  while (!ends_line(r)) r->at++;
}

/* Empty lines and comments. */
static void skip_empty(mf_env_reader *r) {
  for (;;) {
    skip_blanks(r);
    if (here(r) == '#') skip_line(r);
    if (at_end(r) || !ends_line(r)) return;
    r->at++;
  }
}

/* ---- names ---- */

static bool is_name_character(char c, bool first) {
  bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

static mf_str read_name(mf_env_reader *r) {
  size_t start = r->at;
  while (is_name_character(here(r), r->at == start)) r->at++;
  return (mf_str){r->source.p + start, r->at - start};
}

/* NAME, or export NAME, up to behind the '='. */
static bool read_key(mf_env_reader *r, mf_str *name) {
  size_t start = r->at;
  *name = read_name(r);
  if (mf_str_is(*name, "export") && is_blank(here(r))) {
    skip_blanks(r);
    if (here(r) != '=') *name = read_name(r);
  }
  if (name->n == 0)
    return fail(r, start, "a line is NAME=TEXT, and names are letters, digits and _");
  skip_blanks(r);
  if (here(r) != '=') return fail(r, r->at, "there should be a '=' behind the name");
  r->at++;
  return true;
}

/* ---- texts ---- */

static mf_str read_plain(mf_env_reader *r) {
  size_t start = r->at, end = r->at;
  while (!ends_line(r)) {
    if (here(r) == '#' && (r->at == start || is_blank(r->source.p[r->at - 1]))) break;
    if (!is_blank(here(r))) end = r->at + 1;
    r->at++;
  }
  skip_line(r);
  return (mf_str){r->source.p + start, end - start};
}

/* The character that \c stands for; 0: it stands for itself. */
static char unescaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '"':
    case '\\':
    case '$': return c;
    default: return 0;
  }
}

/* Behind the opening quote; finds the closing one. */
static bool find_quote(mf_env_reader *r, char quote, bool *escapes) {
  size_t open = r->at - 1;
  *escapes = false;
  for (; !at_end(r) && here(r) != quote; r->at++) {
    if (quote != '"' || here(r) != '\\') continue;
    *escapes = true;
    r->at++;
  }
  return !at_end(r) || fail(r, open, "this quote is never closed");
}

static mf_str without_escapes(mf_env_reader *r, mf_str raw) {
  char *out = mf_arena_get(r->arena, raw.n + 1);
  size_t n = 0;
  for (size_t i = 0; out && i < raw.n; i++) {
    char c = raw.p[i] == '\\' && i + 1 < raw.n ? unescaped(raw.p[i + 1]) : 0;
    out[n++] = c ? c : raw.p[i];
    i += c != 0;
  }
  return (mf_str){out, n};
}

static bool read_quoted(mf_env_reader *r, mf_str *text) {
  bool escapes;
  char quote = here(r);
  size_t start = ++r->at;
  if (!find_quote(r, quote, &escapes)) return false;
  *text = (mf_str){r->source.p + start, r->at - start};
  if (escapes) *text = without_escapes(r, *text);
  r->at++;
  skip_blanks(r);
  if (here(r) == '#') skip_line(r);
  if (!ends_line(r)) return fail(r, r->at, "nothing but a comment may follow the closing quote");
  return !mf_arena_oom(r->arena);
}

bool mf_env_next(mf_env_reader *r, mf_str *name, mf_str *text) {
  if (r->error || mf_arena_oom(r->arena)) return false;
  skip_empty(r);
  if (at_end(r) || !read_key(r, name)) return false;
  skip_blanks(r);
  if (here(r) == '"' || here(r) == '\'') return read_quoted(r, text);
  *text = read_plain(r);
  return true;
}
