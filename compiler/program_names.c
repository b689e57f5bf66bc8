/* SPDX-License-Identifier: MIT */
/* program_names - what names mean in an expression of its own: the schema's
 * names, looked up in a container and then in the namespaces around it. */
#include "../base/limits.h"
#include "../vm/value.h"
#include "expr_types.h"
#include "program.h"

/* ---- declaring ---- */

static void bad_type(mf_unit *u, const mf_schema_entry *entry) {
  mf_diag_add(&u->diags, MF_E_BAD_TYPE, (mf_span){0, 0}, entry->type, entry->name);
}

static void declare_type(mf_unit *u, uint32_t slot, const mf_schema_entry *entry) {
  if (entry->type == NULL) return;
  if (u->types == NULL) u->types = MF_NEW_ARRAY(&u->arena, const mf_type *, u->options->count);
  const mf_type *type = mf_type_parse(&u->arena, mf_str_of(entry->type));
  if (type == NULL) bad_type(u, entry);
  if (u->types) u->types[slot] = type;
}

static void declare(mf_unit *u, const mf_schema_entry *entry) {
  mf_str name = mf_str_of(entry->name);
  uint32_t fields[3] = {mf_builder_string(u->builder, name), MF_SLOT_KIND_FREE, 0};
  uint32_t slot = mf_builder_row(u->builder, MF_TABLE_SLOT, fields);
  u->has_dots |= name.n > 0 && memchr(name.p, '.', name.n) != NULL;
  mf_names_set(&u->slots, name, slot);
  declare_type(u, slot, entry);
}

/* ---- looking up ---- */

/* The names of a chain that are written as names: a.b and not a["b"], whose
 * span has the quotes. */
static uint32_t plain_names(const mf_str *names, const mf_span *spans, uint32_t count) {
  uint32_t n = 1;
  while (n < count && spans[n].length == names[n].n) n++;
  return n;
}

/* "prefix.names[0].names[1]...", and where each name ends in it. */
typedef struct qualified {
  char *text;
  uint32_t *ends;
} qualified;

static qualified qualify(mf_arena *arena, mf_str prefix, const mf_str *names, uint32_t count) {
  size_t n = prefix.n + count, at = 0;
  for (uint32_t i = 0; i < count; i++) n += names[i].n;
  qualified q = {mf_arena_get(arena, n), MF_NEW_ARRAY(arena, uint32_t, count)};
  if (q.text == NULL || q.ends == NULL) return (qualified){NULL, NULL};
  if (prefix.n) memcpy(q.text, prefix.p, prefix.n);
  at = prefix.n;
  for (uint32_t i = 0; i < count; i++) {
    if (at > 0) q.text[at++] = '.';
    memcpy(q.text + at, names[i].p, names[i].n);
    at += names[i].n;
    q.ends[i] = (uint32_t)at;
  }
  return q;
}

/* In one namespace the longest prefix of the chain that is a name wins. */
static mf_ref look_in(mf_unit *u, mf_str prefix, const mf_str *names, uint32_t count) {
  mf_ref ref = {.kind = MF_REF_SLOT};
  bool single = prefix.n == 0 && !u->has_dots;
  qualified q = {NULL, NULL};
  if (!single) q = qualify(&u->arena, prefix, names, count);
  for (uint32_t used = single ? 1 : q.text ? count : 0; used > 0; used--) {
    mf_str name = single ? names[0] : (mf_str){q.text, q.ends[used - 1]};
    ref.slot = mf_names_get(&u->slots, name);
    ref.used = used;
    if (ref.slot != MF_NAMES_NONE) return ref;
  }
  return (mf_ref){.kind = MF_REF_UNKNOWN};
}

/* ---- names of types ---- */

