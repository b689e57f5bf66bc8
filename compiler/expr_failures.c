/* SPDX-License-Identifier: MIT */
/* expr_failures - what fails whenever it is evaluated: constants that are errors, and
 * calls that a constant argument spoils whatever the others are.
 *
 * Where the error is the expression's own result it is refused.  Where an operator may
 * absorb it, or nobody may ask for it (a branch, the body of a loop, a bound value),
 * it is a warning, and so it is under strict_cel: CEL refuses types, not values.
 * What is absorbed for certain (false && 1 / 0 > 0) is a constant like others. */
#include "../vm/functions.h"
#include "../vm/regex_cache.h"
#include "expr_code.h"

/* Calls are tried with what is constant in them, and for the rest with values that
 * no such function refuses: s "", i 0, t 1970, l [], c all addresses.  A pattern (p)
 * has to be constant. */
static const struct trial {
  uint32_t code;
  const char *kinds;
} trials[] = {
    {MF_FUNCTION_matches, "sp"},           {MF_FUNCTION_regex_extract, "sp"},
    {MF_FUNCTION_regex_extractAll, "sp"},  {MF_FUNCTION_regex_replace, "spsi"},
    {MF_FUNCTION_getFullYear, "ts"},       {MF_FUNCTION_getMonth, "ts"},
    {MF_FUNCTION_getDate, "ts"},           {MF_FUNCTION_getDayOfMonth, "ts"},
    {MF_FUNCTION_getDayOfWeek, "ts"},      {MF_FUNCTION_getDayOfYear, "ts"},
    {MF_FUNCTION_getHours, "ts"},          {MF_FUNCTION_getMinutes, "ts"},
    {MF_FUNCTION_getSeconds, "ts"},        {MF_FUNCTION_getMilliseconds, "ts"},
    {MF_FUNCTION_math_bitShiftLeft, "ii"}, {MF_FUNCTION_math_bitShiftRight, "ii"},
    {MF_FUNCTION_flatten, "li"},           {MF_FUNCTION_containsIP, "cs"},
    {MF_FUNCTION_containsCIDR, "cs"},
};
enum { MAX_TRIED = 4 };

static const char *trial_of(uint32_t code) {
  for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++)
    if (trials[i].code == code) return trials[i].kinds;
  return NULL;
}

uint32_t mf_expr_pattern_argument(uint32_t code) {
  const char *kinds = trial_of(code), *pattern = kinds ? strchr(kinds, 'p') : NULL;
  return pattern ? (uint32_t)(pattern - kinds) : MF_ABSENT;
}

/* ---- reporting ---- */

typedef struct search {
  mf_expr_emitter *em;
  mf_call call;
  mf_regex_cache regexes;
} search;

static void report(const search *s, mf_span span, mf_str why, bool certain) {
  bool refused = certain && !s->em->strict_cel;
  mf_diag_add(s->em->diags, refused ? MF_E_ALWAYS_FAILS : MF_W_FAILS_WHEN_REACHED, span, (int)why.n,
              why.p);
}

static bool is_failure(const mf_expr *e) {
  return e->flags & MF_EXPR_KNOWN && e->value.kind == MF_ERROR;
}

/* The innermost part that is the error's cause. */
static const mf_expr *cause_of(const mf_expr *e) {
  const mf_expr *child = e->first;
  if (e->kind == MF_EXPR_CHOOSE && child->value.kind == MF_BOOL)
    child = child->value.as.i ? child->next : child->next->next;
  for (; child; child = child->next)
    if (is_failure(child)) return cause_of(child);
  return e;
}

/* ---- trying calls ---- */

static mf_value sample(search *s, char kind) {
  switch (kind) {
    case 'i': return mf_int(0);
    case 't': return mf_timestamp_value(0, 0);
    case 'l': return (mf_value){.kind = MF_LIST};
    case 'c': {
      mf_value all = mf_string(MF_STR("0.0.0.0/0"));
      return mf_function_call(&s->call, MF_FUNCTION_cidr, &all, 1);
    }
    default: return mf_string(MF_STR(""));
  }
}

static void try_call(search *s, mf_span span, uint32_t code, const mf_value *args, uint32_t n,
                     bool certain) {
  if (s->call.fuel <= 0) return; /* one budget for all: a long text has many calls */
  s->call.status = MF_OK;
  mf_value result = mf_function_call(&s->call, code, args, n);
  if (s->call.status == MF_OUT_OF_FUEL || s->call.status == MF_VALUE_TOO_LARGE) s->call.fuel = 0;
  if (s->call.status == MF_OUT_OF_MEMORY) s->em->arena->oom = true;
  if (s->call.status == MF_REGEX_TOO_LARGE)
    report(s, span, MF_STR("the regular expression is too large"), certain);
  else if (s->call.status == MF_OK && result.kind == MF_ERROR)
    report(s, span, mf_value_str(result), certain);
}

/* The place to blame: the only argument that is constant, or the call.  False:
 * nothing is to be tried. */
static bool gather(search *s, const mf_expr *args, uint32_t n, const char *kinds, mf_value *values,
                   mf_span *blamed) {
  uint32_t known = 0;
  mf_span last = *blamed;
  for (uint32_t i = 0; i < n; i++, args = args->next) {
    bool is_known = args->flags & MF_EXPR_KNOWN;
    if (kinds[i] == 'p' && !(is_known && s->em->regex)) return false;
    if (is_failure(args)) return false;
    values[i] = is_known ? args->value : sample(s, kinds[i]);
    if (is_known) last = args->span;
    known += is_known;
  }
  if (known == 1) *blamed = last;
  return known > 0;
}

