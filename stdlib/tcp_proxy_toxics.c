/* SPDX-License-Identifier: MIT */
#include "tcp_proxy_parts.h"

#include "../base/hash.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

/* ---- The tables ---- */

typedef struct row {
  mf_toxic_kind kind;
  mf_toxic_attribute attribute;
} row;
#define WHOLE true
#define NUMBER false
static const row rows[] = {
#define MF_TOXIC_ATTRIBUTE(id, name, kind, least, most, otherwise, doc) \
  {MF_TOXIC_##id, {name, kind, least, most, otherwise}},
#include "toxics.def"
};
#undef WHOLE
#undef NUMBER
enum { ROWS = sizeof rows / sizeof *rows };

static const char *const names[] = {
#define MF_TOXIC(id, name, doc) name,
#include "toxics.def"
};

uint32_t mf_toxic_attributes(mf_toxic_kind kind, const mf_toxic_attribute **out) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < ROWS && n < MF_TOXIC_ATTRIBUTES; i++)
    if (rows[i].kind == kind) out[n++] = &rows[i].attribute;
  return n;
}

const char *mf_toxic_type_name(mf_toxic_kind kind) { return names[kind]; }

mf_toxic_kind mf_toxic_kind_find(mf_str name) {
  for (uint32_t i = 0; i < MF_TOXIC_KINDS; i++)
    if (mf_str_is(name, names[i])) return (mf_toxic_kind)i;
  return MF_TOXIC_KINDS;
}

/* ---- Checks ---- */

static mf_tcp_problem check_value(const mf_toxic_attribute *a, double value, bool lenient,
                                  mf_tcp_error *error) {
  if (!isfinite(value) || (a->whole && value != floor(value)))
    return mf_tcp_fail_with(error, MF_TCP_BAD_ATTRIBUTE, "attribute '%s' must be a %s", a->name,
                            a->whole ? "whole number" : "number");
  if (lenient || (value >= a->least && value <= a->most)) return MF_TCP_NONE;
  return mf_tcp_fail_with(error, MF_TCP_BAD_ATTRIBUTE,
                          "attribute '%s' must be between %.15g and %.15g", a->name, a->least,
                          a->most);
}

static mf_tcp_problem set_value(mf_toxic_info *info, const mf_toxic_value *value, bool lenient,
                                mf_tcp_error *error) {
  const mf_toxic_attribute *attributes[MF_TOXIC_ATTRIBUTES];
  uint32_t n = mf_toxic_attributes(info->kind, attributes);
  for (uint32_t i = 0; i < n; i++) {
    if (!mf_str_is(value->name, attributes[i]->name)) continue;
    info->values[i] = value->value;
    return check_value(attributes[i], value->value, lenient, error);
  }
  if (lenient) return MF_TCP_NONE;
  return mf_tcp_fail_with(error, MF_TCP_BAD_ATTRIBUTE, "a %s toxic has no attribute '%.*s'",
                          names[info->kind], (int)(value->name.n < 64 ? value->name.n : 64),
                          value->name.p);
}

static mf_tcp_problem set_values(mf_toxic_info *info, const mf_toxic_spec *spec, bool lenient,
                                 mf_tcp_error *error) {
  if (spec->has_toxicity) {
    info->toxicity = spec->toxicity;
    if (!lenient && !(spec->toxicity >= 0 && spec->toxicity <= 1))
      return mf_tcp_fail(error, MF_TCP_BAD_TOXICITY);
  }
  for (uint32_t i = 0; i < spec->n_values; i++) {
    mf_tcp_problem problem = set_value(info, &spec->values[i], lenient, error);
    if (problem != MF_TCP_NONE) return problem;
  }
  return MF_TCP_NONE;
}

static bool is_word(mf_str text, const char *word) {
  return text.n == strlen(word) && strncasecmp(text.p, word, text.n) == 0;
}

