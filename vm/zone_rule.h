/* zone_rule - the yearly rule of a time zone: when its summer time begins and
 * ends (what TZif files say in POSIX's notation).  Of tools/gen_zones.c, which
 * needs to know which transitions a rule gives already, and of the machine. */
#ifndef MF_VM_ZONE_RULE_H
#define MF_VM_ZONE_RULE_H
#include <stdbool.h>
#include <stdint.h>

/* Weekday `day` of week `week` (5: the last) of a month, so many seconds after
 * its midnight by the clock then in use.  month 0: day `day` of the year, from
 * 0; leap days are counted. */
typedef struct mf_zone_day {
  int8_t month, week;
  int16_t day;
  int32_t seconds;
} mf_zone_day;

typedef struct mf_zone_rule {
  int32_t standard, summer; /* seconds east of UTC; equal: no summer time */
  mf_zone_day begin, end;
} mf_zone_rule;

static inline bool mf_zone_leap(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970 to the first of January, and of the year to a month. */
static inline int64_t mf_zone_year_start(int64_t year) {
  int64_t y = year - 1;
  return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}
static inline int64_t mf_zone_month_start(int64_t year, int month) {
  static const int16_t starts[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
  return starts[month - 1] + (month > 2 && mf_zone_leap(year));
}

/* Seconds from 1970 to the rule's day, by the clock in use. */
static inline int64_t mf_zone_day_seconds(const mf_zone_day *d, int64_t year) {
  int64_t start = mf_zone_year_start(year);
  if (d->month == 0) return (start + d->day) * 86400 + d->seconds;
  int64_t first = start + mf_zone_month_start(year, d->month);
  int64_t next = start + (d->month == 12 ? 365 + mf_zone_leap(year)
                                         : mf_zone_month_start(year, d->month + 1));
  int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970 began on a Thursday */
  int64_t day = first + (d->day - weekday + 7) % 7 + 7 * (d->week - 1);
  while (day >= next) day -= 7;
  return day * 86400 + d->seconds;
}

/* Seconds east of UTC at `t`, of a year from 1 on. */
static inline int32_t mf_zone_rule_offset(const mf_zone_rule *rule, int64_t t, int64_t year) {
  if (rule->standard == rule->summer) return rule->standard;
  int64_t begin = mf_zone_day_seconds(&rule->begin, year) - rule->standard;
  int64_t end = mf_zone_day_seconds(&rule->end, year) - rule->summer;
  bool summer = begin < end ? t >= begin && t < end : t >= begin || t < end;
  return summer ? rule->summer : rule->standard;
}
#endif
