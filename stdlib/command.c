/* SPDX-License-Identifier: MIT */
/* command: runs a program and keeps what it said. */
#include "drivers.h"

#include "../base/command_rule.h"
#include "../base/limits.h"
#include "../io/process.h"

#include <signal.h>

typedef struct command_op {
  mf_driver_env *env;
  mf_arena arena; /* the arguments; then the outcome */
  mf_process *process;
  double timeout_s;
  mf_done_fn done;
  void *ctx;
} command_op;

static void free_op(command_op *op) {
  mf_arena_fini(&op->arena);
  mf_alloc alloc = op->env->alloc;
  mf_realloc(&alloc, op, sizeof *op, 0);
}

/* ---- The outcome ---- */

static const char *error_of(command_op *op, const mf_process_result *result) {
  if (result->cancelled) return "cancelled";
  if (result->timed_out)
    return mf_arena_printf(&op->arena, "timed out after %.6g s", op->timeout_s);
  if (!result->exited) {
    const char *name = sigabbrev_np(result->code);
    return mf_arena_printf(&op->arena, "ended by signal %d (%s%s)", result->code,
                           name ? "SIG" : "unknown", name ? name : "");
  }
  return mf_arena_printf(&op->arena, "exit code %d", result->code);
}

/* As a shell counts: 128 + the signal. */
static int exit_code(const mf_process_result *result) {
  return result->exited ? result->code : 128 + result->code;
}

static void command_done(void *ctx, const mf_process_result *result) {
  command_op *op = ctx;
  mf_map_builder b;
  bool ok = result->exited && result->code == 0 && !result->timed_out && !result->cancelled;
  mf_map_build(&b, &op->arena);
  mf_map_add(&b, "ok", mf_bool(ok));
  if (!ok) mf_map_add(&b, "error", mf_string(mf_str_of(error_of(op, result))));
  mf_map_add(&b, "exit_code", mf_int(exit_code(result)));
  mf_map_add(&b, "stdout", mf_text_or_bytes(result->out.p, result->out.n, result->out_cut));
  mf_map_add(&b, "stderr", mf_text_or_bytes(result->err.p, result->err.n, result->err_cut));
  if (result->out_cut || result->err_cut) mf_map_add(&b, "output_cut", mf_bool(true));
  mf_value outcome = mf_map_done(&b);
  if (mf_arena_oom(&op->arena))
    mf_answer_error(op->env, op->done, op->ctx, "out of memory");
  else
    op->done(op->ctx, &outcome);
  free_op(op);
}

/* ---- Arguments ---- */

/* Text with a NUL would be cut short without a word. */
static const char *c_string(mf_args *args, mf_str s, const char *what) {
  if (s.n && memchr(s.p, 0, s.n)) {
    const char *text = mf_arena_printf(args->arena, "argument '%s' holds a NUL byte", what);
    mf_args_fail(args, text ? text : "out of memory");
  }
  const char *copy = mf_arena_copy(args->arena, s.p ? s.p : "", s.n);
  if (!copy) mf_args_fail(args, "out of memory");
  return copy;
}

/* A value as text, in the arena. */
static mf_str text_of(mf_driver_env *env, mf_args *args, const mf_value *v) {
  if (v->kind == MF_STRING || v->kind == MF_BYTES) return mf_value_str(*v);
  mf_buf buf;
  mf_buf_init(&buf, &env->alloc, MF_LIMIT_STRING_BYTES);
  mf_value_write_text(&buf, v);
  if (buf.failed) mf_args_fail(args, buf.too_large ? "an argument is too large" : "out of memory");
  mf_str s = {mf_arena_copy(args->arena, buf.p ? buf.p : "", buf.n), buf.n};
  mf_buf_fini(&buf);
  if (s.p) return s;
  mf_args_fail(args, "out of memory");
  return (mf_str){0};
}

/* Every user of the machine can read a command line. */
static void refuse_secret(mf_args *args, const mf_value *v) {
  if (v && (v->flags & MF_TAINTED))
    mf_args_fail(args, "a secret may go into a command's env or stdin, not into its command line");
}

static void ask_permission(mf_driver_env *env, mf_args *args, mf_str program) {
  const char *why = env->command_denied ? env->command_denied(env->host_ctx, program) : NULL;
  if (why) mf_args_fail(args, why);
}

