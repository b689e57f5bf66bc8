/* SPDX-License-Identifier: MIT */
/* Fast code (vm/fast.h) against the image's instructions: random expressions over
 * random values, compiled with their literals in place (so that the compiler
 * folds and fuses) and with every literal in a variable, each evaluated in both
 * ways.  All four must be one.  The expressions of tests/cel and of the
 * conformance suite are compared in cel_kit.h. */
#include <math.h>

#include "../../vm/evaluator.h"
#include "../../vm/fast.h"
#include "cel_kit.h"

#include <check.h>

enum { EXPRESSIONS = 16000, ROWS_EACH = 4, VARIABLES = 19, PACKED = 150, BLOCK_ROWS = 70 };

typedef struct generator {
  uint64_t state;
  mf_buf text;
  unsigned room; /* operators left */
  bool tame;     /* values are of the kinds that expressions take them for */
} generator;

/* Mixed (splitmix64): plain congruential numbers leave out combinations. */
static uint32_t pick(generator *g, uint32_t n) {
  uint64_t x = g->state += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)(x >> 33) % n;
}
#define PICK(g, words) ((words)[pick((g), sizeof(words) / sizeof *(words))])

/* ---- values ---- */

/* b: bools, n: numbers, s: strings, l: lists, m: a map; any may be something else. */
static const char *const variable_names[VARIABLES] = {"b1", "b2", "b3", "b4", "b5", "b6", "b7",
                                                      "b8", "b9", "n1", "n2", "n3", "s1", "s2",
                                                      "l1", "l2", "m1", "m2", "q.r"};
static const char *const words[] = {"",
                                    "a",
                                    "qa",
                                    "abc",
                                    "admin",
                                    "stag",
                                    "staging",
                                    "production",
                                    "staging-east",
                                    "pre-production",
                                    "a text of more than sixteen bytes",
                                    "/api/v1/admin/users/and/more"};
static double packed[PACKED];
static mf_value numbers[PACKED], ints[12], texts[9], mixed[3];
static mf_pair few[4], many[12];
static mf_map maps[2];
static uint32_t many_index[32];

static mf_value text_value(const char *s) { return mf_string(mf_str_of(s)); }

static mf_value number(generator *g) {
  static const double doubles[] = {0, -0.0, 1, 2.5, 500, 1e300, -3, 0x1p63, 0x1p53, 1.0 / 3};
  static const int64_t ints[] = {0, 1, -1, 2, 3, 7, 500, INT64_MAX, INT64_MIN, 4294967296};
  switch (pick(g, 8)) {
    case 0:
      if (g->tame) return mf_int(2);
      return mf_uint((uint64_t)PICK(g, ints));
    case 1: return mf_double(pick(g, 2) ? NAN : INFINITY);
    case 2:
    case 3:
    case 4: return mf_double(PICK(g, doubles));
    default: return mf_int(PICK(g, ints));
  }
}

static mf_value string(generator *g) {
  mf_value v = text_value(PICK(g, words));
  if (pick(g, 16) == 0 && !g->tame) v.flags = MF_TAINTED;
  return v;
}

static mf_value list(generator *g) {
  mf_value v;
  const uint32_t most = pick(g, 2) ? 37 : PACKED;
  switch (g->tame ? 5 * pick(g, 2) : pick(g, 6)) {
    case 0:
    case 1: mf_set_doubles(&v, packed, pick(g, most + 1)); break;
    case 2: mf_set_list(&v, mixed, 3); break;
    case 3: mf_set_list(&v, ints, pick(g, 13)); break;
    case 4: mf_set_list(&v, texts, pick(g, 10)); break;
    default: mf_set_list(&v, numbers, pick(g, most + 1)); break;
  }
  if (pick(g, 30) == 0 && !g->tame) v.flags |= MF_TAINTED;
  return v;
}

static mf_value map(generator *g) {
  mf_value v;
  mf_set_map(&v, &maps[g->tame ? 0 : pick(g, 2)]);
  if (pick(g, 16) == 0 && !g->tame) v.flags = MF_TAINTED;
  return v;
}

