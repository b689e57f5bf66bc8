/* SPDX-License-Identifier: MIT */
/* Parsing: trees, places, where an expression ends, interpolation, limits. */
#include "../../compiler/expr.h"

#include <check.h>
#include <stdlib.h>

static mf_counting_alloc memory;
static mf_arena arena;
static mf_diags diags;
static mf_buf out;

static void set_up(void) {
  memory = (mf_counting_alloc){.inner = mf_alloc_default()};
  mf_alloc a = mf_counting_alloc_as_alloc(&memory);
  mf_arena_init(&arena, &a, 0);
  mf_diags_init(&diags, &arena);
  mf_buf_init(&out, &a, 0);
}

static void tear_down(void) {
  mf_buf_fini(&out);
  mf_arena_fini(&arena);
  ck_assert_uint_eq(memory.in_use, 0);
}

static mf_expr_source source_of(const char *text) {
  mf_expr_source s = {.text = mf_str_of(text), .exact = true};
  s.whole = (mf_span){0, (uint32_t)s.text.n};
  return s;
}

static mf_expr *parse(const char *text) {
  mf_expr_source s = source_of(text);
  return mf_expr_parse(&arena, &diags, &s);
}

static const char *dump(const mf_expr *e) {
  mf_buf_clear(&out);
  mf_expr_dump(&out, e);
  return out.p;
}

/* ---- trees ---- */

static const struct {
  const char *text, *tree;
} trees[] = {
    {"a + b * c", "(+ a (* b c))"},
    {"a * b + c", "(+ (* a b) c)"},
    {"a - b - c", "(- (- a b) c)"},
    {"a || b && c || d", "(|| (|| a (&& b c)) d)"},
    {"a == b < c", "(< (== a b) c)"},
    {"a in b == c", "(== (in a b) c)"},
    {"(a + b) * c", "(* (+ a b) c)"},
    {"a ? b : c ? d : e", "(?: a b (?: c d e))"},
    {"a || b ? c && d : e", "(?: (|| a b) (&& c d) e)"},
    {"-a.b", "(- (. a b))"},
    {"-a[0]", "(- ([] a 0))"},
    {"-5.f()", "(method f -5)"},
    {"!!a", "(! (! a))"},
    {"!-5", "(! -5)"},
    {"a - -5", "(- a -5)"},
    {"a-5", "(- a 5)"},
    {"a -5", "(- a 5)"},
    {"--5", "(- -5)"},
    {"a.b.c", "(. (. a b) c)"},
    {".a.b", "(. .a b)"},
    {"a.f(b, c).g()", "(method g (method f a b c))"},
    {"f(a)[b].c", "(. ([] (call f a) b) c)"},
    {".f(a)", "(call .f a)"},
    {"a.if", "(. a if)"},
    {"a.package()", "(method package a)"},
    {"a.`b-c/d e.f`", "(. a b-c/d e.f)"},
    {"a.?b[?c]", "([?] (.? a b) c)"},
    {"[?a, b]", "(list ?a b)"},
    {"{?a: b, c: d}", "(map ?a b c d)"},
    {"[?a.b, a.?b]", "(list ?(. a b) (.? a b))"},
    {"a.all(x, x > y)", "(all a (var x) (> (local x) y))"},
    {"a.exists(x, y, x == y)", "(exists a (var x) (var y) (== (local x) (local y)))"},
    {"a.existsOne(x, .x == x)", "(exists_one a (var x) (== .x (local x)))"},
    {"x.map(x, x.filter(x, x.y))", "(map x (var x) (filter (local x) (var x) (. (local x) y)))"},
    {"a.map(x, p, x)", "(map a (var x) p (local x))"},
    {"a.transformList(i, v, i + v)", "(transformList a (var i) (var v) (+ (local i) (local v)))"},
    {"a.transformMap(k, v, k, v)", "(transformMap a (var k) (var v) (local k) (local v))"},
    {"a.transformMapEntry(k, v, {v: k})",
     "(transformMapEntry a (var k) (var v) (map (local v) (local k)))"},
    {"a.sortBy(x, -x)", "(sortBy a (var x) (- (local x)))"},
    {"a.?b.optMap(x, x)", "(optMap (.? a b) (var x) (local x))"},
    {"a.optFlatMap(x, x.?b)", "(optFlatMap a (var x) (.? (local x) b))"},
    {"cel.bind(x, x, x)", "(bind (var x) x (local x))"},
    {"cel.block([a, cel.index(0)], cel.index(1))",
     "(bind (var @index) a (var @index) (local @index 0 0) (local @index 1 0))"},
    {"a.all(x, T{x: x})", "(all a (var x) (message T x: (local x)))"},
    {"all(x, y) + a.all(x, y, z, w)", "(+ (call all x y) (method all a x y z w))"},
    {"A.B{c: 1, ?d: 2, if: 3,}", "(message A.B c: 1 ?d: 2 if: 3)"},
    {".A{}", "(message A)"},
    {"[]", "(list)"},
    {"[,]", "(list)"},
    {"[a,]", "(list a)"},
    {"{}", "(map)"},
    {"{,}", "(map)"},
    {"{'a': 1,}", "(map \"a\" 1)"},
    {"1u + 0x10U", "(+ 1u 16u)"},
    {"1.0 + 1e2 + .5", "(+ (+ 1.0 100.0) 0.5)"},
    {"b'a\\x00\"'", "b\"a\\x00\\x22\""},
    {"'''a\nb''' + \"\"\"c\r\n\"\"\"", "(+ \"a\\nb\" \"c\\r\\n\")"},
    {"true && false || null", "(|| (&& true false) null)"},
    {"a // b\n + c", "(+ a c)"},
    {"\ta\r\n+\fb ", "(+ a b)"},
};

