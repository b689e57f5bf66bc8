/* expr_checker - what the parts of the type checker share. */
#ifndef MF_COMPILER_EXPR_CHECKER_H
#define MF_COMPILER_EXPR_CHECKER_H
#include "expr_code.h"
#include "expr_types.h"

typedef struct mf_checker {
  mf_expr_emitter *em;
  mf_arena *arena;
  mf_type_vars vars;
  const mf_expr *denied; /* the left side of the `in` that is looked at, if it is !x */
} mf_checker;

/* ---- expr_types.c ---- */

/* The type of e, with variables; never NULL. */
const mf_type *mf_check_expr(mf_checker *c, mf_expr *e);
/* e must be a bool: a condition. */
void mf_check_condition(mf_checker *c, mf_expr *e);
/* The type of elements that may have either type. */
const mf_type *mf_check_join(mf_checker *c, const mf_type *a, const mf_type *b);
/* optional(T) gives T and *optional; others themselves. */
const mf_type *mf_check_unwrapped(mf_checker *c, const mf_type *t, bool *optional);
/* The type as it is known now, as text. */
const char *mf_check_text(mf_checker *c, const mf_type *t);
/* "no matching overload for 'what' (int, string)"; the error type. */
const mf_type *mf_check_no_overload(mf_checker *c, mf_span span, mf_str what,
                                    const mf_type *const *types, uint32_t count, const char *hint);
static inline const mf_type *mf_check_seen(const mf_checker *c, const mf_type *t) {
  return mf_type_seen(&c->vars, t);
}
static inline bool mf_check_fits(mf_checker *c, const mf_type *given, const mf_type *wanted) {
  return mf_type_fits(&c->vars, given, wanted);
}
/* !x in y, where !(x in y) was meant. */
static inline bool mf_expr_denies_left(const mf_expr *e) {
  const mf_expr *left = e->first;
  return e->kind == MF_EXPR_BINARY && e->op == MF_OP_IN && left->kind == MF_EXPR_UNARY &&
         left->op == MF_OP_NOT && !(left->flags & MF_EXPR_PARENTHESES);
}
/* x < y and the like. */
static inline bool mf_expr_is_relation(const mf_expr *e) {
  return e->kind == MF_EXPR_BINARY && e->op >= MF_OP_LT && e->op <= MF_OP_GE;
}
static inline const mf_type *mf_check_list_of(mf_checker *c, const mf_type *element) {
  return mf_type_with(c->arena, MF_TYPE_LIST, element, NULL);
}

/* ---- expr_operators.c ---- */

const mf_type *mf_check_unary(mf_checker *c, mf_expr *e);
const mf_type *mf_check_binary(mf_checker *c, mf_expr *e);
/* e is the index expression; the types of what is indexed and of the index. */
const mf_type *mf_check_index(mf_checker *c, mf_expr *e, const mf_type *of, const mf_type *index);

/* ---- expr_warnings.c ---- */

/* Of what is right, but surely not meant.  The types are those of the operands. */
void mf_warn_of_relation(mf_checker *c, const mf_expr *e, const mf_type *const *types);
void mf_warn_of_logic(mf_checker *c, const mf_expr *e);
void mf_warn_of_in(mf_checker *c, const mf_expr *e);
void mf_warn_of_choice(mf_checker *c, const mf_expr *e);
/* Variables of a macro from `first` on that nothing behind them uses. */
void mf_warn_of_unused(mf_checker *c, const mf_expr *variable, const mf_expr *scope);

/* ---- expr_type_calls.c ---- */

const mf_type *mf_check_call(mf_checker *c, mf_expr *e);

/* ---- expr_type_macros.c ---- */

const mf_type *mf_check_loop(mf_checker *c, mf_expr *e);
const mf_type *mf_check_bind(mf_checker *c, mf_expr *e);
const mf_type *mf_check_opt_map(mf_checker *c, mf_expr *e);

/* ---- expr_signatures.c ---- */

enum { MF_MAX_PARAMS = 8 };
typedef struct mf_overload {
  bool receiver; /* the first parameter is one */
  bool repeats;  /* the last parameter */
  uint32_t count;
  const mf_type *params[MF_MAX_PARAMS];
  const mf_type *result;
} mf_overload;
/* The overload of `spelling` at *at of the signatures; moves *at behind it.
 * False at the end, or where the text is malformed. */
bool mf_overload_read(mf_arena *arena, mf_str signatures, mf_str spelling, size_t *at,
                      mf_overload *out);
/* The kind of all its results that are no errors; MF_UNSET when they differ. */
mf_kind mf_function_kind(uint32_t code);
/* The signatures of function `code` (functions.def) and its spelling. */
mf_str mf_function_signatures(uint32_t code, mf_str *spelling);
#endif
