/* SPDX-License-Identifier: MIT */
/* What a sample of a load costs in checks, thresholds and abort_when, beside the
 * request itself.
 *
 *   bench_watches [MFVM FOLDER [ROW SAMPLES]]: one row so many times, unmeasured, to
 *   count instructions. */
#include "../include/mfvm_tools.h"
#include "../stdlib/watches.h"
#include "timing.h"

enum { VALUES = 1 << 16, BATCH = 1 << 17, MAX_ROUNDS = 40 };
#define STEP_NS 100000

#define HEAD                                                                              \
  ".scenario 0 name=\"s\" driver=\"http_load\"\n.metric 0 name=\"latency\"\n"             \
  ".metric 1 name=\"error_rate\" kind=rate\n"                                             \
  ".const 0 int 200\n.const 1 double 5000.0\n.const 2 double 95.0\n.const 3 double 1.0\n" \
  ".const 4 double 10.0\n.const 5 string \"over\"\n.const 6 map 5:4\n"                    \
  ".slot 0 name=\"response.status\" kind=builtin arg=13\n"                                \
  ".slot 1 name=\"p(95)\" kind=reading arg=0\n"                                           \
  ".slot 2 name=\"error_rate\" kind=metric_run arg=1\n"                                   \
  ".slot 3 name=\"p(95)\" kind=reading arg=1\n"                                           \
  ".reading 0 metric=0 aggregate=p percentile=2 scenario=0\n"                             \
  ".reading 1 metric=0 aggregate=p percentile=2 scenario=0 window=4\n"                    \
  ".chunk 0 name=\"main\" kind=main\nRUN_ENTER end\nend:\nRUN_LEAVE\nEND\n"               \
  ".chunk 1 name=\"check\" kind=pure\nSLOT_EQ 0, 0\nRETURN\n"                             \
  ".chunk 2 name=\"threshold\" kind=pure\nSLOT_LT 1, 1\nRETURN\n"                         \
  ".chunk 3 name=\"abort_when\" kind=pure\nSLOT_GT 2, 3\nRETURN\n"                        \
  ".chunk 4 name=\"window\" kind=pure\nSLOT_LT 3, 1\nRETURN\n"
#define CHECK(n) ".watch " n " kind=check chunk=1 scenario=0 name=\"c\" path=\"p\"\n"
#define THRESHOLD(n) ".watch " n " kind=threshold chunk=2 scenario=0 name=\"t\" path=\"p\"\n"
#define ABORTING(n) \
  ".watch " n " kind=threshold chunk=2 scenario=0 name=\"t\" path=\"p\" flags=aborts\n"
#define ABORT_WHEN(n) ".watch " n " kind=abort_when chunk=3 name=\"a\" path=\"p\"\n"
#define OVER(n)                                                         \
  ".watch " n                                                           \
  " kind=threshold chunk=4 scenario=0 name=\"t\" path=\"p\" options=6 " \
  "flags=aborts\n"

static const struct {
  const char *name, *text;
} rows[] = {
    {"nothing", HEAD},
    {"check response.status == 200", HEAD CHECK("0")},
    {"threshold p(95), at the end", HEAD THRESHOLD("0")},
    {"threshold p(95), abort_on_fail", HEAD ABORTING("0")},
    {"threshold p(95) over 10 s, abort_on_fail", HEAD OVER("0")},
    {"abort_when error_rate", HEAD ABORT_WHEN("0")},
    {"the check, the aborting threshold, abort_when",
     HEAD CHECK("0") ABORTING("1") ABORT_WHEN("2")},
};
enum { ROWS = sizeof rows / sizeof *rows };

typedef struct bench {
  mf_image *image;
  mf_vm *vm;
  mf_armed armed, run_armed;
  mf_watches *load, *run;
  int64_t now;
} bench;

static int64_t lengths[VALUES];
static mf_blob bytes;

static void to_stderr(void *ctx, const char *p, size_t n) {
  (void)ctx;
  fwrite(p, 1, n, stderr);
}

