/* SPDX-License-Identifier: MIT */
/* explain - the reason tree of an evaluation: every sub-expression with its
 * value.
 *
 * Each sub-expression is a program of its own, made from its part of the tree,
 * so its value is the machine's own answer.  Inside a loop, cel.bind or optMap the
 * variables become slots that hold what they have there.  Nothing here is fast. */
#include "../base/limits.h"
#include "../vm/evaluator.h"
#include "../vm/value.h"
#include "program.h"

#include <stdio.h>

struct mf_explanation {
  mf_alloc alloc;
  mf_arena arena; /* values and what follows */
  mf_reason *reasons;
  size_t count, cap;
};

/* A variable and what stands for it: its declaration in the copy, or a slot. */
typedef struct binding {
  struct binding *outer;
  const mf_expr *variable;
  const mf_expr *copy; /* NULL: the slot counts */
  uint32_t slot;
} binding;

/* Variables that can be open at a time. */
#define MAX_BINDINGS MF_CEL_MAX_NESTING

typedef struct explainer {
  mf_explanation *out;
  mf_program_options options; /* the schema is `schema`; count grows with what is open */
  mf_evaluator *evaluator;
  mf_schema_entry *schema;
  mf_value *slots;
  char (*names)[8];
  size_t room;    /* slots there are */
  mf_arena trees; /* of the copy that is being evaluated */
  uint32_t copied;
  size_t kept;   /* bytes of values */
  uint32_t turn; /* that the next reason is of; 0: of none */
  int64_t fuel;  /* for all sub-expressions together */
  mf_status status;
} explainer;

/* ---- copies ---- */

static const binding *find(const binding *b, const mf_expr *variable) {
  while (b && b->variable != variable) b = b->outer;
  return b;
}

static void copy_variable(mf_arena *arena, binding **scope, const mf_expr *from,
                          const mf_expr *copy) {
  binding *b = MF_NEW(arena, binding);
  if (b == NULL) return;
  *b = (binding){.outer = *scope, .variable = from, .copy = copy};
  *scope = b;
}

static void replace_local(const explainer *x, const binding *scope, mf_expr *e) {
  const binding *b = find(scope, e->variable);
  if (b == NULL) return;
  e->variable = b->copy;
  if (b->copy) return;
  e->kind = MF_EXPR_IDENT;
  e->flags |= MF_EXPR_LEADING_DOT; /* of no container */
  e->name = mf_str_of(x->schema[b->slot].name);
}

/* Declarations stand before their uses, so one walk sees them first. */
static mf_expr *copy_tree(explainer *x, binding **scope, const mf_expr *from) {
  mf_expr *e = MF_NEW(&x->trees, mf_expr), **tail;
  if (e == NULL) return NULL;
  x->copied++;
  *e = *from;
  e->next = NULL;
  e->type = NULL;
  if (e->kind == MF_EXPR_VAR) copy_variable(&x->trees, scope, from, e);
  if (e->kind == MF_EXPR_LOCAL) replace_local(x, *scope, e);
  tail = &e->first;
  for (const mf_expr *child = from->first; child; child = child->next) {
    if ((*tail = copy_tree(x, scope, child)) == NULL) return NULL;
    tail = &(*tail)->next;
  }
  return e;
}

/* ---- values ---- */

/* What would take too much is not kept. */
static mf_value kept(explainer *x, const mf_value *v) {
  mf_arena *arena = &x->out->arena;
  const size_t left = (size_t)MF_LIMIT_REASON_MEMORY - x->kept;
  const size_t size = v->kind == MF_ERROR ? v->len : mf_value_size(v, left);
  if (size > left) return (mf_value){.kind = MF_UNSET};
  x->kept += size;
  if (v->kind != MF_ERROR) return mf_value_copy(arena, v);
  mf_value copy = *v;
  copy.as.s = mf_arena_copy(arena, v->as.s, v->len);
  return copy;
}

