/* SPDX-License-Identifier: MIT */
#include "report_model.h"

mf_outcome_kind mf_report_outcome(mf_str word) {
  if (word.n == 0) return MF_OUTCOME_PASSED; /* zero is left out of journal lines */
  for (int k = MF_OUTCOME_PASSED; k < MF_REPORT_OUTCOMES; k++)
    if (mf_str_is(word, mf_outcome_word((mf_outcome_kind)k))) return (mf_outcome_kind)k;
  return MF_OUTCOME_FAILED;
}

/* Of a run without a verdict line that still came to an end (its budget was
 * exceeded, say) the exit code decides. */
mf_report_verdict mf_report_verdict_of(const mf_report *r) {
  if (!r->judged && !r->finished) return MF_REPORT_UNFINISHED;
  if (!r->judged) return r->exit_code == 0 ? MF_REPORT_PASSED : MF_REPORT_FAILED;
  if (r->interrupted || r->aborted) return MF_REPORT_FAILED;
  if (r->outcome == MF_OUTCOME_NO_DATA) return MF_REPORT_NO_DATA;
  return r->outcome == MF_OUTCOME_PASSED ? MF_REPORT_PASSED : MF_REPORT_FAILED;
}

const char *mf_report_verdict_word(mf_report_verdict verdict) {
  static const char *const words[] = {"passed", "failed", "no_data", "unfinished"};
  return words[verdict];
}

const char *mf_report_step_word(const mf_report_step *step) {
  return step->finished ? mf_outcome_word(step->outcome) : "unfinished";
}

const char *mf_report_end_wall(const mf_report *r) {
  return r->judged ? r->end_wall : r->last_wall;
}

double mf_report_duration(const mf_report *r) { return r->judged ? r->duration : r->last_at; }

mf_str mf_report_turns(mf_str path) {
  size_t at = path.n;
  while (at > 0 && ((path.p[at - 1] >= '0' && path.p[at - 1] <= '9') || path.p[at - 1] == '.'))
    at--;
  bool turns = at > 0 && path.p[at - 1] == '@' && at < path.n;
  return turns ? (mf_str){path.p + at, path.n - at} : (mf_str){NULL, 0};
}

double mf_report_step_length(const mf_report *r, const mf_report_step *step) {
  return step->finished ? step->duration : r->last_at - step->from;
}

/* ---- Reasons ---- */

/* The reason being written; done by `end_reason`. */
typedef struct reasons {
  mf_report *r;
  mf_report_reasons *out;
  mf_buf text;
  uint64_t left_out;
} reasons;

static void put(reasons *why, const char *s) { mf_buf_puts(&why->text, s); }

static void put_name(reasons *why, const char *before, mf_str name, const char *after) {
  put(why, before);
  mf_buf_add_str(&why->text, name);
  put(why, after);
}

static void put_count(reasons *why, uint64_t n, const char *one, const char *many) {
  char text[24];
  mf_buf_add(&why->text, text, mf_format_uint(n, text));
  put(why, n == 1 ? one : many);
}

/* The last two places are kept for what is said at the end of the list. */
static void end_reason(reasons *why) {
  mf_str text = mf_buf_str(&why->text);
  if (why->out->count + 2 < MF_REPORT_REASONS) {
    char *copy = mf_arena_copy(&why->r->scratch, text.p, text.n);
    if (copy) why->out->items[why->out->count++] = (mf_str){copy, text.n};
  } else {
    why->left_out++;
  }
  mf_buf_clear(&why->text);
}

static void put_sides(reasons *why, const mf_report_item *assertion) {
  mf_json *actual = mf_report_parse(why->r, assertion->actual);
  mf_json *expected = mf_report_parse(why->r, assertion->expected);
  if (actual) put(why, ": actual ");
  mf_report_value(why->r, &why->text, actual, false);
  if (expected) put(why, actual ? ", expected " : ": expected ");
  mf_report_value(why->r, &why->text, expected, true);
}

/* The machine's own text is "assertion 'NAME' failed: actual 1, expected 2", NAME
 * cut at 100 bytes; an evaluation error or the document's message is news. */
mf_str mf_report_remark(const mf_report_item *assertion) {
  mf_str text = assertion->text, before = MF_STR("assertion '"), after = MF_STR("' failed");
  mf_str name = {assertion->name.p, assertion->name.n < 100 ? assertion->name.n : 100};
  size_t at = before.n + name.n;
  if (text.n < at + after.n || !mf_str_starts(text, before)) return text;
  if (!mf_str_eq((mf_str){text.p + before.n, name.n}, name)) return text;
  if (!mf_str_starts((mf_str){text.p + at, text.n - at}, after)) return text;
  at += after.n;
  if (text.n >= at + 2) at += 2; /* ": " */
  text = (mf_str){text.p + at, text.n - at};
  return mf_str_starts(text, MF_STR("actual ")) ? MF_STR("") : text;
}

