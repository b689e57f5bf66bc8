/* SPDX-License-Identifier: MIT */
/* expr_macros - calls that are macros: their first arguments are variables.
 *
 * They are recognised by name and number of arguments when a call has been read,
 * so from the inside out.  At once every use of a variable inside is bound to it:
 * what an inner macro has taken is no name any more, and shadowing needs no other
 * rule.  A name with a leading dot is never a variable. */
#include "expr_code.h"

/* ---- the macros ---- */

typedef enum action {
  NONE,
  LOOP,
  OPT_MAP,
  OPT_FLAT_MAP,
  BIND,
  BLOCK,
  TEMPORARY,
} action;

enum { MF_LOOP_KIND_NONE };

static const struct macro {
  const char *name;
  uint8_t length, argc, variables, action, kind;
} macros[] = {
#define MF_MACRO(name, argc, variables, action, kind, doc) \
  {name, sizeof(name) - 1, argc, variables, action, MF_LOOP_KIND_##kind},
#include "macros.def"
#undef MF_MACRO
};
enum { MACROS = sizeof macros / sizeof macros[0] };

/* The macro "space.name", or "name" of a receiver.  Nearly every call is none:
 * lengths tell that apart from text. */
static const struct macro *find(mf_str space, mf_str name, uint32_t argc) {
  for (size_t i = 0; i < MACROS; i++) {
    const struct macro *m = &macros[i];
    if (m->length != space.n + name.n || m->argc != argc) continue;
    if (memcmp(m->name, space.p, space.n) == 0 && memcmp(m->name + space.n, name.p, name.n) == 0)
      return m;
  }
  return NULL;
}

const char *mf_expr_macro_arguments(mf_str name) {
  static const char *const one[] = {"", "1 argument", "2 arguments", "3 arguments"};
  static const char *const two[] = {"", "", "2 or 3 arguments", "3 or 4 arguments"};
  const struct macro *first = NULL;
  for (size_t i = 0; i < MACROS; i++) {
    if (macros[i].action == NONE || !mf_str_is(name, macros[i].name)) continue;
    if (first) return two[first->argc];
    first = &macros[i];
  }
  return first ? one[first->argc] : NULL;
}

#define SHOWN(s) (int)((s).n < 40 ? (s).n : 40), (s).p

/* Reported; what is inside means nothing. */
static mf_expr *spoiled(mf_expr *e) {
  e->kind = MF_EXPR_ERROR;
  e->first = NULL;
  return e;
}

/* ---- variables ---- */

static bool is_temporary(const mf_expr *e) {
  return e->kind == MF_EXPR_IDENT && e->name.n && e->name.p[0] == '@';
}

/* Every name in e that is the variable's becomes a use of it.  A message's
 * fields look like names and are none. */
static void bind(mf_cel *p, mf_expr *e, const mf_expr *variable) {
  bool is_name = e->kind == MF_EXPR_IDENT && !(e->flags & MF_EXPR_LEADING_DOT) && !e->first;
  if (is_name && mf_str_eq(e->name, variable->name)) {
    p->temporaries -= is_temporary(e);
    e->kind = MF_EXPR_LOCAL;
    e->variable = variable;
  }
  for (mf_expr *child = e->first; child; child = child->next) bind(p, child, variable);
}

/* Makes a name the declaration of a variable; reports what is none. */
static bool declare(mf_cel *p, const mf_expr *call, mf_expr *e) {
  if (e->kind == MF_EXPR_IDENT && !(e->flags & MF_EXPR_LEADING_DOT)) {
    p->temporaries -= is_temporary(e);
    e->kind = MF_EXPR_VAR;
    return true;
  }
  if (e->kind != MF_EXPR_ERROR)
    mf_diag_add(p->diags, MF_E_MACRO_VARIABLE, e->span, SHOWN(call->name));
  return false;
}

static void bind_rest(mf_cel *p, mf_expr *first, const mf_expr *variable) {
  for (; first; first = first->next) bind(p, first, variable);
}

/* ---- loops ---- */

static mf_expr *loop(mf_cel *p, mf_expr *call, const struct macro *m) {
  mf_expr *x = call->first->next, *y = m->variables == 2 ? x->next : NULL;
  if (!declare(p, call, x) || (y && !declare(p, call, y))) return spoiled(call);
  if (y && mf_str_eq(x->name, y->name)) {
    mf_diag_add(p->diags, MF_E_MACRO_SAME_NAME, y->span, SHOWN(call->name), SHOWN(y->name));
    return spoiled(call);
  }
  bind_rest(p, x->next, x);
  if (y) bind_rest(p, y->next, y);
  call->kind = MF_EXPR_LOOP;
  call->op = m->kind;
  return call;
}

/* ---- optionals ---- */

static mf_expr *opt_map(mf_cel *p, mf_expr *call, bool flat) {
  mf_expr *x = call->first->next;
  if (!declare(p, call, x)) return spoiled(call);
  bind_rest(p, x->next, x);
  call->kind = MF_EXPR_OPT_MAP;
  call->op = flat;
  return call;
}

/* ---- cel.bind and cel.block ---- */

static mf_expr *cel_bind(mf_cel *p, mf_expr *call) {
  mf_expr *x = call->first->next, *value = x->next;
  if (!declare(p, call, x)) return spoiled(call);
  bind(p, value->next, x); /* the value itself is outside */
  call->kind = MF_EXPR_BIND;
  call->first = x;
  return call;
}

/* cel.index(2), cel.iterVar(0, 1), cel.accuVar(0, 1): names that nobody can
 * write otherwise. */
static mf_expr *temporary(mf_cel *p, mf_expr *call) {
  mf_expr *a = call->first->next, *b = a->next;
  for (const mf_expr *e = a; e; e = e->next)
    if (e->kind != MF_EXPR_LITERAL || e->value.kind != MF_INT || e->value.as.i < 0) {
      mf_diag_add(p->diags, MF_E_BLOCK_INDEX, e->span, SHOWN(call->name));
      return spoiled(call);
    }
  const char *name = mf_arena_printf(p->arena, "@%.*s %lld %lld", SHOWN(call->name),
                                     (long long)a->value.as.i, b ? (long long)b->value.as.i : 0LL);
  if (name == NULL) return spoiled(call);
  call->kind = MF_EXPR_IDENT;
  call->flags = 0;
  call->first = NULL;
  call->name = mf_str_of(name);
  call->value = a->value;
  p->temporaries++;
  return call;
}

/* A block: its values' variables. */
typedef struct block {
  mf_expr **variables;
  uint32_t count; /* of them that have a value so far */
} block;

static bool is_index(const mf_expr *e) {
  return is_temporary(e) && mf_str_starts(e->name, MF_STR("@index "));
}

/* All variables in one walk: a block may have hundreds. */
static void bind_block(mf_cel *p, mf_expr *e, const block *b) {
  if (is_index(e) && (uint64_t)e->value.as.i < b->count) {
    p->temporaries--;
    e->kind = MF_EXPR_LOCAL;
    e->variable = b->variables[e->value.as.i];
  }
  for (mf_expr *child = e->first; child; child = child->next) bind_block(p, child, b);
}

static mf_expr *block_variable(mf_cel *p, const mf_expr *value) {
  mf_expr *x = MF_NEW(p->arena, mf_expr);
  if (x == NULL) return NULL;
  x->kind = MF_EXPR_VAR;
  x->depth = 1;
  x->span = x->name_span = value->span;
  x->name = MF_STR("@index");
  return x;
}

static mf_expr *cel_block(mf_cel *p, mf_expr *call) {
  mf_expr *list = call->first->next, *body = list->next, **tail = &call->first;
  if (list->kind != MF_EXPR_LIST) {
    mf_diag_add(p->diags, MF_E_BLOCK_LIST, list->span);
    return spoiled(call);
  }
  block b = {MF_NEW_ARRAY(p->arena, mf_expr *, mf_expr_count(list->first) + 1), 0};
  if (b.variables == NULL) return spoiled(call);
  for (mf_expr *value = list->first, *next; value; value = next) {
    mf_expr *x = block_variable(p, value);
    if (x == NULL) return spoiled(call);
    bind_block(p, value, &b);
    b.variables[b.count++] = x;
    next = value->next;
    *tail = x;
    x->next = value;
    tail = &value->next;
  }
  *tail = body;
  bind_block(p, body, &b);
  call->kind = MF_EXPR_BIND;
  return call;
}

void mf_cel_check_temporaries(mf_cel *p, mf_expr *e) {
  for (mf_expr *child = e->first; child; child = child->next) mf_cel_check_temporaries(p, child);
  if (!is_temporary(e)) return;
  size_t n = 1;
  while (e->name.p[n] != ' ') n++;
  mf_diag_add(p->diags, MF_E_BLOCK_OUTSIDE, e->span, (int)n - 1, e->name.p + 1);
  spoiled(e);
}

/* ---- math.greatest and math.least ---- */

static const char *not_a_number(const mf_expr *e) {
  switch ((mf_expr_kind)e->kind) {
    case MF_EXPR_LIST: return "a list beside others";
    case MF_EXPR_MAP: return "a map";
    case MF_EXPR_LITERAL: break;
    default: return NULL;
  }
  switch ((mf_kind)e->value.kind) {
    case MF_INT:
    case MF_UINT:
    case MF_DOUBLE: return NULL;
    case MF_NULL: return "null";
    case MF_BOOL: return "a bool";
    case MF_STRING: return "text";
    default: return "bytes";
  }
}

static mf_expr *extreme(mf_cel *p, mf_expr *call) {
  mf_expr *args = call->first->next;
  bool is_list = args && args->next == NULL && args->kind == MF_EXPR_LIST;
  if (is_list && args->first == NULL) {
    mf_diag_add(p->diags, MF_E_NOT_NUMBERS, args->span, SHOWN(call->name), "an empty list");
    return spoiled(call);
  }
  for (const mf_expr *e = is_list ? args->first : args; e; e = e->next) {
    const char *what = not_a_number(e);
    if (what == NULL) continue;
    mf_diag_add(p->diags, MF_E_NOT_NUMBERS, e->span, SHOWN(call->name), what);
    return spoiled(call);
  }
  return call;
}

/* ---- any call ---- */

static bool is_named(const mf_expr *e, const char *name) {
  return e->kind == MF_EXPR_IDENT && !(e->flags & MF_EXPR_LEADING_DOT) && mf_str_is(e->name, name);
}

static bool compares(const mf_expr *call) {
  return mf_str_is(call->name, "greatest") || mf_str_is(call->name, "least");
}

static mf_expr *expand(mf_cel *p, mf_expr *call, const struct macro *m) {
  switch ((action)m->action) {
    case LOOP: return loop(p, call, m);
    case OPT_MAP: return opt_map(p, call, false);
    case OPT_FLAT_MAP: return opt_map(p, call, true);
    case BIND: return cel_bind(p, call);
    case BLOCK: return cel_block(p, call);
    case TEMPORARY: return temporary(p, call);
    case NONE: break;
  }
  return call;
}

mf_expr *mf_cel_macro(mf_cel *p, mf_expr *call) {
  if (p->failed || !(call->flags & MF_EXPR_RECEIVER)) return call;
  if (is_named(call->first, "math") && compares(call)) return extreme(p, call);
  const uint32_t argc = mf_expr_count(call->first) - 1;
  const struct macro *m = NULL;
  if (is_named(call->first, "cel")) m = find(MF_STR("cel."), call->name, argc);
  if (m == NULL) m = find(MF_STR(""), call->name, argc);
  return m ? expand(p, call, m) : call;
}
