/* cases - the thirteen conditions and thirteen further ones, their sixteen rows
 * of input as a C program would hold them, and what each must give.  Every
 * driver includes this. */
#ifndef BENCH_EXPR_CASES_H
#define BENCH_EXPR_CASES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The conditions from FURTHER on are of the same kinds: they show what was made
 * fast for the first ones only.  Languages that lack one leave it out. */
enum { ROWS = 16, FURTHER = 13, CASES = 26, SAMPLES = 100, MAX_INPUTS = 8, CASE_TEXT = 9 };

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

/* Where a language has no macro for it, loop(list, limit) goes over a list: its
 * test of an element `s`, in Lua and in JavaScript. */
typedef struct loop_test {
  const char *lua, *js;
  bool exists; /* ends at the first element that passes, not at one that fails */
} loop_test;

/* Texts have $name for an input: in call and batch mode a field of the row, in
 * host mode an argument. */
enum { CEL, LUA, JS, EXPR, RUBY, SQL, JQ, LANGUAGES };
typedef struct condition {
  const char *label, *texts[LANGUAGES];
  input inputs[MAX_INPUTS + 1];
  loop_test loop;
} condition;

#define IN(name, type, field) \
  { name, type, offsetof(row, field) }
#define SAME(text) \
  { text, text, text, text, text, text, text }
#define LOOP(test) \
  { test, test, false }

