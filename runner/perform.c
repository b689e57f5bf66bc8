/* SPDX-License-Identifier: MIT */
/* What the machine asks for, carried out and answered.
 *
 * The intent is in the kernel's hands before a driver starts, and the outcome
 * before the next thing is done in the world: it waits in the journal's buffer
 * and goes out with the next intent, or at the end of the turn. */
#include "host.h"

#include <stdio.h>

/* ---- Answers ---- */

/* {"ok": true}, or {"ok": false, "error": text}; `pairs` is the caller's. */
static mf_value brief_outcome(mf_pair pairs[2], mf_map *map, const char *error) {
  pairs[0] = (mf_pair){mf_string(MF_STR("ok")), mf_bool(error == NULL)};
  pairs[1] = (mf_pair){mf_string(MF_STR("error")), mf_string(mf_str_of(error))};
  *map = (mf_map){.count = error ? 2 : 1, .pairs = pairs};
  return (mf_value){.kind = MF_MAP, .len = map->count, .as.map = map};
}

/* Only what another process, host or file could notice is synced. */
static bool touches_world(const mf_effect *effect) {
  return !mf_str_is(effect->driver, "now") && !mf_str_is(effect->driver, "wait") &&
         !mf_str_is(effect->driver, "report") && !mf_str_is(effect->driver, "thresholds");
}

static void tell_machine(mf_host *h, const mf_effect *effect, const mf_value *outcome,
                         mf_stamp stamp) {
  mf_outcome o = {outcome, stamp.monotonic_ns, stamp.wall_ns};
  h->woken = true;
  mf_status status = mf_vm_deliver(h->vm, effect->id, &o);
  if (status == MF_NO_SUCH_EFFECT && h->facts.budget == MF_OK)
    h->facts.bug = "the machine does not know an effect that it asked for";
}

static void answer(mf_host *h, const mf_effect *effect, const mf_value *outcome) {
  mf_stamp stamp = mf_host_now(h);
  mf_pair pairs[2];
  mf_map map;
  mf_value smaller;
  if (touches_world(effect)) h->journal.wants_sync = true;
  if (mf_record_outcome(h, stamp, effect, outcome) == MF_TOO_LARGE) {
    smaller = brief_outcome(pairs, &map, "the outcome is too large for the journal");
    outcome = &smaller;
    (void)mf_record_outcome(h, stamp, effect, outcome);
  }
  if (h->options->trace_effects) mf_trace_outcome(h, effect, outcome);
  mf_progress_outcome(&h->progress, effect, outcome, stamp.monotonic_ns);
  mf_observe_outcome(h->observer, effect, outcome);
  tell_machine(h, effect, outcome, stamp);
}

static void answer_briefly(mf_host *h, const mf_effect *effect, const char *error) {
  mf_pair pairs[2];
  mf_map map;
  mf_value outcome = brief_outcome(pairs, &map, error);
  answer(h, effect, &outcome);
}

/* ---- The runner's own effects ---- */

static void perform_now(mf_host *h, const mf_effect *effect) { answer_briefly(h, effect, NULL); }

static void perform_report(mf_host *h, const mf_effect *effect) {
  mf_wanted_report wanted = {.path = mf_map_str(effect->args, "path", ""),
                             .format = mf_map_str(effect->args, "format", ""),
                             .template = mf_map_str(effect->args, "template", "")};
  answer_briefly(h, effect, mf_host_publish(h, &wanted));
}

static void perform_thresholds(mf_host *h, const mf_effect *effect) {
  mf_arena arena;
  mf_arena_init(&arena, &h->alloc, 0);
  const mf_value outcome = mf_host_thresholds(h, &arena);
  if (outcome.kind == MF_UNSET)
    answer_briefly(h, effect, mf_status_text(MF_OUT_OF_MEMORY));
  else
    answer(h, effect, &outcome);
  mf_arena_fini(&arena);
}

static const struct own {
  const char *name;
  void (*perform)(mf_host *h, const mf_effect *effect);
} own_effects[] = {
    {"now", perform_now}, {"report", perform_report}, {"thresholds", perform_thresholds}};

/* ---- Drivers ---- */

/* Where the chain of an id begins. */
static mf_flight **chain_of(const mf_host *h, uint32_t id) {
  return &h->by_id[id % h->flight_room];
}

static void add_to_chain(mf_host *h, mf_flight *f) {
  mf_flight **chain = chain_of(h, f->effect.id);
  f->beside = *chain;
  *chain = f;
}

/* Thousands of branches may be ended at once: chains stay short. */
static bool make_room(mf_host *h) {
  if (h->flight_count < h->flight_room) return true;
  const uint32_t room = h->flight_room ? 2 * h->flight_room : 16;
  mf_flight **chains = mf_realloc(&h->alloc, NULL, 0, room * sizeof(mf_flight *));
  if (!chains) return false;
  memset(chains, 0, room * sizeof(mf_flight *));
  mf_realloc(&h->alloc, h->by_id, h->flight_room * sizeof(mf_flight *), 0);
  h->by_id = chains;
  h->flight_room = room;
  for (mf_flight *f = h->flights; f; f = f->next) add_to_chain(h, f);
  return true;
}

static mf_flight *find_flight(const mf_host *h, uint32_t id) {
  mf_flight *f = h->flight_room ? *chain_of(h, id) : NULL;
  while (f && f->effect.id != id) f = f->beside;
  return f;
}

