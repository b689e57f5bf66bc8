/* SPDX-License-Identifier: MIT */
/* expr_fold - values of constant expressions, computed by the machine's own
 * operators, so that folding can never mean something else than running.
 *
 * One walk from the leaves up: a node whose parts are known is computed once, and
 * its value noted in it.  Macros, and what has optional parts, are compiled and run
 * when no name in them comes from outside.  An error is a value here, too: false &&
 * 1 / 0 > 0 is false.  Only an error that remains is not folded; the code then gives
 * it at run time, where an operator around it may absorb it.
 *
 * false && x and x && false are false, true || x and x || true are true, whatever x
 * is: CEL has it so even where x is an error or no bool, and then x is not computed
 * at all (known() in expr_emit.c).  An x that would exceed a budget is not computed
 * either: a budget bounds the work that is done, and folding only ever does less.
 *
 * The fuel of all folds in one expression is bounded (MF_LIMIT_FOLD_FUEL): what
 * would take more is left to run time. */
#include "../image/parts.h"
#include "../vm/arith.h"
#include "../vm/compare.h"
#include "../vm/convert.h"
#include "../vm/evaluator.h"
#include "../vm/functions.h"
#include "../vm/logic.h"
#include "../vm/select.h"
#include "program.h"

typedef struct folder {
  mf_expr_emitter *em;
  mf_call call;
  mf_evaluator *evaluator; /* of macros; NULL: not needed so far */
  bool doubtful;           /* there are calls, or errors */
} folder;

/* Stands for "cannot be folded". */
static mf_value give_up(mf_call *call) { return mf_call_end(call, MF_UNSUPPORTED); }

/* ---- operators and calls, whose parts are known ---- */

static mf_value fold_binary(mf_call *call, const mf_expr *e) {
  mf_value x = e->first->value, y = e->first->next->value;
  switch (e->op) {
    case MF_OP_AND: return mf_and(call, &x, &y);
    case MF_OP_OR: return mf_or(call, &x, &y);
    case MF_OP_IN: return mf_in(call, &x, &y);
    case MF_OP_EQ:
    case MF_OP_NE:
    case MF_OP_LT:
    case MF_OP_LE:
    case MF_OP_GT:
    case MF_OP_GE: return mf_compare(call, (mf_relation)(e->op - MF_OP_EQ), &x, &y);
    default: return mf_arith(call, (mf_operation)(e->op - MF_OP_ADD), &x, &y);
  }
}

static mf_value fold_unary(mf_call *call, const mf_expr *e) {
  mf_value x = e->first->value;
  return e->op == MF_OP_NOT ? mf_not(call, &x) : mf_negate(call, &x);
}

static mf_value fold_choose(mf_call *call, const mf_expr *e) {
  mf_value c = e->first->value;
  if (c.kind != MF_BOOL) return mf_no_condition(call, &c);
  const mf_expr *then = e->first->next;
  return c.as.i ? then->value : then->next->value;
}

static mf_value fold_index(mf_call *call, const mf_expr *e) {
  mf_value x = e->first->value, i = e->first->next->value;
  return mf_index(call, &x, &i);
}

static mf_value fold_select(mf_call *call, const mf_expr *e) {
  mf_value x = e->first->value, name = mf_string(e->name);
  return mf_field(call, &x, &name);
}

/* The values of siblings; NULL when out of memory. */
static mf_value *values_of(mf_call *call, const mf_expr *first, uint32_t *count) {
  mf_value *items = mf_call_get(call, mf_expr_count(first) * sizeof *items);
  *count = 0;
  for (const mf_expr *e = first; items && e; e = e->next) items[(*count)++] = e->value;
  return items;
}

static mf_value fold_items(mf_call *call, const mf_expr *e) {
  uint32_t n;
  mf_value *items = values_of(call, e->first, &n);
  if (items == NULL) return mf_null();
  if (e->kind == MF_EXPR_JOIN) return mf_concat(call, items, n);
  return e->kind == MF_EXPR_LIST ? mf_make_list(call, items, n) : mf_make_map(call, items, n / 2);
}

static mf_value fold_has(mf_call *call, const mf_expr *e) {
  const mf_expr *of = e->first;
  if (of == NULL || of->next || of->kind != MF_EXPR_SELECT || of->flags & MF_EXPR_OPTIONAL)
    return give_up(call);
  mf_value x = of->first->value, name = mf_string(of->name);
  return mf_has_field(call, &x, &name);
}

