/* SPDX-License-Identifier: MIT */
/* reading - what the samples of a metric come to, as a name in expressions.
 *
 * A reading is kept up to date while a load runs, in a slot of its own.  In a tree it is
 * a name that nobody can write: "@" and the number of the slot. */
#include "reading.h"

#include "../vm/value.h"

/* ---- what can be asked ---- */

static const struct aggregate {
  uint32_t code, kinds;
} aggregates[] = {
#define MF_AGGREGATE(NAME, kinds, doc) {MF_AGGREGATE_##NAME, kinds},
#include "../stdlib/aggregates.def"
};
enum { AGGREGATES = sizeof aggregates / sizeof *aggregates };

static uint32_t kinds_of(uint32_t aggregate) {
  for (size_t i = 0; i < AGGREGATES; i++)
    if (aggregates[i].code == aggregate) return aggregates[i].kinds;
  return 0;
}

static const char *words_for(mf_compiler *c, uint32_t metric_kind) {
  const char *list = "";
  for (size_t i = 0; i < AGGREGATES; i++) {
    const char *word = mf_enum_word(MF_OPERAND_AGGREGATE, aggregates[i].code);
    if (aggregates[i].kinds >> metric_kind & 1)
      list = mf_arena_printf(c->arena, "%s%s%s%s", list ? list : "", list && *list ? ", " : "",
                             word, aggregates[i].code == MF_AGGREGATE_P ? "(N)" : "");
  }
  return list ? list : "";
}

uint32_t mf_reading_aggregate(mf_compiler *c, mf_str word, mf_span span, uint32_t metric,
                              mf_str name) {
  const uint32_t code = mf_enum_code(MF_OPERAND_AGGREGATE, word);
  const uint32_t kind = mf_builder_row_get(c->b, MF_TABLE_METRIC, metric)[1];
  if (code != MF_ABSENT && kinds_of(code) >> kind & 1) return code;
  mf_diag_add(c->diags, MF_E_AGGREGATE, span, (int)word.n, word.p, (int)name.n, name.p,
              mf_enum_word(MF_OPERAND_METRIC_KIND, kind), words_for(c, kind));
  return MF_ABSENT;
}

/* ---- rows and slots ---- */

static uint32_t number_constant(mf_compiler *c, double d) {
  const mf_value v = {.kind = MF_DOUBLE, .as.d = d};
  return mf_builder_constant(c->b, &v);
}

/* Equal readings are one. */
uint32_t mf_reading_slot(mf_compiler *c, const mf_reading *r, mf_str name) {
  const mf_row_reading row = {
      .metric = r->metric,
      .aggregate = r->aggregate,
      .percentile = r->aggregate == MF_AGGREGATE_P ? number_constant(c, r->percentile) : MF_ABSENT,
      .window = r->window > 0 ? number_constant(c, r->window) : MF_ABSENT,
      .scenario = r->scenario,
      .selector = r->selector};
  mf_str key = {(const char *)&row, sizeof row};
  uint32_t slot = mf_names_get(&c->readings, key);
  if (slot != MF_NAMES_NONE) return slot;
  const uint32_t number = mf_builder_row(c->b, MF_TABLE_READING, &row.metric);
  slot = mf_names_slot(c, name, MF_SLOT_KIND_READING, number);
  key.p = mf_arena_copy(c->arena, key.p, key.n);
  if (key.p) mf_names_set(&c->readings, key, slot);
  return slot;
}

mf_expr *mf_reading_expr(mf_compiler *c, mf_span span, uint32_t slot) {
  const char *name = mf_arena_printf(c->scratch, "@%u", slot);
  mf_expr *e = name ? mf_name_expr(c, mf_str_of(name), span) : NULL;
  return e;
}

uint32_t mf_reading_of_name(mf_str name) {
  uint64_t slot;
  bool is_one = name.n > 1 && name.p[0] == '@';
  return is_one && mf_parse_uint((mf_str){name.p + 1, name.n - 1}, &slot) ? (uint32_t)slot
                                                                          : MF_NAMES_NONE;
}

/* What a bare metric is of the last `over` seconds: what it is of a whole load. */
uint32_t mf_reading_over(mf_compiler *c, uint32_t metric, mf_str name) {
  static const uint32_t plain[] = {[MF_METRIC_KIND_TREND] = MF_AGGREGATE_AVG,
                                   [MF_METRIC_KIND_COUNTER] = MF_AGGREGATE_COUNT,
                                   [MF_METRIC_KIND_RATE] = MF_AGGREGATE_RATE,
                                   [MF_METRIC_KIND_GAUGE] = MF_AGGREGATE_VALUE};
  const uint32_t kind = mf_builder_row_get(c->b, MF_TABLE_METRIC, metric)[1];
  const mf_reading r = {.metric = metric,
                        .aggregate = plain[kind],
                        .window = c->watch->over,
                        .scenario = c->watch->scenario,
                        .selector = MF_ABSENT};
  return mf_reading_slot(c, &r, name);
}

