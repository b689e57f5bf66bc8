/* SPDX-License-Identifier: MIT */
/* record - compiles a document, runs it on the machine in virtual time, and writes
 * what happens in the form of the reference. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../include/mfvm_tools.h"
#include "../../vm/value.h"
#include "flow.h"

enum {
  EFFECTS = 100000, /* turns of the loop below, about two an effect */
  FLIGHTS = 64
};
static const int64_t START_NS = INT64_C(1700000000000000000);

/* An effect under way: each task has one at a time. */
typedef struct flight {
  uint32_t id;
  int64_t due_ns;
  mf_value answer;
} flight;
typedef struct recorder {
  flow_world world;
  mf_arena arena;
  mf_buf *out;
  mf_vm *vm;
  int64_t now_ns;
  flight flights[FLIGHTS]; /* in the order in which they were asked for */
  unsigned flying;
  int64_t due_ns; /* of the one that is being asked for */
} recorder;

/* ---- notices ---- */

static void put(mf_buf *out, const mf_value *v) {
  flow_value value = {.kind = FLOW_ERROR};
  const mf_value *status = mf_map_get(v, MF_STR("status")),
                 *code = mf_map_get(v, MF_STR("exit_code"));
  switch (v->kind) {
    case MF_BOOL: value = (flow_value){.kind = FLOW_BOOL, .i = (long)v->as.i}; break;
    case MF_INT: value = (flow_value){.kind = FLOW_INT, .i = (long)v->as.i}; break;
    case MF_DOUBLE: value = (flow_value){.kind = FLOW_DOUBLE, .d = v->as.d}; break;
    case MF_STRING: mf_buf_printf(out, "\"%.*s\"", (int)v->len, v->as.s); return;
    case MF_MAP:
      if (status || code)
        mf_buf_printf(out, "{%s %ld}", status ? "status" : "exit_code",
                      (long)(status ? status : code)->as.i);
      else
        mf_buf_puts(out, "{no answer}");
      return;
    case MF_LIST:
      mf_buf_putc(out, '[');
      for (uint32_t i = 0; i < v->len; i++) {
        if (i) mf_buf_puts(out, ", ");
        put(out, &v->as.list[i]);
      }
      mf_buf_putc(out, ']');
      return;
    default: break;
  }
  flow_put_value(out, &value);
}

static void on_notice(void *ctx, const mf_notice *n) {
  static const char *const words[] = {"passed",  "failed",  "skipped",
                                      "no_data", "warning", "interrupted"};
  mf_buf *out = ((recorder *)ctx)->out;
  const char *path = n->path.n ? n->path.p : "", *name = n->name.p, *word = words[n->outcome];
  int path_n = (int)n->path.n, name_n = (int)n->name.n, text_n = (int)n->text.n;
  switch (n->kind) {
    case MF_NOTICE_STEP_STARTED:
      mf_buf_printf(out, "begin step %.*s at %.*s", name_n, name, path_n, path);
      if (n->attempt > 1) mf_buf_printf(out, " attempt %u", n->attempt);
      break;
    case MF_NOTICE_STEP_RETRIED:
      mf_buf_printf(out, "retry %.*s after %u pause %g", path_n, path, n->attempt, n->actual.as.d);
      break;
    case MF_NOTICE_STEP_FINISHED:
      mf_buf_printf(out, "step %.*s %s", path_n, path, word);
      if (n->outcome != MF_OUTCOME_SKIPPED) mf_buf_printf(out, " %g", n->duration);
      break;
    case MF_NOTICE_TURN:
      mf_buf_printf(out, "turn %u of %.*s", (unsigned)n->turn, path_n, path);
      if (n->actual.kind != MF_UNSET) mf_buf_putc(out, ' '), put(out, &n->actual);
      break;
    case MF_NOTICE_REPEAT_FINISHED:
      mf_buf_printf(out, "repeat %.*s %s %u", path_n, path, word, (unsigned)n->turn);
      break;
    case MF_NOTICE_BLOCK_FINISHED:
      mf_buf_printf(out, "block %.*s %s %g", name_n, name, word, n->duration);
      break;
    case MF_NOTICE_GROUP_STARTED: mf_buf_printf(out, "begin group %.*s", path_n, path); break;
    case MF_NOTICE_GROUP_FINISHED:
      mf_buf_printf(out, "group %.*s %s %g", path_n, path, word, n->duration);
      break;
    case MF_NOTICE_BRANCH:
      mf_buf_printf(out, "branch %.*s %.*s", path_n, path, text_n, n->text.p);
      break;
    case MF_NOTICE_HOOK_STARTED: mf_buf_printf(out, "begin hook %.*s", path_n, path); break;
    case MF_NOTICE_HOOK_FINISHED: mf_buf_printf(out, "hook %.*s %s", path_n, path, word); break;
    case MF_NOTICE_ACTION_FINISHED: mf_buf_printf(out, "action %.*s %s", path_n, path, word); break;
    case MF_NOTICE_ASSERTION: mf_buf_printf(out, "assertion %.*s %s", path_n, path, word); break;
    case MF_NOTICE_LOG: mf_buf_printf(out, "log %.*s %.*s", name_n, name, text_n, n->text.p); break;
    case MF_NOTICE_METRIC:
    case MF_NOTICE_VARIABLE:
      mf_buf_printf(out, "%s %.*s ", n->kind == MF_NOTICE_METRIC ? "metric" : "variable", name_n,
                    name);
      put(out, &n->actual);
      break;
    case MF_NOTICE_ERROR: mf_buf_printf(out, "error %.*s", path_n, path); break;
    case MF_NOTICE_VERDICT: mf_buf_printf(out, "verdict %s", word); break;
    default: return; /* warnings are counted */
  }
  mf_buf_putc(out, '\n');
}

