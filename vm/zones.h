/* zones - time zones by name.  The table is made at build time from Debian's
 * tzdata (tools/gen_zones.c): no file is read when a program runs. */
#ifndef MF_VM_ZONES_H
#define MF_VM_ZONES_H
#include "../base/text.h"
#include "zone_rule.h"

/* A change of offset. */
typedef struct mf_zone {
  uint32_t first, count; /* in mf_zone_times and mf_zone_offsets */
  int32_t initial;       /* offset before the first change */
  int16_t rule;          /* in mf_zone_rules: what holds after the last; -1: it stays */
} mf_zone;

/* By name in byte order; mf_zone_names[i] is the name of zone mf_zone_numbers[i]. */
extern const char *const mf_zone_names[];
extern const uint16_t mf_zone_numbers[];
extern const uint32_t mf_zone_name_count;
extern const mf_zone mf_zones[];
extern const int64_t mf_zone_times[];   /* seconds since 1970 */
extern const int32_t mf_zone_offsets[]; /* seconds east of UTC from then on */
extern const mf_zone_rule mf_zone_rules[];

/* Seconds east of UTC at `seconds` since 1970 in a zone: a name ("Asia/Tokyo",
 * "UTC"), or an offset ("+05:30", "-08:00", "02:00").  False when there is no
 * such zone. */
bool mf_zone_offset(mf_str zone, int64_t seconds, int32_t *offset);
#endif