static const char *const *read_argv(mf_driver_env *env, mf_args *args) {
  mf_str command = mf_arg_text(args, "command", "");
  const mf_value *list = mf_arg_list(args, "args");
  bool shell = mf_arg_flag(args, "shell", false);
  uint32_t n = list ? list->len : 0, at = 0;
  const char **argv = MF_NEW_ARRAY(args->arena, const char *, n + 5);
  if (command.n == 0) mf_args_fail(args, "argument 'command' is missing");
  refuse_secret(args, mf_arg_any(args, "command"));
  ask_permission(env, args, shell ? MF_STR(MF_SHELL) : command);
  for (uint32_t i = 0; i < n; i++) refuse_secret(args, &list->as.list[i]);
  if (!argv) mf_args_fail(args, "out of memory");
  if (args->error) return NULL;
  if (shell) {
    argv[at++] = MF_SHELL;
    argv[at++] = "-c";
  }
  argv[at++] = c_string(args, command, "command");
  /* What follows the text of `sh -c` is $0, then $1 and so on. */
  if (shell && n) argv[at++] = "sh";
  for (uint32_t i = 0; i < n; i++)
    argv[at++] = c_string(args, text_of(env, args, &list->as.list[i]), "args");
  return argv;
}

static const char *const *read_env(mf_driver_env *env, mf_args *args) {
  const mf_value *map = mf_arg_map(args, "env");
  if (!map) return NULL;
  uint32_t n = map->as.map->count;
  const char **list = MF_NEW_ARRAY(args->arena, const char *, n + 1);
  for (uint32_t i = 0; list && i < n && !args->error; i++) {
    const mf_pair *pair = &map->as.map->pairs[i];
    mf_str name = mf_value_str(pair->key);
    if (pair->key.kind != MF_STRING || name.n == 0 || memchr(name.p, '=', name.n)) {
      mf_args_fail(args, "argument 'env' has a name that no variable can have");
      break;
    }
    const char *n_text = c_string(args, name, "env");
    const char *v_text = c_string(args, text_of(env, args, &pair->value), "env");
    if (!args->error) list[i] = mf_arena_printf(args->arena, "%s=%s", n_text, v_text);
  }
  return list;
}

static bool read_arguments(command_op *op, mf_args *args, mf_process_spec *spec) {
  mf_str cwd = mf_arg_text(args, "cwd", "");
  const mf_value *input = mf_arg_any(args, "stdin");
  spec->argv = read_argv(op->env, args);
  spec->env = read_env(op->env, args);
  if (cwd.n) spec->cwd = c_string(args, cwd, "cwd");
  if (input && input->kind != MF_NULL && input->kind != MF_UNSET)
    spec->input = text_of(op->env, args, input);
  spec->timeout_ns = mf_scale_timeout(op->env, mf_arg_length(args, "timeout", 60));
  if (spec->timeout_ns == 0) mf_args_fail(args, "argument 'timeout' must be more than 0");
  op->timeout_s = (double)spec->timeout_ns / 1e9;
  if (mf_arena_oom(args->arena)) mf_args_fail(args, "out of memory");
  return args->error == NULL;
}

static mf_op *command_start(mf_driver_env *env, const mf_value *map, mf_done_fn done, void *ctx) {
  char error[512];
  mf_args args;
  command_op *op = mf_realloc(&env->alloc, NULL, 0, sizeof *op);
  if (!op) return mf_answer_error(env, done, ctx, "out of memory");
  *op = (command_op){.env = env, .done = done, .ctx = ctx};
  mf_arena_init(&op->arena, &env->alloc, 0);
  mf_args_init(&args, &op->arena, map);
  mf_process_spec spec = {.max_output = MF_LIMIT_OUTPUT_KEPT, .done = command_done, .ctx = op};
  const char *why = args.error;
  if (read_arguments(op, &args, &spec))
    why = mf_process_start(&env->alloc, env->loop, &spec, &op->process, error, sizeof error);
  else
    why = args.error;
  if (!why) return (mf_op *)op;
  mf_answer_error(env, done, ctx, why);
  free_op(op);
  return NULL;
}

static void command_cancel(mf_op *handle) { mf_process_cancel(((command_op *)handle)->process); }

const mf_driver mf_driver_command = {"command", command_start, command_cancel};
