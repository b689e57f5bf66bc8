/* SPDX-License-Identifier: MIT */
/* Types: of expressions, as text, and what does not fit. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../compiler/expr_checker.h"
#include "../../compiler/program.h"
#include "../../vm/value.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static const mf_schema_entry schema[] = {
    {"b", "bool"},
    {"i", "int"},
    {"u", "uint"},
    {"d", "double"},
    {"s", "string"},
    {"n", "number"},
    {"t", "timestamp"},
    {"dur", "duration"},
    {"li", "list(int)"},
    {"ls", "list(string)"},
    {"m", "map(string, int)"},
    {"mi", "map(int, list(string))"},
    {"o", "optional(int)"},
    {"x", NULL},
    {"a.b.c", "int"},
    {"ns.deep.v", "string"},
    {"v", "int"},
    {"by", "bytes"},
};

/* What was reported last, as "MF-E0261 1:4 message; suggestion". */
typedef struct told {
  char text[400];
  unsigned errors, warnings;
} told;

static void tell(void *ctx, const mf_diagnostic *d) {
  told *t = ctx;
  unsigned *counter = d->severity == MF_SEVERITY_ERROR ? &t->errors : &t->warnings;
  ++*counter;
  snprintf(t->text, sizeof t->text, "%s %u:%u+%u %s%s%s", d->code, d->line, d->column, d->length,
           d->message, d->suggestion ? "; " : "", d->suggestion ? d->suggestion : "");
}

static mf_program_options options_for(told *t, bool strict) {
  *t = (told){.errors = 0};
  return (mf_program_options){.schema = schema,
                              .count = sizeof schema / sizeof schema[0],
                              .strict_cel = strict,
                              .report = tell,
                              .report_ctx = t};
}

/* ---- deduced types ---- */

static const struct {
  const char *expr, *type, *strict; /* strict NULL: the same */
} types[] = {
    {"1", "int", NULL},
    {"null", "null_type", NULL},
    {"[]", "list(dyn)", NULL},
    {"{}", "map(dyn, dyn)", NULL},
    {"[1, 2]", "list(int)", NULL},
    {"[1, 'a']", "list(dyn)", NULL},
    {"{'a': 1, 2: 1}", "map(dyn, int)", NULL},
    {"[[], [1]]", "list(list(int))", NULL},
    {"[x, 1]", "list(dyn)", NULL},
    {"li + [3]", "list(int)", NULL},
    {"li + ['a']", "list(dyn)", ""},
    {"li[0]", "int", NULL},
    {"m.k", "int", NULL},
    {"m['k']", "int", NULL},
    {"mi[1][0]", "string", NULL},
    {"x.y.z", "dyn", NULL},
    {"a.b.c", "int", NULL},
    {"m.?k", "optional_type(int)", NULL},
    {"li[?0]", "optional_type(int)", NULL},
    {"o.orValue(3)", "int", NULL},
    {"[?o, ?optional.none()]", "list(int)", NULL},
    {"optional.of(s)", "optional_type(string)", NULL},
    {"o.optMap(v, v > 1)", "optional_type(bool)", NULL},
    {"o.optFlatMap(v, optional.of(string(v)))", "optional_type(string)", NULL},
    {"[optional.none(), o]", "list(optional_type(int))", NULL},
    {"[o, null]", "list(optional_type(int))", NULL},
    {"i + 1", "int", NULL},
    {"i + 1.5", "double", ""},
    {"u + 1.5", "double", ""},
    {"x + 1", "number", "int"},
    {"x + 's'", "string", NULL},
    {"n + 1", "number", "int"},
    {"n / 2.0", "double", NULL},
    {"i < 1.5", "bool", ""},
    {"i == u", "bool", ""},
    {"t - t", "duration", NULL},
    {"t + dur", "timestamp", NULL},
    {"-d", "double", NULL},
    {"-x", "dyn", NULL},
    {"!b", "bool", NULL},
    {"b ? 1 : 2", "int", NULL},
    {"b ? 1 : 'a'", "dyn", ""},
    {"b ? x : 1", "dyn", NULL},
    {"b ? t : null", "timestamp", NULL},
    {"1 in li", "bool", NULL},
    {"1.0 in li", "bool", ""},
    {"'k' in m", "bool", NULL},
    {"size(s)", "int", NULL},
    {"s.size()", "int", NULL},
    {"string(1)", "string", NULL},
    {"dyn(1)", "dyn", NULL},
    {"type(1)", "type(int)", NULL},
    {"type(type(1))", "type(type(int))", NULL},
    {"int", "type(int)", NULL},
    {"google.protobuf.Timestamp", "type(timestamp)", NULL},
    {"type(i) == int", "bool", NULL},
    {"has(m.k)", "bool", NULL},
    {"li.all(e, e > 1)", "bool", NULL},
    {"li.map(e, string(e))", "list(string)", NULL},
    {"li.map(e, e > 1, [e])", "list(list(int))", NULL},
    {"li.filter(e, e > 1)", "list(int)", NULL},
    {"m.filter(k, k != '')", "list(string)", NULL},
    {"[].map(e, e)", "list(dyn)", NULL},
    {"x.map(e, e.f)", "list(dyn)", NULL},
    {"ls.transformList(k, e, k)", "list(int)", NULL},
    {"ls.transformMap(k, e, e + 's')", "map(int, string)", NULL},
    {"m.transformMapEntry(k, e, {e: k})", "map(int, string)", NULL},
    {"ls.sortBy(e, size(e))", "list(string)", NULL},
    {"li.exists(e, ls.exists(f, f == string(e)))", "bool", NULL},
    {"cel.bind(e, i + 1, [e])", "list(int)", NULL},
    {"cel.block([i, [cel.index(0)]], cel.index(1))", "list(int)", NULL},
    {"math.greatest(1, 2)", "int", NULL},
    {"math.greatest(1, 2.0)", "dyn", NULL},
    {"math.greatest([d])", "double", NULL},
    {"'a'.split('b')", "list(string)", NULL},
    {".v", "int", NULL},
};

