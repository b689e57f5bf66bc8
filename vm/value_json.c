/* SPDX-License-Identifier: MIT */
/* Values as text: lossless JSON, plain JSON, and what interpolation shows. */
#include "../base/address.h"
#include "../image/keys.h"
#include "value.h"

#include <math.h>

/* ---- Scalars ---- */

size_t mf_duration_text(int64_t ns, char out[32]) {
  uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
  uint64_t fraction = size % 1000000000;
  size_t n = 0;
  if (ns < 0) out[n++] = '-';
  n += mf_format_uint(size / 1000000000, out + n);
  if (fraction != 0) {
    out[n++] = '.';
    for (uint64_t scale = 100000000; fraction != 0; fraction %= scale, scale /= 10)
      out[n++] = (char)('0' + fraction / scale);
  }
  out[n++] = 's';
  out[n] = '\0';
  return n;
}

static size_t address_text(const mf_value *v, char out[MF_ADDRESS_TEXT]) {
  mf_address a = {.n = (uint8_t)v->len};
  memcpy(a.bytes, v->as.s, a.n);
  return v->kind == MF_IP ? mf_format_address(&a, out) : mf_format_block(&a, v->aux, out);
}

/* The text of a scalar that has one; n 0 for other kinds. */
static mf_str scalar_text(const mf_value *v, char out[MF_ADDRESS_TEXT]) {
  mf_str s = {out, 0};
  switch (v->kind) {
    case MF_BOOL: return mf_str_of(v->as.i ? "true" : "false");
    case MF_INT: s.n = mf_format_int(v->as.i, out); break;
    case MF_UINT: s.n = mf_format_uint(v->as.u, out); break;
    case MF_DOUBLE: s.n = mf_format_double(v->as.d, out); break;
    case MF_TIMESTAMP: s.n = mf_format_timestamp(v->as.i, v->len, out); break;
    case MF_DURATION: s.n = mf_duration_text(v->as.i, out); break;
    case MF_IP:
    case MF_CIDR: s.n = address_text(v, out); break;
    case MF_STRING:
    case MF_TYPE:
    case MF_ERROR: return mf_value_str(*v);
    default: break;
  }
  return s;
}

static void put_base64(mf_json_writer *w, const mf_value *v) {
  mf_buf text;
  mf_buf_init(&text, &w->out->alloc, mf_base64_size(v->len) + 1);
  if (mf_buf_reserve(&text, mf_base64_size(v->len)))
    text.n = v->len ? mf_base64_encode((const uint8_t *)v->as.s, v->len, text.p) : 0;
  else
    w->out->failed = true;
  mf_json_put_str(w, mf_buf_str(&text));
  mf_buf_fini(&text);
}

/* ---- Lossless JSON ---- */

/* Loops end once the buffer has failed: a value may share parts so often that
 * walking all of it would take for ever, and each part writes a byte. */
static bool more(const mf_json_writer *w, size_t i, size_t n) { return i < n && !w->out->failed; }

static void write_json(mf_json_writer *w, const mf_value *v, unsigned depth);

static void write_tagged(mf_json_writer *w, const char *tag, mf_str text) {
  mf_json_open_map(w);
  mf_json_key(w, tag);
  mf_json_put_str(w, text);
  mf_json_close_map(w);
}

static void write_tagged_list(mf_json_writer *w, const char *tag, const mf_value *items, size_t n,
                              unsigned depth) {
  mf_json_open_map(w);
  mf_json_key(w, tag);
  mf_json_open_list(w);
  for (size_t i = 0; more(w, i, n); i++) write_json(w, &items[i], depth);
  mf_json_close_list(w);
  mf_json_close_map(w);
}

/* Whether a JSON object could be mistaken for one of the "$" forms, or could
 * not hold the keys. */
static bool needs_pairs(const mf_map *map) {
  for (uint32_t i = 0; i < map->count; i++) {
    const mf_value *key = &map->pairs[i].key;
    if (key->kind != MF_STRING || (key->len > 0 && key->as.s[0] == '$')) return true;
  }
  return false;
}

static void write_pairs(mf_json_writer *w, const mf_map *map, unsigned depth) {
  mf_json_open_map(w);
  mf_json_key(w, "$map");
  mf_json_open_list(w);
  for (uint32_t i = 0; more(w, i, map->count); i++) {
    mf_json_open_list(w);
    write_json(w, &map->pairs[i].key, depth);
    write_json(w, &map->pairs[i].value, depth);
    mf_json_close_list(w);
  }
  mf_json_close_list(w);
  mf_json_close_map(w);
}

