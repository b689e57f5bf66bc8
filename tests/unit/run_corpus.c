/* SPDX-License-Identifier: MIT */
/* run_corpus - whole orchestrations on a host of virtual time.
 *
 * tests/run/NAME.yaml.  What happens is written as lines, and comments say which
 * lines there must be:
 *   # expect: step slow_down skipped     some line contains this
 *   # then: verdict failed               one after the line that matched before
 *   # never: effect http_load            no line contains this
 *   # once: log info hello               exactly one line contains this
 * and what the world answers:
 *   # load NAME: avg_latency=300.0 error_rate=0.2    metrics of a scenario, by its name
 *   # load NAME: fails no successful response
 *   # live NAME: 2.5 error_rate=0.7      and what it has measured after so many seconds
 *   # watch NAME: failed 3 of 120 responses        what a check or threshold came to; else it holds
 *   # watch NAME: no_data
 *   # capture NAME=VALUE                 what each load captures
 *   # request URL-PART: fails connection refused
 *   # command NAME: exit_code=3
 *   # request URL-PART: status=200 takes=2   seconds until it is answered; so for commands
 *   # set NAME=VALUE                     as --var does
 *   # stop at: effect wait               a signal when a line contains this
 *   # abort at: effect wait
 *   # cross at: effect http_load         a threshold that ends the run
 *   # allow-empty
 * Loads and waits take as long as they say, in virtual time and beside each other:
 * what ends first is answered first, of two at once the one that was asked first.
 * tests/regress holds cases of the same kind, each for a bug that was. */
#include "../../include/mfvm_tools.h"
#include "../../image/image.h"
#include "../../vm/value.h"
#include "corpus.h"

typedef struct rule {
  char *kind, *name, *text;
  bool done;
  unsigned line;
} rule;
/* An effect under way. */
typedef struct flight {
  uint32_t id;
  int64_t due_ns;
  mf_value outcome; /* or, of a load under way, what it has measured */
  bool lives;
  char what[40];
} flight;
typedef struct world {
  rule *rules;
  size_t count;
  corpus_lines lines;
  mf_arena arena;
  int64_t now_ns;
  mf_vm *vm;
  bool stop_wanted, abort_wanted, cross_wanted;
  const mf_image *image;
  flight *flights;
  size_t flight_count;
} world;

static const char *const kinds[] = {
    "expect",  "then",     "never",    "once",  "load",    "request", "command",     "set",
    "stop at", "abort at", "cross at", "watch", "capture", "live",    "allow-empty", NULL};

static void take_rule(void *ctx, unsigned line, const char *comment) {
  world *w = ctx;
  for (size_t i = 0; kinds[i]; i++) {
    size_t n = strlen(kinds[i]);
    if (strncmp(comment, kinds[i], n) || (comment[n] != ':' && comment[n] != ' ' && comment[n]))
      continue;
    const char *rest = comment + n;
    while (*rest == ' ') rest++;
    const char *colon = *rest == ':' ? rest : strstr(rest, ": ");
    bool named = colon && colon != rest && strcmp(kinds[i], "set") && strcmp(kinds[i], "capture");
    char *name = named ? strndup(rest, (size_t)(colon - rest)) : strdup("");
    const char *text = *rest == ':' ? rest + 1 : named ? colon + 1 : rest;
    while (*text == ' ') text++;
    w->rules = realloc(w->rules, (w->count + 1) * sizeof *w->rules);
    w->rules[w->count++] = (rule){strdup(kinds[i]), name, strdup(text), false, line};
    return;
  }
}

/* Rules of one kind and name are used one after the other, the last for good. */
static const rule *find_rule(const world *w, const char *kind, const char *name) {
  rule *found = NULL;
  for (size_t i = 0; i < w->count; i++) {
    rule *r = &w->rules[i];
    if (r->done || strcmp(r->kind, kind) || !strstr(name, r->name)) continue;
    if (found && !strcmp(found->name, r->name)) {
      found->done = true;
      return found;
    }
    if (!found) found = r;
  }
  return found;
}

