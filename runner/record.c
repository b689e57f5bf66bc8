/* SPDX-License-Identifier: MIT */
/* The lines of a run's journal: runner/events.def, written straight into the
 * journal's buffer. */
#include "../vm/machine.h"
#include "host.h"

/* A value in a notice or in the `final` line that is longer is left out: they
 * are for people, nothing is replayed from them.  If a `final` line of many such
 * values passes the limit of lines, only short ones stay. */
#define MAX_SHOWN_BYTES 65536u
#define MAX_SHOWN_BRIEFLY 40u
#define MAX_REASON_BYTES 1024u /* the value of a part of an assertion's condition */

static const char *const notice_events[MF_NOTICE_COUNT] = {
#define MF_NOTICE(name, text, doc) text,
#include "../include/mfvm_notices.def"
#undef MF_NOTICE
};

static const char *const events[] = {
#define MF_EVENT(name, text, doc) text,
#include "events.def"
#undef MF_EVENT
};
enum {
#define MF_EVENT(name, text, doc) EVENT_##name,
#include "events.def"
#undef MF_EVENT
};

static mf_json_writer *begin(mf_host *h, mf_stamp stamp, int event, uint32_t task, mf_str path) {
  return mf_journal_begin(&h->journal, stamp, events[event], task, path);
}

/* For lines that cannot be too long, and that may go missing if they are. */
static void end(mf_host *h) { (void)mf_journal_end(&h->journal); }

static void put_text(mf_json_writer *w, const char *key, mf_str text) {
  mf_json_key(w, key);
  mf_json_put_str(w, text);
}

/* Text of our own, which no secret can be in. */
static void put_word(mf_json_writer *w, const char *key, mf_str word) {
  mf_json_key(w, key);
  mf_json_put_word(w, word);
}

/* A value, or {"$cut": bytes} in its place. */
static void put_shown(mf_json_writer *w, mf_str key, const mf_value *v, size_t max) {
  mf_json_key_str(w, key);
  size_t start = w->out->n;
  mf_json_writer before = *w;
  mf_value_write_json(w, v);
  if (w->out->failed || w->out->n - start <= max) return;
  int64_t bytes = (int64_t)(w->out->n - start);
  w->out->n = start;
  *w = before;
  mf_json_open_map(w);
  mf_json_key(w, "$cut");
  mf_json_put_int(w, bytes);
  mf_json_close_map(w);
}

/* ---- The run ---- */

/* What was given, as the machine has it: converted, and secrets marked. */
static void put_variables(mf_json_writer *w, const mf_host *h) {
  mf_json_key(w, "variables");
  mf_json_open_map(w);
  for (uint32_t i = 0; i < h->given.count; i++) {
    mf_str name = h->given.entries[i].name;
    mf_value value = mf_vm_get(h->vm, name);
    mf_json_key_str(w, name);
    mf_value_write_json(w, &value);
  }
  mf_json_close_map(w);
}

static void put_target(mf_json_writer *w, const mf_run_target *target) {
  mf_json_key(w, "target");
  mf_json_open_map(w);
  put_word(w, "kind", mf_str_of(mf_target_word(target->kind)));
  if (target->shown[0]) put_text(w, "url", mf_str_of(target->shown));
  mf_json_close_map(w);
}

static void put_digest(mf_json_writer *w, const mf_host *h) {
  char text[33];
  mf_hash128_text(mf_hash128_of(h->options->image, h->options->image_size), text);
  put_word(w, "image_digest", mf_str_of(text));
}

/* What flags have made of the document's limits, and consent: not in the image. */
static void put_flags(mf_json_writer *w, const mf_host *h) {
  const mf_run_options *o = h->options;
  if (o->max_rate > 0) {
    mf_json_key(w, "max_rate");
    mf_json_put_double(w, o->max_rate);
  }
  if (o->max_connections) {
    mf_json_key(w, "max_connections");
    mf_json_put_uint(w, o->max_connections);
  }
  if (o->max_requests) {
    mf_json_key(w, "max_requests");
    mf_json_put_uint(w, o->max_requests);
  }
  if (o->max_duration) {
    mf_json_key(w, "max_duration");
    mf_json_put_double(w, (double)h->limits.max_duration_ns / 1e9);
  }
  if (h->hosts.confirmed.count == 0) return;
  mf_json_key(w, "confirmed");
  mf_json_open_list(w);
  for (uint32_t i = 0; i < h->hosts.confirmed.count; i++)
    mf_json_put_str(w, h->hosts.confirmed.names[i]);
  mf_json_close_list(w);
}

