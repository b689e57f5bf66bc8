/* SPDX-License-Identifier: MIT */
/* From exec to exit: `mfvm run` of an image in which nothing happens, and
 * /bin/true for what the system itself costs.  To reach: 3 ms, 8 MiB.
 *
 *   bench_start MFVM FOLDER */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "timing.h"

enum { MAX_ROUNDS = 500, PATH = 4096 };

/* Seconds from exec to exit; the largest memory in KiB. */
static double time_process(char *const *argv, long *peak_kib) {
  int status = 0;
  struct rusage usage;
  const double begin = now_seconds();
  const pid_t pid = start_quietly(argv);
  must(wait4(pid, &status, 0, &usage) == pid, "lost a process");
  const double seconds = now_seconds() - begin;
  must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the process failed");
  if (usage.ru_maxrss > *peak_kib) *peak_kib = usage.ru_maxrss;
  return seconds;
}

static void measure(const char *name, char *const *argv, const char *journal) {
  static double times[MAX_ROUNDS];
  char image[PATH + 8];
  size_t rounds = 0;
  long peak_kib = 0;
  snprintf(image, sizeof image, "%s.mfc", journal);
  const double end = now_seconds() + 1;
  while (rounds < MAX_ROUNDS && (rounds < 5 || now_seconds() < end)) {
    unlink(journal);
    unlink(image);
    times[rounds++] = time_process(argv, &peak_kib);
  }
  const double t = median(times, rounds);
  printf("| %-26s | %6.2f | %6.2f | %6.2f | %7.2f |\n", name, times[0] * 1e3, t * 1e3,
         times[rounds * 9 / 10] * 1e3, (double)peak_kib / 1024);
}

/* The image of a document without anything in it. */
static void write_image(const char *path) {
  static const char text[] = "name: empty\n";
  size_t size = 0;
  mf_compilation *compilation = bench_compile(text, sizeof text - 1);
  const uint8_t *bytes = mf_compilation_image(compilation, &size);
  FILE *file = fopen(path, "wb");
  must(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "cannot write the image");
  mf_compilation_free(compilation);
}

int main(int argc, char **argv) {
  static char image[PATH], journal[PATH];
  must(argc == 3, "usage: bench_start MFVM FOLDER");
  snprintf(image, sizeof image, "%s/empty.mfc", argv[2]);
  snprintf(journal, sizeof journal, "%s/start.jsonl", argv[2]);
  write_image(image);
  char *run[] = {argv[1],     "run",   image,        "--allow-empty", "--sync=none",
                 "--journal", journal, "--progress", "none",          NULL};
  char *nothing[] = {"/bin/true", NULL};
  printf(
      "start: exec to exit\n"
      "|                            |  least | median |    p90 |  memory |\n"
      "|                            |     ms |     ms |     ms |     MiB |\n"
      "|----------------------------|--------|--------|--------|---------|\n");
  fflush(stdout);
  measure("mfvm run of an empty image", run, journal);
  measure("/bin/true", nothing, journal);
  return 0;
}
