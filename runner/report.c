/* SPDX-License-Identifier: MIT */
#include "report_model.h"
#include "../image/report_formats.h"

mf_report *mf_report_new(const mf_alloc *alloc) {
  mf_alloc a = mf_alloc_or_default(alloc);
  mf_report *r = mf_realloc(&a, NULL, 0, sizeof *r);
  if (r == NULL) return NULL;
  *r = (mf_report){.alloc = a, .time_scale = 1};
  mf_arena_init(&r->kept, &a, 0);
  mf_arena_init(&r->scratch, &a, 0);
  mf_names_init(&r->metrics.names, &r->kept);
  mf_names_init(&r->variables.names, &r->kept);
  return r;
}

void mf_report_free(mf_report *r) {
  if (r == NULL) return;
  mf_alloc a = r->alloc;
  mf_arena_fini(&r->kept);
  mf_arena_fini(&r->scratch);
  if (r->open) mf_realloc(&a, r->open, sizeof *r->open * r->open_cap, 0);
  if (r->flights) mf_realloc(&a, r->flights, sizeof *r->flights * r->flight_cap, 0);
  mf_realloc(&a, r, sizeof *r, 0);
}

mf_str mf_report_keep(mf_report *r, mf_str s, size_t max) {
  static const char more[] = "\xE2\x80\xA6";
  s = mf_report_public(r, s);
  mf_str head = mf_report_prefix(s, max);
  size_t tail = head.n < s.n ? sizeof more - 1 : 0;
  char *copy = mf_arena_get(&r->kept, head.n + tail + 1);
  if (copy == NULL) return (mf_str){NULL, 0};
  if (head.n) memcpy(copy, head.p, head.n);
  memcpy(copy + head.n, more, tail);
  copy[head.n + tail] = '\0';
  r->shortened += tail != 0;
  return (mf_str){copy, head.n + tail};
}

mf_json *mf_report_parse(mf_report *r, mf_report_json json) {
  return json.n ? mf_json_parse(&r->scratch, json, NULL, NULL) : NULL;
}

/* {"name": value ...} of the latest values. */
static mf_json *latest_map(mf_report *r, const mf_report_latest *latest) {
  mf_buf text;
  mf_json_writer w;
  mf_buf_init(&text, &r->alloc, 0);
  mf_json_write_init(&w, &text, 0);
  mf_json_open_map(&w);
  for (uint32_t i = 0; i < latest->names.count; i++) {
    mf_json_key_str(&w, latest->names.entries[i].name);
    mf_json_put_raw(&w, (mf_str){latest->values[i].p, latest->values[i].n});
  }
  mf_json_close_map(&w);
  if (text.failed) r->scratch.oom = true;
  mf_json *map = text.failed ? NULL : mf_report_parse(r, mf_buf_str(&text));
  mf_buf_fini(&text);
  return map;
}

static mf_json *final_or_latest(mf_report *r, mf_report_json final,
                                const mf_report_latest *latest) {
  mf_json *map = mf_report_parse(r, final);
  if (map && map->kind == MF_JSON_MAP) return map;
  return latest->names.count ? latest_map(r, latest) : NULL;
}

mf_json *mf_report_metrics(mf_report *r) {
  return final_or_latest(r, r->final_metrics, &r->metrics);
}

mf_json *mf_report_variables(mf_report *r) {
  return final_or_latest(r, r->final_variables, &r->variables);
}

#define MF_REPORT_FORMAT(NAME, word, endings, doc) " " word
static const char unknown_format[] = "unknown report format; it is one of:"
#include "../image/report_formats.def"
    ;
#undef MF_REPORT_FORMAT

typedef void (*render_fn)(mf_report *r, mf_buf *out);

static const render_fn renderers[MF_REPORT_FORMAT_COUNT] = {
    [MF_REPORT_FORMAT_HTML] = mf_report_write_html,
    [MF_REPORT_FORMAT_JSON] = mf_report_write_json,
    [MF_REPORT_FORMAT_JUNIT] = mf_report_write_junit,
    [MF_REPORT_FORMAT_MARKDOWN] = mf_report_write_markdown,
    [MF_REPORT_FORMAT_CSV] = mf_report_write_csv,
    [MF_REPORT_FORMAT_TEXT] = mf_report_write_text,
};

static render_fn renderer_of(mf_str word) {
  mf_report_format format = mf_report_format_named(word);
  return format < MF_REPORT_FORMAT_COUNT ? renderers[format] : NULL;
}

mf_status mf_report_render(mf_report *r, mf_str format, mf_buf *out) {
  render_fn render = renderer_of(format);
  if (render == NULL) return MF_UNSUPPORTED;
  mf_arena_reset(&r->scratch);
  render(r, out);
  if (out->too_large) return MF_TOO_LARGE;
  return out->failed || r->scratch.oom ? MF_OUT_OF_MEMORY : MF_OK;
}

/* ---- From a journal file ---- */

static void explain(char *error, size_t size, const char *text) {
  if (size == 0) return;
  mf_str head = mf_report_prefix(mf_str_of(text), size - 1);
  if (head.n) memcpy(error, head.p, head.n);
  error[head.n] = '\0';
}

