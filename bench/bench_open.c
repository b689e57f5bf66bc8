/* SPDX-License-Identifier: MIT */
/* Opening an image: its checksum and the verifier's walk.  To reach: 500 MB/s. */
#include "timing.h"

enum { MAX_ROUNDS = 5000 };

static void measure(size_t steps) {
  static double times[MAX_ROUNDS];
  size_t n, size = 0, rounds = 0;
  char *text = bench_document(steps, bench_usual_step, &n);
  mf_compilation *compilation = bench_compile(text, n);
  const uint8_t *bytes = mf_compilation_image(compilation, &size);
  const double end = now_seconds() + 0.6;
  while (rounds < MAX_ROUNDS && (rounds < 5 || now_seconds() < end)) {
    mf_image *image = NULL;
    const double begin = now_seconds();
    must(mf_image_open(NULL, bytes, size, &image, NULL, 0) == MF_OK, "the image was refused");
    mf_image_close(image);
    times[rounds++] = now_seconds() - begin;
  }
  const double t = median(times, rounds);
  printf("| %7zu | %9zu | %10.1f | %6.0f |\n", steps, size, t * 1e6, (double)size / t / 1e6);
  mf_compilation_free(compilation);
  free(text);
}

int main(void) {
  printf(
      "open: checksum and verification\n"
      "|   steps |     bytes |         us |   MB/s |\n"
      "|---------|-----------|------------|--------|\n");
  measure(10);
  measure(1000);
  measure(100000);
  return 0;
}