static void type_is(const char *expr, const char *want, bool strict) {
  char type[100];
  told t;
  mf_program_options options = options_for(&t, strict);
  mf_status status = mf_program_check(&options, mf_str_of(expr), type, sizeof type);
  ck_assert_msg(strcmp(type, want) == 0, "%s%s: expected %s, got %s (%s)", expr,
                strict ? " (strict)" : "", want, type, t.text);
  ck_assert_int_eq(status, *want ? MF_OK : MF_EXPRESSION_INVALID);
}

START_TEST(types_are_deduced) {
  type_is(types[_i].expr, types[_i].type, false);
  type_is(types[_i].expr, types[_i].strict ? types[_i].strict : types[_i].type, true);
}
END_TEST

/* ---- what is refused ---- */

static const struct {
  const char *expr, *message;
} mistakes[] = {
    {"s + i",
     "MF-E0261 1:1+5 no matching overload for '+' (string, int); write string() around the other "
     "one"},
    {"1 + 'a'.size() + s",
     "MF-E0261 1:1+18 no matching overload for '+' (int, string); write string() around the other "
     "one"},
    {"i % 2.0",
     "MF-E0261 1:1+7 no matching overload for '%' (int, double); '%' takes int or uint: write "
     "int()"},
    {"i + u",
     "MF-E0261 1:1+5 no matching overload for '+' (int, uint); convert one with double(), int() or "
     "uint()"},
    {"i == 'a'",
     "MF-E0261 1:1+8 no matching overload for '==' (int, string); values of these types are never "
     "equal"},
    {"i != null",
     "MF-E0261 1:1+9 no matching overload for '!=' (int, null_type); a value of this type is never "
     "null"},
    {"[1] == ['a']",
     "MF-E0261 1:1+12 no matching overload for '==' (list(int), list(string)); values of these "
     "types are never equal"},
    {"li < li", "MF-E0261 1:1+7 no matching overload for '<' (list(int), list(int))"},
    {"s < 1", "MF-E0261 1:1+5 no matching overload for '<' (string, int)"},
    {"b && i", "MF-E0261 1:1+6 no matching overload for '&&' (bool, int)"},
    {"!i", "MF-E0261 1:1+2 no matching overload for '!' (int)"},
    {"-s", "MF-E0261 1:1+2 no matching overload for '-' (string)"},
    {"-u", "MF-E0261 1:1+2 no matching overload for '-' (uint)"},
    {"1 in s",
     "MF-E0261 1:1+6 no matching overload for 'in' (int, string); write text.contains(part)"},
    {"1 in ls", "MF-E0261 1:1+7 no matching overload for 'in' (int, list(string))"},
    {"s[0]",
     "MF-E0261 1:1+4 no matching overload for '[]' (string, int); write .substring(i, i + 1)"},
    {"li['a']", "MF-E0261 1:1+7 no matching overload for '[]' (list(int), string)"},
    {"m[1]", "MF-E0261 1:1+4 no matching overload for '[]' (map(string, int), int)"},
    {"size(i)",
     "MF-E0261 1:1+7 no matching overload for 'size' (int); its forms are size(string), "
     "size(bytes), size(list(A)), size(map(A, B)) ..."},
    {"li.startsWith('a')",
     "MF-E0261 1:1+18 no matching overload for 'startsWith' (list(int), string); its forms are "
     "string.startsWith(string)"},
    {"s.indexOf(1)",
     "MF-E0261 1:1+12 no matching overload for 'indexOf' (string, int); its forms are "
     "string.indexOf(string), string.indexOf(string, int)"},
    {"1 < i < 5", "MF-E0261 1:1+9 no matching overload for '<' (bool, int); write a < b && b < c"},
    {"!s in ls", "MF-E0261 1:1+2 no matching overload for '!' (string); write !(x in y)"},
    {"!b in ls",
     "MF-E0261 1:1+8 no matching overload for 'in' (bool, list(string)); write !(x in y)"},
    {"i.startsWith('a')",
     "MF-E0261 1:1+17 no matching overload for 'startsWith' (int, string); write string() around "
     "the receiver if its text is meant"},
    {"math.abs(s)",
     "MF-E0261 1:1+11 no matching overload for 'math.abs' (string); its forms are math.abs(int), "
     "math.abs(uint), math.abs(double)"},
    {"m.transformMapEntry(k, e, e)",
     "MF-E0261 1:1+28 no matching overload for 'transformMapEntry' (int); the last argument is a "
     "map"},
    {"i.f", "MF-E0262 1:3+1 a value of type int has no field 'f'"},
    {"mi.f", "MF-E0262 1:4+1 a value of type map(int, list(string)) has no field 'f'"},
    {"has(s.f)", "MF-E0262 1:7+1 a value of type string has no field 'f'"},
    {"li.map(e, e.f)", "MF-E0262 1:13+1 a value of type int has no field 'f'"},
    {"i.all(e, e == 1)",
     "MF-E0264 1:1+1 a value of type int has no elements for 'all'; write lists.range() for 0 and "
     "on"},
    {"s.exists(e, e == 'a')",
     "MF-E0264 1:1+1 a value of type string has no elements for 'exists'; write .split('') for its "
     "characters"},
    {"o.all(e, e == 'a')",
     "MF-E0264 1:1+1 a value of type optional_type(int) has no elements for 'all'; write "
     ".orValue([])"},
    {"s.length > 1", "MF-E0262 1:3+6 a value of type string has no field 'length'; write size(x)"},
    {"li.count > 1",
     "MF-E0262 1:4+5 a value of type list(int) has no field 'count'; write size(x)"},
    {"ls.name",
     "MF-E0262 1:4+4 a value of type list(string) has no field 'name'; an element is [i], those of "
     "all .map(x, ...)"},
    {"ls.first",
     "MF-E0262 1:4+5 a value of type list(string) has no field 'first'; write .first()"},
    {"t.hour", "MF-E0262 1:3+4 a value of type timestamp has no field 'hour'; write .getHours()"},
    {"t.month", "MF-E0262 1:3+5 a value of type timestamp has no field 'month'; write .getMonth()"},
    {"t.year",
     "MF-E0262 1:3+4 a value of type timestamp has no field 'year'; write .getFullYear()"},
    {"dur.seconds",
     "MF-E0262 1:5+7 a value of type duration has no field 'seconds'; write .getSeconds()"},
    {"all(li, e, e > 1)", "MF-E0240 1:1+3 no function named 'all'; write l.all(x, ...)"},
    {"map(li, 1)", "MF-E0240 1:1+3 no function named 'map'; write l.map(x, ...)"},
    {"li.any(1)", "MF-E0240 1:4+3 no function named 'any'; write l.exists(x, p)"},
    {"li.filter(1)", "MF-E0241 1:1+12 filter takes 2 arguments, not 1"},
    {"li.all(1, true)", "MF-E0245 1:8+1 all() wants the name of a variable here"},
    {"s.toUpperCase()",
     "MF-E0240 1:3+11 no function named 'toUpperCase'; did you mean 'upperAscii'?"},
    {"max(i, 1)", "MF-E0240 1:1+3 no function named 'max'; did you mean 'math.greatest'?"},
    {"s.startWith('a')",
     "MF-E0240 1:3+9 no function named 'startWith'; did you mean 'startsWith'?"},
    {"has(m['a'])",
     "MF-E0242 1:5+6 has() takes one field selection, such as has(a.b); write 'key in map'"},
    {"[?i]", "MF-E0265 1:3+1 an optional should be here, not int; leave the '?' out"},
    {"i.optMap(e, e)", "MF-E0265 1:1+1 an optional should be here, not int; write optional.of()"},
    {"o.optFlatMap(e, e)", "MF-E0265 1:17+1 an optional should be here, not int; write optMap"},
    {"i ? 1 : 2", "MF-E0207 1:1+1 condition is int, not bool; CEL has no truthiness"},
    {"li.all(e, e)", "MF-E0207 1:11+1 condition is int, not bool; CEL has no truthiness"},
    {"li.map(e, s, e)", "MF-E0207 1:11+1 condition is string, not bool; CEL has no truthiness"},
    {"a.b.d", "MF-E0203 1:1+1 no variable or metric named 'a'"},
};