static mf_value fold_call(mf_call *call, const mf_expr *e) {
  if (mf_expr_is_has(e)) return fold_has(call, e);
  const mf_expr *args;
  uint32_t n, code = mf_expr_function(e, &args, &n);
  mf_value *values = code == MF_ABSENT ? NULL : values_of(call, args, &n);
  return values ? mf_function_call(call, code, values, n) : give_up(call);
}

static mf_value fold_simple(mf_call *call, const mf_expr *e) {
  switch ((mf_expr_kind)e->kind) {
    case MF_EXPR_UNARY: return fold_unary(call, e);
    case MF_EXPR_BINARY: return fold_binary(call, e);
    case MF_EXPR_CHOOSE: return fold_choose(call, e);
    case MF_EXPR_INDEX: return fold_index(call, e);
    case MF_EXPR_SELECT: return fold_select(call, e);
    case MF_EXPR_LIST:
    case MF_EXPR_MAP:
    case MF_EXPR_JOIN: return fold_items(call, e);
    case MF_EXPR_CALL: return fold_call(call, e);
    default: return give_up(call);
  }
}

/* ---- what the machine runs ---- */

/* The result lives in the evaluator. */
static mf_value copy_result(mf_call *call, const mf_value *v) {
  mf_value copy = *v;
  if (v->kind == MF_ERROR)
    copy.as.s = mf_arena_copy(call->arena, v->as.s, v->len);
  else
    copy = mf_value_copy(call->arena, v);
  if (mf_arena_oom(call->arena)) return mf_call_end(call, MF_OUT_OF_MEMORY);
  return copy.kind == MF_UNSET ? give_up(call) : copy;
}

static mf_value run(folder *f, const mf_program *program) {
  mf_value result = {.kind = MF_UNSET};
  f->evaluator->fuel = f->call.fuel;
  mf_status status = mf_eval_generic(program, f->evaluator, NULL, &result);
  f->call.fuel = f->evaluator->exec.call.fuel;
  return status == MF_OK ? copy_result(&f->call, &result) : mf_call_end(&f->call, status);
}

static mf_value fold_by_running(folder *f, const mf_expr *e) {
  mf_program *program = NULL;
  mf_expr alone = *e;
  mf_program_options options = {
      .alloc = f->em->arena->alloc, .strict_cel = f->em->strict_cel, .unchecked = true};
  mf_status status = MF_OK;
  alone.next = NULL;
  if (f->evaluator == NULL) status = mf_evaluator_new(&options.alloc, &f->evaluator);
  if (status == MF_OK) status = mf_program_of_tree(&options, &alone, &program);
  mf_value result = status == MF_OK ? run(f, program) : mf_call_end(&f->call, status);
  mf_program_free(program);
  return result;
}

/* ---- what an image can hold ---- */

/* Optionals and addresses are made when the code runs, and so is what nests deeper
 * or is much larger than its text. */
static bool can_be_constant(const mf_value *v, unsigned depth) {
  bool ok = v->kind != MF_OPTIONAL && v->kind != MF_IP && v->kind != MF_CIDR;
  ok = ok && depth < MF_CONSTANT_DEPTH;
  for (uint32_t i = 0; v->kind == MF_LIST && ok && i < v->len; i++)
    ok = can_be_constant(&v->as.list[i], depth + 1);
  for (uint32_t i = 0; v->kind == MF_MAP && ok && i < v->len; i++)
    ok = can_be_constant(&v->as.map->pairs[i].value, depth + 1);
  return ok;
}

static bool is_foldable(const mf_value *v) {
  return v->kind != MF_ERROR && mf_value_size(v, 1 << 20) != SIZE_MAX && can_be_constant(v, 0);
}

static bool is_number(mf_kind kind) {
  return kind == MF_INT || kind == MF_UINT || kind == MF_DOUBLE;
}

bool mf_expr_may_mix(const mf_expr *e) {
  bool mixes = e->kind == MF_EXPR_BINARY && (e->op == MF_OP_ADD || e->op == MF_OP_SUBTRACT ||
                                             e->op == MF_OP_MULTIPLY || e->op == MF_OP_DIVIDE);
  if (!mixes) return false;
  mf_kind left = mf_expr_kind_of(e->first), right = mf_expr_kind_of(e->first->next);
  if (left == MF_UNSET || right == MF_UNSET)
    return (left == MF_UNSET || is_number(left)) && (right == MF_UNSET || is_number(right));
  return left != right && is_number(left) && is_number(right);
}

/* ---- the walk ---- */

/* Where nothing from outside is used.  Else the lowest number of a macro's
 * variables that are used: those of the outermost macro have 1. */
enum { CLOSED = INT32_MAX, OPEN = 0 };

