/* SPDX-License-Identifier: MIT */
/* mfvm proxy: the server; its client's verbs are in proxy_verbs.c. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char usage[] =
    "usage: mfvm proxy [options]\n"
    "  serves proxies of TCP connections, and Toxiproxy's HTTP API to change them and their "
    "toxics\n"
    "  --host ADDRESS       where the API listens (localhost: 127.0.0.1 and [::1])\n"
    "  --port N             and on which port (8474; 0: any, told on the first line)\n"
    "  --config FILE        proxies to begin with: JSON as POST /populate takes it, or YAML with\n"
    "                       that list under 'proxies'; toxics in it count\n"
    "  --seed N             for the dice of toxicity, jitter and packet loss\n"
    "  --log                a line for each connection, and each toxic that hits one\n"
    "  --compat toxiproxy   Toxiproxy to the letter, without repairs (docs/proxy.md)\n"
    "\n"
    "usage: mfvm proxy VERB ... [--server URL]\n"
    "  asks such a server, or Toxiproxy (TOXIPROXY_URL, else http://localhost:8474)\n"
    "  list\n"
    "  inspect PROXY\n"
    "  create PROXY --listen ADDRESS --upstream ADDRESS\n"
    "  delete PROXY\n"
    "  toggle PROXY         enables or disables it\n"
    "  toxic add PROXY --type TYPE [--name NAME] [--upstream|--downstream] [--toxicity SHARE]\n"
    "            [--attribute NAME=VALUE]...\n"
    "  toxic update PROXY --name NAME [--toxicity SHARE] [--attribute NAME=VALUE]...\n"
    "  toxic remove PROXY --name NAME\n"
    "  reset                enables every proxy and removes every toxic\n"
    "exit codes: 0 done, 1 refused by the server, 2 usage, 3 configuration invalid, 74 I/O\n";

/* ---- The configuration ---- */

static bool has_ending(const char *name, const char *ending) {
  const size_t n = strlen(name), k = strlen(ending);
  return n > k && strcmp(name + n - k, ending) == 0;
}

/* YAML as the JSON that means the same; JSON stays as it is, checked for its places. */
static int to_json(const char *path, const mf_blob *file, cli_text *out) {
  const mf_alloc alloc = mf_alloc_default();
  const mf_str text = {(const char *)file->p, file->n};
  const bool yaml = has_ending(path, ".yaml") || has_ending(path, ".yml");
  mf_values *values = NULL;
  char error[256] = "";
  mf_status status = yaml ? mf_values_file(&alloc, cli_base_name(path), text, &values, error,
                                           sizeof error)
                          : mf_values_json(&alloc, text, &values, error, sizeof error);
  if (status == MF_OK && yaml) {
    const mf_value map = mf_values_get(values);
    status = mf_value_print(&map, false, cli_text_output(out));
  } else if (status == MF_OK) {
    cli_text_add(out, text.p, text.n);
  }
  mf_values_free(values);
  if (status == MF_OK && !out->failed) return CLI_OK;
  return cli_fail(CLI_INVALID, "%s:%s%s", path, error[0] ? "" : " ",
                  error[0] ? error : mf_status_text(status == MF_OK ? MF_OUT_OF_MEMORY : status));
}

static int read_config(const char *path, cli_text *out) {
  const mf_alloc alloc = mf_alloc_default();
  mf_blob file;
  char error[256] = "";
  const mf_status status = mf_blob_read(&alloc, path, 1048576, &file, error, sizeof error);
  if (status == MF_TOO_LARGE) return cli_fail(CLI_INVALID, "%s: %s", path, mf_status_text(status));
  if (status != MF_OK)
    return cli_fail(CLI_IO, "%s: %s", path, error[0] ? error : mf_status_text(status));
  const int code = to_json(path, &file, out);
  mf_blob_free(&file);
  return code;
}

static int serve(mf_proxy_options *options, const char *config) {
  cli_text json = {.n = 0};
  const int code = config ? read_config(config, &json) : CLI_OK;
  options->config = (mf_str){json.p, json.n};
  options->config_name = config;
  if (code != CLI_OK && !options->compat) {
    free(json.p);
    return code;
  }
  const int result = mf_proxy_serve(options); /* Toxiproxy starts without a bad file */
  free(json.p);
  return result;
}

/* ---- Arguments ---- */

static int set(mf_proxy_options *o, int option, const char *value) {
  switch (option) {
    case 'p':
      if (cli_parse_port(value, &o->port)) return CLI_OK;
      return cli_fail(CLI_USAGE, "proxy: --port cannot be '%s'", value);
    case 's':
      if (cli_parse_seed(value, &o->seed)) return CLI_OK;
      return cli_fail(CLI_USAGE, "proxy: --seed wants a whole number, not '%s'", value);
    case 'o':
      o->compat = true;
      if (strcmp(value, "toxiproxy") == 0) return CLI_OK;
      return cli_fail(CLI_USAGE, "proxy: --compat knows toxiproxy, not '%s'", value);
    case 'l': o->log = true; return CLI_OK;
    case 'h': o->host = value; return CLI_OK;
    default: return CLI_USAGE;
  }
}

int verb_proxy(int argc, char **argv) {
  static const struct option longs[] = {
      {"host", required_argument, NULL, 'h'},   {"port", required_argument, NULL, 'p'},
      {"config", required_argument, NULL, 'c'}, {"seed", required_argument, NULL, 's'},
      {"compat", required_argument, NULL, 'o'}, {"log", no_argument, NULL, 'l'},
      {"help", no_argument, NULL, '?' + 256},   {NULL, 0, NULL, 0}};
  mf_proxy_options options = {.host = "localhost",
                              .port = 8474,
                              .seed = cli_fresh_seed(),
                              .out = cli_stdout(),
                              .err = cli_stderr()};
  const char *config = NULL;
  int option;
  if (argc > 1 && cli_is_proxy_verb(argv[1])) return cli_proxy_verb(argc - 1, argv + 1);
  setvbuf(stdout, NULL, _IOLBF, 0); /* whoever waits for the port reads it at once */
  while ((option = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
    if (option == '?' + 256) {
      fputs(usage, stdout);
      return CLI_OK;
    }
    if (option == 'c') {
      config = optarg;
      continue;
    }
    const int code = set(&options, option, optarg);
    if (code != CLI_OK) return code;
  }
  if (optind != argc) return cli_fail(CLI_USAGE, "proxy: '%s' is no verb of it", argv[optind]);
  return serve(&options, config);
}
