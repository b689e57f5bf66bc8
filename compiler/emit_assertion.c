/* SPDX-License-Identifier: MIT */
/* emit_assertion - each assertion pushes what it found, what it wants and
 * whether it holds, so that a report can show all three. */
#include "watched_code.h"

typedef struct judgement {
  uint32_t type;   /* ASSERTION_TYPE */
  mf_expr *actual; /* NULL: the result */
  mf_expr *expected;
  mf_expr *result;
  mf_str description;
  mf_explained explained;
} judgement;

static mf_value bool_value(bool b) { return (mf_value){.kind = MF_BOOL, .as.i = b}; }

/* The source text of a node, for descriptions. */
static mf_str source_text(mf_compiler *c, mf_span span) {
  mf_str s = {c->source.p + span.offset, span.length};
  return s;
}

/* A value as it was written; text in quotes, however it was, so that "5" is not 5. */
static mf_str value_text(mf_compiler *c, const mf_node *value) {
  if (value->shape != MF_SHAPE_TEXT) return source_text(c, value->span);
  mf_str text = mf_node_text(value);
  return mf_compile_path(c, "\"%.*s\"", (int)text.n, text.p);
}

static mf_expr *error_expr(mf_compiler *c, mf_span span) {
  mf_expr *e = MF_NEW(c->scratch, mf_expr);
  if (e) {
    e->kind = MF_EXPR_ERROR;
    e->span = span;
  }
  return e;
}

/* Metrics may be named with or without "metrics."; aggregates too. */
static mf_expr *metric_expr(mf_compiler *c, const mf_node *map) {
  mf_str name = mf_compile_word(c, map, MF_KEY_METRIC);
  const mf_node *node = mf_node_get(map, MF_KEY_METRIC);
  if (!name.n) return error_expr(c, map->span);
  mf_str dotted = mf_compile_path(c, "metrics.%.*s", (int)name.n, name.p);
  return mf_name_expr(c, dotted, node->span);
}

static mf_expr *data_of_key(mf_compiler *c, const mf_node *map, mf_key key) {
  const mf_member *m = mf_node_member(map, key);
  return m ? mf_data_expr(c, m->value) : mf_literal(c, map->span, (mf_value){.kind = MF_NULL});
}

static judgement variable_equals(mf_compiler *c, const mf_node *map) {
  const mf_node *node = mf_node_get(map, MF_KEY_VARIABLE);
  mf_str name = mf_compile_word(c, map, MF_KEY_VARIABLE);
  judgement j = {.type = MF_ASSERTION_TYPE_VARIABLE_EQUALS};
  if (!name.n) {
    j.result = error_expr(c, map->span);
    return j;
  }
  j.actual = mf_name_expr(c, name, node->span);
  j.expected = data_of_key(c, map, MF_KEY_EXPECTED);
  j.result = mf_comparison(c, MF_OP_EQ, j.actual, j.expected);
  const mf_member *value = mf_node_member(map, MF_KEY_EXPECTED);
  mf_str wanted = value ? value_text(c, value->value) : MF_STR("null");
  j.description = mf_compile_path(c, "%.*s equals %.*s", (int)name.n, name.p, (int)wanted.n,
                                  wanted.p);
  return j;
}

static bool number_of(const mf_node *node, double *out) {
  if (!node) return false;
  if (node->shape == MF_SHAPE_INT)
    *out = (double)node->as.i;
  else if (node->shape == MF_SHAPE_DOUBLE)
    *out = node->as.d;
  else
    return false;
  return true;
}

static mf_str range_text(mf_compiler *c, const mf_node *map, const mf_node *min,
                         const mf_node *max) {
  mf_str name = mf_compile_word(c, map, MF_KEY_METRIC);
  mf_str low = min ? source_text(c, min->span) : MF_STR(""),
         high = max ? source_text(c, max->span) : MF_STR("");
  if (!min)
    return mf_compile_path(c, "%.*s at most %.*s", (int)name.n, name.p, (int)high.n, high.p);
  if (!max) return mf_compile_path(c, "%.*s at least %.*s", (int)name.n, name.p, (int)low.n, low.p);
  return mf_compile_path(c, "%.*s between %.*s and %.*s", (int)name.n, name.p, (int)low.n, low.p,
                         (int)high.n, high.p);
}

