/* cases - the thirteen conditions, their sixteen rows of input as a C program
 * would hold them, and what each must give.  Every driver includes this. */
#ifndef BENCH_EXPR_CASES_H
#define BENCH_EXPR_CASES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 16, CASES = 13, SAMPLES = 100, MAX_INPUTS = 8, CASE_TEXT = 9 };

/* Text as C programs that care hold it; also NUL-terminated. */
typedef struct slice {
  const char *p;
  size_t n;
} slice;

typedef struct row {
  double latency, error_rate, max_latency_ms, p99, value;
  int64_t a, b, c, d, threshold, duration, adults, user_id, comment_user_id;
  bool succeeded, b1, b2, b3, b4, b5, b6, b7, b8;
  slice environment, name, url, origin, country, group;
  double samples[SAMPLES];
} row;

typedef enum input_type { END_OF_INPUTS, NUMBER, WHOLE, TRUTH, TEXT, NUMBERS } input_type;
typedef struct input {
  const char *name; /* dotted when it lies in an object */
  input_type type;
  size_t offset;
} input;

/* Texts have $name for an input: in call and batch mode a field of the row, in
 * host mode an argument.  Languages: CEL, Lua, JavaScript, Ruby, SQL, jq. */
enum { CEL, LUA, JS, RUBY, SQL, JQ, LANGUAGES };
typedef struct condition {
  const char *label, *texts[LANGUAGES];
  input inputs[MAX_INPUTS + 1];
} condition;

#define IN(name, type, field) \
  { name, type, offsetof(row, field) }
#define SAME(text) \
  { text, text, text, text, text, text }

