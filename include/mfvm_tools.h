/* mfvm_tools.h - what our own tools (mfc, mfvm) use beside mfvm.h.
 *
 * SPDX-License-Identifier: MIT
 *
 * No promises: this header changes whenever the tools do. */
#ifndef MFVM_TOOLS_H
#define MFVM_TOOLS_H
#include "mfvm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where text goes.  `write` must take all n bytes. */
typedef struct mf_output {
  void (*write)(void *ctx, const char *p, size_t n);
  void *ctx;
} mf_output;

/* A block of bytes that the caller frees with mf_blob_free. */
typedef struct mf_blob {
  mf_alloc alloc;
  uint8_t *p;
  size_t n;
} mf_blob;
MF_API void mf_blob_free(mf_blob *bytes);

/* ---- files (runner/blob.c) ---- */

/* Reads a file ("-": standard input) of at most `limit` bytes, into memory
 * aligned for images.  Errors: IO_ERROR (errno text in `error`), TOO_LARGE,
 * OUT_OF_MEMORY. */
MF_API mf_status mf_blob_read(const mf_alloc *alloc, const char *path, size_t limit, mf_blob *out,
                              char *error, size_t error_size);
/* Writes a file whole or not at all (a temporary file in the same folder,
 * fsync, rename); creates missing folders. */
MF_API mf_status mf_blob_write(const char *path, const void *p, size_t n, char *error,
                               size_t error_size);

/* ---- compiler ---- */

/* All diagnostics as text for people, or as one JSON list. */
MF_API void mf_compilation_write(const mf_compilation *compilation, bool json, mf_output out);
typedef enum mf_dump { MF_DUMP_TOKENS, MF_DUMP_AST, MF_DUMP_EXPR, MF_DUMP_TYPES } mf_dump;
/* Writes the debug view of one stage; diagnostics of the stages up to there are
 * in *out as after mf_compile. */
MF_API mf_status mf_compile_dump(const mf_compile_options *options, const char *bytes, size_t n,
                                 mf_dump dump, mf_output to, mf_compilation **out);
/* A YAML core-schema scalar ("5", "true", "x"; UTF-8) as a value; text borrows. */
MF_API mf_value mf_scalar_value(mf_str text);
/* Values with the memory they live in. */
typedef struct mf_values mf_values;
/* A JSON text as one value.  JSON_INVALID (`error` is "LINE:COLUMN: why"),
 * OUT_OF_MEMORY. */
MF_API mf_status mf_values_json(const mf_alloc *alloc, mf_str json, mf_values **out, char *error,
                                size_t error_size);
/* A file of variables, by its base name: lines NAME=TEXT (mf_values_is_env), JSON
 * (.json), else YAML.  The value is a map.  DOCUMENT_INVALID (`error` as above),
 * OUT_OF_MEMORY. */
MF_API mf_status mf_values_file(const mf_alloc *alloc, const char *name, mf_str bytes,
                                mf_values **out, char *error, size_t error_size);
/* Whether a file of this base name has texts without kinds: .env, x.env, .env.x. */
MF_API bool mf_values_is_env(const char *name);
/* A deep copy.  OUT_OF_MEMORY, also of what nests too deep. */
MF_API mf_status mf_values_copy(const mf_alloc *alloc, const mf_value *value, mf_values **out);
MF_API mf_value mf_values_get(const mf_values *values);
MF_API void mf_values_free(mf_values *values);
/* A value as lossless or plain JSON.  VALUE_TOO_LARGE (values share parts: their
 * text may be without end), OUT_OF_MEMORY: then nothing was written. */
MF_API mf_status mf_value_print(const mf_value *value, bool lossless, mf_output out);

/* ---- expressions ---- */

/* The tree of an expression, on one line. */
MF_API mf_status mf_expression_tree(const mf_program_options *options, mf_str expr, mf_output out);
/* Each sub-expression with its type, one a line, parts below what they are of. */
MF_API mf_status mf_expression_types(const mf_program_options *options, mf_str expr, mf_output out);
MF_API void mf_program_disassemble(const mf_program *program, mf_output out);
/* An explanation of `expr`: one line for each reason. */
MF_API void mf_explanation_print(const mf_explanation *explanation, mf_str expr, mf_output out);
/* A diagnostic about `expr` with its line and carets; `name` may be "". */
MF_API void mf_diagnostic_print(const mf_diagnostic *diagnostic, const char *name, mf_str expr,
                                mf_output out);