static void write_object(mf_json_writer *w, const mf_map *map, unsigned depth) {
  mf_json_open_map(w);
  for (uint32_t i = 0; more(w, i, map->count); i++) {
    mf_json_key_str(w, mf_value_str(map->pairs[i].key));
    write_json(w, &map->pairs[i].value, depth);
  }
  mf_json_close_map(w);
}

static void write_list(mf_json_writer *w, const mf_value *v, unsigned depth) {
  mf_json_open_list(w);
  for (uint32_t i = 0; more(w, i, v->len); i++) write_json(w, &v->as.list[i], depth);
  mf_json_close_list(w);
}

static void write_secret(mf_json_writer *w, const char *name) {
  mf_json_open_map(w);
  mf_json_key(w, "$secret");
  if (name)
    mf_json_put_word(w, mf_str_of(name));
  else
    mf_json_put_bool(w, true);
  mf_json_close_map(w);
}

static const char *secret_name(const mf_json_writer *w, const mf_value *v) {
  bool text = v->kind == MF_STRING || v->kind == MF_BYTES;
  return w->filter && text ? w->filter->name(w->filter->ctx, mf_value_str(*v)) : NULL;
}

/* What a filter would change is a secret, and not to be guessed from base64. */
static void write_bytes(mf_json_writer *w, const mf_value *v) {
  const char *name = secret_name(w, v);
  if (name) {
    write_secret(w, name);
    return;
  }
  mf_json_open_map(w);
  mf_json_key(w, "$bytes");
  put_base64(w, v);
  mf_json_close_map(w);
}

static void write_double(mf_json_writer *w, const mf_value *v) {
  char text[MF_ADDRESS_TEXT];
  if (isfinite(v->as.d))
    mf_json_put_double(w, v->as.d);
  else
    write_tagged(w, "$double", scalar_text(v, text));
}

static void write_json(mf_json_writer *w, const mf_value *v, unsigned depth) {
  char text[MF_ADDRESS_TEXT];
  if (v->flags & MF_TAINTED) {
    write_secret(w, secret_name(w, v));
    return;
  }
  if (depth-- == 0) {
    write_tagged(w, "$error", MF_STR("nested too deep"));
    return;
  }
  switch (v->kind) {
    case MF_BOOL: mf_json_put_bool(w, v->as.i != 0); break;
    case MF_INT: mf_json_put_int(w, v->as.i); break;
    case MF_UINT: write_tagged(w, "$uint", scalar_text(v, text)); break;
    case MF_DOUBLE: write_double(w, v); break;
    case MF_STRING: mf_json_put_str(w, mf_value_str(*v)); break;
    case MF_BYTES: write_bytes(w, v); break;
    case MF_LIST: write_list(w, v, depth); break;
    case MF_MAP:
      if (needs_pairs(v->as.map))
        write_pairs(w, v->as.map, depth);
      else
        write_object(w, v->as.map, depth);
      break;
    case MF_TIMESTAMP: write_tagged(w, "$timestamp", scalar_text(v, text)); break;
    case MF_DURATION: write_tagged(w, "$duration", scalar_text(v, text)); break;
    case MF_TYPE: write_tagged(w, "$type", mf_value_str(*v)); break;
    case MF_IP: write_tagged(w, "$ip", scalar_text(v, text)); break;
    case MF_CIDR: write_tagged(w, "$cidr", scalar_text(v, text)); break;
    case MF_ERROR: write_tagged(w, "$error", mf_value_str(*v)); break;
    case MF_OPTIONAL:
      write_tagged_list(w, "$optional", v->as.list, v->as.list != NULL, depth);
      break;
    default: mf_json_null(w); break;
  }
}

void mf_value_write_json(mf_json_writer *w, const mf_value *v) { write_json(w, v, MF_VALUE_DEPTH); }

/* ---- And back ---- */

static mf_value unset(void) { return (mf_value){.kind = MF_UNSET}; }

static mf_value text_from_json(mf_arena *arena, mf_str s) {
  char *copy = mf_arena_copy(arena, s.p, s.n);
  return copy ? mf_string((mf_str){copy, s.n}) : unset();
}

static mf_value list_from_json(mf_arena *arena, const mf_json *first) {
  uint32_t n = 0;
  for (const mf_json *item = first; item; item = item->next) n++;
  mf_value *items = mf_arena_get(arena, sizeof *items * n);
  if (items == NULL) return unset();
  n = 0;
  for (const mf_json *item = first; item; item = item->next) {
    items[n] = mf_value_from_json(arena, item);
    if (items[n++].kind == MF_UNSET) return unset();
  }
  return (mf_value){.kind = MF_LIST, .len = n, .as.list = items};
}

