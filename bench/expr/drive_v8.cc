// SPDX-License-Identifier: MIT
// V8, driven from C++: rows are objects; in host mode every input is a new value
// and a call argument, and a list is copied into one typed array, which is the
// fastest way in.  An addon, since node has V8 in it: `run` lets node load this,
// and then all goes on from here.
#include <node.h>

#include "harness.h"

namespace {

v8::Isolate *isolate;
v8::Local<v8::Context> context;
v8::Local<v8::Value> row_objects[ROWS];
v8::Local<v8::Value> samples; // a Float64Array over sample_store
double *sample_store;

v8::Local<v8::String> string_of(const char *p, size_t n) {
  return v8::String::NewFromOneByte(isolate, reinterpret_cast<const uint8_t *>(p),
                                    v8::NewStringType::kNormal, static_cast<int>(n))
      .ToLocalChecked();
}

v8::Local<v8::Value> value_of(const row *r, const input *in) {
  switch (in->type) {
    case NUMBER: return v8::Number::New(isolate, number_of(r, in));
    case WHOLE: return v8::Integer::New(isolate, static_cast<int32_t>(whole_of(r, in)));
    case TRUTH: return v8::Boolean::New(isolate, truth_of(r, in));
    case TEXT: return string_of(text_of(r, in).p, text_of(r, in).n);
    default: break;
  }
  memcpy(sample_store, r->samples, sizeof r->samples);
  return samples;
}

v8::Local<v8::Function> function_of(unsigned c, bool host) {
  static char text[1024], names[256], loop[512], code[4096];
  write_text(text, sizeof text, c, JS, host ? "" : "r.", host ? "_" : ".");
  write_parameters(names, sizeof names, c);
  write_loop(loop, sizeof loop, c, JS, JS_LOOP);
  snprintf(code, sizeof code, "(function() { %s return function(%s) { return %s; }; })()", loop,
           host ? names : "r", text);
  return v8::Script::Compile(context, string_of(code, strlen(code)))
      .ToLocalChecked()
      ->Run(context)
      .ToLocalChecked()
      .As<v8::Function>();
}

char kept[64];

// A text is written out, since V8 joins it only when it is read.
#define RESULT(count, args)                                                                 \
  do {                                                                                      \
    v8::Local<v8::Value> v_ =                                                               \
        fn->Call(context, v8::Undefined(isolate), (count), (args)).ToLocalChecked();        \
    if (c == CASE_TEXT) {                                                                   \
      a.length = static_cast<size_t>(                                                       \
          v_.As<v8::String>()->WriteOneByte(isolate, reinterpret_cast<uint8_t *>(kept), 0,  \
                                            sizeof kept, v8::String::NO_NULL_TERMINATION)); \
      a.text = kept;                                                                        \
    } else {                                                                                \
      a.truth = v_->IsTrue();                                                               \
    }                                                                                       \
  } while (0)
#define CALL(i)                      \
  do {                               \
    v8::HandleScope inner_(isolate); \
    RESULT(1, &row_objects[i]);      \
  } while (0)
#define HOST(i)                                                  \
  do {                                                           \
    v8::HandleScope inner_(isolate);                             \
    v8::Local<v8::Value> args_[MAX_INPUTS];                      \
    int n_ = 0;                                                  \
    for (const input *in = conditions[c].inputs; in->type; in++) \
      args_[n_++] = value_of(&rows[i], in);                      \
    RESULT(n_, args_);                                           \
  } while (0)

// V8 compiles a function well only after some tens of thousands of calls.
#define WARM_UP(EVALUATE)                          \
  for (size_t k_ = 0; k_ < LONG_ORDER / 2; k_++) { \
    const unsigned i = long_order[k_];             \
    answer a = {};                                 \
    EVALUATE(i);                                   \
    must(answer_ok(c, i, &a), "v8: wrong result"); \
  }

void measure(unsigned c) {
  v8::HandleScope scope(isolate);
  v8::Local<v8::Function> fn = function_of(c, false);
  WARM_UP(CALL)
  MEASURE("v8", "call", c, CALL);
  fn = function_of(c, true);
  WARM_UP(HOST)
  MEASURE("v8", "host", c, HOST);
}

} // namespace

// What node calls when it has loaded this.
extern "C" __attribute__((visibility("default"))) void NODE_MODULE_INITIALIZER(
    v8::Local<v8::Object>, v8::Local<v8::Value>, v8::Local<v8::Context> here) {
  prepare();
  context = here;
  isolate = here->GetIsolate();
  repeats_of_short_order = 16;
  for (unsigned i = 0; i < ROWS; i++) {
    const char *json = row_json(i);
    row_objects[i] = v8::JSON::Parse(context, string_of(json, strlen(json))).ToLocalChecked();
  }
  v8::Local<v8::ArrayBuffer> store = v8::ArrayBuffer::New(isolate, SAMPLES * sizeof(double));
  sample_store = static_cast<double *>(store->GetBackingStore()->Data());
  samples = v8::Float64Array::New(store, 0, SAMPLES);
  for (unsigned c = 0; c < CASES; c++) measure(c);
  fflush(stdout);
}
