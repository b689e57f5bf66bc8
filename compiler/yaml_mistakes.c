/* SPDX-License-Identifier: MIT */
/* yaml_mistakes - what libyaml complains about, in our words and at our places. */
#include "yaml_parts.h"

/* ---- places ---- */

static uint32_t line_start(const mf_yaml *y, uint32_t offset) {
  while (offset > 0 && y->source.p[offset - 1] != '\n') offset--;
  return offset;
}

static uint32_t line_end(const mf_yaml *y, uint32_t offset) {
  while (offset < y->source.n && !strchr("\r\n", y->source.p[offset])) offset++;
  return offset;
}

/* The character there; libyaml's marks may stand behind the last one. */
static mf_span one_character(const mf_yaml *y, uint32_t offset) {
  size_t length = offset < y->source.n ? mf_utf8_length(y->source.p + offset, y->source.n - offset)
                                       : 0;
  return (mf_span){offset, (uint32_t)length};
}

void mf_yaml_report_braces(mf_yaml *y, uint32_t offset) {
  uint32_t end = line_end(y, offset);
  mf_str line = {y->source.p, end};
  size_t close = mf_str_find(line, MF_STR("}}"), offset);
  uint32_t to = close == SIZE_MAX ? offset + 2 : (uint32_t)close + 2;
  y->quoted_line = line_start(y, offset);
  mf_diag_add_hint(y->context->diags, MF_E_UNQUOTED_BRACES, (mf_span){offset, to - offset},
                   "quote the whole text");
}

/* ---- what libyaml says ---- */

/* Which of libyaml's two marks is the place of the mistake. */
typedef enum place { AT_PROBLEM, AT_CONTEXT } place;

typedef struct explanation {
  const char *context, *problem; /* parts of libyaml's texts; NULL matches all */
  place place;
  const char *message, *hint;
} explanation;

#define QUOTE "quote a text that begins with ! & * [ { % @ or `"

static const explanation explanations[] = {
    {NULL, "mapping values are not allowed", AT_PROBLEM, "a ': ' cannot stand here",
     "quote a text that contains ': '; check the indentation"},
    {NULL, "could not find expected ':'", AT_CONTEXT, "a key without ':' behind it",
     "write 'key: value'; quote a text that goes over several lines"},
    {"anchor", "did not find expected", AT_PROBLEM, "'&' begins an anchor's name", QUOTE},
    {"alias", "did not find expected", AT_PROBLEM, "'*' begins an alias's name", QUOTE},
    {"quoted scalar", "end of stream", AT_CONTEXT, "this quote is never closed", NULL},
    {"quoted scalar", "document indicator", AT_CONTEXT, "this quote is never closed", NULL},
    {NULL, "unknown escape", AT_PROBLEM, "no such escape in double quotes",
     "write \\\\ for a backslash, or use single quotes"},
    {NULL, "hexdecimal", AT_PROBLEM, "an escape needs hexadecimal digits", NULL},
    {NULL, "Unicode character escape", AT_PROBLEM, "this escape is no character",
     "write characters beyond U+FFFF as \\UXXXXXXXX"},
    {"flow mapping", "did not find expected", AT_PROBLEM, "a ',' or '}' is expected here",
     "quote a text that contains { } [ ] or ,"},
    {"flow sequence", "did not find expected", AT_PROBLEM, "a ',' or ']' is expected here",
     "quote a text that contains { } [ ] or ,"},
    {"flow node", "did not find expected node", AT_PROBLEM, "a value is expected here", NULL},
    {"block node", "did not find expected node", AT_PROBLEM, "a value is expected here", NULL},
    {NULL, "block sequence entries are not allowed", AT_PROBLEM, "a list cannot begin on this line",
     "begin it on the next line"},
    {NULL, "block mapping", AT_PROBLEM, "a mapping cannot begin here", NULL},
    {"block mapping", "did not find expected key", AT_PROBLEM, "a key is expected here",
     "check the indentation and the quotes above"},
    {"block collection", "did not find expected", AT_PROBLEM, "a '-' is expected here",
     "check the indentation"},
    {"block scalar", NULL, AT_PROBLEM, "a block text begins with | or > and nothing else",
     "write its indentation after it only as one digit"},
    {NULL, "incompatible YAML", AT_PROBLEM, "only YAML 1.1 and 1.2 are understood", NULL},
    {NULL, "<document start>", AT_PROBLEM, "nothing can stand here, behind the document's end",
     "check the indentation"},
    {"directive", NULL, AT_PROBLEM, "a line that begins with % is a directive", QUOTE},
};

