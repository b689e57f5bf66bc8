/* SPDX-License-Identifier: MIT */
/* expr_unify - which types fit which, and what variables then stand for.
 *
 * A trial that fails takes back every variable it has bound: overloads are tried
 * one after the other. */
#include "expr_types.h"

/* ---- variables ---- */

static void *grow(mf_arena *arena, const void *old, uint32_t count, uint32_t *cap, size_t size) {
  uint32_t more = *cap ? *cap * 2 : 16;
  void *p = mf_arena_array(arena, size, more);
  if (p == NULL) return NULL;
  if (count) memcpy(p, old, count * size);
  *cap = more;
  return p;
}

const mf_type *mf_type_var_new(mf_type_vars *vars) {
  if (vars->count == vars->cap) {
    const mf_type **bound = grow(vars->arena, vars->bound, vars->count, &vars->cap, sizeof *bound);
    if (bound == NULL) return mf_type_plain(MF_TYPE_DYN);
    vars->bound = bound;
  }
  mf_type *t = MF_NEW(vars->arena, mf_type);
  if (t == NULL) return mf_type_plain(MF_TYPE_DYN);
  *t = (mf_type){.kind = MF_TYPE_VAR, .number = vars->count, .name = MF_STR("A")};
  vars->bound[vars->count++] = NULL;
  return t;
}

static void bind(mf_type_vars *vars, const mf_type *var, const mf_type *to) {
  if (vars->undo_count == vars->undo_cap) {
    struct mf_type_undo *undo = grow(vars->arena, vars->undo, vars->undo_count, &vars->undo_cap,
                                     sizeof *undo);
    if (undo == NULL) return;
    vars->undo = undo;
  }
  vars->undo[vars->undo_count++] = (struct mf_type_undo){var->number, vars->bound[var->number]};
  vars->bound[var->number] = to;
}

static void take_back(mf_type_vars *vars, uint32_t mark) {
  while (vars->undo_count > mark) {
    struct mf_type_undo *u = &vars->undo[--vars->undo_count];
    vars->bound[u->number] = u->before;
  }
}

static bool is_var(const mf_type *t) { return t->kind == MF_TYPE_VAR; }

const mf_type *mf_type_seen(const mf_type_vars *vars, const mf_type *t) {
  while (is_var(t) && vars->bound[t->number]) t = vars->bound[t->number];
  return t;
}

const mf_type *mf_type_resolved(mf_type_vars *vars, const mf_type *type, bool to_dyn) {
  const mf_type *t = mf_type_seen(vars, type);
  if (is_var(t)) return to_dyn ? mf_type_plain(MF_TYPE_DYN) : t;
  if (t->count == 0) return t;
  mf_type *copy = MF_NEW(vars->arena, mf_type);
  if (copy == NULL) return t;
  *copy = *t;
  for (uint32_t i = 0; i < t->count; i++)
    copy->args[i] = mf_type_resolved(vars, t->args[i], to_dyn);
  return copy;
}

static const mf_type *fresh_for(mf_type_vars *vars, mf_type_fresh *fresh, mf_str name) {
  enum { MOST = sizeof fresh->names / sizeof fresh->names[0] };
  for (uint32_t i = 0; i < fresh->count; i++)
    if (mf_str_eq(fresh->names[i], name)) return fresh->vars[i];
  if (fresh->count == MOST) return mf_type_plain(MF_TYPE_DYN);
  fresh->names[fresh->count] = name;
  return fresh->vars[fresh->count++] = mf_type_var_new(vars);
}

const mf_type *mf_type_instance(mf_type_vars *vars, mf_type_fresh *fresh, const mf_type *type) {
  if (is_var(type)) return fresh_for(vars, fresh, type->name);
  if (type->count == 0) return type;
  mf_type *copy = MF_NEW(vars->arena, mf_type);
  if (copy == NULL) return type;
  *copy = *type;
  for (uint32_t i = 0; i < type->count; i++)
    copy->args[i] = mf_type_instance(vars, fresh, type->args[i]);
  return copy;
}

/* ---- comparing ---- */

bool mf_type_same(const mf_type *a, const mf_type *b) {
  if (a == b) return true;
  if (a->kind != b->kind || a->count != b->count) return false;
  if (a->kind == MF_TYPE_VAR && a->number != b->number) return false;
  if (a->kind == MF_TYPE_ABSTRACT && !mf_str_eq(a->name, b->name)) return false;
  for (uint32_t i = 0; i < a->count; i++)
    if (!mf_type_same(a->args[i], b->args[i])) return false;
  return true;
}

