/* SPDX-License-Identifier: MIT */
/* conditions - mappings with a `type` and expression texts both become one
 * expression tree, so that both give the same code. */
#include "compiler.h"
#include "expr_types.h"
#include "reading.h"

static mf_expr *expr_of_kind(mf_compiler *c, mf_expr_kind kind, mf_span span) {
  mf_expr *e = MF_NEW(c->scratch, mf_expr);
  if (!e) return NULL;
  e->kind = (uint8_t)kind;
  e->span = span;
  return e;
}

mf_expr *mf_binary(mf_compiler *c, mf_span span, mf_opcode op, mf_expr *left, mf_expr *right) {
  mf_expr *e = expr_of_kind(c, MF_EXPR_BINARY, span);
  if (!e || !left || !right) return NULL;
  e->op = (uint8_t)op;
  e->first = left;
  left->next = right;
  return e;
}

mf_expr *mf_comparison(mf_compiler *c, mf_opcode op, mf_expr *left, mf_expr *right) {
  if (!left || !right) return NULL;
  return mf_binary(c, mf_span_join(left->span, right->span), op, left, right);
}

static mf_expr *negate(mf_compiler *c, mf_span span, mf_expr *operand) {
  mf_expr *e = expr_of_kind(c, MF_EXPR_UNARY, span);
  if (!e) return NULL;
  e->op = MF_OP_NOT;
  e->first = operand;
  return e;
}

static mf_expr *ident(mf_compiler *c, mf_str name, mf_span span) {
  mf_expr *e = expr_of_kind(c, MF_EXPR_IDENT, span);
  if (!e) return NULL;
  e->name = name;
  e->name_span = span;
  return e;
}

/* "a.b.c" as selections; the places of the parts are exact when the text is. */
mf_expr *mf_name_expr(mf_compiler *c, mf_str dotted, mf_span span) {
  mf_expr *e = NULL;
  for (size_t at = 0; at <= dotted.n;) {
    size_t dot = mf_str_find(dotted, MF_STR("."), at);
    size_t end = dot == SIZE_MAX ? dotted.n : dot;
    mf_str part = {dotted.p + at, end - at};
    if (!e) {
      e = ident(c, part, span);
    } else {
      mf_expr *select = expr_of_kind(c, MF_EXPR_SELECT, span);
      if (!select) return NULL;
      select->first = e;
      select->name = part;
      select->name_span = span;
      e = select;
    }
    at = end + 1;
  }
  return e;
}

/* The span of a text node without its quotes, where that is known. */
static mf_span text_span(const mf_node *node) {
  if (!(node->flags & MF_NODE_VERBATIM)) return node->span;
  return (mf_span){node->as.text.content, node->as.text.n};
}

static mf_expr *name_of_key(mf_compiler *c, const mf_node *map, mf_key key) {
  const mf_node *node = mf_node_get(map, key);
  if (!node || node->shape != MF_SHAPE_TEXT) return expr_of_kind(c, MF_EXPR_ERROR, map->span);
  if (node->flags & MF_NODE_INTERPOLATED) {
    mf_diag_add(c->diags, MF_E_NOT_CONSTANT, node->span, mf_key_spelling(key));
    return expr_of_kind(c, MF_EXPR_ERROR, node->span);
  }
  return mf_name_expr(c, mf_node_text(node), text_span(node));
}

/* A null is a value here, so the member is asked for, not the non-null value. */
static mf_expr *value_of_key(mf_compiler *c, const mf_node *map, mf_key key) {
  const mf_member *m = mf_node_member(map, key);
  return m ? mf_data_expr(c, m->value) : mf_literal(c, map->span, (mf_value){.kind = MF_NULL});
}

/* ---- operators ---- */

