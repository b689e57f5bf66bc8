/* SPDX-License-Identifier: MIT */
/* limits - each limit of base/limits.def ends what exceeds it, with a clear
 * answer, in bounded time and memory.  The last test sees to it that none is
 * without a test, here or in another suite. */
#include "../../base/limits.h"

#include "../../base/buffer.h"
#include "../../include/mfvm_tools.h"
#include "../../image/builder.h"
#include "../../vm/value.h"
#include "corpus.h"

static mf_buf text;

static void begin(void) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf_init(&text, &alloc, 1u << 28);
}
static void end(void) { mf_buf_fini(&text); }

static void repeat(const char *piece, size_t times) {
  for (size_t i = 0; i < times; i++) mf_buf_puts(&text, piece);
}

/* The first error's code ("" for none), with a ceiling on memory. */
static const char *first_error(mf_syntax syntax, size_t peak_limit) {
  static char code[16];
  mf_counting_alloc counting = {.inner = mf_alloc_default()};
  mf_compile_options options = {
      .alloc = mf_counting_alloc_as_alloc(&counting), .name = "limit", .syntax = syntax};
  mf_compilation *comp = NULL;
  mf_compile(&options, text.p, text.n, &comp);
  code[0] = 0;
  for (size_t i = 0; i < mf_compilation_diagnostic_count(comp) && !code[0]; i++)
    if (mf_compilation_diagnostic(comp, i).severity == MF_SEVERITY_ERROR)
      strcpy(code, mf_compilation_diagnostic(comp, i).code);
  mf_compilation_free(comp);
  ck_assert_msg(counting.peak <= peak_limit, "peak of %zu bytes for %zu", counting.peak, text.n);
  return code;
}

START_TEST(a_document_ends_at_DOCUMENT_BYTES) {
  repeat("# comment\n", MF_LIMIT_DOCUMENT_BYTES / 10 + 1);
  ck_assert_str_eq(first_error(MF_SYNTAX_YAML, 1 << 20), "MF-E0100");
}
END_TEST

START_TEST(nesting_ends_at_DOCUMENT_DEPTH) {
  for (int json = 0; json < 2; json++) {
    mf_buf_clear(&text);
    repeat(json ? "{\"variables\": {\"a\": " : "variables: {a: ", 1);
    repeat("[", MF_LIMIT_DOCUMENT_DEPTH + 1);
    repeat("]", MF_LIMIT_DOCUMENT_DEPTH + 1);
    repeat(json ? "}}" : "}", 1);
    ck_assert_str_eq(first_error(json ? MF_SYNTAX_JSON : MF_SYNTAX_YAML, 4 << 20), "MF-E0115");
  }
}
END_TEST

START_TEST(hundreds_of_thousands_of_brackets_are_refused_quickly) {
  repeat("[", 1000000);
  ck_assert_str_ne(first_error(MF_SYNTAX_JSON, 64 << 20), "");
  mf_buf_clear(&text);
  repeat("variables: ", 1);
  repeat("[", 200000);
  ck_assert_str_ne(first_error(MF_SYNTAX_YAML, 256 << 20), "");
}
END_TEST

/* ALIAS_FACTOR times the input's tokens and ALIAS_TOKENS more. */
START_TEST(aliases_end_at_ALIAS_FACTOR_and_ALIAS_TOKENS) {
  repeat("variables:\n  a: &a [x", 1);
  repeat(", x", 999);
  repeat("]\n  b: [*a", 1);
  repeat(", *a", MF_LIMIT_ALIAS_TOKENS / 1000 - 20);
  repeat("]\nsteps: [{ wait: 1ms }]\n", 1);
  ck_assert_str_eq(first_error(MF_SYNTAX_YAML, 64 << 20), "");
  mf_buf_clear(&text);
  repeat("variables:\n  a: &a [x", 1);
  repeat(", x", 999);
  repeat("]\n  b: [*a", 1);
  repeat(", *a", MF_LIMIT_ALIAS_TOKENS / 1000 + 12 * MF_LIMIT_ALIAS_FACTOR);
  repeat("]\nsteps: [{ wait: 1ms }]\n", 1);
  ck_assert_str_eq(first_error(MF_SYNTAX_YAML, 64 << 20), "MF-E0111");
}
END_TEST

