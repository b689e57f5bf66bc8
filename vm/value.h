/* value - constructors and readers for mf_value; what operators do with values
 * is in compare.h, arith.h, convert.h and select.h.
 *
 * A value borrows what it points to.  The head word (kind, flags, aux, len) and
 * the payload word are always written whole: a narrow store that a wide load
 * follows costs a dozen cycles, since it cannot be forwarded from the store. */
#ifndef MF_VM_VALUE_H
#define MF_VM_VALUE_H
#include "../base/text.h"
#include "../base/json.h"
#include <stdarg.h>

/* Lists and maps nest at most this deep where values are copied, compared or
 * written: those walks are recursive.  Deeper values are refused by STORE. */
#define MF_VALUE_DEPTH 512

static inline mf_value mf_null(void) {
  mf_value v = {.kind = MF_NULL};
  return v;
}
static inline mf_value mf_bool(bool b) {
  mf_value v = {.kind = MF_BOOL, .as.i = b};
  return v;
}
static inline mf_value mf_int(int64_t i) {
  mf_value v = {.kind = MF_INT, .as.i = i};
  return v;
}
static inline mf_value mf_uint(uint64_t u) {
  mf_value v = {.kind = MF_UINT, .as.u = u};
  return v;
}
static inline mf_value mf_double(double d) {
  mf_value v = {.kind = MF_DOUBLE, .as.d = d};
  return v;
}
/* Borrows the bytes; they must be valid UTF-8. */
static inline mf_value mf_string(mf_str s) {
  mf_value v = {.kind = MF_STRING, .len = (uint32_t)s.n, .as.s = s.p};
  return v;
}
static inline mf_value mf_bytes(mf_str s) {
  mf_value v = {.kind = MF_BYTES, .len = (uint32_t)s.n, .as.s = s.p};
  return v;
}
static inline mf_value mf_duration_value(int64_t ns) {
  mf_value v = {.kind = MF_DURATION, .as.i = ns};
  return v;
}
static inline mf_value mf_timestamp_value(int64_t s, uint32_t ns) {
  mf_value v = {.kind = MF_TIMESTAMP, .len = ns, .as.i = s};
  return v;
}
/* The type of values of a kind, as a value. */
mf_value mf_type_value(uint8_t kind);
/* An error value with a static or arena message. */
static inline mf_value mf_error(mf_eval_error code, mf_str message) {
  mf_value v = {
      .kind = MF_ERROR, .aux = (uint16_t)code, .len = (uint32_t)message.n, .as.s = message.p};
  return v;
}
static inline mf_str mf_value_str(mf_value v) {
  mf_str s = {v.as.s, v.len};
  return s;
}

/* An error whose message is formatted into the arena. */
mf_value mf_errorf(mf_arena *arena, mf_eval_error code, const char *fmt, ...) MF_PRINTF(3, 4);
mf_value mf_verrorf(mf_arena *arena, mf_eval_error code, const char *fmt, va_list args)
    MF_PRINTF(3, 0);

/* "int", "string" ...: the CEL name of a kind, static. */
const char *mf_kind_name(uint8_t kind);

/* The entry of a map by text key, NULL if absent or `map` is not a map. */
const mf_value *mf_map_get(const mf_value *map, mf_str key);
/* The entry by any key, by CEL's rules (numbers match across kinds). */
const mf_value *mf_map_find(const mf_map *map, mf_value key);
/* Fuel of finding a key: without an index every entry is looked at, and a long key
 * is hashed or compared with others. */
uint64_t mf_map_find_cost(const mf_map *map, const mf_value *key);
/* What a key's length adds to that, or to making a map with it; nothing up to
 * MF_KEY_SHORT bytes. */
enum { MF_KEY_SHORT = 63 };
uint64_t mf_key_cost(const mf_value *key);
/* Typed reads with defaults, for drivers and hosts. */
mf_str mf_map_str(const mf_value *map, const char *key, const char *fallback);
double mf_map_number(const mf_value *map, const char *key,
                     double fallback); /* int, uint, double; duration in s */
bool mf_map_bool(const mf_value *map, const char *key, bool fallback);

/* A map being built in an arena; text keys in the order added.  Sticky OOM. */
typedef struct mf_map_builder {
  mf_arena *arena;
  mf_pair *pairs;
  uint32_t count, cap;
  bool failed;
  bool repeated; /* set by mf_map_done: some key was added twice */
} mf_map_builder;
void mf_map_build(mf_map_builder *b, mf_arena *arena);
/* Keys and values are borrowed: copy text first if it does not live as long. */
void mf_map_add(mf_map_builder *b, const char *key, mf_value value);
void mf_map_add_value(mf_map_builder *b, mf_value key, mf_value value);
/* The finished map value (with an index when it has more than 8 entries); UNSET
 * when out of memory.  Of a repeated key the last value counts. */
mf_value mf_map_done(mf_map_builder *b);

/* A list of n elements in the arena, copied from items; UNSET when out of memory. */
mf_value mf_list_of(mf_arena *arena, const mf_value *items, uint32_t n);

/* Deep copy into an arena; UNSET when out of memory (or nested deeper than
 * MF_VALUE_DEPTH). */
mf_value mf_value_copy(mf_arena *arena, const mf_value *v);
/* The same in two steps, for memory of one's own: the bytes a copy needs beside
 * its own sixteen (SIZE_MAX: more than `max`, or nested too deep), and the copy
 * itself, with its parts in `block` (8-aligned, of that size). */
size_t mf_value_size(const mf_value *v, size_t max);
mf_value mf_value_place(const mf_value *v, void *block);

/* Map indexes, for those who lay out maps themselves: the number of words an
 * index for `count` entries has (0: no index needed), and filling it in. */
uint32_t mf_map_index_size(uint32_t count);
void mf_map_index_fill(uint32_t *index, uint32_t size, const mf_pair *pairs, uint32_t count);

/* Nanoseconds as CEL's string(duration): "1.5s", "-3600s"; at most 32 with NUL. */
size_t mf_duration_text(int64_t ns, char out[32]);

/* Lossless JSON, as in the journal: ints as integers, doubles always with a
 * point or exponent, and {"$uint":"5"} {"$double":"NaN"} {"$bytes":"aGk="}
 * {"$timestamp":"..."} {"$duration":"1.5s"} {"$type":"int"} {"$error":"..."}
 * {"$optional":[..]} {"$ip":"::1"} {"$cidr":"10.0.0.0/8"} {"$map":[[k,v]..]} (for maps with keys that are not text
 * or begin with $).  Tainted values become {"$secret":true}. */
void mf_value_write_json(mf_json_writer *w, const mf_value *v);
/* And back; text is copied.  UNSET when out of memory; unknown "$" forms stay
 * maps.  The code of an error is not kept. */
mf_value mf_value_from_json(mf_arena *arena, const mf_json *node);
/* Plain JSON for bodies and reports: uint and integral doubles as numbers,
 * timestamps and durations as their text, bytes as base64.  Taint is not looked
 * at: bodies may hold secrets, and what reports show comes from the journal. */
void mf_value_write_plain(mf_json_writer *w, const mf_value *v);
/* What interpolation puts into text: string(), and JSON for null, lists, maps. */
void mf_value_write_text(mf_buf *out, const mf_value *v);
#endif
