/* SPDX-License-Identifier: MIT */
#include "zones.h"

/* ---- Fixed offsets ---- */

static bool take_two_digits(mf_str *s, int32_t *out) {
  if (s->n < 2 || s->p[0] < '0' || s->p[0] > '9' || s->p[1] < '0' || s->p[1] > '9') return false;
  *out = (s->p[0] - '0') * 10 + (s->p[1] - '0');
  s->p += 2;
  s->n -= 2;
  return true;
}

static bool fixed_offset(mf_str s, int32_t *offset) {
  int32_t hours, minutes;
  bool west = s.n > 0 && s.p[0] == '-';
  if (west || (s.n > 0 && s.p[0] == '+')) s.p++, s.n--;
  if (!take_two_digits(&s, &hours) || s.n == 0 || s.p[0] != ':') return false;
  s.p++, s.n--;
  if (!take_two_digits(&s, &minutes) || s.n != 0 || hours > 23 || minutes > 59) return false;
  *offset = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
  return true;
}

/* ---- Names ---- */

static const mf_zone *find(mf_str name) {
  uint32_t low = 0, high = mf_zone_name_count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    int order = mf_str_cmp(name, mf_str_of(mf_zone_names[middle]));
    if (order == 0) return &mf_zones[mf_zone_numbers[middle]];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

/* How many of the zone's changes were at `seconds` or before. */
static uint32_t changes_until(const mf_zone *zone, int64_t seconds) {
  uint32_t low = 0, high = zone->count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (mf_zone_times[zone->first + middle] <= seconds)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool mf_zone_offset(mf_str name, int64_t seconds, int32_t *offset) {
  if (fixed_offset(name, offset)) return true;
  const mf_zone *zone = find(name);
  if (zone == NULL) return false;
  uint32_t changes = changes_until(zone, seconds);
  if (changes == zone->count && zone->rule >= 0)
    *offset = mf_zone_rule_offset(&mf_zone_rules[zone->rule], seconds, mf_civil_of(seconds).year);
  else
    *offset = changes ? mf_zone_offsets[zone->first + changes - 1] : zone->initial;
  return true;
}
