/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include "../vm/value.h"
#include "printable.h"

/* Of the driver: stdlib/http_load_arguments.c. */
enum { DEFAULT_CONNECTIONS = 50, DEFAULT_SECONDS = 30, ITERATIONS_SECONDS = 600 };

bool mf_plan_read(mf_host *h, mf_plan *out) {
  const mf_run_options *o = h->options;
  mf_outline *items = NULL;
  mf_outline_given *given = MF_NEW_ARRAY(&h->arena, mf_outline_given, o->variable_count + 1);
  if (!given) return false;
  for (size_t i = 0; i < o->variable_count; i++)
    given[i] = (mf_outline_given){o->variables[i].name, o->variables[i].value};
  bool ok = mf_outline_read(&h->arena, h->image, given, o->variable_count, &items);
  out->items = items;
  return ok;
}

/* ---- Values ---- */

void mf_plan_say_argument(const mf_outline_argument *a, mf_buf *out) {
  mf_buf text;
  mf_json_writer w;
  mf_buf_init(&text, &out->alloc, 0);
  if (a->known && a->value.kind == MF_STRING) {
    mf_buf_add(&text, a->value.as.s, a->value.len);
  } else if (a->known) {
    mf_json_write_init(&w, &text, 0);
    mf_value_write_plain(&w, &a->value);
  } else {
    if (!a->joined) mf_buf_puts(&text, "${");
    mf_buf_add_str(&text, a->text);
    if (!a->joined) mf_buf_putc(&text, '}');
  }
  mf_print_safe(out, mf_buf_str(&text));
  mf_buf_fini(&text);
}

static bool is_number(const mf_value *v, double *out) {
  switch (v->kind) {
    case MF_INT: *out = (double)v->as.i; return true;
    case MF_UINT: *out = (double)v->as.u; return true;
    case MF_DOUBLE: *out = v->as.d; return true;
    default: return false;
  }
}

/* A number that is known; `fallback` when the argument is not there. */
static bool known_number(const mf_outline *item, const char *name, double fallback, double *out) {
  const mf_outline_argument *a = mf_outline_get(item, name);
  *out = fallback;
  return !a || (a->known && is_number(&a->value, out));
}

/* Seconds, as the driver reads them. */
static bool seconds_of(const mf_value *v, double *out) {
  int64_t ns = 0;
  if (is_number(v, out)) return true;
  bool length = v->kind == MF_DURATION;
  if (length) ns = v->as.i;
  if (v->kind == MF_STRING) length = mf_parse_duration(mf_value_str(*v), &ns);
  *out = (double)ns / 1e9;
  return length;
}

/* All stages together. */
static bool stages_seconds(const mf_outline_argument *stages, double *out) {
  double seconds;
  *out = 0;
  if (!stages->known || stages->value.kind != MF_LIST) return false;
  for (uint32_t i = 0; i < stages->value.len; i++) {
    const mf_value *stage = &stages->value.as.list[i];
    const mf_value *own = stage->kind == MF_MAP ? mf_map_get(stage, MF_STR("duration")) : NULL;
    if (!own || !seconds_of(own, &seconds)) return false;
    *out += seconds;
  }
  return true;
}

static bool iterates(const mf_outline *load) {
  const mf_outline_argument *a = mf_outline_get(load, "executor");
  if (!a || !a->known || a->value.kind != MF_STRING) return mf_outline_get(load, "iterations");
  return mf_str_find(mf_value_str(a->value), MF_STR("iterations"), 0) != SIZE_MAX;
}

/* How long requests are begun. */
static bool known_duration(const mf_host *h, const mf_outline *load, double *out) {
  const mf_outline_argument *own = mf_outline_get(load, "duration");
  const mf_outline_argument *stages = mf_outline_get(load, "stages");
  const bool switched = h->overrides.rate > 0 || h->overrides.vus > 0;
  *out = h->overrides.duration;
  if (*out > 0) return true;
  if (own) return own->known && seconds_of(&own->value, out);
  if (stages) return stages_seconds(stages, out);
  *out = iterates(load) && !switched ? ITERATIONS_SECONDS : DEFAULT_SECONDS;
  return true;
}

static void put_seconds(const mf_host *h, double seconds, mf_buf *out) {
  char text[40];
  double scaled = seconds * h->time_scale;
  if (scaled > 9e9) scaled = 9e9;
  mf_buf_add(out, text, mf_format_duration((int64_t)(scaled * 1e9), text));
}

static void say_duration(const mf_host *h, const mf_outline *load, mf_buf *out) {
  double seconds;
  if (known_duration(h, load, &seconds))
    put_seconds(h, seconds, out);
  else if (mf_outline_get(load, "duration"))
    mf_plan_say_argument(mf_outline_get(load, "duration"), out);
  else
    mf_buf_puts(out, "the time of its stages");
}

/* ---- One load ---- */

/* The highest rate of its stages. */
static bool peak_of_stages(const mf_outline *load, double *out) {
  const mf_outline_argument *a = mf_outline_get(load, "stages");
  if (!known_number(load, "start_rate", 0, out) || !a->known || a->value.kind != MF_LIST)
    return false;
  for (uint32_t i = 0; i < a->value.len; i++) {
    const mf_value *stage = &a->value.as.list[i];
    double target = stage->kind == MF_MAP ? mf_map_number(stage, "target", -1) : -1;
    if (target < 0) return false;
    if (target > *out) *out = target;
  }
  return true;
}

