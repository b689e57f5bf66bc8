/* SPDX-License-Identifier: MIT */
#include "http_response.h"

#include "plain_json.h"

#include <string.h>

/* Header fields beyond this many are dropped: looking up repeated ones is
 * quadratic. */
#define MAX_FIELDS 256

/* Header text as UTF-8: other bytes are taken as Latin-1, which HTTP once was. */
static mf_str utf8_of(mf_arena *arena, mf_str s) {
  if (mf_utf8_valid(s.p, s.n) == s.n) return s;
  char *out = mf_arena_get(arena, 2 * s.n);
  size_t n = 0;
  if (!out) return (mf_str){0};
  for (size_t i = 0; i < s.n; i++) n += mf_utf8_encode((unsigned char)s.p[i], out + n);
  return (mf_str){out, n};
}

static mf_str lower_of(mf_arena *arena, mf_str s) {
  char *out = mf_arena_copy(arena, s.p, s.n);
  if (!out) return (mf_str){0};
  for (size_t i = 0; i < s.n; i++)
    if (out[i] >= 'A' && out[i] <= 'Z') out[i] = (char)(out[i] - 'A' + 'a');
  return (mf_str){out, s.n};
}

/* The place of a field that came before, or b->count. */
static uint32_t find_field(const mf_map_builder *b, mf_str name) {
  uint32_t i = 0;
  while (i < b->count && !mf_str_eq(mf_value_str(b->pairs[i].key), name)) i++;
  return i;
}

/* Repeated fields are one list. */
mf_value mf_response_headers(mf_arena *arena, mf_str head) {
  mf_map_builder b;
  mf_str name, value;
  size_t at = 0;
  mf_map_build(&b, arena);
  while (b.count < MAX_FIELDS && mf_http_field_next(head, &at, &name, &value)) {
    name = lower_of(arena, utf8_of(arena, name));
    value = utf8_of(arena, value);
    uint32_t place = find_field(&b, name);
    if (mf_arena_oom(arena)) break;
    if (place == b.count) {
      mf_map_add_value(&b, mf_string(name), mf_string(value));
      continue;
    }
    mf_str old = mf_value_str(b.pairs[place].value);
    const char *joined = mf_arena_printf(arena, "%.*s, %.*s", (int)old.n, old.p, (int)value.n,
                                         value.p);
    if (joined) b.pairs[place].value = mf_string(mf_str_of(joined));
  }
  return mf_map_done(&b);
}

mf_value mf_response_json(mf_arena *arena, const mf_http_result *result, const mf_value *headers) {
  mf_str body = result->body;
  size_t i = 0;
  if (result->body_bytes > body.n) return (mf_value){.kind = MF_UNSET};
  while (i < body.n && strchr(" \t\r\n", body.p[i])) i++;
  if (i == body.n) return (mf_value){.kind = MF_UNSET};
  const mf_value *type = mf_map_get(headers, MF_STR("content-type"));
  bool said = type && mf_str_find(mf_value_str(*type), MF_STR("json"), 0) != SIZE_MAX;
  if (!said && body.p[i] != '{' && body.p[i] != '[') return (mf_value){.kind = MF_UNSET};
  return mf_plain_json(arena, body);
}