/* ---- what happens, as lines ---- */

static void add_line(world *w, mf_buf *buf) {
  corpus_add_line(&w->lines, strndup(buf->p ? buf->p : "", buf->n));
  for (size_t i = 0; i < w->count; i++) {
    rule *r = &w->rules[i];
    bool stop = !strcmp(r->kind, "stop at"), abort = !strcmp(r->kind, "abort at");
    bool cross = !strcmp(r->kind, "cross at");
    if (!(stop || abort || cross) || r->done || !strstr(w->lines.at[w->lines.count - 1], r->text))
      continue;
    r->done = true;
    w->stop_wanted |= stop;
    w->abort_wanted |= abort;
    w->cross_wanted |= cross;
  }
  mf_buf_fini(buf);
}

static mf_buf line_buffer(void) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf buf;
  mf_buf_init(&buf, &alloc, 1 << 20);
  return buf;
}

static void put_value(mf_buf *buf, const mf_value *v) {
  mf_json_writer j;
  mf_json_write_init(&j, buf, 0);
  if (v->kind == MF_UNSET)
    mf_buf_puts(buf, "nothing");
  else
    mf_value_write_json(&j, v);
}

static const char *outcome_word(mf_outcome_kind k) {
  static const char *const words[] = {"passed",  "failed",  "skipped",
                                      "no_data", "warning", "interrupted"};
  return words[k];
}

/* Each part of a condition that did not hold, as a line of its own. */
static void add_reasons(world *w, const mf_notice *n) {
  for (uint32_t i = 0; i < n->reason_count; i++) {
    const mf_notice_reason *r = &n->reasons[i];
    mf_buf b = line_buffer();
    mf_buf_printf(&b, "reason %u %.*s is ", r->depth, (int)r->text.n, r->text.p);
    put_value(&b, &r->value);
    add_line(w, &b);
  }
}