/* Of the kind that expressions take the variable for; seldom of another one. */
static mf_value value(generator *g, uint32_t variable) {
  uint32_t kind = g->tame || pick(g, 12) ? variable : pick(g, VARIABLES);
  if (g->tame) {
    if (variable == 9 || variable == 11) return mf_int(1 + (int64_t)pick(g, 9));
    if (variable == 10) return mf_double(pick(g, 9) * 1.25);
    if (variable == 16) return (mf_value){.kind = MF_MAP, .len = 12, .as.map = &maps[1]};
  } else if (pick(g, 40) == 0)
    return (mf_value){.kind = MF_UNSET};
  if (pick(g, 40) == 0 && !g->tame) return mf_null();
  switch (variable_names[kind][0]) {
    case 'b': return mf_bool(pick(g, 2));
    case 'q':
    case 'n': return number(g);
    case 's': return string(g);
    case 'l': return list(g);
    default: return map(g);
  }
}

static void fill_values(generator *g) {
  for (int i = 0; i < PACKED; i++)
    packed[i] = (double)(i % 5) * 250, numbers[i] = mf_double(packed[i]);
  const uint32_t odd = pick(g, PACKED * 3);
  if (odd < PACKED) numbers[odd] = number(g);
  for (int i = 0; i < 12; i++) ints[i] = pick(g, 20) ? mf_int(i * 50) : number(g);
  for (int i = 0; i < 9; i++) texts[i] = string(g);
  mixed[0] = text_value("qa"), mixed[1] = number(g), mixed[2] = mf_double(2.5);
  few[0] = (mf_pair){text_value("id"), number(g)};
  few[1] = (mf_pair){text_value("group"), string(g)};
  few[2] = (mf_pair){text_value("max_latency_ms"), number(g)};
  few[3] = (mf_pair){text_value("another key of more than sixteen bytes"), number(g)};
  maps[0] = (mf_map){.count = 4, .pairs = few};
  for (uint32_t i = 0; i < 12; i++) {
    static const char *const keys[12] = {
        "id", "k1",   "k2", "k3", "k4", "k5", "k6", "k7", "k8", "a key of more than sixteen bytes",
        "m",  "group"};
    const mf_value text_or_number = g->tame ? string(g) : number(g);
    many[i] = (mf_pair){text_value(keys[i]), i == 10   ? map(g)
                                             : i == 11 ? text_or_number
                                                       : number(g)};
  }
  mf_map_index_fill(many_index, 32, many, 12);
  maps[1] = (mf_map){.count = 12, .index_mask = 31, .pairs = many, .index = many_index};
}

/* ---- expressions ---- */

static void put(generator *g, const char *s) { mf_buf_puts(&g->text, s); }

static void truth(generator *g);
static void arithmetic(generator *g);
static void text(generator *g);
static void count(generator *g);

static void name(generator *g, const char *kind, uint32_t count) {
  mf_buf_printf(&g->text, "%s%u", kind, 1 + pick(g, count));
}

static bool is_full(generator *g) { return g->room == 0 || g->room-- == 0; }

static void between(generator *g, void (*x)(generator *), const char *op, void (*y)(generator *)) {
  put(g, "(");
  x(g);
  put(g, op);
  y(g);
  put(g, ")");
}

static void field(generator *g) {
  static const char *const fields[] = {".id",
                                       ".group",
                                       ".max_latency_ms",
                                       ".m.id",
                                       ".k3",
                                       ".none",
                                       ".m.group",
                                       ".m.max_latency_ms",
                                       ".a_key_of_more_than_sixteen_bytes",
                                       ".m.a_key_of_more_than_sixteen_bytes",
                                       "[\"id\"]"};
  name(g, "m", 2);
  put(g, PICK(g, fields));
}

static void choice(generator *g, void (*of)(generator *)) {
  put(g, "(");
  truth(g);
  put(g, " ? ");
  of(g);
  put(g, " : ");
  of(g);
  put(g, ")");
}

/* Functions that fast code knows, and some that it calls. */
static void number_of(generator *g) {
  static const char *const of_texts[] = {"double(", "int("};
  static const char *const of_numbers[] = {"double(", "math.abs(", "math.sign(", "math.sqrt("};
  static const char *const of_two[] = {"math.greatest(", "math.least("};
  switch (pick(g, 5)) {
    case 0: put(g, "size("), name(g, pick(g, 3) ? "l" : "m", 2); break;
    case 1: put(g, PICK(g, of_texts)), text(g); break;
    case 2: put(g, PICK(g, of_numbers)), arithmetic(g); break;
    case 3: put(g, "math.greatest("), name(g, "l", 2); break;
    default: put(g, PICK(g, of_two)), arithmetic(g), put(g, ", "), arithmetic(g);
  }
  put(g, ")");
}

