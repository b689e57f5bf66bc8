/* SPDX-License-Identifier: MIT */
/* Conditions over changing inputs, one mf_eval a row, beside the same condition
 * as a C function (gcc -O2, not inlined, reading the same memory), turn by turn. */
#include "timing.h"

enum { ROWS = 1024, SLOTS = 4, MAX_ROUNDS = 400 };

typedef struct row {
  mf_value slots[SLOTS];
} row;
typedef int64_t (*native_fn)(const mf_value *slots);
typedef struct subject {
  const char *text;
  native_fn native;
} subject;

/* Slots: latency (double), error_rate (double), n (int), name (string). */
static const char *const names[SLOTS] = {"latency", "error_rate", "n", "name"};
#define LATENCY slots[0].as.d
#define ERROR_RATE slots[1].as.d
#define N slots[2].as.i
#define NATIVE(name, result) \
  __attribute__((noinline)) static int64_t name(const mf_value *slots) { return (result); }

static bool name_is(const mf_value *v, const char *text, size_t n) {
  return v->len == n && memcmp(v->as.s, text, n) == 0;
}
NATIVE(native_condition, LATENCY > 500.0 && ERROR_RATE < 0.05)
NATIVE(native_compare, LATENCY > 500.0)
NATIVE(native_arithmetic, (LATENCY + 100.0) * 2.0 - ERROR_RATE > 900.0)
NATIVE(native_integers, N % 7 == 3 || N > 1000)
NATIVE(native_choose, N > 500 ? N - 500 : 500 - N)
NATIVE(native_text, name_is(&slots[3], "checkout", 8) && LATENCY > 200.0)
NATIVE(native_in, N == 1 || N == 2 || N == 3 || N == 5 || N == 8 || N == 13)

static const subject subjects[] = {
    {"latency > 500.0 && error_rate < 0.05", native_condition},
    {"latency > 500.0", native_compare},
    {"(latency + 100.0) * 2.0 - error_rate > 900.0", native_arithmetic},
    {"n % 7 == 3 || n > 1000", native_integers},
    {"n > 500 ? n - 500 : 500 - n", native_choose},
    {"name == 'checkout' && latency > 200.0", native_text},
    {"n in [1, 2, 3, 5, 8, 13]", native_in},
};

static void fill(row *rows) {
  static const char *const words[] = {"checkout", "search", "cart", "checkins"};
  uint64_t x = 88172645463325252u;
  for (size_t i = 0; i < ROWS; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    const char *word = words[(x >> 40) % 4];
    rows[i].slots[0] = (mf_value){.kind = MF_DOUBLE, .as.d = (double)(x % 1000)};
    rows[i].slots[1] = (mf_value){.kind = MF_DOUBLE, .as.d = (double)(x >> 20 & 1023) / 10240};
    rows[i].slots[2] = (mf_value){.kind = MF_INT, .as.i = (int64_t)(x >> 30 & 1023)};
    rows[i].slots[3] = (mf_value){.kind = MF_STRING, .len = (uint32_t)strlen(word), .as.s = word};
  }
}

static double time_native(native_fn native, const row *rows, int64_t *sum) {
  const double begin = now_seconds();
  int64_t total = 0;
  for (size_t i = 0; i < ROWS; i++) {
    total += native(rows[i].slots);
    KEEP(total);
  }
  *sum = total;
  return now_seconds() - begin;
}

static double time_eval(const mf_program *program, mf_evaluator *evaluator, const row *rows,
                        int64_t *sum) {
  const double begin = now_seconds();
  int64_t total = 0;
  for (size_t i = 0; i < ROWS; i++) {
    mf_value result;
    if (mf_eval(program, evaluator, rows[i].slots, &result) != MF_OK) exit(1);
    total += result.as.i;
    KEEP(total);
  }
  *sum = total;
  return now_seconds() - begin;
}

static void measure(const subject *s, const row *rows, mf_evaluator *evaluator) {
  static double ours[MAX_ROUNDS], theirs[MAX_ROUNDS], ratios[MAX_ROUNDS];
  char message[256] = "";
  mf_program *program = NULL;
  size_t rounds = 0;
  int64_t mine = 0, expected = 0;
  must(mf_program_compile(NULL, (mf_str){s->text, strlen(s->text)}, names, SLOTS, &program, message,
                          sizeof message) == MF_OK,
       message);
  time_eval(program, evaluator, rows, &mine);
  const double end = now_seconds() + 0.25;
  while (rounds < MAX_ROUNDS && (rounds < 20 || now_seconds() < end)) {
    theirs[rounds] = time_native(s->native, rows, &expected);
    ours[rounds] = time_eval(program, evaluator, rows, &mine);
    ratios[rounds] = ours[rounds] / theirs[rounds];
    rounds++;
  }
  must(mine == expected, "the expression and the C function disagree");
  printf("| %-46s | %7.1f | %5.1f | %5.1f |\n", s->text, median(ours, rounds) * 1e9 / ROWS,
         median(theirs, rounds) * 1e9 / ROWS, median(ratios, rounds));
  mf_program_free(program);
}

int main(void) {
  static row rows[ROWS];
  mf_evaluator *evaluator = NULL;
  must(mf_evaluator_new(NULL, &evaluator) == MF_OK, "no evaluator");
  fill(rows);
  printf(
      "eval: one mf_eval a row, inputs change (%d rows)\n"
      "| expression                                     | mfvm ns |  C ns | ratio |\n"
      "|------------------------------------------------|---------|-------|-------|\n",
      ROWS);
  for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
    measure(&subjects[i], rows, evaluator);
  mf_evaluator_free(evaluator);
  return 0;
}