void mf_record_started(mf_host *h, mf_stamp stamp) {
  mf_json_writer *w = begin(h, stamp, EVENT_RUN_STARTED, 0, MF_STR(""));
  mf_json_key(w, "format");
  mf_json_put_int(w, 1);
  put_text(w, "name", h->name);
  put_word(w, "run_id", mf_str_of(h->run_id));
  put_digest(w, h);
  mf_str source = mf_image_source_name(h->image);
  if (source.n) put_text(w, "source", source);
  mf_json_key(w, "seed");
  mf_json_put_uint(w, h->options->seed);
  mf_json_key(w, "time_scale");
  mf_json_put_double(w, h->time_scale);
  if (h->loop_ns) {
    mf_json_key(w, "for");
    mf_json_put_double(w, (double)h->loop_ns / 1e9);
  }
  put_flags(w, h);
  mf_json_key(w, "allow_empty");
  mf_json_put_bool(w, h->options->allow_empty);
  if (mf_load_overrides_given(&h->overrides)) {
    mf_json_key(w, "overrides");
    mf_load_overrides_write(&h->overrides, w);
  }
  put_target(w, &h->target);
  put_variables(w, h);
  put_word(w, "version", mf_str_of(mf_version()));
  if (mf_journal_end(&h->journal) == MF_TOO_LARGE)
    mf_host_io_error(h, "the variables given are too large for the journal");
}

void mf_record_signal(mf_host *h, mf_stamp stamp, const char *signal, const char *origin) {
  mf_json_writer *w = begin(h, stamp, EVENT_SIGNAL, 0, MF_STR(""));
  put_word(w, "signal", mf_str_of(signal));
  put_word(w, "origin", mf_str_of(origin));
  end(h);
}

void mf_record_trip(mf_host *h, mf_stamp stamp, uint32_t watch, const mf_value *values) {
  const mf_row_watch *row = &MF_ROWS(h->image, WATCH, watch)[watch];
  const mf_value *sample = mf_map_get(values, MF_STR("sample"));
  const mf_value *read = mf_map_get(values, MF_STR("values"));
  mf_json_writer *w = begin(h, stamp, EVENT_SIGNAL, 0, mf_image_string(h->image, row->path));
  put_word(w, "signal", MF_STR("trip"));
  put_word(w, "origin", mf_str_of(mf_enum_word(MF_OPERAND_WATCH_KIND, row->kind)));
  put_text(w, "watch", mf_image_string(h->image, row->name));
  if (sample) put_shown(w, MF_STR("sample"), sample, MAX_SHOWN_BYTES);
  if (read) put_shown(w, MF_STR("values"), read, MAX_SHOWN_BYTES);
  end(h);
}

void mf_record_report(mf_host *h, mf_stamp stamp, const mf_wanted_report *report,
                      const char *error) {
  mf_json_writer *w = begin(h, stamp, EVENT_REPORT_WRITTEN, 0, MF_STR(""));
  put_text(w, "path", report->path);
  put_word(w, "format", report->format);
  if (report->template.n) put_text(w, "template", report->template);
  if (error) put_text(w, "error", mf_str_of(error));
  end(h);
}

void mf_record_finished(mf_host *h, mf_stamp stamp, int exit_code, mf_str reasons) {
  mf_json_writer *w = begin(h, stamp, EVENT_RUN_FINISHED, 0, MF_STR(""));
  mf_json_key(w, "exit_code");
  mf_json_put_int(w, exit_code);
  put_text(w, "reason", reasons);
  mf_json_key(w, "nothing_run");
  mf_json_put_bool(w, h->facts.verdict.nothing_run);
  end(h);
}

/* ---- Effects ---- */

static mf_json_writer *begin_effect(mf_host *h, mf_stamp stamp, int event,
                                    const mf_effect *effect) {
  mf_json_writer *w = begin(h, stamp, event, effect->task, effect->path);
  mf_json_key(w, "id");
  mf_json_put_uint(w, effect->id);
  put_word(w, "driver", effect->driver);
  return w;
}

mf_status mf_record_intent(mf_host *h, mf_stamp stamp, const mf_effect *effect) {
  mf_json_writer *w = begin_effect(h, stamp, EVENT_INTENT, effect);
  mf_json_key(w, "args");
  if (effect->args)
    mf_value_write_json(w, effect->args);
  else
    mf_json_null(w);
  return mf_journal_end(&h->journal);
}

mf_status mf_record_outcome(mf_host *h, mf_stamp stamp, const mf_effect *effect,
                            const mf_value *outcome) {
  mf_json_writer *w = begin_effect(h, stamp, EVENT_OUTCOME, effect);
  mf_json_key(w, "value");
  mf_value_write_json(w, outcome);
  return mf_journal_end(&h->journal);
}

