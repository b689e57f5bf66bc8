/* SPDX-License-Identifier: MIT */
/* mruby: rows are hashes with symbol keys; in host mode arguments of a method. */
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/compile.h>
#include <mruby/hash.h>
#include <mruby/proc.h>
#include <mruby/string.h>

#include "harness.h"

static mrb_state *mrb;
static mrb_sym call_name;

static mrb_value value_of(const row *r, const input *in) {
  switch (in->type) {
    case NUMBER: return mrb_float_value(mrb, number_of(r, in));
    case WHOLE: return mrb_fixnum_value((mrb_int)whole_of(r, in));
    case TRUTH: return mrb_bool_value(truth_of(r, in));
    case TEXT: return mrb_str_new(mrb, text_of(r, in).p, text_of(r, in).n);
    default: break;
  }
  mrb_value list = mrb_ary_new_capa(mrb, SAMPLES);
  for (int k = 0; k < SAMPLES; k++) mrb_ary_push(mrb, list, mrb_float_value(mrb, r->samples[k]));
  return list;
}

static void put(mrb_value hash, const char *name, mrb_value value) {
  const char *dot = strchr(name, '.');
  if (dot == NULL) {
    mrb_hash_set(mrb, hash, mrb_symbol_value(mrb_intern_cstr(mrb, name)), value);
    return;
  }
  mrb_value key = mrb_symbol_value(mrb_intern(mrb, name, (size_t)(dot - name)));
  mrb_value inner = mrb_hash_get(mrb, hash, key);
  if (mrb_nil_p(inner)) {
    inner = mrb_hash_new(mrb);
    mrb_hash_set(mrb, hash, key, inner);
  }
  put(inner, dot + 1, value);
}

/* r.config.limits of the text becomes r[:config][:limits]. */
static void write_indexes(char *out, size_t size, const char *text) {
  size_t at = 0;
  for (const char *t = text; *t && at + 2 < size; t++) {
    if (t[0] != 'r' || t[1] != '.' || (t > text && t[-1] != ' ' && t[-1] != '(' && t[-1] != '!')) {
      out[at++] = *t;
      continue;
    }
    out[at++] = 'r';
    for (t++; *t == '.' && strncmp(t, ".to_s", 5) && strncmp(t, ".include", 8);) {
      size_t n = strspn(t + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
      at += (size_t)snprintf(out + at, size - at, "[:%.*s]", (int)n, t + 1);
      t += n + 1;
    }
    t--;
  }
  out[at] = '\0';
}

static mrb_value lambda_of(unsigned c, bool host) {
  static char text[1024], indexed[1024], names[256], code[4096];
  write_text(text, sizeof text, c, RUBY, host ? "" : "r.", host ? "_" : ".");
  write_indexes(indexed, sizeof indexed, text);
  write_parameters(names, sizeof names, c);
  snprintf(code, sizeof code,
           "def all(s) i = 0; n = s.size; while i < n; return false unless s[i] < 1000.0; i += 1; "
           "end; true; end\n"
           "o = Object.new; def o.run(%s) %s end; o",
           host ? names : "r", host ? text : indexed);
  mrb_value v = mrb_load_string(mrb, code);
  must(mrb->exc == NULL, code);
  mrb_gc_register(mrb, v);
  return v;
}

#define EVALUATE(n, args)                                             \
  do {                                                                \
    mrb_value v_ = mrb_funcall_argv(mrb, fn, call_name, (n), (args)); \
    if (c == CASE_TEXT)                                               \
      a.text = RSTRING_PTR(v_), a.length = (size_t)RSTRING_LEN(v_);   \
    else                                                              \
      a.truth = mrb_test(v_);                                         \
    mrb_gc_arena_restore(mrb, arena);                                 \
  } while (0)
#define CALL(i) EVALUATE(1, &hashes[i])
#define HOST(i)                                                  \
  do {                                                           \
    mrb_value args_[MAX_INPUTS];                                 \
    int n_ = 0;                                                  \
    for (const input *in = conditions[c].inputs; in->type; in++) \
      args_[n_++] = value_of(&rows[i], in);                      \
    EVALUATE(n_, args_);                                         \
  } while (0)

int main(void) {
  mrb_value hashes[ROWS];
  prepare();
  repeats_of_short_order = 4;
  mrb = mrb_open();
  call_name = mrb_intern_cstr(mrb, "run");
  for (unsigned i = 0; i < ROWS; i++) {
    hashes[i] = mrb_hash_new(mrb);
    mrb_gc_register(mrb, hashes[i]);
    for (unsigned c = 0; c < CASES; c++)
      for (const input *in = conditions[c].inputs; in->type; in++)
        put(hashes[i], in->name, value_of(&rows[i], in));
  }
  const int arena = mrb_gc_arena_save(mrb);
  for (unsigned c = 0; c < CASES; c++) {
    if (conditions[c].texts[RUBY] == NULL) continue;
    mrb_value fn = lambda_of(c, false);
    MEASURE("mruby", "call", c, CALL);
    fn = lambda_of(c, true);
    MEASURE("mruby", "host", c, HOST);
  }
  mrb_close(mrb);
  return 0;
}
