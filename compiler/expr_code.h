/* SPDX-License-Identifier: MIT */
/* expr_code - what the checker, the folder and the emitter of expressions share. */
#ifndef MF_COMPILER_EXPR_CODE_H
#define MF_COMPILER_EXPR_CODE_H
#include "expr_parse.h"

/* Values an expression may hold on the stack at once: half of the machine's, so
 * that what stands around it has room. */
#define MF_EXPR_MAX_VALUES (MF_LIMIT_STACK_DEPTH / 2)
/* Elements of a list, or parts of a text, that are put together at once. */
#define MF_EXPR_PIECE 64

/* ---- compiler/expr_names.c ---- */

/* The dotted chain of names that e is: how many (0: none), and they. */
uint32_t mf_expr_chain_length(const mf_expr *e);
void mf_expr_chain_names(const mf_expr *e, uint32_t count, mf_str *names, mf_span *spans);
/* What the chain e of `count` names comes to; used is 1..count. */
mf_ref mf_expr_resolve(mf_expr_emitter *em, const mf_expr *e, uint32_t count);
/* Resolves the names of code that is not emitted, for their diagnostics. */
void mf_expr_resolve_all(mf_expr_emitter *em, const mf_expr *e);

bool mf_expr_is_has(const mf_expr *e);
/* "math.abs" of the receiver call math.abs(x), in `out` of `size` bytes; n 0 when
 * its receiver is no name, or it is too long to be a function's. */
mf_str mf_expr_dotted_name(const mf_expr *call, char *out, size_t size);
/* The function a call means, MF_ABSENT if none fits.  *args is its first
 * argument: math.abs(x) has a namespace and no receiver. */
uint32_t mf_expr_function(const mf_expr *call, const mf_expr **args, uint32_t *argc);
/* Notes it in the call, so that looking again costs nothing. */
void mf_expr_note_function(mf_expr *call);
uint32_t mf_expr_count(const mf_expr *first); /* of siblings */

/* ---- compiler/expr_macros.c ---- */

/* "2 or 3 arguments": what a macro of that name takes; NULL if there is none. */
const char *mf_expr_macro_arguments(mf_str name);

/* ---- compiler/expr_emit.c ---- */

/* A variable, and where on the stack its value stands: values below it, counted
 * from where the expression began. */
typedef struct mf_scope mf_scope;
struct mf_scope {
  const mf_scope *up;
  const mf_expr *variable;
  uint32_t at;
};

/* The parts of an expression that have values of their own, and where the code of
 * each is: compiler/emit_reasons.c. */
typedef struct mf_code_part {
  const mf_expr *e;
  uint32_t from, at, depth;
} mf_code_part;
typedef struct mf_code_parts mf_code_parts;
struct mf_code_parts {
  char *text;         /* room for one's */
  mf_code_part *part; /* MF_LIMIT_ASSERTION_REASONS of them, in the order of the text */
  uint32_t count;
  uint32_t depth; /* of the next */
  mf_span around; /* of the innermost that is under way */
};

/* Code being made for one expression. */
typedef struct mf_coder {
  mf_code_parts *parts; /* NULL: nobody asks */
  mf_expr_emitter *em;
  mf_builder *b;
  mf_span marked;        /* where the line map stands */
  uint32_t depth;        /* values on the stack since the expression began */
  const mf_scope *scope; /* the innermost variable */
} mf_coder;

void mf_code_op(mf_coder *x, mf_opcode code, uint32_t a, uint32_t b);
/* What follows is blamed on this place. */
void mf_code_mark(mf_coder *x, mf_span span);
/* Code that pushes the value of e, a tree that was prepared, and no line map; fills in
 * *parts. */
void mf_code_with_parts(mf_expr_emitter *em, const mf_expr *e, mf_code_parts *parts);
/* Code that pushes the value of e. */
void mf_code_value(mf_coder *x, const mf_expr *e);

/* ---- compiler/expr_loops.c ---- */

void mf_code_local(mf_coder *x, const mf_expr *e);
/* Its comparison with a constant. */
void mf_code_local_relation(mf_coder *x, const mf_expr *e, mf_opcode relation, const mf_value *k);
void mf_code_loop(mf_coder *x, const mf_expr *e);
void mf_code_bind(mf_coder *x, const mf_expr *e);
void mf_code_opt_map(mf_coder *x, const mf_expr *e);

/* ---- compiler/expr_check.c ---- */

/* Trees made from documents have no limit of their own; what walks them is
 * recursive. */
bool mf_expr_is_too_deep(const mf_expr *e);
/* Whether functions.def has the spelling. */
bool mf_expr_names_function(mf_str name);
/* Names inside a macro or message that is refused mean nothing. */
bool mf_expr_is_opaque(const mf_expr *e);
/* Reports what is refused whatever the names in the tree mean; true when
 * nothing is. */
bool mf_expr_check(mf_expr_emitter *em, const mf_expr *e);
/* All checks of a tree, and its values noted; false when something is refused. */
bool mf_expr_prepare(mf_expr_emitter *em, mf_expr *e);

/* ---- compiler/expr_fold.c ---- */

/* Notes the values of all parts that have one whatever the names mean.  False: there
 * is nothing that mf_expr_report_failures would report. */
bool mf_expr_note_values(mf_expr_emitter *em, mf_expr *e);
/* Whether e is arithmetic that may meet a double beside an int. */
bool mf_expr_may_mix(const mf_expr *e);
/* The noted value, if an image can hold it; else kind MF_UNSET. */
static inline mf_value mf_expr_constant(const mf_expr *e) {
  if (e->kind == MF_EXPR_LITERAL || e->flags & MF_EXPR_CONSTANT) return e->value;
  return (mf_value){.kind = MF_UNSET};
}

/* Whether function `code` may give another value each time. */
bool mf_expr_is_chance(uint32_t code);

/* ---- compiler/expr_failures.c ---- */

/* Which argument of a function is a regular expression; MF_ABSENT: none. */
uint32_t mf_expr_pattern_argument(uint32_t code);
/* Reports what fails whenever it is evaluated, in a tree with its values noted. */
void mf_expr_report_failures(mf_expr_emitter *em, const mf_expr *e);
#endif