/* The result is the evaluator's, until it evaluates again. */
static mf_value run(explainer *x, const mf_program *program) {
  mf_evaluator *e = x->evaluator;
  mf_value result = {.kind = MF_UNSET};
  int64_t fuel = e->fuel;
  e->fuel = x->fuel;
  if (x->status == MF_OK) x->status = mf_eval_generic(program, e, x->slots, &result);
  x->fuel = e->exec.call.fuel > 0 ? e->exec.call.fuel : 0;
  e->fuel = fuel;
  return x->status == MF_OK ? result : (mf_value){.kind = MF_UNSET};
}

/* e alone; NULL when that fails, and where there is no e. */
static mf_program *program_of(explainer *x, binding *scope, const mf_expr *e) {
  mf_program *program = NULL;
  if (x->status != MF_OK || e == NULL) return NULL;
  const mf_expr *copy = copy_tree(x, &scope, e);
  x->status = copy ? mf_program_of_tree(&x->options, copy, &program) : MF_OUT_OF_MEMORY;
  mf_arena_reset(&x->trees);
  return program;
}

static mf_value value_of(explainer *x, binding *scope, const mf_expr *e) {
  mf_program *program = program_of(x, scope, e);
  mf_value value = {.kind = MF_UNSET};
  if (x->status == MF_OK) value = run(x, program);
  if (x->status == MF_OK) value = kept(x, &value);
  if (mf_arena_oom(&x->out->arena)) x->status = MF_OUT_OF_MEMORY;
  mf_program_free(program);
  return value;
}

/* ---- reasons ---- */

/* The place of one more reason; NULL when there is no room for it. */
static mf_reason *add(explainer *x, const mf_expr *e, uint32_t depth) {
  mf_explanation *out = x->out;
  if (out->count == MF_LIMIT_REASONS || x->copied > MF_LIMIT_REASON_NODES) return NULL;
  if (out->count == out->cap) {
    size_t cap = out->cap ? out->cap * 2 : 32;
    mf_reason *more = mf_realloc(&out->alloc, out->reasons, out->cap * sizeof *more,
                                 cap * sizeof *more);
    if (more == NULL) {
      x->status = MF_OUT_OF_MEMORY;
      return NULL;
    }
    out->reasons = more;
    out->cap = cap;
  }
  mf_reason *r = &out->reasons[out->count++];
  *r = (mf_reason){
      .offset = e->span.offset, .length = e->span.length, .depth = depth, .turn = x->turn};
  x->turn = 0;
  return r;
}

static mf_value explain(explainer *x, binding *scope, const mf_expr *e, uint32_t depth);

static void explain_all(explainer *x, binding *scope, const mf_expr *first, uint32_t depth) {
  for (; first; first = first->next) explain(x, scope, first, depth);
}

/* a && b: what decided it, and b only when a did not. */
static void explain_logic(explainer *x, binding *scope, const mf_expr *e, uint32_t depth) {
  mf_value left = explain(x, scope, e->first, depth);
  bool decided = left.kind == MF_BOOL && (left.as.i != 0) == (e->op == MF_OP_OR);
  if (!decided) explain(x, scope, e->first->next, depth);
}

static void explain_choice(explainer *x, binding *scope, const mf_expr *e, uint32_t depth) {
  mf_value condition = explain(x, scope, e->first, depth);
  if (condition.kind != MF_BOOL) return;
  const mf_expr *then = e->first->next;
  explain(x, scope, condition.as.i ? then : then->next, depth);
}

/* Opens a variable. */
static binding bound(explainer *x, binding *scope, const mf_expr *variable, mf_value value) {
  uint32_t slot = (uint32_t)x->options.count++;
  x->slots[slot] = value;
  return (binding){.outer = scope, .variable = variable, .slot = slot};
}

static bool has_room(const explainer *x) { return x->options.count + 2 <= x->room; }

/* ---- loops ---- */

