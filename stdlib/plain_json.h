/* plain_json - JSON of the outside world as values.
 *
 * Unlike mf_value_from_json, which reads our own lossless form, nothing in the
 * text has a meaning beyond JSON: {"$duration": "1s"} in a response stays a map. */
#ifndef MF_STDLIB_PLAIN_JSON_H
#define MF_STDLIB_PLAIN_JSON_H
#include "../vm/value.h"

/* Parses `text` into the arena; strings may borrow from it.  Of repeated keys the
 * last wins.  UNSET when it is not JSON, or out of memory (see the arena). */
mf_value mf_plain_json(mf_arena *arena, mf_str text);
#endif
