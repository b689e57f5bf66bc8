/* SPDX-License-Identifier: MIT */
/* document_dump - tokens and trees of documents as text, for --dump. */
#include "document_parser.h"

#include "../base/json.h"
#include "orchestration.h"

/* ---- scalars ---- */

static void write_double(mf_buf *out, double d) {
  char text[32];
  mf_format_double(d, text);
  mf_buf_puts(out, text);
  if (strspn(text, "-0123456789") == strlen(text)) mf_buf_puts(out, ".0");
}

static void write_scalar(mf_buf *out, const mf_node *node) {
  char text[24];
  switch ((mf_shape)node->shape) {
    case MF_SHAPE_NULL: mf_buf_puts(out, "null"); break;
    case MF_SHAPE_BOOL: mf_buf_puts(out, node->as.b ? "true" : "false"); break;
    case MF_SHAPE_INT: mf_buf_add(out, text, mf_format_int(node->as.i, text)); break;
    case MF_SHAPE_UINT: mf_buf_add(out, text, mf_format_uint(node->as.u, text)); break;
    case MF_SHAPE_DOUBLE: write_double(out, node->as.d); break;
    case MF_SHAPE_TEXT: mf_json_quote(out, mf_node_text(node)); break;
    case MF_SHAPE_LIST: mf_buf_puts(out, "[]"); break;
    case MF_SHAPE_MAP: mf_buf_puts(out, "{}"); break;
    case MF_SHAPE_BAD: mf_buf_puts(out, "(bad)"); break;
  }
}

/* ---- trees ---- */

static void indent(mf_buf *out, unsigned level) {
  for (unsigned i = 0; i < level; i++) mf_buf_puts(out, "  ");
}

static void write_node(mf_buf *out, const mf_node *node, unsigned level);

/* " scalar", or what is on lines of its own one level further in. */
static void write_value(mf_buf *out, const mf_node *node, unsigned level) {
  bool block = (node->shape == MF_SHAPE_LIST || node->shape == MF_SHAPE_MAP) && node->count;
  if (node->shape == MF_SHAPE_MAP && node->tag != MF_TAG_FREE) {
    mf_buf_putc(out, ' ');
    mf_buf_puts(out, mf_tag_word((mf_tag)node->tag));
  } else if (!block) {
    mf_buf_putc(out, ' ');
    write_scalar(out, node);
  }
  mf_buf_putc(out, '\n');
  if (block) write_node(out, node, level + 1);
}

static void write_member(mf_buf *out, const mf_member *m, unsigned level) {
  indent(out, level);
  if (m->key)
    mf_buf_puts(out, mf_key_spelling(m->key));
  else
    mf_json_quote(out, m->name);
  mf_buf_putc(out, ':');
  write_value(out, m->value, level);
}

/* The elements or members.  The depth of a document is bounded. */
static void write_node(mf_buf *out, const mf_node *node, unsigned level) {
  if (node->shape == MF_SHAPE_LIST) {
    for (const mf_node *e = node->as.first; e; e = e->next) {
      indent(out, level);
      mf_buf_putc(out, '-');
      write_value(out, e, level);
    }
    return;
  }
  for (const mf_member *m = node->as.members; m; m = m->next) write_member(out, m, level);
}

void mf_document_dump(mf_buf *out, const mf_node *root) {
  bool is_map = root->shape == MF_SHAPE_MAP;
  if (is_map)
    mf_buf_puts(out, mf_tag_word((mf_tag)root->tag));
  else
    write_scalar(out, root);
  mf_buf_putc(out, '\n');
  if (is_map) write_node(out, root, 1);
}

/* ---- tokens ---- */

static const char *opener_name(uint16_t kind) {
  if (kind == MF_TK_LIST) return "LIST";
  for (int tag = 0; tag < MF_TAG_COUNT; tag++)
    if (mf_tag_token((mf_tag)tag) == kind && kind != MF_TK_MAP) return mf_tag_word((mf_tag)tag);
  return kind == MF_TK_TYPED_MAP ? "MAP of unknown type" : "MAP";
}

static const char *scalar_name(uint16_t kind) {
  switch (kind) {
    case MF_TK_STRING: return "STRING";
    case MF_TK_INTERPOLATION: return "INTERPOLATION";
    case MF_TK_DURATION: return "DURATION";
    case MF_TK_INT: return "INT";
    case MF_TK_DOUBLE: return "DOUBLE";
    case MF_TK_BOOL: return "BOOL";
    case MF_TK_NIL: return "NIL";
    default: return "BAD";
  }
}

static void write_place(mf_doc *p, uint32_t offset) {
  uint32_t line, column;
  mf_lines_find(p->lines, offset, &line, &column);
  mf_buf_printf(p->context->dump_tokens, "%u:%u ", line, column);
}

static void write_key(mf_doc *p, const mf_member *m) {
  mf_buf *out = p->context->dump_tokens;
  write_place(p, m->key_span.offset);
  mf_buf_puts(out, m->key ? "KEY_" : "KEY ");
  mf_buf_puts(out, m->key ? mf_key_spelling(m->key) : "");
  if (!m->key) mf_json_quote(out, m->name);
}

void mf_doc_dump_token(mf_doc *p, const mf_queued *q) {
  mf_buf *out = p->context->dump_tokens;
  const mf_node *node = q->token.node;
  if (q->owner == q->token.member) {
    write_key(p, q->token.member);
  } else if (q->nesting < 0) {
    write_place(p, node->span.offset + node->span.length);
    mf_buf_puts(out, "END");
  } else {
    write_place(p, node->span.offset);
    mf_buf_puts(out, q->nesting > 0 ? opener_name(q->kind) : scalar_name(q->kind));
    if (q->nesting == 0) mf_buf_putc(out, ' ');
    if (q->nesting == 0) write_scalar(out, node);
  }
  mf_buf_putc(out, '\n');
}
