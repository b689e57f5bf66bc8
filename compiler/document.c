/* SPDX-License-Identifier: MIT */
/* document - bytes to the tree of a document. */
#include "json_source.h"
#include "yaml_source.h"

#include "../base/limits.h"
#include "orchestration.h"

/* ---- feeding ---- */

/* One token to the parser.  After a mistake the rest of the wrong value is
 * skipped by counting brackets, and the parser is told that it is over it. */
static void feed_one(mf_doc *p, const mf_queued *q) {
  if (p->lines) mf_doc_dump_token(p, q);
  if (p->skip) {
    p->skip = (uint32_t)((int)p->skip + q->nesting);
    return;
  }
  p->current = q;
  p->offended = false;
  mf_doc_parser(p->parser, q->kind, q->token);
  if (!p->offended) return;
  mf_doc_parser_settle(p->parser);
  p->skip = q->nesting > 0;
}

static void feed_all(mf_doc *p, mf_tokens *t, size_t n) {
  if (mf_arena_oom(p->context->arena)) return;
  for (size_t i = 0; i < n; i++) feed_one(p, &t->queue.items[i]);
  mf_tokens_fed(t, n);
}

static inline void feed(mf_doc *p, mf_tokens *t) {
  size_t n = mf_tokens_ready(t);
  if (n) feed_all(p, t, n);
}

/* What is left when the source is over.  After a mistake that ended it, the
 * tree is only good for the mistakes that were found in it. */
static void finish(mf_doc *p, mf_tokens *t) {
  if (t->failed) mf_tokens_abandon(t);
  feed(p, t);
  if (t->depth == 0 && !mf_arena_oom(p->context->arena))
    mf_doc_parser(p->parser, 0, (mf_token){NULL});
  if (t->failed) p->root = NULL;
}

static bool read_yaml(mf_doc *p, mf_tokens *t) {
  mf_yaml *y = mf_yaml_open(t, p->ascii);
  if (y == NULL) return false;
  while (mf_yaml_next(y)) feed(p, t);
  bool oom = mf_yaml_oom(y);
  mf_yaml_close(y);
  return !oom;
}

static bool read_json(mf_doc *p, mf_tokens *t, bool guessed) {
  mf_json_source j;
  mf_json_source_init(&j, t, guessed);
  while (mf_json_source_next(&j)) feed(p, t);
  return true;
}

/* ---- syntax ---- */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* The first character that is no blank; 0 if there is none. */
static char first_character(mf_str s) {
  size_t i = mf_str_starts(s, MF_STR("\xEF\xBB\xBF")) ? 3 : 0;
  while (i < s.n && is_blank(s.p[i])) i++;
  return i < s.n ? s.p[i] : '\0';
}

static bool is_json(const mf_parse_context *context) {
  char first = first_character(context->source);
  if (context->syntax == MF_SYNTAX_AUTO) return first == '{' || first == '[';
  return context->syntax == MF_SYNTAX_JSON;
}

static bool is_ascii(mf_str s) {
  uint64_t all = 0, w[4];
  size_t i = 0;
  for (; s.n - i >= sizeof w; i += sizeof w) {
    memcpy(w, s.p + i, sizeof w);
    all |= w[0] | w[1] | w[2] | w[3];
  }
  for (; i < s.n; i++) all |= (unsigned char)s.p[i];
  return (all & UINT64_C(0x8080808080808080)) == 0;
}

/* What can be said before anything is read. */
static bool bytes_ok(mf_parse_context *context, bool ascii) {
  mf_str s = context->source;
  if (s.n > MF_LIMIT_DOCUMENT_BYTES) {
    char limit[24];
    mf_format_uint(MF_LIMIT_DOCUMENT_BYTES, limit);
    mf_diag_add(context->diags, MF_E_TOO_LARGE, (mf_span){0, 0}, limit);
    return false;
  }
  size_t valid = ascii ? s.n : mf_utf8_valid(s.p, s.n);
  if (valid < s.n) {
    mf_diag_add(context->diags, MF_E_NOT_UTF8, (mf_span){(uint32_t)valid, 1});
    return false;
  }
  if (first_character(s) != '\0' || (s.n && memchr(s.p, '\0', s.n))) return true;
  mf_diag_add(context->diags, MF_E_EMPTY_DOCUMENT, (mf_span){0, 0});
  return false;
}

/* ---- wrappers ---- */

static mf_node *bad_root(mf_parse_context *context) {
  mf_node *root = MF_NEW(context->arena, mf_node);
  if (root) root->shape = MF_SHAPE_BAD;
  return root;
}

static const mf_node *member_named(const mf_node *map, const char *name) {
  if (map == NULL || map->shape != MF_SHAPE_MAP) return NULL;
  for (const mf_member *m = map->as.members; m; m = m->next)
    if (mf_str_is(m->name, name)) return m->value;
  return NULL;
}