static void put_assertion(reasons *why, const mf_report_item *assertion) {
  put_name(why, "assertion '", assertion->name, "'");
  if (assertion->outcome == MF_OUTCOME_NO_DATA)
    put(why, " had no data");
  else
    put_sides(why, assertion);
  mf_str remark = mf_report_remark(assertion);
  if (remark.n) put_name(why, " (", remark, ")");
}

mf_str mf_report_assertion_text(mf_report *r, const mf_report_item *assertion) {
  reasons why = {.r = r};
  mf_buf_init(&why.text, &r->alloc, 0);
  put_assertion(&why, assertion);
  mf_str copy = {mf_arena_copy(&r->scratch, why.text.p, why.text.n), why.text.n};
  if (why.text.failed) r->scratch.oom = true;
  mf_buf_fini(&why.text);
  return copy.p ? copy : MF_STR("");
}

static bool is_unmet(const mf_report_item *item) {
  return item->kind == MF_NOTICE_ASSERTION &&
         (item->outcome == MF_OUTCOME_FAILED || item->outcome == MF_OUTCOME_NO_DATA);
}

static const mf_report_item *first_unmet(const mf_report_list *list, uint64_t *count) {
  const mf_report_item *first = NULL;
  *count = 0;
  for (const mf_report_item *item = list->first; item; item = item->next) {
    if (!is_unmet(item)) continue;
    if (first == NULL) first = item;
    ++*count;
  }
  return first;
}

/* The machine's own text of a step whose assertion failed names that assertion;
 * ours says more. */
static void put_cause(reasons *why, const mf_report_step *step) {
  uint64_t unmet;
  const mf_report_item *assertion = first_unmet(&step->assertions, &unmet);
  bool by_assertion = step->error.n == 0 || mf_str_starts(step->error, MF_STR("assertion"));
  if (assertion == NULL || !by_assertion) {
    if (step->error.n) put_name(why, ": ", step->error, "");
    return;
  }
  put(why, ": ");
  put_assertion(why, assertion);
  if (unmet == 1) return;
  put(why, ", and ");
  put_count(why, unmet - 1, " more assertion", " more assertions");
}

bool mf_report_steps_count(const mf_report *r) { return !r->judged || r->steps_failed != 0; }

static void add_steps(reasons *why) {
  if (!mf_report_steps_count(why->r)) return;
  for (const mf_report_step *step = why->r->first_step; step; step = step->next) {
    if (!step->finished || step->retried) continue;
    if (step->outcome != MF_OUTCOME_FAILED && step->outcome != MF_OUTCOME_NO_DATA) continue;
    put_name(why, "step '", step->name, "'");
    put(why, step->outcome == MF_OUTCOME_FAILED ? " failed" : " had no data");
    put_cause(why, step);
    end_reason(why);
  }
  why->left_out += why->r->hidden_by_outcome[MF_OUTCOME_FAILED] +
                   why->r->hidden_by_outcome[MF_OUTCOME_NO_DATA];
}

bool mf_report_is_steady_check(mf_str path) { return mf_str_starts(path, MF_STR("steady_state.")); }

const char *mf_report_activity_word(const mf_report_item *item) {
  if (item->kind == MF_NOTICE_BLOCK_FINISHED) return "phase";
  return item->kind == MF_NOTICE_HOOK_FINISHED ? "hook" : "action";
}

bool mf_report_activity_counts(const mf_report_item *item) {
  if (item->kind != MF_NOTICE_BLOCK_FINISHED || !mf_str_is(item->name, "steady_state")) return true;
  for (const mf_report_item *later = item->next; later; later = later->next)
    if (later->kind == MF_NOTICE_BLOCK_FINISHED && mf_str_is(later->name, "recovery")) return false;
  return true;
}

/* Hooks of the orchestration, phases, and actions that stand as entries. */
static void add_hooks(reasons *why) {
  for (const mf_report_item *item = why->r->hooks.first; item; item = item->next) {
    if (item->nested || !item->finished || item->outcome != MF_OUTCOME_FAILED) continue;
    if (!mf_report_activity_counts(item)) continue;
    put(why, mf_report_activity_word(item));
    put_name(why, " '", item->name, "' failed");
    if (item->text.n) put_name(why, ": ", item->text, "");
    end_reason(why);
  }
}

static uint64_t count_outcome(const mf_report_list *list, mf_outcome_kind outcome) {
  uint64_t n = 0;
  for (const mf_report_item *item = list->first; item; item = item->next)
    n += item->outcome == outcome && !mf_report_is_steady_check(item->path);
  return n;
}

