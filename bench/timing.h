/* timing - what the benchmarks share: a clock, medians, and documents of any
 * size.  Each benchmark is a program of its own that prints a table. */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H
#include <fcntl.h>
#include <mfvm.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double now_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline int bench_compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Sorts `samples`; 0 when there are none. */
static inline double median(double *samples, size_t n) {
  if (n == 0) return 0;
  qsort(samples, n, sizeof *samples, bench_compare);
  return n % 2 ? samples[n / 2] : (samples[n / 2 - 1] + samples[n / 2]) / 2;
}

/* A number that says nothing is better than none: a benchmark that breaks stops. */
static inline void must(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "bench: %s\n", what);
  exit(1);
}

/* Keeps a result alive without costing more than a register. */
#define KEEP(x) __asm__ volatile("" : : "r"(x) : "memory")

/* Starts a program whose standard output goes nowhere. */
static inline pid_t start_quietly(char *const *argv) {
  extern char **environ;
  posix_spawn_file_actions_t actions;
  pid_t pid;
  must(posix_spawn_file_actions_init(&actions) == 0 &&
           posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) == 0 &&
           posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) == 0,
       "cannot start a program");
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

/* A document of n steps, each written by `step` (at most 160 bytes). */
static inline char *bench_document(size_t n, int (*step)(char *out, size_t size, size_t i),
                                   size_t *length) {
  char *text = malloc(64 + n * 160), *at = text;
  must(text != NULL, "out of memory");
  at += snprintf(at, 64, "name: bench\nsteps:\n");
  for (size_t i = 0; i < n; i++) at += step(at, 160, i);
  *length = (size_t)(at - text);
  return text;
}

/* A step as people write them, with a condition and an assertion. */
static inline int bench_usual_step(char *out, size_t size, size_t i) {
  return snprintf(out, size,
                  "- name: step_%zu\n  scenario: light_load\n  duration: %zu\n"
                  "  condition: error_rate < 0.05\n  assertions: [avg_latency < %zu]\n",
                  i, 1 + i % 60, 100 + i % 400);
}

/* A step that does nothing and takes no time. */
static inline int bench_empty_step(char *out, size_t size, size_t i) {
  return snprintf(out, size, "- name: s%zu\n", i);
}

static inline mf_compilation *bench_compile(const char *text, size_t n) {
  mf_compilation *compilation = NULL;
  const mf_compile_options options = {.name = "bench.yaml"};
  mf_status status = mf_compile(&options, text, n, &compilation);
  if (status != MF_OK && compilation && mf_compilation_diagnostic_count(compilation))
    fprintf(stderr, "%s\n", mf_compilation_diagnostic(compilation, 0).message);
  must(status == MF_OK, mf_status_text(status));
  return compilation;
}
#endif
