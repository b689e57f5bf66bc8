/* SPDX-License-Identifier: MIT */
/* expr_warnings - what is right, but surely not meant: comparisons that come to the
 * same whatever the values are, the same thing twice, variables that nothing uses.
 *
 * Each is certain: that a comparison may be an error instead does not make the other
 * answer possible.  NaN is thought of: it makes every comparison false but !=. */
#include "../vm/compare.h"
#include "../vm/functions.h"
#include "expr_checker.h"

static void warn_of_answer(mf_checker *c, const mf_expr *e, bool answer) {
  mf_diag_add(c->em->diags, MF_W_KNOWN_ANSWER, e->span, answer ? "true" : "false");
}

/* ---- the same twice ---- */

static bool same_literal(const mf_value *a, const mf_value *b) {
  if (a->kind != b->kind) return false;
  bool has_bytes = a->kind == MF_STRING || a->kind == MF_BYTES;
  return has_bytes ? mf_str_eq(mf_value_str(*a), mf_value_str(*b)) : a->as.u == b->as.u;
}

static bool is_chance(const mf_expr *e) {
  const mf_expr *args;
  uint32_t n;
  return e->kind == MF_EXPR_CALL && !mf_expr_is_has(e) &&
         mf_expr_is_chance(mf_expr_function(e, &args, &n));
}

static bool same_expr(const mf_expr *a, const mf_expr *b) {
  enum { MEANS = MF_EXPR_OPTIONAL | MF_EXPR_LEADING_DOT | MF_EXPR_RECEIVER | MF_EXPR_ELEMENT };
  if (a->kind != b->kind || a->op != b->op || (a->flags ^ b->flags) & MEANS) return false;
  if (a->kind == MF_EXPR_LITERAL) return same_literal(&a->value, &b->value);
  if (a->variable != b->variable || !mf_str_eq(a->name, b->name)) return false;
  if (is_chance(a)) return false;
  const mf_expr *x = a->first, *y = b->first;
  for (; x && y; x = x->next, y = y->next)
    if (!same_expr(x, y)) return false;
  return x == NULL && y == NULL;
}

static void warn_of_same(mf_checker *c, const mf_expr *e, const char *what) {
  mf_diag_add(c->em->diags, MF_W_SAME_TWICE, e->span, what);
}

static bool is_constant(const mf_expr *e) { return mf_expr_constant(e).kind != MF_UNSET; }

/* ---- x op constant ---- */

typedef struct comparison {
  const mf_expr *subject; /* NULL: it is none */
  mf_value constant;
  uint8_t op;
} comparison;

static uint8_t mirrored(uint8_t op) {
  static const uint8_t other[] = {
      [MF_OP_LT] = MF_OP_GT, [MF_OP_LE] = MF_OP_GE, [MF_OP_GT] = MF_OP_LT, [MF_OP_GE] = MF_OP_LE};
  return op >= MF_OP_LT && op <= MF_OP_GE ? other[op] : op;
}

static uint8_t opposite(uint8_t op) {
  static const uint8_t other[] = {
      [MF_OP_EQ] = MF_OP_NE, [MF_OP_NE] = MF_OP_EQ, [MF_OP_LT] = MF_OP_GE,
      [MF_OP_LE] = MF_OP_GT, [MF_OP_GT] = MF_OP_LE, [MF_OP_GE] = MF_OP_LT,
  };
  return other[op];
}

static comparison comparison_in(const mf_expr *e) {
  bool compares = e->kind == MF_EXPR_BINARY && e->op >= MF_OP_EQ && e->op <= MF_OP_GE;
  if (!compares) return (comparison){.subject = NULL};
  const mf_expr *left = e->first, *right = left->next;
  if (is_constant(left) == is_constant(right)) return (comparison){.subject = NULL};
  if (is_constant(right)) return (comparison){left, mf_expr_constant(right), e->op};
  return (comparison){right, mf_expr_constant(left), mirrored(e->op)};
}

/* Whether a op b is true; errors are not. */
static bool holds(mf_checker *c, const mf_value *a, uint8_t op, const mf_value *b) {
  mf_call call = {.arena = c->arena, .fuel = MF_LIMIT_FOLD_FUEL};
  mf_value v = mf_compare(&call, (mf_relation)(op - MF_OP_EQ), a, b);
  return call.status == MF_OK && v.kind == MF_BOOL && v.as.i;
}

static bool is_lower_bound(uint8_t op) { return op == MF_OP_GT || op == MF_OP_GE; }
static bool is_upper_bound(uint8_t op) { return op == MF_OP_LT || op == MF_OP_LE; }

