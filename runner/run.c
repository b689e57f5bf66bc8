/* SPDX-License-Identifier: MIT */
/* The conductor: from an image to an exit code.
 *
 * Nothing is done in the world, and no file is written, before everything that a
 * user may have got wrong has been checked. */
#include "host.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../base/limits.h"
#include "../image/report_formats.h"
#include "../stdlib/driver_kit.h"
#include "printable.h"

#define POLL_NS 20000000LL /* a busy run looks at signals and timers this often */
#define NAMES_KEPT 3u      /* in the sentence that says why a run failed */

/* ---- Small things ---- */

mf_stamp mf_host_now(const mf_host *h) {
  return (mf_stamp){mf_clock_monotonic() - h->start_ns, mf_clock_wall()};
}

void mf_host_io_error(mf_host *h, const char *fmt, ...) {
  va_list args;
  if (h->facts.io_error) return;
  va_start(args, fmt);
  vsnprintf(h->io_error, sizeof h->io_error, fmt, args);
  va_end(args);
  h->facts.io_error = h->io_error;
}

int mf_host_refuse(mf_host *h, int code, const char *fmt, ...) {
  char text[2048];
  mf_buf line;
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  mf_buf_init(&line, &h->alloc, 0);
  mf_buf_puts(&line, "mfvm: ");
  mf_print_safe(&line, mf_str_of(text));
  mf_buf_putc(&line, '\n');
  if (!line.failed) h->options->err.write(h->options->err.ctx, line.p, line.n);
  mf_buf_fini(&line);
  return code;
}

static int refuse_status(mf_host *h, mf_status status) {
  int code = status == MF_OUT_OF_MEMORY ? 6 : status == MF_IO_ERROR ? 74 : 70;
  return mf_host_refuse(h, code, "%s", mf_status_text(status));
}

/* ---- Limits ---- */

/* The run ends as after Ctrl-C: what is to be undone is undone. */
static void exceed(mf_host *h, const char *limit) {
  mf_stamp stamp = mf_host_now(h);
  if (h->facts.limit) return;
  h->facts.limit = limit;
  mf_record_signal(h, stamp, "stop", limit);
  mf_progress_say(&h->progress, stamp.monotonic_ns, "%s is exceeded: finishing", limit);
  mf_vm_signal(h->vm, MF_SIGNAL_STOP);
  h->woken = true;
}

static void too_many_requests(void *ctx) { exceed(ctx, "limits.max_requests"); }

static int64_t limit_due(const mf_host *h) {
  return h->limits.max_duration_ns && !h->facts.limit ? h->limit_ns : INT64_MAX;
}

/* ---- The image ---- */

static int open_image(mf_host *h) {
  char detail[512] = "";
  mf_status status = mf_image_open(&h->alloc, h->options->image, h->options->image_size, &h->image,
                                   detail, sizeof detail);
  if (status == MF_OK) return 0;
  if (status == MF_OUT_OF_MEMORY) return refuse_status(h, status);
  return mf_host_refuse(h, 3, "%s: %s%s%s", mf_status_name(status), mf_status_text(status),
                        detail[0] ? ": " : "", detail);
}

static int refuse_unsupported(mf_host *h) {
  const mf_row_scenario *scenarios = MF_ROWS(h->image, SCENARIO, scenario);
  const mf_row_fault *faults = MF_ROWS(h->image, FAULT, fault);
  for (uint32_t i = 0; i < MF_ROW_COUNT(h->image, SCENARIO); i++) {
    mf_str driver = mf_image_string(h->image, scenarios[i].driver);
    mf_str name = mf_image_string(h->image, scenarios[i].name);
    if (!mf_str_is(driver, "http_load") && !mf_str_is(driver, "none"))
      return mf_host_refuse(h, 3, "scenario '%.*s' injects faults, which is not supported yet",
                            (int)name.n, name.p);
  }
  if (MF_ROW_COUNT(h->image, FAULT) == 0) return 0;
  mf_str name = mf_image_string(h->image, faults[0].name);
  return mf_host_refuse(h, 3, "scenario '%.*s' injects faults, which is not supported yet",
                        (int)name.n, name.p);
}

/* "shop" of "shop.yaml". */
static mf_str stem(mf_str file) {
  for (size_t i = file.n; i > 1; i--)
    if (file.p[i - 1] == '.') return (mf_str){file.p, i - 1};
  return file;
}