/* One reason for all of them: each is in its own table. */
static void add_assertions(reasons *why, mf_outcome_kind outcome, const char *one,
                           const char *many) {
  enum { NAMED = 3 };
  const mf_report_list *list = &why->r->assertions;
  uint64_t n = count_outcome(list, outcome), named = 0;
  if (n == 0) return;
  put_count(why, n, one, many);
  for (const mf_report_item *item = list->first; item && named < NAMED; item = item->next) {
    if (item->outcome != outcome || mf_report_is_steady_check(item->path)) continue;
    put_name(why, named++ ? ", '" : ": '", item->name, "'");
    if (n == 1 && outcome == MF_OUTCOME_FAILED) put_sides(why, item);
  }
  if (n > NAMED) put(why, ", \xE2\x80\xA6");
  end_reason(why);
}

bool mf_report_watch_is_past(const mf_report_item *item) {
  return item->step && item->step->retried;
}

bool mf_report_watch_fails(const mf_report_item *item) {
  const bool unmet = item->outcome == MF_OUTCOME_FAILED || item->outcome == MF_OUTCOME_NO_DATA;
  return unmet && !item->counted && !mf_report_watch_is_past(item);
}

/* Those of steps, too: they say what the step's own error does not. */
static void add_thresholds(reasons *why) {
  enum { NAMED = 3 };
  uint64_t n = 0, named = 0;
  const mf_report_item *first = NULL;
  for (const mf_report_item *item = why->r->thresholds.first; item; item = item->next) {
    if (!mf_report_watch_fails(item)) continue;
    if (n++ == 0) first = item;
  }
  if (n == 0) return;
  put_count(why, n, " threshold or safeguard did not hold",
            " thresholds or safeguards did not hold");
  for (const mf_report_item *item = first; item && named < NAMED; item = item->next) {
    if (!mf_report_watch_fails(item)) continue;
    put_name(why, named++ ? ", '" : ": '", item->name, "'");
    if (n == 1 && item->text.n) put_name(why, ": ", item->text, "");
  }
  if (n > NAMED) put(why, ", \xE2\x80\xA6");
  end_reason(why);
}

static void add_signals(reasons *why) {
  mf_report *r = why->r;
  const mf_report_item *signal = r->signals.first;
  if (r->interrupted)
    put(why, "the run was interrupted");
  else if (r->aborted)
    put(why, "the run was aborted");
  else if (r->timed_out)
    put(why, "the run timed out");
  else
    return;
  if (signal && signal->text.n) put_name(why, " (", signal->text, ")");
  end_reason(why);
}

/* Exit codes that the verdict does not explain: a rollback, a budget, I/O. */
static void add_exit(reasons *why) {
  mf_report *r = why->r;
  char text[24];
  bool told = r->judged && (r->exit_code <= 1 || r->exit_code == 4 || r->exit_code == 99 ||
                            r->exit_code == 105 || (r->exit_code == 6 && r->timed_out));
  if (!r->finished || r->exit_code == 0 || told) return;
  put(why, "exit code ");
  mf_buf_add(&why->text, text, mf_format_int(r->exit_code, text));
  if (r->finish_reason.n) put_name(why, ": ", r->finish_reason, "");
  end_reason(why);
}

static void add_unfinished(reasons *why) {
  if (why->r->damage.n)
    put_name(why, "the journal is damaged: ", why->r->damage, "");
  else if (mf_report_verdict_of(why->r) == MF_REPORT_UNFINISHED)
    put(why, "the journal ends before the run did");
  else
    return;
  end_reason(why);
}

/* What the machine counted is decisive even where no line above explained it. */
static void add_rest(reasons *why) {
  char text[24];
  if (why->left_out) {
    size_t n = mf_format_uint(why->left_out, text);
    char *more = mf_arena_printf(&why->r->scratch, "and %.*s more", (int)n, text);
    if (more) why->out->items[why->out->count++] = mf_str_of(more);
  } else if (why->out->count == 0) {
    put(why, "the run failed");
    end_reason(why);
  }
}

void mf_report_reasons_get(mf_report *r, mf_report_reasons *out) {
  reasons why = {.r = r, .out = out};
  mf_report_verdict verdict = mf_report_verdict_of(r);
  out->count = 0;
  mf_buf_init(&why.text, &r->alloc, 0);
  add_unfinished(&why);
  if (verdict != MF_REPORT_PASSED) {
    add_signals(&why);
    if (r->nothing_run) put(&why, "nothing was run"), end_reason(&why);
    add_hooks(&why);
    add_steps(&why);
    add_assertions(&why, MF_OUTCOME_FAILED, " global assertion failed",
                   " global assertions failed");
    add_assertions(&why, MF_OUTCOME_NO_DATA, " global assertion had no data",
                   " global assertions had no data");
    add_thresholds(&why);
  }
  add_exit(&why);
  if (verdict != MF_REPORT_PASSED) add_rest(&why);
  if (why.text.failed) r->scratch.oom = true;
  mf_buf_fini(&why.text);
}
