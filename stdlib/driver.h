/* driver - what an effect does in the world.
 *
 * One file a driver, each exporting one `const mf_driver mf_driver_NAME`;
 * stdlib/drivers.def lists them.  A driver gets its arguments as a map of
 * values (checked again: images may come from elsewhere), works on the loop and
 * answers exactly once, possibly before `start` returns. */
#ifndef MF_STDLIB_DRIVER_H
#define MF_STDLIB_DRIVER_H
#include "../io/loop.h"
#include "../base/text.h"
#include "load_budget.h"

/* What a load runs by besides its arguments.  image NULL: by nothing else. */
typedef struct mf_load_script {
  const mf_image *image;
  mf_vm *vm;         /* which has just asked for the load */
  uint32_t scenario; /* its row of SCENARIO */
  mf_str path;       /* of the entry, with its turns; outlives the load */
  double time_scale; /* of its lengths of time; 0: 1 */
  /* A map of texts that all its samples have as tags, or NULL. */
  const mf_value *tags;
} mf_load_script;

struct mf_load_view; /* load_stats.h */

/* What drivers share during a run; owned by the runner. */
typedef struct mf_driver_env {
  mf_alloc alloc;
  mf_loop *loop;
  mf_str target_url; /* "http://127.0.0.1:8080", no trailing slash; n 0: none */
  bool rehearsal;    /* --target none: loads do nothing and yield no metrics */
  double time_scale; /* multiplies planned lengths; drivers that plan
                             (wait, http_load) apply it themselves */
  uint64_t seed;
  mf_load_budget *budget; /* of all loads of the run; never NULL where there is one */
  /* May this host be reached?  NULL answer: yes; else a sentence why not.  Asked
   * after name resolution, for each address. */
  const char *(*host_denied)(void *ctx, mf_str host, const void *sockaddr, size_t length);
  /* The same of a program, as the command has it. */
  const char *(*command_denied)(void *ctx, mf_str program);
  void *host_ctx;                  /* of both */
  struct mf_load_stats *run_stats; /* every load merges its own into these */
  mf_load_script script;           /* of the load that is about to start */
  struct mf_watches *run_watches;  /* they see the samples of every load; may be NULL */
  /* A watch of a load says that the run has to end.  From inside the load: what is done
   * about it, cancelling included, comes in a later turn.  May be NULL. */
  void (*tripped)(void *ctx, uint32_t watch, const mf_value *values);
  void *tripped_ctx;
  mf_str base_dir; /* what relative paths of files are relative to; n 0: the working directory */
  const mf_regex *regex;
  /* Of each load, once a second and once more at its end; may be NULL. */
  void (*observe)(void *ctx, const struct mf_load_view *view);
  void *observe_ctx;
} mf_driver_env;

typedef struct mf_op mf_op; /* one effect under way; each driver has its own struct */

/* The answer.  `outcome` is a map with at least "ok" (bool); "error" (string)
 * when not ok.  Borrowed for the call. */
typedef void (*mf_done_fn)(void *ctx, const mf_value *outcome);

typedef struct mf_driver {
  const char *name;
  /* Starts.  Returns NULL if it is over already (done was called). */
  mf_op *(*start)(mf_driver_env *env, const mf_value *args, mf_done_fn done, void *ctx);
  /* Ends it as soon as possible: done is called, with "ok" false and "error"
   * "cancelled" (and what was measured so far), before cancel returns. */
  void (*cancel)(mf_op *op);
} mf_driver;

/* The driver of that name, or NULL. */
const mf_driver *mf_driver_find(mf_str name);

/* Building outcomes: a map under construction in memory of env->alloc. */
#include "../vm/value.h"
#endif