static judgement metric_in_range(mf_compiler *c, const mf_node *map) {
  const mf_node *min = mf_node_get(map, MF_KEY_MIN), *max = mf_node_get(map, MF_KEY_MAX);
  double low, high;
  if (!min && !max) mf_diag_add(c->diags, MF_E_NO_BOUND, map->span);
  bool is_empty = number_of(min, &low) && number_of(max, &high) && low > high;
  if (is_empty) mf_diag_add(c->diags, MF_E_EMPTY_RANGE, max->span);
  judgement j = {.type = MF_ASSERTION_TYPE_METRIC_IN_RANGE, .actual = metric_expr(c, map)};
  mf_expr *at_least = min ? mf_binary(c, min->span, MF_OP_GE, j.actual, mf_data_expr(c, min))
                          : NULL;
  mf_expr *at_most = max ? mf_binary(c, max->span, MF_OP_LE, metric_expr(c, map),
                                     mf_data_expr(c, max))
                         : NULL;
  j.result = at_least && at_most ? mf_binary(c, map->span, MF_OP_AND, at_least, at_most)
             : at_least          ? at_least
                                 : at_most;
  if (!j.result || is_empty) j.result = error_expr(c, map->span);
  j.expected = mf_map_expr(c, map->span);
  mf_map_expr_add_key(c, j.expected, "min", map, MF_KEY_MIN);
  mf_map_expr_add_key(c, j.expected, "max", map, MF_KEY_MAX);
  j.description = range_text(c, map, min, max);
  return j;
}

/* The identity of the step that is named: its name as written, where `${...}` is no
 * interpolation. */
static mf_str step_named(const mf_node *map) {
  const mf_node *node = mf_node_get(map, MF_KEY_STEP_NAME);
  return node && node->shape == MF_SHAPE_TEXT ? mf_node_text(node) : MF_STR("");
}

/* Of each run of the step. */
static judgement step_outcome(mf_compiler *c, const mf_node *map, bool succeeded) {
  judgement j = {.type = succeeded ? MF_ASSERTION_TYPE_STEP_SUCCEEDED
                                   : MF_ASSERTION_TYPE_STEP_FAILED};
  mf_str name = step_named(map);
  const mf_node *node = mf_node_get(map, MF_KEY_STEP_NAME);
  if (!name.n) {
    j.result = error_expr(c, map->span);
    return j;
  }
  uint32_t row = mf_names_step(c, name, node->span);
  if (!succeeded) mf_builder_row_get(c->b, MF_TABLE_STEP, row)[3] |= MF_STEP_FLAGS_EXPECTED_TO_FAIL;
  j.expected = mf_literal_text(c, map->span, succeeded ? MF_STR("passed") : MF_STR("failed"));
  j.description = mf_compile_path(c, "step '%.*s' %s", (int)name.n, name.p,
                                  succeeded ? "succeeded" : "failed");
  return j;
}

static void emit_step_judgement(mf_compiler *c, const mf_node *map, const judgement *j) {
  mf_str name = step_named(map);
  uint32_t row = mf_names_step(c, name, map->span);
  bool succeeded = j->type == MF_ASSERTION_TYPE_STEP_SUCCEEDED;
  mf_reach_read(c, row, name, mf_node_get(map, MF_KEY_STEP_NAME)->span, false);
  MF_EMIT(c, STEP_FIELD, row, MF_FIELD_EVERY_STATUS);
  mf_emit_expr(c, j->expected);
  MF_EMIT(c, STEP_FIELD, row, succeeded ? MF_FIELD_EVERY_SUCCESS : MF_FIELD_EVERY_FAILED);
}