static int read_metadata(mf_host *h) {
  const mf_image *image = h->image;
  if (image->metadata.n) h->metadata = mf_json_parse(&h->arena, image->metadata, NULL, NULL);
  if (mf_arena_oom(&h->arena)) return refuse_status(h, MF_OUT_OF_MEMORY);
  mf_str source = mf_image_source_name(image);
  h->name = mf_json_str(mf_json_get(h->metadata, "name"), NULL);
  if (h->name.n == 0) h->name = source.n ? stem(source) : MF_STR("orchestration");
  return 0;
}

/* ---- What the caller asked for ---- */

static bool loops(const mf_image *image) {
  const mf_row_repeat *rows = MF_ROWS(image, REPEAT, repeat);
  for (uint32_t i = 0; i < MF_ROW_COUNT(image, REPEAT); i++)
    if (rows[i].kind == MF_REPEAT_KIND_ORCHESTRATION) return true;
  return false;
}

static int check_loop_time(mf_host *h) {
  const char *text = h->options->loop_for;
  if (!text) return 0;
  if (!mf_parse_length(text, &h->loop_ns) || h->loop_ns <= 0)
    return mf_host_refuse(h, 2, "--for wants a length of time such as 30m or 2h, not '%s'", text);
  if (loops(h->image)) return 0;
  return mf_host_refuse(h, 2,
                        "--for needs a document with 'loop_orchestration: true': this one ends by "
                        "itself");
}

/* Flags only narrow what the document allows. */
static int read_limits(mf_host *h) {
  char error[512];
  if (!mf_limits_read(&h->limits, h->metadata))
    return mf_host_refuse(h, 3, "the image's limits are malformed");
  const char *why = mf_limits_narrow(&h->limits, h->options, error, sizeof error);
  if (why) return mf_host_refuse(h, 2, "%s", why);
  h->budget = (mf_load_budget){.max_rate = h->limits.max_rate,
                               .max_connections = h->limits.max_connections,
                               .max_requests = h->limits.max_requests,
                               .exceeded = too_many_requests,
                               .ctx = h};
  return 0;
}

static bool has_loads(const mf_image *image) {
  const mf_row_scenario *rows = MF_ROWS(image, SCENARIO, scenario);
  for (uint32_t i = 0; i < MF_ROW_COUNT(image, SCENARIO); i++)
    if (mf_str_is(mf_image_string(image, rows[i].driver), "http_load")) return true;
  return false;
}

static int read_overrides(mf_host *h) {
  char error[512];
  const char *why = mf_load_overrides_read(&h->overrides, h->options, error, sizeof error);
  if (why) return mf_host_refuse(h, 2, "%s", why);
  if (!mf_load_overrides_given(&h->overrides) || has_loads(h->image)) return 0;
  return mf_host_refuse(h, 0,
                        "warning: --rate, --vus and --duration change nothing: the document "
                        "has no load");
}

static int check_metrics(mf_host *h) {
  const char *listen = h->options->metrics_listen, *linger = h->options->metrics_linger;
  const char *why = listen ? mf_listen_parse(listen, &h->listen) : NULL;
  if (why) return mf_host_refuse(h, 2, "--metrics-listen '%s': %s", listen, why);
  if (!linger) return 0;
  if (!listen) return mf_host_refuse(h, 2, "--metrics-linger needs --metrics-listen");
  if (mf_parse_length(linger, &h->linger_ns) && h->linger_ns >= 0) return 0;
  return mf_host_refuse(h, 2, "--metrics-linger wants a length of time such as 30s, not '%s'",
                        linger);
}

static int check_options(mf_host *h) {
  const mf_run_options *o = h->options;
  h->time_scale = o->time_scale == 0 ? 1 : o->time_scale;
  if (!(h->time_scale > 0 && h->time_scale <= 1e6))
    return mf_host_refuse(h, 2, "the time scale must be a number above 0");
  if (o->report && mf_report_format_of(mf_str_of(o->report)) == MF_REPORT_FORMAT_COUNT)
    return mf_host_refuse(h, 2, "--report %s: end it in .html, .json, .xml, .md, .csv or .txt",
                          o->report);
  if (o->progress == MF_PROGRESS_JSON && o->summary == MF_SUMMARY_FULL)
    return mf_host_refuse(h, 2, "--summary full is for people: with --progress json leave it out");
  if (!mf_sync_parse(o->sync, &h->sync))
    return mf_host_refuse(h, 2, "unknown --sync '%s'; it is effect, interval or none", o->sync);
  int code = check_metrics(h);
  return code ? code : check_loop_time(h);
}