static const condition conditions[CASES] = {
    {"latency > 500.0", SAME("$latency > 500.0"), {IN("latency", NUMBER, latency)}},
    {"latency > 500.0 && error_rate < 0.05",
     {"$latency > 500.0 && $error_rate < 0.05", "$latency > 500.0 and $error_rate < 0.05",
      "$latency > 500.0 && $error_rate < 0.05", "$latency > 500.0 && $error_rate < 0.05",
      "$latency > 500.0 && $error_rate < 0.05", "$latency > 500.0 and $error_rate < 0.05",
      "$latency > 500.0 and $error_rate < 0.05"},
     {IN("latency", NUMBER, latency), IN("error_rate", NUMBER, error_rate)}},
    {"error_rate < 0.05 && succeeded",
     {"$error_rate < 0.05 && $previous_step_succeeded",
      "$error_rate < 0.05 and $previous_step_succeeded",
      "$error_rate < 0.05 && $previous_step_succeeded",
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
      "($b1 && $b2 || !$b3) && ($b4 || !$b5 && $b6) || !($b7 || $b8 && !$b1)",
      "($b1 and $b2 or not $b3) and ($b4 or not $b5 and $b6) or not ($b7 or $b8 and not $b1)",
      "($b1 and $b2 or ($b3|not)) and ($b4 or ($b5|not) and $b6) or ($b7 or $b8 and "
      "($b1|not)|not)"},
     {IN("b1", TRUTH, b1), IN("b2", TRUTH, b2), IN("b3", TRUTH, b3), IN("b4", TRUTH, b4),
      IN("b5", TRUTH, b5), IN("b6", TRUTH, b6), IN("b7", TRUTH, b7), IN("b8", TRUTH, b8)}},
    {"environment == \"staging\"",
     {"$environment == \"staging\"", "$environment == \"staging\"", "$environment === \"staging\"",
      "$environment == \"staging\"", "$environment == \"staging\"", "$environment = 'staging'",
      "$environment == \"staging\""},
     {IN("environment", TEXT, environment)}},
    {"environment in [3 strings]",
     {"$environment in [\"staging\", \"production\", \"qa\"]",
      "$environment == \"staging\" or $environment == \"production\" or $environment == \"qa\"",
      "$environment === \"staging\" || $environment === \"production\" || $environment === \"qa\"",
      "$environment in [\"staging\", \"production\", \"qa\"]",
      "$environment == \"staging\" || $environment == \"production\" || $environment == \"qa\"",
      "$environment in ('staging', 'production', 'qa')",
      "$environment == \"staging\" or $environment == \"production\" or $environment == \"qa\""},
     {IN("environment", TEXT, environment)}},
    {"config.limits.max >= metrics.p99",
     SAME("$config.limits.max_latency_ms >= $metrics.p99"),
     {IN("config.limits.max_latency_ms", NUMBER, max_latency_ms), IN("metrics.p99", NUMBER, p99)}},
    {"(a*b + c) / d > t && a % 7 != 3",
     {"($a * $b + $c) / $d > $threshold && $a % 7 != 3",
      "DIVIDE($a * $b + $c, $d) > $threshold and $a % 7 ~= 3",
      "Math.trunc(($a * $b + $c) / $d) > $threshold && $a % 7 !== 3",
      "($a * $b + $c) / $d > $threshold && $a % 7 != 3",
      "($a * $b + $c) / $d > $threshold && $a % 7 != 3",
      "($a * $b + $c) / $d > $threshold and $a % 7 <> 3",
      "(($a * $b + $c) / $d | floor) > $threshold and $a % 7 != 3"},
     {IN("a", WHOLE, a), IN("b", WHOLE, b), IN("c", WHOLE, c), IN("d", WHOLE, d),
      IN("threshold", WHOLE, threshold)}},
    {"samples.all(s, s < 1000.0)",
     {"$samples.all(s, s < 1000.0)", "loop($samples)", "loop($samples)",
      "all($samples, {# < 1000.0})", "all($samples)", NULL, "$samples | all(. < 1000.0)"},
     {IN("samples", NUMBERS, samples)},
     LOOP("s < 1000.0")},
    {"\"Phase \" + name + string(d)",
     {"\"Phase \" + $name + \" took \" + string($duration) + \"ms\"",
      "\"Phase \" .. $name .. \" took \" .. $duration .. \"ms\"",
      "\"Phase \" + $name + \" took \" + $duration + \"ms\"",
      "\"Phase \" + $name + \" took \" + string($duration) + \"ms\"",
      "\"Phase \" + $name + \" took \" + $duration.to_s + \"ms\"",
      "'Phase ' || $name || ' took ' || $duration || 'ms'",
      "\"Phase \" + $name + \" took \" + ($duration|tostring) + \"ms\""},
     {IN("name", TEXT, name), IN("duration", WHOLE, duration)}},
    {"url.startsWith && !contains",
     {"$url.startsWith(\"/api/\") && !$url.contains(\"admin\")",
      "sub($url, 1, 5) == \"/api/\" and not find($url, \"admin\", 1, true)",
      "$url.startsWith(\"/api/\") && !$url.includes(\"admin\")",
      "$url startsWith \"/api/\" && not ($url contains \"admin\")",
      "$url[0, 5] == \"/api/\" && !$url.include?(\"admin\")",
      "substr($url, 1, 5) = '/api/' and instr($url, 'admin') = 0",
      "($url | startswith(\"/api/\")) and ($url | contains(\"admin\") | not)"},
     {IN("url", TEXT, url)}},
    {"(origin || country) && (v || a)",
     {"($origin == \"MOW\" || $country == \"RU\") && ($value >= 100.0 || $adults == 1)",
      "($origin == \"MOW\" or $country == \"RU\") and ($value >= 100.0 or $adults == 1)",
      "($origin === \"MOW\" || $country === \"RU\") && ($value >= 100.0 || $adults === 1)",
      "($origin == \"MOW\" || $country == \"RU\") && ($value >= 100.0 || $adults == 1)",
      "($origin == \"MOW\" || $country == \"RU\") && ($value >= 100.0 || $adults == 1)",
      "($origin = 'MOW' or $country = 'RU') and ($value >= 100.0 or $adults = 1)",
      "($origin == \"MOW\" or $country == \"RU\") and ($value >= 100.0 or $adults == 1)"},
     {IN("origin", TEXT, origin), IN("country", TEXT, country), IN("value", NUMBER, value),
      IN("adults", WHOLE, adults)}},
    {"user.group in .. || user.id ==",
     {"$user.group in [\"admin\", \"moderator\"] || $user.id == $comment.user_id",
      "$user.group == \"admin\" or $user.group == \"moderator\" or $user.id == $comment.user_id",
      "$user.group === \"admin\" || $user.group === \"moderator\" || $user.id === $comment.user_id",
      "$user.group in [\"admin\", \"moderator\"] || $user.id == $comment.user_id",
      "$user.group == \"admin\" || $user.group == \"moderator\" || $user.id == $comment.user_id",
      "$user.group in ('admin', 'moderator') or $user.id = $comment.user_id",
      "$user.group == \"admin\" or $user.group == \"moderator\" or $user.id == $comment.user_id"},
     {IN("user.group", TEXT, group), IN("user.id", WHOLE, user_id),
      IN("comment.user_id", WHOLE, comment_user_id)}},

    /* FURTHER */
    {"a*3 - b >= c || a == threshold",
     {"$a * 3 - $b >= $c || $a == $threshold", "$a * 3 - $b >= $c or $a == $threshold",
      "$a * 3 - $b >= $c || $a === $threshold", "$a * 3 - $b >= $c || $a == $threshold"},
     {IN("a", WHOLE, a), IN("b", WHOLE, b), IN("c", WHOLE, c), IN("threshold", WHOLE, threshold)}},
    {"user.id in [4 ints]",
     {"$user.id in [1001, 1003, 1005, 1007]",
      "$user.id == 1001 or $user.id == 1003 or $user.id == 1005 or $user.id == 1007",
      "$user.id === 1001 || $user.id === 1003 || $user.id === 1005 || $user.id === 1007",
      "$user.id in [1001, 1003, 1005, 1007]"},
     {IN("user.id", WHOLE, user_id)}},
    {"url.endsWith(..) || environment < \"m\"",
     {"$url.endsWith(\"/admin\") || $environment < \"m\"",
      "sub($url, -6) == \"/admin\" or $environment < \"m\"",
      "$url.endsWith(\"/admin\") || $environment < \"m\"",
      "$url endsWith \"/admin\" || $environment < \"m\""},
     {IN("url", TEXT, url), IN("environment", TEXT, environment)}},
    {"size(url) > 19", /* bytes or UTF-16 units with the rivals */
     {"size($url) > 19", "#$url > 19", "$url.length > 19", "len($url) > 19"},
     {IN("url", TEXT, url)}},
    {"limits.max - p99 > .. && group != ..",
     {"$config.limits.max_latency_ms - $metrics.p99 > 100.0 && $user.group != \"guest\"",
      "$config.limits.max_latency_ms - $metrics.p99 > 100.0 and $user.group ~= \"guest\"",
      "$config.limits.max_latency_ms - $metrics.p99 > 100.0 && $user.group !== \"guest\"",
      "$config.limits.max_latency_ms - $metrics.p99 > 100.0 && $user.group != \"guest\""},
     {IN("config.limits.max_latency_ms", NUMBER, max_latency_ms), IN("metrics.p99", NUMBER, p99),
      IN("user.group", TEXT, group)}},
    {"country in [5] && !(origin in [2])",
     {"$country in [\"BY\", \"KZ\", \"RU\", \"AM\", \"FR\"] && !($origin in [\"PAR\", \"NYC\"])",
      "($country == \"BY\" or $country == \"KZ\" or $country == \"RU\" or $country == \"AM\" or "
      "$country == \"FR\") and not ($origin == \"PAR\" or $origin == \"NYC\")",
      "($country === \"BY\" || $country === \"KZ\" || $country === \"RU\" || $country === \"AM\" "
      "|| $country === \"FR\") && !($origin === \"PAR\" || $origin === \"NYC\")",
      "$country in [\"BY\", \"KZ\", \"RU\", \"AM\", \"FR\"] && not ($origin in [\"PAR\", "
      "\"NYC\"])"},
     {IN("country", TEXT, country), IN("origin", TEXT, origin)}},
    {"latency > .. ? .. : b1 ? .. : ..",
     {"$latency > 500.0 ? $error_rate < 0.05 : $b1 ? $value >= 100.0 : $adults == 2",
      "$latency > 500.0 and $error_rate < 0.05 or not ($latency > 500.0) and ($b1 and $value >= "
      "100.0 or not $b1 and $adults == 2)",
      "$latency > 500.0 ? $error_rate < 0.05 : $b1 ? $value >= 100.0 : $adults === 2",
      "$latency > 500.0 ? $error_rate < 0.05 : ($b1 ? $value >= 100.0 : $adults == 2)"},
     {IN("latency", NUMBER, latency), IN("error_rate", NUMBER, error_rate), IN("b1", TRUTH, b1),
      IN("value", NUMBER, value), IN("adults", WHOLE, adults)}},
    {"samples.exists(s, s >= 1000.0)",
     {"$samples.exists(s, s >= 1000.0)", "loop($samples)", "loop($samples)",
      "any($samples, {# >= 1000.0})"},
     {IN("samples", NUMBERS, samples)},
     {"s >= 1000.0", "s >= 1000.0", true}},
    {"samples.exists(s, .. && ..)",
     {"$samples.exists(s, s > 990.0 && s < 995.0)", "loop($samples)", "loop($samples)",
      "any($samples, {# > 990.0 && # < 995.0})"},
     {IN("samples", NUMBERS, samples)},
     {"s > 990.0 and s < 995.0", "s > 990.0 && s < 995.0", true}},
    {"samples.all(s, s >= value - 150.0)",
     {"$samples.all(s, s >= $value - 150.0)", "loop($samples, $value - 150.0)",
      "loop($samples, $value - 150.0)", "all($samples, {# >= $value - 150.0})"},
     {IN("samples", NUMBERS, samples), IN("value", NUMBER, value)},
     LOOP("s >= limit")},
    {"1000.0 in samples",
     {"1000.0 in $samples", "loop($samples)", "$samples.includes(1000.0)", "1000.0 in $samples"},
     {IN("samples", NUMBERS, samples)},
     {"s == 1000.0", "s === 1000.0", true}},
    {"latency * adults + duration / 2000.0",
     {"$latency * $adults + $duration / 2000.0 > 700.0",
      "$latency * $adults + $duration / 2000.0 > 700.0",
      "$latency * $adults + $duration / 2000.0 > 700.0",
      "$latency * $adults + $duration / 2000.0 > 700.0"},
     {IN("latency", NUMBER, latency), IN("adults", WHOLE, adults),
      IN("duration", WHOLE, duration)}},
    {"!(latency > .. || !b) && -value < -50.0",
     {"!($latency > 500.0 || !$previous_step_succeeded) && -$value < -50.0",
      "not ($latency > 500.0 or not $previous_step_succeeded) and -$value < -50.0",
      "!($latency > 500.0 || !$previous_step_succeeded) && -$value < -50.0",
      "not ($latency > 500.0 || not $previous_step_succeeded) && -$value < -50.0"},
     {IN("latency", NUMBER, latency), IN("previous_step_succeeded", TRUTH, succeeded),
      IN("value", NUMBER, value)}},
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

/* How many samples lie in [least, below). */
static inline unsigned samples_within(const row *r, double least, double below) {
  unsigned n = 0;
  for (unsigned i = 0; i < SAMPLES; i++) n += r->samples[i] >= least && r->samples[i] < below;
  return n;
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
    case 8: return samples_within(r, 0, 1000) == SAMPLES;
    case 10: return strncmp(r->url.p, "/api/", 5) == 0 && strstr(r->url.p, "admin") == NULL;
    case 11:
      return (is(r->origin, "MOW") || is(r->country, "RU")) &&
             (r->value >= 100.0 || r->adults == 1);
    case 12:
      return is(r->group, "admin") || is(r->group, "moderator") || r->user_id == r->comment_user_id;
    case 13: return r->a * 3 - r->b >= r->c || r->a == r->threshold;
    case 14: return r->user_id == 1001 || r->user_id == 1003;
    case 15: return is((slice){r->url.p + r->url.n - 6, 6}, "/admin") || r->environment.p[0] < 'm';
    case 16: return r->url.n > 19;
    case 17: return r->max_latency_ms - r->p99 > 100.0 && !is(r->group, "guest");
    case 18: return !is(r->country, "US") && (is(r->origin, "MOW") || is(r->origin, "LED"));
    case 19:
      return r->latency > 500.0 ? r->error_rate < 0.05 : r->b1 ? r->value >= 100.0 : r->adults == 2;
    case 20:
    case 23: return samples_within(r, 1000, 1001) != 0;
    case 21: return samples_within(r, 991, 995) != 0; /* they are whole numbers */
    case 22: return samples_within(r, r->value - 150.0, 1001) == SAMPLES;
    case 24: return r->latency * (double)r->adults + (double)r->duration / 2000.0 > 700.0;
    case 25: return r->latency <= 500.0 && r->succeeded && r->value > 50.0;
    default: return false;
  }
}