static bool is_macro(const mf_expr *e) {
  return e->kind == MF_EXPR_LOOP || e->kind == MF_EXPR_BIND || e->kind == MF_EXPR_OPT_MAP;
}

static bool is_optional_part(const mf_expr *e) {
  bool selects = e->kind == MF_EXPR_SELECT || e->kind == MF_EXPR_INDEX;
  if (selects) return e->flags & MF_EXPR_OPTIONAL;
  bool has_elements = e->kind == MF_EXPR_LIST || e->kind == MF_EXPR_MAP;
  for (const mf_expr *child = e->first; has_elements && child; child = child->next)
    if (child->flags & MF_EXPR_ELEMENT) return true;
  return false;
}

bool mf_expr_is_chance(uint32_t code) {
  return code == MF_FUNCTION_random || code == MF_FUNCTION_random_int || code == MF_FUNCTION_uuid;
}

/* Patterns have the engine of whoever evaluates.  *args are the arguments of a call. */
static bool has_outside_meaning(mf_expr *e, const mf_expr **args) {
  uint32_t n;
  if (e->kind == MF_EXPR_IDENT || e->kind == MF_EXPR_MESSAGE || e->kind == MF_EXPR_ERROR)
    return true;
  if (e->kind != MF_EXPR_CALL || mf_expr_is_has(e)) return false;
  if (e->op == 0) mf_expr_note_function(e);
  uint32_t code = mf_expr_function(e, args, &n);
  return code == MF_ABSENT || mf_expr_pattern_argument(code) != MF_ABSENT ||
         mf_expr_is_chance(code);
}

/* Under strict_cel what mixes is an error of the code. */
static bool mixes_strictly(const folder *f, const mf_expr *e) {
  if (!f->em->strict_cel || !mf_expr_may_mix(e)) return false;
  return e->first->value.kind != e->first->next->value.kind;
}

static void note(folder *f, mf_expr *e, mf_value value) {
  mf_status status = f->call.status;
  f->call.status = MF_OK;
  if (status == MF_OUT_OF_MEMORY) f->em->arena->oom = true;
  /* What did not fit was work, too, and the next may be like it. */
  if (status == MF_OUT_OF_FUEL || status == MF_VALUE_TOO_LARGE) f->call.fuel = 0;
  if (status != MF_OK) return;
  f->doubtful |= value.kind == MF_ERROR;
  e->value = value;
  e->flags |= MF_EXPR_KNOWN;
  if (is_foldable(&value)) e->flags |= MF_EXPR_CONSTANT;
}

/* `depth` macros are open around e. */
static int32_t fold(folder *f, mf_expr *e, int32_t depth) {
  int32_t lowest = CLOSED, inside = depth + is_macro(e);
  bool known = true;
  if (e->kind == MF_EXPR_LITERAL) {
    e->flags |= MF_EXPR_KNOWN | MF_EXPR_CONSTANT;
    return CLOSED;
  }
  e->flags &= (uint8_t) ~(MF_EXPR_KNOWN | MF_EXPR_CONSTANT);
  if (e->kind == MF_EXPR_LOCAL) return (int32_t)e->variable->value.as.i;
  if (e->kind == MF_EXPR_VAR) {
    e->value = mf_int(depth);
    return CLOSED;
  }
  const mf_expr *args = e->first;
  f->doubtful |= e->kind == MF_EXPR_CALL;
  if (has_outside_meaning(e, &args)) lowest = OPEN;
  for (mf_expr *child = e->first; child; child = child->next) {
    if (child == e->first && child != args) continue; /* a namespace */
    int32_t here = fold(f, child, inside);
    if (here < lowest) lowest = here;
    known = known && child->flags & MF_EXPR_KNOWN;
  }
  if (lowest <= depth || f->call.fuel <= 0 || mf_arena_oom(f->em->arena)) return lowest;
  if (is_macro(e) || is_optional_part(e))
    note(f, e, fold_by_running(f, e));
  else if (known && !mixes_strictly(f, e))
    note(f, e, fold_simple(&f->call, e));
  return lowest;
}

bool mf_expr_note_values(mf_expr_emitter *em, mf_expr *e) {
  folder f = {.em = em, .call = {.arena = em->arena, .fuel = MF_LIMIT_FOLD_FUEL}};
  fold(&f, e, 0);
  mf_evaluator_free(f.evaluator);
  return f.doubtful;
}

mf_value mf_expr_fold(mf_expr_emitter *em, const mf_expr *e) {
  mf_expr root = *e;
  if (mf_expr_is_too_deep(e)) return (mf_value){.kind = MF_UNSET};
  mf_expr_note_values(em, &root);
  return mf_expr_constant(&root);
}
