/* http_message - a request made from a driver's arguments, and where it goes.
 *
 * Reads `method`, `headers` and `body`; the URL is the caller's.  The host is looked up
 * once and each of its addresses shown to env->host_denied; connections are made to the
 * addresses that passed and never look the name up again, so no later answer of a name
 * server leads elsewhere. */
#ifndef MF_STDLIB_HTTP_MESSAGE_H
#define MF_STDLIB_HTTP_MESSAGE_H
#include "../io/http_client.h"
#include "../io/url.h"
#include "driver_kit.h"

typedef struct mf_http_message {
  mf_str bytes;     /* arena */
  mf_str authority; /* arena; "127.0.0.1:9", or a socket's path, for messages */
  mf_http_target target;
  bool is_head, idempotent;
  mf_http_error failed; /* why it was not found: DNS, DENIED ... */
  /* Private. */
  mf_url url; /* of the caller's text */
  mf_http_lookup lookup;
  mf_driver_env *env;
  mf_arena *arena;
  void (*found)(void *ctx, const char *error);
  void *ctx;
} mf_http_message;

/* Argument `url`, complete, in the arena: what begins with a slash is the target's. */
mf_str mf_http_message_url(const mf_driver_env *env, mf_args *args);

/* Builds the request for `url`, which outlives it.  False: args->error says why not. */
bool mf_http_message_build(mf_driver_env *env, mf_args *args, mf_str url, mf_http_message *out);

/* Only the bytes of a request, in place of what is in `out`. */
bool mf_http_message_write(mf_args *args, const mf_url *url, mf_buf *out, bool *is_head,
                           bool *idempotent);

/* Fills the target.  MF_HTTP_FOUND, for most: it is there.  MF_HTTP_FINDING: `found` will
 * be called, once, later.  MF_HTTP_NOT_FOUND: *error says why.  Errors are in the arena. */
typedef enum mf_http_find { MF_HTTP_FOUND, MF_HTTP_FINDING, MF_HTTP_NOT_FOUND } mf_http_find;
mf_http_find mf_http_message_find(mf_http_message *message, int64_t deadline,
                                  void (*found)(void *ctx, const char *error), void *ctx,
                                  const char **error);
bool mf_http_message_is_finding(const mf_http_message *message);
/* Ends the search, if one is under way. */
void mf_http_message_stop(mf_http_message *message);

/* "connection refused: 127.0.0.1:9" in the arena. */
const char *mf_http_failure_text(mf_arena *arena, const char *what, mf_str authority);

/* `base` and `path` joined by exactly one slash, in the arena. */
mf_str mf_http_join(mf_arena *arena, mf_str base, mf_str path);
#endif
