/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "proxy_parts.h"

enum { DEPTH = 64 };

static bool wrong(mf_proxy_reader *r, const char *name, const char *must) {
  snprintf(r->why, sizeof r->why, "%s must be %s", name, must);
  return false;
}

/* ---- The body ---- */

/* The first value of a text that may have more behind it. */
static mf_str first_value(mf_arena *arena, mf_str body) {
  mf_json_scanner s;
  mf_json_scan_init(&s, arena, body, DEPTH);
  do {
    const mf_json_kind kind = mf_json_next(&s);
    if (kind == MF_JSON_ERROR || kind == MF_JSON_END) return body;
  } while (s.depth > 0);
  return (mf_str){body.p, s.at};
}

static bool is_blank(mf_str text) {
  for (size_t i = 0; i < text.n; i++)
    if (!strchr(" \t\r\n", text.p[i]) || !text.p[i]) return false;
  return true;
}

const mf_json *mf_proxy_read_body(mf_proxy_reader *r, mf_str body) {
  const char *error = NULL;
  uint32_t offset = 0;
  if (is_blank(body)) {
    snprintf(r->why, sizeof r->why, "EOF");
    return NULL;
  }
  if (r->compat) body = first_value(r->arena, body);
  const mf_json *node = mf_json_parse(r->arena, body, &error, &offset);
  if (!node && error && !mf_arena_oom(r->arena))
    snprintf(r->why, sizeof r->why, "%s, at byte %u", error, (unsigned)offset + 1);
  return node;
}

/* ---- Fields ---- */

/* Names match in any case, the last one counts, and null is as good as absent. */
static const mf_json *field(const mf_json *map, const char *name) {
  const size_t n = strlen(name);
  const mf_json *found = NULL;
  for (const mf_json *m = map->as.first; m; m = m->next)
    if (m->key.n == n && !strncasecmp(m->key.p, name, n) && m->kind != MF_JSON_NULL) found = m;
  return found;
}

/* Whether `map` has only these fields. */
static bool only(mf_proxy_reader *r, const mf_json *map, const char *what,
                 const char *const *names) {
  for (const mf_json *m = map->as.first; r->strict && m; m = m->next) {
    mf_near near;
    size_t i = 0;
    mf_near_init(&near, m->key);
    for (;
         names[i] && !(strlen(names[i]) == m->key.n && !strncasecmp(names[i], m->key.p, m->key.n));
         i++)
      mf_near_offer(&near, mf_str_of(names[i]));
    if (names[i]) continue;
    const mf_str best = mf_near_best(&near);
    snprintf(r->why, sizeof r->why, "%s has no '%.*s'%s%.*s%s", what,
             (int)(m->key.n < 100 ? m->key.n : 100), m->key.p, best.n ? "; did you mean '" : "",
             (int)best.n, best.n ? best.p : "", best.n ? "'?" : "");
    return false;
  }
  return true;
}

static bool read_text(mf_proxy_reader *r, const mf_json *map, const char *name, mf_str *out,
                      bool *has) {
  const mf_json *node = field(map, name);
  if (!node) return true;
  if (node->kind != MF_JSON_STRING) return wrong(r, name, "a string");
  if (memchr(node->as.s.p, 0, node->as.s.n)) return wrong(r, name, "text without NUL");
  *out = node->as.s;
  if (has) *has = true;
  return true;
}

static bool is_number(const mf_json *node) {
  return node->kind == MF_JSON_INT || node->kind == MF_JSON_UINT || node->kind == MF_JSON_DOUBLE;
}

/* ---- Toxics ---- */

static const mf_toxic_attribute *find_attribute(mf_toxic_kind kind, mf_str name) {
  const mf_toxic_attribute *attributes[MF_TOXIC_ATTRIBUTES];
  const uint32_t n = mf_toxic_attributes(kind, attributes);
  for (uint32_t i = 0; i < n; i++) {
    const mf_toxic_attribute *a = attributes[i];
    if (strlen(a->name) == name.n && !strncasecmp(a->name, name.p, name.n)) return a;
  }
  return NULL;
}

/* Toxiproxy's whole numbers may not even be written with a point. */
static bool fits(const mf_proxy_reader *r, const mf_toxic_attribute *a, const mf_json *node) {
  if (!is_number(node)) return false;
  if (!a->whole || node->kind != MF_JSON_DOUBLE) return true;
  return !r->compat && node->as.d == floor(node->as.d);
}