START_TEST(trees_are_as_the_grammar_says) {
  ck_assert_str_eq(dump(parse(trees[_i].text)), trees[_i].tree);
  ck_assert_uint_eq(diags.errors, 0);
}
END_TEST

/* ---- places ---- */

static const char *spanned(const char *text, mf_span span) {
  return mf_arena_copy(&arena, text + span.offset, span.length);
}

START_TEST(places_cover_what_was_written) {
  const char *text = " (a.b + f( c )) * [ 1 ]";
  mf_expr *e = parse(text), *sum = e->first, *call = sum->first->next;
  ck_assert_str_eq(spanned(text, e->span), "(a.b + f( c )) * [ 1 ]");
  ck_assert_str_eq(spanned(text, sum->span), "(a.b + f( c ))");
  ck_assert_str_eq(spanned(text, sum->first->span), "a.b");
  ck_assert_str_eq(spanned(text, sum->first->name_span), "b");
  ck_assert_str_eq(spanned(text, call->span), "f( c )");
  ck_assert_str_eq(spanned(text, call->name_span), "f");
  ck_assert_str_eq(spanned(text, sum->next->span), "[ 1 ]");
}
END_TEST

START_TEST(places_count_from_where_the_text_stands) {
  mf_expr_source s = {.text = MF_STR("a + b"), .offset = 100, .exact = true, .whole = {90, 30}};
  mf_expr *e = mf_expr_parse(&arena, &diags, &s);
  ck_assert_uint_eq(e->first->next->span.offset, 104);
  s.exact = false;
  e = mf_expr_parse(&arena, &diags, &s);
  ck_assert_uint_eq(e->first->next->span.offset, 90);
  ck_assert_uint_eq(e->first->next->span.length, 30);
}
END_TEST

START_TEST(every_mistake_of_an_expression_is_told_once) {
  parse("'\\q' + '\\z' and 1e999 = x");
  ck_assert_uint_eq(diags.errors, 5);
}
END_TEST

START_TEST(after_a_syntax_error_nothing_more_is_told) {
  mf_expr *e = parse("a b ) ] $ 'x");
  ck_assert_uint_eq(diags.errors, 1);
  ck_assert_int_eq(e->kind, MF_EXPR_ERROR);
}
END_TEST

/* ---- where it ends ---- */

static const struct {
  const char *text;
  size_t used;
  const char *tree;
} prefixes[] = {
    {"a}", 1, "a"},
    {" a + b } c", 7, "(+ a b)"},
    {"'}' + \"}\"} x", 9, "(+ \"}\" \"}\")"},
    {"{'a': {'b': 1}}.a.b}}", 19, "(. (. (map \"a\" (map \"b\" 1)) a) b)"},
    {"a", 1, "a"},
    {"a // } \n}", 8, "a"},
    {"A{b: 1}}", 7, "(message A b: 1)"},
};

