/* SPDX-License-Identifier: MIT */
/* The table of time zones against the C library, which reads the files that the
 * table was made from. */
#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "../../vm/zones.h"

#define FROM INT64_C(-2208988800) /* 1900 */
#define TO INT64_C(7258118400)    /* 2200 */

static uint64_t state = 1;

static int64_t random_time(void) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return FROM + (int64_t)((state >> 16) % (uint64_t)(TO - FROM));
}

static void check_time(const char *name, int64_t t) {
  struct tm tm;
  int32_t offset = 0;
  time_t at = (time_t)t;
  ck_assert(mf_zone_offset(mf_str_of(name), t, &offset));
  ck_assert_ptr_nonnull(localtime_r(&at, &tm));
  ck_assert_msg(tm.tm_gmtoff == offset, "%s at %lld: expected %ld, got %d", name, (long long)t,
                tm.tm_gmtoff, (int)offset);
}

static void check_zone(uint32_t i) {
  const mf_zone *zone = &mf_zones[mf_zone_numbers[i]];
  setenv("TZ", mf_zone_names[i], 1);
  tzset();
  for (int k = 0; k < 100; k++) check_time(mf_zone_names[i], random_time());
  for (uint32_t k = 0; k < zone->count; k++) {
    check_time(mf_zone_names[i], mf_zone_times[zone->first + k]);
    check_time(mf_zone_names[i], mf_zone_times[zone->first + k] - 1);
  }
}

START_TEST(every_zone_is_as_the_library_has_it) {
  ck_assert_uint_gt(mf_zone_name_count, 400);
  for (uint32_t i = 0; i < mf_zone_name_count; i++) check_zone(i);
}
END_TEST

START_TEST(names_are_sorted_and_exact) {
  int32_t offset;
  for (uint32_t i = 1; i < mf_zone_name_count; i++)
    ck_assert_int_lt(mf_str_cmp(mf_str_of(mf_zone_names[i - 1]), mf_str_of(mf_zone_names[i])), 0);
  static const char *const bad[] = {"",           "utc",     "Europe", "Europe/", "Europe/Berlin ",
                                    "posixrules", "+1:00",   "1:00",   "+24:00",  "+00:60",
                                    "+01:00x",    "++01:00", ":"};
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_assert_msg(!mf_zone_offset(mf_str_of(bad[i]), 0, &offset), "'%s' is a zone", bad[i]);
}
END_TEST

START_TEST(offsets_are_zones) {
  int32_t offset;
  ck_assert(mf_zone_offset(MF_STR("+05:30"), 0, &offset) && offset == 19800);
  ck_assert(mf_zone_offset(MF_STR("-00:30"), 0, &offset) && offset == -1800);
  ck_assert(mf_zone_offset(MF_STR("02:00"), 0, &offset) && offset == 7200);
  ck_assert(mf_zone_offset(MF_STR("UTC"), 0, &offset) && offset == 0);
}
END_TEST

Suite *vm_zones_suite(void);
Suite *vm_zones_suite(void) {
  Suite *s = suite_create("vm_zones");
  TCase *t = tcase_create("zones");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, every_zone_is_as_the_library_has_it);
  tcase_add_test(t, names_are_sorted_and_exact);
  tcase_add_test(t, offsets_are_zones);
  suite_add_tcase(s, t);
  return s;
}
