/* SPDX-License-Identifier: MIT */
/* expr_parse - what the scanner (grammar/cel.re), the grammar (grammar/cel.y)
 * and the node makers share.  Nobody else includes it.
 *
 * Spans of tokens count from the start of the parsed text; mf_cel_place turns
 * them into places of the document. */
#ifndef MF_COMPILER_EXPR_PARSE_H
#define MF_COMPILER_EXPR_PARSE_H
#include "../base/limits.h"
#include "expr.h"

/* Beside the flags of expr.h, set by mf_expr_note_values: `value` is what the node
 * comes to, maybe an error; and an image can hold it. */
#define MF_EXPR_KNOWN 128
#define MF_EXPR_CONSTANT 16
/* CALL of a function whose code is noted in op: its first child is no argument, but a
 * namespace. */
#define MF_EXPR_NAMESPACE 32
/* LITERAL int of 2^63, which only a minus sign makes an int; name_span is its
 * token. */
#define MF_EXPR_HUGE 32

#define MF_CEL_MAX_NESTING 250 /* MF_LIMIT_EXPRESSION_DEPTH, for array sizes */

typedef struct mf_cel_token {
  int code;
  mf_span span;
} mf_cel_token;

/* One parse. */
typedef struct mf_cel {
  mf_arena *arena;
  mf_diags *diags;
  const mf_expr_source *source;
  const char *text;                /* a copy of the source, NUL after the limit */
  const unsigned char *at, *limit; /* the scanner's */
  uint32_t start;                  /* offset of the expression in text */
  bool prefix;                     /* an unmatched "}" ends the expression */
  bool failed;                     /* reported, and given up */
  bool quiet;                      /* only looking for the end: report nothing */
  mf_cel_token last, before_last;  /* tokens given to the grammar */
  uint32_t nesting, braces;        /* open brackets, and how many of them are "{" */
  uint32_t temporaries;            /* cel.index() and the like that nothing has bound so far */
  mf_expr *result;
  mf_expr spare;                         /* what node makers return once the parse has failed */
  uint32_t brackets[MF_CEL_MAX_NESTING]; /* their offsets; last, for it is not initialised */
} mf_cel;

/* ---- grammar/cel.re ---- */

/* The next token: a code of cel_tokens.h, 0 at the end.  Reports what is no token. */
int mf_cel_scan(mf_cel *p, mf_span *token);

/* ---- grammar/cel.y ---- */

/* Feeds the grammar until the end or a mistake; leaves p->result. */
void mf_cel_run(mf_cel *p);

/* ---- compiler/expr_parse.c ---- */

/* mf_cel_scan with brackets counted, words of other languages replaced and, in
 * prefix mode, the end found. */
int mf_cel_next(mf_cel *p, mf_span *token);
/* mf_expr_parse_prefix from `start` in `text`, a NUL-terminated copy of
 * source->text; *used counts from the start of text.  The tree keeps slices of
 * it.  *ok tells whether a whole expression was found. */
mf_expr *mf_cel_parse_at(mf_arena *arena, mf_diags *diags, const mf_expr_source *source,
                         const char *text, size_t start, size_t *used, bool *ok);

/* ---- compiler/expr_mistakes.c ---- */

mf_span mf_cel_place(const mf_cel *p, mf_span token);
static inline mf_str mf_cel_slice(const mf_cel *p, mf_span token) {
  mf_str s = {p->text + token.offset, token.length};
  return s;
}
/* Whether a token ends an operand, so that an operator must follow. */
bool mf_cel_ends_operand(int code);
/* The grammar cannot go on with this token; code 0 is the end. */
void mf_cel_unexpected(mf_cel *p, int code, mf_span token);
/* The same where the reader can tell what was wanted. */
void mf_cel_unexpected_instead(mf_cel *p, int code, mf_span token, const char *wanted);
void mf_cel_unopened(mf_cel *p, mf_span token);
void mf_cel_too_deep(mf_cel *p, mf_span token);
void mf_cel_too_long(mf_cel *p);
/* A sign of another language; the parse goes on as if `meant` stood there. */
void mf_cel_foreign(mf_cel *p, mf_span token, const char *meant);
void mf_cel_bad_character(mf_cel *p, mf_span token);
void mf_cel_text_open(mf_cel *p, mf_span token);

/* ---- compiler/expr_literal.c ---- */

mf_expr *mf_cel_int(mf_cel *p, mf_span token);
mf_expr *mf_cel_uint(mf_cel *p, mf_span token);
mf_expr *mf_cel_double(mf_cel *p, mf_span token);
mf_expr *mf_cel_text(mf_cel *p, mf_span token, mf_kind kind);
mf_expr *mf_cel_simple(mf_cel *p, mf_span token, mf_value value); /* true false null */
/* A sign directly before a number belongs to it; without one 2^63 is no int. */
mf_expr *mf_cel_unsigned(mf_cel *p, mf_expr *number);
mf_expr *mf_cel_signed(mf_cel *p, mf_span minus, mf_expr *number);

/* ---- compiler/expr_nodes.c ---- */

/* A node with these children (linked by next); places count as in tokens. */
mf_expr *mf_cel_node(mf_cel *p, mf_expr_kind kind, mf_span place, mf_expr *children);
mf_expr *mf_cel_bad(mf_cel *p, mf_span token); /* an ERROR node */
/* Lists grow backwards and are turned when they are used. */
mf_expr *mf_cel_push(mf_expr *list, mf_expr *e);
mf_expr *mf_cel_ident(mf_cel *p, mf_span name, uint8_t flags);
mf_expr *mf_cel_select(mf_cel *p, mf_expr *of, mf_span name, uint8_t flags);
mf_expr *mf_cel_index(mf_cel *p, mf_expr *of, mf_expr *index, mf_span close, uint8_t flags);
mf_expr *mf_cel_call(mf_cel *p, mf_span name, mf_expr *args, mf_span close, uint8_t flags);
mf_expr *mf_cel_method(mf_cel *p, mf_expr *receiver, mf_span name, mf_expr *args, mf_span close);
mf_expr *mf_cel_unary(mf_cel *p, uint8_t op, mf_span sign, mf_expr *e);
mf_expr *mf_cel_binary(mf_cel *p, uint8_t op, mf_span sign, mf_expr *left, mf_expr *right);
mf_expr *mf_cel_choose(mf_cel *p, mf_expr *condition, mf_expr *then, mf_expr *otherwise);
mf_expr *mf_cel_parentheses(mf_cel *p, mf_span open, mf_expr *e, mf_span close);
mf_expr *mf_cel_list(mf_cel *p, mf_span open, mf_expr *elements, mf_span close);
mf_expr *mf_cel_map(mf_cel *p, mf_span open, mf_expr *entries, mf_span close);
mf_expr *mf_cel_optional(mf_expr *e);
mf_expr *mf_cel_field(mf_cel *p, mf_span name, mf_expr *value, uint8_t flags);
mf_expr *mf_cel_message(mf_cel *p, mf_expr *type, mf_expr *fields, mf_span open, mf_span close);

/* ---- compiler/expr_macros.c ---- */

/* Makes a call the node of the macro that it is, if any. */
mf_expr *mf_cel_macro(mf_cel *p, mf_expr *call);
/* Reports what was left unbound in a whole expression. */
void mf_cel_check_temporaries(mf_cel *p, mf_expr *e);
#endif
