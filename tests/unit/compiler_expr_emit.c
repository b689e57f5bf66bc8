/* SPDX-License-Identifier: MIT */
/* Code of expressions: which instructions, and what is refused. */
#include "../../compiler/expr.h"
#include "../../vm/value.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static mf_arena arena;
static mf_diags diags;
static mf_buf out, image;
static mf_builder *builder;
static bool strict, with_lines;
static mf_lines lines;

static void set_up(void) {
  mf_arena_init(&arena, NULL, 0);
  mf_diags_init(&diags, &arena);
  mf_buf_init(&out, NULL, 0);
  mf_buf_init(&image, NULL, 0);
  builder = mf_builder_new(&arena);
  strict = with_lines = false;
}

static void tear_down(void) {
  mf_buf_fini(&image);
  mf_buf_fini(&out);
  mf_arena_fini(&arena);
}

/* x, y, z and variables.x are slots 0, 1, 2, 0; previous.F is a step's field, k
 * the constant 7. */
static mf_ref resolve(void *ctx, const mf_str *names, const mf_span *spans, uint32_t count) {
  (void)ctx;
  if (mf_str_is(names[0], "variables") && count > 1)
    return (mf_ref){.kind = MF_REF_SLOT, .used = 2, .slot = (uint32_t)(names[1].p[0] - 'x')};
  if (mf_str_is(names[0], "previous") && count > 1)
    return (mf_ref){.kind = MF_REF_STEP_FIELD,
                    .used = 2,
                    .step = MF_PREVIOUS,
                    .field = mf_enum_code(MF_OPERAND_FIELD, names[1])};
  if (mf_str_is(names[0], "k"))
    return (mf_ref){.kind = MF_REF_CONSTANT, .used = 1, .value = mf_int(7)};
  if (names[0].n == 1 && names[0].p[0] >= 'x')
    return (mf_ref){.kind = MF_REF_SLOT, .used = 1, .slot = (uint32_t)(names[0].p[0] - 'x')};
  mf_diag_add(&diags, MF_E_UNKNOWN_NAME, spans[0], (int)names[0].n, names[0].p);
  return (mf_ref){.kind = MF_REF_UNKNOWN, .used = count};
}

static const mf_names_env env = {.resolve = resolve};

static mf_expr_emitter emitter(void) {
  return (mf_expr_emitter){.arena = &arena,
                           .builder = builder,
                           .diags = &diags,
                           .env = &env,
                           .lines = with_lines ? &lines : NULL,
                           .strict_cel = strict};
}

static mf_expr_source source_of(const char *text) {
  return (mf_expr_source){.text = mf_str_of(text), .exact = true};
}

static mf_expr *parse(const char *text) {
  mf_expr_source s = source_of(text);
  return mf_expr_parse(&arena, &diags, &s);
}

/* ---- code as text ---- */

static void write_constant(uint32_t number) {
  mf_json_writer w;
  mf_json_write_init(&w, &out, 0);
  mf_value_write_json(&w, mf_builder_constant_value(builder, number));
}

static void write_operand(uint8_t kind, uint32_t operand) {
  mf_buf_putc(&out, ' ');
  if (kind == MF_OPERAND_CONST || kind == MF_OPERAND_TEXT)
    write_constant(operand);
  else if (kind == MF_OPERAND_FUNCTION)
    mf_buf_puts(&out, mf_function_name(operand));
  else if (kind == MF_OPERAND_FIELD)
    mf_buf_puts(&out, mf_enum_word(MF_OPERAND_FIELD, operand));
  else if (operand == MF_PREVIOUS)
    mf_buf_puts(&out, "previous");
  else
    mf_buf_printf(&out, "%u", operand);
}