static mf_member *own_name(mf_node *spec) {
  for (mf_member *m = spec->as.members; m; m = m->next)
    if (m->key == MF_KEY_NAME) return m;
  return NULL;
}

/* metadata.name is the name of an orchestration that has none. */
static void take_name(mf_parse_context *context, mf_node *spec, const mf_node *metadata) {
  const mf_node *name = member_named(metadata, "name");
  mf_member *own = own_name(spec);
  bool usable = name && name->shape == MF_SHAPE_TEXT && !mf_node_get(spec, MF_KEY_NAME);
  mf_node *copy = usable ? MF_NEW(context->arena, mf_node) : NULL;
  if (copy == NULL) return;
  *copy = *name;
  copy->next = NULL;
  if (own == NULL) {
    own = MF_NEW(context->arena, mf_member);
    if (own == NULL) return;
    *own = (mf_member){.key = MF_KEY_NAME, .key_span = copy->span, .name = MF_STR("name")};
    own->next = spec->as.members;
    spec->as.members = own;
    spec->count++;
  }
  own->value = copy;
}

static mf_node *value_of(const mf_node *map, mf_key key) {
  for (mf_member *m = map->as.members; m; m = m->next)
    if (m->key == key) return m->value;
  return NULL;
}

static void check_kind(mf_parse_context *context, const mf_node *kind) {
  mf_str text = kind && kind->shape == MF_SHAPE_TEXT ? mf_node_text(kind) : MF_STR("");
  if (text.n && !mf_str_is(text, "ChaosOrchestration"))
    mf_diag_add(context->diags, MF_E_WRONG_MANIFEST, kind->span, (int)text.n, text.p);
}

static mf_node *unwrapped(mf_parse_context *context, mf_node *root) {
  mf_node *inner = root;
  if (root == NULL) return bad_root(context);
  if (root->tag == MF_TAG_WRAPPER) inner = value_of(root, MF_KEY_ORCHESTRATION);
  if (root->tag == MF_TAG_MANIFEST) {
    inner = value_of(root, MF_KEY_SPEC);
    check_kind(context, mf_node_get(root, MF_KEY_KIND));
    if (inner && inner->shape == MF_SHAPE_MAP)
      take_name(context, inner, mf_node_get(root, MF_KEY_METADATA));
  }
  return inner && inner->shape == MF_SHAPE_MAP ? inner : bad_root(context);
}

/* ---- the conductor ---- */

/* Reads the document once.  False when out of memory. */
static bool read_once(mf_doc *p, mf_parse_context *context, mf_fixes *fixes, bool ascii,
                      const mf_lines *lines) {
  mf_tokens t;
  *p = (mf_doc){.context = context, .tokens = &t, .fixes = fixes, .ascii = ascii, .lines = lines};
  p->parser = mf_arena_get(context->arena, mf_doc_parser_size());
  if (p->parser == NULL || !mf_tokens_init(&t, context, fixes)) return false;
  mf_doc_parserInit(p->parser, p);
  bool guessed = context->syntax == MF_SYNTAX_AUTO;
  bool done = is_json(context) ? read_json(p, &t, guessed) : read_yaml(p, &t);
  finish(p, &t);
  return done && !mf_arena_oom(context->arena);
}

/* Before a document is read again: keeps what was said about the keys that are
 * fixed now, and forgets the rest, which will be said again. */
static void forget(mf_diags *diags, const mf_diags *before, const mf_fixes *fixes) {
  uint32_t kept = before->count;
  for (uint32_t i = kept; i < diags->count; i++) {
    const mf_diag *d = &diags->items[i];
    bool about_fix = d->code == MF_E_UNKNOWN_KEY || d->code == MF_E_UNKNOWN_TYPE;
    if (about_fix && mf_fix_find(fixes, d->span.offset)) diags->items[kept++] = *d;
  }
  diags->count = kept;
  diags->errors = before->errors + kept - before->count;
  diags->warnings = before->warnings;
}

mf_node *mf_document_parse(mf_parse_context *context) {
  enum { READINGS = 4 }; /* a mistyped key below a mistyped key below ... */
  mf_fixes fixes = {.count = 0};
  mf_doc p;
  mf_lines lines;
  bool dump = context->dump_tokens != NULL, ascii = is_ascii(context->source);
  if (!bytes_ok(context, ascii)) return bad_root(context);
  if (dump && !mf_lines_init(&lines, context->arena, context->source)) return NULL;
  for (uint32_t n = 0, known = 0;; n++) {
    mf_diags before = *context->diags;
    if (!read_once(&p, context, &fixes, ascii, dump && n == 0 ? &lines : NULL)) return NULL;
    if (fixes.count == known || n + 1 == READINGS) break;
    forget(context->diags, &before, &fixes);
    known = fixes.count;
  }
  return unwrapped(context, p.root);
}