/* ---- templates: text with ${expression} and {{expression}} in it ---- */

typedef struct mf_template mf_template;
/* Compiles `text` (copied) over the schema of `options`; places of mistakes count
 * in the text.  Errors: EXPRESSION_INVALID (see `report`), TOO_LARGE (more than
 * MF_LIMIT_TEMPLATE_BYTES or _EXPRESSIONS), OUT_OF_MEMORY. */
MF_API mf_status mf_template_compile(const mf_program_options *options, mf_str text,
                                     mf_template **out);
MF_API void mf_template_free(mf_template *tmpl);
/* Literal text, or, when program is not NULL, an expression with its place. */
typedef struct mf_template_part {
  mf_str text;
  const mf_program *program;
  uint32_t line, column; /* from 1 */
} mf_template_part;
MF_API size_t mf_template_count(const mf_template *tmpl);
MF_API mf_template_part mf_template_get(const mf_template *tmpl, size_t i);

/* ---- images ---- */

MF_API void mf_image_list(const mf_image *image, mf_str source, mf_output out);
/* The flow of the image as a Mermaid flowchart, or for graphviz' dot.  OUT_OF_MEMORY:
 * then nothing was written. */
MF_API mf_status mf_image_graph(const mf_image *image, bool dot, mf_output out);
/* Assembler text to bytes; diagnostics go to `errors`.  ASM_INVALID. */
MF_API mf_status mf_image_assemble(const mf_alloc *alloc, const char *name, mf_str text,
                                   mf_blob *out, mf_output errors);

/* What the image takes: a line for each input, or a JSON list. OUT_OF_MEMORY. */
MF_API mf_status mf_image_inputs_print(const mf_alloc *alloc, const mf_image *image, bool json,
                                       mf_output out);

/* ---- running ---- */

/* A value from outside.  `text`, if its p is not NULL, is how it was written where
 * writing has no kinds (--var, .env): an input reads it by its type.  `source` says
 * where it came from ("--var", a file), may be NULL. */
typedef struct mf_variable {
  mf_str name;
  mf_value value; /* what a variable gets */
  mf_str text;
  const char *source;
} mf_variable;

typedef enum mf_progress_mode {
  MF_PROGRESS_AUTO,  /* on a terminal what is under way, drawn in place; else PLAIN */
  MF_PROGRESS_PLAIN, /* lines */
  MF_PROGRESS_NONE,  /* the verdict alone */
  MF_PROGRESS_JSON   /* an event a line, the verdict among them: docs/progress.md */
} mf_progress_mode;

/* The summary before the verdict: AUTO has it when there was a load and progress is
 * shown, with at most 20 rows of each part; FULL has all rows. */
typedef enum mf_summary_mode {
  MF_SUMMARY_AUTO = 0,
  MF_SUMMARY_NONE = 1,
  MF_SUMMARY_FULL = 2,
} mf_summary_mode;

typedef struct mf_run_options {
  mf_alloc alloc;
  const uint8_t *image; /* bytes, 8-byte aligned */
  size_t image_size;
  const char *file;             /* where the image or its document came from: files that it names
                                   are beside it; NULL, "-": in the working directory */
  const char *target;           /* NULL: not given; "sample", "none" or a URL */
  const mf_variable *variables; /* overrides; of several for one name the last counts */
  size_t variable_count;
  double time_scale;    /* 1: real time */
  const char *loop_for; /* NULL, or how long a looping orchestration begins iterations: "2h" */
  uint64_t seed;
  const char *journal;        /* NULL: the user's state folder; "none"; a path */
  const char *sync;           /* NULL or "effect", "interval", "none" */
  const char *report;         /* NULL: as the document says; else one path more */
  const char *metrics_listen; /* NULL: nowhere; "9090" or "ADDRESS:9090" */
  const char *metrics_linger; /* NULL, or for how long after the end: "30s" */
  /* What the document's limits are narrowed to; 0, NULL: not given. */
  double max_rate;
  uint64_t max_connections, max_requests;
  const char *max_duration;
  const char *const *confirmed; /* hosts that a load may reach although they are public */
  size_t confirmed_count;
  /* Asks on a terminal; true: yes.  NULL: there is nobody to ask. */
  bool (*ask)(void *ctx, const char *question);
  void *ask_ctx;
  /* NULL, or what every load does instead of what its document says: requests a
   * second, virtual users, and how long ("30s"). */
  const char *rate, *vus, *duration;
  bool allow_empty, require_target;
  bool dry_run, dry_run_json; /* tell on `out` what would be done, and do nothing */
  bool ci;                    /* the environment variable CI is set */
  bool trace_ops, trace_effects;
  mf_progress_mode progress;
  mf_summary_mode summary;
  /* How large the terminal is now; NULL: 80 columns and 24 rows.  Has out.ctx. */
  void (*terminal_size)(void *ctx, unsigned *columns, unsigned *rows);
  bool utf8;            /* `out` takes more than ASCII */
  bool color, terminal; /* of `out` */
  mf_output out, err;   /* progress and verdict; trace and errors */
} mf_run_options;