START_TEST(the_expression_finds_its_own_end) {
  mf_expr_source s = source_of(prefixes[_i].text);
  size_t used;
  mf_expr *e = mf_expr_parse_prefix(&arena, &diags, &s, &used);
  ck_assert_str_eq(dump(e), prefixes[_i].tree);
  ck_assert_uint_eq(used, prefixes[_i].used);
  ck_assert_uint_eq(diags.errors, 0);
}
END_TEST

START_TEST(after_a_mistake_the_end_is_still_found) {
  mf_expr_source s = source_of("a b {'}': c} $} rest");
  size_t used;
  ck_assert_int_eq(mf_expr_parse_prefix(&arena, &diags, &s, &used)->kind, MF_EXPR_ERROR);
  ck_assert_uint_eq(used, strlen("a b {'}': c} $"));
  ck_assert_uint_eq(diags.errors, 1);
}
END_TEST

/* ---- interpolation ---- */

/* The parts one behind the other: texts in quotes, trees as they are. */
static const char *parts(const char *text) {
  mf_expr_source s = source_of(text);
  mf_buf_clear(&out);
  mf_buf_puts(&out, "");
  for (mf_part *p = mf_interpolation_parse(&arena, &diags, &s); p; p = p->next) {
    if (out.n) mf_buf_putc(&out, ' ');
    if (p->expr)
      mf_expr_dump(&out, p->expr);
    else
      mf_buf_printf(&out, "'%.*s'", (int)p->text.n, p->text.p);
  }
  return out.p ? out.p : "";
}

static const struct {
  const char *text, *parts;
} interpolations[] = {
    {"", ""},
    {"plain", "'plain'"},
    {"${a}", "a"},
    {"{{a}}", "a"},
    {"{{ a }}", "a"},
    {"x ${a} y {{b}} z", "'x ' a ' y ' b ' z'"},
    {"${a}${b}", "a b"},
    {"{{ {\"a\":1}.a }}", "(. (map \"a\" 1) a)"},
    {"{{{\"a\":1}.a}}", "(. (map \"a\" 1) a)"},
    {"{{ {\"a\":{}}}}", "(map \"a\" (map))"},
    {"${{'a': 1}}", "(map \"a\" 1)"},
    {"${'}' + \"}}\"}", "(+ \"}\" \"}}\")"},
    {"$${a}", "'${a}'"},
    {"\\{{a}}", "'{{a}}'"},
    {"a $${b} ${c} \\{{d}} e", "'a ${b} ' c ' {{d}} e'"},
    {"$$${a}", "'$${a}'"},
    {"$a {b} $ { \\ } }} \\$ $$", "'$a {b} $ { \\ } }} \\$ $$'"},
    {"cost: 5$", "'cost: 5$'"},
    {"é${a}ü", "'é' a 'ü'"},
};

START_TEST(texts_are_cut_at_their_interpolations) {
  ck_assert_str_eq(parts(interpolations[_i].text), interpolations[_i].parts);
  ck_assert_uint_eq(diags.errors, 0);
}
END_TEST

static const struct {
  const char *text;
  mf_code code;
  uint32_t offset, length;
} bad_interpolations[] = {
    {"a ${b", MF_E_INTERPOLATION_OPEN, 2, 2},    {"a {{b", MF_E_INTERPOLATION_OPEN, 2, 2},
    {"a {{b} c", MF_E_INTERPOLATION_OPEN, 2, 2}, {"a ${} b", MF_E_EXPRESSION_EMPTY, 4, 1},
    {"{{ }}", MF_E_EXPRESSION_EMPTY, 3, 1},      {"${", MF_E_EXPRESSION_EMPTY, 2, 1},
    {"x ${a +} y", MF_E_EXPRESSION_ENDS, 6, 1},  {"x ${a b} ${c}", MF_E_UNEXPECTED_TOKEN, 6, 1},
    {"x ${(a} y", MF_E_BRACKET_OPEN, 4, 1},      {"${a == 'b}", MF_E_TEXT_OPEN, 7, 3},
    {"${'\\q'} ${a}", MF_E_BAD_ESCAPE, 3, 2},
};