static void make_watches(bench *b, const mf_alloc *alloc) {
  mf_load_script script = {.image = b->image, .vm = b->vm, .scenario = MF_ABSENT};
  if (mf_watches_of_run(b->image)) {
    must(mf_armed_init(&b->run_armed, alloc, &script, NULL, 1) == MF_OK, "out of memory");
    must(mf_watches_new(alloc, &b->run_armed, &script, NULL, NULL, NULL, &b->run) == MF_OK,
         "out of memory");
    mf_watches_begin(b->run, 0);
  }
  script.scenario = 0;
  script.path = MF_STR("steps[0]");
  must(mf_armed_init(&b->armed, alloc, &script, NULL, 1) == MF_OK, "out of memory");
  must(mf_watches_new(alloc, &b->armed, &script, b->run, NULL, NULL, &b->load) == MF_OK,
       "out of memory");
  mf_watches_begin(b->load, 0);
}

static void set_up(bench *b, size_t row) {
  const mf_alloc alloc = mf_alloc_default();
  const mf_output err = {to_stderr, NULL};
  const mf_vm_options options = {.run_id = "bench"};
  *b = (bench){.now = 0};
  must(mf_image_assemble(&alloc, "bench.mfs", mf_str_of(rows[row].text), &bytes, err) == MF_OK,
       "the listing is wrong");
  must(mf_image_open(&alloc, bytes.p, bytes.n, &b->image, NULL, 0) == MF_OK, "no image");
  must(mf_vm_new(b->image, &options, &b->vm) == MF_OK, "no machine");
  make_watches(b, &alloc);
}

static void tear_down(bench *b) {
  mf_watches_free(b->load);
  mf_armed_fini(&b->armed);
  mf_watches_free(b->run);
  if (b->run) mf_armed_fini(&b->run_armed);
  mf_vm_free(b->vm);
  mf_image_close(b->image);
  mf_blob_free(&bytes);
}

static void run(bench *b, unsigned samples) {
  const uint32_t reads = mf_watches_reads(b->load, MF_ABSENT);
  const mf_http_result result = {.status = 200, .bytes_in = 100, .bytes_out = 40};
  for (unsigned i = 0; i < samples; i++) {
    mf_sample s = {.now_ns = b->now += STEP_NS,
                   .latency_ns = lengths[i % VALUES],
                   .request = MF_ABSENT,
                   .result = &result};
    must(mf_armed_response(&b->armed, reads, &result, s.latency_ns) == MF_OK &&
             mf_watches_sample(b->load, &s) == MF_OK && !s.failed,
         "no sample");
  }
}

static double measure(size_t row) {
  static double times[MAX_ROUNDS];
  size_t n = 0;
  bench b;
  set_up(&b, row);
  run(&b, BATCH);
  for (double end = now_seconds() + 0.4; n < MAX_ROUNDS && (n < 3 || now_seconds() < end);) {
    const double begin = now_seconds();
    run(&b, BATCH);
    times[n++] = (now_seconds() - begin) * 1e9 / BATCH;
  }
  tear_down(&b);
  return median(times, n);
}

int main(int argc, char **argv) {
  uint64_t x = 88172645463325252u;
  for (unsigned i = 0; i < VALUES; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    lengths[i] = 200000 + (int64_t)(x % 64) * (int64_t)(x >> 8 & 63) * 10000;
  }
  if (argc == 5) {
    const size_t row = strtoul(argv[3], NULL, 10);
    bench b;
    must(row < ROWS, "there is no such row");
    set_up(&b, row);
    run(&b, (unsigned)strtoul(argv[4], NULL, 10));
    tear_down(&b);
    return 0;
  }
  printf(
      "watches: of each sample of a load\n"
      "|                                               | ns/sample |\n"
      "|-----------------------------------------------|-----------|\n");
  for (size_t row = 0; row < ROWS; row++)
    printf("| %-45s | %9.1f |\n", rows[row].name, measure(row));
  return 0;
}