static mf_tcp_problem set_names(mf_toxic *toxic, const mf_toxic_spec *spec, mf_tcp_error *error) {
  mf_toxic_info *info = &toxic->info;
  mf_str stream = spec->stream.n ? spec->stream : MF_STR("downstream");
  if (is_word(stream, "upstream"))
    info->stream = MF_UPSTREAM;
  else if (is_word(stream, "downstream"))
    info->stream = MF_DOWNSTREAM;
  else
    return mf_tcp_fail(error, MF_TCP_BAD_STREAM);
  memcpy(toxic->stream, stream.p, stream.n);
  info->kind = mf_toxic_kind_find(spec->type);
  if (info->kind == MF_TOXIC_KINDS) return mf_tcp_fail(error, MF_TCP_BAD_TYPE);
  if (spec->name.n >= sizeof toxic->name)
    return mf_tcp_fail_with(error, MF_TCP_MISSING_NAME, "a name has at most %u bytes",
                            (unsigned)sizeof toxic->name - 1);
  if (spec->name.n)
    memcpy(toxic->name, spec->name.p, spec->name.n);
  else
    snprintf(toxic->name, sizeof toxic->name, "%s_%s", names[info->kind], toxic->stream);
  info->name = toxic->name;
  info->stream_text = toxic->stream;
  return MF_TCP_NONE;
}

/* ---- Finding ---- */

static mf_toxic **place_of(mf_tcp_proxy *proxy, mf_str name) {
  for (int i = 0; i < 2; i++)
    for (mf_toxic **at = &proxy->toxics[i]; *at; at = &(*at)->next)
      if (mf_str_is(name, (*at)->name)) return at;
  return NULL;
}

uint32_t mf_tcp_proxy_toxic_count(const mf_tcp_proxy *proxy) {
  uint32_t n = 0;
  for (int i = 0; i < 2; i++)
    for (const mf_toxic *t = proxy->toxics[i]; t; t = t->next) n++;
  return n;
}

mf_toxic_info mf_tcp_proxy_toxic_at(const mf_tcp_proxy *proxy, uint32_t i) {
  const mf_toxic *t = proxy->toxics[MF_UPSTREAM];
  bool second = false;
  for (;; t = t->next) {
    if (!t && !second) {
      second = true;
      t = proxy->toxics[MF_DOWNSTREAM];
    }
    if (i-- == 0) return t->info;
  }
}

bool mf_tcp_proxy_toxic_find(const mf_tcp_proxy *proxy, mf_str name, mf_toxic_info *out) {
  for (int i = 0; i < 2; i++)
    for (const mf_toxic *t = proxy->toxics[i]; t; t = t->next)
      if (mf_str_is(name, t->name)) {
        *out = t->info;
        return true;
      }
  return false;
}

/* ---- Dice ---- */

/* A function of seed, proxy, toxic and connection: whenever it is asked, it is the same. */
static uint64_t die_of(const mf_tcp_link *link, const mf_toxic *toxic) {
  const char *proxy = link->proxy->name;
  char key[2 * MF_TCP_NAME + 24];
  size_t n = strlen(proxy) + 1, m = strlen(toxic->name) + 1;
  memcpy(key, proxy, n);
  memcpy(key + n, toxic->name, m);
  n += m;
  n += mf_format_uint(link->number, key + n);
  return mf_hash64(key, n, link->proxy->all->options.seed);
}

static bool is_hit(const mf_tcp_link *link, const mf_toxic *toxic) {
  return (double)(die_of(link, toxic) >> 11) * 0x1p-53 < toxic->info.toxicity;
}

/* ---- Stages of open connections ---- */

static mf_flow *flow_of(mf_tcp_link *link, const mf_toxic *toxic) {
  return &link->flows[toxic->info.stream];
}

/* Where the toxic's stage is in its flow, or belongs. */
static mf_stage **stage_place(mf_tcp_link *link, const mf_toxic *toxic) {
  mf_stage **at = &flow_of(link, toxic)->stages;
  for (const mf_toxic *t = link->proxy->toxics[toxic->info.stream]; t && t != toxic; t = t->next)
    if (*at && (*at)->toxic == t) at = &(*at)->next;
  return at;
}

static mf_stage *stage_new(const mf_alloc *alloc) {
  mf_stage *stage = mf_realloc(alloc, NULL, 0, sizeof *stage);
  if (stage) memset(stage, 0, sizeof *stage);
  return stage;
}