START_TEST(a_bad_interpolation_is_told_once_at_its_place) {
  parts(bad_interpolations[_i].text);
  ck_assert_uint_eq(diags.errors, 1);
  ck_assert_int_eq(diags.items[0].code, bad_interpolations[_i].code);
  ck_assert_uint_eq(diags.items[0].span.offset, bad_interpolations[_i].offset);
  ck_assert_uint_eq(diags.items[0].span.length, bad_interpolations[_i].length);
}
END_TEST

START_TEST(places_inside_interpolations_are_those_of_the_document) {
  mf_expr_source s = {.text = MF_STR("ab ${c}"), .offset = 50, .exact = true};
  mf_part *p = mf_interpolation_parse(&arena, &diags, &s);
  ck_assert_uint_eq(p->next->expr->span.offset, 55);
}
END_TEST

START_TEST(many_interpolations_take_linear_time) {
  enum { COUNT = 100000 };
  char *text = malloc(COUNT * 4 + 1);
  for (size_t i = 0; i < COUNT; i++) memcpy(text + 4 * i, "${a}", 4);
  text[COUNT * 4] = '\0';
  mf_expr_source s = source_of(text);
  size_t count = 0;
  for (mf_part *p = mf_interpolation_parse(&arena, &diags, &s); p; p = p->next) count++;
  ck_assert_uint_eq(count, COUNT);
  free(text);
}
END_TEST

/* ---- limits ---- */

/* `open` n times, `middle`, `close` n times. */
static char *nested(const char *open, const char *middle, const char *close, size_t n) {
  mf_buf b;
  mf_buf_init(&b, NULL, 0);
  for (size_t i = 0; i < n; i++) mf_buf_puts(&b, open);
  mf_buf_puts(&b, middle);
  for (size_t i = 0; i < n; i++) mf_buf_puts(&b, close);
  return b.p;
}

static const struct {
  const char *open, *middle, *close;
} nests[] = {
    {"(", "a", ")"},       {"[", "a", "]"},     {"{1:", "a", "}"}, {"f(", "a", ")"},
    {"a[", "a", "]"},      {"!", "a", ""},      {"-", "a", ""},    {"", "a", ".b"},
    {"", "a", "[0]"},      {"", "a", ".f()"},   {"", "a", "+a"},   {"", "a", "&&a"},
    {"a?b:", "a", ""},     {"(a?", "a", ":b)"}, {"", "a", "{}"},   {"a+(", "a", ")"},
    {"{{1:1}:", "1", "}"},
};

START_TEST(deep_nesting_is_refused_and_not_suffered) {
  const size_t depths[] = {32, 200, 251, 2000, 10000};
  for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
    char *text = nested(nests[_i].open, nests[_i].middle, nests[_i].close, depths[i]);
    mf_expr *e = parse(text);
    ck_assert_ptr_nonnull(e);
    bool too_long = strlen(text) > 65536;
    bool refused = diags.errors == 1 && (diags.items[0].code == MF_E_EXPRESSION_DEEP ||
                                         diags.items[0].code == MF_E_EXPRESSION_LONG);
    bool name_error = strcmp(nests[_i].close, "{}") == 0; /* a{}{} names no type */
    if (depths[i] <= 200 && !name_error) ck_assert_uint_eq(diags.errors, 0);
    if (depths[i] > 250 && !too_long && !name_error) ck_assert(refused);
    free(text);
    tear_down();
    set_up();
  }
}
END_TEST

START_TEST(the_length_of_an_expression_is_bounded) {
  char *text = nested("", "a", " ", 65535), *longer = nested("", "a", " ", 65536);
  parse(text);
  ck_assert_uint_eq(diags.errors, 0);
  parse(longer);
  ck_assert_uint_eq(diags.errors, 1);
  ck_assert_int_eq(diags.items[0].code, MF_E_EXPRESSION_LONG);
  free(text);
  free(longer);
}
END_TEST

START_TEST(in_a_long_text_only_the_expression_counts) {
  char *text = nested("", "${a}", "x", 200000);
  parts(text);
  ck_assert_uint_eq(diags.errors, 0);
  free(text);
}
END_TEST

