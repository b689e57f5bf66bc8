/* cli - what the verbs of mfc and mfvm share.  Only here is anything printed. */
#ifndef MF_CLI_CLI_H
#define MF_CLI_CLI_H
#include <stdio.h>

#include "../include/mfvm_tools.h"

/* Exit codes (docs/language.md, "How a run ends"). */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_INVALID = 3, CLI_BUG = 70, CLI_IO = 74 };

typedef struct cli_verb {
  const char *name;
  int (*run)(int argc, char **argv); /* argv[0] is the verb */
  const char *synopsis;              /* behind "mfc build " */
  const char *doc;                   /* one line */
} cli_verb;

/* Runs the verb argv names; `program` and `verbs` (ended by name NULL) are for
 * help.  `fallback` (may be NULL) is run when the first argument is no verb but
 * a file. */
int cli_main(const char *program, const cli_verb *verbs, const cli_verb *fallback, int argc,
             char **argv);

/* "mfc: ..." on standard error; returns `code`. */
int cli_fail(int code, const char *fmt, ...) MF_PRINTF(2, 3);
mf_output cli_stdout(void);
mf_output cli_stderr(void);
/* Flushes standard output; CLI_IO and a message when that failed. */
int cli_finish(int code);

/* Text that grows; `failed`: out of memory.  The owner zeroes it and frees p. */
typedef struct cli_text {
  char *p; /* NUL-terminated, once something was added */
  size_t n;
  bool failed;
} cli_text;
void cli_text_add(cli_text *text, const char *p, size_t n);
mf_output cli_text_output(cli_text *text);
/* For everything that is random, unless --seed is given. */
uint64_t cli_fresh_seed(void);
bool cli_parse_seed(const char *text, uint64_t *out);
bool cli_parse_port(const char *text, uint16_t *port);

/* The part of a path behind the last slash. */
const char *cli_base_name(const char *path);

/* Where documents are that others run: --library of several verbs. */
typedef struct cli_library {
  const char *folders[64]; /* borrowed */
  size_t count;
  const char *document; /* the one that is compiled; NULL: standard input */
  char *path;           /* of the document found last */
  mf_blob file;
} cli_library;
/* CLI_OK or CLI_USAGE, explained. */
int cli_library_add(cli_library *library, const char *folder);
/* For documents that this one runs. */
mf_loader cli_library_loader(cli_library *library, const char *document);
void cli_library_close(cli_library *library);

/* A file read and, unless it is an image, compiled. */
typedef struct cli_input {
  mf_blob file;                /* as read */
  mf_compilation *compilation; /* NULL for images */
  const uint8_t *image;        /* the image's bytes, 8-byte aligned */
  size_t image_size;
} cli_input;
/* Reads `path` ("-": standard input) and compiles it; diagnostics are printed.  What it
 * links is found beside it and in the library (NULL: beside it alone).
 * Returns CLI_OK or an exit code that was explained already. */
int cli_input_open(cli_input *input, const char *path, const mf_compile_options *options,
                   cli_library *library, bool json);
void cli_input_close(cli_input *input);

/* --vars and then --var of run and eval, each in the order given: later ones win. */
typedef struct cli_variables {
  mf_variable *items;
  size_t count, cap, of_files;
  mf_values *held[64];
  size_t held_count;
} cli_variables;
/* "k=v" (a YAML scalar) or "k:=JSON".  CLI_OK or CLI_USAGE, explained. */
int cli_variable_add(cli_variables *v, const char *text);
/* A file of variables.  CLI_OK or an exit code, explained. */
int cli_variables_file(cli_variables *v, const char *path);
void cli_variables_free(cli_variables *v);

/* The verbs, one file each. */
int verb_build(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_disasm(int argc, char **argv);
int verb_asm(int argc, char **argv);
int verb_verify(int argc, char **argv);
int verb_inputs(int argc, char **argv);
int verb_graph(int argc, char **argv);
int verb_eval(int argc, char **argv);
int verb_repl(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_journal(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_target(int argc, char **argv);
int verb_proxy(int argc, char **argv);

/* `mfvm proxy list|inspect|...`: argv[0] is the verb behind proxy (cli/proxy_verbs.c). */
bool cli_is_proxy_verb(const char *word);
int cli_proxy_verb(int argc, char **argv);
#endif