/* ---- effects ---- */

static void add_metrics(recorder *r, mf_map_builder *b, double error_rate) {
  mf_map_builder metrics;
  mf_map_build(&metrics, &r->arena);
  mf_map_add(&metrics, "error_rate", mf_double(error_rate));
  mf_value v = mf_map_done(&metrics);
  mf_map_add(b, "metrics", v);
  mf_map_add(b, "run_metrics", v);
}

static mf_value failure(recorder *r, const char *error) {
  mf_map_builder b;
  mf_map_build(&b, &r->arena);
  mf_map_add(&b, "ok", mf_bool(false));
  mf_map_add(&b, "error", mf_string(mf_str_of(error)));
  return mf_map_done(&b);
}

/* As the driver does when the length of a load is none. */
static mf_value refused(recorder *r) {
  mf_buf_puts(r->out, " refused\n");
  return failure(r, "no length of time");
}

/* Keys that are compared come from `key` of the arguments. */
static mf_value asked(recorder *r, const mf_effect *e, const char *driver, const char *key) {
  char name[32] = "";
  mf_map_builder b;
  mf_str text = mf_map_str(e->args, key, "");
  double seconds = mf_map_number(e->args, "duration", -1);
  snprintf(name, sizeof name, "%.*s", (int)text.n, text.p);
  mf_buf_printf(r->out, "effect %s %s", driver, name);
  bool load = !strcmp(driver, "http_load");
  const mf_value *body = mf_map_get(e->args, MF_STR("body")),
                 *args = mf_map_get(e->args, MF_STR("args"));
  if (load && !(seconds >= 0)) return refused(r);
  if (load) mf_buf_printf(r->out, " %g", seconds);
  if (body) mf_buf_putc(r->out, ' '), put(r->out, mf_map_get(body, MF_STR("v")));
  if (args && args->kind == MF_LIST) mf_buf_putc(r->out, ' '), put(r->out, &args->as.list[0]);
  mf_buf_putc(r->out, '\n');
  flow_reply reply = flow_answer(&r->world, driver, name);
  r->due_ns += (int64_t)((load ? seconds : reply.seconds) * 1e9);
  mf_map_build(&b, &r->arena);
  mf_map_add(&b, "ok", mf_bool(reply.ok));
  if (!reply.ok) mf_map_add(&b, "error", mf_string(MF_STR("no")));
  if (reply.code >= 0)
    mf_map_add(&b, strcmp(driver, "command") ? "status" : "exit_code", mf_int(reply.code));
  if (load && reply.ok) add_metrics(r, &b, reply.error_rate);
  return mf_map_done(&b);
}

static mf_value perform(recorder *r, const mf_effect *e) {
  mf_map_builder b;
  if (mf_str_is(e->driver, "http_request")) return asked(r, e, "http_request", "url");
  if (mf_str_is(e->driver, "command")) return asked(r, e, "command", "command");
  if (mf_str_is(e->driver, "http_load")) return asked(r, e, "http_load", "name");
  if (mf_str_is(e->driver, "proxy")) return asked(r, e, "proxy", "do");
  double seconds = mf_map_number(e->args, "seconds", 0);
  if (mf_str_is(e->driver, "wait") && seconds > 0)
    mf_buf_printf(r->out, "effect wait %g\n", seconds);
  if (mf_str_is(e->driver, "report"))
    mf_buf_printf(r->out, "effect report %s\n", mf_map_str(e->args, "path", "").p);
  r->due_ns += (int64_t)(seconds * 1e9);
  mf_map_build(&b, &r->arena);
  mf_map_add(&b, "ok", mf_bool(true));
  return mf_map_done(&b);
}

