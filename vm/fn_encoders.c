/* SPDX-License-Identifier: MIT */
/* base64: CEL's encoders extension. */
#include "fn_kit.h"

#include "../base/limits.h"

mf_value mf_fn_base64_encode(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "b")) return mf_no_function(call, "base64.encode", args, n);
  size_t size = mf_base64_size(args[0].len);
  if (size > MF_LIMIT_STRING_BYTES) return mf_call_end(call, MF_VALUE_TOO_LARGE);
  char *text = mf_charge(call, size) ? mf_call_get(call, size) : NULL;
  if (text == NULL) return mf_null();
  mf_base64_encode((const uint8_t *)args[0].as.s, args[0].len, text);
  return mf_string((mf_str){text, size});
}

mf_value mf_fn_base64_decode(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "s")) return mf_no_function(call, "base64.decode", args, n);
  char *bytes = mf_charge(call, args[0].len) ? mf_call_get(call, args[0].len + 3u) : NULL;
  if (bytes == NULL) return mf_null();
  size_t size = mf_base64_decode(mf_value_str(args[0]), (uint8_t *)bytes);
  if (size == SIZE_MAX)
    return mf_error(MF_EVAL_BAD_ARGUMENT, MF_STR("base64.decode of what is no base64"));
  return mf_bytes((mf_str){bytes, size});
}