static const condition conditions[CASES] = {
    {"latency > 500.0", SAME("$latency > 500.0"), {IN("latency", NUMBER, latency)}},
    {"latency > 500.0 && error_rate < 0.05",
     {"$latency > 500.0 && $error_rate < 0.05", "$latency > 500.0 and $error_rate < 0.05",
      "$latency > 500.0 && $error_rate < 0.05", "$latency > 500.0 && $error_rate < 0.05",
      "$latency > 500.0 and $error_rate < 0.05", "$latency > 500.0 and $error_rate < 0.05"},
     {IN("latency", NUMBER, latency), IN("error_rate", NUMBER, error_rate)}},
    {"error_rate < 0.05 && previous_step_succeeded",
     {"$error_rate < 0.05 && $previous_step_succeeded",
      "$error_rate < 0.05 and $previous_step_succeeded",
      "$error_rate < 0.05 && $previous_step_succeeded",
      "$error_rate < 0.05 && $previous_step_succeeded",
      "$error_rate < 0.05 and $previous_step_succeeded",
      "$error_rate < 0.05 and $previous_step_succeeded"},
     {IN("error_rate", NUMBER, error_rate), IN("previous_step_succeeded", TRUTH, succeeded)}},
    {"and/or/not over 8 variables",
     {"($b1 && $b2 || !$b3) && ($b4 || !$b5 && $b6) || !($b7 || $b8 && !$b1)",
      "($b1 and $b2 or not $b3) and ($b4 or not $b5 and $b6) or not ($b7 or $b8 and not $b1)",
      "($b1 && $b2 || !$b3) && ($b4 || !$b5 && $b6) || !($b7 || $b8 && !$b1)",
      "($b1 && $b2 || !$b3) && ($b4 || !$b5 && $b6) || !($b7 || $b8 && !$b1)",
      "($b1 and $b2 or not $b3) and ($b4 or not $b5 and $b6) or not ($b7 or $b8 and not $b1)",
      "($b1 and $b2 or ($b3|not)) and ($b4 or ($b5|not) and $b6) or ($b7 or $b8 and "
      "($b1|not)|not)"},
     {IN("b1", TRUTH, b1), IN("b2", TRUTH, b2), IN("b3", TRUTH, b3), IN("b4", TRUTH, b4),
      IN("b5", TRUTH, b5), IN("b6", TRUTH, b6), IN("b7", TRUTH, b7), IN("b8", TRUTH, b8)}},
    {"environment == \"staging\"",
     {"$environment == \"staging\"", "$environment == \"staging\"", "$environment === \"staging\"",
      "$environment == \"staging\"", "$environment = 'staging'", "$environment == \"staging\""},
     {IN("environment", TEXT, environment)}},
    {"environment in [3 strings]",
     {"$environment in [\"staging\", \"production\", \"qa\"]",
      "$environment == \"staging\" or $environment == \"production\" or $environment == \"qa\"",
      "$environment === \"staging\" || $environment === \"production\" || $environment === \"qa\"",
      "$environment == \"staging\" || $environment == \"production\" || $environment == \"qa\"",
      "$environment in ('staging', 'production', 'qa')",
      "$environment == \"staging\" or $environment == \"production\" or $environment == \"qa\""},
     {IN("environment", TEXT, environment)}},
    {"config.limits.max_latency_ms >= metrics.p99",
     SAME("$config.limits.max_latency_ms >= $metrics.p99"),
     {IN("config.limits.max_latency_ms", NUMBER, max_latency_ms), IN("metrics.p99", NUMBER, p99)}},
    {"(a*b + c) / d > threshold && a % 7 != 3",
     {"($a * $b + $c) / $d > $threshold && $a % 7 != 3",
      "DIVIDE($a * $b + $c, $d) > $threshold and $a % 7 ~= 3",
      "Math.trunc(($a * $b + $c) / $d) > $threshold && $a % 7 !== 3",
      "($a * $b + $c) / $d > $threshold && $a % 7 != 3",
      "($a * $b + $c) / $d > $threshold and $a % 7 <> 3",
      "(($a * $b + $c) / $d | floor) > $threshold and $a % 7 != 3"},
     {IN("a", WHOLE, a), IN("b", WHOLE, b), IN("c", WHOLE, c), IN("d", WHOLE, d),
      IN("threshold", WHOLE, threshold)}},
    {"samples.all(s, s < 1000.0)",
     {"$samples.all(s, s < 1000.0)", "ALL($samples)", "all($samples)", "all($samples)", NULL,
      "$samples | all(. < 1000.0)"},
     {IN("samples", NUMBERS, samples)}},
    {"\"Phase \" + name + \" took \" + string(...)",
     {"\"Phase \" + $name + \" took \" + string($duration) + \"ms\"",
      "\"Phase \" .. $name .. \" took \" .. $duration .. \"ms\"",
      "\"Phase \" + $name + \" took \" + $duration + \"ms\"",
      "\"Phase \" + $name + \" took \" + $duration.to_s + \"ms\"",
      "'Phase ' || $name || ' took ' || $duration || 'ms'",
      "\"Phase \" + $name + \" took \" + ($duration|tostring) + \"ms\""},
     {IN("name", TEXT, name), IN("duration", WHOLE, duration)}},
    {"url.startsWith(..) && !url.contains(..)",
     {"$url.startsWith(\"/api/\") && !$url.contains(\"admin\")",
      "sub($url, 1, 5) == \"/api/\" and not find($url, \"admin\", 1, true)",
      "$url.startsWith(\"/api/\") && !$url.includes(\"admin\")",
      "$url[0, 5] == \"/api/\" && !$url.include?(\"admin\")",
      "substr($url, 1, 5) = '/api/' and instr($url, 'admin') = 0",
      "($url | startswith(\"/api/\")) and ($url | contains(\"admin\") | not)"},
     {IN("url", TEXT, url)}},
    {"(origin == .. || country == ..) && (value >= ..)",
     {"($origin == \"MOW\" || $country == \"RU\") && ($value >= 100.0 || $adults == 1)",
      "($origin == \"MOW\" or $country == \"RU\") and ($value >= 100.0 or $adults == 1)",
      "($origin === \"MOW\" || $country === \"RU\") && ($value >= 100.0 || $adults === 1)",
      "($origin == \"MOW\" || $country == \"RU\") && ($value >= 100.0 || $adults == 1)",
      "($origin = 'MOW' or $country = 'RU') and ($value >= 100.0 or $adults = 1)",
      "($origin == \"MOW\" or $country == \"RU\") and ($value >= 100.0 or $adults == 1)"},
     {IN("origin", TEXT, origin), IN("country", TEXT, country), IN("value", NUMBER, value),
      IN("adults", WHOLE, adults)}},
    {"user.group in [..] || user.id == comment.user_id",
     {"$user.group in [\"admin\", \"moderator\"] || $user.id == $comment.user_id",
      "$user.group == \"admin\" or $user.group == \"moderator\" or $user.id == $comment.user_id",
      "$user.group === \"admin\" || $user.group === \"moderator\" || $user.id === $comment.user_id",
      "$user.group == \"admin\" || $user.group == \"moderator\" || $user.id == $comment.user_id",
      "$user.group in ('admin', 'moderator') or $user.id = $comment.user_id",
      "$user.group == \"admin\" or $user.group == \"moderator\" or $user.id == $comment.user_id"},
     {IN("user.group", TEXT, group), IN("user.id", WHOLE, user_id),
      IN("comment.user_id", WHOLE, comment_user_id)}},
};

