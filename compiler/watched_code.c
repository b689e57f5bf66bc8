/* SPDX-License-Identifier: MIT */
#include "watched_code.h"

#include "../vm/value.h"

enum { NAME_SHOWN = 200 }; /* bytes of an expression that is a watch's name */

/* ---- chunks ---- */

/* Places are of the main chunk's code only. */
uint32_t mf_watch_chunk(mf_compiler *c, const mf_watch_scope *scope, mf_expr *e, bool truth) {
  const mf_lines *lines = c->expr.lines;
  const mf_phase phase = c->phase;
  if (!e) return MF_ABSENT;
  c->watch = scope;
  c->expr.lines = NULL;
  c->phase = scope->scenario == MF_ABSENT ? MF_PHASE_RUN : MF_PHASE_AFTER_LOAD;
  mf_builder_aside_begin(c->b, MF_STR("watch"));
  if (truth)
    (void)mf_emit_truth(c, e);
  else
    mf_emit_expr(c, e);
  MF_EMIT(c, RETURN, 0, 0);
  const uint32_t chunk = mf_builder_aside_end(c->b, c->diags->errors == 0);
  c->watch = NULL;
  c->expr.lines = lines;
  c->phase = phase;
  return chunk;
}

/* ---- rows ---- */

/* {over, grace, interval, min_samples}, as far as they are given. */
static uint32_t options_of(mf_compiler *c, const mf_watch_row *row) {
  mf_map_builder b;
  mf_map_build(&b, c->scratch);
  if (row->over >= 0) mf_map_add(&b, "over", mf_double(row->over));
  if (row->grace >= 0) mf_map_add(&b, "grace", mf_double(row->grace));
  if (row->interval >= 0) mf_map_add(&b, "interval", mf_double(row->interval));
  if (row->min_samples > 0) mf_map_add(&b, "min_samples", mf_int(row->min_samples));
  if (b.count == 0) return MF_ABSENT;
  const mf_value map = mf_map_done(&b);
  return map.kind == MF_UNSET ? MF_ABSENT : mf_builder_constant(c->b, &map);
}

void mf_watch_add(mf_compiler *c, const mf_watch_row *row, uint32_t chunk) {
  if (chunk == MF_ABSENT) return; /* reported */
  const mf_row_watch fields = {.kind = row->kind,
                               .chunk = chunk,
                               .scenario = row->scenario,
                               .request = row->request,
                               .name = mf_compile_string(c, row->name),
                               .path = mf_compile_string(c, row->path),
                               .flags = row->flags,
                               .options = options_of(c, row),
                               .slot = row->slot,
                               .probe = row->probe};
  mf_builder_row(c->b, MF_TABLE_WATCH, &fields.kind);
}

/* ---- checks ---- */

static void add_check(mf_compiler *c, const mf_node *condition, mf_str name, mf_watch_row row) {
  const mf_watch_scope scope = {.responds = true, .data = true, .scenario = row.scenario};
  if (!condition || condition->shape == MF_SHAPE_BAD) return;
  row.kind = MF_WATCH_KIND_CHECK;
  row.name = name.n ? name : mf_compile_written(c, condition, NAME_SHOWN);
  mf_watch_add(c, &row, mf_watch_chunk(c, &scope, mf_condition_expr(c, condition), true));
}

static void add_check_of_list(mf_compiler *c, const mf_node *item, const mf_watch_row *row) {
  const mf_node *condition = item->shape == MF_SHAPE_MAP && item->tag == MF_TAG_CHECK
                                 ? mf_node_get(item, MF_KEY_CONDITION)
                                 : item;
  add_check(c, condition, item == condition ? MF_STR("") : mf_compile_word(c, item, MF_KEY_NAME),
            *row);
}

void mf_checks_add(mf_compiler *c, const mf_node *checks, mf_str path, const mf_watch_row *of) {
  mf_watch_row row = *of;
  uint32_t i = 0;
  if (!checks) return;
  if (checks->shape == MF_SHAPE_LIST)
    for (const mf_node *item = checks->as.first; item; item = item->next, i++) {
      row.path = mf_path_index(c, path, i);
      add_check_of_list(c, item, &row);
    }
  if (checks->shape == MF_SHAPE_MAP)
    for (const mf_member *m = checks->as.members; m; m = m->next, i++) {
      row.path = mf_path_index(c, path, i);
      add_check(c, m->value, m->name, row);
    }
}

