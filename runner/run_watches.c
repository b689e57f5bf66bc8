/* SPDX-License-Identifier: MIT */
/* Watches of the run, and what any watch asks for: the end. */
#include "host.h"

/* ---- Trips ---- */

/* May come while the machine runs (an action recorded a metric): it is told later. */
static void on_trip(void *ctx, uint32_t watch, const mf_value *values) {
  mf_host *h = ctx;
  const mf_row_watch *row = &MF_ROWS(h->image, WATCH, watch)[watch];
  const mf_str name = mf_image_string(h->image, row->name);
  const mf_stamp stamp = mf_host_now(h);
  if (h->over || h->told_verdict) return;
  mf_record_trip(h, stamp, watch, values);
  mf_progress_say(&h->progress, stamp.monotonic_ns, "%s '%.*s' ends the run",
                  mf_enum_word(MF_OPERAND_WATCH_KIND, row->kind), (int)name.n, name.p);
  if (row->kind == MF_WATCH_KIND_THRESHOLD)
    h->crossed_wanted = true;
  else
    h->abort_wanted = true;
  h->woken = true;
}

void mf_host_raise_trips(mf_host *h) {
  if (h->abort_wanted) mf_vm_signal(h->vm, MF_SIGNAL_ABORT);
  if (h->crossed_wanted) mf_vm_signal(h->vm, MF_SIGNAL_CROSSED);
  h->abort_wanted = h->crossed_wanted = false;
}

/* ---- Watches of the run ---- */

mf_status mf_host_watch(mf_host *h) {
  const mf_load_script script = {
      .image = h->image, .vm = h->vm, .scenario = MF_ABSENT, .time_scale = h->time_scale};
  h->load_env.tripped = on_trip;
  h->load_env.tripped_ctx = h;
  if (!mf_watches_of_run(h->image)) return MF_OK;
  mf_status status = mf_armed_init(&h->armed, &h->alloc, &script, h->env.regex, h->options->seed);
  if (status == MF_OK)
    status = mf_watches_new(&h->alloc, &h->armed, &script, NULL, on_trip, h, &h->watches);
  if (status != MF_OK) return status;
  mf_watches_begin(h->watches, h->start_ns);
  h->load_env.run_watches = h->watches;
  return MF_OK;
}

void mf_host_unwatch(mf_host *h) {
  mf_watches_free(h->watches);
  if (h->armed.image) mf_armed_fini(&h->armed);
  h->watches = NULL;
  h->armed.image = NULL;
}

mf_status mf_host_refresh_watches(mf_host *h) {
  return h->watches ? mf_armed_refresh(&h->armed, h->vm) : MF_OK;
}

static double number_of(const mf_value *v) {
  switch (v->kind) {
    case MF_INT: return (double)v->as.i;
    case MF_UINT: return (double)v->as.u;
    default: return v->as.d;
  }
}

void mf_host_watch_metric(mf_host *h, const mf_notice *n) {
  if (h->watches == NULL) return;
  mf_status status = mf_watches_record(h->watches, mf_clock_monotonic(), n->index,
                                       number_of(&n->actual), &n->expected);
  if (status != MF_OK && h->facts.budget == MF_OK) h->facts.budget = status;
}

mf_value mf_host_thresholds(mf_host *h, mf_arena *arena) {
  const mf_value none = {.kind = MF_UNSET};
  mf_map_builder b;
  mf_map_build(&b, arena);
  mf_map_add(&b, "ok", mf_bool(true));
  if (h->watches == NULL) return mf_map_done(&b);
  if (mf_host_refresh_watches(h) != MF_OK) return none;
  const mf_value results = mf_watches_results(h->watches, mf_clock_monotonic(), arena);
  mf_map_add(&b, "watches", results);
  return results.kind == MF_UNSET ? none : mf_map_done(&b);
}
