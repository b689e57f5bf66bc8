/* SPDX-License-Identifier: MIT */
/* threshold - k6's grammar of thresholds: an aggregate of a metric, a comparison and a
 * number, as in `p(95) < 500`.  Instead of the number any expression may stand. */
#include "watched_code.h"

#include "../vm/value.h"
#include "reading.h"

/* ---- metric{tag:value} ---- */

typedef struct bound_metric {
  mf_str written; /* with its tags */
  mf_str name;
  uint32_t row, selector;
} bound_metric;

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static mf_str trimmed(mf_str s) {
  while (s.n && is_blank(s.p[0])) s.p++, s.n--;
  while (s.n && is_blank(s.p[s.n - 1])) s.n--;
  return s;
}

/* k6 allows quotes around a value. */
static mf_str unquoted(mf_str s) {
  bool quotes = s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0];
  return quotes ? (mf_str){s.p + 1, s.n - 2} : s;
}

/* tag:value, tag:value.  False: it is not written so. */
static bool read_tags(mf_str text, mf_map_builder *b) {
  for (size_t at = 0; at <= text.n;) {
    size_t comma = mf_str_find(text, MF_STR(","), at);
    size_t end = comma == SIZE_MAX ? text.n : comma;
    mf_str one = {text.p + at, end - at};
    size_t colon = mf_str_find(one, MF_STR(":"), 0);
    if (colon == SIZE_MAX) return false;
    mf_str tag = trimmed((mf_str){one.p, colon});
    mf_str value = unquoted(trimmed((mf_str){one.p + colon + 1, one.n - colon - 1}));
    if (tag.n == 0 || value.n == 0) return false;
    mf_map_add_value(b, mf_string(tag), mf_string(value));
    at = end + 1;
  }
  return true;
}

static bool read_metric(mf_compiler *c, const mf_member *m, bound_metric *out) {
  mf_str text = m->name;
  size_t brace = mf_str_find(text, MF_STR("{"), 0);
  *out = (bound_metric){.written = text, .name = text, .selector = MF_ABSENT};
  if (brace != SIZE_MAX) {
    mf_map_builder b;
    mf_map_build(&b, c->scratch);
    out->name = trimmed((mf_str){text.p, brace});
    mf_str tags = {text.p + brace + 1, text.n - brace - 2};
    if (text.p[text.n - 1] != '}' || !read_tags(tags, &b)) {
      mf_diag_add(c->diags, MF_E_METRIC_SELECTOR, m->key_span, (int)text.n, text.p);
      return false;
    }
    const mf_value map = mf_map_done(&b);
    if (map.kind == MF_UNSET) return false; /* out of memory */
    out->selector = mf_builder_constant(c->b, &map);
  }
  if (!mf_names_metric_known(c, out->name)) {
    mf_names_unknown_metric(c, out->name, m->key_span);
    return false;
  }
  out->row = mf_names_metric(c, out->name, MF_METRIC_KIND_GAUGE);
  return true;
}

/* ---- aggregate, comparison, limit ---- */

typedef struct bound {
  mf_str aggregate;
  double percentile;
  mf_opcode op;
  mf_str limit;
} bound;

static mf_opcode read_operator(mf_str *rest) {
  static const struct {
    const char *word;
    mf_opcode op;
  } words[] = {{"===", MF_OP_EQ}, {"==", MF_OP_EQ}, {"!=", MF_OP_NE}, {"<=", MF_OP_LE},
               {">=", MF_OP_GE},  {"<", MF_OP_LT},  {">", MF_OP_GT}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    mf_str word = mf_str_of(words[i].word);
    if (!mf_str_starts(*rest, word)) continue;
    rest->p += word.n, rest->n -= word.n;
    return words[i].op;
  }
  return (mf_opcode)0;
}

static bool read_percentile(mf_str *rest, double *out) {
  size_t end = mf_str_find(*rest, MF_STR(")"), 0);
  bool overflow;
  if (end == SIZE_MAX) return false;
  mf_str number = trimmed((mf_str){rest->p + 1, end - 1});
  rest->p += end + 1, rest->n -= end + 1;
  return mf_parse_double(number, false, out, &overflow) && *out >= 0 && *out <= 100;
}

static bool read_bound(mf_str text, bound *b) {
  mf_str rest = trimmed(text);
  size_t n = 0;
  while (n < rest.n && rest.p[n] >= 'a' && rest.p[n] <= 'z') n++;
  b->aggregate = (mf_str){rest.p, n};
  rest.p += n, rest.n -= n;
  if (n == 0) return false;
  if (mf_str_is(b->aggregate, "p") != (rest.n && rest.p[0] == '(')) return false;
  if (rest.n && rest.p[0] == '(' && !read_percentile(&rest, &b->percentile)) return false;
  rest = trimmed(rest);
  b->op = read_operator(&rest);
  b->limit = trimmed(rest);
  return b->op != 0 && b->limit.n > 0;
}

/* ---- one threshold ---- */