static void write_code(const mf_image *im) {
  for (uint32_t pc = 0; pc < im->code_count; pc += mf_op_table[mf_word_op(im->code[pc])].words) {
    const mf_op_info *op = &mf_op_table[mf_word_op(im->code[pc])];
    if (pc > 0) mf_buf_puts(&out, "; ");
    mf_buf_puts(&out, op->name);
    if (op->operands[0]) write_operand(op->operands[0], mf_word_a(im->code[pc]));
    for (uint32_t i = 1; i < 3; i++)
      if (op->operands[i]) write_operand(op->operands[i], im->code[pc + i]);
  }
}

static void begin(void) {
  for (char name = 'x'; name <= 'z'; name++) {
    uint32_t fields[3] = {mf_builder_string(builder, (mf_str){&name, 1}), MF_SLOT_KIND_FREE, 0};
    mf_builder_row(builder, MF_TABLE_SLOT, fields);
  }
  mf_builder_chunk_begin(builder, MF_STR("test"), MF_CHUNK_KIND_PURE);
}

/* Opens what was built, which verifies it. */
static mf_image *finish(void) {
  mf_image *im;
  char detail[200] = "";
  mf_builder_emit(builder, MF_OP_RETURN, 0, 0, 0);
  mf_builder_chunk_end(builder);
  ck_assert_msg(mf_builder_finish(builder, &image, detail, sizeof detail) == MF_OK, "%s", detail);
  mf_status status = mf_image_open(NULL, (const uint8_t *)image.p, image.n, &im, detail,
                                   sizeof detail);
  ck_assert_msg(status == MF_OK, "%s", detail);
  return im;
}

static const char *code(const char *text) {
  mf_expr_emitter em = emitter();
  begin();
  mf_expr_emit(&em, parse(text));
  mf_image *im = finish();
  mf_buf_clear(&out);
  write_code(im);
  mf_image_close(im);
  return out.p;
}

/* ---- instructions ---- */