static void on_notice(void *ctx, const mf_notice *n) {
  world *w = ctx;
  mf_buf b = line_buffer();
  int name_n = (int)n->name.n, text_n = (int)n->text.n, path_n = (int)n->path.n;
  const char *name = n->name.p, *text = n->text.p;
  switch (n->kind) {
    case MF_NOTICE_STEP_STARTED:
      mf_buf_printf(&b, "begin step %.*s at %.*s", name_n, name, path_n, n->path.p);
      if (n->attempt > 1) mf_buf_printf(&b, ", attempt %u", n->attempt);
      if (n->task) mf_buf_printf(&b, ", task %u", n->task);
      break;
    case MF_NOTICE_STEP_RETRIED:
      mf_buf_printf(&b, "retry step %.*s after attempt %u, pause ", name_n, name, n->attempt);
      put_value(&b, &n->actual);
      mf_buf_printf(&b, ": %.*s", text_n, text);
      break;
    case MF_NOTICE_ACTION_RETRIED:
      mf_buf_printf(&b, "retry action %.*s at %.*s after attempt %u, pause ", name_n, name, path_n,
                    n->path.p, n->attempt);
      put_value(&b, &n->actual);
      mf_buf_printf(&b, ": %.*s", text_n, text);
      break;
    case MF_NOTICE_TURN:
      mf_buf_printf(&b, "turn %u of %.*s at %.*s: ", (unsigned)n->turn, name_n, name, path_n,
                    n->path.p);
      put_value(&b, &n->actual);
      break;
    case MF_NOTICE_REPEAT_FINISHED:
      mf_buf_printf(&b, "repeat %.*s %s after %u turns %.*s", name_n, name,
                    outcome_word(n->outcome), (unsigned)n->turn, text_n, text);
      break;
    case MF_NOTICE_LINK_FINISHED:
      mf_buf_printf(&b, "linked %.*s %s at %.*s %.*s", name_n, name, outcome_word(n->outcome),
                    path_n, n->path.p, text_n, text);
      break;
    case MF_NOTICE_STEP_FINISHED:
      mf_buf_printf(&b, "step %.*s %s (%.3f s) %.*s", name_n, name, outcome_word(n->outcome),
                    n->duration, text_n, text);
      break;
    case MF_NOTICE_BLOCK_FINISHED:
      mf_buf_printf(&b, "block %.*s %s (%.3f s) %.*s", name_n, name, outcome_word(n->outcome),
                    n->duration, text_n, text);
      break;
    case MF_NOTICE_GROUP_STARTED:
      mf_buf_printf(&b, "begin group %.*s at %.*s", name_n, name, path_n, n->path.p);
      break;
    case MF_NOTICE_GROUP_FINISHED:
      mf_buf_printf(&b, "group %.*s %s (%.3f s) %.*s", name_n, name, outcome_word(n->outcome),
                    n->duration, text_n, text);
      break;
    case MF_NOTICE_BRANCH: mf_buf_printf(&b, "branch %.*s %.*s", name_n, name, text_n, text); break;
    case MF_NOTICE_HOOK_STARTED: mf_buf_printf(&b, "begin hook %.*s", name_n, name); break;
    case MF_NOTICE_HOOK_FINISHED:
      mf_buf_printf(&b, "hook %.*s %s %.*s", name_n, name, outcome_word(n->outcome), text_n, text);
      break;
    case MF_NOTICE_ACTION_FINISHED:
      mf_buf_printf(&b, "action %.*s %s at %.*s %.*s", name_n, name, outcome_word(n->outcome),
                    path_n, n->path.p, text_n, text);
      if (n->attempt > 1) mf_buf_printf(&b, " (attempt %u)", n->attempt);
      break;
    case MF_NOTICE_ASSERTION:
      mf_buf_printf(&b, "assertion %.*s %s actual ", name_n, name, outcome_word(n->outcome));
      put_value(&b, &n->actual);
      mf_buf_puts(&b, " expected ");
      put_value(&b, &n->expected);
      if (text_n) mf_buf_printf(&b, " says %.*s", text_n, text);
      break;
    case MF_NOTICE_WATCH:
      mf_buf_printf(&b, "watch %.*s %s%s%.*s", name_n, name, outcome_word(n->outcome),
                    text_n ? ": " : "", text_n, text);
      break;
    case MF_NOTICE_LOG: mf_buf_printf(&b, "log %.*s %.*s", name_n, name, text_n, text); break;
    case MF_NOTICE_METRIC:
      mf_buf_printf(&b, "metric %.*s ", name_n, name);
      put_value(&b, &n->actual);
      break;
    case MF_NOTICE_VARIABLE:
      mf_buf_printf(&b, "variable %.*s ", name_n, name);
      put_value(&b, &n->actual);
      break;
    case MF_NOTICE_WARNING: mf_buf_printf(&b, "warning %.*s", text_n, text); break;
    case MF_NOTICE_ERROR: mf_buf_printf(&b, "error %.*s", text_n, text); break;
    case MF_NOTICE_VERDICT:
      mf_buf_printf(&b, "verdict %s%s%.*s", outcome_word(n->outcome), text_n ? ": " : "", text_n,
                    text);
      break;
    case MF_NOTICE_COUNT: break;
  }
  add_line(w, &b);
  if (n->id.n) {
    b = line_buffer();
    mf_buf_printf(&b, "id %.*s at %.*s", (int)n->id.n, n->id.p, path_n, n->path.p);
    add_line(w, &b);
  }
  add_reasons(w, n);
}

/* ---- the world ---- */

static mf_str kept(world *w, const char *p, size_t n) {
  return (mf_str){mf_arena_copy(&w->arena, p, n), n};
}

/* "a=1 b=2.5" into a map. */
static void add_pairs(world *w, mf_map_builder *m, const char *text) {
  char key[64], value[64];
  int used;
  while (sscanf(text, " %63[^= ]=%63s%n", key, value, &used) == 2) {
    mf_str k = kept(w, key, strlen(key)), v = kept(w, value, strlen(value));
    mf_map_add(m, k.p, mf_scalar_value(v));
    text += used;
  }
}