static void arithmetic(generator *g) {
  static const char *const literals[] = {"0", "1", "7", "2.5", "500.0", "-1", "9223372036854775807",
                                         "3u"};
  static const char *const operators[] = {" + ", " - ", " * ", " / ", " % "};
  switch (is_full(g) ? pick(g, 3) : pick(g, 13)) {
    case 0: put(g, PICK(g, literals)); break;
    case 1: field(g); break;
    case 2: name(g, "n", 3); break;
    case 3: choice(g, arithmetic); break;
    case 4: put(g, "-"), between(g, arithmetic, " + ", arithmetic); break;
    case 5: put(g, "size("), text(g), put(g, ")"); break;
    case 6: name(g, "l", 2), put(g, "["), arithmetic(g), put(g, "]"); break;
    case 7: count(g); break;
    case 8: number_of(g); break;
    default: between(g, arithmetic, PICK(g, operators), arithmetic);
  }
}

static void word(generator *g) { mf_buf_printf(&g->text, "\"%s\"", PICK(g, words)); }

static void text(generator *g) {
  switch (is_full(g) ? pick(g, 3) : pick(g, 8)) {
    case 0: word(g); break;
    case 1: field(g); break;
    case 2: name(g, "s", 2); break;
    case 3: put(g, "string("), pick(g, 2) ? arithmetic(g) : truth(g), put(g, ")"); break;
    case 4: choice(g, text); break;
    case 5: text(g), put(g, ".lowerAscii()"); break;
    default: between(g, text, " + ", text);
  }
}

static void named_text(generator *g) {
  name(g, "s", 2);
  put(g, pick(g, 2) ? " == " : " != ");
  word(g);
}

static const char *const relations[] = {" == ", " != ", " < ", " <= ", " > ", " >= "};

static void relation(generator *g, void (*of)(generator *)) {
  const char *const op = PICK(g, relations);
  void (*const other)(generator *) = pick(g, 12) ? of : arithmetic;
  between(g, of, op, other);
}

static const char *const text_lists[] = {
    "[\"qa\", \"staging\"]",
    "[\"\", \"a\", \"qa\", \"abc\", \"stag\", \"staging\", \"production\"]",
};

static void membership(generator *g) {
  static const char *const lists[] = {
      "[\"a text of more than sixteen bytes\", \"qa\"]",
      "[1, 2, 3, 7]",
      "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 500]",
      "[1, 2.5, \"qa\"]",
      "l1",
      "m1",
  };
  put(g, "(");
  pick(g, 2) ? text(g) : arithmetic(g);
  put(g, " in ");
  put(g, pick(g, 4) ? PICK(g, lists) : PICK(g, text_lists));
  put(g, ")");
}

static const char *const searches[] = {".startsWith(", ".endsWith(", ".contains("};

static void search(generator *g) {
  pick(g, 2) ? name(g, "s", 2) : text(g);
  put(g, PICK(g, searches));
  pick(g, 4) ? word(g) : text(g);
  put(g, ")");
}

static void quantifier(generator *g) {
  static const char *const bodies[] = {"x < 1000.0", "x >= 750.0", "x != 2.5",  "x == 250.0",
                                       "x > 0.0",    "x <= 1.0",   "250.0 == x"};
  name(g, "l", 2);
  put(g, pick(g, 2) ? ".all(x, " : ".exists(x, ");
  put(g, PICK(g, bodies));
  put(g, ")");
}

/* What loops that look at each element may ask of it: comparisons with what is the
 * same for all, joined. */
