/* SPDX-License-Identifier: MIT */
/* journal, report, target: readings of a run, and something to run against. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

int verb_journal(int argc, char **argv) {
  static const struct option longs[] = {{"format", required_argument, NULL, 'f'},
                                        {NULL, 0, NULL, 0}};
  mf_alloc alloc = mf_alloc_default();
  bool json = false;
  char what[256] = "";
  int option;
  while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
    if (option != 'f') return CLI_USAGE;
    if (strcmp(optarg, "json") && strcmp(optarg, "text"))
      return cli_fail(CLI_USAGE, "journal: no such format '%s'; write text or json", optarg);
    json = *optarg == 'j';
  }
  if (optind + 1 != argc) return cli_fail(CLI_USAGE, "journal: give one file");
  mf_status status = mf_journal_print(&alloc, argv[optind], json, cli_stdout(), what, sizeof what);
  if (status == MF_OK) return CLI_OK;
  return cli_fail(status == MF_IO_ERROR ? CLI_IO : CLI_INVALID, "%s: %s", argv[optind],
                  what[0] ? what : mf_status_text(status));
}

static int report_problem(mf_status status, const char *journal, const char *error) {
  int code = status == MF_IO_ERROR ? CLI_IO : status == MF_UNSUPPORTED ? CLI_USAGE : CLI_INVALID;
  return cli_fail(code, "%s: %s", journal, error[0] ? error : mf_status_text(status));
}

/* A damaged journal gives a report of everything before the damage, and an
 * exit code that says so. */
static int write_report(const mf_report_options *options) {
  mf_alloc alloc = mf_alloc_default();
  mf_blob bytes = {.n = 0};
  char error[512] = "";
  mf_status status = mf_report_from_journal(&alloc, options, &bytes, error, sizeof error);
  int code = status == MF_OK ? CLI_OK : report_problem(status, options->journal, error);
  if (bytes.n && !options->output) fwrite(bytes.p, 1, bytes.n, stdout);
  if (bytes.n && options->output &&
      mf_blob_write(options->output, bytes.p, bytes.n, error, sizeof error) != MF_OK)
    code = cli_fail(CLI_IO, "%s: %s", options->output, error);
  mf_blob_free(&bytes);
  return code;
}

int verb_report(int argc, char **argv) {
  static const struct option longs[] = {{"format", required_argument, NULL, 'f'},
                                        {"output", required_argument, NULL, 'o'},
                                        {"template", required_argument, NULL, 't'},
                                        {NULL, 0, NULL, 0}};
  mf_report_options options = {.err = cli_stderr()};
  int option;
  while ((option = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
    if (option == 'f')
      options.format = optarg;
    else if (option == 'o')
      options.output = optarg;
    else if (option == 't')
      options.tmpl = optarg;
    else
      return CLI_USAGE;
  }
  if (optind + 1 != argc) return cli_fail(CLI_USAGE, "report: give one journal");
  options.journal = argv[optind];
  return write_report(&options);
}

/* "300ms", "0.3s" or a number of milliseconds. */
static bool parse_ms(const char *text, double *ms) {
  char *end = NULL;
  *ms = strtod(text, &end);
  if (end == text || *ms < 0 || *ms > 3.6e6) return false;
  if (!strcmp(end, "s"))
    *ms *= 1000;
  else if (*end && strcmp(end, "ms"))
    return false;
  return true;
}

/* "0.05" or "5%". */
static bool parse_share(const char *text, double *share) {
  char *end = NULL;
  *share = strtod(text, &end);
  if (end == text) return false;
  if (!strcmp(end, "%"))
    *share /= 100;
  else if (*end)
    return false;
  return *share >= 0 && *share <= 1;
}

int verb_target(int argc, char **argv) {
  static const struct option longs[] = {{"port", required_argument, NULL, 'p'},
                                        {"listen", required_argument, NULL, 'L'},
                                        {"latency", required_argument, NULL, 'l'},
                                        {"jitter", required_argument, NULL, 'j'},
                                        {"error-rate", required_argument, NULL, 'e'},
                                        {"seed", required_argument, NULL, 's'},
                                        {NULL, 0, NULL, 0}};
  mf_target_options options = {
      .listen = "127.0.0.1", .seed = 1, .out = cli_stdout(), .err = cli_stderr()};
  int option, index = 0;
  setvbuf(stdout, NULL, _IOLBF, 0); /* whoever waits for the port reads it at once */
  while ((option = getopt_long(argc, argv, "", longs, &index)) != -1) {
    bool ok = true;
    if (option == 'p')
      ok = cli_parse_port(optarg, &options.port);
    else if (option == 'L')
      options.listen = optarg;
    else if (option == 'l')
      ok = parse_ms(optarg, &options.latency_ms);
    else if (option == 'j')
      ok = parse_ms(optarg, &options.jitter_ms);
    else if (option == 'e')
      ok = parse_share(optarg, &options.error_rate);
    else if (option == 's')
      options.seed = strtoull(optarg, NULL, 0);
    else
      return CLI_USAGE;
    if (!ok) return cli_fail(CLI_USAGE, "target: --%s cannot be '%s'", longs[index].name, optarg);
  }
  if (optind != argc) return cli_fail(CLI_USAGE, "target: takes no files");
  return mf_target_serve(&options);
}
