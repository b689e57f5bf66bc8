/* expr_types - the types of expressions: gradual, as CEL's language definition has it.
 *
 * A type that is not known is dyn, and fits everything.  Type variables stand
 * for types that are found out while an expression is checked: the variable of
 * [] is the type of whatever is put into the list later.
 *
 * expr_type_text.c   types as text
 * expr_unify.c       which type fits which
 * expr_signatures.c  the overloads of functions.def
 * expr_types.c       the checker: names, selections, literals
 * expr_operators.c   operators
 * expr_type_calls.c  functions
 * expr_type_macros.c loops, cel.bind, optMap
 * expr_warnings.c    what is right, but surely not meant */
#ifndef MF_COMPILER_EXPR_TYPES_H
#define MF_COMPILER_EXPR_TYPES_H
#include "expr.h"

typedef enum mf_type_kind {
  MF_TYPE_DYN,
  MF_TYPE_ERROR, /* of what was reported: fits everything */
  MF_TYPE_NULL,
  MF_TYPE_BOOL,
  MF_TYPE_INT,
  MF_TYPE_UINT,
  MF_TYPE_DOUBLE,
  MF_TYPE_NUMBER, /* int, uint or double: metrics; and in signatures */
  MF_TYPE_STRING,
  MF_TYPE_BYTES,
  MF_TYPE_TIMESTAMP,
  MF_TYPE_DURATION,
  MF_TYPE_TYPE,     /* type(T), or type */
  MF_TYPE_LIST,     /* list(T) */
  MF_TYPE_MAP,      /* map(K, V) */
  MF_TYPE_OPTIONAL, /* optional_type(T) */
  MF_TYPE_ABSTRACT, /* name(T, ...) */
  MF_TYPE_VAR,      /* of a signature: name; while checking: number */
} mf_type_kind;

struct mf_type {
  uint8_t kind;
  uint32_t count; /* of args */
  uint32_t number;
  mf_str name;
  const mf_type *args[3]; /* more are not asked for */
};

/* The type without parameters of a kind. */
const mf_type *mf_type_plain(mf_type_kind kind);
const mf_type *mf_type_with(mf_arena *arena, mf_type_kind kind, const mf_type *a, const mf_type *b);
static inline bool mf_type_is_dyn(const mf_type *t) { return t->kind <= MF_TYPE_ERROR; }
static inline bool mf_type_is_number(const mf_type *t) {
  return t->kind >= MF_TYPE_INT && t->kind <= MF_TYPE_NUMBER;
}

/* ---- expr_type_text.c ---- */

/* "map(string, list(int))"; single capital letters, and param(T), are variables.
 * NULL when the text is no type. */
const mf_type *mf_type_parse(mf_arena *arena, mf_str text);
/* The same from *at on, which is moved behind the type. */
const mf_type *mf_type_read(mf_arena *arena, mf_str text, size_t *at);
/* The kind of the type that the text begins with, without its parameters. */
mf_type_kind mf_type_first(mf_str text);
void mf_type_write(mf_buf *out, const mf_type *type);
/* "map(string, int)", in the arena. */
const char *mf_type_text(mf_arena *arena, const mf_type *type);

/* ---- expr_unify.c ---- */

/* What the variables of one check stand for. */
typedef struct mf_type_vars {
  mf_arena *arena;
  const mf_type **bound; /* by number; NULL: nothing yet */
  uint32_t count, cap;
  /* Numbers bound since the start of a trial, with what was there before. */
  struct mf_type_undo {
    uint32_t number;
    const mf_type *before;
  } * undo;
  uint32_t undo_count, undo_cap;
} mf_type_vars;

const mf_type *mf_type_var_new(mf_type_vars *vars);
/* Whether values of type `given` can stand where `wanted` is asked for; binds
 * variables of both when they can, and none when they cannot. */
bool mf_type_fits(mf_type_vars *vars, const mf_type *given, const mf_type *wanted);
/* All of `given` for all of `wanted`, or nothing. */
bool mf_types_fit(mf_type_vars *vars, const mf_type *const *given, const mf_type *const *wanted,
                  uint32_t count);
/* Without the variables that are bound; those that are not stay, or become dyn. */
const mf_type *mf_type_resolved(mf_type_vars *vars, const mf_type *type, bool to_dyn);
/* The type as far as its kind is known: variables followed. */
const mf_type *mf_type_seen(const mf_type_vars *vars, const mf_type *type);
/* The one of two types that fit each other that says less. */
const mf_type *mf_type_general(const mf_type *a, const mf_type *b);
bool mf_type_same(const mf_type *a, const mf_type *b);
/* A signature's type with variables of its own: `names` maps the letters. */
typedef struct mf_type_fresh {
  mf_str names[8];
  const mf_type *vars[8];
  uint32_t count;
} mf_type_fresh;
const mf_type *mf_type_instance(mf_type_vars *vars, mf_type_fresh *fresh, const mf_type *type);

/* ---- expr_types.c ---- */

/* The type of e, all variables resolved; sets the `type` of every node.  Reports
 * what cannot be right whatever the values are.  Names are resolved by em->env,
 * which reports unknown ones. */
const mf_type *mf_expr_types(mf_expr_emitter *em, mf_expr *e);

/* The kind of all values of a type; MF_UNSET when they may have several. */
mf_kind mf_type_value_kind(mf_type_kind kind);

/* ---- program_names.c ---- */

/* int, google.protobuf.Timestamp ...: whether the chain begins with the name of a
 * type in this namespace, and which. */
bool mf_expr_type_named(mf_str in, const mf_str *names, uint32_t count, mf_ref *ref);
#endif