/* `arena` may hold the effect's arguments: it is the flight's from now on. */
static mf_flight *take_off(mf_host *h, const mf_effect *effect, const mf_driver *driver,
                           mf_arena *arena) {
  mf_flight *f = make_room(h) ? mf_realloc(&h->alloc, NULL, 0, sizeof *f) : NULL;
  if (!f) return NULL;
  *f = (mf_flight){
      .host = h, .next = h->flights, .effect = *effect, .driver = driver, .arena = *arena};
  mf_arena_init(arena, &h->alloc, 0);
  if (h->flights) h->flights->previous = f;
  h->flights = f;
  h->flight_count++;
  add_to_chain(h, f);
  return f;
}

static void land(mf_flight *f) {
  mf_host *h = f->host;
  mf_flight **in_chain = chain_of(h, f->effect.id);
  while (*in_chain != f) in_chain = &(*in_chain)->beside;
  *in_chain = f->beside;
  h->flight_count--;
  if (f->next) f->next->previous = f->previous;
  if (f->previous)
    f->previous->next = f->next;
  else
    h->flights = f->next;
  mf_arena_fini(&f->arena);
  mf_realloc(&h->alloc, f, sizeof *f, 0);
}

/* For mf_driver.start: may come before it returns. */
static void driver_done(void *ctx, const mf_value *outcome) {
  mf_flight *f = ctx;
  mf_host *h = f->host;
  mf_effect effect = f->effect;
  effect.args = NULL; /* they may be the flight's */
  land(f);
  answer(h, &effect, outcome);
}

/* What a load runs by. */
static mf_status arm(mf_host *h, const mf_effect *effect) {
  h->load_env.script = (mf_load_script){.image = h->image,
                                        .vm = h->vm,
                                        .scenario = effect->row,
                                        .path = effect->path,
                                        .time_scale = h->time_scale};
  return mf_host_refresh_watches(h);
}

static void perform_driver(mf_host *h, const mf_effect *effect, mf_arena *arena) {
  const mf_driver *driver = mf_driver_find(effect->driver);
  if (!driver) {
    answer_briefly(h, effect, "no driver of this name is built in");
    return;
  }
  const bool loads = mf_str_is(effect->driver, "http_load");
  mf_flight *f = loads && arm(h, effect) != MF_OK ? NULL : take_off(h, effect, driver, arena);
  if (!f) {
    answer_briefly(h, effect, mf_status_text(MF_OUT_OF_MEMORY));
    return;
  }
  mf_op *op = driver->start(loads ? &h->load_env : &h->env, f->effect.args, driver_done, f);
  if (op) f->op = op; /* NULL: done was called, and f is gone */
}

static void carry_out(mf_host *h, const mf_effect *effect, mf_arena *arena) {
  for (size_t i = 0; i < sizeof own_effects / sizeof *own_effects; i++)
    if (mf_str_is(effect->driver, own_effects[i].name)) {
      own_effects[i].perform(h, effect);
      return;
    }
  perform_driver(h, effect, arena);
}

/* The caller's --rate, --vus and --duration.  Out of memory: no arguments. */
static void override(mf_host *h, mf_effect *effect, mf_arena *arena) {
  if (!mf_load_overrides_given(&h->overrides) || !mf_str_is(effect->driver, "http_load") ||
      !effect->args || effect->args->kind != MF_MAP)
    return;
  mf_value *args = MF_NEW(arena, mf_value);
  if (args) *args = mf_load_overrides_apply(&h->overrides, effect->args, arena);
  effect->args = args && args->kind == MF_MAP ? args : NULL;
}

/* Intent, then deed. */
static void perform(mf_host *h, const mf_effect *effect, mf_arena *arena) {
  mf_stamp stamp = mf_host_now(h);
  mf_status status = mf_record_intent(h, stamp, effect);
  if (h->options->trace_effects) mf_trace_effect(h, effect);
  mf_observe_effect(h->observer, effect);
  if (status == MF_OK && touches_world(effect)) {
    h->journal.wants_sync = true;
    status = mf_journal_flush(&h->journal, stamp.monotonic_ns);
  }
  if (status == MF_OK && mf_arena_oom(arena))
    answer_briefly(h, effect, mf_status_text(MF_OUT_OF_MEMORY));
  else if (status == MF_OK)
    carry_out(h, effect, arena);
  else if (status == MF_TOO_LARGE)
    answer_briefly(h, effect, "its arguments are too large for the journal");
  else
    mf_host_io_error(h, "%s", h->journal.error); /* nothing is done that is not on record */
}

void mf_host_perform(mf_host *h, const mf_effect *asked) {
  mf_effect effect = *asked;
  mf_arena arena;
  mf_arena_init(&arena, &h->alloc, 0);
  override(h, &effect, &arena);
  perform(h, &effect, &arena);
  mf_arena_fini(&arena);
}

void mf_host_cancel_effect(mf_host *h, uint32_t id) {
  mf_flight *f = find_flight(h, id);
  if (!f) {
    h->facts.bug = "the machine gives up an effect that is not in flight";
    return;
  }
  f->driver->cancel(f->op);
  if (find_flight(h, id)) h->facts.bug = "a driver did not answer when it was cancelled";
}

/* The newest first: what was started last ends first. */
void mf_host_cancel(mf_host *h) {
  while (h->flights) {
    mf_flight *f = h->flights;
    f->driver->cancel(f->op);
    if (h->flights == f) { /* a driver that broke its promise to answer */
      h->facts.bug = "a driver did not answer when it was cancelled";
      return;
    }
  }
}
