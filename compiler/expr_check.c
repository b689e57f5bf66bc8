/* SPDX-License-Identifier: MIT */
/* expr_check - what is refused whatever the names in an expression mean:
 * unknown functions, wrong numbers of arguments, messages, what CEL has and
 * this version has not. */
#include "expr_code.h"
#include "expr_types.h"

/* Nested at most this deep: a document's nesting and an expression's, and then
 * some. */
#define MAX_TREE_DEPTH 1000

static bool deeper_than(const mf_expr *e, unsigned levels) {
  if (levels == 0) return true;
  for (const mf_expr *child = e->first; child; child = child->next)
    if (deeper_than(child, levels - 1)) return true;
  return false;
}

bool mf_expr_is_too_deep(const mf_expr *e) { return deeper_than(e, MAX_TREE_DEPTH); }

/* ---- functions ---- */

static const struct function {
  const char *name;
  uint32_t min, max;
} functions[] = {
#define MF_FUNCTION(id, spelling, code, min_args, max_args, signatures, cost, doc) \
  {spelling, min_args, max_args},
#include "../vm/functions.def"
#undef MF_FUNCTION
};
static const size_t function_count = sizeof functions / sizeof functions[0];

/* What other languages call them. */
static const struct {
  const char *name, *hint;
} synonyms[] = {
    {"not", "write '!'"},
    {"len", "did you mean 'size'?"},
    {"length", "did you mean 'size'?"},
    {"count", "did you mean 'size'?"},
    {"str", "did you mean 'string'?"},
    {"toString", "did you mean 'string'?"},
    {"float", "did you mean 'double'?"},
    {"parseInt", "did you mean 'int'?"},
    {"number", "write int() or double()"},
    {"includes", "did you mean 'contains'?"},
    {"match", "did you mean 'matches'?"},
    {"strip", "did you mean 'trim'?"},
    {"lower", "did you mean 'lowerAscii'?"},
    {"toLowerCase", "did you mean 'lowerAscii'?"},
    {"upper", "did you mean 'upperAscii'?"},
    {"toUpperCase", "did you mean 'upperAscii'?"},
    {"max", "did you mean 'math.greatest'?"},
    {"min", "did you mean 'math.least'?"},
    {"defined", "did you mean 'has'?"},
    {"isEmpty", "write size(x) == 0"},
    {"empty", "write size(x) == 0"},
    {"concat", "write '+'"},
    {"append", "write '+ [x]'"},
    {"keys", "write m.map(k, k)"},
    {"values", "write m.transformList(k, v, v)"},
    {"any", "write l.exists(x, p)"},
    {"some", "write l.exists(x, p)"},
    {"every", "write l.all(x, p)"},
    {"find", "write l.filter(x, p)"},
};

static const struct function *find(mf_str name) {
  for (size_t i = 0; i < function_count; i++)
    if (mf_str_is(name, functions[i].name)) return &functions[i];
  return NULL;
}

bool mf_expr_names_function(mf_str name) { return find(name) != NULL; }

/* Whether the part of a dotted name before its first dot is that of a function. */
static bool has_namespace(mf_str dotted) {
  size_t dot = mf_str_find(dotted, MF_STR("."), 0);
  if (dot == SIZE_MAX) return false;
  for (size_t i = 0; i < function_count; i++)
    if (mf_str_starts(mf_str_of(functions[i].name), (mf_str){dotted.p, dot + 1})) return true;
  return false;
}

/* The function's name as a reader sees it: math.abs(x) has no receiver. */
static mf_str written_name(const mf_expr *call, char *out, size_t size) {
  mf_str dotted = {NULL, 0};
  if (call->flags & MF_EXPR_RECEIVER) dotted = mf_expr_dotted_name(call, out, size);
  return dotted.n && has_namespace(dotted) ? dotted : call->name;
}

/* abs is offered as math.abs. */
static const char *in_namespace(mf_str name) {
  for (size_t i = 0; i < function_count; i++) {
    const char *dot = strchr(functions[i].name, '.');
    if (dot && mf_str_is(name, dot + 1)) return functions[i].name;
  }
  return NULL;
}

static const char *near_function(mf_arena *arena, mf_str name) {
  mf_near near;
  mf_near_init(&near, name);
  for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++)
    if (mf_str_is(name, synonyms[i].name)) return synonyms[i].hint;
  if (in_namespace(name)) return mf_arena_printf(arena, "did you mean '%s'?", in_namespace(name));
  mf_near_offer(&near, MF_STR("has"));
  for (size_t i = 0; i < function_count; i++) mf_near_offer(&near, mf_str_of(functions[i].name));
  mf_str best = mf_near_best(&near);
  return best.n ? mf_arena_printf(arena, "did you mean '%.*s'?", (int)best.n, best.p) : NULL;
}