static void body(generator *g, unsigned depth) {
  static const char *const constants[] = {"750.0", "250", "2.5",    "-1",   "9223372036854775807",
                                          "1e300", "3u",  "\"qa\"", "\"\"", "null"};
  static const char *const lists[] = {"[250.0, 2.5]", "[1, 2, 3, 500]", "[\"qa\", \"admin\"]",
                                      "l2"};
  if (depth && pick(g, 3)) {
    put(g, pick(g, 4) ? "(" : "!(");
    body(g, depth - 1);
    put(g, pick(g, 2) ? " && " : " || ");
    body(g, depth - 1);
    put(g, ")");
    return;
  }
  const bool mirrored = pick(g, 4) == 0;
  if (!mirrored) put(g, "x"), put(g, PICK(g, relations));
  switch (pick(g, 9)) {
    case 0: field(g); break;
    case 1: name(g, "n", 3); break;
    case 2: put(g, "(n1 + "), put(g, PICK(g, constants)), put(g, ")"); break;
    case 3: name(g, "s", 2); break;
    case 4: put(g, "(\"q\" + s1)"); break;
    case 5: put(g, "size("), name(g, "s", 2), put(g, ")"); break;
    default: put(g, PICK(g, constants));
  }
  if (mirrored) put(g, PICK(g, relations)), put(g, "x");
  if (pick(g, 10) == 0) put(g, " || x in "), put(g, PICK(g, lists));
  if (pick(g, 10) == 0) put(g, " && "), name(g, "b", 9);
}

static void loop(generator *g) {
  static const char *const macros[] = {".all(x, ", ".exists(x, ", ".exists_one(x, "};
  name(g, "l", 2);
  put(g, PICK(g, macros));
  body(g, pick(g, 3));
  put(g, ")");
}

static void count(generator *g) {
  put(g, "size(");
  name(g, "l", 2);
  put(g, ".filter(x, ");
  body(g, pick(g, 3));
  put(g, "))");
}

/* Of many variables, so that there are tables of several words. */
static void function(generator *g, unsigned depth) {
  if (depth == 0 || pick(g, 8) == 0) {
    if (pick(g, 3) == 0) put(g, "!");
    name(g, "b", 9);
    return;
  }
  put(g, "(");
  function(g, depth - 1);
  put(g, pick(g, 2) ? " && " : " || ");
  function(g, depth - 1);
  put(g, ")");
}

static void truth(generator *g) {
  static const char *const guards[] = {
      "has(m1.id)", "has(m2.none)",    "has(m1.group)",    "n1 != null",
      "has(q.r)",   "q.r > 2.5",       "s1 == null",       "true",
      "false",      "type(n1) == int", "type(l1) == list", "type(s1) != type(s2)"};
  switch (is_full(g) ? 0 : pick(g, 15)) {
    case 0: name(g, "b", 9); break;
    case 1:
    case 2: relation(g, arithmetic); break;
    case 3: pick(g, 3) ? relation(g, text) : named_text(g); break;
    case 4: membership(g); break;
    case 5: search(g); break;
    case 6: pick(g, 2) ? loop(g) : quantifier(g); break;
    case 7: put(g, PICK(g, guards)); break;
    case 8: put(g, "!"), between(g, truth, " || ", truth); break;
    case 9: put(g, "!"), truth(g); break;
    case 10: choice(g, truth); break;
    case 11: between(g, truth, " || ", truth); break;
    case 12: function(g, 1 + pick(g, 3)); break;
    default: between(g, truth, " && ", truth);
  }
}

/* Sums of small ints, which do not fail. */
static void plain_sum(generator *g) {
  static const char *const leaves[] = {"n1", "n3", "7", "3"};
  static const char *const operators[] = {" + ", " - ", " * ", " / ", " % "};
  if (is_full(g) || pick(g, 3) == 0)
    put(g, PICK(g, leaves));
  else if (pick(g, 8) == 0)
    put(g, "-"), between(g, plain_sum, " + ", plain_sum);
  else
    between(g, plain_sum, PICK(g, operators), plain_sum);
}

/* What succeeds on values of the usual kinds: comparisons of what is in maps, and
 * functions of many truth values within something else. */