/* Feeds everything up to the end or the damage.  JOURNAL_DAMAGED leaves a report
 * of what came before. */
static mf_status feed_journal(mf_report *r, mf_journal_reader *reader) {
  for (;;) {
    mf_str line = {NULL, 0};
    mf_status status = mf_journal_read(reader, &line);
    if (status == MF_JOURNAL_DAMAGED)
      r->damage = mf_report_keep(r, mf_str_of(mf_journal_problem(reader)), MF_REPORT_TEXT);
    if (status != MF_OK || line.n == 0) return status;
    status = mf_report_feed(r, line);
    if (status == MF_JSON_INVALID) {
      r->damage = MF_STR("a line is not a JSON object");
      return MF_JOURNAL_DAMAGED;
    }
    if (status != MF_OK) return status;
  }
}

/* Moves the buffer's bytes into a block of exactly their size. */
static mf_status take_bytes(const mf_buf *buf, mf_blob *out) {
  uint8_t *p = mf_realloc(&buf->alloc, NULL, 0, buf->n);
  if (p == NULL) return MF_OUT_OF_MEMORY;
  memcpy(p, buf->p, buf->n);
  *out = (mf_blob){.alloc = buf->alloc, .p = p, .n = buf->n};
  return MF_OK;
}

/* What is to be made of a journal. */
typedef struct order {
  mf_str format;
  mf_report_template *tmpl; /* NULL: none */
  mf_blob *out;
  char *error;
  size_t error_size;
} order;

static mf_status render_bytes(mf_report *r, const order *o) {
  mf_buf buf;
  mf_buf_init(&buf, &r->alloc, 0);
  mf_status status = o->tmpl ? mf_report_render_template(r, o->tmpl, o->format, &buf, o->error,
                                                         o->error_size)
                             : mf_report_render(r, o->format, &buf);
  if (status == MF_OK) status = take_bytes(&buf, o->out);
  mf_buf_fini(&buf);
  return status;
}

static mf_status report_journal(mf_report *r, mf_journal_reader *reader, const order *o) {
  mf_status fed = feed_journal(r, reader);
  mf_status made = fed == MF_OK || fed == MF_JOURNAL_DAMAGED ? render_bytes(r, o) : fed;
  if (made == MF_OK) made = fed;
  if (made == MF_JOURNAL_DAMAGED)
    explain(o->error, o->error_size, r->damage.p);
  else if (made != MF_OK && o->error_size && o->error[0] == '\0')
    explain(o->error, o->error_size, mf_status_text(made));
  return made;
}

static mf_str by_ending(const char *path) {
  mf_report_format format = mf_report_format_of(mf_str_of(path));
  return mf_str_of(format < MF_REPORT_FORMAT_COUNT ? mf_report_format_word(format) : "");
}

static mf_status choose_format(const mf_report_options *options, order *o) {
  o->format = options->format   ? mf_str_of(options->format)
              : options->output ? by_ending(options->output)
              : options->tmpl   ? by_ending(options->tmpl)
                                : MF_STR("html");
  mf_report_format format = mf_report_format_named(o->format);
  if (format < MF_REPORT_FORMAT_COUNT) return MF_OK;
  explain(o->error, o->error_size,
          o->format.n ? unknown_format : "its ending names no report format; give --format");
  return MF_UNSUPPORTED;
}

static mf_status read_template(const mf_alloc *alloc, const mf_report_options *options, order *o) {
  if (options->tmpl == NULL) return MF_OK;
  mf_status status = mf_report_template_open(alloc, options->tmpl, options->err, &o->tmpl, o->error,
                                             o->error_size);
  if (status == MF_OK || o->error_size == 0) return status;
  char why[256];
  explain(why, sizeof why, o->error[0] ? o->error : mf_status_text(status));
  mf_buf text;
  mf_buf_init(&text, alloc, 0);
  mf_buf_printf(&text, "template %s: %s", options->tmpl, why);
  if (!text.failed) explain(o->error, o->error_size, text.p);
  mf_buf_fini(&text);
  return status;
}

/* When the journal is damaged *out holds a report of everything before the
 * damage, which says so: after a crash a torn tail is the rule. */
mf_status mf_report_from_journal(const mf_alloc *alloc, const mf_report_options *options,
                                 mf_blob *out, char *error, size_t error_size) {
  mf_journal_reader *reader = NULL;
  mf_report *r = NULL;
  order o = {.out = out, .error = error, .error_size = error_size};
  *out = (mf_blob){.alloc = mf_alloc_or_default(alloc)};
  explain(error, error_size, "");
  mf_status status = read_template(alloc, options, &o);
  if (status == MF_OK) status = choose_format(options, &o);
  if (status == MF_OK)
    status = mf_journal_open(alloc, options->journal, &reader, error, error_size);
  if (status == MF_OK) {
    r = mf_report_new(alloc);
    status = r ? report_journal(r, reader, &o) : MF_OUT_OF_MEMORY;
  }
  mf_report_free(r);
  mf_journal_close(reader);
  mf_report_template_free(o.tmpl);
  return status;
}
