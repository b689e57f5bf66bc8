/* program - expressions on their own: what mf_program_compile_with, the checker
 * and the tools share.
 *
 * program.c compiles, program_names.c says what names mean, program_functions.c what
 * calls mean. */
#ifndef MF_COMPILER_PROGRAM_H
#define MF_COMPILER_PROGRAM_H
#include "expr_code.h"

/* One compilation of one expression. */
typedef struct mf_unit {
  mf_arena arena;
  mf_diags diags;
  mf_builder *builder;
  const mf_program_options *options;
  mf_str text;
  mf_str container;
  mf_names slots;        /* name to slot */
  bool has_dots;         /* in any of them */
  const mf_type **types; /* of each slot; NULL: all dyn */
  mf_names_env env;
  mf_expr_emitter emitter;
} mf_unit;

/* Errors: EXPRESSION_INVALID (too large), OUT_OF_MEMORY; close it in any case. */
mf_status mf_unit_open(mf_unit *unit, const mf_program_options *options, mf_str expr);
void mf_unit_close(mf_unit *unit);
/* The unit's text as a tree; NULL when out of memory. */
mf_expr *mf_unit_parse(mf_unit *unit);
/* A program from a tree that somebody else owns. */
mf_status mf_program_of_tree(const mf_program_options *options, const mf_expr *e, mf_program **out);

/* The same for a tree whose spans are places in `text`; its mistakes are reported. */
mf_status mf_program_of_part(const mf_program_options *options, mf_str text, const mf_expr *e,
                             mf_program **out);
/* Hands the unit's diagnostics to its options' `report`. */
void mf_unit_report(mf_unit *unit);

/* Parses, checks the types if `typed`, and lets `view` show the tree in *out,
 * which it begins. */
mf_status mf_program_look(const mf_program_options *options, mf_str expr, bool typed, mf_buf *out,
                          void (*view)(mf_buf *out, mf_str text, const mf_expr *e));

/* Makes slots of the schema's names, and the unit's env.  Reports types that are
 * none at the start of the text. */
void mf_unit_declare(mf_unit *unit);

/* ---- program_functions.c ---- */

/* "a" of "a.b", nothing of "a". */
mf_str mf_namespace_around(mf_str name);
/* Gives calls the whole names of the functions that they mean in the container. */
void mf_unit_name_functions(mf_unit *unit, mf_expr *e);

/* A function that only the checker knows: what calls of it come to. */
typedef struct mf_declared_function {
  const char *name, *signature; /* "f(string, list(A)) -> A" */
} mf_declared_function;

/* mf_program_check with functions of one's own, and the whole type as text. */
mf_status mf_program_check_over(const mf_program_options *options,
                                const mf_declared_function *functions, size_t count, mf_str expr,
                                mf_buf *type);
#endif
