/* SPDX-License-Identifier: MIT */
/* expr_parse - from text to tree: the stream of tokens between the scanner and
 * the grammar, and the entry points. */
#include "expr_parse.h"
#include "cel_tokens.h"
#include <stddef.h>

/* ---- tokens ---- */

static int opened(mf_cel *p, int code, mf_span token) {
  if (p->nesting == MF_CEL_MAX_NESTING) {
    mf_cel_too_deep(p, token);
    return 0;
  }
  p->brackets[p->nesting++] = token.offset;
  p->braces += code == MF_CEL_LBRACE;
  return code;
}

/* An interpolation's own "}" is the first that no "{" of the expression asks for. */
static int closed(mf_cel *p, int code, mf_span *token) {
  if (code == MF_CEL_RBRACE && p->prefix && p->braces == 0) {
    p->at = (const unsigned char *)p->text + token->offset;
    token->length = 0;
    return 0;
  }
  if (p->nesting == 0) {
    mf_cel_unopened(p, *token);
    return 0;
  }
  char open = p->text[p->brackets[p->nesting - 1]];
  int partner = open == '(' ? MF_CEL_RPAREN : open == '[' ? MF_CEL_RBRACKET : MF_CEL_RBRACE;
  if (code != partner) {
    const char *wanted = open == '(' ? "')'" : open == '[' ? "']'" : "'}'";
    mf_cel_unexpected_instead(p, code, *token, wanted);
    return 0;
  }
  p->nesting--;
  p->braces -= code == MF_CEL_RBRACE;
  return code;
}

/* "and" and "or" are good names in CEL; behind an operand they can only be a
 * slip. */
static int word(mf_cel *p, mf_span token) {
  mf_str text = mf_cel_slice(p, token);
  if (text.n > 3 || !mf_cel_ends_operand(p->last.code)) return MF_CEL_IDENT;
  bool is_and = mf_str_is(text, "and") || mf_str_is(text, "AND");
  if (!is_and && !mf_str_is(text, "or") && !mf_str_is(text, "OR")) return MF_CEL_IDENT;
  mf_cel_foreign(p, token, is_and ? "&&" : "||");
  return is_and ? MF_CEL_AND : MF_CEL_OR;
}

int mf_cel_next(mf_cel *p, mf_span *token) {
  int code = mf_cel_scan(p, token);
  if (token->offset - p->start > MF_LIMIT_EXPRESSION_BYTES) {
    mf_cel_too_long(p);
    return 0;
  }
  switch (code) {
    case MF_CEL_LPAREN:
    case MF_CEL_LBRACKET:
    case MF_CEL_LBRACE: return opened(p, code, *token);
    case MF_CEL_RPAREN:
    case MF_CEL_RBRACKET:
    case MF_CEL_RBRACE: return closed(p, code, token);
    case MF_CEL_IDENT: return word(p, *token);
    default: return code;
  }
}

/* ---- parses ---- */

static void start(mf_cel *p, mf_arena *arena, mf_diags *diags, const mf_expr_source *source,
                  const char *text, size_t from) {
  memset(p, 0, offsetof(mf_cel, brackets));
  p->arena = arena;
  p->diags = diags;
  p->source = source;
  p->text = text;
  p->start = (uint32_t)from;
  p->at = (const unsigned char *)text + from;
  p->limit = (const unsigned char *)text + source->text.n;
}

/* After a mistake: to the "}" that would have ended the expression. */
static void skip_to_end(mf_cel *p) {
  p->quiet = true;
  while (p->at < p->limit) {
    mf_span token;
    int code = mf_cel_scan(p, &token);
    if (code == MF_CEL_LBRACE) p->braces++;
    if (code != MF_CEL_RBRACE) continue;
    if (p->braces == 0) {
      p->at = (const unsigned char *)p->text + token.offset;
      return;
    }
    p->braces--;
  }
}

/* The tree, or an ERROR node over what was read. */
static mf_expr *result_of(mf_cel *p) {
  if (mf_arena_oom(p->arena)) return NULL;
  if (!p->failed) {
    if (p->temporaries) mf_cel_check_temporaries(p, p->result);
    return p->result;
  }
  size_t end = (size_t)((const char *)p->at - p->text);
  p->failed = false;
  return mf_cel_bad(p, (mf_span){p->start, (uint32_t)end - p->start});
}

mf_expr *mf_expr_parse(mf_arena *arena, mf_diags *diags, const mf_expr_source *source) {
  mf_cel p;
  bool too_long = source->text.n > MF_LIMIT_EXPRESSION_BYTES;
  const char *text = too_long ? "" : mf_arena_copy(arena, source->text.p, source->text.n);
  if (text == NULL) return NULL;
  start(&p, arena, diags, source, text, 0);
  if (too_long)
    mf_cel_too_long(&p);
  else
    mf_cel_run(&p);
  return result_of(&p);
}

mf_expr *mf_cel_parse_at(mf_arena *arena, mf_diags *diags, const mf_expr_source *source,
                         const char *text, size_t from, size_t *used, bool *ok) {
  mf_cel p;
  start(&p, arena, diags, source, text, from);
  p.prefix = true;
  mf_cel_run(&p);
  *ok = !p.failed;
  if (p.failed) skip_to_end(&p);
  *used = (size_t)((const char *)p.at - text);
  return result_of(&p);
}

mf_expr *mf_expr_parse_prefix(mf_arena *arena, mf_diags *diags, const mf_expr_source *source,
                              size_t *used) {
  bool ok;
  *used = 0;
  const char *text = mf_arena_copy(arena, source->text.p, source->text.n);
  return text ? mf_cel_parse_at(arena, diags, source, text, 0, used, &ok) : NULL;
}
