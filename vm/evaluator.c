/* SPDX-License-Identifier: MIT */
#include "../base/limits.h"
#include "fast.h"

/* ---- Programs ---- */

static const mf_row_chunk *pure_chunk(const mf_image *image) {
  const mf_row_chunk *chunks = MF_ROWS(image, CHUNK, chunk);
  const bool any = MF_ROW_COUNT(image, CHUNK) > 0; /* an orchestration's is the main one */
  return any && chunks[0].kind == MF_CHUNK_KIND_PURE ? &chunks[0] : NULL;
}

static mf_status bind_program(mf_program *p, const mf_row_chunk *chunk) {
  if (chunk == NULL) return MF_IMAGE_NO_MAIN;
  p->code = p->of->code + chunk->start;
  p->constants = p->of->values;
  p->slot_count = MF_ROW_COUNT(p->of, SLOT);
  p->max_depth = chunk->max_depth;
  return mf_fast_build(p, chunk);
}

/* Takes the image and the bytes it lies in, if there are any. */
static mf_status make_program(const mf_alloc *alloc, mf_image *image, uint8_t *bytes, size_t n,
                              mf_program **out) {
  mf_program *p = mf_realloc(alloc, NULL, 0, sizeof *p);
  if (p == NULL) {
    mf_image_close(image);
    if (bytes) mf_realloc(alloc, bytes, n, 0);
    return MF_OUT_OF_MEMORY;
  }
  *p = (mf_program){.alloc = *alloc,
                    .bytes = bytes,
                    .size = n,
                    .image = image,
                    .of = image,
                    .arena = &image->arena};
  mf_status status = bind_program(p, pure_chunk(image));
  if (status == MF_OK)
    *out = p;
  else
    mf_program_free(p);
  return status;
}

mf_status mf_program_of(const mf_alloc *alloc, mf_image *image, mf_program **out) {
  const mf_alloc use = mf_alloc_or_default(alloc);
  *out = NULL;
  return make_program(&use, image, NULL, 0, out);
}

mf_status mf_program_from_image(const mf_alloc *alloc, uint8_t *bytes, size_t n, mf_program **out) {
  const mf_alloc use = mf_alloc_or_default(alloc);
  mf_image *image;
  *out = NULL;
  const mf_status status = mf_image_open(&use, bytes, n, &image, NULL, 0);
  if (status == MF_OK) return make_program(&use, image, bytes, n, out);
  mf_realloc(&use, bytes, n, 0);
  return status;
}

mf_status mf_program_of_chunk(const mf_alloc *alloc, const mf_image *image, uint32_t chunk,
                              mf_program **out) {
  const mf_alloc use = mf_alloc_or_default(alloc);
  mf_program *p = mf_realloc(&use, NULL, 0, sizeof *p);
  *out = NULL;
  if (p == NULL) return MF_OUT_OF_MEMORY;
  *p = (mf_program){.alloc = use, .of = image, .arena = &p->own};
  mf_arena_init(&p->own, &use, 0);
  mf_status status = bind_program(p, &MF_ROWS(image, CHUNK, chunk)[chunk]);
  if (status == MF_OK)
    *out = p;
  else
    mf_program_free(p);
  return status;
}

void mf_program_free(mf_program *program) {
  if (program == NULL) return;
  mf_alloc alloc = program->alloc;
  if (program->arena == &program->own) mf_arena_fini(&program->own);
  mf_image_close(program->image);
  if (program->bytes) mf_realloc(&alloc, program->bytes, program->size, 0);
  mf_realloc(&alloc, program, sizeof *program, 0);
}

/* ---- Evaluators ---- */

/* Traces are of the image's instructions. */
static void set_fast_fuel(mf_evaluator *e) {
  e->fast_fuel = e->exec.trace ? 0 : e->fuel;
  e->share = mf_fast_share(e);
}

mf_status mf_evaluator_new(const mf_alloc *alloc, mf_evaluator **out) {
  mf_alloc use = mf_alloc_or_default(alloc);
  mf_evaluator *e = mf_realloc(&use, NULL, 0, sizeof *e);
  *out = e;
  if (e == NULL) return MF_OUT_OF_MEMORY;
  *e = (mf_evaluator){.alloc = use, .stack_size = MF_INLINE_STACK};
  e->exec.stack = e->inline_stack;
  mf_arena_init(&e->arena, &use, (size_t)MF_LIMIT_EVAL_MEMORY);
  e->exec.call.arena = &e->arena;
  mf_regex_cache_init(&e->regexes, &use, NULL);
  e->exec.call.regexes = &e->regexes;
  mf_evaluator_set_fuel(e, MF_LIMIT_EVAL_FUEL);
  return MF_OK;
}

static void free_stack(mf_evaluator *e) {
  mf_value *stack = e->exec.stack;
  if (stack != e->inline_stack) mf_realloc(&e->alloc, stack, sizeof *stack * e->stack_size, 0);
}

void mf_evaluator_free(mf_evaluator *evaluator) {
  if (evaluator == NULL) return;
  mf_alloc alloc = evaluator->alloc;
  free_stack(evaluator);
  mf_regex_cache_fini(&evaluator->regexes);
  mf_arena_fini(&evaluator->arena);
  mf_realloc(&alloc, evaluator, sizeof *evaluator, 0);
}

