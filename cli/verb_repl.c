/* SPDX-License-Identifier: MIT */
/* verb_repl - expressions from standard input, one a line, and what they come
 * to.  Reads plainly, so it works in pipes; only a terminal gets a prompt. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

typedef struct repl {
  cli_session session;
  mf_values **held; /* values of :let, and the types of each */
  char **types;
  size_t held_count;
  bool done;
} repl;

static mf_str trimmed(mf_str s) {
  while (s.n && isspace((unsigned char)s.p[s.n - 1])) s.n--;
  while (s.n && isspace((unsigned char)s.p[0])) s = (mf_str){s.p + 1, s.n - 1};
  return s;
}

static bool is_name(mf_str s) {
  if (s.n == 0 || isdigit((unsigned char)s.p[0])) return false;
  for (size_t i = 0; i < s.n; i++)
    if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '_' && s.p[i] != '.') return false;
  return true;
}

/* ---- commands ---- */

static bool make_room(repl *r) {
  mf_values **held = realloc(r->held, (r->held_count + 1) * sizeof *held);
  if (held) r->held = held;
  char **types = realloc(r->types, (r->held_count + 1) * sizeof *types);
  if (types) r->types = types;
  return held && types;
}

/* A value outlives the evaluation it came from. */
static int keep(repl *r, mf_str name, const mf_value *value, const char *type) {
  if (!make_room(r)) return cli_fail(CLI_BUG, "out of memory");
  if (mf_values_copy(NULL, value, &r->held[r->held_count]) != MF_OK)
    return cli_fail(CLI_BUG, "the value cannot be kept");
  size_t at = r->held_count++;
  r->types[at] = strdup(type);
  int code = cli_session_set(&r->session, name, mf_values_get(r->held[at]));
  return code == CLI_OK ? cli_session_type(&r->session, name, r->types[at]) : code;
}

/* ":let x = expr". */
static int let(repl *r, mf_str rest) {
  const char *equals = rest.n ? memchr(rest.p, '=', rest.n) : NULL;
  mf_str name = trimmed((mf_str){rest.p, equals ? (size_t)(equals - rest.p) : 0});
  if (!is_name(name)) return cli_fail(CLI_USAGE, "write :let NAME = EXPRESSION");
  mf_str expr = trimmed((mf_str){equals + 1, rest.n - (size_t)(equals + 1 - rest.p)});
  mf_program *program = NULL;
  mf_value value;
  char type[1000];
  int code = cli_session_compile(&r->session, expr, &program);
  if (code == CLI_OK)
    code = cli_session_status(mf_program_check(&r->session.options, expr, type, sizeof type));
  if (code == CLI_OK) code = cli_session_run(&r->session, program, &value);
  if (code == CLI_OK) code = cli_print_value(&value);
  if (code == CLI_OK) code = keep(r, name, &value, strlen(type) + 1 < sizeof type ? type : "dyn");
  mf_program_free(program);
  return code;
}

static int type(repl *r, mf_str expr) {
  char text[200];
  r->session.expr = expr;
  int code = cli_session_status(mf_program_check(&r->session.options, expr, text, sizeof text));
  if (code == CLI_OK) puts(text);
  return code;
}

static int quit(repl *r, mf_str rest) {
  (void)rest;
  r->done = true;
  return CLI_OK;
}

static int explain(repl *r, mf_str expr) { return cli_session_explain(&r->session, expr); }

static int tree(repl *r, mf_str expr) {
  r->session.expr = expr;
  return cli_session_status(mf_expression_tree(&r->session.options, expr, cli_stdout()));
}

static int help(repl *r, mf_str rest);

static const struct {
  const char *name, *doc;
  int (*run)(repl *, mf_str);
} commands[] = {
    {":let", "NAME = EXPRESSION   name a value", let},
    {":type", "EXPRESSION   its type", type},
    {":explain", "EXPRESSION   its value, and those of its parts", explain},
    {":ast", "EXPRESSION   its tree", tree},
    {":help", "", help},
    {":quit", "", quit},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int help(repl *r, mf_str rest) {
  (void)r, (void)rest;
  for (size_t i = 0; i < COMMANDS; i++) printf("%s %s\n", commands[i].name, commands[i].doc);
  return CLI_OK;
}

static int run_command(repl *r, mf_str line) {
  size_t n = 0;
  while (n < line.n && !isspace((unsigned char)line.p[n])) n++;
  for (size_t i = 0; i < COMMANDS; i++)
    if (strlen(commands[i].name) == n && !memcmp(commands[i].name, line.p, n))
      return commands[i].run(r, trimmed((mf_str){line.p + n, line.n - n}));
  return cli_fail(CLI_USAGE, "no command '%.*s'; :help lists them", (int)n, line.p);
}

static int run_line(repl *r, mf_str line) {
  if (line.n == 0) return CLI_OK;
  return line.p[0] == ':' ? run_command(r, line) : cli_session_evaluate(&r->session, line);
}

/* ---- reading ---- */

static void read_lines(repl *r) {
  char *line = NULL;
  size_t size = 0;
  bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
  while (!r->done) {
    if (terminal) fputs("> ", stdout);
    fflush(stdout);
    ssize_t n = getline(&line, &size, stdin);
    if (n < 0) break;
    run_line(r, trimmed((mf_str){line, (size_t)n}));
  }
  free(line);
}

/* Mistakes are told and forgotten: the session goes on, and ends well. */
int verb_repl(int argc, char **argv) {
  repl r = {.held = NULL};
  (void)argv;
  if (argc != 1) return cli_fail(CLI_USAGE, "repl: takes no arguments");
  int code = cli_session_open(&r.session);
  r.session.source = "input";
  if (code == CLI_OK) read_lines(&r);
  cli_session_close(&r.session);
  for (size_t i = 0; i < r.held_count; i++) mf_values_free(r.held[i]), free(r.types[i]);
  free(r.held);
  free(r.types);
  return code;
}