START_TEST(what_cannot_be_right_is_refused) {
  char type[100];
  told t;
  mf_program_options options = options_for(&t, false);
  mf_status status = mf_program_check(&options, mf_str_of(mistakes[_i].expr), type, sizeof type);
  ck_assert_int_eq(status, MF_EXPRESSION_INVALID);
  ck_assert_msg(strcmp(t.text, mistakes[_i].message) == 0, "%s:\nexpected %s\ngot      %s",
                mistakes[_i].expr, mistakes[_i].message, t.text);
  ck_assert_uint_eq(t.errors, 1);
}
END_TEST

START_TEST(branches_of_one_type_are_asked_for_in_strict_cel) {
  told t;
  char type[20];
  mf_program_options options = options_for(&t, true);
  mf_program_check(&options, MF_STR("b ? 1 : 'a'"), type, sizeof type);
  ck_assert_str_eq(t.text,
                   "MF-E0263 1:1+11 the branches of ?: have different types: int and string; write "
                   "dyn() around one of them");
}
END_TEST

/* ---- warnings ---- */

static const struct {
  const char *expr, *message;
} warnings[] = {
    {"size(s) >= 0", "MF-W0810 1:1+12 this is always true"},
    {"s.size() < 0", "MF-W0810 1:1+12 this is always false"},
    {"0 <= size(s)", "MF-W0810 1:1+12 this is always true"},
    {"u < 0u", "MF-W0810 1:1+6 this is always false"},
    {"i == i", "MF-W0810 1:1+6 this is always true"},
    {"s != s", "MF-W0810 1:1+6 this is always false"},
    {"d < d", "MF-W0810 1:1+5 this is always false"},
    {"cel.bind(e, 1, i)", "MF-W0811 1:10+1 'e' is bound, but not used"},
    {"d == d", ""}, /* false for NaN */
    {"size(s) > 0", ""},
    {"i >= 0", ""},
    {"cel.bind(e, 1, li.exists(f, f == e))", ""},
    {"cel.block([1, 2], cel.index(1))", ""},
};

