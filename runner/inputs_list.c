/* SPDX-License-Identifier: MIT */
/* inputs_list - what an image takes, for people and as JSON. */
#include "../include/mfvm_tools.h"
#include "../vm/value.h"
#include "printable.h"

/* A constant of the document as plain JSON; a secret's is not shown. */
static void put_constant(mf_buf *out, const mf_input *input, const mf_value *v) {
  mf_json_writer w;
  mf_json_write_init(&w, out, 0);
  if (input->secret)
    mf_buf_puts(out, "\"<secret>\"");
  else
    mf_value_write_plain(&w, v);
}

/* ---- for people ---- */

static void print_bound(mf_buf *out, const mf_input *input, const char *word, const mf_value *v) {
  if (v->kind == MF_UNSET) return;
  mf_buf_printf(out, ", %s ", word);
  put_constant(out, input, v);
}

/* "count  int, at least 1, at most 10, default 5", and its description below. */
static void print_input(mf_buf *line, mf_buf *out, const mf_input *input, int width) {
  mf_buf_printf(line, "%-*.*s  %s", width, (int)input->name.n, input->name.p, input->type);
  if (input->required) mf_buf_puts(line, ", required");
  if (input->secret) mf_buf_puts(line, ", secret");
  print_bound(line, input, "at least", &input->min);
  print_bound(line, input, "at most", &input->max);
  print_bound(line, input, "one of", &input->allowed);
  if (input->pattern.n)
    mf_buf_printf(line, ", matching %.*s", (int)input->pattern.n, input->pattern.p);
  print_bound(line, input, "default", &input->default_value);
  if (input->computed) mf_buf_puts(line, ", default computed at the start");
  mf_print_safe(out, mf_buf_str(line));
  mf_buf_putc(out, '\n');
  if (input->description.n == 0) return;
  mf_buf_printf(out, "%*s  ", width, "");
  mf_print_safe(out, input->description);
  mf_buf_putc(out, '\n');
}

static void print_all(const mf_image *image, const mf_alloc *alloc, mf_buf *out) {
  size_t count = mf_image_input_count(image), width = 0;
  mf_buf line;
  mf_buf_init(&line, alloc, 0);
  for (size_t i = 0; i < count; i++) {
    mf_str name = mf_image_input(image, i).name;
    if (name.n > width) width = name.n < 40 ? name.n : 40;
  }
  for (size_t i = 0; i < count; i++) {
    mf_input input = mf_image_input(image, i);
    mf_buf_clear(&line);
    print_input(&line, out, &input, (int)width);
  }
  out->failed |= line.failed;
  mf_buf_fini(&line);
}

/* ---- as JSON ---- */

static void put_member(mf_json_writer *w, const char *key, const mf_input *input,
                       const mf_value *v) {
  if (v->kind == MF_UNSET) return;
  mf_json_key(w, key);
  if (input->secret)
    mf_json_put_str(w, MF_STR("<secret>"));
  else
    mf_value_write_plain(w, v);
}

static void put_text(mf_json_writer *w, const char *key, mf_str text) {
  if (text.n == 0) return;
  mf_json_key(w, key);
  mf_json_put_str(w, text);
}

static void put_input(mf_json_writer *w, const mf_input *input) {
  mf_json_open_map(w);
  put_text(w, "name", input->name);
  put_text(w, "type", mf_str_of(input->type));
  put_text(w, "description", input->description);
  mf_json_key(w, "required");
  mf_json_put_bool(w, input->required);
  mf_json_key(w, "secret");
  mf_json_put_bool(w, input->secret);
  put_member(w, "default", input, &input->default_value);
  put_member(w, "min", input, &input->min);
  put_member(w, "max", input, &input->max);
  put_member(w, "enum", input, &input->allowed);
  put_text(w, "pattern", input->pattern);
  mf_json_close_map(w);
}

static void put_all(const mf_image *image, mf_buf *out) {
  mf_json_writer w;
  mf_json_write_init(&w, out, 2);
  mf_json_open_list(&w);
  for (size_t i = 0; i < mf_image_input_count(image); i++) {
    mf_input input = mf_image_input(image, i);
    put_input(&w, &input);
  }
  mf_json_close_list(&w);
  mf_buf_putc(out, '\n');
}

mf_status mf_image_inputs_print(const mf_alloc *alloc, const mf_image *image, bool json,
                                mf_output out) {
  mf_alloc use = mf_alloc_or_default(alloc);
  mf_buf buf;
  mf_buf_init(&buf, &use, 0);
  if (json)
    put_all(image, &buf);
  else
    print_all(image, &use, &buf);
  bool ok = !buf.failed;
  if (ok && buf.n) out.write(out.ctx, buf.p, buf.n);
  mf_buf_fini(&buf);
  return ok ? MF_OK : MF_OUT_OF_MEMORY;
}
