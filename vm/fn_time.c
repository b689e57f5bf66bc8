/* SPDX-License-Identifier: MIT */
/* Parts of timestamps, in UTC or in a zone, and of durations. */
#include "fn_kit.h"
#include "zones.h"

#define SECOND INT64_C(1000000000)

/* Seconds since 1970 of args[0] by the clock of zone args[1]; false: *bad is the
 * result. */
static bool local_time(mf_call *call, const char *name, const mf_value *args, uint32_t n,
                       int64_t *local, mf_value *bad) {
  char text[MF_QUOTED_SIZE];
  int32_t offset = 0;
  if (!mf_args_are(args, n, "ts")) {
    *bad = mf_no_function(call, name, args, n);
    return false;
  }
  if (n == 2 && !mf_zone_offset(mf_value_str(args[1]), args[0].as.i, &offset)) {
    *bad = mf_call_error(call, MF_EVAL_BAD_ARGUMENT, "%s is no time zone",
                         mf_quoted(&args[1], text));
    return false;
  }
  *local = args[0].as.i + offset;
  return true;
}

static int64_t in_day(int64_t seconds) {
  int64_t rest = seconds % 86400;
  return rest < 0 ? rest + 86400 : rest;
}

#define PART(name, part)                                                        \
  mf_value mf_fn_##name(mf_call *call, const mf_value *args, uint32_t n) {      \
    int64_t local;                                                              \
    mf_value bad = mf_null();                                                   \
    return local_time(call, #name, args, n, &local, &bad) ? mf_int(part) : bad; \
  }
PART(getFullYear, mf_civil_of(local).year)
PART(getMonth, mf_civil_of(local).month - 1)
PART(getDate, mf_civil_of(local).day)
PART(getDayOfMonth, mf_civil_of(local).day - 1)
PART(getDayOfWeek, mf_civil_of(local).day_of_week)
PART(getDayOfYear, mf_civil_of(local).day_of_year)

/* Of a duration these are all of it in whole units, but for the milliseconds,
 * which are those beside the whole seconds. */
#define PART_OR_WHOLE(name, part, whole)                                        \
  mf_value mf_fn_##name(mf_call *call, const mf_value *args, uint32_t n) {      \
    int64_t local;                                                              \
    mf_value bad = mf_null();                                                   \
    if (n == 1 && args[0].kind == MF_DURATION) return mf_int(whole);            \
    return local_time(call, #name, args, n, &local, &bad) ? mf_int(part) : bad; \
  }
PART_OR_WHOLE(getHours, in_day(local) / 3600, args[0].as.i / (3600 * SECOND))
PART_OR_WHOLE(getMinutes, in_day(local) / 60 % 60, args[0].as.i / (60 * SECOND))
PART_OR_WHOLE(getSeconds, in_day(local) % 60, args[0].as.i / SECOND)
PART_OR_WHOLE(getMilliseconds, args[0].len / 1000000, args[0].as.i % SECOND / 1000000)
