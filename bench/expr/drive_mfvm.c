/* SPDX-License-Identifier: MIT */
/* mfvm: rows are arrays of slots in call and batch mode, as an embedder keeps
 * them; objects are maps.  In host mode every input is set on each evaluation,
 * and what lies in objects are dotted names. */
#include <mfvm.h>

#include "harness.h"

typedef struct resident {
  mf_value slots[MAX_INPUTS];
  mf_value samples[SAMPLES];
  mf_pair pairs[2 * MAX_INPUTS];
  mf_map maps[MAX_INPUTS];
  uint32_t pair_count, map_count;
} resident;

static resident residents[ROWS];
static mf_evaluator *evaluator;
static char slot_texts[MAX_INPUTS][64];
static const char *slot_names[MAX_INPUTS];
static size_t slot_count;

static mf_value value_of(const row *r, const input *in, resident *to) {
  mf_value v = {0};
  switch (in->type) {
    case NUMBER: mf_set_double(&v, number_of(r, in)); break;
    case WHOLE: mf_set_int(&v, whole_of(r, in)); break;
    case TRUTH: mf_set_bool(&v, truth_of(r, in)); break;
    case TEXT: mf_set_string(&v, text_of(r, in).p, text_of(r, in).n); break;
    case NUMBERS:
      for (int k = 0; k < SAMPLES; k++) mf_set_double(&to->samples[k], r->samples[k]);
      mf_set_list(&v, to->samples, SAMPLES);
      break;
    default: break;
  }
  return v;
}

/* The object whose members' names begin with the first n bytes of `prefix`: a
 * map in `to` of condition c's inputs, in which further objects may lie. */
static mf_map *object_of(unsigned c, const row *r, resident *to, const char *prefix, size_t n) {
  const input *first[MAX_INPUTS];
  mf_map *m = &to->maps[to->map_count++];
  mf_pair *pairs = &to->pairs[to->pair_count];
  *m = (mf_map){.pairs = pairs};
  for (const input *in = conditions[c].inputs; in->type; in++) {
    const char *member = in->name + n;
    if (strncmp(in->name, prefix, n) != 0) continue;
    const size_t length = strcspn(member, ".");
    uint32_t k = 0;
    while (k < m->count &&
           (pairs[k].key.len != length || memcmp(pairs[k].key.as.s, member, length)))
      k++;
    if (k < m->count) continue;
    mf_set_string(&pairs[k].key, member, length);
    first[m->count++] = in;
  }
  to->pair_count += m->count;
  for (uint32_t k = 0; k < m->count; k++) {
    const size_t end = n + pairs[k].key.len;
    if (first[k]->name[end] == '.')
      mf_set_map(&pairs[k].value, object_of(c, r, to, first[k]->name, end + 1));
    else
      pairs[k].value = value_of(r, first[k], to);
  }
  return m;
}

/* The slots are the members of an object that has no name. */
static void make_residents(unsigned c) {
  for (unsigned i = 0; i < ROWS; i++) {
    resident *to = &residents[i];
    to->pair_count = to->map_count = 0;
    const mf_map *all = object_of(c, &rows[i], to, "", 0);
    slot_count = all->count;
    for (uint32_t k = 0; k < all->count; k++) {
      const mf_value *name = &all->pairs[k].key;
      snprintf(slot_texts[k], sizeof slot_texts[k], "%.*s", (int)name->len, name->as.s);
      slot_names[k] = slot_texts[k];
      to->slots[k] = all->pairs[k].value;
    }
  }
}

static mf_program *compile(unsigned c, const char *const *names, size_t count) {
  static char text[1024], message[512];
  mf_program *program = NULL;
  write_text(text, sizeof text, c, CEL, "", ".");
  mf_status status = mf_program_compile(NULL, (mf_str){text, strlen(text)}, names, count, &program,
                                        message, sizeof message);
  must(status == MF_OK, message);
  return program;
}

#define RESULT()                                 \
  do {                                           \
    if (c == CASE_TEXT)                          \
      a.text = value.as.s, a.length = value.len; \
    else                                         \
      a.truth = value.as.i != 0;                 \
  } while (0)