static bool says_less(const mf_type *a, const mf_type *b) {
  if (a->kind == MF_TYPE_DYN || is_var(a) || b->kind == MF_TYPE_NULL) return true;
  if (a->kind == MF_TYPE_NUMBER && mf_type_is_number(b)) return true;
  if (b->kind == MF_TYPE_DYN || is_var(b) || a->kind != b->kind || a->count != b->count)
    return false;
  for (uint32_t i = 0; i < a->count; i++)
    if (!says_less(a->args[i], b->args[i])) return false;
  return a->kind != MF_TYPE_ABSTRACT || mf_str_eq(a->name, b->name);
}

const mf_type *mf_type_general(const mf_type *a, const mf_type *b) {
  return says_less(a, b) ? a : b;
}

static bool occurs(const mf_type_vars *vars, const mf_type *var, const mf_type *in) {
  if (mf_type_same(var, in)) return true;
  if (is_var(in)) return vars->bound[in->number] && occurs(vars, var, vars->bound[in->number]);
  for (uint32_t i = 0; i < in->count; i++)
    if (occurs(vars, var, in->args[i])) return true;
  return false;
}

/* ---- fitting ---- */

static bool fits(mf_type_vars *vars, const mf_type *a, const mf_type *b);

/* Whether t can be what `var` stands for; *known: it stood for something. */
static bool fits_var(mf_type_vars *vars, const mf_type *t, const mf_type *var, bool *known) {
  const mf_type *stands_for = vars->bound[var->number];
  *known = true;
  if (mf_type_same(t, var)) return true;
  if (stands_for) {
    if (mf_type_same(t, stands_for)) return true;
    if (!fits(vars, t, stands_for)) return false;
    const mf_type *general = mf_type_general(t, stands_for);
    if (!occurs(vars, var, general)) bind(vars, var, general);
    return true;
  }
  *known = false;
  if (occurs(vars, var, t)) return false;
  bind(vars, var, t);
  return true;
}

static bool takes_null(const mf_type *t) {
  return t->kind == MF_TYPE_NULL || t->kind == MF_TYPE_TIMESTAMP || t->kind == MF_TYPE_DURATION ||
         t->kind == MF_TYPE_OPTIONAL || t->kind == MF_TYPE_ABSTRACT;
}

static bool fits_parts(mf_type_vars *vars, const mf_type *a, const mf_type *b) {
  bool any_number = a->kind == MF_TYPE_NUMBER || b->kind == MF_TYPE_NUMBER;
  if (any_number) return mf_type_is_number(a) && mf_type_is_number(b);
  if (a->kind != b->kind) return false;
  if (a->kind == MF_TYPE_TYPE) return true;
  if (a->count != b->count) return false;
  if (a->kind == MF_TYPE_ABSTRACT && !mf_str_eq(a->name, b->name)) return false;
  for (uint32_t i = 0; i < a->count; i++)
    if (!fits(vars, a->args[i], b->args[i])) return false;
  return true;
}

static bool fits(mf_type_vars *vars, const mf_type *a, const mf_type *b) {
  bool known;
  if (is_var(b)) {
    if (fits_var(vars, a, b, &known)) return true;
    if (known) return false;
  }
  if (is_var(a)) return fits_var(vars, b, a, &known);
  if (mf_type_is_dyn(a) || mf_type_is_dyn(b)) return true;
  if (a->kind == MF_TYPE_NULL) return takes_null(b);
  if (b->kind == MF_TYPE_NULL) return takes_null(a);
  return fits_parts(vars, a, b);
}

bool mf_types_fit(mf_type_vars *vars, const mf_type *const *given, const mf_type *const *wanted,
                  uint32_t count) {
  uint32_t mark = vars->undo_count;
  for (uint32_t i = 0; i < count; i++) {
    if (fits(vars, given[i], wanted[i])) continue;
    take_back(vars, mark);
    return false;
  }
  return true;
}

bool mf_type_fits(mf_type_vars *vars, const mf_type *given, const mf_type *wanted) {
  return mf_types_fit(vars, &given, &wanted, 1);
}
