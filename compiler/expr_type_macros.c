/* SPDX-License-Identifier: MIT */
/* expr_type_macros - the types of loops, cel.bind and optMap. */
#include "expr_checker.h"

static const mf_type *dyn(void) { return mf_type_plain(MF_TYPE_DYN); }

static bool is_open(const mf_type *t) { return mf_type_is_dyn(t) || t->kind == MF_TYPE_VAR; }

/* ---- loops ---- */

/* What a turn of a loop has: the variable's type in the forms with one, and those
 * of index and element, or key and value, in the forms with two. */
typedef struct turn {
  const mf_type *one, *key, *value;
} turn;

static turn turn_over(mf_checker *c, const mf_expr *loop, const mf_type *range) {
  const mf_type *t = mf_check_seen(c, range), *integer = mf_type_plain(MF_TYPE_INT);
  if (t->kind == MF_TYPE_LIST) return (turn){t->args[0], integer, t->args[0]};
  if (t->kind == MF_TYPE_MAP) return (turn){t->args[0], t->args[0], t->args[1]};
  if (t->kind == MF_TYPE_VAR) mf_check_fits(c, dyn(), t);
  const char *hint = t->kind == MF_TYPE_STRING     ? "write .split('') for its characters"
                     : t->kind == MF_TYPE_INT      ? "write lists.range() for 0 and on"
                     : t->kind == MF_TYPE_OPTIONAL ? "write .orValue([])"
                                                   : NULL;
  if (!is_open(t))
    mf_diag_add_hint(c->em->diags, MF_E_NOT_A_RANGE, loop->first->span, hint, mf_check_text(c, t),
                     (int)loop->name.n, loop->name.p);
  return (turn){dyn(), dyn(), dyn()};
}

/* A map is made from a map of one entry, or of any. */
static const mf_type *type_of_entries(mf_checker *c, const mf_expr *e, const mf_type *entry) {
  const mf_type *t = mf_check_seen(c, entry);
  if (t->kind == MF_TYPE_MAP || is_open(t)) return t;
  const mf_type *types[1] = {t};
  return mf_check_no_overload(c, e->span, e->name, types, 1, "the last argument is a map");
}

static const mf_type *type_of_loop(mf_checker *c, const mf_expr *e, const turn *t,
                                   const mf_type *result, bool two) {
  switch (e->op) {
    case MF_LOOP_KIND_LIST: return mf_check_list_of(c, result);
    case MF_LOOP_KIND_FILTER: return mf_check_list_of(c, two ? t->value : t->one);
    case MF_LOOP_KIND_SORT: return mf_check_list_of(c, t->one);
    case MF_LOOP_KIND_MAP: return mf_type_with(c->arena, MF_TYPE_MAP, t->key, result);
    case MF_LOOP_KIND_ENTRIES: return type_of_entries(c, e, result);
    default: return mf_type_plain(MF_TYPE_BOOL);
  }
}

static bool is_predicate(uint8_t kind) {
  return kind == MF_LOOP_KIND_ALL || kind == MF_LOOP_KIND_EXISTS || kind == MF_LOOP_KIND_ONE ||
         kind == MF_LOOP_KIND_FILTER;
}

const mf_type *mf_check_loop(mf_checker *c, mf_expr *e) {
  mf_expr *range = e->first, *x = range->next, *y = x->next;
  bool two = y->kind == MF_EXPR_VAR;
  turn t = turn_over(c, e, mf_check_expr(c, range));
  x->type = two ? t.key : t.one;
  if (two) y->type = t.value;
  mf_expr *body = two ? y->next : y;
  for (; body->next; body = body->next) mf_check_condition(c, body);
  if (is_predicate(e->op)) {
    if (!two) mf_warn_of_unused(c, x, y);
    mf_check_condition(c, body);
    return type_of_loop(c, e, &t, NULL, two);
  }
  return type_of_loop(c, e, &t, mf_check_expr(c, body), two);
}

/* ---- cel.bind ---- */

const mf_type *mf_check_bind(mf_checker *c, mf_expr *e) {
  mf_expr *x = e->first;
  for (; x->kind == MF_EXPR_VAR; x = x->next->next) {
    x->type = mf_check_expr(c, x->next);
    mf_warn_of_unused(c, x, x->next->next);
  }
  return mf_check_expr(c, x);
}

/* ---- optMap, optFlatMap ---- */

const mf_type *mf_check_opt_map(mf_checker *c, mf_expr *e) {
  bool optional, flat = e->op != 0;
  mf_expr *x = e->first->next;
  const mf_type *of = mf_check_expr(c, e->first), *in = mf_check_unwrapped(c, of, &optional);
  if (!optional && !is_open(in))
    mf_diag_add_hint(c->em->diags, MF_E_NOT_OPTIONAL, e->first->span, "write optional.of()",
                     mf_check_text(c, in));
  x->type = optional ? in : dyn();
  const mf_type *result = mf_check_expr(c, x->next);
  if (!flat) return mf_type_with(c->arena, MF_TYPE_OPTIONAL, result, NULL);
  const mf_type *value = mf_check_unwrapped(c, result, &optional);
  if (optional || is_open(value)) return result;
  mf_diag_add_hint(c->em->diags, MF_E_NOT_OPTIONAL, x->next->span, "write optMap",
                   mf_check_text(c, value));
  return mf_type_plain(MF_TYPE_ERROR);
}