START_TEST(keys_end_at_KEY_BYTES) {
  repeat("{\"variables\": {\"", 1);
  repeat("k", MF_LIMIT_KEY_BYTES + 1);
  repeat("\": 1}}", 1);
  ck_assert_str_eq(first_error(MF_SYNTAX_JSON, 1 << 20), "MF-E0117");
}
END_TEST

/* ---- expressions ---- */

/* ---- linked documents ---- */

/* "d7": a document that runs "d6"; "d0" is empty, "many" runs it as often as wanted,
 * "large" has nearly the largest size. */
typedef struct linking {
  unsigned loads;
  mf_buf made;
} linking;

static mf_status load_linked(void *ctx, mf_str name, mf_linked_document *out, char *why,
                             size_t why_size) {
  linking *l = ctx;
  unsigned depth = 0;
  l->loads++;
  mf_buf_clear(&l->made);
  ck_assert(name.n <= MF_LIMIT_LINK_NAME_BYTES && why_size > 0 && *why == 0);
  sscanf(name.p, "d%u", &depth);
  if (name.p[0] == 'l')
    for (size_t i = 0; i < MF_LIMIT_DOCUMENT_BYTES / 10 - 10; i++)
      mf_buf_puts(&l->made, "# comment\n");
  if (depth)
    mf_buf_printf(&l->made, "steps: [{run: d%u}]\n", depth - 1);
  else
    mf_buf_puts(&l->made, "steps: [{name: a}]\n");
  out->bytes = mf_buf_str(&l->made);
  return MF_OK;
}

/* Of the document in `text`; and how often the loader was asked. */
static const char *linked_error(unsigned *loads) {
  static char code[16];
  linking l = {.loads = 0};
  mf_alloc alloc = mf_alloc_default();
  mf_buf_init(&l.made, &alloc, 1u << 28);
  mf_compile_options options = {.name = "main.yaml", .loader = {load_linked, &l}};
  mf_compilation *comp = NULL;
  mf_compile(&options, text.p, text.n, &comp);
  strcpy(code,
         mf_compilation_diagnostic_count(comp) ? mf_compilation_diagnostic(comp, 0).code : "");
  mf_compilation_free(comp);
  mf_buf_fini(&l.made);
  *loads = l.loads;
  return code;
}

START_TEST(documents_are_linked_to_LINK_DEPTH) {
  unsigned loads;
  mf_buf_printf(&text, "steps: [{run: d%u}]", (unsigned)MF_LIMIT_LINK_DEPTH - 1);
  ck_assert_str_eq(linked_error(&loads), "");
  ck_assert_uint_eq(loads, MF_LIMIT_LINK_DEPTH);
  mf_buf_clear(&text);
  mf_buf_printf(&text, "steps: [{run: d%u}]", (unsigned)MF_LIMIT_LINK_DEPTH);
  ck_assert_str_eq(linked_error(&loads), "MF-E0284");
}
END_TEST

START_TEST(entries_run_documents_LINKS_times) {
  unsigned loads;
  repeat("steps:\n", 1);
  repeat("  - {run: d0}\n", MF_LIMIT_LINKS);
  ck_assert_str_eq(linked_error(&loads), "");
  ck_assert_uint_eq(loads, 1);
  repeat("  - {run: d0}\n", 1);
  ck_assert_str_eq(linked_error(&loads), "MF-E0284");
}
END_TEST

START_TEST(linked_documents_end_at_LINKED_BYTES) {
  unsigned loads;
  repeat("steps:\n", 1);
  repeat("  - {run: large}\n", MF_LIMIT_LINKED_BYTES / MF_LIMIT_DOCUMENT_BYTES);
  ck_assert_str_eq(linked_error(&loads), "");
  repeat("  - {run: large}\n", 1);
  ck_assert_str_eq(linked_error(&loads), "MF-E0284");
}
END_TEST

START_TEST(names_of_documents_end_at_LINK_NAME_BYTES) {
  unsigned loads;
  repeat("steps: [{run: ", 1);
  repeat("n", MF_LIMIT_LINK_NAME_BYTES);
  repeat("}]", 1);
  ck_assert_str_eq(linked_error(&loads), "");
  mf_buf_clear(&text);
  repeat("steps: [{run: ", 1);
  repeat("n", MF_LIMIT_LINK_NAME_BYTES + 1);
  repeat("}]", 1);
  ck_assert_str_eq(linked_error(&loads), "MF-E0280");
  ck_assert_uint_eq(loads, 0);
}
END_TEST