static void selection(generator *g) {
  static const char *const texts[] = {"s1", "m1.group", "m2.group", "m1.m.group"};
  static const char *const values[] = {"n2",
                                       "n2",
                                       "m1.id",
                                       "m1.m.id",
                                       "m2.max_latency_ms",
                                       "m1.m.max_latency_ms",
                                       "m1[\"a key of more than sixteen bytes\"]",
                                       "m1.m[\"another key of more than sixteen bytes\"]"};
  switch (pick(g, 9)) {
    case 0: put(g, PICK(g, texts)), put(g, PICK(g, relations)), word(g); break;
    case 1: put(g, PICK(g, texts)), put(g, " in "), put(g, PICK(g, text_lists)); break;
    case 2: put(g, PICK(g, texts)), put(g, PICK(g, searches)), word(g), put(g, ")"); break;
    case 3: put(g, PICK(g, values)), put(g, PICK(g, relations)), put(g, "2.5"); break;
    case 4: put(g, "n1 in [1, 2, 3, 7]"); break;
    case 5: put(g, "size("), put(g, PICK(g, texts)), put(g, ") > 5"); break;
    case 6: put(g, "math.greatest(n1, n2) > math.least(n3, 3)"); break;
    case 7: put(g, "double(n1) * n2 >= math.abs(-n3)"); break;
    default: function(g, 4), put(g, " ? n1 : n3");
  }
}

static void expression(generator *g) {
  mf_buf_clear(&g->text);
  g->room = 1 + pick(g, 14);
  switch (pick(g, 12)) {
    case 0: arithmetic(g); break;
    case 1: text(g); break;
    case 2: relation(g, plain_sum); break;
    case 3:
    case 4:
    case 5: selection(g); break;
    default: truth(g);
  }
}

/* ---- which instructions there were ---- */

static bool seen[MF_FAST_COUNT], seen_in_blocks[MF_FAST_COUNT];

static void note(const mf_program *program) {
  for (uint32_t i = 0; i < program->fast_count; i++)
    for (uint32_t code = 0; code < MF_FAST_COUNT; code++)
      seen[code] |= mf_fast_table[code] == program->fast[i].run;
}

static const char *fast_name(uint32_t code) {
  static const char *const names[MF_FAST_COUNT] = {
#define MF_FAST(name, synopsis) [MF_FAST_##name] = #name,
#define MF_FAST_EACH(name, suffix, synopsis) [MF_FAST_##name##_EQ##suffix] = #name #suffix,
#include "../../vm/fast.def"
#undef MF_FAST
#undef MF_FAST_EACH
  };
  while (names[code] == NULL) code--;
  return names[code];
}

static size_t count_unseen(void) {
  size_t unseen = 0;
  for (uint32_t code = 0; code < MF_FAST_COUNT; code++) {
    if (!seen[code]) fprintf(stderr, "never made: %s, number %u\n", fast_name(code), code);
    unseen += !seen[code];
  }
  return unseen;
}

static size_t count_unseen_in_blocks(void) {
  size_t unseen = 0;
  for (uint32_t code = 0; code < MF_FAST_COUNT; code++) {
    if (seen_in_blocks[code] || mf_fast_block_table[code] == NULL) continue;
    fprintf(stderr, "never run over a block: %s, number %u\n", fast_name(code), code);
    unseen++;
  }
  return unseen;
}

/* ---- comparing ---- */

static void evaluate(const mf_program *program, const mf_value *slots, bool fast, uint64_t fuel,
                     mf_buf *out) {
  mf_evaluator *evaluator;
  mf_value result = {.kind = MF_UNSET};
  mf_buf_clear(out);
  ck_assert_int_eq(mf_evaluator_new(NULL, &evaluator), MF_OK);
  mf_evaluator_set_fuel(evaluator, fuel);
  mf_status status = fast ? mf_eval(program, evaluator, slots, &result)
                          : mf_eval_generic(program, evaluator, slots, &result);
  cel_write_result(out, status, &result);
  mf_evaluator_free(evaluator);
}

/* Both ways come to the same, with plenty of fuel and with little; *out. */
static void compare(const mf_program *program, const char *expr, const mf_value *slots,
                    uint64_t little, mf_buf *out) {
  mf_buf other;
  mf_buf_init(&other, NULL, 0);
  for (int round = 0; round < 2; round++) {
    const uint64_t fuel = round ? CEL_FUEL : little;
    evaluate(program, slots, true, fuel, out);
    evaluate(program, slots, false, fuel, &other);
    ck_assert_msg(strcmp(out->p, other.p) == 0, "%s\n  fast:    %s\n  generic: %s\n  fuel %llu",
                  expr, out->p, other.p, (unsigned long long)fuel);
  }
  mf_buf_fini(&other);
}

