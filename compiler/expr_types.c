/* SPDX-License-Identifier: MIT */
/* expr_types - the types of names, selections, literals and choices.
 *
 * One walk from the leaves up; whatever is not known is dyn, and dyn fits
 * everything: nothing is refused that some value could make right. */
#include "expr_checker.h"
#include "../base/limits.h"

static const mf_type *plain(mf_type_kind kind) { return mf_type_plain(kind); }

const char *mf_check_text(mf_checker *c, const mf_type *t) {
  return mf_type_text(c->arena, mf_type_resolved(&c->vars, t, true));
}

const mf_type *mf_check_no_overload(mf_checker *c, mf_span span, mf_str what,
                                    const mf_type *const *types, uint32_t count, const char *hint) {
  const char *list = "";
  if (mf_arena_oom(c->arena)) return plain(MF_TYPE_ERROR); /* then nothing fits */
  for (uint32_t i = 0; i < count && list; i++)
    list = mf_arena_printf(c->arena, "%s%s%s", list, i ? ", " : "", mf_check_text(c, types[i]));
  mf_diag_add_hint(c->em->diags, MF_E_NO_OVERLOAD, span, hint, (int)what.n, what.p,
                   list ? list : "");
  return plain(MF_TYPE_ERROR);
}

/* ---- names ---- */

static const uint8_t kinds[] = {
    [MF_NULL] = MF_TYPE_NULL,         [MF_BOOL] = MF_TYPE_BOOL,
    [MF_INT] = MF_TYPE_INT,           [MF_UINT] = MF_TYPE_UINT,
    [MF_DOUBLE] = MF_TYPE_DOUBLE,     [MF_STRING] = MF_TYPE_STRING,
    [MF_BYTES] = MF_TYPE_BYTES,       [MF_LIST] = MF_TYPE_LIST,
    [MF_MAP] = MF_TYPE_MAP,           [MF_TIMESTAMP] = MF_TYPE_TIMESTAMP,
    [MF_DURATION] = MF_TYPE_DURATION, [MF_TYPE] = MF_TYPE_TYPE,
    [MF_OPTIONAL] = MF_TYPE_OPTIONAL,
};

mf_kind mf_type_value_kind(mf_type_kind kind) {
  for (uint8_t i = MF_NULL; i < sizeof kinds; i++)
    if (kinds[i] == kind) return (mf_kind)i;
  return MF_UNSET;
}

static const mf_type *type_of_value(mf_checker *c, const mf_value *v) {
  if (v->kind != MF_TYPE)
    return plain(v->kind < sizeof kinds ? (mf_type_kind)kinds[v->kind] : MF_TYPE_DYN);
  const mf_type *named = mf_type_parse(c->arena, (mf_str){v->as.s, v->len});
  return mf_type_with(c->arena, MF_TYPE_TYPE, named ? named : plain(MF_TYPE_DYN), NULL);
}

/* What the names of a chain that env knows come to. */
static const mf_type *type_of_ref(mf_checker *c, const mf_ref *ref) {
  const mf_names_env *env = c->em->env;
  if (ref->kind == MF_REF_UNKNOWN) return plain(MF_TYPE_ERROR);
  if (ref->kind == MF_REF_CONSTANT) return type_of_value(c, &ref->value);
  const mf_type *t = env->type_of ? env->type_of(env->ctx, ref) : NULL;
  return t ? t : plain(MF_TYPE_DYN);
}

/* ---- selections ---- */

const mf_type *mf_check_unwrapped(mf_checker *c, const mf_type *t, bool *optional) {
  t = mf_check_seen(c, t);
  *optional = t->kind == MF_TYPE_OPTIONAL;
  return *optional ? mf_check_seen(c, t->args[0]) : t;
}

static const mf_type *wrapped(mf_checker *c, const mf_type *t, bool optional) {
  return optional ? mf_type_with(c->arena, MF_TYPE_OPTIONAL, t, NULL) : t;
}

/* t.hours is t.getHours(). */
static const char *accessor_for(mf_checker *c, mf_str name) {
  for (int plural = 0; plural < 2; plural++) {
    const char *s = plural ? "s" : "";
    const char *getter = mf_arena_printf(c->arena, "get%c%.*s%s", name.p[0] & ~0x20,
                                         (int)name.n - 1, name.p + 1, s);
    if (getter && mf_expr_names_function(mf_str_of(getter)))
      return mf_arena_printf(c->arena, "write .%s()", getter);
  }
  return mf_str_is(name, "year") ? "write .getFullYear()" : NULL;
}