mf_status mf_record_metrics(mf_host *h, mf_stamp stamp, const mf_effect *effect,
                            const mf_value *event) {
  mf_json_writer *w = begin(h, stamp, EVENT_METRICS, effect->task, effect->path);
  mf_json_key(w, "id");
  mf_json_put_uint(w, effect->id);
  for (uint32_t i = 0; i < event->len; i++) {
    mf_json_key_str(w, mf_value_str(event->as.map->pairs[i].key));
    mf_value_write_json(w, &event->as.map->pairs[i].value);
  }
  return mf_journal_end(&h->journal);
}

/* ---- Notices ---- */

static bool has_outcome(mf_notice_kind kind) {
  return kind == MF_NOTICE_STEP_FINISHED || kind == MF_NOTICE_GROUP_FINISHED ||
         kind == MF_NOTICE_HOOK_FINISHED || kind == MF_NOTICE_ACTION_FINISHED ||
         kind == MF_NOTICE_ASSERTION || kind == MF_NOTICE_WATCH ||
         kind == MF_NOTICE_BLOCK_FINISHED || kind == MF_NOTICE_REPEAT_FINISHED ||
         kind == MF_NOTICE_LINK_FINISHED || kind == MF_NOTICE_VERDICT;
}

static bool has_duration(mf_notice_kind kind) {
  return kind == MF_NOTICE_STEP_FINISHED || kind == MF_NOTICE_STEP_RETRIED ||
         kind == MF_NOTICE_ACTION_RETRIED || kind == MF_NOTICE_GROUP_FINISHED ||
         kind == MF_NOTICE_BLOCK_FINISHED || kind == MF_NOTICE_VERDICT;
}

static void put_count(mf_json_writer *w, const char *key, uint32_t count) {
  mf_json_key(w, key);
  mf_json_put_uint(w, count);
}

static void put_reasons(mf_json_writer *w, const mf_notice *n) {
  mf_json_key(w, "reasons");
  mf_json_open_list(w);
  for (uint32_t i = 0; i < n->reason_count; i++) {
    mf_json_open_map(w);
    put_text(w, "text", n->reasons[i].text);
    put_count(w, "depth", n->reasons[i].depth);
    put_shown(w, MF_STR("value"), &n->reasons[i].value, MAX_REASON_BYTES);
    mf_json_close_map(w);
  }
  mf_json_close_list(w);
}

/* What of a watch its name and outcome do not tell. */
static void put_watch(mf_json_writer *w, const mf_image *image, uint32_t number) {
  const mf_row_watch *row = &MF_ROWS(image, WATCH, watch)[number];
  put_word(w, "kind", mf_str_of(mf_enum_word(MF_OPERAND_WATCH_KIND, row->kind)));
  if (!(row->flags & MF_WATCH_FLAGS_COUNTED)) return;
  mf_json_key(w, "counted");
  mf_json_put_bool(w, true);
}

static void put_notice(mf_json_writer *w, const mf_notice *n) {
  mf_json_key(w, "index");
  mf_json_put_uint(w, n->index);
  if (n->id.n) put_text(w, "id", n->id);
  if (n->name.n) put_text(w, "name", n->name);
  if (has_outcome(n->kind)) put_word(w, "outcome", mf_str_of(mf_outcome_word(n->outcome)));
  if (n->text.n) put_text(w, "text", n->text);
  if (has_duration(n->kind)) {
    mf_json_key(w, "duration");
    mf_json_put_double(w, n->duration);
  }
  if (n->attempt) {
    mf_json_key(w, "attempt");
    mf_json_put_uint(w, n->attempt);
  }
  if (n->turn) {
    mf_json_key(w, "turn");
    mf_json_put_uint(w, n->turn);
  }
  if (n->actual.kind != MF_UNSET) put_shown(w, MF_STR("actual"), &n->actual, MAX_SHOWN_BYTES);
  mf_str expected = n->kind == MF_NOTICE_METRIC ? MF_STR("labels") : MF_STR("expected");
  if (n->expected.kind != MF_UNSET) put_shown(w, expected, &n->expected, MAX_SHOWN_BYTES);
  if (n->reason_count) put_reasons(w, n);
}

static void put_flag(mf_json_writer *w, const char *key, bool flag) {
  mf_json_key(w, key);
  mf_json_put_bool(w, flag);
}

