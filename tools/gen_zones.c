/* SPDX-License-Identifier: MIT */
/* gen_zones - prints the tables of vm/zones.h from compiled zone files:
 *
 *   gen_zones /usr/share/zoneinfo <list of files, sorted
 *
 * Names of one zone share its data; changes that the zone's yearly rule gives
 * are left out.  Runs when mfvm is built. */
#include "../vm/zone_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ZONES = 1000, MAX_CHANGES = 100000, MAX_FILE = 65536 };

typedef struct zone {
  uint32_t first, count;
  int32_t initial;
  int rule;
} zone;

static zone zones[MAX_ZONES];
static mf_zone_rule rules[MAX_ZONES];
static int64_t times[MAX_CHANGES];
static int32_t offsets[MAX_CHANGES];
static char names[MAX_ZONES][64];
static unsigned numbers[MAX_ZONES];
static unsigned zone_count, rule_count, change_count, name_count;

static void die(const char *what, const char *name) {
  fprintf(stderr, "gen_zones: %s: %s\n", name, what);
  exit(1);
}

/* ---- POSIX rules: <+0330>-3:30, CET-1CEST,M3.5.0,M10.5.0/3 ---- */

static const char *skip_name(const char *p) {
  if (*p == '<') return strchr(p, '>') ? strchr(p, '>') + 1 : p;
  while ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') p++;
  return p;
}

/* [+-]hh[:mm[:ss]] */
static const char *read_time(const char *p, int32_t *out) {
  int sign = *p == '-' ? -1 : 1;
  int32_t unit = 3600, total = 0;
  if (*p == '-' || *p == '+') p++;
  for (;; unit /= 60) {
    char *end;
    total += (int32_t)strtol(p, &end, 10) * unit;
    p = end;
    if (*p++ != ':') break;
  }
  *out = sign * total;
  return p - 1;
}

static const char *read_day(const char *p, mf_zone_day *d) {
  char *end;
  *d = (mf_zone_day){.seconds = 7200};
  if (*p == 'M') {
    d->month = (int8_t)strtol(p + 1, &end, 10);
    d->week = (int8_t)strtol(end + 1, &end, 10);
    d->day = (int16_t)strtol(end + 1, &end, 10);
  } else if (*p == 'J') {
    die("a rule of the form Jn", p);
    return p;
  } else {
    d->day = (int16_t)strtol(p, &end, 10);
  }
  return *end == '/' ? read_time(end + 1, &d->seconds) : end;
}

static bool read_rule(const char *p, mf_zone_rule *rule) {
  memset(rule, 0, sizeof *rule);
  if (*p == '\0') return false;
  p = read_time(skip_name(p), &rule->standard);
  rule->standard = rule->summer = -rule->standard;
  if (*p == '\0') return true;
  p = skip_name(p);
  rule->summer = rule->standard + 3600;
  if (*p != ',') {
    p = read_time(p, &rule->summer);
    rule->summer = -rule->summer;
  }
  if (*p != ',') die("summer time without days", p);
  p = read_day(p + 1, &rule->begin);
  if (*p != ',') die("summer time without an end", p);
  read_day(p + 1, &rule->end);
  return true;
}

/* ---- TZif files (RFC 8536) ---- */

typedef struct header {
  uint32_t utc, wall, leaps, changes, types, letters;
} header;

static int64_t big(const unsigned char *p, unsigned n) {
  uint64_t u = p[0] & 0x80 ? UINT64_MAX : 0;
  for (unsigned i = 0; i < n; i++) u = u << 8 | p[i];
  return (int64_t)u;
}

static header read_header(const unsigned char *p) {
  uint32_t n[6];
  for (unsigned i = 0; i < 6; i++) n[i] = (uint32_t)big(p + 20 + 4 * i, 4);
  return (header){n[0], n[1], n[2], n[3], n[4], n[5]};
}

static size_t data_size(const header *h, unsigned time_bytes) {
  return h->changes * (time_bytes + 1u) + h->types * 6 + h->letters + h->leaps * (time_bytes + 4u) +
         h->wall + h->utc;
}

/* The year of a time, near enough: the rule's changes are never at new year. */
static int64_t year_of(int64_t t) {
  int64_t year = 1970 + t / 31556952;
  while (mf_zone_year_start(year) * 86400 > t) year--;
  while (mf_zone_year_start(year + 1) * 86400 <= t) year++;
  return year;
}

/* Whether the rule gives change i of the zone, and no other one before the next:
 * zones have left their rules and come back to them. */
static bool rule_gives(const mf_zone_rule *rule, const zone *z, uint32_t i) {
  const int64_t week = 604800, *t = &times[z->first + i];
  int32_t before = i ? offsets[z->first + i - 1] : z->initial, after = offsets[z->first + i];
  if (mf_zone_rule_offset(rule, *t - 1, year_of(*t - 1)) != before) return false;
  int64_t end = i + 1 < z->count ? t[1] : *t + 1;
  for (int64_t at = *t; at < end; at += week)
    if (mf_zone_rule_offset(rule, at, year_of(at)) != after) return false;
  return true;
}

/* The rule holds from the last change on that is kept: the first it gives. */
static void drop_what_the_rule_gives(zone *z) {
  uint32_t kept = z->count;
  while (kept > 0 && rule_gives(&rules[z->rule], z, kept - 1)) kept--;
  if (kept < z->count) z->count = kept + 1;
}

