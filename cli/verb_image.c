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

/* Something about an image that can be told in two formats. */
typedef struct view {
  const char *verb, *usual, *other; /* format words */
  mf_status (*show)(const mf_image *image, bool other, mf_output out);
} view;

static int show(int argc, char **argv, const view *v) {
  static const struct option longs[] = {{"format", required_argument, NULL, 'f'},
                                        {"library", required_argument, NULL, 'L'},
                                        {NULL, 0, NULL, 0}};
  mf_compile_options options = {.syntax = MF_SYNTAX_AUTO};
  cli_library library = {.count = 0};
  cli_input input;
  mf_image *image = NULL;
  bool other = false;
  int option;
  while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
    if (option == 'L' && cli_library_add(&library, optarg) == CLI_OK) continue;
    if (option != 'f') return CLI_USAGE;
    other = strcmp(optarg, v->other) == 0;
    if (!other && strcmp(optarg, v->usual))
      return cli_fail(CLI_USAGE, "%s: no such format '%s'; %s or %s", v->verb, optarg, v->usual,
                      v->other);
  }
  if (optind + 1 != argc) return cli_fail(CLI_USAGE, "%s: give one document or image", v->verb);
  int code = cli_input_open(&input, argv[optind], &options, &library, false);
  if (code == CLI_OK) code = open_image(argv[optind], &input, &image);
  if (code == CLI_OK && v->show(image, other, cli_stdout()) != MF_OK)
    code = cli_fail(CLI_BUG, "out of memory");
  mf_image_close(image);
  cli_input_close(&input);
  return code;
}

static mf_status show_inputs(const mf_image *image, bool json, mf_output out) {
  return mf_image_inputs_print(NULL, image, json, out);
}

int verb_inputs(int argc, char **argv) {
  return show(argc, argv, &(view){"inputs", "text", "json", show_inputs});
}

int verb_graph(int argc, char **argv) {
  return show(argc, argv, &(view){"graph", "mermaid", "dot", mf_image_graph});
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