static const struct {
  const char *word;
  mf_opcode op;
} operator_words[] = {
    {"equals", MF_OP_EQ},
    {"not_equals", MF_OP_NE},
    {"greater_than", MF_OP_GT},
    {"greater_than_or_equal", MF_OP_GE},
    {"less_than", MF_OP_LT},
    {"less_than_or_equal", MF_OP_LE},
    {"eq", MF_OP_EQ},
    {"ne", MF_OP_NE},
    {"gt", MF_OP_GT},
    {"gte", MF_OP_GE},
    {"lt", MF_OP_LT},
    {"lte", MF_OP_LE},
    {"==", MF_OP_EQ},
    {"!=", MF_OP_NE},
    {">", MF_OP_GT},
    {">=", MF_OP_GE},
    {"<", MF_OP_LT},
    {"<=", MF_OP_LE},
};

mf_opcode mf_operator_code(mf_compiler *c, const mf_node *node) {
  if (!node || node->shape != MF_SHAPE_TEXT) return (mf_opcode)0;
  mf_str word = mf_node_text(node);
  mf_near near;
  mf_near_init(&near, word);
  for (size_t i = 0; i < sizeof operator_words / sizeof operator_words[0]; i++) {
    if (mf_str_is(word, operator_words[i].word)) return operator_words[i].op;
    mf_near_offer(&near, mf_str_of(operator_words[i].word));
  }
  mf_str best = mf_near_best(&near);
  const char *hint = best.n ? mf_arena_printf(c->arena, "did you mean '%.*s'?", (int)best.n, best.p)
                            : "write one of == != < <= > >= or equals, less_than ...";
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, node->span, hint, (int)word.n, word.p,
                   "comparison operator");
  return (mf_opcode)0;
}

/* ---- mappings ---- */

static mf_opcode comparison_of_tag(uint16_t tag) {
  switch (tag) {
    case MF_TAG_COND_EQUALS: return MF_OP_EQ;
    case MF_TAG_COND_NOT_EQUALS: return MF_OP_NE;
    case MF_TAG_COND_GREATER_THAN: return MF_OP_GT;
    case MF_TAG_COND_LESS_THAN: return MF_OP_LT;
    case MF_TAG_COND_GREATER_THAN_OR_EQUAL: return MF_OP_GE;
    case MF_TAG_COND_LESS_THAN_OR_EQUAL: return MF_OP_LE;
    default: return (mf_opcode)0;
  }
}

/* n conditions from *node on as a balanced tree, so that its depth stays small:
 * && and || are associative, and the leftmost error still surfaces. */
static mf_expr *join(mf_compiler *c, const mf_node **node, uint32_t n, mf_opcode op) {
  if (n == 1) {
    mf_expr *e = mf_condition_expr(c, *node);
    *node = (*node)->next;
    return e;
  }
  mf_expr *left = join(c, node, n / 2, op), *right = join(c, node, n - n / 2, op);
  return left && right ? mf_binary(c, mf_span_join(left->span, right->span), op, left, right)
                       : NULL;
}

/* and / or over the list; empty: true / false. */
static mf_expr *logic(mf_compiler *c, const mf_node *map, mf_opcode op) {
  const mf_node *list = mf_node_get(map, MF_KEY_CONDITIONS);
  const mf_node *first = list && list->shape == MF_SHAPE_LIST ? list->as.first : NULL;
  mf_value empty = {.kind = MF_BOOL, .as.i = op == MF_OP_AND};
  return first ? join(c, &first, list->count, op) : mf_literal(c, map->span, empty);
}

static mf_expr *metric_threshold(mf_compiler *c, const mf_node *map) {
  const mf_node *name = mf_node_get(map, MF_KEY_METRIC_NAME);
  mf_opcode op = mf_operator_code(c, mf_node_get(map, MF_KEY_OPERATOR));
  if (!name || !op) return expr_of_kind(c, MF_EXPR_ERROR, map->span);
  mf_str text = mf_node_text(name);
  if (name->shape == MF_SHAPE_TEXT && !(name->flags & MF_NODE_INTERPOLATED))
    return mf_comparison(
        c, op,
        mf_name_expr(c, mf_compile_path(c, "metrics.%.*s", (int)text.n, text.p), text_span(name)),
        value_of_key(c, map, MF_KEY_THRESHOLD));
  mf_diag_add(c->diags, MF_E_NOT_CONSTANT, name->span, "metric_name");
  return expr_of_kind(c, MF_EXPR_ERROR, map->span);
}

