/* SPDX-License-Identifier: MIT */
#include "input_rules.h"

#include "../base/core_schema.h"
#include "../include/mfvm_tools.h"
#include "compare.h"
#include "regex_cache.h"

mf_input_rule mf_input_rule_of(const mf_image *im, uint32_t row) {
  const mf_row_input *input = &MF_ROWS(im, INPUT, input)[row];
#define CONSTANT(field) (input->field == MF_ABSENT ? NULL : &im->values[input->field])
  return (mf_input_rule){.type = input->type,
                         .secret = (input->flags & MF_INPUT_FLAGS_SECRET) != 0,
                         .min = CONSTANT(min),
                         .max = CONSTANT(max),
                         .allowed = CONSTANT(allowed),
                         .pattern = CONSTANT(pattern)};
#undef CONSTANT
}

/* ---- converting ---- */

static bool to_double(mf_value *v) {
  if (v->kind == MF_INT) *v = mf_double((double)v->as.i);
  if (v->kind == MF_UINT) *v = mf_double((double)v->as.u);
  return v->kind == MF_DOUBLE;
}

static bool to_int(mf_value *v) {
  if (v->kind == MF_UINT && v->as.u <= INT64_MAX) *v = mf_int((int64_t)v->as.u);
  return v->kind == MF_INT;
}

static bool to_uint(mf_value *v) {
  if (v->kind == MF_INT && v->as.i >= 0) *v = mf_uint((uint64_t)v->as.i);
  return v->kind == MF_UINT;
}

/* Seconds, or text such as "250ms". */
static bool to_duration(mf_value *v) {
  int64_t ns;
  if (v->kind == MF_STRING && mf_parse_duration(mf_value_str(*v), &ns)) *v = mf_duration_value(ns);
  mf_value seconds = *v;
  bool fits = to_double(&seconds) && seconds.as.d > -9e9 && seconds.as.d < 9e9;
  if (fits) *v = mf_duration_value((int64_t)(seconds.as.d * 1e9 + (seconds.as.d < 0 ? -.5 : .5)));
  return v->kind == MF_DURATION;
}

static bool to_timestamp(mf_value *v) {
  int64_t seconds;
  uint32_t nanos;
  if (v->kind == MF_STRING && mf_parse_timestamp(mf_value_str(*v), &seconds, &nanos))
    *v = mf_timestamp_value(seconds, nanos);
  return v->kind == MF_TIMESTAMP;
}

bool mf_input_convert(uint32_t type, mf_value *v) {
  const uint8_t flags = v->flags;
  bool done = mf_input_type_has(type, v->kind);
  switch (done ? MF_INPUT_TYPE_ANY : type) {
    case MF_INPUT_TYPE_INT: done = to_int(v); break;
    case MF_INPUT_TYPE_UINT: done = to_uint(v); break;
    case MF_INPUT_TYPE_DOUBLE: done = to_double(v); break;
    case MF_INPUT_TYPE_DURATION: done = to_duration(v); break;
    case MF_INPUT_TYPE_TIMESTAMP: done = to_timestamp(v); break;
    default: break;
  }
  v->flags |= flags & MF_TAINTED;
  return done;
}

/* ---- reading ---- */

mf_value mf_scalar_value(mf_str text) {
  bool b;
  mf_core_number n;
  if (mf_core_is_null(text)) return mf_null();
  if (mf_core_read_bool(text, &b)) return mf_bool(b);
  switch (mf_core_read_number(text, &n)) {
    case MF_CORE_INT: return mf_int(n.i);
    case MF_CORE_UINT: return mf_uint(n.u);
    case MF_CORE_DOUBLE: return mf_double(n.d);
    case MF_CORE_NO_NUMBER:
    case MF_CORE_TOO_LARGE: break;
  }
  return mf_string(text);
}

/* A list or map is written as JSON; anything else stays text. */
static mf_value read_json(mf_arena *arena, mf_str text) {
  const mf_json *tree = mf_json_parse(arena, text, NULL, NULL);
  const mf_value v = tree ? mf_value_from_json(arena, tree) : mf_string(text);
  return mf_arena_oom(arena) ? (mf_value){.kind = MF_UNSET} : v;
}

mf_value mf_input_read(mf_arena *arena, uint32_t type, mf_str text) {
  if (type == MF_INPUT_TYPE_STRING) return mf_string(text);
  if (type == MF_INPUT_TYPE_LIST || type == MF_INPUT_TYPE_MAP) return read_json(arena, text);
  return mf_scalar_value(text);
}

/* ---- messages ---- */

static const char *shown(mf_call *call, const mf_value *v) {
  char text[MF_QUOTED_SIZE];
  const char *quoted = text;
  if (v->flags & MF_TAINTED)
    quoted = "the secret that was given";
  else if (v->kind == MF_DURATION)
    mf_format_duration(v->as.i, text);
  else if (v->kind == MF_TIMESTAMP)
    mf_format_timestamp(v->as.i, v->len, text);
  else
    quoted = v->kind == MF_NULL ? "null" : mf_quoted(v, text);
  const bool whole = v->kind == MF_DOUBLE && !quoted[strspn(quoted, "-0123456789")];
  return mf_arena_printf(call->arena, "%s%s", quoted, whole ? ".0" : ""); /* 5.0 is no int */
}