/* Before anything is done: after the run it would be too late to mend them. */
static int read_templates(mf_host *h) {
  char error[512] = "";
  int code = mf_host_read_templates(h, error, sizeof error);
  return code ? mf_host_refuse(h, code, "%s", error) : 0;
}

/* "http://x", or {"url": "http://x"}. */
static mf_str document_target(const mf_host *h) {
  const mf_json *target = mf_json_get(h->metadata, "target");
  if (target && target->kind == MF_JSON_MAP) target = mf_json_get(target, "url");
  return mf_json_str(target, NULL);
}

static int choose_target(mf_host *h) {
  char error[512];
  int code = mf_run_target_choose(&h->target, h->image, h->options, document_target(h), error,
                                  sizeof error);
  return code ? mf_host_refuse(h, code, "%s", error) : 0;
}

/* ---- The world ---- */

static void on_signal(void *ctx, int number);

static bool has_scenarios(const mf_host *h) { return MF_ROW_COUNT(h->image, SCENARIO) > 0; }

static void on_load(void *ctx, const mf_load_view *load) {
  mf_host *h = ctx;
  if (h->observer) mf_observe_load(h->observer, load);
  mf_host_tell_metrics(h, load);
  if (!load->over) mf_progress_load(&h->progress, load); /* else its outcome tells */
}

/* The folder of a file, n 0: the working directory. */
static mf_str folder_of(const char *file) {
  const char *slash = file ? strrchr(file, '/') : NULL;
  return slash ? (mf_str){file, slash == file ? 1 : (size_t)(slash - file)} : MF_STR("");
}

static void fill_env(mf_host *h) {
  h->env = (mf_driver_env){
      .alloc = h->alloc,
      .loop = h->loop,
      .target_url = h->target.url,
      .rehearsal = h->target.kind == MF_TARGET_NONE,
      .time_scale = h->time_scale,
      .seed = h->options->seed,
      .regex = mf_regex_re2(),
      .base_dir = folder_of(h->options->file),
      .budget = &h->budget,
      .host_denied = mf_hosts_deny_request,
      .command_denied = mf_hosts_deny_command,
      .host_ctx = &h->hosts,
      .run_stats = h->stats,
      .observe = on_load,
      .observe_ctx = h,
  };
  h->load_env = h->env;
  h->load_env.host_denied = mf_hosts_deny_load;
}

/* The loop takes the signals, so that threads of the sample service never get
 * them. */
static int open_world(mf_host *h) {
  mf_status status = mf_loop_new(&h->alloc, &h->loop);
  if (status == MF_OK) status = mf_loop_signals(h->loop, on_signal, h);
  if (status != MF_OK) return refuse_status(h, status);
  if (has_scenarios(h)) {
    h->stats = mf_realloc(&h->alloc, NULL, 0, sizeof *h->stats);
    if (!h->stats) return refuse_status(h, MF_OUT_OF_MEMORY);
    memset(h->stats, 0, sizeof *h->stats);
  }
  mf_progress_init(&h->progress, h->options, &h->alloc, h->loop, h->start_ns);
  h->progress.image = h->image;
  return 0;
}

static int list_hosts(mf_host *h) {
  const mf_json *hosts = mf_json_get(h->metadata, "hosts");
  const mf_json *variables = mf_json_get(h->metadata, "constants");
  if (variables && variables->kind == MF_JSON_LIST) h->hosts.variables = variables;
  if (hosts && hosts->kind == MF_JSON_LIST)
    for (const mf_json *host = hosts->as.first; host; host = host->next)
      mf_hosts_add(&h->hosts, mf_json_str(host, ""));
  if (h->target.kind == MF_TARGET_URL) mf_hosts_add(&h->hosts, h->target.url);
  for (size_t i = 0; i < h->options->variable_count; i++)
    mf_hosts_add_value(&h->hosts, &h->options->variables[i].value);
  return mf_arena_oom(&h->hosts.arena) ? refuse_status(h, MF_OUT_OF_MEMORY) : 0;
}

/* ---- The machine ---- */