static void ask(recorder *r, const mf_effect *e) {
  if (r->flying == FLIGHTS) {
    mf_buf_puts(r->out, "too many effects at once\n");
    return;
  }
  r->due_ns = r->now_ns;
  mf_value answer = perform(r, e);
  r->flights[r->flying++] = (flight){e->id, r->due_ns, answer};
}

static void land(recorder *r, unsigned i, mf_value answer) {
  mf_outcome outcome = {&answer, r->now_ns, START_NS + r->now_ns};
  mf_vm_deliver(r->vm, r->flights[i].id, &outcome);
  r->flying--;
  memmove(&r->flights[i], &r->flights[i + 1], (r->flying - i) * sizeof *r->flights);
}

static void cancel(recorder *r, const mf_effect *e) {
  unsigned i = 0;
  mf_buf_printf(r->out, "cancel %.*s\n", (int)e->driver.n, e->driver.p);
  while (i < r->flying && r->flights[i].id != e->id) i++;
  if (i < r->flying) land(r, i, failure(r, "cancelled"));
}

/* What ends first, of two at once the one that was asked for first; before that, what
 * runs out of time. */
static void pass_time(recorder *r) {
  int64_t deadline = mf_vm_deadline(r->vm);
  unsigned first = 0;
  for (unsigned i = 1; i < r->flying; i++)
    if (r->flights[i].due_ns < r->flights[first].due_ns) first = i;
  if (deadline <= r->flights[first].due_ns) {
    r->now_ns = deadline;
    mf_vm_time(r->vm, r->now_ns, START_NS + r->now_ns);
  } else {
    r->now_ns = r->flights[first].due_ns;
    land(r, first, r->flights[first].answer);
  }
}

static void drive(recorder *r) {
  mf_effect e;
  mf_vm_state state = mf_vm_run(r->vm, &e);
  for (int n = 0; state != MF_VM_DONE && state != MF_VM_FAILED && n < EFFECTS; n++) {
    if (state == MF_VM_EFFECT)
      ask(r, &e);
    else if (state == MF_VM_CANCEL)
      cancel(r, &e);
    else
      pass_time(r);
    state = mf_vm_run(r->vm, &e);
  }
  if (state != MF_VM_DONE)
    mf_buf_printf(r->out, "it does not end: %s\n", mf_status_name(mf_vm_error(r->vm)));
  mf_verdict v = mf_vm_verdict(r->vm);
  mf_buf_printf(r->out, "nothing run %d, aborted %d, hook %d, unsteady %d, rollback %d\n",
                v.nothing_run, v.aborted, v.hook_failed, v.unsteady, v.rollback_failed);
  mf_buf_printf(r->out, "steps %u %u %u, assertions %u %u %u, warnings %u\n", v.steps_passed,
                v.steps_failed, v.steps_skipped, v.assertions_passed, v.assertions_failed,
                v.assertions_no_data, v.warnings);
}

static void write_messages(void *ctx, const char *p, size_t n) { mf_buf_add(ctx, p, n); }

static void run(const flow_document *d, mf_compilation *comp, mf_buf *out) {
  recorder r = {.world = {.seed = d->seed}, .out = out};
  mf_alloc alloc = mf_alloc_default();
  mf_image *image = NULL;
  char detail[128] = "";
  size_t n;
  const uint8_t *bytes = mf_compilation_image(comp, &n);
  mf_vm_options options = {.seed = 1,
                           .start_wall_ns = START_NS,
                           .run_id = "0123456789abcdef",
                           .notice = on_notice,
                           .notice_ctx = &r};
  mf_arena_init(&r.arena, &alloc, 0);
  if (mf_image_open(&alloc, bytes, n, &image, detail, sizeof detail) != MF_OK)
    mf_buf_printf(out, "refused: %s\n", detail);
  else if (mf_vm_new(image, &options, &r.vm) == MF_OK)
    drive(&r);
  mf_vm_free(r.vm);
  mf_image_close(image);
  mf_arena_fini(&r.arena);
}

bool flow_record(const flow_document *d, mf_str text, mf_buf *out) {
  mf_compile_options options = {.name = "random.yaml"};
  mf_compilation *comp = NULL;
  bool ok = mf_compile(&options, text.p, text.n, &comp) == MF_OK;
  if (ok)
    run(d, comp, out);
  else
    mf_compilation_write(comp, false, (mf_output){write_messages, out});
  mf_compilation_free(comp);
  return ok;
}