#define CALL(i)                                                                  \
  do {                                                                           \
    mf_value value;                                                              \
    mf_status status_ = mf_eval(program, evaluator, residents[i].slots, &value); \
    must(status_ == MF_OK, "mfvm: evaluation ended");                            \
    RESULT();                                                                    \
  } while (0)
/* A host knows its own data: the condition is a constant here, the setters are
 * inlined. */
static inline void set_inputs(unsigned c, mf_value *s, const row *r) {
  switch (c) {
    case 0: mf_set_double(&s[0], r->latency); break;
    case 1: mf_set_double(&s[0], r->latency), mf_set_double(&s[1], r->error_rate); break;
    case 2: mf_set_double(&s[0], r->error_rate), mf_set_bool(&s[1], r->succeeded); break;
    case 3:
      mf_set_bool(&s[0], r->b1), mf_set_bool(&s[1], r->b2), mf_set_bool(&s[2], r->b3);
      mf_set_bool(&s[3], r->b4), mf_set_bool(&s[4], r->b5), mf_set_bool(&s[5], r->b6);
      mf_set_bool(&s[6], r->b7), mf_set_bool(&s[7], r->b8);
      break;
    case 4:
    case 5: mf_set_string(&s[0], r->environment.p, r->environment.n); break;
    case 6: mf_set_double(&s[0], r->max_latency_ms), mf_set_double(&s[1], r->p99); break;
    case 7:
      mf_set_int(&s[0], r->a), mf_set_int(&s[1], r->b), mf_set_int(&s[2], r->c);
      mf_set_int(&s[3], r->d), mf_set_int(&s[4], r->threshold);
      break;
    case 8: mf_set_doubles(&s[0], r->samples, SAMPLES); break;
    case 9: mf_set_string(&s[0], r->name.p, r->name.n), mf_set_int(&s[1], r->duration); break;
    case 10: mf_set_string(&s[0], r->url.p, r->url.n); break;
    case 11:
      mf_set_string(&s[0], r->origin.p, r->origin.n);
      mf_set_string(&s[1], r->country.p, r->country.n);
      mf_set_double(&s[2], r->value), mf_set_int(&s[3], r->adults);
      break;
    case 12:
      mf_set_string(&s[0], r->group.p, r->group.n);
      mf_set_int(&s[1], r->user_id), mf_set_int(&s[2], r->comment_user_id);
      break;
    case 13:
      mf_set_int(&s[0], r->a), mf_set_int(&s[1], r->b);
      mf_set_int(&s[2], r->c), mf_set_int(&s[3], r->threshold);
      break;
    case 14: mf_set_int(&s[0], r->user_id); break;
    case 15:
      mf_set_string(&s[0], r->url.p, r->url.n);
      mf_set_string(&s[1], r->environment.p, r->environment.n);
      break;
    case 16: mf_set_string(&s[0], r->url.p, r->url.n); break;
    case 17:
      mf_set_double(&s[0], r->max_latency_ms), mf_set_double(&s[1], r->p99);
      mf_set_string(&s[2], r->group.p, r->group.n);
      break;
    case 18:
      mf_set_string(&s[0], r->country.p, r->country.n);
      mf_set_string(&s[1], r->origin.p, r->origin.n);
      break;
    case 19:
      mf_set_double(&s[0], r->latency), mf_set_double(&s[1], r->error_rate);
      mf_set_bool(&s[2], r->b1), mf_set_double(&s[3], r->value), mf_set_int(&s[4], r->adults);
      break;
    case 20:
    case 21:
    case 23: mf_set_doubles(&s[0], r->samples, SAMPLES); break;
    case 22: mf_set_doubles(&s[0], r->samples, SAMPLES), mf_set_double(&s[1], r->value); break;
    case 24:
      mf_set_double(&s[0], r->latency), mf_set_int(&s[1], r->adults);
      mf_set_int(&s[2], r->duration);
      break;
    case 25:
      mf_set_double(&s[0], r->latency), mf_set_bool(&s[1], r->succeeded);
      mf_set_double(&s[2], r->value);
      break;
    default: break;
  }
}
#define HOST(i)                                                     \
  do {                                                              \
    mf_value value;                                                 \
    set_inputs(CONDITION, slots, &rows[i]);                         \
    mf_status status_ = mf_eval(program, evaluator, slots, &value); \
    must(status_ == MF_OK, "mfvm: evaluation ended");               \
    RESULT();                                                       \
  } while (0)