static void keep_name(mf_name_list *list, mf_str name) {
  if (list->count++ < NAMES_KEPT) {
    mf_buf_puts(&list->text, list->count > 1 ? ", '" : "'");
    mf_buf_add_str(&list->text, name);
    mf_buf_putc(&list->text, '\'');
  } else if (list->count == NAMES_KEPT + 1) {
    mf_buf_puts(&list->text, " ...");
  }
}

/* Recorded values are numbers: they own nothing. */
static bool make_recorded(mf_host *h) {
  uint32_t n = MF_ROW_COUNT(h->image, METRIC);
  h->recorded = n ? MF_NEW_ARRAY(&h->arena, mf_value, n) : NULL;
  return !n || h->recorded;
}

static void keep_recorded(mf_host *h, const mf_notice *notice) {
  if (notice->index < MF_ROW_COUNT(h->image, METRIC)) h->recorded[notice->index] = notice->actual;
}

/* What an attempt asserts counts only if no other one follows. */
static void keep_assertion(mf_host *h, const mf_notice *notice) {
  const mf_tried tried = {notice->task, notice->index};
  if (notice->attempt)
    mf_buf_add(&h->tried, &tried, sizeof tried);
  else
    keep_name(&h->failed_assertions, notice->name);
}

/* The attempts of other branches are still under way. */
static void end_attempt(mf_host *h, const mf_notice *notice, bool counts) {
  const mf_row_assertion *rows = MF_ROWS(h->image, ASSERTION, assertion);
  size_t kept = 0;
  for (size_t at = 0; at < h->tried.n; at += sizeof(mf_tried)) {
    mf_tried tried;
    memcpy(&tried, h->tried.p + at, sizeof tried);
    if (tried.task != notice->task) {
      memmove(h->tried.p + kept, h->tried.p + at, sizeof tried);
      kept += sizeof tried;
    } else if (counts) {
      keep_name(&h->failed_assertions, mf_image_string(h->image, rows[tried.assertion].name));
    }
  }
  h->tried.n = kept;
}

static void look_at_deadlines(mf_host *h) {
  mf_stamp stamp = mf_host_now(h);
  if (stamp.monotonic_ns >= limit_due(h)) exceed(h, "limits.max_duration");
  if (stamp.monotonic_ns < mf_vm_deadline(h->vm)) return;
  mf_record_signal(h, stamp, "timeout", "deadline");
  mf_vm_time(h->vm, stamp.monotonic_ns, stamp.wall_ns);
  h->woken = true;
}

/* A repeat without effects comes to us in its notices only: Ctrl-C and the run's
 * timeout have to end it all the same, and so does a journal that cannot be written. */
static void look_up_in_turn(mf_host *h, int64_t now_ns) {
  if (now_ns - h->polled_ns < POLL_NS) return;
  h->polled_ns = now_ns;
  if (h->journal.failed) mf_vm_signal(h->vm, MF_SIGNAL_STOP);
  mf_host_raise_trips(h);
  mf_loop_signals_now(h->loop);
  look_at_deadlines(h);
  mf_progress_flush(&h->progress);
  mf_metrics_server_now(h->metrics);
}

static void on_notice(void *ctx, const mf_notice *notice) {
  mf_host *h = ctx;
  mf_stamp stamp = mf_host_now(h);
  bool failed = notice->outcome == MF_OUTCOME_FAILED;
  bool ended = failed || notice->outcome == MF_OUTCOME_INTERRUPTED;
  if (ended && notice->kind == MF_NOTICE_STEP_FINISHED) keep_name(&h->failed_steps, notice->name);
  if (failed && notice->kind == MF_NOTICE_ASSERTION) keep_assertion(h, notice);
  if (notice->kind == MF_NOTICE_STEP_RETRIED) end_attempt(h, notice, false);
  if (notice->kind == MF_NOTICE_STEP_FINISHED) end_attempt(h, notice, true);
  if (notice->kind == MF_NOTICE_METRIC) keep_recorded(h, notice);
  if (notice->kind == MF_NOTICE_METRIC) mf_host_watch_metric(h, notice);
  /* Behind the verdict only hooks, which warn, and reports are left. */
  if (h->told_verdict && notice->kind == MF_NOTICE_ERROR)
    mf_host_io_error(
        h, "a report could not be made: its path is an error, or enable_reporting is no bool");
  h->told_verdict |= notice->kind == MF_NOTICE_VERDICT;
  mf_record_notice(h, stamp, notice);
  mf_progress_notice(&h->progress, notice, stamp.monotonic_ns);
  mf_observe_notice(h->observer, notice);
  if (notice->kind == MF_NOTICE_TURN) look_up_in_turn(h, h->start_ns + stamp.monotonic_ns);
}