/* Strict CEL: NULL when the checker sees that numbers are mixed. */
static mf_program *compile_as(mf_str expr, bool strict) {
  mf_program *program;
  mf_schema_entry schema[VARIABLES];
  for (int i = 0; i < VARIABLES; i++) schema[i] = (mf_schema_entry){variable_names[i], NULL};
  const mf_program_options options = {
      .schema = schema, .count = VARIABLES, .unchecked = true, .strict_cel = strict};
  const mf_status status = mf_program_compile_with(&options, expr, &program);
  ck_assert_msg(status == MF_OK || strict, "%.*s", (int)expr.n, expr.p);
  return program;
}
static mf_program *compile(mf_str expr) { return compile_as(expr, false); }

/* The same expression with its literals in variables behind the others. */
static mf_program *compile_unfolded(mf_arena *arena, mf_str expr, cel_subject *s) {
  s->expr = expr;
  s->count = VARIABLES;
  for (int i = 0; i < VARIABLES; i++) s->names[i] = variable_names[i];
  mf_program *program = cel_compile_unfolded(arena, s);
  ck_assert_msg(program != NULL, "%.*s", (int)expr.n, expr.p);
  return program;
}

/* ---- many rows ---- */

static mf_value block_values[BLOCK_ROWS][VARIABLES];
static const mf_value *block_rows[BLOCK_ROWS];

static void fill_block(generator *g, bool tame) {
  g->tame = tame;
  fill_values(g);
  for (uint32_t r = 0; r < BLOCK_ROWS; r++) {
    block_rows[r] = block_values[r];
    for (uint32_t i = 0; i < VARIABLES; i++) block_values[r][i] = value(g, i);
  }
  g->tame = false;
}

/* Which instructions ran over a whole block; false: none did. */
static bool note_block(const mf_program *program, mf_evaluator *evaluator, mf_value *results) {
  if (program->fast_codes == NULL) return false;
  if (!mf_fast_block_run(program, evaluator, block_rows, MF_FAST_ROWS, results)) return false;
  for (uint32_t i = 0; i < program->fast_count; i++)
    for (uint32_t code = 0; code < MF_FAST_COUNT; code++)
      seen_in_blocks[code] |= mf_fast_table[code] == program->fast[i].run;
  return true;
}

/* All rows at once come to what each does alone. */
static bool compare_rows(const mf_program *program, const char *expr) {
  mf_evaluator *one, *many_rows;
  static mf_value results[BLOCK_ROWS];
  mf_buf want, got;
  mf_buf_init(&want, NULL, 0);
  mf_buf_init(&got, NULL, 0);
  ck_assert_int_eq(mf_evaluator_new(NULL, &one), MF_OK);
  ck_assert_int_eq(mf_evaluator_new(NULL, &many_rows), MF_OK);
  const bool in_block = note_block(program, many_rows, results);
  const mf_status status = mf_eval_rows(program, many_rows, block_rows, BLOCK_ROWS, results);
  mf_status alone = MF_OK;
  for (uint32_t r = 0; r < BLOCK_ROWS && alone == MF_OK; r++) {
    mf_value result;
    alone = mf_eval_generic(program, one, block_rows[r], &result);
    mf_buf_clear(&want);
    mf_buf_clear(&got);
    cel_write_result(&want, alone, &result);
    cel_write_result(&got, alone, &results[r]);
    ck_assert_msg(strcmp(want.p, got.p) == 0, "%s, row %u\n  alone:    %s\n  together: %s", expr, r,
                  want.p, got.p);
  }
  ck_assert_msg(status == alone, "%s", expr); /* of the first row that ends so, for both */
  mf_evaluator_free(one);
  mf_evaluator_free(many_rows);
  mf_buf_fini(&want);
  mf_buf_fini(&got);
  return in_block;
}

