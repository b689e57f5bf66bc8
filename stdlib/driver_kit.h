/* driver_kit - what drivers share: arguments read and checked, outcomes built.
 *
 * Arguments are checked although the compiler has checked them: images may come
 * from elsewhere, and interpolated values are known only now.  The first mistake
 * sticks in `error`; readers then return their fallback.  Null counts as absent. */
#ifndef MF_STDLIB_DRIVER_KIT_H
#define MF_STDLIB_DRIVER_KIT_H
#include "driver.h"

typedef struct mf_args {
  const mf_value *map;
  mf_arena *arena;   /* for the error's text */
  const char *error; /* NULL, or a sentence: "argument 'rate' must be a number" */
} mf_args;

void mf_args_init(mf_args *args, mf_arena *arena, const mf_value *map);
bool mf_arg_given(const mf_args *args, const char *key);
mf_str mf_arg_text(mf_args *args, const char *key, const char *fallback);
bool mf_arg_flag(mf_args *args, const char *key, bool fallback);
/* A finite number, not negative. */
double mf_arg_number(mf_args *args, const char *key, double fallback);
/* A whole number from `least` to 2^31. */
uint32_t mf_arg_count(mf_args *args, const char *key, uint32_t least, uint32_t fallback);
/* A length of time in ns: seconds, a duration or its text; at most 10^9 s. */
int64_t mf_arg_length(mf_args *args, const char *key, double fallback_seconds);
/* The map or list, NULL when absent. */
const mf_value *mf_arg_map(mf_args *args, const char *key);
const mf_value *mf_arg_list(mf_args *args, const char *key);
/* Any value, null too; NULL when absent. */
const mf_value *mf_arg_any(const mf_args *args, const char *key);
/* Notes a mistake that the readers cannot see. */
void mf_args_fail(mf_args *args, const char *sentence);

/* `ns` times env->time_scale, and at least `floor_ns` when that makes it shorter
 * (but never longer than it was). */
int64_t mf_scale_length(const mf_driver_env *env, int64_t ns, int64_t floor_ns);
/* Timeouts are lengthened, never shortened. */
int64_t mf_scale_timeout(const mf_driver_env *env, int64_t ns);

/* Bytes of the outside world as a value: a string if they are UTF-8 (when `cut`,
 * but for a character that was cut in two), else bytes.  Borrows. */
mf_value mf_text_or_bytes(const char *p, size_t n, bool cut);

/* Answers {"ok": false, "error": error}; always returns NULL, for `start`. */
mf_op *mf_answer_error(mf_driver_env *env, mf_done_fn done, void *ctx, const char *error);
#endif