static const struct {
  const char *text, *code;
} codes[] = {
    {"x", "LOAD 0"},
    {"x > 500.0", "SLOT_GT 0 500.0"},
    {"500.0 > x", "SLOT_LT 0 500.0"},
    {"5 >= x", "SLOT_LE 0 5"},
    {"5 < x", "SLOT_GT 0 5"},
    {"5 <= x", "SLOT_GE 0 5"},
    {"'a' == x", "SLOT_EQ 0 \"a\""},
    {"x != [1, 1 + 1]", "SLOT_NE 0 [1,2]"},
    {"variables.y <= -(2 * 3)", "SLOT_LE 1 -6"},
    {"x > k", "SLOT_GT 0 7"},
    {"x > y", "LOAD 0; LOAD 1; GT"},
    {"x.a > 1", "LOAD 0; FIELD \"a\"; CONST 1; GT"},
    {"x + 1 > 1", "LOAD 0; CONST 1; ADD; CONST 1; GT"},
    {"k == 7", "CONST 7; CONST 7; EQ"},
    {"x.a['b'].c", "LOAD 0; FIELD \"a\"; CONST \"b\"; INDEX; FIELD \"c\""},
    {"x['a']", "LOAD 0; CONST \"a\"; INDEX"},
    {"x[y]", "LOAD 0; LOAD 1; INDEX"},
    {"variables.x.a", "LOAD 0; FIELD \"a\""},
    {"variables['x']", "LOAD 0"},
    {"[x][0].a", "LOAD 0; LIST 1; CONST 0; INDEX; FIELD \"a\""},
    {"previous.success", "STEP_FIELD previous success"},
    {"previous.metrics.m > 5", "STEP_FIELD previous metrics; FIELD \"m\"; CONST 5; GT"},
    {"has(variables.x)", "IS_SET 0"},
    {"has(x.a)", "LOAD 0; HAS_FIELD \"a\""},
    {"has(x.a.b)", "LOAD 0; FIELD \"a\"; HAS_FIELD \"b\""},
    {"has(previous.error)", "STEP_FIELD previous *; HAS_FIELD \"error\""},
    {"has({'a': y}.a)", "CONST \"a\"; LOAD 1; MAP 1; HAS_FIELD \"a\""},
    {"x && y", "LOAD 0; AND_JUMP 4; LOAD 1; AND"},
    {"x && y && z", "LOAD 0; AND_JUMP 7; LOAD 1; AND; AND_JUMP 7; LOAD 2; AND"},
    {"x || y && z", "LOAD 0; OR_JUMP 7; LOAD 1; AND_JUMP 6; LOAD 2; AND; OR"},
    {"x && (y && z)", "LOAD 0; AND_JUMP 7; LOAD 1; AND_JUMP 6; LOAD 2; AND; AND"},
    {"x ? y : z", "LOAD 0; CHOOSE 5 6; LOAD 1; JUMP 6; LOAD 2"},
    {"!x", "LOAD 0; NOT"},
    {"-x", "LOAD 0; NEGATE"},
    {"x in y", "LOAD 0; LOAD 1; IN"},
    {"x in ['a', 'b']", "LOAD 0; CONST [\"a\",\"b\"]; IN"},
    {"[x, 1 + 1]", "LOAD 0; CONST 2; LIST 2"},
    {"{x: 1}", "LOAD 0; CONST 1; MAP 1"},
    {"size(x)", "LOAD 0; CALL size 1"},
    {"x.contains('a')", "LOAD 0; CONST \"a\"; CALL contains 2"},
    /* folding */
    {"1 + 2 * 3 > 6 ? 'a' + 'b' : 'c'", "CONST \"ab\""},
    {"duration('1m')", "CONST {\"$duration\":\"60s\"}"},
    {"has({'a': 1}.a) && 'abc'.contains('b')", "CONST true"},
    {"false && x", "CONST false"},
    {"x && false", "CONST false"},
    {"x || y || true", "CONST true"},
    {"x > 1 && true", "SLOT_GT 0 1"},
    {"false || x > 1", "SLOT_GT 0 1"},
    {"true && x", "CONST true; AND_JUMP 4; LOAD 0; AND"},
    {"true ? x : y", "LOAD 0"},
    {"false && x ? x : y", "LOAD 1"},
    {"1 > 2 || x > 1 && y > 1 && true", "SLOT_GT 0 1; AND_JUMP 6; SLOT_GT 1 1; AND"},
    /* errors stay code: something around them may absorb them */
    {"1 / 0 > 0 || x", "CONST 1; CONST 0; DIVIDE; CONST 0; GT; OR_JUMP 8; LOAD 0; OR"},
    {"1 / 0 > 0 || true", "CONST true"},
    /* macros and optional parts over constants */
    {"[1, 2].map(v, v * 2)", "CONST [2,4]"},
    {"[1, 2].all(v, [3, 4].all(w, w > v)) && x", "CONST true; AND_JUMP 4; LOAD 0; AND"},
    {"size([1, 2, 3].filter(v, v > 1)) > x", "SLOT_LT 0 2"},
    {"cel.bind(v, [1, 2], v + v)", "CONST [1,2,1,2]"},
    {"{'a': 1}.?a.orValue(0)", "CONST 1"},
    {"[1, ?optional.none()].first().optMap(v, v + 1).value()", "CONST 2"},
    {"math.abs(-1)", "CONST 1"},
    {"[1].map(v, v + x)", "CONST [1]; LOOP 8 2; LOCAL 0; LOAD 0; ADD; STEP 3 2; LOOP_END 2"},
    /* patterns are left to the engine of whoever evaluates */
    {"['a'].all(v, v.matches('a'))",
     "CONST [\"a\"]; LOOP 9 0; LOCAL 0; CONST \"a\"; CALL matches 2; STEP 3 0; LOOP_END 0"},
    {"lists.range(3000000).all(v, v > x) || true", "CONST true"},
};

START_TEST(code_is_what_one_would_write) {
  char want[300];
  snprintf(want, sizeof want, "%s; RETURN", codes[_i].code);
  ck_assert_str_eq(code(codes[_i].text), want);
  ck_assert_uint_eq(diags.errors, 0);
}
END_TEST