static bool says(const char *text, const char *part) {
  return part == NULL || (text && strstr(text, part));
}

static const explanation *find_explanation(const yaml_parser_t *p) {
  for (size_t i = 0; i < sizeof explanations / sizeof explanations[0]; i++)
    if (says(p->context, explanations[i].context) && says(p->problem, explanations[i].problem))
      return &explanations[i];
  return NULL;
}

/* Characters that begin no token. */
static bool explain_character(mf_yaml *y, uint32_t offset) {
  char c = offset < y->source.n ? y->source.p[offset] : ' ';
  if (!says(y->parser.problem, "cannot start any token") && c != '\t') return false;
  if (c == '\t') {
    mf_diag_add(y->context->diags, MF_E_YAML_TAB, (mf_span){offset, 1});
    return true;
  }
  char text[] = "a value cannot begin with 'x'";
  text[sizeof text - 3] = c;
  mf_diag_add_hint(y->context->diags, MF_E_YAML_SYNTAX, (mf_span){offset, 1}, QUOTE, text);
  return true;
}

/* Tabs as indentation are found one way or another; the first one of the line
 * is the mistake. */
static bool explain_tab(mf_yaml *y, uint32_t offset) {
  uint32_t at = line_start(y, offset);
  while (at < y->source.n && y->source.p[at] == ' ') at++;
  bool tab = at < y->source.n && y->source.p[at] == '\t';
  if (tab) mf_diag_add(y->context->diags, MF_E_YAML_TAB, (mf_span){at, 1});
  return tab;
}

/* Tags that libyaml cannot read, or whose handle it does not know. */
static bool explain_tag(mf_yaml *y) {
  bool scanning = y->parser.context && strstr(y->parser.context, "a tag");
  bool handle = says(y->parser.problem, "undefined tag handle");
  if (scanning)
    mf_yaml_report_tag(y, mf_yaml_offset(y, y->parser.context_mark));
  else if (handle)
    mf_yaml_report_tag(y, mf_yaml_offset(y, y->parser.problem_mark));
  return scanning || handle;
}

/* A value of this line that begins with an unquoted {{. */
static bool explain_braces(mf_yaml *y, uint32_t offset) {
  uint32_t from = line_start(y, offset), end = line_end(y, offset);
  for (uint32_t i = from; i + 2 < end; i++) {
    const char *p = y->source.p + i;
    bool behind = i == from || p[-1] == ' ';
    if (!behind || p[0] != '{' || p[1] != '{') continue;
    mf_yaml_report_braces(y, i);
    return true;
  }
  return false;
}

/* Control characters: libyaml counts their place in bytes. */
static void explain_reader(mf_yaml *y) {
  char code[8];
  uint32_t value = (uint32_t)y->parser.problem_value;
  size_t offset = y->base + y->parser.problem_offset;
  static const char digits[] = "0123456789ABCDEF";
  memcpy(code, "U+0000", 7);
  for (unsigned i = 0; i < 4; i++) code[2 + i] = digits[value >> (12 - 4 * i) & 15];
  if (offset > y->source.n) offset = y->source.n;
  mf_diag_add(y->context->diags, MF_E_NOT_TEXT, one_character(y, (uint32_t)offset), code);
}

void mf_yaml_explain(mf_yaml *y) {
  const yaml_parser_t *p = &y->parser;
  if (p->error == YAML_READER_ERROR) {
    explain_reader(y);
    return;
  }
  uint32_t offset = mf_yaml_offset(y, p->problem_mark);
  const explanation *e = find_explanation(p);
  /* A consequence of quotes that were missed already. */
  if (y->quoted_line != UINT32_MAX && offset <= line_end(y, y->quoted_line) + 1) return;
  if (explain_tag(y) || explain_character(y, offset) || explain_tab(y, offset)) return;
  if (explain_braces(y, offset)) return;
  if (e == NULL) {
    mf_diag_add(y->context->diags, MF_E_YAML_SYNTAX, one_character(y, offset),
                p->problem ? p->problem : "this is no YAML");
    return;
  }
  if (e->place == AT_CONTEXT) offset = mf_yaml_offset(y, p->context_mark);
  mf_diag_add_hint(y->context->diags, MF_E_YAML_SYNTAX, one_character(y, offset), e->hint,
                   e->message);
}
