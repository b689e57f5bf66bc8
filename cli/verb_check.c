/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <string.h>

#include "cli.h"

static const char *const dump_words[] = {"tokens", "ast", "expr", "types"};

static int dump_of(const char *word) {
  for (size_t i = 0; i < sizeof dump_words / sizeof dump_words[0]; i++)
    if (!strcmp(word, dump_words[i])) return (int)i;
  return -1;
}

/* The debug view of one stage, then what there is to say. */
static int dump_one(const char *path, const mf_compile_options *options, cli_library *library,
                    mf_dump dump, bool json) {
  mf_alloc alloc = mf_alloc_default();
  mf_blob file;
  mf_compilation *compilation = NULL;
  mf_compile_options own = *options;
  own.regex = mf_regex_re2();
  own.loader = cli_library_loader(library, path);
  char error[256] = "";
  if (mf_blob_read(&alloc, path, 16777217, &file, error, sizeof error) != MF_OK)
    return cli_fail(CLI_IO, "%s: %s", path, error);
  own.name = strcmp(path, "-") ? cli_base_name(path) : "stdin";
  mf_status status = mf_compile_dump(&own, (const char *)file.p, file.n, dump, cli_stdout(),
                                     &compilation);
  if (compilation) mf_compilation_write(compilation, json, cli_stderr());
  mf_compilation_free(compilation);
  cli_library_close(library);
  mf_blob_free(&file);
  return status == MF_OK ? CLI_OK : status == MF_DOCUMENT_INVALID ? CLI_INVALID : CLI_BUG;
}

static int check_one(const char *path, const mf_compile_options *options, cli_library *library,
                     bool json) {
  cli_input input;
  int code = cli_input_open(&input, path, options, library, json);
  if (code == CLI_OK && !input.compilation)
    code = cli_fail(CLI_USAGE, "%s is an image; use mfc verify", path);
  cli_input_close(&input);
  return code;
}

int verb_check(int argc, char **argv) {
  static const struct option longs[] = {
      {"format", required_argument, NULL, 'f'},  {"dump", required_argument, NULL, 'd'},
      {"library", required_argument, NULL, 'L'}, {"lenient", no_argument, NULL, 'l'},
      {"strict-cel", no_argument, NULL, 's'},    {NULL, 0, NULL, 0}};
  mf_compile_options options = {.syntax = MF_SYNTAX_AUTO};
  cli_library library = {.count = 0};
  bool json = false;
  int option, dump = -1, code = CLI_OK;
  while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
    if (option == 'l')
      options.lenient = true;
    else if (option == 's')
      options.strict_cel = true;
    else if (option == 'f' && (!strcmp(optarg, "json") || !strcmp(optarg, "text")))
      json = *optarg == 'j';
    else if (option == 'L' && (code = cli_library_add(&library, optarg)) == CLI_OK)
      continue;
    else if (option == 'L')
      return code;
    else if (option == 'd' && (dump = dump_of(optarg)) >= 0)
      continue;
    else if (option == '?')
      return CLI_USAGE;
    else
      return cli_fail(CLI_USAGE, "check: no such %s '%s'", option == 'f' ? "format" : "stage",
                      optarg);
  }
  if (optind == argc) return cli_fail(CLI_USAGE, "check: which files?");
  for (int i = optind; i < argc; i++) {
    int one = dump >= 0 ? dump_one(argv[i], &options, &library, (mf_dump)dump, json)
                        : check_one(argv[i], &options, &library, json);
    if (one > code) code = one;
  }
  return code;
}