/* What other languages have as a field. */
static const char *hint_for_field(mf_checker *c, const mf_expr *e, const mf_type *of) {
  static const char *const sizes[] = {"size", "length", "len", "count"};
  mf_str name = e->name;
  bool has_size = of->kind == MF_TYPE_STRING || of->kind == MF_TYPE_BYTES ||
                  of->kind == MF_TYPE_LIST;
  for (size_t i = 0; has_size && i < sizeof sizes / sizeof sizes[0]; i++)
    if (mf_str_is(name, sizes[i])) return "write size(x)";
  if (of->kind == MF_TYPE_TIMESTAMP || of->kind == MF_TYPE_DURATION) return accessor_for(c, name);
  if (mf_expr_names_function(name))
    return mf_arena_printf(c->arena, "write .%.*s()", (int)name.n, name.p);
  if (of->kind == MF_TYPE_LIST) return "an element is [i], those of all .map(x, ...)";
  return NULL;
}

/* The field of a value of type `of`; e is the selection. */
static const mf_type *type_of_field(mf_checker *c, const mf_expr *e, const mf_type *of) {
  bool optional;
  const mf_type *in = mf_check_unwrapped(c, of, &optional);
  optional |= (e->flags & MF_EXPR_OPTIONAL) != 0;
  /* What a variable will stand for is not known: from here on it is dyn. */
  if (in->kind == MF_TYPE_VAR) mf_check_fits(c, plain(MF_TYPE_DYN), in);
  if (in->kind == MF_TYPE_MAP) {
    bool has_text_keys = mf_check_fits(c, plain(MF_TYPE_STRING), in->args[0]);
    if (has_text_keys || c->em->strict_cel) /* CEL takes any map */
      return wrapped(c, in->args[1], optional);
  } else if (in->kind == MF_TYPE_VAR || mf_type_is_dyn(in)) {
    return wrapped(c, plain(MF_TYPE_DYN), optional);
  }
  mf_diag_add_hint(c->em->diags, MF_E_NO_FIELDS, e->name_span, hint_for_field(c, e, in),
                   mf_check_text(c, in), (int)e->name.n, e->name.p);
  return plain(MF_TYPE_ERROR);
}

static const mf_type *select_or_index(mf_checker *c, mf_expr *e, const mf_type *of) {
  if (e->kind == MF_EXPR_SELECT) return type_of_field(c, e, of);
  return mf_check_index(c, e, of, mf_check_expr(c, e->first->next));
}

/* Selections behind the names that a ref covers. */
static const mf_type *type_of_chain(mf_checker *c, mf_expr *e, const mf_ref *ref, uint32_t rest) {
  const mf_type *t = rest == 0 ? type_of_ref(c, ref)
                               : select_or_index(c, e, type_of_chain(c, e->first, ref, rest - 1));
  e->type = t;
  return t;
}

static const mf_type *type_of_name(mf_checker *c, mf_expr *e) {
  uint32_t count = mf_expr_chain_length(e);
  if (count == 0) return select_or_index(c, e, mf_check_expr(c, e->first));
  mf_ref ref = mf_expr_resolve(c->em, e, count);
  return type_of_chain(c, e, &ref, count - ref.used);
}

/* ---- literals ---- */

const mf_type *mf_check_join(mf_checker *c, const mf_type *a, const mf_type *b) {
  if (a == NULL) return b;
  if (mf_check_fits(c, a, b)) return mf_type_general(a, b);
  return plain(MF_TYPE_DYN);
}

/* ?e: e is an optional, or nobody knows. */
static const mf_type *optional_element(mf_checker *c, const mf_expr *marked, const mf_expr *e,
                                       const mf_type *t) {
  bool optional;
  if (!(marked->flags & MF_EXPR_ELEMENT)) return t;
  const mf_type *in = mf_check_unwrapped(c, t, &optional);
  if (optional || mf_type_is_dyn(in) || in->kind == MF_TYPE_VAR)
    return optional ? in : plain(MF_TYPE_DYN);
  mf_diag_add_hint(c->em->diags, MF_E_NOT_OPTIONAL, e->span, "leave the '?' out",
                   mf_check_text(c, in));
  return plain(MF_TYPE_ERROR);
}

static const mf_type *type_of_list(mf_checker *c, mf_expr *e) {
  const mf_type *joined = NULL;
  for (mf_expr *child = e->first; child; child = child->next) {
    const mf_type *t = mf_check_expr(c, child);
    joined = mf_check_join(c, joined, optional_element(c, child, child, t));
  }
  return mf_check_list_of(c, joined ? joined : mf_type_var_new(&c->vars));
}