/* Whether nothing is both: x > 5 and x < 3, x == 1 and x == 2, x == 1 and x > 4. */
static bool excludes(mf_checker *c, const comparison *a, const comparison *b) {
  if (a->op == MF_OP_EQ && b->op == MF_OP_EQ) return holds(c, &a->constant, MF_OP_NE, &b->constant);
  if (b->op == MF_OP_EQ) return excludes(c, b, a);
  if (a->op == MF_OP_EQ && b->op != MF_OP_NE) /* what has no order is an error, not true */
    return holds(c, &a->constant, opposite(b->op), &b->constant);
  if (a->op == MF_OP_EQ) return holds(c, &a->constant, MF_OP_EQ, &b->constant);
  if (is_upper_bound(a->op) && is_lower_bound(b->op)) return excludes(c, b, a);
  if (!is_lower_bound(a->op) || !is_upper_bound(b->op)) return false;
  bool touches = a->op == MF_OP_GE && b->op == MF_OP_LE;
  return holds(c, &a->constant, touches ? MF_OP_GT : MF_OP_GE, &b->constant);
}

/* ---- && || ---- */

enum { MOST = 16 }; /* comparisons of one side that are looked at */

static void gather(const mf_expr *e, uint8_t op, comparison *out, uint32_t *count) {
  if (*count == MOST) return;
  if (e->kind == MF_EXPR_BINARY && e->op == op) {
    gather(e->first, op, out, count);
    gather(e->first->next, op, out, count);
    return;
  }
  out[*count] = comparison_in(e);
  if (out[*count].subject) ++*count;
}

/* NaN is neither below nor above: both sides of an || may be false then. */
static bool is_never_nan(const mf_checker *c, const mf_expr *e) {
  uint8_t kind = e->type ? mf_check_seen(c, e->type)->kind : MF_TYPE_DYN;
  return kind == MF_TYPE_INT || kind == MF_TYPE_UINT || kind == MF_TYPE_STRING;
}

/* Whether one of both always holds: neither the one nor the other fails. */
static bool covers(mf_checker *c, const comparison *a, const comparison *b) {
  comparison x = *a, y = *b;
  x.op = opposite(a->op);
  y.op = opposite(b->op);
  bool certain = a->op == MF_OP_NE || b->op == MF_OP_NE || is_never_nan(c, a->subject);
  return certain && excludes(c, &x, &y);
}

static bool decides(mf_checker *c, uint8_t op, const comparison *a, const comparison *b) {
  if (!same_expr(a->subject, b->subject)) return false;
  return op == MF_OP_AND ? excludes(c, a, b) : covers(c, a, b);
}

static bool is_decided(mf_checker *c, const mf_expr *e) {
  comparison left[MOST], right[MOST];
  uint32_t lefts = 0, rights = 0;
  gather(e->first->next, e->op, right, &rights);
  if (rights) gather(e->first, e->op, left, &lefts);
  for (uint32_t i = 0; i < lefts; i++)
    for (uint32_t k = 0; k < rights; k++)
      if (decides(c, e->op, &left[i], &right[k])) return true;
  return false;
}

static bool is_deciding(const mf_expr *e, uint8_t op) {
  mf_value v = mf_expr_constant(e);
  return v.kind == MF_BOOL && (v.as.i != 0) == (op == MF_OP_OR);
}

void mf_warn_of_logic(mf_checker *c, const mf_expr *e) {
  const mf_expr *left = e->first, *right = left->next;
  if (e->flags & MF_EXPR_KNOWN) return;
  if (is_deciding(left, e->op) || is_deciding(right, e->op) || is_decided(c, e))
    warn_of_answer(c, e, e->op == MF_OP_OR);
  else if (same_expr(left, right))
    warn_of_same(c, e, e->op == MF_OP_AND ? "both sides of '&&'" : "both sides of '||'");
}

void mf_warn_of_choice(mf_checker *c, const mf_expr *e) {
  const mf_expr *then = e->first->next;
  if (!(e->flags & MF_EXPR_KNOWN) && same_expr(then, then->next))
    warn_of_same(c, e, "both branches of '?:'");
}

/* ---- relations ---- */

/* Functions whose results have bounds.  Those of durations are whole units. */
static const struct bounds {
  uint32_t code;
  bool of_timestamps;
  int64_t low, high;
} bounds[] = {
    {MF_FUNCTION_size, false, 0, INT64_MAX},
    {MF_FUNCTION_indexOf, false, -1, INT64_MAX},
    {MF_FUNCTION_lastIndexOf, false, -1, INT64_MAX},
    {MF_FUNCTION_getMonth, true, 0, 11},
    {MF_FUNCTION_getDate, true, 1, 31},
    {MF_FUNCTION_getDayOfMonth, true, 0, 30},
    {MF_FUNCTION_getDayOfWeek, true, 0, 6},
    {MF_FUNCTION_getDayOfYear, true, 0, 365},
    {MF_FUNCTION_getHours, true, 0, 23},
    {MF_FUNCTION_getMinutes, true, 0, 59},
    {MF_FUNCTION_getSeconds, true, 0, 59},
    {MF_FUNCTION_getMilliseconds, true, 0, 999},
};

