/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

static const char usage[] =
    "usage: mfvm run FILE(.mfc|.yaml|.json|-) [options]\n"
    "  --target URL|sample|none   what loads and relative URLs reach; none rehearses\n"
    "  --require-target           refuse to fall back on the built-in sample service\n"
    "  --var NAME=VALUE           set a variable or input (a YAML scalar, or as the input's type\n"
    "                             has it); NAME:=JSON for any JSON; mfvm inputs FILE lists inputs\n"
    "  --vars FILE                the same from a YAML, JSON or .env file; later files win, and\n"
    "                             --var wins over files\n"
    "  --yes HOST                 confirm a load on a host that is neither loopback nor private;\n"
    "                             may be given several times\n"
    "  --dry-run                  tell what would be done (--format text|json), and do nothing\n"
    "  --max-rate N, --max-connections N, --max-requests N, --max-duration TIME\n"
    "                             narrow the document's limits\n"
    "  --rate N                   every load sends N requests a second, whatever the document "
    "says\n"
    "  --vus N                    every load has N virtual users instead\n"
    "  --duration TIME            every load lasts so long (30s, 5m)\n"
    "  --time-scale S             multiply planned lengths (0.1: ten times as fast)\n"
    "  --for TIME                 begin iterations of a looping orchestration for so long (2h)\n"
    "  --journal FILE|none        where the journal goes (default: the user's state folder)\n"
    "  --sync effect|interval|none   when the journal is forced to disk\n"
    "  --report FILE              write one report more (.html .json .xml .md .csv .txt)\n"
    "  --seed N                   for everything that is random\n"
    "  --allow-empty              a run in which nothing was run passes\n"
    "  --progress auto|plain|none|json   what is shown meanwhile; json: an event a line\n"
    "  --summary auto|none|full   what loads came to, before the verdict\n"
    "  --metrics-listen [ADDRESS:]PORT   serve GET /metrics there (Prometheus, OpenMetrics) while\n"
    "                             the run goes on; 127.0.0.1 unless an address is given\n"
    "  --metrics-linger TIME      and for so long after its end (default 0s; Ctrl-C ends it)\n"
    "  --trace ops|effects        show every instruction, or every effect\n"
    "  --library DIR              where documents are that this one runs, beside its own folder\n"
    "  --lenient                  unknown keys are warnings\n"
    "exit codes: 0 passed, 1 failed or no data, 2 usage, 3 invalid, 4 aborted, 5 undo failed,\n"
    "  6 budget exceeded, 70 bug, 74 I/O, 105 interrupted\n";

enum { HOSTS_CONFIRMED = 64 };

typedef struct run_arguments {
  mf_run_options run;
  mf_compile_options compile;
  cli_library library;
  cli_variables variables;
  const char *confirmed[HOSTS_CONFIRMED];
  bool format_given;
} run_arguments;

static bool parse_number(const char *text, double most, double *out) {
  char *end = NULL;
  errno = 0;
  *out = strtod(text, &end);
  return errno == 0 && end != text && *end == 0 && *out > 0 && *out <= most;
}

static int choose(const char *option, const char *word, const char *const *words) {
  for (int i = 0; words[i]; i++)
    if (!strcmp(word, words[i])) return i;
  cli_fail(CLI_USAGE, "--%s: '%s' is not known", option, word);
  return -1;
}

static int set_word(run_arguments *a, int option, const char *word) {
  static const char *const syncs[] = {"effect", "interval", "none", NULL};
  static const char *const modes[] = {"auto", "plain", "none", "json", NULL};
  static const char *const summaries[] = {"auto", "none", "full", NULL};
  static const char *const traces[] = {"ops", "effects", NULL};
  int i = option == 'S'   ? choose("sync", word, syncs)
          : option == 'p' ? choose("progress", word, modes)
          : option == 'q' ? choose("summary", word, summaries)
                          : choose("trace", word, traces);
  if (i < 0) return CLI_USAGE;
  if (option == 'S') a->run.sync = syncs[i];
  if (option == 'p') a->run.progress = (mf_progress_mode)i;
  if (option == 'q') a->run.summary = (mf_summary_mode)i;
  if (option == 'x' && i == 0) a->run.trace_ops = true;
  if (option == 'x' && i == 1) a->run.trace_effects = true;
  return CLI_OK;
}

