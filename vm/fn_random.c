/* SPDX-License-Identifier: MIT */
/* Chance, which is none: what the functions give is a function of the run's seed, the
 * path of the entry with its turn, and the place of the call in the code.  So a run can
 * be repeated, and its parts in any order. */
#include "../base/hash.h"
#include "functions.h"

/* False: there is no run, and *v is the error. */
static bool throw_dice(mf_call *call, const char *name, uint64_t salt, uint64_t *number,
                       mf_value *v) {
  if (call->dice == NULL) {
    *v = mf_call_error(call, MF_EVAL_NO_VALUE, "%s() has a value in runs only", name);
    return false;
  }
  mf_str path = call->dice->path(call->dice->ctx);
  uint64_t seed = call->dice->seed ^
                  ((uint64_t)call->site << 1 | salt) * UINT64_C(0x9e3779b97f4a7c15);
  *number = mf_hash64(path.p, path.n, seed);
  return true;
}

mf_value mf_fn_random(mf_call *call, const mf_value *args, uint32_t n) {
  uint64_t number;
  mf_value error;
  (void)args, (void)n;
  if (!throw_dice(call, "random", 0, &number, &error)) return error;
  return mf_double((double)(number >> 11) / 9007199254740992.0);
}

mf_value mf_fn_random_int(mf_call *call, const mf_value *args, uint32_t n) {
  uint64_t number;
  mf_value error;
  if (args[0].kind != MF_INT || args[1].kind != MF_INT)
    return mf_no_function(call, "random_int", args, n);
  if (args[0].as.i > args[1].as.i)
    return mf_call_error(call, MF_EVAL_BAD_ARGUMENT, "random_int(a, b): a is greater than b");
  if (!throw_dice(call, "random_int", 0, &number, &error)) return error;
  uint64_t size = args[1].as.u - args[0].as.u + 1; /* 0: all there are */
  mf_value v = mf_int(0);
  v.as.u = args[0].as.u + (size ? number % size : number);
  return v;
}

mf_value mf_fn_uuid(mf_call *call, const mf_value *args, uint32_t n) {
  static const char digits[] = "0123456789abcdef";
  uint64_t halves[2];
  mf_value error;
  (void)args, (void)n;
  if (!throw_dice(call, "uuid", 0, &halves[0], &error)) return error;
  if (!throw_dice(call, "uuid", 1, &halves[1], &error)) return error;
  halves[0] = (halves[0] & ~UINT64_C(0xf000)) | 0x4000;
  halves[1] = (halves[1] & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
  char *text = mf_call_get(call, 37);
  if (text == NULL) return mf_null();
  for (unsigned i = 0, at = 0; i < 32; i++) {
    if (i == 8 || i == 12 || i == 16 || i == 20) text[at++] = '-';
    text[at++] = digits[halves[i / 16] >> (60 - 4 * (i % 16)) & 15];
  }
  return mf_string((mf_str){text, 36});
}
