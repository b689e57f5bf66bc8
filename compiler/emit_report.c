/* SPDX-License-Identifier: MIT */
/* emit_report - `report_path`: what is certain of formats and templates is checked
 * here, not after a run of an hour. */
#include "compiler.h"

#include "../image/report_formats.h"
#include "../vm/value.h"

typedef struct report {
  const mf_node *node; /* where mistakes are; NULL: there are none */
  mf_expr *path;
  mf_str format, template;
} report;

/* ---- checks ---- */

static const char words[] = "write one of:"
#define MF_REPORT_FORMAT(NAME, word, endings, doc) " " word
#include "../image/report_formats.def"
#undef MF_REPORT_FORMAT
    ;

static const char endings[] = "give 'format', or end it in one of:"
#define MF_REPORT_FORMAT(NAME, word, endings, doc) " " endings
#include "../image/report_formats.def"
#undef MF_REPORT_FORMAT
    ;

static mf_str format_of(mf_compiler *c, const mf_node *map) {
  const mf_node *node = mf_node_get(map, MF_KEY_FORMAT);
  mf_str word = mf_compile_word(c, map, MF_KEY_FORMAT);
  if (word.n == 0 || mf_report_format_named(word) < MF_REPORT_FORMAT_COUNT) return word;
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, node->span, words, (int)word.n, word.p,
                   "report format");
  return MF_STR("");
}

/* The constant text at the end of a path; n 0: it ends with an interpolation. */
static mf_str tail_of(const mf_expr *path) {
  const mf_expr *last = path;
  if (path && path->kind == MF_EXPR_JOIN)
    for (last = path->first; last && last->next;) last = last->next;
  bool constant = last && last->kind == MF_EXPR_LITERAL && last->value.kind == MF_STRING;
  return constant ? mf_value_str(last->value) : MF_STR("");
}

/* False: the ending may come out of an interpolation. */
static bool has_ending(const mf_expr *path, mf_str tail) {
  if (tail.n == 0) return false;
  return path->kind != MF_EXPR_JOIN || mf_report_ending(tail).n || memchr(tail.p, '/', tail.n);
}

static void check_ending(mf_compiler *c, const report *r) {
  mf_str tail = tail_of(r->path);
  if (r->format.n || !has_ending(r->path, tail)) return;
  if (mf_report_format_of(tail) < MF_REPORT_FORMAT_COUNT) return;
  mf_diag_add_hint(c->diags, MF_E_REPORT_ENDING, r->node->span, endings, (int)tail.n, tail.p);
}

/* ---- code ---- */

static void emit_report(mf_compiler *c, const report *r) {
  uint32_t fields[] = {mf_compile_string(c, r->format), mf_compile_string(c, r->template)};
  uint32_t row = mf_builder_row(c->b, MF_TABLE_REPORT, fields);
  uint32_t next = mf_emit_guard(c);
  mf_emit_expr(c, r->path);
  MF_EMIT(c, REPORT, row, 0);
  mf_builder_place(c->b, next);
}

static void emit_node(mf_compiler *c, const mf_node *node) {
  const mf_node *path = node->shape == MF_SHAPE_TEXT ? node : mf_node_get(node, MF_KEY_PATH);
  report r = {.node = path};
  if (path == NULL) return;
  r.path = mf_text_expr(c, path);
  if (path != node) {
    uint32_t errors = c->diags->errors;
    r.format = format_of(c, node);
    r.template = mf_compile_word(c, node, MF_KEY_TEMPLATE);
    if (c->diags->errors != errors) return;
  }
  check_ending(c, &r);
  emit_report(c, &r);
}

/* report-{{timestamp}}.html */
static void emit_default(mf_compiler *c) {
  mf_node node = {.shape = MF_SHAPE_TEXT, .flags = MF_NODE_INTERPOLATED};
  mf_str text = MF_STR("report-{{timestamp}}.html");
  node.as.text.p = text.p;
  node.as.text.n = (uint32_t)text.n;
  report r = {.path = mf_text_expr(c, &node), .format = MF_STR("html")};
  emit_report(c, &r);
}

static void emit_wanted(mf_compiler *c, const mf_node *path) {
  if (!path) {
    emit_default(c);
  } else if (path->shape == MF_SHAPE_LIST) {
    for (const mf_node *item = path->as.first; item; item = item->next) emit_node(c, item);
  } else {
    emit_node(c, path);
  }
}

void mf_emit_reports(mf_compiler *c) {
  const mf_node *path = mf_node_get(c->document, MF_KEY_REPORT_PATH);
  const mf_node *enabled = mf_node_get(c->document, MF_KEY_ENABLE_REPORTING);
  if (mf_is_computed(enabled)) {
    uint32_t off = mf_emit_guard(c);
    mf_emit_wanted(c, mf_data_expr(c, enabled), "enable_reporting", MF_WANTED_BOOL);
    MF_EMIT(c, JUMP_FALSE, off, 0);
    emit_wanted(c, path);
    mf_builder_place(c->b, off);
  } else if (enabled ? enabled->shape == MF_SHAPE_BOOL && enabled->as.b : path != NULL) {
    emit_wanted(c, path);
  }
}
