/* SPDX-License-Identifier: MIT */
#include "call.h"

#include <stdio.h>

bool mf_charge(mf_call *call, uint64_t units) {
  uint64_t left = call->fuel < 0 ? 0 : (uint64_t)call->fuel;
  uint64_t taken = units < left ? units : left;
  call->fuel -= (int64_t)taken;
  call->charged += taken;
  if (taken < units) mf_call_end(call, MF_OUT_OF_FUEL);
  return taken == units;
}

mf_value mf_call_end(mf_call *call, mf_status status) {
  if (call->status == MF_OK) call->status = status;
  return mf_null();
}

void *mf_call_get(mf_call *call, size_t size) {
  void *p = mf_arena_get(call->arena, size);
  if (p == NULL) mf_call_end(call, MF_OUT_OF_MEMORY);
  return p;
}

mf_value mf_call_error(mf_call *call, mf_eval_error code, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  mf_value v = mf_verrorf(call->arena, code, fmt, args);
  va_end(args);
  if (mf_arena_oom(call->arena)) mf_call_end(call, MF_OUT_OF_MEMORY);
  return v;
}

static const char *quoted_text(const mf_value *v, char out[MF_QUOTED_SIZE]) {
  size_t n = v->len < 40 ? v->len : 40;
  n = mf_utf8_valid(v->as.s, n);
  snprintf(out, MF_QUOTED_SIZE, "'%.*s%s'", (int)n, n ? v->as.s : "", n < v->len ? "..." : "");
  return out;
}

const char *mf_quoted(const mf_value *v, char out[MF_QUOTED_SIZE]) {
  if (v->flags & MF_TAINTED) return "a secret";
  switch (v->kind) {
    case MF_STRING: return quoted_text(v, out);
    case MF_BOOL: return v->as.i ? "true" : "false";
    case MF_INT: mf_format_int(v->as.i, out); return out;
    case MF_UINT: mf_format_uint(v->as.u, out); return out;
    case MF_DOUBLE: mf_format_double(v->as.d, out); return out;
    default: snprintf(out, MF_QUOTED_SIZE, "a %s", mf_kind_name(v->kind)); return out;
  }
}