static void name_run(mf_host *h) {
  uint64_t id = mf_hash64(&h->start_wall_ns, sizeof h->start_wall_ns, h->options->seed);
  snprintf(h->run_id, sizeof h->run_id, "%016llx", (unsigned long long)id);
}

static int make_machine(mf_host *h) {
  name_run(h);
  if (!make_recorded(h)) return refuse_status(h, MF_OUT_OF_MEMORY);
  mf_vm_options options = {.alloc = h->alloc,
                           .seed = h->options->seed,
                           .start_wall_ns = h->start_wall_ns,
                           .run_id = h->run_id,
                           .allow_empty = h->options->allow_empty,
                           .loop_ns = h->loop_ns,
                           .time_scale = h->time_scale,
                           .regex = mf_regex_re2(),
                           .notice = on_notice,
                           .notice_ctx = h};
  mf_status status = mf_vm_new(h->image, &options, &h->vm);
  if (status == MF_IMAGE_NO_MAIN) return mf_host_refuse(h, 3, "%s", mf_status_text(status));
  if (status != MF_OK) return refuse_status(h, status);
  h->hosts.vm = h->vm;
  if (h->options->trace_ops) mf_trace_ops(h);
  return 0;
}

static bool is_secret_name(mf_str name) {
  static const char *const words[] = {"key", "token", "secret", "password"};
  char lower[256];
  size_t n = name.n < sizeof lower ? name.n : sizeof lower;
  for (size_t i = 0; i < n; i++)
    lower[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] - 'A' + 'a' : name.p[i]);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (mf_str_find((mf_str){lower, n}, mf_str_of(words[i]), 0) != SIZE_MAX) return true;
  return n < name.n; /* too long to tell */
}

/* The environment is bytes; what is not UTF-8 cannot be text. */
static mf_value environment_value(const char *text, mf_str name) {
  mf_value v = mf_text_or_bytes(text, strlen(text), false);
  if (is_secret_name(name)) v.flags |= MF_TAINTED;
  return v;
}

/* Slots named "env.X" get the value of X; the names end with a NUL. */
static int bind_environment(mf_host *h) {
  const mf_row_slot *slots = MF_ROWS(h->image, SLOT, slot);
  for (uint32_t i = 0; i < MF_ROW_COUNT(h->image, SLOT); i++) {
    mf_str name = mf_image_string(h->image, slots[i].name);
    if (slots[i].kind != MF_SLOT_KIND_ENV || !mf_str_starts(name, MF_STR("env."))) continue;
    const char *text = getenv(name.p + 4);
    if (!text) continue;
    mf_value value = environment_value(text, name);
    mf_status status = mf_vm_set_variable(h->vm, name, &value);
    if (status != MF_OK)
      return mf_host_refuse(h, 6, "%.*s: %s", (int)name.n, name.p, mf_status_text(status));
  }
  return 0;
}

static int hide_secrets(mf_host *h) {
  mf_status status = mf_host_hide_secrets(h);
  return status == MF_OK ? 0 : refuse_status(h, status);
}

/* ---- The first things done ---- */

static int open_metrics(mf_host *h) {
  char error[512] = "";
  if (!h->options->metrics_listen) return 0;
  h->observer = mf_observer_new(&h->alloc, h->image, h->name, &h->redactor);
  if (!h->observer) return refuse_status(h, MF_OUT_OF_MEMORY);
  mf_status status = mf_metrics_server_start(&h->alloc, h->loop, &h->listen,
                                             mf_observer_exposition(h->observer), &h->metrics,
                                             error, sizeof error);
  if (status == MF_OK) return 0;
  return mf_host_refuse(h, status == MF_OUT_OF_MEMORY ? 6 : 74, "--metrics-listen: %s", error);
}

static void announce_metrics(mf_host *h) {
  mf_observe_started(h->observer, h->run_id, mf_target_word(h->target.kind), h->start_wall_ns);
  if (!h->metrics) return;
  mf_progress_say(&h->progress, mf_host_now(h).monotonic_ns, "metrics at http://%s:%u/metrics%s",
                  h->listen.host, (unsigned)mf_metrics_server_port(h->metrics),
                  h->listen.loopback ? "" : ", for whoever reaches this host");
}

