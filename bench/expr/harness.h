/* harness - how every driver measures: evaluations in changing order, each
 * checked, in rounds that `run` interleaves with those of the rivals.
 *
 * A driver is called with the number of rounds' name and prints one line a
 * measurement: engine, mode, order, condition, ns. */
#ifndef BENCH_EXPR_HARNESS_H
#define BENCH_EXPR_HARNESS_H
#include "cases.h"

#include <stdlib.h>
#include <time.h>

enum { SHORT_ORDER = 1024, LONG_ORDER = 131072 };
#define KEEP(x) __asm__ volatile("" : : "r"(x) : "memory")

static inline double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline void must(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "bench: %s\n", what);
  exit(1);
}

/* A predictable and an unpredictable order of rows; `length` steps. */
static inline void fill_order(uint8_t *order, size_t length) {
  uint64_t x = UINT64_C(0x9e3779b97f4a7c15);
  for (size_t i = 0; i < length; i++) order[i] = next_random(&x) % ROWS;
}

/* The result of an evaluation as a driver hands it over. */
typedef struct answer {
  bool truth;
  const char *text; /* of CASE_TEXT */
  size_t length;
} answer;

static bool truths[CASES][ROWS];
static char texts[ROWS][64];
static size_t text_lengths[ROWS];

static inline void fill_expected(void) {
  for (unsigned i = 0; i < ROWS; i++) {
    text_lengths[i] = expected_text(&rows[i], texts[i]);
    for (unsigned c = 0; c < CASES; c++) truths[c][i] = expected_truth(c, &rows[i]);
  }
}

static inline bool answer_ok(unsigned c, unsigned i, const answer *a) {
  if (c != CASE_TEXT) return a->truth == truths[c][i];
  return a->length == text_lengths[i] && memcmp(a->text, texts[i], a->length) == 0;
}

/* One loop over an order; EVALUATE(i) sets `a`.  A macro, so that what is
 * measured is the rival's call and nothing around it. */
#define MEASURE(engine, mode, c, EVALUATE)                                                       \
  do {                                                                                           \
    for (int o_ = 0; o_ < 2; o_++) {                                                             \
      const size_t length_ = o_ ? LONG_ORDER : SHORT_ORDER;                                      \
      const size_t repeats_ = o_ ? 1 : repeats_of_short_order;                                   \
      size_t wrong_ = 0;                                                                         \
      for (size_t k_ = 0; k_ < SHORT_ORDER; k_++) {                                              \
        const unsigned i = long_order[k_];                                                       \
        answer a = {0};                                                                          \
        EVALUATE(i);                                                                             \
        must(answer_ok((c), i, &a), engine ": wrong result");                                    \
      }                                                                                          \
      const double begin_ = now_ns();                                                            \
      for (size_t n_ = 0; n_ < repeats_; n_++)                                                   \
        for (size_t k_ = 0; k_ < length_; k_++) {                                                \
          const unsigned i = o_ ? long_order[k_] : short_order[k_];                              \
          answer a;                                                                              \
          EVALUATE(i);                                                                           \
          if ((c) == CASE_TEXT)                                                                  \
            wrong_ += a.length ^ text_lengths[i];                                                \
          else                                                                                   \
            wrong_ += (size_t)a.truth ^ (size_t)truths[c][i];                                    \
        }                                                                                        \
      const double ns_ = (now_ns() - begin_) / (double)(length_ * repeats_);                     \
      must(wrong_ == 0, engine ": wrong result");                                                \
      printf("%s\t%s\t%s\t%u\t%.3f\n", engine, mode, o_ ? "long" : "short", (unsigned)(c), ns_); \
    }                                                                                            \
  } while (0)

/* Batch: BATCH(order, length) evaluates all and leaves in `sum` how many were
 * true, or how many bytes the texts had. */
