/* SPDX-License-Identifier: MIT */
/* cel.y - the grammar of expressions: CEL as in the language definition, with
 * the optional syntax (a.?f, a[?i], [?e], {?k: v}).
 *
 * Tokens carry their span alone; literals are decoded when they are reduced.
 * Binary operators are resolved by precedence instead of one nonterminal a
 * level: an operand then costs two reductions, not nine. */
%name mf_cel_parser
%token_prefix MF_CEL_
%token_type {mf_span}
%default_type {mf_expr *}
%extra_context {mf_cel *p}
/* Every open construct is at most six entries and a level of the tree, so the
 * stack is full only when the tree is too deep as well (EXPRESSION_DEPTH). */
%stack_size 1600

%include {
#ifndef NDEBUG
#define NDEBUG 1 /* the template's trace needs stdio */
#endif
#define YYNOERRORRECOVERY 1
#define mf_cel_parser_ENGINEALWAYSONSTACK 1
#include "compiler/expr_parse.h"
}
%syntax_error { mf_cel_unexpected(p, yymajor, TOKEN); }
%stack_overflow { mf_cel_too_deep(p, p->last.span); }

%left OR.
%left AND.
%left EQ NE LT LE GT GE IN.
%left PLUS MINUS.
%left STAR SLASH PERCENT.
%nonassoc UNSIGNED.
%nonassoc SIGNED.

start ::= expr(E). { p->result = E; }

/* The middle arm is no expr: CEL allows a nested ?: there only in parentheses. */
expr(A) ::= binary(A).
expr(A) ::= binary(C) QUESTION binary(T) COLON expr(E). { A = mf_cel_choose(p, C, T, E); }

binary(A) ::= unary(A).
binary(A) ::= binary(L) OR(O) binary(R).      { A = mf_cel_binary(p, MF_OP_OR, O, L, R); }
binary(A) ::= binary(L) AND(O) binary(R).     { A = mf_cel_binary(p, MF_OP_AND, O, L, R); }
binary(A) ::= binary(L) EQ(O) binary(R).      { A = mf_cel_binary(p, MF_OP_EQ, O, L, R); }
binary(A) ::= binary(L) NE(O) binary(R).      { A = mf_cel_binary(p, MF_OP_NE, O, L, R); }
binary(A) ::= binary(L) LT(O) binary(R).      { A = mf_cel_binary(p, MF_OP_LT, O, L, R); }
binary(A) ::= binary(L) LE(O) binary(R).      { A = mf_cel_binary(p, MF_OP_LE, O, L, R); }
binary(A) ::= binary(L) GT(O) binary(R).      { A = mf_cel_binary(p, MF_OP_GT, O, L, R); }
binary(A) ::= binary(L) GE(O) binary(R).      { A = mf_cel_binary(p, MF_OP_GE, O, L, R); }
binary(A) ::= binary(L) IN(O) binary(R).      { A = mf_cel_binary(p, MF_OP_IN, O, L, R); }
binary(A) ::= binary(L) PLUS(O) binary(R).    { A = mf_cel_binary(p, MF_OP_ADD, O, L, R); }
binary(A) ::= binary(L) MINUS(O) binary(R).   { A = mf_cel_binary(p, MF_OP_SUBTRACT, O, L, R); }
binary(A) ::= binary(L) STAR(O) binary(R).    { A = mf_cel_binary(p, MF_OP_MULTIPLY, O, L, R); }
binary(A) ::= binary(L) SLASH(O) binary(R).   { A = mf_cel_binary(p, MF_OP_DIVIDE, O, L, R); }
binary(A) ::= binary(L) PERCENT(O) binary(R). { A = mf_cel_binary(p, MF_OP_REMAINDER, O, L, R); }

/* Signs repeat but do not mix: !-x is a mistake, while !-5 is "!" of a literal. */
unary(A) ::= member(A).
unary(A) ::= nots(A).
unary(A) ::= negations(A).
nots(A) ::= NOT(S) member(E).          { A = mf_cel_unary(p, MF_OP_NOT, S, E); }
nots(A) ::= NOT(S) nots(E).            { A = mf_cel_unary(p, MF_OP_NOT, S, E); }
negations(A) ::= MINUS(S) member(E).    { A = mf_cel_unary(p, MF_OP_NEGATE, S, E); }
negations(A) ::= MINUS(S) negations(E). { A = mf_cel_unary(p, MF_OP_NEGATE, S, E); }

member(A) ::= primary(A).
member(A) ::= member(M) DOT selector(N).          { A = mf_cel_select(p, M, N, 0); }
member(A) ::= member(M) DOT QUESTION selector(N). { A = mf_cel_select(p, M, N, MF_EXPR_OPTIONAL); }
member(A) ::= member(M) DOT word(N) LPAREN arguments(L) RPAREN(C). {
  A = mf_cel_method(p, M, N, L, C);
}
member(A) ::= member(M) LBRACKET expr(I) RBRACKET(C). { A = mf_cel_index(p, M, I, C, 0); }
member(A) ::= member(M) LBRACKET QUESTION expr(I) RBRACKET(C). {
  A = mf_cel_index(p, M, I, C, MF_EXPR_OPTIONAL);
}
member(A) ::= member(M) LBRACE(O) fields(F) RBRACE(C). { A = mf_cel_message(p, M, F, O, C); }

