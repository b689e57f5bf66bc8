/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_MS 1000000LL
#define KILL_AFTER_NS (1000 * NS_PER_MS) /* after SIGTERM, on a timeout */
#define CANCEL_TERM_MS 200
#define CANCEL_KILL_MS 1000
/* Reads of one pipe in one turn: a child that never stops writing must not keep
 * the loop. */
#define READS_PER_TURN 16

extern char **environ;

typedef struct stream {
  mf_watch watch;
  mf_buf kept;
  bool cut;
} stream;

struct mf_process {
  mf_alloc alloc;
  mf_loop *loop;
  pid_t pid;
  mf_watch pidfd;
  stream out, err;
  mf_timer timer;
  bool ended;  /* the leader is dead, not yet reaped */
  bool killed; /* SIGKILL was sent to the group */
  mf_process_result result;
  void (*done)(void *ctx, const mf_process_result *result);
  void *ctx;
};

/* ---- The end ---- */

static void close_watch(mf_process *process, mf_watch *watch) {
  if (watch->fd < 0) return;
  mf_watch_clear(process->loop, watch);
  close(watch->fd);
  watch->fd = -1;
}

static void free_process(mf_process *process) {
  mf_timer_clear(process->loop, &process->timer);
  close_watch(process, &process->pidfd);
  close_watch(process, &process->out.watch);
  close_watch(process, &process->err.watch);
  mf_buf_fini(&process->out.kept);
  mf_buf_fini(&process->err.kept);
  mf_alloc alloc = process->alloc;
  mf_realloc(&alloc, process, sizeof *process, 0);
}

/* Until the leader is reaped its number, and so the group's, cannot be reused. */
static void signal_group(mf_process *process, int signal) {
  if (process->pid > 1) (void)kill(-process->pid, signal);
  if (signal == SIGKILL) process->killed = true;
}