/* has(a) && has(a.b) && has(a.b.c), from the name of `from` dots on: where a.b is
 * missing, asking for a.b.c would be an error. */
static mf_expr *has_path(mf_compiler *c, mf_span span, mf_str path, size_t from,
                         mf_span name_span) {
  mf_expr *all = NULL;
  for (size_t at = from; at <= path.n;) {
    size_t dot = mf_str_find(path, MF_STR("."), at);
    mf_str name = {path.p, dot < path.n ? dot : path.n};
    mf_expr *e = expr_of_kind(c, MF_EXPR_CALL, span);
    if (!e) return NULL;
    e->flags = MF_EXPR_OF_NAME;
    e->name = MF_STR("has");
    e->name_span = span;
    e->first = mf_name_expr(c, name, name_span);
    all = all ? mf_binary(c, span, MF_OP_AND, all, e) : e;
    at = name.n + 1;
  }
  return all;
}

static bool is_group(mf_str first) {
  return mf_str_is(first, "variables") || mf_str_is(first, "metrics") ||
         mf_str_is(first, "inputs") || mf_str_is(first, "env");
}

/* exists: has() of the name; never complains about an unknown one. */
static mf_expr *exists(mf_compiler *c, const mf_node *map) {
  const mf_node *node = mf_node_get(map, MF_KEY_VARIABLE);
  if (!node || node->shape != MF_SHAPE_TEXT) return expr_of_kind(c, MF_EXPR_ERROR, map->span);
  mf_str path = mf_node_text(node), first = path;
  size_t dot = mf_str_find(path, MF_STR("."), 0);
  if (dot != SIZE_MAX) first.n = dot;
  bool variable = mf_names_is_variable(c, first);
  bool builtin = mf_builtin_code(first) != MF_ABSENT;
  if (!variable && is_group(first) && first.n < path.n)
    return has_path(c, map->span, path, first.n + 1, text_span(node));
  if (variable || mf_str_is(first, "response") || (!builtin && mf_names_metric_known(c, first)))
    return has_path(c, map->span, path, 0, text_span(node));
  if (!builtin) mf_diag_add(c->diags, MF_W_EXISTS_UNKNOWN, text_span(node), (int)path.n, path.p);
  return mf_literal(c, map->span, (mf_value){.kind = MF_BOOL, .as.i = builtin});
}

static mf_expr *mapping_expr(mf_compiler *c, const mf_node *map) {
  mf_opcode comparison = comparison_of_tag(map->tag);
  if (comparison)
    return mf_comparison(c, comparison, name_of_key(c, map, MF_KEY_VARIABLE),
                         value_of_key(c, map, MF_KEY_VALUE));
  const mf_node *inner = mf_node_get(map, MF_KEY_CONDITION);
  switch (map->tag) {
    case MF_TAG_COND_EXISTS: return exists(c, map);
    case MF_TAG_COND_AND: return logic(c, map, MF_OP_AND);
    case MF_TAG_COND_OR: return logic(c, map, MF_OP_OR);
    case MF_TAG_COND_NOT:
      return inner ? negate(c, map->span, mf_condition_expr(c, inner))
                   : expr_of_kind(c, MF_EXPR_ERROR, map->span);
    case MF_TAG_COND_PREVIOUS_STEP_SUCCEEDED:
      return ident(c, MF_STR("previous_step_succeeded"), map->span);
    case MF_TAG_COND_PREVIOUS_STEP_FAILED:
      return ident(c, MF_STR("previous_step_failed"), map->span);
    case MF_TAG_COND_METRIC_THRESHOLD: return metric_threshold(c, map);
    default: return expr_of_kind(c, MF_EXPR_ERROR, map->span);
  }
}

mf_expr *mf_condition_of_text(mf_compiler *c, const mf_expr_source *source) {
  mf_str text = source->text;
  if (!mf_str_starts(text, MF_STR("${")) && !mf_str_starts(text, MF_STR("{{")))
    return mf_expr_parse(c->scratch, c->diags, source);
  mf_part *parts = mf_interpolation_parse(c->scratch, c->diags, source);
  if (parts && parts->expr && !parts->next) return parts->expr;
  return mf_expr_parse(c->scratch, c->diags, source);
}