static int start_target(mf_host *h) {
  char error[512] = "";
  int code = mf_run_target_start(&h->target, h->options->seed, error, sizeof error);
  if (code) return mf_host_refuse(h, code, "the sample service did not start: %s", error);
  if (h->target.kind == MF_TARGET_SAMPLE) h->hosts.own_port = mf_sample_port(h->target.sample);
  fill_env(h);
  mf_status status = mf_host_watch(h);
  if (status == MF_OK) status = mf_probes_new(h, &h->probes);
  return status == MF_OK ? 0 : refuse_status(h, status);
}

static int open_journal(mf_host *h) {
  mf_journal_options options = {
      .path = h->options->journal,
      .name = h->name,
      .run_id = h->run_id,
      .wall_ns = h->start_wall_ns,
      .image = {(const char *)h->options->image, h->options->image_size},
      .sync = h->sync,
  };
  h->journal_made = true;
  if (mf_journal_create(&h->journal, &h->alloc, &options) == MF_OK) {
    h->journal.filter = mf_redactor_filter(&h->redactor);
    mf_target_lock_tell(&h->lock, h->journal.path);
    return 0;
  }
  return mf_host_refuse(h, 74, "%s", h->journal.error);
}

static int announce(mf_host *h) {
  h->limit_ns = mf_host_now(h).monotonic_ns + h->limits.max_duration_ns;
  mf_record_started(h, mf_host_now(h));
  if (mf_journal_flush(&h->journal, 0) != MF_OK)
    return mf_host_refuse(h, 74, "%s", h->journal.error);
  mf_progress_started(&h->progress, h->name, h->run_id, &h->target, h->time_scale);
  announce_metrics(h);
  mf_progress_flush(&h->progress);
  return 0;
}

/* ---- Signals ---- */

static const char *signal_name(int number) { return number == SIGINT ? "SIGINT" : "SIGTERM"; }

/* The third one: whoever sends it does not want to wait any longer. */
static void leave_at_once(mf_host *h) {
  (void)mf_journal_finish(&h->journal);
  mf_progress_hand_out(&h->progress);
  _exit(105);
}

/* The first ends the entry under way, the second the hook under way. */
static void on_signal(void *ctx, int number) {
  mf_host *h = ctx;
  if (number != SIGINT && number != SIGTERM) return;
  h->signals++;
  if (h->over) return;
  if (h->signals > 2) leave_at_once(h);
  mf_stamp stamp = mf_host_now(h);
  h->facts.signal = signal_name(number);
  mf_record_signal(h, stamp, "stop", signal_name(number));
  mf_progress_say(&h->progress, stamp.monotonic_ns,
                  h->signals == 1 ? "%s: finishing; send it again to leave the hooks out"
                                  : "%s again: leaving the current hook; once more ends at once",
                  signal_name(number));
  mf_vm_signal(h->vm, MF_SIGNAL_STOP);
  h->woken = true;
}

/* ---- The run ---- */

/* Nothing may be done that is not on record, and a host that is broken should do
 * nothing more at all. */
static bool must_end(mf_host *h) {
  if (h->journal.failed) mf_host_io_error(h, "%s", h->journal.error);
  return h->journal.failed || h->facts.bug;
}

static void turn(mf_host *h, int64_t max_wait_ns) {
  if (mf_loop_run_once(h->loop, max_wait_ns) != MF_OK) h->facts.bug = "the event loop failed";
  h->polled_ns = mf_loop_now(h->loop);
}

/* How long the loop may sleep: until the journal is to be synced, or something
 * has run out of time. */
static int64_t longest_sleep(const mf_host *h, int64_t now) {
  int64_t sync = mf_journal_sync_due(&h->journal, now), deadline = mf_vm_deadline(h->vm);
  if (deadline > limit_due(h)) deadline = limit_due(h);
  if (deadline == INT64_MAX) return sync;
  deadline = deadline > now ? deadline - now : 0;
  return sync < 0 || deadline < sync ? deadline : sync;
}

/* Turns the loop until an outcome was delivered, a signal came, or something ran
 * out of time. */