static mf_status compile_text(mf_program **program) {
  mf_alloc alloc = mf_alloc_default();
  static const char *const names[] = {"x"};
  return mf_program_compile(&alloc, mf_buf_str(&text), names, 1, program, NULL, 0);
}

static void refused(void) {
  mf_program *program = NULL;
  ck_assert_int_eq(compile_text(&program), MF_EXPRESSION_INVALID);
  mf_program_free(program);
}

START_TEST(expressions_end_at_EXPRESSION_BYTES) {
  repeat("1 ", 1);
  repeat("+ 1", MF_LIMIT_EXPRESSION_BYTES / 3 + 1);
  refused();
}
END_TEST

START_TEST(expressions_nest_to_EXPRESSION_DEPTH) {
  repeat("(", 10000);
  repeat("1", 1);
  repeat(")", 10000);
  refused();
  mf_buf_clear(&text);
  repeat("!", MF_LIMIT_EXPRESSION_DEPTH + 10);
  repeat("true", 1);
  refused();
  mf_buf_clear(&text);
  repeat("[", MF_LIMIT_EXPRESSION_DEPTH + 10);
  repeat("]", MF_LIMIT_EXPRESSION_DEPTH + 10);
  refused();
}
END_TEST

/* A chunk that pushes `depth` constants before it makes a list of them. */
static mf_status build_stack(uint32_t depth, mf_buf *out) {
  mf_alloc alloc = mf_alloc_default();
  mf_arena arena;
  mf_arena_init(&arena, &alloc, 0);
  mf_builder *b = mf_builder_new(&arena);
  mf_value one = mf_int(1);
  uint32_t number = mf_builder_constant(b, &one);
  mf_builder_chunk_begin(b, MF_STR("expr"), MF_CHUNK_KIND_PURE);
  for (uint32_t i = 0; i < depth; i++) mf_builder_emit(b, MF_OP_CONST, number, 0, 0);
  mf_builder_emit(b, MF_OP_LIST, depth, 0, 0);
  mf_builder_emit(b, MF_OP_RETURN, 0, 0, 0);
  mf_builder_chunk_end(b);
  mf_status status = mf_builder_finish(b, out, NULL, 0);
  mf_arena_fini(&arena);
  return status;
}

START_TEST(the_stack_ends_at_STACK_DEPTH) {
  ck_assert_int_eq(build_stack((uint32_t)MF_LIMIT_STACK_DEPTH, &text), MF_OK);
  mf_buf_clear(&text);
  ck_assert_int_eq(build_stack((uint32_t)MF_LIMIT_STACK_DEPTH + 1, &text), MF_IMAGE_STACK_OVERFLOW);
}
END_TEST

/* The compiler stays below it however long a list is. */
START_TEST(long_lists_compile) {
  mf_program *program = NULL;
  repeat("[x", 1);
  repeat(", x", 3 * MF_LIMIT_STACK_DEPTH);
  repeat("]", 1);
  ck_assert_int_eq(compile_text(&program), MF_OK);
  mf_program_free(program);
}
END_TEST

static mf_status evaluate(uint64_t fuel, mf_value *result, mf_value x) {
  mf_program *program = NULL;
  mf_evaluator *evaluator = NULL;
  mf_alloc alloc = mf_alloc_default();
  ck_assert_int_eq(compile_text(&program), MF_OK);
  ck_assert_int_eq(mf_evaluator_new(&alloc, &evaluator), MF_OK);
  if (fuel) mf_evaluator_set_fuel(evaluator, fuel);
  mf_evaluator_set_regex(evaluator, mf_regex_re2());
  mf_status status = mf_eval(program, evaluator, &x, result);
  mf_evaluator_free(evaluator);
  mf_program_free(program);
  return status;
}

START_TEST(evaluations_end_at_EVAL_FUEL) {
  mf_value result;
  repeat("x == 1 || x == 2", 1);
  ck_assert_int_eq(evaluate(2, &result, mf_int(5)), MF_OUT_OF_FUEL);
  ck_assert_int_eq(evaluate(0, &result, mf_int(5)), MF_OK);
  /* The default is EVAL_FUEL: a text of half of STRING_BYTES compared 30 times
   * costs more. */
  char *big = malloc(MF_LIMIT_STRING_BYTES / 2);
  memset(big, 'a', MF_LIMIT_STRING_BYTES / 2);
  mf_buf_clear(&text);
  repeat("x.contains('b')", 1);
  repeat(" || x.contains('b')", MF_LIMIT_EVAL_FUEL / (MF_LIMIT_STRING_BYTES / 2) + 1);
  ck_assert_int_eq(evaluate(0, &result, mf_string((mf_str){big, MF_LIMIT_STRING_BYTES / 2})),
                   MF_OUT_OF_FUEL);
  free(big);
}
END_TEST