static void put_verdict(mf_json_writer *w, const mf_verdict *v) {
  mf_json_key(w, "steps");
  mf_json_open_map(w);
  put_count(w, "passed", v->steps_passed);
  put_count(w, "failed", v->steps_failed);
  put_count(w, "skipped", v->steps_skipped);
  mf_json_close_map(w);
  mf_json_key(w, "assertions");
  mf_json_open_map(w);
  put_count(w, "passed", v->assertions_passed);
  put_count(w, "failed", v->assertions_failed);
  put_count(w, "no_data", v->assertions_no_data);
  mf_json_close_map(w);
  put_count(w, "warnings", v->warnings);
  put_flag(w, "hook_failed", v->hook_failed);
  put_flag(w, "unsteady", v->unsteady);
  put_flag(w, "rollback_failed", v->rollback_failed);
  put_flag(w, "interrupted", v->interrupted);
  put_flag(w, "aborted", v->aborted);
  put_flag(w, "timed_out", v->timed_out);
  put_flag(w, "nothing_run", v->nothing_run);
}

/* The machine's own slots, not mf_vm_get: that looks a name up. */
static void put_final_variables(mf_host *h, mf_json_writer *w, size_t max) {
  const mf_row_slot *rows = MF_ROWS(h->image, SLOT, slot);
  mf_json_key(w, "variables");
  mf_json_open_map(w);
  for (uint32_t i = 0; i < MF_ROW_COUNT(h->image, SLOT); i++) {
    const mf_value *v = &h->vm->slots[i];
    bool variable = rows[i].kind == MF_SLOT_KIND_GLOBAL ||
                    (rows[i].kind == MF_SLOT_KIND_INPUT &&
                     !mf_input_is_linked(h->image, rows[i].arg));
    if (variable && v->kind != MF_UNSET)
      put_shown(w, mf_image_string(h->image, rows[i].name), v, max);
  }
  mf_json_close_map(w);
}

/* What all loads measured, whether or not the document asks for it; UNSET when
 * there was none. */
static mf_value load_metrics(mf_host *h) {
  mf_value none = {.kind = MF_UNSET};
  return h->stats && h->stats->ended_ns ? mf_load_stats_metrics(h->stats, &h->arena) : none;
}

static void put_final_metrics(mf_host *h, mf_json_writer *w, size_t max) {
  const mf_row_metric *rows = MF_ROWS(h->image, METRIC, metric);
  mf_value loads = load_metrics(h);
  mf_json_key(w, "metrics");
  mf_json_open_map(w);
  for (uint32_t i = 0; loads.kind == MF_MAP && i < loads.as.map->count; i++)
    put_shown(w, mf_value_str(loads.as.map->pairs[i].key), &loads.as.map->pairs[i].value, max);
  for (uint32_t i = 0; i < MF_ROW_COUNT(h->image, METRIC); i++) {
    mf_str name = mf_image_string(h->image, rows[i].name);
    if (h->recorded[i].kind != MF_UNSET && !mf_map_get(&loads, name))
      put_shown(w, name, &h->recorded[i], max);
  }
  mf_json_close_map(w);
}

static mf_status record_final(mf_host *h, mf_stamp stamp, size_t max) {
  mf_json_writer *w = begin(h, stamp, EVENT_FINAL, 0, MF_STR(""));
  put_final_variables(h, w, max);
  put_final_metrics(h, w, max);
  return mf_journal_end(&h->journal);
}

/* What stands in place of a notice whose texts are too long for a line. */
static void record_cut(mf_host *h, mf_stamp stamp, const mf_notice *n) {
  mf_notice brief = {.kind = n->kind,
                     .outcome = n->outcome,
                     .id = n->id.n <= MAX_SHOWN_BRIEFLY ? n->id : (mf_str){"", 0},
                     .index = n->index,
                     .duration = n->duration,
                     .attempt = n->attempt,
                     .turn = n->turn};
  mf_json_writer *w = mf_journal_begin(&h->journal, stamp, notice_events[n->kind], n->task,
                                       n->path);
  put_notice(w, &brief);
  put_flag(w, "cut", true);
  end(h);
}

void mf_record_notice(mf_host *h, mf_stamp stamp, const mf_notice *n) {
  mf_json_writer *w = mf_journal_begin(&h->journal, stamp, notice_events[n->kind], n->task,
                                       n->path);
  put_notice(w, n);
  if (n->kind == MF_NOTICE_WATCH) put_watch(w, h->image, n->index);
  if (n->kind == MF_NOTICE_VERDICT) {
    mf_verdict verdict = mf_vm_verdict(h->vm);
    put_verdict(w, &verdict);
  }
  if (mf_journal_end(&h->journal) == MF_TOO_LARGE) record_cut(h, stamp, n);
  if (n->kind == MF_NOTICE_VERDICT && record_final(h, stamp, MAX_SHOWN_BYTES) == MF_TOO_LARGE)
    (void)record_final(h, stamp, MAX_SHOWN_BRIEFLY);
}
