/* SPDX-License-Identifier: MIT */
/* cel.re - the scanner of expressions.
 *
 * It finds where tokens end and which kind they are; what stands in literals is
 * decoded by compiler/expr_literal.c, once the grammar has taken them.  The text
 * has a NUL behind its limit, which re2c's end-of-input rule needs. */
#include "cel_tokens.h"
#include "compiler/expr_parse.h"

/* An opening quote without its partner: the rest of the line, or of the source
 * after three quotes, belongs to nothing. */
static int open_text(mf_cel *p, mf_span *token, bool whole) {
  const unsigned char *start = (const unsigned char *)p->text + token->offset, *end = p->at;
  while (end < p->limit && (whole || (*end != '\n' && *end != '\r'))) end++;
  p->at = end;
  token->length = (uint32_t)(end - start);
  mf_cel_text_open(p, *token);
  return 0;
}

/* Takes the whole code point, so that the span shows what the user sees. */
static int bad_character(mf_cel *p, mf_span *token) {
  const char *start = p->text + token->offset;
  size_t left = (size_t)((const char *)p->limit - start), n = mf_utf8_length(start, left);
  token->length = (uint32_t)(n ? n : 1);
  p->at = (const unsigned char *)start + token->length;
  mf_cel_bad_character(p, *token);
  return 0;
}

int mf_cel_scan(mf_cel *p, mf_span *token) {
  const unsigned char *cursor = p->at, *const limit = p->limit, *marker, *start;
again:
  start = cursor;
  token->offset = (uint32_t)(start - (const unsigned char *)p->text);
#define TAKE() (p->at = cursor, token->length = (uint32_t)(cursor - start))
#define END(kind) return TAKE(), kind
#define FOREIGN(meant, kind) return TAKE(), mf_cel_foreign(p, *token, meant), kind
  /*!re2c
    re2c:define:YYCTYPE = "unsigned char";
    re2c:define:YYCURSOR = cursor;
    re2c:define:YYLIMIT = limit;
    re2c:define:YYMARKER = marker;
    re2c:yyfill:enable = 0;
    re2c:eof = 0;

    digit = [0-9];
    hex = [0-9a-fA-F];
    letter = [A-Za-z_];
    exponent = [eE] [+-]? digit+;
    any = [^];
    escape = "\\" any;
    line_escape = "\\" [^\r\n];
    bytes = [bB];
    raw = [rR];
    raw_bytes = raw bytes | bytes raw;
    one = "'" ([^'\\\r\n] | line_escape)* "'" | ["] ([^"\\\r\n] | line_escape)* ["];
    three = "'''" ("'"{0,2} ([^'\\] | escape))* "'''"
          | ["]{3} (["]{0,2} ([^"\\] | escape))* ["]{3};
    raw_one = "'" [^'\r\n]* "'" | ["] [^"\r\n]* ["];
    raw_three = "'''" ("'"{0,2} [^'])* "'''" | ["]{3} (["]{0,2} [^"])* ["]{3};
    prefix = raw | bytes | raw_bytes;

    [ \t\n\f\r]+  { goto again; }
    "//" [^\n]*   { goto again; }
    $             { END(0); }

    "true"        { END(MF_CEL_TRUE); }
    "false"       { END(MF_CEL_FALSE); }
    "null"        { END(MF_CEL_NULL); }
    "in"          { END(MF_CEL_IN); }
    "as" | "break" | "const" | "continue" | "else" | "for" | "function" | "if" | "import" | "let"
      | "loop" | "package" | "namespace" | "return" | "var" | "void" | "while"
                  { END(MF_CEL_RESERVED); }
    letter (letter | digit)* { END(MF_CEL_IDENT); }
    "`" [A-Za-z0-9_./ -]+ "`" { END(MF_CEL_QUOTED); }

    digit+ | "0x" hex+                { END(MF_CEL_INT); }
    (digit+ | "0x" hex+) [uU]         { END(MF_CEL_UINT); }
    digit* "." digit+ exponent? | digit+ exponent { END(MF_CEL_DOUBLE); }

    one | three | raw (raw_one | raw_three)             { END(MF_CEL_STRING); }
    bytes (one | three) | raw_bytes (raw_one | raw_three) { END(MF_CEL_BYTES); }
    prefix? ("'" | ["])       { p->at = cursor; return open_text(p, token, false); }
    prefix? ("'''" | ["]{3})  { p->at = cursor; return open_text(p, token, true); }

    "||"  { END(MF_CEL_OR); }
    "&&"  { END(MF_CEL_AND); }
    "=="  { END(MF_CEL_EQ); }
    "!="  { END(MF_CEL_NE); }
    "<"   { END(MF_CEL_LT); }
    "<="  { END(MF_CEL_LE); }
    ">"   { END(MF_CEL_GT); }
    ">="  { END(MF_CEL_GE); }
    "+"   { END(MF_CEL_PLUS); }
    "-"   { END(MF_CEL_MINUS); }
    "*"   { END(MF_CEL_STAR); }
    "/"   { END(MF_CEL_SLASH); }
    "%"   { END(MF_CEL_PERCENT); }
    "!"   { END(MF_CEL_NOT); }
    "?"   { END(MF_CEL_QUESTION); }
    ":"   { END(MF_CEL_COLON); }
    "."   { END(MF_CEL_DOT); }
    ","   { END(MF_CEL_COMMA); }
    "("   { END(MF_CEL_LPAREN); }
    ")"   { END(MF_CEL_RPAREN); }
    "["   { END(MF_CEL_LBRACKET); }
    "]"   { END(MF_CEL_RBRACKET); }
    "{"   { END(MF_CEL_LBRACE); }
    "}"   { END(MF_CEL_RBRACE); }

    "="   | "==="  { FOREIGN("==", MF_CEL_EQ); }
    "!==" | "<>"   { FOREIGN("!=", MF_CEL_NE); }
    "=>"           { FOREIGN(">=", MF_CEL_GE); }
    "=<"           { FOREIGN("<=", MF_CEL_LE); }
    "&"            { FOREIGN("&&", MF_CEL_AND); }
    "|"            { FOREIGN("||", MF_CEL_OR); }
    *     { return bad_character(p, token); }
  */
}
