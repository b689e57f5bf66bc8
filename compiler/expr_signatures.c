/* SPDX-License-Identifier: MIT */
/* expr_signatures - the overloads of functions as functions.def writes them:
 * "string.startsWith(string) -> bool; ...". */
#include "expr_checker.h"

static const struct signature {
  uint32_t code;
  const char *spelling, *text;
} signatures[] = {
#define MF_FUNCTION(id, spelling, code, min, max, signatures, cost, doc) \
  {code, spelling, signatures},
#include "../vm/functions.def"
#undef MF_FUNCTION
};

mf_str mf_function_signatures(uint32_t code, mf_str *spelling) {
  for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
    if (signatures[i].code != code) continue;
    *spelling = mf_str_of(signatures[i].spelling);
    return mf_str_of(signatures[i].text);
  }
  return (mf_str){NULL, 0};
}

mf_kind mf_function_kind(uint32_t code) {
  mf_str spelling, text = mf_function_signatures(code, &spelling), arrow = MF_STR("-> ");
  mf_kind all = MF_UNSET;
  for (size_t at = 0; (at = mf_str_find(text, arrow, at)) != SIZE_MAX;) {
    at += arrow.n;
    mf_kind kind = mf_type_value_kind(mf_type_first((mf_str){text.p + at, text.n - at}));
    if (kind == MF_UNSET || (all != MF_UNSET && kind != all)) return MF_UNSET;
    all = kind;
  }
  return all;
}

static bool skip(mf_str text, size_t *at, const char *sign) {
  size_t i = *at;
  while (i < text.n && text.p[i] == ' ') i++;
  *at = i;
  for (; *sign; sign++, i++)
    if (i >= text.n || text.p[i] != *sign) return false;
  *at = i;
  return true;
}

/* "type." of a receiver, when the spelling does not come first. */
static bool read_receiver(mf_arena *arena, mf_str text, mf_str spelling, size_t *at,
                          mf_overload *out) {
  mf_str rest = {text.p + *at, text.n - *at};
  bool is_spelling = mf_str_starts(rest, spelling) && rest.n > spelling.n &&
                     rest.p[spelling.n] == '(' && !memchr(spelling.p, ' ', spelling.n);
  /* string(int) is a call, string.size() has a receiver. */
  if (is_spelling) return true;
  char needle[80];
  if (spelling.n + 3 > sizeof needle) return false;
  needle[0] = '.';
  memcpy(needle + 1, spelling.p, spelling.n);
  needle[spelling.n + 1] = '(';
  size_t dot = mf_str_find(text, (mf_str){needle, spelling.n + 2}, *at);
  if (dot == SIZE_MAX) return false;
  const mf_type *type = mf_type_parse(arena, (mf_str){text.p + *at, dot - *at});
  if (type == NULL) return false;
  out->receiver = true;
  out->params[out->count++] = type;
  *at = dot + 1;
  return true;
}

static bool read_params(mf_arena *arena, mf_str text, size_t *at, mf_overload *out) {
  if (!skip(text, at, "(")) return false;
  if (skip(text, at, ")")) return true;
  do {
    if (skip(text, at, "...")) {
      out->repeats = true;
      break;
    }
    if (out->count == MF_MAX_PARAMS) return false;
    if ((out->params[out->count] = mf_type_read(arena, text, at)) == NULL) return false;
    out->count++;
  } while (skip(text, at, ","));
  return skip(text, at, ")");
}

bool mf_overload_read(mf_arena *arena, mf_str text, mf_str spelling, size_t *at, mf_overload *out) {
  *out = (mf_overload){.count = 0};
  skip(text, at, ";");
  skip(text, at, "");
  if (*at >= text.n || !read_receiver(arena, text, spelling, at, out)) return false;
  if (!skip(text, at, "") || !mf_str_starts((mf_str){text.p + *at, text.n - *at}, spelling))
    return false;
  *at += spelling.n;
  if (!read_params(arena, text, at, out) || !skip(text, at, "->")) return false;
  skip(text, at, "");
  out->result = mf_type_read(arena, text, at);
  return out->result != NULL;
}
