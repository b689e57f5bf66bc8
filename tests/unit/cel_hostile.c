/* SPDX-License-Identifier: MIT */
/* cel_hostile - expressions that want all the time or memory there is.
 *
 * Each ends as it should: with its value, or with the status of the budget that
 * it exceeds, which nothing around it absorbs; in less than a second; in bounded
 * memory.  Values of the host, which cost an expression no fuel, are as large as
 * values can be. */
#include <time.h>

#include "../../base/limits.h"
#include "../../base/alloc.h"
#include "cel_kit.h"
#include "corpus.h"

/* s, r: STRING_BYTES bytes "00...0"; d: three that differ in the last byte, in a
 * list; n: half of s and a 1; l: LIST_ELEMENTS ints; m: a map with long keys;
 * t: true; g: a list that shares its parts, with 2^60 leaves. */
typedef struct world {
  const char *names[9];
  mf_value slots[9];
  mf_arena arena;
} world;

enum { S, R, D, N, L, M, T, G, WORLD };

static mf_value long_text(mf_arena *arena, char last) {
  char *p = mf_arena_get(arena, MF_LIMIT_STRING_BYTES);
  memset(p, '0', MF_LIMIT_STRING_BYTES);
  p[MF_LIMIT_STRING_BYTES - 1] = last;
  return mf_string((mf_str){p, MF_LIMIT_STRING_BYTES});
}

static mf_value ints(mf_arena *arena) {
  mf_value *items = mf_arena_get(arena, sizeof *items * MF_LIMIT_LIST_ELEMENTS);
  for (size_t i = 0; i < MF_LIMIT_LIST_ELEMENTS; i++)
    items[i] = mf_int((int64_t)(i * 7919 % 1000003));
  return (mf_value){.kind = MF_LIST, .len = (uint32_t)MF_LIMIT_LIST_ELEMENTS, .as.list = items};
}

static mf_value shared(mf_arena *arena, unsigned levels) {
  mf_value two[2] = {mf_int(1), mf_int(1)};
  for (unsigned i = 0; i < levels; i++) two[0] = two[1] = mf_list_of(arena, two, 2);
  return two[0];
}

static void make_world(world *w) {
  static const char *const names[] = {"s", "r", "d", "n", "l", "m", "t", "g"};
  mf_map_builder b;
  memcpy(w->names, names, sizeof names);
  mf_arena_init(&w->arena, NULL, 0);
  const mf_value ends[] = {long_text(&w->arena, '1'), long_text(&w->arena, '2'),
                           long_text(&w->arena, '3')};
  w->slots[S] = long_text(&w->arena, '0');
  w->slots[R] = long_text(&w->arena, '0');
  w->slots[D] = mf_list_of(&w->arena, ends, 3);
  w->slots[N] = ends[0];
  w->slots[N].as.s += MF_LIMIT_STRING_BYTES / 2;
  w->slots[N].len = (uint32_t)MF_LIMIT_STRING_BYTES / 2;
  w->slots[L] = ints(&w->arena);
  mf_map_build(&b, &w->arena);
  for (size_t i = 0; i < 3; i++) mf_map_add_value(&b, ends[i], mf_int(1));
  w->slots[M] = mf_map_done(&b);
  w->slots[T] = mf_bool(true);
  w->slots[G] = shared(&w->arena, 60);
}

/* ---- running ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(MF_DEBUG)
enum { SLOWER = 10 };
#else
enum { SLOWER = 1 };
#endif

/* The evaluator's memory, and as much for the program and what the libraries take. */
#define PEAK (2 * MF_LIMIT_EVAL_MEMORY)

static double seconds_since(clock_t start) { return (double)(clock() - start) / CLOCKS_PER_SEC; }

static void evaluate_with(const world *w, const mf_program *program, const mf_alloc *alloc,
                          mf_buf *out) {
  mf_evaluator *evaluator;
  mf_value result = {.kind = MF_UNSET};
  ck_assert_int_eq(mf_evaluator_new(alloc, &evaluator), MF_OK);
  mf_evaluator_set_regex(evaluator, mf_regex_re2());
  mf_status status = mf_eval(program, evaluator, w->slots, &result);
  cel_write_result(out, status, &result);
  cel_add_difference(program, evaluator, w->slots, out);
  mf_evaluator_free(evaluator);
}