static const char *noun(uint32_t type) {
  static const char *const nouns[] = {
      [MF_INPUT_TYPE_ANY] = "anything",
      [MF_INPUT_TYPE_BOOL] = "true or false",
      [MF_INPUT_TYPE_INT] = "an int",
      [MF_INPUT_TYPE_UINT] = "an int without a sign",
      [MF_INPUT_TYPE_DOUBLE] = "a number",
      [MF_INPUT_TYPE_NUMBER] = "a number",
      [MF_INPUT_TYPE_STRING] = "text",
      [MF_INPUT_TYPE_LIST] = "a list",
      [MF_INPUT_TYPE_MAP] = "a map",
      [MF_INPUT_TYPE_DURATION] = "a duration",
      [MF_INPUT_TYPE_TIMESTAMP] = "a timestamp",
  };
  return nouns[type];
}

static const char *in_range(mf_call *call, const mf_input_rule *rule) {
  const char *what = noun(rule->type);
  const char *min = rule->min ? shown(call, rule->min) : NULL;
  const char *max = rule->max ? shown(call, rule->max) : NULL;
  if (min && max) return mf_arena_printf(call->arena, "%s from %s to %s", what, min, max);
  if (min) return mf_arena_printf(call->arena, "%s of at least %s", what, min);
  if (max) return mf_arena_printf(call->arena, "%s of at most %s", what, max);
  return what;
}

static const char *one_of(mf_call *call, const mf_value *allowed) {
  enum { SHOWN = 12 };
  const char *list = "one of";
  for (uint32_t i = 0; i < allowed->len && i < SHOWN && list; i++)
    list = mf_arena_printf(call->arena, "%s%s %s", list, i ? "," : "",
                           shown(call, &allowed->as.list[i]));
  return list && allowed->len > SHOWN ? mf_arena_printf(call->arena, "%s ...", list) : list;
}

static const char *matching(mf_call *call, const mf_value *pattern) {
  const bool can = call->regexes && call->regexes->engine;
  return mf_arena_printf(call->arena, "text that matches %s%s", shown(call, pattern),
                         can ? "" : " (no engine for patterns is there)");
}

/* ---- taking ---- */

static bool is_allowed(mf_call *call, const mf_value *allowed, const mf_value *v) {
  for (uint32_t i = 0; i < allowed->len; i++)
    if (!mf_charge(call, 1) || mf_equal(call, &allowed->as.list[i], v)) return true;
  return false;
}

static bool holds(mf_call *call, mf_relation relation, const mf_value *v, const mf_value *bound) {
  const mf_value result = mf_compare(call, relation, v, bound);
  return result.kind == MF_BOOL && result.as.i;
}

static bool matches(mf_call *call, const mf_value *pattern, const mf_value *v) {
  mf_value error;
  const mf_regex_entry *regex = mf_regex_get(call, pattern, &error);
  if (regex == NULL || !mf_charge(call, v->len)) return false;
  return call->regexes->engine->match(regex->compiled, mf_value_str(*v), 0, NULL, 0);
}

/* What *v, converted if it can be, is not. */
static const char *missed(mf_call *call, const mf_input_rule *rule, mf_value *v) {
  if (!mf_input_convert(rule->type, v)) {
    if (rule->allowed) return one_of(call, rule->allowed);
    return rule->pattern ? matching(call, rule->pattern) : in_range(call, rule);
  }
  if (rule->allowed && !is_allowed(call, rule->allowed, v)) return one_of(call, rule->allowed);
  if ((rule->min && !holds(call, MF_GE, v, rule->min)) ||
      (rule->max && !holds(call, MF_LE, v, rule->max)))
    return in_range(call, rule);
  if (rule->pattern && !matches(call, rule->pattern, v)) return matching(call, rule->pattern);
  return NULL;
}

/* YAML and JSON have kinds: 1.10 is a number, "5" a text. */
static const char *quotes_hint(uint32_t type, const mf_value *v) {
  const bool scalar = v->kind >= MF_BOOL && v->kind <= MF_DOUBLE;
  if (type == MF_INPUT_TYPE_STRING && scalar) return "; put it into quotes";
  if (v->kind != MF_STRING || v->flags & MF_TAINTED) return "";
  mf_value unquoted = mf_scalar_value(mf_value_str(*v));
  if (unquoted.kind == MF_STRING) return "";
  return mf_input_convert(type, &unquoted) ? "; leave out the quotes" : "";
}

/* What to write instead of a value that is not of the type. */
static const char *hint(uint32_t type, const mf_value *v) {
  if (mf_input_type_has(type, v->kind)) return "";
  if (type == MF_INPUT_TYPE_DURATION) return "; durations are seconds, or text such as 250ms";
  if (type == MF_INPUT_TYPE_TIMESTAMP) return "; timestamps are text such as 2026-01-31T12:00:00Z";
  return quotes_hint(type, v);
}

const char *mf_input_take(mf_call *call, const mf_input_rule *rule, mf_value *v) {
  mf_value own = *v;
  if (rule->secret) own.flags |= MF_TAINTED;
  const char *wanted = missed(call, rule, &own), *why = NULL;
  if (wanted)
    why = mf_arena_printf(call->arena, "%s, not %s%s", wanted, shown(call, &own),
                          hint(rule->type, &own));
  if (mf_arena_oom(call->arena)) mf_call_end(call, MF_OUT_OF_MEMORY);
  if (call->status != MF_OK) return NULL;
  if (why == NULL) *v = own;
  return why;
}