/* {metric, operator, value} */
static judgement metric_compared(mf_compiler *c, const mf_node *map) {
  judgement j = {.type = MF_ASSERTION_TYPE_CONDITION};
  mf_opcode op = mf_operator_code(c, mf_node_get(map, MF_KEY_OPERATOR));
  if (!op) {
    j.result = error_expr(c, map->span);
    return j;
  }
  j.actual = metric_expr(c, map);
  j.expected = data_of_key(c, map, MF_KEY_VALUE);
  j.result = mf_comparison(c, op, j.actual, j.expected);
  mf_str metric = mf_compile_word(c, map, MF_KEY_METRIC),
         word = mf_compile_word(c, map, MF_KEY_OPERATOR);
  const mf_member *value = mf_node_member(map, MF_KEY_VALUE);
  mf_str wanted = value ? source_text(c, value->value->span) : MF_STR("");
  j.description = mf_compile_path(c, "%.*s %.*s %.*s", (int)metric.n, metric.p, (int)word.n, word.p,
                                  (int)wanted.n, wanted.p);
  return j;
}

static bool is_comparison(const mf_expr *e) {
  return e && e->kind == MF_EXPR_BINARY && e->op >= MF_OP_EQ && e->op <= MF_OP_GE;
}

/* A comparison shows its two sides; anything else its value and true. */
static judgement condition_holds(mf_compiler *c, const mf_node *node) {
  judgement j = {.type = MF_ASSERTION_TYPE_CONDITION, .result = mf_condition_expr(c, node)};
  j.explained = mf_explained_of(c, node, j.result);
  if (is_comparison(j.result)) {
    j.actual = j.result->first;
    j.expected = j.result->first->next;
  } else {
    j.actual = j.result;
    j.expected = mf_literal(c, node->span, bool_value(true));
  }
  mf_str text = node->shape == MF_SHAPE_TEXT ? mf_node_text(node)
                                             : mf_str_of(mf_tag_word((mf_tag)node->tag));
  j.description = text;
  return j;
}

static judgement judge_mapping(mf_compiler *c, const mf_node *map) {
  switch (map->tag) {
    case MF_TAG_ASSERT_VARIABLE_EQUALS: return variable_equals(c, map);
    case MF_TAG_ASSERT_METRIC_IN_RANGE: return metric_in_range(c, map);
    case MF_TAG_ASSERT_STEP_SUCCEEDED: return step_outcome(c, map, true);
    case MF_TAG_ASSERT_STEP_FAILED: return step_outcome(c, map, false);
    case MF_TAG_ASSERT_METRIC: return metric_compared(c, map);
    default: break;
  }
  const mf_node *condition = mf_node_get(map, MF_KEY_CONDITION);
  return condition ? condition_holds(c, condition)
                   : (judgement){.result = error_expr(c, map->span)};
}

static uint32_t assertion_flags(mf_compiler *c, const mf_node *map) {
  uint32_t flags = 0;
  if (map->shape != MF_SHAPE_MAP) return 0;
  mf_str severity = mf_compile_word(c, map, MF_KEY_SEVERITY);
  if (mf_str_is(severity, "warning"))
    flags |= MF_ASSERTION_FLAGS_WARNING;
  else if (severity.n && !mf_str_is(severity, "error"))
    mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, mf_node_get(map, MF_KEY_SEVERITY)->span,
                     "write error or warning", (int)severity.n, severity.p, "severity");
  mf_str no_data = mf_compile_word(c, map, MF_KEY_NO_DATA);
  if (mf_str_is(no_data, "pass"))
    flags |= MF_ASSERTION_FLAGS_NO_DATA_PASSES;
  else if (no_data.n && !mf_str_is(no_data, "fail"))
    mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, mf_node_get(map, MF_KEY_NO_DATA)->span,
                     "write fail or pass", (int)no_data.n, no_data.p, "way to treat missing data");
  return flags;
}

static uint32_t assertion_row(mf_compiler *c, const mf_node *node, const judgement *j, mf_str path,
                              uint32_t step) {
  const mf_node *message = mf_node_get(node, MF_KEY_MESSAGE);
  mf_str name = mf_compile_word(c, node, MF_KEY_NAME);
  if (!name.n) name = j->description;
  bool constant = message && !(message->flags & MF_NODE_INTERPOLATED);
  uint32_t text = constant && message->shape == MF_SHAPE_TEXT
                      ? mf_compile_string(c, mf_node_text(message))
                      : MF_ABSENT;
  uint32_t fields[6] = {mf_compile_string(c, name),
                        mf_compile_string(c, path),
                        j->type,
                        step,
                        assertion_flags(c, node),
                        text};
  uint32_t row = mf_builder_row(c->b, MF_TABLE_ASSERTION, fields);
  mf_emit_id(c, mf_node_get(node, MF_KEY_ID), MF_OWNER_ASSERTION, row);
  return row;
}

