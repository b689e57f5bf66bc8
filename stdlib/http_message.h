/* http_message - a request made from a driver's arguments, and where it goes.
 *
 * Reads `method`, `headers` and `body`; the URL is the caller's.  The host is
 * resolved and each of its addresses shown to env->host_denied; connections are
 * made to the addresses that passed and never look the name up again. */
#ifndef MF_STDLIB_HTTP_MESSAGE_H
#define MF_STDLIB_HTTP_MESSAGE_H
#include "../io/http_client.h"
#include "../io/url.h"
#include "driver_kit.h"

typedef struct mf_http_message {
  mf_str bytes;     /* arena */
  mf_str authority; /* arena; "127.0.0.1:9", for messages */
  mf_http_target target;
  bool is_head, idempotent;
} mf_http_message;

/* Builds the request for `url`.  False: args->error says why not, and `error`
 * is the kind for metrics. */
bool mf_http_message_build(mf_driver_env *env, mf_args *args, mf_str url, mf_http_message *out);

/* Only the bytes of a request, in place of what is in `out`. */
bool mf_http_message_write(mf_args *args, const mf_url *url, mf_buf *out, bool *is_head,
                           bool *idempotent);

/* "connection refused: 127.0.0.1:9" in the arena. */
const char *mf_http_failure_text(mf_arena *arena, const char *what, mf_str authority);

/* `base` and `path` joined by exactly one slash, in the arena. */
mf_str mf_http_join(mf_arena *arena, mf_str base, mf_str path);
#endif
