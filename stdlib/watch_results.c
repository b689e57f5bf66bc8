/* SPDX-License-Identifier: MIT */
/* What watches came to, at the end of a load or of the run. */
#include "watches_parts.h"

/* ---- Why it does not hold ---- */

/* The comparison that a chunk consists of: slot <relation> constant.  False: it is
 * something else. */
static bool comparison_of(const mf_image *im, uint32_t chunk, uint32_t *relation,
                          const mf_value **with) {
  const mf_row_chunk *row = &MF_ROWS(im, CHUNK, chunk)[chunk];
  const uint32_t *code = im->code + row->start;
  const uint32_t op = mf_word_op(code[0]);
  if (row->length == 3 && op >= MF_OP_SLOT_EQ && op <= MF_OP_SLOT_GE) {
    *relation = op - MF_OP_SLOT_EQ;
    *with = &im->values[code[1]];
    return true;
  }
  if (row->length != 4 || op != MF_OP_LOAD || mf_word_op(code[1]) != MF_OP_CONST) return false;
  if (mf_word_op(code[2]) < MF_OP_EQ || mf_word_op(code[2]) > MF_OP_GE) return false;
  *relation = mf_word_op(code[2]) - MF_OP_EQ;
  *with = &im->values[mf_word_a(code[1])];
  return true;
}

static void put_value(mf_buf *out, const mf_value *v) {
  mf_json_writer w;
  mf_json_write_init(&w, out, 0);
  if (v->kind == MF_DOUBLE)
    mf_buf_printf(out, "%.6g", v->as.d);
  else if (v->kind == MF_STRING)
    mf_value_write_plain(&w, v);
  else
    mf_value_write_text(out, v);
}

static void put_seconds(mf_buf *out, int64_t ns) { mf_buf_printf(out, "%.6gs", (double)ns / 1e9); }

/* "612.3, not < 500"; of an abort_when "0.7 > 0.5". */
static void put_comparison(mf_buf *out, const mf_watches *w, const mf_rule *r) {
  static const char *const words[] = {"==", "!=", "<", "<=", ">", ">="};
  const bool fears = r->row->kind == MF_WATCH_KIND_ABORT_WHEN;
  uint32_t relation;
  const mf_value *with;
  if (r->value.kind == MF_UNSET) return;
  put_value(out, &r->value);
  if (!comparison_of(w->image, r->row->chunk, &relation, &with)) return;
  mf_buf_printf(out, fears ? " %s " : ", not %s ", words[relation]);
  put_value(out, with);
}

static void put_break(mf_buf *out, const mf_watches *w, const mf_rule *r) {
  if (r->silent_ns) {
    mf_buf_puts(out, "no response for ");
    put_seconds(out, r->silent_ns);
    return;
  }
  put_comparison(out, w, r);
  if (out->n == 0 || r->over_ns == 0) return;
  mf_buf_puts(out, ", over ");
  put_seconds(out, r->over_ns);
}

static void put_checks(mf_buf *out, const mf_rule *r) {
  if (r->seen == 0) mf_buf_puts(out, "no response");
  if (r->failed == 0) return;
  mf_buf_printf(out, "%llu of %llu response%s", (unsigned long long)r->failed,
                (unsigned long long)r->seen, r->seen == 1 ? "" : "s");
  if (r->error.n == 0) return;
  mf_buf_puts(out, "; first: ");
  mf_buf_add_str(out, r->error);
}

/* What it was too short or too little for. */
static void put_want(mf_buf *out, const mf_watches *w, const mf_rule *r, int64_t t_ns) {
  const int64_t least = r->grace_ns > r->over_ns ? r->grace_ns : r->over_ns;
  if (t_ns < least) {
    mf_buf_puts(out, "it ended before ");
    put_seconds(out, least);
  } else if (w->samples < r->min_samples) {
    mf_buf_printf(out, "%llu of %llu samples", (unsigned long long)w->samples,
                  (unsigned long long)r->min_samples);
  }
}

/* ---- Results ---- */

/* UNSET: no data. */
static mf_value ok_of(const mf_rule *r) {
  const bool fears = r->row->kind == MF_WATCH_KIND_ABORT_WHEN;
  const mf_value none = mf_null();
  if (r->row->kind == MF_WATCH_KIND_CHECK) return r->seen ? mf_bool(r->failed == 0) : none;
  if (r->broken) return mf_bool(false);
  switch (r->last) {
    case MF_JUDGED_HOLDS: return mf_bool(true);
    case MF_JUDGED_NOT: return fears ? mf_bool(true) : none;
    case MF_JUDGED_BROKEN:
    case MF_JUDGED_ERROR: return mf_bool(false);
  }
  return none;
}