START_TEST(what_cannot_be_meant_is_warned_of) {
  told t;
  mf_program *program;
  mf_program_options options = options_for(&t, false);
  ck_assert_int_eq(mf_program_compile_with(&options, mf_str_of(warnings[_i].expr), &program),
                   MF_OK);
  ck_assert_msg(strcmp(t.text, warnings[_i].message) == 0, "%s: %s", warnings[_i].expr, t.text);
  ck_assert_uint_eq(t.errors, 0);
  mf_program_free(program);
}
END_TEST

/* ---- types as text ---- */

static const struct {
  const char *text, *written; /* NULL: it is no type */
} texts[] = {
    {"int", "int"},
    {" list( map(string,double) ) ", "list(map(string, double))"},
    {"list", "list(dyn)"},
    {"map", "map(dyn, dyn)"},
    {"null", "null_type"},
    {"google.protobuf.Duration", "duration"},
    {"optional(type(int))", "optional_type(type(int))"},
    {"net.IP", "net.IP"},
    {"tuple(param(T), A)", "tuple(T, A)"},
    {"", NULL},
    {"int(string)", NULL},
    {"map(string)", NULL},
    {"list(int", NULL},
    {"list(int))", NULL},
    {"list()", NULL},
    {"a(b, c, d, e)", NULL},
    {"list(int,)", NULL},
};