static void stages_free(const mf_alloc *alloc, mf_stage *stages) {
  while (stages) {
    mf_stage *stage = stages;
    stages = stage->next;
    mf_realloc(alloc, stage, sizeof *stage, 0);
  }
}

static void install(mf_tcp_link *link, mf_toxic *toxic, mf_stage *stage) {
  mf_stage **at = stage_place(link, toxic);
  *stage = (mf_stage){.next = *at,
                      .toxic = toxic,
                      .dice = die_of(link, toxic),
                      .due = MF_NEVER,
                      .clock = mf_loop_now(link->proxy->all->loop)};
  *at = stage;
  toxic->info.connections++;
  mf_tcp_link_emit(link, (mf_tcp_event){.kind = MF_TCP_TOXIC_BEGAN, .toxic = toxic->name});
}

/* Lets a change act.  The link may be gone behind it. */
static void stir(mf_tcp_link *link, const mf_toxic *toxic) {
  mf_flow *flow = flow_of(link, toxic);
  mf_stage **at = stage_place(link, toxic);
  if (toxic->info.kind == MF_TOXIC_DOWN && *at && (*at)->toxic == toxic)
    mf_stage_run(flow, *at, 0);
  else if (link->connected && !mf_flow_wake(flow))
    mf_tcp_link_close(link, true, MF_TCP_NO_MEMORY, NULL);
}

static bool is_over(mf_tcp_link *link, const mf_toxic *toxic) {
  const mf_flow *flow = flow_of(link, toxic);
  return flow->done || flow->dead;
}

static bool lacks_stage(mf_tcp_link *link, const mf_toxic *toxic) {
  mf_stage *stage = *stage_place(link, toxic);
  return !is_over(link, toxic) && is_hit(link, toxic) && !(stage && stage->toxic == toxic);
}

/* As many stages as open connections lack: memory first, so that a change happens to
 * all of them or to none. */
static bool prepare(mf_tcp_proxy *proxy, const mf_toxic *toxic, mf_stage **out) {
  *out = NULL;
  for (mf_tcp_link *link = proxy->links; link; link = link->next) {
    if (!lacks_stage(link, toxic)) continue;
    mf_stage *stage = stage_new(&proxy->all->alloc);
    if (!stage) {
      stages_free(&proxy->all->alloc, *out);
      return false;
    }
    stage->next = *out;
    *out = stage;
  }
  return true;
}

static void let_go(mf_tcp_link *link, mf_stage **at, const mf_toxic *toxic) {
  mf_flow_remove(flow_of(link, toxic), at);
  if (!mf_tcp_link_gone(link)) stir(link, toxic);
}

static void apply(mf_tcp_proxy *proxy, mf_toxic *toxic, mf_stage *stages) {
  for (mf_tcp_link *link = proxy->links, *next; link; link = next) {
    next = link->next;
    mf_stage **at = stage_place(link, toxic);
    if (lacks_stage(link, toxic)) {
      mf_stage *stage = stages;
      stages = stage->next;
      install(link, toxic, stage);
    } else if (*at && (*at)->toxic == toxic && !is_hit(link, toxic)) {
      let_go(link, at, toxic);
      continue;
    }
    stir(link, toxic);
  }
}

bool mf_toxics_attach(mf_tcp_link *link) {
  for (int i = 0; i < 2; i++)
    for (mf_toxic *toxic = link->proxy->toxics[i]; toxic; toxic = toxic->next) {
      if (!is_hit(link, toxic)) continue;
      mf_stage *stage = stage_new(&link->proxy->all->alloc);
      if (!stage) return false;
      install(link, toxic, stage);
    }
  return true;
}

/* ---- Changes ---- */

