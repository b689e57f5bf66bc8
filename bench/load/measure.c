/* SPDX-License-Identifier: MIT */
/* measure FILE CORE COMMAND...: runs a command on one core and appends its CPU seconds
 * (its children's, too) and wall seconds to FILE. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

int main(int argc, char **argv) {
  cpu_set_t cores;
  int status;
  struct rusage used;
  if (argc < 4) return 2;
  CPU_ZERO(&cores);
  CPU_SET((size_t)strtol(argv[2], NULL, 10), &cores);
  sched_setaffinity(0, sizeof cores, &cores);
  const double begin = now();
  pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    execvp(argv[3], argv + 3);
    _exit(127);
  }
  if (wait4(child, &status, 0, &used) != child) return 1;
  const double end = now();
  FILE *out = fopen(argv[1], "a");
  if (out == NULL) return 1;
  fprintf(out, "%.4f %.4f\n", seconds(used.ru_utime) + seconds(used.ru_stime), end - begin);
  fclose(out);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
