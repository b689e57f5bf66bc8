/* SPDX-License-Identifier: MIT */
#include "../base/limits.h"
#include "program.h"

/* ---- Programs ---- */

static const mf_row_chunk *pure_chunk(const mf_image *image) {
  const mf_row_chunk *chunks = MF_ROWS(image, CHUNK, chunk);
  for (uint32_t i = 0; i < MF_ROW_COUNT(image, CHUNK); i++)
    if (chunks[i].kind == MF_CHUNK_KIND_PURE) return &chunks[i];
  return NULL;
}

static mf_status bind_program(mf_program *p) {
  mf_status status = mf_image_open(&p->alloc, p->bytes, p->size, &p->image, NULL, 0);
  if (status != MF_OK) return status;
  const mf_row_chunk *chunk = pure_chunk(p->image);
  if (chunk == NULL) return MF_IMAGE_NO_MAIN;
  p->code = p->image->code + chunk->start;
  p->constants = p->image->values;
  p->slot_count = MF_ROW_COUNT(p->image, SLOT);
  p->max_depth = chunk->max_depth;
  return MF_OK;
}

mf_status mf_program_from_image(const mf_alloc *alloc, uint8_t *bytes, size_t n, mf_program **out) {
  mf_alloc use = mf_alloc_or_default(alloc);
  mf_program *p = mf_realloc(&use, NULL, 0, sizeof *p);
  *out = NULL;
  if (p == NULL) {
    mf_realloc(&use, bytes, n, 0);
    return MF_OUT_OF_MEMORY;
  }
  *p = (mf_program){.alloc = use, .bytes = bytes, .size = n};
  mf_status status = bind_program(p);
  if (status == MF_OK)
    *out = p;
  else
    mf_program_free(p);
  return status;
}

void mf_program_free(mf_program *program) {
  if (program == NULL) return;
  mf_alloc alloc = program->alloc;
  mf_image_close(program->image);
  mf_realloc(&alloc, program->bytes, program->size, 0);
  mf_realloc(&alloc, program, sizeof *program, 0);
}

/* ---- Evaluators ---- */

enum { INLINE_STACK = 32 }; /* values; deeper expressions are rare */

struct mf_evaluator {
  mf_alloc alloc;
  mf_exec exec;
  mf_arena arena;
  int64_t fuel;        /* of each evaluation */
  uint32_t stack_size; /* of exec.stack, owned when it is not `inline_stack` */
  mf_value inline_stack[INLINE_STACK];
};

mf_status mf_evaluator_new(const mf_alloc *alloc, mf_evaluator **out) {
  mf_alloc use = mf_alloc_or_default(alloc);
  mf_evaluator *e = mf_realloc(&use, NULL, 0, sizeof *e);
  *out = e;
  if (e == NULL) return MF_OUT_OF_MEMORY;
  *e = (mf_evaluator){.alloc = use, .stack_size = INLINE_STACK};
  e->exec.stack = e->inline_stack;
  mf_arena_init(&e->arena, &use, (size_t)MF_LIMIT_EVAL_MEMORY);
  e->exec.call.arena = &e->arena;
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
  mf_arena_fini(&evaluator->arena);
  mf_realloc(&alloc, evaluator, sizeof *evaluator, 0);
}

void mf_evaluator_set_fuel(mf_evaluator *evaluator, uint64_t fuel) {
  evaluator->fuel = fuel < INT64_MAX ? (int64_t)fuel : INT64_MAX;
}

void mf_evaluator_set_trace(mf_evaluator *evaluator, mf_trace_fn trace, void *ctx) {
  evaluator->exec.trace = trace;
  evaluator->exec.trace_ctx = ctx;
}

static bool grow_stack(mf_evaluator *e, uint32_t depth) {
  mf_value *stack = mf_realloc(&e->alloc, NULL, 0, sizeof *stack * depth);
  if (stack == NULL) return false;
  free_stack(e);
  e->exec.stack = stack;
  e->stack_size = depth;
  return true;
}

static mf_status start(const mf_program *program, mf_evaluator *evaluator, const mf_value *slots,
                       mf_value *result) {
  mf_exec *x = &evaluator->exec;
  x->call.fuel = evaluator->fuel;
  x->call.status = MF_OK;
  x->code = x->pc = program->code;
  x->constants = program->constants;
  x->slots = slots;
  x->sp = x->stack;
  x->image = program->image;
  x->result = result;
  return mf_interpret(x);
}

/* What only some evaluations need first: room, or scratch memory back.  A
 * function of its own that ends mf_eval, so that mf_eval has nothing to save. */
static MF_COLD mf_status start_prepared(const mf_program *program, mf_evaluator *evaluator,
                                        const mf_value *slots, mf_value *result) {
  if (evaluator->arena.head) mf_arena_reset(&evaluator->arena);
  if (program->max_depth > evaluator->stack_size && !grow_stack(evaluator, program->max_depth))
    return MF_OUT_OF_MEMORY;
  return start(program, evaluator, slots, result);
}

mf_status mf_eval(const mf_program *program, mf_evaluator *evaluator, const mf_value *slots,
                  mf_value *result) {
  if (program->max_depth > evaluator->stack_size || evaluator->arena.head)
    return start_prepared(program, evaluator, slots, result);
  return start(program, evaluator, slots, result);
}
