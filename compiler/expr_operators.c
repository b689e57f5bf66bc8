/* SPDX-License-Identifier: MIT */
/* expr_operators - the types of operators.
 *
 * Comparisons across int, uint and double, and arithmetic on int and double, are
 * accepted unless strict_cel is set (docs/language.md, "Expressions"). */
#include "expr_checker.h"

/* Overloads without type variables; x op y. */
static const struct row {
  uint8_t op, left, right, result;
} arithmetic[] = {
#define SAME(op, kind) \
  { MF_OP_##op, MF_TYPE_##kind, MF_TYPE_##kind, MF_TYPE_##kind }
    SAME(ADD, INT),
    SAME(ADD, UINT),
    SAME(ADD, DOUBLE),
    SAME(ADD, STRING),
    SAME(ADD, BYTES),
    SAME(ADD, DURATION),
    {MF_OP_ADD, MF_TYPE_TIMESTAMP, MF_TYPE_DURATION, MF_TYPE_TIMESTAMP},
    {MF_OP_ADD, MF_TYPE_DURATION, MF_TYPE_TIMESTAMP, MF_TYPE_TIMESTAMP},
    SAME(SUBTRACT, INT),
    SAME(SUBTRACT, UINT),
    SAME(SUBTRACT, DOUBLE),
    SAME(SUBTRACT, DURATION),
    {MF_OP_SUBTRACT, MF_TYPE_TIMESTAMP, MF_TYPE_DURATION, MF_TYPE_TIMESTAMP},
    {MF_OP_SUBTRACT, MF_TYPE_TIMESTAMP, MF_TYPE_TIMESTAMP, MF_TYPE_DURATION},
    SAME(MULTIPLY, INT),
    SAME(MULTIPLY, UINT),
    SAME(MULTIPLY, DOUBLE),
    SAME(DIVIDE, INT),
    SAME(DIVIDE, UINT),
    SAME(DIVIDE, DOUBLE),
    SAME(REMAINDER, INT),
    SAME(REMAINDER, UINT),
#undef SAME
};
static const uint8_t ordered[] = {MF_TYPE_BOOL,      MF_TYPE_INT,     MF_TYPE_UINT,
                                  MF_TYPE_DOUBLE,    MF_TYPE_STRING,  MF_TYPE_BYTES,
                                  MF_TYPE_TIMESTAMP, MF_TYPE_DURATION};

static const char *const signs[] = {
    [MF_OP_ADD] = "+",       [MF_OP_SUBTRACT] = "-", [MF_OP_MULTIPLY] = "*", [MF_OP_DIVIDE] = "/",
    [MF_OP_REMAINDER] = "%", [MF_OP_EQ] = "==",      [MF_OP_NE] = "!=",      [MF_OP_LT] = "<",
    [MF_OP_LE] = "<=",       [MF_OP_GT] = ">",       [MF_OP_GE] = ">=",      [MF_OP_IN] = "in",
    [MF_OP_AND] = "&&",      [MF_OP_OR] = "||",      [MF_OP_NOT] = "!",      [MF_OP_NEGATE] = "-",
};

/* ---- helpers ---- */

typedef struct operands {
  mf_expr *e;
  const mf_type *types[2]; /* as they are seen now */
} operands;

static const mf_type *bool_type(void) { return mf_type_plain(MF_TYPE_BOOL); }

static bool both_numbers(const operands *o) {
  return mf_type_is_number(o->types[0]) && mf_type_is_number(o->types[1]);
}

/* What helps with the operands that are met most often. */
static const char *hint_for(const operands *o) {
  uint8_t a = o->types[0]->kind, b = o->types[1]->kind;
  bool numbers = both_numbers(o);
  bool text = a == MF_TYPE_STRING || b == MF_TYPE_STRING;
  if (o->e->op >= MF_OP_LT && o->e->op <= MF_OP_GE && mf_expr_is_relation(o->e->first))
    return "write a < b && b < c";
  if (mf_expr_denies_left(o->e)) return "write !(x in y)";
  if (o->e->op == MF_OP_IN && b == MF_TYPE_STRING) return "write text.contains(part)";
  if (o->e->op == MF_OP_ADD && text) return "write string() around the other one";
  if (o->e->op == MF_OP_REMAINDER && numbers) return "'%' takes int or uint: write int()";
  if (numbers) return "convert one with double(), int() or uint()";
  if (o->e->op == MF_OP_EQ || o->e->op == MF_OP_NE)
    return a == MF_TYPE_NULL || b == MF_TYPE_NULL ? "a value of this type is never null"
                                                  : "values of these types are never equal";
  return NULL;
}

static const mf_type *refuse(mf_checker *c, const operands *o) {
  uint32_t count = o->e->kind == MF_EXPR_UNARY ? 1 : 2;
  const char *hint = count == 2 ? hint_for(o) : o->e == c->denied ? "write !(x in y)" : NULL;
  return mf_check_no_overload(c, o->e->span, mf_str_of(signs[o->e->op]), o->types, count, hint);
}

/* One more overload fits: the result is known if all agree. */
static const mf_type *add_result(const mf_type *so_far, const mf_type *result) {
  if (so_far == NULL) return result;
  if (mf_type_same(so_far, result)) return so_far;
  bool numbers = mf_type_is_number(so_far) && mf_type_is_number(result);
  return mf_type_plain(numbers ? MF_TYPE_NUMBER : MF_TYPE_DYN);
}

static bool try_kinds(mf_checker *c, const operands *o, uint8_t left, uint8_t right) {
  const mf_type *wanted[2] = {mf_type_plain((mf_type_kind)left),
                              mf_type_plain((mf_type_kind)right)};
  return mf_types_fit(&c->vars, o->types, wanted, 2);
}

/* ---- arithmetic ---- */

static bool is_open(const mf_type *t) { return mf_type_is_dyn(t) || t->kind == MF_TYPE_VAR; }

static bool may_be_double(const mf_type *t) {
  return t->kind == MF_TYPE_DOUBLE || t->kind == MF_TYPE_NUMBER || is_open(t);
}

static bool is_number_or_any(const mf_type *t) { return mf_type_is_number(t) || is_open(t); }

/* int or uint beside double gives a double; beside something unknown it may. */
static const mf_type *mixed(mf_checker *c, const operands *o, const mf_type *result) {
  const mf_type *a = o->types[0], *b = o->types[1];
  bool takes = !c->em->strict_cel && o->e->op != MF_OP_REMAINDER;
  if (!takes || !is_number_or_any(a) || !is_number_or_any(b)) return result;
  if (a->kind == b->kind || !(may_be_double(a) || may_be_double(b))) return result;
  return add_result(result, mf_type_plain(MF_TYPE_DOUBLE));
}

static const mf_type *list_sum(mf_checker *c, const operands *o) {
  const mf_type *element = mf_type_var_new(&c->vars);
  const mf_type *list = mf_check_list_of(c, element), *wanted[2] = {list, list};
  if (mf_types_fit(&c->vars, o->types, wanted, 2)) return list;
  bool lists = o->types[0]->kind == MF_TYPE_LIST && o->types[1]->kind == MF_TYPE_LIST;
  return lists && !c->em->strict_cel ? mf_type_plain(MF_TYPE_LIST) : NULL;
}

static const mf_type *type_of_arithmetic(mf_checker *c, const operands *o) {
  const mf_type *result = NULL;
  for (size_t i = 0; i < sizeof arithmetic / sizeof arithmetic[0]; i++) {
    const struct row *r = &arithmetic[i];
    if (r->op == o->e->op && try_kinds(c, o, r->left, r->right))
      result = add_result(result, mf_type_plain((mf_type_kind)r->result));
  }
  if (o->e->op == MF_OP_ADD) {
    const mf_type *list = list_sum(c, o);
    if (list) result = add_result(result, list);
  }
  result = mixed(c, o, result);
  return result ? result : refuse(c, o);
}

/* ---- comparisons ---- */

/* What has an order, beside something that has the same. */
static bool is_ordered(mf_checker *c, const operands *o) {
  const mf_type *t = is_open(o->types[0]) ? o->types[1] : o->types[0];
  if (is_open(t) || t->kind == MF_TYPE_NUMBER) return try_kinds(c, o, t->kind, t->kind);
  for (size_t i = 0; i < sizeof ordered; i++)
    if (ordered[i] == t->kind) return try_kinds(c, o, t->kind, t->kind);
  return false;
}

static const mf_type *type_of_relation(mf_checker *c, const operands *o) {
  bool fits = !c->em->strict_cel && both_numbers(o);
  bool equality = o->e->op == MF_OP_EQ || o->e->op == MF_OP_NE;
  if (equality) fits = fits || mf_check_fits(c, o->types[0], o->types[1]);
  if (!equality) fits = fits || is_ordered(c, o);
  if (!fits) return refuse(c, o), bool_type();
  mf_warn_of_relation(c, o->e, o->types);
  return bool_type();
}

/* ---- in, [] ---- */

/* Whether a key or element of type `given` can be one of `wanted`. */
static bool is_member(mf_checker *c, const mf_type *given, const mf_type *wanted) {
  if (mf_check_fits(c, given, wanted)) return true;
  return !c->em->strict_cel && mf_type_is_number(mf_check_seen(c, given)) &&
         mf_type_is_number(mf_check_seen(c, wanted));
}

static const mf_type *type_of_in(mf_checker *c, const operands *o) {
  const mf_type *in = o->types[1];
  bool container = in->kind == MF_TYPE_LIST || in->kind == MF_TYPE_MAP;
  if (container ? is_member(c, o->types[0], in->args[0]) : is_open(in))
    mf_warn_of_in(c, o->e);
  else
    refuse(c, o);
  return bool_type();
}

static const mf_type *element_of(mf_checker *c, const mf_type *in, const mf_type *index) {
  if (is_open(in)) {
    if (in->kind == MF_TYPE_VAR) mf_check_fits(c, mf_type_plain(MF_TYPE_DYN), in);
    return mf_type_plain(MF_TYPE_DYN);
  }
  if (in->kind == MF_TYPE_LIST && is_member(c, index, mf_type_plain(MF_TYPE_INT)))
    return in->args[0];
  return in->kind == MF_TYPE_MAP && is_member(c, index, in->args[0]) ? in->args[1] : NULL;
}

const mf_type *mf_check_index(mf_checker *c, mf_expr *e, const mf_type *of, const mf_type *index) {
  bool optional;
  const mf_type *in = mf_check_unwrapped(c, of, &optional);
  const mf_type *types[2] = {of, index}, *element = element_of(c, in, index);
  if (element == NULL)
    return mf_check_no_overload(c, e->span, MF_STR("[]"), types, 2,
                                in->kind == MF_TYPE_STRING ? "write .substring(i, i + 1)" : NULL);
  optional |= (e->flags & MF_EXPR_OPTIONAL) != 0;
  return optional ? mf_type_with(c->arena, MF_TYPE_OPTIONAL, element, NULL) : element;
}

/* ---- operators ---- */

static const mf_type *type_of_logic(mf_checker *c, operands *o) {
  const mf_type *wanted[2] = {bool_type(), bool_type()};
  if (mf_types_fit(&c->vars, o->types, wanted, 2))
    mf_warn_of_logic(c, o->e);
  else
    refuse(c, o);
  return bool_type();
}

const mf_type *mf_check_binary(mf_checker *c, mf_expr *e) {
  operands o = {.e = e};
  if (mf_expr_denies_left(e)) c->denied = e->first;
  o.types[0] = mf_check_expr(c, e->first);
  o.types[1] = mf_check_expr(c, e->first->next);
  for (int i = 0; i < 2; i++) o.types[i] = mf_check_seen(c, o.types[i]);
  if (e->op == MF_OP_AND || e->op == MF_OP_OR) return type_of_logic(c, &o);
  if (e->op == MF_OP_IN) return type_of_in(c, &o);
  if (e->op >= MF_OP_EQ && e->op <= MF_OP_GE) return type_of_relation(c, &o);
  return type_of_arithmetic(c, &o);
}

const mf_type *mf_check_unary(mf_checker *c, mf_expr *e) {
  operands o = {.e = e, .types = {mf_check_seen(c, mf_check_expr(c, e->first))}};
  const mf_type *t = o.types[0];
  if (e->op == MF_OP_NOT) return mf_check_fits(c, t, bool_type()) ? bool_type() : refuse(c, &o);
  if (is_open(t)) return mf_type_plain(MF_TYPE_DYN);
  return t->kind == MF_TYPE_INT || t->kind == MF_TYPE_DOUBLE ? t : refuse(c, &o);
}