#define SHOWN(s) (int)((s).n < 40 ? (s).n : 40), (s).p

/* A macro's name with another number of arguments. */
static bool no_macro(mf_expr_emitter *em, const mf_expr *call, const char *wanted) {
  uint32_t argc = mf_expr_count(call->first) - 1;
  const char *name = mf_arena_printf(em->arena, "%.*s", SHOWN(call->name));
  mf_diag_add(em->diags, MF_E_ARGUMENT_COUNT, call->span, name, wanted,
              mf_arena_printf(em->arena, "%u", argc));
  return false;
}

static bool unknown_function(mf_expr_emitter *em, const mf_expr *call, uint32_t code) {
  const char *macro = mf_expr_macro_arguments(call->name);
  if (macro && call->flags & MF_EXPR_RECEIVER) return no_macro(em, call, macro);
  char text[64];
  mf_str name = written_name(call, text, sizeof text);
  const char *hint = code != MF_ABSENT ? "it is a function of runs, which have a seed"
                     : macro ? mf_arena_printf(em->arena, "write l.%.*s(x, ...)", SHOWN(call->name))
                             : near_function(em->arena, name);
  mf_diag_add_hint(em->diags, MF_E_UNKNOWN_FUNCTION, call->name_span, hint, SHOWN(name));
  return false;
}

/* A receiver is not among the arguments that a reader counts. */
static bool wrong_count(mf_expr_emitter *em, const mf_expr *call, const struct function *f,
                        uint32_t argc) {
  uint32_t receiver = call->flags & MF_EXPR_RECEIVER ? 1 : 0;
  uint32_t counted = strchr(f->name, '.') ? 0 : receiver;
  if (f->min < counted) counted = receiver = 0;
  uint32_t min = f->min - counted, max = f->max - counted;
  const char *range = min == max ? "" : mf_arena_printf(em->arena, "%u to ", min);
  const char *plural = max == 1 ? "" : "s";
  const char *wanted = mf_arena_printf(em->arena, "%s%u argument%s", range, max, plural);
  const char *given = mf_arena_printf(em->arena, "%u", argc - receiver);
  mf_diag_add(em->diags, MF_E_ARGUMENT_COUNT, call->span, f->name, wanted, given);
  return false;
}

static bool check_has(mf_expr_emitter *em, const mf_expr *call) {
  const mf_expr *of = call->first;
  if (call->flags & MF_EXPR_OF_NAME) return true;
  bool is_select = of && of->kind == MF_EXPR_SELECT && !(of->flags & MF_EXPR_OPTIONAL);
  if (of && !of->next && (is_select || of->kind == MF_EXPR_ERROR)) return true;
  bool by_index = of && !of->next && of->kind == MF_EXPR_INDEX;
  mf_diag_add_hint(em->diags, MF_E_HAS_ARGUMENT, of ? of->span : call->span,
                   by_index ? "write 'key in map'" : NULL);
  return false;
}

static bool check_call(mf_expr_emitter *em, const mf_expr *call) {
  const mf_expr *args;
  uint32_t argc;
  if (mf_expr_is_has(call)) return check_has(em, call);
  uint32_t code = mf_expr_function(call, &args, &argc);
  bool known = code != MF_ABSENT && (em->of_run || !mf_expr_is_chance(code));
  if (known || em->unchecked) return true;
  char text[64];
  const struct function *f = find(written_name(call, text, sizeof text));
  return f && code == MF_ABSENT ? wrong_count(em, call, f, argc) : unknown_function(em, call, code);
}

/* ---- other nodes ---- */

static bool is_number(mf_kind kind) {
  return kind == MF_INT || kind == MF_UINT || kind == MF_DOUBLE;
}

static bool is_arithmetic(uint8_t op) {
  return op == MF_OP_ADD || op == MF_OP_SUBTRACT || op == MF_OP_MULTIPLY || op == MF_OP_DIVIDE;
}