START_TEST(types_are_read_and_written) {
  mf_arena arena;
  mf_arena_init(&arena, NULL, 0);
  const mf_type *t = mf_type_parse(&arena, mf_str_of(texts[_i].text));
  const char *want = texts[_i].written;
  ck_assert_msg((t != NULL) == (want != NULL), "'%s'", texts[_i].text);
  if (t) ck_assert_str_eq(mf_type_text(&arena, t), want);
  mf_arena_fini(&arena);
}
END_TEST

START_TEST(types_nest_only_so_deep) {
  mf_arena arena;
  mf_arena_init(&arena, NULL, 0);
  for (size_t depth = 60; depth <= 100000; depth += 99940) {
    char *text = malloc(depth * 6 + 3), *at = text;
    for (size_t i = 0; i < depth; i++, at += 5) memcpy(at, "list(", 5);
    memcpy(at, "int", 3);
    memset(at + 3, ')', depth);
    const mf_type *t = mf_type_parse(&arena, (mf_str){text, depth * 6 + 3});
    ck_assert_int_eq(t != NULL, depth == 60);
    free(text);
  }
  mf_arena_fini(&arena);
}
END_TEST

START_TEST(a_schema_with_a_bad_type_is_refused) { /* MF-E0260 */
  told t;
  mf_program *program;
  mf_schema_entry bad = {"x", "lst(int"};
  mf_program_options options = options_for(&t, false);
  options.schema = &bad;
  options.count = 1;
  ck_assert_int_eq(mf_program_compile_with(&options, MF_STR("x"), &program), MF_EXPRESSION_INVALID);
  ck_assert_str_eq(t.text, "MF-E0260 0:0+0 'lst(int' is no type (of 'x')");
}
END_TEST

/* ---- names ---- */

static const struct {
  const char *container, *expr, *type;
} names[] = {
    {"", "v", "int"},
    {"ns.deep", "v", "string"},
    {"ns.deep.er", "v", "string"},
    {"ns.deep", ".v", "int"},
    {"ns", "deep.v", "string"},
    {"ns", "v", "int"},
    {"a", "b.c", "int"},
    {"a.b", "c", "int"},
    {"ns.deep", "[true].exists(v, v)", "bool"},
    {"ns.deep", "[true].exists(v, .v == 1)", "bool"},
    {"ns.deep", "[{'w': 1}].exists(v, v.w == 1)", "bool"},
    {"", "a['b'].c", ""}, /* an index is no part of a name */
    {"google.protobuf", "Timestamp", "type(timestamp)"},
    {"google.protobuf.deeper", "Duration", "type(duration)"},
    {"google", "protobuf.Duration", "type(duration)"},
    {"goo", "gle.protobuf.Duration", ""},
    {"net.IP", "IP", "type(net.IP)"},
    {"math.deeper", "abs(-1)", "int"},
    {"math", ".abs(-1)", ""},
    {"mat", "abs(-1)", ""},
    {"math", "size([])", "int"},
    {"optional", "[0].map(x, of(x))", "list(optional_type(int))"},
};