static inline size_t expected_text(const row *r, char out[64]) {
  return (size_t)snprintf(out, 64, "Phase %s took %lldms", r->name.p, (long long)r->duration);
}

static inline bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* The input whose name stands at `text`, whole. */
static inline const input *input_named(unsigned c, const char *text) {
  for (const input *in = conditions[c].inputs; in->type; in++) {
    const size_t n = strlen(in->name);
    if (strncmp(in->name, text, n) == 0 && !is_word(text[n])) return in;
  }
  return NULL;
}

/* The text of condition c: $name becomes `prefix` and the name, with `dot` for
 * each dot in it.  False when the language leaves the condition out. */
static inline bool write_text(char *out, size_t size, unsigned c, int language, const char *prefix,
                              const char *dot) {
  size_t at = 0;
  *out = '\0';
  if (conditions[c].texts[language] == NULL) return false;
  for (const char *t = conditions[c].texts[language]; *t && at + 80 < size; t++) {
    const input *in = *t == '$' ? input_named(c, t + 1) : NULL;
    if (in == NULL) {
      out[at++] = *t;
      continue;
    }
    at += (size_t)snprintf(out + at, size - at, "%s", prefix);
    for (const char *n = in->name; *n; n++)
      at += (size_t)snprintf(out + at, size - at, "%.*s", 1, *n == '.' ? dot : n);
    t += strlen(in->name);
  }
  out[at] = '\0';
  return true;
}

/* function loop of condition c; `format` has a place for "not", the test, and
 * what it gives at once and at the end. */
static inline void write_loop(char *out, size_t size, unsigned c, int language,
                              const char *format) {
  const loop_test *l = &conditions[c].loop;
  const char *test = language == LUA ? l->lua : l->js;
  *out = '\0';
  if (test == NULL) return;
  snprintf(out, size, format,
           l->exists         ? ""
           : language == LUA ? "not "
                             : "!",
           test, l->exists ? "true" : "false", l->exists ? "false" : "true");
}
#define JS_LOOP                                                                               \
  "function loop(list, limit) { for (var i = 0; i < list.length; i++) { var s = list[i]; if " \
  "(%s(%s)) return %s; } return %s; }\n"

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