/* ---- rows ---- */

static inline uint64_t next_random(uint64_t *x) {
  *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
  return *x >> 16;
}

static inline slice pick(uint64_t *x, const char *const *words, unsigned n) {
  const char *word = words[next_random(x) % n];
  return (slice){word, strlen(word)};
}

static inline void fill_row(row *r, uint64_t *x, unsigned i) {
  static const char *const environments[] = {"staging", "production", "qa", "development", "local"};
  static const char *const names[] = {"warm_up", "baseline", "spike", "recovery",
                                      "soak_for_an_hour"};
  static const char *const urls[] = {"/api/v1/orders/12345", "/api/v2/admin/users",
                                     "/static/logo.svg",     "/api/checkout?cart=77&coupon=SPRING",
                                     "/admin/api/login",     "/api/v1/users/42/admin"};
  static const char *const origins[] = {"MOW", "LED", "PAR", "NYC"};
  static const char *const countries[] = {"RU", "FR", "US"};
  static const char *const groups[] = {"admin", "moderator", "user", "guest", "supporter"};
  r->latency = (double)(next_random(x) % 1000) + 0.5;
  r->error_rate = (double)(next_random(x) % 100) / 1000;
  r->max_latency_ms = (double)(next_random(x) % 1000);
  r->p99 = (double)(next_random(x) % 1000);
  r->value = (double)(next_random(x) % 200);
  r->a = (int64_t)(next_random(x) % 1000), r->b = (int64_t)(next_random(x) % 100);
  r->c = (int64_t)(next_random(x) % 5000), r->d = 1 + (int64_t)(next_random(x) % 50);
  r->threshold = (int64_t)(next_random(x) % 3000);
  r->duration = (int64_t)(next_random(x) % 100000);
  r->adults = 1 + (int64_t)(next_random(x) % 2);
  r->user_id = 1000 + (int64_t)(next_random(x) % 4);
  r->comment_user_id = 1000 + (int64_t)(next_random(x) % 4);
  r->succeeded = next_random(x) & 1;
  r->b1 = next_random(x) & 1, r->b2 = next_random(x) & 1, r->b3 = next_random(x) & 1;
  r->b4 = next_random(x) & 1, r->b5 = next_random(x) & 1, r->b6 = next_random(x) & 1;
  r->b7 = next_random(x) & 1, r->b8 = next_random(x) & 1;
  r->environment = pick(x, environments, 5), r->name = pick(x, names, 5);
  r->url = pick(x, urls, 6), r->origin = pick(x, origins, 4);
  r->country = pick(x, countries, 3), r->group = pick(x, groups, 5);
  for (unsigned k = 0; k < SAMPLES; k++) r->samples[k] = (double)(next_random(x) % 1000);
  if (i % 4 == 3) r->samples[50 + i] = 1000.0; /* a quarter of the rows breaks the rule */
}