static size_t check_one(generator *g, cel_subject *s) {
  mf_arena arena;
  mf_buf folded, unfolded;
  mf_arena_init(&arena, NULL, 0);
  mf_buf_init(&folded, NULL, 0);
  mf_buf_init(&unfolded, NULL, 0);
  expression(g);
  const mf_str expr = mf_buf_str(&g->text);
  mf_program *program = compile(expr), *plain = compile_unfolded(&arena, expr, s);
  mf_program *strict = compile_as(expr, true);
  for (int row = 0; row < ROWS_EACH; row++) {
    fill_values(g);
    for (uint32_t i = 0; i < VARIABLES; i++) s->slots[i] = value(g, i);
    compare(program, g->text.p, s->slots, pick(g, 2) ? pick(g, 300) : 34000, &folded);
    if (strict) compare(strict, g->text.p, s->slots, 34000, &unfolded);
    compare(plain, g->text.p, s->slots, pick(g, 2) ? pick(g, 300) : 34000, &unfolded);
    ck_assert_msg(strcmp(folded.p, unfolded.p) == 0, "%s\n  folded:   %s\n  unfolded: %s",
                  g->text.p, folded.p, unfolded.p);
  }
  const size_t fast = program->fast != NULL;
  note(program);
  note(plain);
  mf_program_free(program);
  mf_program_free(plain);
  mf_program_free(strict);
  mf_buf_fini(&folded);
  mf_buf_fini(&unfolded);
  mf_arena_fini(&arena);
  return fast;
}

START_TEST(random_expressions_come_to_the_same_in_both_ways) {
  static cel_subject subject;
  generator g = {.state = 1};
  size_t fast = 0;
  mf_buf_init(&g.text, NULL, 0);
  for (int i = 0; i < EXPRESSIONS; i++) fast += check_one(&g, &subject);
  mf_buf_fini(&g.text);
  printf("differential: %d random expressions, %zu with fast code\n", EXPRESSIONS, fast);
  fflush(stdout);
  ck_assert_uint_gt(fast, EXPRESSIONS / 2); /* else this test would prove little */
  ck_assert_uint_eq(count_unseen(), 0);
}
END_TEST

START_TEST(random_expressions_come_to_the_same_over_many_rows) {
  generator g = {.state = 11};
  size_t in_blocks = 0;
  mf_buf_init(&g.text, NULL, 0);
  for (int i = 0; i < EXPRESSIONS / 2; i++) {
    expression(&g);
    mf_program *program = compile(mf_buf_str(&g.text));
    for (int tame = 0; tame < 2; tame++) {
      fill_block(&g, tame);
      in_blocks += compare_rows(program, g.text.p);
    }
    mf_program_free(program);
  }
  mf_buf_fini(&g.text);
  printf("differential: %zu times over a whole block\n", in_blocks);
  fflush(stdout);
  ck_assert_uint_gt(in_blocks, EXPRESSIONS / 10);
  ck_assert_uint_eq(count_unseen_in_blocks(), 0);
}
END_TEST

START_TEST(rows_come_to_what_single_evaluations_do) {
  generator g = {.state = 7};
  mf_evaluator *one, *many_rows;
  mf_value rows_of[64][VARIABLES], results[64];
  const mf_value *rows[64];
  const char *const expressions[] = {"'Phase ' + s1 + ' took ' + string(n1) + 'ms'", "b1 && n1 > 1",
                                     "[s1, s2]", "s1 + s2"};
  ck_assert_int_eq(mf_evaluator_new(NULL, &one), MF_OK);
  ck_assert_int_eq(mf_evaluator_new(NULL, &many_rows), MF_OK);
  fill_values(&g);
  for (uint32_t r = 0; r < 64; r++) {
    rows[r] = rows_of[r];
    for (uint32_t i = 0; i < VARIABLES; i++) rows_of[r][i] = value(&g, i);
  }
  for (size_t k = 0; k < sizeof expressions / sizeof *expressions; k++) {
    mf_buf want, got;
    mf_buf_init(&want, NULL, 0);
    mf_buf_init(&got, NULL, 0);
    mf_program *program = compile(mf_str_of(expressions[k]));
    ck_assert_int_eq(mf_eval_rows(program, many_rows, rows, 64, results), MF_OK);
    for (uint32_t r = 0; r < 64; r++) {
      mf_value result;
      cel_write_result(&want, mf_eval(program, one, rows[r], &result), &result);
      cel_write_result(&got, MF_OK, &results[r]);
    }
    ck_assert_str_eq(want.p, got.p);
    mf_program_free(program);
    mf_buf_fini(&want);
    mf_buf_fini(&got);
  }
  mf_evaluator_free(one);
  mf_evaluator_free(many_rows);
}
END_TEST

/* ---- depth ---- */

enum { NAMES = 78 };

