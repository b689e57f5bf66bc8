/* SPDX-License-Identifier: MIT */
/* The CSV report (RFC 4180): a row for each run of a step, its metrics in columns of
 * their own. */
#include "report_escape.h"
#include "report_model.h"

enum { METRICS = 256 }; /* columns of metrics */

typedef struct sheet {
  mf_report *r;
  mf_buf *out;
  mf_arena arena;   /* of the names */
  mf_names metrics; /* to columns, in the order of their first appearance */
} sheet;

/* ---- Cells ---- */

static void put_text(sheet *s, mf_str text) {
  mf_escape_csv(s->out, text);
  mf_buf_putc(s->out, ',');
}

static void put_count(sheet *s, uint64_t n) {
  char text[24];
  mf_buf_add(s->out, text, mf_format_uint(n, text));
  mf_buf_putc(s->out, ',');
}

/* The last comma of a row gives way to the end of the line. */
static void end_row(sheet *s) {
  if (s->out->n) s->out->n--;
  mf_buf_puts(s->out, "\r\n");
}

/* Numbers stay numbers: a minus is no formula. */
static void put_metric(sheet *s, mf_json *node) {
  bool number = node && (node->kind == MF_JSON_INT || node->kind == MF_JSON_UINT ||
                         node->kind == MF_JSON_DOUBLE);
  mf_buf text;
  mf_buf_init(&text, &s->r->alloc, 0);
  if (number) {
    mf_json_writer w;
    mf_json_write_init(&w, s->out, 0);
    mf_report_plain(s->r, &w, node);
  } else {
    mf_report_value(s->r, &text, node, false);
    mf_escape_csv(s->out, mf_buf_str(&text));
  }
  mf_buf_putc(s->out, ',');
  if (text.failed) s->out->failed = true;
  mf_buf_fini(&text);
}

/* ---- Columns ---- */

static const char columns[] =
    "path,name,id,status,success,attempt,retried,start_time,end_time,duration_seconds,"
    "assertions,assertions_passed,error,";

static void add_columns(sheet *s, const mf_json *metrics) {
  const mf_json *metric = metrics && metrics->kind == MF_JSON_MAP ? metrics->as.first : NULL;
  for (; metric && s->metrics.count < METRICS; metric = metric->next) {
    if (mf_names_get(&s->metrics, metric->key) != MF_NAMES_NONE) continue;
    char *name = mf_arena_copy(&s->arena, metric->key.p, metric->key.n);
    if (name == NULL) return;
    mf_names_set(&s->metrics, (mf_str){name, metric->key.n}, s->metrics.count);
  }
}

static void find_columns(sheet *s) {
  for (const mf_report_step *step = s->r->first_step; step; step = step->next) {
    mf_arena_mark mark = mf_arena_mark_get(&s->r->scratch);
    add_columns(s, mf_report_parse(s->r, step->metrics));
    mf_arena_release(&s->r->scratch, mark);
  }
}

static void put_header(sheet *s) {
  mf_buf_puts(s->out, columns);
  for (uint32_t i = 0; i < s->metrics.count; i++) put_text(s, s->metrics.entries[i].name);
  end_row(s);
}

/* ---- Rows ---- */

static void put_metrics(sheet *s, const mf_report_step *step) {
  mf_arena_mark mark = mf_arena_mark_get(&s->r->scratch);
  const mf_json *metrics = mf_report_parse(s->r, step->metrics);
  for (uint32_t i = 0; i < s->metrics.count; i++) {
    mf_json *node = metrics && metrics->kind == MF_JSON_MAP ? metrics->as.first : NULL;
    while (node && !mf_str_eq(node->key, s->metrics.entries[i].name)) node = node->next;
    put_metric(s, node);
  }
  mf_arena_release(&s->r->scratch, mark);
}

static void put_step(sheet *s, const mf_report_step *step) {
  bool success = step->finished && step->outcome == MF_OUTCOME_PASSED;
  put_text(s, step->path);
  put_text(s, step->name);
  put_text(s, step->id);
  put_text(s, mf_str_of(mf_report_step_word(step)));
  put_text(s, success ? MF_STR("true") : MF_STR("false"));
  put_count(s, step->attempt);
  put_text(s, step->retried ? MF_STR("true") : MF_STR("false"));
  put_text(s, step->started);
  put_text(s, step->ended);
  mf_report_fixed(s->out, mf_report_step_length(s->r, step), 3);
  mf_buf_putc(s->out, ',');
  put_count(s, step->judged);
  put_count(s, step->passed);
  put_text(s, step->error);
  put_metrics(s, step);
  end_row(s);
}

/* Of steps that are only counted a row tells how many they are. */
static void put_rest(sheet *s) {
  uint64_t omitted = s->r->steps - s->r->steps_kept;
  uint32_t after = 9 + s->metrics.count; /* columns behind path, name, id and status */
  if (omitted == 0) return;
  mf_buf_putc(s->out, ',');
  char *text = mf_arena_printf(&s->r->scratch, "and %llu more", (unsigned long long)omitted);
  put_text(s, mf_str_of(text));
  put_text(s, MF_STR(""));
  put_text(s, MF_STR("omitted"));
  while (after-- > 1) mf_buf_putc(s->out, ',');
  mf_buf_puts(s->out, "\r\n");
}

void mf_report_write_csv(mf_report *r, mf_buf *out) {
  sheet s = {.r = r, .out = out};
  mf_arena_init(&s.arena, &r->alloc, 0);
  mf_names_init(&s.metrics, &s.arena);
  find_columns(&s);
  put_header(&s);
  for (const mf_report_step *step = r->first_step; step; step = step->next) put_step(&s, step);
  put_rest(&s);
  if (mf_arena_oom(&s.arena)) out->failed = true;
  mf_arena_fini(&s.arena);
}
