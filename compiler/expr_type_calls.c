/* SPDX-License-Identifier: MIT */
/* expr_type_calls - calls: every overload that the arguments fit, and what they
 * agree on. */
#include "expr_checker.h"
#include "program.h"

enum { MAX_ARGS = 64 }; /* more are not checked */

typedef struct call {
  mf_expr *e;
  mf_str spelling;
  mf_str signatures; /* for a hint; n 0: none are shown */
  bool receiver;     /* the first type is a receiver's */
  uint32_t argc;
  const mf_type *types[MAX_ARGS];
  const mf_type *result; /* of the overloads so far */
} call;

static const mf_type *dyn(void) { return mf_type_plain(MF_TYPE_DYN); }

/* ---- one overload ---- */

static const mf_type *param_of(const mf_overload *o, uint32_t i) {
  return o->params[i < o->count ? i : o->count - 1];
}

/* x.f(y) and f(x, y) mean the same to the machine, but not to CEL. */
static bool has_form(const mf_checker *c, const call *k, const mf_overload *o) {
  if (c->em->strict_cel && o->receiver != k->receiver) return false;
  return k->argc == o->count || (o->repeats && k->argc >= o->count);
}

static void add_result(mf_checker *c, call *k, const mf_type *result) {
  result = mf_type_resolved(&c->vars, result, false);
  if (k->result == NULL)
    k->result = result;
  else if (!mf_type_same(k->result, result))
    k->result = dyn();
}

static void try_overload(mf_checker *c, call *k, const mf_overload *o) {
  const mf_type *wanted[MAX_ARGS];
  mf_type_fresh fresh = {.count = 0};
  if (!has_form(c, k, o)) return;
  for (uint32_t i = 0; i < k->argc; i++)
    wanted[i] = mf_type_instance(&c->vars, &fresh, param_of(o, i));
  if (mf_types_fit(&c->vars, k->types, wanted, k->argc))
    add_result(c, k, mf_type_instance(&c->vars, &fresh, o->result));
}

static bool is_known(const mf_checker *c, const mf_type *type) {
  const mf_type *t = mf_check_seen(c, type);
  if (mf_type_is_dyn(t) || t->kind == MF_TYPE_VAR) return false;
  for (uint32_t i = 0; i < t->count; i++)
    if (!is_known(c, t->args[i])) return false;
  return true;
}

/* What the overload at `at` gives, as it is written; *end is behind it. */
static mf_str result_text(mf_str signatures, size_t at, size_t *end) {
  const char *const p = signatures.p + at;
  const size_t n = signatures.n - at;
  const char *const semicolon = memchr(p, ';', n);
  const size_t length = semicolon ? (size_t)(semicolon - p) : n;
  const char *const arrow = memchr(p, '>', length);
  *end = at + length + (semicolon != NULL);
  return arrow ? (mf_str){arrow, (size_t)(p + length - arrow)} : (mf_str){p, 0};
}

/* Nothing is known of any argument, and what the call gives is a plain type. */
static bool is_all_dyn(const call *k) {
  for (uint32_t i = 0; i < k->argc; i++)
    if (!mf_type_is_dyn(k->types[i])) return false;
  return k->result->count == 0 && k->result->kind < MF_TYPE_ABSTRACT;
}

/* Of known arguments the first overload that takes them counts; what is not
 * known may come to any that does.  One that gives the same need not be read. */
static void try_all(mf_checker *c, call *k, mf_str signatures) {
  mf_overload o;
  mf_str known_result = {NULL, 0};
  bool known = true;
  for (uint32_t i = 0; i < k->argc; i++) known = known && is_known(c, k->types[i]);
  for (size_t at = 0, end; at < signatures.n; at = end) {
    const mf_str result = result_text(signatures, at, &end);
    if (known_result.n && mf_str_eq(result, known_result)) continue;
    if (!mf_overload_read(c->arena, signatures, k->spelling, &at, &o)) break;
    try_overload(c, k, &o);
    if (k->result && (known || k->result == dyn())) break;
    if (k->result && is_all_dyn(k)) known_result = result;
  }
}

/* ---- calls ---- */

static void check_args(mf_checker *c, call *k, mf_expr *first) {
  for (mf_expr *arg = first; arg; arg = arg->next) {
    const mf_type *t = mf_check_expr(c, arg);
    if (k->argc < MAX_ARGS) k->types[k->argc] = t;
    k->argc++;
  }
}

