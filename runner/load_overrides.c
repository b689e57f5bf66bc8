/* SPDX-License-Identifier: MIT */
#include "load_overrides.h"

#include <math.h>
#include <stdio.h>

#include "../stdlib/driver_kit.h"

#define MOST_VUS 1000000.0 /* more than the cap on connections will ever be */

/* ---- Reading ---- */

static bool number_of(const char *text, double *out) {
  return mf_parse_double(mf_str_of(text), false, out, NULL) && isfinite(*out) && *out > 0;
}

/* A length like those of documents: "2m", or a number of seconds. */
static bool length_of(const char *text, double *seconds) {
  int64_t ns;
  if (number_of(text, seconds)) return *seconds <= 1e9;
  if (!mf_parse_duration(mf_str_of(text), &ns) || ns <= 0) return false;
  *seconds = (double)ns / 1e9;
  return true;
}

const char *mf_load_overrides_read(mf_load_overrides *o, const mf_run_options *options, char *error,
                                   size_t size) {
  double vus = 0;
  *o = (mf_load_overrides){.rate = 0};
  error[0] = '\0';
  if (options->rate && options->vus)
    snprintf(error, size,
             "give --rate or --vus: a load has a rate, or as many requests as its "
             "virtual users manage");
  else if (options->rate && !number_of(options->rate, &o->rate))
    snprintf(error, size, "--rate wants requests per second, a number above 0, not '%s'",
             options->rate);
  else if (options->vus && !(number_of(options->vus, &vus) && vus <= MOST_VUS && vus == floor(vus)))
    snprintf(error, size, "--vus wants a whole number of virtual users from 1 to 1000000, not '%s'",
             options->vus);
  else if (options->duration && !length_of(options->duration, &o->duration))
    snprintf(error, size, "--duration wants a length of time such as 30s or 5m, not '%s'",
             options->duration);
  o->vus = (uint32_t)vus;
  return error[0] ? error : NULL;
}

/* ---- Applying ---- */

/* What belongs to one executor, and means nothing to another. */
static bool of_executor(mf_str key) {
  static const char *const keys[] = {"executor",  "rate",   "start_rate", "vus",
                                     "start_vus", "stages", "iterations"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if (mf_str_is(key, keys[i])) return true;
  return false;
}

/* How long stages take that have lengths of their own. */
static int64_t stages_ns(const mf_value *args, mf_arena *arena) {
  const mf_value *stages = mf_map_get(args, MF_STR("stages"));
  int64_t total = 0;
  if (!stages || stages->kind != MF_LIST) return 0;
  for (uint32_t i = 0; i < stages->len && total < INT64_MAX / 2; i++) {
    mf_args stage;
    mf_args_init(&stage, arena, &stages->as.list[i]);
    if (stages->as.list[i].kind == MF_MAP) total += mf_arg_length(&stage, "duration", 0);
  }
  return total;
}

/* A load that loses its stages still takes as long as they did. */
static double length_for(const mf_load_overrides *o, const mf_value *args, mf_arena *arena) {
  const mf_value *own = mf_map_get(args, MF_STR("duration"));
  if (o->duration > 0) return o->duration;
  if ((own && own->kind != MF_NULL) || !(o->rate > 0 || o->vus > 0)) return 0;
  return (double)stages_ns(args, arena) / 1e9;
}

mf_value mf_load_overrides_apply(const mf_load_overrides *o, const mf_value *args,
                                 mf_arena *arena) {
  bool switches = o->rate > 0 || o->vus > 0;
  double length = length_for(o, args, arena);
  mf_map_builder b;
  mf_map_build(&b, arena);
  for (uint32_t i = 0; i < args->as.map->count; i++) {
    const mf_pair *pair = &args->as.map->pairs[i];
    mf_str key = mf_value_str(pair->key);
    if (switches && of_executor(key)) continue;
    if (length > 0 && mf_str_is(key, "duration")) continue;
    mf_map_add_value(&b, pair->key, pair->value);
  }
  if (switches)
    mf_map_add(&b, "executor",
               mf_string(o->rate > 0 ? MF_STR("constant_arrival_rate") : MF_STR("constant_vus")));
  if (o->rate > 0) mf_map_add(&b, "rate", mf_double(o->rate));
  if (o->vus > 0) mf_map_add(&b, "vus", mf_int(o->vus));
  if (length > 0) mf_map_add(&b, "duration", mf_double(length));
  return mf_map_done(&b);
}

void mf_load_overrides_write(const mf_load_overrides *o, mf_json_writer *w) {
  mf_json_open_map(w);
  if (o->rate > 0) {
    mf_json_key(w, "rate");
    mf_json_put_double(w, o->rate);
  }
  if (o->vus > 0) {
    mf_json_key(w, "vus");
    mf_json_put_uint(w, o->vus);
  }
  if (o->duration > 0) {
    mf_json_key(w, "duration");
    mf_json_put_double(w, o->duration);
  }
  mf_json_close_map(w);
}
