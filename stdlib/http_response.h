/* http_response - the parts of a response as values. */
#ifndef MF_STDLIB_HTTP_RESPONSE_H
#define MF_STDLIB_HTTP_RESPONSE_H
#include "../io/http_client.h"
#include "../vm/value.h"

/* Field names in lower case to texts; repeated fields are joined by ", " (RFC 9110,
 * 5.3).  Bytes that are no UTF-8 are taken as Latin-1.  UNSET: out of memory. */
mf_value mf_response_headers(mf_arena *arena, mf_str head);
/* The body as JSON; `headers` as above.  UNSET unless it is whole, and an object or list
 * or said to be JSON by its content type. */
mf_value mf_response_json(mf_arena *arena, const mf_http_result *result, const mf_value *headers);
#endif
