/* SPDX-License-Identifier: MIT */
/* cli - verbs, messages, input files. */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *program_name = "mfc"; /* for messages; set once by cli_main */

static void write_file(void *ctx, const char *p, size_t n) { fwrite(p, 1, n, ctx); }

mf_output cli_stdout(void) { return (mf_output){write_file, stdout}; }
mf_output cli_stderr(void) { return (mf_output){write_file, stderr}; }

int cli_fail(int code, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  fprintf(stderr, "%s: ", program_name);
  vfprintf(stderr, fmt, args);
  fputc('\n', stderr);
  va_end(args);
  return code;
}

int cli_finish(int code) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return code;
  return cli_fail(CLI_IO, "cannot write standard output: %s", strerror(errno));
}

void cli_text_add(cli_text *text, const char *p, size_t n) {
  char *more = text->failed ? NULL : realloc(text->p, text->n + n + 1);
  if (!more) {
    text->failed = true;
    return;
  }
  memcpy(more + text->n, p, n);
  text->p = more;
  text->n += n;
  more[text->n] = 0;
}

static void write_text(void *ctx, const char *p, size_t n) { cli_text_add(ctx, p, n); }

mf_output cli_text_output(cli_text *text) { return (mf_output){write_text, text}; }

uint64_t cli_fresh_seed(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000003u ^ (uint64_t)now.tv_nsec ^ ((uint64_t)getpid() << 32);
}

bool cli_parse_seed(const char *text, uint64_t *out) {
  char *end = NULL;
  errno = 0;
  *out = strtoull(text, &end, 0);
  return errno == 0 && end != text && *end == 0 && *text != '-';
}

bool cli_parse_port(const char *text, uint16_t *port) {
  char *end = NULL;
  long n = strtol(text, &end, 10);
  *port = (uint16_t)n;
  return end != text && *end == 0 && n >= 0 && n <= 65535;
}

const char *cli_base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}

/* ---- verbs ---- */

static void print_help(FILE *to, const char *program, const cli_verb *verbs) {
  fprintf(to, "usage: %s VERB ...\n\n", program);
  for (; verbs->name; verbs++)
    fprintf(to, "  %s %s %s\n      %s\n", program, verbs->name, verbs->synopsis, verbs->doc);
  fprintf(to, "\n  %s --version\n", program);
}

static const cli_verb *find_verb(const cli_verb *verbs, const char *name) {
  for (; verbs->name; verbs++)
    if (!strcmp(verbs->name, name)) return verbs;
  return NULL;
}

static bool looks_like_file(const char *word) {
  return !strcmp(word, "-") || strchr(word, '/') || strchr(word, '.');
}

int cli_main(const char *program, const cli_verb *verbs, const cli_verb *fallback, int argc,
             char **argv) {
  program_name = program;
  signal(SIGPIPE, SIG_IGN); /* writes fail with EPIPE, which cli_finish reports */
  if (argc < 2) {
    print_help(stderr, program, verbs);
    return CLI_USAGE;
  }
  const char *word = argv[1];
  if (!strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h")) {
    print_help(stdout, program, verbs);
    return cli_finish(CLI_OK);
  }
  if (!strcmp(word, "--version")) {
    printf("%s %s\n", program, mf_version());
    return cli_finish(CLI_OK);
  }
  const cli_verb *verb = find_verb(verbs, word);
  if (verb) return cli_finish(verb->run(argc - 1, argv + 1));
  if (fallback && looks_like_file(word)) return cli_finish(fallback->run(argc, argv));
  print_help(stderr, program, verbs);
  return cli_fail(CLI_USAGE, "'%s' is not a verb", word);
}

/* ---- input ---- */

static bool is_image(const mf_blob *file) { return file->n >= 4 && !memcmp(file->p, "MFC\x1a", 4); }

static int compile_input(cli_input *input, const char *path, const mf_compile_options *options,
                         cli_library *library, bool json) {
  mf_compile_options own = *options;
  cli_library beside = {.count = 0};
  own.loader = cli_library_loader(library ? library : &beside, path);
  own.name = strcmp(path, "-") ? cli_base_name(path) : "stdin";
  own.regex = mf_regex_re2();
  mf_status status = mf_compile(&own, (const char *)input->file.p, input->file.n,
                                &input->compilation);
  cli_library_close(library ? library : &beside);
  if (input->compilation && (json || mf_compilation_diagnostic_count(input->compilation)))
    mf_compilation_write(input->compilation, json, json ? cli_stdout() : cli_stderr());
  if (status == MF_OUT_OF_MEMORY) return cli_fail(CLI_BUG, "%s: %s", path, mf_status_text(status));
  if (status != MF_OK) return CLI_INVALID;
  input->image = mf_compilation_image(input->compilation, &input->image_size);
  return CLI_OK;
}