static row rows[ROWS];

static inline void fill_rows(void) {
  uint64_t x = UINT64_C(88172645463325252);
  for (unsigned i = 0; i < ROWS; i++) fill_row(&rows[i], &x, i);
}

/* ---- what each must give ---- */

static inline bool is(slice s, const char *t) { return strcmp(s.p, t) == 0; }

static inline bool all_below(const double *samples) {
  for (unsigned i = 0; i < SAMPLES; i++)
    if (!(samples[i] < 1000.0)) return false;
  return true;
}

/* Written plainly, and apart from the native driver, to check that one too. */
static inline bool expected_truth(unsigned c, const row *r) {
  switch (c) {
    case 0: return r->latency > 500.0;
    case 1: return r->latency > 500.0 && r->error_rate < 0.05;
    case 2: return r->error_rate < 0.05 && r->succeeded;
    case 3:
      return ((r->b1 && r->b2) || !r->b3)
                 ? ((r->b4 || (!r->b5 && r->b6)) || !(r->b7 || (r->b8 && !r->b1)))
                 : !(r->b7 || (r->b8 && !r->b1));
    case 4: return is(r->environment, "staging");
    case 5:
      return is(r->environment, "staging") || is(r->environment, "production") ||
             is(r->environment, "qa");
    case 6: return r->max_latency_ms >= r->p99;
    case 7: return (r->a * r->b + r->c) / r->d > r->threshold && r->a % 7 != 3;
    case 8: return all_below(r->samples);
    case 10: return strncmp(r->url.p, "/api/", 5) == 0 && strstr(r->url.p, "admin") == NULL;
    case 11:
      return (is(r->origin, "MOW") || is(r->country, "RU")) &&
             (r->value >= 100.0 || r->adults == 1);
    case 12:
      return is(r->group, "admin") || is(r->group, "moderator") || r->user_id == r->comment_user_id;
    default: return false;
  }
}

static inline size_t expected_text(const row *r, char out[64]) {
  return (size_t)snprintf(out, 64, "Phase %s took %lldms", r->name.p, (long long)r->duration);
}

/* The text of condition c: $name becomes `prefix` and the name, with `dot` for
 * each dot in it. */
static inline void write_text(char *out, size_t size, unsigned c, int language, const char *prefix,
                              const char *dot) {
  const char *t = conditions[c].texts[language];
  size_t at = 0;
  bool inside = false;
  for (; t && *t && at + 80 < size; t++) {
    const bool word = (*t >= 'a' && *t <= 'z') || (*t >= '0' && *t <= '9') || *t == '_' ||
                      (*t == '.' && t[1] >= 'a' && t[1] <= 'z' && strncmp(t, ".all(", 5) &&
                       strncmp(t, ".to_s", 5) && strncmp(t, ".include", 8) &&
                       strncmp(t, ".startsWith", 11) && strncmp(t, ".contains", 9));
    if (*t == '$') {
      at += (size_t)snprintf(out + at, size - at, "%s", prefix);
      inside = true;
    } else if (inside && *t == '.' && word) {
      at += (size_t)snprintf(out + at, size - at, "%s", dot);
    } else {
      inside = inside && word;
      out[at++] = *t;
    }
  }
  out[at] = '\0';
}

/* "latency, error_rate": the names of condition c's inputs, as arguments. */
static inline void write_parameters(char *out, size_t size, unsigned c) {
  size_t at = 0;
  *out = '\0';
  for (const input *in = conditions[c].inputs; in->type; in++)
    at += (size_t)snprintf(out + at, size - at, "%s%s", at ? ", " : "", in->name);
  for (; *out; out++)
    if (*out == '.') *out = '_';
}
#endif