static void wait_for_outcome(mf_host *h) {
  if (!h->flights && !h->woken) h->facts.bug = "everything waits, and for nothing";
  while (!h->woken && !must_end(h)) {
    int64_t now = mf_clock_monotonic() - h->start_ns;
    mf_progress_flush(&h->progress);
    if (mf_journal_flush(&h->journal, now) == MF_OK) turn(h, longest_sleep(h, now));
    look_at_deadlines(h);
  }
  h->woken = false;
}

/* A run that never waits must still be open to signals and deadlines. */
static void look_up(mf_host *h) {
  if (mf_clock_monotonic() - h->polled_ns < POLL_NS) return;
  turn(h, 0);
  look_at_deadlines(h);
}

static void carry_out(mf_host *h) {
  mf_effect effect;
  while (!must_end(h)) {
    mf_host_raise_trips(h);
    mf_vm_state state = mf_vm_run(h->vm, &effect);
    mf_probes_follow(h->probes);
    switch (state) {
      case MF_VM_EFFECT:
        mf_host_perform(h, &effect);
        look_up(h);
        break;
      case MF_VM_CANCEL: mf_host_cancel_effect(h, effect.id); break;
      case MF_VM_BLOCKED: wait_for_outcome(h); break;
      case MF_VM_FAILED: h->facts.budget = mf_vm_error(h->vm); return;
      case MF_VM_DONE: return;
    }
  }
}

/* ---- The end ---- */

/* The verdict is on record: reports made now say what later ones will. */
static bool is_judged(const mf_host *h) { return h->facts.budget == MF_OK && !h->facts.bug; }

static void publish_extra(mf_host *h) {
  mf_wanted_report wanted = {.path = mf_str_of(h->options->report)};
  if (h->options->report && !h->journal.failed) (void)mf_host_publish(h, &wanted);
}

static int give_verdict(mf_host *h, mf_buf *reasons) {
  mf_buf_clear(reasons);
  h->facts.verdict = mf_vm_verdict(h->vm);
  h->facts.failed_steps = mf_buf_str(&h->failed_steps.text);
  h->facts.failed_assertions = mf_buf_str(&h->failed_assertions.text);
  mf_verdict_reasons(&h->facts, reasons);
  return mf_exit_code(&h->facts);
}

static int finish_record(mf_host *h, mf_buf *reasons) {
  int code = give_verdict(h, reasons);
  mf_record_finished(h, mf_host_now(h), code, mf_buf_str(reasons));
  if (mf_journal_finish(&h->journal) == MF_OK) return code;
  mf_host_io_error(h, "%s", h->journal.error);
  return give_verdict(h, reasons);
}

/* A report of a run without verdict can only tell how it ended once that is on
 * record; should that report fail, the record is put right. */
static int close_record(mf_host *h, mf_buf *reasons) {
  bool judged = is_judged(h);
  if (judged) publish_extra(h);
  int code = finish_record(h, reasons);
  if (judged || !h->options->report) return code;
  bool failed_before = h->facts.io_error != NULL;
  publish_extra(h);
  return h->facts.io_error && !failed_before ? finish_record(h, reasons) : code;
}

static int conclude(mf_host *h) {
  mf_buf reasons, summary;
  mf_buf_init(&reasons, &h->alloc, 0);
  mf_buf_init(&summary, &h->alloc, 0);
  mf_host_summarize(h, &summary);
  int code = close_record(h, &reasons);
  mf_ending ending = {
      .exit_code = code,
      .reasons = mf_buf_str(&reasons),
      .summary = mf_buf_str(&summary),
      .verdict = &h->facts.verdict,
      .seconds = (double)mf_host_now(h).monotonic_ns / 1e9,
      .target = &h->target,
      .time_scale = h->time_scale,
      .reports = mf_buf_str(&h->reports),
      .journal = h->journal.path,
  };
  mf_observe_ended(h->observer, code);
  mf_progress_verdict(&h->progress, &ending);
  mf_buf_fini(&summary);
  mf_buf_fini(&reasons);
  return code;
}

/* For who scrapes now and then, and would miss the end.  A signal ends it. */
static void linger(mf_host *h) {
  const int64_t end = mf_clock_monotonic() + h->linger_ns;
  const int before = h->signals;
  if (!h->metrics || h->linger_ns == 0) return;
  h->over = true;
  mf_target_lock_release(&h->lock); /* the next run need not wait */
  char text[40];
  mf_format_duration(h->linger_ns, text);
  mf_progress_say(&h->progress, mf_host_now(h).monotonic_ns,
                  "metrics stay for %s; Ctrl-C ends that", text);
  mf_progress_flush(&h->progress);
  for (int64_t now; h->signals == before && (now = mf_clock_monotonic()) < end;)
    if (mf_loop_run_once(h->loop, end - now) != MF_OK) return;
}