/* Keys of other types are errors when the code runs.  They are dyn here, so that
 * the types of {a: a} in {b: b} in {c: c} do not double with each. */
static const mf_type *key_type(mf_checker *c, const mf_type *type) {
  const mf_type *t = mf_check_seen(c, type);
  return t->count > 0 || t->kind == MF_TYPE_ABSTRACT ? plain(MF_TYPE_DYN) : t;
}

static const mf_type *type_of_map(mf_checker *c, mf_expr *e) {
  const mf_type *keys = NULL, *values = NULL;
  for (mf_expr *key = e->first; key; key = key->next->next) {
    keys = mf_check_join(c, keys, key_type(c, mf_check_expr(c, key)));
    const mf_type *value = mf_check_expr(c, key->next);
    values = mf_check_join(c, values, optional_element(c, key, key->next, value));
  }
  if (keys == NULL) keys = mf_type_var_new(&c->vars), values = mf_type_var_new(&c->vars);
  return mf_type_with(c->arena, MF_TYPE_MAP, keys, values);
}

static void check_children(mf_checker *c, mf_expr *e) {
  for (mf_expr *child = e->first; child; child = child->next) mf_check_expr(c, child);
}

/* ---- choices ---- */

void mf_check_condition(mf_checker *c, mf_expr *e) {
  const mf_type *t = mf_check_expr(c, e);
  if (mf_check_fits(c, t, plain(MF_TYPE_BOOL))) return;
  mf_diag_add(c->em->diags, MF_E_NOT_BOOL, e->span, mf_check_text(c, t));
}

static const mf_type *type_of_choice(mf_checker *c, mf_expr *e) {
  mf_expr *then = e->first->next, *otherwise = then->next;
  mf_check_condition(c, e->first);
  const mf_type *a = mf_check_expr(c, then), *b = mf_check_expr(c, otherwise);
  mf_warn_of_choice(c, e);
  if (mf_check_fits(c, a, b)) return mf_type_general(a, b);
  if (!c->em->strict_cel) return plain(MF_TYPE_DYN);
  mf_diag_add_hint(c->em->diags, MF_E_BRANCH_TYPES, e->span, "write dyn() around one of them",
                   mf_check_text(c, a), mf_check_text(c, b));
  return plain(MF_TYPE_ERROR);
}

/* ---- any expression ---- */

static const mf_type *type_of_node(mf_checker *c, mf_expr *e) {
  switch ((mf_expr_kind)e->kind) {
    case MF_EXPR_LITERAL: return type_of_value(c, &e->value);
    case MF_EXPR_IDENT:
    case MF_EXPR_SELECT:
    case MF_EXPR_INDEX: return type_of_name(c, e);
    case MF_EXPR_CALL: return mf_check_call(c, e);
    case MF_EXPR_UNARY: return mf_check_unary(c, e);
    case MF_EXPR_BINARY: return mf_check_binary(c, e);
    case MF_EXPR_CHOOSE: return type_of_choice(c, e);
    case MF_EXPR_LIST: return type_of_list(c, e);
    case MF_EXPR_MAP: return type_of_map(c, e);
    case MF_EXPR_LOOP: return mf_check_loop(c, e);
    case MF_EXPR_BIND: return mf_check_bind(c, e);
    case MF_EXPR_OPT_MAP: return mf_check_opt_map(c, e);
    case MF_EXPR_LOCAL: return e->variable->type ? e->variable->type : plain(MF_TYPE_DYN);
    case MF_EXPR_JOIN: check_children(c, e); return plain(MF_TYPE_STRING);
    case MF_EXPR_VAR:
    case MF_EXPR_MESSAGE:
    case MF_EXPR_ERROR: break;
  }
  return plain(MF_TYPE_ERROR);
}

const mf_type *mf_check_expr(mf_checker *c, mf_expr *e) {
  const mf_type *t = type_of_node(c, e);
  e->type = t;
  return t;
}

static void resolve_types(mf_checker *c, mf_expr *e) {
  if (e->type) e->type = mf_type_resolved(&c->vars, e->type, true);
  for (mf_expr *child = e->first; child; child = child->next) resolve_types(c, child);
}

const mf_type *mf_expr_types(mf_expr_emitter *em, mf_expr *e) {
  mf_checker c = {.em = em, .arena = em->arena, .vars = {.arena = em->arena}};
  mf_check_expr(&c, e);
  resolve_types(&c, e);
  return e->type;
}