/* What expr comes to: its value, "error: NAME", "status: NAME" or "refused". */
static void run(const world *w, mf_str expr, mf_buf *out) {
  mf_counting_alloc counting = {.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
  mf_program *program;
  clock_t start = clock();
  mf_status status = mf_program_compile(&alloc, expr, w->names, WORLD, &program, NULL, 0);
  mf_buf_clear(out);
  if (status == MF_OK)
    evaluate_with(w, program, &alloc, out);
  else
    mf_buf_puts(out, "refused");
  mf_program_free(program);
  int shown = expr.n < 200 ? (int)expr.n : 200;
  ck_assert_msg(seconds_since(start) < 1.0 * SLOWER, "%.2f s for %.*s", seconds_since(start), shown,
                expr.p);
  ck_assert_msg(counting.peak < PEAK, "%zu bytes for %.*s", counting.peak, shown, expr.p);
}

/* ---- cases ---- */

#define FUEL "status: OUT_OF_FUEL"
#define LARGE "status: VALUE_TOO_LARGE"
#define MEMORY "status: OUT_OF_MEMORY"

static const struct {
  const char *expr, *want;
} cases[] = {
    /* loops */
    {"l.all(x, l.all(y, x + y >= 0))", FUEL},
    {"l.all(x, l.all(y, l.all(z, true)))", FUEL},
    {"l.exists(x, l.exists(y, x + y < 0))", FUEL},
    {"l.map(x, l.map(y, x)).size()", MEMORY},
    {"l.filter(x, l.exists_one(y, x == y)).size()", FUEL},
    {"l.transformMap(i, v, v).size()", "1000000"},
    {"l.transformMapEntry(i, v, {v: i}).size()", MEMORY},
    {"lists.range(1000).transformMapEntry(i, v, l.transformMap(j, u, u)).size()", MEMORY},
    {"l.sortBy(x, s).size()", FUEL},
    {"l.all(x, 's'.matches(string(x) + '\\\\pL{50}'))", "false"},
    {"l.exists(x, {'a': 1}[string(x)] == 1)", FUEL},
    {"l.exists(x, bool(s))", MEMORY}, /* a million messages */
    /* lists */
    {"lists.range(1000000000)", LARGE},
    {"lists.range(9223372036854775807)", LARGE},
    {"(l + l).size()", LARGE},
    {"l.all(x, (l + []).size() > 0)", MEMORY},
    {"l.sort().size()", FUEL},
    {"l.slice(0, 200000).sort()[0]", "0"},
    {"l.distinct().size()", FUEL},
    {"l.map(x, l).flatten().size()", FUEL},
    {"l.all(x, l.reverse().size() > 0)", MEMORY},
    {"sets.equivalent(l, l)", FUEL},
    {"l.all(x, math.greatest(l) > 0)", FUEL},
    {"l.all(x, l.map(y, optional.of(y)).unwrapOpt().size() > 0)", MEMORY},
    {"l.all(x, -1 in l)", "false"},
    {"l.all(x, !(-1 in l))", FUEL},
    {"'%s'.format([l]).size()", LARGE},
    {"'%s'.format([l.transformMap(i, v, v)]).size()", MEMORY},
    /* values that share parts */
    {"g == g", FUEL},
    {"g == [g[0], g[1]]", FUEL},
    {"[g, g].distinct().size()", FUEL},
    {"g in [1, g]", FUEL},
    {"sets.contains([g], [g])", FUEL},
    {"g.flatten(100)", FUEL},
    {"'%s'.format([g])", LARGE},
    {"l.all(x, g != [])", "true"},
    /* texts */
    {"s + s", LARGE},
    {"s.replace('0', '00').size()", LARGE},
    {"s.replace('', 'aaaaaaaa').size()", LARGE},
    {"s.replace(n, 'x').size()", "1048576"},
    {"[s, s].join('')", LARGE},
    {"l.map(x, '').join(s)", LARGE},
    {"'%s%s'.format([s, s])", LARGE},
    {"'%s'.format([[s, s]])", LARGE},
    {"s.split('').size()", LARGE},
    {"s.split('0').size()", LARGE},
    {"s.split(n).size()", "1"},
    {"l.all(x, s.split('1').size() > 0)", FUEL},
    {"strings.quote(s)", LARGE},
    {"base64.encode(bytes(s))", LARGE},
    {"l.all(x, base64.decode(s) != b'')", FUEL},
    {"l.all(x, s == r)", FUEL},
    {"l.all(x, s <= r)", FUEL},
    {"l.all(x, s.startsWith(r))", FUEL},
    {"l.all(x, s.endsWith(r))", FUEL},
    {"l.all(x, !s.contains(n))", FUEL},
    {"l.all(x, s.indexOf(n) == -1)", FUEL},
    {"l.all(x, s.lastIndexOf(n) == -1)", FUEL},
    {"l.all(x, s.charAt(x) != 'z')", FUEL},
    {"l.all(x, s.substring(x) != 'z')", FUEL},
    {"l.all(x, s.reverse() != 'z')", FUEL},
    {"l.all(x, s.trim() != 'z')", FUEL},
    {"l.all(x, s.upperAscii() != 'z')", FUEL},
    {"l.all(x, size(s) > 1)", FUEL},
    {"l.all(x, string(bytes(s)) != 'z')", FUEL},
    {"l.all(x, bytes(s) != b'z')", "true"},
    {"l.exists(x, int(s) != 0)", FUEL},
    {"l.exists(x, double(s) != 0.0)", FUEL},
    {"l.exists(x, uint(s) != 0u)", FUEL},
    {"l.exists(x, duration(s) > duration('1s'))", FUEL},
    {"l.exists(x, timestamp(s) > timestamp(0))", FUEL},
    {"l.exists(x, timestamp(0).getHours(s) == 1)", "error: BAD_ARGUMENT"},
    {"l.all(x, timestamp(x).getHours('America/St_Johns') < 24)", "true"},
    {"l.all(x, string(1.0 / double(x + 1)) != 'z')", FUEL},
    {"l.all(x, !isIP(s) && !isCIDR(s))", FUEL},
    {"l.all(x, 'a'.replace('b', s) == 'a')", FUEL},
    {"l.all(x, s in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])", "false"},
    {"l.all(x, !(s in d))", FUEL},
    /* precisions */
    {"'%.1000000f'.format([1.0]).size()", "1000002"},
    {"'%.1048577f'.format([1.0])", LARGE},
    {"'%.99999999999999999999f'.format([1.0])", LARGE},
    {"'%.1000000e%.1000000e'.format([1.0, 1.0])", LARGE},
    {"l.all(x, '%.1000000f'.format([1.0]) != '')", FUEL},
    /* long keys */
    {"l.all(x, m[d[2]] == 1)", FUEL},
    {"l.all(x, d[2] in m)", FUEL},
    {"l.all(x, m[?d[2]].hasValue())", FUEL},
    {"l.all(x, m == {d[0]: 1, d[1]: 1, d[2]: 1})", FUEL},
    {"l.all(x, {d[0]: 1, d[1]: 1, d[2]: 1}.size() == 3)", FUEL},
    {"l.all(x, m.transformMap(k, v, v).size() == 3)", FUEL},
    {"l.all(x, m.transformMapEntry(k, v, {k: v}).size() == 3)", FUEL},
    /* patterns */
    {"s.matches('(0*)*(0*)*(0*)*1$')", "false"},
    {"s.matches('(0?){100}0{100}1')", FUEL},
    {"s.matches('0[0-9]{200}x')", FUEL},
    {"l.all(x, !s.matches('(0*)*1$'))", FUEL},
    {"s.matches('((((0{10}){10}){10}){10}){10}')", "error: BAD_FORMAT"},
    {"s.matches('(\\\\pL{100}){5}')", "status: REGEX_TOO_LARGE"},
    {"s.matches(s)", "status: REGEX_TOO_LARGE"},
    {"l.all(x, !'b'.matches('a' + string(x)))", FUEL},
    {"regex.extractAll(s, '0').size()", FUEL},
    {"regex.extractAll(s, '').size()", FUEL},
    {"regex.extractAll(s.substring(1000000), '0(.*1)?').size()", FUEL},
    {"regex.replace(s, '.*', '\\\\0\\\\0')", LARGE},
    {"l.all(x, regex.replace('a', 'b', s) == 'a')", FUEL},
};

START_TEST(what_wants_too_much_ends) {
  world w;
  mf_buf got;
  make_world(&w);
  mf_buf_init(&got, NULL, 0);
  run(&w, mf_str_of(cases[_i].expr), &got);
  ck_assert_msg(strcmp(got.p, cases[_i].want) == 0, "%s\n  expected: %s\n  got:      %.200s",
                cases[_i].expr, cases[_i].want, got.p);
  mf_buf_fini(&got);
  mf_arena_fini(&w.arena);
}
END_TEST

/* ---- nothing absorbs a status ---- */

/* One of each that an expression can exceed; none is known when compiling. */
static const struct {
  const char *expr, *status;
} budgets[] = {
    {"(l.all(x, s == r))", FUEL},
    {"(s + r == '')", LARGE},
    {"(l.map(x, l.map(y, 1)) == [])", MEMORY},
    {"(s.matches(s))", "status: REGEX_TOO_LARGE"},
};
/* What would absorb an error, or not ask for it. */
static const char *const around[] = {
    "%s || t",
    "!t && false || %s || t",
    "%s && !t",
    "%s ? 1 : 2",
    "(t ? %s : t) || t",
    "[1, 2].exists(i, %s || i == 2)",
    "[1, 2].all(i, %s && i == 2)",
    "[1, 2].exists_one(i, %s)",
    "[1].map(i, %s).size() == 1 || t",
    "[1, 2].exists(i, j, %s || j == 2)",
    "{1: 2}.transformMap(k, v, %s).size() == 1 || t",
    "[1, 2].sortBy(i, %s).size() == 2 || t",
    "optional.of(%s).orValue(t) || t",
    "optional.of(1).optMap(i, %s).hasValue() || t",
    "cel.bind(b, %s, b || t)",
    "[?optional.of(%s)].size() == 1 || t",
    "{'a': %s}.?a.orValue(t) || t",
    "has({'a': %s}.a) || t",
    "type(%s) == bool || t",
    "(%s == t) || t",
    "string(%s) == 'true' || t",
};
enum { BUDGETS = sizeof budgets / sizeof budgets[0], AROUND = sizeof around / sizeof around[0] };

/* printf with one text, but the format is data. */
static mf_str filled(mf_buf *out, const char *format, const char *expr) {
  const char *at = strstr(format, "%s");
  mf_buf_clear(out);
  mf_buf_add(out, format, (size_t)(at - format));
  mf_buf_puts(out, expr);
  mf_buf_puts(out, at + 2);
  return mf_buf_str(out);
}

START_TEST(nothing_absorbs_a_budget) {
  world w;
  mf_buf got, expr;
  make_world(&w);
  mf_buf_init(&got, NULL, 0);
  mf_buf_init(&expr, NULL, 0);
  for (size_t b = 0; b < BUDGETS; b++) {
    mf_str text = filled(&expr, around[_i], budgets[b].expr);
    run(&w, text, &got);
    ck_assert_msg(strcmp(got.p, budgets[b].status) == 0, "%s: %.200s", text.p, got.p);
  }
  mf_buf_fini(&expr);
  mf_buf_fini(&got);
  mf_arena_fini(&w.arena);
}
END_TEST

/* ---- long texts ---- */

#define LONG_TEXT "\"%.900000f\".format([0.0])"

/* before, then `piece` with `between` as often as it fits, then after. */
static const struct {
  const char *before, *piece, *between, *after, *want;
} long_texts[] = {
    {"", "t", "&&", "", "refused"},
    {"", "1", "+", "", "refused"},
    {"", "!", "", "t", "refused"},
    {"", "(", "", "t", "refused"},
    {"", "t?1:", "", "2", "refused"},
    {"t", ".a", "", "", "refused"},
    {"t", "[0]", "", "", "refused"},
    {"t", ".or(t)", "", "", "refused"},
    {"size([", "t", ",", "])", "32764"},
    {"size({", "1:t", ",", "})", "refused"},
    {"size({", "1:2", ",", "})", "refused"},
    {"size([", "[[[[[[[[[[[[]]]]]]]]]]]]", ",", "])", "2621"},
    {"cel.block([", "l", ",", "],1)", "refused"},
    /* What folds is no larger than the text says: the rest is left to the machine. */
    {"size([", LONG_TEXT, ",", "])", FUEL},
    {"size([", LONG_TEXT ".size()", ",", "])", FUEL},
    {"size([", LONG_TEXT "+s", ",", "])", LARGE},
    {"size([", "lists.range(50000)", ",", "])", MEMORY},
    {"size([", "lists.range(50000)+l", ",", "])", LARGE},
};

START_TEST(long_texts_end) {
  const char *piece = long_texts[_i].piece, *between = long_texts[_i].between;
  const size_t room = MF_LIMIT_EXPRESSION_BYTES - strlen(long_texts[_i].before) -
                      strlen(long_texts[_i].after);
  const size_t times = room / (strlen(piece) + strlen(between));
  world w;
  mf_buf got, expr;
  make_world(&w);
  mf_buf_init(&got, NULL, 0);
  mf_buf_init(&expr, NULL, 0);
  mf_buf_puts(&expr, long_texts[_i].before);
  for (size_t i = 0; i < times; i++) mf_buf_printf(&expr, "%s%s", i ? between : "", piece);
  mf_buf_puts(&expr, long_texts[_i].after);
  run(&w, mf_buf_str(&expr), &got);
  ck_assert_msg(strcmp(got.p, long_texts[_i].want) == 0, "%s%s...: %.200s", long_texts[_i].before,
                piece, got.p);
  mf_buf_fini(&expr);
  mf_buf_fini(&got);
  mf_arena_fini(&w.arena);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof(array)[0])

Suite *cel_hostile_suite(void);
Suite *cel_hostile_suite(void) {
  Suite *s = suite_create("cel_hostile");
  TCase *t = tcase_create("expressions");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, what_wants_too_much_ends, 0, COUNT(cases));
  tcase_add_loop_test(t, nothing_absorbs_a_budget, 0, AROUND);
  tcase_add_loop_test(t, long_texts_end, 0, COUNT(long_texts));
  suite_add_tcase(s, t);
  return s;
}