/* Functions too; methods are no names. */
static const struct {
  const char *container, *expr, *value;
} functions_in[] = {
    {"math", "abs(-1)", "1"},
    {"math.more", "abs(-1) + size([1])", "2"},
    {"a", "math.abs(-1)", "1"},
    {"", "math.abs(-1)", "1"},
    {"math", "[1.5].map(x, ceil(x))", "[2.0]"},
    {"math", "math.abs(-1)", "1"},
    {"optional", "of(1).orValue(2) + none().orValue(3)", "4"},
    {"lists", "range(2).map(range, range)", "[0,1]"},
    {"strings", "'a'.quote()", NULL},
    {"math", ".abs(-1)", NULL},
    {"math", "abs(-1, 2)", NULL},
    {"sets", "[1].contains([1])", NULL},
};

START_TEST(functions_are_looked_up_in_the_container) {
  told t;
  mf_program *program;
  mf_evaluator *evaluator;
  mf_value result;
  mf_json_writer w;
  mf_buf text;
  mf_program_options options = options_for(&t, false);
  options.container = functions_in[_i].container;
  mf_status status = mf_program_compile_with(&options, mf_str_of(functions_in[_i].expr), &program);
  ck_assert_int_eq(status, functions_in[_i].value ? MF_OK : MF_EXPRESSION_INVALID);
  if (status != MF_OK) return;
  ck_assert_int_eq(mf_evaluator_new(NULL, &evaluator), MF_OK);
  ck_assert_int_eq(mf_eval(program, evaluator, NULL, &result), MF_OK);
  mf_buf_init(&text, NULL, 0);
  mf_json_write_init(&w, &text, 0);
  mf_value_write_json(&w, &result);
  ck_assert_str_eq(text.p, functions_in[_i].value);
  mf_buf_fini(&text);
  mf_evaluator_free(evaluator);
  mf_program_free(program);
}
END_TEST

START_TEST(declared_functions_are_looked_up_in_the_container) {
  static const mf_declared_function declared[] = {{"a.b.f", "a.b.f(int) -> int"},
                                                  {"a.f", "a.f(int) -> string"},
                                                  {"f", "f(int) -> bool"},
                                                  {"a.x.g", "a.x.g() -> int"}};
  static const char *const cases[][3] = {{"a.b", "f(1)", "int"},    {"a", "f(1)", "string"},
                                         {"a.c", "f(1)", "string"}, {"", "f(1)", "bool"},
                                         {"a.b", ".f(1)", "bool"},  {"a.b", "x.g()", "int"},
                                         {"b", "a.f(1)", "string"}};
  for (int i = 0; i < COUNT(cases); i++) {
    told t;
    mf_buf type;
    mf_program_options options = options_for(&t, true);
    options.container = cases[i][0];
    mf_buf_init(&type, NULL, 0);
    mf_program_check_over(&options, declared, COUNT(declared), mf_str_of(cases[i][1]), &type);
    ck_assert_msg(type.n && strcmp(type.p, cases[i][2]) == 0, "%s in %s: %s %s", cases[i][1],
                  cases[i][0], type.n ? type.p : "", t.text);
    mf_buf_fini(&type);
  }
}
END_TEST

START_TEST(names_are_looked_up_in_the_container) {
  char type[50];
  told t;
  mf_program_options options = options_for(&t, false);
  options.container = names[_i].container;
  mf_program_check(&options, mf_str_of(names[_i].expr), type, sizeof type);
  ck_assert_msg(strcmp(type, names[_i].type) == 0, "%s in '%s': %s (%s)", names[_i].expr,
                names[_i].container, type, t.text);
}
END_TEST

