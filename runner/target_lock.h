/* target_lock - one run at a time for each target and port.
 *
 * A file in the user's state folder, named by the target and locked while the run
 * lasts; it says which run that is.  The kernel gives the lock up with the process. */
#ifndef MF_RUNNER_TARGET_LOCK_H
#define MF_RUNNER_TARGET_LOCK_H
#include "../io/durable.h"
#include "../io/url.h"

typedef struct mf_target_lock {
  mf_append file; /* fd -1: none */
} mf_target_lock;

typedef enum mf_target_lock_result {
  MF_TARGET_LOCK_OK,
  MF_TARGET_LOCK_TAKEN,  /* `why` names the other run */
  MF_TARGET_LOCK_FAILED, /* there is no place for one; `why` says so */
} mf_target_lock_result;

mf_target_lock_result mf_target_lock_take(mf_target_lock *lock, const mf_alloc *alloc,
                                          const mf_url *target, char *why, size_t why_size);
/* Says which journal is written; what cannot be said is left out. */
void mf_target_lock_tell(mf_target_lock *lock, const char *journal);
void mf_target_lock_release(mf_target_lock *lock); /* idempotent */
#endif