/* A loop's variables in their slots, and its parts. */
typedef struct turns {
  const mf_expr *loop, *test, *body; /* test NULL: there is none */
  mf_value range;
  binding one, other; /* the same where there is one variable */
} turns;

/* Index and element, or key and value.  With one variable a list gives its elements,
 * a map its keys. */
static void set_turn(explainer *x, const turns *t, uint32_t i) {
  bool two = t->one.slot != t->other.slot, is_list = t->range.kind == MF_LIST;
  const mf_pair *pair = is_list ? NULL : &t->range.as.map->pairs[i];
  mf_value key = is_list ? mf_int(i) : pair->key;
  mf_value value = is_list ? t->range.as.list[i] : pair->value;
  x->slots[t->one.slot] = two || !is_list ? key : value;
  if (two) x->slots[t->other.slot] = value;
}

static bool is_bool(mf_value v, bool b) { return v.kind == MF_BOOL && (v.as.i != 0) == b; }

/* What one turn comes to: an error of its test is the turn's. */
static mf_value turn_value(explainer *x, const mf_program *test, const mf_program *body) {
  mf_value passes = test ? run(x, test) : (mf_value){.kind = MF_UNSET};
  if (test && !is_bool(passes, true)) return passes;
  return run(x, body);
}

static bool is_deciding(const turns *t, mf_value result, mf_value turn) {
  if (result.kind == MF_ERROR) return turn.kind == MF_ERROR;
  switch (t->loop->op) {
    case MF_LOOP_KIND_ALL: return is_bool(turn, false);
    case MF_LOOP_KIND_EXISTS:
    case MF_LOOP_KIND_ONE: return is_bool(turn, true);
    default: return false;
  }
}

/* Whether some turns say alone why the loop came to `result`, and how many can. */
static uint32_t most_deciding(const turns *t, mf_value result) {
  if (result.kind == MF_ERROR) return 1;
  if (t->loop->op == MF_LOOP_KIND_ALL) return is_bool(result, false);
  if (t->loop->op == MF_LOOP_KIND_EXISTS) return is_bool(result, true);
  return t->loop->op == MF_LOOP_KIND_ONE ? 2 : 0;
}

/* Their numbers, in order. */
static uint32_t find_deciding(explainer *x, turns *t, mf_value result, uint32_t found[2]) {
  uint32_t count = 0, most = most_deciding(t, result);
  if (most == 0) return 0;
  mf_program *test = program_of(x, &t->other, t->test), *body = program_of(x, &t->other, t->body);
  for (uint32_t i = 0; i < t->range.len && count < most && x->status == MF_OK; i++) {
    set_turn(x, t, i);
    if (is_deciding(t, result, turn_value(x, test, body))) found[count++] = i;
  }
  mf_program_free(test);
  mf_program_free(body);
  return count;
}

static void explain_turn(explainer *x, turns *t, uint32_t i, uint32_t depth) {
  mf_value passes = mf_bool(true);
  set_turn(x, t, i);
  x->turn = i + 1;
  if (t->test) passes = explain(x, &t->other, t->test, depth);
  if (is_bool(passes, true)) explain(x, &t->other, t->body, depth);
  x->turn = 0;
}

static void explain_turns(explainer *x, turns *t, mf_value result, uint32_t depth) {
  uint32_t found[2], deciding = find_deciding(x, t, result, found), shown = deciding;
  if (deciding == 0)
    shown = t->range.len < MF_LIMIT_REASON_TURNS ? t->range.len : (uint32_t)MF_LIMIT_REASON_TURNS;
  for (uint32_t i = 0; i < shown && x->status == MF_OK; i++)
    explain_turn(x, t, deciding ? found[i] : i, depth);
  mf_reason *rest = x->status == MF_OK && shown < t->range.len ? add(x, t->loop, depth) : NULL;
  if (rest) rest->more = t->range.len - shown;
}