static const struct {
  const char *expr, *result; /* true, false or error */
} unchecked[] = {
    {"nobody || true", "true"},   {"f(1) || true", "true"}, {"nobody", "error"},
    {"nobody.at.all", "error"},   {"f(1)", "error"},        {"1.f(2)", "error"},
    {"has(nobody.x)", "error"},   {"1 + 'a'", "error"},     {"true ? true : 'a'", "true"},
    {"size(1, 2) == 1", "error"}, {"a.b.c == 1", "true"},   {"[1].all(e, f(e)) && false", "false"},
};

START_TEST(unchecked_mistakes_are_errors_that_logic_absorbs) {
  told t;
  mf_program *program;
  mf_evaluator *evaluator;
  mf_value slots[sizeof schema / sizeof schema[0]] = {{.kind = MF_UNSET}}, result;
  mf_program_options options = options_for(&t, false);
  options.unchecked = true;
  slots[14] = (mf_value){.kind = MF_INT, .as.i = 1}; /* a.b.c */
  mf_status status = mf_program_compile_with(&options, mf_str_of(unchecked[_i].expr), &program);
  ck_assert_msg(status == MF_OK, "%s: %s", unchecked[_i].expr, t.text);
  ck_assert_int_eq(mf_evaluator_new(NULL, &evaluator), MF_OK);
  ck_assert_int_eq(mf_eval(program, evaluator, slots, &result), MF_OK);
  const char *got = result.kind == MF_ERROR ? "error" : result.as.i ? "true" : "false";
  ck_assert_msg(strcmp(got, unchecked[_i].result) == 0, "%s: %s", unchecked[_i].expr, got);
  mf_evaluator_free(evaluator);
  mf_program_free(program);
}
END_TEST

/* CEL itself mixes no numbers; ours come out as doubles. */
static const struct {
  const char *expr;
  bool fails;
} mixes[] = {
    {"dyn(1) + 1.5 > 0.0", true},   {"dyn(1.5) * 2 > 0", true}, {"dyn(1u) / 2.0 > 0.0", true},
    {"dyn(1) + 2 == 3", false},     {"x + 1.5 > 0.0", true},    {"dyn('a') + 'b' == 'ab'", false},
    {"x - 1 == 0", false},          {"1 + dyn(1.5) > 0", true}, {"dyn(1) < dyn(1.5)", false},
    {"[dyn(1) + 1.5] == []", true},
};

START_TEST(numbers_are_not_mixed_in_strict_cel) {
  for (int strict = 0; strict < 2; strict++) {
    told t;
    mf_program *program;
    mf_evaluator *evaluator;
    mf_value slot = {.kind = MF_INT, .as.i = 1}, result;
    mf_schema_entry x = {"x", NULL};
    mf_program_options options = options_for(&t, strict);
    options.schema = &x;
    options.count = 1;
    mf_status status = mf_program_compile_with(&options, mf_str_of(mixes[_i].expr), &program);
    ck_assert_msg(status == MF_OK, "%s: %s", mixes[_i].expr, t.text);
    ck_assert_int_eq(mf_evaluator_new(NULL, &evaluator), MF_OK);
    ck_assert_int_eq(mf_eval(program, evaluator, &slot, &result), MF_OK);
    ck_assert_msg((result.kind == MF_ERROR) == (strict && mixes[_i].fails), "%s", mixes[_i].expr);
    mf_evaluator_free(evaluator);
    mf_program_free(program);
  }
}
END_TEST

/* ---- signatures ---- */

/* How many overloads a row has: one more than it has semicolons. */
static unsigned overloads_in(const char *text) {
  unsigned n = 1;
  for (; *text; text++) n += *text == ';';
  return n;
}

START_TEST(every_signature_can_be_read) {
  static const struct {
    const char *spelling, *text;
    uint32_t min, max;
  } rows[] = {
#define MF_FUNCTION(id, spelling, code, min, max, signatures, cost, doc) \
  {spelling, signatures, min, max},
#include "../../vm/functions.def"
#undef MF_FUNCTION
  };
  mf_arena arena;
  mf_arena_init(&arena, NULL, 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    mf_overload o;
    unsigned count = 0;
    size_t at = 0;
    for (; mf_overload_read(&arena, mf_str_of(rows[i].text), mf_str_of(rows[i].spelling), &at, &o);
         count++) {
      ck_assert_msg(o.count >= rows[i].min && (o.count <= rows[i].max), "%s takes %u",
                    rows[i].spelling, (unsigned)o.count);
    }
    ck_assert_msg(count == overloads_in(rows[i].text), "%s: %u overloads read of \"%s\"",
                  rows[i].spelling, count, rows[i].text);
  }
  mf_arena_fini(&arena);
}
END_TEST

