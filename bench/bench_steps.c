/* SPDX-License-Identifier: MIT */
/* Steps that do nothing: what the machine and the journal cost by themselves.
 * To reach: 1,000,000/s without a journal, 200,000/s with one (--sync=interval).
 *
 *   bench_steps MFVM FOLDER */
#include <sys/wait.h>
#include <unistd.h>

#include "timing.h"

enum { STEPS = 100000, PATH = 4096, MAX_ROUNDS = 50 };

static const mf_pair ok_pair[] = {
    {{.kind = MF_STRING, .len = 2, .as.s = "ok"}, {.kind = MF_BOOL, .as.i = 1}}};
static const mf_map ok_map = {.count = 1, .pairs = ok_pair};
static const mf_value ok_value = {.kind = MF_MAP, .len = 1, .as.map = &ok_map};

/* One run in this process, by a host that answers everything at once. */
static double time_machine(const mf_image *image) {
  mf_vm *vm = NULL;
  mf_effect effect;
  const mf_outcome outcome = {.value = &ok_value};
  const mf_vm_options options = {.run_id = "bench"};
  must(mf_vm_new(image, &options, &vm) == MF_OK, "no machine");
  const double begin = now_seconds();
  while (mf_vm_run(vm, &effect) == MF_VM_EFFECT)
    must(mf_vm_deliver(vm, effect.id, &outcome) == MF_OK, "an outcome was refused");
  const double seconds = now_seconds() - begin;
  must(mf_vm_verdict(vm).steps_passed == STEPS, "not every step passed");
  mf_vm_free(vm);
  return seconds;
}

static double time_process(char *const *argv, const char *journal) {
  char image[PATH + 8];
  int status = 0;
  snprintf(image, sizeof image, "%s.mfc", journal);
  unlink(journal);
  unlink(image);
  const double begin = now_seconds();
  const pid_t pid = start_quietly(argv);
  must(waitpid(pid, &status, 0) == pid, "lost a process");
  must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the run failed");
  return now_seconds() - begin;
}

static void print_row(const char *name, double *times, size_t rounds) {
  const double t = median(times, rounds);
  printf("| %-35s | %8.1f | %9.0f |\n", name, t * 1e3, STEPS / t);
}

int main(int argc, char **argv) {
  static char path[PATH], journal[PATH];
  static double times[MAX_ROUNDS];
  size_t n, size = 0, rounds = 0;
  mf_image *image = NULL;
  must(argc == 3, "usage: bench_steps MFVM FOLDER");
  char *text = bench_document(STEPS, bench_empty_step, &n);
  mf_compilation *compilation = bench_compile(text, n);
  const uint8_t *bytes = mf_compilation_image(compilation, &size);
  must(mf_image_open(NULL, bytes, size, &image, NULL, 0) == MF_OK, "the image was refused");
  snprintf(path, sizeof path, "%s/steps.mfc", argv[2]);
  snprintf(journal, sizeof journal, "%s/steps.jsonl", argv[2]);
  FILE *file = fopen(path, "wb");
  must(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "cannot write the image");

  printf(
      "steps: %d steps that do nothing\n"
      "|                                     |       ms |   steps/s |\n"
      "|-------------------------------------|----------|-----------|\n",
      STEPS);
  for (double end = now_seconds() + 1; rounds < MAX_ROUNDS && (rounds < 3 || now_seconds() < end);)
    times[rounds++] = time_machine(image);
  print_row("the machine alone, no journal", times, rounds);
  char *run[] = {argv[1],      "run",  path, "--sync=interval", "--journal", journal,
                 "--progress", "none", NULL};
  rounds = 0;
  fflush(stdout);
  for (double end = now_seconds() + 2; rounds < MAX_ROUNDS && (rounds < 3 || now_seconds() < end);)
    times[rounds++] = time_process(run, journal);
  print_row("mfvm run --sync=interval, all of it", times, rounds);
  mf_image_close(image);
  mf_compilation_free(compilation);
  free(text);
  return 0;
}