/* a0 || (a1 && (a2 || ...: more truth values wait than a word has bits. */
START_TEST(many_truth_values_can_wait) {
  static char names[NAMES][8];
  const char *list[NAMES];
  mf_value slots[NAMES], result;
  mf_program *program;
  mf_evaluator *evaluator;
  char message[256] = "";
  mf_buf text;
  mf_buf_init(&text, NULL, 0);
  for (int i = 0; i < NAMES; i++) {
    snprintf(names[i], sizeof names[i], "a%d", i);
    list[i] = names[i];
    slots[i] = mf_bool(i == 0);
    mf_buf_printf(&text, "%sa%d", i == 0 ? "" : i % 2 ? " || (" : " && (", i);
  }
  for (int i = 1; i < NAMES; i++) mf_buf_puts(&text, ")");
  ck_assert_int_eq(mf_evaluator_new(NULL, &evaluator), MF_OK);
  ck_assert_msg(mf_program_compile(NULL, mf_buf_str(&text), list, NAMES, &program, message,
                                   sizeof message) == MF_OK,
                "%s", message);
  ck_assert_int_eq(mf_eval(program, evaluator, slots, &result), MF_OK);
  ck_assert(result.kind == MF_BOOL && result.as.i == 1);
  mf_program_free(program);
  mf_evaluator_free(evaluator);
  mf_buf_fini(&text);
}
END_TEST

/* ---- memory ---- */

/* Numbers, texts, selections, short texts made: nothing is allocated for any. */
START_TEST(usual_conditions_allocate_nothing) {
  static const char *const expressions[] = {
      "n1 > 500.0 && n2 < 0.05",
      "(b1 && b2 || !b3) && (b4 || !b5 && b6) || !(b7 || b8 && !b1)",
      "s1 in ['staging', 'production', 'qa'] || s2 == 'staging'",
      "(n1 * n2 + n3) / n1 > 7.5",
      "s1.startsWith('/api/') && !s1.contains('admin')",
      "m1.id >= n1 || m1.group == s1",
      "l1.all(x, x < 1000.0)",
      "l1.exists(x, x > n2 && x < n1 - 250.0) && 250.0 in l1",
      "l1.filter(x, x > 1.0).size() > size(l1) - 9 || l1[2] > 7",
      "size(s1) * n1 > 7.5 || type(n1) == int",
      "'Phase ' + s1 + ' took ' + string(n1) + 'ms'",
  };
  generator g = {.state = 3};
  mf_counting_alloc counting = {.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
  mf_evaluator *evaluator;
  mf_value slots[VARIABLES], result;
  ck_assert_int_eq(mf_evaluator_new(&alloc, &evaluator), MF_OK);
  const uint64_t calls = counting.calls;
  fill_values(&g);
  for (int i = 0; i < VARIABLES; i++) slots[i] = mf_bool(i % 2);
  slots[9] = mf_double(501), slots[10] = mf_double(0.01), slots[11] = mf_double(3);
  slots[12] = text_value("/api/v1"), slots[13] = text_value("staging");
  mf_set_doubles(&slots[14], packed, PACKED);
  few[0].value = mf_double(7);
  mf_set_map(&slots[16], &maps[0]);
  for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
    mf_program *program = compile(mf_str_of(expressions[i]));
    ck_assert(program->fast != NULL);
    ck_assert_int_eq(mf_eval(program, evaluator, slots, &result), MF_OK);
    ck_assert(result.kind == MF_BOOL || result.kind == MF_STRING);
    ck_assert_uint_eq(counting.calls, calls);
    mf_program_free(program);
  }
  mf_evaluator_free(evaluator);
}
END_TEST

Suite *vm_differential_suite(void);
Suite *vm_differential_suite(void) {
  Suite *suite = suite_create("vm_differential");
  TCase *tc = tcase_create("fast code");
  tcase_set_timeout(tc, 120);
  tcase_add_test(tc, random_expressions_come_to_the_same_in_both_ways);
  tcase_add_test(tc, random_expressions_come_to_the_same_over_many_rows);
  tcase_add_test(tc, many_truth_values_can_wait);
  tcase_add_test(tc, usual_conditions_allocate_nothing);
  tcase_add_test(tc, rows_come_to_what_single_evaluations_do);
  suite_add_tcase(suite, tc);
  return suite;
}