#define HOST_CASE(number)             \
  case number: {                      \
    enum { CONDITION = number };      \
    MEASURE("mfvm", "host", c, HOST); \
    break;                            \
  }

static void measure_host(unsigned c) {
  const char *names[MAX_INPUTS];
  mf_value slots[MAX_INPUTS];
  size_t count = 0;
  for (const input *in = conditions[c].inputs; in->type; in++) names[count++] = in->name;
  mf_program *program = compile(c, names, count);
  switch (c) {
    HOST_CASE(0)
    HOST_CASE(1)
    HOST_CASE(2)
    HOST_CASE(3)
    HOST_CASE(4)
    HOST_CASE(5)
    HOST_CASE(6)
    HOST_CASE(7)
    HOST_CASE(8)
    HOST_CASE(9)
    HOST_CASE(10)
    HOST_CASE(11)
    HOST_CASE(12)
    HOST_CASE(13)
    HOST_CASE(14)
    HOST_CASE(15)
    HOST_CASE(16)
    HOST_CASE(17)
    HOST_CASE(18)
    HOST_CASE(19)
    HOST_CASE(20)
    HOST_CASE(21)
    HOST_CASE(22)
    HOST_CASE(23)
    HOST_CASE(24)
    HOST_CASE(25)
    default: break;
  }
  mf_program_free(program);
}

static const mf_value *row_slots[LONG_ORDER];
static mf_value results[1024];

static const mf_value **slots_in_order(const uint8_t *order, size_t n) {
  for (size_t k = 0; k < n; k++) row_slots[k] = residents[order[k]].slots;
  return row_slots;
}

/* In blocks whose results stay in the cache, as an embedder would. */
static uint64_t run_batch(unsigned c, const mf_program *program, const mf_value **in, size_t n) {
  uint64_t sum = 0;
  for (size_t at = 0; at < n; at += 1024) {
    must(mf_eval_rows(program, evaluator, in + at, 1024, results) == MF_OK,
         "mfvm: evaluation ended");
    for (size_t k = 0; k < 1024; k++)
      sum += c == CASE_TEXT ? results[k].len : (uint64_t)results[k].as.i;
  }
  return sum;
}
#define BATCH(order, n) (sum = run_batch(c, program, slots_in_order((order), (n)), (n)))

static void measure(unsigned c) {
  make_residents(c);
  mf_program *program = compile(c, slot_names, slot_count);
  MEASURE("mfvm", "call", c, CALL);
  MEASURE_BATCH("mfvm", c, BATCH);
  mf_program_free(program);
  measure_host(c);
}

/* Compiling one condition; mode "compile" stands in the table beside the others. */
static void measure_compile(unsigned c) {
  enum { TIMES = 2000 };
  make_residents(c);
  const double begin = now_ns();
  for (int n = 0; n < TIMES; n++) mf_program_free(compile(c, slot_names, slot_count));
  printf("mfvm\tcompile\tshort\t%u\t%.3f\n", c, (now_ns() - begin) / TIMES);
}

int main(int argc, char **argv) {
  prepare();
  must(mf_evaluator_new(NULL, &evaluator) == MF_OK, "mfvm: no evaluator");
  if (argc > 1 && argv[1][0] == 'c') { /* one condition compiled, for callgrind */
    measure_compile((unsigned)strtoul(argv[1] + 1, NULL, 10));
    return 0;
  }
  if (argc > 1) { /* one condition many times, for callgrind */
    const unsigned c = (unsigned)strtoul(argv[1], NULL, 10);
    make_residents(c);
    mf_program *program = compile(c, slot_names, slot_count);
    MEASURE("mfvm", "call", c, CALL);
    mf_program_free(program);
    return 0;
  }
  for (unsigned c = 0; c < CASES; c++) measure(c);
  for (unsigned c = 0; c < CASES; c++) measure_compile(c);
  mf_evaluator_free(evaluator);
  return 0;
}