static const char *parts_code(const char *text) {
  mf_expr_source s = source_of(text);
  mf_expr_emitter em = emitter();
  begin();
  mf_parts_emit(&em, mf_interpolation_parse(&arena, &diags, &s));
  mf_image *im = finish();
  mf_buf_clear(&out);
  write_code(im);
  mf_image_close(im);
  return out.p;
}

static const struct {
  const char *text, *code;
} joins[] = {
    {"", "CONST \"\""},
    {"plain $${x}", "CONST \"plain ${x}\""},
    {"${x}", "LOAD 0"},
    {"${x} ", "LOAD 0; CONST \" \"; CONCAT 2"},
    {"a {{x}}${y}", "CONST \"a \"; LOAD 0; LOAD 1; CONCAT 3"},
    {"${1 + 1} of ${[1, 'a']}", "CONST \"2 of [1,\\\"a\\\"]\""},
};

START_TEST(interpolated_texts_are_joined) {
  char want[300];
  snprintf(want, sizeof want, "%s; RETURN", joins[_i].code);
  ck_assert_str_eq(parts_code(joins[_i].text), want);
}
END_TEST

START_TEST(long_texts_are_joined_in_pieces) {
  mf_buf text;
  mf_buf_init(&text, NULL, 0);
  for (int i = 0; i < 1000; i++) mf_buf_puts(&text, "${x}-");
  ck_assert_ptr_nonnull(strstr(parts_code(text.p), "CONCAT 64"));
  mf_buf_fini(&text);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_map_with_too_many_computed_entries_is_too_complex) {
  mf_buf text;
  mf_buf_init(&text, NULL, 0);
  mf_buf_puts(&text, "{");
  for (int i = 0; i < 600; i++) mf_buf_printf(&text, "'%d': x, ", i);
  mf_buf_puts(&text, "}");
  code(text.p);
  ck_assert_uint_eq(diags.errors, 1);
  ck_assert_int_eq(diags.items[0].code, MF_E_TOO_COMPLEX);
  mf_buf_fini(&text);
}
END_TEST

START_TEST(a_large_constant_map_is_one_constant) {
  mf_buf text;
  mf_buf_init(&text, NULL, 0);
  mf_buf_puts(&text, "{");
  for (int i = 0; i < 3000; i++) mf_buf_printf(&text, "'%d': [%d], ", i, i);
  mf_buf_puts(&text, "}['7'] == x");
  ck_assert_str_eq(code(text.p), "SLOT_EQ 0 [7]; RETURN");
  mf_buf_fini(&text);
}
END_TEST

/* Trees made from documents can be deeper than any expression. */
START_TEST(a_tree_that_is_too_deep_is_refused_and_not_walked) {
  mf_expr *e = parse("x");
  for (int i = 0; i < 1000000; i++) {
    mf_expr *parent = MF_NEW(&arena, mf_expr);
    parent->kind = MF_EXPR_UNARY;
    parent->op = MF_OP_NOT;
    parent->first = e;
    e = parent;
  }
  mf_expr_emitter em = emitter();
  begin();
  mf_expr_emit(&em, e);
  ck_assert_int_eq(diags.items[0].code, MF_E_TOO_COMPLEX);
  ck_assert_int_eq(mf_expr_fold(&em, e).kind, MF_UNSET);
}
END_TEST

START_TEST(all_names_are_told_once) {
  code("foo > 1 && bar.baz && [1].all(q, q > foo) || has(qux.a) || zap(foo)");
  ck_assert_uint_eq(diags.errors, 6); /* zap; foo in three places, bar, qux; not q */
}
END_TEST

static const struct {
  const char *text;
  uint32_t errors;
} mixes[] = {
    {"1 + 1.5", 1}, {"1.0 * 2", 1},       {"x + 1.5", 0},         {"1 + 1", 0},
    {"1u - 1", 1},  {"size(x) / 2.0", 1}, {"double(x) + 1.0", 0}, {"x + (1 + 2 * 1.5)", 2},
};