void mf_evaluator_set_fuel(mf_evaluator *evaluator, uint64_t fuel) {
  evaluator->fuel = fuel < INT64_MAX ? (int64_t)fuel : INT64_MAX - 1;
  set_fast_fuel(evaluator);
}

void mf_evaluator_set_regex(mf_evaluator *evaluator, const mf_regex *engine) {
  mf_regex_cache_fini(&evaluator->regexes);
  evaluator->regexes.engine = engine;
}

void mf_evaluator_set_trace(mf_evaluator *evaluator, mf_trace_fn trace, void *ctx) {
  evaluator->exec.trace = trace;
  evaluator->exec.trace_ctx = ctx;
  set_fast_fuel(evaluator);
}

static bool grow_stack(mf_evaluator *e, uint32_t depth) {
  mf_value *stack = mf_realloc(&e->alloc, NULL, 0, sizeof *stack * depth);
  if (stack == NULL) return false;
  free_stack(e);
  e->exec.stack = stack;
  e->stack_size = depth;
  return true;
}

/* ---- Evaluating ---- */

static mf_status start(const mf_program *program, mf_evaluator *evaluator, const mf_value *slots,
                       mf_value *result) {
  mf_exec *x = &evaluator->exec;
  x->call.fuel = evaluator->fuel;
  x->call.status = MF_OK;
  x->code = x->pc = program->code;
  x->constants = program->constants;
  x->slots = slots;
  x->sp = x->stack;
  x->image = program->of;
  x->result = result;
  return mf_interpret(x);
}

static bool is_packed(const mf_value *v) { return v->kind == MF_LIST && v->flags & MF_PACKED; }

static bool has_packed(const mf_value *slots, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (is_packed(&slots[i])) return true;
  return false;
}

/* The image's instructions know lists of one form only. */
static bool unpack(mf_arena *arena, mf_value *list) {
  mf_value *elements = mf_arena_get(arena, sizeof *elements * (size_t)list->len);
  if (elements == NULL) return false;
  for (uint32_t i = 0; i < list->len; i++) elements[i] = mf_double(list->as.doubles[i]);
  *list = (mf_value){.kind = MF_LIST, .len = list->len, .as.list = elements};
  return true;
}

static MF_COLD const mf_value *unpacked(mf_arena *arena, const mf_value *slots, uint32_t count) {
  mf_value *copy = mf_arena_get(arena, sizeof *copy * (size_t)count);
  if (copy == NULL) return NULL;
  memcpy(copy, slots, sizeof *copy * (size_t)count);
  for (uint32_t i = 0; i < count; i++)
    if (is_packed(&copy[i]) && !unpack(arena, &copy[i])) return NULL;
  return copy;
}

mf_status mf_eval_generic(const mf_program *program, mf_evaluator *evaluator, const mf_value *slots,
                          mf_value *result) {
  if (!evaluator->keeps) mf_evaluator_forget(evaluator);
  if (program->max_depth > evaluator->stack_size && !grow_stack(evaluator, program->max_depth))
    return MF_OUT_OF_MEMORY;
  if (has_packed(slots, program->slot_count)) {
    slots = unpacked(&evaluator->arena, slots, program->slot_count);
    if (slots == NULL) return MF_OUT_OF_MEMORY;
  }
  return start(program, evaluator, slots, result);
}

mf_status mf_eval(const mf_program *program, mf_evaluator *evaluator, const mf_value *slots,
                  mf_value *result) {
  if (evaluator->fast_fuel < program->fast_need)
    return mf_eval_generic(program, evaluator, slots, result);
  evaluator->program = program;
  evaluator->result = result;
  return program->fast->run(program->fast, slots, 0, NULL, evaluator);
}

static mf_status eval_one_by_one(const mf_program *program, mf_evaluator *evaluator,
                                 const mf_value *const *rows, size_t count, mf_value *results) {
  const mf_fast_op *const fast = program->fast;
  const bool is_fast = evaluator->fast_fuel >= program->fast_need;
  mf_status status = MF_OK;
  for (size_t i = 0; i < count && status == MF_OK; i++) {
    evaluator->result = &results[i];
    status = is_fast ? fast->run(fast, rows[i], 0, NULL, evaluator)
                     : mf_eval_generic(program, evaluator, rows[i], &results[i]);
  }
  return status;
}

static mf_status eval_rows(const mf_program *program, mf_evaluator *evaluator,
                           const mf_value *const *rows, size_t count, mf_value *results) {
  if (program->fast_codes == NULL || evaluator->fast_fuel < program->fast_need)
    return eval_one_by_one(program, evaluator, rows, count, results);
  mf_status status = MF_OK;
  for (size_t i = 0; i < count && status == MF_OK; i += MF_FAST_ROWS) {
    const size_t left = count - i, n = left < MF_FAST_ROWS ? left : MF_FAST_ROWS;
    if (!mf_fast_block_run(program, evaluator, rows + i, (uint32_t)n, results + i))
      status = eval_one_by_one(program, evaluator, rows + i, n, results + i);
  }
  return status;
}

mf_status mf_eval_rows(const mf_program *program, mf_evaluator *evaluator,
                       const mf_value *const *rows, size_t count, mf_value *results) {
  mf_evaluator_forget(evaluator);
  evaluator->program = program;
  evaluator->keeps = true;
  const mf_status status = eval_rows(program, evaluator, rows, count, results);
  evaluator->keeps = false;
  return status;
}
