/* SPDX-License-Identifier: MIT */
#include "parts.h"

/* Bounds by kind.  A kind whose bound is 0 here is decided by special_ok. */
void mf_verifier_init(mf_verifier *v, const mf_image *image, mf_arena *scratch) {
  *v = (mf_verifier){.image = image, .scratch = scratch};
  mf_enum_limits(v->below);
  for (unsigned kind = MF_OPERAND_STEP_OR_PREVIOUS; kind <= MF_OPERAND_READING; kind++)
    v->below[kind] = image->table_counts[mf_operand_table((mf_operand_kind)kind)];
  v->below[MF_OPERAND_NONE] = 1;
  v->below[MF_OPERAND_WORD] = v->below[MF_OPERAND_COUNT] = UINT64_C(1) << 32;
  v->below[MF_OPERAND_LABEL] = UINT64_C(1) << 32; /* the flow knows where instructions start */
  v->below[MF_OPERAND_CONST] = v->below[MF_OPERAND_OPT_CONST] = image->constant_count;
  v->below[MF_OPERAND_STRING] = v->below[MF_OPERAND_OPT_STRING] = image->string_count;
  v->below[MF_OPERAND_CODE] = image->code_count;
  v->below[MF_OPERAND_PURE_CHUNK] = v->below[MF_OPERAND_OPT_PURE_CHUNK] = 0;
}

static bool is_text(const mf_image *im, uint32_t constant) {
  return constant < im->constant_count && im->constants[constant].kind == MF_STRING;
}

static bool is_pure_chunk(const mf_image *im, uint32_t chunk) {
  return chunk < MF_ROW_COUNT(im, CHUNK) &&
         MF_ROWS(im, CHUNK, chunk)[chunk].kind == MF_CHUNK_KIND_PURE;
}

static bool special_ok(const mf_image *im, mf_operand_kind kind, uint32_t value) {
  switch ((int)kind) {
    case MF_OPERAND_TEXT: return is_text(im, value);
    case MF_OPERAND_PURE_CHUNK: return is_pure_chunk(im, value);
    case MF_OPERAND_OPT_PURE_CHUNK: return value == MF_ABSENT || is_pure_chunk(im, value);
    case MF_OPERAND_STEP_OR_PREVIOUS: return value == MF_PREVIOUS;
    case MF_OPERAND_OPT_CONST:
    case MF_OPERAND_OPT_STRING:
    case MF_OPERAND_OPT_SLOT:
    case MF_OPERAND_OPT_STEP:
    case MF_OPERAND_OPT_REQUEST:
    case MF_OPERAND_OPT_SCENARIO: return value == MF_ABSENT;
    default: return false;
  }
}

bool mf_field_ok(const mf_verifier *v, mf_operand_kind kind, uint32_t value) {
  return value < v->below[kind] || special_ok(v->image, kind, value);
}

static mf_status refuse(mf_verifier *v, uint32_t pc, mf_status status, const char *detail) {
  v->bad_pc = pc;
  v->detail = detail;
  return status;
}

static mf_status refuse_operand(mf_verifier *v, uint32_t pc, mf_operand_kind kind, uint32_t value) {
  if (kind == MF_OPERAND_TEXT && value < v->image->constant_count)
    return refuse(v, pc, MF_IMAGE_BAD_KIND, "the constant is not a string");
  if (kind == MF_OPERAND_NONE)
    return refuse(v, pc, MF_IMAGE_BAD_OPERAND, "it has no operand a, so its bits must be 0");
  return refuse(v, pc, MF_IMAGE_BAD_OPERAND, "an operand is out of bounds");
}

/* An operand that is not below the bound of its kind. */
static mf_status check_special(mf_verifier *v, const uint32_t *code, uint32_t pc, unsigned i) {
  const mf_operand_kind kind = (mf_operand_kind)mf_op_table[mf_word_op(code[pc])].operands[i];
  const uint32_t value = mf_operand(code + pc, i);
  switch ((int)kind) {
    case MF_OPERAND_FUNCTION:
      if (mf_function_arity_ok(value, mf_operand(code + pc, 1))) return MF_OK;
      return refuse(v, pc, MF_IMAGE_BAD_OPERAND,
                    "no function has this number and takes so many arguments");
    default:
      if (special_ok(v->image, kind, value)) return MF_OK;
      return refuse_operand(v, pc, kind, value);
  }
}

/* The machine counts the arms of a conditional by the operand. */
static mf_status check_arm(mf_verifier *v, const uint32_t *code, uint32_t pc) {
  const mf_row_branch *branch = &MF_ROWS(v->image, BRANCH, branch)[mf_word_a(code[pc])];
  if (mf_operand(code + pc, 1) <= branch->arms) return MF_OK;
  return refuse(v, pc, MF_IMAGE_BAD_OPERAND, "the conditional has no such arm");
}

mf_status mf_verify_operands(mf_verifier *v, const uint32_t *code, uint32_t pc) {
  const mf_op_info *op = &mf_op_table[mf_word_op(code[pc])];
  for (unsigned i = 0; i < op->words; i++) {
    if (mf_operand(code + pc, i) < v->below[op->operands[i]]) continue;
    const mf_status status = check_special(v, code, pc, i);
    if (status) return status;
  }
  return mf_word_op(code[pc]) == MF_OP_BRANCH_TAKE ? check_arm(v, code, pc) : MF_OK;
}

static mf_status check_declared(mf_verifier *v, const mf_row_chunk *chunk, const mf_flow *flow) {
  v->at_chunk = true;
  if (flow->max_depth > chunk->max_depth)
    return refuse(v, 0, MF_IMAGE_STACK_OVERFLOW, "it needs a deeper stack than it declares");
  if (flow->max_frames > chunk->max_frames)
    return refuse(v, 0, MF_IMAGE_STACK_OVERFLOW, "it needs more frames than it declares");
  if (flow->max_depth < chunk->max_depth)
    return refuse(v, 0, MF_IMAGE_BAD_TABLE, "it declares a deeper stack than it needs");
  if (flow->max_frames < chunk->max_frames)
    return refuse(v, 0, MF_IMAGE_BAD_TABLE, "it declares more frames than it needs");
  v->at_chunk = false;
  return MF_OK;
}

mf_status mf_verify_chunk(mf_verifier *v, const mf_row_chunk *chunk) {
  const uint32_t *code = v->image->code + chunk->start;
  mf_flow flow;
  v->detail = NULL;
  const mf_status status = mf_flow_verify(v->scratch, code, chunk->length,
                                          chunk->kind == MF_CHUNK_KIND_PURE, v, &flow);
  if (status && v->detail == NULL) return refuse(v, flow.bad_pc, status, flow.detail);
  if (status) return status;
  return check_declared(v, chunk, &flow);
}
