/* SPDX-License-Identifier: MIT */
/* From bytes to an image in memory, beside libyaml's own parse of the same bytes,
 * turn by turn.  To reach: at most twice libyaml's time, at every size. */
#include <yaml.h>

#include "timing.h"

enum { MAX_ROUNDS = 2000 };

static double time_libyaml(const char *text, size_t n) {
  yaml_parser_t parser;
  yaml_event_t event;
  bool done = false;
  const double begin = now_seconds();
  must(yaml_parser_initialize(&parser) == 1, "libyaml: out of memory");
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
  while (!done) {
    must(yaml_parser_parse(&parser, &event) == 1, "libyaml refused the document");
    done = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  return now_seconds() - begin;
}

static double time_compile(const char *text, size_t n, size_t *image_bytes) {
  const double begin = now_seconds();
  mf_compilation *compilation = bench_compile(text, n);
  must(mf_compilation_image(compilation, image_bytes) != NULL, "no image");
  mf_compilation_free(compilation);
  return now_seconds() - begin;
}

static void measure(size_t steps, double seconds) {
  static double ours[MAX_ROUNDS], theirs[MAX_ROUNDS], ratios[MAX_ROUNDS];
  size_t n, image_bytes = 0, rounds = 0;
  char *text = bench_document(steps, bench_usual_step, &n);
  time_libyaml(text, n);
  time_compile(text, n, &image_bytes);
  const double end = now_seconds() + seconds;
  while (rounds < MAX_ROUNDS && (rounds < 3 || now_seconds() < end)) {
    theirs[rounds] = time_libyaml(text, n);
    ours[rounds] = time_compile(text, n, &image_bytes);
    ratios[rounds] = ours[rounds] / theirs[rounds];
    rounds++;
  }
  const double mine = median(ours, rounds), yaml = median(theirs, rounds);
  printf("| %7zu | %8zu | %8zu | %10.1f | %10.1f | %5.2f | %8.0f |\n", steps, n, image_bytes,
         yaml * 1e6, mine * 1e6, median(ratios, rounds), (double)steps / mine);
  free(text);
}

int main(void) {
  printf(
      "compile: bytes to image, in process\n"
      "|   steps |    bytes |    image | libyaml us |    mfvm us | ratio |  steps/s |\n"
      "|---------|----------|----------|------------|------------|-------|----------|\n");
  measure(10, 0.5);
  measure(1000, 0.5);
  measure(100000, 1.5);
  return 0;
}