static mf_expr *text_condition(mf_compiler *c, const mf_node *node) {
  mf_expr_source source = mf_node_expr_source(node);
  return mf_condition_of_text(c, &source);
}

mf_expr *mf_condition_expr(mf_compiler *c, const mf_node *node) {
  switch ((mf_shape)node->shape) {
    case MF_SHAPE_MAP: return mapping_expr(c, node);
    case MF_SHAPE_TEXT: return text_condition(c, node);
    case MF_SHAPE_NULL:
    case MF_SHAPE_BOOL:
    case MF_SHAPE_INT:
    case MF_SHAPE_UINT:
    case MF_SHAPE_DOUBLE:
    case MF_SHAPE_LIST:
    case MF_SHAPE_BAD: break;
  }
  return mf_data_expr(c, node);
}

/* ---- looking at outcomes ---- */

static bool is_outcome_name(mf_str name) {
  return mf_str_is(name, "previous_step_succeeded") || mf_str_is(name, "previous_step_failed") ||
         mf_str_is(name, "all_steps_succeeded") || mf_str_is(name, "steps") ||
         mf_str_is(name, "previous");
}

bool mf_condition_looks(const mf_expr *e) {
  if (!e) return false;
  if (e->kind == MF_EXPR_IDENT && is_outcome_name(e->name)) return true;
  for (const mf_expr *child = e->first; child; child = child->next)
    if (mf_condition_looks(child)) return true;
  return false;
}

static const char *kind_phrase(mf_kind kind) {
  switch (kind) {
    case MF_NULL: return "null";
    case MF_INT: return "int";
    case MF_UINT: return "uint";
    case MF_DOUBLE: return "double";
    case MF_STRING: return "text";
    case MF_BYTES: return "bytes";
    case MF_LIST: return "a list";
    case MF_MAP: return "a map";
    case MF_TIMESTAMP: return "a timestamp";
    case MF_DURATION: return "a duration";
    case MF_TYPE: return "a type";
    case MF_UNSET:
    case MF_BOOL:
    case MF_OPTIONAL:
    case MF_IP:
    case MF_CIDR:
    case MF_ERROR: break;
  }
  return "no value";
}

/* A plain true or false is meant; a comparison that never changes is not. */
static int constant_answer(mf_compiler *c, const mf_expr *e) {
  bool written = e->kind == MF_EXPR_LITERAL;
  mf_value v = written ? e->value : mf_expr_fold(&c->expr, e);
  if (v.kind != MF_BOOL) return -1;
  if (!written) mf_diag_add(c->diags, MF_W_CONSTANT_CONDITION, e->span, v.as.i ? "true" : "false");
  return v.as.i != 0;
}

int mf_emit_truth(mf_compiler *c, mf_expr *e) {
  mf_windows_expand(c, e);
  mf_kind kind = mf_expr_kind_of(e);
  if (kind != MF_UNSET && kind != MF_BOOL && e->kind != MF_EXPR_ERROR)
    mf_diag_add(c->diags, MF_E_NOT_BOOL, e->span, kind_phrase(kind));
  int answer = constant_answer(c, e);
  mf_emit_expr(c, e);
  const mf_type *type = c->expr.type;
  if (type && type->kind != MF_TYPE_BOOL && !mf_type_is_dyn(type))
    mf_diag_add(c->diags, MF_E_NOT_BOOL, e->span, mf_type_text(c->arena, type));
  else if (kind == MF_UNSET && type && mf_type_is_dyn(type) && mf_expr_is_arithmetic(e))
    mf_diag_add(c->diags, MF_E_NOT_BOOL, e->span, "the result of arithmetic");
  return answer;
}

int mf_emit_condition(mf_compiler *c, mf_expr *e, uint32_t label_false) {
  if (!e) return -1;
  int answer = mf_emit_truth(c, e);
  MF_EMIT(c, JUMP_FALSE, label_false, 0);
  return answer;
}
