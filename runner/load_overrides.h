/* load_overrides - --rate, --vus and --duration: what every load of a run does
 * instead of what its document says. */
#ifndef MF_RUNNER_LOAD_OVERRIDES_H
#define MF_RUNNER_LOAD_OVERRIDES_H
#include "../base/json.h"
#include "runner.h"

typedef struct mf_load_overrides {
  double rate;     /* requests per second; 0: not given */
  uint32_t vus;    /* virtual users; 0: not given */
  double duration; /* seconds; 0: not given */
} mf_load_overrides;

/* Reads the options.  NULL, or a sentence why they are refused, in `error`. */
const char *mf_load_overrides_read(mf_load_overrides *overrides, const mf_run_options *options,
                                   char *error, size_t error_size);
static inline bool mf_load_overrides_given(const mf_load_overrides *o) {
  return o->rate > 0 || o->vus > 0 || o->duration > 0;
}
/* The arguments of a load with what is overridden; parts are borrowed from `args`.
 * UNSET: out of memory. */
mf_value mf_load_overrides_apply(const mf_load_overrides *overrides, const mf_value *args,
                                 mf_arena *arena);
/* {"rate": 5} */
void mf_load_overrides_write(const mf_load_overrides *overrides, mf_json_writer *w);
#endif