/* A constant pattern and one that is computed; || absorbs neither. */
/* What is folded takes no fuel. */
START_TEST(constants_are_folded_up_to_FOLD_FUEL) {
  mf_value result;
  repeat("size(lists.range(1000).map(v, v + 1)) > x", 1);
  ck_assert_int_eq(evaluate(100, &result, mf_int(5)), MF_OK);
  mf_buf_clear(&text);
  ck_assert_uint_lt(MF_LIMIT_FOLD_FUEL, 400000 * 4);
  repeat("size(lists.range(400000).map(v, v + 1)) > x", 1);
  ck_assert_int_eq(evaluate(100, &result, mf_int(5)), MF_OUT_OF_FUEL);
  ck_assert_int_eq(evaluate(0, &result, mf_int(5)), MF_OK);
  ck_assert(result.as.i);
  /* All parts of an expression together. */
  mf_buf_clear(&text);
  repeat("x == 0", 1);
  repeat(" || size(lists.range(100000).map(v, v + 1)) < x", 10);
  ck_assert_int_eq(evaluate(1000, &result, mf_int(5)), MF_OUT_OF_FUEL);
}
END_TEST

/* Folding x away in x || true can only spare work. */
START_TEST(what_decides_alone_asks_for_no_fuel) {
  mf_value result;
  repeat("lists.range(900000).all(v, v >= x) || true", 1);
  ck_assert_int_eq(evaluate(10, &result, mf_int(0)), MF_OK);
  ck_assert(result.kind == MF_BOOL && result.as.i);
}
END_TEST

START_TEST(patterns_end_at_REGEX_BYTES) {
  char *pattern = malloc(MF_LIMIT_REGEX_BYTES + 1);
  memset(pattern, 'a', MF_LIMIT_REGEX_BYTES + 1);
  mf_value result;
  repeat("'a'.matches(x) || x != ''", 1);
  ck_assert_int_eq(evaluate(0, &result, mf_string((mf_str){pattern, MF_LIMIT_REGEX_BYTES})), MF_OK);
  ck_assert_int_eq(evaluate(0, &result, mf_string((mf_str){pattern, MF_LIMIT_REGEX_BYTES + 1})),
                   MF_REGEX_TOO_LARGE);
  free(pattern);
}
END_TEST

/* Few bytes may stand for a large program; one that fits is still costly. */
START_TEST(patterns_end_at_REGEX_MEMORY) {
  ck_assert_uint_eq(MF_LIMIT_REGEX_MEMORY, 1 << 20);
  mf_value result;
  repeat("x.matches('(\\\\pL{100}){5}') || x != ''", 1);
  ck_assert_int_eq(evaluate(0, &result, mf_string(MF_STR("a"))), MF_REGEX_TOO_LARGE);
  mf_buf_clear(&text);
  repeat("x.matches('\\\\pL{20}')", 1);
  ck_assert_int_eq(evaluate(0, &result, mf_string(MF_STR("a"))), MF_OK);
  ck_assert_int_eq(evaluate(1000, &result, mf_string(MF_STR("a"))), MF_OUT_OF_FUEL);
}
END_TEST

START_TEST(strings_end_at_STRING_BYTES) {
  char *half = malloc(MF_LIMIT_STRING_BYTES);
  memset(half, 'a', MF_LIMIT_STRING_BYTES);
  mf_value result;
  repeat("size(x + x) > 0 || x != ''", 1); /* no operator absorbs it */
  ck_assert_int_eq(evaluate(0, &result, mf_string((mf_str){half, MF_LIMIT_STRING_BYTES / 2})),
                   MF_OK);
  ck_assert_int_eq(evaluate(0, &result, mf_string((mf_str){half, MF_LIMIT_STRING_BYTES})),
                   MF_VALUE_TOO_LARGE);
  free(half);
}
END_TEST