static void put_why(mf_buf *out, const mf_watches *w, const mf_rule *r, mf_value ok, int64_t t_ns) {
  if (r->row->kind == MF_WATCH_KIND_CHECK)
    put_checks(out, r);
  else if (ok.kind == MF_NULL)
    put_want(out, w, r, t_ns);
  else if (r->broken || r->last == MF_JUDGED_BROKEN)
    put_break(out, w, r);
  else if (r->last == MF_JUDGED_ERROR)
    mf_buf_add_str(out, r->error);
}

static mf_value text_of(const mf_watches *w, const mf_rule *r, mf_value ok, int64_t t_ns,
                        mf_arena *arena) {
  mf_buf text;
  mf_buf_init(&text, &w->alloc, 0);
  put_why(&text, w, r, ok, t_ns);
  const char *copy = text.n ? mf_arena_copy(arena, text.p, text.n) : "";
  const mf_value v = mf_string((mf_str){copy, copy ? text.n : 0});
  if (text.failed) arena->oom = true;
  mf_buf_fini(&text);
  return v;
}

/* When it broke, or now. */
static mf_value value_of(const mf_watches *w, const mf_rule *r) {
  const bool now = r->last != MF_JUDGED_NOT && r->shown != MF_ABSENT;
  return r->broken || !now || r->value.kind != MF_UNSET ? r->value : mf_watch_value(w, r, r->shown);
}

static mf_value result_of(const mf_watches *w, const mf_rule *r, int64_t t_ns, mf_arena *arena) {
  mf_map_builder b;
  const mf_value ok = ok_of(r), value = value_of(w, r);
  const mf_value text = text_of(w, r, ok, t_ns, arena);
  mf_map_build(&b, arena);
  mf_map_add(&b, "watch", mf_int(r->number));
  mf_map_add(&b, "ok", ok);
  if (value.kind != MF_UNSET) mf_map_add(&b, "value", value);
  if (text.len) mf_map_add(&b, "text", text);
  return mf_map_done(&b);
}

mf_value mf_watches_results(mf_watches *w, int64_t now_ns, mf_arena *arena) {
  const mf_value none = {.kind = MF_UNSET};
  const int64_t t_ns = now_ns > w->begin_ns ? now_ns - w->begin_ns : 0;
  const uint32_t n = w->rule_count - w->expects;
  mf_watch_slots_set(w, t_ns, true);
  if (mf_watch_rules_end(w, t_ns) != MF_OK) return none;
  mf_value *items = MF_NEW_ARRAY(arena, mf_value, n);
  for (uint32_t i = 0; i < n && items; i++)
    items[i] = result_of(w, &w->rules[w->expects + i], t_ns, arena);
  const mf_value list = items ? mf_list_of(arena, items, n) : none;
  return mf_arena_oom(arena) ? none : list;
}

bool mf_watches_check(const mf_watches *w, uint32_t i, mf_check_count *out) {
  if (w == NULL || i >= w->checks - w->expects) return false;
  const mf_rule *r = &w->rules[w->expects + i];
  *out = (mf_check_count){mf_image_string(w->image, r->row->name), r->seen, r->failed};
  return true;
}

mf_value mf_watches_without_data(const mf_load_script *script, mf_arena *arena) {
  const mf_image *im = script->image;
  const mf_row_watch *rows = im ? MF_ROWS(im, WATCH, watch) : NULL;
  const uint32_t rows_count = im ? MF_ROW_COUNT(im, WATCH) : 0;
  mf_value *items = MF_NEW_ARRAY(arena, mf_value, rows_count + 1);
  uint32_t count = 0;
  for (uint32_t i = 0; items && i < rows_count; i++) {
    const bool judged = rows[i].kind == MF_WATCH_KIND_CHECK ||
                        rows[i].kind == MF_WATCH_KIND_THRESHOLD;
    if (rows[i].scenario != script->scenario || !judged) continue;
    mf_map_builder b;
    mf_map_build(&b, arena);
    mf_map_add(&b, "watch", mf_int(i));
    mf_map_add(&b, "ok", mf_null());
    items[count++] = mf_map_done(&b);
  }
  return items ? mf_list_of(arena, items, count) : (mf_value){.kind = MF_UNSET};
}