static void add_error(world *w, mf_map_builder *m, const char *text) {
  mf_str error = kept(w, text, strlen(text));
  mf_map_add(m, "ok", mf_bool(false));
  mf_map_add(m, "error", mf_string(error));
}

static void add_watch(world *w, mf_value *item, uint32_t row, const rule *r) {
  mf_map_builder b;
  const char *text = r ? r->text : "passed";
  bool no_data = !strncmp(text, "no_data", 7);
  mf_map_build(&b, &w->arena);
  mf_map_add(&b, "watch", mf_int(row));
  mf_map_add(&b, "ok", no_data ? mf_null() : mf_bool(!strncmp(text, "passed", 6)));
  if (!strncmp(text, "failed ", 7)) {
    mf_str why = kept(w, text + 7, strlen(text + 7));
    mf_map_add(&b, "text", mf_string(why));
  }
  *item = mf_map_done(&b);
}

/* What the checks and thresholds of a load, or (MF_ABSENT) of the run, came to. */
static mf_value watches_of(world *w, uint32_t scenario) {
  const mf_row_watch *rows = MF_ROWS(w->image, WATCH, watch);
  mf_value items[64];
  uint32_t count = 0;
  for (uint32_t i = 0; i < MF_ROW_COUNT(w->image, WATCH) && count < 64; i++) {
    if (rows[i].scenario != scenario || rows[i].kind > MF_WATCH_KIND_STEADY_STATE) continue;
    mf_str name = mf_image_string(w->image, rows[i].name);
    char *text = strndup(name.p, name.n);
    add_watch(w, &items[count++], i, find_rule(w, "watch", text));
    free(text);
  }
  return mf_list_of(&w->arena, items, count);
}

static mf_value captures(world *w) {
  mf_map_builder b;
  mf_map_build(&b, &w->arena);
  for (size_t i = 0; i < w->count; i++)
    if (!strcmp(w->rules[i].kind, "capture")) add_pairs(w, &b, w->rules[i].text);
  return mf_map_done(&b);
}

static mf_value load_outcome(world *w, const mf_effect *e, double *seconds) {
  const mf_value *args = e->args;
  mf_map_builder out, metrics;
  mf_str name = mf_map_str(args, "name", "");
  char *text = strndup(name.p, name.n);
  const rule *r = find_rule(w, "load", text);
  free(text);
  mf_map_build(&out, &w->arena);
  mf_map_build(&metrics, &w->arena);
  *seconds = mf_map_number(args, "duration", 0);
  if (r && !strncmp(r->text, "fails", 5)) {
    add_error(w, &out, r->text + 6);
  } else {
    mf_map_add(&out, "ok", mf_bool(true));
    if (!r)
      add_pairs(w, &metrics, "requests=100 errors=0 error_rate=0.0 avg_latency=50.0");
    else
      add_pairs(w, &metrics, r->text);
  }
  mf_value m = mf_map_done(&metrics);
  mf_map_add(&out, "metrics", m);
  mf_map_add(&out, "run_metrics", m);
  mf_map_add(&out, "watches", watches_of(w, e->row));
  mf_map_add(&out, "captures", captures(w));
  return mf_map_done(&out);
}

static mf_value request_outcome(world *w, const char *kind, mf_str name, double *seconds) {
  mf_map_builder out;
  char *text = strndup(name.p, name.n);
  const rule *r = find_rule(w, kind, text);
  free(text);
  mf_map_build(&out, &w->arena);
  const char *takes = r ? strstr(r->text, "takes=") : NULL;
  if (takes) *seconds = atof(takes + 6);
  if (r && !strncmp(r->text, "fails", 5)) {
    add_error(w, &out, r->text + 6);
  } else {
    bool ok = !r || strstr(r->text, "exit_code=0") || strstr(r->text, "status=2") ||
              strstr(r->text, "status=3");
    mf_map_add(&out, "ok", mf_bool(ok));
    if (!ok) mf_map_add(&out, "error", mf_string(MF_STR("it says no")));
    add_pairs(w, &out, r ? r->text : !strcmp(kind, "command") ? "exit_code=0" : "status=200");
  }
  return mf_map_done(&out);
}

