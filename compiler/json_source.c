/* SPDX-License-Identifier: MIT */
#include "json_source.h"

#include "../base/limits.h"

void mf_json_source_init(mf_json_source *j, mf_tokens *t, bool guessed) {
  /* Deeper than a document may be: the token stream says so better. */
  uint32_t depth = (uint32_t)MF_LIMIT_DOCUMENT_DEPTH + 1;
  *j = (mf_json_source){.t = t, .guessed = guessed};
  mf_json_scan_init(&j->scanner, t->context->arena, t->context->source, depth);
}

/* An integer that fits in no 64 bits is a double to the scanner, which would
 * lose digits silently. */
static bool is_long_integer(mf_str text) {
  for (size_t i = 0; i < text.n; i++)
    if (text.p[i] == '.' || text.p[i] == 'e' || text.p[i] == 'E') return false;
  return true;
}

static mf_node *double_node(mf_json_source *j) {
  mf_span span = j->scanner.span;
  mf_str text = {j->scanner.source.p + span.offset, span.length};
  bool large = is_long_integer(text);
  if (large) mf_diag_add(j->t->context->diags, MF_E_NUMBER_TOO_LARGE, span, (int)text.n, text.p);
  mf_node *node = mf_tokens_node(j->t, large ? MF_SHAPE_BAD : MF_SHAPE_DOUBLE, span);
  if (node && !large) node->as.d = j->scanner.d;
  return node;
}

static mf_node *text_node(mf_json_source *j) {
  const mf_json_scanner *s = &j->scanner;
  mf_node *node = mf_tokens_node(j->t, MF_SHAPE_TEXT, s->span);
  if (node == NULL) return NULL;
  node->flags = MF_NODE_QUOTED | (s->escaped ? 0 : MF_NODE_VERBATIM);
  node->as.text.p = s->text.p;
  node->as.text.n = (uint32_t)s->text.n;
  node->as.text.content = s->span.offset + !s->escaped;
  return node;
}

static mf_node *scalar_node(mf_json_source *j) {
  const mf_json_scanner *s = &j->scanner;
  static const mf_shape shapes[] = {[MF_JSON_NULL] = MF_SHAPE_NULL,
                                    [MF_JSON_BOOL] = MF_SHAPE_BOOL,
                                    [MF_JSON_INT] = MF_SHAPE_INT,
                                    [MF_JSON_UINT] = MF_SHAPE_UINT};
  if (s->kind == MF_JSON_STRING) return text_node(j);
  if (s->kind == MF_JSON_DOUBLE) return double_node(j);
  mf_node *node = mf_tokens_node(j->t, shapes[s->kind], s->span);
  if (node == NULL) return NULL;
  if (s->kind == MF_JSON_BOOL) node->as.b = s->i != 0;
  if (s->kind == MF_JSON_INT) node->as.i = s->i;
  if (s->kind == MF_JSON_UINT) node->as.u = s->u;
  return node;
}

static void refuse_root(mf_json_source *j, const mf_node *root) {
  if (root->shape != MF_SHAPE_BAD)
    mf_diag_add(j->t->context->diags, MF_E_NOT_A_MAPPING, root->span, mf_doc_kind_noun(root));
  j->t->failed = true;
}

static void scalar(mf_json_source *j) {
  mf_node *node = scalar_node(j);
  if (node == NULL) return;
  if (j->t->depth)
    mf_tokens_scalar(j->t, node);
  else
    refuse_root(j, node);
}

static void report(mf_json_source *j) {
  const char *hint = j->guessed ? "a document that begins with { or [ is read as JSON" : NULL;
  mf_diag_add_hint(j->t->context->diags, MF_E_JSON_SYNTAX, j->scanner.span, hint, j->scanner.error);
  j->t->failed = true;
}

static void open(mf_json_source *j, bool is_map) {
  if (is_map || j->t->depth)
    mf_tokens_open(j->t, is_map, j->scanner.span);
  else
    refuse_root(j, &(mf_node){.shape = MF_SHAPE_LIST, .span = j->scanner.span});
}

bool mf_json_source_next(mf_json_source *j) {
  mf_json_scanner *s = &j->scanner;
  switch (mf_json_next(s)) {
    case MF_JSON_END: return false;
    case MF_JSON_ERROR: report(j); break;
    case MF_JSON_KEY: mf_tokens_key(j->t, s->text, s->span, 0); break;
    case MF_JSON_LIST_OPEN: open(j, false); break;
    case MF_JSON_MAP_OPEN: open(j, true); break;
    case MF_JSON_LIST_CLOSE:
    case MF_JSON_MAP_CLOSE: mf_tokens_close(j->t, s->span.offset + s->span.length); break;
    default: scalar(j); break;
  }
  return !j->t->failed;
}