START_TEST(strict_cel_has_no_mixed_arithmetic) {
  strict = true;
  code(mixes[_i].text);
  ck_assert_uint_eq(diags.errors, mixes[_i].errors);
  if (diags.errors) ck_assert_int_eq(diags.items[0].code, MF_E_MIXED_ARITHMETIC);
}
END_TEST

/* ---- kinds ---- */

static const struct {
  const char *text;
  mf_kind kind;
} kinds[] = {
    {"x", MF_UNSET},
    {"1", MF_INT},
    {"x > 1", MF_BOOL},
    {"x && y", MF_BOOL},
    {"!x", MF_BOOL},
    {"-x", MF_UNSET},
    {"-1.5", MF_DOUBLE},
    {"x + 'a'", MF_STRING},
    {"[x] + y", MF_LIST},
    {"x * 2.0", MF_DOUBLE},
    {"x + 1", MF_UNSET},
    {"1 + 1", MF_INT},
    {"{x: 1}", MF_MAP},
    {"x in y", MF_BOOL},
    {"size(x)", MF_INT},
    {"has(x.a)", MF_BOOL},
    {"x ? 1 : 2", MF_INT},
    {"x ? 1 : 'a'", MF_UNSET},
    {"int(x)", MF_INT},
    {"dyn(x)", MF_UNSET},
    {"x.a", MF_UNSET},
    {"b'a'", MF_BYTES},
    {"null", MF_NULL},
    {"timestamp(x)", MF_TIMESTAMP},
    {"x % 2.0", MF_UNSET},
    {"1u + 1u", MF_UINT},
    /* functions: what all their overloads give */
    {"x.matches(y)", MF_BOOL},
    {"x.split(y)", MF_LIST},
    {"math.ceil(x)", MF_DOUBLE},
    {"math.abs(x)", MF_UNSET},
    {"x.first()", MF_OPTIONAL},
    {"x.value()", MF_UNSET},
    {"type(x)", MF_TYPE},
    {"x.getHours()", MF_INT},
    {"ip(x)", MF_UNSET},
    {"x.reverse()", MF_UNSET},
    {"nothing(x)", MF_UNSET},
    {"x.exists(v, v > 1)", MF_BOOL},
};

START_TEST(kinds_are_told_only_when_certain) {
  ck_assert_int_eq(mf_expr_kind_of(parse(kinds[_i].text)), kinds[_i].kind);
}
END_TEST

START_TEST(fold_gives_values_of_constants_only) {
  mf_expr_emitter em = emitter();
  ck_assert_int_eq(mf_expr_fold(&em, parse("1 + 1")).as.i, 2);
  ck_assert_int_eq(mf_expr_fold(&em, parse("x")).kind, MF_UNSET);
  ck_assert_int_eq(mf_expr_fold(&em, parse("1 / 0")).kind, MF_UNSET);
  ck_assert_int_eq(mf_expr_fold(&em, parse("foo(1)")).kind, MF_UNSET);
  ck_assert_int_eq(mf_expr_fold(&em, parse("{'a': 1}.?a")).kind, MF_UNSET);
  ck_assert_int_eq(mf_expr_fold(&em, parse("[1, 2].exists(x, x == 2)")).kind, MF_BOOL);
  ck_assert_int_eq(mf_expr_fold(&em, parse("[1, 2].exists(x, x == y)")).kind, MF_UNSET);
  ck_assert_int_eq(mf_expr_fold(&em, parse("A{b: 1}")).kind, MF_UNSET);
  ck_assert_int_eq(mf_expr_fold(&em, parse("+")).kind, MF_UNSET);
}
END_TEST

/* ---- places ---- */