static mf_value perform(world *w, const mf_effect *e, double *seconds) {
  mf_map_builder out;
  *seconds = 0;
  if (mf_str_is(e->driver, "http_load")) return load_outcome(w, e, seconds);
  if (mf_str_is(e->driver, "http_request"))
    return request_outcome(w, "request", mf_map_str(e->args, "url", ""), seconds);
  if (mf_str_is(e->driver, "command"))
    return request_outcome(w, "command", mf_map_str(e->args, "command", ""), seconds);
  if (mf_str_is(e->driver, "wait")) *seconds = mf_map_number(e->args, "seconds", 0);
  mf_map_build(&out, &w->arena);
  mf_map_add(&out, "ok", mf_bool(true));
  if (mf_str_is(e->driver, "thresholds")) mf_map_add(&out, "watches", watches_of(w, MF_ABSENT));
  return mf_map_done(&out);
}

static void add_effect_line(world *w, const mf_effect *e) {
  mf_buf b = line_buffer();
  mf_buf_printf(&b, "effect %.*s ", (int)e->driver.n, e->driver.p);
  put_value(&b, e->args);
  add_line(w, &b);
}

static mf_value cancelled(world *w) {
  mf_map_builder out;
  mf_map_build(&out, &w->arena);
  add_error(w, &out, "cancelled");
  return mf_map_done(&out);
}

static void deliver(world *w, size_t at, mf_value answer) {
  mf_outcome outcome = {&answer, w->now_ns, 1700000000000000000 + w->now_ns};
  uint32_t id = w->flights[at].id;
  const bool lives = w->flights[at].lives;
  w->flight_count--;
  memmove(&w->flights[at], &w->flights[at + 1], (w->flight_count - at) * sizeof *w->flights);
  if (lives)
    (void)mf_vm_metrics(w->vm, id, &answer); /* it may have been cancelled */
  else
    ck_assert_int_eq(mf_vm_deliver(w->vm, id, &outcome), MF_OK);
}

static flight *add_flight(world *w, const mf_effect *e, double seconds, mf_value outcome) {
  w->flights = realloc(w->flights, (w->flight_count + 1) * sizeof *w->flights);
  flight *f = &w->flights[w->flight_count++];
  *f = (flight){e->id, w->now_ns + (int64_t)(seconds * 1e9), outcome, false, ""};
  snprintf(f->what, sizeof f->what, "%.*s", (int)e->driver.n, e->driver.p);
  return f;
}

static void add_lives(world *w, const mf_effect *e) {
  mf_str name = mf_map_str(e->args, "name", "");
  for (size_t i = 0; i < w->count; i++) {
    const rule *r = &w->rules[i];
    mf_map_builder event, metrics;
    char *rest;
    if (strcmp(r->kind, "live") || !mf_str_is(name, r->name)) continue;
    double seconds = strtod(r->text, &rest);
    mf_map_build(&event, &w->arena);
    mf_map_build(&metrics, &w->arena);
    add_pairs(w, &metrics, rest);
    mf_value m = mf_map_done(&metrics);
    mf_map_add(&event, "metrics", m);
    mf_map_add(&event, "run_metrics", m);
    add_flight(w, e, seconds, mf_map_done(&event))->lives = true;
  }
}

static void take_off(world *w, const mf_effect *e) {
  double seconds;
  mf_value outcome = perform(w, e, &seconds);
  add_flight(w, e, seconds, outcome);
  if (mf_str_is(e->driver, "http_load")) add_lives(w, e);
}