/* ---- formats ---- */

/* The next clause of a format from *at on, which is moved behind it; 0 at the end,
 * and where the format is malformed. */
static char next_clause(mf_str format, size_t *at) {
  while (*at < format.n) {
    if (format.p[(*at)++] != '%') continue;
    if (*at < format.n && format.p[*at] == '.') ++*at;
    while (*at < format.n && format.p[*at] >= '0' && format.p[*at] <= '9') ++*at;
    if (*at < format.n && format.p[(*at)++] != '%') return format.p[*at - 1];
  }
  return 0;
}

static void warn_of_arguments(const search *s, mf_span span, uint32_t clauses, uint32_t given) {
  mf_arena *arena = s->em->arena;
  mf_diag_add(s->em->diags, MF_W_FORMAT_ARGUMENTS, span, mf_arena_printf(arena, "%u", clauses),
              mf_arena_printf(arena, "%u", given));
}

static mf_value taken_by(char clause) { return clause == 's' ? mf_string(MF_STR("")) : mf_int(0); }

/* An element of a list that is written out has its value, if that is known; else, and
 * for any other list, it is one that the clause takes. */
static void try_format(search *s, const mf_expr *e, const mf_expr *args, bool certain) {
  const bool written = args->next->kind == MF_EXPR_LIST;
  const mf_expr *element = written ? args->next->first : NULL;
  mf_str format = mf_value_str(args->value);
  uint32_t clauses = 0, given = mf_expr_count(element);
  for (size_t at = 0; next_clause(format, &at);) clauses++;
  for (const mf_expr *x = element; x; x = x->next)
    if (x->flags & MF_EXPR_ELEMENT || is_failure(x)) return;
  uint32_t count = written ? given : clauses;
  mf_value *items = MF_NEW_ARRAY(s->em->arena, mf_value, count + 1);
  size_t at = 0;
  for (uint32_t i = 0; items && i < count; i++) {
    items[i] = taken_by(next_clause(format, &at));
    if (element && element->flags & MF_EXPR_KNOWN) items[i] = element->value;
    if (element) element = element->next;
  }
  mf_value values[2] = {args->value, {.kind = MF_LIST, .len = count, .as.list = items}};
  if (items) try_call(s, e->span, MF_FUNCTION_format, values, 2, certain);
  if (written && given > clauses) warn_of_arguments(s, args->next->span, clauses, given);
}

static void look_at_call(search *s, const mf_expr *e, const mf_expr *args, uint32_t code,
                         uint32_t n, bool certain) {
  mf_value values[MAX_TRIED];
  const char *kinds = trial_of(code);
  mf_span span = e->span;
  bool has_format = code == MF_FUNCTION_format && args->flags & MF_EXPR_KNOWN;
  if (has_format && args->value.kind == MF_STRING)
    try_format(s, e, args, certain);
  else if (kinds && n <= strlen(kinds) && gather(s, args, n, kinds, values, &span))
    try_call(s, span, code, values, n, certain);
}

/* ---- the walk ---- */

static void look(search *s, const mf_expr *e, bool certain);

static void look_all(search *s, const mf_expr *first, bool certain) {
  for (; first; first = first->next) look(s, first, certain);
}

static void look_at_parts(search *s, const mf_expr *e, bool certain) {
  const mf_expr *args;
  uint32_t n, code;
  switch ((mf_expr_kind)e->kind) {
    case MF_EXPR_BINARY:
      look_all(s, e->first, certain && e->op != MF_OP_AND && e->op != MF_OP_OR);
      break;
    case MF_EXPR_CHOOSE:
    case MF_EXPR_LOOP:
    case MF_EXPR_OPT_MAP:
      look(s, e->first, certain);
      look_all(s, e->first->next, false);
      break;
    case MF_EXPR_BIND:
      for (args = e->first; args->next; args = args->next) look(s, args, false);
      look(s, args, certain);
      break;
    case MF_EXPR_CALL:
      if (mf_expr_is_has(e)) {
        if (e->first->first) look(s, e->first->first, certain);
        break;
      }
      code = mf_expr_function(e, &args, &n);
      if (code == MF_ABSENT) break;
      look_at_call(s, e, args, code, n, certain);
      if (args) look(s, args, certain);
      if (args)
        look_all(s, args->next, certain && code != MF_FUNCTION_or && code != MF_FUNCTION_orValue);
      break;
    default: look_all(s, e->first, certain); break;
  }
}

static void look(search *s, const mf_expr *e, bool certain) {
  if (is_failure(e)) {
    const mf_expr *cause = cause_of(e);
    report(s, cause->span, mf_value_str(cause->value), certain);
  } else if (!(e->flags & MF_EXPR_KNOWN)) {
    look_at_parts(s, e, certain);
  }
}

void mf_expr_report_failures(mf_expr_emitter *em, const mf_expr *e) {
  search s = {.em = em, .call = {.arena = em->arena, .fuel = MF_LIMIT_FOLD_FUEL}};
  mf_regex_cache_init(&s.regexes, &em->arena->alloc, em->regex);
  s.call.regexes = &s.regexes;
  look(&s, e, true);
  mf_regex_cache_fini(&s.regexes);
}