/* How many names of the chain make up the text; 0 if they do not. */
static uint32_t names_in(mf_str text, const mf_str *names, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (!mf_str_starts(text, names[i])) return 0;
    text = (mf_str){text.p + names[i].n, text.n - names[i].n};
    if (text.n == 0) return i + 1;
    if (text.p[0] != '.') return 0;
    text = (mf_str){text.p + 1, text.n - 1};
  }
  return 0;
}

/* text without "in." before it; n 0 when it is in another namespace. */
static mf_str within(mf_str in, mf_str text) {
  if (in.n == 0) return text;
  bool is_in = text.n > in.n && text.p[in.n] == '.' && mf_str_starts(text, in);
  return is_in ? (mf_str){text.p + in.n + 1, text.n - in.n - 1} : (mf_str){NULL, 0};
}

bool mf_expr_type_named(mf_str in, const mf_str *names, uint32_t count, mf_ref *ref) {
  static const char *const others[] = {"net.IP", "net.CIDR"};
  enum { OTHERS = sizeof others / sizeof others[0] };
  for (uint8_t i = MF_NULL; i < MF_ERROR + OTHERS; i++) {
    const char *name = i < MF_ERROR ? mf_kind_name(i) : others[i - MF_ERROR];
    mf_str rest = within(in, mf_str_of(name));
    uint32_t used = rest.n ? names_in(rest, names, count) : 0;
    if (used == 0) continue;
    mf_value value = {.kind = MF_TYPE, .len = (uint32_t)strlen(name), .as.s = name};
    *ref = (mf_ref){.kind = MF_REF_CONSTANT, .used = used, .value = value};
    return true;
  }
  return false;
}

/* ---- unknown names ---- */

static mf_ref unknown(mf_unit *u, mf_str name, mf_span span, uint32_t count) {
  if (u->options->unchecked)
    return (mf_ref){.kind = MF_REF_ERROR, .used = count, .value = mf_string(name)};
  mf_near near;
  mf_near_init(&near, name);
  for (uint32_t i = 0; i < u->slots.count; i++) mf_near_offer(&near, u->slots.entries[i].name);
  mf_str best = mf_near_best(&near);
  const char *hint = NULL;
  if (best.n) hint = mf_arena_printf(&u->arena, "did you mean '%.*s'?", (int)best.n, best.p);
  mf_diag_add_hint(&u->diags, MF_E_UNKNOWN_NAME, span, hint, (int)name.n, name.p);
  return (mf_ref){.kind = MF_REF_UNKNOWN, .used = count};
}

static mf_ref look_up(mf_unit *u, mf_str container, const mf_str *names, const mf_span *spans,
                      uint32_t count) {
  uint32_t plain = plain_names(names, spans, count);
  mf_ref ref;
  for (mf_str in = container;; in = mf_namespace_around(in)) {
    ref = look_in(u, in, names, plain);
    if (ref.kind != MF_REF_UNKNOWN) return ref;
    if (mf_expr_type_named(in, names, plain, &ref)) return ref;
    if (in.n == 0) break;
  }
  return unknown(u, names[0], spans[0], count);
}

static mf_ref resolve(void *ctx, const mf_str *names, const mf_span *spans, uint32_t count) {
  mf_unit *u = ctx;
  return look_up(u, u->container, names, spans, count);
}

static mf_ref resolve_root(void *ctx, const mf_str *names, const mf_span *spans, uint32_t count) {
  return look_up(ctx, (mf_str){NULL, 0}, names, spans, count);
}

static const mf_type *type_of(void *ctx, const mf_ref *ref) {
  const mf_unit *u = ctx;
  return ref->kind == MF_REF_SLOT && u->types ? u->types[ref->slot] : NULL;
}

void mf_unit_declare(mf_unit *u) {
  for (size_t i = 0; i < u->options->count; i++) declare(u, &u->options->schema[i]);
  u->container = mf_str_of(u->options->container);
  u->env = (mf_names_env){
      .resolve = resolve, .ctx = u, .resolve_root = resolve_root, .type_of = type_of};
}