/* The machine takes int beside double; CEL does not. */
static bool check_strict(mf_expr_emitter *em, const mf_expr *e) {
  if (!em->strict_cel || !is_arithmetic(e->op)) return true;
  mf_kind left = mf_expr_kind_of(e->first), right = mf_expr_kind_of(e->first->next);
  if (left == right || !is_number(left) || !is_number(right)) return true;
  static const char *const names[] = {[MF_INT] = "int", [MF_UINT] = "uint", [MF_DOUBLE] = "double"};
  mf_diag_add_hint(em->diags, MF_E_MIXED_ARITHMETIC, e->span, "convert one with double() or int()",
                   names[left], names[right]);
  return false;
}

static bool check_message(mf_expr_emitter *em, const mf_expr *e) {
  mf_diag_add_hint(em->diags, MF_E_NO_MESSAGE_TYPE, e->name_span, "write a map: {\"field\": value}",
                   SHOWN(e->name));
  return false;
}

static bool check_node(mf_expr_emitter *em, const mf_expr *e) {
  switch ((mf_expr_kind)e->kind) {
    case MF_EXPR_CALL: return check_call(em, e);
    case MF_EXPR_BINARY: return check_strict(em, e);
    case MF_EXPR_MESSAGE: return check_message(em, e);
    case MF_EXPR_ERROR: return false;
    case MF_EXPR_LITERAL:
    case MF_EXPR_IDENT:
    case MF_EXPR_SELECT:
    case MF_EXPR_INDEX:
    case MF_EXPR_UNARY:
    case MF_EXPR_CHOOSE:
    case MF_EXPR_LIST:
    case MF_EXPR_MAP:
    case MF_EXPR_JOIN:
    case MF_EXPR_LOOP:
    case MF_EXPR_BIND:
    case MF_EXPR_OPT_MAP:
    case MF_EXPR_VAR:
    case MF_EXPR_LOCAL: break;
  }
  return true;
}

bool mf_expr_is_opaque(const mf_expr *e) { return e->kind == MF_EXPR_MESSAGE; }

static bool check(mf_expr_emitter *em, const mf_expr *e) {
  bool ok = check_node(em, e);
  if (mf_expr_is_opaque(e)) return ok;
  for (const mf_expr *child = e->first; child; child = child->next) ok &= check(em, child);
  return ok;
}

/* ---- room ---- */

/* Values on the stack while e is evaluated.  Lists and joins are made in pieces
 * (expr_emit.c); what folds is one constant. */
static uint32_t values_needed(const mf_expr *e) {
  enum { WORTH_FOLDING = 64, LOOP_STATE = 3, PIECES = 20 }; /* pieces that wait for others */
  uint32_t most = 1, held = 0;
  bool one_by_one = e->kind == MF_EXPR_CHOOSE;
  bool in_pieces = e->kind == MF_EXPR_LIST || e->kind == MF_EXPR_JOIN;
  bool is_loop = e->kind == MF_EXPR_LOOP;
  for (const mf_expr *child = e->first; child; child = child->next) {
    if (is_loop && child == e->first->next) held += LOOP_STATE - 1; /* instead of the range */
    if (child->kind == MF_EXPR_VAR && !is_loop) continue;
    uint32_t here = held + values_needed(child);
    if (here > most) most = here;
    if (!one_by_one && !(in_pieces && held == MF_EXPR_PIECE + PIECES)) held++;
  }
  bool folds = most > WORTH_FOLDING && mf_expr_constant(e).kind != MF_UNSET;
  return folds ? 1 : most;
}

static bool too_complex(mf_expr_emitter *em, const mf_expr *e, const char *why) {
  mf_diag_add(em->diags, MF_E_TOO_COMPLEX, e->span, why);
  return false;
}

bool mf_expr_check(mf_expr_emitter *em, const mf_expr *e) {
  if (!check(em, e)) return false;
  if (values_needed(e) <= MF_EXPR_MAX_VALUES) return true;
  return too_complex(em, e, "it holds too many values at once");
}

bool mf_expr_prepare(mf_expr_emitter *em, mf_expr *e) {
  uint32_t errors = em->diags->errors;
  em->type = NULL;
  if (mf_expr_is_too_deep(e)) return too_complex(em, e, "it is nested too deep");
  const bool doubtful = !em->as_noted && mf_expr_note_values(em, e);
  /* What only the checker knows may have any number of arguments. */
  if (em->declared_count == 0 && !mf_expr_check(em, e)) return false;
  if (!em->unchecked) em->type = mf_expr_types(em, e);
  const bool asks = doubtful && !em->unchecked && em->declared_count == 0;
  if (asks && em->diags->errors == errors) mf_expr_report_failures(em, e);
  return em->diags->errors == errors;
}