START_TEST(each_instruction_that_can_fail_knows_its_place) {
  const char *text = "x > 1 &&\n y / 2 == z";
  with_lines = true;
  mf_lines_init(&lines, &arena, mf_str_of(text));
  mf_expr_emitter em = emitter();
  begin();
  mf_expr_emit(&em, parse(text));
  mf_image *im = finish();
  for (uint32_t pc = 0; pc < im->code_count; pc += mf_op_table[mf_word_op(im->code[pc])].words) {
    const mf_line_row *row = mf_image_line(im, pc);
    ck_assert_ptr_nonnull(row);
    if (mf_word_op(im->code[pc]) == MF_OP_SLOT_GT) ck_assert_uint_eq(row->length, 5);
    if (mf_word_op(im->code[pc]) != MF_OP_DIVIDE) continue;
    ck_assert_uint_eq(row->line, 2);
    ck_assert_uint_eq(row->column, 2);
    ck_assert_uint_eq(row->length, 5);
  }
  mf_image_close(im);
}
END_TEST

/* ---- programs ---- */

START_TEST(a_message_fits_its_buffer) {
  char small[12], one[1] = {'x'};
  mf_program *program;
  mf_str bad = MF_STR("latncy > 'ä'");
  const char *names[] = {"latency"};
  mf_status status = mf_program_compile(NULL, bad, names, 1, &program, small, sizeof small);
  ck_assert_int_eq(status, MF_EXPRESSION_INVALID);
  ck_assert_ptr_null(program);
  ck_assert_str_eq(small, "1: no varia");
  mf_program_compile(NULL, bad, names, 1, &program, one, 1);
  ck_assert_int_eq(one[0], '\0');
  ck_assert_int_eq(mf_program_compile(NULL, bad, names, 1, &program, NULL, 0),
                   MF_EXPRESSION_INVALID);
}
END_TEST

START_TEST(out_of_memory_at_any_allocation_is_a_status) {
  const char *names[] = {"x", "a.b", "y"};
  mf_str expr = MF_STR("x.c > 1 && a.b in [1, x] ? 'a' + y : string({'k': 1 / 0}.k)");
  mf_counting_alloc memory = {.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&memory);
  for (uint64_t fail_at = 1;; fail_at++) {
    mf_program *program = NULL;
    char message[100];
    memory.calls = 0;
    memory.fail_at = fail_at;
    mf_status status = mf_program_compile(&alloc, expr, names, 3, &program, message,
                                          sizeof message);
    mf_program_free(program);
    ck_assert_uint_eq(memory.in_use, 0);
    if (status == MF_OK) break;
    ck_assert_int_eq(status, MF_OUT_OF_MEMORY);
  }
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

Suite *compiler_expr_emit_suite(void);
Suite *compiler_expr_emit_suite(void) {
  Suite *suite = suite_create("compiler_expr_emit");
  TCase *tc = tcase_create("emit");
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_loop_test(tc, code_is_what_one_would_write, 0, COUNT(codes));
  tcase_add_loop_test(tc, interpolated_texts_are_joined, 0, COUNT(joins));
  tcase_add_test(tc, long_texts_are_joined_in_pieces);
  tcase_add_test(tc, a_map_with_too_many_computed_entries_is_too_complex);
  tcase_add_test(tc, a_large_constant_map_is_one_constant);
  tcase_add_test(tc, a_tree_that_is_too_deep_is_refused_and_not_walked);
  tcase_add_test(tc, all_names_are_told_once);
  tcase_add_loop_test(tc, strict_cel_has_no_mixed_arithmetic, 0, COUNT(mixes));
  tcase_add_loop_test(tc, kinds_are_told_only_when_certain, 0, COUNT(kinds));
  tcase_add_test(tc, fold_gives_values_of_constants_only);
  tcase_add_test(tc, each_instruction_that_can_fail_knows_its_place);
  tcase_add_test(tc, a_message_fits_its_buffer);
  tcase_add_test(tc, out_of_memory_at_any_allocation_is_a_status);
  suite_add_tcase(suite, tc);
  return suite;
}