int cli_input_open(cli_input *input, const char *path, const mf_compile_options *options,
                   cli_library *library, bool json) {
  char error[256] = "";
  mf_alloc alloc = mf_alloc_default();
  *input = (cli_input){.compilation = NULL};
  /* An image may be larger than a document; the compiler checks its own limit. */
  mf_status status = mf_blob_read(&alloc, path, 268435456, &input->file, error, sizeof error);
  if (status == MF_TOO_LARGE) return cli_fail(CLI_INVALID, "%s: %s", path, mf_status_text(status));
  if (status != MF_OK)
    return cli_fail(CLI_IO, "%s: %s", path, error[0] ? error : mf_status_text(status));
  if (!is_image(&input->file)) return compile_input(input, path, options, library, json);
  input->image = input->file.p;
  input->image_size = input->file.n;
  return CLI_OK;
}

void cli_input_close(cli_input *input) {
  mf_compilation_free(input->compilation);
  mf_blob_free(&input->file);
}

/* ---- variables ---- */

/* Files come before all --var, in the order given: later ones win. */
static int add_variable(cli_variables *v, const mf_variable *one, bool of_file) {
  if (v->count == v->cap) {
    size_t cap = v->cap ? v->cap * 2 : 16;
    mf_variable *items = realloc(v->items, cap * sizeof *items);
    if (!items) return cli_fail(CLI_BUG, "out of memory");
    v->items = items;
    v->cap = cap;
  }
  size_t at = of_file ? v->of_files : v->count;
  memmove(v->items + at + 1, v->items + at, (v->count - at) * sizeof *v->items);
  v->items[at] = *one;
  v->of_files += of_file;
  v->count++;
  return CLI_OK;
}

static bool can_hold(const cli_variables *v) {
  return v->held_count < sizeof v->held / sizeof v->held[0];
}

static int add_json(cli_variables *v, mf_str name, const char *json) {
  mf_alloc alloc = mf_alloc_default();
  char error[256] = "";
  if (!can_hold(v))
    return cli_fail(CLI_USAGE, "too many JSON variables; put them into a file (--vars)");
  mf_status status = mf_values_json(&alloc, (mf_str){json, strlen(json)}, &v->held[v->held_count],
                                    error, sizeof error);
  if (status != MF_OK)
    return cli_fail(CLI_USAGE, "--var %.*s: malformed JSON: %s", (int)name.n, name.p, error);
  mf_variable one = {.name = name, .source = "--var"};
  one.value = mf_values_get(v->held[v->held_count++]);
  return add_variable(v, &one, false);
}

int cli_variable_add(cli_variables *v, const char *text) {
  const char *equals = strchr(text, '=');
  if (!equals || equals == text || (equals == text + 1 && *text == ':'))
    return cli_fail(CLI_USAGE, "--var wants NAME=VALUE or NAME:=JSON, not '%s'", text);
  if (equals[-1] == ':')
    return add_json(v, (mf_str){text, (size_t)(equals - text) - 1}, equals + 1);
  mf_variable one = {.name = {text, (size_t)(equals - text)},
                     .text = {equals + 1, strlen(equals + 1)},
                     .source = "--var"};
  one.value = mf_scalar_value(one.text);
  return add_variable(v, &one, false);
}

static int add_all(cli_variables *v, mf_value map, const char *path) {
  bool env = mf_values_is_env(cli_base_name(path));
  for (uint32_t i = 0; i < map.len; i++) {
    const mf_pair *pair = &map.as.map->pairs[i];
    if (pair->key.kind != MF_STRING) continue;
    mf_variable one = {.value = pair->value, .source = path};
    one.name = (mf_str){pair->key.as.s, pair->key.len};
    if (env) one.text = (mf_str){pair->value.as.s, pair->value.len};
    int code = add_variable(v, &one, true);
    if (code) return code;
  }
  return CLI_OK;
}

int cli_variables_file(cli_variables *v, const char *path) {
  mf_alloc alloc = mf_alloc_default();
  mf_blob bytes;
  char error[512] = "";
  if (!can_hold(v)) return cli_fail(CLI_USAGE, "too many --vars files");
  mf_status status = mf_blob_read(&alloc, path, 16777216, &bytes, error, sizeof error);
  if (status == MF_TOO_LARGE) return cli_fail(CLI_USAGE, "%s: %s", path, mf_status_text(status));
  if (status != MF_OK)
    return cli_fail(CLI_IO, "%s: %s", path, error[0] ? error : mf_status_text(status));
  status = mf_values_file(&alloc, cli_base_name(path), (mf_str){(const char *)bytes.p, bytes.n},
                          &v->held[v->held_count], error, sizeof error);
  mf_blob_free(&bytes);
  if (status == MF_OUT_OF_MEMORY) return cli_fail(CLI_BUG, "%s: %s", path, mf_status_text(status));
  if (status != MF_OK) return cli_fail(CLI_USAGE, "%s:%s", path, error);
  return add_all(v, mf_values_get(v->held[v->held_count++]), path);
}

void cli_variables_free(cli_variables *v) {
  for (size_t i = 0; i < v->held_count; i++) mf_values_free(v->held[i]);
  free(v->items);
}