static int confirm_host(run_arguments *a, const char *host) {
  if (a->run.confirmed_count == HOSTS_CONFIRMED)
    return cli_fail(CLI_USAGE, "--yes can be given %d times", HOSTS_CONFIRMED);
  a->confirmed[a->run.confirmed_count++] = host;
  return CLI_OK;
}

/* A whole number, but for a rate. */
static int set_limit(run_arguments *a, int option, const char *text) {
  const char *name = option == '1'   ? "max-rate"
                     : option == '2' ? "max-connections"
                                     : "max-requests";
  double number;
  bool whole = option != '1';
  if (!parse_number(text, 1e15, &number) || (whole && number != (double)(uint64_t)number))
    return cli_fail(CLI_USAGE, "--%s wants a %snumber above 0, not '%s'", name,
                    whole ? "whole " : "", text);
  if (option == '1') a->run.max_rate = number;
  if (option == '2') a->run.max_connections = (uint64_t)number;
  if (option == '3') a->run.max_requests = (uint64_t)number;
  return CLI_OK;
}

static int set_format(run_arguments *a, const char *word) {
  static const char *const formats[] = {"text", "json", NULL};
  int i = choose("format", word, formats);
  if (i < 0) return CLI_USAGE;
  a->format_given = true;
  a->run.dry_run_json = i == 1;
  return CLI_OK;
}

static int set_option(run_arguments *a, int option) {
  switch (option) {
    case 't': a->run.target = optarg; return CLI_OK;
    case 'T': a->run.require_target = true; return CLI_OK;
    case 'v': return cli_variable_add(&a->variables, optarg);
    case 'f': return cli_variables_file(&a->variables, optarg);
    case 's':
      if (parse_number(optarg, 1e6, &a->run.time_scale)) return CLI_OK;
      return cli_fail(CLI_USAGE, "--time-scale wants a number above 0, not '%s'", optarg);
    case 'y': return confirm_host(a, optarg);
    case 'd': a->run.dry_run = true; return CLI_OK;
    case 'o': return set_format(a, optarg);
    case '1':
    case '2':
    case '3': return set_limit(a, option, optarg);
    case '4': a->run.max_duration = optarg; return CLI_OK;
    case 'R': a->run.rate = optarg; return CLI_OK;
    case 'u': a->run.vus = optarg; return CLI_OK;
    case 'D': a->run.duration = optarg; return CLI_OK;
    case 'F': a->run.loop_for = optarg; return CLI_OK;
    case 'j': a->run.journal = optarg; return CLI_OK;
    case 'r': a->run.report = optarg; return CLI_OK;
    case 'e':
      if (cli_parse_seed(optarg, &a->run.seed)) return CLI_OK;
      return cli_fail(CLI_USAGE, "--seed wants a whole number, not '%s'", optarg);
    case 'm': a->run.metrics_listen = optarg; return CLI_OK;
    case 'M': a->run.metrics_linger = optarg; return CLI_OK;
    case 'a': a->run.allow_empty = true; return CLI_OK;
    case 'L': return cli_library_add(&a->library, optarg);
    case 'l': a->compile.lenient = true; return CLI_OK;
    case 'h': fputs(usage, stdout); return -1;
    case 'S':
    case 'p':
    case 'q':
    case 'x': return set_word(a, option, optarg);
    default: return CLI_USAGE;
  }
}

