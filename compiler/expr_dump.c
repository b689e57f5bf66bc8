/* SPDX-License-Identifier: MIT */
/* expr_dump - the tree as an s-expression on one line, for --dump=expr. */
#include "../vm/value.h"
#include "expr_parse.h"

static const char *operator_of(uint8_t op) {
  switch (op) {
    case MF_OP_OR: return "||";
    case MF_OP_AND: return "&&";
    case MF_OP_EQ: return "==";
    case MF_OP_NE: return "!=";
    case MF_OP_LT: return "<";
    case MF_OP_LE: return "<=";
    case MF_OP_GT: return ">";
    case MF_OP_GE: return ">=";
    case MF_OP_IN: return "in";
    case MF_OP_ADD: return "+";
    case MF_OP_SUBTRACT:
    case MF_OP_NEGATE: return "-";
    case MF_OP_MULTIPLY: return "*";
    case MF_OP_DIVIDE: return "/";
    case MF_OP_REMAINDER: return "%";
    case MF_OP_NOT: return "!";
    default: return "?";
  }
}

static void write_bytes(mf_buf *out, mf_value v) {
  mf_buf_puts(out, "b\"");
  for (uint32_t i = 0; i < v.len; i++) {
    unsigned c = (unsigned char)v.as.s[i];
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
      mf_buf_putc(out, (char)c);
    else
      mf_buf_printf(out, "\\x%02x", c);
  }
  mf_buf_putc(out, '"');
}

/* As in the source, where the journal's JSON would show a uint or bytes in a
 * wrapper. */
static void write_literal(mf_buf *out, const mf_value *v) {
  mf_json_writer w;
  mf_json_write_init(&w, out, 0);
  if (v->kind == MF_BYTES) {
    write_bytes(out, *v);
  } else if (v->kind == MF_UINT) {
    mf_json_put_uint(&w, v->as.u);
    mf_buf_putc(out, 'u');
  } else {
    mf_value_write_json(&w, v);
  }
}

static const char *macro_of(const mf_expr *e) {
  bool two = e->first->next->next->kind == MF_EXPR_VAR;
  switch (e->op) {
    case MF_LOOP_KIND_LIST: return two ? "transformList" : "map";
    case MF_LOOP_KIND_ONE: return "exists_one";
    case MF_LOOP_KIND_MAP: return "transformMap";
    case MF_LOOP_KIND_ENTRIES: return "transformMapEntry";
    case MF_LOOP_KIND_SORT: return "sortBy";
    default: return mf_enum_word(MF_OPERAND_LOOP_KIND, e->op);
  }
}

static void write_children(mf_buf *out, const mf_expr *e) {
  for (; e; e = e->next) {
    mf_buf_putc(out, ' ');
    mf_expr_dump(out, e);
  }
}

/* "(head.name" and so on, without the children. */
static void write_head(mf_buf *out, const mf_expr *e) {
  mf_buf_putc(out, '(');
  switch ((mf_expr_kind)e->kind) {
    case MF_EXPR_SELECT: mf_buf_puts(out, e->flags & MF_EXPR_OPTIONAL ? ".?" : "."); break;
    case MF_EXPR_INDEX: mf_buf_puts(out, e->flags & MF_EXPR_OPTIONAL ? "[?]" : "[]"); break;
    case MF_EXPR_CALL: mf_buf_puts(out, e->flags & MF_EXPR_RECEIVER ? "method " : "call "); break;
    case MF_EXPR_CHOOSE: mf_buf_puts(out, "?:"); break;
    case MF_EXPR_LIST: mf_buf_puts(out, "list"); break;
    case MF_EXPR_MAP: mf_buf_puts(out, "map"); break;
    case MF_EXPR_MESSAGE: mf_buf_puts(out, "message "); break;
    case MF_EXPR_JOIN: mf_buf_puts(out, "join"); break;
    case MF_EXPR_ERROR: mf_buf_puts(out, "error"); break;
    case MF_EXPR_LOOP: mf_buf_puts(out, macro_of(e)); break;
    case MF_EXPR_BIND: mf_buf_puts(out, "bind"); break;
    case MF_EXPR_OPT_MAP: mf_buf_puts(out, e->op ? "optFlatMap" : "optMap"); break;
    case MF_EXPR_VAR: mf_buf_puts(out, "var "); break;
    case MF_EXPR_LOCAL: mf_buf_puts(out, "local "); break;
    case MF_EXPR_UNARY:
    case MF_EXPR_BINARY: mf_buf_puts(out, operator_of(e->op)); break;
    case MF_EXPR_LITERAL:
    case MF_EXPR_IDENT: break;
  }
  if (e->flags & MF_EXPR_LEADING_DOT) mf_buf_putc(out, '.');
  bool has_name = e->kind == MF_EXPR_CALL || e->kind == MF_EXPR_MESSAGE || e->kind == MF_EXPR_VAR ||
                  e->kind == MF_EXPR_LOCAL;
  if (has_name) mf_buf_add_str(out, e->name);
}

void mf_expr_dump(mf_buf *out, const mf_expr *e) {
  bool is_field = e->kind == MF_EXPR_IDENT && e->flags & MF_EXPR_OPTIONAL;
  if (is_field || e->flags & MF_EXPR_ELEMENT) mf_buf_putc(out, '?');
  if (e->kind == MF_EXPR_LITERAL) {
    write_literal(out, &e->value);
  } else if (e->kind == MF_EXPR_IDENT) {
    if (e->flags & MF_EXPR_LEADING_DOT) mf_buf_putc(out, '.');
    mf_buf_add_str(out, e->name);
    if (e->first) mf_buf_putc(out, ':'); /* a message's field */
    write_children(out, e->first);
  } else {
    write_head(out, e);
    write_children(out, e->first);
    if (e->kind == MF_EXPR_SELECT) {
      mf_buf_putc(out, ' ');
      mf_buf_add_str(out, e->name);
    }
    mf_buf_putc(out, ')');
  }
}
