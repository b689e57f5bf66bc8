/* session - expressions over named values: what eval and repl share. */
#ifndef MF_CLI_SESSION_H
#define MF_CLI_SESSION_H
#include "cli.h"

typedef struct cli_session {
  mf_program_options options; /* schema and count are the session's */
  mf_schema_entry *schema;
  mf_value *slots;
  size_t cap;
  mf_evaluator *evaluator;
  const char *source; /* the name of what is evaluated, for diagnostics */
  mf_str expr;        /* under way */
} cli_session;

/* CLI_OK or an exit code, explained; close it in any case. */
int cli_session_open(cli_session *s);
void cli_session_close(cli_session *s);
/* Gives a name a value (borrowed), or a type (borrowed; NULL: dyn); a name that
 * had one gets the new one.  CLI_OK or CLI_BUG, explained. */
int cli_session_set(cli_session *s, mf_str name, mf_value value);
int cli_session_type(cli_session *s, mf_str name, const char *type);

/* Mistakes are printed with their place.  The result lives until the next
 * evaluation.  CLI_OK or an exit code, explained. */
int cli_session_compile(cli_session *s, mf_str expr, mf_program **out);
int cli_session_run(cli_session *s, const mf_program *program, mf_value *result);
/* Compiles, runs, prints the value; an error is CLI_FAILED. */
int cli_session_evaluate(cli_session *s, mf_str expr);
int cli_session_explain(cli_session *s, mf_str expr);
/* What came of a call that reported its mistakes itself. */
int cli_session_status(mf_status status);
int cli_print_value(const mf_value *value);
#endif