static void cancel(world *w, uint32_t id) {
  mf_value answer = cancelled(w);
  mf_buf b = line_buffer();
  size_t at = 0;
  while (at < w->flight_count && (w->flights[at].lives || w->flights[at].id != id)) at++;
  ck_assert_uint_lt(at, w->flight_count);
  mf_buf_printf(&b, "cancel %s (%.3f s)", w->flights[at].what, (double)w->now_ns / 1e9);
  add_line(w, &b);
  deliver(w, at, answer);
}

/* Everything waits: the time goes on to what comes next. */
static void pass_time(world *w, const char *path) {
  size_t next = 0;
  int64_t deadline = mf_vm_deadline(w->vm);
  for (size_t i = 1; i < w->flight_count; i++)
    if (w->flights[i].due_ns < w->flights[next].due_ns) next = i;
  ck_assert_msg(w->flight_count > 0, "%s: everything waits, and for nothing", path);
  if (deadline <= w->flights[next].due_ns) {
    w->now_ns = deadline > w->now_ns ? deadline : w->now_ns;
    mf_vm_time(w->vm, w->now_ns, 1700000000000000000 + w->now_ns);
    return;
  }
  if (w->flights[next].due_ns > w->now_ns) w->now_ns = w->flights[next].due_ns;
  deliver(w, next, w->flights[next].outcome);
}

static void send_signals(world *w) {
  if (w->stop_wanted) mf_vm_signal(w->vm, MF_SIGNAL_STOP);
  if (w->abort_wanted) mf_vm_signal(w->vm, MF_SIGNAL_ABORT);
  if (w->cross_wanted) mf_vm_signal(w->vm, MF_SIGNAL_CROSSED);
  w->stop_wanted = w->abort_wanted = w->cross_wanted = false;
}

static void drive(world *w, const char *path) {
  mf_effect e;
  for (int turns = 0; turns < 100000; turns++) {
    mf_vm_state state = mf_vm_run(w->vm, &e);
    switch (state) {
      case MF_VM_DONE: return;
      case MF_VM_EFFECT:
        add_effect_line(w, &e);
        take_off(w, &e);
        break;
      case MF_VM_CANCEL: cancel(w, e.id); break;
      case MF_VM_BLOCKED: pass_time(w, path); break;
      case MF_VM_FAILED:
        ck_abort_msg("%s: the machine failed: %s", path, mf_status_name(mf_vm_error(w->vm)));
    }
    send_signals(w);
  }
  ck_abort_msg("%s: does not end", path);
}

/* ---- judging ---- */

static long find_line(const world *w, const char *text, size_t from) {
  for (size_t i = from; i < w->lines.count; i++)
    if (strstr(w->lines.at[i], text)) return (long)i;
  return -1;
}

static size_t judge(const world *w, const char *path, size_t *expected) {
  size_t failures = 0;
  long last = -1;
  for (size_t i = 0; i < w->count; i++) {
    const rule *r = &w->rules[i];
    bool then = !strcmp(r->kind, "then"), expect = !strcmp(r->kind, "expect");
    bool never = !strcmp(r->kind, "never"), once = !strcmp(r->kind, "once");
    if (!then && !expect && !never && !once) continue;
    (*expected)++;
    long at = find_line(w, r->text, then ? (size_t)(last + 1) : 0);
    bool ok = never  ? at < 0
              : once ? at >= 0 && find_line(w, r->text, (size_t)at + 1) < 0
                     : at >= 0;
    if (expect || then) last = at >= 0 ? at : last;
    if (ok) continue;
    failures++;
    fprintf(stderr, "%s:%u: %s: %s\n", path, r->line, r->kind, r->text);
  }
  if (failures) {
    for (size_t i = 0; i < w->lines.count; i++) fprintf(stderr, "    | %s\n", w->lines.at[i]);
    fprintf(stderr, "  again: T_FILE=%s make test T=run_corpus\n", strrchr(path, '/') + 1);
  }
  return failures;
}

static void to_stderr(void *ctx, const char *p, size_t n) {
  (void)ctx;
  fwrite(p, 1, n, stderr);
}