/* ---- The conductor ---- */

/* Not an exit code: the run ends here, and well. */
enum { DRY_RUN_DONE = -1 };

static int leave_dry_run(mf_host *h) {
  if (!h->options->dry_run) return 0;
  int code = mf_host_dry_run(h);
  return code ? code : DRY_RUN_DONE;
}

static int (*const preparations[])(mf_host *h) = {
    open_image, /* 3: not an image, or a bad one */
    refuse_unsupported,
    read_metadata,
    check_options,  /* 2 */
    read_overrides, /* 2 */
    read_limits,    /* 2, 3 */
    read_templates, /* 74: not there, 3: it has errors */
    choose_target,  /* 2: a load needs one, and it must be said which */
    list_hosts,
    make_machine,
    mf_host_set_variables, /* 2 */
    leave_dry_run,         /* nothing more is needed for it */
    bind_environment,
    mf_host_read_secrets, /* 2: one is missing */
    mf_host_confirm,      /* 2: nobody agreed; Ctrl-C still ends us */
    mf_host_lock_target,  /* 2: another run is at it */
    open_world,
    hide_secrets, /* from progress, too */
    open_metrics, /* 74: there is no listening there */
    start_target, /* from here on things are done */
    open_journal, /* 74 */
    announce,
};

static void init_host(mf_host *h, const mf_run_options *options) {
  *h = (mf_host){.options = options, .alloc = mf_alloc_or_default(&options->alloc)};
  h->start_ns = mf_clock_monotonic();
  h->start_wall_ns = mf_clock_wall();
  h->lock.file.fd = -1;
  h->facts.verdict.outcome = MF_OUTCOME_FAILED;
  mf_arena_init(&h->arena, &h->alloc, 0);
  mf_hosts_init(&h->hosts, &h->alloc, &h->limits);
  mf_redactor_init(&h->redactor, &h->alloc);
  mf_buf_init(&h->failed_steps.text, &h->alloc, 0);
  mf_buf_init(&h->failed_assertions.text, &h->alloc, 0);
  mf_buf_init(&h->tried, &h->alloc, 0);
  mf_buf_init(&h->reports, &h->alloc, 0);
  mf_buf_init(&h->trace, &h->alloc, 0);
}

/* A signal that came too late must not end the process when signals are given
 * back: it is taken out, and ignored. */
static void drain_signals(mf_host *h) {
  h->over = true;
  if (h->loop) (void)mf_loop_run_once(h->loop, 0);
}

static void fini_host(mf_host *h) {
  drain_signals(h);
  mf_probes_free(h->probes);
  mf_run_target_stop(&h->target);
  mf_host_unwatch(h);
  mf_target_lock_release(&h->lock);
  mf_vm_free(h->vm);
  if (h->loop) mf_progress_fini(&h->progress);
  mf_metrics_server_stop(h->metrics);
  mf_observer_free(h->observer);
  mf_loop_free(h->loop);
  if (h->journal_made) mf_journal_fini(&h->journal);
  mf_realloc(&h->alloc, h->by_id, h->flight_room * sizeof(mf_flight *), 0);
  mf_realloc(&h->alloc, h->stats, sizeof *h->stats, 0);
  mf_buf_fini(&h->trace);
  mf_host_free_templates(h);
  mf_buf_fini(&h->reports);
  mf_buf_fini(&h->tried);
  mf_buf_fini(&h->failed_assertions.text);
  mf_buf_fini(&h->failed_steps.text);
  mf_redactor_fini(&h->redactor);
  mf_hosts_fini(&h->hosts);
  mf_arena_fini(&h->arena);
  mf_image_close(h->image);
}

int mf_run(const mf_run_options *options) {
  mf_host host;
  int code = 0;
  init_host(&host, options);
  for (size_t i = 0; code == 0 && i < sizeof preparations / sizeof *preparations; i++)
    code = preparations[i](&host);
  if (code == 0) {
    carry_out(&host);
    mf_probes_stop(host.probes);
    mf_host_cancel(&host);
    code = conclude(&host);
    linger(&host);
  }
  fini_host(&host);
  return code == DRY_RUN_DONE ? 0 : code;
}