static void reap(mf_process *process) {
  int status = 0;
  pid_t pid;
  do pid = waitpid(process->pid, &status, WNOHANG);
  while (pid < 0 && errno == EINTR);
  if (pid != process->pid) return;
  process->result.exited = WIFEXITED(status);
  process->result.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

static void finish(mf_process *process) {
  reap(process);
  process->result.out = mf_buf_str(&process->out.kept);
  process->result.err = mf_buf_str(&process->err.kept);
  process->result.out_cut = process->out.cut;
  process->result.err_cut = process->err.cut;
  mf_timer_clear(process->loop, &process->timer);
  process->done(process->ctx, &process->result);
  free_process(process);
}

/* ---- Output ---- */

/* Reads what is there.  False at the end of the stream. */
static bool drain(stream *s, int turns) {
  char chunk[16384];
  for (; turns > 0; turns--) {
    ssize_t n = read(s->watch.fd, chunk, sizeof chunk);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    size_t room = s->kept.max - s->kept.n;
    if ((size_t)n > room) s->cut = true;
    if (room > 0) mf_buf_add(&s->kept, chunk, (size_t)n < room ? (size_t)n : room);
  }
  return true;
}

static bool all_closed(const mf_process *process) {
  return process->out.watch.fd < 0 && process->err.watch.fd < 0;
}

/* After the leader's death: what it wrote is in the pipes.  Those that it left
 * running may hold the pipes open for ever and are not waited for, unless a
 * timeout is ending them. */
static void maybe_finish(mf_process *process) {
  if (!process->ended) return;
  if (process->result.timed_out && !process->killed) {
    if (!all_closed(process)) return;
    signal_group(process, SIGKILL);
  }
  /* A pipe holds 64 KiB unless the child enlarged it (1 MiB at most). */
  if (process->out.watch.fd >= 0) (void)drain(&process->out, 64);
  if (process->err.watch.fd >= 0) (void)drain(&process->err, 64);
  finish(process);
}

static void stream_ready(mf_process *process, stream *s) {
  if (drain(s, READS_PER_TURN)) return;
  close_watch(process, &s->watch);
  maybe_finish(process);
}

static void out_ready(mf_watch *watch, uint32_t events) {
  (void)events;
  mf_process *process = watch->ctx;
  stream_ready(process, &process->out);
}

static void err_ready(mf_watch *watch, uint32_t events) {
  (void)events;
  mf_process *process = watch->ctx;
  stream_ready(process, &process->err);
}

static void leader_ended(mf_watch *watch, uint32_t events) {
  (void)events;
  mf_process *process = watch->ctx;
  mf_watch_clear(process->loop, watch);
  process->ended = true;
  maybe_finish(process);
}

static void time_is_up(mf_timer *timer) {
  mf_process *process = timer->ctx;
  if (process->result.timed_out) {
    signal_group(process, SIGKILL);
    maybe_finish(process);
    return;
  }
  process->result.timed_out = true;
  signal_group(process, SIGTERM);
  if (mf_timer_set(process->loop, timer, mf_loop_now(process->loop) + KILL_AFTER_NS) != MF_OK)
    signal_group(process, SIGKILL);
}

/* ---- The start ---- */

/* What the child is given: descriptors and environment of our making. */
typedef struct setup {
  int in, out[2], err[2];
  char **env;
  size_t env_size;
} setup;

static bool write_all(int fd, mf_str text) {
  while (text.n > 0) {
    ssize_t n = write(fd, text.p, text.n);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text = (mf_str){text.p + n, text.n - (size_t)n};
  }
  return true;
}

/* Standard input is a file in memory: nothing to feed, no SIGPIPE. */
static bool open_input(setup *s, mf_str input) {
  if (input.n == 0) {
    s->in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return s->in >= 0;
  }
  s->in = memfd_create("stdin", MFD_CLOEXEC);
  return s->in >= 0 && write_all(s->in, input) && lseek(s->in, 0, SEEK_SET) == 0;
}

static bool open_pipe(int fds[2]) {
  return pipe2(fds, O_CLOEXEC) == 0 && fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0;
}

static size_t count_of(const char *const *list) {
  size_t n = 0;
  while (list && list[n]) n++;
  return n;
}

static bool same_name(const char *a, const char *b) {
  size_t n = strcspn(a, "=");
  return strncmp(a, b, n + 1) == 0;
}

/* Ours without the names that are given anew, then those.  The strings are
 * borrowed; posix_spawn wants them without const but does not write to them. */
static bool build_env(const mf_alloc *alloc, const char *const *added, setup *s) {
  const char *const *ours = (const char *const *)environ;
  size_t n = 0, n_ours = count_of(ours), n_added = count_of(added);
  s->env_size = sizeof *s->env * (n_ours + n_added + 1);
  const char **env = mf_realloc(alloc, NULL, 0, s->env_size);
  if (!env) return false;
  for (size_t i = 0; i < n_ours; i++) {
    size_t j = 0;
    while (j < n_added && !same_name(added[j], ours[i])) j++;
    if (j == n_added) env[n++] = ours[i];
  }
  for (size_t j = 0; j < n_added; j++) env[n++] = added[j];
  env[n] = NULL;
  memcpy(&s->env, &env, sizeof env);
  return true;
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void free_setup(const mf_alloc *alloc, setup *s) {
  close_fd(&s->in);
  close_fd(&s->out[0]);
  close_fd(&s->out[1]);
  close_fd(&s->err[0]);
  close_fd(&s->err[1]);
  mf_realloc(alloc, s->env, s->env_size, 0);
}

static int add_actions(posix_spawn_file_actions_t *actions, const setup *s, const char *cwd) {
  int e = posix_spawn_file_actions_adddup2(actions, s->in, 0);
  if (!e) e = posix_spawn_file_actions_adddup2(actions, s->out[1], 1);
  if (!e) e = posix_spawn_file_actions_adddup2(actions, s->err[1], 2);
  if (!e) e = posix_spawn_file_actions_addclosefrom_np(actions, 3);
  if (!e && cwd) e = posix_spawn_file_actions_addchdir_np(actions, cwd);
  return e;
}

/* Own group, no blocked signals (the loop blocks three), default handlers. */
static int set_attributes(posix_spawnattr_t *attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  sigdelset(&all, SIGKILL);
  sigdelset(&all, SIGSTOP);
  int e = posix_spawnattr_setflags(
      attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  if (!e) e = posix_spawnattr_setpgroup(attributes, 0);
  if (!e) e = posix_spawnattr_setsigmask(attributes, &none);
  if (!e) e = posix_spawnattr_setsigdefault(attributes, &all);
  return e;
}

/* 0 or an errno. */
static int spawn(const setup *s, const mf_process_spec *spec, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  char *const *argv;
  memcpy(&argv, &spec->argv, sizeof argv);
  int e = posix_spawn_file_actions_init(&actions);
  if (e) return e;
  e = posix_spawnattr_init(&attributes);
  if (!e) {
    e = add_actions(&actions, s, spec->cwd);
    if (!e) e = set_attributes(&attributes);
    if (!e) e = posix_spawnp(pid, spec->argv[0], &actions, &attributes, argv, s->env);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return e;
}

static bool watch_all(mf_process *process, const mf_process_spec *spec) {
  mf_loop *loop = process->loop;
  if (process->pidfd.fd < 0) return false;
  if (mf_watch_set(loop, &process->pidfd, MF_READABLE) != MF_OK) return false;
  if (mf_watch_set(loop, &process->out.watch, MF_READABLE) != MF_OK) return false;
  if (mf_watch_set(loop, &process->err.watch, MF_READABLE) != MF_OK) return false;
  return spec->timeout_ns <= 0 ||
         mf_timer_set(loop, &process->timer, mf_clock_monotonic() + spec->timeout_ns) == MF_OK;
}

static void init_process(mf_process *process, const mf_alloc *alloc, mf_loop *loop,
                         const mf_process_spec *spec) {
  *process = (mf_process){
      .alloc = *alloc, .loop = loop, .done = spec->done, .ctx = spec->ctx, .pid = -1};
  process->pidfd = (mf_watch){.fd = -1, .ready = leader_ended, .ctx = process};
  process->out.watch = (mf_watch){.fd = -1, .ready = out_ready, .ctx = process};
  process->err.watch = (mf_watch){.fd = -1, .ready = err_ready, .ctx = process};
  process->timer = (mf_timer){.fire = time_is_up, .ctx = process};
  mf_buf_init(&process->out.kept, alloc, spec->max_output);
  mf_buf_init(&process->err.kept, alloc, spec->max_output);
}

/* A blank in the name of a program that is not there is a whole command line. */
static const char *say_spawn_error(int e, const mf_process_spec *spec, char *error, size_t size) {
  const char *program = spec->argv[0];
  if (e == ENOENT && spec->cwd && access(spec->cwd, X_OK) != 0)
    snprintf(error, size, "cannot start %s: no folder %s", program, spec->cwd);
  else if (e == ENOENT && strchr(program, ' '))
    snprintf(error, size, "no program named '%s'; put arguments into args, or write shell: true",
             program);
  else if (e == ENOENT)
    snprintf(error, size, "no program named '%s'", program);
  else
    snprintf(error, size, "cannot start %s: %s", program, strerror(e));
  return error;
}

/* Waits for the leader's death, at most `ms`. */
static bool wait_for_end(const mf_process *process, int ms) {
  if (process->pidfd.fd < 0) return false;
  struct pollfd p = {.fd = process->pidfd.fd, .events = POLLIN};
  return poll(&p, 1, ms) > 0;
}

const char *mf_process_start(const mf_alloc *alloc, mf_loop *loop, const mf_process_spec *spec,
                             mf_process **out, char *error, size_t error_size) {
  *out = NULL;
  setup s = {.in = -1, .out = {-1, -1}, .err = {-1, -1}};
  mf_process *process = mf_realloc(alloc, NULL, 0, sizeof *process);
  if (!process) return "out of memory";
  init_process(process, alloc, loop, spec);
  const char *why = NULL;
  if (!build_env(alloc, spec->env, &s))
    why = "out of memory";
  else if (!open_input(&s, spec->input) || !open_pipe(s.out) || !open_pipe(s.err))
    why = "no more files can be opened";
  int e = why ? 0 : spawn(&s, spec, &process->pid);
  if (e) why = say_spawn_error(e, spec, error, error_size);
  if (!why) {
    process->pidfd.fd = pidfd_open(process->pid, 0);
    process->out.watch.fd = s.out[0];
    process->err.watch.fd = s.err[0];
    s.out[0] = s.err[0] = -1;
    if (!watch_all(process, spec)) {
      why = "the child process cannot be watched";
      signal_group(process, SIGKILL);
      (void)waitpid(process->pid, NULL, 0);
    }
  }
  free_setup(alloc, &s);
  if (why)
    free_process(process);
  else
    *out = process;
  return why;
}

void mf_process_cancel(mf_process *process) {
  process->result.cancelled = true;
  if (!process->ended) {
    signal_group(process, SIGTERM);
    if (!wait_for_end(process, CANCEL_TERM_MS)) {
      signal_group(process, SIGKILL);
      (void)wait_for_end(process, CANCEL_KILL_MS);
    }
  }
  signal_group(process, SIGKILL);
  if (process->out.watch.fd >= 0) (void)drain(&process->out, 64);
  if (process->err.watch.fd >= 0) (void)drain(&process->err, 64);
  finish(process);
}
