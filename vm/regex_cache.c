/* SPDX-License-Identifier: MIT */
#include "regex_cache.h"

#include "../base/limits.h"

void mf_regex_cache_init(mf_regex_cache *cache, const mf_alloc *alloc, const mf_regex *engine) {
  *cache = (mf_regex_cache){.engine = engine, .alloc = *alloc};
}

static void forget(mf_regex_cache *cache, mf_regex_entry *e) {
  if (e->pattern == NULL) return;
  cache->engine->free(e->compiled);
  mf_realloc(&cache->alloc, e->pattern, e->n + 1, 0);
  *e = (mf_regex_entry){.pattern = NULL};
}

void mf_regex_cache_fini(mf_regex_cache *cache) {
  for (unsigned i = 0; cache->entries && i < MF_REGEX_CACHE; i++) forget(cache, &cache->entries[i]);
  mf_realloc(&cache->alloc, cache->entries, sizeof *cache->entries * MF_REGEX_CACHE, 0);
  cache->entries = NULL;
}

static bool make_entries(mf_regex_cache *cache) {
  if (cache->entries) return true;
  size_t size = sizeof *cache->entries * MF_REGEX_CACHE;
  cache->entries = mf_realloc(&cache->alloc, NULL, 0, size);
  if (cache->entries) memset(cache->entries, 0, size);
  return cache->entries != NULL;
}

/* The entry of a pattern; else the one it is to replace: a free one near its
 * place, or the one at its place. */
static mf_regex_entry *look_up(mf_regex_cache *cache, mf_str pattern, uint64_t hash) {
  enum { PROBES = 4 };
  mf_regex_entry *place = &cache->entries[hash % MF_REGEX_CACHE];
  for (unsigned i = 0; i < PROBES; i++) {
    mf_regex_entry *e = &cache->entries[(hash + i) % MF_REGEX_CACHE];
    if (e->pattern && e->hash == hash && mf_str_eq((mf_str){e->pattern, e->n}, pattern)) return e;
    if (e->pattern == NULL && place->pattern) place = e;
  }
  return place;
}

static mf_value bad_pattern(mf_call *call, mf_status status, const char *message) {
  if (status != MF_EXPRESSION_INVALID) return mf_call_end(call, status);
  return mf_call_error(call, MF_EVAL_BAD_FORMAT, "a regular expression is malformed%s%s",
                       *message ? ": " : "", message);
}

/* Compiles in the place of e, which stays as it is when that fails.  Messages
 * quote the pattern: not when it is a secret. */
static mf_value compile(mf_call *call, mf_regex_entry *e, const mf_value *v, uint64_t hash) {
  mf_str pattern = mf_value_str(*v);
  mf_regex_cache *cache = call->regexes;
  char message[128] = "";
  mf_regex_entry made = {.n = pattern.n, .hash = hash};
  mf_status status = cache->engine->compile(pattern, (size_t)MF_LIMIT_REGEX_MEMORY, &made.compiled,
                                            &made.size, &made.groups, message, sizeof message);
  if (status != MF_OK) return bad_pattern(call, status, v->flags & MF_TAINTED ? "" : message);
  made.pattern = mf_realloc(&cache->alloc, NULL, 0, pattern.n + 1);
  if (made.pattern == NULL) {
    cache->engine->free(made.compiled);
    return mf_call_end(call, MF_OUT_OF_MEMORY);
  }
  if (pattern.n) memcpy(made.pattern, pattern.p, pattern.n);
  forget(cache, e);
  *e = made;
  return mf_null();
}

const mf_regex_entry *mf_regex_get(mf_call *call, const mf_value *v, mf_value *error) {
  mf_str pattern = mf_value_str(*v);
  mf_regex_cache *cache = call->regexes;
  *error = mf_error(MF_EVAL_BAD_ARGUMENT, MF_STR("there is no engine for regular expressions"));
  if (cache == NULL) *error = mf_call_end(call, MF_UNSUPPORTED);
  if (cache == NULL || cache->engine == NULL) return NULL;
  if (pattern.n > MF_LIMIT_REGEX_BYTES)
    *error = mf_call_end(call, MF_REGEX_TOO_LARGE);
  else if (!make_entries(cache))
    *error = mf_call_end(call, MF_OUT_OF_MEMORY);
  if (call->status != MF_OK || !mf_charge(call, pattern.n)) return NULL;
  uint64_t hash = mf_str_hash(pattern);
  mf_regex_entry *e = look_up(cache, pattern, hash);
  bool known = e->pattern && e->hash == hash && mf_str_eq((mf_str){e->pattern, e->n}, pattern);
  if (!known) {
    *error = compile(call, e, v, hash);
    if (error->kind == MF_ERROR || call->status != MF_OK) return NULL;
  }
  enum { COMPILING = 8 }; /* compiling takes about a microsecond for each instruction */
  return mf_charge(call, (uint64_t)e->size * COMPILING) ? e : NULL;
}
