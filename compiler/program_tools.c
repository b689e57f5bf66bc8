/* SPDX-License-Identifier: MIT */
/* program_tools - what mfc eval and mfc repl show of an expression. */
#include "../include/mfvm_tools.h"

#include "../base/json.h"
#include "../base/limits.h"
#include "../image/listing.h"
#include "../vm/program.h"
#include "../vm/value.h"
#include "expr_types.h"
#include "program.h"

static void send(mf_buf *buf, mf_output out) {
  if (buf->n) out.write(out.ctx, buf->p, buf->n);
  mf_buf_fini(buf);
}

/* ---- lines ---- */

/* A part of a text on one line: runs of blanks are one, long parts are cut. */
static void write_part(mf_buf *out, mf_str text, uint32_t offset, uint32_t length) {
  enum { SHOWN = 60 };
  size_t end = (size_t)offset + length < text.n ? (size_t)offset + length : text.n;
  size_t from = out->n;
  for (size_t i = offset; i < end; i++) {
    bool blank = text.p[i] == ' ' || text.p[i] == '\n' || text.p[i] == '\t' || text.p[i] == '\r';
    if (out->n - from >= SHOWN && ((unsigned char)text.p[i] & 0xc0) != 0x80) {
      mf_buf_puts(out, "...");
      return;
    }
    if (blank && out->n > from && out->p[out->n - 1] == ' ') continue;
    mf_buf_putc(out, blank ? ' ' : text.p[i]);
  }
}

static void write_indent(mf_buf *out, uint32_t depth) {
  for (uint32_t i = 0; i < depth; i++) mf_buf_puts(out, "  ");
}

/* ---- trees and types ---- */

typedef void (*view)(mf_buf *out, mf_str text, const mf_expr *e);

static void view_tree(mf_buf *out, mf_str text, const mf_expr *e) {
  (void)text;
  mf_expr_dump(out, e);
  mf_buf_putc(out, '\n');
}

static void write_types(mf_buf *out, mf_str text, const mf_expr *e, uint32_t depth) {
  if (e->type) {
    write_indent(out, depth++);
    write_part(out, text, e->span.offset, e->span.length);
    mf_buf_puts(out, ": ");
    mf_type_write(out, e->type);
    mf_buf_putc(out, '\n');
  }
  for (const mf_expr *child = e->first; child; child = child->next)
    write_types(out, text, child, depth);
}

static void view_types(mf_buf *out, mf_str text, const mf_expr *e) { write_types(out, text, e, 0); }

static mf_status show(const mf_program_options *options, mf_str expr, view how, mf_output to) {
  mf_buf buf;
  mf_status status = mf_program_look(options, expr, how == view_types, &buf, how);
  send(&buf, to);
  return status;
}

mf_status mf_expression_tree(const mf_program_options *options, mf_str expr, mf_output out) {
  return show(options, expr, view_tree, out);
}

mf_status mf_expression_types(const mf_program_options *options, mf_str expr, mf_output out) {
  return show(options, expr, view_types, out);
}

/* ---- programs, explanations, diagnostics ---- */

void mf_program_disassemble(const mf_program *program, mf_output out) {
  mf_buf buf;
  mf_buf_init(&buf, &program->alloc, 0);
  mf_disassemble(program->image, MF_STR(""), &buf);
  send(&buf, out);
}

/* What is longer than MF_LIMIT_REASON_BYTES is cut at a code point.  Values may share
 * parts: what is written before the cut is bounded, too. */
static void write_value(mf_buf *out, const mf_value *v) {
  mf_buf text;
  mf_json_writer w;
  const size_t most = (size_t)MF_LIMIT_REASON_BYTES;
  mf_buf_init(&text, &out->alloc, (size_t)MF_LIMIT_STRING_BYTES);
  mf_json_write_init(&w, &text, 0);
  mf_value_write_json(&w, v);
  bool cut = text.failed || text.n > most;
  if (text.n) mf_buf_add(out, text.p, mf_utf8_valid(text.p, text.n < most ? text.n : most));
  if (cut) mf_buf_puts(out, "...");
  mf_buf_fini(&text);
}

static void write_reason(mf_buf *out, mf_str expr, const mf_reason *r) {
  write_indent(out, r->depth);
  if (r->more) {
    mf_buf_printf(out, "... %u more turn%s\n", r->more, r->more == 1 ? "" : "s");
    return;
  }
  if (r->turn) mf_buf_printf(out, "turn %u: ", r->turn);
  write_part(out, expr, r->offset, r->length);
  mf_buf_puts(out, " = ");
  if (r->value.kind == MF_ERROR) {
    mf_buf_puts(out, "error: ");
    mf_buf_add_str(out, mf_value_str(r->value));
  } else if (r->value.kind == MF_UNSET) {
    mf_buf_puts(out, "a value too large to keep");
  } else {
    write_value(out, &r->value);
  }
  mf_buf_putc(out, '\n');
}

void mf_explanation_print(const mf_explanation *explanation, mf_str expr, mf_output out) {
  mf_buf buf;
  mf_buf_init(&buf, NULL, 0);
  for (size_t i = 0; i < mf_explanation_count(explanation); i++) {
    mf_reason r = mf_explanation_get(explanation, i);
    write_reason(&buf, expr, &r);
  }
  send(&buf, out);
}

void mf_diagnostic_print(const mf_diagnostic *d, const char *name, mf_str expr, mf_output out) {
  mf_arena arena;
  mf_lines lines;
  mf_buf buf;
  mf_diag diag = {.severity = d->severity,
                  .span = {d->offset, d->length},
                  .message = d->message,
                  .suggestion = d->suggestion};
  diag.code = mf_code_of_text(d->code);
  mf_arena_init(&arena, NULL, 0);
  mf_buf_init(&buf, NULL, 0);
  if (mf_lines_init(&lines, &arena, expr)) mf_diag_write_text(&buf, name, &lines, &diag);
  send(&buf, out);
  mf_arena_fini(&arena);
}
