/* call - what operators and functions may use of the evaluation they are part
 * of: scratch memory, fuel, and a way to end it.
 *
 * Ordinary errors are values.  A budget that is exceeded is a status: it ends
 * the whole evaluation, and no && or || can absorb it. */
#ifndef MF_VM_CALL_H
#define MF_VM_CALL_H
#include "value.h"

typedef struct mf_regex_cache mf_regex_cache; /* regex_cache.h */

/* What chance is decided by: the run's seed, and the path of the entry under way
 * with its turn. */
typedef struct mf_dice {
  uint64_t seed;
  mf_str (*path)(void *ctx);
  void *ctx;
} mf_dice;

typedef struct mf_call {
  mf_arena *arena;
  int64_t fuel;            /* left; below 0: used up */
  uint64_t charged;        /* fuel that went into bytes and elements, not instructions */
  mf_status status;        /* not OK: the evaluation ends, whatever was returned */
  const mf_dice *dice;     /* NULL outside of a run */
  uint32_t site;           /* where in the code the call stands */
  mf_regex_cache *regexes; /* NULL when folding: then nothing that needs one has a value */
} mf_call;

/* Takes fuel for work that grows with its input: one unit a byte or element.
 * False when it is used up: return anything. */
bool mf_charge(mf_call *call, uint64_t units);
/* Ends the evaluation; the first status counts.  Returns null, for brevity. */
mf_value mf_call_end(mf_call *call, mf_status status);
/* Scratch memory; NULL ends the evaluation. */
void *mf_call_get(mf_call *call, size_t size);
/* An error value with a formatted message. */
mf_value mf_call_error(mf_call *call, mf_eval_error code, const char *fmt, ...) MF_PRINTF(3, 4);

enum { MF_QUOTED_SIZE = 64 };
/* A value as error messages show it: 'text' (cut when long), 42, "a list"; never
 * a secret.  NUL-terminated. */
const char *mf_quoted(const mf_value *v, char out[MF_QUOTED_SIZE]);

/* What is made from a secret is one: gives v the taint of its operands' flags.
 * A truth value tells next to nothing, and error messages quote no secrets
 * (mf_quoted): both stay clean, so that conditions and failures are readable. */
static inline mf_value mf_with_taint(mf_value v, uint32_t flags) {
  if (v.kind != MF_BOOL && v.kind != MF_ERROR) v.flags |= (uint8_t)(flags & MF_TAINTED);
  return v;
}
#endif
