/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

/* "dir/shop.yaml" with ending ".mfc", in `folder` when that is not NULL. */
static char *output_path(const char *input, const char *folder) {
  const char *name = folder ? cli_base_name(input) : input;
  const char *base = cli_base_name(name), *dot = strrchr(base, '.');
  size_t stem = dot && dot != base ? (size_t)(dot - name) : strlen(name);
  size_t size = (folder ? strlen(folder) + 1 : 0) + stem + 5;
  char *path = malloc(size);
  if (path && folder) snprintf(path, size, "%s/%.*s.mfc", folder, (int)stem, name);
  if (path && !folder) snprintf(path, size, "%.*s.mfc", (int)stem, name);
  return path;
}

static bool is_folder(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int write_image(const cli_input *input, const char *path) {
  char error[256] = "";
  if (!strcmp(path, "-")) {
    fwrite(input->image, 1, input->image_size, stdout);
    return CLI_OK;
  }
  if (mf_blob_write(path, input->image, input->image_size, error, sizeof error) == MF_OK)
    return CLI_OK;
  return cli_fail(CLI_IO, "%s: %s", path, error);
}

static int build_one(const char *path, const char *out, const char *folder,
                     const mf_compile_options *options, cli_library *library) {
  cli_input input;
  int code = cli_input_open(&input, path, options, library, false);
  if (code == CLI_OK && !input.compilation)
    code = cli_fail(CLI_USAGE, "%s is an image already", path);
  if (code == CLI_OK) {
    if (!out && !folder && !strcmp(path, "-")) out = "-";
    char *own = out ? NULL : output_path(path, folder);
    code = out || own ? write_image(&input, out ? out : own) : cli_fail(CLI_BUG, "out of memory");
    free(own);
  }
  cli_input_close(&input);
  return code;
}

int verb_build(int argc, char **argv) {
  static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
                                        {"library", required_argument, NULL, 'L'},
                                        {"lenient", no_argument, NULL, 'l'},
                                        {"strict-cel", no_argument, NULL, 's'},
                                        {NULL, 0, NULL, 0}};
  mf_compile_options options = {.syntax = MF_SYNTAX_AUTO};
  cli_library library = {.count = 0};
  const char *out = NULL, *folder = NULL;
  int option, code = CLI_OK;
  while ((option = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
    if (option == 'o')
      out = optarg;
    else if (option == 'L' && (code = cli_library_add(&library, optarg)) == CLI_OK)
      continue;
    else if (option == 'L')
      return code;
    else if (option == 'l')
      options.lenient = true;
    else if (option == 's')
      options.strict_cel = true;
    else
      return CLI_USAGE;
  }
  if (optind == argc) return cli_fail(CLI_USAGE, "build: which files?");
  if (out && (argc - optind > 1 || is_folder(out))) {
    folder = out;
    out = NULL;
  }
  for (int i = optind; i < argc; i++) {
    int one = build_one(argv[i], out, folder, &options, &library);
    if (one > code) code = one;
  }
  return code;
}
