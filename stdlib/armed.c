/* SPDX-License-Identifier: MIT */
#include "armed.h"

#include "../base/limits.h"
#include "../vm/evaluator.h"
#include "../vm/machine.h"
#include "driver_kit.h"
#include "http_response.h"

/* ---- making ---- */

static mf_str dice_path(void *ctx) {
  const mf_armed *a = ctx;
  return (mf_str){a->path, a->path_length};
}

/* NULL: out of memory. */
static mf_value *copy_slots(mf_arena *arena, const mf_value *slots, uint32_t count) {
  mf_value *copy = mf_arena_get(arena, count * sizeof *copy);
  for (uint32_t i = 0; i < count && copy; i++) copy[i] = mf_value_copy(arena, &slots[i]);
  return mf_arena_oom(arena) ? NULL : copy;
}

static void find_builtins(mf_armed *a) {
  const mf_row_slot *rows = MF_ROWS(a->image, SLOT, slot);
  for (uint32_t i = 0; i < MF_ARMED_BUILTINS; i++) a->builtins[i] = MF_ABSENT;
  for (uint32_t i = 0; i < a->slot_count; i++)
    if (rows[i].kind == MF_SLOT_KIND_BUILTIN) a->builtins[rows[i].arg] = i;
}

mf_status mf_armed_init(mf_armed *a, const mf_alloc *alloc, const mf_load_script *script,
                        const mf_regex *regex, uint64_t seed) {
  *a = (mf_armed){.alloc = *alloc, .image = script->image, .seed = seed};
  mf_arena_init(&a->values, alloc, 0);
  mf_arena_init(&a->response, alloc, (size_t)MF_LIMIT_EVAL_MEMORY);
  a->slot_count = MF_ROW_COUNT(a->image, SLOT);
  find_builtins(a);
  a->slots = copy_slots(&a->values, mf_vm_slots(script->vm), a->slot_count);
  if (a->slots == NULL) return MF_OUT_OF_MEMORY;
  mf_status status = mf_evaluator_new(alloc, &a->evaluator);
  if (status != MF_OK) return status;
  mf_evaluator_set_regex(a->evaluator, regex);
  mf_evaluator_set_machine(a->evaluator, script->vm);
  a->dice = (mf_dice){seed, dice_path, a};
  a->evaluator->exec.call.dice = &a->dice;
  mf_armed_turn(a, 0);
  return MF_OK;
}

void mf_armed_fini(mf_armed *a) {
  mf_evaluator_free(a->evaluator);
  mf_arena_fini(&a->response);
  mf_arena_fini(&a->values);
  a->evaluator = NULL;
}

mf_status mf_armed_refresh(mf_armed *a, const mf_vm *vm) {
  mf_arena fresh;
  mf_arena_init(&fresh, &a->alloc, 0);
  mf_value *slots = copy_slots(&fresh, mf_vm_slots(vm), a->slot_count);
  mf_arena old = slots ? a->values : fresh;
  if (slots) {
    a->slots = slots;
    a->values = fresh;
  }
  mf_arena_fini(&old);
  return slots ? MF_OK : MF_OUT_OF_MEMORY;
}

/* ---- what is read ---- */

static uint32_t reads_of_builtin(uint32_t builtin) {
  switch (builtin) {
    case MF_BUILTIN_RESPONSE: return MF_READS_ALL;
    case MF_BUILTIN_RESPONSE_STATUS: return MF_READS_STATUS;
    case MF_BUILTIN_RESPONSE_LATENCY: return MF_READS_LATENCY;
    case MF_BUILTIN_RESPONSE_HEADERS: return MF_READS_HEADERS;
    case MF_BUILTIN_RESPONSE_BODY: return MF_READS_BODY;
    case MF_BUILTIN_RESPONSE_JSON: return MF_READS_JSON;
    case MF_BUILTIN_RESPONSE_ERROR: return MF_READS_ERROR;
    case MF_BUILTIN_LOAD_DATA: return MF_READS_DATA;
    default: return 0;
  }
}

