/* SPDX-License-Identifier: MIT */
/* Duktape: rows are objects; in host mode every input is a call argument. */
#include <duktape.h>

#include "harness.h"

static duk_context *ctx;

static void push(const row *r, const input *in) {
  switch (in->type) {
    case NUMBER: duk_push_number(ctx, number_of(r, in)); break;
    case WHOLE: duk_push_number(ctx, (double)whole_of(r, in)); break;
    case TRUTH: duk_push_boolean(ctx, truth_of(r, in)); break;
    case TEXT: duk_push_lstring(ctx, text_of(r, in).p, text_of(r, in).n); break;
    case NUMBERS:
      duk_push_array(ctx);
      for (unsigned k = 0; k < SAMPLES; k++) {
        duk_push_number(ctx, r->samples[k]);
        duk_put_prop_index(ctx, -2, k);
      }
      break;
    default: break;
  }
}

static void push_row(unsigned i) {
  duk_push_string(ctx, row_json(i));
  duk_json_decode(ctx, -1);
}

static void push_function(unsigned c, bool host) {
  static char text[1024], names[256], loop[512], code[4096];
  write_text(text, sizeof text, c, JS, host ? "" : "r.", host ? "_" : ".");
  write_parameters(names, sizeof names, c);
  write_loop(loop, sizeof loop, c, JS, JS_LOOP);
  snprintf(code, sizeof code, "(function() { %s return function(%s) { return %s; }; })()", loop,
           host ? names : "r", text);
  duk_eval_string(ctx, code);
}

#define RESULT()                                    \
  do {                                              \
    if (c == CASE_TEXT)                             \
      a.text = duk_get_lstring(ctx, -1, &a.length); \
    else                                            \
      a.truth = duk_get_boolean(ctx, -1);           \
    duk_pop(ctx);                                   \
  } while (0)
#define CALL(i)             \
  do {                      \
    duk_dup(ctx, ROWS);     \
    duk_dup(ctx, (int)(i)); \
    duk_call(ctx, 1);       \
    RESULT();               \
  } while (0)
#define HOST(i)                                                                            \
  do {                                                                                     \
    int n_ = 0;                                                                            \
    duk_dup(ctx, ROWS);                                                                    \
    for (const input *in = conditions[c].inputs; in->type; in++, n_++) push(&rows[i], in); \
    duk_call(ctx, n_);                                                                     \
    RESULT();                                                                              \
  } while (0)

int main(void) {
  prepare();
  repeats_of_short_order = 4;
  ctx = duk_create_heap_default();
  duk_eval_string_noresult(
      ctx,
      "String.prototype.startsWith = String.prototype.startsWith || function(s) { return "
      "this.slice(0, s.length) === s; };"
      "String.prototype.endsWith = String.prototype.endsWith || function(s) { return "
      "this.slice(-s.length) === s; };"
      "String.prototype.includes = Array.prototype.includes = function(s) { return "
      "this.indexOf(s) >= 0; };"
      "Math.trunc = Math.trunc || function(x) { return x < 0 ? Math.ceil(x) : Math.floor(x); };");
  for (unsigned i = 0; i < ROWS; i++) push_row(i);
  for (unsigned c = 0; c < CASES; c++) {
    push_function(c, false);
    MEASURE("duktape", "call", c, CALL);
    duk_pop(ctx);
    push_function(c, true);
    MEASURE("duktape", "host", c, HOST);
    duk_pop(ctx);
  }
  duk_destroy_heap(ctx);
  return 0;
}