/* ---- window(metric, "10s").p(99) ---- */

static bool is_window(const mf_expr *e) {
  return e->kind == MF_EXPR_CALL && mf_str_is(e->name, "window") && !(e->flags & MF_EXPR_RECEIVER);
}

/* `why` NULL: it was reported. */
static mf_expr *wrong(mf_compiler *c, mf_expr *e, mf_span span, const char *why) {
  if (why) mf_diag_add(c->diags, MF_E_WINDOW, span, why);
  e->kind = MF_EXPR_ERROR;
  e->first = NULL;
  return e;
}

static bool seconds_of(const mf_expr *e, double *seconds) {
  int64_t ns;
  if (e->kind != MF_EXPR_LITERAL) return false;
  switch (e->value.kind) {
    case MF_INT: *seconds = (double)e->value.as.i; break;
    case MF_DOUBLE: *seconds = e->value.as.d; break;
    case MF_STRING:
      if (!mf_parse_duration(mf_value_str(e->value), &ns)) return false;
      *seconds = (double)ns / 1e9;
      break;
    default: return false;
  }
  return *seconds >= MF_WINDOW_LEAST && *seconds <= MF_WINDOW_MOST;
}

/* N of p(N). */
static bool percentile_of(const mf_expr *e, double *n) {
  if (!e || e->next || e->kind != MF_EXPR_LITERAL) return false;
  if (e->value.kind != MF_INT && e->value.kind != MF_DOUBLE) return false;
  *n = e->value.kind == MF_INT ? (double)e->value.as.i : e->value.as.d;
  return *n >= 0 && *n <= 100;
}

static mf_str metric_name(const mf_expr *e) {
  bool select = e->kind == MF_EXPR_SELECT && e->first->kind == MF_EXPR_IDENT &&
                mf_str_is(e->first->name, "metrics");
  return e->kind == MF_EXPR_IDENT || select ? e->name : MF_STR("");
}

/* e is call.aggregate(...): becomes the name of its reading. */
static mf_expr *read_window(mf_compiler *c, mf_expr *e) {
  const mf_expr *call = e->first, *metric = call->first, *length = metric ? metric->next : NULL;
  mf_reading r = {.scenario = c->watch ? c->watch->scenario : MF_ABSENT, .selector = MF_ABSENT};
  if (!c->watch)
    return wrong(c, e, call->name_span,
                 "it is kept while a load runs: for checks, thresholds and abort_when");
  mf_str name = metric ? metric_name(metric) : MF_STR("");
  if (!length || length->next || name.n == 0)
    return wrong(c, e, call->span, "write window(metric, \"10s\")");
  if (!mf_names_metric_known(c, name)) {
    mf_names_unknown_metric(c, name, metric->span);
    return wrong(c, e, metric->span, NULL);
  }
  if (!seconds_of(length, &r.window))
    return wrong(c, e, length->span, "its length is a constant from 100ms to 1h");
  r.metric = mf_names_metric(c, name, MF_METRIC_KIND_GAUGE);
  r.aggregate = mf_reading_aggregate(c, e->name, e->name_span, r.metric, name);
  if (r.aggregate == MF_ABSENT) return wrong(c, e, e->span, NULL);
  if (r.aggregate == MF_AGGREGATE_P ? !percentile_of(call->next, &r.percentile)
                                    : call->next != NULL)
    return wrong(c, e, e->span,
                 r.aggregate == MF_AGGREGATE_P ? "p takes a constant from 0 to 100"
                                               : "only p takes an argument");
  const char *shown = mf_arena_printf(c->arena, "%.*s %.*s", (int)name.n, name.p, (int)e->name.n,
                                      e->name.p);
  mf_expr *reading = mf_reading_expr(
      c, e->span, mf_reading_slot(c, &r, shown ? mf_str_of(shown) : MF_STR("window")));
  if (!reading) return NULL;
  mf_expr *next = e->next;
  *e = *reading;
  e->next = next;
  return e;
}

void mf_windows_expand(mf_compiler *c, mf_expr *e) {
  if (!e) return;
  if (e->kind == MF_EXPR_CALL && e->flags & MF_EXPR_RECEIVER && e->first && is_window(e->first)) {
    (void)read_window(c, e);
    return;
  }
  if (is_window(e)) {
    (void)wrong(c, e, e->span,
                "ask it for something: .avg() .min() .max() .p(99) .count() .rate()");
    return;
  }
  for (mf_expr *child = e->first; child; child = child->next) mf_windows_expand(c, child);
}
