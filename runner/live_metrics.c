/* SPDX-License-Identifier: MIT */
/* What loads have measured while they run: into the journal, then to the machine. */
#include "host.h"

/* Whether the document asks what any of these is for the whole run. */
static bool run_is_read(const mf_image *image, const mf_value *metrics) {
  const mf_row_slot *slots = MF_ROWS(image, SLOT, slot);
  const mf_row_metric *rows = MF_ROWS(image, METRIC, metric);
  for (uint32_t i = 0; i < MF_ROW_COUNT(image, SLOT); i++)
    if (slots[i].kind == MF_SLOT_KIND_METRIC_RUN &&
        mf_map_get(metrics, mf_image_string(image, rows[slots[i].arg].name)))
      return true;
  return false;
}

/* Those that ended, then those under way, in the order in which they began: time that
 * they share counts once. */
static mf_value run_metrics(const mf_host *h, mf_arena *arena) {
  mf_load_stats *all = MF_NEW(arena, mf_load_stats);
  const mf_flight *f = h->flights;
  if (all == NULL) return (mf_value){.kind = MF_UNSET};
  *all = *h->stats;
  while (f && f->next) f = f->next;
  for (; f; f = f->previous)
    if (f->live) mf_load_stats_merge(all, f->live);
  return mf_load_stats_metrics(all, arena);
}

/* How much of a load's last second must be over, for rates to mean something. */
#define LEAST_LAST 0.5

/* Since the view before. */
static mf_value recent_of(const mf_load_view *load, mf_arena *arena) {
  static const struct {
    const char *key;
    double q;
  } quantiles[] = {{"latency_p50", 0.5}, {"latency_p95", 0.95}, {"latency_p99", 0.99}};
  const mf_load_stats *recent = load->recent;
  mf_map_builder b;
  mf_map_build(&b, arena);
  mf_map_add(&b, "seconds", mf_double(load->recent_seconds));
  mf_map_add(&b, "requests", mf_int((int64_t)recent->requests));
  mf_map_add(&b, "errors", mf_int((int64_t)recent->errors));
  for (size_t i = 0; recent->latency.count && i < sizeof quantiles / sizeof *quantiles; i++) {
    const int64_t ns = mf_histogram_quantile(&recent->latency, quantiles[i].q);
    mf_map_add(&b, quantiles[i].key, mf_double((double)ns / 1e6));
  }
  return mf_map_done(&b);
}

static void tell(mf_host *h, const mf_flight *f, const mf_load_view *load, mf_arena *arena) {
  const mf_value metrics = mf_load_stats_metrics(load->stats, arena);
  mf_map_builder b;
  mf_map_build(&b, arena);
  mf_map_add(&b, "metrics", metrics);
  if (run_is_read(h->image, &metrics)) mf_map_add(&b, "run_metrics", run_metrics(h, arena));
  if (load->recent && (!load->over || load->recent_seconds >= LEAST_LAST))
    mf_map_add(&b, "recent", recent_of(load, arena));
  const mf_value event = mf_map_done(&b);
  /* Without memory they go missing: the outcome has them all. */
  if (mf_arena_oom(arena) || event.kind != MF_MAP) return;
  if (mf_record_metrics(h, mf_host_now(h), &f->effect, &event) == MF_OK)
    (void)mf_vm_metrics(h->vm, f->effect.id, &event);
}

void mf_host_tell_metrics(mf_host *h, const mf_load_view *load) {
  mf_arena arena;
  mf_flight *f = h->flights;
  while (f && !(f->effect.path.p == load->path.p && mf_str_is(f->effect.driver, "http_load")))
    f = f->next;
  if (f == NULL) return;
  f->live = load->stats;
  mf_arena_init(&arena, &h->alloc, 0);
  tell(h, f, load, &arena);
  mf_arena_fini(&arena);
}