static bool bounds_of(const mf_checker *c, const mf_expr *e, const mf_type *type,
                      mf_value range[2]) {
  const mf_expr *args;
  uint32_t n;
  if (type->kind == MF_TYPE_UINT) {
    range[0] = mf_uint(0);
    range[1] = mf_uint(UINT64_MAX);
    return true;
  }
  if (e->kind != MF_EXPR_CALL || mf_expr_is_has(e)) return false;
  uint32_t code = mf_expr_function(e, &args, &n);
  for (size_t i = 0; code != MF_ABSENT && i < sizeof bounds / sizeof bounds[0]; i++) {
    if (bounds[i].code != code) continue;
    range[0] = mf_int(bounds[i].low);
    range[1] = mf_int(bounds[i].high);
    return !bounds[i].of_timestamps || n == 2 ||
           (args->type && mf_check_seen(c, args->type)->kind == MF_TYPE_TIMESTAMP);
  }
  return false;
}

/* 1: all of the range is op k, 0: nothing of it, -1: some is. */
static int answer_for(mf_checker *c, const mf_value range[2], uint8_t op, const mf_value *k) {
  bool is_number = k->kind == MF_INT || k->kind == MF_UINT || k->kind == MF_DOUBLE;
  bool outside = holds(c, k, MF_OP_LT, &range[0]) || holds(c, k, MF_OP_GT, &range[1]);
  if (!is_number) return -1;
  if (op == MF_OP_EQ || op == MF_OP_NE) return outside ? op == MF_OP_NE : -1;
  bool low = holds(c, &range[0], op, k), high = holds(c, &range[1], op, k);
  return low == high ? low : -1;
}

/* x == x asks whether a double is NaN; below or above itself is nothing. */
static int answer_for_same(uint8_t op, uint8_t kind) {
  if (op == MF_OP_LT || op == MF_OP_GT) return 0;
  bool may_be_nan = kind != MF_TYPE_INT && kind != MF_TYPE_UINT && kind != MF_TYPE_STRING &&
                    kind != MF_TYPE_BOOL && kind != MF_TYPE_BYTES;
  return may_be_nan ? -1 : op != MF_OP_NE;
}

/* Of a name whose possible values are declared: 0, 1, or -1 when they matter. */
static int answer_for_name(mf_checker *c, const comparison *k) {
  const mf_names_env *env = c->em->env;
  uint32_t count = env->known_answer ? mf_expr_chain_length(k->subject) : 0;
  if (count == 0 || (k->subject->type && k->subject->type->kind == MF_TYPE_ERROR)) return -1;
  mf_ref ref = mf_expr_resolve(c->em, k->subject, count);
  return ref.used == count ? env->known_answer(env->ctx, &ref, k->op, &k->constant) : -1;
}

void mf_warn_of_relation(mf_checker *c, const mf_expr *e, const mf_type *const *types) {
  const mf_expr *left = e->first, *right = left->next;
  mf_value range[2];
  int answer = -1;
  if (e->flags & MF_EXPR_KNOWN) return;
  if (mf_expr_is_relation(e) && mf_expr_is_relation(left) && !(left->flags & MF_EXPR_PARENTHESES))
    mf_diag_add_hint(c->em->diags, MF_W_CHAINED_COMPARISON, e->span, "write a < b && b < c");
  comparison k = comparison_in(e);
  const mf_type *type = k.subject == left ? types[0] : types[1];
  if (k.subject && bounds_of(c, k.subject, type, range))
    answer = answer_for(c, range, k.op, &k.constant);
  else if (k.subject == NULL && same_expr(left, right))
    answer = answer_for_same(e->op, types[0]->kind);
  if (answer < 0 && k.subject) answer = answer_for_name(c, &k);
  if (answer >= 0) warn_of_answer(c, e, answer);
}

/* ---- in ---- */

void mf_warn_of_in(mf_checker *c, const mf_expr *e) {
  const mf_expr *left = e->first;
  mf_value in = mf_expr_constant(left->next);
  bool is_empty = (in.kind == MF_LIST || in.kind == MF_MAP) && in.len == 0;
  bool is_reported = left->type && left->type->kind == MF_TYPE_ERROR;
  if (e->flags & MF_EXPR_KNOWN) return;
  if (is_empty)
    warn_of_answer(c, e, false);
  else if (mf_expr_denies_left(e) && !is_reported)
    mf_diag_add_hint(c->em->diags, MF_W_NOT_IN, left->span, "write !(x in y)");
}

/* ---- variables ---- */

static bool is_used(const mf_expr *variable, const mf_expr *e) {
  for (; e; e = e->next)
    if (e->variable == variable || is_used(variable, e->first)) return true;
  return false;
}

/* Names made by cel.block have no reader to warn; _ says that it is not wanted. */
void mf_warn_of_unused(mf_checker *c, const mf_expr *variable, const mf_expr *scope) {
  bool written = variable->name.n && variable->name.p[0] != '@' && variable->name.p[0] != '_';
  if (written && !is_used(variable, scope))
    mf_diag_add(c->em->diags, MF_W_UNUSED_BINDING, variable->name_span, (int)variable->name.n,
                variable->name.p);
}