static void check_result_kind(mf_compiler *c, const mf_expr *result) {
  mf_kind kind = result ? mf_expr_kind_of(result) : MF_UNSET;
  if (kind == MF_INT || kind == MF_DOUBLE || kind == MF_STRING || kind == MF_LIST ||
      kind == MF_MAP || (kind == MF_UNSET && result && mf_expr_is_arithmetic(result)))
    mf_diag_add(c->diags, MF_E_NOT_BOOL, result->span, "a value that is never true or false");
}

/* One that is made of values comes last, so that it may tell what was judged. */
static void emit_message(mf_compiler *c, const mf_node *message) {
  if (!message || !(message->flags & MF_NODE_INTERPOLATED)) return;
  mf_emit_expr(c, mf_text_expr(c, message));
  MF_EMIT(c, MESSAGE, 0, 0);
}

static void emit_assertion(mf_compiler *c, const mf_node *node, mf_str path, uint32_t step) {
  judgement j = node->shape == MF_SHAPE_MAP ? judge_mapping(c, node) : condition_holds(c, node);
  bool of_step = j.type == MF_ASSERTION_TYPE_STEP_SUCCEEDED ||
                 j.type == MF_ASSERTION_TYPE_STEP_FAILED;
  if (!of_step && (!j.actual || !j.expected || !j.result)) return;
  uint32_t row = assertion_row(c, node, &j, path, step);
  c->judging = step == MF_ABSENT && assertion_flags(c, node) == 0;
  if (!j.explained.condition)
    j.explained = (mf_explained){.condition = j.result, .source = c->source, .prepared = true};
  mf_compile_at(c, node->span);
  if (of_step && j.expected) {
    emit_step_judgement(c, node, &j);
  } else {
    check_result_kind(c, j.result);
    mf_emit_expr(c, j.actual);
    mf_emit_expr(c, j.expected);
    mf_emit_expr(c, j.result);
    j.explained.owner = MF_OWNER_ASSERTION;
    j.explained.row = row;
    j.explained.whole = j.description;
    mf_emit_reasons(c, &j.explained);
  }
  c->judging = false;
  emit_message(c, mf_node_get(node, MF_KEY_MESSAGE));
  MF_EMIT(c, ASSERT, row, 0);
}

/* The mistakes in them are told where they are emitted. */
void mf_assertions_watch(mf_compiler *c, const mf_node *list, mf_str path, uint32_t flags) {
  const mf_watch_scope scope = {.scenario = MF_ABSENT};
  uint32_t i = 0;
  if (!list || list->shape != MF_SHAPE_LIST || c->diags->errors) return;
  for (const mf_node *node = list->as.first; node; node = node->next, i++) {
    mf_watch_row row = MF_WATCH_NONE;
    judgement j = node->shape == MF_SHAPE_MAP ? judge_mapping(c, node) : condition_holds(c, node);
    if (!j.actual || !j.result) continue; /* how a step ended is no matter of samples */
    mf_str name = mf_compile_word(c, node, MF_KEY_NAME);
    row.kind = MF_WATCH_KIND_STEADY_STATE;
    row.flags = flags;
    row.path = mf_path_index(c, path, i);
    row.name = name.n ? name : j.description;
    mf_watch_add(c, &row, mf_watch_chunk(c, &scope, j.result, true));
  }
}

void mf_emit_assertions(mf_compiler *c, const mf_node *list, mf_str path, uint32_t step_row) {
  if (!list || list->shape != MF_SHAPE_LIST) return;
  uint32_t i = 0;
  for (const mf_node *node = list->as.first; node; node = node->next, i++)
    emit_assertion(c, node, mf_path_index(c, path, i), step_row);
}