#define MEASURE_BATCH(engine, c, BATCH)                                                       \
  do {                                                                                        \
    for (int o_ = 0; o_ < 2; o_++) {                                                          \
      const size_t length_ = o_ ? LONG_ORDER : SHORT_ORDER;                                   \
      const size_t repeats_ = o_ ? 1 : repeats_of_short_order;                                \
      const uint8_t *const order_ = o_ ? long_order : short_order;                            \
      uint64_t sum = 0;                                                                       \
      BATCH(order_, length_);                                                                 \
      must(sum == expected_sum((c), order_, length_), engine ": wrong result");               \
      const double begin_ = now_ns();                                                         \
      for (size_t n_ = 0; n_ < repeats_; n_++) {                                              \
        BATCH(order_, length_);                                                               \
        must(sum == expected_sum_known[c][o_], engine ": wrong result");                      \
      }                                                                                       \
      const double ns_ = (now_ns() - begin_) / (double)(length_ * repeats_);                  \
      printf("%s\tbatch\t%s\t%u\t%.3f\n", engine, o_ ? "long" : "short", (unsigned)(c), ns_); \
    }                                                                                         \
  } while (0)

static uint8_t short_order[SHORT_ORDER], long_order[LONG_ORDER];
static uint64_t expected_sum_known[CASES][2];
static size_t repeats_of_short_order = 32;

static inline uint64_t expected_sum(unsigned c, const uint8_t *order, size_t length) {
  uint64_t sum = 0;
  for (size_t k = 0; k < length; k++)
    sum += c == CASE_TEXT ? text_lengths[order[k]] : truths[c][order[k]];
  return sum;
}

static inline void prepare(void) {
  fill_rows();
  fill_expected();
  fill_order(short_order, SHORT_ORDER);
  fill_order(long_order, LONG_ORDER);
  for (unsigned c = 0; c < CASES; c++) {
    expected_sum_known[c][0] = expected_sum(c, short_order, SHORT_ORDER);
    expected_sum_known[c][1] = expected_sum(c, long_order, LONG_ORDER);
  }
}

/* ---- inputs of a row ---- */

static inline const void *input_of(const row *r, const input *in) {
  return (const char *)r + in->offset;
}
static inline double number_of(const row *r, const input *in) {
  return *(const double *)input_of(r, in);
}
static inline int64_t whole_of(const row *r, const input *in) {
  return *(const int64_t *)input_of(r, in);
}
static inline bool truth_of(const row *r, const input *in) {
  return *(const bool *)input_of(r, in);
}
static inline slice text_of(const row *r, const input *in) {
  return *(const slice *)input_of(r, in);
}

/* A row as a JSON object, for engines that read it. */
static inline const char *row_json(unsigned i) {
  static char out[16384];
  const row *r = &rows[i];
  size_t at = (size_t)snprintf(
      out, sizeof out,
      "{\"latency\": %.17g, \"error_rate\": %.17g, \"value\": %.17g, \"a\": %lld, \"b\": %lld, "
      "\"c\": %lld, "
      "\"d\": %lld, \"threshold\": %lld, \"duration\": %lld, \"adults\": %lld, "
      "\"previous_step_succeeded\": %s",
      r->latency, r->error_rate, r->value, (long long)r->a, (long long)r->b, (long long)r->c,
      (long long)r->d, (long long)r->threshold, (long long)r->duration, (long long)r->adults,
      r->succeeded ? "true" : "false");
  for (unsigned k = 0; k < 8; k++)
    at += (size_t)snprintf(out + at, sizeof out - at, ", \"b%u\": %s", k + 1,
                           (&r->b1)[k] ? "true" : "false");
  at += (size_t)snprintf(
      out + at, sizeof out - at,
      ", \"environment\": \"%s\", \"name\": \"%s\", \"url\": \"%s\", \"origin\": \"%s\", "
      "\"country\": \"%s\", "
      "\"config\": {\"limits\": {\"max_latency_ms\": %.17g}}, \"metrics\": {\"p99\": %.17g}, "
      "\"user\": {\"group\": \"%s\", \"id\": %lld}, \"comment\": {\"user_id\": %lld}, \"samples\": "
      "[",
      r->environment.p, r->name.p, r->url.p, r->origin.p, r->country.p, r->max_latency_ms, r->p99,
      r->group.p, (long long)r->user_id, (long long)r->comment_user_id);
  for (unsigned k = 0; k < SAMPLES; k++)
    at += (size_t)snprintf(out + at, sizeof out - at, "%s%.17g", k ? ", " : "", r->samples[k]);
  snprintf(out + at, sizeof out - at, "]}");
  return out;
}
#endif