/* ramping_vus, shared-iterations ...: all others have a rate. */
static bool has_users(const mf_host *h, const mf_outline *load) {
  if (h->overrides.rate > 0 || h->overrides.vus > 0) return h->overrides.vus > 0;
  const mf_outline_argument *a = mf_outline_get(load, "executor");
  if (!a || !a->known || a->value.kind != MF_STRING)
    return !mf_outline_get(load, "rate") && !mf_outline_get(load, "stages");
  return iterates(load) || mf_str_find(mf_value_str(a->value), MF_STR("vus"), 0) != SIZE_MAX;
}

/* Requests a second; virtual users send what they can.  False: not known. */
static bool peak_of(const mf_host *h, const mf_outline *load, double *out) {
  bool known = true;
  if (has_users(h, load))
    *out = h->limits.max_rate;
  else if (h->overrides.rate > 0)
    *out = h->overrides.rate;
  else if (mf_outline_get(load, "stages"))
    known = peak_of_stages(load, out);
  else if (mf_outline_get(load, "rate"))
    known = known_number(load, "rate", 0, out);
  else
    *out = h->limits.max_rate;
  if (!known || *out > h->limits.max_rate) *out = h->limits.max_rate;
  return known;
}

/* How many there are at most; false: not known. */
static bool users_of(const mf_host *h, const mf_outline *load, double *out) {
  double peak = 0;
  *out = h->overrides.vus;
  if (*out > 0) return true;
  bool known = known_number(load, "vus", 1, out);
  if (!known || !mf_outline_get(load, "stages")) return known;
  if (!peak_of_stages(load, &peak)) return false;
  if (peak > *out) *out = peak;
  return true;
}

static void say_users(const mf_host *h, const mf_outline *load, mf_buf *out) {
  const bool overridden = h->overrides.vus > 0;
  const mf_outline_argument *iterations = overridden ? NULL : mf_outline_get(load, "iterations");
  const bool ramps = !overridden && mf_outline_get(load, "stages");
  double n;
  if (users_of(h, load, &n))
    mf_buf_printf(out, " by %s%.10g virtual user%s", ramps ? "up to " : "", n, n == 1 ? "" : "s");
  else
    mf_buf_puts(out, " by virtual users");
  if (!iterations) return;
  mf_buf_puts(out, ", ");
  mf_plan_say_argument(iterations, out);
  mf_buf_puts(out,
              known_number(load, "iterations", 0, &n) && n == 1 ? " iteration" : " iterations");
}

static void say_connections(const mf_host *h, const mf_outline *load, mf_buf *out) {
  double n;
  bool known = known_number(load, "max_connections",
                            mf_outline_get(load, "max_vus") ? 0 : DEFAULT_CONNECTIONS, &n);
  if (known && n == 0) known = known_number(load, "max_vus", 0, &n);
  if (!known || n > h->limits.max_connections) n = h->limits.max_connections;
  mf_buf_printf(out, " over at most %.10g connection%s", n, n == 1 ? "" : "s");
}

void mf_plan_say_load(const mf_host *h, const mf_outline *load, mf_buf *out) {
  double peak;
  bool known = peak_of(h, load, &peak);
  const mf_outline_argument *rate = mf_outline_get(load, "rate");
  bool users = has_users(h, load), fixed = h->overrides.rate > 0;
  bool capped = !known || users || (!fixed && mf_outline_get(load, "stages"));
  if (!known && rate) {
    mf_plan_say_argument(rate, out);
    mf_buf_puts(out, " requests/s, ");
  }
  mf_buf_printf(out, "%s%.10g requests/s for ", capped ? "up to " : "", peak);
  say_duration(h, load, out);
  if (users)
    say_users(h, load, out);
  else
    say_connections(h, load, out);
}

/* ---- All of them ---- */

static bool is_load(const mf_outline *item) {
  return item->kind == MF_OUTLINE_LOAD && mf_str_is(item->driver, "http_load");
}

/* Loads of a group may run at the same time. */
static double top_rate(const mf_host *h, const mf_plan *plan) {
  bool together = MF_ROW_COUNT(h->image, GROUP) > 0;
  double top = 0, peak;
  for (const mf_outline *item = plan->items; item; item = item->next) {
    if (!is_load(item)) continue;
    (void)peak_of(h, item, &peak);
    if (together)
      top += peak;
    else if (peak > top)
      top = peak;
  }
  return top < h->limits.max_rate ? top : h->limits.max_rate;
}

static void say_length(const mf_host *h, const mf_plan *plan, mf_buf *out) {
  double sum = 0, seconds;
  for (const mf_outline *item = plan->items; item; item = item->next) {
    if (!is_load(item)) continue;
    if (!known_duration(h, item, &seconds)) {
      mf_buf_puts(out, "for a time that is not known");
      return;
    }
    sum += seconds;
  }
  put_seconds(h, sum, out);
  if (MF_ROW_COUNT(h->image, REPEAT) > 0) mf_buf_puts(out, ", repeated");
}

void mf_plan_sum(const mf_host *h, const mf_plan *plan, mf_buf *out) {
  uint32_t faults = MF_ROW_COUNT(h->image, FAULT);
  mf_buf_printf(out, "up to %.10g requests/s, ", top_rate(h, plan));
  if (faults)
    mf_buf_printf(out, "%u fault%s, ", faults, faults == 1 ? "" : "s");
  else
    mf_buf_puts(out, "no faults, ");
  say_length(h, plan, out);
}