uint32_t mf_armed_reads(const mf_image *im, uint32_t chunk, bool *slots) {
  const mf_row_chunk *row = &MF_ROWS(im, CHUNK, chunk)[chunk];
  const uint32_t *code = im->code + row->start;
  uint32_t reads = 0;
  for (uint32_t at = 0; at < row->length; at += mf_op_table[mf_word_op(code[at])].words) {
    const mf_op_info *op = &mf_op_table[mf_word_op(code[at])];
    if (op->operands[0] != MF_OPERAND_SLOT) continue; /* no instruction has one elsewhere */
    const uint32_t slot = mf_word_a(code[at]);
    const mf_row_slot *of = &MF_ROWS(im, SLOT, slot)[slot];
    if (slots) slots[slot] = true;
    if (of->kind == MF_SLOT_KIND_BUILTIN) reads |= reads_of_builtin(of->arg);
  }
  return reads;
}

mf_status mf_armed_program(mf_armed *a, uint32_t chunk, mf_program **out) {
  return mf_program_of_chunk(&a->alloc, a->image, chunk, out);
}

/* ---- the response ---- */

static void set_part(mf_armed *a, uint32_t builtin, mf_value v) {
  if (a->builtins[builtin] != MF_ABSENT) a->slots[a->builtins[builtin]] = v;
}

static void set_all(mf_armed *a, const mf_http_result *result, mf_value headers, mf_value json,
                    double latency) {
  mf_map_builder b;
  const bool answered = result->error == MF_HTTP_NONE;
  mf_map_build(&b, &a->response);
  mf_map_add(&b, "status", mf_int(answered ? result->status : 0));
  mf_map_add(&b, "headers", headers);
  mf_map_add(&b, "body", mf_text_or_bytes(result->body.p, result->body.n, true));
  if (json.kind != MF_UNSET) mf_map_add(&b, "json", json);
  mf_map_add(&b, "latency", mf_double(latency));
  if (!answered) mf_map_add(&b, "error", mf_string(mf_str_of(mf_http_error_name(result->error))));
  set_part(a, MF_BUILTIN_RESPONSE, mf_map_done(&b));
}

mf_status mf_armed_response(mf_armed *a, uint32_t reads, const mf_http_result *result,
                            int64_t latency_ns) {
  const bool answered = result->error == MF_HTTP_NONE;
  const double latency = (double)latency_ns / 1e6;
  set_part(a, MF_BUILTIN_RESPONSE_STATUS, mf_int(answered ? result->status : 0));
  set_part(a, MF_BUILTIN_RESPONSE_LATENCY, mf_double(latency));
  if (reads & MF_READS_ERROR)
    set_part(a, MF_BUILTIN_RESPONSE_ERROR,
             mf_string(answered ? MF_STR("") : mf_str_of(mf_http_error_name(result->error))));
  if (!(reads & (MF_READS_HEAD_BYTES | MF_READS_BODY_BYTES))) return MF_OK;
  if (a->response.head) mf_arena_reset(&a->response);
  mf_value headers = {.kind = MF_UNSET}, json = {.kind = MF_UNSET};
  if (reads & MF_READS_HEAD_BYTES) headers = mf_response_headers(&a->response, result->head);
  if (reads & (MF_READS_JSON | MF_READS_ALL) && answered)
    json = mf_response_json(&a->response, result, &headers);
  set_part(a, MF_BUILTIN_RESPONSE_HEADERS, headers);
  set_part(a, MF_BUILTIN_RESPONSE_JSON, json);
  set_part(a, MF_BUILTIN_RESPONSE_BODY, mf_text_or_bytes(result->body.p, result->body.n, true));
  if (reads & MF_READS_ALL) set_all(a, result, headers, json, latency);
  return mf_arena_oom(&a->response) ? MF_OUT_OF_MEMORY : MF_OK;
}

/* ---- evaluating ---- */

void mf_armed_turn(mf_armed *a, uint64_t turn) {
  memcpy(a->path, &a->seed, sizeof a->seed);
  memcpy(a->path + sizeof a->seed, &turn, sizeof turn);
  a->path_length = sizeof a->seed + sizeof turn;
}

mf_status mf_armed_eval(mf_armed *a, const mf_program *program, mf_value *result) {
  return mf_eval(program, a->evaluator, a->slots, result);
}