static int rule_number(const char *footer) {
  mf_zone_rule rule;
  if (!read_rule(footer, &rule)) return -1;
  for (unsigned i = 0; i < rule_count; i++)
    if (memcmp(&rules[i], &rule, sizeof rule) == 0) return (int)i;
  rules[rule_count] = rule;
  return (int)rule_count++;
}

/* Changes that change no offset (names, summer or not) are left out, and what
 * was before 1900. */
static void read_changes(zone *z, const header *h, const unsigned char *p) {
  const unsigned char *kinds = p + 8 * (size_t)h->changes, *types = kinds + h->changes;
  int32_t now = (int32_t)big(types, 4);
  z->first = change_count;
  for (uint32_t i = 0; i < h->changes; i++) {
    int64_t t = big(p + 8 * (size_t)i, 8);
    int32_t offset = (int32_t)big(types + 6 * kinds[i], 4);
    bool early = t < INT64_C(-2208988800);
    if (early) now = offset;
    if (change_count == z->first) z->initial = now;
    if (early || offset == now) continue;
    if (change_count == MAX_CHANGES) die("too many changes", "all zones");
    times[change_count] = t;
    offsets[change_count++] = now = offset;
  }
  if (h->changes == 0) z->initial = now;
  z->count = change_count - z->first;
}

static bool same_zone(const zone *a, const zone *b) {
  return a->count == b->count && a->initial == b->initial && a->rule == b->rule &&
         memcmp(times + a->first, times + b->first, a->count * sizeof *times) == 0 &&
         memcmp(offsets + a->first, offsets + b->first, a->count * sizeof *offsets) == 0;
}

/* The number of a zone with this file's content. */
static unsigned add_zone(unsigned char *file, size_t size, const char *name) {
  zone z = {.rule = -1};
  if (size < 88 || file[4] < '2') die("a zone file of version 1", name);
  header old = read_header(file);
  unsigned char *second = file + 44 + data_size(&old, 4);
  header h = read_header(second);
  char *footer = (char *)second + 44 + data_size(&h, 8);
  if ((unsigned char *)footer >= file + size || *footer != '\n') die("no footer", name);
  footer[strlen(footer) - 1] = '\0';
  read_changes(&z, &h, second + 44);
  z.rule = rule_number(footer + 1);
  if (z.rule >= 0) drop_what_the_rule_gives(&z);
  change_count = z.first + z.count;
  for (unsigned i = 0; i < zone_count; i++) {
    if (!same_zone(&zones[i], &z)) continue;
    change_count = z.first;
    return i;
  }
  zones[zone_count] = z;
  return zone_count++;
}

static void read_zone(const char *folder, const char *name) {
  static unsigned char file[MAX_FILE + 1];
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "rb");
  if (f == NULL) die("cannot be read", path);
  size_t size = fread(file, 1, MAX_FILE, f);
  file[size] = '\0';
  fclose(f);
  if (size < 4 || memcmp(file, "TZif", 4) != 0) return; /* tables of countries and the like */
  if (name_count == MAX_ZONES || strlen(name) >= sizeof names[0]) die("too many zones", name);
  memcpy(names[name_count], name, strlen(name) + 1);
  numbers[name_count++] = add_zone(file, size, name);
}

/* ---- output ---- */

static void print_day(const mf_zone_day *d) {
  printf("{%d, %d, %d, %d}", d->month, d->week, d->day, (int)d->seconds);
}

static void print_tables(void) {
  printf("/* Made by tools/gen_zones from tzdata. */\n#include \"vm/zones.h\"\n");
  printf("const uint32_t mf_zone_name_count = %u;\n", name_count);
  printf("const char *const mf_zone_names[] = {\n");
  for (unsigned i = 0; i < name_count; i++) printf("  \"%s\",\n", names[i]);
  printf("};\nconst uint16_t mf_zone_numbers[] = {\n");
  for (unsigned i = 0; i < name_count; i++) printf("  %u,\n", numbers[i]);
  printf("};\nconst mf_zone mf_zones[] = {\n");
  for (unsigned i = 0; i < zone_count; i++)
    printf("  {%u, %u, %d, %d},\n", zones[i].first, zones[i].count, (int)zones[i].initial,
           zones[i].rule);
  printf("};\nconst int64_t mf_zone_times[] = {\n");
  for (unsigned i = 0; i < change_count; i++) printf("  INT64_C(%lld),\n", (long long)times[i]);
  printf("};\nconst int32_t mf_zone_offsets[] = {\n");
  for (unsigned i = 0; i < change_count; i++) printf("  %d,\n", (int)offsets[i]);
  printf("};\nconst mf_zone_rule mf_zone_rules[] = {\n");
  for (unsigned i = 0; i < rule_count; i++) {
    printf("  {%d, %d, ", (int)rules[i].standard, (int)rules[i].summer);
    print_day(&rules[i].begin);
    printf(", ");
    print_day(&rules[i].end);
    printf("},\n");
  }
  printf("};\n");
}

int main(int argc, char **argv) {
  char line[256];
  if (argc != 2) die("needs the folder of the zone files", "usage");
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    read_zone(argv[1], line);
  }
  if (name_count < 100) die("too few zones", argv[1]);
  print_tables();
  return 0;
}
