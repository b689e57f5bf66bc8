/* SPDX-License-Identifier: MIT */
/* Families and series, and how their number is bounded. */
#include "exposition.h"

#include "../base/limits.h"

#define MAX_LABELS 32u

#define MF_FAMILY(...)
#define MF_BUCKETS(NAME, ...) static const double bounds_##NAME[] = {__VA_ARGS__};
#include "exposition.def"
#undef MF_BUCKETS
#undef MF_FAMILY

static const struct {
  const double *bounds;
  uint32_t count;
} bounds_of[] = {
#define MF_FAMILY(...)
#define MF_BUCKETS(NAME, ...) {bounds_##NAME, sizeof bounds_##NAME / sizeof *bounds_##NAME},
#include "exposition.def"
#undef MF_BUCKETS
#undef MF_FAMILY
    {NULL, 0},
};

enum {
#define MF_FAMILY(...)
#define MF_BUCKETS(NAME, ...) BUCKETS_##NAME,
#include "exposition.def"
#undef MF_BUCKETS
#undef MF_FAMILY
  BUCKETS_NONE
};

static const struct {
  const char *name, *free_labels, *other_labels, *unit, *help;
  mf_family_kind kind;
  uint32_t buckets;
} table[] = {
#define MF_BUCKETS(...)
#define MF_FAMILY(NAME, name, kind, free_labels, other_labels, buckets, unit, help) \
  {name, free_labels, other_labels, unit, help, MF_FAMILY_##kind, BUCKETS_##buckets},
#include "exposition.def"
#undef MF_FAMILY
#undef MF_BUCKETS
};

/* ---- Families ---- */

static void link_family(mf_exposition *e, mf_family *family) {
  family->number = e->family_count++;
  family->end = &family->first;
  *e->end = family;
  e->end = &family->next;
}

void mf_exposition_init(mf_exposition *e, const mf_alloc *alloc, mf_redactor *redactor) {
  *e = (mf_exposition){.redactor = redactor, .end = &e->first};
  mf_arena_init(&e->arena, alloc, 0);
  mf_names_init(&e->series, &e->arena);
  mf_buf_init(&e->key, alloc, 0);
  for (int i = 0; i < MF_FAMILIES; i++) {
    e->families[i] = (mf_family){.name = table[i].name,
                                 .free_labels = table[i].free_labels,
                                 .other_labels = table[i].other_labels,
                                 .unit = table[i].unit,
                                 .help = table[i].help,
                                 .kind = table[i].kind,
                                 .bounds = bounds_of[table[i].buckets].bounds,
                                 .bound_count = bounds_of[table[i].buckets].count};
    link_family(e, &e->families[i]);
  }
}

void mf_exposition_fini(mf_exposition *e) {
  mf_buf_fini(&e->key);
  mf_arena_fini(&e->arena);
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static void replace_others(char *name, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!is_letter(name[i]) && !(name[i] >= '0' && name[i] <= '9')) name[i] = '_';
}

/* `le` and `quantile` are the formats' own. */
mf_str mf_exposition_label(mf_exposition *e, mf_str name) {
  const bool taken = mf_str_is(name, "le") || mf_str_is(name, "quantile");
  const bool plain = name.n > 0 && is_letter(name.p[0]) && !taken;
  char *text = mf_arena_printf(&e->arena, "%s%.*s", plain ? "" : "label_", (int)name.n, name.p);
  if (!text) return (mf_str){NULL, 0};
  replace_others(text, strlen(text));
  return mf_str_of(text);
}

/* A summary has samples NAME_sum and NAME_count. */
static bool is_part(const char *name, const char *of, mf_family_kind kind) {
  const size_t n = strlen(of);
  if (strncmp(name, of, n) != 0) return false;
  if (name[n] == 0) return true;
  return kind == MF_FAMILY_SUMMARY &&
         (strcmp(name + n, "_sum") == 0 || strcmp(name + n, "_count") == 0);
}

static bool is_taken(const mf_exposition *e, const char *name, mf_family_kind kind) {
  for (const mf_family *f = e->first; f; f = f->next)
    if (is_part(name, f->name, f->kind) || is_part(f->name, name, kind)) return true;
  return false;
}

static const char *recorded_name(mf_exposition *e, mf_str name, const char *ending,
                                 mf_family_kind kind) {
  if (mf_str_ends(name, mf_str_of(ending))) name.n -= strlen(ending);
  char *base = mf_arena_copy(&e->arena, name.p, name.n);
  if (!base) return NULL;
  replace_others(base, name.n);
  const char *text = mf_arena_printf(&e->arena, "mfvm_recorded_%s%s", base, ending);
  for (unsigned i = 2; text && is_taken(e, text, kind); i++)
    text = mf_arena_printf(&e->arena, "mfvm_recorded_%s_%u%s", base, i, ending);
  return text;
}

mf_family *mf_exposition_add(mf_exposition *e, mf_str name, const char *ending, mf_family_kind kind,
                             const char *help) {
  mf_family *family = MF_NEW(&e->arena, mf_family);
  const char *shown = recorded_name(e, name, ending, kind);
  if (!family || !shown) return NULL;
  *family = (mf_family){
      .name = shown, .free_labels = "", .other_labels = "", .unit = "", .help = help, .kind = kind};
  link_family(e, family);
  return family;
}

/* ---- Labels ---- */

/* Valid UTF-8 without control characters, but for line ends, which have an escape. */
static void put_value(mf_buf *out, mf_str value) {
  for (size_t at = 0; at < value.n;) {
    const size_t n = mf_utf8_length(value.p + at, value.n - at);
    const char c = value.p[at];
    if (c == '\n')
      mf_buf_puts(out, "\\n");
    else if (n == 0 || (unsigned char)c < ' ')
      mf_buf_puts(out, "\xef\xbf\xbd");
    else {
      if (c == '"' || c == '\\') mf_buf_putc(out, '\\');
      mf_buf_add(out, value.p + at, n);
    }
    at += n ? n : 1;
  }
}

/* What a secret is cut out of before anything is cut off. */
static mf_str shown_value(const mf_exposition *e, mf_str value) {
  if (e->redactor) value = mf_redact(e->redactor, value);
  if (value.n > MF_LIMIT_METRIC_LABEL_BYTES)
    value.n = mf_utf8_valid(value.p, MF_LIMIT_METRIC_LABEL_BYTES);
  return value;
}

static void put_labels(mf_exposition *e, const mf_family *family, const mf_label *labels,
                       uint32_t count, bool others) {
  mf_buf_clear(&e->key);
  mf_buf_printf(&e->key, "%u ", family->number);
  const size_t begin = e->key.n;
  for (uint32_t i = 0; i < count; i++) {
    const mf_str value = others && labels[i].is_free ? MF_STR("other") : labels[i].value;
    if (value.n == 0) continue;
    if (e->key.n > begin) mf_buf_putc(&e->key, ',');
    mf_buf_add_str(&e->key, labels[i].name);
    mf_buf_puts(&e->key, "=\"");
    put_value(&e->key, shown_value(e, value));
    mf_buf_putc(&e->key, '"');
  }
}

/* ---- Series ---- */

static bool has_room(mf_exposition *e) {
  if (e->series.count < e->list_cap) return true;
  const uint32_t cap = e->list_cap ? e->list_cap * 2 : 64;
  mf_series **list = mf_arena_grow(&e->arena, e->list, sizeof *list * e->list_cap,
                                   sizeof *list * cap);
  if (!list) return false;
  e->list = list;
  e->list_cap = cap;
  return true;
}

static mf_series *add_series(mf_exposition *e, mf_family *family) {
  const mf_str key = mf_buf_str(&e->key);
  const size_t begin = (size_t)((const char *)memchr(key.p, ' ', key.n) - key.p) + 1;
  mf_series *s = MF_NEW(&e->arena, mf_series);
  char *copy = mf_arena_copy(&e->arena, key.p, key.n);
  uint64_t *buckets = MF_NEW_ARRAY(&e->arena, uint64_t, family->bound_count + 1);
  if (!s || !copy || !buckets || !has_room(e)) return NULL;
  if (!mf_names_set(&e->series, (mf_str){copy, key.n}, e->series.count)) return NULL;
  e->list[e->series.count - 1] = s;
  s->labels = (mf_str){copy + begin, key.n - begin};
  s->buckets = buckets;
  *family->end = s;
  family->end = &s->next;
  family->count++;
  return s;
}

static mf_series *known(const mf_exposition *e) {
  const uint32_t i = mf_names_get(&e->series, mf_buf_str(&e->key));
  return i == MF_NAMES_NONE ? NULL : e->list[i];
}

mf_series *mf_exposition_find(mf_exposition *e, mf_family *family, const mf_label *labels,
                              uint32_t count) {
  put_labels(e, family, labels, count, false);
  if (e->key.failed) e->arena.oom = true;
  if (mf_arena_oom(&e->arena)) return NULL;
  mf_series *s = known(e);
  if (s || family->count < MF_LIMIT_METRIC_SERIES) return s ? s : add_series(e, family);
  put_labels(e, family, labels, count, true);
  if (e->key.failed) e->arena.oom = true;
  if (mf_arena_oom(&e->arena)) return NULL;
  s = known(e);
  return s ? s : add_series(e, family);
}

static uint32_t name_labels(const char *names, bool is_free, const mf_str *values, mf_label *labels,
                            uint32_t count) {
  while (*names) {
    const size_t n = strcspn(names, ",");
    labels[count] = (mf_label){{names, n}, values[count], is_free};
    count++;
    names += n + (names[n] == ',');
  }
  return count;
}

mf_series *mf_exposition_get(mf_exposition *e, mf_family_name name, const mf_str *values) {
  mf_label labels[MAX_LABELS];
  mf_family *family = &e->families[name];
  uint32_t count = name_labels(family->free_labels, true, values, labels, 0);
  count = name_labels(family->other_labels, false, values, labels, count);
  return mf_exposition_find(e, family, labels, count);
}

void mf_exposition_count(mf_exposition *e, mf_family_name name, const mf_str *values, double n) {
  mf_series *s = mf_exposition_get(e, name, values);
  if (s) s->value += n;
}

void mf_series_observe(const mf_family *family, mf_series *series, double value) {
  series->value += value;
  series->count++;
  for (uint32_t i = 0; i < family->bound_count; i++)
    if (value <= family->bounds[i]) {
      series->buckets[i]++;
      return;
    }
}
