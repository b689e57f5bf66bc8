/* SPDX-License-Identifier: MIT */
/* gcc -O2 through a function pointer: the plain C of each condition. */
#include "harness.h"

typedef bool (*condition_fn)(const row *r);
#define NATIVE(name, result) \
  __attribute__((noinline)) static bool name(const row *r) { return (result); }

static bool equals(slice s, const char *t, size_t n) { return s.n == n && memcmp(s.p, t, n) == 0; }
#define EQUALS(s, t) equals(s, t, sizeof(t) - 1)
static bool ends_with(slice s, const char *t, size_t n) {
  return s.n >= n && memcmp(s.p + s.n - n, t, n) == 0;
}
static bool less(slice s, const char *t, size_t n) {
  const int order = memcmp(s.p, t, s.n < n ? s.n : n);
  return order ? order < 0 : s.n < n;
}
/* Whether `test` holds for any sample s. */
#define ANY(test)                       \
  ({                                    \
    bool any = false;                   \
    for (int k = 0; k < SAMPLES; k++) { \
      const double s = r->samples[k];   \
      if (test) {                       \
        any = true;                     \
        break;                          \
      }                                 \
    }                                   \
    any;                                \
  })
NATIVE(c0, r->latency > 500.0)
NATIVE(c1, r->latency > 500.0 && r->error_rate < 0.05)
NATIVE(c2, r->error_rate < 0.05 && r->succeeded)
NATIVE(c3, (((r->b1 && r->b2) || !r->b3) && (r->b4 || (!r->b5 && r->b6))) ||
               !(r->b7 || (r->b8 && !r->b1)))
NATIVE(c4, EQUALS(r->environment, "staging"))
NATIVE(c5, EQUALS(r->environment, "staging") || EQUALS(r->environment, "production") ||
               EQUALS(r->environment, "qa"))
NATIVE(c6, r->max_latency_ms >= r->p99)
NATIVE(c7, (r->a * r->b + r->c) / r->d > r->threshold && r->a % 7 != 3)
NATIVE(c8, !ANY(!(s < 1000.0)))
NATIVE(c10, r->url.n >= 5 && memcmp(r->url.p, "/api/", 5) == 0 &&
                !memmem(r->url.p, r->url.n, "admin", 5))
NATIVE(c11, (EQUALS(r->origin, "MOW") || EQUALS(r->country, "RU")) &&
                (r->value >= 100.0 || r->adults == 1))
NATIVE(c12, EQUALS(r->group, "admin") || EQUALS(r->group, "moderator") ||
                r->user_id == r->comment_user_id)

NATIVE(c13, r->a * 3 - r->b >= r->c || r->a == r->threshold)
NATIVE(c14, r->user_id == 1001 || r->user_id == 1003 || r->user_id == 1005 || r->user_id == 1007)
NATIVE(c15, ends_with(r->url, "/admin", 6) || less(r->environment, "m", 1))
NATIVE(c16, r->url.n > 19)
NATIVE(c17, r->max_latency_ms - r->p99 > 100.0 && !EQUALS(r->group, "guest"))
NATIVE(c18, (EQUALS(r->country, "BY") || EQUALS(r->country, "KZ") || EQUALS(r->country, "RU") ||
             EQUALS(r->country, "AM") || EQUALS(r->country, "FR")) &&
                !(EQUALS(r->origin, "PAR") || EQUALS(r->origin, "NYC")))
NATIVE(c19, r->latency > 500.0 ? r->error_rate < 0.05 : r->b1 ? r->value >= 100.0 : r->adults == 2)
NATIVE(c20, ANY(s >= 1000.0))
NATIVE(c21, ANY(s > 990.0 && s < 995.0))
NATIVE(c22, !ANY(!(s >= r->value - 150.0)))
NATIVE(c23, ANY(s == 1000.0))
NATIVE(c24, r->latency *(double)r->adults + (double)r->duration / 2000.0 > 700.0)
NATIVE(c25, !(r->latency > 500.0 || !r->succeeded) && -r->value < -50.0)

static const condition_fn functions[CASES] = {c0,   c1,  c2,  c3,  c4,  c5,  c6,  c7,  c8,
                                              NULL, c10, c11, c12, c13, c14, c15, c16, c17,
                                              c18,  c19, c20, c21, c22, c23, c24, c25};

/* What a C programmer who cares would write instead of snprintf. */
__attribute__((noinline)) static size_t text(const row *r, char out[64]) {
  char digits[24];
  size_t at = 6, n = r->name.n, d = sizeof digits;
  uint64_t value = (uint64_t)r->duration;
  memcpy(out, "Phase ", 6);
  memcpy(out + at, r->name.p, n), at += n;
  memcpy(out + at, " took ", 6), at += 6;
  do digits[--d] = (char)('0' + value % 10);
  while (value /= 10);
  memcpy(out + at, digits + d, sizeof digits - d), at += sizeof digits - d;
  memcpy(out + at, "ms", 2);
  return at + 2;
}
static size_t (*volatile text_fn)(const row *, char *) = text;

int main(void) {
  static char out[64];
  prepare();
  for (unsigned c = 0; c < CASES; c++) {
    condition_fn volatile fetched = functions[c];
    const condition_fn fn = fetched;
    size_t (*const make)(const row *, char *) = text_fn;
#define EVALUATE(i)                                 \
  do {                                              \
    if (c == CASE_TEXT)                             \
      a.length = make(&rows[i], out), a.text = out; \
    else                                            \
      a.truth = fn(&rows[i]);                       \
  } while (0)
#define BATCH(order, n)                                                 \
  do {                                                                  \
    sum = 0;                                                            \
    if (c == CASE_TEXT)                                                 \
      for (size_t k = 0; k < n; k++) sum += make(&rows[order[k]], out); \
    else                                                                \
      for (size_t k = 0; k < n; k++) sum += fn(&rows[order[k]]);        \
  } while (0)
    MEASURE("native", "call", c, EVALUATE);
    MEASURE_BATCH("native", c, BATCH);
  }
  return 0;
}
