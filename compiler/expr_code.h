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
/* The function a call means, MF_ABSENT if none fits.  *args is its first
 * argument: math.abs(x) has a namespace and no receiver. */
uint32_t mf_expr_function(const mf_expr *call, const mf_expr **args, uint32_t *argc);
uint32_t mf_expr_count(const mf_expr *first); /* of siblings */

/* ---- compiler/expr_check.c ---- */

/* Trees made from documents have no limit of their own; what walks them is
 * recursive. */
bool mf_expr_is_too_deep(const mf_expr *e);
/* Names inside a macro or message that is refused mean nothing. */
bool mf_expr_is_opaque(const mf_expr *e);
/* Reports what is refused whatever the names in a marked tree mean; true when
 * nothing is. */
bool mf_expr_check(mf_expr_emitter *em, const mf_expr *e);

/* ---- compiler/expr_fold.c ---- */

/* Sets MF_EXPR_CONSTANT in the whole tree; whether e has it. */
bool mf_expr_mark_constant(mf_expr *e);
/* The value of a marked tree, kind MF_UNSET when it has none. */
mf_value mf_expr_constant(mf_arena *arena, const mf_expr *e);
#endif