static mf_value object_from_json(mf_arena *arena, const mf_json *first) {
  mf_map_builder b;
  mf_map_build(&b, arena);
  for (const mf_json *item = first; item; item = item->next) {
    mf_value key = text_from_json(arena, item->key), value = mf_value_from_json(arena, item);
    if (key.kind == MF_UNSET || value.kind == MF_UNSET) return unset();
    mf_map_add_value(&b, key, value);
  }
  return mf_map_done(&b);
}

/* [[k, v] ...]; false when it has another shape (or out of memory: *out is
 * UNSET then, too). */
static bool map_from_pairs(mf_arena *arena, const mf_json *list, mf_value *out) {
  mf_map_builder b;
  mf_map_build(&b, arena);
  for (const mf_json *pair = list->as.first; pair; pair = pair->next) {
    mf_value v = pair->kind == MF_JSON_LIST ? mf_value_from_json(arena, pair) : unset();
    if (v.kind != MF_LIST || v.len != 2 || !mf_key_kind_ok(v.as.list[0].kind)) return false;
    mf_map_add_value(&b, v.as.list[0], v.as.list[1]);
  }
  *out = mf_map_done(&b);
  return true;
}

static bool bytes_from_base64(mf_arena *arena, mf_str text, mf_value *out) {
  char *bytes = mf_arena_get(arena, text.n / 4 * 3 + 6);
  if (bytes == NULL) return false;
  size_t n = mf_base64_decode(text, (uint8_t *)bytes);
  if (n != SIZE_MAX) *out = mf_bytes((mf_str){bytes, n});
  return n != SIZE_MAX;
}

static bool type_from_name(mf_str name, mf_value *out) {
  for (uint8_t kind = MF_NULL; kind <= MF_CIDR; kind++)
    if (kind != MF_ERROR && mf_str_is(name, mf_kind_name(kind))) {
      *out = mf_type_value(kind);
      return true;
    }
  return false;
}

static bool optional_from_list(mf_arena *arena, const mf_json *list, mf_value *out) {
  mf_value v = list_from_json(arena, list->as.first);
  if (v.kind == MF_UNSET || v.len > 1) return false;
  *out = (mf_value){.kind = MF_OPTIONAL, .as.list = v.len ? v.as.list : NULL};
  return true;
}

static bool error_from_text(mf_arena *arena, mf_str text, mf_value *out) {
  mf_value message = text_from_json(arena, text);
  *out = mf_error(MF_EVAL_BAD_ARGUMENT, mf_value_str(message));
  return message.kind != MF_UNSET;
}

static bool address_from_text(mf_arena *arena, mf_kind kind, mf_str text, mf_value *out) {
  mf_address a;
  unsigned prefix = 0;
  mf_address_error error = kind == MF_IP ? mf_parse_address(text, &a)
                                         : mf_parse_block(text, &a, &prefix);
  if (error != MF_ADDRESS_OK) return false;
  char *bytes = mf_arena_copy(arena, (const char *)a.bytes, a.n);
  if (bytes)
    *out = (mf_value){.kind = (uint8_t)kind, .aux = (uint16_t)prefix, .len = a.n, .as.s = bytes};
  return bytes != NULL;
}

/* A map with one member whose key is a "$" form.  False when it is none. */
static bool special_from_json(mf_arena *arena, const mf_json *member, mf_value *out) {
  mf_str key = member->key, text = mf_json_str(member, "");
  uint32_t nanos = 0;
  *out = unset();
  if (member->kind == MF_JSON_LIST) {
    if (mf_str_is(key, "$map")) return map_from_pairs(arena, member, out);
    return mf_str_is(key, "$optional") && optional_from_list(arena, member, out);
  }
  if (member->kind != MF_JSON_STRING) return false;
  if (mf_str_is(key, "$bytes")) return bytes_from_base64(arena, text, out);
  if (mf_str_is(key, "$type")) return type_from_name(text, out);
  if (mf_str_is(key, "$error")) return error_from_text(arena, text, out);
  if (mf_str_is(key, "$ip")) return address_from_text(arena, MF_IP, text, out);
  if (mf_str_is(key, "$cidr")) return address_from_text(arena, MF_CIDR, text, out);
  if (mf_str_is(key, "$uint")) {
    *out = mf_uint(0);
    return mf_parse_uint(text, &out->as.u);
  }
  if (mf_str_is(key, "$double")) {
    *out = mf_double(0);
    return mf_parse_double(text, true, &out->as.d, NULL);
  }
  if (mf_str_is(key, "$duration")) {
    *out = mf_duration_value(0);
    return mf_parse_duration(text, &out->as.i);
  }
  if (!mf_str_is(key, "$timestamp")) return false;
  *out = mf_timestamp_value(0, 0);
  bool ok = mf_parse_timestamp(text, &out->as.i, &nanos);
  out->len = nanos;
  return ok;
}