START_TEST(an_endless_interpolation_is_too_long) {
  char *spaces = nested("", "", " ", 70000);
  mf_buf b;
  mf_buf_init(&b, NULL, 0);
  mf_buf_printf(&b, "${a %s}", spaces);
  parts(b.p);
  ck_assert_int_eq(diags.items[0].code, MF_E_EXPRESSION_LONG);
  ck_assert_uint_eq(diags.errors, 1);
  mf_buf_fini(&b);
  free(spaces);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_told) {
  const char *const texts[] = {"'\xff'", "\xff", "a\x01", "'a' // \xff\n", "b'\xff'"};
  const mf_code codes[] = {MF_E_BAD_TEXT, MF_E_BAD_CHARACTER, MF_E_BAD_CHARACTER, MF_CODE_NONE,
                           MF_CODE_NONE};
  mf_expr_source s = source_of(texts[_i]);
  mf_expr_parse(&arena, &diags, &s);
  ck_assert_uint_eq(diags.errors, codes[_i] != MF_CODE_NONE);
  if (diags.errors) ck_assert_int_eq(diags.items[0].code, codes[_i]);
}
END_TEST

START_TEST(a_nul_does_not_end_the_source) {
  mf_expr_source s = {.text = {"a\0b", 3}, .exact = true};
  mf_expr_parse(&arena, &diags, &s);
  ck_assert_int_eq(diags.items[0].code, MF_E_BAD_CHARACTER);
  s.text = (mf_str){"'a\0b'", 5};
  mf_expr *e = mf_expr_parse(&arena, &diags, &s);
  ck_assert_int_eq(e->kind, MF_EXPR_LITERAL);
  ck_assert_uint_eq(e->value.len, 3);
}
END_TEST

START_TEST(out_of_memory_ends_every_parse_cleanly) {
  const char *text = "a ${{'k': [1, 'x\\n', -2.5].f(b ? A.B{c: 1} : d)} and} {{e";
  for (uint64_t fail_at = 1;; fail_at++) {
    tear_down();
    set_up();
    memory.fail_at = fail_at;
    mf_expr_source s = source_of(text);
    mf_interpolation_parse(&arena, &diags, &s);
    if (memory.calls < fail_at) break;
    ck_assert(mf_arena_oom(&arena) || memory.calls >= fail_at);
  }
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

Suite *compiler_expr_suite(void);
Suite *compiler_expr_suite(void) {
  Suite *suite = suite_create("compiler_expr");
  TCase *tc = tcase_create("parse");
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_loop_test(tc, trees_are_as_the_grammar_says, 0, COUNT(trees));
  tcase_add_test(tc, places_cover_what_was_written);
  tcase_add_test(tc, places_count_from_where_the_text_stands);
  tcase_add_test(tc, every_mistake_of_an_expression_is_told_once);
  tcase_add_test(tc, after_a_syntax_error_nothing_more_is_told);
  tcase_add_loop_test(tc, the_expression_finds_its_own_end, 0, COUNT(prefixes));
  tcase_add_test(tc, after_a_mistake_the_end_is_still_found);
  tcase_add_loop_test(tc, texts_are_cut_at_their_interpolations, 0, COUNT(interpolations));
  tcase_add_loop_test(tc, a_bad_interpolation_is_told_once_at_its_place, 0,
                      COUNT(bad_interpolations));
  tcase_add_test(tc, places_inside_interpolations_are_those_of_the_document);
  tcase_add_test(tc, many_interpolations_take_linear_time);
  tcase_add_loop_test(tc, deep_nesting_is_refused_and_not_suffered, 0, COUNT(nests));
  tcase_add_test(tc, the_length_of_an_expression_is_bounded);
  tcase_add_test(tc, in_a_long_text_only_the_expression_counts);
  tcase_add_test(tc, an_endless_interpolation_is_too_long);
  tcase_add_loop_test(tc, bytes_that_are_no_text_are_told, 0, 5);
  tcase_add_test(tc, a_nul_does_not_end_the_source);
  tcase_add_test(tc, out_of_memory_ends_every_parse_cleanly);
  suite_add_tcase(suite, tc);
  return suite;
}