static int parse_arguments(run_arguments *a, int argc, char **argv) {
  static const struct option longs[] = {{"target", required_argument, NULL, 't'},
                                        {"require-target", no_argument, NULL, 'T'},
                                        {"yes", required_argument, NULL, 'y'},
                                        {"dry-run", no_argument, NULL, 'd'},
                                        {"format", required_argument, NULL, 'o'},
                                        {"max-rate", required_argument, NULL, '1'},
                                        {"max-connections", required_argument, NULL, '2'},
                                        {"max-requests", required_argument, NULL, '3'},
                                        {"max-duration", required_argument, NULL, '4'},
                                        {"var", required_argument, NULL, 'v'},
                                        {"vars", required_argument, NULL, 'f'},
                                        {"time-scale", required_argument, NULL, 's'},
                                        {"rate", required_argument, NULL, 'R'},
                                        {"vus", required_argument, NULL, 'u'},
                                        {"duration", required_argument, NULL, 'D'},
                                        {"for", required_argument, NULL, 'F'},
                                        {"journal", required_argument, NULL, 'j'},
                                        {"report", required_argument, NULL, 'r'},
                                        {"seed", required_argument, NULL, 'e'},
                                        {"allow-empty", no_argument, NULL, 'a'},
                                        {"sync", required_argument, NULL, 'S'},
                                        {"progress", required_argument, NULL, 'p'},
                                        {"summary", required_argument, NULL, 'q'},
                                        {"metrics-listen", required_argument, NULL, 'm'},
                                        {"metrics-linger", required_argument, NULL, 'M'},
                                        {"trace", required_argument, NULL, 'x'},
                                        {"library", required_argument, NULL, 'L'},
                                        {"lenient", no_argument, NULL, 'l'},
                                        {"help", no_argument, NULL, 'h'},
                                        {NULL, 0, NULL, 0}};
  int option;
  while ((option = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
    int code = set_option(a, option);
    if (code) return code;
  }
  if (a->format_given && !a->run.dry_run)
    return cli_fail(CLI_USAGE, "--format is for --dry-run; --report FILE writes a report");
  if (optind + 1 == argc) return CLI_OK;
  return cli_fail(CLI_USAGE, "run: give one file (mfvm run --help)");
}

/* Names given on the command line count as declared in a fragment. */
static const char **assumed_names(const cli_variables *v) {
  const char **names = calloc(v->count + 1, sizeof *names);
  for (size_t i = 0; names && i < v->count; i++)
    names[i] = strndup(v->items[i].name.p, v->items[i].name.n);
  return names;
}

static void free_names(const char **names) {
  for (size_t i = 0; names && names[i]; i++) free((void *)(uintptr_t)names[i]);
  free((void *)(uintptr_t)names);
}

static int run_file(run_arguments *a, const char *path) {
  cli_input input;
  const char **names = assumed_names(&a->variables);
  a->compile.assume_variables = names;
  int code = cli_input_open(&input, path, &a->compile, &a->library, false);
  if (code == CLI_OK) {
    a->run.file = path;
    a->run.image = input.image;
    a->run.image_size = input.image_size;
    a->run.variables = a->variables.items;
    a->run.variable_count = a->variables.count;
    code = mf_run(&a->run);
  }
  cli_input_close(&input);
  free_names(names);
  return code;
}

/* Anything but yes is no. */
static bool ask_on_terminal(void *ctx, const char *question) {
  char answer[16] = "";
  (void)ctx;
  fprintf(stderr, "%s [y/N] ", question);
  fflush(stderr);
  if (!fgets(answer, sizeof answer, stdin)) return false;
  answer[strcspn(answer, "\r\n")] = 0;
  return strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 || strcmp(answer, "yes") == 0;
}

/* As setlocale would find it, which is not called: it would change how numbers are
 * written. */
static bool is_utf8(void) {
  static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *value = getenv(names[i]);
    if (value && *value)
      return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "UTF8") ||
             strstr(value, "utf-8");
  }
  return false;
}

/* "dumb" terminals, and those that do not say what they are, get lines. */
static bool is_terminal(void) {
  const char *term = getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && term && *term && strcmp(term, "dumb");
}

static void terminal_size(void *ctx, unsigned *columns, unsigned *rows) {
  struct winsize size;
  (void)ctx;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col == 0 || size.ws_row == 0) return;
  *columns = size.ws_col;
  *rows = size.ws_row;
}

int verb_run(int argc, char **argv) {
  run_arguments a = {.run = {.alloc = mf_alloc_default(),
                             .time_scale = 1,
                             .seed = cli_fresh_seed(),
                             .out = cli_stdout(),
                             .err = cli_stderr()}};
  const char *ci = getenv("CI"), *no_color = getenv("NO_COLOR");
  a.run.ci = ci && *ci;
  a.run.terminal = is_terminal();
  a.run.terminal_size = terminal_size;
  if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) a.run.ask = ask_on_terminal;
  a.run.color = a.run.terminal && !(no_color && *no_color);
  a.run.utf8 = is_utf8();
  setvbuf(stdout, NULL, _IONBF, 0); /* the runner batches; who reads a pipe wants it live */
  a.run.confirmed = a.confirmed;
  int code = parse_arguments(&a, argc, argv);
  if (code == CLI_OK) code = run_file(&a, argv[optind]);
  cli_variables_free(&a.variables);
  return code < 0 ? CLI_OK : code;
}
