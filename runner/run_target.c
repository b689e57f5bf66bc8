/* SPDX-License-Identifier: MIT */
#include "run_target.h"

#include <stdio.h>

#include "../base/text.h"
#include "../io/url.h"

const char *mf_target_word(mf_target_kind kind) {
  static const char *const words[] = {"unused", "url", "sample", "none"};
  return words[kind];
}

/* ---- Whether anything needs one ---- */

static bool has_load(const mf_image *image) {
  if (MF_ROW_COUNT(image, FAULT) > 0) return true;
  const mf_row_scenario *rows = MF_ROWS(image, SCENARIO, scenario);
  for (uint32_t i = 0; i < MF_ROW_COUNT(image, SCENARIO); i++)
    if (mf_str_is(mf_image_string(image, rows[i].driver), "http_load")) return true;
  return false;
}

static bool has_requests(const mf_image *image) {
  const mf_row_driver *rows = MF_ROWS(image, DRIVER, driver);
  const mf_row_watch *watches = MF_ROWS(image, WATCH, watch);
  for (uint32_t i = 0; i < MF_ROW_COUNT(image, WATCH); i++)
    if (watches[i].probe != MF_ABSENT) return true;
  for (uint32_t i = 0; i < MF_ROW_COUNT(image, DRIVER); i++)
    if (mf_str_is(mf_image_string(image, rows[i].name), "http_request")) return true;
  return false;
}

/* A URL relative to the target begins with a slash, and so does one of the texts
 * it is made from.  A text that is no URL (a path of a command) costs a sample
 * service that nobody asks for. */
static bool has_relative_urls(const mf_image *image, const mf_run_options *options) {
  for (uint32_t i = 0; i < image->constant_count; i++) {
    const mf_value *v = &image->values[i];
    if (v->kind == MF_STRING && v->len > 0 && v->as.s[0] == '/') return true;
  }
  for (size_t i = 0; i < options->variable_count; i++) {
    const mf_value *v = &options->variables[i].value;
    if (v->kind == MF_STRING && v->len > 0 && v->as.s[0] == '/') return true;
  }
  return false;
}

static bool needs_target(const mf_image *image, const mf_run_options *options) {
  return has_load(image) || (has_requests(image) && has_relative_urls(image, options));
}

/* ---- The rules ---- */

/* Without user, password and query, which may be secrets. */
static void show_url(mf_run_target *target, const mf_url *url) {
  size_t path = 0;
  while (path < url->path.n && url->path.p[path] != '?') path++;
  while (path > 0 && url->path.p[path - 1] == '/') path--;
  snprintf(target->shown, sizeof target->shown, "%s://%.*s%.*s", mf_url_scheme(url),
           (int)url->authority.n, url->authority.p, (int)path, url->path.p ? url->path.p : "");
}

static int use_url(mf_run_target *target, mf_str text, char *error, size_t error_size) {
  mf_url url;
  const char *why = mf_url_parse(text, &url);
  if (why) {
    snprintf(error, error_size, "the target is no URL to send requests to: %s", why);
    return 2;
  }
  while (text.n > 0 && text.p[text.n - 1] == '/') text.n--;
  target->kind = MF_TARGET_URL;
  target->url = text;
  show_url(target, &url);
  return 0;
}

static int use_default(mf_run_target *target, const mf_image *image, const mf_run_options *options,
                       char *error, size_t error_size) {
  if ((options->ci || options->require_target) && !options->dry_run && has_load(image)) {
    snprintf(error, error_size,
             "the document has a load or fault and no target, and %s; say --target URL, or "
             "--target sample "
             "for the built-in sample service",
             options->ci ? "CI is set" : "--require-target was given");
    return 2;
  }
  target->kind = needs_target(image, options) ? MF_TARGET_SAMPLE : MF_TARGET_UNUSED;
  return 0;
}

int mf_run_target_choose(mf_run_target *target, const mf_image *image,
                         const mf_run_options *options, mf_str document_target, char *error,
                         size_t error_size) {
  mf_str given = options->target ? mf_str_of(options->target) : document_target;
  *target = (mf_run_target){.kind = MF_TARGET_UNUSED};
  if (given.n == 0 && !options->target)
    return use_default(target, image, options, error, error_size);
  if (mf_str_is(given, "sample"))
    target->kind = MF_TARGET_SAMPLE;
  else if (mf_str_is(given, "none"))
    target->kind = MF_TARGET_NONE;
  else
    return use_url(target, given, error, error_size);
  return 0;
}

/* ---- The sample service ---- */

int mf_run_target_start(mf_run_target *target, uint64_t seed, char *error, size_t error_size) {
  if (target->kind != MF_TARGET_SAMPLE) return 0;
  mf_sample_options options = {.seed = seed};
  if (mf_sample_start(&options, &target->sample, error, error_size) != MF_OK) return 74;
  int n = snprintf(target->own_url, sizeof target->own_url, "http://127.0.0.1:%u",
                   (unsigned)mf_sample_port(target->sample));
  target->url = (mf_str){target->own_url, (size_t)n};
  snprintf(target->shown, sizeof target->shown, "%s", target->own_url);
  return 0;
}

void mf_run_target_stop(mf_run_target *target) {
  mf_sample_stop(target->sample);
  target->sample = NULL;
}