START_TEST(lists_end_at_LIST_ELEMENTS) {
  mf_value *items = calloc(MF_LIMIT_LIST_ELEMENTS, sizeof *items), result;
  for (size_t i = 0; i < MF_LIMIT_LIST_ELEMENTS; i++) items[i] = mf_int(1);
  mf_value list = {.kind = MF_LIST, .len = (uint32_t)MF_LIMIT_LIST_ELEMENTS, .as.list = items};
  repeat("size(x + [1]) > 0", 1);
  ck_assert_int_eq(evaluate(0, &result, list), MF_VALUE_TOO_LARGE);
  free(items);
}
END_TEST

/* Lists of half a million share nothing: the evaluator's memory ends first. */
START_TEST(evaluations_end_at_EVAL_MEMORY) {
  uint32_t n = (uint32_t)(MF_LIMIT_EVAL_MEMORY / sizeof(mf_value) / 8);
  mf_value *items = calloc(n, sizeof *items), result;
  for (size_t i = 0; i < n; i++) items[i] = mf_int(1);
  mf_value list = {.kind = MF_LIST, .len = n, .as.list = items};
  repeat("[x + [1]", 1);
  repeat(", x + [1]", 9);
  repeat("]", 1);
  mf_status status = evaluate(UINT64_MAX / 4, &result, list);
  ck_assert_msg(status == MF_OUT_OF_MEMORY || status == MF_VALUE_TOO_LARGE, "%s",
                mf_status_name(status));
  free(items);
}
END_TEST

/* ---- images and runs ---- */

/* A chunk in which `depth` hooks are opened one in the other. */
static mf_status build_frames(uint32_t depth, mf_buf *out) {
  mf_alloc alloc = mf_alloc_default();
  mf_arena arena;
  mf_arena_init(&arena, &alloc, 0);
  mf_builder *b = mf_builder_new(&arena);
  uint32_t name = mf_builder_string(b, MF_STR("h")), row[3] = {name, name, 0}, labels[256];
  mf_builder_row(b, MF_TABLE_HOOK, row);
  mf_builder_chunk_begin(b, MF_STR("main"), MF_CHUNK_KIND_MAIN);
  for (uint32_t i = 0; i < depth; i++) labels[i] = mf_builder_label(b);
  mf_builder_emit(b, MF_OP_RUN_ENTER, labels[0], 0, 0);
  for (uint32_t i = 1; i < depth; i++) mf_builder_emit(b, MF_OP_HOOK_ENTER, 0, labels[i], 0);
  for (uint32_t i = depth - 1; i > 0; i--) {
    mf_builder_place(b, labels[i]);
    mf_builder_emit(b, MF_OP_HOOK_LEAVE, 0, 0, 0);
  }
  mf_builder_place(b, labels[0]);
  mf_builder_emit(b, MF_OP_RUN_LEAVE, 0, 0, 0);
  mf_builder_emit(b, MF_OP_END, 0, 0, 0);
  mf_builder_chunk_end(b);
  mf_status status = mf_builder_finish(b, out, NULL, 0);
  mf_arena_fini(&arena);
  return status;
}

START_TEST(frames_end_at_FRAMES) {
  ck_assert_int_eq(build_frames((uint32_t)MF_LIMIT_FRAMES, &text), MF_OK);
  mf_buf_clear(&text);
  ck_assert_int_eq(build_frames((uint32_t)MF_LIMIT_FRAMES + 1, &text), MF_IMAGE_STACK_OVERFLOW);
}
END_TEST

START_TEST(slots_end_at_SLOTS) {
  repeat("variables:\n", 1);
  for (size_t i = 0; i <= MF_LIMIT_SLOTS; i++) mf_buf_printf(&text, "  v%zu: 1\n", i);
  repeat("steps: [{ wait: 1ms }]\n", 1);
  ck_assert_str_eq(first_error(MF_SYNTAX_YAML, 256 << 20), "MF-E0401");
}
END_TEST

/* Global hooks are part of every step. */
START_TEST(images_end_at_IMAGE_BYTES) {
  repeat("hooks:\n  - hook_type: pre_step\n    actions:\n", 1);
  repeat("      - { type: log, message: a }\n", 400);
  repeat("steps:\n", 1);
  repeat("  - name: a\n", MF_LIMIT_IMAGE_BYTES / 4 / 400 / 7 + 1000);
  ck_assert_str_eq(first_error(MF_SYNTAX_YAML, (size_t)4 << 30), "MF-E0402");
}
END_TEST

