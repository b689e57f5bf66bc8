/* SPDX-License-Identifier: MIT */
/* disasm, asm, verify, inputs, graph: images as text and back, and what is in them. */
#include <getopt.h>
#include <string.h>

#include "cli.h"

static int open_image(const char *path, const cli_input *input, mf_image **image) {
  mf_alloc alloc = mf_alloc_default();
  char detail[256] = "";
  mf_status status = mf_image_open(&alloc, input->image, input->image_size, image, detail,
                                   sizeof detail);
  if (status == MF_OK) return CLI_OK;
  return cli_fail(CLI_INVALID, "%s: %s: %s%s%s", path, mf_status_name(status),
                  mf_status_text(status), detail[0] ? ": " : "", detail);
}

int verb_disasm(int argc, char **argv) {
  static const struct option longs[] = {{"library", required_argument, NULL, 'L'},
                                        {NULL, 0, NULL, 0}};
  mf_compile_options options = {.syntax = MF_SYNTAX_AUTO};
  cli_input input;
  mf_image *image = NULL;
  cli_library library = {.count = 0};
  int option, code;
  while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
    if (option != 'L') return CLI_USAGE;
    code = cli_library_add(&library, optarg);
    if (code) return code;
  }
  if (optind + 1 != argc) return cli_fail(CLI_USAGE, "disasm: which file?");
  code = cli_input_open(&input, argv[optind], &options, &library, false);
  if (code == CLI_OK) code = open_image(argv[optind], &input, &image);
  if (code == CLI_OK) {
    mf_str source = {NULL, 0};
    if (input.compilation) source = (mf_str){(const char *)input.file.p, input.file.n};
    mf_image_list(image, source, cli_stdout());
    mf_image_close(image);
  }
  cli_input_close(&input);
  return code;
}

int verb_inputs(int argc, char **argv) {
  static const struct option longs[] = {{"format", required_argument, NULL, 'f'},
                                        {"library", required_argument, NULL, 'L'},
                                        {NULL, 0, NULL, 0}};
  mf_compile_options options = {.syntax = MF_SYNTAX_AUTO};
  cli_library library = {.count = 0};
  cli_input input;
  mf_image *image = NULL;
  bool json = false;
  int option;
  while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
    if (option == 'L' && cli_library_add(&library, optarg) == CLI_OK) continue;
    if (option != 'f') return CLI_USAGE;
    if (strcmp(optarg, "json") && strcmp(optarg, "text"))
      return cli_fail(CLI_USAGE, "inputs: no such format '%s'", optarg);
    json = *optarg == 'j';
  }
  if (optind + 1 != argc) return cli_fail(CLI_USAGE, "inputs: give one document or image");
  int code = cli_input_open(&input, argv[optind], &options, &library, false);
  if (code == CLI_OK) code = open_image(argv[optind], &input, &image);
  if (code == CLI_OK && mf_image_inputs_print(NULL, image, json, cli_stdout()) != MF_OK)
    code = cli_fail(CLI_BUG, "out of memory");
  mf_image_close(image);
  cli_input_close(&input);
  return code;
}

int verb_graph(int argc, char **argv) {
  static const struct option longs[] = {{"format", required_argument, NULL, 'f'},
                                        {"library", required_argument, NULL, 'L'},
                                        {NULL, 0, NULL, 0}};
  mf_compile_options options = {.syntax = MF_SYNTAX_AUTO};
  cli_library library = {.count = 0};
  cli_input input;
  mf_image *image = NULL;
  bool dot = false;
  int option;
  while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
    if (option == 'L' && cli_library_add(&library, optarg) == CLI_OK) continue;
    if (option != 'f') return CLI_USAGE;
    if (strcmp(optarg, "dot") && strcmp(optarg, "mermaid"))
      return cli_fail(CLI_USAGE, "graph: no such format '%s'; mermaid or dot", optarg);
    dot = *optarg == 'd';
  }
  if (optind + 1 != argc) return cli_fail(CLI_USAGE, "graph: give one document or image");
  int code = cli_input_open(&input, argv[optind], &options, &library, false);
  if (code == CLI_OK) code = open_image(argv[optind], &input, &image);
  if (code == CLI_OK && mf_image_graph(image, dot, cli_stdout()) != MF_OK)
    code = cli_fail(CLI_BUG, "out of memory");
  mf_image_close(image);
  cli_input_close(&input);
  return code;
}

int verb_verify(int argc, char **argv) {
  mf_compile_options options = {.syntax = MF_SYNTAX_AUTO};
  int code = CLI_OK;
  if (argc < 2) return cli_fail(CLI_USAGE, "verify: which files?");
  for (int i = 1; i < argc; i++) {
    cli_input input;
    mf_image *image = NULL;
    int one = cli_input_open(&input, argv[i], &options, NULL, false);
    if (one == CLI_OK) one = open_image(argv[i], &input, &image);
    if (one == CLI_OK) printf("%s: verified, %zu bytes\n", argv[i], input.image_size);
    mf_image_close(image);
    cli_input_close(&input);
    if (one > code) code = one;
  }
  return code;
}

static int assemble(const char *path, const char *out) {
  mf_alloc alloc = mf_alloc_default();
  mf_blob text, image;
  char error[256] = "";
  if (mf_blob_read(&alloc, path, 268435456, &text, error, sizeof error) != MF_OK)
    return cli_fail(CLI_IO, "%s: %s", path, error);
  mf_status status = mf_image_assemble(
      &alloc, cli_base_name(path), (mf_str){(const char *)text.p, text.n}, &image, cli_stderr());
  int code = status == MF_OK ? CLI_OK : status == MF_ASM_INVALID ? CLI_INVALID : CLI_BUG;
  if (code == CLI_OK && mf_blob_write(out, image.p, image.n, error, sizeof error) != MF_OK)
    code = cli_fail(CLI_IO, "%s: %s", out, error);
  mf_blob_free(&image);
  mf_blob_free(&text);
  return code;
}

int verb_asm(int argc, char **argv) {
  static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
                                        {NULL, 0, NULL, 0}};
  const char *out = NULL;
  int option;
  while ((option = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
    if (option != 'o') return CLI_USAGE;
    out = optarg;
  }
  if (optind + 1 != argc || !out) return cli_fail(CLI_USAGE, "asm: give one file and -o OUT");
  return assemble(argv[optind], out);
}
