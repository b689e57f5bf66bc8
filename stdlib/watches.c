/* SPDX-License-Identifier: MIT */
#include "watches.h"

struct mf_watches {
  mf_alloc alloc;
};

mf_status mf_watches_new(const mf_alloc *alloc, mf_armed *armed, const mf_load_script *script,
                         mf_watches *run,
                         void (*tripped)(void *ctx, uint32_t watch, const mf_value *values),
                         void *ctx, mf_watches **out) {
  (void)armed, (void)script, (void)run, (void)tripped, (void)ctx;
  *out = mf_realloc(alloc, NULL, 0, sizeof **out);
  if (!*out) return MF_OUT_OF_MEMORY;
  (*out)->alloc = *alloc;
  return MF_OK;
}

void mf_watches_free(mf_watches *w) {
  if (!w) return;
  mf_alloc alloc = w->alloc;
  mf_realloc(&alloc, w, sizeof *w, 0);
}

uint32_t mf_watches_reads(const mf_watches *w, uint32_t request) {
  (void)w, (void)request;
  return 0;
}

void mf_watches_begin(mf_watches *w, int64_t now_ns) { (void)w, (void)now_ns; }

mf_status mf_watches_sample(mf_watches *w, mf_sample *sample) {
  (void)w;
  sample->failed = sample->result->error != MF_HTTP_NONE || sample->result->status >= 400;
  return MF_OK;
}

mf_status mf_watches_tick(mf_watches *w, int64_t now_ns, const int64_t *ages, size_t count) {
  (void)w, (void)now_ns, (void)ages, (void)count;
  return MF_OK;
}

mf_value mf_watches_results(mf_watches *w, int64_t now_ns, mf_arena *arena) {
  (void)w, (void)now_ns;
  return mf_list_of(arena, NULL, 0);
}