/* A map is made from its keys and values on the stack. */
START_TEST(maps_of_interpolations_end_at_half_of_STACK_DEPTH) {
  repeat("variables:\n  x: 1\n  m:\n", 1);
  for (size_t i = 0; i <= MF_LIMIT_STACK_DEPTH / 2; i++)
    mf_buf_printf(&text, "    k%zu: \"a${x}\"\n", i);
  repeat("steps: [{ wait: 1ms }]\n", 1);
  ck_assert_str_eq(first_error(MF_SYNTAX_YAML, 64 << 20), "MF-E0403");
}
END_TEST

/* The compiler's; vm_reasons.c has the machine's. */
START_TEST(conditions_are_told_up_to_ASSERTION_REASONS) {
  mf_alloc alloc = mf_alloc_default();
  mf_compile_options options = {.name = "limit.yaml"};
  mf_compilation *comp = NULL;
  mf_image *image = NULL;
  size_t size;
  repeat("variables: { x: 1 }\nsteps:\n  - name: a\n    assertions: [\"x > 5", 1);
  for (unsigned i = 0; i < 40; i++) mf_buf_printf(&text, " || x + %u > %u", i, i + 100);
  repeat(" || x > 6 || x == 0\", x > 7]\n", 1);
  ck_assert_int_eq(mf_compile(&options, text.p, text.n, &comp), MF_OK);
  const uint8_t *bytes = mf_compilation_image(comp, &size);
  ck_assert_int_eq(mf_image_open(&alloc, bytes, size, &image, NULL, 0), MF_OK);
  ck_assert_uint_eq(MF_ROW_COUNT(image, REASON), MF_LIMIT_ASSERTION_REASONS + 2);
  const mf_row_reason *first = MF_ROWS(image, REASON, reason);
  ck_assert_uint_le(mf_image_string(image, first->text).n, MF_LIMIT_REASON_BYTES);
  ck_assert_uint_gt(mf_image_string(image, first->text).n, MF_LIMIT_REASON_BYTES - 5);
  mf_image_close(image);
  mf_compilation_free(comp);
}
END_TEST

/* Runs the document in `text` with these budgets; the world answers at once. */
static mf_status run_text(uint64_t fuel, size_t memory) {
  mf_alloc alloc = mf_alloc_default();
  mf_compile_options options = {.name = "limit.yaml"};
  mf_vm_options vm_options = {.fuel = fuel, .max_memory = memory, .run_id = "r"};
  mf_compilation *comp = NULL;
  mf_image *image = NULL;
  mf_vm *vm = NULL;
  mf_effect effect;
  size_t size;
  mf_pair ok = {mf_string(MF_STR("ok")), mf_bool(true)};
  mf_map map = {.count = 1, .pairs = &ok};
  mf_value value = {.kind = MF_MAP, .len = 1, .as.map = &map};
  mf_outcome outcome = {&value, 0, 0};
  ck_assert_int_eq(mf_compile(&options, text.p, text.n, &comp), MF_OK);
  const uint8_t *bytes = mf_compilation_image(comp, &size);
  ck_assert_int_eq(mf_image_open(&alloc, bytes, size, &image, NULL, 0), MF_OK);
  mf_status status = mf_vm_new(image, &vm_options, &vm);
  for (mf_vm_state state; status == MF_OK && (state = mf_vm_run(vm, &effect)) != MF_VM_DONE;)
    status = state == MF_VM_FAILED ? mf_vm_error(vm) : mf_vm_deliver(vm, effect.id, &outcome);
  mf_vm_free(vm);
  mf_image_close(image);
  mf_compilation_free(comp);
  return status;
}