/* Where the limit stands in the source, when the text is as it is there. */
static mf_expr *limit_expr(mf_compiler *c, const mf_node *text, const bound *b) {
  mf_expr_source source = mf_node_expr_source(text);
  source.offset += (uint32_t)(b->limit.p - source.text.p);
  source.text = b->limit;
  return mf_condition_of_text(c, &source);
}

static mf_expr *threshold_expr(mf_compiler *c, const mf_node *text, const bound_metric *metric,
                               double window, uint32_t scenario) {
  bound b = {.percentile = 0};
  mf_str written = mf_node_text(text);
  if (!read_bound(written, &b)) {
    mf_diag_add(c->diags, MF_E_THRESHOLD_TEXT, text->span, (int)written.n, written.p);
    return NULL;
  }
  const mf_reading r = {
      .metric = metric->row,
      .aggregate = mf_reading_aggregate(c, b.aggregate, text->span, metric->row, metric->name),
      .percentile = b.percentile,
      .window = window,
      .scenario = scenario,
      .selector = metric->selector};
  if (r.aggregate == MF_ABSENT) return NULL;
  mf_str shown = mf_compile_path(c, "%.*s of %.*s", (int)b.aggregate.n, b.aggregate.p,
                                 (int)metric->name.n, metric->name.p);
  return mf_comparison(c, b.op, mf_reading_expr(c, text->span, mf_reading_slot(c, &r, shown)),
                       limit_expr(c, text, &b));
}

static double window_length(mf_compiler *c, const mf_node *map) {
  const double over = mf_compile_seconds(c, map, MF_KEY_OVER, 0);
  const mf_node *node = mf_node_get(map, MF_KEY_OVER);
  if (node && (over < MF_WINDOW_LEAST || over > MF_WINDOW_MOST)) {
    mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, node->span, "over", "from 100ms to 1h");
    return 0;
  }
  return over;
}

static int64_t least_samples(mf_compiler *c, const mf_node *map) {
  const mf_node *node = mf_node_get(map, MF_KEY_MIN_SAMPLES);
  if (!node || node->shape == MF_SHAPE_BAD) return 0;
  if (node->shape == MF_SHAPE_INT && node->as.i >= 0) return node->as.i;
  mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, node->span, "min_samples", "a whole number from 0 on");
  return 0;
}

static void add_threshold(mf_compiler *c, const mf_node *node, const bound_metric *metric,
                          mf_str path, uint32_t scenario) {
  const bool is_map = node->shape == MF_SHAPE_MAP;
  const mf_node *text = is_map ? mf_node_get(node, MF_KEY_THRESHOLD) : node;
  mf_watch_row row = MF_WATCH_NONE;
  if (!text || text->shape != MF_SHAPE_TEXT) return; /* reported, or null */
  const double over = is_map ? window_length(c, node) : 0;
  const mf_watch_scope scope = {.scenario = scenario};
  row.kind = MF_WATCH_KIND_THRESHOLD;
  row.scenario = scenario;
  row.path = path;
  row.name = mf_compile_path(c, "%.*s %.*s", (int)metric->written.n, metric->written.p,
                             (int)mf_node_text(text).n, mf_node_text(text).p);
  if (over > 0) row.over = over;
  if (is_map) {
    row.grace = mf_compile_seconds(c, node, MF_KEY_GRACE, -1);
    row.min_samples = least_samples(c, node);
    if (mf_compile_bool(c, node, MF_KEY_ABORT_ON_FAIL, false)) row.flags = MF_WATCH_FLAGS_ABORTS;
  }
  mf_expr *e = threshold_expr(c, text, metric, over, scenario);
  mf_watch_add(c, &row, mf_watch_chunk(c, &scope, e, true));
}

static void add_metric(mf_compiler *c, const mf_member *m, mf_str path, uint32_t scenario) {
  bound_metric metric;
  uint32_t i = 0;
  if (m->value->shape == MF_SHAPE_BAD || m->value->shape == MF_SHAPE_NULL) return;
  if (!read_metric(c, m, &metric)) return;
  mf_str at = mf_compile_path(c, "%.*s.%.*s", (int)path.n, path.p, (int)m->name.n, m->name.p);
  if (m->value->shape != MF_SHAPE_LIST) {
    add_threshold(c, m->value, &metric, at, scenario);
    return;
  }
  for (const mf_node *item = m->value->as.first; item; item = item->next, i++)
    add_threshold(c, item, &metric, mf_path_index(c, at, i), scenario);
}

void mf_thresholds_add(mf_compiler *c, const mf_node *thresholds, mf_str path, uint32_t scenario) {
  if (!thresholds || thresholds->shape != MF_SHAPE_MAP) return;
  for (const mf_member *m = thresholds->as.members; m; m = m->next)
    add_metric(c, m, path, scenario);
}

bool mf_thresholds_count_checks(const mf_node *thresholds) {
  if (!thresholds || thresholds->shape != MF_SHAPE_MAP) return false;
  for (const mf_member *m = thresholds->as.members; m; m = m->next)
    if (mf_str_starts(m->name, MF_STR("checks"))) return true;
  return false;
}