/* After a dot reserved words are names like any other. */
%type word {mf_span}
%type selector {mf_span}
word(A) ::= IDENT(A).
word(A) ::= RESERVED(A).
selector(A) ::= word(A).
selector(A) ::= QUOTED(A).

primary(A) ::= IDENT(N).     { A = mf_cel_ident(p, N, 0); }
primary(A) ::= DOT IDENT(N). { A = mf_cel_ident(p, N, MF_EXPR_LEADING_DOT); }
primary(A) ::= IDENT(N) LPAREN arguments(L) RPAREN(C). { A = mf_cel_call(p, N, L, C, 0); }
primary(A) ::= DOT IDENT(N) LPAREN arguments(L) RPAREN(C). {
  A = mf_cel_call(p, N, L, C, MF_EXPR_LEADING_DOT);
}
primary(A) ::= LPAREN(O) expr(E) RPAREN(C).        { A = mf_cel_parentheses(p, O, E, C); }
primary(A) ::= LBRACKET(O) elements(L) RBRACKET(C). { A = mf_cel_list(p, O, L, C); }
primary(A) ::= LBRACE(O) entries(L) RBRACE(C).      { A = mf_cel_map(p, O, L, C); }
primary(A) ::= literal(A).

/* -9223372036854775808 is a literal, -(9223372036854775808) a mistake: the sign
 * must be part of the literal. */
literal(A) ::= number(N). [UNSIGNED]        { A = mf_cel_unsigned(p, N); }
literal(A) ::= MINUS(S) number(N). [SIGNED] { A = mf_cel_signed(p, S, N); }
literal(A) ::= UINT(T).   { A = mf_cel_uint(p, T); }
literal(A) ::= STRING(T). { A = mf_cel_text(p, T, MF_STRING); }
literal(A) ::= BYTES(T).  { A = mf_cel_text(p, T, MF_BYTES); }
literal(A) ::= TRUE(T).   { A = mf_cel_simple(p, T, (mf_value){.kind = MF_BOOL, .as.i = 1}); }
literal(A) ::= FALSE(T).  { A = mf_cel_simple(p, T, (mf_value){.kind = MF_BOOL}); }
literal(A) ::= NULL(T).   { A = mf_cel_simple(p, T, (mf_value){.kind = MF_NULL}); }
number(A) ::= INT(T).     { A = mf_cel_int(p, T); }
number(A) ::= DOUBLE(T).  { A = mf_cel_double(p, T); }

/* Lists below hold their last element first. */
arguments(A) ::= .                           { A = NULL; }
arguments(A) ::= argument_list(A).
argument_list(A) ::= expr(A).
argument_list(A) ::= argument_list(L) COMMA expr(E). { A = mf_cel_push(L, E); }

elements(A) ::= .                          { A = NULL; }
elements(A) ::= COMMA.                     { A = NULL; }
elements(A) ::= element_list(A).
elements(A) ::= element_list(A) COMMA.
element_list(A) ::= element(A).
element_list(A) ::= element_list(L) COMMA element(E). { A = mf_cel_push(L, E); }
element(A) ::= expr(A).
element(A) ::= QUESTION expr(E).           { A = mf_cel_optional(E); }

entries(A) ::= .                           { A = NULL; }
entries(A) ::= COMMA.                      { A = NULL; }
entries(A) ::= entry_list(A).
entries(A) ::= entry_list(A) COMMA.
entry_list(A) ::= element(K) COLON expr(V).                     { A = mf_cel_push(K, V); }
entry_list(A) ::= entry_list(L) COMMA element(K) COLON expr(V). {
  A = mf_cel_push(mf_cel_push(L, K), V);
}

fields(A) ::= .                            { A = NULL; }
fields(A) ::= COMMA.                       { A = NULL; }
fields(A) ::= field_list(A).
fields(A) ::= field_list(A) COMMA.
field_list(A) ::= field(A).
field_list(A) ::= field_list(L) COMMA field(F). { A = mf_cel_push(L, F); }
field(A) ::= selector(N) COLON expr(V).          { A = mf_cel_field(p, N, V, 0); }
field(A) ::= QUESTION selector(N) COLON expr(V). { A = mf_cel_field(p, N, V, MF_EXPR_OPTIONAL); }

%code {
/* Here because only here the parser's size is known: it lives on the stack. */
void mf_cel_run(mf_cel *p) {
  yyParser parser;
  mf_cel_parserInit(&parser, p);
  int code;
  do {
    mf_span token;
    code = mf_cel_next(p, &token);
    if (p->failed) return;
    mf_cel_parser(&parser, code, token);
    p->before_last = p->last;
    p->last = (mf_cel_token){code, token};
  } while (code != 0 && !p->failed);
}
}