/* All of a group's branches begin before the first one ends.  Gives the bytes. */
static size_t run_branches(size_t branches, mf_verdict *verdict) {
  mf_alloc alloc = mf_alloc_default();
  mf_compile_options options = {.name = "limit.yaml"};
  mf_counting_alloc counting = {.inner = alloc};
  mf_vm_options vm_options = {.alloc = mf_counting_alloc_as_alloc(&counting), .run_id = "r"};
  mf_compilation *comp = NULL;
  mf_image *image = NULL;
  mf_vm *vm = NULL;
  mf_effect effect;
  size_t size;
  mf_pair ok = {mf_string(MF_STR("ok")), mf_bool(true)};
  mf_map map = {.count = 1, .pairs = &ok};
  mf_value value = {.kind = MF_MAP, .len = 1, .as.map = &map};
  mf_outcome outcome = {&value, 0, 0};
  mf_buf_clear(&text);
  repeat("steps:\n  - parallel:\n", 1);
  repeat("    - { name: a, duration: 1s }\n", branches);
  ck_assert_int_eq(mf_compile(&options, text.p, text.n, &comp), MF_OK);
  const uint8_t *bytes = mf_compilation_image(comp, &size);
  ck_assert_int_eq(mf_image_open(&alloc, bytes, size, &image, NULL, 0), MF_OK);
  ck_assert_int_eq(mf_vm_new(image, &vm_options, &vm), MF_OK);
  uint32_t first = 1, last = 0;
  for (mf_vm_state state; (state = mf_vm_run(vm, &effect)) != MF_VM_DONE;) {
    ck_assert_int_ne(state, MF_VM_FAILED);
    if (state == MF_VM_EFFECT && effect.id > last) last = effect.id;
    if (state == MF_VM_BLOCKED) ck_assert_int_eq(mf_vm_deliver(vm, first++, &outcome), MF_OK);
  }
  ck_assert_uint_ge(last, branches < MF_LIMIT_TASKS ? branches : MF_LIMIT_TASKS - 1);
  *verdict = mf_vm_verdict(vm);
  mf_vm_free(vm);
  mf_image_close(image);
  mf_compilation_free(comp);
  return counting.peak;
}

START_TEST(branches_end_at_TASKS) {
  mf_verdict verdict;
  const size_t few = run_branches(1, &verdict);
  const size_t many = run_branches(MF_LIMIT_TASKS - 1, &verdict);
  ck_assert_int_eq(verdict.outcome, MF_OUTCOME_PASSED);
  printf("memory: %zu bytes a branch\n", (many - few) / (MF_LIMIT_TASKS - 2));
  ck_assert_uint_lt((many - few) / (MF_LIMIT_TASKS - 2), 2048);
  run_branches(MF_LIMIT_TASKS, &verdict);
  ck_assert_int_eq(verdict.outcome, MF_OUTCOME_FAILED);
  ck_assert_uint_eq(verdict.steps_failed, 0);
}
END_TEST

START_TEST(runs_end_at_RUN_FUEL) {
  repeat("steps:\n", 1);
  repeat("  - name: a\n", 100);
  ck_assert_int_eq(run_text(50, 0), MF_OUT_OF_FUEL);
  ck_assert_int_eq(run_text(0, 0), MF_OK);
  ck_assert_uint_gt(MF_LIMIT_RUN_FUEL, 1000000);
}
END_TEST

START_TEST(runs_end_at_RUN_MEMORY) {
  repeat("variables: { a: xxxxxxxxxxxxxxxx }\nsteps:\n", 1);
  repeat("  - { type: set_variable, name: a, value: \"${a}${a}\" }\n", 14);
  ck_assert_int_eq(run_text(0, 0), MF_OK);
  ck_assert_int_eq(run_text(0, 100000), MF_OUT_OF_MEMORY);
  repeat("  - { type: set_variable, name: a, value: \"${a}${a}\" }\n", 10);
  ck_assert_int_eq(run_text(0, MF_LIMIT_RUN_MEMORY), MF_VALUE_TOO_LARGE);
}
END_TEST

/* ---- time ---- */

/* A value may share parts so often that its text, in the journal or in a request,
 * is without end. */
START_TEST(arguments_of_effects_end_at_JOURNAL_LINE_BYTES) {
  ck_assert_uint_ge(MF_LIMIT_JOURNAL_LINE_BYTES, 4 << 16);
  for (unsigned levels = 10; levels <= 40; levels += 30) {
    mf_buf_clear(&text);
    repeat("variables: { v: 1 }\nsteps:\n", 1);
    repeat("  - { type: http_request, url: 'http://127.0.0.1/', body: \"${", 1);
    for (unsigned i = 0; i < levels; i++)
      mf_buf_printf(&text, i ? "cel.bind(x%u, [x%u, x%u], " : "cel.bind(x0, [v], ", i, i - 1,
                    i - 1);
    mf_buf_printf(&text, "x%u", levels - 1);
    repeat(")", levels);
    repeat("}\" }\n", 1);
    ck_assert_int_eq(run_text(0, 0), levels == 10 ? MF_OK : MF_VALUE_TOO_LARGE);
  }
}
END_TEST