/* Attributes that do not exist are passed on: whoever knows the rest refuses or ignores
 * them. */
static bool read_attributes(mf_proxy_reader *r, const mf_json *map, mf_toxic_kind kind,
                            mf_toxic_spec *out) {
  uint32_t n = 0;
  for (const mf_json *m = map->as.first; m; m = m->next) n++;
  mf_toxic_value *values = MF_NEW_ARRAY(r->arena, mf_toxic_value, n + 1);
  if (!values) return false;
  n = 0;
  for (const mf_json *m = map->as.first; m; m = m->next) {
    const mf_toxic_attribute *a = find_attribute(kind, m->key);
    if (m->kind == MF_JSON_NULL) continue;
    if (a && !fits(r, a, m)) return wrong(r, a->name, a->whole ? "a whole number" : "a number");
    values[n++] = (mf_toxic_value){a ? mf_str_of(a->name) : m->key, mf_json_double(m, 0)};
  }
  out->values = values;
  out->n_values = n;
  return true;
}

bool mf_proxy_read_toxic(mf_proxy_reader *r, const mf_json *node, mf_toxic_kind kind,
                         mf_toxic_spec *out) {
  if (node->kind == MF_JSON_NULL) return true;
  static const char *const names[] = {"name", "type", "stream", "toxicity", "attributes", NULL};
  if (node->kind != MF_JSON_MAP) return wrong(r, "a toxic", "an object");
  if (!only(r, node, "a toxic", names)) return false;
  if (!read_text(r, node, "name", &out->name, NULL) ||
      !read_text(r, node, "type", &out->type, NULL) ||
      !read_text(r, node, "stream", &out->stream, NULL))
    return false;
  const mf_json *toxicity = field(node, "toxicity"), *attributes = field(node, "attributes");
  if (toxicity && !is_number(toxicity)) return wrong(r, "toxicity", "a number");
  if (toxicity) {
    out->has_toxicity = true;
    out->toxicity = mf_json_double(toxicity, 1);
  }
  if (attributes && attributes->kind != MF_JSON_MAP) return wrong(r, "attributes", "an object");
  if (kind == MF_TOXIC_KINDS) kind = mf_toxic_kind_find(out->type);
  if (!attributes || kind == MF_TOXIC_KINDS) return true;
  return read_attributes(r, attributes, kind, out);
}

/* ---- Proxies ---- */

static bool read_toxics(mf_proxy_reader *r, const mf_json *list, mf_proxy_fields *out) {
  uint32_t n = 0;
  if (list->kind != MF_JSON_LIST) return wrong(r, "toxics", "a list");
  for (const mf_json *e = list->as.first; e; e = e->next) n++;
  mf_toxic_spec *toxics = MF_NEW_ARRAY(r->arena, mf_toxic_spec, n + 1);
  if (!toxics) return false;
  n = 0;
  for (const mf_json *e = list->as.first; e; e = e->next, n++) {
    toxics[n] = (mf_toxic_spec){.n_values = 0};
    if (!mf_proxy_read_toxic(r, e, MF_TOXIC_KINDS, &toxics[n])) return false;
  }
  out->has_toxics = true;
  out->toxics = toxics;
  out->n_toxics = n;
  return true;
}

bool mf_proxy_read_fields(mf_proxy_reader *r, const mf_json *node, mf_proxy_fields *out) {
  if (node->kind == MF_JSON_NULL) return true;
  static const char *const names[] = {"name",   "listen", "upstream", "enabled",
                                      "toxics", "Logger", NULL};
  if (node->kind != MF_JSON_MAP) return wrong(r, "a proxy", "an object");
  if (!only(r, node, "a proxy", names)) return false;
  if (!read_text(r, node, "name", &out->name, NULL) ||
      !read_text(r, node, "listen", &out->listen, &out->has_listen) ||
      !read_text(r, node, "upstream", &out->upstream, &out->has_upstream))
    return false;
  const mf_json *enabled = field(node, "enabled"), *toxics = field(node, "toxics");
  if (enabled && enabled->kind != MF_JSON_BOOL) return wrong(r, "enabled", "true or false");
  if (enabled) {
    out->has_enabled = true;
    out->enabled = enabled->as.b;
  }
  return !toxics || r->compat || read_toxics(r, toxics, out);
}
