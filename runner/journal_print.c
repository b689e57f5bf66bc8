/* SPDX-License-Identifier: MIT */
/* Journals for people: one event a line, what matters of it, nothing hidden that
 * a terminal would act upon. */
#include <stdio.h>

#include "../base/json.h"
#include "journal_read.h"
#include "printable.h"

#define MAX_VALUE_BYTES 200u

typedef struct printer {
  mf_alloc alloc;
  mf_arena arena; /* one line */
  mf_buf text;
  mf_output out;
} printer;

/* An effect's, which is a number; those of the document are texts. */
static bool is_effect_id(const mf_json *node) {
  return node && mf_str_is(node->key, "id") && node->kind != MF_JSON_STRING;
}

/* Fields that say nothing to a reader: positions in tables, digests. */
static bool is_noise(const mf_json *node) {
  static const char *const noise[] = {"index", "format", "image_digest"};
  if (is_effect_id(node)) return true; /* it stands before the path */
  for (size_t i = 0; i < sizeof noise / sizeof *noise; i++)
    if (mf_str_is(node->key, noise[i])) return true;
  return false;
}

static mf_str cut(mf_str s) {
  if (s.n > MAX_VALUE_BYTES) s.n = mf_utf8_valid(s.p, MAX_VALUE_BYTES);
  return s;
}

/* Texts stand as they are, other values as their JSON. */
static void print_member(printer *p, mf_str line, const mf_json *node) {
  mf_str whole = node->kind == MF_JSON_STRING
                     ? node->as.s
                     : (mf_str){line.p + node->span.offset, node->span.length};
  mf_buf_puts(&p->text, "  ");
  mf_print_safe(&p->text, node->key);
  mf_buf_putc(&p->text, '=');
  mf_print_safe(&p->text, cut(whole));
  if (cut(whole).n < whole.n) mf_buf_puts(&p->text, "...");
}

/* The branch that it happened in. */
static void print_task(printer *p, const mf_json *root) {
  int64_t task = mf_json_int(mf_json_get(root, "task"), 0);
  if (task) mf_buf_printf(&p->text, "  [%lld]", (long long)task);
}

static void print_id(printer *p, const mf_json *data) {
  const mf_json *id = mf_json_get(data, "id");
  if (is_effect_id(id)) mf_buf_printf(&p->text, "  #%lld", (long long)mf_json_int(id, 0));
}

static mf_status print_event(printer *p, mf_str line) {
  mf_arena_reset(&p->arena);
  mf_json *root = mf_json_parse(&p->arena, line, NULL, NULL);
  if (!root) return mf_arena_oom(&p->arena) ? MF_OUT_OF_MEMORY : MF_JSON_INVALID;
  const mf_json *data = mf_json_get(root, "data");
  mf_str event = mf_json_str(mf_json_get(root, "event"), "?");
  mf_str path = mf_json_str(mf_json_get(root, "path"), "");
  mf_buf_printf(&p->text, "%+12.6fs  ", mf_json_double(mf_json_get(root, "t"), 0) / 1e9);
  mf_print_safe(&p->text, event);
  print_id(p, data);
  print_task(p, root);
  if (path.n) mf_buf_puts(&p->text, "  ");
  mf_print_safe(&p->text, path);
  if (data && data->kind == MF_JSON_MAP)
    for (const mf_json *m = data->as.first; m; m = m->next)
      if (!is_noise(m)) print_member(p, line, m);
  return MF_OK;
}

static mf_status print_line(printer *p, mf_str line, bool json) {
  mf_status status = MF_OK;
  mf_buf_clear(&p->text);
  if (json)
    mf_buf_add_str(&p->text, line);
  else
    status = print_event(p, line);
  mf_buf_putc(&p->text, '\n');
  if (status == MF_OK && p->text.failed) status = MF_OUT_OF_MEMORY;
  if (status == MF_OK) p->out.write(p->out.ctx, p->text.p, p->text.n);
  return status;
}

static mf_status print_all(printer *p, mf_journal_reader *reader, bool json) {
  for (;;) {
    mf_str line;
    mf_status status = mf_journal_read(reader, &line);
    if (status != MF_OK || line.n == 0) return status;
    status = print_line(p, line, json);
    if (status != MF_OK) return status;
  }
}

static void explain(char *what, size_t size, const mf_journal_reader *reader, mf_status status) {
  bool reading = status == MF_JOURNAL_DAMAGED || status == MF_IO_ERROR;
  const char *text = reading ? mf_journal_problem(reader) : mf_status_text(status);
  if (status != MF_OK) snprintf(what, size, "%s", text);
}

mf_status mf_journal_print(const mf_alloc *alloc, const char *path, bool json, mf_output out,
                           char *what, size_t what_size) {
  mf_journal_reader *reader;
  mf_status status = mf_journal_open(alloc, path, &reader, what, what_size);
  if (status != MF_OK) return status;
  printer p = {.alloc = mf_alloc_or_default(alloc), .out = out};
  mf_arena_init(&p.arena, &p.alloc, 0);
  mf_buf_init(&p.text, &p.alloc, 0);
  status = print_all(&p, reader, json);
  explain(what, what_size, reader, status);
  mf_buf_fini(&p.text);
  mf_arena_fini(&p.arena);
  mf_journal_close(reader);
  return status;
}