/* ---- size ---- */

/* cel.bind(a, {1: 1}, cel.bind(b, {a: a}, cel.bind(c, {b: b}, ...))) */
START_TEST(types_do_not_double_with_each_level) {
  enum { LEVELS = 80 };
  char expr[8000] = "cel.bind(v0, {1: 1}, ", type[64], piece[80];
  told t;
  /* Maps are no keys, which strict_cel leaves to run time. */
  mf_program_options options = options_for(&t, true);
  for (int i = 1; i < LEVELS; i++) {
    snprintf(piece, sizeof piece, "cel.bind(v%d, {v%d: v%d, 'k': v%d}, ", i, i - 1, i - 1, i - 1);
    strcat(expr, piece);
  }
  snprintf(piece, sizeof piece, "v%d", LEVELS - 1);
  strcat(expr, piece);
  for (int i = 0; i < LEVELS; i++) strcat(expr, ")");
  ck_assert_int_eq(mf_program_check(&options, mf_str_of(expr), type, sizeof type), MF_OK);
  ck_assert_msg(strncmp(type, "map(dyn, map(dyn, ", 18) == 0, "%s", type);
}
END_TEST

/* ---- memory ---- */

START_TEST(checking_survives_every_failed_allocation) {
  told t;
  const char *expr =
      "li.map(e, e > 1, {'k': [e + i]})[0].k.size() > 0 && s.startsWith('a') || o.orValue(1) == i";
  mf_counting_alloc memory = {.inner = mf_alloc_default()};
  mf_status status = MF_OUT_OF_MEMORY;
  for (uint64_t fail_at = 1; status != MF_OK; fail_at++) {
    mf_program *program = NULL;
    mf_program_options options = options_for(&t, false);
    memory.calls = 0;
    memory.fail_at = fail_at;
    options.alloc = mf_counting_alloc_as_alloc(&memory);
    status = mf_program_compile_with(&options, mf_str_of(expr), &program);
    ck_assert_msg(status == MF_OK || status == MF_OUT_OF_MEMORY, "%s", t.text);
    mf_program_free(program);
    ck_assert_uint_eq(memory.in_use, 0);
  }
}
END_TEST

Suite *compiler_types_suite(void);
Suite *compiler_types_suite(void) {
  Suite *s = suite_create("compiler_types");
  TCase *t = tcase_create("types");
  tcase_add_loop_test(t, types_are_deduced, 0, COUNT(types));
  tcase_add_loop_test(t, what_cannot_be_right_is_refused, 0, COUNT(mistakes));
  tcase_add_test(t, branches_of_one_type_are_asked_for_in_strict_cel);
  tcase_add_loop_test(t, what_cannot_be_meant_is_warned_of, 0, COUNT(warnings));
  tcase_add_loop_test(t, types_are_read_and_written, 0, COUNT(texts));
  tcase_add_test(t, types_nest_only_so_deep);
  tcase_add_test(t, a_schema_with_a_bad_type_is_refused);
  tcase_add_loop_test(t, names_are_looked_up_in_the_container, 0, COUNT(names));
  tcase_add_loop_test(t, functions_are_looked_up_in_the_container, 0, COUNT(functions_in));
  tcase_add_test(t, declared_functions_are_looked_up_in_the_container);
  tcase_add_loop_test(t, unchecked_mistakes_are_errors_that_logic_absorbs, 0, COUNT(unchecked));
  tcase_add_loop_test(t, numbers_are_not_mixed_in_strict_cel, 0, COUNT(mixes));
  tcase_add_test(t, every_signature_can_be_read);
  tcase_add_test(t, types_do_not_double_with_each_level);
  tcase_add_test(t, checking_survives_every_failed_allocation);
  suite_add_tcase(s, t);
  return s;
}
