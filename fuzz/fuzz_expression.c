/* SPDX-License-Identifier: MIT */
/* Any bytes as an expression and as an interpolated text: no crash, places that
 * lie in the source, code that the verifier accepts, an evaluation that ends,
 * and the same result folded and unfolded. */
#include "../tests/unit/cel_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert: this must hold in release builds as well. */
static void must(bool holds) {
  if (!holds) abort();
}

static void place_lies_in(mf_span span, size_t size) {
  must((size_t)span.offset + span.length <= size);
}

static void places_lie_in(const mf_expr *e, size_t size) {
  place_lies_in(e->span, size);
  for (const mf_expr *child = e->first; child; child = child->next) places_lie_in(child, size);
}

static void check_diags(const mf_diags *diags, size_t size) {
  for (uint32_t i = 0; i < diags->count; i++) place_lies_in(diags->items[i].span, size + 1);
}

static void dump(const mf_expr *e) {
  mf_buf out;
  mf_buf_init(&out, NULL, 0);
  mf_expr_dump(&out, e);
  must(out.n > 0 && mf_utf8_valid(out.p, out.n) == out.n);
  mf_buf_fini(&out);
}

/* True when there is no mistake in it. */
static bool parse(mf_arena *arena, mf_str text) {
  mf_diags diags;
  mf_diags_init(&diags, arena);
  mf_expr_source source = {.text = text, .exact = true, .whole = {0, (uint32_t)text.n}};
  mf_expr *e = mf_expr_parse(arena, &diags, &source);
  places_lie_in(e, text.n);
  check_diags(&diags, text.n);
  dump(e);
  must(diags.errors > 0 || e->kind != MF_EXPR_ERROR);
  return diags.errors == 0;
}

static void interpolate(mf_arena *arena, mf_str text) {
  mf_diags diags;
  mf_diags_init(&diags, arena);
  mf_expr_source source = {.text = text, .exact = true, .whole = {0, (uint32_t)text.n}};
  size_t literal = 0;
  for (mf_part *p = mf_interpolation_parse(arena, &diags, &source); p; p = p->next) {
    if (p->expr)
      places_lie_in(p->expr, text.n);
    else
      literal += p->text.n;
  }
  must(literal <= text.n);
  check_diags(&diags, text.n);
}

static bool is_result(const mf_buf *out) {
  return out->n > 0 && strncmp(out->p, "status:", 7) != 0;
}

/* Fuel and memory may end one way of evaluation and not the other. */
static void evaluate_both_ways(mf_arena *arena, cel_subject *s, const mf_program *program) {
  mf_buf folded, unfolded;
  mf_buf_init(&folded, NULL, 0);
  mf_buf_init(&unfolded, NULL, 0);
  cel_evaluate(program, s->slots, &folded);
  mf_program *other = cel_compile_unfolded(arena, s);
  if (other && s->count < CEL_MAX_NAMES) cel_evaluate(other, s->slots, &unfolded);
  must(strstr(folded.p, "\nbut not by fast code") == NULL);
  must(unfolded.n == 0 || strstr(unfolded.p, "\nbut not by fast code") == NULL);
  if (is_result(&folded) && is_result(&unfolded)) must(strcmp(folded.p, unfolded.p) == 0);
  mf_program_free(other);
  mf_buf_fini(&unfolded);
  mf_buf_fini(&folded);
}

static void add(cel_subject *s, const char *name, mf_value value) {
  s->names[s->count] = name;
  s->slots[s->count++] = value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mf_arena arena;
  mf_str text = {(const char *)data, size};
  mf_arena_init(&arena, NULL, 0);
  static cel_subject s;
  static const mf_value items[] = {{.kind = MF_INT, .as.i = 1}, {.kind = MF_BOOL, .as.i = 1}};
  s = (cel_subject){.expr = text};
  add(&s, "a", mf_int(5));
  add(&s, "b", mf_double(2.5));
  add(&s, "c", mf_string(MF_STR("text")));
  add(&s, "d", (mf_value){.kind = MF_UNSET});
  add(&s, "e", mf_bool(true));
  add(&s, "f.g", (mf_value){.kind = MF_LIST, .len = 2, .as.list = items});
  bool valid = parse(&arena, text);
  interpolate(&arena, text);
  mf_program *program;
  char message[300];
  mf_status status = mf_program_compile(NULL, text, s.names, s.count, &program, message,
                                        sizeof message);
  must(status == MF_OK || (status == MF_EXPRESSION_INVALID && message[0]));
  must(valid || status != MF_OK);
  if (status == MF_OK) evaluate_both_ways(&arena, &s, program);
  mf_program_free(program);
  mf_arena_fini(&arena);
  return 0;
}