static mf_tcp_problem check_new(mf_tcp_proxy *proxy, const mf_toxic_spec *spec, mf_toxic *toxic,
                                mf_tcp_error *error) {
  const mf_toxic_attribute *attributes[MF_TOXIC_ATTRIBUTES];
  memset(toxic, 0, sizeof *toxic);
  mf_tcp_problem problem = set_names(toxic, spec, error);
  if (problem != MF_TCP_NONE) return problem;
  uint32_t n = mf_toxic_attributes(toxic->info.kind, attributes);
  for (uint32_t i = 0; i < n; i++) toxic->info.values[i] = attributes[i]->otherwise;
  toxic->info.toxicity = 1;
  problem = set_values(&toxic->info, spec, proxy->all->options.lenient, error);
  if (problem != MF_TCP_NONE) return problem;
  return place_of(proxy, mf_str_of(toxic->name)) ? mf_tcp_fail(error, MF_TCP_TOXIC_EXISTS)
                                                 : MF_TCP_NONE;
}

mf_tcp_problem mf_tcp_proxy_add_toxic(mf_tcp_proxy *proxy, const mf_toxic_spec *spec,
                                      mf_toxic_info *out, mf_tcp_error *error) {
  const mf_alloc *alloc = &proxy->all->alloc;
  mf_stage *stages;
  mf_toxic *toxic = mf_realloc(alloc, NULL, 0, sizeof *toxic);
  if (!toxic) return mf_tcp_fail(error, MF_TCP_OUT_OF_MEMORY);
  mf_tcp_problem problem = check_new(proxy, spec, toxic, error);
  if (problem == MF_TCP_NONE && !prepare(proxy, toxic, &stages))
    problem = mf_tcp_fail(error, MF_TCP_OUT_OF_MEMORY);
  if (problem != MF_TCP_NONE) {
    mf_realloc(alloc, toxic, sizeof *toxic, 0);
    return problem;
  }
  mf_toxic **at = &proxy->toxics[toxic->info.stream];
  while (*at) at = &(*at)->next;
  *at = toxic;
  apply(proxy, toxic, stages);
  if (out) *out = toxic->info;
  return mf_tcp_fail(error, MF_TCP_NONE);
}

mf_tcp_problem mf_tcp_proxy_change_toxic(mf_tcp_proxy *proxy, mf_str name,
                                         const mf_toxic_spec *spec, mf_toxic_info *out,
                                         mf_tcp_error *error) {
  mf_toxic **at = place_of(proxy, name);
  mf_stage *stages;
  if (!at) return mf_tcp_fail(error, MF_TCP_TOXIC_NOT_FOUND);
  mf_toxic_info before = (*at)->info;
  mf_tcp_problem problem = set_values(&(*at)->info, spec, proxy->all->options.lenient, error);
  if (problem == MF_TCP_NONE && !prepare(proxy, *at, &stages))
    problem = mf_tcp_fail(error, MF_TCP_OUT_OF_MEMORY);
  if (problem != MF_TCP_NONE) {
    (*at)->info = before;
    return problem;
  }
  apply(proxy, *at, stages);
  if (out) *out = (*at)->info;
  return mf_tcp_fail(error, MF_TCP_NONE);
}

static void remove_toxic(mf_tcp_proxy *proxy, mf_toxic **at) {
  mf_toxic *toxic = *at;
  for (mf_tcp_link *link = proxy->links, *next; link; link = next) {
    next = link->next;
    mf_stage **place = stage_place(link, toxic);
    if (*place && (*place)->toxic == toxic) let_go(link, place, toxic);
    if (link->cut_by == toxic) link->cut_by = NULL;
  }
  *at = toxic->next;
  mf_realloc(&proxy->all->alloc, toxic, sizeof *toxic, 0);
}

mf_tcp_problem mf_tcp_proxy_remove_toxic(mf_tcp_proxy *proxy, mf_str name, mf_tcp_error *error) {
  mf_toxic **at = place_of(proxy, name);
  if (!at) return mf_tcp_fail(error, MF_TCP_TOXIC_NOT_FOUND);
  remove_toxic(proxy, at);
  return mf_tcp_fail(error, MF_TCP_NONE);
}

void mf_tcp_proxy_clear_toxics(mf_tcp_proxy *proxy) {
  for (int i = 0; i < 2; i++)
    while (proxy->toxics[i]) remove_toxic(proxy, &proxy->toxics[i]);
}