/* Whether string() takes a value of the type, and it is none. */
static bool has_text(mf_checker *c, const mf_type *type) {
  const mf_type *t = mf_check_seen(c, type);
  return mf_type_is_number(t) || t->kind == MF_TYPE_BOOL || t->kind == MF_TYPE_BYTES ||
         t->kind == MF_TYPE_TIMESTAMP || t->kind == MF_TYPE_DURATION;
}

/* The forms "string.f(string)" that the function has, the first few. */
static const char *forms(mf_checker *c, mf_str signatures) {
  enum { SHOWN_FORMS = 4 };
  const char *list = "its forms are";
  unsigned count = 0;
  for (size_t at = 0; at < signatures.n && list; count++) {
    size_t end = mf_str_find(signatures, MF_STR(" -> "), at);
    if (end == SIZE_MAX) break;
    if (count == SHOWN_FORMS) return mf_arena_printf(c->arena, "%s ...", list);
    list = mf_arena_printf(c->arena, "%s%s %.*s", list, count ? "," : "", (int)(end - at),
                           signatures.p + at);
    size_t next = mf_str_find(signatures, MF_STR("; "), end);
    at = next == SIZE_MAX ? signatures.n : next + 2;
  }
  return list;
}

/* What most often is meant instead, or what the function takes. */
static const char *hint_for(mf_checker *c, const call *k) {
  bool of_text = mf_str_starts(k->signatures, MF_STR("string."));
  if (k->receiver && of_text && has_text(c, k->types[0]))
    return "write string() around the receiver if its text is meant";
  return k->signatures.n ? forms(c, k->signatures) : NULL;
}

static const mf_type *outcome(mf_checker *c, call *k) {
  if (k->result) return k->result;
  if (k->argc > MAX_ARGS) return dyn();
  for (uint32_t i = 0; i < k->argc; i++)
    if (mf_check_seen(c, k->types[i])->kind == MF_TYPE_ERROR) return mf_type_plain(MF_TYPE_ERROR);
  return mf_check_no_overload(c, k->e->span, k->spelling, k->types, k->argc, hint_for(c, k));
}

/* A function of functions.def; *args is its first argument. */
static const mf_type *type_of_known(mf_checker *c, mf_expr *e, uint32_t code, const mf_expr *args) {
  call k = {.e = e};
  mf_expr *first = e->first;
  while (first != args) first = first->next; /* the same, but not const */
  k.signatures = mf_function_signatures(code, &k.spelling);
  k.receiver = first && first == e->first && e->flags & MF_EXPR_RECEIVER;
  check_args(c, &k, first);
  if (mf_str_is(k.spelling, "dyn")) return dyn();
  if (mf_str_is(k.spelling, "type") && k.argc == 1)
    return mf_type_with(c->arena, MF_TYPE_TYPE, k.types[0], NULL);
  if (k.argc <= MAX_ARGS) try_all(c, &k, k.signatures);
  return outcome(c, &k);
}

/* A function that was declared for this check alone; NULL if it was not. */
static const mf_type *type_of_declared(mf_checker *c, mf_expr *e) {
  call k = {.e = e, .spelling = e->name, .receiver = (e->flags & MF_EXPR_RECEIVER) != 0};
  bool found = false;
  for (size_t i = 0; i < c->em->declared_count; i++) {
    const mf_declared_function *f = &c->em->declared[i];
    if (!mf_str_is(e->name, f->name)) continue;
    if (!found) check_args(c, &k, e->first);
    found = true;
    if (k.argc <= MAX_ARGS) try_all(c, &k, mf_str_of(f->signature));
  }
  return found ? outcome(c, &k) : NULL;
}

static void check_all(mf_checker *c, mf_expr *first) {
  for (; first; first = first->next) mf_check_expr(c, first);
}

const mf_type *mf_check_call(mf_checker *c, mf_expr *e) {
  const mf_expr *args;
  uint32_t argc;
  if (mf_expr_is_has(e)) {
    if (e->first) mf_check_expr(c, e->first);
    return mf_type_plain(MF_TYPE_BOOL);
  }
  const mf_type *declared = type_of_declared(c, e);
  if (declared) return declared;
  uint32_t code = mf_expr_function(e, &args, &argc);
  if (code != MF_ABSENT) return type_of_known(c, e, code, args);
  check_all(c, e->first);
  return mf_type_plain(MF_TYPE_ERROR); /* expr_check.c reports it */
}