START_TEST(ten_thousand_steps_compile_in_proportion) {
  size_t peaks[2];
  for (int i = 0; i < 2; i++) {
    mf_buf_clear(&text);
    repeat("steps:\n", 1);
    repeat("  - { name: a, condition: \"1 < 2 || previous_step_failed\", scenario: baseline }\n",
           i ? 10000 : 1000);
    mf_counting_alloc counting = {.inner = mf_alloc_default()};
    mf_compile_options options = {.alloc = mf_counting_alloc_as_alloc(&counting), .name = "x.yaml"};
    mf_compilation *comp = NULL;
    ck_assert_int_eq(mf_compile(&options, text.p, text.n, &comp), MF_OK);
    mf_compilation_free(comp);
    peaks[i] = counting.peak;
  }
  ck_assert_msg(peaks[1] < 12 * peaks[0], "peak bytes: %zu and %zu", peaks[0], peaks[1]);
}
END_TEST

START_TEST(every_limit_has_a_test) {
  static const char *const names[] = {
#define MF_LIMIT(name, value, doc) #name,
#include "../../base/limits.def"
#undef MF_LIMIT
  };
  const char *const endings[] = {".c", NULL};
  corpus_files files = corpus_list("unit", endings);
  size_t missing = 0;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char word[64];
    size_t n, found = 0;
    snprintf(word, sizeof word, "MF_LIMIT_%s", names[i]);
    for (size_t f = 0; f < files.count && !found; f++) {
      char *source = corpus_read(files.paths[f], &n);
      found = strstr(source, word) != NULL;
      free(source);
    }
    if (!found) fprintf(stderr, "no test mentions %s\n", word), missing++;
  }
  corpus_free(&files);
  ck_assert_uint_eq(missing, 0);
}
END_TEST

Suite *limits_suite(void) {
  Suite *s = suite_create("limits");
  TCase *t = tcase_create("limits");
  tcase_set_timeout(t, 120);
  tcase_add_checked_fixture(t, begin, end);
  tcase_add_test(t, a_document_ends_at_DOCUMENT_BYTES);
  tcase_add_test(t, nesting_ends_at_DOCUMENT_DEPTH);
  tcase_add_test(t, hundreds_of_thousands_of_brackets_are_refused_quickly);
  tcase_add_test(t, aliases_end_at_ALIAS_FACTOR_and_ALIAS_TOKENS);
  tcase_add_test(t, documents_are_linked_to_LINK_DEPTH);
  tcase_add_test(t, entries_run_documents_LINKS_times);
  tcase_add_test(t, linked_documents_end_at_LINKED_BYTES);
  tcase_add_test(t, names_of_documents_end_at_LINK_NAME_BYTES);
  tcase_add_test(t, keys_end_at_KEY_BYTES);
  tcase_add_test(t, expressions_end_at_EXPRESSION_BYTES);
  tcase_add_test(t, expressions_nest_to_EXPRESSION_DEPTH);
  tcase_add_test(t, the_stack_ends_at_STACK_DEPTH);
  tcase_add_test(t, long_lists_compile);
  tcase_add_test(t, evaluations_end_at_EVAL_FUEL);
  tcase_add_test(t, constants_are_folded_up_to_FOLD_FUEL);
  tcase_add_test(t, what_decides_alone_asks_for_no_fuel);
  tcase_add_test(t, patterns_end_at_REGEX_BYTES);
  tcase_add_test(t, patterns_end_at_REGEX_MEMORY);
  tcase_add_test(t, strings_end_at_STRING_BYTES);
  tcase_add_test(t, lists_end_at_LIST_ELEMENTS);
  tcase_add_test(t, evaluations_end_at_EVAL_MEMORY);
  tcase_add_test(t, frames_end_at_FRAMES);
  tcase_add_test(t, conditions_are_told_up_to_ASSERTION_REASONS);
  tcase_add_test(t, slots_end_at_SLOTS);
  tcase_add_test(t, images_end_at_IMAGE_BYTES);
  tcase_add_test(t, maps_of_interpolations_end_at_half_of_STACK_DEPTH);
  tcase_add_test(t, branches_end_at_TASKS);
  tcase_add_test(t, runs_end_at_RUN_FUEL);
  tcase_add_test(t, runs_end_at_RUN_MEMORY);
  tcase_add_test(t, arguments_of_effects_end_at_JOURNAL_LINE_BYTES);
  tcase_add_test(t, ten_thousand_steps_compile_in_proportion);
  tcase_add_test(t, every_limit_has_a_test);
  suite_add_tcase(s, t);
  return s;
}