/* ---- expect, captures ---- */

void mf_expect_add(mf_compiler *c, const mf_node *expect, mf_str path, const mf_watch_row *of) {
  const mf_watch_scope scope = {.responds = true, .data = true, .scenario = of->scenario};
  mf_watch_row row = *of;
  if (!expect || expect->shape == MF_SHAPE_BAD) return;
  row.kind = MF_WATCH_KIND_EXPECT;
  row.path = path;
  row.name = mf_compile_written(c, expect, NAME_SHOWN);
  mf_watch_add(c, &row,
               mf_watch_chunk(c, &scope, mf_expect_expr(c, expect, "response.status"), true));
}

static mf_expr *parse(mf_compiler *c, const mf_node *at, mf_str text) {
  const mf_expr_source source = {.text = text, .whole = at->span};
  return mf_expr_parse(c->scratch, c->diags, &source);
}

/* A text inside an expression: quoted as CEL wants it. */
static mf_str quoted(mf_compiler *c, mf_str text) {
  mf_buf out;
  mf_json_writer w;
  mf_buf_init(&out, &c->arena->alloc, 0);
  mf_json_write_init(&w, &out, 0);
  mf_json_put_str(&w, text);
  mf_str s = mf_compile_path(c, "%.*s", (int)out.n, out.p ? out.p : "");
  mf_buf_fini(&out);
  return s;
}

/* {json: PATH}, {header: NAME}, {regex: PATTERN}: short for expressions. */
static mf_expr *capture_of_mapping(mf_compiler *c, const mf_node *map) {
  const mf_member *m = map->as.members;
  if (!m || m->next || m->value->shape != MF_SHAPE_TEXT) return NULL;
  mf_str text = mf_node_text(m->value);
  if (mf_str_is(m->name, "json")) {
    if (mf_str_starts(text, MF_STR("$"))) text.p++, text.n--;
    bool joined = text.n && (text.p[0] == '.' || text.p[0] == '[');
    return parse(c, m->value,
                 mf_compile_path(c, "response.json%s%.*s", joined || !text.n ? "" : ".",
                                 (int)text.n, text.p));
  }
  mf_str word = quoted(c, text);
  if (mf_str_is(m->name, "header"))
    return parse(c, m->value,
                 mf_compile_path(c, "response.headers[%.*s.lowerAscii()]", (int)word.n, word.p));
  if (mf_str_is(m->name, "regex"))
    return parse(
        c, m->value,
        mf_compile_path(c, "regex.extract(response.body, %.*s).value()", (int)word.n, word.p));
  return NULL;
}

static void add_capture(mf_compiler *c, const mf_member *m, mf_watch_row row) {
  const mf_watch_scope scope = {.responds = true, .data = true, .scenario = row.scenario};
  const uint32_t slot = mf_names_get(&c->captures, m->name);
  mf_expr *e = NULL;
  if (slot == MF_NAMES_NONE || m->value->shape == MF_SHAPE_BAD) return; /* reported */
  if (m->value->shape == MF_SHAPE_TEXT) e = mf_condition_expr(c, m->value);
  if (m->value->shape == MF_SHAPE_MAP) e = capture_of_mapping(c, m->value);
  if (!e) {
    mf_diag_add(c->diags, MF_E_CAPTURE_FORM, m->value->span);
    return;
  }
  if (mf_names_is_variable(c, m->name) ||
      (c->step_scope && mf_names_get(c->step_scope, m->name) != MF_NAMES_NONE))
    mf_diag_add(c->diags, MF_W_CAPTURE_IS_VARIABLE, m->key_span, (int)m->name.n, m->name.p);
  row.kind = MF_WATCH_KIND_CAPTURE;
  row.name = m->name;
  row.slot = slot;
  mf_watch_add(c, &row, mf_watch_chunk(c, &scope, e, false));
}

void mf_captures_add(mf_compiler *c, const mf_node *captures, mf_str path, const mf_watch_row *of) {
  mf_watch_row row = *of;
  if (!captures || captures->shape != MF_SHAPE_MAP) return;
  for (const mf_member *m = captures->as.members; m; m = m->next) {
    row.path = mf_compile_path(c, "%.*s.%.*s", (int)path.n, path.p, (int)m->name.n, m->name.p);
    add_capture(c, m, row);
  }
}
