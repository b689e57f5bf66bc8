/* SPDX-License-Identifier: MIT */
/* expr_mistakes - says what is wrong with the text of an expression.
 *
 * The grammar knows only that a token does not fit.  Most mistakes can be told
 * apart by the two tokens before it: is a value wanted here, or an operator? */
#include "cel_tokens.h"
#include "expr_parse.h"

#define SHOWN_BYTES 40
#define SHOWN(s) (int)((s).n < SHOWN_BYTES ? (s).n : SHOWN_BYTES), (s).p

mf_span mf_cel_place(const mf_cel *p, mf_span token) {
  if (!p->source->exact) return p->source->whole;
  return (mf_span){p->source->offset + token.offset, token.length};
}

bool mf_cel_ends_operand(int code) {
  switch (code) {
    case MF_CEL_IDENT:
    case MF_CEL_QUOTED:
    case MF_CEL_INT:
    case MF_CEL_UINT:
    case MF_CEL_DOUBLE:
    case MF_CEL_STRING:
    case MF_CEL_BYTES:
    case MF_CEL_TRUE:
    case MF_CEL_FALSE:
    case MF_CEL_NULL:
    case MF_CEL_RPAREN:
    case MF_CEL_RBRACKET:
    case MF_CEL_RBRACE:
    case MF_CEL_RESERVED: return true;
    default: return false;
  }
}

static bool is_number(int code) {
  return code == MF_CEL_INT || code == MF_CEL_UINT || code == MF_CEL_DOUBLE;
}

static bool starts_operand(int code) {
  return code == MF_CEL_IDENT || code == MF_CEL_TRUE || code == MF_CEL_FALSE ||
         code == MF_CEL_STRING || is_number(code);
}

static bool is_adjacent(mf_span a, mf_span b) { return a.offset + a.length == b.offset; }

/* Marks the parse as given up; false when nothing more is to be said. */
static bool give_up(mf_cel *p) {
  bool tell = !p->failed && !p->quiet;
  p->failed = true;
  return tell;
}

/* ---- single signs ---- */

void mf_cel_foreign(mf_cel *p, mf_span token, const char *meant) {
  if (p->quiet) return;
  mf_str text = mf_cel_slice(p, token);
  const char *hint = mf_arena_printf(p->arena, "write '%s'", meant);
  mf_diag_add_hint(p->diags, MF_E_FOREIGN_OPERATOR, mf_cel_place(p, token), hint, SHOWN(text));
}

