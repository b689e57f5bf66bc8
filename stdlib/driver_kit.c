/* SPDX-License-Identifier: MIT */
#include "driver_kit.h"

#define NS_PER_S 1e9
#define MAX_SECONDS 1e9
#define MAX_COUNT 2147483648.0

void mf_args_init(mf_args *args, mf_arena *arena, const mf_value *map) {
  *args = (mf_args){.map = map, .arena = arena};
}

void mf_args_fail(mf_args *args, const char *sentence) {
  if (!args->error) args->error = sentence;
}

static void refuse(mf_args *args, const char *key, const char *wanted) {
  if (args->error) return;
  args->error = mf_arena_printf(args->arena, "argument '%s' must be %s", key, wanted);
  if (!args->error) args->error = "out of memory";
}

const mf_value *mf_arg_any(const mf_args *args, const char *key) {
  return mf_map_get(args->map, mf_str_of(key));
}

static const mf_value *present(const mf_args *args, const char *key) {
  const mf_value *v = mf_arg_any(args, key);
  return v && v->kind != MF_NULL && v->kind != MF_UNSET ? v : NULL;
}

bool mf_arg_given(const mf_args *args, const char *key) { return present(args, key) != NULL; }

mf_str mf_arg_text(mf_args *args, const char *key, const char *fallback) {
  const mf_value *v = present(args, key);
  if (v && v->kind == MF_STRING) return mf_value_str(*v);
  if (v) refuse(args, key, "text");
  return mf_str_of(fallback);
}

bool mf_arg_flag(mf_args *args, const char *key, bool fallback) {
  const mf_value *v = present(args, key);
  if (v && v->kind == MF_BOOL) return v->as.i != 0;
  if (v) refuse(args, key, "true or false");
  return fallback;
}

static bool as_number(const mf_value *v, double *out) {
  switch (v->kind) {
    case MF_INT: *out = (double)v->as.i; return true;
    case MF_UINT: *out = (double)v->as.u; return true;
    case MF_DOUBLE: *out = v->as.d; return true;
    default: return false;
  }
}

double mf_arg_number(mf_args *args, const char *key, double fallback) {
  const mf_value *v = present(args, key);
  double d;
  if (!v) return fallback;
  /* Written so that NaN is refused. */
  if (as_number(v, &d) && d >= 0 && d <= 1e300) return d;
  refuse(args, key, "a number that is not negative");
  return fallback;
}

uint32_t mf_arg_count(mf_args *args, const char *key, uint32_t least, uint32_t fallback) {
  const mf_value *v = present(args, key);
  double d;
  if (!v) return fallback;
  if (as_number(v, &d) && d >= least && d <= MAX_COUNT && d == (double)(uint32_t)d)
    return (uint32_t)d;
  refuse(args, key, least ? "a whole number, at least 1" : "a whole number");
  return fallback;
}

/* Seconds of any way to write a length; negative when it is none. */
static double seconds_of(const mf_value *v) {
  double d;
  int64_t ns;
  if (as_number(v, &d)) return d;
  if (v->kind == MF_DURATION) return (double)v->as.i / NS_PER_S;
  if (v->kind == MF_STRING && mf_parse_duration(mf_value_str(*v), &ns))
    return (double)ns / NS_PER_S;
  return -1;
}

int64_t mf_arg_length(mf_args *args, const char *key, double fallback_seconds) {
  const mf_value *v = present(args, key);
  double seconds = v ? seconds_of(v) : fallback_seconds;
  if (!(seconds >= 0 && seconds <= MAX_SECONDS)) {
    refuse(args, key, "a length of time: seconds, or text like 250ms");
    seconds = 0;
  }
  return (int64_t)(seconds * NS_PER_S + 0.5);
}

static const mf_value *of_kind(mf_args *args, const char *key, uint8_t kind, const char *wanted) {
  const mf_value *v = present(args, key);
  if (v && v->kind != kind) {
    refuse(args, key, wanted);
    return NULL;
  }
  return v;
}

const mf_value *mf_arg_map(mf_args *args, const char *key) {
  return of_kind(args, key, MF_MAP, "a map");
}

const mf_value *mf_arg_list(mf_args *args, const char *key) {
  return of_kind(args, key, MF_LIST, "a list");
}

int64_t mf_scale_length(const mf_driver_env *env, int64_t ns, int64_t floor_ns) {
  double scale = env->time_scale > 0 ? env->time_scale : 1;
  double scaled = (double)ns * scale;
  if (scale < 1 && scaled < (double)floor_ns) return ns < floor_ns ? ns : floor_ns;
  return scaled > MAX_SECONDS * NS_PER_S ? (int64_t)(MAX_SECONDS * NS_PER_S) : (int64_t)scaled;
}

int64_t mf_scale_timeout(const mf_driver_env *env, int64_t ns) {
  return env->time_scale > 1 ? mf_scale_length(env, ns, 0) : ns;
}

mf_value mf_text_or_bytes(const char *p, size_t n, bool cut) {
  size_t valid = n ? mf_utf8_valid(p, n) : 0;
  if (valid == n || (cut && n - valid < 4)) return mf_string((mf_str){p, valid});
  mf_value v = mf_string((mf_str){p, n});
  v.kind = MF_BYTES;
  return v;
}

mf_op *mf_answer_error(mf_driver_env *env, mf_done_fn done, void *ctx, const char *error) {
  mf_arena arena;
  mf_map_builder b;
  mf_arena_init(&arena, &env->alloc, 0);
  mf_map_build(&b, &arena);
  mf_map_add(&b, "ok", mf_bool(false));
  mf_map_add(&b, "error", mf_string(mf_str_of(error)));
  mf_value outcome = mf_map_done(&b);
  done(ctx, &outcome);
  mf_arena_fini(&arena);
  return NULL;
}