/* True when `code` ("MF-E0203") is known; then what it means, static. */
MF_API bool mf_explain(const char *code, const char **explanation);

/* Runs the image to its end, with everything docs/language.md says around it.
 * Returns the exit code ("How a run ends" there). */
MF_API int mf_run(const mf_run_options *options);

/* Prints a journal, one event a line, readable (or as JSON lines); checks the
 * chain.  IO_ERROR, JOURNAL_DAMAGED (everything before the damage is printed and
 * *what tells where). */
MF_API mf_status mf_journal_print(const mf_alloc *alloc, const char *path, bool json, mf_output out,
                                  char *what, size_t what_size);

/* Makes a report from a journal. */
typedef struct mf_report_options {
  const char *journal;
  const char *format; /* NULL: by the ending of `output`, else of `tmpl`, else html */
  const char *output; /* where it will go, NULL: nowhere yet; not written here */
  const char *tmpl;   /* file of a template; NULL: none */
  mf_output err;      /* mistakes in the template */
} mf_report_options;
/* IO_ERROR, UNSUPPORTED (no such format), EXPRESSION_INVALID (of the template),
 * TOO_LARGE, OUT_OF_MEMORY, statuses of mf_eval; JOURNAL_DAMAGED: *out holds what
 * came before the damage.  `error` says why. */
MF_API mf_status mf_report_from_journal(const mf_alloc *alloc, const mf_report_options *options,
                                        mf_blob *out, char *error, size_t error_size);

/* The built-in sample service, until SIGINT or SIGTERM.  Returns an exit code. */
typedef struct mf_target_options {
  const char *listen; /* "127.0.0.1" */
  uint16_t port;      /* 0: any; the first line printed tells */
  double latency_ms, jitter_ms, error_rate;
  uint64_t seed;
  mf_output out, err;
} mf_target_options;
MF_API int mf_target_serve(const mf_target_options *options);

/* ---- proxies with Toxiproxy's API (docs/proxy.md) ---- */

typedef struct mf_proxy_options {
  const char *host; /* of the API: localhost, or an address */
  uint16_t port;    /* 0: any; the first line printed tells */
  mf_str config;    /* JSON: a list of proxies, or such a list under "proxies"; n 0: none */
  const char *config_name;
  uint64_t seed;
  bool compat; /* as Toxiproxy does it, to the letter */
  bool log;    /* a line for each connection and each toxic that hits one */
  mf_output out, err;
} mf_proxy_options;
/* Serves until SIGINT or SIGTERM.  Returns an exit code. */
MF_API int mf_proxy_serve(const mf_proxy_options *options);

/* One request to such a server, or to Toxiproxy. */
typedef struct mf_proxy_call {
  const char *server; /* "http://localhost:8474" */
  const char *method;
  const char *path[4]; /* its parts, not encoded; NULL behind the last */
  mf_str body;         /* JSON; n 0: none */
} mf_proxy_call;
/* MF_OK: there is an answer, *status is its code and *out its body.  IO_ERROR,
 * OUT_OF_MEMORY: `error` says why. */
MF_API mf_status mf_proxy_ask(const mf_alloc *alloc, const mf_proxy_call *call, int *status,
                              mf_blob *out, char *error, size_t error_size);

#ifdef __cplusplus
}
#endif
#endif