static void set_variables(world *w, const char *path) {
  for (size_t i = 0; i < w->count; i++) {
    if (strcmp(w->rules[i].kind, "set")) continue;
    char *equals = strchr(w->rules[i].text, '=');
    ck_assert(equals != NULL);
    mf_str name = {w->rules[i].text, (size_t)(equals - w->rules[i].text)};
    mf_status status = mf_vm_set_text(w->vm, name, mf_str_of(equals + 1));
    ck_assert_msg(status == MF_OK, "%s: %s", path, mf_status_name(status));
  }
}

static size_t run_image(world *w, const char *path, mf_image *image, size_t *expected) {
  mf_vm_options options = {.seed = 1,
                           .start_wall_ns = 1700000000000000000,
                           .run_id = "0123456789abcdef",
                           .allow_empty = find_rule(w, "allow-empty", "") != NULL,
                           .regex = mf_regex_re2(),
                           .notice = on_notice,
                           .notice_ctx = w};
  w->image = image;
  ck_assert_int_eq(mf_vm_new(image, &options, &w->vm), MF_OK);
  set_variables(w, path);
  drive(w, path);
  size_t failures = judge(w, path, expected);
  mf_vm_free(w->vm);
  return failures;
}

static size_t run_file(const char *path, size_t *expected) {
  world w = {.rules = NULL};
  size_t n, image_size, failures = 1;
  char *text = corpus_read(path, &n), detail[256] = "";
  mf_alloc alloc = mf_alloc_default();
  mf_compilation *comp = NULL;
  mf_image *image = NULL;
  mf_arena_init(&w.arena, &alloc, 0);
  corpus_comments(text, take_rule, &w);
  corpus_library library = {.path = path};
  mf_compile_options options = {.name = strrchr(path, '/') + 1, .loader = corpus_loader(&library)};
  if (mf_compile(&options, text, n, &comp) == MF_OK) {
    const uint8_t *bytes = mf_compilation_image(comp, &image_size);
    mf_status status = mf_image_open(&alloc, bytes, image_size, &image, detail, sizeof detail);
    ck_assert_msg(status == MF_OK, "%s: %s: %s", path, mf_status_name(status), detail);
    failures = run_image(&w, path, image, expected);
    mf_image_close(image);
  } else {
    fprintf(stderr, "%s does not compile\n", path);
    mf_compilation_write(comp, false, (mf_output){to_stderr, NULL});
  }
  mf_compilation_free(comp);
  for (size_t i = 0; i < w.count; i++)
    free(w.rules[i].kind), free(w.rules[i].name), free(w.rules[i].text);
  free(w.rules);
  free(w.flights);
  corpus_free_lines(&w.lines);
  mf_arena_fini(&w.arena);
  free(library.text);
  free(text);
  return failures;
}

static void run_folder(const char *folder) {
  const char *const endings[] = {".yaml", ".json", NULL};
  corpus_files files = corpus_list(folder, endings);
  size_t failures = 0, expected = 0;
  for (size_t i = 0; i < files.count; i++) failures += run_file(files.paths[i], &expected);
  printf("%s: %zu documents, %zu expectations, %zu wrong\n", folder, files.count, expected,
         failures);
  corpus_free(&files);
  if (!getenv("T_FILE")) ck_assert_uint_gt(expected, 0); /* the folder is there */
  ck_assert_uint_eq(failures, 0);
}

START_TEST(documents_run_as_they_say) { run_folder("run"); }
END_TEST
START_TEST(old_bugs_stay_away) { run_folder("regress"); }
END_TEST

Suite *run_corpus_suite(void) {
  Suite *s = suite_create("run_corpus");
  TCase *t = tcase_create("documents");
  tcase_set_timeout(t, 120);
  tcase_add_test(t, documents_run_as_they_say);
  tcase_add_test(t, old_bugs_stay_away);
  suite_add_tcase(s, t);
  return s;
}
