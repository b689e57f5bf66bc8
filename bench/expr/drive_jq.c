/* SPDX-License-Identifier: MIT */
/* libjq: rows are objects; one jq_start and jq_next an evaluation. */
#include <jq.h>

#include "harness.h"

static jv value_of(const row *r, const input *in) {
  jv list;
  switch (in->type) {
    case NUMBER: return jv_number(number_of(r, in));
    case WHOLE: return jv_number((double)whole_of(r, in));
    case TRUTH: return jv_bool(truth_of(r, in));
    case TEXT: return jv_string_sized(text_of(r, in).p, (int)text_of(r, in).n);
    default: break;
  }
  list = jv_array_sized(SAMPLES);
  for (int k = 0; k < SAMPLES; k++) list = jv_array_set(list, k, jv_number(r->samples[k]));
  return list;
}

static jv put(jv object, const char *name, jv value) {
  const char *dot = strchr(name, '.');
  if (dot == NULL) return jv_object_set(object, jv_string(name), value);
  jv key = jv_string_sized(name, (int)(dot - name));
  jv inner = jv_object_get(jv_copy(object), jv_copy(key));
  if (!jv_is_valid(inner)) jv_free(inner), inner = jv_object();
  return jv_object_set(object, key, put(inner, dot + 1, value));
}

static jv inputs_of(unsigned i, unsigned c) {
  jv object = jv_object();
  for (const input *in = conditions[c].inputs; in->type; in++)
    object = put(object, in->name, value_of(&rows[i], in));
  return object;
}

#define EVALUATE(make)                                            \
  do {                                                            \
    jq_start(jq, (make), 0);                                      \
    jv v_ = jq_next(jq);                                          \
    if (c == CASE_TEXT) {                                         \
      a.length = (size_t)jv_string_length_bytes(jv_copy(v_));     \
      memcpy(kept, jv_string_value(v_), a.length), a.text = kept; \
    } else {                                                      \
      a.truth = jv_get_kind(v_) == JV_KIND_TRUE;                  \
    }                                                             \
    jv_free(v_);                                                  \
  } while (0)
#define CALL(i) EVALUATE(jv_copy(objects[i]))
#define HOST(i) EVALUATE(inputs_of((i), c))

int main(void) {
  static char text[1024], kept[64];
  jv objects[ROWS];
  prepare();
  repeats_of_short_order = 1;
  jq_state *jq = jq_init();
  for (unsigned i = 0; i < ROWS; i++) objects[i] = jv_parse(row_json(i));
  for (unsigned c = 0; c < CASES; c++) {
    if (!write_text(text, sizeof text, c, JQ, ".", ".")) continue;
    must(jq_compile(jq, text), text);
    MEASURE("jq", "call", c, CALL);
    MEASURE("jq", "host", c, HOST);
  }
  for (unsigned i = 0; i < ROWS; i++) jv_free(objects[i]);
  jq_teardown(&jq);
  return 0;
}
