/* redact - keeps the run's secrets out of what others may read.
 *
 * Taint (vm/) hides values that were made from a secret.  It ends where a value
 * leaves the machine: what a server echoes or a command prints is found here, by
 * its bytes, in every text on its way into journal, log, trace and message. */
#ifndef MF_RUNNER_REDACT_H
#define MF_RUNNER_REDACT_H
#include "../base/json.h"

/* A secret shorter than this would blot out text that has nothing to do with it. */
enum { MF_REDACT_LEAST = 6 };

typedef struct mf_redact_pattern mf_redact_pattern;

typedef struct mf_redactor {
  mf_arena arena;
  mf_redact_pattern *patterns;
  uint32_t count, cap;
  uint32_t *heads; /* by hash of the first bytes: position + 1 of a pattern */
  uint32_t mask;
  mf_buf text;           /* what mf_redact gave last */
  mf_buf decoded;        /* and what it looked into */
  uint64_t *maybe;       /* one bit for each hash of first bytes */
  const char *first;     /* name of the first secret that was found */
  mf_json_filter filter; /* for writers: this redactor */
} mf_redactor;

void mf_redactor_init(mf_redactor *redactor, const mf_alloc *alloc);
void mf_redactor_fini(mf_redactor *redactor);

/* From now on `secret` is shown as <secret:name>.  Copies both; one that is
 * shorter than MF_REDACT_LEAST is left to taint.  Errors: OUT_OF_MEMORY. */
mf_status mf_redactor_add(mf_redactor *redactor, mf_str name, mf_str secret);

/* NULL while there is no secret: nothing needs to be looked through. */
const mf_json_filter *mf_redactor_filter(const mf_redactor *redactor);

/* `text` with every known secret in it replaced, also where it is percent-encoded
 * (RFC 3986), escaped as in JSON strings (RFC 8259), both, repeatedly, or within
 * base64 (RFC 4648, both alphabets) at any offset; and the beginning of one where
 * the text was cut off.  Gives `text` itself when there is none, else memory of
 * the redactor until the next call.  Without memory: <secret>, alone. */
mf_str mf_redact(mf_redactor *redactor, mf_str text);

/* The name of the first secret in `text`, NULL if none is known.  Lives as long
 * as the redactor. */
const char *mf_redactor_name(mf_redactor *redactor, mf_str text);
#endif