static void explain_loop(explainer *x, binding *scope, const mf_expr *e, mf_value result,
                         uint32_t depth) {
  turns t = {.loop = e, .range = explain(x, scope, e->first, depth)};
  const mf_expr *first = e->first->next, *second = first->next;
  bool two = second->kind == MF_EXPR_VAR, goes = t.range.kind == MF_LIST || t.range.kind == MF_MAP;
  size_t open = x->options.count;
  if (!goes || t.range.len == 0 || !has_room(x)) return;
  t.one = t.other = bound(x, scope, first, mf_null());
  if (two) t.other = bound(x, &t.one, second, mf_null());
  t.body = two ? second->next : second;
  if (t.body->next) t.test = t.body, t.body = t.body->next;
  explain_turns(x, &t, result, depth + 1);
  x->options.count = open;
}

/* ---- bound values ---- */

/* Variables that have no value (an error is none) leave the rest unexplained. */
static void explain_bind(explainer *x, binding *scope, const mf_expr *e, uint32_t depth) {
  const mf_expr *v = e->first;
  if (v->kind != MF_EXPR_VAR) {
    explain(x, scope, v, depth);
    return;
  }
  mf_value value = explain(x, scope, v->next, depth);
  if (value.kind == MF_ERROR || value.kind == MF_UNSET || !has_room(x)) return;
  size_t open = x->options.count;
  binding b = bound(x, scope, v, value);
  mf_expr rest = *e;
  rest.first = v->next->next;
  explain_bind(x, &b, &rest, depth);
  x->options.count = open;
}

static void explain_opt_map(explainer *x, binding *scope, const mf_expr *e, uint32_t depth) {
  const mf_expr *v = e->first->next;
  mf_value optional = explain(x, scope, e->first, depth);
  if (optional.kind != MF_OPTIONAL || optional.as.list == NULL || !has_room(x)) return;
  size_t open = x->options.count;
  binding b = bound(x, scope, v, optional.as.list[0]);
  explain(x, &b, v->next, depth);
  x->options.count = open;
}

/* The parts of e that have values of their own.  Names are one, and what has()
 * asks for is none. */
static void explain_parts(explainer *x, binding *scope, const mf_expr *e, mf_value value,
                          uint32_t depth) {
  const mf_expr *parts = e->first;
  uint32_t argc;
  if (mf_expr_chain_length(e) > 0 || mf_expr_is_has(e)) return;
  switch ((mf_expr_kind)e->kind) {
    case MF_EXPR_BINARY:
      if (e->op != MF_OP_AND && e->op != MF_OP_OR) break;
      explain_logic(x, scope, e, depth);
      return;
    case MF_EXPR_CHOOSE: explain_choice(x, scope, e, depth); return;
    case MF_EXPR_LOOP: explain_loop(x, scope, e, value, depth); return;
    case MF_EXPR_BIND: explain_bind(x, scope, e, depth); return;
    case MF_EXPR_OPT_MAP: explain_opt_map(x, scope, e, depth); return;
    case MF_EXPR_CALL: mf_expr_function(e, &parts, &argc); break;
    default: break;
  }
  explain_all(x, scope, parts, depth);
}

static mf_value explain(explainer *x, binding *scope, const mf_expr *e, uint32_t depth) {
  mf_value value = {.kind = MF_UNSET};
  if (x->status != MF_OK) return value;
  if (e->kind == MF_EXPR_LITERAL && depth > 0) return e->value;
  mf_reason *reason = add(x, e, depth);
  if (reason == NULL) return value;
  size_t at = x->out->count - 1;
  value = value_of(x, scope, e);
  x->out->reasons[at].value = value;
  if (x->status == MF_OK) explain_parts(x, scope, e, value, depth + 1);
  return value;
}

/* ---- the call ---- */

