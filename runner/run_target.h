/* run_target - what a run's loads and relative URLs are aimed at. */
#ifndef MF_RUNNER_RUN_TARGET_H
#define MF_RUNNER_RUN_TARGET_H
#include "../image/image.h"
#include "../stdlib/sample_service.h"
#include "runner.h"

typedef enum mf_target_kind {
  MF_TARGET_UNUSED, /* none was given, and nothing needs one */
  MF_TARGET_URL,
  MF_TARGET_SAMPLE, /* the built-in sample service */
  MF_TARGET_NONE,   /* a rehearsal: loads do nothing */
} mf_target_kind;

typedef struct mf_run_target {
  mf_target_kind kind;
  mf_str url; /* URL: as given, without a slash at its end; SAMPLE: of the service */
  mf_sample_service *sample;
  char own_url[64];
  char shown[512]; /* the URL without user, password and query, for people */
} mf_run_target;

/* "unused", "url", "sample", "none". */
const char *mf_target_word(mf_target_kind kind);

/* Decides by docs/language.md: `given` (may be NULL) overrides the document's target
 * (n 0: none).  0, or the exit code 2 with a sentence in `error`. */
int mf_run_target_choose(mf_run_target *target, const mf_image *image,
                         const mf_run_options *options, mf_str document_target, char *error,
                         size_t error_size);
/* Starts the sample service if it is what was chosen.  0 or 74. */
int mf_run_target_start(mf_run_target *target, uint64_t seed, char *error, size_t error_size);
void mf_run_target_stop(mf_run_target *target);
#endif
