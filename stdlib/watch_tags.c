/* SPDX-License-Identifier: MIT */
/* Selectors: which samples have the tags that a reading wants.  What is the same for all
 * samples of a load, or of a request, is decided when the load starts. */
#include "watch_feeds.h"

#include "../base/text.h"

/* "steps[0]@3.1" is the path of entry steps[0] in a repeat. */
static mf_str without_turns(mf_str path) {
  for (size_t i = 0; i < path.n; i++)
    if (path.p[i] == '@') return (mf_str){path.p, i};
  return path;
}

static mf_str step_name(const mf_load_script *script) {
  const mf_image *im = script->image;
  const mf_row_step *rows = MF_ROWS(im, STEP, step);
  const mf_str path = without_turns(script->path);
  for (uint32_t i = 0; i < MF_ROW_COUNT(im, STEP); i++)
    if (mf_str_eq(mf_image_string(im, rows[i].path), path))
      return mf_image_string(im, rows[i].name);
  return MF_STR("");
}

mf_load_tags mf_load_tags_of(const mf_load_script *script) {
  mf_load_tags tags = {.image = script->image, .scenario = script->scenario};
  if (script->scenario == MF_ABSENT) return tags;
  const mf_row_request *rows = MF_ROWS(script->image, REQUEST, request);
  tags.step = step_name(script);
  tags.tags = script->tags;
  for (uint32_t i = 0; i < MF_ROW_COUNT(script->image, REQUEST); i++) {
    if (rows[i].scenario != script->scenario) continue;
    if (tags.count++ == 0) tags.first = i;
  }
  return tags;
}

/* "200"; 0: no status. */
static int status_of(mf_str text) {
  int status = 0;
  if (text.n != 3) return 0;
  for (size_t i = 0; i < 3; i++) {
    if (text.p[i] < '0' || text.p[i] > '9') return 0;
    status = status * 10 + (text.p[i] - '0');
  }
  return status;
}

static mf_status match_name(mf_match *m, mf_arena *arena, const mf_load_tags *tags, mf_str name) {
  const mf_row_request *rows = MF_ROWS(tags->image, REQUEST, request);
  m->request = MF_NEW_ARRAY(arena, uint8_t, tags->count + 1);
  if (m->request == NULL) return MF_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < tags->count; i++)
    m->request[i] = mf_str_eq(mf_image_string(tags->image, rows[tags->first + i].name), name);
  return MF_OK;
}

/* Documents may write tags and labels as numbers and bools; selectors are text. */
static bool is_text(const mf_value *v, mf_str text) {
  char number[32];
  mf_str s = {number, 0};
  if (v == NULL) return false;
  switch (v->kind) {
    case MF_STRING: s = mf_value_str(*v); break;
    case MF_BOOL: s = mf_str_of(v->as.i ? "true" : "false"); break;
    case MF_INT: s.n = mf_format_int(v->as.i, number); break;
    case MF_UINT: s.n = mf_format_uint(v->as.u, number); break;
    case MF_DOUBLE: s.n = mf_format_double(v->as.d, number); break;
    default: return false;
  }
  return mf_str_eq(s, text);
}

static mf_status match_one(mf_match *m, mf_arena *arena, const mf_load_tags *tags, mf_str key,
                           mf_str want) {
  if (mf_str_is(key, "name")) return match_name(m, arena, tags, want);
  if (mf_str_is(key, "status")) {
    m->status = status_of(want);
    m->never |= m->status == 0;
  } else if (mf_str_is(key, "method")) {
    m->method = want;
    m->never |= want.n == 0;
  } else if (mf_str_is(key, "step")) {
    m->never |= !mf_str_eq(tags->step, want);
  } else if (mf_str_is(key, "scenario")) {
    const mf_row_scenario *row = &MF_ROWS(tags->image, SCENARIO, scenario)[tags->scenario];
    m->never |= !mf_str_eq(mf_image_string(tags->image, row->name), want);
  } else {
    m->never |= !is_text(mf_map_get(tags->tags, key), want);
  }
  return MF_OK;
}

mf_status mf_match_make(mf_match *m, mf_arena *arena, const mf_feed *f, const mf_load_tags *tags) {
  *m = (mf_match){.never = f->scenario != MF_ABSENT && f->scenario != tags->scenario};
  if (f->selector == MF_ABSENT) return MF_OK;
  const mf_map *map = tags->image->values[f->selector].as.map;
  mf_status status = MF_OK;
  for (uint32_t i = 0; i < map->count && status == MF_OK && !m->never; i++)
    status = match_one(m, arena, tags, mf_value_str(map->pairs[i].key),
                       mf_value_str(map->pairs[i].value));
  return status;
}

bool mf_feed_takes_labels(const mf_feed *f, const mf_image *image, const mf_value *labels) {
  if (f->selector == MF_ABSENT) return true;
  const mf_map *map = image->values[f->selector].as.map;
  for (uint32_t i = 0; i < map->count; i++)
    if (!is_text(mf_map_get(labels, mf_value_str(map->pairs[i].key)),
                 mf_value_str(map->pairs[i].value)))
      return false;
  return true;
}