static mf_explanation *new_explanation(const mf_alloc *alloc) {
  mf_explanation *out = mf_realloc(alloc, NULL, 0, sizeof *out);
  if (out == NULL) return NULL;
  *out = (mf_explanation){.alloc = *alloc};
  mf_arena_init(&out->arena, alloc, (size_t)MF_LIMIT_EVAL_MEMORY);
  return out;
}

/* The whole is compiled first, as strictly as asked for; its parts need no second
 * look. */
static mf_status explain_whole(explainer *x, mf_str expr) {
  mf_unit unit;
  mf_program *program = NULL;
  mf_status status = mf_program_compile_with(&x->options, expr, &program);
  mf_program_free(program);
  if (status != MF_OK) return status;
  x->options.report = NULL;
  status = mf_unit_open(&unit, &x->options, expr);
  const mf_expr *e = status == MF_OK ? mf_unit_parse(&unit) : NULL;
  x->options.unchecked = true;
  if (status == MF_OK && e == NULL) status = MF_OUT_OF_MEMORY;
  if (status == MF_OK) {
    explain(x, NULL, e, 0);
    status = x->status;
  }
  mf_unit_close(&unit);
  return status;
}

/* The host's schema and slots, with room for variables behind them. */
static mf_status copy_slots(explainer *x, mf_arena *arena, const mf_value *slots) {
  size_t count = x->options.count;
  if (count > MF_LIMIT_SLOTS) return MF_EXPRESSION_INVALID;
  x->room = count + MAX_BINDINGS < MF_LIMIT_SLOTS ? count + MAX_BINDINGS : MF_LIMIT_SLOTS;
  x->schema = MF_NEW_ARRAY(arena, mf_schema_entry, x->room);
  x->slots = MF_NEW_ARRAY(arena, mf_value, x->room);
  x->names = mf_arena_array(arena, sizeof *x->names, x->room - count);
  if (x->schema == NULL || x->slots == NULL || x->names == NULL) return MF_OUT_OF_MEMORY;
  if (count) memcpy(x->schema, x->options.schema, count * sizeof *x->schema);
  if (count) memcpy(x->slots, slots, count * sizeof *slots);
  for (size_t i = count; i < x->room; i++) {
    snprintf(x->names[i - count], sizeof *x->names, "@%u", (unsigned)(i - count));
    x->schema[i].name = x->names[i - count];
  }
  x->options.schema = x->schema;
  return MF_OK;
}

mf_status mf_eval_explain(const mf_program_options *options, mf_str expr, mf_evaluator *evaluator,
                          const mf_value *slots, mf_explanation **out) {
  mf_alloc alloc = mf_alloc_or_default(options->alloc.fn ? &options->alloc : NULL);
  explainer x = {.options = *options, .evaluator = evaluator, .fuel = evaluator->fuel};
  mf_arena own;
  *out = NULL;
  x.out = new_explanation(&alloc);
  if (x.out == NULL) return MF_OUT_OF_MEMORY;
  mf_arena_init(&own, &alloc, 0);
  mf_arena_init(&x.trees, &alloc, 0);
  mf_status status = copy_slots(&x, &own, slots);
  if (status == MF_OK) status = explain_whole(&x, expr);
  mf_arena_fini(&x.trees);
  mf_arena_fini(&own);
  if (status == MF_OK)
    *out = x.out;
  else
    mf_explanation_free(x.out);
  return status;
}

size_t mf_explanation_count(const mf_explanation *explanation) { return explanation->count; }

mf_reason mf_explanation_get(const mf_explanation *explanation, size_t i) {
  return explanation->reasons[i];
}

void mf_explanation_free(mf_explanation *explanation) {
  if (explanation == NULL) return;
  mf_alloc alloc = explanation->alloc;
  mf_arena_fini(&explanation->arena);
  mf_realloc(&alloc, explanation->reasons, explanation->cap * sizeof *explanation->reasons, 0);
  mf_realloc(&alloc, explanation, sizeof *explanation, 0);
}