static mf_value map_from_json(mf_arena *arena, const mf_json *first) {
  mf_value v;
  bool one = first && first->next == NULL && first->key.n > 0 && first->key.p[0] == '$';
  if (one && special_from_json(arena, first, &v)) return v;
  return object_from_json(arena, first);
}

mf_value mf_value_from_json(mf_arena *arena, const mf_json *node) {
  switch (node->kind) {
    case MF_JSON_BOOL: return mf_bool(node->as.b);
    case MF_JSON_INT: return mf_int(node->as.i);
    case MF_JSON_UINT: return mf_uint(node->as.u);
    case MF_JSON_DOUBLE: return mf_double(node->as.d);
    case MF_JSON_STRING: return text_from_json(arena, node->as.s);
    case MF_JSON_LIST: return list_from_json(arena, node->as.first);
    case MF_JSON_MAP: return map_from_json(arena, node->as.first);
    default: return mf_null();
  }
}

/* ---- Plain JSON ---- */

static void write_plain(mf_json_writer *w, const mf_value *v, unsigned depth);

static void write_plain_map(mf_json_writer *w, const mf_map *map, unsigned depth) {
  char text[MF_ADDRESS_TEXT];
  mf_json_open_map(w);
  for (uint32_t i = 0; more(w, i, map->count); i++) {
    mf_json_key_str(w, scalar_text(&map->pairs[i].key, text));
    write_plain(w, &map->pairs[i].value, depth);
  }
  mf_json_close_map(w);
}

static void write_plain_list(mf_json_writer *w, const mf_value *v, unsigned depth) {
  mf_json_open_list(w);
  for (uint32_t i = 0; more(w, i, v->len); i++) write_plain(w, &v->as.list[i], depth);
  mf_json_close_list(w);
}

static void write_plain(mf_json_writer *w, const mf_value *v, unsigned depth) {
  char text[MF_ADDRESS_TEXT];
  if (depth-- == 0) {
    mf_json_null(w);
    return;
  }
  switch (v->kind) {
    case MF_BOOL: mf_json_put_bool(w, v->as.i != 0); break;
    case MF_INT: mf_json_put_int(w, v->as.i); break;
    case MF_UINT: mf_json_put_uint(w, v->as.u); break;
    case MF_DOUBLE: mf_json_put_double(w, v->as.d); break;
    case MF_STRING:
    case MF_TYPE:
    case MF_ERROR:
    case MF_TIMESTAMP:
    case MF_IP:
    case MF_CIDR:
    case MF_DURATION: mf_json_put_str(w, scalar_text(v, text)); break;
    case MF_BYTES: put_base64(w, v); break;
    case MF_LIST: write_plain_list(w, v, depth); break;
    case MF_MAP: write_plain_map(w, v->as.map, depth); break;
    case MF_OPTIONAL:
      if (v->as.list)
        write_plain(w, v->as.list, depth);
      else
        mf_json_null(w);
      break;
    default: mf_json_null(w); break;
  }
}

void mf_value_write_plain(mf_json_writer *w, const mf_value *v) {
  write_plain(w, v, MF_VALUE_DEPTH);
}

/* ---- Text ---- */

static void write_plain_text(mf_buf *out, const mf_value *v) {
  mf_json_writer w;
  mf_json_write_init(&w, out, 0);
  mf_value_write_plain(&w, v);
}

/* Bytes that are text show as text; others would break the UTF-8 of what they
 * are put into. */
static void write_bytes_text(mf_buf *out, const mf_value *v) {
  if (mf_utf8_valid(v->as.s, v->len) == v->len) {
    mf_buf_add_str(out, mf_value_str(*v));
    return;
  }
  size_t size = mf_base64_size(v->len);
  if (mf_buf_reserve(out, size))
    out->n += mf_base64_encode((const uint8_t *)v->as.s, v->len, out->p + out->n);
}

void mf_value_write_text(mf_buf *out, const mf_value *v) {
  char text[MF_ADDRESS_TEXT];
  switch (v->kind) {
    case MF_UNSET: break;
    case MF_BYTES: write_bytes_text(out, v); break;
    case MF_NULL:
    case MF_LIST:
    case MF_MAP:
    case MF_OPTIONAL: write_plain_text(out, v); break;
    default: mf_buf_add_str(out, scalar_text(v, text)); break;
  }
}