static const char *character_hint(mf_str c) {
  static const struct {
    const char *c, *hint;
  } rows[] = {
      {"$", "names stand alone here, without '$'"},
      {"#", "comments begin with '//'"},
      {"\xe2\x80\x98", "write a straight quote"},
      {"\xe2\x80\x99", "write a straight quote"},
      {"\xe2\x80\x9c", "write a straight quote"},
      {"\xe2\x80\x9d", "write a straight quote"},
      {"\xc2\xa0", "this is a no-break space; write a plain one"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (mf_str_is(c, rows[i].c)) return rows[i].hint;
  return NULL;
}

void mf_cel_bad_character(mf_cel *p, mf_span token) {
  if (!give_up(p)) return;
  mf_str c = mf_cel_slice(p, token);
  unsigned byte = (unsigned char)c.p[0];
  bool shown = c.n > 1 || (byte > 0x20 && byte < 0x7f);
  const char *what = shown ? mf_arena_printf(p->arena, "'%.*s'", (int)c.n, c.p)
                           : mf_arena_printf(p->arena, "the byte 0x%02x", byte);
  mf_diag_add_hint(p->diags, MF_E_BAD_CHARACTER, mf_cel_place(p, token), character_hint(c), what);
}

void mf_cel_text_open(mf_cel *p, mf_span token) {
  if (give_up(p)) mf_diag_add(p->diags, MF_E_TEXT_OPEN, mf_cel_place(p, token));
}

void mf_cel_unopened(mf_cel *p, mf_span token) {
  mf_str text = mf_cel_slice(p, token);
  if (give_up(p)) mf_diag_add(p->diags, MF_E_BRACKET_UNOPENED, mf_cel_place(p, token), SHOWN(text));
}

/* ---- limits ---- */

static void exceeded(mf_cel *p, mf_code code, mf_span token, uint64_t limit) {
  char digits[24];
  mf_format_uint(limit, digits);
  if (give_up(p)) mf_diag_add(p->diags, code, mf_cel_place(p, token), digits);
}

void mf_cel_too_deep(mf_cel *p, mf_span token) {
  exceeded(p, MF_E_EXPRESSION_DEEP, token, MF_LIMIT_EXPRESSION_DEPTH);
}

void mf_cel_too_long(mf_cel *p) {
  exceeded(p, MF_E_EXPRESSION_LONG, (mf_span){p->start, 1}, MF_LIMIT_EXPRESSION_BYTES);
}

/* ---- what the grammar refuses ---- */

static const char *shown_token(mf_cel *p, int code, mf_span token) {
  mf_str text = mf_cel_slice(p, token);
  if (code == 0) return "the end";
  if (code == MF_CEL_STRING || code == MF_CEL_BYTES) return "a text";
  return mf_arena_printf(p->arena, "'%.*s'", SHOWN(text));
}

void mf_cel_unexpected_instead(mf_cel *p, int code, mf_span token, const char *wanted) {
  if (!give_up(p)) return;
  const char *what = shown_token(p, code, token);
  mf_diag_add(p->diags, MF_E_UNEXPECTED_TOKEN, mf_cel_place(p, token), what, wanted);
}

static void ends_early(mf_cel *p, const char *wanted) {
  mf_str text = mf_cel_slice(p, p->last.span);
  if (give_up(p))
    mf_diag_add(p->diags, MF_E_EXPRESSION_ENDS, mf_cel_place(p, p->last.span), SHOWN(text), wanted);
}

/* The caret of an empty interpolation stands at its "}". */
static void empty(mf_cel *p, mf_span end) {
  mf_span place = p->prefix ? mf_cel_place(p, (mf_span){end.offset, 1}) : p->source->whole;
  if (give_up(p)) mf_diag_add(p->diags, MF_E_EXPRESSION_EMPTY, place);
}

static void never_closed(mf_cel *p) {
  mf_span open = {p->brackets[p->nesting - 1], 1};
  mf_str text = mf_cel_slice(p, open);
  if (give_up(p)) mf_diag_add(p->diags, MF_E_BRACKET_OPEN, mf_cel_place(p, open), SHOWN(text));
}

static void bad_number(mf_cel *p, mf_span token, const char *hint) {
  mf_str text = mf_cel_slice(p, token);
  if (give_up(p))
    mf_diag_add_hint(p->diags, MF_E_BAD_NUMBER, mf_cel_place(p, token), hint, SHOWN(text));
}

/* "5ms" "1_000" "0x" "1e": a number with letters directly behind it. */
static void number_with_letters(mf_cel *p, mf_span letters) {
  mf_span whole = mf_span_join(p->last.span, letters);
  mf_str text = mf_cel_slice(p, whole);
  const char *hint = NULL;
  int64_t ns;
  if (mf_parse_duration(text, &ns))
    hint = mf_arena_printf(p->arena, "write duration(\"%.*s\")", SHOWN(text));
  else if (memchr(text.p, '_', text.n))
    hint = "write the digits without '_'";
  bad_number(p, whole, hint);
}

/* "1." is no double. */
static bool point_behind_int(mf_cel *p) {
  if (p->last.code != MF_CEL_DOT || p->before_last.code != MF_CEL_INT) return false;
  mf_str digits = mf_cel_slice(p, p->before_last.span);
  const char *hint = mf_arena_printf(p->arena, "write %.*s.0", SHOWN(digits));
  bad_number(p, mf_span_join(p->before_last.span, p->last.span), hint);
  return true;
}

static bool mixed_signs(mf_cel *p, int code, mf_span token) {
  mf_span place;
  if (p->last.code == MF_CEL_MINUS && code == MF_CEL_NOT)
    place = mf_span_join(p->last.span, token);
  else if (p->last.code == MF_CEL_MINUS && p->before_last.code == MF_CEL_NOT)
    place = mf_span_join(p->before_last.span, p->last.span);
  else
    return false;
  if (give_up(p)) mf_diag_add(p->diags, MF_E_MIXED_SIGNS, mf_cel_place(p, place));
  return true;
}

static void unexpected_end(mf_cel *p, mf_span end) {
  if (p->last.code == 0)
    empty(p, end);
  else if (mf_cel_ends_operand(p->last.code) && p->nesting)
    never_closed(p);
  else if (mf_cel_ends_operand(p->last.code))
    ends_early(p, "':' and a value");
  else
    ends_early(p, p->last.code == MF_CEL_DOT ? "a field name" : "a value");
}

/* Words that other languages have between two operands. */
static const char *infix_hint(mf_cel *p, mf_str word) {
  static const char *const methods[] = {"contains", "startsWith", "endsWith", "matches"};
  if (mf_str_is(word, "is")) return "write '=='";
  if (mf_str_is(word, "if")) return "write 'condition ? value : other'";
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
    if (mf_str_is(word, methods[i]))
      return mf_arena_printf(p->arena, "write 'x.%s(y)'", methods[i]);
  return NULL;
}

static void operator_wanted(mf_cel *p, int code, mf_span token) {
  if (is_number(p->last.code) && is_adjacent(p->last.span, token) && code != MF_CEL_STRING) {
    number_with_letters(p, token);
  } else if (p->last.code == MF_CEL_IDENT && mf_str_is(mf_cel_slice(p, p->last.span), "not") &&
             starts_operand(code)) {
    mf_cel_foreign(p, p->last.span, "!");
    give_up(p);
  } else if (give_up(p)) {
    const char *what = shown_token(p, code, token);
    const char *hint = infix_hint(p, mf_cel_slice(p, token));
    mf_diag_add_hint(p->diags, MF_E_UNEXPECTED_TOKEN, mf_cel_place(p, token), hint, what,
                     "an operator");
  }
}

static void value_wanted(mf_cel *p, int code, mf_span token) {
  mf_str text = mf_cel_slice(p, token);
  if (code != MF_CEL_RESERVED) {
    mf_cel_unexpected_instead(p, code, token, "a value");
  } else if (give_up(p)) {
    const char *hint = mf_str_is(text, "if") ? "write 'condition ? value : other'" : NULL;
    mf_diag_add_hint(p->diags, MF_E_RESERVED_WORD, mf_cel_place(p, token), hint, SHOWN(text));
  }
}

void mf_cel_unexpected(mf_cel *p, int code, mf_span token) {
  if (p->failed || point_behind_int(p) || mixed_signs(p, code, token)) return;
  if (code == 0)
    unexpected_end(p, token);
  else if (mf_cel_ends_operand(p->last.code))
    operator_wanted(p, code, token);
  else if (p->last.code == MF_CEL_DOT)
    mf_cel_unexpected_instead(p, code, token, "a field name");
  else
    value_wanted(p, code, token);
}
